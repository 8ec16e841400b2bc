//! From text to accounts, with a place for everything that is wrong.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroU32;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{Account, Accounts, AccountsError, Switch, folded};
use crate::config::{Document, Problem};
use crate::sasl::{Credentials, Fingerprint, prepare};
use crate::smtp::Domain;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    account: BTreeMap<Spanned<String>, WrittenAccount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAccount {
    domains: Spanned<Vec<Text>>,
    #[serde(default)]
    send_as: Vec<Text>,
    #[serde(default)]
    aliases: Vec<Text>,
    scram_sha_256: Option<Text>,
    cram_md5: Option<Text>,
    ntlm: Option<Text>,
    #[serde(default)]
    certificate: Vec<Text>,
    #[serde(default)]
    dovecot: bool,
    #[serde(default)]
    submit: bool,
    #[serde(default)]
    clear_login: bool,
    #[serde(default)]
    line_per_record: Switch,
    #[serde(default)]
    stream: Switch,
    max_sessions: Option<NonZeroU32>,
    pace: Option<Text>,
    #[serde(default)]
    networks: Vec<Text>,
}

type Text = Spanned<String>;

/// Something wrong, and where in the text.
struct Fault {
    span: Range<usize>,
    what: String,
}

fn fault<T>(at: &Spanned<T>, what: impl Into<String>) -> Fault {
    Fault { span: at.span(), what: what.into() }
}

/// Reads the file once its permissions are found in order.
pub(super) fn text(path: &Path) -> Result<String, AccountsError> {
    let io = |error| AccountsError::Io { path: path.to_owned(), doing: "read", error };
    let mut file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o7777;
    // A group may read it, so that a daemon without root can; nobody but the owner may write it.
    if mode & 0o027 != 0 {
        return Err(AccountsError::Loose { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

/// Reads the text and checks it as a whole.
pub(super) fn accounts(path: &Path, text: &str) -> Result<Accounts, Problem> {
    let document = Document::new(path, text);
    let written: Written = document.parse()?;
    gather(written).map_err(|fault| document.problem_at(fault.span.start, fault.what))
}

fn gather(written: Written) -> Result<Accounts, Fault> {
    let mut accounts = Accounts::default();
    for (name, written) in written.account {
        register(&mut accounts, &name, &written)?;
        accounts.all.push(account(&name, &written)?);
    }
    Ok(accounts)
}

/// Enters every name, domain and certificate, and finds those that are somebody else's.
fn register(accounts: &mut Accounts, name: &Text, written: &WrittenAccount) -> Result<(), Fault> {
    let Accounts { all, by_name, by_domain, by_certificate } = accounts;
    let taken = |at: &Text, by: Option<&usize>| match by.and_then(|&n| all.get(n)) {
        Some(other) => {
            let what = format!("{:?} belongs to account {:?} already", at.get_ref(), other.name);
            Err(fault(at, what))
        }
        None => Ok(()),
    };
    let me = all.len();
    for text in written.domains.get_ref() {
        let domain = domain(text)?;
        taken(text, claim(by_domain, domain.clone(), me).as_ref())?;
        taken(text, claim(by_name, folded(domain.as_str()), me).as_ref())?;
    }
    for text in std::iter::once(name).chain(&written.aliases) {
        taken(text, claim(by_name, folded(login_name(text)?), me).as_ref())?;
    }
    for text in &written.certificate {
        taken(text, claim(by_certificate, fingerprint(text)?, me).as_ref())?;
    }
    Ok(())
}

/// Enters a key, and tells whose it was if it was another's.
fn claim<K: std::hash::Hash + Eq>(map: &mut HashMap<K, usize>, key: K, me: usize) -> Option<usize> {
    map.insert(key, me).filter(|&other| other != me)
}

fn account(name: &Text, written: &WrittenAccount) -> Result<Account, Fault> {
    let domains = written.domains.get_ref().iter().map(domain).collect::<Result<Vec<_>, _>>()?;
    if let Some(first) = written.send_as.first().filter(|_| !written.submit) {
        return Err(fault(first, "is of no use without submit = true"));
    }
    if domains.is_empty() && written.send_as.is_empty() {
        let what = "is empty; an account collects at least one domain, or has send_as and submit";
        return Err(fault(&written.domains, what));
    }
    let credentials = credentials(written)?;
    if credentials.is_none() && written.certificate.is_empty() && !written.dovecot {
        let what = "has neither scram_sha_256 nor certificate nor dovecot, so nobody can log in; \
                    take it out of the file, and `odmrd account add` it with a password";
        return Err(fault(name, what));
    }
    Ok(Account {
        name: name.get_ref().clone(),
        aliases: written.aliases.iter().map(|alias| alias.get_ref().clone()).collect(),
        domains,
        send_as: written.send_as.iter().map(domain).collect::<Result<_, _>>()?,
        credentials,
        certificates: written.certificate.iter().map(fingerprint).collect::<Result<_, _>>()?,
        dovecot: written.dovecot,
        submit: written.submit,
        clear_login: written.clear_login,
        line_per_record: written.line_per_record,
        stream: written.stream,
        max_sessions: written.max_sessions,
        pace: written.pace.as_ref().map(pace).transpose()?,
        networks: written.networks.iter().map(seen).collect::<Result<_, _>>()?,
    })
}

fn credentials(written: &WrittenAccount) -> Result<Option<Credentials>, Fault> {
    let scram = written.scram_sha_256.as_ref().map(unseen).transpose()?;
    let cram = written.cram_md5.as_ref().map(unseen).transpose()?;
    let ntlm = written.ntlm.as_ref().map(unseen).transpose()?;
    match (scram, written.cram_md5.as_ref().or(written.ntlm.as_ref())) {
        (Some(scram), _) => Ok(Some(Credentials { scram, cram, ntlm })),
        (None, Some(alone)) => Err(fault(alone, "needs scram_sha_256 beside it")),
        (None, None) => Ok(None),
    }
}

/// Reads a value, and shows it when it cannot be read.
fn seen<T: FromStr<Err: Display>>(text: &Text) -> Result<T, Fault> {
    let read = text.get_ref().parse();
    read.map_err(|why: T::Err| fault(text, format!("{:?}: {why}", text.get_ref())))
}

/// The same for a secret, which is never shown.
fn unseen<T: FromStr<Err: Display>>(text: &Text) -> Result<T, Fault> {
    text.get_ref().parse().map_err(|why: T::Err| fault(text, why.to_string()))
}

fn domain(text: &Text) -> Result<Domain, Fault> {
    let ascii = Domain::parse(text.get_ref()).and_then(|d| Domain::parse_atrn(d.as_str()));
    let domain = ascii
        .map_err(|why| fault(text, format!("{:?} is not a mail domain: {why}", text.get_ref())))?;
    match domain.can_exist() {
        true => Ok(domain),
        false => {
            Err(fault(text, format!("{domain:?} can be nobody's: RFC 2606 keeps .invalid unused")))
        }
    }
}

/// SASL compares names after SASLprep, so only names that it leaves alone can be found.
fn login_name(text: &Text) -> Result<&str, Fault> {
    let name = text.get_ref();
    match prepare(name) {
        Ok(prepared) if prepared.as_str() == name => Ok(name),
        Ok(prepared) => {
            let what = format!("{name:?} would never be found; write {:?}", prepared.as_str());
            Err(fault(text, what))
        }
        Err(why) => Err(fault(text, format!("{name:?} cannot be a login name: {why}"))),
    }
}

fn pace(text: &Text) -> Result<Duration, Fault> {
    let read = text.get_ref().parse::<jiff::SignedDuration>().ok();
    let read = read.and_then(|duration| Duration::try_from(duration).ok());
    let what = || format!("{:?} is not a time such as \"30s\" or \"5m\"", text.get_ref());
    read.ok_or_else(|| fault(text, what()))
}

fn fingerprint(text: &Text) -> Result<Fingerprint, Fault> {
    let read = parse_fingerprint(text.get_ref());
    read.map_err(|why| fault(text, format!("{:?}: {why}", text.get_ref())))
}

/// Not a certificate's fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint; expected sha256: and 64 hexadecimal digits, with or without colons")]
pub struct BadFingerprint;

/// Reads `sha256:` and the digits that `openssl x509 -fingerprint -sha256` prints.
///
/// # Errors
/// [`BadFingerprint`] when it is anything else.
pub fn parse_fingerprint(text: &str) -> Result<Fingerprint, BadFingerprint> {
    let (scheme, digits) = text.split_once(':').ok_or(BadFingerprint)?;
    let values: Option<Vec<u32>> =
        digits.chars().filter(|&c| c != ':').map(|c| c.to_digit(16)).collect();
    let values = values.filter(|values| values.len() == 64).ok_or(BadFingerprint)?;
    let mut fingerprint = [0u8; 32];
    for (octet, pair) in fingerprint.iter_mut().zip(values.chunks_exact(2)) {
        *octet = (pair[0] << 4 | pair[1]) as u8;
    }
    if scheme.eq_ignore_ascii_case("sha256") { Ok(fingerprint) } else { Err(BadFingerprint) }
}
