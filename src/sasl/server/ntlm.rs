//! `AUTH NTLM`: `ntlm supported` or nothing, NEGOTIATE, CHALLENGE, AUTHENTICATE. MS-SMTPNTLM, section 2.2.

use subtle::Choice;

use super::simple::{Claim, proven};
use super::{Await, Found, Reason, ServerContext, ServerExchange, ServerStep, Wanted};
use crate::sasl::ntlm::{Answer, Challenge, NoAnswer};
use crate::sasl::prep::prepare_or_keep;

impl ServerExchange {
    pub(super) fn ntlm_negotiate(&mut self, message: &[u8]) -> ServerStep {
        let [nonce @ .., _, _, _, _, _, _, _, _, _, _] = self.context.nonce;
        match Challenge::to(message, nonce, &self.context.host) {
            Some(challenge) => {
                let said = challenge.message().to_vec();
                self.ask(&said, Await::NtlmAnswer(Box::new(challenge)))
            }
            None => ServerStep::Malformed("not a NEGOTIATE_MESSAGE of NTLM"),
        }
    }

    pub(super) fn ntlm_answer(&mut self, challenge: Box<Challenge>, message: &[u8]) -> ServerStep {
        let answer = match Answer::parse(message) {
            Ok(answer) => answer,
            Err(NoAnswer::Malformed) => {
                return ServerStep::Malformed("not an AUTHENTICATE_MESSAGE of NTLM");
            }
            Err(NoAnswer::TooWeak) => return ServerStep::Rejected(Reason::TooWeak),
        };
        let name = prepare_or_keep(&answer.user).to_string();
        let domain = prepare_or_keep(&answer.domain).to_string();
        self.await_ = Await::Account(Claim::Ntlm { challenge, answer: Box::new(answer) });
        ServerStep::Lookup(Wanted::Of { domain, name })
    }
}

/// The same is computed whoever it is.
pub(super) fn judge(
    challenge: &Challenge,
    answer: &Answer,
    found: Option<Found<'_>>,
    context: &ServerContext,
) -> Result<String, Reason> {
    let decoy = context.decoys.credentials(&answer.user);
    let credentials = found.and_then(|found| found.credentials).filter(|kept| kept.ntlm.is_some());
    let hash = credentials.unwrap_or(&decoy).ntlm.as_ref();
    let fits = hash.map(|hash| hash.answers(challenge, answer));
    proven(found, credentials, fits.unwrap_or(Choice::from(0)))
}
