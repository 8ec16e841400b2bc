//! `atrn-fetch`, the customer.

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::fetch::{parse, run};

fn main() -> ExitCode {
    complete::answer(complete::atrn_fetch);
    match parse(std::env::args_os()) {
        Ok(invocation) => {
            run(invocation).unwrap_or_else(|failure| told("atrn-fetch", &failure)).into()
        }
        Err(refusal) => {
            refusal.print();
            refusal.exit().into()
        }
    }
}
