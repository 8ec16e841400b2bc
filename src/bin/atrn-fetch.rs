//! `atrn-fetch`, the customer.

use std::process::ExitCode;

use odmr::cli::fetch::{parse, run};

fn main() -> ExitCode {
    let invocation = match parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(refusal) => {
            refusal.print();
            return refusal.exit().into();
        }
    };
    run::run(&invocation).unwrap_or_else(|failure| failure.told("atrn-fetch")).into()
}
