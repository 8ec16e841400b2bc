//! What waits for each domain: kept in memory for answers in constant time, and in a table that
//! changes in the same transactions as the entries, so that a start need not count.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use rusqlite::{Connection, params};

use crate::queue::EntryState;
use crate::smtp::Domain;

/// The columns of a domain's counts.
pub(super) const COLUMNS: &str = "waiting, tried, octets, aside, held, failed, damaged, deleted";

/// What waits for one domain, or how that changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) waiting: i64,
    /// Of those, how many were tried before.
    pub(super) tried: i64,
    /// Of what waits.
    pub(super) octets: i64,
    /// Octets of all the others.
    pub(super) aside: i64,
    pub(super) held: i64,
    pub(super) failed: i64,
    pub(super) damaged: i64,
    pub(super) deleted: i64,
}

/// How an entry counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    /// Octets.
    pub(super) size: i64,
    /// Some session had it and did not finish it.
    pub(super) tried: bool,
}

impl Count {
    /// An entry comes into `state`.
    pub(super) fn enters(&mut self, state: EntryState, what: Weight) {
        self.moves(state, what, 1);
    }

    /// And leaves it.
    pub(super) fn leaves(&mut self, state: EntryState, what: Weight) {
        self.moves(state, what, -1);
    }

    fn moves(&mut self, state: EntryState, Weight { size, tried }: Weight, n: i64) {
        match state {
            EntryState::Waiting => {
                self.octets += n * size;
                self.tried += n * i64::from(tried);
            }
            _ => self.aside += n * size,
        }
        match state {
            EntryState::Waiting => self.waiting += n,
            EntryState::Held => self.held += n,
            EntryState::Failed => self.failed += n,
            EntryState::Damaged => self.damaged += n,
            EntryState::Deleted => self.deleted += n,
        }
    }

    /// What is in any state but waiting.
    pub(super) fn set_aside(self) -> i64 {
        self.held + self.failed + self.damaged + self.deleted
    }

    /// The columns of the table, in the order of [`COLUMNS`].
    fn columns(self) -> [i64; 8] {
        let Count { waiting, tried, octets, aside, held, failed, damaged, deleted } = self;
        [waiting, tried, octets, aside, held, failed, damaged, deleted]
    }

    fn read(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Count> {
        Ok(Count {
            waiting: row.get(from)?,
            tried: row.get(from + 1)?,
            octets: row.get(from + 2)?,
            aside: row.get(from + 3)?,
            held: row.get(from + 4)?,
            failed: row.get(from + 5)?,
            damaged: row.get(from + 6)?,
            deleted: row.get(from + 7)?,
        })
    }

    fn add(&mut self, other: Count) {
        self.waiting += other.waiting;
        self.tried += other.tried;
        self.octets += other.octets;
        self.aside += other.aside;
        self.held += other.held;
        self.failed += other.failed;
        self.damaged += other.damaged;
        self.deleted += other.deleted;
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
        let mut query = db.prepare(&format!("SELECT id, name, {COLUMNS} FROM domain"))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let count = Count::read(row, 2)?;
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

    /// What these numbers stand for.
    pub(super) fn names(&self, numbers: impl Iterator<Item = i64>) -> HashMap<i64, Domain> {
        let wanted: HashSet<i64> = numbers.collect();
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = books.ids.iter().filter(|(_, number)| wanted.contains(number));
        wanted.map(|(domain, number)| (*number, domain.clone())).collect()
    }

    /// Every domain that has mail in whatever state, by name.
    pub(super) fn all(&self) -> Vec<(Domain, i64, Count)> {
        let books = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let count = |id: &i64| books.counts.get(id).copied().unwrap_or_default();
        let all = books.ids.iter().map(|(domain, id)| (domain.clone(), *id, count(id)));
        let mut all: Vec<_> = all.filter(|(.., count)| *count != Count::default()).collect();
        all.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        all
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
        let sql =
            "UPDATE domain SET waiting = waiting + ?2, tried = tried + ?3, octets = octets + ?4,
                   aside = aside + ?5, held = held + ?6, failed = failed + ?7, damaged = damaged + ?8,
                   deleted = deleted + ?9 WHERE id = ?1";
        let mut update = db.prepare_cached(sql)?;
        for (id, change) in &self.counts {
            let [waiting, tried, octets, aside, held, failed, damaged, deleted] = change.columns();
            let counts = params![id, waiting, tried, octets, aside, held, failed, damaged, deleted];
            update.execute(counts)?;
        }
        Ok(())
    }
}
