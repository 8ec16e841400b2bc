//! Which entries an operator means. The same key several times means any of them; different keys
//! must all hold.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use regex::{Regex, RegexBuilder};
use wildmatch::WildMatch;

use super::{Entry, EntryId, RecipientState, Standing};
use crate::smtp::{Domain, Reply};

/// An entry as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// How it stands.
    pub standing: Standing,
}

/// A selection. The empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Their domain.
    pub domains: Vec<DomainPattern>,
    /// These very entries.
    pub ids: BTreeSet<EntryId>,
    /// How they stand.
    pub standings: Vec<Standing>,
    /// Their reverse-path, with `*` and `?`; the empty pattern is the null one.
    pub senders: Vec<WildMatch>,
    /// One of their recipients, likewise.
    pub recipients: Vec<WildMatch>,
    /// They wait for longer than this.
    pub older: Option<Duration>,
    /// They came within this time.
    pub newer: Option<Duration>,
    /// They have more octets.
    pub larger: Option<u64>,
    /// They have fewer.
    pub smaller: Option<u64>,
    /// They are given up within this time.
    pub expires_within: Option<Duration>,
    /// So many sessions tried them.
    pub attempts: Option<Bounds>,
    /// What the customer last said of one of their recipients.
    pub codes: Vec<CodePattern>,
    /// The same, as words.
    pub said: Vec<Expression>,
    /// Two of its keys exclude each other: it selects nothing.
    pub is_void: bool,
}

/// A regular expression, of a size that costs little. Capitals and small letters are one.
#[derive(Clone, Debug)]
pub struct Expression(Regex);

/// Octets that a compiled [`Expression`] may take.
const EXPRESSION: usize = 256 * 1024;

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl std::str::FromStr for Expression {
    type Err = String;
    fn from_str(text: &str) -> Result<Expression, String> {
        let mut builder = RegexBuilder::new(text);
        builder.case_insensitive(true).size_limit(EXPRESSION).dfa_size_limit(EXPRESSION);
        builder.build().map(Expression).map_err(|bad| match bad {
            regex::Error::CompiledTooBig(_) => "a smaller regular expression".to_owned(),
            // The crate draws its arrow over several lines; its last one says what is wrong.
            bad => {
                let drawn = bad.to_string();
                let why = drawn.lines().last().unwrap_or_default().trim();
                format!("a regular expression ({})", why.trim_start_matches("error: "))
            }
        })
    }
}

impl Expression {
    /// Is it somewhere in this text?
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// A domain, or everything below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainPattern {
    /// `example.org`
    This(Domain),
    /// `*.example.org`
    Below(Domain),
}

/// A count between two others, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least.
    pub least: u32,
    /// At most.
    pub most: u32,
}

/// `4xx`, `452` or `4.2.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodePattern {
    /// Every reply that begins with this digit.
    Class(u16),
    /// This one.
    Code(u16),
    /// This enhanced status, as it is written.
    Status(String),
}

impl DomainPattern {
    /// Is this domain meant?
    pub fn matches(&self, domain: &Domain) -> bool {
        match self {
            DomainPattern::This(this) => this == domain,
            DomainPattern::Below(parent) => domain
                .as_str()
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }
}

impl std::str::FromStr for DomainPattern {
    type Err = crate::smtp::BadDomain;
    fn from_str(text: &str) -> Result<DomainPattern, Self::Err> {
        match text.strip_prefix("*.") {
            Some(parent) => Domain::parse(parent).map(DomainPattern::Below),
            None => Domain::parse(text).map(DomainPattern::This),
        }
    }
}

impl std::str::FromStr for Bounds {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Bounds, &'static str> {
        const ALLOWED: &str = "a count such as 3, >3, >=3, <3 or <=3";
        let digits = text.trim_start_matches(['<', '>', '=']);
        let count: u32 = digits.parse().map_err(|_| ALLOWED)?;
        let (least, most) = match &text[..text.len() - digits.len()] {
            "" | "=" => (Some(count), Some(count)),
            ">" => (count.checked_add(1), Some(u32::MAX)),
            ">=" => (Some(count), Some(u32::MAX)),
            "<" => (Some(0), count.checked_sub(1)),
            "<=" => (Some(0), Some(count)),
            _ => return Err(ALLOWED),
        };
        let bounds = least.zip(most).ok_or("a count that there can be")?;
        Ok(Bounds { least: bounds.0, most: bounds.1 })
    }
}

impl std::str::FromStr for CodePattern {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<CodePattern, &'static str> {
        const ALLOWED: &str = "a reply's code or class or an enhanced status: 452, 4xx or 4.2.2";
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse().ok().filter(|class| (2..=5).contains(class));
            return class.map(CodePattern::Class).ok_or(ALLOWED);
        }
        if let Ok(code) = text.parse::<u16>() {
            return if (200..600).contains(&code) {
                Ok(CodePattern::Code(code))
            } else {
                Err(ALLOWED)
            };
        }
        let status = crate::smtp::Enhanced::split_from(text).filter(|(_, rest)| rest.is_empty());
        status.map(|(status, _)| CodePattern::Status(status.to_string())).ok_or(ALLOWED)
    }
}

impl CodePattern {
    /// Is this reply meant?
    pub fn matches(&self, reply: &Reply) -> bool {
        match self {
            CodePattern::Class(class) => reply.code / 100 == *class,
            CodePattern::Code(code) => reply.code == *code,
            CodePattern::Status(status) => {
                reply.enhanced.is_some_and(|seen| seen.to_string() == *status)
            }
        }
    }
}

impl Filter {
    /// Selects everything?
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Is this entry meant?
    pub fn matches(&self, seen: Seen<'_>, now: Timestamp) -> bool {
        let Seen { entry, standing } = seen;
        !self.is_void
            && any(&self.domains, |pattern| pattern.matches(&entry.domain))
            && (self.ids.is_empty() || self.ids.contains(&entry.id))
            && any(&self.standings, |wanted| *wanted == standing)
            && any(&self.senders, |pattern| pattern.matches(entry.reverse_path.as_str()))
            && any(&self.recipients, |pattern| {
                entry.recipients.iter().any(|(r, _)| pattern.matches(r.path.as_str()))
            })
            && self.replies_match(entry)
            && self.numbers_match(entry, now)
    }

    fn replies_match(&self, entry: &Entry) -> bool {
        let replies = || entry.recipients.iter().filter_map(|(_, state)| last_reply(state));
        any(&self.codes, |pattern| replies().any(|reply| pattern.matches(reply)))
            && any(&self.said, |words| replies().any(|reply| words.is_in(&reply.to_string())))
    }

    fn numbers_match(&self, entry: &Entry, now: Timestamp) -> bool {
        // Where the clock was set back, something may come to us from the future: it has no age yet.
        let age = Duration::try_from(now.duration_since(entry.arrived)).unwrap_or_default();
        let left = Duration::try_from(entry.expires.duration_since(now)).unwrap_or_default();
        self.older.is_none_or(|least| age > least)
            && self.newer.is_none_or(|most| age < most)
            && self.larger.is_none_or(|least| entry.size > least)
            && self.smaller.is_none_or(|most| entry.size < most)
            && self.expires_within.is_none_or(|most| left <= most)
            && self
                .attempts
                .is_none_or(|bounds| (bounds.least..=bounds.most).contains(&entry.attempts))
    }

    /// The domains that are meant, where they are named outright.
    pub fn named_domains(&self) -> Option<Vec<Domain>> {
        let named = self.domains.iter().map(|pattern| match pattern {
            DomainPattern::This(domain) => Some(domain.clone()),
            DomainPattern::Below(_) => None,
        });
        named.collect::<Option<Vec<_>>>().filter(|named| !named.is_empty())
    }
}

/// What the customer last said of a recipient.
pub fn last_reply(state: &RecipientState) -> Option<&Reply> {
    use RecipientState::{Delivered, Expired, Refused, Relayed, Told, Waiting};
    match state {
        Waiting(reply) | Expired(reply) => reply.as_ref(),
        Refused(reply) | Relayed(reply) => Some(reply),
        Delivered | Told => None,
    }
}

/// No wish is met by everything.
fn any<T>(wishes: &[T], met: impl FnMut(&T) -> bool) -> bool {
    wishes.is_empty() || wishes.iter().any(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_or_refused() {
        assert_eq!("4xx".parse(), Ok(CodePattern::Class(4)));
        assert_eq!("452".parse(), Ok(CodePattern::Code(452)));
        assert_eq!("4.2.2".parse(), Ok(CodePattern::Status("4.2.2".to_owned())));
        for wrong in ["", "9xx", "xx", "99", "600", "4.2", "4.2.2 x"] {
            assert!(wrong.parse::<CodePattern>().is_err(), "{wrong:?}");
        }
        assert_eq!(">3".parse(), Ok(Bounds { least: 4, most: u32::MAX }));
        assert_eq!("<=3".parse(), Ok(Bounds { least: 0, most: 3 }));
        assert_eq!("3".parse(), Ok(Bounds { least: 3, most: 3 }));
        for wrong in ["", "<0", "=>3", "three", ">4294967295"] {
            assert!(wrong.parse::<Bounds>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_expression_is_one_of_a_size_that_can_be_borne() {
        let words: Expression = "full|quota".parse().unwrap();
        assert!(words.is_in("452 4.2.2 Over Quota") && !words.is_in("450 4.2.1 try later"));
        let wrong = "(full".parse::<Expression>().unwrap_err();
        assert_eq!(wrong, "a regular expression (unclosed group)");
        let huge = r"(\pL{1000}){1000}".parse::<Expression>().unwrap_err();
        assert_eq!(huge, "a smaller regular expression");
    }

    #[test]
    fn a_star_is_what_is_below_a_domain_and_not_the_domain() {
        let below: DomainPattern = "*.example.org".parse().unwrap();
        let domain = |name: &str| Domain::parse(name).unwrap();
        assert!(
            below.matches(&domain("a.example.org")) && below.matches(&domain("b.a.example.org"))
        );
        assert!(!below.matches(&domain("example.org")) && !below.matches(&domain("anexample.org")));
    }
}
