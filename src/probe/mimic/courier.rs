//! The client that a played server is once the line has turned: it brings what waits, a message after the other.

use super::Letter;
use super::fault::Manners;
use crate::smtp::Reply;

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Taken, for somebody at least.
    Sent,
    /// Refused for good.
    Refused,
    /// It goes on waiting.
    Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Greeting,
    Ehlo,
    Helo,
    Mail,
    Rcpt(usize),
    Xexch50,
    Blob,
    Data,
    Dot,
    Rset,
    Quit,
    Over,
}

/// It, at work.
#[derive(Debug)]
pub(super) struct Courier {
    me: String,
    letters: Vec<Letter>,
    /// The letter in hand.
    now: usize,
    at: At,
    taken: usize,
    for_now: bool,
    fates: Vec<Fate>,
    /// Others go on behind it: it says neither EHLO nor QUIT.
    amid: bool,
    manners: Manners,
}

/// What Exchange tells its own kind of a message, here without a meaning.
const BLOB: [u8; 24] = [0x5a; 24];

impl Courier {
    pub(super) fn new(me: &str, letters: Vec<Letter>) -> Courier {
        let fates = vec![Fate::Waits; letters.len()];
        let (now, taken, for_now) = (0, 0, false);
        let (me, at, amid) = (me.to_owned(), At::Greeting, false);
        Courier { me, letters, now, at, taken, for_now, fates, amid, manners: Manners::default() }
    }

    /// One that carries on so.
    pub(super) fn with(self, manners: &Manners) -> Courier {
        Courier { manners: manners.clone(), ..self }
    }

    /// One that brings its letters amid a session.
    pub(super) fn amid(me: &str, letters: Vec<Letter>) -> Courier {
        Courier { amid: true, ..Courier::new(me, letters) }
    }

    /// The first that is said amid a session; nothing where there are no letters.
    pub(super) fn begin(&mut self) -> Option<Vec<u8>> {
        self.next()
    }

    /// What became of each.
    pub(super) fn fates(self) -> (Vec<Letter>, Vec<Fate>) {
        (self.letters, self.fates)
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    /// What is said to a reply.
    pub(super) fn hear(&mut self, reply: &Reply) -> Option<Vec<u8>> {
        match (self.at, reply.code / 100) {
            (At::Greeting, 2) if self.manners.bye => self.say(At::Quit, "QUIT".into()),
            (At::Greeting, 2) if self.manners.helo => {
                self.say(At::Helo, format!("HELO {}", self.me))
            }
            (At::Greeting, 2) => self.say(At::Ehlo, format!("EHLO {}", self.me)),
            (At::Ehlo, 5) => self.say(At::Helo, format!("HELO {}", self.me)),
            (At::Ehlo | At::Helo | At::Rset, 2) => self.next(),
            (At::Greeting | At::Ehlo | At::Helo | At::Rset, _) => self.say(At::Quit, "QUIT".into()),
            (At::Mail, 2) => self.rcpt(0),
            (At::Rcpt(n), class) => {
                let own = self.letters.get(self.now).map_or(0, |letter| letter.rcpts.len());
                self.taken += usize::from(class == 2 && n < own);
                self.for_now |= class == 4 && n < own;
                self.rcpt(n + 1)
            }
            (At::Xexch50, 3) => {
                self.at = At::Blob;
                Some(BLOB.to_vec())
            }
            (At::Xexch50 | At::Blob, _) => self.say(At::Data, "DATA".to_owned()),
            (At::Data, 3) => {
                self.at = At::Dot;
                self.letters.get(self.now).map(|letter| written(&letter.content, &self.manners))
            }
            (At::Dot, 2) => self.settled(Fate::Sent),
            (At::Mail | At::Data | At::Dot, class) => {
                let fate = if class == 5 { Fate::Refused } else { Fate::Waits };
                self.settled(fate)
            }
            (At::Quit | At::Over, _) => {
                self.at = At::Over;
                None
            }
        }
    }

    fn say(&mut self, at: At, line: String) -> Option<Vec<u8>> {
        self.at = at;
        Some(format!("{line}\r\n").into_bytes())
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        (self.taken, self.for_now) = (0, false);
        match self.letters.get(self.now) {
            None if self.amid => {
                self.at = At::Over;
                None
            }
            None => self.say(At::Quit, "QUIT".to_owned()),
            Some(letter) => {
                let line = format!("MAIL FROM:<{}>", letter.from);
                self.say(At::Mail, line)
            }
        }
    }

    fn rcpt(&mut self, n: usize) -> Option<Vec<u8>> {
        let own = self.letters.get(self.now).map_or(&[][..], |letter| &letter.rcpts);
        let extra = self.manners.extra.as_ref().filter(|_| n == own.len());
        match own.get(n).or(extra) {
            Some(rcpt) => {
                let line = format!("RCPT TO:<{rcpt}>");
                self.say(At::Rcpt(n), line)
            }
            None if self.taken > 0 && self.manners.xexch50 => {
                self.say(At::Xexch50, format!("XEXCH50 {} 2", BLOB.len()))
            }
            None if self.taken > 0 => self.say(At::Data, "DATA".to_owned()),
            None if self.for_now => self.settled(Fate::Waits),
            None => self.settled(Fate::Refused),
        }
    }

    fn settled(&mut self, fate: Fate) -> Option<Vec<u8>> {
        if let Some(known) = self.fates.get_mut(self.now) {
            *known = fate;
        }
        self.now += 1;
        self.say(At::Rset, "RSET".to_owned())
    }
}

/// A content as this client sends it.
fn written(content: &[u8], manners: &Manners) -> Vec<u8> {
    const END: &[u8] = b"\r\n.\r\n";
    let mut out = dotted(content);
    if manners.bare_lf {
        let body = out.len().saturating_sub(END.len());
        let end = out.split_off(body);
        out.retain(|octet| *octet != b'\r');
        out.extend_from_slice(&end);
    }
    if manners.no_tail && out.ends_with(END) {
        out.truncate(out.len() - END.len());
        out.extend_from_slice(b".\r\n");
    }
    out
}

/// A content as it is sent: dots doubled, and its end. RFC 5321, section 4.5.2.
fn dotted(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
