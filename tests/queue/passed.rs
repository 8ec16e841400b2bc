//! What has come and gone, as it is told afterwards.

use serde_json::Value;

use crate::lab::Lab;
use crate::lab::ours::AtrnFetch;
use crate::lab::post::Post;
use crate::{LETTER, judge, laden, queuectl};

#[test]
fn what_came_and_went_is_told_with_its_rates() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let said = queuectl(&odmrd, &["stats", "--since", "1h", "--json"]).ended(0);
    assert!(said.err.contains("odmrd was started then"), "{}", said.err);
    let all = said.records();
    judge(&odmrd, "odmr.queue.traffic/1", &all);
    assert_eq!((all.len(), &all[0]["by"], &all[0]["key"]), (1, &"all".into(), &"all".into()));
    assert_eq!(all[0]["missing"], "restarted");
    let (received, delivered) = (&all[0]["received"], &all[0]["delivered"]);
    assert_eq!((&received["messages"], &delivered["messages"]), (&3.into(), &3.into()));
    assert_eq!(received["bytes"], delivered["bytes"], "the trace is a part of both");
    let span = all[0]["span_s"].as_f64().expect("seconds");
    let rate = received["messages_per_h"].as_f64().expect("a rate");
    assert!((rate - 3.0 * 3600.0 / span).abs() < 0.01, "{}", all[0]);
    for (by, key) in [("domain", "example.org"), ("account", "acme")] {
        let words = ["stats", "--since", "1h", "--group-by", by, "--json"];
        let each = queuectl(&odmrd, &words).ended(0).records();
        let first = (each.len(), &each[0]["key"], &each[0]["delivered"]["messages"]);
        assert_eq!(first, (1, &key.into(), &3.into()));
        judge(&odmrd, "odmr.queue.traffic/1", &each);
    }
    let none = ["stats", "--since", "1h", "--group-by", "domain", "--domain", "*.example.com"];
    let none = queuectl(&odmrd, &none).ended(0);
    assert!(none.out.is_empty() && none.err.contains("odmrd was started then"), "{}", none.err);
    let other = ["stats", "--since", "1h", "--domain", "*.example.com", "--json"];
    let other = &queuectl(&odmrd, &other).ended(0).records()[0];
    assert_eq!(
        (&other["received"]["messages"], &other["refused"]["bytes"]),
        (&0.into(), &0.into())
    );
    let refused = |words: &[&str]| queuectl(&odmrd, words).ended(64).err;
    assert!(refused(&["stats", "--since", "soon"]).contains("so long ago: 12h"));
    assert!(refused(&["stats", "--since", "2099-01-01T00:00:00Z"]).contains("has been"));
    assert!(refused(&["stats", "--since", "1h", "--sender", "<>"]).contains("--domain, --account"));
    assert!(refused(&["stats", "--since", "1h", "--group-by", "size"]).contains("not by size"));
    odmrd.daemon.terminate();
    odmrd.restart(&lab);
    let now = Value::from(0);
    let anew = queuectl(&odmrd, &["stats", "--since", "1h", "--json"]).ended(0).records();
    assert_eq!(
        (&anew[0]["received"]["messages"], &anew[0]["missing"]),
        (&now, &"restarted".into())
    );
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    let since = anew[0]["from"].as_str().expect("a time");
    let words = ["stats", "--since", since, "--fields", "key,received.messages", "--format", "tsv"];
    assert!(queuectl(&odmrd, &words).ended(0).out.ends_with("all\t1\n"));
}

/// What has left is listed as far as anybody remembers it, and only for who asks.
#[test]
fn what_has_left_is_listed_for_who_asks() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let [first, second, third] = ids.lines().collect::<Vec<_>>()[..] else { panic!("{ids}") };
    queuectl(&odmrd, &["bounce", first, "--yes", "--reason", "unwanted"]).ended(0);
    queuectl(&odmrd, &["hold", third, "--yes"]).ended(0);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let listed = |words: &[&str]| queuectl(&odmrd, &[&["list", "--json"], words].concat()).ended(0);
    let told = |words: &[&str]| -> Vec<(String, String)> {
        let text = |record: &Value, key: &str| record[key].as_str().expect("a text").to_owned();
        listed(words).records().iter().map(|r| (text(r, "id"), text(r, "state"))).collect()
    };
    let is = |id: &str, state: &str| (id.to_owned(), state.to_owned());
    // Nobody is told of a bounce here, so its message is kept; it has not left.
    let there = [is(first, "refused"), is(third, "held")];
    assert_eq!(told(&[]), there);
    let all = [&there[..], &[is(second, "delivered")]].concat();
    assert_eq!(told(&["--include-done"]), all);
    assert_eq!(told(&["--state", "delivered"]), [is(second, "delivered")]);
    assert_eq!(told(&["--state", "bounced"]), []);
    let records = listed(&["--state", "delivered"]).records();
    judge(&odmrd, "odmr.queue.message/1", &records);
    let last = &records[0]["last"];
    assert_eq!((&last["code"], records[0]["size"].as_u64().is_some()), (&250.into(), true));
    assert_eq!(last["session"], queuectl(&odmrd, &["sessions"]).records()[0]["id"]);
    // By whatever is still known of it, and not by what is not.
    let done = |words: &[&str]| told(&[&["--state", "delivered"], words].concat()).len();
    assert_eq!((done(&["--domain", "example.org"]), done(&["--domain", "*.example.com"])), (1, 0));
    assert_eq!((done(&["--account", "acme"]), done(&["--newer", "1h"])), (1, 1));
    assert_eq!((done(&["--code", "250"]), done(&["--code", "4xx"])), (1, 0));
    assert_eq!((done(&["--larger", "1 MiB"]), done(&["--sender", "*"])), (0, 0));
    // What is named and has left is no mistake then.
    queuectl(&odmrd, &["list", "--id", second]).ended(66);
    assert_eq!(told(&["--id", second, "--include-done"]), [is(second, "delivered")]);
    // Page by page, over the seam.
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let from = cursor.iter().flat_map(|cursor| ["--cursor", cursor]);
        let words: Vec<&str> = ["--include-done", "--limit", "1"].into_iter().chain(from).collect();
        let page = listed(&words);
        seen.extend(page.records().iter().map(|record| record["id"].clone()));
        cursor = page.err.trim().split_once("--cursor ").map(|(_, word)| word.to_owned());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [first, third, second]);
    // Once it is deleted and cleared away, that is told too.
    queuectl(&odmrd, &["list", "--include-done", "--format", "nagios"]).ended(3);
    queuectl(&odmrd, &["list", "--include-done", "--fail-if-any"]).ended(64);
    let spool = lab.path("odmrd-state/spool");
    odmrd.daemon.terminate();
    let mut at_rest = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    at_rest.arg("--spool").arg(&spool).args(["list", "--include-done"]);
    assert_eq!(at_rest.output().expect("queuectl").status.code(), Some(69));
}

#[test]
fn events_are_chosen_by_message_and_by_reply() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let first = ids.lines().next().expect("an id");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let events = |words: &[&str]| {
        let watch = ["watch", "--no-follow", "--json"];
        let records = queuectl(&odmrd, &[&watch[..], words].concat()).ended(0).records();
        let word = |record: &Value| record["event"].as_str().expect("a word").to_owned();
        records.iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(events(&["--id", first]), ["queued", "delivered"]);
    assert_eq!(events(&["--id", first, "--event", "delivered"]), ["delivered"]);
    assert_eq!(events(&["--code", "2xx"]), ["delivered"; 3]);
    assert_eq!(events(&["--code", "452"]), [""; 0]);
    assert_eq!(events(&["--id", first, "--code", "250", "--domain", "*.example.com"]), [""; 0]);
    let queued = queuectl(&odmrd, &["watch", "--no-follow", "--json", "--id", first]).records();
    assert!(queued[0]["size"].as_u64().is_some_and(|size| size > LETTER.len() as u64));
    let from = queued[0]["seq"].to_string();
    assert_eq!(events(&["--id", first, "--from-cursor", &from]), ["delivered"]);
    queuectl(&odmrd, &["watch", "--id", "nothing"]).ended(64);
    queuectl(&odmrd, &["watch", "--code", "much"]).ended(64);
}
