//! The settings of an account that are one word out of a few, and the pair that names a folder.
//! Files and flags read the same words; the help of each word is its comment here.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::config::value::{BadValue, Written, read};
use crate::smtp::Domain;

/// How the line to the provider is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Encrypted either way: TLS at once where the server greets nobody in clear, else STARTTLS
    Require,
    /// STARTTLS, and nothing is said before it
    Starttls,
    /// TLS from the first octet
    Implicit,
    /// STARTTLS where it is offered; somebody in between can prevent it
    Opportunistic,
    /// In clear
    None,
}

/// What kind of provider is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// One of RFC 2645
    Odmr,
    /// Exchange 2003 or IIS: port 25, a bare TURN, so many messages for each call
    Exchange,
}

/// By which command the mail is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// ATRN where it is listed, else TURN where that is
    Auto,
    /// ATRN, listed or not
    Atrn,
    /// TURN without a domain, listed or not
    Turn,
}

/// The least that TLS may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
pub enum TlsMin {
    /// TLS 1.2, which all servers of today speak
    #[serde(rename = "1.2")]
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3
    #[serde(rename = "1.3")]
    #[value(name = "1.3")]
    Tls13,
}

/// Which addresses of a provider are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// All, one after the other
    Any,
    /// IPv4 alone
    Ipv4,
    /// IPv6 alone
    Ipv6,
}

/// How we prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// The strongest of those offered that the line is safe for
    Auto,
    /// SCRAM bound to the TLS channel: nobody in between can pass it on
    #[serde(rename = "scram-sha-256-plus")]
    #[value(name = "scram-sha-256-plus")]
    ScramSha256Plus,
    /// SCRAM: neither side tells the other the password
    #[serde(rename = "scram-sha-256")]
    #[value(name = "scram-sha-256")]
    ScramSha256,
    /// The mechanism every RFC 2645 server has
    CramMd5,
    /// The password itself, under TLS
    Plain,
    /// The password itself, for servers that know no PLAIN
    Login,
    /// Our TLS client certificate
    External,
}

/// What may be shown to the line when it is in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClearAuth {
    /// Nothing: no login without TLS, except by SCRAM
    None,
    /// CRAM-MD5, whose answers can be guessed at leisure by whoever hears them
    CramMd5,
    /// CRAM-MD5, PLAIN and LOGIN: whoever hears the line has the password
    Plain,
}

/// What to do when another run holds the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Wait until it is done
    Wait,
    /// Leave the account to it; exit 0
    Skip,
    /// Exit 75
    Fail,
}

/// Whom to ask, where an account has several providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// The first that can be reached
    First,
    /// Each of them, one after the other
    All,
}

/// How the target is told which host mail came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Introduce {
    /// Not at all: to the target all mail comes from this host
    None,
    /// By XCLIENT, which Postfix offers to hosts that it trusts
    Xclient,
    /// By the PROXY protocol, with a connection for each host
    Proxy,
}

/// Which of several accounts decides how the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// The worst of them
    Worst,
    /// One that ended with 0, and the worst where none did
    Any,
    /// The first that did not end with 0
    First,
}

/// Whose numbers the program ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCodes {
    /// Those of sysexits, the same in all our programs
    Native,
    /// Those of fetchmail, for scripts that know them: 1 is "no mail"
    Fetchmail,
}

/// How often the program of `command:` is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Once for each message; its answer is for all recipients
    Message,
    /// Once for each recipient, who then has an answer of his own
    Recipient,
}

/// Where mail in a Maildir goes whose recipient has no folder by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Others {
    /// To the Maildir itself: everybody exists
    Inbox,
    /// To the folder that is called like what stands before the @; who has none does not exist
    LocalPart,
    /// Nowhere: they do not exist
    Refuse,
}

/// Mail for this recipient goes to this folder of the Maildir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// A whole address, or a local part.
    pub recipient: String,
    /// A path of its own when it is absolute, else a folder below the Maildir.
    pub folder: PathBuf,
}

impl FromStr for Folder {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Folder, BadValue> {
        read(text)
    }
}

impl Written for Folder {
    const ALLOWED: &'static str = "RECIPIENT=FOLDER, like sales@example.org=.Sales";

    fn read(text: &str) -> Option<Folder> {
        // The last `=`: a local part may hold one, as in VERP addresses.
        let (recipient, folder) = text.rsplit_once('=')?;
        let both = !recipient.is_empty() && !folder.is_empty();
        both.then(|| Folder { recipient: recipient.to_owned(), folder: folder.into() })
    }
}

/// Recipients at this domain are told to the target at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedDomain {
    /// As the provider has it.
    pub from: Domain,
    /// As the target is to hear it.
    pub to: Domain,
}

impl FromStr for MappedDomain {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<MappedDomain, BadValue> {
        read(text)
    }
}

impl Written for MappedDomain {
    const ALLOWED: &'static str = "DOMAIN=DOMAIN, like example.org=mail.example.org";

    fn read(text: &str) -> Option<MappedDomain> {
        let (from, to) = text.split_once('=')?;
        Some(MappedDomain { from: Domain::read(from)?, to: Domain::read(to)? })
    }
}

/// `[account.NAME.map_domains]` as the file writes it: a table of domain and domain.
pub(super) mod mapped {
    use std::collections::BTreeMap;

    use serde::de::Error;

    use super::{Deserialize, Domain, MappedDomain, read};

    pub fn deserialize<'de, D>(from: D) -> Result<Option<Vec<MappedDomain>>, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        let table = BTreeMap::<String, Domain>::deserialize(from)?;
        let pair = |(from, to): (String, Domain)| {
            Ok(MappedDomain { from: read(&from).map_err(D::Error::custom)?, to })
        };
        table.into_iter().map(pair).collect::<Result<_, _>>().map(Some)
    }
}

/// `[account.NAME.folders]` as the file writes it: a table of recipient and folder.
pub(super) mod folders {
    use std::collections::BTreeMap;

    use super::{Deserialize, Folder, PathBuf};

    pub fn deserialize<'de, D>(from: D) -> Result<Option<Vec<Folder>>, D::Error>
    where
        D: serde::Deserializer<'de>,
    {
        let table = BTreeMap::<String, PathBuf>::deserialize(from)?;
        let pair = |(recipient, folder)| Folder { recipient, folder };
        Ok(Some(table.into_iter().map(pair).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_called_as_in_their_rfcs() {
        let names = Mechanism::value_variants().iter().filter_map(|m| m.to_possible_value());
        let names: Vec<_> = names.map(|name| name.get_name().to_owned()).collect();
        let known = [
            "auto",
            "scram-sha-256-plus",
            "scram-sha-256",
            "cram-md5",
            "plain",
            "login",
            "external",
        ];
        assert_eq!(names, known);
    }

    #[test]
    fn file_and_flag_know_the_same_words() {
        for mechanism in Mechanism::value_variants() {
            let flag = mechanism.to_possible_value().unwrap().get_name().to_owned();
            let file = serde_json::to_value(mechanism).unwrap();
            assert_eq!(file, serde_json::Value::String(flag));
        }
    }

    #[test]
    fn domains_are_mapped_in_pairs() {
        let mapped: MappedDomain = "Example.org=mail.example.org".parse().unwrap();
        assert_eq!((mapped.from.as_str(), mapped.to.as_str()), ("example.org", "mail.example.org"));
        for wrong in ["example.org", "=example.org", "example.org=", "a=b", ""] {
            assert!(wrong.parse::<MappedDomain>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn folders_are_pairs() {
        let folder: Folder = "a=b@x.org=.Sales".parse().unwrap();
        assert_eq!((&*folder.recipient, folder.folder), ("a=b@x.org", ".Sales".into()));
        assert!("".parse::<Folder>().is_err() && "=x".parse::<Folder>().is_err());
        assert!("a=".parse::<Folder>().is_err());
    }
}
