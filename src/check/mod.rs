//! Does all mail for a domain reach the server that holds it, and only that? Judges: facts in, findings out.
//!
//! | file | holds |
//! |---|---|
//! | [`facts`] | every question that was put, and what came back |
//! | [`expect`] | what should be |
//! | [`preference`] | the arithmetic of preferences |
//! | `case` | the facts in the order in which judges want them |
//! | [`chain`] | what signatures prove |
//! | `input`, `zone`, `target`, `routing`, `names`, `dnssec`, `dane`, `ttl`, `policy`, [`sts`], [`spf`] | the checks, a group a file |
//!
//! A judge reads and says; it asks nobody. "Could not tell" is never "in order" and never "wrong".

mod case;
pub mod chain;
mod dane;
mod dnssec;
pub mod expect;
pub mod facts;
mod input;
pub mod names;
mod policy;
pub mod preference;
mod routing;
pub mod spf;
pub mod sts;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod ttl;
mod zone;

use std::collections::HashMap;

pub use case::{Case, is_below_or_at};
pub use expect::{Expectation, Network};
pub use facts::Facts;

use self::facts::{Data, Kind, Manner, Outcome, Role, Transport};
use crate::finding::{
    About, Assessment, Conclusion, Expected, Finding, Severity, Status, Summary, Vantage,
};

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
    /// There is nothing to judge, because of this.
    Nothing(&'static str),
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
        Fault { evidence: evidence.to_vec(), ..self }
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
        dnssec::CHECKS,
        dane::CHECKS,
        ttl::CHECKS,
        policy::CHECKS,
        sts::CHECKS,
        spf::CHECKS,
    ]
    .into_iter()
    .flatten()
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

    fn wants(&self, finding: &Finding) -> bool {
        let group = finding.id.split('.').next().unwrap_or_default();
        let meant =
            |word: &String| word == finding.id || word == group || word == finding.severity.word();
        (self.only.is_empty() || self.only.iter().any(meant)) && !self.skip.iter().any(meant)
    }

    fn severity(&self, id: &str, usual: Severity) -> Severity {
        let said = self.severities.iter().rev().find(|(known, _)| known == id);
        said.map_or(usual, |(_, severity)| *severity)
    }
}

/// Judges.
pub fn judge(facts: &Facts, expect: &Expectation, policy: &Policy) -> Assessment {
    let case = Case::new(facts, expect);
    let all = findings(&case, policy);
    let has_no_domain = all.iter().any(|f| f.id == "dns.exists" && f.status == Status::Fail);
    let checks: Vec<Finding> = all.into_iter().filter(|finding| policy.wants(finding)).collect();
    let amiss = || checks.iter().filter(|finding| finding.is_amiss());
    let worst = amiss().map(|finding| finding.severity).max();
    let matters = |finding: &&Finding| finding.severity >= policy.fail_on;
    // What keeps a check from being made is told by another, unless nobody wanted to hear that one.
    let is_told = |id: &str| amiss().any(|finding| finding.id == id && matters(&finding));
    let is_unclear = |finding: &Finding| match finding.blocked_by {
        Some(by) => !is_told(by),
        None => finding.status == Status::Unknown,
    };
    let verdict = if facts.answers.iter().all(|answer| answer.reply().is_none()) {
        Conclusion::Unreachable
    } else if has_no_domain {
        Conclusion::NoDomain
    } else if amiss().any(|finding| matters(&finding)) {
        Conclusion::Fail
    } else if checks.iter().filter(matters).any(is_unclear) {
        Conclusion::Unknown
    } else {
        Conclusion::Ok
    };
    Assessment {
        schema: "odmr.mxcheck/1",
        domain: facts.domain.clone(),
        checked_at: facts.checked_at,
        expected: expected(&case),
        verdict,
        worst,
        summary: Summary::of(&checks),
        mx: case.sets.first().map(|set| case.routes(set)).unwrap_or_default(),
        vantages: vantages(facts),
        checks,
    }
}

fn expected(case: &Case) -> Expected {
    let looked_up = case.expect.servers.iter().flat_map(|server| case.host(server).addrs);
    let addrs: Vec<String> = match case.expect.networks.is_empty() {
        true => looked_up.map(|address| address.to_string()).collect(),
        false => case.expect.networks.iter().map(ToString::to_string).collect(),
    };
    Expected { names: case.expect.expected_names().map(str::to_owned).collect(), addrs }
}

fn vantages(facts: &Facts) -> Vec<Vantage> {
    let asked = facts.answers.iter().filter(|answer| {
        let usual = answer.transport == Transport::Udp && answer.manner == Manner::Usual;
        answer.kind == Kind::Mx && answer.name == facts.domain && usual
    });
    let vantage = |answer: &facts::Answer| Vantage {
        server: answer.server.name.clone(),
        addr: answer.server.addr,
        kind: match answer.server.role {
            Role::Resolver => "resolver",
            Role::Authority => "authoritative",
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

fn mx_line(record: &facts::Record) -> Option<String> {
    match &record.data {
        Data::Mx { preference, target } => Some(format!("{preference} {target}.")),
        _ => None,
    }
}

/// What every check says, in the order of the catalogue.
fn findings(case: &Case, policy: &Policy) -> Vec<Finding> {
    // Which checks have something to say that makes others speechless: by id, the one that says it.
    let mut reasons: HashMap<&'static str, &'static str> = HashMap::new();
    let mut findings = Vec::new();
    for check in checks() {
        let about = &check.about;
        let severity = policy.severity(about.id, about.severity);
        let blocker = about.blocked_by.iter().find_map(|id| reasons.get(id)).copied();
        if let Some(blocker) = blocker {
            reasons.insert(about.id, blocker);
            let why = format!("{blocker} says why this cannot be judged");
            let quiet = quiet(about, severity, Status::Skipped, &case.facts.domain, why);
            findings.push(Finding { blocked_by: Some(blocker), ..quiet });
            continue;
        }
        let quiet =
            |status, why: &str| quiet(about, severity, status, &case.facts.domain, why.to_owned());
        match (check.judge)(case) {
            Judged::Ok => findings.push(quiet(Status::Ok, about.title)),
            Judged::Nothing(why) => findings.push(quiet(Status::Skipped, why)),
            Judged::Unknown(why) => {
                reasons.insert(about.id, about.id);
                findings.push(quiet(Status::Unknown, &why));
            }
            Judged::Amiss(faults) => {
                reasons.insert(about.id, about.id);
                findings.extend(faults.into_iter().map(|f| finding(case, policy, about, f)));
            }
        }
    }
    findings
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

fn finding(case: &Case, policy: &Policy, about: &About, fault: Fault) -> Finding {
    let severity = policy.severity(about.id, fault.severity.unwrap_or(about.severity));
    Finding {
        id: about.id,
        severity,
        status: if severity == Severity::Info { Status::Info } else { Status::Fail },
        subject: fault.subject,
        message: fault.message,
        got: fault.got,
        want: fault.want,
        rfc: about.rfc,
        remedy: Some(fault.remedy.unwrap_or_else(|| about.remedy.to_owned())),
        ms: case.slowest(&fault.evidence),
        evidence: fault.evidence,
        blocked_by: None,
    }
}
