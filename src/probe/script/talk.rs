//! One script played against one line. Pure: bytes and moments in, wishes out.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};

use super::{Answer, Expect, Move, Pattern, Probe, Start};
use crate::smtp::{Reply, ReplyParser};

/// The places for names in what is said.
pub(super) const NAMES: [&str; 11] = [
    "me", "host", "from", "rcpt", "local", "domain", "foreign", "DOMAIN", "stranger", "mech",
    "parent",
];
/// More than this of one talk is not kept, octets in each direction.
const MOST_KEPT: usize = 64 * 1024;
/// More than this from one server is no answer, octets.
const MOST_HEARD: usize = 1 << 20;
/// A line of a client may be this long, octets.
const LONGEST_LINE: usize = 16 * 1024;

/// The names of a run.
#[derive(Clone, Debug)]
pub struct Names {
    /// What we call ourselves.
    pub me: String,
    /// The server's name.
    pub host: String,
    /// Our address in MAIL; empty for the null reverse-path.
    pub from: String,
    /// A mailbox that it has.
    pub rcpt: String,
    /// The domain of that.
    pub domain: String,
    /// A mailbox that is somebody else's.
    pub foreign: String,
    /// A domain that is somebody else's.
    pub stranger: String,
    /// A mechanism of AUTH that the server offers.
    pub mech: String,
}

impl Names {
    fn of(&self, name: &str) -> Cow<'_, str> {
        Cow::Borrowed(match name {
            "me" => &self.me,
            "host" => &self.host,
            "from" => &self.from,
            "rcpt" => &self.rcpt,
            "local" => self.rcpt.rsplit_once('@').map_or(self.rcpt.as_str(), |(local, _)| local),
            "domain" => &self.domain,
            "DOMAIN" => return Cow::Owned(self.domain.to_ascii_uppercase()),
            "parent" => self.domain.split_once('.').map_or("", |(_, parent)| parent),
            "stranger" => &self.stranger,
            "mech" => &self.mech,
            _ => &self.foreign,
        })
    }

    /// Octets with every name in its place.
    pub(in crate::probe) fn fill(&self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len());
        let mut rest = octets;
        while let Some(at) = memchr::memchr(b'{', rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            let name = NAMES.iter().find(|name| {
                rest[1..].starts_with(name.as_bytes()) && rest.get(1 + name.len()) == Some(&b'}')
            });
            let length = match name {
                None => {
                    out.push(b'{');
                    1
                }
                Some(name) => {
                    out.extend_from_slice(self.of(name).as_bytes());
                    name.len() + 2
                }
            };
            rest = &rest[length..];
        }
        out.extend_from_slice(rest);
        out
    }
}

/// What became of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The rule is kept.
    Pass,
    /// It is not, in a way that is put up with.
    Warn,
    /// It is not.
    Fail,
    /// It was not tried.
    Skip,
    /// Nobody could tell.
    Inconclusive,
}

/// What a talk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In a word.
    pub outcome: Outcome,
    /// What was expected, where it came otherwise.
    pub expected: Option<String>,
    /// What came.
    pub got: Option<Answer>,
    /// In a sentence.
    pub why: String,
}

impl Verdict {
    /// Kept.
    pub fn pass() -> Verdict {
        Verdict { outcome: Outcome::Pass, expected: None, got: None, why: String::new() }
    }

    /// Not tried, because of this.
    pub fn skip(why: impl Into<String>) -> Verdict {
        Verdict { outcome: Outcome::Skip, expected: None, got: None, why: why.into() }
    }

    /// Nobody could tell, because of this.
    pub fn unknown(why: impl Into<String>) -> Verdict {
        Verdict { outcome: Outcome::Inconclusive, ..Verdict::skip(why) }
    }
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We did.
    Ours,
    /// The server did.
    Theirs,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Since the talk began.
    pub at: Duration,
    /// By whom.
    pub side: Side,
    /// Under TLS?
    pub tls: bool,
    /// Octet by octet.
    pub octets: Vec<u8>,
}

/// The keywords that a server offers in clear and under TLS, as far as it was asked.
pub type Offers = [Option<Vec<String>>; 2];

/// What becomes of a line for which there is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// QUIT is said on it.
    Farewell,
    /// It is cut, and nobody says anything.
    Cut,
    /// It stays, and so does whoever is at the other end, until the talk is over.
    Aside,
}

/// What a talk wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Want {
    /// Octets are to go out in one piece.
    Send(Bytes),
    /// Octets are to come in, before this moment.
    Hear(Instant),
    /// Both are to shake hands.
    Secure,
    /// We are to prove who we are.
    Prove,
    /// There is to be a new line, and this to become of the one before.
    Anew(Manner),
    /// Our side of the line is to end.
    Shut,
    /// Nothing, until this moment.
    Pause(Instant),
    /// Nothing any more.
    Over,
}

/// One script, being played.
#[derive(Debug)]
pub struct Talk {
    names: Names,
    moves: std::collections::VecDeque<Move>,
    patience: Duration,
    begun: Instant,
    until: Option<Instant>,
    input: BytesMut,
    parser: ReplyParser,
    heard: usize,
    kept: [usize; 2],
    words: Vec<Word>,
    closed: bool,
    tls: bool,
    turned: bool,
    /// Was the last thing said a wish to turn the line?
    atrn: bool,
    /// For the domain of the run, and for no other?
    for_own: bool,
    /// Has it been granted?
    granted: bool,
    /// Does mail wait, by the last answer to such a wish?
    waits: Option<bool>,
    /// Refusals that the server may count.
    refusals: usize,
    /// What the last EHLO offered, in clear and under TLS.
    offers: Offers,
    ehlo: bool,
    /// Was the last thing said a farewell?
    quit: bool,
    /// Is it LHLO that is said where others say EHLO?
    lmtp: bool,
    /// The code of the last answer; none where there was none.
    last: Option<u16>,
    /// So many moves are left when the RSET is answered that begins a talk over a line that has been used.
    behind_rset: Option<usize>,
    verdict: Option<Verdict>,
    warned: Option<Verdict>,
}

impl Talk {
    /// A talk over a new line, or over one on which EHLO has been answered before.
    pub fn new(probe: &Probe, names: &Names, line: Line, now: Instant, wait: Duration) -> Talk {
        let mut moves = on_the_way(probe.start, line);
        let begins_anew = line == Line::Used && moves.len() > 1;
        moves.extend(probe.moves.iter().cloned());
        let behind_rset = begins_anew.then(|| moves.len() - 2);
        Talk {
            names: names.clone(),
            moves: moves.into(),
            patience: wait,
            begun: now,
            until: None,
            input: BytesMut::new(),
            parser: ReplyParser::default(),
            heard: 0,
            kept: [0; 2],
            words: Vec::new(),
            closed: false,
            tls: false,
            turned: false,
            atrn: false,
            for_own: false,
            granted: false,
            waits: None,
            refusals: 0,
            offers: [None, None],
            ehlo: false,
            quit: false,
            lmtp: false,
            last: None,
            behind_rset,
            verdict: None,
            warned: None,
        }
    }

    /// The line is under TLS already.
    pub fn under_tls(mut self) -> Talk {
        self.tls = true;
        self
    }

    /// So much is known of what the server offers.
    pub fn knowing(mut self, offers: &Offers) -> Talk {
        self.offers.clone_from(offers);
        self
    }

    /// The server speaks LMTP. RFC 2033, section 4.1.
    pub fn over_lmtp(mut self) -> Talk {
        self.lmtp = true;
        self
    }

    /// What it wants next.
    pub fn poll(&mut self, now: Instant) -> Want {
        loop {
            if self.verdict.is_some() {
                return Want::Over;
            }
            match self.moves.front() {
                None => self.end(),
                Some(Move::Say(_)) => return Want::Send(self.piece(now)),
                Some(Move::Hear(_)) => match self.answer() {
                    Some(answer) => self.hear(answer),
                    None => return Want::Hear(self.deadline(now, self.patience)),
                },
                Some(Move::Turn) => {
                    self.turned = true;
                    self.moves.pop_front();
                }
                Some(Move::Secure(_)) => return Want::Secure,
                Some(Move::Prove) => return Want::Prove,
                Some(Move::Anew(manner)) => return Want::Anew(*manner),
                Some(Move::Shut) => return Want::Shut,
                Some(Move::Fi) => self.step(),
                Some(Move::If(what)) => {
                    if self.is_so(what) {
                        self.step();
                    } else {
                        self.pass_over();
                    }
                }
                Some(Move::Within(time)) => {
                    self.patience = *time;
                    self.step();
                }
                Some(Move::Pause(time)) => {
                    let until = self.deadline(now, *time);
                    if now < until {
                        return Want::Pause(until);
                    }
                    self.step();
                }
            }
        }
    }

    /// Octets have come.
    pub fn received(&mut self, octets: &[u8], now: Instant) {
        self.heard += octets.len();
        self.note(Side::Theirs, octets, now);
        self.input.extend_from_slice(octets);
    }

    /// The other side has hung up.
    pub fn closed(&mut self) {
        self.closed = true;
    }

    /// The moment that was named has come, and nothing else.
    pub fn timed_out(&mut self) {
        if matches!(self.moves.front(), Some(Move::Hear(_))) {
            self.hear(Answer::Silence);
        }
    }

    /// Hands have been shaken, or not, because of this.
    pub fn secured(&mut self, shaken: Result<(), String>) {
        match shaken {
            Ok(()) => {
                self.tls = true;
                self.input.clear();
                self.step();
            }
            Err(_) if matches!(self.moves.front(), Some(Move::Secure(true))) => {
                self.moves.clear();
                self.closed = true;
            }
            Err(why) => self.verdict = Some(Verdict::unknown(format!("TLS: {why}"))),
        }
    }

    /// Who we are is proven, or not, because of this.
    pub fn proved(&mut self, proven: Result<(), String>) {
        match proven {
            Ok(()) => self.step(),
            Err(why) => self.verdict = Some(Verdict::unknown(format!("the login: {why}"))),
        }
    }

    /// What was said beside the script, when we proved who we are; its secrets left out.
    pub fn noted(&mut self, side: Side, octets: &[u8], now: Instant) {
        self.note(side, octets, now);
    }

    /// A new line is open, or there is none, because of this.
    pub fn anew(&mut self, opened: Result<(), String>) {
        match opened {
            Ok(()) => {
                self.input.clear();
                (self.closed, self.tls, self.turned, self.granted) = (false, false, false, false);
                self.parser = ReplyParser::default();
                self.step();
            }
            Err(why) => self.verdict = Some(Verdict::unknown(format!("a second call: {why}"))),
        }
    }

    /// Our side of the line has ended.
    pub fn shut(&mut self) {
        self.step();
    }

    /// The line broke under what was to be said: what came before it is heard all the same.
    pub fn broke(&mut self) {
        self.closed = true;
        while matches!(self.moves.front(), Some(Move::Say(_) | Move::Pause(_))) {
            self.moves.pop_front();
        }
    }

    /// What it came to, and all that was said.
    pub fn over(self) -> (Verdict, Vec<Word>) {
        let verdict = self.verdict.unwrap_or_else(|| Verdict::unknown("the talk was broken off"));
        (verdict, self.words)
    }

    /// What the server offers, in clear and under TLS, as far as it was asked.
    pub fn offers(&self) -> &Offers {
        &self.offers
    }

    /// May another talk go on over this line?
    pub fn leaves_the_line_clean(&self) -> bool {
        let ended = self.verdict.as_ref().map(|verdict| verdict.outcome);
        matches!(ended, Some(Outcome::Pass | Outcome::Warn))
            && !self.closed
            && !self.granted
            && self.input.is_empty()
            && self.moves.is_empty()
    }

    /// Has it taken its leave?
    pub fn has_quit(&self) -> bool {
        self.quit
    }

    /// Was the line turned, and nobody has said a word since?
    pub fn awaits_our_greeting(&self) -> bool {
        self.granted && !self.turned
    }

    /// Is the other side the client by now?
    pub fn is_turned(&self) -> bool {
        self.granted
    }

    /// Does mail wait for the domain of the run? Nothing, where nobody has asked, or been told.
    pub fn waits(&self) -> Option<bool> {
        self.waits
    }

    /// Was the line closed before anything was said on it, or the server tired of it, so that nothing has begun?
    pub fn found_nobody(&self) -> bool {
        let has_ended = self.verdict.as_ref().map(|verdict| verdict.outcome);
        self.closed && self.heard == 0
            || has_ended == Some(Outcome::Inconclusive)
                && self.behind_rset == Some(self.moves.len())
    }

    /// How many refusals the server may have counted.
    pub fn refusals(&self) -> usize {
        self.refusals
    }

    /// Was the last answer of this code, or is this keyword offered?
    fn is_so(&self, what: &str) -> bool {
        match what.parse::<u16>() {
            Ok(code) => self.last == Some(code),
            Err(_) => self.is_offered(what),
        }
    }

    fn is_offered(&self, keyword: &str) -> bool {
        let offers = self.offers[usize::from(self.tls)].as_ref().or(self.offers[0].as_ref());
        offers.is_some_and(|offers| offers.iter().any(|word| word == keyword))
    }

    /// Leaves out what is for other servers.
    fn pass_over(&mut self) {
        let is_end = |one: &Move| matches!(one, Move::Fi);
        let end = self.moves.iter().position(is_end).unwrap_or(self.moves.len());
        self.moves.drain(..end);
    }

    fn step(&mut self) {
        self.until = None;
        self.moves.pop_front();
    }

    fn deadline(&mut self, now: Instant, time: Duration) -> Instant {
        *self.until.get_or_insert(now + time)
    }

    /// All that is to be said before something is heard.
    fn piece(&mut self, now: Instant) -> Bytes {
        let mut piece = BytesMut::new();
        while let Some(Move::Say(octets)) = self.moves.front() {
            piece.extend_from_slice(&self.names.fill(octets));
            self.step();
        }
        self.ehlo = piece.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"EHLO "));
        let verb = piece.get(..4).unwrap_or_default();
        self.quit = verb.eq_ignore_ascii_case(b"QUIT");
        self.atrn = verb.eq_ignore_ascii_case(b"ATRN") || verb.eq_ignore_ascii_case(b"TURN");
        self.for_own = self.atrn && self.asks_for_own(&piece);
        if self.lmtp {
            say_lhlo(&mut piece);
        }
        self.note(Side::Ours, &piece, now);
        piece.freeze()
    }

    /// Is what is asked for everything, or the domain of the run and no other?
    fn asks_for_own(&self, line: &[u8]) -> bool {
        let list = line.get(4..).unwrap_or_default().trim_ascii();
        let is_own =
            |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(self.names.domain.as_bytes());
        list.is_empty() || list.split(|octet| *octet == b',').all(is_own)
    }

    fn note(&mut self, side: Side, octets: &[u8], now: Instant) {
        let kept = &mut self.kept[usize::from(side == Side::Theirs)];
        let room = MOST_KEPT.saturating_sub(*kept).min(octets.len());
        *kept += room;
        let at = now.saturating_duration_since(self.begun);
        let octets = octets[..room].to_vec();
        if !octets.is_empty() {
            self.words.push(Word { at, side, tls: self.tls, octets });
        }
    }

    /// What has come, if it is whole.
    fn answer(&mut self) -> Option<Answer> {
        if self.heard > MOST_HEARD {
            return Some(Answer::Garbled("it talks without end".to_owned()));
        }
        if self.turned {
            return self.line();
        }
        match self.parser.next(&mut self.input) {
            Ok(Some(reply)) => Some(self.reply(reply)),
            Ok(None) => self.closed.then_some(Answer::Closed),
            Err(why) => {
                // What comes behind it may be one again.
                self.parser = ReplyParser::default();
                let end = memchr::memchr(b'\n', &self.input).map_or(self.input.len(), |at| at + 1);
                self.input.advance(end);
                Some(Answer::Garbled(why.to_string()))
            }
        }
    }

    fn reply(&mut self, reply: Reply) -> Answer {
        if reply.code >= 400 {
            self.refusals += 1;
        }
        if std::mem::take(&mut self.atrn) {
            self.granted |= reply.is_positive();
            if self.for_own && (reply.is_positive() || reply.code == 453) {
                self.waits = Some(reply.is_positive());
            }
        }
        if std::mem::take(&mut self.ehlo) && reply.code == 250 {
            let offers = reply.text.lines().skip(1).flat_map(offered).collect();
            self.offers[usize::from(self.tls)] = Some(offers);
        }
        Answer::Reply(reply)
    }

    fn line(&mut self) -> Option<Answer> {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() > LONGEST_LINE {
                return Some(Answer::Garbled("a line without end".to_owned()));
            }
            return self.closed.then_some(Answer::Closed);
        };
        let line = self.input.split_to(end);
        self.input.advance(1);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        Some(Answer::Line(String::from_utf8_lossy(line).into_owned()))
    }

    fn hear(&mut self, answer: Answer) {
        let Some(Move::Hear(expect)) = self.moves.pop_front() else { return };
        self.until = None;
        self.last = match &answer {
            Answer::Reply(reply) => Some(reply.code),
            _ => None,
        };
        let is = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&answer));
        if is(&expect.right) {
            return;
        }
        if is(&expect.wrong) {
            self.verdict =
                Some(Verdict { outcome: Outcome::Fail, ..judged(&expect, false, answer) });
            return;
        }
        if is(&expect.undecided) {
            let why = format!("it says {answer}, which tells nothing here");
            self.verdict = Some(Verdict { got: Some(answer), ..Verdict::unknown(why) });
            return;
        }
        let verdict = judged(&expect, is(&expect.tolerated), answer);
        match verdict.outcome {
            Outcome::Warn => self.warned = self.warned.take().or(Some(verdict)),
            _ => self.verdict = Some(verdict),
        }
    }

    fn end(&mut self) {
        let told = self.warned.take().unwrap_or_else(Verdict::pass);
        self.verdict = Some(told);
    }
}

/// A keyword, and the keyword with each of its parameters: `SIZE`, `SIZE 0`.
fn offered(line: &str) -> Vec<String> {
    let line = line.to_ascii_uppercase();
    let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
    let keyword = words.next().unwrap_or_default().to_owned();
    let with: Vec<String> = words.map(|param| format!("{keyword} {param}")).collect();
    std::iter::once(keyword).chain(with).collect()
}

/// Says LHLO at the beginning of a line, where EHLO stands: they differ in one letter.
fn say_lhlo(piece: &mut [u8]) {
    let mut begins = 0;
    while let Some(line) = piece.get_mut(begins..).filter(|line| !line.is_empty()) {
        if line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"EHLO")) {
            line[0] = if line[0] == b'E' { b'L' } else { b'l' };
        }
        begins += memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
    }
}

/// What an answer that is not right says.
fn judged(expect: &Expect, is_tolerated: bool, answer: Answer) -> Verdict {
    let for_now = answer.is_transient() && !expect.right.iter().any(Pattern::is_transient);
    let outcome = match answer {
        _ if is_tolerated => Outcome::Warn,
        _ if expect.is_needed || for_now || answer == Answer::Silence => Outcome::Inconclusive,
        _ => Outcome::Fail,
    };
    let why = format!("expected {expect}, got {answer}");
    Verdict { outcome, expected: Some(expect.to_string()), got: Some(answer), why }
}

/// The line that a script begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A new one.
    New,
    /// A new one, on which [`Start::Ready`] shakes hands first.
    ToBeSecured,
    /// One that has been used, and has got as far as the script wants it to.
    Used,
}

/// The talk that leads to where a script begins.
fn on_the_way(start: Start, line: Line) -> Vec<Move> {
    let hear = |code| Move::Hear(Expect::on_the_way(code));
    let say = |line: &str| Move::Say(format!("{line}\r\n").into_bytes());
    let is_new = line != Line::Used;
    let mut way = match (is_new, start) {
        (_, Start::Connect) => return Vec::new(),
        (true, Start::Greeted) => return vec![hear("220")],
        (true, _) => vec![hear("220"), say("EHLO {me}"), hear("250")],
        // There is no transaction to end, and RSET is not among the verbs of such a server.
        (false, Start::Ready | Start::Login) => return Vec::new(),
        (false, _) => vec![say("RSET"), hear("250")],
    };
    let shakes_hands = match start {
        Start::Tls => is_new,
        Start::Ready | Start::Login => line == Line::ToBeSecured,
        _ => false,
    };
    if shakes_hands {
        way.extend([
            say("STARTTLS"),
            hear("220"),
            Move::Secure(false),
            say("EHLO {me}"),
            hear("250"),
        ]);
    }
    if start == Start::Login {
        way.push(Move::Prove);
    }
    if matches!(start, Start::Mail | Start::Rcpt) {
        way.extend([say("MAIL FROM:<{from}>"), hear("250")]);
    }
    if start == Start::Rcpt {
        way.extend([say("RCPT TO:<{rcpt}>"), hear("25x")]);
    }
    way
}
