//! Whom we believe. Each verifier here decides about the certificate only; that the peer holds
//! its key is always verified, or a copied certificate would be as good as the real one.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};

use crate::net::tls::inspect::inspected;
use crate::net::tls::{Fingerprint, provider};

/// What rustls has no word for; travels to [`super::explain`] inside its error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Distrust {
    #[error("certificate {fingerprint} is not the pinned one")]
    NotPinned { fingerprint: Fingerprint },
    #[error("certificate {fingerprint} is signed by nobody we know")]
    UnknownIssuer { fingerprint: Fingerprint, self_signed: bool },
    #[error("certificate {fingerprint} {why}")]
    NoServers { fingerprint: Fingerprint, why: &'static str },
    #[error("the certificate has an RSA key of {bits} bits")]
    ShortKey { bits: u32 },
}

impl Distrust {
    /// A certificate that no server can have, whoever signed it.
    fn no_servers(fault: &OtherError, certificate: &CertificateDer<'_>) -> Option<Distrust> {
        let why = match fault.0.downcast_ref::<webpki::Error>()? {
            webpki::Error::CaUsedAsEndEntity => "is an authority's own (CA:TRUE), not a server's",
            webpki::Error::UnsupportedCertVersion => "is of X.509 version 1, and says no names",
            _ => return None,
        };
        Some(Distrust::NoServers { fingerprint: Fingerprint::of(certificate), why })
    }
}

impl From<Distrust> for Error {
    fn from(distrust: Distrust) -> Error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(distrust))))
    }
}

/// Judges as another verifier does, but keeps the fingerprint for the error message: an
/// administrator who knows the server can then pin it.
#[derive(Debug)]
pub(super) struct Explaining<V>(pub(super) Arc<V>);

/// Believes the certificates it was given digests of.
#[derive(Debug)]
pub(super) struct Pinned(pub(super) Vec<Fingerprint>);

/// Believes any server.
#[derive(Debug)]
pub(super) struct AnyServer;

/// Takes any client certificate, and requires none.
#[derive(Debug)]
pub(super) struct AnyClient;

/// What is signed with a key that is too short is not looked at, so nobody knows whether the peer holds it.
fn told_of_key(
    certificate: &CertificateDer<'_>,
    judged: Result<HandshakeSignatureValid, Error>,
) -> Result<HandshakeSignatureValid, Error> {
    judged.map_err(|error| {
        let seen = inspected(certificate);
        match seen.key == "RSA" && (1..2048).contains(&seen.bits) {
            true => Distrust::ShortKey { bits: seen.bits }.into(),
            false => error,
        }
    })
}

/// The checks that every verifier of ours makes alike.
macro_rules! verify_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = provider().signature_verification_algorithms;
            told_of_key(
                certificate,
                verify_tls12_signature(message, certificate, signature, &known),
            )
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let known = provider().signature_verification_algorithms;
            told_of_key(
                certificate,
                verify_tls13_signature(message, certificate, signature, &known),
            )
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            provider().signature_verification_algorithms.supported_schemes()
        }
    };
}

impl<V: ServerCertVerifier> ServerCertVerifier for Explaining<V> {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // A bad signature in the chain: an authority by a name we know, but with another key,
            // as when somebody made a private one anew.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => {
                let (fingerprint, self_signed) =
                    (Fingerprint::of(certificate), is_self_signed(certificate));
                Err(Distrust::UnknownIssuer { fingerprint, self_signed }.into())
            }
            Err(Error::InvalidCertificate(CertificateError::Other(fault))) => {
                Err(match Distrust::no_servers(&fault, certificate) {
                    Some(distrust) => distrust.into(),
                    None => Error::InvalidCertificate(CertificateError::Other(fault)),
                })
            }
            judged => judged,
        }
    }

    verify_signatures!();
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fingerprint = Fingerprint::of(certificate);
        if self.0.contains(&fingerprint) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Distrust::NotPinned { fingerprint }.into())
        }
    }

    verify_signatures!();
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!();
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: a list of issuers would make clients hide a certificate that is not on it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    verify_signatures!();
}

pub(super) fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate)
        .is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    /// A certificate with an RSA key of 1024 bits.
    const SHORT: &str = "MIIBkDCCATegAwIBAgIUCGp/5UHl9mOMArXCeo6fryVJU9AwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFbGFiY2EwHhcNMjYxMTIwMTUyMTI2WhcNMjcwMTI5MTUyMTI2WjAPMQ0wCwYDVQQDDAR3ZWFrMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCYwZmBv9HJvACFCRFPmPYUzsOC+jJGaukpNvCjbehu0YnRbTXpX8kpZWbLPViJVIrlPm8ow7+LE/qMJ2dKOtdWJH+n/0ZA51JsiUnaVK4r+p/6t3ea6QoQDVLiAAtRLyGqNjTTAP0R0q7Fh4ZgO/9B2Aej/yoZ4Dqxk88WwPfNvQIDAQABoykwJzAXBgNVHREEEDAOggxteC5td2Vhay5vcmcwDAYDVR0TAQH/BAIwADAKBggqhkjOPQQDAgNHADBEAiBGRndeHVLcE2Ro0H1qn+4X4vXsMdEvgS5LuR+sQbuK/QIgbVY4iayFMnycOa3eunf7oyzOJRUbo+NpfBbB2hCUvy4=";

    #[test]
    fn a_short_key_is_told_as_what_it_is() {
        let bad = || Err(Error::InvalidCertificate(CertificateError::BadSignature));
        let short = CertificateDer::from(BASE64_STANDARD.decode(SHORT).unwrap());
        let told = told_of_key(&short, bad()).unwrap_err();
        let told = crate::net::WireFault::from(&told).to_string();
        assert_eq!(told, "the certificate has an RSA key of 1024 bits, too short to be accepted");
        let none = CertificateDer::from(vec![0]);
        let told = told_of_key(&none, bad()).unwrap_err();
        assert_eq!(told, Error::InvalidCertificate(CertificateError::BadSignature));
    }
}
