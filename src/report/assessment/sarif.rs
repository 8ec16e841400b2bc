//! The Static Analysis Results Interchange Format 2.1.0: the catalogue as rules, what is amiss as results.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Trouble, Wording};
use crate::finding::{About, Assessment, Severity};
use crate::report::harmless;

pub(super) struct Sarif {
    tool: &'static str,
    catalogue: Vec<&'static About>,
    told: usize,
    is_begun: bool,
}

impl Sarif {
    pub(super) fn new(tool: &'static str, catalogue: Vec<&'static About>) -> Sarif {
        Sarif { tool, catalogue, told: 0, is_begun: false }
    }

    /// Everything up to the first result.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_begun {
            return Ok(());
        }
        self.is_begun = true;
        let rules: Vec<Value> = self.catalogue.iter().map(|about| rule(about)).collect();
        let driver = json!({
            "name": self.tool,
            "version": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules,
        });
        let schema = "https://json.schemastore.org/sarif-2.1.0.json";
        let driver = serde_json::to_string(&driver)?;
        write!(
            out,
            "{{\"$schema\":\"{schema}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":\
             {driver}}},\"results\":["
        )
    }
}

fn rule(about: &About) -> Value {
    json!({
        "id": about.id,
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": about.why},
        "help": {"text": about.remedy},
        "defaultConfiguration": {"level": level(about.severity)},
        "properties": {"severity": about.severity, "rfc": about.rfc},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice | Severity::Info => "note",
    }
}

impl Wording for Sarif {
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        self.begin(out)?;
        for finding in assessment.checks.iter().filter(|finding| finding.is_amiss()) {
            let remedy = finding.remedy.as_deref().unwrap_or_default();
            let result = json!({
                "ruleId": finding.id,
                "level": level(finding.severity),
                "message": {"text": format!("{}. {remedy}", finding.message)},
                "locations": [{"logicalLocations": [{
                    "fullyQualifiedName": format!("{}/{}", assessment.domain, finding.subject),
                    "kind": "resource",
                }]}],
                "partialFingerprints": {
                    "domainCheckSubject/v1":
                        format!("{} {} {}", assessment.domain, finding.id, finding.subject),
                },
                "properties": {"severity": finding.severity, "domain": assessment.domain},
            });
            let comma = if self.told == 0 { "\n" } else { ",\n" };
            self.told += 1;
            write!(out, "{comma}{}", harmless(&serde_json::to_string(&result)?))?;
        }
        Ok(())
    }

    /// A run that has not succeeded. SARIF 2.1.0, sections 3.20.14 and 3.20.21.
    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        self.begin(out)?;
        let hint = trouble.hint.as_ref().map(|hint| format!(". {hint}")).unwrap_or_default();
        let invocation = json!({
            "executionSuccessful": false,
            "exitCode": trouble.exit,
            "toolExecutionNotifications": [{
                "level": "error",
                "message": {"text": format!("{}{hint}", trouble.error)},
            }],
        });
        let text = serde_json::to_string(&invocation)?;
        writeln!(out, "],\"invocations\":[{}]}}]}}", harmless(&text))
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "]}}]}}")
    }
}
