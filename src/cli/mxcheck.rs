//! `mxcheck`'s command line.

mod books;
mod calling;
mod file;
mod kept;
mod run;
mod state;
mod watch;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

pub use self::run::{refused, run};
use super::fetch::PasswordFlags;
use super::{Example, HELP_TEMPLATE, Input, Refusal, examples, exit_codes};
use crate::config::value::{Duration, Size};
use crate::flow::check::resolver::Named;
use crate::flow::check::watch::Until;
use crate::flow::check::{Network, Policy, Severity, Standpoint, checks};
use crate::report::assessment::Form;
use crate::smtp::{Domain, Mailbox};

/// Command lines worth showing.
pub const EXAMPLES: &[Example] = &[
    (
        "mxcheck example.org --server atrn.example.net",
        "Does all mail for a domain reach the server that holds it, and nobody else?",
    ),
    (
        "mxcheck --from-file domains.txt --server atrn.example.net --quiet",
        "Of many domains, tell those that are not in order",
    ),
    (
        "mxcheck example.org --server atrn.example.net --json | jq -r '.checks[]|select(.status==\"fail\")|[.id,.message]|@tsv'",
        "For a pipe",
    ),
    (
        "mxcheck example.org --server atrn.example.net --undelegated ns1.example.net=192.0.2.53",
        "A zone that is not live yet, as its own server has it",
    ),
    (
        "mxcheck example.org --server atrn.example.net --format nagios",
        "A check for Nagios, Icinga and the like; it ends with 0, 1, 2, or 3 when it cannot be made",
    ),
    (
        "mxcheck example.org --server atrn.example.net --smtp rcpt --rcpt ann",
        "Do the servers take mail for the domain? Nothing is sent",
    ),
    (
        "mxcheck example.org --server atrn.example.net --odmr auth --user acme --password-file acme.secret",
        "And can the account fetch it?",
    ),
    (
        "mxcheck example.org --save evidence.json && mxcheck --replay evidence.json",
        "Keep what was found out, and judge it again",
    ),
    (
        "mxcheck --config /etc/odmr/odmrd.toml --quiet",
        "For a provider: all customers' domains, against accounts and queue",
    ),
    (
        "mxcheck example.org --server atrn.example.net --state /var/lib/mxcheck/state --pin",
        "From cron: an error as soon as somebody changes the MX records",
    ),
    (
        "mxcheck example.org --server atrn.example.net --watch --on-change ./tell-me",
        "After a change: wait until every server shows it, and say until when caches may not",
    ),
    ("mxcheck --explain mx.bypass-equal", "What a check is about"),
];

/// Check that all mail for a domain reaches the server that holds it, and only that
///
/// Asks a resolver and each of the zone's own servers, and judges what they say against what you expect. Then it
/// calls the mail servers, and hears what they offer; by default it asks them nothing more. Whatever it is told to
/// ask, it sends no mail and takes none.
#[derive(Debug, Parser)]
#[command(name = "mxcheck", version = crate::cli::version(), help_template = HELP_TEMPLATE)]
pub struct Cli {
    /// The domains
    #[arg(value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// A file with a domain a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// Judge what --save has written; nobody is asked
    #[arg(long, value_name = "FILE", conflicts_with_all = ["domains", "from_file", "save", "resolver", "authoritative",
        "resolver_only", "undelegated", "ipv4", "ipv6", "timeout", "retries", "jobs", "smtp", "odmr"])]
    pub replay: Option<PathBuf>,
    /// Say what a check is about
    #[arg(long, value_name = "ID", value_parser = ids(), hide_possible_values = true, exclusive = true)]
    pub explain: Option<String>,
    /// List every check there is; with --json as JSON
    #[arg(long, conflicts_with_all = ["domains", "from_file", "replay", "save"])]
    pub list_checks: bool,
    /// Print the JSON Schema of what --json tells
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Check all customers' domains of an odmrd with these settings, and what waits for them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replay", "list_checks"])]
    pub config: Option<PathBuf>,
    /// Mail for these domains, one a line, is let in: with --config they should be customers'
    #[arg(long, value_name = "FILE", requires = "config")]
    pub inbound_list: Option<PathBuf>,
    /// With --config: look at the spool in this folder instead of asking odmrd
    #[arg(long, value_name = "DIR", requires = "config")]
    pub spool: Option<PathBuf>,
    /// What should be.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Whom to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// Whom to call.
    #[command(flatten)]
    pub calling: Calls,
    /// How to judge.
    #[command(flatten)]
    pub judging: Judging,
    /// Waiting for a change.
    #[command(flatten)]
    pub watching: Watching,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// Waiting for a change.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Waiting for a change")]
pub struct Watching {
    /// Look again and again until every server shows that all mail goes where it should, then end with 0; with
    /// 75 at the deadline
    #[arg(long, conflicts_with_all = ["replay", "list_checks"])]
    pub watch: bool,
    /// Look every so often
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = pause, requires = "watch")]
    pub interval: Duration,
    /// Give up after so long
    #[arg(long, value_name = "DURATION", default_value = "2h", value_parser = pause, requires = "watch")]
    pub deadline: Duration,
    /// Wait for: all, auth (the zone's own servers) or resolvers
    #[arg(long, value_name = "WHOM", default_value = "all", requires = "watch")]
    pub until: Until,
    /// Run this program whenever a server shows something else; it finds MXCHECK_DOMAIN and MXCHECK_STATE, and
    /// all as JSON on its standard input
    #[arg(long, value_name = "PROGRAM", requires = "watch")]
    pub on_change: Option<PathBuf>,
}

/// A server by its name, and perhaps the port where mail is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// The port, where it was said.
    pub port: Option<u16>,
}

/// Where a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Here,
    /// There.
    At(Network),
}

impl std::str::FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Place, String> {
        match text {
            "self" => Ok(Place::Here),
            _ => text.parse().map(Place::At),
        }
    }
}

/// Where the mail should go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where the mail should go")]
pub struct Wanted {
    /// The server that should get the mail; its addresses are looked up and expected too. A port is where mail is
    /// fetched there, instead of 366
    #[arg(long, value_name = "NAME[:PORT]", value_parser = server, value_delimiter = ',')]
    pub server: Vec<Server>,
    /// Where the mail is fetched, if that is another server than the one that gets it
    #[arg(long, value_name = "NAME[:PORT]", value_parser = server, value_delimiter = ',')]
    pub queue_host: Vec<Server>,
    /// With --config: customers call so often; mail should wait for four times that, and senders not be told sooner
    #[arg(long, value_name = "DURATION", requires = "config")]
    pub poll_interval: Option<Duration>,
    /// With --config: a customer may be away for so long; mail should wait for longer
    #[arg(long, value_name = "DURATION", requires = "config")]
    pub longest_outage: Option<Duration>,
    /// A name that should get the mail, wherever it leads
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub expect_mx: Vec<String>,
    /// An address or network where the server is, instead of those that are looked up
    #[arg(long, visible_alias = "ip", value_name = "IP[/BITS]", value_delimiter = ',')]
    pub expect_addr: Vec<Network>,
    /// Another target that is tolerated
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub allow_mx: Vec<String>,
    /// A target of a former provider
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub deny_mx: Vec<String>,
    /// The customer's own address or network, to which no mail should go directly; self: this machine's
    #[arg(long, value_name = "IP[/BITS]|self", value_delimiter = ',')]
    pub customer_addr: Vec<Place>,
    /// Another name that should go the same way
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub also: Vec<String>,
    /// The server sends the domain's mail too
    #[arg(long)]
    pub outbound: bool,
    /// Tell whether an address of the servers is on this list (RFC 5782), like bl.example.net
    #[arg(long, value_name = "ZONE", value_parser = name, value_delimiter = ',')]
    pub dnsbl: Vec<String>,
    /// A change is planned: long times to live are a warning
    #[arg(long)]
    pub planned_change: bool,
    /// For whom it is told: customer, provider or observer [default: customer, with --config provider]
    #[arg(long, value_name = "ROLE")]
    pub role: Option<Standpoint>,
    /// With --state: the records are to stay as they were first seen; a change is an error
    #[arg(long)]
    pub pin: bool,
}

/// Whom to ask, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Whom to ask")]
pub struct Asking {
    /// Ask this resolver instead of the system's
    #[arg(long, value_name = "IP[:PORT]|dot:HOST|doh:URL", value_delimiter = ',')]
    pub resolver: Vec<Named>,
    /// Judge by what the zone's own servers say, and look at what resolvers say beside it: so it is unless said
    /// otherwise
    #[arg(long, conflicts_with_all = ["authoritative", "resolver_only"])]
    pub both: bool,
    /// Judge by what the zone's own servers say; resolvers only help to find them
    #[arg(long)]
    pub authoritative: bool,
    /// Ask resolvers only, where nobody else can be asked from here
    #[arg(long, conflicts_with = "authoritative")]
    pub resolver_only: bool,
    /// Ask these servers about a zone that is not delegated to them yet
    #[arg(long, value_name = "NAME=IP", value_parser = undelegated, value_delimiter = ',',
        conflicts_with = "resolver_only")]
    pub undelegated: Vec<(String, IpAddr)>,
    /// Trust the authorities in this PEM file, and no others, for certificates of resolvers and policies
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Fetch the MTA-STS policy there, whatever the DNS says: to see one before it is live
    #[arg(long, value_name = "IP[:PORT]", value_parser = sts_server)]
    pub sts_server: Option<SocketAddr>,
    /// Ask over IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Ask over IPv6 only
    #[arg(short = '6')]
    pub ipv6: bool,
    /// Wait so long for each answer
    #[arg(long, value_name = "DURATION", default_value = "4s", value_parser = patience)]
    pub timeout: Duration,
    /// Ask so often again meanwhile
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub retries: u8,
    /// So many domains at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
}

/// Which mail servers to call, and how far to go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Calling mail servers")]
pub struct Calls {
    /// How far to go with the servers of the MX records: none, connect (greeting and TLS), rcpt (whom they take mail
    /// for), or full (also whether they relay, or turn, for anybody; only for servers that are yours) [default:
    /// connect; none with --undelegated]
    #[arg(long, value_name = "DEPTH", hide_possible_values = true)]
    pub smtp: Option<Smtp>,
    /// Somebody who exists, by the part before the @, for whom mail should be taken
    #[arg(long, value_name = "LOCALPART", value_parser = local_part)]
    pub rcpt: Option<String>,
    /// Ask as this sender instead of as a failure notice, which has none
    #[arg(long, value_name = "ADDRESS", value_parser = sender)]
    pub from_addr: Option<Mailbox>,
    /// Messages of this size should be taken
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub min_size: Option<Size>,
    /// Your own server takes no larger messages than this
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<Size>,
    /// How far to go with the servers of --server: none, banner (what they offer), auth (can you log in), or turn
    /// (also whether you may have the mail of the domain; it is not taken) [default: banner; none with --undelegated]
    #[arg(long, value_name = "DEPTH", hide_possible_values = true)]
    pub odmr: Option<Odmr>,
    /// --odmr auth and turn: the name to log in by
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// --odmr auth and turn: what may be said without TLS, or to a server that no certificate proves: scram, or cram-md5
    /// too, from which a listener can guess at the password; nothing shows the password itself
    #[arg(
        long,
        value_name = "MECHANISM",
        default_value = "scram",
        hide_possible_values = true,
        help_heading = "Calling mail servers"
    )]
    pub clear_auth: ClearAuth,
    /// The port of the servers of the MX records, instead of 25; then addresses that only this network has are called too
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Calling mail servers")]
    pub smtp_port: Option<u16>,
    /// The port of those servers of --server that are named without one, instead of 366; the same holds
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Calling mail servers")]
    pub odmr_port: Option<u16>,
    /// A mail server that is known to answer: is called where no other does, to see whether this network lets
    /// anybody out
    #[arg(long, value_name = "HOST[:PORT]", value_parser = control, help_heading = "Calling mail servers")]
    pub smtp_control: Option<(String, u16)>,
    /// Wait so long for each answer of a mail server
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = long_patience, help_heading = "Calling mail servers")]
    pub smtp_timeout: Duration,
}

/// How far to go with the servers of the MX records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Smtp {
    /// They are not called
    None,
    /// Greeting and TLS
    Connect,
    /// Whom they take mail for
    Rcpt,
    /// Whether they relay, or turn, for anybody
    Full,
}

/// What may be said where anybody may listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClearAuth {
    /// SCRAM alone
    Scram,
    /// CRAM-MD5 too
    CramMd5,
}

/// How far to go with the servers where mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Odmr {
    /// They are not called
    None,
    /// What they offer
    Banner,
    /// Whether one can log in
    Auth,
    /// Whether they would hand over the mail
    Turn,
}

/// Which checks count, and how much.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Judging")]
pub struct Judging {
    /// These only: ids, groups like mx, or severities
    #[arg(long, value_name = "ID", value_parser = known, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these; --skip info leaves out what is cosmetic
    #[arg(long, value_name = "ID", value_parser = known, value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Take a check for this bad
    #[arg(long, value_name = "ID=LEVEL", value_parser = raised, value_delimiter = ',')]
    pub severity: Vec<(String, Severity)>,
    /// Trust these keys to begin with instead of the root's: DS or DNSKEY records, as in a zone file
    #[arg(long, value_name = "FILE")]
    pub trust_anchor: Option<PathBuf>,
    /// From here on findings make it end with 1: info, notice, warning, error or critical; with --format
    /// nagios they are CRITICAL. Up to error mx.bypass-backup, a warning, ends it with 1 too: not all mail comes to
    /// the server; say --allow-mx NAME where that is meant so
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub fail_on: Severity,
    /// --format nagios: warnings are OK
    #[arg(long)]
    pub warn_as_ok: bool,
}

/// How to tell.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The form: human, json, jsonl, nagios, prometheus, tap, junit, sarif or markdown [default: human]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<Form>,
    /// Short for --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Write it there, all or nothing
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Also keep what was found out, for --replay
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Tell what has changed since the last run with this file, and remember how it is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replay", "list_checks"])]
    pub state: Option<PathBuf>,
    /// Say nothing of domains in order (human and markdown)
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell what is in order too, and who said what (human)
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub verbose: bool,
    /// With colour: always, never, or auto for on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    /// Whether anybody may be asked. Nobody ever is.
    #[command(flatten)]
    pub input: Input,
}

/// When there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal that wants it
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Output {
    /// The form of the page.
    pub fn form(&self) -> Form {
        match (self.format, self.json) {
            (Some(form), _) => form,
            (None, true) => Form::Jsonl,
            (None, false) => Form::Human,
        }
    }
}

fn ids() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(checks().map(|check| check.about.id))
}

/// A domain's name as people write it: in letters of any script, with or without the dot at its end.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, String> {
    let trimmed = text.strip_suffix('.').unwrap_or(text);
    if trimmed.parse::<IpAddr>().is_ok() {
        return Err(format!("{text} is an address; expected a name like example.org"));
    }
    if let Some((_, domain)) = trimmed.split_once('@') {
        return Err(format!("that is a mail address; expected its domain, {domain:?}"));
    }
    let domain =
        Domain::parse(trimmed).map_err(|why| format!("{why}; expected a name like example.org"))?;
    Ok(domain.as_str().to_owned())
}

fn sts_server(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 443))
    });
    address.map_err(|_| "expected an address like 192.0.2.80 or [2001:db8::80]:443".to_owned())
}

fn undelegated(text: &str) -> Result<(String, IpAddr), String> {
    let wanted = || "expected NAME=IP, like ns1.example.net=192.0.2.53".to_owned();
    let (server, address) = text.split_once('=').ok_or_else(wanted)?;
    Ok((name(server)?, address.parse().map_err(|_| wanted())?))
}

fn patience(text: &str) -> Result<Duration, String> {
    let duration: Duration = text.parse().map_err(|why| format!("{why}"))?;
    let (least, most) = (Duration(std::time::Duration::from_millis(50)), Duration::minutes(1));
    match (least..=most).contains(&duration) {
        true => Ok(duration),
        false => Err("expected 50ms to 1m".to_owned()),
    }
}

fn long_patience(text: &str) -> Result<Duration, String> {
    let duration: Duration = text.parse().map_err(|why| format!("{why}"))?;
    let (least, most) = (Duration(std::time::Duration::from_millis(100)), Duration::minutes(5));
    match (least..=most).contains(&duration) {
        true => Ok(duration),
        false => Err("expected 100ms to 5m".to_owned()),
    }
}

fn size(text: &str) -> Result<Size, String> {
    text.parse().map_err(|why| format!("{why}"))
}

fn local_part(text: &str) -> Result<String, String> {
    if let Some((local, domain)) = text.rsplit_once('@').filter(|_| !text.starts_with('"')) {
        return Err(format!(
            "{domain:?} is of no use here; expected the part before the @: {local:?}"
        ));
    }
    let mailbox = Mailbox::parse(&format!("{text}@example.org"));
    match mailbox {
        Ok(mailbox) if mailbox.local_part() == text && text.is_ascii() => Ok(text.to_owned()),
        Ok(_) => Err("expected the part before the @ of an address, in ASCII".to_owned()),
        Err(why) => Err(format!("{why}; expected the part before the @ of an address, like ann")),
    }
}

fn sender(text: &str) -> Result<Mailbox, String> {
    let mailbox = Mailbox::parse(text)
        .map_err(|why| format!("{why}; expected an address like me@example.net"))?;
    match mailbox.is_international() {
        true => Err("expected an address in ASCII, like me@example.net".to_owned()),
        false => Ok(mailbox),
    }
}

fn server(text: &str) -> Result<Server, String> {
    let Some((host, port)) = text.rsplit_once(':').filter(|(host, _)| !host.contains(':')) else {
        return Ok(Server { name: name(text)?, port: None });
    };
    match port.parse() {
        Ok(port) if port > 0 => Ok(Server { name: name(host)?, port: Some(port) }),
        _ => {
            Err("expected NAME or NAME:PORT, like atrn.example.net or atrn.example.net:3660"
                .to_owned())
        }
    }
}

fn control(text: &str) -> Result<(String, u16), String> {
    let wanted = || "expected HOST or HOST:PORT, like mx.example.net or 192.0.2.1:25".to_owned();
    let (host, port) = match text.parse::<SocketAddr>() {
        Ok(at) => return Ok((at.ip().to_string(), at.port())),
        Err(_) => match text.rsplit_once(':').filter(|(host, _)| !host.contains(':')) {
            Some((host, port)) => (host, port.parse().map_err(|_| wanted())?),
            None => (text, 25),
        },
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => Ok((ip.to_string(), port)),
        Err(_) => Ok((name(host)?, port)),
    }
}

fn pause(text: &str) -> Result<Duration, String> {
    let duration: Duration = text.parse().map_err(|why| format!("{why}"))?;
    let (least, most) = (Duration(std::time::Duration::from_secs(1)), Duration::days(30));
    match (least..=most).contains(&duration) {
        true => Ok(duration),
        false => Err("expected 1s to 30d".to_owned()),
    }
}

fn known(text: &str) -> Result<String, String> {
    if Policy::is_known(text) {
        return Ok(text.to_owned());
    }
    let near = checks().map(|check| check.about.id).min_by_key(|id| strsim::levenshtein(id, text));
    let near = near.filter(|id| strsim::levenshtein(id, text) <= 3);
    let hint = near.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
    Err(format!("there is no such check{hint} --list-checks has them all"))
}

fn raised(text: &str) -> Result<(String, Severity), String> {
    let (id, severity) =
        text.split_once('=').ok_or("expected ID=LEVEL, like mx.redundancy=warning")?;
    if !checks().any(|check| check.about.id == id) {
        return known(id).and(Err(format!("{id} is no check, but a group or a severity")));
    }
    Ok((id.to_owned(), severity.parse()?))
}

/// The command line with its examples.
pub fn command() -> clap::Command {
    Cli::command().before_help(examples(&EXAMPLES[..3])).after_long_help(format!(
        "{}\n{}",
        examples(&EXAMPLES[3..]),
        exit_codes()
    ))
}

/// Reads the command line.
///
/// # Errors
/// It is wrong, or asks for help only.
pub fn parse<I, T>(args: I) -> Result<Cli, Refusal>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let matches = command().try_get_matches_from(args)?;
    Ok(Cli::from_arg_matches(&matches)?)
}

#[cfg(test)]
mod tests;
