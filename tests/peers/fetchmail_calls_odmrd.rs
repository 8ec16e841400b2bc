//! fetchmail, the customer's program that is out there, calls `odmrd`.

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::fetchmail::{Fetchmail, PASSWORD};
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::ours::{DOMAIN, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::{Postfix, RunningPostfix};
use crate::lab::presence::{Peer, have};

const BOX: &str = "box@example.org";

/// Brings letters to the provider's MX.
fn bring(odmrd: &RunningOdmrd, ledger: &mut Ledger, how_many: usize, octets: usize) {
    let mut post = Post::open(odmrd.mx);
    for n in 0..how_many {
        let letter = if n % 2 == 0 { ledger.letter(octets) } else { ledger.letter_8bit(octets) };
        post.deliver("a@sender.test", BOX, &letter.content);
    }
}

fn collects_in_clear(lab: &Lab, odmrd: &RunningOdmrd, postfix: &RunningPostfix) {
    Fetchmail::new(lab, odmrd.odmr, postfix.address, DOMAIN).run().succeeded();
}

fn collects_over_tls(lab: &Lab, ca: &Authority, odmrd: &RunningOdmrd, postfix: &RunningPostfix) {
    let fetchmail = Fetchmail::new(lab, odmrd.odmrs, postfix.address, DOMAIN);
    fetchmail.with_tls(PROVIDER, ca.file().to_owned()).run().succeeded();
}

/// One letter, many small ones, and one of 10 MiB, each collected by a call of its own.
fn every_load_arrives(lab: &Lab, odmrd: &RunningOdmrd, collect: impl Fn(&RunningPostfix)) {
    let postfix = Postfix::receiving(lab, "postfix", DOMAIN).start();
    let mut ledger = Ledger::default();
    for (how_many, octets) in [(1, 2000), (200, 700), (1, 10 << 20)] {
        bring(odmrd, &mut ledger, how_many, octets);
        collect(&postfix);
        let arrived = postfix.maildir.until(ledger.len());
        assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{}", odmrd.daemon.log());
    }
    // And nothing is left.
    collect(&postfix);
    assert_eq!(postfix.maildir.messages().len(), ledger.len());
}

#[test]
fn one_letter_two_hundred_and_ten_mebibytes_in_clear() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    every_load_arrives(&lab, &odmrd, |postfix| collects_in_clear(&lab, &odmrd, postfix));
}

#[test]
fn one_letter_two_hundred_and_ten_mebibytes_over_tls() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER])).start();
    every_load_arrives(&lab, &odmrd, |postfix| collects_over_tls(&lab, &ca, &odmrd, postfix));
}

#[test]
fn no_mail_is_told_as_such() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let ran = Fetchmail::new(&lab, odmrd.odmr, lab.free(), DOMAIN).run().succeeded();
    assert!(ran.out.contains("no mail"), "{ran:#?}");
}

#[test]
fn a_wrong_password_opens_nothing() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::without_accounts(&lab, "odmrd");
    let odmrd = odmrd.account("acme", &[DOMAIN], "another secret").start();
    bring(&odmrd, &mut Ledger::default(), 1, 500);
    let ran = Fetchmail::new(&lab, odmrd.odmr, lab.free(), DOMAIN).run();
    assert_eq!(ran.code, Some(128), "{ran:#?}");
    assert!(ran.out.contains("535 5.7.8"), "{ran:#?}");
    let log = odmrd.daemon.log();
    assert!(log.contains("authentication failed") && !log.contains(PASSWORD), "{log}");
}

#[test]
fn a_foreign_and_an_unknown_domain_are_refused_alike() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account("other", &["other.test"], "its own").start();
    let answers = ["other.test", "nobody.test"].map(|domain| {
        let ran = Fetchmail::new(&lab, odmrd.odmr, lab.free(), domain).run();
        assert_eq!(ran.code, Some(4), "{ran:#?}");
        let line = ran.out.lines().find(|line| line.contains(" 450 "));
        line.unwrap_or_else(|| panic!("{ran:#?}")).to_owned()
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_target_that_is_down_costs_nothing() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mut ledger = Ledger::default();
    bring(&odmrd, &mut ledger, 3, 900);
    let ran = Fetchmail::new(&lab, odmrd.odmr, lab.free(), DOMAIN).run();
    assert_eq!(ran.code, Some(2), "it learns only after the turn: {ran:#?}");
    let postfix = Postfix::receiving(&lab, "postfix", DOMAIN).start();
    collects_in_clear(&lab, &odmrd, &postfix);
    assert_eq!(ledger.reckon(&postfix.maildir.until(3)), Reckoning::default());
}
