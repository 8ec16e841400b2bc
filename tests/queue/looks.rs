//! Ways to look: by what, in what order, in which form.

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::{Said, judge, queuectl};

/// Three messages of different sizes; the second has two recipients, and a sender that a table must quote.
fn three(lab: &Lab) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab).start();
    let mut post = Post::open(odmrd.mx);
    let letter = |octets: usize| {
        [b"Subject: x\r\n\r\n", &b"0123456789\r\n".repeat(octets / 12)[..]].concat()
    };
    post.send("ann@sender.test", &["bob@example.org"], &letter(5000));
    post.send("\"a,b\\\"c\"@sender.test", &["bob@example.org", "eve@example.org"], &letter(100));
    post.send("", &["bob@example.org"], &letter(60_000));
    odmrd
}

fn list(odmrd: &RunningOdmrd, words: &[&str]) -> Said {
    queuectl(odmrd, &[&["list"], words].concat()).ended(0)
}

#[test]
fn by_size_time_and_what_was_tried() {
    let lab = Lab::open();
    let mut odmrd = three(&lab);
    let count = |words: &[&str]| list(&odmrd, words).records().len();
    assert_eq!((count(&["--smaller", "10k"]), count(&["--larger", "10k"])), (2, 1));
    assert_eq!((count(&["--newer", "1h"]), count(&["--newer", "0s"])), (3, 0));
    assert_eq!((count(&["--expires-within", "20d"]), count(&["--expires-within", "22d"])), (0, 3));
    assert_eq!((count(&["--attempts", "0"]), count(&["--attempts", ">0"])), (3, 0));
    assert_eq!((count(&["--code", "4xx"]), count(&["--damaged"]), count(&["--held"])), (0, 0, 0));
    AtrnFetch::new(&lab, odmrd.odmr).into("command:/usr/bin/false").run();
    assert_eq!((count(&["--attempts", "1"]), count(&["--attempts", ">1"])), (3, 0));
    assert_eq!(
        (count(&["--code", "4xx"]), count(&["--code", "451"]), count(&["--code", "5xx"])),
        (3, 3, 0)
    );
    let status =
        list(&odmrd, &[]).records()[0]["last"]["enhanced"].as_str().expect("one").to_owned();
    assert_eq!((count(&["--code", &status]), count(&["--code", "4.9.9"])), (3, 0));
    queuectl(&odmrd, &["hold", "--sender", "<>", "--yes"]).ended(0);
    assert_eq!(count(&["--held"]), 1);
    assert_eq!(
        (count(&["--held", "--state", "held"]), count(&["--held", "--state", "deferred"])),
        (1, 0)
    );
    // What it would not be done to is not promised.
    let look = |words: &[&str]| queuectl(&odmrd, &[words, &["--dry-run"]].concat());
    let held = look(&["release", "--all", "--state", "held", "--state", "deferred"]).ended(0);
    assert_eq!(held.out.lines().count(), 1);
    assert!(held.err.contains("2 in a state in which that makes no sense"), "{}", held.err);
    let none = look(&["release", "--state", "deferred"]).ended(1);
    assert_eq!(none.out, "");
    // A spool that nobody runs has nothing to tell, however long one waits.
    odmrd.daemon.terminate();
    let mut watch = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    watch.arg("--spool").arg(lab.path("odmrd-state/spool"));
    crate::run(watch, &["watch"]).ended(69);
}

#[test]
fn sorted_and_cut_and_in_columns_of_ones_choice() {
    let lab = Lab::open();
    let odmrd = three(&lab);
    let sizes = |words: &[&str]| -> Vec<u64> {
        let rows = list(&odmrd, words).records();
        rows.iter().map(|row| row["size"].as_u64().expect("a size")).collect()
    };
    let mut sorted = sizes(&[]);
    sorted.sort_unstable();
    assert_eq!(sizes(&["--sort", "size"]), sorted);
    sorted.reverse();
    assert_eq!(sizes(&["--sort", "size", "--reverse"]), sorted);
    // The largest two, and not the first two in the order of size.
    assert_eq!(sizes(&["--sort", "size", "--reverse", "--limit", "2"]), sorted[..2]);
    let arrived = list(&odmrd, &["--format", "ids"]).out;
    let backwards: Vec<&str> = arrived.lines().rev().collect();
    let reversed = list(&odmrd, &["--reverse", "--format", "ids"]).out;
    assert_eq!(reversed.lines().collect::<Vec<_>>(), backwards);

    let csv = list(&odmrd, &["--format", "csv", "--fields", "sender,size,domain"]).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "sender,size,domain");
    assert!(lines[2].starts_with("\"\"\"a,b\\\\\"\"c\"\"@sender.test\","), "{csv}");
    assert!(lines[3].starts_with(",") && lines[3].ends_with(",example.org"), "{csv}");
    let tsv = list(&odmrd, &["--format", "tsv", "--fields", "domain,sender"]).out;
    assert!(tsv.starts_with("example.org\tann@sender.test\n"), "{tsv}");
    let filled = list(&odmrd, &["--format", "template:{domain} {size}\\n", "--sort", "size"]).out;
    assert_eq!(filled.lines().count(), 3);
    assert!(filled.starts_with("example.org "), "{filled}");
    let array: Value =
        serde_json::from_str(&list(&odmrd, &["--format", "json"]).out).expect("JSON");
    assert_eq!(array.as_array().map(Vec::len), Some(3));
    let wide = list(&odmrd, &["--format", "wide"]).out;
    for seen in ["ann@sender.test", "eve@example.org", "58.8K"] {
        assert!(wide.contains(seen), "{seen} is not in\n{wide}");
    }
    let wrong = queuectl(&odmrd, &["list", "--fields", "sender,colour"]).ended(64).err;
    assert!(wrong.contains("colour"), "{wrong}");
}

#[test]
fn a_row_for_each_recipient_has_its_own_state_and_what_is_told_of_the_message() {
    let lab = Lab::open();
    let odmrd = three(&lab);
    let rows = list(&odmrd, &["--by-recipient", "--json"]).records();
    let address = |row: &Value| row["address"].as_str().expect("one").to_owned();
    let all: Vec<String> = rows.iter().map(address).collect();
    assert_eq!(all, ["bob@example.org", "bob@example.org", "eve@example.org", "bob@example.org"]);
    judge(&odmrd, "odmr.queue.recipient/1", &rows);
}
