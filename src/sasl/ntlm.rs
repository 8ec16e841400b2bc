//! NTLMv2 as a provider judges it, MS-NLMP, for customers that know nothing better than to show the
//! password: `AUTH NTLM` (MS-SMTPNTLM).
//!
//! Three messages: the client's flags, our challenge, and its answer, which is an HMAC over our
//! challenge and octets of its own. That HMAC ([`Answer::proof`]) is what proves the password, and is
//! compared whatever else the message holds: a server that looks only at the optional MIC lets
//! everybody in who leaves it out. NTLMv1 and LM, whose answers are broken in hours, are no proof here
//! and are not computed at all; nor is a session key ever used for anything but that MIC.

mod told;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::cram::{hex, unhex};
use super::keys::BadStored;

pub use told::{NtlmTold, WindowsVersion};

const SCHEME: &str = "{NTLM}";
const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Names and text are UTF-16.
const UNICODE: u32 = 0x0000_0001;
const REQUEST_TARGET: u32 = 0x0000_0004;
const NTLM: u32 = 0x0000_0200;
const TARGET_TYPE_SERVER: u32 = 0x0002_0000;
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
/// The key of the MIC travels encrypted by another. We never offer it.
const KEY_EXCHANGE: u32 = 0x4000_0000;

/// Attributes of a challenge and of an answer. MS-NLMP, section 2.2.2.1.
const END: u16 = 0;
const COMPUTER_NAME: u16 = 1;
const DOMAIN_NAME: u16 = 2;
const FLAGS: u16 = 6;
/// The answer has a MIC.
const HAS_MIC: u32 = 0x0000_0002;

/// Where the MIC stands, and where what follows it may begin.
const MIC: std::ops::Range<usize> = 72..88;
/// NTProofStr, and the octets that a client puts before its attributes.
const PROOF: usize = 16;
const ATTRIBUTES: usize = PROOF + 28;

/// What is kept of a password for NTLM: MD4 over it in UTF-16. As good as the password to whoever
/// steals it, and unsalted, so guesses at it are cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct NtHash(Zeroizing<[u8; 16]>);

impl NtHash {
    /// NTOWFv1, section 3.3.1. The password is used as it is: Windows prepares none.
    pub fn derive(password: &str) -> NtHash {
        let text = Zeroizing::new(utf16(password));
        NtHash(Zeroizing::new(Md4::digest(&text[..]).into()))
    }

    pub(super) fn from_octets(octets: &[u8; 16]) -> NtHash {
        NtHash(Zeroizing::new(*octets))
    }

    /// ResponseKeyNT: NTOWFv2, section 3.3.2. The name in capitals, the domain as it was written.
    fn response_key(&self, user: &str, domain: &str) -> Zeroizing<[u8; 16]> {
        hmac_md5(&self.0[..], &[&utf16(&capitals(user)), &utf16(domain)])
    }

    /// Whether this answer to our challenge was made by somebody who knows the password. All of it is
    /// computed, however soon it is known to be wrong.
    pub(super) fn answers(&self, challenge: &Challenge, answer: &Answer) -> Choice {
        let key = self.response_key(&answer.user, &answer.domain);
        let proof = hmac_md5(&key[..], &[&challenge.nonce, &answer.blob]);
        let proven = proof.ct_eq(&answer.proof[..]);
        let session = hmac_md5(&key[..], &[&proof[..]]);
        let mic = hmac_md5(&session[..], &[&challenge.heard, &challenge.said, &answer.unsigned]);
        let sound = answer.mic.map(|told| mic.ct_eq(&told[..]));
        proven & sound.unwrap_or(Choice::from(1))
    }

    /// The form it is kept in: `{NTLM}` and 32 hexadecimal digits, as `doveadm pw -s NTLM` writes it.
    pub fn stored_form(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{SCHEME}{}", hex(&self.0[..])))
    }
}

impl std::str::FromStr for NtHash {
    type Err = BadStored;
    fn from_str(text: &str) -> Result<NtHash, BadStored> {
        let digits = text.strip_prefix(SCHEME).ok_or(BadStored::Ntlm)?;
        let octets = unhex::<16>(digits.as_bytes()).ok_or(BadStored::Ntlm)?;
        Ok(NtHash(octets))
    }
}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

/// Our challenge, and what it was said to: both are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    nonce: [u8; 8],
    heard: Vec<u8>,
    said: Vec<u8>,
}

impl Challenge {
    /// Answers a NEGOTIATE_MESSAGE, section 2.2.1.1. Of what it says only the flags count; the name
    /// and the domain that it may hold are of no use before there is a proof.
    pub fn to(negotiate: &[u8], nonce: [u8; 8], host: &str) -> Option<Challenge> {
        let flags = kind(negotiate, 1).and_then(|()| number(negotiate, 12))?;
        let said = challenge(flags, nonce, host);
        Some(Challenge { nonce, heard: negotiate.to_vec(), said })
    }

    /// The CHALLENGE_MESSAGE.
    pub fn message(&self) -> &[u8] {
        &self.said
    }
}

/// Section 2.2.1.2. Without a timestamp and without the version of anything: the one would ask clients for
/// a MIC that old ones do not know, the other is nobody's business.
fn challenge(asked: u32, nonce: [u8; 8], host: &str) -> Vec<u8> {
    const HEAD: u32 = 48;
    let flags = UNICODE | REQUEST_TARGET | NTLM | TARGET_TYPE_SERVER | TARGET_INFO;
    let flags = flags | asked & EXTENDED_SESSION_SECURITY;
    // A name of NetBIOS has 15 octets at most.
    let label: String = host.split('.').next().unwrap_or(host).chars().take(15).collect();
    let name = utf16(&label.to_ascii_uppercase());
    let mut info = Vec::new();
    for (id, value) in [(DOMAIN_NAME, &name[..]), (COMPUTER_NAME, &name[..]), (END, &[][..])] {
        info.extend_from_slice(&id.to_le_bytes());
        info.extend_from_slice(&(value.len() as u16).to_le_bytes());
        info.extend_from_slice(value);
    }
    let mut said = [&SIGNATURE[..], &2u32.to_le_bytes()].concat();
    let field = |said: &mut Vec<u8>, octets: &[u8], at: u32| {
        said.extend_from_slice(&(octets.len() as u16).to_le_bytes());
        said.extend_from_slice(&(octets.len() as u16).to_le_bytes());
        said.extend_from_slice(&at.to_le_bytes());
    };
    field(&mut said, &name, HEAD);
    said.extend_from_slice(&flags.to_le_bytes());
    said.extend_from_slice(&nonce);
    said.extend_from_slice(&[0; 8]);
    field(&mut said, &info, HEAD + name.len() as u32);
    said.extend_from_slice(&name);
    said.extend_from_slice(&info);
    said
}

/// An AUTHENTICATE_MESSAGE of NTLMv2, section 2.2.1.3, as far as it counts.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Who, in its own words.
    pub user: String,
    /// Of where; often the name of the client's own machine.
    pub domain: String,
    proof: [u8; PROOF],
    /// What the client added to our challenge; `temp` in the specification.
    blob: Vec<u8>,
    mic: Option<[u8; 16]>,
    /// The whole message with a MIC of nought, where it has one: what the MIC is over.
    unsigned: Vec<u8>,
}

/// Why a message is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not such a message.
    Malformed,
    /// NTLMv1, LM, or nobody at all: messages that others take for a login.
    TooWeak,
}

impl Answer {
    pub fn parse(message: &[u8]) -> Result<Answer, NoAnswer> {
        let parts = Parts::of(message).ok_or(NoAnswer::Malformed)?;
        // An NTLMv1 response has 24 octets, that of nobody none (MS02-011).
        if parts.response.len() < ATTRIBUTES || parts.user.is_empty() {
            return Err(NoAnswer::TooWeak);
        }
        let (proof, blob) = parts.response.split_at(PROOF);
        if !blob.starts_with(&[1, 1]) {
            return Err(NoAnswer::TooWeak);
        }
        let announced = announced(&parts.response[ATTRIBUTES..]).ok_or(NoAnswer::Malformed)?;
        let (mic, unsigned) = match announced & HAS_MIC != 0 {
            true => signed(message, parts.flags).ok_or(NoAnswer::Malformed)?,
            false => (None, Vec::new()),
        };
        Ok(Answer {
            user: parts.user,
            domain: parts.domain,
            proof: proof.try_into().map_err(|_| NoAnswer::Malformed)?,
            blob: blob.to_vec(),
            mic,
            unsigned,
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The fields of an answer that are looked at.
struct Parts<'a> {
    flags: u32,
    response: &'a [u8],
    domain: String,
    user: String,
}

impl<'a> Parts<'a> {
    fn of(message: &'a [u8]) -> Option<Parts<'a>> {
        kind(message, 3)?;
        let flags = number(message, 60)?;
        let text = |at| text(field(message, at)?, flags & UNICODE != 0);
        // That of LM is not looked at, but must be there.
        field(message, 12)?;
        Some(Parts { flags, response: field(message, 20)?, domain: text(28)?, user: text(36)? })
    }
}

/// The MIC, and what it is over. Under a key of the client's choice we cannot check it.
fn signed(message: &[u8], flags: u32) -> Option<(Option<[u8; 16]>, Vec<u8>)> {
    let mic: [u8; 16] = message.get(MIC)?.try_into().ok()?;
    if flags & KEY_EXCHANGE != 0 {
        return None;
    }
    let mut unsigned = message.to_vec();
    unsigned[MIC].fill(0);
    Some((Some(mic), unsigned))
}

/// The flags among the attributes; none are as good as nought. They end with an attribute that says so.
fn announced(mut attributes: &[u8]) -> Option<u32> {
    let mut flags = 0;
    loop {
        let (head, rest) = attributes.split_at_checked(4)?;
        let (id, length) = (short(head, 0)?, usize::from(short(head, 2)?));
        let (value, rest) = rest.split_at_checked(length)?;
        match id {
            END => return Some(flags),
            FLAGS => flags |= number(value, 0)?,
            _ => {}
        }
        attributes = rest;
    }
}

/// Is it a message of this kind?
fn kind(message: &[u8], wanted: u32) -> Option<()> {
    (message.starts_with(SIGNATURE) && number(message, 8)? == wanted).then_some(())
}

fn short(octets: &[u8], at: usize) -> Option<u16> {
    let two = octets.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    let four = octets.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// What a field's length and offset point to. One that is empty may point anywhere.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(short(message, at)?);
    let from = usize::try_from(number(message, at + 4)?).ok()?;
    if length == 0 {
        return Some(&[]);
    }
    message.get(from..from.checked_add(length)?)
}

/// A name. In the eight-bit form, whose letters depend on where the client stands, ASCII alone.
fn text(octets: &[u8], is_unicode: bool) -> Option<String> {
    if !is_unicode {
        return octets.is_ascii().then(|| String::from_utf8_lossy(octets).into_owned());
    }
    if !octets.len().is_multiple_of(2) {
        return None;
    }
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// As Windows has it: a letter whose capital would be two stays what it is.
fn capitals(text: &str) -> String {
    let capital = |letter: char| {
        let mut capitals = letter.to_uppercase();
        match (capitals.next(), capitals.next()) {
            (Some(one), None) => one,
            _ => letter,
        }
    };
    text.chars().map(capital).collect()
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    let mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// What a client answers, for tests: there is none in the program.
#[cfg(test)]
pub(super) mod client {
    use super::*;

    /// NTLMv2's answer to a challenge, with a MIC or without; `key_exchange` is what it should not say.
    pub struct Client<'a> {
        pub user: &'a str,
        pub domain: &'a str,
        pub password: &'a str,
        pub with_mic: bool,
        pub key_exchange: bool,
    }

    pub const NEGOTIATE: &[u8] =
        b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    impl Client<'_> {
        pub fn answer(&self, challenge: &[u8]) -> Vec<u8> {
            let info = field(challenge, 40).unwrap();
            let mut attributes = info[..info.len() - 4].to_vec();
            if self.with_mic {
                attributes.extend_from_slice(&[6, 0, 4, 0, 2, 0, 0, 0]);
            }
            attributes.extend_from_slice(&[0; 4]);
            let blob =
                [&[1, 1, 0, 0, 0, 0, 0, 0][..], &[7; 8], &[0xaa; 8], &[0; 4], &attributes, &[0; 4]];
            let blob = blob.concat();
            let key = NtHash::derive(self.password).response_key(self.user, self.domain);
            let proof = hmac_md5(&key[..], &[&challenge[24..32], &blob]);
            let response = [&proof[..], &blob].concat();
            let mut message = self.message(&response);
            if self.with_mic {
                let session = hmac_md5(&key[..], &[&proof[..]]);
                let mic = hmac_md5(&session[..], &[NEGOTIATE, challenge, &message]);
                message[MIC].copy_from_slice(&mic[..]);
            }
            message
        }

        pub fn message(&self, response: &[u8]) -> Vec<u8> {
            let (domain, user) = (utf16(self.domain), utf16(self.user));
            let mut flags = UNICODE | NTLM | TARGET_INFO;
            if self.key_exchange {
                flags |= KEY_EXCHANGE;
            }
            let mut message = [&SIGNATURE[..], &3u32.to_le_bytes()].concat();
            let mut at = 88;
            for part in [&[0u8; 24][..], response, &domain, &user, b"", b""] {
                message.extend_from_slice(&(part.len() as u16).to_le_bytes());
                message.extend_from_slice(&(part.len() as u16).to_le_bytes());
                message.extend_from_slice(&(at as u32).to_le_bytes());
                at += part.len();
            }
            message.extend_from_slice(&flags.to_le_bytes());
            message.extend_from_slice(&[0; 8 + 16]);
            for part in [&[0u8; 24][..], response, &domain, &user] {
                message.extend_from_slice(part);
            }
            message
        }
    }
}

#[cfg(test)]
mod tests {
    use super::client::{Client, NEGOTIATE};
    use super::*;
    use proptest::prelude::*;

    /// MS-NLMP, section 4.2.4.3: the challenge, and the answer of "User" of "Domain" with "Password".
    const CHALLENGE: &str = "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef\
        00000000000000002400240044000000060070170000000f53006500720076006500720002000c0044006f00\
        6d00610069006e0001000c0053006500720076006500720000000000";
    const AUTHENTICATE: &str = "4e544c4d5353500003000000180018006c00000054005400840000000c000c0048000000\
        0800080054000000100010005c00000010001000d8000000358288e20501280a0000000f44006f006d0061006900\
        6e005500730065007200\
        43004f004d0050005500540045005200\
        86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa\
        68cd0ab851e51c96aabc927bebef6a1c\
        01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00\
        01000c005300650072007600650072000000000000000000\
        c5dad2544fc9799094ce1ce90bc9d03e";

    fn octets(digits: &str) -> Vec<u8> {
        let digits: String = digits.split_whitespace().collect();
        let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(pair).collect()
    }

    fn published() -> (Challenge, Answer) {
        let nonce = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let challenge = Challenge { nonce, heard: Vec::new(), said: octets(CHALLENGE) };
        (challenge, Answer::parse(&octets(AUTHENTICATE)).unwrap())
    }

    #[test]
    fn the_hashes_of_section_4_2() {
        let hash = NtHash::derive("Password");
        assert_eq!(*hash.stored_form(), "{NTLM}a4f49c406510bdcab6824ee7c30fd852");
        let key = hash.response_key("User", "Domain");
        assert_eq!(hex(&key[..]), "0c868a403bfd7a93a3001ef22ef02e3f");
        let (challenge, answer) = published();
        let proof = hmac_md5(&key[..], &[&challenge.nonce, &answer.blob]);
        assert_eq!(hex(&proof[..]), "68cd0ab851e51c96aabc927bebef6a1c");
        let session = hmac_md5(&key[..], &[&proof[..]]);
        assert_eq!(hex(&session[..]), "8de40ccadbc14a82f15cb0ad0de95ca3");
    }

    #[test]
    fn the_answer_of_section_4_2_4_is_taken_and_no_other() {
        let (challenge, answer) = published();
        assert_eq!((&*answer.user, &*answer.domain, answer.mic), ("User", "Domain", None));
        let fits =
            |password, challenge| bool::from(NtHash::derive(password).answers(challenge, &answer));
        assert!(fits("Password", &challenge));
        assert!(!fits("password", &challenge) && !fits("", &challenge));
        let another = Challenge { nonce: [0; 8], ..challenge.clone() };
        assert!(!fits("Password", &another), "an answer from elsewhere");
    }

    fn judged(client: &Client<'_>, spoil: impl FnOnce(&mut Vec<u8>)) -> Result<bool, NoAnswer> {
        let challenge = Challenge::to(NEGOTIATE, [9; 8], "mx.example.net").unwrap();
        let mut message = client.answer(challenge.message());
        spoil(&mut message);
        let answer = Answer::parse(&message)?;
        Ok(NtHash::derive("right").answers(&challenge, &answer).into())
    }

    fn customer(password: &str, with_mic: bool) -> Client<'_> {
        Client { user: "acme", domain: "EX1", password, with_mic, key_exchange: false }
    }

    /// What `sspi` 0.23 lets in: it looks at the MIC, and the client may leave that out.
    #[test]
    fn a_wrong_password_is_refused_with_a_mic_and_without() {
        for with_mic in [true, false] {
            assert_eq!(judged(&customer("right", with_mic), |_| {}), Ok(true), "{with_mic}");
            assert_eq!(judged(&customer("wrong", with_mic), |_| {}), Ok(false), "{with_mic}");
        }
    }

    #[test]
    fn a_mic_that_is_announced_must_fit() {
        assert_eq!(judged(&customer("right", true), |message| message[MIC.start] ^= 1), Ok(false));
        // The flags are under the MIC, too.
        assert_eq!(judged(&customer("right", true), |message| message[61] ^= 1), Ok(false));
        // None was announced: what stands there is nothing.
        assert_eq!(judged(&customer("right", false), |message| message[MIC.start] ^= 1), Ok(true));
        let with_a_key = Client { key_exchange: true, ..customer("right", true) };
        assert_eq!(judged(&with_a_key, |_| {}), Err(NoAnswer::Malformed));
    }

    #[test]
    fn older_answers_and_nobody_are_no_proof() {
        let weak = |user, response: &[u8]| {
            let client = Client { user, ..customer("right", false) };
            Answer::parse(&client.message(response)).unwrap_err()
        };
        assert_eq!(weak("acme", &[1; 24]), NoAnswer::TooWeak, "NTLMv1");
        assert_eq!(weak("acme", &[]), NoAnswer::TooWeak, "LM alone");
        assert_eq!(weak("", &[]), NoAnswer::TooWeak, "nobody");
        assert_eq!(weak("", &[1; 64]), NoAnswer::TooWeak, "nobody, with something");
        assert_eq!(weak("acme", &[2; 64]), NoAnswer::TooWeak, "of no version that there is");
    }

    #[test]
    fn names_are_compared_as_windows_does() {
        assert_eq!(capitals("stra\u{df}e \u{e4}\u{3b1}"), "STRA\u{df}E \u{c4}\u{391}");
        let (one, other) = (NtHash::derive("x"), "acme");
        assert_eq!(one.response_key(other, "EX1"), one.response_key("ACME", "EX1"));
        assert_ne!(one.response_key(other, "EX1"), one.response_key(other, "ex1"));
    }

    #[test]
    fn our_challenge_tells_a_name_and_nothing_else() {
        let said = Challenge::to(NEGOTIATE, [9; 8], "mx.example.net").unwrap();
        let message = said.message();
        assert_eq!(text(field(message, 12).unwrap(), true).unwrap(), "MX");
        assert_eq!(number(message, 20), Some(0x008a_0205));
        assert_eq!(message[24..32], [9; 8]);
        let info = field(message, 40).unwrap();
        assert_eq!(
            info,
            [&[2, 0, 4, 0][..], b"M\0X\0", &[1, 0, 4, 0], b"M\0X\0", &[0; 4]].concat()
        );
        assert_eq!(message.len(), 48 + 4 + info.len());
    }

    #[test]
    fn what_is_kept_is_read_and_shown_to_nobody() {
        let hash = NtHash::derive("pencil");
        assert_eq!(hash.stored_form().parse(), Ok(hash.clone()));
        assert_eq!(format!("{hash:?}"), "NtHash(..)");
        for wrong in ["", "{NTLM}", "{NTLM}zz", "a4f49c406510bdcab6824ee7c30fd852"] {
            assert_eq!(wrong.parse::<NtHash>(), Err(BadStored::Ntlm), "{wrong}");
        }
    }

    #[test]
    fn a_message_that_is_cut_is_none() {
        let whole = octets(AUTHENTICATE);
        // What is behind the server's name in the response is the key, which nobody looks at.
        for cut in 0..whole.len() - 16 {
            assert!(Answer::parse(&whole[..cut]).is_err(), "{cut}");
        }
        for cut in 0..16 {
            assert!(Challenge::to(&NEGOTIATE[..cut], [0; 8], "x").is_none(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets: Vec<u8>, behind in 0usize..16) {
            let _ = Answer::parse(&octets);
            let _ = Challenge::to(&octets, [0; 8], "x");
            // What begins as it should gets further.
            for whole in [NEGOTIATE.to_vec(), super::tests::octets(AUTHENTICATE)] {
                let begun = [&whole[..behind.min(whole.len())], &octets].concat();
                let _ = Answer::parse(&begun);
                let _ = Challenge::to(&begun, [0; 8], "x");
            }
        }

        /// A single bit of an answer that is under its MIC, and it is none of the right password any more.
        #[test]
        fn an_answer_that_was_touched_is_refused(at in 0usize..1000, bit in 0u32..8) {
            let touched = |message: &mut Vec<u8>| {
                let at = at % message.len();
                message[at] ^= 1 << bit;
            };
            let customer = customer("right", true);
            prop_assert_eq!(judged(&customer, |_| {}), Ok(true));
            prop_assert_ne!(judged(&customer, touched), Ok(true), "octet {}, bit {}", at, bit);
        }

        /// Without a MIC, what the proof is made of is what counts: the names, the challenge and the response.
        #[test]
        fn a_response_that_was_touched_is_refused(at in 112usize..112 + 16 + 52, bit in 0u32..8) {
            let customer = customer("right", false);
            prop_assert_eq!(judged(&customer, |_| {}), Ok(true));
            prop_assert_ne!(judged(&customer, |message| message[at] ^= 1 << bit), Ok(true));
        }
    }
}
