//! The names of addresses.

use std::net::IpAddr;

use super::case::{Host, Presence};
use super::facts::{Data, Kind, Role, reverse};
use super::target::{each_target, or_unknown};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};
use crate::probe::{Call, Purpose, Rung};

const NO_RECORDS: &[&str] = &[
    "dns.exists",
    "dns.servfail",
    "target.none",
    "target.implicit",
    "target.nullmx",
    "target.special-addr",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "ptr.exists",
            title: "every address of a target has a name",
            severity: Severity::Warning,
            rfc: &["RFC 1912, 2.1"],
            why: "Others take mail from it, your failure notices for instance, less gladly or not at all.",
            remedy: "Ask the owner of the address for a PTR record.",
            blocked_by: NO_RECORDS,
        },
        judge: exists,
    },
    Check {
        about: About {
            id: "ptr.fcrdns",
            title: "the name of every address of a target leads back to it",
            severity: Severity::Warning,
            rfc: &["RFC 8601, 2.7.3", "RFC 1912, 2.1"],
            why: "Anybody can call his address what he likes; a name that does not lead back proves nothing.",
            remedy: "Give the name an address record, or have the owner of the address correct the PTR record.",
            blocked_by: NO_RECORDS,
        },
        judge: leads_back,
    },
    Check {
        about: About {
            id: "ptr.generic",
            title: "no target looks like a dial-up line",
            severity: Severity::Notice,
            rfc: &[],
            why: "A name made of the address is that of a line whose address may change, and is often refused.",
            remedy: "Ask the owner of the address for a PTR record of your own.",
            blocked_by: NO_RECORDS,
        },
        judge: generic,
    },
    Check {
        about: About {
            id: "ptr.banner",
            title: "each server calls itself by the name of its address",
            severity: Severity::Info,
            rfc: &["RFC 5321, 4.1.4"],
            why: "It matters for a server that sends, as one does that sends failure notices; for one that only receives it is cosmetic.",
            remedy: "Set the server's name to that of its address, and see that the name leads back to it (MSQ-14).",
            blocked_by: NO_RECORDS,
        },
        judge: banner,
    },
];

/// What resolvers say an address is called; nothing where they did not tell.
fn names(case: &Case, address: IpAddr) -> Option<(Vec<String>, String)> {
    let at = reverse(address);
    let mut asked = case.asked(Role::Resolver, &at, Kind::Ptr);
    let answer = asked.find(|answer| answer.is_settled())?;
    let name = |data: &Data| match data {
        Data::Ptr(name) => Some(name.clone()),
        _ => None,
    };
    let names = answer.records().filter_map(|record| name(&record.data)).collect();
    Some((names, answer.id.clone()))
}

/// Was any address of a target asked about?
fn was_asked(case: &Case) -> bool {
    case.facts.answers.iter().any(|answer| answer.kind == Kind::Ptr && answer.is_settled())
}

fn exists(case: &Case) -> Judged {
    if !was_asked(case) {
        return Judged::Nothing("nobody told what the addresses are called");
    }
    let judged = each_target(case, |mx, host| {
        let told = host.addrs.iter().filter_map(|a| Some((a, names(case, *a)?)));
        let nameless: Vec<(&IpAddr, String)> =
            told.filter(|(_, told)| told.0.is_empty()).map(|(a, told)| (a, told.1)).collect();
        let (first, _) = nameless.first()?;
        let all = nameless.iter().map(|(address, _)| address.to_string());
        let all = super::case::listed(all);
        let message = format!("{all} of {} has no name", mx.target);
        let remedy = format!("Ask the owner of {first} for a PTR record that says {}.", mx.target);
        let evidence: Vec<String> = nameless.iter().map(|(_, id)| id.clone()).collect();
        Some(Fault::of(&mx.target, message).remedy(remedy).seen(&evidence))
    });
    or_unknown(case, judged, |mx| {
        case.host(&mx.target).addrs.iter().find_map(|address| untold(case, *address))
    })
}

/// Why nobody told what an address is called, though somebody was asked.
fn untold(case: &Case, address: IpAddr) -> Option<String> {
    let at = reverse(address);
    let asked = case.asked(Role::Resolver, &at, Kind::Ptr).next()?;
    if names(case, address).is_some() {
        return None;
    }
    let why = match (asked.silence(), asked.reply()) {
        (Some(silence), _) => silence.to_string(),
        (None, reply) => format!("answers {}", reply.map_or("", |reply| reply.rcode.as_str())),
    };
    Some(format!("nobody told what {address} is called: {} {why}", asked.server))
}

/// In order, unless nobody told what an address is called, which another check says.
fn or_untold(case: &Case, judged: Judged) -> Judged {
    let is_ok = matches!(judged, Judged::Ok);
    let mut targets = super::dnssec::targets(case).into_iter().map(|target| case.host(target));
    let is_untold = |host: &Host| host.addrs.iter().any(|a| untold(case, *a).is_some());
    match is_ok && targets.any(is_untold) {
        true => Judged::After("ptr.exists"),
        false => judged,
    }
}

/// More names of an address are not followed.
const MOST_NAMES: usize = 5;

/// The names that addresses have, so far as they may be followed.
pub fn names_of_addresses(case: &Case) -> Vec<String> {
    let of = |address: &IpAddr| names(case, *address).map_or_else(Vec::new, |(names, _)| names);
    let targets = super::dnssec::targets(case).into_iter().map(|target| case.host(target));
    let addrs: Vec<IpAddr> = targets.flat_map(|host| host.addrs.iter().copied()).collect();
    addrs.iter().flat_map(|address| of(address).into_iter().take(MOST_NAMES)).collect()
}

fn leads_back(case: &Case) -> Judged {
    if !was_asked(case) {
        return Judged::Nothing("nobody told what the addresses are called");
    }
    let judged = each_target(case, |mx, host| {
        host.addrs.iter().find_map(|address| {
            let (names, id) = names(case, *address)?;
            let hosts: Vec<&Host> =
                names.iter().take(MOST_NAMES).map(|name| case.host(name)).collect();
            // What nobody told may lead back.
            if hosts.is_empty() || hosts.iter().any(|host| may_be_at(host, *address)) {
                return None;
            }
            let (name, found) = (&names[0], hosts[0].addrs.iter().map(ToString::to_string));
            let found = super::case::listed(found);
            let message =
                format!("{} at {address} is called {name}, whose address is: {found}", mx.target);
            let remedy = format!("Give {name} the address {address}, or correct the PTR record.");
            let mut evidence = vec![id];
            evidence.extend(hosts.into_iter().flat_map(|host| host.evidence.iter().cloned()));
            let fault = Fault::of(&mx.target, message).got(found).want(address.to_string());
            Some(fault.remedy(remedy).seen(&evidence))
        })
    });
    let judged = or_unknown(case, judged, |mx| {
        case.host(&mx.target).addrs.iter().find_map(|address| {
            let (names, _) = names(case, *address)?;
            let is_here = |name: &&String| case.host(name).addrs.contains(address);
            if names.iter().take(MOST_NAMES).any(|name| is_here(&name)) {
                return None;
            }
            let open =
                names.iter().take(MOST_NAMES).find(|name| may_be_at(case.host(name), *address))?;
            let why = match &case.host(open).is {
                _ if case.about(open).is_empty() => {
                    "where that leads is looked for with --smtp connect"
                }
                Presence::Unknown(why) => why,
                _ => "nobody told all its addresses",
            };
            Some(format!("{} at {address} is called {open}: {why}", mx.target))
        })
    });
    or_untold(case, judged)
}

/// Is the host at this address, for all that was told?
fn may_be_at(host: &Host, address: IpAddr) -> bool {
    let is_open = matches!(host.is, Presence::Unknown(_) | Presence::There { whole: false });
    host.addrs.contains(&address) || is_open && !host.knows[usize::from(address.is_ipv6())]
}

/// Do the numbers of the address stand in the name, in either order?
fn is_made_of(name: &str, address: IpAddr) -> bool {
    let IpAddr::V4(v4) = address else { return false };
    let wanted = v4.octets().map(u32::from);
    let backwards = [wanted[3], wanted[2], wanted[1], wanted[0]];
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    let numbers: Vec<u32> = numbers.collect();
    numbers.windows(4).any(|four| four == wanted || four == backwards)
}

/// The name by which an address is called that is made of its numbers, as of lines whose address changes;
/// and the answer that said so.
pub(super) fn made_of_numbers(case: &Case, address: IpAddr) -> Option<(String, String)> {
    let (names, id) = names(case, address)?;
    names.into_iter().find(|name| is_made_of(name, address)).map(|made| (made, id))
}

fn generic(case: &Case) -> Judged {
    if !was_asked(case) {
        return Judged::Nothing("nobody told what the addresses are called");
    }
    let judged = each_target(case, |mx, host| {
        host.addrs.iter().find_map(|address| {
            let (made, id) = made_of_numbers(case, *address)?;
            let message = format!("{} at {address} is called {made}", mx.target);
            Some(Fault::of(&mx.target, message).got(&made).seen(&[id]))
        })
    });
    or_untold(case, judged)
}

/// A server calls itself by a name that leads to another host: nobody who asks believes it.
fn led_elsewhere(case: &Case, call: &Call, own: &str) -> Option<Fault> {
    let found = case.host(own);
    let is_elsewhere = !found.addrs.is_empty() && !may_be_at(found, call.addr);
    let at = super::case::listed(found.addrs.iter().map(ToString::to_string));
    let message = format!("{} calls itself {own}, which is at {at}", call.addr);
    let fault = Fault::of(&call.host, message).got(at).want(call.addr.to_string());
    let evidence = [std::slice::from_ref(&call.id), &found.evidence[..]].concat();
    is_elsewhere.then(|| fault.seen(&evidence))
}

/// By which names the server called itself.
fn own_names(call: &Call) -> Vec<String> {
    let said = [Rung::Greeting, Rung::Ehlo].into_iter().filter_map(|rung| call.last(rung)?.reply());
    let said = said.filter(|said| said.is_positive());
    let name = said.map(|said| said.first_word().trim_end_matches('.').to_ascii_lowercase());
    name.filter(|name| name.contains('.')).collect()
}

/// The names by which servers that take mail called themselves, where they are host names.
pub fn own_names_of_servers(case: &Case) -> Vec<String> {
    let calls = case.facts.calls.iter().filter(|call| call.purpose == Purpose::Mx);
    calls.flat_map(own_names).filter(|name| super::target::is_host_name(name)).collect()
}

fn banner(case: &Case) -> Judged {
    let mut faults = Vec::new();
    let mut is_any = false;
    for call in case.facts.calls.iter().filter(|call| call.purpose == Purpose::Mx) {
        let own = own_names(call);
        let Some((names, id)) = names(case, call.addr).filter(|(names, _)| !names.is_empty())
        else {
            continue;
        };
        let Some(first) = own.first() else { continue };
        is_any = true;
        if own.iter().any(|own| names.contains(own)) {
            faults.extend(own.iter().find_map(|own| led_elsewhere(case, call, own)));
            continue;
        }
        let (is_called, host) = (super::case::listed(names), &call.host);
        let message = format!("{} is called {is_called}, and calls itself {first}", call.addr);
        let fault = Fault::of(host, message).got(first).want(is_called);
        faults.push(fault.seen(&[id, call.id.clone()]));
    }
    match is_any {
        true => Judged::by(faults),
        false => Judged::Nothing("no server with a named address was called"),
    }
}
