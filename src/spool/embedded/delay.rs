//! Who waits longer than may be expected, and that somebody has been told of it.
//!
//! Of each domain one moment is remembered: of what came up to then, somebody has been told. So a
//! look costs as much as there is to tell, whatever the queue holds, and an entry costs nothing.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

use super::claims::{Claim, For, Key};
use super::keep::Keep;
use super::ledger::{Changes, Ledger};
use super::reader::{aside, unreadable};
use super::row::{self, Unreadable};
use super::settle::Damage;
use super::{Core, Lease};
use crate::queue::{EntryId, EntryState, RecipientState, order};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// When an entry came, and its name.
type Came = (i64, [u8; 16]);

/// What a look brings.
#[derive(Debug, Default)]
struct Look {
    leases: Vec<Lease>,
    damaged: Vec<(Key, String)>,
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
    let look = {
        let _turn = core.readers.turn().await;
        let (reading, name) = (Arc::clone(core), domain.clone());
        let look = aside(move || {
            reading.readers.read(|db| look(&reading, db, &name, number, row::time(since), room))
        });
        look.await??.map_err(|e| unreadable(&e))?
    };
    for (key, what) in look.damaged {
        core.damaged(key, Damage::Envelope, what).await;
    }
    Ok(look.leases)
}

fn look(
    core: &Arc<Core>,
    db: &Connection,
    name: &Domain,
    domain: i64,
    since: i64,
    room: usize,
) -> rusqlite::Result<Look> {
    let mut look = Look::default();
    let found = found(db, domain, since, room)?;
    let mut claims = Vec::with_capacity(found.len());
    for (_, id) in found {
        let id = EntryId(Ulid::from_bytes(id));
        // What comes behind it would be told first, and this one taken to have been.
        let Some(claim) = core.claims.claim(Key { domain, id }, For::Change) else { break };
        claims.push(claim);
    }
    // Only now, so that what sessions have just written down is seen.
    let snapshot = db.unchecked_transaction()?;
    for claim in claims {
        look.take(db, name, claim)?;
    }
    snapshot.finish()?;
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

/// The first of those that came since somebody was told last, and before `since`.
fn found(db: &Connection, domain: i64, since: i64, room: usize) -> rusqlite::Result<Vec<Came>> {
    let sql = "SELECT told, told_entry FROM domain WHERE id = ?1";
    let told = db.prepare_cached(sql)?.query_row([domain], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((told, last)): Option<(i64, Vec<u8>)> = told.optional()? else {
        return Ok(Vec::new());
    };
    let mut found: Vec<Came> = Vec::new();
    for state in [EntryState::Waiting, EntryState::Held].map(row::state) {
        // What was not tried waits since it came.
        let sql = "SELECT since, id FROM entry INDEXED BY entry_order
                   WHERE domain = ?1 AND state = ?2 AND class = ?3 AND (since, id) > (?4, ?5)
                     AND since < ?6 ORDER BY since, id LIMIT ?7";
        let mut untried = db.prepare_cached(sql)?;
        for class in 0..order::SIZE_CLASSES {
            let among = params![domain, state, class, told, last, since, room];
            let rows = untried.query_map(among, |row| Ok((row.get(0)?, row.get(1)?)))?;
            found.extend(rows.collect::<rusqlite::Result<Vec<Came>>>()?);
        }
        let sql = "SELECT arrived, id FROM entry INDEXED BY entry_tried
                   WHERE domain = ?1 AND state = ?2 AND class = 5 AND (arrived, id) > (?3, ?4)
                     AND arrived < ?5 ORDER BY arrived, id LIMIT ?6";
        let mut tried = db.prepare_cached(sql)?;
        let among = params![domain, state, told, last, since, room];
        let rows = tried.query_map(among, |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.extend(rows.collect::<rusqlite::Result<Vec<Came>>>()?);
    }
    found.sort_unstable();
    found.truncate(room);
    Ok(found)
}

/// That somebody is told of an entry's delay, or need not be.
#[derive(Debug)]
pub(super) struct Telling {
    claim: Claim,
    /// When it came.
    came: Timestamp,
    /// What came up to then is told of with it.
    up_to: Option<Timestamp>,
    /// The notice.
    pub(super) keep: Option<Box<Keep>>,
}

impl Telling {
    pub(super) fn new(lease: Lease, up_to: Option<Timestamp>, keep: Option<Box<Keep>>) -> Telling {
        Telling { came: lease.stored.entry.arrived, claim: lease.claim, up_to, keep }
    }

    /// Writes it down.
    pub(super) fn write(
        &self,
        db: &Connection,
        notice: i64,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        let Key { domain, id } = self.claim.key;
        let id = id.0.to_bytes();
        let (told, last): (_, &[u8]) = match self.up_to {
            Some(up_to) => (up_to, &[]),
            None => (self.came, &id),
        };
        let sql = "UPDATE domain SET told = ?2, told_entry = ?3
                   WHERE id = ?1 AND (told, told_entry) < (?2, ?3)";
        db.prepare_cached(sql)?.execute(params![domain, row::time(told), last])?;
        if let Some(keep) = &self.keep {
            keep.write(db, notice, ledger, changes)?;
        }
        Ok(1)
    }
}
