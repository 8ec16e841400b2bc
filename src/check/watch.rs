//! What has become of the domain since it was looked at before.

use super::target::each_set;
use super::{Case, Check, Fault, Judged};
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
