//! The server that should hand the mail over, on port 366. RFC 2645.

use super::reach::{closed, is_far, unwelcome};
use super::secure::{
    broken_by_us, out_of_date, shown_in_clear, too_short, tried, unvouched, wrong_name,
};
use super::{
    Call, Case, Check, Heard, Judged, Purpose, Rung, Saying, Severity, Word, answered, calls,
    each_call, quoted, welcome,
};
use crate::check::case::listed;
use crate::check::{Fault, Standpoint};
use crate::finding::About;
use crate::probe::Depth;

const UNREACHED: &[&str] = &["odmr.connect"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "odmr.connect",
            title: "somebody answers where the mail is to be fetched",
            severity: Severity::Critical,
            rfc: &["RFC 2645, 4"],
            why: "The mail is held, and nobody can fetch it.",
            remedy: "A provider may let its own network in only (RFC 2645, 8): ask; --odmr-port names another port.",
            blocked_by: &[],
        },
        judge: connect,
    },
    Check {
        about: About {
            id: "odmr.ehlo-atrn",
            title: "the server offers ATRN",
            severity: Severity::Error,
            rfc: &["RFC 2645, 5.1.1"],
            why: "Customers find out by EHLO whether they are right here.",
            remedy: "This is no ODMR listener: another service listens on the port, or ATRN is turned off (MSQ-01).",
            blocked_by: &[],
        },
        judge: ehlo_atrn,
    },
    Check {
        about: About {
            id: "odmr.ehlo-auth",
            title: "the server offers AUTH",
            severity: Severity::Error,
            rfc: &["RFC 2645, 5.1.1"],
            why: "Nobody gets mail without proving who he is.",
            remedy: "Turn AUTH on.",
            blocked_by: &[],
        },
        judge: ehlo_auth,
    },
    Check {
        about: About {
            id: "odmr.cram",
            title: "the server offers CRAM-MD5, or something stronger",
            severity: Severity::Notice,
            rfc: &["RFC 2645, 5.1.2"],
            why: "Old customers (fetchmail) know nothing else.",
            remedy: "Offer CRAM-MD5 too.",
            blocked_by: &[],
        },
        judge: cram,
    },
    Check {
        about: About {
            id: "odmr.tls",
            title: "the mail can be fetched by TLS, with a certificate that is in order",
            severity: Severity::Warning,
            rfc: &["RFC 3207", "RFC 8314", "RFC 9525"],
            why: "Otherwise everybody on the way can read the mail, or somebody else hand out another's.",
            remedy: "Give the server a certificate for its name, from an authority that customers know.",
            blocked_by: &[],
        },
        judge: tls,
    },
    Check {
        about: About {
            id: "odmr.preauth",
            title: "ATRN is refused to somebody who has not proven who he is",
            severity: Severity::Warning,
            rfc: &["RFC 2645, 5.2.1"],
            why: "Anybody could collect the mail.",
            remedy: "Answer ATRN before AUTH with 530.",
            blocked_by: &[],
        },
        judge: preauth,
    },
    Check {
        about: About {
            id: "odmr.auth-clear",
            title: "the server does not invite passwords before TLS",
            severity: Severity::Warning,
            rfc: &["RFC 4954, 4"],
            why: "Programs that follow the invitation say passwords to everybody on the way.",
            remedy: "Offer PLAIN and LOGIN after STARTTLS only.",
            blocked_by: &[],
        },
        judge: auth_clear,
    },
    Check {
        about: About {
            id: "odmr.login",
            title: "the account can log in",
            severity: Severity::Critical,
            rfc: &["RFC 2645, 5.1.2"],
            why: "The mail cannot be fetched.",
            remedy: "Check name and password; some servers want the domain, or DOMAIN\\user, for a name (MSQ-28).",
            blocked_by: UNREACHED,
        },
        judge: login,
    },
    Check {
        about: About {
            id: "odmr.foreign",
            title: "the account gets no mail of domains that are not its own",
            severity: Severity::Critical,
            rfc: &["RFC 2645, 5.2.1"],
            why: "Any customer can collect any other's mail.",
            remedy: "The server must refuse ATRN with 450 unless every domain in it is the account's.",
            blocked_by: UNREACHED,
        },
        judge: foreign,
    },
    Check {
        about: About {
            id: "odmr.domain",
            title: "the account may have the domain's mail",
            severity: Severity::Error,
            rfc: &["RFC 2645, 5.2.1"],
            why: "It is held, and this account does not get it.",
            remedy: "Have the provider add the domain to the account (MSQ-03); 450 is also said to who asks too often.",
            blocked_by: UNREACHED,
        },
        judge: domain,
    },
    Check {
        about: About {
            id: "odmr.same-host",
            title: "the mail is fetched where it arrives",
            severity: Severity::Notice,
            rfc: &[],
            why: "It may be held elsewhere than where it is asked for.",
            remedy: "Ask the provider whether that is so; then say it with --queue-host.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "mx.expected-present",
            ],
        },
        judge: same_host,
    },
    Check {
        about: About {
            id: "odmr.one-login",
            title: "the mail is fetched where it is sent through, so that one login does for both",
            severity: Severity::Info,
            rfc: &[],
            why: "A connector of Exchange 2000 or 2003 has one name and password, and says them to both servers.",
            remedy: "With Exchange: one account at both, or two SMTP connectors, one that sends and one that fetches (MSQ-07). Others have a login for each.",
            blocked_by: &[],
        },
        judge: one_login,
    },
];

fn connect(case: &Case) -> Judged {
    let far = is_far(case, Purpose::Odmr);
    let mut calls = case.facts.calls.iter().filter(|call| call.purpose == Purpose::Odmr);
    // Whoever only watches is perhaps not let in, and one address of several is missed by nobody.
    let is_cut_off = case.expect.role == Standpoint::Customer && !calls.any(Call::is_open);
    let severity = if is_cut_off { Severity::Critical } else { Severity::Error };
    each_call(case, Purpose::Odmr, |call| closed(call, severity, far))
}

/// The offers of a server that has greeted, under TLS where there is TLS.
fn each_offer<'a>(
    case: &Case<'a>,
    judge: impl Fn(&'a Call, &crate::smtp::Capabilities) -> Word,
) -> Judged {
    each_call(case, Purpose::Odmr, |call| match (welcome(call), call.best_offers()) {
        (Err(word), _) => word,
        (Ok(_), Some(offers)) => judge(call, &offers),
        (Ok(_), None) => Word::Behind("odmr.ehlo-atrn"),
    })
}

fn ehlo_atrn(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| {
        if let Some(unwelcome) = unwelcome(call) {
            return unwelcome;
        }
        let said = match answered(call, Rung::Ehlo) {
            Ok(said) => said,
            Err(word) => return word,
        };
        let Some(offers) = call.best_offers() else {
            let saying = Saying::that(format!("answers EHLO with {}", quoted(said)));
            return saying.got(said.to_string()).want("250 with ATRN").word();
        };
        let turn = if offers.turn { "TURN, but no ATRN" } else { "no ATRN" };
        if let (false, Some(word)) = (offers.atrn, perhaps_behind_tls(call)) {
            return word;
        }
        Saying::that(format!("offers {turn}")).got(offers.lines.join(", ")).when(!offers.atrn)
    })
}

/// What is not offered in clear may be offered under TLS, where TLS is offered and did not come about.
fn perhaps_behind_tls(call: &Call) -> Option<Word> {
    let is_offered = call.offers(false).is_some_and(|offers| offers.starttls);
    let is_seen = call.offers(true).is_some() || call.last(Rung::Handshake).is_none();
    let word = || broken_by_us(call).map_or(Word::Behind("odmr.tls"), Word::Unknown);
    (is_offered && !is_seen).then(word)
}

fn ehlo_auth(case: &Case) -> Judged {
    each_offer(case, |call, offers| {
        if offers.auth.is_empty() {
            return perhaps_behind_tls(call)
                .unwrap_or_else(|| Saying::that("offers no AUTH").word());
        }
        let in_clear = call.offers(false).is_none_or(|clear| !clear.auth.is_empty());
        let saying = Saying::that("offers AUTH after STARTTLS only, where RFC 2645 has it at once");
        let remedy = "As it should be, where all customers know STARTTLS; fetchmail does not use it for ODMR.";
        saying.remedy(remedy).at(Severity::Notice).when(!in_clear)
    })
}

fn cram(case: &Case) -> Judged {
    each_offer(case, |call, offers| {
        if offers.auth.is_empty() {
            return Word::Behind("odmr.ehlo-auth");
        }
        let is_strong = |name: &String| name == "CRAM-MD5" || name.starts_with("SCRAM-SHA-");
        if offers.auth.iter().any(is_strong) {
            return Word::Ok;
        }
        let saying = Saying::that(format!("offers {} only", offers.auth.join(", ")));
        perhaps_behind_tls(call).unwrap_or(saying.got(offers.auth.join(" ")).word())
    })
}

fn preauth(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| {
        let said = match answered(call, Rung::Atrn) {
            Ok(said) => said,
            Err(word) => return word,
        };
        let saying = Saying::that(format!("answers ATRN before AUTH with {}", quoted(said)));
        let saying = saying.got(said.to_string()).want("530");
        match said.code {
            530 => Word::Ok,
            code if code / 100 == 2 => saying.at(Severity::Critical).word(),
            421 => Word::Unknown(quoted(said)),
            _ => saying.word(),
        }
    })
}

fn tls(case: &Case) -> Judged {
    let now = case.facts.checked_at.as_second();
    each_call(case, Purpose::Odmr, |call| {
        let shown = call.tls.as_ref().and_then(|tls| Some((tls, tls.chain.first()?)));
        if let Some(saying) = too_short(call) {
            return saying.word();
        }
        let Some((tls, own)) = shown else {
            return match tried(call) {
                Err(Word::Nothing(_)) => Saying::that("offers no TLS").word(),
                Err(Word::Amiss(saying)) => saying.at(Severity::Error).word(),
                Err(word) => word,
                Ok(()) => Word::Unknown("no certificate was kept".to_owned()),
            };
        };
        let faults = [out_of_date(own, now), wrong_name(call, tls, own), unvouched(tls, own)];
        let mut faults = faults.into_iter().flatten();
        faults.next().unwrap_or(Word::Ok)
    })
}

fn auth_clear(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| match (welcome(call), call.offers(false)) {
        (Err(word), _) => word,
        (Ok(_), Some(offers)) => shown_in_clear(&offers.auth),
        (Ok(_), None) if call.tls.as_ref().is_some_and(|tls| tls.implicit) => Word::Ok,
        (Ok(_), None) => Word::Behind("odmr.ehlo-atrn"),
    })
}

fn login(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| {
        if call.depth < Depth::Login {
            return Word::Nothing("that is asked with --odmr auth or turn only");
        }
        if let Err(word) = welcome(call) {
            return word;
        }
        if let Some(Heard::Fault(why)) = call.last(Rung::Auth).map(|exchange| &exchange.heard) {
            // It is we who said nothing.
            return match call.all(Rung::Auth).any(|exchange| exchange.reply().is_some()) {
                true => Saying::that(format!("lets nobody log in: {why}")).word(),
                false => Word::Unknown(format!("no login was tried: {why}; see --clear-auth")),
            };
        }
        let said = match answered(call, Rung::Auth) {
            Ok(said) => said,
            // Granted already to nobody in particular.
            Err(Word::Nothing(_)) if is_turned(call, Rung::Atrn) => {
                return Word::Behind("odmr.preauth");
            }
            Err(Word::Nothing(_)) => return Word::Behind("odmr.ehlo-atrn"),
            Err(word) => return word,
        };
        match said.code {
            235 => Word::Ok,
            400..=499 => Word::Unknown(format!("not now: {}", quoted(said))),
            _ => {
                let saying = Saying::that(format!("answers AUTH with {}", quoted(said)));
                saying.got(said.to_string()).want("235").word()
            }
        }
    })
}

fn is_turned(call: &Call, rung: Rung) -> bool {
    answered(call, rung).is_ok_and(|said| said.is_positive())
}

/// What ATRN was answered with after a login.
fn of_turn(call: &Call, rung: Rung) -> Result<&super::Said, Word> {
    match answered(call, rung) {
        Err(Word::Nothing(why)) if call.depth < Depth::Login => Err(Word::Nothing(why)),
        Err(Word::Nothing(_)) if is_turned(call, Rung::Domain) => {
            Err(Word::Nothing("the line was turned before it could be asked; --odmr auth asks it"))
        }
        Err(Word::Nothing(why)) => match answered(call, Rung::Auth) {
            Ok(said) if said.code == 235 => Err(Word::Nothing(why)),
            _ => Err(Word::Behind("odmr.login")),
        },
        other => other,
    }
}

fn foreign(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| match of_turn(call, Rung::Foreign) {
        Err(word) => word,
        Ok(said) if said.code == 451 || said.code == 421 => Word::Unknown(quoted(said)),
        Ok(said) => {
            let asked = call.last(Rung::Foreign).map_or("", |exchange| exchange.said.as_str());
            let saying = Saying::that(format!("answers {asked} with {}", quoted(said)));
            saying.got(said.to_string()).want("450").when(said.is_positive())
        }
    })
}

fn domain(case: &Case) -> Judged {
    each_call(case, Purpose::Odmr, |call| {
        if call.depth < Depth::Turn {
            return Word::Nothing("that is asked with --odmr turn only");
        }
        let said = match of_turn(call, Rung::Domain) {
            Ok(said) => said,
            Err(word) => return word,
        };
        let saying =
            Saying::that(format!("answers ATRN {} with {}", case.facts.domain, quoted(said)));
        match said.code {
            250 | 453 => Word::Ok,
            421 | 451 => Word::Unknown(quoted(said)),
            _ => saying.got(said.to_string()).want("250 or 453").word(),
        }
    })
}

fn one_login(case: &Case) -> Judged {
    let (servers, queues) = (&case.expect.servers, &case.expect.queues);
    if !case.expect.outbound {
        return Judged::Nothing("nobody said that the servers send its mail too (--outbound)");
    }
    let addrs = |names: &[String]| -> Vec<std::net::IpAddr> {
        names.iter().flat_map(|name| &case.host(name).addrs).copied().collect()
    };
    let (sends, fetches) = (addrs(servers), addrs(queues));
    let is_one = queues.iter().any(|queue| servers.contains(queue))
        || fetches.iter().any(|address| sends.contains(address));
    if queues.is_empty() || servers.is_empty() || is_one {
        return Judged::Ok;
    }
    let (from, to) = (listed(queues.iter().cloned()), listed(servers.iter().cloned()));
    let message = format!("mail is fetched from {from}, and sent through {to}");
    Judged::Amiss(vec![Fault::of(queues[0].as_str(), message)])
}

fn same_host(case: &Case) -> Judged {
    if calls(case, Purpose::Odmr).is_empty() {
        return Judged::Nothing(super::NOT_CALLED);
    }
    if !case.expect.queues.is_empty() {
        return Judged::Nothing("it is known to be fetched elsewhere");
    }
    let targets: Vec<String> =
        case.sets.iter().flat_map(|set| set.targets()).map(|mx| mx.target.clone()).collect();
    let held = |address: &std::net::IpAddr| {
        targets.iter().any(|target| case.host(target).addrs.contains(address))
    };
    let is_there =
        |server: &&String| targets.contains(server) || case.host(server).addrs.iter().any(held);
    let servers = &case.expect.servers;
    if servers.iter().any(|server| is_there(&server)) {
        return Judged::Ok;
    }
    let unknown = |name: &String| case.host(name).addrs.is_empty();
    if servers.iter().any(unknown) || targets.iter().any(unknown) {
        return Judged::Unknown("the addresses are not all known".to_owned());
    }
    let Some(first) = servers.first() else { return Judged::Nothing(super::NOT_CALLED) };
    let arrives = listed(targets.iter().cloned());
    let message =
        format!("mail is fetched at {}, and arrives at {arrives}", listed(servers.iter().cloned()));
    Judged::Amiss(vec![Fault::of(first, message)])
}
