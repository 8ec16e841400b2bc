//! Authentication-Results fields that say they are ours and are not. RFC 8601, section 5.
//!
//! Whoever sends us mail can write such a field with our name in it; our customers would believe it. It is
//! taken out while the content goes by. Fields of other hosts pass: who believes them is not our affair.

use bytes::{Buf, Bytes, BytesMut};

/// No field that anybody wrote is longer. What is longer is judged by its beginning.
const FIELD: usize = 64 * 1024;
const NAME: &[u8] = b"authentication-results";

/// Takes fields with one name out of content that arrives in pieces.
#[derive(Clone, Debug)]
pub struct Forgeries {
    /// The name that is ours alone, in lower case.
    id: String,
    /// The field that has not ended yet.
    held: BytesMut,
    /// So much of it holds no end.
    searched: usize,
    place: Place,
    removed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a field whose beginning is held.
    Field,
    /// In a field that is too long to be held; it stays, or not.
    Long(bool),
    /// Behind the header.
    Body,
}

impl Forgeries {
    /// Of this authserv-id, which is a host's name mostly.
    pub fn of(id: &str) -> Forgeries {
        let id = id.to_lowercase();
        Forgeries { id, held: BytesMut::new(), searched: 0, place: Place::Field, removed: 0 }
    }

    /// What stays of a piece of content, and of what was held back before.
    pub fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.place == Place::Body {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        let mut stays = Vec::with_capacity(self.held.len());
        while self.step(&mut stays) {}
        stays.into()
    }

    /// What is held back when the content is at its end.
    pub fn rest(&mut self) -> Bytes {
        let mut held = self.held.split();
        self.searched = 0;
        if self.place == Place::Long(false) || self.place == Place::Field && self.is_forged(&held) {
            self.removed += u32::from(self.place == Place::Field);
            held.clear();
        }
        held.freeze()
    }

    /// Fields that were taken out.
    pub fn removed(&self) -> u32 {
        self.removed
    }

    /// Settles the field at the beginning of what is held; false when more must come first.
    fn step(&mut self, stays: &mut Vec<u8>) -> bool {
        if self.held.starts_with(b"\r\n") && self.place == Place::Field {
            self.place = Place::Body;
            stays.extend_from_slice(&self.held.split());
            return false;
        }
        match (self.end_of_field(), self.place) {
            (Some(end), Place::Field) => {
                let forged = self.is_forged(&self.held[..end]);
                self.removed += u32::from(forged);
                self.take(end, !forged, stays);
                true
            }
            (Some(end), Place::Long(keeps)) => {
                self.place = Place::Field;
                self.take(end, keeps, stays);
                true
            }
            (None, Place::Long(keeps)) => {
                // What may be the beginning of its end is kept back.
                self.take(self.searched, keeps, stays);
                false
            }
            (None, Place::Field) if self.held.len() > FIELD => {
                let forged = self.is_forged(&self.held);
                self.removed += u32::from(forged);
                self.place = Place::Long(!forged);
                true
            }
            (None, _) | (_, Place::Body) => false,
        }
    }

    /// Where the first line that is no continuation begins.
    fn end_of_field(&mut self) -> Option<usize> {
        let mut from = self.searched;
        while let Some(at) = memchr::memchr(b'\n', &self.held[from..]) {
            let next = from + at + 1;
            match self.held.get(next) {
                Some(b' ' | b'\t') => from = next,
                Some(_) => {
                    self.searched = 0;
                    return Some(next);
                }
                None => {
                    self.searched = next - 1;
                    return None;
                }
            }
        }
        self.searched = self.held.len();
        None
    }

    fn take(&mut self, end: usize, keeps: bool, stays: &mut Vec<u8>) {
        if keeps {
            stays.extend_from_slice(&self.held[..end]);
        }
        self.held.advance(end);
        self.searched = self.searched.saturating_sub(end);
    }

    /// Does this field bear our name? One whose name cannot be read might.
    fn is_forged(&self, field: &[u8]) -> bool {
        let Some(named) = field.get(..NAME.len()) else { return false };
        if !named.eq_ignore_ascii_case(NAME) {
            return false;
        }
        let spaces = |octets: &[u8]| octets.iter().take_while(|c| b" \t\r\n".contains(c)).count();
        let behind = &field[NAME.len()..];
        let Some(value) = behind[spaces(behind)..].strip_prefix(b":") else { return false };
        match authserv_id(value) {
            Some(id) => String::from_utf8_lossy(&id).to_lowercase() == self.id,
            None => true,
        }
    }
}

/// `authserv-id`, out of its comments and quotes; nothing where there is none. RFC 8601, section 2.2.
fn authserv_id(value: &[u8]) -> Option<Vec<u8>> {
    let mut rest = behind_comments(value)?;
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        let mut id = Vec::new();
        let mut octets = quoted.iter();
        loop {
            match octets.next()? {
                b'"' => return Some(id),
                b'\\' => id.push(*octets.next()?),
                octet => id.push(*octet),
            }
        }
    }
    let end = rest.iter().position(|c| b" \t\r\n;(\"".contains(c)).unwrap_or(rest.len());
    rest = &rest[..end];
    (!rest.is_empty()).then(|| rest.to_vec())
}

/// What follows white space and comments; nothing where a comment has no end.
fn behind_comments(value: &[u8]) -> Option<&[u8]> {
    let mut depth = 0u32;
    let mut at = 0;
    while let Some(octet) = value.get(at) {
        match octet {
            b'(' => depth = depth.saturating_add(1),
            b')' if depth > 0 => depth -= 1,
            b'\\' if depth > 0 => at += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if depth > 0 => {}
            _ => break,
        }
        at += 1;
    }
    (depth == 0).then(|| value.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(mail: &[u8], cut: usize) -> (Vec<u8>, u32) {
        let mut filter = Forgeries::of("mx.Example.net");
        let mut out = Vec::new();
        for piece in mail.chunks(cut.max(1)) {
            out.extend_from_slice(&filter.pass(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&filter.rest());
        (out, filter.removed())
    }

    #[test]
    fn what_bears_our_name_goes_and_all_else_stays() {
        let ours: &[&str] = &[
            "Authentication-Results: mx.example.net; spf=pass\r\n",
            "AUTHENTICATION-results :MX.EXAMPLE.NET 1;\r\n\tdkim=pass\r\n",
            "Authentication-Results:\r\n (a (nested \\) comment)) \"mx.example\\.net\" ; none\r\n",
            "Authentication-Results: mx.example.net\r\n",
            "Authentication-Results: (no end\r\n",
            "Authentication-Results: \"no end\r\n",
            "Authentication-Results: ;\r\n",
        ];
        let others: &[&str] = &[
            "Authentication-Results: mx.example.net.evil.test; spf=pass\r\n",
            "Authentication-Results: other.test; x=y (mx.example.net)\r\n",
            "Authentication-Results-Of: mx.example.net\r\n",
            "X-Authentication-Results: mx.example.net\r\n",
            "Authentication\r\n",
            "Subject: a\r\n Authentication-Results: mx.example.net\r\n",
        ];
        let body = "\r\nAuthentication-Results: mx.example.net; spf=pass\r\n";
        let mut mail = String::new();
        for at in 0..ours.len().max(others.len()) {
            mail += others.get(at).unwrap_or(&"");
            mail += ours.get(at).unwrap_or(&"");
        }
        let left = others.concat() + body;
        for cut in 1..mail.len() {
            let (out, removed) = through((mail.clone() + body).as_bytes(), cut);
            assert_eq!(String::from_utf8(out).unwrap(), left, "cut {cut}");
            assert_eq!(removed, 7);
        }
    }

    #[test]
    fn a_header_of_very_many_short_fields_passes_as_it_is() {
        // Where each field moved what follows it, this would take minutes.
        let many = "a\r\n".repeat(350_000);
        assert_eq!(through(many.as_bytes(), many.len()), (many.into_bytes(), 0));
    }

    #[test]
    fn a_field_without_an_end_is_judged_by_its_beginning() {
        let long = " x".repeat(FIELD);
        for cut in [1000, FIELD, 3 * FIELD] {
            let ours = format!("Authentication-Results: mx.example.net;{long}\r\nA: b\r\n\r\n");
            assert_eq!(through(ours.as_bytes(), cut), (b"A: b\r\n\r\n".to_vec(), 1));
            let other = format!("Subject: {long}\r\n\t{long}\r\nA: b\r\n\r\nbody");
            assert_eq!(through(other.as_bytes(), cut), (other.clone().into_bytes(), 0));
        }
        // The content ends in the middle.
        assert_eq!(through(b"Authentication-Results: mx.example.net", 9), (Vec::new(), 1));
        assert_eq!(through(b"Subject: x", 3), (b"Subject: x".to_vec(), 0));
    }

    proptest! {
        /// However it is cut, and whatever it is, nothing else is lost or moved.
        #[test]
        fn content_without_the_field_is_untouched(
            mail in prop::collection::vec(prop::sample::select(b"Ab: \r\n\t(\"\\;".to_vec()), 0..200),
            cut in 1usize..40,
        ) {
            prop_assert_eq!(through(&mail, cut), (mail, 0));
        }
    }
}
