//! Maildirs on the disk: opened once, and used through their directory handles ever after.
//!
//! Everything below the base is reached component by component without following symbolic links,
//! so that neither a recipient's name nor a link planted by a local user can lead outside. The
//! base itself is the administrator's word and may be a link.
//!
//! All calls block; the caller sees to it that they may.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, Access, AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::folder::FolderName;
use crate::sink::SinkFault;

/// Mail is its owner's alone, whatever the umask says.
const DIRECTORY: Mode = Mode::RWXU;
const FILE: Mode = Mode::RUSR.union(Mode::WUSR);

const OPEN_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const CREATE_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::CLOEXEC);

/// A block of a disk, on most.
const PROBE: usize = 4096;
/// Files in `tmp` that nobody has touched for 36 hours were abandoned. The Maildir rule.
const ABANDONED_S: i64 = 36 * 3600;
/// Sweeping is a courtesy: a directory full of leftovers must not hold up the mail.
const SWEEP_LIMIT: usize = 10_000;

/// May a folder be made when it is missing?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Make it, readable by its owner only.
    Make,
    /// It has to be there.
    Refuse,
}

/// One Maildir, ready to take mail.
#[derive(Debug)]
pub struct Maildir {
    /// Where it is, for our own log.
    pub path: PathBuf,
    tmp: OwnedFd,
    new: OwnedFd,
}

/// The directory that every folder is below.
#[derive(Debug)]
pub struct Base {
    path: PathBuf,
    directory: OwnedFd,
}

impl Base {
    /// Opens the base, which is made if only its last component is missing.
    ///
    /// # Errors
    /// [`SinkFault::Disk`] with the path; [`SinkFault::Settings`] when there is none.
    pub fn open(path: &Path) -> Result<Base, SinkFault> {
        if path.as_os_str().is_empty() {
            let problem = "no directory is named; expected a path like /home/ann/Maildir";
            return Err(SinkFault::Settings { what: "maildir", problem });
        }
        let open = || fs::open(path, OPEN_DIRECTORY, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) => make_base(path).and_then(|()| open()),
            other => other,
        };
        let failed = |errno| disk(path, "cannot be opened as a directory", errno);
        Ok(Base { path: path.to_owned(), directory: opened.map_err(failed)? })
    }

    /// Where a folder is, for our own log.
    pub fn path(&self, folder: &FolderName) -> PathBuf {
        self.path.iter().chain(folder.components().map(OsStr::new)).collect()
    }
}

impl Maildir {
    /// Opens the Maildir `folder` below `base`.
    ///
    /// # Errors
    /// The first step that failed. `NotFound` when it does not exist and is not to be made.
    pub fn open(base: &Base, folder: &FolderName, missing: Missing) -> io::Result<Maildir> {
        let mut at = fs::openat(&base.directory, ".", OPEN_DIRECTORY, Mode::empty())?;
        for component in folder.components() {
            at = step(&at, component, missing)?;
        }
        // cur is opened only to see that it is there: mail readers insist on it. A directory that
        // somebody made for mail may be empty.
        step(&at, "cur", Missing::Make)?;
        let (tmp, new) = (step(&at, "tmp", Missing::Make)?, step(&at, "new", Missing::Make)?);
        one_file_system(&tmp, &new)?;
        Ok(Maildir { path: base.path(folder), tmp, new })
    }

    /// May files be put where mail readers see them?
    ///
    /// # Errors
    /// What every delivery would meet.
    pub fn is_open(&self) -> io::Result<()> {
        let may = Access::WRITE_OK | Access::EXEC_OK;
        Ok(fs::accessat(&self.new, ".", may, AtFlags::EACCESS)?)
    }

    /// Proves that a file can be made here and that there is room in it; takes it away again.
    ///
    /// # Errors
    /// What every delivery would meet.
    pub fn probe(&self, name: &str) -> io::Result<()> {
        let mut file = self.create(name)?;
        let tried = file.write_all(&[b'\n'; PROBE]).and_then(|()| file.sync_data());
        self.discard(name).and(tried)
    }

    /// A new empty file in `tmp`.
    ///
    /// # Errors
    /// The system's word.
    pub fn create(&self, name: &str) -> io::Result<File> {
        Ok(File::from(fs::openat(&self.tmp, name, CREATE_FILE, FILE)?))
    }

    /// Removes a file from `tmp`.
    ///
    /// # Errors
    /// The system's word.
    pub fn discard(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.tmp, name, AtFlags::empty())?)
    }

    /// Makes the file visible to mail readers. A link, not a rename: it never replaces a file.
    ///
    /// # Errors
    /// The system's word.
    pub fn publish(&self, tmp: &str, new: &str) -> io::Result<()> {
        Ok(fs::linkat(&self.tmp, tmp, &self.new, new, AtFlags::empty())?)
    }

    /// Takes a published file back. A mail reader may have moved it to `cur` meanwhile; then it
    /// stays there.
    pub fn retract(&self, new: &str) {
        let _ = fs::unlinkat(&self.new, new, AtFlags::empty());
    }

    /// Makes what was published survive a power cut: a link is not on the disk until its
    /// directory is.
    ///
    /// # Errors
    /// The system's word; whether the links are on the disk is then unknown.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.new)?)
    }

    /// Removes what deliveries that never ended have left in `tmp`. Returns how many files.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn sweep(&self, now_s: i64) -> io::Result<usize> {
        let mut swept = 0;
        for entry in Dir::read_from(&self.tmp)?.take(SWEEP_LIMIT) {
            let entry = entry?;
            let abandoned = self.is_abandoned(entry.file_name(), now_s);
            if abandoned && fs::unlinkat(&self.tmp, entry.file_name(), AtFlags::empty()).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn is_abandoned(&self, name: &CStr, now_s: i64) -> bool {
        fs::statat(&self.tmp, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| {
            let regular = FileType::from_raw_mode(stat.st_mode).is_file();
            regular && now_s.saturating_sub(stat.st_mtime) > ABANDONED_S
        })
    }
}

fn make_base(path: &Path) -> Result<(), Errno> {
    match fs::mkdir(path, DIRECTORY) {
        // Somebody else made it in between, which is as good.
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = fs::open(parent.unwrap_or(Path::new(".")), OPEN_DIRECTORY, Mode::empty())?;
    fs::fsync(parent)
}

/// One directory down, never through a symbolic link.
fn step(at: &OwnedFd, component: &str, missing: Missing) -> io::Result<OwnedFd> {
    let flags = OPEN_DIRECTORY | OFlags::NOFOLLOW;
    match fs::openat(at, component, flags, Mode::empty()) {
        Err(Errno::NOENT) if missing == Missing::Make => {}
        opened => return Ok(opened?),
    }
    match fs::mkdirat(at, component, DIRECTORY) {
        // Somebody else made it in between, which is as good.
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    // The directory's own name has to survive too, or the mail in it is lost with it.
    fs::fsync(at)?;
    Ok(fs::openat(at, component, flags, Mode::empty())?)
}

/// A link cannot cross file systems; better to hear of it before the mail is asked for.
fn one_file_system(tmp: &OwnedFd, new: &OwnedFd) -> io::Result<()> {
    let same = fs::fstat(tmp)?.st_dev == fs::fstat(new)?.st_dev;
    if same { Ok(()) } else { Err(Errno::XDEV.into()) }
}

/// A fault of the disk with the path it struck.
pub fn disk(path: &Path, doing: &'static str, source: impl Into<io::Error>) -> SinkFault {
    SinkFault::Disk { path: path.display().to_string(), doing, source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two customers that start at the same moment both find no base.
    #[test]
    fn a_base_that_somebody_else_has_just_made_is_as_good() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("Maildir");
        make_base(&base).unwrap();
        make_base(&base).unwrap();
        assert!(Base::open(&base).is_ok());
    }
}
