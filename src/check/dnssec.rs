//! Signatures, as far as they can be seen without validating them: is the chain from the zone above whole,
//! and how long does it last?

use std::collections::BTreeSet;

use super::case::listed;
use super::facts::{Answer, Data, Kind, Manner, Role};
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
struct Chain {
    keys: BTreeSet<(u16, u8)>,
    vouched: BTreeSet<(u16, u8)>,
    evidence: Vec<String>,
}

fn chain(case: &Case) -> Option<Chain> {
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
    Some(Chain { keys: pairs(key), vouched: pairs(ds), evidence })
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
    let Some(chain) = chain(case) else {
        return match keys_are_untold(case) {
            true => Judged::Unknown(UNTOLD.to_owned()),
            false => Judged::Nothing(UNTOLD),
        };
    };
    if chain.vouched.is_empty() {
        return Judged::Nothing("the zone above vouches for no key");
    }
    if chain.vouched.intersection(&chain.keys).next().is_some() {
        return Judged::Ok;
    }
    let zone = case.facts.zone.clone().unwrap_or_default();
    let shown = |pairs: &BTreeSet<(u16, u8)>| {
        listed(pairs.iter().map(|(tag, algorithm)| format!("{tag} (algorithm {algorithm})")))
    };
    let (got, want) = (shown(&chain.keys), shown(&chain.vouched));
    let message = format!("the zone above vouches for the key {want} of {zone}; its keys: {got}");
    let fault = Fault::of(zone, message).got(got).want(want);
    Judged::Amiss(vec![fault.seen(&chain.evidence)])
}

fn no_ds(case: &Case) -> Judged {
    let Some(chain) = chain(case) else { return Judged::Nothing(UNTOLD) };
    match (chain.keys.is_empty(), chain.vouched.is_empty()) {
        (true, _) => Judged::Nothing("the zone is not signed"),
        (false, false) => Judged::Ok,
        (false, true) => {
            let zone = case.facts.zone.clone().unwrap_or_default();
            let message =
                format!("{zone} is signed, and the zone above does not vouch for its keys");
            Judged::Amiss(vec![Fault::of(zone, message).seen(&chain.evidence)])
        }
    }
}

/// How long a signature is good still, seconds; less than 0 when it is no longer. The numbers go round every
/// 136 years (RFC 4034, section 3.1.5).
fn left(expires: u32, now: i64) -> i64 {
    const AROUND: i64 = 1 << 32;
    let ahead = (i64::from(expires) - now).rem_euclid(AROUND);
    if ahead >= AROUND / 2 { ahead - AROUND } else { ahead }
}

fn expiry(case: &Case) -> Judged {
    let zone = case.facts.zone.clone().unwrap_or_default();
    let asked = [(case.facts.domain.as_str(), Kind::Mx), (zone.as_str(), Kind::Dnskey)];
    let answers = asked.into_iter().flat_map(|(name, kind)| signed(case, name, kind));
    let now = case.facts.checked_at.as_second();
    let ends = |answer: &'_ Answer| {
        let all = answer.reply().map_or(&[][..], |reply| &reply.answer).iter();
        let ends = all.filter_map(|record| match record.data {
            Data::Rrsig { expires } => Some(left(expires, now)),
            _ => None,
        });
        Some((ends.min()?, answer.kind, answer.id.clone()))
    };
    let Some((left, kind, id)) = answers.filter_map(ends).min_by_key(|(left, _, _)| *left) else {
        return Judged::Nothing("there are no signatures");
    };
    if left >= SOON {
        return Judged::Ok;
    }
    let what = if kind == Kind::Dnskey { "keys" } else { "MX records" };
    let hours = left.abs() / 3600;
    let (message, severity) = match left < 0 {
        true => (format!("the signature of the {what} expired {hours} h ago"), Severity::Critical),
        false => (format!("the signature of the {what} expires in {hours} h"), Severity::Warning),
    };
    let fault = Fault::of(&zone, message).got(format!("{left} s")).at(severity);
    Judged::Amiss(vec![fault.seen(&[id])])
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
