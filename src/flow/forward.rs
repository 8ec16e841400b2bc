//! Our own mail goes out: notices, and nothing else, to the one smarthost of the settings. Tried again
//! until it is taken or its time is up. RFC 5321, section 4.5.4.1. How a server is called and brought
//! mail is the same for a customer's host; when, is told in `push`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::call::{CallFault, Called, CalledFor, Caller};
use super::drain::{Ahead, Drained, Run};
use super::errand::tls_client;
use super::line::Stop;
use super::notify::{tell_all, tell_of_delays};
use super::provider::{House, Provider, Turning};
use super::push::Call;
use crate::config::fetch::{Account, Layer};
use crate::config::provider::Smarthost;
use crate::config::secret::SecretError;
use crate::net::tls::TlsSetupError;
use crate::queue::{self, Entry, retry};
use crate::session::Patience;
use crate::session::turn::ReversedClient;
use crate::smtp::{Domain, Reply};
use crate::spool::{Drain, Lease, Spool, Totals};

/// How often we look whether something is to be told or tried again.
const PULSE: Duration = Duration::from_secs(60);

/// Why the smarthost has not got our mail.
#[derive(Debug, thiserror::Error)]
pub enum ForwardFault {
    /// It could not be called, or would not have us.
    #[error("{0}")]
    Call(#[from] CallFault),
    /// It heard us, and nothing went.
    #[error("it has taken nothing: {0}")]
    InVain(String),
    /// Our password for it.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// Whom to trust.
    #[error("{0}")]
    Tls(#[from] TlsSetupError),
    /// There are other settings since it was called, and nothing has gone yet.
    #[error("there are other settings since")]
    Overtaken,
    /// A thread of ours.
    #[error("{0}")]
    System(#[from] tokio::task::JoinError),
}

/// Tells senders and sends our mail until the daemon stops. A smarthost that keeps us waiting keeps no
/// sender from being told.
pub async fn keep_forwarding<S: Spool>(provider: Arc<Provider<S>>, stop: Stop) {
    let told = Notify::new();
    tokio::join!(
        keep_telling(&provider, &told, stop.clone()),
        keep_sending(&provider, &told, stop)
    );
}

async fn keep_telling<S: Spool>(provider: &Provider<S>, told: &Notify, mut stop: Stop) {
    let mut looked = Looked::default();
    loop {
        tell_all(provider).await;
        if looked.is_due(&provider.house()) {
            tell_of_delays(provider).await;
        }
        told.notify_one();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = provider.news.notified() => {}
            () = tokio::time::sleep(PULSE) => {}
        }
    }
}

async fn keep_sending<S: Spool>(provider: &Provider<S>, told: &Notify, mut stop: Stop) {
    let mut mood = Mood::default();
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = told.notified() => {}
        }
        mood.send(provider, &stop).await;
    }
}

/// When we last looked for mail that waits too long, and by which settings.
#[derive(Debug, Default)]
struct Looked {
    house: Weak<House>,
    at: Option<Instant>,
}

impl Looked {
    /// Is it time to look again?
    fn is_due(&mut self, house: &Arc<House>) -> bool {
        let now = Instant::now();
        let known = std::ptr::eq(self.house.as_ptr(), Arc::as_ptr(house));
        let lately = self.at.is_some_and(|at| now.duration_since(at) < PULSE);
        let due = !(known && lately);
        if due {
            *self = Looked { house: Arc::downgrade(house), at: Some(now) };
        }
        due
    }
}

/// What the smarthost was like lately. Forgotten when there are other settings.
#[derive(Debug, Default)]
struct Mood {
    /// The settings under which it was so.
    house: Weak<House>,
    /// How often in a row it could not be reached.
    failures: u32,
    /// Not to be called before.
    not_before: Option<Instant>,
    looks: Looks,
}

impl Mood {
    async fn send<S: Spool>(&mut self, provider: &Provider<S>, stop: &Stop) {
        let waiting = provider.spool.totals(&queue::outgoing()).waiting;
        let house = provider.house();
        let now = Instant::now();
        if !std::ptr::eq(self.house.as_ptr(), Arc::as_ptr(&house)) {
            *self = Mood { house: Arc::downgrade(&house), ..Mood::default() };
        }
        if !provider.spool.keeps_record() {
            return; // it would be sent again
        }
        if waiting == 0 || self.not_before.is_some_and(|then| now < then) {
            return;
        }
        let Some(server) = &house.smarthost.server else { return };
        if !self.looks.something_may_go(provider, &house, &queue::outgoing()).await {
            return;
        }
        let began = Timestamp::now();
        match forward(provider, &house, stop).await {
            Ok(Drained { delivered, deferred, refused, octets }) => {
                (self.failures, self.not_before) = (0, None);
                provider.pushing.was_heard(&queue::outgoing());
                info!(smarthost = %server, delivered, deferred, refused, octets, "our own mail was sent");
            }
            // Whoever gave them has woken us, too.
            Err(ForwardFault::Overtaken) => {}
            Err(fault) => {
                provider.pushing.came_to_nothing(&queue::outgoing(), &fault, Call::since(began));
                self.failures = self.failures.saturating_add(1);
                let wait = retry::wait(self.failures);
                self.not_before = Some(now + wait);
                let hint = fault.hint();
                warn!(smarthost = %server, waiting, again_in = wait.as_secs(), hint, %fault,
                    "the smarthost has not taken our own mail");
            }
        }
    }
}

impl ForwardFault {
    /// What the other side said, where that was the end of it.
    pub(super) fn reply(&self) -> Option<&Reply> {
        match self {
            ForwardFault::Call(
                CallFault::Greeting(reply)
                | CallFault::NoEhlo(reply)
                | CallFault::TlsRefused(reply)
                | CallFault::Refused(_, reply),
            ) => Some(reply),
            _ => None,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self {
            ForwardFault::Call(CallFault::NoTls) => Some(
                "set tls = \"none\" for a server on this machine, or \"implicit\" for port 465"
                    .to_owned(),
            ),
            ForwardFault::Call(fault) => fault.hint(),
            _ => None,
        }
    }
}

/// One call to the smarthost, with everything that may go now.
async fn forward<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    stop: &Stop,
) -> Result<Drained, ForwardFault> {
    let account = as_account(&house.smarthost);
    let password = house.smarthost.password.clone();
    let secret = match password {
        Some(source) => {
            let server = account.server.as_ref().map(ToString::to_string).unwrap_or_default();
            let user = account.user.clone().unwrap_or_default();
            let read = move || source.read_for(&server, &user);
            Some(tokio::task::spawn_blocking(read).await??)
        }
        None => None,
    };
    let turning = Turning::bringing("smarthost", queue::outgoing());
    let errand =
        Errand { account: &account, secret, turning: &turning, all: false, house: Some(house) };
    bring(provider, errand, stop).await
}

/// A call to a server that takes mail from us.
pub(super) struct Errand<'a> {
    /// The server, in the form of an account.
    pub account: &'a Account,
    /// Our password there.
    pub secret: Option<SecretString>,
    /// What it is to have.
    pub turning: &'a Turning,
    /// All that waits, and not only what may be tried by the clock.
    pub all: bool,
    /// The settings it comes from: under others no answer to the call is waited for.
    pub house: Option<&'a House>,
}

/// Calls a server and brings it mail, to the end or until we are told to stop.
pub(super) async fn bring<S: Spool>(
    provider: &Provider<S>,
    errand: Errand<'_>,
    stop: &Stop,
) -> Result<Drained, ForwardFault> {
    let Errand { account, secret, turning, all, house } = errand;
    let tls = tls_client(account)?;
    let caller = Caller {
        account,
        server: account.server.as_ref().map(ToString::to_string).unwrap_or_default(),
        tls: tls.as_ref(),
        name: provider.name.clone(),
        secret,
        patience: Patience::RFC,
        errand: CalledFor::Sending,
    };
    let (mut transcript, mut stopped) = (provider.transcript(), stop.clone());
    let Called { mut wire, session, offers, .. } = tokio::select! {
        biased;
        _ = stopped.wait_for(|stop| *stop) => return Ok(Drained::default()),
        () = provider.has_other_settings(house) => return Err(ForwardFault::Overtaken),
        called = caller.call(&mut transcript) => called?,
    };
    let client = ReversedClient { name: provider.name.clone(), patience: Patience::RFC };
    let session = session.begin_sending(client, offers, Instant::now());
    let wanted = if all { |_: &Entry| true } else { may_go_now };
    let ahead = Ahead::unread(provider, turning);
    let run = Run::new(provider, &turning.account, turning, session, ahead, stop.clone());
    let mut run = run.only(wanted);
    let end = run.to_the_end(&mut wire).await;
    let drained = run.settle_all().await;
    wire.close().await;
    end.map_err(CallFault::from)?;
    match run.was_in_vain() {
        Some(why) if !*stop.borrow() => Err(ForwardFault::InVain(why.to_owned())),
        _ => Ok(drained),
    }
}

/// When it was last looked, for each domain, whether something of what was put off may go again.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<Domain, Instant>>);

impl Looks {
    /// Nobody is called for what may not be tried yet. What was never tried may go, and the counts tell of it;
    /// through the rest one has to look, which takes as long as there is of it, and is done now and then.
    pub async fn something_may_go<S: Spool>(
        &self,
        provider: &Provider<S>,
        house: &House,
        domain: &Domain,
    ) -> bool {
        let Totals { waiting, tried, leased, .. } = provider.spool.totals(domain);
        if waiting.saturating_sub(tried) > leased {
            return true;
        }
        if !self.is_due(domain, Instant::now()) {
            return false;
        }
        let mut walk = provider.spool.drain(vec![domain.clone()], house.order, Timestamp::now());
        while let Ok(leases) = walk.next(64).await
            && !leases.is_empty()
        {
            if leases.iter().any(|lease| may_go_now(lease.entry())) {
                return true;
            }
        }
        false
    }

    fn is_due(&self, domain: &Domain, now: Instant) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = looks.get(domain).is_some_and(|last| now.duration_since(*last) < PULSE);
        if !lately {
            looks.insert(domain.clone(), now);
        }
        !lately
    }

    /// The next time it is looked, whenever that is.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What was put off waits longer each time.
fn may_go_now(entry: &Entry) -> bool {
    retry::may_go(entry.tried, entry.attempts, Timestamp::now())
}

/// Its settings, in the form in which a customer calls its provider.
fn as_account(smarthost: &Smarthost) -> Account {
    Account {
        server: smarthost.server.clone(),
        port: smarthost.port,
        tls: smarthost.tls,
        server_name: smarthost.server_name.clone(),
        ca: smarthost.ca.clone(),
        fingerprint: smarthost.fingerprint,
        user: smarthost.user.clone(),
        ..Account::new("smarthost", Layer::default())
    }
}
