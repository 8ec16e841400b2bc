//! The figures: right, well formed by Prometheus' own judge, and never more of them than was asked for.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use odmr::flow::http::sheet::{Kind, METRICS};

use crate::house::{House, PASSWORD, Provider};
use crate::http::get;
use crate::presence::{Peer, have};

const OPEN: &str = "http.listen = \"127.0.0.1:0\"\nqueue.reserve = \"1 MiB\"";

/// Every series with its value.
type Series = BTreeMap<String, f64>;

/// The text, and the series in it. A line that is neither is a failure.
fn scrape(at: std::net::SocketAddr) -> (String, Series) {
    let answer = get(at, "/metrics", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let line = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    let lines: Vec<_> =
        answer.body.lines().filter(|line| !line.starts_with('#')).map(line).collect();
    let series: Series = lines.iter().cloned().collect();
    assert_eq!(series.len(), lines.len(), "a series is told twice");
    (answer.body, series)
}

fn value(series: &Series, name: &str) -> f64 {
    *series.get(name).unwrap_or_else(|| panic!("no {name} in {series:#?}"))
}

fn add_account(house: &House, name: &str, domains: &[&str]) {
    let mut words = vec!["account", "add", name, "--password-stdin"];
    domains.iter().for_each(|domain| words.extend(["--domain", domain]));
    let mut child = house.odmrd(&words).stdin(Stdio::piped()).spawn().expect("odmrd");
    writeln!(child.stdin.take().expect("a pipe"), "{PASSWORD}").expect("written");
    assert!(child.wait().expect("its end").success());
}

fn bring(provider: &Provider, recipient: &str) {
    let mut line = crate::talk::Line::greeted(provider.mx);
    for command in ["EHLO mail.example.com", "MAIL FROM:<ann@example.com>"] {
        assert!(line.ask(command).starts_with("250"));
    }
    assert!(line.ask(&format!("RCPT TO:<{recipient}>")).starts_with("250"));
    assert!(line.ask("DATA").starts_with("354"));
    assert!(line.ask("Subject: x\r\n\r\nbody\r\n.").starts_with("250"));
}

#[test]
fn what_waits_is_told_and_so_is_what_does_not() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let queue =
        |name: &str, labels: &str| format!("odmr_queue_{name}{{domain=\"example.org\"{labels}}}");

    // Everything has its zeros before anything has happened.
    let (_, empty) = scrape(at);
    for state in ["waiting", "deferred", "held", "failed", "damaged", "deleted"] {
        let name = queue("messages", &format!(",state=\"{state}\""));
        assert_eq!(value(&empty, &name), 0.0, "{name}");
    }
    for bucket in ["1h", "6h", "1d", "3d", "5d", "older"] {
        let name = queue("age_messages", &format!(",bucket=\"{bucket}\""));
        assert_eq!(value(&empty, &name), 0.0, "{name}");
    }
    assert_eq!(value(&empty, &queue("oldest_age_seconds", "")), 0.0);
    assert_eq!(value(&empty, "odmr_spool_damaged_messages"), 0.0);
    assert_eq!(value(&empty, "odmr_spool_accepts"), 1.0);
    assert!(!empty.contains_key(&queue("next_expiry_timestamp_seconds", "")));

    assert!(provider.bring("Hello", "body").starts_with("250"));
    let (_, one) = scrape(at);
    assert_eq!(value(&one, &queue("messages", ",state=\"waiting\"")), 1.0);
    // What takes a walk may be as old as twenty of them.
    let walked = |series: &Series| value(series, &queue("recipients", ",state=\"waiting\"")) > 0.0;
    let began = std::time::Instant::now();
    let mut one = one;
    while !walked(&one) && began.elapsed() < crate::house::PATIENCE {
        one = scrape(at).1;
    }
    assert_eq!(value(&one, &queue("recipients", ",state=\"waiting\"")), 1.0);
    assert_eq!(value(&one, &queue("age_messages", ",bucket=\"1h\"")), 1.0);
    assert!(value(&one, &queue("bytes", ",state=\"waiting\"")) > 100.0);
    let expiry = value(&one, &queue("next_expiry_timestamp_seconds", ""));
    let started = value(&one, "odmr_start_timestamp_seconds");
    assert!((21.0 * 86400.0 - 1.0..22.0 * 86400.0).contains(&(expiry - started)), "{expiry}");
    assert!(value(&one, "odmr_spool_fsync_seconds_count") >= 1.0);
    assert!(value(&one, "odmr_spool_free_bytes") > 0.0);
}

#[test]
fn domains_beyond_those_asked_for_are_summed() {
    let house = House::new(&format!("{OPEN}\nhttp.domain_labels = \"top:1\""));
    add_account(&house, "boat", &["boat.example", "dinghy.example"]);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    for recipient in ["a@boat.example", "b@boat.example", "a@dinghy.example", "bob@example.org"] {
        bring(&provider, recipient);
    }
    let (text, series) = scrape(at);
    let waiting =
        |domain: &str| format!("odmr_queue_messages{{domain=\"{domain}\",state=\"waiting\"}}");
    assert_eq!(value(&series, &waiting("boat.example")), 2.0);
    assert_eq!(value(&series, &waiting("_other")), 2.0);
    let received = |domain: &str| format!("odmr_messages_received_total{{domain=\"{domain}\"}}");
    assert_eq!(value(&series, &received("boat.example")), 2.0);
    assert_eq!(value(&series, &received("_other")), 2.0);
    // What was counted under a name stays there, though another domain is the fullest by now.
    for recipient in ["c@dinghy.example", "d@dinghy.example"] {
        bring(&provider, recipient);
    }
    let series_later = scrape(at).1;
    assert_eq!(value(&series_later, &waiting("dinghy.example")), 3.0);
    assert_eq!(value(&series_later, &received("boat.example")), 2.0);
    assert_eq!(value(&series_later, &received("_other")), 4.0);
    assert!(!text.contains("dinghy.example") && !text.contains("example.org"), "{text}");
}

#[test]
fn what_is_given_up_is_counted_for_its_domain() {
    let house = House::new(OPEN);
    add_account(&house, "boat", &["boat.example"]);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    for recipient in ["a@boat.example", "b@boat.example", "bob@example.org"] {
        bring(&provider, recipient);
    }
    for (action, domain) in [("delete", "boat.example"), ("expire", "example.org")] {
        let mut queuectl = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
        queuectl.arg("--config").arg(house.path("odmrd.toml"));
        queuectl.args([action, "--domain", domain, "--yes", "--reason", "a test"]);
        let acted = queuectl.output().expect("queuectl");
        assert!(acted.status.success(), "{acted:?}");
    }
    let series = scrape(at).1;
    let ended = |ending: &str, domain: &str| {
        value(&series, &format!("odmr_messages_{ending}_total{{domain=\"{domain}\"}}"))
    };
    assert_eq!((ended("deleted", "boat.example"), ended("expired", "boat.example")), (2.0, 0.0));
    assert_eq!((ended("deleted", "example.org"), ended("expired", "example.org")), (0.0, 1.0));
    assert_eq!(ended("bounced", "_other"), 0.0);
    let told = |kind: &str| {
        value(&series, &format!("odmr_dsn_total{{domain=\"example.org\",kind=\"{kind}\"}}"))
    };
    assert_eq!(["failed", "delayed", "relayed"].map(told), [0.0; 3]);
    for state in ["waiting", "deferred", "held", "failed", "damaged", "deleted"] {
        let labels = format!("{{domain=\"boat.example\",state=\"{state}\"}}");
        assert!(series.contains_key(&format!("odmr_queue_bytes{labels}")), "{labels}");
        assert!(series.contains_key(&format!("odmr_queue_recipients{labels}")), "{labels}");
    }
}

#[test]
fn with_no_labels_no_domain_is_named() {
    let house = House::new(&format!("{OPEN}\nhttp.domain_labels = \"none\""));
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    bring(&provider, "bob@example.org");
    let (text, series) = scrape(at);
    assert_eq!(value(&series, "odmr_queue_messages{domain=\"_other\",state=\"waiting\"}"), 1.0);
    assert!(!text.contains("example.org"), "{text}");
}

#[test]
fn prometheus_own_judge_finds_nothing_wrong_with_any_of_it() {
    if !have(&[Peer::Promtool]) {
        return;
    }
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    bring(&provider, "bob@example.org");
    let (text, _) = scrape(at);
    let mut promtool = Command::new(Peer::Promtool.program());
    promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    promtool.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = promtool.spawn().expect("promtool");
    judge.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    let judged = judge.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&judged.stdout) + String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn each_metric_of_the_table_is_told_with_its_kind_and_labels() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    bring(&provider, "bob@example.org");
    let (text, series) = scrape(at);
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert!(text.contains(&format!("# TYPE {} {kind}\n", metric.name)), "{}", metric.name);
        let start = format!("{}{{", metric.name);
        for name in series.keys().filter(|name| name.starts_with(&start)) {
            let labels: Vec<_> = name[start.len()..name.len() - 1]
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .map(|(label, _)| label)
                .collect();
            assert_eq!(labels, metric.labels, "{name}");
        }
    }
}

fn sessions(result: &str) -> String {
    format!("odmr_atrn_sessions_total{{account=\"acme\",result=\"{result}\"}}")
}

fn logins(result: &str) -> String {
    let of = "listener=\"odmr\",mechanism=\"SCRAM-SHA-256\"";
    format!("odmr_auth_attempts_total{{{of},result=\"{result}\"}}")
}

fn replies(listener: &str, verb: &str, code: &str) -> String {
    let of = format!("listener=\"{listener}\",verb=\"{verb}\",code=\"{code}\"");
    format!("odmr_smtp_replies_total{{{of}}}")
}

/// All of those calls are over and counted.
fn settled(series: &Series) -> bool {
    let at_the_end = [replies("smtp", "QUIT", "221"), replies("odmr", "ATRN", "530")];
    at_the_end.iter().all(|name| series.contains_key(name))
        && value(series, &sessions("ok")) == 1.0
        && value(series, &logins("failed")) == 1.0
        && series.get(&replies("odmr", "AUTH", "535")) == Some(&1.0)
}

/// Strangers, a sender and a customer, each with something to be counted.
fn everybody_calls(house: &House, provider: &Provider) {
    // Somebody asks before it has said who it is, and a sender for a domain that is not ours.
    let mut stranger = crate::talk::Line::greeted(provider.odmr);
    assert!(stranger.ask("EHLO mail.example.org").starts_with("250"));
    assert!(stranger.ask("ATRN example.org").starts_with("530"));
    assert!(stranger.ask("QUIT").starts_with("221"));
    let mut sender = crate::talk::Line::greeted(provider.mx);
    assert!(sender.ask("EHLO mail.example.com").starts_with("250"));
    assert!(sender.ask("MAIL FROM:<ann@example.com>").starts_with("250"));
    assert!(sender.ask("RCPT TO:<bob@elsewhere.example>").starts_with("550"));
    assert!(sender.ask("QUIT").starts_with("221"));
    // The customer finds nothing, then something; then it has forgotten its password.
    assert!(house.fetch(provider.odmr, &[]).output().expect("atrn-fetch").status.success());
    bring(provider, "bob@example.org");
    assert!(house.fetch(provider.odmr, &[]).output().expect("atrn-fetch").status.success());
    let mut forgetful = house.fetch(provider.odmr, &[]);
    house.write("password", "Wrong-Horse-42");
    assert_eq!(forgetful.output().expect("atrn-fetch").status.code(), Some(77));
}

#[test]
fn what_happens_is_counted_where_it_happens() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let before = scrape(at).1;
    for result in ["ok", "no_mail", "refused450", "tempfail451", "dropped", "timeout", "partial"] {
        assert_eq!(value(&before, &sessions(result)), 0.0, "{result}");
    }
    // Of one that has never called it is long ago.
    let never = "odmr_atrn_last_success_timestamp_seconds{account=\"acme\"}";
    assert_eq!(value(&before, never), 0.0);

    everybody_calls(&house, &provider);
    let (mut text, mut after) = scrape(at);
    let began = std::time::Instant::now();
    while !settled(&after) && began.elapsed() < crate::house::PATIENCE {
        (text, after) = scrape(at);
    }
    for (name, wanted) in [
        (sessions("ok"), 1.0),
        (sessions("no_mail"), 1.0),
        (sessions("dropped"), 0.0),
        ("odmr_atrn_sessions_total{account=\"\",result=\"unauth530\"}".to_owned(), 1.0),
        (logins("ok"), 2.0),
        (logins("failed"), 1.0),
        (replies("odmr", "ATRN", "250"), 1.0),
        (replies("odmr", "ATRN", "453"), 1.0),
        (replies("odmr", "ATRN", "530"), 1.0),
        (replies("odmr", "none", "220"), 4.0),
        (replies("odmr", "AUTH", "535"), 1.0),
        (replies("smtp", "RCPT", "550"), 1.0),
        (replies("smtp", "DATA", "354"), 1.0),
        ("odmr_smtp_rejected_total{listener=\"smtp\",reason=\"no_relay\"}".to_owned(), 1.0),
        ("odmr_smtp_connections_total{listener=\"smtp\",result=\"admitted\"}".to_owned(), 2.0),
        ("odmr_messages_received_total{domain=\"example.org\"}".to_owned(), 1.0),
        ("odmr_atrn_messages_total{domain=\"example.org\",result=\"delivered\"}".to_owned(), 1.0),
        ("odmr_atrn_active_sessions".to_owned(), 0.0),
        ("odmr_atrn_session_duration_seconds_count".to_owned(), 1.0),
        ("odmr_atrn_turn_wait_seconds_count".to_owned(), 1.0),
    ] {
        assert_eq!(value(&after, &name), wanted, "{name}\n{text}");
    }
    let started = value(&after, "odmr_start_timestamp_seconds");
    for moment in ["success", "attempt"] {
        let name = format!("odmr_atrn_last_{moment}_timestamp_seconds{{account=\"acme\"}}");
        assert!(value(&after, &name) >= started, "{name}");
    }
}
