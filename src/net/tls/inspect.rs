//! A certificate looked at from every side, where a handshake would only say yes or no: who vouches for it,
//! for which names it is, and from when until when it is good are three answers.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, Error};
use x509_parser::prelude::{GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::net::tls::client::{TlsClient, Trust, verifier};
use crate::net::tls::verify::is_self_signed;

/// More certificates of a chain are not looked at.
const MOST: usize = 10;
/// More names of a certificate are not kept.
const MOST_NAMES: usize = 100;
/// A longer text in a certificate is cut, characters.
const LONGEST: usize = 256;

/// Looks at chains.
#[derive(Clone)]
pub struct Inspector {
    verifier: Result<Arc<dyn ServerCertVerifier>, String>,
}

/// What a chain looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Who vouches for the server's certificate, whatever its names and dates say.
    pub vouched: Voucher,
    /// Is it for the name by which the server was called?
    pub is_for_name: bool,
    /// The certificates, the server's own first.
    pub chain: Vec<Inspected>,
}

/// Who vouches for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// An authority of this machine's.
    Known,
    /// Itself.
    Itself,
    /// Nobody known.
    Nobody,
    /// This machine knows no authority.
    Untold(String),
    /// Something else is wrong with the chain.
    Amiss(String),
}

/// What stands in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names and addresses it is for.
    pub names: Vec<String>,
    /// From when it is good, seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// The kind of its key.
    pub key: String,
    /// How long that is, bits; 0 where it is not known.
    pub bits: u32,
    /// The algorithm of its signature.
    pub signature: String,
    /// The whole of it.
    pub der: Vec<u8>,
}

impl Inspector {
    /// Vouched for is what this says.
    pub fn new(trust: &Trust) -> Inspector {
        Inspector { verifier: verifier(trust).map_err(|why| why.to_string()) }
    }

    /// Looks at the chain of a server that was called by this name.
    pub fn inspect(&self, chain: &[CertificateDer<'_>], host: &str, now: UnixTime) -> Inspection {
        let seen: Vec<Inspected> = chain.iter().take(MOST).map(inspected).collect();
        let Some((own, rest)) = chain.split_first() else {
            let why = "no certificate was shown".to_owned();
            return Inspection { vouched: Voucher::Amiss(why), is_for_name: false, chain: seen };
        };
        let at = seen.first().map_or(now, |own| while_good(own, now));
        let (vouched, is_for_name) = self.vouched(own, rest, host, at);
        Inspection { vouched, is_for_name, chain: seen }
    }

    fn vouched(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        host: &str,
        at: UnixTime,
    ) -> (Voucher, bool) {
        let Ok(name) = TlsClient::name(host) else {
            return (Voucher::Amiss("no certificate can be for such a name".to_owned()), false);
        };
        let parsed = webpki::EndEntityCert::try_from(own);
        let is_for_name =
            parsed.is_ok_and(|parsed| parsed.verify_is_valid_for_subject_name(&name).is_ok());
        let rest = &rest[..rest.len().min(MOST)];
        let verifier = match &self.verifier {
            Ok(verifier) => verifier,
            Err(why) => return (Voucher::Untold(why.clone()), is_for_name),
        };
        // The name is looked at last: who complains of it has nothing against the chain.
        let vouched = match verifier.verify_server_cert(own, rest, &name, &[], at) {
            Ok(_) => Voucher::Known,
            Err(Error::InvalidCertificate(fault)) => voucher(own, &fault),
            Err(other) => Voucher::Amiss(other.to_string()),
        };
        (vouched, is_for_name)
    }
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inspector")
    }
}

fn voucher(own: &CertificateDer<'_>, fault: &CertificateError) -> Voucher {
    use CertificateError as E;
    match fault {
        E::NotValidForName | E::NotValidForNameContext { .. } => Voucher::Known,
        E::Other(_) | E::UnknownIssuer | E::BadSignature if is_self_signed(own) => Voucher::Itself,
        E::Other(_) | E::UnknownIssuer | E::BadSignature => Voucher::Nobody,
        E::Expired | E::ExpiredContext { .. } => {
            Voucher::Amiss("the certificate of an authority in it has expired".to_owned())
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            Voucher::Amiss("the certificate of an authority in it is not valid yet".to_owned())
        }
        E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Voucher::Amiss(
            "a certificate in it is signed by an algorithm that is not accepted any more"
                .to_owned(),
        ),
        // What is in braces is for programmers.
        other => {
            let text = other.to_string();
            Voucher::Amiss(cut(text.split(" {").next().unwrap_or_default()))
        }
    }
}

/// Now, or the nearest moment at which the certificate itself is good.
fn while_good(own: &Inspected, now: UnixTime) -> UnixTime {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let (first, last) = (own.not_before, own.not_after.max(own.not_before));
    let at = seconds.clamp(first, last).unsigned_abs();
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(at))
}

pub(super) fn inspected(der: &CertificateDer<'_>) -> Inspected {
    let octets = der.to_vec();
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(der) else {
        return Inspected { der: octets, ..Inspected::default() };
    };
    let (key, bits) = key_of(&parsed);
    Inspected {
        subject: cut(&parsed.subject().to_string()),
        issuer: cut(&parsed.issuer().to_string()),
        names: names_of(&parsed),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        key,
        bits,
        signature: signature_name(&parsed.signature_algorithm.algorithm.to_id_string()),
        der: octets,
    }
}

fn names_of(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(cut(name)),
        GeneralName::IPAddress(octets) => match *octets {
            [a, b, c, d] => Some(std::net::Ipv4Addr::from([*a, *b, *c, *d]).to_string()),
            octets => {
                let octets: [u8; 16] = octets.try_into().ok()?;
                Some(std::net::Ipv6Addr::from(octets).to_string())
            }
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).take(MOST_NAMES).collect()
}

fn key_of(parsed: &X509Certificate<'_>) -> (String, u32) {
    let bits = |key: &PublicKey<'_>| u32::try_from(key.key_size()).unwrap_or(u32::MAX);
    match parsed.public_key().parsed() {
        Ok(key @ PublicKey::RSA(_)) => ("RSA".to_owned(), bits(&key)),
        Ok(key @ PublicKey::EC(_)) => ("EC".to_owned(), bits(&key)),
        Ok(key @ PublicKey::DSA(_)) => ("DSA".to_owned(), bits(&key)),
        _ => (parsed.public_key().algorithm.algorithm.to_id_string(), 0),
    }
}

/// The names of those that are in use, and of those that should not be.
fn signature_name(oid: &str) -> String {
    let known = match oid {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassa-pss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10040.4.3" => "dsa-with-sha1",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        other => other,
    };
    known.to_owned()
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// A certificate for these names, good for so many seconds before and after, by itself or by an authority.
    fn made(names: &[&str], span: (i64, i64), by: Option<&Authority>) -> CertificateDer<'static> {
        let mut params = params(names, span);
        params.distinguished_name.push(rcgen::DnType::CommonName, "somebody");
        let key = rcgen::KeyPair::generate().unwrap();
        match by {
            None => params.self_signed(&key).unwrap().der().clone(),
            Some(by) => params.signed_by(&key, &by.issuer).unwrap().der().clone(),
        }
    }

    fn params(names: &[&str], (before, after): (i64, i64)) -> rcgen::CertificateParams {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let day = |seconds: i64| {
            let at = i64::try_from(NOW).unwrap() + seconds;
            let at = jiff::Timestamp::from_second(at)
                .unwrap()
                .to_zoned_datetime(jiff::tz::TimeZone::UTC);
            let (month, day) = (at.month().unsigned_abs(), at.day().unsigned_abs());
            rcgen::date_time_ymd(i32::from(at.year()), month, day)
        };
        (params.not_before, params.not_after) = (day(-before), day(after));
        params
    }

    struct Authority {
        issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
        folder: tempfile::TempDir,
    }

    impl Authority {
        fn new() -> Authority {
            let mut params = params(&[], (YEAR, YEAR));
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
            let key = rcgen::KeyPair::generate().unwrap();
            let pem = params.self_signed(&key).unwrap().pem();
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("roots.pem"), pem).unwrap();
            Authority { issuer: rcgen::Issuer::new(params, key), folder }
        }

        fn sees(&self, certificate: CertificateDer<'static>, host: &str) -> Inspection {
            let inspector = Inspector::new(&Trust::Roots(self.folder.path().join("roots.pem")));
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
            inspector.inspect(&[certificate], host, now)
        }
    }

    const YEAR: i64 = 365 * 86_400;

    #[test]
    fn names_dates_and_authority_are_three_answers() {
        let (ours, other) = (Authority::new(), Authority::new());
        let host = "mx.example.net";
        let good = made(&[host, "192.0.2.25"], (YEAR, YEAR), Some(&ours));
        let seen = ours.sees(good, host);
        assert_eq!((&seen.vouched, seen.is_for_name), (&Voucher::Known, true));
        let own = &seen.chain[0];
        assert_eq!((own.names.len(), own.key.as_str(), own.bits), (2, "EC", 256));
        assert_eq!(own.signature, "ecdsa-with-SHA256");
        assert!(own.subject.contains("somebody") && own.issuer.contains("an authority"));
        let wrong = ours.sees(made(&["other.net"], (YEAR, YEAR), Some(&ours)), host);
        assert_eq!((wrong.vouched, wrong.is_for_name), (Voucher::Known, false));
        let expired = ours.sees(made(&[host], (YEAR, -86_400 * 3), Some(&ours)), host);
        assert_eq!((expired.vouched, expired.is_for_name), (Voucher::Known, true));
        assert!(expired.chain[0].not_after < i64::try_from(NOW).unwrap());
        let own_word = ours.sees(made(&[host], (YEAR, YEAR), None), host);
        assert_eq!((own_word.vouched, own_word.is_for_name), (Voucher::Itself, true));
        let stranger = ours.sees(made(&[host], (YEAR, YEAR), Some(&other)), host);
        assert_eq!(stranger.vouched, Voucher::Nobody);
    }

    #[test]
    fn what_is_no_certificate_is_looked_at_without_harm() {
        let ours = Authority::new();
        let seen = ours.sees(CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]), "mx.example.net");
        assert!(!seen.is_for_name && !matches!(seen.vouched, Voucher::Known), "{seen:?}");
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
        let none = Inspector::new(&Trust::Anyone).inspect(&[], "mx.example.net", now);
        assert!(matches!(none.vouched, Voucher::Amiss(_)));
        let nowhere = Inspector::new(&Trust::Roots("/nonexistent/roots".into()));
        let good = made(&["mx.example.net"], (YEAR, YEAR), None);
        let untold = nowhere.inspect(&[good], "mx.example.net", now);
        assert!(matches!(untold.vouched, Voucher::Untold(_)) && untold.is_for_name);
    }
}
