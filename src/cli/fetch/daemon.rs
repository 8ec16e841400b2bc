//! `atrn-fetch daemon`: from the command line to the exit code.

use std::sync::Arc;

use super::dialogues::{keep_all, wants_dialogue};
use super::given::accounts;
use super::runtime::with_runtime;
use super::words::{labelled, report};
use super::{Daemon, Invocation};
use crate::cli::failure::told;
use crate::cli::signal::{Signal, Signals};
use crate::config::fetch::Effective;
use crate::config::fetch::check::Purpose;
use crate::exit::{Exit, Failure};
use crate::flow::rounds::{self, Door, Order, Orders};
use crate::flow::visit::Told;

/// Keeps fetching.
///
/// # Errors
/// [`Failure`] when it cannot begin. Later troubles are told, and outlived.
pub fn keep_fetching(invocation: Arc<Invocation>, flags: &Daemon) -> Result<Exit, Failure> {
    let door = Arc::new(Settings(invocation));
    let accounts = door.accounts()?;
    let signals = Signals::early().map_err(|error| Failure::new(Exit::Os, error))?;
    let at_once = flags.at_once;
    with_runtime(async { Ok(rounds::keep_fetching(door, accounts, at_once, signals).await) })
}

/// The settings that the command line means.
struct Settings(Arc<Invocation>);

impl Door for Settings {
    fn accounts(&self) -> Result<Vec<Effective>, Failure> {
        let accounts = accounts(&self.0)?;
        for effective in &accounts {
            let checked = effective.check(Purpose::Run);
            checked.map_err(|problems| Failure::new(Exit::Config, problems))?;
        }
        Ok(accounts)
    }

    fn wants_dialogue(&self, effective: &Effective) -> bool {
        wants_dialogue(effective, self.0.command.output())
    }

    fn report(&self, effective: &Effective, all: &[Told]) {
        let output = self.0.command.output();
        keep_all(effective, output, all);
        for each in all {
            if let Err(failure) = report(output, effective, each) {
                self.complain(&labelled(failure, effective));
            }
        }
    }

    fn complain(&self, failure: &Failure) {
        told("atrn-fetch", failure);
    }
}

impl Orders for Signals {
    async fn next(&mut self) -> Order {
        match Signals::next(self).await {
            Signal::Reload => Order::Reload,
            Signal::Wake => Order::Wake,
            Signal::Terminate => Order::Stop,
            Signal::Interrupt => Order::Interrupt,
        }
    }
}
