//! `odmrd run` and `odmrd check-config`.

use std::path::Path;

use crate::cli::failure::told;
use crate::cli::log;
use crate::cli::signal::{Signal, Signals};
use crate::config::provider::{self, Level, LogFormat};
use crate::exit::{Exit, Failure};
use crate::flow::serve::{self, Order, Orders, Ready, ServeError, Sockets};

/// From the command line to the last session.
///
/// # Errors
/// [`Failure`] when it cannot begin.
pub fn run(config: &Path, sockets: Result<Sockets, ServeError>) -> Result<Exit, Failure> {
    // Before anything that takes time: from here on a signal is an order, and no sudden end.
    let signals = Signals::early().map_err(ServeError::System)?;
    let loaded = provider::load(config).map_err(ServeError::from)?;
    let settings = log_settings(loaded.settings.log.format, loaded.settings.log.level);
    let log = log::start_apart(&settings).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let ready = Ready::new(loaded, sockets?)?;
    ready.drop_privileges()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(ServeError::System)?.block_on(ready.serve(signals))?;
    if log.dropped() > 0 {
        tracing::warn!(lines = log.dropped(), "of this log were dropped: nobody read them in time");
    }
    Ok(Exit::Ok)
}

/// Reads all that `run` would read, and binds nothing.
///
/// # Errors
/// [`Failure`] with everything that was found.
pub fn check_config(config: &Path) -> Result<Exit, Failure> {
    let loaded = provider::load(config).map_err(ServeError::from)?;
    let found = serve::check(&loaded)?;
    for problem in &found.remarks {
        told("odmrd", &Failure::new(Exit::Ok, problem).hint(problem.hint.clone()));
    }
    let tls = if found.tls { "TLS" } else { "no TLS: no certificate is set" };
    let (accounts, domains) =
        (counted(found.accounts, "account"), counted(found.domains, "domain"));
    let name = found.name;
    super::tell(&format!("{}: in order: {name}, {accounts}, {domains}, {tls}\n", config.display()))
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

impl Orders for Signals {
    async fn next(&mut self) -> Order {
        loop {
            match Signals::next(self).await {
                Signal::Reload => return Order::Reload,
                Signal::Terminate | Signal::Interrupt => return Order::Stop,
                // Nothing here is done later that could be done now.
                Signal::Wake => {}
            }
        }
    }
}

fn log_settings(format: LogFormat, level: Level) -> log::LogSettings {
    log::LogSettings {
        format: match format {
            LogFormat::Human => log::LogFormat::Human,
            LogFormat::Json => log::LogFormat::Json,
            LogFormat::Journald => log::LogFormat::Journald,
        },
        verbosity: match level {
            Level::Error => -2,
            Level::Warn => -1,
            Level::Info => 0,
            Level::Debug => 1,
            Level::Trace => 2,
        },
        filter: None,
        times: true,
    }
}
