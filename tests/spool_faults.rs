//! A disk that is full, or that fails: what was acknowledged is there afterwards, and what could
//! not be written was refused.
//!
//! The faults are made from outside: a child keeps mail under `strace -e inject=...`, or on a file
//! system of a few MiB. Where the machine allows neither, these tests say so and pass.

mod contract;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use contract::{arrival, at, content, deliver, domain, keep, offered, part, read, taken, walk};
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool, SpoolError};

/// Tells a copy of this program that it is the child: octets of each mail, and the folder.
const CHILD: &str = "ODMR_FAULT_CHILD";
const MAILS: u64 = 40;

fn open(path: &Path) -> Embedded {
    Embedded::open(Settings { reserve: Some(0), ..Settings::at(path) }).expect("a spool")
}

/// Not a test but the child, when it is told to be one.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (octets, path) = order.split_once(' ').expect("octets and a folder");
    let octets = octets.parse().expect("octets");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let spool = open(Path::new(path));
        for n in 0..MAILS {
            println!("\n{}", try_to_keep(&spool, n, octets).await);
        }
        spool.close().await;
    });
}

async fn try_to_keep(spool: &Embedded, n: u64, octets: usize) -> String {
    let arrival = arrival(vec![part(n, "example.org", &["user"])], at(n as i64));
    match keep(spool, arrival, &content(n, octets)).await {
        Ok(()) => format!("said {n} kept"),
        Err(SpoolError::Full { .. }) => format!("said {n} full"),
        Err(SpoolError::Broken(_)) => format!("said {n} broken"),
        Err(other) => format!("said {n} {other}"),
    }
}

/// What the child said of each mail, when the system failed it like this.
fn run(path: &Path, octets: usize, inject: &str) -> BTreeMap<u64, String> {
    let program = std::env::current_exe().expect("this program");
    let child = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", inject])
        .arg(program)
        .args(["--exact", "child", "--nocapture", "--test-threads", "1"])
        .env(CHILD, format!("{octets} {}", path.display()))
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let words = said.lines().filter_map(|line| line.strip_prefix("said ")?.split_once(' '));
    let said: BTreeMap<_, _> =
        words.map(|(n, what)| (n.parse().expect("a number"), what.to_owned())).collect();
    assert_eq!(said.len() as u64, MAILS, "{}", String::from_utf8_lossy(&child.stderr));
    said
}

fn strace_works() -> bool {
    let mut probe = Command::new("strace");
    let probe = probe.args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let works = probe.is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: strace is not here, or may not trace");
    }
    works
}

/// Opens the spool on a sound disk. Everything acknowledged must be there; what was refused may
/// be, and is whole then.
fn compare(path: &Path, octets: usize, said: &BTreeMap<u64, String>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let spool = open(path);
        let mut held = Vec::new();
        for lease in walk(&spool, "example.org").next(1000).await.expect("a batch") {
            let n = lease.entry().id.0.timestamp_ms();
            assert!(read(&spool, &lease).await.expect("whole").ends_with(&content(n, octets)));
            held.push(n);
            deliver(&spool, lease).await;
        }
        for (n, _) in said.iter().filter(|(_, what)| *what == "kept") {
            assert!(held.contains(n), "{n} is lost");
        }
        let next = try_to_keep(&spool, 1000, octets).await;
        assert_eq!(next, "said 1000 kept", "a new start mends it");
        assert_eq!(offered(&spool, "example.org").await.len(), 1);
    });
}

fn count(said: &BTreeMap<u64, String>, what: &str) -> usize {
    said.values().filter(|said| *said == what).count()
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    if !strace_works() {
        return;
    }
    for octets in [1_000, 200_000] {
        let folder = tempfile::tempdir().expect("a folder");
        // Only one sync fails, behind those of an empty spool. Those behind it would succeed, and would lie.
        let said = run(folder.path(), octets, "inject=fsync,fdatasync:error=EIO:when=30");
        let kept = count(&said, "kept");
        assert!(kept > 0 && kept < MAILS as usize, "{said:?}");
        assert_eq!(kept + count(&said, "broken"), MAILS as usize, "{said:?}");
        assert!(said.values().skip(kept).all(|what| what == "broken"), "{said:?}");
        compare(folder.path(), octets, &said);
    }
}

#[test]
fn a_failed_write_is_never_tried_again() {
    if !strace_works() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let said = run(folder.path(), 1_000, "inject=pwrite64:error=EIO:when=100");
    let kept = count(&said, "kept");
    assert!(kept > 0 && kept < MAILS as usize, "{said:?}");
    assert!(said.values().skip(kept).all(|what| what == "broken"), "{said:?}");
    compare(folder.path(), 1_000, &said);
}

#[test]
fn a_full_disk_is_told_and_heals_by_itself() {
    if !strace_works() {
        return;
    }
    // Content that lies in files is tried on a small disk below: their writes look like any other.
    for octets in [1_000, 50_000] {
        let folder = tempfile::tempdir().expect("a folder");
        // The tables of an empty spool are some sixty writes.
        let said = run(folder.path(), octets, "inject=pwrite64:error=ENOSPC:when=90..105");
        assert!(count(&said, "full") > 0, "{said:?}");
        assert_eq!(count(&said, "kept") + count(&said, "full"), MAILS as usize, "{said:?}");
        assert_eq!(said[&(MAILS - 1)], "kept", "{said:?}");
        compare(folder.path(), octets, &said);
    }
}

/// SQLite calls it a fault of the disk; it is one that goes by when somebody makes room.
#[test]
fn a_quota_that_is_used_up_is_a_full_disk() {
    quota_is_used_up("90+");
}

/// What is said of each mail while these writes find no room; nothing for want of a tracer.
fn quota_is_used_up(writes: &str) -> Option<BTreeMap<u64, String>> {
    if !strace_works() {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let inject = format!("inject=pwrite64:error=EDQUOT:when={writes}");
    let said = run(folder.path(), 1_000, &inject);
    assert!(count(&said, "full") > 0, "{said:?}");
    assert_eq!(count(&said, "kept") + count(&said, "full"), MAILS as usize, "{said:?}");
    compare(folder.path(), 1_000, &said);
    Some(said)
}

/// Each refusal is one write of the database and one to see whether there is room: the last of these finds none.
#[test]
fn a_quota_that_is_raised_again_lets_mail_in() {
    if let Some(said) = quota_is_used_up("90..119") {
        assert_eq!(said[&(MAILS - 1)], "kept", "{said:?}");
    }
}

/// A file system of this many MiB, gone when dropped. `None` where we may not make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(mib: u64) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={mib}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path());
        let made = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !made {
            eprintln!("skipped: no small file system may be made here");
        }
        made.then_some(SmallDisk(folder))
    }
}

impl SmallDisk {
    fn grow(&self, mib: u64) {
        let size = format!("remount,size={mib}m");
        let done = Command::new("mount").args(["-o", &size]).arg(self.0.path()).status();
        assert!(done.is_ok_and(|status| status.success()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_runs_full_refuses_and_goes_on_when_there_is_room() {
    for octets in [1_000, 50_000, 300_000] {
        let Some(disk) = SmallDisk::new(24) else { return };
        let path = disk.0.path().join("spool");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let spool = open(&path);
            let kept = fill(&spool, octets).await;
            // With nothing in reserve there may be no room even to record a delivery. It must not
            // be repeated for that, and is recorded when there is room.
            let refused = deliver_all(&spool, octets, kept).await;
            assert!(offered(&spool, "example.org").await.is_empty());
            disk.grow(64);
            // What is overdue is made up for between the first commit that succeeds and the next.
            for n in [1_000_000, 1_000_001] {
                assert_eq!(try_to_keep(&spool, n, octets).await, format!("said {n} kept"));
            }
            assert_eq!(spool.totals(&domain("example.org")).waiting, 2, "{refused} overdue");
            drop(spool);
            assert_eq!(offered(&open(&path), "example.org").await.len(), 2);
        });
    }
}

#[test]
fn the_reserve_leaves_room_to_record_deliveries() {
    let Some(disk) = SmallDisk::new(48) else { return };
    let path = disk.0.path().join("spool");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let settings = Settings { reserve: Some(24 << 20), ..Settings::at(&path) };
        let spool = Embedded::open(settings).expect("a spool");
        let kept = fill(&spool, 300_000).await;
        assert_eq!(deliver_all(&spool, 300_000, kept).await, 0);
    });
}

/// Another program's file that leaves nothing of the disk.
fn fill_the_disk(disk: &SmallDisk) {
    let mut file = std::fs::File::create(disk.0.path().join("others")).expect("a file");
    let piece = [1; 4096];
    while std::io::Write::write(&mut file, &piece).is_ok_and(|n| n > 0) {}
}

#[test]
fn on_a_disk_that_others_have_filled_deliveries_are_recorded_and_a_start_succeeds() {
    let Some(disk) = SmallDisk::new(256) else { return };
    let path = disk.0.path().join("spool");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let spool = open(&path);
        for n in 0..600 {
            assert_eq!(try_to_keep(&spool, n, 20_000).await, format!("said {n} kept"));
        }
        fill_the_disk(&disk);
        let mut kept = 600;
        while try_to_keep(&spool, kept, 20_000).await != format!("said {kept} full") {
            kept += 1;
            assert!(kept < 10_000, "the disk is full and mail is kept");
        }
        let leases = walk(&spool, "example.org").next(10_000).await.expect("a batch");
        assert_eq!(leases.len() as u64, kept);
        for lease in leases.into_iter().skip(100) {
            spool.settle(lease, vec![taken()], at(1).into()).await.expect("it is recorded");
        }
        // As a crash leaves it: nothing is folded, nothing is left in order.
        std::mem::forget(spool);
    });
    let copy = tempfile::Builder::new().tempdir_in(disk.0.path()).expect("a folder");
    let copy = copy.path().join("spool");
    std::fs::rename(&path, &copy).expect("a name of its own");
    std::fs::remove_file(copy.join("lock")).expect("nobody's");
    runtime.block_on(async {
        let spool = open(&copy);
        assert_eq!(offered(&spool, "example.org").await.len(), 100);
        std::fs::remove_file(disk.0.path().join("others")).expect("room");
        assert_eq!(try_to_keep(&spool, 700, 20_000).await, "said 700 kept");
        assert!(copy.join("spare").exists(), "made again");
    });
}

/// Keeps mail until there is no room. Says how many that were.
async fn fill(spool: &Embedded, octets: usize) -> u64 {
    for kept in 0..100_000 {
        match try_to_keep(spool, kept, octets).await.rsplit(' ').next() {
            Some("kept") => {}
            Some("full") if kept > 10 => return kept,
            other => panic!("{other:?} after {kept}"),
        }
    }
    panic!("the disk holds more than it can");
}

/// Reads and delivers everything. Says how many deliveries could not be recorded.
async fn deliver_all(spool: &Embedded, octets: usize, wanted: u64) -> usize {
    let leases = walk(spool, "example.org").next(100_000).await.expect("a batch");
    assert_eq!(leases.len() as u64, wanted);
    let mut refused = 0;
    for lease in leases {
        let n = lease.entry().id.0.timestamp_ms();
        assert!(read(spool, &lease).await.expect("whole").ends_with(&content(n, octets)));
        match spool.settle(lease, vec![taken()], at(1).into()).await {
            Ok(()) => {}
            Err(SpoolError::Full { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    refused
}
