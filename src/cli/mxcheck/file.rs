//! Files that are written: there whole, or not at all. A pipe or a device is written to as it is.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::exit::{Exit, Failure};
use crate::flow::check::evidence::Writer;
use crate::flow::check::{Expectation, Facts};

/// A file being written.
pub(super) struct Whole {
    out: BufWriter<Target>,
    /// As the user named it.
    shown: PathBuf,
    /// What it will be, where links lead to.
    path: PathBuf,
    mode: Permissions,
}

enum Target {
    /// It takes the place of the file when it is whole.
    Aside(NamedTempFile),
    /// What is there already and no file.
    There(File),
}

impl Write for Target {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Target::Aside(file) => file.write(octets),
            Target::There(file) => file.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::Aside(file) => file.flush(),
            Target::There(file) => file.flush(),
        }
    }
}

impl Whole {
    /// Begins it.
    ///
    /// # Errors
    /// It cannot be made there.
    pub(super) fn new(shown: &Path) -> Result<Whole, Failure> {
        let wrong = |error: io::Error| {
            Failure::new(Exit::CantCreate, format!("{}: {error}", shown.display()))
        };
        let before = fs::metadata(shown).ok();
        let path = match &before {
            Some(_) => fs::canonicalize(shown).unwrap_or_else(|_| shown.to_owned()),
            None => shown.to_owned(),
        };
        let target = match &before {
            Some(facts) if !facts.is_file() => {
                Target::There(OpenOptions::new().write(true).open(shown).map_err(wrong)?)
            }
            _ => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let aside = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
                Target::Aside(aside.map_err(wrong)?)
            }
        };
        // As any program would make it; a temporary file is its owner's alone.
        let mode = before.map_or(Permissions::from_mode(0o644), |facts| facts.permissions());
        Ok(Whole { out: BufWriter::new(target), shown: shown.to_owned(), path, mode })
    }

    /// Puts it where it belongs.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn end(self) -> Result<(), Failure> {
        let shown = self.shown;
        let target = self.out.into_inner().map_err(|error| of(&shown, error.error()))?;
        if let Target::Aside(file) = target {
            file.as_file().set_permissions(self.mode).map_err(|error| of(&shown, &error))?;
            file.persist(&self.path).map_err(|error| of(&shown, &error.error))?;
        }
        Ok(())
    }

    /// What went wrong with it.
    pub(super) fn failure(&self, error: &io::Error) -> Failure {
        of(&self.shown, error)
    }
}

impl Write for Whole {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn of(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Io, format!("{}: {error}", path.display()))
}

/// Where evidence is kept.
pub(super) struct Saved {
    writer: Writer<Whole>,
    path: PathBuf,
}

impl Saved {
    /// Begins the file.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(super) fn new(
        path: &Path,
        expected: &Expectation,
        several: bool,
    ) -> Result<Saved, Failure> {
        let writer = Writer::new(Whole::new(path)?, expected, several);
        Ok(Saved { writer: writer.map_err(|error| of(path, &error))?, path: path.to_owned() })
    }

    /// Adds a domain's facts.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn add(&mut self, facts: &Facts) -> Result<(), Failure> {
        self.writer.add(facts).map_err(|error| of(&self.path, &error))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn end(self) -> Result<(), Failure> {
        self.writer.end().map_err(|error| of(&self.path, &error))?.end()
    }
}
