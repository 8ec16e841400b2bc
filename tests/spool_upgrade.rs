//! A spool that an earlier `odmrd` has left goes on under this one, with all that lay in it.

mod contract;

use std::collections::BTreeSet;
use std::path::Path;

use contract::*;
use odmr::queue::{EntryState, RecipientState};
use odmr::smtp::Stage;
use odmr::spool::embedded::operate::Warrant;
use odmr::spool::embedded::oversee::Overseer;
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool, SpoolError};
use rusqlite::Connection;

/// The dumps of spools that `odmrd` of that time wrote.
const LAYOUT_5: &str = include_str!("spool_layouts/5.sql");
const LAYOUT_6: &str = include_str!("spool_layouts/6.sql");
const LAYOUT_7: &str = include_str!("spool_layouts/7.sql");
const LAYOUT_8: &str = include_str!("spool_layouts/8.sql");
/// A moment after its messages came.
const THEN: i64 = 1_795_800_000;

fn left_behind(dump: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let db = Connection::open(folder.path().join("spool.db")).expect("a database");
    db.execute_batch(dump).expect("the dump");
    db.pragma_update(None, "journal_mode", "WAL").expect("as odmrd has it");
    drop(db);
    let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.path().join("spool.db"), owner).expect("its owner's");
    folder
}

fn open(folder: &Path) -> Result<Embedded, SpoolError> {
    Embedded::open(Settings { reserve: Some(0), ..Settings::at(folder) })
}

/// The tables and indexes, whatever their order and blanks.
fn tables(folder: &Path) -> BTreeSet<String> {
    let db = Connection::open(folder.join("spool.db")).expect("a database");
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    let mut query = db.prepare(sql).expect("a query");
    let texts = query.query_map([], |row| row.get::<_, String>(0)).expect("its rows");
    let plain =
        |text: String| text.split_whitespace().collect::<String>().replace("IFNOTEXISTS", "");
    texts.map(|text| plain(text.expect("a text"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_of_an_earlier_version_is_kept_and_handed_over() {
    let folder = left_behind(LAYOUT_5);
    let spool = open(folder.path()).expect("a spool of today");
    let (give, mut found) = tokio::sync::mpsc::channel(16);
    let verified = spool.overseer().verify(at(THEN), &give).await.expect("a look");
    drop(give);
    assert_eq!((verified.entries, found.recv().await), (5, None));
    let page = spool.overseer().page(None, 10).await.expect("a page");
    let states: Vec<EntryState> =
        page.entries.iter().map(|sight| sight.as_ref().expect("readable").entry.state).collect();
    let waiting = EntryState::Waiting;
    assert_eq!(states, [waiting, waiting, waiting, EntryState::Held, EntryState::Deleted]);
    // What this version can do, it can do here.
    let warrant = Warrant { who: "test".into(), reason: None, filter: String::new(), at: at(THEN) };
    let held = spool.proclaim(vec![domain("shop.example")], Some(None), warrant).await;
    assert_eq!(held.expect("held").0, 1);
    keep_small(&spool, 9, "shop.example", at(THEN)).await;
    assert_eq!(offered(&spool, "shop.example").await.len(), 1);
    let mut drain = walk(&spool, "example.org");
    for subject in ["one", "two"] {
        let lease = drain.next(1).await.expect("a lease").pop().expect("a message");
        let content = read(&spool, &lease).await.expect("its content");
        let content = String::from_utf8(content).expect("text");
        assert!(content.contains(&format!("\nSubject: {subject}\r\n")), "{content}");
        deliver(&spool, lease).await;
    }
}

#[tokio::test]
async fn what_was_ordered_then_counts_now() {
    let folder = left_behind(LAYOUT_6);
    let spool = open(folder.path()).expect("a spool of today");
    let decrees = spool.overseer().decrees(at(THEN)).await.expect("a look");
    assert_eq!(decrees.len(), 1);
    assert_eq!(decrees[0].domain, domain("shop.example"));
    keep_small(&spool, 9, "shop.example", at(THEN)).await;
    let page = spool.overseer().page(None, 10).await.expect("a page");
    let last = page.entries.last().and_then(|sight| sight.as_ref().ok()).expect("readable");
    assert_eq!(last.entry.state, EntryState::Held);
}

#[tokio::test]
async fn what_was_answered_then_is_known_and_how_it_came_to_that_is_not() {
    let folder = left_behind(LAYOUT_7);
    let spool = open(folder.path()).expect("a spool of today");
    let lease = only(&spool, "example.org").await;
    let [bob, eve] = &lease.entry().recipients[..] else { panic!("two recipients") };
    assert_eq!(
        (&bob.1, &eve.1),
        (&RecipientState::Delivered, &RecipientState::Waiting(Some(not_now())))
    );
    let sight = spool.overseer().page(None, 1).await.expect("a page").entries.remove(0);
    assert_eq!(sight.expect("readable").answered, []);
    settle(&spool, lease, vec![deferred()]).await;
    let sight = spool.overseer().page(None, 1).await.expect("a page").entries.remove(0);
    let answered = sight.expect("readable").answered;
    let [None, Some(eve)] = &answered[..] else { panic!("{answered:?}") };
    assert_eq!((eve.times, eve.stage), (1, Some(Stage::Rcpt)));
}

#[tokio::test]
async fn of_whose_delay_somebody_was_told_then_nobody_is_told_again() {
    let folder = left_behind(LAYOUT_8);
    let spool = open(folder.path()).expect("a spool of today");
    for (name, count) in [("example.org", 0), ("shop.example", 1)] {
        let delayed = spool.delayed(&domain(name), at(0), 10).await.expect("a look");
        assert_eq!(delayed.len(), count, "{name}");
    }
    let page = spool.overseer().page(None, 10).await.expect("a page");
    let told = page.entries.iter().map(|sight| sight.as_ref().expect("readable").told_of_delay);
    assert!(told.eq([true, false]));
}

#[tokio::test]
async fn its_tables_become_those_of_a_new_one() {
    let new = tempfile::tempdir().expect("a folder");
    drop(open(new.path()).expect("a spool"));
    for dump in [LAYOUT_5, LAYOUT_6, LAYOUT_7, LAYOUT_8] {
        let old = left_behind(dump);
        let before = tables(old.path());
        drop(open(old.path()).expect("a spool"));
        assert_ne!(tables(old.path()), before);
        assert_eq!(tables(old.path()), tables(new.path()));
        // Once is enough.
        drop(open(old.path()).expect("a spool"));
    }
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let folder = left_behind(LAYOUT_5);
    let before = tables(folder.path());
    let refused = Overseer::at(folder.path()).expect_err("not of today").to_string();
    assert!(refused.contains("layout 5") && refused.contains("start this version"), "{refused}");
    assert_eq!(tables(folder.path()), before);
}

#[tokio::test]
async fn a_step_that_fails_leaves_all_as_it_was() {
    let stands_in_the_way = format!("{LAYOUT_5}\nCREATE TABLE decree (x);");
    let folder = left_behind(&stands_in_the_way);
    let before = tables(folder.path());
    let refused = open(folder.path()).expect_err("no spool").to_string();
    assert!(refused.contains("decree"), "{refused}");
    assert_eq!(tables(folder.path()), before);
    let db = Connection::open(folder.path().join("spool.db")).expect("a database");
    let layout = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get(0));
    assert_eq!(layout(&db), Ok(5));
    db.execute_batch("DROP TABLE decree").expect("out of the way");
    drop(db);
    drop(open(folder.path()).expect("a spool"));
}
