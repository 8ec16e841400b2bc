//! The customer's own queue: the provider is told at once that mail is safe here, and the target gets it
//! when it can.

use serde_json::Value;

use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Ran, run};
use crate::lab::{Lab, program};

const BOX: &str = "box@example.org";

fn laden(lab: &Lab) -> (RunningOdmrd, Ledger) {
    let odmrd = Odmrd::new(lab).start();
    let mut ledger = Ledger::default();
    let mut post = Post::open(odmrd.mx);
    for octets in [0, 700, 130_000, 2_000_000] {
        post.deliver("a@sender.test", BOX, &ledger.letter(octets).content);
        post.deliver("", BOX, &ledger.letter_8bit(octets).content);
    }
    (odmrd, ledger)
}

fn keeping<'lab>(lab: &'lab Lab, odmrd: &RunningOdmrd) -> AtrnFetch<'lab> {
    let spool = lab.path("own").display().to_string();
    AtrnFetch::new(lab, odmrd.odmr).flags(&["--spool", &spool])
}

fn queue(lab: &Lab, fetch: &AtrnFetch<'_>, words: &[&str]) -> Ran {
    let mut command = fetch.command("queue");
    command.args(words);
    run(lab, command)
}

#[track_caller]
fn waiting(lab: &Lab, fetch: &AtrnFetch<'_>) -> Vec<Value> {
    let listed = queue(lab, fetch, &["--json"]);
    assert_eq!(listed.code, Some(0), "{listed:#?}");
    listed.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn mail_for_a_target_that_is_away_waits_here_and_arrives_later() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let away = keeping(&lab, &odmrd).into(&format!("smtp:{}", lab.free()));
    assert_eq!(waiting(&lab, &away).len(), 0);
    let fetched = away.run().ended(75, "tempfail");
    assert_eq!(fetched.count("accepted"), ledger.len() as u64);
    assert_eq!(fetched.summary["queue"]["waiting"], ledger.len() as u64);
    assert!(fetched.text("reason").contains("waiting in "), "{fetched:#?}");
    assert_eq!(waiting(&lab, &away).len(), ledger.len());
    // The provider has none of it any more.
    assert_eq!(away.run().count("offered"), 0);

    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    let there = keeping(&lab, &odmrd).into(&format!("smtp:{}", postfix.address));
    let retried = queue(&lab, &there, &["--retry"]);
    assert_eq!(retried.code, Some(0), "{retried:#?}");
    assert_eq!(ledger.reckon(&postfix.maildir.until(ledger.len())), Reckoning::default());
    assert_eq!(waiting(&lab, &there).len(), 0);
    there.run().ended(0, "no_mail");
}

/// Every run tries, however often it was in vain; and what is seen of the queue says so.
#[test]
fn why_mail_could_not_be_tried_is_told_with_it() {
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let away = keeping(&lab, &odmrd).into(&format!("smtp:{}", lab.free()));
    let mut expires = Vec::new();
    for attempts in 1..=3 {
        let reason = away.run().ended(75, "tempfail").text("reason").to_owned();
        assert!(reason.contains("refused"), "{reason}");
        let waits = waiting(&lab, &away);
        assert_eq!(waits.len(), ledger.len());
        for mail in &waits {
            let last = &mail["last"];
            assert_eq!((&mail["state"], &mail["attempts"]), (&"deferred".into(), &attempts.into()));
            assert_eq!((&last["code"], &last["enhanced"]), (&451.into(), &"4.4.1".into()));
            assert!(last["text"].as_str().is_some_and(|text| text.contains("refused")), "{mail}");
            assert!(mail["source"].is_null(), "it came by a call of our own: {mail}");
        }
        expires.push(waits.iter().map(|mail| mail["expires"].clone()).collect::<Vec<_>>());
    }
    assert!(expires.iter().all(|each| *each == expires[0]), "{expires:?}");
    let seen = queue(&lab, &away, &[]);
    assert_eq!((seen.code, &*seen.err), (Some(0), ""), "{seen:#?}");
    let brought = keeping(&lab, &odmrd).into_maildir().run();
    assert_eq!(brought.summary["queue"]["delivered"], ledger.len() as u64, "{brought:#?}");
}

/// Without a way to the provider there is nothing to tell, but of what lies here.
#[test]
fn mail_that_lies_here_is_told_of_without_a_way_to_the_provider() {
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    keeping(&lab, &odmrd).into(&format!("smtp:{}", lab.free())).run().ended(75, "tempfail");
    let offline = ["--bind", "192.0.2.1", "--only-if-online"];
    let there = keeping(&lab, &odmrd).into_maildir().flags(&offline);
    let told = there.run().ended(69, "tempfail");
    assert_eq!(told.summary["queue"]["delivered"], ledger.len() as u64, "{told:#?}");
    let maildir = crate::lab::maildir::Maildir::at(lab.path("Maildir"));
    assert_eq!(ledger.reckon(&maildir.until(ledger.len())), Reckoning::default());
    // With nothing here there is nothing to tell.
    let quiet = run(&lab, there.command("run"));
    assert_eq!((quiet.code, &*quiet.out, &*quiet.err), (Some(0), "", ""), "{quiet:#?}");
}

#[test]
fn mail_passes_through_in_one_run() {
    let lab = Lab::open();
    let (odmrd, ledger) = laden(&lab);
    let fetched = keeping(&lab, &odmrd).into_maildir().run().ended(0, "ok");
    assert_eq!(fetched.summary["queue"]["delivered"], ledger.len() as u64);
    assert_eq!(fetched.summary["queue"]["waiting"], 0);
    let maildir = crate::lab::maildir::Maildir::at(lab.path("Maildir"));
    assert_eq!(ledger.reckon(&maildir.until(ledger.len())), Reckoning::default());
}

#[test]
fn what_the_target_refuses_is_kept_where_no_sender_can_be_told() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("eve@example.org", BOX, b"Subject: x\r\n\r\nx\r\n");
    post.deliver("eve@example.org", BOX, b"Subject: y\r\n\r\ny\r\n");
    let refusing = program(&lab, "refuse", "cat >/dev/null; exit 67");
    let fetch = keeping(&lab, &odmrd).into(&refusing);
    let fetched = fetch.run().ended(1, "partial");
    assert_eq!((fetched.count("accepted"), fetched.count("refused")), (2, 0));
    let left = waiting(&lab, &fetch);
    assert_eq!(left.len(), 2);
    assert_eq!(left[0]["last"]["code"], 550, "{left:#?}");

    // It can be given up by hand, one by one.
    let id = left[0]["id"].as_str().expect("an id");
    assert_eq!(queue(&lab, &fetch, &["--drop", id]).code, Some(0));
    let again = queue(&lab, &fetch, &["--drop", "01M8E5V7D2RZ3A6GVSE9EJS973"]);
    assert_eq!(
        (again.code, again.err.contains("01M8E5V7D2RZ3A6GVSE9EJS973")),
        (Some(66), true),
        "{again:#?}"
    );

    // Or its sender is told, who lives at the provider here.
    let bounces = format!("smtp:{}", odmrd.mx);
    let telling = keeping(&lab, &odmrd).into(&refusing).flags(&["--bounces", &bounces]);
    let told = queue(&lab, &telling, &["--retry"]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    assert_eq!(waiting(&lab, &telling).iter().filter(|left| left["state"] != "deleted").count(), 0);
    let notice = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(notice.count("accepted"), 1);
    let maildir = crate::lab::maildir::Maildir::at(lab.path("Maildir"));
    let notice = String::from_utf8(maildir.until(1).remove(0)).expect("text");
    assert!(notice.contains("Final-Recipient: rfc822; box@example.org"), "{notice}");
    assert!(notice.contains("Status: 5.1.1"), "{notice}");
}

#[test]
fn a_queue_is_asked_for_that_is_not_there() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let asked = queue(&lab, &AtrnFetch::new(&lab, odmrd.odmr).into_maildir(), &[]);
    assert_eq!(asked.code, Some(78), "{asked:#?}");
    assert!(asked.err.contains("spool is not set"), "{asked:#?}");
    let wrong = keeping(&lab, &odmrd).into_maildir().flags(&["--bounces", "maildir:/tmp/x"]);
    let refused = run(&lab, wrong.command("run"));
    assert_eq!(refused.code, Some(78), "{refused:#?}");
    assert!(refused.err.contains("bounces"), "{refused:#?}");
    let introducing = ["--introduce", "xclient"];
    for (fetch, why) in [
        (AtrnFetch::new(&lab, odmrd.odmr).into("smtp:localhost:25"), "without spool"),
        (keeping(&lab, &odmrd).into_maildir(), "does not go to a server"),
    ] {
        let refused = run(&lab, fetch.flags(&introducing).command("run"));
        assert_eq!(refused.code, Some(78), "{refused:#?}");
        assert!(refused.err.contains(why), "{refused:#?}");
    }
}

/// Both servers are real ones: one has no such mailbox, the other tells the sender so.
#[test]
fn a_sender_hears_from_a_postfix_what_another_has_refused() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("eve@sender.test", BOX, b"Subject: good\r\n\r\nx\r\n");
    post.deliver("eve@sender.test", "nobody@example.org", b"Subject: gone\r\n\r\ny\r\n");
    post.deliver("", "nobody@example.org", b"Subject: notice\r\n\r\nz\r\n");
    let target = Postfix::receiving(&lab, "target", DOMAIN)
        .refusing("nobody@example.org", "550 5.1.1 no such mailbox")
        .start();
    let world = Postfix::receiving(&lab, "world", "sender.test").start();
    let bounces = format!("smtp:{}", world.address);
    let fetch = keeping(&lab, &odmrd).flags(&["--bounces", &bounces]);
    let fetch = fetch.into(&format!("smtp:{}", target.address));
    fetch.run().ended(0, "ok");
    assert_eq!(target.maildir.until(1).len(), 1);
    let notice = String::from_utf8(world.maildir.until(1).remove(0)).expect("text");
    for part in [
        "Return-Path: <>",
        "To: <eve@sender.test>",
        "multipart/report",
        "Final-Recipient: rfc822; nobody@example.org",
        "Action: failed",
        "Diagnostic-Code: smtp; 550 5.1.1",
        "no such mailbox",
        "Subject: gone",
    ] {
        assert!(notice.contains(part), "{part}: {notice}");
    }
    // Of the notice nobody hears, and nothing is left.
    assert_eq!(waiting(&lab, &keeping(&lab, &odmrd)).len(), 0);
    fetch.run().ended(0, "no_mail");
    assert_eq!(world.maildir.until(1).len(), 1);
}

/// Mail of two hosts and one of nobody knows whom, as a server in front of the provider has recorded it.
fn from_afar(lab: &Lab) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab).start();
    let mut post = Post::open(odmrd.mx);
    for (helo, address, subject) in
        [("good.test", "192.0.2.7", "one"), ("bad.test", "192.0.2.9", "two"), ("", "", "three")]
    {
        let trace = match address {
            "" => String::new(),
            _ => format!(
                "Received: from {helo} (unknown [{address}])\r\n\tby front.test (Postfix) with ESMTP id 1;\r\n\t\
                 Fri, 27 Nov 2026 10:00:00 +0000\r\n"
            ),
        };
        let content = format!("{trace}From: a@sender.test\r\nSubject: {subject}\r\n\r\ntext\r\n");
        post.deliver("a@sender.test", BOX, content.as_bytes());
    }
    odmrd
}

/// What a Postfix makes of them that trusts us to say whose mail it is.
fn introduced(how: &str, trust: &[(&str, &str)]) {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = from_afar(&lab);
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN);
    let refusal = "check_client_access inline:{192.0.2.9=REJECT}";
    let postfix = postfix.set("smtpd_sender_restrictions", refusal);
    let postfix =
        trust.iter().fold(postfix, |postfix, (key, value)| postfix.set(key, value)).start();
    let fetch = keeping(&lab, &odmrd).flags(&["--introduce", how]);
    let fetched = fetch.into(&format!("smtp:{}", postfix.address)).run();
    assert_eq!(fetched.count("accepted"), 3, "{fetched:#?}");
    let mails = postfix.maildir.until(2);
    let of = |subject: &str| {
        let subject = format!("Subject: {subject}\n");
        let mails = mails.iter().map(|mail| String::from_utf8_lossy(mail).into_owned());
        mails.into_iter().find(|mail| mail.contains(&subject))
    };
    let one = of("one").expect("mail of the first host");
    let said = one.lines().find(|line| line.starts_with("Received: ")).unwrap_or_default();
    assert!(said.contains("[192.0.2.7]"), "{one}");
    assert_eq!(said.contains("from good.test"), how == "xclient", "{one}");
    assert_eq!(of("two"), None, "{}", postfix.log());
    assert!(of("three").expect("mail of nobody").contains("[127.0.0.1]"));
    let waits = waiting(&lab, &keeping(&lab, &odmrd));
    assert_eq!(waits.len(), 1, "{waits:#?}");
    assert!(waits[0].to_string().contains("Client host rejected"), "{waits:#?}");
}

#[test]
fn a_target_judges_the_host_that_sent_the_mail_told_by_xclient() {
    introduced("xclient", &[("smtpd_authorized_xclient_hosts", "127.0.0.0/8")]);
}

#[test]
fn a_target_judges_the_host_that_sent_the_mail_told_by_the_proxy_protocol() {
    introduced("proxy", &[("smtpd_upstream_proxy_protocol", "haproxy")]);
}

/// A server that speaks IPv4 alone will not hear of other addresses: such a host's mail waits no longer for that.
#[test]
fn a_target_without_ipv6_takes_the_mail_of_a_host_that_has_it() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    for (how, key, value) in [
        ("xclient", "smtpd_authorized_xclient_hosts", "127.0.0.0/8"),
        ("proxy", "smtpd_upstream_proxy_protocol", "haproxy"),
    ] {
        let lab = Lab::open();
        let odmrd = Odmrd::new(&lab).start();
        let letter = "Received: from six.test (unknown [IPv6:2001:db8::7])\r\n\tby front.test (Postfix) with ESMTP id 1;\r\n\t\
                      Fri, 27 Nov 2026 10:00:00 +0000\r\nSubject: six\r\n\r\ntext\r\n";
        Post::open(odmrd.mx).deliver("a@sender.test", BOX, letter.as_bytes());
        let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).set(key, value).start();
        let fetch = keeping(&lab, &odmrd).flags(&["--introduce", how]);
        let fetched = fetch.into(&format!("smtp:{}", postfix.address)).run();
        assert_eq!(fetched.ended(0, "ok").count("accepted"), 1);
        let mail = String::from_utf8(postfix.maildir.until(1).remove(0)).expect("text");
        assert!(mail.contains("Subject: six\n"), "{how}: {mail}");
        // Told by PROXY it is ours; the other way it is nobody's.
        let last = mail.lines().find(|line| line.starts_with("Received: ")).unwrap_or_default();
        let ours = last.contains("[127.0.0.1]");
        assert_eq!(ours, how == "proxy", "{how}: {mail}");
        assert_eq!(waiting(&lab, &keeping(&lab, &odmrd)).len(), 0, "{how}");
    }
}

#[test]
fn a_target_that_does_not_trust_us_gets_no_mail() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = from_afar(&lab);
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    let fetch = keeping(&lab, &odmrd).flags(&["--introduce", "xclient"]);
    let fetched = fetch.into(&format!("smtp:{}", postfix.address)).run();
    assert!(fetched.text("reason").contains("XCLIENT is not offered"), "{fetched:#?}");
    assert_eq!(waiting(&lab, &keeping(&lab, &odmrd)).len(), 3);
}

/// Between two tries nobody tries; that makes nothing well.
#[test]
fn mail_that_rests_between_two_tries_is_a_trouble_all_the_while() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    Post::open(odmrd.mx).deliver("a@sender.test", BOX, b"Subject: x\r\n\r\ny\r\n");
    let state = lab.path("state").display().to_string();
    let fetch = || keeping(&lab, &odmrd).into("command:/bin/false").flags(&["--state-dir", &state]);
    let first = fetch().run();
    assert_eq!(
        (first.code, first.summary["queue"]["deferred"].as_u64()),
        (Some(1), Some(1)),
        "{first:#?}"
    );
    let second = fetch().run();
    let queue = &second.summary["queue"];
    assert_eq!((queue["deferred"].as_u64(), queue["resting"].as_u64()), (Some(0), Some(1)));
    assert_eq!(
        (second.code, second.text("reason")),
        (Some(1), first.text("reason")),
        "{second:#?}"
    );
    // Which is known, and not told again.
    let quiet = run(&lab, fetch().flags(&["--quiet"]).command("run"));
    assert_eq!((quiet.code, &*quiet.err), (Some(1), ""), "{quiet:#?}");
}
