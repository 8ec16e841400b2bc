//! Trust anchors: the keys that are believed to begin with. RFC 4033, section 2.
//!
//! Without any said, the keys of the root that IANA publishes (<https://www.iana.org/dnssec/files>), as hickory
//! carries them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_resolver::proto::dnssec::{Algorithm, PublicKey, PublicKeyBuf, TrustAnchors, Verifier};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::wire;

/// A zone whose keys are trusted without anybody above vouching for them.
pub(super) struct Anchor {
    pub zone: Name,
    digests: Vec<DS>,
    /// Public key and algorithm.
    keys: Vec<(Vec<u8>, u8)>,
}

impl Anchor {
    fn of(zone: Name) -> Anchor {
        Anchor { zone, digests: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn trusts(&self, key: &DNSKEY) -> bool {
        let own = key.public_key();
        let is_it = |(octets, algorithm): &(Vec<u8>, u8)| {
            octets == own.public_bytes() && *algorithm == u8::from(own.algorithm())
        };
        self.keys.iter().any(is_it)
            || self.digests.iter().any(|ds| ds.covers(&self.zone, key).unwrap_or(false))
    }

    fn add(&mut self, data: &RData) {
        if let Some(key) = super::dnskey(data) {
            let public = key.public_key();
            self.keys.push((public.public_bytes().to_vec(), u8::from(key.algorithm())));
        }
        self.digests.extend(super::ds(data).cloned());
    }
}

/// The anchors that these lines are; the root's where there are none.
pub(super) fn all(lines: &[String]) -> Vec<Anchor> {
    if lines.is_empty() {
        return vec![of_iana()];
    }
    let mut anchors: Vec<Anchor> = Vec::new();
    for (zone, data) in lines.iter().filter_map(|line| read(line).ok()) {
        let at = anchors.iter().position(|anchor| anchor.zone == zone).unwrap_or_else(|| {
            anchors.push(Anchor::of(zone));
            anchors.len() - 1
        });
        anchors[at].add(&data);
    }
    anchors
}

fn of_iana() -> Anchor {
    let known = TrustAnchors::default();
    let keys = (0..known.len()).filter_map(|at| known.get(at));
    let keys = keys.map(|key| (key.public_bytes().to_vec(), u8::from(key.algorithm()))).collect();
    Anchor { keys, ..Anchor::of(Name::root()) }
}

/// The anchors in a file: DS and DNSKEY records as in a zone file, one a line, `;` begins a comment. So write
/// `dnssec-dsfromkey`, `unbound-anchor` and `keymgr`. Each is given back as one line.
///
/// # Errors
/// The number of the line that is none, and what is wrong with it.
pub fn lines(text: &str) -> Result<Vec<String>, (usize, String)> {
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or_default();
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() {
            read(&line).map_err(|what| (n + 1, what))?;
            found.push(line);
        }
    }
    Ok(found)
}

fn read(line: &str) -> Result<(Name, RData), String> {
    const WANTED: &str = "expected a DS or DNSKEY record, like \
                          \". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D084...\"";
    let mut fields = line.split(' ');
    let zone = fields.next().unwrap_or_default();
    let zone = wire::name(zone.strip_suffix('.').filter(|z| !z.is_empty()).unwrap_or(zone));
    let is_detail = |field: &&str| {
        field.eq_ignore_ascii_case("IN") || field.bytes().all(|octet| octet.is_ascii_digit())
    };
    let kind = fields.by_ref().find(|field| !is_detail(field)).unwrap_or_default();
    let kind = match kind.to_ascii_uppercase().as_str() {
        "DS" => RecordType::DS,
        "DNSKEY" => RecordType::DNSKEY,
        _ => return Err(WANTED.to_owned()),
    };
    let rest = fields.collect::<Vec<_>>().join(" ");
    let data = match kind {
        RecordType::DNSKEY => key(&rest).ok_or_else(|| WANTED.to_owned())?,
        _ => RData::try_from_str(kind, &rest).map_err(|why| format!("{why}; {WANTED}"))?,
    };
    let zone = zone.ok_or_else(|| format!("its name is none; {WANTED}"))?;
    Ok((zone, data))
}

/// `257 3 13 mdsswUyr...`: flags, protocol, algorithm and key. RFC 4034, section 2.2.
fn key(text: &str) -> Option<RData> {
    let mut fields = text.split(' ');
    let flags = fields.next()?.parse().ok()?;
    fields.next().filter(|protocol| *protocol == "3")?;
    let algorithm = Algorithm::from_u8(fields.next()?.parse().ok()?);
    let octets = BASE64.decode(fields.collect::<String>()).ok().filter(|key| !key.is_empty())?;
    let key = DNSKEY::with_flags(flags, PublicKeyBuf::new(octets, algorithm));
    Some(RData::DNSSEC(DNSSECRData::DNSKEY(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = ". 172800 IN DS 20326 8 2 \
        E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D";

    #[test]
    fn anchors_are_read_as_tools_write_them() {
        let text =
            format!("; the root\n\n{ROOT} ; 2017\nexample.org. DS 7 13 2 {}\n", "00".repeat(32));
        let read = lines(&text).unwrap();
        assert_eq!(read.len(), 2);
        let anchors = all(&read);
        assert_eq!(anchors.len(), 2);
        assert_eq!(anchors[1].zone.to_ascii(), "example.org.");
        assert_eq!(all(&[]).len(), 1, "the root's own");
    }

    #[test]
    fn what_is_no_anchor_is_told_with_its_line() {
        for bad in
            ["hello", ". IN A 192.0.2.1", ". DS 1 2", ". IN DS 1 8 2 XYZ", ". DNSKEY 257 3 8 !"]
        {
            let (line, what) = lines(&format!("{ROOT}\n{bad}\n")).unwrap_err();
            assert_eq!(line, 2, "{bad}");
            assert!(what.contains("expected a DS or DNSKEY record"), "{bad}: {what}");
        }
    }

    #[test]
    fn the_digest_of_the_root_key_that_iana_publishes_is_that_of_the_key_we_carry() {
        let (_, data) = read(&ROOT.replace("172800 ", "")).unwrap();
        let ds = super::super::ds(&data).unwrap();
        let known = TrustAnchors::default();
        let key = DNSKEY::with_flags(257, known.get(0).unwrap().clone());
        assert!(ds.covers(&Name::root(), &key).unwrap());
    }
}
