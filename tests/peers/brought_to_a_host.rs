//! Mail is brought to a customer whose server has a fixed address: at once, or when asked by ETRN.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lab::Lab;
use crate::lab::fetchmail::{Fetchmail, PASSWORD};
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::ours::{Odmrd, RunningOdmrd, quoted};
use crate::lab::post::Post;
use crate::lab::postfix::{Postfix, RunningPostfix};
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Ran, run};
use crate::lab::wait::until;

/// A provider whose customer's server is this one.
fn with_host<'lab>(lab: &'lab Lab, host: std::net::SocketAddr) -> Odmrd<'lab> {
    let key = |name: &str| format!("domains.\"example.org\".{name}");
    Odmrd::new(lab)
        .set(&key("host"), &quoted(&host.ip().to_string()))
        .set(&key("host_port"), &host.port().to_string())
}

fn queuectl(lab: &Lab, odmrd: &RunningOdmrd, words: &[&str]) -> Ran {
    let mut queuectl = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    queuectl.arg("--config").arg(odmrd.config()).args(words);
    run(lab, queuectl)
}

/// Waits until so many have come, and finds each whole and once.
fn all_have_come(ledger: &Ledger, postfix: &RunningPostfix, how_many: usize) {
    until("the mail", || (postfix.maildir.messages().len() == how_many).then_some(()));
    assert_eq!(ledger.reckon(&postfix.maildir.messages()), Reckoning::default());
}

/// Logs in on the customers' port by PLAIN in clear, which the account allows.
fn customer(odmrd: &RunningOdmrd) -> Post {
    let mut post = Post::open(odmrd.odmr);
    let login = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("\0acme\0{PASSWORD}"),
    );
    let told = post.ask(&format!("AUTH PLAIN {login}"));
    assert!(told.starts_with("235"), "{told}");
    post
}

#[test]
fn what_is_pushed_comes_at_once() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let odmrd =
        with_host(&lab, postfix.address).set("domains.\"example.org\".push", "true").start();
    let (mut ledger, mut post) = (Ledger::default(), Post::open(odmrd.mx));
    let first = ledger.letter_8bit(3000).content.clone();
    post.deliver("a@sender.test", "box@example.org", &first);
    all_have_come(&ledger, &postfix, 1);
    until("an empty queue", || {
        queuectl(&lab, &odmrd, &["list", "--fail-if-any"]).code.eq(&Some(0)).then_some(())
    });
    assert!(odmrd.daemon.has_said("mail was brought to its host"));
}

/// Planned downtime: the host is away, its mail on hold; then it is released.
#[test]
fn a_host_that_was_away_has_its_mail_when_it_is_back() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let address = lab.free();
    let mut odmrd = with_host(&lab, address).set("domains.\"example.org\".push", "true").start();
    let (mut ledger, mut post) = (Ledger::default(), Post::open(odmrd.mx));
    let letter = ledger.letter_8bit(3000).content.clone();
    post.deliver("a@sender.test", "box@example.org", &letter);
    odmrd.daemon.until_log_says("the domain's host has not taken its mail");
    queuectl(&lab, &odmrd, &["hold", "--domain", "example.org", "--yes"]).succeeded();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").at(address).start();
    queuectl(&lab, &odmrd, &["release", "--domain", "example.org", "--yes"]).succeeded();
    // Its next turn would come after a minute; an operator who has mended something reloads.
    odmrd.reload();
    all_have_come(&ledger, &postfix, 1);
}

#[test]
fn a_customer_asks_by_etrn_and_its_host_is_called() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let odmrd = with_host(&lab, postfix.address).account_line("clear_login = true").start();
    let mut ledger = Ledger::default();
    let mut customer = customer(&odmrd);
    assert_eq!(
        customer.ask("ETRN example.org"),
        "251 2.0.0 no messages waiting for node example.org"
    );
    for _ in 0..3 {
        let letter = ledger.letter_8bit(3000).content.clone();
        Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", &letter);
    }
    assert_eq!(postfix.maildir.messages().len(), 0, "nobody has asked yet");
    assert_eq!(
        customer.ask("ETRN @example.org"),
        "253 2.0.0 3 pending messages for node example.org started"
    );
    all_have_come(&ledger, &postfix, 3);
    // Each is gone once that is written down.
    until("an empty queue", || customer.ask("ETRN #example.org").starts_with("251").then_some(()));
    for (asked, told) in [
        ("ETRN example.com", "459 4.7.1 node example.com not allowed"),
        ("ETRN sub.example.org", "459 4.7.1 node sub.example.org not allowed"),
        ("ETRN a..b", "501 5.5.4 ETRN takes a domain's name"),
        ("ETRN", "501 5.5.4 wrong argument to ETRN"),
    ] {
        assert_eq!(customer.ask(asked), told);
    }
    // Whoever has not logged in gets nowhere, on either port.
    assert!(Post::open(odmrd.odmr).ask("ETRN example.org").starts_with("530"));
    assert!(Post::open(odmrd.mx).ask("ETRN example.org").starts_with("502"));
}

#[test]
fn where_no_domain_has_a_host_there_is_no_etrn() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    let mut customer = customer(&odmrd);
    assert!(!customer.ask("EHLO customer.test").contains("ETRN"));
    assert!(customer.ask("ETRN example.org").starts_with("502"));
}

#[test]
fn a_host_that_cannot_be_reached_is_told_of() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut odmrd = with_host(&lab, lab.free()).account_line("clear_login = true").start();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\ny\r\n");
    let mut customer = customer(&odmrd);
    assert!(customer.ask("ETRN example.org").starts_with("253"));
    odmrd.daemon.until_log_says("the domain's host has not taken its mail");
    let told = customer.ask("ETRN example.org");
    assert_eq!(told, "458 4.3.0 unable to queue messages for node example.org just now");
}

/// A server that answers each command by this; nothing, and it hangs up behind a 421.
fn answering(by: fn(&str) -> Option<&'static str>) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, calls) = (listener.local_addr().expect("an address"), Arc::default());
    let count: Arc<AtomicUsize> = Arc::clone(&calls);
    std::thread::spawn(move || {
        for call in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            let said = BufReader::new(call.try_clone().expect("a socket")).lines();
            let say = |text: &str| (&call).write_all(format!("{text}\r\n").as_bytes());
            let _ = say("220 host.test ESMTP");
            for line in said.map_while(Result::ok) {
                let answer = by(&line);
                let _ = say(answer.unwrap_or("421 4.3.2 too busy"));
                if answer.is_none() {
                    break;
                }
            }
        }
    });
    (address, calls)
}

/// Too busy for any mail, and says so at the first one.
fn too_busy() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    answering(|line| line.starts_with("EHLO").then_some("250 busy.test"))
}

/// It would be called again and again, as fast as it can say that it is too busy.
#[test]
fn a_host_that_takes_nothing_is_left_in_peace() {
    let lab = Lab::open();
    let (host, calls) = too_busy();
    let mut odmrd = with_host(&lab, host).set("domains.\"example.org\".push", "true").start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", b"Subject: 1\r\n\r\none\r\n");
    odmrd.daemon.until_log_says("it has taken nothing: 421");
    for _ in 0..3 {
        post.deliver("a@sender.test", "box@example.org", b"Subject: 2\r\n\r\ntwo\r\n");
    }
    let listed = queuectl(&lab, &odmrd, &["list", "--json"]);
    let first: serde_json::Value =
        serde_json::from_str(listed.out.lines().next().expect("a record")).expect("JSON");
    assert_eq!((&first["attempts"], &first["last"]["code"]), (&1.into(), &serde_json::Value::Null));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(odmrd.daemon.has_said("again_in="), "{}", odmrd.daemon.log());
}

#[test]
fn fetchmail_asks_by_etrn() {
    if !have(&[Peer::Postfix, Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let odmrd =
        with_host(&lab, postfix.address).set("domains.\"example.org\".etrn", "\"open\"").start();
    let mut ledger = Ledger::default();
    let letter = ledger.letter_8bit(3000).content.clone();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", &letter);
    let asked = Fetchmail::new(&lab, odmrd.mx, postfix.address, "example.org").by_etrn().run();
    assert_eq!(asked.code, Some(0), "{asked:#?}");
    all_have_come(&ledger, &postfix, 1);
}

/// Takes calls, and puts every recipient off.
fn puts_off() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    answering(|line| {
        Some(match line.get(..4) {
            Some("RCPT") => "452 4.2.2 mailbox full",
            Some("QUIT") => "221 2.0.0 bye",
            _ => "250 2.0.0 ok",
        })
    })
}

/// Each ETRN would send all of it again.
#[test]
fn a_host_that_puts_everything_off_is_not_called_whenever_somebody_asks() {
    let lab = Lab::open();
    let (host, calls) = puts_off();
    let mut odmrd = with_host(&lab, host).account_line("clear_login = true").start();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: 1\r\n\r\none\r\n");
    let mut customer = customer(&odmrd);
    let told = customer.ask("ETRN example.org");
    assert!(told.starts_with("253"), "{told}");
    odmrd.daemon.until_log_says("mail was brought to its host");
    for _ in 0..3 {
        let told = customer.ask("ETRN example.org");
        assert!(told.starts_with("458"), "{told}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
