//! What becomes of mail that its customer does not take: its sender is told, through the smarthost.

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::{Postfix, RunningPostfix};
use crate::lab::presence::{Peer, have};
use crate::lab::process::run;
use crate::lab::wait::until;

const LETTER: &[u8] =
    b"From: ann@sender.test\r\nSubject: to somebody who has left\r\n\r\nHello?\r\n";

fn smarthost(lab: &Lab) -> RunningPostfix {
    Postfix::receiving(lab, "smarthost", "sender.test").start()
}

/// A provider that sends its own mail to a server on this machine.
fn provider<'lab>(lab: &'lab Lab, smarthost: &RunningPostfix) -> Odmrd<'lab> {
    sending_to(smarthost, Odmrd::new(lab))
}

fn sending_to<'lab>(smarthost: &RunningPostfix, odmrd: Odmrd<'lab>) -> Odmrd<'lab> {
    let (ip, port) = (smarthost.address.ip(), smarthost.address.port());
    let odmrd = odmrd.set("smarthost.server", &format!("\"{ip}\""));
    odmrd.set("smarthost.port", &port.to_string()).set("smarthost.tls", "\"none\"")
}

/// The customer's own server, where one recipient is unknown.
fn target(lab: &Lab) -> RunningPostfix {
    let postfix = Postfix::receiving(lab, "postfix", DOMAIN);
    // It makes nobody wait for having been refused often.
    let postfix =
        postfix.set("smtpd_soft_error_limit", "1000").set("smtpd_hard_error_limit", "1000");
    postfix.refusing("gone@example.org", "550 5.1.1 nobody here by that name").start()
}

fn fetch(lab: &Lab, odmrd: &RunningOdmrd, target: &RunningPostfix) {
    let _ = AtrnFetch::new(lab, odmrd.odmr).into(&format!("smtp:{}", target.address)).run();
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).replace("\r\n", "\n")
}

#[track_caller]
fn says(notice: &str, lines: &[&str]) {
    for line in lines {
        assert!(notice.contains(line), "{line:?} is missing from\n{notice}");
    }
}

#[test]
fn a_refused_recipient_is_told_to_the_sender_and_the_others_get_their_mail() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let (smarthost, target) = (smarthost(&lab), target(&lab));
    let odmrd = provider(&lab, &smarthost).start();
    let recipients = ["box@example.org", "gone@example.org"];
    Post::open(odmrd.mx).send("ann@sender.test", &recipients, LETTER);
    fetch(&lab, &odmrd, &target);
    assert_eq!(target.maildir.until(1).len(), 1);
    let notice = text(&smarthost.maildir.until(1)[0]);
    says(
        &notice,
        &[
            "Return-Path: <>\n",
            "Auto-Submitted: auto-replied\n",
            "From: Mail Delivery System <MAILER-DAEMON@provider.test>\n",
            "To: <ann@sender.test>\n",
            "Reporting-MTA: dns; provider.test\n",
            "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n",
            "Diagnostic-Code: smtp; 550 5.1.1 ",
            "Content-Type: message/rfc822\n",
            "Subject: to somebody who has left\n\nHello?\n",
        ],
    );
    assert!(!notice.contains("box@example.org"), "the other got it\n{notice}");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "no_mail");
}

#[test]
fn nobody_is_told_who_does_not_want_to_hear() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let (smarthost, target) = (smarthost(&lab), target(&lab));
    let odmrd = provider(&lab, &smarthost).start();
    let mut post = Post::open(odmrd.mx);
    post.send("", &["gone@example.org"], LETTER);
    for notify in ["NEVER", "DELAY", "SUCCESS"] {
        assert!(post.ask("MAIL FROM:<ann@sender.test>").starts_with("250"));
        let rcpt = format!("RCPT TO:<gone@example.org> NOTIFY={notify}");
        assert!(post.ask(&rcpt).starts_with("250"), "{rcpt}");
        assert!(post.ask("DATA").starts_with("354"));
        assert!(post.ask("Subject: x\r\n\r\nx\r\n.").starts_with("250"));
    }
    // Somebody who does, so that there is something to wait for.
    post.send("bob@sender.test", &["gone@example.org"], LETTER);
    fetch(&lab, &odmrd, &target);
    says(&text(&smarthost.maildir.until(1)[0]), &["To: <bob@sender.test>\n"]);
    let silent = || odmrd.daemon.log().matches("whose sender wants no word of it").count();
    until("the others to be let go of", || (silent() == 4).then_some(()));
    assert_eq!(smarthost.maildir.count(), 1, "{}", smarthost.log());
}

#[test]
fn success_is_told_where_it_was_asked_for_and_the_customer_cannot() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost).start();
    let mut post = Post::open(odmrd.mx);
    post.ask("MAIL FROM:<ann@sender.test> ENVID=QQ+2B1 RET=FULL");
    post.ask("RCPT TO:<box@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old@example.org");
    post.ask("DATA");
    assert!(post.ask("Subject: important\r\n\r\nbody\r\n.").starts_with("250"));
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let notice = text(&smarthost.maildir.until(1)[0]);
    says(
        &notice,
        &[
            "Original-Envelope-Id: QQ+1\n",
            "Original-Recipient: rfc822; old@example.org\n",
            "Action: relayed\nStatus: 2.0.0\n",
            "Content-Type: text/rfc822-headers\n",
            "Subject: important\n",
        ],
    );
    assert!(!notice.contains("\nbody\n"), "more than the header comes back\n{notice}");
}

#[test]
fn a_notice_waits_for_a_smarthost_that_is_away_and_goes_over_tls() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let identity = ca.issue(&lab, &["smarthost.test"]);
    let path = |path: &std::path::Path| path.display().to_string();
    let smarthost = Postfix::receiving(&lab, "smarthost", "sender.test")
        // Nothing is taken in clear.
        .set("smtpd_tls_security_level", "encrypt")
        .set("smtpd_tls_cert_file", &path(&identity.certificate))
        .set("smtpd_tls_key_file", &path(&identity.key))
        .start();
    let target = target(&lab);
    let nobody = lab.free().port();
    let base = |port: u16| {
        let ip = format!("\"{}\"", lab.ip());
        let odmrd = Odmrd::new(&lab).set("smarthost.server", &ip);
        let odmrd = odmrd.set("smarthost.port", &port.to_string());
        let odmrd = odmrd.set("smarthost.server_name", "\"smarthost.test\"");
        odmrd.set("smarthost.ca", &format!("\"{}\"", path(ca.file())))
    };
    let mut odmrd = base(nobody).start();
    Post::open(odmrd.mx).send("ann@sender.test", &["gone@example.org"], LETTER);
    fetch(&lab, &odmrd, &target);
    let away = || odmrd.daemon.log().contains("the smarthost has not taken our own mail");
    until("a try to be made", || away().then_some(()));

    // It survives a crash, and goes once the settings are mended.
    odmrd.crash_and_restart(&lab);
    let text_of = std::fs::read_to_string(odmrd.config()).expect("settings");
    let mended = text_of.replace(
        &format!("smarthost.port = {nobody}"),
        &format!("smarthost.port = {}", smarthost.address.port()),
    );
    assert_ne!(text_of, mended);
    std::fs::write(odmrd.config(), mended).expect("settings");
    odmrd.reload();
    says(&text(&smarthost.maildir.until(1)[0]), &["Status: 5.1.1\n", "To: <ann@sender.test>\n"]);
}

/// Mail that was delivered is not kept for a notice that has no way to go.
#[test]
fn without_a_smarthost_delivered_mail_is_gone_whatever_was_asked_for() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    post.ask("MAIL FROM:<ann@sender.test>");
    post.ask("RCPT TO:<box@example.org> NOTIFY=SUCCESS");
    post.ask("DATA");
    assert!(post.ask("Subject: x\r\n\r\nx\r\n.").starts_with("250"));
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let mut queuectl = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    queuectl.arg("--config").arg(odmrd.config()).args(["list", "--format", "ids"]);
    assert_eq!(run(&lab, queuectl).succeeded().out, "");
}

/// Mail that has waited for two days: taken by another provider, and moved to this one.
fn of_two_days_ago(lab: &Lab, odmrd: &RunningOdmrd, letters: &[(&str, &str)]) {
    two_days_later(lab, Odmrd::named(lab, "first"), odmrd, letters);
}

/// The same of a provider with settings of its own.
fn two_days_later(lab: &Lab, first: Odmrd<'_>, odmrd: &RunningOdmrd, letters: &[(&str, &str)]) {
    let first = first.start();
    let mut post = Post::open(first.mx);
    for (from, notify) in letters {
        assert!(post.ask(&format!("MAIL FROM:<{from}>")).starts_with("250"));
        assert!(post.ask(&format!("RCPT TO:<box@{DOMAIN}>{notify}")).starts_with("250"));
        assert!(post.ask("DATA").starts_with("354"));
        assert!(post.ask("Subject: patience\r\n\r\nbody\r\n.").starts_with("250"));
    }
    let out = lab.path("moved");
    let queuectl = |config: &std::path::Path, word: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--config").arg(config).arg(word).arg(&out);
        assert_eq!(run(lab, command).code, Some(0), "{word}");
    };
    queuectl(first.config(), "export");
    let earlier = |told: &serde_json::Value| {
        let at: jiff::Timestamp = told.as_str().expect("a time").parse().expect("a time");
        (at - jiff::SignedDuration::from_hours(48)).to_string()
    };
    for file in std::fs::read_dir(&out).expect("a folder") {
        let path = file.expect("an entry").path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let envelope = std::fs::read(&path).expect("an envelope");
            let mut envelope: serde_json::Value = serde_json::from_slice(&envelope).expect("JSON");
            for key in ["arrived", "expires"] {
                envelope[key] = earlier(&envelope[key]).into();
            }
            std::fs::write(&path, envelope.to_string()).expect("written");
        }
    }
    queuectl(odmrd.config(), "import");
}

#[test]
fn a_sender_hears_once_that_its_mail_waits_where_that_is_wanted() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let mut odmrd = provider(&lab, &smarthost).set("notices.delay", "\"1d\"").start();
    let letters = [
        ("ann@sender.test", ""),
        ("bob@sender.test", " NOTIFY=FAILURE"),
        ("", ""),
        ("eve@sender.test", " NOTIFY=DELAY"),
    ];
    of_two_days_ago(&lab, &odmrd, &letters);
    // What has just come waits too, and not too long.
    Post::open(odmrd.mx).send("carl@sender.test", &["box@example.org"], LETTER);
    odmrd.reload();
    let mut notices: Vec<String> = smarthost.maildir.until(2).iter().map(|n| text(n)).collect();
    notices.sort_by_key(|notice| notice.contains("To: <eve@sender.test>"));
    for (notice, to) in notices.iter().zip(["To: <ann@sender.test>\n", "To: <eve@sender.test>\n"]) {
        says(
            notice,
            &[
                to,
                "Subject: Your mail is waiting to be delivered\n",
                "Final-Recipient: rfc822; box@example.org\nAction: delayed\nStatus: 4.4.7\n",
                "Will-Retry-Until: ",
                "Content-Type: text/rfc822-headers\n",
                "Subject: patience\n",
            ],
        );
        assert!(!notice.contains("\nbody\n"), "more than the header comes back\n{notice}");
    }
    odmrd.crash_and_restart(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(smarthost.maildir.until(2).len(), 2, "somebody was told twice");
}

#[test]
fn a_customer_may_be_told_instead_of_every_sender() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost).set("notices.delay", "\"1d\"");
    let mut odmrd = odmrd.set("notices.delay_to", "\"admin@sender.test\"").start();
    of_two_days_ago(&lab, &odmrd, &[("ann@sender.test", ""), ("bob@sender.test", "")]);
    odmrd.reload();
    let told = text(&smarthost.maildir.until(1)[0]);
    says(
        &told,
        &[
            "To: <admin@sender.test>\n",
            "Subject: Mail for example.org waits to be collected\n",
            "It holds 2 messages (",
        ],
    );
    odmrd.crash_and_restart(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(smarthost.maildir.until(1).len(), 1, "it was told twice");
}

fn queuectl(lab: &Lab, odmrd: &RunningOdmrd, words: &[&str]) -> crate::lab::process::Ran {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(odmrd.config()).args(words);
    run(lab, command)
}

/// Unattended: nobody has fetched it, and its time is up. Of two domains each has its own.
#[test]
fn mail_that_nobody_fetches_in_its_domains_time_comes_back_to_its_sender() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let mut odmrd = provider(&lab, &smarthost).start();
    let short = Odmrd::named(&lab, "first").set("domains.\"example.org\".lifetime", "\"1d\"");
    let letters = [("ann@sender.test", ""), ("bob@sender.test", " NOTIFY=NEVER"), ("", "")];
    two_days_later(&lab, short, &odmrd, &letters);
    Post::open(odmrd.mx).send("carl@sender.test", &["box@example.org"], LETTER);
    // The clock is looked at once a minute, and when it starts.
    odmrd.crash_and_restart(&lab);
    let notice = text(&smarthost.maildir.until(1)[0]);
    says(
        &notice,
        &[
            "To: <ann@sender.test>\n",
            "Final-Recipient: rfc822; box@example.org\nAction: failed\nStatus: 4.4.7\n",
            "Subject: patience\n",
        ],
    );
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let landed = crate::lab::maildir::Maildir::at(lab.path("Maildir")).until(1);
    says(&text(&landed[0]), &["Subject: to somebody who has left\n"]);
    assert_eq!(smarthost.maildir.messages().len(), 1, "nobody else is told");
    // What became of it can be seen afterwards, by everybody who watches.
    let watched = queuectl(&lab, &odmrd, &["watch", "--no-follow", "--event", "expired", "--json"]);
    let watched = lab.write("watched", watched.succeeded().out);
    let mut jq = std::process::Command::new("jq");
    jq.args(["--unbuffered", "-r", "select(.event==\"expired\")|.domain"]).arg(watched);
    assert_eq!(run(&lab, jq).succeeded().out, "example.org\n".repeat(3));
}

/// By an operator's order, and with the operator's words.
#[test]
fn what_an_operator_bounces_or_expires_comes_back_to_its_sender() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let smarthost = smarthost(&lab);
    let odmrd = provider(&lab, &smarthost).start();
    for from in ["ann@sender.test", "bob@sender.test", "carl@sender.test", ""] {
        Post::open(odmrd.mx).send(from, &["box@example.org"], LETTER);
    }
    let order = |words: &[&str]| queuectl(&lab, &odmrd, words).succeeded();
    let why = ["--status", "5.2.1", "--text", "This mailbox is closed"];
    order(&[&["bounce", "--sender", "ann@sender.test", "--yes"], &why[..]].concat());
    order(&["bounce", "--sender", "<>", "--domain", DOMAIN, "--yes"]);
    order(&["expire", "--sender", "bob@sender.test", "--yes"]);
    let mut notices: Vec<String> = smarthost.maildir.until(2).iter().map(|n| text(n)).collect();
    notices.sort_by_key(|notice| notice.contains("To: <bob@sender.test>"));
    says(
        &notices[0],
        &[
            "To: <ann@sender.test>\n",
            "Status: 5.2.1\n",
            "This mailbox is closed",
            "Action: failed\n",
        ],
    );
    says(&notices[1], &["To: <bob@sender.test>\n", "Action: failed\nStatus: 4.4.7\n"]);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(crate::lab::maildir::Maildir::at(lab.path("Maildir")).messages().len(), 1);
    assert_eq!(smarthost.maildir.messages().len(), 2, "a bounce has no sender to tell");
}

/// Many have been refused. Of one the content is gone, of more than are looked at together it cannot be got
/// at: none of them keeps the last from being told, and the first is told without its mail.
#[test]
fn what_cannot_be_read_keeps_no_sender_from_hearing() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let (smarthost, target) = (smarthost(&lab), target(&lab));
    let mut odmrd = Odmrd::new(&lab).start();
    let large = [LETTER, &b"one of many lines\r\n".repeat(20_000)].concat();
    let bodies = || {
        let folder = std::fs::read_dir(lab.path("odmrd-state/spool/bodies")).expect("a folder");
        folder.map(|file| file.expect("a file").path()).collect::<std::collections::BTreeSet<_>>()
    };
    let mut files = Vec::new();
    for from in ["ann@sender.test"].into_iter().chain(["bob@sender.test"; 33]) {
        let before = bodies();
        Post::open(odmrd.mx).send(from, &["gone@example.org"], &large);
        files.extend(bodies().difference(&before).cloned());
    }
    Post::open(odmrd.mx).send("carl@sender.test", &["gone@example.org"], LETTER);
    fetch(&lab, &odmrd, &target);
    odmrd.daemon.terminate();
    let (anns, bobs) = files.split_first().expect("a file of each");
    std::fs::write(anns, "something else").expect("overwritten");
    assert_eq!(bobs.len(), 33);
    for file in bobs {
        std::fs::remove_file(file).expect("removed");
        std::fs::create_dir(file).expect("a folder in its place");
    }
    let again = Odmrd::without_accounts(&lab, "odmrd");
    let odmrd = sending_to(&smarthost, again).start();
    let mut notices: Vec<String> = smarthost.maildir.until(2).iter().map(|n| text(n)).collect();
    notices.sort_by_key(|notice| notice.contains("To: <carl@sender.test>"));
    let of_ann = ["To: <ann@sender.test>\n", "Action: failed\nStatus: 5.1.1\n"];
    says(&notices[0], &of_ann);
    assert!(!notices[0].contains("somebody who has left"), "{}", notices[0]);
    says(&notices[1], &["To: <carl@sender.test>\n", "Subject: to somebody who has left\n"]);
    let left = queuectl(&lab, &odmrd, &["list", "--format", "template:{sender}"]).out;
    assert_eq!(left, "bob@sender.test\n".repeat(33), "those wait for somebody to mend them");
}
