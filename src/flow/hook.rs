//! A program of the user's hears what came of a run: `on_mail`, `on_error`. By arguments and never by a
//! shell; the summary is on its standard input. Whatever it does, the run came to what it came to.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::time::Duration;

use tracing::error;

use super::memory::Telling;
use super::summary::Summary;
use crate::config::fetch::Account;
use crate::sink::child::Program;
use crate::smtp::escape::Escaped;

/// Calls those that are set and have something to hear.
pub async fn call(account: &Account, summary: &Summary, telling: &Telling) {
    let said = Said { account, summary, telling };
    if summary.accepted > 0 {
        said.to("on_mail", &account.on_mail).await;
    }
    if !matches!(telling, Telling::Well | Telling::Known) {
        said.to("on_error", &account.on_error).await;
    }
}

struct Said<'a> {
    account: &'a Account,
    summary: &'a Summary,
    telling: &'a Telling,
}

impl Said<'_> {
    async fn to(&self, hook: &'static str, words: &[String]) {
        let Some((path, arguments)) = words.split_first() else { return };
        let program = Program {
            path: path.into(),
            arguments: arguments.iter().map(OsString::from).collect(),
            variables: self.variables(),
        };
        let patience = self.account.timeout_program.get();
        if let Err(what) = self.run(&program, patience).await {
            error!(hook, program = path, "{what}");
        }
    }

    async fn run(&self, program: &Program, patience: Duration) -> Result<(), String> {
        let input = self.input().map_err(|error| format!("no room for its input: {error}"))?;
        let ended = program.run(input, patience).await;
        let ended = ended.map_err(|error| format!("cannot be run: {error}"))?;
        match ended.code() {
            Some(0) => Ok(()),
            _ => Err(format!("{}: {}", ended.how(patience), Escaped(&ended.printed))),
        }
    }

    /// The summary as JSON, a line.
    fn input(&self) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        serde_json::to_writer(&file, self.summary)?;
        file.write_all(b"\n")?;
        file.rewind()?;
        Ok(file)
    }

    /// For scripts that read no JSON. All text is ours, or escaped.
    fn variables(&self) -> Vec<(&'static str, OsString)> {
        let Summary { exit, accepted, duplicates, bytes, server, reason, .. } = self.summary;
        let result = serde_json::to_value(self.summary.result).unwrap_or_default();
        vec![
            ("FETCH_ACCOUNT", self.account.label().into()),
            ("FETCH_SERVER", server.into()),
            ("FETCH_RESULT", result.as_str().unwrap_or_default().into()),
            ("FETCH_EXIT", (*exit as u8).to_string().into()),
            ("FETCH_ACCEPTED", accepted.to_string().into()),
            ("FETCH_DUPLICATES", duplicates.to_string().into()),
            ("FETCH_BYTES", bytes.to_string().into()),
            ("FETCH_REASON", reason.clone().unwrap_or_default().into()),
            ("FETCH_TELLING", self.telling.name().into()),
        ]
    }
}
