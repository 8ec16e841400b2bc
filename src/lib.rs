//! On-demand mail relay, RFC 2645.
//!
//! A *provider* is the MX for its customers' domains and holds their mail. A *customer* without a
//! fixed address calls in, proves who it is and says `ATRN`; then the two sides change roles on
//! the same connection, and the mail flows.
//!
//! The rooms, in reading order; knowledge points upward in this list only:
//!
//! | room | holds |
//! |---|---|
//! | [`config`] | settings, accounts and secrets |
//! | [`smtp`] | the words: commands, replies, paths, lines, dots |
//! | [`sasl`] | the proof: challenge and response, of both sides |
//! | [`mail`] | the thing: envelope, content, trace fields |
//! | [`queue`] | the discipline: what an entry is and in what order entries go |
//! | [`spool`] | the shelf: where mail rests, and the ledger of it |
//! | [`exit`] | how our programs end |
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod config;
pub mod exit;
pub mod mail;
pub mod queue;
pub mod sasl;
pub mod smtp;
pub mod spool;
