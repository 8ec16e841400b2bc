//! The wire: what moves bytes between a session and the network.
//!
//! A session is fed bytes and says what to send; it has never heard of a socket. Here are the
//! sockets: streams with and without TLS, listeners, outgoing connections, and what a daemon owes
//! its service manager. Nothing here knows a word of SMTP.
//!
//! | file | holds |
//! |---|---|
//! | [`wire`] | one connection: read, queue, flush, put TLS over it, close |
//! | [`tls`] | certificates: ours, theirs, and whom we believe |

mod fault;
mod stream;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod wire;

pub use tls::{TlsClient, TlsFacts, TlsServer};
pub use wire::{Wire, WireFault};
