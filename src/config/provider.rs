//! `odmrd.toml`: the provider's settings. Everything has a default that works; `odmrd.toml(5)`
//! explains each key.
//!
//! Not here: the accounts, who have a file of their own, and their domains, which come with them.

mod check;
mod places;
mod section;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::{Document, Problem, Problems};
use super::secret::SecretSource;
use super::value::{Duration, Size};
use crate::smtp::{Domain, Mailbox};

pub use check::load_recipients;
pub use section::{
    Control, DomainSettings, Etrn, Exchange, Http, Level, Limits, Lmtp, Log, LogFormat, Mx,
    Notices, Odmr, PreTurnMail, Queue, Smarthost, Submission, Timeouts, Tls, TurnEmpty,
};

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
    /// The side a mail server in front of us brings mail to.
    pub lmtp: Lmtp,
    /// Port 366, where customers call.
    pub odmr: Odmr,
    /// Where customers bring mail of their own.
    pub submission: Submission,
    /// Where customers of the kind of Exchange 2003 call.
    pub exchange: Exchange,
    /// Our certificate.
    pub tls: Tls,
    /// How much of us one peer, or all of them, may take.
    pub limits: Limits,
    /// How long we wait for whom.
    pub timeouts: Timeouts,
    /// How waiting mail is kept.
    pub queue: Queue,
    /// Where operators ask.
    pub control: Control,
    /// What browsers and monitoring see.
    pub http: Http,
    /// Where our own mail goes.
    pub smarthost: Smarthost,
    /// What senders are told of mail that failed.
    pub notices: Notices,
    /// What is special about some domains.
    #[serde(deserialize_with = "section::each_once")]
    pub domains: BTreeMap<Domain, DomainSettings>,
    /// What is told to the log.
    pub log: Log,
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
            lmtp: Lmtp::default(),
            odmr: Odmr::default(),
            submission: Submission::default(),
            exchange: Exchange::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            queue: Queue::default(),
            control: Control::default(),
            http: Http::default(),
            smarthost: Smarthost::default(),
            notices: Notices::default(),
            domains: BTreeMap::new(),
            log: Log::default(),
        }
    }
}

impl Settings {
    /// The settings a document holds, paths still as they are written.
    ///
    /// # Errors
    /// The mistakes in it.
    pub fn parse(document: &Document) -> Result<Settings, Problems> {
        document.parse_all()
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

    /// How long a recipient of this domain is refused at once after its customer's server has done so.
    pub fn learn_refusals(&self, domain: &Domain) -> Duration {
        let own = self.domains.get(domain).and_then(|special| special.learn_refusals);
        own.unwrap_or(self.mx.learn_refusals)
    }

    /// The most octets and the most messages that may rest for this domain.
    pub fn quota(&self, domain: &Domain) -> (Option<Size>, Option<u64>) {
        let own = self.domains.get(domain);
        let octets = own.and_then(|special| special.quota).or(self.queue.quota);
        let messages = own.and_then(|special| special.quota_messages).or(self.queue.quota_messages);
        (octets, messages)
    }

    /// After how long it is told of that a domain's mail waits, and to whom, if not to every sender.
    /// `None` where nobody is told.
    pub fn delay(&self, domain: &Domain) -> Option<(Duration, Option<&Mailbox>)> {
        let own = self.domains.get(domain);
        let after = own.and_then(|special| special.delay).or(self.notices.delay)?;
        let whom = own.and_then(|special| special.delay_to.as_ref());
        let whom = whom.or(self.notices.delay_to.as_ref());
        (after != Duration::default()).then_some((after, whom))
    }

    /// The account file.
    pub fn accounts_path(&self) -> &Path {
        self.accounts.as_deref().unwrap_or(Path::new("/etc/odmr/accounts.toml"))
    }

    /// The control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.control.socket.clone().unwrap_or_else(|| self.state_dir.join("control"))
    }

    /// Makes every relative path start at the settings file's own folder.
    fn anchored(mut self, document: &Document) -> Settings {
        let beside = |path: &mut PathBuf| *path = document.beside(path);
        self.accounts.get_or_insert_with(|| PathBuf::from("accounts.toml"));
        beside(&mut self.state_dir);
        match &mut self.control.socket {
            Some(socket) => beside(socket),
            None => self.control.socket = Some(self.state_dir.join("control")),
        }
        for secret in [&mut self.smarthost.password, &mut self.http.token] {
            if let Some(SecretSource::File(path) | SecretSource::Netrc(path)) = secret {
                beside(path);
            }
        }
        let sockets = [&mut self.odmr.dovecot_socket, &mut self.lmtp.socket];
        sockets.into_iter().flatten().for_each(beside);
        self.domains.values_mut().filter_map(|domain| domain.host_ca.as_mut()).for_each(beside);
        let tls = &mut self.tls;
        let authority = &mut self.smarthost.ca;
        let lists = self.domains.values_mut().map(|domain| &mut domain.recipients);
        [&mut self.accounts, &mut tls.certificate, &mut tls.key, &mut tls.client_ca, authority]
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
/// The mistakes in it; what the values mean together is for [`Loaded::check`].
pub fn load(path: &Path) -> Result<Loaded, Problems> {
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
    /// The mistakes in it.
    pub fn new(document: Document) -> Result<Loaded, Problems> {
        let settings = Settings::parse(&document)?.anchored(&document);
        Ok(Loaded { settings, document })
    }
}

#[cfg(test)]
mod tests;
