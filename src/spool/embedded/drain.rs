//! One session's walk through what waits for its domains.
//!
//! For each domain and size class there is a *lane*: a place in the index, oldest first. A lane
//! only moves forward, so what was deferred on the way lies behind it and is not offered again,
//! and what arrives meanwhile lies ahead. The walk always takes the head that ranks first: aged
//! ones, oldest first, and then class by class. Nothing is read but what is about to be sent.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::body::{self, Place};
use super::claims::{Claim, Key};
use super::reader::{aside, unreadable};
use super::row::{self, Stored, Unreadable};
use super::{Core, Lease};
use crate::queue::{EntryId, EntryState, order};
use crate::smtp::Domain;
use crate::spool::{self, Order, SpoolError};

/// Heads a lane reads ahead, at least and at most.
const AHEAD: (usize, usize) = (16, 256);
/// Octets of content that come along with one batch of leases, so that it need not be asked for
/// message by message.
const ALONG: u64 = 1 << 20;

/// Hands out each waiting entry at most once.
#[derive(Debug)]
pub struct Walk {
    core: Arc<Core>,
    // Shared with the thread that reads, so that a call that is given up cannot lose its place.
    lanes: Arc<Mutex<Lanes>>,
}

impl Walk {
    pub(super) fn new(
        core: Arc<Core>,
        mut domains: Vec<Domain>,
        order: Order,
        now: Timestamp,
    ) -> Walk {
        // Two lanes over the same entries would offer one twice.
        domains.sort_unstable();
        domains.dedup();
        let cutoff = now.checked_sub(order.aged_after).unwrap_or(Timestamp::MIN);
        let lanes = Lanes { domains, cutoff: row::time(cutoff), ..Lanes::default() };
        Walk { core, lanes: Arc::new(Mutex::new(lanes)) }
    }
}

impl spool::Drain for Walk {
    type Lease = Lease;

    async fn next(&mut self, room: usize) -> Result<Vec<Lease>, SpoolError> {
        let batch = {
            let _turn = self.core.readers.turn().await;
            let (core, lanes) = (Arc::clone(&self.core), Arc::clone(&self.lanes));
            aside(move || {
                let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
                core.readers.read(|db| lanes.next(&core, db, room))
            })
            .await??
            .map_err(|e| unreadable(&e))?
        };
        for (claim, what) in batch.damaged {
            self.core.damaged(claim.key, what).await;
        }
        Ok(batch.leases)
    }
}

/// Where a lane goes.
#[derive(Clone, Copy, Debug)]
struct Course {
    domain: i64,
    class: u8,
    cutoff: i64,
}

/// What an entry ranks by: aged before the others, then its class, then its age.
type Rank = (u8, i64, EntryId);

#[derive(Debug)]
struct Lane {
    name: Domain,
    course: Course,
    /// The last head read ahead.
    at: (i64, [u8; 16]),
    ahead: VecDeque<Rank>,
}

#[derive(Debug, Default)]
struct Lanes {
    domains: Vec<Domain>,
    /// Entries that arrived before this are aged.
    cutoff: i64,
    lanes: Vec<Lane>,
    heads: BinaryHeap<Reverse<(Rank, usize)>>,
}

/// What one call brings.
#[derive(Debug, Default)]
struct Batch {
    leases: Vec<Lease>,
    damaged: Vec<(Claim, String)>,
    octets: u64,
}

impl Lanes {
    fn next(&mut self, core: &Core, db: &Connection, room: usize) -> rusqlite::Result<Batch> {
        if self.heads.is_empty() {
            self.look_again(core, db, room)?;
        }
        let mut batch = Batch::default();
        while batch.leases.len() < room {
            let claims = self.claim(core, db, room - batch.leases.len())?;
            if claims.is_empty() {
                break;
            }
            self.load(db, claims, &mut batch)?;
        }
        Ok(batch)
    }

    /// All lanes are at their end, or not yet begun: sees what has arrived ahead of them.
    fn look_again(&mut self, core: &Core, db: &Connection, room: usize) -> rusqlite::Result<()> {
        self.begin(core);
        for n in 0..self.lanes.len() {
            self.advance(db, n, room)?;
        }
        Ok(())
    }

    /// Begins the lanes of domains that have got mail; a domain without any costs nothing.
    fn begin(&mut self, core: &Core) {
        let cutoff = self.cutoff;
        let (lanes, domains) = (&mut self.lanes, &mut self.domains);
        domains.retain(|domain| match core.ledger.of(domain) {
            Some((id, count)) if count.waiting > 0 => {
                let course = |class| Course { domain: id, class, cutoff };
                let classes = (0..order::SIZE_CLASSES).map(course);
                lanes.extend(classes.map(|course| Lane::new(domain, course)));
                false
            }
            _ => true,
        });
    }

    /// Puts a lane's next head among the heads, unless it has none.
    fn advance(&mut self, db: &Connection, n: usize, room: usize) -> rusqlite::Result<()> {
        let Some(lane) = self.lanes.get_mut(n) else { return Ok(()) };
        if let Some(head) = lane.next(db, room)? {
            self.heads.push(Reverse((head, n)));
        }
        Ok(())
    }

    /// Claims up to `most` of the entries that rank first. What another session holds is passed
    /// over: it has it, or will give it back to a later walk.
    fn claim(
        &mut self,
        core: &Core,
        db: &Connection,
        most: usize,
    ) -> rusqlite::Result<Vec<(usize, Claim)>> {
        let mut claims = Vec::new();
        while claims.len() < most {
            let Some(Reverse(((_, _, id), n))) = self.heads.pop() else { break };
            self.advance(db, n, most)?;
            let domain = self.lanes[n].course.domain;
            claims.extend(core.claims.claim(Key { domain, id }).map(|claim| (n, claim)));
        }
        Ok(claims)
    }

    /// Reads what was claimed. Only now, under the claim, is it certain that no other session has
    /// just finished with it: what is no longer waiting is let go.
    fn load(
        &self,
        db: &Connection,
        claims: Vec<(usize, Claim)>,
        batch: &mut Batch,
    ) -> rusqlite::Result<()> {
        let snapshot = db.unchecked_transaction()?;
        for (n, claim) in claims {
            match row::load(db, &self.lanes[n].name, claim.key.id) {
                Ok(Some(stored)) if stored.entry.state == EntryState::Waiting => {
                    batch.add(db, claim, stored);
                }
                Ok(_) => {}
                Err(Unreadable::Damaged(what)) => batch.damaged.push((claim, what)),
                Err(Unreadable::Sql(e)) => return Err(e),
            }
        }
        snapshot.finish()
    }
}

impl Lane {
    fn new(name: &Domain, course: Course) -> Lane {
        let at = (i64::MIN, [0; 16]);
        Lane { name: name.clone(), course, at, ahead: VecDeque::new() }
    }

    fn next(&mut self, db: &Connection, room: usize) -> rusqlite::Result<Option<Rank>> {
        if self.ahead.is_empty() {
            self.read_ahead(db, room.clamp(AHEAD.0, AHEAD.1))?;
        }
        Ok(self.ahead.pop_front())
    }

    fn read_ahead(&mut self, db: &Connection, most: usize) -> rusqlite::Result<()> {
        let sql = "SELECT arrived, id FROM entry INDEXED BY entry_order
                   WHERE domain = ?1 AND state = ?2 AND class = ?3 AND (arrived, id) > (?4, ?5)
                   ORDER BY arrived, id LIMIT ?6";
        let Course { domain, class, .. } = self.course;
        let waiting = row::state(EntryState::Waiting);
        let mut query = db.prepare_cached(sql)?;
        let mut rows = query.query(params![domain, waiting, class, self.at.0, self.at.1, most])?;
        while let Some(row) = rows.next()? {
            self.at = (row.get(0)?, row.get(1)?);
            self.ahead.push_back(self.course.rank(self.at));
        }
        Ok(())
    }
}

impl Course {
    fn rank(&self, (arrived, id): (i64, [u8; 16])) -> Rank {
        let group = if arrived < self.cutoff { 0 } else { 1 + self.class };
        (group, arrived, EntryId(ulid::Ulid::from_bytes(id)))
    }
}

impl Batch {
    fn add(&mut self, db: &Connection, claim: Claim, stored: Stored) {
        let body = self.along(db, &stored);
        self.leases.push(Lease { stored, body, claim });
    }

    /// Content that is small enough to come along. One that cannot be read is asked for again, and
    /// its damage told, when it is wanted.
    fn along(&mut self, db: &Connection, stored: &Stored) -> Option<Vec<u8>> {
        let Place::Row(message) = stored.place else { return None };
        let octets = self.octets + stored.entry.size;
        let body = (octets <= ALONG).then(|| body::select(db, message).ok().flatten())??;
        self.octets = octets;
        Some(body)
    }
}
