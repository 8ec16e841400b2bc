//! Is there room on the disk? Asked before a sender is told to go on, with a reserve kept back so
//! that what is under way can still be finished and deliveries recorded.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::spool::SpoolError;

/// How old an answer of the file system may be.
const FRESH: Duration = Duration::from_millis(500);
/// Files the file system must still be able to hold.
const FILES: u64 = 64;
const LEAST_RESERVE: u64 = 256 << 20;

/// What the file system says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Octets left.
    pub free: u64,
    /// Octets in all.
    pub size: u64,
    /// Files it can still hold.
    pub free_files: u64,
    /// Files it can hold; 0 where it sets no limit.
    pub files: u64,
}

/// Watches the file system the spool lies on.
#[derive(Debug)]
pub(super) struct Room {
    folder: File,
    reserve: u64,
    seen: Mutex<Option<Seen>>,
}

/// What the file system said last, less what has been let in since.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    free: u64,
}

impl Room {
    /// Without a wish, the reserve is 2 % of the file system and at least 256 MiB.
    pub(super) fn new(folder: File, reserve: Option<u64>) -> io::Result<Room> {
        let total = rustix::fs::fstatvfs(&folder).map(|s| s.f_blocks.saturating_mul(s.f_frsize))?;
        let reserve = reserve.unwrap_or_else(|| LEAST_RESERVE.max(total / 50));
        Ok(Room { folder, reserve, seen: Mutex::new(None) })
    }

    /// Lets `octets` in, if the reserve stays whole.
    pub(super) fn admit(&self, octets: u64) -> Result<(), SpoolError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |seen: &Seen| {
            let left = seen.free.checked_sub(octets).filter(|&left| left >= self.reserve);
            left.map(|free| Seen { free, ..*seen })
        };
        let fresh = seen.filter(|seen| seen.at.elapsed() < FRESH);
        // A refusal is never given on old knowledge: there may be room again.
        if let Some(left) = fresh.as_ref().and_then(fits) {
            *seen = Some(left);
            return Ok(());
        }
        let now = Seen { at: Instant::now(), free: self.free() };
        *seen = fits(&now).or(Some(now));
        match fits(&now) {
            Some(_) => Ok(()),
            None => Err(SpoolError::Full { free: now.free, reserve: self.reserve }),
        }
    }

    /// What to say when the disk turned out to be full in the middle of a write.
    pub(super) fn full(&self) -> SpoolError {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
        SpoolError::Full { free: self.free(), reserve: self.reserve }
    }

    /// How much there is, and is left.
    pub(super) fn space(&self) -> Option<Space> {
        let stat = rustix::fs::fstatvfs(&self.folder).ok()?;
        Some(Space {
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
            size: stat.f_blocks.saturating_mul(stat.f_frsize),
            free_files: stat.f_favail,
            files: stat.f_files,
        })
    }

    /// Octets in all; 0 where the file system will not say.
    pub(super) fn size(&self) -> u64 {
        self.space().map_or(0, |space| space.size)
    }

    /// Octets left, none of them when there is no file left to put them in. A file system that
    /// will not say is taken to be empty: writing to it will tell.
    pub(super) fn free(&self) -> u64 {
        match rustix::fs::fstatvfs(&self.folder) {
            Ok(stat) if stat.f_files > 0 && stat.f_favail < FILES => 0,
            Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
            Err(_) => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let open = || File::open(folder.path()).unwrap();
        assert!(Room::new(open(), Some(0)).unwrap().admit(1).is_ok());
        let full = Room::new(open(), Some(u64::MAX)).unwrap().admit(1);
        assert!(matches!(full, Err(SpoolError::Full { reserve: u64::MAX, .. })));
    }

    #[test]
    fn what_was_let_in_counts_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(File::open(folder.path()).unwrap(), Some(0)).unwrap();
        let half = room.free() / 2;
        assert!(room.admit(half).is_ok());
        assert!(room.admit(half.saturating_mul(3)).is_err());
    }
}
