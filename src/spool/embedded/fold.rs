//! Folding the log into the database, beside the writer rather than in its way.
//!
//! Folding writes every page a second time and waits for the disk. Were the writer to do it, all
//! sessions that have just handed in a message would wait some fifty milliseconds for it. So a
//! thread with a connection of its own folds while the writer goes on; the writer does no more
//! than the handful of pages that came meanwhile, without which the log could never begin anew.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::health::Health;

/// Pages in the log (of 4 KiB) after which it is folded into the database.
const LOG_PAGES: i32 = 4000;
/// Pages that the writer may stop for.
const HANDFUL: i32 = 256;
/// When the log is this long the other thread cannot keep up, and the writer has to wait after all.
const LOG_MOST: i32 = 8 * LOG_PAGES;

/// Who folds.
#[derive(Debug)]
pub(super) struct Fold {
    health: Arc<Health>,
    wishes: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Fold {
    /// Puts a connection to work on a thread of its own.
    pub(super) fn open(db: Connection, health: Arc<Health>) -> io::Result<Fold> {
        // No room for a wish: it is heard by a thread at rest, or not at all.
        let (wishes, heard) = sync_channel(0);
        let thread = thread::Builder::new().name("spool-fold".to_owned());
        let its_health = Arc::clone(&health);
        let thread = thread.spawn(move || serve(&db, &heard, &its_health))?;
        Ok(Fold { health, wishes, thread })
    }

    /// Has the log folded when it has grown long. `db` is the writer's connection.
    pub(super) fn see_to(&self, db: &Connection) {
        if !self.health.is_sound() {
            return;
        }
        match db.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP) {
            Ok((pages, folded)) if pages > LOG_PAGES && pages > folded => {
                self.shorten(db, pages, pages - folded);
            }
            Ok(_) => {}
            Err(e) => judge(&e, &self.health),
        }
    }

    fn shorten(&self, db: &Connection, pages: i32, left: i32) {
        if left <= HANDFUL || pages > LOG_MOST {
            fold(db, &self.health);
        } else {
            // Refused means that it is at it.
            let _ = self.wishes.try_send(());
        }
    }

    /// Lets it finish what it is at.
    pub(super) fn close(self) {
        drop(self.wishes);
        if self.thread.join().is_err() {
            self.health.fail("the thread that folds its log has died".to_owned());
        }
    }
}

fn serve(db: &Connection, wishes: &Receiver<()>, health: &Health) {
    while wishes.recv().is_ok() {
        fold(db, health);
    }
}

/// One of us at a time: whoever comes second is told "busy", and has nothing to do.
fn fold(db: &Connection, health: &Health) {
    if health.is_sound()
        && let Err(e) = db.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)
    {
        judge(&e, health);
    }
}

fn judge(e: &rusqlite::Error, health: &Health) {
    if e.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
        health.fail(format!("writing the log into the database: {e}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    /// A log of more than `pages`, as a writer leaves it.
    fn with_log(db: &Connection, pages: i32) {
        db.execute_batch("CREATE TABLE IF NOT EXISTS t (x)").unwrap();
        while log(db).0 <= pages {
            db.execute("INSERT INTO t VALUES (zeroblob(4000000))", []).unwrap();
        }
    }

    fn log(db: &Connection) -> (i32, i32) {
        db.wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP).unwrap()
    }

    #[test]
    fn a_long_log_is_folded_beside_the_writer_and_a_short_one_left_alone() {
        let spool = tempfile::tempdir().unwrap();
        let path = spool.path().join("spool.db");
        let db = schema::writer(&path).unwrap();
        let health = Arc::new(Health::default());
        let fold = Fold::open(schema::folder(&path).unwrap(), Arc::clone(&health)).unwrap();
        fold.see_to(&db);
        assert_eq!(log(&db).1, 0);
        with_log(&db, LOG_PAGES);
        while log(&db).1 < log(&db).0 {
            fold.see_to(&db);
            thread::yield_now();
        }
        fold.close();
        assert!(health.is_sound());
    }
}
