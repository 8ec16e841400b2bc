//! XML as JUnit writes it: a suite a domain, or of a server that was asked for its rules one for each group of them; a
//! case a finding.

use std::io::{self, Write};

use super::{Trouble, Wish, Wording};
use crate::finding::{Assessment, Finding, OF_RULES, Status};
use crate::smtp::escape::Escaped;

pub(super) struct Junit {
    wish: Wish,
    is_begun: bool,
}

impl Junit {
    pub(super) fn new(wish: Wish) -> Junit {
        Junit { wish, is_begun: false }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.is_begun {
            self.is_begun = true;
            let tool = self.wish.tool;
            writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
            writeln!(out, "<testsuites name=\"{tool}\">")?;
        }
        Ok(())
    }

    /// A suite by its name and the class of its cases.
    fn suite(
        &self,
        out: &mut dyn Write,
        assessment: &Assessment,
        (name, class): (&str, &str),
        findings: &[&Finding],
    ) -> io::Result<()> {
        let all = &assessment.checks;
        let ends: Vec<End> = findings.iter().map(|finding| self.end_of(finding, all)).collect();
        let count = |wanted: End| ends.iter().filter(|end| **end == wanted).count();
        let (failures, errors) = (count(End::Failure), count(End::Error));
        let skipped = count(End::Skipped);
        let (tests, at) = (findings.len(), assessment.checked_at);
        let (name, class) = (xml(name), xml(class));
        writeln!(
            out,
            " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" timestamp=\"{at}\">"
        )?;
        if assessment.schema == OF_RULES {
            let (host, version) = (xml(&assessment.domain), env!("CARGO_PKG_VERSION"));
            writeln!(
                out,
                "  <properties><property name=\"host\" value=\"{host}\"/>\
                 <property name=\"version\" value=\"{version}\"/></properties>"
            )?;
        }
        for (finding, end) in findings.iter().zip(&ends) {
            let case = format!("{} {}", finding.id, finding.subject);
            let case = format!("<testcase classname=\"{class}\" name=\"{}\"", xml(&case));
            match body(*end, finding) {
                Some(body) => writeln!(out, "  {case}>{body}</testcase>")?,
                None => writeln!(out, "  {case}/>")?,
            }
        }
        writeln!(out, " </testsuite>")
    }

    /// What became of a case: a failure makes the program end with 1, an error with something else than 0.
    fn end_of(&self, finding: &Finding, all: &[Finding]) -> End {
        match finding.status {
            _ if self.wish.fails(finding) => End::Failure,
            _ if self.wish.is_unclear(finding, all) => End::Error,
            Status::Skipped | Status::Unknown => End::Skipped,
            Status::Fail | Status::Info => End::Told,
            Status::Ok => End::Passed,
        }
    }
}

fn group_of(finding: &Finding) -> &str {
    finding.id.split_once('.').map_or(finding.id, |(group, _)| group)
}

/// What became of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    /// It passed, with a word on it.
    Told,
    Skipped,
    Failure,
    Error,
}

/// What stands inside the case.
fn body(end: End, finding: &Finding) -> Option<String> {
    let message = xml(&finding.message);
    let remedy = finding.remedy.as_deref().map(xml).unwrap_or_default();
    let severity = finding.severity;
    match end {
        End::Passed => None,
        End::Skipped => Some(format!("<skipped message=\"{message}\"/>")),
        End::Error => Some(format!("<error type=\"unknown\" message=\"{message}\"/>")),
        End::Failure => {
            Some(format!("<failure type=\"{severity}\" message=\"{message}\">{remedy}</failure>"))
        }
        End::Told => Some(format!("<system-out>{severity}: {message} {remedy}</system-out>")),
    }
}

/// Nothing in it ends an attribute or an element, and no character that XML does not have.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in Escaped::text(text).to_string().chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('?'),
            c => safe.push(c),
        }
    }
    safe
}

impl Wording for Junit {
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        self.begin(out)?;
        let all: Vec<&Finding> = assessment.checks.iter().collect();
        if assessment.schema != OF_RULES {
            let name = &assessment.domain;
            return self.suite(out, assessment, (name, name), &all);
        }
        // A server is asked rules of many groups, and that there is one server alone says each of them.
        let mut groups: Vec<&str> = all.iter().map(|finding| group_of(finding)).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let of_it = |finding: &&&Finding| group_of(finding) == group;
            let of_it: Vec<&Finding> = all.iter().filter(of_it).copied().collect();
            let class = format!("{}.{group}", assessment.role);
            self.suite(out, assessment, (group, &class), &of_it)?;
        }
        Ok(())
    }

    /// A case of its own, which is an error and no failure: no rule was broken.
    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        self.begin(out)?;
        let (name, message) = (xml(&trouble.target), xml(&trouble.error));
        let hint = trouble.hint.as_deref().map(xml).unwrap_or_default();
        writeln!(
            out,
            " <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n  \
             <testcase classname=\"{name}\" name=\"{name} can be asked\">\
             <error type=\"exit {}\" message=\"{message}\">{hint}</error></testcase>\n </testsuite>",
            trouble.exit
        )?;
        self.end(out)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "</testsuites>")
    }
}
