//! Metrics, in the text format of Prometheus: for a textfile collector, written from cron.

use std::io::{self, Write};

use super::Wording;
use crate::finding::{Assessment, Class, Finding, Severity, Status};
use crate::smtp::escape::Escaped;

/// A metric's lines stand together, whatever domain they are about: so what they say is kept until the end, in figures
/// and not in lines. Of a domain that is some two hundred octets.
#[derive(Default)]
pub(super) struct Prometheus {
    /// The checks that were told, each once.
    ids: Vec<&'static str>,
    domains: Vec<Told>,
}

/// What is to be told of a domain.
struct Told {
    domain: Box<str>,
    /// Of each check of the list, [`UNTOLD`] where there is nothing to say; the list may have grown since.
    values: Box<[i8]>,
    seconds: i64,
    /// By severity, the least first.
    findings: [u32; Severity::ALL.len()],
    bypass: u32,
}

const UNTOLD: i8 = i8::MIN;

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

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Prometheus {
    /// Of several findings of a check the first counts.
    fn values(&mut self, assessment: &Assessment) -> Box<[i8]> {
        let mut values = vec![UNTOLD; self.ids.len()];
        for finding in &assessment.checks {
            let Some(value) = value(finding) else { continue };
            let at = match self.ids.iter().position(|id| *id == finding.id) {
                Some(at) => at,
                None => {
                    self.ids.push(finding.id);
                    values.push(UNTOLD);
                    self.ids.len() - 1
                }
            };
            if values[at] == UNTOLD {
                values[at] = value;
            }
        }
        values.into_boxed_slice()
    }

    /// A metric: what it is, and its lines, of each domain one after the other.
    fn family(
        &self,
        out: &mut dyn Write,
        (name, help): (&str, &str),
        lines: impl Fn(&mut dyn Write, &str, &Told) -> io::Result<()>,
    ) -> io::Result<()> {
        write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n")?;
        self.domains.iter().try_for_each(|told| {
            let labels = format!("{name}{{domain=\"{}\"", told.domain);
            lines(out, &labels, told)
        })
    }
}

impl Wording for Prometheus {
    fn add(&mut self, _: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        let strangers = assessment
            .mx
            .iter()
            .filter(|route| !matches!(route.class, Class::Expected | Class::Allowed | Class::Any));
        let told = Told {
            domain: quoted(&assessment.domain).into_boxed_str(),
            values: self.values(assessment),
            seconds: assessment.checked_at.as_second(),
            findings: Severity::ALL.map(|severity| small(assessment.summary.at(severity))),
            bypass: small(strangers.count()),
        };
        self.domains.push(told);
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let status = ("odmr_mxcheck_status", "1 in order, 0 not, -1 not known");
        self.family(out, status, |out, labels, told| {
            let all = self.ids.iter().zip(told.values.iter());
            all.filter(|(_, value)| **value != UNTOLD)
                .try_for_each(|(id, value)| writeln!(out, "{labels},check=\"{id}\"}} {value}"))
        })?;
        let time = ("odmr_mxcheck_timestamp_seconds", "When the domain was checked");
        self.family(out, time, |out, labels, told| writeln!(out, "{labels}}} {}", told.seconds))?;
        let findings = ("odmr_mxcheck_findings", "Findings by severity");
        self.family(out, findings, |out, labels, told| {
            let mut all = Severity::ALL.iter().zip(&told.findings);
            all.try_for_each(|(severity, count)| {
                writeln!(out, "{labels},severity=\"{severity}\"}} {count}")
            })
        })?;
        let bypass = ("odmr_mxcheck_bypass_targets", "MX targets that are not expected");
        self.family(out, bypass, |out, labels, told| writeln!(out, "{labels}}} {}", told.bypass))
    }
}
