//! CRAM-MD5, RFC 2195, as both sides compute it.
//!
//! The server keeps neither the password nor a salted hash, which would not do, but the two states
//! in which MD5 stands after HMAC's inner and outer key block. Whoever steals them can answer a
//! challenge, yet has not got the password.

use std::fmt;

use hmac::digest::block_api::{Block, CoreProxy, UpdateCore};
use hmac::digest::common::hazmat::{SerializableState, SerializedState};
use md5::block_api::Md5Core;
use md5::{Digest, Md5};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::keys::BadStored;

const SCHEME: &str = "{CRAM-MD5}";
const BLOCK: usize = 64;

/// The HMAC-MD5 states of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct CramContexts {
    inner: Zeroizing<[u8; 16]>,
    outer: Zeroizing<[u8; 16]>,
}

impl CramContexts {
    /// The states of this password, which is used as it is.
    pub fn derive(password: &[u8]) -> CramContexts {
        let mut key = Zeroizing::new([0u8; BLOCK]);
        match password.len() <= BLOCK {
            true => key[..password.len()].copy_from_slice(password),
            false => key[..16].copy_from_slice(&Md5::digest(password)),
        }
        CramContexts { inner: state_after(&key, 0x36), outer: state_after(&key, 0x5c) }
    }

    pub(super) fn from_octets(octets: &[u8; 32]) -> CramContexts {
        let mut contexts =
            CramContexts { inner: Zeroizing::new([0; 16]), outer: Zeroizing::new([0; 16]) };
        contexts.outer.copy_from_slice(&octets[..16]);
        contexts.inner.copy_from_slice(&octets[16..]);
        contexts
    }

    /// HMAC-MD5 of the challenge.
    pub fn digest(&self, challenge: &[u8]) -> [u8; 16] {
        let inner = resumed(&self.inner).chain_update(challenge).finalize();
        resumed(&self.outer).chain_update(inner).finalize().into()
    }

    /// Whether the hexadecimal digest answers the challenge. Takes as long whether it does or not.
    pub(super) fn answers(&self, challenge: &[u8], digest: &[u8; 32]) -> Choice {
        let expected = hex(&self.digest(challenge));
        expected.as_bytes().ct_eq(&digest.to_ascii_lowercase())
    }

    /// The form it is kept in: `{CRAM-MD5}` and 64 hexadecimal digits, outer state first, as
    /// `doveadm pw -s CRAM-MD5` writes it. As good as the password for CRAM-MD5.
    pub fn stored_form(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{SCHEME}{}{}", hex(&self.outer[..]), hex(&self.inner[..])))
    }
}

impl std::str::FromStr for CramContexts {
    type Err = BadStored;
    fn from_str(text: &str) -> Result<CramContexts, BadStored> {
        let digits = text.strip_prefix(SCHEME).ok_or(BadStored::Cram)?;
        let octets = unhex::<32>(digits.as_bytes()).ok_or(BadStored::Cram)?;
        Ok(CramContexts::from_octets(&octets))
    }
}

impl fmt::Debug for CramContexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CramContexts(..)")
    }
}

fn state_after(key: &[u8; BLOCK], pad: u8) -> Zeroizing<[u8; 16]> {
    let padded = Zeroizing::new(key.map(|octet| octet ^ pad));
    let mut core = Md5Core::default();
    core.update_blocks(&[Block::<Md5Core>::from(*padded)]);
    let mut state = Zeroizing::new([0; 16]);
    state.copy_from_slice(&core.serialize()[..16]);
    state
}

/// MD5 as it stands one block behind such a state.
fn resumed(state: &[u8; 16]) -> Md5 {
    let mut serialized = SerializedState::<Md5Core>::default();
    serialized[..16].copy_from_slice(state);
    serialized[16] = 1; // blocks so far, little-endian
    let core = Md5Core::deserialize(&serialized).expect("any 24 octets are a state of MD5");
    Md5::compose(core, Default::default())
}

/// The challenge, in the shape of a message identifier: RFC 2195, section 2.
pub(super) fn challenge(nonce: &[u8], unix_time: u64, host: &str) -> Vec<u8> {
    format!("<{}.{unix_time}@{host}>", hex(nonce)).into_bytes()
}

/// A response: who, and the digest as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CramResponse {
    pub user: String,
    pub digest: [u8; 32],
}

impl CramResponse {
    /// Splits at the last blank, since a user name may hold others. Some clients add a line end.
    pub fn parse(octets: &[u8]) -> Option<CramResponse> {
        let text = std::str::from_utf8(octets).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let (user, digest) = text.rsplit_once(' ')?;
        let digest: [u8; 32] = digest.as_bytes().try_into().ok()?;
        let sound = !user.is_empty() && digest.iter().all(u8::is_ascii_hexdigit);
        sound.then(|| CramResponse { user: user.to_owned(), digest })
    }
}

/// What a client answers.
pub(super) fn response(user: &str, password: &[u8], challenge: &[u8]) -> Vec<u8> {
    let digest = CramContexts::derive(password).digest(challenge);
    format!("{user} {}", hex(&digest)).into_bytes()
}

pub(super) fn hex(octets: &[u8]) -> String {
    use fmt::Write;
    octets.iter().fold(String::with_capacity(2 * octets.len()), |mut text, octet| {
        let _ = write!(text, "{octet:02x}"); // a String takes everything
        text
    })
}

pub(super) fn unhex<const N: usize>(digits: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut octets = Zeroizing::new([0; N]);
    let value = |digit: u8| char::from(digit).to_digit(16).map(|v| v as u8);
    if digits.len() != 2 * N {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHALLENGE: &[u8] = b"<1896.697170952@postoffice.reston.mci.net>";

    /// RFC 2195, section 2.
    #[test]
    fn the_rfc_example() {
        let answer = response("tim", b"tanstaaftanstaaf", CHALLENGE);
        assert_eq!(answer, b"tim b913a602c7eda7a495b4e6e7334d3890");
    }

    /// What Dovecot's doveadm writes for the same secret.
    #[test]
    fn the_stored_form_is_dovecots() {
        let stored = "{CRAM-MD5}d06d4e1b26fccaa4b0b61801132340a354b21152711fb604ca3e035e7015116b";
        let contexts: CramContexts = stored.parse().unwrap();
        assert_eq!(contexts, CramContexts::derive(b"tanstaaftanstaaf"));
        assert_eq!(contexts.stored_form().as_str(), stored);
    }

    #[test]
    fn damaged_stored_forms_are_refused() {
        for bad in ["", "{CRAM-MD5}", "{CRAM-MD5}zz", &format!("{{CRAM-MD5}}{}", "g".repeat(64))] {
            assert!(bad.parse::<CramContexts>().is_err(), "{bad:?}");
        }
        let wide = format!("{{CRAM-MD5}}{}", "\u{fc}".repeat(32));
        assert!(wide.parse::<CramContexts>().is_err());
    }

    #[test]
    fn a_name_may_hold_blanks() {
        let digest = "b913a602c7eda7a495b4e6e7334d3890";
        for end in ["", "\n", "\r\n"] {
            let sent = format!("ACME\\J R Smith {digest}{end}");
            assert_eq!(CramResponse::parse(sent.as_bytes()).unwrap().user, "ACME\\J R Smith");
        }
        for bad in ["", " ", digest, &format!(" {digest}"), &format!("tim {digest}0"), "tim x"] {
            assert_eq!(CramResponse::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        /// The resumed states give what HMAC gives, for keys on either side of a block.
        #[test]
        fn the_states_are_hmacs(key in prop::collection::vec(any::<u8>(), 0..200),
                                text in prop::collection::vec(any::<u8>(), 0..200)) {
            use hmac::{Hmac, KeyInit, Mac};
            let mut mac = Hmac::<Md5>::new_from_slice(&key).unwrap();
            mac.update(&text);
            let whole: [u8; 16] = mac.finalize().into_bytes().into();
            prop_assert_eq!(CramContexts::derive(&key).digest(&text), whole);
        }
    }
}
