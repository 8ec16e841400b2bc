//! How an assessment is put on a page: a form a file.
//!
//! What is in an assessment came from the network or from a file: nothing of it reaches a terminal or a log
//! as it is.

mod human;
mod json;
mod junit;
mod markdown;
mod nagios;
mod prometheus;
mod sarif;
mod tap;

use std::io::{self, Write};

use serde::Serialize;

use crate::finding::{About, Assessment, Finding, Severity, Status};
use crate::smtp::escape::Escaped;

pub use nagios::plugin_exit;

/// A page's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people. Not stable.
    Human,
    /// One object for one domain, an array for several.
    Json,
    /// An object a line.
    Jsonl,
    /// The Monitoring Plugins' line.
    Nagios,
    /// Metrics.
    Prometheus,
    /// The Test Anything Protocol, version 13.
    Tap,
    /// XML as JUnit writes it.
    Junit,
    /// The Static Analysis Results Interchange Format 2.1.0.
    Sarif,
    /// A table for a wiki or a ticket.
    Markdown,
}

impl Form {
    /// The forms by name.
    pub const NAMES: [(&'static str, Form); 9] = [
        ("human", Form::Human),
        ("json", Form::Json),
        ("jsonl", Form::Jsonl),
        ("nagios", Form::Nagios),
        ("prometheus", Form::Prometheus),
        ("tap", Form::Tap),
        ("junit", Form::Junit),
        ("sarif", Form::Sarif),
        ("markdown", Form::Markdown),
    ];
}

impl std::str::FromStr for Form {
    type Err = String;
    fn from_str(text: &str) -> Result<Form, String> {
        let known = Form::NAMES.iter().find(|(name, _)| *name == text);
        known.map(|(_, form)| *form).ok_or_else(|| {
            let names: Vec<&str> = Form::NAMES.iter().map(|(name, _)| *name).collect();
            format!("saw {text:?}; allowed: {}", names.join(", "))
        })
    }
}

/// What the reader wants of a page.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The program that tells.
    pub tool: &'static str,
    /// With colour.
    pub colour: bool,
    /// What is in order too.
    pub verbose: bool,
    /// Domains in order are not worth a word.
    pub quiet: bool,
    /// There may be several domains.
    pub many: bool,
    /// Warnings do not count as such in `nagios`.
    pub warnings_are_ok: bool,
    /// From here on a finding is bad.
    pub fail_on: Severity,
    /// Where these are named, what fails of them is bad, and nothing else; doubt makes nothing bad.
    pub only: Option<Grades>,
}

/// Some severities, the least first.
pub type Grades = [bool; Severity::ALL.len()];

impl Wish {
    /// Does this make the program end as one that has found something?
    fn fails(&self, finding: &Finding) -> bool {
        match self.only {
            Some(grades) => finding.status == Status::Fail && grades[finding.severity as usize],
            None => finding.fails(self.fail_on),
        }
    }

    /// Does it make the program end with something else than 0 because nobody knows?
    fn is_unclear(&self, finding: &Finding, all: &[Finding]) -> bool {
        self.only.is_none() && finding.is_unclear(self.fail_on, all)
    }
}

/// Why nothing could be found out, for who reads a report and not what is said beside it. `odmr.probe.error/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// `odmr.probe.error/1`
    pub schema: &'static str,
    /// Who was to be asked.
    pub target: String,
    /// What stood in the way.
    pub error: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// How the program ends.
    pub exit: u8,
}

impl Trouble {
    /// The keys of its JSON, with what they mean.
    pub const FIELDS: &[(&str, &str)] = &[
        ("schema", "\"odmr.probe.error/1\"; it stands alone: no rule was tried."),
        ("target", "Who was to be asked."),
        ("error", "What stood in the way."),
        ("hint", "What to do about it, or null."),
        ("exit", "How the program ends: a number of EXIT STATUS."),
    ];
}

/// Puts assessments on a page, one after the other.
pub trait Wording {
    /// Is the whole page where nothing could be found out. Nothing of it in forms for people: they are told beside it.
    ///
    /// # Errors
    /// What writing has to say.
    fn bail_out(&mut self, _out: &mut dyn Write, _trouble: &Trouble) -> io::Result<()> {
        Ok(())
    }

    /// Adds one.
    ///
    /// # Errors
    /// What writing has to say.
    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()>;

    /// Ends the page.
    ///
    /// # Errors
    /// What writing has to say.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// The wording of a form. `catalogue` is every check there is.
pub fn wording(form: Form, wish: Wish, catalogue: Vec<&'static About>) -> Box<dyn Wording> {
    match form {
        Form::Human => Box::new(human::Human::new(wish)),
        Form::Json => Box::new(json::Json::new(wish.many)),
        Form::Jsonl => Box::new(json::Jsonl),
        Form::Nagios => Box::new(nagios::Nagios::new(wish)),
        Form::Prometheus => Box::new(prometheus::Prometheus::default()),
        Form::Tap => Box::new(tap::Tap::new(wish)),
        Form::Junit => Box::new(junit::Junit::new(wish)),
        Form::Sarif => Box::new(sarif::Sarif::new(wish.tool, catalogue)),
        Form::Markdown => Box::new(markdown::Markdown::new(wish)),
    }
}

/// A domain's name as people write it, with the form of the wire behind it where that is another.
pub fn shown_domain(domain: &str) -> String {
    let (unicode, read) = idna::domain_to_unicode(domain);
    let shown = Escaped::text(domain).to_string();
    let is_plain = read.is_ok() && unicode != domain && !unicode.contains(|c: char| c.is_control());
    if is_plain { format!("{} ({shown})", Escaped::text(&unicode)) } else { shown }
}

/// The findings to complain about, the worst first; those that explain others stand before their equals.
fn amiss(assessment: &Assessment) -> Vec<&Finding> {
    let mut amiss: Vec<&Finding> = assessment.checks.iter().filter(|f| f.is_amiss()).collect();
    amiss.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    amiss
}

/// `1 critical, 2 warnings, 41 ok`: what there is.
fn counted(assessment: &Assessment) -> String {
    let summary = &assessment.summary;
    let plural = |n: usize, word: &str| match n {
        1 => format!("1 {word}"),
        n => format!("{n} {word}s"),
    };
    let parts = [
        (summary.critical, format!("{} critical", summary.critical)),
        (summary.error, plural(summary.error, "error")),
        (summary.warning, plural(summary.warning, "warning")),
        (summary.notice, plural(summary.notice, "notice")),
        (summary.info, format!("{} info", summary.info)),
        (summary.unknown, format!("{} unknown", summary.unknown)),
        (summary.skipped, format!("{} skipped", summary.skipped)),
        (summary.ok, format!("{} ok", summary.ok)),
    ];
    let told: Vec<String> =
        parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, text)| text).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests;
