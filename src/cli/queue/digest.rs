//! What waits in a few numbers, for monitoring: as Prometheus reads it, or as a plugin of Nagios and its
//! kin says it.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::flow::http::sheet::Sheet;

/// The metrics that a digest has.
const METRICS: [&str; 3] =
    ["odmr_queue_messages", "odmr_queue_bytes", "odmr_queue_oldest_age_seconds"];

/// Where a number may lie, in the words of the Monitoring Plugins: `10` from 0 to 10, `10:` from there
/// up, `~:10` up to there, `5:10`; with `@` before it, where it may not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    inside: bool,
}

impl FromStr for Range {
    type Err = String;
    fn from_str(text: &str) -> Result<Range, String> {
        let bad = || format!("saw {text:?}; allowed: 10, 10:, ~:10, 5:10, @5:10");
        let (inside, span) = text.strip_prefix('@').map_or((false, text), |span| (true, span));
        let number = |word: &str| word.parse().ok().filter(|n: &f64| n.is_finite());
        let (low, high) = match span.split_once(':') {
            None => (Some(0.0), number(span)),
            Some((low, high)) => (
                if low == "~" { Some(f64::NEG_INFINITY) } else { number(low) },
                if high.is_empty() { Some(f64::INFINITY) } else { number(high) },
            ),
        };
        match (low, high) {
            (Some(low), Some(high)) if low <= high => Ok(Range { low, high, inside }),
            _ => Err(bad()),
        }
    }
}

impl Range {
    /// Is this to be told of?
    fn is_left_by(self, count: u64) -> bool {
        let count = count as f64;
        (self.low <= count && count <= self.high) == self.inside
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Digest {
    /// Messages and, where they are known, octets, by domain and state.
    rests: BTreeMap<(String, String), (u64, Option<u64>)>,
    /// Of the messages of domains, those that count for no check.
    deleted: u64,
    /// The age of the oldest, by domain.
    oldest: BTreeMap<String, u64>,
}

impl Digest {
    /// Counts a record: a message, or a domain.
    pub fn take(&mut self, record: &Value) {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| record[key].as_u64().unwrap_or_default();
        let domain = text("domain");
        let age = match record["by_state"].as_object() {
            Some(states) => {
                // What a session has in hand waits too, and is counted there.
                for (state, count) in states.iter().filter(|(state, _)| *state != "in_session") {
                    let count = count.as_u64().unwrap_or_default();
                    self.rest(&domain, state, count, None);
                    // It has gone, but can be called back.
                    self.deleted += if state == "deleted" { count } else { 0 };
                }
                // Of all that waits, deferred or not; of the rest nobody has said.
                self.rest(&domain, "waiting", 0, Some(number("bytes")));
                number("oldest_s")
            }
            None => {
                let state = text("state");
                self.rest(&domain, &state, 1, Some(number("size")));
                let waits = matches!(state.as_str(), "waiting" | "deferred" | "in_session");
                if waits { number("age_s") } else { 0 }
            }
        };
        let oldest = self.oldest.entry(domain).or_default();
        *oldest = age.max(*oldest);
    }

    fn rest(&mut self, domain: &str, state: &str, messages: u64, octets: Option<u64>) {
        let key = (domain.to_owned(), state.to_owned());
        let rests = self.rests.entry(key).or_default();
        rests.0 += messages;
        if let Some(octets) = octets {
            rests.1 = Some(rests.1.unwrap_or_default() + octets);
        }
    }

    /// The text format of Prometheus, as the textfile collector of its node exporter takes it.
    pub fn exposition(&self) -> String {
        let mut sheet = Sheet::of(&METRICS);
        for ((domain, state), (messages, octets)) in &self.rests {
            let labels = [("domain", domain.as_str()), ("state", state)];
            sheet.row("odmr_queue_messages").put(&labels, *messages);
            if let Some(octets) = octets {
                sheet.row("odmr_queue_bytes").put(&labels, *octets);
            }
        }
        for (domain, age) in &self.oldest {
            sheet.row("odmr_queue_oldest_age_seconds").put(&[("domain", domain)], *age);
        }
        sheet.into_text()
    }

    /// One line, with its figures behind a bar, and how the check ends.
    pub fn verdict(&self, warning: Option<Range>, critical: Option<Range>) -> (String, Exit) {
        let rests = || self.rests.values();
        let (messages, octets) =
            rests().fold((0, 0), |(m, o), (more, size)| (m + more, o + size.unwrap_or_default()));
        let messages = messages - self.deleted;
        let oldest = self.oldest.values().copied().max().unwrap_or_default();
        let leaves = |range: Option<Range>| range.is_some_and(|range| range.is_left_by(messages));
        let (word, exit) = match (leaves(critical), leaves(warning)) {
            (true, _) => ("CRITICAL", Exit::Critical),
            (_, true) => ("WARNING", Exit::Partial),
            _ => ("OK", Exit::Ok),
        };
        let domains = self.oldest.len();
        let shown = |range: Option<Range>| range.map(Range::shown).unwrap_or_default();
        let line = format!(
            "ODMR QUEUE {word} - {messages} message{} of {domains} domain{}, the oldest {} | \
             messages={messages};{};{};0 bytes={octets}B;;;0 oldest={oldest}s;;;0",
            plural(messages),
            plural(domains as u64),
            crate::report::age(oldest.try_into().unwrap_or(i64::MAX)),
            shown(warning),
            shown(critical),
        );
        (line, exit)
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl Range {
    fn shown(self) -> String {
        let Range { low, high, inside } = self;
        let at = if inside { "@" } else { "" };
        match (low, high) {
            (low, high) if low == 0.0 && high.is_finite() => format!("{at}{high}"),
            (low, high) if high.is_infinite() => format!("{at}{low}:"),
            (low, high) if low.is_infinite() => format!("{at}~:{high}"),
            _ => format!("{at}{low}:{high}"),
        }
    }
}

/// The line for a check that could not be made.
pub fn unknown(failure: &Failure) -> String {
    let what = failure.what.replace('\n', "; ").replace('|', "/");
    format!("ODMR QUEUE UNKNOWN - {what}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_range_is_that_of_the_monitoring_plugins() {
        let leaves = |range: &str, count: u64| range.parse::<Range>().unwrap().is_left_by(count);
        assert!(!leaves("10", 10) && leaves("10", 11));
        assert!(leaves("10:", 9) && !leaves("10:", 10));
        assert!(!leaves("~:10", 0) && leaves("~:10", 11));
        assert!(leaves("5:10", 4) && !leaves("5:10", 5) && leaves("5:10", 11));
        assert!(!leaves("@5:10", 4) && leaves("@5:10", 5));
        for range in ["10", "10:", "~:10", "5:10", "@5:10"] {
            assert_eq!(range.parse::<Range>().unwrap().shown(), range);
        }
        for wrong in ["", "x", "10:5", "~", "inf", "@", "1:2:3"] {
            assert!(wrong.parse::<Range>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn messages_and_domains_are_counted_alike() {
        let mut digest = Digest::default();
        let message = |domain: &str, state: &str, age: u64| json!({"domain": domain, "state": state, "size": 100, "age_s": age});
        digest.take(&message("example.org", "waiting", 50));
        digest.take(&message("example.org", "waiting", 7200));
        digest.take(&message("example.com", "held", 10));
        let text = digest.exposition();
        assert!(text.contains("odmr_queue_messages{domain=\"example.org\",state=\"waiting\"} 2"));
        assert!(text.contains("odmr_queue_oldest_age_seconds{domain=\"example.org\"} 7200"));
        assert!(!text.contains("odmr_smtp"), "{text}");
        let verdict = digest.verdict("2".parse().ok(), "10".parse().ok());
        let line = "ODMR QUEUE WARNING - 3 messages of 2 domains, the oldest 2h00m | \
                    messages=3;2;10;0 bytes=300B;;;0 oldest=7200s;;;0";
        assert_eq!(verdict, (line.to_owned(), Exit::Partial));
        assert_eq!(digest.verdict("2".parse().ok(), "2".parse().ok()).1, Exit::Critical);
        let mut domains = Digest::default();
        domains.take(&json!({"domain": "example.org", "messages": 3, "bytes": 300, "oldest_s": 60,
            "by_state": {"waiting": 2, "deferred": 1, "in_session": 1, "held": 4}}));
        assert!(domains.verdict(None, None).0.contains("messages=7;;;0 bytes=300B"));
    }
}
