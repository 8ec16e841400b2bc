//! Behind the turn: the provider sends what waits, and writes down what became of it.
//!
//! An entry leaves the spool only on the customer's own answer. When the line breaks, whatever has
//! no answer goes back as it was: nothing is lost, and nobody is sent a notice because of a line.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::counts::Handed;
use super::events;
use super::line::{LineEnd, Stop, ask};
use super::provider::{Provider, Turning};
use super::recent::present::Seat;
use crate::config::accounts::Switch;
use crate::mail::Recipient;
use crate::net::Wire;
use crate::queue::{Entry, EntryId, Fate, RecipientState, Tried};
use crate::session::{ClientSession, Outgoing, Reversed, Sending, Step, Verdict};
use crate::smtp::{Capabilities, Reply, ReversePath};
use crate::spool::{Content, Drain, Lease, Spool, SpoolError};

/// Entries leased ahead of need, at most: enough that the line never waits for the spool.
const AHEAD: usize = 64;
/// And at first: what is leased here no other session of the domain can bring.
const AT_FIRST: usize = 4;
/// Whoever takes all that was leased within this time may have twice as many at the next go.
const BRISK: Duration = Duration::from_millis(500);
/// Settles on their way to the disk before the next message waits for one of them. Also the most
/// messages that a crash of ours can make a customer see twice.
const UNSETTLED: usize = 64;

/// What a session delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Recipients whose mail was taken.
    pub delivered: u64,
    /// Recipients that were told "not now".
    pub deferred: u64,
    /// Recipients that were refused for good.
    pub refused: u64,
    /// Octets of the messages that somebody took.
    pub octets: u64,
}

/// One reversed session.
pub struct Run<'a, S: Spool> {
    provider: &'a Provider<S>,
    id: &'a str,
    turning: &'a Turning,
    session: ClientSession<Reversed>,
    stop: Stop,
    walk: S::Drain,
    leased: VecDeque<S::Lease>,
    /// So many were leased last, and when.
    ahead: usize,
    filled_at: Option<Instant>,
    /// Entries with recipients that did not fit into their last transaction.
    again: VecDeque<u64>,
    /// The session wants a message, and the only one left is that of a transaction under way.
    owing: bool,
    /// What turned out to be damaged with half of it on the line. Its end must never follow, so the
    /// line is given up; but not before those ahead of it are answered, or they would come twice.
    spoilt: Option<u64>,
    sending: HashMap<u64, Underway<S>>,
    settling: JoinSet<Result<(), SpoolError>>,
    tokens: u64,
    /// Octets of content that were sent.
    octets_sent: u64,
    drained: Drained,
    /// Somebody is refused, or handed on with a word about it to be sent.
    has_news: bool,
    /// When the line was turned, until the customer is ready.
    turned: Option<Instant>,
    /// Which of the entries are to go now.
    wanted: fn(&Entry) -> bool,
    /// Where an operator sees how far it has come.
    seat: Option<Arc<Seat>>,
    /// What has kept mail from going.
    trouble: Option<String>,
    /// Something of what was achieved is not on disk.
    unwritten: bool,
    /// There is more, and it cannot be read.
    unread: bool,
}

/// An entry between its lease and its settle.
struct Underway<S: Spool> {
    lease: S::Lease,
    content: S::Content,
    /// The piece to be sent next; one is always read ahead, so that the last is known as such and
    /// all of a small message is known to be sound before any of it is sent.
    piece: Option<Bytes>,
    /// The entry's waiting recipients, and what has become of each so far.
    recipients: Vec<(Recipient, Option<Verdict>)>,
    /// Which of them the present transaction is about: from where, how many.
    window: (usize, usize),
    /// Some of its content is on the line, or was.
    begun: bool,
    /// Octets of it that the present transaction has yet to send, if anybody takes them.
    due: u64,
}

/// The head of what waits, taken in hand before the customer is told that there is something.
pub struct Ahead<S: Spool> {
    walk: S::Drain,
    leased: VecDeque<S::Lease>,
}

impl<S: Spool> Ahead<S> {
    /// Nothing of it yet.
    pub fn unread(provider: &Provider<S>, turning: &Turning) -> Ahead<S> {
        let (domains, order) = (turning.domains.clone(), provider.house().order);
        let walk = provider.spool.drain(domains, order, Timestamp::now());
        Ahead { walk, leased: VecDeque::new() }
    }

    /// Takes it in hand.
    ///
    /// # Errors
    /// [`SpoolError`] when nothing of what waits can be read.
    pub async fn look(provider: &Provider<S>, turning: &Turning) -> Result<Ahead<S>, SpoolError> {
        let mut ahead = Ahead::unread(provider, turning);
        ahead.leased = ahead.walk.next(AT_FIRST).await?.into();
        Ok(ahead)
    }
}

impl<'a, S: Spool> Run<'a, S> {
    /// Begins where the turn has left off.
    pub fn new(
        provider: &'a Provider<S>,
        id: &'a str,
        turning: &'a Turning,
        session: ClientSession<Reversed>,
        Ahead { walk, leased }: Ahead<S>,
        stop: Stop,
    ) -> Run<'a, S> {
        Run {
            provider,
            id,
            turning,
            session,
            stop,
            walk,
            leased,
            ahead: AT_FIRST,
            filled_at: None,
            again: VecDeque::new(),
            owing: false,
            spoilt: None,
            sending: HashMap::new(),
            settling: JoinSet::new(),
            tokens: 0,
            octets_sent: 0,
            drained: Drained::default(),
            has_news: false,
            turned: None,
            wanted: |_| true,
            seat: None,
            trouble: None,
            unwritten: false,
            unread: false,
        }
    }

    /// An operator sees it there.
    pub fn seen_at(mut self, seat: Arc<Seat>) -> Self {
        self.seat = Some(seat);
        self
    }

    /// Behind a turn: how long the customer takes to be ready is of interest.
    pub fn behind_the_turn(self, at: Instant) -> Self {
        Run { turned: Some(at), ..self }
    }

    /// Only those entries for which this holds; the others are left as they are.
    pub fn only(self, wanted: fn(&Entry) -> bool) -> Self {
        Run { wanted, ..self }
    }

    /// Sends until there is no more, or the line ends.
    ///
    /// # Errors
    /// [`LineEnd`] when the line ended before the talk did.
    pub async fn to_the_end(&mut self, wire: &mut Wire) -> Result<(), LineEnd> {
        let end = self.talk(wire).await;
        if end.is_err() {
            self.hear_last_words().await;
        }
        end
    }

    /// The line broke while we were writing, and the customer has said more than we have heard: what
    /// it has taken need not come again.
    async fn hear_last_words(&mut self) {
        loop {
            match self.session.poll(Instant::now()) {
                Ok(Step::Event(Sending::Outcome(token, verdicts))) => {
                    self.note(token, verdicts);
                    self.settle(token).await;
                }
                Ok(Step::Event(Sending::Closed) | Step::Starved) | Err(_) => return,
                Ok(Step::Event(_) | Step::Send(_)) => {}
            }
        }
    }

    async fn talk(&mut self, wire: &mut Wire) -> Result<(), LineEnd> {
        loop {
            match ask(wire, &mut self.session).await? {
                Sending::Ready(offers) => self.suit(wire, &offers),
                Sending::Wants if self.spoilt.is_some() => {}
                Sending::Wants => self.next_message().await,
                Sending::Content(token) => self.content(token).await?,
                Sending::Outcome(token, verdicts) => self.outcome(token, verdicts).await?,
                Sending::Stopped(reply) => {
                    let reply = reply.to_string();
                    info!(
                        session = self.id,
                        account = self.turning.account,
                        reply,
                        "the customer stopped the session"
                    );
                    self.trouble.get_or_insert(reply);
                }
                Sending::Closed => return Ok(()),
            }
        }
    }

    /// Under which name it can be found among the sessions; a call of ours is none of these.
    fn session_name(&self) -> Option<String> {
        self.turning.is_session.then(|| self.id.to_owned())
    }

    /// Lets nothing under way go unwritten, and tells what was achieved.
    pub async fn settle_all(&mut self) -> Drained {
        for (token, verdicts) in self.session.lost() {
            self.note(token, verdicts);
        }
        let mut unfinished: Vec<u64> = self.sending.keys().copied().collect();
        // A customer answers in order, so what it broke off at is more likely the oldest: whoever
        // is written down last queues behind the others.
        unfinished.sort_unstable_by_key(|&token| std::cmp::Reverse(token));
        for token in unfinished {
            self.settle_broken_off(token).await;
            self.all_settled().await;
        }
        self.all_settled().await;
        if self.has_news {
            self.provider.news.notify_one();
        }
        self.drained
    }

    /// What has kept the mail from going, where none has: whoever calls does not call again at once.
    pub fn was_in_vain(&self) -> Option<&str> {
        let Drained { delivered, deferred, refused, .. } = self.drained;
        let nothing = delivered + deferred + refused == 0;
        self.trouble.as_deref().filter(|_| nothing || self.unwritten)
    }

    /// Did everything that waits come to light?
    pub fn has_read_all(&self) -> bool {
        !self.unread
    }

    async fn all_settled(&mut self) {
        while let Some(settled) = self.settling.join_next().await {
            self.settled(settled);
        }
    }

    /// fetchmail stalls on a TLS record of two lines, and cannot be told from the server behind
    /// it; only one of ours says by its keyword that it is none.
    fn suit(&mut self, wire: &mut Wire, offers: &Capabilities) {
        if let Some(turned) = self.turned.take() {
            self.provider.counts.turn_waits.observe(turned.elapsed().as_secs_f64());
        }
        wire.one_line_per_record(self.turning.line_per_record.or(offers.xodmr.is_none()));
        if self.turning.stream != Switch::Auto {
            self.session.stream(self.turning.stream == Switch::On);
        }
        if self.turning.prefers_data {
            self.session.prefer_data();
        }
    }

    async fn next_message(&mut self) {
        // What cannot be written down would come a second time.
        if *self.stop.borrow() || !self.provider.spool.keeps_record() {
            return self.session.no_more();
        }
        if self.again.is_empty() && self.must_wait().await {
            self.owing = true;
            return;
        }
        self.leave_what_is_too_much().await;
        let token = match self.again.pop_front() {
            Some(token) => self.reopen(token).await,
            None if self.is_enough().await => None,
            None => self.open_next().await,
        };
        match token.and_then(|token| self.outgoing(token)) {
            Some(message) => self.session.offer(message),
            // Saying "no more" now would leave the others of its recipients for another call.
            None if self.sending.values().any(Underway::has_more) => self.owing = true,
            None => self.session.no_more(),
        }
    }

    /// Would the next message be more than this session may carry? A first one goes, however large.
    async fn is_enough(&mut self) -> bool {
        if self.turning.most_octets.is_none() {
            return false;
        }
        let Some(size) = self.fill().await.map(|next| next.entry().size) else { return false };
        let full = self.is_too_much(size);
        if full {
            self.turning.to_be_continued();
        }
        full
    }

    fn is_too_much(&self, size: u64) -> bool {
        let due: u64 = self.sending.values().map(|underway| underway.due).sum();
        let begun = self.octets_sent.saturating_add(due);
        let most = self.turning.most_octets.filter(|_| begun > 0);
        most.is_some_and(|most| begun.saturating_add(size) > most)
    }

    /// Recipients that another transaction would be for, with the same content once more, wait for the next
    /// session where this one has no room for it.
    async fn leave_what_is_too_much(&mut self) {
        while let Some(&token) = self.again.front() {
            let size = self.sending.get(&token).map_or(0, |underway| underway.lease.entry().size);
            if !self.is_too_much(size) {
                return;
            }
            self.again.pop_front();
            self.turning.to_be_continued();
            self.settle(token).await;
        }
    }

    /// What may have broken a session off is sent with nothing else under way: if it does so again,
    /// it alone is what was tried.
    async fn must_wait(&mut self) -> bool {
        if self.sending.is_empty() {
            return false;
        }
        let alone = self.sending.values().any(|underway| is_suspect(underway.lease.entry()));
        alone || self.fill().await.is_some_and(|next| is_suspect(next.entry()))
    }

    /// The next entry whose content can be read.
    async fn open_next(&mut self) -> Option<u64> {
        loop {
            let lease = self.next_lease().await?;
            match open(&self.provider.spool, &lease).await {
                Ok((content, piece)) => return Some(self.take_up(lease, content, piece)),
                Err(fault) => self.cannot_read(lease.entry().id, &fault),
            }
        }
    }

    async fn next_lease(&mut self) -> Option<S::Lease> {
        self.fill().await?;
        self.leased.pop_front()
    }

    /// Sees to it that the next entry is at hand, if there is one.
    async fn fill(&mut self) -> Option<&S::Lease> {
        while self.leased.is_empty() {
            let ahead = self.ahead();
            match self.walk.next(ahead).await {
                Ok(leases) if leases.is_empty() => break,
                Ok(leases) => {
                    let wanted = leases.into_iter().filter(|lease| (self.wanted)(lease.entry()));
                    self.leased.extend(wanted);
                }
                Err(fault) => {
                    error!(session = self.id, %fault, "the spool cannot be read");
                    self.trouble.get_or_insert(fault.to_string());
                    self.unread = true;
                    break;
                }
            }
        }
        self.leased.front()
    }

    /// How many to lease: few, unless the customer takes them faster than they are fetched.
    fn ahead(&mut self) -> usize {
        let now = Instant::now();
        let brisk = self.filled_at.replace(now).map(|then| now.duration_since(then) < BRISK);
        self.ahead = if brisk == Some(true) { (self.ahead * 2).min(AHEAD) } else { AT_FIRST };
        self.ahead
    }

    fn cannot_read(&mut self, id: EntryId, fault: &SpoolError) {
        self.trouble.get_or_insert(format!("{id}: {fault}"));
        error!(session = self.id, account = self.turning.account, %id, %fault, "message set aside");
    }

    fn take_up(&mut self, lease: S::Lease, content: S::Content, piece: Option<Bytes>) -> u64 {
        self.tokens += 1;
        let waiting = |(recipient, state): &(Recipient, RecipientState)| match state {
            RecipientState::Waiting(_) => Some((recipient.clone(), None)),
            _ => None,
        };
        let recipients = lease.entry().recipients.iter().filter_map(waiting).collect();
        let underway =
            Underway { lease, content, piece, recipients, window: (0, 0), begun: false, due: 0 };
        self.sending.insert(self.tokens, underway);
        self.tokens
    }

    /// The same content once more, for recipients that did not fit.
    async fn reopen(&mut self, token: u64) -> Option<u64> {
        let underway = self.sending.get_mut(&token)?;
        match open(&self.provider.spool, &underway.lease).await {
            Ok((content, piece)) => {
                underway.content = content;
                underway.piece = piece;
                Some(token)
            }
            Err(fault) => {
                let id = underway.lease.entry().id;
                self.cannot_read(id, &fault);
                self.settle(token).await;
                self.open_next().await
            }
        }
    }

    fn outgoing(&mut self, token: u64) -> Option<Outgoing> {
        let most = self.session.recipients_at_once();
        let underway = self.sending.get_mut(&token)?;
        let from = underway.window.0 + underway.window.1;
        let many = most.min(underway.recipients.len() - from);
        underway.window = (from, many);
        let entry = underway.lease.entry();
        underway.due = entry.size;
        Some(Outgoing {
            token,
            reverse_path: entry.reverse_path.clone(),
            params: entry.params.clone(),
            recipients: underway.recipients[from..from + many]
                .iter()
                .map(|(path, _)| path.clone())
                .collect(),
            size: entry.size,
            ends_in_crlf: entry.ends_in_crlf,
            eight_bit: entry.eight_bit,
            long_lines: entry.long_lines,
        })
    }

    async fn content(&mut self, token: u64) -> Result<(), LineEnd> {
        let Some(underway) = self.sending.get_mut(&token) else { return Err(LineEnd::Closed) };
        let piece = underway.piece.take().unwrap_or_default();
        underway.begun = true;
        underway.due = underway.due.saturating_sub(piece.len() as u64);
        self.octets_sent = self.octets_sent.saturating_add(piece.len() as u64);
        match underway.content.next().await {
            Ok(ahead) => {
                let last = ahead.is_none();
                underway.piece = ahead;
                self.session.content(&piece, last, Instant::now());
                Ok(())
            }
            Err(fault) => {
                let id = underway.lease.entry().id;
                self.cannot_read(id, &fault);
                self.spoilt = Some(token);
                self.go_on_or_hang_up()
            }
        }
    }

    fn go_on_or_hang_up(&self) -> Result<(), LineEnd> {
        let Some(spoilt) = self.spoilt else { return Ok(()) };
        // Content goes out one message after the other, so what has begun is ahead, unless it waits
        // for a further transaction.
        let ahead = |(&token, underway): (&u64, &Underway<S>)| {
            token != spoilt && underway.begun && !self.again.contains(&token)
        };
        if self.sending.iter().any(ahead) { Ok(()) } else { Err(LineEnd::Spoilt) }
    }

    async fn outcome(&mut self, token: u64, verdicts: Vec<Verdict>) -> Result<(), LineEnd> {
        self.note(token, verdicts);
        if self.sending.get(&token).is_some_and(Underway::has_more) {
            self.again.push_back(token);
        } else {
            self.settle(token).await;
        }
        if std::mem::take(&mut self.owing) && self.spoilt.is_none() {
            self.next_message().await;
        }
        self.go_on_or_hang_up()
    }

    fn note(&mut self, token: u64, verdicts: Vec<Verdict>) {
        let Some(underway) = self.sending.get_mut(&token) else { return };
        underway.due = 0;
        let (from, many) = underway.window;
        for ((_, slot), verdict) in underway.recipients[from..from + many].iter_mut().zip(verdicts)
        {
            *slot = Some(verdict);
        }
    }

    /// The same for what the line broke off with. What was on it is tried, though nobody's state has
    /// changed: or it would be first again at the next call, and perhaps break that off too.
    async fn settle_broken_off(&mut self, token: u64) {
        match self.sending.get(&token) {
            // What an earlier transaction with a part of its recipients has come to is written down.
            Some(underway) if self.spoilt == Some(token) && underway.is_untried() => {
                drop(self.sending.remove(&token));
            }
            Some(underway) if underway.begun && underway.is_untried() => {
                self.record_attempt(token, "the line broke inside this message; it queues anew");
            }
            _ => self.settle(token).await,
        }
    }

    fn record_attempt(&mut self, token: u64, why: &str) {
        let Some(Underway { lease, .. }) = self.sending.remove(&token) else { return };
        let entry = lease.entry();
        warn!(session = self.id, account = self.turning.account, id = %entry.id, domain = %entry.domain,
            size = entry.size, attempts = entry.attempts + 1, "{why}");
        let spool = self.provider.spool.clone();
        let tried = Tried { at: Timestamp::now(), session: self.session_name() };
        self.settling.spawn(async move { spool.settle(lease, Vec::new(), tried).await });
    }

    /// Writes down what became of an entry; a few may be on their way to the disk at once.
    async fn settle(&mut self, token: u64) {
        if self.sending.get(&token).is_some_and(Underway::was_stopped_at) {
            let why = "the session was stopped (421) at this message; it queues anew";
            return self.record_attempt(token, why);
        }
        let Some(underway) = self.sending.remove(&token) else { return };
        if underway.is_untried() {
            return; // the lease goes back as it was
        }
        self.log(&underway);
        let tells = self.tells_of_success(underway.lease.entry());
        let now = Instant::now();
        let domain = underway.lease.entry().domain.clone();
        let alone = underway.recipients.len() == 1;
        let told = |(recipient, verdict): (Recipient, _)| {
            let fate = fate(&recipient, verdict, tells);
            self.provider.learn(&domain, &recipient.path, &fate, alone, now);
            fate
        };
        let fates: Vec<Fate> = underway.recipients.into_iter().map(told).collect();
        self.count(&fates, underway.lease.entry());
        if self.settling.len() >= UNSETTLED
            && let Some(settled) = self.settling.join_next().await
        {
            self.settled(settled);
        }
        self.has_news |=
            fates.iter().any(|fate| matches!(fate, Fate::Refused(_) | Fate::Relayed(_)));
        let (spool, lease) = (self.provider.spool.clone(), underway.lease);
        let entry = lease.entry();
        let happened = events::of_fates(entry.id, &domain, entry.size, self.session_name(), &fates);
        let counts = Arc::clone(&self.provider.counts);
        let tried = Tried { at: Timestamp::now(), session: self.session_name() };
        self.settling.spawn(async move {
            spool.settle(lease, fates, tried).await?;
            counts.events.tell(happened, Timestamp::now());
            Ok(())
        });
    }

    /// Whoever asked to hear of success hears it from the customer's server, if that offers DSN, and
    /// else from us (RFC 3461, section 5.2.2): as far as there is somebody to hear it, and a way to
    /// him. Mail that is delivered is not kept for a notice that cannot go.
    fn tells_of_success(&self, entry: &Entry) -> bool {
        !self.session.offers().dsn
            && entry.reverse_path != ReversePath::Null
            && self.provider.house().smarthost.server.is_some()
    }

    fn settled(&mut self, settled: Result<Result<(), SpoolError>, tokio::task::JoinError>) {
        match settled {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => self.unwritten(&fault),
            Err(fault) => self.unwritten(&fault),
        }
    }

    fn unwritten(&mut self, fault: &dyn std::error::Error) {
        error!(session = self.id, %fault, "not written down; it will be offered again");
        self.trouble = Some(format!("what became of the mail cannot be written down: {fault}"));
        self.unwritten = true;
    }

    fn count(&mut self, fates: &[Fate], entry: &Entry) {
        let size = entry.size;
        let how_many =
            |wanted: fn(&Fate) -> bool| fates.iter().filter(|fate| wanted(fate)).count() as u64;
        let delivered = how_many(|fate| matches!(fate, Fate::Delivered(_) | Fate::Relayed(_)));
        self.drained.delivered += delivered;
        self.drained.deferred += how_many(|fate| matches!(fate, Fate::Deferred(_)));
        self.drained.refused += how_many(|fate| matches!(fate, Fate::Refused(_)));
        self.drained.octets += if delivered > 0 { size } else { 0 };
        if let Some(seat) = &self.seat {
            seat.note(self.drained);
        }
        if let Some(of_domain) = self.provider.counts.domain(&entry.domain) {
            of_domain.handed(handed(fates), size);
        }
    }

    /// One line for each message.
    fn log(&self, underway: &Underway<S>) {
        let entry = underway.lease.entry();
        let told = |wanted: fn(&Verdict) -> Option<&Reply>| {
            underway
                .recipients
                .iter()
                .filter_map(|(_, verdict)| verdict.as_ref().and_then(wanted))
                .collect::<Vec<_>>()
        };
        let taken =
            told(|verdict| if let Verdict::Taken(reply) = verdict { Some(reply) } else { None });
        let other = told(|verdict| match verdict {
            Verdict::NotNow(reply) | Verdict::Never(reply) => Some(reply),
            Verdict::Taken(_) | Verdict::Unanswered | Verdict::Stopped => None,
        });
        let waited = Timestamp::now().duration_since(entry.arrived).as_secs();
        match other.first() {
            None => {
                info!(session = self.id, account = self.turning.account, id = %entry.id, domain = %entry.domain,
                size = entry.size, recipients = taken.len(), waited, reply = taken.first().map(ToString::to_string),
                "message delivered")
            }
            Some(reply) => {
                warn!(session = self.id, account = self.turning.account, id = %entry.id, domain = %entry.domain,
                size = entry.size, delivered = taken.len(), not_delivered = other.len(), waited, reply = reply.to_string(),
                "message not delivered to all")
            }
        }
    }
}

impl<S: Spool> Underway<S> {
    /// Are there recipients that no transaction has been about yet?
    fn has_more(&self) -> bool {
        self.window.0 + self.window.1 < self.recipients.len()
    }

    /// Did the other side end the session at it, and say nothing of any of them?
    fn was_stopped_at(&self) -> bool {
        let stopped = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Stopped));
        self.is_untried() && self.recipients.iter().any(|(_, verdict)| stopped(verdict))
    }

    /// Is nothing known of any of them?
    fn is_untried(&self) -> bool {
        self.recipients.iter().all(|(_, verdict)| is_untried(verdict.as_ref()))
    }
}

/// By the best that became of its recipients.
fn handed(fates: &[Fate]) -> Handed {
    let any = |wanted: fn(&Fate) -> bool| fates.iter().any(wanted);
    match () {
        () if any(|fate| matches!(fate, Fate::Delivered(_) | Fate::Relayed(_))) => {
            Handed::Delivered
        }
        () if any(|fate| matches!(fate, Fate::Deferred(_) | Fate::Untried)) => Handed::Deferred,
        () => Handed::Refused,
    }
}

/// Opens content and reads its first piece.
async fn open<S: Spool>(
    spool: &S,
    lease: &S::Lease,
) -> Result<(S::Content, Option<Bytes>), SpoolError> {
    let mut content = spool.content(lease).await?;
    let piece = content.next().await?;
    content.look_ahead().await?;
    Ok((content, piece))
}

/// It was on the line when a session broke off, more than once, and nobody has ever answered for it.
/// Once is no ground for suspicion: lines break, and with a stream on them dozens of messages share it.
fn is_suspect(entry: &Entry) -> bool {
    let answered =
        |(_, state): &(Recipient, RecipientState)| !matches!(state, RecipientState::Waiting(None));
    entry.attempts > 1 && !entry.recipients.iter().any(answered)
}

fn is_untried(verdict: Option<&Verdict>) -> bool {
    matches!(verdict, None | Some(Verdict::Unanswered | Verdict::Stopped))
}

fn fate(recipient: &Recipient, verdict: Option<Verdict>, tells_of_success: bool) -> Fate {
    let asked = recipient.params.notify.is_some_and(|notify| notify.success);
    match verdict {
        Some(Verdict::Taken(said)) if asked && tells_of_success => Fate::Relayed(said),
        Some(Verdict::Taken(said)) => Fate::Delivered(said),
        Some(Verdict::NotNow(said)) => Fate::Deferred(said),
        Some(Verdict::Never(said)) => Fate::Refused(said),
        Some(Verdict::Unanswered | Verdict::Stopped) | None => Fate::Untried,
    }
}
