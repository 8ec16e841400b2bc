//! The probe: a talk to a live server, a question at a time, with every word of it noted.
//!
//! | file | holds |
//! |---|---|
//! | [`ladder`] | the machine: a question goes out, what came of it is noted, then the next |
//! | [`call`] | what is left of a call when it is over: whom, how TLS began, what was said |
//! | [`mx`] | what is asked of a server that takes mail from strangers, in which order |
//! | [`host`] | the server that we are once a provider has turned the line |
//! | [`patron`] | the provider that we are when a customer calls |
//! | [`odmr`] | what is asked of a server that hands mail over |
//! | [`sink`] | the server behind the server, which keeps what is sent on to it |
//! | [`mimic`] | a server that others have, played |
//! | [`hello`] | the first words of TLS, written by hand |
//! | [`identity`] | what a server is, told by how it speaks |
//!
//! ```text
//! P: 220 atrn.example.net ESMTP          Ladder::poll -> Exchange { rung: Greeting, .. }
//! C: EHLO check.example.org              Script::next -> Next::Say
//! P: 250-atrn.example.net
//! P: 250 STARTTLS
//! C: STARTTLS
//! P: 220 go ahead                        Script::next -> Next::Secure, the caller shakes hands
//! ```
//!
//! Nothing is judged here, and no byte is read from a socket. What no talk does, however deep it goes: DATA,
//! BDAT, ETRN, or hearing a single word of somebody's mail.

pub mod call;
pub mod hello;
pub mod host;
pub mod identity;
pub mod ladder;
pub mod mimic;
pub mod mx;
pub mod odmr;
pub mod patron;
pub mod script;
pub mod sink;
pub mod suite;

pub use call::{Call, Certificate, Connection, Depth, Purpose, Tls, Vouched};
pub use ladder::{Exchange, Heard, Ladder, Said};

use serde::{Deserialize, Serialize};

/// A question, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The server speaks first.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO, after EHLO was refused.
    Helo,
    /// STARTTLS.
    Starttls,
    /// TLS is agreed on.
    Handshake,
    /// `MAIL FROM:<>`, to see whether it is taken.
    NullSender,
    /// MAIL, to get to RCPT.
    Mail,
    /// RCPT for somebody at the domain.
    Rcpt,
    /// The same, some questions later.
    RcptAgain,
    /// RCPT for the postmaster of the domain.
    Postmaster,
    /// RCPT for somebody who cannot exist.
    Unmade,
    /// RCPT for somebody elsewhere.
    Relay,
    /// RSET.
    Rset,
    /// ATRN by somebody who has not proven who he is.
    Atrn,
    /// TURN by such.
    Turn,
    /// AUTH, and each answer to a challenge.
    Auth,
    /// ATRN for a domain that is somebody else's, beside one's own.
    Foreign,
    /// ATRN for the domain.
    Domain,
    /// QUIT.
    Quit,
}

impl Rung {
    /// Is it said before anything is asked?
    pub fn is_opening(self) -> bool {
        matches!(self, Rung::Greeting | Rung::Ehlo | Rung::Helo | Rung::Starttls | Rung::Handshake)
    }
}

/// What to do next in a talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say this.
    Say(Rung, String),
    /// Agree on TLS.
    Secure,
    /// Prove who we are, by one of these mechanisms.
    Prove(Vec<String>),
    /// The line has been turned, and we are the server now: say that we take nothing, and hang up.
    Decline,
    /// Hang up.
    HangUp,
}

/// Decides what to say next by what was heard last.
pub trait Script: Send {
    /// The next thing to do, after this.
    fn next(&mut self, last: &Exchange<Rung>) -> Next;

    /// The other side hung up at this. Is there anything left to be asked in a further call? Then the talk begins
    /// with a greeting again, and goes on where it broke off.
    fn resume(&mut self, last: &Exchange<Rung>) -> bool {
        let _ = last;
        false
    }
}

#[cfg(test)]
mod tests;
