//! When a customer that runs all the time calls next. Pure: time and dice are handed in.

use std::time::Duration;

use jiff::Timestamp;

use crate::exit::Exit;

/// The soonest that is called again after trouble.
const SOONEST: Duration = Duration::from_secs(60);

/// How often to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// From one call to the next, while all is well.
    pub interval: Duration,
    /// At most so much later, by chance, so that not all customers call in the same second.
    pub jitter: Duration,
    /// At the most so long after trouble that another call will hardly mend.
    pub longest: Duration,
}

/// How long to wait before the next call, from the end of the last.
///
/// What may mend itself (a line that broke, a provider that is busy) is tried again after a minute, two,
/// four..., and never less often than while all is well. What will not (a wrong password, a
/// broken setting) is tried ever less often, since each try is one more mail in somebody's log, or a
/// step towards being shut out.
///
/// `failures` counts those in a row, this one included; `dice` is from 0 to 1.
/// Where there is `more` than one run may take, the next one is soon.
pub fn wait(rhythm: &Rhythm, exit: Exit, more: bool, failures: u32, dice: f64) -> Duration {
    let doubled = |first: Duration| {
        first.saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
    };
    let base = match exit {
        Exit::Ok | Exit::Partial if more => SOONEST.min(rhythm.interval),
        Exit::Ok | Exit::Partial => rhythm.interval,
        Exit::TempFail | Exit::Unavailable | Exit::NoHost | Exit::Io | Exit::CantCreate => {
            doubled(SOONEST).min(rhythm.interval)
        }
        _ => doubled(rhythm.interval).min(rhythm.longest.max(rhythm.interval)),
    };
    base.saturating_add(chance(rhythm.jitter, dice))
}

/// How long to wait before the first call: as was planned before a restart, or a part of the jitter.
pub fn first(rhythm: &Rhythm, planned: Option<Timestamp>, now: Timestamp, dice: f64) -> Duration {
    let left = planned.map(|planned| planned.duration_since(now));
    let left = left.and_then(|left| Duration::try_from(left).ok());
    // A plan beyond the longest wait is none of these settings', or another clock's.
    let most = rhythm.interval.max(rhythm.longest).saturating_add(rhythm.jitter);
    left.filter(|left| *left <= most).unwrap_or_else(|| chance(rhythm.jitter, dice))
}

/// A part of the jitter.
pub fn chance(jitter: Duration, dice: f64) -> Duration {
    jitter.mul_f64(dice.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHYTHM: Rhythm = Rhythm {
        interval: Duration::from_secs(900),
        jitter: Duration::from_secs(60),
        longest: Duration::from_secs(4 * 3600),
    };

    #[test]
    fn chance_is_a_part_of_the_jitter_and_never_more() {
        let part = |dice| chance(Duration::from_secs(60), dice);
        let seconds = [0.0, 0.25, 0.5, 1.0].map(|dice| part(dice).as_secs());
        assert_eq!(seconds, [0, 15, 30, 60]);
        assert_eq!((part(-3.0), part(7.0)), (Duration::ZERO, Duration::from_secs(60)));
        assert_eq!(chance(Duration::ZERO, 0.7), Duration::ZERO);
        // The longest that settings allow, at whatever the dice say.
        let day = Duration::from_secs(86_400);
        assert!((0..=1000).all(|n| chance(day, f64::from(n) / 1000.0) <= day));
    }

    fn minutes(exit: Exit, failures: std::ops::Range<u32>) -> Vec<u64> {
        failures.map(|n| wait(&RHYTHM, exit, false, n, 0.0).as_secs() / 60).collect()
    }

    #[test]
    fn while_all_is_well_it_calls_every_interval() {
        assert_eq!(minutes(Exit::Ok, 0..2), [15, 15]);
        assert_eq!(minutes(Exit::Partial, 0..1), [15], "some mail was put off: that is no trouble");
    }

    #[test]
    fn what_may_mend_itself_is_tried_sooner_and_never_later_than_usual() {
        assert_eq!(minutes(Exit::TempFail, 1..8), [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(minutes(Exit::Unavailable, 1..2), [1]);
        let hasty = Rhythm { interval: Duration::from_secs(20), ..RHYTHM };
        assert_eq!(wait(&hasty, Exit::TempFail, false, 1, 0.0), Duration::from_secs(20));
    }

    #[test]
    fn what_will_not_is_tried_ever_less_often() {
        assert_eq!(minutes(Exit::NoPerm, 1..8), [15, 30, 60, 120, 240, 240, 240]);
        assert_eq!(wait(&RHYTHM, Exit::Config, false, u32::MAX, 0.0), RHYTHM.longest);
        let slow = Rhythm { interval: Duration::from_secs(86_400), ..RHYTHM };
        assert_eq!(wait(&slow, Exit::NoPerm, false, 9, 0.0), slow.interval);
    }

    #[test]
    fn what_is_left_is_fetched_soon() {
        assert_eq!(wait(&RHYTHM, Exit::Partial, true, 0, 0.0), SOONEST);
    }

    #[test]
    fn a_restart_calls_when_it_was_planned() {
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        let first = |planned| first(&RHYTHM, planned, at(0), 0.5);
        assert_eq!(first(Some(at(600))), Duration::from_secs(600));
        let by_chance = Duration::from_secs(30);
        assert_eq!(first(None), by_chance);
        assert_eq!(first(Some(at(-5))), by_chance, "overdue");
        assert_eq!(first(Some(at(400 * 86_400))), by_chance, "another clock's");
    }

    #[test]
    fn chance_comes_on_top() {
        assert_eq!(wait(&RHYTHM, Exit::Ok, false, 0, 0.5), Duration::from_secs(930));
        assert_eq!(wait(&RHYTHM, Exit::Ok, false, 0, 7.0), Duration::from_secs(960));
        assert_eq!(chance(RHYTHM.jitter, f64::NAN.max(0.0)), Duration::ZERO);
    }
}
