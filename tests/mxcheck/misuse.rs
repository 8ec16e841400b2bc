//! What nobody should give it, and servers that are none: one clear line, the right code, within bounds.

use std::net::UdpSocket;
use std::process::Command;

use crate::lab::Lab;
use crate::lab::process::{Ran, run, run_fed};

fn mxcheck(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(words);
    command
}

/// A resolver that hears everything and says nothing.
fn mute() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let at = socket.local_addr().expect("an address").to_string();
    (socket, at)
}

#[track_caller]
fn told(ran: Ran, code: i32, words: &str) {
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    assert!(ran.err.contains(words), "{words}: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn what_is_no_domain_is_told_before_anybody_is_asked() {
    let lab = Lab::open();
    for (words, code, said) in [
        (&[][..], 64, "no domain was named"),
        (&["192.0.2.1"], 64, "is an address"),
        (&["ann@example.org"], 64, "expected its domain"),
        (&["exa mple.org"], 64, "expected a name like example.org"),
        (&["\u{1b}[2J.org"], 64, "\\u{1b}"),
        (&["example.org", "--only", "mx.nothing"], 64, "--list-checks has them all"),
        (&["example.org", "--resolver", "127.0.0.1", "-6"], 64, "over IPv6 only"),
        (&["example.org", "--resolver", "dns.example"], 64, "dot:HOST"),
        (&["example.org", "--resolver", "dot:nobody.invalid"], 68, "nobody.invalid"),
        (&["example.org", "--sts-server", "web.example"], 64, "expected an address"),
        (&["example.org", "--ca", "/nonexistent/ca"], 78, "/nonexistent/ca"),
        (&["example.org", "--trust-anchor", "/nonexistent/keys"], 66, "/nonexistent/keys"),
        (&["example.org", "--trust-anchor", "/dev/null"], 65, "no trust anchor is in it"),
        (&["example.org", "--watch"], 64, "say --server NAME"),
        (&["example.org", "--interval", "5s"], 64, "--watch"),
        (
            &["a.org", "--server", "a.net", "--watch", "--until", "auth", "--resolver-only"],
            64,
            "--until auth",
        ),
        (&["example.org", "--watch", "--interval", "5ms"], 64, "expected 1s to 30d"),
        (&["example.org", "--pin"], 64, "--pin needs --state"),
        (&["example.org", "--inbound-list", "x"], 64, "--config"),
        (&["example.org", "--role", "boss"], 64, "allowed: customer, provider or observer"),
        (&["--config", "/nonexistent/odmrd.toml"], 78, "/nonexistent/odmrd.toml"),
        (&["example.org", "--state", "/dev/null"], 65, "the file is empty"),
        (&["--from-file", "/nonexistent/list"], 66, "/nonexistent/list"),
        (&["--replay", "/nonexistent/evidence"], 66, "/nonexistent/evidence"),
        (&["example.org", "--save", "/nonexistent/folder/file"], 73, "/nonexistent/folder/file"),
        (&["example.org", "-o", "/nonexistent/folder/file"], 73, "/nonexistent/folder/file"),
    ] {
        told(run(&lab, mxcheck(words)), code, said);
    }
}

#[test]
fn a_list_is_read_to_its_end_and_each_mistake_told_with_its_line() {
    let lab = Lab::open();
    let list = lab.write("list", "# ours\nexample.org\nnot a name\n\n192.0.2.1 # an address\n");
    let list = list.display().to_string();
    let ran = run(&lab, mxcheck(&["--from-file", &list]));
    assert!(ran.err.contains("list:3:") && ran.err.contains("list:5:"), "{}", ran.err);
    told(ran, 65, "not a name");
    told(run_fed(&lab, mxcheck(&["--from-file", "-"]), "# nobody\n"), 65, "no domain is in it");
    let binary = lab.write("binary", [0xff, 0xfe, 0, b'\n'].repeat(2000));
    let ran = run(&lab, mxcheck(&["--from-file", &binary.display().to_string()]));
    assert!(ran.err.lines().count() < 15, "not each of two thousand: {}", ran.err);
    told(ran, 65, "more");
}

#[test]
fn a_resolver_that_never_answers_is_no_fault_of_the_domain() {
    let lab = Lab::open();
    let (_socket, at) = mute();
    let words = ["example.org", "--resolver", &at, "--timeout", "200ms", "--server", "a.example"];
    let ran = run(&lab, mxcheck(&words));
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert!(ran.out.contains("UNKNOWN: nobody answered"), "{}", ran.out);
    assert!(!ran.out.contains(" ok "), "{}", ran.out);
    let plugin = run(&lab, mxcheck(&[&words[..], &["--format", "nagios"]].concat()));
    assert_eq!(plugin.code, Some(3), "{plugin:#?}");
    assert!(
        plugin.out.starts_with("MX UNKNOWN - example.org: nothing was heard"),
        "{}",
        plugin.out
    );
}

#[test]
fn evidence_that_is_none_is_told_with_its_line() {
    let lab = Lab::open();
    let head = r#"{"schema":"odmr.mxcheck.evidence/1","expected":{}}"#;
    for (text, said) in [
        (String::new(), "evidence:1: the file is empty"),
        ("hello\n".to_owned(), "evidence:1:"),
        (format!("{head}\n"), "no domain is in it"),
        (format!("{head}\n{{}}\n"), "evidence:2: missing field"),
        (r#"{"schema":"other","expected":{}}"#.to_owned(), "expected odmr.mxcheck.evidence/1"),
    ] {
        let file = lab.write("evidence", text).display().to_string();
        told(run(&lab, mxcheck(&["--replay", &file])), 65, said);
    }
}

#[test]
fn what_was_found_out_can_be_judged_by_other_measures() {
    let lab = Lab::open();
    let (_socket, at) = mute();
    let (evidence, report) = (lab.path("evidence"), lab.path("report"));
    let (evidence, report) = (evidence.display().to_string(), report.display().to_string());
    let words = ["example.org", "--resolver", &at, "--timeout", "100ms", "--save", &evidence];
    let words = [&words[..], &["--server", "b.example"]].concat();
    let first = run(&lab, mxcheck(&words));
    let again = run(&lab, mxcheck(&["--replay", &evidence]));
    assert_eq!((again.code, &again.out), (Some(69), &first.out));
    let more = run(&lab, mxcheck(&["--replay", &evidence, "--planned-change"]));
    assert!(more.out.starts_with("example.org, all mail to b.example: "), "{}", more.out);
    let other =
        run(&lab, mxcheck(&["--replay", &evidence, "--server", "a.example", "-o", &report]));
    assert_eq!((other.code, other.out.as_str()), (Some(69), ""));
    let written = std::fs::read_to_string(&report).expect("it was written");
    assert!(written.starts_with("example.org, all mail to a.example: UNKNOWN"), "{written}");
}

#[test]
fn what_would_be_left_out_is_refused() {
    let lab = Lab::open();
    for words in [
        &["--replay", "x", "-6"][..],
        &["--replay", "x", "-4"],
        &["--replay", "x", "--authoritative"],
        &["--replay", "x", "--resolver-only"],
        &["--replay", "x", "--timeout", "1s"],
        &["--list-checks", "--format", "tap"],
        &["--list-checks", "--save", "x"],
        &["a.org", "-6", "--resolver", "::1", "--undelegated", "ns.a.org=192.0.2.1"],
    ] {
        let ran = run(&lab, mxcheck(words));
        assert_eq!(ran.code, Some(64), "{words:?}: {ran:#?}");
    }
    let many = vec!["a.example"; 201].join(",");
    told(run(&lab, mxcheck(&["a.org", "--server", &many])), 64, "201 of one kind are expected");
    let many: Vec<String> = (1..18).map(|port| format!("127.0.0.1:{port}")).collect();
    let many = many.join(",");
    told(run(&lab, mxcheck(&["a.org", "--resolver", &many])), 64, "17 resolvers");
}

#[test]
fn a_plugin_that_is_called_wrongly_says_unknown() {
    let lab = Lab::open();
    for words in [
        &["--format", "nagios"][..],
        &["-f", "nagios", "192.0.2.1"],
        &["--format=nagios", "example.org", "--resolver", "x"],
        &["-fnagios", "example.org", "--no-such-option"],
    ] {
        let ran = run(&lab, mxcheck(words));
        assert_eq!(ran.code, Some(3), "{words:?}: {ran:#?}");
        assert!(ran.out.starts_with("MX UNKNOWN - "), "{}", ran.out);
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    }
}

#[test]
fn a_pipe_and_a_device_are_written_to_and_a_link_is_followed() {
    let lab = Lab::open();
    let pipe = lab.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).expect("the pipe")
    });
    run(&lab, mxcheck(&["--list-checks", "-o", &pipe.display().to_string()])).succeeded();
    let read = reader.join().expect("the reader");
    assert!(read.starts_with("in.domain"), "{read}");
    assert!(!std::fs::metadata(&pipe).expect("it is there still").is_file());
    run(&lab, mxcheck(&["--list-checks", "-o", "/dev/null"])).succeeded();
    assert!(!std::fs::metadata("/dev/null").expect("it is there still").is_file());
    let (_socket, at) = mute();
    let (report, link) = (lab.path("report"), lab.path("link"));
    std::os::unix::fs::symlink(&report, &link).expect("a link");
    std::fs::write(&report, "old").expect("a file");
    let link = link.display().to_string();
    let words = ["a.org", "--resolver", &at, "--timeout", "50ms", "--retries", "0"];
    let words = [&words[..], &["-o", &link, "--save", "/dev/full"]].concat();
    told(run(&lab, mxcheck(&words)), 74, "/dev/full");
    assert_eq!(std::fs::read_to_string(&report).expect("the report"), "old", "not half of it");
    let ran = run(&lab, mxcheck(&[&words[..words.len() - 1], &["/dev/null"]].concat()));
    assert_eq!(ran.code, Some(69), "{ran:#?}");
    assert!(std::fs::read_to_string(&report).expect("the report").starts_with("a.org: UNKNOWN"));
    assert!(std::fs::symlink_metadata(&link).expect("the link").is_symlink());
}

/// Two resolvers at one address are two.
#[test]
fn each_resolver_is_asked_at_its_own_port() {
    let lab = Lab::open();
    let (one, at) = mute();
    let (other, there) = mute();
    let words = ["a.org", "--resolver", &at, "--resolver", &there];
    let words = [&words[..], &["--timeout", "100ms", "--retries", "0"]].concat();
    assert_eq!(run(&lab, mxcheck(&words)).code, Some(69));
    for socket in [one, other] {
        socket.set_nonblocking(true).expect("a socket");
        assert!(socket.recv(&mut [0; 512]).is_ok(), "nobody asked it");
    }
}

#[test]
fn the_catalogue_can_be_read() {
    let lab = Lab::open();
    let list = run(&lab, mxcheck(&["--list-checks"])).succeeded().out;
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.len() > 50 && ids.contains(&"mx.bypass-equal"), "{list}");
    for id in ids {
        let told = run(&lab, mxcheck(&["--explain", id])).succeeded().out;
        assert!(told.starts_with(id) && told.contains("What to do:"), "{told}");
    }
    let json = run(&lab, mxcheck(&["--list-checks", "--json"])).succeeded().out;
    assert_eq!(json.lines().count(), list.lines().count());
}
