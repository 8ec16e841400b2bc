//! What has come, on disk.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::Mark;

/// Why nothing can be remembered.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct RegisterFault {
    path: String,
    source: rusqlite::Error,
}

/// The marks of what has come lately. It is written before the provider is answered, and reaches the disk
/// in the system's own time: a power cut may cost its end, and then something comes twice.
#[derive(Debug)]
pub struct Register {
    path: String,
    db: Connection,
}

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS came (mark BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS came_at ON came (at);
";

impl Register {
    /// Opens the register in this file, makes it where there is none, and forgets what came longer ago
    /// than `window`.
    ///
    /// # Errors
    /// [`RegisterFault`]: the file cannot be used.
    pub fn open(path: &Path, window: Duration, now: Timestamp) -> Result<Register, RegisterFault> {
        let shown = path.display().to_string();
        let fault = |source| RegisterFault { path: shown.clone(), source };
        let db = Connection::open(path).map_err(fault)?;
        db.execute_batch(TABLES).map_err(fault)?;
        let since = now.checked_sub(window).unwrap_or(Timestamp::UNIX_EPOCH).as_second();
        db.execute("DELETE FROM came WHERE at < ?1", [since]).map_err(fault)?;
        Ok(Register { path: shown, db })
    }

    /// Has this come? What cannot be read has not.
    pub fn knows(&self, mark: &Mark) -> bool {
        let sql = "SELECT 1 FROM came WHERE mark = ?1";
        self.db.prepare_cached(sql).and_then(|mut ask| ask.exists([mark])).unwrap_or(false)
    }

    /// These have come now.
    ///
    /// # Errors
    /// [`RegisterFault`]: none of them is remembered.
    pub fn add<'a>(
        &mut self,
        marks: impl Iterator<Item = &'a Mark>,
        now: Timestamp,
    ) -> Result<(), RegisterFault> {
        let mut marks = marks.peekable();
        if marks.peek().is_none() {
            return Ok(());
        }
        let mut add = || -> rusqlite::Result<()> {
            let all = self.db.transaction()?;
            for mark in marks.by_ref() {
                let sql = "INSERT OR REPLACE INTO came (mark, at) VALUES (?1, ?2)";
                all.prepare_cached(sql)?.execute((mark, now.as_second()))?;
            }
            all.commit()
        };
        add().map_err(|source| RegisterFault { path: self.path.clone(), source })
    }
}
