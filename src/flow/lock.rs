//! One run at a time for each account: two would race for the same mail and fill the same target.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::handover;
use super::line::Stop;
use super::memory::Shelf;
use crate::config::fetch::{Account, Lock};
use crate::exit::Exit;
use crate::net::privilege::Identity;

/// How often a lock that another run has is asked for.
const PULSE: Duration = Duration::from_millis(200);
/// How long a name may be, with room for what is put behind it.
const LONGEST: usize = 160;

/// Holds an account until it is dropped, or its process dies.
#[derive(Debug)]
pub struct AccountLock {
    _file: File,
}

/// Why an account could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockFault {
    /// Another run has it.
    #[error("another run holds this account ({})", .0.display())]
    Held(PathBuf),
    /// We were told to stop while another run had it.
    #[error("stopped while another run held this account ({})", .0.display())]
    Stopped(PathBuf),
    /// The lock file cannot be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl LockFault {
    /// How the program ends over it.
    pub fn exit(&self) -> Exit {
        match self {
            LockFault::Held(_) | LockFault::Stopped(_) => Exit::TempFail,
            LockFault::Io { .. } => Exit::CantCreate,
        }
    }
}

impl AccountLock {
    /// Takes the account, or leaves it to whoever has it: `None` when that is what was asked for.
    ///
    /// # Errors
    /// [`LockFault`]; nothing has been done then.
    pub async fn take(
        account: &Account,
        stop: &mut Stop,
    ) -> Result<Option<AccountLock>, LockFault> {
        let path = match beside_memory(account) {
            Some(path) => path,
            None => path(&account.identity())?,
        };
        AccountLock::take_at(path, account.lock, stop).await
    }

    async fn take_at(
        path: PathBuf,
        policy: Lock,
        stop: &mut Stop,
    ) -> Result<Option<AccountLock>, LockFault> {
        let told = |path: &Path| {
            let path = path.to_owned();
            move |error| LockFault::Io { path, error }
        };
        let file = open(&path).map_err(told(&path))?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::INTR) => continue,
                Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(told(&path)(error.into())),
            }
            match policy {
                Lock::Skip => return Ok(None),
                Lock::Fail => return Err(LockFault::Held(path)),
                // Asked now and then, so that who has had enough of waiting is heard.
                Lock::Wait => {
                    if timeout(PULSE, told_to(stop)).await.is_ok() {
                        return Err(LockFault::Stopped(path));
                    }
                }
            }
        }
        note_owner(&file);
        Ok(Some(AccountLock { _file: file }))
    }
}

/// Never, when nobody is left who could say so.
async fn told_to(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// For whoever wonders who has it. The lock is the descriptor, not the text.
fn note_owner(mut file: &File) {
    let _ = file.set_len(0);
    let _ = writeln!(file, "{}", std::process::id());
}

/// Never where a link leads: whose folder it is may have laid it.
fn open(path: &Path) -> io::Result<File> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false).mode(0o600).custom_flags(no_link);
    options.open(path)
}

/// Where the account's memory is: that folder is the same for a shell, for cron and for a service of the same
/// user, while the runtime folder is not. Nothing where there is none, or nothing can be written there.
fn beside_memory(account: &Account) -> Option<PathBuf> {
    let path = Shelf::of(account)?.lock().ok()?;
    give_to_owner_of_folder(&open(&path).ok()?, &path);
    Some(path)
}

/// What root makes in the folder of a service must be the service's too.
pub fn give_to_owner_of_folder(file: &File, path: &Path) {
    let folder = path.parent().and_then(|folder| std::fs::metadata(folder).ok());
    if let Some(folder) = folder.filter(|folder| folder.uid() != 0)
        && rustix::process::getuid().is_root()
    {
        let _ = handover::hand(file, Identity { uid: folder.uid(), gid: folder.gid() });
    }
}

/// In the runtime folder of the user, or of the system for root.
fn path(label: &str) -> Result<PathBuf, LockFault> {
    let folder = folder();
    let told = |error| LockFault::Io { path: folder.clone(), error };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(told)?;
    let uid = rustix::process::getuid().as_raw();
    // A folder that somebody else has made, in a place open to all, could lead anywhere.
    if std::fs::symlink_metadata(&folder).map_err(told)?.uid() != uid {
        return Err(told(io::Error::other("belongs to another user")));
    }
    Ok(folder.join(format!("{}.lock", file_name(label))))
}

/// What an account is called, as a file may be: nothing in it leads anywhere else, and no two accounts have
/// the same. Other octets than letters, digits and `-_@.` are written as in a URL.
pub fn file_name(identity: &str) -> String {
    let mut name = String::with_capacity(identity.len());
    for (n, octet) in identity.bytes().enumerate() {
        let legal = octet.is_ascii_alphanumeric() || b"-_@".contains(&octet);
        if legal || (octet == b'.' && n > 0) {
            name.push(char::from(octet));
        } else {
            let _ = write!(name, "%{octet:02x}");
        }
    }
    if name.len() > LONGEST {
        // A `%` is followed by two digits anywhere else.
        let digest = Sha256::digest(identity.as_bytes());
        name.truncate(LONGEST / 2);
        name.push_str("%-");
        for octet in digest {
            let _ = write!(name, "{octet:02x}");
        }
    }
    name
}

fn folder() -> PathBuf {
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let uid = rustix::process::getuid();
    match runtime {
        Some(runtime) => runtime.join("odmr"),
        None if uid.is_root() => PathBuf::from("/run/odmr/atrn-fetch"),
        None => std::env::temp_dir().join(format!("odmr-{}", uid.as_raw())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stays_readable_and_leads_nowhere() {
        assert_eq!(file_name("home-2_b.example"), "home-2_b.example");
        assert_eq!(file_name("ann/home"), "ann%2fhome");
        assert_eq!(file_name(".."), "%2e.");
        assert_eq!(file_name("acme@mx.test:366"), "acme@mx.test%3a366");
        let long = "x".repeat(300);
        assert_ne!(file_name(&long), file_name(&format!("{long}y")));
    }

    #[tokio::test]
    async fn whoever_waits_for_another_run_can_be_told_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("home.lock");
        let path = move || place.clone();
        let again = path.clone();
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let held = AccountLock::take_at(path(), Lock::Fail, &mut stopped).await.unwrap().unwrap();
        let mut other = stopped.clone();
        let refused = AccountLock::take_at(path(), Lock::Fail, &mut other).await;
        assert!(matches!(refused, Err(LockFault::Held(_))));
        assert!(matches!(AccountLock::take_at(path(), Lock::Skip, &mut other).await, Ok(None)));
        let waiting =
            tokio::spawn(async move { AccountLock::take_at(path(), Lock::Wait, &mut other).await });
        stop.send_replace(true);
        assert!(matches!(waiting.await.unwrap(), Err(LockFault::Stopped(_))));
        drop(held);
        let free = AccountLock::take_at(again(), Lock::Wait, &mut stopped);
        assert!(free.await.unwrap().is_some());
    }

    proptest! {
        #[test]
        fn no_two_have_the_same(a in "[a._/%:ä-]{1,4}|[x]{158,162}", b in "[a._/%:ä-]{1,4}|[x]{158,162}") {
            prop_assert_eq!(file_name(&a) == file_name(&b), a == b);
            prop_assert!(file_name(&a).len() <= 255 - ".json.XXXXXXXX".len());
        }
    }
}
