//! The shelf and the ledger: where waiting mail rests, and what is known of it.
//!
//! The trait is what the rest of the house stands on; an engine keeps its promises:
//!
//! * [`Spool::commit`] returns after the message would survive a power cut, and not before.
//! * A lease is exclusive: no two sessions ever hold the same entry. It dies with its guard.
//! * What was settled stays settled after a crash, except for settles whose future had not
//!   resolved; those entries are offered again, which costs a duplicate and never a loss.
//! * Damaged content is reported as damage, never as mail.
//!
//! Not here: who may have the mail (`odmr`), and in what order it goes (`queue`).

pub mod embedded;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::mail::Recipient;
use crate::queue::{Entry, EntryId, Fate, Source, Tried};
use crate::smtp::{Domain, MailParams, ReversePath};

/// A message that has arrived whole and waits only for its commit.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where a failure notice would go.
    pub reverse_path: ReversePath,
    /// MAIL's parameters.
    pub params: MailParams,
    /// One part for each domain among the recipients; each becomes an entry.
    pub parts: Vec<Part>,
    /// When the final dot was seen.
    pub arrived: Timestamp,
    /// Where it came from.
    pub source: Source,
    /// Trace fields to stand in front of the content, CRLF included.
    pub trace: Bytes,
}

/// What an arrival means for one domain.
#[derive(Clone, Debug)]
pub struct Part {
    /// The entry's name, made by the caller so that a second commit of the same part is no second
    /// entry.
    pub id: EntryId,
    /// Whose mail it is.
    pub domain: Domain,
    /// When it is given up.
    pub expires: Timestamp,
    /// At least one.
    pub recipients: Vec<Recipient>,
}

/// What waits for one domain. Answered in constant time, whatever the queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries that wait, leased ones included, held ones not.
    pub waiting: u64,
    /// Of those, how many were tried before.
    pub tried: u64,
    /// Of those that wait, how many some session holds a lease on right now.
    pub leased: u64,
    /// Octets of the waiting entries.
    pub octets: u64,
    /// Entries in any other state.
    pub set_aside: u64,
    /// Octets of those.
    pub octets_aside: u64,
}

/// How a session wants its mail.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Entries older than this go first, oldest first; then small before large.
    pub aged_after: Duration,
}

/// Why the spool did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk is, or soon would be, full: 452 4.3.1. Nothing was kept.
    #[error("the spool is full: {free} octets free, {reserve} kept in reserve")]
    Full {
        /// What the file system has left.
        free: u64,
        /// What the settings keep back.
        reserve: u64,
    },
    /// Writing or syncing failed: 451 4.3.0. Nothing more will be accepted until the daemon is
    /// restarted, since a failed sync cannot be tried again. What was refused may turn out to have
    /// been kept when the spool is opened the next time: a duplicate, never a loss.
    #[error("the spool cannot be written: {0}")]
    Broken(String),
    /// The engine cannot tell whether the commit took hold: 451, and not *accepted*.
    #[error("the spool cannot tell whether the message was kept: {0}")]
    Unknown(String),
    /// Content that does not match its checksum. It is set aside.
    #[error("entry {id} is damaged: {what}")]
    Damaged {
        /// Which entry.
        id: EntryId,
        /// What did not match.
        what: String,
    },
    /// Another process owns the spool.
    #[error("{path} is in use by another process ({owner})")]
    Locked {
        /// The spool's folder.
        path: String,
        /// What its lock file says of the owner.
        owner: String,
    },
    /// The spool cannot be opened as it is.
    #[error("{0}")]
    Unusable(String),
    /// Its tables are damaged as a whole.
    #[error("{0}")]
    Corrupt(String),
}

/// A message on its way in. Dropping it forgets it: nothing has been promised yet.
pub trait Draft: Send + 'static {
    /// Adds content. Large content goes to disk as it comes; memory use stays bounded.
    fn write(&mut self, content: Bytes) -> impl Future<Output = Result<(), SpoolError>> + Send;
}

/// An entry that one session, and no other, may send. Dropping it gives it back, untried.
pub trait Lease: Send + Sync + 'static {
    /// What is leased.
    fn entry(&self) -> &Entry;
}

/// The content of a leased entry, read in order and checked on the way.
pub trait Content: Send + Sync + 'static {
    /// The next octets, at most 128 KiB of them; `None` behind the last.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`] before any octet of a damaged piece is given out.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, SpoolError>> + Send;

    /// Is the rest there, as far as can be told without reading it? Whoever has said the beginning cannot take
    /// it back.
    ///
    /// # Errors
    /// As of [`next`](Content::next).
    fn look_ahead(&mut self) -> impl Future<Output = Result<(), SpoolError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// One walk of one session through the waiting entries of its domains: each entry is offered at
/// most once, however many are deferred on the way. What arrives meanwhile may be found too, so an
/// empty batch is not the end for ever: whoever stays connected asks again after an arrival.
pub trait Drain: Send + 'static {
    /// What it hands out.
    type Lease: Lease;

    /// Leases up to `room` further entries, in order. Empty when there are none left.
    fn next(
        &mut self,
        room: usize,
    ) -> impl Future<Output = Result<Vec<Self::Lease>, SpoolError>> + Send;
}

/// Where waiting mail rests.
pub trait Spool: Send + Sync + Clone + 'static {
    /// A message on its way in.
    type Draft: Draft;
    /// An entry on its way out.
    type Lease: Lease;
    /// Its content.
    type Content: Content;
    /// A session's walk.
    type Drain: Drain<Lease = Self::Lease>;

    /// Opens a draft, if there is room for one.
    ///
    /// # Errors
    /// [`SpoolError::Full`] or [`SpoolError::Broken`], asked before the sender is told 354.
    fn draft(&self, declared_size: Option<u64>) -> Result<Self::Draft, SpoolError>;

    /// Makes the draft durable under its envelope. Many sessions' commits share one sync.
    ///
    /// # Errors
    /// Any [`SpoolError`] means the sender must not be told 250.
    fn commit(
        &self,
        draft: Self::Draft,
        arrival: Arrival,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send;

    /// Can it be written down what becomes of mail? If not, mail that was handed over would be handed
    /// over again.
    fn keeps_record(&self) -> bool;

    /// What waits for a domain.
    fn totals(&self, domain: &Domain) -> Totals;

    /// Starts a walk through what waits for these domains.
    fn drain(&self, domains: Vec<Domain>, order: Order, now: Timestamp) -> Self::Drain;

    /// Opens a leased entry's content.
    fn content(
        &self,
        lease: &Self::Lease,
    ) -> impl Future<Output = Result<Self::Content, SpoolError>> + Send;

    /// Records what a session made of an entry's *waiting* recipients, in their order, and gives the
    /// lease back. An entry whose every recipient is delivered is gone; one with none waiting and
    /// some refused is kept as failed. A recipient without a fate was not tried. Resolves when the
    /// record is durable.
    ///
    /// # Errors
    /// When it could not be recorded. An entry that was delivered, to anybody, is then not offered
    /// again before the record is made or the spool is opened anew.
    fn settle(
        &self,
        lease: Self::Lease,
        fates: Vec<Fate>,
        tried: Tried,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send;

    /// Leases up to `room` of the entries of which a sender is to be told something: a recipient was
    /// refused, given up, or handed on where success was asked for. Whoever drops the lease puts the
    /// telling off.
    fn due(&self, room: usize)
    -> impl Future<Output = Result<Vec<Self::Lease>, SpoolError>> + Send;

    /// The sender of such an entry is told, by this notice, or is to hear nothing: in one step, and
    /// durable when it resolves. What waits of the entry goes on waiting; when nothing does, the
    /// entry is gone.
    ///
    /// # Errors
    /// Any [`SpoolError`]; the telling is then still due.
    fn conclude(
        &self,
        lease: Self::Lease,
        notice: Option<(Self::Draft, Arrival)>,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send;

    /// Leases up to `room` of a domain's entries that came before `since` and still wait, and of which
    /// nobody has been told so, the longest waiting first. It may be fewer while sessions have some in
    /// hand. Whoever drops a lease puts the telling off.
    fn delayed(
        &self,
        domain: &Domain,
        since: Timestamp,
        room: usize,
    ) -> impl Future<Output = Result<Vec<Self::Lease>, SpoolError>> + Send;

    /// Somebody is told by this notice that such an entry waits, or is to hear nothing; and with it of
    /// those of its domain that came before, or of all that came up to a moment: in one step, and
    /// durable when it resolves.
    ///
    /// # Errors
    /// Any [`SpoolError`]; the telling is then still due.
    fn told_of_delay(
        &self,
        lease: Self::Lease,
        up_to: Option<Timestamp>,
        notice: Option<(Self::Draft, Arrival)>,
    ) -> impl Future<Output = Result<(), SpoolError>> + Send;

    /// Marks what has outlived its time, and tells which entries that were.
    fn expire(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<(EntryId, Domain)>, SpoolError>> + Send;

    /// Stops accepting, finishes what is under way, leaves the spool clean. Idempotent.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
