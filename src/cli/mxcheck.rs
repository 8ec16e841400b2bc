//! `mxcheck`'s command line.

mod run;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

pub use self::run::run;
use super::{Example, HELP_TEMPLATE, Refusal, examples, exit_codes};
use crate::config::value::Duration;
use crate::flow::check::resolver::Named;
use crate::flow::check::{Network, Policy, Severity, checks};
use crate::report::assessment::Form;
use crate::smtp::Domain;

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
        "mxcheck example.org --save evidence.json && mxcheck --replay evidence.json",
        "Keep what was found out, and judge it again",
    ),
    ("mxcheck --explain mx.bypass-equal", "What a check is about"),
];

/// Check that all mail for a domain reaches the server that holds it, and only that
///
/// Asks a resolver and each of the zone's own servers, and judges what they say against what you expect. It
/// asks the DNS only: no mail server is called.
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
    #[arg(long, value_name = "FILE", conflicts_with_all = ["domains", "from_file", "save", "resolver", "undelegated"])]
    pub replay: Option<PathBuf>,
    /// Say what a check is about
    #[arg(long, value_name = "ID", value_parser = ids(), hide_possible_values = true, exclusive = true)]
    pub explain: Option<String>,
    /// List every check there is; with --json as JSON
    #[arg(long, conflicts_with_all = ["domains", "from_file", "replay"])]
    pub list_checks: bool,
    /// What should be.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Whom to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How to judge.
    #[command(flatten)]
    pub judging: Judging,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// Where the mail should go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where the mail should go")]
pub struct Wanted {
    /// The server that should get the mail; its addresses are looked up and expected too
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub server: Vec<String>,
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
    /// The customer's own address or network, to which no mail should go directly
    #[arg(long, value_name = "IP[/BITS]", value_delimiter = ',')]
    pub customer_addr: Vec<Network>,
    /// Another name that should go the same way
    #[arg(long, value_name = "NAME", value_parser = name, value_delimiter = ',')]
    pub also: Vec<String>,
    /// The server sends the domain's mail too
    #[arg(long)]
    pub outbound: bool,
    /// A change is planned: long times to live are a warning
    #[arg(long)]
    pub planned_change: bool,
}

/// Whom to ask, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Whom to ask")]
pub struct Asking {
    /// Ask this resolver instead of the system's
    #[arg(long, value_name = "IP[:PORT]|dot:HOST|doh:URL", value_delimiter = ',')]
    pub resolver: Vec<Named>,
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
    /// From here on findings make it end with 1: info, notice, warning, error or critical
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
    /// Say nothing of domains in order (human and markdown)
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell what is in order too, and who said what (human)
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub verbose: bool,
    /// With colour: always, never, or auto for on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
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
