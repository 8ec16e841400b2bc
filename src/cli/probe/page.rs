//! What `smtp-probe` found, on a page.

use std::fmt::Write as _;
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Form, Output, Place, html, identity, transcript};
use crate::cli::style::has_colour;
use crate::exit::{Exit, Failure};
use crate::flow::probe::{
    Identity, Level, Outcome, Record, Row, Summary, abouts, assessment, is_amiss, shown_line,
};
use crate::report::assessment::{self as report, Trouble, Wish, wording};
use crate::report::harmless;
use crate::smtp::escape::Escaped;

/// The levels at which something counts: the least that was named, and all above it.
pub(super) fn minded(named: &[Level]) -> impl Iterator<Item = Level> {
    let least = named.iter().copied().min();
    Level::ALL.into_iter().filter(move |level| least.is_some_and(|least| *level >= least))
}

const TAP_13: &str = "TAP version 13";

/// The page being written.
pub(super) struct Page {
    form: Form,
    fail_on: Vec<Level>,
    verbose: bool,
    transcript: Option<PathBuf>,
    colour: bool,
    place: String,
    rows: Vec<Row>,
    records: Vec<Record>,
    progress: ProgressBar,
    identity: Option<Identity>,
}

impl Page {
    pub(super) fn new(output: &Output, place: &Place, rows: Vec<Row>) -> Page {
        let is_v6 = place.host.contains(':');
        let host = if is_v6 { format!("[{}]", place.host) } else { place.host.clone() };
        let progress = match std::io::stderr().is_terminal() && stdout().is_terminal() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} rules, {msg}") {
            progress.set_style(style);
        }
        Page {
            form: output.form(),
            fail_on: minded(&output.fail_on).collect(),
            verbose: output.verbose,
            transcript: output.transcript.clone(),
            colour: has_colour(&stdout()),
            place: format!("{host}:{}", place.port),
            rows,
            records: Vec::new(),
            progress,
            identity: None,
        }
    }

    /// The server, as it is told.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Takes what the server is.
    pub(super) fn identified(&mut self, identity: Identity) -> Result<(), Failure> {
        if self.form == Form::Jsonl {
            put(|out| json_line(out, &identity))?;
        }
        self.identity = Some(identity);
        Ok(())
    }

    /// Says something beside the page.
    pub(super) fn warn(&self, what: &str) {
        // Whoever closed our standard error does not want to hear it.
        let _ = writeln!(std::io::stderr(), "smtp-probe: {what}");
    }

    /// Takes what came of a rule.
    pub(super) fn add(&mut self, record: Record) -> Result<(), Failure> {
        self.progress.inc(1);
        self.progress.set_message(record.id.clone());
        if self.form == Form::Jsonl {
            self.progress.suspend(|| put(|out| json_line(out, &record)))?;
        }
        self.records.push(record);
        Ok(())
    }

    /// There is nothing to put on it, because of this: who reads the page is told so there, too, in its form.
    pub(super) fn bail_out<T>(&self, why: Failure) -> Result<T, Failure> {
        let trouble = Trouble {
            schema: "odmr.probe.error/1",
            target: self.place.clone(),
            error: why.what.clone(),
            hint: why.hint.clone(),
            exit: why.exit as u8,
        };
        let form = match self.form {
            Form::Human => report::Form::Human,
            // An array, as it is of records.
            Form::Json => report::Form::Json,
            Form::Jsonl => report::Form::Jsonl,
            Form::Tap | Form::Tap14 => report::Form::Tap,
            Form::Junit => report::Form::Junit,
            Form::Sarif => report::Form::Sarif,
            Form::Markdown => report::Form::Markdown,
            Form::Html => {
                let page = html::trouble(&trouble);
                put(|out| out.write_all(page.as_bytes()))?;
                return Err(why);
            }
        };
        let known = abouts(self.rows.clone());
        let wish = Wish { many: true, ..self.wish() };
        let mut text = Vec::new();
        let written = wording(form, wish, known).bail_out(&mut text, &trouble);
        put(|out| written.and_then(|()| self.put_worded(out, &text)))?;
        Err(why)
    }

    /// Ends it; how the program ends.
    pub(super) fn end(self) -> Result<Exit, Failure> {
        self.progress.finish_and_clear();
        let summary = Summary::of(&self.place, &self.records);
        match self.form {
            Form::Human => put(|out| out.write_all(self.human(&summary).as_bytes()))?,
            Form::Json => put(|out| {
                let identity = self.identity.iter().map(serde_json::to_value);
                let all = identity.chain(self.records.iter().map(serde_json::to_value));
                let all = all.collect::<Result<Vec<_>, _>>().map_err(std::io::Error::other)?;
                let text = serde_json::to_string_pretty(&all).map_err(std::io::Error::other)?;
                writeln!(out, "{}", harmless(&text))
            })?,
            Form::Jsonl => put(|out| json_line(out, &summary))?,
            Form::Tap | Form::Tap14 => self.report(report::Form::Tap)?,
            Form::Junit => self.report(report::Form::Junit)?,
            Form::Sarif => self.report(report::Form::Sarif)?,
            Form::Markdown => self.report(report::Form::Markdown)?,
            Form::Html => {
                let told = self.identity.as_ref().map(Identity::told);
                let page = html::page(&self.place, told.as_deref(), &self.records, &summary);
                put(|out| out.write_all(page.as_bytes()))?;
            }
        }
        if let Some(folder) = &self.transcript {
            transcript::write(folder, &self.place, &self.records).map_err(|error| {
                Failure::new(Exit::Io, format!("{}: {error}", folder.display()))
            })?;
        }
        Ok(self.exit())
    }

    /// The first line for those who read tests, where that is the form.
    fn tap(&self) -> Option<&'static str> {
        match self.form {
            Form::Tap => Some(TAP_13),
            Form::Tap14 => Some("TAP version 14"),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        let fails = |record: &Record| {
            record.outcome == Outcome::Fail && self.fail_on.contains(&record.severity)
        };
        let tried: Vec<&Record> =
            self.records.iter().filter(|record| record.outcome != Outcome::Skip).collect();
        // What is read off the first talk says little where every talk behind it came to nothing.
        let talks: Vec<&Record> = tried.iter().copied().filter(|record| record.conn > 0).collect();
        let is_in_doubt = |some: &[&Record]| {
            let unknown = some.iter().filter(|record| record.outcome == Outcome::Inconclusive);
            unknown.count() * 2 > some.len()
        };
        if tried.iter().any(|record| fails(record)) {
            Exit::Partial
        } else if is_in_doubt(&tried) || talks.len() > 1 && is_in_doubt(&talks) {
            Exit::TempFail
        } else {
            Exit::Ok
        }
    }

    fn wish(&self) -> Wish {
        let least = self.fail_on.iter().map(|level| level.grade()).min();
        let mut minded = report::Grades::default();
        self.fail_on.iter().for_each(|level| minded[level.grade() as usize] = true);
        Wish {
            tool: "smtp-probe",
            colour: self.colour,
            verbose: self.verbose,
            quiet: false,
            many: false,
            warnings_are_ok: false,
            fail_on: least.unwrap_or(Level::Must.grade()),
            only: Some(minded),
        }
    }

    fn report(&self, form: report::Form) -> Result<(), Failure> {
        let wish = self.wish();
        let known = abouts(self.rows.clone());
        let now = jiff::Timestamp::now();
        let told = assessment(&self.place, &self.records, &known, wish.fail_on, now);
        let mut wording = wording(form, wish, known);
        let mut text = Vec::new();
        let written = wording.add(&mut text, &told).and_then(|()| wording.end(&mut text));
        put(|out| written.and_then(|()| self.put_worded(out, &text)))
    }

    /// Both versions of TAP have what is told here; they differ in the first line.
    fn put_worded(&self, out: &mut dyn Write, text: &[u8]) -> std::io::Result<()> {
        let rest = text.strip_prefix(TAP_13.as_bytes());
        match self.tap().zip(rest) {
            Some((version, rest)) => {
                out.write_all(version.as_bytes())?;
                out.write_all(rest)
            }
            None => out.write_all(text),
        }
    }

    fn human(&self, summary: &Summary) -> String {
        let mut text = match &self.identity {
            Some(identity) => identity::told(identity),
            None => format!("{summary}\n"),
        };
        for level in Level::ALL.into_iter().rev() {
            let of_level = |outcome| {
                self.records
                    .iter()
                    .filter(move |record| record.severity == level && record.outcome == outcome)
            };
            for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Inconclusive] {
                for record in of_level(outcome) {
                    self.tell(&mut text, record);
                }
            }
        }
        if self.verbose {
            let rest = |record: &&Record| !is_amiss(record);
            for record in self.records.iter().filter(rest) {
                self.tell(&mut text, record);
            }
        }
        text
    }

    fn tell(&self, text: &mut String, record: &Record) {
        let (word, colour) = match record.outcome {
            Outcome::Fail => ("FAIL", "31"),
            Outcome::Warn => ("warn", "33"),
            Outcome::Inconclusive => ("?   ", "35"),
            Outcome::Skip => ("skip", "90"),
            Outcome::Pass => ("ok  ", "32"),
        };
        let word = match self.colour {
            true => format!("\u{1b}[{colour}m{word}\u{1b}[0m"),
            false => word.to_owned(),
        };
        let level = record.severity.word();
        // A String takes all that is written to it.
        let _ = writeln!(text, "{word} {:<20} {level:<9} {}", record.id, record.title);
        if !record.why.is_empty() {
            let _ = writeln!(text, "     {}", Escaped::text(&record.why));
        }
        if is_amiss(record) && record.outcome != Outcome::Inconclusive {
            let spec = record.spec.iter().chain(&record.quirk).cloned().collect::<Vec<_>>();
            let _ = writeln!(text, "     {} ({})", record.fix, spec.join("; "));
        }
        if self.verbose {
            for line in &record.transcript {
                for said in shown_line(line) {
                    let _ = writeln!(text, "       {said}");
                }
            }
        }
    }
}

fn json_line(out: &mut dyn Write, record: &impl serde::Serialize) -> std::io::Result<()> {
    let line = serde_json::to_string(record).map_err(std::io::Error::other)?;
    writeln!(out, "{}", harmless(&line))
}

/// Writes to standard output. Whoever has stopped reading wants no more of it.
fn put(what: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(stdout().lock());
    match what(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Io, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
