//! `queuectl watch`: what happens, as it happens.

use std::io::{BufWriter, IsTerminal};
use std::time::Duration;

use serde_json::Value;

use super::{Output, Paper, Watch, parsed, say, these, unwritten};
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::Request;
use crate::report::{Format, Page};

/// How often a provider that has gone is looked for.
const AGAIN: Duration = Duration::from_secs(1);
/// A line for people: a table would have to be complete.
const LINE: &str = "{at}  {event}  {account}  {domain}  {id}  {code} {text}{result}";
const FIELDS: [&str; 10] =
    ["seq", "at", "event", "domain", "account", "id", "session", "code", "text", "result"];

/// Somebody who watches.
struct Watcher {
    page: Paper<'static>,
    /// The number of the last event that was heard of.
    after: Option<u64>,
    /// How many are still to be shown.
    left: u64,
}

/// Goes on where it was when odmrd is started anew.
pub(super) async fn watch(office: &Office, wanted: Watch) -> Result<Exit, Failure> {
    let Watch { from_cursor, no_follow, event, domain, account, id, code, limit, output } = wanted;
    if output.sort.is_some() || output.reverse {
        let what = "--sort and --reverse: what happens comes in its own order";
        return Err(Failure::new(Exit::Usage, what));
    }
    output.names(crate::flow::desk::record::EVENT)?;
    let named = Selection { domain, account, id, code, ..Selection::default() };
    let Selection { domain, account, id, code, .. } = these(named, Vec::new())?;
    let (left, page) = (limit.unwrap_or(u64::MAX), page(&output));
    let after = if no_follow { from_cursor.or(Some(0)) } else { from_cursor };
    let mut watcher = Watcher { page, after, left };
    let (mut reached, mut told) = (false, false);
    while watcher.left > 0 {
        let request = Request::Watch {
            after: watcher.after,
            event: event.clone(),
            domain: domain.clone(),
            account: account.clone(),
            id: id.clone(),
            code: code.clone(),
            so_far: no_follow,
        };
        let heard = watcher.hear(office, request, &mut reached, &mut told).await;
        match heard {
            Ok(()) => break,
            Err(failure) if reached && !no_follow && is_away(office, &failure) => {
                if !std::mem::replace(&mut told, true) {
                    say(&format!("{}; waiting for it", failure.what));
                }
                if watcher.after.is_none() {
                    // Whatever the next one knows has happened since.
                    watcher.after = Some(0);
                }
                tokio::time::sleep(AGAIN).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    watcher.page.end().map_err(unwritten)?;
    Ok(Exit::Ok)
}

impl Watcher {
    /// Until there is no more to be shown.
    async fn hear(
        &mut self,
        office: &Office,
        request: Request,
        reached: &mut bool,
        told: &mut bool,
    ) -> Result<(), Failure> {
        let mut answer = ask(office, request).await?;
        (*reached, *told) = (true, false);
        while self.left > 0 {
            let Some(line) = answer.next().await? else { return Ok(()) };
            let record: Value = parsed(line)?;
            self.after = record["seq"].as_u64().or(self.after);
            self.page.record(&record).and_then(|()| self.page.flush()).map_err(unwritten)?;
            // What is missing is no event.
            self.left -= u64::from(record["event"] != "lost" && record["event"] != "restarted");
        }
        Ok(())
    }
}

/// It is being started anew, perhaps. A spool that nobody runs will tell of nothing, however long one waits.
fn is_away(office: &Office, failure: &Failure) -> bool {
    matches!(office, Office::Socket(_))
        && matches!(failure.exit, Exit::TempFail | Exit::Unavailable | Exit::Io)
}

/// Every line as soon as it is known.
fn page(output: &Output) -> Paper<'static> {
    let terminal = std::io::stdout().is_terminal();
    let format = match (&output.format, output.json) {
        (_, true) => Format::Jsonl,
        (None, _) if !terminal => Format::Jsonl,
        (None | Some(Format::Human | Format::Wide), _) if output.fields.is_empty() => {
            Format::Template(LINE.to_owned())
        }
        (None | Some(Format::Human | Format::Wide), _) => Format::Tsv,
        (Some(format), _) => format.clone(),
    };
    let out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    Page::new(out, format, output.fields.clone(), &FIELDS, None)
}
