//! The talk: both roles of an SMTP session, and the turn between them.
//!
//! A session never reads a socket. It is fed bytes, asked what it wants, and told the time:
//!
//! ```text
//! loop {
//!     match session.poll(now) {
//!         Step::Send(bytes)  => write them, then ask again
//!         Step::Event(event) => decide, and answer
//!         Step::Starved      => read more, until session.deadline()
//!     }
//! }
//! ```
//!
//! So a test is a conversation, and a fuzzer is a for loop. The turn is a moved value: a
//! [`ServerSession<Odmr>`] becomes a [`ClientSession<Reversed>`] at the provider and a
//! [`ClientSession<Odmr>`] becomes a [`ServerSession<Reversed>`] at the customer, and nobody can go
//! on using the line in its old role. All that was learnt before the turn is forgotten with it.
//!
//! Not here: who may do what (`odmr`), where mail goes (`spool`, `sink`), how bytes travel (`net`).

pub mod client;
pub mod deadline;
pub mod profile;
pub(crate) mod secrets;
pub mod sender;
pub mod server;
pub mod tally;
pub mod transcript;
pub mod turn;

use bytes::Bytes;

pub use client::{ClientSession, Heard};
pub use deadline::Patience;
pub use profile::Profile;
pub use sender::{Outgoing, Sending, Verdict};
pub use server::{Event, Parting, ServerSession, ServerSettings};
pub use tally::Tally;
pub use transcript::{Side, Transcript};
pub use turn::{AtrnRequest, EtrnRequest, Granted, SpokeTooSoon};

/// What a session wants next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// Write these, then ask again.
    Send(Bytes),
    /// Something the caller must know or decide.
    Event(E),
    /// Nothing to do until more bytes arrive, or the deadline does.
    Starved,
}

/// The session is that of an MX: strangers bring mail. RFC 5321.
#[derive(Debug)]
pub enum Mx {}
/// The session stands before the turn: a customer proves itself and asks. RFC 2645, section 5.1.
#[derive(Debug)]
pub enum Odmr {}
/// The session has turned: the provider is the client now. RFC 2645, section 5.3.
#[derive(Debug)]
pub enum Reversed {}
