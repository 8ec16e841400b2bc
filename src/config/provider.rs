//! `odmrd.toml`: the provider's settings. Everything has a default that works; `odmrd.toml(5)`
//! explains each key.
//!
//! Not here: the accounts, who have a file of their own, and their domains, which come with them.

mod check;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::{Document, Problem};
use super::value::{Duration, Listen, Size};
use crate::smtp::{Domain, Mailbox};

pub use check::load_recipients;

/// Where the settings are looked for when nobody says.
pub const DEFAULT_PATH: &str = "/etc/odmr/odmrd.toml";

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The name we greet with and put in Received. `None`: ask the system; see
    /// [`Settings::hostname_or`].
    pub hostname: Option<Domain>,
    /// Where the spool and everything else that must survive is kept.
    pub state_dir: PathBuf,
    /// The accounts. `None` only until [`load`] has put `accounts.toml` beside the settings.
    pub accounts: Option<PathBuf>,
    /// Whom to become once the ports are bound.
    pub user: Option<String>,
    /// Which group to become; `None`: the user's own.
    pub group: Option<String>,
    /// Where mail to `<postmaster>` without a domain goes.
    pub postmaster: Option<Mailbox>,
    /// Port 25, where the world brings mail.
    pub mx: Mx,
    /// Port 366, where customers call.
    pub odmr: Odmr,
    /// Our certificate.
    pub tls: Tls,
    /// How much of us one peer, or all of them, may take.
    pub limits: Limits,
    /// How long we wait for whom.
    pub timeouts: Timeouts,
    /// How waiting mail is kept.
    pub queue: Queue,
    /// What is special about some domains.
    pub domains: BTreeMap<Domain, DomainSettings>,
    /// What is told to the log.
    pub log: Log,
}

/// `[mx]`: the receiving side, RFC 5321.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mx {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// The largest content taken; told by SIZE (RFC 1870).
    pub max_size: Size,
    /// Recipients of one transaction, 100 or more (RFC 5321, section 4.5.3.1.8); told by LIMITS.
    pub max_recipients: u32,
    /// Received fields after which a mail is taken to go in circles (RFC 5321, section 6.3).
    pub max_received: u32,
}

/// `[odmr]`: the side customers call, RFC 2645.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Odmr {
    /// Where to listen; TLS by STARTTLS.
    pub listen: Vec<Listen>,
    /// Where to listen with TLS from the first octet.
    pub listen_tls: Vec<Listen>,
    /// Refuse AUTH before TLS, whatever the mechanism.
    pub require_tls: bool,
    /// The least time between two ATRNs of one account; sooner is told 450. Zero: no limit.
    pub pace: Duration,
    /// Failed logins after which a connection is closed.
    pub auth_failures: u32,
    /// Failed logins, of whatever connections, after which an address is refused AUTH.
    pub auth_failures_per_address: u32,
    /// How long those are remembered.
    pub auth_failure_window: Duration,
}

/// `[tls]`: without a certificate there is no STARTTLS, and the log says so loudly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Our chain in PEM, our own certificate first.
    pub certificate: Option<PathBuf>,
    /// Its key in PEM, readable by us alone.
    pub key: Option<PathBuf>,
    /// Who may sign the certificates that customers log in with (EXTERNAL), in PEM.
    pub client_ca: Option<PathBuf>,
}

/// `[limits]`: how much of us one peer, or all of them, may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections in all, both ports together.
    pub connections: u32,
    /// Connections from one IPv4 address or one IPv6 /64.
    pub connections_per_address: u32,
    /// Sessions of one account at a time.
    pub sessions_per_account: u32,
    /// Transactions in one MX session; told by LIMITS (RFC 9422).
    pub messages_per_session: u32,
    /// Commands answered 5xx for their syntax or order before we say 421.
    pub command_errors: u32,
    /// Recipients refused in one session before we say 421.
    pub rejected_recipients: u32,
}

/// `[timeouts]`: no wait is endless. RFC 5321, section 4.5.3.2 asks for the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// As server: for the next command.
    pub command: Duration,
    /// As server: for the next octets of content.
    pub data: Duration,
    /// As server: for a customer to have logged in.
    pub login: Duration,
    /// As server: for the whole of an MX session.
    pub session: Duration,
    /// Either way: for a TLS handshake.
    pub tls: Duration,
    /// Reversed, as client: for the customer's greeting.
    pub greeting: Duration,
    /// Reversed: for the reply to EHLO, MAIL, RCPT, RSET.
    pub reply: Duration,
    /// Reversed: for the 354 to DATA.
    pub data_start: Duration,
    /// Reversed: for content to be taken off our hands.
    pub data_block: Duration,
    /// Reversed: for the reply to the final dot.
    pub data_end: Duration,
}

/// `[queue]`: how waiting mail is kept. Waiting is normal here; nothing is retried by a timer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// How long mail waits for its customer before it is given up.
    pub lifetime: Duration,
    /// Mail older than this overtakes smaller mail.
    pub aged_after: Duration,
    /// Space left free on the disk: nearer to full, new mail is told 452.
    pub reserve: Size,
}

/// `[domains."example.org"]`: what is special about a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DomainSettings {
    /// The list of its recipients; without one every recipient is accepted.
    pub recipients: Option<PathBuf>,
    /// How long its mail waits, if not as long as all other.
    pub lifetime: Option<Duration>,
}

/// `[log]`: what is told to standard error, or to the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For whom the lines are.
    pub format: LogFormat,
    /// How much is told.
    pub level: Level,
}

/// For whom log lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people
    #[default]
    Human,
    /// One JSON object a line
    Json,
    /// Fields of the systemd journal
    Journald,
}

/// How much is told to the log.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    Serialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What somebody must act upon
    Error,
    /// What somebody should look at
    Warn,
    /// A line a session, a line a message
    #[default]
    Info,
    /// Every decision
    Debug,
    /// Every line of every dialogue, secrets removed
    Trace,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            hostname: None,
            state_dir: PathBuf::from("/var/lib/odmr"),
            accounts: None,
            user: None,
            group: None,
            postmaster: None,
            mx: Mx::default(),
            odmr: Odmr::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            queue: Queue::default(),
            domains: BTreeMap::new(),
            log: Log::default(),
        }
    }
}

impl Default for Mx {
    fn default() -> Mx {
        Mx {
            listen: vec![Listen::Everywhere(25)],
            max_size: Size::mebibytes(50),
            max_recipients: 1000,
            max_received: 100,
        }
    }
}

impl Default for Odmr {
    fn default() -> Odmr {
        Odmr {
            listen: vec![Listen::Everywhere(366)],
            listen_tls: Vec::new(),
            require_tls: false,
            pace: Duration::seconds(0),
            auth_failures: 3,
            auth_failures_per_address: 20,
            auth_failure_window: Duration::minutes(10),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1000,
            connections_per_address: 20,
            sessions_per_account: 8,
            messages_per_session: 1000,
            command_errors: 20,
            rejected_recipients: 100,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            command: Duration::minutes(5),
            data: Duration::minutes(5),
            login: Duration::minutes(5),
            session: Duration::hours(4),
            tls: Duration::minutes(1),
            greeting: Duration::minutes(5),
            reply: Duration::minutes(5),
            data_start: Duration::minutes(2),
            data_block: Duration::minutes(3),
            data_end: Duration::minutes(10),
        }
    }
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            lifetime: Duration::days(21),
            aged_after: Duration::hours(24),
            reserve: Size::mebibytes(256),
        }
    }
}

impl Settings {
    /// The settings a document holds, paths still as they are written.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn parse(document: &Document) -> Result<Settings, Problem> {
        document.parse()
    }

    /// Our name: the one set, or the system's own where that is a full one.
    ///
    /// # Errors
    /// When neither will do: other servers look our greeting up.
    pub fn hostname_or(
        &self,
        system: Option<&str>,
        document: &Document,
    ) -> Result<Domain, Problem> {
        if let Some(name) = &self.hostname {
            return Ok(name.clone());
        }
        let system = system.unwrap_or_default();
        Domain::parse(system).and_then(|name| Domain::parse_atrn(name.as_str())).map_err(|_| {
            let fault = format!("not set, and the system's own name {system:?} is not a full one");
            document.problem("hostname", fault).hint("set hostname = \"mail.example.net\"")
        })
    }

    /// How long mail for this domain waits.
    pub fn lifetime(&self, domain: &Domain) -> Duration {
        let own = self.domains.get(domain).and_then(|special| special.lifetime);
        own.unwrap_or(self.queue.lifetime)
    }

    /// The account file.
    pub fn accounts_path(&self) -> &Path {
        self.accounts.as_deref().unwrap_or(Path::new("/etc/odmr/accounts.toml"))
    }

    /// Makes every relative path start at the settings file's own folder.
    fn anchored(mut self, document: &Document) -> Settings {
        let beside = |path: &mut PathBuf| *path = document.beside(path);
        self.accounts.get_or_insert_with(|| PathBuf::from("accounts.toml"));
        beside(&mut self.state_dir);
        let tls = &mut self.tls;
        let lists = self.domains.values_mut().map(|domain| &mut domain.recipients);
        [&mut self.accounts, &mut tls.certificate, &mut tls.key, &mut tls.client_ca]
            .into_iter()
            .chain(lists)
            .flatten()
            .for_each(beside);
        self
    }
}

/// Every key, with the table it stands in, for whoever must leave none out. The tables of single
/// domains count as `domains.*`.
pub fn keys() -> Vec<String> {
    let sections = serde_json::to_value(Settings::default()).unwrap_or_default();
    let domain = serde_json::to_value(DomainSettings::default()).unwrap_or_default();
    let below = |name: &str, value: &serde_json::Value| match value.as_object() {
        None => vec![name.to_owned()],
        Some(table) => table.keys().map(|key| format!("{name}.{key}")).collect(),
    };
    let all = sections.as_object().into_iter().flatten();
    all.flat_map(|(name, value)| below(name, value)).chain(below("domains.*", &domain)).collect()
}

/// Settings together with the document they stand in, which later judgements point into.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is set, every path absolute or relative to the working folder.
    pub settings: Settings,
    /// Where it is set.
    pub document: Document,
}

/// Reads a settings file.
///
/// # Errors
/// The first mistake in it; what the values mean together is for [`Loaded::check`].
pub fn load(path: &Path) -> Result<Loaded, Problem> {
    let document = Document::read(path).map_err(|problem| {
        let missing = !path.exists();
        if missing { problem.hint("odmrd init writes one") } else { problem }
    })?;
    Loaded::new(document)
}

impl Loaded {
    /// Settings from a document at hand.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn new(document: Document) -> Result<Loaded, Problem> {
        let settings = Settings::parse(&document)?.anchored(&document);
        Ok(Loaded { settings, document })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, Problem> {
        Settings::parse(&Document::new("odmrd.toml", text))
    }

    fn fault(text: &str) -> (String, Option<String>) {
        let problem = parse(text).unwrap_err();
        (problem.to_string(), problem.hint)
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_written_is_what_is_set() {
        let settings = parse(
            "hostname = \"mail.example.net\"\n[mx]\nmax_size = \"1 MiB\"\n\
             [domains.\"Example.ORG\"]\nlifetime = \"7d\"\n[log]\nformat = \"journald\"\n",
        )
        .unwrap();
        let own = Domain::parse("example.org").unwrap();
        let other = Domain::parse("example.com").unwrap();
        assert_eq!(settings.mx.max_size, Size(1 << 20));
        assert_eq!(settings.mx.max_recipients, 1000);
        assert_eq!(settings.lifetime(&own), Duration::days(7));
        assert_eq!(settings.lifetime(&other), Duration::days(21));
        assert_eq!(settings.log.format, LogFormat::Journald);
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_neighbours() {
        assert_eq!(
            fault("[mx]\nmax_sise = \"1 MiB\"\n"),
            (
                "odmrd.toml:2:1: mx.max_sise: unknown key; allowed here: \
                 listen, max_size, max_recipients, max_received"
                    .to_owned(),
                Some("did you mean \"max_size\"?".to_owned())
            )
        );
    }

    #[test]
    fn each_wrong_value_is_one_line() {
        for (text, line) in [
            (
                "[mx]\nmax_size = \"50 MIX\"",
                "odmrd.toml:2:12: mx.max_size: saw string \"50 MIX\"; \
                 allowed: a size like 50 MiB, 1 GB or 65536",
            ),
            (
                "[queue]\nlifetime = 21",
                "odmrd.toml:2:12: queue.lifetime: saw integer 21; \
                 allowed: a duration like 90s, 10m30s, 24h or 21d",
            ),
            (
                "[odmr]\nlisten = [\"366\"]",
                "odmrd.toml:2:11: odmr.listen: saw string \"366\"; \
                 allowed: an address and port like :25, 192.0.2.1:25 or [::1]:25",
            ),
            (
                "[odmr]\nlisten = \":366\"",
                "odmrd.toml:2:10: odmr.listen: saw string \":366\"; allowed: a list, like [\"...\"]",
            ),
            (
                "[odmr]\nrequire_tls = \"yes\"",
                "odmrd.toml:2:15: odmr.require_tls: saw string \"yes\"; allowed: true or false",
            ),
            (
                "[limits]\nconnections = -1",
                "odmrd.toml:2:15: limits.connections: saw integer -1; allowed: a whole number",
            ),
            (
                "[log]\nlevel = \"loud\"",
                "odmrd.toml:2:9: log.level: saw \"loud\"; allowed: error, warn, info, debug, trace",
            ),
            (
                "[domains.localhost]",
                "odmrd.toml:1:10: domains.localhost: saw string \"localhost\"; \
                 allowed: a domain name of two labels or more, like example.org",
            ),
            (
                "postmaster = \"root\"",
                "odmrd.toml:1:14: postmaster: saw string \"root\"; \
                 allowed: an address like postmaster@example.org",
            ),
            ("mx = 5", "odmrd.toml:1:6: mx: saw integer 5; allowed: a table"),
            ("mx = ", "odmrd.toml:1:6: string values must be quoted, expected literal string"),
            ("[mx]\n[mx]\n", "odmrd.toml:2:2: duplicate key"),
        ] {
            assert_eq!(fault(text).0, line);
        }
    }

    #[test]
    fn the_name_comes_from_the_settings_then_from_the_system() {
        let document = Document::new("odmrd.toml", "");
        let set = parse("hostname = \"mail.example.net\"").unwrap();
        let name = |settings: &Settings, system| settings.hostname_or(system, &document);
        assert_eq!(name(&set, Some("box")).unwrap().as_str(), "mail.example.net");
        let unset = Settings::default();
        assert_eq!(name(&unset, Some("box.example.net")).unwrap().as_str(), "box.example.net");
        let problem = name(&unset, Some("box")).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "odmrd.toml: hostname: not set, and the system's own name \"box\" is not a full one"
        );
        assert!(problem.hint.is_some());
    }

    #[test]
    fn relative_paths_start_beside_the_file() {
        let text = "state_dir = \"state\"\n[tls]\nkey = \"/k.pem\"\ncertificate = \"c.pem\"\n\
                    [domains.\"x.org\"]\nrecipients = \"x.list\"";
        let loaded = Loaded::new(Document::new("/etc/odmr/odmrd.toml", text)).unwrap();
        let settings = loaded.settings;
        assert_eq!(settings.state_dir, Path::new("/etc/odmr/state"));
        assert_eq!(settings.accounts_path(), Path::new("/etc/odmr/accounts.toml"));
        assert_eq!(settings.tls.key.as_deref(), Some(Path::new("/k.pem")));
        assert_eq!(settings.tls.certificate.as_deref(), Some(Path::new("/etc/odmr/c.pem")));
        let list = settings.domains.values().next().and_then(|d| d.recipients.clone());
        assert_eq!(list.as_deref(), Some(Path::new("/etc/odmr/x.list")));
    }

    #[test]
    fn a_missing_file_is_told_with_the_way_out() {
        let problem = load(Path::new("/nowhere/odmrd.toml")).unwrap_err();
        assert_eq!(problem.hint.as_deref(), Some("odmrd init writes one"));
    }
}
