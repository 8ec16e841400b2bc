//! Room in domains that have a bound: mail on its way to the disk takes it as mail at rest does, or all who
//! come side by side would find the last place free.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::queue::Quota;
use crate::smtp::Domain;
use crate::spool::SpoolError;

/// What is on its way.
#[derive(Debug, Default)]
pub struct Room(Mutex<HashMap<Domain, Load>>);

/// How much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Entries.
    pub messages: u64,
    /// Octets of content.
    pub octets: u64,
}

/// Why mail that has come whole is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// One of its domains is full by now.
    #[error("a domain is over its quota")]
    OverQuota,
    /// The spool will not have it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// Places that are taken as long as this is held.
#[derive(Debug)]
pub struct Places<'room> {
    room: &'room Room,
    domains: Vec<Domain>,
    octets: u64,
}

impl Room {
    /// Takes a place in each of these domains, for so many octets, on top of what rests there. `None`, and
    /// no place taken, when one of them is full. Of unknown size or not, the last one that comes may
    /// overshoot, by itself.
    pub fn take(
        &self,
        domains: impl Iterator<Item = (Domain, Quota)>,
        octets: u64,
        rests: impl Fn(&Domain) -> Load,
    ) -> Option<Places<'_>> {
        let mut wanted: Vec<Domain> = Vec::new();
        let mut bound = domains.filter(|(_, quota)| quota.is_bound()).peekable();
        if bound.peek().is_none() {
            return Some(Places { room: self, domains: wanted, octets });
        }
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (domain, quota) in bound {
            if wanted.contains(&domain) {
                continue;
            }
            let (rests, coming) = (rests(&domain), taken.get(&domain).copied().unwrap_or_default());
            let messages = rests.messages.saturating_add(coming.messages);
            if !quota.has_room(messages, rests.octets.saturating_add(coming.octets), 0) {
                return None;
            }
            wanted.push(domain);
        }
        for domain in &wanted {
            let load = taken.entry(domain.clone()).or_default();
            load.messages += 1;
            load.octets = load.octets.saturating_add(octets);
        }
        drop(taken);
        Some(Places { room: self, domains: wanted, octets })
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        if self.domains.is_empty() {
            return;
        }
        let mut taken = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        for domain in &self.domains {
            if let Some(load) = taken.get_mut(domain) {
                load.messages = load.messages.saturating_sub(1);
                load.octets = load.octets.saturating_sub(self.octets);
                if load.messages == 0 {
                    taken.remove(domain);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, messages: u64) -> (Domain, Quota) {
        let quota = Quota { octets: Some(1000), messages: Some(messages) };
        (Domain::parse(name).unwrap(), quota)
    }

    fn one_rests(_: &Domain) -> Load {
        Load { messages: 1, octets: 100 }
    }

    #[test]
    fn who_comes_meanwhile_finds_the_place_taken() {
        let room = Room::default();
        let take = |names: &[&str], octets| {
            room.take(names.iter().map(|name| of(name, 3)), octets, one_rests)
        };
        let first = take(&["a.test", "b.test", "a.test"], 10).expect("the second of three");
        let second = take(&["a.test"], 10).expect("the third");
        assert!(take(&["b.test", "a.test"], 10).is_none(), "a fourth");
        let other = take(&["b.test"], 10).expect("a refusal takes no place elsewhere");
        drop((first, other));
        drop(take(&["a.test"], 10).expect("one has gone"));
        drop(second);
        assert!(room.0.lock().unwrap().is_empty(), "nothing is left of who has gone");
    }

    #[test]
    fn octets_count_and_domains_without_a_bound_do_not() {
        let room = Room::default();
        let full = room.take([of("a.test", 9)].into_iter(), 900, one_rests).expect("room");
        assert!(room.take([of("a.test", 9)].into_iter(), 1, one_rests).is_none());
        drop(full);
        let free = (Domain::parse("a.test").unwrap(), Quota::default());
        let places = room.take([free].into_iter(), u64::MAX, one_rests).expect("no bound");
        assert!(places.domains.is_empty());
    }
}
