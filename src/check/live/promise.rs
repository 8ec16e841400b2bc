//! What the DNS and the domain's policy promise of TLS, held against what servers show: DANE (RFC 7672) and
//! MTA-STS (RFC 8461). Senders that look defer the mail, or give it up, where the promise is not kept.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256, Sha512};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    Call, Case, Check, Heard, Judged, Purpose, Rung, Saying, Severity, Word, each_call, welcome,
};
use crate::check::chain::Security;
use crate::check::dane::{self, Record};
use crate::check::facts::Kind;
use crate::check::sts::{self, Mode};
use crate::finding::About;
use crate::probe::Tls;

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "dane.no-starttls",
            title: "a server with TLSA records offers STARTTLS",
            severity: Severity::Critical,
            rfc: &["RFC 7672, 2.2"],
            why: "Senders that look for DANE keep the mail until it does.",
            remedy: "Turn TLS on again, or remove the records.",
            blocked_by: &["smtp25.egress", "smtp25.masked"],
        },
        judge: no_starttls,
    },
    Check {
        about: About {
            id: "dane.match",
            title: "each server shows a certificate that its TLSA records vouch for",
            severity: Severity::Critical,
            rfc: &["RFC 7672, 3", "RFC 7671, 5"],
            why: "Senders that look for DANE keep the mail until it does.",
            remedy: "Publish the digest of the key in use, or restore the key that is published.",
            blocked_by: &["smtp25.egress", "smtp25.masked"],
        },
        judge: matching,
    },
    Check {
        about: About {
            id: "sts.cert",
            title: "each server's certificate is what the MTA-STS policy demands",
            severity: Severity::Critical,
            rfc: &["RFC 8461, 4.2", "RFC 8461, 5"],
            why: "Senders that hold the policy do not deliver to the server.",
            remedy: "Give the server a certificate of a public authority for its name, and have it renewed in time.",
            blocked_by: &["smtp25.egress", "smtp25.masked"],
        },
        judge: sts_cert,
    },
];

/// The records that count for a server's port 25; otherwise why there are none. Of a host in a signed zone senders
/// want to know (RFC 7672, section 2.1).
fn records<'a>(case: &Case<'a>, call: &Call) -> Result<Vec<Record<'a>>, Word> {
    const NONE: Word = Word::Nothing("no server has TLSA records that count");
    let (service, told) = dane::found(case, &call.host);
    let is_secure = |name: &str, kind| case.chain().security(name, kind).0 == Security::Secure;
    match told {
        Some(told) if !told.records.is_empty() && is_secure(&service, Kind::Tlsa) => {
            Ok(told.records.into_iter().collect())
        }
        None if dane::is_asked(case, &service) && is_secure(&call.host, Kind::A) => {
            let why = format!("nobody told the TLSA records of {}", call.host);
            Err(Word::Unknown(format!(
                "{why}: senders that look for DANE keep the mail until then"
            )))
        }
        _ => Err(NONE),
    }
}

/// Is TLS what was spoken in the end?
fn is_secured(call: &Call) -> bool {
    call.last(Rung::Handshake).is_some_and(|shaken| shaken.heard == Heard::Secured)
}

/// That there is no TLS where it is promised; nothing where a server offers it.
fn unoffered(call: &Call, whose: &str) -> Option<Saying> {
    let offers = call.offers(false)?;
    let saying = Saying::that(format!("offers no STARTTLS, which {whose} promises"));
    (!offers.starttls && !is_secured(call)).then(|| saying.want("STARTTLS"))
}

fn no_starttls(case: &Case) -> Judged {
    each_call(case, Purpose::Mx, |call| match (welcome(call), records(case, call)) {
        (Err(word), _) | (_, Err(word)) => word,
        _ => unoffered(call, "a TLSA record").map_or(Word::Ok, Saying::word),
    })
}

/// The server's certificates, its own first; otherwise why there are none to look at.
fn shown(call: &Call) -> Result<(&Tls, Vec<CertificateDer<'static>>), Word> {
    let tls = call.tls.as_ref().filter(|_| is_secured(call));
    let tls = tls.ok_or_else(|| super::secure::unshaken(call))?;
    let der = |text: &String| BASE64_STANDARD.decode(text).ok().map(CertificateDer::from);
    let chain: Option<Vec<_>> = tls.chain.iter().map(|one| der(&one.der)).collect();
    let chain = chain.filter(|chain| !chain.is_empty());
    Ok((tls, chain.ok_or(Word::Unknown("its certificates cannot be read".to_owned()))?))
}

fn matching(case: &Case) -> Judged {
    let now = u64::try_from(case.facts.checked_at.as_second()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    each_call(case, Purpose::Mx, |call| {
        let records = match (welcome(call), records(case, call)) {
            (Err(word), _) | (_, Err(word)) => return word,
            (Ok(_), Ok(records)) => records,
        };
        if unoffered(call, "").is_some() {
            return Word::Behind("dane.no-starttls");
        }
        let usable: Vec<&Record> = records.iter().filter(|record| record.is_usable()).collect();
        if usable.is_empty() {
            return Word::Nothing("no server has TLSA records that can be used");
        }
        match shown(call) {
            Err(word) => word,
            Ok((tls, chain)) => {
                let is_named = tls.is_for_name || is_for_another_name(case, call, &chain);
                if usable.iter().any(|record| vouches(record, is_named, &chain, now)) {
                    return Word::Ok;
                }
                unmatched(&usable, &chain)
            }
        }
    })
}

fn unmatched(usable: &[&Record], chain: &[CertificateDer<'_>]) -> Word {
    let digest = chain.first().and_then(|own| public_key(own)).map(|key| hex(&Sha256::digest(key)));
    let digest = digest.unwrap_or_default();
    let wanted: Vec<String> = usable.iter().map(|record| record.to_string()).collect();
    let saying = Saying::that("shows a certificate that none of its TLSA records vouches for");
    let remedy = format!("Publish `3 1 1 {digest}`, or restore the key that is published.");
    saying.got(format!("3 1 1 {digest}")).want(wanted.join(", ")).remedy(remedy).word()
}

/// Does a sender of mail find the server by this record? RFC 7671, sections 5.1 and 5.2.
fn vouches(record: &Record, is_named: bool, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
    let Some((own, above)) = chain.split_first() else { return false };
    match record.usage {
        // Neither its name nor its dates count.
        3 => is_of(record, own),
        2 => is_named && above.iter().any(|one| is_of(record, one) && leads_to(chain, one, now)),
        _ => false,
    }
}

/// Is the certificate for one of the other names that count beside the server's: the domain itself, and what the
/// server's name stands for? RFC 7672, section 3.2.2.
fn is_for_another_name(case: &Case, call: &Call, chain: &[CertificateDer<'_>]) -> bool {
    let own = chain.first().and_then(|own| webpki::EndEntityCert::try_from(own).ok());
    let Some(own) = own else { return false };
    let (service, _) = dane::found(case, &call.host);
    let base = service.strip_prefix("_25._tcp.").unwrap_or_default();
    let is_for = |name: &str| {
        ServerName::try_from(name)
            .is_ok_and(|name| own.verify_is_valid_for_subject_name(&name).is_ok())
    };
    is_for(&case.facts.domain) || base != call.host && is_for(base)
}

/// Is it this certificate, or its key, that the record speaks of?
fn is_of(record: &Record, certificate: &CertificateDer<'_>) -> bool {
    let part = match record.selector {
        0 => Some(certificate.to_vec()),
        _ => public_key(certificate),
    };
    part.is_some_and(|part| {
        let value = match record.matching {
            0 => hex(&part),
            1 => hex(&Sha256::digest(&part)),
            _ => hex(&Sha512::digest(&part)),
        };
        value.eq_ignore_ascii_case(record.value)
    })
}

/// The SubjectPublicKeyInfo, in DER.
fn public_key(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    Some(read.tbs_certificate.subject_pki.raw.to_vec())
}

/// Is the server's certificate signed, by way of those between, by this one, and good now?
fn leads_to(chain: &[CertificateDer<'_>], authority: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Some((own, between)) = chain.split_first() else { return false };
    let known = default_provider().signature_verification_algorithms;
    let judged = webpki::anchor_from_trusted_cert(authority).and_then(|anchor| {
        let own = webpki::EndEntityCert::try_from(own)?;
        let usage = webpki::KeyUsage::server_auth();
        own.verify_for_usage(known.all, &[anchor], between, now, usage, None, None).map(drop)
    });
    judged.is_ok()
}

/// Digests as TLSA records have them.
pub(in crate::check) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn sts_cert(case: &Case) -> Judged {
    let rules = match sts::demanded(case) {
        Ok(rules) => rules,
        Err(judged) => return judged,
    };
    let severity = match rules.mode {
        Mode::Enforce => Severity::Critical,
        _ => Severity::Warning,
    };
    let now = case.facts.checked_at.as_second();
    each_call(case, Purpose::Mx, |call| {
        if let Err(word) = welcome(call) {
            return word;
        }
        if !rules.mx.iter().any(|pattern| pattern.matches(&call.host)) {
            return Word::Behind("sts.mx-match");
        }
        if let Some(saying) = unoffered(call, "the MTA-STS policy") {
            return saying.at(severity).word();
        }
        let certificate = call.tls.as_ref().filter(|_| is_secured(call));
        let Some((tls, own)) = certificate.and_then(|tls| Some((tls, tls.chain.first()?))) else {
            return super::secure::unshaken(call);
        };
        let amiss = super::secure::wrong_name(call, tls, own)
            .or_else(|| super::secure::unvouched(tls, own))
            .or_else(|| super::secure::is_not_good(own, now));
        match amiss {
            Some(Word::Amiss(saying)) => saying.at(severity).word(),
            Some(word) => word,
            None => Word::Ok,
        }
    })
}
