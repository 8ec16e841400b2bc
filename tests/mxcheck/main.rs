//! `mxcheck` as it is run: against real name servers on loopback, and against what nobody should give it.

mod called;
mod changing;
mod front;
mod internet;
#[allow(dead_code, unused_imports)]
#[path = "../peers/lab/mod.rs"]
mod lab;
mod misuse;
mod web;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use front::stand_in_front;
use internet::{Internet, without_edns};
use lab::Lab;
use lab::presence::{Peer, have};
use lab::process::{Ran, run};
use serde_json::Value;

const SERVER: &str = "atrn.provider.net";
const PEERS: &[Peer] = &[Peer::Bind, Peer::Knot, Peer::Nsd, Peer::Unbound];

/// Each domain of `internet.zones`, how it ends, and which checks have something to say of it, or could not find
/// out (where the name of an address leads, behind three questions); what is only worth knowing is left out.
const TOLD: &[(&str, &str, &[&str])] = &[
    ("good.org", "ok", &[]),
    ("host.good.org", "ok", &[]),
    ("b\u{fc}cher.org", "ok", &[]),
    ("vanity.org", "ok", &[]),
    ("bypass.org", "fail", &["mx.bypass-preferred"]),
    ("equal.org", "fail", &["mx.bypass-equal"]),
    ("backup.org", "fail", &["mx.bypass-backup"]),
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
    ("big.org", "fail", &["mx.bypass-backup", "mx.count", "ptr.fcrdns"]),
    ("loop.org", "fail", &["target.cname", "target.dangling"]),
    ("texts.org", "fail", &["spf.one", "tlsrpt.with-sts", "sts.fetch"]),
    ("sts.org", "ok", &[]),
    ("stsother.org", "fail", &["sts.mx-match"]),
    ("ststest.org", "ok", &["sts.mx-match"]),
    ("stsmoved.org", "fail", &["sts.fetch"]),
    ("stspage.org", "fail", &["sts.syntax"]),
    ("stslong.org", "fail", &["sts.fetch"]),
    ("stsname.org", "fail", &["sts.fetch"]),
    ("spflong.org", "fail", &["spf.limits"]),
    ("spfvoid.org", "fail", &["spf.limits"]),
    ("spfloop.org", "fail", &["spf.limits"]),
    ("spfdeep.org", "ok", &[]),
    ("forward.org", "fail", &["mx.bypass-backup", "ptr.fcrdns"]),
    ("nameless.org", "fail", &["mx.bypass-backup", "ptr.exists"]),
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
    // Its server has TLSA records.
    ("unheard.org", "ok", &["tlsrpt.with-sts"]),
    ("mixed.org", "fail", &["target.nullmx-mixed"]),
    ("score.org", "ok", &["target.hostname"]),
    ("twice.org", "ok", &["mx.duplicate"]),
    ("quick.org", "ok", &["ttl.mx-low"]),
    ("uneven.org", "ok", &["ttl.rrset"]),
    ("behind.org", "ok", &["ns.serial"]),
    ("hosts.org", "fail", &["ns.addr-agree", "mx.addr-partial"]),
    ("halves.org", "fail", &["mx.addr-partial"]),
    ("generic.org", "fail", &["mx.bypass-backup", "ptr.fcrdns", "ptr.generic"]),
    ("nscname.org", "fail", &["ns.cname"]),
    ("notcp.org", "ok", &["dns.tcp"]),
    ("noedns.org", "ok", &["ns.edns"]),
    ("strict.org", "fail", &["ns.edns", "ns.count", "mx.bypass-preferred"]),
    ("apex.org", "fail", &["target.owner-cname"]),
    ("inside.org", "ok", &["target.views"]),
    ("lasting.org", "ok", &["ttl.negative"]),
    (
        "huge.org",
        "fail",
        &["dns.excess", "target.dangling", "mx.bypass-backup", "mx.count", "ptr.fcrdns"],
    ),
    ("cached.org", "ok", &["ns.resolver-differs"]),
    ("stsbad.org", "fail", &["sts.record"]),
    ("under_score.good.org", "fail", &["in.domain"]),
    ("expanded.org", "fail", &["target.cname", "dane.rollover"]),
    ("missing.org", "no-domain", &["dns.exists"]),
];

/// `mxcheck` with these arguments, asking this resolver.
fn mxcheck(internet: &Internet, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    command.args(["--resolver", &internet.resolver.to_string(), "--timeout", "2s"]);
    command.arg("--trust-anchor").arg(&internet.anchor).arg("--ca").arg(&internet.ca);
    // Of most domains of this internet there are no servers, only their addresses.
    let calls = line.contains("--smtp ") || line.contains("--odmr ") || line.contains("--calls");
    if !calls {
        command.args(["--smtp", "none", "--odmr", "none"]);
    }
    command.args(line.split_whitespace().filter(|word| *word != "--calls"));
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
    each_is_as_bad_as_it_is(&assessments);
    each_is_as_the_schema_says(&lab, &assessments);
    no_server_waits_for_more_than_three(&evidence.to_string());
    what_was_saved_is_judged_to_the_same_bytes(&lab, &evidence.to_string(), &told);
}

/// How bad the catalogue has these, which no other test has live.
fn each_is_as_bad_as_it_is(assessments: &[Value]) {
    for (domain, id, severity, subject) in [
        ("apex.org", "target.owner-cname", "error", "apex.org"),
        ("inside.org", "target.views", "warning", "mx.inside.org"),
        ("lasting.org", "ttl.negative", "notice", "lasting.org"),
        ("huge.org", "dns.excess", "error", "huge.org"),
        ("cached.org", "ns.resolver-differs", "warning", "127."),
        ("under_score.good.org", "in.domain", "error", "under_score.good.org"),
        ("expanded.org", "dane.rollover", "notice", "mx.expanded.org"),
        ("noedns.org", "ns.edns", "notice", "ns.noedns.org"),
        ("strict.org", "ns.edns", "notice", "ns.strict.org"),
        ("strict.org", "mx.bypass-preferred", "critical", "mail.strict.org"),
    ] {
        let told = assessments.iter().find(|told| told["domain"] == domain).expect("it was asked");
        let mut checks = told["checks"].as_array().expect("checks").iter();
        let told = checks.find(|check| check["id"] == id && check["status"] == "fail");
        let told = told.unwrap_or_else(|| panic!("{domain}: {id}"));
        let is_subject = told["subject"].as_str().is_some_and(|told| told.starts_with(subject));
        assert!(told["severity"] == severity && is_subject, "{domain}: {told:#}");
    }
}

fn each_is_as_the_schema_says(lab: &Lab, assessments: &[Value]) {
    let mut schema = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    schema.arg("--schema");
    // Keys are only ever added; here there are none that it does not know.
    let schema = run(lab, schema).succeeded().out;
    let schema =
        schema.replace("\"additionalProperties\": true", "\"additionalProperties\": false");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for assessment in assessments {
        let wrong: Vec<String> =
            schema.iter_errors(assessment).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", assessment["domain"]);
    }
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

/// Neither a zone of which every server hears no EDNS is unknown for that, nor all that a resolver tells.
#[test]
fn who_hears_no_edns_is_asked_without_it() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let evidence = lab.path("evidence.jsonl").display().to_string();
    // Its texts are told by the resolver alone, which takes longer to find out how it has to ask.
    let texts = "--skip spf,sts,tlsrpt,dmarc";
    let line =
        format!("deaf.org --server {SERVER} --authoritative {texts} --save {evidence} --json");
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &line, 0)).expect("JSON");
    assert_eq!(complaints(&told), ["ns.edns", "ns.count"], "{told:#}");
    assert_eq!(told["vantages"][0]["mx"][0], "10 atrn.provider.net.", "{told:#}");
    no_server_waits_for_more_than_three(&evidence);
    let front = lab.free();
    let _front = without_edns(front, internet.resolver);
    let told = |domain: &str, code: i32| {
        let line = format!("{domain} --server {SERVER} --resolver-only --json --smtp none");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
        command.args(["--resolver", &front.to_string(), "--timeout", "2s", "--odmr", "none"]);
        command.args(line.split_whitespace());
        let ran = run(&lab, command);
        assert_eq!(ran.code, Some(code), "{domain}: {}{}", ran.out, ran.err);
        serde_json::from_str::<Value>(&ran.out).expect("JSON")
    };
    let good = told("good.org", 0);
    assert_eq!(complaints(&good), ["ns.edns"], "{good:#}");
    let status = |id: &str| {
        let mut checks = good["checks"].as_array().expect("checks").iter();
        checks.find(|check| check["id"] == id).expect("a check")["status"].clone()
    };
    assert_eq!(
        (status("mx.expected-present"), status("mx.expected-best")),
        ("ok".into(), "ok".into())
    );
    // Signatures cannot be asked for without it.
    assert_eq!(status("dnssec.state"), "skipped", "{good:#}");
    let bypass = told("bypass.org", 1);
    assert!(complaints(&bypass).contains(&"mx.bypass-preferred"), "{bypass:#}");
}

/// A zone, the zone above it, and the hosts in it, all at the same servers.
#[test]
fn no_server_waits_longer_because_it_has_the_zone_above_too() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    for mode in ["--authoritative", ""] {
        let evidence = lab.path("evidence.jsonl");
        let evidence = evidence.display().to_string();
        let line = format!("host.deep.good.org --server {SERVER} {mode} --save {evidence} --json");
        let told = ends(&lab, &internet, &line, 0);
        assert!(told.contains("\"mx.deep.good.org\""), "{told}");
        no_server_waits_for_more_than_three(&evidence);
    }
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
        // A warning; but not all mail comes to the server.
        ("backup.org", 1),
        ("backup.org --fail-on critical", 0),
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
        ("spfdeep.org --outbound", 0),
        ("spfvoid.org --outbound --skip spf.limits --fail-on warning", 0),
        ("spfloop.org --outbound --skip spf.limits --fail-on warning", 1),
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

/// What only shows against what is expected.
#[test]
fn what_is_expected_can_be_missed_in_each_way() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let server = format!("--server {SERVER}");
    let mut missed = Vec::new();
    for (line, expected) in [
        // Where the name of a stranger's address leads stands behind three questions.
        ("good.org", &["in.no-expectation", "ptr.fcrdns"][..]),
        (
            "good.org --server nobody.provider.net",
            &["in.expected-resolves", "mx.expected-present", "ptr.fcrdns"],
        ),
        ("good.org @ --server mail.backup.org", &["mx.complete"]),
        ("sts.org @ --server mail.backup.org", &["mx.complete", "sts.covers-new"]),
        ("backup.org @ --deny-mx mail.backup.org", &["mx.former-provider"]),
        ("backup.org @ --customer-addr 198.51.99.0/24", &["mx.direct-customer"]),
        ("good.org @ --expect-addr 192.0.3.26", &["mx.addr-mismatch"]),
        // Where the expected server is its own zone's servers are asked, not only a resolver.
        ("outside.org --server mx.dns.net", &["target.views", "mx.addr-mismatch"]),
        ("outside.org --server mx.dns.net --resolver-only", &[]),
        ("good.org @ --also host.good.org", &[]),
        ("bypass.org @ --allow-mx mail.bypass.org", &["mx.expected-best"]),
        ("good.org @ --also wild.org,bypass.org", &["mx.subdomains"]),
        ("spfvoid.org @ --outbound --skip spf.limits", &[]),
        ("texts.org @ --only spf --outbound", &["spf.one"]),
        ("spfloop.org @ --only spf --outbound", &["spf.limits", "spf.relay-listed"]),
    ] {
        let ran = ran(&lab, &internet, &format!("{} --json", line.replace('@', &server)));
        let assessment: Value = serde_json::from_str(&ran.out).expect("JSON");
        let told = complaints(&assessment);
        if told != *expected {
            missed.push(format!("{line}: {told:?}; expected {expected:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_provider_hears_of_all_his_customers() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let certificate = "sha256:".to_owned() + &"ab".repeat(32);
    let accounts = format!(
        "[account.acme]\ndomains = [\"good.org\", \"none.org\"]\ncertificate = [\"{certificate}\"]\n"
    );
    let accounts = lab.write("accounts.toml", accounts);
    let owners_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&accounts, owners_alone).expect("a mode");
    let (state, accounts) =
        (lab.path("state").display().to_string(), accounts.display().to_string());
    let settings = format!(
        "hostname = \"{SERVER}\"\nstate_dir = \"{state}\"\naccounts = \"{accounts}\"\n\
         queue.lifetime = \"2d\"\n"
    );
    let settings = lab.write("odmrd.toml", settings).display().to_string();
    let list = lab.write("inbound", "good.org\nvanity.org\n").display().to_string();
    let line = format!("--config {settings} --inbound-list {list} --only prov --json");
    let told = ends(&lab, &internet, &line, 1);
    let told: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = told.iter().filter_map(|one| one["domain"].as_str()).collect();
    assert_eq!(names, ["good.org", "none.org", "vanity.org"]);
    assert!(told.iter().all(|one| one["role"] == "provider"));
    // Nobody is at the control socket, so what waits is not known.
    let untold = ["prov.orphan-queue", "prov.stale-account"];
    assert_eq!(complaints(&told[0]), [untold[0], "prov.expiry", untold[1]]);
    assert_eq!(complaints(&told[1]), ["prov.no-mx-here", untold[0], "prov.expiry", untold[1]]);
    assert_eq!(complaints(&told[2])[0], "prov.unprovisioned");
}

#[test]
fn a_change_is_waited_for() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let line = format!("good.org --server {SERVER} --watch --json");
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &line, 0)).expect("JSON");
    each_is_as_the_schema_says(&lab, std::slice::from_ref(&told));
    assert_eq!(told["watch"]["state"], "done");
    assert!(told["watch"]["cache_horizon"].is_null(), "nobody was seen with anything else");
    let line = format!("stale.org --server {SERVER} --watch --interval 1s --deadline 1s --json");
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &line, 75)).expect("JSON");
    each_is_as_the_schema_says(&lab, std::slice::from_ref(&told));
    let watch = &told["watch"];
    assert_eq!(watch["state"], "waiting");
    assert!(watch["cache_horizon"].is_null(), "it is given away still");
    let old = watch["vantages"].as_array().expect("servers").iter();
    let old: Vec<&Value> = old.filter(|one| one["state"] == "old").collect();
    assert!(old.iter().any(|one| one["kind"] == "authoritative" && one["ttl_left_s"] == 3600));
    let human = line.replace(" --json", "");
    let told = ends(&lab, &internet, &human, 75);
    assert!(told.contains("Who shows it") && told.contains("old      authoritative"), "{told}");
}

#[test]
fn what_has_changed_since_before_is_told() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let state = lab.path("state").display().to_string();
    let line = format!("good.org --server {SERVER} --state {state} --only watch --json");
    let changed = |line: &str, code: i32| {
        let told: Value = serde_json::from_str(&ends(&lab, &internet, line, code)).expect("JSON");
        complaints(&told) == ["watch.changed"]
    };
    assert!(!changed(&line, 0), "nothing was known");
    assert!(!changed(&line, 0), "nothing has changed");
    let known = fs::read_to_string(&state).expect("it was written");
    let other = known.replace(SERVER, "mail.example.com");
    assert_ne!(known, other);
    fs::write(&state, &other).expect("a file");
    assert!(changed(&format!("{line} --pin"), 1), "it is an error");
    assert_eq!(fs::read_to_string(&state).expect("a file"), other, "it is pinned");
    assert!(changed(&line, 0), "a notice");
    assert_eq!(fs::read_to_string(&state).expect("a file"), known);
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
    let key = lab.path("alone.key").display().to_string();
    let mut anchored = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    anchored.args(line.split_whitespace()).args(["--trust-anchor", &key, "--timeout", "2s"]);
    anchored.args(["--smtp", "none", "--odmr", "none"]);
    anchored.args(["--resolver", &internet.resolver.to_string()]).arg("--ca").arg(&internet.ca);
    let anchored = run(&lab, anchored);
    let in_order = "\"id\":\"dnssec.state\",\"severity\":\"critical\",\"status\":\"ok\"";
    assert!(anchored.out.contains(in_order), "{}{}", anchored.out, anchored.err);
    let elsewhere = format!("{line} --sts-server {}:9", internet.web);
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &elsewhere, 1)).expect("JSON");
    assert_eq!(complaints(&told), ["tlsrpt.with-sts", "sts.fetch"]);
    let told: Value = serde_json::from_str(&ends(&lab, &internet, &line, 0)).expect("JSON");
    assert_eq!(told["mx"][0]["class"], "expected");
}

/// By TLS and by HTTPS a resolver says what it says by UDP; with a certificate of somebody else it says nothing.
#[test]
fn a_resolver_is_asked_so_that_nobody_listens() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let [tls, https] = internet.secured;
    for resolver in [format!("dot:{tls}"), format!("doh:https://{https}/dns-query")] {
        let mxcheck = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
            command.args(["--resolver", &resolver, "--timeout", "4s", "--json"]);
            command.args(["--smtp", "none", "--odmr", "none"]);
            command.arg("--trust-anchor").arg(&internet.anchor).args(["--server", SERVER]);
            command.args(more);
            run(&lab, command)
        };
        let ca = internet.ca.display().to_string();
        for (domain, code) in [("secure.org", 0), ("expired.org", 1), ("missing.org", 68)] {
            let ran = mxcheck(&[domain, "--ca", &ca]);
            assert_eq!(ran.code, Some(code), "{resolver}: {domain}: {}{}", ran.out, ran.err);
            let word = resolver.split(':').next().expect("a word");
            assert!(ran.out.contains(&format!("\"server\":\"{word}:127.")), "{}", ran.out);
        }
        let many =
            mxcheck(&["--ca", &ca, "good.org", "bypass.org", "big.org", "wild.org", "alias.org"]);
        assert_eq!(many.code, Some(1), "{}", many.err);
        assert_eq!(many.out.matches("\"verdict\":\"unknown\"").count(), 0, "{}", many.out);
        let stranger = mxcheck(&["good.org"]);
        assert_eq!(stranger.code, Some(69), "{resolver}: {}", stranger.out);
    }
}

/// What is wrong with the certificate of a resolver is told in one line; and then nothing is known of the domain.
#[test]
fn a_resolver_whose_certificate_does_not_fit_is_not_believed() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let [tls, https] = internet.secured;
    // The same resolvers at another address than the one in their certificate.
    let fronts = [tls, https].map(|behind| {
        let other = Lab::open();
        let front = other.free();
        (stand_in_front(front, behind), front, other)
    });
    let [(_, dot, _), (_, doh, _)] = &fronts;
    let ca = internet.ca.display().to_string();
    let stranger = "signed by an authority we do not know";
    for (resolver, ca, why) in [
        (format!("dot:{tls}"), None, stranger),
        (format!("doh:https://{https}/dns-query"), None, stranger),
        (format!("dot:{dot}"), Some(&ca), "the certificate is for 127."),
        (format!("doh:https://{doh}/dns-query"), Some(&ca), "the certificate is for 127."),
    ] {
        let told = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
            command.args(["good.org", "--resolver", &resolver, "--smtp", "none", "--odmr", "none"]);
            command.args(["--server", SERVER, "--timeout", "4s"]).args(more);
            ca.map(|ca| command.args(["--ca", ca]));
            run(&lab, command)
        };
        let ran = told(&["--color", "never"]);
        assert_eq!(ran.code, Some(69), "{resolver}: {ran:#?}");
        assert!(ran.out.contains(": UNKNOWN: nobody answered\n"), "{}", ran.out);
        let lines: Vec<&str> = ran.out.lines().filter(|line| line.contains(why)).collect();
        let word = resolver.split(':').next().expect("a word");
        let begins = format!("  unknown  dns.resolver: nothing was heard from {word}:127.");
        assert!(lines.len() == 1 && lines[0].starts_with(&begins), "{resolver}: {}", ran.out);
        let plugin = told(&["--format", "nagios"]);
        assert_eq!(plugin.code, Some(3), "{plugin:#?}");
        assert!(plugin.out.starts_with("MX UNKNOWN - good.org: nothing was heard"), "{plugin:#?}");
    }
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
