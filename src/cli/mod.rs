//! The doors: arguments in, something for a flow to do out.
//!
//! Each program's command line is defined once; its help, its manual page and its completions are
//! read off that definition ([`generate`]). Not here: what the commands do.

pub mod complete;
pub mod failure;
pub mod fetch;
pub mod generate;
pub mod log;
pub mod mxcheck;
pub mod probe;
pub mod provider;
pub mod queue;
pub mod signal;
pub mod style;

use std::io::{IsTerminal, Write};

use secrecy::SecretString;

use crate::config::secret::{SecretError, ask_twice};
use crate::exit::{Exit, Failure};

/// A command line that asks for no work: a wrong one, or a wish for help or the version.
#[derive(Debug)]
pub struct Refusal(clap::Error);

impl Refusal {
    /// How the program ends: 0 for help and version, 64 for a mistake (clap's own number is 2).
    pub fn exit(&self) -> Exit {
        if self.0.use_stderr() { Exit::Usage } else { Exit::Ok }
    }

    /// Tells the user: help on standard output, a mistake on standard error. A reader who has gone
    /// away has read enough.
    pub fn print(&self) {
        let _ = self.0.print();
        let _ = std::io::stdout().flush();
    }
}

impl From<clap::Error> for Refusal {
    fn from(error: clap::Error) -> Refusal {
        Refusal(error)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.render())
    }
}

impl std::error::Error for Refusal {}

/// A command line worth showing, and what it does.
pub type Example = (&'static str, &'static str);

/// May whoever runs it be asked? All programs have the same flag for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Input {
    /// Ask nothing of whoever runs it, at a terminal neither: what would be asked for counts as not said
    #[arg(long, global = true, help_heading = "Behaviour")]
    pub no_input: bool,
}

impl Input {
    /// Does somebody sit there who may be asked?
    fn may_ask(self) -> bool {
        let is_there = || std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        !self.no_input && is_there()
    }

    /// Asks for a new password, twice, where that is allowed.
    fn new_password(self, words: &str) -> Result<SecretString, SecretError> {
        match self.no_input {
            true => Err(SecretError::NoInput),
            false => ask_twice(words),
        }
    }
}

/// What stands where in a help: what it is, how it is used for instance, then every flag.
/// The version, the commit it was built from where whoever built it said so, and the library for TLS.
pub fn version() -> &'static str {
    static VERSION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let commit = option_env!("ODMR_COMMIT").map(|commit| format!("commit {commit}, "));
        let commit = commit.unwrap_or_default();
        format!("{} ({commit}TLS by rustls and aws-lc)", env!("CARGO_PKG_VERSION"))
    });
    &VERSION
}

pub(crate) const HELP_TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The examples as a help shows them.
fn examples(examples: &[Example]) -> String {
    let lines = examples.iter().map(|(line, what)| format!("  # {what}\n  {line}\n"));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The exit codes as a help shows them.
fn exit_codes() -> String {
    let lines = Exit::TABLE.iter().map(|(exit, what)| format!("\n  {:>3}  {what}", *exit as u8));
    format!("Exit codes:{}", lines.collect::<String>())
}

/// Tells the schema of this name, its last word being enough, or the names of all.
fn tell_schema(all: &[(&str, &str)], name: Option<&str>) -> Result<Exit, Failure> {
    let Some(name) = name else {
        return tell(&all.iter().map(|(name, _)| format!("{name}\n")).collect::<String>());
    };
    let is_it =
        |known: &str| known == name || known.trim_end_matches("/1").ends_with(&format!(".{name}"));
    match all.iter().find(|(known, _)| is_it(known)) {
        Some((_, text)) => tell(text),
        None => {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            Err(Failure::new(Exit::NoInput, format!("{name:?}: there is no such schema"))
                .hint(Some(format!("there are: {}", names.join(", ")))))
        }
    }
}

/// Puts data on standard output. A reader who has gone away has read enough.
fn tell(text: &str) -> Result<Exit, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Io, format!("standard output: {error}")))
        }
        _ => Ok(Exit::Ok),
    }
}
