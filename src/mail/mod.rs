//! The thing that is mailed: its envelope, its content, and the trace each hop leaves.
//!
//! Pure: addresses and octets in, addresses and octets out.

pub mod envelope;
pub mod header;
pub mod trace;

pub use envelope::{Envelope, Recipient};
