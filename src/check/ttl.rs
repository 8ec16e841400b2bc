//! How long the world remembers: times to live.

use std::collections::BTreeSet;

use super::case::{MxSet, listed};
use super::facts::{Answer, Data, Kind, Role};
use super::target::{each_set, each_target};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NO_RECORDS: &[&str] =
    &["dns.exists", "dns.servfail", "target.none", "target.implicit", "target.nullmx"];

/// A day, seconds.
const LONG: u32 = 86_400;
/// Seconds.
const SHORT: u32 = 60;
/// An hour, seconds.
const LONG_NEGATIVE: u32 = 3_600;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "ttl.mx-high",
            title: "MX records are remembered for a day at most",
            severity: Severity::Notice,
            rfc: &["RFC 1912, 2.2"],
            why: "A change takes as long to reach everybody, and so does its correction.",
            remedy: "Lower it to an hour or less, one old time to live before you change anything.",
            blocked_by: NO_RECORDS,
        },
        judge: mx_high,
    },
    Check {
        about: About {
            id: "ttl.mx-low",
            title: "MX records are remembered for a minute at least",
            severity: Severity::Notice,
            rfc: &[],
            why: "Every mail asks your servers anew, and waits for them.",
            remedy: "An hour is usual.",
            blocked_by: NO_RECORDS,
        },
        judge: mx_low,
    },
    Check {
        about: About {
            id: "ttl.addr-low",
            title: "the addresses of mail hosts are remembered for a minute at least",
            severity: Severity::Info,
            rfc: &[],
            why: "It looks like an address that changes.",
            remedy: "An hour is usual.",
            blocked_by: NO_RECORDS,
        },
        judge: addr_low,
    },
    Check {
        about: About {
            id: "ttl.rrset",
            title: "all MX records have the same time to live, at every server",
            severity: Severity::Notice,
            rfc: &["RFC 2181, 5.2"],
            why: "Caches forget a part of the records before the others.",
            remedy: "Make the times equal.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "ns.all-agree",
            ],
        },
        judge: rrset,
    },
    Check {
        about: About {
            id: "ttl.negative",
            title: "\"there is no such record\" is remembered for an hour at most",
            severity: Severity::Notice,
            rfc: &["RFC 2308, 5"],
            why: "Who asked before a record was there does not see it for that long.",
            remedy: "Lower the last number of the SOA record.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: negative,
    },
];

/// The times in an answer of the zone's own: a cache's have run down.
fn own_ttls(set: &MxSet) -> Vec<u32> {
    let is_own = set.seen_at.iter().any(|server| server.role == Role::Authority);
    let ttls = set.records.iter().map(|mx| mx.ttl);
    if is_own { ttls.collect() } else { Vec::new() }
}

fn mx_high(case: &Case) -> Judged {
    each_set(case, |set| {
        let longest = set.records.iter().map(|mx| mx.ttl).max().unwrap_or_default();
        let fault = |ttl: u32| {
            let message = format!("the MX records are remembered for {ttl} s");
            let fault = Fault::of(&case.facts.domain, message).got(ttl.to_string());
            match case.expect.change_planned {
                true => fault.at(Severity::Warning),
                false => fault,
            }
        };
        (longest > LONG).then(|| fault(longest)).into_iter().collect()
    })
}

fn mx_low(case: &Case) -> Judged {
    if case.sets.iter().all(|set| own_ttls(set).is_empty()) {
        return Judged::Nothing("no server of the zone told the times");
    }
    each_set(case, |set| {
        let shortest = own_ttls(set).into_iter().min().filter(|ttl| *ttl < SHORT);
        let fault = |ttl: u32| {
            let message = format!("the MX records are remembered for {ttl} s");
            Fault::of(&case.facts.domain, message).got(ttl.to_string())
        };
        shortest.map(fault).into_iter().collect()
    })
}

fn addr_low(case: &Case) -> Judged {
    each_target(case, |mx, host| {
        let is_own = host.views.iter().any(|view| view.server.role == Role::Authority);
        let ttl = host.ttl.filter(|ttl| *ttl < SHORT && is_own)?;
        let message = format!("the address of {} is remembered for {ttl} s", mx.target);
        Some(Fault::of(&mx.target, message).got(ttl.to_string()).seen(&host.evidence))
    })
}

fn rrset(case: &Case) -> Judged {
    let name = &case.facts.domain;
    let own: Vec<&Answer> = case
        .asked(Role::Authority, name, Kind::Mx)
        .filter(|answer| answer.is_settled() && answer.records().next().is_some())
        .collect();
    if own.is_empty() {
        return Judged::Nothing("no server of the zone told the times");
    }
    let times = own.iter().flat_map(|answer| answer.records()).map(|record| record.ttl);
    let times: BTreeSet<u32> = times.collect();
    if times.len() < 2 {
        return Judged::Ok;
    }
    let told = listed(times.iter().map(|ttl| format!("{ttl} s")));
    let message = format!("the MX records have different times to live: {told}");
    let evidence: Vec<String> = own.iter().map(|answer| answer.id.clone()).collect();
    Judged::Amiss(vec![Fault::of(name, message).got(told).seen(&evidence)])
}

fn negative(case: &Case) -> Judged {
    let Some(zone) = &case.facts.zone else {
        return Judged::Nothing("the zone is not known");
    };
    let own = case.asked(Role::Authority, zone, Kind::Soa).filter(|a| a.is_settled());
    let cached = case.asked(Role::Resolver, zone, Kind::Soa);
    let told = own.chain(cached).find_map(|answer| {
        answer.records().find_map(|record| match record.data {
            Data::Soa { minimum, .. } => Some((minimum.min(record.ttl), answer.id.clone())),
            _ => None,
        })
    });
    let Some((ttl, evidence)) = told else {
        return Judged::Nothing("nobody told the zone's SOA record");
    };
    if ttl <= LONG_NEGATIVE {
        return Judged::Ok;
    }
    let message = format!("\"there is no such record\" in {zone} is remembered for {ttl} s");
    Judged::Amiss(vec![Fault::of(zone, message).got(ttl.to_string()).seen(&[evidence])])
}
