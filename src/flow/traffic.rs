//! How much mail came and went, for each domain: minute by minute for three hours, by the hour for thirty
//! days before that. In memory and bounded; a daemon that is started anew begins to count anew.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::events::{Happening, Kind};
use crate::smtp::Domain;

/// Minutes that are kept apart; what is older is kept by the hour.
const MINUTES: i64 = 3 * 60;
/// Minutes that are remembered at all.
const MEMORY: i64 = 30 * 24 * 60;
/// Numbers of domains that are kept, in all stretches together. Beyond that the oldest stretch is forgotten.
const CELLS: usize = 65_536;

/// Messages, and the octets of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// How many.
    pub messages: u64,
    /// How large they are together.
    pub octets: u64,
}

/// What came and went. A message of which some recipients were taken and others put off counts for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Taken in.
    pub received: Load,
    /// Handed over, to one recipient at least.
    pub delivered: Load,
    /// Tried, and put off by the other side.
    pub deferred: Load,
    /// Tried, and refused for good.
    pub refused: Load,
}

impl Load {
    fn add(&mut self, other: Load) {
        self.messages += other.messages;
        self.octets = self.octets.saturating_add(other.octets);
    }
}

impl Passed {
    /// These too.
    pub fn add(&mut self, other: Passed) {
        self.received.add(other.received);
        self.delivered.add(other.delivered);
        self.deferred.add(other.deferred);
        self.refused.add(other.refused);
    }

    fn of(&mut self, kind: Kind) -> Option<&mut Load> {
        match kind {
            Kind::Queued => Some(&mut self.received),
            Kind::Delivered => Some(&mut self.delivered),
            Kind::Deferred => Some(&mut self.deferred),
            Kind::Refused => Some(&mut self.refused),
            _ => None,
        }
    }
}

/// Why what was asked for is not known from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The daemon was not there, or does not know what its predecessor counted.
    Restarted,
    /// It is too long ago.
    Lost,
}

/// What came and went since a moment.
#[derive(Clone, Debug)]
pub struct Since {
    /// From here on it is counted: the moment that was asked for, or the beginning of the minute or hour in
    /// which that is, or what is known at all.
    pub from: Timestamp,
    /// What is missing before that.
    pub unknown: Option<Unknown>,
    /// Of each domain that had any.
    pub domains: HashMap<Domain, Passed>,
}

/// Some minutes.
#[derive(Debug)]
struct Stretch {
    /// The first, in minutes since 1970.
    first: i64,
    /// The last.
    last: i64,
    domains: HashMap<Domain, Passed>,
}

/// All that is remembered.
#[derive(Debug)]
pub struct Traffic {
    /// From here on all is known.
    begin: Timestamp,
    unknown: Unknown,
    /// The older ones by the hour, then minutes.
    hours: VecDeque<Stretch>,
    minutes: VecDeque<Stretch>,
    cells: usize,
}

impl Traffic {
    /// Nothing has come yet.
    pub fn begun(begin: Timestamp) -> Traffic {
        let (hours, minutes) = (VecDeque::new(), VecDeque::new());
        Traffic { begin, unknown: Unknown::Restarted, hours, minutes, cells: 0 }
    }

    /// Counts what has happened now, where it is one of these things.
    pub fn count(&mut self, event: &Happening, now: Timestamp) {
        let Some(domain) = &event.domain else { return };
        let mut one = Passed::default();
        let Some(load) = one.of(event.kind) else { return };
        *load = Load { messages: 1, octets: event.size.unwrap_or_default() };
        let minute = minute(now);
        // A clock that was set back does not undo the order.
        if self.minutes.back().is_none_or(|last| last.last < minute) {
            self.minutes.push_back(Stretch::of(minute));
            self.forget(minute);
        }
        let Some(last) = self.minutes.back_mut() else { return };
        match last.domains.get_mut(domain) {
            Some(passed) => passed.add(one),
            None => {
                last.domains.insert(domain.clone(), one);
                self.cells += 1;
            }
        }
    }

    /// Folds what is no longer needed by the minute, and drops what is too old or too much.
    fn forget(&mut self, now: i64) {
        while let Some(old) = self.minutes.pop_front_if(|old| old.last < now - MINUTES) {
            self.cells -= old.domains.len();
            match self.hours.back_mut() {
                Some(hour) if hour.first / 60 == old.first / 60 => self.cells += hour.take(old),
                _ => {
                    self.cells += old.domains.len();
                    self.hours.push_back(old);
                }
            }
        }
        let too_old = |old: &Stretch| old.last < now - MEMORY;
        while self.cells > CELLS || self.hours.front().is_some_and(too_old) {
            let oldest = self.hours.pop_front().or_else(|| self.minutes.pop_front());
            let Some(oldest) = oldest else { return };
            self.cells -= oldest.domains.len();
            self.begin = self.begin.max(moment(oldest.last + 1));
            self.unknown = Unknown::Lost;
        }
    }

    /// What came and went since then, to the minute, and to the hour where it is long ago.
    pub fn since(&self, asked: Timestamp) -> Since {
        let mut from = asked;
        let mut domains: HashMap<Domain, Passed> = HashMap::new();
        for stretch in self.hours.iter().chain(&self.minutes) {
            if moment(stretch.last + 1) <= asked {
                continue;
            }
            from = from.min(moment(stretch.first));
            for (domain, passed) in &stretch.domains {
                match domains.get_mut(domain) {
                    Some(known) => known.add(*passed),
                    None => {
                        domains.insert(domain.clone(), *passed);
                    }
                }
            }
        }
        let unknown = (asked < self.begin).then_some(self.unknown);
        Since { from: from.max(self.begin), unknown, domains }
    }
}

impl Stretch {
    fn of(minute: i64) -> Stretch {
        Stretch { first: minute, last: minute, domains: HashMap::new() }
    }

    /// Takes a later one in. Says how many domains that makes more.
    fn take(&mut self, later: Stretch) -> usize {
        let before = self.domains.len();
        self.last = later.last;
        for (domain, passed) in later.domains {
            self.domains.entry(domain).or_default().add(passed);
        }
        self.domains.len() - before
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn moment(minute: i64) -> Timestamp {
    Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::queue::EntryId;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60 + 30).unwrap()
    }

    fn of(kind: Kind, domain: &str, size: u64) -> Happening {
        let domain = Domain::parse(domain).unwrap();
        Happening { size: Some(size), ..Happening::of(kind, EntryId(Ulid::nil()), domain) }
    }

    fn sum(since: &Since) -> Passed {
        let mut sum = Passed::default();
        since.domains.values().for_each(|passed| sum.add(*passed));
        sum
    }

    #[test]
    fn what_came_and_went_is_counted_by_domain_since_a_minute() {
        let mut traffic = Traffic::begun(at(999));
        traffic.count(&of(Kind::Queued, "example.org", 10), at(1000));
        traffic.count(&of(Kind::Queued, "example.com", 5), at(1001));
        traffic.count(&of(Kind::Delivered, "example.org", 10), at(1002));
        traffic.count(&of(Kind::Deferred, "example.com", 5), at(1002));
        traffic.count(&of(Kind::Held, "example.com", 5), at(1002));
        let all = traffic.since(at(999));
        assert_eq!((all.from, all.unknown, all.domains.len()), (at(999), None, 2));
        let load = |messages, octets| Load { messages, octets };
        let received = load(2, 15);
        let expected = Passed {
            received,
            delivered: load(1, 10),
            deferred: load(1, 5),
            refused: Load::default(),
        };
        assert_eq!(sum(&all), expected);
        let some = traffic.since(at(1001));
        assert_eq!((some.from, sum(&some).received), (moment(1001), load(1, 5)));
        let before = traffic.since(at(0));
        assert_eq!((before.from, before.unknown), (at(999), Some(Unknown::Restarted)));
    }

    #[test]
    fn old_minutes_become_hours_and_old_hours_are_forgotten() {
        let mut traffic = Traffic::begun(at(0));
        for minute in 0..=600 {
            traffic.count(&of(Kind::Queued, "example.org", 1), at(minute));
        }
        assert_eq!((traffic.hours.len(), traffic.minutes.len()), (7, 181));
        assert_eq!(traffic.cells, 188);
        let all = traffic.since(at(0));
        assert_eq!((sum(&all).received.messages, all.unknown), (601, None));
        // In the middle of what is an hour by now: all of that hour is told, and from when.
        let some = traffic.since(at(90));
        assert_eq!((some.from, sum(&some).received.messages), (moment(60), 541));
        let late = MEMORY + 120 + 5;
        traffic.count(&of(Kind::Queued, "example.org", 1), at(late));
        let all = traffic.since(at(0));
        assert_eq!((all.from, all.unknown), (moment(120), Some(Unknown::Lost)));
        assert_eq!(sum(&all).received.messages, 602 - 120);
    }

    #[test]
    fn so_many_domains_are_remembered_and_no_more() {
        let mut traffic = Traffic::begun(at(0));
        for minute in 0..100 {
            for n in 0..1000 {
                let event = of(Kind::Queued, &format!("d{n}.example"), 1);
                traffic.count(&event, at(minute));
            }
        }
        assert!(traffic.cells <= CELLS + 1000, "{}", traffic.cells);
        let all = traffic.since(at(0));
        assert_eq!(all.unknown, Some(Unknown::Lost));
        assert!(all.from > at(0) && sum(&all).received.messages >= CELLS as u64 - 1000);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let mut traffic = Traffic::begun(at(100));
        traffic.count(&of(Kind::Queued, "example.org", 1), at(101));
        traffic.count(&of(Kind::Queued, "example.org", 1), at(50));
        assert_eq!(sum(&traffic.since(at(100))).received.messages, 2);
    }
}
