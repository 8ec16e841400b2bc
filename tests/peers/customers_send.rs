//! A customer that may sends mail of its own: with the login that it fetches with, through a real smarthost.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::lab::authority::Authority;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::{AtrnFetch, Odmrd, PROVIDER, RunningOdmrd, odmrd, quoted};
use crate::lab::post::Post;
use crate::lab::postfix::{Postfix, RunningPostfix};
use crate::lab::presence::{Peer, have};
use crate::lab::process::{run, run_fed};
use crate::lab::tools::swaks;
use crate::lab::wait::until;
use crate::lab::{Lab, allow, dovecot};

const LETTER: &[u8] = b"From: box@example.org\r\nSubject: to a friend\r\n\r\nHello!\r\n";

/// A provider whose customer may send, through this server.
fn provider<'lab>(lab: &'lab Lab, smarthost: &RunningPostfix) -> Odmrd<'lab> {
    let (ip, port) = (smarthost.address.ip(), smarthost.address.port());
    let odmrd = Odmrd::new(lab).set("smarthost.server", &format!("\"{ip}\""));
    let odmrd = odmrd.set("smarthost.port", &port.to_string()).set("smarthost.tls", "\"none\"");
    odmrd.account_line("clear_login = true").account_line("submit = true")
}

fn smarthost(lab: &Lab) -> RunningPostfix {
    Postfix::receiving(lab, "smarthost", "sender.test, example.org")
        .refusing("gone@sender.test", "550 5.1.1 nobody here by that name")
        .start()
}

fn log_in(post: &mut Post, user: &str) {
    let told = post.ask(&format!("AUTH PLAIN {}", BASE64.encode(format!("\0{user}\0{PASSWORD}"))));
    assert!(told.starts_with("235"), "{told}");
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).replace("\r\n", "\n")
}

#[test]
fn in_the_session_in_which_it_asks_for_its_mail() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost).start();
    let mut post = Post::open(odmrd.odmr);
    assert!(post.ask("MAIL FROM:<box@example.org>").starts_with("530 5.7.0"));
    assert!(post.ask("EHLO customer.test").contains("CHUNKING"));
    log_in(&mut post, USER);
    post.deliver("box@example.org", "friend@sender.test", LETTER);
    assert!(post.ask("ATRN").starts_with("453"), "it goes on as it would have");
    let mail = text(&smarthost.maildir.until(1)[0]);
    assert!(mail.contains("with ESMTPA") && mail.contains("Subject: to a friend"), "{mail}");
    assert!(mail.contains("Return-Path: <box@example.org>"), "{mail}");
}

#[test]
fn who_may_send_what_as_whom() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let list = lab.write("second.list", "known\n");
    let odmrd = provider(&lab, &smarthost)
        .account("second", &["second.test"], PASSWORD)
        .set("domains.\"second.test\".recipients", &quoted(&list.display().to_string()))
        .set("domains.\"second.test\".quota_messages", "1")
        .start();
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    let asked = |post: &mut Post, from: &str, to: &str| {
        let replies = post.send(from, &[to], LETTER);
        replies.last().expect("a reply").clone()
    };
    let foreign = post.ask("MAIL FROM:<x@sender.test>");
    assert_eq!(foreign, "550 5.7.1 not an address in a domain of this account");
    assert!(
        post.ask("MAIL FROM:<x@second.test>").starts_with("550 5.7.1"),
        "nor another customer's"
    );
    // To another customer straight into its queue, by the rules of the MX.
    assert!(asked(&mut post, "box@example.org", "ghost@second.test").starts_with("550 5.1.1"));
    assert!(asked(&mut post, "box@example.org", "a%b@second.test").starts_with("550 5.7.1"));
    assert!(asked(&mut post, "box@example.org", "x@[192.0.2.1]").starts_with("550 5.1.2"));
    assert!(asked(&mut post, "box@example.org", "known@second.test").starts_with("250"));
    assert!(
        asked(&mut post, "box@example.org", "known@second.test").starts_with("452 4.2.2"),
        "full"
    );
    let listed = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"))
        .args(["list", "--domain", "second.test", "--json", "--config"])
        .arg(odmrd.config())
        .output()
        .expect("queuectl");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("a record");
    assert_eq!(listed["source"]["auth"], USER);
    assert!(asked(&mut post, "", "friend@sender.test").starts_with("250"), "a notice");
    assert_eq!(smarthost.maildir.until(1).len(), 1);
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &["second.test"]).under_name("second");
    let fetch = fetch.flags(&["--tls", "none"]).into_maildir();
    assert_eq!(fetch.run().ended(0, "ok").count("accepted"), 1);
    // Whose account has no such right can fetch, and no more.
    let mut other = Post::open(odmrd.odmr);
    let told = {
        let login = BASE64.encode(format!("\0second\0{PASSWORD}"));
        other.ask(&format!("AUTH PLAIN {login}"))
    };
    assert!(told.starts_with("535"), "{told}: it may not log in by PLAIN in clear at all");
}

/// What its customer's server does not have is refused to other customers too, as at the MX.
#[test]
fn to_a_mailbox_that_is_not_there_as_its_server_has_said() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost)
        .account("second", &["second.test"], PASSWORD)
        .set("mx.learn_refusals", "\"1h\"")
        .start();
    let postfix = Postfix::receiving(&lab, "postfix", "second.test")
        .refusing("ghost@second.test", "550 5.1.1 nobody here by that name")
        .start();
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    for to in ["ghost@second.test", "box@second.test"] {
        post.deliver("box@example.org", to, LETTER);
    }
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &["second.test"]).under_name("second");
    fetch.flags(&["--tls", "none"]).into_smtp(postfix.address).run();
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    let told = post.send("box@example.org", &["ghost@second.test"], LETTER);
    let told = told.last().expect("a reply");
    assert!(told.starts_with("550 5.1.1 no such mailbox, as the server"), "{told}");
    post.deliver("box@example.org", "box@second.test", LETTER);
}

#[test]
fn at_the_submission_ports_and_under_tls_alone() {
    if !have(&[Peer::Postfix, Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let ca = Authority::new(&lab);
    let (submission, submissions) = (lab.free(), lab.free());
    let odmrd = provider(&lab, &smarthost)
        .with_tls(&ca.issue(&lab, &[PROVIDER]))
        .set("submission.listen", &format!("[\"{submission}\"]"))
        .set("submission.listen_tls", &format!("[\"{submissions}\"]"))
        .account("reader", &["reader.test"], PASSWORD)
        .start();
    let mut post = Post::open(submission);
    assert!(post.ask("AUTH PLAIN AGEAYQ==").starts_with("530 5.7.0"), "STARTTLS first");
    assert!(post.ask("MAIL FROM:<box@example.org>").starts_with("530 5.7.0"));
    let send = |server, tls: &str, user: &str| {
        let words = [
            "--from",
            "box@example.org",
            "--to",
            "friend@sender.test",
            "--auth",
            "PLAIN",
            "--auth-user",
            user,
            "--auth-password",
            PASSWORD,
            tls,
        ];
        swaks(&lab, server, &words)
    };
    send(submission, "--tls", USER).succeeded();
    send(submissions, "--tls-on-connect", USER).succeeded();
    let mail = smarthost.maildir.until(2);
    assert!(mail.iter().all(|mail| text(mail).contains("with ESMTPSA")), "{}", text(&mail[0]));
    let refused = send(submission, "--tls", "reader");
    assert!(refused.out.contains("550 5.7.1 this account may not send mail"), "{refused:#?}");
    assert!(odmrd.daemon.has_said("submitted message kept"));
}

#[test]
fn what_the_smarthost_refuses_comes_back_to_the_customer() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost).start();
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    post.deliver("box@example.org", "gone@sender.test", LETTER);
    assert!(post.ask("QUIT").starts_with("221"));
    // In its own queue, and not out by the smarthost and back.
    until("the notice", || odmrd.daemon.has_said("a sender is told").then_some(()));
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let notice = text(&crate::lab::maildir::Maildir::at(lab.path("Maildir")).until(1)[0]);
    for line in ["gone@sender.test", "Action: failed", "Status: 5.1.1"] {
        assert!(notice.contains(line), "{line:?} is missing from\n{notice}");
    }
    assert!(notice.contains("<box@example.org>"), "{notice}");
}

/// A Postfix that asks a Dovecot who somebody is, and relays for nobody else.
#[test]
fn a_smarthost_that_wants_a_login() {
    if !have(&[Peer::Postfix, Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let oracle = dovecot::knowing(&lab, &[("odmr", "Smarthosts-Secret-1")]);
    let ca = Authority::new(&lab);
    let identity = ca.issue(&lab, &["smarthost.test", &lab.ip().to_string()]);
    let smarthost = Postfix::receiving(&lab, "smarthost", "sender.test")
        .set("smtpd_sasl_auth_enable", "yes")
        .set("smtpd_sasl_type", "dovecot")
        .set("smtpd_sasl_path", &oracle.socket.display().to_string())
        .set("smtpd_tls_security_level", "may")
        .set("smtpd_tls_auth_only", "yes")
        .set(
            "smtpd_tls_chain_files",
            &format!("{}, {}", identity.key.display(), identity.certificate.display()),
        )
        .set("smtpd_recipient_restrictions", "permit_sasl_authenticated, reject")
        .start();
    let secret = lab.write("smarthost.password", "Smarthosts-Secret-1\n");
    allow(&secret, 0o600);
    let (ip, port) = (smarthost.address.ip(), smarthost.address.port());
    let odmrd = Odmrd::new(&lab)
        .set("smarthost.server", &format!("\"{ip}\""))
        .set("smarthost.port", &port.to_string())
        .set("smarthost.ca", &quoted(&ca.file().display().to_string()))
        .set("smarthost.user", "\"odmr\"")
        .set("smarthost.password", "{ file = \"smarthost.password\" }")
        .account_line("clear_login = true")
        .account_line("submit = true");
    let mut odmrd: RunningOdmrd = odmrd.start();
    // With the wrong password the mail stays, and the log says why.
    lab.write("smarthost.password", "wrong\n");
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    post.deliver("box@example.org", "friend@sender.test", LETTER);
    odmrd.daemon.until_log_says("the smarthost has not taken our own mail");
    assert!(odmrd.daemon.has_said("answered AUTH"), "{}", odmrd.daemon.log());
    assert_eq!(smarthost.maildir.messages().len(), 0);
    lab.write("smarthost.password", "Smarthosts-Secret-1\n");
    odmrd.reload();
    smarthost.maildir.until(1);
    until("the log", || smarthost.log().contains("sasl_username=odmr").then_some(()));
}

#[test]
fn who_may_send_needs_a_smarthost() {
    let lab = Lab::open();
    let config = Odmrd::without_accounts(&lab, "odmrd").write();
    let add = ["account", "add", USER, "--domain", "example.org", "--submit", "--generate"];
    let refused = run(&lab, odmrd(&config, &add));
    assert_eq!(refused.code, Some(78), "{refused:#?}");
    assert!(refused.err.contains("--submit: smarthost.server is not set"), "{refused:#?}");
    // Written by hand, or before the smarthost was taken away.
    let config = Odmrd::named(&lab, "other").account_line("submit = true").write();
    let ran = run(&lab, odmrd(&config, &["check-config"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(
        ran.err.contains("smarthost.server: not set, but account \"acme\" has submit = true"),
        "{ran:#?}"
    );
}

/// One customer may not speak to another in the provider's name.
#[test]
fn a_verdict_in_our_name_is_taken_out_of_what_customers_send() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("submit = true\nclear_login = true");
    let odmrd = odmrd.set("smarthost.server", "\"127.0.0.1\"").start();
    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    let letter =
        format!("Authentication-Results: {PROVIDER}; spf=pass\r\nSubject: trust me\r\n\r\nx\r\n");
    post.deliver("box@example.org", "friend@example.org", letter.as_bytes());
    assert!(post.ask("QUIT").starts_with("221"));
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mail = text(&crate::lab::maildir::Maildir::at(lab.path("Maildir")).until(1)[0]);
    assert!(mail.contains("Subject: trust me") && !mail.contains("spf=pass"), "{mail}");
    assert!(odmrd.daemon.has_said("forged Authentication-Results"));
}

/// What a chunk holds is content, whatever is said to the chunk: RFC 3030, section 2. And the leave to send is
/// asked for with each mail.
#[test]
fn a_chunk_that_may_not_be_sent_is_no_commands() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost);
    let accounts = odmrd.accounts();
    let mut odmrd = odmrd.start();
    let chunk = "ATRN example.org\r\nNOOP\r\n";
    let bdat = format!("BDAT {} LAST\r\n{chunk}NOOP", chunk.len());
    let mut stranger = Post::open(odmrd.odmr);
    assert!(stranger.ask(&bdat).starts_with("530 5.7.0"));
    assert!(stranger.reply().starts_with("250"), "the NOOP behind the chunk");
    assert!(stranger.ask("QUIT").starts_with("221"));

    let mut post = Post::open(odmrd.odmr);
    log_in(&mut post, USER);
    post.deliver("box@example.org", "friend@sender.test", LETTER);
    let text = std::fs::read_to_string(&accounts).expect("accounts");
    assert!(text.contains("submit = true\n"), "{text}");
    std::fs::write(&accounts, text.replace("submit = true\n", "")).expect("accounts");
    odmrd.reload();
    let told = post.ask("MAIL FROM:<box@example.org>");
    assert!(told.starts_with("550 5.7.1"), "{told}");
    assert!(post.ask("ATRN").starts_with("453"), "{told}");
}

/// A login kept on every laptop need not be the one that fetches.
#[test]
fn by_a_second_login_that_fetches_nothing() {
    if !have(&[Peer::Postfix, Peer::Swaks]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let ca = Authority::new(&lab);
    let submission = lab.free();
    let mut odmrd = provider(&lab, &smarthost)
        .with_tls(&ca.issue(&lab, &[PROVIDER]))
        .set("submission.listen", &format!("[\"{submission}\"]"))
        .start();
    let add = ["account", "add", "pen", "--submit", "--send-as", "example.org", "--password-stdin"];
    run_fed(&lab, self::odmrd(odmrd.config(), &add), &format!("{PASSWORD}\n")).succeeded();
    odmrd.reload();
    let send = |from: &str| {
        let login = ["--auth", "PLAIN", "--auth-user", "pen", "--auth-password", PASSWORD];
        let words = [&["--tls", "--from", from, "--to", "friend@sender.test"][..], &login].concat();
        swaks(&lab, submission, &words)
    };
    send("box@example.org").succeeded();
    assert!(text(&smarthost.maildir.until(1)[0]).contains("Return-Path: <box@example.org>"));
    let refused = send("box@sender.test");
    assert!(refused.out.contains("550 5.7.1 not an address in a domain"), "{refused:#?}");
    // And whoever finds it gets nobody's mail.
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &["example.org"]).under_name("pen");
    let fetched = fetch.flags(&["--tls", "none"]).into_maildir().run();
    assert_eq!(fetched.code, Some(77), "{fetched:#?}");
    assert!(fetched.said.contains("access to at least one of these domains is refused"));
}
