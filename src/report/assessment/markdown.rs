//! For a wiki or a ticket: a heading a domain, a table of what is amiss.

use std::io::{self, Write};

use super::{Trouble, Wish, Wording, amiss, counted, shown_domain};
use crate::finding::{Assessment, Conclusion};
use crate::smtp::escape::Escaped;

pub(super) struct Markdown {
    wish: Wish,
    told: usize,
}

impl Markdown {
    pub(super) fn new(wish: Wish) -> Markdown {
        Markdown { wish, told: 0 }
    }
}

/// Nothing in it is taken for markup, or ends a cell.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in Escaped::text(text).to_string().chars() {
        match c {
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => safe.extend(['\\', c]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            c => safe.push(c),
        }
    }
    safe
}

fn table(out: &mut dyn Write, heads: &[&str]) -> io::Result<()> {
    writeln!(out, "\n| {} |", heads.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(heads.len()))
}

impl Wording for Markdown {
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        if self.wish.quiet && assessment.verdict == Conclusion::Ok {
            return Ok(());
        }
        let blank = if self.told > 0 { "\n" } else { "" };
        self.told += 1;
        let domain = plain(&shown_domain(&assessment.domain));
        writeln!(out, "{blank}## {domain}: {}", assessment.verdict.word())?;
        if !assessment.mx.is_empty() {
            table(out, &["preference", "target", "addresses", "whose", "share"])?;
        }
        for route in &assessment.mx {
            let addrs: Vec<String> = route.addrs.iter().map(ToString::to_string).collect();
            let (target, addrs) = (plain(&route.target), addrs.join(", "));
            let (whose, share) = (route.class.word(), route.share_percent);
            writeln!(out, "| {} | {target} | {addrs} | {whose} | {share}% |", route.pref)?;
        }
        let amiss = amiss(assessment);
        if !amiss.is_empty() {
            table(out, &["severity", "check", "finding", "remedy"])?;
        }
        for finding in amiss {
            let remedy = finding.remedy.as_deref().unwrap_or_default();
            let (message, remedy) = (plain(&finding.message), plain(remedy));
            let (severity, id) = (finding.severity, finding.id);
            writeln!(out, "| {severity} | `{id}` | {message} | {remedy} |")?;
        }
        writeln!(out, "\n{}", counted(assessment))
    }

    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        writeln!(out, "## {}: not found out\n\n{}", plain(&trouble.target), plain(&trouble.error))?;
        match &trouble.hint {
            Some(hint) => writeln!(out, "\n{}", plain(hint)),
            None => Ok(()),
        }
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
