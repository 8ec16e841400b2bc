//! Replies: three digits, perhaps an enhanced status, text on one line or several. RFC 5321,
//! section 4.2; RFC 2034.

use std::borrow::Cow;
use std::fmt;

use bytes::{Buf, BytesMut};

use super::escape::Escaped;
use super::status::Enhanced;

/// A reply, to be sent or as received. Lines of text are separated by `\n`, the enhanced status
/// taken off each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// RFC 3463's status, where the reply has one.
    pub enhanced: Option<Enhanced>,
    /// The text; `\n` between the lines of a reply that has several. What is not UTF-8 in it
    /// stands as U+FFFD.
    pub text: Cow<'static, str>,
    /// The same text octet by octet as it came, where it is not UTF-8: RFC 5321 wants ASCII there,
    /// and servers answer in their own language all the same.
    pub octets: Option<Box<[u8]>>,
}

impl Reply {
    /// A reply without enhanced status: greetings, EHLO, 3xx.
    pub const fn plain(code: u16, text: &'static str) -> Reply {
        Reply { code, enhanced: None, text: Cow::Borrowed(text), octets: None }
    }

    /// A reply with a status whose class is the code's first digit: `new(550, (1, 1), "...")` is
    /// `550 5.1.1 ...`.
    pub const fn new(code: u16, status: (u16, u16), text: &'static str) -> Reply {
        let enhanced = Enhanced::new((code / 100) as u8, status.0, status.1);
        Reply { code, enhanced: Some(enhanced), text: Cow::Borrowed(text), octets: None }
    }

    /// The same reply with other words. Control characters other than `\n` are dropped, so that
    /// no peer's name can break out of its line.
    pub fn saying(mut self, text: impl Into<String>) -> Reply {
        let mut text = text.into();
        text.retain(|c| c == '\n' || !c.is_control());
        self.text = Cow::Owned(text);
        self.octets = None;
        self
    }

    /// 2xx: done.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: not now. Acts on the first digit, as RFC 5321 section 4.3.2 wants for unknown codes.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: not ever.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Appends the reply as it goes over the wire, `250-` lines and all.
    pub fn write(&self, out: &mut BytesMut) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let separator = if lines.peek().is_some() { b'-' } else { b' ' };
            push_code(self.code, out);
            out.extend_from_slice(&[separator]);
            if let Some(status) = self.enhanced {
                push_status(status, out);
                out.extend_from_slice(b" ");
            }
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn push_code(code: u16, out: &mut BytesMut) {
    let digit = |n: u16| b'0' + (n % 10) as u8;
    out.extend_from_slice(&[digit(code / 100), digit(code / 10), digit(code)]);
}

fn push_status(status: Enhanced, out: &mut BytesMut) {
    use std::fmt::Write;
    // Writing into a growing buffer cannot fail.
    let _ = write!(out, "{status}");
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.enhanced {
            write!(f, " {status}")?;
        }
        for (i, line) in self.text.split('\n').enumerate() {
            f.write_str(if i == 0 { " " } else { " / " })?;
            Escaped::text(line).fmt(f)?;
        }
        Ok(())
    }
}

/// Why what a server said is not a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReply {
    /// A line that does not begin with three digits and a blank, hyphen or end.
    #[error("not a reply: \"{}\"", Escaped(&.0[..SHOWN.min(.0.len())]))]
    NotAReply(Vec<u8>),
    /// The lines of one reply differ in their code.
    #[error("one reply with two codes, {0} and {1}")]
    CodeChanged(u16, u16),
    /// A line without end.
    #[error("a reply line of more than {0} octets")]
    LineTooLong(usize),
    /// Lines without end.
    #[error("a reply of more than {0} lines")]
    TooManyLines(usize),
}

/// Octets that are shown of what is no reply.
const SHOWN: usize = 80;

/// RFC 5321 says 512; servers that put a URL into a refusal pass that.
const LINE_LIMIT: usize = 4096;
/// EHLO lists of the chattiest servers stay under 40 lines.
const LINES_LIMIT: usize = 256;

/// Collects the lines of one reply after another.
#[derive(Debug, Default)]
pub struct ReplyParser {
    code: Option<u16>,
    text: Vec<u8>,
    lines: usize,
    searched: usize,
}

impl ReplyParser {
    /// Takes the next whole reply out of `input`, or `None` when its end has not arrived.
    ///
    /// # Errors
    /// [`BadReply`] when the other side does not speak SMTP, or speaks it without end.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Reply>, BadReply> {
        while let Some(offset) = memchr::memchr(b'\n', &input[self.searched..]) {
            let end = self.searched + offset;
            self.searched = 0;
            if end >= LINE_LIMIT {
                return Err(BadReply::LineTooLong(LINE_LIMIT));
            }
            let last = self.line(&input[..end])?;
            input.advance(end + 1);
            if last {
                return Ok(Some(self.finish()));
            }
        }
        self.searched = input.len();
        if input.len() >= LINE_LIMIT { Err(BadReply::LineTooLong(LINE_LIMIT)) } else { Ok(None) }
    }

    /// One line; true when it is the last of its reply.
    fn line(&mut self, line: &[u8]) -> Result<bool, BadReply> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (code, last, text) = split(line).ok_or_else(|| not_a_reply(line))?;
        match self.code {
            Some(before) if before != code => return Err(BadReply::CodeChanged(before, code)),
            Some(_) => self.text.push(b'\n'),
            None => self.code = Some(code),
        }
        self.lines += 1;
        if self.lines > LINES_LIMIT {
            return Err(BadReply::TooManyLines(LINES_LIMIT));
        }
        self.text.extend_from_slice(text);
        Ok(last)
    }

    fn finish(&mut self) -> Reply {
        let code = self.code.take().unwrap_or(0);
        let text = std::mem::take(&mut self.text);
        self.lines = 0;
        match String::from_utf8(text) {
            Ok(text) => assemble(code, text),
            Err(odd) => {
                let octets = odd.as_bytes();
                let reply = assemble(code, String::from_utf8_lossy(octets).into_owned());
                Reply { octets: Some(without_status(octets, reply.enhanced)), ..reply }
            }
        }
    }
}

/// `250-text`, `250 text` or a bare `250`. RFC 5321, section 4.2: the blank may be missing.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let shape = matches!(digits, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
    let code =
        digits.iter().fold(0u16, |code, digit| code * 10 + u16::from(digit.wrapping_sub(b'0')));
    match rest.split_first() {
        _ if !shape => None,
        None => Some((code, true, b"")),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

fn not_a_reply(line: &[u8]) -> BadReply {
    BadReply::NotAReply(line.to_vec())
}

/// Takes the enhanced status off the lines, if the first one bears it with the right class.
fn assemble(code: u16, text: String) -> Reply {
    let class = (code / 100) as u8;
    let first = text.split('\n').next().unwrap_or("");
    let found = Enhanced::split_from(first).filter(|(status, _)| status.class == class);
    let Some((status, _)) = found else {
        return Reply { code, enhanced: None, text: Cow::Owned(text), octets: None };
    };
    let bare: Vec<&str> = text
        .split('\n')
        .map(|line| match Enhanced::split_from(line) {
            Some((same, rest)) if same == status => rest,
            _ => line,
        })
        .collect();
    Reply { code, enhanced: Some(status), text: Cow::Owned(bare.join("\n")), octets: None }
}

/// The lines of a text that is not UTF-8 without the status that was taken off them.
fn without_status(text: &[u8], taken: Option<Enhanced>) -> Box<[u8]> {
    let bare = text.split(|&b| b == b'\n').map(|line| {
        // What a status and its blank are made of is ASCII, and as long in either.
        let end = line.iter().position(|b| !b.is_ascii()).unwrap_or(line.len());
        let legible = std::str::from_utf8(&line[..end]).unwrap_or_default();
        match Enhanced::split_from(legible) {
            Some((same, rest)) if Some(same) == taken => &line[legible.len() - rest.len()..],
            _ => line,
        }
    });
    bare.collect::<Vec<_>>().join(&b'\n').into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], cut: usize) -> Result<Vec<Reply>, BadReply> {
        let (mut parser, mut input, mut replies) =
            (ReplyParser::default(), BytesMut::new(), vec![]);
        for piece in bytes.chunks(cut) {
            input.extend_from_slice(piece);
            while let Some(reply) = parser.next(&mut input)? {
                replies.push(reply);
            }
        }
        Ok(replies)
    }

    #[test]
    fn replies_of_every_shape() {
        let wire = b"220 mx ready\r\n250-2.1.0 a\r\n250 2.1.0 b\r\n354\r\n550 5.1.1 no\r\n250 \r\n250 3.1.1 x\n";
        for cut in 1..wire.len() {
            let replies = read(wire, cut).unwrap();
            assert_eq!(replies[0], Reply::plain(220, "mx ready"));
            assert_eq!(replies[1], Reply::new(250, (1, 0), "a\nb"));
            assert_eq!(replies[2], Reply::plain(354, ""));
            assert_eq!(replies[3], Reply::new(550, (1, 1), "no"));
            assert_eq!(replies[4], Reply::plain(250, ""));
            assert_eq!(replies[5], Reply::plain(250, "3.1.1 x"));
        }
    }

    #[test]
    fn what_is_no_utf8_is_kept_as_it_came() {
        let wire = b"450-4.2.2 bo\xeete\r\n450 4.2.2 pl\xe9ine\r\n450 4.2.2 full\r\n450 \xff\r\n";
        let replies = read(wire, 5).unwrap();
        let said: Vec<_> =
            replies.iter().map(|reply| (&*reply.text, reply.octets.as_deref())).collect();
        assert_eq!(said[0], ("bo\u{fffd}te\npl\u{fffd}ine", Some(&b"bo\xeete\npl\xe9ine"[..])));
        assert_eq!(replies[0].enhanced, replies[1].enhanced);
        assert_eq!(said[1..], [("full", None), ("\u{fffd}", Some(&b"\xff"[..]))]);
        assert_eq!(replies[2].clone().saying("x").octets, None);
    }

    #[test]
    fn what_is_no_reply() {
        for bad in [
            "HTTP/1.1 200 OK\r\n",
            "25\r\n",
            "250_x\r\n",
            "999 x\r\n",
            "199 x\r\n",
            "\r\n",
            "2\u{fc} x\r\n",
        ] {
            assert!(matches!(read(bad.as_bytes(), 3), Err(BadReply::NotAReply(_))), "{bad:?}");
        }
        assert_eq!(read(b"250-a\r\n251 b\r\n", 4), Err(BadReply::CodeChanged(250, 251)));
    }

    #[test]
    fn no_reply_is_endless() {
        assert!(matches!(read(&[b'2'; 9000], 100), Err(BadReply::LineTooLong(_))));
        assert!(matches!(read(&b"250-x\r\n".repeat(300), 100), Err(BadReply::TooManyLines(_))));
    }

    #[test]
    fn a_peers_text_cannot_break_out_of_its_line() {
        let mut out = BytesMut::new();
        Reply::new(250, (0, 0), "").saying("hi\r250 forged\x1b[2J").write(&mut out);
        assert_eq!(&out[..], b"250 2.0.0 hi250 forged[2J\r\n");
    }

    proptest! {
        #[test]
        fn written_and_read_are_inverses(code in 200u16..600, text in "[ -~]{0,40}(\n[ -~]{0,40}){0,3}") {
            let reply = Reply { code, enhanced: Some(Enhanced::new((code / 100) as u8, 1, 5)), text: text.into(), octets: None };
            // 3xx has no status: its class does not exist in RFC 3463.
            prop_assume!(code / 100 != 3);
            let mut wire = BytesMut::new();
            reply.write(&mut wire);
            prop_assert_eq!(read(&wire, 7).unwrap(), vec![reply]);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, 5);
        }
    }
}
