//! DANE: certificates that the DNS vouches for. RFC 6698, RFC 7671, RFC 7672.

use std::collections::BTreeSet;
use std::fmt;

use super::chain::Security;
use super::dnssec::targets;
use super::facts::{Answer, Data, Kind, Manner, Role};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NO_RECORDS: &[&str] =
    &["dns.resolver", "dns.exists", "target.none", "target.implicit", "target.nullmx"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "dane.present",
            title: "every target has TLSA records",
            severity: Severity::Info,
            rfc: &["RFC 7672, 2.2.3"],
            why: "With them senders encrypt, and look whom they speak to.",
            remedy: "Publish `3 1 1` and the SHA-256 digest of the key at _25._tcp of the host, in a signed zone.",
            blocked_by: NO_RECORDS,
        },
        judge: present,
    },
    Check {
        about: About {
            id: "dane.insecure",
            title: "TLSA records are in a signed zone",
            severity: Severity::Warning,
            rfc: &["RFC 7672, 2.2", "RFC 7672, 2.1.1"],
            why: "Senders do not look at them as long as nobody vouches for the zone.",
            remedy: "Sign the zone and have the zone above vouch for it, or remove the records.",
            blocked_by: NO_RECORDS,
        },
        judge: insecure,
    },
    Check {
        about: About {
            id: "dane.usable",
            title: "a TLSA record of every target that has some can be used",
            severity: Severity::Warning,
            rfc: &["RFC 7672, 3.1", "RFC 7671, 5"],
            why: "Senders encrypt, and cannot look whom they speak to.",
            remedy: "Use `3 1 1` and the SHA-256 digest of the key.",
            blocked_by: NO_RECORDS,
        },
        judge: usable,
    },
    Check {
        about: About {
            id: "dane.rollover",
            title: "the next key is published too",
            severity: Severity::Notice,
            rfc: &["RFC 7671, 8.1"],
            why: "With a new certificate mail waits until the new record has reached everybody.",
            remedy: "Publish the digest of the next key two times to live before it is used.",
            blocked_by: &[
                "dns.resolver",
                "dns.exists",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "dane.insecure",
                "dane.usable",
            ],
        },
        judge: rollover,
    },
    Check {
        about: About {
            id: "dane.odmr",
            title: "the expected server has TLSA records for its ODMR port",
            severity: Severity::Info,
            rfc: &["RFC 7671", "RFC 2645, 4"],
            why: "With them atrn-fetch knows the server without an authority for certificates.",
            remedy: "Publish `3 1 1` and the SHA-256 digest of the key at _366._tcp of the server.",
            blocked_by: &["dns.resolver", "in.expected-resolves"],
        },
        judge: odmr,
    },
];

/// A TLSA record. RFC 6698, section 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record<'a> {
    pub(super) usage: u8,
    pub(super) selector: u8,
    pub(super) matching: u8,
    /// In hexadecimal.
    pub(super) value: &'a str,
}

impl Record<'_> {
    /// Can a sender of mail look by it? RFC 7672, section 3.1: no authorities of the public.
    pub(super) fn is_usable(&self) -> bool {
        let fits = match self.matching {
            0 => !self.value.is_empty(),
            1 => self.value.len() == 64,
            2 => self.value.len() == 128,
            _ => false,
        };
        matches!(self.usage, 2 | 3) && self.selector <= 1 && fits
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { usage, selector, matching, value } = self;
        write!(f, "{usage} {selector} {matching} {value}")
    }
}

/// What resolvers tell of a service's TLSA records; nothing where nobody told.
pub(super) struct Told<'a> {
    pub(super) records: BTreeSet<Record<'a>>,
    evidence: Vec<String>,
}

pub(super) fn told<'a>(case: &Case<'a>, service: &str) -> Option<Told<'a>> {
    let is_it = |answer: &&&'a Answer| {
        answer.kind == Kind::Tlsa
            && answer.manner == Manner::Signed
            && answer.server.role == Role::Resolver
            && answer.is_settled()
    };
    let answer: &'a Answer = case.about(service).iter().find(is_it)?;
    let record = |data: &'a Data| match data {
        Data::Tlsa { usage, selector, matching, value } => {
            let (usage, selector, matching) = (*usage, *selector, *matching);
            Some(Record { usage, selector, matching, value })
        }
        _ => None,
    };
    let all = answer.reply().map_or(&[][..], |reply| &reply.answer);
    let records = all.iter().filter_map(|one| record(&one.data)).collect();
    Some(Told { records, evidence: vec![answer.id.clone()] })
}

/// Where a server's records for port 25 stand. RFC 7672, section 2.2.3.
pub(super) fn service(target: &str) -> String {
    format!("_25._tcp.{target}")
}

/// Where a target's records for port 25 may stand: below the name that it stands for, where every alias on the way is
/// signed, and below its own. RFC 7672, section 2.2.2.
fn services(case: &Case, target: &str) -> Vec<String> {
    let expanded = case.host(target).canonical.as_deref().filter(|name| *name != target);
    let is_secure = || case.chain().security(target, Kind::A).0 == Security::Secure;
    let expanded = expanded.filter(|_| is_secure());
    expanded.into_iter().chain([target]).map(service).collect()
}

/// Was anybody asked for these?
pub(super) fn is_asked(case: &Case, service: &str) -> bool {
    case.about(service).iter().any(|answer| answer.kind == Kind::Tlsa)
}

/// A target's records for port 25, and where they stand: at the first place that has some, or of which nobody told
/// who was asked.
pub(super) fn found<'a>(case: &Case<'a>, target: &str) -> (String, Option<Told<'a>>) {
    let mut last = (service(target), None);
    for service in services(case, target) {
        let told = told(case, &service);
        let decides = match &told {
            Some(told) => !told.records.is_empty(),
            None => is_asked(case, &service),
        };
        last = (service, told);
        if decides {
            break;
        }
    }
    last
}

/// Says something of each target whose TLSA records somebody told.
/// Nothing is in order of records that nobody has.
fn unless_none(case: &Case, judged: Judged) -> Judged {
    let has_some =
        |target: &str| found(case, target).1.is_some_and(|told| !told.records.is_empty());
    match judged {
        Judged::Ok if !targets(case).into_iter().any(has_some) => {
            Judged::Nothing("there are no TLSA records")
        }
        judged => judged,
    }
}

fn each(case: &Case, judge: impl Fn(&str, &str, &Told) -> Option<Fault>) -> Judged {
    let asked = |kind: Kind| case.facts.answers.iter().any(|answer| answer.kind == kind);
    if !asked(Kind::Tlsa) {
        return Judged::Nothing("nobody was asked for TLSA records");
    }
    let (mut faults, mut is_open) = (Vec::new(), false);
    for target in targets(case) {
        match found(case, target) {
            (service, Some(told)) => faults.extend(judge(target, &service, &told)),
            (_, None) => is_open = true,
        }
    }
    match faults.is_empty() && is_open {
        // Of whom nobody told any that one says.
        true => Judged::After("dane.present"),
        false => Judged::by(faults),
    }
}

fn present(case: &Case) -> Judged {
    let judged = each(case, |target, _, told| {
        let message = format!("{target} has no TLSA records");
        told.records.is_empty().then(|| Fault::of(target, message).seen(&told.evidence))
    });
    let untold = targets(case).into_iter().filter(|target| found(case, target).1.is_none());
    match judged {
        Judged::After(_) => Judged::Unknown(super::case::doubts(
            untold.map(|target| format!("nobody told the TLSA records of {target}")),
        )),
        judged => judged,
    }
}

/// A target that senders who look for DANE hold to its records.
pub(super) fn protected<'c>(case: &'c Case) -> Option<&'c str> {
    let is_protected = |target: &&str| {
        let (service, told) = found(case, target);
        told.is_some_and(|told| told.records.iter().any(Record::is_usable))
            && case.chain().security(&service, Kind::Tlsa).0 == Security::Secure
    };
    targets(case).into_iter().find(is_protected)
}

fn insecure(case: &Case) -> Judged {
    let judged =
        each(case, |target, service, told| match case.chain().security(service, Kind::Tlsa).0 {
            Security::Insecure(why) if !told.records.is_empty() => {
                let message = format!("the TLSA records of {target} count for nothing: {why}");
                Some(Fault::of(target, message).got("insecure").want("secure").seen(&told.evidence))
            }
            // Where the host's address is bogus too, that is told already.
            Security::Bogus(why) if !is_bogus(&case.chain().security(target, Kind::A).0) => {
                let message =
                    format!("what is told of the TLSA records of {target} is bogus: {why}");
                let remedy =
                    "Sign the zone anew: senders that look for DANE keep the mail until then.";
                let fault = Fault::of(target, message).got("bogus").want("secure").remedy(remedy);
                Some(fault.at(Severity::Critical).seen(&told.evidence))
            }
            _ => None,
        });
    unless_none(case, judged)
}

fn is_bogus(security: &Security) -> bool {
    matches!(security, Security::Bogus(_))
}

fn usable(case: &Case) -> Judged {
    let judged = each(case, |target, _, told| {
        if told.records.is_empty() || told.records.iter().any(Record::is_usable) {
            return None;
        }
        let shown =
            |record: &Record| format!("{} {} {}", record.usage, record.selector, record.matching);
        let got: Vec<String> = told.records.iter().map(shown).collect();
        let message = format!("no TLSA record of {target} can be used for mail");
        let fault = Fault::of(target, message).got(got.join(", ")).want("3 1 1");
        Some(fault.seen(&told.evidence))
    });
    unless_none(case, judged)
}

fn rollover(case: &Case) -> Judged {
    let judged = each(case, |target, _, told| {
        let usable: Vec<&Record> = told.records.iter().filter(|r| r.is_usable()).collect();
        // An authority's stays when the host's key changes.
        let [only] = usable.as_slice() else { return None };
        if only.usage != 3 {
            return None;
        }
        let message = format!("{target} has one TLSA record only");
        Some(Fault::of(target, message).seen(&told.evidence))
    });
    unless_none(case, judged)
}

fn odmr(case: &Case) -> Judged {
    let servers: Vec<&str> = case.expect.odmr_names().collect();
    if servers.is_empty() {
        return Judged::Nothing("no server is expected by name");
    }
    let (mut faults, mut unclear, mut any) = (Vec::new(), Vec::new(), false);
    for server in servers {
        let service = format!("_366._tcp.{server}");
        let Some(told) = told(case, &service) else {
            unclear.push(format!("nobody told the TLSA records of {server} for port 366"));
            continue;
        };
        any = true;
        let fault = |message| Fault::of(server, message).seen(&told.evidence);
        if told.records.is_empty() {
            faults.push(fault(format!("{server} has no TLSA records for port 366")));
        } else if let Security::Insecure(why) = case.chain().security(&service, Kind::Tlsa).0 {
            let message =
                format!("the TLSA records of {server} for port 366 count for nothing: {why}");
            faults.push(fault(message).got("insecure").want("secure"));
        }
    }
    match (any, faults.is_empty() && !unclear.is_empty()) {
        (false, _) => Judged::Nothing("nobody told the TLSA records of the server"),
        (true, true) => Judged::Unknown(super::case::doubts(unclear)),
        (true, false) => Judged::by(faults),
    }
}
