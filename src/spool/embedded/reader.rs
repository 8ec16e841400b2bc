//! Readers: a few connections of their own, on threads where waiting for a disk disturbs nobody.
//! They never wait for the writer, nor it for them.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::rescue;
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
    let what = format!("the spool's database cannot be read: {}", rescue::told(e));
    match rescue::is_damage(e) {
        true => SpoolError::Corrupt(what),
        false => SpoolError::Unusable(what),
    }
}

/// Threads for those who only look: the processors are theirs when nobody takes mail or hands it over.
static LOOKERS: LazyLock<Lookers> = LazyLock::new(Lookers::default);

/// How far they stand back (nice(2)).
const MODEST: i32 = 19;

type Look = Box<dyn FnOnce() + Send>;

struct Lookers(mpsc::Sender<Look>);

impl Default for Lookers {
    fn default() -> Lookers {
        let (tell, looks) = mpsc::channel::<Look>();
        let looks = Arc::new(Mutex::new(looks));
        for _ in 0..2 {
            let looks = Arc::clone(&looks);
            let look = move || {
                // Where that is not allowed, they do not stand back.
                let _ = rustix::process::nice(MODEST);
                loop {
                    let next = looks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(look) = next else { return };
                    // One that fails is told of by its silence.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(look));
                }
            };
            // Without any, nobody can look; everything else goes on.
            let _ = std::thread::Builder::new().name("odmr-look".to_owned()).spawn(look);
        }
        Lookers(tell)
    }
}

/// Runs something for somebody who only looks, and shall disturb nobody by it.
pub(super) async fn modestly<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SpoolError> {
    let (tell, told) = oneshot::channel();
    let look = Box::new(move || drop(tell.send(work())));
    let died = || SpoolError::Unusable("a thread of the spool has died".to_owned());
    LOOKERS.0.send(look).map_err(|_| died())?;
    told.await.map_err(|_| died())
}

/// Runs something that may wait for a disk.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SpoolError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| SpoolError::Unusable(format!("a thread of the spool has died: {e}")))
}
