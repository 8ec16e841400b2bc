//! The list of recipients that a domain has: one a line, so that the MX can refuse the others while
//! the sender still listens.
//!
//! A line holds a local part or a whole address; `#` begins a comment. Local parts are compared
//! without regard to case. Where the domain has delimiters, `anna+news` is `anna` (RFC 5233).
//! `postmaster` is always there (RFC 5321, section 4.5.1).

use std::collections::HashSet;

use crate::config::value::Written;
use crate::smtp::{Domain, Mailbox};

/// Who receives mail in a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    local_parts: HashSet<String>,
    /// What may stand between a local part and a detail behind it.
    delimiters: String,
}

/// A line that is no recipient of the domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: saw {seen:?}; allowed: a local part, or an address in {domain}{}", no_pattern(.seen))]
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
            .map(|local_parts| Recipients { local_parts, delimiters: String::new() })
    }

    /// Any of these characters may stand between one of the local parts and a detail.
    pub fn with_delimiters(self, delimiters: &str) -> Recipients {
        Recipients { delimiters: delimiters.to_owned(), ..self }
    }

    /// Does this recipient exist? The caller has seen that the domain is the list's own.
    pub fn has(&self, mailbox: &Mailbox) -> bool {
        let local_part = folded(&mailbox.plain_local_part());
        self.lists(&local_part) || self.lists_without_detail(&local_part)
    }

    fn lists(&self, local_part: &str) -> bool {
        local_part == "postmaster" || self.local_parts.contains(local_part)
    }

    /// A delimiter may also be a letter of the name: `jean-luc-news` is `jean-luc` with a detail.
    fn lists_without_detail(&self, local_part: &str) -> bool {
        let cuts = local_part.char_indices().filter(|(_, c)| self.delimiters.contains(*c));
        cuts.filter(|(at, _)| *at > 0).any(|(at, _)| self.lists(&local_part[..at]))
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

/// A `*` may stand in a local part, and nobody who writes one into a list means that letter.
fn no_pattern(seen: &str) -> &'static str {
    if is_pattern(seen) { ", and no pattern; without a list, every address is taken" } else { "" }
}

fn is_pattern(text: &str) -> bool {
    text.contains('*') && !text.starts_with('"')
}

fn recipient(text: &str, domain: &Domain) -> Option<String> {
    if is_pattern(text) {
        return None;
    }
    let whole = Mailbox::read(text).or_else(|| Mailbox::read(&format!("{text}@{domain}")))?;
    (whole.domain() == Some(domain)).then(|| folded(&whole.plain_local_part()))
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
        for known in [
            "ANNA@example.org",
            "\"anna\"@example.org",
            "bob@example.org",
            "\"a b\"@example.org",
            "c#@example.org",
        ] {
            assert!(has(&list, known), "{known}");
        }
        assert!(!has(&list, "carl@example.org"));
    }

    #[test]
    fn a_pattern_is_refused_with_its_line() {
        for seen in ["*", "sales-*", "*@example.org"] {
            let bad = parse(&format!("anna\n{seen}\n")).unwrap_err();
            assert_eq!(bad.line, 2);
            assert!(bad.to_string().contains("and no pattern"), "{bad}");
        }
        assert!(has(&parse("\"a*b\"\n").unwrap(), "\"a*b\"@example.org"), "quoted it is a letter");
    }

    #[test]
    fn a_detail_behind_a_delimiter_does_not_count() {
        let plain = parse("anna\njean-luc\n+odd\n").unwrap();
        assert!(!has(&plain, "anna+news@example.org"));
        let list = plain.with_delimiters("+-");
        for known in [
            "Anna+News@example.org",
            "anna-a+b@example.org",
            "anna+@example.org",
            "jean-luc+x@example.org",
            "jean-luc-x@example.org",
            "+odd@example.org",
            "postmaster+x@example.org",
        ] {
            assert!(has(&list, known), "{known}");
        }
        for unknown in [
            "annanews@example.org",
            "jean-x@example.org",
            "+anna@example.org",
            "anna=x@example.org",
        ] {
            assert!(!has(&list, unknown), "{unknown}");
        }
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
