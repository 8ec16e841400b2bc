//! `atrn-fetch`: from the command line to the exit code, account after account.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::bar::Bar;
use super::begin::init;
use super::daemon::keep_fetching;
use super::dialogues::{keep_all, keep_transcripts, wants_dialogue};
use super::ending::{Ended, judged, number};
use super::given::{accounts_of, read_files};
use super::own_queue::own_queue;
use super::passwd::set_password;
use super::plan::plan_all;
use super::runtime::{first_signal, with_runtime};
use super::status::status;
use super::take_over::take_over;
use super::words::{json, labelled, report};
use super::{Command, Format, Invocation, Output, Run as RunFlags};
use super::{schema, watched};
use crate::cli::failure::told;
use crate::cli::log::{self, LogFormat, LogSettings};
use crate::cli::{tell, tell_schema};
use crate::config::fetch::check::no_writing_to;
use crate::config::fetch::{Account, Effective, Judge, Whole};
use crate::config::secret::SecretSource;
use crate::exit::{Exit, Failure};
use crate::flow::errand;
use crate::flow::memory::Memory;
use crate::flow::schedule::chance;
use crate::flow::summary::Summary;
use crate::flow::visit::{Visited, exit_of, visit};
use crate::smtp::escape::Escaped;

/// Does what the command line says, and gives the number to end with.
pub fn run(invocation: Invocation) -> u8 {
    let (flags, variables) = invocation.whole;
    // What the files say of it is known once they are read.
    let mut whole = flags.or(variables);
    // What a check ends with is for monitoring to say.
    if !invocation.command.calls() || invocation.command.output().format() == Format::Nagios {
        whole = Whole::default();
    }
    let ended = carry_out(invocation, &mut whole);
    number(whole, ended.unwrap_or_else(|failure| told("atrn-fetch", &failure).into()))
}

fn carry_out(invocation: Invocation, whole: &mut Whole) -> Result<Ended, Failure> {
    let output = invocation.command.output();
    log::start(&log_settings(output)).map_err(|fault| Failure::new(Exit::Config, fault))?;
    if let Command::Schema { name } = &invocation.command {
        return tell_schema(&schema::all(), name.as_deref()).map(Ended::from);
    }
    let watched = matches!(output.format(), Format::Nagios | Format::Prometheus);
    if watched && !invocation.command.tells_how_runs_went() {
        let what = "--format nagios and --format prometheus tell how runs went";
        let hint = "atrn-fetch run and atrn-fetch status have them";
        return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
    }
    if let Command::Init(flags) = &invocation.command {
        return init(&invocation, flags).map(Ended::from);
    }
    if let Command::ImportFetchmailrc(flags) = &invocation.command {
        return take_over(flags).map(Ended::from);
    }
    let read = read_files(&invocation);
    let of_run = read.as_ref().ok().map(|files| invocation.whole(files));
    let counts = invocation.command.calls() && output.format() != Format::Nagios;
    *whole = of_run.filter(|_| counts).map_or(*whole, |of_run| of_run.whole);
    let accounts = read.and_then(|files| accounts_of(&invocation, &files));
    let mut accounts = match accounts {
        // What such a check cannot find out is its fourth answer, and stands where the others do.
        Err(failure) if output.format() == Format::Nagios => {
            tell(&format!("{}\n", watched::unknown(&failure)))?;
            return Ok(Exit::Unknown.into());
        }
        accounts => accounts?,
    };
    if let Command::Run(RunFlags { common, .. }) | Command::Check(common) = &invocation.command
        && common.input.may_ask()
    {
        ask_where_unset(&mut accounts);
    }
    let judge = whole.judge();
    match &invocation.command {
        Command::Run(flags) if flags.dry_run => with_runtime(plan_all(output, judge, &accounts)),
        Command::Run(flags) => with_runtime(fetch_all(flags, judge, &accounts)),
        Command::Check(_) => with_runtime(check_all(output, judge, &accounts)),
        Command::TestTarget(_) => with_runtime(test_all(output, judge, &accounts)),
        _ => look_after(invocation, &accounts).map(Ended::from),
    }
}

/// The commands that call nobody, or not for this one time.
fn look_after(invocation: Invocation, accounts: &[Effective]) -> Result<Exit, Failure> {
    let invocation = Arc::new(invocation);
    match &invocation.command {
        Command::Daemon(flags) => keep_fetching(invocation.clone(), flags),
        Command::Status(flags) => status(flags, accounts),
        Command::Passwd(flags) => set_password(flags, accounts),
        Command::Queue(flags) => with_runtime(async { Ok(own_queue(flags, accounts).await) }),
        Command::ShowConfig(show) => show_all(&invocation, accounts, show.origin),
        // These are done where the settings need not be there yet, and the others above.
        Command::Init(flags) => init(&invocation, flags),
        Command::ImportFetchmailrc(flags) => take_over(flags),
        Command::Schema { name } => tell_schema(&schema::all(), name.as_deref()),
        Command::Run(_) | Command::Check(_) | Command::TestTarget(_) => Ok(Exit::Ok),
    }
}

/// A tool in a terminal: quiet about what goes well.
fn log_settings(output: Output) -> LogSettings {
    let verbosity =
        if output.quiet { -2 } else { i8::try_from(output.verbose).unwrap_or(2).min(2) - 1 };
    LogSettings { format: LogFormat::Human, verbosity, filter: None, times: false }
}

async fn fetch_all(
    flags: &RunFlags,
    judge: Judge,
    accounts: &[Effective],
) -> Result<Ended, Failure> {
    let output = flags.common.output;
    summary_can_be_kept(flags)?;
    let (stop, stopped) = watch::channel(false);
    let signal = tokio::spawn(first_signal(stop));
    let mut summaries = Vec::new();
    let mut ends = Vec::new();
    let mut memories = Vec::new();
    for effective in accounts {
        linger(&effective.account, stopped.clone()).await;
        if *stopped.borrow() {
            break;
        }
        let (Visited { told, memory }, kept) = fetch_one(effective, flags, stopped.clone()).await;
        memories.push((effective.account.label(), memory));
        let exit = exit_of(&effective.account, &told).max(kept);
        ends.push(Ended::of(exit, told.iter().map(|told| &told.summary)));
        for told in told {
            report(output, effective, &told)?;
            summaries.push(told.summary);
        }
    }
    conclude(flags, output, &summaries)?;
    let ended = judged(judge, &ends);
    let ended = watch_over(output, &memories)?.map_or(ended, Ended::from);
    match signal.is_finished() {
        true => Ok(signal.await.map_or(ended, Ended::from)),
        false => Ok(ended),
    }
}

/// Better known before mail has come than after.
fn summary_can_be_kept(flags: &RunFlags) -> Result<(), Failure> {
    let Some(path) = &flags.summary else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let fault = match path.is_dir() {
        true => Some(format!("{} is a folder", path.display())),
        false => no_writing_to(folder.unwrap_or(Path::new("."))),
    };
    fault.map_or(Ok(()), |fault| {
        let hint = "nothing was fetched; name a file in a folder that is there";
        Err(Failure::new(Exit::CantCreate, format!("--summary: {fault}")).hint(Some(hint)))
    })
}

/// Where a person sits, who can be asked, a password need not be written anywhere.
fn ask_where_unset(accounts: &mut [Effective]) {
    for Effective { account, .. } in accounts {
        if account.password.is_none() && account.certificate.is_none() {
            let whom = match (&account.user, &account.server) {
                (Some(user), Some(server)) => format!("{user} at {server}"),
                _ => account.label(),
            };
            account.password = Some(SecretSource::Prompt(format!("password for {whom}")));
        }
    }
}

/// Tells monitoring how the accounts stand after the run; a check has an end of its own.
fn watch_over(output: Output, memories: &[(String, Memory)]) -> Result<Option<Exit>, Failure> {
    let all: Vec<(&str, Memory)> =
        memories.iter().map(|(name, memory)| (name.as_str(), memory.clone())).collect();
    match output.format() {
        Format::Prometheus => tell(&watched::exposition(&all)).map(|_| None),
        Format::Nagios => {
            let (line, exit) = watched::verdict(&all, |_| false, Timestamp::now());
            tell(&format!("{line}\n")).map(|_| Some(exit))
        }
        _ => Ok(None),
    }
}

/// Not all who are started by the same minute of the clock call in the same second.
async fn linger(account: &Account, mut stop: watch::Receiver<bool>) {
    let wait = chance(account.jitter.get(), rand::random());
    if !wait.is_zero() {
        // Either is a reason to go on; the caller sees which.
        let _ = tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await;
    }
}

async fn fetch_one(
    effective: &Effective,
    flags: &RunFlags,
    stop: watch::Receiver<bool>,
) -> (Visited, Exit) {
    let output = flags.common.output;
    let mut bar = Bar::new(&effective.account.label(), output);
    let keep = wants_dialogue(effective, output);
    let visited = visit(effective, keep, stop, &mut |progress| bar.show(progress)).await;
    bar.clear();
    let kept = keep_all(effective, output, &visited.told);
    (visited, kept)
}

/// What is told once all accounts are done.
fn conclude(flags: &RunFlags, output: Output, summaries: &[Summary]) -> Result<(), Failure> {
    if output.format() == Format::Json {
        let all = serde_json::to_string_pretty(summaries)
            .map_err(|fault| Failure::new(Exit::Software, fault))?;
        tell(&(all + "\n"))?;
    }
    let Some(path) = &flags.summary else { return Ok(()) };
    let lines: Result<Vec<String>, Failure> = summaries.iter().map(json).collect();
    let text = lines?.iter().map(|line| format!("{line}\n")).collect::<String>();
    write_whole(path, &text)
        .map_err(|error| Failure::new(Exit::CantCreate, format!("{}: {error}", path.display())))
}

/// A file that is there whole or not at all.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path)
}

/// Logs in, shows what the provider can do, fetches nothing.
async fn check_all(output: Output, judge: Judge, accounts: &[Effective]) -> Result<Ended, Failure> {
    let mut ends = Vec::new();
    for effective in accounts {
        let exit = match check_one(output, effective).await {
            Ok(()) => Exit::Ok,
            Err(failure) => told("atrn-fetch", &labelled(failure, effective)),
        };
        ends.push(exit.into());
    }
    Ok(judged(judge, &ends))
}

async fn check_one(output: Output, effective: &Effective) -> Result<(), Failure> {
    let keep = wants_dialogue(effective, output);
    let seen = errand::look(effective, keep).await?;
    if keep {
        keep_transcripts(
            &effective.account,
            output,
            Timestamp::now(),
            std::slice::from_ref(&seen.transcript),
        )?;
    }
    let (version, cipher) = seen.tls.clone().unzip();
    if output.format() != Format::Human {
        let told = serde_json::json!({
            "schema": "odmr.fetch.check/1", "account": effective.account.name, "server": seen.server,
            "tls": version, "cipher": cipher, "mech": seen.mechanism,
            "name": seen.name, "atrn": seen.atrn, "offers": seen.offers,
        });
        return tell(&format!("{told}\n")).map(drop);
    }
    let line = version
        .zip(cipher)
        .map_or("in clear".to_owned(), |(version, cipher)| format!("{version} {cipher}"));
    let login = seen.mechanism.map_or("no login".to_owned(), |name| format!("logged in by {name}"));
    let offers = seen.offers.iter().map(|line| format!("  {}\n", Escaped::text(line)));
    tell(&format!("{}: {line}, {login}; it offers\n{}", seen.server, offers.collect::<String>()))
        .map(drop)
}

/// Asks our own target whether it would take mail.
async fn test_all(output: Output, judge: Judge, accounts: &[Effective]) -> Result<Ended, Failure> {
    let mut ends = Vec::new();
    for effective in accounts {
        let exit = match test_one(output, effective).await {
            Ok(()) => Exit::Ok,
            Err(failure) => told("atrn-fetch", &labelled(failure, effective)),
        };
        ends.push(exit.into());
    }
    Ok(judged(judge, &ends))
}

async fn test_one(output: Output, effective: &Effective) -> Result<(), Failure> {
    let takes = errand::try_target(effective).await?;
    if output.format() != Format::Human {
        let told = serde_json::json!({
            "schema": "odmr.fetch.target/1", "account": effective.account.name, "target": takes.target,
            "smtputf8": takes.smtputf8, "dsn": takes.dsn, "size": takes.size, "rcptmax": takes.rcptmax,
        });
        return tell(&format!("{told}\n")).map(drop);
    }
    let size = takes
        .size
        .map_or("no stated limit".to_owned(), |size| format!("up to {}", bytesize::ByteSize(size)));
    tell(&format!("{}: takes mail, {size}\n", takes.target)).map(drop)
}

fn show_all(
    invocation: &Invocation,
    accounts: &[Effective],
    origin: bool,
) -> Result<Exit, Failure> {
    let of_run = invocation.whole(&read_files(invocation)?);
    let record = |account: Option<&str>, settings| {
        let told = serde_json::json!({
            "schema": "odmr.fetch.config/1", "account": account, "settings": settings,
        });
        format!("{told}\n")
    };
    let text: String = match invocation.command.output().format() {
        Format::Human => {
            let accounts = accounts.iter().map(|effective| effective.show(origin));
            [of_run.show(origin)].into_iter().chain(accounts).collect()
        }
        _ => {
            let name = |effective: &Effective| effective.account.name.clone();
            let accounts = accounts.iter().map(|one| record(Some(&name(one)), one.settings()));
            [record(None, of_run.settings())].into_iter().chain(accounts).collect()
        }
    };
    tell(&text)
}
