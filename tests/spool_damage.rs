//! Octets of the spool's database that change while it is closed. Whatever they hit: opening says a
//! clear line or works, what is handed out is what came in, everything ends, and nothing panics.
//!
//! `ODMR_DAMAGE_ROUNDS` asks for more rounds, `ODMR_DAMAGE_SEED` for other ones.

mod contract;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contract::{arrival, at, content, deliver, keep, part, read, taken, walk};
use odmr::queue::Fate;
use odmr::spool::embedded::oversee::Overseer;
use odmr::spool::embedded::verify::Kind;
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool, SpoolError};

const PAGE: usize = 4096;
const MAILS: u64 = 300;
const NAMES: [&str; 2] = ["a.example", "b.example"];

fn open(path: &Path) -> Result<Embedded, SpoolError> {
    Embedded::open(Settings { reserve: Some(0), ..Settings::at(path) })
}

fn name(n: u64) -> &'static str {
    NAMES[usize::from(n.is_multiple_of(3))]
}

fn octets(n: u64) -> usize {
    match n % 10 {
        0 => 20_000,
        1 => 140_000,
        _ => 300,
    }
}

/// A spool with mail of all kinds in it, left in order.
async fn stocked(path: &Path) {
    let spool = open(path).expect("a spool");
    for n in 0..MAILS {
        let arrival = arrival(vec![part(n, name(n), &["user", "other"])], at(n as i64));
        keep(&spool, arrival, &content(n, octets(n))).await.expect("kept");
    }
    let mut walk = walk(&spool, "a.example");
    for (n, lease) in walk.next(60).await.expect("a batch").into_iter().enumerate() {
        match n % 3 {
            0 => deliver(&spool, lease).await,
            1 => spool.settle(lease, vec![Fate::Untried], at(1_000).into()).await.expect("settled"),
            _ => {}
        }
    }
    spool.close().await;
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir(to.join("bodies")).expect("a folder");
    fs::copy(from.join("spool.db"), to.join("spool.db")).expect("copied");
    for file in fs::read_dir(from.join("bodies")).expect("a folder") {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name");
        fs::copy(&file, to.join("bodies").join(name)).expect("copied");
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// What a spool handed out, by its number, and how often.
type Served = BTreeMap<u64, usize>;

/// Drains both domains, walk after walk, until a walk brings nothing new.
async fn drained(spool: &Embedded, served: &mut Served) {
    for name in NAMES {
        let mut walk = walk(spool, name);
        let mut batches = 0;
        while let Ok(leases) = walk.next(7).await {
            if leases.is_empty() {
                break;
            }
            batches += 1;
            assert!(batches < 2 * MAILS, "no end to it");
            for lease in leases {
                serve(spool, lease, name, served).await;
            }
        }
    }
}

async fn serve(
    spool: &Embedded,
    lease: <Embedded as Spool>::Lease,
    asked: &str,
    served: &mut Served,
) {
    let n = lease.entry().id.0.timestamp_ms();
    match read(spool, &lease).await {
        Ok(whole) => {
            let sound = whole.strip_prefix(b"Received: from here\r\n\tby there; now\r\n");
            assert!(sound == Some(&content(n, octets(n))), "{n} is not what came in");
            assert_eq!((lease.entry().domain.as_str(), name(n)), (asked, asked));
            for (recipient, _) in &lease.entry().recipients {
                let address = recipient.path.as_str().trim_matches(['<', '>']).to_owned();
                assert!(["user", "other"].map(|l| format!("{l}@{asked}")).contains(&address));
            }
            *served.entry(n).or_default() += 1;
            // What cannot be written down is told, and not offered again before the next start.
            let fates = vec![taken(); 2];
            let _ = spool.settle(lease, fates, at(2_000).into()).await;
        }
        Err(SpoolError::Damaged { .. } | SpoolError::Unusable(_) | SpoolError::Corrupt(_)) => {}
        Err(other) => panic!("{other}"),
    }
}

/// Changes the spool, opens it twice, and gives what it then served; `None` when it says that it cannot
/// be opened.
async fn after(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Option<Served> {
    let file = path.join("spool.db");
    let mut database = fs::read(&file).expect("a database");
    change(&mut database);
    fs::write(&file, database).expect("written");
    let mut served = Served::new();
    for _ in 0..2 {
        match open(path) {
            Ok(spool) => {
                drained(&spool, &mut served).await;
                let _ = spool.expire(at(3_000)).await;
                let arrival = arrival(vec![part(10_000, NAMES[0], &["user", "other"])], at(4_000));
                let _ = keep(&spool, arrival, &content(10_000, octets(10_000))).await;
                spool.close().await;
            }
            Err(SpoolError::Unusable(told) | SpoolError::Corrupt(told)) => {
                assert!(told.contains("spool.db: ") && !told.contains('\n'), "{told}");
                return None;
            }
            Err(other) => panic!("{other}"),
        }
    }
    served.remove(&10_000);
    Some(served)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |n| n.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn octets_that_change_anywhere_cost_little_and_forge_nothing() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let sound = waiting(stock.path()).await;
    let seed = number("ODMR_DAMAGE_SEED", 1);
    let (mut opened, mut lost, rounds) = (0, 0, number("ODMR_DAMAGE_ROUNDS", 25));
    for round in 0..rounds {
        let mut dice = Dice(seed.wrapping_add(round).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let folder = tempfile::tempdir().expect("a folder");
        copied(stock.path(), folder.path());
        let served = after(folder.path(), |database| {
            let page = dice.below(database.len() / PAGE);
            for _ in 0..1 + dice.below(8) {
                database[page * PAGE + dice.below(PAGE)] ^= 1 << dice.below(8);
            }
        });
        let Some(served) = served.await else { continue };
        opened += 1;
        lost += sound.iter().filter(|n| !served.contains_key(n)).count();
    }
    eprintln!("{opened} of {rounds} opened; {lost} mails not served in all");
    assert!(opened * 10 >= rounds * 8, "{opened} of {rounds} were opened");
    assert!(lost as u64 <= opened * 60, "{lost} mails lost in {opened} spools");
}

/// What waits in a sound copy.
async fn waiting(stock: &Path) -> Vec<u64> {
    let folder = tempfile::tempdir().expect("a folder");
    copied(stock, folder.path());
    let served = after(folder.path(), |_| {}).await.expect("sound");
    assert!(served.values().all(|&times| times == 1), "{served:?}");
    served.into_keys().collect()
}

/// The pages of a table or an index, the root first.
fn pages_of(path: &Path, name: &str) -> Vec<usize> {
    let db = rusqlite::Connection::open(path.join("spool.db")).expect("a database");
    let sql = "SELECT pageno FROM dbstat WHERE name = ?1 ORDER BY path";
    let mut pages = db.prepare(sql).expect("a query");
    let pages = pages.query_map([name], |row| row.get::<_, i64>(0)).expect("pages");
    pages.map(|page| page.expect("a number") as usize - 1).collect()
}

/// Overwrites a page, and gives what waits and is not served.
async fn without_page(stock: &Path, sound: &[u64], page: usize) -> Option<Vec<u64>> {
    let folder = tempfile::tempdir().expect("a folder");
    copied(stock, folder.path());
    let gone = |database: &mut Vec<u8>| database[page * PAGE..][..PAGE].fill(0xa5);
    let served = after(folder.path(), gone).await?;
    assert!(served.values().all(|&times| times <= 2), "{served:?}");
    Some(sound.iter().copied().filter(|n| !served.contains_key(n)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_index_costs_no_mail_at_all() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let sound = waiting(stock.path()).await;
    let pages = pages_of(stock.path(), "entry_order");
    assert!(pages.len() > 2, "{pages:?}");
    for page in pages {
        assert_eq!(without_page(stock.path(), &sound, page).await, Some(vec![]), "page {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_costs_what_lies_on_it_and_no_more() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let sound = waiting(stock.path()).await;
    for (table, most) in [("entry", 90), ("recipient", 60), ("message", 30), ("body", 10)] {
        let pages = pages_of(stock.path(), table);
        for &page in [pages.len() / 3, pages.len() / 2, pages.len() - 1].map(|n| &pages[n]) {
            let lost = without_page(stock.path(), &sound, page).await.expect("opened");
            assert!(lost.len() <= most, "{table}, page {page}: {lost:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_list_of_domains_it_says_what_to_do() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let page = pages_of(stock.path(), "domain")[0];
    let mut database = fs::read(stock.path().join("spool.db")).expect("a database");
    database[page * PAGE..][..PAGE].fill(0xa5);
    fs::write(stock.path().join("spool.db"), database).expect("written");
    let Err(SpoolError::Unusable(told) | SpoolError::Corrupt(told)) = open(stock.path()) else {
        panic!("it opens")
    };
    assert!(told.contains("malformed") && told.contains("sqlite3 spool.db .recover"), "{told}");
}

/// A spool with two small mails in it, whose tables somebody has changed while it was closed.
async fn two_and_then(change: &str) -> (tempfile::TempDir, Embedded) {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = open(folder.path()).expect("a spool");
    for n in 0..2 {
        let arrival = arrival(vec![part(n, "a.example", &["user"])], at(n as i64));
        keep(&spool, arrival, &content(n, 300)).await.expect("kept");
    }
    spool.close().await;
    drop(spool);
    let db = rusqlite::Connection::open(folder.path().join("spool.db")).expect("a database");
    assert!(db.execute(change, []).expect("changed") > 0);
    drop(db);
    let spool = open(folder.path()).expect("a spool");
    (folder, spool)
}

/// Mail of the same sender for the same mailbox, once a customer's and once another's: it is not the
/// addresses that tell them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_comes_to_name_anothers_message_is_damaged() {
    let (_folder, spool) = two_and_then("UPDATE entry SET message = 1").await;
    let leases = walk(&spool, "a.example").next(10).await.expect("a batch");
    assert_eq!(leases.len(), 1);
    let whole = read(&spool, &leases[0]).await.expect("whole");
    assert!(whole.ends_with(&content(0, 300)));
}

/// One content that SQLite itself cannot give as octets is one message's damage, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_of_the_wrong_kind_is_the_damage_of_its_message() {
    let first =
        "UPDATE body SET data = CAST(data AS TEXT) WHERE message = (SELECT min(message) FROM body)";
    let (_folder, spool) = two_and_then(first).await;
    let (give, mut findings) = tokio::sync::mpsc::channel(8);
    let looked = spool.overseer().verify(at(20), &give).await.expect("to its end");
    drop(give);
    assert_eq!(looked.entries, 2);
    let found = findings.recv().await.expect("a finding");
    assert_eq!((found.kind, found.id), (Kind::Content, Some(contract::id(0))));
    assert!(findings.recv().await.is_none(), "one");
}

/// Whoever lists, or looks a spool through, comes to an end and hears of the damage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_over_a_damaged_page_goes_on_behind_it_and_ends() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let pages = pages_of(stock.path(), "entry");
    let whole = {
        let overseer = Overseer::at(stock.path()).expect("a look");
        overseer.page(None, 10_000).await.expect("a page").entries.len()
    };
    for &page in [pages.len() / 3, pages.len() / 2, pages.len() - 1].map(|n| &pages[n]) {
        let folder = tempfile::tempdir().expect("a folder");
        copied(stock.path(), folder.path());
        let path = folder.path().join("spool.db");
        let mut database = fs::read(&path).expect("a database");
        database[page * PAGE..][..PAGE].fill(0xa5);
        fs::write(&path, database).expect("written");
        let overseer = Overseer::at(folder.path()).expect("a look");
        let (mut behind, mut seen, mut gaps) = (None, Vec::new(), 0);
        for room in (1..=whole + 2).map(|_| 37) {
            let page = overseer.page(behind, room).await.expect("a page");
            seen.extend(page.entries.into_iter().flatten().map(|sight| sight.entry.id));
            assert!(page.next.is_none() || page.next > behind, "it goes back to {behind:?}");
            behind = page.next;
            gaps += u32::from(page.gap.is_some());
            if behind.is_none() {
                break;
            }
        }
        assert_eq!(behind, None, "no end");
        assert!(gaps > 0, "page {page} was passed over in silence");
        assert!(seen.is_sorted() && seen.len() + 90 >= whole, "{} of {whole}", seen.len());
        let (give, mut found) = tokio::sync::mpsc::channel(1000);
        let verified = overseer.verify(jiff::Timestamp::now(), &give).await;
        drop(give);
        let mut told = Vec::new();
        while let Some(finding) = found.recv().await {
            told.push(finding.kind.name());
        }
        assert!(verified.is_ok() && told.contains(&"database"), "{verified:?} {told:?}");
    }
}

/// Whoever collects what can be read does not go away thinking that this was all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_that_passed_over_a_page_of_entries_says_so() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let sound = waiting(stock.path()).await.len();
    let (pages, mut short) = (pages_of(stock.path(), "entry"), 0);
    for page in pages {
        let folder = tempfile::tempdir().expect("a folder");
        copied(stock.path(), folder.path());
        let path = folder.path().join("spool.db");
        let mut database = fs::read(&path).expect("a database");
        database[page * PAGE..][..PAGE].fill(0);
        fs::write(&path, database).expect("written");
        let Ok(spool) = open(folder.path()) else { continue };
        let (mut handed, mut told) = (Vec::new(), 0);
        for name in NAMES {
            let mut walk = walk(&spool, name);
            loop {
                match walk.next(7).await {
                    Ok(leases) if leases.is_empty() => break,
                    Ok(leases) => handed.extend(leases),
                    Err(SpoolError::Corrupt(what)) => {
                        assert!(what.contains("cannot be read"), "{what}");
                        told += 1;
                        break;
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        }
        assert_eq!(handed.len() < sound, told > 0, "page {page}: {} of {sound}", handed.len());
        short += u32::from(handed.len() < sound);
        drop(handed);
        spool.close().await;
    }
    assert!(short > 2, "{short}");
}

/// An index repeats what stands elsewhere: whatever has become of one, all of it can be had again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repair_makes_an_index_anew_that_is_past_mending() {
    let stock = tempfile::tempdir().expect("a folder");
    stocked(stock.path()).await;
    let sound = waiting(stock.path()).await;
    let indexes = [
        "sqlite_autoindex_domain_1",
        "message_file",
        "entry_order",
        "entry_tried",
        "entry_untold",
        "mark_until",
    ];
    for index in indexes {
        let folder = tempfile::tempdir().expect("a folder");
        copied(stock.path(), folder.path());
        let path = folder.path().join("spool.db");
        let mut database = fs::read(&path).expect("a database");
        let mut dice = Dice(0x0da3_a6ed);
        for page in pages_of(stock.path(), index) {
            database[page * PAGE..][..PAGE].fill_with(|| dice.below(256) as u8);
        }
        fs::write(&path, database).expect("written");
        let spool = Embedded::repair(folder.path()).unwrap_or_else(|e| panic!("{index}: {e}"));
        let mut served = Served::new();
        drained(&spool, &mut served).await;
        let served: Vec<u64> = served.into_keys().collect();
        assert_eq!(served, sound, "{index}");
        spool.close().await;
        let overseer = Overseer::at(folder.path()).expect("a look");
        let (give, mut found) = tokio::sync::mpsc::channel(1000);
        overseer.verify(jiff::Timestamp::now(), &give).await.expect("looked through");
        drop(give);
        while let Some(finding) = found.recv().await {
            // The copied folder is as open as any.
            assert_eq!(finding.kind, Kind::Mode, "{index}: {}", finding.what);
        }
    }
}
