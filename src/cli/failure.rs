//! How a program says that it cannot go on.

use std::io::Write;

use crate::exit::{Exit, Failure};
use crate::smtp::escape::deceives;

/// Tells a failure on standard error, and how the program ends.
pub fn told(program: &str, failure: &Failure) -> Exit {
    let mut stderr = std::io::stderr().lock();
    // A file's name may be a stranger's. Lines of ours end as they do.
    let harmless = |text: &str| {
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\n' | '\t' => shown.push(c),
                c if c.is_control() || deceives(c) => shown.extend(c.escape_unicode()),
                c => shown.push(c),
            }
        }
        shown
    };
    // Whoever closed our standard error does not want to hear it.
    let _ = writeln!(stderr, "{program}: {}", harmless(&failure.what));
    if let Some(hint) = &failure.hint {
        let _ = writeln!(stderr, "hint: {}", harmless(hint));
    }
    failure.exit
}
