//! The server's half of a session: hears commands, keeps order among them, takes content in, and
//! asks its caller whatever is not a matter of protocol.
//!
//! RFC 5321 with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), CHUNKING and
//! BINARYMIME (3030), DSN (3461), STARTTLS (3207), AUTH (4954), LIMITS (9422); RFC 2645 for ATRN.
//!
//! Every question is an [`Event`]; until it is answered the session hears nothing further, so
//! replies keep the order of the commands by construction.

mod auth;
mod command;
mod content;
mod ehlo;
mod outbox;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use self::content::Intake;
use self::outbox::Outbox;
use super::tally::Tally;
use super::transcript::{Side, Transcript};
use super::turn::{AtrnRequest, EtrnRequest};
use super::{Mx, Odmr, Patience, Profile, Reversed, Step};
use crate::mail::{Envelope, Recipient};
use crate::sasl::Identity;
use crate::smtp::bdat::Chunk;
use crate::smtp::line::LineSplitter;
use crate::smtp::{ForwardPath, MailParams, Reply, ReversePath, Verb, Xclient};

/// What a server is, offers and endures. Shared by all sessions of a listener.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Which verbs are spoken.
    pub profile: Profile,
    /// Our name in greeting, EHLO and goodbye: a fully qualified domain name.
    pub name: String,
    /// The largest content taken, in octets; the highest number there is for no limit, though what nobody would call
    /// mail is refused then, too.
    pub max_size: u64,
    /// Recipients in one transaction; at least 100 (RFC 5321, section 4.5.3.1.8), unless a target
    /// must have its recipients one by one.
    pub max_recipients: u32,
    /// Transactions in one session; told by LIMITS (RFC 9422).
    pub max_messages: u64,
    /// Messages of more octets are not to be streamed before their envelope is accepted. Told by
    /// XODMR.
    pub max_streamed: u64,
    /// `Received` fields before a mail is held to be going in circles. RFC 5321, section 6.3.
    pub max_received: u32,
    /// Commands that are not SMTP, or out of order, before the line is closed.
    pub max_errors: u32,
    /// Recipients refused before the line is closed: somebody is guessing addresses.
    pub max_refusals: u32,
    /// Commands since the last mail that brought nothing, before the line is closed.
    pub max_idle_commands: u32,
    /// Failed authentications before the line is closed.
    pub max_auth_failures: u32,
    /// How long a customer may take to prove who it is.
    pub login: Duration,
    /// How long all of it may take before we ask the other side to call again.
    pub session: Duration,
    /// How long to wait for what.
    pub patience: Patience,
    /// STARTTLS can be had.
    pub starttls: bool,
    /// Nothing but EHLO, NOOP, STARTTLS and QUIT before TLS. RFC 3207, section 4.
    pub require_tls: bool,
    /// SASL mechanisms listed in clear, and under TLS, strongest first.
    pub mechanisms: Mechanisms,
    /// SMTPUTF8 is offered.
    pub smtputf8: bool,
    /// CHUNKING is offered.
    pub chunking: bool,
    /// BINARYMIME is offered; needs CHUNKING.
    pub binarymime: bool,
    /// DSN is offered.
    pub dsn: bool,
    /// ETRN is offered.
    pub etrn: bool,
    /// A customer that may send can bring mail before ATRN.
    pub submission: bool,
    /// A customer that may send nothing hears of the mail that it brings "not now", and not "never": its server keeps it.
    pub puts_off_mail: bool,
    /// A line of content that ends with LF alone is given its CR, and the mail is not refused for it: IIS 6 sends
    /// such mail of what wrote it into its folder. Content ends with CRLF.CRLF all the same.
    pub mends_bare_lf: bool,
}

/// What AUTH lists. RFC 4954, section 3.
#[derive(Clone, Debug, Default)]
pub struct Mechanisms {
    /// Before TLS.
    pub clear: Vec<String>,
    /// Under TLS.
    pub tls: Vec<String>,
}

impl ServerSettings {
    /// Sane settings for a profile; the caller changes what it knows better.
    pub fn new(profile: Profile, name: &str) -> ServerSettings {
        ServerSettings {
            profile,
            name: name.to_owned(),
            max_size: 50 << 20,
            max_recipients: 1000,
            max_messages: u64::MAX,
            max_streamed: u64::MAX,
            max_received: 100,
            max_errors: 20,
            max_refusals: if profile == Profile::Mx { 100 } else { u32::MAX },
            max_idle_commands: 500,
            max_auth_failures: 3,
            login: Duration::from_secs(300),
            session: Duration::from_secs(if matches!(profile, Profile::Mx | Profile::Lmtp) {
                7200
            } else {
                86_400
            }),
            patience: if profile.is_for_customers() { Patience::ODMR } else { Patience::RFC },
            starttls: false,
            require_tls: false,
            mechanisms: Mechanisms::default(),
            smtputf8: true,
            chunking: true,
            binarymime: true,
            dsn: true,
            etrn: false,
            submission: false,
            puts_off_mail: false,
            mends_bare_lf: false,
        }
    }
}

/// What the caller must decide, do, or know.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// MAIL. Answer with [`ServerSession::accept`] or [`ServerSession::answer`].
    Mail(ReversePath, MailParams),
    /// RCPT. Answer likewise.
    Recipient(Recipient),
    /// Content is about to come: open whatever it goes into, then accept; or answer 4xx or 5xx.
    Begin,
    /// A piece of it. Needs no answer.
    Content(Bytes),
    /// The content is complete and in order. Make it safe, then answer; 250 is a promise.
    End,
    /// The transaction is off, by RSET, a greeting, or a fault in the content. Needs no answer.
    Reset,
    /// AUTH, the initial response decoded. Answer with [`ServerSession::challenge`],
    /// [`ServerSession::authenticated`] or [`ServerSession::auth_refused`].
    Auth(String, Option<Vec<u8>>),
    /// The response to a challenge. Answer likewise.
    Response(Vec<u8>),
    /// The 220 is out: shake hands, then [`ServerSession::secured`].
    Starttls,
    /// Answer with a refusal, or take the session through its turn.
    Atrn(AtrnRequest),
    /// Answer; what comes of it happens on another line.
    Etrn(EtrnRequest),
    /// The caller speaks for somebody else from now on. Needs no answer.
    Introduced(Xclient),
    /// Everything is said: close the line.
    Closed,
}

/// Why a session is over, for whoever has to say what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The client said QUIT.
    Quit,
    /// The client was too slow, or went on for too long.
    TooSlow,
    /// The same, and it may have meant a dot for the end of a content that stands behind text: Exchange 2003 sends binary
    /// mail so (MSQ-38).
    StrayDot,
    /// The client spoke no SMTP, or made too much noise.
    Misconduct,
    /// The caller wanted it so: [`ServerSession::shut_down`], or an answer of 421.
    Told,
}

/// A session in the server's role, standing at `Stage`.
#[derive(Debug)]
pub struct ServerSession<Stage> {
    settings: Arc<ServerSettings>,
    input: BytesMut,
    out: Outbox,
    splitter: LineSplitter,
    state: State,
    events: VecDeque<Event>,
    hello: Option<Hello>,
    /// May say for whom it speaks.
    may_introduce: bool,
    /// What the host that it speaks for called itself.
    introduced: Option<String>,
    secure: bool,
    identity: Option<Identity>,
    /// Whoever has logged in may send mail.
    may_send: bool,
    transaction: Option<Transaction>,
    /// The last MAIL was refused, or a recipient of it.
    moot: bool,
    counts: Counts,
    /// The command that is being answered.
    verb: Option<Verb>,
    tally: Tally,
    since: Instant,
    /// A question was answered, and the client's time begins anew.
    answered: bool,
    born: Instant,
    transcript: Transcript,
    parting: Option<Parting>,
    stage: PhantomData<Stage>,
}

/// How the client introduced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The name it gave; anything without blanks.
    pub name: String,
    /// EHLO rather than HELO.
    pub extended: bool,
}

#[derive(Debug, Default)]
struct Counts {
    errors: u32,
    refusals: u32,
    idle: u32,
    auth_failures: u32,
    messages: u64,
    /// Mail that was refused here, of which the caller heard nothing: at MAIL, by code.
    at_mail: BTreeMap<u16, u64>,
    /// The same where the content came to its end.
    at_end: BTreeMap<u16, u64>,
}

impl Counts {
    /// The last command was no noise: it named a recipient, or carried content.
    fn brought_something(&mut self) {
        self.idle = self.idle.saturating_sub(1);
    }
}

#[derive(Debug)]
struct Transaction {
    envelope: Envelope,
    intake: Option<Intake>,
    /// A chunk was refused: nothing but RSET mends it. RFC 3030, section 2.
    spoilt: bool,
    /// Recipients beyond those that fit.
    excess: u32,
    /// Who they were, as far as anybody is to be told: on a reversed leg, up to `TOO_MANY`.
    too_many: Vec<ForwardPath>,
}

/// What the session is waiting for.
#[derive(Debug)]
enum State {
    Command,
    /// The client's response to a challenge.
    AuthResponse,
    /// Content behind DATA.
    Data,
    /// Octets of a chunk.
    Chunk(Chunk),
    /// Octets of a chunk that nobody wants, and what to say behind them, how often.
    Swallow(Chunk, Reply, usize),
    /// The caller's answer.
    Asked(Question),
    Closed,
}

#[derive(Debug)]
enum Question {
    Mail(ReversePath, MailParams),
    Recipient(Recipient),
    BeginData,
    BeginChunk(Chunk),
    End,
    Auth,
    Starttls,
    Atrn,
    Etrn,
}

impl ServerSession<Mx> {
    /// A stranger has connected, or the server in front of us: the settings say which.
    pub fn mx(settings: Arc<ServerSettings>, now: Instant) -> ServerSession<Mx> {
        ServerSession::greeting(settings, false, Transcript::default(), now)
    }
}

impl ServerSession<Odmr> {
    /// A customer has connected; `secure` when the port speaks TLS from the first octet.
    pub fn odmr(
        settings: Arc<ServerSettings>,
        secure: bool,
        transcript: Transcript,
        now: Instant,
    ) -> ServerSession<Odmr> {
        ServerSession::greeting(settings, secure, transcript, now)
    }

    pub(super) fn into_parts(self) -> (BytesMut, Transcript) {
        (self.out.into_bytes(), self.transcript)
    }
}

impl ServerSession<Reversed> {
    pub(super) fn reversed(
        settings: Arc<ServerSettings>,
        secure: bool,
        transcript: Transcript,
        now: Instant,
    ) -> ServerSession<Reversed> {
        ServerSession::greeting(settings, secure, transcript, now)
    }
}

impl<Stage> ServerSession<Stage> {
    fn greeting(
        settings: Arc<ServerSettings>,
        secure: bool,
        transcript: Transcript,
        now: Instant,
    ) -> ServerSession<Stage> {
        let mut session = ServerSession {
            settings,
            input: BytesMut::new(),
            out: Outbox::default(),
            splitter: LineSplitter::default(),
            state: State::Command,
            events: VecDeque::new(),
            hello: None,
            may_introduce: false,
            introduced: None,
            secure,
            identity: None,
            may_send: false,
            transaction: None,
            moot: false,
            counts: Counts::default(),
            verb: None,
            tally: Tally::default(),
            since: now,
            answered: false,
            born: now,
            transcript,
            parting: None,
            stage: PhantomData,
        };
        session.say(words::greeting(&session.settings));
        session
    }

    /// This caller is believed when it says by XCLIENT for whom it speaks.
    pub fn believe(&mut self) {
        self.may_introduce = true;
    }

    /// Where bytes from the line go; the caller appends to it.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Appends bytes from the line.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// What the session wants next. Must be asked again after every step but `Starved`, and after
    /// an answer.
    pub fn poll(&mut self, now: Instant) -> Step<Event> {
        if std::mem::take(&mut self.answered) {
            self.since = now;
        }
        loop {
            let held_back = |event: &Event| {
                event.waits_for_the_line() && !self.out.is_empty()
                    || event.takes_long() && !self.out.is_silent()
            };
            if self.events.front().is_some_and(held_back) || self.out.is_full() {
                return self.starved();
            }
            if let Some(event) = self.events.pop_front() {
                return Step::Event(self.unless_too_soon(event));
            }
            if !self.progress(now) {
                return self.starved();
            }
        }
    }

    /// Whatever came while the 220 to STARTTLS was being written came in clear, and must not be
    /// heard as if TLS had protected it.
    fn unless_too_soon(&mut self, event: Event) -> Event {
        if event != Event::Starttls || self.input.is_empty() {
            return event;
        }
        self.parting = Some(Parting::Misconduct);
        self.state = State::Closed;
        Event::Closed
    }

    fn starved(&mut self) -> Step<Event> {
        match self.out.is_silent() {
            true => Step::Starved,
            false => Step::Send(self.out.split()),
        }
    }

    /// One step forward, if the input allows one.
    fn progress(&mut self, now: Instant) -> bool {
        let moved = match self.state {
            State::Command => self.command_line(now),
            State::AuthResponse => self.response_line(),
            State::Data => self.take_data(now),
            State::Chunk(_) => self.take_chunk(now),
            State::Swallow(..) => self.swallow(),
            State::Asked(_) | State::Closed => false,
        };
        if moved {
            self.since = now;
        }
        moved
    }

    /// When the caller should give up waiting for bytes and call [`ServerSession::timed_out`].
    /// `None` while it is the caller who is waited for.
    pub fn deadline(&self) -> Option<Instant> {
        let patience = &self.settings.patience;
        match &self.state {
            // It is we who are waited for.
            State::Command if self.out.owed() > 0 => None,
            State::Command | State::AuthResponse => {
                Some((self.since + patience.command).min(self.born + self.longest()))
            }
            State::Data | State::Chunk(_) => Some(self.content_deadline().min(self.very_end())),
            State::Swallow(..) => Some((self.since + patience.block).min(self.very_end())),
            State::Asked(_) | State::Closed => None,
        }
    }

    /// How long the session may last: short for a customer who has not said who it is.
    fn longest(&self) -> Duration {
        match self.settings.profile {
            profile if profile.is_for_customers() && self.identity.is_none() => self.settings.login,
            _ => self.settings.session,
        }
    }

    /// Content that began in time may take as long again, and no longer: where it flows for ever,
    /// each octet would earn it the wait for the next.
    fn very_end(&self) -> Instant {
        self.born + self.longest() * 2
    }

    fn content_deadline(&self) -> Instant {
        let patience = &self.settings.patience;
        let next_block = self.since + patience.block;
        let intake = self.transaction.as_ref().and_then(|transaction| transaction.intake.as_ref());
        let slowest = intake.and_then(|intake| intake.slowest_end(patience));
        slowest.map_or(next_block, |slowest| slowest.min(next_block))
    }

    /// The deadline has passed: say so and close. RFC 5321, section 3.8.
    pub fn timed_out(&mut self) {
        self.verb = None;
        let stray = self.waits_behind_a_stray_dot();
        self.part(if stray { Parting::StrayDot } else { Parting::TooSlow }, words::TOO_SLOW);
    }

    /// The end of a content is waited for, and what came last is a dot that may have been meant for it.
    pub fn waits_behind_a_stray_dot(&self) -> bool {
        let intake = self.transaction.as_ref().and_then(|transaction| transaction.intake.as_ref());
        matches!(self.state, State::Data)
            && intake.is_some_and(|intake| intake.ends_in_a_stray_dot())
    }

    /// The server stops: say 421 where the client can hear it, and close.
    pub fn shut_down(&mut self, reply: Reply) {
        self.verb = None;
        self.part(Parting::Told, reply);
    }

    /// Why it is over; `None` while it is not.
    pub fn parting(&self) -> Option<Parting> {
        self.parting
    }

    /// How the client introduced itself.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// The envelope of the open transaction.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.transaction.as_ref().map(|transaction| &transaction.envelope)
    }

    /// On a reversed leg: the recipients that were told to come again, being too many for this transaction.
    pub fn too_many(&self) -> &[ForwardPath] {
        self.transaction.as_ref().map_or(&[], |transaction| transaction.too_many.as_slice())
    }

    /// Content is flowing, or its end waits to be answered.
    pub fn is_taking_content(&self) -> bool {
        matches!(self.state, State::Data | State::Chunk(_) | State::Asked(Question::End))
    }

    /// Who has authenticated.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// How often what was said, since this was last asked.
    pub fn take_tally(&mut self) -> Tally {
        self.tally.take()
    }

    /// What was said so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Adds a note of the caller's own.
    pub fn transcript_mut(&mut self) -> &mut Transcript {
        &mut self.transcript
    }

    /// Answers a question with yes, in the usual words.
    pub fn accept(&mut self) {
        let reply = match &self.state {
            State::Asked(Question::Mail(..)) => words::SENDER_OK,
            State::Asked(Question::Recipient(_)) => words::RECIPIENT_OK,
            State::Asked(Question::BeginData | Question::BeginChunk(_)) => words::GO_AHEAD,
            _ => words::OK,
        };
        self.answer(reply);
    }

    /// Answers a question with `reply`: 2xx (3xx at [`Event::Begin`]) is yes, all else no.
    pub fn answer(&mut self, reply: Reply) {
        let State::Asked(question) = std::mem::replace(&mut self.state, State::Command) else {
            debug_assert!(false, "an answer to nothing");
            return;
        };
        self.answered = true;
        let yes = matches!(reply.code / 100, 2 | 3);
        match question {
            Question::Mail(path, params) if yes => self.open(Envelope::opened(path, params)),
            Question::Recipient(recipient) if yes => self.add(recipient),
            Question::Recipient(_) => return self.refuse_recipient(reply),
            Question::BeginData => return self.begin_data(yes, reply),
            Question::BeginChunk(chunk) => return self.begin_chunk(yes, chunk, reply),
            Question::End => {
                let times = self.final_replies();
                self.transaction = None;
                (1..times).for_each(|_| self.say(reply.clone()));
            }
            Question::Mail(..)
            | Question::Auth
            | Question::Starttls
            | Question::Atrn
            | Question::Etrn => {}
        }
        let last_words = reply.code == 421;
        self.say(reply);
        if last_words {
            self.close();
        }
    }

    /// Messages that were refused at MAIL without the caller's hearing of it, by code.
    pub fn refused_at_mail(&self) -> &BTreeMap<u16, u64> {
        &self.counts.at_mail
    }

    /// Messages whose content was refused where it ended, likewise.
    pub fn refused_at_end(&self) -> &BTreeMap<u16, u64> {
        &self.counts.at_end
    }

    /// Puts off the answer to [`Event::End`], and hears on meanwhile: several messages may be made
    /// safe in one go. All that is said behind it waits for it.
    pub fn answer_later(&mut self) {
        let State::Asked(Question::End) = &self.state else {
            debug_assert!(false, "only content is answered later");
            return;
        };
        self.answered = true;
        self.state = State::Command;
        self.transaction = None;
        self.out.owe();
    }

    /// Gives the oldest answer that was put off.
    pub fn answer_oldest(&mut self, reply: Reply) {
        self.answered = true;
        for reply in self.out.give(reply) {
            self.note(&reply);
        }
    }

    /// How many answers were put off and are not given yet.
    pub fn owed(&self) -> usize {
        self.out.owed()
    }

    /// Is there any sense in reading more? Not behind its end, and not while all that could be said
    /// waits for an answer that was put off: what came meanwhile would only fill the memory.
    pub fn hears(&self) -> bool {
        !matches!(self.state, State::Closed) && !self.out.is_full()
    }

    fn open(&mut self, envelope: Envelope) {
        self.moot = false;
        self.transaction = Some(Transaction {
            envelope,
            intake: None,
            spoilt: false,
            excess: 0,
            too_many: Vec::new(),
        });
    }

    fn add(&mut self, recipient: Recipient) {
        self.counts.brought_something();
        if let Some(transaction) = &mut self.transaction {
            transaction.envelope.recipients.push(recipient);
        }
    }

    fn refuse_recipient(&mut self, reply: Reply) {
        self.moot = true;
        self.counts.refusals += 1;
        self.counts.brought_something();
        let guessing = self.counts.refusals > self.settings.max_refusals;
        let last_words = reply.code == 421;
        self.say(reply);
        if guessing {
            self.close_with(words::TOO_MANY_REFUSALS);
        } else if last_words {
            self.close();
        }
    }

    /// How often the end of the content is answered: in LMTP for each recipient that was accepted, in
    /// their order (RFC 2033, section 4.2), else once. We take a message for all of them or for none.
    fn final_replies(&self) -> usize {
        match &self.transaction {
            Some(transaction) if self.settings.profile == Profile::Lmtp => {
                transaction.envelope.recipients.len().max(1)
            }
            _ => 1,
        }
    }

    pub(super) fn say(&mut self, reply: Reply) {
        self.tally.note(self.verb, reply.code);
        if let Some(reply) = self.out.say(reply) {
            self.note(&reply);
        }
    }

    fn note(&mut self, reply: &Reply) {
        if self.transcript.is_kept() {
            let side = self.side();
            self.transcript.said(side, wire_text(reply));
        }
    }

    /// Closes on a client that has it coming.
    fn close_with(&mut self, reply: Reply) {
        self.part(Parting::Misconduct, reply);
    }

    /// Last words are said once.
    fn part(&mut self, why: Parting, reply: Reply) {
        if matches!(self.state, State::Closed) {
            return;
        }
        self.parting = Some(why);
        self.say(reply);
        self.close();
    }

    fn close(&mut self) {
        self.parting.get_or_insert(Parting::Told);
        self.transaction = None;
        self.state = State::Closed;
        self.events.push_back(Event::Closed);
    }

    /// Asks the caller. At most one question is ever open.
    fn ask(&mut self, question: Question, event: Event) {
        self.state = State::Asked(question);
        self.events.push_back(event);
    }

    fn side(&self) -> Side {
        match self.settings.profile {
            Profile::Mx | Profile::Odmr | Profile::Lmtp | Profile::Exchange => Side::Provider,
            Profile::Reversed => Side::Customer,
        }
    }

    fn other_side(&self) -> Side {
        match self.side() {
            Side::Provider => Side::Customer,
            Side::Customer => Side::Provider,
        }
    }
}

/// The reply as it goes over the wire, for the transcript.
pub(super) fn wire_text(reply: &Reply) -> String {
    let mut wire = BytesMut::new();
    reply.write(&mut wire);
    String::from_utf8_lossy(&wire).trim_end().replace("\r\n", "\n")
}

impl Event {
    /// Must everything said so far be on the line before the caller acts on this?
    fn waits_for_the_line(&self) -> bool {
        matches!(self, Event::Starttls | Event::Closed)
    }

    /// May whoever waits for an earlier answer give up before this one is found? RFC 2920, section 3.2: answers
    /// are sent when the input runs dry.
    fn takes_long(&self) -> bool {
        matches!(self, Event::End)
    }
}
