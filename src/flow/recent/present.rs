//! Sessions in which mail is being handed over just now.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::flow::drain::Drained;

/// A session that has turned and not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// Its name in the log.
    pub id: String,
    /// When it began, with its greeting.
    pub began: Timestamp,
    /// Whose it is.
    pub account: String,
    /// The domains that were asked for; none where it is all of the account's.
    pub domains: Vec<String>,
    /// From where.
    pub ip: IpAddr,
    /// What the caller calls itself, escaped.
    pub helo: String,
    /// The version of TLS; `None` in clear.
    pub tls: Option<String>,
    /// What has been handed over so far.
    pub drained: Drained,
}

/// All of them, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<Hall>>);

#[derive(Debug, Default)]
struct Hall {
    last: u64,
    present: BTreeMap<u64, Present>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    presence: Presence,
    number: u64,
}

impl Presence {
    /// One more.
    pub fn enter(&self, present: Present) -> Seat {
        let number = self.with(|hall| {
            hall.last += 1;
            hall.present.insert(hall.last, present);
            hall.last
        });
        Seat { presence: self.clone(), number }
    }

    /// Who is there now, the newest first.
    pub fn all(&self) -> Vec<Present> {
        self.with(|hall| hall.present.values().rev().cloned().collect())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Hall) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seat {
    /// So much has been handed over by now.
    pub fn note(&self, drained: Drained) {
        self.presence.with(|hall| {
            if let Some(present) = hall.present.get_mut(&self.number) {
                present.drained = drained;
            }
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.presence.with(|hall| hall.present.remove(&self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_gone_is_not_there() {
        let presence = Presence::default();
        let one = |id: &str| Present {
            id: id.to_owned(),
            began: Timestamp::UNIX_EPOCH,
            account: "acme".to_owned(),
            domains: Vec::new(),
            ip: IpAddr::from([127, 0, 0, 1]),
            helo: "customer.test".to_owned(),
            tls: None,
            drained: Drained::default(),
        };
        let (first, second) = (presence.enter(one("1")), presence.enter(one("2")));
        first.note(Drained { delivered: 7, ..Drained::default() });
        let seen = |presence: &Presence| -> Vec<(String, u64)> {
            presence.all().into_iter().map(|one| (one.id, one.drained.delivered)).collect()
        };
        assert_eq!(seen(&presence), [("2".to_owned(), 0), ("1".to_owned(), 7)]);
        drop(second);
        assert_eq!(seen(&presence), [("1".to_owned(), 7)]);
        drop(first);
        assert!(presence.all().is_empty());
    }
}
