//! How many may be inside at once: in all, and from one address.
//!
//! An IPv6 caller is counted by its /64: whoever has one address there has them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// In all.
    pub in_all: usize,
    /// From one IPv4 address, or from one IPv6 /64.
    pub per_address: usize,
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
        let inside = Inside { limits, in_all: 0, from: HashMap::new() };
        Admission { inside: Arc::new(Mutex::new(inside)) }
    }

    /// Lets a caller in, unless there are too many. One without an address, on a unix socket,
    /// counts towards the total alone.
    ///
    /// # Errors
    ///
    /// Which limit is reached. The caller should be told 421, and the connection closed.
    pub fn admit(&self, peer: Option<IpAddr>) -> Result<Admitted, NotAdmitted> {
        let from = peer.map(network);
        lock(&self.inside).enter(from)?;
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
    fn enter(&mut self, from: Option<IpAddr>) -> Result<(), NotAdmitted> {
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
        Admission::new(AdmissionLimits { in_all, per_address })
    }

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_place_is_free_again_when_its_guest_has_left() {
        let door = door(2, 9);
        let first = door.admit(at("192.0.2.1")).unwrap();
        let _second = door.admit(None).unwrap();
        assert_eq!(door.admit(at("192.0.2.3")).unwrap_err(), NotAdmitted::Full);
        drop(first);
        assert_eq!(door.inside(), 1);
        assert!(door.admit(at("192.0.2.3")).is_ok());
        assert_eq!(door.inside(), 1);
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let door = door(9, 2);
        let _guests = [door.admit(at("192.0.2.1")).unwrap(), door.admit(at("192.0.2.1")).unwrap()];
        let refused = door.admit(at("::ffff:192.0.2.1"));
        assert_eq!(refused.unwrap_err(), NotAdmitted::TooManyFromThere);
        assert!(door.admit(at("192.0.2.2")).is_ok());
        assert!(door.admit(None).is_ok());
    }

    #[test]
    fn ipv6_is_counted_by_the_64() {
        let door = door(9, 1);
        let _guest = door.admit(at("2001:db8:0:1::1")).unwrap();
        let neighbour = door.admit(at("2001:db8:0:1:ffff::2"));
        assert_eq!(neighbour.unwrap_err(), NotAdmitted::TooManyFromThere);
        assert!(door.admit(at("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_who_has_left_or_was_refused() {
        let door = door(1, 1);
        for _ in 0..3 {
            let guest = door.admit(at("192.0.2.1")).unwrap();
            assert!(door.admit(at("192.0.2.2")).is_err());
            drop(guest);
        }
        assert!(lock(&door.inside).from.is_empty());
    }

    #[test]
    fn new_limits_hold_for_the_next_caller() {
        let door = door(1, 1);
        let _guest = door.admit(at("192.0.2.1")).unwrap();
        door.set_limits(AdmissionLimits { in_all: 2, per_address: 2 });
        assert!(door.admit(at("192.0.2.1")).is_ok());
    }
}
