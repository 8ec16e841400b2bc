//! When our own mail is tried again. RFC 5321, section 4.5.4.1: soon at first, then at least every half
//! hour; a customer's mail has no such schedule, for the customer calls.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How long to wait after so many attempts came to nothing: a minute, two, four... half an hour.
pub fn wait(attempts: u32) -> Duration {
    let doubled =
        FIRST.saturating_mul(1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    if attempts == 0 { Duration::ZERO } else { doubled.min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_at_half_an_hour() {
        let minutes: Vec<u64> = (0..9).map(|n| wait(n).as_secs() / 60).collect();
        assert_eq!(minutes, [0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(u32::MAX), LONGEST);
    }
}
