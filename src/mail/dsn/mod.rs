//! Delivery status notifications: what a sender is told of its mail. RFC 3461, 3464, 6522; RFC 6533
//! where addresses need UTF-8.
//!
//! A notice is built whole and in memory, so what it returns of the mail is bounded by its caller.
//! Everything that a stranger said (replies, addresses, names) is made fit to be read before it
//! stands in it.

mod fields;
mod words;

use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use super::trace::date;
use crate::mail::Recipient;
use crate::smtp::{Enhanced, Mailbox, Reply};

/// What has become of a recipient, in RFC 3464's words. Section 2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It cannot be delivered, and will not be tried again.
    Failed,
    /// It waits longer than its sender may expect.
    Delayed,
    /// It was handed to a server that sends no notices of success.
    Relayed,
}

/// What is told of one recipient.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// Whom it is about.
    pub recipient: &'a Recipient,
    /// What has become of it.
    pub action: Action,
    /// What the next server said, where it said something.
    pub said: Option<&'a Reply>,
    /// When it was last tried, if it was.
    pub tried: Option<Timestamp>,
    /// When it will be given up: of what waits.
    pub until: Option<Timestamp>,
}

/// Where the mail came from, and when.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The queue's name for it.
    pub id: &'a str,
    /// What the sending server called itself, fit to be read.
    pub helo: &'a str,
    /// Its address.
    pub ip: std::net::IpAddr,
    /// When the mail was taken.
    pub arrived: Timestamp,
    /// ENVID, as it came: xtext.
    pub envid: Option<&'a str>,
}

/// How much of the mail goes back.
#[derive(Clone, Debug)]
pub enum Returned {
    /// Its header, without the empty line behind it.
    Headers(Vec<u8>),
    /// All of it.
    Whole(Vec<u8>),
    /// Nothing: it is damaged where it was kept. The third part may be left out (RFC 6522, section 3).
    Nothing,
}

/// How the mail was to reach its recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Their server collects it.
    #[default]
    Collected,
    /// We bring it to the next server.
    Brought,
}

/// A notice to be written.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Our name.
    pub reporter: &'a str,
    /// The notice's own name, unique at our name: the left half of its Message-ID.
    pub name: &'a str,
    /// Whom to tell.
    pub to: &'a Mailbox,
    /// When it is written.
    pub at: Timestamp,
    /// The mail it is about.
    pub origin: Origin<'a>,
    /// How it was to travel on.
    pub way: Way,
    /// Its recipients' fates; at least one.
    pub outcomes: Vec<Outcome<'a>>,
    /// What is returned of it.
    pub returned: Returned,
}

impl Outcome<'_> {
    /// The status of RFC 3463. What the next server said, if its class fits; the code's own class
    /// without detail where it said none; 4.4.7 where the time ran out.
    pub fn status(&self) -> Enhanced {
        let class = match self.action {
            Action::Failed => 5,
            Action::Delayed => 4,
            Action::Relayed => 2,
        };
        match self.said.filter(|reply| reply.code / 100 == u16::from(class)) {
            Some(Reply { enhanced: Some(status), .. }) if status.class == class => *status,
            Some(_) => Enhanced::new(class, 0, 0),
            None if self.action == Action::Relayed => Enhanced::new(2, 0, 0),
            None => Enhanced::new(4, 4, 7),
        }
    }
}

impl Notice<'_> {
    /// Does it need SMTPUTF8 to travel? Only where its reader's own address does (RFC 6533, section
    /// 3): whoever has such an address can read such a notice.
    pub fn needs_smtputf8(&self) -> bool {
        self.to.is_international()
    }

    /// The notice as a mail, lines ending in CRLF.
    pub fn to_mail(&self) -> Vec<u8> {
        let report = if self.needs_smtputf8() { "global-" } else { "" };
        let kind = ContentType::new("multipart/report")
            .attribute("report-type", format!("{report}delivery-status"))
            .attribute("boundary", self.boundary());
        let mut parts = vec![self.explanation(), self.status()];
        parts.extend(self.original());
        let body = MimePart::new(kind, BodyPart::Multipart(parts));
        let raw = |text: String| Raw::new(text);
        let mail = MessageBuilder::new()
            .header("Date", raw(date(self.at)))
            .header("From", raw(format!("Mail Delivery System <MAILER-DAEMON@{}>", self.reporter)))
            .header("To", raw(format!("<{}>", self.to)))
            .header("Message-ID", raw(format!("<{}@{}>", self.name, self.reporter)))
            .header("Auto-Submitted", raw("auto-replied".to_owned()))
            .header("Subject", raw(words::subject(&self.outcomes).to_owned()))
            .body(body);
        let mut octets = Vec::with_capacity(4096 + self.returned.octets().len());
        mail.serialize(&mut octets);
        octets
    }

    /// Octets beyond 127 are only in a mail that is returned whole, and in the notice to an address of UTF-8.
    pub fn is_eight_bit(&self) -> bool {
        let whole = matches!(self.returned, Returned::Whole(_));
        self.needs_smtputf8() || whole && !self.returned.octets().is_ascii()
    }

    /// No line of what is returned can be taken for it: it holds the notice's own name, which did
    /// not exist when that was written.
    fn boundary(&self) -> String {
        format!("=_{}", self.name)
    }

    fn explanation(&self) -> MimePart<'static> {
        MimePart::new("text/plain", words::explanation(self))
    }

    fn status(&self) -> MimePart<'static> {
        let (kind, coding) = match self.needs_smtputf8() {
            true => ("message/global-delivery-status", "8bit"),
            false => ("message/delivery-status", "7bit"),
        };
        let text = fields::delivery_status(self).into_bytes();
        MimePart::new(ContentType::new(kind), BodyPart::Binary(text.into()))
            .transfer_encoding(coding)
    }

    fn original(&self) -> Option<MimePart<'_>> {
        let octets = self.returned.octets();
        let eight_bit = !octets.is_ascii();
        // Only for a reader of SMTPUTF8, and only what is UTF-8. RFC 6532, section 3.7; RFC 6533, section 3.
        let global = eight_bit && self.needs_smtputf8() && std::str::from_utf8(octets).is_ok();
        let (kind, coding) = match (&self.returned, global, eight_bit) {
            (Returned::Nothing, ..) => return None,
            (Returned::Whole(_), true, _) => ("message/global", "8bit"),
            (Returned::Headers(_), true, _) => ("message/global-headers", "8bit"),
            (Returned::Whole(_), _, true) => ("message/rfc822", "8bit"),
            (Returned::Whole(_), _, false) => ("message/rfc822", "7bit"),
            // Text may be encoded, and so goes wherever a mail can go. RFC 2045, section 6.4.
            (Returned::Headers(_), _, true) => ("text/rfc822-headers", "quoted-printable"),
            (Returned::Headers(_), _, false) => ("text/rfc822-headers", "7bit"),
        };
        let octets = match coding {
            "quoted-printable" => BodyPart::Binary(quoted_printable(octets).into()),
            _ => BodyPart::Binary(octets.into()),
        };
        Some(MimePart::new(ContentType::new(kind), octets).transfer_encoding(coding))
    }
}

/// Lines of text in the encoding of RFC 2045, section 6.7: no line is longer than 76 characters.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len() * 2);
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.strip_suffix(b"\r\n").unwrap_or(line);
        let mut column = 0;
        for (at, octet) in bare.iter().enumerate() {
            let blank_at_end = matches!(octet, b' ' | b'\t') && at + 1 == bare.len();
            let plain = matches!(octet, b'\t' | b' '..=b'~') && *octet != b'=' && !blank_at_end;
            if column + if plain { 1 } else { 3 } > LINE {
                encoded.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                encoded.push(*octet);
                column += 1;
            } else {
                encoded.extend_from_slice(format!("={octet:02X}").as_bytes());
                column += 3;
            }
        }
        if bare.len() < line.len() {
            encoded.extend_from_slice(b"\r\n");
        }
    }
    encoded
}

/// Characters of an encoded line, without the `=` of one that goes on.
const LINE: usize = 75;

impl Returned {
    fn octets(&self) -> &[u8] {
        match self {
            Returned::Headers(octets) | Returned::Whole(octets) => octets,
            Returned::Nothing => &[],
        }
    }
}

#[cfg(test)]
mod tests;
