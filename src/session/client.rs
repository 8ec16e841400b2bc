//! The client's half of a session before the turn: the customer introduces itself, secures the
//! line, proves who it is, and asks for its mail. RFC 2645, sections 5.1 and 5.2.
//!
//! One command is under way at a time. What to say next is the caller's decision; that the answer
//! belongs to what was asked is the session's.

use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;

use super::transcript::{Note, Side, Transcript, redacted};
use super::turn::Granted;
use super::{Odmr, Patience, Step};
use crate::smtp::{BadReply, Capabilities, Domain, Reply, ReplyParser};

/// What came of the command under way.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// The greeting, whatever it says.
    Greeting(Reply),
    /// EHLO was answered 250.
    Offers(Box<Capabilities>),
    /// EHLO was refused.
    NoExtensions(Reply),
    /// STARTTLS was answered 220 and nothing stood behind it: shake hands, then
    /// [`ClientSession::secured`].
    GoAhead,
    /// STARTTLS was refused.
    NoTls(Reply),
    /// A challenge, decoded. Answer with [`ClientSession::respond`] or [`ClientSession::cancel`].
    Challenge(Vec<u8>),
    /// 235. What the server proved on the way is for the mechanism to say.
    Authenticated(Reply),
    /// AUTH was refused.
    AuthRefused(Reply),
    /// ATRN was answered 250.
    Turning(Granted),
    /// ATRN was answered anything else.
    AtrnRefused(Reply),
    /// QUIT was answered.
    Goodbye(Reply),
}

/// How the other side broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerFault {
    /// What it said is not a reply.
    #[error("{0}")]
    NotSmtp(#[from] BadReply),
    /// It answered something that was not asked.
    #[error("it said \"{0}\" without being asked")]
    Unasked(String),
    /// It answered with a code that makes no sense there.
    #[error("{asked} was answered \"{got}\"; expected {expected}")]
    Nonsense {
        /// The command.
        asked: &'static str,
        /// The reply, escaped.
        got: String,
        /// What the RFC allows.
        expected: &'static str,
    },
    /// As our client it was no better.
    #[error("it spoke no SMTP, or made too many mistakes")]
    Misconduct,
    /// Bytes stood behind the 220 to STARTTLS: somebody on the line tries to speak as the server
    /// (CVE-2011-0411).
    #[error(
        "it sent clear text behind its answer to STARTTLS; somebody may be meddling with the line"
    )]
    ClearTextBehindStarttls,
}

/// A session in the client's role, standing at `Stage`.
#[derive(Debug)]
pub struct ClientSession<Stage: ClientStage> {
    pub(super) line: ClientLine,
    pub(super) talk: Stage::Talk,
}

/// What a client's session knows at a stage, and only there.
pub trait ClientStage {
    /// The state of the talk.
    type Talk: std::fmt::Debug;
}

impl ClientStage for Odmr {
    type Talk = Asked;
}

/// The parts that every client's session has: bytes in, bytes out, replies, and the clock.
#[derive(Debug)]
pub struct ClientLine {
    pub(super) input: BytesMut,
    pub(super) out: BytesMut,
    pub(super) parser: ReplyParser,
    pub(super) patience: Patience,
    pub(super) since: Instant,
    pub(super) transcript: Transcript,
    pub(super) side: Side,
}

/// The command under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// None yet: the server greets first.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH, or a response to a challenge.
    Auth,
    /// ATRN, or TURN.
    Atrn,
    /// QUIT.
    Quit,
    /// It is the caller's move.
    Nothing,
}

impl ClientLine {
    pub(super) fn new(
        out: BytesMut,
        patience: Patience,
        transcript: Transcript,
        side: Side,
        now: Instant,
    ) -> ClientLine {
        ClientLine {
            input: BytesMut::new(),
            out,
            parser: ReplyParser::default(),
            patience,
            since: now,
            transcript,
            side,
        }
    }

    /// The next whole reply, noted in the transcript.
    pub(super) fn reply(&mut self, now: Instant) -> Result<Option<Reply>, PeerFault> {
        let heard = self.parser.next(&mut self.input).map_err(|fault| match fault {
            BadReply::NotAReply(line) => BadReply::NotAReply(self.transcript.hidden_octets(&line)),
            other => other,
        });
        let Some(mut reply) = heard? else { return Ok(None) };
        self.transcript.secrets().hide_in(&mut reply);
        self.since = now;
        if self.transcript.is_kept() {
            let side = other(self.side);
            let shown = if reply.code == 334 {
                "334 ...".to_owned()
            } else {
                super::server::wire_text(&reply)
            };
            self.transcript.said(side, shown);
        }
        Ok(Some(reply))
    }

    /// Queues a command line.
    pub(super) fn say(&mut self, line: &str) {
        if self.transcript.is_kept() {
            let side = self.side;
            self.transcript.said(side, redacted(line));
        }
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// Queues a line that is a secret.
    fn say_secret(&mut self, line: &str) {
        let side = self.side;
        self.transcript.said(side, "...");
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Provider => Side::Customer,
        Side::Customer => Side::Provider,
    }
}

impl<Stage: ClientStage> ClientSession<Stage> {
    /// Where bytes from the line go; the caller appends to it.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.line.input
    }

    /// Appends bytes from the line.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.line.input.extend_from_slice(bytes);
    }

    /// What was said so far.
    pub fn transcript(&self) -> &Transcript {
        &self.line.transcript
    }

    /// Adds a note of the caller's own.
    pub fn transcript_mut(&mut self) -> &mut Transcript {
        &mut self.line.transcript
    }
}

impl ClientSession<Odmr> {
    /// The line to a provider is open; it will greet.
    pub fn calling(
        patience: Patience,
        transcript: Transcript,
        now: Instant,
    ) -> ClientSession<Odmr> {
        let line = ClientLine::new(BytesMut::new(), patience, transcript, Side::Customer, now);
        ClientSession { line, talk: Asked::Greeting }
    }

    /// What the session wants next.
    ///
    /// # Errors
    /// [`PeerFault`] when the other side does not speak the protocol; the session is of no use then.
    pub fn poll(&mut self, now: Instant) -> Result<Step<Heard>, PeerFault> {
        if !self.line.out.is_empty() {
            return Ok(Step::Send(self.line.out.split().freeze()));
        }
        if self.talk == Asked::Nothing && !self.line.input.is_empty() {
            let heard =
                crate::smtp::escape::Escaped(&self.line.input[..self.line.input.len().min(80)])
                    .to_string();
            return Err(PeerFault::Unasked(heard));
        }
        if self.talk == Asked::Nothing {
            return Ok(Step::Starved);
        }
        match self.line.reply(now)? {
            Some(reply) => self.heard(reply).map(Step::Event),
            None => Ok(Step::Starved),
        }
    }

    /// When to give up waiting for the reply under way; `None` while it is the caller's move.
    pub fn deadline(&self) -> Option<Instant> {
        let patience = &self.line.patience;
        let wait = match self.talk {
            Asked::Nothing => return None,
            Asked::Greeting => patience.greeting,
            Asked::Atrn => patience.atrn,
            Asked::Ehlo | Asked::Starttls | Asked::Auth | Asked::Quit => patience.command,
        };
        Some(self.line.since + wait)
    }

    /// What is being waited for, in words for an error message.
    pub fn waiting_for(&self) -> &'static str {
        match self.talk {
            Asked::Greeting => "its greeting",
            Asked::Ehlo => "its answer to EHLO",
            Asked::Starttls => "its answer to STARTTLS",
            Asked::Auth => "its answer to AUTH",
            Asked::Atrn => "its answer to ATRN",
            Asked::Quit => "its answer to QUIT",
            Asked::Nothing => "nothing",
        }
    }

    fn heard(&mut self, reply: Reply) -> Result<Heard, PeerFault> {
        let ok = reply.is_positive();
        match std::mem::replace(&mut self.talk, Asked::Nothing) {
            Asked::Greeting => Ok(Heard::Greeting(reply)),
            Asked::Ehlo if ok => Ok(Heard::Offers(Box::new(Capabilities::from_ehlo(&reply)))),
            Asked::Ehlo => Ok(Heard::NoExtensions(reply)),
            Asked::Starttls if reply.code == 220 => self.go_ahead(),
            Asked::Starttls => Ok(Heard::NoTls(reply)),
            Asked::Auth => auth_answer(reply),
            Asked::Atrn if reply.code == 250 => Ok(Heard::Turning(Granted { reply })),
            Asked::Atrn if ok || reply.code / 100 == 3 => {
                Err(nonsense("ATRN", &reply, "250, or 4xx or 5xx"))
            }
            Asked::Atrn => Ok(Heard::AtrnRefused(reply)),
            Asked::Quit => Ok(Heard::Goodbye(reply)),
            Asked::Nothing => Err(PeerFault::Unasked(reply.to_string())),
        }
    }

    fn go_ahead(&mut self) -> Result<Heard, PeerFault> {
        if self.line.input.is_empty() {
            Ok(Heard::GoAhead)
        } else {
            Err(PeerFault::ClearTextBehindStarttls)
        }
    }

    fn ask(&mut self, asked: Asked, line: &str, now: Instant) {
        self.talk = asked;
        self.line.since = now;
        self.line.say(line);
    }

    /// Introduces us.
    pub fn ehlo(&mut self, name: &str, now: Instant) {
        self.ask(Asked::Ehlo, &format!("EHLO {name}"), now);
    }

    /// Asks for TLS.
    pub fn starttls(&mut self, now: Instant) {
        self.ask(Asked::Starttls, "STARTTLS", now);
    }

    /// TLS is on; all that was offered before it is to be forgotten. RFC 3207, section 4.2.
    pub fn secured(&mut self, version: &str) {
        self.line.transcript.note(Note::Tls(version.to_owned()));
    }

    /// Begins an authentication. An initial response that would not fit a command line is held
    /// back for the first challenge (RFC 4954, section 4); the caller then answers that with it.
    /// Returns whether the initial response went out.
    pub fn auth(&mut self, mechanism: &str, initial: Option<&[u8]>, now: Instant) -> bool {
        let encoded = initial.map(|bytes| {
            if bytes.is_empty() { "=".to_owned() } else { BASE64_STANDARD.encode(bytes) }
        });
        if let Some(bytes) = initial {
            self.line.transcript.secrets_mut().add(bytes);
        }
        let line = match &encoded {
            Some(encoded) => format!("AUTH {mechanism} {encoded}"),
            None => format!("AUTH {mechanism}"),
        };
        let fits = line.len() + 2 <= 512;
        self.ask(
            Asked::Auth,
            if fits { &line } else { line.rsplit_once(' ').map_or(&line, |(head, _)| head) },
            now,
        );
        fits && encoded.is_some()
    }

    /// Answers a challenge.
    pub fn respond(&mut self, response: &[u8], now: Instant) {
        self.talk = Asked::Auth;
        self.line.since = now;
        self.line.transcript.secrets_mut().add(response);
        self.line.say_secret(&BASE64_STANDARD.encode(response));
    }

    /// Calls the authentication off.
    pub fn cancel(&mut self, now: Instant) {
        self.ask(Asked::Auth, "*", now);
    }

    /// Asks for the mail of these domains, or of all the account may have. RFC 2645, section 5.2.1.
    pub fn atrn(&mut self, domains: &[Domain], now: Instant) {
        let names: Vec<&str> = domains.iter().map(Domain::as_str).collect();
        match names.is_empty() {
            true => self.ask(Asked::Atrn, "ATRN", now),
            false => self.ask(Asked::Atrn, &format!("ATRN {}", names.join(",")), now),
        }
    }

    /// Asks by the bare TURN of RFC 821, for providers that list nothing better. Only ever after
    /// authentication (RFC 5321, appendix F.1); the caller sees to that.
    pub fn bare_turn(&mut self, now: Instant) {
        self.ask(Asked::Atrn, "TURN", now);
    }

    /// Says goodbye.
    pub fn quit(&mut self, now: Instant) {
        self.ask(Asked::Quit, "QUIT", now);
    }

    pub(super) fn into_transcript(self) -> Transcript {
        self.line.transcript
    }
}

fn auth_answer(reply: Reply) -> Result<Heard, PeerFault> {
    match reply.code {
        334 => match BASE64_STANDARD.decode(reply.text.trim_end()) {
            Ok(challenge) => Ok(Heard::Challenge(challenge)),
            Err(_) => Err(nonsense("AUTH", &reply, "334 with a challenge in base64")),
        },
        235 => Ok(Heard::Authenticated(reply)),
        400..=599 => Ok(Heard::AuthRefused(reply)),
        _ => Err(nonsense("AUTH", &reply, "334, 235, or 4xx or 5xx")),
    }
}

pub(super) fn nonsense(asked: &'static str, got: &Reply, expected: &'static str) -> PeerFault {
    PeerFault::Nonsense { asked, got: got.to_string(), expected }
}
