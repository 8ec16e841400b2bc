//! A power cut at any moment loses nothing that was acknowledged.
//!
//! A kill leaves what the kernel has been given; a power cut does not. So a child is recorded at
//! work, every write and every sync, under `strace`; a model of a disk that keeps only what was
//! synced (and of the rest whatever it likes, in pieces and in any order) is stopped at random moments
//! of the record; and what it would hold is opened and compared with what the child had said by then.
//!
//! `ODMR_CUTS` asks for more cuts, `ODMR_CUT_SEED` for others, `ODMR_CUT_MAILS` for a longer record.
//! Where `strace` is missing or may not trace, these tests say so and pass.

#[path = "../contract/mod.rs"]
mod contract;
#[path = "../dice/mod.rs"]
mod dice;
mod disk;
mod maildir;
mod record;
mod spool;

use std::path::Path;
use std::process::{Command, Stdio};

use dice::Dice;
use disk::{Disk, Honest};
use record::Record;
use tempfile::TempDir;

/// Tells a copy of this program that it is the child: what it is to do, and in which folder.
const CHILD: &str = "ODMR_CUT_CHILD";

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// In memory where there is such a place: thousands of images are opened, and their own syncs prove
/// nothing.
fn folder() -> TempDir {
    let fast = Path::new("/dev/shm");
    let made = if fast.is_dir() { tempfile::tempdir_in(fast) } else { tempfile::tempdir() };
    made.expect("a folder")
}

/// Not a test but the child, when it is told to be one.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    match order.split_once(' ').expect("a task and a folder") {
        ("spool", root) => spool::live(Path::new(root)),
        (_, root) => maildir::live(Path::new(root)),
    }
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

/// Has a child do its task in `root`, and records it.
fn record(task: &str, root: &Path) -> Record {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let child = Command::new("strace")
        .args(["-f", "-xx", "-y", "-s", "2000000", "--seccomp-bpf"])
        .args(["-e", &format!("trace={}", record::CALLS.replace(char::is_whitespace, "")), "-o"])
        .arg(log.path())
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "child", "--nocapture", "--test-threads", "1"])
        .env(CHILD, format!("{task} {}", root.display()))
        .output()
        .expect("a child");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    Record::read(&std::fs::read_to_string(log.path()).expect("a log"), root)
}

/// What a program does and how it is judged afterwards.
struct Case {
    task: &'static str,
    judge: fn(&Path, &[String]) -> Result<(), String>,
}

const SPOOL: Case = Case { task: "spool", judge: spool::judge };
const MAILDIR: Case = Case { task: "maildir", judge: maildir::judge };

impl Case {
    /// Cuts the power so often, or until `enough` went wrong, and tells what did.
    fn cuts(&self, honest: Honest, cuts: u64, enough: usize) -> Vec<String> {
        let root = folder();
        let record = record(self.task, root.path());
        let mut dice = Dice(number("ODMR_CUT_SEED", 2645));
        let mut moments: Vec<usize> =
            (0..cuts).map(|_| dice.roll(record.steps.len() as u64 + 1) as usize).collect();
        moments.sort_unstable();
        let mut disk = Disk::new(&record, root.path(), honest);
        let mut reached = 0;
        let mut faults = Vec::new();
        for moment in moments {
            record.steps[reached..moment].iter().for_each(|step| disk.step(*step));
            reached = moment;
            let image = folder();
            disk.image(image.path(), &mut dice);
            if let Err(fault) = (self.judge)(image.path(), &disk.said) {
                faults.push(format!("step {moment} of {}: {fault}", record.steps.len()));
            }
            if faults.len() >= enough {
                break;
            }
        }
        faults
    }
}

#[test]
fn the_spool_loses_nothing_it_has_acknowledged() {
    if strace_works() {
        let faults = SPOOL.cuts(|_| true, number("ODMR_CUTS", 100), usize::MAX);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn a_maildir_loses_nothing_it_has_acknowledged() {
    if strace_works() {
        let faults = MAILDIR.cuts(|_| true, number("ODMR_CUTS", 100), usize::MAX);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

/// The test itself: on a disk that only pretends to sync, each of the syncs is missed.
#[test]
fn every_kind_of_sync_is_missed_where_it_is_left_out() {
    if !strace_works() {
        return;
    }
    let left_out: [(&Case, &str, Honest); 5] = [
        (&SPOOL, "the log", |path| !path.to_string_lossy().ends_with("-wal")),
        (&SPOOL, "large bodies", |path| !path.to_string_lossy().ends_with(".part")),
        (&SPOOL, "their folder", |path| !path.ends_with("bodies")),
        (&MAILDIR, "mails", |path| !path.to_string_lossy().contains("/tmp/")),
        (&MAILDIR, "new", |path| !path.ends_with("new")),
    ];
    for (case, what, honest) in left_out {
        let faults = case.cuts(honest, 100, 1);
        assert!(!faults.is_empty(), "nobody missed the syncs of {what}");
    }
}
