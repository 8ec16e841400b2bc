//! Where a password comes from: a command, a file, a descriptor, systemd, or a person.
//!
//! ```toml
//! password = { command = "pass show odmr/acme" }    # by /bin/sh; or ["pass", "show", "odmr/acme"]
//! password = { file = "/etc/odmr/acme.secret" }     # nobody else may read it
//! password = { fd = 3 }
//! password = { credential = "acme" }                # LoadCredential=acme:... in the unit
//! password = { netrc = "/home/ann/.netrc" }         # the entry of this server and user
//! ```
//!
//! Never from an argument, which `ps` shows to everybody, and never from the settings themselves,
//! which get copied into tickets. Reading blocks, and is bounded in time and size.

mod command;
mod form;
mod keep;
mod netrc;
mod prompt;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

pub use command::CommandLine;
pub use keep::keep;
pub use prompt::{ask, ask_twice};

use crate::exit::Exit;

/// How long a secret may keep us waiting.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The most octets a source may give; the first line counts.
pub const MAX_OCTETS: usize = 64 * 1024;

/// Where to get a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The first line a command prints.
    Command(CommandLine),
    /// The first line of a file that nobody but its owner may read.
    File(PathBuf),
    /// The first line that a descriptor gives, opened by whoever started us.
    Fd(u32),
    /// A credential of the systemd unit that we run in.
    Credential(String),
    /// The entry of server and user in a netrc file.
    Netrc(PathBuf),
    /// A person at the terminal, asked with these words.
    Prompt(String),
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Somebody else could read it too.
    #[error("{}: mode {mode:04o} lets others read the password; it must be 0600 or less (chmod 600 {})", path.display(), path.display())]
    Loose {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The source cannot be read.
    #[error("{source_name}: the password cannot be read: {error}")]
    Unreadable {
        /// Which source.
        source_name: String,
        /// Why.
        error: io::Error,
    },
    /// The command ran, and failed.
    #[error("{0}: failed ({1}); a password command must end with status 0")]
    Failed(String, std::process::ExitStatus),
    /// Too slow.
    #[error("{0}: gave no password within {1} seconds")]
    Slow(String, u64),
    /// Too long.
    #[error("{0}: gave more than {MAX_OCTETS} octets; the password is expected on its first line")]
    Long(String),
    /// Nothing usable on the first line.
    #[error("{0}: {1}")]
    Unusable(String, &'static str),
    /// A netrc file that cannot be understood.
    #[error("{}:{line}: {what}", path.display())]
    Netrc {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// A netrc file without the entry that is needed.
    #[error("{}: no entry for machine {server} and login {user}", path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
        /// Whom we call.
        server: String,
        /// As whom.
        user: String,
    },
    /// No such variable.
    #[error(
        "credential {0:?}: CREDENTIALS_DIRECTORY is not set, so this was not started by systemd \
         with LoadCredential={0}:... (cron does not do that; use a file or a command there)"
    )]
    NotUnderSystemd(String),
    /// Not a name of a credential.
    #[error("credential {0:?}: expected a name without slashes, such as acme")]
    BadCredentialName(String),
    /// Nobody to ask.
    #[error("there is no terminal to ask for the password on")]
    NoTerminal,
    /// Nobody may be asked.
    #[error("the password would have to be asked for, and --no-input forbids that")]
    NoInput,
    /// The person gave up.
    #[error("interrupted")]
    Interrupted,
    /// Two answers that differ.
    #[error("the two passwords differ; nothing was changed")]
    Differ,
}

impl SecretError {
    /// How a program ends over it.
    pub fn exit(&self) -> Exit {
        match self {
            SecretError::Slow(..) => Exit::TempFail,
            SecretError::Interrupted => Exit::Interrupted,
            SecretError::Differ => Exit::Data,
            _ => Exit::Config,
        }
    }
}

impl SecretError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SecretError::Unreadable { error, .. }
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                Some(
                    "a security profile (AppArmor, SELinux) may forbid it, or its permissions; a file or a \
                     systemd credential needs no such leave",
                )
            }
            SecretError::NoTerminal | SecretError::NoInput => {
                Some("name a file, a command or a descriptor instead")
            }
            SecretError::Failed(..) => Some(
                "is its agent locked? From cron or a unit a file or a systemd credential is safer",
            ),
            _ => None,
        }
    }
}

impl SecretSource {
    /// Gets the password. Blocks, for [`PATIENCE`] at most where no person is asked.
    ///
    /// # Errors
    /// [`SecretError`] names the source and says what to do; it never shows what was read.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        self.read_within(PATIENCE, "", "")
    }

    /// The same for a login: some sources keep the passwords of many.
    ///
    /// # Errors
    /// As of [`SecretSource::read`].
    pub fn read_for(&self, server: &str, user: &str) -> Result<SecretString, SecretError> {
        self.read_within(PATIENCE, server, user)
    }

    fn read_within(
        &self,
        patience: Duration,
        server: &str,
        user: &str,
    ) -> Result<SecretString, SecretError> {
        let unusable = |why| SecretError::Unusable(self.to_string(), why);
        let octets = match self {
            SecretSource::Netrc(path) => {
                is_file(path).map_err(|error| SecretError::Unreadable {
                    source_name: self.to_string(),
                    error,
                })?;
                let octets = self.read_file(path.clone(), Private::Checked, patience)?;
                let text = std::str::from_utf8(&octets).map_err(|_| unusable("is not UTF-8"))?;
                let found = netrc::find(text, server, user).map_err(|bad| SecretError::Netrc {
                    path: path.clone(),
                    line: bad.line,
                    what: bad.what,
                })?;
                let password = found.ok_or_else(|| SecretError::NoEntry {
                    path: path.clone(),
                    server: server.to_owned(),
                    user: user.to_owned(),
                })?;
                Zeroizing::new(password.into_bytes())
            }
            SecretSource::Prompt(words) => return ask(words),
            SecretSource::Command(line) => line.output(&self.to_string(), patience)?,
            SecretSource::File(path) => self.read_file(path.clone(), Private::Checked, patience)?,
            // Opening it by name gives the descriptor's own file, or a second end of its pipe.
            SecretSource::Fd(n) => {
                let path = PathBuf::from(format!("/dev/fd/{n}"));
                inherited(&path).map_err(|error| SecretError::Unreadable {
                    source_name: self.to_string(),
                    error,
                })?;
                return once(&path, || {
                    let octets = self.read_file(path.clone(), Private::Assumed, patience)?;
                    first_line(&octets).map_err(unusable)
                });
            }
            SecretSource::Credential(name) => {
                let path = credential(name, std::env::var_os("CREDENTIALS_DIRECTORY"))?;
                self.read_file(path, Private::Assumed, patience)?
            }
        };
        first_line(&octets).map_err(unusable)
    }

    fn read_file(
        &self,
        path: PathBuf,
        private: Private,
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let unreadable = |error| SecretError::Unreadable { source_name: self.to_string(), error };
        // A named pipe blocks as soon as it is opened, so the opening is timed too.
        let read = within(patience, move || {
            let file = File::open(&path)?;
            match private.checked(&file, &path)? {
                Some(loose) => Ok(Err(loose)),
                None => read_some(file).map(Ok),
            }
        });
        match read {
            None => Err(SecretError::Slow(self.to_string(), patience.as_secs())),
            Some(read) => self.bounded(read.map_err(unreadable)??),
        }
    }

    fn bounded(&self, octets: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        match octets.len() <= MAX_OCTETS {
            true => Ok(octets),
            false => Err(SecretError::Long(self.to_string())),
        }
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Its arguments might hold more than its name should tell.
            SecretSource::Command(line) => write!(f, "password command {:?}", line.program()),
            SecretSource::File(path) => write!(f, "{}", path.display()),
            SecretSource::Fd(n) => write!(f, "file descriptor {n}"),
            SecretSource::Credential(name) => write!(f, "credential {name:?}"),
            SecretSource::Netrc(path) => write!(f, "{}", path.display()),
            SecretSource::Prompt(_) => f.write_str("the terminal"),
        }
    }
}

/// What each pipe has given, by its inode.
static GIVEN: Mutex<Vec<((u64, u64), SecretString)>> = Mutex::new(Vec::new());

/// Was the descriptor open when the program was started? Those that it has opened itself are closed on exec, as
/// nothing is that was handed over; and one of them may have got the number that was named.
fn inherited(path: &Path) -> io::Result<()> {
    const CLOSED_ON_EXEC: u64 = 0o2_000_000;
    let Some(n) = path.file_name() else { return Ok(()) };
    let facts = match std::fs::read_to_string(Path::new("/proc/self/fdinfo").join(n)) {
        Ok(facts) => facts,
        // Opening it will tell; there may be no /proc.
        Err(_) => return Ok(()),
    };
    let flags = facts.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|digits| u64::from_str_radix(digits.trim(), 8).ok());
    match flags {
        Some(flags) if flags & CLOSED_ON_EXEC != 0 => Err(io::Error::other(
            "nobody has handed that descriptor over; say `3<FILE` behind the command, for number 3",
        )),
        _ => Ok(()),
    }
}

/// It is read anew for every call: a pipe has nothing to say a second time, or never had.
fn is_file(netrc: &Path) -> io::Result<()> {
    match std::fs::metadata(netrc)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other(
            "it is no regular file; for a pipe say --password-fd, for a program --password-command",
        )),
    }
}

/// A pipe is empty once it has given what it had: whoever asks later has it from here. Held while one is
/// read, so that of two who want it neither finds it half empty. A file may be read as often as one likes.
fn once(
    path: &Path,
    read: impl FnOnce() -> Result<SecretString, SecretError>,
) -> Result<SecretString, SecretError> {
    let facts = std::fs::metadata(path).ok().filter(|facts| !facts.is_file());
    let Some(facts) = facts else { return read() };
    let pipe = (facts.dev(), facts.ino());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, secret)) = given.iter().find(|(known, _)| *known == pipe) {
        return Ok(secret.clone());
    }
    let secret = read()?;
    given.push((pipe, secret.clone()));
    Ok(secret)
}

/// Whether a file's permissions are ours to judge.
#[derive(Clone, Copy)]
enum Private {
    Checked,
    /// A descriptor is a matter of who opened it, and systemd guards its credentials by folder.
    Assumed,
}

impl Private {
    fn checked(self, file: &File, path: &Path) -> io::Result<Option<SecretError>> {
        let about = file.metadata()?;
        let mode = about.permissions().mode() & 0o7777;
        let loose = matches!(self, Private::Checked) && about.is_file() && mode & 0o077 != 0;
        Ok(loose.then(|| SecretError::Loose { path: path.to_owned(), mode }))
    }
}

/// A file, or `{ credential = "key.pem" }`: one that systemd has put into the folder of the unit's credentials.
///
/// # Errors
/// Neither, or there is no such folder.
pub fn file_or_credential<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a path, or { credential = \"NAME\" }")]
    enum Place {
        File(PathBuf),
        Credential(Named),
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        credential: String,
    }
    match Place::deserialize(from)? {
        Place::File(path) => Ok(Some(path)),
        Place::Credential(named) => {
            let path = credential(&named.credential, std::env::var_os("CREDENTIALS_DIRECTORY"));
            path.map(Some).map_err(serde::de::Error::custom)
        }
    }
}

fn credential(name: &str, folder: Option<OsString>) -> Result<PathBuf, SecretError> {
    if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
        return Err(SecretError::BadCredentialName(name.to_owned()));
    }
    let folder = folder.ok_or_else(|| SecretError::NotUnderSystemd(name.to_owned()))?;
    Ok(Path::new(&folder).join(name))
}

/// One octet more than allowed, so that too much can be told from just enough.
fn read_some(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Of full size from the start: a buffer that grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(MAX_OCTETS + 1));
    source.take(MAX_OCTETS as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Lets something that may block do so elsewhere. `None` when it took too long; its thread then
/// ends with the program.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Option<io::Result<T>> {
    let (done, waiting) = mpsc::sync_channel(1);
    std::thread::spawn(move || done.send(work()));
    waiting.recv_timeout(patience).ok()
}

fn first_line(octets: &[u8]) -> Result<SecretString, &'static str> {
    let line = octets.split(|&octet| octet == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Err(_) => Err("the password is not UTF-8"),
        Ok("") => Err("the first line is empty; the password is expected there"),
        Ok(line) if line.contains('\0') => Err("the password holds a NUL"),
        Ok(line) => Ok(line.into()),
    }
}

#[cfg(test)]
mod tests;
