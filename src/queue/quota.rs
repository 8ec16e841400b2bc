//! How much may rest for one domain.

/// What a domain may have at rest. Without a number there is no bound but the disk's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Octets of content, in whatever state: mail set aside takes room too.
    pub octets: Option<u64>,
    /// Entries, in whatever state.
    pub messages: Option<u64>,
}

impl Quota {
    /// Is there a bound at all?
    pub fn is_bound(&self) -> bool {
        self.octets.is_some() || self.messages.is_some()
    }

    /// May one more message come in, of so many octets, on top of what rests already? One of unknown
    /// size (0) may, as long as the domain is not full: it overshoots by itself at most.
    pub fn has_room(&self, messages: u64, octets: u64, size: u64) -> bool {
        let fits = |bound: Option<u64>, rests: u64, more: u64| {
            bound.is_none_or(|bound| rests < bound && more <= bound - rests)
        };
        fits(self.messages, messages, 1) && fits(self.octets, octets, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_bound_there_is_always_room() {
        assert!(Quota::default().has_room(u64::MAX, u64::MAX, u64::MAX));
    }

    #[test]
    fn the_last_that_fits_is_taken() {
        let quota = Quota { octets: Some(1000), messages: Some(3) };
        assert!(quota.has_room(2, 900, 100));
        assert!(!quota.has_room(3, 0, 1), "a fourth");
        assert!(!quota.has_room(0, 900, 101), "too large for what is left");
        assert!(quota.has_room(0, 999, 0), "of unknown size");
        assert!(!quota.has_room(0, 1000, 0), "full is full");
        assert!(!quota.has_room(0, u64::MAX, u64::MAX), "a bound made smaller than what rests");
    }
}
