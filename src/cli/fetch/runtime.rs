//! What a command runs on, and how a signal ends it.

use tokio::sync::watch;
use tracing::warn;

use crate::cli::signal::{Signal, Signals};
use crate::exit::{Exit, Failure};

pub(super) fn with_runtime<T>(
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    // Two threads: one that may wait for the disk, one that keeps the line going.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    let done = runtime.block_on(task);
    // A program that is asked for a password may take its time; whoever was told to stop does not wait for it.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    done
}

/// A first signal ends the run in order, between two messages; a second one ends it at once.
/// They are heard from the moment that this is called.
pub(super) fn first_signal(stop: watch::Sender<bool>) -> impl Future<Output = Exit> {
    let signals = Signals::new();
    async move {
        match signals {
            Ok(signals) => first_of(signals, stop).await,
            Err(_) => std::future::pending().await,
        }
    }
}

async fn first_of(mut signals: Signals, stop: watch::Sender<bool>) -> Exit {
    let exit = loop {
        match signals.next().await {
            Signal::Reload | Signal::Wake => {}
            Signal::Interrupt => break Exit::Interrupted,
            Signal::Terminate => break Exit::Terminated,
        }
    };
    stop.send_replace(true);
    warn!("ending behind the message in hand; a second signal ends at once");
    tokio::spawn(async move {
        loop {
            if matches!(signals.next().await, Signal::Interrupt | Signal::Terminate) {
                std::process::exit(i32::from(exit as u8));
            }
        }
    });
    exit
}
