//! Domain names and address literals. RFC 5321, sections 2.3.5 and 4.1.3; RFC 5890 for A-labels.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A domain name in the one form it is compared and stored in: A-labels, lower case, without a
/// trailing dot, at most 253 octets, every label 1 to 63 octets of letters, digits, hyphens (and,
/// because DNS and old senders have them, underscores).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Box<str>);

/// Why a text is not a [`Domain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDomain {
    /// Nothing there.
    #[error("the name is empty")]
    Empty,
    /// More than 253 octets, or a label of more than 63.
    #[error("the name or one of its labels is too long")]
    TooLong,
    /// A label is empty, or begins or ends with a hyphen.
    #[error("a label is empty, or begins or ends with a hyphen")]
    BadLabel,
    /// A character that no host name has.
    #[error("a character that no domain name may have")]
    BadCharacter,
    /// One label where at least two are needed, as in an ATRN list (RFC 2645, section 5.2.1).
    #[error("at least two labels are needed, like example.org")]
    SingleLabel,
}

impl Domain {
    /// Reads a name as it stands in a path or after HELO. U-labels are mapped to A-labels.
    ///
    /// # Errors
    /// [`BadDomain`] says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Domain, BadDomain> {
        if text.is_ascii() {
            return Domain::from_ascii(text);
        }
        let ascii = idna::domain_to_ascii(text).map_err(|_| BadDomain::BadCharacter)?;
        Domain::from_ascii(&ascii)
    }

    /// Reads a name as ATRN and our settings want it: two labels or more, letters, digits and
    /// hyphens only. RFC 2645, section 5.2.1.
    ///
    /// # Errors
    /// [`BadDomain`] says which rule the text breaks.
    pub fn parse_atrn(text: &str) -> Result<Domain, BadDomain> {
        if text.contains('_') || !text.is_ascii() {
            return Err(BadDomain::BadCharacter);
        }
        let domain = Domain::from_ascii(text)?;
        if domain.0.contains('.') { Ok(domain) } else { Err(BadDomain::SingleLabel) }
    }

    fn from_ascii(text: &str) -> Result<Domain, BadDomain> {
        if text.is_empty() {
            return Err(BadDomain::Empty);
        }
        if text.len() > 253 {
            return Err(BadDomain::TooLong);
        }
        text.split('.').try_for_each(check_label)?;
        Ok(Domain(text.to_ascii_lowercase().into_boxed_str()))
    }

    /// Can anybody have this name? Nobody can under `.invalid` (RFC 2606, section 2).
    pub fn can_exist(&self) -> bool {
        self.0.rsplit('.').next() != Some("invalid")
    }

    /// The name, lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_label(label: &str) -> Result<(), BadDomain> {
    if label.len() > 63 {
        return Err(BadDomain::TooLong);
    }
    if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
        return Err(BadDomain::BadLabel);
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if label.bytes().all(legal) { Ok(()) } else { Err(BadDomain::BadCharacter) }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Domain {
    type Err = BadDomain;
    fn from_str(text: &str) -> Result<Domain, BadDomain> {
        Domain::parse(text)
    }
}

/// What may stand behind the `@` of a mailbox or after EHLO: a name or an address literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name.
    Name(Domain),
    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]`. RFC 5321, section 4.1.3.
    Literal(IpAddr),
}

impl Host {
    /// Reads a name or an address literal.
    ///
    /// # Errors
    /// [`BadDomain`] when it is neither.
    pub fn parse(text: &str) -> Result<Host, BadDomain> {
        match text.strip_prefix('[') {
            Some(rest) => literal(rest).map(Host::Literal),
            None => Domain::parse(text).map(Host::Name),
        }
    }

    /// The name, where it is one.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Host::Name(domain) => Some(domain),
            Host::Literal(_) => None,
        }
    }
}

fn literal(rest: &str) -> Result<IpAddr, BadDomain> {
    let inner = rest.strip_suffix(']').ok_or(BadDomain::BadCharacter)?;
    let v6 = inner.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")).map(|_| &inner[5..]);
    match v6 {
        Some(v6) => v6.parse::<Ipv6Addr>().map(IpAddr::V6),
        None => inner.parse::<Ipv4Addr>().map(IpAddr::V4),
    }
    .map_err(|_| BadDomain::BadCharacter)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(domain) => domain.fmt(f),
            Host::Literal(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Host::Literal(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_regard_to_case() {
        assert_eq!(Domain::parse("Example.ORG"), Domain::parse("example.org"));
    }

    #[test]
    fn a_u_label_becomes_its_a_label() {
        assert_eq!(Domain::parse("b\u{fc}cher.example").unwrap().as_str(), "xn--bcher-kva.example");
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let long = "a".repeat(64) + ".org";
        for bad in ["", ".", "a..b", ".a", "a.", "-a.org", "a-.org", "a b", "a/b", "../x", &long] {
            assert!(Domain::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn atrn_wants_two_plain_labels() {
        assert!(Domain::parse_atrn("example.org").is_ok());
        for bad in ["vm", "x_y.org", "example.org.", "[192.0.2.1]", "b\u{fc}cher.example", "*.org"]
        {
            assert!(Domain::parse_atrn(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn literals_are_read_and_written_alike() {
        for text in ["[192.0.2.1]", "[IPv6:2001:db8::1]", "example.org"] {
            assert_eq!(Host::parse(text).unwrap().to_string(), text);
        }
        for bad in
            ["[192.0.2.1", "[2001:db8::1]", "[IPv6:x]", "[]", "[IPv6:]", "[\u{fc}\u{fc}\u{fc}]"]
        {
            assert!(Host::parse(bad).is_err(), "{bad:?}");
        }
    }
}
