//! New secrets. The dice are thrown here, since `sasl` has none.

use rand::RngExt;
use rand::seq::IndexedRandom;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::sasl::{BadSecret, Credentials, DEFAULT_ITERATIONS, SALT_OCTETS};

/// Without 0 and O, 1, I and l: it will be read aloud over a telephone.
const ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Of 57 letters each: 139 bits.
const LETTERS: usize = 24;

/// A password that nobody can guess. Show it once: it is kept nowhere.
pub fn generate_password() -> SecretString {
    let mut dice = rand::rng();
    let letter = |_| ALPHABET.choose(&mut dice).map(|&letter| char::from(letter));
    let password: Zeroizing<String> = Zeroizing::new((0..LETTERS).filter_map(letter).collect());
    SecretString::from(password.as_str())
}

/// What is to be kept of a password, under a fresh salt. `with_cram` adds what CRAM-MD5 needs,
/// which is weaker: leave it out where the customer can do SCRAM. `with_ntlm` adds what is weaker still.
///
/// # Errors
/// [`BadSecret`] when the password is empty, or SASLprep forbids it.
pub fn derive(
    password: &SecretString,
    with_cram: bool,
    with_ntlm: bool,
) -> Result<Credentials, BadSecret> {
    let salt: [u8; SALT_OCTETS] = rand::rng().random();
    let password = password.expose_secret();
    let kept = Credentials::derive(password, &salt, DEFAULT_ITERATIONS, with_cram)?;
    Ok(if with_ntlm { kept.with_ntlm(password) } else { kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_is_long_plain_and_new() {
        let password = generate_password();
        let text = password.expose_secret();
        assert_eq!(text.len(), LETTERS);
        assert!(text.bytes().all(|letter| ALPHABET.contains(&letter)));
        assert_ne!(text, generate_password().expose_secret());
    }

    #[test]
    fn the_same_password_is_salted_anew() {
        let password = SecretString::from("correct horse");
        let (one, other) =
            (derive(&password, true, true).unwrap(), derive(&password, false, false).unwrap());
        assert_ne!(one.scram, other.scram);
        assert!(one.cram.is_some() && other.cram.is_none());
        assert!(one.ntlm.is_some() && other.ntlm.is_none());
    }
}
