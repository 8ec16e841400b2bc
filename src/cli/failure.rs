//! How a program says that it cannot go on.

use std::fmt::Display;
use std::io::Write;

use crate::exit::Exit;

/// One line of what is wrong, perhaps one of what to do, and how the program ends.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What is wrong; several lines only where several things are.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, what: impl Display) -> Failure {
        Failure { exit, what: what.to_string(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: Option<impl Into<String>>) -> Failure {
        self.hint = hint.map(Into::into);
        self
    }

    /// Tells it on standard error, and how the program ends.
    pub fn told(&self, program: &str) -> Exit {
        let mut stderr = std::io::stderr().lock();
        // Whoever closed our standard error does not want to hear it.
        let _ = writeln!(stderr, "{program}: {}", self.what);
        if let Some(hint) = &self.hint {
            let _ = writeln!(stderr, "hint: {hint}");
        }
        self.exit
    }
}
