//! `smtp-probe`: does a mail server keep to the rules, one by one?

use std::process::ExitCode;

use odmr::cli::complete;
use odmr::cli::failure::told;
use odmr::cli::probe::{parse, run};

fn main() -> ExitCode {
    complete::answer(complete::smtp_probe);
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli).unwrap_or_else(|failure| told("smtp-probe", &failure)).into(),
        Err(refusal) => {
            refusal.print();
            refusal.exit().into()
        }
    }
}
