//! Servers that are for something else than mail from strangers: submission, and customers of Exchange's kind.

use std::net::{SocketAddr, TcpStream};

use super::lab::authority::Authority;
use super::lab::fetchmail::{PASSWORD, USER};
use super::lab::ours::{Odmrd, RunningOdmrd};
use super::lab::postfix::Postfix;
use super::lab::presence::{Peer, have};
use super::lab::process::run;
use super::lab::wait::until;
use super::lab::{self, Lab};
use super::{asked, is_golden, probe, said};

/// Asks as somebody who may log in, and who writes from that mailbox.
fn is_as_known(lab: &Lab, name: &str, at: SocketAddr, ca: &Authority, profile: &str, code: i32) {
    let secret = lab.write("secret", PASSWORD);
    lab::allow(&secret, 0o600);
    let (ca, secret) = (ca.file().display().to_string(), secret.display().to_string());
    // Nothing of ours listens at 465 there.
    let how = ["--json", "--intrusive", "--data", "--profile", profile, "--ca", &ca];
    let how = [&how[..], &["--skip", "tls.implicit465"]].concat();
    let who = ["--user", USER, "--password-file", &secret, "--from", "box@example.org"];
    is_golden(name, &asked(lab, at, &[&how[..], &who].concat()), code);
}

/// Our own provider with a listener of this name, and an account that may send.
fn ours(lab: &Lab, listener: &str, ca: &Authority) -> (RunningOdmrd, SocketAddr) {
    let at = lab.free();
    let odmrd = Odmrd::new(lab)
        .set(&format!("{listener}.listen"), &format!("[\"{at}\"]"))
        .set("smarthost.server", "\"127.0.0.1\"")
        .set("smarthost.port", &lab.free().port().to_string())
        .set("smarthost.tls", "\"none\"")
        .account_line("submit = true");
    let odmrd = crate::whose_mailboxes_are_known(lab, odmrd);
    let odmrd = odmrd.with_tls(&ca.issue(lab, &[&at.ip().to_string()])).start();
    until("the listener", || TcpStream::connect(at).ok());
    (odmrd, at)
}

#[test]
fn our_port_for_submission_keeps_the_rules() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let (_odmrd, at) = ours(&lab, "submission", &ca);
    is_as_known(&lab, "odmrd-submission", at, &ca, "submission", 0);
}

#[test]
fn our_port_for_exchange_keeps_the_rules() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let (_odmrd, at) = ours(&lab, "exchange", &ca);
    is_as_known(&lab, "odmrd-exchange", at, &ca, "exchange", 0);
}

#[test]
fn our_port_for_exchange_is_known_as_ours() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let (_odmrd, at) = ours(&lab, "exchange", &ca);
    let ran = run(&lab, probe(&["identify", &at.to_string(), "--json"]));
    let first = ran.out.lines().next().expect("what it is");
    let told: serde_json::Value = serde_json::from_str(first).expect("JSON");
    let ehlo = said(&ran);
    let at = |word: &str| ehlo.find(word).unwrap_or_else(|| panic!("{word}: {ehlo}"));
    assert!(at("\n250-AUTH") < at("\n250-TURN"), "{ehlo}");
    assert_eq!(told["product"]["id"], "odmrd", "{told}");
    let against = told["contradictions"].to_string();
    assert!(!against.contains("TURN"), "{against}");
}

#[test]
fn postfix_for_submission_is_what_it_is_known_to_be() {
    if !have(&[Peer::Postfix, Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let at = lab.free();
    let shown = ca.issue(&lab, &[&at.ip().to_string()]);
    let oracle = lab::dovecot::knowing(&lab, &[(USER, PASSWORD)]);
    let who_logs_in = "permit_sasl_authenticated, reject";
    let settings = [
        ("mynetworks", "192.0.2.0/24"),
        ("smtpd_sasl_auth_enable", "yes"),
        ("smtpd_sasl_type", "dovecot"),
        ("smtpd_sasl_path", &oracle.socket.display().to_string()),
        ("smtpd_tls_security_level", "may"),
        ("smtpd_tls_auth_only", "yes"),
        ("smtpd_tls_cert_file", &shown.certificate.display().to_string()),
        ("smtpd_tls_key_file", &shown.key.display().to_string()),
        ("smtpd_relay_restrictions", who_logs_in),
        ("smtpd_recipient_restrictions", who_logs_in),
        ("smtpd_sender_restrictions", "reject_sender_login_mismatch"),
        ("smtpd_sender_login_maps", &format!("inline:{{box@example.org={USER}}}")),
    ];
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").at(at);
    let postfix = settings.iter().fold(postfix, |postfix, (key, value)| postfix.set(key, value));
    let postfix = postfix.start();
    is_as_known(&lab, "postfix-submission", postfix.address, &ca, "submission", 1);
}
