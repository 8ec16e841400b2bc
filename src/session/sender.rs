//! The client's half after the turn: the provider sends its customer's mail. RFC 2645, section 5.3,
//! as fast as RFC 2920 and 3030 allow and no faster.
//!
//! Gears, picked from what the customer's server offers:
//!
//! 1. Lockstep: one command, one reply, for a server without PIPELINING.
//! 2. Overlap: the content of one message and the envelope of the next travel in one group, so a
//!    message costs one round trip. `BDAT n LAST` where CHUNKING is offered, else DATA:
//!
//! ```text
//! P: BDAT 86 LAST            P: (content) CRLF.CRLF
//! P: (86 octets)             P: RSET
//! P: RSET                    P: MAIL FROM:<b@example.com>
//! P: MAIL FROM:<b@...>       P: RCPT TO:<c@example.org>
//! P: RCPT TO:<c@...>         P: DATA
//! ```
//!
//! 3. Stream: whole transactions back to back under a window, nothing waited for. Beyond the letter
//!    of RFC 3030, section 2, and so by private agreement only: `XODMR STREAM`, or the account's
//!    `stream = "on"`.
//!
//! RSET stands before each MAIL that shares a group with anything before it: without it a
//! transaction whose recipients were all refused lends its reverse-path to the next one.

mod job;
mod lines;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use self::job::{Job, Phase};
use super::client::{ClientLine, ClientSession, ClientStage, PeerFault, nonsense};
use super::transcript::{Side, Transcript};
use super::turn::ReversedClient;
use super::{Odmr, Reversed, Step};
use crate::mail::Recipient;
use crate::smtp::dots::DotEncoder;
use crate::smtp::{Capabilities, MailParams, Reply, ReversePath, Said};

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The caller's name for it.
    pub token: u64,
    /// Where a failure notice would go.
    pub reverse_path: ReversePath,
    /// What its own MAIL declared.
    pub params: MailParams,
    /// At least one, at most [`ClientSession::recipients_at_once`].
    pub recipients: Vec<Recipient>,
    /// Octets of content.
    pub size: u64,
    /// The content ends in CRLF, so that DATA adds nothing to it.
    pub ends_in_crlf: bool,
    /// Some octet is beyond 127.
    pub eight_bit: bool,
    /// Some line has 4096 octets or more.
    pub long_lines: bool,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The customer's server has taken the mail for it.
    Taken(Said),
    /// Not now: stays.
    NotNow(Said),
    /// Not ever: its sender is to be told.
    Never(Said),
    /// Nothing is known: stays, and nobody is told anything.
    Unanswered,
    /// The same, and it is this message at which the other side ended the session (421).
    Stopped,
}

/// What the caller must decide, do, or know.
#[derive(Debug)]
pub enum Sending {
    /// The customer's server is ready; this is what it offers.
    Ready(Box<Capabilities>),
    /// Room for a message: [`ClientSession::offer`] one, or [`ClientSession::no_more`].
    Wants,
    /// Content of this message: [`ClientSession::content`], piece by piece.
    Content(u64),
    /// This is what became of a message, recipient by recipient.
    Outcome(u64, Vec<Verdict>),
    /// The customer's server wants no more of this session, and why.
    Stopped(Reply),
    /// Everything is said: close the line.
    Closed,
}

/// The state of the talk after the turn.
#[derive(Debug)]
pub struct Sender {
    name: String,
    offers: Capabilities,
    stage: Stage,
    /// Replies owed to us, in order. RFC 2920: match them by counting.
    owed: VecDeque<Owed>,
    /// How many of them answer what is on the line already; the others are not asked yet.
    asked: usize,
    /// In the order of the line: those that are all said and await their verdict, then the one that
    /// is being said, if any. Two at most, or a window full of them when streaming.
    jobs: VecDeque<Job>,
    /// Octets of content that all of these have.
    underway: u64,
    /// Some message has been answered, one way or the other.
    has_answered: bool,
    /// Whole transactions may follow each other, with messages up to so many octets.
    stream: Option<u64>,
    /// Content goes by DATA, but for what is binary.
    prefers_data: bool,
    events: VecDeque<Sending>,
    /// The caller has nothing further.
    no_more: bool,
    /// A transaction may be open at the other side that no content has ended.
    needs_rset: bool,
    /// `Wants` was said and not yet answered.
    wanting: bool,
    sent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Ehlo,
    Helo,
    Open,
    Quitting,
    Over,
}

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Greeting,
    Ehlo,
    Helo,
    Rset,
    Mail(u64),
    Rcpt(u64, usize),
    Data(u64),
    Final(u64),
    /// The reply to the dot behind a 354 that nobody wanted.
    Leftover,
    Quit,
}

impl ClientStage for Reversed {
    type Talk = Sender;
}

impl ClientSession<Odmr> {
    /// Nothing turns: the server that was called takes mail, as a smarthost does, and whoever called
    /// sends it. What it has offered counts, since both roles stay.
    pub fn begin_sending(
        self,
        client: ReversedClient,
        offers: Capabilities,
        now: Instant,
    ) -> ClientSession<Reversed> {
        let transcript = self.into_transcript();
        let side = Side::Provider;
        let line = ClientLine::new(BytesMut::new(), client.patience, transcript, side, now);
        let mut talk = Sender { owed: VecDeque::new(), ..Sender::new(client.name) };
        talk.ready(offers);
        ClientSession { line, talk }
    }
}

impl ClientSession<Reversed> {
    pub(super) fn awaiting_greeting(
        unsent: BytesMut,
        client: ReversedClient,
        transcript: Transcript,
        now: Instant,
    ) -> ClientSession<Reversed> {
        let line = ClientLine::new(unsent, client.patience, transcript, Side::Provider, now);
        ClientSession { line, talk: Sender::new(client.name) }
    }

    /// What the session wants next. Ask again after every step but `Starved`.
    ///
    /// # Errors
    /// [`PeerFault`] when the customer's server breaks the protocol: nothing it has not answered
    /// for is settled.
    pub fn poll(&mut self, now: Instant) -> Result<Step<Sending>, PeerFault> {
        loop {
            if let Some(event) = self.talk.events.pop_front_if_ready(&self.line.out) {
                return Ok(Step::Event(event));
            }
            if self.line.out.len() >= FLIGHT {
                return Ok(self.send());
            }
            if self.talk.pump(&mut self.line, now) {
                continue;
            }
            match self.hear(now) {
                Ok(true) => continue,
                Ok(false) => return Ok(self.send()),
                Err(fault) => {
                    // What else is heard is the answer to who knows what.
                    self.talk.over();
                    return Err(fault);
                }
            }
        }
    }

    fn send(&mut self) -> Step<Sending> {
        match self.line.out.is_empty() {
            true => Step::Starved,
            false => {
                self.talk.asked = self.talk.owed.len();
                Step::Send(self.line.out.split().freeze())
            }
        }
    }

    fn hear(&mut self, now: Instant) -> Result<bool, PeerFault> {
        if self.talk.asked == 0 {
            if self.line.input.is_empty() || self.talk.stage == Stage::Over {
                return Ok(false);
            }
            // RFC 5321, section 3.8: a server that is shut down may say so at any time.
            let goes = self.line.input.iter().zip(b"421").all(|(said, goes)| said == goes);
            let interrupts = self.talk.may_interrupt();
            if !interrupts && !goes {
                return Err(unasked(&self.line.input));
            }
            let Some(reply) = self.line.reply(now)? else { return Ok(false) };
            match interrupts {
                true => self.talk.interrupted(reply)?,
                false => self.talk.stop(Owed::Quit, reply),
            }
            return Ok(true);
        }
        let Some(reply) = self.line.reply(now)? else { return Ok(false) };
        self.talk.asked -= 1;
        self.talk.answered(&mut self.line, reply)?;
        Ok(true)
    }

    /// When to give up waiting; `None` while it is the caller's move.
    pub fn deadline(&self) -> Option<Instant> {
        self.talk.owed.front().map(|owed| self.line.since + self.patience_for(*owed))
    }

    fn patience_for(&self, owed: Owed) -> Duration {
        let patience = &self.line.patience;
        match owed {
            Owed::Greeting => patience.greeting,
            Owed::Data(_) => patience.data,
            Owed::Final(_) => patience.final_reply,
            _ => patience.command,
        }
    }

    /// What is being waited for, in words for an error message.
    pub fn waiting_for(&self) -> &'static str {
        match self.talk.owed.front() {
            None => "nothing",
            Some(Owed::Greeting) => "the customer's greeting",
            Some(Owed::Ehlo | Owed::Helo) => "the answer to EHLO",
            Some(Owed::Rset) => "the answer to RSET",
            Some(Owed::Mail(_)) => "the answer to MAIL",
            Some(Owed::Rcpt(..)) => "the answer to RCPT",
            Some(Owed::Data(_)) => "the answer to DATA",
            Some(Owed::Final(_) | Owed::Leftover) => "the answer to the content",
            Some(Owed::Quit) => "the answer to QUIT",
        }
    }

    /// Takes a message. Answers at once, with a verdict, when this customer's server could not be
    /// given it as it is.
    pub fn offer(&mut self, message: Outgoing) {
        self.talk.offer(&mut self.line, message);
    }

    /// Streams whole transactions, or not, whatever the customer's server says of itself. To be
    /// called when it is [`Sending::Ready`].
    pub fn stream(&mut self, on: bool) {
        self.talk.stream = on.then_some(u64::MAX).filter(|_| self.talk.can_stream());
    }

    /// Content goes by DATA even where CHUNKING is offered, but for what is binary: Exchange 2000 garbles a line of the
    /// header that is longer than 1022 octets and comes by BDAT (KB 821733).
    pub fn prefer_data(&mut self) {
        self.talk.prefers_data = true;
        self.talk.stream = None;
    }

    /// There is nothing further: finish what is under way, then QUIT.
    pub fn no_more(&mut self) {
        self.talk.wanting = false;
        self.talk.no_more = true;
    }

    /// The next octets of the message asked for; `last` with the final ones, which may be none.
    pub fn content(&mut self, octets: &Bytes, last: bool, now: Instant) {
        self.line.since = now;
        self.talk.content(&mut self.line, octets, last);
    }

    /// The line is gone. Whatever has no final answer is `Unanswered`: nothing is lost by it, and
    /// nobody is sent a notice because a line broke.
    pub fn lost(&mut self) -> Vec<(u64, Vec<Verdict>)> {
        self.talk.stage = Stage::Over;
        let jobs = self.talk.jobs.drain(..);
        jobs.map(|job| (job.message.token, vec![Verdict::Unanswered; job.message.recipients.len()]))
            .collect()
    }

    /// How many recipients one transaction may have: what LIMITS says, else the 100 that every
    /// server must take (RFC 5321, section 4.5.3.1.8).
    pub fn recipients_at_once(&self) -> usize {
        self.talk.offers.limits.rcptmax.map_or(100, |most| most.clamp(1, 1000) as usize)
    }

    /// What the customer's server offers.
    pub fn offers(&self) -> &Capabilities {
        &self.talk.offers
    }

    /// Octets that wait to be sent; more content before they are gone only costs memory.
    pub fn unsent(&self) -> usize {
        self.line.out.len()
    }
}

/// Messages that may be on the line without an answer, when streaming. Also the most that a line
/// which breaks can make a customer see twice.
const WINDOW: usize = 64;
/// Octets of content likewise. A larger message is only sent when its envelope is accepted, so
/// that nothing large is sent for nothing.
const WINDOW_OCTETS: u64 = 8 << 20;

/// Enough for a few full TLS records and TCP segments, little enough to hold per session.
const FLIGHT: usize = 64 * 1024;

fn unasked(input: &[u8]) -> PeerFault {
    PeerFault::Unasked(crate::smtp::escape::Escaped(&input[..input.len().min(80)]).to_string())
}

trait PopReady {
    fn pop_front_if_ready(&mut self, out: &BytesMut) -> Option<Sending>;
}

impl PopReady for VecDeque<Sending> {
    /// The line is closed only once everything said is on it.
    fn pop_front_if_ready(&mut self, out: &BytesMut) -> Option<Sending> {
        match self.front() {
            Some(Sending::Closed) if !out.is_empty() => None,
            _ => self.pop_front(),
        }
    }
}

impl Sender {
    fn new(name: String) -> Sender {
        Sender {
            name,
            offers: Capabilities::default(),
            stage: Stage::Greeting,
            owed: VecDeque::from([Owed::Greeting]),
            asked: 0,
            jobs: VecDeque::new(),
            underway: 0,
            has_answered: false,
            stream: None,
            prefers_data: false,
            events: VecDeque::new(),
            no_more: false,
            needs_rset: false,
            wanting: false,
            sent: 0,
        }
    }

    /// Says or asks the next thing there is to say or ask, if there is one.
    fn pump(&mut self, line: &mut ClientLine, now: Instant) -> bool {
        if self.stage != Stage::Open {
            return false;
        }
        let before = self.progress(line);
        if let Some(n) = self.speaking() {
            let job = &mut self.jobs[n];
            match job.phase {
                Phase::Envelope => job.say_more(line, &mut self.owed, self.offers.pipelining),
                Phase::Decided => {
                    self.leave_envelope(line, n);
                    return true;
                }
                Phase::Content if !job.asked_for_content => {
                    job.asked_for_content = true;
                    self.events.push_back(Sending::Content(job.message.token));
                }
                Phase::Content | Phase::Final => {}
            }
        }
        self.want_or_quit(line);
        let moved = before != self.progress(line);
        if moved {
            line.since = now;
        }
        moved
    }

    /// The one job that is not all said.
    fn speaking(&self) -> Option<usize> {
        let last = self.jobs.len().checked_sub(1)?;
        (self.jobs[last].phase != Phase::Final).then_some(last)
    }

    /// What shows that something was done. A 354 says nothing and asks nothing: it only turns an
    /// envelope into content, and whoever overlooks that waits for ever.
    fn progress(&self, line: &ClientLine) -> (usize, usize, Option<Phase>) {
        (line.out.len(), self.events.len(), self.jobs.back().map(|job| job.phase))
    }

    /// Room for another message? Behind the content of the one before when commands may be
    /// grouped, else when that one is done with.
    fn want_or_quit(&mut self, line: &mut ClientLine) {
        let used_up = self.offers.limits.mailmax.is_some_and(|most| self.sent >= most);
        let finished = self.no_more || used_up;
        if !finished && !self.wanting && self.has_room() {
            self.wanting = true;
            self.events.push_back(Sending::Wants);
        } else if finished && self.jobs.is_empty() && self.owed.is_empty() {
            self.quit(line);
        }
    }

    fn has_room(&self) -> bool {
        match self.jobs.len() {
            0 => true,
            _ if self.speaking().is_some() || !self.offers.pipelining => false,
            many => match self.stream {
                Some(_) => many < WINDOW && self.underway < WINDOW_OCTETS,
                None => many == 1,
            },
        }
    }

    fn can_stream(&self) -> bool {
        self.offers.pipelining && self.offers.chunking
    }

    fn quit(&mut self, line: &mut ClientLine) {
        self.stage = Stage::Quitting;
        self.owed.push_back(Owed::Quit);
        line.say("QUIT");
    }

    fn offer(&mut self, line: &mut ClientLine, message: Outgoing) {
        self.wanting = false;
        if let Some(verdict) = lines::unfit(&message, &self.offers) {
            let verdicts = vec![verdict; message.recipients.len()];
            self.events.push_back(Sending::Outcome(message.token, verdicts));
            return;
        }
        self.sent += 1;
        let grouped = !self.jobs.is_empty();
        let rset = grouped || std::mem::take(&mut self.needs_rset);
        let most = self.stream.map(|most| most.min(WINDOW_OCTETS));
        let streamed = most.is_some_and(|most| message.size <= most);
        self.underway += message.size;
        let chunked = lines::goes_by_bdat(&message, &self.offers, self.prefers_data);
        let mut job = Job::new(message, &self.offers, rset, streamed, chunked);
        job.say_more(line, &mut self.owed, self.offers.pipelining);
        self.jobs.push_back(job);
    }

    /// A job is over, one way or another.
    fn done(&mut self, job: Job, end: Option<&Reply>) {
        self.has_answered = true;
        self.underway -= job.message.size;
        self.events.push_back(Sending::Outcome(job.message.token, job.verdicts(end)));
    }

    /// The envelope is answered: content, or nothing.
    fn leave_envelope(&mut self, line: &mut ClientLine, n: usize) {
        let Some(job) = self.jobs.get_mut(n) else { return };
        if job.streamed || job.anybody_accepted() && job.may_send_content() {
            return job.begin_content(line, &mut self.owed);
        }
        if job.unwanted_354() {
            line.out.extend_from_slice(b".\r\n");
            self.owed.push_back(Owed::Leftover);
        }
        self.needs_rset = true;
        if let Some(job) = self.jobs.remove(n) {
            self.done(job, None);
        }
    }

    fn content(&mut self, line: &mut ClientLine, octets: &Bytes, last: bool) {
        let Some(job) = self.jobs.back_mut().filter(|job| job.phase == Phase::Content) else {
            return;
        };
        job.asked_for_content = last;
        job.encode(octets, &mut line.out);
        if !last {
            return;
        }
        let side = line.side;
        line.transcript.said(side, format_args!("({} octets of content)", job.message.size));
        job.end_content(line, &mut self.owed);
        if let Some(early) = job.early.take()
            && let Some(job) = self.jobs.pop_back()
        {
            self.needs_rset = true;
            self.done(job, Some(&early));
        }
    }

    /// Nothing is owed, and content is on its way: a refusal may come before its end. To a chunk the answer is
    /// owed from its beginning, once that is on the line.
    fn may_interrupt(&self) -> bool {
        let is_open = |job: &Job| job.phase == Phase::Content && job.early.is_none();
        self.owed.is_empty() && self.jobs.back().is_some_and(is_open)
    }

    /// Content was refused before its end. A chunk goes on to its end all the same, where the other
    /// side hears the next command; behind DATA nobody can tell whether it is still heard as
    /// content, so the session ends. A yes to half a message is none.
    fn interrupted(&mut self, reply: Reply) -> Result<(), PeerFault> {
        if !(400..=599).contains(&reply.code) {
            return Err(nonsense("half of the content", &reply, "nothing yet, or 4xx or 5xx"));
        }
        match self.jobs.back_mut() {
            Some(job) if reply.code != 421 && job.is_chunked() => job.early = Some(reply),
            Some(job) => {
                let token = job.message.token;
                self.stop(Owed::Final(token), reply);
            }
            None => {}
        }
        Ok(())
    }

    /// One reply, matched to what it answers.
    fn answered(&mut self, line: &mut ClientLine, reply: Reply) -> Result<(), PeerFault> {
        let Some(owed) = self.owed.pop_front() else { return Ok(()) };
        if reply.code == 421 && owed != Owed::Quit {
            self.stop(owed, reply);
            return Ok(());
        }
        match owed {
            Owed::Greeting => self.greeted(line, reply),
            Owed::Ehlo => self.offered(line, reply),
            Owed::Helo => self.offered_nothing(reply),
            // RFC 5321, section 4.1.1.5. Where whole transactions are streamed it is all that tells whether the
            // answers are still those to what was said.
            Owed::Rset if self.stream.is_some() && !reply.is_positive() => {
                Err(nonsense("RSET", &reply, "250"))
            }
            Owed::Rset => Ok(()),
            Owed::Leftover => Ok(()),
            Owed::Mail(_) | Owed::Rcpt(..) | Owed::Data(_) => self.envelope_answer(owed, reply),
            Owed::Final(token) => self.final_answer(token, reply),
            Owed::Quit => {
                self.over();
                Ok(())
            }
        }
    }

    fn greeted(&mut self, line: &mut ClientLine, reply: Reply) -> Result<(), PeerFault> {
        if reply.code != 220 {
            // "I cannot take mail now" in whatever words: go, and keep all of it.
            self.events.push_back(Sending::Stopped(reply));
            self.quit(line);
            return Ok(());
        }
        self.stage = Stage::Ehlo;
        self.owed.push_back(Owed::Ehlo);
        line.say(&format!("EHLO {}", self.name));
        Ok(())
    }

    fn offered(&mut self, line: &mut ClientLine, reply: Reply) -> Result<(), PeerFault> {
        match reply.code / 100 {
            2 => self.ready(Capabilities::from_ehlo(&reply)),
            5 => {
                self.stage = Stage::Helo;
                self.owed.push_back(Owed::Helo);
                line.say(&format!("HELO {}", self.name));
            }
            _ => {
                self.events.push_back(Sending::Stopped(reply));
                self.quit(line);
            }
        }
        Ok(())
    }

    fn offered_nothing(&mut self, reply: Reply) -> Result<(), PeerFault> {
        match reply.is_positive() {
            true => self.ready(Capabilities::from_helo(&reply)),
            false => {
                self.events.push_back(Sending::Stopped(reply));
                self.over();
            }
        }
        Ok(())
    }

    fn ready(&mut self, offers: Capabilities) {
        self.offers = offers;
        let wanted = self.offers.xodmr.and_then(|xodmr| xodmr.stream);
        self.stream = wanted.filter(|_| self.can_stream());
        self.stage = Stage::Open;
        self.events.push_back(Sending::Ready(Box::new(self.offers.clone())));
    }

    fn envelope_answer(&mut self, owed: Owed, reply: Reply) -> Result<(), PeerFault> {
        let (Owed::Mail(token) | Owed::Rcpt(token, _) | Owed::Data(token)) = owed else {
            return Ok(());
        };
        let Some(job) = self.jobs.iter_mut().find(|job| job.message.token == token) else {
            return Ok(());
        };
        match owed {
            Owed::Mail(_) if reply.code / 100 == 3 => {
                return Err(nonsense("MAIL", &reply, "250, or 4xx or 5xx"));
            }
            Owed::Rcpt(..) if reply.code / 100 == 3 => {
                return Err(nonsense("RCPT", &reply, "250, or 4xx or 5xx"));
            }
            Owed::Data(_) if reply.is_positive() || reply.code / 100 == 3 && reply.code != 354 => {
                return Err(nonsense("DATA", &reply, "354, or 4xx or 5xx"));
            }
            Owed::Mail(_) => job.mail_answered(reply),
            Owed::Rcpt(_, n) => job.rcpt_answered(n, reply),
            _ => job.data_answered(reply),
        }
        Ok(())
    }

    fn final_answer(&mut self, token: u64, reply: Reply) -> Result<(), PeerFault> {
        if reply.code / 100 == 3 {
            return Err(nonsense("the content", &reply, "250, or 4xx or 5xx"));
        }
        let Some(job) = self.jobs.front().filter(|job| job.message.token == token) else {
            return Ok(());
        };
        if job.phase == Phase::Content {
            return self.interrupted(reply);
        }
        // After a failed BDAT the other side's state is open to doubt. RFC 3030, section 2.
        self.needs_rset = !reply.is_positive();
        if let Some(job) = self.jobs.pop_front() {
            self.done(job, Some(&reply));
        }
        Ok(())
    }

    /// 421: the other side closes. To content it is "not now". Said to an envelope it may be about that, so
    /// that this one must not be first again at the next call; but to the MAIL behind a message that was
    /// answered it is rather about the session. The rest is unanswered.
    fn stop(&mut self, owed: Owed, reply: Reply) {
        for job in std::mem::take(&mut self.jobs) {
            let token = job.message.token;
            let verdicts = match owed {
                Owed::Final(answered) if answered == token => job.verdicts(Some(&reply)),
                Owed::Rcpt(answered, _) | Owed::Data(answered) if answered == token => {
                    vec![Verdict::Stopped; job.message.recipients.len()]
                }
                Owed::Mail(answered) if answered == token && !self.has_answered => {
                    vec![Verdict::Stopped; job.message.recipients.len()]
                }
                _ => vec![Verdict::Unanswered; job.message.recipients.len()],
            };
            self.events.push_back(Sending::Outcome(token, verdicts));
        }
        self.events.push_back(Sending::Stopped(reply));
        self.over();
    }

    fn over(&mut self) {
        self.stage = Stage::Over;
        self.owed.clear();
        self.asked = 0;
        self.events.push_back(Sending::Closed);
    }
}

/// The encoder of a job's content: dots for DATA, nothing for BDAT.
#[derive(Debug)]
enum Encoding {
    Dots(DotEncoder),
    Chunk,
}
