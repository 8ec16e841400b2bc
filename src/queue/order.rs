//! In what order waiting entries go out: small ones first, so that ten short mails arrive before
//! the photograph and a broken line costs little; but whoever has waited long enough overtakes.

/// The size class an entry is filed under; lower classes go first, older entries first inside one.
///
/// Five coarse classes rather than the exact size: inside a class the order is that of arrival,
/// which is what readers of a mailing list expect.
pub fn size_class(octets: u64) -> u8 {
    match octets {
        0..=0x4000 => 0,            // to 16 KiB: a letter
        0x4001..=0x2_0000 => 1,     // to 128 KiB: with a signature image
        0x2_0001..=0x10_0000 => 2,  // to 1 MiB: a document
        0x10_0001..=0x80_0000 => 3, // to 8 MiB: photographs
        _ => 4,
    }
}

/// How many classes there are.
pub const SIZE_CLASSES: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_larger_mail_is_never_in_a_lower_class(a: u64, b: u64) {
            let (small, large) = (a.min(b), a.max(b));
            prop_assert!(size_class(small) <= size_class(large));
            prop_assert!(size_class(large) < SIZE_CLASSES);
        }
    }
}
