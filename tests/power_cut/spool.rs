//! The spool across a power cut: what it has acknowledged is there, whole; nothing else is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Drain, Lease, Spool};
use tokio::runtime::Runtime;

use super::contract::{arrival, at, content, deliver, domain, keep, part, read, walk};
use super::number;

const DOMAINS: u64 = 3;
const SENDERS: u64 = 4;
/// Mails of one sender between two starts.
const BATCH: u64 = 6;

fn open(path: &Path) -> Result<Embedded, String> {
    let settings = Settings { reserve: Some(0), readers: 2, ..Settings::at(path) };
    Embedded::open(settings).map_err(|fault| format!("it does not open: {fault}"))
}

/// Some of each: rows, files, and some in between.
fn octets(n: u64) -> usize {
    [50, 3_000, 20_000, 70_000, 131_073, 200_000][(n % 6) as usize]
}

fn name(n: u64) -> String {
    format!("d{}.example", n % DOMAINS)
}

/// What is recorded: mail comes and goes, and the spool is left and opened again in between, so that
/// the log is folded in and begins anew.
pub fn live(root: &Path) {
    let runtime = Runtime::new().expect("a runtime");
    let batch = number("ODMR_CUT_MAILS", BATCH);
    for start in 0..3 {
        runtime.block_on(async {
            let spool = open(&root.join("spool")).expect("a spool");
            let over = Arc::new(AtomicBool::new(false));
            let customers = (0..DOMAINS)
                .map(|d| tokio::spawn(collect(spool.clone(), d, Arc::clone(&over))))
                .collect::<Vec<_>>();
            let first = |s| start * SENDERS * batch + s;
            let senders = (0..SENDERS)
                .map(|s| tokio::spawn(send(spool.clone(), first(s), batch)))
                .collect::<Vec<_>>();
            for sender in senders {
                sender.await.expect("a sender");
            }
            over.store(true, Ordering::SeqCst);
            for customer in customers {
                customer.await.expect("a customer");
            }
            spool.close().await;
        });
    }
}

async fn send(spool: Embedded, first: u64, batch: u64) {
    for n in (first..).step_by(SENDERS as usize).take(batch as usize) {
        let arrival = arrival(vec![part(n, &name(n), &["user"])], at(n as i64));
        keep(&spool, arrival, &content(n, octets(n))).await.expect("kept");
        println!("\nkept {n}");
    }
}

/// Delivers every third mail that waits and gives the others back.
async fn collect(spool: Embedded, d: u64, over: Arc<AtomicBool>) {
    let mut walk = walk(&spool, &name(d));
    loop {
        let last = over.load(Ordering::SeqCst);
        for lease in walk.next(8).await.expect("a batch") {
            let n = lease.entry().id.0.timestamp_ms();
            if n % 9 < 3 {
                println!("\ndelivering {n}");
                deliver(&spool, lease).await;
                println!("\ndelivered {n}");
            }
        }
        if last {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Which mails the program has said this of.
fn said(words: &[String], what: &str) -> BTreeSet<u64> {
    let of = |line: &String| line.strip_prefix(what)?.trim().parse().ok();
    words.iter().filter_map(of).collect()
}

/// Opens what is left and holds it against what was said. `Err` says what is wrong.
pub fn judge(root: &Path, words: &[String]) -> Result<(), String> {
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let spool = open(&root.join("spool"))?;
        let mut held = BTreeSet::new();
        for d in 0..DOMAINS {
            holds(&spool, d, &mut held).await?;
        }
        let delivering = said(words, "delivering ");
        let lost: Vec<_> = said(words, "kept ")
            .into_iter()
            .filter(|n| !held.contains(n) && !delivering.contains(n))
            .collect();
        let again: Vec<_> = said(words, "delivered ").intersection(&held).copied().collect();
        if !lost.is_empty() || !again.is_empty() {
            return Err(format!("lost {lost:?}, delivered and there again {again:?}"));
        }
        goes_on(&spool).await
    })
}

/// Reads all that waits for a domain.
async fn holds(spool: &Embedded, d: u64, held: &mut BTreeSet<u64>) -> Result<(), String> {
    let leases = walk(spool, &name(d)).next(100_000).await.map_err(|fault| fault.to_string())?;
    let totals = spool.totals(&domain(&name(d)));
    let octets_held = leases.iter().map(|lease| lease.entry().size).sum::<u64>();
    let counted = (totals.waiting, totals.octets, totals.set_aside);
    if counted != (leases.len() as u64, octets_held, 0) {
        return Err(format!("counted {counted:?}, and there are {}", leases.len()));
    }
    for lease in leases {
        let n = lease.entry().id.0.timestamp_ms();
        let whole = read(spool, &lease).await.map_err(|fault| fault.to_string())?;
        if !whole.ends_with(&content(n, octets(n))) || !held.insert(n) {
            return Err(format!("{n} has changed, or is there twice"));
        }
    }
    Ok(())
}

/// Mail can be taken in again.
async fn goes_on(spool: &Embedded) -> Result<(), String> {
    const NEXT: u64 = 1_000_000;
    let arrival = arrival(vec![part(NEXT, &name(NEXT), &["user"])], at(NEXT as i64));
    keep(spool, arrival, &content(NEXT, 100)).await.map_err(|fault| fault.to_string())
}
