//! `queuectl stats`: the queue by groups, counted as it streams past.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{By, Stats, parsed, these, unwritten};
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::record::{GROUP, Group};
use crate::flow::desk::wire::Request;

const COLUMNS: [&str; 4] = ["key", "messages", "bytes", "oldest_s"];

/// Groups that are told apart; with more senders than this the others are one.
const MOST: usize = 100_000;
const OTHERS: &str = "(others)";

/// Messages of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    messages: u64,
    bytes: u64,
    oldest_s: i64,
}

pub(super) async fn stats(office: &Office, wanted: Stats) -> Result<Exit, Failure> {
    let filter = these(wanted.filter, Vec::new())?;
    let mut answer = ask(office, Request::list(filter, None)).await?;
    let mut groups: BTreeMap<String, Sum> = BTreeMap::new();
    while let Some(line) = answer.next().await? {
        let message = parsed(line)?;
        let key = key(wanted.group_by, &message);
        let full = groups.len() >= MOST && !groups.contains_key(&key);
        let sum = groups.entry(if full { OTHERS.to_owned() } else { key }).or_default();
        sum.messages += 1;
        sum.bytes += message["size"].as_u64().unwrap_or_default();
        sum.oldest_s = sum.oldest_s.max(message["age_s"].as_i64().unwrap_or_default());
    }
    let record = |(key, sum): (String, Sum)| {
        let Sum { messages, bytes, oldest_s } = sum;
        let by = name(wanted.group_by);
        serde_json::to_value(Group { schema: GROUP, by, key, messages, bytes, oldest_s })
    };
    let records = groups.into_iter().map(record).collect::<Result<Vec<_>, _>>();
    let mut records = records.map_err(|fault| Failure::new(Exit::Software, fault))?;
    if wanted.group_by != By::Age && wanted.output.sort.is_none() {
        records.sort_by_key(|group| std::cmp::Reverse(group["messages"].as_u64()));
    }
    wanted.output.arrange(&mut records);
    let mut page = wanted.output.page(&COLUMNS, &COLUMNS);
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
        By::Age => age(message["age_s"].as_i64().unwrap_or_default()),
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
    value.as_str().unwrap_or_default().to_owned()
}

/// Hours and days: in a queue like this one, five minutes are no age. The number in front keeps them
/// in order.
fn age(seconds: i64) -> String {
    const BUCKETS: [(i64, &str); 5] = [
        (3600, "1 up to 1h"),
        (6 * 3600, "2 up to 6h"),
        (86_400, "3 up to 1d"),
        (3 * 86_400, "4 up to 3d"),
        (7 * 86_400, "5 up to 7d"),
    ];
    let bucket = BUCKETS.iter().find(|(most, _)| seconds <= *most);
    bucket.map_or("6 older", |(_, name)| name).to_owned()
}
