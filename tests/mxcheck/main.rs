//! `mxcheck` as it is run: against real name servers on loopback, and against what nobody should give it.

mod front;
mod internet;
#[allow(dead_code, unused_imports)]
#[path = "../peers/lab/mod.rs"]
mod lab;
mod misuse;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use internet::Internet;
use lab::Lab;
use lab::presence::{Peer, have};
use lab::process::{Ran, run};
use serde_json::Value;

const SERVER: &str = "atrn.provider.net";
const PEERS: &[Peer] = &[Peer::Bind, Peer::Knot, Peer::Nsd, Peer::Unbound];

/// Each domain of `internet.zones`, how it ends, and which checks have something to say of it; what is
/// only worth knowing is left out.
const TOLD: &[(&str, &str, &[&str])] = &[
    ("good.org", "ok", &[]),
    ("host.good.org", "ok", &[]),
    ("b\u{fc}cher.org", "ok", &[]),
    ("vanity.org", "ok", &[]),
    ("bypass.org", "fail", &["mx.bypass-preferred"]),
    ("equal.org", "fail", &["mx.bypass-equal"]),
    ("backup.org", "ok", &["mx.bypass-backup"]),
    ("none.org", "fail", &["target.none"]),
    ("implicit.org", "fail", &["target.implicit"]),
    ("nullmx.org", "fail", &["target.nullmx"]),
    ("dangling.org", "fail", &["target.dangling"]),
    ("takeover.org", "fail", &["target.takeover"]),
    ("alias.org", "fail", &["target.cname"]),
    ("literal.org", "fail", &["target.ip-literal"]),
    ("dot.org", "fail", &["mx.missing-dot"]),
    ("typo.org", "fail", &["target.takeover", "mx.near-miss"]),
    ("stale.org", "fail", &["ns.all-agree", "mx.expected-present"]),
    ("lame.org", "fail", &["ns.lame"]),
    ("alllame.org", "fail", &["dns.servfail", "ns.lame"]),
    ("dead.org", "ok", &["ns.unreachable"]),
    ("glue.org", "fail", &["ns.unreachable", "ns.glue"]),
    ("parent.org", "ok", &["ns.count", "ns.parent-child"]),
    ("six.org", "fail", &["target.v6-only", "mx.customer-backup-loop"]),
    ("private.org", "fail", &["target.special-addr", "mx.bypass-backup"]),
    ("wild.org", "ok", &["mx.wildcard"]),
    ("times.org", "ok", &["ttl.mx-high"]),
    ("big.org", "ok", &["mx.bypass-backup", "mx.count"]),
    (
        "loop.org",
        "fail",
        &["target.cname", "target.dangling", "mx.bypass-backup", "dnssec.mx-zone"],
    ),
    ("texts.org", "fail", &["spf.one", "tlsrpt.with-sts"]),
    ("nameless.org", "ok", &["mx.bypass-backup", "ptr.exists"]),
    ("alone.org", "ok", &["ns.count"]),
    ("signed.org", "ok", &["ns.count", "dnssec.no-ds"]),
    ("weekend.org", "ok", &["ns.count", "dnssec.no-ds", "dnssec.expiry"]),
    ("orphan.org", "fail", &["dns.servfail", "ns.count", "dnssec.ds-orphan"]),
    ("secure.org", "ok", &[]),
    ("hashed.org", "ok", &[]),
    ("expired.org", "fail", &["dns.servfail", "dnssec.state"]),
    ("forged.org", "fail", &["dns.servfail", "dnssec.state"]),
    ("rekeyed.org", "fail", &["dns.servfail", "dnssec.ds-orphan"]),
    (
        "bare.org",
        "fail",
        &["ns.count", "dnssec.mx-zone", "spf.one", "sts.record", "tlsrpt.record", "dmarc.exists"],
    ),
    ("tlsa.org", "ok", &["dane.insecure"]),
    ("useless.org", "ok", &["dane.usable"]),
    ("single.org", "ok", &["dane.rollover"]),
    ("missing.org", "no-domain", &["dns.exists"]),
];

/// `mxcheck` with these arguments, asking this resolver.
fn mxcheck(internet: &Internet, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(["--resolver", &internet.resolver.to_string(), "--timeout", "2s"]);
    command.arg("--trust-anchor").arg(&internet.anchor);
    command.args(line.split_whitespace());
    command
}

fn ran(lab: &Lab, internet: &Internet, line: &str) -> Ran {
    run(lab, mxcheck(internet, line))
}

#[track_caller]
fn ends(lab: &Lab, internet: &Internet, line: &str, code: i32) -> String {
    let ran = ran(lab, internet, line);
    assert_eq!(ran.code, Some(code), "{line}: {}{}", ran.out, ran.err);
    ran.out
}

/// The checks that complain, or could not find out, each once, in their order.
fn complaints(assessment: &Value) -> Vec<&str> {
    let mut ids = Vec::new();
    for check in assessment["checks"].as_array().expect("checks") {
        let told = matches!(check["status"].as_str(), Some("fail" | "unknown"));
        let id = check["id"].as_str().expect("an id");
        if told && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

#[test]
fn each_broken_domain_is_told_as_what_it_is() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let names: Vec<&str> = TOLD.iter().map(|(name, _, _)| *name).collect();
    let list = lab.write("domains", names.join("\n"));
    let evidence = lab.path("evidence.jsonl");
    let (list, evidence) = (list.display(), evidence.display());
    let line = format!("--from-file {list} --server {SERVER} --save {evidence} --json");
    let told = ends(&lab, &internet, &line, 1);
    let assessments: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(assessments.len(), TOLD.len());
    let mut missed = Vec::new();
    for ((name, verdict, ids), assessment) in TOLD.iter().zip(&assessments) {
        let (told, as_a_whole) = (complaints(assessment), &assessment["verdict"]);
        if told != *ids || as_a_whole != verdict {
            missed.push(format!("{name}: {as_a_whole} {told:?}; expected {verdict} {ids:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    no_server_waits_for_more_than_three(&evidence.to_string());
    what_was_saved_is_judged_to_the_same_bytes(&lab, &evidence.to_string(), &told);
}

fn no_server_waits_for_more_than_three(evidence: &str) {
    let evidence = fs::read_to_string(evidence).expect("it was saved");
    for line in evidence.lines().skip(1) {
        let facts: Value = serde_json::from_str(line).expect("JSON");
        let mut flights: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for answer in facts["answers"].as_array().expect("answers") {
            let server = answer["server"]["addr"].to_string();
            let flight = answer["flight"].as_u64().expect("a number");
            flights.entry(server).or_default().insert(flight);
        }
        for (server, flights) in flights {
            assert!(flights.len() <= 3, "{}: {server}: {flights:?}", facts["domain"]);
        }
    }
}

fn what_was_saved_is_judged_to_the_same_bytes(lab: &Lab, evidence: &str, told: &str) {
    let mut again = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    again.args(["--replay", evidence, "--json"]);
    let again = run(lab, again);
    assert_eq!(again.code, Some(1), "{}", again.err);
    assert!(again.out == told, "another judgement");
}

#[test]
fn one_domain_ends_as_it_is() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    for (line, code) in [
        ("good.org", 0),
        ("equal.org", 1),
        ("missing.org", 68),
        ("backup.org", 0),
        ("backup.org --fail-on warning", 1),
        ("backup.org --fail-on warning --skip mx.bypass-backup", 0),
        ("backup.org --severity mx.bypass-backup=error", 1),
        ("backup.org --allow-mx mail.backup.org --fail-on warning", 0),
        ("backup.org --deny-mx mail.backup.org", 1),
        ("backup.org --customer-addr 198.51.99.0/24 --fail-on warning", 1),
        ("good.org --also host.good.org --fail-on warning", 0),
        ("good.org --also bypass.org --fail-on warning", 1),
        ("good.org --expect-addr 192.0.3.25,2a00:1::/32", 0),
        ("good.org --expect-addr 192.0.3.26", 1),
        ("good.org missing.org", 68),
        ("missing.org gone.org", 68),
        ("good.org --format nagios", 0),
        ("backup.org --format nagios", 1),
        ("backup.org --format nagios --warn-as-ok", 0),
        ("equal.org --format nagios", 2),
        ("good.org --authoritative", 0),
        ("stale.org --authoritative", 1),
        ("good.org --resolver-only", 0),
    ] {
        ends(&lab, &internet, &format!("{line} --server {SERVER}"), code);
    }
    let told =
        ends(&lab, &internet, &format!("good.org --resolver-only --json --server {SERVER}"), 0);
    assert!(!told.contains("authoritative"), "{told}");
    let told =
        ends(&lab, &internet, &format!("good.org --authoritative --json --server {SERVER}"), 0);
    assert!(!told.contains("\"kind\":\"resolver\""), "{told}");
    let first = ends(&lab, &internet, &format!("equal.org --format nagios --server {SERVER}"), 2);
    assert!(first.starts_with("MX CRITICAL - equal.org: 10 mail.equal.org."), "{first}");
}

#[test]
fn a_zone_is_judged_before_it_is_there() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    ends(&lab, &internet, &format!("coming.org --server {SERVER}"), 68);
    let at = internet.ns1;
    let line = format!("coming.org --server {SERVER} --undelegated ns1.dns.net={at} --json");
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &line, 0)).expect("JSON");
    assert_eq!(complaints(&told), ["tlsrpt.with-sts"]);
    assert_eq!(told["mx"][0]["class"], "expected");
}

#[test]
fn what_a_stranger_has_in_his_zone_moves_no_cursor() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    for format in ["human", "json", "nagios", "tap", "junit", "sarif", "markdown", "prometheus"] {
        let line = format!("hostile.org --server {SERVER} -v --color never --format {format}");
        let ran = ran(&lab, &internet, &line);
        assert!(matches!(ran.code, Some(1 | 2)), "{format}: {ran:?}");
        let is_bad = |c: char| c.is_control() && c != '\n';
        assert!(!ran.out.contains(is_bad), "{format}: {:?}", ran.out);
        assert!(!ran.out.is_empty());
    }
    let told = ends(&lab, &internet, &format!("hostile.org --server {SERVER}"), 1);
    assert!(told.contains("spf.one: hostile.org has 2 SPF records"), "{told}");
    let coloured = ends(&lab, &internet, &format!("equal.org --server {SERVER} --color always"), 1);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
}
