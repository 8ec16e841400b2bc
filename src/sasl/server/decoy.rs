//! What stands in for an account that does not exist.

use std::fmt;

use zeroize::Zeroizing;

use crate::sasl::cram::CramContexts;
use crate::sasl::keys::{Credentials, SALT_OCTETS, ScramKeys, hmac};
use crate::sasl::ntlm::NtHash;

/// Makes credentials for names that have none: the same ones each time, so that asking twice for
/// a salt tells nobody which names are real, and no password fits them.
#[derive(Clone)]
pub struct Decoys {
    secret: Zeroizing<[u8; 32]>,
    iterations: u32,
}

impl Decoys {
    /// `secret` should outlive a restart, or a stranger could compare salts across one.
    /// `iterations` should be what real accounts have:
    /// [`DEFAULT_ITERATIONS`](crate::sasl::DEFAULT_ITERATIONS).
    pub fn new(secret: [u8; 32], iterations: u32) -> Decoys {
        Decoys { secret: Zeroizing::new(secret), iterations }
    }

    /// Names are found without regard to case, so a decoy must not show any either.
    pub(super) fn credentials(&self, name: &str) -> Credentials {
        let name = name.to_lowercase();
        let part = |label: &str| hmac(&self.secret[..], format!("{label}\0{name}").as_bytes());
        let salt = part("salt")[..SALT_OCTETS].to_vec();
        let (stored, server) = (part("stored"), part("server"));
        Credentials {
            scram: ScramKeys::from_parts(salt, self.iterations, stored, server),
            cram: Some(CramContexts::from_octets(&part("cram"))),
            ntlm: part("ntlm").first_chunk().map(NtHash::from_octets),
        }
    }
}

impl fmt::Debug for Decoys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoys(..)")
    }
}
