//! How fast a customer gets its mail over one turned connection, everything on its disk before it
//! is acknowledged. Run as root, for the peers' sake.
//!
//!     cargo bench --bench drain
//!     ODMR_BENCH_EXIM_ATRN=/path/to/exim cargo bench --bench drain     beside Exim 4.99 or newer
//!     ODMR_BENCH_MESSAGES=5000 cargo bench --bench drain
//!
//! Provider and customer share the machine. The customer of Exim is `atrn-fetch` too: the two
//! providers hand the same mail to the same program.

#[allow(dead_code, unused_imports)]
#[path = "../tests/peers/lab/mod.rs"]
mod lab;
#[allow(dead_code)]
mod rig;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::Lab;
use lab::fetchmail::{Fetchmail, PASSWORD, USER};
use lab::postfix::Postfix;
use lab::presence::Peer;
use lab::process::Child;
use rig::load::{DOMAIN, Load, Until, press};
use rig::ours::{Provider, fetch, fetch_all};
use rig::relay::Relay;
use rig::table::{at_least, at_most, figure, head, row};
use rig::{is_wanted, median, number};

/// Octets of each message.
const OCTETS: usize = 4096;
const LOAD: Load = Load { senders: 32, octets: OCTETS, pipelined: false };

fn main() {
    if is_wanted("rate") {
        rates();
    }
    if is_wanted("far") {
        far();
    }
}

/// One way to get the mail, measured once.
type Way<'a> = (&'static str, Box<dyn Fn() -> f64 + 'a>);

fn rates() {
    let lab = Lab::open();
    let provider = Provider::furnish(&lab, "provider");
    let running = provider.start();
    let count = number("ODMR_BENCH_MESSAGES", 1000);
    let bring = |to: SocketAddr, pid: u32| bring(to, pid, count);
    let ours = |tls: Option<&Path>| {
        bring(provider.mx, running.pid());
        let (seconds, taken) =
            fetch_all(&lab, fetch(&lab, provider.odmr, tls, &lab.path("ours-mail")));
        whole(taken, count) / seconds
    };
    let both = Peer::Fetchmail.find().is_some() && Peer::Postfix.find().is_some();
    let postfix =
        both.then(|| Postfix::receiving(&lab, "postfix", DOMAIN).set("in_flow_delay", "0").start());
    let mut ways: Vec<Way> = vec![
        ("odmrd to atrn-fetch", Box::new(|| ours(None))),
        ("the same under TLS", Box::new(|| ours(Some(&provider.authority)))),
    ];
    if let Some(postfix) = &postfix {
        let (provider, running, lab) = (&provider, &running, &lab);
        ways.push((
            "odmrd to fetchmail and Postfix",
            Box::new(move || {
                // It takes a tenth of a second for each, and no rate depends on how many there are.
                let count = count.div_ceil(10);
                press(provider.mx, running.pid(), LOAD, Until::Count(count));
                let begun = Instant::now();
                let fetchmail = Fetchmail::new(lab, provider.odmr, postfix.address, DOMAIN);
                fetchmail.for_at_most(Duration::from_secs(300)).run().succeeded();
                count as f64 / begun.elapsed().as_secs_f64()
            }),
        ));
    }
    if let Some(program) = std::env::var_os("ODMR_BENCH_EXIM_ATRN") {
        let (address, exim) = exim(&lab, Path::new(&program));
        let lab = &lab;
        ways.push((
            "Exim (ATRN) to atrn-fetch",
            Box::new(move || {
                bring(address, exim.pid());
                let mut command = fetch(lab, address, None, &lab.path("exim-mail"));
                // It often hands over three quarters of the mail and says 451 to the next call: what
                // counts is how fast the mail comes that does come.
                command.args(["--verb", "atrn", "--max-rounds", "1"]);
                let (seconds, taken) = fetch_all(lab, command);
                taken / seconds
            }),
        ));
    }
    compare(&ways, count);
}

fn compare(ways: &[Way], count: u64) {
    let mut rates = vec![Vec::new(); ways.len()];
    for _ in 0..rig::rounds() {
        for ((_, way), rates) in ways.iter().zip(&mut rates) {
            rates.push(way());
        }
    }
    println!("\n### drain, {count} x 4 KiB, one connection, 0 ms\n");
    head(&["", "messages/s", "odmrd's rate to it"]);
    let rates: Vec<f64> = rates.into_iter().map(median).collect();
    for ((name, _), rate) in ways.iter().zip(&rates) {
        row(&[(*name).to_owned(), figure(*rate), figure(rates[0] / rate)]);
    }
    println!();
    at_least("rate under TLS over that in clear", rates[1] / rates[0], 0.6);
    match ways.iter().position(|(name, _)| name.starts_with("Exim")) {
        Some(exim) => at_least("rate over that of Exim", rates[0] / rates[exim], 15.0),
        None => {
            println!("- rate over that of Exim: not measured (ODMR_BENCH_EXIM_ATRN is not set)")
        }
    }
}

/// A rate of anything but all the mail would mean nothing.
fn whole(taken: f64, count: u64) -> f64 {
    assert!((taken - count as f64).abs() < 0.5, "{taken} of {count} messages came");
    taken
}

/// Mail for the customer, by way of the front door.
fn bring(to: SocketAddr, pid: u32, count: u64) {
    press(to, pid, LOAD, Until::Count(count));
}

/// Round trips for each message on a line of 50 ms.
fn far() {
    let lab = Lab::open();
    let provider = Provider::furnish(&lab, "provider");
    let running = provider.start();
    let count = number("ODMR_BENCH_FAR_MESSAGES", 100);
    bring(provider.mx, running.pid(), count);
    let near = lab.free();
    let relay = Relay::start(near, provider.odmr, Duration::from_millis(25));
    let (seconds, taken) = fetch_all(&lab, fetch(&lab, near, None, &lab.path("far-mail")));
    println!("\n### drain, {count} x 4 KiB, one connection, 50 ms there and back\n");
    println!(
        "{} messages/s, {} round trips in all\n",
        figure(taken / seconds),
        relay.round_trips()
    );
    at_most("round trips for each message", relay.round_trips() / taken, 1.1);
}

/// An Exim that holds mail and hands it over to whoever says ATRN.
fn exim(lab: &Lab, program: &Path) -> (SocketAddr, Child) {
    let address = lab.free();
    let folder: PathBuf = lab.room("exim-atrn");
    let (folder, exim) = (folder.display(), program.display());
    let (ip, port) = (address.ip(), address.port());
    let config = format!(
        "exim_path = {exim}\nprimary_hostname = exim.test\nspool_directory = {folder}/spool\n\
         log_file_path = {folder}/%slog\npid_file_path = {folder}/pid\n\
         local_interfaces = {ip}\ndaemon_smtp_ports = {port}\nsmtp_accept_max = 0\n\
         smtp_accept_max_per_connection = 0\nsmtp_accept_queue_per_connection = 0\n\
         keep_environment =\nqueue_only\nacl_smtp_rcpt = rcpt\nacl_smtp_data = data\n\
         acl_smtp_atrn = atrn\nbegin acl\nrcpt:\n  accept domains = {DOMAIN}\n  deny\n\
         data:\n  accept\natrn:\n  deny !authenticated = *\n  warn set acl_m0 = {DOMAIN}\n\
         \x20 defer !atrn_domains = <, $acl_m0\n  accept\n\
         begin routers\ncustomer:\n  driver = manualroute\n  condition = ${{if eq {{$atrn_mode}}{{P}}}}\n\
         \x20 route_data = <;$atrn_host\n  self = send\n  transport = back\nbegin transports\nback:\n  driver = smtp\n\
         begin authenticators\ncram:\n  driver = cram_md5\n  public_name = CRAM-MD5\n\
         \x20 server_secret = ${{if eq{{$auth1}}{{{USER}}}{{{PASSWORD}}}fail}}\n  server_set_id = $auth1\n"
    );
    let config = lab.write("exim-atrn.conf", config);
    let mut command = Command::new(program);
    command.arg("-C").arg(config).arg("-bdf");
    let daemon = Child::start(lab, "exim-atrn", command).logging_to(lab.path("exim-atrn/mainlog"));
    (address, daemon.until_listening(address))
}
