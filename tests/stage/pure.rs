//! The machines alone: bytes in, bytes out, and a clock that the script turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use odmr::odmr::Answer;
use odmr::sasl::{self, ClientExchange, Mechanism};
use odmr::session::transcript::Transcript;
use odmr::session::turn::ReversedClient;
use odmr::session::{
    AtrnRequest, ClientSession, Event, Heard, Mx, Odmr, Reversed, Sending, ServerSession,
    ServerSettings, Step,
};
use odmr::smtp::Reply;

use super::host::Host;
use super::house;
use super::play::{Ledger, Party};
use super::script::{Profile, Script};

enum Role {
    Mx(ServerSession<Mx>),
    Odmr(ServerSession<Odmr>),
    Provider(ClientSession<Reversed>),
    Customer(ServerSession<Reversed>),
    Over,
}

/// A machine and the host that answers its questions.
pub struct Pure {
    role: Role,
    host: Host,
    said: Vec<u8>,
    closed: bool,
    now: Instant,
    /// The other side's octets are handed over one at a time.
    crumbs: bool,
}

impl Pure {
    pub fn new(script: &Script, crumbs: bool, secure: bool) -> Pure {
        let (host, now) = (Host::new(script), Instant::now());
        let role = match script.profile {
            Profile::Mx => Role::Mx({
                let mut session = ServerSession::mx(host.house.mx.clone(), now);
                if script.is("believed", "yes") {
                    session.believe();
                }
                session
            }),
            Profile::Lmtp => Role::Mx(ServerSession::mx(host.house.lmtp.clone(), now)),
            Profile::Odmr | Profile::ReversedProvider => Role::Odmr(ServerSession::odmr(
                host.house.odmr.clone(),
                secure,
                Transcript::kept(),
                now,
            )),
            Profile::Exchange => Role::Odmr(ServerSession::odmr(
                host.house.exchange.clone(),
                secure,
                Transcript::kept(),
                now,
            )),
            Profile::ReversedCustomer => Role::Customer(behind_the_turn(script, secure, now)),
            Profile::Customer => panic!("what a customer says first is its caller's decision"),
        };
        let mut pure = Pure { role, host, said: Vec::new(), closed: false, now, crumbs };
        pure.run();
        pure
    }

    /// Everything there is to say and decide, until more is heard.
    fn run(&mut self) {
        while !self.closed && self.step() {}
    }

    fn step(&mut self) -> bool {
        let now = self.now;
        match std::mem::replace(&mut self.role, Role::Over) {
            Role::Mx(mut session) => {
                let step = session.poll(now);
                let went = self.server(&mut session, step);
                self.role = Role::Mx(session);
                went
            }
            Role::Odmr(session) => self.odmr(session),
            Role::Customer(mut session) => {
                let step = session.poll(now);
                let went = self.server(&mut session, step);
                self.role = Role::Customer(session);
                went
            }
            Role::Provider(session) => self.provider(session),
            Role::Over => false,
        }
    }

    fn odmr(&mut self, mut session: ServerSession<Odmr>) -> bool {
        let step = session.poll(self.now);
        let Step::Event(Event::Atrn(request)) = step else {
            let went = match step {
                Step::Event(event @ (Event::Auth(..) | Event::Response(_))) => {
                    self.host.auth(&mut session, event);
                    true
                }
                step => self.server(&mut session, step),
            };
            self.role = Role::Odmr(session);
            return went;
        };
        match self.host.answer(&request, self.now) {
            Answer::Turn => {
                let client =
                    ReversedClient { name: house::PROVIDER.into(), patience: house::patience() };
                match session.turn(request, Answer::Turn.reply(), client, self.now) {
                    Ok(session) => self.role = Role::Provider(session),
                    Err(_) => self.closed = true,
                }
            }
            refusal => {
                session.answer(refusal.reply());
                self.role = Role::Odmr(session);
            }
        }
        true
    }

    fn server<Stage>(&mut self, session: &mut ServerSession<Stage>, step: Step<Event>) -> bool {
        match step {
            Step::Starved => return false,
            Step::Send(bytes) => self.said.extend_from_slice(&bytes),
            Step::Event(event) => self.decide(session, event),
        }
        true
    }

    fn decide<Stage>(&mut self, session: &mut ServerSession<Stage>, event: Event) {
        if event == Event::End {
            self.now += Duration::from_secs(self.host.slow);
        }
        let host = &mut self.host;
        match event {
            Event::Mail(..) => session.accept(),
            Event::Recipient(recipient) => {
                let answer = match session.profile() {
                    odmr::session::Profile::Mx | odmr::session::Profile::Lmtp => {
                        host.house.admits(&recipient.path)
                    }
                    _ => host.is_ours(&recipient.path),
                };
                match answer {
                    Ok(()) => session.accept(),
                    Err(no) => session.answer(no),
                }
            }
            Event::Begin if host.full => {
                session.answer(Reply::new(452, (3, 1), "no room just now; try again later"))
            }
            Event::Begin => session.accept(),
            Event::Content(piece) => host.content.extend_from_slice(&piece),
            Event::End => match host.target.clone() {
                Some(reply) => {
                    host.content.clear();
                    session.answer(reply);
                }
                None => {
                    let content = std::mem::take(&mut host.content);
                    host.kept.push(content);
                    session.answer(Reply::new(250, (0, 0), "kept as 1"));
                }
            },
            Event::Reset => host.content.clear(),
            Event::Closed => self.closed = true,
            // The script shakes hands.
            Event::Starttls | Event::Introduced(_) => {}
            Event::Auth(..) | Event::Response(_) | Event::Atrn(_) | Event::Etrn(_) => {
                panic!("{event:?} here")
            }
        }
    }

    fn provider(&mut self, mut session: ClientSession<Reversed>) -> bool {
        let went = match session.poll(self.now) {
            Ok(Step::Starved) => false,
            Ok(Step::Send(bytes)) => {
                self.said.extend_from_slice(&bytes);
                true
            }
            Ok(Step::Event(event)) => {
                self.send(&mut session, event);
                true
            }
            Err(_) => {
                session.lost();
                self.closed = true;
                false
            }
        };
        self.role = Role::Provider(session);
        went
    }

    fn send(&mut self, session: &mut ClientSession<Reversed>, event: Sending) {
        match event {
            Sending::Wants => match self.host.waiting.pop_front() {
                Some(n) => session.offer(self.host.letters[n].outgoing.clone()),
                None => session.no_more(),
            },
            Sending::Content(token) => {
                let content = Bytes::from(self.host.letters[token as usize].content.clone());
                session.content(&content, true, self.now);
            }
            Sending::Outcome(token, verdicts) => {
                self.host.letters[token as usize].verdicts = verdicts
            }
            Sending::Ready(_) | Sending::Stopped(_) => {}
            Sending::Closed => self.closed = true,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        match &mut self.role {
            Role::Mx(session) => session.feed(bytes),
            Role::Odmr(session) => session.feed(bytes),
            Role::Customer(session) => session.feed(bytes),
            Role::Provider(session) => session.feed(bytes),
            Role::Over => {}
        }
        self.run();
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.role {
            Role::Mx(session) => session.deadline(),
            Role::Odmr(session) => session.deadline(),
            Role::Customer(session) => session.deadline(),
            Role::Provider(session) => session.deadline(),
            Role::Over => None,
        }
    }
}

impl Party for Pure {
    fn hear(&mut self, bytes: &[u8]) {
        match self.crumbs {
            true => bytes.chunks(1).for_each(|crumb| self.feed(crumb)),
            false => self.feed(bytes),
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.said.iter().position(|byte| *byte == b'\n')? + 1;
        Some(self.said.drain(..end).collect())
    }

    fn unheard(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    fn pass(&mut self, time: Duration) -> bool {
        self.now += time;
        if self.deadline().is_some_and(|deadline| deadline <= self.now) {
            match &mut self.role {
                Role::Mx(session) => session.timed_out(),
                Role::Odmr(session) => session.timed_out(),
                Role::Customer(session) => session.timed_out(),
                Role::Provider(_) | Role::Over => self.closed = true,
            }
        }
        self.run();
        true
    }

    fn tls(&mut self) {
        match &mut self.role {
            Role::Mx(session) => session.secured("TLSv1.3"),
            Role::Odmr(session) => session.secured("TLSv1.3"),
            _ => panic!("no TLS in this role"),
        }
    }

    fn hang_up(&mut self) {
        self.closed = true;
    }

    fn is_closed(&mut self) -> bool {
        self.closed
    }

    fn ledger(&mut self) -> Ledger {
        let (waiting, set_aside) = self.host.ledger();
        Ledger { kept: self.host.kept.clone(), waiting, set_aside, exit: None }
    }
}

/// The customer's server as it stands behind the turn.
pub fn behind_the_turn(script: &Script, secure: bool, now: Instant) -> ServerSession<Reversed> {
    turned(house::customer(script), secure, now)
}

/// A customer's server of these settings.
pub fn turned(settings: ServerSettings, secure: bool, now: Instant) -> ServerSession<Reversed> {
    let mut call = ClientSession::<Odmr>::calling(house::patience(), Transcript::default(), now);
    call.feed(b"220 mx.example.net\r\n");
    assert!(matches!(call.poll(now), Ok(Step::Event(Heard::Greeting(_)))));
    call.atrn(&[], now);
    assert!(matches!(call.poll(now), Ok(Step::Send(_))));
    call.feed(b"250 ok\r\n");
    let Ok(Step::Event(Heard::Turning(granted))) = call.poll(now) else { panic!("no turn") };
    call.turn(granted, Arc::new(settings), secure, now).expect("nobody spoke too soon")
}

/// A provider's session that has heard an ATRN, and the request.
pub fn logged_in(now: Instant) -> (ServerSession<Odmr>, AtrnRequest) {
    let script = Script::parse("logged in", "profile: odmr\n\n");
    let mut host = Host::new(&script);
    let mut session =
        ServerSession::odmr(host.house.odmr.clone(), true, Transcript::default(), now);
    // CRAM-MD5, because it costs the least.
    let secret = secrecy::SecretString::from(house::secret_of("acme"));
    let nonce = [9; sasl::NONCE_OCTETS];
    let mut exchange =
        ClientExchange::new(Mechanism::CramMd5, "acme", Some(secret), nonce, sasl::Binding::None)
            .expect("an exchange");
    session.feed(b"EHLO x\r\nAUTH CRAM-MD5\r\n");
    for _ in 0..20 {
        match session.poll(now) {
            Step::Starved => session.feed(b"ATRN\r\n"),
            Step::Event(Event::Atrn(request)) => return (session, request),
            Step::Event(event) => host.auth(&mut session, event),
            Step::Send(said) => {
                let said = String::from_utf8_lossy(&said);
                if let Some((_, challenge)) = said.split_once("334 ") {
                    let challenge = BASE64_STANDARD.decode(challenge.trim_end()).expect("base64");
                    let response = exchange.respond(&challenge).expect("a response");
                    session.feed(format!("{}\r\n", BASE64_STANDARD.encode(&*response)).as_bytes());
                }
            }
        }
    }
    panic!("not logged in")
}
