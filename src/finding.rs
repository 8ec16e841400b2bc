//! What a check says: what was looked at, how bad it is, and what to do about it.
//!
//! Not here: how anything is found out (`flow`), how it is judged (`check`), or how it is put on a page
//! (`report`). mxcheck(1) has the names in the JSON.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How bad something is. The order is that of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Somebody may want it otherwise.
    Notice,
    /// It works, and will not always.
    Warning,
    /// Some mail is lost or late.
    Error,
    /// Mail is lost, goes to somebody else, or can be taken by anybody.
    Critical,
}

impl Severity {
    /// All, the least first.
    pub const ALL: [Severity; 5] =
        [Severity::Info, Severity::Notice, Severity::Warning, Severity::Error, Severity::Critical];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Severity {
    type Err = String;
    fn from_str(text: &str) -> Result<Severity, String> {
        let known = Severity::ALL.into_iter().find(|severity| severity.word() == text);
        known.ok_or_else(|| {
            format!("saw {text:?}; allowed: info, notice, warning, error or critical")
        })
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is as it should be.
    Ok,
    /// It is not.
    Fail,
    /// It is not, and that is no more than worth knowing.
    Info,
    /// There was nothing to judge, or another check says why there is not.
    Skipped,
    /// Nobody could tell. Never counted as in order.
    Unknown,
}

impl Status {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Fail => "fail",
            Status::Info => "info",
            Status::Skipped => "skipped",
            Status::Unknown => "unknown",
        }
    }
}

/// What a check is about: the row of the catalogue that help, manual and reports are read off.
#[derive(Debug, Serialize)]
pub struct About {
    /// The name that never changes: `mx.bypass-equal`.
    pub id: &'static str,
    /// What is verified, as a statement that should be true.
    pub title: &'static str,
    /// How bad it usually is when it is not.
    pub severity: Severity,
    /// Where it is written: `RFC 5321, 5.1`.
    pub rfc: &'static [&'static str],
    /// Why anybody should care.
    pub why: &'static str,
    /// What to do, in general.
    pub remedy: &'static str,
    /// The checks that explain this one: where one of them has something to say, this has nothing to add.
    pub blocked_by: &'static [&'static str],
}

impl About {
    /// The part of the id before the dot.
    pub fn group(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(group, _)| group)
    }
}

/// Only a warning, and yet not all mail goes where it should.
const DECISIVE: &[&str] = &["mx.bypass-backup", "mx.direct-customer"];

/// What these say leaves nothing open: nothing was expected; there are no records to compare; a dead server tells
/// nobody anything.
pub(crate) const HARMLESS: &[&str] = &["in.no-expectation", "target.implicit", "ns.unreachable"];

/// A check, and what it says of one thing.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// Which check.
    pub id: &'static str,
    /// How bad, where it is bad at all.
    pub severity: Severity,
    /// What became of it.
    pub status: Status,
    /// What it is about: a host, a server, a name.
    pub subject: String,
    /// In a sentence.
    pub message: String,
    /// What was seen.
    pub got: Option<String>,
    /// What was expected.
    pub want: Option<String>,
    /// Where it is written.
    pub rfc: &'static [&'static str],
    /// What to do.
    pub remedy: Option<String>,
    /// The questions whose answers say so, by their ids in the evidence.
    pub evidence: Vec<String>,
    /// The check that explains why this was not judged.
    pub blocked_by: Option<&'static str>,
    /// How long the slowest of those answers took, milliseconds.
    pub ms: u64,
}

impl Finding {
    /// Is something not as it should be?
    pub fn is_amiss(&self) -> bool {
        matches!(self.status, Status::Fail | Status::Info)
    }

    /// Is it so bad that the caller minds?
    pub fn fails(&self, fail_on: Severity) -> bool {
        let decides = fail_on <= Severity::Error && DECISIVE.contains(&self.id);
        self.is_amiss()
            && (self.severity >= fail_on || decides && self.severity >= Severity::Warning)
    }

    /// Could it have been so bad, and nobody knows? What keeps a check from being made is told by another,
    /// unless nobody wanted to hear that one.
    pub fn is_unclear(&self, fail_on: Severity, all: &[Finding]) -> bool {
        let is_told = |by: &str| {
            let speaks = |finding: &Finding| {
                finding.fails(fail_on) || finding.is_amiss() && HARMLESS.contains(&by)
            };
            all.iter().any(|finding| finding.id == by && speaks(finding))
        };
        self.severity >= fail_on
            && match self.blocked_by {
                Some(by) => !is_told(by),
                None => self.status == Status::Unknown,
            }
    }
}

/// The schema of an [`Assessment`] of a server that was asked for its rules.
pub const OF_RULES: &str = "odmr.probe/1";

/// What all checks say of a domain. `odmr.mxcheck/1`.
#[derive(Debug, Serialize)]
pub struct Assessment {
    /// `odmr.mxcheck/1`
    pub schema: &'static str,
    /// The domain, in A-labels.
    pub domain: String,
    /// When its servers were asked.
    pub checked_at: jiff::Timestamp,
    /// For whom it is told: `customer`, `provider` or `observer`.
    pub role: &'static str,
    /// What was expected.
    pub expected: Expected,
    /// In a word.
    pub verdict: Conclusion,
    /// The worst finding's severity.
    pub worst: Option<Severity>,
    /// How many of what.
    pub summary: Summary,
    /// Who gets the mail, in the order in which senders try.
    pub mx: Vec<Route>,
    /// What each server said of the MX records.
    pub vantages: Vec<Vantage>,
    /// The mail servers that were called.
    pub calls: Vec<Called>,
    /// Every finding; those that explain others stand before them.
    pub checks: Vec<Finding>,
    /// How far a change has come that was waited for.
    pub watch: Option<Watched>,
}

impl Assessment {
    /// The keys of its JSON, with what they mean.
    pub const FIELDS: &[(&str, &str)] = &[
        ("schema", "\"odmr.mxcheck/1\""),
        ("domain", "The domain, in A-labels."),
        ("checked_at", "When the first question was put, RFC 3339."),
        ("role", "For whom it is told: customer, provider or observer."),
        ("expected", "What was expected: names, addrs."),
        (
            "verdict",
            "ok, fail (a finding as bad as --fail-on), no-domain, unreachable, or unknown \
             (nothing bad, but something that could be bad was not found out).",
        ),
        ("worst", "The severity of the worst finding, or null."),
        ("summary", "How many: ok, info, notice, warning, error, critical, skipped, unknown."),
        (
            "mx",
            "The MX records, those first that are tried first: pref, target, ttl (seconds), addrs, \
             class (expected, unexpected, allowed, former, customer, partial, unknown, any), \
             share_percent (of the mail while everybody is up).",
        ),
        (
            "vantages",
            "What each server said of the MX records: server, addr, port, kind (resolver, \
             authoritative), aa, rcode (or why there was no answer), mx, ms.",
        ),
        (
            "calls",
            "The mail servers that were called: purpose (mx, odmr, control), host, addr, port, said (its \
             greeting, or why there is none), tls (the version, or null), cert_days (for how many days its \
             certificate is good, or null), ms.",
        ),
        (
            "checks",
            "The findings: id, severity, status (ok, fail, info, skipped, unknown), subject, message, \
             got, want, rfc, remedy, evidence (ids of answers and calls in the file of --save), blocked_by \
             (the check that says why this could not be judged), ms. What is unknown is never ok.",
        ),
        (
            "watch",
            "With --watch, otherwise null: state (waiting, done), cache_horizon (until then a cache \
             that keeps the rules may hold the old records; null where that is not known), vantages: \
             server, addr, port, kind, state (new, old, unknown), old (the records that were there), \
             ttl_left_s, forgets_at.",
        ),
    ];
}

/// How far a change has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// Does everybody who was waited for show the new records?
    pub state: Progress,
    /// Until then a cache that keeps the rules may hold the old records. Nothing where that is not known, and
    /// where nobody has had them.
    pub cache_horizon: Option<jiff::Timestamp>,
    /// Each server, and what it shows.
    pub vantages: Vec<Witness>,
}

/// Is it there yet?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Not yet.
    Waiting,
    /// Yes.
    Done,
}

/// What a server shows of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its name, where it has one.
    pub server: Option<String>,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// `resolver` or `authoritative`.
    pub kind: String,
    /// The old records or the new ones.
    pub state: Shown,
    /// The old records, as last seen there.
    pub old: Option<String>,
    /// For how long it had them still when they were last seen there, seconds; of a server of the zone, for
    /// how long it gives them away.
    pub ttl_left_s: Option<u32>,
    /// When a cache has forgotten them at the latest.
    pub forgets_at: Option<jiff::Timestamp>,
}

/// Which records a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// Those that should be.
    New,
    /// Others.
    Old,
    /// None that anybody could judge.
    Unknown,
}

impl Shown {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Shown::New => "new",
            Shown::Old => "old",
            Shown::Unknown => "unknown",
        }
    }
}

/// What the caller expects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// The servers that should get the mail, by name.
    pub names: Vec<String>,
    /// Their addresses and networks.
    pub addrs: Vec<String>,
}

/// An assessment in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Nothing as bad as the caller minds.
    Ok,
    /// Something is.
    Fail,
    /// The domain does not exist.
    NoDomain,
    /// No server answered at all.
    Unreachable,
    /// Nothing bad was found, but something that could be bad was not found out.
    Unknown,
}

impl Conclusion {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Conclusion::Ok => "ok",
            Conclusion::Fail => "fail",
            Conclusion::NoDomain => "no-domain",
            Conclusion::Unreachable => "unreachable",
            Conclusion::Unknown => "unknown",
        }
    }
}

/// How many findings of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// In order.
    pub ok: usize,
    /// Worth knowing.
    pub info: usize,
    /// Notices.
    pub notice: usize,
    /// Warnings.
    pub warning: usize,
    /// Errors.
    pub error: usize,
    /// Critical.
    pub critical: usize,
    /// Not judged, and why is known.
    pub skipped: usize,
    /// Not found out.
    pub unknown: usize,
}

impl Summary {
    /// Counts.
    pub fn of(findings: &[Finding]) -> Summary {
        let mut summary = Summary::default();
        for finding in findings {
            let count = match (finding.status, finding.severity) {
                (Status::Ok, _) => &mut summary.ok,
                (Status::Skipped, _) => &mut summary.skipped,
                (Status::Unknown, _) => &mut summary.unknown,
                (_, Severity::Info) => &mut summary.info,
                (_, Severity::Notice) => &mut summary.notice,
                (_, Severity::Warning) => &mut summary.warning,
                (_, Severity::Error) => &mut summary.error,
                (_, Severity::Critical) => &mut summary.critical,
            };
            *count += 1;
        }
        summary
    }

    /// How many findings have this severity.
    pub fn at(&self, severity: Severity) -> usize {
        match severity {
            Severity::Info => self.info,
            Severity::Notice => self.notice,
            Severity::Warning => self.warning,
            Severity::Error => self.error,
            Severity::Critical => self.critical,
        }
    }
}

/// Whose host an MX target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The server that should get the mail.
    Expected,
    /// Somebody else's.
    Unexpected,
    /// Somebody else's, and tolerated.
    Allowed,
    /// A provider that should no longer get any.
    Former,
    /// The customer's own.
    Customer,
    /// Some of its addresses are the expected server's, others are not.
    Partial,
    /// Its addresses could not be found out, and its name says nothing.
    Unknown,
    /// Nobody said what to expect.
    Any,
}

impl Class {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Class::Expected => "expected",
            Class::Unexpected => "unexpected",
            Class::Allowed => "allowed",
            Class::Former => "former",
            Class::Customer => "customer",
            Class::Partial => "partial",
            Class::Unknown => "unknown",
            Class::Any => "any",
        }
    }
}

/// An MX record, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Its number; senders try the lowest first.
    pub pref: u16,
    /// The host.
    pub target: String,
    /// How long caches keep the record, seconds.
    pub ttl: u32,
    /// Where the host is.
    pub addrs: Vec<IpAddr>,
    /// Whose it is.
    pub class: Class,
    /// Of the mail of senders who find everybody up, how many of a hundred go here first.
    pub share_percent: u8,
}

/// What a server said of the domain's MX records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vantage {
    /// Its name, where it has one.
    pub server: Option<String>,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// `resolver`, `authoritative` or `parent`.
    pub kind: &'static str,
    /// Does it speak for the zone?
    pub aa: bool,
    /// The response code, or why there is none.
    pub rcode: String,
    /// The records, as in a zone file.
    pub mx: Vec<String>,
    /// How long it took, milliseconds.
    pub ms: u64,
}

/// A mail server that was called, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Called {
    /// `mx`, `odmr` or `control`.
    pub purpose: &'static str,
    /// The name by which it was called.
    pub host: String,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its greeting, or why there is none.
    pub said: String,
    /// The version of TLS that was agreed on.
    pub tls: Option<String>,
    /// For how many days its certificate is good; less than none where it has expired.
    pub cert_days: Option<i64>,
    /// How long the slowest of its answers took, milliseconds.
    pub ms: u64,
}
