//! TLS on port 25, a finding for each of its sides: whether it is offered, whether it comes about, and what the
//! certificate is worth. A sender that only wants the line hidden minds none of the last.

use super::{
    Call, Case, Check, Heard, Judged, Purpose, Rung, Saying, Severity, Word, each_call, quoted,
    welcome,
};
use crate::finding::About;
use crate::probe::{Certificate, Tls, Vouched};

/// A certificate that is good for less long should have been renewed, seconds.
const SOON: i64 = 21 * 86_400;
/// One that is good for less will not be renewed by itself.
const NOW: i64 = 7 * 86_400;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "smtp25.starttls",
            title: "each server offers STARTTLS",
            severity: Severity::Warning,
            rfc: &["RFC 3207", "RFC 9325"],
            why: "Without it everybody on the way can read the mail, and senders that insist on TLS do not deliver.",
            remedy: "Give the server a certificate, and turn TLS on.",
            blocked_by: &["smtp25.egress", "smtp25.masked"],
        },
        judge: starttls,
    },
    Check {
        about: About {
            id: "smtp25.handshake",
            title: "TLS comes about where it is offered, with version 1.2 or later",
            severity: Severity::Error,
            rfc: &["RFC 9325, 3.1", "RFC 9325, 4.2"],
            why: "Most senders try no second time without TLS; one that speaks only old versions loses the mail of modern senders.",
            remedy: "Give the server a certificate that it can use; allow TLS 1.2 and 1.3.",
            blocked_by: &["smtp25.egress"],
        },
        judge: handshake,
    },
    Check {
        about: About {
            id: "smtp25.cert-name",
            title: "each server's certificate is for the name in the MX record",
            severity: Severity::Warning,
            rfc: &["RFC 9525", "RFC 7672, 3.2"],
            why: "Senders that check it (MTA-STS, DANE by authority) do not deliver.",
            remedy: "Get a certificate that lists the name of the MX record.",
            blocked_by: &["smtp25.egress"],
        },
        judge: cert_name,
    },
    Check {
        about: About {
            id: "smtp25.cert-chain",
            title: "a known authority vouches for each server's certificate",
            severity: Severity::Warning,
            rfc: &["RFC 5280, 6", "RFC 8461, 4.2"],
            why: "Senders that check it (MTA-STS) do not deliver. For DANE by key it does not matter.",
            remedy: "Get a certificate from a public authority, and have the server send those between as well.",
            blocked_by: &["smtp25.egress"],
        },
        judge: cert_chain,
    },
    Check {
        about: About {
            id: "smtp25.cert-expiry",
            title: "each server's certificate is good for weeks to come",
            severity: Severity::Warning,
            rfc: &["RFC 5280, 4.1.2.5"],
            why: "From then on senders that check it do not deliver.",
            remedy: "Renew it, and see why that did not happen by itself.",
            blocked_by: &["smtp25.egress"],
        },
        judge: cert_expiry,
    },
    Check {
        about: About {
            id: "smtp25.cert-key",
            title: "each server's certificate has a key and a signature that hold",
            severity: Severity::Warning,
            rfc: &["RFC 9325, 4.5"],
            why: "Short keys and old signatures can be forged; libraries refuse them.",
            remedy: "Get a certificate with an EC key of 256 bits, or RSA of 2048, signed with SHA-256.",
            blocked_by: &["smtp25.egress"],
        },
        judge: cert_key,
    },
    Check {
        about: About {
            id: "smtp25.auth-clear",
            title: "no server invites passwords before TLS",
            severity: Severity::Warning,
            rfc: &["RFC 4954, 4", "RFC 8314, 4.1"],
            why: "Programs that follow the invitation say passwords to everybody on the way.",
            remedy: "Offer AUTH after STARTTLS only, or not at all on port 25.",
            blocked_by: &["smtp25.egress"],
        },
        judge: auth_clear,
    },
];

fn starttls(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match welcome(call) {
        Err(word) => word,
        Ok(_) => match call.offers(false) {
            None => Word::Nothing("it knows no EHLO"),
            Some(offers) => Saying::that("offers no STARTTLS").when(!offers.starttls),
        },
    })
}

/// How TLS came about, if it was tried; otherwise what to say of that.
pub(super) fn tried(call: &Call) -> Result<(), Word> {
    welcome(call)?;
    if let Some(why) = broken_by_us(call) {
        return Err(Word::Unknown(why));
    }
    if let Some(shaken) = call.last(Rung::Handshake) {
        let saying = Saying::that("offers STARTTLS, and TLS does not come about");
        return match &shaken.heard {
            Heard::Secured => Ok(()),
            Heard::Fault(why) if is_too_old(why) => {
                let saying = Saying::that("speaks TLS 1.1 at best").got(why.as_str());
                Err(saying.want("TLS 1.2 or 1.3").at(Severity::Warning).word())
            }
            Heard::Fault(why) if shares_no_suite(why) => {
                let saying = Saying::that("offers STARTTLS, and agrees on no suite of today");
                let remedy = "Allow TLS 1.2 and 1.3, and suites with forward secrecy: ECDHE with AES-GCM or ChaCha20 (RFC 9325, 4.2).";
                Err(saying.got(why.as_str()).want("ECDHE with AEAD").remedy(remedy).word())
            }
            other => Err(saying.got(other.to_string()).want("TLS 1.2 or 1.3").word()),
        };
    }
    let Some(asked) = call.last(Rung::Starttls) else {
        return Err(Word::Nothing("no server offers STARTTLS"));
    };
    Err(match asked.reply() {
        Some(said) => {
            let saying =
                Saying::that(format!("offers STARTTLS, and answers it with {}", quoted(said)));
            saying.got(said.to_string()).want("220").word()
        }
        None => Word::Unknown(asked.heard.to_string()),
    })
}

/// Did the two sides find no way of encrypting that both have? RFC 8446, section 6.2: handshake_failure.
fn shares_no_suite(why: &str) -> bool {
    ["HandshakeFailure", "InsufficientSecurity"].iter().any(|word| why.contains(word))
}

/// Did the two sides find no version that both speak?
fn is_too_old(why: &str) -> bool {
    ["ProtocolVersion", "TlsVersion", "Tls12Or13"].iter().any(|word| why.contains(word))
}

fn handshake(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match tried(call) {
        Err(word) => word,
        Ok(()) => {
            let version = call.tls.as_ref().map_or("", |tls| tls.version.as_str());
            let is_old = !matches!(version, "TLSv1.2" | "TLSv1.3");
            let saying = Saying::that(format!("speaks {version} at best")).got(version);
            saying.want("TLS 1.2 or 1.3").at(Severity::Warning).when(is_old && !version.is_empty())
        }
    })
}

/// What this says of each server's certificate.
fn each_certificate<'a>(
    case: &Case<'a>,
    judge: impl Fn(&'a Call, &'a Tls, &'a Certificate) -> Word,
) -> Judged {
    each_call(case, Purpose::Mx, |call| of_certificate(call, &judge))
}

fn of_certificate<'a>(
    call: &'a Call,
    judge: impl Fn(&'a Call, &'a Tls, &'a Certificate) -> Word,
) -> Word {
    let shown = call.tls.as_ref().and_then(|tls| Some((tls, tls.chain.first()?)));
    match (welcome(call), shown) {
        (Err(word), _) => word,
        (Ok(_), Some((tls, own))) => judge(call, tls, own),
        (Ok(_), None) if call.last(Rung::Starttls).is_some() => unshaken(call),
        (Ok(_), None) => Word::Nothing("no server offers STARTTLS"),
    }
}

/// What is to be said of anything behind a handshake that did not come about.
pub(super) fn unshaken(call: &Call) -> Word {
    broken_by_us(call).map_or(Word::Behind("smtp25.handshake"), Word::Unknown)
}

/// What the handshake broke off for, where that is a key that is too short to prove anything.
fn short_key(call: &Call) -> Option<&str> {
    match &call.last(Rung::Handshake)?.heard {
        Heard::Fault(why) => {
            let key = why.split_once(" has ").map(|(_, key)| key);
            let key = key.filter(|key| key.starts_with("an RSA key of "))?;
            Some(key.split_once(',').map_or(key, |(key, _)| key))
        }
        _ => None,
    }
}

/// Why it was we who broke the line off: somebody else may take the key, and nobody knows what is behind it.
pub(super) fn broken_by_us(call: &Call) -> Option<String> {
    let key = short_key(call)?;
    Some(format!("its certificate has {key}, at which our own TLS breaks off"))
}

/// What is to be said of a certificate whose key is too short for us to look further.
pub(super) fn too_short(call: &Call) -> Option<Saying> {
    let key = short_key(call)?;
    Some(Saying::that(format!("shows a certificate with {key}, too short to be accepted")).got(key))
}

fn cert_name(case: &Case) -> Judged {
    each_certificate(case, |call, tls, own| wrong_name(call, tls, own).unwrap_or(Word::Ok))
}

/// What is to be said of a certificate for another name.
pub(super) fn wrong_name(call: &Call, tls: &Tls, own: &Certificate) -> Option<Word> {
    const SHOWN: usize = 4;
    let names = match own.names.len() {
        0 => "no name".to_owned(),
        count if count > SHOWN => {
            format!("{} and {} more", own.names[..SHOWN].join(", "), count - SHOWN)
        }
        _ => own.names.join(", "),
    };
    let saying = Saying::that(format!("shows a certificate for {names}, not for {}", call.host));
    let remedy = format!("Renew it with {} among its names.", call.host);
    let saying = saying.got(names).want(call.host.as_str()).remedy(remedy);
    (!tls.is_for_name).then(|| saying.word())
}

fn cert_chain(case: &Case) -> Judged {
    each_certificate(case, |_, tls, own| unvouched(tls, own).unwrap_or(Word::Ok))
}

/// What is to be said of a certificate that nobody vouches for.
pub(super) fn unvouched(tls: &Tls, own: &Certificate) -> Option<Word> {
    let phrase = match &tls.vouched {
        Vouched::Known => return None,
        Vouched::Untold(why) => return Some(Word::Unknown(why.clone())),
        Vouched::Itself => "shows a certificate that it has signed itself".to_owned(),
        Vouched::Nobody => "shows a certificate of an authority that is not known here".to_owned(),
        Vouched::Amiss(why) => format!("shows a certificate that is not accepted: {why}"),
    };
    Some(Saying::that(phrase).got(format!("signed by {}", own.issuer)).word())
}

fn cert_expiry(case: &Case) -> Judged {
    let now = case.facts.checked_at.as_second();
    each_certificate(case, |_, _, own| out_of_date(own, now).unwrap_or(Word::Ok))
}

/// What is to be said of a certificate that is not good any more, not yet, or not for long.
pub(super) fn out_of_date(own: &Certificate, now: i64) -> Option<Word> {
    let day = |seconds: i64| match jiff::Timestamp::from_second(seconds) {
        Ok(at) => at.strftime("%Y-%m-%d").to_string(),
        Err(_) => "a day beyond the calendar".to_owned(),
    };
    let (from, until) = (day(own.not_before), day(own.not_after));
    let (phrase, severity) = match own.not_after.saturating_sub(now) {
        _ if own.not_before > now => {
            (format!("shows a certificate that is not good before {from}"), Severity::Error)
        }
        left if left < 0 => {
            (format!("shows a certificate that has expired on {until}"), Severity::Error)
        }
        left if left < NOW => {
            (format!("shows a certificate that expires on {until}"), Severity::Error)
        }
        left if left < SOON => {
            (format!("shows a certificate that expires on {until}"), Severity::Warning)
        }
        _ => return None,
    };
    Some(Saying::that(phrase).got(until).at(severity).word())
}

/// The same of one that is of no use today; how long it is good yet does not matter.
pub(super) fn is_not_good(own: &Certificate, now: i64) -> Option<Word> {
    let is_good = (own.not_before..=own.not_after).contains(&now);
    if is_good { None } else { out_of_date(own, now) }
}

fn cert_key(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match too_short(call) {
        Some(saying) => saying.word(),
        None => of_certificate(call, |_, _, own| weak(own)),
    })
}

fn weak(own: &Certificate) -> Word {
    let least = match own.key.as_str() {
        "RSA" => 2048,
        "EC" => 224,
        "DSA" => u32::MAX,
        _ => 0,
    };
    let signed = own.signature.to_ascii_lowercase();
    let is_old = ["md2", "md5", "sha1"].iter().any(|digest| signed.contains(digest));
    if own.bits > 0 && own.bits < least {
        let got = format!("{} {}", own.key, own.bits);
        return Saying::that(format!("shows a certificate with a key of {got} bits"))
            .got(got)
            .word();
    }
    let saying = Saying::that(format!("shows a certificate signed with {}", own.signature));
    saying.got(own.signature.as_str()).when(is_old)
}

fn auth_clear(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match welcome(call) {
        Err(word) => word,
        Ok(_) => match call.offers(false) {
            None => Word::Nothing("it knows no EHLO"),
            Some(offers) => shown_in_clear(&offers.auth),
        },
    })
}

/// What is to be said of a server that invites these mechanisms in clear.
pub(super) fn shown_in_clear(mechanisms: &[String]) -> Word {
    let shown: Vec<&str> =
        mechanisms.iter().map(String::as_str).filter(|m| matches!(*m, "PLAIN" | "LOGIN")).collect();
    let saying = Saying::that(format!("offers AUTH {} before TLS", shown.join(" and ")));
    saying.got(mechanisms.join(" ")).when(!shown.is_empty())
}
