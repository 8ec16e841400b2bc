//! The database made anew from what its tables hold, for where its indexes cannot be mended in place:
//! to empty a tree, SQLite reads it.

use std::path::Path;

use rusqlite::{Connection, params};

use super::rescue::is_damage;
use super::{recover, schema};
use crate::spool::SpoolError;

/// Makes the indexes and counts anew, whatever has become of them. A table that cannot be read to its end stays as
/// it is: then nothing is changed.
///
/// # Errors
/// [`SpoolError::Corrupt`] when that cannot be done.
pub(super) fn mended(path: &Path) -> Result<Connection, SpoolError> {
    let db = schema::writer(path)?;
    let unreadable = |e: rusqlite::Error| super::reader::unreadable(&e);
    match recover::rebuild(&db) {
        Ok(()) => {}
        Err(e) if is_damage(&e) => {
            drop(db);
            schema::fold_whole(path)?;
            schema::make(path, |new| copy(new, path))?;
            tracing::warn!(was = %e, "the spool's database has been made anew from its tables");
            let db = schema::writer(path)?;
            recover::rebuild(&db).and_then(|()| recover::recount(&db)).map_err(unreadable)?;
            return Ok(db);
        }
        Err(e) => return Err(unreadable(e)),
    }
    recover::recount(&db).map_err(unreadable)?;
    Ok(db)
}

/// Takes over every row of every table, read without any index.
fn copy(new: &Connection, path: &Path) -> rusqlite::Result<()> {
    let name = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    new.execute("ATTACH ?1 AS old", params![name])?;
    new.execute_batch("PRAGMA cell_size_check = ON; BEGIN;")?;
    for table in schema::tables() {
        let columns = columns(new, table)?;
        // With a condition, row after row: without one, whole trees would be taken over as they are.
        let sql = format!(
            "DELETE FROM main.{table};
             INSERT INTO main.{table} ({columns}) SELECT {columns} FROM old.{table} NOT INDEXED WHERE true;"
        );
        new.execute_batch(&sql)?;
    }
    new.execute_batch("COMMIT; DETACH old;")
}

/// By name: tables of earlier versions have got theirs in another order.
fn columns(db: &Connection, table: &str) -> rusqlite::Result<String> {
    let mut names = db.prepare("SELECT name FROM pragma_table_info(?1, 'main')")?;
    let names = names.query_map([table], |row| row.get::<_, String>(0))?;
    Ok(names.collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
}
