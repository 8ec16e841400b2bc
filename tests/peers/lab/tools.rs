//! Small programs of others that are run once: swaks, gsasl, smtp-source.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::Lab;
use super::presence::Peer;
use super::process::{Ran, run};

/// swaks, the all-purpose SMTP client: `words` are its own options.
pub fn swaks(lab: &Lab, server: SocketAddr, words: &[&str]) -> Ran {
    swaks_to(lab, ["--server", &server.to_string()], words)
}

/// swaks to an LMTP server on a unix socket.
pub fn swaks_lmtp(lab: &Lab, socket: &Path, words: &[&str]) -> Ran {
    let words = [&["--protocol", "LMTP"], words].concat();
    swaks_to(lab, ["--socket", &socket.display().to_string()], &words)
}

fn swaks_to(lab: &Lab, server: [&str; 2], words: &[&str]) -> Ran {
    let mut command = Command::new(Peer::Swaks.program());
    command.args(server).args(["--ehlo", "swaks.test", "--timeout", "20s"]).args(words);
    run(lab, command)
}

/// How gsasl is to log in.
pub struct Login<'a> {
    /// Such as `SCRAM-SHA-256-PLUS`; a PLUS binds the channel.
    pub mechanism: &'a str,
    /// The account's name.
    pub user: &'a str,
    /// Its secret.
    pub password: &'a str,
    /// STARTTLS, trusting this authority to vouch for the server's IP address; without it the login
    /// goes in clear.
    pub authority: Option<&'a Path>,
}

/// gsasl logs in by SMTP and leaves: an independent client for every mechanism.
pub fn gsasl(lab: &Lab, server: SocketAddr, login: &Login) -> Ran {
    let mut command = Command::new(Peer::Gsasl.program());
    command.args(["--client", "--smtp", "--verbose"]);
    command.args(["--mechanism", login.mechanism]);
    command.args(["--authentication-id", login.user, "--password", login.password]);
    command.args(["--authorization-id", ""]);
    command.arg("--connect").arg(server.to_string());
    match login.authority {
        Some(file) => command.arg("--starttls").arg("--x509-ca-file").arg(file),
        None => command.arg("--no-starttls"),
    };
    if !login.mechanism.ends_with("-PLUS") {
        command.arg("--no-cb");
    }
    run(lab, command)
}

/// Postfix's load generator: this many messages of `octets` octets over a few sessions.
pub fn smtp_source(lab: &Lab, server: SocketAddr, to: &str, messages: usize, octets: usize) -> Ran {
    let mut command = Command::new("/usr/sbin/smtp-source");
    command.args(["-M", "source.test", "-f", "source@source.test", "-t", to, "-s", "4"]);
    command.args(["-m", &messages.to_string(), "-l", &octets.to_string()]);
    command.arg(format!("inet:{server}"));
    run(lab, command)
}
