//! What was said, for the eye: who spoke, in which role, with secrets left out.
//!
//! ```text
//! P: 220 odmr.example.net ESMTP ODMR ready
//! C: EHLO mail.example.org
//! C: AUTH SCRAM-SHA-256 ...
//! C: ATRN
//! P: 250 2.0.0 turning
//! -- the turn --
//! C: 220 mail.example.org ESMTP ready
//! P: EHLO odmr.example.net
//! ```

use std::fmt;

use super::secrets::Secrets;
use crate::smtp::escape::Escaped;

/// Who speaks. Parties, not roles: this never changes in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever holds the mail.
    Provider,
    /// Whoever fetches it.
    Customer,
}

/// One thing said, or something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A line.
    Said(Side, String),
    /// TLS began, with this version.
    Tls(String),
    /// The two sides have changed roles.
    Turn,
}

/// A bounded record. Off unless asked for, and then it costs a line of memory per line said.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    notes: Option<Vec<Note>>,
    dropped: u64,
    secrets: Secrets,
}

/// Enough for a few hundred messages; a longer session keeps its beginning and counts the rest.
const MOST: usize = 20_000;

impl Transcript {
    /// A transcript that keeps what it hears.
    pub fn kept() -> Transcript {
        Transcript { notes: Some(Vec::new()), ..Transcript::default() }
    }

    /// A password that may come back in what somebody says: it is left out.
    pub fn knows(&mut self, password: &str) {
        self.secrets.know(password);
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(super) fn secrets_mut(&mut self) -> &mut Secrets {
        &mut self.secrets
    }

    /// A text from the other side without what was said to log in.
    pub fn hidden(&self, text: &str) -> String {
        self.secrets.hidden(text)
    }

    /// The same for octets.
    pub fn hidden_octets(&self, octets: &[u8]) -> Vec<u8> {
        self.secrets.hidden_octets(octets)
    }

    /// Is anybody listening? Saves the caller from formatting for nothing.
    pub fn is_kept(&self) -> bool {
        self.notes.is_some()
    }

    /// Adds a note.
    pub fn note(&mut self, note: Note) {
        match &mut self.notes {
            Some(notes) if notes.len() < MOST => notes.push(note),
            Some(_) => self.dropped += 1,
            None => {}
        }
    }

    /// Adds what one side said, each line escaped.
    pub fn said(&mut self, side: Side, text: impl fmt::Display) {
        if self.is_kept() {
            let text = self.secrets.hidden(&text.to_string());
            for line in text.split('\n') {
                self.note(Note::Said(side, Escaped::text(line.trim_end_matches('\r')).to_string()));
            }
        }
    }

    /// What was noted so far.
    pub fn notes(&self) -> &[Note] {
        self.notes.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in self.notes() {
            writeln!(f, "{note}")?;
        }
        match self.dropped {
            0 => Ok(()),
            n => writeln!(f, "({n} further lines)"),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Said(Side::Provider, line) => write!(f, "P: {line}"),
            Note::Said(Side::Customer, line) => write!(f, "C: {line}"),
            Note::Tls(version) => write!(f, "-- {version} --"),
            Note::Turn => f.write_str("-- the turn: the customer is the server now --"),
        }
    }
}

/// A command line without its secrets: AUTH keeps its mechanism only, however it is spaced.
pub fn redacted(line: &str) -> std::borrow::Cow<'_, str> {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(verb), Some(mechanism), Some(_)) if verb.eq_ignore_ascii_case("AUTH") => {
            format!("{verb} {mechanism} ...").into()
        }
        _ => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spacing_brings_a_secret_to_light() {
        for line in ["AUTH PLAIN c2VjcmV0", "auth\tPLAIN\tc2VjcmV0", " AUTH  PLAIN   c2VjcmV0"] {
            assert!(!redacted(line).contains("c2VjcmV0"), "{line:?}");
        }
        assert_eq!(redacted("AUTH PLAIN"), "AUTH PLAIN");
        assert_eq!(redacted("MAIL FROM:<a@b>  SIZE=1 x"), "MAIL FROM:<a@b>  SIZE=1 x");
    }
}
