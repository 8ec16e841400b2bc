//! A peer that says what its script says, and nothing else.
//!
//! It plays the provider, the customer, or any server or client, as well or as badly as a test needs:
//!
//! ```text
//! P: 220 provider.test ODMR
//! C: EHLO *
//! P: 250-provider.test
//! P: 250 ATRN AUTH CRAM-MD5
//! C: AUTH CRAM-MD5
//! P: 334 PDFAcHJvdmlkZXIudGVzdD4=
//! C: *
//! P: 235 2.7.0 Go on
//! C: ATRN example.org
//! P: 250 2.0.0 Turning
//! C: 220 *
//! P: EHLO provider.test
//! C: ...
//! C: 250 *
//! P: MAIL FROM:<a@sender.test>
//! [drop]
//! ```
//!
//! A line of the other side is a pattern: `*` is any text, letter case is ignored, and `...` alone is any
//! lines up to one that matches the next. Our lines that stand together leave in one write. In them
//! `\r`, `\n`, `\0`, `\xHH` and `\\` are single octets, and `P!` for `P:` leaves out the line end.
//! Directions stand in brackets; [`Step`] lists them.

mod line;
mod parse;
mod play;

pub use parse::Script;
pub use play::{Played, Stage};

/// How much of what it says goes into one write, and so into one TLS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    AtOnce,
    LineByLine,
    Slowly,
}

/// What the scripted peer does next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Octets to send, as they are.
    Say(Vec<u8>),
    /// A line that must come.
    Hear(String),
    /// Any lines, up to one that matches this.
    HearUntil(String),
    /// `[tls]`: start TLS, in the role that the connection gave us.
    StartTls,
    /// `[bare]`: from here on, write in clear though TLS was begun.
    Bare,
    /// `[slowly]`: from here on, one octet a write; `[line by line]`: one line a write.
    Pace(Pace),
    /// `[drop]`: close the connection.
    Drop,
    /// `[stall]`: read, and say nothing, until the peer has had enough.
    Stall,
    /// `[closed]`: the peer must close the connection now, without another line.
    Closed,
}
