//! When pages of the database cannot be read. A damaged page hides what lies on it, and nothing
//! else: entries are then found by reading through the entries themselves instead of by their
//! index, and from behind each gap. Slower by far, and complete as far as anything can be.

use std::collections::{BinaryHeap, HashMap};

use rusqlite::{Connection, params};
use ulid::Ulid;

use super::lane::{Course, Rank};
use super::row;
use crate::queue::{EntryId, EntryState};
use crate::spool::SpoolError;

/// What to do about damage that no program mends.
pub(super) const ADVICE: &str = "look at the kernel's log, for a disk or memory is at fault; keep a copy of the spool's \
     folder; and with odmrd stopped, save what can be saved: `sqlite3 spool.db .recover | sqlite3 rescued.db`";
/// Entries that one walk is offered; the others are for the next. A bound on memory.
const MOST: usize = 65_536;
/// Gaps that a reading goes past, each of them a page or more; with this many there is no end to it.
const GAPS: usize = 1_000;

/// Some page is not what was written there.
pub(super) fn is_damage(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(e.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// What can be read has been; there is more.
pub(super) fn passed_over() -> SpoolError {
    let what = "pages of the spool's database cannot be read, and the mail on them was passed over";
    SpoolError::Corrupt(format!("{what}; {ADVICE}"))
}

/// The error, with what to do where it is damage.
pub(super) fn told(e: &rusqlite::Error) -> String {
    if is_damage(e) { format!("{e}; {ADVICE}") } else { e.to_string() }
}

/// What waits for these domains, each given its course: the head of the queue, in its order. Says
/// also how many gaps there were.
pub(super) fn sift(
    db: &Connection,
    courses: &HashMap<i64, Course>,
) -> rusqlite::Result<(Vec<(Rank, i64)>, usize)> {
    let mut found = BinaryHeap::new();
    let (mut from, mut gaps) = (Some(0), 0);
    while let Some(first) = from.filter(|_| gaps < GAPS) {
        let mut seen = first;
        match pass(db, first, &mut seen, courses, &mut found) {
            Ok(()) => from = None,
            Err(e) if is_damage(&e) => {
                gaps += 1;
                from = beyond(db, seen);
            }
            Err(e) => return Err(e),
        }
    }
    Ok((found.into_sorted_vec(), gaps))
}

/// Reads from one name on, as far as it gets; `seen` is then the highest name that was read.
fn pass(
    db: &Connection,
    first: u128,
    seen: &mut u128,
    courses: &HashMap<i64, Course>,
    found: &mut BinaryHeap<(Rank, i64)>,
) -> rusqlite::Result<()> {
    let sql = "SELECT id, domain, state, class, since FROM entry NOT INDEXED
               WHERE id >= ?1 ORDER BY id";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([first.to_be_bytes()])?;
    while let Some(row) = rows.next()? {
        // A row that makes no sense is no reason to stop at it.
        let (Ok(id), Ok(domain)) = (row.get::<_, [u8; 16]>(0), row.get(1)) else { continue };
        *seen = u128::from_be_bytes(id).max(*seen);
        let Some(course) = courses.get(&domain) else { continue };
        let waits = row.get(2) == Ok(row::state(EntryState::Waiting));
        let (Ok(class), Ok(since)) = (row.get(3), row.get(4)) else { continue };
        if waits && let Some(rank) = course.rank_of(class, since, EntryId(Ulid::from_bytes(id))) {
            found.push((rank, domain));
        }
        if found.len() > MOST {
            found.pop();
        }
    }
    Ok(())
}

/// The lowest name behind `last` from which on entries can be read; `None` when there is none.
///
/// Tries ever longer steps until one lands behind the gap, and then halves the last of them until
/// it lands just there.
pub(super) fn beyond(db: &Connection, last: u128) -> Option<u128> {
    let steps = (0..u128::BITS).filter_map(|n| last.checked_add(1 << n));
    let mut behind = steps.chain([u128::MAX]).find(|&name| is_readable(db, name))?;
    let mut inside = last;
    while behind - inside > 1 {
        let middle = inside + (behind - inside) / 2;
        if is_readable(db, middle) { behind = middle } else { inside = middle }
    }
    Some(behind)
}

fn is_readable(db: &Connection, name: u128) -> bool {
    let sql = "SELECT id FROM entry NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT 1";
    let first = |db: &Connection| {
        let mut query = db.prepare_cached(sql)?;
        query.exists(params![name.to_be_bytes()])
    };
    first(db).is_ok()
}
