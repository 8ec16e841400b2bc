//! `queuectl`'s command line.

mod act;
mod carry;
mod content;
mod digest;
pub(super) mod look;
mod stats;
mod top;
mod watch;

use std::ffi::OsString;
use std::io::{BufWriter, IsTerminal, StdoutLock, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use self::digest::{Digest, Range};
use super::{Example, HELP_TEMPLATE, Input, Refusal, examples, exit_codes, tell, tell_schema};
use crate::config::provider;
use crate::config::value::Duration;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Answer, Office, ids_from};
use crate::flow::desk::record::SCHEMAS;
use crate::flow::desk::selection::Selection;
use crate::report::{FORMATS, Format, Page, in_seconds};
use crate::smtp::escape::Escaped;

/// Command lines worth showing.
pub const EXAMPLES: &[Example] = &[
    ("queuectl domains", "What waits for whom, since when, until when"),
    (
        "queuectl list --domain example.org --older 3d",
        "The messages that have waited for three days",
    ),
    (
        "queuectl list --where 'code >= 400 && size > 1M && !null_sender'",
        "Large mail that the customer put off, notices left out",
    ),
    (
        "queuectl hold --domain example.org --future --until 12h --reason 'their server is moving'",
        "Hand over nothing of a domain until tonight, whatever comes",
    ),
    ("queuectl show 01M85AQA6RYMB2JKEQ85R1F64P", "All that is known of one, as JSON"),
    ("queuectl show 01M85AQA6RYMB2JKEQ85R1F64P --raw > mail.eml", "Its content"),
    ("queuectl list --json | jq -r 'select(.age_s>86400)|[.id,.domain,.age_s]|@tsv'", "For a pipe"),
    (
        "queuectl export /srv/moving --domain example.org && queuectl import /srv/moving --socket /run/new/control",
        "Move a domain's mail to another provider",
    ),
    ("queuectl verify --spool /var/lib/odmr/spool", "Is everything in the spool what came in?"),
    ("queuectl sessions --account acme", "When did that customer last call, and what came of it?"),
    (
        "queuectl hold --domain example.org --until 12h --reason 'moving house'",
        "Keep mail from being handed over",
    ),
    (
        "queuectl list --sender '<>' --older 2d --format ids0 | queuectl delete --id - --yes --reason 'old bounces'",
        "Select with one command, act with another",
    ),
    ("queuectl top", "What waits for whom, live; h holds a domain's mail, r releases it"),
    ("queuectl watch --event delivered,deferred,refused", "What becomes of mail, as it happens"),
    (
        "queuectl list --older 2d --format nagios --warning 0 --critical 100",
        "A check for Nagios, Icinga and the like; it ends with 0, 1, 2, or 3 when it cannot be made",
    ),
    (
        "queuectl list --spool /var/lib/odmr/spool",
        "Look at the spool of a provider that does not run",
    ),
];

/// See what waits in the queue of odmrd, and act on it
#[derive(Debug, Parser)]
#[command(name = "queuectl", version = crate::cli::version(), help_template = HELP_TEMPLATE, subcommand_required = true,
    arg_required_else_help = true)]
pub struct Cli {
    /// Whom to ask.
    #[command(flatten)]
    pub whom: Whom,
    /// Whether anybody may be asked.
    #[command(flatten)]
    pub input: Input,
    /// What.
    #[command(subcommand)]
    pub command: Command,
}

/// Whom to ask.
#[derive(Clone, Debug, Args)]
pub struct Whom {
    /// The settings of odmrd, where its control socket stands
    #[arg(short, long, global = true, value_name = "FILE", default_value = provider::DEFAULT_PATH,
        env = "ODMR_PROVIDER_CONFIG", help_heading = "Whom to ask")]
    pub config: PathBuf,
    /// Ask at this socket
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ODMR_CONTROL",
        help_heading = "Whom to ask"
    )]
    pub socket: Option<PathBuf>,
    /// Look at the spool in this folder, read-only, whether odmrd runs or not
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        conflicts_with = "socket",
        help_heading = "Whom to ask"
    )]
    pub spool: Option<PathBuf>,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The messages in the queue
    ///
    /// The oldest first. Read in pages of 512, each as it was at one moment; a message that is there all the time
    /// is listed once, whatever others do meanwhile.
    List(List),
    /// All that is known of a message
    Show(Show),
    /// What waits for each domain
    Domains(Domains),
    /// The queue by groups
    Stats(Stats),
    /// Keep messages from being handed over
    Hold(Hold),
    /// Have held messages handed over again
    Release(Release),
    /// Drop messages; nobody is told
    Delete(Delete),
    /// Refuse messages: each sender is told, as if the customer had refused
    Bounce(Bounce),
    /// Give messages up now, as if their time had run out: each sender is told
    Expire(Act),
    /// Forget that messages were tried: back to their place in the queue
    Requeue(Requeue),
    /// Give messages to another domain of ours: their recipients get the same names there
    Redirect(Redirect),
    /// Have what waits for a domain brought to its host at once, however lately that came to nothing
    DeliverNow(DeliverNow),
    /// Write messages into files, content and envelope; they stay in the queue
    Export(Export),
    /// Take messages in that export has written; none of them twice
    ///
    /// What is there already stays as it is; also what is deleted and can be called back. What an earlier import
    /// brought, and what has left since, does not come again without --again.
    Import(Import),
    /// Look the whole spool through: rows, contents, counts, files; 1 when something is wrong
    Verify(Verify),
    /// Customers' sessions: those in which mail is going out now, and the last hundred that have ended
    Sessions(Sessions),
    /// What operators did
    Audit(Audit),
    /// Wait until there are no such messages, or until there are
    Wait(Wait),
    /// Follow what happens: mail that comes, waits, goes; sessions; orders
    Watch(Watch),
    /// A live view: domains, sessions, what happens
    Top(Top),
    /// The JSON Schema of what is told
    Schema {
        /// Which; without it, their names
        name: Option<String>,
    },
}

/// How records are put on a page.
#[derive(Clone, Debug, Args)]
pub struct Output {
    #[arg(long, value_name = "FORMAT", value_parser = read_format, help_heading = "Output",
        help = format!("{FORMATS} [default: human on a terminal, else jsonl]"))]
    /// The form
    pub format: Option<Format>,
    /// Short for --format jsonl
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub json: bool,
    /// --format nagios: more messages than this are worth a warning; a range like 10, 10:, ~:10, 5:10, @5:10
    #[arg(long, value_name = "RANGE", help_heading = "Output")]
    pub warning: Option<Range>,
    /// --format nagios: more than this are critical
    #[arg(long, value_name = "RANGE", help_heading = "Output")]
    pub critical: Option<Range>,
    /// These fields only, in this order; a dot leads into an object: id,source.ip; age is short for age_s
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', help_heading = "Output")]
    pub fields: Vec<String>,
    /// In the order of this field; the whole list is kept in memory for it
    #[arg(long, value_name = "FIELD", help_heading = "Output")]
    pub sort: Option<String>,
    /// The other way round
    #[arg(long, help_heading = "Output")]
    pub reverse: bool,
}

/// The schema of this name.
fn schema_of(name: &str) -> Option<Value> {
    let (_, text) = SCHEMAS.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(text).ok()
}

/// Follows a dotted path into a schema. What a schema leaves open has any field.
fn has_field(schema: &Value, path: &str) -> bool {
    let schema = schema.get("items").unwrap_or(schema);
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let inner = match schema.get("properties") {
        None => return true,
        Some(properties) => properties.get(first),
    };
    inner.is_some_and(|inner| rest.is_none_or(|rest| has_field(inner, rest)))
}

fn read_format(text: &str) -> Result<Format, String> {
    text.parse()
}

/// `queuectl list`.
#[derive(Debug, Args)]
pub struct List {
    /// Which.
    #[command(flatten)]
    pub filter: Selection,
    /// How.
    #[command(flatten)]
    pub output: Output,
    /// At most so many
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub limit: Option<u64>,
    /// Go on where an earlier list of the same messages was cut by --limit, which told this word
    #[arg(long, value_name = "CURSOR", conflicts_with_all = ["sort", "reverse"], help_heading = "Output")]
    pub cursor: Option<String>,
    /// Those that were deleted and can be called back too, and behind the others those that have left, as far as
    /// odmrd remembers: of the last ten thousand events. So it is with --state delivered or bounced
    #[arg(long, conflicts_with_all = ["fail_if_any", "by_recipient"],
        help_heading = "Which messages")]
    pub include_done: bool,
    /// A row for each recipient
    #[arg(long, help_heading = "Output")]
    pub by_recipient: bool,
    /// Exit with 1 when there are none. What was deleted is neither listed nor counted unless it is asked for, by
    /// --state deleted or its id
    #[arg(long, help_heading = "Output")]
    pub fail_if_empty: bool,
    /// Exit with 1 when there are any; what was deleted does not count and is left out
    #[arg(long, conflicts_with = "fail_if_empty", help_heading = "Output")]
    pub fail_if_any: bool,
}

/// What a customer sees of the queue of its own.
const OWN_QUEUE: [&str; 8] = [
    "id",
    "state",
    "age_s",
    "expires_in_s",
    "sender",
    "recipients.address",
    "last.code",
    "last.text",
];

impl List {
    /// Everything that waits or has failed, in this form; on a page for people, with what was said of it last.
    pub(super) fn of(format: Format) -> List {
        let fields: &[&str] = match format {
            Format::Human => &OWN_QUEUE,
            _ => &[],
        };
        List {
            filter: Selection::default(),
            output: Output {
                format: Some(format),
                json: false,
                warning: None,
                critical: None,
                fields: fields.iter().map(|&field| field.to_owned()).collect(),
                sort: None,
                reverse: false,
            },
            limit: None,
            cursor: None,
            include_done: false,
            by_recipient: false,
            fail_if_empty: false,
            fail_if_any: false,
        }
    }
}

/// `queuectl show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Its id
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// The content as it would be handed over, to the octet; on a terminal, harmless
    #[arg(long, visible_alias = "eml", group = "part")]
    pub raw: bool,
    /// The header of it
    #[arg(long, group = "part")]
    pub headers: bool,
    /// What stands behind the header
    #[arg(long = "body", group = "part")]
    pub content: bool,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl domains`.
#[derive(Debug, Args)]
pub struct Domains {
    /// These only; *.example.org for all below one
    #[arg(value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// Count recipients and ages too, which takes a walk through all that waits
    #[arg(long)]
    pub ages: bool,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl stats`.
#[derive(Debug, Args)]
pub struct Stats {
    /// Which.
    #[command(flatten)]
    pub filter: Selection,
    /// What the messages of a group have in common [default: state; with --shape domain]
    #[arg(long, value_enum)]
    pub group_by: Option<By>,
    /// How many of each group are up to 1h, 6h, 1d, 3d, 7d old, or older, as qshape shows it
    #[arg(long)]
    pub shape: bool,
    /// How much came and went for so long, as 24h or 90m, or since 2026-12-24T18:00:00Z; by domain or account, or all
    /// together
    #[arg(long, value_name = "TIME", conflicts_with = "shape", value_parser = stats::since)]
    pub since: Option<Timestamp>,
    /// The largest groups only, so many of them
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub limit: Option<usize>,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// What messages may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Whose they are
    Domain,
    /// The account that may claim them
    Account,
    /// Who sent them
    Sender,
    /// How they stand
    State,
    /// What the customer last said of them
    Reason,
    /// How old they are: up to 1h, 6h, 1d, 3d, 7d, or older
    Age,
    /// How large they are: up to 4 KiB, 64 KiB, 1 MiB, 16 MiB, or larger
    Size,
}

/// What every order has.
#[derive(Debug, Args)]
pub struct Act {
    /// Which, by name
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Which.
    #[command(flatten)]
    pub filter: Selection,
    /// Every message that there is
    #[arg(long, help_heading = "Which messages")]
    pub all: bool,
    /// Only show which those would be
    #[arg(short = 'n', long, help_heading = "Order")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long, help_heading = "Order")]
    pub yes: bool,
    /// Why, for the audit
    #[arg(long, value_name = "TEXT", help_heading = "Order")]
    pub reason: Option<String>,
    /// Exit with 0 when there were no such messages
    #[arg(long, help_heading = "Order")]
    pub allow_none: bool,
    /// How.
    #[command(flatten)]
    pub output: Output,
    /// Whether anybody may be asked: said of the program, not of the order.
    #[arg(skip)]
    pub input: Input,
}

/// `queuectl hold`.
#[derive(Debug, Args)]
pub struct Hold {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// Until then: 2026-12-24T18:00:00Z, or 12h, 3d from now; without it, until released
    #[arg(long, value_name = "TIME", help_heading = "Order")]
    pub until: Option<String>,
    /// New mail of these domains too, as it comes; with --domain or --account alone, and a --reason
    #[arg(long, requires = "reason", help_heading = "Order")]
    pub future: bool,
}

/// `queuectl release`.
#[derive(Debug, Args)]
pub struct Release {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// And hold no new mail of these domains any longer; of all, where none is named
    #[arg(long, help_heading = "Order")]
    pub future: bool,
}

/// `queuectl delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// Call back what was deleted, within a day or what --undo-window said
    #[arg(long, help_heading = "Order")]
    pub undo: bool,
    /// For how long it can be called back, 30 days at most: it takes its room until then [default: 24h]
    #[arg(long, value_name = "TIME", conflicts_with = "undo", help_heading = "Order",
        value_parser = crate::config::value::read::<Duration>)]
    pub undo_window: Option<Duration>,
}

/// `queuectl top`.
#[derive(Debug, Args)]
pub struct Top {
    /// Print one frame, and end
    #[arg(long)]
    pub once: bool,
    /// How often to look anew
    #[arg(long, value_name = "TIME", default_value = "2s",
        value_parser = crate::config::value::read::<Duration>)]
    pub interval: Duration,
    /// No characters beyond ASCII
    #[arg(long)]
    pub ascii: bool,
    /// Nothing in red; so it is with NO_COLOR, and on a terminal that has no colours
    #[arg(long)]
    pub no_color: bool,
}

/// `queuectl watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// What came behind this `seq` too, as far as odmrd remembers it: the last ten thousand
    #[arg(long, value_name = "SEQ", help_heading = "Which events")]
    pub from_cursor: Option<u64>,
    /// What has happened so far, all of it unless --from-cursor says from where, and no more
    #[arg(long, help_heading = "Which events")]
    pub no_follow: bool,
    /// These only: queued, session_start, delivered, deferred, refused, held, released, deleted, undeleted, expired, bounced, requeued, redirected, session_end
    #[arg(long, value_name = "EVENT", value_delimiter = ',', help_heading = "Which events")]
    pub event: Vec<String>,
    /// Of this domain only, or of all below it (*.example.org)
    #[arg(long, value_name = "DOMAIN", help_heading = "Which events")]
    pub domain: Vec<String>,
    /// Of this account only
    #[arg(long, value_name = "NAME", help_heading = "Which events")]
    pub account: Vec<String>,
    /// About the message with this id only; - reads ids from standard input
    #[arg(long, value_name = "ID", help_heading = "Which events")]
    pub id: Vec<String>,
    /// With this reply of the customer only: 452, 4xx, 4.2.2
    #[arg(long, value_name = "CODE", help_heading = "Which events")]
    pub code: Vec<String>,
    /// End after so many
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub limit: Option<u64>,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl redirect`.
#[derive(Debug, Args)]
pub struct Redirect {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// To this domain, which a customer must have
    #[arg(long, value_name = "DOMAIN", help_heading = "Order")]
    pub to: String,
}

/// `queuectl requeue`.
#[derive(Debug, Args)]
pub struct Requeue {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// And give them to this domain, which a customer must have: their recipients get the same names there
    #[arg(long, value_name = "DOMAIN", help_heading = "Order")]
    pub to_domain: Option<String>,
}

/// `queuectl deliver-now`.
#[derive(Debug, Args)]
pub struct DeliverNow {
    /// The domains; each must have a host
    #[arg(required = true, value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// Only show how much that would be
    #[arg(short = 'n', long, help_heading = "Order")]
    pub dry_run: bool,
    /// Why, for the audit
    #[arg(long, value_name = "TEXT", help_heading = "Order")]
    pub reason: Option<String>,
    /// Exit with 0 when nothing waits
    #[arg(long, help_heading = "Order")]
    pub allow_none: bool,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl bounce`.
#[derive(Debug, Args)]
pub struct Bounce {
    /// What every order has.
    #[command(flatten)]
    pub act: Act,
    /// The enhanced status that senders are told [default: 5.7.1]; with --text, --code 5.x.y is this and no filter
    #[arg(long, value_name = "5.x.y", help_heading = "Order")]
    pub status: Option<String>,
    /// And the words [default: refused by the postmaster]
    #[arg(long, value_name = "TEXT", help_heading = "Order")]
    pub text: Option<String>,
}

/// `queuectl export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder, or with --as mbox or tar the file
    #[arg(value_name = "TO")]
    pub to: PathBuf,
    /// Which, by name
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Which.
    #[command(flatten)]
    pub filter: Selection,
    /// As eml (with a .json each), maildir or mbox (with their envelopes beside them), or tar (with all in it)
    #[arg(long = "as", visible_alias = "format", value_name = "FORM", default_value = "eml",
        value_parser = str::parse::<carry::files::Form>, help_heading = "Output")]
    pub form: carry::files::Form,
}

/// `queuectl import`.
#[derive(Debug, Args)]
pub struct Import {
    /// What export has written: folders, mbox files, tars, or single .eml files
    #[arg(required = true, value_name = "FROM")]
    pub from: Vec<PathBuf>,
    /// Take in once more what was imported before and has left since
    #[arg(long)]
    pub again: bool,
}

/// `queuectl verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Mend what can be mended, of a spool that nobody uses (--spool): indexes and counts are made anew; files
    /// that no message speaks of, and octets behind the end of a content, are moved to its folder lost; damaged
    /// mail is set aside and kept
    #[arg(long, help_heading = "Order")]
    pub repair: bool,
    /// With --repair: only look
    #[arg(short = 'n', long, requires = "repair", help_heading = "Order")]
    pub dry_run: bool,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl sessions`.
#[derive(Debug, Args)]
pub struct Sessions {
    /// Of this account only (repeatable)
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// The last so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// The last so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// How.
    #[command(flatten)]
    pub output: Output,
}

/// `queuectl wait`.
#[derive(Debug, Args)]
pub struct Wait {
    /// Which.
    #[command(flatten)]
    pub filter: Selection,
    /// Until there are none; this is so unless --any is said. What was deleted does not count
    #[arg(long, conflicts_with = "any")]
    pub empty: bool,
    /// Until there are any
    #[arg(long)]
    pub any: bool,
    /// Give up after this, with 75
    #[arg(long, value_name = "TIME", default_value = "10m",
        value_parser = crate::config::value::read::<Duration>)]
    pub timeout: Duration,
}

/// The definition of the command line, for its help, manual page and completions.
pub fn command() -> clap::Command {
    let said = |arg: clap::Arg| match arg.get_id() == "said" {
        true => arg.visible_alias("reason"),
        false => arg,
    };
    // Where it is not why something is done.
    let command = Cli::command().mut_subcommands(|command| match command.get_name() {
        "list" | "stats" | "export" | "wait" => command.mut_args(said),
        _ => command,
    });
    command.before_long_help(examples(EXAMPLES)).after_help(exit_codes())
}

/// Reads a command line.
///
/// # Errors
/// [`Refusal`], to be printed.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Refusal> {
    let matches = command().try_get_matches_from(args)?;
    Ok(Cli::from_arg_matches(&matches)?)
}

/// Does what the command line says.
///
/// # Errors
/// [`Failure`] with what stood in the way.
pub fn run(cli: Cli) -> Result<Exit, Failure> {
    if let Command::Schema { name } = &cli.command {
        return tell_schema(&SCHEMAS, name.as_deref());
    }
    let checks = cli.command.is_a_check()?;
    match answer(cli) {
        // What such a check cannot find out is its fourth answer, and stands where the others do.
        Err(failure) if checks => is_unknown(&failure),
        answered => answered,
    }
}

fn is_unknown(failure: &Failure) -> Result<Exit, Failure> {
    tell(&format!("{}\n", digest::unknown(failure)))?;
    Ok(Exit::Unknown)
}

/// Tells of a command line that is none, and gives the end: of a check in its own form, since whoever reads
/// that reads nothing else.
pub fn refused(refusal: &Refusal, args: &[OsString]) -> Exit {
    let after = |flag: &str| args.windows(2).any(|two| two[0] == flag && two[1] == "nagios");
    let checks = after("--format") || args.iter().any(|arg| arg == "--format=nagios");
    if checks && refusal.exit() == Exit::Usage {
        let text = refusal.to_string();
        let first = text.lines().next().unwrap_or_default();
        let what = first.strip_prefix("error: ").unwrap_or(first);
        if let Ok(exit) = is_unknown(&Failure::new(Exit::Usage, what)) {
            return exit;
        }
    }
    refusal.print();
    refusal.exit()
}

fn answer(mut cli: Cli) -> Result<Exit, Failure> {
    if let Some(act) = cli.command.act() {
        act.input = cli.input;
    }
    if matches!(cli.command, Command::List(_) | Command::Stats(_) | Command::Export(_)) {
        // Mail goes before looking at it, here as in odmrd.
        let _ = rustix::process::nice(19);
    }
    let office = office(&cli.whom)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Os, error))?;
    runtime.block_on(async {
        match cli.command {
            Command::List(list) => look::list(&office, list).await,
            Command::Show(show) => look::show(&office, show).await,
            Command::Domains(domains) => look::domains(&office, domains).await,
            Command::Stats(wanted) => stats::stats(&office, wanted).await,
            Command::Export(export) => carry::export(&office, export).await,
            Command::Import(import) => carry::import(&office, import).await,
            Command::Verify(verify) => look::verify(&office, verify).await,
            Command::Sessions(sessions) => look::sessions(&office, sessions).await,
            Command::Audit(audit) => look::audit(&office, audit).await,
            Command::Wait(wait) => look::wait(&office, wait).await,
            Command::Watch(wanted) => watch::watch(&office, wanted).await,
            Command::Top(flags) => top::top(&office, flags).await,
            Command::Hold(hold) => act::hold(&office, hold).await,
            Command::Release(release) => act::release(&office, release).await,
            Command::Delete(delete) => act::delete(&office, delete).await,
            Command::Bounce(bounce) => act::bounce(&office, bounce).await,
            Command::Expire(act) => act::expire(&office, act).await,
            Command::Requeue(act) => act::requeue(&office, act).await,
            Command::DeliverNow(deliver) => act::deliver_now(&office, deliver).await,
            Command::Redirect(redirect) => act::redirect(&office, redirect).await,
            Command::Schema { .. } => Ok(Exit::Ok),
        }
    })
}

/// Where to ask: as named, or where the settings say that odmrd listens.
fn office(whom: &Whom) -> Result<Office, Failure> {
    if let Some(folder) = &whom.spool {
        return Ok(Office::Spool(folder.clone()));
    }
    if let Some(socket) = &whom.socket {
        return Ok(Office::Socket(socket.clone()));
    }
    let loaded = provider::load(&whom.config).map_err(|problems| {
        let hint = "--socket names odmrd's control socket, --config its settings";
        let untold = problems.iter().all(|problem| problem.hint.is_none());
        Failure::new(Exit::Config, problems).hint(untold.then_some(hint))
    })?;
    Ok(Office::Socket(loaded.settings.control_socket()))
}

impl Command {
    /// What orders have that are asked about.
    fn act(&mut self) -> Option<&mut Act> {
        match self {
            Command::Hold(Hold { act, .. })
            | Command::Release(Release { act, .. })
            | Command::Delete(Delete { act, .. })
            | Command::Bounce(Bounce { act, .. })
            | Command::Requeue(Requeue { act, .. })
            | Command::Redirect(Redirect { act, .. })
            | Command::Expire(act) => Some(act),
            _ => None,
        }
    }
}

/// A selection with its ids read from standard input where it says so; nothing where that names no message
/// at all, which must not come to mean every one.
fn with_ids(mut filter: Selection, ids: Vec<String>) -> Result<Option<Selection>, Failure> {
    filter.id.extend(ids);
    if filter.id.iter().any(|id| id == "-") {
        let read = ids_from(&mut std::io::stdin().lock());
        let read =
            read.map_err(|error| Failure::new(Exit::Io, format!("standard input: {error}")))?;
        filter.id.retain(|id| id != "-");
        if read.is_empty() && filter.id.is_empty() {
            return Ok(None);
        }
        filter.id.extend(read);
    }
    let bad = |bad| Failure::new(Exit::Usage, bad);
    filter.filter().map_err(bad)?;
    filter.sources().map_err(bad)?;
    filter.conditions().map_err(bad)?;
    filter.subjects().map_err(bad)?;
    Ok(Some(filter))
}

/// The same for those who have nothing to do without.
fn these(filter: Selection, ids: Vec<String>) -> Result<Selection, Failure> {
    match with_ids(filter, ids)? {
        Some(filter) => Ok(filter),
        None => Err(Failure::new(Exit::Partial, "standard input names no message")),
    }
}

type Paper<'a> = Page<BufWriter<StdoutLock<'a>>>;

impl Command {
    /// Is it a check that monitoring makes? Only what lists messages or domains can be.
    fn is_a_check(&self) -> Result<bool, Failure> {
        let (output, counts) = match self {
            Command::List(List { output, .. }) | Command::Domains(Domains { output, .. }) => {
                (output, true)
            }
            Command::Show(Show { output, .. })
            | Command::Stats(Stats { output, .. })
            | Command::Verify(Verify { output, .. })
            | Command::Sessions(Sessions { output, .. })
            | Command::Audit(Audit { output, .. })
            | Command::Watch(Watch { output, .. }) => (output, false),
            _ => return Ok(false),
        };
        if !counts {
            return output.shows().map(|()| false);
        }
        Ok(output.digests()? == Some(&Format::Nagios))
    }
}

impl Output {
    /// The form for monitoring that was asked for, if any.
    fn digests(&self) -> Result<Option<&Format>, Failure> {
        let format = self.format.as_ref();
        let format = format.filter(|f| matches!(f, Format::Prometheus | Format::Nagios));
        if format != Some(&Format::Nagios) && (self.warning.is_some() || self.critical.is_some()) {
            let what = "--warning and --critical are for --format nagios";
            return Err(Failure::new(Exit::Usage, what));
        }
        Ok(format)
    }

    /// Only where messages or domains are listed can they be counted instead.
    fn shows(&self) -> Result<(), Failure> {
        match self.digests()? {
            None => Ok(()),
            Some(_) => {
                let what = "--format: prometheus and nagios are for list and domains";
                Err(Failure::new(Exit::Usage, what))
            }
        }
    }

    /// Counts an answer instead of showing it.
    async fn digest(&self, answer: &mut Answer, format: &Format) -> Result<Exit, Failure> {
        let mut digest = Digest::default();
        while let Some(line) = answer.next().await? {
            digest.take(&parsed(line)?);
        }
        if *format == Format::Prometheus {
            return tell(&digest.exposition());
        }
        let (line, exit) = digest.verdict(self.warning, self.critical);
        tell(&format!("{line}\n"))?;
        Ok(exit)
    }

    fn page(&self, usual: &[&str], wide: &[&str]) -> Paper<'static> {
        let terminal = std::io::stdout().is_terminal();
        let format = match (&self.format, self.json) {
            (_, true) => Format::Jsonl,
            (Some(format), _) => format.clone(),
            (None, _) if terminal => Format::Human,
            (None, _) => Format::Jsonl,
        };
        let usual = if format == Format::Human { usual } else { wide };
        let width = terminal.then(width).flatten();
        let out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
        Page::new(out, format, self.fields.clone(), usual, width)
    }

    /// Puts an answer on a page. Says how many records there were. What came before a fault is shown.
    async fn put(&self, answer: &mut Answer, mut page: Paper<'_>) -> Result<u64, Failure> {
        let sorted = self.sort.is_some() || self.reverse;
        let (mut records, mut shown) = (Vec::new(), false);
        let end = loop {
            let line = match answer.next().await {
                Ok(Some(line)) => line,
                Ok(None) => break Ok(()),
                Err(fault) => break Err(fault),
            };
            shown = true;
            match (sorted, page.takes_lines()) {
                (true, _) => records.push(parsed(line)?),
                (false, true) => page.line(line).map_err(unwritten)?,
                (false, false) => page.record(&parsed(line)?).map_err(unwritten)?,
            }
        };
        if let (Err(fault), false) = (&end, shown) {
            return Err(fault.clone());
        }
        self.arrange(&mut records);
        records.iter().try_for_each(|record| page.record(record)).map_err(unwritten)?;
        let rows = page.end().map_err(unwritten)?;
        end.map(|()| rows)
    }

    /// Are all fields that are named here those of such records? Ids are wanted of what has some.
    ///
    /// # Errors
    /// [`Failure`] names one that is not.
    fn names(&self, schema: &str) -> Result<(), Failure> {
        self.names_fields(schema)?;
        let wants_ids = matches!(self.format, Some(Format::Ids | Format::Ids0));
        if wants_ids && schema_of(schema).is_some_and(|known| !has_field(&known, "id")) {
            let what = "--format: ids and ids0 are for what has an id, and these records have none";
            let hint = "one field of each, a line each: --format template:'{FIELD}'";
            return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
        }
        Ok(())
    }

    fn names_fields(&self, schema: &str) -> Result<(), Failure> {
        let placeholders = self.format.iter().flat_map(Format::placeholders);
        let named = self.fields.iter().chain(&self.sort).map(String::as_str).chain(placeholders);
        let Some(known) = schema_of(schema) else { return Ok(()) };
        let is_one = |name: &str| has_field(&known, name) || has_field(&known, &in_seconds(name));
        match { named }.find(|name| !is_one(name)) {
            None => Ok(()),
            Some(wrong) => {
                let what = format!("no such field: {}", Escaped::text(wrong));
                let hint = format!("queuectl schema {schema} names all there are");
                Err(Failure::new(Exit::Usage, what).hint(Some(hint)))
            }
        }
    }

    fn arrange(&self, records: &mut [Value]) {
        if let Some(field) = &self.sort {
            let pointer = format!("/{}", field.replace('.', "/"));
            records.sort_by(|a, b| compare(found(a, &pointer), found(b, &pointer)));
        }
        if self.reverse {
            records.reverse();
        }
    }
}

/// The value at a pointer; of an age, that in seconds.
fn found<'a>(record: &'a Value, pointer: &str) -> Option<&'a Value> {
    record.pointer(pointer).or_else(|| record.pointer(&in_seconds(pointer)))
}

/// Numbers as numbers, everything else as text; what is not there comes first.
fn compare(a: Option<&Value>, b: Option<&Value>) -> std::cmp::Ordering {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a_number, b_number) => {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            (a_number.is_some(), text(a)).cmp(&(b_number.is_some(), text(b)))
        }
    }
}

pub(super) fn parsed(line: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(line)
        .map_err(|fault| Failure::new(Exit::Protocol, format!("a record of odmrd's: {fault}")))
}

/// A reader who has gone away has read enough.
fn unwritten(error: std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(i32::from(Exit::Ok as u8));
    }
    Failure::new(Exit::Io, format!("standard output: {error}"))
}

fn width() -> Option<u16> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col).filter(|n| *n > 0)
}

/// Says something to whoever sits there.
fn say(text: &str) {
    // Whoever closed our standard error does not want to hear it.
    let _ = writeln!(std::io::stderr().lock(), "queuectl: {text}");
}
