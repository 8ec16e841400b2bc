//! The messages of SCRAM: read strictly, written once. RFC 5802, section 7.
//!
//! ```text
//! C: n,,n=user,r=abc                                client-first: gs2 header, then the bare part
//! P: r=abcXYZ,s=<salt>,i=10000                      server-first
//! C: c=biws,r=abcXYZ,p=<proof>                      client-final
//! P: v=<signature>                                  server-final
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::keys::{Key, key};

/// The one binding type that is ours. RFC 9266.
pub(super) const BINDING_TYPE: &str = "tls-exporter";

const MAX_NONCE: usize = 1024;
const MAX_SALT: usize = 1024;

/// What the client says of channel binding: the first field of the gs2 header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gs2Flag {
    /// `n`: it cannot bind.
    CannotBind,
    /// `y`: it could, but saw no -PLUS offered.
    SawNoPlus,
    /// `p=`: it binds, by this type.
    Binds(String),
}

/// The first message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientFirst {
    pub flag: Gs2Flag,
    /// Empty where none is asked for.
    pub authzid: String,
    pub user: String,
    pub nonce: String,
    /// As sent, for the signatures.
    pub gs2_header: String,
    pub bare: String,
}

impl ClientFirst {
    pub fn parse(octets: &[u8]) -> Option<ClientFirst> {
        let text = std::str::from_utf8(octets).ok()?;
        let (flag, rest) = text.split_once(',')?;
        let (authzid, bare) = rest.split_once(',')?;
        let gs2_header = text[..text.len() - bare.len()].to_owned();
        let (user, rest) = bare.strip_prefix("n=")?.split_once(',')?;
        let nonce = nonce(rest.split(',').next()?.strip_prefix("r=")?)?;
        let user = unescape(user).filter(|user| !user.is_empty())?;
        let (flag, authzid) = (parse_flag(flag)?, parse_authzid(authzid)?);
        let (nonce, bare) = (nonce.to_owned(), bare.to_owned());
        Some(ClientFirst { flag, authzid, user, nonce, gs2_header, bare })
    }
}

fn parse_flag(text: &str) -> Option<Gs2Flag> {
    match text {
        "n" => Some(Gs2Flag::CannotBind),
        "y" => Some(Gs2Flag::SawNoPlus),
        _ => text.strip_prefix("p=").map(|name| Gs2Flag::Binds(name.to_owned())),
    }
}

fn parse_authzid(text: &str) -> Option<String> {
    match text {
        "" => Some(String::new()),
        _ => unescape(text.strip_prefix("a=")?),
    }
}

/// The last message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientFinal {
    /// Decoded: the gs2 header again, and the binding data behind it.
    pub binding: Vec<u8>,
    pub nonce: String,
    pub proof: Key,
    /// All but the proof, as sent.
    pub without_proof: String,
}

impl ClientFinal {
    pub fn parse(octets: &[u8]) -> Option<ClientFinal> {
        let text = std::str::from_utf8(octets).ok()?;
        let (without_proof, proof) = text.rsplit_once(",p=")?;
        let (binding, rest) = without_proof.strip_prefix("c=")?.split_once(',')?;
        let nonce = nonce(rest.split(',').next()?.strip_prefix("r=")?)?;
        Some(ClientFinal {
            binding: BASE64.decode(binding).ok()?,
            nonce: nonce.to_owned(),
            proof: key(proof)?,
            without_proof: without_proof.to_owned(),
        })
    }
}

/// The first message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerFirst {
    pub nonce: String,
    pub salt: Vec<u8>,
    pub iterations: u32,
}

impl ServerFirst {
    /// A mandatory extension (`m=`) is not understood, so the message is not either: it stands
    /// where the nonce should.
    pub fn parse(octets: &[u8]) -> Option<ServerFirst> {
        let mut fields = std::str::from_utf8(octets).ok()?.split(',');
        let nonce = nonce(fields.next()?.strip_prefix("r=")?)?.to_owned();
        let salt = BASE64.decode(fields.next()?.strip_prefix("s=")?).ok()?;
        let iterations = number(fields.next()?.strip_prefix("i=")?)?;
        let usable = (1..=MAX_SALT).contains(&salt.len());
        usable.then_some(ServerFirst { nonce, salt, iterations })
    }

    pub fn print(&self) -> String {
        format!("r={},s={},i={}", self.nonce, BASE64.encode(&self.salt), self.iterations)
    }
}

/// Digits alone; what is beyond `u32` is beyond every bound too.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// The last message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ServerFinal {
    /// Its signature.
    Verifier(Key),
    /// `e=`: why not.
    Error(String),
}

impl ServerFinal {
    pub fn parse(octets: &[u8]) -> Option<ServerFinal> {
        let text = std::str::from_utf8(octets).ok()?;
        let first = text.split(',').next()?;
        match first.strip_prefix("e=") {
            Some(error) => Some(ServerFinal::Error(error.to_owned())),
            None => key(first.strip_prefix("v=")?).map(ServerFinal::Verifier),
        }
    }
}

/// What client and server sign. RFC 5802, section 3.
pub(super) fn auth_message(bare: &str, server_first: &str, without_proof: &str) -> String {
    format!("{bare},{server_first},{without_proof}")
}

/// Printable ASCII without the comma.
fn nonce(text: &str) -> Option<&str> {
    let sound = (1..=MAX_NONCE).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    sound.then_some(text)
}

/// A name as it may stand between commas.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn unescape(text: &str) -> Option<String> {
    let mut parts = text.split('=');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => name.extend([",", rest]),
            (_, Some(rest)) => name.extend(["=", rest]),
            _ => return None,
        }
    }
    (!name.contains('\0')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_client_first_is_taken_apart() {
        let first = ClientFirst::parse(b"p=tls-exporter,a=b=2C=3D,n=us=3Der,r=a!b,x=1").unwrap();
        assert_eq!(first.flag, Gs2Flag::Binds("tls-exporter".into()));
        assert_eq!((first.authzid.as_str(), first.user.as_str()), ("b,=", "us=er"));
        assert_eq!(first.gs2_header, "p=tls-exporter,a=b=2C=3D,");
        assert_eq!(first.bare, "n=us=3Der,r=a!b,x=1");
        assert_eq!(first.nonce, "a!b");
    }

    #[test]
    fn what_is_no_client_first_is_refused() {
        for bad in [
            "",
            "n",
            "n,,",
            "n,,n=",
            "n,,n=u",
            "n,,n=,r=a",
            "n,,n=u,r=",
            "n,,n=u,r=a b",
            "n,,m=x,n=u,r=a",
            "x,,n=u,r=a",
            "n,b,n=u,r=a",
            "n,,n=u=2c,r=a",
            "n,,n=u=,r=a",
            "N,,n=u,r=a",
            "n,,n=u\0,r=a",
        ] {
            assert_eq!(ClientFirst::parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=a"), None);
    }

    #[test]
    fn what_is_no_server_first_is_refused() {
        let read = |text: &str| ServerFirst::parse(text.as_bytes());
        assert!(read("r=a,s=AAAA,i=4096,x=y").is_some());
        assert_eq!(read("r=a,s=AAAA,i=99999999999999").unwrap().iterations, u32::MAX);
        for bad in ["m=x,r=a,s=AAAA,i=1", "r=a,s=,i=1", "r=a,s=AAAA,i=+1", "r=a,s=AAA,i=1", "r=a"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone(name in "[^\\x00]*") {
            prop_assert!(!escape(&name).contains(','));
            prop_assert_eq!(unescape(&escape(&name)), Some(name));
        }

        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (ClientFirst::parse(&octets), ClientFinal::parse(&octets));
            let _ = (ServerFirst::parse(&octets), ServerFinal::parse(&octets));
        }
    }
}
