//! One set of records, and whether a key that is trusted has signed it.

use hickory_resolver::proto::dnssec::Verifier;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, RRSIG};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::wire::text;
use super::{Effort, number};
use crate::check::dnssec::left;

/// More signatures of a set, and keys that have the same tag, are not tried (CVE-2023-50387).
const MOST_TRIES: usize = 8;

/// A zone, and keys of it.
pub(super) struct Keys {
    pub zone: Name,
    pub keys: Vec<DNSKEY>,
}

/// What a good signature says of the set.
#[derive(Clone, Copy)]
pub(super) struct Signed {
    /// How many labels the name had that was signed; fewer than the set's where a wildcard made it.
    pub labels: u8,
}

/// Checks the signatures of the records of this kind at this name. RFC 4035, section 5.3.
///
/// # Errors
/// None is good, because of this.
pub(super) fn verify(
    records: &[Record],
    name: &Name,
    kind: RecordType,
    keys: &Keys,
    now: i64,
    effort: &Effort,
) -> Result<Signed, String> {
    let mut set: Vec<&Record> = Vec::new();
    for record in records.iter().filter(|r| r.name == *name && r.record_type() == kind) {
        if !set.iter().any(|known| known.data == record.data) {
            set.push(record);
        }
    }
    let signatures = records.iter().filter(|record| record.name == *name).filter_map(signature);
    let signatures = signatures.filter(|signature| signature.input().type_covered == kind);
    let mut why = format!("there is no signature of the {kind} records of {}", text(name));
    for signature in signatures.take(MOST_TRIES) {
        match verify_one(&set, name, signature, keys, now, effort) {
            Ok(()) => return Ok(Signed { labels: signature.input().num_labels }),
            Err(reason) => {
                why = format!("the signature of the {kind} records of {} {reason}", text(name))
            }
        }
    }
    Err(why)
}

fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}

fn verify_one(
    set: &[&Record],
    name: &Name,
    signature: &RRSIG,
    keys: &Keys,
    now: i64,
    effort: &Effort,
) -> Result<(), String> {
    let input = signature.input();
    if input.signer_name != keys.zone {
        return Err(format!("is one of {}, not of {}", text(&input.signer_name), text(&keys.zone)));
    }
    if input.num_labels > name.num_labels() {
        return Err("is one of a longer name".to_owned());
    }
    let (ends, begins) = (input.sig_expiration.get(), input.sig_inception.get());
    if left(ends, now) < 0 {
        return Err(format!("expired {} h ago", left(ends, now).abs() / 3600));
    }
    if left(begins, now) > 0 {
        return Err(format!("is good in {} h only", left(begins, now) / 3600 + 1));
    }
    let is_meant = |key: &&DNSKEY| {
        key.algorithm() == input.algorithm
            && key.calculate_key_tag().is_ok_and(|tag| tag == input.key_tag)
            && key.zone_key()
            && !key.revoke()
    };
    let mut why = format!(
        "is by key {} (algorithm {}), which {} does not have",
        input.key_tag,
        number(input.algorithm),
        text(&keys.zone)
    );
    for key in keys.keys.iter().filter(is_meant).take(MOST_TRIES) {
        if !effort.check() {
            return Err("was not checked: there are too many".to_owned());
        }
        let records = set.iter().copied();
        match key.verify_rrsig(name, DNSClass::IN, signature, records) {
            Ok(()) => return Ok(()),
            Err(_) => why = format!("does not fit them, by key {}", input.key_tag),
        }
    }
    Err(why)
}
