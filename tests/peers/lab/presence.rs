//! Which peers this machine has.
//!
//! A peer that is missing fails the test, so that a green run means that it was met. Who cannot or does
//! not want to install them says so aloud with `ODMR_PEERS=skip`.

use std::env;
use std::path::{Path, PathBuf};

/// A real program that a test needs.
#[allow(dead_code)] // No one suite of tests meets all of them.
#[derive(Clone, Copy, Debug)]
pub enum Peer {
    Bind,
    Chromedriver,
    Chromium,
    Curl,
    Dovecot,
    Elvish,
    Exim,
    Fetchmail,
    Fish,
    Gsasl,
    Knot,
    Nsd,
    OpenSmtpd,
    Postfix,
    Promtool,
    Shellcheck,
    Swaks,
    SystemdAnalyze,
    Unbound,
    Zsh,
}

impl Peer {
    /// Its program, if this machine has it.
    pub fn find(self) -> Option<PathBuf> {
        match self {
            Peer::Bind => installed("named"),
            Peer::Chromedriver => installed("chromedriver"),
            Peer::Chromium => installed("chromium"),
            Peer::Curl => installed("curl"),
            Peer::Dovecot => installed("dovecot"),
            Peer::Elvish => installed("elvish"),
            Peer::Exim => unpacked("exim4-daemon-light/usr/sbin/exim4"),
            Peer::Fetchmail => installed("fetchmail"),
            Peer::Fish => installed("fish"),
            Peer::Gsasl => installed("gsasl"),
            Peer::Knot => installed("knotd"),
            Peer::Nsd => installed("nsd"),
            Peer::OpenSmtpd => unpacked("opensmtpd/usr/sbin/smtpd"),
            Peer::Postfix => installed("postfix"),
            Peer::Promtool => unpacked("prometheus/usr/bin/promtool"),
            Peer::Shellcheck => installed("shellcheck"),
            Peer::Swaks => installed("swaks"),
            Peer::SystemdAnalyze => installed("systemd-analyze"),
            Peer::Unbound => installed("unbound"),
            Peer::Zsh => installed("zsh"),
        }
    }

    /// Its program. A test asks [`have`] first.
    pub fn program(self) -> PathBuf {
        self.find().unwrap_or_else(|| panic!("{} is not on this machine", self.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Peer::Bind => "named",
            Peer::Chromedriver => "chromedriver",
            Peer::Chromium => "chromium",
            Peer::Curl => "curl",
            Peer::Dovecot => "dovecot",
            Peer::Elvish => "elvish",
            Peer::Exim => "exim",
            Peer::Fetchmail => "fetchmail",
            Peer::Fish => "fish",
            Peer::Gsasl => "gsasl",
            Peer::Knot => "knot",
            Peer::Nsd => "nsd",
            Peer::OpenSmtpd => "opensmtpd",
            Peer::Postfix => "postfix",
            Peer::Promtool => "promtool",
            Peer::Shellcheck => "shellcheck",
            Peer::Swaks => "swaks",
            Peer::SystemdAnalyze => "systemd-analyze",
            Peer::Unbound => "unbound",
            Peer::Zsh => "zsh",
        }
    }

    /// Postfix, Exim, Dovecot and OpenSMTPD change users for every delivery; name servers have port 53.
    fn wants_root(self) -> bool {
        let changes = matches!(self, Peer::Dovecot | Peer::Exim | Peer::OpenSmtpd | Peer::Postfix);
        changes || matches!(self, Peer::Bind | Peer::Knot | Peer::Nsd)
    }
}

/// Whether the test can go on. False only where the peers were declined aloud.
pub fn have(peers: &[Peer]) -> bool {
    let hindrance = peers.iter().find_map(|peer| hindrance(*peer));
    match hindrance {
        None => true,
        Some(why) if declined() => {
            eprintln!("not run: {why}");
            false
        }
        Some(why) => panic!("{why}, or leave such tests out with ODMR_PEERS=skip"),
    }
}

fn hindrance(peer: Peer) -> Option<String> {
    let name = peer.name();
    if peer.find().is_none() {
        return Some(format!("{name} is not on this machine: run tests/peers/install.sh"));
    }
    let is_root = rustix::process::geteuid().is_root();
    (peer.wants_root() && !is_root).then(|| format!("{name} works for root only: run as root"))
}

fn declined() -> bool {
    env::var_os("ODMR_PEERS").is_some_and(|word| word == "skip")
}

/// Looks where daemons live too: an ordinary user's `PATH` has no `sbin`.
fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    places.map(|place| place.join(program)).find(|file| file.is_file())
}

/// Where `install.sh` puts what cannot be installed beside Postfix.
fn unpacked(program: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(program);
    file.is_file().then_some(file)
}
