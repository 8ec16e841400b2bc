//! The embedded engine: SQLite, nothing to set up.
//!
//! | file | holds |
//! |---|---|
//! | `lock` | one spool, one owner |
//! | `schema`, `row` | the tables; entries as rows and back |
//! | `body`, `seal` | where content lies; how it proves to be whole |
//! | `draft`, `keep` | a message coming in; its rows |
//! | `writer`, `fold`, `commits` | the one writer, which syncs once for all that are ready; its log; how long that took |
//! | `reader`, `content` | reading: connections, a message going out |
//! | `drain`, `lane` | a walk through what waits, and one of the ways it takes |
//! | `claims`, `settle`, `expire` | who holds what; what becomes of it |
//! | `conclude`, `delay` | whose sender is to be told of its end, of its waiting; and that it is |
//! | `oversee`, `operate`, `done`, `decree` | what an operator sees and does; to which entries, and to mail yet to come |
//! | `ledger` | what waits for whom, in constant time |
//! | `room`, `spare`, `health` | whether there is space, what is left when there is none, and whether the disk can be trusted |
//! | `verify`, `excess` | whether all is what came in; octets behind the end of a content |
//! | `recover`, `rescue` | beginning and end; going on where pages are damaged |
//!
//! The folder holds `spool.db` (with its log beside it), `bodies/` for large content, `lock`, and
//! `spare`. `spool.db` is made as `spool.db.new`, and gets its name when it is whole.
//! Rows and files are private to this engine; other programs ask the library.

mod body;
mod claims;
mod commits;
mod conclude;
mod content;
pub mod decree;
mod delay;
mod done;
mod draft;
mod drain;
mod excess;
mod expire;
mod fold;
mod health;
mod keep;
mod lane;
mod ledger;
mod lock;
pub mod operate;
pub mod oversee;
mod reader;
mod recover;
mod remake;
mod rescue;
mod room;
mod row;
mod schema;
mod seal;
mod settle;
mod spare;
pub mod verify;
mod writer;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::metrics::histogram::Histogram;

pub use self::commits::Stride;
pub use self::content::Content;
pub use self::draft::Draft;
pub use self::drain::Walk;
pub use self::room::Space;

use self::body::Bodies;
use self::claims::{Claim, Claims, Key};
use self::commits::Commits;
use self::conclude::Conclusion;
use self::decree::Proclamation;
use self::delay::Telling;
use self::expire::Soonest;
use self::fold::Folder;
use self::health::{Health, is_full};
pub use self::keep::Past;
use self::keep::{Keep, Way};
use self::ledger::Ledger;
use self::lock::Lock;
use self::operate::{Hold, Outcome, Warrant};
use self::oversee::Overseer;
use self::reader::Readers;
use self::room::Room;
use self::row::Stored;
use self::settle::{Damage, Noticed, Settlement};
use self::spare::Spare;
use self::writer::{Answer, Desk, Work, Writer};
use super::{Arrival, Order, Spool, SpoolError, Totals};
use crate::queue::{Act, Entry, EntryId, Fate, Tried};
use crate::smtp::Domain;

/// Where the spool lies and how it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The spool's folder; made, for its owner's eyes only, when it does not exist.
    pub path: PathBuf,
    /// Octets of disk space to keep free; mail is refused before they are touched. `None` means
    /// 2 % of the file system and at least 256 MiB.
    pub reserve: Option<u64>,
    /// Content of up to this many octets lies in the database, larger content in a file. At most
    /// 128 KiB, which is the default.
    pub inline_limit: usize,
    /// Connections, and so threads, that may read at the same time.
    pub readers: usize,
}

impl Settings {
    /// A spool in this folder, everything else as we think best.
    pub fn at(path: impl Into<PathBuf>) -> Settings {
        Settings { path: path.into(), reserve: None, inline_limit: seal::PIECE, readers: 4 }
    }
}

/// A spool in a folder of this machine. Clones are the same spool; it is given up, in order, when
/// the last of them and everything that came from them is dropped.
#[derive(Clone, Debug)]
pub struct Embedded(Arc<Core>);

/// An entry that one session holds.
#[derive(Debug)]
pub struct Lease {
    stored: Stored,
    body: Option<Vec<u8>>,
    claim: Claim,
}

impl super::Lease for Lease {
    fn entry(&self) -> &Entry {
        &self.stored.entry
    }
}

/// What all parts of an open spool share.
#[derive(Debug)]
struct Core {
    desk: Desk,
    health: Arc<Health>,
    room: Arc<Room>,
    bodies: Arc<Bodies>,
    ledger: Arc<Ledger>,
    claims: Arc<Claims>,
    readers: Readers,
    soonest: Arc<Soonest>,
    commits: Arc<Commits>,
    inline_limit: usize,
    // Last, so that it is let go of last.
    _lock: Lock,
}

impl Embedded {
    /// Opens the spool, makes it when there is none, and makes good what a crash has left. Waits
    /// for the disk, so call it before there is anything else to do.
    ///
    /// # Errors
    /// [`SpoolError::Locked`] when another process has it, [`SpoolError::Unusable`] when it cannot
    /// be what it should be; the text says why and what to do.
    pub fn open(settings: Settings) -> Result<Embedded, SpoolError> {
        let folder = &settings.path;
        let hint = "the spool's folder must be writable by this user";
        let unusable =
            |e: io::Error| SpoolError::Unusable(format!("{}: {e}; {hint}", folder.display()));
        let remains = remains(folder);
        make(folder).map_err(unusable)?;
        let lock = Lock::take(folder)?;
        let bodies = Bodies::open(folder).map_err(unusable)?;
        let room = File::open(folder).and_then(|file| Room::new(file, settings.reserve));
        let room = Arc::new(room.map_err(unusable)?);
        not_in_place_of_others(folder, &bodies, &remains)?;
        let writer = employable(folder, bodies, room)?;
        Core::new(&settings, writer, lock).map_err(unusable).map(|core| Embedded(Arc::new(core)))
    }
}

impl Embedded {
    /// A look at it for an operator.
    pub fn overseer(&self) -> Overseer {
        Overseer::of(Arc::clone(&self.0), self.0.readers.path().to_owned())
    }

    /// Would a message be kept?
    ///
    /// # Errors
    /// Why not.
    pub fn accepts(&self) -> Result<(), SpoolError> {
        self.0.health.check()?;
        self.0.room.admit(0)
    }

    /// What the disk says of itself, if it does.
    pub fn space(&self) -> Option<Space> {
        self.0.room.space()
    }

    /// How long it took until a group of changes was on disk.
    pub fn syncs(&self) -> &Histogram {
        &self.0.commits.times
    }

    /// Carries out an operator's order on these entries. What a session has in hand is left to it.
    ///
    /// # Errors
    /// [`CutShort`], which says what was done before that and stays done.
    ///
    /// [`CutShort`]: operate::CutShort
    pub async fn operate(
        &self,
        ids: Vec<EntryId>,
        act: Act,
        warrant: Warrant,
    ) -> Result<Outcome, Box<operate::CutShort>> {
        operate::operate(&self.0, ids, act, warrant).await
    }

    /// Notes in the audit an order by which nothing changes here, about so many entries. The number of its
    /// line.
    ///
    /// # Errors
    /// [`SpoolError`]; nothing is noted then.
    pub async fn note(
        &self,
        action: &'static str,
        warrant: Warrant,
        done: u64,
    ) -> Result<i64, SpoolError> {
        let noted = operate::Noted { action, warrant, done };
        let id = self.0.submit(Work::Note(Box::new(noted))).await?;
        Ok(i64::try_from(id).unwrap_or(i64::MAX))
    }

    /// From now on new mail for these domains is held, until then; or no longer. What is there already
    /// stays as it is. Says of how many of them anything has changed, and the number of the order in the audit;
    /// none when nothing was.
    ///
    /// # Errors
    /// [`SpoolError`]; nothing has changed then.
    pub async fn proclaim(
        &self,
        domains: Vec<Domain>,
        hold: Option<Option<Timestamp>>,
        warrant: Warrant,
    ) -> Result<(u64, Option<i64>), SpoolError> {
        let (warrant, audit) = (Arc::new(warrant), Arc::default());
        let proclamation = Proclamation { domains, hold, warrant, audit: Arc::clone(&audit) };
        let changed = self.0.submit(Work::Proclaim(proclamation)).await?;
        Ok((changed, audit.get().copied()))
    }

    /// As [`Spool::commit`], for what comes from another spool and is not to come twice: `false` when it came
    /// before and `again` is not said, whether or not it has left since. Under a hold, where one is given,
    /// there is no moment at which a session could take what was kept.
    ///
    /// # Errors
    /// As there.
    pub async fn commit_import(
        &self,
        hold: Option<Hold>,
        again: bool,
        past: Past,
        draft: Draft,
        arrival: Arrival,
    ) -> Result<bool, SpoolError> {
        let past = Box::new(past);
        self.keep(Way::Import { hold, again, past }, draft, arrival).await.map(|parts| parts > 0)
    }

    async fn keep(&self, way: Way, draft: Draft, arrival: Arrival) -> Result<u64, SpoolError> {
        self.0.health.check()?;
        if arrival.parts.is_empty() || arrival.parts.iter().any(|part| part.recipients.is_empty()) {
            return Err(SpoolError::Unusable("a message needs a recipient to be kept".to_owned()));
        }
        let (sealed, body) = draft.finish(&arrival.trace).await?;
        let keep = Box::new(Keep { arrival, sealed, body, way });
        self.0.submit(Work::Keep(keep)).await
    }
}

/// What lies in the folder beside [`BODIES`].
pub const FILES: [&str; 6] = ["lock", DATABASE, DRAFT, LOGS[0], LOGS[1], spare::NAME];
/// The file of the tables.
pub const DATABASE: &str = "spool.db";
/// And while it is being made.
const DRAFT: &str = "spool.db.new";
/// What lies beside it from its first day on.
const LOGS: [&str; 2] = ["spool.db-wal", "spool.db-shm"];
/// The folder of large content in it.
pub const BODIES: &str = "bodies";

/// Is this the name of a body, finished or not?
pub fn is_body(name: &str) -> bool {
    body::is_ours(name)
}

/// Makes the spool's folder, if there is none, so that its name survives a power cut: mail that is
/// safe in a folder which nobody can find is lost.
fn make(folder: &Path) -> io::Result<()> {
    let made = folder.ancestors().take_while(|path| !path.exists()).count();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let sync = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()
    };
    folder.ancestors().skip(1).take(made).try_for_each(sync)
}

fn database(folder: &Path) -> PathBuf {
    folder.join(DATABASE)
}

/// Where repair puts content that no message speaks of.
fn lost(folder: &Path) -> PathBuf {
    folder.join("lost")
}

/// What is there of a spool besides its tables.
fn remains(folder: &Path) -> Vec<&'static str> {
    let others = FILES.into_iter().chain([BODIES]).filter(|name| ![DATABASE, DRAFT].contains(name));
    others.filter(|name| folder.join(name).exists()).collect()
}

/// Tables that are to be made are those of a new spool, or of one that was not made to its end; or else of one
/// that has lost its tables, which must not begin anew as if nothing had been in them.
fn not_in_place_of_others(
    folder: &Path,
    bodies: &Bodies,
    remains: &[&str],
) -> Result<(), SpoolError> {
    let path = database(folder);
    if !schema::is_empty(&path) {
        return Ok(());
    }
    let count = bodies.count();
    let count = count.map_err(|e| SpoolError::Unusable(format!("{}: {e}", path.display())))?;
    let holds = format!("{} holds mail (files: {count})", folder.join(BODIES).display());
    match count {
        0 => has_not_lost_its_tables(&path, remains),
        _ => Err(lost_tables(&path, &holds)),
    }
}

/// The file is put in its place when it is whole, and its log is begun behind that.
fn has_not_lost_its_tables(path: &Path, remains: &[&str]) -> Result<(), SpoolError> {
    let telling = |name: &&&str| path.exists() || LOGS.contains(name);
    let beside: Vec<&str> = remains.iter().filter(telling).copied().collect();
    if !schema::is_empty(path) || beside.is_empty() {
        return Ok(());
    }
    let lies = format!("beside it lies what a spool in use has ({})", beside.join(", "));
    Err(lost_tables(path, &lies))
}

fn lost_tables(path: &Path, beside: &str) -> SpoolError {
    let folder = path.parent().unwrap_or(Path::new("/"));
    SpoolError::Unusable(format!(
        "{}: is gone or empty, and {beside}; put the database back, or move {} away to begin anew",
        path.display(),
        folder.display()
    ))
}

/// Opens the tables, makes good what a crash left, and reads the counts.
fn employable(folder: &Path, bodies: Arc<Bodies>, room: Arc<Room>) -> Result<Writer, SpoolError> {
    let path = database(folder);
    let unusable = |e: String| SpoolError::Unusable(format!("{}: {e}", path.display()));
    let spare = Spare::open(folder, &room);
    let db = schema::writer(&path)?;
    if spare.is_given_up() {
        recover::begin_log_anew(&db);
    }
    let (health, soonest): (Arc<Health>, _) = Default::default();
    recover::enter(&db, &bodies, &health).map_err(unusable)?;
    let ledger = Ledger::load(&db).map_err(|e| unusable(rescue::told(&e)))?;
    let next_message = recover::next_message(&db).map_err(|e| unusable(rescue::told(&e)))?;
    let folder = Folder::open(schema::folder(&path)?, Arc::clone(&health), Arc::clone(&bodies));
    Ok(Writer {
        db,
        folder: folder.map_err(|e| unusable(e.to_string()))?,
        ledger: Arc::new(ledger),
        health,
        room,
        spare,
        bodies,
        soonest,
        commits: Arc::default(),
        next_message,
        overdue: Vec::new(),
        rebuilt: false,
    })
}

impl Core {
    fn new(settings: &Settings, writer: Writer, lock: Lock) -> io::Result<Core> {
        Ok(Core {
            health: Arc::clone(&writer.health),
            room: Arc::clone(&writer.room),
            bodies: Arc::clone(&writer.bodies),
            ledger: Arc::clone(&writer.ledger),
            soonest: Arc::clone(&writer.soonest),
            commits: Arc::clone(&writer.commits),
            claims: Arc::default(),
            readers: Readers::new(database(&settings.path), settings.readers),
            inline_limit: settings.inline_limit.min(seal::PIECE),
            desk: Desk::open(writer)?,
            _lock: lock,
        })
    }

    /// Has something written, and waits until it is on disk.
    async fn submit(&self, work: Work) -> Answer {
        match self.desk.submit(work).await {
            Some(answer) => answer,
            None => Err(self.health.check().err().unwrap_or_else(|| self.health.orphaned())),
        }
    }

    /// An entry turned out to be damaged: sets it aside, says so, and gives the error for it.
    async fn damaged(&self, key: Key, damage: Damage, what: String) -> SpoolError {
        self.set_aside(key, damage, &what).await;
        SpoolError::Damaged { id: key.id, what }
    }

    /// Says whether that is written down: if not, it will be found again.
    async fn set_aside(&self, key: Key, damage: Damage, what: &str) -> bool {
        let noticed = Noticed { what: what.to_owned(), at: Timestamp::now() };
        let done = self.submit(Work::SetAside(key, damage, noticed)).await;
        match &done {
            Ok(0) => tracing::error!(id = %key.id, what, "an entry is damaged"),
            Ok(_) => {
                tracing::error!(id = %key.id, what, "an entry is damaged and has been set aside");
            }
            Err(e) => {
                tracing::error!(id = %key.id, what, error = %e, "an entry is damaged; that could not be recorded");
            }
        }
        done.is_ok()
    }

    /// The index of entries is damaged: has it made anew, for the walks to come.
    async fn index_damaged(&self, what: String) {
        tracing::error!(what, "the spool's index is damaged, and is made anew");
        if let Err(e) = self.submit(Work::Rebuild).await {
            tracing::error!(error = %e, "it could not be made anew");
        }
    }

    /// Writing content failed, before anything was promised.
    fn write_failed(&self, e: &io::Error) -> SpoolError {
        if is_full(e) { self.room.full() } else { self.health.fail(format!("writing a body: {e}")) }
    }
}

impl Spool for Embedded {
    type Draft = Draft;
    type Lease = Lease;
    type Content = Content;
    type Drain = Walk;

    fn draft(&self, declared_size: Option<u64>) -> Result<Draft, SpoolError> {
        self.0.health.check()?;
        self.0.room.admit(declared_size.unwrap_or(0))?;
        Ok(Draft::new(Arc::clone(&self.0), declared_size))
    }

    async fn commit(&self, draft: Draft, arrival: Arrival) -> Result<(), SpoolError> {
        self.keep(Way::Mail, draft, arrival).await.map(drop)
    }

    fn keeps_record(&self) -> bool {
        self.0.health.is_sound()
    }

    fn totals(&self, domain: &Domain) -> Totals {
        let Some((id, count)) = self.0.ledger.of(domain) else { return Totals::default() };
        let waiting = count.waiting.max(0).cast_unsigned();
        Totals {
            waiting,
            tried: count.tried.max(0).cast_unsigned().min(waiting),
            leased: self.0.claims.in_session(id).min(waiting),
            octets: count.octets.max(0).cast_unsigned(),
            set_aside: count.set_aside().max(0).cast_unsigned(),
            octets_aside: count.aside.max(0).cast_unsigned(),
        }
    }

    fn drain(&self, domains: Vec<Domain>, order: Order, now: Timestamp) -> Walk {
        Walk::new(Arc::clone(&self.0), domains, order, now)
    }

    async fn content(&self, lease: &Lease) -> Result<Content, SpoolError> {
        Content::open(Arc::clone(&self.0), lease).await
    }

    async fn settle(&self, lease: Lease, fates: Vec<Fate>, tried: Tried) -> Result<(), SpoolError> {
        let Lease { stored, claim, .. } = lease;
        let settlement = Settlement::new(claim, stored.message, &stored.entry, fates, tried);
        self.0.submit(Work::Settle(settlement)).await.map(|_| ())
    }

    async fn due(&self, room: usize) -> Result<Vec<Lease>, SpoolError> {
        conclude::due(&self.0, room).await
    }

    async fn conclude(
        &self,
        lease: Lease,
        notice: Option<(Draft, Arrival)>,
    ) -> Result<(), SpoolError> {
        let keep = kept(notice).await?;
        let Lease { stored, claim, .. } = lease;
        let conclusion = Conclusion::new(claim, stored.message, &stored.entry, keep);
        self.0.submit(Work::Conclude(Box::new(conclusion))).await.map(|_| ())
    }

    async fn delayed(
        &self,
        domain: &Domain,
        since: Timestamp,
        room: usize,
    ) -> Result<Vec<Lease>, SpoolError> {
        delay::delayed(&self.0, domain, since, room).await
    }

    async fn told_of_delay(
        &self,
        lease: Lease,
        up_to: Option<Timestamp>,
        notice: Option<(Draft, Arrival)>,
    ) -> Result<(), SpoolError> {
        let telling = Telling::new(lease, up_to, kept(notice).await?);
        self.0.submit(Work::Tell(Box::new(telling))).await.map(|_| ())
    }

    async fn expire(&self, now: Timestamp) -> Result<Vec<(EntryId, Domain)>, SpoolError> {
        expire::expire(&self.0, now).await
    }

    async fn close(&self) {
        self.0.health.close();
        // Answered by the writer's end; it has nothing to say.
        let _ = self.0.desk.submit(Work::Close).await;
    }
}

/// A notice, as the writer takes it.
async fn kept(notice: Option<(Draft, Arrival)>) -> Result<Option<Box<Keep>>, SpoolError> {
    let Some((draft, arrival)) = notice else { return Ok(None) };
    let (sealed, body) = draft.finish(&arrival.trace).await?;
    Ok(Some(Box::new(Keep { arrival, sealed, body, way: Way::Mail })))
}
