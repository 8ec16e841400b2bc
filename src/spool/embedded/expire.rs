//! Time runs out: a sweep over the entries, in batches, that marks and drops nothing.
//!
//! Lifetimes have no index of their own, since it would cost every accepted mail. Instead we
//! remember the soonest end among all that waits, and look through the entries only when that has
//! come: beside the writer, never in its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::Core;
use super::claims::{Claim, For, Key};
use super::done::Done;
use super::operate;
use super::reader::{aside, unreadable};
use super::rescue::{self, is_damage};
use super::row;
use super::writer::Work;
use crate::queue::{EntryId, EntryState};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// Entries looked at in one go.
const LOOK: usize = 4096;
/// Entries given up in one transaction.
const MARK: usize = 256;

/// No entry's time ends before this. Unknown, and so taken to be long past, until the first sweep.
#[derive(Debug)]
pub(super) struct Soonest(AtomicI64);

impl Default for Soonest {
    fn default() -> Soonest {
        Soonest(AtomicI64::new(i64::MIN))
    }
}

impl Soonest {
    /// An entry that ends then is in the ledger now.
    pub(super) fn hear(&self, expires: Timestamp) {
        self.0.fetch_min(row::time(expires), Ordering::Relaxed);
    }

    /// Nothing is known any more: the next sweep looks at everything.
    pub(super) fn forget(&self) {
        self.0.store(i64::MIN, Ordering::Relaxed);
    }

    fn has_come(&self, now: Timestamp) -> bool {
        self.0.load(Ordering::Relaxed) <= row::time(now)
    }

    /// Forgets what it knew; from here on it hears what arrives during the sweep, and at its end
    /// what the sweep has found.
    fn begin(&self) -> Sweep<'_> {
        self.0.store(i64::MAX, Ordering::Relaxed);
        Sweep { soonest: self, found: i64::MAX, finished: false }
    }
}

/// A sweep under way. One that is given up has found nothing out.
#[derive(Debug)]
struct Sweep<'a> {
    soonest: &'a Soonest,
    found: i64,
    finished: bool,
}

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        let found = if self.finished { self.found } else { i64::MIN };
        self.soonest.0.fetch_min(found, Ordering::Relaxed);
    }
}

/// One look at some of the entries.
#[derive(Debug)]
struct Look {
    /// The last one looked at, or the last that cannot be, unless that was the end.
    last: Option<Vec<u8>>,
    due: Vec<Key>,
    /// The soonest end among those not due.
    soonest: i64,
}

/// Gives up everything whose time has run out; says which entries that were.
/// Tidies up on the way, since this is called now and then and nobody waits for it.
pub(super) async fn expire(
    core: &Arc<Core>,
    now: Timestamp,
) -> Result<Vec<(EntryId, Domain)>, SpoolError> {
    core.submit(Work::Tidy).await?;
    operate::tend(core, now).await?;
    if !core.soonest.has_come(now) {
        return Ok(Vec::new());
    }
    let mut sweep = core.soonest.begin();
    let (mut from, given_up) = (Some(Vec::new()), Done::default());
    while let Some(after) = from {
        let look = look_at(core, after, row::time(now)).await?;
        sweep.found = sweep.found.min(look.soonest);
        for due in look.due.chunks(MARK) {
            let claims: Vec<Claim> =
                due.iter().filter_map(|&key| core.claims.claim(key, For::Change)).collect();
            let work = Work::Expire(claims, now, given_up.clone());
            // What a session holds is not ours to give up; it is due again when it comes back, and so is what was
            // moved to another domain meanwhile.
            if core.submit(work).await? < due.len() as u64 {
                sweep.found = row::time(now);
            }
        }
        from = look.last;
    }
    sweep.finished = true;
    Ok(given_up.named(&core.ledger))
}

async fn look_at(core: &Arc<Core>, after: Vec<u8>, now: i64) -> Result<Look, SpoolError> {
    let _turn = core.readers.turn().await;
    let reading = Arc::clone(core);
    let look = aside(move || reading.readers.read(|db| look(db, after, now))).await??;
    look.map_err(|e| unreadable(&e))
}

fn look(db: &Connection, after: Vec<u8>, now: i64) -> rusqlite::Result<Look> {
    let mut look = Look { last: Some(after), due: Vec::new(), soonest: i64::MAX };
    match look_on(db, now, &mut look) {
        Err(e) if is_damage(&e) => {
            let last = look.last.as_deref().and_then(|last| last.try_into().ok());
            let last = last.map_or(0, u128::from_be_bytes);
            look.last = rescue::beyond(db, last).map(|next| (next - 1).to_be_bytes().to_vec());
        }
        looked => looked?,
    }
    Ok(look)
}

fn look_on(db: &Connection, now: i64, look: &mut Look) -> rusqlite::Result<()> {
    let sql = "SELECT id, domain, state, expires FROM entry WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params![look.last, LOOK])?;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let (id, expires): ([u8; 16], i64) = (row.get(0)?, row.get(3)?);
        // Only ever forward, though names may be out of order where a page is damaged.
        look.last = look.last.take().max(Some(id.to_vec()));
        seen += 1;
        if row.get::<_, i64>(2)? != row::state(EntryState::Waiting) {
            continue;
        }
        if expires <= now {
            look.due.push(Key { domain: row.get(1)?, id: EntryId(ulid::Ulid::from_bytes(id)) });
        } else {
            look.soonest = look.soonest.min(expires);
        }
    }
    if seen < LOOK {
        look.last = None;
    }
    Ok(())
}
