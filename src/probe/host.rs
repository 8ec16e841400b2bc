//! The server that we are once a provider has turned the line, as obliging or as difficult as a rule needs it.
//!
//! ```text
//! C: ATRN example.org
//! P: 250 2.0.0 reversing          from here on the provider is the client, and this answers
//! C: 220 probe.example odmr-probe
//! P: EHLO atrn.example.net
//! C: 250 probe.example
//! P: MAIL FROM:<a@example.com>
//! C: 451 4.3.0 keep it
//! ```
//!
//! Left to itself it takes no mail: every recipient is refused for now. Pure: octets and moments in, wishes out.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::script::{Side, Want, Word};

/// A line of a client may be this long, octets.
const LONGEST_LINE: usize = 16 * 1024;
/// Octets that may have come and not been looked at; whoever sends more ahead loses what is behind.
const MOST_AHEAD: usize = 4 << 20;
/// So much of one content is taken in, octets.
const LONGEST_CONTENT: usize = 64 << 20;
/// So much of one content is kept, octets.
const MOST_KEPT: usize = 1 << 20;
/// And of all of one session together.
const MOST_KEPT_OF_ALL: usize = 32 << 20;
/// So much is said in commands, octets, and it hangs up.
const MOST_SAID: usize = 4 << 20;
/// And behind QUIT.
const MOST_LATE: usize = 4096;
/// What is said on a line of commands.
const VERBS: [&str; 16] = [
    "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "QUIT",
    "STARTTLS", "ATRN", "TURN", "ETRN", "AUTH",
];
/// After so many messages it has heard enough.
pub const MOST_OFFERS: usize = 200;
/// So many commands, and it hangs up.
const MOST_COMMANDS: usize = 10_000;
/// How long it looks whether somebody hangs up without waiting for 221.
const FAREWELL: Duration = Duration::from_millis(300);

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It waits for our greeting.
    Greeting,
    /// It has said EHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The first octets of a content have come.
    Content,
    /// The end of a content has come.
    Dot,
    /// QUIT.
    Quit,
}

impl Stage {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Greeting => "the greeting",
            Stage::Ehlo => "EHLO",
            Stage::Helo => "HELO",
            Stage::Mail => "MAIL",
            Stage::Rcpt => "RCPT",
            Stage::Data => "DATA",
            Stage::Content => "the content",
            Stage::Dot => "the end of the content",
            Stage::Quit => "QUIT",
        }
    }
}

/// What is done there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// These lines are said; without CRLF at the end.
    Say(&'static str),
    /// So, and the line is closed.
    SayAndHangUp(&'static str),
    /// The line is closed without a word.
    HangUp,
}

/// What is offered unless a rule says otherwise: whatever a message may need. For want of it a provider would have
/// to return the message to who sent it, and the customer would never see it. RFC 6152, section 3.
pub const OBLIGING: &[&str] =
    &["SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "ENHANCEDSTATUSCODES"];

/// How obliging we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For how long nothing is said.
    pub silent: Duration,
    /// What is offered in the answer to EHLO.
    pub keywords: &'static [&'static str],
    /// What is done otherwise than usual.
    pub acts: Vec<(Stage, Act)>,
    /// How late these are answered, up to the end of the first message.
    pub late: &'static [(Stage, Duration)],
    /// Mail that we have put in ourselves; all other mail is kept.
    pub ours: Option<Ours>,
}

/// Mail that we have put in ourselves, known by a word in the addresses and in the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The word.
    pub word: String,
    /// What is done otherwise than usual to a message is done to the one whose sender is called so; the rest of
    /// ours is taken.
    pub marked: &'static str,
}

/// Whose mail is being offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lot {
    /// Nobody sorts, or it is the one of ours with which things are done.
    Planned,
    /// Another one of ours.
    Ours,
    /// A notice whose content has to say so.
    Untold,
    /// Somebody else's.
    Others,
}

impl Default for Plan {
    fn default() -> Plan {
        let (acts, late, ours) = (Vec::new(), &[][..], None);
        Plan { silent: Duration::ZERO, keywords: OBLIGING, acts, late, ours }
    }
}

impl Plan {
    /// As usual but for these.
    pub fn with(acts: &[(Stage, Act)]) -> Plan {
        Plan { acts: acts.to_vec(), ..Plan::default() }
    }
}

/// A message that was offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The reverse-path, without its brackets.
    pub from: String,
    /// The parameters of MAIL.
    pub params: Vec<String>,
    /// The forward-paths, with the parameters of RCPT.
    pub rcpts: Vec<(String, Vec<String>)>,
    /// What was sent of the content, dots and all, up to 1 MiB of it.
    pub content: Vec<u8>,
    /// How much came.
    pub octets: usize,
    /// Did its end come?
    pub whole: bool,
    /// Was the content sent in chunks?
    pub chunked: bool,
    /// What the end of the content was answered by.
    pub code: Option<u16>,
}

/// What there is to say of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What it said before our greeting.
    pub early: Vec<u8>,
    /// Did it hang up before that?
    pub left_early: bool,
    /// Its commands, in order.
    pub commands: Vec<String>,
    /// What it offered, in order.
    pub offers: Vec<Offer>,
    /// It said more than one thing at a time, and we had not offered PIPELINING.
    pub hurried: bool,
    /// A line of it did not end in CRLF.
    pub bare: bool,
    /// It has said QUIT.
    pub quit: bool,
    /// It hung up before we had answered that.
    pub left_unanswered: bool,
    /// It said this after that.
    pub late: Vec<u8>,
    /// It hung up there, while it had to wait for our answer.
    pub impatient: Option<Stage>,
    /// It has hung up.
    pub closed: bool,
    /// It said nothing more, and did not hang up either.
    pub stalled: bool,
    /// We had heard enough.
    pub capped: bool,
    /// The talk was under TLS.
    pub tls: bool,
}

impl Seen {
    /// The first command of this name, and where it stands.
    pub fn verb(&self, verb: &str) -> Option<(usize, &str)> {
        let is = |line: &str| verb_of(line).eq_ignore_ascii_case(verb);
        self.commands.iter().map(String::as_str).enumerate().find(|(_, line)| is(line))
    }
}

/// The first word of a command.
pub fn verb_of(line: &str) -> &str {
    line.split([' ', ':']).next().unwrap_or_default()
}

enum State {
    /// Nothing has been said; until then.
    Silent(Option<Instant>),
    Commands,
    Content,
    Chunk {
        left: u64,
        last: bool,
    },
    /// QUIT has come; until then it may hang up too early.
    Parting(Option<Instant>),
    /// 221 has been said.
    Parted,
    Over,
}

/// The server that we are, being talked to.
pub struct Host {
    plan: Plan,
    me: String,
    patience: Duration,
    begun: Instant,
    until: Option<Instant>,
    state: State,
    input: BytesMut,
    output: BytesMut,
    hang_up: bool,
    /// What is to be said is said so much later, and then.
    late: Option<(Stage, Duration, Option<Instant>)>,
    /// So much of all contents is kept, and so much was said in commands.
    kept: usize,
    said: usize,
    /// So many recipients of the message have been taken.
    taken: usize,
    /// It has said LHLO: the end of a content is answered once for each recipient.
    lmtp: bool,
    /// DATA was refused, and no command has come since.
    refused_data: bool,
    seen: Seen,
    tail: [u8; 4],
    words: Vec<Word>,
}

impl Host {
    /// The line has just been turned; these octets came behind the 250 already.
    pub fn new(
        plan: Plan,
        me: &str,
        early: &[u8],
        tls: bool,
        now: Instant,
        patience: Duration,
    ) -> Host {
        let seen = Seen { tls, ..Seen::default() };
        let mut host = Host {
            plan,
            me: me.to_owned(),
            patience,
            begun: now,
            until: None,
            state: State::Silent(None),
            input: BytesMut::new(),
            output: BytesMut::new(),
            hang_up: false,
            late: None,
            kept: 0,
            said: 0,
            taken: 0,
            lmtp: false,
            refused_data: false,
            seen,
            tail: *b"\0\0\r\n",
            words: Vec::new(),
        };
        if !early.is_empty() {
            host.received(early);
        }
        host
    }

    /// What it wants next.
    pub fn poll(&mut self, now: Instant) -> Want {
        loop {
            if !self.output.is_empty() {
                if let Some(wants) = self.wait(now) {
                    return wants;
                }
                let octets = self.output.split().freeze();
                self.note(Side::Ours, &octets, now);
                return Want::Send(octets);
            }
            if self.hang_up || matches!(self.state, State::Over) {
                self.state = State::Over;
                return Want::Over;
            }
            if self.seen.closed && self.input.is_empty() && !matches!(self.state, State::Silent(_))
            {
                self.seen.left_unanswered |= matches!(self.state, State::Parting(_));
                self.state = State::Over;
                continue;
            }
            if let Some(wants) = self.step(now) {
                return wants;
            }
        }
    }

    /// Where an answer is to come late, waits; nothing, where it is time.
    fn wait(&mut self, now: Instant) -> Option<Want> {
        let (stage, time, until) = self.late.as_mut()?;
        let until = *until.get_or_insert(now + *time);
        if now < until && !self.seen.closed {
            return Some(Want::Hear(until));
        }
        if self.seen.closed {
            self.seen.impatient = Some(*stage);
            self.output.clear();
        }
        self.late = None;
        self.output.is_empty().then_some(Want::Over)
    }

    /// Goes on with what is there; nothing, where something can be done with it.
    fn step(&mut self, now: Instant) -> Option<Want> {
        match &mut self.state {
            State::Silent(until) => {
                let until = *until.get_or_insert(now + self.plan.silent);
                if now < until && !self.seen.closed && self.input.is_empty() {
                    return Some(Want::Hear(until));
                }
                self.seen.early = self.input.split().to_vec();
                self.note(Side::Theirs, &self.seen.early.clone(), now);
                self.seen.left_early = self.seen.closed;
                self.state = State::Commands;
                self.act(Stage::Greeting);
                None
            }
            State::Parting(until) => {
                let until = *until.get_or_insert(now + FAREWELL);
                if now < until && !self.seen.closed && self.input.is_empty() {
                    return Some(Want::Hear(until));
                }
                self.state = State::Parted;
                self.act(Stage::Quit);
                None
            }
            State::Parted => {
                let late = self.input.split();
                self.note(Side::Theirs, &late, now);
                self.seen.late.extend_from_slice(&late);
                if self.seen.late.len() > MOST_LATE {
                    self.hang_up = true;
                    return None;
                }
                Some(Want::Hear(self.deadline(now)))
            }
            State::Commands => self.command(now),
            State::Content => self.content(now),
            State::Chunk { .. } => self.chunk(now),
            State::Over => Some(Want::Over),
        }
    }

    /// Octets have come.
    pub fn received(&mut self, octets: &[u8]) {
        // Behind its QUIT nothing is waited for.
        if !matches!(self.state, State::Parted) {
            self.until = None;
        }
        // While an answer is to come late, nothing is taken out of it.
        let room = MOST_AHEAD.saturating_sub(self.input.len());
        self.input.extend_from_slice(&octets[..octets.len().min(room)]);
    }

    /// The client has hung up.
    pub fn closed(&mut self) {
        self.seen.closed = true;
    }

    /// The moment that was named has come, and nothing else.
    pub fn timed_out(&mut self, now: Instant) {
        if let Some((_, time, _)) = &mut self.late {
            *time = Duration::ZERO;
            return;
        }
        match &mut self.state {
            State::Silent(until) | State::Parting(until) => *until = Some(now),
            _ => {
                self.seen.stalled = true;
                self.state = State::Over;
            }
        }
    }

    /// What there is to say of the client, and all that was said.
    pub fn over(self) -> (Seen, Vec<Word>) {
        (self.seen, self.words)
    }

    /// What there is to say so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    fn deadline(&mut self, now: Instant) -> Instant {
        *self.until.get_or_insert(now + self.patience)
    }

    fn note(&mut self, side: Side, octets: &[u8], now: Instant) {
        if self.words.len() < MOST_COMMANDS && !octets.is_empty() {
            let at = now.saturating_duration_since(self.begun);
            let octets = octets[..octets.len().min(4096)].to_vec();
            self.words.push(Word { at, side, tls: self.seen.tls, octets });
        }
    }

    fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.output.extend_from_slice(line.replace("{me}", &self.me).as_bytes());
            self.output.extend_from_slice(b"\r\n");
        }
    }

    /// Does what the plan has for this stage, or what is usual; the code of what was said.
    fn act(&mut self, stage: Stage) -> Option<u16> {
        let lot = self.lot(stage);
        let planned = self.plan.acts.iter().find(|(at, _)| *at == stage).map(|(_, act)| act);
        let planned = planned.filter(|_| lot == Lot::Planned).cloned();
        if self.seen.offers.len() < 2
            && let Some((_, time)) = self.plan.late.iter().find(|(at, _)| *at == stage)
        {
            self.late = Some((stage, *time, None));
        }
        let text = match planned {
            Some(Act::HangUp) => {
                self.hang_up = true;
                return None;
            }
            Some(Act::SayAndHangUp(text)) => {
                self.hang_up = true;
                text.to_owned()
            }
            Some(Act::Say(text)) => text.to_owned(),
            None => self.usual(stage, lot),
        };
        let times = if stage == Stage::Dot && self.lmtp { self.taken.max(1) } else { 1 };
        (0..times).for_each(|_| self.say(&text));
        text.get(..3).and_then(|code| code.parse().ok())
    }

    /// Whose is the message that this is about?
    fn lot(&self, stage: Stage) -> Lot {
        use Stage::{Content, Data, Dot, Mail, Rcpt};
        let Some(ours) = &self.plan.ours else { return Lot::Planned };
        let Some(offer) = self.seen.offers.last() else { return Lot::Planned };
        let is_in = |text: &str| text.contains(&ours.word);
        match stage {
            Mail | Rcpt | Data | Content | Dot => {}
            _ => return Lot::Planned,
        }
        match () {
            () if offer.from.contains(&format!("{}-{}@", ours.word, ours.marked)) => Lot::Planned,
            () if is_in(&offer.from) => Lot::Ours,
            () if !offer.from.is_empty() => Lot::Others,
            () if offer.rcpts.iter().any(|(path, _)| is_in(path)) => Lot::Ours,
            () if stage != Dot => Lot::Untold,
            () if memchr::memmem::find(&offer.content, ours.word.as_bytes()).is_some() => Lot::Ours,
            () => Lot::Others,
        }
    }

    fn usual(&self, stage: Stage, lot: Lot) -> String {
        let sorts = self.plan.ours.is_some();
        let text = match stage {
            Stage::Rcpt if sorts && lot != Lot::Others => "250 2.1.5 ok",
            Stage::Dot if sorts && lot != Lot::Others => "250 2.0.0 taken",
            Stage::Greeting => "220 {me} odmr-probe",
            Stage::Ehlo => return listed(self.plan.keywords),
            Stage::Helo => "250 {me}",
            Stage::Mail => "250 2.1.0 ok",
            Stage::Rcpt => "451 4.3.0 odmr-probe takes no mail; keep it",
            Stage::Data => "354 go on",
            Stage::Content => "",
            Stage::Dot => "451 4.3.0 odmr-probe takes no mail; keep it",
            Stage::Quit => "221 2.0.0 bye",
        };
        text.to_owned()
    }

    fn offers(&self, keyword: &str) -> bool {
        self.plan.keywords.iter().any(|word| verb_of(word) == keyword)
    }

    fn command(&mut self, now: Instant) -> Option<Want> {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() > LONGEST_LINE {
                self.hang_up = true;
                return None;
            }
            if self.seen.closed {
                self.input.clear();
                return None;
            }
            return Some(Want::Hear(self.deadline(now)));
        };
        let line = self.input.split_to(end + 1).freeze();
        let line = self.without_content(line);
        self.note(Side::Theirs, &line, now);
        self.seen.bare |= !line.ends_with(b"\r\n");
        let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(&line);
        let line = String::from_utf8_lossy(line).into_owned();
        let is_chunk = verb_of(&line).eq_ignore_ascii_case("BDAT");
        self.seen.hurried |= !self.input.is_empty() && !is_chunk && !self.offers("PIPELINING");
        self.seen.commands.push(line.clone());
        self.said += line.len();
        if self.seen.commands.len() > MOST_COMMANDS || self.said > MOST_SAID {
            self.seen.capped = true;
            self.hang_up = true;
            return None;
        }
        self.answer(&line);
        None
    }

    /// Whoever goes on with the content though DATA was refused says lines of a message.
    fn without_content(&mut self, line: Bytes) -> Bytes {
        let text = String::from_utf8_lossy(&line);
        let verb = verb_of(text.trim_end()).to_ascii_uppercase();
        self.refused_data &= !VERBS.contains(&verb.as_str());
        match self.refused_data {
            true => format!("[{} octets of a message]\r\n", line.len()).into(),
            false => line,
        }
    }

    fn answer(&mut self, line: &str) {
        match verb_of(line).to_ascii_uppercase().as_str() {
            "EHLO" => drop(self.act(Stage::Ehlo)),
            "LHLO" => {
                self.lmtp = true;
                self.act(Stage::Ehlo);
            }
            "HELO" => drop(self.act(Stage::Helo)),
            "MAIL" => self.mail(line),
            "RCPT" => self.rcpt(line),
            "DATA" => self.data(),
            "BDAT" => self.bdat(line),
            "RSET" | "NOOP" => self.say("250 2.0.0 ok"),
            "VRFY" => self.say("252 2.5.0 try it"),
            "QUIT" => {
                self.seen.quit = true;
                self.state = State::Parting(None);
            }
            "STARTTLS" => self.say("454 4.7.0 not now"),
            "ATRN" | "TURN" | "ETRN" | "AUTH" => self.say("502 5.5.1 not here"),
            _ => self.say("500 5.5.1 what?"),
        }
    }

    fn mail(&mut self, line: &str) {
        if self.seen.offers.len() >= MOST_OFFERS {
            self.seen.capped = true;
            self.hang_up = true;
            self.say("421 4.3.2 odmr-probe has heard enough; keep it");
            return;
        }
        let (from, params) = path(line);
        self.taken = 0;
        self.seen.offers.push(Offer { from, params, ..Offer::default() });
        self.act(Stage::Mail);
    }

    fn rcpt(&mut self, line: &str) {
        match self.seen.offers.last_mut() {
            Some(offer) => offer.rcpts.push(path(line)),
            None => return self.say("503 5.5.1 MAIL first"),
        }
        let code = self.act(Stage::Rcpt);
        self.taken += usize::from(code.is_some_and(|code| code / 100 == 2));
    }

    fn data(&mut self) {
        match self.taken > 0 {
            false => self.say("503 5.5.1 no recipient"),
            true => {
                if self.act(Stage::Data) == Some(354) {
                    self.tail = *b"\0\0\r\n";
                    self.state = State::Content;
                } else {
                    self.refused_data = true;
                }
            }
        }
    }

    fn bdat(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace().skip(1);
        let left = words.next().and_then(|word| word.parse::<u64>().ok());
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        match left.filter(|_| self.offers("CHUNKING")) {
            None => {
                self.say("500 5.5.1 what?");
                self.hang_up = left.is_some();
            }
            Some(left) => {
                if let Some(offer) = self.seen.offers.last_mut() {
                    offer.chunked = true;
                }
                self.state = State::Chunk { left, last };
            }
        }
    }

    /// What a message says is nobody's business: that it came is noted, and no word of it.
    fn keep(&mut self, octets: &[u8], now: Instant) {
        let said = format!("[{} octets of a message]\r\n", octets.len());
        self.note(Side::Theirs, said.as_bytes(), now);
        let Some(offer) = self.seen.offers.last_mut() else { return };
        let is_first = offer.octets == 0;
        offer.octets += octets.len();
        let room = MOST_KEPT.saturating_sub(offer.content.len());
        let room = room.min(MOST_KEPT_OF_ALL.saturating_sub(self.kept)).min(octets.len());
        self.kept += room;
        offer.content.extend_from_slice(&octets[..room]);
        let too_long = offer.octets > LONGEST_CONTENT;
        if too_long {
            self.seen.capped = true;
            self.hang_up = true;
        }
        if is_first
            && !octets.is_empty()
            && self.lot(Stage::Content) == Lot::Planned
            && self.plan.acts.iter().any(|(at, _)| *at == Stage::Content)
        {
            self.act(Stage::Content);
        }
    }

    /// The content, up to a dot between two ends of lines.
    fn content(&mut self, now: Instant) -> Option<Want> {
        if self.input.is_empty() {
            return Some(Want::Hear(self.deadline(now)));
        }
        let mut end = None;
        for (at, &octet) in self.input.iter().enumerate() {
            if octet == b'\n' && self.tail == *b"\r\n.\r" {
                end = Some(at + 1);
                break;
            }
            self.tail.rotate_left(1);
            self.tail[3] = octet;
        }
        let some = self.input.split_to(end.unwrap_or(self.input.len())).freeze();
        self.keep(&some, now);
        if self.hang_up {
            return None;
        }
        if end.is_some() {
            if let Some(offer) = self.seen.offers.last_mut() {
                // What has come ends in the dot and its line's end.
                let without = offer.content.len().saturating_sub(3);
                if offer.octets == offer.content.len() {
                    offer.content.truncate(without);
                }
                offer.octets = offer.octets.saturating_sub(3);
            }
            self.end();
        }
        None
    }

    fn chunk(&mut self, now: Instant) -> Option<Want> {
        let State::Chunk { left, last } = self.state else { return None };
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
        let some: Bytes = self.input.split_to(here).freeze();
        self.keep(&some, now);
        if self.hang_up {
            return None;
        }
        let left = left - here as u64;
        self.state = State::Chunk { left, last };
        if left > 0 && !self.hang_up {
            return Some(Want::Hear(self.deadline(now)));
        }
        self.state = State::Commands;
        // The first chunk is what DATA is elsewhere.
        if self.lot(Stage::Data) == Lot::Planned
            && self.plan.acts.iter().any(|(at, _)| *at == Stage::Data)
        {
            self.act(Stage::Data);
            return None;
        }
        match last {
            true => self.end(),
            false => self.say("250 2.0.0 go on"),
        }
        None
    }

    /// The end of a content has come.
    fn end(&mut self) {
        self.state = State::Commands;
        if let Some(offer) = self.seen.offers.last_mut() {
            offer.whole = true;
        }
        let code = self.act(Stage::Dot);
        if let Some(offer) = self.seen.offers.last_mut() {
            offer.code = code;
        }
    }
}

/// The answer to EHLO, without CRLF at its end.
pub(super) fn listed(keywords: &[&str]) -> String {
    let Some((last, others)) = keywords.split_last() else { return "250 {me}".to_owned() };
    let mut text = "250-{me}\n".to_owned();
    others.iter().for_each(|word| text.push_str(&format!("250-{word}\n")));
    text + &format!("250 {last}")
}

/// The path of MAIL or RCPT and its parameters.
fn path(line: &str) -> (String, Vec<String>) {
    let rest = line.split_once(':').map_or("", |(_, rest)| rest).trim_start();
    let (path, params) = match rest.strip_prefix('<').and_then(closed) {
        Some((path, params)) => (path, params),
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    let params = params.split_ascii_whitespace().map(str::to_owned).collect();
    (path.to_owned(), params)
}

/// What stands before the bracket that closes a path, and what behind it; brackets within quotes close nothing.
fn closed(rest: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.char_indices().find(|(_, c)| {
        let ends = *c == '>' && !quoted;
        quoted ^= *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map(|(at, _)| (&rest[..at], &rest[at + 1..]))
}

#[cfg(test)]
mod tests;
