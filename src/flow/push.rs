//! Mail is brought to a customer that has a fixed address: at once for a domain that is pushed, and
//! when its host asks by ETRN. Always to the host of the settings, by a connection of our own.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::drain::Drained;
use super::forward::{Errand, ForwardFault, Looks, bring};
use super::line::Stop;
use super::provider::{Provider, Turning};
use crate::odmr::etrn::{self, Asker, Node};
use crate::queue::retry;
use crate::sasl::Identity;
use crate::session::EtrnRequest;
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, Reply};
use crate::spool::Spool;

/// How often we look whether something may be tried again.
const PULSE: Duration = Duration::from_secs(60);
/// Hosts that are called at once.
const AT_ONCE: usize = 16;
/// Who asks by ETRN again sooner than this after a call that brought nothing is told to wait.
const BREATH: Duration = Duration::from_secs(30);

/// What is to be brought, and who is told that there is something.
#[derive(Debug, Default)]
pub struct Pushing {
    /// Something has arrived, was released, or is asked for.
    pub wake: Arc<Notify>,
    asked: Mutex<BTreeSet<Domain>>,
    moods: Mutex<HashMap<Domain, Mood>>,
    troubles: Mutex<HashMap<Domain, Arc<Trouble>>>,
    looks: Looks,
}

/// Calls to a host that have come to nothing since it last took something, for the operator's eye. What waits
/// was then tried as much as if it had been refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When the last of them ended.
    pub at: Timestamp,
    /// What the other side said to it, where it said something.
    pub reply: Option<Reply>,
    /// Why it came to nothing.
    pub what: String,
    /// When each of them began, the first of them first; of very many, the last.
    times: VecDeque<Timestamp>,
}

/// So many calls are remembered one by one.
const CALLS: usize = 256;

/// When a call was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

impl Call {
    /// One that began then, and is over.
    pub(super) fn since(began: Timestamp) -> Call {
        Call { began, ended: Timestamp::now() }
    }
}

impl Trouble {
    fn behind(before: Option<&Trouble>, fault: &ForwardFault, call: Call) -> Trouble {
        let mut times = before.map(|before| before.times.clone()).unwrap_or_default();
        if times.len() == CALLS {
            times.pop_front();
        }
        times.push_back(call.began);
        Trouble { at: call.ended, reply: fault.reply().cloned(), what: fault.to_string(), times }
    }

    /// How many of the calls began after that. One in which a message was tried began before it was, and counts
    /// with the message already.
    pub fn calls_since(&self, moment: Timestamp) -> u32 {
        let calls = self.times.iter().filter(|began| **began > moment).count();
        u32::try_from(calls).unwrap_or(u32::MAX)
    }
}

/// What a domain's host was like lately.
#[derive(Clone, Copy, Debug)]
struct Mood {
    /// How often in a row a call came to nothing.
    failures: u32,
    /// When the last one ended.
    last: Instant,
}

impl Mood {
    fn not_before(&self) -> Instant {
        self.last + retry::wait(self.failures)
    }
}

impl Pushing {
    /// These domains' mail is to be brought now.
    pub fn ask_for(&self, domains: Vec<Domain>) {
        lock(&self.asked).extend(domains);
        self.wake.notify_one();
    }

    /// Has its host just turned out not to be there?
    fn is_away(&self, domain: &Domain, now: Instant) -> bool {
        lock(&self.moods).get(domain).is_some_and(|mood| now < mood.last + BREATH)
    }

    fn may_be_called(&self, domain: &Domain, now: Instant) -> bool {
        lock(&self.moods).get(domain).is_none_or(|mood| mood.not_before() <= now)
    }

    fn went_well(&self, domain: &Domain) {
        lock(&self.moods).remove(domain);
    }

    /// Why the last call to a domain's host came to nothing, if it did.
    pub fn trouble(&self, domain: &Domain) -> Option<Arc<Trouble>> {
        lock(&self.troubles).get(domain).cloned()
    }

    /// A call for this domain's mail has come to nothing.
    pub(super) fn came_to_nothing(&self, domain: &Domain, fault: &ForwardFault, call: Call) {
        let mut troubles = lock(&self.troubles);
        let trouble = Trouble::behind(troubles.get(domain).map(|before| &**before), fault, call);
        troubles.insert(domain.clone(), Arc::new(trouble));
    }

    /// A host has heard of each message that was due, whatever it said.
    pub(super) fn was_heard(&self, domain: &Domain) {
        lock(&self.troubles).remove(domain);
    }

    /// Its host was there and put everything off: it may be called again, but not whenever somebody asks.
    fn took_nothing(&self, domain: &Domain, now: Instant) {
        lock(&self.moods).insert(domain.clone(), Mood { failures: 0, last: now });
    }

    fn failed(&self, domain: &Domain, now: Instant) -> Duration {
        let mut moods = lock(&self.moods);
        let mood = moods.entry(domain.clone()).or_insert(Mood { failures: 0, last: now });
        *mood = Mood { failures: mood.failures.saturating_add(1), last: now };
        retry::wait(mood.failures)
    }

    /// New settings may have mended it.
    pub fn forget_moods(&self) {
        lock(&self.moods).clear();
        self.looks.forget();
        self.wake.notify_one();
    }
}

/// A panic elsewhere leaves a set a set.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Spool> Provider<S> {
    /// What an ETRN is told. Whatever it sets off happens elsewhere, on another connection.
    /// `session` and `ip` are for the log.
    pub fn asked_to_call(&self, request: &EtrnRequest, session: &str, ip: IpAddr) -> Reply {
        let reply = match Node::parse(request.node()) {
            Some(node) => self.etrn(request, &node, Instant::now()).reply(&node),
            None => NO_NODE,
        };
        let account = request.identity().map(Identity::account);
        info!(session, %ip, account, node = %Escaped::text(request.node()), reply = reply.to_string(), "etrn");
        reply
    }

    fn etrn(&self, request: &EtrnRequest, node: &Node, now: Instant) -> etrn::Answer {
        let house = self.house();
        let own = request.identity().map(Identity::account).map(|name| house.accounts.find(name));
        let asker = |domain: &Domain| match own {
            None => Asker::Stranger,
            Some(account) => {
                Asker::Customer { owns: account.is_some_and(|account| account.may_claim(domain)) }
            }
        };
        let may = |domain: &Domain| {
            let host = house.domains.get(domain).and_then(|held| held.host.as_ref());
            host.is_some_and(|host| etrn::may_ask(host.etrn, asker(domain)))
        };
        let named = house.domains.keys().filter(|domain| node.names(domain));
        let mut domains: Vec<Domain> = named.filter(|domain| may(domain)).cloned().collect();
        if domains.is_empty() {
            return etrn::Answer::NotAllowed;
        }
        // Of several some may be there.
        domains.retain(|domain| !self.pushing.is_away(domain, now));
        if !self.spool.keeps_record() || domains.is_empty() {
            return etrn::Answer::NotNow;
        }
        let waiting = |domain: &Domain| self.spool.totals(domain).waiting;
        let pending = domains.iter().map(waiting).sum();
        if pending == 0 {
            return etrn::Answer::Nothing;
        }
        self.pushing.ask_for(domains);
        etrn::Answer::Pending(pending)
    }
}

const NO_NODE: Reply = Reply::new(501, (5, 4), "ETRN takes a domain's name");

/// Brings mail until the daemon stops.
pub async fn keep_pushing<S: Spool>(provider: Arc<Provider<S>>, mut stop: Stop) {
    let mut round =
        Round { provider, stop: stop.clone(), calls: JoinSet::new(), busy: BTreeSet::new() };
    loop {
        round.call_whom_it_is_time_for().await;
        let provider = round.provider.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            Some(done) = round.calls.join_next() => round.called(done.ok()),
            () = provider.pushing.wake.notified() => {}
            () = tokio::time::sleep(PULSE) => {}
        }
    }
    // Each hears of the stop itself, and ends behind the message in hand.
    while let Some(done) = round.calls.join_next().await {
        round.called(done.ok());
    }
}

/// A call that is over.
struct Ended {
    domain: Domain,
    began: Timestamp,
    brought: Result<Drained, ForwardFault>,
}

/// The calls under way.
struct Round<S: Spool> {
    provider: Arc<Provider<S>>,
    stop: Stop,
    calls: JoinSet<Ended>,
    busy: BTreeSet<Domain>,
}

impl<S: Spool> Round<S> {
    async fn call_whom_it_is_time_for(&mut self) {
        if !self.provider.spool.keeps_record() {
            return; // what is brought would be brought again
        }
        let house = self.provider.house();
        let asked = std::mem::take(&mut *lock(&self.provider.pushing.asked));
        let now = Instant::now();
        let due = |domain: &&Domain| {
            !asked.contains(domain) && self.provider.pushing.may_be_called(domain, now)
        };
        let pushed: Vec<Domain> = house.pushed.iter().filter(due).cloned().collect();
        let all = asked.into_iter().map(|domain| (domain, true));
        let all = all.chain(pushed.into_iter().map(|domain| (domain, false)));
        for (domain, hurry) in all {
            let totals = self.provider.spool.totals(&domain);
            if totals.waiting == 0 {
                continue;
            }
            let busy = self.busy.contains(&domain);
            if totals.waiting <= totals.leased && !(busy && hurry) {
                continue; // it is on its way
            }
            if busy || self.calls.len() >= AT_ONCE {
                // The end of a call brings us back here.
                if hurry {
                    lock(&self.provider.pushing.asked).insert(domain);
                }
                continue;
            }
            let looks = &self.provider.pushing.looks;
            if hurry || looks.something_may_go(&self.provider, &house, &domain).await {
                self.call(domain, hurry);
            }
        }
    }

    fn call(&mut self, domain: Domain, hurry: bool) {
        let Some(host) =
            self.provider.house().domains.get(&domain).and_then(|held| held.host.clone())
        else {
            return; // a reload has taken it away
        };
        self.busy.insert(domain.clone());
        let (provider, stop) = (self.provider.clone(), self.stop.clone());
        let began = Timestamp::now();
        self.calls.spawn(async move {
            let turning = Turning::bringing(domain.as_str(), domain.clone());
            let call = tokio::spawn(async move {
                let (account, turning) = (&host.account, &turning);
                let errand = Errand { account, secret: None, turning, all: hurry, house: None };
                bring(&provider, errand, &stop).await
            });
            // Whatever becomes of the call, its domain is told of: or it would be busy for ever.
            let brought = call.await.unwrap_or_else(|fault| Err(fault.into()));
            Ended { domain, began, brought }
        });
    }

    fn called(&mut self, done: Option<Ended>) {
        let Some(Ended { domain, began, brought }) = done else { return };
        self.busy.remove(&domain);
        match brought {
            Ok(Drained { delivered, deferred, refused, octets }) => {
                self.provider.pushing.was_heard(&domain);
                match delivered + refused > 0 || deferred == 0 {
                    true => self.provider.pushing.went_well(&domain),
                    false => self.provider.pushing.took_nothing(&domain, Instant::now()),
                }
                info!(%domain, delivered, deferred, refused, octets, "mail was brought to its host");
            }
            Err(fault) => {
                self.provider.pushing.came_to_nothing(&domain, &fault, Call::since(began));
                let wait = self.provider.pushing.failed(&domain, Instant::now());
                let hint = fault.hint();
                warn!(%domain, again_in = wait.as_secs(), hint, %fault, "the domain's host has not taken its mail");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_vain_are_counted_for_what_was_there_and_forgotten_when_one_is_heard() {
        let (pushing, org) = (Pushing::default(), Domain::parse("example.org").unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();
        let busy = Reply::new(421, (3, 2), "not now");
        let fault = ForwardFault::Call(super::super::call::CallFault::Greeting(busy.clone()));
        for second in 0..300 {
            let call = Call { began: at(second), ended: at(second + 1) };
            pushing.came_to_nothing(&org, &fault, call);
        }
        let trouble = pushing.trouble(&org).unwrap();
        assert_eq!((trouble.at, trouble.reply.as_ref()), (at(300), Some(&busy)));
        assert_eq!(trouble.calls_since(at(297)), 2);
        assert_eq!(trouble.calls_since(at(0)) as usize, CALLS);
        pushing.was_heard(&org);
        assert_eq!(pushing.trouble(&org), None);
    }
}
