//! Mail servers that are called: a real Postfix, our own `odmrd`, and some that nobody should run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::front::between;
use crate::internet::Internet;
use crate::lab::authority::{Authority, Identity};
use crate::lab::exim::{self, RunningExim};
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Child, run};
use crate::lab::script::{Script, Stage};
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

/// DANE (RFC 7672) and MTA-STS (RFC 8461) each hold a server to what was said of it, and to nothing else.
#[test]
fn what_was_promised_is_held_against_what_is_shown() {
    if !have(PEERS) || !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let internet = Internet::start(&lab);
    let told = |name: &str, identity: Option<&Identity>| {
        let mut postfix = Postfix::receiving(&lab, name, "promised.org").set("mynetworks", "");
        if let Some(identity) = identity {
            let (key, chain) = (identity.key.display(), identity.certificate.display());
            postfix = postfix.set("smtpd_tls_security_level", "may");
            postfix = postfix.set("smtpd_tls_chain_files", &format!("{key}, {chain}"));
        }
        let postfix = postfix.start();
        let port = port(postfix.address);
        let line = format!(
            "--calls promised.org --server mx.promised.org --odmr none --json --smtp-port {port} \
             --only dane,sts,tlsrpt,smtp25.starttls"
        );
        let mut command = mxcheck(&internet, &line);
        // Whom the world trusts is who signed what is promised.
        command.env("SSL_CERT_FILE", &internet.ca).env_remove("SSL_CERT_DIR");
        let ran = run(&lab, command);
        let told: Value = serde_json::from_str(&ran.out).expect("JSON");
        (ran.code, told)
    };
    let (code, kept) = told("kept", Some(&internet.promised));
    assert_eq!((code, complaints(&kept)), (Some(0), vec![]), "{kept:#}");
    for id in ["dane.match", "dane.no-starttls", "dane.usable", "sts.mx-match", "sts.cert"] {
        assert_eq!(of(&kept, id)["status"], "ok", "{id}: {kept:#}");
    }
    let (code, own) = told("own", Some(&Identity::by_itself(&lab, &["mx.promised.org"])));
    assert_eq!((code, complaints(&own)), (Some(1), vec!["dane.match", "sts.cert"]), "{own:#}");
    for id in ["dane.match", "sts.cert"] {
        assert_eq!(of(&own, id)["severity"], "critical", "{id}");
    }
    let remedy = of(&own, "dane.match")["remedy"].as_str().expect("words");
    assert!(remedy.starts_with("Publish `3 1 1 "), "{remedy}");
    let (code, none) = told("none", None);
    let found = vec!["smtp25.starttls", "dane.no-starttls", "sts.cert"];
    assert_eq!((code, complaints(&none)), (Some(1), found), "{none:#}");
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

/// Whom an Exim takes mail for.
fn takes(domains: &str) -> String {
    format!("  accept domains = {domains}\n")
}

/// Settings of an Exim that shows this certificate.
fn shows(identity: &Identity) -> String {
    // It reads them as its own user.
    allow(&identity.key, 0o644);
    let (key, chain) = (identity.key.display(), identity.certificate.display());
    format!("tls_advertise_hosts = *\ntls_certificate = {chain}\ntls_privatekey = {key}")
}

/// The same as for Postfix, of another program by other people.
#[test]
fn an_exim_is_told_as_what_it_is() {
    if !have(PEERS) || !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let tls = shows(&place.good());
    let told = |exim: &RunningExim, depth: &str| {
        let port = port(exim.address);
        place.told(&format!(
            "--only smtp25 --skip smtp25.ehlo --odmr none --smtp-port {port} --smtp {depth}"
        ))
    };
    let good = exim::asked(&lab, "good", &takes(DOMAIN), &tls);
    let (code, good) = told(&good, "rcpt --rcpt ann");
    // It takes whomever the domain may have.
    assert_eq!((code, complaints(&good)), (Some(0), vec!["smtp25.catch-all"]), "{good:#}");
    for id in [
        "smtp25.connect",
        "smtp25.banner",
        "smtp25.starttls",
        "smtp25.handshake",
        "smtp25.cert-name",
        "smtp25.cert-chain",
        "smtp25.cert-expiry",
        "smtp25.cert-key",
        "smtp25.null-sender",
        "smtp25.rcpt",
        "smtp25.postmaster",
    ] {
        assert_eq!(of(&good, id)["status"], "ok", "{id}: {good:#}");
    }
    let open = exim::asked(&lab, "open", "  accept\n", &tls);
    let (code, open) = told(&open, "full");
    assert!(complaints(&open).contains(&"smtp25.open-relay"), "{open:#}");
    assert_eq!((code, &of(&open, "smtp25.open-relay")["status"]), (Some(1), &"fail".into()));
    assert_eq!(of(&open, "smtp25.turn-open")["status"], "ok", "{open:#}");
    let other = exim::asked(&lab, "other", &takes("elsewhere.org"), "");
    let (code, other) = told(&other, "rcpt");
    let found = complaints(&other);
    assert_eq!((code, found), (Some(1), vec!["smtp25.starttls", "smtp25.rcpt"]), "{other:#}");
}

/// A check of a recipient as Debian's Exim has it: what hides another address is refused before anything is looked at.
const AS_DEBIAN_HAS_IT: &str = "  deny message = restricted characters in address\n       \
    local_parts = ^[.] : ^.*[@%!/|'`#&?]\n";

/// Exim hangs up after three lines that it cannot make sense of, and of those there are four before every way of
/// relaying has been tried: the rest is asked in a further call.
#[test]
fn an_exim_that_hangs_up_is_asked_the_rest() {
    if !have(PEERS) || !have(&[Peer::Exim]) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let tls = shows(&place.good());
    let told = |name: &str, more: &str| {
        let check = format!("{AS_DEBIAN_HAS_IT}{more}{}", takes(DOMAIN));
        let exim = exim::asked(&lab, name, &check, &tls);
        let (evidence, port) = (lab.path(&format!("{name}.jsonl")), port(exim.address));
        let (code, told) = place.told(&format!(
            "--only smtp25 --skip smtp25.ehlo --odmr none --smtp-port {port} --smtp full --save {}",
            evidence.display()
        ));
        let saved = std::fs::read_to_string(evidence).expect("it was saved");
        let facts = saved.lines().nth(1).expect("facts");
        let facts: Value = serde_json::from_str(facts).expect("JSON");
        let said = facts["calls"][0]["said"].as_array().expect("a call").clone();
        let greetings = said.iter().filter(|said| said["rung"] == "greeting").count();
        (code, told, greetings)
    };
    let (code, whole, calls) = told("stock", "");
    assert_eq!(
        (code, complaints(&whole), calls),
        (Some(0), vec!["smtp25.catch-all"], 2),
        "{whole:#}"
    );
    for id in ["smtp25.open-relay", "smtp25.turn-open", "smtp25.rcpt", "smtp25.null-sender"] {
        assert_eq!(of(&whole, id)["status"], "ok", "{id}: {whole:#}");
    }
    // What is only told in the further call counts as much.
    let (code, open, _) = told("hole", "  accept senders = nobody@example.net\n");
    assert_eq!((code, calls), (Some(1), 2), "{open:#}");
    let relay = of(&open, "smtp25.open-relay");
    assert_eq!((&relay["status"], &relay["severity"]), (&"fail".into(), &"critical".into()));
    let message = relay["message"].as_str().expect("words");
    assert!(message.contains("from <nobody@example.net>, a stranger"), "{message}");
}

/// A certificate as no authority of today gives it: openssl makes one for the host, with these words.
fn by_openssl(lab: &Lab, name: &str, words: &str) -> Identity {
    let certificate = lab.path(&format!("{name}.pem"));
    let key = lab.path(&format!("{name}.key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "300", "-subj", "/CN=mx.live.org"]);
    openssl.args(["-addext", "subjectAltName=DNS:mx.live.org"]).args(words.split(' '));
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    run(lab, openssl).succeeded();
    Identity { certificate, key }
}

/// What is said of old TLS, old suites and old signatures, of servers that have them: OpenSSL is in Postfix, GnuTLS in
/// Exim.
#[test]
fn what_is_too_old_is_told_in_its_own_words() {
    if !have(PEERS) || !have(&[Peer::Exim, Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let told = |name: &str, tls: &str| {
        let exim = exim::asked(&lab, name, &takes(DOMAIN), tls);
        let port = exim.address.port();
        place.told(&format!(
            "--only smtp25 --skip smtp25.ehlo,info --odmr none --smtp rcpt --smtp-port {port}"
        ))
    };
    // OpenSSL is in Postfix, and says that it is the version.
    let identity = place.good();
    let old = Postfix::receiving(&lab, "old", DOMAIN).set("mynetworks", "");
    let (key, chain) = (identity.key.display(), identity.certificate.display());
    let old = old.set("smtpd_tls_security_level", "may").set("smtpd_tls_protocols", "<=TLSv1.1");
    let old = old.set("smtpd_tls_chain_files", &format!("{key}, {chain}")).start();
    let port = port(old.address);
    let (code, old) = place.told(&format!(
        "--only smtp25 --skip smtp25.ehlo,info --odmr none --smtp rcpt --smtp-port {port}"
    ));
    // The line is over then: whom it takes mail for is not known.
    assert_eq!((code, complaints(&old)), (Some(75), vec!["smtp25.handshake"]), "{old:#}");
    let version = of(&old, "smtp25.handshake");
    assert_eq!(version["severity"], "warning");
    let words = "mx.live.org at 127.";
    let message = version["message"].as_str().expect("words");
    assert!(message.starts_with(words) && message.ends_with("speaks TLS 1.1 at best"), "{message}");
    assert_eq!(version["want"], "TLS 1.2 or 1.3");
    let static_keys = "tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA";
    let rsa = by_openssl(&lab, "rsa", "-newkey rsa:2048 -sha256");
    let (code, suites) = told("suites", &format!("{}\n{static_keys}", shows(&rsa)));
    assert_eq!((code, complaints(&suites)), (Some(1), vec!["smtp25.handshake"]), "{suites:#}");
    let message = of(&suites, "smtp25.handshake")["message"].as_str().expect("words");
    assert!(message.ends_with("agrees on no suite of today"), "{message}");
    let forged = by_openssl(&lab, "forged", "-newkey rsa:2048 -sha1");
    let (_, forged) = told("forged", &shows(&forged));
    let found = ["smtp25.cert-chain", "smtp25.cert-key", "smtp25.catch-all"];
    assert_eq!(complaints(&forged), found, "{forged:#}");
    let message = of(&forged, "smtp25.cert-key")["message"].as_str().expect("words");
    assert!(message.ends_with("a certificate signed with sha1WithRSAEncryption"), "{message}");
}

/// A provider that offers STARTTLS; behind that whoever calls meets `openssl s_server`, which has this certificate.
fn provider_behind(lab: &Lab, identity: &Identity) -> (SocketAddr, Child) {
    let (front, behind) = (lab.free(), lab.free());
    let mut server = Command::new("openssl");
    server.args(["s_server", "-quiet", "-accept", &behind.to_string(), "-cipher"]);
    server.arg("DEFAULT@SECLEVEL=0").arg("-cert").arg(&identity.certificate);
    server.arg("-key").arg(&identity.key);
    // Where the system's settings would not have such a key.
    server.env("OPENSSL_CONF", "/dev/null");
    let server = Child::start(lab, "s_server", server).until_listening(behind);
    let listener = TcpListener::bind(front).expect("a port");
    std::thread::spawn(move || {
        for line in listener.incoming().take(4) {
            let Ok(line) = line else { return };
            let _ = until_starttls(line, behind);
        }
    });
    (front, server)
}

/// The talk in clear, and what comes after it passed on.
fn until_starttls(line: TcpStream, behind: SocketAddr) -> std::io::Result<()> {
    let mut said = line.try_clone()?;
    said.write_all(b"220 mx.live.org ODMR\r\n")?;
    let (mut heard, mut octet) = (Vec::new(), [0]);
    while !heard.ends_with(b"STARTTLS\r\n") {
        said.read_exact(&mut octet)?;
        heard.push(octet[0]);
        if heard.starts_with(b"EHLO") && heard.ends_with(b"\r\n") {
            said.write_all(b"250-mx.live.org\r\n250 STARTTLS\r\n")?;
            heard.clear();
        }
    }
    said.write_all(b"220 go ahead\r\n")?;
    between(line, behind);
    Ok(())
}

#[test]
fn a_provider_at_whose_key_we_break_off_is_one_cause() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let (front, _server) = provider_behind(&lab, &by_openssl(&lab, "short", "-newkey rsa:1024"));
    let password = place.password().display().to_string();
    let (port, login) = (port(front), format!("--user {USER} --password-file {password}"));
    let line = format!("--only odmr --smtp none --odmr-port {port} --odmr auth {login}");
    let (code, told) = place.told(&line);
    let checks = told["checks"].as_array().expect("checks");
    let of_status = |status: &str| -> Vec<&str> {
        let all = checks.iter().filter(|check| check["status"] == status);
        all.filter_map(|check| check["id"].as_str()).collect()
    };
    assert_eq!(of_status("fail"), ["odmr.tls"], "{told:#}");
    // ATRN and AUTH may well be offered behind it.
    let open = ["odmr.ehlo-atrn", "odmr.ehlo-auth", "odmr.preauth", "odmr.login", "odmr.foreign"];
    assert_eq!(of_status("unknown"), open, "{told:#}");
    for id in open {
        let message = of(&told, id)["message"].as_str().expect("words");
        assert!(message.contains("1024 bits, at which our own TLS breaks off"), "{message}");
    }
    assert_eq!(code, Some(75));
}

/// A provider that knows nothing better than CRAM-MD5, and no TLS.
const OLD_PROVIDER: &str = "\
P: 220 mx.live.org ODMR
C: EHLO *
P: 250-mx.live.org
P: 250-AUTH CRAM-MD5
P: 250 ATRN
C: ATRN
P: 530 5.7.0 Who are you?
";

/// The proof is that of the password for this challenge, and no other. RFC 2195.
const CRAM: &str = "\
C: AUTH CRAM-MD5
P: 334 PDE4OTYuNjk3MTcwOTUyQG14LmxpdmUub3JnPg==
C: {proof}
P: 235 2.7.0 Welcome
C: ATRN live.org,example.com
P: 450 4.7.1 Not yours
C: QUIT
P: 221 2.0.0 Bye
";

/// `acme` and the digest of the challenge by the lab's password, in base64.
const PROOF: &str = "YWNtZSA3N2FhYjgwNDdhZTcwM2IyZTQyMTViODVjYzExYTBhYg==";

#[test]
fn cram_is_said_in_clear_where_that_was_allowed_and_nowhere_else() {
    if !have(PEERS) {
        return;
    }
    let lab = Lab::open();
    let place = Place::new(&lab);
    let password = place.password().display().to_string();
    let talk = format!("{OLD_PROVIDER}{CRAM}").replace("{proof}", PROOF);
    let silent = format!("{OLD_PROVIDER}[closed]\n");
    for (talk, more, status) in [(talk, "--clear-auth cram-md5", "ok"), (silent, "", "unknown")] {
        let stage = Stage::open(&lab, vec![Script::provider(&talk)]);
        let port = port(stage.address);
        let line = format!("--only odmr --smtp none --odmr-port {port} --odmr auth --user {USER}");
        let (_, told) = place.told(&format!("{line} --password-file {password} {more}"));
        stage.close_one().went_as_written();
        let login = of(&told, "odmr.login");
        assert_eq!(login["status"], status, "{told:#}");
        assert_eq!(of(&told, "odmr.preauth")["status"], "ok");
        let message = login["message"].as_str().expect("words");
        assert_eq!(message.contains("see --clear-auth"), status == "unknown", "{message}");
    }
    // What nobody logs in for is refused.
    let idle = place.command("--odmr banner --clear-auth cram-md5");
    assert_eq!(run(&lab, idle).code, Some(64));
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
