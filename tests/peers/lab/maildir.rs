//! Reading a Maildir: what has landed, octet for octet.

use std::fs;
use std::path::{Path, PathBuf};

use super::wait::until;

/// A Maildir that a peer, or our own program, delivers to.
pub struct Maildir(PathBuf);

impl Maildir {
    /// The Maildir at `path`, which need not exist yet.
    pub fn at(path: impl AsRef<Path>) -> Maildir {
        Maildir(path.as_ref().to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The messages delivered so far, in the order of their file names.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        let mut files = self.files();
        files.sort();
        files.iter().map(|file| fs::read(file).expect("a delivered message")).collect()
    }

    /// How many messages were delivered so far.
    pub fn count(&self) -> usize {
        self.files().len()
    }

    /// Waits until there are at least `count` messages.
    pub fn until(&self, count: usize) -> Vec<Vec<u8>> {
        let what = format!("{count} messages in {}", self.0.display());
        until(&what, || (self.count() >= count).then(|| self.messages()))
    }

    fn files(&self) -> Vec<PathBuf> {
        let folders = ["new", "cur"].map(|name| self.0.join(name));
        let entries = folders.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        entries.map(|entry| entry.expect("a folder entry").path()).collect()
    }
}
