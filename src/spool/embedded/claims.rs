//! Who holds what right now. Only in memory: a lease dies with its session, and all of them die
//! with the process, so nothing has to be cleared up after a crash.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::queue::EntryId;

/// The entries under lease. An entry is one's alone under whatever domain it is claimed: whoever read its
/// domain before it was moved to another has no second right to it.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    ids: HashSet<EntryId>,
    domains: HashMap<i64, Held>,
}

#[derive(Debug, Default)]
struct Held {
    entries: HashMap<EntryId, For>,
    /// How many of them are for a session.
    in_session: u64,
}

/// What an entry is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// To be handed over: who looks is told that it is in a session's hands.
    Session,
    /// To be changed where it lies, in a moment: who looks sees it as it was, or as it is then.
    Change,
}

impl Claims {
    /// Takes an entry, unless somebody has it.
    pub(super) fn claim(self: &Arc<Self>, key: Key, what_for: For) -> Option<Claim> {
        let mut all = self.held();
        if !all.ids.insert(key.id) {
            return None;
        }
        let held = all.domains.entry(key.domain).or_default();
        held.entries.insert(key.id, what_for);
        held.in_session += u64::from(what_for == For::Session);
        Some(Claim { claims: Arc::clone(self), key })
    }

    /// How many entries of a domain are in sessions' hands.
    pub(super) fn in_session(&self, domain: i64) -> u64 {
        self.held().domains.get(&domain).map_or(0, |held| held.in_session)
    }

    /// All of a domain that nobody else can have.
    pub(super) fn of(&self, domain: i64) -> HashSet<EntryId> {
        let all = self.held();
        let of = all.domains.get(&domain);
        of.map(|held| held.entries.keys().copied().collect()).unwrap_or_default()
    }

    /// Is this one in a session's hands?
    pub(super) fn is_in_session(&self, key: Key) -> bool {
        let all = self.held();
        let what_for = all.domains.get(&key.domain).and_then(|held| held.entries.get(&key.id));
        what_for == Some(&For::Session)
    }

    fn held(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, key: Key) {
        let mut all = self.held();
        all.ids.remove(&key.id);
        if let Some(held) = all.domains.get_mut(&key.domain) {
            let what_for = held.entries.remove(&key.id);
            held.in_session -= u64::from(what_for == Some(For::Session));
            if held.entries.is_empty() {
                all.domains.remove(&key.domain);
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
        let held = claims.claim(key, For::Session).unwrap();
        assert!(claims.claim(key, For::Session).is_none());
        assert_eq!(claims.in_session(1), 1);
        drop(held);
        assert_eq!(claims.in_session(1), 0);
        claims.claim(key, For::Session).unwrap().withhold();
        assert!(claims.claim(key, For::Change).is_none());
    }

    #[test]
    fn an_entry_that_was_moved_is_no_other_entry() {
        let claims = Arc::new(Claims::default());
        let key = Key { domain: 1, id: EntryId(ulid::Ulid(7)) };
        let moved = Key { domain: 2, ..key };
        let held = claims.claim(key, For::Session).unwrap();
        assert!(claims.claim(moved, For::Change).is_none());
        drop(held);
        let _held = claims.claim(moved, For::Session).unwrap();
        assert_eq!((claims.in_session(1), claims.in_session(2)), (0, 1));
        assert!(claims.claim(key, For::Change).is_none());
    }

    #[test]
    fn what_is_being_changed_is_nobody_elses_and_in_no_session() {
        let claims = Arc::new(Claims::default());
        let key = Key { domain: 1, id: EntryId(ulid::Ulid(7)) };
        let held = claims.claim(key, For::Change).unwrap();
        assert!(claims.claim(key, For::Session).is_none());
        assert!(claims.of(1).contains(&key.id));
        assert_eq!((claims.in_session(1), claims.is_in_session(key)), (0, false));
        drop(held);
        let _held = claims.claim(key, For::Session).unwrap();
        assert_eq!((claims.in_session(1), claims.is_in_session(key)), (1, true));
    }
}
