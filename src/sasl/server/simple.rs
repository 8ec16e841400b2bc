//! The mechanisms of one claim: somebody says who it is, with the proof in the same breath.

use subtle::Choice;
use zeroize::Zeroizing;

use super::{
    Await, Fingerprint, Found, Identity, NOT_TEXT, Reason, ServerContext, ServerExchange,
    ServerStep, TOO_LONG, Wanted, same_identity, text,
};
use crate::sasl::Mechanism;
use crate::sasl::cram::{self, CramResponse};
use crate::sasl::keys::Credentials;
use crate::sasl::ntlm::{Answer, Challenge};
use crate::sasl::prep::{prepare, prepare_or_keep};
use crate::sasl::scram::ClientFirst;

/// What somebody says, before the account is known.
pub(super) enum Claim {
    Password { authzid: String, user: String, password: Zeroizing<String> },
    Cram { challenge: Vec<u8>, response: CramResponse },
    Ntlm { challenge: Box<Challenge>, answer: Box<Answer> },
    Certificate { fingerprint: Fingerprint },
    Scram(Box<ClientFirst>),
}

impl Claim {
    /// Judges everything but SCRAM, which has a way to go yet.
    pub fn judge(
        self,
        found: Option<Found<'_>>,
        mechanism: Mechanism,
        context: &ServerContext,
    ) -> ServerStep {
        let verdict = match self {
            Claim::Password { authzid, user, password } => {
                judge_password(&authzid, &user, &password, found, context)
            }
            Claim::Cram { challenge, response } => {
                judge_cram(&challenge, &response, found, context)
            }
            Claim::Ntlm { challenge, answer } => {
                super::ntlm::judge(&challenge, &answer, found, context)
            }
            Claim::Certificate { fingerprint } => judge_certificate(&fingerprint, found),
            Claim::Scram(_) => Err(Reason::NoAccount),
        };
        match verdict {
            Ok(account) => ServerStep::Verified(Identity { account, mechanism }),
            Err(reason) => ServerStep::Rejected(reason),
        }
    }
}

/// The slow step is taken whoever it is, and before anything is decided.
fn judge_password(
    authzid: &str,
    user: &str,
    password: &str,
    found: Option<Found<'_>>,
    context: &ServerContext,
) -> Result<String, Reason> {
    let decoy = context.decoys.credentials(user);
    let credentials = found.and_then(|found| found.credentials);
    let fits = credentials.unwrap_or(&decoy).scram.are_of(&prepare_or_keep(password));
    let fits = fits & Choice::from(u8::from(prepare(password).is_ok()));
    let account = proven(found, credentials, fits)?;
    match same_identity(authzid, user, found.as_ref()) {
        true => Ok(account),
        false => Err(Reason::OtherIdentity),
    }
}

fn judge_cram(
    challenge: &[u8],
    response: &CramResponse,
    found: Option<Found<'_>>,
    context: &ServerContext,
) -> Result<String, Reason> {
    let decoy = context.decoys.credentials(&response.user);
    let credentials = found.and_then(|found| found.credentials).filter(|kept| kept.cram.is_some());
    let contexts = credentials.unwrap_or(&decoy).cram.as_ref();
    let fits = contexts.map(|contexts| contexts.answers(challenge, &response.digest));
    proven(found, credentials, fits.unwrap_or(Choice::from(0)))
}

/// The account's name, if it exists, keeps a secret, and the secret fits.
pub(super) fn proven(
    found: Option<Found<'_>>,
    credentials: Option<&Credentials>,
    fits: Choice,
) -> Result<String, Reason> {
    let found = found.ok_or(Reason::NoAccount)?;
    match (credentials, bool::from(fits)) {
        (None, _) => Err(Reason::NoSecret),
        (Some(_), false) => Err(Reason::WrongSecret),
        (Some(_), true) => Ok(found.account.to_owned()),
    }
}

fn judge_certificate(shown: &Fingerprint, found: Option<Found<'_>>) -> Result<String, Reason> {
    let found = found.ok_or(Reason::NoAccount)?;
    match found.certificates.contains(shown) {
        true => Ok(found.account.to_owned()),
        false => Err(Reason::WrongCertificate),
    }
}

impl ServerExchange {
    pub(super) fn challenge_cram(&mut self) -> ServerStep {
        let context = &self.context;
        let challenge = cram::challenge(&context.nonce, context.unix_time, &context.host);
        self.ask(&challenge.clone(), Await::CramDigest(challenge))
    }

    pub(super) fn cram_response(&mut self, challenge: Vec<u8>, response: &[u8]) -> ServerStep {
        let Some(response) = CramResponse::parse(response) else {
            return ServerStep::Malformed("not a name, a blank and 32 hexadecimal digits");
        };
        let name = prepare_or_keep(&response.user);
        self.look_up(&name, Claim::Cram { challenge, response })
    }

    pub(super) fn login_user(&mut self, user: &[u8]) -> ServerStep {
        match std::str::from_utf8(user) {
            _ if user.len() > super::MAX_MESSAGE => ServerStep::Malformed(TOO_LONG),
            Ok(user) => self.ask(b"Password:", Await::LoginPassword(user.to_owned())),
            Err(_) => ServerStep::Malformed(NOT_TEXT),
        }
    }

    pub(super) fn login_password(&mut self, user: String, password: &[u8]) -> ServerStep {
        let Some(password) = text(password) else {
            return ServerStep::Malformed(NOT_TEXT);
        };
        let name = prepare_or_keep(&user);
        self.look_up(&name, Claim::Password { authzid: String::new(), user, password })
    }

    /// RFC 4616: `[authzid] NUL authcid NUL passwd`.
    pub(super) fn plain(&mut self, message: &[u8]) -> ServerStep {
        let Some(message) = text(message) else {
            return ServerStep::Malformed(NOT_TEXT);
        };
        let fields: Vec<&str> = message.split('\0').collect();
        let &[authzid, user, password] = &fields[..] else {
            return ServerStep::Malformed("not authzid, NUL, authcid, NUL, password");
        };
        if user.is_empty() || password.is_empty() {
            return ServerStep::Malformed("no name, or no password");
        }
        let (authzid, user) = (authzid.to_owned(), user.to_owned());
        let password = Zeroizing::new(password.to_owned());
        let name = prepare_or_keep(&user);
        self.look_up(&name, Claim::Password { authzid, user, password })
    }

    /// RFC 4422, appendix A.1: the message is the identity asked for, or empty.
    pub(super) fn external(&mut self, message: &[u8]) -> ServerStep {
        let Some(name) = text(message).filter(|name| !name.contains('\0')) else {
            return ServerStep::Malformed(NOT_TEXT);
        };
        let Some(fingerprint) = self.context.certificate else {
            return ServerStep::Rejected(Reason::WrongCertificate);
        };
        self.await_ = Await::Account(Claim::Certificate { fingerprint });
        let name = (!name.is_empty()).then(|| prepare_or_keep(&name).to_string());
        ServerStep::Lookup(Wanted::Certificate { fingerprint, name })
    }
}
