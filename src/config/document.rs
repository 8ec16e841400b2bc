//! A settings file as text that still knows where each key stands, and what is wrong with it.
//!
//! Settings structs stay plain: they carry no spans. When a later judgement finds fault with a
//! value, it names the key, and the document finds the line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::reword;
use crate::exit::Exit;
use crate::smtp::escape::Escaped;

/// One thing that is wrong with the settings: `path:line:column: key: fault`, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or whatever else the setting came from (`command line`).
    pub source: String,
    /// Line and column, counted from 1; `None` where the key does not stand in the file.
    pub position: Option<(usize, usize)>,
    /// The key with the tables it stands in, as in `mx.max_size`; empty for the file as a whole.
    pub key: String,
    /// What was seen, and what is allowed.
    pub fault: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem that is not in a file, or not at a known place in one.
    pub fn new(source: impl Into<String>, key: &str, fault: impl Into<String>) -> Problem {
        let (key, fault) = (key.to_owned(), fault.into());
        Problem { source: source.into(), position: None, key, fault, hint: None }
    }

    /// The same with a hint of what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped::text(&self.source).fmt(f)?;
        if let Some((line, column)) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", Escaped::text(&self.key))?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for Problem {}

/// Everything that is wrong, at least one thing. The operator must act; the exit is
/// [`Exit::Config`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Ok` when nothing was found wrong.
    ///
    /// # Errors
    /// The problems, in the order found.
    pub fn none_in(found: Vec<Problem>) -> Result<(), Problems> {
        if found.is_empty() { Ok(()) } else { Err(Problems(found)) }
    }

    /// What was found, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// How a program that cannot go on for this reason ends.
    pub fn exit(&self) -> Exit {
        Exit::Config
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

/// A line for each problem, its hint on the line below.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A settings file: its text, and the name to call it by.
#[derive(Clone, Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// A document from text at hand.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Document {
        Document { path: path.into(), text: text.into() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no UTF-8, or is one that everybody may write to: whoever can
    /// write our settings can run commands as us.
    pub fn read(path: &Path) -> Result<Document, Problem> {
        let source = path.display().to_string();
        let unreadable =
            |error: std::io::Error| Problem::new(&*source, "", format!("cannot be read: {error}"));
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if everybody_may_write(&metadata) {
            return Err(Problem::new(&*source, "", "everybody may write to this file")
                .hint(format!("chmod o-w {source}")));
        }
        Ok(Document::new(path, std::fs::read_to_string(path).map_err(unreadable)?))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes settings of the text.
    ///
    /// # Errors
    /// The first mistake: bad TOML, an unknown key, a value of the wrong kind.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        toml::from_str(&self.text).map_err(|error| self.mistake(&error))
    }

    /// Makes settings of the text, where every key has a default.
    ///
    /// # Errors
    /// Every mistake that one key or table is by itself; of bad TOML the first.
    pub fn parse_all<T: DeserializeOwned>(&self) -> Result<T, Problems> {
        let first = match self.parse() {
            Ok(settings) => return Ok(settings),
            Err(first) => first,
        };
        let Ok(root) = DeTable::parse(&self.text) else { return Err(first.into()) };
        let mut found = Vec::new();
        self.mistakes_in::<T>(root.get_ref(), &[], &mut found);
        // What no part shows by itself shows only in the whole.
        if !found.contains(&first) {
            found.insert(0, first);
        }
        Err(Problems(found))
    }

    /// Tries each part of a table alone, and where one is no good, its own parts.
    fn mistakes_in<'i, T: DeserializeOwned>(
        &self,
        table: &DeTable<'i>,
        above: &[Name<'i>],
        found: &mut Vec<Problem>,
    ) {
        for (name, value) in table {
            if found.len() >= MOST_MISTAKES {
                return;
            }
            let part = alone(above, name, value.clone());
            let Err(error) = T::deserialize(toml::de::Deserializer::from(part)) else { continue };
            let before = found.len();
            if let DeValue::Table(below) = value.get_ref()
                && above.len() < DEEPEST
            {
                let above = [above, std::slice::from_ref(name)].concat();
                self.mistakes_in::<T>(below, &above, found);
            }
            if found.len() == before {
                found.push(self.mistake(&error));
            }
        }
    }

    /// A problem with the value of a key. Where the key stands in the file, so does the problem.
    pub fn problem(&self, key: &str, fault: impl Into<String>) -> Problem {
        let mut problem = Problem::new(self.path.display().to_string(), key, fault);
        problem.position = self.span_of(key).map(|span| position(&self.text, span.start));
        problem
    }

    /// A problem with what stands at an offset of the text, in octets.
    pub fn problem_at(&self, offset: usize, fault: impl Into<String>) -> Problem {
        let key = self.key_at(offset).unwrap_or_default();
        let mut problem = Problem::new(self.path.display().to_string(), &key, fault);
        problem.position = Some(position(&self.text, offset));
        problem
    }

    /// A path written in this file: relative ones start at the file's own folder.
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    fn mistake(&self, error: &toml::de::Error) -> Problem {
        let at = error.span().map(|span| span.start);
        let key = at.and_then(|at| self.key_at(at)).unwrap_or_default();
        let (fault, hint) = reword::mistake(error.message(), &key);
        let mut problem = Problem::new(self.path.display().to_string(), &key, fault);
        problem.position = at.map(|at| position(&self.text, at));
        problem.hint = hint;
        problem
    }

    fn key_at(&self, offset: usize) -> Option<String> {
        let root = DeTable::parse(&self.text).ok()?;
        key_in(root.get_ref(), offset)
    }

    fn span_of(&self, key: &str) -> Option<Range<usize>> {
        let root = DeTable::parse(&self.text).ok()?;
        span_in(root.get_ref(), key)
    }
}

#[cfg(unix)]
fn everybody_may_write(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.is_file() && metadata.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn everybody_may_write(_: &std::fs::Metadata) -> bool {
    false
}

/// How many mistakes of a file are told; who has made more than these has other cares.
const MOST_MISTAKES: usize = 20;
/// Tables in tables that are looked into.
const DEEPEST: usize = 3;

type Name<'i> = Spanned<DeString<'i>>;

/// A document with nothing but this key in these tables.
fn alone<'i>(
    above: &[Name<'i>],
    name: &Name<'i>,
    value: Spanned<DeValue<'i>>,
) -> Spanned<DeTable<'i>> {
    let span = name.span();
    let table = |name: &Name<'i>, value| DeTable::from_iter([(name.clone(), value)]);
    let whole = above.iter().rev().fold(table(name, value), |inner, outer| {
        table(outer, Spanned::new(outer.span(), DeValue::Table(inner)))
    });
    Spanned::new(span, whole)
}

/// The key whose name or value stands at `offset`; the deepest one.
fn key_in(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(name, value)| {
        let name_text = quoted_if_needed(name.get_ref());
        match below(value.get_ref(), offset) {
            Some(rest) => Some(format!("{name_text}{rest}")),
            None if holds(&name.span(), offset) || holds(&value.span(), offset) => Some(name_text),
            None => None,
        }
    })
}

/// What follows a key's name for what stands at `offset` within its value.
fn below(value: &DeValue<'_>, offset: usize) -> Option<String> {
    if let Some(table) = value.as_table() {
        return key_in(table, offset).map(|key| format!(".{key}"));
    }
    let mut values = value.as_array()?.iter().enumerate();
    let (nth, value) = values.find(|(_, value)| holds(&value.span(), offset))?;
    Some(format!("[{nth}]{}", below(value.get_ref(), offset).unwrap_or_default()))
}

fn holds(span: &Range<usize>, offset: usize) -> bool {
    span.contains(&offset) || span.start == offset
}

/// Where the value of `key` stands, or, for a table, its header. Dots inside a name are no trouble
/// because the names found are printed, not the key taken apart.
fn span_in(table: &DeTable<'_>, key: &str) -> Option<Range<usize>> {
    table.iter().find_map(|(name, value)| {
        let rest = key.strip_prefix(&quoted_if_needed(name.get_ref()))?;
        match (rest.strip_prefix('.'), value.get_ref()) {
            (None, DeValue::Table(_)) if rest.is_empty() => Some(name.span()),
            (None, _) if rest.is_empty() => Some(value.span()),
            (Some(rest), DeValue::Table(below)) => span_in(below, rest),
            _ => None,
        }
    })
}

/// A key as TOML writes it: `mx`, but `"example.org"`.
pub fn quoted_if_needed(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { format!("{name:?}") }
}

/// Line and column of an offset, from 1, the column in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\n[mx]\n  max_size = 3\n[domains.\"ex.org\"]\nlifetime = \"1d\"\n";

    #[test]
    fn a_key_is_found_where_it_stands() {
        let document = Document::new("x.toml", TEXT);
        let line = |key| document.problem(key, "bad").to_string();
        assert_eq!(line("a"), "x.toml:1:5: a: bad");
        assert_eq!(line("mx.max_size"), "x.toml:3:14: mx.max_size: bad");
        assert_eq!(
            line("domains.\"ex.org\".lifetime"),
            "x.toml:5:12: domains.\"ex.org\".lifetime: bad"
        );
        assert_eq!(line("mx"), "x.toml:2:2: mx: bad");
    }

    #[test]
    fn a_key_that_is_not_written_has_no_place() {
        let document = Document::new("x.toml", TEXT);
        assert_eq!(document.problem("tls.key", "not set").to_string(), "x.toml: tls.key: not set");
    }

    #[test]
    fn an_offset_names_its_key() {
        let document = Document::new("x.toml", TEXT);
        let at = |what| document.key_at(TEXT.find(what).unwrap());
        assert_eq!(at("3\n").as_deref(), Some("mx.max_size"));
        assert_eq!(at("\"1d\"").as_deref(), Some("domains.\"ex.org\".lifetime"));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("\u{e4}\u{f6} = 1", 7), (1, 6));
    }

    #[test]
    fn a_missing_file_is_one_line() {
        let error = Document::read(Path::new("/nowhere/odmrd.toml")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/nowhere/odmrd.toml: cannot be read: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn hostile_keys_cannot_move_the_cursor() {
        let document = Document::new("x.toml", "\"\\u001b[2J\" = 1");
        let problem = document.parse::<crate::config::provider::Settings>().unwrap_err();
        assert!(!problem.to_string().contains('\u{1b}'), "{problem}");
    }
}
