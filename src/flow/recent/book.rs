//! What is remembered of sessions outlives the daemon: in a file that is written anew each minute in which
//! somebody called, and at the end. It is worth no more than that: one that cannot be read is begun anew.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{Past, Recent};
use crate::flow::counts::Counts;
use crate::flow::line::{Stop, every_minute};

/// Its name, in the folder of state.
const SESSIONS: &str = "sessions.json";
/// And while it is being written.
const ASIDE: &str = "sessions.json.new";
/// Both.
pub const BOOKS: [&str; 2] = [SESSIONS, ASIDE];

/// No file of ours is longer.
const LONGEST: u64 = 64 << 20;
const SCHEMA: &str = "odmr.sessions/1";

/// Some hours since 1970, each with the calls by [`Outcome`](crate::flow::counts::Outcome).
pub(super) type Hours = Vec<(i64, Vec<u32>)>;

/// All that is remembered, as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Book {
    schema: String,
    /// The last sessions, and the last of each account, the newest first.
    pub(super) sessions: Vec<Past>,
    /// The calls of each account by hours since 1970.
    pub(super) hours: Vec<(String, Hours)>,
}

impl Book {
    pub(super) fn new(sessions: Vec<Past>, hours: Vec<(String, Hours)>) -> Book {
        Book { schema: SCHEMA.to_owned(), sessions, hours }
    }
}

impl Recent {
    /// Recalls what an earlier daemon has written down there.
    pub fn recall(&self, folder: &Path) {
        let path = folder.join(SESSIONS);
        match read(&path) {
            Ok(book) => self.learn(book),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => warn!(path = %path.display(), %error, "earlier sessions are forgotten"),
        }
    }

    /// Writes it down where there is anything new. It waits for the disk.
    ///
    /// # Errors
    /// The file cannot be written; what was there is there still.
    pub fn write_down(&self, folder: &Path) -> io::Result<()> {
        let Some(book) = self.news() else { return Ok(()) };
        let written = write(&folder.join(SESSIONS), &book);
        if written.is_err() {
            self.remind();
        }
        written
    }
}

fn read(path: &Path) -> io::Result<Book> {
    let mut text = Vec::new();
    fs::File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
    let book: Book = serde_json::from_slice(&text)?;
    match book.schema == SCHEMA {
        true => Ok(book),
        false => Err(io::Error::other("it is of another version")),
    }
}

fn write(path: &Path, book: &Book) -> io::Result<()> {
    let aside = path.with_file_name(ASIDE);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(&serde_json::to_vec(book)?)?;
    fs::rename(&aside, path)
}

/// Until the daemon stops; what comes to its end behind that is for whoever stops it to write down.
pub async fn keep_book(counts: Arc<Counts>, folder: PathBuf, stop: Stop) {
    every_minute(stop, |well| {
        let (counts, folder) = (counts.clone(), folder.clone());
        let write = move || counts.recent.write_down(&folder);
        async move {
            let fault = tokio::task::spawn_blocking(write).await.ok().and_then(Result::err);
            if let Some(error) = fault.as_ref().filter(|_| well) {
                warn!(%error, "how sessions ended cannot be written down");
            }
            fault.is_none()
        }
    })
    .await;
}
