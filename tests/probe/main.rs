//! `smtp-probe` as it is run: against real servers on loopback, and against what nobody should have to talk to.

mod breaking;
mod broken;
mod customer;
mod emulate;
mod exchange;
mod identify;
#[allow(dead_code, unused_imports)]
#[path = "../peers/lab/mod.rs"]
mod lab;
mod misuse;
mod profiles;
mod provider;
mod scripted;
mod surroundings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use lab::Lab;
use lab::authority::Authority;
use lab::fetchmail::{PASSWORD, USER};
use lab::ours::Odmrd;
use lab::postfix::Postfix;
use lab::presence::{Peer, have};
use lab::process::{Ran, run, run_for};
use serde_json::Value;

/// The program against a server that takes the mail of example.org.
fn probe(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smtp-probe"));
    command.args(words);
    command
}

fn asked(lab: &Lab, server: SocketAddr, more: &[&str]) -> Ran {
    let server = server.to_string();
    let mut words = vec!["server", &server, "--rcpt", "box@example.org", "--ehlo", "probe.test"];
    words.extend(more);
    // Some hundred calls, to servers that take their time.
    run_for(Duration::from_secs(180), lab, probe(&words))
}

/// What is not as it should be, a line each, against what is known of such a server.
#[track_caller]
fn is_as_known(lab: &Lab, name: &str, server: SocketAddr, code: i32) {
    is_golden(name, &asked(lab, server, &["--json", "--intrusive", "--data"]), code);
}

/// What was said in all talks.
fn said(ran: &Ran) -> String {
    use base64::Engine;
    let decoded = |line: &Value| {
        let words = line["transcript"].as_array().cloned().unwrap_or_default();
        let octets = words.iter().flat_map(|word| {
            let raw = word["raw"].as_str().unwrap_or_default();
            base64::prelude::BASE64_STANDARD.decode(raw).expect("base64")
        });
        octets.collect::<Vec<u8>>()
    };
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    String::from_utf8_lossy(&lines.flat_map(|line| decoded(&line)).collect::<Vec<u8>>())
        .into_owned()
}

#[track_caller]
fn is_golden(name: &str, ran: &Ran, code: i32) {
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (summary, records) = lines.split_last().expect("a summary");
    assert_eq!(summary["schema"], "odmr.probe.summary/1");
    let mut told: BTreeMap<&str, String> = BTreeMap::new();
    for record in records {
        let word = |key: &str| record[key].as_str().expect("a word");
        assert_eq!(word("schema"), "odmr.probe.result/1");
        if word("outcome") != "pass" {
            let id = word("id");
            assert!(!word("why").is_empty(), "{id} does not say why");
            told.insert(id, format!("{} {id} ({})\n", word("outcome"), word("severity")));
        }
    }
    let told: String = told.into_values().collect();
    let golden = format!("{}/tests/probe/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ODMR_REGENERATE").is_some() {
        std::fs::write(&golden, &told).expect("a golden file");
    }
    let known = std::fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(told, known, "{name} does otherwise than {golden} says");
    assert_eq!(ran.code, Some(code), "{name}: {}", ran.err);
}

/// As of a provider that was told which mailboxes there are.
fn whose_mailboxes_are_known<'lab>(lab: &Lab, odmrd: Odmrd<'lab>) -> Odmrd<'lab> {
    let list = lab.write("mailboxes", "box\n").display().to_string();
    odmrd.set("domains.\"example.org\".recipients", &format!("{list:?}"))
}

#[test]
fn our_own_provider_keeps_the_rules() {
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let odmrd = whose_mailboxes_are_known(&lab, Odmrd::new(&lab));
    let name = odmrd.mx.ip().to_string();
    let odmrd = odmrd.with_tls(&authority.issue(&lab, &[&name])).start();
    let ca = authority.file().display().to_string();
    let more = ["--json", "--intrusive", "--data", "--ca", &ca];
    is_golden("odmrd", &asked(&lab, odmrd.mx, &more), 0);
}

#[test]
fn our_port_for_customers_keeps_the_rules() {
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab);
    let name = odmrd.odmr.ip().to_string();
    let odmrd = odmrd.with_tls(&authority.issue(&lab, &[&name])).start();
    let secret = lab.write("secret", PASSWORD);
    lab::allow(&secret, 0o600);
    let (ca, secret) = (authority.file().display().to_string(), secret.display().to_string());
    let more = ["--json", "--intrusive", "--profile", "odmr", "--ca", &ca];
    let login = ["--user", USER, "--password-file", &secret];
    is_golden("odmrd-customers", &asked(&lab, odmrd.odmr, &[&more[..], &login].concat()), 0);
}

#[test]
fn dovecot_is_what_it_is_known_to_be() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let dovecot = lab::dovecot::receiving(&lab, &["box@example.org"]);
    let more = ["--json", "--intrusive", "--data", "--profile", "lmtp"];
    is_golden("dovecot", &asked(&lab, dovecot.address, &more), 1);
}

#[test]
fn postfix_is_what_it_is_known_to_be() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    // Whoever calls from the machine itself is a friend otherwise, and may relay.
    let postfix = Postfix::receiving(&lab, "postfix", "example.org")
        .set("mynetworks", "192.0.2.0/24")
        .start();
    is_as_known(&lab, "postfix", postfix.address, 1);
}

#[test]
fn what_becomes_of_contents_is_seen_where_they_are_sent_on_to() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let sink = lab.free();
    let postfix = Postfix::sending(&lab, "postfix", sink).start();
    let sink = sink.to_string();
    let contents = "data.dot,data.trace,data.abort,8bit.content,bdat.dots,lim.text-long,dsn.null,smug.outbound,smug.bdat-body";
    let more = ["--json", "--data", "--sink", &sink, "--only", contents];
    is_golden("postfix-contents", &asked(&lab, postfix.address, &more), 0);
    let none = asked(&lab, postfix.address, &["--data", "--sink", "192.0.2.1:25"]);
    assert_eq!(none.code, Some(64), "{none:#?}");
}

#[test]
fn exim_is_what_it_is_known_to_be() {
    if !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let exim = lab::exim::receiving(&lab, "example.org");
    is_as_known(&lab, "exim", exim.address, 1);
}

#[test]
fn opensmtpd_is_what_it_is_known_to_be() {
    if !have(&[Peer::OpenSmtpd]) {
        return;
    }
    let lab = Lab::open();
    let opensmtpd = lab::opensmtpd::receiving(&lab, "example.org");
    is_as_known(&lab, "opensmtpd", opensmtpd.address, 1);
}

#[test]
fn a_page_in_every_form_says_the_same() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let only = ["--only", "ehlo.bad,tls.adv,relay.*"];
    let form = |form: &str| {
        let ran = asked(&lab, odmrd.mx, &[&only[..], &["--format", form]].concat());
        assert_eq!(ran.code, Some(0), "{form}: {ran:#?}");
        ran.out
    };
    let human = form("human");
    assert!(human.contains("FAIL tls.adv") && human.contains("warn ehlo.bad"), "{human}");
    let json: Value = serde_json::from_str(&form("json")).expect("JSON");
    let count = json.as_array().expect("an array").len();
    assert!(count > 8, "{count}");
    let tap = form("tap");
    assert!(tap.starts_with("TAP version 13\n") && tap.contains("relay.foreign"), "{tap}");
    assert_eq!(form("tap14"), tap.replace("TAP version 13", "TAP version 14"));
    assert!(form("junit").contains("<testsuites name=\"smtp-probe\">"));
    let sarif: Value = serde_json::from_str(&form("sarif")).expect("JSON");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["name"], "smtp-probe");
    assert!(form("markdown").contains("tls.adv") && form("table") == form("markdown"));
    let html = form("html");
    assert!(
        html.starts_with("<!doctype html>") && html.contains("<details class=\"fail\" open>"),
        "{html}"
    );
    assert!(html.contains("RCPT TO:&lt;") && html.contains("\u{25b6}"), "{html}");
    for fetched in ["src=", "href=", "url(", "<script"] {
        assert!(!html.contains(fetched), "{fetched} in {html}");
    }
}

#[test]
fn what_was_said_is_kept_a_file_for_each_call() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let folder = lab.path("said/all");
    let script =
        lab.write("own.probe", "== own.login\nC: AUTH PLAIN AGEAYg==\nS: xxx\n* new\nS: 220\n");
    let (script, server) = (script.display().to_string(), odmrd.odmr.to_string());
    let folder_word = folder.display().to_string();
    run(&lab, probe(&["script", &script, &server, "--transcript", &folder_word]));
    let files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let all = files.concat();
    assert!(
        all.contains("-> AUTH PLAIN ...") && all.contains("<- 220 ") && !all.contains("AGEAYg"),
        "{all}"
    );
}

#[test]
fn two_reports_are_held_against_each_other() {
    let lab = Lab::open();
    let record = |id: &str, outcome: &str, severity: &str| {
        format!(
            "{{\"schema\":\"odmr.probe.result/1\",\"id\":\"{id}\",\"outcome\":\"{outcome}\",\"severity\":\"{severity}\",\
             \"title\":\"It is so\",\"why\":\"\"}}"
        )
    };
    let old = [
        record("a.one", "pass", "must"),
        record("a.two", "fail", "should"),
        record("a.same", "fail", "must"),
    ];
    let new = [
        record("a.one", "fail", "must"),
        record("a.two", "pass", "should"),
        record("a.same", "fail", "must"),
    ];
    let old = lab.write("old.json", format!("[{}]", old.join(","))).display().to_string();
    let summary = "{\"schema\":\"odmr.probe.summary/1\"}";
    let new =
        lab.write("new.jsonl", format!("{}\n{summary}\n", new.join("\n"))).display().to_string();
    let ran = run(&lab, probe(&["diff", &old, &new]));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.out.contains("worse  a.one") && ran.out.contains("better a.two"), "{}", ran.out);
    assert!(!ran.out.contains("a.same") && ran.out.contains("1 worse, 1 better"), "{}", ran.out);
    assert_eq!(run(&lab, probe(&["diff", &old, &new, "--fail-on", "security"])).code, Some(0));
    assert_eq!(run(&lab, probe(&["diff", &new, &old])).code, Some(0), "nothing of a MUST is worse");
    let bad = lab.write("bad.json", "{\"a\":1}").display().to_string();
    assert_eq!(run(&lab, probe(&["diff", &bad, &new])).code, Some(65));
    assert_eq!(run(&lab, probe(&["diff", "/nowhere/at.all", &new])).code, Some(66));
}

#[test]
fn what_a_caller_minds_makes_it_end_with_one() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let ends = |more: &[&str]| asked(&lab, odmrd.mx, more).code;
    assert_eq!(ends(&["--group", "tls"]), Some(0), "no TLS is against no MUST");
    assert_eq!(ends(&["--group", "tls", "--fail-on", "should"]), Some(1));
    let own =
        ["server", &odmrd.mx.to_string(), "--rcpt", "box@elsewhere.test", "--only", "relay.own"]
            .map(str::to_owned);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    assert_eq!(run(&lab, probe(&own)).code, Some(1));
}

#[test]
fn talks_of_ones_own_are_played() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let script = lab.write(
        "own.probe",
        "== mine.full\ntitle: Our mailbox is there\nfix: Make it.\nfrom: mail\n\
         C: RCPT TO:<{rcpt}>\nS: 250 2.1.5\nC: RSET\nS: 250\n\
         == mine.wrong\ntitle: NOOP is refused\nfix: Refuse it.\nC: NOOP\nS: 5xx\n",
    );
    let script = script.display().to_string();
    let server = odmrd.mx.to_string();
    let ran = run(&lab, probe(&["script", &script, &server, "--rcpt", "box@example.org", "-v"]));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.out.contains("ok   mine.full") && ran.out.contains("FAIL mine.wrong"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("C: RCPT TO:<box@example.org>"), "{}", ran.out);
    assert!(ran.out.contains("expected 5xx, got 250"), "{}", ran.out);
}
