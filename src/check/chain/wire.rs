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

/// A name in the form of the facts.
pub(super) fn text(name: &Name) -> String {
    let text = name.to_lowercase().to_ascii();
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(text) => text.to_owned(),
    }
}

/// A name of the facts.
pub(super) fn name(text: &str) -> Option<Name> {
    let absolute = if text == "." { ".".to_owned() } else { format!("{text}.") };
    Name::from_ascii(absolute).ok().map(|name| name.to_lowercase())
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
