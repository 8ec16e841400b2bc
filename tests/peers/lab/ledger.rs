//! The ledger: which messages were sent, and whether each arrived once and whole.
//!
//! Whatever travels puts trace fields in front of a message and may store its line ends as LF. Nothing
//! else may change: from the ledger's own mark to the last octet a message must be what it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Stands first in every message, so that all in front of it is trace.
const MARK: &str = "X-Ledger: ";

/// A message of the ledger.
#[derive(Clone)]
pub struct Letter {
    /// Unique in its ledger.
    pub id: String,
    /// Header and body with CRLF line ends, neither dot-stuffed nor ended by a dot.
    pub content: Vec<u8>,
}

/// Every message that was made, by id.
#[derive(Default)]
pub struct Ledger {
    digests: BTreeMap<String, [u8; 32]>,
}

/// What the arrivals come to, held against the ledger. Every list holds ids.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reckoning {
    /// Sent and never seen.
    pub missing: Vec<String>,
    /// Arrived, but not as it was sent.
    pub damaged: Vec<String>,
    /// Arrived more than once.
    pub doubled: Vec<String>,
    /// Arrived without ever having been sent.
    pub strangers: Vec<String>,
}

impl Ledger {
    /// A new message of about `octets` octets, all of them ASCII.
    pub fn letter(&mut self, octets: usize) -> Letter {
        self.enter(octets, "7bit", b"abcdefghijklmnopqrstuvwxyz 0123456789.,=-\t")
    }

    /// A new message of about `octets` octets with bytes above 127 in it.
    pub fn letter_8bit(&mut self, octets: usize) -> Letter {
        self.enter(octets, "8bit", b"abcdefghij klmnop.\x80\x9f\xa0\xc3\xe9\xfe\xff")
    }

    /// How many messages were made.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Holds what arrived against what was sent.
    pub fn reckon<'a>(&self, arrived: impl IntoIterator<Item = &'a Vec<u8>>) -> Reckoning {
        let mut seen = BTreeMap::<String, usize>::new();
        let mut reckoning = Reckoning::default();
        for octets in arrived {
            let content = without_trace(octets);
            let id = id_of(&content);
            match self.digests.get(&id) {
                None => reckoning.strangers.push(id.clone()),
                Some(digest) if *digest != digest_of(&content) => {
                    reckoning.damaged.push(id.clone())
                }
                Some(_) => {}
            }
            *seen.entry(id).or_default() += 1;
        }
        reckoning.doubled =
            seen.iter().filter(|(_, n)| **n > 1).map(|(id, _)| id.clone()).collect();
        reckoning.missing =
            self.digests.keys().filter(|id| !seen.contains_key(*id)).cloned().collect();
        reckoning
    }

    fn enter(&mut self, octets: usize, encoding: &str, alphabet: &[u8]) -> Letter {
        let id = format!("letter-{:06}", self.digests.len());
        let mut content = header(&id, encoding).into_bytes();
        let mut dice = Dice(self.digests.len() as u64 + 1);
        while content.len() < octets {
            write_line(&mut content, alphabet, &mut dice);
        }
        self.digests.insert(id.clone(), digest_of(&with_lf(&content)));
        Letter { id, content }
    }
}

fn header(id: &str, encoding: &str) -> String {
    let mut text = format!("{MARK}{id}\r\n");
    let _ =
        write!(text, "From: <sender@sender.test>\r\nTo: <box@example.org>\r\nSubject: {id}\r\n");
    let _ =
        write!(text, "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{id}@ledger.test>\r\n");
    let _ = write!(text, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n");
    let _ = write!(text, "Content-Transfer-Encoding: {encoding}\r\n\r\n");
    text
}

/// A line of any length a server must take, often one that starts with a dot or holds nothing else.
fn write_line(content: &mut Vec<u8>, alphabet: &[u8], dice: &mut Dice) {
    let dots = dice.roll(8).saturating_sub(5);
    content.extend(std::iter::repeat_n(b'.', dots));
    let length = if dice.roll(16) == 0 { dice.roll(990) } else { dice.roll(78) };
    content.extend((0..length).map(|_| alphabet[dice.roll(alphabet.len())]));
    content.extend_from_slice(b"\r\n");
}

/// A fixed sequence of throws (xorshift), so that every run sends the same messages.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// What arrived, from the ledger's mark on, with LF line ends.
fn without_trace(arrived: &[u8]) -> Vec<u8> {
    let content = with_lf(arrived);
    let mut at = 0;
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(MARK.as_bytes()) {
            return content[at..].to_vec();
        }
        at += line.len();
    }
    content
}

fn id_of(content: &[u8]) -> String {
    let line = content.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let id = line.strip_prefix(MARK.as_bytes()).unwrap_or(line);
    String::from_utf8_lossy(id).into_owned()
}

fn with_lf(octets: &[u8]) -> Vec<u8> {
    let ends = octets.iter().skip(1).map(Some).chain([None]);
    let kept =
        octets.iter().zip(ends).filter(|(one, next)| **one != b'\r' || *next != Some(&b'\n'));
    kept.map(|(octet, _)| *octet).collect()
}

fn digest_of(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}
