//! The zone's own servers: are they there, do they know the zone, do they say the same?

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::case::{HostView, MxSet, Presence, is_below_or_at, listed};
use super::facts::{
    Answer, Data, Kind, Manner, Record, Role, Server, Silence, Transport, is_refusal,
};
use super::input::is_tcp;
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NOBODY: &str = "no server of the zone was asked";

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "ns.unreachable",
            title: "each server of the zone answers",
            severity: Severity::Warning,
            rfc: &["RFC 1034, 4.1", "RFC 7766"],
            why: "Every look-up that meets a dead server waits; when the last one dies the mail stops.",
            remedy: "Look at the host and its firewall, or take it out of the delegation.",
            blocked_by: &["dns.exists"],
        },
        judge: unreachable,
    },
    Check {
        about: About {
            id: "ns.lame",
            title: "each server of the zone speaks for it",
            severity: Severity::Error,
            rfc: &["RFC 1912, 2.8", "RFC 1034, 4.2.2"],
            why: "A server that is named and does not know the zone makes look-ups fail by chance.",
            remedy: "Load the zone there, or take the server out of the delegation.",
            blocked_by: &["dns.exists"],
        },
        judge: lame,
    },
    Check {
        about: About {
            id: "dns.tcp",
            title: "each server of the zone answers by TCP too",
            severity: Severity::Warning,
            rfc: &["RFC 7766, 5"],
            why: "Long answers come by TCP only, and some senders, Exchange among them (MSQ-51), ask that way first.",
            remedy: "Open TCP port 53.",
            blocked_by: &["dns.exists"],
        },
        judge: tcp,
    },
    Check {
        about: About {
            id: "ns.edns",
            title: "questions with EDNS are answered",
            severity: Severity::Notice,
            rfc: &["RFC 6891"],
            why: "Every resolver asks that way today; where it fails each look-up takes a second try.",
            remedy: "Look for an old firewall in front of the server.",
            blocked_by: &["dns.exists"],
        },
        judge: edns,
    },
    Check {
        about: About {
            id: "ns.count",
            title: "the zone has two servers or more",
            severity: Severity::Warning,
            rfc: &["RFC 2182, 5"],
            why: "While the only server is away nobody finds out where the mail goes.",
            remedy: "Add a second server, elsewhere.",
            blocked_by: &["dns.exists"],
        },
        judge: count,
    },
    Check {
        about: About {
            id: "ns.diverse",
            title: "the zone's servers stand in more than one network",
            severity: Severity::Info,
            rfc: &["RFC 2182, 3.1"],
            why: "One broken line takes all of them away.",
            remedy: "Add a server elsewhere.",
            blocked_by: &["dns.exists", "ns.count"],
        },
        judge: diverse,
    },
    Check {
        about: About {
            id: "ns.cname",
            title: "no server of the zone is named by an alias",
            severity: Severity::Error,
            rfc: &["RFC 2181, 10.3"],
            why: "Some resolvers do not follow it, and then the server is not there.",
            remedy: "Name the server itself.",
            blocked_by: &["dns.exists"],
        },
        judge: cname,
    },
    Check {
        about: About {
            id: "ns.parent-child",
            title: "the zone above names the same servers as the zone itself",
            severity: Severity::Warning,
            rfc: &["RFC 1034, 4.2.2"],
            why: "Who is named on one side only is asked by some and missed by others.",
            remedy: "Have the registrar list what the zone lists.",
            blocked_by: &["dns.exists"],
        },
        judge: parent_child,
    },
    Check {
        about: About {
            id: "ns.glue",
            title: "the addresses in the zone above are those of the zone itself",
            severity: Severity::Error,
            rfc: &["RFC 1912, 2.3"],
            why: "Resolvers begin with the addresses in the zone above; old ones lead nowhere.",
            remedy: "Have the registrar correct the host's addresses.",
            blocked_by: &["dns.exists"],
        },
        judge: glue,
    },
    Check {
        about: About {
            id: "ns.all-agree",
            title: "all servers of the zone tell the same MX records",
            severity: Severity::Error,
            rfc: &["RFC 1034, 4.3.5"],
            why: "Some of the mail goes by the old records for as long as that server has them.",
            remedy: "Look why the zone does not get there: NOTIFY, transfer, its serial number.",
            blocked_by: &["dns.exists"],
        },
        judge: all_agree,
    },
    Check {
        about: About {
            id: "ns.addr-agree",
            title: "all servers of the zone tell the same addresses of its mail hosts",
            severity: Severity::Error,
            rfc: &["RFC 1034, 4.3.5"],
            why: "Some of the mail goes to the old address for as long as that server tells it.",
            remedy: "Look why the zone does not get there: NOTIFY, transfer, its serial number.",
            blocked_by: &["dns.exists", "ns.all-agree"],
        },
        judge: addr_agree,
    },
    Check {
        about: About {
            id: "ns.serial",
            title: "all servers of the zone have the same version of it",
            severity: Severity::Notice,
            rfc: &["RFC 1982", "RFC 1912, 2.2"],
            why: "A transfer is under way, or stuck; a stuck one shows at the next change.",
            remedy: "Look again in some minutes.",
            blocked_by: &["dns.exists", "ns.all-agree", "ns.addr-agree"],
        },
        judge: serial,
    },
    Check {
        about: About {
            id: "ns.resolver-differs",
            title: "resolvers tell what the zone's own servers tell, and what others tell",
            severity: Severity::Warning,
            rfc: &["RFC 1034, 4.3.4"],
            why: "Senders go by what is in their cache; or the zone is another one inside your network.",
            remedy: "Wait for the old records to be forgotten, or ask a resolver outside.",
            blocked_by: &["dns.exists", "dns.servfail", "ns.all-agree"],
        },
        judge: resolver_differs,
    },
];

/// What a server was asked by UDP, as far as it could be asked at all; without EDNS where it hears nothing else.
fn usual<'a>(case: &Case<'a>, server: &Server) -> Vec<&'a Answer> {
    let could_be = |answer: &&Answer| answer.silence() != Some(&Silence::Unroutable);
    case.usual_of(server).filter(could_be).collect()
}

fn ids<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Vec<String> {
    answers.into_iter().map(|answer| answer.id.clone()).collect()
}

fn unreachable(case: &Case) -> Judged {
    let servers = case.authorities().iter().copied();
    let heard = |server: &Server| case.asked_of(server).any(|answer| answer.reply().is_some());
    let asked: Vec<&Server> = servers.filter(|server| !usual(case, server).is_empty()).collect();
    let nowhere = without_address(case);
    if asked.is_empty() && nowhere.is_empty() {
        return Judged::Nothing(NOBODY);
    }
    let silent: Vec<&&Server> = asked.iter().filter(|server| !heard(server)).collect();
    let severity = (silent.len() == asked.len()).then_some(Severity::Error);
    let fault = |server: &&&Server| {
        let answers = usual(case, server);
        let why = answers.iter().find_map(|answer| answer.silence());
        let why = why.map(ToString::to_string).unwrap_or_default();
        let fault = Fault::of(server.to_string(), format!("{server} does not answer: {why}"));
        let fault = fault.seen(&ids(answers));
        severity.map_or(fault.clone(), |severity| fault.at(severity))
    };
    let by_udp = |answer: &&Answer| answer.transport == Transport::Udp && answer.reply().is_some();
    let by_tcp_only =
        |server: &&&Server| heard(server) && !case.asked_of(server).any(|a| by_udp(&a));
    let one_way = |server: &&Server| {
        let answers = usual(case, server);
        let message = format!("{server} answers by TCP only");
        let remedy = format!("Open UDP port 53 at {server}: everybody asks that way first.");
        let fault = Fault::of(server.to_string(), message).remedy(remedy);
        fault.at(Severity::Error).seen(&ids(answers))
    };
    let mut faults: Vec<Fault> = silent.iter().map(fault).collect();
    faults.extend(asked.iter().filter(by_tcp_only).map(one_way));
    faults.extend(nowhere);
    Judged::by(faults)
}

/// Servers that are listed by names that lead nowhere. Whoever can register such a name can answer for the zone.
fn without_address(case: &Case) -> Vec<Fault> {
    let (names, _) = server_names(case);
    let of = |name: &String| {
        let host = case.host(name);
        let what = match host.is {
            Presence::NoName => "does not exist",
            Presence::Nowhere => "has no address",
            Presence::There { .. } | Presence::Unknown(_) => return None,
        };
        let message = format!("the server {name} of the zone {what}");
        let remedy = format!("Create an address for {name}, or take it out of the delegation.");
        Some(Fault::of(name, message).remedy(remedy).seen(&host.evidence))
    };
    names.iter().filter_map(of).collect()
}

/// The check that says why a server of the zone that was asked told nothing: what it would say nobody knows.
fn silenced_by(case: &Case) -> Option<&'static str> {
    let is_silent = |server: &&&Server| {
        // What it said without EDNS stands for itself.
        let mut asked = usual(case, server);
        asked.retain(|answer| answer.manner == Manner::Usual);
        !asked.is_empty() && asked.iter().all(|answer| answer.reply().is_none())
    };
    let silent = case.authorities().iter().find(is_silent)?;
    match answers_without_edns(case, silent) {
        true => Some("ns.edns"),
        false => Some("ns.unreachable"),
    }
}

/// In order, as far as everybody has said something.
fn by_all(case: &Case, faults: Vec<Fault>) -> Judged {
    match silenced_by(case).filter(|_| faults.is_empty()) {
        Some(cause) => Judged::After(cause),
        None => Judged::by(faults),
    }
}

fn lame(case: &Case) -> Judged {
    let zone = case.facts.zone.clone().unwrap_or_else(|| case.facts.domain.clone());
    let (mut faults, mut heard) = (Vec::new(), false);
    for server in case.authorities() {
        let about_zone = |answer: &&&Answer| answer.kind == Kind::Soa && answer.name == zone;
        let answers = usual(case, server);
        let Some(answer) = answers.iter().find(about_zone) else { continue };
        let Some(reply) = answer.reply() else { continue };
        heard = true;
        let what = match (reply.rcode.as_str(), reply.aa) {
            ("NOERROR", true) => continue,
            // An old firewall in front of it: ns.edns says so.
            (code, _) if is_refusal(code) && answers_without_edns(case, server) => continue,
            ("NOERROR", false) => "answers as one who has heard of it",
            (_, _) => "does not know it",
        };
        let message = format!("{server} is named for {zone} and {what} ({})", reply.rcode);
        let remedy = format!("Load {zone} at {server}, or take that server out of the delegation.");
        let fault = Fault::of(server.to_string(), message).got(reply.rcode.clone());
        faults.push(fault.want("an authoritative answer").remedy(remedy).seen(&ids([*answer])));
    }
    if heard { Judged::by(faults) } else { Judged::Nothing("no server of the zone answered") }
}

fn answers_without_edns(case: &Case, server: &Server) -> bool {
    let mut plain = case.asked_of(server).filter(|answer| answer.manner == Manner::Plain);
    plain.any(Answer::is_heard)
}

fn tcp(case: &Case) -> Judged {
    let (mut faults, mut heard) = (Vec::new(), false);
    for server in case.authorities() {
        // Who is silent altogether is another check's.
        if usual(case, server).iter().all(|answer| answer.reply().is_none()) {
            continue;
        }
        let Some(answer) = case.asked_of(server).find(is_tcp) else { continue };
        heard = true;
        let Some(silence) = answer.silence() else { continue };
        let message = format!("{server} answers by UDP, and by TCP not: {silence}");
        let remedy = format!("Open TCP port 53 at {server}.");
        let fault = Fault::of(server.to_string(), message).remedy(remedy);
        faults.push(fault.seen(&ids([answer])));
    }
    if heard { by_all(case, faults) } else { Judged::Nothing(NOBODY) }
}

fn edns(case: &Case) -> Judged {
    let (mut faults, mut heard) = (Vec::new(), false);
    let all = case.facts.answers.iter().map(|answer| &answer.server);
    let resolvers: BTreeSet<&Server> = all.filter(|server| server.role == Role::Resolver).collect();
    for server in case.authorities().iter().copied().chain(resolvers) {
        let mut plain = case.asked_of(server).filter(|answer| answer.manner == Manner::Plain);
        let Some(plain) = plain.find(|answer| answer.is_heard()) else { continue };
        heard |= server.role == Role::Authority;
        let with_edns = || {
            let all = case.asked_of(server).filter(|answer| answer.transport == Transport::Udp);
            all.filter(|answer| answer.manner != Manner::Plain)
        };
        let is_same = |other: &&Answer| other.kind == plain.kind && other.name == plain.name;
        let Some(same) = with_edns().find(is_same) else { continue };
        // One that is lost on the way says nothing.
        if with_edns().any(Answer::is_heard) {
            continue;
        }
        let what = match (same.silence(), same.reply()) {
            (Some(silence), _) => silence.to_string(),
            (_, reply) => reply.map(|reply| reply.rcode.clone()).unwrap_or_default(),
        };
        let message = format!("{server} answers without EDNS only; with it: {what}");
        let fault = Fault::of(server.to_string(), message);
        faults.push(fault.seen(&ids([same, plain])));
    }
    match heard || !faults.is_empty() {
        true => Judged::by(faults),
        false => Judged::Nothing(NOBODY),
    }
}

/// The names that the zone itself lists, as told by servers that speak for it.
fn child_names(case: &Case) -> (BTreeSet<String>, Vec<String>) {
    names_of(case, Role::Authority)
}

/// The zone's servers by name, as the zone lists them or, where nobody who speaks for it told, as anybody does.
fn server_names(case: &Case) -> (BTreeSet<String>, Vec<String>) {
    let from = |role| names_of(case, role);
    [Role::Authority, Role::Parent, Role::Resolver]
        .map(from)
        .into_iter()
        .find(|(names, _)| !names.is_empty())
        .unwrap_or_default()
}

fn names_of(case: &Case, role: Role) -> (BTreeSet<String>, Vec<String>) {
    let Some(zone) = &case.facts.zone else { return Default::default() };
    let (mut names, mut evidence) = (BTreeSet::new(), Vec::new());
    for answer in case.asked(role, zone, Kind::Ns) {
        let Some(reply) = answer.reply() else { continue };
        if role == Role::Authority && !answer.is_settled() {
            continue;
        }
        // The zone above refers to the servers; one that has both zones answers.
        let told = reply.answer.iter().chain(&reply.authority);
        let found = told.filter(|record| record.name == *zone).filter_map(ns_name);
        let before = names.len();
        names.extend(found);
        if names.len() > before {
            evidence.push(answer.id.clone());
        }
    }
    (names, evidence)
}

fn ns_name(record: &Record) -> Option<String> {
    match &record.data {
        Data::Ns(name) => Some(name.clone()),
        _ => None,
    }
}

fn count(case: &Case) -> Judged {
    let (names, evidence) = server_names(case);
    match (names.len(), &case.facts.zone) {
        (0, _) | (_, None) => Judged::Nothing("nobody told the zone's servers"),
        (1, Some(zone)) => {
            let name = listed(names);
            let message = format!("{zone} has one server only, {name}");
            Judged::Amiss(vec![Fault::of(zone, message).got(name).seen(&evidence)])
        }
        _ => Judged::Ok,
    }
}

/// The part of an address that stands for a network: /24 and /48.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("{}/24", std::net::Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
        IpAddr::V6(v6) => {
            format!("{}/48", std::net::Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)))
        }
    }
}

fn diverse(case: &Case) -> Judged {
    let addresses: BTreeSet<IpAddr> = case.authorities().iter().map(|s| s.addr).collect();
    if addresses.len() < 2 {
        return Judged::Nothing("fewer than two addresses are known");
    }
    let of_family = |v4: bool| {
        let some = addresses.iter().filter(|address| address.is_ipv4() == v4);
        some.map(|address| network(*address)).collect::<BTreeSet<_>>()
    };
    let networks = [of_family(true), of_family(false)];
    if networks.iter().any(|networks| networks.len() > 1) {
        return Judged::Ok;
    }
    let all = listed(networks.into_iter().flatten());
    let zone = case.facts.zone.clone().unwrap_or_default();
    let message = format!("all servers of {zone} stand in {all}");
    Judged::Amiss(vec![Fault::of(zone, message).got(all)])
}

fn cname(case: &Case) -> Judged {
    let (names, _) = server_names(case);
    if names.is_empty() {
        return Judged::Nothing("nobody told the zone's servers");
    }
    let fault = |name: &String| {
        let host = case.host(name);
        let canonical = host.canonical.clone()?;
        let message = format!("the server {name} is only another name for {canonical}");
        let remedy = format!("Put {canonical} in the place of {name}, here and in the zone above.");
        Some(Fault::of(name, message).got(canonical).remedy(remedy).seen(&host.evidence))
    };
    Judged::by(names.iter().filter_map(fault).collect())
}

fn parent_child(case: &Case) -> Judged {
    let (above, seen_above) = names_of(case, Role::Parent);
    let (own, seen) = child_names(case);
    let Some(zone) = &case.facts.zone else { return Judged::Nothing(NOBODY) };
    if above.is_empty() || own.is_empty() {
        return Judged::Nothing("the lists of both sides are not known");
    }
    if above == own {
        return Judged::Ok;
    }
    let only =
        |one: &BTreeSet<String>, other: &BTreeSet<String>| listed(one.difference(other).cloned());
    let message = format!(
        "of the servers of {zone}, only the zone above lists {}; only the zone itself lists {}",
        only(&above, &own),
        only(&own, &above)
    );
    let fault = Fault::of(zone, message).got(listed(above)).want(listed(own));
    Judged::Amiss(vec![fault.seen(&[seen_above, seen].concat())])
}

fn glue(case: &Case) -> Judged {
    let Some(zone) = &case.facts.zone else { return Judged::Nothing(NOBODY) };
    let mut told: BTreeMap<&str, (BTreeSet<IpAddr>, Vec<String>)> = BTreeMap::new();
    for answer in case.asked(Role::Parent, zone, Kind::Ns) {
        for record in answer.reply().map_or(&[][..], |reply| &reply.additional) {
            if let (Data::Address(address), true) =
                (&record.data, is_below_or_at(&record.name, zone))
            {
                let (addresses, evidence) = told.entry(&record.name).or_default();
                addresses.insert(*address);
                if evidence.last() != Some(&answer.id) {
                    evidence.push(answer.id.clone());
                }
            }
        }
    }
    let (mut faults, mut compared) = (Vec::new(), false);
    for (name, (glue, evidence)) in told {
        let host = case.host(name);
        let own = host.views.iter().filter(|view| view.server.role == Role::Authority);
        let own: Vec<&HostView> = own.filter(|view| view.is_whole).collect();
        let addresses: BTreeSet<IpAddr> =
            own.iter().flat_map(|view| &view.addrs).copied().collect();
        if own.is_empty() {
            continue;
        }
        compared = true;
        if glue != addresses {
            let severity = glue_severity(&glue, &addresses);
            let (glue, addresses) = (shown(&glue), shown(&addresses));
            let message = format!("the zone above says {name} is at {glue}; it is at {addresses}");
            let evidence = [&evidence[..], &host.evidence[..]].concat();
            let fault = Fault::of(name, message).got(glue).want(addresses);
            faults.push(fault.at(severity).seen(&evidence));
        }
    }
    if compared { Judged::by(faults) } else { Judged::Nothing("the zone above tells no addresses") }
}

/// Where a right IPv4 address is there and only IPv6 is missing nobody is led astray, and hardly anybody misses it.
fn glue_severity(glue: &BTreeSet<IpAddr>, addresses: &BTreeSet<IpAddr>) -> Severity {
    let is_right = glue.is_subset(addresses) && glue.iter().any(IpAddr::is_ipv4);
    match is_right && addresses.difference(glue).all(IpAddr::is_ipv6) {
        true => Severity::Notice,
        false => Severity::Error,
    }
}

fn shown(addresses: &BTreeSet<IpAddr>) -> String {
    listed(addresses.iter().map(ToString::to_string))
}

/// A set as people write it.
pub(super) fn records(set: &MxSet) -> String {
    match set.records.is_empty() {
        true => "no MX record".to_owned(),
        false => listed(set.records.iter().map(|mx| format!("{} {}.", mx.preference, mx.target))),
    }
}

fn all_agree(case: &Case) -> Judged {
    let own = |set: &&MxSet| set.seen_at.iter().any(|s| s.role == Role::Authority);
    let sets: Vec<&MxSet> = case.sets.iter().filter(own).collect();
    let Some((most, others)) = sets.split_first() else {
        return Judged::Nothing("no server of the zone answered");
    };
    let fault = |set: &&MxSet| {
        let who = listed(set.seen_at.iter().map(ToString::to_string));
        let serials = set.seen_at.iter().filter_map(|server| case.serial_at(server));
        let serials: BTreeSet<u32> = serials.collect();
        let serial = match serials.is_empty() {
            true => String::new(),
            false => format!(", serial {}", listed(serials.iter().map(ToString::to_string))),
        };
        let message = format!("{who} says {}{serial}", records(set));
        let fault = Fault::of(who, message).got(records(set)).want(records(most));
        fault.seen(&[set.evidence.clone(), most.evidence.clone()].concat())
    };
    let mut faults: Vec<Fault> = others.iter().map(fault).collect();
    faults.extend(led_away(case, most));
    let untold = untold(case);
    match faults.is_empty() && !untold.is_empty() {
        true => Judged::Unknown(format!("{} did not tell its MX records", listed(untold))),
        false => by_all(case, faults),
    }
}

/// Servers of the zone for which the domain is another name of something elsewhere, where others have records.
fn led_away<'a>(case: &'a Case, most: &'a MxSet) -> impl Iterator<Item = Fault> + 'a {
    let asked = case.asked(Role::Authority, &case.facts.domain, Kind::Mx);
    let away = asked.filter(|answer| answer.is_settled() && answer.records().next().is_none());
    away.filter_map(move |answer| {
        let end = answer.aliases().last().cloned()?;
        let who = answer.server.to_string();
        let message = format!("{who} says that {} is an alias of {end}", case.facts.domain);
        let fault = Fault::of(who, message).got(format!("CNAME {end}.")).want(records(most));
        Some(fault.seen(&[vec![answer.id.clone()], most.evidence.clone()].concat()))
    })
}

/// Servers of the zone that answer other things, but not this. Those that answer nothing are lame, or silent.
fn untold(case: &Case) -> Vec<String> {
    let about = |answer: &&Answer| answer.kind == Kind::Mx && answer.name == case.facts.domain;
    let is_silent = |server: &&Server| {
        let mut asked = case.asked_of(server).filter(about).peekable();
        let was_asked = asked.peek().is_some();
        // What it says without EDNS it says of what it was asked once more.
        let mut usual = usual(case, server).into_iter();
        let answers = usual.any(|answer| answer.manner == Manner::Usual && answer.is_settled());
        was_asked && answers && !asked.any(Answer::is_settled)
    };
    case.authorities().iter().copied().filter(is_silent).map(ToString::to_string).collect()
}

fn addr_agree(case: &Case) -> Judged {
    let targets: BTreeSet<&str> =
        case.sets.iter().flat_map(MxSet::targets).map(|mx| mx.target.as_str()).collect();
    let (mut faults, mut compared) = (Vec::new(), false);
    for target in targets.into_iter().filter(|target| case.is_in_zone(target)) {
        let host = case.host(target);
        let own = host.views.iter().filter(|view| view.server.role == Role::Authority);
        let mut own = own.filter(|view| view.is_whole);
        let Some(first) = own.next() else { continue };
        compared = true;
        if let Some(other) = own.find(|view| view.addrs != first.addrs) {
            let (got, want) = (shown(&other.addrs), shown(&first.addrs));
            let message = format!(
                "{target} is at {want} as {} says, and at {got} as {} does",
                first.server, other.server
            );
            let evidence = [first.evidence.clone(), other.evidence.clone()].concat();
            faults.push(Fault::of(target, message).got(got).want(want).seen(&evidence));
        }
    }
    match compared {
        true => by_all(case, faults),
        false => Judged::Nothing("no mail host is in the domain's own zone"),
    }
}

fn serial(case: &Case) -> Judged {
    let mut by_serial: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for server in case.authorities() {
        if let Some(serial) = case.serial_at(server) {
            by_serial.entry(serial).or_default().push(server.to_string());
        }
    }
    match by_serial.len() {
        0 => Judged::Nothing("no server told its version of the zone"),
        1 => by_all(case, Vec::new()),
        _ => {
            let zone = case.facts.zone.clone().unwrap_or_default();
            let told = by_serial.into_iter();
            let told = told.map(|(serial, servers)| format!("{serial} at {}", listed(servers)));
            let message =
                format!("the servers have different versions of {zone}: {}", listed(told));
            let fault = Fault::of(zone, message);
            // Whoever waits for a change knows that transfers are under way.
            let is_waited_for = case.facts.watched.is_some();
            Judged::Amiss(vec![if is_waited_for { fault.at(Severity::Info) } else { fault }])
        }
    }
}

fn resolver_differs(case: &Case) -> Judged {
    let cached = case.distinct(Role::Resolver);
    if cached.is_empty() {
        return Judged::Nothing("no resolver told the MX records");
    }
    let Some(first) = case.sets.first() else {
        return Judged::Nothing("no server told the MX records");
    };
    let is_own = first.seen_at.iter().any(|server| server.role == Role::Authority);
    if !is_own && cached.len() < 2 {
        return Judged::Nothing("no server of the zone answered");
    }
    let differs = |set: &&MxSet| records(set) != records(first);
    let fault = |set: &MxSet| {
        let (who, says) = (listed(set.seen_at.iter().map(ToString::to_string)), records(set));
        let keeps = set.records.iter().map(|mx| mx.ttl).max();
        let keeps = keeps.map(|ttl| format!(", for {ttl} s more")).unwrap_or_default();
        let message = match is_own {
            true => format!("the resolver {who} still says {says}{keeps}"),
            false => format!(
                "the resolver {who} says {says}{keeps}, {} says {}; no server of the zone told who is right",
                listed(first.seen_at.iter().map(ToString::to_string)),
                records(first)
            ),
        };
        let fault = Fault::of(who, message).got(says).want(records(first));
        fault.seen(&[set.evidence.clone(), first.evidence.clone()].concat())
    };
    Judged::by(cached.iter().filter(differs).map(fault).collect())
}
