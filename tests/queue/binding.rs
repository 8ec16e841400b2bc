//! An order does what was meant, and no more.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use crate::lab::Lab;
use crate::lab::ours::{Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::{LETTER, laden, queuectl};

/// Says a request as odmr-control(7) has it, and hears the records and the end.
fn told(lab: &Lab, request: &Value) -> Vec<Value> {
    let line = UnixStream::connect(lab.path("odmrd-state/control")).expect("a socket");
    writeln!(&line, "{request}").expect("said");
    line.shutdown(std::net::Shutdown::Write).expect("said all");
    let lines = BufReader::new(line).lines().map_while(Result::ok);
    lines
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(&line).expect("JSON"))
        .collect()
}

fn states(odmrd: &RunningOdmrd) -> Vec<String> {
    let all = queuectl(odmrd, &["list", "--json", "--include-done"]).ended(0).records();
    all.iter().map(|one| one["state"].as_str().expect("a state").to_owned()).collect()
}

#[test]
fn more_than_somebody_was_shown_are_left_alone() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let hold = |most: u64| json!({"command": "act", "action": "hold", "filter": {}, "most": most});
    let end = told(&lab, &hold(2)).pop().expect("an end");
    assert!(end.to_string().contains("3 messages are meant by now, not 2"), "{end}");
    assert_eq!(states(&odmrd), ["waiting", "waiting", "waiting"]);
    told(&lab, &hold(3));
    assert_eq!(states(&odmrd), ["held", "held", "held"]);
}

#[test]
fn of_what_is_damaged_nothing_else_is_released_or_undone() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    queuectl(&odmrd, &["hold", "--all", "--yes"]).ended(0);
    queuectl(&odmrd, &["release", "--damaged", "--yes"]).ended(1);
    assert_eq!(states(&odmrd), ["held", "held", "held"]);
    queuectl(&odmrd, &["delete", "--sender", "<>", "--yes"]).ended(0);
    queuectl(&odmrd, &["delete", "--undo", "--held", "--yes"]).ended(1);
    assert_eq!(states(&odmrd), ["held", "deleted", "held"]);
    queuectl(&odmrd, &["release", "--yes"]).ended(0);
    assert_eq!(states(&odmrd), ["waiting", "deleted", "waiting"]);
}

#[test]
fn a_domain_is_found_whatever_its_case() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    Post::open(odmrd.mx).deliver("x@Spam.Example", "Bob@Example.ORG", LETTER);
    let count = |words: &[&str]| queuectl(&odmrd, words).ended(0).records().len();
    assert_eq!(count(&["list", "--sender", "*@spam.example", "--json"]), 1);
    assert_eq!(count(&["list", "--rcpt", "bob@example.org", "--json"]), 1);
}

#[test]
fn what_was_deleted_does_not_come_back_by_a_move() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    queuectl(&odmrd, &["delete", "--sender", "<>", "--yes", "--reason", "spam"]).ended(0);
    let out = lab.path("out").display().to_string();
    queuectl(&odmrd, &["export", &out]).ended(0);
    let files = |folder: &str| std::fs::read_dir(lab.path(folder)).expect("a folder").count();
    assert_eq!(files("out"), 4, "two messages with their envelopes");
    // As evidence, when it is asked for; and where it is brought in it waits for somebody.
    let seized = lab.path("seized").display().to_string();
    queuectl(&odmrd, &["export", &seized, "--state", "deleted"]).ended(0);
    let other = Odmrd::named(&lab, "other").start();
    queuectl(&other, &["import", &seized]).ended(0);
    let there = &queuectl(&other, &["list", "--json"]).ended(0).records()[0];
    assert_eq!(
        (&there["state"], &there["hold"]["reason"]),
        (&"held".into(), &"deleted where it came from: spam".into())
    );
}

#[test]
fn what_is_there_is_shown_beside_what_is_not() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let there = ids.lines().next().expect("an id");
    let gone = "01M85AQA6RYMB2JKEQ85R1F64P";
    for form in [&["--format", "json"][..], &["--format", "human"], &["--sort", "size"]] {
        let shown =
            queuectl(&odmrd, &[&["list", "--id", there, "--id", gone], form].concat()).ended(66);
        assert!(shown.out.contains(there), "{form:?}: {}", shown.out);
        assert!(shown.err.contains(gone), "{form:?}: {}", shown.err);
        if form.contains(&"json") {
            serde_json::from_str::<Value>(&shown.out).expect("a whole array");
        }
    }
    let wrong =
        queuectl(&odmrd, &["delete", "--all", "--yes", "--fields", "id,colour"]).ended(64).err;
    assert!(
        wrong.contains("no such field: id") || wrong.contains("no such field: colour"),
        "{wrong}"
    );
    assert_eq!(states(&odmrd), ["waiting", "waiting", "waiting"]);
    // Mail that is yet to come is something, too.
    let other = Odmrd::named(&lab, "other").start();
    let hold = ["hold", "--domain", "example.org", "--future", "--reason", "x", "--dry-run"];
    queuectl(&other, &hold).ended(0);
    queuectl(&odmrd, &["list", "--format", "template:{id} {source.ip} {recipients.address}"])
        .ended(0);
    queuectl(&odmrd, &["list", "--format", "template:{id} {source.port}"]).ended(64);
}

/// Nothing at all: neither what is there nor what is yet to come.
#[test]
fn more_than_somebody_was_shown_holds_no_new_mail_either() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let filter = json!({"domain": ["example.org"]});
    let hold = json!({"command": "act", "action": "hold", "filter": filter, "future": true,
        "reason": "a move", "most": 2});
    let end = told(&lab, &hold).pop().expect("an end");
    assert!(end.to_string().contains("not 2; nothing was done"), "{end}");
    Post::open(odmrd.mx).deliver("new@sender.test", "bob@example.org", LETTER);
    assert_eq!(states(&odmrd), ["waiting"; 4]);
}
