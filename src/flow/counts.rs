//! What is counted while the provider works, for whoever looks from outside.
//!
//! Counting takes no lock: each number is an atomic of its own, and the maps that lead from names to
//! numbers are exchanged whole when the settings are.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use serde::{Deserialize, Serialize};

use super::events::Events;
use super::recent::Recent;
use super::serve::Door;
use crate::queue;
use crate::sasl::Mechanism;
use crate::session::Tally;
use crate::smtp::Domain;
use crate::smtp::command::{VERBS, Verb};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// So many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A moment, once there is one.
#[derive(Debug, Default)]
pub struct Moment(AtomicI64);

impl Moment {
    /// It is now this.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_second(), Relaxed);
    }

    /// In seconds since 1970.
    pub fn get(&self) -> Option<i64> {
        Some(self.0.load(Relaxed)).filter(|at| *at != 0)
    }
}

/// Words with a number for each.
#[derive(Debug)]
pub struct Each<const N: usize>([Count; N]);

impl<const N: usize> Default for Each<N> {
    fn default() -> Each<N> {
        Each(std::array::from_fn(|_| Count::default()))
    }
}

impl<const N: usize> Each<N> {
    /// The number at this place.
    pub fn at(&self, place: usize) -> &Count {
        &self.0[place.min(N - 1)]
    }
}

/// Codes that our servers say. What is not among them counts as the last.
pub const CODES: [u16; 30] = [
    214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 451, 452, 453, 454, 500, 501, 502, 503,
    504, 530, 535, 538, 550, 551, 552, 553, 554, 555, 0,
];
const NO_VERB: usize = VERBS.len();

/// What a session on the ODMR port came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Mail was handed over to the end, and all of it was taken or refused.
    Ok,
    /// 453.
    NoMail,
    /// 450.
    #[serde(rename = "refused450")]
    Refused,
    /// 451.
    #[serde(rename = "tempfail451")]
    TryLater,
    /// The line broke behind the turn, or the customer broke the protocol.
    Dropped,
    /// The customer was too slow behind the turn.
    Timeout,
    /// It came to its end, and of some mail, or of all, the customer said "not now".
    Partial,
}

impl Outcome {
    /// Each with its word. What is written down of earlier calls goes by this order: new ones come last.
    pub const ALL: [(Outcome, &'static str); 7] = [
        (Outcome::Ok, "ok"),
        (Outcome::NoMail, "no_mail"),
        (Outcome::Refused, "refused450"),
        (Outcome::TryLater, "tempfail451"),
        (Outcome::Dropped, "dropped"),
        (Outcome::Timeout, "timeout"),
        (Outcome::Partial, "partial"),
    ];

    /// Its word.
    pub fn name(self) -> &'static str {
        let found = Outcome::ALL.iter().find(|(outcome, _)| *outcome == self);
        found.map_or("", |(_, name)| name)
    }
}

/// What became of a message behind the turn, by the best that became of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// Somebody has it.
    Delivered,
    /// Nobody has it yet.
    Deferred,
    /// Nobody will have it.
    Refused,
}

impl Handed {
    /// Each with its word.
    pub const ALL: [(Handed, &'static str); 3] = [
        (Handed::Delivered, "delivered"),
        (Handed::Deferred, "deferred"),
        (Handed::Refused, "refused"),
    ];
}

/// How a message leaves that nobody got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has outlived its time, or was given up by an operator.
    Expired,
    /// An operator has refused it.
    Bounced,
    /// An operator has deleted it.
    Deleted,
}

impl Ending {
    /// Each with its word.
    pub const ALL: [(Ending, &'static str); 3] =
        [(Ending::Expired, "expired"), (Ending::Bounced, "bounced"), (Ending::Deleted, "deleted")];
}

/// Why something was not taken, on port 25 or from a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not for a domain of ours.
    NoRelay,
    /// No such recipient.
    NoMailbox,
    /// The customer's own server does not know the recipient.
    Learned,
    /// The domain has its fill.
    Quota,
    /// Too many messages from there.
    Rate,
    /// The spool is full.
    Full,
    /// The spool cannot be written.
    Spool,
    /// Not an address that this account may send as, or it may not send at all.
    Forbidden,
}

impl Rejection {
    /// Each with its word.
    pub const ALL: [(Rejection, &'static str); 8] = [
        (Rejection::NoRelay, "no_relay"),
        (Rejection::NoMailbox, "no_mailbox"),
        (Rejection::Learned, "learned"),
        (Rejection::Quota, "quota"),
        (Rejection::Rate, "rate"),
        (Rejection::Full, "full"),
        (Rejection::Spool, "spool"),
        (Rejection::Forbidden, "forbidden"),
    ];
}

/// What a sender was told by us.
pub const NOTICES: [&str; 3] = ["failed", "delayed", "relayed"];
/// Versions of TLS.
pub const TLS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

/// What happened at one kind of listener.
#[derive(Debug, Default)]
pub struct AtDoor {
    /// Callers let in.
    pub admitted: Count,
    /// Callers turned away at once.
    pub turned_away: Count,
    replies: Box<[Each<{ CODES.len() }>; VERBS.len() + 1]>,
    /// By [`Rejection`].
    pub rejected: Each<{ Rejection::ALL.len() }>,
    /// Logins that succeeded, by mechanism.
    pub logins: Each<{ Mechanism::ALL.len() }>,
    /// Logins that failed, by mechanism.
    pub failed_logins: Each<{ Mechanism::ALL.len() }>,
    /// By [`TLS`].
    pub tls: Each<{ TLS.len() }>,
}

impl AtDoor {
    /// Takes in what a session has said.
    pub fn said(&self, tally: &Tally) {
        for (verb, code, times) in tally.iter() {
            self.reply(verb, code).add(times);
        }
    }

    /// A verb was answered outside of any session.
    pub fn answered(&self, verb: Verb, code: u16) {
        self.reply(Some(verb), code).add(1);
    }

    fn reply(&self, verb: Option<Verb>, code: u16) -> &Count {
        let of_verb = VERBS.iter().position(|(_, known)| Some(*known) == verb).unwrap_or(NO_VERB);
        let known = |said: &u16| *said == code;
        self.replies[of_verb].at(CODES.iter().position(known).unwrap_or(CODES.len() - 1))
    }

    /// How often a verb was answered with a code; `None` is what answers no verb.
    pub fn replies(&self, verb: Option<Verb>, code: u16) -> u64 {
        self.reply(verb, code).get()
    }

    /// Something was not taken.
    pub fn reject(&self, why: Rejection) {
        self.rejected.at(place(&Rejection::ALL, why)).add(1);
    }

    /// Somebody has proved who it is, or has not.
    pub fn login(&self, mechanism: Mechanism, succeeded: bool) {
        let all = if succeeded { &self.logins } else { &self.failed_logins };
        let at = Mechanism::ALL.iter().position(|known| *known == mechanism);
        all.at(at.unwrap_or_default()).add(1);
    }

    /// TLS was put over a line.
    pub fn secured(&self, version: &str) {
        let at = TLS.iter().position(|known| *known == version);
        self.tls.at(at.unwrap_or_default()).add(1);
    }
}

fn place<T: PartialEq>(all: &[(T, &str)], wanted: T) -> usize {
    all.iter().position(|(one, _)| *one == wanted).unwrap_or_default()
}

/// What an account did.
#[derive(Debug, Default)]
pub struct OfAccount {
    /// By [`Outcome`].
    pub sessions: Each<{ Outcome::ALL.len() }>,
    /// When it last asked for its mail.
    pub last_attempt: Moment,
    /// When it last got all of it, or heard that there was none.
    pub last_success: Moment,
}

impl OfAccount {
    /// A session came to this.
    pub fn ended(&self, outcome: Outcome, now: Timestamp) {
        self.sessions.at(place(&Outcome::ALL, outcome)).add(1);
        self.called(outcome, now);
    }

    fn called(&self, outcome: Outcome, now: Timestamp) {
        self.last_attempt.set(now);
        if matches!(outcome, Outcome::Ok | Outcome::NoMail) {
            self.last_success.set(now);
        }
    }
}

/// What happened to a domain's mail.
#[derive(Debug, Default)]
pub struct OfDomain {
    /// Messages taken in.
    pub received: Count,
    /// Messages, by [`Handed`].
    pub handed: Each<{ Handed::ALL.len() }>,
    /// Their octets.
    pub octets: Each<{ Handed::ALL.len() }>,
    /// Messages that nobody got, by [`Ending`].
    pub ended: Each<{ Ending::ALL.len() }>,
    /// What senders, or whoever looks after the domain, were told: by [`NOTICES`].
    pub notices: Each<{ NOTICES.len() }>,
}

impl OfDomain {
    /// A message has been on the line.
    pub fn handed(&self, how: Handed, octets: u64) {
        let at = place(&Handed::ALL, how);
        self.handed.at(at).add(1);
        self.octets.at(at).add(octets);
    }

    fn all(&self) -> impl Iterator<Item = &Count> {
        let Each(handed) = &self.handed;
        let Each(octets) = &self.octets;
        let Each(ended) = &self.ended;
        let Each(notices) = &self.notices;
        [&self.received].into_iter().chain(handed).chain(octets).chain(ended).chain(notices)
    }

    /// Takes over what another has counted, which counts no more.
    fn inherit(&self, other: &OfDomain) {
        self.all().zip(other.all()).for_each(|(own, more)| own.add(more.get()));
    }

    /// Nothing has happened yet.
    pub fn is_new(&self) -> bool {
        self.all().all(|count| count.get() == 0)
    }

    /// So many messages are given up in this way.
    pub fn gives_up(&self, ending: Ending, messages: u64) {
        self.ended.at(place(&Ending::ALL, ending)).add(messages);
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Counts {
    doors: [AtDoor; Door::ALL.len()],
    accounts: ArcSwap<HashMap<String, Arc<OfAccount>>>,
    domains: ArcSwap<HashMap<Domain, Arc<OfDomain>>>,
    /// Reversed sessions that are open; those that have begun less those that have ended.
    begun: Count,
    ended: Count,
    /// How long reversed sessions took.
    pub durations: Histogram,
    /// How long it took from the 250 to ATRN until the customer was ready for mail.
    pub turn_waits: Histogram,
    /// Mail at rest for domains that nobody has any more.
    nobody: Arc<OfDomain>,
    /// Our customers' mail to the world, and our own.
    outgoing: Arc<OfDomain>,
    /// How customers fared of late.
    pub recent: Recent,
    /// What happened, for whoever watches.
    pub events: Events,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            doors: Default::default(),
            accounts: ArcSwap::default(),
            domains: ArcSwap::default(),
            begun: Count::default(),
            ended: Count::default(),
            // From a tenth of a second to seven hours.
            durations: Histogram::new(exponential_buckets(0.1, 4.0, 10)),
            // From a hundredth of a second to five minutes and more.
            turn_waits: Histogram::new(exponential_buckets(0.01, 4.0, 9)),
            nobody: Arc::default(),
            outgoing: Arc::default(),
            recent: Recent::default(),
            events: Events::since(Timestamp::now()),
        }
    }
}

impl Counts {
    /// What happened at this kind of listener.
    pub fn at(&self, door: Door) -> &AtDoor {
        &self.doors[door as usize]
    }

    /// What this account did, if there is such an account.
    pub fn account(&self, name: &str) -> Option<Arc<OfAccount>> {
        self.accounts.load().get(name).cloned()
    }

    /// What happened to this domain's mail, if we hold mail for it; or to what goes out.
    pub fn domain(&self, domain: &Domain) -> Option<Arc<OfDomain>> {
        match domain.as_str() {
            queue::OUTGOING => Some(Arc::clone(&self.outgoing)),
            _ => self.domains.load().get(domain).cloned(),
        }
    }

    /// What happened to mail that goes out, to the world.
    pub fn outgoing(&self) -> &OfDomain {
        &self.outgoing
    }

    /// The same; the mail of domains that nobody has any more is counted together.
    pub fn domain_or_nobody(&self, domain: &Domain) -> Arc<OfDomain> {
        self.domain(domain).unwrap_or_else(|| Arc::clone(&self.nobody))
    }

    /// Mail of domains that nobody has any more.
    pub fn nobody(&self) -> &OfDomain {
        &self.nobody
    }

    /// Every account.
    pub fn accounts(&self) -> Arc<HashMap<String, Arc<OfAccount>>> {
        self.accounts.load_full()
    }

    /// When each account called last, and last with success, as far as the sessions tell that an earlier
    /// daemon has written down: whoever has been silent for days is so behind a restart too.
    pub fn remember_calls(&self) {
        for past in self.recent.sessions(usize::MAX).into_iter().rev() {
            let Some(account) = self.account(&past.account) else { continue };
            let ended = past.began.checked_add(past.took).unwrap_or(past.began);
            account.called(past.outcome, ended);
        }
    }

    /// Every domain.
    pub fn domains(&self) -> Arc<HashMap<Domain, Arc<OfDomain>>> {
        self.domains.load_full()
    }

    /// From now on these are counted, and others no more. Who stays keeps its numbers.
    pub fn know<'a>(
        &self,
        accounts: impl Iterator<Item = &'a str>,
        domains: impl Iterator<Item = &'a Domain>,
    ) {
        let accounts = accounts.map(str::to_owned);
        let known = kept(&self.accounts.load(), accounts);
        self.recent.keep(|account| known.contains_key(account));
        self.accounts.store(Arc::new(known));
        let (old, known) = (self.domains.load(), kept(&self.domains.load(), domains.cloned()));
        // The sum over all never falls.
        old.iter().filter(|(name, _)| !known.contains_key(*name)).for_each(|(_, of_domain)| {
            self.nobody.inherit(of_domain);
        });
        self.domains.store(Arc::new(known));
    }

    /// A reversed session; it is open until this is dropped.
    pub fn open_session(&self) -> OpenSession<'_> {
        self.begun.add(1);
        OpenSession { counts: self, began: std::time::Instant::now() }
    }

    /// Reversed sessions that are open.
    pub fn open_sessions(&self) -> u64 {
        let ended = self.ended.get();
        self.begun.get().saturating_sub(ended)
    }
}

fn kept<K: Eq + Hash, V: Default>(
    old: &HashMap<K, Arc<V>>,
    keys: impl Iterator<Item = K>,
) -> HashMap<K, Arc<V>> {
    keys.map(|key| {
        let value = old.get(&key).cloned().unwrap_or_default();
        (key, value)
    })
    .collect()
}

/// A reversed session while it lasts.
#[derive(Debug)]
pub struct OpenSession<'a> {
    counts: &'a Counts,
    began: std::time::Instant,
}

impl Drop for OpenSession<'_> {
    fn drop(&mut self) {
        self.counts.ended.add(1);
        self.counts.durations.observe(self.began.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outlive_a_reload_and_leave_with_their_names() {
        let (counts, org) = (Counts::default(), Domain::parse("example.org").unwrap());
        counts.know(["acme"].into_iter(), [&org].into_iter());
        counts.domain(&org).unwrap().received.add(3);
        counts.account("acme").unwrap().ended(Outcome::Ok, Timestamp::UNIX_EPOCH);
        counts.know(["boat"].into_iter(), [&org].into_iter());
        assert_eq!(counts.domain(&org).unwrap().received.get(), 3);
        assert!(counts.account("acme").is_none() && counts.account("boat").is_some());
    }

    #[test]
    fn what_becomes_of_mail_that_is_nobodys_any_more_is_counted_too() {
        let (counts, org) = (Counts::default(), Domain::parse("example.org").unwrap());
        counts.domain_or_nobody(&org).gives_up(Ending::Deleted, 2);
        counts.know([].into_iter(), [&org].into_iter());
        counts.domain_or_nobody(&org).gives_up(Ending::Expired, 1);
        let ended = |of: &OfDomain| [0, 1, 2].map(|place| of.ended.at(place).get());
        assert_eq!(ended(counts.nobody()), [0, 0, 2]);
        assert_eq!(ended(&counts.domain(&org).unwrap()), [1, 0, 0]);
        counts.know([].into_iter(), [].into_iter());
        assert_eq!(ended(counts.nobody()), [1, 0, 2], "no sum over all falls");
    }

    #[test]
    fn a_reply_nobody_thought_of_counts_as_another() {
        let door = AtDoor::default();
        door.reply(None, 299).add(1);
        door.reply(Some(Verb::Rcpt), 550).add(2);
        assert_eq!((door.replies(None, 0), door.replies(Some(Verb::Rcpt), 550)), (1, 2));
        assert_eq!(door.replies(Some(Verb::Mail), 550), 0);
    }

    #[test]
    fn a_session_is_open_while_it_lasts() {
        let counts = Counts::default();
        let one = counts.open_session();
        assert_eq!(counts.open_sessions(), 1);
        drop(one);
        assert_eq!(counts.open_sessions(), 0);
    }
}
