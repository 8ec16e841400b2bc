//! The first words of TLS, written by hand: a server is offered what nobody should take, and says what it takes.
//!
//! ```text
//! C: ClientHello, TLS 1.1 at most          -> an alert, or ServerHello with the version and suite it takes
//! ```
//!
//! No secret is agreed on: who takes the offer is hung up on. A library that is made to be safe cannot ask this, for
//! it has none of it. RFC 5246, section 7.4.1.

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// TLS 1.1 and 1.0 only.
    OldVersions,
    /// TLS 1.2, and only suites without authenticated encryption or without forward secrecy.
    WeakCiphers,
    /// TLS 1.2, good suites, and only curves that are too small.
    WeakCurves,
}

/// What came of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// An alert, or the line was closed.
    Refused,
    /// It goes on with this.
    Taken {
        /// As on the wire: 0x0303 is TLS 1.2.
        version: u16,
        /// The suite's number.
        suite: u16,
    },
    /// Neither.
    Untold,
}

/// With CBC, or with a key that is sent and not agreed on. RFC 9325, section 4.1.
const WEAK: [u16; 19] = [
    0xc013, 0xc014, 0xc009, 0xc00a, 0xc027, 0xc028, 0xc023, 0xc024, 0x009c, 0x009d, 0x002f, 0x0035,
    0x003c, 0x003d, 0x0033, 0x0039, 0x000a, 0x0005, 0x0004,
];
/// With RC4, DES or no encryption: broken.
const BROKEN: [u16; 3] = [0x000a, 0x0005, 0x0004];
const GOOD: [u16; 6] = [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
/// x25519, secp256r1, secp384r1.
const CURVES: [u16; 3] = [29, 23, 24];
/// sect163k1, secp160r1, secp192r1, secp224r1 and the like.
const SMALL_CURVES: [u16; 8] = [1, 3, 15, 16, 17, 19, 20, 21];
/// RSA, ECDSA with SHA-256, -384, -512, and with SHA-1 for who has nothing newer.
const SIGNATURES: [u16; 9] =
    [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0401, 0x0501, 0x0201, 0x0203];
/// Nothing depends on it: no secret comes of it.
const RANDOM: [u8; 32] = *b"odmr-probe asks, and hangs up...";
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
/// A record's header and a handshake's, a version, a random and the length of the session's id.
const BEFORE_ID: usize = 5 + 4 + 2 + 32;

/// The record with the offer; `name` is whom it is for, where that is a name.
pub fn client_hello(offer: Offer, name: Option<&str>) -> Vec<u8> {
    let (version, suites, curves) = match offer {
        Offer::OldVersions => (0x0302_u16, &WEAK[..], &CURVES[..]),
        Offer::WeakCiphers => (0x0303, &WEAK[..], &CURVES[..]),
        Offer::WeakCurves => (0x0303, &GOOD[..], &SMALL_CURVES[..]),
    };
    let mut body = version.to_be_bytes().to_vec();
    body.extend(RANDOM);
    body.push(0);
    body.extend(sized(&numbers(suites)));
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    if let Some(name) = name {
        let entry = [&[0][..], &sized(name.as_bytes())].concat();
        extensions.extend(extension(0, &sized(&entry)));
    }
    extensions.extend(extension(10, &sized(&numbers(curves))));
    extensions.extend(extension(11, &[1, 0]));
    if version == 0x0303 {
        extensions.extend(extension(13, &sized(&numbers(&SIGNATURES))));
    }
    body.extend(sized(&extensions));
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    [&[HANDSHAKE, 3, 1][..], &sized(&message)].concat()
}

fn numbers(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// With its length before it. None of ours is long.
fn sized(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], octets].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(content)].concat()
}

/// What the server answers, as far as it has come; none while too little has.
pub fn answer(octets: &[u8], is_over: bool) -> Option<Answered> {
    match octets.first() {
        None if is_over => Some(Answered::Refused),
        Some(&ALERT) => Some(Answered::Refused),
        Some(&HANDSHAKE) => server_hello(octets).or(is_over.then_some(Answered::Untold)),
        // A server that does not know what to do with it may say so in words.
        Some(_) => Some(Answered::Untold),
        None => None,
    }
}

fn server_hello(octets: &[u8]) -> Option<Answered> {
    if *octets.get(5)? != SERVER_HELLO {
        return Some(Answered::Untold);
    }
    let version = u16::from_be_bytes([*octets.get(9)?, *octets.get(10)?]);
    let suite = BEFORE_ID + 1 + usize::from(*octets.get(BEFORE_ID)?);
    let suite = u16::from_be_bytes([*octets.get(suite)?, *octets.get(suite + 1)?]);
    Some(Answered::Taken { version, suite })
}

/// Is a suite one that is broken, and not only old?
pub fn is_broken(suite: u16) -> bool {
    BROKEN.contains(&suite)
}

/// A version as people write it.
pub fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        other => format!("version {other:#06x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(version: u16, id: &[u8], suite: u16) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(id.len() as u8);
        body.extend(id);
        body.extend(suite.to_be_bytes());
        body.push(0);
        let message = [&[2, 0, 0, body.len() as u8][..], &body].concat();
        [&[22, 3, 3, 0, message.len() as u8][..], &message].concat()
    }

    #[test]
    fn an_offer_is_as_long_as_it_says() {
        for offer in [Offer::OldVersions, Offer::WeakCiphers, Offer::WeakCurves] {
            for name in [None, Some("mx.example.net")] {
                let hello = client_hello(offer, name);
                let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
                assert_eq!(record, hello.len() - 5);
                assert_eq!(usize::from(u16::from_be_bytes([hello[7], hello[8]])), record - 4);
                let named = hello.windows(14).any(|octets| octets == b"mx.example.net");
                assert_eq!(named, name.is_some());
            }
        }
        assert_eq!(client_hello(Offer::OldVersions, None)[9..11], [3, 2]);
    }

    #[test]
    fn an_answer_is_read_as_it_comes() {
        let whole = taken(0x0302, &[1, 2, 3], 0xc013);
        let told = Answered::Taken { version: 0x0302, suite: 0xc013 };
        assert_eq!(answer(&whole, false), Some(told));
        assert_eq!(answer(&whole[..48], false), None);
        assert_eq!(answer(&whole[..48], true), Some(Answered::Untold));
        assert_eq!(answer(&[21, 3, 3, 0, 2, 2, 70], false), Some(Answered::Refused));
        assert_eq!((answer(b"", false), answer(b"", true)), (None, Some(Answered::Refused)));
        assert_eq!(answer(b"554 no\r\n", false), Some(Answered::Untold));
        assert_eq!(answer(&[22, 3, 3, 0, 4, 11, 0, 0, 0], false), Some(Answered::Untold));
    }
}
