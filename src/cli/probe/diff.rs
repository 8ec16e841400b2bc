//! What has changed between two reports.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::smtp::escape::Escaped;

/// A report may be so long, octets.
const LONGEST_REPORT: u64 = 256 << 20;

/// What of a record is compared.
#[derive(Deserialize)]
struct Told {
    schema: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    why: String,
}

/// How bad an outcome is: two that differ in that are better or worse.
fn rank(outcome: &str) -> Option<u8> {
    match outcome {
        "pass" => Some(0),
        "warn" => Some(1),
        "fail" => Some(2),
        // Neither says anything about the rule.
        _ => None,
    }
}

/// Tells what has changed. 1 where a rule of one of these levels was kept, or put up with, and is not now.
///
/// # Errors
/// One of the two is no report.
pub(super) fn diff(old: &Path, new: &Path, minded: &[&str]) -> Result<Exit, Failure> {
    let (before, after) = (report(old)?, report(new)?);
    let mut text = String::new();
    let (mut worse, mut better, mut other) = (0, 0, 0);
    let mut is_minded = false;
    let mut ids: Vec<&String> = before.keys().chain(after.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (was, is) = (before.get(id), after.get(id));
        let outcome =
            |told: Option<&Told>| told.map_or("not there", |told| told.outcome.as_str()).to_owned();
        let (from, to) = (outcome(was), outcome(is));
        if from == to {
            continue;
        }
        let Some(told) = is.or(was) else { continue };
        let word = match (rank(&from), rank(&to)) {
            (Some(from), Some(to)) if to > from => "worse",
            (Some(from), Some(to)) if to < from => "better",
            (None, Some(2)) => "worse",
            _ => "other",
        };
        match word {
            "worse" => worse += 1,
            "better" => better += 1,
            _ => other += 1,
        }
        is_minded |= word == "worse" && to == "fail" && minded.contains(&told.severity.as_str());
        let shown = |text: &str| Escaped::text(text).to_string();
        // A String takes all that is written to it.
        let _ = writeln!(
            text,
            "{word:<6} {:<22} {:<9} {from} -> {to}",
            shown(id),
            shown(&told.severity)
        );
        let why = is.map_or("", |told| told.why.as_str());
        let line = if why.is_empty() { told.title.as_str() } else { why };
        let _ = writeln!(text, "       {}", shown(line));
    }
    let _ = writeln!(
        text,
        "{worse} worse, {better} better, {other} otherwise, of {} rules",
        after.len()
    );
    tell(&text)?;
    Ok(if is_minded { Exit::Partial } else { Exit::Ok })
}

/// The records of a report, as --format json or jsonl writes it.
fn report(path: &Path) -> Result<BTreeMap<String, Told>, Failure> {
    let at = path.display();
    let fails = |error: std::io::Error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let invalid = error.kind() == std::io::ErrorKind::InvalidData;
        let exit = if missing {
            Exit::NoInput
        } else if invalid {
            Exit::Data
        } else {
            Exit::Io
        };
        Failure::new(exit, format!("{at}: {error}"))
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fails)?;
    std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST_REPORT), &mut text)
        .map_err(fails)?;
    let no_report = |why: String| {
        let hint = "smtp-probe ... --format json writes one";
        Failure::new(Exit::Data, format!("{at}: is no report: {why}")).hint(Some(hint))
    };
    let told: Vec<Told> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text).map_err(|error| no_report(error.to_string()))?
    } else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let all: Result<Vec<Told>, _> = lines.map(serde_json::from_str).collect();
        all.map_err(|error| no_report(error.to_string()))?
    };
    let records = told.into_iter().filter(|told| told.schema == "odmr.probe.result/1");
    let records: BTreeMap<String, Told> = records.map(|told| (told.id.clone(), told)).collect();
    match records.is_empty() {
        true => Err(no_report("no rule is in it".to_owned())),
        false => Ok(records),
    }
}
