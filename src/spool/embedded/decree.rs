//! Orders for mail yet to come: domains whose new mail is held. They are kept where mail is, so that
//! whatever is taken after such an order is under it, and outlive a restart.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::claims::Key;
use super::operate::{self, Warrant};
use super::row;
use crate::queue::EntryState;
use crate::smtp::Domain;

/// A domain whose new mail is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decree {
    /// Which.
    pub domain: Domain,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// Why.
    pub reason: Option<String>,
    /// Until when; until it is ended, where nothing is said.
    pub until: Option<Timestamp>,
}

/// What is to be written down.
#[derive(Debug)]
pub(super) struct Proclamation {
    pub(super) domains: Vec<Domain>,
    /// Hold, until then; or no longer.
    pub(super) hold: Option<Option<Timestamp>>,
    pub(super) warrant: Arc<Warrant>,
    /// The order's number in the audit, once it has one.
    pub(super) audit: Arc<OnceLock<i64>>,
}

impl Proclamation {
    /// Writes it down, with a line in the audit. Says of how many domains anything has changed.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<u64> {
        let Warrant { who, reason, at, .. } = &*self.warrant;
        let over = "DELETE FROM decree WHERE until <= ?1";
        db.prepare_cached(over)?.execute([row::time(*at)])?;
        let mut changed = 0;
        for domain in &self.domains {
            changed += match self.hold {
                Some(until) => {
                    let sql = "INSERT OR REPLACE INTO decree (domain, at, who, reason, until)
                               VALUES (?1, ?2, ?3, ?4, ?5)";
                    let until = until.map(row::time);
                    let values = params![domain.as_str(), row::time(*at), who, reason, until];
                    db.prepare_cached(sql)?.execute(values)?
                }
                None => {
                    let sql = "DELETE FROM decree WHERE domain = ?1";
                    db.prepare_cached(sql)?.execute([domain.as_str()])?
                }
            };
        }
        if changed > 0 {
            let action = if self.hold.is_some() { "hold_future" } else { "release_future" };
            // Where it is repeated, since a transaction came to nothing, it has its number.
            let number = self.audit.get().copied();
            let number = operate::line(db, number, &self.warrant, action, changed as u64)?;
            let _ = self.audit.set(number);
        }
        Ok(changed as u64)
    }
}

/// Holds an entry that has just been written, where its domain's new mail is to be. Says in which state it
/// is.
pub(super) fn state(
    db: &Connection,
    key: Key,
    domain: &Domain,
    now: Timestamp,
) -> rusqlite::Result<EntryState> {
    // One statement in the usual case, and that on a table with hardly a row.
    let sql = "INSERT OR REPLACE INTO mark (entry, at, who, reason, until, was)
               SELECT ?1, ?2, who, reason, until, ?3 FROM decree
               WHERE domain = ?4 AND (until IS NULL OR until > ?2)";
    let id = key.id.0.to_bytes();
    let waiting = row::state(EntryState::Waiting);
    let values = params![id, row::time(now), waiting, domain.as_str()];
    match db.prepare_cached(sql)?.execute(values)? {
        0 => Ok(EntryState::Waiting),
        _ => {
            let sql = "UPDATE entry SET state = ?2 WHERE id = ?1";
            db.prepare_cached(sql)?.execute(params![id, row::state(EntryState::Held)])?;
            Ok(EntryState::Held)
        }
    }
}

/// All that are in force.
pub(super) fn all(db: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Decree>> {
    let sql = "SELECT domain, at, who, reason, until FROM decree
               WHERE until IS NULL OR until > ?1 ORDER BY domain";
    let moment = |at: i64| Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map([row::time(now)], |row| {
        let domain: String = row.get(0)?;
        let (at, who, reason, until) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        let until: Option<i64> = until;
        // Nothing but a domain was ever written there.
        let domain = Domain::parse(&domain).ok();
        Ok(domain.map(|domain| Decree {
            domain,
            at: moment(at),
            who,
            reason,
            until: until.map(moment),
        }))
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}
