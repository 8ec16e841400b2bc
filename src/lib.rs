//! On-demand mail relay, RFC 2645.
//!
//! A *provider* is the MX for its customers' domains and holds their mail. A *customer* without a
//! fixed address calls in, proves who it is and says `ATRN`; then the two sides change roles on
//!
//! The rooms, in reading order; knowledge points upward in this list only:
//!
//! | room | holds |
//! |---|---|
//! | [`smtp`] | the words: commands, replies, paths, lines, dots |
//! | [`sasl`] | the proof: challenge and response, of both sides |
//! | [`mail`] | the thing: envelope, content, trace fields |
//! | [`session`] | the talk: both roles of a session, and the turn between them |
//! | [`odmr`] | the bargain: who may claim what, and what an ATRN is told |
//! | [`probe`] | the talk to a live server, every word of it noted |
//! | [`finding`], [`check`] | the judgement: facts in, findings out |
//! | [`queue`] | the discipline: what an entry is and in what order entries go |
//! | [`spool`] | the shelf: where mail rests, and the ledger of it |
//! | [`sink`] | the letterbox: where received mail lands |
//! | [`net`] | the wire: sockets, TLS, listeners |
//! | [`config`] | settings: files, flags and defaults put together |
//! | [`flow`] | the corridors: one journey a file, told top to bottom |
//! | [`cli`] | the doors: arguments in, exit code out |
//! | [`exit`] | how our programs end |
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod check;
pub mod cli;
pub mod config;
pub mod exit;
pub mod finding;
pub mod flow;
pub mod mail;
pub mod net;
pub mod odmr;
pub mod probe;
pub mod queue;
pub mod report;
pub mod sasl;
pub mod session;
pub mod sink;
pub mod smtp;
pub mod spool;
