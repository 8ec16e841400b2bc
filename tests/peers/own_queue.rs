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
}
