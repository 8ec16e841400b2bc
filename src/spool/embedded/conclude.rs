//! Telling senders: which entries that is due for, and that it is done.
//!
//! What is due stands in a table of its own, so that nobody has to look for it. The notice is kept
//! and the entry let go of in one transaction: no crash loses the one or repeats the other.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

use super::claims::{Claim, For, Key};
use super::keep::Keep;
use super::ledger::{Changes, Ledger};
use super::reader::{aside, unreadable};
use super::rescue::is_damage;
use super::row::{self, Stored, Unreadable};
use super::settle::{self, Damage};
use super::writer::Work;
use super::{Core, Lease};
use crate::queue::{Entry, EntryId, EntryState, RecipientState};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// Of this entry somebody is to be told.
pub(super) fn is_due(db: &Connection, entry: Key) -> rusqlite::Result<()> {
    let sql = "INSERT INTO due (entry, domain) VALUES (?1, ?2) ON CONFLICT (entry) DO NOTHING";
    db.prepare_cached(sql)?.execute(params![entry.id.0.to_bytes(), entry.domain])?;
    Ok(())
}

/// Nobody is, or no longer.
/// What was moved to another domain meanwhile is due there.
pub(super) fn is_not_due_here(db: &Connection, entry: Key) -> rusqlite::Result<()> {
    let sql = "UPDATE due SET domain = (SELECT domain FROM entry WHERE id = ?1)
               WHERE entry = ?1 AND EXISTS (SELECT 1 FROM entry WHERE id = ?1 AND domain <> ?2)";
    let key = entry.id.0.to_bytes();
    if db.prepare_cached(sql)?.execute(params![key, entry.domain])? > 0 {
        return Ok(());
    }
    is_not_due(db, entry)
}

pub(super) fn is_not_due(db: &Connection, entry: Key) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM due WHERE entry = ?1")?.execute([entry.id.0.to_bytes()])?;
    Ok(())
}

/// Somebody is, if a recipient says so.
pub(super) fn is_due_again(db: &Connection, entry: Key) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT 1 FROM recipient WHERE entry = ?1 AND state IN ({}, {}, {})",
        row::REFUSED,
        row::EXPIRED,
        row::RELAYED
    );
    match db.prepare_cached(&sql)?.exists([entry.id.0.to_bytes()])? {
        true => is_due(db, entry),
        false => Ok(()),
    }
}

/// Makes the table anew from the entries, for where it is damaged.
pub(super) fn rebuild(db: &Connection) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR IGNORE INTO due (entry, domain) SELECT id, domain FROM entry NOT INDEXED
         WHERE state IN ({}, {}, {}) AND EXISTS (SELECT 1 FROM recipient
           WHERE entry = entry.id AND recipient.state IN ({}, {}, {}));",
        row::state(EntryState::Waiting),
        row::state(EntryState::Held),
        row::state(EntryState::Failed),
        row::REFUSED,
        row::EXPIRED,
        row::RELAYED
    );
    db.execute_batch(&sql)
}

/// That the sender of an entry is told, or need not be.
#[derive(Debug)]
pub(super) struct Conclusion {
    claim: Claim,
    message: i64,
    size: i64,
    /// Which recipients it is about.
    told: Vec<usize>,
    /// Somebody waits still.
    stays: bool,
    /// The notice.
    pub(super) keep: Option<Box<Keep>>,
}

impl Conclusion {
    pub(super) fn new(
        claim: Claim,
        message: i64,
        entry: &Entry,
        keep: Option<Box<Keep>>,
    ) -> Conclusion {
        let states = || entry.recipients.iter().map(|(_, state)| state);
        Conclusion {
            claim,
            message,
            size: entry.size.cast_signed(),
            told: states()
                .enumerate()
                .filter(|(_, state)| state.is_due())
                .map(|(n, _)| n)
                .collect(),
            stays: states().any(RecipientState::waits),
            keep,
        }
    }

    /// Writes it down. Says whether the entry was still there; without it there is no notice.
    pub(super) fn write(
        &self,
        db: &Connection,
        notice: i64,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        let Key { id, .. } = self.claim.key;
        is_not_due(db, self.claim.key)?;
        let there = match self.stays {
            true => self.mark(db, id)?,
            false => settle::remove(db, self.claim.key, self.message, self.size, changes)?,
        };
        if let Some(keep) = self.keep.as_ref().filter(|_| there > 0) {
            keep.write(db, notice, ledger, changes)?;
        }
        Ok(there)
    }

    fn mark(&self, db: &Connection, id: EntryId) -> rusqlite::Result<u64> {
        // What was said stays, for the operator's eye.
        let sql = "UPDATE recipient SET state = ?3 WHERE entry = ?1 AND n = ?2";
        let mut update = db.prepare_cached(sql)?;
        let mut there = 0;
        for n in &self.told {
            there += update.execute(params![id.0.to_bytes(), n, row::TOLD])? as u64;
        }
        Ok(there.min(1))
    }
}

/// What a look at the table brings.
#[derive(Debug, Default)]
struct Look {
    leases: Vec<Lease>,
    damaged: Vec<(Claim, String)>,
    /// Of these nobody is to be told, though the table says so. Held until that is written down, so
    /// that no session makes it true meanwhile.
    stale: Vec<Claim>,
}

/// Leases what is due, the oldest first.
pub(super) async fn due(core: &Arc<Core>, room: usize) -> Result<Vec<Lease>, SpoolError> {
    let looked = {
        let _turn = core.readers.turn().await;
        let reading = Arc::clone(core);
        aside(move || reading.readers.read(|db| look(&reading, db, room))).await??
    };
    let look = match looked {
        Ok(look) => look,
        Err(e) => {
            // What SQLite gave and makes no sense is damage too; that it gave nothing now is none.
            if e.sqlite_error_code().is_none() || is_damage(&e) {
                core.index_damaged(e.to_string()).await;
            }
            return Err(unreadable(&e));
        }
    };
    for (claim, what) in look.damaged {
        core.damaged(claim.key, Damage::Envelope, what).await;
    }
    if !look.stale.is_empty() {
        core.submit(Work::NotDue(look.stale)).await?;
    }
    Ok(look.leases)
}

/// Claims first, and reads what it has claimed only then: what another session has just written down
/// of an entry would not be seen in an older view.
fn look(core: &Arc<Core>, db: &Connection, room: usize) -> rusqlite::Result<Look> {
    let claims = claim(core, db, room)?;
    let mut look = Look::default();
    let snapshot = db.unchecked_transaction()?;
    for claim in claims {
        match load(db, claim.key) {
            Ok(Some(stored)) if is_told_of(&stored.entry) => {
                look.leases.push(Lease { stored, body: None, claim });
            }
            Ok(_) | Err(Unreadable::Misfiled) => look.stale.push(claim),
            Err(Unreadable::Damaged(what)) => look.damaged.push((claim, what)),
            Err(Unreadable::Sql(e)) => return Err(e),
        }
    }
    snapshot.finish()?;
    Ok(look)
}

fn claim(core: &Arc<Core>, db: &Connection, room: usize) -> rusqlite::Result<Vec<Claim>> {
    let mut query = db.prepare_cached("SELECT entry, domain FROM due ORDER BY entry")?;
    let mut rows = query.query([])?;
    let mut claims = Vec::new();
    while claims.len() < room
        && let Some(row) = rows.next()?
    {
        let id = EntryId(Ulid::from_bytes(row.get(0)?));
        // Whoever has it now will have changed it; its turn comes.
        claims.extend(core.claims.claim(Key { domain: row.get(1)?, id }, For::Change));
    }
    Ok(claims)
}

/// What an operator holds is kept from its customer, not from its sender.
fn is_told_of(entry: &Entry) -> bool {
    use EntryState::{Failed, Held, Waiting};
    matches!(entry.state, Waiting | Held | Failed)
        && entry.recipients.iter().any(|(_, state)| state.is_due())
}

fn load(db: &Connection, key: Key) -> Result<Option<Stored>, Unreadable> {
    let sql = "SELECT name FROM domain WHERE id = ?1";
    let name: Option<String> =
        db.prepare_cached(sql)?.query_row([key.domain], |row| row.get(0)).optional()?;
    match name.map(|name| Domain::parse(&name)) {
        Some(Ok(domain)) => row::load(db, &domain, key),
        Some(Err(_)) => Err(Unreadable::Damaged("its domain's name cannot be read".to_owned())),
        None => Ok(None),
    }
}
