//! What an answer may be.

use std::fmt::{self, Display, Formatter};

use regex::Regex;

use crate::smtp::Reply;

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A reply.
    Reply(Reply),
    /// A line of a server that has become the client.
    Line(String),
    /// Something that is neither.
    Garbled(String),
    /// The other side has hung up.
    Closed,
    /// Nothing, in the time that there was.
    Silence,
}

impl Answer {
    /// A reply for now?
    pub fn is_transient(&self) -> bool {
        matches!(self, Answer::Reply(reply) if reply.is_transient())
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Reply(reply) => {
                write!(f, "{}", reply.code)?;
                if let Some(status) = &reply.enhanced {
                    write!(f, " {status}")?;
                }
                let first = reply.text.lines().next().unwrap_or_default();
                if first.is_empty() { Ok(()) } else { write!(f, " {first}") }
            }
            Answer::Line(line) => write!(f, "{line:?}"),
            Answer::Garbled(why) => write!(f, "no reply: {why}"),
            Answer::Closed => f.write_str("the line was closed"),
            Answer::Silence => f.write_str("no answer in time"),
        }
    }
}

/// One of the answers that are right.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A reply.
    Reply {
        /// Its digits, none for any.
        code: [Option<u8>; 3],
        /// Its status, none for any part.
        status: Option<[Option<u16>; 3]>,
        /// Its text, lines with LF between them.
        text: Option<Regex>,
    },
    /// A line.
    Line(Regex),
    /// It hangs up.
    Closed,
    /// It says nothing.
    Silence,
    /// It says something that is no reply.
    Garbled,
}

impl Pattern {
    /// Reads `250`, `5xx 5.7.x`, `250 /SIZE/`, `/^EHLO /`, `closed`, `silence` or `garbled`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Pattern, String> {
        let text = text.trim();
        match text {
            "closed" => return Ok(Pattern::Closed),
            "silence" => return Ok(Pattern::Silence),
            "garbled" => return Ok(Pattern::Garbled),
            _ => {}
        }
        let (head, wanted) = match text.split_once('/') {
            None => (text, None),
            Some((head, rest)) => {
                let inner = rest.strip_suffix('/').ok_or("a pattern /.../ has no end")?;
                let regex = Regex::new(inner).map_err(|_| format!("/{inner}/ is no pattern"))?;
                (head.trim(), Some(regex))
            }
        };
        let mut words = head.split_ascii_whitespace();
        let (Some(code), status, None) = (words.next(), words.next(), words.next()) else {
            let line = wanted.filter(|_| head.is_empty()).map(Pattern::Line);
            return line.ok_or_else(|| format!("saw {text:?}; allowed: a code, a status, /text/"));
        };
        let status = status.map(read_status).transpose()?;
        Ok(Pattern::Reply { code: read_code(code)?, status, text: wanted })
    }

    /// Is this such an answer?
    pub fn matches(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Pattern::Reply { code, status, text }, Answer::Reply(reply)) => {
                is_code(code, reply.code)
                    && status.as_ref().is_none_or(|status| is_status(status, reply))
                    && text.as_ref().is_none_or(|text| text.is_match(&reply.text))
            }
            (Pattern::Line(wanted), Answer::Line(line)) => wanted.is_match(line),
            (Pattern::Closed, Answer::Closed)
            | (Pattern::Silence, Answer::Silence)
            | (Pattern::Garbled, Answer::Garbled(_)) => true,
            _ => false,
        }
    }

    /// Is it one of these for which 4xx is as good as any?
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Pattern::Reply { code: [None | Some(4), ..], .. })
    }
}

fn read_code(text: &str) -> Result<[Option<u8>; 3], String> {
    let digit = |c: u8| match c {
        b'x' => Some(None),
        b'0'..=b'9' => Some(Some(c - b'0')),
        _ => None,
    };
    let digits: Option<Vec<_>> = text.bytes().map(digit).collect();
    let digits = digits.and_then(|digits| <[Option<u8>; 3]>::try_from(digits).ok());
    digits.ok_or_else(|| format!("saw {text:?}; allowed: three digits, x for any"))
}

fn read_status(text: &str) -> Result<[Option<u16>; 3], String> {
    let part = |word: &str| match word {
        "x" => Some(None),
        _ => word.parse().ok().map(Some),
    };
    let parts: Option<Vec<_>> = text.split('.').map(part).collect();
    let parts = parts.and_then(|parts| <[Option<u16>; 3]>::try_from(parts).ok());
    parts.ok_or_else(|| format!("saw {text:?}; allowed: a status such as 5.7.x"))
}

fn is_code(wanted: &[Option<u8>; 3], code: u16) -> bool {
    let digits = [code / 100, code / 10 % 10, code % 10];
    wanted.iter().zip(digits).all(|(wanted, seen)| wanted.is_none_or(|w| u16::from(w) == seen))
}

fn is_status(wanted: &[Option<u16>; 3], reply: &Reply) -> bool {
    let Some(seen) = reply.enhanced else { return false };
    let seen = [u16::from(seen.class), seen.subject, seen.detail];
    wanted.iter().zip(seen).all(|(wanted, seen)| wanted.is_none_or(|wanted| wanted == seen))
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Reply { code, status, text } => {
                code.iter().try_for_each(|digit| part(f, digit.map(u16::from)))?;
                for (n, wanted) in status.iter().flatten().enumerate() {
                    f.write_str(if n == 0 { " " } else { "." })?;
                    part(f, *wanted)?;
                }
                text.as_ref().map_or(Ok(()), |text| write!(f, " /{text}/"))
            }
            Pattern::Line(text) => write!(f, "/{text}/"),
            Pattern::Closed => f.write_str("the line is closed"),
            Pattern::Silence => f.write_str("nothing"),
            Pattern::Garbled => f.write_str("what is no reply"),
        }
    }
}

fn part(f: &mut Formatter<'_>, wanted: Option<u16>) -> fmt::Result {
    match wanted {
        None => f.write_str("x"),
        Some(wanted) => write!(f, "{wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::Enhanced;

    fn reply(code: u16, enhanced: Option<Enhanced>, text: &str) -> Answer {
        Answer::Reply(Reply { code, enhanced, text: text.to_owned().into(), octets: None })
    }

    #[test]
    fn an_answer_is_held_against_what_it_may_be() {
        let blocked = Enhanced { class: 5, subject: 7, detail: 1 };
        let answer = reply(554, Some(blocked), "go away\nnow");
        for right in
            ["554", "55x", "xxx", "5xx 5.7.1", "5xx 5.x.x", "554 /now$/", "5xx 5.7.x /^go/"]
        {
            assert!(Pattern::read(right).unwrap().matches(&answer), "{right}");
        }
        for wrong in ["553", "45x", "5xx 5.7.2", "5xx 4.x.x", "554 /never/", "closed", "/go away/"]
        {
            assert!(!Pattern::read(wrong).unwrap().matches(&answer), "{wrong}");
        }
        assert!(!Pattern::read("250 2.x.x").unwrap().matches(&reply(250, None, "ok")));
        assert!(Pattern::read("silence").unwrap().matches(&Answer::Silence));
        let garbled = Pattern::read("garbled").unwrap();
        assert!(garbled.matches(&Answer::Garbled("two codes".to_owned())));
        assert!(!garbled.matches(&Answer::Silence) && !garbled.matches(&answer));
        let line = Answer::Line("EHLO x".to_owned());
        assert!(Pattern::read("/^EHLO /").unwrap().matches(&line));
    }

    #[test]
    fn what_is_no_answer_is_told_so() {
        for wrong in ["", "25", "2500", "250 5", "250 2.0.0 more", "250 /open", "25y", "250 /(/"] {
            assert!(Pattern::read(wrong).is_err(), "{wrong}");
        }
        for text in ["25x 2.x.0 /SIZE/", "554", "/x/"] {
            assert_eq!(Pattern::read(text).unwrap().to_string(), text);
        }
    }
}
