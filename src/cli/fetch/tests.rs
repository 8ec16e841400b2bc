use super::*;
use crate::config::Document;
use crate::config::fetch::check::Purpose;
use crate::config::fetch::{ClearAuth, Judge, Owner, Profile, TlsMode, Verb, flag, variable};
use crate::exit::Exit;

fn parsed(line: &str) -> Result<Invocation, Refusal> {
    parse(std::iter::once("atrn-fetch").chain(line.split_whitespace()))
}

fn refused(line: &str) -> String {
    let refusal = parsed(line).unwrap_err();
    assert_eq!(refusal.exit(), Exit::Usage, "{line}");
    refusal.to_string()
}

fn files(text: &str) -> Files {
    Files::parse(vec![(Owner::User, Document::new("/f.toml", text))]).unwrap()
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn the_examples_are_command_lines() {
    for (line, _) in EXAMPLES {
        parse(line.split_whitespace()).unwrap();
    }
}

#[test]
fn a_variable_of_before_is_told_with_its_successor() {
    let told = |set: &str| of_before(|name| name == set).map_err(|refusal| refusal.to_string());
    assert_eq!(told("ODMR_VERB"), Ok(()));
    let turn = told("ODMR_TURN").unwrap_err();
    assert!(turn.contains("ODMR_TURN is no more; say ODMR_VERB=turn"), "{turn}");
    assert!(told("ODMR_FORCE_ATRN").unwrap_err().contains("say ODMR_VERB=atrn"));
}

#[test]
fn a_command_that_is_misspelt_is_no_account() {
    let home = files("[account.home]\n[account.cheque]\n");
    let hint = |line: &str| {
        let problem = parsed(line).unwrap().accounts(&home).unwrap_err();
        problem.hint.unwrap_or_default()
    };
    let status = "did you mean \"status\"? That is a command, not an account";
    assert_eq!([hint("stauts"), hint("-q stauts home")], [status, status]);
    assert_eq!(hint("hone"), "did you mean \"home\"?");
    assert_eq!(hint("cheqk"), "did you mean \"cheque\"?", "an account is what was to be named");
    for line in ["run stauts", "check stauts", "warehouse"] {
        assert_eq!(hint(line), "there are: cheque, home", "{line}");
    }
}

#[test]
fn run_may_be_left_out() {
    for line in ["home office", "run home office", "-q home office", "--lock skip home office"] {
        let invocation = parsed(line).unwrap();
        let Command::Run(run) = invocation.command else { panic!("{line}") };
        assert_eq!(run.common.accounts, ["home", "office"], "{line}");
    }
    assert!(matches!(parsed("").unwrap().command, Command::Run(_)));
    assert!(matches!(parsed("check home").unwrap().command, Command::Check(_)));
    // Flags may stand before the command, as they may with the other programs.
    for line in ["-q check home", "--lock skip check home", "--lock=skip check home", "--all check"]
    {
        assert!(matches!(parsed(line).unwrap().command, Command::Check(_)), "{line}");
    }
    let of_that_name = parsed("--lock check home").map(|invocation| invocation.command);
    assert!(!matches!(of_that_name, Ok(Command::Check(_))), "that is the flag's value");
    assert!(matches!(parsed("show-config --origin").unwrap().command, Command::ShowConfig(_)));
}

#[test]
fn flags_alone_are_enough() {
    let line = "run --server h.example --user u --password-file f --domain d.example \
                --domain e.example --deliver maildir:/p --verb turn --folder anna=.A";
    let invocation = parsed(line).unwrap();
    let effective = invocation.accounts(&Files::default()).unwrap().remove(0);
    assert_eq!(effective.check(Purpose::Run), Ok(()));
    let account = &effective.account;
    assert_eq!((account.domains.len(), account.verb), (2, Verb::Turn));
    assert_eq!(account.folders[0].recipient, "anna");
    assert_eq!(account.password, Some(SecretSource::File("f".into())));
    assert_eq!(effective.origin("password"), Origin::Flag);
}

#[test]
fn a_profile_sets_what_nobody_has_said() {
    let files = files(
        "[account.a]\nserver = \"x.org\"\nport = 465\n[account.b]\nserver = \"x.org\"\n\
        max_rounds = 7\n[[account.b.fallback]]\nserver = \"y.org\"\nprofile = \"exchange\"\n",
    );
    let account = |line| parsed(line).unwrap().accounts(&files).unwrap().remove(0).account;
    let exchange = account("--profile exchange a");
    assert_eq!((exchange.port, exchange.max_rounds), (465, 50));
    assert_eq!((exchange.tls, exchange.clear_auth), (TlsMode::Starttls, ClearAuth::None));
    let with = account("--profile exchange b");
    assert_eq!((with.port, with.max_rounds), (25, 7));
    let without = account("b").providers();
    assert_eq!((without[0].profile, without[0].port), (Profile::Odmr, 366));
    assert_eq!((without[1].profile, without[1].port), (Profile::Exchange, 25));
    assert_eq!(without[1].max_rounds, 7, "how often is the account's");
}

#[test]
fn a_flag_overrules_the_file_even_to_say_no() {
    let files =
        files("[account.a]\nserver = \"x.org\"\nverb = \"turn\"\ntls = \"implicit\"\nport = 465\n");
    let effective = parsed("--verb auto --tls none").unwrap().accounts(&files).unwrap().remove(0);
    let account = &effective.account;
    assert_eq!((account.verb, account.tls, account.port), (Verb::Auto, TlsMode::None, 465));
    assert_eq!(effective.origin("verb"), Origin::Flag);
}

#[test]
fn the_accounts_meant() {
    let two = files("[account.a]\n[account.b]\n");
    let names = |line, files: &Files| {
        let accounts = parsed(line).unwrap().accounts(files);
        accounts.map(|all| all.iter().map(|e| e.account.name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(names("b", &two).unwrap(), ["b"]);
    assert_eq!(names("--all", &two).unwrap(), ["a", "b"]);
    assert_eq!(names("", &files("[account.only]\n")).unwrap(), ["only"]);
    assert_eq!(names("--server x.org", &two).unwrap(), [""]);
    let problem = names("", &two).unwrap_err();
    assert_eq!(problem.to_string(), "command line: ACCOUNT: several accounts, and none is named");
    assert_eq!(problem.hint.as_deref(), Some("name one of a, b, or say --all"));
    assert!(names("--all", &files("")).is_err());
}

#[test]
fn mistakes_exit_64_and_say_what_is_allowed() {
    assert!(refused("--timeout-turn soon").contains("saw \"soon\"; allowed: a duration like"));
    assert!(refused("--sever x.org").contains("--server"));
    assert!(refused("--tls always").contains("[possible values: require, starttls,"));
    assert!(refused("--password hunter2").contains("unexpected argument"));
    assert!(refused("--port 0").contains("--port"));
    assert!(refused("--deliver mda:x").contains("allowed: smtp:HOST:PORT,"));
    assert!(refused("--password-fd 3 --credential x").contains("cannot be used with"));
    refused("--all home");
    refused("-q -v");
}

#[test]
fn help_is_no_mistake() {
    for line in ["--help", "-h", "--version", "help run", "run --help", "home --help"] {
        assert_eq!(parsed(line).unwrap_err().exit(), Exit::Ok, "{line}");
    }
}

#[test]
fn every_setting_has_the_flag_and_the_variable_that_messages_name() {
    let definition = command();
    let run = definition.find_subcommand("run").unwrap();
    for key in Layer::KEYS.iter().filter(|key| !matches!(**key, "password" | "fallback")) {
        let arg = run.get_arguments().find(|arg| arg.get_id() == key).unwrap();
        assert_eq!(format!("--{}", arg.get_long().unwrap()), flag(key));
        match arg.get_env() {
            Some(name) => assert_eq!(name, variable(key).as_str()),
            None => assert!(["folders", "arguments", "on_mail", "on_error"].contains(key), "{key}"),
        }
    }
}

#[test]
fn json_is_short_for_jsonl() {
    let format = |line| parsed(line).unwrap().command.output().format();
    assert_eq!((format("--json"), format("-f json")), (Format::Jsonl, Format::Json));
    assert_eq!(format(""), Format::Human);
}

/// A process may not change its own variables while threads run, so the test runs itself again
/// with some set.
#[test]
fn variables_are_told_from_flags() {
    const AGAIN: &str = "ODMR_TEST_AGAIN";
    if std::env::var_os(AGAIN).is_none() {
        let itself = "cli::fetch::tests::variables_are_told_from_flags";
        let variables = [
            (AGAIN, "1"),
            ("ODMR_PORT", "2525"),
            ("ODMR_VERB", "turn"),
            ("ODMR_FAMILY", "ipv6"),
            ("ODMR_EXIT", "any"),
            ("ODMR_EXIT_CODES", "fetchmail"),
        ];
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args([itself, "--exact"]).envs(variables).env("ODMR_DOMAINS", "a.org,b.org");
        assert!(again.output().unwrap().status.success());
        return;
    }
    let files = files("[account.a]\nport = 1\nverb = \"auto\"\n");
    let effective = parsed("--port 25 a").unwrap().accounts(&files).unwrap().remove(0);
    let account = &effective.account;
    assert_eq!((account.port, account.verb, account.domains.len()), (25, Verb::Turn, 2));
    assert_eq!(effective.origin("port"), Origin::Flag);
    assert_eq!(effective.origin("verb"), Origin::Environment);
    let family = |line| parsed(line).unwrap().accounts(&files).unwrap().remove(0).account.family;
    assert_eq!((family("a"), family("-4 a")), (Family::Ipv6, Family::Ipv4));
    let (of_flags, of_variables) = parsed("--exit first a").unwrap().whole;
    assert_eq!((of_flags.exit, of_flags.exit_codes), (Some(Judge::First), None));
    assert_eq!(of_variables.exit_codes, Some(ExitCodes::Fetchmail));
    // Of a command line that was not understood, too.
    let codes = |line: &str| codes_of_refused(&line.split(' ').collect::<Vec<_>>()).codes();
    assert_eq!(codes("atrn-fetch --nonsense"), ExitCodes::Fetchmail);
    assert_eq!(codes("atrn-fetch --exit-codes native --nonsense"), ExitCodes::Native);
    assert_eq!(codes("atrn-fetch --exit-codes=native"), ExitCodes::Native);
}

#[test]
fn short_and_long_words_for_a_family_may_not_differ() {
    let family = |line: &str| parsed(line).unwrap().flags.family;
    assert_eq!(
        (family("-6"), family("--family ipv4 -4")),
        (Some(Family::Ipv6), Some(Family::Ipv4))
    );
    assert!(refused("--family ipv4 -6").contains("cannot be used with"));
    refused("-4 -6");
}

#[test]
fn for_passwd_a_source_is_that_of_the_new_password() {
    let invocation = parsed("passwd home --password-fd 3").unwrap();
    assert_eq!(invocation.flags.password, None);
    let Command::Passwd(flags) = invocation.command else { panic!() };
    assert_eq!(flags.common.password.source(), Some(SecretSource::Fd(3)));
}
