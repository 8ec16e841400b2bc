//! What a shell asks when TAB is pressed: the ids, domains and accounts that are there just now.
//!
//! The scripts in `completions/` call the program itself, which answers from the daemon's socket, the
//! spool and the settings. Whoever waits at a prompt waits 200 ms at most, and is told nothing
//! where nothing can be found out: a completion is no place for an error.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::Arg;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::Value;

use super::{fetch, mxcheck as door, probe, provider, queue};
use crate::config::accounts::Accounts;
use crate::config::provider as settings;
use crate::flow::check::checks;
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::Request;
use crate::report::harmless;

/// How long a shell waits for an answer.
const PATIENCE: Duration = Duration::from_millis(200);
/// More than these nobody reads at a prompt.
const MOST: usize = 100;

/// Answers a shell that asks for completions, and ends the process; does nothing in every other case.
pub fn answer(program: fn() -> clap::Command) {
    CompleteEnv::with_factory(program).complete();
}

/// The definition of `queuectl`, with what can be said in place of its ids, domains and accounts.
pub fn queuectl() -> clap::Command {
    each_argument(queue::command(), &|arg| match value_name(&arg).as_str() {
        "ID" => arg.add(ArgValueCompleter::new(ids)),
        "DOMAIN" => arg.add(ArgValueCompleter::new(domains)),
        "NAME" if arg.get_id() == "account" => arg.add(ArgValueCompleter::new(accounts)),
        _ => arg,
    })
}

/// The definition of `odmrd`, with the accounts that `account` can change.
pub fn odmrd() -> clap::Command {
    provider::command().mut_subcommand("account", |account| {
        let known = |command: clap::Command| {
            command.mut_arg("name", |arg| arg.add(ArgValueCompleter::new(accounts)))
        };
        account.mut_subcommand("passwd", known).mut_subcommand("remove", known)
    })
}

/// The definition of `atrn-fetch`, with the accounts of its settings; and what `run` takes where it is left out.
pub fn atrn_fetch() -> clap::Command {
    let command = fetch::command();
    let run = command.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let run: Vec<Arg> = run.cloned().collect();
    each_argument(command.args(run), &|arg| match value_name(&arg).as_str() {
        "ACCOUNT" => arg.add(ArgValueCompleter::new(accounts_of_customer)),
        _ => arg,
    })
}

/// The definition of `smtp-probe`.
pub fn smtp_probe() -> clap::Command {
    probe::command()
}

/// The definition of `mxcheck`, with the checks there are.
pub fn mxcheck() -> clap::Command {
    each_argument(door::command(), &|arg| match value_name(&arg).as_str() {
        "ID" => arg.add(ArgValueCompleter::new(ids_of_checks)),
        _ => arg,
    })
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map(ToString::to_string).unwrap_or_default()
}

fn each_argument(command: clap::Command, change: &dyn Fn(Arg) -> Arg) -> clap::Command {
    let command = command.mut_args(change);
    command.mut_subcommands(|sub| each_argument(sub, change))
}

fn ids(begun: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else { return Vec::new() };
    let list = Request::list(Selection::default(), None);
    let id = |message: &Value| {
        let id = text(message, "id")?;
        let begins = id.get(..begun.len()).is_some_and(|start| start.eq_ignore_ascii_case(begun));
        let what = || {
            let sender = text(message, "sender").filter(|sender| !sender.is_empty());
            let domain = text(message, "domain").unwrap_or_default();
            format!("{domain}, from {}", sender.as_deref().unwrap_or("<>"))
        };
        begins.then(|| (id, what()))
    };
    found(list, &|message| id(message).into_iter().collect())
}

fn domains(begun: &OsStr) -> Vec<CompletionCandidate> {
    let waiting = Request::Domains { domain: Vec::new(), ages: false };
    let asked = found(waiting, &|record| {
        let messages = record.get("messages").and_then(Value::as_u64).unwrap_or(0);
        let named = text(record, "domain");
        named.map(|domain| (domain, format!("{messages} waiting"))).into_iter().collect()
    });
    let known = of_settings(|account| {
        let domains = account.domains.iter().map(ToString::to_string);
        domains.map(|domain| (domain, account.name.clone())).collect()
    });
    starting(begun, known.into_iter().chain(asked))
}

fn accounts(begun: &OsStr) -> Vec<CompletionCandidate> {
    let waiting = Request::Domains { domain: Vec::new(), ages: false };
    let asked = found(waiting, &|record| {
        let domain = text(record, "domain").unwrap_or_default();
        text(record, "account").map(|account| (account, domain)).into_iter().collect()
    });
    let known = of_settings(|account| {
        let domains: Vec<&str> = account.domains.iter().map(|domain| domain.as_str()).collect();
        vec![(account.name.clone(), domains.join(", "))]
    });
    starting(begun, asked.into_iter().chain(known))
}

fn accounts_of_customer(begun: &OsStr) -> Vec<CompletionCandidate> {
    let config = flag(&["--config", "-c"]).or_else(|| std::env::var_os("ODMR_FETCH_CONFIG"));
    let files = fetch::begin::files(config.map(PathBuf::from).as_deref());
    let Ok(files) = files else { return Vec::new() };
    let names = files.accounts().into_iter().map(|name| candidate(name, String::new()));
    starting(begun, names)
}

fn ids_of_checks(begun: &OsStr) -> Vec<CompletionCandidate> {
    let known = checks().map(|check| candidate(check.about.id, check.about.title.to_owned()));
    starting(begun, known)
}

fn candidate(value: &str, what: String) -> CompletionCandidate {
    // Senders write what they like, and this goes to a terminal.
    let quoted = Value::from(what).to_string();
    let what = harmless(quoted.trim_matches('"'));
    CompletionCandidate::new(value).help((!what.is_empty()).then(|| what.into_owned().into()))
}

/// Each once, and only what goes on where the user has begun.
fn starting(
    begun: &OsStr,
    all: impl IntoIterator<Item = CompletionCandidate>,
) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy().to_lowercase();
    let begins = |candidate: &CompletionCandidate| {
        candidate.get_value().to_string_lossy().to_lowercase().starts_with(&begun)
    };
    let fitting = all.into_iter().filter(begins);
    let once: BTreeMap<OsString, CompletionCandidate> =
        fitting.map(|candidate| (candidate.get_value().to_owned(), candidate)).collect();
    once.into_values().take(MOST).collect()
}

fn text(record: &Value, field: &str) -> Option<String> {
    record.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// What the records that come in time hold; each with a word about it.
fn found(
    request: Request,
    take: &dyn Fn(&Value) -> Vec<(String, String)>,
) -> Vec<CompletionCandidate> {
    let mut found = Vec::new();
    let Some(office) = office() else { return found };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return found };
    let asking = async {
        let Ok(mut answer) = ask(&office, request).await else { return };
        while let Ok(Some(line)) = answer.next().await {
            let record = serde_json::from_slice(line).unwrap_or(Value::Null);
            found.extend(take(&record).into_iter().map(|(value, what)| candidate(&value, what)));
            if found.len() >= MOST {
                return;
            }
        }
    };
    let _ = runtime.block_on(async { tokio::time::timeout(PATIENCE, asking).await });
    runtime.shutdown_background();
    found
}

/// What the account file holds, where it may be read.
fn of_settings(
    take: impl Fn(&crate::config::accounts::Account) -> Vec<(String, String)>,
) -> Vec<CompletionCandidate> {
    let Ok(loaded) = settings::load(&config()) else { return Vec::new() };
    let Ok(accounts) = Accounts::load(loaded.settings.accounts_path()) else { return Vec::new() };
    let taken = accounts.iter().flat_map(take);
    taken.map(|(value, what)| candidate(&value, what)).collect()
}

fn office() -> Option<Office> {
    let spool = flag(&["--spool"]).map(|folder| Office::Spool(folder.into()));
    let socket = || {
        let named = flag(&["--socket"]).or_else(|| std::env::var_os("ODMR_CONTROL"));
        named.map(|socket| Office::Socket(socket.into()))
    };
    let settled = || {
        let loaded = settings::load(&config()).ok()?;
        Some(Office::Socket(loaded.settings.control_socket()))
    };
    spool.or_else(socket).or_else(settled)
}

fn config() -> PathBuf {
    let named = flag(&["--config", "-c"]).or_else(|| std::env::var_os("ODMR_PROVIDER_CONFIG"));
    named.map_or_else(|| settings::DEFAULT_PATH.into(), PathBuf::from)
}

/// The value that the line begun so far gives a flag; the shell hands it over behind `--`.
fn flag(names: &[&str]) -> Option<OsString> {
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").collect();
    flag_of(&words, names)
}

fn flag_of(words: &[OsString], names: &[&str]) -> Option<OsString> {
    let attached = |word: &OsString| {
        let (name, value) = word.to_str()?.split_once('=')?;
        names.contains(&name).then(|| value.into())
    };
    let apart =
        |pair: &[OsString]| names.iter().any(|name| pair[0] == *name).then(|| pair[1].clone());
    words.iter().find_map(attached).or_else(|| words.windows(2).find_map(apart))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn flags_are_found_in_a_line_that_is_not_finished() {
        let line = words("queuectl --socket=/a list -c /b --spool");
        assert_eq!(flag_of(&line, &["--socket"]), Some("/a".into()));
        assert_eq!(flag_of(&line, &["--config", "-c"]), Some("/b".into()));
        assert_eq!(flag_of(&line, &["--spool"]), None);
    }

    #[test]
    fn what_has_been_begun_is_gone_on_with() {
        let all = || ["b.example", "a.example", "a.example"].map(|d| candidate(d, String::new()));
        let of = |begun: &str| -> Vec<OsString> {
            let found = starting(OsStr::new(begun), all());
            found.iter().map(|candidate| candidate.get_value().to_owned()).collect()
        };
        assert_eq!(of(""), ["a.example", "b.example"]);
        assert_eq!(of("B"), ["b.example"]);
        assert_eq!(of("c"), [""; 0]);
    }

    #[test]
    fn words_about_a_message_cannot_move_the_cursor() {
        let told = candidate("01", "from a\u{1b}[2J".into());
        assert!(!told.get_help().unwrap().to_string().contains('\u{1b}'));
    }

    #[test]
    fn nothing_else_changes_in_the_definitions() {
        queuectl().debug_assert();
        odmrd().debug_assert();
        atrn_fetch().debug_assert();
    }
}
