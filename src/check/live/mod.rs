//! What mail servers said when they were called. Nothing here calls anybody.
//!
//! | file | holds |
//! |---|---|
//! | [`reach`] | is somebody there, and who does he say he is |
//! | [`secure`] | TLS, a finding for each of its sides |
//! | [`promise`] | what the DNS and the policy promise of that, DANE and MTA-STS |
//! | [`accept`] | whom the server takes, and from whom |
//! | [`odmr`] | the server that should hand the mail over |
//!
//! An address that does not answer is told once, by `smtp25.connect` or `odmr.connect`; nothing more is said of it.

mod accept;
mod odmr;
pub(super) mod promise;
mod reach;
mod secure;

use std::net::IpAddr;

use super::case::{doubts, listed};
use super::{Case, Check, Fault, Judged};
use crate::finding::Severity;
use crate::probe::{Call, Depth, Heard, Purpose, Rung, Said};

/// The checks of servers that are called, in their order.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    [reach::CHECKS, secure::CHECKS, promise::CHECKS, accept::CHECKS, odmr::CHECKS]
        .into_iter()
        .flatten()
}

const NOT_CALLED: &str = "no mail server was called";
const NOT_ASKED: &str = "that was not asked";

/// What is to be said of one call.
enum Word {
    Ok,
    Amiss(Saying),
    Unknown(String),
    /// Another check says why there is nothing to judge.
    Behind(&'static str),
    Nothing(&'static str),
}

/// Something that is not as it should be, with one address: what follows its name in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Saying {
    phrase: String,
    got: Option<String>,
    want: Option<String>,
    remedy: Option<String>,
    severity: Option<Severity>,
}

impl Saying {
    fn that(phrase: impl Into<String>) -> Saying {
        Saying { phrase: phrase.into(), got: None, want: None, remedy: None, severity: None }
    }

    fn got(self, got: impl Into<String>) -> Saying {
        Saying { got: Some(got.into()), ..self }
    }

    fn want(self, want: impl Into<String>) -> Saying {
        Saying { want: Some(want.into()), ..self }
    }

    fn remedy(self, remedy: impl Into<String>) -> Saying {
        Saying { remedy: Some(remedy.into()), ..self }
    }

    fn at(self, severity: Severity) -> Saying {
        Saying { severity: Some(severity), ..self }
    }

    fn word(self) -> Word {
        Word::Amiss(self)
    }

    /// If this is so.
    fn when(self, is_so: bool) -> Word {
        if is_so { Word::Amiss(self) } else { Word::Ok }
    }
}

/// The calls for this purpose.
fn calls<'a>(case: &Case<'a>, purpose: Purpose) -> Vec<&'a Call> {
    case.facts.calls.iter().filter(|call| call.purpose == purpose).collect()
}

/// What this says of each call. Addresses of a server of which the same is to be said are told in one sentence.
fn each_call<'a>(case: &Case<'a>, purpose: Purpose, judge: impl Fn(&'a Call) -> Word) -> Judged {
    let all = calls(case, purpose);
    if all.is_empty() {
        return Judged::Nothing(NOT_CALLED);
    }
    let mut told: Vec<(&str, Saying, Vec<&Call>)> = Vec::new();
    let (mut unknown, mut is_ok, mut behind, mut nothing) = (Vec::new(), false, None, NOT_CALLED);
    for call in all {
        match judge(call) {
            Word::Ok => is_ok = true,
            Word::Unknown(why) => unknown.push(format!("{}: {why}", place(call))),
            Word::Behind(id) => behind = behind.or(Some(id)),
            Word::Nothing(why) => nothing = why,
            Word::Amiss(saying) => {
                let same = |(host, known, _): &&mut (&str, Saying, Vec<&Call>)| {
                    *host == call.host && *known == saying
                };
                match told.iter_mut().find(same) {
                    Some((_, _, at)) => at.push(call),
                    None => told.push((&call.host, saying, vec![call])),
                }
            }
        }
    }
    if !told.is_empty() {
        return Judged::Amiss(told.into_iter().map(fault).collect());
    }
    match behind {
        _ if !unknown.is_empty() => Judged::Unknown(doubts(unknown)),
        _ if is_ok => Judged::Ok,
        Some(id) => Judged::Behind(id),
        None => Judged::Nothing(nothing),
    }
}

fn fault((host, saying, at): (&str, Saying, Vec<&Call>)) -> Fault {
    let addrs = listed(at.iter().map(|call| call.addr.to_string()));
    let evidence = at.iter().map(|call| call.id.clone()).collect();
    Fault {
        subject: host.to_owned(),
        message: format!("{host} at {addrs} {}", saying.phrase),
        got: saying.got,
        want: saying.want,
        remedy: saying.remedy,
        severity: saying.severity,
        evidence,
    }
}

fn place(call: &Call) -> String {
    format!("{} at {}", call.host, call.addr)
}

/// The checks that say why a server cannot be judged at all, for each purpose.
fn gate(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Odmr => ("odmr.connect", "odmr.ehlo-atrn"),
        Purpose::Mx | Purpose::Control => ("smtp25.connect", "smtp25.banner"),
    }
}

/// The greeting of a server that is glad of the call.
fn welcome(call: &Call) -> Result<&Said, Word> {
    let (connect, banner) = gate(call.purpose);
    if !call.is_open() {
        return Err(Word::Behind(connect));
    }
    let greeting = call.last(Rung::Greeting).and_then(|exchange| exchange.reply());
    greeting.filter(|said| said.code == 220).ok_or_else(|| match secure::broken_by_us(call) {
        Some(why) => Word::Unknown(why),
        None => Word::Behind(banner),
    })
}

/// What a question was answered with; otherwise why nothing can be said. A line that breaks says nothing about
/// the server.
fn answered(call: &Call, rung: Rung) -> Result<&Said, Word> {
    if call.depth < needed(call.purpose, rung) {
        return Err(Word::Nothing(NOT_ASKED));
    }
    welcome(call)?;
    let Some(exchange) = call.last(rung) else {
        return Err(match call.broke_at() {
            Some(broken) if broken.rung == Rung::Handshake => match secure::broken_by_us(call) {
                Some(why) => Word::Unknown(why),
                None => Word::Behind(behind_tls(call.purpose)),
            },
            Some(broken) => Word::Unknown(format!("{} ({})", broken.heard, asked(&broken.said))),
            None => Word::Nothing(NOT_ASKED),
        });
    };
    match &exchange.heard {
        Heard::Reply(said) => Ok(said),
        other => Err(Word::Unknown(format!("{other} ({})", asked(&exchange.said)))),
    }
}

/// The check that says why TLS did not come about.
fn behind_tls(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Odmr => "odmr.tls",
        Purpose::Mx | Purpose::Control => "smtp25.handshake",
    }
}

/// How deep a talk must go to get to this question.
fn needed(purpose: Purpose, rung: Rung) -> Depth {
    match (purpose, rung) {
        (Purpose::Mx, Rung::Relay | Rung::Atrn | Rung::Turn) => Depth::Full,
        (_, Rung::NullSender | Rung::Mail | Rung::Rcpt | Rung::RcptAgain) => Depth::Rcpt,
        (_, Rung::Postmaster | Rung::Unmade) => Depth::Rcpt,
        (_, Rung::Auth | Rung::Foreign) => Depth::Login,
        (_, Rung::Domain) => Depth::Turn,
        _ => Depth::Connect,
    }
}

fn asked(line: &str) -> String {
    if line.is_empty() { "at the greeting".to_owned() } else { format!("after {line:?}") }
}

/// A reply in quotes, not longer than a sentence.
fn quoted(said: &Said) -> String {
    const LONGEST: usize = 160;
    let text = said.to_string();
    let is_long = text.chars().count() > LONGEST;
    let cut: String = text.chars().take(LONGEST).collect();
    format!("\"{cut}{}\"", if is_long { "..." } else { "" })
}

/// Does a refusal seem to be about the address that called, not about what was asked?
fn is_about_us(said: &Said) -> bool {
    const WORDS: &[&str] = &[
        "blacklist",
        "blocklist",
        "block list",
        "blocked using",
        "blocked by",
        "dnsbl",
        " rbl",
        "spamhaus",
        "is listed",
        "listed at",
        "listed by",
        "listed in",
        "listed on",
        "reputation",
        "dynamic",
        "reverse dns",
        "reverse hostname",
        "client host",
        "your host",
        "your ip",
    ];
    let text = said.lines.join(" ").to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// Is this a host name with a dot in it, or an address in brackets? RFC 5321, sections 2.3.5 and 4.1.3.
fn is_full_name(name: &str) -> bool {
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = |inner: &str| inner.strip_prefix("IPv6:").unwrap_or(inner).parse::<IpAddr>();
    match literal {
        Some(inner) => address(inner).is_ok(),
        None => {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            let labels = name.trim_end_matches('.').split('.');
            name.bytes().all(fits)
                && labels.clone().count() > 1
                && labels.into_iter().all(|l| !l.is_empty())
        }
    }
}
