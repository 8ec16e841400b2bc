//! The lab without our programs: each peer does by itself what other tests rely on.

use crate::lab::authority::Authority;
use crate::lab::fetchmail::Fetchmail;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::post::{Post, stuffed};
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::script::{Script, Stage};
use crate::lab::tools::{Login, gsasl, smtp_source, swaks, swaks_lmtp};
use crate::lab::{Lab, dovecot, exim, opensmtpd};

const BOX: &str = "box@example.org";

#[test]
fn swaks_reaches_a_maildir_through_postfix() {
    if !have(&[Peer::Postfix, Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    swaks(&lab, postfix.address, &["--from", "a@sender.test", "--to", BOX]).succeeded();
    let arrived = postfix.maildir.until(1);
    assert!(String::from_utf8_lossy(&arrived[0]).contains("This is a test mailing"));
}

#[test]
fn postfix_refuses_whom_it_is_told_to() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org")
        .refusing("gone@example.org", "550 5.1.1 no such user")
        .refusing("later@example.org", "450 4.2.1 not now")
        .start();
    let mut post = Post::open(postfix.address);
    let to = [BOX, "gone@example.org", "later@example.org", "x@elsewhere.test"];
    let replies = post.send("a@sender.test", &to, &Ledger::default().letter(500).content);
    let codes = replies.iter().map(|reply| &reply[..9]).collect::<Vec<_>>();
    assert_eq!(codes[..4], ["250 2.1.0", "250 2.1.5", "550 5.1.1", "450 4.2.1"], "{replies:#?}");
    assert!(replies.last().is_some_and(|reply| reply.starts_with("250 2.0.0")), "{replies:#?}");
}

#[test]
fn postfix_takes_and_keeps_what_smtp_source_sends() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    smtp_source(&lab, postfix.address, BOX, 40, 2000).succeeded();
    assert_eq!(postfix.maildir.until(40).len(), 40);
}

#[test]
fn one_postfix_feeds_another_without_changing_an_octet() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let receiver = Postfix::receiving(&lab, "receiver", "example.org").start();
    let sender = Postfix::sending(&lab, "sender", receiver.address).start();
    let mut post = Post::open(sender.address);
    for octets in [0, 1000, 4000, 300_000] {
        post.deliver("a@sender.test", BOX, &ledger.letter(octets).content);
        post.deliver("a@sender.test", BOX, &ledger.letter_8bit(octets).content);
    }
    let arrived = receiver.maildir.until(ledger.len());
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{}", sender.log());
    assert_eq!(sender.queue(&lab), "");
}

#[test]
fn a_sending_postfix_keeps_mail_until_its_next_server_is_there() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let absent = lab.free();
    let sender = Postfix::sending(&lab, "sender", absent).start();
    Post::open(sender.address).deliver("a@sender.test", BOX, &ledger.letter(900).content);
    sender.flush(&lab);
    assert!(sender.queue(&lab).contains(BOX));
}

#[test]
fn exim_receives_into_a_maildir() {
    if !have(&[Peer::Exim, Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let exim = exim::receiving(&lab, "example.org");
    let mut post = Post::open(exim.address);
    post.deliver("a@sender.test", BOX, &ledger.letter(5000).content);
    post.deliver("a@sender.test", BOX, &ledger.letter_8bit(200_000).content);
    let refused = swaks(&lab, exim.address, &["--from", "a@sender.test", "--to", "b@other.test"]);
    assert!(refused.out.contains("550 relay not permitted"), "{refused:#?}");
    assert_eq!(ledger.reckon(&exim.maildir.until(2)), Reckoning::default());
}

#[test]
fn dovecot_takes_lmtp_for_the_users_it_knows() {
    if !have(&[Peer::Dovecot, Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let dovecot = dovecot::receiving(&lab, &[BOX]);
    let mut post = Post::open_lmtp(dovecot.address);
    post.deliver("a@sender.test", BOX, &ledger.letter_8bit(30_000).content);
    let words = ["--from", "a@sender.test", "--to", "nobody@example.org"];
    let refused = swaks_lmtp(&lab, &dovecot.socket, &words);
    assert!(refused.out.contains("550 5.1.1"), "{refused:#?}");
    assert_eq!(ledger.reckon(&dovecot.maildir("box").until(1)), Reckoning::default());
}

#[test]
fn opensmtpd_receives_into_a_maildir() {
    if !have(&[Peer::OpenSmtpd]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let opensmtpd = opensmtpd::receiving(&lab, "example.org");
    let mut post = Post::open(opensmtpd.address);
    post.deliver("a@sender.test", BOX, &ledger.letter(5000).content);
    assert_eq!(ledger.reckon(&opensmtpd.maildir.until(1)), Reckoning::default());
}

/// A provider that does everything right, up to a message that the test brings.
const PROVIDER: &str = r"
    P: 220 provider.test ODMR
    C: EHLO *
    P: 250-provider.test
    P: 250-AUTH CRAM-MD5
    P: 250 ATRN
    C: AUTH CRAM-MD5
    P: 334 PDEyMzRAcHJvdmlkZXIudGVzdD4=
    C: *
    P: 235 2.7.0 Welcome
    C: ATRN example.org
    P: 250 2.0.0 Turning
    C: 220 *
    P: EHLO provider.test
    C: ...
    C: 250 *
    P: MAIL FROM:<a@sender.test>
    C: 250 *
    P: RCPT TO:<box@example.org>
    C: 250 *
    P: DATA
    C: 354 *
    [say content]
    C: 250 *
    P: QUIT
    C: 221 *
";

#[test]
fn fetchmail_fetches_from_a_scripted_provider_into_postfix() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let provider =
        Script::provider(PROVIDER).with("content", &stuffed(&ledger.letter(9000).content));
    let stage = Stage::open(&lab, vec![provider]);
    Fetchmail::new(&lab, stage.address, postfix.address, "example.org").run().succeeded();
    stage.close_one().went_as_written();
    assert_eq!(ledger.reckon(&postfix.maildir.until(1)), Reckoning::default());
}

#[test]
fn fetchmail_fetches_under_tls_and_checks_the_name() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let authority = Authority::new(&lab);
    let identity = authority.issue(&lab, &["provider.test"]);
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let provider = Script::provider(&format!("[tls]\n[line by line]\n{PROVIDER}"))
        .with("content", &stuffed(&ledger.letter(900).content))
        .with_server_tls(identity.server_tls());
    let stage = Stage::open(&lab, vec![provider.clone(), provider]);
    let fetchmail = || Fetchmail::new(&lab, stage.address, postfix.address, "example.org");
    let trusted = |name: &str| fetchmail().with_tls(name, authority.file().to_owned()).run();
    trusted("provider.test").succeeded();
    assert_ne!(trusted("someone-else.test").code, Some(0));
    let mut plays = stage.close().into_iter();
    plays.next().expect("the first session").went_as_written();
    assert!(plays.next().expect("the second session").surprise.is_some());
    assert_eq!(ledger.reckon(&postfix.maildir.until(1)), Reckoning::default());
}

/// A server that knows that HMAC-MD5 of its challenge under the key `secret`.
const CRAM_MD5: &str = r"
    C: EHLO *
    S: 250-server.test
    S: 250 AUTH CRAM-MD5
    C: AUTH CRAM-MD5
    S: 334 PDEyMzRAcHJvdmlkZXIudGVzdD4=
    C: YWNtZSA0YjQ2YTM4OGFmM2Q2OGE0YzU5NWIyZjg5YTRkMTU2ZA==
    S: 235 2.7.0 Welcome
    C: QUIT
    S: 221 bye
";

#[test]
fn gsasl_proves_itself_by_cram_md5() {
    if !have(&[Peer::Gsasl]) {
        return;
    }
    let lab = Lab::open();
    let server = Script::server(&["S: 220 server.test\n", CRAM_MD5].concat());
    let stage = Stage::open(&lab, vec![server]);
    let login = Login { mechanism: "CRAM-MD5", user: "acme", password: "secret", authority: None };
    gsasl(&lab, stage.address, &login).succeeded();
    stage.close_one().went_as_written();
}

#[test]
fn gsasl_starts_tls_with_a_server_it_can_trust() {
    if !have(&[Peer::Gsasl]) {
        return;
    }
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    // It does not wait to be offered STARTTLS, nor say EHLO first.
    let starttls = "S: 220 server.test\nC: STARTTLS\nS: 220 2.0.0 Go ahead\n[tls]\n";
    let server = Script::server(&[starttls, CRAM_MD5].concat())
        .with_server_tls(authority.issue(&lab, &["localhost", &lab.ip().to_string()]).server_tls());
    let stage = Stage::open(&lab, vec![server]);
    let authority = Some(authority.file());
    let login = Login { mechanism: "CRAM-MD5", user: "acme", password: "secret", authority };
    gsasl(&lab, stage.address, &login).succeeded();
    stage.close_one().went_as_written();
}
