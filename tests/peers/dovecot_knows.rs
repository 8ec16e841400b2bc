//! Dovecot has the passwords: who is a customer is still for the provider's own list to say.

use crate::lab::authority::Authority;
use crate::lab::dovecot;
use crate::lab::fetchmail::{PASSWORD, USER};
use crate::lab::ours::{AtrnFetch, Odmrd, PROVIDER, RunningOdmrd, odmrd, quoted};
use crate::lab::post::Post;
use crate::lab::presence::{Peer, have};
use crate::lab::process::run;
use crate::lab::{Lab, allow};

/// A provider with the lab's account, whose password Dovecot has, and with a certificate.
fn provider<'lab>(lab: &'lab Lab, socket: &std::path::Path) -> (Odmrd<'lab>, Authority) {
    let authority = Authority::new(lab);
    let identity = authority.issue(lab, &[PROVIDER, &lab.ip().to_string()]);
    let provider = Odmrd::without_accounts(lab, "odmrd").with_tls(&identity);
    let provider = provider.set("odmr.dovecot_socket", &quoted(&socket.display().to_string()));
    let add = ["account", "add", USER, "--domain", "example.org", "--dovecot"];
    run(lab, odmrd(&provider.write(), &add)).succeeded();
    (provider, authority)
}

fn bring(odmrd: &RunningOdmrd) {
    Post::open(odmrd.mx).deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\ny\r\n");
}

#[test]
fn each_mechanism_that_dovecot_offers() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let oracle = dovecot::knowing(&lab, &[(USER, PASSWORD)]);
    let (odmrd, ca) = provider(&lab, &oracle.socket);
    let odmrd = odmrd.start();
    for mechanism in ["scram-sha-256", "cram-md5", "plain", "login"] {
        bring(&odmrd);
        let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
        let fetched = fetch.flags(&["--mech", mechanism]).run().ended(0, "ok");
        assert_eq!(fetched.text("mech").to_ascii_lowercase(), mechanism, "{fetched:#?}");
        assert_eq!(fetched.count("accepted"), 1, "{fetched:#?}");
    }
    // Unasked, the strongest of what is there; it is not the one that only we could check.
    bring(&odmrd);
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
    assert_eq!(fetch.run().ended(0, "ok").text("mech").to_ascii_lowercase(), "scram-sha-256");
    // No password travels in clear, whoever checks it.
    let fetch = AtrnFetch::new(&lab, odmrd.odmr).into_maildir();
    fetch.flags(&["--mech", "plain"]).run().ended(77, "denied");
}

#[test]
fn a_wrong_password_and_a_stranger_that_dovecot_knows() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    // Dovecot knows "guest"; the provider has an account of that name, with a password of its own.
    let oracle =
        dovecot::knowing(&lab, &[(USER, "another"), ("guest", PASSWORD), ("nobody", PASSWORD)]);
    let (odmrd, ca) = provider(&lab, &oracle.socket);
    let odmrd = odmrd.account("guest", &["guest.test"], PASSWORD).start();
    for user in [USER, "guest", "nobody"] {
        for mechanism in ["plain", "scram-sha-256"] {
            let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).under_name(user);
            fetch.into_maildir().flags(&["--mech", mechanism]).run().ended(77, "denied");
        }
    }
    assert!(odmrd.daemon.has_said("Dovecot refuses it"));
    assert!(odmrd.daemon.has_said("no such account"));
}

#[test]
fn without_dovecot_logins_are_put_off_and_it_is_found_when_it_comes() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let socket = lab.path("oracle-run/auth-client");
    let (odmrd, ca) = provider(&lab, &socket);
    let mut odmrd = odmrd.start();
    let fetch = || AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
    let put_off = fetch().run();
    assert_eq!(put_off.code, Some(75), "{put_off:#?}");
    assert!(put_off.said.contains("454 4.7.0"), "{put_off:#?}");
    let _oracle = dovecot::knowing(&lab, &[(USER, PASSWORD)]);
    odmrd.daemon.until_log_says("Dovecot is there");
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
    let fetched = fetch.run().ended(0, "no_mail");
    assert_eq!(fetched.text("mech").to_ascii_lowercase(), "scram-sha-256");
}

#[test]
fn an_account_that_only_dovecot_could_let_in_wants_dovecots_socket() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let config = Odmrd::without_accounts(&lab, "odmrd").write();
    let add = ["account", "add", USER, "--domain", "example.org", "--dovecot"];
    let refused = run(&lab, odmrd(&config, &add));
    assert_eq!(refused.code, Some(78), "{refused:#?}");
    assert!(refused.err.contains("--dovecot: odmr.dovecot_socket is not set"), "{refused:#?}");
    // Added while the socket was set, which has been taken out since.
    let with_socket = Odmrd::without_accounts(&lab, "odmrd");
    let socket = quoted(&lab.path("auth-client").display().to_string());
    let config = with_socket.set("odmr.dovecot_socket", &socket).write();
    run(&lab, odmrd(&config, &add)).succeeded();
    let config = Odmrd::without_accounts(&lab, "odmrd").write();
    allow(&config, 0o600);
    let ran = run(&lab, odmrd(&config, &["check-config"]));
    assert_eq!(ran.code, Some(78), "{ran:#?}");
    assert!(ran.err.contains("odmr.dovecot_socket: not set, but account"), "{ran:#?}");
    let both = ["account", "add", "other", "--domain", "other.test", "--dovecot", "--generate"];
    assert_eq!(run(&lab, odmrd(&config, &both)).code, Some(64));
}

#[test]
fn passwords_that_dovecot_cannot_look_up_are_nobodys_wrong_guess() {
    if !have(&[Peer::Dovecot]) {
        return;
    }
    let lab = Lab::open();
    let oracle = dovecot::at_a_loss(&lab);
    let (odmrd, ca) = provider(&lab, &oracle.socket);
    let odmrd = odmrd.start();
    let fetch = AtrnFetch::over_tls(&lab, odmrd.odmr, "starttls", &ca).into_maildir();
    let fetched = fetch.flags(&["--mech", "plain"]).run().ended(75, "tempfail");
    assert!(fetched.text("reason").contains("454"), "{fetched:#?}");
    assert!(!odmrd.daemon.log().contains("authentication failed"));
}
