//! The doors: what all our programs have in common between the command line and the exit code.

pub mod log;
pub mod signal;
