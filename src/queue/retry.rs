//! When our own mail is tried again. RFC 5321, section 4.5.4.1: soon at first, then at least every half
//! hour; a customer's mail has no such schedule, for the customer calls.

use std::time::Duration;

use jiff::Timestamp;

const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How long to wait after so many attempts came to nothing: a minute, two, four... half an hour.
pub fn wait(attempts: u32) -> Duration {
    let doubled =
        FIRST.saturating_mul(1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
    if attempts == 0 { Duration::ZERO } else { doubled.min(LONGEST) }
}

/// May it be tried at this time? A clock that was set back keeps nothing waiting.
pub fn may_go(tried: Option<Timestamp>, attempts: u32, now: Timestamp) -> bool {
    tried.is_none_or(|tried| now.duration_since(tried).unsigned_abs() >= wait(attempts))
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

    #[test]
    fn it_goes_when_its_wait_is_over() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(may_go(None, 0, at(0)));
        assert!(!may_go(Some(at(0)), 2, at(119)) && may_go(Some(at(0)), 2, at(120)));
        assert!(may_go(Some(at(86_400)), 9, at(0)), "the clock was set back");
    }
}
