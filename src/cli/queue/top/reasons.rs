//! Why mail was put off or refused of late, and how often.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::is_before;
use super::view::text;

/// How long they are remembered.
const HOUR: Duration = Duration::from_secs(3600);
/// How many, at most.
const MOST: usize = 10_000;
/// So much of a reply's text makes a difference, in characters.
const TEXT: usize = 40;

/// The reasons of an hour.
#[derive(Debug, Default)]
pub struct Reasons(VecDeque<(Timestamp, String)>);

impl Reasons {
    /// An event; where it is about no trouble, it leaves none.
    pub fn hear(&mut self, at: Timestamp, event: &Value) {
        let reason = match (text(event, "event").as_str(), text(event, "result").as_str()) {
            ("deferred" | "refused", _) => {
                let code = event["code"].as_u64().map(|code| code.to_string()).unwrap_or_default();
                let words: String = text(event, "text").chars().take(TEXT).collect();
                [code, text(event, "enhanced"), words].join(" ")
            }
            // What was put off in a session that was only partly one has said why by itself.
            ("session_end", "ok" | "no_mail" | "partial" | "") => return,
            ("session_end", result) => format!("session: {result}"),
            _ => return,
        };
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((at, reason.split_whitespace().collect::<Vec<_>>().join(" ")));
    }

    /// What is over is forgotten.
    pub fn forget(&mut self, now: Timestamp) {
        while self.0.front().is_some_and(|(at, _)| is_before(*at, now, HOUR)) {
            self.0.pop_front();
        }
    }

    /// The most frequent ones, and how often each.
    pub fn most(&self, n: usize) -> Vec<(&str, usize)> {
        let mut times: HashMap<&str, usize> = HashMap::new();
        for (_, reason) in &self.0 {
            *times.entry(reason).or_default() += 1;
        }
        let mut most: Vec<_> = times.into_iter().collect();
        most.sort_by_key(|(reason, times)| (std::cmp::Reverse(*times), *reason));
        most.truncate(n);
        most
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reasons_are_counted_and_forgotten_after_an_hour() {
        let mut reasons = Reasons::default();
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let full =
            json!({"event": "deferred", "code": 452, "enhanced": "4.2.2", "text": "full\u{1b}"});
        reasons.hear(at(0), &full);
        reasons.hear(at(5), &full);
        reasons.hear(at(5), &json!({"event": "session_end", "result": "dropped"}));
        reasons.hear(at(6), &json!({"event": "session_end", "result": "no_mail"}));
        reasons.hear(at(6), &json!({"event": "session_end", "result": "partial"}));
        reasons.hear(at(7), &json!({"event": "queued"}));
        assert_eq!(reasons.most(5), [("452 4.2.2 full\\x1b", 2), ("session: dropped", 1)]);
        assert_eq!(reasons.most(1).len(), 1);
        reasons.forget(at(3602));
        assert_eq!(reasons.most(5), [("452 4.2.2 full\\x1b", 1), ("session: dropped", 1)]);
        reasons.forget(at(3606));
        assert!(reasons.most(5).is_empty());
    }
}
