//! To which entries something was done, for whoever has to tell of each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::claims::{Claim, Key};
use super::ledger::Ledger;
use crate::queue::EntryId;
use crate::smtp::Domain;

/// Those entries, filled in by the writer. What it does twice, since a transaction came to nothing, counts
/// once.
#[derive(Clone, Debug, Default)]
pub(super) struct Done(Arc<Mutex<BTreeSet<(EntryId, i64)>>>);

impl Done {
    /// Does it to each; says to how many it was done.
    pub(super) fn record(
        &self,
        claims: &[Claim],
        mut act: impl FnMut(&Claim) -> rusqlite::Result<u64>,
    ) -> rusqlite::Result<u64> {
        let mut done = 0;
        for claim in claims {
            let one = act(claim)?;
            if one > 0 {
                let Key { domain, id } = claim.key;
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((id, domain));
            }
            done += one;
        }
        Ok(done)
    }

    /// Those of another too.
    pub(super) fn join(&self, other: &Done) {
        let other = other.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(other);
    }

    /// Which they were.
    pub(super) fn named(&self, ledger: &Ledger) -> Vec<(EntryId, Domain)> {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = ledger.names(done.iter().map(|(_, domain)| *domain));
        let name = |(id, domain): &(EntryId, i64)| Some((*id, names.get(domain)?.clone()));
        done.iter().filter_map(name).collect()
    }
}
