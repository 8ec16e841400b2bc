//! XML as JUnit writes it: a suite a domain, a case a finding.

use std::io::{self, Write};

use super::{Wish, Wording};
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
            let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mxcheck\">";
            writeln!(out, "{head}")?;
        }
        Ok(())
    }

    /// What stands inside the case.
    fn body(&self, finding: &Finding) -> Option<String> {
        let message = xml(&finding.message);
        let remedy = finding.remedy.as_deref().map(xml).unwrap_or_default();
        let severity = finding.severity;
        match finding.status {
            Status::Ok => None,
            Status::Skipped => Some(format!("<skipped message=\"{message}\"/>")),
            Status::Unknown => Some(format!("<error type=\"unknown\" message=\"{message}\"/>")),
            _ if severity >= self.wish.fail_on => Some(format!(
                "<failure type=\"{severity}\" message=\"{message}\">{remedy}</failure>"
            )),
            _ => Some(format!("<system-out>{severity}: {message} {remedy}</system-out>")),
        }
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
        let count = |is: &dyn Fn(&Finding) -> bool| {
            assessment.checks.iter().filter(|finding| is(finding)).count()
        };
        let failures = count(&|f| f.status == Status::Fail && f.severity >= self.wish.fail_on);
        let errors = count(&|f| f.status == Status::Unknown);
        let skipped = count(&|f| f.status == Status::Skipped);
        let (tests, at) = (assessment.checks.len(), assessment.checked_at);
        let name = xml(&assessment.domain);
        writeln!(
            out,
            " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" timestamp=\"{at}\">"
        )?;
        for finding in &assessment.checks {
            let case = format!("{} {}", finding.id, finding.subject);
            let case = format!("<testcase classname=\"{name}\" name=\"{}\"", xml(&case));
            match self.body(finding) {
                Some(body) => writeln!(out, "  {case}>{body}</testcase>")?,
                None => writeln!(out, "  {case}/>")?,
            }
        }
        writeln!(out, " </testsuite>")
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "</testsuites>")
    }
}
