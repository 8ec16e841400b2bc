//! Is somebody at port 25, is he glad of mail, and who does he say he is?

use super::{
    Call, Case, Check, Heard, Judged, Purpose, Rung, Said, Saying, Severity, Word, answered, calls,
    each_call, is_about_us, is_full_name, place, quoted, welcome,
};
use crate::check::case::Presence;
use crate::finding::About;
use crate::probe::Connection;

/// A greeting that takes longer makes some senders give up, milliseconds. RFC 5321, section 4.5.3.2.1, gives them
/// five minutes; not all wait so long.
const LATE: u64 = 30_000;
/// Who greets later does so on purpose, milliseconds.
const SLOW: u64 = 5_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "smtp25.egress",
            title: "mail servers can be called from here at all",
            severity: Severity::Critical,
            rfc: &[],
            why: "Many networks let nobody out to port 25; then nothing can be said of any server.",
            remedy: "Run it from elsewhere, or use --smtp none.",
            blocked_by: &[],
        },
        judge: egress,
    },
    Check {
        about: About {
            id: "smtp25.connect",
            title: "somebody answers at each address of a target",
            severity: Severity::Error,
            rfc: &["RFC 5321, 5.1"],
            why: "Senders try an address where nobody answers in vain; where it is the only one the mail waits, and comes back in the end.",
            remedy: "Start the server, or open the firewall in front of it.",
            blocked_by: &["smtp25.egress"],
        },
        judge: connect,
    },
    Check {
        about: About {
            id: "smtp25.banner",
            title: "each server greets, and by a full name",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 3.1", "RFC 5321, 4.2"],
            why: "A server that greets with a refusal takes no mail; some senders refuse one without a full name.",
            remedy: "Set the server's name to one that the DNS has.",
            blocked_by: &["smtp25.egress"],
        },
        judge: banner,
    },
    Check {
        about: About {
            id: "smtp25.delay",
            title: "each server greets at once",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 4.5.3.2.1"],
            why: "Some senders give up before.",
            remedy: "Shorten the delay; what looks up the caller may be waiting for a name server that does not answer.",
            blocked_by: &["smtp25.egress"],
        },
        judge: delay,
    },
    Check {
        about: About {
            id: "smtp25.masked",
            title: "no firewall rewrites what the server says",
            severity: Severity::Warning,
            rfc: &[],
            why: "A firewall that inspects SMTP hides STARTTLS and other commands, and damages mail.",
            remedy: "Turn off SMTP inspection (\"fixup\", \"inspect esmtp\") in the firewall (MSQ-48).",
            blocked_by: &["smtp25.egress"],
        },
        judge: masked,
    },
    Check {
        about: About {
            id: "smtp25.ehlo",
            title: "each server knows EHLO, and answers by a full name",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 4.1.1.1"],
            why: "Without EHLO there is no TLS, no size and no 8-bit mail.",
            remedy: "Set a full host name; turn on ESMTP.",
            blocked_by: &["smtp25.egress", "smtp25.masked"],
        },
        judge: ehlo,
    },
    Check {
        about: About {
            id: "smtp25.old-exchange",
            title: "no server looks like Exchange 2000 or 2003",
            severity: Severity::Notice,
            rfc: &[],
            why: "Nobody mends it any more. It offers no TLS that today's senders accept, and takes mail for anybody at its domains to bounce it later.",
            remedy: "Put a current server in front of it, and let that one hold the mail (MSQ-02, MSQ-05, MSQ-34).",
            blocked_by: &["smtp25.egress"],
        },
        judge: old_exchange,
    },
];

fn egress(case: &Case) -> Judged {
    let all = calls(case, Purpose::Mx);
    let told = |call: &&Call| matches!(call.connection, Connection::Open | Connection::Refused);
    let controls = calls(case, Purpose::Control);
    if all.is_empty() {
        return Judged::Nothing(super::NOT_CALLED);
    }
    if all.iter().any(|call| call.is_open()) || controls.iter().any(|call| call.is_open()) {
        return Judged::Ok;
    }
    if let Some(control) = controls.first() {
        let why = format!("{} does not answer either: {}", place(control), control.connection);
        return Judged::Unknown(format!("{why}. {}", "This network may let nobody out to port 25"));
    }
    if all.iter().any(told) {
        return Judged::Ok;
    }
    if all.iter().all(|call| call.connection == Connection::Unroutable) {
        return Judged::Unknown("there is no route from here to any of the servers".to_owned());
    }
    Judged::Unknown(
        "no server answered at all; whether this network lets anybody out to port 25 was not found out \
         (name a server that is known to answer with --smtp-control)"
            .to_owned(),
    )
}

fn connect(case: &Case) -> Judged {
    let is_any_open = calls(case, Purpose::Mx).iter().any(|call| call.is_open());
    let severity = if is_any_open { Severity::Error } else { Severity::Critical };
    let far = is_far(case, Purpose::Mx);
    each_call(case, Purpose::Mx, |call| closed(call, severity, far))
}

/// Is there no way from here to any of these servers? Where there is one to some, the others are those of IPv6,
/// which many networks do not have.
pub(super) fn is_far(case: &Case, purpose: Purpose) -> bool {
    calls(case, purpose).iter().all(|call| call.connection == Connection::Unroutable)
}

/// What an address says at which nobody answers.
pub(super) fn closed(call: &Call, severity: Severity, far: bool) -> Word {
    let at = format!("port {}", call.port);
    match &call.connection {
        Connection::Open => Word::Ok,
        Connection::Unroutable if far => Word::Unknown(call.connection.to_string()),
        Connection::Unroutable => Word::Nothing("there is no route to it from here"),
        Connection::Fault(why) => Word::Unknown(why.clone()),
        Connection::Refused => {
            let saying = Saying::that(format!("does not listen on {at}")).got("connection refused");
            saying
                .remedy(format!(
                    "Nothing listens on {at} of {}: start the server, or remove the address.",
                    call.addr
                ))
                .at(severity)
                .word()
        }
        Connection::Timeout => {
            let saying = Saying::that(format!("does not answer on {at}")).got("no answer in time");
            saying
                .remedy(format!(
                    "A firewall drops what is sent to {at} of {}, or the host is down.",
                    call.addr
                ))
                .at(severity)
                .word()
        }
    }
}

/// What a greeting says that is none. Nothing of it is said of the line.
pub(super) fn unwelcome(call: &Call) -> Option<Word> {
    let greeting = call.last(Rung::Greeting)?;
    if let (false, Some(why)) = (greeting.reply().is_some(), super::secure::broken_by_us(call)) {
        return Some(Word::Unknown(why));
    }
    let saying = match &greeting.heard {
        Heard::Reply(said) if said.code == 220 => return None,
        Heard::Reply(said) if is_about_us(said) => {
            return Some(Word::Unknown(format!("it refuses this machine: {}", quoted(said))));
        }
        Heard::Reply(said) => refusal(said),
        Heard::Fault(why) => return Some(Word::Unknown(why.clone())),
        Heard::Silence => {
            let waited = greeting.ms.div_ceil(1000);
            Saying::that(format!("says nothing for {waited} seconds"))
                .remedy("See whether the server is overloaded, or waits for a name server.")
                .at(Severity::Error)
        }
        Heard::Closed => Saying::that("hangs up without a greeting")
            .remedy("See its log: it may be full, or refuse this machine.")
            .at(Severity::Error),
        Heard::Garbled(what) => Saying::that("does not speak SMTP")
            .got(what.clone())
            .want("a greeting that begins with 220")
            .remedy(
                "Another service listens on this port, or something rewrites what the server says.",
            )
            .at(Severity::Error),
        Heard::Secured => return None,
    };
    Some(saying.word())
}

fn refusal(said: &Said) -> Saying {
    let saying = Saying::that(format!("greets with {}", quoted(said))).got(said.to_string());
    match said.is_permanent() {
        true => saying
            .remedy("This server refuses all mail: put it right, or remove it from the MX records.")
            .at(Severity::Critical),
        false => saying.remedy("It takes nothing for now; if that stays, see its log."),
    }
}

fn banner(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        if let Some(unwelcome) = unwelcome(call) {
            return unwelcome;
        }
        let said = match welcome(call) {
            Ok(said) => said,
            Err(word) => return word,
        };
        let name = said.first_word();
        let saying = Saying::that(format!("calls itself {name:?} in its greeting"));
        // What a firewall wrote in its place is another check's.
        if !is_full_name(name) && !is_masked(said) {
            return saying.got(name).want("a full host name").word();
        }
        // Said once, where it says the same in its answer to EHLO.
        let ehlo = call.last(Rung::Ehlo).and_then(|exchange| exchange.reply());
        let is_same = ehlo.is_some_and(|said| said.first_word().eq_ignore_ascii_case(name));
        match nowhere(case, name).filter(|_| !is_same) {
            Some(what) => {
                let saying = Saying::that(format!("{}, which {what}", saying.phrase));
                saying.got(name).want("a host that is there").remedy(NAMED).word()
            }
            None => Word::Ok,
        }
    })
}

fn delay(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        if let Err(word) = welcome(call) {
            return word;
        }
        let ms = call.last(Rung::Greeting).map_or(0, |greeting| greeting.ms);
        let saying = Saying::that(format!("greets after {} seconds only", ms / 1000));
        match ms {
            ..SLOW => Word::Ok,
            SLOW..=LATE => saying.at(Severity::Info).word(),
            _ => saying.word(),
        }
    })
}

/// Is most of it asterisks, as a Cisco firewall leaves it?
fn is_masked(said: &Said) -> bool {
    let text = said.lines.join("");
    let stars = text.chars().filter(|c| *c == '*').count();
    text.contains("*****") && stars * 2 > text.chars().filter(|c| !c.is_whitespace()).count()
}

fn masked(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        let said = match welcome(call) {
            Ok(said) => said,
            Err(word) => return word,
        };
        if is_masked(said) {
            let saying = Saying::that("greets with asterisks, as a firewall makes them");
            return saying.got(said.to_string()).word();
        }
        let ehlo = call.all(Rung::Ehlo).filter_map(|exchange| exchange.reply());
        let crossed =
            |line: &&String| line.len() >= 4 && line.chars().all(|c| c == 'X' || c == '*');
        let mut lines = ehlo.flat_map(|said| said.lines.iter().skip(1));
        match lines.find(crossed) {
            Some(line) => {
                let saying = Saying::that("offers something that a firewall has crossed out");
                saying.got(line.as_str()).word()
            }
            None => Word::Ok,
        }
    })
}

fn ehlo(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        let said = match answered(call, Rung::Ehlo) {
            Ok(said) => said,
            Err(word) => return word,
        };
        if !said.is_positive() {
            let saying = Saying::that(format!("answers EHLO with {}", quoted(said)));
            return saying.got(said.to_string()).want("250").word();
        }
        let name = said.first_word();
        let saying = Saying::that(format!("calls itself {name:?} in its answer to EHLO"));
        if !is_full_name(name) {
            return saying.got(name).want("a full host name").word();
        }
        nowhere(case, name).map_or(Word::Ok, |what| {
            let saying = Saying::that(format!("{}, which {what}", saying.phrase));
            saying.got(name).want("a host that is there").remedy(NAMED).word()
        })
    })
}

const NAMED: &str =
    "Give the server the name of its address, and the name an address record (MSQ-14).";

/// What is wrong with a name by which a server calls itself, where it was looked up.
fn nowhere(case: &Case, name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    match case.host(&name).is {
        Presence::NoName => Some("does not exist"),
        Presence::Nowhere => Some("has no address"),
        Presence::There { .. } | Presence::Unknown(_) => None,
    }
}

/// What only Exchange and the SMTP service below it say, each with the weight it has. Greetings are imitated, so
/// one alone proves nothing.
fn age(call: &Call) -> u32 {
    let greeting = call.last(Rung::Greeting).and_then(|exchange| exchange.reply());
    let greeting = greeting.map(|said| said.lines.join(" ")).unwrap_or_default();
    let lines: Vec<String> = call
        .all(Rung::Ehlo)
        .filter_map(|exchange| exchange.reply())
        .flat_map(|said| said.lines.clone())
        .collect();
    let offers = |word: &str| lines.iter().any(|line| line.starts_with(word));
    let old_version =
        ["Version: 5.0.2195", "Version: 6.0.3790", "Exchange Internet Mail Service 5."];
    [
        (old_version.iter().any(|version| greeting.contains(version)), 2),
        (greeting.contains("ready at  "), 1),
        (offers("XEXCH50") || offers("X-LINK2STATE"), 1),
        (lines.iter().any(|line| line.trim_end() == "8bitmime"), 1),
        (lines.last().is_some_and(|line| line.trim() == "OK"), 1),
        (lines.first().is_some_and(|line| line.contains(" Hello [")), 1),
    ]
    .into_iter()
    .filter_map(|(is_so, weight)| is_so.then_some(weight))
    .sum()
}

fn old_exchange(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| {
        let said = match welcome(call) {
            Ok(said) => said,
            Err(word) => return word,
        };
        let saying = Saying::that("looks like Exchange 2000 or 2003, or the IIS below it");
        saying.got(said.to_string()).when(age(call) >= 3)
    })
}
