//! Octets that lie behind the end of a content in its file. No message is made of them, and nobody is given
//! them; who has put them there is not known, so they are told of, and kept.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::Connection;

use super::content;
use super::row::Unreadable;
use super::seal::Proof;

/// What the name of a file ends in that such octets are moved to.
const END: &str = ".excess";
/// So often a file may have had some.
const TIMES: u32 = 1000;

/// The files of contents, and how many octets of each are the content.
pub(super) fn known_files(db: &Connection) -> rusqlite::Result<HashMap<String, u64>> {
    let sql = "SELECT file, size - length(head) FROM message NOT INDEXED WHERE file IS NOT NULL";
    let mut query = db.prepare(sql)?;
    // Where even that is damaged, the entry says so.
    let file = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1).unwrap_or(u64::MAX)));
    query.query_map([], file)?.collect()
}

/// Moves what lies behind the end of contents into `lost`, octet by octet, and only then cuts it off. Where the
/// content itself is not what came in, nobody knows where its end is: such a file stays as it is.
pub(super) fn put_aside(db: &Connection, bodies: &Path, lost: &Path) -> io::Result<u64> {
    let mut moved = 0;
    for (name, octets) in known_files(db).map_err(io::Error::other)? {
        let path = bodies.join(&name);
        let there = match std::fs::metadata(&path) {
            Ok(facts) => facts.len(),
            // Told of by whoever looks at its entry.
            Err(_) => continue,
        };
        if there > octets && is_whole(db, &name, &path).map_err(io::Error::other)? {
            keep(&path, octets, &name, lost)?;
            let file = OpenOptions::new().write(true).open(&path)?;
            file.set_len(octets)?;
            file.sync_all()?;
            moved += 1;
        }
    }
    Ok(moved)
}

/// Copies what lies behind the content, so that it would survive a power cut.
fn keep(path: &Path, octets: u64, name: &str, lost: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(lost)?;
    let free = |n: u32| {
        let number = if n == 0 { String::new() } else { format!(".{n}") };
        let place = lost.join(format!("{name}{END}{number}"));
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)
    };
    let taken = |file: &io::Result<File>| {
        file.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
    };
    let place = (0..TIMES).map(free).find(|file| !taken(file));
    let mut place = place.unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))?;
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(octets))?;
    io::copy(&mut file, &mut place)?;
    place.sync_all()?;
    File::open(lost)?.sync_all()?;
    File::open(lost.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Is what lies in front of them what came in?
fn is_whole(db: &Connection, name: &str, path: &Path) -> rusqlite::Result<bool> {
    let sql = "SELECT size, head, checks, digest FROM message NOT INDEXED WHERE file = ?1";
    let read = db.query_row(sql, [name], |row| {
        let proof = Proof::new(row.get(2)?, row.get(3)?);
        Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?, proof))
    });
    match read.map_err(Unreadable::from) {
        Ok((size, head, proof)) => Ok(content::is_whole(path.to_owned(), &head, size, proof)),
        Err(Unreadable::Sql(e)) => Err(e),
        Err(Unreadable::Damaged(_) | Unreadable::Misfiled) => Ok(false),
    }
}
