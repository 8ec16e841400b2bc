//! A command that prints a password.

use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{MAX_OCTETS, SecretError, read_some, within};

/// A command as it stands in the settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a command line, or an array of its words")]
pub enum CommandLine {
    /// For `/bin/sh -c`, with pipes and quotes, as people know it from other mail programs.
    Shell(String),
    /// The program and its arguments, with no shell in between.
    Words(Vec<String>),
}

impl CommandLine {
    /// What is run, without its arguments.
    pub fn program(&self) -> &str {
        match self {
            CommandLine::Shell(line) => line.split_whitespace().next().unwrap_or_default(),
            CommandLine::Words(words) => words.first().map_or("", String::as_str),
        }
    }

    fn command(&self) -> Command {
        match self {
            CommandLine::Shell(line) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", line]);
                command
            }
            CommandLine::Words(words) => {
                let mut command = Command::new(self.program());
                command.args(words.iter().skip(1));
                command
            }
        }
    }

    /// Runs it and takes what it prints. What it says on stderr goes to ours, for a passphrase agent
    /// may have something to tell.
    pub(super) fn output(
        &self,
        name: &str,
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let deadline = Instant::now() + patience;
        let unreadable = |error| SecretError::Unreadable { source_name: name.to_owned(), error };
        let mut child = self.command().stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.as_mut().map_err(|error| unreadable(copy(error)))?;
        let output = child.stdout.take();
        let read =
            within(patience, move || output.map_or_else(|| Ok(Vec::new().into()), read_some));
        let ended = match read {
            Some(Ok(ref octets)) if octets.len() <= MAX_OCTETS => end(child, deadline),
            _ => kill(child).map(|()| None),
        };
        match (read, ended.map_err(unreadable)?) {
            (Some(Err(error)), _) => Err(unreadable(error)),
            (Some(Ok(octets)), _) if octets.len() > MAX_OCTETS => {
                Err(SecretError::Long(name.to_owned()))
            }
            (Some(Ok(octets)), Some(status)) if status.success() => Ok(octets),
            (_, Some(status)) => Err(SecretError::Failed(name.to_owned(), status)),
            (_, None) => Err(SecretError::Slow(name.to_owned(), patience.as_secs())),
        }
    }
}

/// It has closed its output; it should be over soon. `None` if it is not.
fn end(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    kill(child).map(|()| None)
}

/// The command alone, not what it started: a process group of its own would take the terminal from
/// a passphrase agent that asks there.
fn kill(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(|_| ())
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}
