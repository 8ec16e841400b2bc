//! `odmrd`'s command line.

mod demo;
mod keep;
mod run;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::{Example, HELP_TEMPLATE, Input, Refusal, examples, exit_codes, tell};
use crate::config::init::Beginning;
use crate::config::provider::DEFAULT_PATH;
use crate::config::value::read;
use crate::exit::{Exit, Failure};
use crate::flow::serve::{ServeError, Sockets};
use crate::smtp::Domain;

/// Does what a command line says.
///
/// # Errors
/// [`Failure`] when it cannot.
pub fn run(cli: Cli, sockets: Result<Sockets, ServeError>) -> Result<Exit, Failure> {
    match cli.command {
        Command::Run => run::run(&cli.config, sockets),
        Command::CheckConfig => run::check_config(&cli.config),
        Command::Init(init) => keep::init(&cli.config, &init),
        Command::Account(order) => keep::account(&cli.config, order, cli.input),
        Command::Demo(order) => demo::demo(order),
    }
}

/// Command lines worth showing.
pub const EXAMPLES: &[Example] = &[
    ("odmrd demo", "See it work, with a provider, a customer and a mail on this machine"),
    ("odmrd init", "Begin with settings, a certificate and the state directory"),
    ("odmrd account add acme --domain example.org", "A customer; the password is asked for"),
    ("odmrd check-config", "Have settings and accounts judged"),
    ("odmrd run", "Serve"),
];

/// Hold a domain's mail, and release it on ATRN to whoever can prove it is theirs (RFC 2645)
#[derive(Debug, PartialEq, Eq, Parser)]
#[command(name = "odmrd", version = crate::cli::version(), help_template = HELP_TEMPLATE, subcommand_required = true,
    arg_required_else_help = true)]
pub struct Cli {
    /// The settings file
    #[arg(long, short, global = true, value_name = "FILE", default_value = DEFAULT_PATH,
        env = "ODMR_PROVIDER_CONFIG")]
    pub config: PathBuf,
    /// Whether anybody may be asked.
    #[command(flatten)]
    pub input: Input,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until told to stop; SIGHUP reads settings, accounts and certificates anew
    Run,
    /// Judge settings and accounts, say what is wrong, and stop
    CheckConfig,
    /// Write commented settings, a self-signed certificate and the state directory
    Init(Init),
    /// The customers
    #[command(subcommand, arg_required_else_help = true)]
    Account(Account),
    /// Show the whole journey on this machine: a mail comes in and a customer collects it
    Demo(Demo),
}

/// `odmrd init`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Init {
    /// The folder for the files; nothing in it is overwritten [default: that of --config]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Where mail will rest; a relative one starts at the folder of the settings
    #[arg(long, value_name = "DIR", default_value = "/var/lib/odmr")]
    pub state_dir: PathBuf,
    /// The provider's full name [default: the system's]
    #[arg(long, value_name = "NAME", value_parser = read::<Domain>)]
    pub hostname: Option<Domain>,
    /// Make no certificate
    #[arg(long)]
    pub no_certificate: bool,
    /// Whom the daemon becomes once its ports are bound; it gives this user the files it needs
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

impl Init {
    /// What is to be made, for [`crate::config::init::begin`]. A system's name counts where it is
    /// a full one.
    pub fn beginning(&self, config: &Path, system_name: Option<&str>) -> Beginning {
        let file_name = config.file_name().unwrap_or(OsStr::new("odmrd.toml"));
        let config = self.dir.as_ref().map_or(config.to_owned(), |dir| dir.join(file_name));
        let system = || system_name.and_then(|name| read::<Domain>(name).ok());
        Beginning {
            config,
            state_dir: self.state_dir.clone(),
            hostname: self.hostname.clone().or_else(system),
            certificate: !self.no_certificate,
            user: self.user.clone(),
        }
    }
}

/// `odmrd account`.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Account {
    /// Add a customer
    Add(Add),
    /// Give a customer a new password
    Passwd(Passwd),
    /// List the customers
    #[command(visible_alias = "ls")]
    List(List),
    /// Remove a customer; mail that waits for its domains stays
    #[command(visible_alias = "rm")]
    Remove(Remove),
}

/// `odmrd account add`.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Add {
    /// What the customer is called, and logs in as
    pub name: String,
    /// A domain whose mail is the customer's (repeatable)
    #[arg(long = "domain", value_name = "DOMAIN", required = true, value_delimiter = ',',
        value_parser = read::<Domain>)]
    pub domains: Vec<Domain>,
    /// Another name to log in with (repeatable)
    #[arg(long = "alias", value_name = "NAME")]
    pub aliases: Vec<String>,
    /// The customer may send mail of its own, through the smarthost
    #[arg(long)]
    pub submit: bool,
    /// Keep no password: Dovecot has it, and is asked at odmr.dovecot_socket
    #[arg(long, conflicts_with_all = ["source", "no_cram", "ntlm"])]
    pub dovecot: bool,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: Password,
}

/// `odmrd account passwd`.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Passwd {
    /// Whose
    pub name: String,
    /// Where the password comes from.
    #[command(flatten)]
    pub password: Password,
}

/// `odmrd account list`.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct List {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `odmrd account remove`.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Remove {
    /// Whom
    pub name: String,
}

/// Where a new password comes from: asked for, unless one of the three says otherwise. Never an
/// argument: those are for everybody on the machine to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Password {
    /// Read the password from the first line of standard input
    #[arg(long, group = "source")]
    pub password_stdin: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", group = "source")]
    pub password_file: Option<PathBuf>,
    /// Make a password up and show it once
    #[arg(long, group = "source")]
    pub generate: bool,
    /// Keep nothing for CRAM-MD5, whose secrets are worth the password; fetchmail then cannot log in
    #[arg(long)]
    pub no_cram: bool,
    /// Keep what NTLM needs, too, for a customer that runs Exchange 2003; as good as the password to whoever reads it
    #[arg(long)]
    pub ntlm: bool,
}

/// `odmrd demo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct Demo {
    /// Leave the demo's folder behind, to look into
    #[arg(long)]
    pub keep: bool,
}

/// The definition, with its examples and exit codes.
pub fn command() -> clap::Command {
    Cli::command().before_long_help(examples(EXAMPLES)).after_long_help(exit_codes())
}

/// Reads the command line.
///
/// # Errors
/// A [`Refusal`] to be printed: a mistake, or a wish for help.
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
    use crate::exit::Exit;

    fn parsed(line: &str) -> Result<Cli, Refusal> {
        parse(std::iter::once("odmrd").chain(line.split_whitespace()))
    }

    fn refused(line: &str) -> String {
        let refusal = parsed(line).unwrap_err();
        assert_eq!(refusal.exit(), Exit::Usage, "{line}");
        refusal.to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_examples_are_command_lines() {
        for (line, _) in EXAMPLES {
            parse(line.split_whitespace()).unwrap();
        }
    }

    #[test]
    fn the_three_steps() {
        assert_eq!(parsed("run").unwrap().command, Command::Run);
        assert_eq!(parsed("check-config --config x").unwrap().config, PathBuf::from("x"));
        let added = parsed("account add acme --domain example.org --domain Example.COM --generate");
        let Command::Account(Account::Add(add)) = added.unwrap().command else { panic!() };
        assert_eq!(
            add.domains.iter().map(Domain::as_str).collect::<Vec<_>>(),
            ["example.org", "example.com"]
        );
        assert!(add.password.generate && !add.password.no_cram);
    }

    #[test]
    fn init_begins_beside_the_settings_or_where_it_is_told() {
        let begun = |line: &str, system| {
            let Command::Init(init) = parsed(line).unwrap().command else { panic!() };
            init.beginning(Path::new("/etc/odmr/odmrd.toml"), system)
        };
        let plain = begun("init", Some("mail.example.net"));
        assert_eq!(plain.config, Path::new("/etc/odmr/odmrd.toml"));
        assert_eq!(plain.hostname.as_ref().map(Domain::as_str), Some("mail.example.net"));
        let line = "init --dir /srv/o --hostname a.example --no-certificate --user mail";
        let told = begun(line, Some("box"));
        assert_eq!(told.user.as_deref(), Some("mail"));
        assert_eq!((told.config, told.certificate), ("/srv/o/odmrd.toml".into(), false));
        assert_eq!(told.hostname.as_ref().map(Domain::as_str), Some("a.example"));
        assert_eq!(begun("init", Some("box")).hostname, None);
    }

    #[test]
    fn mistakes_exit_64_and_say_what_is_allowed() {
        assert!(refused("account add acme").contains("--domain <DOMAIN>"));
        assert!(
            refused("account add acme --domain localhost")
                .contains("saw \"localhost\"; allowed: a domain name of two labels or more")
        );
        assert!(
            refused("account passwd acme --generate --password-stdin")
                .contains("cannot be used with")
        );
        assert!(refused("chekc-config").contains("check-config"));
        assert!(
            refused("account add acme --domain a.org --password hunter2")
                .contains("unexpected argument")
        );
        refused("");
    }

    #[test]
    fn help_is_no_mistake() {
        for line in ["--help", "-h", "--version", "help account", "account add --help"] {
            assert_eq!(parsed(line).unwrap_err().exit(), Exit::Ok, "{line}");
        }
        let help = parsed("--help").unwrap_err().to_string();
        let places = ["Hold a domain's mail", "Examples:", "Usage:", "Exit codes:", "  78  "];
        let found: Vec<_> = places.iter().map(|place| help.find(place)).collect();
        assert!(found.is_sorted() && !found.contains(&None), "{help}");
    }
}
