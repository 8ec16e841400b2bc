//! From the wire's words to those of the facts.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_resolver::proto::dnssec::PublicKey;
use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::op::{DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::EdnsOption;
use hickory_resolver::proto::rr::{RData, Record as Raw};

use crate::check::chain::text as text_of;
use crate::check::facts::{Data, Outcome, Record, Reply, Silence};
use crate::net::dns::Mute;

/// More records of a section than these are not looked at: no honest answer has as many.
pub(super) const MOST_RECORDS: usize = 500;
/// More text of a record than this is not looked at, characters.
const MOST_TEXT: usize = 8 * 1024;
/// The code of the option that explains an error. RFC 8914, section 2.
const EXTENDED_ERROR: u16 = 15;

/// What came of a question. Where it was put with signatures the message is kept as it was sent.
pub(super) fn outcome(heard: Result<DnsResponse, Mute>, is_signed: bool) -> Outcome {
    match heard {
        Ok(answer) => {
            let wire = is_signed.then(|| BASE64.encode(answer.as_buffer()));
            Outcome::Reply(Reply { wire, ..reply(&answer) })
        }
        Err(mute) => Outcome::Silence(silence(mute)),
    }
}

fn silence(mute: Mute) -> Silence {
    match mute {
        Mute::Timeout => Silence::Timeout,
        Mute::Closed => Silence::Closed,
        Mute::Unroutable => Silence::Unroutable,
        Mute::Garbled(what) => Silence::Garbled(what),
        Mute::Fault(what) => Silence::Fault(what),
    }
}

fn reply(answer: &DnsResponse) -> Reply {
    Reply {
        rcode: code(answer.metadata.response_code),
        aa: answer.metadata.authoritative,
        tc: answer.metadata.truncation,
        octets: answer.as_buffer().len(),
        answer: records(&answer.answers),
        authority: records(&answer.authorities),
        additional: records(&answer.additionals),
        ede: explanations(answer),
        wire: None,
    }
}

/// The code as RFC 6895, section 2.3, writes it.
fn code(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        ResponseCode::BADVERS => "BADVERS".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

/// What the server says about an error: the number, and words if it has some.
fn explanations(answer: &DnsResponse) -> Vec<String> {
    let Some(edns) = &answer.edns else { return Vec::new() };
    let options = edns.options().as_ref().iter();
    let explanation = |option: &EdnsOption| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, octets) => {
            let (number, words) = octets.split_first_chunk::<2>()?;
            let number = u16::from_be_bytes(*number);
            let words = String::from_utf8_lossy(words);
            Some(format!("EDE {number} {}", words.trim()).trim_end().to_owned())
        }
        _ => None,
    };
    options.filter_map(|(_, option)| explanation(option)).take(8).collect()
}

fn records(raw: &[Raw]) -> Vec<Record> {
    let record = |raw: &Raw| Record { name: text_of(&raw.name), ttl: raw.ttl, data: data(raw) };
    raw.iter().take(MOST_RECORDS).map(record).collect()
}

fn data(raw: &Raw) -> Data {
    match &raw.data {
        RData::A(address) => Data::Address(IpAddr::V4(address.0)),
        RData::AAAA(address) => Data::Address(IpAddr::V6(address.0)),
        RData::MX(mx) => {
            let target = if mx.exchange.is_root() { String::new() } else { text_of(&mx.exchange) };
            Data::Mx { preference: mx.preference, target }
        }
        RData::NS(name) => Data::Ns(text_of(&name.0)),
        RData::PTR(name) => Data::Ptr(text_of(&name.0)),
        RData::CNAME(name) => Data::Cname(text_of(&name.0)),
        RData::SOA(soa) => Data::Soa { serial: soa.serial, minimum: soa.minimum },
        RData::TXT(text) => {
            let octets: Vec<u8> = text.txt_data.iter().flat_map(|part| part.to_vec()).collect();
            Data::Txt(String::from_utf8_lossy(&octets).chars().take(MOST_TEXT).collect())
        }
        RData::DNSSEC(DNSSECRData::DS(ds)) => {
            Data::Ds { tag: ds.key_tag(), algorithm: u8::from(ds.algorithm()) }
        }
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => match key.calculate_key_tag() {
            Ok(tag) => Data::Dnskey { tag, algorithm: u8::from(key.public_key().algorithm()) },
            Err(_) => Data::Other("DNSKEY".to_owned()),
        },
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Data::Rrsig {
            covers: signature.input().type_covered.to_string(),
            signer: text_of(&signature.input().signer_name),
            expires: signature.input().sig_expiration.get(),
        },
        RData::TLSA(tlsa) => Data::Tlsa {
            usage: u8::from(tlsa.cert_usage),
            selector: u8::from(tlsa.selector),
            matching: u8::from(tlsa.matching),
            value: tlsa.cert_data.iter().take(MOST_TEXT).map(|o| format!("{o:02x}")).collect(),
        },
        other => Data::Other(other.record_type().to_string()),
    }
}
