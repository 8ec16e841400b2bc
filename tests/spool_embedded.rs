//! What the embedded engine does when its folder, its files or its disk are not as they should be.

mod contract;

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use contract::{
    arrival, at, content, deliver, domain, id, keep, offered, only, part, read, taken, walk,
};
use odmr::spool::embedded::oversee::Overseer;
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool, SpoolError};

fn open(path: &Path) -> Result<Embedded, SpoolError> {
    Embedded::open(Settings { reserve: Some(0), ..Settings::at(path) })
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Flips one bit in every place where a file holds `pattern`.
fn rot(path: &Path, pattern: &[u8]) {
    let octets = fs::read(path).expect("a file");
    let mut file = OpenOptions::new().write(true).open(path).expect("a file");
    let mut hits = 0;
    for place in memchr::memmem::find_iter(&octets, pattern) {
        file.seek(SeekFrom::Start(place as u64)).expect("a place");
        file.write_all(&[octets[place] ^ 1]).expect("written");
        hits += 1;
    }
    assert!(hits > 0, "nothing to damage");
}

fn bodies(path: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(path.join("bodies")).expect("a folder");
    folder.map(|file| file.expect("a file").path()).collect()
}

async fn keep_one(spool: &Embedded, n: u64, octets: usize) {
    let arrival = arrival(vec![part(n, "example.org", &["user"])], at(n as i64));
    keep(spool, arrival, &content(n, octets)).await.expect("kept");
}

/// Keeps three, damages the second while the spool is closed, and sees what is served.
async fn one_of_three_rots(octets: usize, damage: impl Fn(&Path)) {
    let folder = folder();
    let spool = open(folder.path()).expect("a spool");
    for n in 1..=3 {
        keep_one(&spool, n, octets).await;
    }
    spool.close().await;
    drop(spool);
    damage(folder.path());

    let spool = open(folder.path()).expect("a spool");
    let mut walk = walk(&spool, "example.org");
    let mut served = Vec::new();
    for lease in walk.next(10).await.expect("a batch") {
        match read(&spool, &lease).await {
            Ok(whole) => {
                assert!(whole.ends_with(&content(lease.entry().id.0.timestamp_ms(), octets)));
                served.push(lease.entry().id);
                deliver(&spool, lease).await;
            }
            Err(SpoolError::Damaged { id: named, .. }) => assert_eq!(named, id(2)),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(served, [id(1), id(3)]);
    let totals = spool.totals(&domain("example.org"));
    assert_eq!((totals.waiting, totals.set_aside), (0, 1));
    assert!(offered(&spool, "example.org").await.is_empty());
}

#[tokio::test]
async fn a_rotten_row_is_named_and_the_rest_is_served() {
    for octets in [100, 10_000, 100_000] {
        let rotten = content(2, octets)[octets / 2..octets / 2 + 40].to_vec();
        one_of_three_rots(octets, |path| rot(&path.join("spool.db"), &rotten)).await;
    }
}

#[tokio::test]
async fn rotten_trace_fields_and_addresses_are_named_too() {
    let folder = folder();
    let spool = open(folder.path()).expect("a spool");
    keep_one(&spool, 1, 100).await;
    spool.close().await;
    drop(spool);
    rot(&folder.path().join("spool.db"), b"Received: from here");
    let spool = open(folder.path()).expect("a spool");
    let lease = only(&spool, "example.org").await;
    assert!(matches!(read(&spool, &lease).await, Err(SpoolError::Damaged { .. })));
    drop((lease, spool));

    // One bit makes another, quite possible, address: that of somebody else.
    for (n, address) in [(2, "user@example.org"), (3, "sender@example.com")] {
        let spool = open(folder.path()).expect("a spool");
        keep_one(&spool, n, 100).await;
        spool.close().await;
        drop(spool);
        rot(&folder.path().join("spool.db"), address.as_bytes());
        let spool = open(folder.path()).expect("a spool");
        assert!(offered(&spool, "example.org").await.is_empty());
        assert_eq!(spool.totals(&domain("example.org")).set_aside, n);
    }
}

#[tokio::test]
async fn a_rotten_file_is_named_and_the_rest_is_served() {
    let octets = 700_000;
    for place in [0, 300_000, octets - 40] {
        let rotten = content(2, octets)[place..place + 40].to_vec();
        let damage = |path: &Path| {
            let holds = |file: &&PathBuf| {
                let octets = fs::read(file).expect("a file");
                memchr::memmem::find(&octets, &rotten).is_some()
            };
            rot(bodies(path).iter().find(holds).expect("a body"), &rotten);
        };
        one_of_three_rots(octets, damage).await;
    }
}

#[tokio::test]
async fn a_file_that_is_short_or_gone_is_named_and_the_rest_is_served() {
    let second = |path: &Path| {
        let mut files = bodies(path);
        files.sort();
        files.remove(1)
    };
    let shorten = |path: &Path| {
        let file = OpenOptions::new().write(true).open(second(path)).expect("a body");
        file.set_len(400_000).expect("shorter");
    };
    one_of_three_rots(700_000, shorten).await;
    one_of_three_rots(700_000, |path| fs::remove_file(second(path)).expect("gone")).await;
}

#[tokio::test]
async fn the_files_of_large_mail_come_and_go_with_it() {
    let folder = folder();
    let spool = open(folder.path()).expect("a spool");
    let shared = vec![part(1, "a.example", &["x"]), part(2, "b.example", &["x"])];
    keep(&spool, arrival(shared, at(0)), &content(1, 500_000)).await.expect("kept");
    assert_eq!(bodies(folder.path()).len(), 1);
    deliver(&spool, only(&spool, "a.example").await).await;
    assert_eq!(bodies(folder.path()).len(), 1);
    spool.settle(only(&spool, "b.example").await, vec![taken()], at(1).into()).await.expect("ok");
    drop(spool);
    assert!(bodies(folder.path()).is_empty());
}

#[tokio::test]
async fn a_second_owner_is_told_who_the_first_is() {
    let folder = folder();
    let first = open(folder.path()).expect("a spool");
    let Err(SpoolError::Locked { path, owner }) = open(folder.path()) else { panic!() };
    assert_eq!(path, folder.path().display().to_string());
    assert!(owner.starts_with(&format!("process {} since 20", std::process::id())), "{owner}");
    drop(first);
    open(folder.path()).expect("free again");
}

#[tokio::test]
async fn a_full_disk_is_told_before_content_is_asked_for() {
    let folder = folder();
    let settings = Settings { reserve: Some(u64::MAX), ..Settings::at(folder.path()) };
    let spool = Embedded::open(settings).expect("a spool");
    assert!(matches!(spool.draft(None), Err(SpoolError::Full { reserve: u64::MAX, .. })));
    drop(spool);
    let spool = open(folder.path()).expect("a spool");
    assert!(matches!(spool.draft(Some(u64::MAX)), Err(SpoolError::Full { .. })));
    assert!(spool.draft(Some(100_000)).is_ok());
}

#[tokio::test]
async fn what_cannot_be_a_spool_is_refused_with_its_reason() {
    let folder = folder();
    let says = |path: &Path, wanted: &str| match open(path) {
        Err(SpoolError::Unusable(said) | SpoolError::Corrupt(said)) => {
            assert!(said.contains(wanted), "{said}");
            assert!(said.contains(path.to_str().expect("a path")), "{said}");
        }
        other => panic!("{other:?}"),
    };
    let file = folder.path().join("file");
    fs::write(&file, b"x").expect("a file");
    says(&file, "exists");
    says(Path::new("/proc/no-spool"), "must be writable");

    let made = |name: &str| {
        let path = folder.path().join(name);
        drop(open(&path).expect("a spool"));
        path
    };
    let mail = made("mail");
    fs::write(mail.join("spool.db"), vec![b'x'; 8192]).expect("a file");
    says(&mail, "not a database");
    let newer = made("newer");
    write_at(&newer.join("spool.db"), 60, &9999u32.to_be_bytes());
    says(&newer, "layout 9999");
    let other = made("other");
    write_at(&other.join("spool.db"), 68, &7u32.to_be_bytes());
    says(&other, "no spool of odmrd");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused() {
    let folder = folder();
    drop(open(folder.path()).expect("a spool"));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).expect("read-only");
    fs::set_permissions(folder.path().join("lock"), fs::Permissions::from_mode(0o400))
        .expect("read-only");
    // Whoever may write everywhere may write here.
    let almighty = fs::write(folder.path().join("probe"), b"").is_ok();
    let opened = open(folder.path());
    assert_eq!(opened.is_ok(), almighty);
    if let Err(e) = opened {
        assert!(matches!(&e, SpoolError::Unusable(said) if said.contains("writable")), "{e}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("writable");
}

fn write_at(path: &Path, place: u64, octets: &[u8]) {
    let mut file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let mut before = vec![0; octets.len()];
    file.seek(SeekFrom::Start(place)).expect("a place");
    file.read_exact(&mut before).expect("octets");
    assert_ne!(before, octets);
    file.seek(SeekFrom::Start(place)).expect("a place");
    file.write_all(octets).expect("written");
}

#[tokio::test]
async fn mail_is_for_its_owners_eyes_only() {
    let folder = folder();
    let path = folder.path().join("deep/spool");
    let spool = open(&path).expect("a spool");
    keep_one(&spool, 1, 100).await;
    keep_one(&spool, 2, 500_000).await;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("bodies")), 0o700);
    for name in ["lock", "spool.db", "spool.db-wal"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    assert!(bodies(&path).iter().all(|file| mode(file) == 0o600));
}

/// Tables that are gone are no new spool: what was in them would be lost without a word.
#[tokio::test]
async fn tables_that_are_gone_are_not_made_anew_beside_what_is_left() {
    let folder = folder();
    let spool = open(folder.path()).expect("a spool");
    keep_one(&spool, 1, 100).await;
    spool.close().await;
    drop(spool);
    let database = folder.path().join("spool.db");
    let refused = || {
        let looked = Overseer::at(folder.path()).map(drop);
        let told =
            [open(folder.path()).map(drop), Embedded::repair(folder.path()).map(drop), looked];
        told.map(|told| told.expect_err("refused").to_string())
    };
    // SQLite makes a new one of a single octet, too.
    for left in ["", "x"] {
        fs::write(&database, left).expect("emptied");
        for told in refused() {
            assert!(told.contains("spool.db: is gone or empty, and beside it lies"), "{told}");
            assert!(told.contains("put the database back, or move"), "{told}");
        }
    }
    fs::remove_file(&database).expect("removed");
    let [told, ..] = refused();
    assert!(told.contains("beside it lies what a spool in use has (spool.db-wal"), "{told}");
    for name in ["lock", "spool.db-wal", "spool.db-shm", "spare"] {
        let _ = fs::remove_file(folder.path().join(name));
    }
    fs::write(&database, "").expect("emptied");
    let [told, ..] = refused();
    assert!(told.contains("(bodies)"), "{told}");
}

/// A first start that was cut off has left a draft of the tables at most.
#[tokio::test]
async fn a_spool_that_was_not_made_to_its_end_is_made() {
    let folder = folder();
    drop(open(&folder.path().join("other")).expect("a spool"));
    let whole = fs::read(folder.path().join("other/spool.db")).expect("tables");
    for length in [0, 100, 4096, whole.len()] {
        let spool = folder.path().join(length.to_string());
        fs::create_dir_all(spool.join("bodies")).expect("a folder");
        fs::write(spool.join("lock"), "process 1").expect("a lock");
        fs::write(spool.join("spare"), "").expect("a file");
        fs::write(spool.join("spool.db.new"), &whole[..length]).expect("a draft");
        for n in 1..=2 {
            let spool = open(&spool).expect("a spool");
            keep_one(&spool, n, 100).await;
            spool.close().await;
        }
        assert!(!spool.join("spool.db.new").exists());
    }
    // Nor does a file with nothing in it, alone in its folder, say that there was one.
    let spool = folder.path().join("touched");
    fs::create_dir(&spool).expect("a folder");
    fs::write(spool.join("spool.db"), "").expect("a file");
    drop(open(&spool).expect("a spool"));
}

#[tokio::test]
async fn an_index_that_is_gone_is_told_of_and_made_anew_and_a_table_is_not() {
    let folder = folder();
    let spool = open(folder.path()).expect("a spool");
    keep_one(&spool, 1, 100).await;
    spool.close().await;
    drop(spool);
    let change = |sql: &str| {
        let db = rusqlite::Connection::open(folder.path().join("spool.db")).expect("a database");
        db.execute_batch(sql).expect("changed");
    };
    let findings = || async {
        let (give, mut found) = tokio::sync::mpsc::channel(100);
        let overseer = Overseer::at(folder.path()).expect("a look");
        overseer.verify(at(1_000), &give).await.expect("verified");
        drop(give);
        let mut told = Vec::new();
        while let Some(finding) = found.recv().await {
            told.push(finding.what);
        }
        told
    };
    for index in ["mark_until", "entry_order", "entry_tried", "message_file"] {
        change(&format!("DROP INDEX {index}"));
        let told = findings().await;
        assert!(
            matches!(&told[..], [one] if one.contains(index) && one.contains("is gone")),
            "{told:?}"
        );
        drop(Embedded::repair(folder.path()).expect("mended"));
        assert_eq!(findings().await, Vec::<String>::new());
    }
    change("DROP TABLE mark");
    let looked = Overseer::at(folder.path()).map(drop);
    for told in [looked, Embedded::repair(folder.path()).map(drop), open(folder.path()).map(drop)] {
        let told = told.expect_err("refused");
        assert!(
            matches!(&told, SpoolError::Corrupt(what) if what.contains("\"mark\" is gone")),
            "{told}"
        );
    }
}
