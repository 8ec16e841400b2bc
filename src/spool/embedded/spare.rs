//! A file that holds nothing but room. Others may fill the disk, and mail that was handed over has
//! to be recorded all the same: what is not recorded is handed over again after the next start. So
//! this file is given up when the disk is full, and made again when there is room.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use super::room::Room;

/// The file's name.
pub(super) const NAME: &str = "spare";
/// What the database may grow by when its log is folded into it, after which the log begins anew
/// and takes no more room. Of a small disk less is taken.
const MOST: u64 = 32 << 20;
const LEAST: u64 = 128 << 10;

/// The file, or that it is given up.
#[derive(Debug)]
pub(super) struct Spare {
    path: PathBuf,
    octets: u64,
    is_there: bool,
}

impl Spare {
    /// Looks for it in the spool's folder. On a disk that is full it is given up at once, since a
    /// start has something to write too; otherwise it is made when it is missing.
    pub(super) fn open(folder: &Path, room: &Room) -> Spare {
        let path = folder.join(NAME);
        let octets = (room.size() / 8).clamp(LEAST, MOST);
        let is_there = fs::symlink_metadata(&path).is_ok_and(|facts| facts.len() > 0);
        let mut spare = Spare { path, octets, is_there };
        if room.free() < octets {
            spare.give_up();
        }
        spare.renew(room);
        spare
    }

    /// Is the disk so full that it could not be kept?
    pub(super) fn is_given_up(&self) -> bool {
        !self.is_there
    }

    /// The disk is full: lets go of the room, if there is any.
    pub(super) fn give_up(&mut self) {
        if !std::mem::take(&mut self.is_there) {
            return;
        }
        let path = self.path.display();
        match fs::remove_file(&self.path) {
            Ok(()) => tracing::warn!(%path, "the disk is full; the spool lives on its spare room"),
            Err(e) => tracing::error!(%path, error = %e, "the spool's spare room cannot be freed"),
        }
    }

    /// Makes it again, where there is more than enough room.
    pub(super) fn renew(&mut self, room: &Room) {
        if self.is_there || room.free() < self.octets * 5 {
            return;
        }
        let made = self.make();
        if let Err(e) = &made {
            // Without it the disk may still never be full.
            tracing::warn!(path = %self.path.display(), error = %e, "no spare room can be kept");
            let _ = fs::remove_file(&self.path);
        }
        // What cannot be made now is not tried with every commit.
        self.is_there = true;
    }

    fn make(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        let whole = FallocateFlags::empty();
        match rustix::fs::fallocate(&file, whole, 0, self.octets) {
            Ok(()) => Ok(()),
            Err(rustix::io::Errno::OPNOTSUPP) => fill(&mut file, self.octets),
            Err(e) => Err(e.into()),
        }
    }
}

/// Where a file system gives no room in advance, it is written.
fn fill(file: &mut File, octets: u64) -> io::Result<()> {
    let piece = [0x5a; 64 << 10];
    let mut left = octets;
    while left > 0 {
        let n = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(piece.get(..n).unwrap_or_default())?;
        left -= n as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(folder: &Path, reserve: u64) -> Room {
        Room::new(File::open(folder).unwrap(), Some(reserve)).unwrap()
    }

    #[test]
    fn it_takes_its_room_and_comes_again_when_there_is_more_than_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut spare = Spare::open(folder.path(), &room(folder.path(), 0));
        let blocks = |path| std::os::unix::fs::MetadataExt::blocks(&fs::metadata(path).unwrap());
        assert!(blocks(&path) * 512 >= spare.octets);
        spare.give_up();
        spare.give_up();
        assert!(!path.exists());
        // That no mail is to be taken is no reason to go without it.
        spare.renew(&room(folder.path(), u64::MAX));
        assert_eq!(fs::metadata(&path).unwrap().len(), spare.octets);
    }

    #[test]
    fn where_nothing_is_given_in_advance_it_is_written() {
        let mut file = tempfile::tempfile().unwrap();
        fill(&mut file, 200_000).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 200_000);
    }
}
