//! Where in a settings file something is wrong, told in one line.
//!
//! ```text
//! accounts.toml:7:12: account.acme.domains[1]: "exa mple" is not a domain name
//! ```
//!
//! `toml` prints the offending source line with its errors; a line of ours may hold a secret, so
//! only its position and its key are told.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use crate::smtp::escape::Escaped;

/// A settings file that cannot be used as it is. Exit 78.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {}{}", file.display(), prefix(.key), Escaped::text(.what))]
pub struct Misplaced {
    /// Which file.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The key, dotted from the top of the file; empty where the file is no TOML at all.
    pub key: String,
    /// What was seen, and what is allowed.
    pub what: String,
}

fn prefix(key: &str) -> String {
    match key {
        "" => String::new(),
        key => format!("{}: ", Escaped::text(key)),
    }
}

impl Misplaced {
    /// Says what is wrong at these octets of the text.
    pub fn at(file: &Path, text: &str, span: Range<usize>, what: impl Into<String>) -> Misplaced {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Misplaced {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: key_at(text, span.start).unwrap_or_default(),
            what: what.into(),
        }
    }

    /// The same for what `toml` found.
    pub fn from_toml(file: &Path, text: &str, error: &toml::de::Error) -> Misplaced {
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        Misplaced::at(file, text, error.span().unwrap_or(0..0), what)
    }
}

/// The key whose name or value stands at this octet.
fn key_at(text: &str, at: usize) -> Option<String> {
    let document = Document::parse(text).ok()?;
    in_table(document.as_table(), at)
}

fn in_table(table: &dyn TableLike, at: usize) -> Option<String> {
    table.iter().find_map(|(name, item)| {
        let name_at = table.key(name).and_then(toml_edit::Key::span);
        let here = covers(name_at, at) || covers(item.span(), at);
        match in_item(item, at) {
            Some(rest) => Some(format!("{name}{rest}")),
            None => here.then(|| name.to_owned()),
        }
    })
}

/// What follows the item's own key.
fn in_item(item: &Item, at: usize) -> Option<String> {
    if let Some(table) = item.as_table_like() {
        return in_table(table, at).map(|key| format!(".{key}"));
    }
    if let Some(tables) = item.as_array_of_tables() {
        let nth = |(n, table)| in_table(table, at).map(|key| format!("[{n}].{key}"));
        return tables.iter().map(|table| table as &dyn TableLike).enumerate().find_map(nth);
    }
    let values = item.as_array()?;
    let nth = values.iter().position(|value| covers(Value::span(value), at))?;
    Some(format!("[{nth}]"))
}

fn covers(span: Option<Range<usize>>, at: usize) -> bool {
    span.is_some_and(|span| span.contains(&at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# first\n[account.acme]\ndomains = [\"a.org\", \"b org\"]\n\
                        net = { bits = 7 }\n\n[[listen]]\nport = \"\u{fc}\" # x\n";

    fn told(needle: &str) -> String {
        let start = TEXT.find(needle).unwrap();
        Misplaced::at(Path::new("f.toml"), TEXT, start..start, "no").to_string()
    }

    #[test]
    fn the_place_is_file_line_column_and_key() {
        assert_eq!(told("\"b org"), "f.toml:3:21: account.acme.domains[1]: no");
        assert_eq!(told("domains"), "f.toml:3:1: account.acme.domains: no");
        assert_eq!(told("7 }"), "f.toml:4:16: account.acme.net.bits: no");
        assert_eq!(told("\"\u{fc}"), "f.toml:7:8: listen[0].port: no");
        assert_eq!(told("acme"), "f.toml:2:10: account.acme: no");
    }

    #[test]
    fn what_is_no_toml_has_a_place_but_no_key() {
        let text = "a = 1\nb = = 2\n";
        let error = toml::from_str::<toml::Table>(text).unwrap_err();
        let told = Misplaced::from_toml(Path::new("f.toml"), text, &error).to_string();
        assert!(told.starts_with("f.toml:2:5: "), "{told}");
        assert!(!told.contains('\n'), "{told}");
    }
}
