//! A customer that others have, played: it calls, proves who it is, brings its mail where it has any, and asks for
//! its own. What comes behind the turn finds a [`super::Mimic`].

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;

use super::courier::{Courier, Fate};
use super::profile::Client;
use super::{House, LONGEST_CALL, Letter, MOST_COMMANDS, MOST_HEARD};
use crate::probe::script::{Side, Want, Word};
use crate::session::secrets::Secrets;
use crate::smtp::{Capabilities, Reply, ReplyParser};

/// How a login may go on: the answer to a challenge, or none where there is none.
pub type Prove<'a> = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'a>;
/// A login may ask so often.
const MOST_CHALLENGES: usize = 5;
/// The first message of NTLM, as old clients send it: without a name. MS-NLMP, section 2.2.1.1.
const NEGOTIATE: &[u8] = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// The line is turned.
    Turned,
    /// The login was refused, by these words.
    Denied(String),
    /// Mail was not to be had, by these words.
    Refused(String),
    /// It is no mail server, or did not go on.
    Broken(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Greeting,
    Hello,
    Ntlm,
    Auth,
    Mail,
    Asked,
    Quit,
    Over,
}

/// The customer, calling.
pub struct Caller<'a> {
    client: &'a Client,
    me: String,
    domains: Vec<String>,
    ntlm_first: bool,
    prove: Prove<'a>,
    courier: Courier,
    patience: Duration,
    begun: Instant,
    until: Option<Instant>,
    at: At,
    challenges: usize,
    input: BytesMut,
    output: BytesMut,
    parser: ReplyParser,
    heard: usize,
    called: Option<Called>,
    is_in: bool,
    secrets: Secrets,
    words: Vec<Word>,
}

impl<'a> Caller<'a> {
    /// It calls: by the name of this house, for its domains, with this mail of its own.
    pub fn new(
        house: &House,
        client: &'a Client,
        letters: Vec<Letter>,
        prove: Prove<'a>,
        now: Instant,
        patience: Duration,
    ) -> Caller<'a> {
        let profile = &house.profile;
        Caller {
            client,
            me: profile.fqdn.clone(),
            domains: house.domains.clone(),
            ntlm_first: profile.wrong.ntlm_first,
            prove,
            courier: Courier::amid(&profile.fqdn, letters).with(&profile.wrong.manners),
            patience,
            begun: now,
            until: None,
            at: At::Greeting,
            challenges: 0,
            input: BytesMut::new(),
            output: BytesMut::new(),
            parser: ReplyParser::default(),
            heard: 0,
            called: None,
            is_in: false,
            secrets: Secrets::default(),
            words: Vec::new(),
        }
    }

    /// Nothing that is told has this password in it, whoever says it back.
    pub(crate) fn knows(mut self, password: &str) -> Caller<'a> {
        self.secrets.know(password);
        self
    }

    /// What nobody may be shown.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Has it been let in?
    pub fn is_in(&self) -> bool {
        self.is_in
    }

    /// What it wants next.
    pub fn poll(&mut self, now: Instant) -> Want {
        loop {
            if !self.output.is_empty() {
                let octets = self.output.split().freeze();
                let shown = if self.at == At::Auth { without_secret(&octets) } else { &octets[..] };
                self.note(Side::Ours, shown, now);
                return Want::Send(octets);
            }
            if self.at == At::Over {
                return Want::Over;
            }
            let end = self.begun + LONGEST_CALL;
            if self.heard > MOST_HEARD || now >= end {
                self.broke("it talks without end");
                continue;
            }
            let before = self.input.clone();
            match self.parser.next(&mut self.input) {
                Ok(None) => {
                    let patience = self.patience;
                    let until = *self.until.get_or_insert(now + patience);
                    return Want::Hear(until.min(end));
                }
                Ok(Some(reply)) => {
                    let used = before.len() - self.input.len();
                    let shown = if reply.code == 334 { b"334 ...\r\n" } else { &before[..used] };
                    self.note(Side::Theirs, shown, now);
                    (self.until, self.heard) = (None, self.input.len());
                    self.hear(&reply);
                }
                Err(why) => {
                    self.note(Side::Theirs, &before, now);
                    self.broke(&why.to_string());
                }
            }
        }
    }

    /// Octets have come.
    pub fn received(&mut self, octets: &[u8]) {
        self.heard += octets.len();
        self.input.extend_from_slice(octets);
    }

    /// The server has hung up.
    pub fn closed(&mut self) {
        self.broke("it hung up");
    }

    /// The moment that was named has come, and nothing else.
    pub fn timed_out(&mut self) {
        self.broke("no answer in time");
    }

    /// How many messages of its own were refused for good.
    pub fn refused(&self) -> usize {
        self.courier.those(Fate::Refused).count()
    }

    /// What was said to the last of its own that was not taken.
    pub fn refusal(&self) -> Option<String> {
        let own = self.courier.those(Fate::Sent).count() < self.courier.count();
        self.courier.refusal().filter(|_| own).map(|words| self.secrets.hidden(words))
    }

    /// Those of its own that nobody has taken or refused for good.
    pub fn waits(&self) -> Vec<Letter> {
        self.courier.those(Fate::Waits).cloned().collect()
    }

    /// What came of it, how many messages were taken, and all that was said.
    pub fn over(self) -> (Called, usize, Vec<Word>) {
        let called = self.called.unwrap_or_else(|| Called::Broken("it was broken off".to_owned()));
        let sent = self.courier.those(Fate::Sent).count();
        (called, sent, self.words)
    }

    fn note(&mut self, side: Side, octets: &[u8], now: Instant) {
        if self.words.len() < MOST_COMMANDS && !octets.is_empty() {
            let at = now.saturating_duration_since(self.begun);
            let mut octets = self.secrets.hidden_octets(octets);
            octets.truncate(4096);
            self.words.push(Word { at, side, tls: false, octets });
        }
    }

    fn broke(&mut self, why: &str) {
        let why = self.secrets.hidden(why);
        self.called.get_or_insert(Called::Broken(why));
        self.output.clear();
        self.at = At::Over;
    }

    fn say(&mut self, at: At, line: &str) {
        self.at = at;
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    fn quits(&mut self, called: Called) {
        self.called.get_or_insert(called);
        self.say(At::Quit, "QUIT");
    }

    fn hear(&mut self, reply: &Reply) {
        let first = self.secrets.hidden(reply.text.lines().next().unwrap_or_default());
        let told = || format!("{} {first}", reply.code);
        if self.at == At::Hello && self.client.hello == "EHLO" {
            self.courier.may(Capabilities::from_ehlo(reply));
        }
        match (self.at, reply.code) {
            (At::Greeting, 220) => {
                let line = format!("{} {}", self.client.hello, self.me);
                self.say(At::Hello, &line);
            }
            (At::Hello, 250) if self.client.hello == "EHLO" && self.ntlm_first => {
                let line = format!("AUTH NTLM {}", STANDARD.encode(NEGOTIATE));
                self.say(At::Ntlm, &line);
            }
            (At::Hello, 250) if self.client.hello == "EHLO" => self.logs_in(),
            // Nobody here can answer the challenge of a server that knows it.
            (At::Ntlm, 334) if self.challenges < MOST_CHALLENGES => {
                self.challenges += 1;
                self.say(At::Ntlm, "*");
            }
            (At::Ntlm, 334) => self.broke("its login has no end"),
            (At::Ntlm, 400..) => self.logs_in(),
            (At::Hello, 250) => self.brings(),
            (At::Auth, 334) => self.responds(&reply.text),
            (At::Auth, 235) => {
                self.is_in = true;
                self.brings();
            }
            (At::Auth, _) => self.quits(Called::Denied(told())),
            (At::Mail, _) => match self.courier.hear(reply) {
                Some(octets) => self.output.extend_from_slice(&octets),
                None => self.asks(),
            },
            (At::Asked, 250) => {
                self.called = Some(Called::Turned);
                self.at = At::Over;
                // What came behind it was said by a server that had to wait for us.
                if !self.input.is_empty() {
                    self.called = Some(Called::Broken("it spoke before our greeting".to_owned()));
                }
            }
            (At::Asked, _) => self.quits(Called::Refused(told())),
            (At::Greeting | At::Hello | At::Ntlm, _) => self.quits(Called::Broken(told())),
            (At::Quit | At::Over, _) => self.at = At::Over,
        }
    }

    fn logs_in(&mut self) {
        self.challenges = 0;
        let line = format!("AUTH {}", self.client.auth);
        self.say(At::Auth, &line);
    }

    fn responds(&mut self, challenge: &str) {
        self.challenges += 1;
        // It has heard "*", and asks on.
        if self.challenges > MOST_CHALLENGES + 1 {
            return self.broke("its login has no end");
        }
        let octets = STANDARD.decode(challenge.trim()).unwrap_or_default();
        let response = match self.challenges <= MOST_CHALLENGES {
            true => (self.prove)(&octets),
            false => None,
        };
        if let Some(response) = &response {
            self.secrets.add(response);
        }
        let line = response.map_or("*".to_owned(), |response| STANDARD.encode(response));
        self.say(At::Auth, &line);
    }

    /// Mail first, and then what waits.
    fn brings(&mut self) {
        match self.courier.begin() {
            Some(octets) => {
                self.at = At::Mail;
                self.output.extend_from_slice(&octets);
            }
            None => self.asks(),
        }
    }

    fn asks(&mut self) {
        let line = match self.client.ask.as_str() {
            "ATRN" if !self.domains.is_empty() => format!("ATRN {}", self.domains.join(",")),
            ask => ask.to_owned(),
        };
        self.say(At::Asked, &line);
    }
}

/// AUTH and its mechanism are told, and nothing behind them.
fn without_secret(octets: &[u8]) -> &[u8] {
    if octets.starts_with(b"AUTH ") { octets } else { b"...\r\n" }
}
