//! What is told of a run, to people and to programs.

use super::{Format, Output};
use crate::cli::failure::told;
use crate::cli::tell;
use crate::config::fetch::Effective;
use crate::exit::{Exit, Failure};
use crate::flow::memory::Telling;
use crate::flow::summary::{Outcome, Summary};
use crate::flow::visit::Told;

pub(super) fn labelled(mut failure: Failure, effective: &Effective) -> Failure {
    if !effective.account.name.is_empty() {
        failure.what = format!("{}: {}", effective.account.name, failure.what);
    }
    failure
}

pub(super) fn report(output: Output, effective: &Effective, report: &Told) -> Result<(), Failure> {
    let Told { summary, telling, failure, .. } = report;
    let silent = output.quiet && *telling == Telling::Known;
    if let Some(failure) = failure.as_ref().filter(|_| !silent) {
        let mut failure = labelled(failure.clone(), effective);
        if let Some(count) = telling.count().filter(|_| output.quiet) {
            failure.what = format!("{} ({count})", failure.what);
        }
        told("atrn-fetch", &failure);
    }
    if let Some(relief) = telling.relief().filter(|_| output.quiet) {
        told("atrn-fetch", &labelled(Failure::new(Exit::Ok, relief), effective));
    }
    match output.format() {
        Format::Jsonl => tell(&(json(summary)? + "\n")).map(drop),
        Format::Human if !output.quiet && (summary.reason.is_none() || summary.accepted > 0) => {
            tell(&in_words(summary)).map(drop)
        }
        _ => Ok(()),
    }
}

pub(super) fn place(summary: &Summary) -> String {
    match summary.account.as_str() {
        "" => summary.server.clone(),
        name => format!("{name}: {}", summary.server),
    }
}

/// One line for people.
fn in_words(summary: &Summary) -> String {
    let how = [summary.tls, summary.mech].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let how = if how.is_empty() { "in clear".to_owned() } else { how };
    let what = match summary.result {
        Outcome::NoMail => "no mail".to_owned(),
        _ => {
            let counts = [
                (summary.duplicates, "here before"),
                (summary.deferred, "put off"),
                (summary.refused, "refused"),
            ];
            let others =
                counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!(", {n} {word}"));
            let size = bytesize::ByteSize(summary.bytes);
            let more = if summary.more { "; there may be more" } else { "" };
            format!(
                "{} taken ({size}){}{more}",
                messages(summary.accepted),
                others.collect::<String>()
            )
        }
    };
    let queue = summary.queue.map_or_else(String::new, |queue| {
        format!("; {} delivered, {} waiting in the queue", queue.delivered, queue.waiting)
    });
    let seconds = std::time::Duration::from_millis(summary.ms).as_secs_f32();
    format!("{}: {what}{queue}; {how}, {seconds:.1} s\n", place(summary))
}

fn messages(n: u64) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }
}

pub(super) fn json(summary: &Summary) -> Result<String, Failure> {
    serde_json::to_string(summary).map_err(|fault| Failure::new(Exit::Software, fault))
}
