//! Disks: full, failing, altered. Nothing is acknowledged that is not safe, and what was is served.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::house::{House, Provider, stderr};
use crate::talk::{Line, server};

#[test]
fn a_disk_near_to_full_takes_no_mail() {
    let house = House::new("queue.reserve = \"4096 TiB\"");
    let provider = house.serve();
    let reply = provider.bring("too much", "x");
    assert!(reply.starts_with("452 4.3.1"), "{reply}");
}

/// From now on every sync of the provider fails. Ends when dropped; the tracer says a word about each
/// new thread, and would die of having no listener.
struct FailingSync(Child, #[expect(dead_code, reason = "kept open")] BufReader<ChildStderr>);

impl FailingSync {
    fn of(provider: &Provider) -> FailingSync {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null", "-e", "inject=fdatasync,fsync:error=EIO", "-p"]);
        strace.arg(provider.pid().to_string()).stderr(Stdio::piped());
        let mut child = strace.spawn().expect("strace");
        let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        stderr.read_line(&mut said).expect("a line");
        assert!(said.contains("attached"), "{said}");
        FailingSync(child, stderr)
    }
}

impl Drop for FailingSync {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn collected(house: &House, provider: &Provider) -> Vec<String> {
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    house.landed()
}

#[test]
fn a_sync_that_fails_acknowledges_nothing_and_loses_nothing() {
    let house = House::new("queue.reserve = \"1 MiB\"");
    let mut provider = house.serve();
    assert!(provider.bring("safe", "safe").starts_with("250"));
    let failing = FailingSync::of(&provider);
    // A sync that was under way when the tracer came may still have been a true one.
    let mut answers = (0..20).map(|n| provider.bring(&format!("unsure {n}"), "unsure"));
    let refused = answers.find(|answer| !answer.starts_with("250")).expect("a refusal");
    assert!(refused.starts_with("451 4.3.0"), "{refused}");
    drop(answers);
    provider.until(&["\"ERROR\"", "the spool cannot be written", "restart"]);
    drop(failing);
    // The disk may say "done" now; it is not believed.
    let next = provider.bring("no more", "no more");
    assert!(next.starts_with("451 4.3.0"), "{next}");
    // What is handed over now could not be written down, and would come again.
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(stderr(&output).contains("451 4.3.0 cannot tell right now"), "{}", stderr(&output));
    assert_eq!(house.landed(), Vec::<String>::new());
    drop(provider);

    let provider = house.serve();
    let landed = collected(&house, &provider);
    assert!(landed.iter().any(|mail| mail.contains("Subject: safe")), "{landed:?}");
    assert!(!landed.iter().any(|mail| mail.contains("no more")), "{landed:?}");
}

#[test]
fn damaged_mail_is_named_and_set_aside_and_the_rest_is_served() {
    let house = House::new("queue.reserve = \"1 MiB\"");
    let provider = house.serve();
    let large = "A line of a large mail that lies in a file.\r\n".repeat(6000);
    for (subject, body) in [("sound", "sound"), ("small", "needle-in-a-page"), ("large", &large)] {
        assert!(provider.bring(subject, body).starts_with("250"), "{subject}");
    }
    provider.stop();
    alter(&house.path("state/spool/spool.db"), b"needle-in-a-page");
    let bodies = std::fs::read_dir(house.path("state/spool/bodies")).expect("a folder");
    let bodies: Vec<_> = bodies.map(|file| file.expect("a file").path()).collect();
    assert_eq!(bodies.len(), 1);
    alter(&bodies[0], b"A line of a large mail");

    let provider = house.serve();
    let landed = collected(&house, &provider);
    assert_eq!(landed.len(), 1, "{landed:?}");
    assert!(landed[0].contains("Subject: sound"));
    let log = provider.stop();
    let named = log.lines().filter(|line| line.contains("damaged and has been set aside")).count();
    assert_eq!(named, 2, "{log}");
}

/// Flips a bit of the last place where the file holds this.
fn alter(path: &std::path::Path, needle: &[u8]) {
    let mut octets = std::fs::read(path).expect("readable");
    let found = octets.windows(needle.len()).rposition(|window| window == needle);
    octets[found.expect("the needle")] ^= 1;
    std::fs::write(path, octets).expect("written");
}

/// Whoever reads the log may stall, as a pager does; the mail does not stall with it.
#[test]
fn a_log_that_nobody_reads_keeps_no_mail_waiting() {
    let house = House::new("log.level = \"debug\"");
    let mut odmrd = house.odmrd(&["run"]);
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut child = odmrd.stderr(Stdio::from(writer)).spawn().expect("odmrd");
    drop(odmrd);
    let mut log = BufReader::new(&mut reader);
    let mut ports = Vec::new();
    while ports.len() < 2 {
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        if let Some(port) = line["listener"].as_str().and_then(|at| at.parse::<SocketAddr>().ok()) {
            ports.push(port);
        }
    }
    // More than any pipe holds, and nobody takes it.
    for _ in 0..1500 {
        assert!(Line::greeted(ports[0]).ask("QUIT").starts_with("221"));
    }
    let mut line = Line::greeted(ports[0]);
    for command in
        ["EHLO mail.example.com", "MAIL FROM:<ann@example.com>", "RCPT TO:<bob@example.org>"]
    {
        assert!(line.ask(command).starts_with("250"), "{command}");
    }
    assert!(line.ask("DATA").starts_with("354"));
    assert!(line.ask("Subject: x\r\n\r\nx\r\n.").starts_with("250"));
    let _ = child.kill();
    let _ = child.wait();
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut log, &mut rest).expect("what the pipe held");
    assert!(rest.len() > 60_000, "the pipe was full: {}", rest.len());
}

/// A file that may grow no more is a disk that is full, and no reason to die.
#[test]
fn a_limit_on_the_size_of_files_is_told_before_mail_is_asked_for() {
    let house = House::bare();
    let (address, provider) = server(|line| {
        line.say("220 p ESMTP\r\n");
        assert!(!line.rest().contains("ATRN"), "mail was asked for");
    });
    let fetch = house.fetch(address, &["--lock=wait"]);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -f 0 && exec \"$0\" \"$@\""]).arg(fetch.get_program());
    limited.args(fetch.get_args()).env("XDG_RUNTIME_DIR", house.path(""));
    let output = limited.output().expect("atrn-fetch");
    // It may not have called at all.
    drop(std::net::TcpStream::connect(address));
    provider.join().expect("the provider");
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("File too large"), "{}", stderr(&output));
}

#[test]
fn a_demo_that_nobody_can_be_told_of_fails_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full device");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_odmrd"));
    let output = demo.arg("demo").env("TMPDIR", folder.path()).stdout(full).output();
    let output = output.expect("odmrd");
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
