//! What waiting costs: memory for each idle connection, in clear and under TLS, and while a large
//! message passes.
//!
//!     cargo bench --bench idle
//!     ODMR_BENCH_IDLE=10000 cargo bench --bench idle     this many connections (2000 unless told)
//!
//! Both ends of every connection are on this machine: the limit of open files must allow for them.

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lab::Lab;
use rig::load::{Load, Until, press};
use rig::ours::{NAME, Provider, fetch};
use rig::table::at_most;
use rig::{is_wanted, meter, number};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

fn main() {
    if is_wanted("connections") {
        connections();
    }
    if is_wanted("large") {
        large();
    }
}

fn connections() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let count = number("ODMR_BENCH_IDLE", 2000);
    println!("\n### memory for each of {count} idle connections, KiB\n");
    for (what, tls, most) in [("in clear", false, 64.0), ("under TLS", true, 96.0)] {
        let lab = Lab::open();
        let provider = Provider::furnish(&lab, "provider");
        let running = provider.start();
        let tls = tls.then(|| connector(&provider.authority));
        let each = runtime.block_on(weigh(provider.odmr, running.pid(), tls.as_ref(), count));
        at_most(&format!("KiB for each, {what}"), each / 1024.0, most);
    }
}

/// Octets of the provider's memory for each of `count` connections that have said EHLO and wait.
async fn weigh(odmr: SocketAddr, pid: u32, tls: Option<&TlsConnector>, count: u64) -> f64 {
    let before = meter::memory(pid);
    let mut idle: Vec<Box<dyn Line>> = Vec::new();
    for _ in 0..count {
        idle.push(call(odmr, tls).await);
    }
    let after = meter::memory(pid);
    drop(idle);
    after.saturating_sub(before) as f64 / count as f64
}

trait Line: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Line for T {}

async fn call(odmr: SocketAddr, tls: Option<&TlsConnector>) -> Box<dyn Line> {
    let mut line = TcpStream::connect(odmr).await.expect("a line");
    hear(&mut line).await;
    say(&mut line, b"EHLO idle.test\r\n").await;
    let Some(tls) = tls else { return Box::new(line) };
    say(&mut line, b"STARTTLS\r\n").await;
    let name = ServerName::try_from(NAME).expect("a name");
    let mut line = tls.connect(name, line).await.expect("TLS");
    say(&mut line, b"EHLO idle.test\r\n").await;
    Box::new(line)
}

async fn say(line: &mut (impl AsyncRead + AsyncWrite + Unpin), words: &[u8]) {
    line.write_all(words).await.expect("a line");
    hear(line).await;
}

async fn hear(line: &mut (impl AsyncRead + Unpin)) {
    let mut heard = Vec::new();
    let is_over = |heard: &[u8]| {
        let last =
            heard.strip_suffix(b"\r\n").and_then(|heard| heard.rsplit(|o| *o == b'\n').next());
        last.is_some_and(|last| last.get(3) == Some(&b' '))
    };
    while !is_over(&heard) {
        assert!(line.read_buf(&mut heard).await.expect("a line") > 0, "hung up");
    }
}

fn connector(authority: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).expect("a file")).expect("a root");
    TlsConnector::from(Arc::new(
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// A message of 100 MB passes through both programs; memory must not know of it.
fn large() {
    let lab = Lab::open();
    let provider = Provider::furnish(&lab, "provider");
    let running = provider.start();
    let pid = running.pid();
    let bring = |octets, count| {
        let load = Load { senders: 1, octets, pipelined: false };
        press(provider.mx, pid, load, Until::Count(count));
    };
    println!("\n### a message of 100 MB passes\n");
    bring(4096, 100);
    let small = fetch_peak(&lab, provider.odmr);
    let before = meter::peak_of(pid);
    bring(100_000_000, 1);
    let large = fetch_peak(&lab, provider.odmr);
    assert!(
        largest(&lab.path("large-mail/new")) > 90_000_000, // without the CR of each line
        "the large message did not land"
    );
    let more = |after: u64, before: u64| after.saturating_sub(before) as f64 / 1e6;
    at_most("odmrd's peak grows by MB", more(meter::peak_of(pid), before), 8.0);
    at_most("atrn-fetch's peak is higher than for small mail by MB", more(large, small), 8.0);
}

fn largest(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a Maildir").filter_map(Result::ok);
    files.filter_map(|file| Some(file.metadata().ok()?.len())).max().unwrap_or(0)
}

/// The most memory that an `atrn-fetch` has held; looked at often, since it is gone at its end.
fn fetch_peak(lab: &Lab, provider: SocketAddr) -> u64 {
    let mut command = fetch(lab, provider, None, &lab.path("large-mail"));
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("atrn-fetch");
    let mut peak = 0;
    loop {
        peak = peak.max(meter::peak_of(child.id()));
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "atrn-fetch: {status}");
            return peak;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
