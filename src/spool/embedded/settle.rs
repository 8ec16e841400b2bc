//! What becomes of an entry: delivered and gone, kept for later, kept as failed, set aside.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::body;
use super::claims::{Claim, Key};
use super::conclude;
use super::decree;
use super::delay;
use super::lane;
use super::ledger::{Changes, Weight};
use super::operate;
use super::row;
use crate::queue::{self, Entry, EntryState, Fate, RecipientState, Tried, order};
use crate::smtp::{Domain, Reply, Said};

/// What a session made of one entry.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) claim: Claim,
    message: i64,
    size: i64,
    tried: Tried,
    /// Which recipients have changed, and how.
    changed: Vec<Change>,
    after: After,
}

/// A recipient who was answered for.
#[derive(Debug)]
struct Change {
    n: usize,
    state: RecipientState,
    said: Said,
}

/// Where the entry stands then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Gone,
    Failed,
    Waiting,
}

impl Settlement {
    /// Lays the fates beside the waiting recipients, in their order. One without a fate was not
    /// tried.
    pub(super) fn new(
        claim: Claim,
        message: i64,
        entry: &Entry,
        fates: Vec<Fate>,
        tried: Tried,
    ) -> Settlement {
        let mut fates = fates.into_iter();
        let mut changed = Vec::new();
        let mut states: Vec<_> = entry.recipients.iter().map(|(_, state)| state.clone()).collect();
        for (n, state) in states.iter_mut().enumerate() {
            let fate = state.waits().then(|| fates.next()).flatten();
            if let Some((new, said)) = fate.and_then(become_of) {
                changed.push(Change { n, state: new.clone(), said });
                *state = new;
            }
        }
        let size = entry.size.cast_signed();
        Settlement { claim, message, size, tried, changed, after: after(&states) }
    }

    /// Some customer has this mail, or part of it.
    pub(super) fn delivers(&self) -> bool {
        let taken = |state: &RecipientState| {
            matches!(state, RecipientState::Delivered | RecipientState::Relayed(_))
        };
        self.changed.iter().any(|change| taken(&change.state))
    }

    /// Writes it down. Says whether the entry was still there.
    pub(super) fn write(&self, db: &Connection, changes: &mut Changes) -> rusqlite::Result<u64> {
        match self.after {
            After::Gone => remove(db, self.claim.key, self.message, self.size, changes),
            After::Failed | After::Waiting => self.update(db, changes),
        }
    }

    fn update(&self, db: &Connection, changes: &mut Changes) -> rusqlite::Result<u64> {
        let key = self.claim.key.id.0.to_bytes();
        let there = self.queue_anew(db, changes)?;
        let sql = "UPDATE recipient SET state = ?3, code = ?4, status = ?5, words = ?6,
                   times = times + 1, at = ?7, session = ?8, stage = ?9, remote_id = ?10
                   WHERE entry = ?1 AND n = ?2";
        let mut update = db.prepare_cached(sql)?;
        let Tried { at, session } = &self.tried;
        for Change { n, state, said } in &self.changed {
            let (state, reply) = row::recipient_state(state);
            // Of one who has the mail it is kept for the operator's eye.
            let (code, status, words) = row::reply(reply.or(Some(&said.reply)));
            let (at, stage, remote_id) = (row::time(*at), said.stage.name(), said.remote_id());
            let values = params![key, n, state, code, status, words, at, session, stage, remote_id];
            update.execute(values)?;
        }
        let news = self.changed.iter().any(|change| change.state.is_due());
        if there > 0 && (news || self.after == After::Failed) {
            conclude::is_due(db, self.claim.key)?;
        }
        if self.after == After::Failed {
            return set_state(db, self.claim.key, EntryState::Failed, changes);
        }
        Ok(there)
    }

    /// Behind everything that was tried before, whatever the clock says: a walk under way has seen
    /// where the queue ended when it began, and must not meet this entry again.
    fn queue_anew(&self, db: &Connection, changes: &mut Changes) -> rusqlite::Result<u64> {
        let Key { domain, id } = self.claim.key;
        let last = lane::last(db, domain, order::TRIED)?;
        let now = row::time(self.tried.at);
        let tried = last.map_or(now, |last| now.max(last.saturating_add(1)));
        let sql = "UPDATE entry SET attempts = attempts + 1, class = ?2, since = ?3 WHERE id = ?1
                   RETURNING attempts = 1 AND state = ?4";
        let values = params![id.0.to_bytes(), order::TRIED, tried, row::state(EntryState::Waiting)];
        let first: Option<bool> =
            db.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
        changes.count(domain).tried += i64::from(first == Some(true));
        Ok(first.is_some().into())
    }
}

fn become_of(fate: Fate) -> Option<(RecipientState, Said)> {
    Some(match fate {
        Fate::Delivered(said) => (RecipientState::Delivered, said),
        Fate::Relayed(said) => (RecipientState::Relayed(said.reply.clone()), said),
        Fate::Deferred(said) => (RecipientState::Waiting(Some(said.reply.clone())), said),
        Fate::Refused(said) => (RecipientState::Refused(said.reply.clone()), said),
        Fate::Untried => return None,
    })
}

fn after(states: &[RecipientState]) -> After {
    if states.iter().any(RecipientState::waits) {
        After::Waiting
    } else if states.iter().any(RecipientState::is_due) {
        After::Failed
    } else {
        After::Gone
    }
}

/// Takes an entry out. Says whether it was still there, in that domain.
pub(super) fn remove(
    db: &Connection,
    entry: Key,
    message: i64,
    size: i64,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let key = entry.id.0.to_bytes();
    let sql = "DELETE FROM entry WHERE id = ?1 AND domain = ?2 RETURNING state, attempts > 0";
    let was = db
        .prepare_cached(sql)?
        .query_row(params![key, entry.domain], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((was, tried)) = was.optional()? else { return Ok(0) };
    db.prepare_cached("DELETE FROM recipient WHERE entry = ?1")?.execute([key])?;
    release(db, message, changes)?;
    if let Some(was) = row::entry_state(was) {
        changes.count(entry.domain).leaves(was, Weight { size, tried });
    }
    Ok(1)
}

/// An entry needs its message no more; with the last one, the message goes.
fn release(db: &Connection, message: i64, changes: &mut Changes) -> rusqlite::Result<()> {
    let last = "DELETE FROM message WHERE id = ?1 AND parts <= 1 RETURNING file";
    let gone: Option<Option<String>> =
        db.prepare_cached(last)?.query_row([message], |row| row.get(0)).optional()?;
    match gone {
        Some(Some(file)) => changes.orphaned.push(file),
        Some(None) => body::delete(db, message)?,
        None => {
            let sql = "UPDATE message SET parts = parts - 1 WHERE id = ?1";
            db.prepare_cached(sql)?.execute([message])?;
        }
    }
    Ok(())
}

/// Moves an entry into another state, and its domain's count with it.
pub(super) fn set_state(
    db: &Connection,
    entry: Key,
    state: EntryState,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let key = entry.id.0.to_bytes();
    let Some((was, weight)) = standing(db, entry)? else { return Ok(0) };
    let sql = "UPDATE entry SET state = ?2 WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![key, row::state(state)])?;
    let count = changes.count(entry.domain);
    if let Some(was) = row::entry_state(was) {
        count.leaves(was, weight);
    }
    count.enters(state, weight);
    Ok(1)
}

/// What of an entry is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Whose it is and for whom.
    Envelope,
    /// The mail itself. A sender who is still to be told can be told without it.
    Content,
}

/// What was seen of the damage, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noticed {
    pub(super) what: String,
    pub(super) at: Timestamp,
}

/// Keeps an entry from being handed over, and notes why. What an operator has deleted stays so.
pub(super) fn set_aside(
    db: &Connection,
    entry: Key,
    damage: Damage,
    noticed: &Noticed,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let Some((state, _)) = standing(db, entry)? else { return Ok(0) };
    match (row::entry_state(state), damage) {
        (Some(EntryState::Deleted), _) | (Some(EntryState::Failed), Damage::Content) => Ok(0),
        // Since when it is so, is told by whoever saw it first.
        (Some(EntryState::Damaged), _) => operate::note_damage(db, entry, noticed).map(|()| 1),
        _ => {
            conclude::is_not_due(db, entry)?;
            operate::note_damage(db, entry, noticed)?;
            set_state(db, entry, EntryState::Damaged, changes)
        }
    }
}

/// How an entry stands in that domain: whoever has read its domain before it was moved finds nothing.
fn standing(db: &Connection, entry: Key) -> rusqlite::Result<Option<(i64, Weight)>> {
    let sql = "SELECT state, size, attempts > 0 FROM entry WHERE id = ?1 AND domain = ?2";
    let standing = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, Weight { size: row.get(1)?, tried: row.get(2)? }))
    };
    let key = params![entry.id.0.to_bytes(), entry.domain];
    db.prepare_cached(sql)?.query_row(key, standing).optional()
}

/// Moves an entry to another domain, and those of its recipients who wait. Who they were at first is
/// kept for a notice (RFC 3461, section 5.2.2). One that cannot be moved stays where it is.
pub(super) fn redirect(
    db: &Connection,
    from: Key,
    to: Key,
    domain: &Domain,
    now: Timestamp,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let key = from.id.0.to_bytes();
    let sql = "SELECT name FROM domain WHERE id = ?1";
    let name: String = db.prepare_cached(sql)?.query_row([from.domain], |row| row.get(0))?;
    if name == queue::OUTGOING {
        // Its recipients are all over the world, and nobody's here.
        return Ok(0);
    }
    let Ok(Some(stored)) =
        Domain::parse(&name).map(|name| row::load(db, &name, from).ok().flatten())
    else {
        return Ok(0);
    };
    let Some(standing) = standing(db, from)?.filter(|_| from.domain != to.domain) else {
        return Ok(0);
    };
    let mut recipients = Vec::with_capacity(stored.entry.recipients.len());
    for (recipient, state) in &stored.entry.recipients {
        recipients.push(match state.waits() {
            false => recipient.clone(),
            true => match recipient.moved(domain) {
                Some(moved) => moved,
                None => return Ok(0),
            },
        });
    }
    let sql = "UPDATE recipient SET path = ?3, orcpt = ?4 WHERE entry = ?1 AND n = ?2";
    let mut update = db.prepare_cached(sql)?;
    for (n, recipient) in recipients.iter().enumerate() {
        let (path, orcpt) = (recipient.path.as_str(), recipient.params.orcpt.as_deref());
        update.execute(params![key, n, path, orcpt])?;
    }
    let whom = row::whom(domain, &stored.entry.reverse_path, recipients.iter(), &stored.digest);
    // Of what came there before, somebody may have been told, and of this one not; or the other way round.
    delay::stands_by_itself(db, from)?;
    let sql = "UPDATE entry SET domain = ?2, whom = ?3 WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![key, to.domain, whom])?;
    let sql = "UPDATE due SET domain = ?2 WHERE entry = ?1";
    db.prepare_cached(sql)?.execute(params![key, to.domain])?;
    let (state, weight) = standing;
    if let Some(state) = row::entry_state(state) {
        changes.count(from.domain).leaves(state, weight);
        // It is new there, and may have to wait for an operator.
        let state = match state {
            EntryState::Waiting => decree::state(db, to, domain, now)?,
            _ => state,
        };
        changes.count(to.domain).enters(state, weight);
    }
    Ok(1)
}

/// Gives up the recipients who still wait of an entry whose time has run out.
pub(super) fn expire(
    db: &Connection,
    entry: Key,
    now: Timestamp,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let key = entry.id.0.to_bytes();
    let sql = "SELECT 1 FROM entry WHERE id = ?1 AND state = ?2 AND expires <= ?3 AND domain = ?4";
    let waiting = row::state(EntryState::Waiting);
    if !db.prepare_cached(sql)?.exists(params![key, waiting, row::time(now), entry.domain])? {
        return Ok(0);
    }
    give_up(db, entry, changes)
}

/// Those who still wait are refused, as if the customer had said so.
pub(super) fn refuse(
    db: &Connection,
    entry: Key,
    reply: &Reply,
    at: Timestamp,
    changes: &mut Changes,
) -> rusqlite::Result<u64> {
    let (code, status, words) = row::reply(Some(reply));
    // In no session was that said.
    let sql = "UPDATE recipient SET state = ?2, code = ?4, status = ?5, words = ?6, at = ?7,
               session = NULL, stage = NULL
               WHERE entry = ?1 AND state = ?3";
    let (key, at) = (entry.id.0.to_bytes(), row::time(at));
    let values = params![key, row::REFUSED, row::WAITING, code, status, words, at];
    db.prepare_cached(sql)?.execute(values)?;
    fail(db, entry, changes)
}

/// The time of an entry is up, whatever the clock says.
pub(super) fn give_up(db: &Connection, entry: Key, changes: &mut Changes) -> rusqlite::Result<u64> {
    let sql = "UPDATE recipient SET state = ?2 WHERE entry = ?1 AND state = ?3";
    let key = entry.id.0.to_bytes();
    db.prepare_cached(sql)?.execute(params![key, row::EXPIRED, row::WAITING])?;
    fail(db, entry, changes)
}

/// Nobody waits any more, and somebody is to be told.
fn fail(db: &Connection, entry: Key, changes: &mut Changes) -> rusqlite::Result<u64> {
    conclude::is_due(db, entry)?;
    set_state(db, entry, EntryState::Failed, changes)
}
