//! Is there anything to judge? The name, what is expected, and whether anybody answers.

use std::collections::BTreeSet;

use super::case::{is_below_or_at, listed};
use super::facts::{Answer, Data, Kind, Manner, Role, Server, Transport};
use super::{Case, Check, Fault, Judged};
use crate::check::case::Presence;
use crate::finding::{About, Severity};

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "in.domain",
            title: "the name can stand behind the @ of an address",
            severity: Severity::Error,
            rfc: &["RFC 1035, 2.3.1", "RFC 5321, 2.3.5", "RFC 1123, 2.1", "RFC 5891"],
            why: "Senders refuse what is no host name before they ask the DNS.",
            remedy: "Check the spelling: letters, digits and hyphens, two labels or more.",
            blocked_by: &[],
        },
        judge: domain,
    },
    Check {
        about: About {
            id: "dns.resolver",
            title: "a resolver answers",
            severity: Severity::Error,
            rfc: &[],
            why: "Without one nothing can be found out about names elsewhere.",
            remedy: "Try another with --resolver, or look at this machine's /etc/resolv.conf.",
            blocked_by: &[],
        },
        judge: resolver,
    },
    Check {
        about: About {
            id: "dns.exists",
            title: "the domain exists",
            severity: Severity::Critical,
            rfc: &["RFC 8020"],
            why: "Mail to a domain that does not exist comes back at once.",
            remedy: "Look whether the registration has lapsed, or the delegation is missing.",
            blocked_by: &["dns.resolver"],
        },
        judge: exists,
    },
    Check {
        about: About {
            id: "dns.servfail",
            title: "resolvers can look the domain up",
            severity: Severity::Critical,
            rfc: &["RFC 4035, 5.5", "RFC 8914"],
            why: "Senders behind such a resolver keep the mail, and give it back after some days.",
            remedy: "Look at the zone's servers (ns.lame, ns.unreachable) and at its signatures.",
            blocked_by: &["dns.resolver"],
        },
        judge: servfail,
    },
    Check {
        about: About {
            id: "dns.excess",
            title: "no answer has more in it than anybody needs",
            severity: Severity::Error,
            rfc: &[],
            why: "Only the first of very many records are judged; what stands behind them is not known.",
            remedy: "Leave out what nobody needs; if you did not make the records, find out who did.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: excess,
    },
    Check {
        about: About {
            id: "in.no-expectation",
            title: "it was said where the mail should go",
            severity: Severity::Notice,
            rfc: &[],
            why: "Without that only what is wrong for any domain can be found.",
            remedy: "Say --server NAME, the host that holds the mail, to have the routing judged.",
            blocked_by: &[],
        },
        judge: no_expectation,
    },
    Check {
        about: About {
            id: "in.expected-resolves",
            title: "the expected server has an address",
            severity: Severity::Error,
            rfc: &["RFC 5321, 5.1"],
            why: "No MX record helps when the host it names is nowhere.",
            remedy: "Give the server an A record first.",
            blocked_by: &["dns.resolver"],
        },
        judge: expected_resolves,
    },
];

fn domain(case: &Case) -> Judged {
    let name = &case.facts.domain;
    let last = name.rsplit('.').next().unwrap_or_default();
    let problem = if name.contains('_') {
        "has an underscore, which no host name may have"
    } else if last.bytes().all(|octet| octet.is_ascii_digit()) {
        "ends in a number, as only addresses do"
    } else {
        return Judged::Ok;
    };
    Judged::Amiss(vec![Fault::of(name, format!("{name} {problem}"))])
}

/// Does this resolver look nothing up: neither what is asked about, nor what is elsewhere? Then it says nothing
/// of the domain.
fn is_broken(case: &Case, server: &Server) -> bool {
    let zone = case.facts.zone.as_deref().unwrap_or(&case.facts.domain);
    let is_elsewhere = |answer: &&Answer| answer.name != "." && !is_below_or_at(&answer.name, zone);
    let mut elsewhere = case.asked_of(server).filter(is_elsewhere).peekable();
    let is_domain = |answer: &Answer| answer.name == case.facts.domain && answer.is_settled();
    elsewhere.peek().is_some()
        && !elsewhere.any(Answer::is_settled)
        && !case.asked_of(server).any(is_domain)
}

fn resolver(case: &Case) -> Judged {
    let of_resolvers = |answer: &&Answer| answer.server.role == Role::Resolver;
    let asked = case.facts.answers.iter().filter(of_resolvers);
    let servers: BTreeSet<&Server> = asked.map(|answer| &answer.server).collect();
    if servers.is_empty() {
        return Judged::Nothing("no resolver was asked");
    }
    let (mut silent, mut broken) = (Vec::new(), Vec::new());
    for server in servers {
        let heard = case.asked_of(server).find_map(Answer::reply);
        match (heard, case.asked_of(server).find_map(Answer::silence)) {
            (None, Some(why)) => silent.push(format!("{server} ({why})")),
            (Some(reply), _) if is_broken(case, server) => broken.push(match reply.tc {
                true => format!("{server} answers in part only, and the rest by TCP not"),
                false => format!("{server} answers {} to everything", reply.rcode),
            }),
            _ => return Judged::Ok,
        }
    }
    match silent.is_empty() {
        true => Judged::Unknown(listed(broken)),
        false => {
            let silent = format!("nothing was heard from {}", listed(silent));
            Judged::Unknown(listed(std::iter::once(silent).chain(broken)))
        }
    }
}

fn excess(case: &Case) -> Judged {
    let fault = |what: &String| Fault::of(&case.facts.domain, format!("there are {what}"));
    Judged::by(case.excess.iter().map(fault).collect())
}

/// The answers on the domain itself, the zone's own first, then its parent's, then the resolvers'.
fn on_domain<'a>(case: &Case<'a>) -> Vec<&'a Answer> {
    let name = &case.facts.domain;
    let ask = |role| case.asked(role, name, Kind::Mx).chain(case.asked(role, name, Kind::Ns));
    // Nobody else knows of a zone that is not live yet.
    if case.facts.undelegated {
        return ask(Role::Authority).filter(|answer| answer.is_settled()).collect();
    }
    let own = ask(Role::Authority).chain(ask(Role::Parent));
    own.chain(ask(Role::Resolver)).filter(|answer| answer.is_settled()).collect()
}

/// Did somebody say that there is no such domain, and nobody that there is?
pub(super) fn is_gone(case: &Case) -> bool {
    matches!(exists(case), Judged::Amiss(_))
}

fn exists(case: &Case) -> Judged {
    let name = &case.facts.domain;
    let answers = on_domain(case);
    let Some(first) = answers.first() else {
        return match case.facts.undelegated {
            true => Judged::Nothing("the zone is not live yet, and its servers did not tell"),
            false => Judged::Unknown(format!("nobody told whether {name} exists")),
        };
    };
    let is_missing =
        |answer: &&Answer| answer.reply().is_some_and(|reply| reply.rcode == "NXDOMAIN");
    // The zone above knows whether there is a zone at all. Below that it takes all who know best: where they
    // differ, others tell so.
    let zone = case.facts.zone.as_deref().unwrap_or(name);
    let above = [name, zone].into_iter().flat_map(|name| {
        case.asked(Role::Parent, name, Kind::Ns).chain(case.asked(Role::Parent, name, Kind::Mx))
    });
    let mut told =
        above.filter(|answer| answer.is_settled() && answer.reply().is_some_and(|r| r.aa));
    let lapsed = told.find(is_missing);
    let mut best = answers.iter().filter(|answer| answer.server.role == first.server.role);
    let first = match (lapsed, best.all(is_missing)) {
        (Some(lapsed), _) => lapsed,
        (None, true) => first,
        (None, false) => return Judged::Ok,
    };
    let above = first.reply().and_then(|reply| {
        reply.authority.iter().find(|record| matches!(record.data, Data::Soa { .. }))
    });
    let above = above.map_or_else(|| "the zone above".to_owned(), |soa| format!("{}.", soa.name));
    let remedy = format!(
        "The registration has lapsed, the name is misspelt, or the delegation is missing in {above}"
    );
    let message = format!("{name} does not exist");
    let fault = Fault::of(name, message).got("NXDOMAIN").remedy(remedy);
    Judged::Amiss(vec![fault.seen(std::slice::from_ref(&first.id))])
}

pub(super) fn servfail(case: &Case) -> Judged {
    let name = &case.facts.domain;
    let is_whole = |answer: &&Answer| !is_broken(case, &answer.server);
    let asked = || case.asked(Role::Resolver, name, Kind::Mx);
    if asked().next().is_none() {
        return Judged::Nothing("no resolver was asked for it");
    }
    let faults: Vec<Fault> =
        asked().filter(is_whole).filter_map(|answer| not_looked_up(case, answer)).collect();
    let told = asked().any(Answer::is_settled);
    match faults.is_empty() && !told {
        true => Judged::Unknown(format!("no resolver told the MX records of {name}")),
        false => Judged::by(faults),
    }
}

/// A resolver that can look up others, and not this.
fn not_looked_up(case: &Case, answer: &Answer) -> Option<Fault> {
    let name = &case.facts.domain;
    let reply = answer.reply().filter(|reply| reply.rcode == "SERVFAIL")?;
    let unchecked = case.asked_of(&answer.server).find(|other| {
        other.manner == Manner::Unchecked && other.name == *name && other.is_settled()
    });
    let what = match unchecked {
        Some(_) => "; without checking signatures it answers, so DNSSEC is what fails",
        None => "; it does so without checking signatures too",
    };
    let said = match reply.ede.is_empty() {
        true => String::new(),
        false => format!(" ({})", reply.ede.join("; ")),
    };
    let message = format!("{} cannot look {name} up{said}{what}", answer.server);
    let remedy = match unchecked {
        Some(_) => "Sign the zone anew, or remove the DS records from the zone above.".to_owned(),
        None => where_to_look(case),
    };
    let evidence = [Some(answer), unchecked].into_iter().flatten();
    let evidence: Vec<String> = evidence.map(|answer| answer.id.clone()).collect();
    let fault = Fault::of(name, message).got("SERVFAIL").want("NOERROR");
    Some(fault.remedy(remedy).seen(&evidence))
}

/// What keeps resolvers from it, so far as that is known.
fn where_to_look(case: &Case) -> String {
    let name = &case.facts.domain;
    if super::target::is_another_name(case) {
        return format!(
            "{name} itself is another name, which leads nowhere: put the records of a host in the place of its CNAME."
        );
    }
    let told = super::zone::CHECKS.iter().filter(|check| {
        matches!(check.about.id, "ns.lame" | "ns.unreachable" | "dns.tcp" | "ns.edns")
            && matches!((check.judge)(case), Judged::Amiss(_))
    });
    let told: Vec<String> = told.map(|check| check.about.id.to_owned()).collect();
    match told.is_empty() {
        true => "The zone's servers answer from here: look at the resolver, and at what is between them.".to_owned(),
        false => format!("Look at the zone's servers, of which {} says more.", listed(told)),
    }
}

fn no_expectation(case: &Case) -> Judged {
    if !case.expect.is_empty() {
        return Judged::Ok;
    }
    let message = "nobody said where the mail should go: only what is wrong for any domain is told";
    Judged::Amiss(vec![Fault::of(&case.facts.domain, message)])
}

fn expected_resolves(case: &Case) -> Judged {
    let servers = || case.expect.servers.iter().chain(&case.expect.queues);
    if servers().next().is_none() {
        return Judged::Nothing("no server is expected by name");
    }
    let (mut faults, mut unclear) = (Vec::new(), Vec::new());
    for server in servers() {
        let host = case.host(server);
        let what = match &host.is {
            Presence::There { .. } => continue,
            Presence::Nowhere => "has no address",
            Presence::NoName => "does not exist",
            Presence::Unknown(why) => {
                unclear.push(format!("{server}: {why}"));
                continue;
            }
        };
        let remedy = format!("Create an address for {server} first, or correct its name.");
        let fault = Fault::of(server, format!("the expected server {server} {what}"));
        faults.push(fault.remedy(remedy).seen(&host.evidence));
    }
    match (faults.is_empty(), unclear.is_empty()) {
        (true, false) => Judged::Unknown(super::case::doubts(unclear)),
        _ => Judged::by(faults),
    }
}

/// Does this question go by TCP alone?
pub(super) fn is_tcp(answer: &&Answer) -> bool {
    answer.transport == Transport::Tcp
}
