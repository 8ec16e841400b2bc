//! How customers fared of late: the last sessions, and hour by hour what their calls came to. Kept in
//! memory, bounded, and begun anew with the daemon.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::counts::Outcome;
use super::drain::Drained;

/// Sessions that are remembered.
const SESSIONS: usize = 100;
/// Hours that are remembered.
pub const HOURS: usize = 24;

/// A session that has ended, from the greeting on.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its name in the log.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whose it was.
    pub account: String,
    /// From where.
    pub ip: IpAddr,
    /// What the caller called itself, escaped.
    pub helo: String,
    /// The version of TLS; `None` in clear.
    pub tls: Option<String>,
    /// What it came to.
    pub outcome: Outcome,
    /// What was handed over.
    pub drained: Drained,
}

/// What the calls of an hour came to, by [`Outcome`].
pub type Calls = [u32; Outcome::ALL.len()];

#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    /// Hours since 1970.
    at: i64,
    calls: Calls,
}

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Recent {
    sessions: Mutex<VecDeque<Past>>,
    accounts: Mutex<HashMap<String, [Hour; HOURS]>>,
}

impl Recent {
    /// Remembers a session that has ended now.
    pub fn note(&self, past: Past, now: Timestamp) {
        let hour = hour(now);
        let place = Outcome::ALL.iter().position(|(outcome, _)| *outcome == past.outcome);
        let mut accounts = lock(&self.accounts);
        let hours = accounts.entry(past.account.clone()).or_default();
        let of_hour = &mut hours[hour.rem_euclid(HOURS as i64) as usize];
        if of_hour.at != hour {
            *of_hour = Hour { at: hour, ..Hour::default() };
        }
        of_hour.calls[place.unwrap_or_default()] += 1;
        drop(accounts);
        let mut sessions = lock(&self.sessions);
        sessions.truncate(SESSIONS - 1);
        sessions.push_front(past);
    }

    /// The last sessions, the newest first.
    pub fn sessions(&self, most: usize) -> Vec<Past> {
        lock(&self.sessions).iter().take(most).cloned().collect()
    }

    /// What the calls of an account came to in each of the last hours, the present one last.
    pub fn hours(&self, account: &str, now: Timestamp) -> [Calls; HOURS] {
        let last = hour(now);
        let accounts = lock(&self.accounts);
        let Some(hours) = accounts.get(account) else { return Default::default() };
        std::array::from_fn(|n| {
            let wanted = last - (HOURS - 1 - n) as i64;
            let found = hours[wanted.rem_euclid(HOURS as i64) as usize];
            if found.at == wanted { found.calls } else { Calls::default() }
        })
    }

    /// Forgets accounts that are no more.
    pub fn keep(&self, is_known: impl Fn(&str) -> bool) {
        lock(&self.accounts).retain(|account, _| is_known(account));
    }
}

fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

/// A panic elsewhere leaves what is remembered as it was.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(n: usize, outcome: Outcome) -> Past {
        Past {
            id: n.to_string(),
            began: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            account: "acme".to_owned(),
            ip: [127, 0, 0, 1].into(),
            helo: String::new(),
            tls: None,
            outcome,
            drained: Drained::default(),
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600 + 17).unwrap()
    }

    #[test]
    fn calls_fall_into_their_hours_and_out_of_memory_after_a_day() {
        let recent = Recent::default();
        recent.note(past(1, Outcome::Ok), at(1000));
        recent.note(past(2, Outcome::Ok), at(1000));
        recent.note(past(3, Outcome::Timeout), at(1001));
        let hours = recent.hours("acme", at(1001));
        assert_eq!((hours[22][0], hours[23][5], hours[21]), (2, 1, Calls::default()));
        assert_eq!(recent.hours("acme", at(1023))[0][0], 2);
        assert_eq!(recent.hours("acme", at(1024))[0], [0, 0, 0, 0, 0, 1]);
        recent.note(past(4, Outcome::NoMail), at(1024));
        assert_eq!(recent.hours("acme", at(1024))[23], [0, 1, 0, 0, 0, 0]);
        assert_eq!(recent.hours("boat", at(1001)), [Calls::default(); HOURS]);
    }

    #[test]
    fn only_so_many_sessions_are_remembered_and_the_newest_is_first() {
        let recent = Recent::default();
        (0..3 * SESSIONS).for_each(|n| recent.note(past(n, Outcome::Ok), at(1)));
        let sessions = recent.sessions(usize::MAX);
        assert_eq!((sessions.len(), sessions[0].id.as_str()), (SESSIONS, "299"));
        assert_eq!(recent.sessions(3).len(), 3);
    }
}
