//! `odmrd`, the provider.

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::provider::{parse, run};
use odmr::flow::serve::inherited;

fn main() -> ExitCode {
    complete::answer(complete::odmrd);
    let sockets = inherited();
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli, sockets).unwrap_or_else(|failure| told("odmrd", &failure)).into(),
        Err(refusal) => {
            refusal.print();
            refusal.exit().into()
        }
    }
}
