//! `smtp-probe emulate`: what is played, and what is told of each session.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::run::{is_here, login_of};
use super::{Place, patience, provider};
use crate::cli::fetch::PasswordFlags;
use crate::cli::tell;
use crate::config::value::Duration;
use crate::exit::{Exit, Failure};
use crate::flow::probe::{
    BUILT_IN, Called, Emulator, FAULTS, Fault, House, Letter, Line, ListenAddr, Part, Played,
    Profile, Session, Switch, Visit, shown_octets, visit,
};
use crate::report::harmless;
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, Mailbox};

/// A profile may be so long, octets.
const LONGEST_PROFILE: u64 = 1 << 20;

/// The keys of what is told of a session, and what they mean.
pub const SESSION: &[(&str, &str)] = &[
    ("schema", "\"odmr.probe.session/1\"; a line for each session when it is over."),
    ("profile", "What was played."),
    ("peer", "Who called."),
    ("verbs", "What was said, the verbs in order."),
    ("user", "Who logged in, or null."),
    ("turned", "The line was turned."),
    ("sent", "How many messages were taken; refused: for good; waiting: go on waiting."),
    ("refusal", "What was said to the last message that was not taken, or null."),
    ("received", "What came: from, rcpts, octets and, with --keep, file."),
    ("faults", "What it got wrong on purpose: names of --list-faults."),
    ("unverified", "What was said that nobody has seen such a server say in these words."),
    ("session", "What was said: t, dir (> ours), tls, raw (base64)."),
];

/// Play a server that others have, or a customer
///
/// Any name and any password are let in, and none is noted. Mail that waits is of our own making, and goes to whoever
/// turns the line; what is received is counted, and kept with --keep.
#[derive(Debug, Args)]
pub struct Emulate {
    /// exchange2003-ws2003, exchange2003-w2k, iis6, iis5, strict-2645, fetchmail, or a file with a profile of yours
    #[arg(required_unless_present = "list_faults")]
    pub profile: Option<String>,
    /// Where it listens; port 366 where none is named
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = provider, required_unless_present_any = ["show", "call", "list_faults"])]
    pub listen: Option<Place>,
    /// It is a customer, and calls there once: mail first, then what waits. Port 366 where none is named
    #[arg(long, value_name = "HOST[:PORT]", value_parser = provider, conflicts_with = "listen", requires = "user")]
    pub call: Option<Place>,
    /// By what name it logs in; there is one login for all
    #[arg(long, value_name = "NAME", requires = "call", help_heading = "Login")]
    pub user: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// Wait so long for each answer of who is called, or whose line was turned
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = patience, help_heading = "Login")]
    pub timeout: Duration,
    /// Other machines may call, or be called
    #[arg(long)]
    pub anywhere: bool,
    /// The domains whose mail it takes and holds
    #[arg(long, value_name = "DOMAIN", default_value = "example.org", value_delimiter = ',')]
    pub domain: Vec<Domain>,
    /// So many messages wait, or are brought first [default: 1, and 0 with --call]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub messages: Option<u32>,
    /// Who gets them [default: postmaster at the domain]
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Option<Mailbox>,
    /// Who sends them [default: nobody, the null reverse-path]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Mailbox>,
    /// Write what is received into this folder, a new file for each message
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// End after so many sessions
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub sessions: Option<u32>,
    /// Print the profile, to make one's own of it
    #[arg(long, conflicts_with_all = ["listen", "call"])]
    pub show: bool,
    /// Get this wrong on purpose, whatever the profile says; again for more. A value stands behind =
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = fault, help_heading = "Faults")]
    pub fault: Vec<Switch>,
    /// Print the faults that there are, and what each does
    #[arg(long, conflicts_with_all = ["listen", "call", "show"], help_heading = "Faults")]
    pub list_faults: bool,
    /// The form
    #[arg(short, long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: Told,
    /// Short for --format jsonl
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub json: bool,
}

/// How sessions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Told {
    /// For people. Not stable
    Human,
    /// An object a line
    Jsonl,
}

/// What came of a session. `odmr.probe.session/1`.
#[derive(Serialize)]
struct Record {
    schema: &'static str,
    profile: String,
    peer: String,
    verbs: Vec<String>,
    user: Option<String>,
    turned: bool,
    sent: usize,
    refused: usize,
    waiting: usize,
    refusal: Option<String>,
    received: Vec<Received>,
    faults: Vec<&'static str>,
    unverified: Vec<String>,
    session: Vec<Line>,
}

/// A message that was received.
#[derive(Serialize)]
struct Received {
    from: String,
    rcpts: Vec<String>,
    octets: usize,
    file: Option<String>,
}

/// Plays it.
pub(super) fn emulated(emulate: &Emulate) -> Result<Exit, Failure> {
    if emulate.list_faults {
        return tell(&listed());
    }
    if emulate.show {
        return show(emulate.profile.as_deref().unwrap_or_default());
    }
    let house = house(emulate)?;
    if let Some(place) = &emulate.call {
        return called(emulate, place, &house);
    }
    let (profile, letters) = (house.profile.clone(), letters(emulate, &house));
    let at = address(emulate)?;
    if let Some(folder) = &emulate.keep {
        std::fs::create_dir_all(folder).map_err(|error| cannot_keep(folder, &error))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    runtime.block_on(async {
        let emulator = Emulator::open(&at, house, letters)
            .map_err(|why| Failure::new(Exit::Unavailable, why.to_string()))?;
        // Whoever closed our standard error does not want to hear it.
        let (at, id) = (emulator.address(), &profile.id);
        let _ = writeln!(std::io::stderr(), "smtp-probe: {at}: {id} is played");
        let (mut kept, mut trouble) = (0, Ok(()));
        let mut told = |played: Played| {
            trouble = said(emulate, &profile, played, &mut kept);
            trouble.is_ok()
        };
        let sessions = emulate.sessions.and_then(|sessions| usize::try_from(sessions).ok());
        let interrupted = tokio::select! {
            () = emulator.serve(sessions, &mut told) => false,
            _ = tokio::signal::ctrl_c() => true,
        };
        trouble?;
        Ok(if interrupted { Exit::Interrupted } else { Exit::Ok })
    })
}

/// What is played, with its faults: those of the profile, and those that were asked for.
fn house(emulate: &Emulate) -> Result<House, Failure> {
    let mut profile = profile(emulate.profile.as_deref().unwrap_or_default())?;
    let part = if emulate.call.is_some() { Part::Customer } else { Part::Provider };
    let asked = |name: &str| emulate.fault.iter().any(|switch| switch.name == name);
    profile.faults.retain(|switch| !asked(switch.name));
    profile.faults.extend(emulate.fault.iter().cloned());
    let profile = profile
        .with_faults(part)
        .map_err(|why| Failure::new(Exit::Usage, why.what).hint(Some(why.hint)))?;
    let domains = emulate.domain.iter().map(|domain| domain.as_str().to_owned()).collect();
    let house = House::new(profile, domains, jiff::Timestamp::now());
    Ok(House { patience: emulate.timeout.get(), ..house })
}

fn fault(text: &str) -> Result<Switch, String> {
    Switch::read(text).map_err(|why| format!("{}; {}", why.what, why.hint))
}

/// The faults, and what each does.
fn listed() -> String {
    let one = |fault: &Fault| {
        let part = match fault.part {
            None => String::new(),
            Some(Part::Provider) => " (with --listen)".to_owned(),
            Some(Part::Customer) => " (with --call)".to_owned(),
        };
        format!("{}{}{part}\n    {}\n", fault.name, fault.takes.shown(), fault.about)
    };
    FAULTS.iter().map(one).collect()
}

/// Plays a customer.
fn called(emulate: &Emulate, place: &Place, house: &House) -> Result<Exit, Failure> {
    let usage = |what: String, hint: &str| Failure::new(Exit::Usage, what).hint(Some(hint));
    let id = &house.profile.id;
    let Some(client) = &house.profile.client else {
        let hint =
            "exchange2003-ws2003, exchange2003-w2k and fetchmail do, and a profile with [client]";
        return Err(usage(format!("{id} calls nobody"), hint));
    };
    if !is_here(&place.host) && !emulate.anywhere {
        let hint =
            "say --anywhere if others may be called; a login by LOGIN shows them the password";
        return Err(usage(format!("--call: {} is not this machine", place.host), hint));
    }
    let user = emulate.user.as_deref().unwrap_or_default();
    let to = Visit {
        host: &place.host,
        port: place.port,
        login: login_of(&emulate.password, &place.host, user)?,
        patience: emulate.timeout.get(),
    };
    if let Some(folder) = &emulate.keep {
        std::fs::create_dir_all(folder).map_err(|error| cannot_keep(folder, &error))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    let visited = runtime.block_on(async {
        tokio::select! {
            visited = visit(&to, house, client, letters(emulate, house)) => Some(visited),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    let Some(visited) = visited else { return Ok(Exit::Interrupted) };
    let (called, session) = visited.map_err(|why| Failure::new(Exit::Unavailable, why))?;
    let left = not_taken(&session);
    let peer = place.host.clone();
    said(emulate, &house.profile, Played { peer, session }, &mut 0)?;
    let failed = |exit, what: String| {
        let what = format!("{}:{}: {}", place.host, place.port, Escaped::text(&what));
        Err(Failure::new(exit, what))
    };
    match called {
        Called::Turned => left.map_or(Ok(Exit::Ok), |left| failed(Exit::Partial, left)),
        Called::Refused(words) if words.starts_with("453") => {
            left.map_or(Ok(Exit::Ok), |left| failed(Exit::Partial, left))
        }
        Called::Refused(words) | Called::Denied(words) if words.starts_with('4') => {
            failed(Exit::TempFail, words)
        }
        Called::Denied(words) => failed(Exit::NoPerm, format!("the login was refused: {words}")),
        Called::Refused(words) => {
            failed(Exit::Protocol, format!("{} was refused: {words}", client.ask))
        }
        Called::Broken(words) => failed(Exit::TempFail, words),
    }
}

/// What there is to say of the customer's own mail where not all of it was taken.
fn not_taken(session: &Session) -> Option<String> {
    let (sent, refused, waiting) = (session.sent, session.refused, session.waits.len());
    if refused + waiting == 0 {
        return None;
    }
    let words = session.refusal.as_deref().unwrap_or("it was not offered to who could not have it");
    Some(format!(
        "not all that it brought was taken ({sent} taken, {refused} refused, {waiting} put off): {words}"
    ))
}

fn is_file(profile: &str) -> bool {
    profile.contains('/') || profile.ends_with(".toml")
}

fn show(name: &str) -> Result<Exit, Failure> {
    match BUILT_IN.iter().find(|(id, _)| *id == name) {
        Some((_, text)) => tell(text),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> Failure {
    let known: Vec<&str> = BUILT_IN.iter().map(|(id, _)| *id).collect();
    let near = known.iter().min_by_key(|id| strsim::levenshtein(id, name));
    let near = near.filter(|id| strsim::levenshtein(id, name) <= 3);
    let hint = match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}; a file has a / or .toml in its name", known.join(", ")),
    };
    Failure::new(Exit::Usage, format!("there is no profile {name:?}")).hint(Some(hint))
}

fn profile(name: &str) -> Result<Profile, Failure> {
    if !is_file(name) {
        return Profile::built_in(name).map_err(|_| unknown(name));
    }
    let told = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        Failure::new(if missing { Exit::NoInput } else { Exit::Io }, format!("{name}: {error}"))
    };
    let file = std::fs::File::open(name).map_err(told)?;
    let mut octets = Vec::new();
    let mut some = std::io::Read::take(file, LONGEST_PROFILE + 1);
    std::io::Read::read_to_end(&mut some, &mut octets).map_err(told)?;
    if octets.len() as u64 > LONGEST_PROFILE {
        return Err(Failure::new(
            Exit::Data,
            format!("{name}: more than {LONGEST_PROFILE} octets"),
        ));
    }
    let text = String::from_utf8(octets)
        .map_err(|_| Failure::new(Exit::Data, format!("{name}: is no text in UTF-8")))?;
    Profile::read(&text).map_err(|why| {
        let what = why.what.lines().collect::<Vec<_>>().join(", ");
        let what = format!("{name}:{}: {}", why.line, Escaped::text(&what));
        Failure::new(Exit::Data, what).hint(Some(why.hint))
    })
}

fn address(emulate: &Emulate) -> Result<ListenAddr, Failure> {
    let usage = |what: String, hint: &'static str| {
        Failure::new(Exit::Usage, format!("--listen: {what}")).hint(Some(hint))
    };
    let Some(place) = &emulate.listen else {
        return Err(usage("is missing".to_owned(), "--listen 127.0.0.1:3366"));
    };
    let ip: IpAddr = place.host.parse().map_err(|_| {
        usage(format!("{:?} is no address", place.host), "an address, such as 127.0.0.1:3366")
    })?;
    if !ip.is_loopback() && !emulate.anywhere {
        let hint = "everybody is let in there; say --anywhere if other machines may call";
        return Err(usage(format!("{ip} is not this machine alone"), hint));
    }
    Ok(ListenAddr::Tcp((ip, place.port).into()))
}

/// The mail that waits.
fn letters(emulate: &Emulate, house: &House) -> Vec<Letter> {
    let domain = house.domains.first().map_or("example.org", String::as_str);
    let postmaster = format!("postmaster@{domain}");
    let rcpt = emulate.rcpt.as_ref().map_or(postmaster.as_str(), |rcpt| rcpt.as_str());
    let from = emulate.from.as_ref().map_or("", |from| from.as_str());
    let fqdn = &house.profile.fqdn;
    let letter = |n: u32| {
        Letter {
        from: from.to_owned(),
        rcpts: vec![rcpt.to_owned()],
        content: format!(
            "From: odmr-probe <postmaster@{fqdn}>\r\nTo: <{rcpt}>\r\nSubject: odmr-probe {n}\r\n\
             Date: {}\r\nMessage-ID: <{n}.odmr-probe@{fqdn}>\r\n\r\nMessage {n} of a server that is played.\r\n",
            house.date
        )
        .into_bytes(),
    }
    };
    let usual = u32::from(emulate.call.is_none());
    (1..=emulate.messages.unwrap_or(usual)).map(letter).collect()
}

fn cannot_keep(at: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::CantCreate, format!("{}: {error}", at.display()))
}

/// Keeps a message under the next number that is free, and overwrites nothing.
fn keep(folder: &Path, content: &[u8], kept: &mut usize) -> Result<String, Failure> {
    loop {
        *kept += 1;
        let name = format!("{kept:04}.eml");
        let file = folder.join(&name);
        match std::fs::File::create_new(&file) {
            Ok(mut open) => {
                open.write_all(content).map_err(|error| cannot_keep(&file, &error))?;
                return Ok(name);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_keep(&file, &error)),
        }
    }
}

/// Tells of a session.
fn said(
    emulate: &Emulate,
    profile: &Profile,
    played: Played,
    kept: &mut usize,
) -> Result<(), Failure> {
    let session = played.session;
    let mut received = Vec::new();
    for letter in session.received {
        let file = match &emulate.keep {
            Some(folder) => Some(keep(folder, &letter.content, kept)?),
            None => None,
        };
        received.push(Received {
            from: letter.from,
            rcpts: letter.rcpts,
            octets: letter.content.len(),
            file,
        });
    }
    let record = Record {
        schema: "odmr.probe.session/1",
        profile: profile.id.clone(),
        peer: played.peer,
        verbs: session.verbs,
        user: session.user,
        turned: session.turned,
        sent: session.sent,
        refused: session.refused,
        waiting: session.waits.len(),
        refusal: session.refusal,
        received,
        faults: profile.faults.iter().map(|fault| fault.name).collect(),
        unverified: session.unverified,
        session: session.words.iter().map(Line::of).collect(),
    };
    let text = match emulate.json || emulate.format == Told::Jsonl {
        true => {
            let line = serde_json::to_string(&record);
            let line = line.map_err(|error| Failure::new(Exit::Software, error))?;
            format!("{}\n", harmless(&line))
        }
        false => human(&record),
    };
    tell(&text).map(drop)
}

fn human(record: &Record) -> String {
    let user = record.user.as_deref().unwrap_or("nobody");
    let turned = if record.turned { "turned" } else { "not turned" };
    let mut text = format!(
        "{}: {} logged in; {turned}; {} sent, {} refused, {} waiting; {} received\n",
        record.peer,
        Escaped::text(user),
        record.sent,
        record.refused,
        record.waiting,
        record.received.len(),
    );
    for line in &record.session {
        let arrow = if line.dir == '>' { "->" } else { "<-" };
        for said in shown_octets(line) {
            text.push_str(&format!("  {:>8.3} {arrow} {said}\n", line.t));
        }
    }
    if !record.faults.is_empty() {
        text.push_str(&format!("  wrong on purpose: {}\n", record.faults.join(", ")));
    }
    for placeholder in &record.unverified {
        text.push_str(&format!("  nobody has seen it say \"{}\"\n", Escaped::text(placeholder)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("0001.eml"), "old").unwrap();
        std::fs::write(at("else"), "else's").unwrap();
        std::os::unix::fs::symlink(at("else"), at("0002.eml")).unwrap();
        let mut kept = 0;
        assert_eq!(keep(folder.path(), b"new", &mut kept).unwrap(), "0003.eml");
        assert_eq!(std::fs::read(at("0001.eml")).unwrap(), b"old");
        assert_eq!(std::fs::read(at("else")).unwrap(), b"else's");
        assert_eq!(std::fs::read(at("0003.eml")).unwrap(), b"new");
        assert!(keep(&at("nowhere"), b"new", &mut 0).is_err());
    }
}
