//! What a provider has of a domain, against where its mail goes.

use std::net::IpAddr;

use super::case::{MxSet, Presence};
use super::facts::{OwnServer, Provision, Waiting};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Class, Severity};

const NOT_ASKED: &str = "no provider was asked";
/// So long senders try at least. RFC 5321, section 4.5.4.1: four to five days, seconds.
const LONG_ENOUGH: u64 = 4 * 86_400;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "prov.one-owner",
            title: "there is an account that may fetch its mail",
            severity: Severity::Error,
            rfc: &[],
            why: "Mail that nobody may fetch waits until it is given up.",
            remedy: "Give the domain to an account, or take it out of the settings.",
            blocked_by: &[],
        },
        judge: one_owner,
    },
    Check {
        about: About {
            id: "prov.no-mx-here",
            title: "the mail of a customer's domain comes here",
            severity: Severity::Warning,
            rfc: &[],
            why: "The customer has left, or never switched over.",
            remedy: "Ask the customer whether the account is still needed.",
            blocked_by: &["dns.servfail", "in.no-expectation"],
        },
        judge: no_mx_here,
    },
    Check {
        about: About {
            id: "prov.unprovisioned",
            title: "who sends mail for the domain here finds it known",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 3.6.2"],
            why: "Its mail comes back at once.",
            remedy: "Make an account for it, or have its MX records removed.",
            blocked_by: &["dns.exists", "dns.servfail", "in.no-expectation"],
        },
        judge: unprovisioned,
    },
    Check {
        about: About {
            id: "prov.orphan-queue",
            title: "mail waits only for domains whose mail comes here",
            severity: Severity::Warning,
            rfc: &[],
            why: "Whoever has moved away does not fetch it any more.",
            remedy: "Ask the customer to fetch what is left, or hand it over with queuectl export.",
            blocked_by: &["dns.servfail", "in.no-expectation"],
        },
        judge: orphan_queue,
    },
    Check {
        about: About {
            id: "prov.expiry",
            title: "its mail waits for as long as senders would try",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 4.5.4.1"],
            why: "Mail is given up, or senders are told that it is late, while the customer only calls as usual.",
            remedy: "Raise `lifetime`, or `delay`.",
            blocked_by: &["prov.one-owner"],
        },
        judge: expiry,
    },
    Check {
        about: About {
            id: "prov.stale-account",
            title: "its customer has fetched lately",
            severity: Severity::Warning,
            rfc: &[],
            why: "What waits is given up before long.",
            remedy: "Tell the customer that his system does not call.",
            blocked_by: &["prov.one-owner"],
        },
        judge: stale_account,
    },
    Check {
        about: About {
            id: "prov.own-server",
            title: "the server that its mail is brought to stays where it is",
            severity: Severity::Warning,
            rfc: &["RFC 1985, 8"],
            why: "Mail that is brought to an address goes to whoever has the address (MXC-02).",
            remedy: "Have the customer fetch with ATRN, or verify his server (`host_tls = \"require\"`).",
            blocked_by: &[],
        },
        judge: own_server,
    },
    Check {
        about: About {
            id: "prov.two-ways",
            title: "its mail goes one way: it is brought, or it is fetched",
            severity: Severity::Notice,
            rfc: &["RFC 1985", "RFC 2645"],
            why: "What is brought at once never waits to be fetched by who can prove who he is (MXC-03).",
            remedy: "Take `push` out of the domain's section, or have the customer's system stop to call.",
            blocked_by: &[],
        },
        judge: two_ways,
    },
];

fn provision<'a>(case: &Case<'a>) -> Result<&'a Provision, Judged> {
    case.facts.provision.as_ref().ok_or(Judged::Nothing(NOT_ASKED))
}

fn queue<'a>(case: &Case<'a>) -> Result<(&'a Provision, &'a Waiting), Judged> {
    let provision = provision(case)?;
    match (&provision.queue, &provision.untold) {
        (Some(queue), _) => Ok((provision, queue)),
        (None, Some(why)) => Err(Judged::Unknown(format!("nobody told what waits: {why}"))),
        (None, None) => Err(Judged::Nothing("nobody was asked what waits")),
    }
}

/// Does the mail come to an expected server? Nothing where nobody knows.
fn comes_here(case: &Case) -> Option<bool> {
    let mut classes = case.sets.iter().flat_map(MxSet::targets).map(|mx| case.class(&mx.target));
    if case.sets.is_empty() {
        // There is no such domain, or nobody answers.
        let is_gone = super::input::is_gone(case);
        return is_gone.then_some(false);
    }
    let mut all: Vec<Class> = classes.by_ref().collect();
    // Without any record it goes to the domain's own address (RFC 5321, section 5.1).
    if case.sets.iter().all(|set| set.records.is_empty()) {
        all.push(case.class(&case.facts.domain));
    }
    match (all.contains(&Class::Expected), all.contains(&Class::Unknown)) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}

const UNTOLD: &str = "nobody told where its mail goes";

fn one_owner(case: &Case) -> Judged {
    let provision = match provision(case) {
        Ok(provision) => provision,
        Err(judged) => return judged,
    };
    let waits = provision.queue.as_ref().is_some_and(|queue| queue.messages > 0);
    if provision.account.is_some() {
        return Judged::Ok;
    }
    if !waits && !provision.is_set {
        return Judged::Nothing("there is nothing to fetch");
    }
    let name = &case.facts.domain;
    let what = if waits { "mail waits for it" } else { "the settings name it" };
    Judged::Amiss(vec![Fault::of(name, format!("{name} is in no account, and {what}"))])
}

fn no_mx_here(case: &Case) -> Judged {
    match provision(case) {
        Ok(provision) if provision.account.is_none() => {
            return Judged::Nothing("it is no customer's");
        }
        Ok(_) => {}
        Err(judged) => return judged,
    }
    let name = &case.facts.domain;
    match comes_here(case) {
        None => Judged::Unknown(UNTOLD.to_owned()),
        Some(true) => Judged::Ok,
        Some(false) => {
            let message = format!("{name} has an account, and no MX record of it leads here");
            Judged::Amiss(vec![Fault::of(name, message)])
        }
    }
}

fn unprovisioned(case: &Case) -> Judged {
    match provision(case) {
        Ok(provision) if provision.account.is_some() => return Judged::Ok,
        Ok(provision) if !provision.is_listed => {
            return Judged::Nothing("its mail is not let in");
        }
        Ok(_) => {}
        Err(judged) => return judged,
    }
    let name = &case.facts.domain;
    match comes_here(case) {
        None => Judged::Unknown(UNTOLD.to_owned()),
        Some(false) => Judged::Ok,
        Some(true) => {
            let message = format!("the mail of {name} comes here, and no account may fetch it");
            Judged::Amiss(vec![Fault::of(name, message)])
        }
    }
}

fn orphan_queue(case: &Case) -> Judged {
    let queue = match queue(case) {
        Ok((_, queue)) if queue.messages == 0 => return Judged::Ok,
        Ok((_, queue)) => queue,
        Err(judged) => return judged,
    };
    let name = &case.facts.domain;
    match comes_here(case) {
        None => Judged::Unknown(UNTOLD.to_owned()),
        Some(true) => Judged::Ok,
        Some(false) => {
            let n = queue.messages;
            let message = format!("{n} messages wait for {name}, whose mail goes elsewhere now");
            Judged::Amiss(vec![Fault::of(name, message).got(n.to_string())])
        }
    }
}

fn expiry(case: &Case) -> Judged {
    let provision = match provision(case) {
        Ok(provision) => provision,
        Err(judged) => return judged,
    };
    let name = &case.facts.domain;
    let mut faults = Vec::new();
    if provision.lifetime_s < LONG_ENOUGH {
        let message = format!("mail for {name} waits for {} only", time(provision.lifetime_s));
        let fault = Fault::of(name, message).got(time(provision.lifetime_s));
        faults.push(fault.want(time(LONG_ENOUGH)).remedy("Raise `lifetime` to five days."));
    }
    faults.extend(planned(case, provision));
    let fetched = provision.queue.as_ref().and_then(|queue| queue.last_fetch_s);
    let fetched = fetched.and_then(|seconds| u64::try_from(seconds).ok());
    if let (Some(delay), Some(fetched)) = (provision.delay_s, fetched)
        && delay < fetched
    {
        let message = format!(
            "senders are told after {} that mail for {name} waits; its customer called {} ago",
            time(delay),
            time(fetched)
        );
        let remedy = "Raise `delay` above the time between two calls, or switch it off.";
        faults.push(Fault::of(name, message).got(time(delay)).remedy(remedy));
    }
    Judged::by(faults)
}

/// What does not go together with how the customer calls, so far as that was said (MXC-05, MXC-06).
fn planned(case: &Case, provision: &Provision) -> Vec<Fault> {
    let (name, lifetime) = (&case.facts.domain, provision.lifetime_s);
    let mut faults = Vec::new();
    if let Some(outage) = case.expect.outage_s.filter(|outage| lifetime <= *outage) {
        let message = format!(
            "mail for {name} waits for {}, and its customer may be away for {}",
            time(lifetime),
            time(outage)
        );
        let remedy = format!("Set `lifetime` above {}.", time(outage));
        faults.push(Fault::of(name, message).got(time(lifetime)).remedy(remedy));
    }
    let Some(poll) = case.expect.poll_s else { return faults };
    if poll > lifetime / 4 {
        let message = format!(
            "mail for {name} waits for {}, and its customer calls every {} only",
            time(lifetime),
            time(poll)
        );
        let remedy = "Set `lifetime` to four times that, or have the customer call more often.";
        faults.push(Fault::of(name, message).got(time(lifetime)).remedy(remedy));
    }
    if let Some(delay) = provision.delay_s.filter(|delay| *delay <= poll) {
        let message = format!(
            "senders are told after {} that mail for {name} waits, and its customer calls every {}",
            time(delay),
            time(poll)
        );
        let remedy = format!("Raise `delay` above {}, or switch it off.", time(poll));
        faults.push(Fault::of(name, message).got(time(delay)).remedy(remedy));
    }
    faults
}

fn stale_account(case: &Case) -> Judged {
    let (provision, queue) = match queue(case) {
        Ok(both) => both,
        Err(judged) => return judged,
    };
    let Some(account) = &provision.account else { return Judged::Nothing("it is no customer's") };
    let fetched = queue.last_fetch_s.and_then(|seconds| u64::try_from(seconds).ok());
    let long_ago = fetched.is_none_or(|seconds| seconds > provision.lifetime_s / 2);
    if queue.messages == 0 && fetched.is_none() || !long_ago {
        return Judged::Ok;
    }
    let when = match fetched {
        Some(seconds) => format!("{account} has not fetched for {}", time(seconds)),
        None => format!("{account} has never fetched"),
    };
    let given_up = match queue.next_expiry_s.and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) => format!(", and the first is given up in {}", time(seconds)),
        None => String::new(),
    };
    let message = format!("{when}; {} messages wait{given_up}", queue.messages);
    Judged::Amiss(vec![Fault::of(&case.facts.domain, message)])
}

fn own(provision: &Provision) -> Result<&OwnServer, Judged> {
    provision.own.as_ref().ok_or(Judged::Nothing("its mail is not brought anywhere"))
}

fn own_server(case: &Case) -> Judged {
    let own = match provision(case).and_then(own) {
        Ok(own) => own,
        Err(judged) => return judged,
    };
    let name = &own.host;
    if let Ok(address) = name.trim_matches(['[', ']']).parse() {
        return Judged::by(shifty(case, own, &[address]));
    }
    let host = case.host(name);
    let nowhere = |what| Fault::of(name, format!("the mail is brought to {name}, which {what}"));
    match &host.is {
        Presence::Unknown(why) => Judged::Unknown(format!("{name}: {why}")),
        Presence::Nowhere => Judged::Amiss(vec![nowhere("has no address").seen(&host.evidence)]),
        Presence::NoName => Judged::Amiss(vec![nowhere("does not exist").seen(&host.evidence)]),
        Presence::There { .. } => {
            Judged::by(shifty(case, own, &host.addrs.iter().copied().collect::<Vec<_>>()))
        }
    }
}

/// Whoever has such an address next gets the mail, unless the server has to prove who it is.
fn shifty(case: &Case, own: &OwnServer, addrs: &[IpAddr]) -> Vec<Fault> {
    if own.proves {
        return Vec::new();
    }
    let of = |address: &IpAddr| {
        let (made, id) = super::names::made_of_numbers(case, *address)?;
        let host = &own.host;
        let message = format!(
            "the mail is brought to {host} at {address}, which looks like an address that changes: it is called {made}"
        );
        Some(Fault::of(host, message).got(&made).seen(&[id]))
    };
    addrs.iter().find_map(of).into_iter().collect()
}

fn two_ways(case: &Case) -> Judged {
    let both = provision(case).and_then(|all| Ok((own(all)?, queue(case)?.1)));
    let (own, waiting) = match both {
        Ok(both) => both,
        Err(judged) => return judged,
    };
    let fetched = waiting.last_fetch_s.and_then(|seconds| u64::try_from(seconds).ok());
    match fetched.filter(|_| own.push) {
        None => Judged::Ok,
        Some(seconds) => {
            let (name, host, ago) = (&case.facts.domain, &own.host, time(seconds));
            let message = format!(
                "the mail of {name} is brought to {host} at once, and was fetched {ago} ago"
            );
            Judged::Amiss(vec![Fault::of(name, message)])
        }
    }
}

/// `3 d`, `5 h` or `40 s`: what is whole of it.
fn time(seconds: u64) -> String {
    match seconds {
        86_400.. => format!("{} d", seconds / 86_400),
        3_600.. => format!("{} h", seconds / 3_600),
        _ => format!("{seconds} s"),
    }
}
