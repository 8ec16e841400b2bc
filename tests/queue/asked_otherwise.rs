//! The same asked in other words, and what is asked for that is not there.

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::AtrnFetch;
use crate::{judge, laden, queuectl};

/// What was deleted is no part of a list, and so of no order but one that asks for it.
#[test]
fn what_was_deleted_is_meant_by_no_other_order() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let order =
        |words: &[&str], more: &[&str]| queuectl(&odmrd, &[words, more, &["--yes"]].concat());
    order(&["delete", "--domain", "example.org"], &[]).ended(0);
    for word in ["delete", "hold", "requeue", "expire", "bounce", "redirect"] {
        let mut words = vec![word, "--domain", "example.org"];
        if word == "redirect" {
            words.extend(["--to", "example.org"]);
        }
        let none = order(&words, &[]).ended(1);
        let told = &none.records()[0];
        let of = |key: &str| told[key].as_u64();
        assert_eq!((of("matched"), of("unfit")), (Some(0), Some(0)), "{word}: {told}");
        assert_eq!(none.err, "queuectl: nothing matched\n", "{word}");
        assert_eq!(order(&words, &["--allow-none"]).ended(0).err, "", "{word}");
        let look = queuectl(&odmrd, &[&words[..], &["--dry-run"]].concat()).ended(1);
        assert_eq!(look.err, "queuectl: 0 messages; nothing was done\n", "{word}");
    }
    // By its state, or in a condition, it is asked for.
    for words in [["--state", "deleted"], ["--where", "state = deleted"]] {
        let told = &order(&["delete"], &words).ended(1).records()[0];
        assert_eq!((&told["matched"], &told["unfit"]), (&3.into(), &3.into()), "{words:?}");
    }
    let undone = order(&["delete", "--undo", "--domain", "example.org"], &[]).ended(0);
    assert_eq!(undone.records()[0]["done"], 3);
}

#[test]
fn ids_are_told_of_what_has_some() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let by_hour = ["stats", "--since", "1h"];
    let order = ["hold", "--all", "--yes"];
    for words in [&["domains"][..], &["domains", "--ages"], &["stats"], &by_hour, &order] {
        for format in ["ids", "ids0"] {
            let refused = queuectl(&odmrd, &[words, &["--format", format]].concat()).ended(64);
            assert_eq!(refused.out, "", "{words:?}");
            let hint =
                refused.err.contains("records have none") && refused.err.contains("template:");
            assert!(hint, "{words:?}: {}", refused.err);
        }
    }
    assert!(queuectl(&odmrd, &["list", "--held"]).ended(0).records().is_empty());
    let look = queuectl(&odmrd, &["hold", "--all", "--dry-run", "--format", "ids"]).ended(0);
    assert_eq!(look.out, queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out);
    // A session has a name, and is no message.
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let words = ["watch", "--no-follow", "--event", "session_end", "--format", "ids"];
    assert_eq!(queuectl(&odmrd, &words).ended(0).out, "");
}

#[test]
fn an_age_may_be_asked_for_by_its_short_name() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let list = |words: &[&str]| queuectl(&odmrd, &[&["list"], words].concat());
    let some = list(&["--fields", "size,id,domain,age", "--sort", "age", "--json"]).ended(0);
    let first = some.out.lines().next().expect("a message");
    let record: Value = serde_json::from_str(first).expect("JSON");
    assert!(record["age"].is_u64(), "{first}");
    let places = ["size", "id", "domain", "age"].map(|name| first.find(&format!("\"{name}\":")));
    assert!(places.is_sorted() && places[0].is_some(), "in this order: {first}");
    list(&["--fields", "id,ago"]).ended(64);
    list(&["--sort", "ago"]).ended(64);
    list(&["--format", "template:{id} {age}"]).ended(0);
}

/// What the customer said, where nothing is done that could have a reason.
#[test]
fn a_reason_is_what_was_said_where_one_only_looks() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into("command:/usr/bin/false").run();
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    for (words, more) in [("no such words", 0), (".", 3)] {
        let count = |flag: &str| {
            queuectl(&odmrd, &["list", flag, words, "--json"]).ended(0).records().len()
        };
        assert_eq!((count("--reason"), count("--said")), (more, more), "{words}");
    }
    assert_eq!(queuectl(&odmrd, &["stats", "--reason", "."]).ended(0).records().len(), 1);
    queuectl(&odmrd, &["wait", "--any", "--reason", ".", "--timeout", "5s"]).ended(0);
    queuectl(&odmrd, &["export", out, "--reason", "no such words"]);
    let held = queuectl(&odmrd, &["hold", "--all", "--yes", "--reason", "no such words"]).ended(0);
    let told = &held.records()[0];
    assert_eq!((&told["done"], &told["reason"]), (&3.into(), &"no such words".into()));
}

#[test]
fn with_words_of_its_own_a_refusal_may_have_its_code() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let words = ["bounce", "--all", "--yes", "--code", "5.2.1", "--text", "closed"];
    // It is said once.
    queuectl(&odmrd, &[&words[..], &["--status", "5.7.1"]].concat()).ended(64);
    queuectl(&odmrd, &[&words[..], &["--code", "5.7.1"]].concat()).ended(64);
    // And says nothing of which messages.
    queuectl(&odmrd, &["bounce", "--yes", "--code", "5.2.1", "--text", "closed"]).ended(64);
    assert_eq!(queuectl(&odmrd, &words).ended(0).records()[0]["done"], 3);
    let told = queuectl(&odmrd, &["watch", "--no-follow", "--event", "bounced"]).ended(0).records();
    judge(&odmrd, "odmr.queue.event/1", &told);
    assert_eq!(told.len(), 3);
}

#[test]
fn of_an_account_that_is_none_nothing_is_told() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    for words in [&["sessions"][..], &["watch"], &["watch", "--no-follow"]] {
        let refused = queuectl(&odmrd, &[words, &["--account", "nosuch"]].concat()).ended(66);
        assert!(refused.err.contains("--account \"nosuch\": there is none"), "{}", refused.err);
        assert_eq!(refused.out, "");
    }
}
