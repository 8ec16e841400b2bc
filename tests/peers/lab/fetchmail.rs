//! fetchmail as the customer of an ODMR provider.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::presence::Peer;
use super::process::{Ran, run_for};
use super::wait::PATIENCE;
use super::{Lab, allow};

/// What a fetchmail is to do, once.
pub struct Fetchmail<'lab> {
    lab: &'lab Lab,
    /// Where the provider listens.
    provider: SocketAddr,
    /// Where the mail goes; `host/port` in fetchmail's notation.
    smtp_host: String,
    domains: String,
    tls: String,
    limit: Duration,
    protocol: &'static str,
}

/// Whom every fetchmail of the lab logs in as.
pub const USER: &str = "acme";
/// The secret it proves itself with.
pub const PASSWORD: &str = "correct horse";

impl<'lab> Fetchmail<'lab> {
    /// Fetches from `provider` for `domains` (blanks between; none at all if empty) into the server at `target`.
    pub fn new(
        lab: &'lab Lab,
        provider: SocketAddr,
        target: SocketAddr,
        domains: &str,
    ) -> Fetchmail<'lab> {
        Fetchmail {
            lab,
            provider,
            smtp_host: format!("{}/{}", target.ip(), target.port()),
            domains: domains.to_owned(),
            tls: "sslproto ''".to_owned(),
            limit: PATIENCE,
            protocol: "odmr",
        }
    }

    /// Asks for the mail to be brought, and fetches nothing itself.
    pub fn by_etrn(self) -> Fetchmail<'lab> {
        Fetchmail { protocol: "etrn", ..self }
    }

    /// Implicit TLS; the provider must show a certificate for `name` that this file vouches for.
    pub fn with_tls(mut self, name: &str, authority: PathBuf) -> Fetchmail<'lab> {
        let file = authority.display();
        self.tls =
            format!("ssl sslproto tls1.2+ sslcertck sslcertfile {file} sslcommonname {name}");
        self
    }

    /// Any TLS settings at all, in the words of its own configuration.
    pub fn with_tls_words(mut self, words: &str) -> Fetchmail<'lab> {
        words.clone_into(&mut self.tls);
        self
    }

    /// Kills it when it takes longer.
    pub fn for_at_most(mut self, limit: Duration) -> Fetchmail<'lab> {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        run_for(self.limit, self.lab, self.command())
    }

    /// The program itself, for somebody else to start.
    pub fn command(&self) -> Command {
        let home = self.lab.room("fetchmail");
        let config = self.lab.write("fetchmailrc", self.config());
        allow(&config, 0o600);
        let mut command = Command::new(Peer::Fetchmail.program());
        command.env("FETCHMAILHOME", &home).env("HOME", &home).env("LC_ALL", "C");
        command.arg("-f").arg(&config).args(["--nosyslog", "--nodetach", "-v", "--pidfile"]);
        command.arg(home.join("pid"));
        command
    }

    fn config(&self) -> String {
        let (ip, port) = (self.provider.ip(), self.provider.port());
        let protocol = self.protocol;
        let mut text =
            format!("poll provider.test via {ip} proto {protocol} service {port} timeout 2\n");
        let _ = writeln!(text, "  user \"{USER}\" password \"{PASSWORD}\"");
        if !self.domains.is_empty() {
            let _ = writeln!(text, "  fetchdomains {}", self.domains);
        }
        let _ = writeln!(text, "  smtphost {} {}", self.smtp_host, self.tls);
        text
    }
}
