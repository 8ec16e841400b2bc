//! AUTH: carries a SASL exchange without understanding it. RFC 4954.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Event, Question, ServerSession, State, words};
use crate::sasl::Identity;
use crate::session::Profile;
use crate::smtp::Reply;
use crate::smtp::line::Line;

impl<Stage> ServerSession<Stage> {
    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>) {
        if self.hello.is_none() {
            return self.error(words::SAY_HELLO);
        }
        if self.identity.is_some() {
            return self.error(words::ALREADY_AUTHENTICATED);
        }
        if self.transaction.is_some() {
            return self.error(words::NOT_NOW);
        }
        if let Some(refusal) = self.unavailable(mechanism) {
            return self.error(refusal);
        }
        match initial.map(decode_initial) {
            Some(None) => self.error(words::BAD_BASE64),
            Some(Some(initial)) => self.begin_auth(mechanism, Some(initial)),
            None => self.begin_auth(mechanism, None),
        }
    }

    fn begin_auth(&mut self, mechanism: &str, initial: Option<Vec<u8>>) {
        self.ask(Question::Auth, Event::Auth(mechanism.to_ascii_uppercase(), initial));
    }

    /// Why a mechanism cannot be had right now.
    fn unavailable(&self, mechanism: &str) -> Option<Reply> {
        let listed = |list: &[String]| list.iter().any(|name| name.eq_ignore_ascii_case(mechanism));
        let mechanisms = &self.settings.mechanisms;
        match self.secure {
            true if listed(&mechanisms.tls) => None,
            false if listed(&mechanisms.clear) => None,
            false if listed(&mechanisms.tls) && self.settings.starttls => Some(words::NEEDS_TLS),
            _ => Some(words::NO_SUCH_MECHANISM),
        }
    }

    /// Hears the response to a challenge. `*` calls the exchange off; anything but strict base64
    /// is refused (RFC 4954, section 4).
    pub(super) fn response_line(&mut self) -> bool {
        let line = match self.splitter.next(&mut self.input, Profile::Odmr.line_limit() + 2) {
            Line::Incomplete => return false,
            Line::TooLong => return self.end_auth(words::LINE_TOO_LONG),
            Line::Malformed => return self.end_auth(words::BAD_LINE),
            Line::Whole(line) => line,
        };
        let side = self.other_side();
        self.transcript.said(side, "...");
        if &line[..] == b"*" {
            return self.end_auth(words::CANCELLED);
        }
        match BASE64_STANDARD.decode(&line) {
            Ok(response) => self.ask(Question::Auth, Event::Response(response)),
            Err(_) => return self.end_auth(words::BAD_BASE64),
        }
        true
    }

    fn end_auth(&mut self, reply: Reply) -> bool {
        self.state = State::Command;
        self.error(reply);
        true
    }

    /// Goes on with the exchange.
    pub fn challenge(&mut self, challenge: &[u8]) {
        self.answered = true;
        self.state = State::AuthResponse;
        let side = self.side();
        self.transcript.said(side, "334 ...");
        let challenge = BASE64_STANDARD.encode(challenge);
        self.tally.note(self.verb, 334);
        self.out.say_raw(&[b"334 ", challenge.as_bytes(), b"\r\n"]);
    }

    /// The exchange has proven who it is.
    pub fn authenticated(&mut self, identity: Identity) {
        self.answered = true;
        self.state = State::Command;
        self.identity = Some(identity);
        self.say(words::AUTHENTICATED);
    }

    /// Whoever has logged in may bring mail, too.
    pub fn let_send(&mut self) {
        self.may_send = self.identity.is_some();
    }

    /// The exchange has failed, with the caller's words; too often, and the line is closed.
    pub fn auth_refused(&mut self, reply: Reply) {
        self.answered = true;
        self.state = State::Command;
        if reply.code == 421 {
            return self.close_with(reply);
        }
        // Neither "no such mechanism" nor "not now" is a guess at anything.
        self.counts.auth_failures += u32::from(!matches!(reply.code, 504 | 454));
        self.say(reply);
        if self.counts.auth_failures >= self.settings.max_auth_failures {
            self.close_with(words::TOO_MANY_FAILURES);
        }
    }
}

/// `=` stands for an initial response that is there and empty. RFC 4954, section 4.
fn decode_initial(text: &str) -> Option<Vec<u8>> {
    match text {
        "=" => Some(Vec::new()),
        text => BASE64_STANDARD.decode(text).ok(),
    }
}
