//! One message on its way into one Maildir or several.
//!
//! The order is what makes the promise: every file is whole and synced before any is visible, and
//! every directory is synced before anybody is told. Whatever goes wrong in between, nothing
//! visible stays behind.
//!
//! All calls but [`Delivery::push`] block; the caller sees to it that they may.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::BytesMut;

use super::lines::LineWriter;
use super::name;
use super::shelf::{Maildir, disk};
use crate::sink::SinkFault;

/// Content is held in memory up to here: one trip to the disk for nearly every mail.
const HELD: usize = 128 * 1024;

/// A file in `tmp`. It lives as long as this value.
#[derive(Debug)]
struct TmpFile {
    maildir: Arc<Maildir>,
    name: String,
    file: File,
}

impl TmpFile {
    fn create(maildir: &Arc<Maildir>, host: &str) -> io::Result<TmpFile> {
        let name = name::unique(host);
        let file = maildir.create(&name)?;
        Ok(TmpFile { maildir: Arc::clone(maildir), name, file })
    }
}

impl Drop for TmpFile {
    fn drop(&mut self) {
        // One that cannot be removed is swept after 36 hours.
        let _ = self.maildir.discard(&self.name);
    }
}

/// The message as one Maildir gets it.
#[derive(Debug)]
pub struct Copy {
    maildir: Arc<Maildir>,
    /// Our own fields, until the file has been begun.
    head: Vec<u8>,
    tmp: Option<TmpFile>,
    octets: u64,
}

impl Copy {
    /// A copy that begins with `head`, whose lines end as they do in the file.
    pub fn new(maildir: Arc<Maildir>, head: Vec<u8>) -> Copy {
        Copy { maildir, head, tmp: None, octets: 0 }
    }

    fn append(&mut self, content: &[u8], host: &str) -> io::Result<()> {
        match &mut self.tmp {
            Some(tmp) => tmp.file.write_all(content)?,
            None => self.begin(content, host)?,
        }
        self.octets += content.len() as u64;
        Ok(())
    }

    /// Makes the file and writes our fields and the first content in one go.
    fn begin(&mut self, content: &[u8], host: &str) -> io::Result<()> {
        let tmp = self.tmp.insert(TmpFile::create(&self.maildir, host)?);
        let mut first = std::mem::take(&mut self.head);
        self.octets = first.len() as u64;
        first.extend_from_slice(content);
        tmp.file.write_all(&first)
    }

    fn sync(&self) -> io::Result<()> {
        self.tmp.as_ref().map_or(Ok(()), |tmp| tmp.file.sync_data())
    }

    fn publish(&self) -> io::Result<Published> {
        let tmp = self.tmp.as_ref().ok_or(io::ErrorKind::NotFound)?;
        // The size in the name spares quota software a stat of every file. Maildir++.
        let name = format!("{},S={}", tmp.name, self.octets);
        self.maildir.publish(&tmp.name, &name)?;
        Ok(Published { maildir: Arc::clone(&self.maildir), name, kept: false })
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> SinkFault {
        move |source| disk(&self.maildir.path, doing, source)
    }
}

/// A file in `new` that goes away again unless it is kept.
struct Published {
    maildir: Arc<Maildir>,
    name: String,
    kept: bool,
}

impl Drop for Published {
    fn drop(&mut self) {
        if !self.kept {
            self.maildir.retract(&self.name);
        }
    }
}

/// The message with all its copies.
#[derive(Debug)]
pub struct Delivery {
    copies: Vec<Copy>,
    lines: LineWriter,
    pending: BytesMut,
    host: Arc<str>,
}

impl Delivery {
    /// A delivery at the start of content. `host` goes into the files' names.
    pub fn new(copies: Vec<Copy>, lines: LineWriter, host: Arc<str>) -> Delivery {
        Delivery { copies, lines, pending: BytesMut::new(), host }
    }

    /// Takes the next piece of content into memory. True when it is time to [`spill`](Self::spill).
    pub fn push(&mut self, piece: &[u8]) -> bool {
        self.lines.write(piece, &mut self.pending);
        self.pending.len() >= HELD
    }

    /// Did an LF stand alone? Then the delivery should be dropped.
    pub fn saw_bare_lf(&self) -> bool {
        self.lines.saw_bare_lf()
    }

    /// Writes what is in memory to the files in `tmp`.
    ///
    /// # Errors
    /// The first file that could not be written; the delivery should be dropped.
    pub fn spill(&mut self) -> Result<(), SinkFault> {
        for copy in &mut self.copies {
            if let Err(source) = copy.append(&self.pending, &self.host) {
                return Err(copy.failed("cannot write the mail")(source));
            }
        }
        self.pending.clear();
        Ok(())
    }

    /// Makes every copy visible and safe, or none.
    ///
    /// # Errors
    /// The first step that failed. Nothing visible was left behind.
    pub fn deliver(mut self) -> Result<(), SinkFault> {
        self.lines.finish(&mut self.pending);
        self.spill()?;
        for copy in &self.copies {
            copy.sync().map_err(copy.failed("cannot sync the mail"))?;
        }
        let mut published = Vec::with_capacity(self.copies.len());
        for copy in &self.copies {
            published.push(copy.publish().map_err(copy.failed("cannot link the mail into new"))?);
        }
        for copy in &self.copies {
            copy.maildir.sync().map_err(copy.failed("cannot sync the directory"))?;
        }
        published.iter_mut().for_each(|file| file.kept = true);
        Ok(())
    }
}
