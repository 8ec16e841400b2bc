//! Metrics, in the text format of Prometheus: for a textfile collector, written from cron.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Wording;
use crate::finding::{Assessment, Class, Finding, Status};
use crate::smtp::escape::Escaped;

/// A metric's lines stand together, whatever domain they are about.
#[derive(Default)]
pub(super) struct Prometheus {
    status: String,
    time: String,
    findings: String,
    bypass: String,
}

/// 1 in order, 0 not, -1 not known; what was skipped says nothing.
fn value(finding: &Finding) -> Option<i8> {
    match finding.status {
        Status::Ok => Some(1),
        Status::Fail | Status::Info => Some(0),
        Status::Unknown => Some(-1),
        Status::Skipped => None,
    }
}

fn quoted(text: &str) -> String {
    let text = Escaped::text(text).to_string();
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

impl Prometheus {
    fn add_one(&mut self, assessment: &Assessment) -> std::fmt::Result {
        let domain = quoted(&assessment.domain);
        let mut told: Vec<&str> = Vec::new();
        for finding in &assessment.checks {
            if let (Some(value), false) = (value(finding), told.contains(&finding.id)) {
                told.push(finding.id);
                let id = finding.id;
                let name = "odmr_mxcheck_status";
                writeln!(self.status, "{name}{{domain=\"{domain}\",check=\"{id}\"}} {value}")?;
            }
        }
        let seconds = assessment.checked_at.as_second();
        let name = "odmr_mxcheck_timestamp_seconds";
        writeln!(self.time, "{name}{{domain=\"{domain}\"}} {seconds}")?;
        for severity in crate::finding::Severity::ALL {
            let count = assessment.summary.at(severity);
            let name = "odmr_mxcheck_findings";
            writeln!(
                self.findings,
                "{name}{{domain=\"{domain}\",severity=\"{severity}\"}} {count}"
            )?;
        }
        let strangers = assessment
            .mx
            .iter()
            .filter(|route| !matches!(route.class, Class::Expected | Class::Allowed | Class::Any));
        let name = "odmr_mxcheck_bypass_targets";
        writeln!(self.bypass, "{name}{{domain=\"{domain}\"}} {}", strangers.count())
    }
}

impl Wording for Prometheus {
    fn add(&mut self, _: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        self.add_one(assessment).map_err(io::Error::other)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let families = [
            ("odmr_mxcheck_status", "1 in order, 0 not, -1 not known", &self.status),
            ("odmr_mxcheck_timestamp_seconds", "When the domain was checked", &self.time),
            ("odmr_mxcheck_findings", "Findings by severity", &self.findings),
            ("odmr_mxcheck_bypass_targets", "MX targets that are not expected", &self.bypass),
        ];
        for (name, help, lines) in families {
            write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{lines}")?;
        }
        Ok(())
    }
}
