//! The list of recipients that a domain has: one a line, so that the MX can refuse the others while
//! the sender still listens.
//!
//! A line holds a local part or a whole address; `#` begins a comment. Local parts are compared
//! without regard to case. `postmaster` is always there (RFC 5321, section 4.5.1).

use std::collections::HashSet;

use crate::config::value::Written;
use crate::smtp::{Domain, Mailbox};

/// Who receives mail in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients(HashSet<String>);

/// A line that is no recipient of the domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: saw {seen:?}; allowed: a local part, or an address in {domain}")]
pub struct BadRecipient {
    /// Counted from 1.
    pub line: usize,
    /// What stands there.
    pub seen: String,
    /// Whose list it is.
    pub domain: Domain,
}

impl Recipients {
    /// Reads the list of a domain.
    ///
    /// # Errors
    /// The first line that is neither a local part nor an address of this domain.
    pub fn parse(text: &str, domain: &Domain) -> Result<Recipients, BadRecipient> {
        let lines = text.lines().enumerate().map(|(i, line)| (i + 1, without_comment(line)));
        lines
            .filter(|(_, seen)| !seen.is_empty())
            .map(|(line, seen)| {
                recipient(seen, domain).ok_or_else(|| BadRecipient {
                    line,
                    seen: seen.to_owned(),
                    domain: domain.clone(),
                })
            })
            .collect::<Result<_, _>>()
            .map(Recipients)
    }

    /// Does this recipient exist? The caller has seen that the domain is the list's own.
    pub fn has(&self, mailbox: &Mailbox) -> bool {
        let local_part = folded(mailbox.local_part());
        local_part == "postmaster" || self.0.contains(&local_part)
    }
}

/// A `#` begins a comment at the start of a line or behind a blank; elsewhere it is a letter that
/// local parts may have.
fn without_comment(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}');
    let comment = line
        .char_indices()
        .find(|(i, c)| *c == '#' && line[..*i].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(i, _)| &line[..i]).trim()
}

fn recipient(text: &str, domain: &Domain) -> Option<String> {
    let whole = Mailbox::read(text).or_else(|| Mailbox::read(&format!("{text}@{domain}")))?;
    (whole.domain() == Some(domain)).then(|| folded(whole.local_part()))
}

fn folded(local_part: &str) -> String {
    local_part.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recipients, BadRecipient> {
        Recipients::parse(text, &Domain::parse("example.org").unwrap())
    }

    fn has(list: &Recipients, address: &str) -> bool {
        list.has(&Mailbox::parse(address).unwrap())
    }

    #[test]
    fn a_list_names_local_parts_or_addresses() {
        let list =
            parse("# ours\nanna\r\n\n  Bob@Example.ORG  # the builder\n\"a b\"\nc#\n").unwrap();
        for known in
            ["ANNA@example.org", "bob@example.org", "\"a b\"@example.org", "c#@example.org"]
        {
            assert!(has(&list, known), "{known}");
        }
        assert!(!has(&list, "carl@example.org"));
    }

    #[test]
    fn postmaster_is_always_there() {
        assert!(has(&parse("").unwrap(), "PostMaster@example.org"));
    }

    #[test]
    fn a_line_that_is_no_recipient_is_named() {
        assert_eq!(
            parse("anna\nbob@example.net\n").unwrap_err().to_string(),
            "line 2: saw \"bob@example.net\"; allowed: a local part, or an address in example.org"
        );
        assert_eq!(parse("a b").unwrap_err().line, 1);
    }
}
