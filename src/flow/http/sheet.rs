//! The metrics that there are, and a sheet of what they say, in Prometheus' text form.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The form's name.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins anew with the daemon.
    Counter,
    /// How it stands.
    Gauge,
    /// How long things took.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its whole name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn times(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, labels: &[], help }
}

/// All of them, in the order in which they are told.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    gauge("odmr_build_info", &["version", "commit", "tls"], "Always 1; the labels say which odmrd this is"),
    gauge("odmr_start_timestamp_seconds", &[], "When the daemon was started"),
    gauge("odmr_queue_messages", &["domain", "state"], "Messages at rest"),
    gauge("odmr_queue_bytes", &["domain", "state"], "Octets at rest"),
    gauge("odmr_queue_recipients", &["domain", "state"], "Recipients who have not got what is at rest"),
    gauge("odmr_queue_in_session_messages", &["domain"], "Of the messages that wait, those that a session has in hand"),
    gauge("odmr_queue_oldest_age_seconds", &["domain"], "Age of the oldest message that waits; 0 where none does"),
    gauge("odmr_queue_next_expiry_timestamp_seconds", &["domain"], "When the oldest message that waits is given up"),
    gauge("odmr_queue_age_messages", &["domain", "bucket"], "Messages that wait, by age: up to 1h 6h 1d 3d 5d, and older"),
    counter("odmr_atrn_sessions_total", &["account", "result"], "Sessions that asked for mail, by what they came to; without an account: asked before any login"),
    gauge("odmr_atrn_active_sessions", &[], "Reversed sessions that are open"),
    times("odmr_atrn_session_duration_seconds", "How long reversed sessions took, from the turn"),
    times("odmr_atrn_turn_wait_seconds", "How long customers took from the 250 to ATRN until they were ready for mail"),
    gauge("odmr_atrn_last_success_timestamp_seconds", &["account"], "When an account last got all its mail, or heard that there was none"),
    gauge("odmr_atrn_last_attempt_timestamp_seconds", &["account"], "When an account last asked for its mail"),
    counter("odmr_atrn_messages_total", &["domain", "result"], "Messages handed over or brought, by the best that became of their recipients"),
    counter("odmr_atrn_bytes_total", &["domain", "result"], "Octets of the same"),
    counter("odmr_smtp_connections_total", &["listener", "result"], "Callers let in, and turned away at once"),
    counter("odmr_smtp_replies_total", &["listener", "verb", "code"], "Replies, by the command they answer; verb none: the greeting, lines that are no command, the end of patience"),
    counter("odmr_smtp_rejected_total", &["listener", "reason"], "What was not taken"),
    counter("odmr_auth_attempts_total", &["listener", "mechanism", "result"], "Logins"),
    counter("odmr_messages_received_total", &["domain"], "Messages taken in"),
    counter("odmr_messages_expired_total", &["domain"], "Messages that have outlived their time, or were given up by an operator"),
    counter("odmr_messages_bounced_total", &["domain"], "Messages that an operator has refused"),
    counter("odmr_messages_deleted_total", &["domain"], "Messages that an operator has deleted"),
    counter("odmr_dsn_total", &["domain", "kind"], "Notices to senders"),
    counter("odmr_tls_sessions_total", &["listener", "version"], "TLS handshakes that came to an end"),
    gauge("odmr_tls_cert_expiry_timestamp_seconds", &[], "Until when our certificate is good"),
    gauge("odmr_spool_free_bytes", &[], "What the spool's file system has left"),
    gauge("odmr_spool_free_ratio", &[], "The same as a part of its size"),
    gauge("odmr_spool_free_inodes", &[], "Files that it can still hold"),
    gauge("odmr_spool_free_inodes_ratio", &[], "The same as a part of all that it can hold; 1 where it sets no limit"),
    gauge("odmr_spool_accepts", &[], "1 while mail would be kept, 0 while it is refused"),
    gauge("odmr_spool_damaged_messages", &[], "Messages set aside because they are damaged"),
    times("odmr_spool_fsync_seconds", "How long it took until a group of changes was on disk"),
];

/// Labels with their values.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// What the metrics say at one moment.
#[derive(Debug)]
pub struct Sheet {
    table: &'static [Metric],
    rows: Vec<Vec<Sample>>,
    times: Vec<(&'static str, Histogram)>,
    /// These metrics only.
    only: Option<&'static [&'static str]>,
}

#[derive(Debug)]
struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

/// The samples of one metric.
pub struct Row<'a> {
    metric: &'static Metric,
    samples: &'a mut Vec<Sample>,
}

impl Default for Sheet {
    fn default() -> Sheet {
        Sheet::of_table(METRICS)
    }
}

impl Sheet {
    /// One for the metrics of another table.
    pub fn of_table(table: &'static [Metric]) -> Sheet {
        let rows = table.iter().map(|_| Vec::new()).collect();
        Sheet { table, rows, times: Vec::new(), only: None }
    }

    /// One on which nothing but these metrics of the daemon's table stands.
    pub fn of(only: &'static [&'static str]) -> Sheet {
        Sheet { only: Some(only), ..Sheet::default() }
    }

    /// The row of a metric of the table.
    #[allow(clippy::expect_used)]
    pub fn row(&mut self, name: &'static str) -> Row<'_> {
        let at = self.table.iter().position(|metric| metric.name == name);
        let at = at.expect("a metric of the table");
        Row { metric: &self.table[at], samples: &mut self.rows[at] }
    }

    /// How long things took.
    pub fn times(&mut self, name: &'static str, histogram: &Histogram) {
        self.times.push((name, histogram.clone()));
    }

    /// As Prometheus reads it.
    pub fn into_text(self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        // Writing to memory cannot fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

impl Row<'_> {
    /// A sample. The labels are those of the table, in its order.
    pub fn put(&mut self, labels: Labels<'_>, value: impl Into<Value>) {
        debug_assert!(
            labels.iter().map(|(name, _)| name).eq(self.metric.labels),
            "{}: {labels:?}",
            self.metric.name
        );
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value: value.into().0 });
    }
}

/// A number as Prometheus knows it. Counts beyond 2^53 lose their last digits there.
pub struct Value(f64);

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value(value as f64)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value(value as f64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value(f64::from(u8::from(value)))
    }
}

impl Collector for Sheet {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let told = |metric: &Metric| self.only.is_none_or(|only| only.contains(&metric.name));
        for (metric, samples) in self.table.iter().zip(&self.rows).filter(|(m, _)| told(m)) {
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            // The form adds it.
            let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
            let mut told = encoder.encode_descriptor(name, metric.help, None, kind)?;
            for Sample { labels, value } in samples {
                let labelled = told.encode_family(labels)?;
                match metric.kind {
                    Kind::Counter => ConstCounter::new(*value).encode(labelled)?,
                    Kind::Gauge | Kind::Histogram => ConstGauge::new(*value).encode(labelled)?,
                }
            }
            for (_, histogram) in self.times.iter().filter(|(name, _)| *name == metric.name) {
                histogram.encode(told.encode_family(&NO_LABELS)?)?;
            }
        }
        Ok(())
    }
}

const NO_LABELS: [(&str, &str); 0] = [];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_prometheus_likes() {
        for Metric { name, kind, .. } in METRICS {
            assert!(name.starts_with("odmr_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        }
    }

    #[test]
    fn a_hostile_label_stays_inside_its_quotes() {
        let mut sheet = Sheet::default();
        let hostile = "a\"} 1\nodmr_evil 1\\";
        sheet.row("odmr_queue_in_session_messages").put(&[("domain", hostile)], 7u64);
        let text = sheet.into_text();
        let line = "odmr_queue_in_session_messages{domain=\"a\\\"} 1\\nodmr_evil 1\\\\\"} 7.0\n";
        assert!(text.contains(line), "{text}");
        assert!(!text.contains("\nodmr_evil"));
    }
}
