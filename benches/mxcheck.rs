//! How soon a domain is looked at: `mxcheck` beside checkdmarc and zonemaster-cli, where this machine has
//! them, on the same zones of the same servers on loopback, in one run.
//!
//!     cargo bench --bench mxcheck
//!     ODMR_BENCH_ROUNDS=9 cargo bench --bench mxcheck

#[allow(dead_code)]
#[path = "../tests/mxcheck/front.rs"]
mod front;
#[allow(dead_code)]
#[path = "../tests/mxcheck/internet.rs"]
mod internet;
#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;
#[allow(dead_code)]
#[path = "../tests/mxcheck/web.rs"]
mod web;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use front::stand_in_front;
use internet::Internet;
use lab::Lab;
use rig::table::{at_least, figure, head, row};
use rig::{median, rounds};

/// Of these each peer is asked, too; they are in order, and signed.
const DOMAINS: &[&str] = &["secure.org", "hashed.org", "good.org", "host.good.org", "sts.org"];

fn main() {
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    // Peers know no other port than 53.
    let corner = Lab::open();
    let resolver = IpAddr::V4(corner.ip());
    let _front = stand_in_front(SocketAddr::new(resolver, 53), internet.resolver);
    println!("\n### {} domains, one after the other\n", DOMAINS.len());
    let peers = peers(&lab, resolver);
    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); peers.len()]);
    for _ in 0..rounds() {
        ours.push(seconds(DOMAINS.iter().map(|domain| mxcheck(&internet, domain)).collect()));
        for (peer, took) in peers.iter().zip(&mut theirs) {
            took.push(seconds(DOMAINS.iter().map(|domain| (peer.line)(domain)).collect()));
        }
    }
    let ours = median(ours);
    head(&["", "s a domain"]);
    row(&["mxcheck".to_owned(), figure(ours)]);
    let theirs: Vec<f64> = theirs.into_iter().map(median).collect();
    for (peer, took) in peers.iter().zip(&theirs) {
        row(&[peer.name.to_owned(), figure(*took)]);
    }
    for (peer, took) in peers.iter().zip(&theirs) {
        at_least(&format!("times as fast as {}", peer.name), took / ours, 10.0);
    }
}

fn mxcheck(internet: &Internet, domain: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(["--resolver", &internet.resolver.to_string(), "--jobs", "1", "--json"]);
    command.args(["--smtp", "none", "--odmr", "none"]);
    command.args(["--server", "atrn.provider.net", "--trust-anchor"]).arg(&internet.anchor);
    command.arg("--ca").arg(&internet.ca).arg(domain);
    command
}

/// How long a domain takes, when these are run one after the other.
fn seconds(lines: Vec<Command>) -> f64 {
    let begun = Instant::now();
    for mut command in lines {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().expect("it ran");
    }
    begun.elapsed().as_secs_f64() / DOMAINS.len() as f64
}

/// Somebody else who looks at domains, and how he is called for one.
struct Contender {
    name: &'static str,
    line: Box<dyn Fn(&str) -> Command>,
}

/// Those that are on this machine.
fn peers(lab: &Lab, resolver: IpAddr) -> Vec<Contender> {
    let mut peers = Vec::new();
    if let Some(program) = found("checkdmarc") {
        let line = move |domain: &str| {
            let mut command = Command::new(&program);
            command.args([domain, "-n", &resolver.to_string(), "-t", "2"]);
            command
        };
        peers.push(Contender { name: "checkdmarc", line: Box::new(line) });
    }
    if let Some(program) = found("zonemaster-cli") {
        // The resolver's.
        let hints = lab.path("root.hints");
        let line = move |domain: &str| {
            let mut command = Command::new(&program);
            command.arg("--hints").arg(&hints).args(["--no-ipv6", "--json", domain]);
            command
        };
        peers.push(Contender { name: "zonemaster-cli", line: Box::new(line) });
    }
    if peers.is_empty() {
        println!("neither checkdmarc nor zonemaster-cli is here: there is nothing to compare with");
    }
    peers
}

fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
