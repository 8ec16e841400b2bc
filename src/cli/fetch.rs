//! `atrn-fetch`'s command line. `run` may be left out, so that `atrn-fetch home` reads naturally.
//!
//! The flags that are settings are not listed here: they are [`Layer`], the same list the settings
//! file is read by.

mod bar;
pub(super) mod begin;
mod daemon;
mod dialogues;
pub mod ending;
mod given;
mod own_queue;
mod passwd;
mod plan;
mod run;
mod runtime;
pub mod schema;
mod status;
mod take_over;
mod watched;
mod words;

pub use run::run;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::{Example, HELP_TEMPLATE, Input, Refusal, examples, exit_codes};
use crate::config::fetch::{
    Account, Effective, ExitCodes, Family, Files, Layer, Origin, Whole, WholeEffective,
};
use crate::config::secret::{CommandLine, SecretSource};
use crate::config::value::{Duration, read};
use crate::config::{Problem, Problems, did_you_mean, fetch};

/// Command lines worth showing.
pub const EXAMPLES: &[Example] = &[
    ("atrn-fetch home", "Fetch for the account [account.home] of the settings file"),
    (
        "atrn-fetch --all -q --lock skip",
        "From cron: every account, silent unless something is wrong",
    ),
    (
        "atrn-fetch run --server odmr.example.net --user acme --password-file /etc/odmr/acme.pw \
         --domain example.org --deliver maildir:/var/mail/acme",
        "Without any settings file",
    ),
    ("atrn-fetch --all --dry-run", "Say what would be done, and do nothing"),
    ("atrn-fetch check home", "Log in, show what the provider can do, fetch nothing"),
    (
        "atrn-fetch init home --server odmr.example.net --user acme --password-stdin \
         --domain example.org --deliver smtp:localhost:25",
        "A settings file to begin with",
    ),
    (
        "atrn-fetch import-fetchmailrc ~/.fetchmailrc --print",
        "What fetchmail was told, as settings of ours",
    ),
    ("atrn-fetch daemon", "Every account, each as often as its `interval` says"),
    ("atrn-fetch status --max-age 2h || alert", "Has every account been fetched of late?"),
    ("atrn-fetch passwd home", "A new password, typed twice, in the account's password file"),
    ("atrn-fetch test-target home", "Ask our own mail server whether it would take the mail"),
    ("atrn-fetch --all -q --format nagios", "Fetch, and answer monitoring in one"),
    ("atrn-fetch show-config home --origin", "Which settings count, and where they come from"),
];

/// Collect a domain's mail from its ODMR provider with ATRN (RFC 2645), and land it safely
#[derive(Debug, Parser)]
#[command(name = "atrn-fetch", version = crate::cli::version(), help_template = HELP_TEMPLATE, subcommand_required = true,
    override_usage = "atrn-fetch [run] [ACCOUNT]... [OPTIONS]\n       atrn-fetch <COMMAND> [ACCOUNT]... [OPTIONS]")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do, and for whom.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fetch (this is what happens when no command is named)
    Run(Run),
    /// Keep fetching, each account in its own rhythm; SIGUSR1 fetches now, SIGHUP reads the settings anew
    Daemon(Daemon),
    /// Show how the last runs went, and when the next are due; 1 when something is wrong
    Status(Status),
    /// Write a settings file to begin with, from the flags given; asks nothing, overwrites nothing
    Init(Init),
    /// Take the settings over from fetchmail: its entries for ODMR become accounts; overwrites nothing
    ImportFetchmailrc(ImportFetchmailrc),
    /// Log in, show what the provider can do, and leave without the turn
    Check(Common),
    /// Try the place where mail would be delivered; the provider is not called
    TestTarget(Common),
    /// Give an account a new password, in the file that its settings name; asked for without echo
    Passwd(Passwd),
    /// Show what waits in the account's own queue (spool) for its target, and act on it
    Queue(Queue),
    /// Show the settings that count; never a secret
    ShowConfig(ShowConfig),
    /// Print the JSON Schema of what is told
    Schema {
        /// Which; without it, their names
        #[arg(value_name = "SCHEMA")]
        name: Option<String>,
    },
}

impl Command {
    /// Whether no name means every account.
    fn means_all(&self) -> bool {
        matches!(self, Command::Daemon(_) | Command::Status(_))
    }

    /// Whether it calls somebody, so that how it went is for `[run]` to say. How `status` ends is for
    /// monitoring.
    fn calls(&self) -> bool {
        matches!(self, Command::Run(_) | Command::Check(_) | Command::TestTarget(_))
    }

    /// Whether it can tell monitoring how runs went.
    fn tells_how_runs_went(&self) -> bool {
        match self {
            Command::Run(run) => !run.dry_run,
            Command::Status(_) => true,
            _ => false,
        }
    }

    /// What every command has but one that is about no account.
    pub fn common(&self) -> Option<&Common> {
        Some(match self {
            Command::Run(run) => &run.common,
            Command::Daemon(daemon) => &daemon.common,
            Command::Status(status) => &status.common,
            Command::Init(init) => &init.common,
            Command::ImportFetchmailrc(import) => &import.common,
            Command::Check(common) | Command::TestTarget(common) => common,
            Command::Passwd(passwd) => &passwd.common,
            Command::Queue(queue) => &queue.common,
            Command::ShowConfig(show) => &show.common,
            Command::Schema { .. } => return None,
        })
    }

    /// How to talk.
    pub fn output(&self) -> Output {
        self.common().map(|common| common.output).unwrap_or_default()
    }
}

/// `atrn-fetch run`.
#[derive(Debug, Args)]
pub struct Run {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Write a JSON object on each account's run to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub summary: Option<PathBuf>,
    /// Say what would be done, and do nothing: nobody is called, no password is read
    #[arg(long, short = 'n', help_heading = "Behaviour")]
    pub dry_run: bool,
}

/// `atrn-fetch daemon`. Without names: every account of the settings files.
#[derive(Debug, Args)]
pub struct Daemon {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Fetch for this many accounts at a time
    #[arg(long, value_name = "N", default_value_t = 4, help_heading = "Behaviour",
        value_parser = at_least_one)]
    pub at_once: usize,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse::<usize>().ok().filter(|n| (1..=1000).contains(n));
    number.ok_or_else(|| "allowed: 1 to 1000".to_owned())
}

/// `atrn-fetch status`. Without names: every account of the settings files.
#[derive(Debug, Args)]
pub struct Status {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Something is wrong, too, when the last success of an account is older than this
    #[arg(long, value_name = "DURATION", value_parser = read::<Duration>, help_heading = "Behaviour")]
    pub max_age: Option<Duration>,
}

/// `atrn-fetch init`.
#[derive(Debug, Args)]
pub struct Init {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Read the password from the first line of standard input, and keep it in a file beside the settings
    #[arg(long, conflicts_with_all = ["password_command", "password_file", "password_fd", "credential", "netrc"],
        help_heading = "Login")]
    pub password_stdin: bool,
    /// Show what would be written, and write nothing
    #[arg(long, conflicts_with = "password_stdin", help_heading = "Output")]
    pub print: bool,
}

/// `atrn-fetch import-fetchmailrc`.
#[derive(Debug, Args)]
pub struct ImportFetchmailrc {
    /// fetchmail's run control file; - is standard input [default: ~/.fetchmailrc]
    #[arg(value_name = "FILE", help_heading = "Selection")]
    pub file: Option<PathBuf>,
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Show what would be written, without the passwords, and write nothing
    #[arg(long, help_heading = "Output")]
    pub print: bool,
}

/// `atrn-fetch show-config`.
#[derive(Debug, Args)]
pub struct ShowConfig {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Say of each setting where it comes from
    #[arg(long)]
    pub origin: bool,
}

/// `atrn-fetch passwd`.
#[derive(Debug, Args)]
pub struct Passwd {
    /// What every command has. A flag that names a source of the password names that of the new one.
    #[command(flatten)]
    pub common: Common,
    /// Read the new password from the first line of standard input
    #[arg(long, conflicts_with_all = ["password_command", "password_file", "password_fd", "credential", "netrc"],
        help_heading = "Login")]
    pub password_stdin: bool,
}

/// `atrn-fetch queue`.
#[derive(Debug, Args)]
pub struct Queue {
    /// What every command has.
    #[command(flatten)]
    pub common: Common,
    /// Bring all that waits to the target now; the provider is not called
    #[arg(long, conflicts_with = "drop", help_heading = "Order")]
    pub retry: bool,
    /// Drop this message; nobody is told (repeatable)
    #[arg(long, value_name = "ID", help_heading = "Order")]
    pub drop: Vec<String>,
}

/// What every command has: accounts, settings by flag, and how to talk.
#[derive(Debug, Args)]
pub struct Common {
    /// The accounts, by their names in the settings file; none: the only one, or that of the flags
    #[arg(value_name = "ACCOUNT", help_heading = "Selection")]
    pub accounts: Vec<String>,
    /// Every account of the settings files, one after the other
    #[arg(long, conflicts_with = "accounts", help_heading = "Selection")]
    pub all: bool,
    /// The settings file; the user's and the system's are then left alone
    #[arg(long, short, value_name = "FILE", env = "ODMR_FETCH_CONFIG", help_heading = "Selection")]
    pub config: Option<PathBuf>,
    /// Settings by flag or by variable.
    #[command(flatten)]
    pub settings: Layer,
    /// Which addresses are called, for short.
    #[command(flatten)]
    pub family: FamilyFlags,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: PasswordFlags,
    /// What holds for the run as a whole.
    #[command(flatten)]
    pub whole: Whole,
    /// Whether anybody may be asked.
    #[command(flatten)]
    pub input: Input,
    /// How to talk.
    #[command(flatten)]
    pub output: Output,
}

/// Which addresses are called, for short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct FamilyFlags {
    /// Call IPv4 addresses only; the same as --family ipv4
    #[arg(long, short = '4', conflicts_with = "ipv6", help_heading = "Transport")]
    pub ipv4: bool,
    /// Call IPv6 addresses only; the same as --family ipv6
    #[arg(long, short = '6', help_heading = "Transport")]
    pub ipv6: bool,
}

impl FamilyFlags {
    /// Both ways of saying it are flags, and go before the variable; two that differ are a mistake.
    fn and(self, long: Option<Family>) -> Result<Option<Family>, Refusal> {
        let short = match (self.ipv4, self.ipv6) {
            (true, _) => Some(Family::Ipv4),
            (_, true) => Some(Family::Ipv6),
            _ => None,
        };
        match (short, long) {
            (Some(short), Some(long)) if short != long => {
                let what = "the argument '--family' cannot be used with '-4' or '-6'";
                Err(command().error(ErrorKind::ArgumentConflict, what).into())
            }
            (short, long) => Ok(short.or(long)),
        }
    }
}

/// Where the password comes from. Never the password itself: arguments and variables are for
/// others to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[group(multiple = false)]
pub struct PasswordFlags {
    /// Run this command; the first line it prints is the password
    #[arg(long, value_name = "COMMAND", help_heading = "Login")]
    pub password_command: Option<String>,
    /// The first line of this file is the password; others must not be able to read it
    #[arg(long, value_name = "FILE", help_heading = "Login")]
    pub password_file: Option<PathBuf>,
    /// Read the password from this open file descriptor
    #[arg(long, value_name = "N", help_heading = "Login")]
    pub password_fd: Option<u32>,
    /// The password is that of the server and user in this netrc file
    #[arg(long, value_name = "FILE", help_heading = "Login")]
    pub netrc: Option<PathBuf>,
    /// The systemd credential of this name is the password
    #[arg(long, value_name = "NAME", help_heading = "Login")]
    pub credential: Option<String>,
}

impl PasswordFlags {
    /// The source that one of the flags names.
    pub(super) fn source(&self) -> Option<SecretSource> {
        let command = self.password_command.clone().map(CommandLine::Shell);
        command
            .map(SecretSource::Command)
            .or_else(|| self.password_file.clone().map(SecretSource::File))
            .or_else(|| self.password_fd.map(SecretSource::Fd))
            .or_else(|| self.credential.clone().map(SecretSource::Credential))
            .or_else(|| self.netrc.clone().map(SecretSource::Netrc))
    }
}

/// How to talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Output {
    /// For whom standard output is
    #[arg(long, short, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: Format,
    /// The same as --format jsonl
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub json: bool,
    /// Say nothing unless something is wrong, and the same trouble only once in --report-interval
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
    /// Say more; twice: the whole dialogue, secrets removed
    #[arg(long, short, action = clap::ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
}

impl Output {
    /// The format, whichever flag asked for it.
    pub fn format(self) -> Format {
        if self.json { Format::Jsonl } else { self.format }
    }
}

/// For whom standard output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// For run and status: the line of a check for monitoring, which ends with 0, 1, 2 or 3
    Nagios,
    /// For run and status: metrics, for a file that Prometheus's node exporter collects
    Prometheus,
}

/// A command line that was understood, its settings told apart by where they were said.
#[derive(Debug)]
pub struct Invocation {
    /// What to do. Settings are in the two layers below, not here.
    pub command: Command,
    /// What flags say.
    pub flags: Layer,
    /// What `ODMR_*` variables say.
    pub environment: Layer,
    /// What flags and variables say of the run as a whole.
    pub whole: (Whole, Whole),
    /// `run` was left out, so that a command that is misspelt looks like an account.
    pub run_left_out: bool,
}

/// The definition, with its examples and exit codes.
pub fn command() -> clap::Command {
    let command = Cli::command().before_long_help(examples(EXAMPLES)).after_long_help(exit_codes());
    command.mut_subcommands(with_defaults)
}

/// Defaults are not clap's business, because files come between flags and defaults; but its help
/// should tell them.
fn with_defaults(command: clap::Command) -> clap::Command {
    let defaults = Account::new("", Layer::default()).shown();
    let of_run = Files::default().whole(Vec::new()).settings();
    let of_run = of_run.into_iter().map(|setting| (setting.key, setting.value));
    let taken: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let all = defaults.into_iter().chain(of_run);
    all.filter(|(key, _)| taken.iter().any(|id| id == key)).fold(
        command,
        |command, (key, value)| match value {
            Some(value) => command.mut_arg(key, |arg| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                arg.help(format!("{help} [default: {value}]"))
            }),
            None => command,
        },
    )
}

/// Reads the command line, and the `ODMR_*` variables.
///
/// # Errors
/// A [`Refusal`] to be printed: a mistake, or a wish for help.
pub fn parse<I, T>(args: I) -> Result<Invocation, Refusal>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = args.into_iter().map(Into::into).collect();
    let (args, run_left_out) = with_run(args);
    let matches = command().try_get_matches_from(args)?;
    let command = Cli::from_arg_matches(&matches)?.command;
    let Some(common) = command.common() else {
        let (nothing, nobody) = (Layer::default(), (Whole::default(), Whole::default()));
        let environment = nothing.clone();
        return Ok(Invocation {
            command,
            flags: nothing,
            environment,
            whole: nobody,
            run_left_out,
        });
    };
    of_before(|name| std::env::var_os(name).is_some())?;
    let (environment, mut flags) = common.settings.clone().partition(from_variable(&matches));
    // For passwd it is where the new one comes from, not where it is to be kept.
    let of_account = !matches!(command, Command::Passwd(_));
    flags.password = common.password.source().filter(|_| of_account);
    flags.family = common.family.and(flags.family)?;
    let (of_variables, of_flags) = common.whole.partition(from_variable(&matches));
    let whole = (of_flags, of_variables);
    Ok(Invocation { command, flags, environment, whole, run_left_out })
}

/// Variables of before, and what is said now.
const REPLACED: [(&str, &str); 2] = [
    ("ODMR_TURN", "ODMR_VERB=turn, or ODMR_VERB=atrn where it was false"),
    ("ODMR_FORCE_ATRN", "ODMR_VERB=atrn"),
];

/// Nobody sets a variable that does nothing on purpose.
fn of_before(is_set: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    match REPLACED.into_iter().find(|(before, _)| is_set(before)) {
        None => Ok(()),
        Some((before, now)) => {
            let what = format!("the variable {before} is no more; say {now}");
            Err(command().error(ErrorKind::UnknownArgument, what).into())
        }
    }
}

/// Whose numbers a command line that was refused asks for; nothing else of it is known.
pub fn codes_of_refused<T: AsRef<OsStr>>(args: &[T]) -> Whole {
    let mut said = std::env::var_os("ODMR_EXIT_CODES");
    for (n, word) in args.iter().map(AsRef::as_ref).enumerate() {
        match word.to_str().and_then(|word| word.strip_prefix("--exit-codes")) {
            Some("") => said = args.get(n + 1).map(|word| word.as_ref().to_owned()),
            Some(value) => said = value.strip_prefix('=').map(OsString::from),
            None => {}
        }
    }
    let fetchmail = said.is_some_and(|said| said == "fetchmail");
    Whole { exit_codes: fetchmail.then_some(ExitCodes::Fetchmail), ..Whole::default() }
}

/// Is a setting's value that of a variable?
fn from_variable(matches: &ArgMatches) -> impl Fn(&str) -> bool {
    let below = matches.subcommand().map(|(_, below)| below);
    // These two are no flags themselves, and clap must not be asked for what it does not know.
    let is_flag = |key: &str| !matches!(key, "password" | "fallback");
    move |key| {
        let source = below.filter(|_| is_flag(key)).and_then(|m| m.value_source(key));
        source == Some(ValueSource::EnvVariable)
    }
}

/// Puts the command first, where flags stand before it, and `run` where it was left out; and says whether it was.
fn with_run(mut args: Vec<OsString>) -> (Vec<OsString>, bool) {
    let definition = command();
    let wishes = ["help", "--help", "-h", "--version", "-V"];
    let is_command = |word: &str| definition.find_subcommand(word).is_some();
    let mut at = 1;
    while let Some(word) = args.get(at).and_then(|word| word.to_str()) {
        if is_command(word) || at == 1 && wishes.contains(&word) {
            let first = args.remove(at);
            args.insert(1, first);
            return (args, false);
        }
        if !word.starts_with('-') || word == "--" {
            break;
        }
        at += if wants_a_value(&definition, word) { 2 } else { 1 };
    }
    if !args.is_empty() {
        args.insert(1, "run".into());
    }
    (args, true)
}

/// Is the word behind this flag its value?
fn wants_a_value(definition: &clap::Command, flag: &str) -> bool {
    let is_it = |arg: &clap::Arg| match flag.strip_prefix("--") {
        Some(long) => arg.get_long_and_visible_aliases().is_some_and(|all| all.contains(&long)),
        None => {
            let mut letters = flag.chars().skip(1);
            let (letter, rest) = (letters.next(), letters.next());
            rest.is_none() && letter.is_some() && arg.get_short() == letter
        }
    };
    let below = definition.get_subcommands().flat_map(clap::Command::get_arguments);
    let mut of_flag = below.filter(|arg| is_it(arg));
    of_flag.any(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}

impl Invocation {
    /// The accounts meant, each with the settings that count for it: flag, variable, file, default.
    ///
    /// # Errors
    /// When an account does not exist, or none is named and it is not clear which.
    pub fn accounts(&self, files: &Files) -> Result<Vec<Effective>, Problem> {
        let Some(common) = self.command.common() else { return Ok(Vec::new()) };
        if !common.accounts.is_empty() {
            return common.accounts.iter().map(|name| self.account(files, name)).collect();
        }
        let all = common.all || self.command.means_all() && self.flags.server.is_none();
        match (&files.accounts()[..], all) {
            ([], true) => Err(nobody("no settings file has any account")),
            (all, true) => all.iter().map(|name| self.account(files, name)).collect(),
            _ if self.flags.server.is_some() => Ok(vec![files.by_flags(self.layers())]),
            ([only], false) => Ok(vec![self.account(files, only)?]),
            ([], false) => Ok(vec![files.by_flags(self.layers())]),
            (several, false) => Err(nobody("several accounts, and none is named")
                .hint(format!("name one of {}, or say --all", several.join(", ")))),
        }
    }

    /// What counts for the run as a whole.
    pub fn whole(&self, files: &Files) -> WholeEffective {
        let (flags, variables) = self.whole;
        files.whole(vec![(flags, Origin::Flag), (variables, Origin::Environment)])
    }

    /// Paths in flags and variables start at the working folder, as the shell's do.
    fn layers(&self) -> Vec<(Layer, Origin)> {
        vec![(self.flags.clone(), Origin::Flag), (self.environment.clone(), Origin::Environment)]
    }

    fn account(&self, files: &Files, name: &str) -> Result<Effective, Problem> {
        files.account(name, self.layers()).map_err(|problem| {
            let commands = command();
            let commands: Vec<&str> =
                commands.get_subcommands().map(clap::Command::get_name).collect();
            let near_account = did_you_mean(name, &files.accounts());
            match did_you_mean(name, &commands).filter(|_| self.run_left_out) {
                Some(near) if near_account.is_none() => {
                    problem.hint(format!("{near} That is a command, not an account"))
                }
                _ => problem,
            }
        })
    }

    /// Reads the settings files that this command line means.
    ///
    /// # Errors
    /// A named file that cannot be read, and the mistakes in one.
    pub fn files(&self, xdg: Option<&Path>, home: Option<&Path>) -> Result<Files, Problems> {
        let named = self.command.common().and_then(|common| common.config.as_deref());
        let user = fetch::files::user_path(xdg, home);
        fetch::files::load(named, user.as_deref(), Path::new(fetch::files::SYSTEM_PATH))
    }
}

fn nobody(fault: &str) -> Problem {
    Problem::new("command line", "ACCOUNT", fault)
}

#[cfg(test)]
mod tests;
