//! What is named and is not there, or is there no more.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::{laden, queuectl};

/// Whoever was born long before.
const GONE: &str = "01M85AQA6RYMB2JKEQ85R1F64P";

#[test]
fn the_others_are_not_kept_from_what_is_done_to_them() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let [first, second, third] = ids.lines().collect::<Vec<_>>()[..] else { panic!("{ids}") };
    let looked = queuectl(&odmrd, &["hold", first, GONE, "--dry-run"]).ended(66);
    assert_eq!(looked.out.trim(), first);
    assert!(looked.err.contains(&format!("{GONE}: there is no such message")), "{}", looked.err);
    let held = queuectl(&odmrd, &["hold", first, GONE, "--yes", "--json"]).ended(66);
    let record = &held.records()[0];
    assert_eq!((&record["done"], &record["missing"]), (&1.into(), &1.into()));
    assert_eq!(record["missing_ids"][0], GONE);
    crate::judge(&odmrd, "odmr.queue.action/1", &held.records());
    queuectl(&odmrd, &["hold", second, GONE, "--yes", "--allow-none"]).ended(0);
    queuectl(&odmrd, &["hold", GONE, "--yes"]).ended(66);
    queuectl(&odmrd, &["hold", GONE, "--yes", "--allow-none"]).ended(0);
    let held = queuectl(&odmrd, &["list", "--held", "--format", "ids"]).ended(0).out;
    assert_eq!(held, format!("{first}\n{second}\n"));
    let to = lab.path("some");
    let to = to.to_str().expect("a path");
    let written = queuectl(&odmrd, &["export", to, third, GONE]).ended(66);
    assert!(written.err.contains("1 written") && written.err.contains(GONE), "{}", written.err);
    assert!(lab.path("some").join(format!("{third}.eml")).exists());
    let nowhere = lab.path("none");
    queuectl(&odmrd, &["export", nowhere.to_str().expect("a path"), GONE]).ended(66);
    assert!(!nowhere.exists());
}

#[test]
fn no_name_is_nobody_and_not_everybody() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let none = queuectl(&odmrd, &["list", "--id", "-", "--json"]).ended(0);
    assert_eq!(none.out, "");
    queuectl(&odmrd, &["list", "--id", "-", "--fail-if-empty"]).ended(1);
    let refused = queuectl(&odmrd, &["delete", "-", "--yes"]).ended(1);
    assert!(refused.err.contains("names no message"), "{}", refused.err);
    queuectl(&odmrd, &["delete", "-", "--yes", "--allow-none"]).ended(0);
    assert_eq!(queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out.lines().count(), 3);
}

#[test]
fn what_was_deleted_is_waited_for_by_nobody() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    queuectl(&odmrd, &["list", "--fail-if-any"]).ended(1);
    queuectl(&odmrd, &["wait", "--timeout", "1s"]).ended(75);
    queuectl(&odmrd, &["list", "--format", "nagios", "--warning", "0"]).ended(1);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let first = ids.lines().next().expect("an id");
    queuectl(&odmrd, &["list", "--fail-if-empty"]).ended(0);
    queuectl(&odmrd, &["delete", first, "--yes"]).ended(0);
    let listed = |words: &[&str]| queuectl(&odmrd, &[&["list", "--json"], words].concat());
    let count = |words: &[&str]| listed(words).ended(0).records().len();
    assert_eq!((count(&[]), count(&["--include-done"])), (2, 3));
    assert_eq!((count(&["--by-recipient"]), count(&["--state", "deleted"])), (2, 1));
    assert_eq!((count(&["--id", first]), count(&["--where", "state == 'deleted'"])), (1, 1));
    assert_eq!((count(&["--where", "size > 0"]), count(&["--domain", "example.org"])), (2, 2));
    queuectl(&odmrd, &["delete", "--all", "--yes"]).ended(0);
    assert_eq!(count(&[]), 0);
    queuectl(&odmrd, &["list", "--fail-if-empty"]).ended(1);
    queuectl(&odmrd, &["list", "--fail-if-empty", "--state", "deleted"]).ended(0);
    queuectl(&odmrd, &["list", "--fail-if-any"]).ended(0);
    queuectl(&odmrd, &["wait", "--timeout", "1s"]).ended(0);
    for what in ["list", "domains"] {
        queuectl(&odmrd, &[what, "--format", "nagios", "--warning", "0"]).ended(0);
    }
    queuectl(&odmrd, &["list", "--state", "deleted", "--fail-if-any"]).ended(1);
    // What has left is asked for by its name.
    queuectl(&odmrd, &["list", "--state", "delivered", "--fail-if-any"]).ended(0);
}

#[test]
fn a_message_may_be_cut_by_the_end_of_a_list_of_recipients() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for limit in ["1", "2"] {
        let words = ["list", "--by-recipient", "--json", "--limit", limit];
        let said = queuectl(&odmrd, &words).ended(0);
        assert_eq!(said.records().len().to_string(), limit);
        assert!(!said.err.contains("--cursor"), "{}", said.err);
    }
    queuectl(&odmrd, &["audit", "--limit", "18446744073709551615"]).ended(0);
}

#[test]
fn a_code_says_which_and_not_what_is_told() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let refused = queuectl(&odmrd, &["bounce", "--all", "--yes", "--code", "5.7.1"]).ended(64);
    assert!(refused.err.contains("--status 5.7.1"), "{}", refused.err);
    assert_eq!(queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out.lines().count(), 3);
}

/// Who deletes by a list made a while ago finds some of them gone.
#[test]
fn names_from_standard_input_may_be_old() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(odmrd.config()).args(["delete", "-", "--yes", "--allow-none"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("queuectl");
    let mut stdin = child.stdin.take().expect("a pipe");
    write!(stdin, "{GONE}\n{ids}").expect("ids");
    drop(stdin);
    assert!(child.wait_with_output().expect("queuectl").status.success());
    queuectl(&odmrd, &["wait", "--timeout", "1s"]).ended(0);
}

/// Whoever takes an import up again, of which some has been fetched meanwhile, sends nobody two copies.
#[test]
fn what_was_imported_and_has_left_does_not_come_again() {
    let lab = Lab::open();
    let first = laden(&lab);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&first, &["export", out]).ended(0);
    let second = Odmrd::named(&lab, "second").start();
    let import = |words: &[&str]| {
        let said = queuectl(&second, &[&["import", out], words].concat()).ended(0);
        crate::judge(&second, "odmr.queue.imported/1", &said.records());
        let told = &said.records()[0];
        let counts = ["kept", "there", "left"].map(|field| told[field].as_u64());
        (counts.map(|count| count.expect("a number")), said.err)
    };
    assert_eq!(import(&[]).0, [3, 0, 0]);
    let fetch = || AtrnFetch::new(&lab, second.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(fetch().count("accepted"), 3);
    let (counts, said) = import(&[]);
    assert_eq!(counts, [0, 0, 3]);
    assert!(said.contains("--again"), "{said}");
    assert!(queuectl(&second, &["list"]).ended(0).records().is_empty());
    assert_eq!(import(&["--again"]).0, [3, 0, 0]);
    assert_eq!(import(&[]).0, [0, 3, 0]);
    assert_eq!(fetch().count("accepted"), 3);
}

#[test]
fn a_message_is_found_by_its_own_name() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut post = Post::open(odmrd.mx);
    let letter = b"Subject: x\r\nMessage-Id: <1@sender.test>\r\n\r\nMessage-ID: <2@x>\r\n";
    post.deliver("ann@sender.test", "bob@example.org", letter);
    let find = |what: &str| {
        let said = queuectl(&odmrd, &["list", "--json", "--where", what]).ended(0);
        said.records()
    };
    let found = find("message_id = '<1@sender.test>'");
    crate::judge(&odmrd, "odmr.queue.message/1", &found);
    assert_eq!((found.len(), &found[0]["message_id"]), (1, &"<1@sender.test>".into()));
    assert!(find("message_id = '<2@x>'").is_empty());
    assert!(find("message_id != *@*").iter().all(|record| record["message_id"].is_null()));
    let mut post = Post::open(odmrd.mx);
    let mut large = b"Message-ID: <3@sender.test>\r\n\r\n".to_vec();
    large.extend(b"x\r\n".repeat(200_000));
    post.deliver("ann@sender.test", "bob@example.org", &large);
    assert_eq!(find("message_id = '<3@*'").len(), 1);
}

#[test]
fn the_shape_of_a_queue_is_seen_at_a_glance() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let shape = queuectl(&odmrd, &["stats", "--shape", "--json"]).ended(0).records();
    crate::judge(&odmrd, "odmr.queue.group/1", &shape);
    assert_eq!((&shape[0]["by"], &shape[0]["key"]), (&"domain".into(), &"example.org".into()));
    assert_eq!((&shape[0]["ages"]["1h"], &shape[0]["ages"]["older"]), (&3.into(), &0.into()));
    let shown = queuectl(&odmrd, &["stats", "--shape", "--format", "human"]).ended(0).out;
    for word in ["KEY", "1H", "7D", "OLDER", "example.org"] {
        assert!(shown.contains(word), "{shown}");
    }
    let largest = ["stats", "--group-by", "sender", "--limit", "2", "--json"];
    assert_eq!(queuectl(&odmrd, &largest).ended(0).records().len(), 2);
    let sizes = queuectl(&odmrd, &["stats", "--group-by", "size", "--json"]).ended(0).records();
    assert_eq!((sizes.len(), &sizes[0]["key"]), (1, &"1 up to 4 KiB".into()));
}

/// A list that is cut tells of those among the ones before the cut that are not there, and each once.
#[test]
fn what_is_not_there_is_told_on_every_page() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let [first, second, third] = ids.lines().collect::<Vec<_>>()[..] else { panic!("{ids}") };
    let last = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    let named: Vec<&str> =
        [GONE, first, second, third, last].iter().flat_map(|id| ["--id", id]).collect();
    let list = |words: &[&str], code: i32| {
        queuectl(&odmrd, &[&["list", "--format", "ids"], &named[..], words].concat()).ended(code)
    };
    let page = list(&["--limit", "2"], 66);
    assert_eq!(page.out, format!("{first}\n{second}\n"));
    assert!(page.err.contains(&format!("{GONE}: there is no such")), "{}", page.err);
    assert!(!page.err.contains(last), "{}", page.err);
    let cursor = page.err.split_once("--cursor ").expect("a cursor").1;
    let cursor = cursor.lines().next().expect("a word");
    let page = list(&["--limit", "2", "--cursor", cursor], 66);
    assert_eq!(page.out, format!("{third}\n"));
    assert!(page.err.contains(last) && !page.err.contains(GONE), "{}", page.err);
    // What is sorted is shown all the same.
    let sorted = list(&["--sort", "id", "--reverse", "--limit", "1"], 66);
    assert_eq!(sorted.out, format!("{third}\n"));
    assert!(sorted.err.contains(&format!("{GONE} and 1 others")), "{}", sorted.err);
}

#[test]
fn more_ids_than_can_be_asked_for_are_refused_at_once() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(odmrd.config()).args(["list", "--id", "-"]);
    let ids = format!("{GONE}\n").repeat(160_000);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("queuectl");
    child.stdin.take().expect("a pipe").write_all(ids.as_bytes()).expect("ids");
    let said = child.wait_with_output().expect("queuectl");
    let err = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(64), "{err}");
    assert!(err.contains("too many ids") && err.contains("split"), "{err}");
    assert!(err.lines().count() <= 2, "{err}");
}

#[test]
fn what_was_tried_and_held_is_so_where_it_moves_to() {
    let lab = Lab::open();
    let first = laden(&lab);
    AtrnFetch::new(&lab, first.odmr).into("command:/usr/bin/false").run();
    let hold = ["hold", "--sender", "<>", "--until", "12h", "--yes", "--reason", "not yet"];
    queuectl(&first, &hold).ended(0);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&first, &["export", out]).ended(0);
    let second = Odmrd::named(&lab, "second").start();
    queuectl(&second, &["import", out]).ended(0);
    let all = |odmrd: &RunningOdmrd| -> Vec<Value> {
        let records = queuectl(odmrd, &["list", "--json"]).ended(0).records().into_iter();
        let of = |one: Value| {
            let keys = ["id", "state", "attempts", "last", "hold", "source"];
            let mut kept: Vec<Value> = keys.iter().map(|key| one[*key].clone()).collect();
            let recipient = &one["recipients"][0];
            kept.extend(["state", "attempts", "last"].map(|key| recipient[key].clone()));
            Value::from(kept)
        };
        records.map(of).collect()
    };
    let (before, after) = (all(&first), all(&second));
    assert_eq!(before[0][1], "deferred");
    assert_eq!((&before[0][2], &before[1][1]), (&1.into(), &"held".into()));
    assert_eq!(before, after);
    // It is in the counts of what was tried, too.
    let domains = queuectl(&second, &["domains", "--json"]).ended(0).records();
    assert_eq!(domains[0]["by_state"]["deferred"], 2, "{}", domains[0]);
    queuectl(&second, &["verify"]).ended(0);
}

#[test]
fn an_order_for_new_mail_alone_has_its_number_in_the_audit() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let words = ["hold", "--domain", "example.org", "--future", "--yes", "--reason", "moving"];
    let told = queuectl(&odmrd, &words).ended(0).records();
    let audit = queuectl(&odmrd, &["audit", "--json"]).ended(0).records();
    assert_eq!((&audit[0]["id"], &audit[0]["action"]), (&told[0]["audit"], &"hold_future".into()));
}
