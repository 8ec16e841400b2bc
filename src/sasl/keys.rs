//! What a provider keeps of a password: never the password.
//!
//! SCRAM's keys serve SCRAM, and check PLAIN and LOGIN; CRAM-MD5 needs its own, and weakens what is
//! kept, so an account may do without. NTLM needs what is weaker still, and no account has it unasked.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::cram::CramContexts;
use super::ntlm::NtHash;
use super::prep::{BadSecret, prepare};

/// How often a new password is hashed. Two and a half times what RFC 7677 asks for, a few
/// milliseconds: the customer may be a small router that pays this on every call, and PLAIN
/// makes the provider pay it for every stranger who guesses. A generated password needs no more.
pub const DEFAULT_ITERATIONS: u32 = 10_000;
/// Fewer are refused, from a file and from a server. RFC 7677, section 4.
pub const MIN_ITERATIONS: u32 = 4096;
/// More are refused: a hostile server would otherwise keep its clients busy for ever.
pub const MAX_ITERATIONS: u32 = 1_000_000;
/// Octets of a fresh salt, and of a decoy's.
pub const SALT_OCTETS: usize = 16;

const SCHEME: &str = "SCRAM-SHA-256";
const MAX_SALT: usize = 256;

/// A key or a signature.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Why a stored form cannot be read. It never shows what it could not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStored {
    /// Not the shape of RFC 5803.
    #[error("not SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three base64")]
    Scram,
    /// Too few or too many.
    #[error("the iterations must be {MIN_ITERATIONS} to {MAX_ITERATIONS}")]
    Iterations,
    /// Not the shape Dovecot writes.
    #[error("not {{CRAM-MD5}} and 64 hexadecimal digits")]
    Cram,
    /// Not the shape Dovecot writes.
    #[error("not {{NTLM}} and 32 hexadecimal digits")]
    Ntlm,
}

/// SCRAM's keys of a password. RFC 5802, section 3.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Key,
    server_key: Key,
}

impl ScramKeys {
    /// The keys of a password that SASLprep has seen.
    pub(super) fn derive(prepared: &str, salt: &[u8], iterations: u32) -> ScramKeys {
        let salted = salted(prepared.as_bytes(), salt, iterations);
        ScramKeys {
            salt: salt.to_vec(),
            iterations,
            stored_key: stored_key(&salted),
            server_key: server_key(&salted),
        }
    }

    pub(super) fn from_parts(salt: Vec<u8>, iterations: u32, stored: Key, server: Key) -> Self {
        ScramKeys { salt, iterations, stored_key: stored, server_key: server }
    }

    /// What the password was salted with.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// How often it was hashed.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether these are the keys of that password, at the full cost either way.
    pub(super) fn are_of(&self, prepared: &str) -> Choice {
        let salted = salted(prepared.as_bytes(), &self.salt, self.iterations);
        stored_key(&salted).ct_eq(&self.stored_key[..])
    }

    /// Whether the client that sent this proof knows the password.
    pub(super) fn accept(&self, auth_message: &[u8], proof: &[u8; 32]) -> Choice {
        let signature = hmac(&self.stored_key[..], auth_message);
        let client_key = xor(proof, &signature);
        sha256(&client_key[..]).ct_eq(&self.stored_key[..])
    }

    /// What shows the client that we know it too.
    pub(super) fn signature(&self, auth_message: &[u8]) -> Key {
        hmac(&self.server_key[..], auth_message)
    }

    /// The form it is kept in, after RFC 5803:
    /// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. PostgreSQL writes the same.
    pub fn stored_form(&self) -> Zeroizing<String> {
        let [salt, stored, server] =
            [&self.salt[..], &self.stored_key[..], &self.server_key[..]].map(|k| BASE64.encode(k));
        Zeroizing::new(format!("{SCHEME}${}:{salt}${stored}:{server}", self.iterations))
    }
}

impl std::str::FromStr for ScramKeys {
    type Err = BadStored;
    fn from_str(text: &str) -> Result<ScramKeys, BadStored> {
        let (iterations, salt, stored, server) = fields(text).ok_or(BadStored::Scram)?;
        let iterations = iterations.parse().map_err(|_| BadStored::Scram)?;
        let salt = BASE64.decode(salt).map_err(|_| BadStored::Scram)?;
        let stored = key(stored).ok_or(BadStored::Scram)?;
        let server = key(server).ok_or(BadStored::Scram)?;
        if !(MIN_ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
            return Err(BadStored::Iterations);
        }
        let usable = (1..=MAX_SALT).contains(&salt.len());
        usable.then(|| Self::from_parts(salt, iterations, stored, server)).ok_or(BadStored::Scram)
    }
}

fn fields(text: &str) -> Option<(&str, &str, &str, &str)> {
    let rest = text.strip_prefix(SCHEME)?.strip_prefix('$')?;
    let (how, keys) = rest.split_once('$')?;
    let (iterations, salt) = how.split_once(':')?;
    let (stored, server) = keys.split_once(':')?;
    Some((iterations, salt, stored, server))
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramKeys({} iterations, ..)", self.iterations)
    }
}

/// All that is kept of one password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// For SCRAM, PLAIN and LOGIN.
    pub scram: ScramKeys,
    /// For CRAM-MD5, where the account has it.
    pub cram: Option<CramContexts>,
    /// For NTLM, where the account has it.
    pub ntlm: Option<NtHash>,
}

impl Credentials {
    /// Makes what is to be kept of a password. `salt` is fresh; `iterations` outside
    /// [`MIN_ITERATIONS`] to [`MAX_ITERATIONS`] become the nearer of the two.
    ///
    /// # Errors
    /// [`BadSecret`] when the password is empty, or SASLprep forbids it.
    pub fn derive(
        password: &str,
        salt: &[u8; SALT_OCTETS],
        iterations: u32,
        with_cram: bool,
    ) -> Result<Credentials, BadSecret> {
        let prepared = prepare(password)?;
        let iterations = iterations.clamp(MIN_ITERATIONS, MAX_ITERATIONS);
        Ok(Credentials {
            scram: ScramKeys::derive(&prepared, salt, iterations),
            cram: with_cram.then(|| CramContexts::derive(prepared.as_bytes())),
            ntlm: None,
        })
    }

    /// With what NTLM needs of the same password, too: as good as the password to whoever steals it.
    #[must_use]
    pub fn with_ntlm(self, password: &str) -> Credentials {
        Credentials { ntlm: Some(NtHash::derive(password)), ..self }
    }
}

/// SaltedPassword: the slow step.
pub(super) fn salted(password: &[u8], salt: &[u8], iterations: u32) -> Key {
    #[cfg(test)]
    work::ROUNDS.with(|rounds| rounds.set(rounds.get() + iterations));
    let mut salted = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted[..]);
    salted
}

/// How much hashing this thread has done: what takes the time of a login, and so would tell
/// from outside what it came to.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    std::thread_local! {
        pub(in crate::sasl) static ROUNDS: Cell<u32> = const { Cell::new(0) };
    }

    /// The rounds that this takes.
    pub(in crate::sasl) fn of(what: impl FnOnce()) -> u32 {
        let before = ROUNDS.get();
        what();
        ROUNDS.get() - before
    }
}

pub(super) fn client_key(salted: &Key) -> Key {
    hmac(&salted[..], b"Client Key")
}

pub(super) fn server_key(salted: &Key) -> Key {
    hmac(&salted[..], b"Server Key")
}

pub(super) fn stored_key(salted: &Key) -> Key {
    sha256(&client_key(salted)[..])
}

pub(super) fn hmac(key: &[u8], text: &[u8]) -> Key {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    Zeroizing::new(mac.chain_update(text).finalize().into_bytes().into())
}

pub(super) fn xor(a: &[u8; 32], b: &[u8; 32]) -> Key {
    let mut mixed = Zeroizing::new(*a);
    mixed.iter_mut().zip(b).for_each(|(mine, theirs)| *mine ^= theirs);
    mixed
}

fn sha256(text: &[u8]) -> Key {
    Zeroizing::new(Sha256::digest(text).into())
}

/// A key or a signature in base64.
pub(super) fn key(text: &str) -> Option<Key> {
    let octets = Zeroizing::new(BASE64.decode(text).ok()?);
    Some(Zeroizing::new(octets[..].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Dovecot's doveadm writes for "pencil", in our notation.
    const PENCIL: &str = "SCRAM-SHA-256$4096:keebvuFuUzaRK2mL8X1/qw==$7NaevQ+ru3SgidBpJSK07VqIXj1D832HOtf4KmMVGio=:xO1rzkwGN8aMZavNv5ptiIz0ZnEspEHCTIk5jed0/2A=";

    #[test]
    fn the_keys_are_dovecots() {
        let keys: ScramKeys = PENCIL.parse().unwrap();
        assert_eq!(ScramKeys::derive("pencil", keys.salt(), 4096), keys);
        assert_eq!(keys.stored_form().as_str(), PENCIL);
        assert!(bool::from(keys.are_of("pencil")));
        assert!(!bool::from(keys.are_of("Pencil")));
    }

    #[test]
    fn damaged_stored_forms_are_refused() {
        for cut in 0..PENCIL.len() {
            assert!(PENCIL[..cut].parse::<ScramKeys>().is_err(), "{cut}");
        }
        let iterations = |n: &str| PENCIL.replace("4096", n).parse::<ScramKeys>();
        assert_eq!(iterations("4095"), Err(BadStored::Iterations));
        assert_eq!(iterations("1000001"), Err(BadStored::Iterations));
        assert_eq!(iterations("-1"), Err(BadStored::Scram));
        assert_eq!(iterations("99999999999"), Err(BadStored::Scram));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let made = Credentials::derive("pencil", &[7; 16], MIN_ITERATIONS, true).unwrap();
        let shown = format!("{made:?}");
        assert_eq!(shown.matches("(..)").count(), 1);
        assert!(shown.contains("ScramKeys(4096 iterations, ..)"), "{shown}");
    }

    #[test]
    fn an_unusable_password_is_refused() {
        assert_eq!(Credentials::derive("", &[0; 16], 4096, true), Err(BadSecret::Empty));
        assert_eq!(Credentials::derive("a\0b", &[0; 16], 4096, true), Err(BadSecret::Forbidden));
    }
}
