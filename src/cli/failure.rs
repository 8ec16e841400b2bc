//! How a program says that it cannot go on.

use std::io::Write;

use crate::exit::{Exit, Failure};

/// Tells a failure on standard error, and how the program ends.
pub fn told(program: &str, failure: &Failure) -> Exit {
    let mut stderr = std::io::stderr().lock();
    // Whoever closed our standard error does not want to hear it.
    let _ = writeln!(stderr, "{program}: {}", failure.what);
    if let Some(hint) = &failure.hint {
        let _ = writeln!(stderr, "hint: {hint}");
    }
    failure.exit
}
