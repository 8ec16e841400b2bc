//! Mailboxes and paths: who a mail is from, whom it is for. RFC 5321, sections 4.1.1.2, 4.1.1.3
//! and 4.1.2; RFC 6531 for addresses beyond ASCII.
//!
//! An address is kept exactly as it came, because only its own domain may interpret the local
//! part: quoting, case and all.

use std::borrow::Cow;
use std::fmt;

use super::domain::{Domain, Host};

/// `local-part@domain`, as received, already known to be well formed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: Box<str>,
    at: usize,
    host: Host,
}

/// Where a failure notice would go. `Null` (`<>`) means: send none. RFC 5321, section 4.5.5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: the mail is itself a notice.
    Null,
    /// The address of whoever is responsible for the mail.
    Mailbox(Mailbox),
}

/// Whom a mail is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<Postmaster>` without a domain, which every server must accept. RFC 5321, section 4.5.1.
    Postmaster,
    /// An ordinary recipient.
    Mailbox(Mailbox),
}

/// Why a text is not a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// The angle brackets are missing or do not match.
    #[error("an address stands in angle brackets, like <user@example.org>")]
    Brackets,
    /// No `@`, or nothing on one side of it.
    #[error("an address has a local part, an @ and a domain")]
    Unqualified,
    /// The local part is not a dot-string or quoted string, or has more than 64 octets.
    #[error("the part before the @ is not a valid local part")]
    LocalPart,
    /// What follows the `@` is neither a domain nor an address literal.
    #[error("the part behind the @ is not a domain")]
    Domain,
    /// More than 254 octets. RFC 5321, section 4.5.3.1.3.
    #[error("the address is too long")]
    TooLong,
    /// `<>` where a recipient is needed.
    #[error("a recipient cannot be empty")]
    Empty,
}

impl Mailbox {
    /// Reads `local-part@domain`.
    ///
    /// # Errors
    /// [`BadPath`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Mailbox, BadPath> {
        if text.len() > 254 {
            return Err(BadPath::TooLong);
        }
        let at = end_of_local_part(text)?;
        let domain = text[at..].strip_prefix('@').ok_or(BadPath::Unqualified)?;
        if at == 0 || domain.is_empty() {
            return Err(BadPath::Unqualified);
        }
        if at > 64 {
            return Err(BadPath::LocalPart);
        }
        let host = Host::parse(domain).map_err(|_| BadPath::Domain)?;
        Ok(Mailbox { text: text.into(), at, host })
    }

    /// The whole address as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, quotes included.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The same as its own domain reads it: without quotes, and what was behind a backslash bare. Two
    /// addresses that differ in those alone are one. RFC 5321, section 4.1.2.
    pub fn plain_local_part(&self) -> Cow<'_, str> {
        let local_part = self.local_part();
        let Some(quoted) = local_part.strip_prefix('"') else { return local_part.into() };
        let mut plain = String::with_capacity(quoted.len());
        let mut letters = quoted.strip_suffix('"').unwrap_or(quoted).chars();
        while let Some(letter) = letters.next() {
            plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
        }
        plain.into()
    }

    /// What stands behind the `@`.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The domain, when it is a name and not an address literal.
    pub fn domain(&self) -> Option<&Domain> {
        self.host.domain()
    }

    /// Does the local part ask the next system to relay elsewhere: `user%host`, `host!user`, or a
    /// quoted `"user@host"`? Historic forms that only a relay attempt uses today.
    pub fn asks_for_relay(&self) -> bool {
        self.local_part().bytes().any(|b| matches!(b, b'%' | b'!' | b'@'))
    }

    /// Needs SMTPUTF8 to travel. RFC 6531, section 3.
    pub fn is_international(&self) -> bool {
        !self.text.is_ascii()
    }
}

/// The index of the `@` that ends the local part: a quoted string may hold others.
fn end_of_local_part(text: &str) -> Result<usize, BadPath> {
    if text.starts_with('"') {
        return end_of_quoted(text);
    }
    let at = text.find('@').ok_or(BadPath::Unqualified)?;
    let dot_string =
        text[..at].split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    if dot_string || at == 0 { Ok(at) } else { Err(BadPath::LocalPart) }
}

fn end_of_quoted(text: &str) -> Result<usize, BadPath> {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if c.is_control() => return Err(BadPath::LocalPart),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Ok(i + 1),
            _ => {}
        }
    }
    Err(BadPath::LocalPart)
}

/// `atext` of RFC 5322, section 3.2.3, with RFC 6531's UTF-8.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && !c.is_control())
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Mailbox {
    type Err = BadPath;
    fn from_str(text: &str) -> Result<Mailbox, BadPath> {
        Mailbox::parse(text)
    }
}

impl ReversePath {
    /// Reads the inside of MAIL's angle brackets. A source route is recognised and dropped
    /// (RFC 5321, appendix C).
    ///
    /// # Errors
    /// [`BadPath`] says what is wrong.
    pub fn parse(inside: &str) -> Result<ReversePath, BadPath> {
        match inside {
            "" => Ok(ReversePath::Null),
            _ => Mailbox::parse(without_route(inside)?).map(ReversePath::Mailbox),
        }
    }

    /// The address, or the empty text of the null reverse-path.
    pub fn as_str(&self) -> &str {
        match self {
            ReversePath::Null => "",
            ReversePath::Mailbox(mailbox) => mailbox.as_str(),
        }
    }
}

impl ForwardPath {
    /// Reads the inside of RCPT's angle brackets. A source route is recognised and dropped: the
    /// mail goes to the last mailbox or nowhere (RFC 5321, section 3.3 and appendix C).
    ///
    /// # Errors
    /// [`BadPath`] says what is wrong.
    pub fn parse(inside: &str) -> Result<ForwardPath, BadPath> {
        match inside {
            "" => Err(BadPath::Empty),
            _ if inside.eq_ignore_ascii_case("postmaster") => Ok(ForwardPath::Postmaster),
            _ => Mailbox::parse(without_route(inside)?).map(ForwardPath::Mailbox),
        }
    }

    /// The address as it is written between the angle brackets.
    pub fn as_str(&self) -> &str {
        match self {
            ForwardPath::Postmaster => "postmaster",
            ForwardPath::Mailbox(mailbox) => mailbox.as_str(),
        }
    }

    /// The mailbox, unless it is the bare postmaster.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

/// `@a,@b:user@c` without its route.
fn without_route(inside: &str) -> Result<&str, BadPath> {
    let Some(route) = inside.strip_prefix('@') else { return Ok(inside) };
    let (hosts, mailbox) = route.split_once(':').ok_or(BadPath::Unqualified)?;
    let legal = hosts.split(",@").all(|host| Domain::parse(host).is_ok());
    if legal { Ok(mailbox) } else { Err(BadPath::Domain) }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_as_they_came() {
        for text in
            ["a@example.org", "\"a b\"@x.org", "\"a\\\"@b\"@x.org", "a+b%c@x.org", "u@[192.0.2.1]"]
        {
            assert_eq!(Mailbox::parse(text).unwrap().as_str(), text);
        }
        let mixed = Mailbox::parse("User@Example.ORG").unwrap();
        assert_eq!((mixed.local_part(), mixed.as_str()), ("User", "User@Example.ORG"));
        assert_eq!(mixed.domain().unwrap().as_str(), "example.org");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@x.org", "a".repeat(65));
        let very_long = format!("a@{}", "a.".repeat(130) + "org");
        for bad in ["", "a", "@x.org", "a@", "a b@x.org", "a..b@x.org", ".a@x.org", "a@b@c.org"] {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
        }
        for bad in [
            "\"a@x.org",
            "\"a\"b@x.org",
            "a\r@x.org",
            "\"a\n\"@x.org",
            "a<b@x.org",
            &long,
            &very_long,
        ] {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn quotes_and_backslashes_are_no_part_of_a_name() {
        for (written, plain) in [
            ("anna", "anna"),
            ("\"anna\"", "anna"),
            ("\"an\\na\"", "anna"),
            ("\"a \\\" b\"", "a \" b"),
            ("\"a\\\\\"", "a\\"),
        ] {
            let mailbox = Mailbox::parse(&format!("{written}@example.org")).unwrap();
            assert_eq!(mailbox.plain_local_part(), plain, "{written}");
        }
    }

    #[test]
    fn a_source_route_is_dropped() {
        let path = ForwardPath::parse("@a.org,@b.org:u@c.org").unwrap();
        assert_eq!(path.as_str(), "u@c.org");
        assert!(ForwardPath::parse("@a.org").is_err());
        assert!(ForwardPath::parse("@a.org,b.org:u@c.org").is_err());
    }

    #[test]
    fn relay_forms_are_seen() {
        for text in ["u%far.org@x.org", "far.org!u@x.org", "\"u@far.org\"@x.org"] {
            assert!(Mailbox::parse(text).unwrap().asks_for_relay(), "{text}");
        }
        assert!(!Mailbox::parse("u+far@x.org").unwrap().asks_for_relay());
    }

    #[test]
    fn postmaster_needs_no_domain_and_nobody_else_may_lack_one() {
        assert_eq!(ForwardPath::parse("PostMaster"), Ok(ForwardPath::Postmaster));
        assert_eq!(ForwardPath::parse("root"), Err(BadPath::Unqualified));
        assert_eq!(ForwardPath::parse(""), Err(BadPath::Empty));
        assert_eq!(ReversePath::parse(""), Ok(ReversePath::Null));
    }
}
