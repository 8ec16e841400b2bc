//! Is what the MX records name a host that can take mail?

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use super::case::{Host, Mx, MxSet, Presence, doubts, listed};
use super::facts::{Answer, Data, Kind, Record, Role};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Class, Severity};

/// Where there are no MX records to judge.
const NO_MX: &[&str] = &["dns.exists", "dns.servfail", "target.none", "target.implicit"];
const UNTOLD: &str = "no server told the MX records";

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "target.owner-cname",
            title: "the zone's own name is no alias",
            severity: Severity::Error,
            rfc: &["RFC 1034, 3.6.2"],
            why: "An alias stands for everything, and a zone must have SOA and NS records beside it.",
            remedy: "Replace the CNAME by the records of the host it names.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: owner_cname,
    },
    Check {
        about: About {
            id: "target.none",
            title: "the domain has an MX record, or an address",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 5.1"],
            why: "Mail to it comes back at once.",
            remedy: "Publish an MX record.",
            blocked_by: &["dns.exists", "dns.servfail", "target.owner-cname"],
        },
        judge: none,
    },
    Check {
        about: About {
            id: "target.implicit",
            title: "there is an MX record, not only an address",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 5.1"],
            why: "Without an MX record mail goes to the domain's address, where the web server is.",
            remedy: "Publish an MX record.",
            blocked_by: &["dns.exists", "dns.servfail", "target.owner-cname", "target.none"],
        },
        judge: implicit,
    },
    Check {
        about: About {
            id: "target.nullmx",
            title: "the domain takes mail at all",
            severity: Severity::Critical,
            rfc: &["RFC 7505, 3"],
            why: "A null MX tells the world that you take no mail; senders refuse it at once.",
            remedy: "Replace the record `0 .` by the server that should get the mail.",
            blocked_by: NO_MX,
        },
        judge: nullmx,
    },
    Check {
        about: About {
            id: "target.nullmx-mixed",
            title: "a null MX stands alone",
            severity: Severity::Error,
            rfc: &["RFC 7505, 3"],
            why: "Some senders believe the null MX and refuse the mail, others do not.",
            remedy: "Delete the record `0 .`.",
            blocked_by: NO_MX,
        },
        judge: nullmx_mixed,
    },
    Check {
        about: About {
            id: "target.ip-literal",
            title: "each MX record names a host, not an address",
            severity: Severity::Error,
            rfc: &["RFC 1035, 3.3.9", "RFC 5321, 5.1"],
            why: "It is read as a name, and there is no such name.",
            remedy: "Name a host that has this address.",
            blocked_by: NO_MX,
        },
        judge: ip_literal,
    },
    Check {
        about: About {
            id: "target.hostname",
            title: "each target is a host name",
            severity: Severity::Warning,
            rfc: &["RFC 1123, 2.1", "RFC 5321, 2.3.5"],
            why: "Some senders refuse other names.",
            remedy: "Rename it: letters, digits and hyphens.",
            blocked_by: NO_MX,
        },
        judge: hostname,
    },
    Check {
        about: About {
            id: "target.cname",
            title: "no target is an alias",
            severity: Severity::Error,
            rfc: &["RFC 2181, 10.3", "RFC 5321, 5.1"],
            why: "Some senders do not follow it, and the certificate is for another name.",
            remedy: "Name the host itself.",
            blocked_by: NO_MX,
        },
        judge: cname,
    },
    Check {
        about: About {
            id: "target.takeover",
            title: "nobody can register the domain of a target",
            severity: Severity::Critical,
            rfc: &[],
            why: "Whoever registers it gets the mail.",
            remedy: "Remove the record now.",
            blocked_by: NO_MX,
        },
        judge: takeover,
    },
    Check {
        about: About {
            id: "target.dangling",
            title: "each target has an address",
            severity: Severity::Error,
            rfc: &["RFC 5321, 5.1"],
            why: "Senders try it in vain, and where it is the only one they give up.",
            remedy: "Create the address, or remove the record.",
            blocked_by: NO_MX,
        },
        judge: dangling,
    },
    Check {
        about: About {
            id: "target.v6-only",
            title: "each target has an IPv4 address",
            severity: Severity::Error,
            rfc: &["RFC 3974", "RFC 5321, 5.2"],
            why: "Many senders have no IPv6.",
            remedy: "Add an A record.",
            blocked_by: NO_MX,
        },
        judge: v6_only,
    },
    Check {
        about: About {
            id: "target.v4-only",
            title: "each target has an IPv6 address",
            severity: Severity::Info,
            rfc: &["RFC 5321, 5.2"],
            why: "Everybody reaches IPv4 so far.",
            remedy: "Add an AAAA record, once port 25 and the reverse name work over IPv6.",
            blocked_by: NO_MX,
        },
        judge: v4_only,
    },
    Check {
        about: About {
            id: "target.special-addr",
            title: "each target can be reached from everywhere",
            severity: Severity::Error,
            rfc: &["RFC 6890", "RFC 1918", "RFC 6598", "RFC 4193"],
            why: "From outside nobody is there, or somebody else.",
            remedy: "Publish the public address.",
            blocked_by: NO_MX,
        },
        judge: special_addr,
    },
    Check {
        about: About {
            id: "target.views",
            title: "resolvers and the zone's own servers tell the same addresses of a target",
            severity: Severity::Warning,
            rfc: &[],
            why: "Some of the mail goes to the one, some to the other.",
            remedy: "Wait for the old address to be forgotten; if it stays, you have split DNS.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "target.none",
                "target.implicit",
                "ns.addr-agree",
            ],
        },
        judge: views,
    },
];

/// What this says of each target of each answer, once.
pub(super) fn each_target(case: &Case, judge: impl Fn(&Mx, &Host) -> Option<Fault>) -> Judged {
    let faults = |set: &MxSet| -> Vec<Fault> {
        set.targets().filter_map(|mx| judge(mx, case.host(&mx.target))).collect()
    };
    each_set(case, faults)
}

/// The same, by where the targets are: nothing can be said where nobody told.
pub(super) fn each_place(case: &Case, judge: impl Fn(&Mx, &Host) -> Option<Fault>) -> Judged {
    let untold = |mx: &Mx| match &case.host(&mx.target).is {
        Presence::Unknown(why) if literal(&mx.target).is_none() => {
            Some(format!("{}: {why}", mx.target))
        }
        _ => None,
    };
    // Another check tells of whom.
    match each_target(case, judge) {
        Judged::Ok => match or_unknown(case, Judged::Ok, untold) {
            Judged::Ok => Judged::Ok,
            _ => Judged::After("target.dangling"),
        },
        judged => judged,
    }
}

/// What is in order is not known to be, where something about a target is unknown: this, in words.
pub(super) fn or_unknown(
    case: &Case,
    judged: Judged,
    unclear: impl Fn(&Mx) -> Option<String>,
) -> Judged {
    if !matches!(judged, Judged::Ok) {
        return judged;
    }
    let unclear: BTreeSet<String> =
        case.sets.iter().flat_map(MxSet::targets).filter_map(unclear).collect();
    match unclear.is_empty() {
        true => Judged::Ok,
        false => Judged::Unknown(doubts(unclear)),
    }
}

/// What this says of each answer, once.
pub(super) fn each_set(case: &Case, judge: impl Fn(&MxSet) -> Vec<Fault>) -> Judged {
    if case.sets.is_empty() {
        return Judged::Unknown(UNTOLD.to_owned());
    }
    let judged: Vec<(&MxSet, Vec<Fault>)> = case.sets.iter().map(|set| (set, judge(set))).collect();
    if let Some(doubt) = contested(case, &judged) {
        return Judged::Unknown(doubt);
    }
    let (mut faults, mut told) = (Vec::new(), HashSet::new());
    for (set, fault) in
        judged.into_iter().flat_map(|(set, all)| all.into_iter().map(move |f| (set, f)))
    {
        if told.insert((fault.subject.clone(), fault.message.clone())) {
            let is_bare = fault.evidence.is_empty();
            faults.push(if is_bare { fault.seen(&set.evidence) } else { fault });
        }
    }
    Judged::by(faults)
}

/// What only some resolvers have is old, or new, or true for some; where nobody who speaks for the zone told,
/// nobody knows.
fn contested(case: &Case, judged: &[(&MxSet, Vec<Fault>)]) -> Option<String> {
    if !case.is_contested() || judged.iter().all(|(_, faults)| !faults.is_empty()) {
        return None;
    }
    let fault = judged.iter().find_map(|(_, faults)| faults.first())?;
    Some(format!("{}; other resolvers do not, and nobody told who is right", fault.message))
}

/// Is the zone's own name another name of something?
pub(super) fn is_another_name(case: &Case) -> bool {
    matches!(owner_cname(case), Judged::Amiss(_))
}

fn owner_cname(case: &Case) -> Judged {
    let name = &case.facts.domain;
    if case.facts.zone.as_ref() != Some(name) {
        return Judged::Nothing("the domain is no zone of its own");
    }
    let asked = case.asked(Role::Authority, name, Kind::Mx);
    let asked: Vec<&Answer> = asked.chain(case.asked(Role::Resolver, name, Kind::Mx)).collect();
    let alias = |a: &Answer| match a.is_endless() && a.aliases().is_empty() {
        true => Some(name.clone()),
        false => a.aliases().first().cloned(),
    };
    let alias = asked.iter().find_map(|a| Some((a, alias(a)?)));
    let Some((answer, alias)) = alias else { return Judged::Ok };
    let message = format!("{name} is a zone, and an alias for {alias} as well");
    let fault = Fault::of(name, message).got(format!("CNAME {alias}."));
    Judged::Amiss(vec![fault.seen(std::slice::from_ref(&answer.id))])
}

/// Did everybody who told say that there is no MX record?
fn has_no_mx(case: &Case) -> Option<bool> {
    (!case.sets.is_empty()).then(|| case.sets.iter().all(|set| set.records.is_empty()))
}

fn evidence(case: &Case) -> Vec<String> {
    case.sets.iter().flat_map(|set| set.evidence.clone()).collect()
}

fn hint(case: &Case) -> String {
    let server = case.expect.expected_names().next().unwrap_or("mail.example.net");
    format!("Add `{}. MX 10 {server}.`", case.facts.domain)
}

fn none(case: &Case) -> Judged {
    match has_no_mx(case) {
        None => return Judged::Unknown(UNTOLD.to_owned()),
        Some(false) => return Judged::Ok,
        Some(true) => {}
    }
    let name = &case.facts.domain;
    let host = case.host(name);
    match &host.is {
        Presence::There { .. } => Judged::Ok,
        Presence::Unknown(why) => {
            Judged::Unknown(format!("{name} has no MX record; whether it has an address: {why}"))
        }
        Presence::Nowhere | Presence::NoName => {
            let message = format!("{name} has neither an MX record nor an address");
            let fault = Fault::of(name, message).remedy(hint(case));
            Judged::Amiss(vec![fault.seen(&[evidence(case), host.evidence.clone()].concat())])
        }
    }
}

fn implicit(case: &Case) -> Judged {
    match has_no_mx(case) {
        None => return Judged::Unknown(UNTOLD.to_owned()),
        Some(false) => return Judged::Ok,
        Some(true) => {}
    }
    let name = &case.facts.domain;
    let host = case.host(name);
    let where_to = listed(host.addrs.iter().map(ToString::to_string));
    let severity = match case.class(name) {
        Class::Unknown => {
            let why = case.why_unknown(name);
            let what = format!("{name} has no MX record, so mail goes to its address {where_to}");
            return Judged::Unknown(format!("{what}; whose that is nobody told ({why})"));
        }
        Class::Expected | Class::Any => Severity::Warning,
        // Another may be tolerated beside the expected server, and not in its place.
        _ => Severity::Critical,
    };
    let message = format!("{name} has no MX record, so mail goes to its address {where_to}");
    let fault = Fault::of(name, message).got(where_to).remedy(hint(case)).at(severity);
    Judged::Amiss(vec![fault.seen(&[evidence(case), host.evidence.clone()].concat())])
}

fn nullmx(case: &Case) -> Judged {
    each_set(case, |set| {
        let is_null = !set.records.is_empty() && set.targets().next().is_none();
        let name = &case.facts.domain;
        let message = format!("{name} says that it takes no mail{}", case.seen_at(set));
        let fault = Fault::of(name, message)
            .got("0 .")
            .remedy(format!("{}, and delete the record `0 .`", hint(case)));
        is_null.then_some(fault).into_iter().collect()
    })
}

fn nullmx_mixed(case: &Case) -> Judged {
    each_set(case, |set| {
        let targets = set.targets().count();
        let is_mixed = targets > 0 && targets < set.records.len();
        let name = &case.facts.domain;
        let message = format!(
            "{name} says that it takes no mail, and names servers for it{}",
            case.seen_at(set)
        );
        is_mixed.then(|| Fault::of(name, message)).into_iter().collect()
    })
}

/// Is this name an address?
pub(super) fn literal(name: &str) -> Option<IpAddr> {
    let inner = name.trim_start_matches('[').trim_end_matches(']');
    inner.parse().ok()
}

/// The address that somebody wrote for a host, without a dot at its end, so that it became a name in the zone that
/// is nowhere.
fn dotless(case: &Case, mx: &Mx) -> Option<IpAddr> {
    let above = [Some(&case.facts.domain), case.facts.zone.as_ref()];
    let mut inside = above
        .into_iter()
        .flatten()
        .filter_map(|zone| literal(mx.target.strip_suffix(zone.as_str())?.strip_suffix('.')?));
    inside.next().filter(|_| case.host(&mx.target).is_nowhere())
}

fn ip_literal(case: &Case) -> Judged {
    let is_one = |mx: &Mx| literal(&mx.target).is_some() || dotless(case, mx).is_some();
    let is_all = |set: &MxSet| set.targets().all(is_one);
    let severity = match case.sets.iter().any(is_all) {
        true => Severity::Critical,
        false => Severity::Error,
    };
    each_target(case, |mx, _| {
        let address = literal(&mx.target).or_else(|| dotless(case, mx))?;
        let name = &case.facts.domain;
        let message = match literal(&mx.target) {
            Some(_) => format!("an MX record names the address {address}, not a host"),
            None => format!(
                "an MX record names the address {address}, not a host, and reads {}; a dot at its end would not help",
                mx.target
            ),
        };
        let remedy = match case.expects(address) {
            true => format!("{} in its place", hint(case)),
            false => format!("Create `mail.{name}. A {address}` and name that."),
        };
        Some(Fault::of(&mx.target, message).remedy(remedy).at(severity))
    })
}

fn hostname(case: &Case) -> Judged {
    each_target(case, |mx, _| {
        if literal(&mx.target).is_some() {
            return None;
        }
        let fault = Fault::of(&mx.target, format!("{} is no host name", mx.target));
        (!is_host_name(&mx.target)).then(|| fault.remedy(format!("Rename {}.", mx.target)))
    })
}

/// Letters, digits and hyphens, and no number at the end. RFC 1123, section 2.1.
pub(super) fn is_host_name(name: &str) -> bool {
    let fits = |label: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit());
    name.split('.').all(fits) && !is_number
}

fn cname(case: &Case) -> Judged {
    each_target(case, |mx, host| {
        if host.is_endless {
            let message = format!("{} is another name of another name, without end", mx.target);
            let remedy = "Name a host that has an address, or remove the MX record.";
            let next = host.canonical.as_ref().unwrap_or(&mx.target);
            let fault = Fault::of(&mx.target, message).got(format!("CNAME {next}."));
            return Some(fault.remedy(remedy).seen(&host.evidence));
        }
        let canonical = host.canonical.as_ref()?;
        let message = format!("{} is only another name for {canonical}", mx.target);
        // Nobody should name a host that is nowhere, least of all one whose domain anybody can register.
        let remedy = match host.is_nowhere() {
            true => format!(
                "{canonical} is nowhere: name a host that has an address, or remove the MX record for {}.",
                mx.target
            ),
            false => format!("Point the MX record at {canonical}."),
        };
        let fault = Fault::of(&mx.target, message).got(format!("CNAME {canonical}."));
        Some(fault.remedy(remedy).seen(&host.evidence))
    })
}

/// What stands before the country in names below which registries sell others.
const SOLD_BELOW: &[&str] = &["co", "com", "ltd", "ne", "net", "nom", "or", "org", "plc"];

/// Does anybody get a name in this zone who pays for it? A top-level domain, or one like `co.uk`.
pub fn sells_names(zone: &str) -> bool {
    match zone.split_once('.') {
        None => !zone.is_empty(),
        Some((kind, country)) => country.len() == 2 && SOLD_BELOW.contains(&kind),
    }
}

/// The name that does not exist on the way to a target, where it is one that can be bought: the one right below
/// the zone that said so (RFC 2308, section 3), at the end of the aliases.
fn unsold(case: &Case, target: &str) -> Option<(String, String)> {
    let of_host = |answer: &&&Answer| {
        matches!(answer.kind, Kind::A | Kind::Aaaa) && answer.server.role == Role::Resolver
    };
    case.about(target).iter().filter(of_host).find_map(|answer| {
        let reply = answer.reply().filter(|reply| reply.rcode == "NXDOMAIN")?;
        let end = answer.aliases().pop().unwrap_or_else(|| target.to_owned());
        let is_soa = |record: &&Record| matches!(record.data, Data::Soa { .. });
        let zone = &reply.authority.iter().find(is_soa)?.name;
        let below = end.strip_suffix(zone.as_str())?.strip_suffix('.')?;
        let label = below.rsplit('.').next()?;
        sells_names(zone).then(|| (format!("{label}.{zone}"), answer.id.clone()))
    })
}

/// The highest name above the target that does not exist, where what stands above that sells names: there anybody
/// may register it.
fn registrable(case: &Case, target: &str) -> Option<(String, String)> {
    unsold(case, target).or_else(|| unsold_below_top(case, target))
}

/// The same by what is known of the two last labels.
fn unsold_below_top(case: &Case, target: &str) -> Option<(String, String)> {
    let two_labels = target.rmatch_indices('.').nth(1).map_or(target, |(at, _)| &target[at + 1..]);
    let top = two_labels.split_once('.')?.1;
    let missing = case
        .asked(Role::Resolver, two_labels, Kind::Ns)
        .find(|answer| answer.reply().is_some_and(|reply| reply.rcode == "NXDOMAIN"))?;
    // A top-level domain that does not exist sells no names.
    let top_exists = case.asked(Role::Resolver, top, Kind::Ns).any(|answer| {
        answer.reply().is_some_and(|reply| reply.rcode == "NOERROR" && !reply.answer.is_empty())
    });
    top_exists.then(|| (two_labels.to_owned(), missing.id.clone()))
}

fn takeover(case: &Case) -> Judged {
    each_target(case, |mx, host| {
        if host.is != Presence::NoName {
            return None;
        }
        let (domain, evidence) = registrable(case, &mx.target)?;
        let message = format!(
            "{domain} is not registered: whoever registers it gets what is sent to {}",
            mx.target
        );
        let remedy = format!("Remove the MX record for {} now.", mx.target);
        Some(Fault::of(&mx.target, message).remedy(remedy).seen(&[evidence]))
    })
}

fn dangling(case: &Case) -> Judged {
    let untold = |mx: &Mx| match &case.host(&mx.target).is {
        Presence::Unknown(why) if literal(&mx.target).is_none() => {
            Some(format!("{}: {why}", mx.target))
        }
        _ => None,
    };
    let faults = |set: &MxSet| -> Vec<Fault> {
        let hosts: Vec<(&Mx, &Host)> =
            set.targets().map(|mx| (mx, case.host(&mx.target))).collect();
        let all = hosts.iter().all(|(_, host)| host.is_nowhere());
        let severity = if all { Severity::Critical } else { Severity::Error };
        // What is no name at all, is misspelt, expected, or can be registered, is told by other checks.
        let told = |mx: &Mx| {
            literal(&mx.target).is_some()
                || registrable(case, &mx.target).is_some()
                || dotless(case, mx).is_some()
                || super::routing::is_slip(case, mx)
                || case.expect.servers.contains(&mx.target)
        };
        let lost = hosts.iter().filter(|(mx, host)| host.is_nowhere() && !told(mx));
        let fault = |(mx, host): &(&Mx, &Host)| {
            let what = match host.is {
                Presence::NoName => "does not exist",
                _ => "has no address",
            };
            let remedy = match host.canonical.is_some() || host.is_endless {
                true => format!("Name another host, or remove the MX record for {}.", mx.target),
                false => format!("Create an address for {0}, or remove its MX record.", mx.target),
            };
            let message = match &host.canonical {
                Some(end) if !host.is_endless => {
                    format!("{} leads to {end}, which {what}{}", mx.target, case.seen_at(set))
                }
                _ => format!("{} {what}{}", mx.target, case.seen_at(set)),
            };
            Fault::of(&mx.target, message).remedy(remedy).at(severity).seen(&host.evidence)
        };
        lost.map(fault).collect()
    };
    or_unknown(case, each_set(case, faults), untold)
}

fn of_one_family(case: &Case, v4: bool, fault: impl Fn(&str) -> Fault) -> Judged {
    let only = |host: &Host| {
        !host.addrs.is_empty() && host.addrs.iter().all(|address| address.is_ipv4() == v4)
    };
    let judged = each_place(case, |mx, host| {
        let whole = host.is == Presence::There { whole: true };
        (whole && only(host)).then(|| fault(&mx.target).seen(&host.evidence))
    });
    or_unknown(case, judged, |mx| {
        let host = case.host(&mx.target);
        let half = host.is == Presence::There { whole: false } && only(host);
        half.then(|| format!("{}: nobody told all its addresses", mx.target))
    })
}

fn v6_only(case: &Case) -> Judged {
    of_one_family(case, false, |target| {
        let fault = Fault::of(target, format!("{target} has no IPv4 address"));
        fault.remedy(format!("Add an A record for {target}."))
    })
}

fn v4_only(case: &Case) -> Judged {
    of_one_family(case, true, |target| Fault::of(target, format!("{target} has no IPv6 address")))
}

/// What kind of address nobody can reach from outside this is.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            match (a, b, c) {
                (0, _, _) => Some("none at all"),
                (127, _, _) => Some("this machine's own"),
                (10, _, _) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
                (100, 64..=127, _) => Some("behind a carrier's NAT"),
                (169, 254, _) => Some("good on its own link only"),
                (192, 0, 0) => Some("for protocols"),
                (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("for documentation"),
                (198, 18..=19, _) => Some("for benchmarks"),
                (224..=239, _, _) => Some("a group's"),
                (240..=255, _, _) => Some("reserved"),
                _ => None,
            }
        }
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0xffff, _, _] => Some("an IPv4 address written as IPv6"),
            [0, 0, 0, 0, 0, 0, 0, 0] => Some("none at all"),
            [0, 0, 0, 0, 0, 0, 0, 1] => Some("this machine's own"),
            [0, 0, 0, 0, 0, 0, _, _] => Some("an IPv4 address written as IPv6"),
            [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some("private"),
            [0x64, 0xff9b, 1, ..] => Some("behind a NAT of its network"),
            [0x100, 0, 0, 0, ..] => Some("for what is thrown away"),
            [0x2001, 2, 0, ..] => Some("for benchmarks"),
            [0xfe80..=0xfebf, ..] => Some("good on its own link only"),
            [0xff00..=0xffff, ..] => Some("a group's"),
            [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("for documentation"),
            _ => None,
        },
    }
}

fn special_addr(case: &Case) -> Judged {
    each_place(case, |mx, host| {
        let told = host.addrs.iter().filter_map(|a| Some(format!("{a} ({})", special(*a)?)));
        let told: Vec<String> = told.collect();
        if told.is_empty() {
            return None;
        }
        let message = format!("{} is at {}", mx.target, listed(told));
        Some(Fault::of(&mx.target, message).seen(&host.evidence))
    })
}

fn views(case: &Case) -> Judged {
    let compared = Cell::new(false);
    let judged = each_target(case, |mx, host| {
        let of = |role| {
            let views = host.views.iter();
            views.filter(move |view| view.server.role == role && view.is_whole)
        };
        let own = of(Role::Authority).next().or_else(|| of(Role::Host).next())?;
        compared.set(compared.get() || of(Role::Resolver).next().is_some());
        let other = of(Role::Resolver).find(|view| view.addrs != own.addrs)?;
        let shown = |addrs: &std::collections::BTreeSet<IpAddr>| {
            listed(addrs.iter().map(ToString::to_string))
        };
        let (got, want) = (shown(&other.addrs), shown(&own.addrs));
        let message = format!(
            "{} is at {want} as its own servers say, and at {got} as the resolver {} does",
            mx.target, other.server
        );
        let evidence = [own.evidence.clone(), other.evidence.clone()].concat();
        Some(Fault::of(&mx.target, message).got(got).want(want).seen(&evidence))
    });
    match judged {
        Judged::Ok if !compared.get() => {
            Judged::Nothing("of no target both a resolver and its zone's own servers told")
        }
        judged => judged,
    }
}
