//! Servers that break one rule, and are told which; and servers that break none, though they do otherwise than most.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::breaking::{Breaking, Breaks};
use super::lab::authority::Authority;
use super::lab::process::{Ran, run};
use super::lab::{Lab, allow};
use super::probe;
use super::provider::outcomes;

/// What is broken, and the rule that has to say so.
const BROKEN: &[(Breaks, &str)] = &[
    ("tls.inject", "tls.inject"),
    ("bdat.nomail", "bdat.nomail"),
    ("cmd.http", "cmd.http"),
    ("auth.bad", "auth.bad"),
    ("cmd.quit", "cmd.quit"),
    ("lim.rcpt100", "lim.rcpt100"),
    ("ehlo.no-lies", "ehlo.no-lies"),
    ("tls.fail-soft", "tls.fail-soft"),
    ("data.empty", "data.empty"),
    ("smug.lf-lf", "smug.lf-lf"),
    ("smug.lf-lf, and one EHLO", "smug.lf-lf"),
    ("size.param", "size.param"),
    ("size.huge", "size.huge"),
    ("8bit.param", "8bit.param"),
    ("dsn.ret", "dsn.ret"),
    ("dsn.envid", "dsn.envid"),
    ("dsn.notify", "dsn.notify"),
    ("dsn.orcpt", "dsn.orcpt"),
    ("relay.postmaster", "relay.postmaster"),
];

const SMUGGLING: &str = "smug.lf-lf,smug.lf-crlf,smug.crlf-lf,smug.cr-cr,smug.cr-lf,smug.lf-cr,smug.cr-crlf,smug.crlf-cr,\
     smug.crlf-crcrlf,smug.crcrlf-crcrlf,smug.nul-before,smug.nul-after,smug.pipe-after-eod";
const PARAMETERS: &str = "pipe.order,size.param,size.huge,8bit.param,dsn.ret,dsn.envid";

/// What is done otherwise, the rules that are not broken by it, and what comes of each.
const OTHERWISE: &[(Breaks, &str, &str)] = &[
    ("250 for what it does not know", SMUGGLING, "pass"),
    ("699 for what it does not know", SMUGGLING, "pass"),
    ("its own farewell", SMUGGLING, "pass"),
    ("250 for what it does not know", "cmd.close-unasked,pipe.nolose,pipe.order", "pass"),
    ("699 for what it does not know", "cmd.close-unasked", "pass"),
    ("no permission to send", PARAMETERS, "inconclusive"),
    ("nobody now", PARAMETERS, "inconclusive"),
    ("nobody here", "lim.rcpt100,dsn.notify,dsn.orcpt", "inconclusive"),
    ("a hundred and no more", "lim.rcpt100", "pass"),
    ("two codes in its greeting", "greet.silent", "pass"),
];

fn asked(lab: &Lab, tls: &Arc<ServerConfig>, breaks: Breaks, only: &str) -> Ran {
    asked_so(lab, tls, breaks, &["--only", only])
}

fn asked_so(lab: &Lab, tls: &Arc<ServerConfig>, breaks: Breaks, more: &[&str]) -> Ran {
    let server = Breaking::start(tls, breaks).at.to_string();
    let secret = lab.write("secret", "correct horse");
    allow(&secret, 0o600);
    let secret = secret.display().to_string();
    let mut words = vec!["server", &server, "--rcpt", "box@example.org", "--ehlo", "probe.test"];
    // Behind such a greeting nobody gets as far as a login.
    if breaks != "two codes in its greeting" {
        words.extend(["--user", "acme", "--password-file", &secret, "--clear-auth", "plain"]);
    }
    words.extend(["--foreign", "x@nowhere.invalid", "--timeout", "2s"]);
    words.extend(["--json", "--intrusive", "--data", "--fail-on", "info"]);
    words.extend(more);
    run(lab, probe(&words))
}

fn tls(lab: &Lab) -> Arc<ServerConfig> {
    Authority::new(lab).issue(lab, &["localhost"]).server_tls()
}

#[test]
fn a_server_that_breaks_one_rule_is_told_which() {
    let lab = Lab::open();
    let tls = tls(&lab);
    let mut wrong = Vec::new();
    for (breaks, rule) in BROKEN {
        for (breaks, expected, code) in [(*breaks, "fail", 1), ("", "pass", 0)] {
            let ran = asked(&lab, &tls, breaks, rule);
            let told = outcomes(&ran);
            match &told[..] {
                [(id, outcome, _)]
                    if id == rule && outcome == expected && ran.code == Some(code) => {}
                other => wrong.push(format!("{rule}, {breaks:?}: {other:?} {}", ran.err)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_server_that_does_otherwise_is_not_told_that_it_breaks_a_rule() {
    let lab = Lab::open();
    let tls = tls(&lab);
    let mut wrong = Vec::new();
    for (breaks, rules, expected) in OTHERWISE {
        let ran = asked(&lab, &tls, breaks, rules);
        let told = outcomes(&ran);
        let other: Vec<_> = told.iter().filter(|(_, outcome, _)| outcome != expected).collect();
        if told.len() != rules.split(',').count() || !other.is_empty() {
            wrong.push(format!("{breaks}: {} rules, {other:?} {}", told.len(), ran.err));
        }
        let code = if *expected == "pass" { 0 } else { 75 };
        assert_eq!(ran.code, Some(code), "{breaks}, {rules}: {}", ran.out);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_server_that_is_gone_in_the_midst_of_it_is_no_success() {
    let lab = Lab::open();
    // Every rule behind the one that kills it cannot be found out.
    let ran =
        asked(&lab, &tls(&lab), "tls.fail-soft", "tls.fail-soft,data.*,size.actual,lim.body64k");
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let told = outcomes(&ran);
    let unknown = told.iter().filter(|(_, outcome, _)| outcome == "inconclusive").count();
    assert!(unknown * 2 > told.len(), "{told:#?}");
}

#[test]
fn who_is_named_as_foreign_is_asked_for_and_nobody_else() {
    let lab = Lab::open();
    let said = super::said(&asked(&lab, &tls(&lab), "", "relay.postmaster"));
    assert!(said.contains("postmaster@nowhere.invalid") && !said.contains("example.com"), "{said}");
}

#[test]
fn a_certificate_is_judged_by_the_name_that_is_said_or_by_its_fingerprint() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let identity = ca.issue(&lab, &["localhost"]);
    let tls = identity.server_tls();
    let file = ca.file().display().to_string();
    let der = CertificateDer::from_pem_file(&identity.certificate).expect("our own certificate");
    let own: String = Sha256::digest(&der).iter().map(|octet| format!("{octet:02x}")).collect();
    let other = "0".repeat(64);
    for (how, name, chain) in [
        (&["--ca", &file][..], "fail", "pass"),
        (&["--ca", &file, "--servername", "localhost"], "pass", "pass"),
        (&["--servername", "localhost"], "pass", "fail"),
        (&["--fingerprint", &own], "pass", "pass"),
        (&["--fingerprint", &other], "pass", "fail"),
    ] {
        let ran = asked_so(&lab, &tls, "", &[how, &["--only", "tls.name,tls.chain"]].concat());
        let told = outcomes(&ran);
        let of = |id: &str| told.iter().find(|told| told.0 == id).map(|told| told.1.as_str());
        assert_eq!(
            (of("tls.name"), of("tls.chain")),
            (Some(name), Some(chain)),
            "{how:?}: {told:?}"
        );
    }
}

#[test]
fn how_to_come_to_tls_can_be_said() {
    let lab = Lab::open();
    let tls = tls(&lab);
    let shakes = |mode: &str| {
        let ran = asked_so(&lab, &tls, "", &["--tls", mode, "--only", "auth.again,auth.unknown"]);
        assert_eq!(outcomes(&ran).len(), 2, "{}", ran.err);
        super::said(&ran).contains("STARTTLS\r\n220")
    };
    assert!(shakes("starttls") && !shakes("none"));
    let at_once = asked_so(&lab, &tls, "", &["--tls", "implicit", "--only", "cmd.noop"]);
    assert_eq!(at_once.code, Some(76), "it has no TLS at once: {}", at_once.err);
    let both = asked_so(&lab, &tls, "", &["--tls", "none", "--implicit-tls"]);
    assert_eq!(both.code, Some(64));
}
