//! The settings of an account that are one word out of a few, and the pair that names a folder.
//! Files and flags read the same words; the help of each word is its comment here.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::config::value::{BadValue, Written, read};

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
    fn folders_are_pairs() {
        let folder: Folder = "a=b@x.org=.Sales".parse().unwrap();
        assert_eq!((&*folder.recipient, folder.folder), ("a=b@x.org", ".Sales".into()));
        assert!("".parse::<Folder>().is_err() && "=x".parse::<Folder>().is_err());
        assert!("a=".parse::<Folder>().is_err());
    }
}
