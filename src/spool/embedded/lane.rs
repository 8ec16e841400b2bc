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
    /// The last head read ahead; `None` where the heads were found without the index.
    at: Option<(i64, [u8; 16])>,
    ahead: VecDeque<Rank>,
}

impl Lane {
    pub(super) fn new(name: &Domain, course: Course) -> Lane {
        let at = Some((i64::MIN, [0; 16]));
        Lane { name: name.clone(), course, at, ahead: VecDeque::new() }
    }

    /// A lane whose heads are known, of whatever class they are.
    pub(super) fn found(name: Domain, course: Course, ahead: VecDeque<Rank>) -> Lane {
        Lane { name, course, at: None, ahead }
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
        let Some((since, id)) = self.at else { return Ok(()) };
        let mut query = db.prepare_cached(sql)?;
        let mut rows = query.query(params![domain, waiting, class, since, id, until, most])?;
        while let Some(row) = rows.next()? {
            let (since, id) = (row.get(0)?, row.get(1)?);
            self.at = Some((since, id));
            self.ahead.push_back(self.course.rank(
                class,
                since,
                EntryId(ulid::Ulid::from_bytes(id)),
            ));
        }
        Ok(())
    }
}

impl Course {
    fn rank(&self, class: u8, since: i64, id: EntryId) -> Rank {
        (order::group(class, since, self.cutoff), since, id)
    }

    /// The rank of an entry of this domain, unless it is for another walk.
    pub(super) fn rank_of(&self, class: u8, since: i64, id: EntryId) -> Option<Rank> {
        let class = class.min(order::TRIED);
        let later = class == order::TRIED && since > self.until;
        (!later).then(|| self.rank(class, since, id))
    }
}

/// Does the index still list this head? One whose entry is not there any more must be gone from
/// both.
pub(super) fn lists(db: &Connection, course: Course, head: Rank) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM entry INDEXED BY entry_order
               WHERE domain = ?1 AND state = ?2 AND class = ?3 AND since = ?4 AND id = ?5";
    let waiting = row::state(EntryState::Waiting);
    let (_, since, id) = head;
    let mut query = db.prepare_cached(sql)?;
    query.exists(params![course.domain, waiting, course.class, since, id.0.to_bytes()])
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
