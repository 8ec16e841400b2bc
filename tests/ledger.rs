//! The ledger of promises: under load, with either side killed at random moments, every message that
//! was told 250 arrives whole and unchanged.
//!
//! Senders bring unique messages on several connections and write down which were acknowledged;
//! `atrn-fetch` collects into a Maildir over and over; at moments that a seed picks, one of the two is
//! ended by SIGKILL and started again. At the end the provider is emptied and the books compared.
//!
//! A short run is part of the suite. A long one: `ODMR_KILLS=5000 ODMR_SEED=7 cargo test --test ledger`.

mod dice;
#[path = "peers/lab/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the lab has more than this one journey needs")]
mod lab;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::dice::Dice;
use crate::lab::Lab;
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Odmrd, RunningOdmrd};
use crate::lab::post::Post;
use crate::lab::process::Child;
use crate::lab::wait::{PATIENCE, within};

/// Connections that bring mail at a time.
const SENDERS: usize = 4;
/// Messages that may be on the line of a stream without an answer when it breaks: the customer has
/// them, and the provider does not know it.
const TWICE_A_CUT: usize = 64;
/// In a crash of the provider they are joined by answers whose record is not yet on disk.
const TWICE_A_CRASH: usize = TWICE_A_CUT + 64;

/// Messages by id: what stands behind each.
type Books = Arc<Mutex<BTreeMap<String, u64>>>;

fn number(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// The body that belongs to an id: anybody can tell whether it is whole.
fn body(id: &str, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let octets = match dice.roll(20) {
        0 => 300_000,
        1..4 => 20_000,
        _ => 200 + dice.roll(3000),
    };
    let mut content = format!("X-Promise: {id} {seed}\r\n\r\n").into_bytes();
    while (content.len() as u64) < octets {
        content.extend(std::iter::repeat_n(b'.', dice.roll(3) as usize));
        let line = (0..dice.roll(70)).map(|_| b' ' + dice.roll(95) as u8);
        content.extend(line.collect::<Vec<_>>());
        content.extend_from_slice(b"\r\n");
    }
    content
}

/// Brings messages until told to stop, calling again whenever the provider is gone.
fn send(name: usize, mx: SocketAddr, acknowledged: &Books, stop: &AtomicBool, mut dice: Dice) {
    let mut count = 0;
    while !stop.load(Ordering::SeqCst) {
        let Some(mut post) = Post::try_open(mx) else {
            thread::park_timeout(Duration::from_millis(5));
            continue;
        };
        while !stop.load(Ordering::SeqCst) {
            count += 1;
            let (id, seed) = (format!("{name}-{count}"), dice.roll(u64::MAX));
            let told = post.try_send("a@sender.test", "box@example.org", &body(&id, seed));
            match told {
                // Whatever happens from here on, this one must arrive.
                Ok(reply) if reply.starts_with("250") => drop(books(acknowledged).insert(id, seed)),
                Ok(reply) => assert!(reply.starts_with('4'), "{reply}"),
                Err(_) => break,
            }
        }
    }
}

fn books(books: &Books) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn senders(
    mx: SocketAddr,
    acknowledged: &Books,
    stop: &Arc<AtomicBool>,
    seed: u64,
) -> Vec<JoinHandle<()>> {
    let start = |name: usize| {
        let (books, stop) = (Arc::clone(acknowledged), Arc::clone(stop));
        let dice = Dice(seed.wrapping_mul(1000) + name as u64);
        thread::spawn(move || send(name, mx, &books, &stop, dice))
    };
    (0..SENDERS).map(start).collect()
}

/// The two programs, and how often each was killed.
struct House<'lab> {
    lab: &'lab Lab,
    odmrd: RunningOdmrd,
    fetch: Option<Child>,
    crashes: usize,
    cuts: usize,
}

impl House<'_> {
    fn customer(&self) -> AtrnFetch<'_> {
        AtrnFetch::new(self.lab, self.odmrd.odmr).into_maildir()
    }

    /// Keeps a customer calling for a while.
    fn collect_for(&mut self, while_: Duration) {
        within(while_, || {
            let ended =
                self.fetch.as_mut().is_none_or(|fetch| fetch.wait_within(Duration::ZERO).is_some());
            if ended {
                self.fetch = Some(Child::start(self.lab, "fetch", self.customer().command("run")));
            }
            None::<()>
        });
    }

    fn kill_somebody(&mut self, dice: &mut Dice) {
        if dice.roll(2) == 0 {
            self.crashes += 1;
            self.odmrd.crash_and_restart(self.lab);
        } else if let Some(mut fetch) = self.fetch.take() {
            self.cuts += 1;
            fetch.kill();
        }
    }

    /// Collects until there is nothing more, however long it takes while it goes on.
    fn empty(&mut self) {
        self.fetch.take().map(|mut fetch| self.ended(&mut fetch));
        let customer = self.customer().flags(&["--no-mail-exit", "3"]);
        let start = || Child::start(self.lab, "fetch", customer.command("run"));
        let calls = (0..20).map(|_| self.ended(&mut start()));
        let emptied = calls.into_iter().any(|code| code == Some(3));
        assert!(emptied, "mail is left after many calls\n{}", self.odmrd.daemon.log());
    }

    /// Waits for a customer to end, as long as mail keeps arriving.
    fn ended(&self, fetch: &mut Child) -> Option<i32> {
        let maildir = Maildir::at(self.lab.path("Maildir"));
        let mut before = maildir.count();
        loop {
            if let Some(status) = fetch.wait_within(PATIENCE) {
                return status.code();
            }
            let now = maildir.count();
            assert!(
                now > before,
                "a customer is stuck\n{}{}",
                fetch.log(),
                self.odmrd.daemon.log()
            );
            before = now;
        }
    }
}

/// How often each message arrived; those that are not what was sent fail the test.
fn arrivals(maildir: &Maildir) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for mail in maildir.messages() {
        let at = mail.windows(11).position(|window| window == b"X-Promise: ").expect("our mark");
        let line = mail[at + 11..].split(|octet| *octet == b'\n').next().expect("a line");
        let line = String::from_utf8_lossy(line).into_owned();
        let (id, seed) = line.trim_end().split_once(' ').expect("id and seed");
        let sent = body(id, seed.parse().expect("a seed"));
        let stored = mail[at..].to_vec();
        let sent = sent.split(|octet| *octet == b'\r').collect::<Vec<_>>().concat();
        assert_eq!(stored.len(), sent.len(), "{id} is not whole");
        assert!(stored == sent, "{id} has changed");
        *seen.entry(id.to_owned()).or_default() += 1;
    }
    seen
}

/// A round is no longer than this, so that its mail fits into memory.
const KILLS_A_ROUND: u64 = 50;

#[test]
fn every_promise_is_kept_though_either_side_is_killed() {
    let (kills, seed) = (number("ODMR_KILLS", 24), number("ODMR_SEED", 2645));
    for (round, done) in (0..kills).step_by(KILLS_A_ROUND as usize).enumerate() {
        one_round(KILLS_A_ROUND.min(kills - done), seed + round as u64);
    }
}

fn one_round(kills: u64, seed: u64) {
    let lab = Lab::open();
    let mut dice = Dice(seed);
    let odmrd = Odmrd::new(&lab).set("log.level", "\"warn\"").start();
    let (acknowledged, stop) = (Books::default(), Arc::new(AtomicBool::new(false)));
    let posts = senders(odmrd.mx, &acknowledged, &stop, seed);
    let mut house = House { lab: &lab, odmrd, fetch: None, crashes: 0, cuts: 0 };
    for _ in 0..kills {
        house.collect_for(Duration::from_millis(100 + dice.roll(700)));
        house.kill_somebody(&mut dice);
    }
    stop.store(true, Ordering::SeqCst);
    posts.into_iter().for_each(|post| post.join().expect("a sender that was understood"));
    house.empty();
    let promised = std::mem::take(&mut *books(&acknowledged));
    let seen = arrivals(&Maildir::at(lab.path("Maildir")));
    let lost = promised.keys().filter(|id| !seen.contains_key(*id)).collect::<Vec<_>>();
    let twice = seen.values().map(|count| count - 1).sum::<usize>();
    let (crashes, cuts) = (house.crashes, house.cuts);
    println!(
        "seed {seed}: {crashes} crashes and {cuts} cuts, {} promised, {} arrived, {twice} again",
        promised.len(),
        seen.len()
    );
    assert!(lost.is_empty(), "seed {seed}: lost {lost:?}\n{}", house.odmrd.daemon.log());
    assert!(promised.len() > 50, "hardly any load");
    assert!(
        twice <= crashes * TWICE_A_CRASH + cuts * TWICE_A_CUT,
        "seed {seed}: {twice} came twice"
    );
}
