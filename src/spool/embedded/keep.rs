//! Taking a message in: one row for it, one for each domain, one for each recipient.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::body::{self, Body};
use super::claims::Key;
use super::decree;
use super::delay;
use super::ledger::{Changes, Ledger, Weight};
use super::operate::Hold;
use super::row;
use super::seal::Sealed;
use crate::queue::{Answered, EntryState, order};
use crate::smtp::Stage;
use crate::spool::{Arrival, Part};

/// A message whose content is at hand or on disk, and which wants to be in the ledger.
#[derive(Debug)]
pub(super) struct Keep {
    pub(super) arrival: Arrival,
    pub(super) sealed: Sealed,
    pub(super) body: Body,
    pub(super) way: Way,
}

/// How a message comes.
#[derive(Debug)]
pub(super) enum Way {
    /// From whoever sends it.
    Mail,
    /// From where another spool left it.
    Import {
        /// It is not to go out yet.
        hold: Option<Hold>,
        /// Even if it came before and has left since.
        again: bool,
        /// What had become of it there.
        past: Box<Past>,
    },
}

/// What had become of a message in the spool that it comes from: when it is tried next depends on that, and an
/// operator wants to see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Sessions that tried it and did not finish it.
    pub attempts: u32,
    /// When the last of them did; it was not tried where there is none.
    pub tried: Option<Timestamp>,
    /// What was answered for each of its recipients, in their order.
    pub answered: Vec<Option<Answered>>,
    /// Somebody has been told there that it waits.
    pub told_of_delay: bool,
}

impl Past {
    /// When it was tried last, and how often, if it was.
    fn trials(&self) -> Option<(Timestamp, u32)> {
        self.tried.zip(Some(self.attempts).filter(|attempts| *attempts > 0))
    }
}

impl Keep {
    /// Writes the rows. Says how many entries are new: a part that is there already, because its
    /// commit is being repeated, is left alone.
    pub(super) fn write(
        &self,
        db: &Connection,
        message: i64,
        ledger: &Ledger,
        changes: &mut Changes,
    ) -> rusqlite::Result<u64> {
        let mut parts = 0;
        for part in &self.arrival.parts {
            if matches!(self.way, Way::Import { again: false, .. }) && was_imported(db, part)? {
                continue;
            }
            let domain = changes.id(db, ledger, &part.domain)?;
            if self.entry(db, message, domain, part)? {
                let key = Key { domain, id: part.id };
                let mut state = decree::state(db, key, &part.domain, self.arrival.arrived)?;
                let past = self.past();
                if let Way::Import { hold, .. } = &self.way {
                    remember(db, part)?;
                    if let (EntryState::Waiting, Some(hold)) = (state, hold) {
                        hold.write(db, key)?;
                        state = EntryState::Held;
                    }
                }
                recipients(db, part, past)?;
                let size = self.sealed.size.cast_signed();
                let tried = past.is_some_and(|past| past.trials().is_some());
                changes.count(domain).enters(state, Weight { size, tried });
                parts += 1;
            }
        }
        if parts > 0 {
            self.message(db, message, parts)?;
        }
        Ok(parts)
    }

    fn past(&self) -> Option<&Past> {
        match &self.way {
            Way::Mail => None,
            Way::Import { past, .. } => Some(past),
        }
    }

    fn entry(
        &self,
        db: &Connection,
        message: i64,
        domain: i64,
        part: &Part,
    ) -> rusqlite::Result<bool> {
        let sql = "INSERT INTO entry (id, domain, message, state, class, size, arrived, since,
                   expires, whom, attempts, told)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?10, ?8, ?9, ?11, ifnull(?12,
                     iif((SELECT (?7, ?1) <= (told, told_entry) FROM domain WHERE id = ?2), 2, 0)))
                   ON CONFLICT (id) DO NOTHING";
        let size_class = order::size_class(self.sealed.size);
        let (class, since, attempts) = match self.past().and_then(Past::trials) {
            Some((tried, attempts)) => (order::TRIED, tried, attempts),
            None => (size_class, self.arrival.arrived, 0),
        };
        // Also what came while the clock was set back stands apart from what somebody has been told of.
        let told = self.past().map(|past| delay::word(past.told_of_delay));
        let new = db.prepare_cached(sql)?.execute(params![
            part.id.0.to_bytes(),
            domain,
            message,
            row::state(EntryState::Waiting),
            class,
            self.sealed.size.cast_signed(),
            row::time(self.arrival.arrived),
            row::time(part.expires),
            row::whom(
                &part.domain,
                &self.arrival.reverse_path,
                part.recipients.iter(),
                &self.sealed.digest
            ),
            row::time(since),
            attempts,
            told,
        ])?;
        Ok(new == 1)
    }

    fn message(&self, db: &Connection, message: i64, parts: u64) -> rusqlite::Result<()> {
        let sql = "INSERT INTO message (id, parts, size, shape, head, file, checks, digest,
                   reverse_path, declared, kind, smtputf8, ret, envid, ip, helo, tls, auth, message_id)
                   VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)";
        let Arrival { reverse_path, params, source, trace, .. } = &self.arrival;
        db.prepare_cached(sql)?.execute(params![
            message,
            parts.cast_signed(),
            self.sealed.size.cast_signed(),
            self.shape(),
            &trace[..],
            self.file(),
            self.sealed.checks,
            &self.sealed.digest[..],
            reverse_path.as_str(),
            params.size.map(u64::cast_signed),
            row::kind(params.body),
            params.smtputf8,
            row::ret(params.ret),
            params.envid.as_deref(),
            source.ip.to_string(),
            source.helo,
            source.tls,
            source.auth,
            self.sealed.message_id,
        ])?;
        match &self.body {
            Body::Row(data) => body::insert(db, message, data),
            Body::File(_) => Ok(()),
        }
    }

    fn shape(&self) -> i64 {
        let crlf = if self.sealed.ends_in_crlf { row::ENDS_IN_CRLF } else { 0 };
        let eight = if self.sealed.eight_bit { row::EIGHT_BIT } else { 0 };
        let long = if self.sealed.long_lines { row::LONG_LINES } else { 0 };
        crlf | eight | long
    }

    fn file(&self) -> Option<&str> {
        match &self.body {
            Body::Row(_) => None,
            Body::File(placed) => Some(placed.name()),
        }
    }

    /// A row speaks of the body's file now, or may after the next start.
    pub(super) fn keep_file(&mut self) {
        if let Body::File(placed) = &mut self.body {
            placed.keep();
        }
    }
}

fn was_imported(db: &Connection, part: &Part) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM imported WHERE entry = ?1";
    db.prepare_cached(sql)?.exists([part.id.0.to_bytes()])
}

/// It is not to come a second time when it has left.
fn remember(db: &Connection, part: &Part) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO imported VALUES (?1, ?2)";
    let now = row::time(jiff::Timestamp::now());
    db.prepare_cached(sql)?.execute(params![part.id.0.to_bytes(), now]).map(drop)
}

fn recipients(db: &Connection, part: &Part, past: Option<&Past>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO recipient (entry, n, path, notify, orcpt, state)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (entry, n) DO NOTHING";
    let mut insert = db.prepare_cached(sql)?;
    for (n, recipient) in part.recipients.iter().enumerate() {
        insert.execute(params![
            part.id.0.to_bytes(),
            n,
            recipient.path.as_str(),
            row::notify(recipient.params.notify),
            recipient.params.orcpt.as_deref(),
            row::WAITING,
        ])?;
    }
    let answered = past.iter().flat_map(|past| past.answered.iter().enumerate());
    for (n, answered) in answered.take(part.recipients.len()) {
        if let Some(answered) = answered {
            say_again(db, part, n, answered)?;
        }
    }
    Ok(())
}

/// What was answered for one who waits still.
fn say_again(db: &Connection, part: &Part, n: usize, answered: &Answered) -> rusqlite::Result<()> {
    let sql = "UPDATE recipient SET code = ?3, status = ?4, words = ?5, times = ?6, at = ?7,
               session = ?8, stage = ?9, remote_id = ?10 WHERE entry = ?1 AND n = ?2";
    let Answered { tried, times, stage, remote_id, reply } = answered;
    let (code, status, words) = row::reply(reply.as_ref());
    db.prepare_cached(sql)?
        .execute(params![
            part.id.0.to_bytes(),
            n,
            code,
            status,
            words,
            times,
            row::time(tried.at),
            tried.session,
            stage.map(Stage::name),
            remote_id,
        ])
        .map(drop)
}
