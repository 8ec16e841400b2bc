//! How content proves that it is whole: a CRC for each piece, so that damage is found before any
//! of it is given out, and a SHA-256 over everything, so that the pieces are the right ones.
//!
//! The trace fields stand in front of the content but are known last. So the digest is taken over
//! the content first and the head behind it, which proves the same and needs nothing read twice.

use sha2::{Digest, Sha256};

use crate::mail::message_id;

/// Content is written, checked and given out in pieces of this many octets.
pub(super) const PIECE: usize = 128 * 1024;

/// A line of so many octets is a long one.
const LONG_LINE: usize = 4096;

/// What is known of a message's content when it is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Octets, head included.
    pub(super) size: u64,
    pub(super) ends_in_crlf: bool,
    pub(super) eight_bit: bool,
    pub(super) long_lines: bool,
    /// CRC-32 of the head, then of each piece, four octets each, least significant first.
    pub(super) checks: Vec<u8>,
    pub(super) digest: [u8; 32],
    pub(super) message_id: Option<Box<str>>,
}

/// Watches content go by.
#[derive(Clone, Debug, Default)]
pub(super) struct Seal {
    digest: Sha256,
    checks: Vec<u8>,
    size: u64,
    ends_in_crlf: Option<bool>,
    eight_bit: bool,
    long_lines: bool,
    /// Octets since the last LF.
    line: usize,
    last: u8,
    message_id: Option<Box<str>>,
}

impl Seal {
    /// Takes in one whole piece.
    pub(super) fn piece(&mut self, piece: &[u8]) {
        if self.size == 0 {
            self.message_id = message_id(piece).map(Into::into);
        }
        self.digest.update(piece);
        self.checks.extend_from_slice(&crc32fast::hash(piece).to_le_bytes());
        self.size += piece.len() as u64;
        self.eight_bit |= !piece.is_ascii();
        self.long_lines = self.long_lines || self.holds_a_long_line(piece);
        if let Some(&last) = piece.last() {
            let before = piece.len().checked_sub(2).map_or(self.last, |at| piece[at]);
            self.ends_in_crlf = Some((before, last) == (b'\r', b'\n'));
            self.last = last;
        }
    }

    /// Leaps from LF to LF, as far as a line may be long: an LF is looked for about once in so many octets.
    fn holds_a_long_line(&mut self, piece: &[u8]) -> bool {
        let mut rest = piece;
        while !rest.is_empty() {
            let leap = rest.len().min(LONG_LINE - self.line);
            match memchr::memrchr(b'\n', &rest[..leap]) {
                Some(at) => {
                    self.line = 0;
                    rest = &rest[at + 1..];
                }
                None => {
                    self.line += leap;
                    rest = &rest[leap..];
                }
            }
            if self.line == LONG_LINE {
                return true;
            }
        }
        false
    }

    /// Puts the head in front and closes.
    pub(super) fn close(mut self, head: &[u8]) -> Sealed {
        self.digest.update(head);
        let mut checks = crc32fast::hash(head).to_le_bytes().to_vec();
        checks.append(&mut self.checks);
        Sealed {
            size: self.size + head.len() as u64,
            ends_in_crlf: self.ends_in_crlf.unwrap_or(head.ends_with(b"\r\n")),
            eight_bit: self.eight_bit || !head.is_ascii(),
            long_lines: self.long_lines,
            checks,
            digest: self.digest.finalize().into(),
            message_id: self.message_id,
        }
    }
}

/// Holds content that comes back against what it was.
#[derive(Debug)]
pub(super) struct Proof {
    digest: Sha256,
    checks: Vec<u8>,
    wanted: Vec<u8>,
    next: usize,
}

impl Proof {
    /// `checks` and `wanted` as a [`Sealed`] had them.
    pub(super) fn new(checks: Vec<u8>, wanted: Vec<u8>) -> Proof {
        Proof { digest: Sha256::new(), checks, wanted, next: 1 }
    }

    /// Is this the head?
    pub(super) fn head(&self, head: &[u8]) -> Result<(), String> {
        self.agrees(0, head).then_some(()).ok_or_else(|| "the trace fields have changed".to_owned())
    }

    /// Is this the next piece?
    pub(super) fn piece(&mut self, piece: &[u8]) -> Result<(), String> {
        let n = self.next;
        if !self.agrees(n, piece) {
            return Err(format!("piece {n} of the content has changed"));
        }
        self.next += 1;
        self.digest.update(piece);
        Ok(())
    }

    fn agrees(&self, n: usize, octets: &[u8]) -> bool {
        self.checks.get(4 * n..4 * n + 4) == Some(&crc32fast::hash(octets).to_le_bytes()[..])
    }

    /// Was that everything, in the right order? Asked once, behind the last piece.
    pub(super) fn whole(&mut self, head: &[u8]) -> Result<(), String> {
        self.digest.update(head);
        let seen = self.digest.finalize_reset();
        let whole = self.checks.len() == 4 * self.next && seen[..] == self.wanted[..];
        whole.then_some(()).ok_or_else(|| "the content as a whole has changed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(pieces: &[Vec<u8>], head: &[u8]) -> Sealed {
        let mut seal = Seal::default();
        pieces.iter().for_each(|piece| seal.piece(piece));
        seal.close(head)
    }

    fn proves(sealed: &Sealed, pieces: &[Vec<u8>], head: &[u8]) -> bool {
        let mut proof = Proof::new(sealed.checks.clone(), sealed.digest.to_vec());
        proof.head(head).is_ok()
            && pieces.iter().all(|piece| proof.piece(piece).is_ok())
            && proof.whole(head).is_ok()
    }

    proptest! {
        #[test]
        fn what_was_sealed_proves_whole_and_nothing_else_does(
            pieces: Vec<Vec<u8>>, head: Vec<u8>, other: Vec<Vec<u8>>
        ) {
            let sealed = sealed(&pieces, &head);
            prop_assert!(proves(&sealed, &pieces, &head));
            prop_assert_eq!(proves(&sealed, &other, &head), other == pieces);
        }

        #[test]
        fn its_end_and_its_bits_are_those_of_the_whole(pieces: Vec<Vec<u8>>, head: Vec<u8>) {
            let sealed = sealed(&pieces, &head);
            let whole = [head, pieces.concat()].concat();
            prop_assert_eq!(sealed.size, whole.len() as u64);
            prop_assert_eq!(sealed.eight_bit, !whole.is_ascii());
        }
    }

    #[test]
    fn a_long_line_is_one_however_it_is_cut() {
        let short = [b"x".repeat(LONG_LINE - 1), b"\n".to_vec()].concat().repeat(3);
        let long = [b"a\n".to_vec(), b"x".repeat(LONG_LINE), b"\nb\n".to_vec()].concat();
        for cut in [1, 7, 4095, 4096, 4097, 10_000, 100_000] {
            let seen = |whole: &[u8]| {
                let pieces: Vec<Vec<u8>> = whole.chunks(cut).map(<[u8]>::to_vec).collect();
                sealed(&pieces, b"").long_lines
            };
            assert!(!seen(&short) && seen(&long), "cut every {cut}");
        }
    }

    #[test]
    fn a_line_end_may_be_cut_in_two() {
        let cut = |pieces: &[&[u8]], head: &[u8]| {
            let pieces: Vec<_> = pieces.iter().map(|piece| piece.to_vec()).collect();
            sealed(&pieces, head).ends_in_crlf
        };
        assert!(cut(&[b"a\r", b"\n"], b""));
        assert!(cut(&[], b"Received: x\r\n"));
        assert!(!cut(&[b"a\n", b"\n"], b"Received: x\r\n"));
        assert!(!cut(&[b"a\r\n", b"b"], b""));
    }
}
