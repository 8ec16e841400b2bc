//! `queuectl`, the operator's view of the queue.

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::queue::{parse, refused, run};

fn main() -> ExitCode {
    complete::answer(complete::queuectl);
    let args: Vec<_> = std::env::args_os().collect();
    match parse(args.clone()) {
        Ok(cli) => run(cli).unwrap_or_else(|failure| told("queuectl", &failure)).into(),
        Err(refusal) => refused(&refusal, &args).into(),
    }
}
