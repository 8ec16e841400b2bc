//! An operator's acts: each under a claim, so that nothing is taken out of a session's hands, and all
//! of one order in few transactions, with a word in the audit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

use super::Core;
use super::claims::{Claim, For, Key};
use super::conclude;
use super::delay;
use super::done::Done;
use super::ledger::{Changes, Ledger};
use super::reader::{aside, unreadable};
use super::row::{self, Unreadable};
use super::settle::{self, Noticed};
use super::writer::Work;
use crate::queue::{Act, EntryId, EntryState, order};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// Entries in one transaction: few enough that mail coming in meanwhile waits for milliseconds.
const AT_ONCE: usize = 256;
/// Who acts where no operator does.
const OURSELVES: &str = "odmrd";
/// For how long what was deleted can be called back.
pub const UNDO: Duration = Duration::from_secs(24 * 3600);

/// Who acts, and why.
#[derive(Clone, Debug)]
pub struct Warrant {
    /// Who, for the audit.
    pub who: String,
    /// Why.
    pub reason: Option<String>,
    /// What was selected, in the operator's words.
    pub filter: String,
    /// When.
    pub at: Timestamp,
}

/// What came of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Entries it was done to.
    pub done: u64,
    /// Entries that a session has in hand.
    pub busy: u64,
    /// Entries that are gone, or in a state in which it makes no sense.
    pub unfit: u64,
    /// Entries to which it was not done because the spool could not be read or written.
    pub failed: u64,
    /// The number of the order in the audit; none when nothing was done.
    pub audit: Option<i64>,
    /// Which entries it was done to.
    pub entries: Vec<(EntryId, Domain)>,
}

/// An order that came to nothing from some entry on: what was done before it stays done.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct CutShort {
    /// What came of it as far as it went; the rest has failed.
    pub outcome: Outcome,
    /// Why.
    pub fault: SpoolError,
}

impl From<Box<CutShort>> for SpoolError {
    fn from(cut: Box<CutShort>) -> SpoolError {
        cut.fault
    }
}

/// Part of an order, for the writer.
#[derive(Debug)]
pub(super) struct Operation {
    claims: Vec<Claim>,
    act: Act,
    warrant: Arc<Warrant>,
    /// The order's number in the audit, once it has one.
    audit: Arc<OnceLock<i64>>,
    /// To which it was done.
    done: Done,
}

/// Carries an order out.
pub(super) async fn operate(
    core: &Arc<Core>,
    ids: Vec<EntryId>,
    act: Act,
    warrant: Warrant,
) -> Result<Outcome, Box<CutShort>> {
    let (warrant, audit, all) = (Arc::new(warrant), Arc::default(), Done::default());
    let mut outcome = Outcome::default();
    let order = Order { core, act, warrant, audit: Arc::clone(&audit), done: all.clone() };
    let mut fault = None;
    for some in ids.chunks(AT_ONCE) {
        if let Err(error) = order.of_some(some, &mut outcome).await {
            fault = Some(error);
            break;
        }
    }
    outcome.audit = audit.get().copied();
    outcome.entries = all.named(&core.ledger);
    match fault {
        None => Ok(outcome),
        Some(fault) => {
            let told = outcome.done + outcome.busy + outcome.unfit;
            outcome.failed = (ids.len() as u64).saturating_sub(told);
            Err(Box::new(CutShort { outcome, fault }))
        }
    }
}

/// An order that is being carried out.
struct Order<'a> {
    core: &'a Arc<Core>,
    act: Act,
    warrant: Arc<Warrant>,
    audit: Arc<OnceLock<i64>>,
    done: Done,
}

impl Order<'_> {
    /// Does it to some, all of them or none.
    async fn of_some(&self, some: &[EntryId], outcome: &mut Outcome) -> Result<(), SpoolError> {
        let core = self.core;
        let keys = keys_of(core, some.to_vec()).await?;
        let claims: Vec<Claim> =
            keys.iter().filter_map(|&key| core.claims.claim(key, For::Change)).collect();
        let (gone, busy) = ((some.len() - keys.len()) as u64, (keys.len() - claims.len()) as u64);
        let claimed = claims.len() as u64;
        let mut done = 0;
        if claimed > 0 {
            let (warrant, audit) = (Arc::clone(&self.warrant), Arc::clone(&self.audit));
            let (act, these) = (self.act.clone(), Done::default());
            let operation = Operation { claims, act, warrant, audit, done: these.clone() };
            done = core.submit(Work::Operate(Box::new(operation))).await?;
            self.done.join(&these);
        }
        outcome.done += done;
        outcome.busy += busy;
        outcome.unfit += gone + claimed - done.min(claimed);
        Ok(())
    }
}

async fn keys_of(core: &Arc<Core>, ids: Vec<EntryId>) -> Result<Vec<Key>, SpoolError> {
    let _turn = core.readers.turn().await;
    let reading = Arc::clone(core);
    let keys = aside(move || {
        reading.readers.read(|db| {
            let mut query = db.prepare_cached("SELECT domain FROM entry WHERE id = ?1")?;
            let mut keys = Vec::with_capacity(ids.len());
            for id in ids {
                let domain = query.query_row([id.0.to_bytes()], |row| row.get(0)).optional()?;
                keys.extend(domain.map(|domain| Key { domain, id }));
            }
            Ok(keys)
        })
    });
    keys.await??.map_err(|e: rusqlite::Error| unreadable(&e))
}

impl Operation {
    /// Writes it down. Says to how many entries it was done.
    pub(super) fn write(
        &self,
        db: &Connection,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        let act = |claim: &Claim| self.act_on(db, claim.key, ledger, changes);
        let done = self.done.record(&self.claims, act)?;
        if done > 0 {
            self.note(db, done)?;
        }
        Ok(done)
    }

    fn act_on(
        &self,
        db: &Connection,
        key: Key,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        let Some(state) = state_of(db, key)?.filter(|&state| self.act.fits(state)) else {
            return Ok(0);
        };
        // Of whom nobody knows for whom it is, nobody can be told.
        let told = matches!(self.act, Act::Expire | Act::Bounce(_));
        if told && !is_legible(db, key)? {
            return Ok(0);
        }
        match &self.act {
            Act::Hold(until) => {
                self.mark(db, key, state, *until)?;
                settle::set_state(db, key, EntryState::Held, changes)
            }
            Act::Release => {
                unmark(db, key)?;
                settle::set_state(db, key, EntryState::Waiting, changes)
            }
            Act::Delete(until) => {
                let until = until.or_else(|| self.warrant.at.checked_add(UNDO).ok());
                self.mark(db, key, state, until)?;
                conclude::is_not_due(db, key)?;
                // What others of its domain are told of meanwhile is not told of this one.
                delay::stands_by_itself(db, key)?;
                settle::set_state(db, key, EntryState::Deleted, changes)
            }
            Act::Undelete => call_back(db, key, changes),
            Act::Expire => {
                unmark(db, key)?;
                settle::give_up(db, key, changes)
            }
            Act::Bounce(reply) => {
                unmark(db, key)?;
                settle::refuse(db, key, reply, self.warrant.at, changes)
            }
            Act::Requeue => requeue(db, key, changes),
            Act::Redirect(to) | Act::Rehome(to) => {
                let number = changes.id(db, ledger, to)?;
                let there = Key { domain: number, ..key };
                let moved = settle::redirect(db, key, there, to, self.warrant.at, changes)?;
                if moved > 0 && matches!(self.act, Act::Rehome(_)) {
                    requeue(db, there, changes)?;
                }
                Ok(moved)
            }
        }
    }

    fn mark(
        &self,
        db: &Connection,
        key: Key,
        was: EntryState,
        until: Option<Timestamp>,
    ) -> rusqlite::Result<()> {
        mark(db, key, &self.warrant, was, until)
    }

    /// One line of the audit for the whole order.
    fn note(&self, db: &Connection, done: u64) -> rusqlite::Result<()> {
        if let Some(id) = self.audit.get() {
            let sql = "UPDATE audit SET done = done + ?2 WHERE id = ?1";
            // Not there where the transaction that made it came to nothing and is being repeated.
            if db.prepare_cached(sql)?.execute(params![id, done.cast_signed()])? > 0 {
                return Ok(());
            }
        }
        let id = line(db, self.audit.get().copied(), &self.warrant, self.act.name(), done)?;
        let _ = self.audit.set(id);
        Ok(())
    }
}

/// An order by which nothing changes in the spool, for the audit.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) action: &'static str,
    pub(super) warrant: Warrant,
    /// How many entries it was about.
    pub(super) done: u64,
}

impl Noted {
    /// Writes its line. Says which that is.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<u64> {
        let id = line(db, None, &self.warrant, self.action, self.done)?;
        Ok(id.max(0).cast_unsigned())
    }
}

/// Whose order an entry is under, and what it was before.
fn mark(
    db: &Connection,
    key: Key,
    warrant: &Warrant,
    was: EntryState,
    until: Option<Timestamp>,
) -> rusqlite::Result<()> {
    // What was said before is said again when this is undone.
    let sql = "INSERT OR REPLACE INTO mark (entry, at, who, reason, until, was,
                 held_at, held_who, held_reason, held_until)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, old.at, old.who, old.reason, old.until
               FROM (SELECT 1) LEFT JOIN mark old ON old.entry = ?1";
    let Warrant { who, reason, at, .. } = warrant;
    db.prepare_cached(sql)?.execute(params![
        key.id.0.to_bytes(),
        row::time(*at),
        who,
        reason,
        until.map(row::time),
        row::state(was),
    ])?;
    Ok(())
}

/// What is damaged of an entry stands where an operator's word would, as the daemon's own.
pub(super) fn note_damage(db: &Connection, key: Key, noticed: &Noticed) -> rusqlite::Result<()> {
    let warrant = Warrant {
        who: OURSELVES.to_owned(),
        reason: Some(noticed.what.clone()),
        filter: String::new(),
        at: noticed.at,
    };
    let known = "SELECT 1 FROM mark WHERE entry = ?1 AND was = ?2";
    let damaged = row::state(EntryState::Damaged);
    match db.prepare_cached(known)?.exists(params![key.id.0.to_bytes(), damaged])? {
        true => Ok(()),
        false => mark(db, key, &warrant, EntryState::Damaged, None),
    }
}

/// Can its envelope be read, and is it the one that came in?
fn is_legible(db: &Connection, key: Key) -> rusqlite::Result<bool> {
    let sql = "SELECT name FROM domain WHERE id = ?1";
    let name: Option<String> =
        db.prepare_cached(sql)?.query_row([key.domain], |row| row.get(0)).optional()?;
    let domain = name.and_then(|name| Domain::parse(&name).ok());
    match domain.map(|domain| row::load(db, &domain, key)) {
        Some(Ok(stored)) => Ok(stored.is_some()),
        Some(Err(Unreadable::Sql(e))) => Err(e),
        Some(Err(Unreadable::Damaged(_) | Unreadable::Misfiled)) | None => Ok(false),
    }
}

/// A hold that a message has from its first moment.
#[derive(Debug)]
pub struct Hold {
    /// By whom, and why.
    pub warrant: Warrant,
    /// Until when; until it is released, where nothing is said.
    pub until: Option<Timestamp>,
    /// By whom and since when it was held before it came here, where it was.
    pub before: Option<(String, Timestamp)>,
}

impl Hold {
    /// Puts an entry on hold that has just been written and waits.
    pub(super) fn write(&self, db: &Connection, key: Key) -> rusqlite::Result<()> {
        let mut shown = self.warrant.clone();
        if let Some((who, at)) = self.before.clone() {
            shown = Warrant { who, at, ..shown };
        }
        mark(db, key, &shown, EntryState::Waiting, self.until)?;
        let sql = "UPDATE entry SET state = ?2 WHERE id = ?1";
        let held = row::state(EntryState::Held);
        db.prepare_cached(sql)?.execute(params![key.id.0.to_bytes(), held])?;
        line(db, None, &self.warrant, Act::Hold(self.until).name(), 1).map(drop)
    }
}

/// A new line of the audit. Its number.
pub(super) fn line(
    db: &Connection,
    number: Option<i64>,
    warrant: &Warrant,
    action: &str,
    done: u64,
) -> rusqlite::Result<i64> {
    let Warrant { who, reason, filter, at } = warrant;
    let sql = "INSERT INTO audit (id, at, who, action, reason, filter, done)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
    let values = params![number, row::time(*at), who, action, reason, filter, done.cast_signed()];
    db.prepare_cached(sql)?.query_row(values, |row| row.get(0))
}

fn state_of(db: &Connection, key: Key) -> rusqlite::Result<Option<EntryState>> {
    let sql = "SELECT state FROM entry WHERE id = ?1 AND domain = ?2";
    let key = params![key.id.0.to_bytes(), key.domain];
    let state = db.prepare_cached(sql)?.query_row(key, |row| row.get(0));
    Ok(state.optional()?.and_then(row::entry_state))
}

fn unmark(db: &Connection, key: Key) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM mark WHERE entry = ?1")?.execute([key.id.0.to_bytes()])?;
    Ok(())
}

/// Back into the state it was deleted from; one that was held is held still, by whom it was and as long, and of
/// one that is damaged it is told as before.
fn call_back(db: &Connection, key: Key, changes: &mut Changes) -> rusqlite::Result<u64> {
    let sql = "SELECT was FROM mark WHERE entry = ?1";
    let was = db.prepare_cached(sql)?.query_row([key.id.0.to_bytes()], |row| row.get(0));
    let was = was.optional()?.and_then(row::entry_state).unwrap_or(EntryState::Waiting);
    // What was said of damage that an older version saw is not known.
    if was == EntryState::Damaged {
        let sql = "DELETE FROM mark WHERE entry = ?1 AND held_at IS NULL";
        db.prepare_cached(sql)?.execute([key.id.0.to_bytes()])?;
    }
    match was {
        EntryState::Held | EntryState::Damaged => {
            let sql = "UPDATE mark SET was = ?2, until = held_until,
                         at = ifnull(held_at, at), who = ifnull(held_who, who),
                         reason = iif(held_at IS NULL, reason, held_reason)
                       WHERE entry = ?1";
            let before = match was {
                EntryState::Damaged => was,
                _ => EntryState::Waiting,
            };
            db.prepare_cached(sql)?.execute(params![key.id.0.to_bytes(), row::state(before)])?;
        }
        _ => unmark(db, key)?,
    }
    conclude::is_due_again(db, key)?;
    settle::set_state(db, key, was, changes)
}

/// To its place among those that were never tried.
fn requeue(db: &Connection, key: Key, changes: &mut Changes) -> rusqlite::Result<u64> {
    let id = key.id.0.to_bytes();
    let sql = "SELECT size, attempts > 0 AND state = ?2 FROM entry WHERE id = ?1";
    let (size, counted): (u64, bool) =
        db.prepare_cached(sql)?.query_row(params![id, row::state(EntryState::Waiting)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    changes.count(key.domain).tried -= i64::from(counted);
    let sql = "UPDATE entry SET attempts = 0, class = ?2, since = arrived WHERE id = ?1";
    let there = db.prepare_cached(sql)?.execute(params![id, order::size_class(size)])?;
    let sql = "UPDATE recipient SET code = NULL, status = NULL, words = NULL, times = 0,
               at = NULL, session = NULL, stage = NULL, remote_id = NULL
               WHERE entry = ?1 AND state = ?2";
    db.prepare_cached(sql)?.execute(params![id, row::WAITING])?;
    Ok(there as u64)
}

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub action: String,
    /// Why.
    pub reason: Option<String>,
    /// To what, in the operator's words.
    pub filter: String,
    /// To how many entries.
    pub done: u64,
}

/// The last lines of the audit, the newest first.
pub(super) fn audit(
    db: &Connection,
    before: Option<i64>,
    most: u64,
) -> rusqlite::Result<Vec<Audited>> {
    let sql = "SELECT id, at, who, action, reason, filter, done FROM audit
               WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let line = |row: &rusqlite::Row<'_>| {
        Ok(Audited {
            id: row.get(0)?,
            at: Timestamp::from_microsecond(row.get(1)?).unwrap_or(Timestamp::UNIX_EPOCH),
            who: row.get(2)?,
            action: row.get(3)?,
            reason: row.get(4)?,
            filter: row.get(5)?,
            done: row.get(6)?,
        })
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?.query_map([before.unwrap_or(i64::MAX), most], line)?.collect()
}

/// Clears away what was deleted long enough ago.
pub(super) fn clear(
    db: &Connection,
    claims: &[Claim],
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let sql = "SELECT message, size FROM entry WHERE id = ?1 AND state = ?2";
    let deleted = row::state(EntryState::Deleted);
    let mut cleared = 0;
    for Claim { key, .. } in claims {
        let found = params![key.id.0.to_bytes(), deleted];
        let found = db
            .prepare_cached(sql)?
            .query_row(found, |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        unmark(db, *key)?;
        if let Some((message, size)) = found {
            cleared += settle::remove(db, *key, message, size, changes)?;
        }
    }
    Ok(cleared)
}

/// Marks whose time has come.
#[derive(Debug, Default)]
struct Ripe {
    /// Held until now.
    release: Vec<EntryId>,
    /// Deleted long ago.
    clear: Vec<Key>,
}

/// Lets go of what was held until now, and clears away what was deleted long enough ago.
pub(super) async fn tend(core: &Arc<Core>, now: Timestamp) -> Result<(), SpoolError> {
    let ripe = {
        let _turn = core.readers.turn().await;
        let reading = Arc::clone(core);
        let ripe = aside(move || reading.readers.read(|db| ripe(db, now))).await??;
        ripe.map_err(|e| unreadable(&e))?
    };
    if !ripe.release.is_empty() {
        let (who, filter) = (OURSELVES.to_owned(), "held until now".to_owned());
        let warrant = Warrant { who, reason: None, filter, at: now };
        operate(core, ripe.release, Act::Release, warrant).await?;
    }
    for some in ripe.clear.chunks(AT_ONCE) {
        let claims: Vec<Claim> =
            some.iter().filter_map(|&key| core.claims.claim(key, For::Change)).collect();
        core.submit(Work::Clear(claims)).await?;
    }
    Ok(())
}

fn ripe(db: &Connection, now: Timestamp) -> rusqlite::Result<Ripe> {
    let sql =
        "SELECT mark.entry, entry.domain, entry.state FROM mark JOIN entry ON entry.id = mark.entry
               WHERE mark.until <= ?1";
    let (held, deleted) = (row::state(EntryState::Held), row::state(EntryState::Deleted));
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([row::time(now)])?;
    let mut ripe = Ripe::default();
    while let Some(row) = rows.next()? {
        let id = EntryId(Ulid::from_bytes(row.get(0)?));
        match row.get::<_, i64>(2)? {
            state if state == held => ripe.release.push(id),
            state if state == deleted => ripe.clear.push(Key { domain: row.get(1)?, id }),
            _ => {}
        }
    }
    Ok(ripe)
}
