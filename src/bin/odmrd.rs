//! `odmrd`, the provider.

use std::process::ExitCode;

use odmr::cli::provider::{self, Command, demo, keep, run};
use odmr::net::inherited;

fn main() -> ExitCode {
    // First of all, while there are no threads: it takes systemd's variables out of the environment.
    let sockets = inherited();
    let cli = match provider::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(refusal) => {
            refusal.print();
            return refusal.exit().into();
        }
    };
    let done = match cli.command {
        Command::Run => run::run(&cli.config, sockets),
        Command::CheckConfig => run::check_config(&cli.config),
        Command::Init(init) => keep::init(&cli.config, &init),
        Command::Account(order) => keep::account(&cli.config, order),
        Command::Demo(order) => demo::demo(order),
    };
    done.unwrap_or_else(|failure| failure.told("odmrd")).into()
}
