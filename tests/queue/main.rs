//! `queuectl` against a running `odmrd`, and against the spool of one that has stopped.

mod among_writers;
mod asked_otherwise;
mod at_a_terminal;
mod binding;
mod broken_off;
mod carried;
mod completion;
mod damaged;
mod in_a_crowd;
#[allow(dead_code, unused_imports)]
#[path = "../peers/lab/mod.rs"]
mod lab;
mod looks;
mod misspelt;
mod named;
mod outgoing;
mod passed;
#[path = "../bad_input/strict.rs"]
mod strict;
mod under_way;

use std::process::{Command, Stdio};

use lab::Lab;
use lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use lab::post::Post;
use serde_json::Value;

const LETTER: &[u8] = b"Subject: hello\r\n\r\nhello\r\n";

#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn ended(self, code: i32) -> Said {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    fn records(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn run(mut command: Command, words: &[&str]) -> Said {
    let ran = command.args(words).stdin(Stdio::null()).output().expect("queuectl");
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("text");
    Said { code: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
}

fn queuectl(odmrd: &RunningOdmrd, words: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    command.arg("--config").arg(odmrd.config());
    run(command, words)
}

fn laden(lab: &Lab) -> RunningOdmrd {
    let odmrd = Odmrd::new(lab).start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("ann@sender.test", "bob@example.org", LETTER);
    post.deliver("", "bob@example.org", LETTER);
    post.deliver("carl@other.test", "eve@example.org", LETTER);
    odmrd
}

#[test]
fn what_waits_is_listed_by_whatever_is_asked() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let all = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0]["schema"], "odmr.queue.message/1");
    assert_eq!(all[0]["state"], "waiting");
    assert_eq!(all[0]["account"], lab::fetchmail::USER);
    let count =
        |words: &[&str]| queuectl(&odmrd, &[&["list"], words].concat()).ended(0).records().len();
    assert_eq!(count(&["--domain", "example.org"]), 3);
    assert_eq!(count(&["--domain", "*.example.org"]), 0);
    assert_eq!(count(&["--sender", "<>"]), 1);
    assert_eq!(count(&["--sender", "*@sender.test", "--sender", "<>"]), 2);
    assert_eq!(count(&["--rcpt", "eve@*", "--sender", "<>"]), 0);
    assert_eq!(count(&["--state", "held"]), 0);
    assert_eq!(count(&["--larger", "1 MiB"]), 0);
    assert_eq!(count(&["--older", "1h"]), 0);
    assert_eq!(count(&["--limit", "2"]), 2);
    assert_eq!(count(&["--source", "192.0.2.0/24"]), 0);
    assert_eq!(count(&["--source", "192.0.2.7", "--source", "127.0.0.0/8"]), 3);
    assert_eq!(count(&["--said", "."]), 0, "nobody has said anything yet");
    assert_eq!(count(&["--subject", "^HELLO$"]), 3);
    assert_eq!(count(&["--subject", "hello", "--sender", "<>"]), 1);
    assert_eq!(count(&["--subject", "bye", "--subject", "^$"]), 0);
    assert_eq!(count(&["--where", "null_sender || rcpt = eve@* && age < 1h"]), 2);
    assert_eq!(count(&["--where", "account = acme && size > 1M", "--where", "tried"]), 0);
    assert_eq!(
        count(&["--where", "source = 127.0.0.0/8 && !tls && helo != '' && !null_sender"]),
        2
    );
    let domains = queuectl(&odmrd, &["domains", "--json"]).ended(0).records();
    assert_eq!((domains.len(), &domains[0]["messages"]), (1, &Value::from(3)));
    assert!(domains[0]["age_hist"].is_null());
    let ages = &queuectl(&odmrd, &["domains", "--json", "--ages"]).ended(0).records()[0];
    assert_eq!(ages["age_hist"]["n"], serde_json::json!([3, 0, 0, 0, 0, 0]));
    assert_eq!((&ages["recipients"], &ages["age_hist"]["le_s"][0]), (&3.into(), &3600.into()));
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    assert_eq!(
        ids.lines().collect::<Vec<_>>(),
        all.iter().map(|m| m["id"].as_str().unwrap()).collect::<Vec<_>>()
    );
    queuectl(&odmrd, &["list", "--sender", "nobody", "--fail-if-empty"]).ended(1);
    queuectl(&odmrd, &["list", "--fail-if-any"]).ended(1);
    let stats = queuectl(&odmrd, &["stats", "--group-by", "sender"]).ended(0).records();
    assert_eq!(stats.len(), 3);
}

#[test]
fn held_mail_is_not_handed_over_until_it_is_released() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let words = ["hold", "--sender", "<>", "--yes", "--reason", "looking at it"];
    let told = queuectl(&odmrd, &words).ended(0).records();
    assert_eq!((&told[0]["done"], &told[0]["matched"]), (&Value::from(1), &Value::from(1)));
    let held = queuectl(&odmrd, &["list", "--held"]).ended(0).records();
    assert_eq!(held[0]["hold"]["reason"], "looking at it");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    let left = queuectl(&odmrd, &["list"]).ended(0).records();
    assert_eq!((left.len(), &left[0]["state"]), (1, &Value::from("held")));
    queuectl(&odmrd, &["release", "--yes"]).ended(0);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert!(queuectl(&odmrd, &["list"]).ended(0).records().is_empty());
    let audit = queuectl(&odmrd, &["audit"]).ended(0).records();
    let actions: Vec<_> = audit.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["release", "hold"]);
    assert_eq!(audit[1]["filter"], "--sender '<>'");
}

#[test]
fn what_is_deleted_can_be_called_back() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let first = queuectl(&odmrd, &["list", "--limit", "1", "--format", "ids"]).ended(0).out;
    let id = first.trim();
    queuectl(&odmrd, &["delete", id, "--dry-run"]).ended(0);
    assert_eq!(queuectl(&odmrd, &["list", "--state", "deleted"]).ended(0).records().len(), 0);
    queuectl(&odmrd, &["delete", id, "--yes"]).ended(0);
    assert_eq!(queuectl(&odmrd, &["domains"]).ended(0).records()[0]["messages"], 2);
    // Twice makes no sense.
    queuectl(&odmrd, &["delete", id, "--yes"]).ended(1);
    queuectl(&odmrd, &["delete", "--undo", id, "--yes"]).ended(0);
    assert_eq!(queuectl(&odmrd, &["domains"]).ended(0).records()[0]["messages"], 3);
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(fetched.count("accepted"), 3);
}

#[test]
fn what_is_deleted_can_be_called_back_for_as_long_as_was_said() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let delete = |words: &[&str]| {
        queuectl(&odmrd, &[&["delete", "--all", "--yes", "--undo-window"], words].concat())
    };
    assert!(delete(&["31d"]).ended(64).err.contains("30 days at most"));
    delete(&["soon"]).ended(64);
    delete(&["3h", "--undo"]).ended(64);
    delete(&["3h"]).ended(0);
    let deleted = queuectl(&odmrd, &["list", "--json", "--state", "deleted"]).ended(0).records();
    let moment = |key: &str| deleted[0]["hold"][key].as_str().expect("a time").parse();
    let (at, until): (jiff::Timestamp, jiff::Timestamp) =
        (moment("at").expect("a time"), moment("until").expect("a time"));
    assert!((10_799..=10_801).contains(&until.duration_since(at).as_secs()), "{at} {until}");
    queuectl(&odmrd, &["delete", "--undo", "--yes"]).ended(0);
    delete(&["0s"]).ended(0);
    let end = queuectl(&odmrd, &["release", "--all", "--yes", "--until", "1h"]);
    end.ended(64);
}

/// Nobody can be asked to take mail who has no host.
#[test]
fn mail_is_brought_at_once_to_who_has_a_host() {
    let lab = Lab::open();
    let host = std::net::TcpListener::bind("127.0.0.1:0").expect("a host");
    let port = host.local_addr().expect("its address").port().to_string();
    let key = |name: &str| format!("domains.\"example.com\".{name}");
    let odmrd = Odmrd::new(&lab).account("beta", &["example.com"], "secret");
    let odmrd = odmrd.set(&key("host"), "\"127.0.0.1\"").set(&key("host_port"), &port).start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.com", LETTER);
    let refused = queuectl(&odmrd, &["deliver-now", "example.org"]).ended(64).err;
    assert!(refused.contains("it has no host to bring it to"), "{refused}");
    let unknown = queuectl(&odmrd, &["deliver-now", "example.com", "example.net"]).ended(66).err;
    assert!(unknown.contains("example.net: no such domain"), "{unknown}");
    queuectl(&odmrd, &["deliver-now", "*.example.com"]).ended(64);
    let look = queuectl(&odmrd, &["deliver-now", "example.com", "--dry-run"]).ended(0).records();
    assert_eq!((&look[0]["matched"], &look[0]["done"]), (&1.into(), &0.into()));
    let told = queuectl(&odmrd, &["deliver-now", "example.com", "--reason", "x"]).ended(0);
    judge(&odmrd, "odmr.queue.action/1", &told.records());
    assert_eq!(told.records()[0]["done"], 1);
    let audit = &queuectl(&odmrd, &["audit", "--json"]).ended(0).records()[0];
    assert_eq!((&audit["id"], &audit["reason"]), (&told.records()[0]["audit"], &"x".into()));
    assert_eq!(
        (&audit["action"], &audit["filter"]),
        (&"deliver_now".into(), &"--domain example.com".into())
    );
    // Nothing is pushed to it otherwise.
    drop(host.accept().expect("a call"));
}

#[test]
fn the_mail_yet_to_come_of_a_domain_is_held() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let hold = ["hold", "--domain", "example.org", "--future", "--yes", "--reason", "moving house"];
    let said = queuectl(&odmrd, &[&hold[..], &["--json", "--until", "3d"]].concat()).ended(0);
    let told = &said.records()[0];
    assert_eq!((&told["done"], &told["future"]), (&Value::from(3), &Value::from(1)));
    odmrd.crash_and_restart(&lab);
    Post::open(odmrd.mx).deliver("dora@sender.test", "bob@example.org", LETTER);
    let held = queuectl(&odmrd, &["list", "--json", "--held"]).ended(0).records();
    assert_eq!(held.len(), 4);
    assert!(held.iter().all(|record| record["hold"]["reason"] == "moving house"), "{held:#?}");
    let domains = queuectl(&odmrd, &["domains", "--json"]).ended(0).records();
    assert_eq!(domains[0]["hold"]["held"], true);
    assert_eq!(domains[0]["messages"], 0);
    assert!(domains[0]["hold"]["until"].is_string(), "{domains:#?}");
    // Once more makes no difference to what is held already.
    queuectl(&odmrd, &hold).ended(0);

    let said = queuectl(&odmrd, &["release", "--future", "--yes", "--json"]).ended(0);
    assert_eq!(said.records()[0]["future"], 1);
    Post::open(odmrd.mx).deliver("dora@sender.test", "bob@example.org", LETTER);
    let waiting = queuectl(&odmrd, &["list", "--json", "--state", "waiting"]).ended(0).records();
    assert_eq!(waiting.len(), 5);
    queuectl(&odmrd, &["release", "--future", "--yes"]).ended(1);
    let audit = queuectl(&odmrd, &["audit", "--json"]).ended(0).records();
    assert!(audit.iter().any(|line| line["action"] == "hold_future"), "{audit:#?}");

    let refused = |words: &[&str], code: i32| queuectl(&odmrd, words).ended(code).err;
    let why = ["--future", "--yes", "--reason", "x"];
    let with = |words: &[&'static str]| [&["hold"], words, &why].concat();
    assert!(refused(&with(&["--sender", "a@*"]), 64).contains("whole domains only"));
    assert!(refused(&with(&["--all"]), 64).contains("of which domains?"));
    assert!(refused(&with(&["--domain", "*.example.org"]), 64).contains("of which domains?"));
    assert!(refused(&with(&["--domain", "example.com"]), 66).contains("no such domain"));
    assert!(refused(&["hold", "--domain", "example.org", "--future"], 64).contains("--reason"));
    let past = with(&["--domain", "example.org", "--until", "2026-01-01T00:00:00Z"]);
    assert!(refused(&past, 64).contains("has been"));
    // Both must be so: this account has no such domain.
    let neither = with(&["--account", "acme", "--domain", "*.example.org"]);
    refused(&neither, 1);
    assert_eq!(
        queuectl(&odmrd, &["domains", "--json"]).ended(0).records()[0]["hold"]["held"],
        false
    );
}

/// A list page by page, by the words that each page tells.
#[test]
fn a_list_that_was_cut_goes_on() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let ids = |said: &Said| -> Vec<String> {
        said.records().iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
    };
    for which in [&[][..], &["--domain", "example.org"], &["--where", "size > 0"]] {
        let whole = queuectl(&odmrd, &[&["list", "--json"], which].concat()).ended(0);
        assert!(whole.err.is_empty(), "{}", whole.err);
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let from = cursor.iter().flat_map(|cursor| ["--cursor", cursor]);
            let words = [&["list", "--json", "--limit", "2"], which].concat();
            let page =
                queuectl(&odmrd, &words.into_iter().chain(from).collect::<Vec<_>>()).ended(0);
            seen.extend(ids(&page));
            cursor = page.err.trim().split_once("--cursor ").map(|(_, word)| word.to_owned());
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids(&whole), "{which:?}");
    }
    // It is cut where it ends: nothing is behind.
    let exact = queuectl(&odmrd, &["list", "--json", "--limit", "3"]).ended(0);
    assert!(exact.err.is_empty(), "{}", exact.err);
    let refused = queuectl(&odmrd, &["list", "--cursor", "nowhere"]).ended(64);
    assert!(refused.err.contains("cursor: saw \"nowhere\""), "{}", refused.err);
    let other = queuectl(&odmrd, &["list", "--json", "--limit", "1"]).ended(0).err;
    let (_, other) = other.trim().split_once("--cursor ").expect("a cursor");
    let elsewhere = ["list", "--json", "--domain", "example.org", "--cursor", other];
    assert_eq!(queuectl(&odmrd, &elsewhere).ended(0).records().len(), 2);
}

#[test]
fn an_order_is_refused_with_what_to_do() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let said = |words: &[&str], code: i32| queuectl(&odmrd, words).ended(code).err;
    assert!(said(&["delete", "--yes"], 64).contains("which messages?"));
    assert!(said(&["delete", "--all"], 64).contains("nobody to ask"));
    assert!(said(&["hold", "--all", "--yes", "--until", "soon"], 64).contains("until: "));
    assert!(said(&["list", "--state", "stuck"], 64).contains("allowed: waiting"));
    assert!(said(&["list", "--source", "192.0.2.7/24"], 64).contains("192.0.2.0/24 would hold"));
    assert!(said(&["list", "--said", "(full"], 64).contains("unclosed group"));
    assert!(said(&["list", "--subject", "(full"], 64).contains("unclosed group"));
    assert!(said(&["list", "--where", "colour = red"], 64).contains("one of size, age"));
    assert!(said(&["delete", "--yes", "--where", "age >"], 64).contains("to compare age with"));
    let unknown = "01M85AQA6RYMB2JKEQ85R1F64P";
    assert!(said(&["show", unknown], 66).contains(unknown));
    said(&["delete", "--sender", "nobody", "--yes"], 1);
    said(&["delete", "--sender", "nobody", "--yes", "--allow-none"], 0);
    assert_eq!(queuectl(&odmrd, &["list"]).ended(0).records().len(), 3);
}

#[test]
fn what_a_customer_said_can_be_looked_for() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into("command:/usr/bin/false").run();
    let all = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    let text = all[0]["last"]["text"].as_str().expect("a reply");
    let session = &queuectl(&odmrd, &["sessions", "--json"]).ended(0).records()[0];
    let of_one = &all[0]["recipients"][0];
    for last in [&all[0]["last"], &of_one["last"]] {
        assert_eq!((&last["session"], &last["stage"]), (&session["id"], &"content".into()));
    }
    assert_eq!((&of_one["attempts"], &of_one["delivered_at"]), (&1.into(), &Value::Null));
    let count = |words: &str| queuectl(&odmrd, &["list", "--said", words]).ended(0).records().len();
    assert_eq!(count(&text.to_uppercase()), 3, "{text}");
    assert_eq!((count("^4\\d\\d 4\\."), count("^5"), count("quota")), (3, 0, 0));
    let wait = |account: &str| {
        let words = ["wait", "--account", account, "--any", "--timeout", "1s"];
        queuectl(&odmrd, &words)
    };
    wait("acme").ended(0);
    wait("acmee").ended(66);
    queuectl(&odmrd, &["wait", "--account", "acmee", "--empty", "--timeout", "1s"]).ended(66);
    // And is told to whoever looks how things stand.
    let code = all[0]["last"]["code"].to_string();
    let happened = ["watch", "--no-follow", "--event", "deferred", "--json"];
    assert_eq!(queuectl(&odmrd, &happened).ended(0).records().len(), 3);
    let hold = ["hold", "--domain", "example.org", "--future", "--yes", "--reason", "a move"];
    queuectl(&odmrd, &hold).ended(0);
    let top = queuectl(&odmrd, &["top", "--once", "--ascii"]).ended(0).out;
    let why = top.lines().skip_while(|line| !line.contains("reasons (1 h)")).nth(1);
    let why = why.expect("a reason");
    assert!(why.starts_with(&format!(" {code} ")) && why.ends_with("  3"), "{top}");
    assert!(top.contains("example.org held"), "{top}");
}

#[test]
fn a_stopped_spool_can_be_looked_at_and_not_acted_on() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let spool = lab.path("odmrd-state/spool").display().to_string();
    let there = |words: &[&str]| {
        let command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        run(command, &[words, &["--spool", &spool]].concat())
    };
    // While it runs, and when it does not.
    assert_eq!(there(&["list"]).ended(0).records().len(), 3);
    odmrd.daemon.terminate();
    assert_eq!(there(&["list"]).ended(0).records().len(), 3);
    assert_eq!(there(&["domains"]).ended(0).records()[0]["messages"], 3);
    there(&["delete", "--all", "--yes"]).ended(69);
    let dead = queuectl(&odmrd, &["list"]).ended(69).err;
    assert!(dead.contains("is odmrd running?"), "{dead}");
}

#[test]
fn each_record_is_as_its_schema_says() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    queuectl(&odmrd, &["hold", "--sender", "<>", "--yes"]).ended(0);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&odmrd, &["export", out]).ended(0);
    // A call that is refused is a session too, and leaves the mail.
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &["else.test"]).flags(&["--tls", "none"]);
    fetch.into_maildir().run();
    lab::wait::until("a session", || {
        (!queuectl(&odmrd, &["sessions"]).out.is_empty()).then_some(())
    });
    let asked = |request: &str, content: &[u8]| -> Vec<Value> {
        use std::io::{BufRead, BufReader, Write};
        let control = std::os::unix::net::UnixStream::connect(lab.path("odmrd-state/control"));
        let mut control = control.expect("the control socket");
        control.write_all(&[request.as_bytes(), b"\n", content].concat()).expect("sent");
        control.shutdown(std::net::Shutdown::Write).expect("shut");
        let lines = BufReader::new(control).lines().map(|line| line.expect("a line"));
        let records = lines.map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
        records.filter(|record| record["schema"] != "odmr.control.end/1").collect()
    };
    let id = queuectl(&odmrd, &["list", "--format", "ids", "--limit", "1"]).ended(0).out;
    let id = id.trim();
    let content = asked(&format!("{{\"command\":\"content\",\"id\":\"{id}\"}}"), b"");
    let envelope = std::fs::read_to_string(format!("{out}/{id}.json")).expect("an envelope");
    let eml = std::fs::read(format!("{out}/{id}.eml")).expect("a content");
    let import = format!("{{\"command\":\"import\",\"message\":{}}}", envelope.trim());
    let overview = asked("{\"command\":\"overview\",\"depth\":true}", b"");
    for (name, records) in [
        ("odmr.queue.content/1", content),
        ("odmr.queue.import/1", asked(&import, &eml)),
        ("odmr.queue.overview/1", overview),
    ] {
        judge(&odmrd, name, &records);
    }
    for (name, words) in [
        ("odmr.queue.message/1", &["list"][..]),
        ("odmr.queue.domain/1", &["domains"]),
        ("odmr.queue.domain/1", &["domains", "--ages"]),
        ("odmr.queue.group/1", &["stats"]),
        ("odmr.queue.audit/1", &["audit"]),
        ("odmr.queue.session/1", &["sessions"]),
        ("odmr.queue.verified/1", &["verify"]),
        ("odmr.queue.imported/1", &["import", out]),
        ("odmr.queue.action/1", &["release", "--all", "--yes"]),
    ] {
        judge(&odmrd, name, &queuectl(&odmrd, words).records());
    }
}

fn judge(odmrd: &RunningOdmrd, name: &str, records: &[Value]) {
    let schema = queuectl(odmrd, &["schema", name]).ended(0).out;
    let schema: Value = serde_json::from_str(&schema).expect("a schema");
    let judge = jsonschema::validator_for(&strict::strict(schema)).expect("a sound schema");
    assert!(!records.is_empty(), "{name}");
    for record in records {
        let faults: Vec<_> = judge.iter_errors(record).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{record:#}");
    }
}

/// The recipes that people will copy, by the real jq.
#[test]
fn the_recipes_for_jq_work() {
    if Command::new("jq").arg("--version").output().is_err() {
        assert!(std::env::var_os("ODMR_PEERS").is_none_or(|v| v != "required"), "jq is missing");
        return;
    }
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let jq = |words: &[&str], flags: &[&str], recipe: &str| {
        let records = lab.write("records", queuectl(&odmrd, words).ended(0).out);
        let mut jq = Command::new("jq");
        jq.args(flags).arg(recipe).arg(records);
        let ran = jq.output().expect("jq");
        assert!(ran.status.success(), "{recipe}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("text")
    };
    let list = &["list", "--json"][..];
    assert_eq!(jq(list, &["-r"], "select(.age_s>86400)|[.id,.domain,.age_s]|@tsv"), "");
    let by_domain = "group_by(.domain)|map({domain:.[0].domain,n:length,bytes:(map(.size)|add),oldest_s:(map(.age_s)|max)})";
    assert!(jq(list, &["-c", "-s"], by_domain).starts_with(r#"[{"domain":"example.org","n":3,"#));
    let reasons = r#".recipients[]|select(.last)|"\(.last.code) \(.last.enhanced) \(.last.text)""#;
    assert_eq!(jq(list, &["-r"], reasons), "");
    assert_eq!(jq(list, &["-e", "-s"], "map(select(.age_s>172800))|length==0"), "true\n");
    let within = |seconds: u64| {
        let recipe = format!(
            "select(.next_expiry and ((.next_expiry|fromdateiso8601) < (now+{seconds})))|.account"
        );
        jq(&["domains", "--json"], &["-r"], &recipe)
    };
    assert_eq!(within(86_400), "");
    assert_eq!(within(22 * 86_400).trim(), lab::fetchmail::USER);
    // Select with one command, act with another.
    let ids = queuectl(&odmrd, &["list", "--sender", "<>", "--format", "ids0"]).ended(0).out;
    let mut xargs = Command::new("xargs");
    xargs.arg("-0").arg(env!("CARGO_BIN_EXE_queuectl")).arg("--config").arg(odmrd.config());
    xargs.args(["delete", "--yes", "--reason", "old bounces"]).stdin(Stdio::piped());
    let mut running = xargs.stdout(Stdio::null()).spawn().expect("xargs");
    std::io::Write::write_all(&mut running.stdin.take().expect("a pipe"), ids.as_bytes())
        .expect("fed");
    assert!(running.wait().expect("xargs").success());
    let deleted = queuectl(&odmrd, &["list", "--state", "deleted"]).ended(0).records();
    assert_eq!((deleted.len(), &deleted[0]["hold"]["reason"]), (1, &Value::from("old bounces")));
}

/// Large enough for a file of its own, and with what a terminal must not see.
#[test]
fn a_content_is_shown_to_the_octet() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let small = b"Subject: \x1b[2Jhello\r\nX: y\r\n\r\nhe\xffllo\r\n\r\nbye\r\n".to_vec();
    let large = [
        &b"Subject: large\r\n\r\n"[..],
        &b"a line of forty octets, or nearly so.\r\n".repeat(9000),
    ]
    .concat();
    for letter in [&small, &large] {
        Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", letter);
    }
    let ids = queuectl(&odmrd, &["list", "--format", "ids"]).ended(0).out;
    let bytes = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        let ran =
            command.arg("--config").arg(odmrd.config()).args(words).output().expect("queuectl");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    };
    for (id, letter) in ids.lines().zip([&small, &large]) {
        let raw = bytes(&["show", id, "--raw"]);
        assert!(raw.starts_with(b"Received: from sender.test"), "with the trace it was given here");
        assert!(raw.ends_with(letter));
        assert_eq!(
            [bytes(&["show", id, "--headers"]), bytes(&["show", id, "--body"])].concat(),
            raw
        );
        assert!(bytes(&["show", id, "--headers"]).ends_with(b"\r\n\r\n"));
    }
    let nobody = queuectl(&odmrd, &["show", "01M85AQA6RYMB2JKEQ85R1F64P", "--raw"]).ended(66);
    assert!(nobody.err.contains("there is no such message"), "{}", nobody.err);
    queuectl(&odmrd, &["show", "nonsense", "--raw"]).ended(64);
    // The same from a spool that nobody has opened; and damage is told, not shown.
    let spool = lab.path("odmrd-state/spool");
    drop(odmrd);
    let at_rest = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--spool").arg(&spool);
        run(command, words)
    };
    let id = ids.lines().nth(1).expect("two");
    assert!(at_rest(&["show", id, "--raw"]).ended(0).out.ends_with("nearly so.\r\n"));
    let file = std::fs::read_dir(spool.join("bodies")).expect("bodies").next().expect("one");
    let file = file.expect("readable").path();
    let mut octets = std::fs::read(&file).expect("a body");
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    std::fs::write(&file, octets).expect("a body");
    let damaged = at_rest(&["show", id, "--raw"]).ended(74);
    assert!(damaged.err.contains("is damaged"), "{}", damaged.err);
}

#[test]
fn sessions_tell_who_called_and_what_came_of_it() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    assert_eq!(queuectl(&odmrd, &["sessions"]).ended(0).records().len(), 0);
    assert!(
        queuectl(&odmrd, &["domains", "--json"]).ended(0).records()[0]["last_session"].is_null()
    );
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "no_mail");
    let told = lab::wait::until("two sessions", || {
        let told = queuectl(&odmrd, &["sessions", "--account", "acme"]).ended(0).records();
        (told.len() == 2).then_some(told)
    });
    let results: Vec<_> = told.iter().map(|session| session["result"].as_str()).collect();
    assert_eq!(results, [Some("no_mail"), Some("ok")]);
    assert_eq!(
        (told[1]["delivered"].as_u64(), told[1]["peer"].as_str()),
        (Some(3), Some("127.0.0.1"))
    );
    queuectl(&odmrd, &["sessions", "--account", "other"]).ended(66);
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    let last =
        queuectl(&odmrd, &["domains", "--json"]).ended(0).records()[0]["last_session"].clone();
    assert_eq!(last["result"].as_str(), Some("no_mail"), "{last}");
    // An upgrade is no reason to forget who called.
    odmrd.daemon.terminate();
    odmrd.restart(&lab);
    let again = queuectl(&odmrd, &["sessions", "--account", "acme"]).ended(0).records();
    let without_age = |sessions: &[Value]| -> Vec<Value> {
        let mut sessions = sessions.to_vec();
        sessions.iter_mut().for_each(|session| session["ago_s"] = Value::Null);
        sessions
    };
    assert_eq!(without_age(&again), without_age(&told));
    let domains = queuectl(&odmrd, &["domains", "--json"]).ended(0).records();
    assert_eq!(domains[0]["last_session"], last);
}

/// What matters of an envelope wherever the message is.
fn carried(record: &Value) -> Value {
    let keys = [
        "id",
        "domain",
        "arrived",
        "expires",
        "size",
        "sender",
        "envid",
        "ret",
        "body",
        "smtputf8",
        "source",
        "recipients",
        "content_sha256",
    ];
    let mut kept: serde_json::Map<_, _> =
        keys.iter().map(|key| ((*key).to_owned(), record[*key].clone())).collect();
    kept.insert("held".to_owned(), record["hold"]["held"].clone());
    kept.insert("why".to_owned(), record["hold"]["reason"].clone());
    Value::Object(kept)
}

/// What lies in a tar under names that end so, in their order; by the tar of this system.
fn files_of(archive: &std::path::Path, end: &str) -> Vec<Vec<u8>> {
    let tar = |words: &[&str]| {
        let mut tar = Command::new("tar");
        let ran = tar.arg("--file").arg(archive).args(words).output().expect("tar");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    };
    let names = String::from_utf8(tar(&["--list"])).expect("names");
    let mut names: Vec<&str> = names.lines().filter(|name| name.ends_with(end)).collect();
    names.sort_unstable();
    names.into_iter().map(|name| tar(&["--extract", "--to-stdout", name])).collect()
}

/// What was exported in one of the forms, message by message where they have files of their own.
fn contents(form: &str, folder: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(folder);
    let folder = if form == "maildir" { folder.join("new") } else { folder.to_owned() };
    if form == "mbox" {
        return vec![std::fs::read(folder).expect("a mailbox")];
    }
    if form == "tar" {
        return files_of(&folder, "eml");
    }
    let read = |path: &std::path::PathBuf| std::fs::read(path).expect("a file");
    files_in(&folder, |extension| extension != Some("json")).iter().map(read).collect()
}

/// And the envelopes, as far as they are carried from one provider to another.
fn envelopes(form: &str, folder: &str) -> Vec<Value> {
    let text = |path: &str| std::fs::read_to_string(path).expect("envelopes");
    let lines = match form {
        "eml" => {
            let paths = files_in(folder.as_ref(), |extension| extension == Some("json"));
            paths.iter().map(|path| text(path.to_str().expect("a path"))).collect()
        }
        "maildir" => text(&format!("{folder}/envelopes.jsonl")),
        "tar" => String::from_utf8(files_of(folder.as_ref(), "json").concat()).expect("text"),
        _ => text(&format!("{folder}.jsonl")),
    };
    let record = |line: &str| carried(&serde_json::from_str(line).expect("JSON"));
    let mut all: Vec<Value> = lines.lines().map(record).collect();
    all.sort_by_key(|record| record["id"].as_str().map(str::to_owned));
    all
}

/// The files of a folder whose extension is wanted, in order.
fn files_in(
    folder: &std::path::Path,
    is_wanted: impl Fn(Option<&str>) -> bool,
) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(folder).expect("files");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| is_wanted(path.extension().and_then(|extension| extension.to_str())));
    paths.sort();
    paths
}

/// A message whose sender and recipients have wishes about notices.
fn bring_with_wishes(post: &mut Post, content: &[u8]) {
    assert!(
        post.ask("MAIL FROM:<ann@sender.test> RET=HDRS ENVID=q+2Bq BODY=8BITMIME")
            .starts_with("250")
    );
    assert!(
        post.ask("RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bob@else.test")
            .starts_with("250")
    );
    assert!(post.ask("RCPT TO:<eve@example.org> NOTIFY=NEVER").starts_with("250"));
    assert!(post.ask("DATA").starts_with("354"));
    assert!(post.ask(&format!("{}.", String::from_utf8_lossy(content))).starts_with("250"));
}

/// Every form: out of one provider, into another, and out again; to the octet, and once.
#[test]
fn mail_moves_from_one_provider_to_another() {
    let lab = Lab::open();
    let first = Odmrd::named(&lab, "first").start();
    let mut post = Post::open(first.mx);
    let quoted =
        b"Subject: quotes\r\n\r\nFrom here on\r\n>From there\r\n>>From x\r\nFromage\r\n\r\n\r\n"
            .to_vec();
    let large = [
        &b"Subject: large\r\n\r\n"[..],
        &b"From a line of a large mail, \xe9\xff.\r\n".repeat(9000),
    ]
    .concat();
    bring_with_wishes(&mut post, &quoted);
    for letter in [&quoted, &large] {
        post.deliver("", "bob@example.org", letter);
    }
    let one = queuectl(&first, &["list", "--format", "ids", "--limit", "1"]).ended(0).out;
    queuectl(&first, &["hold", one.trim(), "--yes", "--reason", "not yet"]).ended(0);
    for form in ["eml", "maildir", "mbox", "tar"] {
        let second = Odmrd::named(&lab, &format!("second-{form}")).start();
        let (out, back) = (lab.path(&format!("{form}-out")), lab.path(&format!("{form}-back")));
        let (out, back) = (out.to_str().expect("a path"), back.to_str().expect("a path"));
        queuectl(&first, &["export", out, "--as", form]).ended(0);
        let taken = |counts: [u64; 2]| {
            let told = queuectl(&second, &["import", out]).ended(0).records().remove(0);
            assert_eq!(
                [&told["kept"], &told["there"]].map(Value::as_u64),
                counts.map(Some),
                "{form}: {told}"
            );
        };
        taken([3, 0]);
        taken([0, 3]);
        queuectl(&second, &["export", back, "--as", form]).ended(0);
        assert!(contents(form, out) == contents(form, back), "{form}");
        let (before, after) = (envelopes(form, out), envelopes(form, back));
        assert_eq!(before, after, "{form}");
        assert_eq!(before[0]["held"], Value::Bool(true), "{form}");
        // What is not held is handed over there as it would have been here.
        let maildir = lab.path(&format!("{form}-Maildir"));
        AtrnFetch::new(&lab, second.odmr)
            .into(&format!("maildir:{}", maildir.display()))
            .run()
            .ended(0, "ok");
        let landed = lab::maildir::Maildir::at(maildir).messages();
        assert_eq!(landed.len(), 2, "{form}");
        // A Maildir has the line ends of this system.
        let has = |letter: &[u8]| {
            let letter: Vec<u8> = letter.iter().copied().filter(|octet| *octet != b'\r').collect();
            landed.iter().any(|mail| mail.ends_with(&letter))
        };
        assert!(has(&large) && has(&quoted), "{form}");
    }
}

/// What the control socket answers to a message, behind whose content nothing more comes.
fn handed_in(lab: &Lab, name: &str, envelope: &Value, content: &std::path::Path) -> String {
    use std::io::{Read, Write};
    let path = lab.path(&format!("{name}-state/control"));
    let mut control = std::os::unix::net::UnixStream::connect(path).expect("the control socket");
    let request = serde_json::json!({ "command": "import", "message": envelope });
    writeln!(control, "{request}").expect("written");
    control.write_all(&std::fs::read(content).expect("a content")).expect("written");
    control.shutdown(std::net::Shutdown::Write).expect("its end");
    let mut answer = String::new();
    control.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The same message, and an envelope that says that it is a hundred megabytes.
fn said_to_be_longer(lab: &Lab, exported: &std::path::Path) -> (std::path::PathBuf, Value) {
    let longer = lab.path("longer.eml");
    std::fs::copy(exported, &longer).expect("copied");
    let sidecar = std::fs::read_to_string(exported.with_extension("json")).expect("a sidecar");
    let mut sidecar: Value = serde_json::from_str(&sidecar).expect("JSON");
    sidecar["size"] = 99_999_999.into();
    std::fs::write(longer.with_extension("json"), sidecar.to_string()).expect("written");
    (longer, sidecar)
}

#[test]
fn garbage_is_not_imported() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let out = lab.path("out");
    let out = out.to_str().expect("a path");
    queuectl(&odmrd, &["export", out]).ended(0);
    queuectl(&odmrd, &["export", out, "--sender", "nobody@x.test"]).ended(1);
    queuectl(&odmrd, &["delete", "--all", "--yes"]).ended(0);
    let other = Odmrd::named(&lab, "other").start();
    let mut emls: Vec<_> = std::fs::read_dir(out)
        .expect("files")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    emls.sort();
    let [altered, short, unlabelled] = &emls[..] else { panic!("{emls:?}") };
    let (longer, sidecar) = said_to_be_longer(&lab, altered);
    let text = std::fs::read_to_string(altered).expect("text");
    std::fs::write(altered, text.replace("hello", "jello")).expect("written");
    std::fs::write(short, "x").expect("written");
    std::fs::write(unlabelled.with_extension("json"), "{\"schema\":\"odmr.queue.message/1\"}")
        .expect("written");
    let said = queuectl(&other, &["import", out]).ended(65);
    assert_eq!(said.records()[0]["refused"].as_u64(), Some(3), "{}", said.out);
    for told in [
        "the content is not the one",
        "octets before its envelope says so",
        "no envelope of ours: missing field",
    ] {
        assert!(said.err.contains(told), "{told:?}: {}", said.err);
    }
    // What is shorter than it says is not kept, though it is just what the digest is of.
    let said = queuectl(&other, &["import", longer.to_str().expect("a path")]).ended(65);
    assert!(said.err.contains("octets before its envelope says so"), "{}", said.err);
    let answer = handed_in(&lab, "other", &sidecar, &longer);
    assert!(answer.contains("octets before its envelope says so"), "{answer}");
    assert_eq!(queuectl(&other, &["list"]).ended(0).records().len(), 0);
    let events = queuectl(&other, &["watch", "--no-follow", "--json"]).ended(0).out;
    assert_eq!(events, "");
    queuectl(&other, &["import", "/nowhere"]).ended(66);
    let mbox = lab.write("mbox", "no mailbox\n");
    lab.write("mbox.jsonl", "");
    queuectl(&other, &["import", mbox.to_str().expect("a path")]).ended(65);
    // A domain that no account has would wait for ever.
    let stranger = Odmrd::without_accounts(&lab, "stranger")
        .account("x", &["x.test"], "A-long-enough-word")
        .start();
    let json = altered.with_extension("json");
    std::fs::write(altered, text).expect("written");
    let said = queuectl(&stranger, &["import", altered.to_str().expect("a path")]).ended(65);
    assert!(
        said.err.contains("example.org: no account has that domain"),
        "{}{}",
        said.err,
        json.display()
    );
}

/// What `verify` has found, by kind.
fn kinds(said: &Said) -> Vec<String> {
    let records = said.records().into_iter();
    let findings = records.filter(|record| record["schema"] == "odmr.queue.finding/1");
    let kind = |finding: Value| finding["kind"].as_str().expect("a kind").to_owned();
    let mut kinds: Vec<String> = findings.map(kind).collect();
    kinds.sort();
    kinds
}

/// Some file of content lacks its last hundred octets.
fn cut_a_body_short(spool: &std::path::Path) {
    let mut bodies = std::fs::read_dir(spool.join("bodies")).expect("bodies");
    let file = bodies.next().expect("one").expect("readable").path();
    let mut octets = std::fs::read(&file).expect("a body");
    octets.truncate(octets.len() - 100);
    std::fs::write(&file, octets).expect("a body");
}

/// A count that is wrong, two contents that are not what they were, a file that is nobody's (this gives it) and
/// a database that others may read.
fn spoil(spool: &std::path::Path) -> std::path::PathBuf {
    let db = rusqlite::Connection::open(spool.join("spool.db")).expect("the database");
    db.execute("UPDATE domain SET waiting = 99, octets = octets + 7", []).expect("written");
    let sql =
        "UPDATE body SET data = CAST(replace(CAST(data AS TEXT), 'needle', 'beetle') AS BLOB)";
    db.execute(sql, []).expect("written");
    drop(db);
    cut_a_body_short(spool);
    let orphan = spool.join("bodies/01M85AQA6RYMB2JKEQ85R1F64P");
    std::fs::write(&orphan, "nobody's").expect("a file");
    lab::allow(&orphan, 0o600);
    lab::allow(&spool.join("spool.db"), 0o644);
    orphan
}

/// Whatever is wrong with a spool is told by kind and name; what can be mended is, when that is said, and
/// what is sound is handed over afterwards.
#[test]
fn a_spool_is_looked_through_and_mended() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let large = b"Subject: large\r\n\r\n".to_vec();
    let large =
        [&large[..], &b"a line of a large mail in a file of its own\r\n".repeat(9000)].concat();
    let mut post = Post::open(odmrd.mx);
    for letter in [LETTER, b"Subject: small\r\n\r\nneedle-in-a-row\r\n", &large] {
        post.deliver("ann@sender.test", "bob@example.org", letter);
    }
    let sound = queuectl(&odmrd, &["verify"]).ended(0);
    let told = sound.records().remove(0);
    assert_eq!((told["entries"].as_u64(), told["findings"].as_u64()), (Some(3), Some(0)), "{told}");
    assert!(told["bytes"].as_u64().is_some_and(|octets| octets > large.len() as u64));
    let spool = lab.path("odmrd-state/spool");
    let folder = spool.to_str().expect("a path").to_owned();
    let at_rest = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.args(["--spool", &folder]);
        run(command, words)
    };
    // It has an owner, and is mended by nobody else.
    let refused = at_rest(&["verify", "--repair"]).ended(75);
    assert!(refused.err.contains("stop odmrd first"), "{}", refused.err);
    queuectl(&odmrd, &["verify", "--repair"]).ended(64);
    odmrd.daemon.terminate();

    let orphan = spoil(&spool);
    let all = ["content", "content", "counts", "mode", "orphan"];
    let found = at_rest(&["verify"]).ended(1);
    assert_eq!(kinds(&found), all, "{}", found.out);
    assert!(found.out.contains("octets short"), "{}", found.out);
    let findings: Vec<Value> = found.records();
    let (last, findings) = findings.split_last().expect("records");
    assert_eq!(last["schema"], "odmr.queue.verified/1");
    odmrd.restart(&lab);
    judge(&odmrd, "odmr.queue.finding/1", findings);
    odmrd.daemon.terminate();
    assert_eq!(kinds(&at_rest(&["verify", "--repair", "--dry-run"]).ended(1)), all);
    assert!(orphan.exists(), "looking mends nothing");
    let mended = at_rest(&["verify", "--repair"]).ended(1);
    let left = ["content", "content", "mode", "orphan"];
    assert_eq!(kinds(&mended), left, "the rest is mended before it looks: {}", mended.out);
    assert_eq!(mended.out.matches("\"repaired\":true").count(), 2, "{}", mended.out);
    let aside = spool.join("lost/01M85AQA6RYMB2JKEQ85R1F64P");
    assert!(!orphan.exists());
    assert_eq!(std::fs::read(aside).expect("what was nobody's"), b"nobody's");
    lab::allow(&spool.join("spool.db"), 0o600);
    // Kept, and told, though never handed over: an operator may still want to look.
    let states = at_rest(&["list", "--format", "template:{state}"]).ended(0).out;
    assert_eq!(states.matches("damaged").count(), 2, "{states}");
    odmrd.restart(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(lab::maildir::Maildir::at(lab.path("Maildir")).messages().len(), 1);
}

/// Octets that somebody has put behind a content are no part of the mail, and are told of; repair keeps them
/// elsewhere.
#[test]
fn what_lies_behind_a_content_is_found() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let large = "a line of some length\r\n".repeat(15_000);
    let mut post = Post::open(odmrd.mx);
    for _ in 0..2 {
        post.deliver("a@sender.test", "box@example.org", large.as_bytes());
    }
    let spool = lab.path("odmrd-state/spool");
    let folder = spool.to_str().expect("a path").to_owned();
    let at_rest = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.args(["--spool", &folder]);
        run(command, words)
    };
    let bodies = std::fs::read_dir(spool.join("bodies")).expect("a folder");
    let mut bodies: Vec<_> = bodies.map(|file| file.expect("a file").path()).collect();
    bodies.sort();
    let before: Vec<_> = bodies.iter().map(|file| std::fs::read(file).expect("a body")).collect();
    let with_more = |n: usize| [&before[n][..], b"and more"].concat();
    std::fs::write(&bodies[0], with_more(0)).expect("written");
    // Where the content is not what came in, its end is anywhere.
    let mut spoilt = with_more(1);
    spoilt[100_000] ^= 1;
    std::fs::write(&bodies[1], &spoilt).expect("written");
    let all = ["content", "excess", "excess"];
    let found = queuectl(&odmrd, &["verify"]).ended(1);
    assert_eq!(kinds(&found), all, "{}", found.out);
    assert_eq!(found.out.matches(": 8 octets lie behind its content").count(), 2, "{}", found.out);
    judge(&odmrd, "odmr.queue.finding/1", &found.records()[..3]);
    odmrd.daemon.terminate();
    assert_eq!(kinds(&at_rest(&["verify", "--repair", "--dry-run"]).ended(1)), all);
    assert_eq!(std::fs::read(&bodies[0]).expect("a body"), with_more(0), "looking mends nothing");
    let mended = at_rest(&["verify", "--repair"]).ended(1);
    assert_eq!(kinds(&mended), ["content", "excess", "orphan"], "{}", mended.out);
    assert_eq!(std::fs::read(&bodies[0]).expect("a body"), before[0]);
    assert_eq!(std::fs::read(&bodies[1]).expect("a body"), spoilt);
    let name = bodies[0].file_name().expect("a name").to_str().expect("a name");
    let aside = |end: &str| std::fs::read(spool.join(format!("lost/{name}.excess{end}")));
    assert_eq!(aside("").expect("what lay behind it"), b"and more");
    // And what comes next does not take its place.
    std::fs::write(&bodies[0], with_more(0)).expect("written");
    at_rest(&["verify", "--repair"]).ended(1);
    assert_eq!(aside(".1").expect("what lay behind it"), b"and more");
    odmrd.restart(&lab);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(lab::maildir::Maildir::at(lab.path("Maildir")).messages().len(), 1);
}

/// Of a message whose row is gone the content may be the only copy: no repair and no start clears it away.
#[test]
fn content_outlives_the_rows_that_speak_of_it() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let large = "a line of some length\r\n".repeat(15_000);
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", large.as_bytes());
    odmrd.daemon.terminate();
    let spool = lab.path("odmrd-state/spool");
    let folder = spool.to_str().expect("a path").to_owned();
    let at_rest = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.args(["--spool", &folder]);
        run(command, words)
    };
    let files = |folder: &str| std::fs::read_dir(spool.join(folder)).map_or(0, Iterator::count);
    // Tables that are gone are not made anew beside it.
    let database = spool.join("spool.db");
    let whole = std::fs::read(&database).expect("the database");
    for emptied in [true, false] {
        match emptied {
            true => std::fs::write(&database, "").expect("written"),
            false => std::fs::remove_file(&database).expect("removed"),
        }
        let refused = at_rest(&["verify", "--repair"]).ended(66);
        assert!(refused.err.contains("spool"), "{}", refused.err);
        let started = lab::process::run(&lab, lab::ours::odmrd(odmrd.config(), &["run"]));
        assert!(started.err.contains("holds mail (files: 1)"), "{started:#?}");
        assert_eq!(files("bodies"), 1);
    }
    std::fs::write(&database, whole).expect("put back");
    // Half of a message is there: it is found, and told.
    let db = rusqlite::Connection::open(&database).expect("the database");
    db.execute("DELETE FROM message", []).expect("written");
    db.execute("UPDATE spool SET clean = 0", []).expect("written");
    drop(db);
    let found = at_rest(&["verify"]).ended(1);
    assert!(found.out.contains("its message is gone"), "{}", found.out);
    odmrd.restart(&lab);
    assert_eq!(files("bodies"), 1, "a start clears away nothing either");
    queuectl(&odmrd, &["verify"]).ended(1);
    odmrd.daemon.terminate();
    let mended = at_rest(&["verify", "--repair"]).ended(1);
    assert!(mended.out.contains("lost/"), "{}", mended.out);
    assert_eq!((files("bodies"), files("lost")), (0, 1));
}

/// What cannot be opened just now (too many open files, no permission, a disk that is not mounted) says
/// nothing about the mail, and no repair may set it aside for that.
#[test]
fn a_body_that_cannot_be_opened_is_not_called_damaged() {
    let lab = Lab::open();
    let mut odmrd = Odmrd::new(&lab).start();
    let large =
        [&b"Subject: large\r\n\r\n"[..], &b"a line of a large mail\r\n".repeat(9000)].concat();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", &large);
    odmrd.daemon.terminate();
    let bodies = lab.path("odmrd-state/spool/bodies");
    let file =
        std::fs::read_dir(&bodies).expect("bodies").next().expect("one").expect("a file").path();
    let away = lab.path("away");
    std::fs::rename(&file, &away).expect("moved");
    std::os::unix::fs::symlink(&file, &file).expect("a link to itself, which nobody can open");
    let folder = lab.path("odmrd-state/spool");
    let at_rest = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_queuectl"));
        command.arg("--spool").arg(&folder);
        run(command, words)
    };
    for words in [&["verify"][..], &["verify", "--repair"]] {
        let said = at_rest(words).ended(74);
        assert!(said.err.contains("cannot be opened"), "{}", said.err);
    }
    let state = at_rest(&["list", "--format", "template:{state}"]).ended(0).out;
    assert_eq!(state.trim(), "waiting");
    std::fs::remove_file(&file).expect("the link");
    std::fs::rename(&away, &file).expect("moved back");
    at_rest(&["verify"]).ended(0);
}

#[test]
fn monitoring_is_answered_in_its_own_forms() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let check = |words: &[&str], code: i32| {
        queuectl(&odmrd, &[words, &["--format", "nagios"]].concat()).ended(code).out
    };
    let fine = check(&["list", "--warning", "5", "--critical", "10"], 0);
    assert!(fine.starts_with("ODMR QUEUE OK - 3 messages of 1 domain, the oldest "), "{fine}");
    assert!(fine.contains(" | messages=3;5;10;0 bytes="), "{fine}");
    assert!(check(&["list", "--warning", "2"], 1).contains("WARNING"));
    assert!(check(&["domains", "--critical", "2"], 2).contains("CRITICAL - 3 messages"));
    assert!(check(&["list", "--older", "1d", "--critical", "0"], 0).contains("OK - 0 messages"));
    for command in ["list", "domains"] {
        let told = queuectl(&odmrd, &[command, "--format", "prometheus"]).ended(0).out;
        let line = "\nodmr_queue_messages{domain=\"example.org\",state=\"waiting\"} 3";
        assert!(told.contains(line), "{told}");
        assert_eq!(told.matches("# TYPE").count(), 3, "{told}");
    }
    let wrong = queuectl(&odmrd, &["sessions", "--format", "nagios"]).ended(64).err;
    assert!(wrong.contains("for list and domains"), "{wrong}");
    queuectl(&odmrd, &["list", "--warning", "2"]).ended(64);
    queuectl(&odmrd, &["hold", "--all", "--yes", "--format", "nagios"]).ended(64);
    odmrd.daemon.kill();
    let gone = queuectl(&odmrd, &["list", "--format", "nagios"]).ended(3);
    assert!(gone.out.starts_with("ODMR QUEUE UNKNOWN - ") && gone.err.is_empty(), "{}", gone.out);
}

#[test]
fn mail_can_be_given_to_another_domain() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account("beta", &["example.com"], "secret").start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("ann@sender.test", "bob@example.org", LETTER);
    post.deliver("", "eve@example.org", LETTER);
    let unknown = ["redirect", "--sender", "ann@*", "--to", "example.net", "--yes"];
    let unknown = queuectl(&odmrd, &unknown).ended(66).err;
    assert!(unknown.contains("no account may fetch the mail of example.net"), "{unknown}");
    queuectl(&odmrd, &["redirect", "--to", "example.com", "--yes"]).ended(64);
    let moved =
        ["redirect", "--sender", "ann@*", "--to", "example.com", "--yes", "--reason", "merged"];
    queuectl(&odmrd, &moved).ended(0);
    let all = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    let of = |domain: &str| all.iter().filter(|m| m["domain"] == domain).collect::<Vec<_>>();
    assert_eq!((of("example.org").len(), of("example.com").len()), (1, 1));
    let moved = &of("example.com")[0];
    assert_eq!(moved["account"], "beta");
    assert_eq!(moved["recipients"][0]["address"], "bob@example.com");
    assert_eq!(moved["recipients"][0]["orcpt"], "rfc822;bob@example.org");
    let audit = &queuectl(&odmrd, &["audit", "--json"]).ended(0).records()[0];
    assert_eq!((&audit["action"], &audit["reason"]), (&"redirect".into(), &"merged".into()));
    judge(&odmrd, "odmr.queue.audit/1", std::slice::from_ref(audit));
    assert_eq!(audit["filter"], "--sender 'ann@*' --to example.com");
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    assert_eq!(fetched.count("accepted"), 1, "the first customer gets what is left");
}

#[test]
fn mail_is_requeued_for_another_domain() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account("beta", &["example.com"], "secret").start();
    Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    AtrnFetch::new(&lab, odmrd.odmr).into("command:/usr/bin/false").run();
    let before = queuectl(&odmrd, &["list", "--json"]).ended(0).records().remove(0);
    assert_eq!((&before["state"], &before["attempts"]), (&"deferred".into(), &1.into()));
    let home = |to| ["requeue", "--all", "--to-domain", to, "--yes", "--reason", "merged"];
    let unknown = queuectl(&odmrd, &home("example.net")).ended(66).err;
    assert!(unknown.contains("no account may fetch the mail of example.net"), "{unknown}");
    let told = queuectl(&odmrd, &home("example.com")).ended(0).records().remove(0);
    assert_eq!((&told["action"], &told["done"]), (&"requeue".into(), &1.into()));
    judge(&odmrd, "odmr.queue.action/1", std::slice::from_ref(&told));
    let after = queuectl(&odmrd, &["list", "--json"]).ended(0).records().remove(0);
    assert_eq!((&after["id"], &after["account"]), (&before["id"], &"beta".into()));
    assert_eq!((&after["state"], &after["attempts"]), (&"waiting".into(), &0.into()));
    assert_eq!(after["recipients"][0]["address"], "bob@example.com");
    assert!(after["last"].is_null() && after["recipients"][0]["last"].is_null(), "{after}");
    let audit = &queuectl(&odmrd, &["audit", "--json"]).ended(0).records()[0];
    assert_eq!((&audit["action"], &audit["reason"]), (&"requeue".into(), &"merged".into()));
    assert_eq!(audit["filter"], "--all --to-domain example.com");
    // It is there already: no place to move it to.
    queuectl(&odmrd, &home("example.com")).ended(1);
    queuectl(&odmrd, &["verify"]).ended(0);
}

#[test]
fn what_happens_can_be_watched_also_across_a_restart() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    queuectl(&odmrd, &["hold", "--sender", "<>", "--yes"]).ended(0);
    queuectl(&odmrd, &["release", "--all", "--yes"]).ended(0);
    AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run().ended(0, "ok");
    lab::wait::until("the session's end", || {
        (!queuectl(&odmrd, &["sessions"]).out.is_empty()).then_some(())
    });
    let watch = ["watch", "--json", "--from-cursor"];
    let all = queuectl(&odmrd, &[&watch[..], &["0", "--limit", "10"]].concat()).ended(0).records();
    let seen: Vec<_> = all.iter().map(|event| event["event"].as_str().expect("a word")).collect();
    let (queued, delivered) = (["queued"; 3], ["delivered"; 3]);
    let between = ["held", "released", "session_start"];
    let expected = [&queued[..], &between[..], &delivered[..], &["session_end"][..]].concat();
    assert_eq!(seen, expected);
    judge(&odmrd, "odmr.queue.event/1", &all);
    assert_eq!(
        (&all[0]["domain"], &all[0]["account"]),
        (&"example.org".into(), &lab::fetchmail::USER.into())
    );
    assert_eq!(all[9]["result"], "ok");
    let ids = |event: &str| -> std::collections::BTreeSet<&str> {
        let those = all.iter().filter(|record| record["event"] == event);
        those.map(|record| record["id"].as_str().expect("an id")).collect()
    };
    assert_eq!(ids("queued"), ids("delivered"));
    let no_more = ["watch", "--no-follow", "--json", "--from-cursor", "0"];
    assert_eq!(queuectl(&odmrd, &no_more).ended(0).records().len(), all.len());
    let held = ["0", "--event", "held", "--limit", "1", "--format", "template:{who} {id}"];
    let held = queuectl(&odmrd, &[&["watch", "--from-cursor"][..], &held[..]].concat()).ended(0);
    assert_eq!(held.out.trim().split(' ').count(), 2, "{}", held.out);
    queuectl(&odmrd, &["watch", "--event", "nothing"]).ended(64);
    // Somebody watches while the provider goes and comes.
    let last = all[9]["seq"].to_string();
    let mut watcher = Command::new(env!("CARGO_BIN_EXE_queuectl"));
    watcher.arg("--config").arg(odmrd.config()).args(watch).args([&last, "--limit", "2"]);
    let watcher = watcher.args(["--event", "queued"]).stdin(Stdio::null());
    let mut watcher = watcher.stdout(Stdio::piped()).spawn().expect("queuectl");
    let lines = std::io::BufReader::new(watcher.stdout.take().expect("its output"));
    let mut lines = std::io::BufRead::lines(lines).map(|line| line.expect("text"));
    let deliver = |odmrd: &RunningOdmrd| {
        Post::open(odmrd.mx).deliver("ann@sender.test", "bob@example.org", LETTER);
    };
    deliver(&odmrd);
    let first = lines.next().expect("an event");
    odmrd.crash_and_restart(&lab);
    deliver(&odmrd);
    let told = std::iter::once(first).chain(lines);
    let told: Vec<Value> = told.map(|line| serde_json::from_str(&line).expect("JSON")).collect();
    assert!(watcher.wait().expect("its end").success());
    let seen: Vec<_> = told.iter().map(|event| event["event"].as_str().expect("a word")).collect();
    assert_eq!(seen, ["queued", "restarted", "queued"]);
    judge(&odmrd, "odmr.queue.event/1", &told);
    assert!(told[2]["seq"].as_u64() > told[0]["seq"].as_u64());
}

#[test]
fn the_live_view_shows_one_frame_to_a_pipe() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let once = queuectl(&odmrd, &["top", "--once", "--ascii"]).ended(0).out;
    assert!(once.contains("1 domains  3 messages"), "{once}");
    let daemon = once.lines().nth(1).expect("a second line");
    let port = odmrd.mx.port();
    for word in ["  up ", &format!("  smtp {port}  "), "  sessions 0  spool ", "% free"] {
        assert!(daemon.contains(word), "{word:?}: {once}");
    }
    let row = once.lines().find(|line| line.starts_with("example.org")).expect("its row");
    assert!(row.contains(lab::fetchmail::USER) && row.contains('#'), "{once}");
    assert!(once.is_ascii() && once.lines().all(|line| line.len() <= 110), "{once}");
    odmrd.daemon.kill();
    queuectl(&odmrd, &["top", "--once"]).ended(69);
}
