//! A long queue: how soon `odmrd` is ready, how soon ATRN is answered, and how large it is when a
//! million entries of other domains wait.
//!
//!     cargo bench --bench start
//!     ODMR_BENCH_ENTRIES=1000000 cargo bench --bench start     this many (200000 unless told)

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use lab::Lab;
use lab::fetchmail::{PASSWORD, USER};
use lab::process::Child;
use md5::Md5;
use rig::fill::fill;
use rig::load::{DOMAIN, Load, Until, press};
use rig::ours::Provider;
use rig::table::{at_most, figure};
use rig::{median, meter, number};

fn main() {
    let lab = Lab::open();
    let provider = Provider::furnish(&lab, "provider");
    let entries = number("ODMR_BENCH_ENTRIES", 200_000);
    let begun = Instant::now();
    fill(&provider.spool(), entries);
    println!(
        "\n### {entries} entries of other domains, laid in {} s\n",
        figure(begun.elapsed().as_secs_f64())
    );

    let mut running = ready(&provider, "ready after a clean stop, s", 1.0);
    one_of_ours(&provider, &running);
    at_most("ATRN answered, ms", answered(provider.odmr), 5.0);
    at_most("memory, MB", meter::memory(running.pid()) as f64 / 1e6, 80.0);
    running.kill();
    drop(ready(&provider, "ready after SIGKILL, s", 10.0));
}

fn ready(provider: &Provider, what: &str, most: f64) -> Child {
    let begun = Instant::now();
    let running = provider.start();
    // A bound port takes calls before anybody answers them; what counts is the greeting.
    hear(&mut BufReader::new(TcpStream::connect(provider.odmr).expect("odmrd")));
    at_most(what, begun.elapsed().as_secs_f64(), most);
    running
}

/// Something to turn for.
fn one_of_ours(provider: &Provider, running: &Child) {
    let load = Load { senders: 1, octets: 1024, pipelined: false };
    press(provider.mx, running.pid(), load, Until::Count(5));
}

/// How long the reply to ATRN takes, in milliseconds: the median of a few calls, each cut off
/// behind the reply, so that nothing is handed over and the next may ask again.
fn answered(odmr: SocketAddr) -> f64 {
    median((0..7).map(|_| call(odmr)).collect())
}

fn call(odmr: SocketAddr) -> f64 {
    let mut line = BufReader::new(TcpStream::connect(odmr).expect("odmrd"));
    line.get_ref().set_nodelay(true).expect("no delay");
    hear(&mut line);
    ask(&mut line, "EHLO start.test");
    let challenge = ask(&mut line, "AUTH CRAM-MD5");
    ask(&mut line, &proof(challenge.trim_start_matches("334 ")));
    let begun = Instant::now();
    let reply = ask(&mut line, &format!("ATRN {DOMAIN}"));
    assert!(reply.starts_with("250"), "ATRN was answered {reply:?}");
    begun.elapsed().as_secs_f64() * 1000.0
}

/// RFC 2195.
fn proof(challenge: &str) -> String {
    let challenge = BASE64_STANDARD.decode(challenge).expect("a challenge");
    let mut mac = Hmac::<Md5>::new_from_slice(PASSWORD.as_bytes()).expect("any key");
    mac.update(&challenge);
    let digest = mac.finalize().into_bytes();
    let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    BASE64_STANDARD.encode(format!("{USER} {digest}"))
}

fn ask(line: &mut BufReader<TcpStream>, words: &str) -> String {
    line.get_mut().write_all(format!("{words}\r\n").as_bytes()).expect("a line");
    hear(line)
}

/// The last line of a reply.
fn hear(line: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut heard = String::new();
        assert!(line.read_line(&mut heard).expect("a line") > 0, "hung up");
        if heard.as_bytes().get(3) != Some(&b'-') {
            return heard.trim_end().to_owned();
        }
    }
}
