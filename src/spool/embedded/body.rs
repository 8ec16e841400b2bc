//! Where content lies, and nothing else in the engine knows: small content in a row beside the
//! ledger, large content in a file of its own. The file is on disk, under its name and in its
//! folder, *before* any row speaks of it; a file that no row speaks of is an orphan of a crash.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use ulid::Ulid;

/// What an unfinished file's name ends in.
const UNFINISHED: &str = ".part";

/// A finished body on its way into the ledger.
#[derive(Debug)]
pub(super) enum Body {
    /// To be put in a row.
    Row(Vec<u8>),
    /// Already on disk.
    File(Placed),
}

/// Where a known body lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the row of this message.
    Row(i64),
    /// In the file of this name.
    File(String),
}

/// The shelf.
#[derive(Debug)]
pub(super) struct Bodies {
    folder: PathBuf,
    handle: File,
    names: Mutex<ulid::Generator>,
}

impl Bodies {
    /// Is there no room for a block more? SQLite tells a full disk from a fault of it, and knows no quota.
    pub(super) fn is_out_of_room(&self) -> bool {
        use std::os::unix::fs::FileExt;
        let tried = tempfile::tempfile_in(&self.folder).and_then(|file| {
            file.write_all_at(&[0; 4096], 0)?;
            file.sync_data()
        });
        tried.is_err_and(|e| super::health::is_full(&e))
    }

    /// Opens the folder of large bodies; makes it when there is none.
    pub(super) fn open(spool: &Path) -> io::Result<Arc<Bodies>> {
        let folder = spool.join(super::BODIES);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        File::open(spool)?.sync_all()?;
        let handle = File::open(&folder)?;
        Ok(Arc::new(Bodies { folder, handle, names: Mutex::new(ulid::Generator::new()) }))
    }

    /// Starts a file for content that is still coming.
    pub(super) fn begin(self: &Arc<Self>) -> io::Result<Incoming> {
        let name = self.name();
        let path = self.folder.join(format!("{name}{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let placed = Placed { bodies: Arc::clone(self), name, path, kept: false };
        Ok(Incoming { file, placed })
    }

    fn name(&self) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.generate().unwrap_or_else(|overflow| overflow.commit_overflow_random());
        name.to_string()
    }

    /// Where a large body lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Takes away a file that no row speaks of any more. One that stays behind is found at the
    /// next start after a crash.
    pub(super) fn remove(&self, name: &str) {
        if let Err(e) = fs::remove_file(self.folder.join(name)) {
            tracing::warn!(name, error = %e, "a body that is no longer needed cannot be removed");
        }
    }

    /// Makes names and removals so far survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }

    /// How many whole bodies there are.
    pub(super) fn count(&self) -> io::Result<usize> {
        Ok(self.names_there()?.iter().filter(|name| !name.ends_with(UNFINISHED)).count())
    }

    fn names_there(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let name = file?.file_name();
            names.extend(name.to_str().filter(|name| is_ours(name)).map(str::to_owned));
        }
        Ok(names)
    }

    /// Moves files that no row speaks of into `lost`, where nobody clears them away: after damage one of
    /// them may be the only copy of somebody's mail. Says how many.
    pub(super) fn put_aside(&self, db: &Connection, lost: &Path) -> io::Result<u64> {
        let mut whole = self.names_there()?;
        whole.retain(|name| !name.ends_with(UNFINISHED));
        let orphans = orphans(db, &whole).map_err(io::Error::other)?;
        if orphans.is_empty() {
            return Ok(0);
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(lost)?;
        for name in &orphans {
            fs::rename(self.folder.join(name), lost.join(name))?;
        }
        File::open(lost)?.sync_all()?;
        File::open(lost.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        self.sync()?;
        Ok(orphans.len() as u64)
    }

    /// Removes what a crash left: unfinished files and files no row speaks of. Where the rows cannot
    /// be read, or where rows are missing too, nothing is removed but what is unfinished.
    pub(super) fn sweep(&self, db: &Connection) -> io::Result<rusqlite::Result<u64>> {
        let (unfinished, whole): (Vec<_>, Vec<_>) =
            self.names_there()?.into_iter().partition(|name| name.ends_with(UNFINISHED));
        let orphans = needless(db, &whole);
        let needless = unfinished.iter().chain(orphans.iter().flatten());
        let swept = needless.inspect(|name| self.remove(name)).count() as u64;
        Ok(orphans.map(|_| swept))
    }
}

/// Those of the files that nobody can want: no row speaks of them, and of no message a part is missing.
fn needless(db: &Connection, files: &[String]) -> rusqlite::Result<HashSet<String>> {
    let orphans = orphans(db, files)?;
    if orphans.is_empty() || !is_torn(db, files)? {
        return Ok(orphans);
    }
    tracing::error!(
        files = orphans.len(),
        "entries or contents are missing; what no row speaks of is kept: see queuectl verify"
    );
    Ok(HashSet::new())
}

/// Is there an entry without its message, or a message whose file is not there?
fn is_torn(db: &Connection, files: &[String]) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM entry NOT INDEXED
                 WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.id = entry.message))";
    if db.query_row(sql, [], |row| row.get(0))? {
        return Ok(true);
    }
    let there: HashSet<&str> = files.iter().map(String::as_str).collect();
    let mut all = db.prepare("SELECT file FROM message NOT INDEXED WHERE file IS NOT NULL")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        if !there.contains(row.get_ref(0)?.as_str()?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Those of the files that no row speaks of. The index answers for most; what it does not know is
/// looked for in the rows themselves, since a damaged index must cost nobody his mail.
fn orphans(db: &Connection, files: &[String]) -> rusqlite::Result<HashSet<String>> {
    let mut known = db.prepare("SELECT 1 FROM message WHERE file = ?1")?;
    let mut orphans = HashSet::new();
    for file in files {
        if !known.exists([file])? {
            orphans.insert(file.clone());
        }
    }
    if orphans.is_empty() {
        return Ok(orphans);
    }
    let mut all = db.prepare("SELECT file FROM message NOT INDEXED WHERE file IS NOT NULL")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        orphans.remove(&row.get::<_, String>(0)?);
    }
    Ok(orphans)
}

/// Somebody else's file in our folder is not ours to remove.
pub(super) fn is_ours(name: &str) -> bool {
    Ulid::from_string(name.strip_suffix(UNFINISHED).unwrap_or(name)).is_ok()
}

/// A file that is being written. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Incoming {
    file: File,
    placed: Placed,
}

impl Incoming {
    /// Adds to it.
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)
    }

    /// Makes it survive a power cut, content, name and all.
    pub(super) fn place(self) -> io::Result<Placed> {
        let Incoming { file, mut placed } = self;
        file.sync_data()?;
        let path = placed.bodies.folder.join(&placed.name);
        fs::rename(&placed.path, &path)?;
        placed.path = path;
        // A rename is not on disk until its folder is.
        placed.bodies.sync()?;
        Ok(placed)
    }
}

/// A file on disk that no row speaks of yet. Dropped before it is kept, it is gone.
#[derive(Debug)]
pub(super) struct Placed {
    bodies: Arc<Bodies>,
    name: String,
    path: PathBuf,
    kept: bool,
}

impl Placed {
    /// What the row will call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A row speaks of it now, or may.
    pub(super) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if !self.kept {
            // A file that cannot be removed is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Puts a small body in its row.
pub(super) fn insert(db: &Connection, message: i64, data: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO body (message, data) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![message, data]).map(|_| ())
}

/// Takes a small body out of its row.
pub(super) fn delete(db: &Connection, message: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM body WHERE message = ?1")?.execute([message]).map(|_| ())
}

/// Reads a small body.
pub(super) fn select(db: &Connection, message: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT data FROM body WHERE message = ?1";
    db.prepare_cached(sql)?.query_row([message], |row| row.get(0)).optional()
}

/// Reads `octets` of a file, or fewer where it ends.
pub(super) fn read(file: &mut File, octets: usize) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(octets);
    file.take(octets as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(spool: &Path) -> Vec<String> {
        let folder = fs::read_dir(spool.join("bodies")).unwrap();
        folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_body_that_nobody_keeps_leaves_nothing_behind() {
        let spool = tempfile::tempdir().unwrap();
        let bodies = Bodies::open(spool.path()).unwrap();
        let mut incoming = bodies.begin().unwrap();
        incoming.write(b"half a").unwrap();
        drop(incoming);
        drop(bodies.begin().unwrap().place().unwrap());
        assert!(names(spool.path()).is_empty());
    }

    #[test]
    fn a_kept_body_is_read_back_and_may_be_removed() {
        let spool = tempfile::tempdir().unwrap();
        let bodies = Bodies::open(spool.path()).unwrap();
        let mut incoming = bodies.begin().unwrap();
        incoming.write(b"whole").unwrap();
        let mut placed = incoming.place().unwrap();
        placed.keep();
        let name = placed.name().to_owned();
        drop(placed);
        assert_eq!(read(&mut File::open(bodies.path(&name)).unwrap(), 99).unwrap(), b"whole");
        bodies.remove(&name);
        assert!(names(spool.path()).is_empty());
    }

    #[test]
    fn only_orphans_of_ours_are_swept() {
        let spool = tempfile::tempdir().unwrap();
        let bodies = Bodies::open(spool.path()).unwrap();
        let (orphan, known) = (bodies.name(), bodies.name());
        for name in [&orphan, &known, &format!("{orphan}.part"), "README"] {
            fs::write(spool.path().join("bodies").join(name), b"x").unwrap();
        }
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, file TEXT);
             CREATE TABLE entry (message INTEGER); INSERT INTO entry VALUES (1), (2);",
        )
        .unwrap();
        db.execute("INSERT INTO message (file) VALUES (?1)", [&known]).unwrap();
        // A message is gone: who knows whose the content is?
        assert_eq!(bodies.sweep(&db).unwrap().unwrap(), 1);
        assert!(bodies.path(&orphan).exists());
        db.execute("DELETE FROM entry WHERE message = 2", []).unwrap();
        assert_eq!(bodies.sweep(&db).unwrap().unwrap(), 1);
        let mut left = names(spool.path());
        left.sort();
        assert_eq!(left, [known, "README".to_owned()]);
    }
}
