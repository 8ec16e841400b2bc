//! How fast mail is taken in and held, everything on disk before the 250: ours, Postfix, Exim and
//! OpenSMTPD in one run, with what the disk allows beside them. Run as root, for the peers' sake.
//!
//!     tests/peers/install.sh
//!     cargo bench --bench accept                 everything, about two minutes
//!     cargo bench --bench accept -- 10KiB        only cases with this word in their name
//!     ODMR_BENCH_MS=4000 ODMR_BENCH_ROUNDS=5 cargo bench --bench accept

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab::Lab;
use rig::load::{Load, Spell, Until, press, press_at_most};
use rig::ours::Provider;
use rig::peers::{self, Server};
use rig::table::{at_least, at_most, figure, head, row};
use rig::{is_wanted, median};

/// A case and what is expected of it.
struct Case {
    name: &'static str,
    load: Load,
    expected: fn(&Medians),
}

/// Figures of one server.
struct Median {
    rate: f64,
    cpu: f64,
    p50: f64,
    p99: f64,
}

type Medians = BTreeMap<&'static str, Median>;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// A server that takes so much longer than a spell stands still. OpenSMTPD looks up the name of each
/// caller, a few at a time, and greets a hundred senders within half a minute where no name server
/// answers.
const PATIENCE: Duration = Duration::from_secs(60);

fn lockstep(senders: usize, octets: usize) -> Load {
    Load { senders, octets, pipelined: false }
}

fn cases() -> Vec<Case> {
    let case =
        |name, senders, octets, expected| Case { name, load: lockstep(senders, octets), expected };
    vec![
        case("1KiB x 8", 8, KIB, small as fn(&Medians)),
        case("1KiB x 32", 32, KIB, small),
        case("1KiB x 100", 100, KIB, small),
        case("10KiB x 8", 8, 10 * KIB, small),
        case("10KiB x 32", 32, 10 * KIB, small_and_cheap),
        case("10KiB x 100", 100, 10 * KIB, small),
        case("1MiB x 8", 8, MIB, large),
    ]
}

fn main() {
    rig::yardstick::serve_if_asked();
    for case in cases() {
        if is_wanted(case.name) {
            measure(&case);
        }
    }
    if is_wanted("syncs") {
        syncs();
    }
}

fn measure(case: &Case) {
    let lab = Lab::open();
    let servers = peers::everybody(&lab);
    let mut spells: BTreeMap<&'static str, Vec<Spell>> = BTreeMap::new();
    let mut stuck: BTreeSet<&'static str> = BTreeSet::new();
    let press = |server: &Server, spell| {
        press_at_most(server.address, server.pid, case.load, Until::Time(spell), spell + PATIENCE)
    };
    for server in &servers {
        if press(server, Duration::from_millis(300)).is_none() {
            stuck.insert(server.name);
        }
    }
    for _ in 0..rig::rounds() {
        for server in &servers {
            if stuck.contains(server.name) {
                continue;
            }
            match press(server, rig::spell()) {
                Some(spell) => spells.entry(server.name).or_default().push(spell),
                None => _ = stuck.insert(server.name),
            }
        }
    }
    spells.retain(|name, _| !stuck.contains(name));
    println!("\n### accept, {}\n", case.name);
    head(&["", "messages/s", "CPU s / 1000", "p50 ms", "p99 ms", "odmrd's rate to it"]);
    let medians: Medians =
        spells.iter().map(|(name, spells)| (*name, Median::of(spells))).collect();
    for server in &servers {
        match medians.get(server.name) {
            Some(median) => median.print(server.name, medians["odmrd"].rate),
            None => row(&[server.name, "stood still"]),
        }
    }
    println!();
    (case.expected)(&medians);
}

impl Median {
    fn of(spells: &[Spell]) -> Median {
        let of = |figure: fn(&Spell) -> f64| median(spells.iter().map(figure).collect());
        Median {
            rate: of(Spell::rate),
            cpu: of(Spell::cpu_per_1000),
            p50: of(|spell| spell.percentile(50)),
            p99: of(|spell| spell.percentile(99)),
        }
    }

    fn print(&self, name: &str, ours: f64) {
        let figures = [self.rate, self.cpu, self.p50, self.p99, ours / self.rate].map(figure);
        row(&[&[name.to_owned()], &figures[..]].concat());
    }
}

/// What small messages are held to.
fn small(medians: &Medians) {
    let ours = &medians["odmrd"];
    for (peer, times) in [("Postfix", 6.0), ("OpenSMTPD", 2.0)] {
        if let Some(peers) = medians.get(peer) {
            at_least(&format!("rate over that of {peer}"), ours.rate / peers.rate, times);
        }
    }
    for peer in ["Postfix", "Exim", "OpenSMTPD"] {
        if let Some(peers) = medians.get(peer) {
            at_most(&format!("p99 over that of {peer}"), ours.p99 / peers.p99, 1.0);
        }
    }
}

fn small_and_cheap(medians: &Medians) {
    small(medians);
    let ours = &medians["odmrd"];
    if let Some(exim) = medians.get("Exim") {
        at_most("CPU for a message over that of Exim", ours.cpu / exim.cpu, 0.4);
    }
    at_least("goal beyond: rate over limit", ours.rate / medians["limit"].rate, 0.5);
}

fn large(medians: &Medians) {
    at_least("rate over limit", medians["odmrd"].rate / medians["limit"].rate, 0.8);
}

/// Syncs for each message at 8 senders, counted from outside.
fn syncs() {
    let lab = Lab::open();
    let provider = Provider::furnish(&lab, "provider");
    let counts = lab.path("counts");
    let log = counts.display().to_string();
    let words = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", &log];
    let mut child = provider.start_under(&words);
    let spell = press(provider.mx, child.pid(), lockstep(8, 10 * KIB), Until::Count(4000));
    child.terminate();
    let table = std::fs::read_to_string(&counts).expect("strace's table");
    let lines = table.lines().filter(|line| line.ends_with("sync"));
    let calls: f64 = lines.filter_map(|l| l.split_whitespace().nth(3)?.parse::<f64>().ok()).sum();
    println!("\n### syncs, 10KiB x 8\n");
    at_most("syncs for each message", calls / spell.messages, 0.3);
}
