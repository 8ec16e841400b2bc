//! `atrn-fetch status`: how each account's last run went, and when the next one is due.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;

use super::{Format, Output, Status, watched};
use crate::cli::tell;
use crate::config::fetch::Effective;
use crate::exit::{Exit, Failure};
use crate::flow::memory::{Memory, Shelf};
use crate::smtp::escape::Escaped;

/// Tells of every account. 1 when something is wrong with one of them.
///
/// # Errors
/// [`Failure`] when it cannot be told.
pub fn status(flags: &Status, accounts: &[Effective]) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let all: Vec<(&str, Memory)> = accounts
        .iter()
        .map(|effective| {
            let memory = Shelf::of(&effective.account).map(|shelf| shelf.recall());
            (effective.account.name.as_str(), memory.unwrap_or_default())
        })
        .collect();
    let late = |memory: &Memory| {
        flags.max_age.is_some_and(|most| {
            let age = memory.last_success.map(|last| now.duration_since(last).unsigned_abs());
            age.is_none_or(|age| age > most.get())
        })
    };
    match flags.common.output.format() {
        Format::Nagios => {
            let (line, exit) = watched::verdict(&all, late, now);
            return tell(&format!("{line}\n")).map(|_| exit);
        }
        Format::Prometheus => return tell(&watched::exposition(&all)),
        _ => show(flags.common.output, &all, now)?,
    }
    let wrong = all.iter().any(|(_, memory)| !memory.troubles.is_empty() || late(memory));
    Ok(if wrong { Exit::Partial } else { Exit::Ok })
}

fn show(output: Output, all: &[(&str, Memory)], now: Timestamp) -> Result<(), Failure> {
    let objects = || all.iter().map(|(name, memory)| object(name, memory, now));
    let text = match output.format() {
        Format::Human if output.quiet => return Ok(()),
        Format::Human => table(all, now),
        Format::Json => {
            let all: Vec<_> = objects().collect();
            serde_json::to_string_pretty(&all).map_err(bug)? + "\n"
        }
        _ => objects().map(|object| format!("{object}\n")).collect(),
    };
    tell(&text).map(drop)
}

fn bug(fault: serde_json::Error) -> Failure {
    Failure::new(Exit::Software, fault)
}

/// `odmr.fetch.status/1`.
fn object(name: &str, memory: &Memory, now: Timestamp) -> serde_json::Value {
    let seconds =
        |at: Option<Timestamp>| at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let age = |at: Option<Timestamp>| at.map(|at| now.duration_since(at).as_secs().max(0));
    let troubles: Vec<_> = memory
        .newest_first()
        .into_iter()
        .map(|trouble| {
            serde_json::json!({
                "server": trouble.server, "what": trouble.what, "exit": trouble.exit,
                "since": seconds(Some(trouble.since)), "times": trouble.times,
            })
        })
        .collect();
    serde_json::json!({
        "schema": "odmr.fetch.status/1", "account": name,
        "last_run": seconds(memory.last_run), "last_run_s": age(memory.last_run),
        "last_result": memory.last_result, "last_exit": memory.last_exit,
        "last_success": seconds(memory.last_success), "last_success_s": age(memory.last_success),
        "last_mail": seconds(memory.last_mail), "last_mail_s": age(memory.last_mail),
        "next_run": seconds(memory.next_run),
        "next_run_in_s": memory.next_run.map(|at| at.duration_since(now).as_secs()),
        "messages": memory.messages, "duplicates": memory.duplicates,
        "troubles": troubles,
    })
}

fn table(all: &[(&str, Memory)], now: Timestamp) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["ACCOUNT", "LAST RUN", "RESULT", "SUCCESS", "MAIL", "NEXT"]);
    for (name, memory) in all {
        let ago = |at: Option<Timestamp>| {
            at.map_or("never".to_owned(), |at| {
                format!("{} ago", span(now.duration_since(at).as_secs()))
            })
        };
        let result = memory.last_result.map_or("-", crate::flow::summary::Outcome::name);
        let next = memory.next_run.map(|at| at.duration_since(now).as_secs());
        // What was planned and is long over was planned by a daemon that does not run any more.
        let next = match next {
            Some(s) if s >= 0 => format!("in {}", span(s)),
            Some(s) if s > -120 => "now".to_owned(),
            _ => "-".to_owned(),
        };
        table.add_row([
            (*name).to_owned(),
            ago(memory.last_run),
            result.to_owned(),
            ago(memory.last_success),
            ago(memory.last_mail),
            next,
        ]);
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim())).collect();
    for (name, memory) in all {
        for trouble in memory.newest_first() {
            // What is wrong mostly says itself with whom.
            let with_whom = format!("{}: ", trouble.server);
            let what = trouble.what.strip_prefix(&with_whom).unwrap_or(&trouble.what);
            text.push_str(&format!(
                "{name}: {} times since {}: {}: {}\n",
                trouble.times,
                trouble.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                trouble.server,
                Escaped::text(what)
            ));
        }
    }
    text
}

/// A length of time in its largest unit, and the next one where that tells something.
fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let spans = [-5, 59, 60, 3599, 3600, 90_061].map(span);
        assert_eq!(spans, ["0s", "59s", "1m", "59m", "1h00m", "1d01h"]);
    }
}
