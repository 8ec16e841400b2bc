//! Who may ask: whoever knows the token. Without one, whoever is on this machine and means us: a
//! stranger's page in a browser here may reach our port under a name of its own (DNS rebinding), but
//! then says that name.

use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, COOKIE, HOST};
use hyper::http::uri::Authority;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::unauthorized;
use crate::config::secret::{SecretError, SecretSource};
use crate::net::http::{Answer, Asked, plain};

/// Who may ask.
pub enum Gate {
    /// Whoever is on this machine.
    Local,
    /// Whoever knows the token.
    Token(Known),
}

/// What is kept of the token.
pub struct Known {
    digest: [u8; 32],
    /// What a browser shows that was told it.
    cookie: String,
}

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The token cannot be read.
    #[error("http.token: {0}")]
    Secret(#[from] SecretError),
    /// Anybody would find it.
    #[error("http.token: {0} has {1} characters; allowed: {LEAST} or more")]
    Short(SecretSource, usize),
}

/// Characters of a token.
const LEAST: usize = 16;

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Gate::Local => "Local",
            Gate::Token(_) => "Token",
        })
    }
}

impl Gate {
    /// Reads the token. Blocks.
    ///
    /// # Errors
    /// [`GateError`] names its source.
    pub fn read(source: Option<&SecretSource>) -> Result<Gate, GateError> {
        let Some(source) = source else { return Ok(Gate::Local) };
        let token: SecretString = source.read()?;
        let length = token.expose_secret().chars().count();
        match length < LEAST {
            true => Err(GateError::Short(source.clone(), length)),
            false => Ok(Gate::Token(Known::new(token.expose_secret().as_bytes()))),
        }
    }

    /// The cookie for a browser that has told this; `None` where it is not the token.
    pub fn cookie_for(&self, said: &[u8]) -> Option<String> {
        match self {
            Gate::Local => None,
            Gate::Token(known) => known.is(said).then(|| format!("{NAME}={}", known.cookie)),
        }
    }

    /// What is told to one who may not ask.
    pub fn refusal(&self, asked: &Asked) -> Option<Answer> {
        match self {
            Gate::Local if is_for_this_machine(asked) => None,
            Gate::Local => Some(plain(
                StatusCode::MISDIRECTED_REQUEST,
                "without http.token this is told to localhost only\n",
            )),
            Gate::Token(known) => {
                let told = bearer(asked).is_some_and(|said| known.is(said));
                (!told && !known.shown_by(asked)).then(unauthorized)
            }
        }
    }
}

impl Known {
    fn new(token: &[u8]) -> Known {
        let digest = digest(&[token]);
        // Whoever finds the cookie has not found the token.
        let shown = self::digest(&[b"odmrd page", &digest]);
        let cookie = shown.iter().map(|octet| format!("{octet:02x}")).collect();
        Known { digest, cookie }
    }

    /// Takes as long whatever was said.
    fn is(&self, said: &[u8]) -> bool {
        self.digest.ct_eq(&digest(&[said])).into()
    }

    fn shown_by(&self, asked: &Asked) -> bool {
        let lines = asked.headers().get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let mut shown = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
        shown.any(|shown| bool::from(self.cookie.as_bytes().ct_eq(shown.as_bytes())))
    }
}

/// The cookie's name.
const NAME: &str = "odmrd";

fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    pieces.iter().for_each(|piece| digest.update(piece));
    digest.finalize().into()
}

/// RFC 6750, section 2.1.
fn bearer(asked: &Asked) -> Option<&[u8]> {
    let said = asked.headers().get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = said.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn is_for_this_machine(asked: &Asked) -> bool {
    let named = asked.headers().get(HOST).and_then(|host| host.to_str().ok());
    let Some(Ok(host)) = named.map(str::parse::<Authority>) else { return false };
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    let loopback = name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    loopback || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(field: (&str, &str)) -> Asked {
        hyper::Request::builder().header(field.0, field.1).body(Default::default()).unwrap()
    }

    #[test]
    fn a_name_from_elsewhere_is_not_this_machine() {
        for host in ["localhost", "LOCALHOST:8366", "127.0.0.1:8366", "127.0.0.2", "[::1]:8366"] {
            assert!(Gate::Local.refusal(&asked(("host", host))).is_none(), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8366", "192.0.2.1", "", "a b", "@"] {
            assert!(Gate::Local.refusal(&asked(("host", host))).is_some(), "{host}");
        }
        assert!(Gate::Local.refusal(&asked(("x-host", "localhost"))).is_some());
    }

    #[test]
    fn only_the_whole_token_opens() {
        let gate = Gate::Token(Known::new(b"a-token-that-is-long"));
        for right in ["Bearer a-token-that-is-long", "bearer  a-token-that-is-long "] {
            assert!(gate.refusal(&asked(("authorization", right))).is_none(), "{right}");
        }
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a-token-that-is-lon",
            "a-token-that-is-long",
            "Bearer a-token-that-is-long1",
            "Basic a-token-that-is-long",
        ] {
            assert!(gate.refusal(&asked(("authorization", wrong))).is_some(), "{wrong}");
        }
        assert!(gate.refusal(&asked(("host", "localhost"))).is_some());
        assert_eq!(format!("{gate:?}"), "Token");
    }

    #[test]
    fn a_cookie_opens_until_the_token_changes_and_does_not_tell_it() {
        let gate = Gate::Token(Known::new(b"a-token-that-is-long"));
        assert_eq!(gate.cookie_for(b"a-token-that-is-lonG"), None);
        let cookie = gate.cookie_for(b"a-token-that-is-long").unwrap();
        assert!(!cookie.contains("long"));
        for right in [cookie.clone(), format!("a=b; {cookie}; c=d")] {
            assert!(gate.refusal(&asked(("cookie", &right))).is_none(), "{right}");
        }
        let other = Gate::Token(Known::new(b"another-token-that-is-long"));
        let name_only = format!("{NAME}=");
        for wrong in [cookie.as_str(), "odmrd", &name_only, &cookie[..cookie.len() - 1]] {
            assert!(other.refusal(&asked(("cookie", wrong))).is_some(), "{wrong}");
        }
        assert!(gate.refusal(&asked(("cookie", &format!("x{cookie}")))).is_some());
        assert_eq!(Gate::Local.cookie_for(b""), None);
    }
}
