//! Looking: `list`, `show`, `domains`, `audit`, `wait`, `schema`.

use std::io::IsTerminal;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use wildmatch::WildMatch;

use super::{
    Audit, Domains, List, Output, Sessions, Show, Verify, Wait, content, parsed, say, these,
    unwritten, with_ids,
};
use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Answer, Office, ask, repair};
use crate::flow::desk::condition::Condition;
use crate::flow::desk::record::{self, VERIFIED};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::Request;
use crate::report::{Format, harmless};
use crate::smtp::escape::Escaped;

const MESSAGE: [&str; 7] =
    ["id", "state", "age_s", "expires_in_s", "size", "sender", "recipients.address"];
const WIDE_MESSAGE: [&str; 14] = [
    "id",
    "domain",
    "account",
    "state",
    "arrived",
    "age_s",
    "expires",
    "size",
    "sender",
    "recipients.address",
    "attempts",
    "last.code",
    "last.text",
    "hold.reason",
];
const RECIPIENT: [&str; 7] =
    ["id", "state", "age_s", "address", "last.code", "last.enhanced", "last.text"];
const DOMAIN: [&str; 10] = [
    "domain",
    "account",
    "messages",
    "bytes",
    "oldest_s",
    "next_expiry_s",
    "by_state.deferred",
    "by_state.held",
    "last_session.at",
    "last_session.result",
];
const WIDE_DOMAIN: [&str; 15] = [
    "domain",
    "account",
    "messages",
    "bytes",
    "oldest",
    "oldest_s",
    "next_expiry",
    "by_state.deferred",
    "by_state.in_session",
    "by_state.held",
    "by_state.failed",
    "by_state.damaged",
    "hold.held",
    "last_session.at",
    "last_session.result",
];
const AGED_DOMAIN: [&str; 8] = [
    "domain",
    "account",
    "messages",
    "recipients",
    "bytes",
    "oldest_s",
    "age_hist.le_s",
    "age_hist.n",
];
const SESSION: [&str; 10] =
    ["at", "account", "peer", "tls", "result", "delivered", "deferred", "refused", "bytes", "ms"];
const FINDING: [&str; 5] = ["kind", "id", "domain", "what", "repaired"];
const AUDIT: [&str; 7] = ["id", "at", "who", "action", "done", "filter", "reason"];

pub(in crate::cli) async fn list(office: &Office, list: List) -> Result<Exit, Failure> {
    list.output.names(if list.by_recipient { record::RECIPIENT } else { record::MESSAGE })?;
    let named = with_ids(list.filter, Vec::new())?;
    // What is sorted must be whole before it can be cut.
    let sorted = list.output.sort.is_some() || list.output.reverse;
    let limit = list.limit.filter(|_| !sorted);
    let digests = list.output.digests()?;
    if list.include_done && digests.is_some() {
        let what = "--include-done: what has left is nothing that nagios or prometheus counts";
        return Err(Failure::new(Exit::Usage, what));
    }
    let include_done =
        list.include_done || digests.is_none() && !list.by_recipient && wants_done(office, &named);
    if let Some(named) = &named {
        sees(named, include_done)?;
        if let Some(why) = misses(office, named, include_done) {
            say(&why);
        }
    }
    let wanted = named.as_ref().map(|named| named.filter()).transpose();
    let wanted = wanted.map_err(|bad| Failure::new(Exit::Usage, bad))?.unwrap_or_default();
    let mut answer = match named {
        None => Answer::none(),
        Some(mut filter) => {
            let counts = list.fail_if_any || digests == Some(&Format::Nagios);
            if counts || digests.is_none() && !include_done && !filter.names_deleted() {
                filter.leave_out_deleted();
            }
            let (cursor, include_done) = (list.cursor, include_done);
            ask(office, Request::List { filter, limit, cursor, include_done }).await?
        }
    };
    if let Some(format) = digests {
        return list.output.digest(&mut answer, format).await;
    }
    let to_be_cut = list.limit.filter(|_| sorted || list.by_recipient);
    let count = match (list.by_recipient, to_be_cut) {
        (false, None) => {
            list.output.put(&mut answer, list.output.page(&MESSAGE, &WIDE_MESSAGE)).await
        }
        (each, limit) => {
            let rows = Rows { each, whom: wanted.recipients };
            put_some(&list.output, &mut answer, rows, limit).await
        }
    };
    // A message with some of its recipients is no place to go on from.
    if let Some(next) = answer.more_behind().filter(|_| !list.by_recipient) {
        say(&format!("there may be more: --cursor {}", Escaped::text(next)));
    }
    let count = count?;
    let failed = list.fail_if_empty && count == 0 || list.fail_if_any && count > 0;
    Ok(if failed { Exit::Partial } else { Exit::Ok })
}

/// Are states named in which there is hardly anything that has not left? Who looks at a spool gets what is
/// there.
fn wants_done(office: &Office, named: &Option<Selection>) -> bool {
    let mut states = named.iter().flat_map(|filter| &filter.state);
    let of_socket = matches!(office, Office::Socket(_));
    of_socket && states.any(|state| matches!(state.as_str(), "delivered" | "bounced"))
}

/// A condition that asks for what has left would never hold, however much has left.
fn sees(named: &Selection, include_done: bool) -> Result<(), Failure> {
    let conditions = named.conditions().unwrap_or_default();
    if include_done || !conditions.iter().any(Condition::names_what_has_left) {
        return Ok(());
    }
    let what = "--where sees what is in the queue, and names what has left it";
    let hint = "what has left is listed by --state delivered and --state bounced";
    Err(Failure::new(Exit::Usage, what).hint(Some(hint)))
}

/// Why a list of what has left is not all that may have been meant, where that is so.
fn misses(office: &Office, named: &Selection, include_done: bool) -> Option<String> {
    let ended = |state: &String| matches!(state.as_str(), "delivered" | "bounced");
    let asked = named.state.iter().any(ended);
    if asked && !matches!(office, Office::Socket(_)) {
        return Some("what has left is known to a running odmrd only".to_owned());
    }
    let unknown = [
        ("--sender", !named.sender.is_empty()),
        ("--rcpt", !named.rcpt.is_empty()),
        ("--said", !named.said.is_empty()),
        ("--source", !named.source.is_empty()),
        ("--subject", !named.subject.is_empty()),
        ("--where", !named.conditions.is_empty()),
        ("--attempts", named.attempts.is_some()),
        ("--expires-within", named.expires_within.is_some()),
    ];
    let (flag, _) = unknown.iter().find(|(_, said)| include_done && *said)?;
    Some(format!("what has left is not among these: {flag} is about what is known no more then"))
}

/// Which rows a list has.
struct Rows {
    /// One for each recipient.
    each: bool,
    /// And only of these; all, where none is named.
    whom: Vec<WildMatch>,
}

impl Rows {
    fn of(&self, message: Value) -> Vec<Value> {
        if !self.each {
            return vec![message];
        }
        let meant = |row: &Value| {
            let address = row["address"].as_str().unwrap_or_default();
            self.whom.is_empty() || self.whom.iter().any(|pattern| pattern.matches(address))
        };
        by_recipient(message).into_iter().filter(meant).collect()
    }
}

/// Rows for each recipient, or of a sorted list; the first of them. What came before a fault is shown.
async fn put_some(
    output: &Output,
    answer: &mut Answer,
    rows: Rows,
    limit: Option<u64>,
) -> Result<u64, Failure> {
    let each = rows.each;
    let usual = if each { &RECIPIENT[..] } else { &MESSAGE[..] };
    let wide = if each { &RECIPIENT[..] } else { &WIDE_MESSAGE[..] };
    let mut page = output.page(usual, wide);
    let sorted = output.sort.is_some() || output.reverse;
    let most = limit.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let (mut records, mut left, mut end) = (Vec::new(), most, Ok(()));
    while left > 0 {
        let line = match answer.next().await {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(fault) => {
                end = Err(fault);
                break;
            }
        };
        let rows = rows.of(parsed(line)?);
        if sorted {
            records.extend(rows);
            continue;
        }
        for row in rows.iter().take(left) {
            page.record(row).map_err(unwritten)?;
        }
        left = left.saturating_sub(rows.len());
    }
    output.arrange(&mut records);
    records.iter().take(most).try_for_each(|record| page.record(record)).map_err(unwritten)?;
    let rows = page.end().map_err(unwritten)?;
    end.map(|()| rows)
}

/// The message once for each recipient, with that one's own state.
fn by_recipient(mut message: Value) -> Vec<Value> {
    let Some(fields) = message.as_object_mut() else { return Vec::new() };
    let Some(Value::Array(recipients)) = fields.remove("recipients") else { return Vec::new() };
    let row = |recipient: Value| {
        let mut row = fields.clone();
        row.insert("schema".to_owned(), record::RECIPIENT.into());
        row.extend(recipient.as_object().cloned().unwrap_or_default());
        Value::Object(row)
    };
    recipients.into_iter().map(row).collect()
}

pub(super) async fn show(office: &Office, show: Show) -> Result<Exit, Failure> {
    show.output.names(record::MESSAGE)?;
    let part = show.part();
    let filter = these(Selection::default(), show.ids)?;
    if let Some(part) = part {
        return content::show(office, &filter.id, part).await;
    }
    let mut answer = ask(office, Request::list(filter, None)).await?;
    let output = show.output;
    let unsaid = output.format.is_none() && !output.json && output.fields.is_empty();
    // On a terminal, one message is more than a row of a table: all of it, to be read.
    let plain = unsaid && std::io::stdout().is_terminal();
    let mut page = output.page(&MESSAGE, &WIDE_MESSAGE);
    let (mut records, sorted) = (Vec::new(), output.sort.is_some() || output.reverse);
    let end = loop {
        let mut record = match answer.next().await {
            Ok(Some(line)) => parsed(line)?,
            Ok(None) => break Ok(()),
            Err(fault) => break Err(fault),
        };
        prove(office, &mut record).await;
        match (plain, sorted) {
            (true, _) => {
                let text = serde_json::to_string_pretty(&record).unwrap_or_default();
                tell(&format!("{}\n", harmless(&text)))?;
            }
            (false, true) => records.push(record),
            (false, false) => page.record(&record).map_err(unwritten)?,
        }
    };
    output.arrange(&mut records);
    records.iter().try_for_each(|record| page.record(record)).map_err(unwritten)?;
    if !plain {
        page.end().map_err(unwritten)?;
    }
    end.map(|()| Exit::Ok)
}

/// Adds the digest of its content to a record, where that can be read.
async fn prove(office: &Office, record: &mut Value) {
    if record["sha256"].is_null() {
        return;
    }
    let id = record["id"].as_str().unwrap_or_default().to_owned();
    if let Ok(digest) = content::digest(office, &id).await {
        record["content_sha256"] = digest.into();
    }
}

pub(super) async fn domains(office: &Office, domains: Domains) -> Result<Exit, Failure> {
    let named = Selection { domain: domains.domains.clone(), ..Selection::default() };
    these(named, Vec::new())?;
    let Domains { domains, ages, output } = domains;
    output.names(record::DOMAIN)?;
    let digests = output.digests()?;
    let mut answer = ask(office, Request::Domains { domain: domains, ages }).await?;
    if let Some(format) = digests {
        return output.digest(&mut answer, format).await;
    }
    let usual = if ages { &AGED_DOMAIN[..] } else { &DOMAIN };
    let wide = if ages { &AGED_DOMAIN[..] } else { &WIDE_DOMAIN };
    output.put(&mut answer, output.page(usual, wide)).await?;
    Ok(Exit::Ok)
}

pub(super) async fn sessions(office: &Office, sessions: Sessions) -> Result<Exit, Failure> {
    let Sessions { accounts, limit, output } = sessions;
    output.names(record::SESSION)?;
    let request = Request::Sessions { limit: Some(limit), account: accounts };
    let mut answer = ask(office, request).await?;
    output.put(&mut answer, output.page(&SESSION, &SESSION)).await?;
    Ok(Exit::Ok)
}

pub(super) async fn verify(office: &Office, verify: Verify) -> Result<Exit, Failure> {
    verify.output.names(record::FINDING)?;
    if verify.repair && matches!(office, Office::Socket(_)) {
        let what = "--repair is for a spool that nobody uses: stop odmrd, and name it by --spool";
        return Err(Failure::new(Exit::Usage, what));
    }
    let mut answer = match (office, verify.repair && !verify.dry_run) {
        (Office::Spool(folder), true) => repair(folder).await?,
        _ => ask(office, Request::Verify).await?,
    };
    let output = verify.output;
    let mut page = output.page(&FINDING, &FINDING);
    let mut open = 0u64;
    while let Some(line) = answer.next().await? {
        let record = parsed(line)?;
        if record["schema"] == VERIFIED {
            let of = |key: &str, noun: &str| {
                let count = record[key].as_u64().unwrap_or_default();
                format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
            };
            say(&format!(
                "{}, {} of content are what came in; {}",
                of("entries", "message"),
                of("bytes", "octet"),
                of("findings", "finding")
            ));
            if page.takes_lines() {
                page.record(&record).map_err(unwritten)?;
            }
            continue;
        }
        open += u64::from(record["repaired"] != true);
        page.record(&record).map_err(unwritten)?;
    }
    page.end().map_err(unwritten)?;
    Ok(if open > 0 { Exit::Partial } else { Exit::Ok })
}

pub(super) async fn audit(office: &Office, audit: Audit) -> Result<Exit, Failure> {
    audit.output.names(record::AUDIT)?;
    let mut answer = ask(office, Request::Audit { limit: Some(audit.limit) }).await?;
    audit.output.put(&mut answer, audit.output.page(&AUDIT, &AUDIT)).await?;
    Ok(Exit::Ok)
}

/// How long a look may take, however short the time is.
const LOOK: Duration = Duration::from_secs(5);
/// How often we look.
const PULSE: Duration = Duration::from_secs(1);
/// A daemon that has answered before is back within this time where it is started anew.
const RESTART: Duration = Duration::from_secs(60);

pub(super) async fn wait(office: &Office, wait: Wait) -> Result<Exit, Failure> {
    let mut filter = these(wait.filter, Vec::new())?;
    filter.leave_out_deleted();
    let until = Instant::now() + wait.timeout.get();
    let mut heard = None;
    loop {
        // Even who does not want to wait hears how it is.
        let patience = until.max(Instant::now() + LOOK);
        let Ok(there) = timeout_at(patience, is_there(office, &filter)).await else {
            let what = format!("no answer within {}", wait.timeout);
            return Err(Failure::new(Exit::TempFail, what));
        };
        let there = match there {
            Ok(there) => there,
            Err(failure) if is_away(&failure) && is_awaited(heard, until) => {
                tokio::time::sleep(PULSE).await;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        heard = Some(Instant::now());
        if there == wait.any {
            return Ok(Exit::Ok);
        }
        let now = Instant::now();
        if now >= until {
            let what = if wait.any { "there are none yet" } else { "there are some still" };
            return Err(Failure::new(Exit::TempFail, format!("{what} after {}", wait.timeout)));
        }
        // The last look is at the very end.
        tokio::time::sleep(PULSE.min(until - now)).await;
    }
}

/// Has whoever was asked hung up, or is nobody there?
fn is_away(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::Unavailable | Exit::TempFail | Exit::Io)
}

/// Who has answered before is given time to come back.
fn is_awaited(heard: Option<Instant>, until: Instant) -> bool {
    let now = Instant::now();
    heard.is_some_and(|heard| now < heard + RESTART) && now + PULSE <= until
}

/// Is there one of these?
async fn is_there(office: &Office, filter: &Selection) -> Result<bool, Failure> {
    let mut answer = ask(office, Request::list(filter.clone(), Some(1))).await?;
    match answer.next().await {
        Ok(record) => Ok(record.is_some()),
        // An id that is gone is one that no longer waits; an account or a domain that is not there is a mistake.
        Err(failure)
            if failure.exit == Exit::NoInput
                && filter.account.is_empty()
                && filter.domain.is_empty() =>
        {
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}
