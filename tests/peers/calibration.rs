//! What fetchmail 6.4 does as a customer, measured against the scripted provider.
//!
//! Two uses: it shows that the scripts say what they mean, so that they may judge `atrn-fetch` too; and it
//! keeps the facts about fetchmail, to which a provider must fit itself, from being hearsay.

use std::time::Duration;

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::fetchmail::Fetchmail;
use crate::lab::ledger::Ledger;
use crate::lab::post::stuffed;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::Ran;
use crate::lab::script::{Played, Script, Stage};

/// A provider up to its answer to ATRN.
pub const UP_TO_ATRN: &str = r"
    P: 220 provider.test ODMR
    C: EHLO *
    P: 250-provider.test
    P: 250-AUTH CRAM-MD5
    P: 250 ATRN
    C: AUTH CRAM-MD5
    P: 334 PDEyMzRAcHJvdmlkZXIudGVzdD4=
    C: *
    P: 235 2.7.0 Welcome
    C: ATRN *
";

/// What follows in the reversed session, up to its first MAIL.
pub const TURNED: &str = r"
    P: 250 2.0.0 Turning
    C: 220 *
    P: EHLO provider.test
    C: ...
    C: 250 *
";

/// The end of a call.
pub const GOODBYE: &str = "\nC: QUIT\nP: 221 2.0.0 Bye\n";

/// The same provider, carrying on like this.
fn then(rest: &[&str]) -> Script {
    Script::provider(&[&[UP_TO_ATRN], rest].concat().concat())
}

/// Lets fetchmail meet a provider, with nothing behind it that would take mail.
fn meets(provider: Script) -> (Ran, Played) {
    let lab = Lab::open();
    let nobody = lab.free();
    let stage = Stage::open(&lab, vec![provider]);
    let ran = Fetchmail::new(&lab, stage.address, nobody, "example.org").run();
    (ran, stage.close_one())
}

/// The exit code that this answer to ATRN leads to.
fn exit_after(answer: &str) -> Option<i32> {
    let (ran, played) = meets(then(&[answer, GOODBYE]));
    played.went_as_written();
    ran.code
}

#[test]
fn refusals_of_atrn_become_these_exit_codes() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    assert_eq!(exit_after("P: 453 You have no mail"), Some(0));
    assert_eq!(exit_after("P: 450 ATRN request refused"), Some(4));
    assert_eq!(exit_after("P: 451 Unable to process ATRN request now"), Some(8));
}

#[test]
fn a_wrong_password_is_128_and_no_word() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let provider = UP_TO_ATRN.replace("P: 235 2.7.0 Welcome", "P: 535 5.7.8 No");
    let (ran, played) = meets(Script::provider(&provider.replace("C: ATRN *", GOODBYE)));
    played.went_as_written();
    assert_eq!(ran.code, Some(128), "{ran:#?}");
    assert!(!ran.err.contains("535") && !ran.err.contains("uth"), "{ran:#?}");
}

#[test]
fn without_atrn_in_ehlo_it_stops_with_4() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let provider = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250 AUTH CRAM-MD5";
    let (ran, played) = meets(Script::provider(&[provider, GOODBYE].concat()));
    played.went_as_written();
    assert_eq!(ran.code, Some(4), "{ran:#?}");
    assert!(ran.err.contains("does not support ATRN"), "{ran:#?}");
}

#[test]
fn cram_md5_is_tried_whatever_is_offered() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let provider = UP_TO_ATRN.replace("250-AUTH CRAM-MD5", "250-AUTH PLAIN LOGIN");
    let (_, played) = meets(Script::provider(&(provider + "P: 453 No mail" + GOODBYE)));
    played.went_as_written();
}

#[test]
fn a_line_dropped_after_mail_looks_like_success() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let provider = then(&[TURNED, "P: MAIL FROM:<a@sender.test>\nC: 250 *\n[drop]"]);
    let stage = Stage::open(&lab, vec![provider]);
    let ran = Fetchmail::new(&lab, stage.address, postfix.address, "example.org").run();
    stage.close_one().went_as_written();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn a_provider_that_falls_silent_holds_it_for_ever() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let stage = Stage::open(&lab, vec![then(&["P: 250 2.0.0 Turning\n[stall]"])]);
    let fetchmail = Fetchmail::new(&lab, stage.address, postfix.address, "example.org");
    // Its own time limit is 2 seconds.
    let ran = fetchmail.for_at_most(Duration::from_secs(4)).run();
    assert!(ran.never_ended, "{ran:#?}");
}

#[test]
fn a_target_that_refuses_everybody_looks_like_success() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org")
        .refusing("box@example.org", "454 4.3.0 not now")
        .start();
    let rest = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 454 *\n\
                P: QUIT\nC: 221 *";
    let stage = Stage::open(&lab, vec![then(&[TURNED, rest])]);
    let ran = Fetchmail::new(&lab, stage.address, postfix.address, "example.org").run();
    stage.close_one().went_as_written();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn that_its_target_is_down_it_learns_after_the_turn() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let (ran, played) = meets(then(&["P: 250 2.0.0 Turning\n[closed]"]));
    played.went_as_written();
    assert_eq!(ran.code, Some(2), "{ran:#?}");
}

/// The ATRN line that it sends for these domains.
fn atrn_line(domains: &str) -> String {
    let lab = Lab::open();
    let provider = then(&["P: 453 You have no mail", GOODBYE]);
    let stage = Stage::open(&lab, vec![provider]);
    Fetchmail::new(&lab, stage.address, lab.free(), domains).run();
    let played = stage.close_one().went_as_written();
    let line = played.heard().find(|line| line.starts_with("ATRN"));
    line.expect("an ATRN").to_owned()
}

#[test]
fn without_domains_it_claims_its_own_short_name() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let line = atrn_line("");
    let claimed = line.strip_prefix("ATRN ").expect("never a bare ATRN");
    assert!(!claimed.contains(['.', ',']), "{line}");
}

#[test]
fn many_domains_become_one_line_that_is_cut_without_a_word() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let domains = |count: usize| {
        let names = (0..count).map(|n| format!("customer-{n:03}-of-many.example.org"));
        names.collect::<Vec<_>>().join(" ")
    };
    let line = atrn_line(&domains(60));
    assert_eq!(line.split(',').count(), 60);
    let line = atrn_line(&domains(400));
    assert!(line.split(',').count() < 300 && line.len() < 8192, "{} octets", line.len());
}

#[test]
fn starttls_is_passed_over_even_where_it_was_demanded() {
    if !have(&[Peer::Fetchmail]) {
        return;
    }
    let lab = Lab::open();
    let provider = UP_TO_ATRN.replace("P: 250 ATRN", "P: 250-STARTTLS\n P: 250 ATRN");
    let provider = Script::provider(&(provider + "P: 453 No mail" + GOODBYE));
    let stage = Stage::open(&lab, vec![provider]);
    let fetchmail = Fetchmail::new(&lab, stage.address, lab.free(), "example.org");
    let ran = fetchmail.with_tls_words("sslproto 'tls1.2+' sslcertck").run();
    stage.close_one().went_as_written();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn lines_that_share_a_tls_record_are_lost_on_it() {
    if !have(&[Peer::Fetchmail, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let message = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 250 *\n\
                   P: DATA\nC: 354 *\n[say content]\nC: 250 *";
    let provider = Script::provider(&["[tls]\n", UP_TO_ATRN, TURNED, message].concat())
        .with("content", &stuffed(&Ledger::default().letter(3000).content))
        .with_server_tls(authority.issue(&lab, &["provider.test"]).server_tls());
    let stage = Stage::open(&lab, vec![provider]);
    let fetchmail = Fetchmail::new(&lab, stage.address, postfix.address, "example.org")
        .with_tls("provider.test", authority.file().to_owned());
    let ran = fetchmail.for_at_most(Duration::from_secs(4)).run();
    assert!(ran.never_ended, "{ran:#?}");
    assert_eq!(postfix.maildir.messages().len(), 0);
}
