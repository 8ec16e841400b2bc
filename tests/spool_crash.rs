//! A process that is killed at any moment loses nothing it has acknowledged.
//!
//! A child takes mail in, delivers some of it, and says so on its stdout once the spool has said
//! so to it. It is killed at a seeded random moment; then the spool is opened and compared with
//! what was said. `ODMR_CRASH_ROUNDS` asks for more rounds, `ODMR_CRASH_SEED` for other ones.

mod contract;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use contract::{arrival, at, content, deliver, domain, keep, part, read, walk};
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool};

/// Tells a copy of this program that it is the child: folder, and the first number it may use.
const CHILD: &str = "ODMR_CRASH_CHILD";
const DOMAINS: u64 = 3;
const SENDERS: u64 = 4;

fn open(path: &Path) -> Embedded {
    Embedded::open(Settings { reserve: Some(0), ..Settings::at(path) }).expect("a spool")
}

/// Some of each: rows, files, and some in between.
fn octets(n: u64) -> usize {
    [50, 3_000, 20_000, 130_000, 131_073, 400_000][(n % 6) as usize]
}

fn name(n: u64) -> String {
    format!("d{}.example", n % DOMAINS)
}

/// Not a test but the child, when it is told to be one.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (first, path) = order.split_once(' ').expect("a number and a folder");
    let first: u64 = first.parse().expect("a number");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let spool = open(Path::new(path));
        let senders = (0..SENDERS).map(|s| tokio::spawn(send(spool.clone(), first + s)));
        let senders: Vec<_> = senders.collect();
        let customers = (0..DOMAINS).map(|d| tokio::spawn(collect(spool.clone(), d)));
        let customers: Vec<_> = customers.collect();
        for task in senders.into_iter().chain(customers) {
            task.await.expect("a task");
        }
    });
}

/// Keeps mail until killed; a thousand are more than one round takes.
async fn send(spool: Embedded, first: u64) {
    for n in (first..).step_by(SENDERS as usize).take(1000) {
        let arrival = arrival(vec![part(n, &name(n), &["user"])], at(n as i64));
        keep(&spool, arrival, &content(n, octets(n))).await.expect("kept");
        println!("\nkept {n}");
    }
}

/// Delivers every third mail that waits and gives the others back.
async fn collect(spool: Embedded, d: u64) {
    let mut walk = walk(&spool, &name(d));
    loop {
        for lease in walk.next(8).await.expect("a batch") {
            let n = lease.entry().id.0.timestamp_ms();
            if n % 9 < 3 {
                println!("\ndelivering {n}");
                deliver(&spool, lease).await;
                println!("\ndelivered {n}");
            }
        }
        tokio::task::yield_now().await;
    }
}

fn start(path: &Path, first: u64) -> Child {
    let program = std::env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "child", "--nocapture", "--test-threads", "1"])
        .env(CHILD, format!("{first} {}", path.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

/// What the children have said so far.
#[derive(Default)]
struct Said {
    kept: BTreeSet<u64>,
    delivering: BTreeSet<u64>,
    delivered: BTreeSet<u64>,
}

impl Said {
    /// Listens to a child, and kills it after `lines` lines, whatever it is doing by then. What is
    /// still in the pipe was said before it died.
    fn hear(&mut self, mut child: Child, lines: u64) {
        let mut heard = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut count = 0;
        while let Some(Ok(line)) = heard.next() {
            count += u64::from(self.note(&line));
            if count == lines {
                child.kill().expect("killed");
            }
        }
        assert!(count >= lines, "the child ended by itself after {count} lines");
        child.wait().expect("gone");
    }

    fn note(&mut self, line: &str) -> bool {
        let Some((what, n)) = line.split_once(' ') else { return false };
        let set = match what {
            "kept" => &mut self.kept,
            "delivering" => &mut self.delivering,
            "delivered" => &mut self.delivered,
            _ => return false,
        };
        n.parse().is_ok_and(|n| set.insert(n))
    }
}

/// Holds the spool against what was said; empties it if asked to.
async fn compare(path: &Path, said: &Said, empty: bool) {
    let spool = open(path);
    let mut held = BTreeSet::new();
    for d in 0..DOMAINS {
        let leases = walk(&spool, &name(d)).next(100_000).await.expect("a batch");
        let totals = spool.totals(&domain(&name(d)));
        assert_eq!(totals.waiting, leases.len() as u64);
        assert_eq!(totals.octets, leases.iter().map(|l| l.entry().size).sum::<u64>());
        assert_eq!(totals.set_aside, 0, "damaged");
        for lease in leases {
            let n = lease.entry().id.0.timestamp_ms();
            let whole = read(&spool, &lease).await.expect("whole");
            assert!(whole.ends_with(&content(n, octets(n))), "{n} has changed");
            assert!(held.insert(n), "{n} is there twice");
            if empty {
                deliver(&spool, lease).await;
            }
        }
    }
    for n in &said.kept {
        assert!(held.contains(n) || said.delivering.contains(n), "{n} is lost");
    }
    for n in &said.delivered {
        assert!(!held.contains(n), "{n} was delivered and is offered again");
    }
    drop(spool);
    let large = held.iter().filter(|&&n| octets(n) > 128 * 1024).count();
    let files = std::fs::read_dir(path.join("bodies")).expect("a folder").count();
    assert_eq!(files, if empty { 0 } else { large }, "orphans, or files lost");
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut seed = number("ODMR_CRASH_SEED", 2645);
    let mut said = Said::default();
    for round in 0..number("ODMR_CRASH_ROUNDS", 20) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let lines = 1 + (seed >> 40) % 60;
        let child = start(folder.path(), round * 1_000_000);
        said.hear(child, lines);
        let empty = round % 4 == 3;
        runtime.block_on(compare(folder.path(), &said, empty));
        if empty {
            said = Said::default();
        }
    }
}
