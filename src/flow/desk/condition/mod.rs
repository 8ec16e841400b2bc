//! A condition in an operator's words: `size > 1M && age > 2d && !null_sender`.
//!
//! ```text
//! condition = both ("||" both)*
//! both      = one ("&&" one)*
//! one       = "!" one | "(" condition ")" | test
//! test      = flag | quantity ("=" | "!=" | "<" | "<=" | ">" | ">=") value
//!                  | text ("=" | "!=" | "~" | "!~") value
//! ```
//!
//! A value is a word, or anything between quotes. `=` may be written `==`.

mod parse;

use std::time::Duration;

use jiff::Timestamp;
use wildmatch::WildMatch;

use crate::config::accounts::Network;
use crate::queue::filter::{Expression, last_reply};
use crate::queue::{Entry, Standing};

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// How it stands.
    pub standing: Standing,
    /// Who fetches it, where that is known.
    pub account: Option<&'a str>,
}

/// A condition. It is read from text by [`str::parse`], whose errors say what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Tree);

#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Any(Vec<Tree>),
    All(Vec<Tree>),
    Not(Box<Tree>),
    Flag(Flag),
    Number(Quantity, Relation, u64),
    Text(Text, Pattern),
}

/// What is so or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    NullSender,
    Held,
    Tried,
    EightBit,
    SmtpUtf8,
    Tls,
}

const FLAGS: [(&str, Flag); 6] = [
    ("null_sender", Flag::NullSender),
    ("held", Flag::Held),
    ("tried", Flag::Tried),
    ("eight_bit", Flag::EightBit),
    ("smtputf8", Flag::SmtpUtf8),
    ("tls", Flag::Tls),
];

/// What is counted: octets, seconds, or as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Size,
    Age,
    ExpiresIn,
    Idle,
    Attempts,
    Recipients,
    Code,
}

const QUANTITIES: [(&str, Quantity); 7] = [
    ("size", Quantity::Size),
    ("age", Quantity::Age),
    ("expires_in", Quantity::ExpiresIn),
    ("idle", Quantity::Idle),
    ("attempts", Quantity::Attempts),
    ("recipients", Quantity::Recipients),
    ("code", Quantity::Code),
];

/// What is said, once or several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Id,
    Domain,
    Account,
    State,
    Sender,
    Rcpt,
    Source,
    Helo,
    Auth,
    MessageId,
    Envid,
    Said,
}

const TEXTS: [(&str, Text); 12] = [
    ("id", Text::Id),
    ("domain", Text::Domain),
    ("account", Text::Account),
    ("state", Text::State),
    ("sender", Text::Sender),
    ("rcpt", Text::Rcpt),
    ("source", Text::Source),
    ("helo", Text::Helo),
    ("auth", Text::Auth),
    ("message_id", Text::MessageId),
    ("envid", Text::Envid),
    ("said", Text::Said),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
enum Pattern {
    /// The whole, with `*` and `?`.
    Like(WildMatch),
    /// Some part.
    Found(Expression),
    /// An address.
    Within(Network),
}

impl Condition {
    /// Is it so?
    pub fn holds(&self, subject: Subject<'_>, now: Timestamp) -> bool {
        self.0.holds(subject, now)
    }
}

impl Condition {
    /// Is a state named in which there is hardly anything that has not left?
    pub fn names_what_has_left(&self) -> bool {
        let left = [Standing::Delivered, Standing::Bounced];
        left.into_iter().any(|standing| self.0.names(standing))
    }

    /// Is what was deleted named, and not just among all others?
    pub fn names_deleted(&self) -> bool {
        self.0.names(Standing::Deleted)
    }
}

impl Tree {
    fn names(&self, standing: Standing) -> bool {
        match self {
            Tree::Any(trees) | Tree::All(trees) => trees.iter().any(|tree| tree.names(standing)),
            Tree::Text(Text::State, pattern) => {
                !pattern.fits(Standing::Waiting.name()) && pattern.fits(standing.name())
            }
            Tree::Not(_) | Tree::Flag(_) | Tree::Number(..) | Tree::Text(..) => false,
        }
    }

    fn holds(&self, subject: Subject<'_>, now: Timestamp) -> bool {
        match self {
            Tree::Any(trees) => trees.iter().any(|tree| tree.holds(subject, now)),
            Tree::All(trees) => trees.iter().all(|tree| tree.holds(subject, now)),
            Tree::Not(tree) => !tree.holds(subject, now),
            Tree::Flag(flag) => flag.of(subject),
            Tree::Number(quantity, relation, value) => {
                quantity.of(subject.entry, now).any(|seen| relation.holds(seen, *value))
            }
            Tree::Text(text, pattern) => text.is(subject, pattern),
        }
    }
}

impl Relation {
    fn holds(self, seen: u64, value: u64) -> bool {
        match self {
            Relation::Is => seen == value,
            Relation::Less => seen < value,
            Relation::AtMost => seen <= value,
            Relation::More => seen > value,
            Relation::AtLeast => seen >= value,
        }
    }
}

impl Flag {
    fn of(self, Subject { entry, standing, .. }: Subject<'_>) -> bool {
        match self {
            Flag::NullSender => entry.reverse_path.as_str().is_empty(),
            Flag::Held => standing == Standing::Held,
            Flag::Tried => entry.tried.is_some(),
            Flag::EightBit => entry.eight_bit,
            Flag::SmtpUtf8 => entry.params.smtputf8,
            Flag::Tls => entry.source.tls.is_some(),
        }
    }
}

impl Quantity {
    /// What it is; nothing where there is none, and several where each recipient has its own.
    fn of(self, entry: &Entry, now: Timestamp) -> impl Iterator<Item = u64> {
        let seconds = |from: Timestamp, to: Timestamp| {
            Duration::try_from(to.duration_since(from)).unwrap_or_default().as_secs()
        };
        let one = match self {
            Quantity::Size => Some(entry.size),
            Quantity::Age => Some(seconds(entry.arrived, now)),
            Quantity::ExpiresIn => Some(seconds(now, entry.expires)),
            Quantity::Idle => entry.tried.map(|tried| seconds(tried, now)),
            Quantity::Attempts => Some(u64::from(entry.attempts)),
            Quantity::Recipients => Some(entry.recipients.len() as u64),
            Quantity::Code => None,
        };
        let coded = (self == Quantity::Code).then_some(&entry.recipients).into_iter().flatten();
        let codes = coded.filter_map(|(_, state)| last_reply(state));
        one.into_iter().chain(codes.map(|reply| u64::from(reply.code)))
    }
}

impl Text {
    fn is(self, Subject { entry, standing, account }: Subject<'_>, pattern: &Pattern) -> bool {
        let replies = || entry.recipients.iter().filter_map(|(_, state)| last_reply(state));
        match (self, pattern) {
            (Text::Source, Pattern::Within(network)) => network.contains(entry.source.ip),
            (Text::Source, _) => pattern.fits(&entry.source.ip.to_string()),
            (Text::Id, _) => pattern.fits(&entry.id.to_string()),
            (Text::Domain, _) => pattern.fits(entry.domain.as_str()),
            (Text::Account, _) => pattern.fits(account.unwrap_or_default()),
            (Text::State, _) => pattern.fits(standing.name()),
            (Text::Sender, _) => pattern.fits(entry.reverse_path.as_str()),
            (Text::Helo, _) => pattern.fits(&entry.source.helo),
            (Text::Auth, _) => pattern.fits(entry.source.auth.as_deref().unwrap_or_default()),
            (Text::MessageId, _) => pattern.fits(entry.message_id.as_deref().unwrap_or_default()),
            (Text::Envid, _) => pattern.fits(entry.params.envid.as_deref().unwrap_or_default()),
            (Text::Rcpt, _) => entry.recipients.iter().any(|(r, _)| pattern.fits(r.path.as_str())),
            (Text::Said, _) => replies().any(|reply| pattern.fits(&reply.to_string())),
        }
    }
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        match self {
            Pattern::Like(pattern) => pattern.matches(text),
            Pattern::Found(words) => words.is_in(text),
            Pattern::Within(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
