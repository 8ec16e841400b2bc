//! What a service manager sees of the provider, and what the provider tells its journal.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::Signal;

use crate::lab::fetchmail::PASSWORD;
use crate::lab::ledger::Ledger;
use crate::lab::ours::{AtrnFetch, Odmrd};
use crate::lab::post::Post;
use crate::lab::process::{Child, run};
use crate::lab::wait::PATIENCE;
use crate::lab::{Lab, allow};

/// A socket that takes datagrams from anybody.
fn ear(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    allow(path, 0o777);
    socket
}

fn datagram(socket: &UnixDatagram) -> Vec<u8> {
    let mut octets = vec![0; 65_536];
    let length = socket.recv(&mut octets).expect("a word from the provider");
    octets.truncate(length);
    octets
}

/// What the service manager is told next, beats of the watchdog aside.
fn told(socket: &UnixDatagram) -> String {
    loop {
        let words = String::from_utf8(datagram(socket)).expect("text");
        if words.trim_end() != "WATCHDOG=1" {
            return words;
        }
    }
}

#[test]
fn the_service_manager_is_told_of_each_stage_of_a_life() {
    let lab = Lab::open();
    let manager = ear(&lab.path("notify"));
    let mut command = Odmrd::new(&lab).command();
    command.env("NOTIFY_SOCKET", lab.path("notify"));
    let mut daemon = Child::start(&lab, "odmrd", command);
    assert_eq!(told(&manager).trim_end(), "READY=1");
    daemon.signal(Signal::HUP);
    let reloading = told(&manager);
    let (word, clock) = reloading.trim_end().split_once('\n').expect("two lines");
    assert_eq!(word, "RELOADING=1");
    let clock = clock.strip_prefix("MONOTONIC_USEC=").expect("the time of this reload");
    assert!(clock.parse::<u64>().is_ok_and(|time| time > 0), "{clock}");
    assert_eq!(told(&manager).trim_end(), "READY=1");
    daemon.signal(Signal::TERM);
    assert_eq!(told(&manager).trim_end(), "STOPPING=1");
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn the_watchdog_hears_a_beat() {
    let lab = Lab::open();
    let manager = ear(&lab.path("notify"));
    let mut command = Odmrd::new(&lab).command();
    command.env("NOTIFY_SOCKET", lab.path("notify")).env("WATCHDOG_USEC", "400000");
    let _daemon = Child::start(&lab, "odmrd", command);
    let beat = |_: usize| datagram(&manager).starts_with(b"WATCHDOG=1");
    assert_eq!((0..4).filter(|n| beat(*n)).count(), 3, "READY=1, and beats");
}

/// In a mount namespace in which the lab's folder is where the journal listens.
const WITH_A_JOURNAL: &str = "\
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
mount --bind \"$1\" /run/systemd/journal
shift
exec \"$@\"
";

fn with_journal(folder: &Path, daemon: &Command) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--", "sh", "-c", WITH_A_JOURNAL, "sh"]).arg(folder);
    command.arg(daemon.get_program()).args(daemon.get_args());
    command
}

/// One entry, field by field.
type Entry = BTreeMap<String, String>;

/// Takes in what is logged as it comes: a journal that does not read holds its writers up.
fn entries(journal: UnixDatagram) -> Receiver<Entry> {
    let (entries, read) = channel();
    thread::spawn(move || {
        let mut octets = vec![0; 65_536];
        while let Ok(length) = journal.recv(&mut octets) {
            if entries.send(entry(&octets[..length])).is_err() {
                return;
            }
        }
    });
    read
}

/// An entry of the journal's own protocol: `KEY=value` lines, and where a value has line ends its
/// length in front of it.
fn entry(octets: &[u8]) -> Entry {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (mut rest, mut fields) = (octets, BTreeMap::new());
    while let Some(end) = rest.iter().position(|octet| *octet == b'\n') {
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        if let Some(equals) = line.iter().position(|octet| *octet == b'=') {
            fields.insert(text(&line[..equals]), text(&line[equals + 1..]));
            rest = behind;
        } else {
            let (length, behind) = behind.split_first_chunk::<8>().expect("a length");
            let (value, behind) = behind.split_at(u64::from_le_bytes(*length) as usize);
            fields.insert(text(line), text(value));
            rest = behind.strip_prefix(b"\n").unwrap_or(behind);
        }
    }
    fields
}

#[test]
fn the_journal_gets_each_field_as_a_field_and_no_secret() {
    if !rustix::process::geteuid().is_root() {
        return; // nobody else may have a mount namespace
    }
    let lab = Lab::open();
    let journal = entries(ear(&lab.room("journal").join("socket")));
    let odmrd = Odmrd::new(&lab).set("log.format", "\"journald\"");
    let (daemon, mx, odmr) = (odmrd.command(), odmrd.mx, odmrd.odmr);
    let daemon = with_journal(&lab.path("journal"), &daemon);
    let daemon = Child::start(&lab, "odmrd", daemon).until_greeting(odmr).until_greeting(mx);
    let content = Ledger::default().letter(500).content;
    Post::open(mx).deliver("a@sender.test", "box@example.org", &content);
    AtrnFetch::new(&lab, odmr).into_maildir().run().ended(0, "ok");
    let says = |entry: &Entry, words| entry.get("MESSAGE").is_some_and(|said| said == words);
    let mut seen: Vec<Entry> = Vec::new();
    while !seen.last().is_some_and(|entry| says(entry, "message delivered")) {
        seen.push(journal.recv_timeout(PATIENCE).expect("an entry"));
    }
    let delivered = seen.last().expect("the last");
    assert_eq!(delivered["PRIORITY"], "5", "{delivered:#?}");
    assert_eq!(delivered["SYSLOG_IDENTIFIER"], "odmrd");
    assert_eq!((&*delivered["F_DOMAIN"], &*delivered["F_ACCOUNT"]), ("example.org", "acme"));
    assert!(seen.iter().any(|entry| says(entry, "listening")), "{seen:#?}");
    assert!(!format!("{seen:?}").contains(PASSWORD), "{seen:#?}");
    assert_eq!(daemon.log(), "", "nothing is said twice");
}

#[test]
fn without_a_journal_there_is_a_plain_word() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let lab = Lab::open();
    let daemon = Odmrd::new(&lab).set("log.format", "\"journald\"").command();
    let ran = run(&lab, with_journal(&lab.room("silence"), &daemon));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("no journal to log to"), "{ran:#?}");
}
