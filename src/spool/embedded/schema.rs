//! The tables, and how a connection to them is opened.
//!
//! | table | a row is |
//! |---|---|
//! | `spool` | the one row that says whether the last owner left in order |
//! | `domain` | a domain and what waits for it |
//! | `message` | an envelope, where its body lies, and how to tell that it is whole |
//! | `body` | the content of a small message |
//! | `entry` | one message for one domain |
//! | `recipient` | one recipient of an entry |
//! | `due` | an entry of which a sender is to be told something |
//! | `mark` | what an operator said of an entry that is held or deleted, and before that |
//! | `audit` | what an operator did |
//! | `decree` | a domain whose new mail is held |
//! | `imported` | an entry that came by import and may have left since |
//!
//! Times are microseconds since 1970, sizes octets. An entry's key is its 16-octet name, which
//! begins with its time of birth: new rows land at the end of the tree, where it is warm.
//!
//! There is one secondary index on all entries, because each costs every accepted mail. It answers
//! the one question that must not be slow: what goes out next for this domain? It is
//! sorted by `since`: when the entry came or, if it was tried and not finished, was last tried.
//! Which of those is the oldest, a second index tells, of them alone. Of a recipient's last answer stands
//! beside it how often there was one, when, in which session, to what (`stage`), and under which name
//! the other side has the mail. Of what came to a domain up to
//! `told`, and of that moment up to `told_entry`, somebody has been told that it waits; but of an entry whose
//! own `told` is not 0 that one says it (1: yes, 2: no), since it came or went another way.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::StatVfsMountFlags;
use tracing::{info, warn};

use super::rescue;
use crate::spool::SpoolError;

/// `odmr` as a 32-bit number: says whose database this is.
const APPLICATION: i32 = 0x6f64_6d72;
/// The layout below. Raised whenever an older program could not read what this one writes.
const LAYOUT: i32 = 9;
/// Before this one, a WAL reset could lose a commit under rare timing.
const OLDEST_LIBRARY: i32 = 3_051_003;

const TABLES: &str = "
CREATE TABLE spool (clean INTEGER NOT NULL);
INSERT INTO spool VALUES (1);
CREATE TABLE domain (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  waiting INTEGER NOT NULL DEFAULT 0,
  tried INTEGER NOT NULL DEFAULT 0,
  octets INTEGER NOT NULL DEFAULT 0,
  aside INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  damaged INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0,
  told INTEGER NOT NULL DEFAULT 0,
  told_entry BLOB NOT NULL DEFAULT x'');
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  parts INTEGER NOT NULL,
  size INTEGER NOT NULL,
  shape INTEGER NOT NULL,
  head BLOB NOT NULL,
  file TEXT,
  checks BLOB NOT NULL,
  digest BLOB NOT NULL,
  reverse_path TEXT NOT NULL,
  declared INTEGER,
  kind INTEGER NOT NULL,
  smtputf8 INTEGER NOT NULL,
  ret INTEGER,
  envid TEXT,
  ip TEXT NOT NULL,
  helo TEXT NOT NULL,
  tls TEXT,
  auth TEXT,
  message_id TEXT);
CREATE INDEX message_file ON message (file) WHERE file IS NOT NULL;
CREATE TABLE body (message INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE entry (
  id BLOB PRIMARY KEY,
  domain INTEGER NOT NULL,
  message INTEGER NOT NULL,
  state INTEGER NOT NULL,
  class INTEGER NOT NULL,
  size INTEGER NOT NULL,
  arrived INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  whom INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  since INTEGER NOT NULL,
  told INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX entry_order ON entry (domain, state, class, since);
CREATE INDEX entry_tried ON entry (domain, state, arrived) WHERE class = 5;
CREATE INDEX entry_untold ON entry (domain, arrived) WHERE told = 2 AND state < 2;
CREATE TABLE recipient (
  entry BLOB NOT NULL,
  n INTEGER NOT NULL,
  path TEXT NOT NULL,
  notify INTEGER,
  orcpt TEXT,
  state INTEGER NOT NULL,
  code INTEGER,
  status TEXT,
  words TEXT,
  times INTEGER NOT NULL DEFAULT 0,
  at INTEGER,
  session TEXT,
  stage TEXT,
  remote_id TEXT,
  PRIMARY KEY (entry, n)) WITHOUT ROWID;
CREATE TABLE mark (
  entry BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  reason TEXT,
  until INTEGER,
  was INTEGER NOT NULL,
  held_at INTEGER,
  held_who TEXT,
  held_reason TEXT,
  held_until INTEGER) WITHOUT ROWID;
CREATE INDEX mark_until ON mark (until) WHERE until IS NOT NULL;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  reason TEXT,
  filter TEXT NOT NULL,
  done INTEGER NOT NULL);
CREATE TABLE decree (
  domain TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  reason TEXT,
  until INTEGER) WITHOUT ROWID;
CREATE TABLE imported (entry BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE due (entry BLOB PRIMARY KEY, domain INTEGER NOT NULL) WITHOUT ROWID;
";

/// What makes of each layout the one that follows it. As they were then: a step never changes again.
const STEPS: [(i32, &str); 4] = [
    (
        5,
        "CREATE TABLE decree (
           domain TEXT PRIMARY KEY,
           at INTEGER NOT NULL,
           who TEXT NOT NULL,
           reason TEXT,
           until INTEGER) WITHOUT ROWID;",
    ),
    (
        6,
        "CREATE TABLE imported (entry BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
         ALTER TABLE message ADD COLUMN auth TEXT;
         ALTER TABLE message ADD COLUMN message_id TEXT;",
    ),
    (
        7,
        "ALTER TABLE recipient ADD COLUMN times INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE recipient ADD COLUMN at INTEGER;
         ALTER TABLE recipient ADD COLUMN session TEXT;
         ALTER TABLE recipient ADD COLUMN stage TEXT;
         ALTER TABLE recipient ADD COLUMN remote_id TEXT;
         ALTER TABLE mark ADD COLUMN held_at INTEGER;
         ALTER TABLE mark ADD COLUMN held_who TEXT;
         ALTER TABLE mark ADD COLUMN held_reason TEXT;
         ALTER TABLE mark ADD COLUMN held_until INTEGER;",
    ),
    (
        8,
        "ALTER TABLE entry ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
         CREATE INDEX entry_untold ON entry (domain, arrived) WHERE told = 2 AND state < 2;",
    ),
];

/// Opens the writer's connection; makes the tables when there are none, and brings those of an earlier
/// version up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, SpoolError> {
    if rusqlite::version_number() < OLDEST_LIBRARY {
        let seen = rusqlite::version();
        return Err(SpoolError::Unusable(format!("SQLite {seen} is too old: 3.51.3 is needed")));
    }
    if is_empty(path) {
        make(path, |_| Ok(()))?;
    }
    let db = Connection::open(path).map_err(|e| unusable(path, &e))?;
    prepare(&db).map_err(|e| unusable(path, &e))?;
    layout(&db, path, true)?;
    Ok(db)
}

/// The least that is a database, octets; SQLite takes less for one that is still to be made.
const HEADER: u64 = 100;

/// Has nothing ever been written there, or is it gone?
pub(super) fn is_empty(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(facts) => facts.len() < HEADER,
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// Makes the tables under another name, has them filled, and gives them theirs when they are whole and on disk. So a file that
/// bears the name and is empty has lost what was in it, and nobody was cut off in between.
pub(super) fn make(
    path: &Path,
    fill: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Result<(), SpoolError> {
    let draft = beside(path, UNFINISHED);
    let failed = |e: io::Error| SpoolError::Unusable(format!("{}: {e}", path.display()));
    match fs::remove_file(&draft) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let mut file = OpenOptions::new();
    let file = file.write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    let filled = Connection::open(&draft).and_then(|db| {
        db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY;")?;
        create(&db)?;
        fill(&db)
    });
    filled.map_err(|e| unusable(path, &e))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let named = file.sync_all().and_then(|()| fs::rename(&draft, path));
    named.and_then(|()| File::open(folder)?.sync_all()).map_err(failed)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // Only the writer decides when the log is folded in, and only when it saw no error.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    plan_once(db)?;
    db.set_prepared_statement_cache_capacity(64);
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cell_size_check = ON;
         PRAGMA foreign_keys = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;",
    )
}

/// Is this a spool of ours, of the layout we know? For those who only look.
pub(super) fn is_ours(db: &Connection, path: &Path) -> Result<(), SpoolError> {
    layout(db, path, false)
}

fn layout(db: &Connection, path: &Path, new: bool) -> Result<(), SpoolError> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, layout) = number("application_id")
        .and_then(|application| Ok((application, number("user_version")?)))
        .map_err(|e| unusable(path, &e))?;
    match (application, layout) {
        (0, 0) if new => create(db).map_err(|e| unusable(path, &e)),
        (APPLICATION, LAYOUT) => is_whole(db, path, new),
        (APPLICATION, old) if new && STEPS.iter().any(|(from, _)| *from == old) => {
            raise(db, old).map_err(|e| unusable(path, &e))?;
            info!(from = old, to = LAYOUT, "the spool has the layout of this version now");
            is_whole(db, path, new)
        }
        (APPLICATION, other) => {
            let what_to_do = match STEPS.iter().any(|(from, _)| *from == other) {
                true => "start this version of odmrd once, which brings it up to date",
                false if other > LAYOUT => "it was written by a later version of odmrd: use that",
                false => "have its mail fetched from the version of odmrd that wrote it",
            };
            Err(SpoolError::Unusable(format!(
                "{}: the spool has layout {other}, this program knows {LAYOUT}; {what_to_do}",
                path.display()
            )))
        }
        _ => Err(SpoolError::Unusable(format!("{}: this is no spool of odmrd", path.display()))),
    }
}

/// What the file of the tables ends in while they are being made.
const UNFINISHED: &str = ".new";

/// Is everything there? A table that is gone has taken with it what was in it; an index only repeats what
/// stands elsewhere, and is made anew by whoever may write.
fn is_whole(db: &Connection, path: &Path, may_write: bool) -> Result<(), SpoolError> {
    let missing = missing(db).map_err(|e| unusable(path, &e))?;
    if let Some((_, name, _)) = missing.iter().find(|(kind, ..)| *kind == "TABLE") {
        let (shown, advice) = (path.display(), rescue::ADVICE);
        return Err(SpoolError::Corrupt(format!("{shown}: its table {name:?} is gone; {advice}")));
    }
    for (_, index, statement) in missing.iter().filter(|_| may_write) {
        db.execute_batch(statement).map_err(|e| unusable(path, &e))?;
        warn!(index, "an index of the spool was gone, and has been made anew");
    }
    Ok(())
}

/// A table or an index: which, its name, and what makes it.
type Thing = (&'static str, &'static str, &'static str);

/// Which tables and indexes are gone.
fn missing(db: &Connection) -> rusqlite::Result<Vec<Thing>> {
    let mut known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?;
    let mut missing = Vec::new();
    for (kind, name, statement) in things() {
        if !known.exists([name])? {
            missing.push((kind, name, statement));
        }
    }
    Ok(missing)
}

/// The tables there are to be.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    things().filter(|(kind, ..)| *kind == "TABLE").map(|(_, name, _)| name)
}

/// Folds the log in as a whole: what is put in the database's place must not find another's.
pub(super) fn fold_whole(path: &Path) -> Result<(), SpoolError> {
    let folded = Connection::open(path).and_then(|db| {
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
    });
    match folded.map_err(|e| unusable(path, &e))? {
        false if is_without_a_log(path) => Ok(()),
        _ => {
            let what = "somebody looks at it, so that its log cannot be folded in; try again";
            Err(SpoolError::Broken(format!("{}: {what}", path.display())))
        }
    }
}

/// The indexes that are gone.
pub(super) fn missing_indexes(db: &Connection) -> rusqlite::Result<Vec<&'static str>> {
    let indexes = missing(db)?.into_iter().filter(|(kind, ..)| *kind == "INDEX");
    Ok(indexes.map(|(_, name, _)| name).collect())
}

/// All that [`TABLES`] makes.
fn things() -> impl Iterator<Item = Thing> {
    TABLES.split(';').map(str::trim).filter_map(|statement| {
        let mut words = statement.strip_prefix("CREATE ")?.split([' ', '(']);
        Some((words.next()?, words.next()?, statement))
    })
}

fn create(db: &Connection) -> rusqlite::Result<()> {
    let tables = format!(
        "BEGIN IMMEDIATE;
         {TABLES}
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {LAYOUT};
         COMMIT;"
    );
    db.execute_batch(&tables)
}

/// All steps from this layout on, or none: whoever is cut off in between finds the spool as it was.
fn raise(db: &Connection, from: i32) -> rusqlite::Result<()> {
    let steps: String =
        STEPS.iter().filter(|(layout, _)| *layout >= from).map(|(_, step)| *step).collect();
    let steps = format!("BEGIN IMMEDIATE; {steps} PRAGMA user_version = {LAYOUT}; COMMIT;");
    let done = db.execute_batch(&steps);
    if done.is_err() && !db.is_autocommit() {
        db.execute_batch("ROLLBACK")?;
    }
    done
}

/// Opens a further connection that may write, to fold the log.
pub(super) fn folder(path: &Path) -> Result<Connection, SpoolError> {
    let open = || {
        let db = Connection::open(path)?;
        prepare(&db)?;
        db.execute_batch("PRAGMA cache_size = -256;")?;
        Ok(db)
    };
    open().map_err(|e| unusable(path, &e))
}

/// Without it, a statement that might use a partial index is planned anew for every value that is bound
/// to it, which takes longer than to run it.
fn plan_once(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Opens one of the readers' connections. Where nothing can be written the index of the log cannot be made,
/// which every reader needs; but then nobody else writes either, and without a log none is needed.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let still = lies_still(path).filter(|_| is_without_a_log(path));
    let db = match still {
        Some(uri) => Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    plan_once(&db)?;
    db.set_prepared_statement_cache_capacity(32);
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;",
    )?;
    Ok(db)
}

/// The file as one that nobody can change, where it lies on a file system that cannot be written and has no
/// index of a log beside it.
fn lies_still(path: &Path) -> Option<String> {
    let stat = rustix::fs::statvfs(path).ok()?;
    if !stat.f_flag.contains(StatVfsMountFlags::RDONLY) || beside(path, "-shm").exists() {
        return None;
    }
    let mut uri = "file:".to_owned();
    for c in path.to_str()?.chars() {
        match c {
            '%' | '?' | '#' => uri.push_str(&format!("%{:02x}", c as u32)),
            c => uri.push(c),
        }
    }
    Some(uri + "?immutable=1")
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn is_without_a_log(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).map_or(true, |facts| facts.len() == 0)
}

/// Is there a log that has to be read, and cannot be?
pub(super) fn has_a_sealed_log(path: &Path) -> bool {
    !is_without_a_log(path) && lies_still(path).is_some()
}

fn unusable(path: &Path, e: &rusqlite::Error) -> SpoolError {
    let what = format!("{}: {}", path.display(), rescue::told(e));
    match rescue::is_damage(e) {
        true => SpoolError::Corrupt(what),
        false => SpoolError::Unusable(what),
    }
}

#[cfg(test)]
mod tests {
    use super::{LAYOUT, STEPS};
    use crate::queue::order;

    #[test]
    fn the_steps_lead_one_by_one_to_this_layout() {
        let first = STEPS[0].0;
        assert!(STEPS.iter().map(|(from, _)| *from).eq(first..LAYOUT));
    }

    #[test]
    fn all_that_is_made_is_known_by_its_name() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        assert_eq!(super::missing(&db).unwrap().len(), super::things().count());
        super::create(&db).unwrap();
        assert_eq!(super::missing(&db).unwrap(), []);
        let sql = "SELECT count(*) FROM sqlite_schema WHERE sql LIKE 'CREATE%' AND name NOT LIKE 'sqlite%'";
        let made: usize = db.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(made, super::things().count());
        db.execute_batch("DROP INDEX mark_until").unwrap();
        assert_eq!(super::missing_indexes(&db).unwrap(), ["mark_until"]);
        let path = std::path::Path::new("spool.db");
        super::is_whole(&db, path, false).unwrap();
        assert_eq!(super::missing_indexes(&db).unwrap(), ["mark_until"]);
        super::is_whole(&db, path, true).unwrap();
        assert!(super::missing_indexes(&db).unwrap().is_empty());
        db.execute_batch("DROP TABLE mark").unwrap();
        let told = super::is_whole(&db, path, true).unwrap_err().to_string();
        assert!(told.starts_with("spool.db: its table \"mark\" is gone; "), "{told}");
    }

    #[test]
    fn the_index_of_what_was_tried_says_so_by_its_number() {
        assert!(super::TABLES.contains(&format!("WHERE class = {};", order::TRIED)));
    }
}
