//! Enhanced status codes: the `2.1.0` behind a reply's three digits. RFC 2034, RFC 3463.

use std::fmt;

/// `class.subject.detail` of RFC 3463, section 2. The class always equals the reply's first digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What the status is about: 1 addressing, 2 mailbox, 3 mail system, 4 network, 5 protocol,
    /// 6 content, 7 security.
    pub subject: u16,
    /// The detail inside the subject.
    pub detail: u16,
}

impl Enhanced {
    /// A status from its three numbers.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Enhanced {
        Enhanced { class, subject, detail }
    }

    /// Reads `5.7.1` from the start of a reply's text. Returns the status and the text behind it.
    ///
    /// The grammar is RFC 2034, section 4: a class of 2, 4 or 5, then two numbers of at most three
    /// digits, then a blank or the end. Anything else is not a status but ordinary text.
    pub fn split_from(text: &str) -> Option<(Enhanced, &str)> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut parts = word.split('.');
        let class = match parts.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let subject = number(parts.next()?)?;
        let detail = number(parts.next()?)?;
        parts.next().is_none().then_some((Enhanced { class, subject, detail }, rest))
    }
}

fn number(digits: &str) -> Option<u16> {
    let plain = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_split_from_its_text() {
        let (status, rest) = Enhanced::split_from("5.7.1 not here").unwrap();
        assert_eq!((status, rest), (Enhanced::new(5, 7, 1), "not here"));
    }

    #[test]
    fn ordinary_text_is_no_status() {
        for text in ["", "2", "2.1", "3.1.0 x", "2.1.0000 x", "2.1.0.4 x", "2.x.0", "192.0.2.1 hi"]
        {
            assert_eq!(Enhanced::split_from(text), None, "{text:?}");
        }
    }
}
