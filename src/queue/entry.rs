//! An entry of the queue and the states it passes through.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::mail::Recipient;
use crate::smtp::{Domain, MailParams, Reply, ReversePath, Said, Stage};

/// Names an entry for its whole life: sortable by arrival, made by whoever creates the entry, so
/// that a retry after an unknown outcome is safe.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub ulid::Ulid);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for EntryId {
    type Err = ulid::DecodeError;
    fn from_str(text: &str) -> Result<EntryId, ulid::DecodeError> {
        ulid::Ulid::from_string(text).map(EntryId)
    }
}

/// Where an entry stands. *Arriving* has no entry yet, *leased* lives and dies with a session and
/// is never stored, *gone* has left no entry behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// To be handed over when its customer calls.
    Waiting,
    /// An operator said: not now.
    Held,
    /// No recipient waits any more, but of at least one the sender is still to be told. Kept until the
    /// notice is safe.
    Failed,
    /// Its content does not match its checksum. Set aside, never delivered.
    Damaged,
    /// An operator said: away with it. It can be called back until it is cleared away.
    Deleted,
}

/// What has become of one recipient so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientState {
    /// Still to be delivered; with the last transient refusal, if there was one.
    Waiting(Option<Reply>),
    /// The customer has taken it.
    Delivered,
    /// The customer has taken it and said this, and passes no DSN on; its sender asked to be told of
    /// success.
    Relayed(Reply),
    /// The customer has refused it for good; a DSN is due.
    Refused(Reply),
    /// Its time ran out; a DSN is due.
    Expired(Option<Reply>),
    /// Its end is known and its sender has been told of it, or wants to hear nothing.
    Told,
}

impl RecipientState {
    /// Still to be delivered?
    pub fn waits(&self) -> bool {
        matches!(self, RecipientState::Waiting(_))
    }

    /// At its end, with somebody who may have to be told?
    pub fn is_due(&self) -> bool {
        use RecipientState::{Expired, Refused, Relayed};
        matches!(self, Relayed(_) | Refused(_) | Expired(_))
    }
}

/// What one session made of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// 2xx to the content: it is the customer's now.
    Delivered(Said),
    /// The same, and its sender wants to hear so from us: the customer's server knows no DSN.
    Relayed(Said),
    /// 4xx: stays, with the reason.
    Deferred(Said),
    /// 5xx: marked for a DSN.
    Refused(Said),
    /// The session ended before the customer answered for it: stays as it was.
    Untried,
}

/// When something was made of an entry, and in which session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// When.
    pub at: Timestamp,
    /// The session's name, where it was one.
    pub session: Option<String>,
}

impl From<Timestamp> for Tried {
    fn from(at: Timestamp) -> Tried {
        Tried { at, session: None }
    }
}

/// What is kept of the last time that a recipient was answered for, for the operator's eye.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When, and in which session.
    pub tried: Tried,
    /// How often there was an answer.
    pub times: u32,
    /// To what the last one was the answer.
    pub stage: Option<Stage>,
    /// Under which name the other side has the message, where it took it and gave one.
    pub remote_id: Option<String>,
    /// What was said: also of one whose state has no word of it, since the mail was taken or its sender told.
    pub reply: Option<Reply>,
}

/// Where a message came from, for the operator's eye.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The address of the sending host.
    pub ip: IpAddr,
    /// What it said after EHLO, escaped.
    pub helo: String,
    /// The TLS version, if there was TLS.
    pub tls: Option<String>,
    /// The account that logged in to send it, if one did.
    pub auth: Option<String>,
}

impl Source {
    /// Of what came to us by a call of our own: its header tells where it is from.
    pub fn unknown() -> Source {
        Source {
            ip: std::net::Ipv4Addr::UNSPECIFIED.into(),
            helo: String::new(),
            tls: None,
            auth: None,
        }
    }

    /// Is there nothing to be told of it?
    pub fn is_unknown(&self) -> bool {
        *self == Source::unknown()
    }
}

/// One message for one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EntryId,
    /// Whose it is.
    pub domain: Domain,
    /// Where it stands.
    pub state: EntryState,
    /// Octets of content, without dot stuffing.
    pub size: u64,
    /// The content ends in CRLF, so that it can go by DATA or BDAT alike, bit for bit.
    pub ends_in_crlf: bool,
    /// Some octet is beyond 127.
    pub eight_bit: bool,
    /// Some line has 4096 octets or more.
    pub long_lines: bool,
    /// When it was accepted.
    pub arrived: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// Sessions that tried it and did not finish it.
    pub attempts: u32,
    /// When the last of them did.
    pub tried: Option<Timestamp>,
    /// Where a failure notice would go.
    pub reverse_path: ReversePath,
    /// MAIL's parameters as received.
    pub params: MailParams,
    /// Recipients in the order accepted, each with its state.
    pub recipients: Vec<(Recipient, RecipientState)>,
    /// Where it came from.
    pub source: Source,
    /// What its own field Message-ID says.
    pub message_id: Option<String>,
}
