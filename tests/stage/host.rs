//! Decisions that the pure machines leave to their caller, made without disk, network or dice.

use std::collections::VecDeque;
use std::time::Instant;

use odmr::flow::provider::House;
use odmr::mail::Recipient;
use odmr::odmr::{self as bargain, Answer, Terms, Waiting};
use odmr::sasl::{Mechanism, ServerContext, ServerExchange, ServerStep};
use odmr::session::turn::Asks;
use odmr::session::{AtrnRequest, Event, Odmr, Outgoing, ServerSession, Verdict};
use odmr::smtp::command::{Command, parse};
use odmr::smtp::{Domain, ForwardPath, Reply};

use super::house;
use super::script::Script;

/// A message that waits, and what has become of each of its recipients.
pub struct Letter {
    pub outgoing: Outgoing,
    pub content: Vec<u8>,
    pub verdicts: Vec<Verdict>,
}

/// What is asked of a server's caller, and what it remembers.
pub struct Host {
    pub house: House,
    pub domains: Vec<Domain>,
    pub full: bool,
    /// Seconds that keeping a mail takes.
    pub slow: u64,
    pub target: Option<Reply>,
    pub content: Vec<u8>,
    pub kept: Vec<Vec<u8>>,
    pub waiting: VecDeque<usize>,
    pub letters: Vec<Letter>,
    exchange: Option<ServerExchange>,
    last: Option<Instant>,
}

impl Host {
    pub fn new(script: &Script) -> Host {
        let letters: Vec<Letter> =
            script.mails.iter().enumerate().map(|(n, mail)| letter(n as u64, mail)).collect();
        Host {
            house: house::house(script),
            domains: script
                .option("domains")
                .map_or_else(Vec::new, |names| names.split(',').map(house::domain).collect()),
            slow: script.number("slow").unwrap_or(0),
            full: script.is("spool", "full"),
            target: script.option("target").map(reply),
            content: Vec::new(),
            kept: Vec::new(),
            waiting: (0..letters.len()).collect(),
            letters,
            exchange: None,
            last: None,
        }
    }

    /// May this recipient be taken behind the turn?
    pub fn is_ours(&self, path: &ForwardPath) -> Result<(), Reply> {
        let Some(mailbox) = path.mailbox() else { return Ok(()) };
        let ours = mailbox.domain().is_some_and(|domain| self.domains.contains(domain));
        match mailbox.local_part() {
            _ if !self.domains.is_empty() && !ours => Err(Reply::new(550, (7, 1), "not ours")),
            "nobody" => Err(Reply::new(550, (1, 1), "no such mailbox")),
            "full" => Err(Reply::new(452, (2, 2), "mailbox full")),
            _ => Ok(()),
        }
    }

    /// One step of AUTH.
    pub fn auth(&mut self, session: &mut ServerSession<Odmr>, event: Event) {
        let step = match event {
            Event::Auth(name, initial) => {
                let Ok(mechanism) = name.parse::<Mechanism>() else {
                    return session.auth_refused(Reply::new(504, (5, 4), "no such mechanism here"));
                };
                self.exchange
                    .insert(ServerExchange::new(mechanism, self.context()))
                    .start(initial.as_deref())
            }
            Event::Response(response) => match &mut self.exchange {
                Some(exchange) => exchange.respond(&response),
                None => ServerStep::Malformed("nothing under way"),
            },
            _ => return,
        };
        self.take(session, step);
    }

    fn take(&mut self, session: &mut ServerSession<Odmr>, step: ServerStep) {
        match step {
            ServerStep::Lookup(wanted) => {
                let Some(exchange) = &mut self.exchange else { return };
                let exposed = exchange.mechanism().is_plaintext() && !session.is_secure();
                let found = self.house.accounts.look_up(&wanted);
                let found = found.filter(|account| !exposed || account.clear_login);
                let step = exchange.account(found.map(|account| account.found()));
                self.take(session, step);
            }
            ServerStep::Challenge(challenge) => session.challenge(&challenge),
            ServerStep::Verified(identity) => session.authenticated(identity),
            ServerStep::Rejected(_) => {
                session.auth_refused(Reply::new(535, (7, 8), "authentication failed"))
            }
            ServerStep::Malformed(_) => {
                session.auth_refused(Reply::new(535, (7, 8), "not a message of that mechanism"))
            }
            ServerStep::ServerFirst => session.auth_refused(Reply::new(
                501,
                (7, 0),
                "in that mechanism the server speaks first",
            )),
        }
    }

    fn context(&self) -> ServerContext {
        ServerContext {
            host: house::PROVIDER.to_owned(),
            nonce: [42; odmr::sasl::NONCE_OCTETS],
            unix_time: 896_697_170,
            channel_binding: None,
            plus_offered: false,
            certificate: None,
            decoys: self.house.decoys.clone(),
        }
    }

    /// What an ATRN is told.
    pub fn answer(&mut self, request: &AtrnRequest, now: Instant) -> Answer {
        let account = self.house.accounts.find(request.identity().account()).expect("an account");
        let terms = Terms {
            domains: &account.domains,
            pace: account.pace.unwrap_or(self.house.pace),
            last: self.last,
            sessions: 0,
            max_sessions: 4,
        };
        let claim = bargain::claim(request.domains(), &terms, now);
        if matches!(claim, bargain::Claim::Full(_)) {
            self.last = Some(now);
        }
        let waiting = if self.letters.is_empty() { Waiting::Nothing } else { Waiting::Something };
        let empty = match request.asks() {
            Asks::ByAtrn => bargain::Empty::Told,
            Asks::ByTurn => self.house.turn_empty,
        };
        bargain::answer(&claim, waiting, empty)
    }

    /// Entries that would still wait, and those that would be set aside for a notice.
    pub fn ledger(&self) -> (u64, u64) {
        let waits = |letter: &&Letter| {
            letter
                .verdicts
                .iter()
                .any(|v| matches!(v, Verdict::NotNow(_) | Verdict::Unanswered | Verdict::Stopped))
        };
        let refused = |letter: &&Letter| {
            !waits(letter) && letter.verdicts.iter().any(|v| matches!(v, Verdict::Never(_)))
        };
        let letters = self.letters.iter();
        (letters.clone().filter(waits).count() as u64, letters.filter(refused).count() as u64)
    }
}

/// `451 4.3.0 text`
pub fn reply(text: &str) -> Reply {
    let (code, text) = text.split_once(' ').expect("code and text");
    let code: u16 = code.parse().expect("a code");
    let (status, text) = text.split_once(' ').expect("status and text");
    let mut parts = status.split('.').skip(1).map(|n| n.parse().expect("a number"));
    let mut part = || parts.next().expect("class.subject.detail");
    Reply::new(code, (part(), part()), "").saying(text)
}

/// The envelope of a `mail:` line.
pub fn letter(token: u64, (envelope, content): &(String, Vec<u8>)) -> Letter {
    let mut parts = envelope.split(" TO:");
    let from = format!("MAIL {}", parts.next().expect("FROM:<...>"));
    let Ok(Command::Mail(reverse_path, params)) = parse(from.as_bytes()) else {
        panic!("{from:?} is no MAIL")
    };
    let recipients = parts.map(recipient).collect::<Vec<_>>();
    let verdicts = vec![Verdict::Unanswered; recipients.len()];
    let outgoing = Outgoing {
        token,
        reverse_path,
        params,
        recipients,
        size: content.len() as u64,
        ends_in_crlf: content.ends_with(b"\r\n"),
        long_lines: false,
        eight_bit: !content.is_ascii(),
    };
    Letter { outgoing, content: content.clone(), verdicts }
}

fn recipient(text: &str) -> Recipient {
    let line = format!("RCPT TO:{text}");
    match parse(line.as_bytes()) {
        Ok(Command::Rcpt(path, params)) => Recipient { path, params },
        _ => panic!("{line:?} is no RCPT"),
    }
}
