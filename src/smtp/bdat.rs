//! BDAT's count of octets still to come. RFC 3030, section 2.

/// A chunk on its way: how much of it has not arrived yet, and whether it is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    left: u64,
    last: bool,
}

impl Chunk {
    /// A chunk of `size` octets.
    pub fn new(size: u64, last: bool) -> Chunk {
        Chunk { left: size, last }
    }

    /// How many of the `available` octets belong to this chunk; they count as taken.
    pub fn take(&mut self, available: usize) -> usize {
        let taken = self.left.min(available as u64);
        self.left -= taken;
        taken as usize
    }

    /// Nothing of it is outstanding.
    pub fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// It ends the message.
    pub fn is_last(&self) -> bool {
        self.last
    }
}

/// Reads BDAT's argument: `size [LAST]`, size being plain digits that fit 64 bits.
pub fn parse(argument: &str) -> Option<(u64, bool)> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let size = words.next().filter(|w| w.len() <= 20 && w.bytes().all(|b| b.is_ascii_digit()))?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    words.next().is_none().then_some(())?;
    Some((size.parse().ok()?, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        assert_eq!(parse("0 LAST"), Some((0, true)));
        assert_eq!(parse("86  last"), Some((86, true)));
        assert_eq!(parse("18446744073709551615"), Some((u64::MAX, false)));
        for bad in ["", "x", "-1", "+5", "5 FOO", "5 LAST x", "0x10", "18446744073709551616"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_chunk_takes_no_more_than_its_own() {
        let mut chunk = Chunk::new(5, true);
        assert_eq!((chunk.take(3), chunk.is_complete()), (3, false));
        assert_eq!((chunk.take(9), chunk.is_complete(), chunk.is_last()), (2, true, true));
    }
}
