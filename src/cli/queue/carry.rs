//! `export` and `import`: messages leave the queue as files, and come back from them.
//!
//! | form | content | envelope |
//! |---|---|---|
//! | eml | `ID.eml` | `ID.json` beside it |
//! | maildir | `new/ID` | `envelopes.jsonl` in the folder |
//! | mbox | one file, lines quoted as in mboxrd | a line each in `FILE.jsonl` |
//!
//! Contents are the octets that would be handed over, with the line ends that they have. The envelope says
//! how many they are, so that what a form adds (mbox: a line end) is known and taken off again.

pub(super) mod files;

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use self::files::{Reader, Writer};
use super::content::Content;
use super::{Export, Import, parsed, say, with_ids};
use crate::cli::failure::told;
use crate::cli::tell;
use crate::exit::{Exit, Failure};
use crate::flow::desk::client::{Office, ask, hand_in};
use crate::flow::desk::record::IMPORTED;
use crate::flow::desk::wire::Request;

pub(super) async fn export(office: &Office, export: Export) -> Result<Exit, Failure> {
    let filter = with_ids(export.filter, export.ids)?;
    let mut answer = ask(office, Request::list(filter, None)).await?;
    let mut envelopes = Vec::new();
    while let Some(line) = answer.next().await? {
        envelopes.push(parsed(line)?);
    }
    if envelopes.is_empty() {
        return Err(Failure::new(Exit::Partial, "there are no such messages; nothing was written"));
    }
    let mut writer = Writer::create(export.form, &export.to)?;
    let (mut written, mut worst) = (0u64, Exit::Ok);
    for envelope in envelopes {
        match carry(office, &mut writer, envelope).await {
            Ok(()) => written += 1,
            // A reader who waits for the others is not kept from them by a damaged one.
            Err(failure) if failure.exit == Exit::Io && writer.is_sound() => {
                worst = worst.max(Exit::Partial);
                told("queuectl", &failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    writer.finish()?;
    say(&format!("{written} written to {}", export.to.display()));
    Ok(worst)
}

async fn carry(office: &Office, writer: &mut Writer, mut envelope: Value) -> Result<(), Failure> {
    let id = envelope["id"].as_str().unwrap_or_default().to_owned();
    let mut content = Content::of(office, &id).await?;
    let mut message = writer.begin(&id)?;
    let mut digest = Sha256::new();
    while let Some(octets) = content.next().await? {
        digest.update(&octets);
        message.write(&octets)?;
    }
    envelope["content_sha256"] =
        digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect::<String>().into();
    message.finish(&envelope)
}

pub(super) async fn import(office: &Office, import: Import) -> Result<Exit, Failure> {
    let mut worst = Exit::Ok;
    let mut results: HashMap<&'static str, u64> = HashMap::new();
    for path in &import.from {
        let reader = Reader::open(path)?;
        for found in reader {
            let taken = match found {
                Ok(message) => one(office, message).await,
                Err(failure) => Err(failure),
            };
            match taken {
                Ok(result) => *results.entry(result).or_default() += 1,
                Err(failure) if matches!(failure.exit, Exit::Data | Exit::NoInput) => {
                    *results.entry("refused").or_default() += 1;
                    worst = worst.max(Exit::Data);
                    told("queuectl", &failure);
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    let count = |word| results.get(word).copied().unwrap_or_default();
    let record = serde_json::json!({
        "schema": IMPORTED, "kept": count("kept"), "there": count("there"),
        "done": count("done"), "refused": count("refused"),
    });
    tell(&format!("{record}\n"))?;
    Ok(worst)
}

/// Hands one message in. What came of it, in the desk's word.
async fn one(office: &Office, message: files::Found) -> Result<&'static str, Failure> {
    let files::Found { place, envelope, content } = message;
    let labelled = |mut failure: Failure| {
        failure.what = format!("{}: {}", place.display(), failure.what);
        failure
    };
    let carried = serde_json::from_value(envelope)
        .map_err(|fault| Failure::new(Exit::Data, format!("no envelope of ours: {fault}")))
        .map_err(labelled)?;
    let mut answer = hand_in(office, carried, content).await.map_err(labelled)?;
    let mut result = "kept";
    while let Some(line) = answer.next().await.map_err(labelled)? {
        result = match parsed(line)?["result"].as_str() {
            Some("there") => "there",
            Some("done") => "done",
            _ => "kept",
        };
    }
    Ok(result)
}
