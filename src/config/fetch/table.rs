//! The one list of an account's settings. Each row is a key of the file, a flag, an environment
//! variable and a field of [`Account`]; its comment is the help of the flag.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::choice::{
    Ask, ClearAuth, Family, Folder, Introduce, Lock, MappedDomain, Mechanism, Others, Per, Profile,
    TlsMin, TlsMode, Verb, folders, mapped,
};
use super::show::Shown;
use crate::config::secret::SecretSource;
use crate::config::value::{Deliver, Duration, Fingerprint, OwnAddress, Proxy, Server, Size, read};
use crate::smtp::Domain;

/// Makes of the rows below what one layer may say ([`Layer`]) and what counts in the end
/// ([`Account`]). A row without a default is optional in both.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])*
        $(#[arg($($arg:tt)*)])?
        $(#[serde($($serde:tt)*)])?
        $name:ident: $type:ty $(= $default:expr)?;
    )*) => {
        /// What one layer says of an account: nothing, something, or all.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, clap::Args)]
        #[serde(default, deny_unknown_fields)]
        pub struct Layer {$(
            $(#[doc = $doc])*
            $(#[arg($($arg)*)])?
            $(#[serde($($serde)*)])?
            pub $name: Option<$type>,
        )*}

        impl Layer {
            /// Every key, in the order of the manual page.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// What is not said here is taken from a layer further off.
            #[must_use]
            pub fn or(self, further: Layer) -> Layer {
                Layer { $($name: self.$name.or(further.$name)),* }
            }

            /// The keys that this layer sets.
            pub fn keys_set(&self) -> Vec<&'static str> {
                let set = [$((stringify!($name), self.$name.is_some())),*];
                set.into_iter().filter(|(_, set)| *set).map(|(key, _)| key).collect()
            }

            /// Splits by key: those for which `first` holds, and the others.
            pub fn partition(self, first: impl Fn(&str) -> bool) -> (Layer, Layer) {
                let (mut chosen, mut others) = (Layer::default(), Layer::default());
                $(
                    let side = if first(stringify!($name)) { &mut chosen } else { &mut others };
                    side.$name = self.$name;
                )*
                (chosen, others)
            }
        }

        /// An account as it counts: every setting that has a default has its value.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Account {
            /// What the account is called; empty when flags alone describe it.
            pub name: String,
            $(
                $(#[doc = $doc])*
                pub $name: settings!(@field $type $(= $default)?),
            )*
        }

        impl Account {
            /// Fills what no layer says with its default.
            pub fn new(name: &str, layer: Layer) -> Account {
                let layer = layer.with_profile();
                Account {
                    name: name.to_owned(),
                    $($name: settings!(@value layer.$name $(= $default)?),)*
                }
            }

            /// The same account, but for what this layer says.
            #[must_use]
            fn but(self, layer: Layer) -> Account {
                Account {
                    name: self.name,
                    $($name: settings!(@but layer.$name, self.$name $(, $default)?),)*
                }
            }

            /// Every key with its value as the file would write it; `None` where nothing is set.
            pub fn shown(&self) -> Vec<(&'static str, Option<toml::Value>)> {
                vec![$((stringify!($name), self.$name.shown())),*]
            }
        }
    };
    (@field $type:ty = $default:expr) => { $type };
    (@field $type:ty) => { Option<$type> };
    (@value $layer:ident.$name:ident = $default:expr) => { $layer.$name.unwrap_or($default) };
    (@value $layer:ident.$name:ident) => { $layer.$name };
    (@but $layer:ident.$name:ident, $self:ident.$same:ident, $default:expr) => {
        $layer.$name.unwrap_or($self.$same)
    };
    (@but $layer:ident.$name:ident, $self:ident.$same:ident) => { $layer.$name.or($self.$same) };
}

settings! {
    /// What kind of provider is called; sets what holds for port and max_rounds, and what follows a refusal
    #[arg(long, value_name = "KIND", env = "ODMR_PROFILE", help_heading = "Transport")]
    profile: Profile = Profile::Odmr;
    /// The provider to call: a name or an address
    #[arg(long, value_name = "HOST", env = "ODMR_SERVER", help_heading = "Transport")]
    server: Server;
    /// Its port
    #[arg(long, value_name = "PORT", env = "ODMR_PORT", help_heading = "Transport",
        value_parser = clap::value_parser!(u16).range(1..))]
    port: u16 = 366;
    /// How the line is encrypted
    #[arg(long, value_name = "MODE", env = "ODMR_TLS", help_heading = "Transport")]
    tls: TlsMode = TlsMode::Starttls;
    /// The least that TLS may be
    #[arg(long, value_name = "VERSION", env = "ODMR_TLS_MIN", help_heading = "Transport")]
    tls_min: TlsMin = TlsMin::Tls12;
    /// Trust the certificates signed by those in this PEM file, and no others
    #[arg(long, value_name = "FILE", env = "ODMR_CA", help_heading = "Transport")]
    ca: PathBuf;
    /// Trust the certificate with this SHA-256 (sha256:...), whoever signed it
    #[arg(long, value_name = "SHA256", env = "ODMR_FINGERPRINT", help_heading = "Transport")]
    fingerprint: Fingerprint;
    /// The name the provider's certificate must bear, if not that of --server
    #[arg(long = "servername", alias = "server-name", value_name = "NAME", env = "ODMR_SERVER_NAME",
        help_heading = "Transport")]
    server_name: Server;
    /// Our own TLS certificate, a chain in PEM
    #[arg(long, value_name = "FILE", env = "ODMR_CERTIFICATE", help_heading = "Transport")]
    certificate: PathBuf;
    /// The key to it, in PEM, readable by nobody else
    #[arg(long, value_name = "FILE", env = "ODMR_KEY", help_heading = "Transport")]
    key: PathBuf;
    /// The name we give with EHLO and in our greeting, if not the system's
    #[arg(long, value_name = "NAME", env = "ODMR_EHLO", help_heading = "Transport",
        value_parser = read::<Domain>)]
    ehlo: Domain;

    /// Which addresses of the provider are called; -4 and -6 for short
    #[arg(long, value_name = "FAMILY", env = "ODMR_FAMILY", help_heading = "Transport")]
    family: Family = Family::Any;
    /// Call from this address of ours, and so over its link
    #[arg(long, value_name = "ADDRESS", env = "ODMR_BIND", help_heading = "Transport")]
    bind: OwnAddress;
    /// Call by way of this proxy, which looks the provider up itself: socks5://HOST:PORT
    #[arg(long, value_name = "PROXY", env = "ODMR_PROXY", help_heading = "Transport")]
    proxy: Proxy;

    /// Further providers, in the order in which they are asked; tables of their own in the file
    #[arg(skip)]
    fallback: Vec<Layer> = Vec::new();
    /// Which of several providers to ask
    #[arg(long, value_name = "WHICH", env = "ODMR_ASK", help_heading = "Transport")]
    ask: Ask = Ask::First;

    /// The name to log in with
    #[arg(long, value_name = "NAME", env = "ODMR_USER", help_heading = "Login")]
    user: String;
    /// Where the password comes from; flags of its own, since it has several forms
    #[arg(skip)]
    password: SecretSource;
    /// How to log in
    #[arg(long = "mech", alias = "mechanism", value_name = "MECHANISM", env = "ODMR_MECHANISM",
        help_heading = "Login")]
    mechanism: Mechanism = Mechanism::Auto;
    /// What may be used to log in while the line is in clear
    #[arg(long, value_name = "WHAT", env = "ODMR_CLEAR_AUTH", help_heading = "Login")]
    clear_auth: ClearAuth = ClearAuth::None;

    /// A domain to ask for with ATRN; none: all the provider has for us (repeatable)
    #[arg(long = "domain", value_name = "DOMAIN", env = "ODMR_DOMAINS", value_delimiter = ',',
        help_heading = "Mail", value_parser = read::<Domain>)]
    domains: Vec<Domain> = Vec::new();
    /// A domain to accept mail for, when none is asked for by name (repeatable)
    #[arg(long = "accept-domain", value_name = "DOMAIN", env = "ODMR_ACCEPT_DOMAINS",
        value_delimiter = ',', help_heading = "Mail", value_parser = read::<Domain>)]
    accept_domains: Vec<Domain> = Vec::new();
    /// Where mail goes: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH, maildir:PATH or command:PATH
    #[arg(long, value_name = "TARGET", env = "ODMR_DELIVER", help_heading = "Mail")]
    deliver: Deliver;
    /// Keep mail in a queue in this folder first; it goes on to the target from there, also later
    #[arg(long, value_name = "DIR", env = "ODMR_SPOOL", help_heading = "Mail")]
    spool: PathBuf;
    /// With --spool: the server that tells senders what the target refused; smtp:HOST:PORT
    #[arg(long, value_name = "TARGET", env = "ODMR_BOUNCES", help_heading = "Mail")]
    bounces: Deliver;
    /// With --spool: how long to try the target before the sender is told
    #[arg(long, value_name = "DURATION", env = "ODMR_LIFETIME", help_heading = "Mail")]
    lifetime: Duration = Duration::days(21);
    /// With --spool: tell the target which host the mail came from, as the provider's Received field has it
    #[arg(long, value_name = "HOW", env = "ODMR_INTRODUCE", help_heading = "Mail")]
    introduce: Introduce = Introduce::None;
    /// Do not deliver again what came before, to the octet, within this time; 0s: whatever comes
    #[arg(long, value_name = "DURATION", env = "ODMR_DEDUPE", help_heading = "Mail")]
    dedupe: Duration = Duration::seconds(0);
    /// Tell the target recipients of this domain at that one; mail is judged by the first (repeatable)
    #[arg(long = "map-domain", value_name = "DOMAIN=DOMAIN", env = "ODMR_MAP_DOMAINS",
        value_delimiter = ',', help_heading = "Mail")]
    #[serde(deserialize_with = "mapped::deserialize")]
    map_domains: Vec<MappedDomain> = Vec::new();
    /// Mail for this recipient goes to this folder of the Maildir (repeatable)
    #[arg(long = "folder", value_name = "RECIPIENT=FOLDER", help_heading = "Mail")]
    #[serde(deserialize_with = "folders::deserialize")]
    folders: Vec<Folder> = Vec::new();
    /// Where mail in a Maildir goes whose recipient has no folder by name
    #[arg(long, value_name = "WHERE", env = "ODMR_OTHERS", help_heading = "Mail")]
    others: Others = Others::Inbox;
    /// An argument for the program of command:, placeholders like {recipient} in it (repeatable)
    #[arg(long = "argument", value_name = "ARGUMENT", allow_hyphen_values = true,
        help_heading = "Mail")]
    arguments: Vec<String> = Vec::new();
    /// How often the program of command: is run
    #[arg(long, value_name = "WHAT", env = "ODMR_PER", help_heading = "Mail")]
    per: Per = Per::Recipient;
    /// By which command the mail is asked for
    #[arg(long, value_name = "VERB", env = "ODMR_VERB", help_heading = "Mail")]
    verb: Verb = Verb::Auto;

    /// Take this many messages, then say 421; the rest stays at the provider
    #[arg(long, value_name = "N", env = "ODMR_MAX_MESSAGES", help_heading = "Limits")]
    max_messages: u64;
    /// Take this much in all, then say 421
    #[arg(long, value_name = "SIZE", env = "ODMR_MAX_BYTES", help_heading = "Limits")]
    max_bytes: Size;
    /// Put off messages larger than this with 452
    #[arg(long, value_name = "SIZE", env = "ODMR_MAX_MESSAGE_SIZE", help_heading = "Limits")]
    max_message_size: Size;
    /// Say 421 after this long
    #[arg(long, value_name = "DURATION", env = "ODMR_MAX_SESSION", help_heading = "Limits")]
    max_session: Duration = Duration::hours(1);
    /// Call this often in a row while the provider has more mail
    #[arg(long, value_name = "N", env = "ODMR_MAX_ROUNDS", help_heading = "Limits")]
    max_rounds: u32 = 5;

    /// Wait this long for a connection
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_CONNECT", help_heading = "Timeouts")]
    timeout_connect: Duration = Duration::seconds(30);
    /// Wait this long for the greeting, and for the TLS handshake
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_GREETING", help_heading = "Timeouts")]
    timeout_greeting: Duration = Duration::minutes(5);
    /// Wait this long for a reply or a command
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_COMMAND", help_heading = "Timeouts")]
    timeout_command: Duration = Duration::minutes(5);
    /// Wait this long for the next octets of a message
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_DATA", help_heading = "Timeouts")]
    timeout_data: Duration = Duration::minutes(5);
    /// Wait this long for the answer to ATRN, 10m or more (RFC 2645, section 5.2.1)
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_TURN", help_heading = "Timeouts")]
    timeout_turn: Duration = Duration::seconds(630);

    /// Wait this long for each reply of the target server; for its answer to a message, 10m at least
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_TARGET", help_heading = "Timeouts")]
    timeout_target: Duration = Duration::minutes(1);
    /// Wait this long for the program of command: to end
    #[arg(long, value_name = "DURATION", env = "ODMR_TIMEOUT_PROGRAM", help_heading = "Timeouts")]
    timeout_program: Duration = Duration::minutes(5);

    /// What to do when another run holds the account
    #[arg(long, value_name = "WHAT", env = "ODMR_LOCK", help_heading = "Behaviour")]
    lock: Lock = Lock::Fail;
    /// Where there is no way to the provider at all, no route or no name server, let it be: exit 0
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", env = "ODMR_ONLY_IF_ONLINE", help_heading = "Behaviour")]
    only_if_online: bool = false;
    /// Wait before a call, by chance, for at most this long
    #[arg(long, value_name = "DURATION", env = "ODMR_JITTER", help_heading = "Behaviour")]
    jitter: Duration = Duration::seconds(0);
    /// As a daemon: call this often
    #[arg(long, value_name = "DURATION", env = "ODMR_INTERVAL", help_heading = "Behaviour")]
    interval: Duration = Duration::minutes(15);
    /// As a daemon: call this often at least, whatever is wrong
    #[arg(long, value_name = "DURATION", env = "ODMR_MAX_BACKOFF", help_heading = "Behaviour")]
    max_backoff: Duration = Duration::hours(4);
    /// Write the dialogue of each session to this folder, secrets removed
    #[arg(long, value_name = "DIR", env = "ODMR_TRANSCRIPT", help_heading = "Behaviour")]
    transcript: PathBuf;
    /// Run this program when mail has come; its arguments follow, one a flag (repeatable)
    #[arg(long = "on-mail", value_name = "WORD", allow_hyphen_values = true,
        help_heading = "Behaviour")]
    on_mail: Vec<String> = Vec::new();
    /// Run this program when something is wrong, or is no longer (repeatable, like --on-mail)
    #[arg(long = "on-error", value_name = "WORD", allow_hyphen_values = true,
        help_heading = "Behaviour")]
    on_error: Vec<String> = Vec::new();
    /// With --quiet, tell the same trouble once in this time
    #[arg(long, value_name = "DURATION", env = "ODMR_REPORT_INTERVAL",
        help_heading = "Behaviour")]
    report_interval: Duration = Duration::hours(24);
    /// Remember in this folder how runs went
    #[arg(long, value_name = "DIR", env = "ODMR_STATE_DIR", help_heading = "Behaviour")]
    state_dir: PathBuf;
}

/// Exchange sends twenty messages over one connection, and a line that has turned cannot be
/// opened anew by the one that sends: so many calls are a thousand.
const EXCHANGE_ROUNDS: u32 = 50;

/// What a further provider may have of its own. The mail's way behind the turn is one.
pub const OF_A_PROVIDER: [&str; 19] = [
    "profile",
    "server",
    "port",
    "tls",
    "tls_min",
    "ca",
    "fingerprint",
    "server_name",
    "certificate",
    "key",
    "family",
    "bind",
    "proxy",
    "user",
    "password",
    "mechanism",
    "clear_auth",
    "verb",
    "timeout_connect",
];

impl Account {
    /// What to call the account in messages and summaries: its name, or else whom it calls.
    pub fn label(&self) -> String {
        match (&*self.name, &self.server) {
            ("", Some(server)) => server.to_string(),
            (name, _) => name.to_owned(),
        }
    }

    /// By what that is known which is kept of the account: its name, or else as whom it calls whom,
    /// `user@server:port`.
    pub fn identity(&self) -> String {
        match (&*self.name, &self.server) {
            ("", Some(server)) => {
                let user = self.user.as_deref().unwrap_or_default();
                format!("{user}@{server}:{}", self.port)
            }
            (name, _) => name.to_owned(),
        }
    }
}

impl Account {
    /// The account as each of its providers is to be asked, in order.
    pub fn providers(&self) -> Vec<Account> {
        let others = self.fallback.iter().map(|layer| self.at(layer));
        std::iter::once(self.clone()).chain(others).collect()
    }

    /// One server's certificate and name are not another's, and who is known by one of the two is not to
    /// be known by both.
    fn at(&self, layer: &Layer) -> Account {
        let mut base = self.clone();
        base.fingerprint = None;
        base.server_name = None;
        if layer.fingerprint.is_some() {
            base.ca = None;
        }
        // How often one calls is the account's.
        base.but(Layer { max_rounds: None, ..layer.clone().with_profile() })
    }
}

impl Layer {
    /// What a profile sets, where nobody has said otherwise. No profile lets a password be said in clear:
    /// that takes a word of its own (`clear_auth`).
    fn with_profile(self) -> Layer {
        let (port, max_rounds) = match self.profile {
            None => return self,
            Some(Profile::Odmr) => (366, 5),
            Some(Profile::Exchange) => (25, EXCHANGE_ROUNDS),
        };
        self.or(Layer { port: Some(port), max_rounds: Some(max_rounds), ..Layer::default() })
    }

    /// Makes every relative path start somewhere.
    pub fn anchor(&mut self, place: impl Fn(&Path) -> PathBuf) {
        self.anchor_by(&place);
    }

    fn anchor_by(&mut self, place: &dyn Fn(&Path) -> PathBuf) {
        let own = [&mut self.ca, &mut self.certificate, &mut self.key];
        let paths =
            own.into_iter().chain([&mut self.transcript, &mut self.state_dir, &mut self.spool]);
        paths.flatten().for_each(|path| *path = place(path));
        if let Some(SecretSource::File(path) | SecretSource::Netrc(path)) = &mut self.password {
            *path = place(path);
        }
        self.deliver = self.deliver.take().map(|deliver| deliver.map_path(place));
        self.bounces = self.bounces.take().map(|deliver| deliver.map_path(place));
        self.fallback.iter_mut().flatten().for_each(|layer| layer.anchor_by(&place));
    }
}
