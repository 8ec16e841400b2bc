//! What waits for each domain: kept in memory for answers in constant time, and in a table that
//! changes in the same transactions as the entries, so that a start need not count.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use rusqlite::{Connection, params};

use crate::queue::EntryState;
use crate::smtp::Domain;

/// What waits for one domain, or how that changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) waiting: i64,
    pub(super) octets: i64,
    pub(super) set_aside: i64,
}

impl Count {
    /// An entry of `size` octets comes into `state`.
    pub(super) fn enters(&mut self, state: EntryState, size: i64) {
        self.moves(state, size, 1);
    }

    /// And leaves it.
    pub(super) fn leaves(&mut self, state: EntryState, size: i64) {
        self.moves(state, size, -1);
    }

    fn moves(&mut self, state: EntryState, size: i64, n: i64) {
        match state {
            EntryState::Waiting => {
                self.waiting += n;
                self.octets += n * size;
            }
            EntryState::Held | EntryState::Failed | EntryState::Damaged => self.set_aside += n,
        }
    }

    fn add(&mut self, other: Count) {
        self.waiting += other.waiting;
        self.octets += other.octets;
        self.set_aside += other.set_aside;
    }
}

/// Every domain we ever had mail for.
#[derive(Debug, Default)]
pub(super) struct Ledger(RwLock<Books>);

#[derive(Debug, Default)]
struct Books {
    ids: HashMap<Domain, i64>,
    counts: HashMap<i64, Count>,
}

impl Ledger {
    /// Reads the table.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Ledger> {
        let mut books = Books::default();
        let mut query = db.prepare("SELECT id, name, waiting, octets, set_aside FROM domain")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let count = Count { waiting: row.get(2)?, octets: row.get(3)?, set_aside: row.get(4)? };
            match Domain::parse(&name) {
                Ok(domain) => books.ids.insert(domain, id),
                Err(e) => {
                    tracing::error!(id, error = %e, "a domain's name in the spool is damaged");
                    continue;
                }
            };
            books.counts.insert(id, count);
        }
        Ok(Ledger(RwLock::new(books)))
    }

    /// The domain's number and count, if it ever had mail.
    pub(super) fn of(&self, domain: &Domain) -> Option<(i64, Count)> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let id = *books.ids.get(domain)?;
        Some((id, books.counts.get(&id).copied().unwrap_or_default()))
    }

    /// Takes in what a transaction has changed.
    pub(super) fn enter(&self, changes: &Changes) {
        let mut books = self.0.write().unwrap_or_else(PoisonError::into_inner);
        books.ids.extend(changes.born.iter().map(|(domain, &id)| (domain.clone(), id)));
        for (&id, &change) in &changes.counts {
            books.counts.entry(id).or_default().add(change);
        }
    }
}

/// What one transaction does to the ledger and the shelf, taken in only once it is durable.
#[derive(Debug, Default)]
pub(super) struct Changes {
    born: HashMap<Domain, i64>,
    counts: HashMap<i64, Count>,
    /// Files of bodies that nobody needs any more.
    pub(super) orphaned: Vec<String>,
}

impl Changes {
    /// The domain's count, to be changed.
    pub(super) fn count(&mut self, domain: i64) -> &mut Count {
        self.counts.entry(domain).or_default()
    }

    /// The domain's number; a new one for a new domain.
    pub(super) fn id(
        &mut self,
        db: &Connection,
        ledger: &Ledger,
        domain: &Domain,
    ) -> rusqlite::Result<i64> {
        let known = ledger.of(domain).map(|(id, _)| id);
        if let Some(id) = known.or_else(|| self.born.get(domain).copied()) {
            return Ok(id);
        }
        let sql = "INSERT INTO domain (name) VALUES (?1) RETURNING id";
        let id = db.prepare_cached(sql)?.query_row([domain.as_str()], |row| row.get(0))?;
        self.born.insert(domain.clone(), id);
        Ok(id)
    }

    /// Writes the counts into their table, once for each domain touched.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        let sql = "UPDATE domain SET waiting = waiting + ?2, octets = octets + ?3, \
                   set_aside = set_aside + ?4 WHERE id = ?1";
        let mut update = db.prepare_cached(sql)?;
        for (id, change) in &self.counts {
            update.execute(params![id, change.waiting, change.octets, change.set_aside])?;
        }
        Ok(())
    }
}
