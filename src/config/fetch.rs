//! `atrn-fetch.toml`, and what of it counts: the settings of one account, put together from layers.
//!
//! The nearer layer wins: flag, environment, the user's file, the system's file, default. Inside a
//! file `[account.NAME]` goes before `[defaults]`. [`table`] holds the one list of settings, from
//! which the file's keys, the flags and their help are made; `atrn-fetch.toml(5)` explains each.
//!
//! Not here: what the values mean together, which is [`check`].

pub mod begin;
pub mod check;
pub mod choice;
pub mod fetchmailrc;
pub mod files;
pub mod show;
pub mod table;
pub mod whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::document::{Document, Problem, Problems, quoted_if_needed};
use super::reword::did_you_mean;

pub use choice::{
    Ask, ClearAuth, ExitCodes, Family, Folder, Introduce, Judge, Lock, MappedDomain, Mechanism,
    Others, Per, Profile, TlsMin, TlsMode, Verb,
};
pub use table::{Account, Layer};
pub use whole::{Whole, WholeEffective};

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// What holds for a run as a whole.
    pub run: Whole,
    /// What holds for every account that does not say otherwise.
    pub defaults: Layer,
    /// The accounts by name.
    pub account: BTreeMap<String, Layer>,
}

impl File {
    /// The settings a document holds; relative paths start at the document's folder.
    ///
    /// # Errors
    /// The mistakes in it.
    pub fn parse(document: &Document) -> Result<File, Problems> {
        let mut file: File = document.parse_all()?;
        let layers = file.account.values_mut().chain([&mut file.defaults]);
        layers.for_each(|layer| layer.anchor(|path| document.beside(path)));
        Ok(file)
    }
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The user's own, or the one named by `--config`.
    User,
    /// The system's.
    System,
}

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag on the command line.
    Flag,
    /// An `ODMR_*` variable.
    Environment,
    /// A table of a file.
    File {
        /// Whose.
        owner: Owner,
        /// Which file.
        path: PathBuf,
        /// Which table in it: `account.home` or `defaults`.
        table: String,
    },
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment => f.write_str("environment"),
            Origin::File { path, table, .. } => write!(f, "{} [{table}]", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The settings files that there are, nearest first.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<(Owner, Document, File)>);

impl Files {
    /// Reads documents at hand, nearest first.
    ///
    /// # Errors
    /// The mistakes in the first of them that has any.
    pub fn parse(documents: Vec<(Owner, Document)>) -> Result<Files, Problems> {
        let read = |(owner, document): (Owner, Document)| {
            let file = File::parse(&document)?;
            Ok((owner, document, file))
        };
        documents.into_iter().map(read).collect::<Result<_, _>>().map(Files)
    }

    /// The names of all accounts, sorted.
    pub fn accounts(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .0
            .iter()
            .flat_map(|(_, _, file)| file.account.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The effective settings of an account of these files.
    ///
    /// # Errors
    /// When no file has an account of that name.
    pub fn account(&self, name: &str, nearest: Vec<(Layer, Origin)>) -> Result<Effective, Problem> {
        if self.accounts().contains(&name) {
            return Ok(self.effective(name, nearest));
        }
        let mut problem = Problem::new(self.named(), "", format!("no account {name:?}"));
        problem.hint = did_you_mean(name, &self.accounts()).or_else(|| self.known_accounts());
        Err(problem)
    }

    /// The effective settings when flags alone describe the account; `[defaults]` still hold.
    pub fn by_flags(&self, nearest: Vec<(Layer, Origin)>) -> Effective {
        self.effective("", nearest)
    }

    fn effective(&self, name: &str, nearest: Vec<(Layer, Origin)>) -> Effective {
        let mut layers = nearest;
        let mut documents = Vec::new();
        for (owner, document, file) in &self.0 {
            let table = format!("account.{}", quoted_if_needed(name));
            let origin = |table: &str| {
                let (path, table) = (document.path().to_owned(), table.to_owned());
                Origin::File { owner: *owner, path, table }
            };
            if let Some(layer) = file.account.get(name) {
                layers.push((layer.clone(), origin(&table)));
            }
            layers.push((file.defaults.clone(), origin("defaults")));
            documents.push(document.clone());
        }
        Effective::of(name, layers, documents)
    }

    fn named(&self) -> String {
        let first = self.0.first().map(|(_, document, _)| document.path().display().to_string());
        first.unwrap_or_else(|| "command line".to_owned())
    }

    fn known_accounts(&self) -> Option<String> {
        let names = self.accounts();
        match names.is_empty() {
            true => Some("no settings file has any; name a --server, or write one".to_owned()),
            false => Some(format!("there are: {}", names.join(", "))),
        }
    }
}

/// An account as it counts, and where each of its settings came from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The settings.
    pub account: Account,
    origins: BTreeMap<&'static str, Origin>,
    documents: Vec<Document>,
}

impl Effective {
    /// Puts layers together; of two that set a key the earlier wins.
    fn of(name: &str, layers: Vec<(Layer, Origin)>, documents: Vec<Document>) -> Effective {
        let mut merged = Layer::default();
        let mut origins = BTreeMap::new();
        for (layer, origin) in layers {
            for key in layer.keys_set() {
                origins.entry(key).or_insert_with(|| origin.clone());
            }
            merged = merged.or(layer);
        }
        Effective { account: Account::new(name, merged), origins, documents }
    }

    /// Where a setting came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// A problem with a setting, told where the setting came from.
    pub fn problem(&self, key: &str, fault: impl Into<String>) -> Problem {
        match self.origin(key) {
            Origin::Flag => Problem::new("command line", &flag(key), fault),
            Origin::Environment => Problem::new("environment", &variable(key), fault),
            Origin::File { path, table, .. } => {
                self.in_file(&path, &format!("{table}.{key}"), fault)
            }
            Origin::Default => self.unset(key, fault),
        }
    }

    fn in_file(&self, path: &Path, key: &str, fault: impl Into<String>) -> Problem {
        match self.documents.iter().find(|document| document.path() == path) {
            Some(document) => document.problem(key, fault),
            None => Problem::new(path.display().to_string(), key, fault),
        }
    }

    /// The account has a table of its own to be mended in, or only flags.
    fn unset(&self, key: &str, fault: impl Into<String>) -> Problem {
        let table = format!("account.{}", quoted_if_needed(&self.account.name));
        match self.documents.first() {
            Some(document) if !self.account.name.is_empty() => {
                document.problem(&format!("{table}.{key}"), fault)
            }
            _ => Problem::new("command line", &flag(key), fault),
        }
    }
}

/// The flag that sets a key.
pub fn flag(key: &str) -> String {
    let word = match key {
        "domains" => "domain",
        "accept_domains" => "accept-domain",
        "folders" => "folder",
        "map_domains" => "map-domain",
        "arguments" => "argument",
        "mechanism" => "mech",
        "server_name" => "servername",
        "password" => "password-file",
        other => return format!("--{}", other.replace('_', "-")),
    };
    format!("--{word}")
}

/// The environment variable that sets a key.
pub fn variable(key: &str) -> String {
    format!("ODMR_{}", key.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
