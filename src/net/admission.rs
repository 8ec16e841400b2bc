//! How many may be inside at once, in all and from one address, and how often one may come.
//!
//! An IPv6 caller is counted by its /64: whoever has one address there has them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::rate::Rates;

/// How many connections are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// In all.
    pub in_all: usize,
    /// From one IPv4 address, or from one IPv6 /64.
    pub per_address: usize,
    /// In a minute, from the same.
    pub per_minute: Option<u32>,
}

/// Who is turned away, and why. Meant for a 421.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// There are too many connections in all.
    #[error("too many connections")]
    Full,
    /// There are too many from this address.
    #[error("too many connections from your address")]
    TooManyFromThere,
    /// This address comes too often.
    #[error("your address connects too often")]
    TooOften,
}

/// The door, shared by all who accept.
#[derive(Clone, Debug)]
pub struct Admission {
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug)]
struct Inside {
    limits: AdmissionLimits,
    in_all: usize,
    from: HashMap<IpAddr, usize>,
    rates: Rates,
}

/// A place inside. Free again when this is dropped.
#[derive(Debug)]
pub struct Admitted {
    inside: Arc<Mutex<Inside>>,
    from: Option<IpAddr>,
}

impl Admission {
    /// A door with nobody inside.
    pub fn new(limits: AdmissionLimits) -> Admission {
        let inside = Inside { limits, in_all: 0, from: HashMap::new(), rates: Rates::default() };
        Admission { inside: Arc::new(Mutex::new(inside)) }
    }

    /// Lets a caller in, unless there are too many. One without an address, on a unix socket or known
    /// for a friend, counts towards the total alone.
    ///
    /// # Errors
    ///
    /// Which limit is reached. The caller should be told 421, and the connection closed.
    pub fn admit(&self, peer: Option<IpAddr>, now: Instant) -> Result<Admitted, NotAdmitted> {
        let from = peer.map(network);
        lock(&self.inside).enter(from, now)?;
        Ok(Admitted { inside: self.inside.clone(), from })
    }

    /// Puts new limits in force. Who is inside stays.
    pub fn set_limits(&self, limits: AdmissionLimits) {
        lock(&self.inside).limits = limits;
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        lock(&self.inside).in_all
    }
}

impl Inside {
    fn enter(&mut self, from: Option<IpAddr>, now: Instant) -> Result<(), NotAdmitted> {
        if let (Some(from), Some(per_minute)) = (from, self.limits.per_minute)
            && !self.rates.spend(from, per_minute, now)
        {
            return Err(NotAdmitted::TooOften);
        }
        if self.in_all >= self.limits.in_all {
            return Err(NotAdmitted::Full);
        }
        if let Some(from) = from {
            let already = self.from.get(&from).copied().unwrap_or(0);
            if already >= self.limits.per_address {
                return Err(NotAdmitted::TooManyFromThere);
            }
            self.from.insert(from, already + 1);
        }
        self.in_all += 1;
        Ok(())
    }

    fn leave(&mut self, from: Option<IpAddr>) {
        self.in_all = self.in_all.saturating_sub(1);
        let Some(from) = from else { return };
        match self.from.get_mut(&from) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.from.remove(&from)),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        lock(&self.inside).leave(self.from);
    }
}

/// A count is right after every step: a panic elsewhere does not make it wrong.
fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whom an address stands for: itself, or its IPv6 /64.
pub fn network(address: IpAddr) -> IpAddr {
    const HIGH_64: u128 = (u64::MAX as u128) << 64;
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & HIGH_64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(in_all: usize, per_address: usize) -> Admission {
        Admission::new(AdmissionLimits { in_all, per_address, per_minute: None })
    }

    fn admit(door: &Admission, peer: Option<IpAddr>) -> Result<Admitted, NotAdmitted> {
        door.admit(peer, Instant::now())
    }

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_place_is_free_again_when_its_guest_has_left() {
        let door = door(2, 9);
        let first = admit(&door, at("192.0.2.1")).unwrap();
        let _second = admit(&door, None).unwrap();
        assert_eq!(admit(&door, at("192.0.2.3")).unwrap_err(), NotAdmitted::Full);
        drop(first);
        assert_eq!(door.inside(), 1);
        assert!(admit(&door, at("192.0.2.3")).is_ok());
        assert_eq!(door.inside(), 1);
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let door = door(9, 2);
        let _guests =
            [admit(&door, at("192.0.2.1")).unwrap(), admit(&door, at("192.0.2.1")).unwrap()];
        let refused = admit(&door, at("::ffff:192.0.2.1"));
        assert_eq!(refused.unwrap_err(), NotAdmitted::TooManyFromThere);
        assert!(admit(&door, at("192.0.2.2")).is_ok());
        assert!(admit(&door, None).is_ok());
    }

    #[test]
    fn ipv6_is_counted_by_the_64() {
        let door = door(9, 1);
        let _guest = admit(&door, at("2001:db8:0:1::1")).unwrap();
        let neighbour = admit(&door, at("2001:db8:0:1:ffff::2"));
        assert_eq!(neighbour.unwrap_err(), NotAdmitted::TooManyFromThere);
        assert!(admit(&door, at("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_who_has_left_or_was_refused() {
        let door = door(1, 1);
        for _ in 0..3 {
            let guest = admit(&door, at("192.0.2.1")).unwrap();
            assert!(admit(&door, at("192.0.2.2")).is_err());
            drop(guest);
        }
        assert!(lock(&door.inside).from.is_empty());
    }

    #[test]
    fn new_limits_hold_for_the_next_caller() {
        let door = door(1, 1);
        let _guest = admit(&door, at("192.0.2.1")).unwrap();
        door.set_limits(AdmissionLimits { in_all: 2, per_address: 2, per_minute: None });
        assert!(admit(&door, at("192.0.2.1")).is_ok());
    }

    #[test]
    fn one_address_cannot_come_and_go_without_end() {
        let limits = AdmissionLimits { in_all: 9, per_address: 9, per_minute: Some(2) };
        let (door, now) = (Admission::new(limits), Instant::now());
        for _ in 0..2 {
            drop(door.admit(at("192.0.2.1"), now).unwrap());
        }
        assert_eq!(door.admit(at("192.0.2.1"), now).unwrap_err(), NotAdmitted::TooOften);
        assert!(door.admit(at("192.0.2.2"), now).is_ok());
        assert!(door.admit(None, now).is_ok());
        let later = now + std::time::Duration::from_secs(30);
        assert!(door.admit(at("192.0.2.1"), later).is_ok());
    }
}
