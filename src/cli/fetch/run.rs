//! `atrn-fetch`: from the command line to the exit code, account after account.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;

use super::bar::Bar;
use super::{Command, Format, Invocation, Output, Run as RunFlags};
use crate::cli::failure::Failure;
use crate::cli::log::{self, LogFormat, LogSettings};
use crate::cli::signal::{Signal, Signals};
use crate::cli::tell;
use crate::config::fetch::check::Purpose;
use crate::config::fetch::{Account, Effective, TlsMode};
use crate::config::value::Deliver;
use crate::exit::Exit;
use crate::flow::call::Caller;
use crate::flow::fetch::{self, Summary};
use crate::flow::lock::AccountLock;
use crate::flow::receive::{Tally, Terms};
use crate::net::TlsClient;
use crate::net::tls::{Fingerprint, KeyFiles, Trust};
use crate::session::Patience;
use crate::session::transcript::Transcript;
use crate::sink::maildir::{self, FolderName, Folders, LineEnds, MaildirSink, Otherwise};
use crate::sink::relay::{self, Address, Dialect, RelaySink, Target};
use crate::sink::{AnySink, Sink};
use crate::smtp::{Domain, Host};

/// Does what the command line says.
///
/// # Errors
/// [`Failure`] when nothing could be begun.
pub fn run(invocation: &Invocation) -> Result<Exit, Failure> {
    let output = invocation.command.common().output;
    log::start(&log_settings(output)).map_err(|fault| Failure::new(Exit::Config, fault))?;
    let accounts = accounts(invocation)?;
    match &invocation.command {
        Command::Run(flags) => with_runtime(fetch_all(flags, &accounts)),
        Command::Check(_) => with_runtime(check_all(output, &accounts)),
        Command::TestTarget(_) => with_runtime(test_all(output, &accounts)),
        Command::ShowConfig(show) => show_all(output, &accounts, show.origin),
    }
}

fn accounts(invocation: &Invocation) -> Result<Vec<Effective>, Failure> {
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (xdg, home) = (place("XDG_CONFIG_HOME"), place("HOME"));
    let found = invocation.files(xdg.as_deref(), home.as_deref());
    let accounts = found.and_then(|files| invocation.accounts(&files));
    accounts.map_err(|problem| Failure::new(Exit::Config, &problem).hint(problem.hint))
}

/// A tool in a terminal: quiet about what goes well.
fn log_settings(output: Output) -> LogSettings {
    let verbosity =
        if output.quiet { -2 } else { i8::try_from(output.verbose).unwrap_or(2).min(2) - 1 };
    LogSettings { format: LogFormat::Human, verbosity, filter: None, times: false }
}

fn with_runtime(task: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    // Two threads: one that may wait for the disk, one that keeps the line going.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::new(Exit::Os, error))?.block_on(task)
}

async fn fetch_all(flags: &RunFlags, accounts: &[Effective]) -> Result<Exit, Failure> {
    let output = flags.common.output;
    let (stop, stopped) = watch::channel(false);
    let signal = tokio::spawn(first_signal(stop));
    let mut summaries = Vec::new();
    let mut worst = Exit::Ok;
    for effective in accounts {
        if *stopped.borrow() {
            break;
        }
        match fetch_one(effective, flags, stopped.clone()).await {
            Ok(Some(summary)) => {
                worst = worst.max(summary.exit);
                report(output, &summary)?;
                summaries.push(summary);
            }
            Ok(None) => {}
            Err(failure) => worst = worst.max(labelled(failure, effective).told("atrn-fetch")),
        }
    }
    conclude(flags, output, &summaries)?;
    match signal.is_finished() {
        true => Ok(signal.await.unwrap_or(worst)),
        false => Ok(no_mail_exit(flags, &summaries, worst)),
    }
}

/// A first signal ends the run in order, between two messages; a second one ends it at once.
async fn first_signal(stop: watch::Sender<bool>) -> Exit {
    let Ok(mut signals) = Signals::new() else { return std::future::pending().await };
    let exit = loop {
        match signals.next().await {
            Signal::Reload => {}
            Signal::Interrupt => break Exit::Interrupted,
            Signal::Terminate => break Exit::Terminated,
        }
    };
    stop.send_replace(true);
    tokio::spawn(async move {
        loop {
            if signals.next().await != Signal::Reload {
                std::process::exit(i32::from(exit as u8));
            }
        }
    });
    exit
}

fn no_mail_exit(flags: &RunFlags, summaries: &[Summary], worst: Exit) -> Exit {
    let none = !summaries.is_empty()
        && summaries.iter().all(|summary| summary.result == fetch::Outcome::NoMail);
    if worst == Exit::Ok && none && flags.no_mail_exit != 0 {
        // A number of the user's own, which the table need not have.
        let _ = std::io::stdout().flush();
        std::process::exit(i32::from(flags.no_mail_exit));
    }
    worst
}

/// `None`: another run holds the account, and that is fine with it.
async fn fetch_one(
    effective: &Effective,
    flags: &RunFlags,
    stop: watch::Receiver<bool>,
) -> Result<Option<Summary>, Failure> {
    judged(effective, Purpose::Run)?;
    let account = &effective.account;
    let Some(_lock) =
        AccountLock::take(&account.label(), account.lock).await.map_err(lock_failure)?
    else {
        return Ok(None);
    };
    let tls = tls_client(account)?;
    let output = flags.common.output;
    let run = fetch::Run {
        caller: caller(account, tls.as_ref()).await?,
        sink: sink(account)?,
        terms: terms(account),
        stop,
        tally: Tally::default(),
        transcripts: (account.transcript.is_some() || output.verbose > 1).then(Vec::new),
    };
    let mut bar = Bar::new(&account.label(), output);
    let (summary, transcripts) = run.to_the_end(&mut |progress| bar.show(progress)).await;
    bar.clear();
    if let Some(transcripts) = transcripts {
        keep_transcripts(account, output, summary.started, &transcripts)?;
    }
    Ok(Some(summary))
}

fn judged(effective: &Effective, purpose: Purpose) -> Result<(), Failure> {
    effective.check(purpose).map_err(|problems| Failure::new(problems.exit(), problems))
}

fn labelled(mut failure: Failure, effective: &Effective) -> Failure {
    if !effective.account.name.is_empty() {
        failure.what = format!("{}: {}", effective.account.name, failure.what);
    }
    failure
}

fn lock_failure(fault: crate::flow::lock::LockFault) -> Failure {
    Failure::new(fault.exit(), fault).hint(None::<String>)
}

fn tls_client(account: &Account) -> Result<Option<TlsClient>, Failure> {
    if account.tls == TlsMode::None {
        return Ok(None);
    }
    let trust = match (account.fingerprint, &account.ca) {
        (Some(print), _) => Trust::Pinned(vec![Fingerprint::from(print.0)]),
        (None, Some(ca)) => Trust::Roots(ca.clone()),
        (None, None) if account.tls == TlsMode::Opportunistic => Trust::Anyone,
        (None, None) => Trust::Platform,
    };
    let identity = account.certificate.clone().zip(account.key.clone());
    let identity = identity.map(|(certificate, key)| KeyFiles { certificate, key });
    TlsClient::new(&trust, identity.as_ref())
        .map(Some)
        .map_err(|fault| Failure::new(Exit::Config, fault))
}

async fn caller<'a>(
    account: &'a Account,
    tls: Option<&'a TlsClient>,
) -> Result<Caller<'a>, Failure> {
    Ok(Caller {
        account,
        server: account.server.as_ref().map(ToString::to_string).unwrap_or_default(),
        tls,
        name: own_name(account).map_or_else(String::new, |name| name.to_string()),
        secret: password(account).await?,
        patience: Patience {
            greeting: account.timeout_greeting.get(),
            command: account.timeout_command.get(),
            block: account.timeout_data.get(),
            atrn: account.timeout_turn.get(),
            ..Patience::RFC
        },
    })
}

/// The name we were given, or the system's where that is a full one.
fn own_name(account: &Account) -> Option<Domain> {
    let system = || Domain::parse_atrn(rustix::system::uname().nodename().to_str().ok()?).ok();
    account.ehlo.clone().or_else(system)
}

async fn password(account: &Account) -> Result<Option<SecretString>, Failure> {
    let Some(source) = account.password.clone() else { return Ok(None) };
    let read = tokio::task::spawn_blocking(move || source.read()).await;
    match read.map_err(|fault| Failure::new(Exit::Software, fault))? {
        Ok(secret) => Ok(Some(secret)),
        Err(fault) => Err(Failure::new(fault.exit(), fault)),
    }
}

fn terms(account: &Account) -> Terms {
    let loopback = Host::Literal(std::net::Ipv4Addr::LOCALHOST.into());
    Terms {
        domains: fetch::own_domains(&account.domains, &account.accept_domains),
        max_message: account.max_message_size.map(|size| size.octets()),
        max_messages: account.max_messages,
        max_octets: account.max_bytes.map(|size| size.octets()),
        until: Instant::now() + account.max_session.get(),
        name: own_name(account).map_or(loopback, Host::Name).to_string(),
    }
}

fn sink(account: &Account) -> Result<AnySink, Failure> {
    let target = |dialect, address| {
        let name = own_name(account)
            .map_or(Host::Literal(std::net::Ipv4Addr::LOCALHOST.into()), Host::Name);
        let target = Target { dialect, address };
        AnySink::from(RelaySink::new(relay::Settings {
            target,
            name,
            patience: relay::Patience::default(),
        }))
    };
    let tcp = |host: &crate::config::value::Server, port: u16| Address::Tcp(host.to_string(), port);
    match &account.deliver {
        Some(Deliver::Smtp(host, port)) => Ok(target(Dialect::Smtp, tcp(host, *port))),
        Some(Deliver::Lmtp(host, port)) => Ok(target(Dialect::Lmtp, tcp(host, *port))),
        Some(Deliver::LmtpUnix(path)) => Ok(target(Dialect::Lmtp, Address::Unix(path.clone()))),
        Some(Deliver::Maildir(base)) => maildir_sink(account, base),
        None => Err(Failure::new(Exit::Config, "deliver is not set")),
    }
}

fn maildir_sink(account: &Account, base: &Path) -> Result<AnySink, Failure> {
    let mut folders = Folders::new(Otherwise::Inbox);
    for folder in &account.folders {
        let wrong = |why: String| {
            Failure::new(
                Exit::Config,
                format!("folder for {}: {}: {why}", folder.recipient, folder.folder.display()),
            )
        };
        let name = folder.folder.to_str().ok_or_else(|| wrong("is not UTF-8".to_owned()))?;
        let name = FolderName::parse(name).map_err(|bad| wrong(bad.to_string()))?;
        folders.map(&folder.recipient, name).map_err(|bad| wrong(bad.to_string()))?;
    }
    let settings =
        maildir::Settings { base: base.to_owned(), folders, line_ends: LineEnds::default() };
    Ok(MaildirSink::new(settings).into())
}

fn report(output: Output, summary: &Summary) -> Result<(), Failure> {
    if let Some(reason) = &summary.reason {
        let what = format!("{}: {reason}", place(summary));
        Failure::new(summary.exit, what).hint(summary.hint.clone()).told("atrn-fetch");
    }
    match output.format() {
        Format::Jsonl => tell(&(json(summary)? + "\n")).map(drop),
        Format::Human if !output.quiet && summary.reason.is_none() => {
            tell(&in_words(summary)).map(drop)
        }
        Format::Human | Format::Json => Ok(()),
    }
}

fn place(summary: &Summary) -> String {
    match summary.account.as_str() {
        "" => summary.server.clone(),
        name => format!("{name}: {}", summary.server),
    }
}

/// One line for people.
fn in_words(summary: &Summary) -> String {
    let how = [summary.tls, summary.mech].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let how = if how.is_empty() { "in clear".to_owned() } else { how };
    let what = match summary.result {
        fetch::Outcome::NoMail => "no mail".to_owned(),
        _ => {
            let counts = [(summary.deferred, "put off"), (summary.refused, "refused")];
            let others =
                counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!(", {n} {word}"));
            let size = bytesize::ByteSize(summary.bytes);
            format!("{} taken ({size}){}", messages(summary.accepted), others.collect::<String>())
        }
    };
    let seconds = std::time::Duration::from_millis(summary.ms).as_secs_f32();
    format!("{}: {what}; {how}, {seconds:.1} s\n", place(summary))
}

fn messages(n: u64) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }
}

fn json(summary: &Summary) -> Result<String, Failure> {
    serde_json::to_string(summary).map_err(|fault| Failure::new(Exit::Software, fault))
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

/// Dialogues, one file for each session, for the owner's eyes; with `-vv` on standard error too.
fn keep_transcripts(
    account: &Account,
    output: Output,
    started: Timestamp,
    transcripts: &[Transcript],
) -> Result<(), Failure> {
    for (n, transcript) in transcripts.iter().enumerate() {
        if output.verbose > 1 {
            let _ = write!(std::io::stderr().lock(), "{transcript}");
        }
        let Some(folder) = &account.transcript else { continue };
        let label: String = account
            .label()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' })
            .collect();
        let path =
            folder.join(format!("{label}-{}-{}.txt", started.strftime("%Y%m%dT%H%M%SZ"), n + 1));
        write_private(&path, &transcript.to_string()).map_err(|error| {
            Failure::new(Exit::CantCreate, format!("{}: {error}", path.display()))
        })?;
    }
    Ok(())
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// Logs in, shows what the provider can do, fetches nothing.
async fn check_all(output: Output, accounts: &[Effective]) -> Result<Exit, Failure> {
    let mut worst = Exit::Ok;
    for effective in accounts {
        match check_one(output, effective).await {
            Ok(()) => {}
            Err(failure) => worst = worst.max(labelled(failure, effective).told("atrn-fetch")),
        }
    }
    Ok(worst)
}

async fn check_one(output: Output, effective: &Effective) -> Result<(), Failure> {
    judged(effective, Purpose::Check)?;
    let account = &effective.account;
    let tls = tls_client(account)?;
    let caller = caller(account, tls.as_ref()).await?;
    let server = format!("{}:{}", caller.server, account.port);
    let keep = account.transcript.is_some() || output.verbose > 1;
    let transcript = if keep { Transcript::kept() } else { Transcript::default() };
    let called = caller.call(transcript).await.map_err(|fault| {
        Failure::new(fault.exit(), format!("{server}: {fault}")).hint(fault.hint())
    })?;
    let tls = called.wire.tls().map(|facts| (facts.version(), facts.cipher().to_owned()));
    let (mechanism, offers) =
        (called.mechanism.map(|mechanism| mechanism.name()), called.offers.clone());
    let transcript = called.goodbye().await;
    if keep {
        keep_transcripts(account, output, Timestamp::now(), &[transcript])?;
    }
    if output.format() != Format::Human {
        let told = serde_json::json!({
            "schema": "odmr.fetch.check/1", "account": account.name, "server": server,
            "tls": tls.as_ref().map(|tls| tls.0), "cipher": tls.as_ref().map(|tls| &tls.1), "mech": mechanism,
            "name": offers.name, "atrn": offers.atrn, "offers": offers.lines,
        });
        return tell(&format!("{told}\n")).map(drop);
    }
    let line = tls.map_or("in clear".to_owned(), |(version, cipher)| format!("{version} {cipher}"));
    let login = mechanism.map_or("no login".to_owned(), |name| format!("logged in by {name}"));
    let lines: String = offers
        .lines
        .iter()
        .map(|line| format!("  {}\n", crate::smtp::escape::Escaped::text(line)))
        .collect();
    tell(&format!("{server}: {line}, {login}; it offers\n{lines}")).map(drop)
}

/// Asks our own target whether it would take mail.
async fn test_all(output: Output, accounts: &[Effective]) -> Result<Exit, Failure> {
    let mut worst = Exit::Ok;
    for effective in accounts {
        match test_one(output, effective).await {
            Ok(()) => {}
            Err(failure) => worst = worst.max(labelled(failure, effective).told("atrn-fetch")),
        }
    }
    Ok(worst)
}

async fn test_one(output: Output, effective: &Effective) -> Result<(), Failure> {
    judged(effective, Purpose::TestTarget)?;
    let account = &effective.account;
    let mut sink = sink(account)?;
    let offer = sink.open().await.map_err(|fault| {
        let exit = fetch::FetchFault::from(fault);
        Failure::new(exit.outcome().1, &exit).hint(exit.hint())
    })?;
    sink.close().await;
    let target = account.deliver.as_ref().map(ToString::to_string).unwrap_or_default();
    if output.format() != Format::Human {
        let told = serde_json::json!({
            "schema": "odmr.fetch.target/1", "account": account.name, "target": target,
            "smtputf8": offer.smtputf8, "dsn": offer.dsn, "size": offer.size, "rcptmax": offer.rcptmax,
        });
        return tell(&format!("{told}\n")).map(drop);
    }
    let size = offer
        .size
        .map_or("no stated limit".to_owned(), |size| format!("up to {}", bytesize::ByteSize(size)));
    tell(&format!("{target}: takes mail, {size}\n")).map(drop)
}

fn show_all(output: Output, accounts: &[Effective], origin: bool) -> Result<Exit, Failure> {
    for effective in accounts {
        match output.format() {
            Format::Human => tell(&effective.show(origin))?,
            Format::Json | Format::Jsonl => {
                let told = serde_json::json!({
                    "schema": "odmr.fetch.config/1", "account": effective.account.name, "settings": effective.settings(),
                });
                tell(&format!("{told}\n"))?
            }
        };
    }
    Ok(Exit::Ok)
}

/// Is there somebody to draw a bar for?
pub(super) fn is_watched(output: Output) -> bool {
    std::io::stderr().is_terminal() && !output.quiet && output.format() == Format::Human
}
