//! Folding the log into the database. A second thread does the bulk of it while the writer goes
//! on, since copying thousands of pages and syncing them would keep every session waiting. The log
//! can only begin anew when it is folded to its end, and that end moves while somebody writes: so
//! when it has grown long, the writer folds the last little piece itself.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};

use super::body::Bodies;
use super::health::Health;
use super::writer::is_write;

/// Pages (of 4 KiB) not yet folded at which the second thread is woken.
const BEHIND: i32 = 4_000;
/// Pages in the log from which on the writer makes an end, as soon as there is little to do.
const LONG: i32 = 16_000;
/// Pages that the writer may stop for; more would be felt by every session.
const HANDFUL: i32 = 256;
/// When the log is this long the second thread cannot keep up, and the writer has to wait after
/// all. Also what a start after a crash may have to read, and what the log may take of the disk.
const MOST: i32 = 4 * LONG;

/// The second thread. Dropped, it finishes what it is at.
#[derive(Debug)]
pub(super) struct Folder {
    health: Arc<Health>,
    bodies: Arc<Bodies>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    /// Puts the thread to work with a connection of its own.
    pub(super) fn open(
        db: Connection,
        health: Arc<Health>,
        bodies: Arc<Bodies>,
    ) -> io::Result<Folder> {
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new().name("spool-fold".to_owned());
        let (sound, room) = (Arc::clone(&health), Arc::clone(&bodies));
        let thread = thread.spawn(move || run(&db, &woken, &sound, &room))?;
        Ok(Folder { health, bodies, wake: Some(wake), thread: Some(thread) })
    }

    /// The disk is full: folds all that can be, so that the log may begin anew in the room it has.
    pub(super) fn press(&self, db: &Connection) {
        fold(db, CheckpointMode::PASSIVE, &self.health, &self.bodies);
    }

    /// Looks at the log after a commit, on the writer's connection.
    pub(super) fn tend(&self, db: &Connection) {
        let folds = |mode| fold(db, mode, &self.health, &self.bodies);
        let Some((pages, folded)) = folds(CheckpointMode::NOOP) else { return };
        let behind = pages - folded;
        if behind > 0 && pages > LONG && (behind <= HANDFUL || pages > MOST) {
            folds(CheckpointMode::PASSIVE);
        } else if (behind > BEHIND || pages > LONG && behind > 0)
            && let Some(wake) = &self.wake
        {
            // Full means that it has been told already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the panic has been told, and the log is whole.
            let _ = thread.join();
        }
    }
}

fn run(db: &Connection, woken: &Receiver<()>, health: &Health, bodies: &Bodies) {
    while woken.recv().is_ok() {
        fold(db, CheckpointMode::PASSIVE, health, bodies);
    }
}

/// Folds what can be folded; says how many pages the log has and how many of them are folded. On
/// a full disk, and where a quota is used up, the log stays as it is, and whole, until there is room; any other
/// fault is final.
fn fold(
    db: &Connection,
    mode: CheckpointMode,
    health: &Health,
    bodies: &Bodies,
) -> Option<(i32, i32)> {
    if !health.is_sound() {
        return None;
    }
    match db.wal_checkpoint_v2(None::<&str>, mode) {
        Ok(log) => Some(log),
        Err(e) => {
            let code = e.sqlite_error_code();
            let goes_by = matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull));
            if !(goes_by || is_write(&e) && bodies.is_out_of_room()) {
                health.fail(format!("writing the log into the database: {e}"));
            }
            None
        }
    }
}
