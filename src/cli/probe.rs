//! `smtp-probe`'s command line.

mod diff;
mod emulate;
mod html;
mod identity;
mod page;
mod run;
mod transcript;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use self::emulate::{Emulate, SESSION};
pub use self::run::run;
use super::{Example, HELP_TEMPLATE, Input, Refusal, examples, exit_codes};
use crate::cli::fetch::PasswordFlags;
use crate::config::fetch::ClearAuth;
use crate::config::value::Duration;
use crate::flow::probe::{Fingerprint, Kind, Level, ListenAddr, catalogue};
use crate::smtp::{Domain, Mailbox};

/// Command lines worth showing.
pub const EXAMPLES: &[Example] = &[
    ("smtp-probe server mx.example.org --rcpt postmaster@example.org", "What does this server do?"),
    (
        "smtp-probe server localhost:2525 --rcpt me@example.org -v",
        "With every rule, and what was said",
    ),
    (
        "smtp-probe server mx.example.org --group relay,tls --fail-on security",
        "Is it an open relay, and is its TLS in order?",
    ),
    (
        "smtp-probe server mx.example.org --json | jq -r 'select(.outcome==\"fail\")|[.id,.why]|@tsv'",
        "For a pipe",
    ),
    (
        "smtp-probe server mail.example.org --profile submission --user me --password-file me.secret --rcpt me@example.org",
        "Where mail is handed in",
    ),
    (
        "smtp-probe provider atrn.example.net --user acme --password-file acme.secret --domain example.org",
        "Does this provider keep to RFC 2645? No mail is heard of",
    ),
    (
        "smtp-probe provider atrn.example.net --user acme --password-file acme.secret --domain example.org --turn",
        "And once it has turned the line? No mail is taken",
    ),
    (
        "smtp-probe provider atrn.example.net --user acme --password-file acme.secret --domain example.org --turn --submit mx.example.net --rcpt me@example.org",
        "With letters of our own, put in and taken out",
    ),
    (
        "smtp-probe customer --listen 127.0.0.1:3366 --domain example.org -- atrn-fetch run test",
        "Does this customer keep to RFC 2645? It is started once for each rule",
    ),
    (
        "smtp-probe customer --listen 127.0.0.1:3366 --target 127.0.0.1:2525 --rcpt me@example.org --data -- atrn-fetch run test --json",
        "And when the server behind it refuses, or is down",
    ),
    ("smtp-probe identify mx.example.org", "What is it? Its greeting alone is not believed"),
    (
        "smtp-probe emulate exchange2003-ws2003 --listen 127.0.0.1:3366 --messages 3",
        "An Exchange 2003 to try a customer with",
    ),
    ("smtp-probe script mine.probe mx.example.org", "Talks of your own"),
    ("smtp-probe diff before.json after.json", "What has changed between two reports"),
    ("smtp-probe explain state.rcpt-first", "What a rule is about, and the talk that shows it"),
];

/// Ask a mail server whether it keeps to the rules, one by one
///
/// Talks to it as a client that also errs, and tells what it does then. No content is sent, nobody gets mail, and
/// no rule is tried that a server could take for an attack, unless you say so.
#[derive(Debug, Parser)]
#[command(name = "smtp-probe", version = crate::cli::version(), help_template = HELP_TEMPLATE)]
pub struct Cli {
    /// Whether anybody may be asked. Nobody ever is.
    #[command(flatten)]
    pub input: Input,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a server
    Server(Server),
    /// Ask a provider of on-demand mail, whose customer you are
    Provider(Provider),
    /// Play the provider of on-demand mail, and judge who calls
    Customer(Customer),
    /// Tell what a server is, by how it speaks
    Identify(Identify),
    /// Play a server that others have
    Emulate(Emulate),
    /// Play talks of your own against a server
    Script(Script),
    /// Tell what has changed between two reports that --format json or jsonl wrote
    Diff {
        /// The report before
        old: PathBuf,
        /// The report after
        new: PathBuf,
        /// A rule of this level or above that is not kept any more makes it end with 1
        #[arg(long, value_name = "LEVEL", default_value = "must", value_delimiter = ',', value_parser = level)]
        fail_on: Vec<Level>,
    },
    /// List every rule there is; with --json as JSON
    List {
        /// As JSON, an object a line
        #[arg(long)]
        json: bool,
    },
    /// Say what a rule is about
    Explain {
        /// The rule
        #[arg(value_name = "ID", value_parser = AnyId, hide_possible_values = true)]
        id: String,
    },
}

/// Ask a server
#[derive(Debug, Args)]
pub struct Server {
    /// The server; the port of its kind where none is named
    #[arg(value_name = "HOST[:PORT]", value_parser = somewhere)]
    pub place: Place,
    /// What it is for: mail from strangers, from those who have logged in (port 587), for mailboxes (24), for customers
    /// who call (366), or an Exchange 2003
    #[arg(long, value_name = "PROFILE", default_value = "mx", value_parser = kind(), help_heading = "Asking")]
    pub profile: Kind,
    /// Where smtp-probe listens, as the server that this one sends mail for --rcpt on to; an address and a port
    #[arg(long, value_name = "ADDRESS:PORT", requires = "data", help_heading = "Asking")]
    pub sink: Option<std::net::SocketAddr>,
    /// --sink may be where other machines can call
    #[arg(long, requires = "sink", help_heading = "Asking")]
    pub anywhere: bool,
    /// Who logs in, for the rules that are for such
    #[arg(long, value_name = "NAME", help_heading = "Login")]
    pub user: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// What may be shown to a line that no certificate vouches for
    #[arg(long, value_name = "WHAT", default_value = "none", help_heading = "Login")]
    pub clear_auth: ClearAuth,
    /// Which rules.
    #[command(flatten)]
    pub choice: Choice,
    /// How to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// Ask a provider of on-demand mail, whose customer you are
///
/// Without --user, what can be asked before a login. A line that it turns hears that nothing is taken; with --turn
/// it also finds servers that are difficult, and still none that takes anything: all mail stays where it is, unless
/// the provider loses it.
#[derive(Debug, Args)]
pub struct Provider {
    /// The provider; 366 where no port is named
    #[arg(value_name = "HOST[:PORT]", value_parser = provider)]
    pub place: Place,
    /// Who logs in
    #[arg(long, value_name = "NAME", requires = "domain", help_heading = "Login")]
    pub user: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// What may be shown to a line that no certificate vouches for
    #[arg(long, value_name = "WHAT", default_value = "none", help_heading = "Login")]
    pub clear_auth: ClearAuth,
    /// The domain whose mail the account may have [default: example.org]
    #[arg(long, value_name = "DOMAIN", help_heading = "Asking")]
    pub domain: Option<Domain>,
    /// A domain that is somebody else's
    #[arg(long, value_name = "DOMAIN", default_value = "example.com", help_heading = "Asking")]
    pub foreign_domain: Domain,
    /// The line may be turned, and mail be heard of; it is refused for now
    #[arg(long, requires = "user", help_heading = "Asking")]
    pub turn: bool,
    /// Where mail for the domain comes in: letters of our own are put in, and taken out again
    #[arg(long, value_name = "HOST[:PORT]", requires = "turn", value_parser = place, help_heading = "Asking")]
    pub submit: Option<Place>,
    /// The provider cannot look up its customers now: you have seen to that
    #[arg(long, requires = "user", help_heading = "Asking")]
    pub backend_down: bool,
    /// Which rules.
    #[command(flatten)]
    pub choice: Choice,
    /// How to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// Play the provider of on-demand mail, and judge who calls
///
/// Any name and any password are let in, and none is looked at or noted. No mail is sent without --data; what is sent
/// then is our own. Where the customer is started by us, how it ends and what it reports counts, too; where we are
/// its --target as well, so does what becomes of the mail.
#[derive(Debug, Args)]
pub struct Customer {
    /// Where the customer calls; port 366 where none is named
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = provider)]
    pub listen: Place,
    /// What is tried: ids, with or without cust. before them, * at the end of one, or all
    #[arg(long, value_name = "NAME", default_value = "all", value_parser = scenario, value_delimiter = ',')]
    pub scenario: Vec<String>,
    /// The domain whose mail is fetched, where the customer does not say
    #[arg(long, value_name = "DOMAIN", default_value = "example.org")]
    pub domain: Domain,
    /// A mailbox that the customer has [default: postmaster at the domain]
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Option<Mailbox>,
    /// Who sends [default: nobody, the null reverse-path]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Mailbox>,
    /// A mailbox that is somebody else's
    #[arg(long, value_name = "ADDRESS", default_value = "odmr-probe@example.com")]
    pub foreign: Mailbox,
    /// What we call ourselves [default: this machine's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<Domain>,
    /// Wait so long for each answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = patience)]
    pub timeout: Duration,
    /// Wait so long for a call
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub wait: Duration,
    /// Content may be sent: --rcpt is a mailbox of yours
    #[arg(long, requires = "rcpt")]
    pub data: bool,
    /// Try the rules for servers, too: behind the turn the customer is one
    #[arg(long)]
    pub suite: bool,
    /// Where the customer delivers: we listen there, too, by SMTP or LMTP, and refuse what a rule wants refused
    #[arg(long, value_name = "ADDRESS:PORT|unix:/PATH", requires = "program", value_parser = target)]
    pub target: Option<ListenAddr>,
    /// The certificate that is shown behind STARTTLS; the customer should take it
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// An authority that the customer trusts: it signs certificates that are wrong in one way
    #[arg(long, value_name = "FILE", requires_all = ["issuer_key", "cert"])]
    pub issuer: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "issuer")]
    pub issuer_key: Option<PathBuf>,
    /// The name that the customer looks for in a certificate [default: --name]
    #[arg(long, value_name = "NAME", requires = "issuer")]
    pub servername: Option<Domain>,
    /// The customer goes by the fingerprint of --cert
    #[arg(long, requires = "cert")]
    pub pinned: bool,
    /// The customer is set up for so many domains
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pub domains: usize,
    /// What a customer may take for an attack may be tried
    #[arg(long)]
    pub intrusive: bool,
    /// What takes minutes may be tried
    #[arg(long)]
    pub slow: bool,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
    /// What has the customer call, started once for each rule; how it ends counts, too
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
}

/// Which rules.
#[derive(Debug, Args)]
pub struct Choice {
    /// These rules only: ids, or * at the end of one
    #[arg(long, value_name = "ID", value_parser = known, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Not these
    #[arg(long, value_name = "ID", value_parser = known, value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Rules of these groups only: relay, tls, syn ...
    #[arg(long, value_name = "NAME", value_parser = group, value_delimiter = ',')]
    pub group: Vec<String>,
}

/// Tell what a server is, by how it speaks
///
/// A few harmless questions over one line, and signs in every answer, weighed. The greeting alone is not believed, and
/// what does not fit together is told. Versions with known holes are told by their number; none is tried.
#[derive(Debug, Args)]
pub struct Identify {
    /// The server; 25 where no port is named
    #[arg(value_name = "HOST[:PORT]", value_parser = place)]
    pub place: Place,
    /// How far it is asked
    #[arg(long, value_name = "LEVEL", default_value = "standard", help_heading = "Asking")]
    pub level: Reach,
    /// Ask for no challenge of NTLM, which names the machine, its domain and the build of Windows
    #[arg(long, help_heading = "Asking")]
    pub no_ntlm: bool,
    /// How to call.
    #[command(flatten)]
    pub calling: Calling,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// How far a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reach {
    /// What every client says
    Passive,
    /// And an unknown verb, RCPT too early, VRFY, MAIL, ATRN without a login, and where AUTH NTLM is listed for a
    /// challenge, to which no answer is given
    Standard,
}

/// Play talks of your own against a server
#[derive(Debug, Args)]
pub struct Script {
    /// The talks
    pub file: PathBuf,
    /// The server; 25 where no port is named
    #[arg(value_name = "HOST[:PORT]", value_parser = place)]
    pub place: Place,
    /// Who logs in, for the talks that say * login or begin there
    #[arg(long, value_name = "NAME", help_heading = "Login")]
    pub user: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// What may be shown to a line that no certificate vouches for
    #[arg(long, value_name = "WHAT", default_value = "none", help_heading = "Login")]
    pub clear_auth: ClearAuth,
    /// How to ask.
    #[command(flatten)]
    pub asking: Asking,
    /// How to tell.
    #[command(flatten)]
    pub output: Output,
}

/// How to ask.
#[derive(Debug, Args)]
#[command(next_help_heading = "Asking")]
pub struct Asking {
    /// A mailbox that the server has [default: postmaster at the server's domain]
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Option<Mailbox>,
    /// Who sends [default: nobody, the null reverse-path]
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Mailbox>,
    /// A mailbox that is somebody else's; nothing is sent there
    #[arg(long, value_name = "ADDRESS", default_value = "odmr-probe@example.com")]
    pub foreign: Mailbox,
    /// How to call.
    #[command(flatten)]
    pub calling: Calling,
    /// Content may be sent: --rcpt is a mailbox of yours
    #[arg(long, requires = "rcpt")]
    pub data: bool,
    /// What a server may take for an attack may be tried: it is a server of yours
    #[arg(long)]
    pub intrusive: bool,
    /// What takes minutes may be tried
    #[arg(long)]
    pub slow: bool,
}

/// How to call.
#[derive(Debug, Args)]
#[command(next_help_heading = "Asking")]
pub struct Calling {
    /// What to say in EHLO [default: this machine's name]
    #[arg(long, value_name = "NAME")]
    pub ehlo: Option<Domain>,
    /// How to come to TLS where a rule needs no more than that, a login above all
    #[arg(long, value_name = "MODE", default_value = "starttls", conflicts_with = "implicit_tls")]
    pub tls: TlsMode,
    /// Short for --tls implicit
    #[arg(long)]
    pub implicit_tls: bool,
    /// The name that is said in a handshake and looked for in the certificate [default: the server's]
    #[arg(long, value_name = "NAME")]
    pub servername: Option<Domain>,
    /// The one certificate that is good, whoever vouches for it
    #[arg(long, value_name = "SHA256", conflicts_with = "ca")]
    pub fingerprint: Option<Fingerprint>,
    /// Certificates that are vouched for by these are good ones [default: this machine's]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Call over IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Call over IPv6 only
    #[arg(short = '6')]
    pub ipv6: bool,
    /// Wait so long for each answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = patience)]
    pub timeout: Duration,
    /// Wait so long before each new call [default: 250ms, and 0s on this machine]
    #[arg(long, value_name = "DURATION")]
    pub pause: Option<Duration>,
}

/// How to come to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TlsMode {
    /// Not at all; the rules for TLS are asked all the same
    None,
    /// By STARTTLS, where it is offered
    Starttls,
    /// From the first octet, as on port 465
    Implicit,
}

/// How to tell.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The form
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub format: Form,
    /// Short for --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// A rule of this level or above that is not kept makes it end with 1; what is put up with does not. From the least:
    /// info, interop, should, must, security (or sec)
    #[arg(long, value_name = "LEVEL", default_value = "must", value_delimiter = ',', value_parser = level)]
    pub fail_on: Vec<Level>,
    /// Write what was said into this folder, a file for each call, without passwords
    #[arg(long, value_name = "DIR")]
    pub transcript: Option<PathBuf>,
    /// Leave passwords out of all that is told: that is always done, and may be said
    #[arg(long)]
    pub redact: bool,
    /// Tell what is kept too, and what was said
    #[arg(short, long)]
    pub verbose: bool,
}

impl Output {
    /// The form of the page.
    pub fn form(&self) -> Form {
        if self.json { Form::Jsonl } else { self.format }
    }
}

/// A page's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people. Not stable
    Human,
    /// One array
    Json,
    /// An object a line, and a summary at the end
    Jsonl,
    /// The Test Anything Protocol, version 13; what --fail-on names and is not kept is not ok, what was not found out
    /// is skipped
    Tap,
    /// The same, version 14
    Tap14,
    /// XML as JUnit writes it, with the same failures; a suite for each group of rules
    Junit,
    /// The Static Analysis Results Interchange Format 2.1.0
    Sarif,
    /// A table for a wiki or a ticket
    #[value(alias = "table")]
    Markdown,
    /// A page for a browser, with what was said drawn in it
    Html,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// By name or address.
    pub host: String,
    /// Where it listens.
    pub port: u16,
}

/// Who names no port means the one of the server's kind.
const USUAL: u16 = 0;

fn somewhere(text: &str) -> Result<Place, String> {
    place_or(text, USUAL)
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    let words = PossibleValuesParser::new(Kind::ALL.map(Kind::word));
    words.map(|word| Kind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or_default())
}

fn place(text: &str) -> Result<Place, String> {
    place_or(text, 25)
}

fn target(text: &str) -> Result<ListenAddr, String> {
    text.parse().map_err(|_| {
        format!("saw {text:?}; expected an address of this machine, such as 127.0.0.1:2525, or unix:/run/customer/lmtp")
    })
}

fn provider(text: &str) -> Result<Place, String> {
    place_or(text, 366)
}

fn place_or(text: &str, usual: u16) -> Result<Place, String> {
    let wanted =
        || format!("saw {text:?}; expected mx.example.org, 192.0.2.1:2525 or [2001:db8::1]:25");
    let is_bare_v6 = text.parse::<std::net::Ipv6Addr>().is_ok();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !is_bare_v6 && !text.ends_with(']') => {
            let port: std::num::NonZeroU16 = port.parse().map_err(|_| wanted())?;
            (host, port.get())
        }
        _ => (text, usual),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let is_host = is_address || host == "localhost" || Domain::parse(host).is_ok();
    match is_host {
        true => Ok(Place { host: host.to_owned(), port }),
        false => Err(wanted()),
    }
}

/// The rules, for shells. What is none is told by [`no_such_rule`], which is shorter than all there are.
#[derive(Clone)]
struct AnyId;

impl TypedValueParser for AnyId {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(catalogue().into_iter().map(|row| PossibleValue::new(row.id))))
    }
}

/// Who names a rule that there is not may mean another.
fn no_such_rule(text: &str) -> String {
    let rows = catalogue();
    let near = rows.iter().min_by_key(|row| strsim::levenshtein(&row.id, text));
    let near = near.filter(|row| strsim::levenshtein(&row.id, text) <= 3);
    let hint = near.map(|row| format!("; did you mean {}?", row.id));
    let hint = hint.unwrap_or_else(|| "; smtp-probe list has them all".to_owned());
    format!("there is no such rule{hint}")
}

fn known(text: &str) -> Result<String, String> {
    let wanted = text.strip_suffix('*');
    let rows = catalogue();
    let is_known = rows.iter().any(|row| match wanted {
        Some(start) => row.id.starts_with(start),
        None => row.id == text,
    });
    if is_known {
        return Ok(text.to_owned());
    }
    Err(no_such_rule(text))
}

/// A rule for customers, by its id or what stands behind `cust.` in it.
fn scenario(text: &str) -> Result<String, String> {
    match text {
        "all" => Ok("cust.*".to_owned()),
        _ if text.starts_with("cust.") => known(text),
        _ => known(&format!("cust.{text}")),
    }
}

fn group(text: &str) -> Result<String, String> {
    let mut groups: Vec<String> = catalogue().into_iter().map(|row| row.group).collect();
    groups.sort();
    groups.dedup();
    match groups.iter().any(|known| known == text) {
        true => Ok(text.to_owned()),
        false => Err(format!("there is no such group; allowed: {}", groups.join(", "))),
    }
}

fn level(text: &str) -> Result<Level, String> {
    let text = if text == "sec" { Level::Security.word() } else { text };
    let known = Level::ALL.into_iter().find(|level| level.word() == text);
    known.ok_or_else(|| format!("saw {text:?}; allowed: must, should, security, interop, info"))
}

fn patience(text: &str) -> Result<Duration, String> {
    let duration: Duration = text.parse().map_err(|why| format!("{why}"))?;
    let (least, most) = (Duration(std::time::Duration::from_millis(50)), Duration::minutes(10));
    match (least..=most).contains(&duration) {
        true => Ok(duration),
        false => Err("expected 50ms to 10m".to_owned()),
    }
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
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_as_people_do() {
        let at = |host: &str, port| Place { host: host.to_owned(), port };
        for (text, expected) in [
            ("mx.example.org", at("mx.example.org", 25)),
            ("localhost:2525", at("localhost", 2525)),
            ("192.0.2.1", at("192.0.2.1", 25)),
            ("2001:db8::1", at("2001:db8::1", 25)),
            ("[2001:db8::1]", at("2001:db8::1", 25)),
            ("[2001:db8::1]:366", at("2001:db8::1", 366)),
        ] {
            assert_eq!(place(text).unwrap(), expected, "{text}");
        }
        for wrong in ["", ":25", "mx:", "mx.example.org:0", "mx:99999", "a b", "me@example.org"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_is_named_whole_or_by_its_beginning() {
        assert!(known("relay.foreign").is_ok() && known("relay.*").is_ok());
        let told = known("relay.foriegn").unwrap_err();
        assert!(told.contains("did you mean relay.foreign?"), "{told}");
        assert!(known("nothing*").is_err() && group("relay").is_ok());
        assert!(group("relax").unwrap_err().contains("relay"));
    }
}
