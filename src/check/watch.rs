//! What has become of the domain since it was looked at before.

use sha2::{Digest, Sha256};

use super::facts::{Facts, Fetched, StsMark};
use super::live::promise::hex;
use super::policy::sts_id;
use super::target::each_set;
use super::{Case, Check, Expectation, Fault, Judged};
use crate::finding::{About, Severity};

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "watch.changed",
            title: "the MX records are those that were there before",
            severity: Severity::Notice,
            rfc: &[],
            why: "A change that nobody planned may be somebody else's.",
            remedy: "If it was planned all is well; otherwise find out who has changed the zone.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: changed,
    },
    Check {
        about: About {
            id: "sts.id",
            title: "a new MTA-STS policy has a new id",
            severity: Severity::Warning,
            rfc: &["RFC 8461, 3.1"],
            why: "Senders fetch the policy anew only when they see another id; until then they keep the old one.",
            remedy: "Give the record at _mta-sts a new id, like the time of the change: `id=20260101T120000;`.",
            blocked_by: &["dns.exists", "dns.servfail", "sts.record", "sts.fetch", "sts.syntax"],
        },
        judge: same_id,
    },
    Check {
        about: About {
            id: "watch.propagating",
            title: "no cache holds the old records any more",
            severity: Severity::Info,
            rfc: &["RFC 1034, 4.3.4", "RFC 2308, 5"],
            why: "Senders go by what is in their cache: some of the mail goes the old way until then.",
            remedy: "Leave the old server accepting until then.",
            blocked_by: &[],
        },
        judge: propagating,
    },
];

fn propagating(case: &Case) -> Judged {
    let Some(watched) = &case.facts.watched else {
        return Judged::Nothing("no change was waited for");
    };
    match watched.cache_horizon {
        Some(until) if until > case.facts.checked_at => {
            let message = format!("caches may hold the old records until {until}");
            Judged::Amiss(vec![Fault::of(&case.facts.domain, message).got(until.to_string())])
        }
        _ => Judged::Ok,
    }
}

/// By what the policy of MTA-STS, as it is now, will be known again; none where one of its halves is missing.
pub fn sts_mark(facts: &Facts) -> Option<StsMark> {
    let nothing = Expectation::default();
    let id = sts_id(&Case::new(facts, &nothing))?;
    let Fetched::Page { status: 200, body, .. } = &facts.policy.as_ref()?.outcome else {
        return None;
    };
    let text = body.replace("\r\n", "\n");
    let policy = hex(&Sha256::digest(text.trim_end().as_bytes()));
    Some(StsMark { id, policy })
}

/// A policy that has changed and whose id has not is not written down: it is told until the id has changed.
pub fn sts_remembered(facts: &Facts) -> Option<StsMark> {
    match (&facts.sts_before, sts_mark(facts)) {
        (Some(before), Some(now)) if before.id == now.id => Some(before.clone()),
        (_, Some(now)) => Some(now),
        (before, None) => before.clone(),
    }
}

fn same_id(case: &Case) -> Judged {
    let Some(before) = &case.facts.sts_before else {
        return Judged::Nothing("nobody wrote down how the policy was before");
    };
    match sts_mark(case.facts) {
        None => Judged::Nothing("there is no MTA-STS policy, or it is not known"),
        Some(now) if now.id != before.id || now.policy == before.policy => Judged::Ok,
        Some(now) => {
            let name = format!("_mta-sts.{}", case.facts.domain);
            let message = format!("the policy has changed, and the id at {name} has not");
            Judged::Amiss(vec![
                Fault::of(name, message).got(now.id).want("another id").seen(&["sts".to_owned()]),
            ])
        }
    }
}

fn changed(case: &Case) -> Judged {
    let Some(before) = &case.facts.before else {
        return Judged::Nothing("nobody wrote down how it was before");
    };
    let mut before: Vec<(u16, &str)> = before.iter().map(|(n, name)| (*n, name.as_str())).collect();
    before.sort_unstable();
    each_set(case, |set| {
        let now: Vec<(u16, &str)> =
            set.records.iter().map(|mx| (mx.preference, mx.target.as_str())).collect();
        if now == before {
            return Vec::new();
        }
        let was = match before.is_empty() {
            true => "no MX record".to_owned(),
            false => super::case::listed(before.iter().map(|(n, name)| format!("{n} {name}."))),
        };
        let is = super::zone::records(set);
        let name = &case.facts.domain;
        let message = format!("{name} has {is}; it had {was}{}", case.seen_at(set));
        let severity = if case.expect.pinned { Severity::Error } else { Severity::Notice };
        vec![Fault::of(name, message).got(is).want(was).at(severity)]
    })
}
