//! The tables of `odmrd.toml`, and what holds in each unless somebody says otherwise.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::PathBuf;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::accounts::Network;
use crate::config::fetch::TlsMode;
use crate::config::secret::{SecretSource, file_or_credential};
use crate::config::value::{DomainLabels, Duration, Fingerprint, Listen, Server, Size};
use crate::smtp::{Domain, Mailbox};

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
    /// How long a recipient that its customer's server has refused as unknown is refused here at once.
    pub learn_refusals: Duration,
    /// Who is believed when it says by XCLIENT for whom it speaks: filters of ours.
    pub xclient: Vec<Network>,
    /// Ask by SPF whether the sender may send, and write down what was found (RFC 7208, RFC 8601).
    pub spf: bool,
    /// The resolver that is asked; without it, that of the system.
    pub resolver: Option<std::net::SocketAddr>,
}

/// `[lmtp]`: a mail server in front of us brings what it has filtered, RFC 2033.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lmtp {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// A socket file to listen at.
    pub socket: Option<PathBuf>,
    /// Whose members may bring mail there; without it, whoever can reach the file.
    pub group: Option<String>,
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
    /// Where a Dovecot checks passwords, if they are not in our own list of customers.
    pub dovecot_socket: Option<PathBuf>,
}

/// `[submission]`: where customers that may send bring their own mail, RFC 6409. They may also do so at
/// the listeners of `[odmr]`, before ATRN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submission {
    /// Where to listen; TLS by STARTTLS, and nobody logs in before.
    pub listen: Vec<Listen>,
    /// Where to listen with TLS from the first octet.
    pub listen_tls: Vec<Listen>,
}

/// `[exchange]`: where customers of the kind of Exchange 2003 call, which know no port but 25: a bare TURN
/// behind a login, LOGIN in both forms, and their own mail before it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exchange {
    /// Where to listen; TLS by STARTTLS.
    pub listen: Vec<Listen>,
    /// What is said to a TURN for which nothing waits.
    pub turn_empty: TurnEmpty,
    /// What a customer that may send nothing is told to its own mail before TURN.
    pub pre_turn_mail: PreTurnMail,
    /// The octets of one session behind the turn; a single message may be larger. Zero: no limit.
    pub session_bytes: Size,
}

/// What a TURN is told when nothing waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum TurnEmpty {
    /// 250, and behind the turn EHLO and QUIT.
    #[default]
    #[serde(rename = "turn-quit")]
    TurnQuit,
    /// 453, as ATRN is.
    #[serde(rename = "453")]
    Told,
}

/// What becomes of the mail that a customer brings before TURN, and may not send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreTurnMail {
    /// 550: its server returns it to who wrote it.
    #[default]
    Reject,
    /// 450: its server keeps it, and tries again.
    RejectSoft,
}

/// `[tls]`: without a certificate there is no STARTTLS, and the log says so loudly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Our chain in PEM, our own certificate first.
    #[serde(deserialize_with = "file_or_credential")]
    pub certificate: Option<PathBuf>,
    /// Its key in PEM, readable by us alone.
    #[serde(deserialize_with = "file_or_credential")]
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
    /// New connections in a minute from the same.
    pub connections_per_minute: Option<u32>,
    /// Messages begun in a minute on port 25 by the same.
    pub messages_per_minute: Option<u32>,
    /// Whom the three above do not bind: servers of ours that pass on what others send.
    pub exempt: Vec<Network>,
    /// Who says by the PROXY protocol for whom it calls: balancers of ours.
    pub proxies: Vec<Network>,
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
    /// The most octets at rest for one domain: beyond it its new mail is told 452.
    pub quota: Option<Size>,
    /// The most messages at rest for one domain.
    pub quota_messages: Option<u64>,
}

/// `[control]`: where operators ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// The socket's file. `None` only until [`super::load`] has put `control` into the state folder.
    pub socket: Option<PathBuf>,
    /// Whose members may ask, besides root and the daemon's own user.
    pub group: Option<String>,
}

/// `[http]`: what browsers and monitoring see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where to listen; nowhere unless set.
    pub listen: Option<Listen>,
    /// What whoever asks must know. Without it everybody on this machine may ask.
    #[serde(serialize_with = "unshown")]
    pub token: Option<SecretSource>,
    /// Which domains have figures of their own.
    pub domain_labels: DomainLabels,
}

/// `[smarthost]`: the one server that our own mail goes to. Without it senders are told nothing, and
/// mail that failed is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smarthost {
    /// Its name or address.
    pub server: Option<Server>,
    /// Its port.
    pub port: u16,
    /// How the line to it is encrypted.
    pub tls: TlsMode,
    /// The name its certificate is for, where that is not `server`.
    pub server_name: Option<Server>,
    /// Who may sign its certificate, in PEM; without it, whom this system trusts.
    pub ca: Option<PathBuf>,
    /// The certificate itself, whatever it says.
    pub fingerprint: Option<Fingerprint>,
    /// Who we are to it, if it wants a login.
    pub user: Option<String>,
    /// Where our password is.
    #[serde(serialize_with = "unshown")]
    pub password: Option<SecretSource>,
}

/// `[notices]`: what senders are told of mail that failed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// Mail of up to this size is returned whole, unless its sender wants the header only (RET=HDRS);
    /// of larger mail, the header.
    pub return_whole: Size,
    /// How long we try to get a notice to the smarthost.
    pub lifetime: Duration,
    /// Mail that waits for longer than this is told of, once.
    pub delay: Option<Duration>,
    /// Who is told of it, instead of every sender.
    pub delay_to: Option<Mailbox>,
}

fn unshown<S: Serializer>(_: &Option<SecretSource>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// Sections of one domain, which may be written in more than one way: the second would undo the first.
pub(super) fn each_once<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Domain, DomainSettings>, D::Error> {
    struct Sections;

    impl<'de> Visitor<'de> for Sections {
        type Value = BTreeMap<Domain, DomainSettings>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table for each domain")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = BTreeMap::new();
            while let Some(domain) = map.next_key::<Domain>()? {
                match found.entry(domain) {
                    Entry::Vacant(place) => drop(place.insert(map.next_value()?)),
                    Entry::Occupied(first) => {
                        let domain = first.key();
                        let fault = format!("a second section for {domain}; put both into one");
                        return Err(A::Error::custom(fault));
                    }
                }
            }
            Ok(found)
        }
    }

    deserializer.deserialize_map(Sections)
}

/// `[domains."example.org"]`: what is special about a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DomainSettings {
    /// The list of its recipients; without one every recipient is accepted.
    pub recipients: Option<PathBuf>,
    /// What may stand between a local part of the list and a detail of the sender's choice, as `+`
    /// in `anna+news` (RFC 5233): any of these characters.
    pub recipient_delimiter: Option<String>,
    /// How long a refused recipient of it is refused at once, if not as long as those of all others.
    pub learn_refusals: Option<Duration>,
    /// How long its mail waits, if not as long as all other.
    pub lifetime: Option<Duration>,
    /// Its own server, at a fixed address, that its mail can be brought to.
    pub host: Option<Server>,
    /// That server's port; 25 unless set.
    pub host_port: Option<u16>,
    /// How the line to it is encrypted; opportunistic unless set.
    pub host_tls: Option<TlsMode>,
    /// Who may sign its certificate, in PEM.
    pub host_ca: Option<PathBuf>,
    /// The certificate itself, whatever it says.
    pub host_fingerprint: Option<Fingerprint>,
    /// Its mail goes there as soon as it comes.
    pub push: Option<bool>,
    /// Who may ask for its mail to be brought (RFC 1985).
    pub etrn: Option<Etrn>,
    /// The most octets at rest for it, if not as for all others.
    pub quota: Option<Size>,
    /// The most messages at rest for it, if not as for all others.
    pub quota_messages: Option<u64>,
    /// After how long it is told of that its mail waits, if not as for all others. Zero: never.
    pub delay: Option<Duration>,
    /// Who is told of it, instead of every sender.
    pub delay_to: Option<Mailbox>,
}

/// Who may ask for a domain's mail to be brought to its host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Etrn {
    /// Nobody.
    Off,
    /// Its customer, logged in on the customers' port.
    #[default]
    Authenticated,
    /// Anybody, on either port.
    Open,
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

impl Default for Mx {
    fn default() -> Mx {
        Mx {
            listen: vec![Listen::Everywhere(25)],
            max_size: Size::mebibytes(50),
            max_recipients: 1000,
            max_received: 100,
            learn_refusals: Duration::seconds(0),
            xclient: Vec::new(),
            spf: false,
            resolver: None,
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
            dovecot_socket: None,
        }
    }
}

impl Default for Exchange {
    fn default() -> Exchange {
        Exchange {
            listen: Vec::new(),
            turn_empty: TurnEmpty::TurnQuit,
            pre_turn_mail: PreTurnMail::Reject,
            // What IIS takes in one session, as it comes: 10,240 KB.
            session_bytes: Size::mebibytes(9),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1000,
            connections_per_address: 20,
            connections_per_minute: None,
            messages_per_minute: None,
            exempt: Vec::new(),
            proxies: Vec::new(),
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

impl Default for Smarthost {
    fn default() -> Smarthost {
        Smarthost {
            server: None,
            port: 25,
            tls: TlsMode::Starttls,
            server_name: None,
            ca: None,
            fingerprint: None,
            user: None,
            password: None,
        }
    }
}

impl Default for Notices {
    fn default() -> Notices {
        let (return_whole, lifetime) = (Size::kibibytes(64), Duration::days(5));
        Notices { return_whole, lifetime, delay: None, delay_to: None }
    }
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            lifetime: Duration::days(21),
            aged_after: Duration::hours(24),
            reserve: Size::mebibytes(256),
            quota: None,
            quota_messages: None,
        }
    }
}
