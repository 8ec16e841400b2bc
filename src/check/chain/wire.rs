//! The messages that were kept, read again as they were sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DS};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use crate::check::facts::{Answer, Kind, Manner};

/// Longer is no message. RFC 1035, section 4.2.2.
const LONGEST: usize = 65_535;
/// More keys of a zone, or what is vouched for of them, are not looked at.
const MOST: usize = 32;

/// A message, and the answer that it is.
pub(super) struct Heard<'a> {
    answer: &'a Answer,
    at: Name,
    kind: RecordType,
    message: Message,
}

impl<'a> Heard<'a> {
    /// The message of an answer, where one with signatures was asked for, came, and says something.
    pub(super) fn of(answer: &'a Answer) -> Option<Heard<'a>> {
        if answer.manner != Manner::Signed || !answer.is_settled() {
            return None;
        }
        let octets = BASE64.decode(answer.reply()?.wire.as_deref()?).ok()?;
        let message = Message::from_vec(octets.get(..octets.len().min(LONGEST))?).ok()?;
        let (at, kind) = (name(&answer.name)?, record_type(answer.kind));
        let is_it =
            message.queries.iter().any(|query| *query.name() == at && query.query_type() == kind);
        is_it.then_some(Heard { answer, at, kind, message })
    }

    pub(super) fn question(&self) -> (Name, RecordType) {
        (self.at.clone(), self.kind)
    }

    pub(super) fn answer(&self) -> &'a Answer {
        self.answer
    }

    pub(super) fn id(&self) -> &'a str {
        &self.answer.id
    }

    pub(super) fn code(&self) -> ResponseCode {
        self.message.metadata.response_code
    }

    pub(super) fn answers(&self) -> &[Record] {
        &self.message.answers
    }

    pub(super) fn authorities(&self) -> &[Record] {
        &self.message.authorities
    }

    pub(super) fn has_signatures(&self) -> bool {
        let all = self.message.answers.iter().chain(&self.message.authorities);
        all.into_iter().any(|record| record.record_type() == RecordType::RRSIG)
    }

    /// Are there records of this kind at this name?
    pub(super) fn has(&self, at: &Name, kind: RecordType) -> bool {
        self.message.answers.iter().any(|r| r.name == *at && r.record_type() == kind)
    }

    /// The name that this one stands for.
    pub(super) fn alias(&self, at: &Name) -> Option<Name> {
        self.message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(to) if record.name == *at => Some(to.0.clone()),
            _ => None,
        })
    }

    /// Is the name made of another one by a DNAME record?
    pub(super) fn has_dname_above(&self, at: &Name) -> bool {
        let is_above =
            |record: &&Record| record.record_type() == RecordType::DNAME && record.name.zone_of(at);
        self.message.answers.iter().any(|record| is_above(&record))
    }

    /// Does it name another name, and nothing that is there?
    pub(super) fn leads_away(&self) -> bool {
        self.alias(&self.at).is_some()
            && !self.message.answers.iter().any(|record| record.record_type() == self.kind)
    }

    pub(super) fn keys(&self, zone: &Name) -> Vec<&DNSKEY> {
        self.data(zone, super::dnskey)
    }

    pub(super) fn ds(&self, zone: &Name) -> Vec<&DS> {
        self.data(zone, super::ds)
    }

    fn data<T>(&self, zone: &Name, pick: fn(&RData) -> Option<&T>) -> Vec<&T> {
        let here = self.message.answers.iter().filter(|record| record.name == *zone);
        here.filter_map(|record| pick(&record.data)).take(MOST).collect()
    }
}

/// A name in the form that facts have it in: lower case, without the dot at its end, unless it is the root. What
/// nobody could read, a dot in a label, and the backslash itself stand behind a backslash (RFC 1035, section 5.1).
pub fn text(name: &Name) -> String {
    if name.is_root() {
        return ".".to_owned();
    }
    let labels: Vec<String> = name.iter().map(label_text).collect();
    labels.join(".")
}

fn label_text(label: &[u8]) -> String {
    let mut text = String::new();
    for octet in label {
        match octet.to_ascii_lowercase() {
            octet @ (b'.' | b'\\') => text.extend(['\\', char::from(octet)]),
            octet if octet.is_ascii_graphic() => text.push(char::from(octet)),
            octet => text.push_str(&format!("\\{octet:03}")),
        }
    }
    text
}

/// A name of the facts, whatever its labels are made of. None where it is too long, or has an empty label.
pub fn name(text: &str) -> Option<Name> {
    if text == "." {
        return Some(Name::root());
    }
    let mut labels = vec![Vec::new()];
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => escaped(&mut octets)?,
            octet => octet,
        };
        labels.last_mut()?.push(octet.to_ascii_lowercase());
    }
    if labels.iter().any(Vec::is_empty) {
        return None;
    }
    let mut name = Name::from_labels(labels.iter().map(Vec::as_slice)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The octet behind a backslash: itself, or its number of three digits.
fn escaped(octets: &mut std::str::Bytes) -> Option<u8> {
    let first = octets.next()?;
    if !first.is_ascii_digit() {
        return Some(first);
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit)?;
        value = value * 10 + u16::from(digit - b'0');
    }
    u8::try_from(value).ok()
}

/// The type of the facts' kind.
pub fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Ns => RecordType::NS,
        Kind::Soa => RecordType::SOA,
        Kind::Txt => RecordType::TXT,
        Kind::Ptr => RecordType::PTR,
        Kind::Ds => RecordType::DS,
        Kind::Dnskey => RecordType::DNSKEY,
        Kind::Tlsa => RecordType::TLSA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_text_and_the_text_is_that_name() {
        for text in [
            ".",
            "example.org",
            "[192.0.3.25]",
            "-mail.example.org",
            "_25._tcp.mail.example.org",
            "*.example.org",
            "a\\.b.example.org",
            "a\\\\b.example.org",
            "\\027[2j.example.org",
            "\\195\\188.example.org",
        ] {
            let name = name(text).unwrap();
            assert!(name.is_fqdn());
            assert_eq!(super::text(&name), text);
        }
        assert_eq!(name("Example.ORG"), name("example.org"));
        assert_eq!(name("[192.0.3.25]").unwrap().num_labels(), 4);
        let long = ["x".repeat(64), "x.".repeat(130) + "x"];
        for text in ["", "a..b", ".a", "a.", "\\25", "\\999", "a\\", &long[0], &long[1]] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }
}
