//! A selection in an operator's words: flags of `queuectl`, keys of a request.

use clap::Args;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use wildmatch::WildMatch;

use super::condition::Condition;
use crate::config::accounts::Network;
use crate::config::value::{Duration, Size};
use crate::queue::filter::{Bounds, CodePattern, DomainPattern, Expression};
use crate::queue::{EntryId, Filter, Standing};

/// Which messages are meant. The same flag several times means any of them; different flags must all
/// hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Of this domain, or of all below it (*.example.org)
    #[arg(long, value_name = "DOMAIN", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub domain: Vec<String>,
    /// Of this account
    #[arg(long, value_name = "NAME", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub account: Vec<String>,
    /// In this state: waiting, in_session, deferred, held, refused, expired, delivered, bounced, damaged, deleted
    #[arg(long, value_name = "STATE", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub state: Vec<String>,
    /// From this sender; * and ? stand for any text and any character, <> for the null reverse-path
    #[arg(long, value_name = "PATTERN", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub sender: Vec<String>,
    /// To this recipient, likewise
    #[arg(long, value_name = "PATTERN", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub rcpt: Vec<String>,
    /// With this id; - reads ids from standard input, one a line or with a NUL behind each
    #[arg(long, value_name = "ID", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub id: Vec<String>,
    /// Waiting for longer than this: 90m, 3d
    #[arg(long, value_name = "TIME", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older: Option<String>,
    /// Taken within this time
    #[arg(long, value_name = "TIME", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
    /// Larger than this: 10 MiB
    #[arg(long, value_name = "SIZE", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger: Option<String>,
    /// Smaller than this
    #[arg(long, value_name = "SIZE", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller: Option<String>,
    /// Given up within this time
    #[arg(long, value_name = "TIME", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_within: Option<String>,
    /// Tried by so many sessions: 3, '>3', '<=2'
    #[arg(long, value_name = "COUNT", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<String>,
    /// Of which the customer last said this: 452, 4xx, 4.2.2
    #[arg(long, value_name = "CODE", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub code: Vec<String>,
    /// Of which the customer last said something in which this regular expression is found
    #[arg(long, value_name = "REGEX", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub said: Vec<String>,
    /// From a host with one of these addresses: 192.0.2.7, 2001:db8::/32
    #[arg(long, value_name = "NETWORK", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub source: Vec<String>,
    /// Of which this is so: 'size > 1M && age > 2d && !null_sender'; odmr-control(7) has all words
    #[arg(long = "where", value_name = "CONDITION", help_heading = "Which messages")]
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub conditions: Vec<String>,
    /// In whose subject this regular expression is found; each message that is meant otherwise is opened
    #[arg(long, value_name = "REGEX", help_heading = "Which messages")]
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "named")]
    pub subject: Vec<String>,
    /// Held by an operator
    #[arg(long, help_heading = "Which messages")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// Set aside because they are damaged
    #[arg(long, help_heading = "Which messages")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

/// A list in which something is named: one of nothing would mean nothing, and yet be taken for all.
fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    match words.is_empty() {
        true => Err(D::Error::custom(
            "an empty list names nothing; expected words, or no such key where all are meant",
        )),
        false => Ok(words),
    }
}

/// Expressions and conditions of one kind in a selection.
const MOST: usize = 16;
/// Octets of a filter that the audit keeps.
const TYPED: usize = 1000;

/// A word of a selection that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag} {seen:?}: {fault}")]
pub struct BadSelection {
    /// Which flag.
    pub flag: &'static str,
    /// What was seen.
    pub seen: String,
    /// What is allowed.
    pub fault: String,
}

impl Selection {
    /// Is nothing selected in particular?
    pub fn is_empty(&self) -> bool {
        *self == Selection::default()
    }

    /// Is what was deleted asked for: by an id, or in a condition? By its state, which is seen elsewhere.
    pub fn names_deleted(&self) -> bool {
        let conditions = self.conditions().unwrap_or_default();
        !self.id.is_empty() || conditions.iter().any(Condition::names_deleted)
    }

    /// Leaves out what was deleted, unless states are named.
    pub fn leave_out_deleted(&mut self) {
        if self.state.is_empty() && !self.held && !self.damaged {
            let gone = [Standing::Deleted, Standing::Bounced];
            let others = Standing::ALL.iter().filter(|(state, _)| !gone.contains(state));
            self.state.extend(others.map(|(_, name)| (*name).to_owned()));
        }
    }

    /// What the words mean. An account is left to whoever knows the accounts.
    ///
    /// # Errors
    /// [`BadSelection`] with the first word that means nothing.
    pub fn filter(&self) -> Result<Filter, BadSelection> {
        let mut standings = all("state", &self.state, standing)?;
        let flags = [(self.held, Standing::Held), (self.damaged, Standing::Damaged)];
        let flags = flags.into_iter().filter_map(|(is_set, flag)| is_set.then_some(flag));
        let flags: Vec<Standing> = flags.collect();
        let mut is_void = false;
        if !flags.is_empty() {
            let both = |flag: &Standing| standings.is_empty() || standings.contains(flag);
            let narrowed: Vec<Standing> = flags.into_iter().filter(both).collect();
            is_void = narrowed.is_empty();
            standings = narrowed;
        }
        Ok(Filter {
            domains: all("domain", &self.domain, parsed::<DomainPattern>)?,
            ids: all("id", &self.id, |word| {
                word.parse::<EntryId>().map_err(|_| "the 26 letters and digits of an id".to_owned())
            })?
            .into_iter()
            .collect(),
            standings,
            senders: self.sender.iter().map(|word| pattern(word)).collect(),
            recipients: self.rcpt.iter().map(|word| pattern(word)).collect(),
            older: one("older", self.older.as_deref(), duration)?,
            newer: one("newer", self.newer.as_deref(), duration)?,
            larger: one("larger", self.larger.as_deref(), size)?,
            smaller: one("smaller", self.smaller.as_deref(), size)?,
            expires_within: one("expires-within", self.expires_within.as_deref(), duration)?,
            attempts: one("attempts", self.attempts.as_deref(), parsed::<Bounds>)?,
            codes: all("code", &self.code, parsed::<CodePattern>)?,
            said: some("said", &self.said, parsed::<Expression>)?,
            is_void,
        })
    }

    /// The hosts that are meant; none where all are.
    ///
    /// # Errors
    /// [`BadSelection`] with the first word that means nothing.
    pub fn sources(&self) -> Result<Vec<Network>, BadSelection> {
        all("source", &self.source, parsed::<Network>)
    }

    /// What is to be found in a subject; one of them.
    ///
    /// # Errors
    /// [`BadSelection`] with the first that means nothing.
    pub fn subjects(&self) -> Result<Vec<Expression>, BadSelection> {
        some("subject", &self.subject, parsed::<Expression>)
    }

    /// What is to hold; one of them must.
    ///
    /// # Errors
    /// [`BadSelection`] with the first that means nothing.
    pub fn conditions(&self) -> Result<Vec<Condition>, BadSelection> {
        some("where", &self.conditions, |text| text.parse())
    }

    /// The selection as one would type it, for the audit.
    pub fn typed(&self) -> String {
        let fields = serde_json::to_value(self).unwrap_or_default();
        let mut words = Vec::new();
        for (key, value) in fields.as_object().into_iter().flatten() {
            let flag = format!("--{}", key.replace('_', "-"));
            match value {
                serde_json::Value::Array(many) if many.len() > 8 => {
                    words.push(format!("{flag} ({} of them)", many.len()));
                }
                serde_json::Value::Array(many) => {
                    let text = |value: &serde_json::Value| format!("{flag} {}", quoted(value));
                    words.extend(many.iter().map(text));
                }
                serde_json::Value::Bool(_) => words.push(flag),
                value => words.push(format!("{flag} {}", quoted(value))),
            }
        }
        let mut typed = if words.is_empty() { "--all".to_owned() } else { words.join(" ") };
        if typed.len() > TYPED {
            typed.truncate(typed.floor_char_boundary(TYPED));
            typed.push_str(" ...");
        }
        typed
    }
}

fn quoted(value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b".@-_:/".contains(&b);
    match !text.is_empty() && text.bytes().all(harmless) {
        true => text.to_owned(),
        false => format!("'{}'", crate::smtp::escape::Escaped::text(text)),
    }
}

fn all<T>(
    flag: &'static str,
    words: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, BadSelection> {
    let bad = |seen: &String, fault| BadSelection { flag, seen: seen.clone(), fault };
    words.iter().map(|word| read(word).map_err(|fault| bad(word, fault))).collect()
}

/// As [`all`], of what takes room and time by its making.
fn some<T>(
    flag: &'static str,
    words: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, BadSelection> {
    match words.get(MOST) {
        None => all(flag, words, read),
        Some(seen) => {
            let fault = format!("allowed: {MOST} of them; join them by | or ||");
            Err(BadSelection { flag, seen: seen.clone(), fault })
        }
    }
}

fn one<T>(
    flag: &'static str,
    word: Option<&str>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, BadSelection> {
    let bad = |seen: &str, fault| BadSelection { flag, seen: seen.to_owned(), fault };
    word.map(|word| read(word).map_err(|fault| bad(word, fault))).transpose()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(word: &str) -> Result<T, String> {
    word.parse().map_err(|fault: T::Err| format!("allowed: {fault}"))
}

fn standing(word: &str) -> Result<Standing, String> {
    let known = Standing::ALL.iter().find(|(_, name)| *name == word);
    let names = || Standing::ALL.map(|(_, name)| name).join(", ");
    known.map(|(standing, _)| *standing).ok_or_else(|| format!("allowed: {}", names()))
}

fn pattern(word: &str) -> WildMatch {
    // Of a domain nobody tells the cases apart, and of a local part hardly anybody.
    WildMatch::new_case_insensitive(if word == "<>" { "" } else { word })
}

fn duration(word: &str) -> Result<std::time::Duration, String> {
    let read = crate::config::value::read::<Duration>(word);
    read.map(Duration::get).map_err(|bad| bad.to_string())
}

fn size(word: &str) -> Result<u64, String> {
    crate::config::value::read::<Size>(word).map(Size::octets).map_err(|bad| bad.to_string())
}

/// A point in time an operator may name: RFC 3339, or a time from now.
///
/// # Errors
/// What is allowed.
pub fn moment(word: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(at) = word.parse::<Timestamp>() {
        return Ok(at);
    }
    let from_now = duration(word).ok().and_then(|wait| now.checked_add(wait).ok());
    from_now
        .ok_or_else(|| "allowed: a time like 2026-12-24T18:00:00Z, or from now: 12h, 3d".to_owned())
}

/// A point in time that has been: RFC 3339, or so long ago.
///
/// # Errors
/// What is allowed.
pub fn past(word: &str, now: Timestamp) -> Result<Timestamp, String> {
    let ago = || duration(word).ok().and_then(|ago| now.checked_sub(ago).ok());
    let at = word.parse::<Timestamp>().ok().or_else(ago);
    at.filter(|at| *at <= now).ok_or_else(|| {
        "allowed: a time that has been, like 2026-11-24T18:00:00Z, or so long ago: 12h, 3d"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_they_say_or_are_named() {
        let selection = Selection {
            domain: vec!["*.example.org".to_owned()],
            state: vec!["deferred".to_owned(), "held".to_owned()],
            older: Some("3d".to_owned()),
            held: true,
            ..Selection::default()
        };
        let filter = selection.filter().unwrap();
        assert_eq!((&filter.standings[..], filter.is_void), (&[Standing::Held][..], false));
        assert_eq!(filter.older, Some(std::time::Duration::from_secs(3 * 86_400)));
        assert_eq!(
            selection.typed(),
            "--domain '*.example.org' --held --older 3d --state deferred --state held"
        );
        let state = vec!["deferred".to_owned()];
        for (held, damaged) in [(true, false), (false, true), (true, true)] {
            let nobody = Selection { state: state.clone(), held, damaged, ..Selection::default() };
            assert!(nobody.filter().unwrap().is_void);
        }
        let long = Selection { sender: vec!["x".repeat(9000)], ..Selection::default() };
        assert!(long.typed().len() < TYPED + 10 && long.typed().ends_with("x ..."));
        let bad = Selection { larger: Some("huge".to_owned()), ..Selection::default() };
        assert!(bad.filter().unwrap_err().to_string().starts_with("--larger \"huge\": "));
        let bad = Selection { said: vec!["a".to_owned(); 17], ..Selection::default() };
        assert!(bad.filter().unwrap_err().to_string().contains("allowed: 16 of them"));
        let bad = Selection { state: vec!["stuck".to_owned()], ..Selection::default() };
        assert!(bad.filter().unwrap_err().to_string().contains("allowed: waiting, in_session"));
    }

    #[test]
    fn an_empty_list_is_not_taken_for_all() {
        let read = |text: &str| serde_json::from_str::<Selection>(text);
        assert!(read("{}").unwrap().is_empty());
        for key in ["domain", "account", "state", "id", "where"] {
            let fault = read(&format!("{{\"{key}\":[]}}")).unwrap_err().to_string();
            assert!(fault.contains("an empty list names nothing"), "{fault}");
        }
        let sent = Selection { domain: vec!["a.example".to_owned()], ..Selection::default() };
        assert_eq!(read(&serde_json::to_string(&sent).unwrap()).unwrap(), sent);
    }

    #[test]
    fn a_moment_is_a_time_or_from_now() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(moment("12h", now).unwrap(), Timestamp::from_second(12 * 3600).unwrap());
        assert!(moment("2026-12-24T18:00:00Z", now).is_ok() && moment("soon", now).is_err());
        let now = Timestamp::from_second(13 * 3600).unwrap();
        assert_eq!(past("12h", now).unwrap(), Timestamp::from_second(3600).unwrap());
        assert!(past("1970-01-01T00:00:00Z", now).is_ok());
        assert!(past("2026-12-24T18:00:00Z", now).is_err() && past("lately", now).is_err());
    }
}
