//! A customer that runs all the time: every account in its own rhythm, until told to stop.

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
    House { door, at_once }.keep(accounts, orders).await
}

struct House<D: Door> {
    door: Arc<D>,
    at_once: usize,
}

/// What all accounts under one reading of the settings share.
struct Shared<D: Door> {
    door: Arc<D>,
    /// Ends runs between two messages.
    stop: Stop,
    /// Ends waits between two runs.
    leave: Stop,
    /// Counts how often everybody was told to call now.
    wake: watch::Receiver<u64>,
    room: Arc<Semaphore>,
}

impl<D: Door> House<D> {
    async fn keep(&self, mut accounts: Vec<Effective>, mut orders: impl Orders) -> Exit {
        loop {
            let exit = self.under(&accounts, &mut orders).await;
            if let Some(exit) = exit {
                return exit;
            }
            match self.door.accounts() {
                Ok(read) => accounts = read,
                Err(failure) => {
                    self.door.complain(&failure);
                    warn!("the settings cannot be used; those from before stay in force");
                }
            }
        }
    }

    /// Under these settings, until they are to be read again (`None`) or we are to end.
    async fn under(&self, accounts: &[Effective], orders: &mut impl Orders) -> Option<Exit> {
        let ((stop, stopped), (leave, left)) = (watch::channel(false), watch::channel(false));
        let (wake, woken) = watch::channel(0);
        let room = Arc::new(Semaphore::new(self.at_once));

        let mut all = JoinSet::new();
        for effective in accounts {
            let shared = Shared {
                door: self.door.clone(),
                stop: stopped.clone(),
                leave: left.clone(),
                wake: woken.clone(),
                room: room.clone(),
            };
            all.spawn(tend(effective.clone(), shared));
        }
        notify::ready();
        info!(accounts = accounts.len(), "fetching from now on");
        let mut exit = self.until_told(orders, &wake, &mut all).await;
        leave.send_replace(true);
        match exit {
            None => notify::reloading(),
            Some(_) => {
                notify::stopping();
                stop.send_replace(true);
            }
        }
        // A run may take its time; whoever looks after us, or wants us to stop, does not wait for it.
        let mut beat = beat();
        while !all.is_empty() {
            tokio::select! {
                _ = all.join_next() => {}
                _ = beat.tick() => notify::alive(),
                order = orders.next() => match (exit_for(order), exit) {
                    (None, _) => {}
                    (told, None) => {
                        exit = told;
                        notify::stopping();
                        stop.send_replace(true);
                    }
                    // Somebody cannot wait for the end of a message.
                    (told, Some(_)) => return told,
                },
            }
        }
        exit
    }

    async fn until_told(
        &self,
        orders: &mut impl Orders,
        wake: &watch::Sender<u64>,
        all: &mut JoinSet<()>,
    ) -> Option<Exit> {
        let mut beat = beat();
        loop {
            tokio::select! {
                order = orders.next() => match order {
                    Order::Reload => return None,
                    Order::Wake => wake.send_modify(|times| *times += 1),
                    Order::Interrupt | Order::Stop => return exit_for(order),
                },
                // None ends by itself, but for a fault of ours; whoever looks after us starts us anew.
                Some(ended) = all.join_next() => {
                    error!(fault = ?ended.err(), "an account is not looked after any more; ending");
                    return Some(Exit::Software);
                }
                _ = beat.tick() => notify::alive(),
            }
        }
    }
}

/// How often whoever looks after us hears that we are well.
fn beat() -> tokio::time::Interval {
    tokio::time::interval(notify::watchdog().unwrap_or(Duration::from_secs(3600)) / 2)
}

/// A daemon that ends when it is told to has done what it should.
fn exit_for(order: Order) -> Option<Exit> {
    match order {
        Order::Interrupt => Some(Exit::Interrupted),
        Order::Stop => Some(Exit::Ok),
        Order::Reload | Order::Wake => None,
    }
}

/// Fetches for one account whenever it is time.
async fn tend<D: Door>(effective: Effective, mut shared: Shared<D>) {
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
            _ = shared.leave.wait_for(|leave| *leave) => return,
            woken = shared.wake.changed() => if woken.is_err() { return },
            () = tokio::time::sleep_until(due) => {}
        }
        let Ok(_place) = shared.room.acquire().await else { return };
        if *shared.leave.borrow() {
            return;
        }
        // What is said meanwhile is meant for the run that begins now.
        shared.wake.mark_unchanged();
        let told_all = visit(&effective, false, shared.stop.clone(), &mut |_| {}).await;
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
