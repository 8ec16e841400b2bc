//! A customer calls on the ODMR port. Greet it, hear what it asks, and if it may have its mail,
//! change places and send until there is no more. RFC 2645.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tracing::{error, info};

use super::counts::{AtDoor, Outcome};
use super::drain::{Ahead, Drained, Run};
use super::events::{Happening, Kind};
use super::line::{LineEnd, Stop, hear, last_words, parted, write};
use super::proof::{LineFacts, Proof};
use super::provider::{House, Provider, Turning};
use super::recent::Past;
use super::recent::present::{Present, Seat};
use super::serve::Door;
use super::submit::Submission;
use crate::net::{Callers, Wire, WireFault};
use crate::odmr::Answer;
use crate::sasl::Mechanism;
use crate::session::turn::{Asks, ReversedClient};
use crate::session::{AtrnRequest, ClientSession, Event, Odmr, Reversed, ServerSession};
use crate::smtp::{Reply, Verb};
use crate::spool::Spool;

/// Serves one connection to the ODMR port, to its end.
pub async fn relay<S: Spool>(wire: Wire, provider: &Provider<S>, door: Door, id: &str, stop: Stop) {
    let house = provider.house();
    let ip = wire.peer().map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |peer| peer.ip());
    let mut call = Call {
        door,
        mechanism: None,
        wire,
        provider,
        house,
        id,
        ip,
        stop,
        account: None,
        asked: Vec::new(),
        began: (Instant::now(), Timestamp::now()),
        helo: String::new(),
        outcome: None,
        drained: Drained::default(),
        seat: None,
    };
    let end = call.serve().await;
    call.tell(&end);
    call.wire.close().await;
}

struct Call<'a, S: Spool> {
    door: Door,
    /// By which somebody is proving who it is.
    mechanism: Option<Mechanism>,
    wire: Wire,
    provider: &'a Provider<S>,
    house: Arc<House>,
    id: &'a str,
    ip: IpAddr,
    stop: Stop,
    account: Option<String>,
    /// The domains that it asked for.
    asked: Vec<String>,
    began: (Instant, Timestamp),
    /// What the caller calls itself, escaped.
    helo: String,
    outcome: Option<Outcome>,
    drained: Drained,
    seat: Option<Arc<Seat>>,
}

impl<'a, S: Spool> Call<'a, S> {
    async fn serve(&mut self) -> Result<(), LineEnd> {
        let secure = self.wire.tls().is_some();
        let transcript = self.provider.transcript();
        let settings = match self.door {
            Door::Submission | Door::SubmissionTls => self.house.submission.clone(),
            Door::Exchange => self.house.exchange_for(self.ip),
            _ => self.house.odmr.clone(),
        };
        let mut session = ServerSession::odmr(settings, secure, transcript, Instant::now());
        let mut submission: Option<Submission<'a, S>> = None;
        let mut proof = Proof::new(self.house.clone(), self.ip);
        loop {
            let heard = hear(&mut self.wire, &mut session, &mut self.stop).await;
            self.counts().said(&session.take_tally());
            match heard? {
                Event::Starttls => {
                    submission = None;
                    self.starttls(&mut session).await?;
                }
                Event::Auth(name, initial) => {
                    self.auth(&mut session, &mut proof, &name, initial).await;
                    submission = self.may_submit(&mut session);
                }
                Event::Response(response) => {
                    proof.go_on(&mut session, &response).await;
                    self.remember(&session, &mut proof);
                    submission = self.may_submit(&mut session);
                }
                Event::Atrn(request) => match self.answer(&session, &request) {
                    (answer, Some(turning)) => {
                        let Some(ahead) = self.look_ahead(&turning).await else {
                            session.answer(Answer::TryLater.reply());
                            continue;
                        };
                        let verb = match request.asks() {
                            Asks::ByAtrn => Verb::Atrn,
                            Asks::ByTurn => Verb::Turn,
                        };
                        self.counts().answered(verb, 250);
                        let turn = (answer, turning, ahead);
                        return self.turn(session, request, turn).await;
                    }
                    (answer, None) => session.answer(answer.reply()),
                },
                Event::Etrn(request) => {
                    session.answer(self.provider.asked_to_call(&request, self.id, self.ip));
                }
                Event::Closed => return parted(&session),
                event => match (&mut submission, event) {
                    (Some(submission), event) => submission.step(&mut session, event).await,
                    (None, Event::Content(_) | Event::Reset | Event::Introduced(_)) => {}
                    // The session takes no mail from whoever may not send.
                    (None, _) => session.answer(NOT_HERE),
                },
            }
        }
    }

    async fn starttls(&mut self, session: &mut ServerSession<Odmr>) -> Result<(), LineEnd> {
        let secured = self.provider.secure(&mut self.wire, Callers::Customers).await?;
        self.counts().secured(&secured);
        session.secured(&secured);
        Ok(())
    }

    async fn auth(
        &mut self,
        session: &mut ServerSession<Odmr>,
        proof: &mut Proof,
        name: &str,
        initial: Option<Vec<u8>>,
    ) {
        if self.provider.is_guessing(self.ip, Instant::now()) {
            return session.auth_refused(GUESSING);
        }
        self.mechanism = name.parse().ok();
        proof.begin(session, name, initial, &self.facts()).await;
        self.remember(session, proof);
    }

    /// Leave to send, where somebody has logged in whose account may.
    fn may_submit(&self, session: &mut ServerSession<Odmr>) -> Option<Submission<'a, S>> {
        let account = session.identity()?.account().to_owned();
        if !self.house.accounts.find(&account).is_some_and(|account| account.submit) {
            return None;
        }
        session.let_send();
        Some(Submission {
            provider: self.provider,
            house: self.house.clone(),
            id: self.id,
            ip: self.ip,
            account,
            tls: self.wire.tls().map(|facts| facts.version().to_owned()),
            door: self.door,
            mail: None,
        })
    }

    fn counts(&self) -> &AtDoor {
        self.provider.counts.at(self.door)
    }

    fn remember(&mut self, session: &ServerSession<Odmr>, proof: &mut Proof) {
        if session.identity().is_some()
            && let Some(mechanism) = self.mechanism.take()
        {
            self.counts().login(mechanism, true);
        }
        let failed = proof.failures();
        for _ in 0..failed.logins {
            if let Some(mechanism) = self.mechanism.take() {
                self.counts().login(mechanism, false);
            }
        }
        for _ in 0..failed.guesses {
            self.provider.login_failed(self.ip, Instant::now());
        }
        self.provider.login_forgiven(self.ip, failed.forgiven);
    }

    fn facts(&self) -> LineFacts {
        let tls = self.wire.tls();
        LineFacts {
            ip: self.ip,
            secure: tls.is_some(),
            channel_binding: tls.and_then(|facts| facts.exporter().copied()),
            certificate: tls
                .and_then(|facts| facts.peer_fingerprint())
                .map(|print| *print.octets()),
        }
    }

    fn answer(
        &mut self,
        session: &ServerSession<Odmr>,
        request: &AtrnRequest,
    ) -> (Answer, Option<Turning>) {
        let (answer, mut turning) = self.provider.answer(request, Instant::now());
        if let Some(turning) = turning.as_mut().filter(|_| self.door == Door::Exchange) {
            turning.most_octets = self.house.exchange_octets;
            turning.prefers_data = true;
        }
        self.helo = session.hello_name();
        self.account = Some(request.identity().account().to_owned());
        self.asked = request.domains().iter().map(ToString::to_string).collect();
        info!(session = self.id, ip = %self.ip, account = self.account, asked = ?request.domains(), by = request.asks().verb(),
            reply = answer.reply().to_string(), "atrn");
        if let Some(outcome) = outcome(answer) {
            self.ended(outcome);
        }
        (answer, turning)
    }

    /// Takes the head of what waits in hand. A customer that is turned for mail which cannot be read would go
    /// away and think that there was none.
    async fn look_ahead(&mut self, turning: &Turning) -> Option<Ahead<S>> {
        match Ahead::look(self.provider, turning).await {
            Ok(ahead) => Some(ahead),
            Err(fault) => {
                error!(session = self.id, account = self.account, %fault, "the spool cannot be read");
                self.ended(Outcome::TryLater);
                None
            }
        }
    }

    fn ended(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        let account = self.account.as_deref().and_then(|name| self.provider.counts.account(name));
        if let Some(account) = account {
            account.ended(outcome, Timestamp::now());
        }
    }

    /// From here on the customer is the server.
    async fn turn(
        &mut self,
        mut session: ServerSession<Odmr>,
        request: AtrnRequest,
        (answer, turning, ahead): (Answer, Turning, Ahead<S>),
    ) -> Result<(), LineEnd> {
        if self.spoke_meanwhile(&mut session).await? {
            session.spoke_too_soon();
            last_words(&mut self.wire, &mut session).await;
            return Ok(());
        }
        let client =
            ReversedClient { name: self.provider.name.clone(), patience: self.house.patience };
        match session.turn(request, answer.reply(), client, Instant::now()) {
            Ok(reversed) => self.drain(reversed, turning, ahead).await,
            Err(_) => {
                // Cannot come about: the ear was found empty a moment ago, and nothing listened.
                write(&mut self.wire, &mut Default::default(), TOO_SOON.into()).await?;
                Ok(())
            }
        }
    }

    /// A customer may not speak before it has read our 250. Whatever is on the line by now was
    /// written by somebody who guessed, and would be taken for the customer's greeting.
    async fn spoke_meanwhile(
        &mut self,
        session: &mut ServerSession<Odmr>,
    ) -> Result<bool, LineEnd> {
        match self.wire.read(session.input(), Some(Instant::now())).await {
            Ok(0) => Err(LineEnd::Closed),
            Ok(_) => Ok(true),
            Err(WireFault::TimedOut { .. }) => Ok(!session.input().is_empty()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn drain(
        &mut self,
        session: ClientSession<Reversed>,
        turning: Turning,
        ahead: Ahead<S>,
    ) -> Result<(), LineEnd> {
        let _open = self.provider.counts.open_session();
        self.happened(Kind::SessionStart, &turning.account, None);
        let seat = Arc::new(self.provider.counts.recent.presence.enter(self.present(&turning)));
        self.seat = Some(seat.clone());
        let run = Run::new(self.provider, self.id, &turning, session, ahead, self.stop.clone());
        let run = run.seen_at(seat);
        let mut run = run.behind_the_turn(Instant::now());
        let end = run.to_the_end(&mut self.wire).await;
        self.drained = run.settle_all().await;
        let has_read_all = run.has_read_all();
        self.ended(match &end {
            Ok(()) if self.drained.deferred > 0 || !has_read_all => Outcome::Partial,
            Ok(()) if turning.had_nothing && self.drained == Drained::default() => Outcome::NoMail,
            Ok(()) => Outcome::Ok,
            Err(LineEnd::TimedOut(_)) => Outcome::Timeout,
            Err(_) => Outcome::Dropped,
        });
        end
    }

    fn present(&self, turning: &Turning) -> Present {
        Present {
            id: self.id.to_owned(),
            began: self.began.1,
            account: turning.account.clone(),
            domains: self.asked.clone(),
            ip: self.ip,
            helo: self.helo.clone(),
            tls: self.wire.tls().map(|facts| facts.version().to_owned()),
            drained: Drained::default(),
        }
    }

    /// One line for each session.
    fn tell(&mut self, end: &Result<(), LineEnd>) {
        let ended = end.as_ref().err().map_or_else(|| "quit".to_owned(), ToString::to_string);
        let tls = self.wire.tls().map(|facts| facts.version());
        let Drained { delivered, deferred, refused, octets } = self.drained;
        info!(session = self.id, ip = %self.ip, account = self.account, tls, delivered, deferred, refused,
            octets, ended, "odmr session");
        if let (Some(account), Some(outcome)) = (&self.account, self.outcome) {
            let past = Past {
                id: self.id.to_owned(),
                began: self.began.1,
                took: self.began.0.elapsed(),
                account: account.clone(),
                domains: self.asked.clone(),
                ip: self.ip,
                helo: self.helo.clone(),
                tls: tls.map(str::to_owned),
                outcome,
                drained: self.drained,
            };
            self.provider.counts.recent.note(past, Timestamp::now());
            // Not before: there is no moment at which it is nowhere.
            self.seat = None;
            self.happened(Kind::SessionEnd, account, Some(outcome.name()));
        }
    }

    fn happened(&self, kind: Kind, account: &str, result: Option<&'static str>) {
        let event = Happening {
            account: Some(account.to_owned()),
            session: Some(self.id.to_owned()),
            result,
            ..Happening::new(kind)
        };
        self.provider.counts.events.tell([event], Timestamp::now());
    }
}

/// What an answer makes of the session, unless it turns.
fn outcome(answer: Answer) -> Option<Outcome> {
    match answer {
        Answer::Turn => None,
        Answer::Refused | Answer::TooSoon(_) => Some(Outcome::Refused),
        Answer::TryLater => Some(Outcome::TryLater),
        Answer::NothingWaiting | Answer::AllOnItsWay => Some(Outcome::NoMail),
    }
}

const NOT_HERE: Reply = Reply::new(502, (5, 1), "not implemented here");
const GUESSING: Reply =
    Reply::new(421, (7, 0), "too many failed authentications from your address; try again later");
const TOO_SOON: &[u8] = b"503 5.5.1 nothing may be sent behind ATRN\r\n";
