//! The turn: the provider's server becomes a client, the customer's client becomes a server.
//! RFC 2645, section 5.3.
//!
//! Both functions take the session by value, so that nobody can go on using the line in its old
//! role, and both want an empty ear: whatever arrived early was written for a party that is about
//! to vanish, or by a stranger who wants to speak first in the new role.

use std::sync::Arc;
use std::time::Instant;

use super::client::ClientSession;
use super::deadline::Patience;
use super::server::{ServerSession, ServerSettings};
use super::transcript::{Note, Transcript};
use super::{Odmr, Reversed};
use crate::sasl::Identity;
use crate::smtp::{Domain, Reply};

/// By which command mail is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// ATRN. RFC 2645.
    ByAtrn,
    /// TURN, behind a login. RFC 5321, appendix F.1.
    ByTurn,
}

impl Asks {
    /// The command.
    pub fn verb(self) -> &'static str {
        match self {
            Asks::ByAtrn => "ATRN",
            Asks::ByTurn => "TURN",
        }
    }
}

/// Somebody proved who they are and asked for mail. Born only inside an authenticated session, so
/// holding one *is* the proof.
#[derive(Debug, PartialEq, Eq)]
pub struct AtrnRequest {
    identity: Identity,
    domains: Vec<Domain>,
    asks: Asks,
}

impl AtrnRequest {
    pub(super) fn new(identity: Identity, domains: Vec<Domain>, asks: Asks) -> AtrnRequest {
        AtrnRequest { identity, domains, asks }
    }

    /// By which command.
    pub fn asks(&self) -> Asks {
        self.asks
    }

    /// Who asks.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// For which domains; none named means all of the account's.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }
}

/// Somebody wants a host to be called and brought its mail. RFC 1985.
#[derive(Debug, PartialEq, Eq)]
pub struct EtrnRequest {
    identity: Option<Identity>,
    node: String,
}

impl EtrnRequest {
    pub(super) fn new(identity: Option<Identity>, node: &str) -> EtrnRequest {
        EtrnRequest { identity, node: node.to_owned() }
    }

    /// Who asks; none where anybody may.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// For what, as it was written.
    pub fn node(&self) -> &str {
        &self.node
    }
}

/// The provider's 250 to our ATRN, in hand. Made only by the session that heard it.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    pub(super) reply: Reply,
}

impl Granted {
    /// What the provider said with it.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

/// Bytes were waiting that nobody could have had a reason to send yet.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side spoke before its turn")]
pub struct SpokeTooSoon {
    /// What it said, the first 512 octets of it.
    pub heard: Vec<u8>,
}

impl SpokeTooSoon {
    fn hearing(input: &[u8], transcript: &Transcript) -> SpokeTooSoon {
        let mut heard = transcript.hidden_octets(input);
        heard.truncate(512);
        SpokeTooSoon { heard }
    }
}

/// What a provider wants to be as the client of its customer.
#[derive(Clone, Debug)]
pub struct ReversedClient {
    /// The name to say after EHLO.
    pub name: String,
    /// How long to wait for what.
    pub patience: Patience,
}

impl ServerSession<Odmr> {
    /// From here on the provider asks and the customer answers.
    ///
    /// The 250 travels along unsent; it goes out with the first `Step::Send` of the new session.
    ///
    /// # Errors
    /// [`SpokeTooSoon`] when bytes stand behind the ATRN. The session is gone, and the line should
    /// be too: RFC 2920, section 3.1 allows nothing behind such a verb.
    pub fn turn(
        mut self,
        granted: AtrnRequest,
        told: Reply,
        client: ReversedClient,
        now: Instant,
    ) -> Result<ClientSession<Reversed>, SpokeTooSoon> {
        if !self.input().is_empty() {
            let heard = self.input().to_vec();
            return Err(SpokeTooSoon::hearing(&heard, self.transcript()));
        }
        drop(granted);
        self.say(told);
        let (unsent, mut transcript) = self.into_parts();
        transcript.note(Note::Turn);
        Ok(ClientSession::awaiting_greeting(unsent, client, transcript, now))
    }
}

impl ClientSession<Odmr> {
    /// From here on the customer answers and the provider asks. The new session greets at once.
    ///
    /// # Errors
    /// [`SpokeTooSoon`] when the provider did not wait for our 220. What it said is told, because
    /// some say `QUIT` there and mean that there is no mail after all.
    pub fn turn(
        mut self,
        granted: Granted,
        settings: Arc<ServerSettings>,
        secure: bool,
        now: Instant,
    ) -> Result<ServerSession<Reversed>, SpokeTooSoon> {
        if !self.input().is_empty() {
            let heard = self.input().to_vec();
            return Err(SpokeTooSoon::hearing(&heard, self.transcript()));
        }
        drop(granted);
        let mut transcript = self.into_transcript();
        transcript.note(Note::Turn);
        Ok(ServerSession::reversed(settings, secure, transcript, now))
    }
}
