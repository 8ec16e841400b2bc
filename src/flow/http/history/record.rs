//! The octets of the history file. Numbers are little-endian, and each record ends in a CRC-32 of the
//! rest of it.

/// Domains in one record.
pub const MOST: usize = 12;
/// A domain's number and stamp, and its messages.
const OF_DOMAIN: usize = 8;
const FIXED: usize = 4 + 4 + 8 + 4 + 4;
/// Octets of a record.
pub(super) const RECORD: usize = FIXED + MOST * OF_DOMAIN + 4;
/// Octets of a name: a domain has at most 255.
pub(super) const NAME: usize = 2 + 1 + 255 + 4 + 4;

/// Which domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u8,
    /// When the number was given away, as far as it matters.
    pub(super) stamp: u16,
}

/// A minute, with numbers for domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) at: u32,
    pub(super) waiting: u32,
    pub(super) octets: u64,
    pub(super) oldest: u32,
    pub(super) domains: Vec<(Slot, u32)>,
}

impl Record {
    pub(super) fn write(&self) -> [u8; RECORD] {
        let mut octets = Vec::with_capacity(RECORD);
        octets.extend(self.at.to_le_bytes());
        octets.extend(self.waiting.to_le_bytes());
        octets.extend(self.octets.to_le_bytes());
        octets.extend(self.oldest.to_le_bytes());
        octets.extend((self.domains.len().min(MOST) as u32).to_le_bytes());
        for (slot, messages) in self.domains.iter().take(MOST) {
            octets.extend([slot.number, 0]);
            octets.extend(slot.stamp.to_le_bytes());
            octets.extend(messages.to_le_bytes());
        }
        sealed(octets)
    }

    /// `None` for what is none.
    pub(super) fn read(octets: &[u8]) -> Option<Record> {
        let rest = &mut unsealed(octets)?;
        let (at, waiting) = (number(rest)?, number(rest)?);
        let octets = u64::from(number(rest)?) | u64::from(number(rest)?) << 32;
        let (oldest, many) = (number(rest)?, number(rest)? as usize);
        let domain = |_| {
            let slot = number(rest)?;
            let slot = Slot { number: slot as u8, stamp: (slot >> 16) as u16 };
            Some((slot, number(rest)?))
        };
        let domains = (0..many.min(MOST)).map(domain).collect::<Option<_>>()?;
        Some(Record { at, waiting, octets, oldest, domains })
    }
}

/// A domain's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) stamp: u16,
    /// When it was last needed.
    pub(super) used: u32,
}

impl Name {
    pub(super) fn write(&self) -> [u8; NAME] {
        let name = &self.name.as_bytes()[..self.name.len().min(255)];
        let mut octets = Vec::with_capacity(NAME);
        octets.extend(self.used.to_le_bytes());
        octets.extend(self.stamp.to_le_bytes());
        octets.push(name.len() as u8);
        octets.extend(name);
        sealed(octets)
    }

    /// `None` for what is none.
    pub(super) fn read(octets: &[u8]) -> Option<Name> {
        let rest = &mut unsealed(octets)?;
        let used = number(rest)?;
        let (&[low, high, length], name) = rest.split_first_chunk::<3>()?;
        let name = std::str::from_utf8(name.get(..usize::from(length))?).ok()?;
        let stamp = u16::from_le_bytes([low, high]);
        (!name.is_empty()).then(|| Name { name: name.to_owned(), stamp, used })
    }
}

fn sealed<const N: usize>(mut octets: Vec<u8>) -> [u8; N] {
    octets.resize(N - 4, 0);
    let mut whole = [0; N];
    whole[..N - 4].copy_from_slice(&octets);
    whole[N - 4..].copy_from_slice(&crc32fast::hash(&octets).to_le_bytes());
    whole
}

fn unsealed(octets: &[u8]) -> Option<&[u8]> {
    let (rest, seal) = octets.split_last_chunk::<4>()?;
    (crc32fast::hash(rest) == u32::from_le_bytes(*seal)).then_some(rest)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_and_read_are_inverses() {
        let slot = |number, stamp| Slot { number, stamp };
        let (at, waiting, octets, oldest) = (u32::MAX, 7, u64::MAX - 1, 9);
        let domains = vec![(slot(255, 65535), 4), (slot(0, 0), u32::MAX)];
        let record = Record { at, waiting, octets, oldest, domains };
        assert_eq!(Record::read(&record.write()), Some(record));
        let name = Name { name: "x".repeat(255), stamp: 7, used: u32::MAX };
        assert_eq!(Name::read(&name.write()), Some(name));
    }

    #[test]
    fn nothing_at_all_is_no_record() {
        assert_eq!(Record::read(&[0; RECORD]), None);
        assert_eq!(Name::read(&[0; NAME]), None);
        assert_eq!(Record::read(&[]), None);
    }
}
