//! Plays a script against a party, and says where they part.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use odmr::sasl::{Binding, ClientExchange, Mechanism, NONCE_OCTETS};

use super::house;
use super::script::{Act, Profile, Script, fits};

/// Whoever we are in the dialogue.
pub trait Party {
    /// The other side says this, in one packet.
    fn hear(&mut self, bytes: &[u8]);
    /// The next line we say, with its end; none when we are waiting, or gone.
    fn line(&mut self) -> Option<Vec<u8>>;
    /// What we have said beyond the script, as far as that can be known at this moment.
    fn unheard(&mut self) -> Vec<u8>;
    /// Time passes. False where that cannot be played.
    fn pass(&mut self, time: Duration) -> bool;
    /// We come as far as we can without hearing more.
    fn moment(&mut self) {}
    /// The other side shakes hands.
    fn tls(&mut self);
    /// The other side hangs up.
    fn hang_up(&mut self);
    /// Have we hung up?
    fn is_closed(&mut self) -> bool;
    /// What the dialogue has led to.
    fn ledger(&mut self) -> Ledger;
    /// The customer calls anew.
    fn call_again(&mut self) {
        panic!("we do not call")
    }
}

/// What a dialogue has led to.
#[derive(Debug, Default)]
pub struct Ledger {
    pub kept: Vec<Vec<u8>>,
    pub waiting: u64,
    pub set_aside: u64,
    pub exit: Option<u8>,
}

/// Plays it, and panics where we say something else.
pub fn play(script: &Script, how: &str, party: &mut dyn Party) {
    let mut stage = Stage { script, how, party, skipping: false, at: 0 };
    if script.profile == Profile::ReversedProvider {
        stage.come_to_the_turn();
    }
    stage.acts();
}

struct Stage<'a> {
    script: &'a Script,
    how: &'a str,
    party: &'a mut dyn Party,
    skipping: bool,
    at: usize,
}

impl Stage<'_> {
    fn fail(&self, what: String) -> ! {
        panic!("{}:{} ({}): {what}", self.script.name, self.at, self.how)
    }

    /// All that lies before the 250 to ATRN.
    fn come_to_the_turn(&mut self) {
        self.party.hear(b"EHLO mail.example.org\r\n");
        self.skipping = true;
        self.login("acme", "CRAM-MD5");
        self.party.hear(b"ATRN\r\n");
    }

    fn acts(&mut self) {
        let mut packet = Vec::new();
        for (at, act) in &self.script.acts {
            if let Act::Theirs(bytes) = act {
                if packet.is_empty() {
                    self.at = *at;
                    self.nothing_unheard();
                }
                packet.extend_from_slice(bytes);
                continue;
            }
            self.deliver(&mut packet);
            self.at = *at;
            self.act(act);
        }
        self.deliver(&mut packet);
        self.nothing_unheard();
    }

    fn deliver(&mut self, packet: &mut Vec<u8>) {
        if !packet.is_empty() {
            self.party.hear(&std::mem::take(packet));
        }
    }

    fn nothing_unheard(&mut self) {
        let rest = self.party.unheard();
        if !rest.is_empty() && !self.skipping {
            self.fail(format!("we also said \"{}\"", rest.escape_ascii()));
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Ours(pattern) => self.expect(pattern),
            Act::Skip => self.skipping = true,
            Act::Pass(time) => drop(self.party.pass(*time)),
            Act::Moment => self.party.moment(),
            Act::Tls => self.party.tls(),
            Act::Login(account, mechanism) => self.login(account, mechanism),
            Act::Gone => self.party.hang_up(),
            Act::Closed if !self.party.is_closed() => self.fail("we have not hung up".into()),
            Act::Closed => {}
            Act::CallsAgain => self.party.call_again(),
            Act::Theirs(_) => {}
            Act::Waiting(_) | Act::SetAside(_) | Act::Kept(_) | Act::Exit(_) => self.judge(act),
        }
    }

    fn judge(&mut self, act: &Act) {
        let ledger = self.party.ledger();
        let holds = match act {
            Act::Waiting(n) => ledger.waiting == *n,
            Act::SetAside(n) => ledger.set_aside == *n,
            Act::Kept(content) => ledger.kept.iter().any(|kept| kept.ends_with(content)),
            Act::Exit(code) => ledger.exit == Some(*code),
            _ => true,
        };
        if !holds {
            self.fail(format!("expected {act:?}, got {ledger:?}"));
        }
    }

    fn expect(&mut self, pattern: &[u8]) {
        loop {
            let Some(line) = self.party.line() else {
                self.fail(format!("we said nothing; expected \"{}\"", pattern.escape_ascii()));
            };
            let bare = line.strip_suffix(b"\r\n").unwrap_or(&line);
            if fits(pattern, bare) {
                self.skipping = false;
                return;
            }
            if !self.skipping {
                let (said, expected) = (bare.escape_ascii(), pattern.escape_ascii());
                self.fail(format!("we said     \"{said}\"\n    expected \"{expected}\""));
            }
        }
    }

    /// A line of ours that begins with these digits, whatever comes before it.
    fn answer(&mut self, codes: &[&str]) -> String {
        loop {
            let Some(line) = self.party.line() else { self.fail("no answer to AUTH".into()) };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if codes.iter().any(|code| line.starts_with(code)) {
                self.skipping = false;
                return line;
            }
        }
    }

    fn login(&mut self, account: &str, mechanism: &str) {
        let mechanism: Mechanism = mechanism.parse().expect("a mechanism");
        let secret = secrecy::SecretString::from(house::secret_of(account));
        let mut exchange =
            ClientExchange::new(mechanism, account, Some(secret), [9; NONCE_OCTETS], Binding::None)
                .expect("an exchange");
        let initial =
            exchange.initial().map(|octets| format!(" {}", BASE64_STANDARD.encode(&*octets)));
        let line = format!("AUTH {mechanism}{}\r\n", initial.unwrap_or_default());
        self.party.hear(line.as_bytes());
        loop {
            let answer = self.answer(&["334 ", "235 ", "4", "5"]);
            let Some(challenge) = answer.strip_prefix("334 ") else {
                if !answer.starts_with("235") {
                    self.fail(format!("AUTH was answered {answer:?}"));
                }
                return exchange.finish().expect("proof");
            };
            let challenge = BASE64_STANDARD.decode(challenge).expect("base64");
            let response = exchange.respond(&challenge).expect("a response");
            self.party.hear(format!("{}\r\n", BASE64_STANDARD.encode(&*response)).as_bytes());
        }
    }
}
