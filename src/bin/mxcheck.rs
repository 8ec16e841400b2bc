//! `mxcheck`: does all mail for a domain reach the server that holds it, and only that?

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::mxcheck::{parse, refused, run};

fn main() -> ExitCode {
    complete::answer(complete::mxcheck);
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli).unwrap_or_else(|failure| told("mxcheck", &failure)).into(),
        Err(refusal) => refused(std::env::args_os(), &refusal).into(),
    }
}
