//! The provider's life: bind, give up privileges, open the spool, serve, take new settings when told
//! to, and end without breaking a promise.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::counts::Ending;
use super::desk::listen::keep_desk;
use super::desk::overview::Front;
use super::dovecot::Dovecot;
use super::events::{Happening, Kind};
use super::forward::keep_forwarding;
use super::handover::{self, Given, HandoverError};
use super::http::{Gate, GateError, HISTORY, Memory, Rules, Site, keep_remembering};
use super::intake::{BroughtBy, intake};
use super::line::{Stop, write};
use super::provider::{House, Lists, Oracle, Provider};
use super::push::keep_pushing;
use super::recent::keep_book;
use super::relay::relay;
use super::restart;
use crate::config::accounts::{Accounts, AccountsError};
use crate::config::document::quoted_if_needed;
use crate::config::provider::{self, DomainSettings, Loaded, Settings, load_recipients};
use crate::config::secret::SecretSource;
use crate::config::{Problem, Problems};
use crate::exit::{Exit, Failure};
use crate::net::listen::{Bound, ListenAddr, ListenError, Listener};
use crate::net::local::{LocalError, LocalListener};
use crate::net::privilege::{self, PrivilegeError};
use crate::net::tls::{ClientCertificates, KeyFiles, TlsSetupError};
use crate::net::{
    Admission, AdmissionLimits, Admitted, Callers, NotAdmitted, TlsServer, Wire, http, notify,
};
use crate::smtp::{Domain, Mailbox};
use crate::spool::embedded::{self, Embedded};
use crate::spool::{Spool, SpoolError};

/// Why a provider does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The settings cannot be read.
    #[error("{0}")]
    Settings(#[from] Problem),
    /// The settings do not fit together.
    #[error("{0}")]
    Unsound(#[from] Problems),
    /// The account file.
    #[error("{0}")]
    Accounts(#[from] AccountsError),
    /// A port.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// Our certificate.
    #[error("{0}")]
    Tls(#[from] TlsSetupError),
    /// What may be asked by HTTP.
    #[error("{0}")]
    Gate(#[from] GateError),
    /// The control socket.
    #[error("{0}")]
    Control(#[from] LocalError),
    /// Another user's rights.
    #[error("{0}")]
    Privilege(#[from] PrivilegeError),
    /// What another user would need.
    #[error("{0}")]
    Handover(#[from] HandoverError),
    /// The spool.
    #[error("{0}")]
    Spool(#[from] SpoolError),
    /// Something small in the state folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system would not give us what any program needs.
    #[error("{0}")]
    System(io::Error),
}

impl ServeError {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            ServeError::Settings(_)
            | ServeError::Unsound(_)
            | ServeError::Tls(_)
            | ServeError::Gate(_) => Exit::Config,
            ServeError::Accounts(fault) => fault.exit(),
            ServeError::Listen(_) => Exit::Unavailable,
            ServeError::Control(_) => Exit::CantCreate,
            ServeError::Privilege(_) | ServeError::Handover(_) => Exit::NoPerm,
            ServeError::Spool(SpoolError::Locked { .. }) => Exit::TempFail,
            ServeError::Spool(_) | ServeError::File { .. } => Exit::CantCreate,
            ServeError::System(_) => Exit::Os,
        }
    }
}

impl From<ServeError> for Failure {
    fn from(fault: ServeError) -> Failure {
        let hint = match &fault {
            ServeError::Settings(problem) => problem.hint.clone(),
            ServeError::Handover(fault) => Some(fault.hint()),
            ServeError::Control(_) => Some(
                "control.socket names another place, of at most 107 octets; to give it to a group the \
                 daemon's user must be one of its members"
                    .to_owned(),
            ),
            _ => None,
        };
        Failure::new(fault.exit(), fault).hint(hint)
    }
}

/// The listening sockets we were started with: systemd's, by their names.
pub type Sockets = Vec<(String, Bound)>;

/// Takes over the sockets we were started with. To be called first of all, while there are no
/// threads: it takes systemd's variables out of the environment.
///
/// # Errors
/// A socket that does not listen.
pub fn inherited() -> Result<Sockets, ServeError> {
    Ok(crate::net::inherited()?)
}

/// What a listener's callers come for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// Mail for our customers.
    Mx,
    /// The same, from a server in front of us.
    Lmtp,
    /// Their mail; STARTTLS.
    Odmr,
    /// Their mail; TLS from the first octet.
    OdmrTls,
    /// Mail of their own; STARTTLS.
    Submission,
    /// Mail of their own; TLS from the first octet.
    SubmissionTls,
    /// Their mail, by TURN, where they know no port but 25.
    Exchange,
    /// Figures, by HTTP.
    Http,
}

/// A provider with its ports bound, its files read, and nobody served yet.
pub struct Ready {
    /// The settings, and where they stand.
    pub loaded: Loaded,
    /// Its name.
    pub name: Domain,
    doors: Vec<(Door, Bound)>,
    tls: Option<TlsServer>,
}

impl Ready {
    /// Reads the settings and binds the ports; `inherited` ones (systemd's, by name `smtp`, `odmr`,
    /// `odmrs`) go before those of the settings. To be called before there are threads.
    ///
    /// # Errors
    /// [`ServeError`] names what is wrong and what to do.
    pub fn new(loaded: Loaded, inherited: Sockets) -> Result<Ready, ServeError> {
        loaded.check()?;
        let system = rustix::system::uname();
        let name =
            loaded.settings.hostname_or(system.nodename().to_str().ok(), &loaded.document)?;
        let tls = load_tls(&loaded)?;
        if let Some(problem) = of_certificate(&loaded, tls.as_ref(), name.as_str()) {
            warn!(%problem, hint = problem.hint.as_deref(), "who verifies our certificate refuses it");
        }
        lmtp_group(&loaded)?;
        let doors = doors(&loaded.settings, inherited, tls.is_some())?;
        let ready = Ready { loaded, name, doors, tls };
        no_stranger_may_ask(&ready.addresses(), &ready.loaded)?;
        Ok(ready)
    }

    /// Where it listens, for what.
    pub fn addresses(&self) -> Vec<(Door, ListenAddr)> {
        self.doors.iter().map(|(door, bound)| (*door, bound.address().clone())).collect()
    }

    /// Gives up what only binding needed, and hands over what the user will need. To be called
    /// before there are threads.
    ///
    /// # Errors
    /// The user does not exist, or cannot read what it must, or the system refuses.
    pub fn drop_privileges(&self) -> Result<(), ServeError> {
        match &self.loaded.settings.user {
            Some(user) => self.become_user(user)?,
            None if privilege::is_root() => {
                warn!("running as root; set `user` in the settings, or start as another user");
            }
            None => {}
        }
        // A renewed certificate is read as that user: better to hear now that it cannot be.
        self.tls.as_ref().map_or(Ok(()), TlsServer::reload)?;
        Ok(())
    }

    fn become_user(&self, user: &str) -> Result<(), ServeError> {
        let group = self.loaded.settings.group.as_deref();
        let unfit = |fault| of_privilege(&self.loaded, "group", fault);
        if privilege::is_root() {
            handover::give(&self.loaded, privilege::look_up(user, group).map_err(unfit)?)?;
        }
        privilege::drop_to(user, group).map_err(unfit)?;
        Ok(handover::can_read_all(&self.loaded, user, Given::Already)?)
    }

    /// Serves until told to stop.
    ///
    /// # Errors
    /// [`ServeError`] when it cannot begin.
    pub async fn serve(self, mut orders: impl Orders) -> Result<(), ServeError> {
        let settings = &self.loaded.settings;
        let spool = open_spool(settings).await?;
        let secret = decoy_secret(&settings.state_dir)?;
        let open = self.addresses();
        let oracle = oracle(settings).await;
        let house = furnish(&self.loaded, self.name.as_str(), self.tls.is_some(), secret, oracle)?;
        let provider = Arc::new(Provider::new(self.name.as_str(), spool, self.tls, house));
        let counts = &provider.counts;
        counts.recent.recall(&settings.state_dir);
        counts.recent.keep(|account| counts.account(account).is_some());
        counts.remember_calls();
        let admission = Admission::new(limits(settings));
        let (stop, stopped) = watch::channel(false);
        let (alive, mut all_gone) = mpsc::channel::<()>(1);
        let rules = rules(settings)?;
        let memory = memory(settings, &self.doors);
        let front = front(&provider, &self.doors, &memory);
        let site = Arc::new(Site::new(provider.clone(), rules, memory, stopped.clone()));
        let hall = Hall {
            provider: provider.clone(),
            admission: admission.clone(),
            stop: stopped.clone(),
        };
        // Before anybody is let in: a crowd at the door may leave us no descriptor for it.
        let socket = self.loaded.settings.control_socket();
        let group = control_group(&self.loaded)?;
        let listener = LocalListener::bind(&socket, group)?;
        info!(listener = %socket.display(), "listening for operators");
        let (dark, last) = watch::channel(false);
        open_doors(self.doors, &hall, &site, &last, alive)?;
        let shared = group.is_some();
        tokio::spawn(keep_desk(listener, provider.clone(), front, shared, stopped.clone()));
        let state = settings.state_dir.clone();
        tokio::spawn(keep_book(provider.counts.clone(), state.clone(), stopped.clone()));
        let post = tokio::spawn(keep_forwarding(provider.clone(), stopped.clone()));
        let push = tokio::spawn(keep_pushing(provider.clone(), stopped.clone()));
        let keeper = Keeper {
            provider: provider.clone(),
            site,
            admission,
            start: Box::new(settings.clone()),
            loaded: self.loaded,
            secret,
            open,
            seen: None,
        };
        notify::ready();
        keeper.keep(&mut orders).await;
        notify::stopping();
        stop.send_replace(true);
        all_end(&mut all_gone, post, push).await;
        dark.send_replace(true);
        if let Err(error) = provider.counts.recent.write_down(&state) {
            warn!(%error, "how sessions ended cannot be written down");
        }
        provider.spool.close().await;
        info!("stopped");
        Ok(())
    }
}

/// How much waited over time, where somebody may look at it.
fn memory(settings: &Settings, doors: &[(Door, Bound)]) -> Memory {
    match doors.iter().any(|(door, _)| *door == Door::Http) {
        true => Memory::open(&settings.state_dir.join(HISTORY)),
        false => Memory::default(),
    }
}

/// What operators are told of the daemon itself.
fn front(provider: &Provider<Embedded>, doors: &[(Door, Bound)], memory: &Memory) -> Arc<Front> {
    let listener = |(door, bound): &(Door, Bound)| (door.name(), bound.address().to_string());
    Arc::new(Front {
        name: provider.name.clone(),
        started: provider.started,
        listeners: doors.iter().map(listener).collect(),
        memory: memory.clone(),
    })
}

/// Whoever is inside a message may finish it.
async fn all_end(sessions: &mut mpsc::Receiver<()>, post: JoinHandle<()>, push: JoinHandle<()>) {
    if tokio::time::timeout(GRACE, sessions.recv()).await.is_err() {
        warn!("some sessions did not end in time; they are cut off, and lose nothing by it");
    }
    let called = async { tokio::join!(post, push) };
    if tokio::time::timeout(GRACE, called).await.is_err() {
        warn!(
            "a host that we called did not end in time; what it has not answered goes to it again"
        );
    }
}

/// Whoever comes from now on is served.
/// Who asks whether we are well is told so until the last session has ended; everybody else, until we stop.
fn open_doors(
    doors: Vec<(Door, Bound)>,
    hall: &Hall<Embedded>,
    site: &Arc<Site>,
    last: &Stop,
    alive: mpsc::Sender<()>,
) -> Result<(), ServeError> {
    for (door, bound) in doors {
        let listener = bound.listen()?;
        info!(listener = %listener.address(), ?door, "listening");
        if door == Door::Http {
            tokio::spawn(keep_remembering(site.clone(), hall.stop.clone()));
            tokio::spawn(http::serve(listener, site.clone(), last.clone()));
        } else {
            tokio::spawn(hall.clone().receive(door, listener, alive.clone()));
        }
    }
    Ok(())
}

/// How long sessions may take to end once we are told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// What a provider is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read settings, accounts and certificates again.
    Reload,
    /// Finish what is under way, and end.
    Stop,
}

/// Where orders come from: signals, or a test.
pub trait Orders {
    /// The next order. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Order> + Send;
}

/// What all callers of a listener share.
#[derive(Clone)]
struct Hall<S: Spool> {
    provider: Arc<Provider<S>>,
    admission: Admission,
    stop: Stop,
}

impl<S: Spool> Hall<S> {
    /// Lets callers in until the daemon stops.
    async fn receive(mut self, door: Door, listener: Listener, alive: mpsc::Sender<()>) {
        let mut count = 0u64;
        let boot = Timestamp::now().as_second();
        loop {
            let wire = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return,
                wire = listener.accept() => wire,
            };
            count += 1;
            let id = format!("{boot:x}{}{count:x}", door.letter());
            let proxied = self.provider.house().is_proxy(address(&wire));
            let caller = if proxied { None } else { self.limited(door, &wire) };
            let place = match self.admission.admit(caller, Instant::now()) {
                Ok(place) => place,
                Err(why) => {
                    self.refuse(door, wire, &id, &why).await;
                    continue;
                }
            };
            let (hall, alive) = (self.clone(), alive.clone());
            tokio::spawn(async move {
                match proxied {
                    true => hall.introduce(door, wire, &id, place).await,
                    false => hall.admit(door, wire, &id, place).await,
                }
                drop(alive);
            });
        }
    }

    /// The address that limits bind, if they bind it.
    fn limited(&self, door: Door, wire: &Wire) -> Option<IpAddr> {
        self.provider.house().limited(address(wire).filter(|_| door != Door::Lmtp))
    }

    async fn refuse(&self, door: Door, wire: Wire, id: &str, why: &NotAdmitted) {
        self.provider.counts.at(door).turned_away.add(1);
        info!(session = id, peer = ?wire.peer(), %why, "turned away");
        turn_away(wire, &why.to_string()).await;
    }

    async fn admit(self, door: Door, wire: Wire, id: &str, place: Admitted) {
        self.provider.counts.at(door).admitted.add(1);
        self.serve(door, wire, id).await;
        drop(place);
    }

    /// Hears from a proxy who calls, and has that one admitted in the proxy's place.
    async fn introduce(mut self, door: Door, mut wire: Wire, id: &str, place: Admitted) {
        let proxy = wire.peer();
        let introduced = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => return,
            introduced = wire.introduced() => introduced,
        };
        if let Err(why) = introduced {
            self.provider.counts.at(door).turned_away.add(1);
            return warn!(session = id, ?proxy, %why, "a proxy does not say who calls; closed");
        }
        drop(place);
        match self.admission.admit(self.limited(door, &wire), Instant::now()) {
            Ok(place) => self.admit(door, wire, id, place).await,
            Err(why) => self.refuse(door, wire, id, &why).await,
        }
    }

    async fn serve(self, door: Door, wire: Wire, id: &str) {
        match door {
            Door::Mx => intake(wire, &self.provider, BroughtBy::World, id, self.stop).await,
            Door::Lmtp => intake(wire, &self.provider, BroughtBy::Front, id, self.stop).await,
            Door::Odmr | Door::Submission | Door::Exchange => {
                relay(wire, &self.provider, door, id, self.stop).await;
            }
            Door::OdmrTls | Door::SubmissionTls => {
                let mut wire = wire;
                match self.provider.secure(&mut wire, Callers::Customers).await {
                    Ok(version) => {
                        self.provider.counts.at(door).secured(&version);
                        relay(wire, &self.provider, door, id, self.stop).await;
                    }
                    Err(end) => info!(session = id, %end, "no TLS"),
                }
            }
            // Served by the site.
            Door::Http => {}
        }
    }
}

impl Door {
    /// Each, in its order.
    pub const ALL: [Door; 8] = [
        Door::Mx,
        Door::Lmtp,
        Door::Odmr,
        Door::OdmrTls,
        Door::Submission,
        Door::SubmissionTls,
        Door::Exchange,
        Door::Http,
    ];

    /// Its name: in metrics, and for the service manager.
    pub fn name(self) -> &'static str {
        match self {
            Door::Mx => "smtp",
            Door::Lmtp => "lmtp",
            Door::Odmr => "odmr",
            Door::OdmrTls => "odmrs",
            Door::Submission => "submission",
            Door::SubmissionTls => "submissions",
            Door::Exchange => "exchange",
            Door::Http => "http",
        }
    }

    fn letter(self) -> char {
        match self {
            Door::Mx => 'm',
            Door::Lmtp => 'l',
            Door::Odmr => 'o',
            Door::OdmrTls => 's',
            Door::Submission => 'b',
            Door::SubmissionTls => 'c',
            Door::Exchange => 'e',
            Door::Http => 'h',
        }
    }

    /// The name that a unit's `FileDescriptorName=` gives such a socket.
    fn of_name(name: &str) -> Option<Door> {
        match name {
            "smtp" | "mx" => Some(Door::Mx),
            "lmtp" => Some(Door::Lmtp),
            "odmr" => Some(Door::Odmr),
            "odmrs" => Some(Door::OdmrTls),
            "submission" => Some(Door::Submission),
            "submissions" => Some(Door::SubmissionTls),
            "exchange" => Some(Door::Exchange),
            "http" => Some(Door::Http),
            _ => None,
        }
    }
}

fn address(wire: &Wire) -> Option<IpAddr> {
    wire.peer().map(|peer| peer.ip())
}

/// One write, never waited for: turning callers away must cost less than calling.
async fn turn_away(mut wire: Wire, why: &str) {
    let line = format!("421 4.7.0 {why}; try again later\r\n");
    let mut unheard = BytesMut::new();
    let _ = tokio::time::timeout(
        Duration::from_millis(50),
        write(&mut wire, &mut unheard, line.into()),
    )
    .await;
}

/// Looks after a provider at work: orders, expiry, changed files.
struct Keeper<S: Spool> {
    provider: Arc<Provider<S>>,
    site: Arc<Site>,
    admission: Admission,
    loaded: Loaded,
    /// What it was started with.
    start: Box<Settings>,
    secret: [u8; 32],
    /// Where we listen, whatever new settings say of that.
    open: Vec<(Door, ListenAddr)>,
    /// What the account file looked like when it was last read.
    seen: Option<Stamp>,
}

impl<S: Spool> Keeper<S> {
    /// Until told to stop.
    async fn keep(mut self, orders: &mut impl Orders) {
        let mut moment = tokio::time::interval(Duration::from_secs(5));
        let mut beat =
            tokio::time::interval(notify::watchdog().unwrap_or(Duration::from_secs(3600)) / 2);
        self.seen = stamp(self.loaded.settings.accounts_path());
        loop {
            tokio::select! {
                order = orders.next() => match order {
                    Order::Reload => self.reload().await,
                    Order::Stop => return,
                },
                _ = moment.tick() => {
                    self.expire().await;
                    self.look_around().await;
                }
                _ = beat.tick() => notify::alive(),
            }
        }
    }

    async fn expire(&self) {
        match self.provider.spool.expire(Timestamp::now()).await {
            Ok(expired) if expired.is_empty() => {}
            Ok(expired) => {
                let entries = expired.len() as u64;
                let of = |(id, domain)| Happening::of(Kind::Expired, id, domain);
                for (_, domain) in &expired {
                    self.provider.counts.domain_or_nobody(domain).gives_up(Ending::Expired, 1);
                }
                self.provider.counts.events.tell(expired.into_iter().map(of), Timestamp::now());
                let told = self.loaded.settings.smarthost.server.is_some();
                let becomes = if told { "its senders are told" } else { "it is kept aside" };
                warn!(entries, becomes, "mail has outlived its time");
                self.provider.news.notify_one();
            }
            Err(fault) => error!(%fault, "cannot look for mail that has outlived its time"),
        }
    }

    /// New settings, accounts, lists and certificates for sessions that begin from now on. What
    /// cannot be read leaves what was there in force.
    async fn reload(&mut self) {
        notify::reloading();
        match self.try_reload().await {
            Ok(()) => {
                info!("settings, accounts and certificates read again");
                self.provider.news.notify_one();
            }
            Err(fault) => error!(%fault, "reload failed; what was in force stays in force"),
        }
        notify::ready();
    }

    async fn try_reload(&mut self) -> Result<(), ServeError> {
        let loaded = provider::load(self.loaded.document.path())?;
        loaded.check()?;
        let tls = load_tls(&loaded)?;
        let oracle = oracle(&loaded.settings).await;
        let waits = restart::waits_for(&self.start, &loaded.settings);
        self.put_in_force(loaded, oracle)?;
        if !waits.is_empty() {
            warn!(settings = waits.join(", "), "these take a restart");
        }
        if let (Some(ours), Some(new)) = (&self.provider.tls, tls) {
            ours.become_like(new);
        }
        Ok(())
    }

    fn put_in_force(&mut self, loaded: Loaded, oracle: Option<Oracle>) -> Result<(), ServeError> {
        self.seen = stamp(loaded.settings.accounts_path());
        no_stranger_may_ask(&self.open, &loaded)?;
        let house = furnish(
            &loaded,
            &self.provider.name,
            self.provider.tls.is_some(),
            self.secret,
            oracle,
        )?;
        let rules = rules(&loaded.settings)?;
        self.site.refurnish(rules);
        self.admission.set_limits(limits(&loaded.settings));
        self.provider.refurnish(house);
        // Whoever has mended the smarthost's settings wants to see it work.
        self.provider.news.notify_one();
        self.loaded = loaded;
        Ok(())
    }

    async fn look_around(&mut self) {
        self.look_for_dovecot().await;
        self.look_at_files();
    }

    /// One that was not there yet when we started, or was away when we last asked.
    async fn look_for_dovecot(&mut self) {
        let asked = self.provider.house().oracle.as_ref().map(|oracle| oracle.mechanisms.len());
        if asked != Some(0) {
            return;
        }
        let oracle = oracle(&self.loaded.settings).await;
        if oracle.as_ref().is_some_and(|oracle| !oracle.mechanisms.is_empty()) {
            match self.put_in_force(self.loaded.clone(), oracle) {
                Ok(()) => info!("Dovecot is there"),
                Err(fault) => error!(%fault, "what was in force stays in force"),
            }
        }
    }

    /// A renewed certificate or an edited account file counts without anybody saying so.
    fn look_at_files(&mut self) {
        if let Some(tls) = &self.provider.tls {
            match tls.reload_if_changed() {
                Ok(true) => info!("certificate renewed"),
                Ok(false) => {}
                Err(fault) => {
                    error!(%fault, "the new certificate cannot be used; the old one stays")
                }
            }
        }
        if stamp(self.loaded.settings.accounts_path()) != self.seen {
            let oracle = self.provider.house().oracle.clone();
            match self.put_in_force(self.loaded.clone(), oracle) {
                Ok(()) => info!("accounts read again"),
                Err(fault) => error!(%fault, "the accounts cannot be used; the old ones stay"),
            }
        }
    }
}

/// Inode and time of the last change: also of its mode, which may be what was wrong with it.
type Stamp = (u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.ino(), facts.ctime(), facts.ctime_nsec()))
}

fn limits(settings: &Settings) -> AdmissionLimits {
    AdmissionLimits {
        in_all: settings.limits.connections as usize,
        per_address: settings.limits.connections_per_address as usize,
        per_minute: settings.limits.connections_per_minute,
    }
}

fn rules(settings: &Settings) -> Result<Rules, ServeError> {
    let gate = Gate::read(settings.http.token.as_ref())?;
    Ok(Rules { gate, labels: settings.http.domain_labels })
}

fn load_tls(loaded: &Loaded) -> Result<Option<TlsServer>, ServeError> {
    let settings = &loaded.settings;
    let (Some(certificate), Some(key)) = (&settings.tls.certificate, &settings.tls.key) else {
        warn!(
            "no certificate: no STARTTLS, and whoever listens reads along; see [tls] in odmrd.toml(5)"
        );
        return Ok(None);
    };
    let clients = match &settings.tls.client_ca {
        Some(path) => ClientCertificates::SignedBy(path.clone()),
        None => ClientCertificates::Any,
    };
    let files = KeyFiles { certificate: certificate.clone(), key: key.clone() };
    TlsServer::load(files, &clients).map(Some).map_err(|fault| of_tls(loaded, &fault).into())
}

/// A fault of the certificate, its key or the authority is told at the key that names the file.
fn of_tls(loaded: &Loaded, fault: &TlsSetupError) -> Problem {
    let tls = &loaded.settings.tls;
    let named = [("tls.certificate", &tls.certificate), ("tls.client_ca", &tls.client_ca)];
    let named = named.into_iter().find(|(_, path)| path.as_deref() == fault.file());
    loaded.document.problem(named.map_or("tls.key", |(key, _)| key), fault.to_string())
}

/// A certificate that is of no use to whoever verifies it. The daemon works with it all the same: mail from
/// the world comes in under TLS that nobody verifies.
fn of_certificate(loaded: &Loaded, tls: Option<&TlsServer>, name: &str) -> Option<Problem> {
    let (fault, hint) = tls?.what_is_amiss(name, Timestamp::now())?;
    let file = loaded.settings.tls.certificate.as_deref()?;
    let fault = format!("{} {fault}", file.display());
    Some(loaded.document.problem("tls.certificate", fault).hint(hint))
}

/// A name that nobody has here is a fault of the settings.
fn of_privilege(loaded: &Loaded, group_key: &str, fault: PrivilegeError) -> ServeError {
    let key = match &fault {
        PrivilegeError::UnknownUser(_) | PrivilegeError::StillRoot(_) => "user",
        PrivilegeError::UnknownGroup(_) => group_key,
        PrivilegeError::NotRoot { .. } | PrivilegeError::Refused { .. } => return fault.into(),
    };
    loaded.document.problem(key, fault.to_string()).into()
}

/// The group that may ask at the control socket.
fn control_group(loaded: &Loaded) -> Result<Option<u32>, ServeError> {
    let group = loaded.settings.control.group.as_deref().map(privilege::group_id).transpose();
    group.map_err(|fault| of_privilege(loaded, "control.group", fault))
}

/// The group that may bring mail at the socket for LMTP.
fn lmtp_group(loaded: &Loaded) -> Result<Option<u32>, ServeError> {
    let group = loaded.settings.lmtp.group.as_deref().map(privilege::group_id).transpose();
    group.map_err(|fault| of_privilege(loaded, "lmtp.group", fault))
}

/// What the settings name is looked at there; the service manager's sockets are seen only now, and after a
/// reload those that are open are still the old ones.
fn no_stranger_may_ask(doors: &[(Door, ListenAddr)], loaded: &Loaded) -> Result<(), Problem> {
    let open = |(door, address): &&(Door, ListenAddr)| match address {
        ListenAddr::Tcp(address) => *door == Door::Http && !address.ip().is_loopback(),
        ListenAddr::Unix(_) => false,
    };
    match doors.iter().find(open) {
        Some((_, address)) if loaded.settings.http.token.is_none() => {
            let fault = format!("not set, but others can reach {address}, which is open");
            Err(loaded
                .document
                .problem("http.token", fault)
                .hint("token = { file = \"http.token\" }"))
        }
        _ => Ok(()),
    }
}

fn doors(
    settings: &Settings,
    inherited: Sockets,
    tls: bool,
) -> Result<Vec<(Door, Bound)>, ServeError> {
    let mut doors: Vec<(Door, Bound)> = Vec::new();
    for (name, bound) in inherited {
        match Door::of_name(&name) {
            Some(door) => doors.push((door, bound)),
            None => {
                warn!(name, address = %bound.address(), "an inherited socket by an unknown name; use smtp, lmtp, odmr, odmrs, submission, submissions, exchange or http")
            }
        }
    }
    let given = |door: Door| doors.iter().any(|(have, _)| *have == door);
    let [mx, lmtp, odmr, odmrs, submission, submissions, exchange, http] =
        restart::listeners(settings).map(|(_, listeners)| listeners);
    let wanted = [
        (Door::Mx, mx, given(Door::Mx)),
        (Door::Lmtp, lmtp, given(Door::Lmtp)),
        (Door::Odmr, odmr, given(Door::Odmr)),
        (Door::OdmrTls, odmrs, given(Door::OdmrTls) || !tls),
        (Door::Submission, submission, given(Door::Submission) || !tls),
        (Door::SubmissionTls, submissions, given(Door::SubmissionTls) || !tls),
        (Door::Exchange, exchange, given(Door::Exchange)),
        (Door::Http, http, given(Door::Http)),
    ];
    let given_lmtp = given(Door::Lmtp);
    for (door, places, skip) in wanted {
        for place in places.iter().filter(|_| !skip) {
            let sockets = place.sockets();
            let all = sockets.len();
            for socket in sockets {
                match Bound::bind(&ListenAddr::Tcp(socket)) {
                    // Every address is meant, and this system has those of one family.
                    Err(fault) if all > 1 && fault.is_of_an_unknown_family() => {
                        warn!("{fault}; listening on the others");
                    }
                    bound => doors.push((door, bound?)),
                }
            }
        }
    }
    if let Some(path) = settings.lmtp.socket.as_ref().filter(|_| !given_lmtp) {
        doors.push((Door::Lmtp, Bound::bind(&ListenAddr::Unix(path.clone()))?));
        open_to(path, settings.lmtp.group.as_deref())?;
    }
    Ok(doors)
}

/// Who may bring mail through a socket: the members of a group, or whoever can reach its folder. That is
/// no more than port 25 gives to everybody.
fn open_to(path: &Path, group: Option<&str>) -> Result<(), ServeError> {
    use std::os::unix::fs::PermissionsExt;
    let told = |error| ServeError::File { path: path.to_owned(), error };
    let group = group.map(privilege::group_id).transpose()?;
    if group.is_some() {
        std::os::unix::fs::chown(path, None, group).map_err(told)?;
    }
    let mode = if group.is_some() { 0o660 } else { 0o666 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(told)
}

/// Opening may have to make good what a crash has left; that waits for the disk.
async fn open_spool(settings: &Settings) -> Result<Embedded, ServeError> {
    let spool = embedded::Settings {
        reserve: Some(settings.queue.reserve.octets()),
        ..embedded::Settings::at(settings.state_dir.join("spool"))
    };
    let opened = tokio::task::spawn_blocking(move || Embedded::open(spool)).await;
    Ok(opened.map_err(|fault| ServeError::System(io::Error::other(fault)))??)
}

/// The Dovecot of the settings, asked what it can check.
async fn oracle(settings: &Settings) -> Option<Oracle> {
    let socket = settings.odmr.dovecot_socket.clone()?;
    let mechanisms = match Dovecot::open(&socket).await {
        Ok(dovecot) => dovecot.mechanisms().to_vec(),
        Err(fault) => {
            warn!(socket = %socket.display(), %fault, "Dovecot cannot be asked yet; until it can, logins are put off");
            Vec::new()
        }
    };
    Some(Oracle { socket, mechanisms })
}

/// Puts a house together from files that `check` has found in order.
fn furnish(
    loaded: &Loaded,
    name: &str,
    tls: bool,
    secret: [u8; 32],
    oracle: Option<Oracle>,
) -> Result<House, ServeError> {
    let settings = &loaded.settings;
    let accounts = load_accounts(loaded)?;
    let mut lists: Lists = HashMap::new();
    for (domain, special) in &settings.domains {
        if let Some(path) = &special.recipients {
            let key = format!("domains.{domain}.recipients");
            let list =
                load_recipients(path, domain).map_err(|why| loaded.document.problem(&key, why))?;
            let list = list.with_delimiters(special.recipient_delimiter.as_deref().unwrap_or(""));
            lists.insert(domain.clone(), Arc::new(list));
        }
    }
    if let Some(account) = accounts.iter().find(|account| account.submit)
        && settings.smarthost.server.is_none()
    {
        let fault = format!("not set, but account {:?} has submit = true", account.name);
        let problem = loaded.document.problem("smarthost.server", fault);
        return Err(problem.hint("its mail goes to the world through a smarthost").into());
    }
    for account in
        accounts.iter().filter(|account| account.dovecot == settings.odmr.dovecot_socket.is_none())
    {
        let name = &account.name;
        if account.dovecot {
            let fault = format!("not set, but account {name:?} has dovecot = true");
            let problem = loaded.document.problem("odmr.dovecot_socket", fault);
            return Err(problem.hint("dovecot_socket = \"/run/dovecot/auth-client\"").into());
        }
        if account.credentials.is_some() {
            warn!(
                account = name,
                "has a password of its own, which nobody can log in with while odmr.dovecot_socket is set"
            );
        }
    }
    for problem in without_account(loaded, &accounts) {
        warn!("{problem}");
    }
    // Accounts come and go while we run; none of them is kept out for that.
    if let Err(problem) = reaches_nobody_who_waits(loaded, &accounts) {
        warn!("{problem}");
    }
    Ok(House::new(settings, name, accounts, &lists, tls, secret, oracle))
}

fn load_accounts(loaded: &Loaded) -> Result<Accounts, ServeError> {
    let path = loaded.settings.accounts_path();
    Accounts::load(path).map_err(|fault| match fault {
        AccountsError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => {
            let fault = format!("{} does not exist", path.display());
            let hint = "odmrd account add NAME --domain DOMAIN makes it";
            loaded.document.problem("accounts", fault).hint(hint).into()
        }
        fault => fault.into(),
    })
}

/// Sections for domains that nobody collects: they are without effect, and mostly misspelt.
fn without_account(loaded: &Loaded, accounts: &Accounts) -> Vec<Problem> {
    let is_ours = |domain: &Domain| accounts.iter().any(|one| one.domains.contains(domain));
    let sections = loaded.settings.domains.keys().filter(|domain| !is_ours(domain));
    sections
        .map(|domain| {
            let key = format!("domains.{}", quoted_if_needed(domain.as_str()));
            let problem = loaded.document.problem(&key, "no account has this domain");
            problem.hint("without one its mail is refused, and this section is without effect")
        })
        .collect()
}

/// Only the accounts say which domains wait here.
fn reaches_nobody_who_waits(loaded: &Loaded, accounts: &Accounts) -> Result<(), Problem> {
    let settings = &loaded.settings;
    let waits = |mailbox: &Mailbox| {
        let domain = mailbox.domain();
        domain.is_some_and(|domain| accounts.iter().any(|one| one.domains.contains(domain)))
    };
    if let Some(postmaster) = settings.postmaster.as_ref().filter(|whom| !waits(whom)) {
        let fault = format!("{postmaster} is at no account's domain");
        let problem = loaded.document.problem("postmaster", fault);
        return Err(
            problem.hint("mail for it waits here like any other: name a customer's mailbox")
        );
    }
    let of_domain = |(domain, special): (&Domain, &DomainSettings)| {
        Some((format!("domains.{domain}.delay_to"), special.delay_to.clone()?))
    };
    let of_all =
        settings.notices.delay_to.clone().map(|whom| ("notices.delay_to".to_owned(), whom));
    let mut told = of_all.into_iter().chain(settings.domains.iter().filter_map(of_domain));
    match told.find(|(_, whom)| waits(whom)) {
        None => Ok(()),
        Some((key, whom)) => {
            let fault = format!("{whom} is at a domain that waits here");
            let hint = "name an address that is reached when that server is not";
            Err(loaded.document.problem(&key, fault).hint(hint))
        }
    }
}

/// What makes the answers for accounts that do not exist stable over restarts: an account whose
/// salt changes with every start would be known for a phantom.
fn decoy_secret(state_dir: &Path) -> Result<[u8; 32], ServeError> {
    let path = state_dir.join("decoy.key");
    let told = |error| ServeError::File { path: path.clone(), error };
    match std::fs::read(&path) {
        Ok(octets) => octets
            .try_into()
            .map_err(|_| told(io::Error::other("is not 32 octets long; remove it"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut secret = [0; 32];
            rand::fill(&mut secret);
            let file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let mut file = file.map_err(told)?;
            file.write_all(&secret).and_then(|()| file.sync_all()).map_err(told)?;
            Ok(secret)
        }
        Err(error) => Err(told(error)),
    }
}

/// What `check` says of a provider whose settings are in order.
#[derive(Debug)]
pub struct InOrder {
    /// Its name.
    pub name: Domain,
    /// How many accounts it has.
    pub accounts: usize,
    /// How many domains it holds mail for.
    pub domains: usize,
    /// It has a certificate.
    pub tls: bool,
    /// What is no fault, and hardly meant so.
    pub remarks: Vec<Problem>,
}

/// Reads all that a provider would read, and binds nothing. As root it becomes the user of the
/// settings, for good: call it last.
///
/// # Errors
/// [`ServeError`] with everything that was found.
pub fn check(loaded: &Loaded) -> Result<InOrder, ServeError> {
    loaded.check()?;
    let name = host_name(loaded)?;
    let own = load_tls(loaded)?;
    let tls = own.is_some();
    let house = furnish(loaded, name.as_str(), tls, [0; 32], None)?;
    // What a descriptor gives is for the daemon that gets it.
    if !matches!(loaded.settings.http.token, Some(SecretSource::Fd(_))) {
        rules(&loaded.settings)?;
    }
    reaches_nobody_who_waits(loaded, &house.accounts)?;
    check_user(loaded)?;
    let (accounts, domains) = (house.accounts.iter().count(), house.domains.len());
    let mut remarks = without_account(loaded, &house.accounts);
    remarks.extend(of_certificate(loaded, own.as_ref(), name.as_str()));
    Ok(InOrder { name, accounts, domains, tls, remarks })
}

/// Whoever may become the user does, and looks with its eyes; there is nothing to be done after that.
fn check_user(loaded: &Loaded) -> Result<(), ServeError> {
    control_group(loaded)?;
    lmtp_group(loaded)?;
    let Some(user) = &loaded.settings.user else { return Ok(()) };
    let group = loaded.settings.group.as_deref();
    let unfit = |fault| of_privilege(loaded, "group", fault);
    privilege::look_up(user, group).map_err(unfit)?;
    if privilege::is_root() {
        privilege::drop_to(user, group).map_err(unfit)?;
        handover::can_read_all(loaded, user, Given::Later)?;
    }
    Ok(())
}

fn host_name(loaded: &Loaded) -> Result<Domain, Problem> {
    let system = rustix::system::uname();
    loaded.settings.hostname_or(system.nodename().to_str().ok(), &loaded.document)
}
