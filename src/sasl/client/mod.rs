//! The customer's side of one AUTH.

mod scram;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::cram;
use super::prep::{BadSecret, prepare, prepare_or_keep};
use super::{MAX_ITERATIONS, MAX_MESSAGE, MIN_ITERATIONS, Mechanism, NONCE_OCTETS};
use crate::sasl::scram::escape;
use scram::{AwaitServerFinal, AwaitServerFirst};

/// What this side knows of channel binding when SCRAM begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// No TLS, no unique exporter, or -PLUS was offered and is passed over on purpose.
    None,
    /// We could bind, but the provider lists no -PLUS. Said aloud, this shows a provider that
    /// *did* list it that somebody took it out (RFC 5802, section 6).
    NotOffered,
    /// RFC 9266: the exporter's 32 octets.
    Exporter([u8; 32]),
}

/// Why a client gives up. The session then says `*`, where something was asked, and ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// Our own settings: the name.
    #[error("the user name cannot be used: {0}")]
    BadUser(BadSecret),
    /// Our own settings: the password.
    #[error("the password cannot be used: {0}")]
    BadSecret(BadSecret),
    /// Our own settings: there is no password, and the mechanism wants one.
    #[error("{0} needs a password, and none is set")]
    NoSecret(Mechanism),
    /// A mechanism of which we have the other side only.
    #[error("this program does not log in by {0}")]
    NotSpoken(Mechanism),
    /// -PLUS was picked without a channel to bind.
    #[error("SCRAM-SHA-256-PLUS needs TLS with channel binding")]
    NoBinding,
    /// A challenge that makes no sense in this mechanism.
    #[error("the provider's challenge is not one of {0}")]
    BadChallenge(Mechanism),
    /// A challenge where the mechanism has none left.
    #[error("the provider asks on where {0} has nothing more to say")]
    Unexpected(Mechanism),
    /// Too little work to protect the password.
    #[error(
        "the provider asks for {0} SCRAM iterations, and fewer than {MIN_ITERATIONS} would expose the password"
    )]
    TooFewIterations(u32),
    /// Work without end.
    #[error(
        "the provider asks for {0} SCRAM iterations, more than the {MAX_ITERATIONS} that are reasonable"
    )]
    TooManyIterations(u32),
    /// The server's nonce does not continue ours: an old exchange is being replayed.
    #[error("the provider's nonce does not continue ours")]
    WrongNonce,
    /// `e=`: its own words, untrusted.
    #[error("the provider says: {}", crate::sasl::client::shown(.0))]
    Refused(String),
    /// The server does not know the secret, whatever it says.
    #[error("the provider could not prove that it knows the password: it is not who it claims")]
    ServerUnproven,
    /// Success was claimed before the exchange was over.
    #[error("the provider claims success before {0} was over")]
    Hasty(Mechanism),
}

/// At most a line of ASCII: nothing a server says may move a cursor.
fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_default).collect()
}

/// One AUTH, from the customer's side. Sans I/O: challenges go in, answers come out.
///
/// After 235, [`ClientExchange::finish`] must be `Ok` before anything is believed.
pub struct ClientExchange {
    mechanism: Mechanism,
    user: String,
    secret: SecretString,
    await_: Await,
}

/// What must come next.
enum Await {
    /// The answer to AUTH itself, or to an empty challenge: ready to be sent.
    Initial(Zeroizing<Vec<u8>>, Box<Await>),
    CramChallenge,
    LoginUser,
    LoginPassword,
    ScramFirst(AwaitServerFirst),
    ScramFinal(AwaitServerFinal),
    Success,
    Nothing,
}

impl ClientExchange {
    /// Begins. `nonce` is fresh, and `binding` is read by SCRAM alone. EXTERNAL wants no secret; the
    /// user may be empty there, and the certificate then says who it is.
    ///
    /// # Errors
    /// [`ClientFault`] when the settings do not suffice for the mechanism.
    pub fn new(
        mechanism: Mechanism,
        user: &str,
        secret: Option<SecretString>,
        nonce: [u8; NONCE_OCTETS],
        binding: Binding,
    ) -> Result<ClientExchange, ClientFault> {
        let secret = match (secret, mechanism) {
            (Some(secret), _) => secret,
            (None, Mechanism::External) => SecretString::default(),
            (None, _) => return Err(ClientFault::NoSecret(mechanism)),
        };
        let await_ = match mechanism {
            Mechanism::Ntlm => return Err(ClientFault::NotSpoken(mechanism)),
            Mechanism::CramMd5 => Await::CramChallenge,
            Mechanism::Login => Await::LoginUser,
            Mechanism::External => ready(user.as_bytes().to_vec(), Await::Success),
            Mechanism::Plain => ready(plain(user, &secret)?, Await::Success),
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                begin_scram(mechanism, user, &secret, nonce, binding)?
            }
        };
        Ok(ClientExchange { mechanism, user: user.to_owned(), secret, await_ })
    }

    /// Which mechanism runs.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What to send along with AUTH, where the mechanism has something (empty is sent as `=`).
    ///
    /// Where the command line has no room for it (512 octets), do not call this: send AUTH alone,
    /// and answer the empty challenge by [`ClientExchange::respond`].
    pub fn initial(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        match std::mem::replace(&mut self.await_, Await::Nothing) {
            Await::Initial(message, then) => {
                self.await_ = *then;
                Some(message)
            }
            other => {
                self.await_ = other;
                None
            }
        }
    }

    /// Answers a challenge (decoded).
    ///
    /// # Errors
    /// [`ClientFault`]: send `*`, then end. The exchange is over.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClientFault> {
        let awaited = std::mem::replace(&mut self.await_, Await::Nothing);
        if challenge.len() > MAX_MESSAGE {
            return Err(ClientFault::BadChallenge(self.mechanism));
        }
        let (answer, then) = match awaited {
            // Whatever is written beside an invitation to speak, it is one.
            Await::Initial(message, then) => (message, *then),
            Await::CramChallenge => (self.cram(challenge)?, Await::Success),
            // The prompts are words in any language: only their order counts.
            Await::LoginUser => (octets(self.user.clone()), Await::LoginPassword),
            Await::LoginPassword => (octets(self.secret.expose_secret()), Await::Success),
            Await::ScramFirst(state) => state.answer(challenge)?,
            Await::ScramFinal(state) => (state.verify(challenge)?, Await::Success),
            Await::Success | Await::Nothing => {
                return Err(ClientFault::Unexpected(self.mechanism));
            }
        };
        self.await_ = then;
        Ok(answer)
    }

    /// The server said 235. `Ok` if it had the right to: SCRAM must have seen its signature, which
    /// is what proves the provider.
    ///
    /// # Errors
    /// [`ClientFault::ServerUnproven`] or [`ClientFault::Hasty`]: do not use this connection.
    pub fn finish(self) -> Result<(), ClientFault> {
        match self.await_ {
            Await::Success => Ok(()),
            Await::ScramFirst(_) | Await::ScramFinal(_) => Err(ClientFault::ServerUnproven),
            _ => Err(ClientFault::Hasty(self.mechanism)),
        }
    }

    /// Brackets around the challenge are a habit, not a rule; any octets are signed as they come.
    fn cram(&self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClientFault> {
        if challenge.is_empty() {
            return Err(ClientFault::BadChallenge(self.mechanism));
        }
        let password = prepare_or_keep(self.secret.expose_secret());
        Ok(Zeroizing::new(cram::response(&self.user, password.as_bytes(), challenge)))
    }
}

impl fmt::Debug for ClientExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientExchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

fn ready(message: impl Into<Vec<u8>>, then: Await) -> Await {
    Await::Initial(Zeroizing::new(message.into()), Box::new(then))
}

fn octets(text: impl Into<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.into())
}

/// RFC 4616: no authzid, NUL, name, NUL, password. The server prepares them.
fn plain(user: &str, secret: &SecretString) -> Result<Vec<u8>, ClientFault> {
    let secret = secret.expose_secret();
    if user.is_empty() || user.contains('\0') {
        return Err(ClientFault::BadUser(blame(user)));
    }
    if secret.is_empty() || secret.contains('\0') {
        return Err(ClientFault::BadSecret(blame(secret)));
    }
    Ok([b"\0", user.as_bytes(), b"\0", secret.as_bytes()].concat())
}

fn blame(text: &str) -> BadSecret {
    if text.is_empty() { BadSecret::Empty } else { BadSecret::Forbidden }
}

fn begin_scram(
    mechanism: Mechanism,
    user: &str,
    secret: &SecretString,
    nonce: [u8; NONCE_OCTETS],
    binding: Binding,
) -> Result<Await, ClientFault> {
    let user = prepare(user).map_err(ClientFault::BadUser)?;
    let password = prepare(secret.expose_secret()).map_err(ClientFault::BadSecret)?;
    let state = AwaitServerFirst::new(mechanism, &escape(&user), password, nonce, binding)?;
    Ok(ready(state.client_first(), Await::ScramFirst(state)))
}
