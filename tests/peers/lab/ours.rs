//! Our own two programs, set up and run the way their users would: by files, flags and signals.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use super::authority::{Authority, Identity};
use super::fetchmail::{PASSWORD, USER};
use super::process::{Child, Ran, run, run_fed};
use super::wait::until;
use super::{Lab, allow};

/// What the provider is called, and the name its certificate bears.
pub const PROVIDER: &str = "provider.test";
/// The domain of the account that every provider of the lab has.
pub const DOMAIN: &str = "example.org";

/// Our provider, about to be started.
pub struct Odmrd<'lab> {
    lab: &'lab Lab,
    /// Its files are called after this.
    name: String,
    settings: Vec<String>,
    /// Where senders will call.
    pub mx: SocketAddr,
    /// Where customers will call.
    pub odmr: SocketAddr,
    odmrs: SocketAddr,
}

/// Our provider at work.
pub struct RunningOdmrd {
    /// Where senders call.
    pub mx: SocketAddr,
    /// Where customers call; STARTTLS.
    pub odmr: SocketAddr,
    /// Where customers call; TLS from the first octet.
    pub odmrs: SocketAddr,
    /// The process.
    pub daemon: Child,
    config: PathBuf,
}

impl<'lab> Odmrd<'lab> {
    /// A provider with a spool of its own, no certificate, and the account that fetchmail knows.
    pub fn new(lab: &'lab Lab) -> Odmrd<'lab> {
        Odmrd::named(lab, "odmrd")
    }

    /// The same under another name, for labs with several.
    pub fn named(lab: &'lab Lab, name: &str) -> Odmrd<'lab> {
        let odmrd = Odmrd::without_accounts(lab, name);
        odmrd.account(USER, &[DOMAIN], PASSWORD)
    }

    /// One that nobody can call yet.
    pub fn without_accounts(lab: &'lab Lab, name: &str) -> Odmrd<'lab> {
        let (mx, odmr, odmrs) = (lab.free(), lab.free(), lab.free());
        let odmrd = Odmrd { lab, name: name.to_owned(), settings: Vec::new(), mx, odmr, odmrs };
        super::allow(&lab.room(&format!("{name}-state")), 0o700);
        let list = |address: SocketAddr| format!("[\"{address}\"]");
        let odmrd = odmrd.set("hostname", &quoted(PROVIDER));
        let odmrd = odmrd.set("state_dir", &quoted(&format!("{name}-state")));
        let odmrd = odmrd.set("accounts", &quoted(&format!("{name}-accounts.toml")));
        // A lab may live on a small disk.
        let odmrd =
            odmrd.set("queue.reserve", "\"1 MiB\"").set("limits.connections_per_address", "200");
        odmrd.set("mx.listen", &list(mx)).set("odmr.listen", &list(odmr))
    }

    /// A line of the settings file: a dotted key and its value as TOML. The last word on a key counts.
    pub fn set(mut self, key: &str, value: &str) -> Odmrd<'lab> {
        self.settings.retain(|line| !line.starts_with(&format!("{key} = ")));
        self.settings.push(format!("{key} = {value}\n"));
        self
    }

    /// At these addresses.
    pub fn listening(mut self, mx: SocketAddr, odmr: SocketAddr) -> Odmrd<'lab> {
        let is_listener = |line: &String| line.contains(".listen = ");
        self.settings.retain(|line| !is_listener(line));
        (self.mx, self.odmr) = (mx, odmr);
        let list = |address: SocketAddr| format!("[\"{address}\"]");
        self.set("mx.listen", &list(mx)).set("odmr.listen", &list(odmr))
    }

    /// With this certificate, and a port that speaks TLS at once.
    pub fn with_tls(self, identity: &Identity) -> Odmrd<'lab> {
        let odmrs = format!("[\"{}\"]", self.odmrs);
        let (certificate, key) = (identity.certificate.display(), identity.key.display());
        let odmrd = self.set("tls.certificate", &quoted(&certificate.to_string()));
        odmrd.set("tls.key", &quoted(&key.to_string())).set("odmr.listen_tls", &odmrs)
    }

    /// With another account, made by the program itself.
    pub fn account(self, name: &str, domains: &[&str], password: &str) -> Odmrd<'lab> {
        let config = self.write();
        add_account(self.lab, &config, name, domains, password).succeeded();
        self
    }

    /// With another line in the table of the account that fetchmail knows.
    pub fn account_line(self, line: &str) -> Odmrd<'lab> {
        let accounts = fs::read_to_string(self.accounts()).expect("accounts");
        let table = format!("[account.{USER}]\n");
        let longer = accounts.replace(&table, &format!("{table}{line}\n"));
        assert_ne!(accounts, longer, "no {table} in {accounts}");
        fs::write(self.accounts(), longer).expect("accounts");
        self
    }

    /// Writes the settings file.
    pub fn write(&self) -> PathBuf {
        self.lab.write(&format!("{}.toml", self.name), self.settings.concat())
    }

    /// Where its accounts are.
    pub fn accounts(&self) -> PathBuf {
        self.lab.path(&format!("{}-accounts.toml", self.name))
    }

    /// The settings file and what starts it, for a test that expects no provider to come of it.
    pub fn command(&self) -> Command {
        odmrd(&self.write(), &["run"])
    }

    /// Starts it and waits until it listens.
    pub fn start(self) -> RunningOdmrd {
        let config = self.write();
        let daemon = Child::start(self.lab, &self.name, odmrd(&config, &["run"]));
        let daemon = daemon.until_greeting(self.odmr).until_greeting(self.mx);
        RunningOdmrd { mx: self.mx, odmr: self.odmr, odmrs: self.odmrs, daemon, config }
    }
}

impl RunningOdmrd {
    /// Kills it, as a power cut would, and starts it again on what is left.
    #[allow(dead_code, reason = "for tests/ledger.rs, which shares the lab")]
    pub fn crash_and_restart(&mut self, lab: &Lab) {
        self.daemon.kill();
        self.restart(lab);
    }

    /// Starts it again.
    pub fn restart(&mut self, lab: &Lab) {
        let daemon = Child::start(lab, "odmrd", odmrd(&self.config, &["run"]));
        self.daemon = daemon.until_greeting(self.odmr).until_greeting(self.mx);
    }

    /// Has it read its files again, and waits until it has.
    pub fn reload(&mut self) {
        const DONE: &str = "read again";
        let before = self.daemon.log().matches(DONE).count();
        self.daemon.signal(Signal::HUP);
        until("the reload", || (self.daemon.log().matches(DONE).count() > before).then_some(()));
    }

    /// Its settings file.
    pub fn config(&self) -> &Path {
        &self.config
    }
}

/// `odmrd` with these words behind its settings file.
pub fn odmrd(config: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_odmrd"));
    command.arg("--config").arg(config).args(words);
    command
}

/// `odmrd account add`, the password on its standard input.
pub fn add_account(lab: &Lab, config: &Path, name: &str, domains: &[&str], password: &str) -> Ran {
    let mut command = odmrd(config, &["account", "add", name, "--password-stdin"]);
    domains.iter().for_each(|domain| {
        command.args(["--domain", domain]);
    });
    run_fed(lab, command, &format!("{password}\n"))
}

/// Our customer, about to be run.
pub struct AtrnFetch<'lab> {
    lab: &'lab Lab,
    flags: Vec<String>,
}

/// What came of running it.
#[derive(Debug)]
pub struct Fetched {
    /// Its exit code.
    pub code: Option<i32>,
    /// The summary object; null if there was none.
    pub summary: Value,
    /// What it said on standard error.
    pub said: String,
}

impl<'lab> AtrnFetch<'lab> {
    /// As the lab's account, for the lab's domain, in clear, by whatever mechanism that allows.
    pub fn new(lab: &'lab Lab, provider: SocketAddr) -> AtrnFetch<'lab> {
        AtrnFetch::asking(lab, provider, &[DOMAIN]).flags(&[
            "--tls",
            "none",
            "--clear-auth",
            "plain",
        ])
    }

    /// As the lab's account, over TLS in this mode, trusting this authority.
    pub fn over_tls(
        lab: &'lab Lab,
        provider: SocketAddr,
        mode: &str,
        ca: &Authority,
    ) -> AtrnFetch<'lab> {
        let fetch = AtrnFetch::asking(lab, provider, &[DOMAIN]);
        fetch.trusting(mode, &["--ca", &ca.file().display().to_string(), "--servername", PROVIDER])
    }

    /// As the lab's account, over TLS in this mode, with other flags about trust.
    pub fn trusting(self, mode: &str, trust: &[&str]) -> AtrnFetch<'lab> {
        self.flags(&["--tls", mode]).flags(trust)
    }

    /// For these domains; nothing is said about TLS yet.
    pub fn asking(lab: &'lab Lab, provider: SocketAddr, domains: &[&str]) -> AtrnFetch<'lab> {
        let password = lab.write("password", PASSWORD);
        allow(&password, 0o600);
        let (ip, port) = (provider.ip().to_string(), provider.port().to_string());
        let fetch = AtrnFetch { lab, flags: Vec::new() };
        let fetch = fetch.flags(&["--server", &ip, "--port", &port, "--ehlo", "customer.test"]);
        let fetch =
            fetch.flags(&["--user", USER, "--password-file", &password.display().to_string()]);
        domains.iter().fold(fetch, |fetch, domain| fetch.flags(&["--domain", domain]))
    }

    /// More flags.
    pub fn flags(mut self, flags: &[&str]) -> AtrnFetch<'lab> {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// As another account, with the same password.
    pub fn under_name(mut self, user: &str) -> AtrnFetch<'lab> {
        let flag = self.flags.iter().position(|flag| flag == "--user").expect("a user");
        self.flags[flag + 1] = user.to_owned();
        self
    }

    /// Where the mail goes, in its own notation.
    pub fn into(self, target: &str) -> AtrnFetch<'lab> {
        self.flags(&["--deliver", target])
    }

    /// Into the server at this address.
    pub fn into_smtp(self, target: SocketAddr) -> AtrnFetch<'lab> {
        self.into(&format!("smtp:{target}"))
    }

    /// Into a Maildir of the lab, `Maildir`.
    pub fn into_maildir(self) -> AtrnFetch<'lab> {
        let maildir = self.lab.path("Maildir");
        self.into(&format!("maildir:{}", maildir.display()))
    }

    /// The program itself, for a test that wants to kill it.
    pub fn command(&self, word: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
        // The lock of an account lies in the user's runtime folder, settings in the home.
        command.env("XDG_RUNTIME_DIR", self.lab.room("runtime")).env("HOME", self.lab.room("home"));
        command.env_remove("XDG_CONFIG_HOME");
        command.arg(word).args(&self.flags);
        command
    }

    /// Runs it to its end.
    pub fn run(&self) -> Fetched {
        let mut command = self.command("run");
        command.arg("--json");
        let ran = run(self.lab, command);
        assert!(!ran.never_ended, "atrn-fetch never ended: {ran:#?}");
        let summary = ran.out.lines().last().map(|line| serde_json::from_str(line).expect("JSON"));
        Fetched { code: ran.code, summary: summary.unwrap_or_default(), said: ran.err }
    }
}

impl Fetched {
    /// Fails the test, showing everything, unless the program ended so.
    #[track_caller]
    pub fn ended(self, code: i32, result: &str) -> Fetched {
        assert_eq!((self.code, self.result()), (Some(code), result), "{self:#?}");
        self
    }

    /// The result, in the words of the summary.
    pub fn result(&self) -> &str {
        self.summary["result"].as_str().unwrap_or_default()
    }

    /// A number of the summary.
    pub fn count(&self, key: &str) -> u64 {
        self.summary[key].as_u64().unwrap_or_else(|| panic!("no {key}: {self:#?}"))
    }

    /// A text of the summary.
    pub fn text(&self, key: &str) -> &str {
        self.summary[key].as_str().unwrap_or_default()
    }
}

/// A TOML string.
pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}
