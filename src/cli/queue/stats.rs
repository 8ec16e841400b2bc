//! `queuectl stats`: the queue by groups, counted as it streams past.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{By, Stats, parsed, say, these, unwritten};
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::record::{GROUP, Group, TRAFFIC};
use crate::flow::desk::selection::{Selection, past};
use crate::flow::desk::wire::{Apart, Request};
use crate::report::words;
use crate::smtp::escape::Escaped;

const COLUMNS: [&str; 4] = ["key", "messages", "bytes", "oldest_s"];
const SHAPE: [&str; 8] =
    ["key", "messages", "ages.1h", "ages.6h", "ages.1d", "ages.3d", "ages.7d", "ages.older"];

/// Groups that are told apart; with more senders than this the others are one.
const MOST: usize = 100_000;
const OTHERS: &str = "(others)";

/// Messages of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    messages: u64,
    bytes: u64,
    oldest_s: i64,
    ages: [u64; AGES.len()],
}

const TRAFFIC_COLUMNS: [&str; 10] = [
    "key",
    "received.messages",
    "received.bytes",
    "received.messages_per_h",
    "delivered.messages",
    "delivered.bytes",
    "delivered.messages_per_h",
    "deferred.messages",
    "deferred.messages_per_h",
    "refused.messages",
];

/// A time that has been, of a command line.
pub(super) fn since(word: &str) -> Result<Timestamp, String> {
    past(word, Timestamp::now())
}

/// How much came and went since then.
async fn traffic(office: &Office, wanted: Stats, since: Timestamp) -> Result<Exit, Failure> {
    let Stats { filter, group_by, limit, output, .. } = wanted;
    output.names(TRAFFIC)?;
    let by = match group_by {
        None => Apart::All,
        Some(By::Domain) => Apart::Domain,
        Some(By::Account) => Apart::Account,
        Some(other) => {
            let what = format!(
                "--since: what has passed is known by domain and account, not by {}",
                name(other)
            );
            return Err(Failure::new(Exit::Usage, what));
        }
    };
    let (domain, account) = (filter.domain.clone(), filter.account.clone());
    let whose =
        Selection { domain: domain.clone(), account: account.clone(), ..Selection::default() };
    if filter != whose {
        let what = "--since: of what has passed it is known whose it was, no more; allowed: --domain, --account";
        return Err(Failure::new(Exit::Usage, what));
    }
    these(filter, Vec::new())?;
    let asked =
        |by| Request::Traffic { since, domain: domain.clone(), account: account.clone(), by };
    let mut records = all(office, asked(by)).await?;
    // Where nothing is told apart there is a record also of nothing.
    let first = match records.first() {
        Some(first) => Some(first.clone()),
        None => all(office, asked(Apart::All)).await?.into_iter().next(),
    };
    first.iter().for_each(tell_of_missing);
    let most = |record: &Value| record["received"]["messages"].as_u64();
    records.sort_by_key(|record| std::cmp::Reverse(most(record)));
    records.truncate(limit.unwrap_or(usize::MAX));
    output.arrange(&mut records);
    let mut page = output.page(&TRAFFIC_COLUMNS, &TRAFFIC_COLUMNS);
    records.iter().try_for_each(|record| page.record(record)).map_err(unwritten)?;
    page.end().map_err(unwritten)?;
    Ok(Exit::Ok)
}

async fn all(office: &Office, request: Request) -> Result<Vec<Value>, Failure> {
    let mut answer = ask(office, request).await?;
    let mut records = Vec::new();
    while let Some(line) = answer.next().await? {
        records.push(parsed(line)?);
    }
    Ok(records)
}

/// Says where not all is counted that was asked for.
fn tell_of_missing(record: &Value) {
    let why = match record["missing"].as_str() {
        Some("restarted") => "odmrd was started then, and knows nothing of what was before",
        Some("lost") => "what was before is no longer remembered",
        _ => return,
    };
    let from = record["from"].as_str().unwrap_or_default();
    say(&format!("counted since {}: {why}", Escaped::text(from)));
}

pub(super) async fn stats(office: &Office, wanted: Stats) -> Result<Exit, Failure> {
    if let Some(since) = wanted.since {
        return traffic(office, wanted, since).await;
    }
    wanted.output.names(GROUP)?;
    let filter = these(wanted.filter, Vec::new())?;
    let by = wanted.group_by.unwrap_or(if wanted.shape { By::Domain } else { By::State });
    let mut answer = ask(office, Request::list(filter, None)).await?;
    let mut groups: BTreeMap<String, Sum> = BTreeMap::new();
    while let Some(line) = answer.next().await? {
        let message = parsed(line)?;
        let key = key(by, &message);
        let full = groups.len() >= MOST && !groups.contains_key(&key);
        let sum = groups.entry(if full { OTHERS.to_owned() } else { key }).or_default();
        sum.messages += 1;
        sum.bytes += message["size"].as_u64().unwrap_or_default();
        // Of what is damaged nobody knows how old it is.
        if let Some(age) = message["age_s"].as_i64() {
            sum.oldest_s = sum.oldest_s.max(age);
            sum.ages[bucket(&AGES, age)] += 1;
        }
    }
    let record = |(key, sum): (String, Sum)| {
        let Sum { messages, bytes, oldest_s, ages } = sum;
        let ages = AGES.iter().map(|(_, name)| *name).zip(ages).collect();
        serde_json::to_value(Group {
            schema: GROUP,
            by: name(by),
            key,
            messages,
            bytes,
            oldest_s,
            ages,
        })
    };
    let records = groups.into_iter().map(record).collect::<Result<Vec<_>, _>>();
    let mut records = records.map_err(|fault| Failure::new(Exit::Software, fault))?;
    let in_order = matches!(by, By::Age | By::Size) && wanted.limit.is_none();
    if !in_order {
        records.sort_by_key(|group| std::cmp::Reverse(group["messages"].as_u64()));
    }
    records.truncate(wanted.limit.unwrap_or(usize::MAX));
    wanted.output.arrange(&mut records);
    let columns = if wanted.shape { &SHAPE[..] } else { &COLUMNS };
    let mut page = wanted.output.page(columns, columns);
    records.iter().try_for_each(|record| page.record(record)).map_err(unwritten)?;
    page.end().map_err(unwritten)?;
    Ok(Exit::Ok)
}

fn name(by: By) -> &'static str {
    match by {
        By::Domain => "domain",
        By::Account => "account",
        By::Sender => "sender",
        By::State => "state",
        By::Reason => "reason",
        By::Age => "age",
        By::Size => "size",
    }
}

fn key(by: By, message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    match by {
        By::Domain => text(&message["domain"]),
        By::Account => text(&message["account"]),
        By::Sender => match text(&message["sender"]) {
            null if null.is_empty() => "<>".to_owned(),
            sender => sender,
        },
        By::State => text(&message["state"]),
        By::Reason => reason(&message["last"]),
        By::Age => bucketed(&AGES, message["age_s"].as_i64()),
        By::Size => bucketed(&SIZES, message["size"].as_i64()),
    }
}

fn reason(last: &Value) -> String {
    let words = [last["code"].to_string(), text(&last["enhanced"]), text(&last["text"])];
    match last["code"].is_null() {
        true => "-".to_owned(),
        false => words.join(" ").split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn text(value: &Value) -> String {
    words(value).unwrap_or_default().into_owned()
}

/// Up to so much, and what that is called; the last is for the rest.
type Buckets = [(i64, &'static str)];

/// Hours and days: in a queue like this one, five minutes are no age.
const AGES: [(i64, &str); 6] = [
    (3600, "1h"),
    (6 * 3600, "6h"),
    (86_400, "1d"),
    (3 * 86_400, "3d"),
    (7 * 86_400, "7d"),
    (i64::MAX, "older"),
];
const SIZES: [(i64, &str); 5] = [
    (4 << 10, "4 KiB"),
    (64 << 10, "64 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
    (i64::MAX, "larger"),
];

fn bucket(buckets: &Buckets, value: i64) -> usize {
    buckets.iter().position(|(most, _)| value <= *most).unwrap_or(buckets.len() - 1)
}

/// The number in front keeps them in order.
fn bucketed(buckets: &Buckets, value: Option<i64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let n = bucket(buckets, value);
    let (most, name) = buckets[n];
    let up_to = if most == i64::MAX { "" } else { "up to " };
    format!("{} {up_to}{name}", n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_where_its_name_says() {
        let age = |seconds| bucketed(&AGES, Some(seconds));
        assert_eq!((age(0), age(3600)), ("1 up to 1h".into(), "1 up to 1h".into()));
        assert_eq!((age(3601), age(7 * 86_400)), ("2 up to 6h".into(), "5 up to 7d".into()));
        assert_eq!(age(i64::MAX), "6 older");
        assert_eq!(bucketed(&SIZES, Some(4097)), "2 up to 64 KiB");
        let shown = SHAPE.iter().filter_map(|column| column.strip_prefix("ages."));
        assert!(shown.eq(AGES.iter().map(|(_, name)| *name)));
    }
}
