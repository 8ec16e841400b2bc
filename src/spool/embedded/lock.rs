//! One spool, one owner. The lock is the kernel's and dies with its process, so a stale file after
//! a crash stops nobody; what is written in it is only for the reader of the error message.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::health::is_full;
use crate::spool::SpoolError;

/// Held as long as the spool is open.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock of the spool in `folder`.
    pub(super) fn take(folder: &Path) -> Result<Lock, SpoolError> {
        let path = folder.join("lock");
        let unusable = |e: std::io::Error| unusable(&path, &e);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(unusable)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => match sign(&mut file) {
                // A full disk has no room for the name of the owner, who may still make room.
                Err(e) if !is_full(&e) => Err(unusable(e)),
                _ => Ok(Lock(file)),
            },
            Err(Errno::WOULDBLOCK) => Err(locked(folder, &mut file)),
            Err(e) => Err(unusable(e.into())),
        }
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    writeln!(file, "process {} since {since}", std::process::id())
}

fn locked(folder: &Path, file: &mut File) -> SpoolError {
    let mut words = Vec::new();
    let read = file.take(100).read_to_end(&mut words);
    let line = words.split(|&b| b == b'\n').next().unwrap_or_default();
    let owner = match read {
        Ok(n) if n > 0 => crate::smtp::escape::Escaped(line).to_string(),
        _ => "unknown".to_owned(),
    };
    SpoolError::Locked { path: folder.display().to_string(), owner }
}

fn unusable(path: &Path, e: &std::io::Error) -> SpoolError {
    SpoolError::Unusable(format!(
        "{}: {e}; the spool's folder must exist or be creatable, and be writable by this user",
        path.display()
    ))
}
