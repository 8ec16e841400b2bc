//! One session's walk through what waits for its domains.
//!
//! For each domain and class there is a *lane*: a place in the index, oldest first. A lane only
//! moves forward, so what arrives meanwhile lies ahead of it. What is deferred on the way goes to
//! the end of the lane of what was tried, and that lane ends where it ended when the walk came to
//! it: so nothing is offered twice. The walk always takes the head that ranks first: aged ones,
//! oldest first, and then class by class. Nothing is read but what is about to be sent.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::Connection;

use super::body::{self, Place};
use super::claims::{Claim, For, Key};
use super::lane::{self, Course, Lane, Rank};
use super::reader::{aside, unreadable};
use super::rescue::{self, is_damage};
use super::row::{self, Stored, Unreadable};
use super::settle::Damage;
use super::{Core, Lease};
use crate::queue::{EntryState, order};
use crate::smtp::Domain;
use crate::spool::{self, Order, SpoolError};

/// Octets of content that come along with one batch of leases, so that it need not be asked for
/// message by message.
const ALONG: u64 = 1 << 20;

/// Hands out each waiting entry at most once.
#[derive(Debug)]
pub struct Walk {
    core: Arc<Core>,
    // Shared with the thread that reads, so that a call that is given up cannot lose its place.
    lanes: Arc<Mutex<Lanes>>,
    /// Some of what waits could neither be read nor set aside.
    unread: bool,
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
        Walk { core, lanes: Arc::new(Mutex::new(lanes)), unread: false }
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
        if let Some(what) = batch.misled {
            self.core.index_damaged(what).await;
        }
        let mut unread = batch.unread;
        for (claim, what) in batch.damaged {
            unread |= !self.core.set_aside(claim.key, Damage::Envelope, &what).await;
        }
        self.unread |= unread;
        // Whoever finds no more is not to think that there is none.
        if self.unread && batch.leases.is_empty() {
            return Err(rescue::passed_over());
        }
        Ok(batch.leases)
    }
}

#[derive(Debug, Default)]
struct Lanes {
    domains: Vec<Domain>,
    /// Entries that arrived before this are aged.
    cutoff: i64,
    lanes: Vec<Lane>,
    heads: BinaryHeap<Reverse<(Rank, usize)>>,
    /// The index was found damaged, and the lanes hold all that was found without it.
    rescued: bool,
}

/// What one call brings.
#[derive(Debug, Default)]
struct Batch {
    leases: Vec<Lease>,
    damaged: Vec<(Claim, String)>,
    /// What showed that the index is damaged.
    misled: Option<String>,
    /// Pages were found that cannot be read.
    unread: bool,
    octets: u64,
}

impl Lanes {
    fn next(&mut self, core: &Core, db: &Connection, room: usize) -> rusqlite::Result<Batch> {
        match self.batch(core, db, room) {
            Err(e) if is_damage(&e) && !self.rescued => {
                let gaps = self.rescue(core, db)?;
                let batch = self.batch(core, db, room)?;
                Ok(Batch { misled: Some(e.to_string()), unread: gaps > 0, ..batch })
            }
            batch => batch,
        }
    }

    fn batch(&mut self, core: &Core, db: &Connection, room: usize) -> rusqlite::Result<Batch> {
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
        self.begin(core, db)?;
        for n in 0..self.lanes.len() {
            self.advance(db, n, room)?;
        }
        Ok(())
    }

    /// Begins the lanes of domains that have got mail; a domain without any costs nothing.
    ///
    /// Where the lane of the tried ends is read before any other lane is: an entry that another
    /// session defers between the two is then beyond that end, or in that lane alone.
    fn begin(&mut self, core: &Core, db: &Connection) -> rusqlite::Result<()> {
        let ends = self.domains.iter().map(|domain| end_of(core, db, domain));
        let ends: Vec<Option<(i64, i64)>> = ends.collect::<rusqlite::Result<_>>()?;
        for (name, begins) in std::mem::take(&mut self.domains).into_iter().zip(ends) {
            let Some((domain, end)) = begins else {
                self.domains.push(name);
                continue;
            };
            let cutoff = self.cutoff;
            self.lanes.extend((0..order::CLASSES).map(|class| {
                let until = if class == order::TRIED { end } else { i64::MAX };
                Lane::new(&name, Course { domain, class, cutoff, until })
            }));
        }
        Ok(())
    }

    /// Finds what waits without the index. What somebody holds, we among them, is for another walk:
    /// so that is asked first, and whatever is written down later is not seen. Says past how many gaps it
    /// went.
    fn rescue(&mut self, core: &Core, db: &Connection) -> rusqlite::Result<usize> {
        self.rescued = true;
        self.heads.clear();
        let mut names: HashMap<i64, Domain> = HashMap::new();
        let mut courses: HashMap<i64, Course> = HashMap::new();
        for name in std::mem::take(&mut self.domains) {
            let Some((domain, _)) = core.ledger.of(&name) else { continue };
            let (class, cutoff, until) = (order::TRIED, self.cutoff, i64::MAX);
            courses.insert(domain, Course { domain, class, cutoff, until });
            names.insert(domain, name);
        }
        for lane in self.lanes.drain(..).filter(|lane| lane.course.class == order::TRIED) {
            courses.insert(lane.course.domain, lane.course);
            names.insert(lane.course.domain, lane.name);
        }
        let held: HashSet<_> = courses.keys().flat_map(|&domain| core.claims.of(domain)).collect();
        let (found, gaps) = rescue::sift(db, &courses)?;
        tracing::error!(
            found = found.len(),
            gaps,
            "the index is damaged; mail was found without it"
        );
        let mut ahead: HashMap<i64, VecDeque<Rank>> = HashMap::new();
        for (rank, domain) in found.into_iter().filter(|((.., id), _)| !held.contains(id)) {
            ahead.entry(domain).or_default().push_back(rank);
        }
        for (domain, name) in names {
            let heads = ahead.remove(&domain).unwrap_or_default();
            self.lanes.push(Lane::found(name, courses[&domain], heads));
            self.advance(db, self.lanes.len() - 1, 0)?;
        }
        Ok(gaps)
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
    ) -> rusqlite::Result<Vec<(usize, Rank, Claim)>> {
        let mut claims = Vec::new();
        while claims.len() < most {
            let Some(Reverse((head, n))) = self.heads.pop() else { break };
            self.advance(db, n, most)?;
            let key = Key { domain: self.lanes[n].course.domain, id: head.2 };
            claims.extend(core.claims.claim(key, For::Session).map(|claim| (n, head, claim)));
        }
        Ok(claims)
    }

    /// Reads what was claimed. Only now, under the claim, is it certain that no other session has
    /// just finished with it: what is no longer waiting is let go.
    fn load(
        &self,
        db: &Connection,
        claims: Vec<(usize, Rank, Claim)>,
        batch: &mut Batch,
    ) -> rusqlite::Result<()> {
        let snapshot = db.unchecked_transaction()?;
        for (n, head, claim) in claims {
            let lane = &self.lanes[n];
            match row::load(db, &lane.name, claim.key) {
                Ok(Some(stored)) if stored.entry.state == EntryState::Waiting => {
                    batch.add(db, claim, stored);
                }
                Ok(Some(_)) => {}
                Ok(None) if !self.rescued && lane::lists(db, lane.course, head)? => {
                    return Err(misled("an entry that the index lists is not there"));
                }
                Ok(None) => {}
                // Unless it was moved to another domain between the one look and the other.
                Err(Unreadable::Misfiled)
                    if !self.rescued && lane::lists(db, lane.course, head)? =>
                {
                    return Err(misled("an entry is listed under another's domain"));
                }
                Err(Unreadable::Misfiled) => {}
                Err(Unreadable::Damaged(what)) => batch.damaged.push((claim, what)),
                Err(Unreadable::Sql(e)) => return Err(e),
            }
        }
        snapshot.finish()
    }
}

/// The index is damaged, though SQLite could not see it.
fn misled(what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT_INDEX);
    rusqlite::Error::SqliteFailure(code, Some(what.to_owned()))
}

/// The number of a domain that mail waits for, and where its lane of the tried ends.
fn end_of(core: &Core, db: &Connection, name: &Domain) -> rusqlite::Result<Option<(i64, i64)>> {
    match core.ledger.of(name) {
        Some((domain, count)) if count.waiting > 0 => {
            let end = lane::last(db, domain, order::TRIED)?.unwrap_or(i64::MIN);
            Ok(Some((domain, end)))
        }
        _ => Ok(None),
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
