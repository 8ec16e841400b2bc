//! A client's session a question at a time, with raw access: what goes out is whatever the caller wants, what
//! comes back is noted whatever it is. Nothing that a server does is an error here, it is an answer.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use serde::{Deserialize, Serialize};

use crate::session::Step;
use crate::smtp::escape::Escaped;
use crate::smtp::{Reply, ReplyParser};

/// More than this from one server is no talk, octets.
const MOST_OCTETS: usize = 256 * 1024;
/// More lines of one reply are not kept.
const MOST_LINES: usize = 64;
/// More of a line is not kept, characters.
const LONGEST_LINE: usize = 512;

/// A question, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange<L> {
    /// What the question was for.
    pub rung: L,
    /// What was said; empty where the server speaks first. Secrets are left out.
    pub said: String,
    /// Under TLS?
    #[serde(default)]
    pub tls: bool,
    /// What came of it.
    pub heard: Heard,
    /// How long it took, milliseconds.
    pub ms: u64,
}

impl<L> Exchange<L> {
    /// The reply, where there is one.
    pub fn reply(&self) -> Option<&Said> {
        match &self.heard {
            Heard::Reply(said) => Some(said),
            _ => None,
        }
    }
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Heard {
    /// A reply.
    Reply(Said),
    /// Nothing, in the time that there was.
    Silence,
    /// The other side hung up.
    Closed,
    /// Something that is no reply, or no reply to this.
    Garbled(String),
    /// The line broke, or TLS could not be agreed on.
    Fault(String),
    /// TLS is agreed on.
    Secured,
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Heard::Reply(said) => said.fmt(f),
            Heard::Silence => f.write_str("no answer in time"),
            Heard::Closed => f.write_str("the line was closed"),
            Heard::Garbled(what) | Heard::Fault(what) => f.write_str(what),
            Heard::Secured => f.write_str("TLS is agreed on"),
        }
    }
}

/// A reply, as much of it as is kept. As received: it is escaped where it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Three digits.
    pub code: u16,
    /// RFC 3463's status, where it has one.
    #[serde(default)]
    pub enhanced: Option<String>,
    /// Its text, a line each.
    pub lines: Vec<String>,
}

impl Said {
    fn of(reply: &Reply) -> Said {
        let cut = |line: &str| line.chars().take(LONGEST_LINE).collect();
        Said {
            code: reply.code,
            enhanced: reply.enhanced.map(|status| status.to_string()),
            lines: reply.text.split('\n').take(MOST_LINES).map(cut).collect(),
        }
    }

    /// 2xx?
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx?
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx?
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// The first word of its first line: a greeting's or an EHLO reply's is the server's name.
    pub fn first_word(&self) -> &str {
        let first = self.lines.first().map_or("", String::as_str);
        first.split_ascii_whitespace().next().unwrap_or_default()
    }
}

impl std::fmt::Display for Said {
    /// On one line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = &self.enhanced {
            write!(f, " {status}")?;
        }
        for (n, line) in self.lines.iter().enumerate() {
            write!(f, "{}{line}", if n == 0 { " " } else { " / " })?;
        }
        Ok(())
    }
}

/// The talk so far. `L` is what the caller calls its questions by.
#[derive(Debug)]
pub struct Ladder<L> {
    input: BytesMut,
    out: BytesMut,
    parser: ReplyParser,
    waiting: Option<Waiting<L>>,
    noted: Vec<Exchange<L>>,
    octets: usize,
    tls: bool,
}

#[derive(Debug)]
struct Waiting<L> {
    rung: L,
    said: String,
    since: Instant,
    until: Instant,
    /// What stood in the line before the question was put: the answer to it cannot be told apart.
    unasked: Option<String>,
}

impl<L: Clone> Ladder<L> {
    /// The line is open; the server speaks first, within this time.
    pub fn listening(rung: L, now: Instant, patience: Duration) -> Ladder<L> {
        let mut ladder = Ladder {
            input: BytesMut::new(),
            out: BytesMut::new(),
            parser: ReplyParser::default(),
            waiting: None,
            noted: Vec::new(),
            octets: 0,
            tls: false,
        };
        ladder.wait(rung, String::new(), now, patience);
        ladder
    }

    /// Says a line.
    pub fn say(&mut self, rung: L, line: &str, now: Instant, patience: Duration) {
        self.say_bytes(rung, line, &[line.as_bytes(), b"\r\n"].concat(), now, patience);
    }

    /// Says a line that nobody shall read later.
    pub fn say_secret(&mut self, rung: L, line: &str, now: Instant, patience: Duration) {
        self.say_bytes(rung, "...", &[line.as_bytes(), b"\r\n"].concat(), now, patience);
    }

    /// Says these very octets, whatever they are; `shown` is noted.
    pub fn say_bytes(
        &mut self,
        rung: L,
        shown: &str,
        octets: &[u8],
        now: Instant,
        patience: Duration,
    ) {
        self.wait(rung, shown.to_owned(), now, patience);
        self.out.extend_from_slice(octets);
    }

    fn wait(&mut self, rung: L, said: String, now: Instant, patience: Duration) {
        let heard = &self.input[..self.input.len().min(80)];
        let unasked = (!heard.is_empty()).then(|| Escaped(heard).to_string());
        self.waiting = Some(Waiting { rung, said, since: now, until: now + patience, unasked });
    }

    /// The greeting comes only now: the server waited for something else first.
    pub fn greeted_late(&mut self, now: Instant, patience: Duration) {
        if let Some(waiting) = &mut self.waiting {
            (waiting.since, waiting.until) = (now, now + patience);
        }
    }

    /// Where bytes from the line go; the caller appends to it.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// So many bytes came from the line.
    pub fn came(&mut self, octets: usize) {
        self.octets += octets;
    }

    /// What the talk wants next.
    pub fn poll(&mut self, now: Instant) -> Step<Exchange<L>> {
        if !self.out.is_empty() {
            return Step::Send(self.out.split().freeze());
        }
        let Some(waiting) = &self.waiting else { return Step::Starved };
        if let Some(unasked) = &waiting.unasked {
            let what = format!("it said \"{unasked}\" without being asked");
            return self.heard(Heard::Garbled(what), now);
        }
        if self.octets > MOST_OCTETS {
            return self.heard(Heard::Garbled("it talks without end".to_owned()), now);
        }
        match self.parser.next(&mut self.input) {
            Ok(None) => Step::Starved,
            Ok(Some(reply)) => self.heard(Heard::Reply(Said::of(&reply)), now),
            Err(why) => self.heard(Heard::Garbled(why.to_string()), now),
        }
    }

    /// When to give up waiting; none while it is the caller's move.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.until)
    }

    /// What was waited for will not come, because of this.
    pub fn gave_up(&mut self, why: Heard, now: Instant) -> Option<Exchange<L>> {
        self.waiting.as_ref()?;
        match self.heard(why, now) {
            Step::Event(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// Is there anything unread? Behind the answer to STARTTLS it would be somebody else's (RFC 3207,
    /// section 4.2).
    pub fn has_unread(&self) -> bool {
        !self.input.is_empty()
    }

    /// Notes what was not said on the line: that TLS was agreed on, or why it was not.
    pub fn note(&mut self, rung: L, heard: Heard, ms: u64) -> Exchange<L> {
        self.tls |= heard == Heard::Secured;
        let exchange = Exchange { rung, said: String::new(), tls: self.tls, heard, ms };
        self.noted.push(exchange.clone());
        exchange
    }

    /// All that was said.
    pub fn noted(self) -> Vec<Exchange<L>> {
        self.noted
    }

    fn heard(&mut self, heard: Heard, now: Instant) -> Step<Exchange<L>> {
        let Some(waiting) = self.waiting.take() else { return Step::Starved };
        let ms = now.saturating_duration_since(waiting.since).as_millis();
        let exchange = Exchange {
            rung: waiting.rung,
            said: waiting.said,
            tls: self.tls,
            heard,
            ms: u64::try_from(ms).unwrap_or(u64::MAX),
        };
        self.noted.push(without_challenge(&exchange));
        Step::Event(exchange)
    }
}

/// A challenge is for whoever answers it, and for nobody who reads of it later.
fn without_challenge<L: Clone>(exchange: &Exchange<L>) -> Exchange<L> {
    let mut kept = exchange.clone();
    if let Heard::Reply(said) = &mut kept.heard
        && said.code == 334
    {
        said.lines = vec!["...".to_owned()];
    }
    kept
}
