//! `export` and `import`: messages leave the queue as files, and come back from them.
//!
//! | form | content | envelope |
//! |---|---|---|
//! | eml | `ID.eml` | `ID.json` beside it |
//! | maildir | `new/ID` | `envelopes.jsonl` in the folder |
//! | mbox | one file, lines quoted as in mboxrd | a line each in `FILE.jsonl` |
//! | tar | `ID.eml` in one file | `ID.json` in it |
//!
//! Contents are the octets that would be handed over, with the line ends that they have. The envelope says
//! how many they are, so that what a form adds (mbox: a line end) is known and taken off again.

pub(super) mod files;

use std::collections::{HashMap, VecDeque};

use serde_json::Value;
use sha2::{Digest, Sha256};

use self::files::{Reader, Writer};
use super::content::{Content, hex};
use super::{Export, Import, parsed, say, these};
use crate::cli::failure::told;
use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask, hand_in};
use crate::flow::desk::import::Carried;
use crate::flow::desk::record::{IMPORTED, MESSAGE};
use crate::flow::desk::selection::Selection;
use crate::flow::desk::wire::Request;
use crate::smtp::escape::Escaped;

pub(super) async fn export(office: &Office, export: Export) -> Result<Exit, Failure> {
    let mut filter = these(export.filter, export.ids)?;
    if filter.id.is_empty() {
        filter.leave_out_deleted();
    }
    let mut envelopes = Envelopes::of(office, filter);
    let Some(mut next) = envelopes.next().await? else {
        let nothing =
            Failure::new(Exit::Partial, "there are no such messages; nothing was written");
        return Err(envelopes.missing.into_iter().next().unwrap_or(nothing));
    };
    if export.to.as_os_str() == "-" {
        let what = "TO: saw \"-\"; expected a folder or a file: envelopes and contents need names";
        let hint = "one content goes to standard output by: queuectl show ID --raw";
        return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
    }
    let mut writer = Writer::create(export.form, &export.to)?;
    let (mut written, mut gone, mut left, mut worst) = (0u64, 0u64, 0u64, Exit::Ok);
    loop {
        match carry(office, &mut writer, next).await? {
            Taken::Written => written += 1,
            Taken::Gone => gone += 1,
            // A reader who waits for the others is not kept from them by a damaged one.
            Taken::Unreadable(failure) => {
                left += 1;
                worst = worst.max(Exit::Partial);
                told("queuectl", &failure);
            }
        }
        let Some(another) = envelopes.next().await? else { break };
        next = another;
    }
    writer.finish()?;
    say(&format!("{written} written to {}", export.to.display()));
    if left > 0 {
        say(&format!("{left} could not be read, and are not among them"));
    }
    if gone > 0 {
        say(&format!("{gone} went out in the meantime, and are not among them"));
    }
    for missing in envelopes.missing {
        told("queuectl", &missing);
        worst = Exit::NoInput;
    }
    Ok(worst)
}

/// Messages that are asked for in one go. Each time the names of all are looked through, where they are those
/// of a domain.
const SOME: usize = 4096;

/// The envelopes of what is meant, some at a time.
struct Envelopes<'a> {
    office: &'a Office,
    filter: Selection,
    /// Those that are named, the first one last.
    ids: Vec<String>,
    named: bool,
    cursor: Option<String>,
    here: VecDeque<Value>,
    ended: bool,
    /// Of those that were named some are not there.
    missing: Vec<Failure>,
}

impl Envelopes<'_> {
    fn of(office: &Office, mut filter: Selection) -> Envelopes<'_> {
        let mut ids = std::mem::take(&mut filter.id);
        ids.sort_unstable();
        ids.dedup();
        ids.reverse();
        let named = !ids.is_empty();
        let here = VecDeque::new();
        Envelopes {
            office,
            filter,
            ids,
            named,
            cursor: None,
            here,
            ended: false,
            missing: Vec::new(),
        }
    }

    async fn next(&mut self) -> Result<Option<Value>, Failure> {
        while self.here.is_empty() && !self.ended {
            self.ask().await?;
        }
        Ok(self.here.pop_front())
    }

    async fn ask(&mut self) -> Result<(), Failure> {
        let mut filter = self.filter.clone();
        filter.id = self.ids.split_off(self.ids.len().saturating_sub(SOME));
        let limit = (!self.named).then_some(SOME as u64);
        let cursor = self.cursor.take();
        let mut answer =
            ask(self.office, Request::List { filter, limit, cursor, include_done: false }).await?;
        loop {
            match answer.next().await {
                Ok(Some(line)) => self.here.push_back(parsed(line)?),
                Ok(None) => break,
                Err(failure) if self.named && failure.exit == Exit::NoInput => {
                    self.missing.push(failure);
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
        self.cursor = answer.more_behind().map(str::to_owned);
        self.ended = if self.named { self.ids.is_empty() } else { self.cursor.is_none() };
        Ok(())
    }
}

/// What became of a message that was to be written down.
enum Taken {
    /// It is.
    Written,
    /// It went out in the meantime.
    Gone,
    /// It is damaged.
    Unreadable(Failure),
}

/// Writes a message down.
///
/// # Errors
/// [`Failure`] when nothing more can be written, or odmrd is there no more.
async fn carry(
    office: &Office,
    writer: &mut Writer,
    mut envelope: Value,
) -> Result<Taken, Failure> {
    // It becomes the name of a file.
    let id = ulid::Ulid::from_string(envelope["id"].as_str().unwrap_or_default());
    let id = id.map_err(|_| Failure::new(Exit::Protocol, "a message without an id"))?.to_string();
    if envelope["recipients"].as_array().is_none_or(Vec::is_empty) {
        let why = Escaped::text(envelope["damage"].as_str().unwrap_or("nothing is known of it"));
        return Ok(Taken::Unreadable(Failure::new(Exit::Io, format!("{id}: no envelope: {why}"))));
    }
    let mut content = Content::of(office, &id).await?;
    let mut octets = match content.next().await {
        Err(failure) if failure.exit == Exit::NoInput => return Ok(Taken::Gone),
        Err(failure) if failure.exit == Exit::Io => return Ok(Taken::Unreadable(failure)),
        first => first?,
    };
    let mut message = writer.begin(&id, &envelope)?;
    let mut digest = Sha256::new();
    while let Some(piece) = octets {
        digest.update(&piece);
        message.write(&piece)?;
        octets = match content.next().await {
            Err(failure) if failure.exit == Exit::Io => {
                message.abandon();
                return Ok(Taken::Unreadable(failure));
            }
            next => next?,
        };
    }
    envelope["content_sha256"] = hex(digest).into();
    message.finish(&envelope)?;
    Ok(Taken::Written)
}

pub(super) async fn import(office: &Office, import: Import) -> Result<Exit, Failure> {
    let mut worst = Exit::Ok;
    let mut results: HashMap<&'static str, u64> = HashMap::new();
    let mut end = Ok(());
    'all: for path in &import.from {
        let reader = match Reader::open(path) {
            Ok(reader) => reader,
            Err(failure) => {
                end = Err(failure);
                break;
            }
        };
        for found in reader {
            let taken = match found {
                Ok(message) => one(office, message, import.again).await,
                Err(failure) => Err(failure),
            };
            match taken {
                Ok(result) => *results.entry(result).or_default() += 1,
                Err(failure) if matches!(failure.exit, Exit::Data | Exit::NoInput) => {
                    *results.entry("refused").or_default() += 1;
                    worst = worst.max(Exit::Data);
                    told("queuectl", &failure);
                }
                // What came before it is told all the same: it is there.
                Err(failure) => {
                    end = Err(failure);
                    break 'all;
                }
            }
        }
    }
    if let (Err(failure), true) = (&end, results.is_empty()) {
        return Err(failure.clone());
    }
    let count = |word| results.get(word).copied().unwrap_or_default();
    let record = serde_json::json!({
        "schema": IMPORTED, "kept": count("kept"), "there": count("there"),
        "left": count("left"), "done": count("done"), "refused": count("refused"),
    });
    tell(&format!("{record}\n"))?;
    if count("left") > 0 {
        let left = count("left");
        say(&format!("{left} came before and have left since; --again takes them in once more"));
    }
    end.map(|()| worst)
}

/// Hands one message in. What came of it, in the desk's word.
async fn one(office: &Office, message: files::Found, again: bool) -> Result<&'static str, Failure> {
    let files::Found { place, envelope, content } = message;
    let labelled = |mut failure: Failure| {
        failure.what =
            format!("{}: {}", Escaped(place.as_os_str().as_encoded_bytes()), failure.what);
        failure
    };
    if let Some(schema) = envelope["schema"].as_str().filter(|&schema| schema != MESSAGE) {
        let seen = Escaped::text(schema);
        let what = format!("schema: saw {seen}, expected {MESSAGE}");
        return Err(labelled(Failure::new(Exit::Data, what)));
    }
    let mut carried: Carried = serde_json::from_value(envelope)
        .map_err(|fault| Failure::new(Exit::Data, format!("no envelope of ours: {fault}")))
        .map_err(labelled)?;
    carried.again = again;
    let mut answer = hand_in(office, carried, content).await.map_err(labelled)?;
    let mut result = "kept";
    while let Some(line) = answer.next().await.map_err(labelled)? {
        result = match parsed(line)?["result"].as_str() {
            Some("there") => "there",
            Some("done") => "done",
            Some("left") => "left",
            _ => "kept",
        };
    }
    Ok(result)
}
