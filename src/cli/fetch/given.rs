//! What is given: the files that are there, and the accounts that come of them and the command line.

use std::path::PathBuf;

use super::Invocation;
use crate::config::Problem;
use crate::config::fetch::{Effective, Files};
use crate::exit::{Exit, Failure};

pub(super) fn read_files(invocation: &Invocation) -> Result<Files, Failure> {
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (xdg, home) = (place("XDG_CONFIG_HOME"), place("HOME"));
    let files = invocation.files(xdg.as_deref(), home.as_deref());
    files.map_err(|problems| Failure::new(Exit::Config, problems))
}

pub(super) fn accounts_of(
    invocation: &Invocation,
    files: &Files,
) -> Result<Vec<Effective>, Failure> {
    invocation.accounts(files).map_err(unusable)
}

pub(super) fn accounts(invocation: &Invocation) -> Result<Vec<Effective>, Failure> {
    accounts_of(invocation, &read_files(invocation)?)
}

fn unusable(problem: Problem) -> Failure {
    Failure::new(Exit::Config, &problem).hint(problem.hint)
}
