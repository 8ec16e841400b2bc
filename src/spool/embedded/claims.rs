//! Who holds what right now. Only in memory: a lease dies with its session, and all of them die
//! with the process, so nothing has to be cleared up after a crash.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::queue::EntryId;

/// The entries under lease, by domain.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<i64, HashSet<EntryId>>>);

impl Claims {
    /// Takes an entry, unless somebody has it.
    pub(super) fn claim(self: &Arc<Self>, key: Key) -> Option<Claim> {
        let fresh = self.held().entry(key.domain).or_default().insert(key.id);
        fresh.then(|| Claim { claims: Arc::clone(self), key })
    }

    /// How many entries of a domain are out.
    pub(super) fn count(&self, domain: i64) -> u64 {
        self.held().get(&domain).map_or(0, |held| held.len() as u64)
    }

    /// Which of them.
    pub(super) fn of(&self, domain: i64) -> HashSet<EntryId> {
        self.held().get(&domain).cloned().unwrap_or_default()
    }

    /// Is this one out?
    pub(super) fn has(&self, key: Key) -> bool {
        self.held().get(&key.domain).is_some_and(|held| held.contains(&key.id))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<i64, HashSet<EntryId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, key: Key) {
        let mut held = self.held();
        if let Some(entries) = held.get_mut(&key.domain) {
            entries.remove(&key.id);
            if entries.is_empty() {
                held.remove(&key.domain);
            }
        }
    }
}

/// An entry, and the number of its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) domain: i64,
    pub(super) id: EntryId,
}

/// The sole right to an entry, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    claims: Arc<Claims>,
    pub(super) key: Key,
}

impl Claim {
    /// Nobody shall have this entry again before the next start. For mail that was delivered but
    /// could not be recorded so: offering it again would repeat it at every call.
    pub(super) fn withhold(self) {
        std::mem::forget(self);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.release(self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_exclusive_until_dropped() {
        let claims = Arc::new(Claims::default());
        let key = Key { domain: 1, id: EntryId(ulid::Ulid(7)) };
        let held = claims.claim(key).unwrap();
        assert!(claims.claim(key).is_none());
        assert_eq!(claims.count(1), 1);
        drop(held);
        assert_eq!(claims.count(1), 0);
        claims.claim(key).unwrap().withhold();
        assert!(claims.claim(key).is_none());
    }
}
