use super::check::Purpose;
use super::*;
use crate::config::secret::SecretSource;
use crate::config::value::{Duration, Server, Size, Written};

const USER: &str = "/home/u/atrn-fetch.toml";

fn files(user: &str, system: &str) -> Files {
    let documents = vec![
        (Owner::User, Document::new(USER, user)),
        (Owner::System, Document::new("/etc/odmr/atrn-fetch.toml", system)),
    ];
    Files::parse(documents).unwrap()
}

fn fault(text: &str) -> String {
    let parsed = Files::parse(vec![(Owner::User, Document::new("f.toml", text))]);
    parsed.unwrap_err().iter().next().unwrap().to_string()
}

fn server(name: &str) -> Option<Server> {
    Server::read(name)
}

#[test]
fn nothing_said_is_the_defaults() {
    let account = Account::new("", Layer::default());
    assert_eq!((account.port, account.tls), (366, TlsMode::Starttls));
    assert_eq!(account.timeout_turn, Duration::seconds(630));
    assert_eq!((account.lock, account.max_message_size), (Lock::Fail, None));
}

#[test]
fn the_nearer_layer_wins_and_is_named() {
    let files = files(
        "[defaults]\nport = 2\n[account.home]\nserver = \"user.example\"\n",
        "[defaults]\nmax_rounds = 9\nport = 4\n[account.home]\nport = 3\nuser = \"anna\"\n\
         server = \"system.example\"\n",
    );
    let flags = Layer { max_rounds: Some(7), ..Layer::default() };
    let environment = Layer { max_rounds: Some(8), max_bytes: Some(Size(5)), ..Layer::default() };
    let nearest = vec![(flags, Origin::Flag), (environment, Origin::Environment)];
    let effective = files.account("home", nearest).unwrap();
    let account = &effective.account;
    assert_eq!(account.server, server("user.example"));
    assert_eq!((account.port, account.user.as_deref()), (2, Some("anna")));
    assert_eq!((account.max_rounds, account.max_bytes), (7, Some(Size(5))));
    let origin = |key| effective.origin(key).to_string();
    assert_eq!(origin("server"), "/home/u/atrn-fetch.toml [account.home]");
    assert_eq!(origin("port"), "/home/u/atrn-fetch.toml [defaults]");
    assert_eq!(origin("user"), "/etc/odmr/atrn-fetch.toml [account.home]");
    assert_eq!(origin("max_rounds"), "flag");
    assert_eq!(origin("max_bytes"), "environment");
    assert_eq!(origin("tls"), "default");
}

#[test]
fn folders_are_a_table_of_their_own() {
    let files =
        files("[account.a.folders]\n\"sales@x.org\" = \".Sales\"\nanna = \"/m/anna\"\n", "");
    let folders = files.account("a", Vec::new()).unwrap().account.folders;
    let pairs: Vec<_> = folders.iter().map(|f| (&*f.recipient, &*f.folder)).collect();
    assert_eq!(pairs, [("anna", Path::new("/m/anna")), ("sales@x.org", Path::new(".Sales"))]);
}

#[test]
fn relative_paths_start_beside_the_file() {
    let files = files("[account.a]\nca = \"ca.pem\"\ndeliver = \"maildir:Mail\"\n", "");
    let account = files.account("a", Vec::new()).unwrap().account;
    assert_eq!(account.ca.as_deref(), Some(Path::new("/home/u/ca.pem")));
    assert_eq!(account.deliver.unwrap().to_string(), "maildir:/home/u/Mail");
}

#[test]
fn a_password_has_a_source_and_is_never_told() {
    let files = files(
        "[account.a]\npassword = { file = \"a.pw\" }\n[account.b]\npassword = { command = \"pass show b\" }",
        "",
    );
    let effective = |name| files.account(name, Vec::new()).unwrap();
    let source = SecretSource::File("/home/u/a.pw".into());
    assert_eq!(effective("a").account.password, Some(source));
    assert!(effective("a").show(false).contains("\npassword = { file = \"/home/u/a.pw\" }\n"));
    assert!(effective("b").show(false).contains("\npassword = { command = \"pass\" }\n"));
    let line = fault("[account.a]\npassword = \"hunter2\"\n");
    assert!(
        line.starts_with("f.toml:2:12: account.a.password: a password does not stand"),
        "{line}"
    );
    assert!(!line.contains("hunter2"));
}

#[test]
fn an_unknown_account_is_told_with_its_neighbours() {
    let files = files("[account.home]\n[account.office]\n", "");
    let problem = files.account("hone", Vec::new()).unwrap_err();
    assert_eq!(problem.to_string(), "/home/u/atrn-fetch.toml: no account \"hone\"");
    assert_eq!(problem.hint.as_deref(), Some("did you mean \"home\"?"));
    let problem = files.account("warehouse", Vec::new()).unwrap_err();
    assert_eq!(problem.hint.as_deref(), Some("there are: home, office"));
}

#[test]
fn each_wrong_value_is_one_line() {
    for (text, line) in [
        (
            "[account.a]\ndeliver = \"mda:procmail\"",
            "f.toml:2:11: account.a.deliver: saw string \"mda:procmail\"; \
             allowed: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH, maildir:/PATH or command:/PATH",
        ),
        (
            "[defaults]\ntls = \"always\"",
            "f.toml:2:7: defaults.tls: saw \"always\"; \
             allowed: require, starttls, implicit, opportunistic, none",
        ),
        (
            "[account.\"a b\"]\ndomains = [\"localhost\"]",
            "f.toml:2:12: account.\"a b\".domains[0]: saw string \"localhost\"; \
             allowed: a domain name of two labels or more, like example.org",
        ),
        (
            "[account.a]\nport = 70000",
            "f.toml:2:8: account.a.port: saw integer 70000; allowed: a whole number up to 65535",
        ),
        (
            "[account.a]\nfingerprint = \"md5:00\"",
            "f.toml:2:15: account.a.fingerprint: saw string \"md5:00\"; \
             allowed: sha256: and 64 hexadecimal digits",
        ),
        (
            "accounts = {}",
            "f.toml:1:1: accounts: unknown key; allowed at the top of the file: run, defaults, account",
        ),
    ] {
        assert_eq!(fault(text), line);
    }
}

#[test]
fn a_good_account_has_nothing_wrong_with_it() {
    let text = "[account.a]\nserver = \"odmr.example.net\"\nuser = \"a\"\n\
                password = { file = \"p\" }\n\
                domains = [\"x.org\"]\ndeliver = \"lmtp:unix:/run/lmtp\"\n";
    let effective = files(text, "").account("a", Vec::new()).unwrap();
    assert_eq!(effective.check(Purpose::Run), Ok(()));
}

#[test]
fn every_fault_of_an_account_is_told_where_it_stands() {
    let text = "[account.a]\ndeliver = \"smtp:localhost:25\"\nfolders = { anna = \"x\" }\n\
                tls = \"none\"\nmechanism = \"plain\"\ntimeout_turn = \"5m\"\n";
    let effective = files(text, "").account("a", Vec::new()).unwrap();
    let problems = effective.check(Purpose::Run).unwrap_err();
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "/home/u/atrn-fetch.toml:3:1: account.a.folders: set, but mail does not go to a Maildir",
            "/home/u/atrn-fetch.toml: account.a.server: not set: whom are we to call?",
            "/home/u/atrn-fetch.toml: account.a.user: not set: who are we?",
            "/home/u/atrn-fetch.toml: account.a.password: not set: how are we to prove who we are?",
            "/home/u/atrn-fetch.toml:5:13: account.a.mechanism: shows the password, and tls is none",
            "/home/u/atrn-fetch.toml: account.a.accept_domains: \
             not set, and neither is domains: whose mail are we to take?",
            "/home/u/atrn-fetch.toml:6:16: account.a.timeout_turn: saw 5m; allowed: 10m to 24h",
        ]
    );
}

#[test]
fn who_has_no_folder_by_name_is_told_only_to_a_maildir_and_somebody_has_to_exist() {
    let of = |deliver: &str, more: &str| {
        let text = format!(
            "[account.a]\nserver = \"odmr.example.net\"\nuser = \"a\"\npassword = {{ file = \"p\" }}\n\
             domains = [\"x.org\"]\ndeliver = \"{deliver}\"\n{more}\n"
        );
        let effective = files(&text, "").account("a", Vec::new()).unwrap();
        effective.check(Purpose::Run).map_err(|problems| problems.to_string())
    };
    assert_eq!(of("maildir:/m", "others = \"local-part\""), Ok(()));
    assert_eq!(of("maildir:/m", "others = \"refuse\"\nfolders = { anna = \"x\" }"), Ok(()));
    let nobody = of("maildir:/m", "others = \"refuse\"").unwrap_err();
    assert!(nobody.contains("account.a.others: refuse, and no folder is named"), "{nobody}");
    let elsewhere = of("smtp:localhost:25", "others = \"refuse\"").unwrap_err();
    assert!(elsewhere.contains("others: set, but mail does not go to a Maildir"), "{elsewhere}");
}

#[test]
fn faults_of_flags_name_the_flag() {
    let flags = Layer { max_rounds: Some(0), ..Layer::default() };
    let variables = Layer { timeout_turn: Some(Duration::seconds(1)), ..Layer::default() };
    let layers = vec![(flags, Origin::Flag), (variables, Origin::Environment)];
    let text = Files::default().by_flags(layers).check(Purpose::Run).unwrap_err().to_string();
    for line in [
        "command line: --server: not set: whom are we to call?\n",
        "command line: --password-file: not set: how are we to prove who we are?\n",
        "command line: --accept-domain: not set, and neither is domains",
        "command line: --max-rounds: saw 0; allowed: 1 or more\n",
        "environment: ODMR_TIMEOUT_TURN: saw 1s; allowed: 10m to 24h\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn each_purpose_asks_for_what_it_needs() {
    let text = "[account.a]\ndeliver = \"maildir:/m\"\n[account.b]\nserver = \"x.org\"\nuser = \"b\"\n\
         password = { file = \"p\" }\n";
    let files = files(text, "");
    let check = |name, purpose| files.account(name, Vec::new()).unwrap().check(purpose).is_ok();
    assert!(check("a", Purpose::TestTarget) && !check("a", Purpose::Check));
    assert!(check("b", Purpose::Check) && !check("b", Purpose::TestTarget));
    assert!(!check("b", Purpose::Run));
}

#[test]
fn what_counts_is_shown_as_a_file_would_write_it() {
    let text = "[account.\"a b\"]\nserver = \"x.org\"\ndomains = [\"d.org\"]\n\
                folders = { anna = \".A\" }\ndeliver = \"maildir:/m\"\n";
    let flags = Layer { port: Some(25), ..Layer::default() };
    let effective = files(text, "").account("a b", vec![(flags, Origin::Flag)]).unwrap();
    let shown = effective.show(false);
    let first = "[account.\"a b\"]\nprofile = \"odmr\"\nserver = \"x.org\"\nport = 25\n";
    assert!(shown.starts_with(first), "{shown}");
    assert!(
        shown.contains("\n#user is not set\n") && shown.contains("\ntimeout_turn = \"10m30s\"\n")
    );
    let again = files(&shown, "").account("a b", Vec::new()).unwrap();
    assert_eq!(again.account, effective.account);
    let line = |start: &str| {
        effective.show(true).lines().find(|line| line.starts_with(start)).unwrap().to_owned()
    };
    assert_eq!(line("port"), "port = 25                                # flag");
    assert!(line("server").ends_with("# /home/u/atrn-fetch.toml [account.\"a b\"]"));
    assert!(line("tls").ends_with("# default"));
}
