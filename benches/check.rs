//! Many domains in one run of `mxcheck`: how fast, and how large it becomes. A resolver on loopback answers
//! whatever is asked, so what is measured is ours.
//!
//!     cargo bench --bench check
//!     ODMR_BENCH_DOMAINS=100000 cargo bench --bench check     this many (10000 unless told)

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::Lab;
use rig::table::{at_most, figure, head, row};
use rig::{meter, number};

const SERVER: &str = "atrn.provider.test";

fn main() {
    let lab = Lab::open();
    let resolver = resolver();
    let most = number("ODMR_BENCH_DOMAINS", 10_000);
    head(&["form", "domains", "s", "domains a second", "peak, MB"]);
    // Metrics stand together in the end, whatever domain they are about.
    for form in ["jsonl", "json", "prometheus"] {
        let few = checked(&lab, resolver, most / 10, form);
        checked(&lab, resolver, most / 2, form);
        let many = checked(&lab, resolver, most, form);
        let what = format!("{form}: memory of ten times as many domains, times that of as many");
        at_most(&what, many / few, 1.3);
    }
}

/// Checks so many domains; how much memory that took at its peak, octets.
fn checked(lab: &Lab, resolver: SocketAddr, count: u64, form: &str) -> f64 {
    let names: String = (0..count).map(|n| format!("d{n}.customers.test\n")).collect();
    let list = lab.write("domains", names);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.arg("--from-file").arg(list).args(["--resolver", &resolver.to_string()]);
    command.args(["--resolver-only", "--server", SERVER, "-f", form, "-o", "/dev/null"]);
    // Nothing is signed by this resolver, which leaves open whether it should be.
    command.args(["--smtp", "none", "--odmr", "none", "--skip", "dnssec"]);
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("mxcheck");
    let mut peak = 0;
    let ended = loop {
        peak = peak.max(meter::peak_of(child.id()));
        if let Some(ended) = child.try_wait().expect("a child") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{ended}");
    let (seconds, peak) = (begun.elapsed().as_secs_f64(), peak as f64);
    let pace = count as f64 / seconds;
    row(&[form.to_owned(), count.to_string(), figure(seconds), figure(pace), figure(peak / 1e6)]);
    peak
}

/// A resolver that has an answer to everything.
fn resolver() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("an address");
    for _ in 0..2 {
        let socket = socket.try_clone().expect("a socket");
        std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if let Some(reply) = answer(&packet[..length]) {
                    // Whoever is gone needs no answer.
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
    }
    at
}

/// The answer to a query. RFC 1035, section 4.1: each record is for the name asked about (the pointer `c0 0c`).
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let end = query.get(12..)?.iter().position(|octet| *octet == 0)? + 12 + 5;
    let question = query.get(12..end)?;
    let kind = u16::from_be_bytes([query[end - 4], query[end - 3]]);
    let data = match kind {
        1 => vec![192, 0, 3, 25],
        2 => name("ns1.provider.test"),
        15 => [vec![0, 10], name(SERVER)].concat(),
        28 => [vec![0x2a, 0, 0, 1], vec![0; 11], vec![25]].concat(),
        _ => Vec::new(),
    };
    let has_any = u8::from(!data.is_empty());
    let counts = [0, 1, 0, has_any, 0, 0, 0, 0];
    let mut reply = [&query[..2], &[0x81, 0x80], &counts, question].concat();
    if has_any == 1 {
        reply.extend([0xc0, 0x0c]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 14, 16]);
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}

fn name(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in text.split('.') {
        octets.push(u8::try_from(label.len()).expect("a short label"));
        octets.extend(label.as_bytes());
    }
    octets.push(0);
    octets
}
