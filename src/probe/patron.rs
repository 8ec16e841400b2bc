//! The provider that we are when a customer calls, up to its ATRN, as obliging or as difficult as a rule needs it.
//!
//! ```text
//! P: 220 probe.example odmr-probe
//! C: EHLO customer.example.org
//! P: 250-probe.example
//! P: 250-AUTH CRAM-MD5
//! P: 250 ATRN
//! C: AUTH CRAM-MD5                any name and any password will do; neither is looked at, or noted
//! ```
//!
//! Pure: octets and moments in, wishes out. What comes behind the turn is a talk like any other.

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};

use super::host::verb_of;
use super::script::{Side, Want, Word};

/// A line of a customer may be this long, octets.
const LONGEST_LINE: usize = 16 * 1024;
/// So many commands, and it hangs up.
const MOST_COMMANDS: usize = 1000;
/// So much is said to who listens to a reply without end, octets.
const ENDLESS: usize = 32 << 20;
/// How much of that at a time.
const PIECE: usize = 64 * 1024;

/// How a login is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Everybody is let in.
    Anybody,
    /// So.
    Say(&'static str),
    /// By a challenge that is none.
    Junk,
}

/// How we carry on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// For how long nothing is said.
    pub silent: Duration,
    /// The greeting.
    pub greeting: &'static str,
    /// What is offered.
    pub keywords: &'static [&'static str],
    /// How a login is answered.
    pub login: Login,
    /// How ATRN is answered.
    pub atrn: &'static str,
    /// How long after it came.
    pub slowly: Duration,
    /// The answer to EHLO has no end.
    pub endless: bool,
    /// The line is closed behind the answer to ATRN.
    pub drops: bool,
    /// STARTTLS is offered, and taken.
    pub tls: Option<Secure>,
}

/// The certificate that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The one that we were given.
    Given,
    /// One that we made ourselves, for which nobody vouches.
    Own,
    /// One that was good until a year ago; the authority is trusted.
    Expired,
    /// One for another name; the authority is trusted.
    WrongName,
    /// One of an authority that a trusted one vouches for, without what says so.
    NoChain,
}

/// How we carry on about TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secure {
    /// The certificate.
    pub shows: Shown,
    /// What goes out in one piece with the answer to STARTTLS.
    pub behind: &'static str,
    /// What is offered under TLS.
    pub keywords: &'static [&'static str],
}

impl Default for Manner {
    fn default() -> Manner {
        Manner {
            silent: Duration::ZERO,
            greeting: "220 {me} odmr-probe",
            keywords: &["AUTH CRAM-MD5", "ATRN"],
            login: Login::Anybody,
            atrn: "453 4.3.0 you have no mail",
            slowly: Duration::ZERO,
            endless: false,
            drops: false,
            tls: None,
        }
    }
}

/// What there is to say of the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Its commands, in order, those of a login without their secrets.
    pub lines: Vec<String>,
    /// It spoke before our greeting.
    pub hasty: bool,
    /// It hung up before that.
    pub left_early: bool,
    /// The mechanisms that it tried.
    pub mechanisms: Vec<String>,
    /// It sent what a password can be read from.
    pub shows_password: bool,
    /// It gave up a login by `*`.
    pub cancelled: bool,
    /// What it said for ATRN: nothing, or a list.
    pub asked: Vec<String>,
    /// It spoke behind ATRN before that was answered.
    pub early: bool,
    /// It hung up before ATRN was answered.
    pub impatient: bool,
    /// It was told that it may have its mail.
    pub granted: bool,
    /// A line of it did not end in CRLF.
    pub bare: bool,
    /// It has said QUIT.
    pub quit: bool,
    /// It has hung up.
    pub closed: bool,
    /// It said nothing more.
    pub stalled: bool,
    /// It has said STARTTLS.
    pub asked_tls: bool,
    /// Hands were shaken.
    pub tls: bool,
    /// It logged in, or tried to, under TLS.
    pub secret_under_tls: bool,
    /// It listened to a reply without end, to the end that we made.
    pub patient: bool,
}

impl Caller {
    /// Did it say this?
    pub fn said(&self, verb: &str) -> bool {
        self.lines.iter().any(|line| verb_of(line).eq_ignore_ascii_case(verb))
    }
}

enum State {
    Greeting,
    Commands,
    /// So many answers are still to come for a login.
    Login(u8),
    /// ATRN is answered then.
    Slow(Instant),
    Endless(usize),
    /// Hands are to be shaken.
    Secure,
    /// The line is turned, or over.
    Over,
}

/// The provider that we are, being called.
pub struct Patron {
    manner: Manner,
    me: String,
    patience: Duration,
    begun: Instant,
    until: Option<Instant>,
    state: State,
    input: BytesMut,
    output: BytesMut,
    caller: Caller,
    words: Vec<Word>,
}

impl Patron {
    /// Somebody calls.
    pub fn new(manner: Manner, me: &str, now: Instant, patience: Duration) -> Patron {
        Patron {
            manner,
            me: me.to_owned(),
            patience,
            begun: now,
            until: None,
            state: State::Greeting,
            input: BytesMut::new(),
            output: BytesMut::new(),
            caller: Caller::default(),
            words: Vec::new(),
        }
    }

    /// What it wants next.
    pub fn poll(&mut self, now: Instant) -> Want {
        loop {
            if !self.output.is_empty() {
                let octets = self.output.split().freeze();
                self.note(Side::Ours, &octets, now);
                return Want::Send(octets);
            }
            match self.state {
                State::Over => return Want::Over,
                State::Secure => return Want::Secure,
                State::Greeting => {
                    let until = self.begun + self.manner.silent;
                    if now < until && self.input.is_empty() && !self.caller.closed {
                        return Want::Hear(until);
                    }
                    self.caller.hasty = !self.input.is_empty();
                    self.caller.left_early = now < until && self.caller.closed;
                    self.say(self.manner.greeting);
                    // Whoever is refused is heard out: what does he do?
                    self.state = State::Commands;
                }
                State::Slow(until) => {
                    if now < until && !self.caller.closed {
                        return Want::Hear(until);
                    }
                    self.caller.impatient = now < until;
                    self.answer_atrn();
                }
                State::Endless(said) => {
                    if said > ENDLESS || self.caller.closed {
                        self.caller.patient = said > ENDLESS;
                        self.state = State::Over;
                        continue;
                    }
                    self.state = State::Endless(said + PIECE);
                    return Want::Send(b"250-ODMR-PROBE HAS NO END\r\n".repeat(PIECE / 27).into());
                }
                State::Commands | State::Login(_) => match self.line(now) {
                    Some(line) => self.hear(&line, now),
                    None if self.caller.closed => self.state = State::Over,
                    None => {
                        let patience = self.patience;
                        return Want::Hear(*self.until.get_or_insert(now + patience));
                    }
                },
            }
        }
    }

    /// Octets have come.
    pub fn received(&mut self, octets: &[u8]) {
        self.until = None;
        self.caller.early |= matches!(self.state, State::Slow(_));
        self.input.extend_from_slice(octets);
    }

    /// Hands were shaken, or not.
    pub fn secured(&mut self, shaken: bool) {
        self.caller.tls = shaken;
        self.input.clear();
        self.state = if shaken { State::Commands } else { State::Over };
    }

    /// The caller has hung up.
    pub fn closed(&mut self) {
        self.caller.closed = true;
    }

    /// The moment that was named has come, and nothing else.
    pub fn timed_out(&mut self) {
        if !matches!(self.state, State::Slow(_) | State::Greeting) {
            self.caller.stalled = true;
            self.state = State::Over;
        }
    }

    /// What there is to say of the caller, and all that was said.
    pub fn over(self) -> (Caller, Vec<Word>) {
        (self.caller, self.words)
    }

    fn note(&mut self, side: Side, octets: &[u8], now: Instant) {
        let at = now.saturating_duration_since(self.begun);
        let octets = octets[..octets.len().min(4096)].to_vec();
        self.words.push(Word { at, side, tls: self.caller.tls, octets });
    }

    fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.output.extend_from_slice(line.replace("{me}", &self.me).as_bytes());
            self.output.extend_from_slice(b"\r\n");
        }
    }

    fn line(&mut self, now: Instant) -> Option<String> {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() > LONGEST_LINE {
                self.caller.closed = true;
            }
            return None;
        };
        let line = self.input.split_to(end);
        self.input.advance(1);
        self.caller.bare |= !line.ends_with(b"\r");
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned();
        let shown = match &self.state {
            State::Login(_) if line != "*" => "...".to_owned(),
            _ => without_secret(&line),
        };
        self.note(Side::Theirs, format!("{shown}\r\n").as_bytes(), now);
        Some(line)
    }

    fn hear(&mut self, line: &str, now: Instant) {
        if let State::Login(left) = self.state {
            return self.answered(line, left);
        }
        self.caller.lines.push(without_secret(line));
        if self.caller.lines.len() > MOST_COMMANDS {
            self.say("421 4.7.0 enough");
            self.state = State::Over;
            return;
        }
        match verb_of(line).to_ascii_uppercase().as_str() {
            "EHLO" if self.manner.endless => self.state = State::Endless(0),
            "EHLO" => {
                let listed = super::host::listed(&self.offers());
                self.say(&listed);
            }
            "STARTTLS" => self.starttls(),
            "AUTH" => self.auth(line),
            "ATRN" | "TURN" => {
                self.caller
                    .asked
                    .push(line.split_once(' ').map_or("", |(_, list)| list).to_owned());
                self.caller.early |= !self.input.is_empty();
                self.state = State::Slow(now + self.manner.slowly);
            }
            "RSET" | "NOOP" => self.say("250 2.0.0 ok"),
            "QUIT" => {
                self.caller.quit = true;
                self.say("221 2.0.0 bye");
                self.state = State::Over;
            }
            _ => self.say("502 5.5.1 not here"),
        }
    }

    fn offers(&self) -> Vec<&'static str> {
        match (self.manner.tls, self.caller.tls) {
            (Some(secure), true) => secure.keywords.to_vec(),
            (Some(_), false) => [&["STARTTLS"], self.manner.keywords].concat(),
            (None, _) => self.manner.keywords.to_vec(),
        }
    }

    fn starttls(&mut self) {
        self.caller.asked_tls = true;
        match self.manner.tls.filter(|_| !self.caller.tls) {
            None => self.say("502 5.5.1 not here"),
            Some(secure) => {
                self.say("220 2.0.0 go ahead");
                self.say(secure.behind);
                self.state = State::Secure;
            }
        }
    }

    fn answer_atrn(&mut self) {
        self.caller.early |= !self.input.is_empty();
        self.caller.granted = self.manner.atrn.starts_with('2');
        self.say(self.manner.atrn);
        let is_over =
            self.caller.granted || self.manner.drops || self.manner.atrn.starts_with("421");
        self.state = if is_over { State::Over } else { State::Commands };
    }

    fn auth(&mut self, line: &str) {
        let mut words = line.split_ascii_whitespace().skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().is_some();
        self.caller.mechanisms.push(mechanism.clone());
        self.caller.secret_under_tls |= self.caller.tls;
        let is_plain = matches!(mechanism.as_str(), "PLAIN" | "LOGIN");
        self.caller.shows_password |= is_plain && initial;
        if self.manner.login == Login::Junk {
            self.say("334 !this is no base64!");
            self.state = State::Login(0);
            return;
        }
        match (mechanism.as_str(), initial) {
            ("PLAIN", true) => self.let_in(),
            ("PLAIN", false) => self.challenge("334 ", 1),
            ("LOGIN", false) => self.challenge("334 VXNlcm5hbWU6", 2),
            ("LOGIN", true) => self.challenge("334 UGFzc3dvcmQ6", 1),
            // <1896.697170952@postoffice.reston.mci.net>, as in RFC 2195.
            ("CRAM-MD5", _) => {
                self.challenge("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", 1);
            }
            _ => self.say("504 5.5.4 not here"),
        }
    }

    fn challenge(&mut self, text: &str, answers: u8) {
        self.say(text);
        self.state = State::Login(answers);
    }

    /// An answer to a challenge has come.
    fn answered(&mut self, line: &str, left: u8) {
        self.state = State::Commands;
        if line == "*" {
            self.caller.cancelled = true;
            return self.say("501 5.7.0 as you like");
        }
        let last = self.caller.mechanisms.last().map(String::as_str);
        self.caller.shows_password |= matches!(last, Some("PLAIN" | "LOGIN")) && left == 1;
        match left {
            0 => self.say("501 5.5.2 that was no challenge"),
            1 => self.let_in(),
            _ => self.challenge("334 UGFzc3dvcmQ6", left - 1),
        }
    }

    fn let_in(&mut self) {
        match self.manner.login {
            Login::Say(text) => self.say(text),
            _ => self.say("235 2.7.0 welcome"),
        }
    }
}

/// A command as it may be told.
fn without_secret(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(verb), Some(mechanism), Some(_)) if verb.eq_ignore_ascii_case("AUTH") => {
            format!("{verb} {mechanism} ...")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a caller says in these lines, each when it has been answered, and what it hears.
    fn called(manner: Manner, lines: &[&str]) -> (Caller, String, String) {
        let now = Instant::now();
        let mut patron = Patron::new(manner, "probe.example", now, Duration::from_secs(5));
        let (mut lines, mut heard) = (lines.iter(), String::new());
        loop {
            match patron.poll(now) {
                Want::Send(octets) => heard.push_str(&String::from_utf8_lossy(&octets)),
                Want::Hear(_) => match lines.next() {
                    Some(line) => patron.received(format!("{line}\r\n").as_bytes()),
                    None => patron.closed(),
                },
                _ => {
                    let (caller, words) = patron.over();
                    let said = words.into_iter().flat_map(|word| word.octets).collect();
                    return (caller, heard, String::from_utf8(said).unwrap());
                }
            }
        }
    }

    #[test]
    fn a_call_goes_to_its_answer() {
        let talk =
            ["EHLO customer.example.org", "AUTH CRAM-MD5", "c2VjcmV0", "ATRN example.org", "QUIT"];
        let (caller, heard, said) = called(Manner::default(), &talk);
        let codes: Vec<&str> = heard.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "250", "250", "250", "334", "235", "453", "221"]);
        assert_eq!(
            (caller.mechanisms, caller.asked),
            (vec!["CRAM-MD5".to_owned()], vec!["example.org".to_owned()])
        );
        assert!(caller.quit && !caller.shows_password && !caller.granted);
        assert!(!said.contains("c2VjcmV0") && said.contains("..."), "{said}");
    }

    #[test]
    fn passwords_are_seen_and_not_noted() {
        for talk in [
            &["AUTH PLAIN AGEAYg=="][..],
            &["AUTH PLAIN", "AGEAYg=="],
            &["AUTH LOGIN", "YQ==", "AGEAYg=="],
        ] {
            let (caller, heard, said) = called(Manner::default(), talk);
            assert!(caller.shows_password && heard.contains("235"), "{talk:?}: {heard}");
            assert!(!said.contains("AGEAYg=="), "{said}");
            assert!(caller.lines.iter().all(|line| !line.contains("AGEAYg==")));
        }
    }

    #[test]
    fn the_manner_is_kept_to() {
        let junk = Manner { login: Login::Junk, ..Manner::default() };
        let (caller, ..) = called(junk, &["AUTH CRAM-MD5", "*"]);
        assert!(caller.cancelled);
        let no = Manner { login: Login::Say("535 5.7.8 no"), ..Manner::default() };
        assert!(called(no, &["AUTH CRAM-MD5", "eA=="]).1.ends_with("535 5.7.8 no\r\n"));
        let turns = Manner { atrn: "250 2.0.0 turning", ..Manner::default() };
        let (caller, ..) = called(turns, &["ATRN\r\n220 too early"]);
        assert!(caller.granted && caller.early);
        let late = Manner { silent: Duration::from_secs(1), ..Manner::default() };
        assert!(
            called(late, &["EHLO x"]).0.hasty && !called(Manner::default(), &["EHLO x"]).0.hasty
        );
        let gone = called(late, &[]).0;
        assert!(gone.left_early && !gone.hasty && !called(Manner::default(), &[]).0.left_early);
        let busy = Manner { greeting: "421 4.3.2 not now", ..Manner::default() };
        assert_eq!(called(busy, &["QUIT"]).1, "421 4.3.2 not now\r\n221 2.0.0 bye\r\n");
        let secure = Secure { shows: Shown::Given, behind: "250 ATRN", keywords: &["ATRN"] };
        let tls = Manner { tls: Some(secure), ..Manner::default() };
        let now = Instant::now();
        let mut patron = Patron::new(tls, "probe.example", now, Duration::from_secs(5));
        assert!(matches!(patron.poll(now), Want::Send(_)));
        patron.received(b"EHLO x\r\nSTARTTLS\r\n");
        let mut heard = Vec::new();
        while let Want::Send(octets) = patron.poll(now) {
            heard.extend_from_slice(&octets);
        }
        let heard = String::from_utf8(heard).unwrap();
        assert!(
            heard.contains("250-STARTTLS") && heard.ends_with("220 2.0.0 go ahead\r\n250 ATRN\r\n"),
            "{heard}"
        );
        assert_eq!(patron.poll(now), Want::Secure);
        patron.secured(true);
        patron.received(b"EHLO x\r\n");
        assert_eq!(patron.poll(now), Want::Send("250-probe.example\r\n250 ATRN\r\n".into()));
        let endless = Manner { endless: true, ..Manner::default() };
        let (caller, heard, _) = called(endless, &["EHLO x"]);
        assert!(caller.patient && heard.len() > ENDLESS && heard.len() < 2 * ENDLESS);
    }
}
