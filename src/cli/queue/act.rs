//! Orders: which messages are meant, whether that is so, and what came of it.

use std::io::{BufRead, Write};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Act, Bounce, Delete, DeliverNow, Hold, Output, Redirect, Release, Requeue, parsed, say,
    with_ids,
};
use crate::cli::Input;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::{ActWord, Request};
use crate::report::Format;
use crate::smtp::escape::Escaped;

const ACTION: [&str; 8] =
    ["action", "matched", "done", "busy", "unfit", "failed", "missing", "audit"];

pub(super) async fn hold(office: &Office, hold: Hold) -> Result<Exit, Failure> {
    let how = How { until: hold.until, future: hold.future, ..How::default() };
    order(office, ActWord::Hold, hold.act, how).await
}

pub(super) async fn release(office: &Office, release: Release) -> Result<Exit, Failure> {
    let Release { mut act, future } = release;
    only(&mut act, "held");
    order(office, ActWord::Release, act, How { future, ..How::default() }).await
}

pub(super) async fn delete(office: &Office, mut delete: Delete) -> Result<Exit, Failure> {
    let word = if delete.undo { ActWord::Undelete } else { ActWord::Delete };
    if delete.undo {
        only(&mut delete.act, "deleted");
    }
    let window = delete.undo_window.map(|window| format!("{}s", window.get().as_secs()));
    order(office, word, delete.act, How { until: window, ..How::default() }).await
}

pub(super) async fn bounce(office: &Office, bounce: Bounce) -> Result<Exit, Failure> {
    let Bounce { mut act, mut status, text } = bounce;
    let code = &mut act.filter.code;
    // Together with words, it is what goes with them.
    if code.len() == 1 && status.is_none() && text.is_some() {
        status = code.pop_if(|code| code.starts_with("5."));
    }
    if let Some(code) = act.filter.code.iter().find(|code| code.starts_with("5.")) {
        // Of what waits, hardly ever the answer to one of its recipients; and elsewhere the flag says what is told.
        let what = format!("--code {code}: it says which messages, by what was last said of them");
        let hint = format!(
            "what their senders are told is --status {code}, or with --text --code {code}; to choose by it: --said '{code}'"
        );
        return Err(Failure::new(Exit::Usage, what).hint(Some(&hint)));
    }
    let status = status.as_deref().unwrap_or("5.7.1");
    let text = text.as_deref().unwrap_or("refused by the postmaster");
    let reply = format!("550 {status} {text}");
    let how = How { reply: Some(reply), ..How::default() };
    order(office, ActWord::Bounce, act, how).await
}

pub(super) async fn expire(office: &Office, act: Act) -> Result<Exit, Failure> {
    order(office, ActWord::Expire, act, How::default()).await
}

pub(super) async fn requeue(office: &Office, requeue: Requeue) -> Result<Exit, Failure> {
    let how = How { to: requeue.to_domain, ..How::default() };
    order(office, ActWord::Requeue, requeue.act, how).await
}

pub(super) async fn redirect(office: &Office, redirect: Redirect) -> Result<Exit, Failure> {
    let how = How { to: Some(redirect.to), ..How::default() };
    order(office, ActWord::Redirect, redirect.act, how).await
}

pub(super) async fn deliver_now(office: &Office, deliver: DeliverNow) -> Result<Exit, Failure> {
    let DeliverNow { domains, dry_run, reason, allow_none, output } = deliver;
    output.shows()?;
    output.names(crate::flow::desk::record::ACTION)?;
    let request = Request::DeliverNow { domain: domains, dry_run, reason };
    let (told, ended) = carried_out(office, request).await?;
    let mut page = output.page(&ACTION, &ACTION);
    page.record(&told).map_err(super::unwritten)?;
    page.end().map_err(super::unwritten)?;
    ended?;
    let matched = told["matched"].as_u64().unwrap_or_default();
    if matched == 0 {
        say("nothing waits for them");
    }
    Ok(self::ended(0, matched, false, allow_none))
}

/// What is told of an order, and how it ended.
async fn carried_out(
    office: &Office,
    request: Request,
) -> Result<(Value, Result<(), Failure>), Failure> {
    let mut answer = ask(office, request).await?;
    let line =
        answer.next().await?.ok_or_else(|| Failure::new(Exit::Protocol, "odmrd said nothing"))?;
    let told = parsed(line)?;
    loop {
        match answer.next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok((told, Ok(()))),
            Err(failure) => return Ok((told, Err(failure))),
        }
    }
}

/// What some orders have besides.
#[derive(Debug, Default)]
struct How {
    until: Option<String>,
    reply: Option<String>,
    to: Option<String>,
    future: bool,
}

/// Of all that is meant, what this can be about at all.
fn only(act: &mut Act, state: &str) {
    let named = act.filter.held || act.filter.damaged;
    if act.filter.state.is_empty() && !named && act.ids.is_empty() && act.filter.id.is_empty() {
        act.filter.state.push(state.to_owned());
        // Nothing named means all that are held, or deleted: no accident.
        act.all = true;
    }
}

async fn order(office: &Office, action: ActWord, act: Act, how: How) -> Result<Exit, Failure> {
    let How { until, reply, to, future } = how;
    let Act { ids, filter, all, dry_run, yes, reason, allow_none, output, input } = act;
    output.shows()?;
    // A dry run tells of the messages, too.
    match dry_run {
        true => output.names_fields(crate::flow::desk::record::ACTION)?,
        false => output.names(crate::flow::desk::record::ACTION)?,
    }
    let filter = match with_ids(filter, ids)? {
        Some(filter) => filter,
        None => return Ok(none_named(allow_none)),
    };
    if filter.is_empty() && !all {
        let hint = "name messages or say which, as for `queuectl list`; --all means every one";
        return Err(Failure::new(Exit::Usage, "which messages?").hint(Some(hint)));
    }
    let before = Timestamp::now();
    let request = |dry_run, most| Request::Act {
        action,
        filter: filter.clone(),
        dry_run,
        reason: reason.clone(),
        until: until.clone(),
        reply: reply.clone(),
        to: to.clone(),
        before: Some(before),
        most,
        future,
    };
    if dry_run {
        return look(office, request(true, None), &output, allow_none || future).await;
    }
    let mut most = None;
    if !yes {
        is_there_anybody(action, input)?;
        match asked(office, action, &filter, future, request(true, None), allow_none).await? {
            Said::Yes(count) => most = Some(count),
            Said::No(exit) => return Ok(exit),
        }
    }
    let (told, ended) = carried_out(office, request(false, most)).await?;
    let mut page = output.page(&ACTION, &ACTION);
    page.record(&told).map_err(super::unwritten)?;
    page.end().map_err(super::unwritten)?;
    let exit = told_of(&told, action, allow_none);
    ended.map(|()| exit)
}

/// Says what was not done, and what is to come. Gives the end.
fn told_of(told: &Value, action: ActWord, allow_none: bool) -> Exit {
    let of = |field: &str| told[field].as_u64().unwrap_or_default();
    left_alone(told);
    if let Some(domains) = told["future"].as_u64() {
        let now = if action == ActWord::Hold { "is held from now on" } else { "is held no longer" };
        let noun = if domains == 1 { "domain" } else { "domains" };
        say(&format!("{domains} {noun} whose new mail {now}"));
    }
    // Those in another state are told of; what was meant was done to the rest.
    let nothing_done = of("done") + of("future") == 0;
    let some_left = of("busy") > 0 || of("unfit") > 0 && nothing_done;
    if of("matched") + of("future") + of("missing") == 0 && !allow_none {
        say("nothing matched");
    }
    ended(missing(told), of("matched") + of("future"), some_left, allow_none)
}

/// How an order ends of which nothing failed.
fn ended(missing: u64, found: u64, some_left: bool, allow_none: bool) -> Exit {
    match (missing, found) {
        _ if some_left => Exit::Partial,
        _ if allow_none => Exit::Ok,
        (1.., _) => Exit::NoInput,
        (0, 0) => Exit::Partial,
        _ => Exit::Ok,
    }
}

/// Says to how many it was not done, or would not be, and why.
fn left_alone(told: &Value) {
    for (field, what) in [
        ("busy", "in a session's hands, and left to it"),
        ("unfit", "in a state in which that makes no sense, or not to be read"),
        ("failed", "to which it could not be done"),
    ] {
        if let Some(count @ 1..) = told[field].as_u64() {
            say(&format!("{count} {what}"));
        }
    }
}

/// Nothing was named, which does not mean everything.
fn none_named(allow_none: bool) -> Exit {
    say("standard input names no message; nothing was done");
    ended(0, 0, false, allow_none)
}

/// How many of those that were named are not there; says which.
fn missing(told: &Value) -> u64 {
    let count = told["missing"].as_u64().unwrap_or_default();
    let first = told["missing_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
    for id in first.iter().filter_map(Value::as_str) {
        say(&format!("{}: there is no such message", Escaped::text(id)));
    }
    if count > first.len() as u64 {
        say(&format!("and {} others", count - first.len() as u64));
    }
    count
}

/// What an order would be about.
#[derive(Default)]
struct Meant {
    count: u64,
    missing: u64,
    /// To how many more it could not be done.
    unfit: u64,
}

/// Asks what is meant, and gives each message away.
async fn meant(
    office: &Office,
    request: Request,
    mut each: impl FnMut(Value) -> Result<(), Failure>,
) -> Result<Meant, Failure> {
    let mut answer = ask(office, request).await?;
    let mut meant = Meant::default();
    while let Some(line) = answer.next().await? {
        let record = parsed(line)?;
        if record["id"].is_string() {
            meant.count += 1;
            each(record)?;
        } else {
            left_alone(&record);
            meant.missing = missing(&record);
            meant.unfit = record["unfit"].as_u64().unwrap_or_default();
        }
    }
    Ok(meant)
}

/// The ids of what is meant; as JSON, the messages and behind them what is told of the order.
async fn look(
    office: &Office,
    request: Request,
    output: &Output,
    allow_none: bool,
) -> Result<Exit, Failure> {
    let of = |formats: &[Format]| output.format.as_ref().is_some_and(|one| formats.contains(one));
    let plain = output.format.is_none() && !output.json;
    let as_json = output.json || of(&[Format::Json, Format::Jsonl]);
    let as_ids = of(&[Format::Ids, Format::Ids0]);
    let mut page = output.page(&ACTION, &ACTION);
    let mut answer = ask(office, request).await?;
    let (mut count, mut missed, mut unfit) = (0u64, 0, 0);
    while let Some(line) = answer.next().await? {
        let record = parsed(line)?;
        let id = record["id"].as_str();
        count += u64::from(id.is_some());
        if id.is_none() {
            left_alone(&record);
            missed = missing(&record);
            unfit = record["unfit"].as_u64().unwrap_or_default();
        }
        match id {
            Some(id) if plain => {
                crate::cli::tell(&format!("{}\n", Escaped::text(id)))?;
            }
            Some(_) if as_json || as_ids => page.record(&record).map_err(super::unwritten)?,
            None if !plain && !as_ids => page.record(&record).map_err(super::unwritten)?,
            _ => {}
        }
    }
    if !plain {
        page.end().map_err(super::unwritten)?;
    }
    say(&format!("{}; nothing was done", messages(count)));
    Ok(ended(missed, count, unfit > 0 && count == 0, allow_none))
}

/// So many messages, in words.
fn messages(count: u64) -> String {
    format!("{count} {}", if count == 1 { "message" } else { "messages" })
}

/// What came of a question.
enum Said {
    /// To so many, and no more.
    Yes(u64),
    /// The program ends so.
    No(Exit),
}

/// Somebody who may be asked whether an order is meant.
fn is_there_anybody(action: ActWord, input: Input) -> Result<(), Failure> {
    let why = match (input.may_ask(), input.no_input) {
        (true, _) => return Ok(()),
        (false, true) => "--no-input forbids to ask whether that is meant",
        (false, false) => "there is nobody to ask whether that is meant",
    };
    let hint = "--yes does it, --dry-run shows to which";
    Err(Failure::new(Exit::Usage, format!("{}: {why}", word_of(action))).hint(Some(hint)))
}

fn word_of(action: ActWord) -> String {
    let word = serde_json::to_value(action).ok().and_then(|word| word.as_str().map(str::to_owned));
    word.unwrap_or_default()
}

/// Asks whoever sits there; one message needs no typing of numbers.
async fn asked(
    office: &Office,
    action: ActWord,
    filter: &Selection,
    future: bool,
    request: Request,
    allow_none: bool,
) -> Result<Said, Failure> {
    let word = word_of(action);
    let mut first = Vec::new();
    let Meant { count, missing, unfit } = meant(office, request, |record| {
        if first.len() < 5 {
            first.push(record);
        }
        Ok(())
    })
    .await?;
    if count == 0 && !future {
        if unfit == 0 {
            say("there are no such messages");
        }
        return Ok(Said::No(ended(missing, 0, unfit > 0, allow_none)));
    }
    for record in &first {
        let shown = |field: &str| {
            let text = record[field].as_str().unwrap_or("-");
            Escaped::text(text).to_string()
        };
        say(&format!("  {} {} from <{}>", shown("id"), shown("domain"), shown("sender")));
    }
    if count > first.len() as u64 {
        say(&format!("  and {} more ({})", count - first.len() as u64, filter.typed()));
    }
    if future {
        say("  and the mail of these domains that is yet to come");
    }
    let wanted = if count <= 1 { "y".to_owned() } else { count.to_string() };
    let _ = write!(std::io::stderr(), "{word} {}? Type {wanted} to do it: ", messages(count));
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    read.map_err(|error| Failure::new(Exit::Io, format!("standard input: {error}")))?;
    if typed.trim().eq_ignore_ascii_case(&wanted) {
        return Ok(Said::Yes(count));
    }
    say("nothing was done");
    Ok(Said::No(Exit::Partial))
}
