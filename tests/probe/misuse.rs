//! What nobody should have to talk to, and what nobody should say.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::lab::Lab;
use super::lab::process::{Ran, run};
use super::probe;

/// A server that answers each of so many calls in its own way, then is gone.
fn server(calls: usize, answer: fn(&mut TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(calls) {
            let mut stream = stream.expect("a caller");
            std::thread::spawn(move || answer(&mut stream));
        }
    });
    address
}

fn asked(lab: &Lab, at: SocketAddr, more: &[&str]) -> Ran {
    let at = at.to_string();
    let mut words = vec!["server", &at, "--timeout", "400ms"];
    words.extend(more);
    run(lab, probe(&words))
}

/// Reads lines, and answers each with this.
fn answers(stream: &mut TcpStream, with: &[u8]) {
    let mut some = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut some) {
        for _ in some[..read].iter().filter(|octet| **octet == b'\n') {
            if stream.write_all(with).is_err() {
                return;
            }
        }
    }
}

#[test]
fn who_is_no_mail_server_is_told_so() {
    let lab = Lab::open();
    let web = server(1, |stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        answers(stream, b"");
    });
    let ran = asked(&lab, web, &[]);
    assert_eq!(ran.code, Some(76), "{ran:#?}");
    assert!(ran.err.contains("it is no mail server; it says \"HTTP/1.1 400"), "{}", ran.err);
    let silent = server(1, |stream| answers(stream, b""));
    let ran = asked(&lab, silent, &[]);
    assert_eq!(ran.code, Some(76), "{ran:#?}");
    assert!(ran.err.contains("--implicit-tls"), "{}", ran.err);
    for command in ["server", "identify"] {
        let leaves = server(1, |_| {}).to_string();
        let ran = run(&lab, probe(&[command, &leaves]));
        assert_eq!(ran.code, Some(76), "{ran:#?}");
        assert!(ran.err.contains("it closes the line without a word"), "{}", ran.err);
    }
    let clear = server(1, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
    });
    let ran = asked(&lab, clear, &["--implicit-tls"]);
    assert_eq!(ran.code, Some(76), "{ran:#?}");
    assert!(ran.err.contains("TLS") && !ran.err.contains("wants"), "{}", ran.err);
    let nobody = asked(&lab, lab.free(), &[]);
    assert_eq!(nobody.code, Some(69), "{nobody:#?}");
    let unknown = run(&lab, probe(&["server", "nowhere.invalid"]));
    assert!([Some(68), Some(69)].contains(&unknown.code), "{unknown:#?}");
}

#[test]
fn a_server_without_an_end_comes_to_one() {
    let lab = Lab::open();
    let endless = server(500, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        let mut some = [0; 4096];
        let _ = stream.read(&mut some);
        while stream.write_all(&b"250-mx.example.org and more\r\n".repeat(100)).is_ok() {}
    });
    is_left(&asked(&lab, endless, &[]), "its answer to EHLO has no end");
    let long = server(1, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        let mut some = [0; 4096];
        let _ = stream.read(&mut some);
        let _ = stream.write_all(b"250 ");
        while stream.write_all(&[b'A'; 1 << 16]).is_ok() {}
    });
    is_left(&asked(&lab, long, &[]), "its answer to EHLO has no end");
    let leaves = server(1, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        let mut some = [0; 4096];
        let _ = stream.read(&mut some);
    });
    is_left(&asked(&lab, leaves, &[]), "it hangs up on EHLO");
    let silent = server(1, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        answers(stream, b"");
    });
    is_left(&asked(&lab, silent, &[]), "it does not answer EHLO");
}

/// One call, one line, and nothing found out. Every server here is gone behind its first call.
#[track_caller]
fn is_left(ran: &Ran, why: &str) {
    assert_eq!(ran.code, Some(75), "{ran:#?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines.len() == 1 && lines[0].contains(why), "{why}: {}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn a_greeting_without_an_end_is_waited_for_once() {
    let lab = Lab::open();
    let greetings: [fn(&mut TcpStream); 4] = [
        |stream| {
            let _ = stream.write_all(b"22");
            answers(stream, b"");
        },
        |stream| {
            let _ = stream.write_all(b"220-mx.example.org\r\n220-x\r\n");
            answers(stream, b"");
        },
        |stream| while stream.write_all(&b"220-mx.example.org and more\r\n".repeat(100)).is_ok() {},
        |stream| {
            let _ = stream.write_all(b"220 ");
            while stream.write_all(&[b'A'; 1 << 16]).is_ok() {}
        },
    ];
    for greeting in greetings {
        is_left(&asked(&lab, server(1, greeting), &[]), "its greeting has no end");
    }
}

#[test]
fn who_refuses_us_at_the_door_is_left() {
    let lab = Lab::open();
    let busy = server(1, |stream| {
        let _ = stream.write_all(b"421 4.3.2 too busy\r\n");
    });
    is_left(&asked(&lab, busy, &[]), "it serves nobody now: 421 4.3.2 too busy");
    let shut = |calls| {
        server(calls, |stream| {
            let _ = stream.write_all(b"554 5.7.1 no service for you\r\n");
            answers(stream, b"503 5.7.1 only QUIT\r\n");
        })
    };
    is_left(&asked(&lab, shut(1), &[]), "it does not serve us: 554 5.7.1 no service for you");
    let ran = asked(&lab, shut(1), &["--format", "tap"]);
    assert!(ran.out.starts_with("TAP version 13\nBail out! "), "{ran:#?}");
    assert!(ran.code == Some(75) && ran.out.contains("no service for you"), "{ran:#?}");
    // Who wrote the talk may have wanted to see that.
    let script = lab.write("shut.probe", "== a\nfrom: connect\nS: 554\n").display().to_string();
    let at = shut(5).to_string();
    assert_eq!(run(&lab, probe(&["script", &script, &at])).code, Some(0));
}

#[test]
fn a_report_is_whole_where_nobody_can_be_asked() {
    let lab = Lab::open();
    let at = lab.free().to_string();
    let secret = lab.write("secret", "s3cret");
    super::lab::allow(&secret, 0o600);
    let secret = secret.display().to_string();
    let script = lab.write("a.probe", "== a\nC: NOOP\nS: 250\n").display().to_string();
    let login = ["--user", "acme", "--password-file", &secret, "--domain", "example.org"];
    let provider = [&["provider", &at][..], &login].concat();
    // An address that is not of this machine: nobody can wait for customers there.
    let counter = ["customer", "--listen", "192.0.2.1:366", "--scenario", "quit-221"];
    let asked = |words: &[&str], form: &str| {
        let ran = run(&lab, probe(&[words, &["--format", form]].concat()));
        assert_eq!(ran.code, Some(69), "{words:?}, {form}: {ran:#?}");
        assert!(!ran.err.is_empty(), "{words:?}, {form}: nothing is said");
        ran.out
    };
    for words in
        [&["server", &at][..], &["identify", &at], &["script", &script, &at], &provider, &counter]
    {
        let is_error = |told: &serde_json::Value| {
            assert_eq!(
                (&told["schema"], &told["exit"]),
                (&"odmr.probe.error/1".into(), &69.into())
            );
            assert!(!told["error"].as_str().expect("an error").is_empty(), "{told}");
            assert!(words.iter().any(|word| told["target"] == *word), "{told}");
        };
        let json: serde_json::Value = serde_json::from_str(&asked(words, "json")).expect("JSON");
        let [one] = &json.as_array().expect("an array")[..] else { panic!("{json}") };
        is_error(one);
        let lines = asked(words, "jsonl");
        let [line] = &lines.lines().collect::<Vec<_>>()[..] else { panic!("{lines}") };
        is_error(&serde_json::from_str(line).expect("JSON"));
        let junit = asked(words, "junit");
        assert!(junit.starts_with("<?xml") && junit.ends_with("</testsuites>\n"), "{junit}");
        assert_eq!(junit.matches("<error type=\"exit 69\" message=\"").count(), 1, "{junit}");
        assert!(junit.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{junit}");
        let tap = asked(words, "tap");
        assert!(tap.starts_with("TAP version 13\nBail out! "), "{tap}");
        let sarif: serde_json::Value = serde_json::from_str(&asked(words, "sarif")).expect("JSON");
        let invocation = &sarif["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false, "{sarif}");
        assert_eq!(invocation["exitCode"], 69, "{sarif}");
        assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]), "{sarif}");
        let markdown = asked(words, "markdown");
        assert!(markdown.starts_with("## ") && markdown.contains("not found out"), "{markdown}");
        let html = asked(words, "html");
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");
        assert!(html.contains("not found out") && html.contains(">error</span>"), "{html}");
        assert_eq!(asked(words, "human"), "", "it is said beside the page");
    }
}

#[test]
fn who_turns_away_all_calls_but_the_first_is_not_judged_by_that_one() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let lab = Lab::open();
    let full = server(500, |stream| {
        if CALLS.fetch_add(1, Ordering::SeqCst) > 0 {
            let _ = stream.write_all(b"421 4.7.0 too many\r\n");
            return;
        }
        let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
        answers(stream, b"250 mx.example.org\r\n");
    });
    let ran = asked(&lab, full, &["--only", "greet.fqdn,syn.postmaster,state.rset,relay.own"]);
    assert_eq!(ran.code, Some(75), "{ran:#?}");
}

/// A server that can do everything, and takes everything.
fn takes_all(stream: &mut TcpStream) {
    let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
    let mut some = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut some) {
        for line in some[..read].split_inclusive(|octet| *octet == b'\n') {
            let answer = match &line.to_ascii_uppercase()[..line.len().min(4)] {
                b"EHLO" => {
                    "250-mx.example.org\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"
                }
                b"DATA" => "354 go on\r\n",
                _ => "250 2.0.0 fine\r\n",
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    }
}

#[test]
fn without_data_nobody_is_asked_for_it() {
    let lab = Lab::open();
    let at = server(500, takes_all);
    let only = ["--only", "pipe.batch,pipe.data-refused,bin.data", "--json", "--intrusive"];
    let ran = asked(&lab, at, &only);
    let said = super::said(&ran);
    assert!(said.contains("RCPT TO") && !said.contains("DATA"), "{said}");
    assert!(!ran.out.contains("\"outcome\":\"fail\"") && ran.code == Some(75), "{ran:#?}");
}

/// A server that refuses every recipient, takes commands in groups, and answers DATA and what comes behind it so.
fn in_groups(stream: &mut TcpStream, data: &str, behind: &str, reads_on: bool) {
    let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
    let (mut some, mut is_content) = ([0; 4096], false);
    while let Ok(read @ 1..) = stream.read(&mut some) {
        let lines = some[..read].split_inclusive(|octet| *octet == b'\n');
        for line in lines.take(if reads_on { usize::MAX } else { 1 }) {
            let answer = match &line.to_ascii_uppercase()[..line.len().min(4)] {
                b".\r\n" => {
                    is_content = false;
                    behind
                }
                _ if is_content => continue,
                b"EHLO" => "250-mx.example.org\r\n250 PIPELINING",
                b"RCPT" => "550 5.7.1 not here",
                b"DATA" => {
                    is_content = data.starts_with("354");
                    data
                }
                _ => "250 2.0.0 fine",
            };
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes());
        }
    }
}

#[test]
fn each_rule_for_data_in_a_group_can_be_broken() {
    const RULES: [&str; 2] = ["pipe.batch", "pipe.data-refused"];
    let lab = Lab::open();
    let of = |answer: fn(&mut TcpStream)| {
        let at = server(500, answer);
        let ran = asked(&lab, at, &["--json", "--intrusive", "--only", &RULES.join(",")]);
        let told = super::provider::outcomes(&ran);
        RULES.map(|rule| {
            let of_rule = told.iter().find(|told| told.0 == rule);
            of_rule.map_or_else(|| panic!("{rule}: {ran:#?}"), |told| told.1.clone())
        })
    };
    assert_eq!(
        of(|line| in_groups(line, "503 5.5.1 RCPT first", "500 5.5.1 what?", true)),
        ["pass", "pass"]
    );
    assert_eq!(
        of(|line| in_groups(line, "554 5.5.1 nobody", "500 5.5.1 what?", true)),
        ["pass", "pass"]
    );
    // It takes an empty content, and refuses that: RFC 2920, section 3.1, tells clients to be ready for it.
    assert_eq!(of(|line| in_groups(line, "354 go on", "554 5.5.1 nobody", true)), ["warn", "warn"]);
    // Mail for nobody is taken,
    assert_eq!(of(|line| in_groups(line, "354 go on", "250 2.0.0 kept", true)), ["warn", "fail"]);
    // or the line that would have ended it is obeyed.
    assert_eq!(
        of(|line| in_groups(line, "503 5.5.1 RCPT first", "250 2.0.0 fine", true))[1],
        "fail"
    );
    // What stands behind a command in the same piece is lost.
    assert_eq!(
        of(|line| in_groups(line, "503 5.5.1 RCPT first", "500 5.5.1 what?", false)),
        ["fail", "fail"]
    );
}

#[test]
fn a_report_of_tests_fails_where_the_program_does() {
    let lab = Lab::open();
    let at = server(5000, takes_all);
    let mut ends = Vec::new();
    for minded in ["security", "must", "should", "must,should"] {
        let more = ["--only", "syn.*,relay.*,greet.*", "--fail-on", minded, "--format"];
        let tap = asked(&lab, at, &[&more[..], &["tap"]].concat());
        let junit = asked(&lab, at, &[&more[..], &["junit"]].concat());
        let (failed, failures) =
            (tap.out.matches("not ok").count(), junit.out.matches("<failure").count());
        assert_eq!(failed, failures, "{minded}: {}{}", tap.out, junit.out);
        assert_eq!(tap.code, Some(i32::from(failed > 0)), "{minded}: {}", tap.out);
        assert!(!junit.out.contains("<error"), "{}", junit.out);
        ends.push(failed);
    }
    assert!(
        ends[0] > 0 && ends[1] > ends[0] && ends[2] > ends[1],
        "each level and all above: {ends:?}"
    );
    assert_eq!(ends[3], ends[2], "the least that is named counts");
    let later = server(500, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        let mut some = [0; 4096];
        let _ = stream.read(&mut some);
        let _ = stream.write_all(b"250 mx.example.org\r\n");
        answers(stream, b"451 4.7.1 later\r\n");
    });
    let more = ["--only", "relay.own,syn.postmaster,state.rset", "--format"];
    let tap = asked(&lab, later, &[&more[..], &["tap"]].concat());
    let skipped = tap.out.lines().filter(|line| line.contains("# SKIP")).count();
    assert!(skipped == 3 && !tap.out.contains("not ok"), "{}", tap.out);
    let junit = asked(&lab, later, &[&more[..], &["junit"]].concat());
    let skipped = junit.out.matches("failures=\"0\" errors=\"0\" skipped=\"1\"").count();
    assert_eq!(skipped, 3, "a suite for each group: {}", junit.out);
    assert!(junit.out.contains("classname=\"server.syn\" name=\"syn.postmaster "), "{}", junit.out);
    assert!(junit.out.contains("<property name=\"host\" value=\"127.0.0.1:"), "{}", junit.out);
}

/// A server that asks whoever logs in, and lets everybody in.
fn lets_in(stream: &mut TcpStream) {
    let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
    let mut some = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut some) {
        let line = String::from_utf8_lossy(&some[..read]).to_ascii_uppercase();
        let answer = match line.trim_end() {
            line if line.starts_with("EHLO") => "250-mx.example.org\r\n250 AUTH PLAIN LOGIN\r\n",
            "AUTH LOGIN" | "AUTH PLAIN" | "YWNTZQ==" => "334 \r\n",
            "CZNJCMV0" | "AGFJBWUAZXMZY3JLDA==" | "AGFJBWUACZNJCMV0" => "235 2.7.0 in\r\n",
            _ => "250 2.0.0 fine\r\n",
        };
        let _ = stream.write_all(answer.as_bytes());
    }
}

#[test]
fn what_a_script_says_to_log_in_is_in_no_report() {
    use base64::Engine;
    let lab = Lab::open();
    let text = "== a\nC: AUTH LOGIN\nS: 334\nC: YWNtZQ==\nS: 334\nC: czNjcmV0\nS: 235\n";
    let script = lab.write("login.probe", text).display().to_string();
    let folder = lab.write("x", "").with_file_name("said");
    let said = folder.display().to_string();
    let secret = base64::prelude::BASE64_STANDARD.encode("czNjcmV0\r\n");
    for form in ["human", "json", "jsonl", "tap", "junit", "markdown", "sarif", "html"] {
        let at = server(5, lets_in).to_string();
        let words = ["script", &script, &at, "-v", "--format", form, "--transcript", &said];
        let ran = run(&lab, probe(&words));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let mut told = ran.out.clone();
        for file in std::fs::read_dir(&folder).expect("a folder") {
            told += &std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        }
        assert!(told.contains("AUTH LOGIN"), "{form}: {told}");
        assert!(!told.contains("czNjcmV0") && !told.contains(&secret), "{form}: {told}");
    }
}

/// A server that lets nobody in, and says what it has heard.
fn says_it_back(stream: &mut TcpStream) {
    let _ = stream.write_all(b"220 mx.example.org ESMTP\r\n");
    let mut some = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut some) {
        let line = String::from_utf8_lossy(&some[..read]).trim_end().to_owned();
        let answer = match line.as_str() {
            line if line.starts_with("EHLO") => {
                "250-mx.example.org\r\n250 AUTH PLAIN\r\n".to_owned()
            }
            line if line.starts_with("AUTH") => {
                format!("535-5.7.8 no \"{line}\" here,\r\n535 5.7.8 and no s3cret\r\n")
            }
            _ => "250 2.0.0 fine\r\n".to_owned(),
        };
        // Octet by octet, for who reads as it comes.
        for octet in answer.as_bytes() {
            let _ = stream.write_all(&[*octet]);
        }
    }
}

#[test]
fn what_a_script_says_to_log_in_is_in_no_report_where_the_server_says_it_back() {
    use base64::Engine;
    let lab = Lab::open();
    const CODED: &str = "AGFjbWUAczNjcmV0";
    let text = format!("== a\nC: AUTH PLAIN {CODED}\nS: 235\n");
    let script = lab.write("login.probe", text).display().to_string();
    let folder = lab.path("said");
    let said = folder.display().to_string();
    for form in ["human", "json", "jsonl", "tap", "junit", "markdown", "sarif", "html"] {
        let at = server(5, says_it_back).to_string();
        let words = ["script", &script, &at, "-v", "--format", form, "--transcript", &said];
        let ran = run(&lab, probe(&words));
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let mut told = ran.out.clone();
        for file in std::fs::read_dir(&folder).expect("a folder") {
            told += &std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        }
        if form == "jsonl" {
            let record: serde_json::Value =
                serde_json::from_str(ran.out.lines().next().expect("a line")).expect("JSON");
            for word in record["transcript"].as_array().expect("a list") {
                let raw = word["raw"].as_str().expect("octets");
                let octets = base64::prelude::BASE64_STANDARD.decode(raw).expect("base64");
                told += &String::from_utf8_lossy(&octets);
            }
        }
        assert!(told.contains("(hidden)"), "{form}: {told}");
        assert!(!told.contains("s3cret") && !told.contains(CODED), "{form}: {told}");
    }
}

#[test]
fn a_script_logs_in_where_somebody_says_who() {
    let lab = Lab::open();
    let script = lab.write("in.probe", "== a\n* login\nC: NOOP\nS: 250\n").display().to_string();
    let at = server(5, lets_in).to_string();
    let ran = run(&lab, probe(&["script", &script, &at]));
    assert_eq!(ran.code, Some(64), "{ran:#?}");
    assert!(ran.err.contains("a: * login needs a login"), "{}", ran.err);
    let secret = lab.write("secret", "s3cret");
    super::lab::allow(&secret, 0o600);
    let secret = secret.display().to_string();
    let login = ["--user", "acme", "--password-file", &secret, "--clear-auth", "plain", "-v"];
    let ran = run(&lab, probe(&[&["script", &script, &at][..], &login].concat()));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.out.contains("S: 235 in") && !ran.out.contains("AGFjbWUAczNjcmV0"), "{ran:#?}");
}

#[test]
fn authorities_that_cannot_be_read_are_told_before_a_call() {
    let lab = Lab::open();
    let script = lab.write("a.probe", "== a\nC: NOOP\nS: 250\n").display().to_string();
    let text = lab.write("no.pem", "hello\n").display().to_string();
    // Nobody listens there, which would be 69.
    let at = lab.free().to_string();
    for words in
        [&["server", &at][..], &["identify", &at], &["provider", &at], &["script", &script, &at]]
    {
        for (file, code) in [("/nonexistent", 66), (text.as_str(), 65)] {
            let ran = run(&lab, probe(&[words, &["--ca", file]].concat()));
            assert_eq!(ran.code, Some(code), "{words:?}: {ran:#?}");
            assert!(ran.err.lines().count() == 1 && ran.err.contains(file), "{}", ran.err);
        }
    }
}

#[test]
fn a_hostile_greeting_is_shown_harmlessly() {
    let lab = Lab::open();
    let hostile = server(500, |stream| {
        let _ = stream.write_all(b"220 \x1b[2Jmx\x07 \xe2\x80\xae\r\n");
        answers(stream, b"250 \x1b]0;owned\x07\r\n");
    });
    for form in ["human", "jsonl", "tap", "junit", "markdown", "sarif", "html"] {
        let ran = asked(&lab, hostile, &["-v", "--group", "greet,ehlo,rep", "--format", form]);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(!all.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{form}: {all:?}");
        assert!(all.contains("greet.fqdn"), "{form}: {all}");
    }
}

#[test]
fn who_refuses_for_now_has_not_failed() {
    let lab = Lab::open();
    let busy = server(500, |stream| {
        let _ = stream.write_all(b"220 mx.example.org\r\n");
        let mut some = [0; 4096];
        let _ = stream.read(&mut some);
        let _ = stream.write_all(b"250 mx.example.org\r\n");
        answers(stream, b"451 4.7.1 later\r\n");
    });
    let ran = asked(&lab, busy, &["--only", "relay.own,syn.postmaster,state.rset"]);
    assert_eq!(ran.code, Some(75), "{ran:#?}");
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    let lab = Lab::open();
    let told = |words: &[&str]| run(&lab, probe(words));
    let script = lab.write("bad.probe", "== a\nC: NOOP\nS: 2y0\n").display().to_string();
    let ran = told(&["script", &script, "localhost"]);
    assert_eq!(ran.code, Some(65), "{ran:#?}");
    assert!(ran.err.contains("bad.probe:3: saw \"2y0\""), "{}", ran.err);
    assert_eq!(told(&["script", "/nowhere/at.all", "localhost"]).code, Some(66));
    let binary = lab.write("binary.probe", [0xff, 0xfe, 0]).display().to_string();
    assert_eq!(told(&["script", &binary, "localhost"]).code, Some(65));
    for words in [
        &["server"][..],
        &["server", "mx.example.org:0"],
        &["server", "localhost", "--only", "no.such"],
        &["server", "localhost", "--group", "nobody"],
        &["server", "localhost", "--fail-on", "loud"],
        &["server", "localhost", "--data"],
    ] {
        assert_eq!(told(words).code, Some(64), "{words:?}");
    }
    for (id, hint) in
        [("relay.foriegn", "did you mean relay.foreign?"), ("nosuch", "smtp-probe list")]
    {
        let ran = told(&["explain", id]);
        assert!(ran.code == Some(66) && ran.err.lines().count() == 1, "{ran:#?}");
        assert!(ran.err.contains(id) && ran.err.contains(hint), "{}", ran.err);
    }
}
