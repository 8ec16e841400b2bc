//! A customer that runs all the time: every account in its own rhythm, until told to stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::line::Stop;
use super::memory::Shelf;
use super::schedule::{self, Rhythm};
use super::visit::{Told, exit_of, visit};
use crate::config::fetch::{Account, Effective};
use crate::exit::{Exit, Failure};
use crate::net::notify;

/// What a daemon is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read the settings again.
    Reload,
    /// Call now, whatever was planned.
    Wake,
    /// End, behind the message in hand.
    Stop,
    /// The same, from the keyboard.
    Interrupt,
}

/// Where orders come from: signals, or a test.
pub trait Orders {
    /// The next order. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Order> + Send;
}

/// What the door does for the daemon.
pub trait Door: Send + Sync + 'static {
    /// The accounts of the settings as they are now, if there is nothing wrong with any of them.
    ///
    /// # Errors
    /// What is wrong; it has not been told yet.
    fn accounts(&self) -> Result<Vec<Effective>, Failure>;

    /// Are the dialogues of its runs to be kept?
    fn wants_dialogue(&self, effective: &Effective) -> bool;

    /// Tells what came of a run.
    fn report(&self, effective: &Effective, told: &[Told]);

    /// Tells what is wrong with settings.
    fn complain(&self, failure: &Failure);
}

/// Keeps fetching for these accounts, for so many at a time, and then for those of later settings.
pub async fn keep_fetching<D: Door>(
    door: Arc<D>,
    accounts: Vec<Effective>,
    at_once: usize,
    orders: impl Orders,
) -> Exit {
    House::new(door, at_once).keep(&accounts, orders).await
}

struct House<D: Door> {
    shared: Shared<D>,
    /// Ends runs between two messages.
    stop: watch::Sender<bool>,
    wake: watch::Sender<u64>,
    /// Who looks after which account, by its name.
    tenders: HashMap<String, Tender>,
    all: JoinSet<Ended>,
}

/// What all who look after an account share.
struct Shared<D: Door> {
    door: Arc<D>,
    stop: Stop,
    /// Counts how often everybody was told to call now.
    wake: watch::Receiver<u64>,
    room: Arc<Semaphore>,
}

/// One who looks after an account.
struct Tender {
    /// Ends its waits between two runs.
    leave: watch::Sender<bool>,
    /// Closed when it has gone.
    gone: watch::Receiver<()>,
}

/// How one who looked after an account ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    AsTold,
    ByItself,
}

impl<D: Door> House<D> {
    fn new(door: Arc<D>, at_once: usize) -> House<D> {
        let ((stop, stopped), (wake, woken)) = (watch::channel(false), watch::channel(0));
        let room = Arc::new(Semaphore::new(at_once));
        let shared = Shared { door, stop: stopped, wake: woken, room };
        House { shared, stop, wake, tenders: HashMap::new(), all: JoinSet::new() }
    }

    async fn keep(mut self, accounts: &[Effective], mut orders: impl Orders) -> Exit {
        self.take_over(accounts);
        notify::ready();
        let exit = self.until_told(&mut orders).await;
        notify::stopping();
        self.stop.send_replace(true);
        for tender in self.tenders.values() {
            tender.leave.send_replace(true);
        }
        self.see_them_off(&mut orders).await.unwrap_or(exit)
    }

    /// Whoever looks after an account now goes behind the run that it is in, and one with these settings
    /// takes its place; no other account waits for that.
    fn take_over(&mut self, accounts: &[Effective]) {
        // Who was woken before they came is none of them.
        self.shared.wake.mark_unchanged();
        let mut before = std::mem::take(&mut self.tenders);
        for tender in before.values() {
            tender.leave.send_replace(true);
        }
        for effective in accounts {
            let name = effective.account.name.clone();
            let predecessor = before.remove(&name).map(|tender| tender.gone);
            let ((leave, left), (here, gone)) = (watch::channel(false), watch::channel(()));
            let (effective, shared) = (effective.clone(), self.shared.clone());
            self.all.spawn(async move {
                if let Some(mut predecessor) = predecessor {
                    while predecessor.changed().await.is_ok() {}
                }
                let ended = tend(effective, shared, left).await;
                drop(here);
                ended
            });
            self.tenders.insert(name, Tender { leave, gone });
        }
        info!(accounts = accounts.len(), "fetching from now on");
    }

    async fn until_told(&mut self, orders: &mut impl Orders) -> Exit {
        let mut beat = beat();
        loop {
            tokio::select! {
                order = orders.next() => match order {
                    Order::Reload => self.reload(),
                    Order::Wake => self.wake.send_modify(|times| *times += 1),
                    Order::Interrupt | Order::Stop => return exit_for(order),
                },
                Some(ended) = self.all.join_next() => match ended {
                    Ok(Ended::AsTold) => {}
                    // None ends by itself, but for a fault of ours; whoever looks after us starts us anew.
                    ended => {
                        error!(?ended, "an account is not looked after any more; ending");
                        return Exit::Software;
                    }
                },
                _ = beat.tick() => notify::alive(),
            }
        }
    }

    fn reload(&mut self) {
        notify::reloading();
        match self.shared.door.accounts() {
            Ok(accounts) => self.take_over(&accounts),
            Err(failure) => {
                self.shared.door.complain(&failure);
                warn!("the settings cannot be used; those from before stay in force");
            }
        }
        notify::ready();
    }

    /// A run may take its time; whoever looks after us does not wait for it, and who says again that we are
    /// to stop cannot wait for the end of a message.
    async fn see_them_off(&mut self, orders: &mut impl Orders) -> Option<Exit> {
        let mut beat = beat();
        while !self.all.is_empty() {
            tokio::select! {
                _ = self.all.join_next() => {}
                _ = beat.tick() => notify::alive(),
                order = orders.next() => match order {
                    Order::Interrupt | Order::Stop => return Some(exit_for(order)),
                    Order::Reload | Order::Wake => {}
                },
            }
        }
        None
    }
}

impl<D: Door> Clone for Shared<D> {
    fn clone(&self) -> Shared<D> {
        Shared {
            door: Arc::clone(&self.door),
            stop: self.stop.clone(),
            wake: self.wake.clone(),
            room: Arc::clone(&self.room),
        }
    }
}

/// How often whoever looks after us hears that we are well.
fn beat() -> tokio::time::Interval {
    tokio::time::interval(notify::watchdog().unwrap_or(Duration::from_secs(3600)) / 2)
}

/// A daemon that ends when it is told to has done what it should.
fn exit_for(order: Order) -> Exit {
    match order {
        Order::Interrupt => Exit::Interrupted,
        Order::Stop | Order::Reload | Order::Wake => Exit::Ok,
    }
}

/// Fetches for one account whenever it is time.
async fn tend<D: Door>(effective: Effective, mut shared: Shared<D>, mut leave: Stop) -> Ended {
    let account = &effective.account;
    let rhythm = rhythm(account);
    let shelf = Shelf::of(account);
    let mut wait = first_wait(shelf.as_ref(), &rhythm);
    let mut failures = 0u32;
    loop {
        remember(shelf.as_ref(), wait);
        let due = tokio::time::Instant::from_std(Instant::now() + wait);
        tokio::select! {
            biased;
            _ = leave.wait_for(|leave| *leave) => return Ended::AsTold,
            woken = shared.wake.changed() => if woken.is_err() { return Ended::ByItself },
            () = tokio::time::sleep_until(due) => {}
        }
        let Ok(_place) = shared.room.acquire().await else { return Ended::ByItself };
        if *leave.borrow() {
            return Ended::AsTold;
        }
        // What is said meanwhile is meant for the run that begins now.
        shared.wake.mark_unchanged();
        let keep_dialogue = shared.door.wants_dialogue(&effective);
        let visited = visit(&effective, keep_dialogue, shared.stop.clone(), &mut |_| {}).await;
        let told_all = visited.told;
        let exit = exit_of(account, &told_all);
        let more = told_all.iter().any(|told| told.summary.more);
        shared.door.report(&effective, &told_all);
        let well = matches!(exit, Exit::Ok | Exit::Partial);
        failures = if well { 0 } else { failures.saturating_add(1) };
        wait = schedule::wait(&rhythm, exit, more, failures, rand::random());
    }
}

fn rhythm(account: &Account) -> Rhythm {
    Rhythm {
        interval: account.interval.get(),
        jitter: account.jitter.get(),
        longest: account.max_backoff.get(),
    }
}

/// A restart is no reason to call sooner than was planned.
fn first_wait(shelf: Option<&Shelf>, rhythm: &Rhythm) -> Duration {
    let planned = shelf.and_then(|shelf| shelf.recall().next_run);
    schedule::first(rhythm, planned, Timestamp::now(), rand::random())
}

fn remember(shelf: Option<&Shelf>, wait: Duration) {
    let Some(shelf) = shelf else { return };
    let mut memory = shelf.recall();
    memory.next_run = Timestamp::now().checked_add(wait).ok();
    shelf.keep(&memory);
}
