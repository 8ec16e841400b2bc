//! The customer calls its provider: connects, secures the line, proves who it is, and asks for its
//! mail. Up to the turn; what lies behind it is `receive`. RFC 2645, sections 5.1 and 5.2.

mod mask;

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tracing::debug;

use self::mask::Mask;
pub use self::mask::Missing;
use super::line::{LineEnd, ask};
use crate::config::fetch::{self, Account, ClearAuth, Profile, TlsMode, Verb};
use crate::exit::Exit;
use crate::net::{Calling, ConnectError, Family, TlsClient, Wire, WireFault, connect};
use crate::sasl::{
    Binding, ClientExchange, ClientFault, InClear, Mechanism, NONCE_OCTETS, NoMechanism, Policy,
    choose,
};
use crate::session::client::{Heard, PeerFault};
use crate::session::transcript::{Note, Transcript};
use crate::session::{ClientSession, Granted, Odmr, Patience};
use crate::smtp::{Capabilities, Domain, Reply};

/// What a call needs besides the account's settings.
pub struct Caller<'a> {
    /// The account.
    pub account: &'a Account,
    /// The provider's host, as the user wrote it.
    pub server: String,
    /// How TLS is spoken; none for an account that does without.
    pub tls: Option<&'a TlsClient>,
    /// Our name for EHLO.
    pub name: String,
    /// The password, where there is one.
    pub secret: Option<SecretString>,
    /// How long to wait for what.
    pub patience: Patience,
    /// What we call for. A provider that does not offer ATRN is left before any secret is said; to a
    /// smarthost mail is brought.
    pub errand: CalledFor,
}

/// What a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledFor {
    /// To fetch our mail.
    Atrn,
    /// To bring mail.
    Sending,
}

/// A provider that knows who we are.
#[derive(Debug)]
pub struct Called {
    /// The line.
    pub wire: Wire,
    /// The session on it.
    pub session: ClientSession<Odmr>,
    /// What the provider offers on this line.
    pub offers: Capabilities,
    /// How we have proven who we are; none when the account has no login.
    pub mechanism: Option<Mechanism>,
}

/// By what a line can be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// ATRN with a list of domains.
    List,
    /// ATRN without one: for all that the account may have.
    Bare,
    /// TURN, which is for the same. RFC 5321, appendix F.1: never without a login.
    Turn,
}

impl Way {
    /// The command.
    pub fn verb(self) -> &'static str {
        match self {
            Way::List | Way::Bare => "ATRN",
            Way::Turn => "TURN",
        }
    }

    /// The same in small letters, for summaries.
    pub fn word(self) -> &'static str {
        match self {
            Way::List | Way::Bare => "atrn",
            Way::Turn => "turn",
        }
    }
}

/// The ways that are tried, in order. Another than the first only at an Exchange, which may list ATRN and
/// know no list of domains, or none of it: what it does is not to be had from what it lists.
pub fn ways(
    account: &Account,
    offers: &Capabilities,
    domains: &[Domain],
    logs_in: bool,
) -> Vec<Way> {
    let listed = if domains.is_empty() { Way::Bare } else { Way::List };
    let atrn = match account.verb {
        Verb::Auto => offers.atrn,
        Verb::Atrn => true,
        Verb::Turn => false,
    };
    let turn = match account.verb {
        Verb::Auto => offers.turn,
        Verb::Atrn => false,
        Verb::Turn => true,
    };
    let mut ways: Vec<Way> = [(atrn, listed), (atrn, Way::Bare), (turn && logs_in, Way::Turn)]
        .into_iter()
        .filter_map(|(may, way)| may.then_some(way))
        .collect();
    ways.dedup();
    let most = if account.profile == Profile::Exchange { ways.len() } else { 1 };
    ways.truncate(most);
    ways
}

/// 535 as Exchange says it (MS-SMTPNTLM, section 2.2.1): others say 5.7.8.
fn is_exchanges_own(reply: &Reply) -> bool {
    reply.code == 535 && reply.enhanced.is_some_and(|said| (said.subject, said.detail) == (7, 3))
}

/// 454 5.7.3 is Exchange's for an account that may not send: for good, whatever the first digit says (MSQ-29).
fn lacks_leave(reply: &Reply) -> bool {
    reply.code == 454 && reply.text.starts_with("5.7.3")
}

/// Whether this says no more than that the command is not known, or not in this form.
fn is_about_the_form(reply: &Reply) -> bool {
    matches!(reply.code, 500..=502 | 504)
}

/// What came of asking.
#[derive(Debug)]
pub enum Asked {
    /// The provider turns; so must we.
    Turning(Box<Called>, Way, Granted),
    /// It does not, and says why to what was said last; and this was the dialogue.
    Told(Way, Reply, Transcript),
}

/// Why a call came to nothing: who should act, and how the program ends.
#[derive(Debug, thiserror::Error)]
pub enum CallFault {
    /// Nobody there.
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// The line broke, or the other side does not speak the protocol.
    #[error("{0}")]
    Line(#[from] LineEnd),
    /// The provider does not want to talk.
    #[error("greeted us with \"{0}\"")]
    Greeting(Reply),
    /// It knows no EHLO, so it cannot be an ODMR server.
    #[error("answered EHLO with \"{0}\"")]
    NoEhlo(Reply),
    /// The account wants TLS, and there is none to be had.
    #[error("offers no STARTTLS, and this account says nothing in clear")]
    NoTls,
    /// It offered STARTTLS and refused it.
    #[error("answered STARTTLS with \"{0}\"")]
    TlsRefused(Reply),
    /// It is no ODMR server.
    #[error("its EHLO lists no ATRN, and no TURN")]
    NoAtrn,
    /// Something on the way writes over what it says, and this is missing.
    #[error("{0}; a device on the way overwrites what it says")]
    Masked(Missing),
    /// No common way to prove who we are.
    #[error("{0}")]
    NoMechanism(#[from] NoMechanism),
    /// It does not believe us.
    #[error("answered AUTH {0} with \"{1}\"")]
    Refused(Mechanism, Reply),
    /// The exchange cannot be gone through with; perhaps we do not believe it.
    #[error("{0}")]
    Exchange(#[from] ClientFault),
}

impl CallFault {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            CallFault::Connect(fault) => connect_exit(fault),
            CallFault::Line(end) => end.exit(),
            CallFault::Greeting(reply)
            | CallFault::NoEhlo(reply)
            | CallFault::TlsRefused(reply)
                if reply.is_transient() =>
            {
                Exit::TempFail
            }
            CallFault::Refused(_, reply) if lacks_leave(reply) => Exit::NoPerm,
            CallFault::Refused(_, reply) if reply.is_transient() => Exit::TempFail,
            CallFault::Greeting(_)
            | CallFault::NoEhlo(_)
            | CallFault::NoAtrn
            | CallFault::Masked(Missing::Ehlo | Missing::Atrn) => Exit::Protocol,
            CallFault::NoTls
            | CallFault::Masked(Missing::Tls | Missing::Login)
            | CallFault::TlsRefused(_)
            | CallFault::NoMechanism(_)
            | CallFault::Refused(..) => Exit::NoPerm,
            CallFault::Exchange(fault) => exchange_exit(fault),
        }
    }

    /// Whether another provider is worth a call instead.
    pub fn another_may_help(&self) -> bool {
        match self {
            CallFault::Connect(_) | CallFault::Greeting(_) => true,
            CallFault::Line(end) => end.exit() == Exit::TempFail,
            CallFault::Refused(_, reply) | CallFault::NoEhlo(reply) => reply.is_transient(),
            CallFault::NoTls
            | CallFault::TlsRefused(_)
            | CallFault::NoAtrn
            | CallFault::Masked(_)
            | CallFault::NoMechanism(_)
            | CallFault::Exchange(_) => false,
        }
    }

    /// Whether it is this end that has no way to anybody.
    pub fn is_offline(&self) -> bool {
        matches!(self, CallFault::Connect(fault) if fault.is_offline())
    }

    /// What is wrong, and with whom.
    pub fn told(&self, server: &str) -> String {
        match self {
            CallFault::Connect(fault) => fault.to_string(),
            _ => format!("{server}: {self}"),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            CallFault::Connect(ConnectError::HostUnknown { .. }) => "is the name spelt right?",
            CallFault::Connect(ConnectError::Unreachable { .. }) => {
                "is the port right, and does a firewall let us out? Providers use 366, or 25, 587 or 386"
            }
            CallFault::Connect(_) => return None,
            // Exchange 2003 has TLS 1.0 at best (MSQ-49).
            CallFault::Line(LineEnd::Wire(fault)) if fault.is_too_old() => {
                "it speaks no version of TLS that is allowed here: have it brought up to date, put a VPN or stunnel between, or, where nobody else is on the way, tls = \"none\" and clear_auth"
            }
            CallFault::Line(LineEnd::Wire(fault)) => return fault.hint().map(str::to_owned),
            CallFault::Line(LineEnd::Peer(_)) => "is this the port of an ODMR server?",
            CallFault::Line(LineEnd::TimedOut("its greeting")) => {
                "a port that says nothing may be waiting for TLS: try tls = \"implicit\""
            }
            CallFault::Line(_) => return None,
            CallFault::Greeting(_) => return None,
            CallFault::NoEhlo(reply) if reply.is_transient() => return None,
            CallFault::NoEhlo(_) | CallFault::NoAtrn => {
                "is this an ODMR port? Providers use 366, or 25, 587 or 386; verb = \"atrn\" asks all the same"
            }
            CallFault::Masked(_) => {
                "a PIX or ASA does so with \"fixup protocol smtp\" or \"inspect esmtp\": turn that off where you can, or use another port"
            }
            CallFault::NoTls => {
                "use tls = \"implicit\" for a port that speaks TLS at once, or tls = \"none\" to do without"
            }
            CallFault::TlsRefused(_) => "the provider's TLS is out of order; tell its postmaster",
            CallFault::NoMechanism(NoMechanism::NothingOffered) => {
                "is this an ODMR port? Providers use 366, or 25, 587 or 386; mech = names a login to be tried all the same"
            }
            CallFault::Refused(_, reply) if lacks_leave(reply) => {
                "the password is right, and Exchange lets this account not send: its administrator must; it will not pass"
            }
            CallFault::Refused(_, reply) if matches!(reply.code, 505 | 530 | 538) => {
                "it wants TLS before a login: tls = \"starttls\", or \"implicit\" for a port that speaks TLS at once"
            }
            CallFault::Refused(_, reply) if matches!(reply.code, 500 | 502..=504) => {
                "it knows no such login; mech = names another to be tried"
            }
            CallFault::NoMechanism(_) => {
                "a password is said in clear only where TLS protects it, or the settings allow it"
            }
            CallFault::Refused(_, reply) if is_exchanges_own(reply) => {
                "check user and password; Exchange wants DOMAIN\\user or user@domain, and never lets its built-in Administrator in"
            }
            CallFault::Refused(_, reply) if reply.is_permanent() => {
                "check user and password; some providers want the domain, or DOMAIN\\user, for a user name"
            }
            CallFault::Refused(..) => return None,
            CallFault::Exchange(ClientFault::ServerUnproven | ClientFault::WrongNonce) => {
                "somebody else may be answering in the provider's place; do not send the password by other means"
            }
            CallFault::Exchange(_) => return None,
        };
        Some(text.to_owned())
    }
}

pub(super) fn connect_exit(fault: &ConnectError) -> Exit {
    match fault {
        ConnectError::HostUnknown { .. } | ConnectError::WrongFamily { .. } => Exit::NoHost,
        ConnectError::LookupFailed { .. } => Exit::TempFail,
        ConnectError::Unreachable { .. } => Exit::Unavailable,
    }
}

fn exchange_exit(fault: &ClientFault) -> Exit {
    match fault {
        ClientFault::BadUser(_) | ClientFault::BadSecret(_) | ClientFault::NoSecret(_) => {
            Exit::Config
        }
        ClientFault::BadChallenge(_) | ClientFault::Unexpected(_) | ClientFault::Hasty(_) => {
            Exit::Protocol
        }
        _ => Exit::NoPerm,
    }
}

impl LineEnd {
    /// How a customer's program ends when its line has ended so.
    pub fn exit(&self) -> Exit {
        match self {
            LineEnd::Peer(_) | LineEnd::Wire(WireFault::Tls { .. }) => Exit::Protocol,
            LineEnd::Wire(WireFault::Untrusted { .. }) => Exit::NoPerm,
            LineEnd::Closed | LineEnd::Spoilt | LineEnd::TimedOut(_) | LineEnd::Wire(_) => {
                Exit::TempFail
            }
        }
    }
}

impl Caller<'_> {
    /// Calls and logs in. The dialogue goes along with the session; where there is none in the end,
    /// `transcript` has what was said.
    ///
    /// # Errors
    /// [`CallFault`]; nothing has been asked for then.
    pub async fn call(&self, transcript: &mut Transcript) -> Result<Called, CallFault> {
        let wire = self.connect().await?;
        let mut kept = std::mem::take(transcript);
        if let Some(secret) = &self.secret {
            kept.knows(secret.expose_secret());
        }
        let mut session = ClientSession::calling(self.patience, kept, Instant::now());
        match self.log_in(wire, &mut session).await {
            Ok((wire, offers, mechanism)) => Ok(Called { wire, session, offers, mechanism }),
            Err(fault) => {
                *transcript = session.transcript().clone();
                Err(fault)
            }
        }
    }

    /// What is missing behind a mask was taken away on the way: it is told as that, and nothing weaker is tried.
    async fn log_in(
        &self,
        wire: Wire,
        session: &mut ClientSession<Odmr>,
    ) -> Result<(Wire, Capabilities, Option<Mechanism>), CallFault> {
        let mut mask = Mask::default();
        let told = self.log_in_behind(wire, session, &mut mask).await;
        told.map_err(|fault| mask.seen_through(fault))
    }

    async fn log_in_behind(
        &self,
        wire: Wire,
        session: &mut ClientSession<Odmr>,
        mask: &mut Mask,
    ) -> Result<(Wire, Capabilities, Option<Mechanism>), CallFault> {
        let wire = self.greet(wire, session, mask).await?;
        let (mut wire, offers) = self.secure(wire, session, mask).await?;
        let logs_in = self.account.user.is_some() || self.account.certificate.is_some();
        if self.errand == CalledFor::Atrn && ways(self.account, &offers, &[], logs_in).is_empty() {
            // Before any secret is said.
            say_goodbye(&mut wire, session).await;
            return Err(CallFault::NoAtrn);
        }
        let mechanism = match logs_in {
            true => Some(self.prove(&mut wire, session, &offers).await?),
            false => None,
        };
        Ok((wire, offers, mechanism))
    }

    async fn connect(&self) -> Result<Wire, CallFault> {
        let wire = connect(&self.server, self.account.port, &calling(self.account)).await?;
        match self.account.tls {
            TlsMode::Implicit => self.handshake(wire).await,
            _ => Ok(wire),
        }
    }

    async fn handshake(&self, wire: Wire) -> Result<Wire, CallFault> {
        let name = self
            .account
            .server_name
            .as_ref()
            .map_or_else(|| self.server.clone(), ToString::to_string);
        let Some(tls) = self.tls else { return Err(CallFault::NoTls) };
        let deadline = Instant::now() + self.account.timeout_greeting.get();
        Ok(wire.start_tls_client(tls, &name, Some(deadline)).await.map_err(LineEnd::from)?)
    }

    /// Hears the greeting. A server that greets nobody in clear may be waiting for TLS.
    async fn greet(
        &self,
        mut wire: Wire,
        session: &mut ClientSession<Odmr>,
        mask: &mut Mask,
    ) -> Result<Wire, CallFault> {
        if self.account.tls == TlsMode::Require {
            match wire.read(session.input(), Some(Instant::now() + SILENCE)).await {
                Err(WireFault::TimedOut { .. }) => wire = self.handshake(wire).await?,
                Err(fault) => return Err(LineEnd::from(fault).into()),
                Ok(0) => return Err(LineEnd::Closed.into()),
                Ok(_) => {}
            }
        }
        note_tls(&wire, session);
        match ask(&mut wire, session).await? {
            Heard::Greeting(reply) if reply.code == 220 => {
                mask.greeted(&reply);
                Ok(wire)
            }
            Heard::Greeting(reply) => Err(CallFault::Greeting(reply)),
            _ => Err(out_of_step()),
        }
    }

    /// EHLO, STARTTLS where it is wanted, and EHLO again: what was offered in clear counts for
    /// nothing (RFC 3207, section 4.2).
    async fn secure(
        &self,
        mut wire: Wire,
        session: &mut ClientSession<Odmr>,
        mask: &mut Mask,
    ) -> Result<(Wire, Capabilities), CallFault> {
        let offers = self.hello(&mut wire, session).await?;
        mask.offered(&offers);
        let wanted = wire.tls().is_none() && self.account.tls != TlsMode::None;
        if !wanted || !offers.starttls && self.account.tls == TlsMode::Opportunistic {
            return Ok((wire, offers));
        }
        if !offers.starttls {
            say_goodbye(&mut wire, session).await;
            return Err(CallFault::NoTls);
        }
        session.starttls(Instant::now());
        match ask(&mut wire, session).await? {
            Heard::GoAhead => {}
            Heard::NoTls(reply) => return Err(CallFault::TlsRefused(reply)),
            _ => return Err(out_of_step()),
        }
        wire = self.handshake(wire).await?;
        note_tls(&wire, session);
        // Nobody on the way has a hand in these.
        *mask = Mask::default();
        let offers = self.hello(&mut wire, session).await?;
        Ok((wire, offers))
    }

    async fn hello(
        &self,
        wire: &mut Wire,
        session: &mut ClientSession<Odmr>,
    ) -> Result<Capabilities, CallFault> {
        session.ehlo(&self.name_on(wire), Instant::now());
        match ask(wire, session).await? {
            Heard::Offers(offers) => Ok(*offers),
            Heard::NoExtensions(reply) => Err(CallFault::NoEhlo(reply)),
            _ => Err(out_of_step()),
        }
    }

    /// Our name, or the address literal of this end of the line where we have none.
    fn name_on(&self, wire: &Wire) -> String {
        match (self.name.as_str(), wire.local().map(|address| address.ip())) {
            ("", Some(ip)) => crate::smtp::Host::Literal(ip).to_string(),
            ("", None) => "[127.0.0.1]".to_owned(),
            (name, _) => name.to_owned(),
        }
    }

    async fn prove(
        &self,
        wire: &mut Wire,
        session: &mut ClientSession<Odmr>,
        offers: &Capabilities,
    ) -> Result<Mechanism, CallFault> {
        let exporter = wire.tls().and_then(|facts| facts.exporter().copied());
        let mechanism = choose(&offers.auth, &self.policy(wire, exporter.is_some()))?;
        let plus_listed = offers.auth.iter().any(|name| name == Mechanism::ScramSha256Plus.name());
        let binding = match exporter {
            Some(octets) if mechanism.binds_channel() => Binding::Exporter(octets),
            Some(_) if !plus_listed => Binding::NotOffered,
            _ => Binding::None,
        };
        let mut nonce = [0; NONCE_OCTETS];
        rand::fill(&mut nonce);
        let user = self.account.user.as_deref().unwrap_or("");
        let exchange = ClientExchange::new(mechanism, user, self.secret.clone(), nonce, binding)?;
        debug!(%mechanism, "authenticating");
        exchange_messages(wire, session, exchange).await?;
        Ok(mechanism)
    }

    fn policy(&self, wire: &Wire, binding: bool) -> Policy {
        let trusted =
            self.account.tls != TlsMode::Opportunistic || self.account.fingerprint.is_some();
        Policy {
            verified_tls: wire.tls().is_some() && trusted,
            binding,
            secret: self.secret.is_some(),
            certificate: wire.tls().is_some() && self.account.certificate.is_some(),
            in_clear: match self.account.clear_auth {
                ClearAuth::None => InClear::Scram,
                ClearAuth::CramMd5 => InClear::Cram,
                ClearAuth::Plain => InClear::Password,
            },
            forced: forced(self.account.mechanism),
        }
    }
}

fn forced(chosen: fetch::Mechanism) -> Option<Mechanism> {
    match chosen {
        fetch::Mechanism::Auto => None,
        fetch::Mechanism::ScramSha256Plus => Some(Mechanism::ScramSha256Plus),
        fetch::Mechanism::ScramSha256 => Some(Mechanism::ScramSha256),
        fetch::Mechanism::CramMd5 => Some(Mechanism::CramMd5),
        fetch::Mechanism::Plain => Some(Mechanism::Plain),
        fetch::Mechanism::Login => Some(Mechanism::Login),
        fetch::Mechanism::External => Some(Mechanism::External),
    }
}

/// How long a server may say nothing before we take it to be waiting for TLS.
const SILENCE: Duration = Duration::from_secs(5);

fn note_tls(wire: &Wire, session: &mut ClientSession<Odmr>) {
    if let Some(facts) = wire.tls() {
        session.transcript_mut().note(Note::Tls(facts.version().to_owned()));
    }
}

/// How an account's settings say that its provider is to be called.
pub fn calling(account: &Account) -> Calling {
    Calling {
        family: match account.family {
            fetch::Family::Any => Family::Any,
            fetch::Family::Ipv4 => Family::V4,
            fetch::Family::Ipv6 => Family::V6,
        },
        proxy: account.proxy.as_ref().map(|proxy| (proxy.host.to_string(), proxy.port)),
        from: account.bind.map(|own| own.0),
        patience: account.timeout_connect.get(),
    }
}

/// Carries the exchange's messages until 235, and believes that only once the mechanism does.
async fn exchange_messages(
    wire: &mut Wire,
    session: &mut ClientSession<Odmr>,
    mut exchange: ClientExchange,
) -> Result<(), CallFault> {
    let mechanism = exchange.mechanism();
    let initial = exchange.initial();
    let sent =
        session.auth(mechanism.name(), initial.as_ref().map(|octets| &octets[..]), Instant::now());
    let mut held_back = initial.filter(|_| !sent);
    loop {
        let heard = match ask(wire, session).await {
            // What is no base64 is called off like any challenge that makes no sense. RFC 4954, section 4.
            Err(end @ LineEnd::Peer(PeerFault::Nonsense { .. })) => {
                session.cancel(Instant::now());
                let _ = ask(wire, session).await;
                return Err(end.into());
            }
            other => other?,
        };
        match heard {
            Heard::Challenge(_) if held_back.is_some() => {
                let initial = held_back.take().unwrap_or_default();
                session.respond(&initial, Instant::now());
            }
            Heard::Challenge(challenge) => match exchange.respond(&challenge) {
                Ok(response) => session.respond(&response, Instant::now()),
                Err(fault) => {
                    session.cancel(Instant::now());
                    // Its answer, 501, changes nothing any more.
                    let _ = ask(wire, session).await;
                    return Err(fault.into());
                }
            },
            Heard::Authenticated(_) => return Ok(exchange.finish()?),
            Heard::AuthRefused(reply) => return Err(CallFault::Refused(mechanism, reply)),
            _ => return Err(out_of_step()),
        }
    }
}

impl Called {
    /// Asks for the mail of these domains, or of all the account may have.
    ///
    /// # Errors
    /// [`CallFault`] when the line ends first.
    pub async fn ask_for(
        mut self,
        account: &Account,
        domains: &[Domain],
    ) -> Result<Asked, CallFault> {
        let ways = ways(account, &self.offers, domains, self.mechanism.is_some());
        let mut left = ways.into_iter().peekable();
        while let Some(way) = left.next() {
            match way {
                Way::List => self.session.atrn(domains, Instant::now()),
                Way::Bare => self.session.atrn(&[], Instant::now()),
                Way::Turn => self.session.bare_turn(Instant::now()),
            }
            match ask(&mut self.wire, &mut self.session).await? {
                Heard::Turning(granted) => return Ok(Asked::Turning(Box::new(self), way, granted)),
                Heard::AtrnRefused(reply) if is_about_the_form(&reply) && left.peek().is_some() => {
                    debug!(%reply, verb = way.verb(), "asking in another way");
                }
                Heard::AtrnRefused(reply) => {
                    let transcript = self.goodbye().await;
                    return Ok(Asked::Told(way, reply, transcript));
                }
                _ => return Err(out_of_step()),
            }
        }
        Err(CallFault::NoAtrn)
    }

    /// Whether the first that is said takes a list of domains.
    pub fn takes_a_list(&self, account: &Account) -> bool {
        ways(account, &self.offers, &account.domains, self.mechanism.is_some()).first()
            == Some(&Way::List)
    }

    /// The longest command line this provider hears out: what RFC 5321 promises, unless it is one
    /// of ours.
    pub fn line_limit(&self) -> usize {
        if self.offers.xodmr.is_some() { crate::session::Profile::Odmr.line_limit() } else { 512 }
    }

    /// Ends the call without having asked for anything.
    pub async fn goodbye(mut self) -> Transcript {
        say_goodbye(&mut self.wire, &mut self.session).await;
        let transcript = self.session.transcript().clone();
        self.wire.close().await;
        transcript
    }
}

/// QUIT; whether and how it is answered no longer matters.
async fn say_goodbye(wire: &mut Wire, session: &mut ClientSession<Odmr>) {
    session.quit(Instant::now());
    let _ = tokio::time::timeout(Duration::from_secs(5), ask(wire, session)).await;
}

fn out_of_step() -> CallFault {
    // The session pairs each command with its own answers, so no other can come.
    CallFault::Line(LineEnd::Closed)
}

/// Cuts a list of domains into groups whose ATRN lines are no longer than `limit` octets, CRLF
/// included. fetchmail cuts such a line silently, and the mail of the last domains never comes.
pub fn groups(domains: &[Domain], limit: usize) -> Vec<Vec<Domain>> {
    let mut groups: Vec<Vec<Domain>> = vec![Vec::new()];
    let mut length = "ATRN\r\n".len();
    for domain in domains {
        let longer = domain.as_str().len() + 1;
        let full = groups.last().is_some_and(|group| !group.is_empty());
        if length + longer > limit && full {
            groups.push(Vec::new());
            length = "ATRN\r\n".len();
        }
        length += longer;
        if let Some(group) = groups.last_mut() {
            group.push(domain.clone());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_asked_for_in_several_sessions() {
        let domains: Vec<Domain> = (0..400)
            .map(|n| Domain::parse(&format!("domain-number-{n}.example.org")).unwrap())
            .collect();
        let groups = groups(&domains, 512);
        assert_eq!(groups.concat(), domains);
        for group in &groups {
            let names: Vec<&str> = group.iter().map(Domain::as_str).collect();
            assert!(format!("ATRN {}\r\n", names.join(",")).len() <= 512);
        }
    }

    #[test]
    fn what_exchange_says_for_good_is_not_for_later() {
        let refused = |text: &'static str| {
            let reply = Reply { code: 454, ..Reply::plain(454, text) };
            CallFault::Refused(Mechanism::Login, reply)
        };
        let told = refused("5.7.3 Client does not have permission to submit mail to this server");
        assert_eq!(told.exit(), Exit::NoPerm);
        assert!(told.hint().unwrap().contains("will not pass"));
        assert_eq!(refused("4.7.0 Temporary authentication failure").exit(), Exit::TempFail);
        let tls = CallFault::Refused(
            Mechanism::Login,
            Reply::plain(505, "Must issue a STARTTLS command first"),
        );
        assert!(tls.exit() == Exit::NoPerm && tls.hint().unwrap().contains("wants TLS"));
    }

    #[test]
    fn no_domain_is_one_bare_atrn() {
        assert_eq!(groups(&[], 512), vec![Vec::<Domain>::new()]);
    }
}
