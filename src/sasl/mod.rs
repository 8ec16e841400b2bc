//! The proof: how a customer shows who it is, and a provider that it knows the secret too.
//!
//! Both sides of CRAM-MD5 (RFC 2195), SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 9266),
//! PLAIN (RFC 4616), LOGIN and EXTERNAL (RFC 4422, appendix A), as SMTP carries them (RFC 4954), and
//! the provider's side of NTLMv2 (MS-NLMP, MS-SMTPNTLM):
//!
//! ```text
//! C: AUTH CRAM-MD5
//! P: 334 <the challenge>        ServerExchange::start   -> Challenge
//! C: <name and digest>          ServerExchange::respond -> Lookup, the caller asks its accounts
//!                               ServerExchange::account -> Verified(Identity)
//! P: 235 2.7.0 Welcome
//! ```
//!
//! Where a Dovecot keeps the passwords, [`DovecotTalk`] stands in for [`ServerExchange`].
//!
//! Messages go in and out decoded: base64, the `334`, the `*` that cancels and the length of a line
//! are the session's. Time, nonces and the secret behind [`Decoys`] are handed in. Not here: which
//! accounts exist and what they may do, and how often one may try.
//!
//! An [`Identity`] can be made nowhere else, so holding one is the proof. From outside, an unknown
//! name, a wrong password and an account that may not log in this way look and cost the same.

mod client;
mod cram;
mod keys;
mod mechanism;
mod ntlm;
mod prep;
mod scram;
mod server;

pub use client::{Binding, ClientExchange, ClientFault};
pub use cram::CramContexts;
pub use keys::{BadStored, Credentials, DEFAULT_ITERATIONS, MAX_ITERATIONS, MIN_ITERATIONS};
pub use keys::{SALT_OCTETS, ScramKeys};
pub use mechanism::{InClear, Line, Mechanism, NoMechanism, Obstacle, Policy, UnknownMechanism};
pub use mechanism::{choose, offer};
pub use ntlm::{NtHash, NtlmTold, WindowsVersion};
pub use prep::{BadSecret, prepare};
pub use server::{
    AskedFrom, DovecotFault, DovecotTalk, Heard, MAX_LINE as MAX_DOVECOT_LINE, Vouched,
};
pub use server::{Decoys, Fingerprint, Found, Identity, Reason, ServerContext, ServerExchange};
pub use server::{ServerStep, Wanted};

/// The longest decoded message either side takes. RFC 4954, section 4.3, holds 12288 octets of
/// line to be enough for any mechanism.
pub const MAX_MESSAGE: usize = 12 * 1024;

/// Random octets behind a nonce or a challenge: 144 bits, which base64 writes without padding.
pub const NONCE_OCTETS: usize = 18;

#[cfg(test)]
mod tests;
