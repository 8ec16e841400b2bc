//! The letterbox: where mail lands that `atrn-fetch` receives on the reversed leg.
//!
//! A sink works in lock with the provider. Each call below is made when the provider's own command
//! has arrived and before it is answered, so what the provider hears is what the target said:
//!
//! ```text
//! P: MAIL FROM:<a@example.net>        Sink::mail
//! P: RCPT TO:<b@example.org>          Sink::recipient, the target's own answer goes back
//! P: DATA                             Sink::begin
//! P: (content)                        Sink::content, as often as there are pieces
//! P: .                                Sink::finish: 2xx only when the mail is safe
//! ```
//!
//! Only where the provider does not wait for that last answer may a sink gather several messages,
//! make them safe together, and answer each then: `put_by` and `settled`.
//!
//! Not here: whom mail is accepted for, sizes and other ceilings (the flow's), and the Received
//! field, which arrives ready made.

pub mod child;
pub mod command;
mod fault;
pub mod maildir;
pub mod once;
pub mod relay;

use std::future::Future;

use bytes::Bytes;

use crate::mail::Recipient;
use crate::mail::origin::Origin;
use crate::smtp::{MailParams, Reply, ReversePath};

pub use command::CommandSink;
pub use fault::SinkFault;
pub use maildir::MaildirSink;
pub use relay::RelaySink;

/// What may be offered to the provider, because the target can take it.
///
/// 8BITMIME is not in the list: it may always be offered. A Maildir keeps every octet, and a
/// target that does not say 8BITMIME still takes eight bits better than the provider could bounce
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Offer {
    /// RFC 6531.
    pub smtputf8: bool,
    /// RFC 3030's BINARYMIME.
    pub binarymime: bool,
    /// RFC 3461: NOTIFY and its kin are passed on. Where mail ends in a Maildir this is false, and
    /// the provider itself tells the sender that the mail was relayed.
    pub dsn: bool,
    /// No content of more octets will be taken. RFC 1870.
    pub size: Option<u64>,
    /// Recipients in a transaction. RFC 9422. One for LMTP, so that each recipient's own fate can
    /// be told.
    pub rcptmax: Option<u32>,
}

/// Where received mail lands.
///
/// The calls of one transaction come in the order `mail`, `recipient`..., `begin`, `content`...,
/// `finish`; `abort` may stand in place of any of them and leaves the sink ready for the next
/// `mail`. A sink called out of order answers 451 and does nothing.
pub trait Sink: Send {
    /// Makes sure that the target is there and can take mail. Called before ATRN is said, while
    /// the mail is still safe with the provider.
    ///
    /// # Errors
    /// [`SinkFault`] says who should act.
    fn open(&mut self) -> impl Future<Output = Result<Offer, SinkFault>> + Send;

    /// The mail of the next transactions came from this host, as far as is known: a target that judges
    /// senders may be told so. Most have no use for it.
    fn comes_from(&mut self, _origin: Option<Origin>) {}

    /// Opens a transaction.
    ///
    /// # Errors
    /// The 4xx or 5xx that the provider is to be told.
    fn mail(
        &mut self,
        from: &ReversePath,
        params: &MailParams,
    ) -> impl Future<Output = Result<(), Reply>> + Send;

    /// Adds a recipient. Both outcomes are the target's own words.
    ///
    /// # Errors
    /// The 4xx or 5xx that the provider is to be told; the transaction goes on without this
    /// recipient.
    fn recipient(
        &mut self,
        recipient: &Recipient,
    ) -> impl Future<Output = Result<Reply, Reply>> + Send;

    /// Content will follow. Called before the provider is told 354. `trace` is our Received field,
    /// CRLF at its end; it goes in front of the content.
    ///
    /// # Errors
    /// The 4xx or 5xx that the provider is to be told instead of 354.
    fn begin(&mut self, trace: &str) -> impl Future<Output = Result<(), Reply>> + Send;

    /// A piece of content, dot stuffing already removed, line ends CRLF unless it has none (`Body::Binary`).
    ///
    /// # Errors
    /// The first fault, which is remembered: later pieces are ignored and `finish` reports it. A
    /// caller that cannot interrupt the provider (DATA) may ignore it here.
    fn content(&mut self, piece: Bytes) -> impl Future<Output = Result<(), Reply>> + Send;

    /// The content is whole. A 2xx means the mail is safe: the target has taken it, or file and
    /// directory would survive a power cut. Anything else means that nothing of it was kept, or,
    /// where the line to the target broke at the last moment, that nobody can know (RFC 1047).
    fn finish(&mut self) -> impl Future<Output = Reply> + Send;

    /// As `finish`, but the answer comes from [`settled`](Sink::settled), so that several messages
    /// are made safe in one go. False where a sink cannot: then `finish` has to be asked.
    fn put_by(&mut self) -> bool {
        false
    }

    /// The answers to the oldest messages that were put by, one or more of them, in their order.
    /// Waits for ever when there is none. Dropping the future loses nothing: ask again.
    fn settled(&mut self) -> impl Future<Output = Vec<Reply>> + Send {
        std::future::pending()
    }

    /// Nobody is left who could be told: lets go of what was put by, but for messages that are on
    /// their way already. So many answers are still to come from [`settled`](Sink::settled).
    fn forget(&mut self) -> usize {
        0
    }

    /// Ends the transaction, if there is one, and leaves nothing of it behind.
    fn abort(&mut self) -> impl Future<Output = ()> + Send;

    /// True when the target is gone and further mail would be refused like the last: the flow
    /// should say 421 and end the session. Nothing is lost by it.
    fn is_lost(&self) -> bool;

    /// Says goodbye to the target. Idempotent.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// Any of our sinks, chosen by the settings.
#[derive(Debug)]
pub enum AnySink {
    /// Files in a Maildir.
    Maildir(Box<MaildirSink>),
    /// An SMTP or LMTP server.
    Relay(Box<RelaySink>),
    /// A program.
    Command(Box<CommandSink>),
}

impl From<MaildirSink> for AnySink {
    fn from(sink: MaildirSink) -> AnySink {
        AnySink::Maildir(Box::new(sink))
    }
}

impl From<RelaySink> for AnySink {
    fn from(sink: RelaySink) -> AnySink {
        AnySink::Relay(Box::new(sink))
    }
}

impl From<CommandSink> for AnySink {
    fn from(sink: CommandSink) -> AnySink {
        AnySink::Command(Box::new(sink))
    }
}

/// The same call to whichever sink there is.
macro_rules! either {
    ($any:expr, $sink:ident => $call:expr) => {
        match $any {
            AnySink::Maildir($sink) => $call,
            AnySink::Relay($sink) => $call,
            AnySink::Command($sink) => $call,
        }
    };
}

impl Sink for AnySink {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        either!(self, sink => sink.open().await)
    }

    fn comes_from(&mut self, origin: Option<Origin>) {
        either!(self, sink => sink.comes_from(origin));
    }

    async fn mail(&mut self, from: &ReversePath, params: &MailParams) -> Result<(), Reply> {
        either!(self, sink => sink.mail(from, params).await)
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        either!(self, sink => sink.recipient(recipient).await)
    }

    async fn begin(&mut self, trace: &str) -> Result<(), Reply> {
        either!(self, sink => sink.begin(trace).await)
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        either!(self, sink => sink.content(piece).await)
    }

    async fn finish(&mut self) -> Reply {
        either!(self, sink => sink.finish().await)
    }

    fn put_by(&mut self) -> bool {
        either!(self, sink => sink.put_by())
    }

    fn forget(&mut self) -> usize {
        either!(self, sink => sink.forget())
    }

    async fn settled(&mut self) -> Vec<Reply> {
        either!(self, sink => sink.settled().await)
    }

    async fn abort(&mut self) {
        either!(self, sink => sink.abort().await)
    }

    fn is_lost(&self) -> bool {
        either!(self, sink => sink.is_lost())
    }

    async fn close(&mut self) {
        either!(self, sink => sink.close().await)
    }
}

/// Called out of order. Never a 5xx: mail must not bounce for a mistake of ours.
fn out_of_order() -> Reply {
    Reply::new(451, (3, 0), "Local error, try later")
}
