//! `queuectl`, the operator's view of the queue.

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::queue::{parse, run};

fn main() -> ExitCode {
    complete::answer(complete::queuectl);
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli).unwrap_or_else(|failure| told("queuectl", &failure)).into(),
        Err(refusal) => {
            refusal.print();
            refusal.exit().into()
        }
    }
}
