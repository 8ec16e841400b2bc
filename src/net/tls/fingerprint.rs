//! A certificate by its digest.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a certificate's DER form, as `openssl x509 -fingerprint -sha256` prints it.
///
/// Written `sha256:` and 64 hexadecimal digits; colons between them and capitals are read too.
#[derive(Clone, Copy)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is \"sha256:\" and 64 hexadecimal digits, with or without colons; \
     this has {digits} digits{junk}"
)]
pub struct NotAFingerprint {
    digits: usize,
    junk: &'static str,
}

impl From<[u8; 32]> for Fingerprint {
    fn from(octets: [u8; 32]) -> Fingerprint {
        Fingerprint(octets)
    }
}

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }

    /// The digest itself.
    pub fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Fingerprint {
    /// In constant time, though a digest of a public thing is hardly a secret.
    fn eq(&self, other: &Fingerprint) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Fingerprint {}

impl std::hash::Hash for Fingerprint {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Fingerprint, NotAFingerprint> {
        let text = text.trim();
        let bare = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        let nibbles: Vec<Option<u32>> =
            bare.chars().filter(|c| *c != ':').map(|c| c.to_digit(16)).collect();
        let digits: Vec<u8> =
            nibbles.iter().flatten().filter_map(|n| (*n).try_into().ok()).collect();
        let junk = if digits.len() < nibbles.len() { " and something else" } else { "" };
        let octets: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        match <[u8; 32]>::try_from(octets) {
            Ok(octets) if digits.len() == 64 && junk.is_empty() => Ok(Fingerprint(octets)),
            _ => Err(NotAFingerprint { digits: digits.len(), junk }),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_and_parse_are_inverses() {
        let print = Fingerprint::of(&CertificateDer::from(&b"any bytes"[..]));
        assert_eq!(print.to_string().parse(), Ok(print));
        let openssl: Vec<String> = print.0.iter().map(|octet| format!("{octet:02X}")).collect();
        assert_eq!(openssl.join(":").parse(), Ok(print));
    }

    #[test]
    fn a_wrong_text_is_told_what_it_lacks() {
        let complaint = |text: &str| text.parse::<Fingerprint>().unwrap_err().to_string();
        assert!(complaint("sha256:abcd").ends_with("this has 4 digits"));
        assert!(complaint("sha1:xyz").ends_with("digits and something else"));
        assert!(complaint(&"a".repeat(66)).ends_with("this has 66 digits"));
        assert!(complaint("\u{fc}\u{fc}\u{fc}\u{fc}").contains("this has 0 digits"));
    }
}
