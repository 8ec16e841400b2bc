//! Does all mail for a domain reach the server that holds it, and only that? Judges: facts in, findings out.
//!
//! | file | holds |
//! |---|---|
//! | [`facts`] | every question that was put, and what came back |
//! | [`expect`] | what should be |
//! | [`preference`] | the arithmetic of preferences |
//! | [`horizon`] | the arithmetic of what the world remembers |
//! | `case` | the facts in the order in which judges want them |
//! | [`chain`] | what signatures prove |
//! | `input`, `zone`, `target`, `routing`, `names`, `dnssec`, `dane`, `ttl`, [`policy`], [`sts`], [`spf`] | the checks, a group a file |
//! | `live`, `provider`, `watch` | the checks of what mail servers said, of a provider's books, of a change |
//!
//! A judge reads and says; it asks nobody. "Could not tell" is never "in order" and never "wrong".

mod case;
pub mod chain;
mod dane;
pub mod dnsbl;
mod dnssec;
pub mod expect;
pub mod facts;
pub mod horizon;
mod input;
mod live;
pub mod names;
pub mod policy;
pub mod preference;
mod provider;
mod routing;
pub mod spf;
pub mod sts;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod ttl;
mod watch;
mod zone;

use std::collections::HashMap;

pub use case::{Case, is_below_or_at};
pub use expect::{Expectation, Network, Standpoint};
pub use facts::Facts;

use self::facts::{Data, Kind, Outcome, Role};
use crate::finding::{
    About, Assessment, Called, Conclusion, Expected, Finding, Severity, Status, Summary, Vantage,
};

use crate::probe::{Call, Purpose, Rung};

/// A check: what it is about, and its judge.
pub struct Check {
    /// The row of the catalogue.
    pub about: About,
    /// Reads, and says.
    pub judge: fn(&Case) -> Judged,
}

/// What a judge says.
pub enum Judged {
    /// All is as it should be.
    Ok,
    /// This is not.
    Amiss(Vec<Fault>),
    /// Nobody could tell, because of this.
    Unknown(String),
    /// Nobody could tell, for the same reason as this check, which stands before it.
    After(&'static str),
    /// There is nothing to judge, because of this.
    Nothing(&'static str),
    /// There is nothing to judge, and this check says why.
    Behind(&'static str),
}

impl Judged {
    /// In order, unless there are faults.
    fn by(faults: Vec<Fault>) -> Judged {
        if faults.is_empty() { Judged::Ok } else { Judged::Amiss(faults) }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    subject: String,
    message: String,
    got: Option<String>,
    want: Option<String>,
    remedy: Option<String>,
    /// Where it is worse or better than it usually is.
    severity: Option<Severity>,
    evidence: Vec<String>,
}

impl Fault {
    /// A fault of this, in a sentence.
    fn of(subject: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { subject: subject.into(), message: message.into(), ..Fault::default() }
    }

    fn got(self, got: impl Into<String>) -> Fault {
        Fault { got: Some(got.into()), ..self }
    }

    fn want(self, want: impl Into<String>) -> Fault {
        Fault { want: Some(want.into()), ..self }
    }

    fn remedy(self, remedy: impl Into<String>) -> Fault {
        Fault { remedy: Some(remedy.into()), ..self }
    }

    fn at(self, severity: Severity) -> Fault {
        Fault { severity: Some(severity), ..self }
    }

    fn seen(self, evidence: &[String]) -> Fault {
        let some = evidence.iter().take(case::MOST_EVIDENCE);
        Fault { evidence: some.cloned().collect(), ..self }
    }
}

/// Every check there is; those that explain others stand before them.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [
        input::CHECKS,
        zone::CHECKS,
        target::CHECKS,
        routing::CHECKS,
        names::CHECKS,
        dnsbl::CHECKS,
        dnssec::CHECKS,
        dane::CHECKS,
        ttl::CHECKS,
        policy::CHECKS,
        sts::CHECKS,
        spf::CHECKS,
        provider::CHECKS,
        watch::CHECKS,
    ]
    .into_iter()
    .flatten()
    .chain(live::checks())
}

/// Which checks count, and how much.
#[derive(Clone, Debug)]
pub struct Policy {
    /// These only, unless there are none: an id, a group (`mx`), or a severity.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// How bad these are, instead of what the catalogue says.
    pub severities: Vec<(String, Severity)>,
    /// From here on a finding makes the verdict bad.
    pub fail_on: Severity,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            only: Vec::new(),
            skip: Vec::new(),
            severities: Vec::new(),
            fail_on: Severity::Error,
        }
    }
}

impl Policy {
    /// Does this word mean any check?
    pub fn is_known(word: &str) -> bool {
        word.parse::<Severity>().is_ok()
            || checks().any(|check| check.about.id == word || check.about.group() == word)
    }

    fn wants(&self, finding: &Finding, role: Standpoint) -> bool {
        let group = finding.id.split('.').next().unwrap_or_default();
        let meant =
            |word: &str| word == finding.id || word == group || word == finding.severity.word();
        let is_meant = |words: &[String]| words.iter().any(|word| meant(word));
        let is_asked_for = match self.only.is_empty() {
            true => !role.leaves_out().iter().any(|word| meant(word)),
            false => is_meant(&self.only),
        };
        is_asked_for && !is_meant(&self.skip)
    }

    fn severity(&self, id: &str, usual: Severity) -> Severity {
        let said = self.severities.iter().rev().find(|(known, _)| known == id);
        said.map_or(usual, |(_, severity)| *severity)
    }
}

pub use target::sells_names;

/// Is this an address that nobody can reach from outside?
pub fn is_special(address: std::net::IpAddr) -> bool {
    target::special(address).is_some()
}

/// Judges.
pub fn judge(facts: &Facts, expect: &Expectation, policy: &Policy) -> Assessment {
    let case = Case::new(facts, expect);
    let all = findings(&case, policy);
    let has_no_domain = all.iter().any(|f| f.id == "dns.exists" && f.status == Status::Fail);
    let is_wanted = |finding: &Finding| policy.wants(finding, expect.role);
    let checks: Vec<Finding> = all.into_iter().filter(is_wanted).collect();
    let worst = checks.iter().filter(|f| f.is_amiss()).map(|finding| finding.severity).max();
    let fails = |finding: &Finding| finding.fails(policy.fail_on);
    let is_unclear = |finding: &Finding| finding.is_unclear(policy.fail_on, &checks);
    let verdict = if facts.answers.iter().all(|answer| answer.reply().is_none()) {
        Conclusion::Unreachable
    } else if has_no_domain {
        Conclusion::NoDomain
    } else if checks.iter().any(fails) {
        Conclusion::Fail
    } else if checks.iter().any(is_unclear) {
        Conclusion::Unknown
    } else {
        Conclusion::Ok
    };
    Assessment {
        schema: "odmr.mxcheck/1",
        domain: facts.domain.clone(),
        checked_at: facts.checked_at,
        role: expect.role.word(),
        expected: expected(&case),
        verdict,
        worst,
        summary: Summary::of(&checks),
        mx: case.sets.first().map(|set| case.routes(set)).unwrap_or_default(),
        vantages: vantages(facts),
        calls: facts.calls.iter().map(|call| called(call, facts.checked_at)).collect(),
        checks,
        watch: facts.watched.clone(),
    }
}

pub use watch::{sts_mark, sts_remembered};

/// The MX records, by number and target, where everybody who told says the same.
pub fn agreed(facts: &Facts) -> Option<Vec<(u16, String)>> {
    let nothing = Expectation::default();
    let case = Case::new(facts, &nothing);
    match case.sets.as_slice() {
        [only] => Some(only.records.iter().map(|mx| (mx.preference, mx.target.clone())).collect()),
        _ => None,
    }
}

fn expected(case: &Case) -> Expected {
    let looked_up = case.expect.servers.iter().flat_map(|server| &case.host(server).addrs);
    let addrs: Vec<String> = match case.expect.networks.is_empty() {
        true => looked_up.map(|address| address.to_string()).collect(),
        false => case.expect.networks.iter().map(ToString::to_string).collect(),
    };
    Expected { names: case.expect.expected_names().map(str::to_owned).collect(), addrs }
}

fn vantages(facts: &Facts) -> Vec<Vantage> {
    let asked = case::that_count(facts);
    let asked = asked.filter(|answer| answer.kind == Kind::Mx && answer.name == facts.domain);
    let vantage = |answer: &facts::Answer| Vantage {
        server: answer.server.name.clone(),
        addr: answer.server.addr,
        port: answer.server.port,
        kind: match answer.server.role {
            Role::Resolver => "resolver",
            Role::Authority | Role::Host => "authoritative",
            Role::Parent => "parent",
        },
        aa: answer.reply().is_some_and(|reply| reply.aa),
        rcode: match &answer.outcome {
            Outcome::Reply(reply) => reply.rcode.clone(),
            Outcome::Silence(silence) => silence.to_string(),
        },
        mx: answer.records().filter_map(mx_line).collect(),
        ms: answer.ms,
    };
    asked.map(vantage).collect()
}

/// More of a greeting is of no use in short, characters.
const LONGEST_GREETING: usize = 300;

/// A call in short.
fn called(call: &Call, now: jiff::Timestamp) -> Called {
    let greeting = call.last(Rung::Greeting).map(|exchange| exchange.heard.to_string());
    let said = greeting.unwrap_or_else(|| call.connection.to_string());
    let own = call.tls.as_ref().and_then(|tls| tls.chain.first());
    let left = own.map(|own| own.not_after.saturating_sub(now.as_second()));
    Called {
        purpose: match call.purpose {
            Purpose::Mx => "mx",
            Purpose::Odmr => "odmr",
            Purpose::Control => "control",
        },
        host: call.host.clone(),
        addr: call.addr,
        port: call.port,
        said: said.chars().take(LONGEST_GREETING).collect(),
        tls: call.tls.as_ref().map(|tls| tls.version.clone()),
        cert_days: left.map(|seconds| seconds.div_euclid(86_400)),
        ms: call.slowest(),
    }
}

fn mx_line(record: &facts::Record) -> Option<String> {
    match &record.data {
        Data::Mx { preference, target } => Some(format!("{preference} {target}.")),
        _ => None,
    }
}

/// A check that has something to say, and how bad the worst of that is.
#[derive(Clone, Copy)]
struct Reason {
    id: &'static str,
    weight: Severity,
}

/// What every check says, in the order of the catalogue.
fn findings(case: &Case, policy: &Policy) -> Vec<Finding> {
    // Which checks have something to say that makes others speechless: by id, the one that says it.
    let mut reasons: HashMap<&'static str, Reason> = HashMap::new();
    let mut findings = Vec::new();
    for check in checks() {
        let about = &check.about;
        let blockers = about.blocked_by.iter().rev().filter_map(|id| reasons.get(id)).copied();
        let blocker = blockers.max_by_key(|reason| reason.weight);
        let (reason, told) = match blocker {
            Some(blocker) => echoes(case, policy, check, blocker),
            None => says(case, policy, check, &reasons),
        };
        findings.extend(told);
        reasons.extend(reason.map(|reason| (about.id, reason)));
    }
    findings
}

/// How bad a finding is by the catalogue, or by the caller's word where that is worse.
fn weight(about: &About, fault: Option<Severity>, policy: &Policy) -> Severity {
    let usual = fault.unwrap_or(about.severity);
    usual.max(policy.severity(about.id, usual))
}

/// What a check says for which there is no other reason.
fn says(
    case: &Case,
    policy: &Policy,
    check: &Check,
    reasons: &HashMap<&'static str, Reason>,
) -> (Option<Reason>, Vec<Finding>) {
    let about = &check.about;
    let severity = policy.severity(about.id, about.severity);
    let quiet = |status, why: &str| {
        vec![quiet(about, severity, status, &case.facts.domain, why.to_owned())]
    };
    match (check.judge)(case) {
        Judged::Ok => (None, quiet(Status::Ok, about.title)),
        Judged::Nothing(why) => (None, quiet(Status::Skipped, why)),
        Judged::Unknown(why) => {
            let reason = Reason { id: about.id, weight: weight(about, None, policy) };
            let helps = TOLD_AS_UNKNOWN.contains(&about.id);
            let remedy = helps.then(|| remedy(case, about, &case.facts.domain, None));
            let told = quiet(Status::Unknown, &why).into_iter();
            (Some(reason), told.map(|told| Finding { remedy: remedy.clone(), ..told }).collect())
        }
        Judged::After(cause) => {
            let told = quiet(Status::Skipped, &folded(cause));
            let blocked_by = Some(cause);
            (None, told.into_iter().map(|told| Finding { blocked_by, ..told }).collect())
        }
        Judged::Behind(id) => {
            let unknown = Reason { id, weight: weight(about, None, policy) };
            let reason = reasons.get(id).copied().unwrap_or(unknown);
            let told = quiet(Status::Skipped, &folded(reason.id));
            let blocked_by = Some(reason.id);
            let told = told.into_iter().map(|told| Finding { blocked_by, ..told }).collect();
            (Some(reason), told)
        }
        Judged::Amiss(faults) => amiss(case, policy, about, faults),
    }
}

/// These have no worse to say than that something could not be found out; their remedies are for that.
const TOLD_AS_UNKNOWN: &[&str] = &["dns.resolver", "smtp25.egress"];

fn folded(cause: &str) -> String {
    format!("{cause} says why this cannot be judged")
}

/// What a check says where another says why: only what is worse than that.
fn echoes(
    case: &Case,
    policy: &Policy,
    check: &Check,
    blocker: Reason,
) -> (Option<Reason>, Vec<Finding>) {
    let about = &check.about;
    let usual = policy.severity(about.id, about.severity);
    // What is milder leaves no doubt about this: what was judged in spite of it stays so.
    let is_milder = usual > blocker.weight && !crate::finding::HARMLESS.contains(&blocker.id);
    let said =
        |status, why: &str| vec![quiet(about, usual, status, &case.facts.domain, why.to_owned())];
    let (mut faults, is_ok) = match (check.judge)(case) {
        Judged::Ok if is_milder => return (None, said(Status::Ok, about.title)),
        Judged::Nothing(why) if is_milder => return (Some(blocker), said(Status::Skipped, why)),
        Judged::Amiss(faults) => (faults, false),
        judged => (Vec::new(), matches!(judged, Judged::Ok)),
    };
    let severity = |fault: &Fault| fault.severity.unwrap_or(about.severity);
    faults.retain(|fault| policy.severity(about.id, severity(fault)) > blocker.weight);
    if !faults.is_empty() {
        return amiss(case, policy, about, faults);
    }
    let why = folded(blocker.id);
    let folded = quiet(about, usual, Status::Skipped, &case.facts.domain, why);
    // What has nothing to say makes nobody speechless.
    let reason = (!is_ok).then_some(blocker);
    (reason, vec![Finding { blocked_by: Some(blocker.id), ..folded }])
}

fn amiss(
    case: &Case,
    policy: &Policy,
    about: &About,
    faults: Vec<Fault>,
) -> (Option<Reason>, Vec<Finding>) {
    let worst = faults.iter().map(|fault| weight(about, fault.severity, policy)).max();
    let reason = worst.map(|weight| Reason { id: about.id, weight });
    (reason, faults.into_iter().map(|fault| finding(case, policy, about, fault)).collect())
}

fn quiet(
    about: &About,
    severity: Severity,
    status: Status,
    subject: &str,
    message: String,
) -> Finding {
    Finding {
        id: about.id,
        severity,
        status,
        subject: subject.to_owned(),
        message,
        got: None,
        want: None,
        rfc: about.rfc,
        remedy: None,
        evidence: Vec::new(),
        blocked_by: None,
        ms: 0,
    }
}

/// What is in the provider's hands: his books, his servers.
fn is_his_own(case: &Case, about: &About, subject: &str) -> bool {
    matches!(about.group(), "in" | "prov" | "watch" | "odmr")
        || case.expect.expected_names().chain(case.expect.odmr_names()).any(|name| name == subject)
}

/// What to do, told to whoever it is told to: a provider can only ask for it, but for what is his own.
fn remedy(case: &Case, about: &About, subject: &str, fault: Option<String>) -> String {
    let remedy = fault.unwrap_or_else(|| about.remedy.to_owned());
    match case.expect.role {
        Standpoint::Provider if !is_his_own(case, about, subject) => {
            format!("Ask the customer: {remedy}")
        }
        _ => remedy,
    }
}

fn finding(case: &Case, policy: &Policy, about: &About, fault: Fault) -> Finding {
    let severity = policy.severity(about.id, fault.severity.unwrap_or(about.severity));
    Finding {
        id: about.id,
        severity,
        status: if severity == Severity::Info { Status::Info } else { Status::Fail },
        remedy: Some(remedy(case, about, &fault.subject, fault.remedy)),
        subject: fault.subject,
        message: fault.message,
        got: fault.got,
        want: fault.want,
        rfc: about.rfc,
        ms: case.slowest(&fault.evidence),
        evidence: fault.evidence,
        blocked_by: None,
    }
}
