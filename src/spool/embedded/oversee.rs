//! What an operator sees: entries page by page, and domains with their counts. Read beside the
//! writer, in short transactions, so that looking never keeps mail waiting.

use std::collections::{HashMap, hash_map};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

use super::claims::Key;
use super::commits::Stride;
use super::decree::{self, Decree};
use super::delay::{self, Came};
use super::ledger::{Count, Ledger};
use super::operate::{self, Audited};
use super::reader::{Readers, aside, modestly, unreadable};
use super::rescue::{self, is_damage};
use super::row::{self, Stored, Unreadable};
use super::{Core, body, content, database, has_not_lost_its_tables, remains, schema};
use crate::queue::{Answered, Entry, EntryId, EntryState, Mark, order};
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// An entry as it lies on the shelf.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The entry.
    pub entry: Entry,
    /// SHA-256 of its content.
    pub digest: Vec<u8>,
    /// What was answered for each of its recipients, in their order; without those behind the last who
    /// was answered for.
    pub answered: Vec<Option<Answered>>,
    /// A session has it in hand.
    pub leased: bool,
    /// Somebody has been told that it waits, or was not to be.
    pub told_of_delay: bool,
    /// What an operator said of it, where it is held or deleted; where it is damaged, what of it is and when
    /// that was seen, as far as that is known.
    pub mark: Option<Mark>,
}

/// One that cannot be read.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// Which.
    pub id: EntryId,
    /// Whose, as far as can be told.
    pub domain: Option<Domain>,
    /// Why.
    pub what: String,
    /// When that was seen first, where it was set aside for it.
    pub since: Option<Timestamp>,
}

/// Some entries, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// In the order of their names, which is that of their births.
    pub entries: Vec<Result<Sight, Unseen>>,
    /// To be handed in for the page behind this; `None` behind the last.
    pub next: Option<EntryId>,
    /// Behind these lies what cannot be read, not even its name: this is to be told at the end.
    pub gap: Option<SpoolError>,
}

/// A domain's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standings {
    /// Which.
    pub domain: Domain,
    /// Entries that wait, leased and deferred ones included.
    pub waiting: u64,
    /// Of those, how many were tried before.
    pub tried: u64,
    /// Of those, how many a session has in hand.
    pub leased: u64,
    /// Octets of what waits.
    pub octets: u64,
    /// Octets of all the others.
    pub octets_aside: u64,
    /// Entries an operator holds.
    pub held: u64,
    /// Entries at their end, of which somebody is to be told.
    pub failed: u64,
    /// Entries set aside.
    pub damaged: u64,
    /// Entries deleted and not yet cleared away.
    pub deleted: u64,
    /// When the oldest of those that wait arrived.
    pub oldest: Option<Timestamp>,
    /// When that one is given up.
    pub next_expiry: Option<Timestamp>,
}

/// How an entry rests, as far as the tables alone can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// For its customer to call for the first time.
    Waiting,
    /// It was tried, and waits.
    Deferred,
    /// [`EntryState::Held`].
    Held,
    /// [`EntryState::Failed`].
    Failed,
    /// [`EntryState::Damaged`].
    Damaged,
    /// [`EntryState::Deleted`].
    Deleted,
}

impl Rest {
    /// Each with its word.
    pub const ALL: [(Rest, &'static str); 6] = [
        (Rest::Waiting, "waiting"),
        (Rest::Deferred, "deferred"),
        (Rest::Held, "held"),
        (Rest::Failed, "failed"),
        (Rest::Damaged, "damaged"),
        (Rest::Deleted, "deleted"),
    ];

    fn of(state: EntryState, tried: bool) -> Rest {
        match state {
            EntryState::Waiting if tried => Rest::Deferred,
            EntryState::Waiting => Rest::Waiting,
            EntryState::Held => Rest::Held,
            EntryState::Failed => Rest::Failed,
            EntryState::Damaged => Rest::Damaged,
            EntryState::Deleted => Rest::Deleted,
        }
    }
}

/// What rests in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Octets of the messages.
    pub octets: u64,
    /// Recipients who have not got them.
    pub recipients: u64,
}

/// What only a walk through all that waits can tell of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Entries younger than the first end, than the second, and so on; and the others.
    pub ages: Vec<u64>,
    /// What is at rest, by [`Rest`].
    pub rest: [Share; Rest::ALL.len()],
    /// Entries that are given up soon.
    pub expiring: u64,
}

impl Census {
    /// What rests in this way.
    pub fn at(&self, rest: Rest) -> Share {
        self.rest[rest as usize]
    }

    /// Recipients of what waits, whether it was tried or not.
    pub fn recipients(&self) -> u64 {
        self.at(Rest::Waiting).recipients + self.at(Rest::Deferred).recipients
    }
}

impl Standings {
    /// Entries that rest in this way.
    pub fn at(&self, rest: Rest) -> u64 {
        match rest {
            Rest::Waiting => self.waiting.saturating_sub(self.tried),
            Rest::Deferred => self.tried,
            Rest::Held => self.held,
            Rest::Failed => self.failed,
            Rest::Damaged => self.damaged,
            Rest::Deleted => self.deleted,
        }
    }

    /// Those of a domain without mail.
    pub fn none(domain: Domain) -> Standings {
        Standings {
            domain,
            waiting: 0,
            tried: 0,
            leased: 0,
            octets: 0,
            octets_aside: 0,
            held: 0,
            failed: 0,
            damaged: 0,
            deleted: 0,
            oldest: None,
            next_expiry: None,
        }
    }
}

/// Names that are taken in one look: a megabyte.
pub const NAMES: usize = 65_536;
/// Entries that are counted in one look.
const COUNTED: usize = 4096;

/// Looks at a spool, open or not.
#[derive(Clone, Debug)]
pub struct Overseer {
    readers: Arc<Readers>,
    core: Option<Arc<Core>>,
    names: Arc<Names>,
}

/// What the numbers of domains stand for, as far as somebody has looked.
type Names = Mutex<HashMap<i64, Domain>>;

impl Overseer {
    pub(super) fn of(core: Arc<Core>, path: std::path::PathBuf) -> Overseer {
        let readers = Arc::new(Readers::new(path, 2));
        Overseer { readers, core: Some(core), names: Arc::default() }
    }

    /// Looks at the spool in this folder without opening it: nothing is written, nobody is kept from
    /// it, and what sessions have in hand cannot be seen.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`] when there is none, or of another layout.
    pub fn at(folder: &Path) -> Result<Overseer, SpoolError> {
        let path = database(folder);
        if !path.exists() {
            let what = format!("{}: there is no spool", folder.display());
            return Err(SpoolError::Unusable(what));
        }
        has_not_lost_its_tables(&path, &remains(folder))?;
        if schema::has_a_sealed_log(&path) {
            let what = format!(
                "{}: the log beside it cannot be read where nothing can be written; copy the folder, and look \
                 at the copy",
                path.display()
            );
            return Err(SpoolError::Unusable(what));
        }
        let db = schema::reader(&path).map_err(|e| unreadable(&e))?;
        schema::is_ours(&db, &path)?;
        let readers = Arc::new(Readers::new(path, 2));
        Ok(Overseer { readers, core: None, names: Arc::default() })
    }

    /// Lets mail that comes and goes pass by, before the next step of a long way. Where this is not the
    /// daemon that takes it, there is none.
    pub async fn give_way(&self, stride: &mut Stride) {
        if let Some(rest) = self.core.as_ref().and_then(|core| stride.rest(&core.commits)) {
            tokio::time::sleep(rest).await;
        }
    }

    /// The next entries of all domains, in the order of their names.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn page(&self, behind: Option<EntryId>, room: usize) -> Result<Page, SpoolError> {
        self.read(move |view, db| view.all(db, behind, room)).await
    }

    /// What these domains have: the names behind this one, in order, all of one moment. At most
    /// [`NAMES`]; behind as many there may be more.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn names(
        &self,
        domains: Arc<[Domain]>,
        behind: Option<EntryId>,
    ) -> Result<Vec<EntryId>, SpoolError> {
        self.look(move |db| names_behind(db, &domains, behind)).await
    }

    /// These entries, those that there are.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn these(&self, ids: Vec<EntryId>) -> Result<Vec<Result<Sight, Unseen>>, SpoolError> {
        self.read(move |view, db| {
            let snapshot = db.unchecked_transaction()?;
            let mut seen = Vec::with_capacity(ids.len());
            for some in ids.chunks(row::AT_ONCE) {
                let whole = row::named(db, some, |number| view.name(db, number));
                // What is damaged is looked at one by one.
                let whole = whole.unwrap_or_default().into_iter();
                let mut whole: HashMap<EntryId, _> =
                    whole.map(|(domain, stored)| (stored.entry.id, (domain, stored))).collect();
                for &id in some {
                    match whole.remove(&id) {
                        Some((domain, stored)) => {
                            seen.push(Ok(view.seen(db, Key { domain, id }, stored)?));
                        }
                        None => seen.extend(view.alone(db, id)?),
                    }
                }
            }
            snapshot.finish()?;
            Ok(seen)
        })
        .await
    }

    /// Reads an entry's content and gives it away piece by piece, each proven first, until whoever takes
    /// them is gone. `false` when there is no such entry.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`] before any octet of a damaged piece is given; it is not set aside for it.
    pub async fn content(
        &self,
        id: EntryId,
        give: tokio::sync::mpsc::Sender<Bytes>,
    ) -> Result<bool, SpoolError> {
        let bodies = self.readers.path().with_file_name(super::BODIES);
        let found = self
            .read(move |view, db| {
                let snapshot = db.unchecked_transaction()?;
                let stored = match view.stored(db, id)? {
                    Some(Ok(stored)) => stored,
                    Some(Err(what)) => return Ok(Some(Err(what))),
                    None => return Ok(None),
                };
                let body = match &stored.place {
                    body::Place::Row(message) => match body::select(db, *message) {
                        Ok(body) => Ok(body),
                        Err(e) => match Unreadable::from(e) {
                            Unreadable::Sql(e) => return Err(e),
                            Unreadable::Damaged(what) => Err(what),
                            Unreadable::Misfiled => Err("its content is another's".to_owned()),
                        },
                    },
                    body::Place::File(_) => Ok(None),
                };
                snapshot.finish()?;
                Ok(Some(Ok((stored, body))))
            })
            .await?;
        let Some(found) = found else { return Ok(false) };
        let (stored, body) = found.map_err(|what| SpoolError::Damaged { id, what })?;
        let body = body.map_err(|what| SpoolError::Damaged { id, what })?;
        // Whoever takes it may be slow, and waits on a thread of his own.
        match aside(move || content::give_away(&stored, body, &bodies, &give)).await? {
            Ok(()) => Ok(true),
            Err(content::Trouble::Later(fault)) => Err(fault),
            // A file goes away with its message, and that is no damage.
            Err(content::Trouble::Damage(what)) => match self.is_there(id).await? {
                true => Err(SpoolError::Damaged { id, what }),
                false => Ok(false),
            },
        }
    }

    /// Has this domain ever had mail here?
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn has_known(&self, domain: Domain) -> Result<bool, SpoolError> {
        self.read(move |_, db| Ok(number_of(db, &domain)?.is_some())).await
    }

    /// Did it come by import, whether or not it has left since?
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn was_imported(&self, id: EntryId) -> Result<bool, SpoolError> {
        let sql = "SELECT 1 FROM imported WHERE entry = ?1";
        self.read(move |_, db| db.prepare_cached(sql)?.exists([id.0.to_bytes()])).await
    }

    /// Runs something beside everybody else, who is not to notice.
    ///
    /// # Errors
    /// [`SpoolError`] when no thread can do it.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SpoolError> {
        match self.core {
            Some(_) => modestly(work).await,
            // There is nobody else.
            None => aside(work).await,
        }
    }

    async fn is_there(&self, id: EntryId) -> Result<bool, SpoolError> {
        let sql = "SELECT 1 FROM entry WHERE id = ?1";
        self.read(move |_, db| db.prepare_cached(sql)?.exists([id.0.to_bytes()])).await
    }

    /// The figures of every domain that has mail, by name.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn domains(&self) -> Result<Vec<Standings>, SpoolError> {
        self.read(|view, db| view.domains(db)).await
    }

    /// The domains whose new mail is held now, by name.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn decrees(&self, now: Timestamp) -> Result<Vec<Decree>, SpoolError> {
        self.read(move |_, db| decree::all(db, now)).await
    }

    /// Walks through all that waits, and counts it by age: what came since the first of these moments,
    /// since the second, which is earlier, and so on. What is given up before `soon` is counted too.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn census(
        &self,
        ends: &[Timestamp],
        soon: Timestamp,
    ) -> Result<HashMap<Domain, Census>, SpoolError> {
        let ends: Arc<[[u8; 16]]> = ends.iter().map(|end| first_name(*end)).collect();
        let (mut all, mut behind) = (HashMap::new(), Some(Vec::new()));
        let mut stride = Stride::default();
        // One long look would keep the log from being folded; many short ones do not.
        while let Some(after) = behind {
            self.give_way(&mut stride).await;
            let (ends, mut counted) = (Arc::clone(&ends), std::mem::take(&mut all));
            (behind, all) = self
                .read(move |view, db| {
                    let behind = view.count_some(db, &after, &ends, soon, &mut counted)?;
                    Ok((behind, counted))
                })
                .await?;
        }
        Ok(all)
    }

    /// The last lines of the audit, the newest first; `before` one that was given already.
    ///
    /// # Errors
    /// [`SpoolError`] when the tables cannot be read.
    pub async fn audit(&self, before: Option<i64>, most: u64) -> Result<Vec<Audited>, SpoolError> {
        self.read(move |_, db| operate::audit(db, before, most)).await
    }

    /// Reads the tables in one view.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        self.read(|_, db| {
            let snapshot = db.unchecked_transaction()?;
            let seen = what(db)?;
            snapshot.finish()?;
            Ok(seen)
        })
        .await
    }

    /// Where the database is.
    pub(super) fn database(&self) -> &Path {
        self.readers.path()
    }

    /// Whether it is the look of a daemon at its own spool.
    pub(super) fn is_of_an_owner(&self) -> bool {
        self.core.is_some()
    }

    async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut View, &Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let readers = Arc::clone(&self.readers);
        let (core, names) = (self.core.clone(), Arc::clone(&self.names));
        let mut view = View { core, names, told: HashMap::new() };
        let _turn = self.readers.turn().await;
        let read = self.aside(move || readers.read(|db| what(&mut view, db))).await??;
        read.map_err(|e| unreadable(&e))
    }
}

/// What one look has learnt so far.
struct View {
    core: Option<Arc<Core>>,
    names: Arc<Names>,
    /// Up to where somebody has been told that a domain's mail waits.
    told: HashMap<i64, Came>,
}

impl View {
    fn all(
        &mut self,
        db: &Connection,
        behind: Option<EntryId>,
        room: usize,
    ) -> rusqlite::Result<Page> {
        let after = behind.map(bytes).unwrap_or_default();
        let snapshot = db.unchecked_transaction()?;
        let mut page = Page::default();
        let mut keys = Vec::new();
        let damaged = match keys_behind(db, &after, room, &mut keys) {
            Err(e) if is_damage(&e) => true,
            read => read.map(|()| false)?,
        };
        page.gap = damaged.then(rescue::passed_over);
        // Up to the damage first, and from there over it.
        page.next = match (keys.last(), damaged) {
            (Some(last), damaged) => Some(last.id).filter(|_| damaged || keys.len() == room),
            (None, true) => {
                let last = after.as_slice().try_into().map_or(0, u128::from_be_bytes);
                rescue::beyond(db, last)
                    .map(|next| EntryId(Ulid::from(next.saturating_sub(1))))
                    .filter(|next| behind.is_none_or(|behind| *next > behind))
            }
            (None, false) => None,
        };
        let last = keys.last().map(|key| key.id.0.to_bytes()).unwrap_or_default();
        let whole = row::stretch(db, &after, &last, |number| self.name(db, number));
        // What is damaged is looked at one by one.
        let mut whole = whole.unwrap_or_default().into_iter().peekable();
        for key in keys {
            let seen = match whole.next_if(|stored| stored.entry.id == key.id) {
                Some(stored) => Some(Ok(self.seen(db, key, stored)?)),
                None => self.sight(db, key)?,
            };
            page.entries.extend(seen);
        }
        snapshot.finish()?;
        Ok(page)
    }

    fn seen(&mut self, db: &Connection, key: Key, stored: Stored) -> rusqlite::Result<Sight> {
        let mark = match stored.entry.state {
            EntryState::Held | EntryState::Deleted | EntryState::Damaged => mark_of(db, key)?,
            _ => None,
        };
        let told_of_delay = self.is_told(db, key, &stored)?;
        let Stored { entry, digest, answered, .. } = stored;
        Ok(Sight { entry, digest, answered, leased: self.is_leased(key), told_of_delay, mark })
    }

    fn is_told(&mut self, db: &Connection, key: Key, stored: &Stored) -> rusqlite::Result<bool> {
        let told = match self.told.entry(key.domain) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(unknown) => unknown.insert(delay::up_to(db, key.domain)?),
        };
        Ok(delay::is_told(stored, told))
    }

    /// The entry with this name, if there is one, whatever can be said of it.
    fn alone(
        &mut self,
        db: &Connection,
        id: EntryId,
    ) -> rusqlite::Result<Option<Result<Sight, Unseen>>> {
        let sql = "SELECT domain FROM entry WHERE id = ?1";
        let domain =
            db.prepare_cached(sql)?.query_row([id.0.to_bytes()], |row| row.get(0)).optional()?;
        match domain {
            Some(domain) => self.sight(db, Key { domain, id }),
            None => Ok(None),
        }
    }

    /// One entry, whatever can be said of it.
    fn sight(
        &mut self,
        db: &Connection,
        key: Key,
    ) -> rusqlite::Result<Option<Result<Sight, Unseen>>> {
        let Some(domain) = self.name(db, key.domain)? else {
            let what = "its domain cannot be read".to_owned();
            return Ok(Some(Err(Unseen { id: key.id, domain: None, what, since: None })));
        };
        // Where even that cannot be read, it is not known.
        let since = || mark_of(db, key).ok().flatten().map(|mark| mark.at);
        let unseen = |what| {
            Some(Err(Unseen { id: key.id, domain: Some(domain.clone()), what, since: since() }))
        };
        match row::load(db, &domain, key) {
            Ok(Some(stored)) => Ok(Some(Ok(self.seen(db, key, stored)?))),
            // Gone meanwhile, or is only half of it there?
            Ok(None) => {
                let sql = "SELECT 1 FROM entry WHERE id = ?1";
                let is_there = db.prepare_cached(sql)?.exists([key.id.0.to_bytes()])?;
                Ok(unseen("its message is gone".to_owned()).filter(|_| is_there))
            }
            Err(Unreadable::Misfiled) => Ok(unseen("the index is wrong about it".to_owned())),
            Err(Unreadable::Damaged(what)) => Ok(unseen(what)),
            Err(Unreadable::Sql(e)) => Err(e),
        }
    }

    /// The rows of an entry, if there is one; the inner error says what of them is damaged.
    fn stored(
        &mut self,
        db: &Connection,
        id: EntryId,
    ) -> rusqlite::Result<Option<Result<Stored, String>>> {
        let sql = "SELECT domain FROM entry WHERE id = ?1";
        let key =
            db.prepare_cached(sql)?.query_row([id.0.to_bytes()], |row| row.get(0)).optional()?;
        let Some(key) = key.map(|domain| Key { domain, id }) else { return Ok(None) };
        let domain = self.name(db, key.domain)?;
        // A damaged name costs nobody a look at the content.
        let domain = domain.unwrap_or_else(crate::queue::outgoing);
        match row::load(db, &domain, key) {
            Ok(Some(stored)) => Ok(Some(Ok(stored))),
            Ok(None) => Ok(Some(Err("its message is gone".to_owned()))),
            Err(Unreadable::Sql(e)) => Err(e),
            Err(Unreadable::Damaged(what)) => Ok(Some(Err(what))),
            Err(Unreadable::Misfiled) => Ok(Some(Err("the index is wrong about it".to_owned()))),
        }
    }

    /// A domain's number stands for it for ever.
    fn name(&self, db: &Connection, number: i64) -> rusqlite::Result<Option<Domain>> {
        let names = || self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names().get(&number) {
            return Ok(Some(name.clone()));
        }
        let sql = "SELECT name FROM domain WHERE id = ?1";
        let name: Option<String> =
            db.prepare_cached(sql)?.query_row([number], |row| row.get(0)).optional()?;
        let name = name.and_then(|name| Domain::parse(&name).ok());
        if let Some(name) = &name {
            names().insert(number, name.clone());
        }
        Ok(name)
    }

    fn is_leased(&self, key: Key) -> bool {
        self.core.as_ref().is_some_and(|core| core.claims.is_in_session(key))
    }

    fn domains(&mut self, db: &Connection) -> rusqlite::Result<Vec<Standings>> {
        let counts = match &self.core {
            Some(core) => core.ledger.all(),
            None => Ledger::load(db)?.all(),
        };
        let figures = |(domain, number, count)| self.figures(db, domain, number, count);
        counts.into_iter().map(figures).collect()
    }

    /// Counts the next entries, and says behind which to go on; `None` at the end.
    fn count_some(
        &mut self,
        db: &Connection,
        after: &[u8],
        ends: &[[u8; 16]],
        soon: Timestamp,
        all: &mut HashMap<Domain, Census>,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        let sql = "SELECT id, domain, expires < ?1, state, attempts > 0, size,
                     (SELECT count(*) FROM recipient
                      WHERE recipient.entry = entry.id AND recipient.state NOT IN (?2, ?3))
                   FROM entry NOT INDEXED WHERE id > ?4 ORDER BY id LIMIT ?5";
        let mut query = db.prepare_cached(sql)?;
        let soon = soon.as_microsecond();
        let mut rows = query.query(params![soon, row::DELIVERED, row::TOLD, after, COUNTED])?;
        let (mut last, mut seen) = ([0; 16], 0);
        while let Some(row) = rows.next()? {
            (last, seen) = (row.get(0)?, seen + 1);
            let Some(state) = row::entry_state(row.get(3)?) else { continue };
            let Some(name) = self.name(db, row.get(1)?)? else { continue };
            let census = all.entry(name).or_default();
            census.ages.resize(ends.len() + 1, 0);
            let share = &mut census.rest[Rest::of(state, row.get(4)?) as usize];
            share.octets += row.get::<_, u64>(5)?;
            share.recipients += row.get::<_, u64>(6)?;
            if state != EntryState::Waiting {
                continue;
            }
            // Names begin with the time of birth.
            census.ages[ends.iter().take_while(|end| last < **end).count()] += 1;
            census.expiring += row.get::<_, u64>(2)?;
        }
        Ok((seen == COUNTED).then(|| last.to_vec()))
    }

    fn figures(
        &self,
        db: &Connection,
        domain: Domain,
        number: i64,
        count: Count,
    ) -> rusqlite::Result<Standings> {
        let oldest = oldest(db, number)?;
        let positive = |n: i64| n.max(0).cast_unsigned();
        let waiting = positive(count.waiting);
        let leased =
            self.core.as_ref().map_or(0, |core| core.claims.in_session(number)).min(waiting);
        let moment = |micros| Timestamp::from_microsecond(micros).ok();
        Ok(Standings {
            domain,
            waiting,
            tried: positive(count.tried),
            leased,
            octets: positive(count.octets),
            octets_aside: positive(count.aside),
            held: positive(count.held),
            failed: positive(count.failed),
            damaged: positive(count.damaged),
            deleted: positive(count.deleted),
            oldest: oldest.and_then(|(came, _)| moment(came)),
            next_expiry: oldest.and_then(|(_, expires)| moment(expires)),
        })
    }
}

/// Those that were read before a fault are there all the same.
fn keys_behind(
    db: &Connection,
    after: &[u8],
    room: usize,
    keys: &mut Vec<Key>,
) -> rusqlite::Result<()> {
    let sql = "SELECT id, domain FROM entry NOT INDEXED WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let key = |row: &rusqlite::Row<'_>| {
        Ok(Key { id: EntryId(Ulid::from_bytes(row.get(0)?)), domain: row.get(1)? })
    };
    for found in query.query_map(params![after, room], key)? {
        keys.push(found?);
    }
    Ok(())
}

fn number_of(db: &Connection, domain: &Domain) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM domain WHERE name = ?1";
    db.prepare_cached(sql)?.query_row([domain.as_str()], |row| row.get(0)).optional()
}

/// The index of a domain's mail is sorted by what changes: who pages by it misses what moves. So the
/// names are taken from it at once, and whoever has them looks at one entry after the other.
fn names_behind(
    db: &Connection,
    domains: &[Domain],
    behind: Option<EntryId>,
) -> rusqlite::Result<Vec<EntryId>> {
    let sql = "SELECT id FROM entry INDEXED BY entry_order WHERE domain = ?1 AND id > ?2
               ORDER BY id LIMIT ?3";
    let mut query = db.prepare_cached(sql)?;
    let after = behind.map(bytes).unwrap_or_default();
    let mut names = Vec::new();
    for domain in domains {
        let Some(number) = number_of(db, domain)? else { continue };
        let mut rows = query.query(params![number, after, NAMES])?;
        while let Some(row) = rows.next()? {
            names.push(EntryId(Ulid::from_bytes(row.get(0)?)));
        }
        if names.len() > NAMES {
            names.sort_unstable();
            names.truncate(NAMES);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn bytes(id: EntryId) -> Vec<u8> {
    id.0.to_bytes().to_vec()
}

/// When the oldest entry that waits came, and when it is given up. Of those that were not tried, the
/// first of each class; of the others an index of their own knows it, since the first one has them by
/// when they were tried.
fn oldest(db: &Connection, domain: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    static QUESTION: LazyLock<String> = LazyLock::new(|| {
        let untried = (0..order::SIZE_CLASSES).map(|class| {
            format!(
                "SELECT * FROM (SELECT since AS came, id FROM entry INDEXED BY entry_order
                   WHERE domain = ?1 AND state = ?2 AND class = {class} ORDER BY since, id LIMIT 1)"
            )
        });
        // A partial index answers only who names its condition word for word.
        let tried = format!(
            "SELECT * FROM (SELECT arrived AS came, id FROM entry INDEXED BY entry_tried
               WHERE domain = ?1 AND state = ?2 AND class = {} ORDER BY arrived, id LIMIT 1)",
            order::TRIED
        );
        let firsts = untried.chain([tried]).collect::<Vec<_>>().join(" UNION ALL ");
        format!(
            "SELECT came, (SELECT expires FROM entry WHERE entry.id = first.id)
             FROM ({firsts}) AS first ORDER BY came, id LIMIT 1"
        )
    });
    let waiting = row::state(EntryState::Waiting);
    let first = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    db.prepare_cached(&QUESTION)?.query_row(params![domain, waiting], first).optional()
}

/// The least name that something born at this moment can have.
fn first_name(born: Timestamp) -> [u8; 16] {
    Ulid::from_parts(born.as_millisecond().max(0).cast_unsigned(), 0).to_bytes()
}

fn mark_of(db: &Connection, key: Key) -> rusqlite::Result<Option<Mark>> {
    let sql = "SELECT at, who, reason, until FROM mark WHERE entry = ?1";
    let time = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    let mark = |row: &rusqlite::Row<'_>| {
        Ok(Mark {
            at: time(row.get(0)?),
            who: row.get(1)?,
            reason: row.get(2)?,
            until: row.get::<_, Option<i64>>(3)?.map(time),
        })
    };
    db.prepare_cached(sql)?.query_row([key.id.0.to_bytes()], mark).optional()
}
