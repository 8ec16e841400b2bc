//! In what order waiting entries go out: small ones first, so that ten short mails arrive before
//! the photograph and a broken line costs little; but whoever has waited long enough overtakes.
//!
//! An entry that was tried and not finished queues anew, at the end and behind every untried one:
//! a mail that a customer puts off, or at which it hangs up, must not stand before the others at
//! each call. From then on it waits, and ages, as if it had come at that moment; so however often
//! it ends a session, between two of those everybody else has had their turn.

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

/// How many of them there are.
pub const SIZE_CLASSES: u8 = 5;

/// The class of what was tried before, whatever its size.
pub const TRIED: u8 = SIZE_CLASSES;

/// How many classes there are in all.
pub const CLASSES: u8 = SIZE_CLASSES + 1;

/// What goes first: aged entries, and then class by class. `since` is when the entry came, or was
/// last tried; inside a group, the lowest goes first.
pub fn group<T: Ord>(class: u8, since: T, aged_before: T) -> u8 {
    if since < aged_before { 0 } else { 1 + class }
}

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

    #[test]
    fn the_untried_go_before_the_tried_and_the_aged_before_all() {
        let (yesterday, now) = (1, 2);
        let aged = group(TRIED, yesterday, now);
        assert!((0..CLASSES).all(|class| aged < group(class, now, now)));
        assert!((0..SIZE_CLASSES).all(|class| group(class, now, now) < group(TRIED, now, now)));
    }
}
