//! `odmrd demo`: the main job for the eye.

use super::{Demo, tell};
use crate::cli::signal::{Signal, Signals};
use crate::exit::{Exit, Failure};
use crate::flow::demo::journey;

/// Shows the whole journey of one mail, and leaves nothing behind unless asked to.
///
/// # Errors
/// [`Failure`] where the machine does not let us: no loopback, no room for files.
pub fn demo(order: Demo) -> Result<Exit, Failure> {
    let folder = std::env::temp_dir().join(format!("odmr-demo-{}", std::process::id()));
    // One that is there already is somebody's.
    std::fs::create_dir(&folder).map_err(|error| {
        Failure::new(Exit::CantCreate, format!("{}: {error}", folder.display()))
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    let mut unheard = None;
    let mut said = |text: &str| unheard = unheard.take().or(tell(text).err());
    let shown = runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| Failure::new(Exit::Os, error))?;
        tokio::select! {
            shown = journey(&folder, &mut said) => shown.map(|()| Exit::Ok),
            signal = signals.next() => Ok(match signal {
                Signal::Interrupt => Exit::Interrupted,
                _ => Exit::Terminated,
            }),
        }
    });
    // Nobody writes there any more.
    drop(runtime);
    match order.keep {
        true => drop(tell(&format!("\neverything is kept in {}\n", folder.display()))),
        false => drop(std::fs::remove_dir_all(&folder)),
    }
    unheard.map_or(shown, Err)
}
