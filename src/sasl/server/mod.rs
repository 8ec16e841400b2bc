//! The provider's side of one AUTH.

mod decoy;
mod dovecot;
mod ntlm;
mod scram;
mod simple;

use std::fmt;

use zeroize::Zeroizing;

pub use decoy::Decoys;
pub use dovecot::{AskedFrom, DovecotFault, DovecotTalk, Heard, MAX_LINE, Vouched};

use super::keys::Credentials;
use super::ntlm::Challenge;
use super::{MAX_MESSAGE, Mechanism, NONCE_OCTETS};
use scram::{AwaitAck, AwaitFinal};
use simple::Claim;

/// SHA-256 of a client certificate's DER.
pub type Fingerprint = [u8; 32];

/// A proven name. Only this room makes one, so holding it is the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    account: String,
    mechanism: Mechanism,
}

impl Identity {
    /// The account, by its own name, whatever alias was given.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// How it was proven.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }
}

/// What the provider brings along to one AUTH. Each is used for one exchange only.
#[derive(Clone, Debug)]
pub struct ServerContext {
    /// Our host name, for the CRAM-MD5 challenge.
    pub host: String,
    /// Fresh random octets.
    pub nonce: [u8; NONCE_OCTETS],
    /// Seconds since 1970, for the CRAM-MD5 challenge.
    pub unix_time: u64,
    /// RFC 9266: the TLS exporter's 32 octets under the label `EXPORTER-Channel-Binding`.
    pub channel_binding: Option<[u8; 32]>,
    /// Whether SCRAM-SHA-256-PLUS was listed on this connection.
    pub plus_offered: bool,
    /// The certificate that the customer showed, once TLS found it in order.
    pub certificate: Option<Fingerprint>,
    /// What stands in for accounts that do not exist.
    pub decoys: Decoys,
}

/// Which account an exchange is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The one of this name or alias, in whatever case.
    Name(String),
    /// The one of the name `DOMAIN\name`, or else of the name alone: what NTLM says of where somebody is
    /// may be no more than his machine's name.
    Of {
        /// Where.
        domain: String,
        /// Who.
        name: String,
    },
    /// The one that lists this certificate; `name`, where given, must be its name or alias.
    Certificate {
        /// The certificate shown.
        fingerprint: Fingerprint,
        /// The identity asked for.
        name: Option<String>,
    },
}

/// What the accounts answered.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The account's own name.
    pub account: &'a str,
    /// What is kept of its password.
    pub credentials: Option<&'a Credentials>,
    /// The certificates that may stand for it.
    pub certificates: &'a [Fingerprint],
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum ServerStep {
    /// Send this as 334, and hand the answer to [`ServerExchange::respond`].
    Challenge(Vec<u8>),
    /// Find the account, and hand it to [`ServerExchange::account`]. `None` for one that does not
    /// exist, and for one that may not log in by this mechanism, from here, or now.
    Lookup(Wanted),
    /// 235: this is who it is.
    Verified(Identity),
    /// 535 5.7.8, with one text for every reason. Over a channel-binding mechanism, end the
    /// connection: [`Mechanism::binds_channel`].
    Rejected(Reason),
    /// 501 5.5.2: not a message of this mechanism.
    Malformed(&'static str),
    /// 501 5.7.0: an initial response, where the server speaks first (RFC 4954, section 4).
    ServerFirst,
}

/// Why somebody was rejected: for our own log, never for the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No account of that name may log in here this way.
    #[error("no such account, or not one that may log in this way from here")]
    NoAccount,
    /// The password, digest or proof is wrong.
    #[error("wrong password")]
    WrongSecret,
    /// An answer that proves next to nothing.
    #[error(
        "NTLMv1, LM or nobody: the client must answer by NTLMv2 (LmCompatibilityLevel 3 or more)"
    )]
    TooWeak,
    /// The account keeps nothing that this mechanism could check.
    #[error("the account has no secret for this mechanism")]
    NoSecret,
    /// The client asked to act as somebody else.
    #[error("asked to act as another account")]
    OtherIdentity,
    /// The client could have bound the channel, and was made to believe that we could not.
    #[error("a -PLUS mechanism was offered and the client did not see it: somebody is in between")]
    Downgraded,
    /// The client's channel is not this one, or is bound by another type.
    #[error("channel binding does not match")]
    Unbound,
    /// The nonce is not the one of this exchange.
    #[error("nonce does not match")]
    WrongNonce,
    /// No certificate was shown, or the account does not list it.
    #[error("no certificate of this account was shown")]
    WrongCertificate,
}

/// One AUTH, from the provider's side. Sans I/O: messages go in, steps come out.
pub struct ServerExchange {
    mechanism: Mechanism,
    context: ServerContext,
    await_: Await,
}

/// What must come next.
enum Await {
    Start,
    /// The client's first message, where it was not sent along with AUTH.
    First,
    CramDigest(Vec<u8>),
    NtlmAnswer(Box<Challenge>),
    LoginUser,
    LoginPassword(String),
    Account(Claim),
    ScramFinal(AwaitFinal),
    ScramAck(AwaitAck),
    Nothing,
}

impl ServerExchange {
    /// Begins. The caller has seen to it that the mechanism is one it offers.
    pub fn new(mechanism: Mechanism, context: ServerContext) -> ServerExchange {
        ServerExchange { mechanism, context, await_: Await::Start }
    }

    /// Which mechanism runs.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The AUTH command came, with or without an initial response (decoded; empty for `=`).
    pub fn start(&mut self, initial: Option<&[u8]>) -> ServerStep {
        if !matches!(self.take(), Await::Start) {
            return OUT_OF_TURN;
        }
        match (self.mechanism, initial) {
            (Mechanism::CramMd5, Some(_)) => ServerStep::ServerFirst,
            (Mechanism::CramMd5, None) => self.challenge_cram(),
            (Mechanism::Login, Some(user)) => self.login_user(user),
            (Mechanism::Login, None) => self.ask(b"Username:", Await::LoginUser),
            (_, Some(first)) => self.first(first),
            (_, None) => self.ask(b"", Await::First),
        }
    }

    /// The client answered a challenge (decoded).
    pub fn respond(&mut self, response: &[u8]) -> ServerStep {
        match self.take() {
            _ if response.len() > MAX_MESSAGE => ServerStep::Malformed(TOO_LONG),
            Await::First => self.first(response),
            Await::CramDigest(challenge) => self.cram_response(challenge, response),
            Await::NtlmAnswer(challenge) => self.ntlm_answer(challenge, response),
            Await::LoginUser => self.login_user(response),
            Await::LoginPassword(user) => self.login_password(user, response),
            Await::ScramFinal(state) => self.scram_final(state, response),
            Await::ScramAck(state) => state.acknowledged(response),
            Await::Start | Await::Account(_) | Await::Nothing => OUT_OF_TURN,
        }
    }

    /// The accounts answered a [`ServerStep::Lookup`].
    pub fn account(&mut self, found: Option<Found<'_>>) -> ServerStep {
        match self.take() {
            Await::Account(Claim::Scram(first)) => self.scram_first(*first, found),
            Await::Account(claim) => claim.judge(found, self.mechanism, &self.context),
            _ => OUT_OF_TURN,
        }
    }

    fn first(&mut self, message: &[u8]) -> ServerStep {
        match self.mechanism {
            _ if message.len() > MAX_MESSAGE => ServerStep::Malformed(TOO_LONG),
            Mechanism::Plain => self.plain(message),
            Mechanism::External => self.external(message),
            Mechanism::Ntlm => self.ntlm_negotiate(message),
            _ => self.scram_hello(message),
        }
    }

    fn ask(&mut self, challenge: &[u8], then: Await) -> ServerStep {
        self.await_ = then;
        ServerStep::Challenge(challenge.to_vec())
    }

    fn look_up(&mut self, name: &str, claim: Claim) -> ServerStep {
        self.await_ = Await::Account(claim);
        ServerStep::Lookup(Wanted::Name(name.to_owned()))
    }

    fn take(&mut self) -> Await {
        std::mem::replace(&mut self.await_, Await::Nothing)
    }
}

impl fmt::Debug for ServerExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerExchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

const OUT_OF_TURN: ServerStep = ServerStep::Malformed("nothing was asked");
const TOO_LONG: &str = "longer than any message of this mechanism";
const NOT_TEXT: &str = "not UTF-8";

/// Whether the identity asked for is the one that logs in: none named, or the same name.
fn same_identity(authzid: &str, authcid: &str, found: Option<&Found<'_>>) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(authzid);
    authzid.is_empty() || same(authcid) || found.is_some_and(|found| same(found.account))
}

fn text(octets: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(octets).ok().map(|text| Zeroizing::new(text.to_owned()))
}
