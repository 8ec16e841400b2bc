//! What fetchmail does wrong as a customer ([`crate::calibration`] shows it), and `atrn-fetch` must not:
//! a test for each row, named after the failure.

use crate::calibration::{GOODBYE, TURNED, UP_TO_ATRN};
use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, DOMAIN, Fetched};
use crate::lab::post::stuffed;
use crate::lab::process::run;
use crate::lab::script::{Played, Script, Stage};

/// The provider of the calibration, carrying on like this.
pub fn then(rest: &[&str]) -> Script {
    Script::provider(&[&[UP_TO_ATRN], rest].concat().concat())
}

/// Lets `atrn-fetch` meet providers, one a call, and deliver into a Maildir.
pub fn meets(lab: &Lab, providers: Vec<Script>, flags: &[&str]) -> (Fetched, Vec<Played>) {
    let stage = Stage::open(lab, providers);
    let fetched = AtrnFetch::new(lab, stage.address).into_maildir().flags(flags).run();
    (fetched, stage.close())
}

/// The same with one provider, which must hear what it expects.
#[track_caller]
pub fn meets_one(provider: Script, flags: &[&str]) -> Fetched {
    let lab = Lab::open();
    let (fetched, played) = meets(&lab, vec![provider], flags);
    assert_eq!(played.len(), 1, "{played:#?}\n{fetched:#?}");
    played.into_iter().for_each(|played| drop(played.went_as_written()));
    fetched
}

/// One small message from MAIL to the answer, its content where the script says `[say content]`.
pub const MESSAGE: &str = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 250 *\n\
    P: DATA\nC: 354 *\n[say content]\nC: 250 *\n";
/// The end of a reversed session.
pub const QUIT: &str = "P: QUIT\nC: 221 *\n";

#[test]
fn its_port_is_unknown_to_the_system() {
    let lab = Lab::open();
    let mut command = AtrnFetch::new(&lab, lab.free()).command("show-config");
    let args = command.get_args().skip(1).map(ToOwned::to_owned).collect::<Vec<_>>();
    command = std::process::Command::new(command.get_program());
    let at = args.iter().position(|arg| arg == "--port").expect("a port");
    command
        .arg("show-config")
        .args(&args[..at])
        .args(&args[at + 2..])
        .env("HOME", lab.room("home"));
    let ran = run(&lab, command).succeeded();
    assert!(ran.out.lines().any(|line| line.trim() == "port = 366"), "{ran:#?}");
}

#[test]
fn success_has_no_figures() {
    let lab = Lab::open();
    let mut ledger = Ledger::default();
    let content = ledger.letter(3000).content;
    let provider = then(&[TURNED, MESSAGE, QUIT]).with("content", &stuffed(&content));
    let no_more = then(&["P: 453 You have no mail", GOODBYE]);
    let (fetched, _) = meets(&lab, vec![provider, no_more], &[]);
    let fetched = fetched.ended(0, "ok");
    let counts = ["offered", "accepted", "deferred", "refused"].map(|key| fetched.count(key));
    assert_eq!(counts, [1, 1, 0, 0], "{fetched:#?}");
    assert_eq!(fetched.count("bytes"), content.len() as u64);
    assert_eq!(fetched.text("mech"), "CRAM-MD5");
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default());
}

#[test]
fn no_mail_looks_like_mail() {
    let fetched = meets_one(then(&["P: 453 You have no mail", GOODBYE]), &[]).ended(0, "no_mail");
    assert_eq!(fetched.text("last_reply"), "453 You have no mail");
    let provider = then(&["P: 453 You have no mail", GOODBYE]);
    let fetched = meets_one(provider, &["--no-mail-exit", "3"]);
    assert_eq!(fetched.code, Some(3), "{fetched:#?}");
}

#[test]
fn not_yours_and_too_soon_are_one() {
    let exit = |answer: &str| meets_one(then(&[answer, GOODBYE]), &[]);
    exit("P: 450 ATRN request refused").ended(75, "tempfail");
    exit("P: 450 4.7.0 too soon").ended(75, "tempfail");
    exit("P: 450 4.7.1 ATRN request refused").ended(77, "denied");
    exit("P: 450 Access denied").ended(77, "denied");
}

#[test]
fn cannot_now_is_another_copy_running() {
    let provider = then(&["P: 451 Unable to process ATRN request now", GOODBYE]);
    let fetched = meets_one(provider, &[]).ended(75, "tempfail");
    assert!(fetched.said.contains("451 Unable to process"), "{fetched:#?}");
}

#[test]
fn no_atrn_is_a_protocol_error_after_the_password() {
    let provider = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250 AUTH CRAM-MD5";
    let fetched = meets_one(Script::provider(&[provider, GOODBYE].concat()), &[]);
    let fetched = fetched.ended(76, "protocol");
    assert!(fetched.said.contains("its EHLO lists no ATRN"), "{fetched:#?}");
}

#[test]
fn a_wrong_password_is_a_strange_number_and_no_word() {
    let provider = UP_TO_ATRN.replace("P: 235 2.7.0 Welcome", "P: 535 5.7.8 No");
    let provider = Script::provider(&provider.replace("    C: ATRN *\n", ""));
    let fetched = meets_one(provider, &[]).ended(77, "denied");
    assert!(
        fetched.said.contains("AUTH CRAM-MD5") && fetched.said.contains("535 5.7.8 No"),
        "{fetched:#?}"
    );
}

#[test]
fn cram_md5_whatever_is_offered() {
    let provider = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250-AUTH LOGIN PLAIN\n\
        P: 250 ATRN\nC: AUTH PLAIN *\nP: 235 2.7.0 Welcome\nC: ATRN example.org\nP: 453 No mail\n";
    let fetched = meets_one(Script::provider(&[provider, GOODBYE].concat()), &[]);
    assert_eq!(fetched.ended(0, "no_mail").text("mech"), "PLAIN");
}

#[test]
fn a_line_dropped_after_mail_is_success() {
    let provider = then(&[TURNED, "P: MAIL FROM:<a@sender.test>\nC: 250 *\n[drop]"]);
    meets_one(provider, &[]).ended(75, "tempfail");
}

#[test]
fn a_line_dropped_inside_a_message_is_success() {
    let lab = Lab::open();
    let rest = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 250 *\n\
        P: DATA\nC: 354 *\nP: Subject: half\nP:\nP: a message\n[drop]";
    let (fetched, _) = meets(&lab, vec![then(&[TURNED, rest])], &[]);
    fetched.ended(75, "tempfail");
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 0);
}

#[test]
fn a_silent_provider_holds_it_for_ever() {
    let quick = ["--timeout-command", "1s", "--timeout-greeting", "1s", "--timeout-data", "1s"];
    let after_the_turn = then(&["P: 250 2.0.0 Turning\nC: 220 *\n[stall]"]);
    meets_one(after_the_turn, &quick).ended(75, "tempfail");
    meets_one(Script::provider("[stall]"), &quick).ended(75, "tempfail");
    let inside = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 250 *\n\
        P: DATA\nC: 354 *\nP: Subject: half\n[stall]";
    meets_one(then(&[TURNED, inside]), &quick).ended(75, "tempfail");
}

#[test]
fn a_target_that_refuses_everybody_is_success() {
    let lab = Lab::open();
    let target = "S: 220 target.test\nC: EHLO *\nS: 250 target.test\nC: MAIL *\nS: 250 ok\nC: RCPT *\n\
        S: 454 4.3.0 not now\nC: ...\nC: QUIT\nS: 221 bye";
    let target = Stage::open(
        &lab,
        vec![Script::server(&target.replace("C: ...\nC: QUIT", "C: *\nS: 250 ok\nC: QUIT"))],
    );
    let rest = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 454 *\n";
    let stage = Stage::open(&lab, vec![then(&[TURNED, rest, QUIT])]);
    let fetched = AtrnFetch::new(&lab, stage.address).into_smtp(target.address).run();
    stage.close_one().went_as_written();
    let fetched = fetched.ended(1, "partial");
    assert_eq!(fetched.count("deferred"), 1, "{fetched:#?}");
    assert_eq!(fetched.summary["by_code"], serde_json::json!({"454": 1}), "{fetched:#?}");
}

#[test]
fn that_its_target_is_down_it_learns_after_the_turn() {
    let lab = Lab::open();
    let stage = Stage::open(&lab, vec![then(&["P: 250 2.0.0 Turning\n[closed]"])]);
    let fetch = AtrnFetch::new(&lab, stage.address).into_smtp(lab.free());
    fetch.run().ended(75, "tempfail");
    assert_eq!(stage.close().len(), 0, "the provider was called");
}

/// The ATRN lines that it says for these domains, in all its calls.
fn atrn_lines(domains: &[&str]) -> Vec<String> {
    let lab = Lab::open();
    let provider = then(&["P: 453 You have no mail", GOODBYE]);
    let stage = Stage::open(&lab, vec![provider; 60]);
    let fetch = AtrnFetch::asking(&lab, stage.address, domains).into_maildir();
    let fetch = fetch.flags(&["--tls", "none", "--clear-auth", "plain"]);
    let fetch = if domains.is_empty() { fetch.flags(&["--accept-domain", DOMAIN]) } else { fetch };
    fetch.run().ended(0, "no_mail");
    let lines = stage.close().into_iter().flat_map(|played| {
        let played = played.went_as_written();
        played
            .heard()
            .filter(|line| line.starts_with("ATRN"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    lines.collect()
}

#[test]
fn without_domains_it_claims_its_own_short_name() {
    // The script hears `ATRN *`; a bare ATRN has no blank.
    let lab = Lab::open();
    let provider = UP_TO_ATRN.replace("C: ATRN *", "C: ATRN");
    let provider = Script::provider(&[&provider, "P: 453 You have no mail", GOODBYE].concat());
    let stage = Stage::open(&lab, vec![provider]);
    let fetch = AtrnFetch::asking(&lab, stage.address, &[]).into_maildir();
    let flags = ["--tls", "none", "--clear-auth", "plain", "--accept-domain", DOMAIN];
    fetch.flags(&flags).run().ended(0, "no_mail");
    stage.close_one().went_as_written();
}

#[test]
fn many_domains_become_one_endless_line() {
    for how_many in [60, 400] {
        let names = (0..how_many).map(|n| format!("customer-{n:03}-of-many.example.org"));
        let names = names.collect::<Vec<_>>();
        let lines = atrn_lines(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(lines.iter().all(|line| line.len() + 2 <= 512), "{lines:#?}");
        let claimed = lines.iter().flat_map(|line| line["ATRN ".len()..].split(','));
        assert_eq!(claimed.collect::<Vec<_>>(), names, "none is lost");
    }
}

#[test]
fn starttls_is_passed_over_even_where_it_was_demanded() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let dialogue = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250-STARTTLS\nP: 250-AUTH PLAIN\n\
        P: 250 ATRN\nC: STARTTLS\nP: 220 go on\n[tls]\n";
    let behind = UP_TO_ATRN.split_once('\n').expect("lines").1.split_once('\n').expect("lines").1;
    let script = [dialogue, behind, "P: 453 No mail", GOODBYE].concat();
    let provider =
        Script::provider(&script).with_server_tls(ca.issue(&lab, &["provider.test"]).server_tls());
    let stage = Stage::open(&lab, vec![provider]);
    let fetched = AtrnFetch::over_tls(&lab, stage.address, "starttls", &ca).into_maildir().run();
    stage.close_one().went_as_written();
    assert_eq!(fetched.ended(0, "no_mail").text("tls"), "TLSv1.3");
}

#[test]
fn starttls_that_is_missing_is_done_without() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    for mode in ["starttls", "require"] {
        let bare = "P: 220 provider.test\nC: EHLO *\nP: 250-provider.test\nP: 250-AUTH PLAIN CRAM-MD5\nP: 250 ATRN";
        let stage = Stage::open(&lab, vec![Script::provider(&[bare, GOODBYE].concat())]);
        let fetched = AtrnFetch::over_tls(&lab, stage.address, mode, &ca).into_maildir().run();
        stage.close_one().went_as_written();
        fetched.ended(77, "denied");
    }
}

#[test]
fn a_look_without_fetching_is_refused() {
    let lab = Lab::open();
    let provider = UP_TO_ATRN.replace("\n    C: ATRN *", "");
    let stage = Stage::open(&lab, vec![Script::provider(&[&provider, GOODBYE].concat())]);
    let ran = run(&lab, AtrnFetch::new(&lab, stage.address).command("check")).succeeded();
    stage.close_one().went_as_written();
    assert!(ran.out.contains("logged in by CRAM-MD5") && ran.out.contains("  ATRN\n"), "{ran:#?}");
}
