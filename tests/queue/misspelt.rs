//! What was not meant is said, and not taken for nothing or for everything.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::lab::Lab;
use crate::lab::ours::Odmrd;
use crate::lab::post::Post;
use crate::{LETTER, laden, queuectl, run};

#[test]
fn a_domain_that_nobody_has_is_no_empty_queue() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for words in [
        &["list", "--domain", "exmaple.org"][..],
        &["domains", "exmaple.org"],
        &["hold", "--domain", "exmaple.org", "--yes"],
        &["delete", "--domain", "exmaple.org", "--yes", "--allow-none"],
        &["stats", "--domain", "exmaple.org"],
        &["watch", "--domain", "exmaple.org", "--no-follow"],
        &["wait", "--domain", "exmaple.org"],
        &["export", "/nonexistent", "--domain", "exmaple.org"],
    ] {
        let told = queuectl(&odmrd, words).ended(66).err;
        assert!(told.contains("exmaple.org: no such domain is configured"), "{words:?}: {told}");
        assert!(told.contains("did you mean \"example.org\"?"), "{words:?}: {told}");
    }
    for words in
        [&["list", "--domain", "outgoing.invalid"][..], &["list", "--domain", "*.exmaple.org"]]
    {
        queuectl(&odmrd, words).ended(0);
    }
}

#[test]
fn an_empty_list_on_the_socket_is_refused() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let request = json!({"command": "act", "action": "delete", "filter": {"domain": []}});
    let line = UnixStream::connect(lab.path("odmrd-state/control")).expect("a socket");
    writeln!(&line, "{request}").expect("said");
    let mut end = String::new();
    BufReader::new(line).read_line(&mut end).expect("an answer");
    let end: Value = serde_json::from_str(&end).expect("JSON");
    assert_eq!(end["exit"], 65, "{end}");
    assert!(end["error"].as_str().is_some_and(|text| text.contains("an empty list")), "{end}");
    assert_eq!(queuectl(&odmrd, &["list"]).ended(0).records().len(), 3);
}

#[test]
fn rows_are_those_of_the_recipients_that_are_meant() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let both = ["bob@example.org", "eve@example.org"];
    Post::open(odmrd.mx).send("ann@sender.test", &both, LETTER);
    let rows = |words: &[&str]| {
        let list = [&["list", "--by-recipient", "--format", "template:{address}"], words].concat();
        queuectl(&odmrd, &list).ended(0).out
    };
    assert_eq!(rows(&[]), "bob@example.org\neve@example.org\n");
    assert_eq!(rows(&["--rcpt", "EVE@*"]), "eve@example.org\n");
    assert_eq!(rows(&["--rcpt", "*@example.org", "--limit", "1"]), "bob@example.org\n");
}

#[test]
fn a_check_that_cannot_be_made_says_so_in_one_line_of_its_own() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for words in [
        &["list", "--format", "nagios", "--no-such-flag"][..],
        &["list", "--format=nagios", "--older", "long"],
        &["list", "--format", "nagios", "--include-done"],
        &["list", "--format", "nagios", "--domain", "exmaple.org"],
    ] {
        let told = queuectl(&odmrd, words).ended(3);
        assert!(told.out.starts_with("ODMR QUEUE UNKNOWN - "), "{words:?}: {}", told.out);
        assert_eq!(told.out.lines().count(), 1, "{words:?}: {}", told.out);
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(lab.write("bad.toml", "hostname = 7\n"));
    let told = run(command, &["list", "--format", "nagios"]).ended(3);
    assert!(told.out.starts_with("ODMR QUEUE UNKNOWN - "), "{}", told.out);
    queuectl(&odmrd, &["list", "--no-such-flag"]).ended(64);
}

#[test]
fn what_would_be_done_is_told_as_it_was_asked_for() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let look = |words: &[&str]| {
        queuectl(&odmrd, &[&["hold", "--all", "--dry-run"], words].concat()).ended(0)
    };
    let ids = look(&[]).out;
    assert_eq!((ids.lines().count(), ids.len()), (3, 3 * 27));
    let records = look(&["--json"]).records();
    assert_eq!(records.len(), 4);
    assert_eq!(records[0]["id"], ids.lines().next().expect("an id"));
    assert_eq!(records[3]["schema"], "odmr.queue.action/1");
    assert_eq!((&records[3]["matched"], &records[3]["dry_run"]), (&3.into(), &true.into()));
    assert_eq!(look(&["--format", "ids"]).out, ids);
    assert_eq!(look(&["--format", "template:{matched}"]).out, "3\n");
    let one = &["hold", "--sender", "<>", "--dry-run"];
    assert!(queuectl(&odmrd, one).ended(0).err.contains("1 message; nothing was done"));
}

#[test]
fn one_message_in_a_pipe_is_a_line_and_has_the_digest_of_what_is_shown() {
    use sha2::Digest;
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let id = queuectl(&odmrd, &["list", "--format", "ids", "--limit", "1"]).ended(0).out;
    let told = queuectl(&odmrd, &["show", id.trim()]).ended(0);
    assert_eq!(told.out.lines().count(), 1, "{}", told.out);
    let raw = queuectl(&odmrd, &["show", id.trim(), "--raw"]).ended(0).out;
    let digest = sha2::Sha256::digest(raw.as_bytes());
    let digest: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(told.records()[0]["content_sha256"], digest);
    let listed = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    assert!(listed[0]["content_sha256"].is_null() && listed[0]["sha256"].is_string());
}

#[test]
fn why_what_has_left_is_not_among_them_is_told() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let told = |words: &[&str]| queuectl(&odmrd, &[&["list"], words].concat()).ended(0).err;
    for never in ["state = delivered", "state = bounced || age > 1s"] {
        let refused = queuectl(&odmrd, &["list", "--where", never]).ended(64).err;
        assert!(
            refused.contains("hint: what has left is listed by --state delivered"),
            "{refused}"
        );
    }
    assert_eq!(told(&["--where", "state != held"]), "");
    let sender = told(&["--state", "delivered", "--sender", "ann@*"]);
    assert!(sender.contains("--sender is about what is known no more"), "{sender}");
    assert_eq!(told(&["--sender", "ann@*"]), "");
    odmrd.daemon.terminate();
    let spool = lab.path("odmrd-state/spool");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--spool").arg(&spool);
    let told = run(command, &["list", "--state", "delivered"]).ended(0);
    assert!(told.err.contains("known to a running odmrd only"), "{}", told.err);
}

#[test]
fn a_form_that_is_none_is_told() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let told = queuectl(&odmrd, &["list", "--format", "template:{id"]).ended(64).err;
    assert!(told.contains("saw \"{id\"; expected }"), "{told}");
    let text =
        queuectl(&odmrd, &["list", "--limit", "1", "--format", "template:{\"state\":\"{state}\"}"]);
    assert_eq!(text.ended(0).out, "{\"state\":\"waiting\"}\n");
    let told = queuectl(&odmrd, &["export", "-"]).ended(64).err;
    assert!(told.contains("expected a folder or a file"), "{told}");
}

/// A daemon by hand: it answers once, goes away, and is there again.
#[test]
fn who_waits_goes_on_when_the_daemon_has_been_started_anew() {
    use std::os::unix::net::UnixListener;
    let lab = Lab::open();
    let socket = lab.path("by-hand");
    let begin = || UnixListener::bind(&socket).expect("a socket");
    let answer = |listener: &UnixListener, records: &str| {
        let (line, _) = listener.accept().expect("somebody");
        let mut asked = String::new();
        BufReader::new(&line).read_line(&mut asked).expect("a request");
        let end = r#"{"schema":"odmr.control.end/1","exit":0,"error":null,"hint":null}"#;
        writeln!(&line, "{records}{end}").expect("said");
    };
    let first = begin();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--socket").arg(&socket).args(["wait", "--empty", "--timeout", "5m"]);
    let mut waiting = command.spawn().expect("queuectl");
    answer(&first, "{\"id\":\"x\"}\n");
    // The next one is hung up on, and then nobody is there.
    drop(first.accept().expect("somebody"));
    drop(first);
    std::fs::remove_file(&socket).expect("removed");
    answer(&begin(), "");
    assert_eq!(waiting.wait().expect("its end").code(), Some(0));
}
