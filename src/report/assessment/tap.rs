//! The Test Anything Protocol: a test a finding. Version 13, because harnesses still refuse 14.

use std::io::{self, Write};

use super::{Trouble, Wish, Wording};
use crate::finding::{Assessment, Finding, Status};
use crate::smtp::escape::Escaped;

pub(super) struct Tap {
    wish: Wish,
    count: usize,
}

impl Tap {
    pub(super) fn new(wish: Wish) -> Tap {
        Tap { wish, count: 0 }
    }

    fn test(
        &mut self,
        out: &mut dyn Write,
        assessment: &Assessment,
        finding: &Finding,
    ) -> io::Result<()> {
        self.count += 1;
        let domain = &assessment.domain;
        // What makes the program end with 1; or, because nobody knows, not with 0.
        let is_unclear = self.wish.is_unclear(finding, &assessment.checks);
        let is_bad = self.wish.fails(finding) || is_unclear;
        let word = if is_bad { "not ok" } else { "ok" };
        let skip = match finding.status {
            Status::Skipped | Status::Unknown if !is_unclear => {
                format!(" # SKIP {}", plain(&finding.message))
            }
            _ => String::new(),
        };
        writeln!(out, "{word} {} - {} {}{skip}", self.count, plain(domain), finding.id)?;
        if is_unclear || matches!(finding.status, Status::Fail | Status::Info | Status::Unknown) {
            let quoted = |text: &str| serde_json::to_string(text).map_err(io::Error::from);
            writeln!(out, "  ---")?;
            writeln!(out, "  status: {}", finding.status.word())?;
            writeln!(out, "  severity: {}", finding.severity)?;
            writeln!(out, "  message: {}", quoted(&plain(&finding.message))?)?;
            if let Some(remedy) = &finding.remedy {
                writeln!(out, "  remedy: {}", quoted(&plain(remedy))?)?;
            }
            writeln!(out, "  ...")?;
        }
        Ok(())
    }
}

/// A hash would begin a directive.
fn plain(text: &str) -> String {
    Escaped::text(text).to_string().replace('#', "")
}

impl Wording for Tap {
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        if self.count == 0 {
            writeln!(out, "TAP version 13")?;
        }
        for finding in &assessment.checks {
            self.test(out, assessment, finding)?;
        }
        Ok(())
    }

    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        writeln!(out, "TAP version 13\nBail out! {}", Escaped::text(&trouble.error))
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.count == 0 {
            writeln!(out, "TAP version 13")?;
        }
        writeln!(out, "1..{}", self.count)
    }
}
