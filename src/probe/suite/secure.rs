//! The rules for TLS, each of which looks at one side of it only.
//!
//! What is asked with rustls says how good the best is that a server agrees on; what else it would take is asked by
//! [`hello`](crate::probe::hello). What neither sees: whether a server's random numbers are any good, and what it
//! would agree on with a client that shows a certificate.

use sha2::{Digest, Sha256, Sha512};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::hello::{Answered, is_broken, version_name};
use super::super::script::Verdict;
use super::survey::{Survey, TlsSeen, fail, secured, warn};

/// Who has so long left should renew a certificate: two weeks, seconds.
const SOON: i64 = 14 * 86_400;
const DAY: i64 = 86_400;

/// What TLS is asked beside the handshake that everybody makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aspects {
    /// What is made of an offer of TLS 1.1 at most.
    pub old: Option<Answered>,
    /// What is made of an offer of weak suites only.
    pub weak: Option<Answered>,
    /// What is made of an offer of small curves only.
    pub curves: Option<Answered>,
    /// Is the handshake made for a name that the server has never heard of? Or why not.
    pub strange_name: Option<Result<(), String>>,
    /// Did it end without `close_notify`?
    pub is_abrupt: Option<bool>,
    /// The records that say which certificate is the right one.
    pub dane: Option<Dane>,
    /// Is TLS made at once at port 465? Or why not.
    pub at_465: Option<Result<(), String>>,
}

/// What DNS says about the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dane {
    /// Nothing, because of this.
    Nothing(String),
    /// Nobody could tell, because of this.
    Untold(String),
    /// These, and the resolver has verified them.
    Records(Vec<Tlsa>),
}

/// A TLSA record. RFC 6698, section 2.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlsa {
    /// 3: the server's own certificate; 2: that of an authority.
    pub usage: u8,
    /// 0: the certificate; 1: its key.
    pub selector: u8,
    /// 0: itself; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// What it should be.
    pub value: Vec<u8>,
}

/// The answer to an offer, where the line got so far.
fn offered(
    seen: &Survey,
    answer: Option<&Answered>,
    judge: impl Fn(u16, u16) -> Verdict,
) -> Verdict {
    secured(seen, |_| match answer {
        None | Some(Answered::Untold) => Verdict::unknown("what it would take was not found out"),
        Some(Answered::Refused) => Verdict::pass(),
        Some(Answered::Taken { version, suite }) => judge(*version, *suite),
    })
}

pub(super) fn version(seen: &Survey) -> Verdict {
    secured(seen, |tls| match tls.version.as_str() {
        "TLSv1.2" | "TLSv1.3" => offered(seen, seen.aspects.old.as_ref(), |version, _| {
            let taken = version_name(version);
            fail("TLS 1.2 or newer", taken.as_str(), format!("{taken} is taken, too"))
        }),
        other => fail("TLSv1.2 or TLSv1.3", other, format!("{other} was agreed on")),
    })
}

pub(super) fn cipher(seen: &Survey) -> Verdict {
    offered(seen, seen.aspects.weak.as_ref(), |_, suite| {
        let taken = format!("suite {suite:#06x}");
        match is_broken(suite) {
            true => fail(
                "none of RC4 and 3DES",
                taken.as_str(),
                format!("{taken} is taken, which is broken"),
            ),
            false => {
                let why = format!("{taken} is taken, which has no AEAD or no forward secrecy");
                warn("AEAD and forward secrecy", taken, why)
            }
        }
    })
}

pub(super) fn curve(seen: &Survey) -> Verdict {
    offered(seen, seen.aspects.curves.as_ref(), |_, _| {
        let why = "a curve of 224 bits or fewer is taken";
        fail("255 bits or more", "a small curve", why)
    })
}

pub(super) fn name(seen: &Survey) -> Verdict {
    secured(seen, |tls| match &tls.wrong_name {
        None => Verdict::pass(),
        Some(why) => fail("a certificate for the name", why.as_str(), why.as_str()),
    })
}

pub(super) fn chain(seen: &Survey) -> Verdict {
    secured(seen, |tls| match (&tls.unvouched, &tls.no_roots) {
        (_, Some(why)) => Verdict::unknown(why.as_str()),
        (None, None) => Verdict::pass(),
        (Some(why), None) => fail("a known authority", why.as_str(), why.as_str()),
    })
}

pub(super) fn expiry(seen: &Survey) -> Verdict {
    secured(seen, |tls| {
        let TlsSeen { now, not_before, not_after, .. } = *tls;
        let left = (not_after - now).div_euclid(DAY);
        match () {
            () if not_after == 0 => Verdict::unknown("its dates cannot be read"),
            () if now < not_before => {
                fail("a certificate that is good", "not yet good", "it is not good yet")
            }
            () if now > not_after => fail(
                "a certificate that is good",
                "expired",
                format!("it expired {} days ago", -left),
            ),
            () if not_after - now < SOON => warn(
                "two weeks or more",
                format!("{left} days"),
                format!("it expires in {left} days"),
            ),
            () => Verdict::pass(),
        }
    })
}

/// RFC 9325, section 4.5; SHA-1 is out since RFC 9155.
pub(super) fn key(seen: &Survey) -> Verdict {
    secured(seen, |tls| {
        let short = match tls.key.as_str() {
            "RSA" => tls.bits < 2048,
            "EC" => tls.bits < 256,
            "DSA" => true,
            _ => false,
        };
        let is_old = ["md2", "md5", "sha1", "SHA1"].iter().any(|old| tls.signature.contains(old));
        let shown = format!("{} of {} bits, {}", tls.key, tls.bits, tls.signature);
        match () {
            () if tls.key.is_empty() => Verdict::unknown("its key cannot be read"),
            () if short => fail("RSA of 2048 bits, or EC of 256", shown, "the key is too short"),
            () if is_old => {
                fail("a signature with SHA-256", shown, "the signature is of a kind that is broken")
            }
            () => Verdict::pass(),
        }
    })
}

pub(super) fn sni(seen: &Survey) -> Verdict {
    secured(seen, |tls| match &seen.aspects.strange_name {
        _ if tls.is_by_address => Verdict::skip("who is called by an address is not told a name"),
        None => Verdict::unknown("it was not asked"),
        Some(Err(why)) => {
            let told = format!("a name that it does not know ends the handshake: {why}");
            fail("its usual certificate", why.as_str(), told)
        }
        Some(Ok(())) => name(seen),
    })
}

pub(super) fn farewell(seen: &Survey) -> Verdict {
    secured(seen, |_| match seen.aspects.is_abrupt {
        None => Verdict::unknown("the line did not end behind QUIT"),
        Some(false) => Verdict::pass(),
        Some(true) => {
            fail("close_notify", "the end of the line", "the line ends without close_notify")
        }
    })
}

pub(super) fn at_465(seen: &Survey) -> Verdict {
    match &seen.aspects.at_465 {
        None => Verdict::skip("is for --profile submission"),
        Some(Ok(())) => Verdict::pass(),
        Some(Err(why)) => fail("TLS at port 465", why.as_str(), why.as_str()),
    }
}

pub(super) fn dane(seen: &Survey) -> Verdict {
    secured(seen, |tls| match &seen.aspects.dane {
        None => Verdict::unknown("nobody looked"),
        Some(Dane::Nothing(why)) => Verdict::skip(why.as_str()),
        Some(Dane::Untold(why)) => Verdict::unknown(why.as_str()),
        Some(Dane::Records(records)) => {
            let own = tls.chain.first().map_or(&[][..], Vec::as_slice);
            let is_it = |one: &Tlsa| one.usage == 3 && is_of(one, own);
            match () {
                () if records.iter().any(is_it) => Verdict::pass(),
                () if records.iter().any(|one| one.usage == 2) => {
                    Verdict::unknown("a record speaks of an authority; mxcheck follows the chain")
                }
                () => {
                    let wanted: Vec<String> = records
                        .iter()
                        .map(|one| format!("{} {} {}", one.usage, one.selector, one.matching))
                        .collect();
                    let why = "none of its TLSA records is for the certificate that it shows";
                    fail(&wanted.join(", "), "another certificate", why)
                }
            }
        }
    })
}

/// Is it this certificate, or its key, that the record speaks of?
fn is_of(record: &Tlsa, certificate: &[u8]) -> bool {
    let key = || {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        Some(read.tbs_certificate.subject_pki.raw.to_vec())
    };
    let part = match record.selector {
        0 => Some(certificate.to_vec()),
        1 => key(),
        _ => None,
    };
    part.is_some_and(|part| match record.matching {
        0 => part == record.value,
        1 => Sha256::digest(&part)[..] == record.value[..],
        2 => Sha512::digest(&part)[..] == record.value[..],
        _ => false,
    })
}
