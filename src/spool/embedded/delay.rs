//! Who waits longer than may be expected, and that somebody has been told of it.
//!
//! Of each domain one moment is remembered: of what came up to then, somebody has been told. So a
//! look costs as much as there is to tell, whatever the queue holds, and an entry costs nothing. What
//! came another way than the others (from another spool, from another domain, back from what was
//! deleted, while the clock was wrong) says of itself whether somebody has been told; those of whom nobody
//! has, have an index of their own.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use ulid::Ulid;

use super::claims::{Claim, For, Key};
use super::keep::Keep;
use super::ledger::{Changes, Ledger};
use super::reader::{aside, unreadable};
use super::row::{self, Stored, Unreadable};
use super::settle::Damage;
use super::writer::Work;
use super::{Core, Lease};
use crate::queue::{EntryId, EntryState, RecipientState, order};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// When an entry came, and its name; or up to where somebody has been told, with an empty name before all
/// that came in that moment.
pub(super) type Came = (i64, Vec<u8>);

/// It says of itself that somebody has been told.
const TOLD: i64 = 1;
/// It says of itself that nobody has.
const UNTOLD: i64 = 2;
/// Entries that stand apart and are looked at, so that some of them are in nobody's hands.
const APART: usize = 256;
/// Entries that are passed over in one look.
const MOST: usize = 4096;

/// What an entry says of itself.
pub(super) fn word(told: bool) -> i64 {
    if told { TOLD } else { UNTOLD }
}

/// From here on it says of itself whether somebody has been told, whatever others of its domain are told of.
pub(super) fn stands_by_itself(db: &Connection, key: Key) -> rusqlite::Result<()> {
    let sql =
        "UPDATE entry SET told = iif((SELECT (entry.arrived, entry.id) <= (domain.told, told_entry)
                 FROM domain WHERE domain.id = entry.domain), ?3, ?4)
               WHERE id = ?1 AND domain = ?2 AND told = 0";
    let values = params![key.id.0.to_bytes(), key.domain, TOLD, UNTOLD];
    db.prepare_cached(sql)?.execute(values).map(drop)
}

/// Up to where somebody has been told of a domain's mail.
pub(super) fn up_to(db: &Connection, domain: i64) -> rusqlite::Result<Came> {
    let sql = "SELECT told, told_entry FROM domain WHERE id = ?1";
    let told = db.prepare_cached(sql)?.query_row([domain], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(told.optional()?.unwrap_or_default())
}

/// Has somebody been told of this one, where of its domain's mail they have up to then?
pub(super) fn is_told(stored: &Stored, up_to: &Came) -> bool {
    match stored.told {
        TOLD => true,
        UNTOLD => false,
        _ => {
            let came = row::time(stored.entry.arrived);
            (came, &stored.entry.id.0.to_bytes()[..]) <= (up_to.0, &up_to.1[..])
        }
    }
}

/// What a look brings.
#[derive(Debug, Default)]
struct Look {
    leases: Vec<Lease>,
    damaged: Vec<(Key, String)>,
    /// The last of those that say of themselves whether somebody has been told, where there are no others.
    passed: Option<Came>,
}

/// Leases the longest waiting of a domain's entries that came before `since`, and of whose delay
/// nobody has been told. Ends before one that a session has in hand.
pub(super) async fn delayed(
    core: &Arc<Core>,
    domain: &Domain,
    since: Timestamp,
    room: usize,
) -> Result<Vec<Lease>, SpoolError> {
    let Some((number, _)) = core.ledger.of(domain) else { return Ok(Vec::new()) };
    let mut width = room;
    loop {
        let look = {
            let _turn = core.readers.turn().await;
            let (reading, name) = (Arc::clone(core), domain.clone());
            let wanted = Wanted { domain: number, since: row::time(since), room, width };
            let look = aside(move || reading.readers.read(|db| look(&reading, db, &name, &wanted)));
            look.await??.map_err(|e| unreadable(&e))?
        };
        for (key, what) in look.damaged {
            core.damaged(key, Damage::Envelope, what).await;
        }
        let Some(passed) = look.passed else { return Ok(look.leases) };
        // So that nobody finds them again.
        core.submit(Work::Tell(Box::new(Telling::passed(number, passed)))).await?;
        width = (width * 4).min(MOST);
    }
}

/// What is looked for.
struct Wanted {
    domain: i64,
    since: i64,
    /// Entries that are taken.
    room: usize,
    /// Entries that are looked at.
    width: usize,
}

fn look(
    core: &Arc<Core>,
    db: &Connection,
    name: &Domain,
    wanted: &Wanted,
) -> rusqlite::Result<Look> {
    let mut look = Look::default();
    let domain = wanted.domain;
    let claim = |id: &[u8]| {
        let id = id.try_into().ok().map(|id| EntryId(Ulid::from_bytes(id)))?;
        core.claims.claim(Key { domain, id }, For::Change)
    };
    let apart = apart(db, wanted)?;
    // Those that sessions have in hand are told of later, and keep no other waiting.
    let mut claims: Vec<Claim> =
        apart.iter().filter_map(|(_, id)| claim(id)).take(wanted.room).collect();
    let mut taken = 0;
    for (came, told) in found(db, wanted)? {
        if told != 0 {
            look.passed = Some(came);
            continue;
        }
        // What comes behind it would be told first, and this one taken to have been.
        let Some(claim) = Some(()).filter(|()| taken < wanted.room).and_then(|()| claim(&came.1))
        else {
            break;
        };
        claims.push(claim);
        taken += 1;
    }
    if taken > 0 {
        // Whoever tells of those passes them, too.
        look.passed = None;
    }
    // Only now, so that what sessions have just written down is seen.
    let snapshot = db.unchecked_transaction()?;
    for claim in claims {
        look.take(db, name, claim)?;
    }
    snapshot.finish()?;
    look.leases.sort_by_key(|lease| (lease.stored.entry.arrived, lease.stored.entry.id));
    look.leases.truncate(wanted.room);
    Ok(look)
}

impl Look {
    fn take(&mut self, db: &Connection, name: &Domain, claim: Claim) -> rusqlite::Result<()> {
        use EntryState::{Held, Waiting};
        match row::load(db, name, claim.key) {
            Ok(Some(stored)) if matches!(stored.entry.state, Waiting | Held) => {
                if stored.entry.recipients.iter().any(|(_, state)| RecipientState::waits(state)) {
                    self.leases.push(Lease { stored, body: None, claim });
                }
                Ok(())
            }
            // It has gone meanwhile, or elsewhere.
            Ok(_) | Err(Unreadable::Misfiled) => Ok(()),
            Err(Unreadable::Damaged(what)) => {
                self.damaged.push((claim.key, what));
                Ok(())
            }
            Err(Unreadable::Sql(e)) => Err(e),
        }
    }
}

/// The first of those that say of themselves that nobody has been told.
fn apart(db: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Came>> {
    let sql = "SELECT arrived, id FROM entry INDEXED BY entry_untold
               WHERE domain = ?1 AND told = 2 AND state < 2 AND arrived < ?2
               ORDER BY arrived, id LIMIT ?3";
    let Wanted { domain, since, room, .. } = wanted;
    let room = (*room).max(APART);
    let mut untold = db.prepare_cached(sql)?;
    let rows =
        untold.query_map(params![domain, since, room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The first of those that came since somebody was told last, and before `since`; and what each says of
/// itself.
fn found(db: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<(Came, i64)>> {
    let &Wanted { domain, since, width, .. } = wanted;
    let (told, last) = up_to(db, domain)?;
    let mut found = Vec::new();
    let one = |row: &Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
    for state in [EntryState::Waiting, EntryState::Held].map(row::state) {
        // What was not tried waits since it came.
        let sql = "SELECT since, id, told FROM entry INDEXED BY entry_order
                   WHERE domain = ?1 AND state = ?2 AND class = ?3 AND (since, id) > (?4, ?5)
                     AND since < ?6 ORDER BY since, id LIMIT ?7";
        let mut untried = db.prepare_cached(sql)?;
        for class in 0..order::SIZE_CLASSES {
            let among = params![domain, state, class, told, last, since, width];
            for row in untried.query_map(among, one)? {
                found.push(row?);
            }
        }
        let sql = "SELECT arrived, id, told FROM entry INDEXED BY entry_tried
                   WHERE domain = ?1 AND state = ?2 AND class = 5 AND (arrived, id) > (?3, ?4)
                     AND arrived < ?5 ORDER BY arrived, id LIMIT ?6";
        let mut tried = db.prepare_cached(sql)?;
        for row in tried.query_map(params![domain, state, told, last, since, width], one)? {
            found.push(row?);
        }
    }
    found.sort_unstable();
    found.truncate(width);
    Ok(found)
}

/// That somebody is told of an entry's delay, or need not be.
#[derive(Debug)]
pub(super) struct Telling {
    /// Of which; where there is none, of those behind which to look next.
    claim: Option<Claim>,
    domain: i64,
    /// When it came.
    came: Came,
    /// What came up to then is told of with it.
    up_to: Option<Timestamp>,
    /// The notice.
    pub(super) keep: Option<Box<Keep>>,
}

impl Telling {
    pub(super) fn new(lease: Lease, up_to: Option<Timestamp>, keep: Option<Box<Keep>>) -> Telling {
        let Lease { stored, claim, .. } = lease;
        let Key { domain, id } = claim.key;
        let came = (row::time(stored.entry.arrived), id.0.to_bytes().to_vec());
        Telling { claim: Some(claim), domain, came, up_to, keep }
    }

    /// Nobody is told.
    fn passed(domain: i64, came: Came) -> Telling {
        Telling { claim: None, domain, came, up_to: None, keep: None }
    }

    /// Writes it down.
    pub(super) fn write(
        &self,
        db: &Connection,
        notice: i64,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        if let Some(up_to) = self.up_to {
            self.is_told_up_to(db, up_to)?;
        } else if !self.says_so_itself(db)? {
            self.moves_on(db, &self.came)?;
        }
        if let Some(keep) = &self.keep {
            keep.write(db, notice, ledger, changes)?;
        }
        Ok(1)
    }

    /// It stood apart from the others: of them nothing is said.
    fn says_so_itself(&self, db: &Connection) -> rusqlite::Result<bool> {
        let Some(Claim { key, .. }) = &self.claim else { return Ok(false) };
        let sql = "UPDATE entry SET told = ?3 WHERE id = ?1 AND domain = ?2 AND told = ?4";
        let values = params![key.id.0.to_bytes(), key.domain, TOLD, UNTOLD];
        Ok(db.prepare_cached(sql)?.execute(values)? > 0)
    }

    /// Of all that waits: what stood apart does so no longer.
    fn is_told_up_to(&self, db: &Connection, up_to: Timestamp) -> rusqlite::Result<()> {
        let up_to = row::time(up_to);
        let sql = "UPDATE entry INDEXED BY entry_untold SET told = ?3
                   WHERE domain = ?1 AND told = 2 AND state < 2 AND arrived < ?2";
        db.prepare_cached(sql)?.execute(params![self.domain, up_to, TOLD])?;
        self.moves_on(db, &(up_to, Vec::new()))
    }

    fn moves_on(&self, db: &Connection, (told, last): &Came) -> rusqlite::Result<()> {
        let sql = "UPDATE domain SET told = ?2, told_entry = ?3
                   WHERE id = ?1 AND (told, told_entry) < (?2, ?3)";
        db.prepare_cached(sql)?.execute(params![self.domain, told, last]).map(drop)
    }
}
