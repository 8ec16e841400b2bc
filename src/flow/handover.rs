//! Before root is given up: whom we are about to become gets what root has made for it, and is seen to
//! be able to read what it will have to.
//!
//! Only what is root's own changes hands, and only what is ours by its name: the state folder with the
//! spool in it, the list of customers, and the key. No link is followed below the folders that the
//! settings name, and a file with a second name is left alone: who owns the state folder could
//! otherwise have us give it anything.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, fchown, fstat, openat};
use rustix::io::Errno;

use super::http::HISTORY;
use super::recent::BOOKS;
use crate::config::provider::Loaded;
use crate::config::secret::SecretSource;
use crate::net::privilege::{self, Identity, PrivilegeError};
use crate::spool::embedded;

/// Why the user cannot have, or cannot do with, what there is.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// It will have to be read, now or at a reload.
    #[error("{}: the user {user:?} cannot read it: {error}", path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// By whom.
        user: String,
        /// What the system said.
        error: io::Error,
    },
    /// The system would not change its owner.
    #[error("{}: cannot be given to the user: {error}", path.display())]
    Refused {
        /// What.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl HandoverError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            HandoverError::Unreadable { path, user, .. } => format!(
                "chown {user} {}, or let its group read it; the folders above it must let the user through",
                path.display()
            ),
            HandoverError::Refused { .. } => "is the file system read-only?".to_owned(),
        }
    }
}

/// Whether there is such a user, and it is one that may do less than root.
///
/// # Errors
/// [`PrivilegeError`] says what is wrong with the name.
pub fn is_known(user: &str) -> Result<(), PrivilegeError> {
    match privilege::look_up(user, None)? {
        Identity { uid: 0, .. } => Err(PrivilegeError::StillRoot(user.to_owned())),
        _ => Ok(()),
    }
}

/// Gives the user the state folder, made if there is none, and the files that nobody else can read.
///
/// # Errors
/// [`HandoverError::Refused`] names what could not be given.
pub fn give(loaded: &Loaded, to: Identity) -> Result<(), HandoverError> {
    let state = &loaded.settings.state_dir;
    let refused = |path: &Path, error: io::Error| {
        let path = path.to_owned();
        HandoverError::Refused { path, error }
    };
    let mut builder = std::fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(state);
    made.and_then(|()| give_state(state, to)).map_err(|error| refused(state, error))?;
    for path in secrets(loaded) {
        give_secret(path, to).map_err(|error| refused(path, error))?;
    }
    Ok(())
}

/// The files of ours that others may not read.
fn secrets(loaded: &Loaded) -> impl Iterator<Item = &Path> {
    let key = loaded.settings.tls.key.as_deref();
    let sources = [&loaded.settings.smarthost.password, &loaded.settings.http.token];
    let files = sources.into_iter().filter_map(|source| match source {
        Some(SecretSource::File(path) | SecretSource::Netrc(path)) => Some(path.as_path()),
        _ => None,
    });
    std::iter::once(loaded.settings.accounts_path()).chain(key).chain(files)
}

fn give_state(state: &Path, to: Identity) -> io::Result<()> {
    let folder: OwnedFd = File::open(state)?.into();
    if holds_nothing_else(&folder)? {
        hand(&folder, to)?;
    }
    give_at(&folder, "decoy.key", to)?;
    give_at(&folder, HISTORY, to)?;
    for name in BOOKS {
        give_at(&folder, name, to)?;
    }
    let Some(spool) = give_at(&folder, "spool", to)? else { return Ok(()) };
    for name in embedded::FILES {
        give_at(&spool, name, to)?;
    }
    let Some(bodies) = give_at(&spool, embedded::BODIES, to)? else { return Ok(()) };
    for name in names_in(&bodies)?.iter().filter(|name| embedded::is_body(name)) {
        give_at(&bodies, name, to)?;
    }
    Ok(())
}

/// A folder that others use too, `/var/lib` say, is not ours to give.
fn holds_nothing_else(folder: &OwnedFd) -> io::Result<bool> {
    let ours = ["spool", "decoy.key", HISTORY, "control", "lost+found"];
    let is_ours = |name: &str| ours.contains(&name) || BOOKS.contains(&name);
    Ok(names_in(folder)?.iter().all(|name| is_ours(name)))
}

fn names_in(folder: &OwnedFd) -> io::Result<Vec<String>> {
    let entries = Dir::read_from(folder)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let names = entries.collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().filter(|name| name != "." && name != "..").collect())
}

/// Opens what is there under this name, which may be nothing or a link, and gives it away.
fn give_at(
    folder: impl AsFd,
    name: impl rustix::path::Arg,
    to: Identity,
) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => hand(&file, to).map(|()| Some(file)),
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives away what is root's alone; what somebody else has, or has another name for, stays as it is.
pub(super) fn hand(file: impl AsFd, to: Identity) -> io::Result<()> {
    if is_roots_alone(&fstat(&file)?) {
        fchown(&file, Some(Uid::from_raw(to.uid)), Some(Gid::from_raw(to.gid)))?;
    }
    Ok(())
}

fn is_roots_alone(facts: &Stat) -> bool {
    let kind = FileType::from_raw_mode(facts.st_mode);
    facts.st_uid == 0 && (kind.is_dir() || kind.is_file() && facts.st_nlink == 1)
}

/// One that the user can read as it is stays as it is: others may rely on that.
fn give_secret(path: &Path, to: Identity) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(facts) if !lets_read(&facts, to) => give_at(CWD, path, to).map(drop),
        _ => Ok(()),
    }
}

fn lets_read(facts: &std::fs::Metadata, to: Identity) -> bool {
    use std::os::unix::fs::MetadataExt;
    let mode = facts.mode();
    facts.uid() == to.uid || facts.gid() == to.gid && mode & 0o040 != 0 || mode & 0o004 != 0
}

/// Whether [`give`] would hand this over.
fn would_be_given(loaded: &Loaded, path: &Path) -> bool {
    let facts = || rustix::fs::lstat(path).ok();
    secrets(loaded).any(|secret| secret == path)
        && facts().is_some_and(|facts| is_roots_alone(&facts))
}

/// Everything that is read once root is gone: at the start, at a reload, when it is renewed.
fn read_later(loaded: &Loaded) -> impl Iterator<Item = &Path> {
    let settings = &loaded.settings;
    let tls = [&settings.tls.certificate, &settings.tls.client_ca, &settings.smarthost.ca];
    let tls = tls.into_iter().flatten();
    let lists = settings.domains.values().filter_map(|domain| domain.recipients.as_ref());
    let hosts = settings.domains.values().filter_map(|domain| domain.host_ca.as_ref());
    let files = tls.chain(lists).chain(hosts).map(PathBuf::as_path);
    std::iter::once(loaded.document.path()).chain(secrets(loaded)).chain(files)
}

/// Looks whether we, being `user` now, can read all that will be read. What `run` as root would hand
/// over first is passed over, where it has not been asked to yet.
///
/// # Errors
/// [`HandoverError::Unreadable`] names the first that cannot be.
pub fn can_read_all(loaded: &Loaded, user: &str, given: Given) -> Result<(), HandoverError> {
    let files =
        read_later(loaded).filter(|path| given == Given::Already || !would_be_given(loaded, path));
    for path in files {
        if let Err(error) = File::open(path) {
            let (path, user) = (path.to_owned(), user.to_owned());
            return Err(HandoverError::Unreadable { path, user, error });
        }
    }
    Ok(())
}

/// Whether [`give`] has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// It has.
    Already,
    /// It will be, by `odmrd run`.
    Later,
}
