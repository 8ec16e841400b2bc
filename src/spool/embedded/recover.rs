//! Beginning and end. A spool that was left in order is ready at once. After a crash SQLite rolls
//! its log forward, and we check what is ours to check: the counts against an index, and the shelf
//! for bodies that no row speaks of.

use jiff::Timestamp;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, params};

use super::body::Bodies;
use super::conclude;
use super::health::Health;
use super::rescue::{is_damage, told};
use super::row;
use crate::queue::{EntryState, order};

/// Takes possession: looks whether the last owner left in order, and says that we have not yet.
pub(super) fn enter(db: &Connection, bodies: &Bodies, health: &Health) -> Result<(), String> {
    let clean: bool = db
        .query_row("SELECT clean FROM spool", [], |row| row.get(0))
        .map_err(|e| format!("its state cannot be read: {}", told(&e)))?;
    if !clean {
        make_good(db, bodies, health)?;
    }
    db.execute("UPDATE spool SET clean = 0", [])
        .map_err(|e| format!("it cannot be written: {}", told(&e)))?;
    Ok(())
}

/// Folds the log into the database, so that what is written next takes the log's room and no more of
/// the disk. On a full disk this may come to nothing, and what is written next will tell.
pub(super) fn begin_log_anew(db: &Connection) {
    if let Err(e) = db.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        tracing::warn!(error = %e, "the disk is full, and the spool's log could not be folded");
    }
}

fn make_good(db: &Connection, bodies: &Bodies, health: &Health) -> Result<(), String> {
    let swept = match bodies.sweep(db).map_err(|e| format!("its bodies cannot be swept: {e}"))? {
        Ok(swept) => swept,
        Err(e) => {
            // A file too many costs room and nothing else.
            tracing::error!(error = %e, "which bodies are needed cannot be told; all are kept");
            0
        }
    };
    let recounted = make_counts_good(db);
    if let Err(e) = &recounted {
        if !is_damage(e) {
            return Err(format!("its entries cannot be counted: {e}"));
        }
        health.mistrust(e.to_string());
    }
    tracing::warn!(
        swept,
        recounted = recounted.unwrap_or_default(),
        "the spool was not left in order; it has been checked"
    );
    Ok(())
}

/// Counts anew where the counts do not agree with the index, and makes the index anew where it is
/// damaged. Says whether there was need to.
fn make_counts_good(db: &Connection) -> rusqlite::Result<bool> {
    match counts_agree(db) {
        Ok(true) => return Ok(false),
        Err(e) if is_damage(&e) => rebuild(db)?,
        agree => drop(agree?),
    }
    recount(db).map(|()| true)
}

/// Makes the indexes anew from the entries and messages.
pub(super) fn rebuild(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "REINDEX sqlite_autoindex_domain_1; REINDEX message_file; REINDEX entry_order; REINDEX entry_tried;
         REINDEX entry_untold; REINDEX mark_until;",
    )?;
    conclude::rebuild(db)
}

/// Do the counts kept agree with the index? Walks the index once.
fn counts_agree(db: &Connection) -> rusqlite::Result<bool> {
    let counts = counts().map(|(name, which)| {
        (
            format!("domain.{name} = coalesce(seen.{name}, 0)"),
            format!("sum(n) FILTER (WHERE {which}) AS {name}"),
        )
    });
    let (agree, counted): (Vec<String>, Vec<String>) = counts.into_iter().unzip();
    let sql = format!(
        "SELECT {} FROM domain LEFT JOIN
           (SELECT domain, {}
            FROM (SELECT domain, state, class, count(*) AS n FROM entry INDEXED BY entry_order
                  GROUP BY domain, state, class)
            GROUP BY domain) AS seen ON seen.domain = domain.id",
        agree.join(" AND "),
        counted.join(", ")
    );
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if !row.get::<_, bool>(0)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The column of each count, and what is counted there.
pub(super) fn counts() -> [(&'static str, String); 6] {
    let waiting = row::state(EntryState::Waiting);
    let tried = ("tried", format!("state = {waiting} AND class = {}", order::TRIED));
    let [waiting, held, failed, damaged, deleted] = [
        ("waiting", EntryState::Waiting),
        ("held", EntryState::Held),
        ("failed", EntryState::Failed),
        ("damaged", EntryState::Damaged),
        ("deleted", EntryState::Deleted),
    ]
    .map(|(name, state)| (name, format!("state = {}", row::state(state))));
    [waiting, tried, held, failed, damaged, deleted]
}

/// Counts everything anew.
pub(super) fn recount(db: &Connection) -> rusqlite::Result<()> {
    let counted = counts().map(|(_, which)| format!("count(*) FILTER (WHERE {which})"));
    let names = counts().map(|(name, _)| name);
    let sql = format!(
        "UPDATE domain SET (octets, aside, {}) =
           (SELECT coalesce(sum(size) FILTER (WHERE state = ?1), 0),
                   coalesce(sum(size) FILTER (WHERE state <> ?1), 0), {}
            FROM entry WHERE entry.domain = domain.id)",
        names.join(", "),
        counted.join(", ")
    );
    db.execute(&sql, params![row::state(EntryState::Waiting)]).map(|_| ())
}

/// The number for the next message. Where the last one cannot be read, the time of day is beyond it:
/// nobody has kept a message every microsecond since 1970.
pub(super) fn next_message(db: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(max(id), 0) + 1 FROM message";
    match db.query_row(sql, [], |row| row.get(0)) {
        Err(e) if is_damage(&e) => Ok(row::time(Timestamp::now())),
        number => number,
    }
}

/// Free pages that are kept for the mail to come, whatever share of the database they are.
const SPARE: i64 = 16_384;
/// Pages given back in one go: what can be moved without keeping anybody waiting for long.
const GIVE_BACK: i64 = 2_048;

/// Gives some room back to the file system when more than half of the database is empty. A queue
/// that fills and empties every day keeps its room.
pub(super) fn tidy(db: &Connection) -> rusqlite::Result<u64> {
    let pages = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (free, all) = (pages("freelist_count")?, pages("page_count")?);
    if free < SPARE || free < all / 2 {
        return Ok(0);
    }
    let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({GIVE_BACK})"))?;
    let mut steps = vacuum.query([])?;
    while steps.next()?.is_some() {}
    Ok(0)
}

/// Leaves in order: nothing in the log, removals on disk, and a word for the next owner.
pub(super) fn leave(db: &Connection, bodies: &Bodies) -> Result<(), String> {
    bodies.sync().map_err(|e| e.to_string())?;
    db.execute("UPDATE spool SET clean = 1", []).map_err(|e| e.to_string())?;
    db.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE).map_err(|e| e.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn room_that_is_mostly_empty_is_given_back_bit_by_bit() {
        let spool = tempfile::tempdir().unwrap();
        let db = schema::writer(&spool.path().join("spool.db")).unwrap();
        let pages =
            || db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0)).unwrap();
        db.execute("INSERT INTO body VALUES (1, zeroblob(80000000))", []).unwrap();
        tidy(&db).unwrap();
        let full = pages();
        assert!(full > SPARE);
        super::super::body::delete(&db, 1).unwrap();
        tidy(&db).unwrap();
        // The database's own maps of its pages go with them.
        assert!((GIVE_BACK..GIVE_BACK + 16).contains(&(full - pages())));
        for _ in 0..10 {
            tidy(&db).unwrap();
        }
        assert!((SPARE - GIVE_BACK..SPARE + GIVE_BACK).contains(&pages()));
    }

    const COUNTS: &str =
        "SELECT waiting || ' ' || tried || ' ' || octets || ' ' || failed FROM domain";

    #[test]
    fn counts_that_do_not_agree_are_made_good() {
        let spool = tempfile::tempdir().unwrap();
        let bodies = Bodies::open(spool.path()).unwrap();
        let db = schema::writer(&spool.path().join("spool.db")).unwrap();
        db.execute_batch(
            "INSERT INTO domain (name, waiting, octets, failed) VALUES ('example.org', 9, 9, 9);
             INSERT INTO entry VALUES (x'01', 1, 1, 0, 0, 100, 0, 0, 0, 0, 0, 0),
                                      (x'02', 1, 1, 0, 5, 10, 0, 0, 0, 1, 0, 0),
                                      (x'03', 1, 1, 2, 0, 1, 0, 0, 0, 0, 0, 0);
             UPDATE spool SET clean = 0;",
        )
        .unwrap();
        assert!(!counts_agree(&db).unwrap());
        enter(&db, &bodies, &Health::default()).unwrap();
        assert!(counts_agree(&db).unwrap());
        let counts: String = db.query_row(COUNTS, [], |row| row.get(0)).unwrap();
        assert_eq!(counts, "2 1 110 1");
    }
}
