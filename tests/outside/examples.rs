//! The dashboard and the alerts speak of metrics and labels that there are, and the alerts fire.

use std::collections::BTreeSet;
use std::process::Command;

use odmr::flow::http::sheet::{Kind, METRICS, Metric};

use crate::presence::{Peer, have};

const DASHBOARD: &str = include_str!("../../examples/grafana-provider.json");
const ALERTS: &str = include_str!("../../examples/prometheus-alerts.yml");

/// Every expression of the dashboard, its variables replaced.
fn expressions() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let of =
        |target: &serde_json::Value| target["expr"].as_str().expect("an expression").to_owned();
    let starts = dashboard["annotations"]["list"].as_array().expect("annotations");
    let all = targets.map(of).chain(starts.iter().map(of));
    all.map(|expr| {
        ["$instance", "$domain", "$account"]
            .iter()
            .fold(expr.replace("$__rate_interval", "5m"), |expr, name| expr.replace(name, ".*"))
    })
    .collect()
}

/// The metric of a name in an expression, by whatever suffix.
fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| match metric.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(metric.name)),
        _ => name == metric.name,
    })
}

/// The names in a text that begin like a metric of ours.
fn names(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_word(c)).filter(|word| word.starts_with("odmr_")).collect()
}

/// Each metric with the labels that its selector names.
fn selectors(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("odmr_") {
        let rest = &text[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let labels = rest[end..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = labels.map_or_else(Vec::new, |(inside, _)| {
            inside.split(',').filter_map(|pair| pair.split(['=', '!']).next()).collect()
        });
        found.push((&rest[..end], labels));
    }
    found
}

#[test]
fn they_name_nothing_that_is_not_told() {
    let expressions = expressions().join("\n");
    assert!(names(&expressions).len() > 20 && names(ALERTS).len() > 8);
    for (name, labels) in [selectors(&expressions), selectors(ALERTS)].concat() {
        let known = metric(name).unwrap_or_else(|| panic!("there is no metric {name}"));
        for label in labels.iter().filter(|label| !["instance", "job", "le"].contains(label)) {
            assert!(known.labels.contains(label), "{name} has no label {label}");
        }
    }
}

#[test]
fn prometheus_takes_every_expression() {
    if !have(&[Peer::Promtool]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let rules: Vec<_> = expressions()
        .into_iter()
        .enumerate()
        .map(|(n, expr)| serde_json::json!({ "record": format!("panel:{n}"), "expr": expr }))
        .collect();
    let rules = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    // JSON is YAML too.
    let of_dashboard = folder.path().join("dashboard.yml");
    std::fs::write(&of_dashboard, rules.to_string()).expect("written");
    let alerts = folder.path().join("alerts.yml");
    std::fs::write(&alerts, ALERTS).expect("written");
    promtool(&["check", "rules"], &[&of_dashboard, &alerts]);
}

#[test]
fn an_alert_is_raised_where_it_should_be_and_only_there() {
    if !have(&[Peer::Promtool]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (rules, story) = (folder.path().join("rules.yml"), folder.path().join("story.yml"));
    std::fs::write(&rules, ALERTS).expect("written");
    let text = include_str!("alerts.yml").replace("RULES", &rules.display().to_string());
    std::fs::write(&story, text).expect("written");
    promtool(&["test", "rules"], &[&story]);
}

fn promtool(words: &[&str], files: &[&std::path::Path]) {
    let judged = Command::new(Peer::Promtool.program()).args(words).args(files).output();
    let judged = judged.expect("promtool");
    let said = String::from_utf8_lossy(&judged.stdout) + String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{said}");
}
