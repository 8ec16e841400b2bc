//! Readers: a few connections of their own, on threads where waiting for a disk disturbs nobody.
//! They never wait for the writer, nor it for them.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::schema;
use crate::spool::SpoolError;

/// The connections; opened when first needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Up to `most` of them at a time.
    pub(super) fn new(path: PathBuf, most: usize) -> Readers {
        Readers { path, free: Semaphore::new(most.max(1)), idle: Mutex::default() }
    }

    /// Where the database is.
    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Waits for a turn to read; the permit is the turn.
    pub(super) async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        // Never closed, so always Some.
        self.free.acquire().await.ok()
    }

    /// Reads, on the calling thread.
    pub(super) fn read<T>(&self, what: impl FnOnce(&Connection) -> T) -> Result<T, SpoolError> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => schema::reader(&self.path).map_err(|e| unreadable(&e))?,
        };
        let result = what(&db);
        self.idle().push(db);
        Ok(result)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The database would not be read. Nothing is wrong with any one entry, as far as we know.
pub(super) fn unreadable(e: &rusqlite::Error) -> SpoolError {
    SpoolError::Unusable(format!("the spool's database cannot be read: {e}"))
}

/// Runs something that may wait for a disk.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SpoolError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| SpoolError::Unusable(format!("a thread of the spool has died: {e}")))
}
