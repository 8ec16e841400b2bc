//! What all sessions of a provider share: the spool, the settings in force, and who is inside.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::counts::Counts;
use super::line::LineEnd;
use super::push::Pushing;
use super::room::{Load, Places, Room};
use crate::config::accounts::{self, Accounts, Network, Switch};
use crate::config::fetch::{Account, Layer, TlsMode};
use crate::config::provider::{
    DomainSettings, Etrn, Notices, PreTurnMail, Settings, Smarthost, Timeouts, TurnEmpty,
};
use crate::config::recipients::Recipients;
use crate::config::value::Size;
use crate::net::admission::network;
use crate::net::rate::{Rates, keep_newer_half};
use crate::net::spf::Spf;
use crate::net::{Callers, TlsServer, Wire};
use crate::odmr::etrn::Whom;
use crate::odmr::{self, Answer, Claim, Empty, Terms, Waiting};
use crate::queue::{Fate, Learned, Quota, learned};
use crate::sasl::{self, Decoys, Mechanism};
use crate::session::server::Mechanisms;
use crate::session::transcript::Transcript;
use crate::session::turn::Asks;
use crate::session::{AtrnRequest, Patience, Profile, ServerSettings};
use crate::smtp::{Domain, ForwardPath, Mailbox, Stage};
use crate::spool::{Order, Part, Spool};

/// A provider at work.
#[derive(Debug)]
pub struct Provider<S: Spool> {
    /// Our name.
    pub name: String,
    /// Where mail rests.
    pub spool: S,
    /// Our certificate; without one there is no TLS.
    pub tls: Option<TlsServer>,
    /// Since when it is at work.
    pub started: Timestamp,
    /// What is counted.
    pub counts: Arc<Counts>,
    /// Says that a sender may have to be told something.
    pub news: Arc<Notify>,
    /// What is to be brought to its host.
    pub pushing: Arc<Pushing>,
    house: ArcSwap<House>,
    /// Whoever waits for other settings.
    refurnished: Notify,
    uses: Arc<Mutex<HashMap<String, Use>>>,
    failures: Mutex<HashMap<IpAddr, Vec<Instant>>>,
    senders: Mutex<Rates>,
    learned: Mutex<Learned>,
    room: Room,
}

/// The settings in force, put together once for all sessions that begin under them. A reload puts
/// another house in its place; sessions that have begun keep theirs.
#[derive(Debug)]
pub struct House {
    /// What the MX listener is.
    pub mx: Arc<ServerSettings>,
    /// What the LMTP listener is.
    pub lmtp: Arc<ServerSettings>,
    /// What the ODMR listener is.
    pub odmr: Arc<ServerSettings>,
    /// What the submission listeners are.
    pub submission: Arc<ServerSettings>,
    /// What the Exchange listener is.
    pub exchange: Arc<ServerSettings>,
    /// The octets of a session there, behind the turn.
    pub exchange_octets: Option<u64>,
    /// What a TURN is told when nothing waits.
    pub turn_empty: Empty,
    /// How long we wait for a customer after the turn.
    pub patience: Patience,
    /// In what order mail goes out.
    pub order: Order,
    /// Who may claim what.
    pub accounts: Accounts,
    /// Who checks passwords in our stead.
    pub oracle: Option<Oracle>,
    /// The domains we hold mail for.
    pub domains: HashMap<Domain, Held>,
    /// Those whose mail is brought to its host at once.
    pub pushed: Vec<Domain>,
    /// Where mail for the bare postmaster goes.
    pub postmaster: Option<Mailbox>,
    /// What stands in for accounts that do not exist.
    pub decoys: Decoys,
    /// The least time between two ATRNs of an account that says nothing else.
    pub pace: Duration,
    /// Sessions of an account that says nothing else.
    pub sessions_per_account: u32,
    /// How long a handshake may take.
    pub tls_patience: Duration,
    /// Failed logins, and within what time, after which an address is refused AUTH.
    pub failures: (u32, Duration),
    /// Messages that one address may begin in a minute.
    pub messages_per_minute: Option<u32>,
    /// Whom no limit of an address binds.
    pub exempt: Vec<Network>,
    /// Who calls for others, and says for whom.
    pub proxies: Vec<Network>,
    /// Who says within SMTP for whom it speaks.
    pub believed: Vec<Network>,
    /// Who is asked whether a host may send, where that is to be known.
    pub spf: Option<Spf>,
    /// Where our own mail goes, if anywhere.
    pub smarthost: Smarthost,
    /// What senders are told of mail that failed.
    pub notices: Notices,
}

/// A Dovecot that checks passwords.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// Its socket.
    pub socket: PathBuf,
    /// What it says that it can check; nothing while it could not be asked.
    pub mechanisms: Vec<Mechanism>,
}

/// A domain we hold mail for.
#[derive(Clone, Debug)]
pub struct Held {
    /// The recipients there are; `None` accepts all.
    pub recipients: Option<Arc<Recipients>>,
    /// How long its mail waits.
    pub lifetime: Duration,
    /// How much of it may rest here.
    pub quota: Quota,
    /// When somebody is told that its mail waits, if ever.
    pub delay: Option<Delay>,
    /// Where it is brought, if its host can be called.
    pub host: Option<Arc<Host>>,
    /// How long a recipient is refused at once whom its own server has refused.
    pub learning: Duration,
}

/// What is said of mail that waits for long.
#[derive(Clone, Debug)]
pub struct Delay {
    /// How long that is.
    pub after: Duration,
    /// Who is told of it instead of every sender.
    pub whom: Option<Mailbox>,
}

/// A domain's own server, at a fixed address.
#[derive(Clone, Debug)]
pub struct Host {
    /// How it is called, in the form of an account.
    pub account: Account,
    /// Mail goes there as soon as it comes.
    pub push: bool,
    /// Who may ask for a call.
    pub etrn: Whom,
}

/// What an account is doing.
#[derive(Debug, Default)]
struct Use {
    sessions: u32,
    last: Option<Instant>,
}

/// Leave to drain, counted until it is dropped.
#[derive(Debug)]
pub struct Turning {
    /// Whose mail.
    pub account: String,
    /// Which of it.
    pub domains: Vec<Domain>,
    /// Whether each line goes into a TLS record of its own.
    pub line_per_record: Switch,
    /// Whether whole transactions are streamed.
    pub stream: Switch,
    /// It is one of the sessions that are remembered under their names.
    pub is_session: bool,
    /// Nothing waited when it was asked for.
    pub had_nothing: bool,
    /// So many octets are sent, one message at least; what is left waits.
    pub most_octets: Option<u64>,
    /// Content goes by DATA, but for what is binary.
    pub prefers_data: bool,
    uses: Arc<Mutex<HashMap<String, Use>>>,
}

impl Turning {
    /// Leave to bring a domain's mail to where it belongs; `whom` is for the log.
    pub fn bringing(whom: &str, domain: Domain) -> Turning {
        Turning {
            account: whom.to_owned(),
            domains: vec![domain],
            line_per_record: Switch::Off,
            stream: Switch::Auto,
            is_session: false,
            had_nothing: false,
            most_octets: None,
            prefers_data: false,
            uses: Arc::default(),
        }
    }

    /// The session has reached its measure: the next may follow at once, whatever the pace is.
    pub(super) fn to_be_continued(&self) {
        if let Some(account) = lock(&self.uses).get_mut(&self.account) {
            account.last = None;
        }
    }
}

impl Drop for Turning {
    fn drop(&mut self) {
        if let Some(account) = lock(&self.uses).get_mut(&self.account) {
            account.sessions = account.sessions.saturating_sub(1);
        }
    }
}

/// A panic elsewhere leaves the counts as they were, and they are still counts.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Spool> Provider<S> {
    /// A provider with nobody inside.
    pub fn new(name: &str, spool: S, tls: Option<TlsServer>, house: House) -> Provider<S> {
        let counts = Arc::new(Counts::default());
        house.introduce(&counts);
        Provider {
            name: name.to_owned(),
            spool,
            tls,
            started: Timestamp::now(),
            counts,
            news: Arc::default(),
            pushing: Arc::default(),
            house: ArcSwap::from_pointee(house),
            refurnished: Notify::new(),
            uses: Arc::default(),
            failures: Mutex::default(),
            senders: Mutex::default(),
            learned: Mutex::default(),
            room: Room::default(),
        }
    }

    /// The settings in force now.
    pub fn house(&self) -> Arc<House> {
        self.house.load_full()
    }

    /// Puts other settings in force, for sessions that begin from now on.
    /// What was learnt of recipients is forgotten: whoever has made a mailbox reloads.
    pub fn refurnish(&self, house: House) {
        lock(&self.learned).clear();
        house.introduce(&self.counts);
        self.house.store(Arc::new(house));
        self.refurnished.notify_waiters();
        // Last: it wakes whoever calls hosts, who looks at the new settings.
        self.pushing.forget_moods();
    }

    /// Returns once others are in force than these; without these, never.
    pub(super) async fn has_other_settings(&self, these: Option<&House>) {
        let Some(these) = these else { return std::future::pending().await };
        loop {
            // It hears of all from here on.
            let refurnished = self.refurnished.notified();
            if !std::ptr::eq(Arc::as_ptr(&self.house()), these) {
                return;
            }
            refurnished.await;
        }
    }

    /// What a session keeps of what is said: nothing, unless every line is wanted in the log.
    pub fn transcript(&self) -> Transcript {
        match tracing::enabled!(tracing::Level::TRACE) {
            true => Transcript::kept(),
            false => Transcript::default(),
        }
    }

    /// Puts TLS over a wire, and tells its version.
    ///
    /// # Errors
    /// [`LineEnd`] when there is no TLS, or the handshake fails; the wire is lost then.
    pub async fn secure(&self, wire: &mut Wire, callers: Callers) -> Result<String, LineEnd> {
        let Some(tls) = &self.tls else { return Err(LineEnd::Closed) };
        let deadline = Instant::now() + self.house().tls_patience;
        let plain = std::mem::replace(wire, Wire::closed());
        *wire = plain.start_tls_server(tls, callers, Some(deadline)).await?;
        Ok(wire.tls().map_or("TLS", |facts| facts.version()).to_owned())
    }

    /// What an ATRN is told, and the leave that goes with a yes.
    pub fn answer(&self, request: &AtrnRequest, now: Instant) -> (Answer, Option<Turning>) {
        let house = self.house();
        let name = request.identity().account();
        let Some(account) = house.accounts.find(name) else {
            return (Answer::Refused, None); // removed by a reload since it logged in
        };
        let mut uses = lock(&self.uses);
        let used = uses.entry(name.to_owned()).or_default();
        let terms = Terms {
            domains: &account.domains,
            pace: account.pace.unwrap_or(house.pace),
            last: used.last,
            sessions: used.sessions,
            max_sessions: account
                .max_sessions
                .map_or(house.sessions_per_account, |most| most.get()),
        };
        let claim = odmr::claim(request.domains(), &terms, now);
        let waiting = self.waiting(&claim);
        let empty = match request.asks() {
            Asks::ByAtrn => Empty::Told,
            Asks::ByTurn => house.turn_empty,
        };
        let answer = odmr::answer(&claim, waiting, empty);
        if matches!(claim, Claim::Full(_)) {
            used.last = Some(now);
        }
        let (Answer::Turn, Claim::Full(domains)) = (answer, claim) else { return (answer, None) };
        used.sessions += 1;
        let (line_per_record, stream) = (account.line_per_record, account.stream);
        let (account, uses) = (name.to_owned(), self.uses.clone());
        let turning = Turning {
            account,
            domains,
            line_per_record,
            stream,
            is_session: true,
            had_nothing: waiting != Waiting::Something,
            most_octets: None,
            prefers_data: false,
            uses,
        };
        (answer, Some(turning))
    }

    /// Something has come in for this domain.
    pub fn arrived(&self, domain: &Domain) {
        let house = self.house();
        let host = house.domains.get(domain).and_then(|held| held.host.as_ref());
        if host.is_some_and(|host| host.push) {
            self.pushing.wake.notify_one();
        }
    }

    /// May this caller begin one more message?
    pub fn may_send(&self, caller: Option<IpAddr>, now: Instant) -> bool {
        let house = self.house();
        let (Some(ip), Some(most)) = (house.limited(caller), house.messages_per_minute) else {
            return true;
        };
        lock(&self.senders).spend(ip, most, now)
    }

    /// Takes note of what a customer's server says about who is there in its domain. What a smarthost
    /// says about it teaches nothing, and what is said of content that several recipients had together is not
    /// about any one of them: `alone` says that it was not so.
    pub fn learn(
        &self,
        domain: &Domain,
        recipient: &ForwardPath,
        fate: &Fate,
        alone: bool,
        now: Instant,
    ) {
        let ForwardPath::Mailbox(mailbox) = recipient else { return };
        if mailbox.domain() != Some(domain) {
            return;
        }
        let house = self.house();
        let held = house.domains.get(domain);
        let Some(learning) = held.map(|held| held.learning).filter(|time| !time.is_zero()) else {
            return;
        };
        match fate {
            Fate::Delivered(_) | Fate::Relayed(_) => lock(&self.learned).unlearn(mailbox),
            Fate::Refused(said)
                if (said.stage == Stage::Rcpt || said.stage == Stage::Content && alone)
                    && learned::is_about_the_address(said) =>
            {
                lock(&self.learned).learn(mailbox, now + learning, now);
            }
            Fate::Refused(_) | Fate::Deferred(_) | Fate::Untried => {}
        }
    }

    /// Has its own server said of late that this recipient is not there?
    pub fn is_unknown(&self, path: &ForwardPath, now: Instant) -> bool {
        let ForwardPath::Mailbox(mailbox) = path else { return false };
        lock(&self.learned).knows(mailbox, now)
    }

    /// May one more message come in for this recipient, of so many octets as its sender says?
    pub fn has_room(&self, path: &ForwardPath, size: u64) -> bool {
        let house = self.house();
        let mailbox = match path {
            ForwardPath::Postmaster => house.postmaster.as_ref(),
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
        };
        let Some(domain) = mailbox.and_then(Mailbox::domain) else { return true };
        let Some(held) = house.domains.get(domain) else { return true };
        if !held.quota.is_bound() {
            return true;
        }
        let Load { messages, octets } = self.load(domain);
        held.quota.has_room(messages, octets, size)
    }

    /// Takes a place in the domains of all its recipients, now that it has come and until it is kept:
    /// others have come meanwhile. Whatever its size: that was judged, or was not known.
    pub fn take_room(&self, parts: &[Part], octets: u64) -> Option<Places<'_>> {
        let house = self.house();
        let bound = |part: &Part| {
            let quota = house.domains.get(&part.domain)?.quota;
            quota.is_bound().then(|| (part.domain.clone(), quota))
        };
        self.room.take(parts.iter().filter_map(bound), octets, |domain| self.load(domain))
    }

    /// What rests for a domain, in whatever state.
    fn load(&self, domain: &Domain) -> Load {
        let rests = self.spool.totals(domain);
        Load {
            messages: rests.waiting + rests.set_aside,
            octets: rests.octets + rests.octets_aside,
        }
    }

    fn waiting(&self, claim: &Claim) -> Waiting {
        let Claim::Full(domains) = claim else { return Waiting::Nothing };
        let totals = domains.iter().map(|domain| self.spool.totals(domain));
        let (waiting, leased) = totals.fold((0, 0), |(waiting, leased), total| {
            (waiting + total.waiting, leased + total.leased)
        });
        match (waiting, leased) {
            _ if !self.spool.keeps_record() => Waiting::Unknown,
            (0, _) => Waiting::Nothing,
            (waiting, leased) if waiting <= leased => Waiting::Elsewhere,
            _ => Waiting::Something,
        }
    }

    /// Notes a failed login from an address; one of IPv6 stands for its /64, which costs nothing to
    /// roam about in.
    pub fn login_failed(&self, ip: IpAddr, now: Instant) {
        let (most, window) = self.house().failures;
        let ip = network(ip);
        let mut failures = lock(&self.failures);
        if failures.len() >= REMEMBERED && !failures.contains_key(&ip) {
            failures.retain(|_, times| {
                times.last().is_some_and(|last| now.duration_since(*last) < window)
            });
            if failures.len() >= REMEMBERED {
                keep_newer_half(&mut failures, |times| times.last().copied().unwrap_or(now));
            }
        }
        let times = failures.entry(ip).or_default();
        times.retain(|time| now.duration_since(*time) < window);
        times.push(now);
        // The newest count for longest.
        let surplus = times.len().saturating_sub((most as usize).max(1));
        times.drain(..surplus);
    }

    /// The last of them, so many, were no guesses: whoever made them has logged in as who it said.
    pub fn login_forgiven(&self, ip: IpAddr, count: usize) {
        if let Some(times) = lock(&self.failures).get_mut(&network(ip)).filter(|_| count > 0) {
            times.truncate(times.len().saturating_sub(count));
        }
    }

    /// Has this address failed too often of late to be let try again?
    pub fn is_guessing(&self, ip: IpAddr, now: Instant) -> bool {
        let (most, window) = self.house().failures;
        let failures = lock(&self.failures);
        let recent = |times: &Vec<Instant>| {
            times.iter().filter(|time| now.duration_since(**time) < window).count()
        };
        most > 0 && failures.get(&network(ip)).map_or(0, recent) >= most as usize
    }
}

/// Addresses whose failed logins are remembered; a stranger must not be able to fill our memory.
const REMEMBERED: usize = 10_000;

/// With a customer whom we bring mail.
fn patience(times: &Timeouts) -> Patience {
    Patience {
        greeting: times.greeting.get(),
        command: times.reply.get(),
        data: times.data_start.get(),
        block: times.data_block.get(),
        final_reply: times.data_end.get(),
        ..Patience::RFC
    }
}

impl House {
    /// Puts the settings together.
    pub fn new(
        settings: &Settings,
        name: &str,
        accounts: Accounts,
        lists: &Lists,
        tls: bool,
        secret: [u8; 32],
        oracle: Option<Oracle>,
    ) -> House {
        let domains = held(settings, &accounts, lists);
        let times = &settings.timeouts;
        let odmr = odmr_settings(settings, name, &accounts, tls, oracle.as_ref());
        let exchanges = Exchanges {
            mechanisms: mechanisms(&accounts, oracle.as_ref(), accounts.any_ntlm()),
            in_clear: accounts.iter().any(accounts::Account::may_shun_tls),
        };
        let [mx, lmtp, odmr, submission, exchange] =
            servers(settings, name, tls, &domains, odmr, exchanges);
        let most = settings.exchange.session_bytes.octets();
        let pushes = |held: &Held| held.host.as_ref().is_some_and(|host| host.push);
        let pushed = domains.iter().filter(|(_, held)| pushes(held));
        House {
            mx,
            lmtp,
            odmr,
            submission,
            exchange,
            exchange_octets: (most > 0).then_some(most),
            turn_empty: match settings.exchange.turn_empty {
                TurnEmpty::TurnQuit => Empty::Turned,
                TurnEmpty::Told => Empty::Told,
            },
            pushed: pushed.map(|(domain, _)| domain.clone()).collect(),
            patience: patience(times),
            order: Order { aged_after: settings.queue.aged_after.get() },
            postmaster: postmaster(settings, &domains),
            domains,
            decoys: Decoys::new(secret, sasl::DEFAULT_ITERATIONS),
            accounts,
            oracle,
            pace: settings.odmr.pace.get(),
            sessions_per_account: settings.limits.sessions_per_account,
            tls_patience: times.tls.get(),
            failures: (
                settings.odmr.auth_failures_per_address,
                settings.odmr.auth_failure_window.get(),
            ),
            messages_per_minute: settings.limits.messages_per_minute,
            exempt: settings.limits.exempt.clone(),
            proxies: settings.limits.proxies.clone(),
            believed: settings.mx.xclient.clone(),
            spf: judge(settings),
            smarthost: settings.smarthost.clone(),
            notices: settings.notices.clone(),
        }
    }

    /// Says whose doings are counted.
    fn introduce(&self, counts: &Counts) {
        let accounts = self.accounts.iter().map(|account| account.name.as_str());
        counts.know(accounts, self.domains.keys());
    }

    /// What the listener of Exchange's kind is for who calls from there: NTLM is listed to those alone among whom
    /// somebody may be who has what it needs.
    pub fn exchange_for(&self, ip: IpAddr) -> Arc<ServerSettings> {
        if !self.accounts.any_ntlm() || self.accounts.any_ntlm_from(ip) {
            return self.exchange.clone();
        }
        let mut settings = ServerSettings::clone(&self.exchange);
        let Mechanisms { clear, tls } = &mut settings.mechanisms;
        clear.retain(|name| name != Mechanism::Ntlm.name());
        tls.retain(|name| name != Mechanism::Ntlm.name());
        Arc::new(settings)
    }

    /// The address of a caller, if limits for one address bind it.
    pub fn limited(&self, caller: Option<IpAddr>) -> Option<IpAddr> {
        caller.filter(|ip| !self.exempt.iter().any(|network| network.contains(*ip)))
    }

    /// Does this one call for others, and say for whom?
    pub fn is_proxy(&self, caller: Option<IpAddr>) -> bool {
        caller.is_some_and(|ip| self.proxies.iter().any(|network| network.contains(ip)))
    }

    /// Is this one believed when it says for whom it speaks?
    pub fn believes(&self, caller: IpAddr) -> bool {
        self.believed.iter().any(|network| network.contains(caller))
    }

    /// When mail for a domain that arrives now is given up.
    pub fn expiry(&self, domain: &Domain, now: Timestamp) -> Timestamp {
        let lifetime = self.domains.get(domain).map_or(Duration::ZERO, |held| held.lifetime);
        now.checked_add(lifetime).unwrap_or(Timestamp::MAX)
    }
}

impl Held {
    /// Is there such a mailbox, as far as we know?
    pub fn knows(&self, mailbox: &Mailbox) -> bool {
        self.recipients.as_ref().is_none_or(|list| list.has(mailbox))
    }
}

fn host(special: &DomainSettings) -> Option<Host> {
    let server = special.host.clone()?;
    let account = Account {
        server: Some(server),
        port: special.host_port.unwrap_or(25),
        tls: special.host_tls.unwrap_or(TlsMode::Opportunistic),
        ca: special.host_ca.clone(),
        fingerprint: special.host_fingerprint,
        ..Account::new("host", Layer::default())
    };
    let etrn = match special.etrn.unwrap_or_default() {
        Etrn::Off => Whom::Nobody,
        Etrn::Authenticated => Whom::Customer,
        Etrn::Open => Whom::Anybody,
    };
    Some(Host { account, push: special.push.unwrap_or_default(), etrn })
}

fn delay(settings: &Settings, domain: &Domain) -> Option<Delay> {
    let (after, whom) = settings.delay(domain)?;
    Some(Delay { after: after.get(), whom: whom.cloned() })
}

fn quota(settings: &Settings, domain: &Domain) -> Quota {
    let (octets, messages) = settings.quota(domain);
    Quota { octets: octets.map(Size::octets), messages }
}

/// The recipients of domains that have a list.
pub type Lists = HashMap<Domain, Arc<Recipients>>;

/// Every server must accept `<postmaster>` (RFC 5321, section 4.5.1). Where the settings do not say
/// whose it is, it goes to the first of our domains.
fn postmaster(settings: &Settings, domains: &HashMap<Domain, Held>) -> Option<Mailbox> {
    let first = || {
        let domain = domains.keys().min()?;
        Mailbox::parse(&format!("postmaster@{domain}")).ok()
    };
    // One whose domain is no customer's any more would have its mail given up.
    let held = |whom: &Mailbox| whom.domain().is_some_and(|domain| domains.contains_key(domain));
    settings.postmaster.clone().filter(held).or_else(first)
}

fn mx_settings(settings: &Settings, profile: Profile, name: &str, tls: bool) -> ServerSettings {
    let times = &settings.timeouts;
    ServerSettings {
        max_size: settings.mx.max_size.octets(),
        max_recipients: settings.mx.max_recipients,
        max_received: settings.mx.max_received,
        max_messages: u64::from(settings.limits.messages_per_session),
        max_errors: settings.limits.command_errors,
        max_refusals: settings.limits.rejected_recipients,
        session: times.session.get(),
        patience: Patience {
            command: times.command.get(),
            block: times.data.get(),
            ..Patience::RFC
        },
        starttls: tls,
        ..ServerSettings::new(profile, name)
    }
}

/// How customers of the kind of Exchange log in.
struct Exchanges {
    mechanisms: Mechanisms,
    /// Some account may do so without TLS wherever others may not.
    in_clear: bool,
}

/// What each listener is: MX, LMTP, ODMR, submission, Exchange.
fn servers(
    settings: &Settings,
    name: &str,
    tls: bool,
    domains: &HashMap<Domain, Held>,
    odmr: ServerSettings,
    exchanges: Exchanges,
) -> [Arc<ServerSettings>; 5] {
    let asked = |by: fn(Whom) -> bool| {
        domains.values().filter_map(|held| held.host.as_ref()).any(|host| by(host.etrn))
    };
    let mx = ServerSettings {
        etrn: asked(|whom| whom == Whom::Anybody),
        ..mx_settings(settings, Profile::Mx, name, tls)
    };
    let lmtp = ServerSettings {
        max_messages: u64::MAX,
        max_refusals: u32::MAX,
        ..mx_settings(settings, Profile::Lmtp, name, false)
    };
    let odmr = ServerSettings { etrn: asked(|whom| whom != Whom::Nobody), ..odmr };
    let submission = ServerSettings { submission: true, require_tls: true, ..odmr.clone() };
    // Without TLS it could not be reached by those that it is for; who else logs in is judged by the account.
    let exchange = ServerSettings {
        profile: Profile::Exchange,
        require_tls: odmr.require_tls && !exchanges.in_clear,
        mechanisms: exchanges.mechanisms,
        puts_off_mail: settings.exchange.pre_turn_mail == PreTurnMail::RejectSoft,
        ..odmr.clone()
    };
    [mx, lmtp, odmr, submission, exchange].map(Arc::new)
}

fn odmr_settings(
    settings: &Settings,
    name: &str,
    accounts: &Accounts,
    tls: bool,
    oracle: Option<&Oracle>,
) -> ServerSettings {
    ServerSettings {
        max_size: settings.mx.max_size.octets(),
        max_recipients: settings.mx.max_recipients,
        max_received: settings.mx.max_received,
        max_errors: settings.limits.command_errors,
        submission: accounts.iter().any(|account| account.submit),
        max_auth_failures: settings.odmr.auth_failures,
        login: settings.timeouts.login.get(),
        starttls: tls,
        require_tls: settings.odmr.require_tls && tls,
        mechanisms: mechanisms(accounts, oracle, false),
        ..ServerSettings::new(Profile::Odmr, name)
    }
}

/// What is held for each domain that an account has.
fn held(settings: &Settings, accounts: &Accounts, lists: &Lists) -> HashMap<Domain, Held> {
    let held = |domain: &Domain| Held {
        recipients: lists.get(domain).cloned(),
        lifetime: settings.lifetime(domain).get(),
        quota: quota(settings, domain),
        delay: delay(settings, domain),
        host: settings.domains.get(domain).and_then(host).map(Arc::new),
        learning: settings.learn_refusals(domain).get(),
    };
    accounts
        .iter()
        .flat_map(|account| &account.domains)
        .map(|domain| (domain.clone(), held(domain)))
        .collect()
}

/// Who is asked whether a host may send.
fn judge(settings: &Settings) -> Option<Spf> {
    if !settings.mx.spf {
        return None;
    }
    let judge = Spf::by(settings.mx.resolver);
    judge
        .inspect_err(
            |fault| tracing::error!(%fault, "no resolver: SPF is not asked; set mx.resolver"),
        )
        .ok()
}

/// What AUTH lists before TLS and under it. Listed before TLS as well, because RFC 2645, section
/// 5.1.1 wants AUTH in the first EHLO reply; the mechanisms there show nobody the password.
///
/// Where a Dovecot checks passwords, they are what it can check. While nobody knows, PLAIN and LOGIN,
/// which every Dovecot can: a customer that may show its password is told "not now" until then.
fn mechanisms(accounts: &Accounts, oracle: Option<&Oracle>, ntlm: bool) -> Mechanisms {
    let clear_login = accounts.any_clear_login();
    let certificate = accounts.iter().any(|account| !account.certificates.is_empty());
    let can = |mechanism: &Mechanism| match oracle {
        None => true,
        Some(_) if *mechanism == Mechanism::External => true,
        Some(oracle) if oracle.mechanisms.is_empty() => mechanism.is_plaintext(),
        Some(oracle) => oracle.mechanisms.contains(mechanism),
    };
    let names = |line: sasl::Line| {
        let offer = sasl::offer(line).into_iter().filter(can);
        offer.map(|mechanism| mechanism.name().to_owned()).collect()
    };
    Mechanisms {
        clear: names(sasl::Line { clear_login, ntlm, ..sasl::Line::default() }),
        tls: names(sasl::Line { tls: true, binding: true, certificate, clear_login, ntlm }),
    }
}
