//! `atrn-fetch`, the customer.

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::fetch::{codes_of_refused, ending, parse, run};

fn main() -> ExitCode {
    complete::answer(complete::atrn_fetch);
    let args: Vec<_> = std::env::args_os().collect();
    match parse(args.iter().cloned()) {
        Ok(invocation) => run(invocation).into(),
        Err(refusal) => {
            refusal.print();
            ending::number(codes_of_refused(&args), refusal.exit().into()).into()
        }
    }
}
