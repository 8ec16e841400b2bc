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

/// Settings of a house that begins, with these lines at their end; and what is said of them.
fn judged(extra: &str) -> (Option<i32>, String) {
    let house = House::new(extra);
    let output = house.run_odmrd(&["check-config"]);
    (output.status.code(), stderr(&output))
}

#[test]
fn names_that_nobody_has_here_are_faults_of_the_settings() {
    for (extra, key) in [
        ("user = \"no-such-user\"", "odmrd.toml:6:8: user: "),
        ("user = \"root\"", "odmrd.toml:6:8: user: "),
        (
            "control = { socket = \"/run/odmrd-control\", group = \"no-such-group\" }",
            ": control.group: ",
        ),
        ("lmtp = { socket = \"/run/odmrd-lmtp\", group = \"no-such-group\" }", ": lmtp.group: "),
    ] {
        let (code, told) = judged(extra);
        assert_eq!(code, Some(78), "{extra}: {told}");
        assert!(told.contains(key), "{extra}: {told}");
    }
}

#[test]
fn a_login_for_sending_alone_is_none_of_the_domains_names() {
    let house = House::new("smarthost.server = \"127.0.0.1\"\nsmarthost.tls = \"none\"");
    let pen = ["account", "add", "pen", "--send-as", "example.org", "--generate"];
    assert_eq!(house.run_odmrd(&pen).status.code(), Some(64), "it wants --submit");
    let added = house.run_odmrd(&[&pen[..], &["--submit"]].concat());
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let told = String::from_utf8_lossy(&added.stdout);
    assert!(told.contains("account pen may send mail from example.org"), "{told}");
    let listed = house.run_odmrd(&["account", "list", "--json"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let pen = listed.lines().find(|line| line.contains("\"pen\"")).unwrap_or_default();
    assert!(pen.contains("\"send_as\":[\"example.org\"]"), "{listed}");
    assert!(pen.contains("\"domains\":[]"), "{listed}");
}

#[test]
fn a_domain_has_one_section_and_its_host_a_port() {
    let twice = "[domains.\"BOAT.example\"]\nquota_messages = 1\n\
                 [domains.\"boat.example\"]\nlifetime = \"3d\"";
    let nowhere = "[domains.\"a.test\"]\nhost = \"127.0.0.1\"\nhost_port = 0";
    for (text, words) in [
        (twice, "a second section for boat.example"),
        (nowhere, "domains.\"a.test\".host_port: saw 0"),
    ] {
        let house = House::bare();
        house.write("odmrd.toml", text);
        let output = house.run_odmrd(&["check-config"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{told}");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let extra =
        "[queue]\nlifetime = 7\n[mx]\nmax_sise = \"1 MiB\"\n[limits]\nconnections = \"many\"\n";
    let house = House::bare();
    house.write("odmrd.toml", &format!("hostname = \"x y\"\n{extra}"));
    let output = house.run_odmrd(&["check-config"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    for key in [
        ":1:12: hostname",
        ":3:12: queue.lifetime",
        ":5:1: mx.max_sise",
        ":7:15: limits.connections",
    ] {
        assert_eq!(told.matches(&format!("odmrd.toml{key}: ")).count(), 1, "{key}: {told}");
    }

    let two = "[account.home]\nport = \"x\"\nservre = \"a\"\n[run]\njudge = 1\n";
    let config = house.write("fetch.toml", two);
    let mut fetch = std::process::Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    let output = fetch.arg("show-config").arg("--config").arg(config).output().expect("atrn-fetch");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("account.home.port: ") && told.contains("account.home.servre: "),
        "{told}"
    );
}

#[test]
fn files_that_do_not_go_together_are_told_with_their_keys() {
    let house = House::bare();
    for host in ["one", "two"] {
        let name = format!("{host}.example.net");
        let config = house.path(host).join("odmrd.toml");
        let mut init = std::process::Command::new(env!("CARGO_BIN_EXE_odmrd"));
        let init = init.args(["init", "--hostname", &name, "--state-dir", "state", "--config"]);
        assert!(init.arg(&config).output().expect("odmrd").status.success());
    }
    std::fs::copy(house.path("two/key.pem"), house.path("one/key.pem")).expect("copied");
    let check = || {
        let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_odmrd"));
        let check = check.arg("--config").arg(house.path("one/odmrd.toml")).arg("check-config");
        let output = check.output().expect("odmrd");
        (output.status.code(), stderr(&output))
    };
    let (code, told) = check();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains(": tls.key: ") && told.contains("is not the key of"), "{told}");
    std::fs::remove_file(house.path("one/accounts.toml")).expect("gone");
    std::fs::copy(house.path("two/certificate.pem"), house.path("one/certificate.pem"))
        .expect("copied");
    let (code, told) = check();
    assert_eq!(code, Some(78), "{told}");
    assert!(told.contains(": accounts: ") && told.contains("odmrd account add"), "{told}");
}

/// Mail from the world comes in all the same; customers, who verify, would not call again.
#[test]
fn a_certificate_that_is_of_no_use_is_told_and_lets_be() {
    let house = House::new("tls.certificate = \"certificate.pem\"\ntls.key = \"key.pem\"\n");
    let judged = || {
        let output = house.run_odmrd(&["check-config"]);
        (output.status.code(), stderr(&output))
    };
    let shown = |name: &str, until: i32| {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(1999, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let own = params.self_signed(&key).expect("a certificate");
        std::fs::write(house.path("certificate.pem"), own.pem()).expect("written");
        let path = house.path("key.pem");
        std::fs::write(&path, key.serialize_pem()).expect("written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).expect("made private");
    };
    shown("odmr.example.net", 2000);
    let (code, told) = judged();
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains(": tls.certificate: ") && told.contains("expired on 2000-01-01"),
        "{told}"
    );
    shown("other.example.com", 3000);
    let (code, told) = judged();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("certificate.pem is not for odmr.example.net"), "{told}");
    shown("*.example.net", 3000);
    assert_eq!(judged(), (Some(0), String::new()));
}

/// It is no fault: the account may come tomorrow. But it is hardly meant so.
#[test]
fn a_section_for_nobodys_domain_is_told_and_lets_be() {
    let (code, told) = judged("[domains.\"exampel.org\"]\nlifetime = \"7d\"");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("domains.\"exampel.org\": no account has this domain"), "{told}");
    let (code, told) = judged("[domains.\"example.org\"]\nlifetime = \"7d\"");
    assert_eq!((code, told.contains("no account")), (Some(0), false), "{told}");
}

#[test]
fn a_domain_that_is_anothers_is_refused_before_a_password_is_asked_for() {
    let house = House::new("");
    let before = std::fs::read_to_string(house.path("accounts.toml")).expect("accounts");
    let output = house.run_odmrd(&["account", "add", "new", "--domain", "EXAMPLE.org"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(65), "{told}");
    assert!(told.contains("belongs to account \"acme\" already"), "{told}");
    let after = std::fs::read_to_string(house.path("accounts.toml")).expect("accounts");
    assert_eq!(after, before);
}

/// Nobody is called, and so nothing is fetched, for a run that would end badly in any case.
#[test]
fn what_would_fail_after_the_call_is_told_before_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener that does not wait");
    let address = listener.local_addr().expect("an address");
    let house = House::bare();
    let nowhere = house.path("nowhere").display().to_string();
    let summary = format!("{nowhere}/summary.json");
    for (flags, code, words) in [
        (&["--transcript", &nowhere][..], 78, "transcript: "),
        (&["--summary", &summary], 73, "--summary: "),
    ] {
        let output = house.fetch(address, flags).output().expect("atrn-fetch");
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(words) && told.contains("nowhere"), "{told}");
    }
    let mut fetch = std::process::Command::new(env!("CARGO_BIN_EXE_atrn-fetch"));
    fetch.args(["run", "--server", "127.0.0.1", "--port", &address.port().to_string()]);
    fetch.args(["--user", "acme", "--domain", "example.org", "--deliver", "maildir:Maildir"]);
    let output = fetch.current_dir(house.path(".")).stdin(std::process::Stdio::null()).output();
    let output = output.expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("--password-file: not set"), "{}", stderr(&output));
    assert!(listener.accept().is_err(), "somebody called");
}
