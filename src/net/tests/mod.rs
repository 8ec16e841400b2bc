//! The wire under test: in memory, and on loopback sockets.

mod dns;
mod kit;
mod records;
mod tls;
mod wire;
