//! The server behind the server: what is sent on to it is kept octet by octet, and nothing is delivered anywhere.
//!
//! ```text
//! P: MAIL FROM:<> / RCPT TO:<...> / DATA      -> 250, 250, 354
//! P: ... CRLF.CRLF                            -> 250, or 550 where the content asks for it
//! ```
//!
//! Who says LHLO is spoken LMTP to: the end of a content is answered once for each recipient (RFC 2033, section 4.2).
//!
//! A content ends at CRLF, dot, CRLF, and nowhere else. What comes outside of one and is no command is kept, too: it
//! may be a content that somebody let out.

/// More than this of one content is not taken, octets.
const LONGEST: usize = 1 << 20;
/// More messages of one caller are not kept.
const MOST_LETTERS: usize = 100;
/// More lines that are none are not kept.
const MOST_STRAYS: usize = 100;
/// More recipients of one message are not taken.
const MOST_RECIPIENTS: usize = 1000;
/// A line of a client may be this long, octets.
const LONGEST_LINE: usize = 16 * 1024;
/// RFC 2033, section 5: a server of LMTP has both.
const LMTP_KEYWORDS: &str = "250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n";
/// A content with this in it is refused.
pub const REFUSE_ME: &str = "odmr-probe-refuse-this";

/// A message that was sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// What MAIL says.
    pub from: String,
    /// The content as it is on the wire, dots and all, up to the CRLF before its last dot.
    pub raw: Vec<u8>,
}

impl Letter {
    /// The content without the dots that were put in for the wire.
    pub fn content(&self) -> Vec<u8> {
        let lines = Lines(&self.raw);
        lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line).to_vec()).collect()
    }

    /// Is this in it?
    pub fn has(&self, text: &[u8]) -> bool {
        memchr::memmem::find(&self.raw, text).is_some()
    }
}

/// Lines that end in CRLF, with it.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memmem::find(self.0, b"\r\n").map_or(self.0.len(), |at| at + 2);
        let (line, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(line)
    }
}

/// One session of it.
#[derive(Debug)]
pub struct Session {
    me: String,
    input: Vec<u8>,
    from: Option<String>,
    is_lmtp: bool,
    recipients: usize,
    is_content: bool,
    is_over: bool,
    letters: Vec<Letter>,
    strays: Vec<String>,
}

impl Session {
    /// A session of a server of this name.
    pub fn new(me: &str) -> Session {
        Session {
            me: me.to_owned(),
            input: Vec::new(),
            from: None,
            is_lmtp: false,
            recipients: 0,
            is_content: false,
            is_over: false,
            letters: Vec::new(),
            strays: Vec::new(),
        }
    }

    /// What is said first.
    pub fn greeting(&self) -> Vec<u8> {
        format!("220 {} odmr-probe\r\n", self.me).into_bytes()
    }

    /// Is there nothing more to hear?
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What was sent on since this was asked last.
    pub fn taken(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.letters)
    }

    /// The lines that came outside of a content, and are none.
    pub fn strays(&mut self) -> Vec<String> {
        std::mem::take(&mut self.strays)
    }

    /// Octets have come; what is said to them.
    pub fn received(&mut self, octets: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(octets);
        let mut out = Vec::new();
        while !self.is_over {
            let told = if self.is_content { self.content() } else { self.command() };
            match told {
                Some(reply) => out.extend_from_slice(reply.as_bytes()),
                None => break,
            }
        }
        out
    }

    fn content(&mut self) -> Option<String> {
        let at_once = self.input.starts_with(b".\r\n");
        let end = memchr::memmem::find(&self.input, b"\r\n.\r\n");
        let (end, rest) = match end {
            _ if at_once => (0, 3),
            Some(at) => (at + 2, at + 5),
            None if self.input.len() > LONGEST => {
                self.is_over = true;
                return Some("552 5.3.4 too long\r\n".to_owned());
            }
            None => return None,
        };
        let raw = self.input[..end].to_vec();
        self.input.drain(..rest);
        self.is_content = false;
        let letter = Letter { from: self.from.take().unwrap_or_default(), raw };
        let is_refused = letter.has(REFUSE_ME.as_bytes());
        if self.letters.len() < MOST_LETTERS {
            self.letters.push(letter);
        }
        let reply =
            if is_refused { "550 5.7.1 refused, as it asks for\r\n" } else { "250 2.0.0 kept\r\n" };
        let recipients = std::mem::take(&mut self.recipients);
        Some(reply.repeat(if self.is_lmtp { recipients.max(1) } else { 1 }))
    }

    fn command(&mut self) -> Option<String> {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            self.is_over |= self.input.len() > LONGEST_LINE;
            return None;
        };
        let line: Vec<u8> = self.input.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        Some(match verb.as_str() {
            "EHLO" | "LHLO" => {
                self.is_lmtp = verb == "LHLO";
                let more = if self.is_lmtp { LMTP_KEYWORDS } else { "" };
                format!("250-{}\r\n{more}250-8BITMIME\r\n250 SIZE {LONGEST}\r\n", self.me)
            }
            "HELO" => format!("250 {}\r\n", self.me),
            "MAIL" => {
                let path = line.split(['<', '>']).nth(1).unwrap_or_default();
                self.from = Some(path.to_owned());
                self.recipients = 0;
                "250 2.1.0 ok\r\n".to_owned()
            }
            "RCPT" if self.recipients >= MOST_RECIPIENTS => "452 4.5.3 enough\r\n".to_owned(),
            "RCPT" => {
                self.recipients += 1;
                "250 2.1.5 ok\r\n".to_owned()
            }
            "DATA" => {
                self.is_content = true;
                "354 go on\r\n".to_owned()
            }
            "RSET" | "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
            "QUIT" => {
                self.is_over = true;
                "221 2.0.0 bye\r\n".to_owned()
            }
            _ => {
                if self.strays.len() < MOST_STRAYS {
                    self.strays.push(line.chars().take(200).collect());
                }
                "500 5.5.2 what?\r\n".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_kept_as_it_comes() {
        let mut session = Session::new("sink.example");
        let said = b"EHLO a\r\nMAIL FROM:<b@c> BODY=8BITMIME\r\nRCPT TO:<d@e>\r\nDATA\r\n";
        let out = String::from_utf8(session.received(said)).unwrap();
        assert!(out.ends_with("354 go on\r\n") && out.contains("250-8BITMIME\r\n"), "{out}");
        assert!(session.received(b"x\n.\ny\r\n..z\r\n.").is_empty());
        assert_eq!(
            session.received(b"\r\nJUNK\r\nQUIT\r\n"),
            b"250 2.0.0 kept\r\n500 5.5.2 what?\r\n221 2.0.0 bye\r\n"
        );
        let letters = session.taken();
        assert_eq!((letters.len(), letters[0].from.as_str()), (1, "b@c"));
        assert_eq!(letters[0].raw, b"x\n.\ny\r\n..z\r\n");
        assert_eq!(letters[0].content(), b"x\n.\ny\r\n.z\r\n");
        assert_eq!((session.strays(), session.is_over()), (vec!["JUNK".to_owned()], true));
    }

    #[test]
    fn over_lmtp_each_recipient_is_answered_for() {
        let mut session = Session::new("sink.example");
        let said = b"LHLO a\r\nMAIL FROM:<b@c>\r\nRCPT TO:<d@e>\r\nRCPT TO:<f@e>\r\nDATA\r\n";
        let out = String::from_utf8(session.received(said)).unwrap();
        assert!(out.contains("250-PIPELINING\r\n") && out.ends_with("354 go on\r\n"), "{out}");
        assert_eq!(session.received(b"x\r\n.\r\n"), b"250 2.0.0 kept\r\n".repeat(2));
        // The next message has its own.
        session.received(b"MAIL FROM:<b@c>\r\nRCPT TO:<d@e>\r\nDATA\r\n");
        let reply = session.received(format!("{REFUSE_ME}\r\n.\r\n").as_bytes());
        assert_eq!(reply.iter().filter(|octet| **octet == b'\n').count(), 1);
        let mut smtp = Session::new("sink.example");
        smtp.received(&[b"E", &said[1..]].concat());
        assert_eq!(smtp.received(b"x\r\n.\r\n"), b"250 2.0.0 kept\r\n");
    }

    #[test]
    fn what_asks_for_it_is_refused_and_what_has_no_end_is_given_up() {
        let mut session = Session::new("sink.example");
        session.received(b"MAIL FROM:<>\r\nDATA\r\n");
        let reply = session.received(format!("{REFUSE_ME}\r\n.\r\n").as_bytes());
        assert!(reply.starts_with(b"550 "));
        session.received(b"DATA\r\n");
        let reply = session.received(&vec![b'x'; LONGEST + 1]);
        assert!(reply.starts_with(b"552 ") && session.is_over());
        let mut other = Session::new("sink.example");
        other.received(&vec![b'x'; LONGEST_LINE + 1]);
        assert!(other.is_over());
    }
}
