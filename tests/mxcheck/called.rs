//! Mail servers that are called: a real Postfix, our own `odmrd`, and some that nobody should run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::internet::Internet;
use crate::lab::authority::{Authority, Identity};
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::run;
use crate::lab::{Lab, allow};
use crate::{PEERS, complaints, mxcheck};

const DOMAIN: &str = "live.org";
const HOST: &str = "mx.live.org";

/// The lab, the internet that knows its address, and the authority that `mxcheck` trusts.
struct Place<'lab> {
    lab: &'lab Lab,
    internet: Internet,
    authority: Authority,
}

impl<'lab> Place<'lab> {
    fn new(lab: &'lab Lab) -> Place<'lab> {
        Place { lab, internet: Internet::start(lab), authority: Authority::new(lab) }
    }

    fn command(&self, line: &str) -> Command {
        let line = format!("--calls {DOMAIN} --server {HOST} {line}");
        let mut command = mxcheck(&self.internet, &line);
        command.env("SSL_CERT_FILE", self.authority.file());
        command.env_remove("SSL_CERT_DIR");
        command
    }

    /// What is to be said of the servers, and how it ends.
    #[track_caller]
    fn told(&self, line: &str) -> (Option<i32>, Value) {
        let ran = run(self.lab, self.command(&format!("--json {line}")));
        let told = serde_json::from_str(&ran.out);
        (ran.code, told.unwrap_or_else(|why| panic!("{line}: {why}: {ran:#?}")))
    }

    fn good(&self) -> Identity {
        self.authority.issue(self.lab, &[HOST])
    }

    fn password(&self) -> PathBuf {
        let file = self.lab.write("password", PASSWORD);
        allow(&file, 0o600);
        file
    }

    fn odmrd(&self) -> RunningOdmrd {
        let odmrd = Odmrd::without_accounts(self.lab, "odmrd").account(USER, &[DOMAIN], PASSWORD);
        odmrd.with_tls(&self.good()).start()
    }
}

fn port(at: SocketAddr) -> u16 {
    at.port()
}

fn of<'a>(told: &'a Value, id: &str) -> &'a Value {
    let checks = told["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn our_own_server_is_in_order_however_much_it_is_asked() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let odmrd = place.odmrd();
    let password = place.password();
    let (mx, odmr, password) = (port(odmrd.mx), port(odmrd.odmr), password.display().to_string());
    let ports = format!("--only smtp25,odmr --smtp-port {mx} --odmr-port {odmr}");
    let login = format!("--user {USER} --password-file {password}");
    let (code, told) = place.told(&ports);
    // It calls itself by a name that is in no zone.
    assert_eq!((code, complaints(&told)), (Some(0), vec!["smtp25.ehlo"]), "{told:#}");
    assert_eq!(of(&told, "odmr.preauth")["status"], "ok");
    assert_eq!(of(&told, "smtp25.rcpt")["status"], "skipped");
    let evidence = lab.path("evidence.jsonl").display().to_string();
    let deep = format!("{ports} --smtp full --rcpt ann --odmr auth {login} --save {evidence}");
    let first = run(&lab, place.command(&format!("--json {deep}"))).out;
    let told: Value = serde_json::from_str(&first).expect("JSON");
    // It holds mail for whoever the customer has.
    assert_eq!(complaints(&told), ["smtp25.ehlo", "smtp25.catch-all"], "{told:#}");
    for id in ["smtp25.rcpt", "smtp25.turn-open", "smtp25.open-relay", "odmr.login", "odmr.foreign"]
    {
        assert_eq!(of(&told, id)["status"], "ok", "{id}");
    }
    let saved = std::fs::read_to_string(&evidence).expect("it was saved");
    assert!(!saved.contains(PASSWORD) && saved.contains("\"handshake\""));
    let mut again = Command::new(env!("CARGO_BIN_EXE_mxcheck"));
    again.args(["--replay", &evidence, "--json", "--only", "smtp25,odmr"]);
    let again = run(&lab, again);
    assert!(again.out == first, "judged otherwise: {}", again.out);
    let odmrs = port(odmrd.odmrs);
    let line = format!("--only odmr --smtp none --odmr-port {odmrs} --smtp-timeout 2s");
    let (code, told) = place.told(&line);
    assert_eq!((code, complaints(&told)), (Some(0), vec![]), "TLS at once: {told:#}");
}

#[test]
fn mail_that_waits_goes_on_waiting_when_the_turn_is_tried() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let odmrd = place.odmrd();
    Post::open(odmrd.mx).deliver(
        "a@sender.test",
        &format!("ann@{DOMAIN}"),
        b"Subject: x\r\n\r\nx\r\n",
    );
    let password = place.password().display().to_string();
    let odmr = port(odmrd.odmr);
    let line = format!(
        "--only odmr --smtp none --odmr-port {odmr} --odmr turn --user {USER} --password-file {password}"
    );
    for _ in 0..2 {
        let (code, told) = place.told(&line);
        assert_eq!((code, complaints(&told)), (Some(0), vec![]), "{told:#}");
        assert_eq!(of(&told, "odmr.domain")["status"], "ok");
    }
    let fetched = AtrnFetch::asking(&lab, odmrd.odmr, &[DOMAIN])
        .flags(&["--tls", "none", "--clear-auth", "plain"])
        .into_maildir()
        .run()
        .ended(0, "ok");
    assert_eq!(fetched.count("accepted"), 1);
    let wrong = lab.write("wrong", "another");
    allow(&wrong, 0o600);
    let line = line.replace(&password, &wrong.display().to_string());
    let (code, told) = place.told(&line);
    assert_eq!((code, complaints(&told)), (Some(1), vec!["odmr.login"]), "{told:#}");
}

/// A Postfix with this certificate, and what `mxcheck` has to say of it.
fn with_certificate(place: &Place, name: &str, identity: Option<&Identity>) -> Vec<String> {
    let mut postfix = Postfix::receiving(place.lab, name, DOMAIN).set("mynetworks", "");
    if let Some(identity) = identity {
        let (key, chain) = (identity.key.display(), identity.certificate.display());
        postfix = postfix.set("smtpd_tls_security_level", "may");
        postfix = postfix.set("smtpd_tls_chain_files", &format!("{key}, {chain}"));
    }
    let postfix = postfix.start();
    let port = port(postfix.address);
    let (_, told) =
        place.told(&format!("--only smtp25 --skip smtp25.ehlo --odmr none --smtp-port {port}"));
    complaints(&told).into_iter().map(str::to_owned).collect()
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_apart() {
    if !have(PEERS) || !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let authority = &place.authority;
    let kinds: &[(&str, Option<Identity>, &[&str])] = &[
        ("good", Some(authority.issue(&lab, &[HOST])), &[]),
        ("none", None, &["smtp25.starttls"]),
    ];
    for (name, identity, expected) in kinds {
        assert_eq!(with_certificate(&place, name, identity.as_ref()), *expected, "{name}");
    }
    let expired = authority.issue_until(&lab, &[HOST], Some(2020));
    assert_eq!(with_certificate(&place, "expired", Some(&expired)), ["smtp25.cert-expiry"]);
    let other = authority.issue(&lab, &["mail.other.org"]);
    assert_eq!(with_certificate(&place, "other", Some(&other)), ["smtp25.cert-name"]);
    let own = Identity::by_itself(&lab, &[HOST]);
    assert_eq!(with_certificate(&place, "own", Some(&own)), ["smtp25.cert-chain"]);
}

#[test]
fn a_relay_for_anybody_and_a_server_that_does_not_know_the_domain_are_told() {
    if !have(PEERS) || !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let deep = |port: u16, depth: &str| {
        let skip = "--skip smtp25.starttls,smtp25.ehlo";
        place.told(&format!("--only smtp25 {skip} --odmr none --smtp {depth} --smtp-port {port}"))
    };
    // Anybody on loopback is one of its own.
    let open = Postfix::receiving(&lab, "open", DOMAIN).start();
    let (code, told) = deep(port(open.address), "full");
    let found = complaints(&told);
    assert_eq!((code, found), (Some(1), vec!["smtp25.catch-all", "smtp25.open-relay"]), "{told:#}");
    assert_eq!(of(&told, "smtp25.open-relay")["severity"], "critical");
    let (_, told) = deep(port(open.address), "rcpt");
    assert_eq!(complaints(&told), ["smtp25.catch-all"], "{told:#}");
    // Nobody is, but whoever says that he is of a certain domain.
    let named = Postfix::receiving(&lab, "named", DOMAIN).set("mynetworks", "");
    let named = named.set("smtpd_relay_restrictions", "permit_auth_destination, permit");
    let senders = "check_sender_access inline:{example.net=OK}, reject_unauth_destination";
    let named = named.set("smtpd_recipient_restrictions", senders).start();
    let (_, told) = deep(port(named.address), "full");
    assert_eq!(complaints(&told), ["smtp25.catch-all", "smtp25.open-relay"], "{told:#}");
    let other = Postfix::receiving(&lab, "other", "elsewhere.org").set("mynetworks", "").start();
    let (code, told) = deep(port(other.address), "full");
    assert_eq!((code, complaints(&told)), (Some(1), vec!["smtp25.rcpt"]), "{told:#}");
    let strict = Postfix::receiving(&lab, "strict", DOMAIN)
        .set("mynetworks", "")
        .refusing(&format!("gone@{DOMAIN}"), "550 5.1.1 gone")
        .refusing(&format!("late@{DOMAIN}"), "450 4.2.1 later")
        .refusing(&format!("postmaster@{DOMAIN}"), "550 5.1.1 nobody")
        .start();
    let port = port(strict.address);
    for (local, expected) in [
        ("ann", &["smtp25.postmaster", "smtp25.catch-all"][..]),
        // The postmaster's refusal may be an echo of that.
        ("gone", &["smtp25.rcpt", "smtp25.catch-all"][..]),
        ("late", &["smtp25.rcpt", "smtp25.postmaster", "smtp25.catch-all"][..]),
    ] {
        let (_, told) = deep(port, &format!("rcpt --rcpt {local}"));
        assert_eq!(complaints(&told), expected, "{local}: {told:#}");
    }
}

#[test]
fn where_nobody_listens_and_where_nobody_is_called() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let closed = lab.free().port();
    let line = format!("--only smtp25,odmr --smtp-port {closed} --odmr-port {closed}");
    let (code, told) = place.told(&line);
    let found = complaints(&told);
    assert_eq!((code, found), (Some(1), vec!["smtp25.connect", "odmr.connect"]), "{told:#}");
    assert_eq!(of(&told, "smtp25.connect")["severity"], "critical");
    assert_eq!(of(&told, "smtp25.banner")["blocked_by"], "smtp25.connect");
    // Nor does anybody at the port that was said to answer: this network lets nobody out.
    let (code, told) =
        place.told(&format!("{line} --skip odmr --smtp-control {}:{closed}", lab.ip()));
    assert_eq!((code, complaints(&told)), (Some(75), vec!["smtp25.egress"]), "{told:#}");
    // Loopback is nobody's mail server.
    let evidence = lab.path("evidence").display().to_string();
    place.told(&format!("--save {evidence}"));
    let saved = std::fs::read_to_string(&evidence).expect("it was saved");
    assert!(!saved.contains("\"calls\""), "{saved}");
    let ns1 = place.internet.ns1;
    let line = format!("--undelegated ns1.dns.net={ns1} --smtp-port {closed} --save {evidence}");
    place.told(&line);
    let saved = std::fs::read_to_string(&evidence).expect("it was saved");
    assert!(!saved.contains("\"calls\""), "a zone that is not live has no servers");
}

/// A server that says this to everybody, and hears nothing.
fn saying(lab: &Lab, words: &'static [u8]) -> u16 {
    let at = lab.free();
    let listener = TcpListener::bind(at).expect("a port");
    std::thread::spawn(move || {
        for line in listener.incoming().take(20) {
            let Ok(mut line) = line else { return };
            let _ = line.write_all(words);
            let _ = line.shutdown(std::net::Shutdown::Write);
            let _ = line.read(&mut [0; 512]);
        }
    });
    at.port()
}

#[test]
fn what_a_hostile_server_says_moves_no_cursor_and_holds_nobody() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let servers: &[(&'static [u8], &str)] = &[
        (b"220 \x1b[2J\x1b]0;owned\x07\xff\r\n", "smtp25.banner"),
        (b"554 \x1b[31mgo away\x07\r\n", "smtp25.banner"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "smtp25.banner"),
        (b"", "smtp25.banner"),
    ];
    for (words, id) in servers {
        let port = saying(&lab, words);
        let line = format!("--only smtp25 --odmr none --smtp-port {port} --smtp-timeout 2s");
        let (_, told) = place.told(&line);
        assert_eq!(complaints(&told)[0], *id, "{told:#}");
        let ran = run(&lab, place.command(&format!("{line} -v --color never")));
        let is_bad = |c: char| c.is_control() && c != '\n';
        assert!(!ran.out.contains(is_bad) && ran.out.contains(id), "{:?}", ran.out);
    }
}
