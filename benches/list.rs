//! How fast a long queue is listed, how much memory that takes, and what it does to mail coming in.
//!
//!     cargo bench --bench list
//!     ODMR_BENCH_ENTRIES=1000000 cargo bench --bench list      this many (200000 unless told)
//!
//! Postfix lists a queue of its own in the same run, a tenth as long: it takes that long to fill.

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

use lab::Lab;
use lab::presence::Peer;
use rig::fill::fill;
use rig::load::{Load, Until, press};
use rig::ours::Provider;
use rig::table::{at_least, at_most, figure};
use rig::{meter, number, spell};

/// What a listing came to.
struct Listing {
    lines: u64,
    seconds: f64,
    /// Octets that the lister had in memory at most.
    peak: u64,
}

impl Listing {
    fn rate(&self) -> f64 {
        self.lines as f64 / self.seconds
    }
}

fn main() {
    let lab = Lab::open();
    let entries = number("ODMR_BENCH_ENTRIES", 200_000);
    let provider = Provider::furnish(&lab, "provider");
    fill(&provider.spool(), entries);
    let running = provider.start();
    let ask = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--config").arg(provider.config()).args(words);
        command
    };
    println!("\n### {entries} entries\n");
    listed(ask(&["list", "--json", "--limit", "1000"]));
    let ours = listed(ask(&["list", "--json"]));
    assert_eq!(ours.lines, entries);
    println!("| queuectl list --json | {} per s | {} MB |", figure(ours.rate()), mb(ours.peak));
    let named: Vec<String> = (0..1000).map(|n| format!("--domain=d{n}.example")).collect();
    let mut by_domain = ask(&["list", "--json"]);
    by_domain.args(&named);
    let by_domain = listed(by_domain);
    assert_eq!(by_domain.lines, entries);
    println!(
        "| the same by the names of all domains | {} per s | {} MB |",
        figure(by_domain.rate()),
        mb(by_domain.peak)
    );
    if Peer::Postfix.find().is_some() {
        let theirs = of_postfix(&lab, entries / 10);
        println!("| postqueue -j | {} per s | {} MB |\n", figure(theirs.rate()), mb(theirs.peak));
        at_least("queuectl, times postqueue", ours.rate() / theirs.rate(), 3.0);
    }
    at_most("queuectl, MB", ours.peak as f64 / 1e6, 50.0);
    at_most("odmrd, MB", meter::memory(running.pid()) as f64 / 1e6, 80.0);
    let domains = listed(ask(&["domains", "--json"]));
    at_most("domains, ms", domains.seconds * 1e3, 50.0);
    let load = Load { senders: 8, octets: 1024, pipelined: false };
    let alone = || press(provider.mx, running.pid(), load, Until::Time(spell())).rate();
    alone();
    let before = alone();
    let during = std::thread::scope(|scope| {
        let mut lister = ask(&["list", "--json"]);
        scope.spawn(move || lister.stdout(Stdio::null()).status().expect("a listing"));
        alone()
    });
    let after = alone();
    let quiet = (before + after) / 2.0;
    println!(
        "accepting {} per s, {} in a spell with one listing of everything",
        figure(quiet),
        figure(during)
    );
    at_least("accepting meanwhile, share", during / quiet, 0.95);
}

fn mb(octets: u64) -> String {
    figure(octets as f64 / 1e6)
}

fn of_postfix(lab: &Lab, messages: u64) -> Listing {
    let postfix = rig::peers::holding(lab);
    let load = Load { senders: 32, octets: 200, pipelined: false };
    press(postfix.address, postfix.pid(), load, Until::Count(messages));
    let listing = listed(postfix.list());
    assert!(listing.lines >= messages, "{} of {messages} are listed", listing.lines);
    listing
}

/// Reads what it lists to the end.
fn listed(mut command: Command) -> Listing {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a lister");
    let mut from = child.stdout.take().expect("its output");
    let (mut lines, mut peak) = (0, 0);
    let mut some = vec![0; 1 << 20];
    let mut turn = 0u32;
    loop {
        let got = from.read(&mut some).expect("a listing");
        if got == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', &some[..got]).count() as u64;
        turn += 1;
        if turn.is_multiple_of(64) {
            peak = peak.max(meter::peak_of(child.id()));
        }
    }
    child.wait().expect("its end");
    Listing { lines, seconds: begun.elapsed().as_secs_f64(), peak }
}
