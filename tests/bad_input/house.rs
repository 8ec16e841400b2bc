//! A provider of our own in a folder of its own, and the customer's program.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::talk::Line;

pub const PASSWORD: &str = "Correct-Horse-42";
/// Long enough for a slow machine; nothing here waits that long unless it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with settings, and an account `acme` for `example.org`.
pub struct House {
    folder: tempfile::TempDir,
}

impl House {
    /// `extra` is appended to the settings.
    pub fn new(extra: &str) -> House {
        let house = House::bare();
        house.write(
            "odmrd.toml",
            &format!(
                "hostname = \"odmr.example.net\"\nstate_dir = \"state\"\nmx.listen = [\"127.0.0.1:0\"]\n\
                 odmr.listen = [\"127.0.0.1:0\"]\nlog.format = \"json\"\n{extra}\n"
            ),
        );
        std::fs::create_dir(house.path("state")).expect("a folder");
        let add = ["account", "add", "acme", "--domain", "example.org", "--password-stdin"];
        let mut child = house.odmrd(&add).stdin(Stdio::piped()).spawn().expect("odmrd");
        writeln!(child.stdin.take().expect("a pipe"), "{PASSWORD}").expect("written");
        assert!(child.wait().expect("its end").success());
        house
    }

    /// Nothing but a folder.
    pub fn bare() -> House {
        House { folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        chmod(&path, 0o600);
        path
    }

    pub fn odmrd(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odmrd"));
        command.arg("--config").arg(self.path("odmrd.toml")).args(words);
        command
    }

    /// Runs the provider to its end.
    pub fn run_odmrd(&self, words: &[&str]) -> Output {
        self.odmrd(words).output().expect("odmrd")
    }

    /// Starts the provider, and waits until it listens.
    pub fn serve(&self) -> Provider {
        Provider::start(self.odmrd(&["run"]))
    }

    /// The customer's program, calling `server`, in clear.
    pub fn fetch(&self, server: SocketAddr, more: &[&str]) -> Command {
        self.fetch_to(&format!("maildir:{}", self.path("Maildir").display()), server, more)
    }

    pub fn fetch_to(&self, target: &str, server: SocketAddr, more: &[&str]) -> Command {
        let password = self.write("password", PASSWORD);
        let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
        command.args(["--server", "127.0.0.1", "--port", &server.port().to_string()]);
        command.args(["--tls", "none", "--user", "acme", "--ehlo", "mail.example.org"]);
        let clear = if more.contains(&"--mech=plain") { "plain" } else { "cram-md5" };
        command.args(["--clear-auth", clear, "--domain", "example.org"]);
        command.arg("--password-file").arg(password);
        command.args(["--deliver", target]);
        command.env("XDG_RUNTIME_DIR", self.folder.path()).args(more);
        command
    }

    /// What lies in the customer's Maildir.
    pub fn landed(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path("Maildir/new")) else { return Vec::new() };
        folder
            .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a mail"))
            .collect()
    }
}

pub fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("its mode");
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A provider at work; killed when dropped.
pub struct Provider {
    child: Child,
    log: Receiver<String>,
    pub heard: String,
    pub mx: SocketAddr,
    pub odmr: SocketAddr,
}

impl Provider {
    pub fn start(mut command: Command) -> Provider {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("odmrd");
        let (lines, log) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut provider =
            Provider { child, log, heard: String::new(), mx: nowhere, odmr: nowhere };
        provider.mx = provider.listener("\"Mx\"");
        provider.odmr = provider.listener("\"Odmr\"");
        provider
    }

    /// Where it listens for this.
    pub fn listener(&mut self, door: &str) -> SocketAddr {
        let line = self.until(&["listening", door]);
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        line["listener"].as_str().expect("an address").parse().expect("an address")
    }

    /// Waits for a line of the log that holds all of these words.
    pub fn until(&mut self, words: &[&str]) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {words:?} in\n{}", self.heard));
            self.heard.push_str(&line);
            self.heard.push('\n');
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Brings a mail for bob, and gives the reply to its end.
    pub fn bring(&self, subject: &str, body: &str) -> String {
        let mut line = Line::greeted(self.mx);
        for command in ["EHLO mail.example.com", "MAIL FROM:<ann@example.com>"] {
            assert!(line.ask(command).starts_with("250"), "{command}");
        }
        assert!(line.ask("RCPT TO:<bob@example.org>").starts_with("250"));
        let go_ahead = line.ask("DATA");
        if !go_ahead.starts_with("354") {
            return go_ahead;
        }
        line.ask(&format!("Subject: {subject}\r\n\r\n{body}\r\n."))
    }

    /// Tells it to end, and gives all it logged.
    pub fn stop(mut self) -> String {
        signal(self.child.id(), rustix::process::Signal::TERM);
        assert!(self.child.wait().expect("its end").success());
        self.heard.extend(self.log.iter().map(|line| line + "\n"));
        std::mem::take(&mut self.heard)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("told");
}
