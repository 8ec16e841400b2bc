//! How fast the embedded spool takes mail in and hands it out, everything synced.
//!
//!     cargo bench --bench spool            everything
//!     cargo bench --bench spool -- keep    only what has this word in its name
//!
//! Senders commit one message after another, as sessions in lockstep do. Only ratios within one
//! run travel to another machine. The syncs are counted by strace, where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use odmr::mail::Recipient;
use odmr::queue::{EntryId, Fate, Source};
use odmr::smtp::{Domain, ForwardPath, MailParams, RcptParams, Reply, ReversePath, Said, Stage};
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Arrival, Content, Draft, Drain, Lease, Order, Part, Spool};
use ulid::Ulid;

/// How long one figure is measured.
const SPELL: Duration = Duration::from_secs(4);
/// Set in a child that runs under strace: senders and octets.
const COUNTED: &str = "ODMR_BENCH_COUNTED";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Ok(case) = std::env::var(COUNTED) {
        let (senders, octets) = case.split_once(' ').expect("senders and octets");
        let (senders, octets) = (senders.parse().expect("n"), octets.parse().expect("n"));
        let kept = runtime.block_on(accept(&Place::new(), senders, octets, SPELL / 2));
        println!("kept {}", kept.messages);
        return;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w));
    if is_wanted("keep") {
        keep_all(&runtime);
    }
    if is_wanted("drain") {
        drain_all(&runtime);
    }
    if is_wanted("million") {
        million(&runtime);
    }
}

/// A folder on the disk that holds the build, so that it is a disk and not memory.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("spool-{}", fresh()));
        Place(path)
    }

    fn open(&self) -> Embedded {
        let settings = Settings { reserve: Some(1 << 28), ..Settings::at(&self.0) };
        Embedded::open(settings).expect("a spool")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fresh() -> String {
    Ulid::from_parts(Timestamp::now().as_millisecond().cast_unsigned(), rand::random()).to_string()
}

fn arrival(n: u64) -> Arrival {
    let domain = Domain::parse(&format!("d{}.example", n % 100)).expect("a domain");
    let now = Timestamp::now();
    let path = ForwardPath::parse(&format!("user@{domain}")).expect("a path");
    let id = EntryId(Ulid::from_parts(now.as_millisecond().cast_unsigned(), rand::random()));
    let expires = now + Duration::from_secs(5 * 86_400);
    let recipients = vec![Recipient { path, params: RcptParams::default() }];
    Arrival {
        reverse_path: ReversePath::parse("sender@example.com").expect("a path"),
        params: MailParams::default(),
        parts: vec![Part { id, domain, expires, recipients }],
        arrived: now,
        source: Source {
            ip: [192, 0, 2, 7].into(),
            helo: "mx.example.com".into(),
            tls: None,
            auth: None,
        },
        trace: Bytes::from_static(&[b'R'; 200]),
    }
}

/// What came of one spell.
struct Kept {
    messages: u64,
    seconds: f64,
    cpu: f64,
    p50: Duration,
    p99: Duration,
    written: u64,
}

async fn accept(place: &Place, senders: usize, octets: usize, spell: Duration) -> Kept {
    let spool = place.open();
    let content = Bytes::from(vec![b'x'; octets]);
    let count = Arc::new(AtomicU64::new(0));
    let (start, cpu, written) = (Instant::now(), cpu_seconds(), written());
    let tasks: Vec<_> = (0..senders)
        .map(|_| {
            let (spool, content, count) = (spool.clone(), content.clone(), Arc::clone(&count));
            tokio::spawn(async move { send(spool, content, count, start + spell).await })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("a sender"));
    }
    let seconds = start.elapsed().as_secs_f64();
    let (cpu, written) = (cpu_seconds() - cpu, self::written() - written);
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    spool.close().await;
    let messages = waits.len() as u64;
    Kept { messages, seconds, cpu, p50: at(50), p99: at(99), written }
}

async fn send(
    spool: Embedded,
    content: Bytes,
    count: Arc<AtomicU64>,
    end: Instant,
) -> Vec<Duration> {
    let mut waits = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        let mut draft = spool.draft(Some(content.len() as u64)).expect("a draft");
        draft.write(content.clone()).await.expect("written");
        let arrival = arrival(count.fetch_add(1, Ordering::Relaxed));
        spool.commit(draft, arrival).await.expect("kept");
        waits.push(begun.elapsed());
    }
    waits
}

fn keep_all(runtime: &tokio::runtime::Runtime) {
    println!("keep: durable accept, {SPELL:?} each");
    println!("   octets x senders     msg/s   p50 us   p99 us  cpu s/1000  write-amp  syncs/msg");
    for octets in [1 << 10, 10 << 10, 100 << 10, 1 << 20] {
        for senders in [1, 8, 32, 100] {
            if octets > 10 << 10 && senders > 8 {
                continue;
            }
            let kept = runtime.block_on(accept(&Place::new(), senders, octets, SPELL));
            let n = kept.messages as f64;
            println!(
                "{octets:>9} x {senders:<7} {:>9.0} {:>8} {:>8} {:>11.3} {:>10.2}  {}",
                n / kept.seconds,
                kept.p50.as_micros(),
                kept.p99.as_micros(),
                kept.cpu / n * 1000.0,
                kept.written as f64 / n / octets as f64,
                syncs(senders, octets).map_or("-".into(), |s| format!("{s:>9.3}")),
            );
        }
    }
}

/// Syncs per message, counted from outside in a child.
fn syncs(senders: usize, octets: usize) -> Option<f64> {
    let log = std::env::temp_dir().join(fresh());
    let child = Command::new("strace")
        .args(["-f", "-c", "-e", "trace=fsync,fdatasync", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().ok()?)
        .env(COUNTED, format!("{senders} {octets}"))
        .output()
        .ok()?;
    let table = std::fs::read_to_string(&log).ok()?;
    let _ = std::fs::remove_file(&log);
    let calls = table.lines().filter(|line| line.ends_with("sync"));
    let calls: f64 = calls.filter_map(|l| l.split_whitespace().nth(3)?.parse::<f64>().ok()).sum();
    let said = String::from_utf8(child.stdout).ok()?;
    let kept: f64 = said.trim().strip_prefix("kept ")?.parse().ok()?;
    (kept > 0.0).then_some(calls / kept)
}

fn drain_all(runtime: &tokio::runtime::Runtime) {
    println!("drain: 20000 messages of one domain, read, proven, settled in groups of 50");
    println!("   octets x sessions    msg/s");
    for octets in [1 << 10, 10 << 10] {
        for sessions in [1, 4] {
            let place = Place::new();
            let rate = runtime.block_on(async {
                let spool = place.open();
                fill(&spool, 20_000, octets, 1).await;
                let start = Instant::now();
                let drains: Vec<_> =
                    (0..sessions).map(|_| tokio::spawn(collect(spool.clone()))).collect();
                let mut seen = 0;
                for drain in drains {
                    seen += drain.await.expect("a session");
                }
                assert_eq!(seen, 20_000);
                f64::from(seen) / start.elapsed().as_secs_f64()
            });
            println!("{octets:>9} x {sessions:<8} {rate:>8.0}");
        }
    }
}

async fn collect(spool: Embedded) -> u32 {
    let domains = vec![Domain::parse("d0.example").expect("a domain")];
    let order = Order { aged_after: Duration::from_secs(3600) };
    let mut walk = spool.drain(domains, order, Timestamp::now());
    let mut seen = 0;
    loop {
        let leases = walk.next(50).await.expect("a batch");
        if leases.is_empty() {
            return seen;
        }
        let mut settling = Vec::new();
        for lease in leases {
            let mut content = spool.content(&lease).await.expect("content");
            while content.next().await.expect("whole").is_some() {}
            assert_eq!(lease.entry().recipients.len(), 1);
            let spool = spool.clone();
            settling.push(tokio::spawn(async move {
                let said = Said::new(Stage::Content, Reply::new(250, (0, 0), "Ok"));
                spool.settle(lease, vec![Fate::Delivered(said)], Timestamp::now().into()).await
            }));
            seen += 1;
        }
        for settled in settling {
            settled.await.expect("a task").expect("settled");
        }
    }
}

/// Fills the spool, many at a time.
async fn fill(spool: &Embedded, messages: u64, octets: usize, domains: u64) {
    let content = Bytes::from(vec![b'x'; octets]);
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..256)
        .map(|_| {
            let (spool, content, count) = (spool.clone(), content.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                loop {
                    let n = count.fetch_add(1, Ordering::Relaxed);
                    if n >= messages {
                        return;
                    }
                    let mut draft = spool.draft(None).expect("a draft");
                    draft.write(content.clone()).await.expect("written");
                    spool.commit(draft, arrival(n % domains)).await.expect("kept");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a sender");
    }
}

/// A million entries: how soon the spool is ready, how large we are, and what a caller waits for.
fn million(runtime: &tokio::runtime::Runtime) {
    println!("million: 1000000 entries of 200 octets for 100 domains");
    let place = Place::new();
    runtime.block_on(async {
        let start = Instant::now();
        let spool = place.open();
        fill(&spool, 1_000_000, 200, 100).await;
        println!("  filled in                    {:>9.1} s", start.elapsed().as_secs_f64());
        println!("  resident                     {:>9.1} MB", resident());
        spool.close().await;
    });
    let time = |what: &str| {
        let start = Instant::now();
        let spool = place.open();
        println!("  {what} {:>9.1} ms", start.elapsed().as_secs_f64() * 1000.0);
        spool
    };
    let spool = time("start after a clean stop    ");
    runtime.block_on(async {
        let domains = vec![Domain::parse("d7.example").expect("a domain")];
        let start = Instant::now();
        let totals = spool.totals(&domains[0]);
        println!("  totals                       {:>9.1} us", start.elapsed().as_secs_f64() * 1e6);
        assert_eq!(totals.waiting, 10_000);
        let order = Order { aged_after: Duration::from_secs(3600) };
        let start = Instant::now();
        let leases = spool.drain(domains, order, Timestamp::now()).next(50).await.expect("batch");
        println!("  first 50 leases              {:>9.1} ms", start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(leases.len(), 50);
        let start = Instant::now();
        assert_eq!(spool.expire(Timestamp::now()).await.expect("swept").len(), 0);
        println!("  a sweep for expired ones     {:>9.1} ms", start.elapsed().as_secs_f64() * 1e3);
        println!("  resident                     {:>9.1} MB", resident());
    });
    drop(spool);
    mark_unclean(&place);
    drop(time("start after a crash         "));
}

/// As a process leaves it that was killed.
fn mark_unclean(place: &Place) {
    let db = rusqlite::Connection::open(place.0.join("spool.db")).expect("a database");
    db.execute("UPDATE spool SET clean = 0", []).expect("marked");
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn written() -> u64 {
    number("/proc/self/io", "write_bytes:")
}

fn resident() -> f64 {
    number("/proc/self/status", "VmRSS:") as f64 / 1024.0
}

fn number(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
