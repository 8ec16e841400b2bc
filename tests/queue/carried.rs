//! What is carried away is brought back whole, or it is told what is missing.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::{Odmrd, RunningOdmrd};
use crate::{Said, laden, queuectl};

/// Three messages in files of this form, and an odmrd that has none of them.
fn away(lab: &Lab, form: &str) -> String {
    let mut from = laden(lab);
    let to = lab.path(&format!("away-{form}")).display().to_string();
    queuectl(&from, &["export", &to, "--as", form]).ended(0);
    from.daemon.terminate();
    to
}

fn brought(odmrd: &RunningOdmrd, from: &str) -> Said {
    queuectl(odmrd, &["import", from])
}

/// How many were kept, and how many refused.
fn counts(said: &Said) -> (u64, u64) {
    let record: Value = serde_json::from_str(&said.out).expect("one record");
    let of = |key: &str| record[key].as_u64().expect("a count");
    (of("kept"), of("refused"))
}

fn without_last_line(list: &Path) {
    let text = fs::read_to_string(list).expect("a list");
    let lines: Vec<&str> = text.lines().collect();
    fs::write(list, lines[..lines.len() - 1].join("\n") + "\n").expect("a shorter one");
}

fn append(file: &Path, octets: &[u8]) {
    let mut all = fs::read(file).expect("a file");
    all.extend_from_slice(octets);
    fs::write(file, all).expect("a longer one");
}

fn first_in(folder: &Path) -> std::path::PathBuf {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_none_or(|extension| extension == "eml"))
        .collect();
    files.sort();
    files.remove(0)
}

#[test]
fn mail_that_no_list_speaks_of_is_told_of() {
    for form in ["mbox", "maildir"] {
        let (lab, other) = (Lab::open(), Lab::open());
        let from = away(&lab, form);
        let list = match form {
            "mbox" => format!("{from}.jsonl"),
            _ => format!("{from}/envelopes.jsonl"),
        };
        without_last_line(Path::new(&list));
        let odmrd = Odmrd::new(&other).start();
        let said = brought(&odmrd, &from).ended(65);
        assert_eq!(counts(&said), (2, 1), "{form}: {}", said.err);
        assert!(said.err.contains("has no line"), "{form}: {}", said.err);
    }
}

#[test]
fn a_list_that_speaks_of_more_than_there_is_is_told_of() {
    let (lab, other) = (Lab::open(), Lab::open());
    let from = away(&lab, "mbox");
    let list = format!("{from}.jsonl");
    let text = fs::read_to_string(&list).expect("a list");
    fs::write(&list, format!("{text}{}\n", text.lines().next().expect("a line")))
        .expect("a longer one");
    let odmrd = Odmrd::new(&other).start();
    let said = brought(&odmrd, &from).ended(65);
    assert_eq!(counts(&said), (3, 1), "{}", said.err);
    assert!(said.err.contains("the file ends before this message"), "{}", said.err);
}

#[test]
fn a_content_that_goes_on_behind_its_end_is_not_cut() {
    for form in ["eml", "maildir", "mbox"] {
        let (lab, other) = (Lab::open(), Lab::open());
        let from = away(&lab, form);
        let file = match form {
            "eml" => first_in(Path::new(&from)),
            "maildir" => first_in(&Path::new(&from).join("new")),
            _ => from.clone().into(),
        };
        append(&file, b"0123456789abcdef");
        let odmrd = Odmrd::new(&other).start();
        let said = brought(&odmrd, &from).ended(65);
        assert_eq!(counts(&said), (2, 1), "{form}: {}", said.err);
        assert!(said.err.contains("the content goes on behind the"), "{form}: {}", said.err);
    }
}

/// What is wrong with one line is told of that one alone.
#[test]
fn a_line_of_garbage_costs_no_other_message() {
    let (lab, other) = (Lab::open(), Lab::open());
    let from = away(&lab, "mbox");
    let list = format!("{from}.jsonl");
    let text = fs::read_to_string(&list).expect("a list");
    let (_, rest) = text.split_once('\n').expect("a first line");
    fs::write(&list, format!("garbage\n{rest}")).expect("another list");
    let odmrd = Odmrd::new(&other).start();
    let said = brought(&odmrd, &from).ended(65);
    assert_eq!(counts(&said), (2, 1), "{}", said.err);
}

#[test]
fn an_envelope_of_another_time_is_refused() {
    let (lab, other) = (Lab::open(), Lab::open());
    let from = away(&lab, "eml");
    let odmrd = Odmrd::new(&other).start();
    let json = first_in(Path::new(&from)).with_extension("json");
    let envelope: Value = serde_json::from_slice(&fs::read(&json).expect("one")).expect("JSON");
    for (key, value, told) in [
        (
            "schema",
            "odmr.queue.message/9",
            "schema: saw odmr.queue.message/9, expected odmr.queue.message/1",
        ),
        ("state", "zzz", "state: saw \"zzz\", which is none"),
    ] {
        let mut envelope = envelope.clone();
        envelope[key] = value.into();
        fs::write(&json, envelope.to_string()).expect("another envelope");
        let said = brought(&odmrd, json.with_extension("eml").to_str().expect("a path")).ended(65);
        assert!(said.err.contains(told), "{}", said.err);
    }
}

/// Whoever was told where a message comes from that it waits is not told so again.
#[test]
fn of_whose_delay_somebody_was_told_is_known_elsewhere() {
    let (lab, other) = (Lab::open(), Lab::open());
    let mut from = laden(&lab);
    from.daemon.terminate();
    let spool = lab.path("odmrd-state/spool/spool.db");
    let db = rusqlite::Connection::open(spool).expect("a database");
    let sql = "UPDATE entry SET told = 1 WHERE id = (SELECT min(id) FROM entry)";
    assert_eq!(db.execute(sql, []), Ok(1));
    drop(db);
    from.restart(&lab);
    let told = |odmrd: &RunningOdmrd| -> Vec<Value> {
        let listed = queuectl(odmrd, &["list", "--json"]).ended(0).records();
        listed.into_iter().map(|mut record| record["delay_told"].take()).collect()
    };
    let one_of_three = [true, false, false].map(Value::from);
    assert_eq!(told(&from), one_of_three);
    let away = lab.path("away").display().to_string();
    queuectl(&from, &["export", &away]).ended(0);
    let there = Odmrd::new(&other).start();
    assert_eq!(told(&there), [Value::Null; 0]);
    brought(&there, &away).ended(0);
    assert_eq!(told(&there), one_of_three);
}
