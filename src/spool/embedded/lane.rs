//! A place in the index: what waits for one domain in one class, the longest waiting first.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension, params};

use super::row;
use crate::queue::{EntryId, EntryState, order};
use crate::smtp::Domain;

/// Heads a lane reads ahead, at least and at most.
const AHEAD: (usize, usize) = (16, 256);

/// Where a lane goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) domain: i64,
    pub(super) class: u8,
    /// Entries that have waited since before this are aged.
    pub(super) cutoff: i64,
    /// Where it ends: what has queued since later than this is for another walk.
    pub(super) until: i64,
}

/// What an entry ranks by: its group, how long it has waited, its name.
pub(super) type Rank = (u8, i64, EntryId);

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) name: Domain,
    pub(super) course: Course,
    /// The last head read ahead.
    at: (i64, [u8; 16]),
    ahead: VecDeque<Rank>,
}

impl Lane {
    pub(super) fn new(name: &Domain, course: Course) -> Lane {
        let at = (i64::MIN, [0; 16]);
        Lane { name: name.clone(), course, at, ahead: VecDeque::new() }
    }

    /// The next head, if there is one. `room` says how many are wanted in all.
    pub(super) fn next(&mut self, db: &Connection, room: usize) -> rusqlite::Result<Option<Rank>> {
        if self.ahead.is_empty() {
            self.read_ahead(db, room.clamp(AHEAD.0, AHEAD.1))?;
        }
        Ok(self.ahead.pop_front())
    }

    fn read_ahead(&mut self, db: &Connection, most: usize) -> rusqlite::Result<()> {
        let sql = "SELECT since, id FROM entry INDEXED BY entry_order
                   WHERE domain = ?1 AND state = ?2 AND class = ?3
                     AND (since, id) > (?4, ?5) AND since <= ?6
                   ORDER BY since, id LIMIT ?7";
        let Course { domain, class, until, .. } = self.course;
        let waiting = row::state(EntryState::Waiting);
        let (since, id) = self.at;
        let mut query = db.prepare_cached(sql)?;
        let mut rows = query.query(params![domain, waiting, class, since, id, until, most])?;
        while let Some(row) = rows.next()? {
            self.at = (row.get(0)?, row.get(1)?);
            self.ahead.push_back(self.course.rank(self.at));
        }
        Ok(())
    }
}

impl Course {
    fn rank(&self, (since, id): (i64, [u8; 16])) -> Rank {
        let group = order::group(self.class, since, self.cutoff);
        (group, since, EntryId(ulid::Ulid::from_bytes(id)))
    }
}

/// Since when the last in a lane has waited; `None` when the lane is empty.
pub(super) fn last(db: &Connection, domain: i64, class: u8) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT since FROM entry INDEXED BY entry_order
               WHERE domain = ?1 AND state = ?2 AND class = ?3
               ORDER BY since DESC LIMIT 1";
    let waiting = row::state(EntryState::Waiting);
    let mut query = db.prepare_cached(sql)?;
    query.query_row(params![domain, waiting, class], |row| row.get(0)).optional()
}
