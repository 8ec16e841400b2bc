//! XML as JUnit writes it: a suite a domain, a case a finding.

use std::io::{self, Write};

use super::{Trouble, Wish, Wording};
use crate::finding::{Assessment, Finding, Status};
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
        let all = &assessment.checks;
        let ends: Vec<End> = all.iter().map(|finding| self.end_of(finding, all)).collect();
        let count = |wanted: End| ends.iter().filter(|end| **end == wanted).count();
        let (failures, errors) = (count(End::Failure), count(End::Error));
        let skipped = count(End::Skipped);
        let (tests, at) = (assessment.checks.len(), assessment.checked_at);
        let name = xml(&assessment.domain);
        writeln!(
            out,
            " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" timestamp=\"{at}\">"
        )?;
        for (finding, end) in all.iter().zip(&ends) {
            let case = format!("{} {}", finding.id, finding.subject);
            let case = format!("<testcase classname=\"{name}\" name=\"{}\"", xml(&case));
            match body(*end, finding) {
                Some(body) => writeln!(out, "  {case}>{body}</testcase>")?,
                None => writeln!(out, "  {case}/>")?,
            }
        }
        writeln!(out, " </testsuite>")
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
