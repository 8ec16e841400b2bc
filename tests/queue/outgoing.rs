//! What goes out to the world: why it does not go, and how much of it there is.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::process::Signal;
use serde_json::Value;

use crate::lab::Lab;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::Odmrd;
use crate::lab::post::Post;
use crate::lab::wait::until;
use crate::{LETTER, judge, queuectl};

fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).expect("a listener");
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// What a series has in an exposition.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

#[test]
fn it_is_told_why_it_does_not_go_and_how_much_waits() {
    let lab = Lab::open();
    let (nobody, http) = (lab.free(), lab.free());
    let odmrd = Odmrd::new(&lab).set("smarthost.server", &format!("\"{}\"", nobody.ip()));
    let odmrd = odmrd.set("smarthost.port", &nobody.port().to_string());
    let odmrd = odmrd.set("smarthost.tls", "\"none\"").set("http.listen", &format!("\"{http}\""));
    let odmrd = odmrd.account_line("clear_login = true").account_line("submit = true").start();
    let mut post = Post::open(odmrd.odmr);
    let login = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
    assert!(post.ask(&format!("AUTH PLAIN {login}")).starts_with("235"));
    assert!(post.ask("MAIL FROM:<ann@sender.test>").starts_with("550"));
    for friend in ["friend@sender.test", "other@sender.test"] {
        post.deliver("bob@example.org", friend, LETTER);
    }
    let one = || {
        let found = queuectl(&odmrd, &["list", "--json", "--domain", "outgoing.invalid"]);
        found.ended(0).records().into_iter().find(|one| one["attempts"] != 0)
    };
    let one = until("a call to the smarthost", one);
    judge(&odmrd, "odmr.queue.message/1", std::slice::from_ref(&one));
    let last = &one["last"];
    assert_eq!(last["host"], Value::from(nobody.ip().to_string()), "{one}");
    assert!(last["at"].is_string() && last["session"].is_null(), "{one}");
    assert!(last["text"].as_str().is_some_and(|text| text.contains("refused")), "{one}");
    assert_eq!(one["recipients"][0]["last"]["text"], last["text"]);
    let metrics = get(http, "/metrics");
    for (series, count) in [
        ("odmr_messages_received_total{domain=\"outgoing.invalid\"}", 2.0),
        ("odmr_smtp_rejected_total{listener=\"odmr\",reason=\"forbidden\"}", 1.0),
        ("odmr_smtp_rejected_total{listener=\"submission\",reason=\"quota\"}", 0.0),
        ("odmr_queue_messages{domain=\"outgoing.invalid\",state=\"waiting\"}", 2.0),
        ("odmr_dsn_total{domain=\"outgoing.invalid\",kind=\"failed\"}", 0.0),
    ] {
        assert_eq!(value(&metrics, series), Some(count), "{series}");
    }
    // Word of what goes out is no word of nobody's.
    let id = one["id"].as_str().expect("an id");
    queuectl(&odmrd, &["bounce", id, "--yes"]).ended(0);
    let told = || {
        value(&get(http, "/metrics"), "odmr_dsn_total{domain=\"outgoing.invalid\",kind=\"failed\"}")
    };
    until("a notice", || (told() == Some(1.0)).then_some(()));
    let status = get(http, "/status.json");
    let body = status.split_once("\r\n\r\n").expect("a body").1;
    let status: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&status["outgoing"]["messages"], &status["totals"]["messages"]),
        (&1.into(), &1.into()),
        "the customer's notice waits with its mail, whatever becomes of the smarthost"
    );
    let notice =
        queuectl(&odmrd, &["list", "--json", "--domain", "example.org"]).ended(0).records();
    assert_eq!(notice[0]["sender"], "", "{notice:?}");
    assert_eq!(notice[0]["recipients"][0]["address"], "bob@example.org", "{notice:?}");
    assert!(status["outgoing"]["trouble"].as_str().is_some_and(|text| text.contains("refused")));
    judge(&odmrd, "odmr.status/1", std::slice::from_ref(&status));
}

#[test]
fn a_smarthost_that_says_nothing_keeps_nobody_waiting_but_its_mail() {
    let lab = Lab::open();
    let (mute, other) = (lab.free(), lab.free());
    let listener = TcpListener::bind(mute).expect("a listener");
    let odmrd = Odmrd::new(&lab).set("smarthost.server", &format!("\"{}\"", mute.ip()));
    let odmrd = odmrd.set("smarthost.port", &mute.port().to_string());
    let odmrd = odmrd.set("smarthost.tls", "\"none\"").account_line("clear_login = true");
    let mut odmrd = odmrd.account_line("submit = true").start();
    let mut post = Post::open(odmrd.odmr);
    let login = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
    assert!(post.ask(&format!("AUTH PLAIN {login}")).starts_with("235"));
    post.deliver("bob@example.org", "friend@sender.test", LETTER);
    let (mut called, _) = listener.accept().expect("a call");
    // Meanwhile a sender is told.
    Post::open(odmrd.mx).deliver("bob@example.org", "ann@example.org", LETTER);
    let bounce = ["bounce", "--domain", "example.org", "--yes"];
    queuectl(&odmrd, &bounce).ended(0);
    let notice = || {
        let found = queuectl(&odmrd, &["list", "--json", "--domain", "example.org"]);
        found.records().into_iter().find(|one| one["sender"] == "")
    };
    until("a notice", notice);
    // And another smarthost is called at once.
    let listener = TcpListener::bind(other).expect("a listener");
    let config = odmrd.config().to_owned();
    let text = fs::read_to_string(&config).expect("settings");
    let text = text.replace(&mute.port().to_string(), &other.port().to_string());
    fs::write(&config, text.replace(&mute.ip().to_string(), &other.ip().to_string()))
        .expect("settings");
    odmrd.reload();
    listener.accept().expect("another call");
    assert_eq!(called.read(&mut [0; 16]).expect("its end"), 0, "the first line is closed");
}

#[test]
fn whoever_asks_is_told_that_we_stop_until_we_have() {
    let lab = Lab::open();
    let http = lab.free();
    let odmrd = Odmrd::new(&lab).set("http.listen", &format!("\"{http}\"")).start();
    let mut post = Post::open(odmrd.mx);
    assert!(post.ask("MAIL FROM:<ann@sender.test>").starts_with("250"));
    assert!(post.ask("RCPT TO:<bob@example.org>").starts_with("250"));
    assert!(post.ask("DATA").starts_with("354"));
    assert!(get(http, "/readyz").starts_with("HTTP/1.1 200"));
    odmrd.daemon.signal(Signal::TERM);
    let stops = || get(http, "/readyz").starts_with("HTTP/1.1 503").then_some(());
    until("word of the stop", stops);
    assert!(get(http, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(post.ask("Subject: the last\r\n\r\n.").starts_with("250"));
}

#[test]
fn what_is_pushed_says_why_it_is_still_here() {
    let lab = Lab::open();
    let nobody = lab.free();
    let odmrd =
        Odmrd::new(&lab).set("domains.\"example.org\".host", &format!("\"{}\"", nobody.ip()));
    let odmrd = odmrd.set("domains.\"example.org\".host_port", &nobody.port().to_string());
    let odmrd = odmrd.set("domains.\"example.org\".push", "true").start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    let tried = || {
        let found = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
        found.into_iter().find(|one| one["attempts"] != 0)
    };
    let one = until("a call to the host", tried);
    assert_eq!(one["last"]["host"], Value::from(nobody.ip().to_string()), "{one}");
    assert!(one["last"]["text"].as_str().is_some_and(|text| text.contains("refused")), "{one}");
}

#[test]
fn what_goes_out_moves_too_where_there_is_a_way_out() {
    let lab = Lab::open();
    let with_a_way = |name: &str| {
        let nobody = lab.free();
        let odmrd = Odmrd::named(&lab, name).set("smarthost.server", "\"127.0.0.1\"");
        let odmrd = odmrd.set("smarthost.port", &nobody.port().to_string());
        let odmrd = odmrd.set("smarthost.tls", "\"none\"").account_line("clear_login = true");
        odmrd.account_line("submit = true").start()
    };
    let first = with_a_way("first");
    let mut post = Post::open(first.odmr);
    let login = BASE64.encode(format!("\0{USER}\0{PASSWORD}"));
    assert!(post.ask(&format!("AUTH PLAIN {login}")).starts_with("235"));
    post.deliver("bob@example.org", "friend@sender.test", LETTER);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&first, &["export", out, "--domain", "outgoing.invalid"]).ended(0);
    let nowhere = Odmrd::named(&lab, "nowhere").start();
    let refused = queuectl(&nowhere, &["import", out]).ended(65);
    assert!(refused.err.contains("there is no way out here"), "{}", refused.err);
    let second = with_a_way("second");
    let taken = queuectl(&second, &["import", out]).ended(0).records().remove(0);
    assert_eq!(taken["kept"], 1, "{taken}");
    let there = queuectl(&second, &["list", "--json"]).ended(0).records().remove(0);
    assert_eq!(there["domain"], "outgoing.invalid");
    assert_eq!(there["recipients"][0]["address"], "friend@sender.test");
    assert_eq!(there["source"]["auth"], USER);
}
