//! Those who bring mail: Postfix with a queue of its own, swaks, smtp-source. What they are told 250 for
//! is collected by `atrn-fetch` and held against what was sent.

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::tools::{smtp_source, swaks};
use crate::lab::wait::until;

const BOX: &str = "box@example.org";

/// Everything that waits at the provider.
fn collected(lab: &Lab, odmrd: &RunningOdmrd) -> Vec<Vec<u8>> {
    AtrnFetch::new(lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    Maildir::at(lab.path("Maildir")).messages()
}

#[test]
fn postfix_hands_its_queue_over_under_starttls() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let ip = lab.ip().to_string();
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER, &ip])).start();
    let postfix = Postfix::sending(&lab, "sender", odmrd.mx)
        .set("smtp_tls_security_level", "verify")
        .set("smtp_tls_verify_cert_match", PROVIDER)
        .set("smtp_tls_CAfile", &ca.file().display().to_string())
        .set("smtp_tls_loglevel", "1")
        .start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(postfix.address);
    for octets in [0, 900, 5000, 70_000, 400_000, 3_000_000] {
        post.deliver("a@sender.test", BOX, &ledger.letter(octets).content);
        post.deliver("", BOX, &ledger.letter_8bit(octets).content);
    }
    until("an empty queue", || postfix.queue(&lab).is_empty().then_some(()));
    assert!(postfix.log().contains("Verified TLS connection established"), "{}", postfix.log());
    let mail = collected(&lab, &odmrd);
    assert_eq!(ledger.reckon(&mail), Reckoning::default(), "{}", odmrd.daemon.log());
    let first = String::from_utf8_lossy(&mail[0]).into_owned();
    assert!(first.contains("with ESMTPS"), "{first}");
}

#[test]
fn a_postfix_waits_while_the_provider_is_away() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    odmrd.daemon.terminate();
    let postfix = Postfix::sending(&lab, "sender", odmrd.mx).start();
    let mut ledger = Ledger::default();
    Post::open(postfix.address).deliver("a@sender.test", BOX, &ledger.letter(900).content);
    until("a deferral", || postfix.log().contains("status=deferred").then_some(()));
    odmrd.restart(&lab);
    postfix.flush(&lab);
    until("an empty queue", || postfix.queue(&lab).is_empty().then_some(()));
    assert_eq!(ledger.reckon(&collected(&lab, &odmrd)), Reckoning::default());
}

#[test]
fn swaks_brings_mail_in_clear_and_under_starttls() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER])).start();
    let authority = ca.file().display().to_string();
    let trusting = ["--tls", "--tls-ca-path", &authority, "--tls-verify"];
    for (how, protocol) in [
        (&[][..], "with ESMTP "),
        (&["-pipeline"][..], "with ESMTP "),
        (&trusting[..], "with ESMTPS "),
    ] {
        let words = [&["--from", "a@sender.test", "--to", BOX, "--body", protocol], how].concat();
        swaks(&lab, odmrd.mx, &words).succeeded();
    }
    let mail = collected(&lab, &odmrd);
    assert_eq!(mail.len(), 3);
    for mail in mail {
        let text = String::from_utf8_lossy(&mail).into_owned();
        let body = text.lines().rev().find(|line| line.starts_with("with ")).expect("its protocol");
        let provider = text.split("Received: ").nth(2).expect("the provider's trace");
        assert!(provider.contains(body.trim_end()), "{text}");
    }
}

#[test]
fn many_sessions_of_smtp_source_lose_nothing() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    smtp_source(&lab, odmrd.mx, BOX, 300, 3000).succeeded();
    assert_eq!(collected(&lab, &odmrd).len(), 300);
}

/// What RCPT for this is told, in swaks' transcript.
fn told(lab: &Lab, odmrd: &RunningOdmrd, recipient: &str) -> String {
    let words = ["--from", "a@sender.test", "--to", recipient, "--quit-after", "RCPT"];
    let ran = swaks(lab, odmrd.mx, &words);
    let mut lines = ran.out.lines().skip_while(|line| !line.contains("RCPT TO"));
    lines
        .nth(1)
        .unwrap_or_else(|| panic!("{ran:#?}"))
        .trim_start_matches(['<', '-', '*', ' '])
        .to_owned()
}

#[test]
fn no_form_of_relaying_is_let_through() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let ip = lab.ip();
    let literal = format!("user@[{ip}]");
    let attempts = [
        "user@elsewhere.test",
        "user%elsewhere.test@provider.test",
        "user%elsewhere.test@example.org",
        "elsewhere.test!user@example.org",
        "elsewhere.test!user@provider.test",
        "user@provider.test",
        "@example.org:user@elsewhere.test",
        "@elsewhere.test,@example.org:user@elsewhere.test",
        "\"user@elsewhere.test\"",
        "\"user@elsewhere.test\"@provider.test",
        "user@[127.0.0.1]",
        &literal,
        "user@sub.example.org",
        "user@example.org@elsewhere.test",
        "user@elsewhere.test@example.org",
        "user",
        "user@localhost",
        "user@",
        "@example.org",
        "user@example.org.",
    ];
    for recipient in attempts {
        let reply = told(&lab, &odmrd, recipient);
        assert!(reply.starts_with('5'), "{recipient}: {reply}");
    }
    for recipient in [BOX, "\"a b\"@EXAMPLE.org", "postmaster@example.org"] {
        let reply = told(&lab, &odmrd, recipient);
        assert!(reply.starts_with("250 "), "{recipient}: {reply}");
    }
}

#[test]
fn a_list_of_recipients_turns_strangers_away_at_the_door() {
    if !have(&[Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    lab.write("recipients", "box\nann@example.org\n");
    let odmrd =
        Odmrd::new(&lab).set("domains.\"example.org\".recipients", "\"recipients\"").start();
    let answers = ["box", "ann", "postmaster", "nobody"]
        .map(|local| told(&lab, &odmrd, &format!("{local}@{DOMAIN}"))[..9].to_owned());
    assert_eq!(answers, ["250 2.1.5", "250 2.1.5", "250 2.1.5", "550 5.1.1"]);
}
