//! The lab's own instruments, held against each other: a ledger that missed a loss, or a script that let
//! a wrong line pass, would make every other test here worthless.

use std::process::Command;
use std::time::Duration;

use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::process::Child;
use crate::lab::script::{Script, Stage};

#[test]
fn two_scripts_turn_around_under_tls() {
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let dialogue = r"
        P: 220 provider.test
        C: STARTTLS
        P: 220 2.0.0 Go ahead
        [tls]
        C: ATRN example.org
        P: 250 2.0.0 Turning
        C: 220 customer.test
        P: QUIT
        C: 221 2.0.0 Bye
    ";
    let tls = authority.issue(&lab, &["localhost"]).server_tls();
    let stage = Stage::open(&lab, vec![Script::provider(dialogue).with_server_tls(tls)]);
    let customer = Script::customer(dialogue).with_client_tls(authority.client_tls());
    let theirs = customer.call(stage.address).went_as_written();
    let ours = stage.close_one().went_as_written();
    assert_eq!(theirs.ladder, ours.ladder);
}

#[test]
fn a_script_says_any_octet_and_hears_it_octet_by_octet() {
    let lab = Lab::open();
    let stage = Stage::open(&lab, vec![Script::server("C: a\\b *\nC: ...\nC: last\nS: 250 ok")]);
    let client = "[slowly]\nC: a\\\\b \\0\\x01\nC: any\nC! la\nC! st\\r\\n\nS: 250 OK";
    Script::client(client).call(stage.address).went_as_written();
    let heard = stage.close_one().went_as_written();
    assert_eq!(heard.heard().collect::<Vec<_>>(), ["a\\b \0\u{1}", "any", "last"]);
}

#[test]
fn a_script_notices_what_it_did_not_expect() {
    let lab = Lab::open();
    let scripts = ["C: EHLO *", "C: HELO *", "[closed]", "C: HELO *\nC: QUIT"];
    let stage = Stage::open(&lab, scripts.map(Script::server).to_vec());
    for _ in scripts {
        Script::client("C: HELO here.test\n[drop]").call(stage.address).went_as_written();
    }
    let surprised = stage.close().into_iter().map(|played| played.surprise.is_some());
    assert_eq!(surprised.collect::<Vec<_>>(), [true, false, true, true]);
}

#[test]
fn a_script_gives_up_on_a_peer_that_stays_silent() {
    let lab = Lab::open();
    let server = Script::server("C: anything").patient_for(Duration::from_millis(20));
    let stage = Stage::open(&lab, vec![server]);
    Script::client("[stall]").call(stage.address).went_as_written();
    assert_eq!(stage.close_one().surprise.as_deref(), Some("the other side is silent"));
}

#[test]
fn the_ledger_forgives_trace_fields_and_line_ends() {
    let mut ledger = Ledger::default();
    let content = ledger.letter_8bit(3000).content;
    let stored =
        [b"Return-Path: <a@b>\nReceived: x\n\tby y\n".to_vec(), without_cr(&content)].concat();
    assert_eq!(ledger.reckon([&stored]), Reckoning::default());
}

#[test]
fn the_ledger_misses_no_loss_change_or_copy() {
    let mut ledger = Ledger::default();
    let letters = (0..4).map(|_| ledger.letter(800)).collect::<Vec<_>>();
    let [whole, twice, mut changed, lost] = letters.try_into().ok().expect("four");
    *changed.content.last_mut().expect("octets") = b'\r';
    let stranger = b"X-Ledger: somebody\r\n\r\n".to_vec();
    let arrived = [&whole.content, &twice.content, &twice.content, &changed.content, &stranger];
    let expected = Reckoning {
        missing: vec![lost.id],
        damaged: vec![changed.id],
        doubled: vec![twice.id],
        strangers: vec!["somebody".to_owned()],
    };
    assert_eq!(ledger.reckon(arrived), expected);
}

#[test]
fn a_child_is_waited_for_and_stopped_with_its_children() {
    let lab = Lab::open();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap 'echo goodbye; exit 7' TERM; echo $$ ready; sleep 1000 & wait"]);
    let mut child = Child::start(&lab, "shell", shell);
    child.until_log_says(&format!("{} ready", child.pid()));
    assert_eq!(child.terminate().code(), Some(7));
    assert!(child.log().contains("goodbye"));
    let mut sleeper = Command::new("sleep");
    sleeper.arg("1000");
    assert!(!Child::start(&lab, "sleeper", sleeper).kill().success());
}

fn without_cr(content: &[u8]) -> Vec<u8> {
    content.iter().copied().filter(|octet| *octet != b'\r').collect()
}
