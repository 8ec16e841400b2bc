//! Whom a server takes mail for, from whom, and how much. No mail was sent to find out.

use super::{
    Call, Case, Check, Judged, Purpose, Rung, Said, Saying, Severity, Word, answered, asked,
    each_call, is_about_us, quoted, welcome,
};
use crate::finding::About;
use crate::probe::{Depth, Exchange};
use crate::smtp::Capabilities;
use crate::smtp::capability::SizeLimit;

const UNREACHED: &[&str] = &["smtp25.egress"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "smtp25.null-sender",
            title: "each server takes failure notices, which have no sender",
            severity: Severity::Error,
            rfc: &["RFC 5321, 4.5.5"],
            why: "Nobody hears that his own mail was not delivered; other servers may take the refusal for that of a spammer.",
            remedy: "Accept MAIL FROM:<>.",
            blocked_by: UNREACHED,
        },
        judge: null_sender,
    },
    Check {
        about: About {
            id: "smtp25.rcpt",
            title: "each server takes mail for the domain",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 3.6.2"],
            why: "What is sent to it there comes back at once.",
            remedy: "Have the domain added to those that the server holds mail for.",
            blocked_by: UNREACHED,
        },
        judge: rcpt,
    },
    Check {
        about: About {
            id: "smtp25.postmaster",
            title: "each server takes mail for the postmaster",
            severity: Severity::Error,
            rfc: &["RFC 5321, 4.5.1"],
            why: "Whoever has trouble with the domain's mail can tell nobody; some lists of spammers list it for that.",
            remedy: "Accept postmaster.",
            blocked_by: UNREACHED,
        },
        judge: postmaster,
    },
    Check {
        about: About {
            id: "smtp25.catch-all",
            title: "no server takes mail for people who do not exist",
            severity: Severity::Notice,
            rfc: &["RFC 5321, 6.2"],
            why: "Spam for invented people is taken, held, fetched, and bounced to people who never sent it.",
            remedy: "Give the server the list of recipients (MSQ-34).",
            blocked_by: UNREACHED,
        },
        judge: catch_all,
    },
    Check {
        about: About {
            id: "smtp25.size",
            title: "each server takes messages as large as are wanted, and no larger than the customer does",
            severity: Severity::Warning,
            rfc: &["RFC 1870"],
            why: "What is too large for the one is refused, what is too large for the other comes back after it was held.",
            remedy: "Set the same limit at both.",
            blocked_by: UNREACHED,
        },
        judge: size,
    },
    Check {
        about: About {
            id: "smtp25.8bit",
            title: "each server takes 8-bit mail",
            severity: Severity::Info,
            rfc: &["RFC 6152"],
            why: "Senders have to encode it, which makes it longer and breaks some signatures.",
            remedy: "Turn 8BITMIME on.",
            blocked_by: UNREACHED,
        },
        judge: eight_bit,
    },
    Check {
        about: About {
            id: "smtp25.utf8",
            title: "each server takes addresses in letters of any script",
            severity: Severity::Info,
            rfc: &["RFC 6531"],
            why: "Senders with such an address cannot write to the domain.",
            remedy: "Turn SMTPUTF8 on, where everybody behind the server has it too.",
            blocked_by: UNREACHED,
        },
        judge: utf8,
    },
    Check {
        about: About {
            id: "smtp25.atrn-shown",
            title: "ATRN and TURN are offered where customers call only",
            severity: Severity::Notice,
            rfc: &["RFC 2645, 4"],
            why: "The port for it is 366; here everybody sees it.",
            remedy: "Fine if it is meant, as for Exchange, which knows port 25 only (MSQ-05).",
            blocked_by: UNREACHED,
        },
        judge: atrn_shown,
    },
    Check {
        about: About {
            id: "smtp25.open-relay",
            title: "no server takes mail from anybody for anybody",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 3.6", "RFC 5321, 7.9"],
            why: "Spammers find it within hours, and then nobody takes mail from it.",
            remedy: "Close the relay: take mail for your own domains only.",
            blocked_by: UNREACHED,
        },
        judge: open_relay,
    },
    Check {
        about: About {
            id: "smtp25.turn-open",
            title: "no server turns the line for somebody who has not proven who he is",
            severity: Severity::Critical,
            rfc: &["RFC 2645, 5.2.1", "RFC 5321, F.1"],
            why: "Anybody can collect the mail.",
            remedy: "Refuse ATRN and TURN before AUTH (MSQ-02).",
            blocked_by: UNREACHED,
        },
        judge: turn_open,
    },
];

/// What is to be said of a question that should have been answered with 2xx. Who puts a stranger off for a while
/// has not refused; and who refuses this machine has said nothing about the question.
fn should_accept(said: &Said, saying: Saying) -> Word {
    match said {
        said if said.is_positive() => Word::Ok,
        said if is_about_us(said) => {
            Word::Unknown(format!("it refuses this machine: {}", quoted(said)))
        }
        said if said.is_permanent() => saying.got(said.to_string()).word(),
        said => Word::Unknown(format!("it put us off: {}", quoted(said))),
    }
}

fn null_sender(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match answered(call, Rung::NullSender) {
        Err(word) => word,
        Ok(last) => {
            // Asked many times over, some servers get tired of it; the first answer counts.
            let first = call.all(Rung::NullSender).find_map(Exchange::reply);
            let said = first.unwrap_or(last);
            let phrase = format!("answers MAIL FROM:<> with {}", quoted(said));
            should_accept(said, Saying::that(phrase).want("250"))
        }
    })
}

/// Whoever was refused because the sender was is no finding of its own.
fn of_recipient(call: &Call, rung: Rung) -> Result<&Said, Word> {
    let is_refused =
        |exchange: &Exchange<Rung>| exchange.reply().is_some_and(|said| !said.is_positive());
    match answered(call, rung) {
        Err(Word::Nothing(_)) if call.last(Rung::NullSender).is_some_and(is_refused) => {
            Err(Word::Behind("smtp25.null-sender"))
        }
        Err(Word::Nothing(_)) if call.last(Rung::Mail).is_some_and(is_refused) => {
            let sender = call.last(Rung::Mail).and_then(Exchange::reply).map(quoted);
            Err(Word::Unknown(format!("the sender is refused: {}", sender.unwrap_or_default())))
        }
        other => other,
    }
}

fn rcpt(case: &Case) -> Judged {
    let domain = &case.facts.domain;
    each_call(case, Purpose::Mx, |call| {
        let asked = call.last(Rung::RcptAgain).or_else(|| call.last(Rung::Rcpt));
        let Some(asked) = asked else { return by_others(call, domain) };
        let said = match of_recipient(call, asked.rung) {
            Ok(said) => said,
            Err(word) => return word,
        };
        if said.is_transient() && !is_about_us(said) {
            let saying = Saying::that(format!("puts {} off: {}", recipient(asked), quoted(said)));
            let remedy = "Ask again in some minutes: it may put every stranger off for a while (greylisting).";
            return saying.got(said.to_string()).remedy(remedy).at(Severity::Error).word();
        }
        should_accept(said, refused(recipient(asked), said, domain, &call.host))
    })
}

fn refused(who: &str, said: &Said, domain: &str, host: &str) -> Saying {
    let saying = Saying::that(format!("refuses mail for {who}: {}", quoted(said))).want("250");
    saying.remedy(format!(
        "{host} does not know {domain}, or nobody of that name: its provider must add the domain to those \
         that it holds mail for."
    ))
}

/// Where nobody was named: if anybody at all is taken, the domain is. A refusal of the postmaster alone may be of
/// him, unless it says that it is of the domain.
fn by_others(call: &Call, domain: &str) -> Word {
    let all: Result<Vec<&Said>, Word> =
        [Rung::Postmaster, Rung::Unmade].into_iter().map(|rung| of_recipient(call, rung)).collect();
    let all = match all {
        Ok(all) => all,
        Err(word) => return word,
    };
    if all.iter().any(|said| said.is_positive()) {
        return Word::Ok;
    }
    match all.iter().find(|said| refuses_to_relay(said)) {
        Some(said) => {
            let who = format!("postmaster@{domain}");
            let saying = refused(&who, said, domain, &call.host).got(said.to_string());
            // Some put off for a while what they will never take.
            let severity = if said.is_permanent() { Severity::Critical } else { Severity::Error };
            saying.at(severity).word()
        }
        None => {
            Word::Unknown("it takes no postmaster; name somebody who exists with --rcpt".to_owned())
        }
    }
}

/// Is the refusal of the whole domain? That is what relaying is refused for.
fn refuses_to_relay(said: &Said) -> bool {
    let text = said.lines.join(" ").to_ascii_lowercase();
    !said.is_positive() && !is_about_us(said) && text.contains("relay")
}

/// `ann@example.org` of `RCPT TO:<ann@example.org>`.
fn recipient(asked: &Exchange<Rung>) -> &str {
    let inside = asked.said.split_once('<').map_or("", |(_, rest)| rest);
    inside.strip_suffix('>').unwrap_or(inside)
}

fn postmaster(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match of_recipient(call, Rung::Postmaster) {
        Err(word) => word,
        // Where the whole domain is refused another check says so.
        Ok(said) if !said.is_positive() && is_domain_refused(call, &case.facts.domain) => {
            Word::Behind("smtp25.rcpt")
        }
        Ok(said) => {
            let phrase = format!("refuses mail for the postmaster: {}", quoted(said));
            should_accept(said, Saying::that(phrase).want("250"))
        }
    })
}

fn is_domain_refused(call: &Call, domain: &str) -> bool {
    match call.last(Rung::Rcpt).and_then(Exchange::reply) {
        Some(said) => said.is_permanent() || refuses_to_relay(said),
        None => matches!(by_others(call, domain), Word::Amiss(_)),
    }
}

fn catch_all(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match of_recipient(call, Rung::Unmade) {
        Err(word) => word,
        Ok(said) if said.is_transient() && is_domain_refused(call, &case.facts.domain) => {
            Word::Behind("smtp25.rcpt")
        }
        Ok(said) if said.is_transient() => {
            Word::Unknown(format!("it put us off: {}", quoted(said)))
        }
        Ok(said) => {
            let who = call.last(Rung::Unmade).map_or("", recipient);
            let saying = Saying::that(format!("takes mail for {who}, who does not exist"));
            saying.got(said.to_string()).when(said.is_positive())
        }
    })
}

/// What this says of what each server offers.
fn each_offer<'a>(case: &Case<'a>, judge: impl Fn(&'a Call, &Capabilities) -> Word) -> Judged {
    each_call(case, Purpose::Mx, |call| match welcome(call) {
        Err(word) => word,
        Ok(_) => match call.best_offers() {
            None => Word::Nothing("it knows no EHLO"),
            Some(offers) => judge(call, &offers),
        },
    })
}

fn size(case: &Case) -> Judged {
    let (least, most) = (case.expect.min_size, case.expect.max_size);
    if least.is_none() && most.is_none() {
        return Judged::Nothing("no size was asked for (--min-size, --max-size)");
    }
    each_offer(case, |call, offers| {
        let limit = match offers.size {
            Some(SizeLimit::Octets(octets)) => Some(octets),
            Some(SizeLimit::Unstated) => None,
            None => return Word::Nothing("no server states a size"),
        };
        match (limit, least, most) {
            (Some(limit), Some(least), _) if limit < least => {
                let saying = Saying::that(format!("takes no more than {limit} octets"));
                let saying = saying.got(limit.to_string()).want(format!("{least} at least"));
                saying.remedy(format!("Raise the limit of {} to {least} octets.", call.host)).word()
            }
            (limit, _, Some(most)) if limit.is_none_or(|limit| limit > most) => {
                let takes = limit.map_or_else(|| "any size".to_owned(), |l| format!("{l} octets"));
                let saying = Saying::that(format!("takes {takes}, and you take {most}"));
                let remedy =
                    "Larger mail comes back after it was held: set the same limit at both.";
                saying.got(takes).want(format!("{most} at most")).remedy(remedy).word()
            }
            _ => Word::Ok,
        }
    })
}

fn eight_bit(case: &Case) -> Judged {
    each_offer(case, |_, offers| {
        Saying::that("does not offer 8BITMIME").when(!offers.eight_bit_mime)
    })
}

fn utf8(case: &Case) -> Judged {
    each_offer(case, |_, offers| Saying::that("does not offer SMTPUTF8").when(!offers.smtputf8))
}

fn atrn_shown(case: &Case) -> Judged {
    each_offer(case, |_, offers| {
        let shown: Vec<&str> = [("ATRN", offers.atrn), ("TURN", offers.turn)]
            .iter()
            .filter(|(_, is)| *is)
            .map(|(v, _)| *v)
            .collect();
        let saying = Saying::that(format!("offers {} to everybody", shown.join(" and ")));
        saying.got(shown.join(" ")).when(!shown.is_empty())
    })
}

fn open_relay(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        if call.depth < Depth::Full {
            return Word::Nothing(NOT_AT_THIS_DEPTH);
        }
        // Who takes everybody at the domain takes also what looks like somebody elsewhere.
        let takes_all =
            call.last(Rung::Unmade).and_then(Exchange::reply).is_some_and(Said::is_positive);
        let at_domain = format!("@{}>", case.facts.domain);
        let counts = |relay: &&Relay| !(takes_all && relay.asked.said.ends_with(&at_domain));
        let all: Vec<Relay> = relayed(call).into_iter().filter(|relay| counts(&relay)).collect();
        let taken: Vec<&Relay> = all.iter().filter(|relay| relay.said.is_positive()).collect();
        let Some(first) = taken.first() else { return relays_nothing(call, &all) };
        let (to, from) = (recipient(first.asked), first.from);
        let saying = Saying::that(format!("takes mail for <{to}> from <{from}>, a stranger"));
        let all: Vec<&str> = taken.iter().map(|relay| recipient(relay.asked)).collect();
        saying.got(all.join(" ")).word()
    })
}

/// Somebody elsewhere was asked for, in the name of this sender.
struct Relay<'a> {
    from: &'a str,
    asked: &'a Exchange<Rung>,
    said: &'a Said,
}

fn relayed(call: &Call) -> Vec<Relay<'_>> {
    let mut from = "";
    let mut all = Vec::new();
    for exchange in &call.said {
        match (exchange.rung, exchange.reply()) {
            (Rung::NullSender | Rung::Mail, _) => from = recipient(exchange),
            (Rung::Relay, Some(said)) => all.push(Relay { from, asked: exchange, said }),
            _ => {}
        }
    }
    all
}

/// Nobody elsewhere was taken. That is in order only where it was refused for good, and not because nobody sent it:
/// some servers relay for whoever has a name.
fn relays_nothing(call: &Call, all: &[Relay]) -> Word {
    if all.is_empty() {
        return of_recipient(call, Rung::Relay).map_or_else(|word| word, |_| Word::Ok);
    }
    let named = || all.iter().filter(|relay| !relay.from.is_empty());
    let mut ordinary = named().filter(|relay| !is_of_sender(relay.said)).peekable();
    if ordinary.peek().is_some() {
        let is_refused = |said: &Said| said.is_permanent() || refuses_to_relay(said);
        return match (ordinary.find(|relay| !is_refused(relay.said)), call.broke_at()) {
            (Some(put_off), _) => Word::Unknown(format!("it put us off: {}", quoted(put_off.said))),
            (None, Some(broken)) => Word::Unknown(format!(
                "it hung up before everything was asked: {} ({})",
                broken.heard,
                asked(&broken.said)
            )),
            (None, None) => Word::Ok,
        };
    }
    let at_recipient = named().next().map(|relay| relay.said);
    match at_recipient.or_else(|| call.last(Rung::Mail)?.reply()) {
        Some(said) => Word::Unknown(format!(
            "it takes no sender but <>: {}; name one with --from-addr",
            quoted(said)
        )),
        None => match answered(call, Rung::Mail) {
            Err(Word::Unknown(why)) => Word::Unknown(why),
            _ => Word::Unknown("it was asked in the name of nobody only".to_owned()),
        },
    }
}

/// Is the refusal of the sender, though it came at the recipient?
fn is_of_sender(said: &Said) -> bool {
    let text = said.lines.join(" ").to_ascii_lowercase();
    !refuses_to_relay(said) && (text.contains("sender") || text.contains("spf"))
}

pub(super) const NOT_AT_THIS_DEPTH: &str = "that is asked with --smtp full only";

fn turn_open(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        if call.depth < Depth::Full {
            return Word::Nothing(NOT_AT_THIS_DEPTH);
        }
        let told = [Rung::Atrn, Rung::Turn].map(|rung| (rung, answered(call, rung)));
        for (rung, said) in &told {
            if let Ok(said) = said
                && said.is_positive()
            {
                let verb = if *rung == Rung::Atrn { "ATRN" } else { "TURN" };
                let saying =
                    Saying::that(format!("answers {verb} with {} to anybody", quoted(said)));
                return saying.got(said.to_string()).want("530").word();
            }
        }
        match told {
            [(_, Err(Word::Nothing(_))), _] => {
                Word::Nothing("only your own servers are asked that")
            }
            [(_, Err(word)), _] | [_, (_, Err(word))] => word,
            _ => Word::Ok,
        }
    })
}
