//! The thing that is mailed: its envelope, its content, the trace each hop leaves, and what its
//! sender is told when it cannot be delivered.
//!
//! Pure: addresses and octets in, addresses and octets out.

pub mod authres;
pub mod dsn;
pub mod envelope;
pub mod header;
mod message_id;
pub mod origin;
pub mod reminder;
mod subject;
pub mod trace;

pub use envelope::{Envelope, Recipient};
pub use message_id::message_id;
pub use subject::subject;
