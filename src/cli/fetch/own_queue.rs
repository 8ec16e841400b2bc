//! `atrn-fetch queue`: what waits in an account's own queue, and what is to become of it.

use tokio::sync::watch;

use super::runtime::first_signal;
use super::words::{json, labelled, place};
use super::{Format, Queue};
use crate::cli::queue::{List, look, parsed};
use crate::cli::{failure::told, tell};
use crate::config::fetch::Effective;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::{ActWord, Request};
use crate::flow::errand::{deliver_queue, queue_folder};

/// Shows the queue of each account, or does what is ordered. That an account has none, or that it cannot be
/// read, is told as it comes.
pub(super) async fn own_queue(flags: &Queue, accounts: &[Effective]) -> Exit {
    let (stop, stopped) = watch::channel(false);
    let signal = tokio::spawn(first_signal(stop));
    let mut worst = Exit::Ok;
    for effective in accounts {
        let done = match (flags.retry, flags.drop.is_empty()) {
            (true, _) => retry(flags, effective, stopped.clone()).await,
            (false, false) => drop_these(flags, effective).await,
            (false, true) => list(flags, effective).await,
        };
        // What is wrong with one of several is no reason to leave the others.
        worst = worst
            .max(done.unwrap_or_else(|failure| told("atrn-fetch", &labelled(failure, effective))));
        if *stopped.borrow() {
            break;
        }
    }
    match signal.is_finished() {
        true => signal.await.unwrap_or(worst),
        false => worst,
    }
}

async fn list(flags: &Queue, effective: &Effective) -> Result<Exit, Failure> {
    let folder = queue_folder(&effective.account)?;
    if !folder.exists() {
        // Nothing has ever come.
        return Ok(Exit::Ok);
    }
    let format = match flags.common.output.format() {
        Format::Human => crate::report::Format::Human,
        Format::Json => crate::report::Format::Json,
        _ => crate::report::Format::Jsonl,
    };
    look::list(&Office::Spool(folder), List::of(format)).await
}

async fn retry(
    flags: &Queue,
    effective: &Effective,
    stop: watch::Receiver<bool>,
) -> Result<Exit, Failure> {
    let Some(summary) = deliver_queue(effective, stop).await? else { return Ok(Exit::Ok) };
    if let Some(reason) = &summary.reason {
        let failure = Failure::new(summary.exit, reason).hint(summary.hint.clone());
        told("atrn-fetch", &labelled(failure, effective));
    }
    let queue = summary.queue.unwrap_or_default();
    match flags.common.output.format() {
        Format::Human if flags.common.output.quiet => Exit::Ok,
        Format::Human => tell(&format!(
            "{}: {} delivered, {} waiting in the queue\n",
            place(&summary),
            queue.delivered,
            queue.waiting
        ))?,
        _ => tell(&(json(&summary)? + "\n"))?,
    };
    Ok(summary.exit)
}

async fn drop_these(flags: &Queue, effective: &Effective) -> Result<Exit, Failure> {
    let request = Request::Act {
        action: ActWord::Delete,
        filter: Selection { id: flags.drop.clone(), ..Selection::default() },
        dry_run: false,
        reason: None,
        until: None,
        reply: None,
        to: None,
        before: None,
        most: None,
        future: false,
    };
    let mut answer = ask(&Office::Own(queue_folder(&effective.account)?), request).await?;
    let (mut done, mut left, mut exit) = (0, 0, Exit::Ok);
    while let Some(line) = answer.next().await? {
        let came = parsed(line)?;
        let count = |field: &str| came[field].as_u64().unwrap_or(0);
        done += count("done");
        left += count("busy") + count("unfit");
        let missing = came["missing_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
        for id in missing.iter().filter_map(serde_json::Value::as_str) {
            let failure = Failure::new(Exit::NoInput, format!("{id}: there is no such message"));
            exit = told("atrn-fetch", &labelled(failure, effective));
        }
    }
    if left > 0 {
        let what = format!("{left} cannot be dropped as they stand");
        exit = told("atrn-fetch", &labelled(Failure::new(Exit::Partial, what), effective));
    }
    if done > 0 {
        tell(&format!("{done} dropped\n"))?;
    }
    Ok(exit)
}
