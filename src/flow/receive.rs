//! Behind the turn: the customer is the server now, and takes its mail in, in lock with wherever
//! the mail goes. The provider is told 250 when the target has taken the mail, and not before.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use tracing::{info, warn};

use super::line::{LineEnd, Stop, hear, last_words, parted};
use crate::mail::Recipient;
use crate::mail::trace::{Protocol, Received, safe_name};
use crate::net::Wire;
use crate::session::{Event, Reversed, ServerSession};
use crate::sink::Sink;
use crate::sink::once::HAVE_IT;
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, ForwardPath, MailParams, Mailbox, Reply, ReversePath};

/// What this run may still take, and from whom for whom.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Domains whose mail is ours; empty: all that the provider has for this account.
    pub domains: HashSet<Domain>,
    /// Recipients at these domains are told to the target at others.
    pub moved: HashMap<Domain, Domain>,
    /// No message of more octets, for today.
    pub max_message: Option<u64>,
    /// No further message behind this many.
    pub max_messages: Option<u64>,
    /// No further message behind this many octets.
    pub max_octets: Option<u64>,
    /// When to stop.
    pub until: Instant,
    /// Our name, for the Received field.
    pub name: String,
}

/// What was taken in so far, over all rounds of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Transactions begun.
    pub offered: u64,
    /// Messages the target has taken.
    pub accepted: u64,
    /// Messages that had come before, and were not taken again; and their octets.
    pub duplicates: u64,
    octets_again: u64,
    /// Messages that nobody took, at least one recipient or all of it being put off.
    pub deferred: u64,
    /// Messages that nobody took, refused for good.
    pub refused: u64,
    /// Octets of the messages taken.
    pub octets: u64,
    /// How often each final code was said: to recipients and to content.
    pub by_code: BTreeMap<u16, u64>,
    /// This run's measure is full, and the rest stays at the provider. A message put off for its own
    /// size does not count: there may be smaller ones behind it, or with another domain.
    pub ceiling: bool,
    /// The last with which the target put something off.
    pub put_off: Option<Reply>,
    /// The target does not answer any more.
    pub target_lost: bool,
    /// Who was not taken with the others of a message, sender and recipient, and has not come since; and which
    /// message that was.
    left_over: HashMap<(String, String), u64>,
}

/// More are not remembered one by one.
const LEFT_OVER: usize = 10_000;

impl Tally {
    /// Messages that were taken for some recipients only, the others having been too many at once and not come
    /// again.
    pub fn owed(&self) -> u64 {
        self.left_over.values().collect::<HashSet<_>>().len() as u64
    }

    /// They have come again, and what becomes of them is counted with that message.
    fn have_come(&mut self, mail: &Incoming) {
        for to in &mail.to {
            self.left_over.remove(&(mail.from.clone(), to.clone()));
        }
    }

    fn settle_left_over(&mut self, mail: &Incoming) {
        let key = |to: &String| (mail.from.clone(), to.clone());
        let room = LEFT_OVER.saturating_sub(self.left_over.len());
        for to in mail.too_many.iter().take(room) {
            self.left_over.insert(key(to), self.offered);
        }
    }
}

/// What is going on, for a progress bar.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// A message of so many octets, if the provider has said how many.
    Message(Option<u64>),
    /// So many octets have come.
    Octets(u64),
    /// The message is over, and taken or not.
    Done(bool),
}

/// How a reversed session ended.
#[derive(Debug)]
pub struct Reception {
    /// The line ended before the provider said QUIT.
    pub end: Result<(), LineEnd>,
    /// Messages taken in this session.
    pub taken: u64,
    /// EHLO or HELO was heard.
    pub greeted: bool,
    /// MAIL was heard.
    pub began: bool,
}

/// One reversed session.
pub struct Receiver<'a, K: Sink> {
    terms: &'a Terms,
    sink: &'a mut K,
    tally: &'a mut Tally,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    ip: IpAddr,
    tls: Option<&'static str>,
    mail: Option<Incoming>,
    /// Messages that came to their end, and whose answer is owed.
    unanswered: VecDeque<Incoming>,
    taken: u64,
    began: bool,
}

/// Messages that may wait for their answer at once: as many as a provider streams.
const UNANSWERED: usize = 128;

/// A transaction under way.
#[derive(Debug, Default)]
struct Incoming {
    octets: u64,
    /// Worst first digit among what its recipients were told, when all were refused.
    refusals: Vec<u16>,
    accepted: usize,
    begun: bool,
    /// What its content was told when it was not even to begin.
    put_off: Option<u16>,
    /// Beyond the ceiling: heard out, kept by nobody.
    over: bool,
    /// Its reverse-path, escaped, and how many recipients it had, once it is complete.
    from: String,
    recipients: usize,
    /// Who they were, where somebody is left over; and who was too many.
    to: Vec<String>,
    too_many: Vec<String>,
}

/// Content that goes on this far beyond its ceiling is no mail.
const ENDLESS: u64 = 256 << 20;

impl<'a, K: Sink> Receiver<'a, K> {
    /// A receiver for one session.
    pub fn new(
        terms: &'a Terms,
        sink: &'a mut K,
        tally: &'a mut Tally,
        progress: &'a mut (dyn FnMut(Progress) + Send),
        wire: &Wire,
    ) -> Receiver<'a, K> {
        let ip = wire.peer().map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |peer| peer.ip());
        let tls = wire.tls().map(|facts| facts.version());
        Receiver {
            terms,
            sink,
            tally,
            progress,
            ip,
            tls,
            mail: None,
            unanswered: VecDeque::new(),
            taken: 0,
            began: false,
        }
    }

    /// Takes mail in until the provider says QUIT, or the line ends.
    pub async fn receive(
        mut self,
        wire: &mut Wire,
        session: &mut ServerSession<Reversed>,
        mut stop: Stop,
    ) -> Reception {
        let end = self.serve(wire, session, &mut stop).await;
        self.settle_all(session).await;
        if self.mail.as_ref().is_some_and(|mail| mail.begun) {
            warn!("the line ended inside a message; nothing of it was kept");
        }
        self.sink.abort().await;
        self.conclude(None);
        self.count_what_the_session_refused(session);
        Reception { end, taken: self.taken, greeted: session.hello().is_some(), began: self.began }
    }

    async fn serve(
        &mut self,
        wire: &mut Wire,
        session: &mut ServerSession<Reversed>,
        stop: &mut Stop,
    ) -> Result<(), LineEnd> {
        loop {
            let Some(event) = self.next(wire, session, stop).await? else { continue };
            match event {
                Event::Mail(path, params) => self.mail(session, &path, &params).await,
                Event::Recipient(recipient) => self.recipient(session, &recipient).await,
                Event::Begin => self.begin(session).await,
                Event::Content(octets) => self.content(wire, session, octets).await?,
                Event::End => self.end(session).await,
                Event::Reset => {
                    self.sink.abort().await;
                    self.conclude(None);
                }
                Event::Closed => return parted(session),
                // The profile speaks none of these.
                Event::Starttls
                | Event::Atrn(_)
                | Event::Etrn(_)
                | Event::Auth(..)
                | Event::Response(_) => session.answer(NOT_HERE),
                // Nobody is believed here, so nobody can say it.
                Event::Introduced(_) => {}
            }
        }
    }

    /// What is heard next; or nothing, when answers that were owed have been given instead.
    async fn next(
        &mut self,
        wire: &mut Wire,
        session: &mut ServerSession<Reversed>,
        stop: &mut Stop,
    ) -> Result<Option<Event>, LineEnd> {
        if self.unanswered.is_empty() {
            return hear(wire, session, stop).await.map(Some);
        }
        let room = self.unanswered.len() < UNANSWERED;
        let answers = tokio::select! {
            biased;
            event = hear(wire, session, stop), if room => return event.map(Some),
            answers = self.sink.settled() => answers,
        };
        self.answer(session, answers);
        Ok(None)
    }

    /// Gives the oldest of the answers that are owed.
    fn answer(&mut self, session: &mut ServerSession<Reversed>, answers: Vec<Reply>) {
        for reply in answers {
            self.target_said(&reply);
            if let Some(mail) = self.unanswered.pop_front() {
                self.mail_is_over(mail, &reply);
            }
            session.answer_oldest(reply);
        }
        self.look_at_target(session);
    }

    fn target_said(&mut self, reply: &Reply) {
        if reply.is_transient() {
            self.tally.put_off = Some(reply.clone());
        }
        // It may be back in a later session of the same run.
        self.tally.target_lost &= !reply.is_positive();
    }

    fn look_at_target(&mut self, session: &mut ServerSession<Reversed>) {
        if self.sink.is_lost() {
            self.tally.target_lost = true;
            session.shut_down(TARGET_LOST);
        }
    }

    /// The line has ended: what is on its way to the target gets there, and is counted; the rest
    /// will be sent again, since nobody was told that it was taken.
    async fn settle_all(&mut self, session: &mut ServerSession<Reversed>) {
        let mut left = self.sink.forget();
        while left > 0 {
            let answers = self.sink.settled().await;
            left = left.saturating_sub(answers.len());
            self.answer(session, answers);
        }
        self.unanswered.clear();
    }

    async fn mail(
        &mut self,
        session: &mut ServerSession<Reversed>,
        path: &ReversePath,
        params: &MailParams,
    ) {
        self.began = true;
        self.tally.offered += 1;
        self.mail = Some(Incoming::default());
        if let Some(reply) = self.ceiling() {
            self.tally.ceiling = true;
            self.conclude(Some(&reply));
            return session.answer(reply);
        }
        (self.progress)(Progress::Message(params.size));
        let too_large =
            params.size.zip(self.terms.max_message).is_some_and(|(size, most)| size > most);
        let answer = match too_large {
            true => Err(TOO_LARGE_TODAY),
            false => self.sink.mail(path, params).await,
        };
        if let (false, Err(reply)) = (too_large, &answer) {
            self.target_said(reply);
        }
        match answer {
            Ok(()) => session.accept(),
            Err(reply) => {
                *self.tally.by_code.entry(reply.code).or_default() += 1;
                self.conclude(Some(&reply));
                session.answer(reply);
            }
        }
    }

    /// Is this run's measure full?
    fn ceiling(&self) -> Option<Reply> {
        let (accepted, came) = self.likely();
        let messages = self.terms.max_messages.is_some_and(|most| accepted >= most);
        let octets = self.terms.max_octets.is_some_and(|most| came >= most);
        let time = Instant::now() >= self.terms.until;
        (messages || octets || time).then_some(ENOUGH)
    }

    /// Messages and octets taken when all that is owed an answer turns out well.
    fn likely(&self) -> (u64, u64) {
        let octets: u64 = self.unanswered.iter().map(|mail| mail.octets).sum();
        // What comes again costs as much time as what is new.
        let Tally { accepted, duplicates, .. } = *self.tally;
        let came = self.tally.octets + self.tally.octets_again;
        (accepted + duplicates + self.unanswered.len() as u64, came + octets)
    }

    async fn recipient(&mut self, session: &mut ServerSession<Reversed>, recipient: &Recipient) {
        let answer = match self.is_ours(&recipient.path) {
            true if leads_on(&recipient.path) => Err(LEADS_ON),
            true => match self.as_the_target_knows(recipient) {
                Some(recipient) => self.sink.recipient(&recipient).await,
                None => Err(TOO_LONG_MOVED),
            },
            false => Err(NOT_OURS),
        };
        let reply = answer.unwrap_or_else(|refusal| refusal);
        self.target_said(&reply);
        if !reply.is_positive() {
            *self.tally.by_code.entry(reply.code).or_default() += 1;
            if let Some(envelope) = session.envelope().filter(|_| !self.tally.left_over.is_empty())
            {
                let from = shown(session, envelope.reverse_path.as_str());
                self.tally.left_over.remove(&(from, recipient.path.as_str().to_owned()));
            }
        }
        if let Some(mail) = &mut self.mail {
            match reply.is_positive() {
                true => mail.accepted += 1,
                false => mail.refusals.push(reply.code),
            }
        }
        if !reply.is_positive() {
            info!(
                recipient = shown(session, recipient.path.as_str()),
                reply = reply.to_string(),
                "recipient refused"
            );
        }
        session.answer(reply);
    }

    /// A provider may hand over what it was asked for and nothing else. RFC 2645, section 5.2.1.
    fn is_ours(&self, path: &ForwardPath) -> bool {
        match path {
            ForwardPath::Postmaster => true,
            ForwardPath::Mailbox(mailbox) => {
                self.terms.domains.is_empty()
                    || mailbox.domain().is_some_and(|domain| self.terms.domains.contains(domain))
            }
        }
    }

    /// A recipient at a domain that is called otherwise here is told by that name, and ORCPT says who it
    /// was. None where the address would become too long for one.
    fn as_the_target_knows<'r>(&self, recipient: &'r Recipient) -> Option<Cow<'r, Recipient>> {
        match recipient.domain().and_then(|domain| self.terms.moved.get(domain)) {
            Some(to) => recipient.moved(to).map(Cow::Owned),
            None => Some(Cow::Borrowed(recipient)),
        }
    }

    async fn begin(&mut self, session: &mut ServerSession<Reversed>) {
        let trace = self.trace(session);
        match self.sink.begin(&trace).await {
            Ok(()) => {
                if let Some(mail) = &mut self.mail {
                    (mail.begun, mail.put_off) = (true, None);
                }
                session.accept();
            }
            Err(reply) => {
                self.target_said(&reply);
                *self.tally.by_code.entry(reply.code).or_default() += 1;
                // Not its end: the provider may say DATA again in the same transaction.
                if let Some(mail) = &mut self.mail {
                    mail.put_off = Some(reply.code);
                }
                session.answer(reply);
            }
        }
    }

    fn trace(&self, session: &ServerSession<Reversed>) -> String {
        let hello = session.hello();
        let envelope = session.envelope();
        let only = match envelope.map(|envelope| envelope.recipients.as_slice()) {
            Some([one]) => Some(one.path.as_str()),
            _ => None,
        };
        // "A" would say that the provider has authenticated; it was us who did.
        let protocol = Protocol {
            extended: hello.is_some_and(|hello| hello.extended),
            lmtp: false,
            utf8: envelope.is_some_and(|envelope| envelope.params.smtputf8),
            tls: session.is_secure(),
            authenticated: false,
        };
        Received {
            helo: &safe_name(hello.map_or("", |hello| &hello.name)),
            ip: self.ip,
            by: &self.terms.name,
            protocol,
            tls: self.tls,
            id: &ulid::Ulid::generate().to_string(),
            recipient: only,
            at: Timestamp::now(),
        }
        .to_field()
    }

    async fn content(
        &mut self,
        wire: &mut Wire,
        session: &mut ServerSession<Reversed>,
        octets: Bytes,
    ) -> Result<(), LineEnd> {
        let Some(mail) = &mut self.mail else { return Ok(()) };
        mail.octets += octets.len() as u64;
        (self.progress)(Progress::Octets(octets.len() as u64));
        let most = self.terms.max_message.unwrap_or(u64::MAX);
        if mail.octets <= most {
            // A fault is remembered by the sink, and told at the end: content cannot be stopped.
            let _ = self.sink.content(octets).await;
        } else if !std::mem::replace(&mut mail.over, true) {
            self.sink.abort().await;
        } else if mail.octets > most.saturating_add(ENDLESS) {
            session.shut_down(ENDLESS_CONTENT);
            last_words(wire, session).await;
            return Err(LineEnd::TimedOut("the end of a message without end"));
        }
        Ok(())
    }

    /// The content is whole. A provider that has sent more meanwhile does not wait for the answer:
    /// it is put off, so that what follows becomes safe in the same go.
    async fn end(&mut self, session: &mut ServerSession<Reversed>) {
        self.describe(session);
        let over = self.mail.as_ref().is_some_and(|mail| mail.over);
        let streamed = session.owed() > 0 || !session.input().is_empty();
        if streamed && !over && self.sink.put_by() {
            self.unanswered.extend(self.mail.take());
            return session.answer_later();
        }
        let reply = match over {
            true => TOO_LARGE_TODAY,
            false => {
                let reply = self.sink.finish().await;
                self.target_said(&reply);
                reply
            }
        };
        if let Some(mail) = self.mail.take() {
            self.mail_is_over(mail, &reply);
        }
        session.answer(reply);
        self.look_at_target(session);
    }

    /// What the log will say of it.
    fn describe(&mut self, session: &ServerSession<Reversed>) {
        if let (Some(mail), Some(envelope)) = (&mut self.mail, session.envelope()) {
            mail.from = shown(session, envelope.reverse_path.as_str());
            mail.recipients = envelope.recipients.len();
            let too_many = session.too_many();
            if !too_many.is_empty() || !self.tally.left_over.is_empty() {
                let paths = envelope.recipients.iter().map(|recipient| &recipient.path);
                mail.to = paths.map(|path| path.as_str().to_owned()).collect();
                mail.too_many = too_many.iter().map(|path| path.as_str().to_owned()).collect();
            }
        }
    }

    /// A message that came to its end has got its answer.
    fn mail_is_over(&mut self, mail: Incoming, reply: &Reply) {
        *self.tally.by_code.entry(reply.code).or_default() += 1;
        info!(
            from = mail.from,
            recipients = mail.recipients,
            size = mail.octets,
            reply = reply.to_string(),
            "message"
        );
        self.count(mail, Some(reply));
    }

    /// Counts a transaction, once: by its last answer, or by what its recipients were told.
    fn conclude(&mut self, last: Option<&Reply>) {
        if let Some(mail) = self.mail.take() {
            self.count(mail, last);
        }
    }

    /// Too large, going in circles, with lines that do not end: what needed nobody's word but the session's.
    fn count_what_the_session_refused(&mut self, session: &ServerSession<Reversed>) {
        let (at_mail, at_end) = (session.refused_at_mail(), session.refused_at_end());
        for (&code, &count) in at_mail {
            // Those whose content came were offered already.
            self.tally.offered += count;
            warn!(code, count, "mail was refused at MAIL, as larger than the target takes");
        }
        for (&code, &count) in at_mail.iter().chain(at_end) {
            *self.tally.by_code.entry(code).or_default() += count;
            self.tally.refused += count;
        }
    }

    fn count(&mut self, mail: Incoming, last: Option<&Reply>) {
        let code = match last {
            Some(reply) => Some(reply.code),
            None if mail.accepted == 0 => mail.refusals.iter().copied().min(),
            None => mail.put_off,
        };
        let taken = matches!(code, Some(200..=299));
        if !mail.too_many.is_empty() {
            let many = mail.too_many.len() as u64;
            *self.tally.by_code.entry(TOO_MANY).or_default() += many;
        }
        self.tally.have_come(&mail);
        // What was put off as a whole comes again as a whole.
        if taken || matches!(code, Some(500..=599)) {
            self.tally.settle_left_over(&mail);
        }
        match code {
            Some(_) if last == Some(&HAVE_IT) => {
                self.taken += 1;
                self.tally.duplicates += 1;
                self.tally.octets_again += mail.octets;
            }
            Some(200..=299) => {
                self.taken += 1;
                self.tally.accepted += 1;
                self.tally.octets += mail.octets;
                // Some recipients of a message that others took.
                // 552 is how old servers say "too many recipients". RFC 5321, section 4.5.3.1.10.
                let goes_by = |code: &u16| code / 100 == 4 || *code == 552;
                self.tally.deferred += u64::from(mail.refusals.iter().any(goes_by));
            }
            Some(500..=599) => self.tally.refused += 1,
            Some(_) => self.tally.deferred += 1,
            None => {}
        }
        (self.progress)(Progress::Done(taken));
    }
}

/// `a%b@here`, `b!a@here` and `"a@b"@here`: an old mail server sends such mail on to b for whoever it trusts, and
/// the one that we deliver to trusts its own host. Anybody in the world could relay through it by way of the provider.
fn leads_on(path: &ForwardPath) -> bool {
    path.mailbox().is_some_and(Mailbox::asks_for_relay)
}

/// What the provider said, as it may stand in a log: a password that it says back is left out.
fn shown(session: &ServerSession<Reversed>, said: &str) -> String {
    Escaped::text(&session.transcript().hidden(said)).to_string()
}

/// What the session tells recipients beyond what the target takes at once. RFC 5321, section 4.5.3.1.10.
const TOO_MANY: u16 = 452;
/// Is a session to go on past this? 421 ends it without a bounce.
const ENOUGH: Reply = Reply::new(421, (3, 2), "enough for this time; please keep the rest");
const TOO_LARGE_TODAY: Reply =
    Reply::new(452, (3, 4), "larger than what is taken today; please keep it");
const NOT_OURS: Reply = Reply::new(550, (7, 1), "that is no domain we asked for");
const LEADS_ON: Reply = Reply::new(550, (7, 1), "no mail is sent on from here");
const TOO_LONG_MOVED: Reply =
    Reply::new(550, (5, 1), "the address would become too long at the domain it is known by here");
const NOT_HERE: Reply = Reply::new(502, (5, 1), "not implemented here");
const TARGET_LOST: Reply = Reply::new(421, (3, 0), "local delivery is down; please keep the rest");
const ENDLESS_CONTENT: Reply = Reply::new(421, (3, 4), "that is no mail; closing");
