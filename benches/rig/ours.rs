//! `odmrd` and `atrn-fetch` as they are built, on loopback, with one account.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use odmr::config::accounts::{NewAccount, derive, edit};
use odmr::smtp::Domain;
use secrecy::SecretString;

use super::load::DOMAIN;
use crate::lab::authority::Authority;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::process::Child;
use crate::lab::{Lab, allow};

/// The provider's name, which its certificate bears.
pub const NAME: &str = "odmr.test";

/// An `odmrd` that can be started more than once on the same spool.
pub struct Provider<'lab> {
    lab: &'lab Lab,
    folder: PathBuf,
    /// Where it takes mail in.
    pub mx: SocketAddr,
    /// Where customers call.
    pub odmr: SocketAddr,
    /// What its certificate is signed by.
    pub authority: PathBuf,
}

impl<'lab> Provider<'lab> {
    /// Settings, a certificate and an account; nothing is started.
    pub fn furnish(lab: &'lab Lab, name: &str) -> Provider<'lab> {
        let folder = lab.room(name);
        allow(&folder, 0o755);
        let (mx, odmr) = (lab.free(), lab.free());
        let authority = Authority::new(lab);
        let identity = authority.issue(lab, &[NAME]);
        let settings = settings(&folder, mx, odmr, &identity.certificate, &identity.key);
        fs::write(folder.join("odmrd.toml"), settings).expect("settings");
        add_account(&folder.join("accounts.toml"));
        fs::create_dir_all(folder.join("state")).expect("a folder");
        Provider { lab, folder, mx, odmr, authority: authority.file().to_owned() }
    }

    /// Its settings file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("odmrd.toml")
    }

    /// The folder of its spool.
    pub fn spool(&self) -> PathBuf {
        self.folder.join("state/spool")
    }

    /// Starts it and waits until it listens, as a child that these words (such as strace's) run.
    pub fn start_under(&self, words: &[&str]) -> Child {
        let program = env!("CARGO_BIN_EXE_odmrd");
        let words = [words, &[program, "run", "--config"]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(self.folder.join("odmrd.toml"));
        Child::start(self.lab, "odmrd", command).until_listening(self.odmr)
    }

    /// Starts it and waits until it listens.
    pub fn start(&self) -> Child {
        self.start_under(&[])
    }
}

fn settings(
    folder: &Path,
    mx: SocketAddr,
    odmr: SocketAddr,
    certificate: &Path,
    key: &Path,
) -> String {
    let mut text =
        format!("hostname = \"{NAME}\"\nstate_dir = \"{}\"\n", folder.join("state").display());
    let _ = write!(text, "[mx]\nlisten = [\"{mx}\"]\nmax_size = \"200 MiB\"\n");
    let _ = write!(text, "[odmr]\nlisten = [\"{odmr}\"]\n");
    let (certificate, key) = (certificate.display(), key.display());
    let _ = write!(text, "[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n");
    // All the world is one address here, and a sender never hangs up.
    text.push_str(
        "[limits]\nconnections = 50000\nconnections_per_address = 50000\n\
         messages_per_session = 4000000000\n",
    );
    text
}

fn add_account(file: &Path) {
    let password = SecretString::from(PASSWORD);
    let account = NewAccount {
        name: USER.to_owned(),
        aliases: Vec::new(),
        domains: vec![Domain::parse(DOMAIN).expect("a domain")],
        send_as: Vec::new(),
        credentials: Some(derive(&password, true, false).expect("keys")),
        certificates: Vec::new(),
        dovecot: false,
        submit: false,
    };
    edit(file, |file| file.add(&account)).expect("an account");
}

/// An `atrn-fetch` that calls `provider` and lands the mail in a Maildir in the lab.
pub fn fetch(lab: &Lab, provider: SocketAddr, tls: Option<&Path>, maildir: &Path) -> Command {
    let secret = lab.write("password", PASSWORD);
    allow(&secret, 0o600);
    let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    command.args(["run", "--json", "--user", USER, "--domain", DOMAIN, "--clear-auth", "cram-md5"]);
    command.args(["--server", &provider.ip().to_string(), "--port", &provider.port().to_string()]);
    command.arg("--password-file").arg(secret);
    command.arg("--deliver").arg(format!("maildir:{}", maildir.display()));
    match tls {
        None => command.args(["--tls", "none"]),
        Some(roots) => command.args(["--servername", NAME, "--ca"]).arg(roots),
    };
    command
}

/// Runs such an `atrn-fetch` to its end: seconds, and messages taken.
pub fn fetch_all(lab: &Lab, mut command: Command) -> (f64, f64) {
    let begun = std::time::Instant::now();
    let log = lab.path("atrn-fetch.log");
    let errors = fs::File::options().create(true).append(true).open(&log).expect("a log");
    let out = command.stderr(errors).output().expect("atrn-fetch");
    let seconds = begun.elapsed().as_secs_f64();
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
    let run = told.get(0).unwrap_or(&told);
    let taken = run.get("accepted").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    if taken == 0.0 {
        let log = fs::read_to_string(&log).unwrap_or_default();
        panic!("nothing was fetched: {}\n{log}", String::from_utf8_lossy(&out.stdout));
    }
    (seconds, taken)
}
