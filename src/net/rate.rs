//! How often somebody may do something: so many times a minute, with a minute's worth at once.
//!
//! An IPv6 caller is counted by its /64, as at the door.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::admission::network;

const MINUTE: Duration = Duration::from_secs(60);
/// Callers that are remembered; strangers must not be able to fill our memory.
const REMEMBERED: usize = 10_000;

/// What each of many callers has left of what it may do. Sans clock.
#[derive(Debug, Default)]
pub struct Rates(HashMap<IpAddr, Bucket>);

/// Time that was saved up: each deed spends a minute's share of it.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    saved: Duration,
    seen: Instant,
}

impl Rates {
    /// May this caller do it once more, and has it now done so? `per_minute` of at least 1.
    pub fn spend(&mut self, who: IpAddr, per_minute: u32, now: Instant) -> bool {
        let who = network(who);
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&who) {
            self.0.retain(|_, bucket| bucket.at(now) < MINUTE);
            if self.0.len() >= REMEMBERED {
                keep_newer_half(&mut self.0, |bucket| bucket.seen);
            }
        }
        let bucket = self.0.entry(who).or_insert(Bucket { saved: MINUTE, seen: now });
        let (saved, price) = (bucket.at(now), MINUTE / per_minute.max(1));
        *bucket = Bucket { saved: saved.checked_sub(price).unwrap_or(saved), seen: now };
        saved >= price
    }
}

/// Forgets those that were last seen longest ago, half of all: who fills the table with others does not
/// thereby go unnoticed, and pays for half of it each time.
pub fn keep_newer_half<K, V>(table: &mut HashMap<K, V>, seen: impl Fn(&V) -> Instant) {
    let mut times: Vec<Instant> = table.values().map(&seen).collect();
    let middle = times.len() / 2;
    if middle == 0 {
        return;
    }
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    let mut surplus = middle;
    table.retain(|_, one| {
        let goes = surplus > 0 && seen(one) <= median;
        surplus -= usize::from(goes);
        !goes
    });
}

impl Bucket {
    fn at(&self, now: Instant) -> Duration {
        (self.saved + now.saturating_duration_since(self.seen)).min(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_at_once_and_then_one_by_one() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        let mut spend =
            |seconds: u64| rates.spend(at("192.0.2.1"), 6, start + Duration::from_secs(seconds));
        assert!((0..6).all(|_| spend(0)));
        assert!(!spend(0));
        assert!(!spend(9));
        assert!(spend(10), "a sixth of a minute later");
        assert!(!spend(11), "what was refused has cost nothing, and earned nothing");
        assert!((0..6).all(|_| spend(999)));
        assert!(!spend(999), "no more than a minute is saved up");
    }

    #[test]
    fn a_crowd_lets_nobody_go_uncounted() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        let network = |n: usize| at(&format!("2001:db8:{:x}:{:x}::1", n / 65_536, n % 65_536));
        for n in 0..2 * REMEMBERED {
            let now = start + Duration::from_micros(n as u64);
            assert!(rates.spend(network(n), 1, now) && !rates.spend(network(n), 1, now), "{n}");
            assert!(rates.0.len() <= REMEMBERED);
        }
        // Also where all came at once.
        let mut same: HashMap<usize, Instant> = (0..10).map(|n| (n, start)).collect();
        keep_newer_half(&mut same, |at| *at);
        assert_eq!(same.len(), 5);
    }

    #[test]
    fn each_network_has_its_own() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        assert!(rates.spend(at("2001:db8::1"), 1, now));
        assert!(!rates.spend(at("2001:db8::2"), 1, now), "the same /64");
        assert!(rates.spend(at("2001:db8:0:1::1"), 1, now));
        assert!(rates.spend(at("192.0.2.1"), 1, now));
        assert!(!rates.spend(at("::ffff:192.0.2.1"), 1, now), "the same, seen through IPv6");
    }

    #[test]
    fn a_crowd_does_not_fill_our_memory() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        let crowd = |n: u32| IpAddr::V4(n.into());
        for n in 0..20_000 {
            assert!(rates.spend(crowd(n), 1, start));
            assert!(rates.0.len() <= REMEMBERED);
        }
        assert!(!rates.spend(crowd(19_999), 1, start), "whoever came last is known");
        assert!(rates.spend(crowd(30_000), 1, start + MINUTE));
        assert_eq!(rates.0.len(), 1, "the others have nothing to answer for any more");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let (mut rates, now) = (Rates::default(), Instant::now() + MINUTE);
        assert!(rates.spend(at("192.0.2.1"), 1, now));
        assert!(!rates.spend(at("192.0.2.1"), 1, now - Duration::from_secs(30)));
    }
}
