use std::fs;
use std::os::unix::fs::PermissionsExt;

use secrecy::SecretString;

use super::*;

const SCRAM: &str = "SCRAM-SHA-256$4096:keebvuFuUzaRK2mL8X1/qw==$7NaevQ+ru3SgidBpJSK07VqIXj1D832HOtf4KmMVGio=:xO1rzkwGN8aMZavNv5ptiIz0ZnEspEHCTIk5jed0/2A=";
const CRAM: &str = "{CRAM-MD5}d06d4e1b26fccaa4b0b61801132340a354b21152711fb604ca3e035e7015116b";

fn full() -> String {
    format!(
        r#"# ours
[account.acme]
domains = ["Example.ORG", "bücher.example"] # two
aliases = ['EXAMPLE\acme']
scram_sha_256 = "{SCRAM}"
cram_md5 = "{CRAM}"
clear_login = true
line_per_record = "on"
stream = "off"
max_sessions = 4
pace = "1m30s"
networks = ["192.0.2.0/24", "2001:db8::1"]

[account.vienna]
domains = ["example.com"]
certificate = ["sha256:{}"]
"#,
        "AB:".repeat(31) + "ab"
    )
}

fn parse(text: &str) -> Result<Accounts, AccountsError> {
    Accounts::parse(Path::new("a.toml"), text)
}

fn told(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

#[test]
fn everything_is_read() {
    let accounts = parse(&full()).unwrap();
    let acme = accounts.find("acme").unwrap();
    assert_eq!(acme.domains, [domain("example.org"), domain("xn--bcher-kva.example")]);
    let credentials = acme.credentials.as_ref().unwrap();
    assert_eq!(credentials.scram.iterations(), 4096);
    assert!(credentials.cram.is_some() && acme.clear_login);
    assert_eq!((acme.line_per_record, acme.stream), (Switch::On, Switch::Off));
    assert_eq!(acme.max_sessions.unwrap().get(), 4);
    assert_eq!(acme.pace, Some(Duration::from_secs(90)));
    let vienna = accounts.find("vienna").unwrap();
    assert_eq!((vienna.certificates.as_slice(), vienna.pace), (&[[0xab; 32]][..], None));
    assert_eq!((vienna.line_per_record, vienna.stream), (Switch::Auto, Switch::Auto));
    assert_eq!(accounts.iter().count(), 2);
    assert!(accounts.any_clear_login());
    assert_eq!(parse("").unwrap().iter().count(), 0);
}

#[test]
fn an_account_is_found_by_any_of_its_names() {
    let accounts = parse(&full()).unwrap();
    for name in ["acme", "ACME", "example\\ACME", "Example.org", "xn--bcher-kva.example"] {
        assert_eq!(accounts.find(name).unwrap().name, "acme", "{name}");
    }
    for name in ["", "nobody", "example", "EXAMPLE\\vienna"] {
        assert!(accounts.find(name).is_none(), "{name}");
    }
    let fingerprint = [0xab; 32];
    let by = |name: Option<&str>| {
        let name = name.map(str::to_owned);
        accounts.look_up(&Wanted::Certificate { fingerprint, name }).map(|found| &found.name[..])
    };
    assert_eq!(by(None), Some("vienna"));
    assert_eq!(by(Some("example.com")), Some("vienna"));
    assert_eq!(by(Some("nobody")), None);
    assert_eq!(accounts.claimant(&domain("example.com")).unwrap().name, "vienna");
}

#[test]
fn a_login_of_its_own_for_sending_collects_nothing() {
    let text =
        |lines: &str| format!("{}\n[account.pen]\nscram_sha_256 = \"{SCRAM}\"\n{lines}", full());
    let accounts =
        parse(&text("domains = []\nsend_as = [\"example.org\"]\nsubmit = true")).unwrap();
    let (pen, acme) = (accounts.find("pen").unwrap(), accounts.find("acme").unwrap());
    let (org, com) = (domain("example.org"), domain("example.com"));
    assert!(pen.may_send_as(&org) && !pen.may_send_as(&com) && !pen.may_claim(&org));
    assert!(!acme.may_send_as(&org), "only who may send at all");
    assert_eq!(accounts.find("example.org").unwrap().name, "acme");
    for (lines, words) in [
        ("domains = []\nsubmit = true", "is empty"),
        ("domains = []\nsend_as = [\"example.org\"]", "without submit"),
        ("domains = []\nsubmit = true\nsend_as = [\"a b\"]", "a b"),
    ] {
        let refused = parse(&text(lines)).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn an_account_may_claim_its_own_and_come_from_its_own() {
    let accounts = parse(&full()).unwrap();
    let acme = accounts.find("acme").unwrap();
    assert!(acme.may_claim(&domain("EXAMPLE.org")));
    assert!(!acme.may_claim(&domain("sub.example.org")) && !acme.may_claim(&domain("example.com")));
    assert!(acme.may_come_from("192.0.2.9".parse().unwrap()));
    assert!(acme.may_come_from("2001:db8::1".parse().unwrap()));
    assert!(!acme.may_come_from("198.51.100.1".parse().unwrap()));
    let vienna = accounts.find("vienna").unwrap();
    assert!(vienna.may_come_from("198.51.100.1".parse().unwrap()));
}

#[test]
fn an_error_names_file_line_key_what_was_seen_and_what_is_allowed() {
    let with = |line: &str| {
        format!("[account.a]\ndomains = [\"a.org\"]\nscram_sha_256 = \"{SCRAM}\"\n{line}\n")
    };
    let check = |line: &str, place: &str, words: &str| {
        let told = told(&with(line));
        assert!(told.starts_with(place) && told.contains(words), "{line}: {told}");
        assert!(!told.contains('\n'), "{told}");
    };
    check("color = 3", "a.toml:4:1: account.a.color: ", "clear_login");
    check("clear_login = 'yes'", "a.toml:4:15: account.a.clear_login: ", "true or false");
    check("line_per_record = 'x'", "a.toml:4:19: account.a.line_per_record: ", "auto, on, off");
    check("max_sessions = 0", "a.toml:4:16: account.a.max_sessions: ", "above 0");
    check("pace = '30'", "a.toml:4:8: account.a.pace: \"30\"", "\"30s\"");
    check("pace = '-30s'", "a.toml:4:8: account.a.pace: ", "\"30s\"");
    check("networks = ['::', 'x']", "a.toml:4:19: account.a.networks[1]: \"x\"", "192.0.2.0/24");
    check("certificate = ['md5:0']", "a.toml:4:16: account.a.certificate[0]: ", "sha256:");
    check("cram_md5 = 's3cret'", "a.toml:4:12: account.a.cram_md5: ", "{CRAM-MD5}");
    check("ntlm = 's3cret'", "a.toml:4:8: account.a.ntlm: ", "{NTLM}");
    check("aliases = ['a\\tb', \"x\\ty\"]", "a.toml:4:20: account.a.aliases[1]: ", "SASLprep");
    check("aliases = ['\u{2168}']", "a.toml:4:12: account.a.aliases[0]: ", "\"IX\"");
    assert!(!told(&with("cram_md5 = 's3cret'")).contains("s3cret"));
    assert!(!told(&with("ntlm = 's3cret'")).contains("s3cret"));
}

#[test]
fn an_account_needs_a_domain_and_a_proof() {
    let scram = format!("scram_sha_256 = \"{SCRAM}\"\n");
    assert!(told(&format!("[account.a]\n{scram}")).contains("key domains is missing"));
    let none = told(&format!("[account.a]\ndomains = []\n{scram}"));
    assert!(none.starts_with("a.toml:2:11: account.a.domains: is empty"), "{none}");
    let mute = told("[account.a]\ndomains = [\"a.org\"]\n");
    assert!(mute.starts_with("a.toml:1:10: account.a: has neither"), "{mute}");
    let alone = told(&format!("[account.a]\ndomains = [\"a.org\"]\ncram_md5 = \"{CRAM}\"\n"));
    assert!(alone.contains("needs scram_sha_256"), "{alone}");
    let hash = "{NTLM}a4f49c406510bdcab6824ee7c30fd852";
    let alone = told(&format!("[account.a]\ndomains = [\"a.org\"]\nntlm = \"{hash}\"\n"));
    assert!(alone.contains("needs scram_sha_256"), "{alone}");
    let bad = told(&format!("[account.a]\ndomains = [\"exa mple\"]\n{scram}"));
    assert!(bad.starts_with("a.toml:2:12: account.a.domains[0]: \"exa mple\""), "{bad}");
}

#[test]
fn no_two_accounts_share_anything() {
    let two = |a: &str, b: &str| {
        let scram = format!("scram_sha_256 = \"{SCRAM}\"");
        told(&format!(
            "[account.a]\ndomains = [\"a.org\"]\n{scram}\n{a}\n\
             [account.b]\ndomains = [\"b.org\"]\n{scram}\n{b}\n"
        ))
    };
    assert!(two("aliases = ['x']", "aliases = ['X']").contains("belongs to account \"a\""));
    assert!(two("", "aliases = ['A']").contains("\"A\" belongs to account \"a\""));
    assert!(two("", "aliases = ['a.org']").contains("belongs to account \"a\""));
    let certificate = format!("certificate = ['sha256:{}']", "0".repeat(64));
    assert!(two(&certificate, &certificate).contains("belongs to account \"a\""));
    let shared = told(&format!(
        "[account.a]\ndomains = [\"a.org\"]\nscram_sha_256 = \"{SCRAM}\"\n\
         [account.b]\ndomains = [\"b.org\", \"A.org\"]\nscram_sha_256 = \"{SCRAM}\"\n"
    ));
    assert!(
        shared.starts_with("a.toml:5:21: account.b.domains[1]: \"A.org\" belongs to account \"a\""),
        "{shared}"
    );
}

fn on_disk(folder: &tempfile::TempDir, mode: u32) -> PathBuf {
    let path = folder.path().join("accounts.toml");
    fs::write(&path, full()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn new(name: &str, domain_name: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        aliases: vec!["DOM\\x".to_owned()],
        send_as: Vec::new(),
        domains: vec![domain(domain_name)],
        credentials: derive(&SecretString::from("pw"), false, false).ok(),
        certificates: vec![[7; 32]],
        dovecot: false,
        submit: false,
    }
}

#[test]
fn a_file_of_secrets_must_not_be_open() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o644, 0o660, 0o604, 0o620] {
        let error = Accounts::load(&on_disk(&folder, mode)).unwrap_err();
        assert!(error.to_string().contains(&format!("{mode:04o}")), "{error}");
        assert_eq!(error.exit(), Exit::Config);
    }
    for mode in [0o600, 0o640, 0o400] {
        assert!(Accounts::load(&on_disk(&folder, mode)).is_ok());
    }
}

#[test]
fn an_edit_changes_what_it_should_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o640);
    edit(&path, |file| file.add(&new("graz", "graz.example"))).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&full()), "{text}");
    assert!(text[full().len()..].starts_with("\n[account.graz]\ndomains = [\"graz.example\"]\n"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let graz = Accounts::load(&path).unwrap().find("dom\\X").unwrap().clone();
    assert_eq!(graz.certificates, [[7; 32]]);

    edit(&path, |file| file.remove("GRAZ.example")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), full());
}

#[test]
fn a_new_password_leaves_nothing_of_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let credentials = derive(&SecretString::from("new one"), false, false).unwrap();
    edit(&path, |file| file.set_credentials("example\\acme", &credentials)).unwrap();
    let acme = Accounts::load(&path).unwrap().find("acme").unwrap().clone();
    assert_eq!(acme.credentials, Some(credentials));
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(SCRAM) && !text.contains(CRAM) && text.contains("# two"), "{text}");
}

/// NTLM's hash is kept where it was asked for, and goes with the password that it was of.
#[test]
fn what_ntlm_needs_is_kept_on_demand_and_goes_with_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let set = |with_ntlm| {
        let credentials = derive(&SecretString::from("new one"), false, with_ntlm).unwrap();
        edit(&path, |file| file.set_credentials("acme", &credentials)).unwrap();
        assert_eq!(Accounts::load(&path).unwrap().any_ntlm(), with_ntlm);
        fs::read_to_string(&path).unwrap().contains("ntlm = \"{NTLM}")
    };
    assert!(!Accounts::load(&path).unwrap().any_ntlm());
    assert!(set(true) && !set(false));
}

/// NTLM says of where somebody is: an alias of that very form counts first, and then the name.
#[test]
fn who_is_looked_for_with_a_domain() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let two =
        NewAccount { aliases: vec!["EX2\\acme".to_owned()], ..new("two-places", "x.example") };
    edit(&path, |file| file.add(&two)).unwrap();
    let accounts = Accounts::load(&path).unwrap();
    let found = |domain: &str, name: &str| {
        let wanted = Wanted::Of { domain: domain.to_owned(), name: name.to_owned() };
        accounts.look_up(&wanted).map(|found| found.name.clone())
    };
    assert_eq!(found("EXAMPLE", "ACME").as_deref(), Some("acme"));
    assert_eq!(found("EX1", "acme").as_deref(), Some("acme"));
    assert_eq!(found("EX1", "nobody"), None);
    assert_eq!(found("EX2", "acme").as_deref(), Some("two-places"));
}

#[test]
fn an_edit_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let taken = edit(&path, |file| file.add(&new("Acme", "x.example"))).unwrap_err();
    assert!(matches!(taken, AccountsError::Exists(_)));
    let shared = edit(&path, |file| file.add(&new("other", "example.org"))).unwrap_err();
    assert!(shared.to_string().contains("belongs to account \"acme\""), "{shared}");
    let unknown = edit(&path, |file| file.remove("nobody")).unwrap_err();
    assert_eq!(unknown.exit(), Exit::NoInput);
    assert_eq!(fs::read_to_string(&path).unwrap(), full());
}

#[test]
fn a_first_account_makes_the_file_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.toml");
    edit(&path, |file| file.add(&new("acme", "example.org"))).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# ") && text.contains("\n\n[account.acme]\n"), "{text}");
    assert!(!text.contains("[account]"), "{text}");
    assert!(Accounts::load(&path).unwrap().find("acme").is_some());
}

#[test]
fn the_head_of_the_file_outlives_every_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.toml");
    let text = || fs::read_to_string(&path).unwrap();
    let mut second = new("second", "second.example");
    (second.aliases, second.certificates) = (vec![], vec![]);
    edit(&path, |file| file.add(&new("first", "first.example"))).unwrap();
    let head = text().split("\n\n").next().unwrap().to_owned() + "\n";
    edit(&path, |file| file.add(&second)).unwrap();
    edit(&path, |file| file.remove("first")).unwrap();
    assert!(text().starts_with(&format!("{head}\n[account.second]\n")), "{}", text());
    edit(&path, |file| file.remove("second")).unwrap();
    assert_eq!(text(), head);
    edit(&path, |file| file.add(&second)).unwrap();
    assert!(text().starts_with(&format!("{head}\n[account.second]\n")), "{}", text());
}

#[test]
fn edits_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let add = |n: usize| {
        let mut account = new(&format!("c{n}"), &format!("c{n}.example"));
        account.aliases.clear();
        account.certificates.clear();
        edit(&path, |file| file.add(&account)).unwrap();
    };
    std::thread::scope(|scope| {
        for n in 0..6 {
            let add = &add;
            scope.spawn(move || add(n));
        }
    });
    assert_eq!(Accounts::load(&path).unwrap().iter().count(), 8);
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = on_disk(&folder, 0o600);
    let link = folder.path().join("link.toml");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    edit(&link, |file| file.remove("vienna")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(Accounts::load(&path).unwrap().find("vienna").is_none());
}
