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
    let ran = asked(&lab, endless, &["--only", "ehlo.ok,relay.foreign,rep.*"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.out.contains("FAIL ehlo.ok"), "{}", ran.out);
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
        &["explain", "no.such"],
    ] {
        assert_eq!(told(words).code, Some(64), "{words:?}");
    }
}
