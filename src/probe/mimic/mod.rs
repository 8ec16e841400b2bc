//! A server that others are known to have, played: it says what a [`Profile`] says, and turns the line for who asks.
//!
//! ```text
//! P: 220 ex1.example.test Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  ...
//! C: EHLO client.example.org
//! P: 250-ex1.example.test Hello [127.0.0.1]
//! P: 250-TURN
//! ...
//! C: TURN
//! P: 250 2.0.0 OK                 from here on it is the client, and brings what waits
//! ```
//!
//! Any name and any password are let in but those that the profile refuses, and none is noted. NTLM is offered where
//! the profile does so, and comes to nothing. Pure: octets and moments in, wishes out.

mod auth;
mod caller;
mod courier;
mod fault;
mod profile;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use self::auth::Login;
use self::courier::{Courier, Fate};
use super::script::{Side, Want, Word};
use crate::smtp::ReplyParser;

pub use caller::{Called, Caller, Prove};
pub use fault::{BadFault, FAULTS, Fault, Part, Switch, Takes};
use profile::VERBS;
pub use profile::{ACTIONS, Action, BUILT_IN, BadProfile, Client, FACTS, Fact, KEYS, Profile, Row};

/// A line of a client may be this long, octets.
const LONGEST_LINE: usize = 16 * 1024;
/// So many commands, and it hangs up.
const MOST_COMMANDS: usize = 10_000;
/// So many messages are taken in a session.
const MOST_RECEIVED: usize = 1000;
/// So many recipients in one.
const MOST_RCPTS: usize = 1000;
/// So much content is taken in a session where the profile has no limit, octets.
const MOST_IN: usize = 64 << 20;
/// So much of an answer of the client's is heard, octets.
const MOST_HEARD: usize = 1 << 20;
/// So much of what stands behind a verb is repeated, octets.
const MOST_REPEATED: usize = 256;
/// A session may take so long in all.
pub const LONGEST_CALL: Duration = Duration::from_secs(3600);
/// How long it waits for a greeting once it has turned the line, and for each answer, where nobody says otherwise.
const TURNED: Duration = Duration::from_secs(30);

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The reverse-path, without its brackets.
    pub from: String,
    /// The forward-paths.
    pub rcpts: Vec<String>,
    /// Its content, lines with CRLF.
    pub content: Vec<u8>,
}

/// What a played server is, beside its profile.
#[derive(Clone, Debug)]
pub struct House {
    /// What it says.
    pub profile: Profile,
    /// The domains whose mail it takes, and holds. The first completes names without one.
    pub domains: Vec<String>,
    /// The time that its greeting tells.
    pub date: String,
    /// How long it waits for a greeting once it has turned the line, and for each answer.
    pub patience: Duration,
}

impl House {
    /// A profile, and whose mail it takes. The clock is the profile's, or this.
    pub fn new(profile: Profile, domains: Vec<String>, now: jiff::Timestamp) -> House {
        let at = profile.clock.unwrap_or(now);
        let date = at.strftime("%a, %-d %b %Y %H:%M:%S +0000").to_string();
        House { profile, domains, date, patience: TURNED }
    }

    fn is_own(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain))
    }
}

/// What came of a session.
#[derive(Debug, Default)]
pub struct Session {
    /// The verbs that were heard, in order.
    pub verbs: Vec<String>,
    /// The name by which somebody logged in.
    pub user: Option<String>,
    /// The line was turned.
    pub turned: bool,
    /// How many messages were taken of us.
    pub sent: usize,
    /// How many were refused for good.
    pub refused: usize,
    /// What was said to the last that was not taken.
    pub refusal: Option<String>,
    /// What goes on waiting.
    pub waits: Vec<Letter>,
    /// What was received.
    pub received: Vec<Letter>,
    /// What was said that nobody has seen a server say in these words.
    pub unverified: Vec<String>,
    /// All that was said, logins without their secrets.
    pub words: Vec<Word>,
}

enum State {
    Commands,
    Login(Login),
    Content {
        tail: [u8; 4],
    },
    Chunk {
        left: usize,
        last: bool,
    },
    Turned(Box<Courier>),
    /// Somebody else has said 220 to STARTTLS.
    NoTls,
    /// All is said; what still comes is noted, until the line is closed.
    Farewell,
    Over,
}

/// The server, being talked to.
pub struct Mimic<'a> {
    house: &'a House,
    peer: String,
    begun: Instant,
    until: Option<Instant>,
    state: State,
    input: BytesMut,
    output: BytesMut,
    /// What is kept back, each so long behind the one before.
    later: VecDeque<(Duration, Bytes)>,
    due: Option<Instant>,
    parser: ReplyParser,
    heard: usize,
    hang_up: bool,
    closed: bool,
    hello: bool,
    /// A login was tried: a line that is no command may be a password that came too late.
    has_auth: bool,
    from: Option<String>,
    rcpts: Vec<String>,
    content: Vec<u8>,
    declared: usize,
    came: usize,
    letters: Vec<Letter>,
    told: Session,
}

impl<'a> Mimic<'a> {
    /// Somebody calls from there; these messages wait.
    pub fn new(house: &'a House, peer: &str, letters: Vec<Letter>, now: Instant) -> Mimic<'a> {
        let mut mimic = Mimic {
            house,
            peer: peer.to_owned(),
            begun: now,
            until: None,
            state: State::Commands,
            input: BytesMut::new(),
            output: BytesMut::new(),
            later: VecDeque::new(),
            due: None,
            parser: ReplyParser::default(),
            heard: 0,
            hang_up: false,
            closed: false,
            hello: false,
            has_auth: false,
            from: None,
            rcpts: Vec::new(),
            content: Vec::new(),
            declared: 0,
            came: 0,
            letters,
            told: Session::default(),
        };
        let greeting = &house.profile.greeting;
        match house.profile.wrong.masked {
            true => mimic.say(&fault::masked(&mimic.filled(greeting, "")), ""),
            false => mimic.say(greeting, ""),
        }
        mimic.hang_up = !greeting.starts_with('2');
        mimic
    }

    /// What it wants next.
    pub fn poll(&mut self, now: Instant) -> Want {
        loop {
            if !self.output.is_empty() {
                let octets = self.output.split().freeze();
                self.note(Side::Ours, &octets, now);
                return Want::Send(octets);
            }
            if let Some((wait, octets)) = self.later.front() {
                let due = *self.due.get_or_insert(now + *wait);
                if now < due {
                    return Want::Pause(due);
                }
                self.output.extend_from_slice(octets);
                self.later.pop_front();
                self.due = None;
                continue;
            }
            if self.hang_up || matches!(self.state, State::Over) {
                self.state_over();
                return Want::Over;
            }
            if self.closed && self.input.is_empty() {
                self.hang_up = true;
                continue;
            }
            if let Some(want) = self.step(now) {
                return want;
            }
        }
    }

    /// Octets have come.
    pub fn received(&mut self, octets: &[u8]) {
        self.until = None;
        self.heard += octets.len();
        self.input.extend_from_slice(octets);
    }

    /// The client has hung up.
    pub fn closed(&mut self) {
        self.closed = true;
    }

    /// The moment that was named has come, and nothing else.
    pub fn timed_out(&mut self) {
        if !matches!(self.state, State::Turned(_)) {
            let house = self.house;
            self.say(&house.profile.idle.1, "");
        }
        self.hang_up = true;
    }

    /// What came of it.
    pub fn over(mut self) -> Session {
        self.state_over();
        self.told.waits.append(&mut self.letters);
        self.told
    }

    /// Lets go of what the session was about.
    fn state_over(&mut self) {
        if let State::Turned(courier) = std::mem::replace(&mut self.state, State::Over) {
            self.told.refusal = courier.refusal().map(str::to_owned);
            let (letters, fates) = courier.fates();
            for (letter, fate) in letters.into_iter().zip(fates) {
                match fate {
                    Fate::Sent => self.told.sent += 1,
                    Fate::Refused => self.told.refused += 1,
                    Fate::Waits => self.told.waits.push(letter),
                }
            }
        }
    }

    fn step(&mut self, now: Instant) -> Option<Want> {
        match self.state {
            State::Commands | State::Login(_) => self.line(now),
            State::Content { .. } => self.content(now),
            State::Chunk { .. } => self.chunk(now),
            State::Turned(_) => self.answer(now),
            State::NoTls => self.no_tls(now),
            State::Farewell => {
                let said = self.input.split().freeze();
                self.note(Side::Theirs, &said, now);
                self.hang_up |= self.heard > MOST_HEARD;
                self.hears(now)
            }
            State::Over => Some(Want::Over),
        }
    }

    /// What comes is TLS, and is taken for a command that nobody knows.
    fn no_tls(&mut self, now: Instant) -> Option<Want> {
        if self.input.is_empty() {
            return self.hears(now);
        }
        self.input.clear();
        self.note(Side::Theirs, b"[what may be TLS]\r\n", now);
        self.state = State::Commands;
        self.command("...", "", false);
        None
    }

    fn hears(&mut self, now: Instant) -> Option<Want> {
        if self.closed {
            self.hang_up = true;
            return None;
        }
        let patience = match self.state {
            State::Turned(_) | State::Farewell => self.house.patience,
            _ => Duration::from_secs(self.house.profile.idle.0.clamp(1, 86_400)),
        };
        Some(Want::Hear(*self.until.get_or_insert(now + patience)))
    }

    fn note(&mut self, side: Side, octets: &[u8], now: Instant) {
        if self.told.words.len() < MOST_COMMANDS && !octets.is_empty() {
            let at = now.saturating_duration_since(self.begun);
            let octets = octets[..octets.len().min(4096)].to_vec();
            self.told.words.push(Word { at, side, tls: false, octets });
        }
    }

    /// Says this, names in their places.
    fn say(&mut self, text: &str, arg: &str) {
        let lines = text.lines().map(|line| format!("{}\r\n", self.filled(line, arg)));
        let said: String = lines.collect();
        let stranger = self.told.user.is_none();
        match self.house.profile.wrong.tarpit.filter(|_| stranger && text.starts_with('5')) {
            Some(wait) => self.later.push_back((wait, Bytes::from(said))),
            None => self.output.extend_from_slice(said.as_bytes()),
        }
    }

    /// The answer to DATA, in halves where that is the fault.
    fn says_to_data(&mut self, text: &str) {
        self.say(text, "");
        let Some(wait) = self.house.profile.wrong.split_354 else { return };
        let end = memchr::memchr(b'\n', &self.output).map_or(0, |end| end + 1);
        let half = if end < self.output.len() { end } else { end / 2 };
        let rest = self.output.split_off(half).freeze();
        self.later.push_back((wait, rest));
    }

    fn filled(&self, text: &str, arg: &str) -> String {
        let profile = &self.house.profile;
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                rest = &rest[before.len()..];
                break;
            };
            match name {
                "fqdn" => out.push_str(&profile.fqdn),
                "ver" => out.push_str(&profile.version),
                "date" => out.push_str(&self.house.date),
                "peer" => out.push_str(&self.peer),
                "domain" => out.push_str(self.house.domains.first().map_or("", String::as_str)),
                "msgid" => out.push_str(&format!("{:08x}", self.told.received.len() + 1)),
                "arg" | "addr" => out.push_str(&repeated(arg)),
                other => out.push_str(&format!("{{{other}}}")),
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// The next line of the client.
    fn line(&mut self, now: Instant) -> Option<Want> {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() > LONGEST_LINE {
                self.hang_up = true;
                return None;
            }
            if self.closed {
                self.input.clear();
            }
            return self.hears(now);
        };
        let line = self.input.split_to(end + 1).freeze();
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        let verb = verb_of(text).to_ascii_uppercase();
        let (in_login, is_auth) = (matches!(self.state, State::Login(_)), auth::is_login(text));
        let is_secret = in_login || self.has_auth && !is_auth && !self.knows(&verb);
        self.has_auth |= is_auth;
        let shown = match (is_secret, is_auth) {
            (true, _) => Bytes::from_static(b"...\r\n"),
            (_, true) => Bytes::from(format!("{}\r\n", auth::without_secret(text))),
            _ => line.clone(),
        };
        self.note(Side::Theirs, &shown, now);
        if in_login {
            self.respond(text);
            return None;
        }
        self.told.verbs.push(match (is_secret, is_auth) {
            (true, _) => "...".to_owned(),
            (_, true) => auth::verb(text).to_owned(),
            _ => repeated(&verb),
        });
        if self.told.verbs.len() > MOST_COMMANDS {
            self.hang_up = true;
            return None;
        }
        match is_secret {
            true => self.command("...", "", false),
            false => self.command(&verb, text, !is_auth),
        }
        None
    }

    /// Is it a command, here or elsewhere?
    fn knows(&self, verb: &str) -> bool {
        VERBS.contains(&verb) || self.house.profile.rows.iter().any(|row| row.verb == verb)
    }

    fn command(&mut self, verb: &str, line: &str, is_repeated: bool) {
        // What stands in front lets no other verb through.
        let verb = match self.house.profile.wrong.masked && !fault::passes(verb) {
            true => "XXXX",
            false => verb,
        };
        let rest = line.get(verb.len()..).unwrap_or_default().trim();
        let path = path_of(rest);
        self.declared = declared(rest);
        let arg = match (verb, &path) {
            _ if !is_repeated => "",
            ("MAIL" | "RCPT", Some(path)) if path.is_empty() => "<>",
            ("MAIL" | "RCPT", Some(path)) => path,
            ("MAIL" | "RCPT", None) => "",
            _ => rest,
        };
        let arg = arg.to_owned();
        let Some(row) = self.row(verb, &arg, rest) else {
            self.hang_up = true;
            return;
        };
        self.does(&row, &arg, rest, path);
    }

    /// The row that fits.
    fn row(&self, verb: &str, arg: &str, rest: &str) -> Option<Row> {
        let fits = |row: &&Row| {
            (row.verb == verb || row.verb == "*")
                && row.when.iter().all(|(fact, is)| self.is(*fact, verb, arg, rest) == *is)
        };
        self.house.profile.rows.iter().find(fits).cloned()
    }

    fn is(&self, fact: Fact, verb: &str, arg: &str, rest: &str) -> bool {
        let largest = self.house.profile.largest;
        match fact {
            Fact::Hello => self.hello,
            Fact::Mail => self.from.is_some(),
            Fact::Rcpt => !self.rcpts.is_empty(),
            Fact::Authed => self.told.user.is_some(),
            Fact::Empty => self.letters.is_empty(),
            Fact::Bad => arg.is_empty() || verb == "RCPT" && arg == "<>",
            Fact::Large => largest > 0 && self.declared.max(self.content.len()) > largest,
            Fact::Arg => !rest.is_empty(),
            Fact::Foreign if verb == "RCPT" => {
                arg.rsplit_once('@').is_some_and(|(_, domain)| !self.house.is_own(domain))
            }
            Fact::Foreign => {
                let mut asked = rest.split([',', ' ']).filter(|word| !word.is_empty());
                asked.any(|domain| !self.house.is_own(domain))
            }
        }
    }

    fn does(&mut self, row: &Row, arg: &str, rest: &str, path: Option<String>) {
        let is_good = row.text.starts_with(['2', '3']);
        let is_said = !row.text.is_empty();
        if is_said && !row.verified && !self.told.unverified.contains(&row.text) {
            self.told.unverified.push(row.text.clone());
        }
        match row.action {
            Some(Action::Ehlo) => return self.ehlo(),
            Some(Action::Auth) => return self.auth(rest),
            Some(Action::Chunk) => return self.begin_chunk(row, rest),
            Some(Action::Data) if is_good => self.says_to_data(&row.text),
            _ => self.say(&row.text, arg),
        }
        match row.action {
            Some(Action::Hello) => self.reset(),
            Some(Action::Mail) if is_good => {
                self.content.clear();
                self.from = Some(path.unwrap_or_default());
            }
            Some(Action::Rcpt) if is_good && self.rcpts.len() < MOST_RCPTS => {
                self.rcpts.push(path.unwrap_or_default());
            }
            Some(Action::Data) if is_good => self.state = State::Content { tail: *b"\0\0\r\n" },
            Some(Action::Reset) => self.reset(),
            Some(Action::Turn) if is_good => self.turn(usize::MAX),
            Some(Action::TurnQuit) if is_good => self.turn(0),
            Some(Action::TurnFin) if is_good => (self.told.turned, self.hang_up) = (true, true),
            Some(Action::NoTls) if is_good => self.state = State::NoTls,
            Some(Action::Close) => self.closes(),
            _ => {}
        }
        self.hello |= row.action == Some(Action::Hello);
    }

    /// It closes the line; a customer that wants more says so first.
    fn closes(&mut self) {
        match self.house.profile.wrong.double_turn {
            true => {
                self.say("TURN", "");
                (self.state, self.heard) = (State::Farewell, 0);
            }
            false => self.hang_up = true,
        }
    }

    fn reset(&mut self) {
        self.from = None;
        self.rcpts.clear();
        self.content.clear();
        self.declared = 0;
    }

    fn ehlo(&mut self) {
        (self.hello, self.from) = (true, None);
        self.reset();
        let house = self.house;
        let (first, caps, tail) = &house.profile.ehlo;
        let lines: Vec<&String> = std::iter::once(first).chain(caps).chain(tail).collect();
        let last = lines.len() - 1;
        for (n, line) in lines.into_iter().enumerate() {
            let hyphen = if n == last { ' ' } else { '-' };
            self.say(&format!("250{hyphen}{line}"), "");
        }
    }

    /// The line is turned, for so many messages at most. What stands behind the verb already was written for a
    /// server that is gone.
    fn turn(&mut self, most: usize) {
        self.told.turned = true;
        if !self.input.is_empty() {
            self.hang_up = true;
            return;
        }
        self.heard = 0;
        let profile = &self.house.profile;
        let most = profile.most_out.min(most).min(self.letters.len());
        let now: Vec<Letter> = self.letters.drain(..most).collect();
        let courier = Courier::new(&profile.fqdn, now).with(&profile.wrong.manners);
        self.state = State::Turned(Box::new(courier));
    }

    /// The next answer of the server that our client has become.
    fn answer(&mut self, now: Instant) -> Option<Want> {
        let State::Turned(courier) = &mut self.state else { return None };
        if self.heard > MOST_HEARD {
            self.hang_up = true;
            return None;
        }
        let before = self.input.clone();
        match self.parser.next(&mut self.input) {
            Ok(Some(reply)) => {
                let said = courier.hear(&reply);
                self.hang_up |= courier.is_over();
                self.heard = 0;
                let used = before.len() - self.input.len();
                self.note(Side::Theirs, &before[..used], now);
                self.output.extend_from_slice(&said.unwrap_or_default());
                None
            }
            Ok(None) => self.hears(now),
            Err(_) => {
                self.note(Side::Theirs, &before, now);
                self.hang_up = true;
                None
            }
        }
    }

    /// May so much more be taken?
    fn has_room(&self, more: usize) -> bool {
        let most = match self.house.profile.most_in {
            0 => MOST_IN,
            most => most.min(MOST_IN),
        };
        self.came.saturating_add(more) <= most
    }

    /// Content up to its end. RFC 5321, section 4.1.1.4: CRLF.CRLF, and nothing else.
    fn content(&mut self, now: Instant) -> Option<Want> {
        let State::Content { mut tail } = self.state else { return None };
        let mut at = 0;
        let mut ended = false;
        while let Some(&octet) = self.input.get(at) {
            at += 1;
            self.content.push(octet);
            if octet == b'\n' && tail == *b"\r\n.\r" {
                ended = true;
                break;
            }
            tail.rotate_left(1);
            tail[3] = octet;
        }
        drop(self.input.split_to(at));
        self.came += at;
        if !self.has_room(0) {
            self.hang_up = true;
            return None;
        }
        self.state = State::Content { tail };
        if !ended {
            return self.hears(now);
        }
        let length = self.content.len().saturating_sub(3);
        self.content.truncate(length);
        self.content = undotted(&self.content);
        self.note(Side::Theirs, format!("[{length} octets of a message]\r\n").as_bytes(), now);
        self.taken();
        None
    }

    fn taken(&mut self) {
        self.state = State::Commands;
        let Some(row) = self.row("(content)", "", "") else {
            self.hang_up = true;
            return;
        };
        if !row.verified && !self.told.unverified.contains(&row.text) {
            self.told.unverified.push(row.text.clone());
        }
        self.say(&row.text, "");
        if self.house.profile.wrong.cut_250 && row.text.starts_with('2') {
            self.output.truncate(self.output.len().saturating_sub(2));
        }
        if row.text.starts_with('2') {
            if self.told.received.len() >= MOST_RECEIVED {
                self.hang_up = true;
                return;
            }
            let from = self.from.take().unwrap_or_default();
            let rcpts = std::mem::take(&mut self.rcpts);
            let content = std::mem::take(&mut self.content);
            self.told.received.push(Letter { from, rcpts, content });
        }
        self.reset();
    }

    /// BDAT: the chunk comes in any case. RFC 3030, section 2.
    fn begin_chunk(&mut self, row: &Row, rest: &str) {
        let mut words = rest.split_ascii_whitespace();
        let Some(size) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
            self.say("501 5.5.4 Invalid arguments", "");
            return;
        };
        if !self.has_room(size) {
            self.hang_up = true;
            return;
        }
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        self.state = State::Chunk { left: size, last };
        if !row.text.starts_with('2') {
            self.rcpts.clear();
        }
    }

    fn chunk(&mut self, now: Instant) -> Option<Want> {
        let State::Chunk { left, last } = self.state else { return None };
        let some = self.input.split_to(left.min(self.input.len()));
        self.content.extend_from_slice(&some);
        self.came += some.len();
        let left = left - some.len();
        self.state = State::Chunk { left, last };
        if left > 0 {
            return self.hears(now);
        }
        self.state = State::Commands;
        let size = self.content.len();
        self.note(Side::Theirs, format!("[{size} octets of a message]\r\n").as_bytes(), now);
        match self.row("BDAT", "", "") {
            Some(row) if !row.text.starts_with('2') || !last => {
                self.say(&row.text, &size.to_string());
                // What was refused belongs to no message.
                if !row.text.starts_with('2') {
                    self.content.clear();
                }
            }
            Some(_) => {
                if self.house.profile.wrong.breaks_headers {
                    self.content = fault::with_broken_headers(&self.content);
                }
                self.taken();
            }
            None => self.hang_up = true,
        }
        None
    }
}

/// The verb of a line, however it is parted from what comes behind it.
fn verb_of(line: &str) -> &str {
    let parts = |c: char| c == ':' || c.is_whitespace() || c.is_control();
    line.split(parts).next().unwrap_or_default()
}

/// What is repeated of what was said: a reply is in ASCII. RFC 5321, section 4.2.
fn repeated(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c)).take(MOST_REPEATED).collect()
}

/// The path behind `FROM:` or `TO:`; with or without brackets, and with a space before it (MSQ-32).
fn path_of(rest: &str) -> Option<String> {
    let (_, path) = rest.split_once(':')?;
    let path = path.trim_start();
    match path.strip_prefix('<') {
        Some(inner) => inner.split_once('>').map(|(path, _)| path.to_owned()),
        None => path.split_ascii_whitespace().next().map(str::to_owned),
    }
}

/// What SIZE= says.
fn declared(rest: &str) -> usize {
    let mut words = rest.split_ascii_whitespace();
    let size = words.find_map(|word| {
        let (name, value) = word.split_once('=')?;
        name.eq_ignore_ascii_case("SIZE").then_some(value)
    });
    size.and_then(|size| size.parse().ok()).unwrap_or(0)
}

fn undotted(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut begins = true;
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        out.extend_from_slice(if begins { line.strip_prefix(b".").unwrap_or(line) } else { line });
        begins = line.ends_with(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests;
