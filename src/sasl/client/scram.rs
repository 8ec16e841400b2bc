//! SCRAM, the customer's side. RFC 5802, 7677 and 9266.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Await, Binding, ClientFault};
use crate::sasl::keys::{
    Key, MAX_ITERATIONS, MIN_ITERATIONS, client_key, hmac, salted, server_key, stored_key, xor,
};
use crate::sasl::scram::{BINDING_TYPE, ServerFinal, ServerFirst, auth_message};
use crate::sasl::{Mechanism, NONCE_OCTETS};

/// The nonce is on its way; the salt must come.
pub(super) struct AwaitServerFirst {
    mechanism: Mechanism,
    password: Zeroizing<String>,
    gs2_header: String,
    /// What stands behind the gs2 header in `c=`.
    binding: Vec<u8>,
    nonce: String,
    bare: String,
}

impl AwaitServerFirst {
    pub fn new(
        mechanism: Mechanism,
        escaped_user: &str,
        password: Zeroizing<String>,
        nonce: [u8; NONCE_OCTETS],
        binding: Binding,
    ) -> Result<AwaitServerFirst, ClientFault> {
        let (gs2_header, binding) = gs2(mechanism, binding)?;
        let nonce = BASE64.encode(nonce);
        let bare = format!("n={escaped_user},r={nonce}");
        Ok(AwaitServerFirst { mechanism, password, gs2_header, binding, nonce, bare })
    }

    pub fn client_first(&self) -> String {
        format!("{}{}", self.gs2_header, self.bare)
    }

    pub fn answer(self, challenge: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Await), ClientFault> {
        let first =
            ServerFirst::parse(challenge).ok_or(ClientFault::BadChallenge(self.mechanism))?;
        self.check(&first)?;
        let without_proof = format!("c={},r={}", self.channel(), first.nonce);
        // The bytes as they came: that is what the other side signs.
        let server_first = String::from_utf8_lossy(challenge);
        let message = auth_message(&self.bare, &server_first, &without_proof);
        let salted = salted(self.password.as_bytes(), &first.salt, first.iterations);
        let signature = hmac(&stored_key(&salted)[..], message.as_bytes());
        let proof = xor(&client_key(&salted), &signature);
        let answer = format!("{without_proof},p={}", BASE64.encode(&proof[..]));
        let expected = hmac(&server_key(&salted)[..], message.as_bytes());
        let then = AwaitServerFinal { mechanism: self.mechanism, expected };
        Ok((Zeroizing::new(answer.into_bytes()), Await::ScramFinal(then)))
    }

    fn check(&self, first: &ServerFirst) -> Result<(), ClientFault> {
        let theirs = first.nonce.strip_prefix(&self.nonce).unwrap_or_default();
        match first.iterations {
            _ if theirs.is_empty() => Err(ClientFault::WrongNonce),
            few if few < MIN_ITERATIONS => Err(ClientFault::TooFewIterations(few)),
            many if many > MAX_ITERATIONS => Err(ClientFault::TooManyIterations(many)),
            _ => Ok(()),
        }
    }

    fn channel(&self) -> String {
        BASE64.encode([self.gs2_header.as_bytes(), &self.binding[..]].concat())
    }
}

/// No authzid: the name that logs in is the one to act as.
fn gs2(mechanism: Mechanism, binding: Binding) -> Result<(String, Vec<u8>), ClientFault> {
    match (mechanism.binds_channel(), binding) {
        (true, Binding::Exporter(octets)) => Ok((format!("p={BINDING_TYPE},,"), octets.to_vec())),
        (true, _) => Err(ClientFault::NoBinding),
        (false, Binding::NotOffered) => Ok(("y,,".to_owned(), Vec::new())),
        (false, _) => Ok(("n,,".to_owned(), Vec::new())),
    }
}

/// The proof is on its way; the server's own must come.
pub(super) struct AwaitServerFinal {
    mechanism: Mechanism,
    expected: Key,
}

impl AwaitServerFinal {
    /// The answer is empty: it only lets the server say 235.
    pub fn verify(self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClientFault> {
        match ServerFinal::parse(challenge) {
            Some(ServerFinal::Verifier(theirs)) => match theirs.ct_eq(&self.expected[..]).into() {
                true => Ok(Zeroizing::default()),
                false => Err(ClientFault::ServerUnproven),
            },
            Some(ServerFinal::Error(text)) => Err(ClientFault::Refused(text)),
            None => Err(ClientFault::BadChallenge(self.mechanism)),
        }
    }
}
