//! Signatures: is the chain from the trust anchor to the domain whole, and how long does it last? What they
//! prove stands in [`super::chain`].

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Presence, listed};
use super::chain::Security;
use super::facts::{Answer, Data, Kind, Manner, Role};
use super::input::servfail;
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

/// Three days, seconds: a weekend in which nobody looks.
const SOON: i64 = 3 * 86_400;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "dnssec.ds-orphan",
            title: "the DS records of the zone above lead to a key of the zone",
            severity: Severity::Critical,
            rfc: &["RFC 4035, 2.4", "RFC 4035, 5.2"],
            why: "Validating resolvers take the zone for forged, and senders behind them find nobody.",
            remedy: "Remove the DS records, or restore the key that they are for.",
            blocked_by: &["dns.exists"],
        },
        judge: ds_orphan,
    },
    Check {
        about: About {
            id: "dnssec.no-ds",
            title: "a zone that has keys is vouched for by the zone above",
            severity: Severity::Notice,
            rfc: &["RFC 4035, 2.4"],
            why: "It is signed, and nobody can tell: signatures without a chain protect nothing.",
            remedy: "Give the DS record to the registrar.",
            blocked_by: &["dns.exists"],
        },
        judge: no_ds,
    },
    Check {
        about: About {
            id: "dnssec.state",
            title: "what is signed is signed well",
            severity: Severity::Critical,
            rfc: &["RFC 4033, 5", "RFC 4035, 4.3", "RFC 4035, 5"],
            why: "Where a signature is not good senders behind validating resolvers find nobody.",
            remedy: "Sign the zone anew, or remove the DS records from the zone above.",
            blocked_by: &["dns.resolver", "dns.exists", "dnssec.ds-orphan"],
        },
        judge: state,
    },
    Check {
        about: About {
            id: "dnssec.expiry",
            title: "signatures are good for three days at least",
            severity: Severity::Warning,
            rfc: &["RFC 6781, 4.4.2", "RFC 4034, 3.1.5"],
            why: "When they have expired validating resolvers take the zone for forged.",
            remedy: "Look why the zone is not signed anew.",
            blocked_by: &["dns.exists"],
        },
        judge: expiry,
    },
    Check {
        about: About {
            id: "dnssec.mx-zone",
            title: "the zone of every target is secure",
            severity: Severity::Info,
            rfc: &["RFC 7672, 2.2.1"],
            why: "Only then can DANE keep others from reading the mail on its way to that host.",
            remedy: "Sign the zone that the host is in, and have the zone above vouch for it.",
            blocked_by: &[
                "dns.resolver",
                "dns.exists",
                "target.none",
                "target.implicit",
                "target.nullmx",
            ],
        },
        judge: mx_zone,
    },
];

/// The answers of resolvers on this, with signatures.
fn signed<'a>(case: &Case<'a>, name: &str, kind: Kind) -> Vec<&'a Answer> {
    let is_it = |answer: &&Answer| {
        answer.server.role == Role::Resolver
            && answer.manner == Manner::Signed
            && answer.kind == kind
            && answer.is_settled()
    };
    case.about(name).iter().copied().filter(is_it).collect()
}

/// The keys of the zone and what the zone above vouches for, as `(tag, algorithm)`; nothing where nobody told.
struct Links {
    keys: BTreeSet<(u16, u8)>,
    vouched: BTreeSet<(u16, u8)>,
    evidence: Vec<String>,
}

fn links(case: &Case) -> Option<Links> {
    let zone = case.facts.zone.as_deref()?;
    let keys = signed(case, zone, Kind::Dnskey);
    let vouched = signed(case, zone, Kind::Ds);
    let (key, ds) = (keys.first()?, vouched.first()?);
    let pairs = |answer: &Answer| {
        let pair = |data: &Data| match data {
            Data::Dnskey { tag, algorithm } | Data::Ds { tag, algorithm } => {
                Some((*tag, *algorithm))
            }
            _ => None,
        };
        answer.records().filter_map(|record| pair(&record.data)).collect()
    };
    let evidence = vec![key.id.clone(), ds.id.clone()];
    Some(Links { keys: pairs(key), vouched: pairs(ds), evidence })
}

const UNTOLD: &str = "nobody told the zone's keys";

/// The zone above vouches for keys that nobody told.
fn keys_are_untold(case: &Case) -> bool {
    let zone = case.facts.zone.as_deref().unwrap_or_default();
    let told = |kind| signed(case, zone, kind);
    let asked = case.about(zone).iter().any(|answer| answer.kind == Kind::Dnskey);
    let vouched = told(Kind::Ds).first().is_some_and(|ds| ds.records().next().is_some());
    asked && vouched && told(Kind::Dnskey).is_empty()
}

fn ds_orphan(case: &Case) -> Judged {
    let Some(links) = links(case) else {
        return match keys_are_untold(case) {
            true => Judged::Unknown(UNTOLD.to_owned()),
            false => Judged::Nothing(UNTOLD),
        };
    };
    if links.vouched.is_empty() {
        return Judged::Nothing("the zone above vouches for no key");
    }
    let zone = case.facts.zone.clone().unwrap_or_default();
    // RFC 4035, section 5.2: then the zone is as one that is not signed.
    if case.chain().is_beyond_us(&zone) {
        return Judged::Nothing("the zone above vouches by means that nobody here knows");
    }
    let fits = case.chain().vouched(&zone).is_none_or(|fitting| !fitting.is_empty());
    if fits && links.vouched.intersection(&links.keys).next().is_some() {
        return Judged::Ok;
    }
    let shown = |pairs: &BTreeSet<(u16, u8)>| {
        listed(pairs.iter().map(|(tag, algorithm)| format!("{tag} (algorithm {algorithm})")))
    };
    let (got, want) = (shown(&links.keys), shown(&links.vouched));
    let message = match fits {
        true => format!("the zone above vouches for the key {want} of {zone}; its keys: {got}"),
        false => {
            format!("no digest that the zone above has for the key {want} fits a key of {zone}")
        }
    };
    let fault = Fault::of(zone, message).got(got).want(want);
    Judged::Amiss(vec![fault.seen(&links.evidence)])
}

fn no_ds(case: &Case) -> Judged {
    let Some(links) = links(case) else { return Judged::Nothing(UNTOLD) };
    match (links.keys.is_empty(), links.vouched.is_empty()) {
        (true, _) => Judged::Nothing("the zone is not signed"),
        (false, false) => Judged::Ok,
        (false, true) => {
            let zone = case.facts.zone.clone().unwrap_or_default();
            let message =
                format!("{zone} is signed, and the zone above does not vouch for its keys");
            Judged::Amiss(vec![Fault::of(zone, message).seen(&links.evidence)])
        }
    }
}

/// How long a signature is good still, seconds; less than 0 when it is no longer. The numbers go round every
/// 136 years (RFC 4034, section 3.1.5).
pub(super) fn left(expires: u32, now: i64) -> i64 {
    const AROUND: i64 = 1 << 32;
    let ahead = (i64::from(expires) - now).rem_euclid(AROUND);
    if ahead >= AROUND / 2 { ahead - AROUND } else { ahead }
}

/// Of each zone that signed something the signature that ends first, with the records that it is for. Where
/// records have several signatures the last counts: one good one is enough.
fn endings<'a>(case: &Case<'a>) -> BTreeMap<&'a str, (i64, String, &'a Answer)> {
    let now = case.facts.checked_at.as_second();
    let mut first: BTreeMap<&str, (i64, String, &Answer)> = BTreeMap::new();
    let asked = case.facts.answers.iter().filter(|answer| answer.manner == Manner::Signed);
    for answer in asked.filter(|answer| answer.is_settled()) {
        let Some(reply) = answer.reply() else { continue };
        let mut last: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
        for record in reply.answer.iter().chain(&reply.authority) {
            if let Data::Rrsig { covers, signer, expires } = &record.data {
                let ends = last.entry((signer, &record.name, covers)).or_insert(i64::MIN);
                *ends = left(*expires, now).max(*ends);
            }
        }
        for ((signer, name, covers), ends) in last {
            let what = format!("the {covers} records of {name}");
            match first.get(signer) {
                Some((known, _, _)) if *known <= ends => {}
                _ => drop(first.insert(signer, (ends, what, answer))),
            }
        }
    }
    first
}

fn expiry(case: &Case) -> Judged {
    let endings = endings(case);
    if endings.is_empty() {
        return Judged::Nothing("there are no signatures");
    }
    // That one which counts has expired is told as what it comes to.
    let is_told = matches!(state(case), Judged::Amiss(faults) if faults.iter().any(is_bogus));
    let fault = |(signer, (left, what, answer)): (&str, (i64, String, &Answer))| {
        if left >= SOON || (left < 0 && is_told) {
            return None;
        }
        let hours = left.abs() / 3600;
        let (message, severity) = match left < 0 {
            true => (format!("the signature of {what} expired {hours} h ago"), Severity::Critical),
            false => (format!("the signature of {what} expires in {hours} h"), Severity::Warning),
        };
        let fault = Fault::of(signer, message).got(format!("{left} s")).at(severity);
        Some(fault.seen(std::slice::from_ref(&answer.id)))
    };
    Judged::by(endings.into_iter().filter_map(fault).collect())
}

fn is_bogus(fault: &Fault) -> bool {
    fault.severity != Some(Severity::Info)
}

const NOT_LIVE: &str =
    "the zone is not live; --trust-anchor FILE with its DS record lets it be checked";

fn state(case: &Case) -> Judged {
    let chain = case.chain();
    let (domain, zone) = (&case.facts.domain, case.facts.zone.as_deref().unwrap_or_default());
    if case.facts.undelegated && !chain.is_anchored_at(zone) {
        return Judged::Nothing(NOT_LIVE);
    }
    if chain.is_empty() {
        return Judged::Nothing("nobody was asked for signatures");
    }
    let (security, seen) = match case.facts.undelegated {
        true => (Security::Secure, Vec::new()),
        false => chain.security(domain, Kind::Mx),
    };
    let mut faults = Vec::new();
    if let Security::Bogus(why) = &security {
        let message = format!("{domain} is bogus: {why}");
        faults.push(Fault::of(domain, message).got("bogus").seen(&seen));
    }
    faults.extend(bogus_servers(case, &security));
    match security {
        _ if !faults.is_empty() => Judged::Amiss(faults),
        // What keeps resolvers from it is told already.
        Security::Unknown(_) if matches!(servfail(case), Judged::Amiss(_)) => {
            Judged::Nothing("resolvers cannot look the domain up")
        }
        Security::Unknown(why) => Judged::Unknown(format!("{domain} is indeterminate: {why}")),
        Security::Insecure(why) => {
            let fault = Fault::of(domain, format!("{domain} is insecure: {why}")).got("insecure");
            let remedy =
                "Sign the zone, and give its DS record to the registrar, to have it protected.";
            Judged::Amiss(vec![fault.remedy(remedy).at(Severity::Info).seen(&seen)])
        }
        Security::Secure | Security::Bogus(_) => Judged::Ok,
    }
}

/// The zone's servers whose own answers are bogus in another way than what resolvers pass on.
fn bogus_servers(case: &Case, as_passed_on: &Security) -> Vec<Fault> {
    let mut by_reason: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (server, answer, security) in case.chain().at_servers() {
        let is_new = security != *as_passed_on;
        if let (Security::Bogus(why), true) = (security, is_new) {
            let (servers, evidence) = by_reason.entry(why).or_default();
            if !servers.contains(&server.to_string()) {
                servers.push(server.to_string());
            }
            evidence.push(answer.id.clone());
        }
    }
    let fault = |(why, (servers, evidence)): (String, (Vec<String>, Vec<String>))| {
        let at = listed(servers);
        let message = format!("what {at} says is bogus: {why}");
        Fault::of(at, message).got("bogus").seen(&evidence)
    };
    by_reason.into_iter().map(fault).collect()
}

fn mx_zone(case: &Case) -> Judged {
    let was_asked = |target: &&str| {
        let mut about = case.about(target).iter();
        about.any(|answer| answer.kind == Kind::A && answer.manner == Manner::Signed)
    };
    // Of one that is nowhere, or nobody knows where, others tell.
    let is_there = |target: &&str| matches!(case.host(target).is, Presence::There { .. });
    let targets = targets(case).into_iter().filter(was_asked).filter(is_there);
    let targets: Vec<&str> = targets.collect();
    if targets.is_empty() {
        return Judged::Nothing("nobody was asked for the signatures of a target");
    }
    let (mut faults, mut unclear) = (Vec::new(), Vec::new());
    for target in targets {
        let (security, seen) = case.chain().security(target, Kind::A);
        match security {
            Security::Secure => {}
            Security::Unknown(why) => unclear.push(format!("{target}: {why}")),
            Security::Insecure(why) => {
                let message = format!("the address of {target} is insecure: {why}");
                faults.push(Fault::of(target, message).got("insecure").seen(&seen));
            }
            Security::Bogus(why) => {
                let message = format!("the address of {target} is bogus: {why}");
                let fault = Fault::of(target, message).got("bogus").at(Severity::Critical);
                let remedy = "Have whoever runs that zone sign it anew, or remove its DS record.";
                faults.push(fault.remedy(remedy).seen(&seen));
            }
        }
    }
    match (faults.is_empty(), unclear.is_empty()) {
        (true, false) => Judged::Unknown(super::case::doubts(unclear)),
        _ => Judged::by(faults),
    }
}

/// Every target of the domain, each once.
pub(super) fn targets<'c>(case: &'c Case) -> Vec<&'c str> {
    let all = case.sets.iter().flat_map(|set| set.targets()).map(|mx| mx.target.as_str());
    let mut seen = BTreeSet::new();
    all.filter(|target| seen.insert(*target)).collect()
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn the_time_goes_round() {
        assert_eq!(left(1_000, 400), 600);
        assert_eq!(left(1_000, 1_600), -600);
        assert_eq!(left(100, (1 << 32) - 50), 150, "the year 2106");
        assert_eq!(left(u32::MAX, (1 << 32) + 9), -10);
    }
}
