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
//! | [`listen`] | sockets that wait for callers |
//! | [`inherit`] | those that the service manager bound for us |
//! | [`admission`] | how many may be inside at once |
//! | [`mod@connect`] | calling somebody |
//! | [`dns`] | asking one name server one question |
//! | [`https`] | fetching a page
//! | [`http`] | a page and some figures, for browsers and monitoring |
//! | [`privilege`] | root until the ports are bound, and not a moment longer |
//! | [`notify`] | what the service manager is told |

pub mod admission;
pub mod connect;
pub mod dns;
mod fault;
pub mod http;
pub mod https;
pub mod inherit;
pub mod listen;
pub mod local;
pub mod notify;
pub mod privilege;
pub mod rate;
pub mod spf;
mod stream;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod wire;

pub use admission::{Admission, AdmissionLimits, Admitted, NotAdmitted};
pub use connect::{Calling, ConnectError, Family, connect, connect_unix, resolve};
pub use inherit::inherited;
pub use listen::{Bound, ListenAddr, ListenError, Listener};
pub use tls::{Callers, TlsClient, TlsFacts, TlsServer};
pub use wire::{NotIntroduced, Wire, WireFault};
