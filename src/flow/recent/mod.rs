//! How customers fared of late: the last sessions, the last of each account, and hour by hour what their
//! calls came to. Kept in memory, bounded, and written down now and then.

mod book;
pub mod present;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::book::{BOOKS, keep_book};

use self::book::Book;
use super::counts::Outcome;
use super::drain::Drained;

/// Sessions that are remembered.
const SESSIONS: usize = 100;
/// Hours that are remembered.
pub const HOURS: usize = 24;

/// A session that has ended, from the greeting on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Its name in the log.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whose it was.
    pub account: String,
    /// The domains that were asked for; none where it was all of the account's.
    #[serde(default)]
    pub domains: Vec<String>,
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

impl Past {
    /// Was it about this domain too?
    pub fn is_about(&self, domain: &str) -> bool {
        self.domains.is_empty() || self.domains.iter().any(|asked| asked == domain)
    }

    /// Before there was a word for it, a session in which mail was put off was written down as any other.
    fn by_its_name_now(mut self) -> Past {
        if self.outcome == Outcome::Ok && self.drained.deferred > 0 {
            self.outcome = Outcome::Partial;
        }
        self
    }
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
    /// Who is at it now.
    pub presence: present::Presence,
    sessions: Mutex<VecDeque<Past>>,
    /// The last of each account.
    last: Mutex<HashMap<String, Past>>,
    accounts: Mutex<HashMap<String, [Hour; HOURS]>>,
    /// There is something that has not been written down.
    news: AtomicBool,
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
        lock(&self.last).insert(past.account.clone(), past.clone());
        let mut sessions = lock(&self.sessions);
        sessions.truncate(SESSIONS - 1);
        sessions.push_front(past);
        self.news.store(true, Ordering::Release);
    }

    /// The last sessions, the newest first, and behind them the last of each account that is not among
    /// them.
    pub fn sessions(&self, most: usize) -> Vec<Past> {
        let mut all: Vec<Past> = lock(&self.sessions).iter().take(most).cloned().collect();
        if all.len() < most {
            let among: HashSet<&str> = all.iter().map(|past| past.account.as_str()).collect();
            let last = lock(&self.last);
            let others = last.values().filter(|past| !among.contains(past.account.as_str()));
            let mut others: Vec<Past> = others.cloned().collect();
            others.sort_unstable_by_key(|past| std::cmp::Reverse(past.began));
            others.truncate(most - all.len());
            all.append(&mut others);
        }
        all
    }

    /// All of it, where there is anything new.
    fn news(&self) -> Option<Book> {
        if !self.news.swap(false, Ordering::AcqRel) {
            return None;
        }
        let of = |hours: &[Hour; HOURS]| -> book::Hours {
            let some = hours.iter().filter(|hour| hour.calls != Calls::default());
            some.map(|hour| (hour.at, hour.calls.to_vec())).collect()
        };
        let accounts = lock(&self.accounts);
        let hours = accounts.iter().map(|(account, hours)| (account.clone(), of(hours))).collect();
        drop(accounts);
        Some(Book::new(self.sessions(usize::MAX), hours))
    }

    /// What was to be written down was not.
    fn remind(&self) {
        self.news.store(true, Ordering::Release);
    }

    /// Takes over what was written down, of a daemon that nobody has called yet.
    fn learn(&self, book: Book) {
        let mut last = lock(&self.last);
        let sessions: Vec<Past> = book.sessions.into_iter().map(Past::by_its_name_now).collect();
        for past in sessions.iter().rev() {
            last.insert(past.account.clone(), past.clone());
        }
        drop(last);
        *lock(&self.sessions) = sessions.into_iter().take(SESSIONS).collect();
        let mut accounts = lock(&self.accounts);
        for (account, hours) in book.hours {
            let known = accounts.entry(account).or_default();
            for (at, calls) in hours {
                let hour = &mut known[at.rem_euclid(HOURS as i64) as usize];
                if hour.at <= at {
                    *hour = Hour { at, calls: Calls::default() };
                    hour.calls.iter_mut().zip(calls).for_each(|(known, told)| *known = told);
                }
            }
        }
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
        lock(&self.last).retain(|account, _| is_known(account));
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
            domains: Vec::new(),
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
    fn what_was_written_down_is_recalled_and_the_last_of_each_account_is_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let recent = Recent::default();
        recent.recall(folder.path());
        let idle = Past { account: "idle".to_owned(), ..past(0, Outcome::Dropped) };
        recent.note(idle.clone(), at(1000));
        for n in 1..=SESSIONS {
            let began = Timestamp::from_second(n as i64).unwrap();
            recent.note(Past { began, ..past(n, Outcome::Ok) }, at(1001));
        }
        let told = recent.sessions(usize::MAX);
        assert_eq!((told.len(), &told[0].id[..], told.last()), (SESSIONS + 1, "100", Some(&idle)));
        assert_eq!(recent.sessions(3).len(), 3);
        recent.write_down(folder.path()).unwrap();

        let later = Recent::default();
        later.recall(folder.path());
        assert_eq!(later.sessions(usize::MAX), told);
        assert_eq!(later.hours("acme", at(1001)), recent.hours("acme", at(1001)));
        later.note(past(101, Outcome::Ok), at(1002));
        assert_eq!(later.sessions(usize::MAX).len(), SESSIONS + 1);
        // Nothing new, nothing written.
        let file = folder.path().join("sessions.json");
        std::fs::write(&file, "{").unwrap();
        recent.write_down(folder.path()).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"{");
        // What cannot be read is begun anew.
        let anew = Recent::default();
        anew.recall(folder.path());
        assert!(anew.sessions(usize::MAX).is_empty());
        later.keep(|account| account == "acme");
        assert!(later.sessions(usize::MAX).iter().all(|past| past.account == "acme"));
    }

    /// Also when it was written down before there was a word for it.
    #[test]
    fn a_session_in_which_mail_was_put_off_is_recalled_as_one() {
        let (folder, recent) = (tempfile::tempdir().unwrap(), Recent::default());
        let drained = Drained { deferred: 2, ..Drained::default() };
        recent.note(Past { drained, ..past(1, Outcome::Ok) }, at(1));
        recent.note(Past { drained, ..past(2, Outcome::Dropped) }, at(1));
        recent.note(past(3, Outcome::Ok), at(1));
        recent.write_down(folder.path()).unwrap();
        let later = Recent::default();
        later.recall(folder.path());
        let told: Vec<_> = later.sessions(9).iter().map(|past| past.outcome).collect();
        assert_eq!(told, [Outcome::Ok, Outcome::Dropped, Outcome::Partial]);
    }

    #[test]
    fn an_outcome_is_written_by_its_word() {
        for (outcome, word) in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), word);
        }
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
        assert_eq!(recent.hours("acme", at(1024))[0], [0, 0, 0, 0, 0, 1, 0]);
        recent.note(past(4, Outcome::NoMail), at(1024));
        assert_eq!(recent.hours("acme", at(1024))[23], [0, 1, 0, 0, 0, 0, 0]);
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
