//! `odmrd` and `atrn-fetch` together: each mechanism, each kind of line, each kind of trust.

use std::sync::atomic::{AtomicUsize, Ordering};

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::lab::authority::{Authority, Identity};
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, DOMAIN, Odmrd, PROVIDER, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::presence::{Peer, have};
use crate::lab::process::{Ran, run, run_on_a_terminal};
use crate::lab::tools::{Login, gsasl};
use crate::lab::{Lab, allow};

/// Mechanisms that a password is enough for, weakest last.
const BY_PASSWORD: [&str; 5] =
    ["scram-sha-256-plus", "scram-sha-256", "cram-md5", "plain", "login"];

/// A provider with a certificate, and who vouches for it.
fn secure(lab: &Lab) -> (RunningOdmrd, Authority) {
    let authority = Authority::new(lab);
    let identity = authority.issue(lab, &[PROVIDER, &lab.ip().to_string()]);
    (Odmrd::new(lab).with_tls(&identity).start(), authority)
}

/// Brings one letter, has it collected, and finds it whole.
#[track_caller]
fn one_letter_comes_through(lab: &Lab, odmrd: &RunningOdmrd, fetch: AtrnFetch, mechanism: &str) {
    let mut ledger = Ledger::default();
    let letter = ledger.letter_8bit(3000);
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", &letter.content);
    let maildir = Maildir::at(lab.room(&format!("Maildir-{}", next_number())));
    let fetched = fetch.into(&format!("maildir:{}", maildir.path().display())).run();
    let fetched = fetched.ended(0, "ok");
    assert_eq!(fetched.text("mech").to_ascii_lowercase(), mechanism, "{fetched:#?}");
    assert_eq!(ledger.reckon(&maildir.messages()), Reckoning::default(), "{fetched:#?}");
}

/// Any number that grows from call to call.
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[test]
fn each_mechanism_under_starttls_and_implicit_tls() {
    let lab = Lab::open();
    let (odmrd, ca) = secure(&lab);
    for mechanism in BY_PASSWORD {
        for (mode, port) in [("starttls", odmrd.odmr), ("implicit", odmrd.odmrs)] {
            let fetch = AtrnFetch::over_tls(&lab, port, mode, &ca).flags(&["--mech", mechanism]);
            one_letter_comes_through(&lab, &odmrd, fetch, mechanism);
        }
    }
}

#[test]
fn each_mechanism_in_clear_that_may_be() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).account_line("clear_login = true").start();
    for mechanism in &BY_PASSWORD[1..] {
        let fetch = AtrnFetch::new(&lab, odmrd.odmr).flags(&["--mech", mechanism]);
        one_letter_comes_through(&lab, &odmrd, fetch, mechanism);
    }
}

#[test]
fn no_password_is_shown_to_a_line_in_clear() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    for mechanism in ["plain", "login", "cram-md5"] {
        let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &[DOMAIN]).into_maildir();
        let fetched = fetch.flags(&["--tls", "none", "--mech", mechanism]).run();
        assert_eq!(fetched.code, Some(78), "{fetched:#?}");
    }
    // Nor does the provider take one, whatever the customer thinks of it.
    for mechanism in ["plain", "login"] {
        let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
        fetch.flags(&["--mech", mechanism]).run().ended(77, "denied");
    }
    // SCRAM shows none, so it needs no permission.
    let fetch = AtrnFetch::asking(&lab, odmrd.odmr, &[DOMAIN]).flags(&["--tls", "none"]);
    one_letter_comes_through(&lab, &odmrd, fetch, "scram-sha-256");
}

#[test]
fn the_strongest_mechanism_is_taken_unasked() {
    let lab = Lab::open();
    let (odmrd, ca) = secure(&lab);
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca);
    one_letter_comes_through(&lab, &odmrd, fetch, "scram-sha-256-plus");
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "require", &ca);
    one_letter_comes_through(&lab, &odmrd, fetch, "scram-sha-256-plus");
}

/// The SHA-256 of a certificate, in the notation of both programs.
fn fingerprint(certificate: &Path) -> String {
    let der = CertificateDer::from_pem_file(certificate).expect("our own certificate");
    let digits =
        Sha256::digest(&der).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    format!("sha256:{digits}")
}

/// The flags that show a client certificate.
fn showing(identity: &Identity) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let (certificate, key) = (path(&identity.certificate), path(&identity.key));
    ["--certificate", &certificate, "--key", &key, "--mech", "external"].map(str::to_owned).into()
}

#[test]
fn a_client_certificate_is_proof_enough() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&ca.issue(&lab, &[PROVIDER]));
    let known = ca.issue(&lab, &["customer.test"]);
    let stranger = ca.issue(&lab, &["stranger.test"]);
    let line = format!("certificate = [\"{}\"]", fingerprint(&known.certificate));
    let odmrd = odmrd.account_line(&line).start();
    for (mode, port) in [("starttls", odmrd.odmr), ("implicit", odmrd.odmrs)] {
        let as_whom = |identity: &Identity| {
            let flags = showing(identity);
            let flags = flags.iter().map(String::as_str).collect::<Vec<_>>();
            AtrnFetch::over_tls(&lab, port, mode, &ca).flags(&flags)
        };
        one_letter_comes_through(&lab, &odmrd, as_whom(&known), "external");
        as_whom(&stranger).into_maildir().run().ended(77, "denied");
    }
}

#[test]
fn a_pinned_certificate_needs_nobody_to_vouch_for_it() {
    let lab = Lab::open();
    let (odmrd, _) = secure(&lab);
    let print = fingerprint(&lab.path("provider.test.pem"));
    for (mode, port) in [("starttls", odmrd.odmr), ("implicit", odmrd.odmrs)] {
        let asking = || AtrnFetch::asking(&lab, port, &[DOMAIN]);
        let fetch = asking().trusting(mode, &["--fingerprint", &print]);
        one_letter_comes_through(&lab, &odmrd, fetch, "scram-sha-256-plus");
        let other = format!("sha256:{}", "0".repeat(64));
        let fetched = asking().trusting(mode, &["--fingerprint", &other]).into_maildir().run();
        fetched.ended(77, "denied");
    }
}

#[test]
fn a_certificate_that_cannot_be_trusted_ends_the_call() {
    let lab = Lab::open();
    let (odmrd, ca) = secure(&lab);
    let other = Lab::open();
    let stranger = Authority::new(&other);
    let stranger = stranger.file().display().to_string();
    let known = ca.file().display().to_string();
    let doubts: [&[&str]; 3] = [
        &["--ca", &stranger, "--servername", PROVIDER],
        &["--ca", &known, "--servername", "somebody-else.test"],
        &["--servername", PROVIDER],
    ];
    for trust in doubts {
        for (mode, port) in [("starttls", odmrd.odmr), ("implicit", odmrd.odmrs)] {
            let fetch = AtrnFetch::asking(&lab, port, &[DOMAIN]).trusting(mode, trust);
            let fetched = fetch.into_maildir().run().ended(77, "denied");
            assert!(fetched.text("reason").contains("certificate"), "{fetched:#?}");
        }
    }
    assert!(!odmrd.daemon.log().contains("authenticat"), "{}", odmrd.daemon.log());
}

#[test]
fn a_wrong_password_is_told_plainly_and_shown_nowhere() {
    let lab = Lab::open();
    let (odmrd, ca) = secure(&lab);
    let wrong = lab.write("wrong", "Xyzzy-plugh");
    allow(&wrong, 0o600);
    for mechanism in BY_PASSWORD {
        let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
        let mut command = fetch.flags(&["--mech", mechanism]).command("run");
        let args = command.get_args().map(ToOwned::to_owned).collect::<Vec<_>>();
        let program = command.get_program().to_owned();
        let args = args.into_iter().map(|arg| {
            if arg == lab.path("password").as_os_str() {
                wrong.clone().into_os_string()
            } else {
                arg
            }
        });
        let environment = command.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned)));
        let environment = environment.collect::<Vec<_>>();
        command = std::process::Command::new(program);
        command.args(args).arg("-vv");
        for (name, value) in environment {
            value.map(|value| command.env(name, value));
        }
        let ran = run(&lab, command);
        assert_eq!(ran.code, Some(77), "{mechanism}: {ran:#?}");
        assert!(ran.err.contains("535 5.7.8") && ran.err.contains("hint: "), "{ran:#?}");
        assert!(!ran.err.contains("Xyzzy") && !ran.err.contains("WHl6enkt"), "{ran:#?}");
    }
    let log = odmrd.daemon.log();
    assert_eq!(log.matches("authentication failed").count(), BY_PASSWORD.len(), "{log}");
    assert!(!log.contains("Xyzzy"), "{log}");
}

fn logs_in(
    lab: &Lab,
    odmrd: &RunningOdmrd,
    mechanism: &str,
    password: &str,
    ca: Option<&Authority>,
) -> Ran {
    let authority = ca.map(Authority::file);
    gsasl(lab, odmrd.odmr, &Login { mechanism, user: USER, password, authority })
}

#[test]
fn gsasl_proves_itself_by_mechanisms_of_its_own_making() {
    if !have(&[Peer::Gsasl]) {
        return;
    }
    let lab = Lab::open();
    let (odmrd, ca) = secure(&lab);
    for mechanism in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"] {
        logs_in(&lab, &odmrd, mechanism, PASSWORD, Some(&ca)).succeeded();
        let ran = logs_in(&lab, &odmrd, mechanism, "wrong", Some(&ca));
        assert_ne!(ran.code, Some(0), "{ran:#?}");
    }
    for mechanism in ["SCRAM-SHA-256", "CRAM-MD5"] {
        logs_in(&lab, &odmrd, mechanism, PASSWORD, None).succeeded();
    }
    let log = odmrd.daemon.log();
    assert_eq!(log.matches(" authenticated ").count(), 7, "{log}");
}

/// A person sees how far it is, and nothing of it is left behind. A pipe, a log and a program that
/// reads JSON see none of it.
#[test]
fn progress_is_for_a_person_who_looks_on() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    let with = |flags: &[&str]| {
        let mut ledger = Ledger::default();
        Post::open(odmrd.mx).deliver(
            "a@sender.test",
            "box@example.org",
            &ledger.letter_8bit(3000).content,
        );
        let mut command = fetch.command("run");
        command.args(flags).env("TERM", "xterm");
        command
    };
    const WIPE: &str = "\r\u{1b}[2K";
    let seen = run_on_a_terminal(&lab, with(&[])).succeeded();
    assert!(seen.err.contains("calling"), "{seen:#?}");
    let last = seen.err.rsplit_once(WIPE).map(|(_, left)| left);
    assert!(last.is_some_and(|left| !left.contains("calling")), "{seen:#?}");
    for flags in [&["--json"][..], &["--quiet"]] {
        let seen = run_on_a_terminal(&lab, with(flags)).succeeded();
        assert!(!seen.err.contains('\u{1b}') && !seen.err.contains("calling"), "{seen:#?}");
    }
    let piped = run(&lab, with(&[])).succeeded();
    assert!(!piped.err.contains('\u{1b}') && !piped.err.contains("calling"), "{piped:#?}");
}
