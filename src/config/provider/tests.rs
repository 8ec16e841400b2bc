use super::*;
use crate::config::value::Size;

fn parse(text: &str) -> Result<Settings, Problems> {
    Settings::parse(&Document::new("odmrd.toml", text))
}

fn fault(text: &str) -> (String, Option<String>) {
    let problems = parse(text).unwrap_err();
    let problem = problems.iter().next().unwrap().clone();
    (problem.to_string(), problem.hint)
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(parse("").unwrap(), Settings::default());
}

#[test]
fn what_is_written_is_what_is_set() {
    let settings = parse(
        "hostname = \"mail.example.net\"\n[mx]\nmax_size = \"1 MiB\"\n\
         [domains.\"Example.ORG\"]\nlifetime = \"7d\"\n[log]\nformat = \"journald\"\n",
    )
    .unwrap();
    let own = Domain::parse("example.org").unwrap();
    let other = Domain::parse("example.com").unwrap();
    assert_eq!(settings.mx.max_size, Size(1 << 20));
    assert_eq!(settings.mx.max_recipients, 1000);
    assert_eq!(settings.lifetime(&own), Duration::days(7));
    assert_eq!(settings.lifetime(&other), Duration::days(21));
    assert_eq!(settings.log.format, LogFormat::Journald);
}

#[test]
fn a_misspelt_key_is_named_with_its_neighbours() {
    assert_eq!(
        fault("[mx]\nmax_sise = \"1 MiB\"\n"),
        (
            "odmrd.toml:2:1: mx.max_sise: unknown key; allowed here: \
             listen, max_size, max_recipients, max_received, learn_refusals, xclient, spf, resolver"
                .to_owned(),
            Some("did you mean \"max_size\"?".to_owned())
        )
    );
}

#[test]
fn each_wrong_value_is_one_line() {
    for (text, line) in [
        (
            "[mx]\nmax_size = \"50 MIX\"",
            "odmrd.toml:2:12: mx.max_size: saw string \"50 MIX\"; \
             allowed: a size like 50 MiB, 1 GB or 65536",
        ),
        (
            "[queue]\nlifetime = 21",
            "odmrd.toml:2:12: queue.lifetime: saw integer 21; \
             allowed: a duration like 90s, 10m30s, 24h or 21d",
        ),
        (
            "[odmr]\nlisten = [\"366\"]",
            "odmrd.toml:2:11: odmr.listen[0]: saw string \"366\"; \
             allowed: an address and port like :25, 192.0.2.1:25 or [::1]:25",
        ),
        (
            "[odmr]\nlisten = \":366\"",
            "odmrd.toml:2:10: odmr.listen: saw string \":366\"; allowed: a list, like [\"...\"]",
        ),
        (
            "[odmr]\nrequire_tls = \"yes\"",
            "odmrd.toml:2:15: odmr.require_tls: saw string \"yes\"; allowed: true or false",
        ),
        (
            "[limits]\nconnections = -1",
            "odmrd.toml:2:15: limits.connections: saw integer -1; allowed: a whole number",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "odmrd.toml:2:9: log.level: saw \"loud\"; allowed: error, warn, info, debug, trace",
        ),
        (
            "[domains.localhost]",
            "odmrd.toml:1:10: domains.localhost: saw string \"localhost\"; \
             allowed: a domain name of two labels or more, like example.org",
        ),
        (
            "postmaster = \"root\"",
            "odmrd.toml:1:14: postmaster: saw string \"root\"; \
             allowed: an address like postmaster@example.org",
        ),
        ("mx = 5", "odmrd.toml:1:6: mx: saw integer 5; allowed: a table"),
        ("mx = ", "odmrd.toml:1:6: string values must be quoted, expected literal string"),
        ("[mx]\n[mx]\n", "odmrd.toml:2:2: duplicate key"),
    ] {
        assert_eq!(fault(text).0, line);
    }
}

#[test]
fn the_name_comes_from_the_settings_then_from_the_system() {
    let document = Document::new("odmrd.toml", "");
    let set = parse("hostname = \"mail.example.net\"").unwrap();
    let name = |settings: &Settings, system| settings.hostname_or(system, &document);
    assert_eq!(name(&set, Some("box")).unwrap().as_str(), "mail.example.net");
    let unset = Settings::default();
    assert_eq!(name(&unset, Some("box.example.net")).unwrap().as_str(), "box.example.net");
    let problem = name(&unset, Some("box")).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "odmrd.toml: hostname: not set, and the system's own name \"box\" is not a full one"
    );
    assert!(problem.hint.is_some());
}

#[test]
fn relative_paths_start_beside_the_file() {
    let text = "state_dir = \"state\"\n[tls]\nkey = \"/k.pem\"\ncertificate = \"c.pem\"\n\
                [domains.\"x.org\"]\nrecipients = \"x.list\"";
    let loaded = Loaded::new(Document::new("/etc/odmr/odmrd.toml", text)).unwrap();
    let settings = loaded.settings;
    assert_eq!(settings.state_dir, Path::new("/etc/odmr/state"));
    assert_eq!(settings.accounts_path(), Path::new("/etc/odmr/accounts.toml"));
    assert_eq!(settings.tls.key.as_deref(), Some(Path::new("/k.pem")));
    assert_eq!(settings.tls.certificate.as_deref(), Some(Path::new("/etc/odmr/c.pem")));
    let list = settings.domains.values().next().and_then(|d| d.recipients.clone());
    assert_eq!(list.as_deref(), Some(Path::new("/etc/odmr/x.list")));
}

#[test]
fn a_missing_file_is_told_with_the_way_out() {
    let problems = load(Path::new("/nowhere/odmrd.toml")).unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert_eq!(problem.hint.as_deref(), Some("odmrd init writes one"));
}
