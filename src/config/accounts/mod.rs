//! Who may collect which mail, by what secret: the provider's account file.
//!
//! ```toml
//! [account.acme]
//! domains = ["example.org", "example.com"]     # each is also a name to log in by
//! aliases = ['EXAMPLE\acme']
//! scram_sha_256 = "SCRAM-SHA-256$10000:...$...:..."
//! cram_md5 = "{CRAM-MD5}..."                   # only for customers that know nothing better
//! ntlm = "{NTLM}..."                           # the same, and as good as the password
//! certificate = ["sha256:..."]                 # for EXTERNAL
//! dovecot = false                              # Dovecot has its password (odmr.dovecot_socket)
//! submit = false                               # may send mail, through the smarthost
//! clear_login = false                          # PLAIN and LOGIN without TLS
//! line_per_record = "auto"                     # one line per TLS record, for fetchmail
//! stream = "auto"                              # whole transactions without waiting
//! max_sessions = 4
//! pace = "30s"                                 # the least time between two ATRN
//! networks = ["192.0.2.0/24"]                  # may log in from here only
//! ```
//!
//! No password stands in it, only what proves one. It is written by hand or by
//! [`edit`]; the two get along, since an edit leaves comments and order alone.
//!
//! Not here: what an ATRN is told (`odmr`), and how a password is checked (`sasl`).

mod edit;
mod mint;
mod network;
mod read;

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Problem;
use crate::exit::Exit;
use crate::sasl::{Credentials, Fingerprint, Found, Wanted};
use crate::smtp::Domain;

pub use edit::{AccountFile, NewAccount, edit};
pub use mint::{derive, generate_password};
pub use network::{BadNetwork, Network};
pub use read::{BadFingerprint, parse_fingerprint};

/// Something that the two sides can agree on by themselves, unless the provider decides it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// As the customer announces it.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Switch {
    /// On or off, `auto` being what the customer's own words come to.
    pub fn or(self, auto: bool) -> bool {
        match self {
            Switch::Auto => auto,
            Switch::On => true,
            Switch::Off => false,
        }
    }
}

/// One customer.
#[derive(Clone, Debug)]
pub struct Account {
    /// What it is called in our logs.
    pub name: String,
    /// Other names it may log in by, beside its domains.
    pub aliases: Vec<String>,
    /// Whose mail it may collect; at least one, unless it is there for sending alone.
    pub domains: Vec<Domain>,
    /// Beside those, in whose addresses it may send, whoever collects their mail.
    pub send_as: Vec<Domain>,
    /// What is kept of its password.
    pub credentials: Option<Credentials>,
    /// The client certificates that stand for it.
    pub certificates: Vec<Fingerprint>,
    /// Dovecot has its password.
    pub dovecot: bool,
    /// It may send mail of its own.
    pub submit: bool,
    /// PLAIN and LOGIN are allowed without TLS, for Exchange 2003.
    pub clear_login: bool,
    /// A reversed session over TLS puts one line into each record: fetchmail reads only the first
    /// line of a record, and then waits for ever. Auto: unless the customer announces XODMR.
    pub line_per_record: Switch,
    /// Whole transactions are streamed. Auto: when the customer announces XODMR STREAM.
    pub stream: Switch,
    /// How many sessions may drain side by side.
    pub max_sessions: Option<NonZeroU32>,
    /// The least time between two ATRN.
    pub pace: Option<Duration>,
    /// Where it may log in from; anywhere if empty.
    pub networks: Vec<Network>,
}

impl Account {
    /// Whether the account may collect this domain's mail: by that very name, not one below it.
    pub fn may_claim(&self, domain: &Domain) -> bool {
        self.domains.contains(domain)
    }

    /// Whether it may send mail from addresses of this domain.
    pub fn may_send_as(&self, domain: &Domain) -> bool {
        self.submit && (self.domains.contains(domain) || self.send_as.contains(domain))
    }

    /// Whether it may log in from there.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address))
    }

    /// Whether it is one of those that can do no better than log in without TLS.
    pub fn may_shun_tls(&self) -> bool {
        self.clear_login || self.has_ntlm()
    }

    /// Whether it keeps what NTLM needs.
    fn has_ntlm(&self) -> bool {
        self.credentials.as_ref().is_some_and(|known| known.ntlm.is_some())
    }

    /// What SASL needs to judge a claim to be this account.
    pub fn found(&self) -> Found<'_> {
        Found {
            account: &self.name,
            credentials: self.credentials.as_ref(),
            certificates: &self.certificates,
        }
    }
}

/// Every account of one file, checked: no two share a name, a domain or a certificate.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    all: Vec<Account>,
    by_name: HashMap<String, usize>,
    by_domain: HashMap<Domain, usize>,
    by_certificate: HashMap<Fingerprint, usize>,
}

/// The form in which names are compared.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

impl Accounts {
    /// Reads the file. It must not be readable by everybody, nor writable by any but its owner.
    ///
    /// # Errors
    /// [`AccountsError`], in one line.
    pub fn load(path: &Path) -> Result<Accounts, AccountsError> {
        Accounts::parse(path, &read::text(path)?)
    }

    /// Reads the text of a file; `path` is for what is said about it.
    ///
    /// # Errors
    /// [`AccountsError::Misplaced`] says where and what.
    pub fn parse(path: &Path, text: &str) -> Result<Accounts, AccountsError> {
        Ok(read::accounts(path, text)?)
    }

    /// The account of this name, alias or domain, in whatever case.
    pub fn find(&self, name: &str) -> Option<&Account> {
        self.by_name.get(&folded(name)).and_then(|&n| self.all.get(n))
    }

    /// The account that SASL asks for.
    pub fn look_up(&self, wanted: &Wanted) -> Option<&Account> {
        match wanted {
            Wanted::Name(name) => self.find(name),
            Wanted::Of { domain, name } => {
                self.find(&format!("{domain}\\{name}")).or_else(|| self.find(name))
            }
            Wanted::Certificate { name: Some(name), .. } => self.find(name),
            Wanted::Certificate { fingerprint, name: None } => {
                self.by_certificate.get(fingerprint).and_then(|&n| self.all.get(n))
            }
        }
    }

    /// Who may collect this domain's mail.
    pub fn claimant(&self, domain: &Domain) -> Option<&Account> {
        self.by_domain.get(domain).and_then(|&n| self.all.get(n))
    }

    /// Has nobody any of these domains yet?
    ///
    /// # Errors
    /// [`AccountsError::Taken`] for the first that somebody has.
    pub fn are_free(&self, domains: &[Domain]) -> Result<(), AccountsError> {
        let owned = domains.iter().find_map(|domain| Some((domain, self.claimant(domain)?)));
        owned.map_or(Ok(()), |(domain, owner)| {
            Err(AccountsError::Taken { domain: domain.clone(), owner: owner.name.clone() })
        })
    }

    /// Every account, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.all.iter()
    }

    /// Whether NTLM is worth listing.
    pub fn any_ntlm(&self) -> bool {
        self.all.iter().any(Account::has_ntlm)
    }

    /// Whether somebody who has what NTLM needs may come from there.
    pub fn any_ntlm_from(&self, address: IpAddr) -> bool {
        self.all.iter().any(|account| account.has_ntlm() && account.may_come_from(address))
    }

    /// Whether PLAIN and LOGIN are worth listing without TLS.
    pub fn any_clear_login(&self) -> bool {
        self.all.iter().any(|account| account.clear_login)
    }
}

/// Why the account file cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// Something in it is wrong.
    #[error(transparent)]
    Misplaced(#[from] Problem),
    /// Others can read or change it.
    #[error("{}: mode {mode:04o} is too open for a file of secrets; it must be 0640 or less (chmod 640 {})", path.display(), path.display())]
    Loose {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Reading or writing failed.
    #[error("{}: cannot {doing}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        error: std::io::Error,
    },
    /// Somebody else is changing it.
    #[error("{}: another program is changing it, and did not finish in time; try again", .0.display())]
    Busy(PathBuf),
    /// The name is taken.
    #[error("there is an account {0:?} already; `odmrd account passwd` sets its password anew")]
    Exists(String),
    /// The domain is another's.
    #[error("{domain} belongs to account {owner:?} already; a domain has one account")]
    Taken {
        /// Which.
        domain: Domain,
        /// Whose.
        owner: String,
    },
    /// No such account.
    #[error("there is no account {0:?}; `odmrd account list` shows those there are")]
    Unknown(String),
}

impl AccountsError {
    /// How a program ends over it.
    pub fn exit(&self) -> Exit {
        match self {
            AccountsError::Misplaced(_) | AccountsError::Loose { .. } => Exit::Config,
            AccountsError::Io { error, .. } if error.kind() == std::io::ErrorKind::NotFound => {
                Exit::Config
            }
            AccountsError::Io { .. } => Exit::Io,
            AccountsError::Busy(_) => Exit::TempFail,
            AccountsError::Exists(_) | AccountsError::Taken { .. } => Exit::Data,
            AccountsError::Unknown(_) => Exit::NoInput,
        }
    }
}

#[cfg(test)]
mod tests;
