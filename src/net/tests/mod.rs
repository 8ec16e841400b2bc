//! The wire under test: in memory, and on loopback sockets.

mod kit;
mod records;
mod tls;
mod wire;
