//! A progress bar, for a person who looks on. Nothing at all where nobody does.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Format, Output};
use crate::flow::receive::Progress;

/// The bar of one run.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    taken: u64,
}

impl Bar {
    /// A bar on standard error, if that is a terminal.
    pub fn new(label: &str, output: Output) -> Bar {
        let bar =
            if is_watched(output) { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // The template is a constant: if it were wrong, the default would do.
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} {prefix}: {msg} {decimal_bytes} at {decimal_bytes_per_sec}",
        ) {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        bar.set_message("calling");
        bar.enable_steady_tick(Duration::from_millis(120));
        Bar { bar, taken: 0 }
    }

    /// Shows what is going on.
    pub fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Message(_) => {}
            Progress::Octets(octets) => self.bar.inc(octets),
            Progress::Done(taken) => self.taken += u64::from(taken),
        }
        self.bar.set_message(format!("{} messages", self.taken));
    }

    /// Leaves no trace.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Is there somebody to draw a bar for?
fn is_watched(output: Output) -> bool {
    std::io::stderr().is_terminal() && !output.quiet && output.format() == Format::Human
}
