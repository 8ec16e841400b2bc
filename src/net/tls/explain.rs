//! A refused certificate, in words for whoever has to mend it.

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::net::WireFault;
use crate::net::tls::verify::Distrust;
use crate::smtp::escape::Escaped;

/// A certificate may list thousands of names; an error message should not.
const NAMES_SHOWN: usize = 5;

/// Says why a certificate was refused, and what to do.
pub(in crate::net) fn explain(fault: &CertificateError) -> WireFault {
    use CertificateError as E;
    let (why, hint) = match fault {
        E::Expired => ("the certificate has expired".into(), EXPIRED),
        E::ExpiredContext { not_after, .. } => {
            (format!("the certificate expired on {}", day(*not_after)), EXPIRED)
        }
        E::NotValidYet => ("the certificate is not valid yet".into(), CLOCK),
        E::NotValidYetContext { not_before, .. } => {
            (format!("the certificate is not valid before {}", day(*not_before)), CLOCK)
        }
        E::NotValidForName => ("the certificate is for another name".into(), NAME),
        E::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            (format!("the certificate is for {}, not for {expected}", names(presented)), NAME)
        }
        // Of the handshake: one in the chain is an unknown issuer by now.
        E::BadSignature => ("the peer does not hold the key of its certificate".into(), STOLEN),
        E::Other(other) => match other.0.downcast_ref::<Distrust>() {
            Some(distrust) => return distrusted(distrust),
            None => {
                (format!("the certificate is refused: {}", Escaped::text(&other.to_string())), "")
            }
        },
        other => (format!("the certificate is refused: {}", Escaped::text(&other.to_string())), ""),
    };
    WireFault::Untrusted { why, hint: hint.into() }
}

const EXPIRED: &str =
    "the server's administrator must renew it; see whether our own clock is right";
const STOLEN: &str = "somebody shows a certificate that is not theirs, or the line garbles bytes";
const CLOCK: &str = "see whether our own clock is right";
const NAME: &str = "call the server by a name in its certificate, or pin its fingerprint";

fn distrusted(distrust: &Distrust) -> WireFault {
    let (why, hint) = match distrust {
        Distrust::NotPinned { fingerprint } => (
            format!("the certificate is {fingerprint}, which is not the pinned one"),
            "if the server's administrator confirms the new fingerprint, pin that one".into(),
        ),
        Distrust::UnknownIssuer { fingerprint, self_signed: true } => (
            "the certificate is self-signed, so nobody we trust vouches for it".into(),
            format!(
                "if the administrator confirms its fingerprint, pin it with --fingerprint {fingerprint}"
            ),
        ),
        Distrust::UnknownIssuer { fingerprint, self_signed: false } => (
            "the certificate is signed by an authority we do not know".into(),
            format!(
                "name the authority's file as CA, or have the server send its intermediate \
                 certificates, or pin {fingerprint}"
            ),
        ),
        Distrust::ShortKey { bits } => (
            format!("the certificate has an RSA key of {bits} bits, too short to be accepted"),
            "the server's administrator must get one with 2048 bits, or an EC key".into(),
        ),
        Distrust::NoServers { fingerprint, why } => (
            format!("the certificate {why}"),
            format!(
                "have the server make one with basicConstraints CA:FALSE and its name, or pin this one with \
                 --fingerprint {fingerprint}"
            ),
        ),
    };
    WireFault::Untrusted { why, hint }
}

fn day(time: UnixTime) -> String {
    day_of(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// A day and its minute, of seconds since 1970.
pub(super) fn day_of(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "a day beyond the calendar".into(),
    }
}

/// `DnsName("a.example")` becomes `a.example`.
fn names(presented: &[String]) -> String {
    let mut shown: Vec<String> = presented
        .iter()
        .take(NAMES_SHOWN)
        .map(|name| Escaped::text(bare(name)).to_string())
        .collect();
    if presented.len() > NAMES_SHOWN {
        shown.push(format!("{} more", presented.len() - NAMES_SHOWN));
    }
    if shown.is_empty() { "no name at all".into() } else { shown.join(", ") }
}

fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}
