//! What `atrn-fetch` tells pipes is as its own schemas say, with no key that they do not explain.

use std::process::Command;

use serde_json::Value;

use crate::lab::ours::{Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::process::{Ran, run};
use crate::lab::{Lab, allow};
use crate::strict::strict;

fn atrn_fetch(lab: &Lab, words: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    command.env("XDG_RUNTIME_DIR", lab.room("runtime")).env("HOME", lab.room("home"));
    command.env("ODMR_FETCH_CONFIG", lab.path("atrn-fetch.toml")).args(words);
    run(lab, command)
}

/// An account that can fetch, one that has a queue and a target that is down, and one that meets nobody.
fn laden(lab: &Lab) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab).start();
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\nx\r\n");
    let password = lab.write("password", crate::lab::fetchmail::PASSWORD);
    allow(&password, 0o600);
    let (ip, port) = (odmrd.odmr.ip(), odmrd.odmr.port());
    let text = format!(
        "[defaults]\nserver = \"{ip}\"\nport = {port}\nuser = {:?}\ntls = \"none\"\nclear_auth = \"plain\"\n\
         domains = [\"example.org\"]\npassword = {{ file = {password:?} }}\nehlo = \"customer.test\"\n\
         state_dir = {:?}\ndeliver = \"maildir:{}\"\n[account.home]\n\
         [account.queue]\nspool = {:?}\ndeliver = \"smtp:{}\"\n[account.nobody]\nport = {}\n",
        crate::lab::fetchmail::USER,
        lab.path("state"),
        lab.path("Maildir").display(),
        lab.path("queue"),
        lab.free(),
        lab.free().port(),
    );
    lab.write("atrn-fetch.toml", text);
    odmrd
}

fn records(ran: &Ran) -> Vec<Value> {
    let records: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!records.is_empty(), "{ran:#?}");
    records
}

#[test]
fn each_record_is_as_its_schema_says() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let judged = |name: &str, words: &[&str]| {
        let schema = atrn_fetch(&lab, &["schema", name]).succeeded().out;
        let schema = strict(serde_json::from_str(&schema).expect("a schema"));
        let judge = jsonschema::validator_for(&schema).expect("a sound schema");
        for record in records(&atrn_fetch(&lab, &[words, &["--json"]].concat())) {
            let faults: Vec<_> = judge.iter_errors(&record).map(|e| e.to_string()).collect();
            assert!(faults.is_empty(), "{words:?}: {faults:#?}\n{record:#}");
        }
    };
    judged("odmr.fetch.status/1", &["status"]);
    judged("odmr.fetch.plan/1", &["run", "--all", "--dry-run"]);
    judged("odmr.fetch/1", &["run", "queue"]);
    judged("fetch", &["run", "nobody"]);
    judged("odmr.queue.message/1", &["queue", "queue"]);
    judged("message", &["queue", "queue"]);
    judged("fetch", &["queue", "queue", "--retry"]);
    // There is no mail any more.
    judged("fetch", &["run", "home"]);
    judged("odmr.fetch.status/1", &["status"]);
    judged("odmr.fetch.check/1", &["check", "home"]);
    judged("odmr.fetch.target/1", &["test-target", "home"]);
    judged("odmr.fetch.config/1", &["show-config", "home"]);
    drop(odmrd);
}

#[test]
fn a_schema_that_is_not_there_is_told_with_those_that_are() {
    let lab = Lab::open();
    let names = atrn_fetch(&lab, &["schema"]).succeeded().out;
    assert!(names.starts_with("odmr.fetch/1\n"), "{names}");
    let ran = atrn_fetch(&lab, &["schema", "odmr.fetch/7"]);
    assert_eq!(ran.code, Some(66), "{ran:#?}");
    assert!(ran.err.contains("hint: there are: odmr.fetch/1, odmr.fetch.status/1"), "{ran:#?}");
}
