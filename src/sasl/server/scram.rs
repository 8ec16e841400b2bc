//! SCRAM, the provider's side. RFC 5802, 7677 and 9266.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;

use super::simple::{Claim, proven};
use super::{
    Await, Found, Identity, Reason, ServerContext, ServerExchange, ServerStep, same_identity,
};
use crate::sasl::Mechanism;
use crate::sasl::keys::{Credentials, ScramKeys};
use crate::sasl::prep::prepare_or_keep;
use crate::sasl::scram::auth_message;
use crate::sasl::scram::{BINDING_TYPE, ClientFinal, ClientFirst, Gs2Flag, ServerFirst};

/// The salt went out; the proof must come.
pub(super) struct AwaitFinal {
    bare: String,
    server_first: String,
    nonce: String,
    /// What the client must repeat: its gs2 header, and the channel's binding where it binds.
    binding: Vec<u8>,
    keys: ScramKeys,
    /// Whom a right proof proves, or why none can.
    subject: Result<String, Reason>,
}

/// The signature went out; an empty answer must come. SMTP's 235 has no room for it (RFC 4954).
pub(super) struct AwaitAck(Identity);

impl AwaitAck {
    pub fn acknowledged(self, response: &[u8]) -> ServerStep {
        match response.is_empty() {
            true => ServerStep::Verified(self.0),
            false => ServerStep::Malformed("the last answer of SCRAM is empty"),
        }
    }
}

impl ServerExchange {
    pub(super) fn scram_hello(&mut self, message: &[u8]) -> ServerStep {
        let Some(first) = ClientFirst::parse(message) else {
            return ServerStep::Malformed("not a client-first-message of SCRAM");
        };
        // Says nothing about any account, so it may be said at once.
        if let Some(reason) = binding_fault(&first.flag, self.mechanism, &self.context) {
            return ServerStep::Rejected(reason);
        }
        let name = prepare_or_keep(&first.user);
        self.look_up(&name, Claim::Scram(Box::new(first)))
    }

    pub(super) fn scram_first(
        &mut self,
        first: ClientFirst,
        found: Option<Found<'_>>,
    ) -> ServerStep {
        let decoy = self.context.decoys.credentials(&prepare_or_keep(&first.user));
        let credentials = found.and_then(|found| found.credentials);
        let keys = credentials.unwrap_or(&decoy).scram.clone();
        let nonce = format!("{}{}", first.nonce, BASE64.encode(self.context.nonce));
        let (salt, iterations) = (keys.salt().to_vec(), keys.iterations());
        let server_first = ServerFirst { nonce: nonce.clone(), salt, iterations }.print();
        let challenge = server_first.clone();
        let binding = self.expected_binding(&first);
        let subject = subject(&first, found, credentials);
        let bare = first.bare;
        let state = AwaitFinal { bare, server_first, nonce, binding, keys, subject };
        self.ask(challenge.as_bytes(), Await::ScramFinal(state))
    }

    fn expected_binding(&self, first: &ClientFirst) -> Vec<u8> {
        let mut binding = first.gs2_header.as_bytes().to_vec();
        if self.mechanism.binds_channel() {
            binding.extend(self.context.channel_binding.iter().flatten());
        }
        binding
    }

    pub(super) fn scram_final(&mut self, state: AwaitFinal, response: &[u8]) -> ServerStep {
        let Some(last) = ClientFinal::parse(response) else {
            return ServerStep::Malformed("not a client-final-message of SCRAM");
        };
        let message = auth_message(&state.bare, &state.server_first, &last.without_proof);
        match state.judge(&last, message.as_bytes()) {
            Ok(account) => self.sign(account, &state.keys, message.as_bytes()),
            Err(reason) => ServerStep::Rejected(reason),
        }
    }

    fn sign(&mut self, account: String, keys: &ScramKeys, message: &[u8]) -> ServerStep {
        let verifier = format!("v={}", BASE64.encode(&keys.signature(message)[..]));
        let identity = Identity { account, mechanism: self.mechanism };
        self.ask(verifier.as_bytes(), Await::ScramAck(AwaitAck(identity)))
    }
}

impl AwaitFinal {
    /// The proof is computed in every case, so that no answer comes sooner than another.
    fn judge(&self, last: &ClientFinal, message: &[u8]) -> Result<String, Reason> {
        let proof = self.keys.accept(message, &last.proof);
        let bound = last.binding.ct_eq(&self.binding);
        let fresh = last.nonce.as_bytes().ct_eq(self.nonce.as_bytes());
        let account = self.subject.clone()?;
        match (bool::from(fresh), bool::from(bound), bool::from(proof)) {
            (false, _, _) => Err(Reason::WrongNonce),
            (_, false, _) => Err(Reason::Unbound),
            (_, _, false) => Err(Reason::WrongSecret),
            (true, true, true) => Ok(account),
        }
    }
}

/// What is wrong with the client's word on channel binding, before anything else is looked at.
fn binding_fault(flag: &Gs2Flag, ours: Mechanism, context: &ServerContext) -> Option<Reason> {
    match (flag, ours.binds_channel()) {
        // RFC 5802, section 6: it must fail, or stripping -PLUS from our list would go unnoticed.
        (Gs2Flag::SawNoPlus, _) if context.plus_offered => Some(Reason::Downgraded),
        (Gs2Flag::Binds(kind), true) if kind == BINDING_TYPE => {
            context.channel_binding.is_none().then_some(Reason::Unbound)
        }
        (Gs2Flag::Binds(_), _) | (_, true) => Some(Reason::Unbound),
        (Gs2Flag::CannotBind | Gs2Flag::SawNoPlus, false) => None,
    }
}

fn subject(
    first: &ClientFirst,
    found: Option<Found<'_>>,
    credentials: Option<&Credentials>,
) -> Result<String, Reason> {
    let account = proven(found, credentials, 1.into())?;
    match same_identity(&first.authzid, &first.user, found.as_ref()) {
        true => Ok(account),
        false => Err(Reason::OtherIdentity),
    }
}
