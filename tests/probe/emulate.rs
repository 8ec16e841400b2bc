//! `smtp-probe emulate`: our own programs, and real ones, meet servers that others have.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use super::lab::Lab;
use super::lab::maildir::Maildir;
use super::lab::ours::{AtrnFetch, Odmrd};
use super::lab::process::{Child, run};
use super::lab::script::{Script, Stage};
use super::probe;

/// A server that is played.
pub(super) fn played(lab: &Lab, profile: &str, more: &[&str]) -> (SocketAddr, Child) {
    let at = lab.free();
    let listen = at.to_string();
    let mut words = vec!["emulate", profile, "--listen", &listen, "--json"];
    words.extend(more);
    let mut child = Child::start(lab, &format!("played-{}", at.port()), probe(&words));
    child.until_log_says("is played");
    (at, child)
}

/// What it told of its sessions.
pub(super) fn sessions(child: &Child) -> Vec<Value> {
    let log = child.log();
    let lines = log.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_profile_is_told_for_what_it_plays() {
    let lab = Lab::open();
    for profile in ["exchange2003-ws2003", "exchange2003-w2k", "iis6", "iis5"] {
        let (at, child) = played(&lab, profile, &[]);
        let at = at.to_string();
        let ran = run(&lab, probe(&["identify", &at, "--json"]));
        let told: Value =
            serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
        assert_eq!(
            (&told["product"]["id"], &told["certainty"]),
            (&profile.into(), &"sure".into()),
            "{told}"
        );
        let version = match profile {
            "iis5" | "exchange2003-w2k" => Value::Null,
            _ => "5.2.3790".into(),
        };
        assert_eq!(told["ntlm"]["version"], version, "{told}");
        drop(child);
    }
    let (at, _strict) = played(&lab, "strict-2645", &[]);
    let ran = run(&lab, probe(&["identify", &at.to_string(), "--json"]));
    assert!(!ran.out.contains("\"sure\""), "{}", ran.out);
}

#[test]
fn our_customer_has_its_mail_from_each_of_them() {
    for (profile, verb) in [
        ("exchange2003-ws2003", "TURN"),
        ("exchange2003-w2k", "ATRN"),
        ("iis6", "TURN"),
        ("iis5", "ATRN"),
        ("strict-2645", "ATRN"),
    ] {
        let lab = Lab::open();
        let (at, mut child) = played(&lab, profile, &["--messages", "3"]);
        let fetched = AtrnFetch::new(&lab, at).flags(&["--verb=auto"]).into_maildir().run();
        assert_eq!(fetched.code, Some(0), "{profile}: {fetched:#?}");
        assert_eq!(Maildir::at(lab.path("Maildir")).count(), 3, "{profile}");
        // It may look whether there is more, and finds nothing then.
        child.until_log_says("\"sent\":3");
        let told = sessions(&child).remove(0);
        assert_eq!(told["waiting"], 0, "{told}");
        let verbs = told["verbs"].as_array().expect("a list");
        assert!(verbs.iter().any(|said| said == verb), "{profile}: {verbs:?}");
        assert!(!child.log().contains("correct horse"), "a password is told");
    }
}

#[test]
fn what_is_received_is_kept() {
    let lab = Lab::open();
    let folder = lab.path("kept");
    let word = folder.display().to_string();
    let (at, mut child) = played(&lab, "iis6", &["--keep", &word, "--sessions", "1"]);
    let mut stream = TcpStream::connect(at).expect("a line");
    let mut lines = BufReader::new(stream.try_clone().expect("a reader"));
    let mut line = String::new();
    lines.read_line(&mut line).expect("a greeting");
    for said in [
        "HELO a.example",
        "MAIL FROM:<b@c.example>",
        "RCPT TO:<x@elsewhere.example>",
        "RCPT TO:<x@example.org>",
        "DATA",
        "Subject: kept\r\n\r\n..\r\n.",
        "QUIT",
    ] {
        stream.write_all(format!("{said}\r\n").as_bytes()).expect("to say it");
        line.clear();
        lines.read_line(&mut line).expect("an answer");
        assert_eq!(line.starts_with("550"), said.contains("elsewhere"), "{said}: {line}");
    }
    assert!(child.wait().success());
    let kept = std::fs::read(folder.join("0001.eml")).expect("the message");
    assert_eq!(kept, b"Subject: kept\r\n\r\n.\r\n");
    let told = sessions(&child).pop().expect("a session");
    assert_eq!(told["received"][0]["rcpts"][0], "x@example.org");
    assert_eq!(told["received"][0]["file"], "0001.eml");
}

#[test]
fn nobody_else_may_call_unless_it_is_said() {
    let lab = Lab::open();
    let told = |words: &[&str]| run(&lab, probe(words));
    let open = told(&["emulate", "iis6", "--listen", "0.0.0.0:3366"]);
    assert_eq!(open.code, Some(64), "{open:#?}");
    assert!(open.err.contains("--anywhere"), "{}", open.err);
    let free = TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let anywhere = format!("0.0.0.0:{port}");
    let mut words = vec!["emulate", "iis6", "--listen", &anywhere, "--anywhere"];
    words.extend(["--sessions", "1"]);
    let mut child = Child::start(&lab, "anywhere", probe(&words));
    child.until_log_says("is played");
    drop(TcpStream::connect((lab.ip(), port)).expect("a line"));
    assert!(child.wait().success());
    assert!(child.log().contains("nobody logged in"), "{}", child.log());
}

#[test]
fn a_profile_that_cannot_be_read_is_told_in_one_line() {
    let lab = Lab::open();
    let at = lab.free().to_string();
    let told = |profile: &str| run(&lab, probe(&["emulate", profile, "--listen", &at]));
    let unknown = told("exchange2003-ws2002");
    assert_eq!(unknown.code, Some(64), "{unknown:#?}");
    assert!(unknown.err.contains("did you mean exchange2003-ws2003?"), "{}", unknown.err);
    assert_eq!(told("/nowhere/at/all.toml").code, Some(66));
    let text = "[profile]\nid = \"own\"\ninherits = \"iis6\"\n[limits]\nidle_minutes = 3\n";
    let file = lab.write("own.toml", text).display().to_string();
    let bad = told(&file);
    assert_eq!(bad.code, Some(65), "{bad:#?}");
    assert!(bad.err.contains("own.toml:5: ") && bad.err.contains("idle_minutes"), "{}", bad.err);
    assert!(bad.err.contains("hint"), "{}", bad.err);
    let binary = lab.write("binary.toml", [0xff, 0xfe, 0]).display().to_string();
    assert_eq!(told(&binary).code, Some(65));
    assert_eq!(run(&lab, probe(&["emulate", "iis6"])).code, Some(64));
    let shown = run(&lab, probe(&["emulate", "iis5", "--show"]));
    assert!(shown.code == Some(0) && shown.out.contains("inherits = \"iis6\""), "{shown:#?}");
}

#[test]
fn a_profile_of_ones_own_is_played() {
    let lab = Lab::open();
    let text = "[profile]\nid = \"own\"\ninherits = \"iis6\"\nfqdn = \"own.example.test\"\n\
                [[reply]]\nverb = \"RSET\"\ntext = \"250 mine\"\naction = \"reset\"\nverified = false\n";
    let file = lab.write("own.toml", text).display().to_string();
    let (at, child) = played(&lab, &file, &["--sessions", "1"]);
    let ran = run(&lab, probe(&["identify", &at.to_string()]));
    assert!(ran.out.contains("<- 250 mine") && ran.out.contains("own.example.test"), "{}", ran.out);
    let mut child = child;
    assert!(child.wait().success());
    let told = sessions(&child).pop().expect("a session");
    let unverified = told["unverified"].as_array().expect("a list");
    assert!(unverified.iter().any(|text| text == "250 mine"), "{unverified:?}");
}

#[test]
fn a_played_exchange_has_the_quirks_of_one() {
    let lab = Lab::open();
    let (at, _child) = played(&lab, "exchange2003-ws2003", &[]);
    let ran = super::asked(&lab, at, &["--json", "--timeout", "2s"]);
    super::is_golden("exchange2003-ws2003", &ran, 1);
    // As one that is known for what it is, it is told less.
    let more = ["--json", "--timeout", "2s", "--data", "--profile", "exchange"];
    super::is_golden("exchange2003-ws2003-as-exchange", &super::asked(&lab, at, &more), 1);
}

/// The password of the lab's account, in a file.
pub(super) fn password(lab: &Lab) -> String {
    let file = lab.write("secret", "correct horse");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its mode");
    file.display().to_string()
}

#[test]
fn a_customer_that_is_played_brings_and_takes_by_one_login() {
    let lab = Lab::open();
    let (at, mut child) = played(&lab, "exchange2003-w2k", &["--messages", "3"]);
    let (server, secret, kept) = (at.to_string(), password(&lab), lab.path("kept"));
    let kept_word = kept.display().to_string();
    let mut words = vec!["emulate", "exchange2003-ws2003", "--call", &server, "--user", "acme"];
    words.extend(["--password-file", &secret, "--messages", "1", "--keep", &kept_word, "--json"]);
    let ran = run(&lab, probe(&words));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let told: Value = serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
    let received = told["received"].as_array().expect("a list").len();
    assert_eq!((&told["sent"], received), (&1.into(), 3), "{told}");
    assert_eq!(std::fs::read_dir(&kept).expect("the folder").count(), 3);
    child.until_log_says("\"sent\":3");
    let served = sessions(&child).remove(0);
    let verbs: Vec<&str> =
        served["verbs"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(verbs, ["EHLO", "AUTH", "MAIL", "RCPT", "BDAT", "RSET", "TURN"]);
    assert!(!format!("{}{}", ran.out, child.log()).contains("correct horse"));
}

#[test]
fn a_customer_that_is_played_tells_what_of_its_mail_was_not_taken() {
    // MAIL is answered by this, and then the line is turned all the same.
    let calls = |answer: &str, after: &str| {
        let lab = Lab::open();
        let provider = format!(
            "P: 220 a\nC: EHLO *\nP: 250-a\nP: 250 AUTH LOGIN\nC: AUTH LOGIN\nP: 334 VXNlcm5hbWU6\n\
             C: *\nP: 334 UGFzc3dvcmQ6\nC: *\nP: 235 ok\nC: MAIL *\nP: {answer}\nC: RSET\nP: 250 ok\nC: TURN\n{after}"
        );
        let stage = Stage::open(&lab, vec![Script::provider(&provider)]);
        let (server, secret) = (stage.address.to_string(), password(&lab));
        let words = ["emulate", "exchange2003-w2k", "--call", &server, "--user", "acme"];
        let more = ["--password-file", &secret, "--messages", "1", "--json"];
        let ran = run(&lab, probe(&[&words[..], &more].concat()));
        stage.close_one();
        let told: Value =
            serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
        (ran, told)
    };
    let turned = "P: 250 ok\nC: 220 *\nP: QUIT\nC: 221 *\n";
    for (answer, count) in [("550 5.7.1 may not send", "refused"), ("450 4.7.1 later", "waiting")] {
        for (after, is_turned) in [(turned, true), ("P: 453 no mail\nC: QUIT\nP: 221 bye\n", false)]
        {
            let (ran, told) = calls(answer, after);
            assert_eq!(ran.code, Some(1), "{answer}: {ran:#?}");
            assert!(ran.err.contains("not all that it brought was taken"), "{}", ran.err);
            assert!(ran.err.contains(&answer[..3]), "{}", ran.err);
            assert_eq!((&told[count], &told["turned"]), (&1.into(), &is_turned.into()), "{told}");
            let refusal = told["refusal"].as_str().expect("what was said");
            assert!(refusal.starts_with(&answer[..3]), "{told}");
        }
    }
}

#[test]
fn a_fetchmail_that_is_played_meets_odmrd() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let (server, secret) = (odmrd.odmr.to_string(), password(&lab));
    let call = |user: &str| {
        let mut words = vec!["emulate", "fetchmail", "--call", &server, "--user", user];
        words.extend(["--password-file", &secret]);
        run(&lab, probe(&words))
    };
    let ran = call("acme");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.out.contains("-> AUTH CRAM-MD5") && ran.out.contains("<- 453"), "{}", ran.out);
    let ran = call("nobody");
    assert_eq!(ran.code, Some(77), "{ran:#?}");
    assert!(ran.err.contains("the login was refused: 535"), "{}", ran.err);
}

#[test]
fn who_calls_nobody_is_told_so() {
    let lab = Lab::open();
    let secret = password(&lab);
    let call = |profile: &str, host: &str| {
        let words = ["emulate", profile, "--call", host, "--user", "a", "--password-file", &secret];
        run(&lab, probe(&words))
    };
    let iis = call("iis6", "127.0.0.1:3366");
    assert!(iis.code == Some(64) && iis.err.contains("iis6 calls nobody"), "{iis:#?}");
    let far = call("fetchmail", "192.0.2.1:366");
    assert!(far.code == Some(64) && far.err.contains("--anywhere"), "{far:#?}");
    assert_eq!(call("fetchmail", &lab.free().to_string()).code, Some(69));
}
