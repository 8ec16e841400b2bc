//! An account's settings become a run: who is called and how, what may be taken, where it goes.

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;

use super::call::{CalledFor, Caller};
use super::fetch::{self, FetchFault};
use super::lock::{AccountLock, file_name};
use super::memory::Shelf;
use super::own_queue::{self, OwnQueue, QueueFault, Standing};
use super::receive::{Progress, Tally, Terms};
use super::summary::{Outcome, Summary};
use crate::config::fetch::check::Purpose;
use crate::config::fetch::{self as settings, Account, Ask, Effective, TlsMode};
use crate::config::value::{Deliver, Server};
use crate::exit::{Exit, Failure};
use crate::net::TlsClient;
use crate::net::tls::{Fingerprint, KeyFiles, Least, TlsSetupError, Trust};
use crate::session::Patience;
use crate::sink::command::{self, CommandSink};
use crate::sink::maildir::{self, FolderName, Folders, LineEnds, MaildirSink, Otherwise};
use crate::sink::once::{Once, Register};
use crate::sink::relay::{self, Address, Dialect, RelaySink, Target};
use crate::sink::{AnySink, Sink};
use crate::smtp::{Domain, Host};

pub use crate::session::transcript::Transcript;

/// What a run did, and its dialogues where they were wanted.
pub type Fetched = (Summary, Option<Vec<Transcript>>);

/// Fetches for one account, from its first provider, or its others in turn. Nothing: another run holds
/// it, and that is fine with its settings.
///
/// # Errors
/// [`Failure`] when nothing could be begun; what came of a call is in its summary.
pub async fn fetch(
    effective: &Effective,
    keep_dialogue: bool,
    mut stop: watch::Receiver<bool>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<Fetched>, Failure> {
    judged(effective, Purpose::Run)?;
    let account = &effective.account;
    let locked = AccountLock::take(account, &mut stop).await;
    let Some(_lock) = locked.map_err(|fault| Failure::new(fault.exit(), fault))? else {
        return Ok(Vec::new());
    };
    let own = own_queue(account).await?;
    let mut fetched = Vec::new();
    for account in account.providers() {
        let started = Timestamp::now();
        let asked = fetch_from(&account, own.as_ref(), keep_dialogue, stop.clone(), progress).await;
        let (summary, transcripts) =
            asked.unwrap_or_else(|failure| (Summary::failed(&account, started, &failure), None));
        let done = account.ask == Ask::First && !summary.another_may_help;
        fetched.push((summary, transcripts));
        if done || *stop.borrow() {
            break;
        }
    }
    if let Some(own) = own {
        let (standing, end) = deliver_from(&own, account, false, &stop).await?;
        if let Some((summary, _)) = fetched.last_mut() {
            note_queue(summary, &own, standing, end);
        }
        own.close().await;
    }
    Ok(fetched)
}

/// Brings what waits in the account's own queue to its target now; no provider is called. Nothing:
/// another run holds the account, and that is fine with its settings.
///
/// # Errors
/// [`Failure`] when nothing could be begun; what came of it is in the summary.
pub async fn deliver_queue(
    effective: &Effective,
    mut stop: watch::Receiver<bool>,
) -> Result<Option<Summary>, Failure> {
    judged(effective, Purpose::TestTarget)?;
    let account = &effective.account;
    let locked = AccountLock::take(account, &mut stop).await;
    let Some(_lock) = locked.map_err(|fault| Failure::new(fault.exit(), fault))? else {
        return Ok(None);
    };
    let own = own_queue(account).await?.ok_or_else(no_queue)?;
    let server = account.server.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut summary = Summary::new(&account.name, &server, account.port);
    let (standing, end) = deliver_from(&own, account, true, &stop).await?;
    note_queue(&mut summary, &own, standing, end);
    own.close().await;
    let shelf = Shelf::of(account).filter(|_| standing.holds_nothing());
    if let Some(shelf) = shelf {
        let mut memory = shelf.recall();
        if memory.queue_is_empty(&queue_folder(account)?) {
            shelf.keep(&memory);
        }
    }
    Ok(Some(summary))
}

/// Where an account keeps its own queue: the folder of the settings holds one for each account, because
/// each has a target of its own.
///
/// # Errors
/// [`Failure`]: it has none.
pub fn queue_folder(account: &Account) -> Result<PathBuf, Failure> {
    let folder = account.spool.as_ref().ok_or_else(no_queue)?;
    Ok(folder.join(file_name(&account.identity())))
}

fn no_queue() -> Failure {
    Failure::new(Exit::Config, "spool is not set: mail goes to the target at once")
        .hint(Some("spool = \"/var/lib/atrn-fetch/queue\" keeps it here first"))
}

async fn own_queue(account: &Account) -> Result<Option<OwnQueue>, Failure> {
    if account.spool.is_none() {
        return Ok(None);
    }
    let terms = own_queue::Terms {
        folder: queue_folder(account)?,
        name: own_name(account).map_or_else(|| "localhost".to_owned(), |name| name.to_string()),
        lifetime: account.lifetime.get(),
        tells: account.bounces.is_some(),
        introduces: account.introduce != settings::Introduce::None,
    };
    OwnQueue::open(terms).await.map(Some)
}

async fn deliver_from(
    own: &OwnQueue,
    account: &Account,
    all: bool,
    stop: &watch::Receiver<bool>,
) -> Result<(Standing, Result<(), QueueFault>), Failure> {
    let mut target = sink(account)?;
    let post = account.bounces.as_ref();
    let mut post =
        post.map(|post| sink_at(account, post, relay::Introduction::None)).transpose()?;
    Ok(own.deliver(&mut target, post.as_mut(), all, stop).await)
}

/// What is left in the queue is somebody's to know.
fn note_queue(
    summary: &mut Summary,
    own: &OwnQueue,
    standing: Standing,
    end: Result<(), QueueFault>,
) {
    summary.queue = Some(standing);
    let place = own.folder().display();
    let Standing { waiting, aside, .. } = standing;
    if !matches!(summary.exit, Exit::Ok | Exit::Partial) {
        return;
    }
    let (outcome, exit, reason) = match end {
        Err(QueueFault::Target(fault)) => {
            let fault = FetchFault::from(fault);
            summary.later = fault.later();
            summary.hint = fault.hint();
            let (outcome, exit) = fault.outcome();
            (outcome, exit, fault.told("the target"))
        }
        Err(fault @ QueueFault::OutOfOrder) => {
            (Outcome::Tempfail, Exit::TempFail, fault.to_string())
        }
        Err(fault) => (Outcome::Config, Exit::Io, fault.to_string()),
        Ok(()) if aside > 0 => {
            let look = "atrn-fetch queue lists it; queuectl verify --spool DIR looks for damage";
            summary.hint = Some(look.to_owned());
            (Outcome::Partial, Exit::Partial, format!("{aside} set aside"))
        }
        // Also between two tries: it is not well again because nobody has tried.
        Ok(()) if standing.deferred > 0 || standing.resting > 0 => {
            summary.hint = Some("atrn-fetch queue says why".to_owned());
            (Outcome::Partial, Exit::Partial, "the target has not taken all mail".to_owned())
        }
        Ok(()) => return,
    };
    (summary.result, summary.exit) = (outcome, exit);
    summary.reason = Some(format!("{reason}; {waiting} waiting in {place}"));
}

/// Fetches from one provider.
async fn fetch_from(
    account: &Account,
    own: Option<&OwnQueue>,
    keep_dialogue: bool,
    stop: watch::Receiver<bool>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Fetched, Failure> {
    let mut target = sink(account)?;
    match own {
        Some(own) => {
            let sink = own.sink(&mut target).await;
            fetch_into(sink, account, keep_dialogue, stop, progress).await
        }
        None => fetch_into(target, account, keep_dialogue, stop, progress).await,
    }
}

/// What has come lately, where that is to be known.
fn register(account: &Account) -> Result<Option<Register>, Failure> {
    let window = account.dedupe.get();
    if window.is_zero() {
        return Ok(None);
    }
    let nowhere = || {
        Failure::new(Exit::Config, "dedupe is set, but there is no place to remember what has come")
            .hint(Some("state_dir = \"/var/lib/atrn-fetch\""))
    };
    let shelf = Shelf::of(account).ok_or_else(nowhere)?;
    let file = shelf.register().map_err(|fault| Failure::new(Exit::CantCreate, fault))?;
    Register::open(&file, window, Timestamp::now()).map(Some).map_err(|fault| {
        let hint = "without that file nothing is known to have come; it may be removed";
        Failure::new(Exit::Io, fault).hint(Some(hint))
    })
}

async fn fetch_into<K: Sink>(
    sink: K,
    account: &Account,
    keep_dialogue: bool,
    stop: watch::Receiver<bool>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Fetched, Failure> {
    let tls = tls_client(account).map_err(unsound)?;
    let run = fetch::Run {
        caller: caller(account, tls.as_ref(), &mut stop.clone()).await?,
        sink: Once::new(sink, register(account)?),
        terms: terms(account),
        stop,
        tally: Tally::default(),
        transcripts: keep_dialogue.then(Vec::new),
    };
    Ok(run.to_the_end(progress).await)
}

/// What a provider showed of itself.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Host and port.
    pub server: String,
    /// TLS version and cipher suite.
    pub tls: Option<(&'static str, String)>,
    /// How we logged in.
    pub mechanism: Option<&'static str>,
    /// The name it gave.
    pub name: String,
    /// It lists ATRN.
    pub atrn: bool,
    /// All it lists, as it came.
    pub offers: Vec<String>,
    /// The dialogue, where it was wanted.
    pub transcript: Transcript,
}

/// Logs in, looks around, and says goodbye without asking for anything.
///
/// # Errors
/// [`Failure`] with what stood in the way.
pub async fn look(effective: &Effective, keep_dialogue: bool) -> Result<Seen, Failure> {
    judged(effective, Purpose::Check)?;
    let account = &effective.account;
    let tls = tls_client(account).map_err(unsound)?;
    let (_never, mut stop) = watch::channel(false);
    let caller = caller(account, tls.as_ref(), &mut stop).await?;
    let server = format!("{}:{}", caller.server, account.port);
    let mut transcript = if keep_dialogue { Transcript::kept() } else { Transcript::default() };
    let called = caller
        .call(&mut transcript)
        .await
        .map_err(|fault| Failure::new(fault.exit(), fault.told(&server)).hint(fault.hint()))?;
    let tls = called.wire.tls().map(|facts| (facts.version(), facts.cipher().to_owned()));
    let mechanism = called.mechanism.map(|mechanism| mechanism.name());
    let offers = called.offers.clone();
    let transcript = called.goodbye().await;
    let (name, atrn, offers) = (offers.name, offers.atrn, offers.lines);
    Ok(Seen { server, tls, mechanism, name, atrn, offers, transcript })
}

/// What our own target would take.
#[derive(Clone, Debug)]
pub struct Takes {
    /// The target, as the settings name it.
    pub target: String,
    /// Addresses beyond ASCII.
    pub smtputf8: bool,
    /// Requests for notices, to be passed on.
    pub dsn: bool,
    /// Octets in a message, where it says so.
    pub size: Option<u64>,
    /// Recipients at a time, where it says so.
    pub rcptmax: Option<u32>,
}

/// Asks our own target whether it would take mail.
///
/// # Errors
/// [`Failure`] with what stood in the way.
pub async fn try_target(effective: &Effective) -> Result<Takes, Failure> {
    judged(effective, Purpose::TestTarget)?;
    let account = &effective.account;
    let mut sink = sink(account)?;
    let offer = sink.open().await.map_err(|fault| {
        let fault = FetchFault::from(fault);
        Failure::new(fault.outcome().1, &fault).hint(fault.hint())
    })?;
    sink.close().await;
    let target = account.deliver.as_ref().map(ToString::to_string).unwrap_or_default();
    let (smtputf8, dsn, size, rcptmax) = (offer.smtputf8, offer.dsn, offer.size, offer.rcptmax);
    Ok(Takes { target, smtputf8, dsn, size, rcptmax })
}

pub(super) fn judged(effective: &Effective, purpose: Purpose) -> Result<(), Failure> {
    effective.check(purpose).map_err(|problems| Failure::new(problems.exit(), problems))
}

fn unsound(fault: TlsSetupError) -> Failure {
    Failure::new(Exit::Config, fault)
}

/// How TLS is spoken with the account's server, and whom to trust.
///
/// # Errors
/// [`TlsSetupError`] names the file.
pub(super) fn tls_client(account: &Account) -> Result<Option<TlsClient>, TlsSetupError> {
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
    let least = match account.tls_min {
        settings::TlsMin::Tls12 => Least::Tls12,
        settings::TlsMin::Tls13 => Least::Tls13,
    };
    TlsClient::at_least(least, &trust, identity.as_ref()).map(Some)
}

async fn caller<'a>(
    account: &'a Account,
    tls: Option<&'a TlsClient>,
    stop: &mut watch::Receiver<bool>,
) -> Result<Caller<'a>, Failure> {
    Ok(Caller {
        account,
        server: account.server.as_ref().map(ToString::to_string).unwrap_or_default(),
        tls,
        name: own_name(account).map_or_else(String::new, |name| name.to_string()),
        secret: password(account, stop).await?,
        patience: Patience {
            greeting: account.timeout_greeting.get(),
            command: account.timeout_command.get(),
            block: account.timeout_data.get(),
            atrn: account.timeout_turn.get(),
            ..Patience::RFC
        },
        errand: CalledFor::Atrn,
    })
}

/// The name we were given, or the system's where that is a full one.
fn own_name(account: &Account) -> Option<Domain> {
    let system = || Domain::parse_atrn(rustix::system::uname().nodename().to_str().ok()?).ok();
    account.ehlo.clone().or_else(system)
}

async fn password(
    account: &Account,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<SecretString>, Failure> {
    let Some(source) = account.password.clone() else { return Ok(None) };
    let server = account.server.as_ref().map(ToString::to_string).unwrap_or_default();
    let user = account.user.clone().unwrap_or_default();
    let stopped = format!("stopped while waiting for the password ({source})");
    let reading = tokio::task::spawn_blocking(move || source.read_for(&server, &user));
    let read = tokio::select! {
        read = reading => read,
        Ok(_) = stop.wait_for(|stop| *stop) => return Err(Failure::new(Exit::TempFail, stopped)),
    };
    read.map_err(|fault| Failure::new(Exit::Software, fault))?
        .map(Some)
        .map_err(|fault| Failure::new(fault.exit(), &fault).hint(fault.hint()))
}

fn terms(account: &Account) -> Terms {
    let loopback = Host::Literal(std::net::Ipv4Addr::LOCALHOST.into());
    Terms {
        domains: fetch::own_domains(&account.domains, &account.accept_domains),
        moved: account.map_domains.iter().map(|map| (map.from.clone(), map.to.clone())).collect(),
        max_message: account.max_message_size.map(|size| size.octets()),
        max_messages: account.max_messages,
        max_octets: account.max_bytes.map(|size| size.octets()),
        until: Instant::now() + account.max_session.get(),
        name: own_name(account).map_or(loopback, Host::Name).to_string(),
    }
}

fn sink(account: &Account) -> Result<AnySink, Failure> {
    let unset = || Failure::new(Exit::Config, "deliver is not set");
    let introduction = match account.introduce {
        settings::Introduce::None => relay::Introduction::None,
        settings::Introduce::Xclient => relay::Introduction::Xclient,
        settings::Introduce::Proxy => relay::Introduction::Proxy,
    };
    sink_at(account, account.deliver.as_ref().ok_or_else(unset)?, introduction)
}

fn sink_at(
    account: &Account,
    place: &Deliver,
    introduction: relay::Introduction,
) -> Result<AnySink, Failure> {
    let target = |dialect, address| {
        let name = own_name(account)
            .map_or(Host::Literal(std::net::Ipv4Addr::LOCALHOST.into()), Host::Name);
        let target = Target { dialect, address };
        AnySink::from(RelaySink::new(relay::Settings {
            target,
            name,
            patience: relay::Patience::of(account.timeout_target.get()),
            introduction,
        }))
    };
    let tcp = |host: &Server, port: u16| Address::Tcp(host.to_string(), port);
    match place {
        Deliver::Smtp(host, port) => Ok(target(Dialect::Smtp, tcp(host, *port))),
        Deliver::Lmtp(host, port) => Ok(target(Dialect::Lmtp, tcp(host, *port))),
        Deliver::LmtpUnix(path) => Ok(target(Dialect::Lmtp, Address::Unix(path.clone()))),
        Deliver::Maildir(base) => maildir_sink(account, base),
        Deliver::Command(program) => command_sink(account, program),
    }
}

fn command_sink(account: &Account, program: &Path) -> Result<AnySink, Failure> {
    let per = match account.per {
        settings::Per::Message => command::Per::Message,
        settings::Per::Recipient => command::Per::Recipient,
    };
    if let Some(fault) = command::words::fault(&account.arguments, per) {
        let failure = Failure::new(Exit::Config, format!("arguments: {fault}"));
        return Err(failure.hint(Some(command::words::HINT)));
    }
    let settings = command::Settings {
        program: program.to_owned(),
        arguments: account.arguments.clone(),
        per,
        patience: account.timeout_program.get(),
    };
    Ok(CommandSink::new(settings).into())
}

fn maildir_sink(account: &Account, base: &Path) -> Result<AnySink, Failure> {
    let mut folders = Folders::new(match account.others {
        settings::Others::Inbox => Otherwise::Inbox,
        settings::Others::LocalPart => Otherwise::LocalPart,
        settings::Others::Refuse => Otherwise::Refuse,
    });
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
