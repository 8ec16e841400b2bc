//! What is left of a call when it is over. This is part of the evidence that `mxcheck --save` writes, so it
//! may be anybody's: nothing in it is believed to be complete, and text is as it was received.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Exchange, Heard, Rung};
use crate::smtp::Capabilities;
use crate::smtp::Reply;

/// A call to one address of a server, and all that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What findings call it: `s3`.
    pub id: String,
    /// What for.
    pub purpose: Purpose,
    /// How far the talk was to go.
    pub depth: Depth,
    /// The name by which the server was called.
    pub host: String,
    /// Where.
    pub addr: IpAddr,
    /// At which port.
    pub port: u16,
    /// Was it there?
    pub connection: Connection,
    /// How TLS began, where it did.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// What was said, in its order. Where the server hung up before everything was asked a further call follows, from
    /// its greeting on.
    #[serde(default)]
    pub said: Vec<Exchange<Rung>>,
    /// How long the connecting took, milliseconds.
    pub ms: u64,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The server is one to which the domain's mail is sent.
    Mx,
    /// The server should hand the mail over.
    Odmr,
    /// The server is known to answer: can anybody be called from here?
    Control,
}

/// How far a talk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Greeting, EHLO, TLS.
    Connect,
    /// And: who is taken as a recipient.
    Rcpt,
    /// And: does it relay, or hand over mail, to anybody.
    Full,
    /// And, with the other kind of server: do we get in.
    Login,
    /// And: would it turn.
    Turn,
}

/// What became of connecting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// Somebody is there.
    Open,
    /// Nobody listens on the port.
    Refused,
    /// Nothing came back.
    Timeout,
    /// We have no way there.
    Unroutable,
    /// The system would not.
    Fault(String),
}

impl std::fmt::Display for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Connection::Open => f.write_str("somebody is there"),
            Connection::Refused => f.write_str("the port is closed"),
            Connection::Timeout => f.write_str("no answer in time"),
            Connection::Unroutable => f.write_str("there is no route to it from here"),
            Connection::Fault(what) => f.write_str(what),
        }
    }
}

/// What was agreed on, and who was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLSv1.3`
    pub version: String,
    /// The cipher suite by its IANA name.
    pub cipher: String,
    /// From the first octet, without STARTTLS?
    #[serde(default)]
    pub implicit: bool,
    /// Who vouches for the certificate.
    pub vouched: Vouched,
    /// Is it for the name by which the server was called?
    pub is_for_name: bool,
    /// The certificates, the server's own first.
    pub chain: Vec<Certificate>,
}

/// Who vouches for a certificate, whatever its name and its dates are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vouched {
    /// An authority that is known here.
    Known,
    /// Itself.
    Itself,
    /// Nobody who is known here, or who was shown.
    Nobody,
    /// It cannot be told: this machine knows no authority.
    Untold(String),
    /// Something else is wrong with the chain.
    Amiss(String),
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names and addresses it is for.
    #[serde(default)]
    pub names: Vec<String>,
    /// From when it is good, seconds since 1970.
    pub not_before: i64,
    /// Until when.
    pub not_after: i64,
    /// `RSA`, `EC` or what else its key is.
    pub key: String,
    /// How long the key is, bits; 0 where that is not known.
    pub bits: u32,
    /// By which algorithm it is signed.
    pub signature: String,
    /// The whole of it, DER in base64.
    pub der: String,
}

impl Call {
    /// Was anybody there?
    pub fn is_open(&self) -> bool {
        self.connection == Connection::Open
    }

    /// What came of a question, the last time it was put.
    pub fn last(&self, rung: Rung) -> Option<&Exchange<Rung>> {
        self.said.iter().rev().find(|exchange| exchange.rung == rung)
    }

    /// Every time a question was put.
    pub fn all(&self, rung: Rung) -> impl Iterator<Item = &Exchange<Rung>> {
        self.said.iter().filter(move |exchange| exchange.rung == rung)
    }

    /// What is offered in clear, or under TLS.
    pub fn offers(&self, tls: bool) -> Option<Capabilities> {
        let ehlo = self.said.iter().find(|e| e.rung == Rung::Ehlo && e.tls == tls)?;
        offers(ehlo)
    }

    /// What is offered to somebody who does all that can be done: under TLS where there is TLS.
    pub fn best_offers(&self) -> Option<Capabilities> {
        self.offers(true).or_else(|| self.offers(false))
    }

    /// The longest that anything took, milliseconds.
    pub fn slowest(&self) -> u64 {
        let said = self.said.iter().map(|exchange| exchange.ms);
        said.chain([self.ms]).max().unwrap_or_default()
    }

    /// Did the talk break off before it was over, at something else than QUIT? Whoever says 421 hangs up (RFC 5321,
    /// section 3.8).
    pub fn broke_at(&self) -> Option<&Exchange<Rung>> {
        let last = self.said.last()?;
        let is_over = match &last.heard {
            Heard::Reply(said) => said.code != 421,
            Heard::Secured => true,
            _ => false,
        };
        (!is_over && last.rung != Rung::Quit).then_some(last)
    }
}

/// What an EHLO reply offers, where it is one.
pub fn offers(exchange: &Exchange<Rung>) -> Option<Capabilities> {
    let said = exchange.reply().filter(|said| said.is_positive())?;
    let reply = Reply::plain(said.code, "").saying(said.lines.join("\n"));
    Some(Capabilities::from_ehlo(&reply))
}
