//! A session in which mail is going out is seen while it goes on.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::lab::Lab;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::Odmrd;
use crate::lab::post::Post;
use crate::{LETTER, judge, queuectl};

/// A customer by hand: it says a line, and hears the last one of what is said to that.
struct Call(BufReader<TcpStream>);

impl Call {
    fn greeted(server: SocketAddr) -> Call {
        let mut call = Call(BufReader::new(TcpStream::connect(server).expect("connected")));
        assert!(call.hear().starts_with("220"));
        assert!(call.ask("EHLO customer.test").starts_with("250 "));
        call
    }

    fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("a listener");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        let mut heard = self.hear();
        while heard.as_bytes().get(3) == Some(&b'-') {
            heard = self.hear();
        }
        heard
    }
}

#[test]
fn a_session_is_seen_while_it_goes_on() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    let seen = || {
        let records =
            queuectl(&odmrd, &["sessions", "--account", USER, "--json"]).ended(0).records();
        records.into_iter().next()
    };
    assert_eq!(seen(), None);
    let mut call = Call::greeted(odmrd.odmr);
    let initial = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
    assert!(call.ask(&format!("AUTH PLAIN {initial}")).starts_with("235"));
    assert_eq!(seen(), None, "who has not turned is no session yet");
    assert!(call.ask("ATRN example.org").starts_with("250"));
    assert!(call.ask("220 customer.test ESMTP").starts_with("EHLO"));
    assert!(call.ask("250 customer.test").starts_with("MAIL FROM:<ann@sender.test>"));
    let session = seen().expect("a session");
    judge(&odmrd, "odmr.queue.session/1", std::slice::from_ref(&session));
    assert_eq!((&session["result"], &session["delivered"]), (&"under_way".into(), &0.into()));
    assert_eq!(session["helo"], "customer.test");
    // One message has been taken; and what is over is told as what it came to.
    assert!(call.ask("250 ok").starts_with("RCPT"));
    assert_eq!(call.ask("250 ok"), "DATA");
    let mut line = call.ask("354 go on");
    while line != "." {
        line = call.hear();
    }
    assert_eq!(call.ask("250 taken"), "QUIT");
    call.say("221 goodbye");
    drop(call);
    let mut ended = seen().expect("a session");
    while ended["result"] == "under_way" {
        assert_eq!(ended["delivered"], 1);
        ended = seen().expect("a session");
    }
    assert_eq!((&ended["result"], &ended["delivered"]), (&"ok".into(), &1.into()));
}

/// A customer that answers in its own language and in none of UTF-8's octets.
#[test]
fn words_that_are_no_utf8_are_told_octet_by_octet() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    let mut call = Call::greeted(odmrd.odmr);
    let initial = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
    assert!(call.ask(&format!("AUTH PLAIN {initial}")).starts_with("235"));
    assert!(call.ask("ATRN example.org").starts_with("250"));
    assert!(call.ask("220 customer.test ESMTP").starts_with("EHLO"));
    assert!(call.ask("250 customer.test").starts_with("MAIL"));
    assert!(call.ask("250 ok").starts_with("RCPT"));
    call.0.get_mut().write_all(b"450 4.2.2 bo\xeete pleine\r\n").expect("a listener");
    while call.hear() != "QUIT" {
        call.say("250 ok");
    }
    call.say("221 goodbye");
    drop(call);
    let list = |words: &[&str]| queuectl(&odmrd, &[&["list"], words].concat()).ended(0);
    let records = list(&["--json"]).records();
    judge(&odmrd, "odmr.queue.message/1", &records);
    let octets = serde_json::json!({ "b64": BASE64.encode(b"bo\xeete pleine") });
    assert_eq!(
        (&records[0]["last"]["enhanced"], &records[0]["last"]["text"]),
        (&"4.2.2".into(), &octets)
    );
    assert_eq!(records[0]["recipients"][0]["last"]["text"], octets);
    assert_eq!(
        list(&["--format", "tsv", "--fields", "last.text"]).out.lines().last(),
        Some("bo\u{fffd}te pleine")
    );
    let events =
        queuectl(&odmrd, &["watch", "--no-follow", "--json", "--event", "deferred"]).records();
    judge(&odmrd, "odmr.queue.event/1", &events);
    assert_eq!(events[0]["text"], octets);
    // And so it is when it has been carried away and brought back.
    let away = lab.path("away").display().to_string();
    queuectl(&odmrd, &["export", &away]).ended(0);
    let other = Lab::open();
    let second = Odmrd::new(&other).start();
    queuectl(&second, &["import", &away]).ended(0);
    let brought = queuectl(&second, &["list", "--json"]).ended(0).records();
    assert_eq!(brought[0]["recipients"][0]["last"]["text"], octets);
}

/// Whoever is slow, or says nothing any more, keeps to himself what he is being brought and a little more; the
/// rest is another session's to fetch.
#[test]
fn sessions_of_a_domain_share_what_waits() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    let mut post = Post::open(odmrd.mx);
    (0..12).for_each(|_| post.deliver("ann@sender.test", "bob@example.org", LETTER));
    let turned = || {
        let mut call = Call::greeted(odmrd.odmr);
        let initial = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
        assert!(call.ask(&format!("AUTH PLAIN {initial}")).starts_with("235"));
        assert!(call.ask("ATRN example.org").starts_with("250"));
        assert!(call.ask("220 customer.test ESMTP").starts_with("EHLO"));
        assert!(call.ask("250 customer.test").starts_with("MAIL FROM:<ann@sender.test>"));
        call
    };
    let _silent = turned();
    let _another = turned();
}
