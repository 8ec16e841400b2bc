//! The client that a played server is once the line has turned: it brings what waits, a message after the other.
//!
//! What the other side lists is used: SIZE and BODY with MAIL, and for every other message, the first among them, a
//! chunk in place of DATA. A message with 8-bit octets goes to nobody who does not list 8BITMIME: Exchange converts
//! nothing, says RSET, and returns it (MSQ-39).

use super::Letter;
use super::fault::Manners;
use crate::smtp::{Capabilities, Reply};

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
    /// What was said to the last message that was not taken.
    refusal: Option<String>,
    /// What the other side lists; nothing, where it was not asked.
    offers: Option<Capabilities>,
    manners: Manners,
}

/// What Exchange tells its own kind of a message, here without a meaning.
const BLOB: [u8; 24] = [0x5a; 24];

impl Courier {
    pub(super) fn new(me: &str, letters: Vec<Letter>) -> Courier {
        let fates = vec![Fate::Waits; letters.len()];
        let (now, taken, for_now) = (0, 0, false);
        let (me, at, amid, offers) = (me.to_owned(), At::Greeting, false, None);
        let (manners, refusal) = (Manners::default(), None);
        Courier { me, letters, now, at, taken, for_now, fates, amid, refusal, offers, manners }
    }

    /// One that carries on so.
    pub(super) fn with(self, manners: &Manners) -> Courier {
        Courier { manners: manners.clone(), ..self }
    }

    /// One that brings its letters amid a session.
    pub(super) fn amid(me: &str, letters: Vec<Letter>) -> Courier {
        Courier { amid: true, ..Courier::new(me, letters) }
    }

    /// The other side lists this.
    pub(super) fn may(&mut self, offers: Capabilities) {
        self.offers = Some(offers);
    }

    /// The first that is said amid a session; nothing where there are no letters.
    pub(super) fn begin(&mut self) -> Option<Vec<u8>> {
        self.next()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.letters.len()
    }

    /// What became of each.
    pub(super) fn fates(self) -> (Vec<Letter>, Vec<Fate>) {
        (self.letters, self.fates)
    }

    /// Those that this became of.
    pub(super) fn those(&self, became: Fate) -> impl Iterator<Item = &Letter> {
        let both = self.letters.iter().zip(&self.fates);
        both.filter(move |(_, fate)| **fate == became).map(|(letter, _)| letter)
    }

    /// What was said to the last message that was not taken: nothing where all were, or where it was not even offered.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    /// What is said to a reply.
    pub(super) fn hear(&mut self, reply: &Reply) -> Option<Vec<u8>> {
        if reply.code >= 400 && matches!(self.at, At::Mail | At::Rcpt(_) | At::Data | At::Dot) {
            let first = reply.text.lines().next().unwrap_or_default();
            self.refusal = Some(format!("{} {first}", reply.code));
        }
        match (self.at, reply.code / 100) {
            (At::Greeting, 2) if self.manners.bye => self.say(At::Quit, "QUIT".into()),
            (At::Greeting, 2) if self.manners.helo => {
                self.say(At::Helo, format!("HELO {}", self.me))
            }
            (At::Greeting, 2) => self.say(At::Ehlo, format!("EHLO {}", self.me)),
            (At::Ehlo, 5) => self.say(At::Helo, format!("HELO {}", self.me)),
            (At::Ehlo, 2) => {
                self.may(Capabilities::from_ehlo(reply));
                self.next()
            }
            (At::Helo, 2) => {
                self.may(Capabilities::from_helo(reply));
                self.next()
            }
            (At::Rset, 2) => self.next(),
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
            Some(letter) if self.cannot_have(letter) => self.settled(Fate::Refused),
            Some(letter) => {
                let line = format!("MAIL FROM:<{}>{}", letter.from, self.params(letter));
                self.say(At::Mail, line)
            }
        }
    }

    fn cannot_have(&self, letter: &Letter) -> bool {
        let eight_bit = self.offers.as_ref().is_none_or(|offers| offers.eight_bit_mime);
        !eight_bit && !letter.content.is_ascii()
    }

    /// What stands behind the path of MAIL. RFC 1870, section 6.1; RFC 6152, section 3.
    fn params(&self, letter: &Letter) -> String {
        let Some(offers) = &self.offers else { return String::new() };
        let size = offers.size.map(|_| format!(" SIZE={}", whole(&letter.content).len()));
        let eight_bit = offers.eight_bit_mime && !letter.content.is_ascii();
        let body = if eight_bit { " BODY=8BITMIME" } else { "" };
        format!("{}{body}", size.unwrap_or_default())
    }

    /// A chunk that is the last, RFC 3030, section 2: for every other message, and not where DATA is what is done wrong.
    fn goes_by_bdat(&self) -> bool {
        let manners = &self.manners;
        let needs_data = manners.no_tail || manners.bare_lf || manners.xexch50;
        let chunking = self.offers.as_ref().is_some_and(|offers| offers.chunking);
        chunking && !needs_data && self.now.is_multiple_of(2)
    }

    fn begins_content(&mut self) -> Option<Vec<u8>> {
        if !self.goes_by_bdat() {
            return self.say(At::Data, "DATA".to_owned());
        }
        self.at = At::Dot;
        self.letters.get(self.now).map(|letter| {
            let content = whole(&letter.content);
            [format!("BDAT {} LAST\r\n", content.len()).as_bytes(), &content].concat()
        })
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
            None if self.taken > 0 => self.begins_content(),
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

/// A content whose last line has its end.
fn whole(content: &[u8]) -> Vec<u8> {
    let end: &[u8] = if content.is_empty() || content.ends_with(b"\r\n") { b"" } else { b"\r\n" };
    [content, end].concat()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(content: &[u8]) -> Letter {
        Letter {
            from: "a@b.example".to_owned(),
            rcpts: vec!["x@example.org".to_owned()],
            content: content.to_vec(),
        }
    }

    /// What is said to a server that lists this and takes everything.
    fn said(list: &'static str, letters: Vec<Letter>, manners: Manners) -> (String, Vec<Fate>) {
        let mut courier = Courier::new("ex1.example.test", letters).with(&manners);
        let mut out = courier.hear(&Reply::plain(220, "a")).expect("a hello");
        let mut all = String::new();
        let mut left = 40;
        while !courier.is_over() && left > 0 {
            left -= 1;
            let text = String::from_utf8_lossy(&out).into_owned();
            all.push_str(&text);
            let reply = match text.get(..4).unwrap_or_default() {
                "EHLO" => Reply::plain(250, list),
                "DATA" => Reply::plain(354, "go on"),
                _ => Reply::plain(250, "ok"),
            };
            out = courier.hear(&reply).unwrap_or_default();
        }
        (all, courier.fates().1)
    }

    #[test]
    fn what_is_listed_is_used_and_nothing_else() {
        let letters = || vec![letter(b"one\r\n"), letter(b"caf\xe9\r\n.two")];
        let (all, fates) =
            said("a\nSIZE\n8BITMIME\nCHUNKING\nPIPELINING", letters(), Manners::default());
        assert!(all.contains("MAIL FROM:<a@b.example> SIZE=5\r\n"), "{all}");
        assert!(all.contains("MAIL FROM:<a@b.example> SIZE=12 BODY=8BITMIME\r\n"), "{all}");
        assert!(all.contains("BDAT 5 LAST\r\none\r\nRSET\r\n"), "{all}");
        assert!(all.contains("DATA\r\ncaf\u{fffd}\r\n..two\r\n.\r\nRSET\r\n"), "{all}");
        assert_eq!(fates, [Fate::Sent, Fate::Sent]);
        let (all, fates) = said("a\n8BITMIME", letters(), Manners::default());
        assert!(!all.contains("SIZE") && !all.contains("BDAT"), "{all}");
        assert_eq!(fates, [Fate::Sent, Fate::Sent]);
    }

    #[test]
    fn nothing_is_converted_for_who_takes_seven_bits() {
        let (all, fates) =
            said("a\nSIZE", vec![letter(b"caf\xe9\r\n"), letter(b"x\r\n")], Manners::default());
        assert!(all.starts_with("EHLO ex1.example.test\r\nRSET\r\nMAIL"), "{all}");
        assert_eq!(fates, [Fate::Refused, Fate::Sent]);
    }

    #[test]
    fn what_is_done_wrong_to_data_is_done_to_data() {
        for manners in [
            Manners { bare_lf: true, ..Manners::default() },
            Manners { no_tail: true, ..Manners::default() },
            Manners { xexch50: true, ..Manners::default() },
        ] {
            let (all, _) = said("a\nCHUNKING", vec![letter(b"x\r\n")], manners);
            assert!(all.contains("DATA\r\n") && !all.contains("BDAT"), "{all}");
        }
    }
}
