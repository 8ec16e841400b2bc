//! Facts: every question that was put to a server, and what came back.
//!
//! This is what `--save` writes and `--replay` reads, so a file of it may be anybody's: names are text in
//! the form of RFC 1035, section 5.1 (lower case, no dot at the end, odd octets as `\DDD`), and nothing
//! in it is believed to be complete.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::finding::Watched;
use crate::probe::Call;

/// `odmr.mxcheck.evidence/1`
pub const SCHEMA: &str = "odmr.mxcheck.evidence/1";

/// All that was found out about a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The domain, in A-labels.
    pub domain: String,
    /// When the first question was put.
    pub checked_at: jiff::Timestamp,
    /// The zone that the domain is in, where that became known.
    pub zone: Option<String>,
    /// The zone above it.
    pub parent: Option<String>,
    /// The zone is not live: its servers were named, and the zone above does not know them.
    #[serde(default)]
    pub undelegated: bool,
    /// Names below the domain, or beside it, that nobody can have made: a wildcard answers for them.
    #[serde(default)]
    pub probes: Vec<String>,
    /// The MX records as they were before, where that was written down: number and target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Vec<(u16, String)>>,
    /// How the policy of MTA-STS was before, where that was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_before: Option<StsMark>,
    /// How far a change has come, where it was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
    /// What the provider has of the domain, where he was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provision: Option<Provision>,
    /// Every question, in a fixed order.
    pub answers: Vec<Answer>,
    /// What mail servers said when they were called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The policy of MTA-STS, where there is a record that says that there is one, or somebody said where.
    #[serde(default)]
    pub policy: Option<Policed>,
}

/// By what a policy of MTA-STS is known again: the record's id, which is all that senders look at before
/// they fetch it anew, and the policy itself. RFC 8461, section 3.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StsMark {
    /// The id of the record at `_mta-sts`.
    pub id: String,
    /// SHA-256 of the policy, its line ends LF and none at its end; in hexadecimal digits.
    pub policy: String,
}

/// What came of fetching the policy of MTA-STS. RFC 8461, section 3.3. Findings call it `sts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policed {
    /// Where it should be.
    pub url: String,
    /// Who was called.
    pub at: Vec<IpAddr>,
    /// What came back.
    pub outcome: Fetched,
    /// How long it took, milliseconds.
    pub ms: u64,
}

/// What came of fetching a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fetched {
    /// An answer.
    Page {
        /// 200 is the page itself.
        status: u16,
        /// What it is, as its server says.
        media: String,
        /// The page; empty with any other status.
        body: String,
    },
    /// None.
    Missed {
        /// Who should act.
        kind: Missed,
        /// In words.
        why: String,
    },
}

/// Why a page did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// Nothing was heard, which may be for reasons on our side.
    Unreached,
    /// It is not served as it has to be.
    Refused,
}

/// What a provider has of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provision {
    /// The account that may fetch its mail.
    pub account: Option<String>,
    /// The settings say something of it.
    #[serde(default)]
    pub is_set: bool,
    /// Mail for it is let in.
    #[serde(default)]
    pub is_listed: bool,
    /// How long its mail waits, seconds.
    pub lifetime_s: u64,
    /// After how long senders are told that it waits, seconds.
    pub delay_s: Option<u64>,
    /// Its own server, that mail is brought to.
    #[serde(default)]
    pub own: Option<OwnServer>,
    /// What its queue holds; nothing where nobody told.
    pub queue: Option<Waiting>,
    /// Why nobody told.
    #[serde(default)]
    pub untold: Option<String>,
}

/// A customer's server at a fixed address, that mail is brought to over a new connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnServer {
    /// By this name; or an address.
    pub host: String,
    /// It has to prove who it is: its certificate is verified.
    pub proves: bool,
    /// Its mail goes there as soon as it comes.
    pub push: bool,
    /// It may be asked for (RFC 1985).
    pub etrn: bool,
}

/// What waits for a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// So many messages.
    pub messages: u64,
    /// When the first of them is given up, seconds from when this was asked.
    pub next_expiry_s: Option<i64>,
    /// When its customer fetched last with success, seconds before this was asked.
    pub last_fetch_s: Option<i64>,
}

/// A question, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What findings call it: `q17`.
    pub id: String,
    /// Who was asked.
    pub server: Server,
    /// How.
    pub transport: Transport,
    /// The name asked about.
    pub name: String,
    /// The type asked for.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What was unusual about the question.
    #[serde(default)]
    pub manner: Manner,
    /// With which flight of questions it went out: a later one knew the answers of those before it.
    #[serde(default)]
    pub flight: u8,
    /// What came back.
    pub outcome: Outcome,
    /// How long it took, milliseconds.
    pub ms: u64,
}

/// Who was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Server {
    /// What it is to the domain.
    pub role: Role,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its address.
    pub addr: IpAddr,
    /// Its port.
    #[serde(default = "usual_port", skip_serializing_if = "is_usual_port")]
    pub port: u16,
}

/// The port of name servers. RFC 1035, section 4.2.
pub const PORT: u16 = 53;

fn usual_port() -> u16 {
    PORT
}

fn is_usual_port(port: &u16) -> bool {
    *port == PORT
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = match self.port {
            PORT => self.addr.to_string(),
            port => std::net::SocketAddr::new(self.addr, port).to_string(),
        };
        match &self.name {
            Some(name) => write!(f, "{name} ({at})"),
            None => f.write_str(&at),
        }
    }
}

/// What a server is to the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks others, and remembers.
    Resolver,
    /// The zone's own.
    Authority,
    /// Of the zone above.
    Parent,
    /// Of the zone that a mail host is in, where that is another one.
    Host,
}

impl Role {
    /// Does it speak for a zone?
    pub fn has_word(self) -> bool {
        matches!(self, Role::Authority | Role::Host)
    }
}

/// How a question travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// UDP; over TCP when the answer says that it was cut short (RFC 7766, section 5).
    Udp,
    /// TCP only.
    Tcp,
}

/// The types of records that are asked for, and those that mean something to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// A mail exchanger.
    Mx,
    /// A name server.
    Ns,
    /// The start of a zone.
    Soa,
    /// Text.
    Txt,
    /// The name of an address.
    Ptr,
    /// What the zone above vouches for (RFC 4034, section 5).
    Ds,
    /// A key of the zone (RFC 4034, section 2).
    Dnskey,
    /// A certificate or key that a server should show (RFC 6698).
    Tlsa,
}

/// What was unusual about a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// Nothing: EDNS with room for 1232 octets.
    #[default]
    Usual,
    /// Signatures need not be checked (CD, RFC 4035, section 3.2.2).
    Unchecked,
    /// Without EDNS (RFC 6891).
    Plain,
    /// With signatures (DO, RFC 3225), which need not be checked.
    Signed,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// An answer.
    Reply(Reply),
    /// None.
    Silence(Silence),
}

/// An answer, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// `NOERROR`, `NXDOMAIN`, ...
    pub rcode: String,
    /// The server speaks for the zone.
    pub aa: bool,
    /// It was cut short, over TCP too.
    #[serde(default)]
    pub tc: bool,
    /// How long it was on the wire, octets.
    pub octets: usize,
    /// What answers the question.
    pub answer: Vec<Record>,
    /// Whom to ask instead, or the SOA of a negative answer.
    #[serde(default)]
    pub authority: Vec<Record>,
    /// Addresses to go with it.
    #[serde(default)]
    pub additional: Vec<Record>,
    /// What the server says about an error (RFC 8914).
    #[serde(default)]
    pub ede: Vec<String>,
    /// The message as it was sent, in base64, where signatures were asked for: they are over its octets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Silence {
    /// Nothing came in time.
    Timeout,
    /// The port is closed.
    Closed,
    /// We have no way there: no IPv6, for instance.
    Unroutable,
    /// What came was no answer.
    Garbled(String),
    /// The system would not.
    Fault(String),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Silence::Timeout => f.write_str("no answer in time"),
            Silence::Closed => f.write_str("the port is closed"),
            Silence::Unroutable => f.write_str("there is no route to it from here"),
            Silence::Garbled(what) => write!(f, "an answer that is none: {what}"),
            Silence::Fault(what) => f.write_str(what),
        }
    }
}

/// Does a server with this code refuse the question as it was put, whatever it asks for? RFC 6891, section 7.
pub fn is_refusal(rcode: &str) -> bool {
    matches!(rcode, "FORMERR" | "NOTIMP" | "BADVERS")
}

/// The name at which an address has its name. RFC 1035, section 3.5; RFC 3596, section 2.5.
pub fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Whose.
    pub name: String,
    /// How long it may be kept, seconds.
    pub ttl: u32,
    /// What.
    pub data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    /// An address of either family.
    Address(IpAddr),
    /// A mail exchanger.
    Mx {
        /// Its number; the lowest is tried first.
        preference: u16,
        /// The host; empty for the null MX of RFC 7505.
        target: String,
    },
    /// A name server.
    Ns(String),
    /// Another name for the same.
    Cname(String),
    /// The start of a zone.
    Soa {
        /// Its version (RFC 1982).
        serial: u32,
        /// For how long "there is no such record" may be kept, seconds (RFC 2308, section 5).
        minimum: u32,
    },
    /// Text: the strings of the record put together.
    Txt(String),
    /// The name of an address.
    Ptr(String),
    /// The key that the zone above vouches for.
    Ds {
        /// What it is called in short.
        tag: u16,
        /// The number of its algorithm.
        algorithm: u8,
    },
    /// A key of the zone.
    Dnskey {
        /// What it is called in short.
        tag: u16,
        /// The number of its algorithm.
        algorithm: u8,
    },
    /// A certificate or key that a server should show (RFC 6698, section 2).
    Tlsa {
        /// Whose: 2 is an authority's, 3 the server's own.
        usage: u8,
        /// What of it: 0 all, 1 its key.
        selector: u8,
        /// How it is written: 0 whole, 1 SHA-256, 2 SHA-512.
        matching: u8,
        /// It, in hexadecimal.
        value: String,
    },
    /// A signature.
    Rrsig {
        /// The type of the records that it is for.
        #[serde(default)]
        covers: String,
        /// The zone that signs.
        #[serde(default)]
        signer: String,
        /// When it is no longer good, seconds; they go round every 136 years.
        expires: u32,
    },
    /// Anything else, by its type.
    Other(String),
}

impl Answer {
    /// The answer, where there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match &self.outcome {
            Outcome::Reply(reply) => Some(reply),
            Outcome::Silence(_) => None,
        }
    }

    /// Why there is none.
    pub fn silence(&self) -> Option<&Silence> {
        match &self.outcome {
            Outcome::Reply(_) => None,
            Outcome::Silence(silence) => Some(silence),
        }
    }

    /// Did the server hear the question, whatever it said?
    pub fn is_heard(&self) -> bool {
        self.reply().is_some_and(|reply| !is_refusal(&reply.rcode))
    }

    /// Did the server answer this question: with records, or that there are none?
    pub fn is_settled(&self) -> bool {
        let settled = |reply: &Reply| {
            let spoken = !self.server.role.has_word() || reply.aa;
            // Whoever names other servers instead has not looked.
            let names_others = reply.answer.is_empty()
                && reply.authority.iter().any(|record| matches!(record.data, Data::Ns(_)))
                && !reply.authority.iter().any(|record| matches!(record.data, Data::Soa { .. }));
            let looked = self.server.role != Role::Resolver || !names_others;
            let is_answer = matches!(reply.rcode.as_str(), "NOERROR" | "NXDOMAIN");
            spoken && looked && !reply.tc && is_answer
        };
        self.reply().is_some_and(settled)
    }

    /// The records that answer, at the end of the aliases that lead from the name to them. A chain without an
    /// end, or with somebody else's records in it, leads nowhere.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        let end = self.aliases().last().cloned().unwrap_or_else(|| self.name.clone());
        let all = self.reply().map_or(&[][..], |reply| &reply.answer);
        all.iter().filter(move |record| record.name == end && !is_alias(record))
    }

    /// The names that the name asked about stands for, one after the other.
    pub fn aliases(&self) -> Vec<String> {
        /// Resolvers follow no longer chains either.
        const LONGEST: usize = 16;
        let mut chain: Vec<String> = Vec::new();
        while chain.len() < LONGEST {
            match self.alias_of(chain.last().unwrap_or(&self.name)) {
                Some(next) if *next != self.name && !chain.contains(next) => {
                    chain.push(next.clone());
                }
                _ => break,
            }
        }
        chain
    }

    /// Do the aliases go round, or on for longer than anybody follows?
    pub fn is_endless(&self) -> bool {
        let chain = self.aliases();
        self.alias_of(chain.last().unwrap_or(&self.name)).is_some()
    }

    fn alias_of(&self, name: &str) -> Option<&String> {
        let all = self.reply().map_or(&[][..], |reply| &reply.answer);
        all.iter().find_map(|record| match &record.data {
            Data::Cname(to) if record.name == name => Some(to),
            _ => None,
        })
    }
}

fn is_alias(record: &Record) -> bool {
    matches!(record.data, Data::Cname(_))
}
