//! Files: what is wrong is told in one line, with the file, the line, the key, what was seen and
//! what is allowed.

use std::net::TcpListener;

use crate::house::{House, chmod, stderr};

/// The end of settings, and what the one line about them must hold.
const WRONG: [(&str, &[&str]); 7] = [
    ("mx.maxsize = 1", &["odmrd.toml:6:", "mx.maxsize", "unknown key", "max_size"]),
    ("mx.max_size = \"big\"", &["odmrd.toml:6:", "mx.max_size", "big", "50 MiB"]),
    ("mx.max_recipients = 5", &["odmrd.toml:6:", "mx.max_recipients", "5", "100"]),
    ("timeouts.data = \"-1s\"", &["odmrd.toml:6:", "timeouts.data", "-1s", "allowed"]),
    ("log.level = \"loud\"", &["odmrd.toml:6:", "log.level", "loud", "debug"]),
    ("queue.reserve = 1 MiB", &["odmrd.toml:6:"]),
    (
        "tls = { certificate = \"missing.pem\", key = \"missing.pem\" }",
        &["odmrd.toml:6:", "tls.", "missing.pem"],
    ),
];

#[test]
fn wrong_settings_are_told_in_one_line() {
    for (extra, words) in WRONG {
        let house = House::bare();
        let start = "hostname = \"odmr.example.net\"\nstate_dir = \".\"\nmx.listen = [\"127.0.0.1:0\"]\n\
                     odmr.listen = [\"127.0.0.1:0\"]\nlog.format = \"json\"\n";
        house.write("odmrd.toml", &format!("{start}{extra}\n"));
        for command in ["check-config", "run"] {
            let output = house.run_odmrd(&[command]);
            let told = stderr(&output);
            assert_eq!(output.status.code(), Some(78), "{extra}: {told}");
            let lines: Vec<&str> =
                told.lines().filter(|line| line.starts_with("odmrd: ")).collect();
            assert_eq!(lines.len(), 1, "{extra}: {told}");
            assert!(words.iter().all(|word| lines[0].contains(word)), "{extra}: {told}");
        }
    }
}

#[test]
fn wrong_accounts_are_told_in_one_line() {
    let house = House::new("");
    house.write("accounts.toml", "[account.acme]\ndomains = [\"exa mple.org\"]\n");
    let output = house.run_odmrd(&["check-config"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(told.contains("accounts.toml:") && told.contains("exa mple.org"), "{told}");
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let house = House::new("");
    chmod(&house.path("accounts.toml"), 0o644);
    let output = house.run_odmrd(&["run"]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("chmod"), "{}", stderr(&output));

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut fetch = house.fetch(listener.local_addr().expect("an address"), &[]);
    chmod(&house.path("password"), 0o640);
    let output = fetch.output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("0640"), "{}", stderr(&output));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let house = House::new("");
    let settings = std::fs::read_to_string(house.path("odmrd.toml")).expect("settings");
    let settings = settings.replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    house.write("odmrd.toml", &settings);
    let output = house.run_odmrd(&["run"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains(&format!("127.0.0.1:{port}: another server listens there")), "{told}");
}

/// Who waits here is known by the accounts alone.
#[test]
fn reminders_and_the_postmaster_do_not_go_where_they_would_wait_or_be_lost() {
    let smarthost = "smarthost.server = \"smtp.example.net\"";
    for (extra, words) in [
        ("postmaster = \"postmaster@elsewhere.test\"", ["postmaster", "no account's domain"]),
        (
            "notices.delay = \"1d\"\nnotices.delay_to = \"admin@example.org\"",
            ["notices.delay_to", "at a domain that waits here"],
        ),
    ] {
        let house = House::new(smarthost);
        let text = std::fs::read_to_string(house.path("odmrd.toml")).expect("settings");
        house.write("odmrd.toml", &format!("{text}\n{extra}\n"));
        let output = house.run_odmrd(&["check-config"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{extra}: {told}");
        assert!(words.iter().all(|word| told.contains(word)), "{extra}: {told}");
    }
    let house = House::new("postmaster = \"carl@example.org\"");
    assert_eq!(house.run_odmrd(&["check-config"]).status.code(), Some(0));
}

/// An account that the daemon would not take up is not written down, and one that is removed is gone.
#[test]
fn accounts_are_held_against_the_settings_before_they_are_written() {
    let house =
        House::new("notices.delay_to = \"admin@boss.test\"\npostmaster = \"x@example.org\"");
    let account = |words: &[&str]| {
        let output = house.run_odmrd(&[&["account"], words].concat());
        (output.status.code(), stderr(&output))
    };
    for (more, words) in [
        (&["--domain", "a.test", "--submit"][..], "smarthost.server is not set"),
        (&["--domain", "a.test", "--dovecot"], "dovecot_socket is not set"),
        (&["--domain", "boss.test", "--generate"], "would wait there itself"),
    ] {
        let (code, told) = account(&[&["add", "new"], more].concat());
        assert_eq!(code, Some(78), "{told}");
        assert!(told.contains(words), "{told}");
    }
    assert!(!account(&["list"]).1.contains("new"));
    let mut provider = house.serve();
    let (code, told) = account(&["remove", "acme"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("at no account's domain now"), "{told}");
    provider.until(&["accounts read again"]);
    provider.stop();
}

/// A key that systemd hands over, and one that it does not.
#[test]
fn a_key_may_be_a_credential_of_the_unit() {
    let house = House::bare();
    let made = house.run_odmrd(&["init", "--hostname", "mx.example.net", "--state-dir", "state"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let settings = std::fs::read_to_string(house.path("odmrd.toml")).expect("settings");
    let key = |value: &str| {
        let own = "key = \"key.pem\"";
        assert!(settings.contains(own), "{settings}");
        house.write("odmrd.toml", &settings.replacen(own, &format!("key = {value}"), 1));
    };
    let check = |credentials: Option<&str>| {
        let mut command = house.odmrd(&["check-config"]);
        match credentials {
            Some(folder) => command.env("CREDENTIALS_DIRECTORY", house.path(folder)),
            None => command.env_remove("CREDENTIALS_DIRECTORY"),
        };
        let output = command.output().expect("odmrd");
        (output.status.code(), stderr(&output))
    };
    std::fs::create_dir(house.path("credentials")).expect("a folder");
    std::fs::rename(house.path("key.pem"), house.path("credentials/mx.key")).expect("moved");
    key("{ credential = \"mx.key\" }");
    let (code, told) = check(Some("credentials"));
    assert_eq!(code, Some(0), "{told}");
    for (value, folder, words) in [
        ("{ credential = \"mx.key\" }", None, "LoadCredential=mx.key"),
        ("{ credential = \"other\" }", Some("credentials"), "credentials/other"),
        ("{ credential = \"../key.pem\" }", Some("credentials"), "without slashes"),
        ("{ file = \"key.pem\" }", Some("credentials"), "expected a path, or { credential"),
        ("7", None, "expected a path, or { credential"),
    ] {
        key(value);
        let (code, told) = check(folder);
        assert_eq!(code, Some(78), "{value}: {told}");
        assert!(told.contains(words) && told.contains("odmrd.toml:"), "{value}: {told}");
    }
}
