//! The dialogues of a run, where its owner wants to read them.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use super::Output;
use super::words::labelled;
use crate::cli::failure::told;
use crate::config::fetch::{Account, Effective};
use crate::exit::{Exit, Failure};
use crate::flow::errand::Transcript;
use crate::flow::visit::Told;

pub(super) fn wants_dialogue(effective: &Effective, output: Output) -> bool {
    effective.account.transcript.is_some() || output.verbose > 1
}

/// Keeps the dialogues of a run. Mail has come, and others are waiting for their turn; a record that cannot
/// be kept stops neither.
pub(super) fn keep_all(effective: &Effective, output: Output, all: &[Told]) -> Exit {
    let mut kept = Exit::Ok;
    for visit in all {
        let transcripts = visit.transcripts.as_deref().unwrap_or_default();
        let started = visit.summary.started;
        if let Err(failure) = keep_transcripts(&effective.account, output, started, transcripts) {
            kept = kept.max(told("atrn-fetch", &labelled(failure, effective)));
        }
    }
    kept
}

/// Dialogues, one file for each session, for the owner's eyes; with `-vv` on standard error too.
pub(super) fn keep_transcripts(
    account: &Account,
    output: Output,
    started: Timestamp,
    transcripts: &[Transcript],
) -> Result<(), Failure> {
    for transcript in transcripts {
        if output.verbose > 1 {
            let _ = write!(std::io::stderr().lock(), "{transcript}");
        }
        let Some(folder) = &account.transcript else { continue };
        let label: String = account
            .label()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' })
            .collect();
        let stem = format!("{label}-{}", started.strftime("%Y%m%dT%H%M%SZ"));
        keep_private(folder, &stem, &transcript.to_string())?;
    }
    Ok(())
}

/// Writes a file under the first number that is free; another provider may have been called in the same
/// second.
fn keep_private(folder: &Path, stem: &str, text: &str) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut n = 1u32;
    loop {
        let path = folder.join(format!("{stem}-{n}.txt"));
        let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => n += 1,
            Err(error) => {
                let what = format!("{}: {error}", path.display());
                return Err(Failure::new(Exit::CantCreate, what));
            }
        }
    }
}
