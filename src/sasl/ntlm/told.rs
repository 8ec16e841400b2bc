//! What a challenge of NTLM tells anybody who asks for one, before any login: the names of the machine and of its
//! domain, and the build of Windows. MS-NLMP, section 2.2.1.2.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{COMPUTER_NAME, DOMAIN_NAME, END, UNICODE, field, kind, number, short, text};
use crate::sasl::MAX_MESSAGE;

/// A version stands behind the fields.
const VERSION: u32 = 0x0200_0000;
/// Attributes that only servers of a domain have. Section 2.2.2.1.
const DNS_COMPUTER: u16 = 3;
const DNS_DOMAIN: u16 = 4;
const DNS_TREE: u16 = 5;
/// No name is longer, in characters: that of DNS has 255 octets at most.
const LONGEST_NAME: usize = 255;

/// The names and the version in a challenge. What it does not tell, or not in the form it should have, is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NtlmTold {
    /// What the login would be for: a domain, or a machine that is in none.
    pub target: Option<String>,
    /// The machine's name, as NetBIOS has it.
    pub computer: Option<String>,
    /// The domain's name, as NetBIOS has it.
    pub domain: Option<String>,
    /// The machine's name in DNS.
    pub dns_computer: Option<String>,
    /// The domain's.
    pub dns_domain: Option<String>,
    /// That of the domain at the top.
    pub dns_tree: Option<String>,
    /// Of Windows.
    pub version: Option<WindowsVersion>,
}

/// A version of Windows, written as `5.2.3790`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowsVersion {
    /// 5 of Windows Server 2003.
    pub major: u8,
    /// 2 of it.
    pub minor: u8,
    /// 3790 of it; it tells one release from the next.
    pub build: u16,
}

impl fmt::Display for WindowsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

impl Serialize for WindowsVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl NtlmTold {
    /// Reads a CHALLENGE_MESSAGE; nothing, where it is none.
    pub fn parse(message: &[u8]) -> Option<NtlmTold> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        kind(message, 2)?;
        let flags = number(message, 20)?;
        let target = field(message, 12).and_then(|octets| name(octets, flags & UNICODE != 0));
        let mut told = NtlmTold { target, ..NtlmTold::default() };
        if flags & VERSION != 0 {
            told.version = version(message);
        }
        // A challenge of NTLMv1 ends before this field.
        told.add(field(message, 40).unwrap_or_default());
        Some(told)
    }

    /// Takes the attributes, as far as they hold together. They are UTF-16 whatever the flags say.
    fn add(&mut self, mut attributes: &[u8]) {
        while let Some((id, value, rest)) = attribute(attributes) {
            let mut other = None;
            let place = match id {
                END => return,
                COMPUTER_NAME => &mut self.computer,
                DOMAIN_NAME => &mut self.domain,
                DNS_COMPUTER => &mut self.dns_computer,
                DNS_DOMAIN => &mut self.dns_domain,
                DNS_TREE => &mut self.dns_tree,
                _ => &mut other,
            };
            if place.is_none() {
                *place = name(value, true);
            }
            attributes = rest;
        }
    }
}

fn attribute(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (head, rest) = octets.split_at_checked(4)?;
    let (value, rest) = rest.split_at_checked(usize::from(short(head, 2)?))?;
    Some((short(head, 0)?, value, rest))
}

/// Section 2.2.2.10. The field stands where others have their names; one that is not of revision 15 says nothing.
fn version(message: &[u8]) -> Option<WindowsVersion> {
    let [major, minor, .., revision] = *message.get(48..56)? else { return None };
    let build = short(message, 50)?;
    (revision == 15).then_some(WindowsVersion { major, minor, build })
}

fn name(octets: &[u8], is_unicode: bool) -> Option<String> {
    let name = text(octets, is_unicode).filter(|name| !name.is_empty())?;
    Some(name.chars().take(LONGEST_NAME).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::utf16;
    use super::*;

    /// A challenge with these attributes, whatever they are.
    fn challenge(flags: u32, target: &str, attributes: &[u8]) -> Vec<u8> {
        let target = utf16(target);
        let mut said = b"NTLMSSP\0\x02\0\0\0".to_vec();
        let field = |said: &mut Vec<u8>, length: usize, at: usize| {
            said.extend((length as u16).to_le_bytes().repeat(2));
            said.extend((at as u32).to_le_bytes());
        };
        field(&mut said, target.len(), 56);
        said.extend(flags.to_le_bytes());
        said.extend([9; 8]);
        said.extend([0; 8]);
        field(&mut said, attributes.len(), 56 + target.len());
        said.extend([5, 2, 0xce, 0x0e, 0, 0, 0, 15]);
        said.extend(target);
        said.extend(attributes);
        said
    }

    fn pair(id: u16, value: &[u8]) -> Vec<u8> {
        let length = value.len() as u16;
        [&id.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
    }

    fn names(all: &[(u16, &str)]) -> Vec<u8> {
        all.iter().flat_map(|(id, name)| pair(*id, &utf16(name))).collect()
    }

    #[test]
    fn names_and_version_are_read() {
        let known = names(&[
            (2, "EXAMPLE"),
            (1, "EX1"),
            (4, "example.test"),
            (3, "ex1.example.test"),
            (5, "test"),
            (7, "a time"),
            (0, ""),
            (1, "behind the end"),
        ]);
        let told = NtlmTold::parse(&challenge(VERSION | UNICODE, "EXAMPLE", &known)).unwrap();
        let some = |name: &str| Some(name.to_owned());
        let expected = NtlmTold {
            target: some("EXAMPLE"),
            computer: some("EX1"),
            domain: some("EXAMPLE"),
            dns_computer: some("ex1.example.test"),
            dns_domain: some("example.test"),
            dns_tree: some("test"),
            version: Some(WindowsVersion { major: 5, minor: 2, build: 3790 }),
        };
        assert_eq!(told, expected);
        // The flag says whether there is a version; what stands there without it is something else.
        let told = NtlmTold::parse(&challenge(UNICODE, "EXAMPLE", &known)).unwrap();
        assert_eq!(told.version, None);
    }

    /// MS-SMTPNTLM, section 4.1, has these octets in its example.
    #[test]
    fn a_challenge_without_names_is_one() {
        let bare =
            b"NTLMSSP\0\x02\0\0\0\0\0\0\0\x38\0\0\0\x01\x02\0\x02\x01\x23\x45\x67\x89\xab\xcd\xef\
                     \0\0\0\0\0\0\0\0\0\0\0\0\x38\0\0\0\x05\x02\xce\x0e\0\0\0\x0f";
        let told = NtlmTold::parse(bare).unwrap();
        assert_eq!(
            told,
            NtlmTold {
                version: Some(WindowsVersion { major: 5, minor: 2, build: 3790 }),
                ..NtlmTold::default()
            }
        );
        // One that ends behind our challenge, as Windows NT 4 has it.
        assert_eq!(NtlmTold::parse(&bare[..32]), Some(NtlmTold::default()));
        assert_eq!(NtlmTold::parse(b"ntlm supported"), None);
        assert_eq!(NtlmTold::parse(&[b"NTLMSSP\0\x01", &bare[9..]].concat()), None);
    }

    #[test]
    fn what_is_hostile_tells_nothing_and_costs_nothing() {
        let read = |attributes: &[u8]| {
            NtlmTold::parse(&challenge(UNICODE, "", attributes)).expect("a challenge")
        };
        let long = "x".repeat(4000);
        assert_eq!(read(&names(&[(1, &long)])).computer.map(|name| name.len()), Some(255));
        assert_eq!(read(&pair(1, &[0x00, 0xd8])).computer, None, "half a character");
        assert_eq!(read(&pair(1, b"odd")).computer, None);
        assert_eq!(read(&[1, 0, 0xff, 0xff, 65, 0]).computer, None, "longer than there is");
        let twice = names(&[(1, "FIRST"), (1, "SECOND")]);
        assert_eq!(read(&twice).computer.as_deref(), Some("FIRST"));
        let far = b"NTLMSSP\0\x02\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\x02";
        assert_eq!(NtlmTold::parse(far), Some(NtlmTold::default()));
        let huge = challenge(UNICODE, "", &vec![1; 20_000]);
        assert_eq!(NtlmTold::parse(&huge), None);
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets: Vec<u8>, flags: u32, attributes: Vec<u8>, cut: usize) {
            let _ = NtlmTold::parse(&octets);
            let begun = [b"NTLMSSP\0\x02\0\0\0", &octets[..]].concat();
            let _ = NtlmTold::parse(&begun);
            let whole = challenge(flags, "EXAMPLE", &attributes);
            let _ = NtlmTold::parse(&whole[..cut % (whole.len() + 1)]);
        }

        /// Any bit of it may be another: there are names of bounded length, or there is nothing.
        #[test]
        fn touched_names_stay_short(at: usize, bit in 0u32..8) {
            let known = names(&[(2, "EXAMPLE"), (1, "EX1"), (4, "example.test"), (0, "")]);
            let mut whole = challenge(VERSION | UNICODE, "EXAMPLE", &known);
            let at = at % whole.len();
            whole[at] ^= 1 << bit;
            if let Some(told) = NtlmTold::parse(&whole) {
                let all = [told.target, told.computer, told.domain, told.dns_domain];
                prop_assert!(all.into_iter().flatten().all(|name| name.chars().count() <= 255));
            }
        }
    }
}
