//! The real flows, at the other end of a line: in memory for those who are called, over loopback
//! for the customer who calls.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use odmr::config::fetch::{self, Account, ClearAuth, Layer, TlsMode, Verb};
use odmr::config::value::Server;
use odmr::flow::call::{CalledFor, Caller};
use odmr::flow::fetch::Run;
use odmr::flow::line::Stop;
use odmr::flow::provider::Provider;
use odmr::flow::receive::{Receiver, Tally, Terms};
use odmr::flow::serve::Door;
use odmr::flow::{intake, relay};
use odmr::net::tls::Trust;
use odmr::net::tls::{ClientCertificates, KeyFiles, self_signed};
use odmr::net::{Callers, TlsClient, TlsServer, Wire, WireFault};
use odmr::smtp::Domain;
use odmr::spool::Spool;
use odmr::spool::embedded::{Embedded, Settings};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet};

use super::house;
use super::play::{Ledger, Party};
use super::pure::behind_the_turn;
use super::script::{Profile, Script};
use super::shelf::Shelf;
use super::stock::{contents, fill};

/// A certificate for the provider, and a client that knows it.
struct Keys {
    folder: tempfile::TempDir,
    client: TlsClient,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let pair = self_signed(&[house::PROVIDER.into()]).expect("a certificate");
    let path = |name| folder.path().join(name);
    std::fs::write(path("cert.pem"), &pair.certificate).expect("written");
    std::fs::write(path("key.pem"), pair.key.as_bytes()).expect("written");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path("key.pem"), std::fs::Permissions::from_mode(0o600))
        .expect("mode");
    let client = TlsClient::new(&Trust::Roots(path("cert.pem")), None).expect("a client");
    Keys { folder, client }
});

fn server() -> TlsServer {
    let path = |name| KEYS.folder.path().join(name);
    let files = KeyFiles { certificate: path("cert.pem"), key: path("key.pem") };
    TlsServer::load(files, &ClientCertificates::NotAsked).expect("a server")
}

/// Far away: a dialogue that gets there has failed, not waited.
fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(20))
}

/// A flow and the other end of its line.
pub struct Live {
    runtime: Runtime,
    /// The flows, which need not be sent between threads.
    flows: LocalSet,
    wire: Option<Wire>,
    input: BytesMut,
    ended: bool,
    flow: Option<JoinHandle<u8>>,
    provider: Option<Arc<Provider<Embedded>>>,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    listener: Option<TcpListener>,
    domains: Vec<Domain>,
    /// A customer who calls speaks TLS from the first octet.
    secure: bool,
    _folder: Option<tempfile::TempDir>,
    _stop: watch::Sender<bool>,
}

impl Live {
    /// `tls`: from the first octet.
    pub fn new(script: &Script, tls: bool) -> Live {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (stopper, stop) = watch::channel(false);
        let mut live = Live {
            runtime,
            flows: LocalSet::new(),
            wire: None,
            input: BytesMut::new(),
            ended: false,
            flow: None,
            provider: None,
            kept: Arc::default(),
            listener: None,
            domains: Vec::new(),
            secure: tls,
            _folder: None,
            _stop: stopper,
        };
        match script.profile {
            Profile::Customer => live.customer(script, tls, stop),
            Profile::ReversedCustomer => live.receiver(script, tls, stop),
            _ => live.provider(script, tls, stop),
        }
        live
    }

    /// Two ends of a line in memory; both shake hands where it is a line of TLS.
    fn line(&mut self, script: &Script, tls: bool) -> impl Future<Output = Wire> + Send + 'static {
        let window = script.number("window").unwrap_or(64 * 1024) as usize;
        let (ours, theirs) = tokio::io::duplex(window);
        let ours = async move {
            let wire = Wire::from(ours);
            if tls {
                wire.start_tls_server(&server(), Callers::Customers, soon()).await.expect("TLS")
            } else {
                wire
            }
        };
        self.wire = Some(theirs.into());
        ours
    }

    fn shake(&mut self, tls: bool) {
        if tls {
            self.tls();
        }
    }

    fn provider(&mut self, script: &Script, tls: bool, stop: Stop) {
        let folder = tempfile::tempdir().expect("a folder");
        let house = house::house(script);
        self.domains = house.domains.keys().cloned().collect();
        let reserve = if script.is("spool", "full") { u64::MAX } else { 0 };
        let settings =
            Settings { reserve: Some(reserve), readers: 1, ..Settings::at(folder.path()) };
        let spool = Embedded::open(settings).expect("a spool");
        let tls_server = (tls || script.is("starttls", "yes")).then(server);
        let provider = Arc::new(Provider::new(house::PROVIDER, spool, tls_server, house));
        self.flows.block_on(&self.runtime, fill(&provider.spool, script));
        let (line, shared, profile) = (self.line(script, tls), provider.clone(), script.profile);
        self.flow = Some(self.flows.spawn_local(async move {
            let wire = line.await;
            match profile {
                Profile::Mx => {
                    intake::intake(wire, &shared, intake::BroughtBy::World, "s", stop).await
                }
                Profile::Lmtp => {
                    intake::intake(wire, &shared, intake::BroughtBy::Front, "s", stop).await
                }
                Profile::Exchange => relay::relay(wire, &shared, Door::Exchange, "s", stop).await,
                _ => relay::relay(wire, &shared, Door::Odmr, "s", stop).await,
            }
            0
        }));
        self.provider = Some(provider);
        self._folder = Some(folder);
        self.shake(tls);
    }

    fn receiver(&mut self, script: &Script, tls: bool, stop: Stop) {
        let mut shelf = Shelf::new(script);
        self.kept = shelf.kept.clone();
        let (line, mut session, terms) =
            (self.line(script, tls), behind_the_turn(script, tls, Instant::now()), terms(script));
        self.flow = Some(self.flows.spawn_local(async move {
            let mut wire = line.await;
            let (mut tally, mut deaf) = (Tally::default(), |_| {});
            let receiver = Receiver::new(&terms, &mut shelf, &mut tally, &mut deaf, &wire);
            receiver.receive(&mut wire, &mut session, stop).await;
            wire.close().await;
            0
        }));
        self.shake(tls);
    }

    fn customer(&mut self, script: &Script, tls: bool, stop: Stop) {
        let listener =
            self.flows.block_on(&self.runtime, TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let account = account(script, port, tls);
        let shelf = Shelf::new(script);
        self.kept = shelf.kept.clone();
        let (terms, secret) =
            (terms(script), script.option("password").unwrap_or("tanstaaftanstaaf"));
        let secret = secrecy::SecretString::from(secret);
        self.flow = Some(self.flows.spawn_local(async move {
            let run = Run {
                caller: Caller {
                    account: &account,
                    server: "127.0.0.1".into(),
                    tls: Some(&KEYS.client),
                    name: house::CUSTOMER.into(),
                    secret: account.user.is_some().then_some(secret),
                    patience: house::patience(),
                    errand: CalledFor::Atrn,
                },
                sink: shelf,
                terms,
                stop,
                tally: Tally::default(),
                transcripts: None,
            };
            let (summary, _) = run.to_the_end(&mut |_| {}).await;
            summary.exit as u8
        }));
        self.listener = Some(listener);
        self.call_again();
    }

    fn read(&mut self) {
        let Some(wire) = &mut self.wire else {
            self.ended = true;
            return;
        };
        match self.flows.block_on(&self.runtime, wire.read(&mut self.input, soon())) {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(WireFault::TimedOut { .. }) => panic!("we say nothing, and do not hang up"),
            Err(_) => self.ended = true,
        }
    }
}

impl Party for Live {
    fn hear(&mut self, bytes: &[u8]) {
        let Some(wire) = &mut self.wire else { return };
        wire.queue(bytes.to_vec());
        // Whoever has hung up hears nothing; what it says is what counts.
        let _ = self.flows.block_on(&self.runtime, wire.flush(&mut self.input, 1 << 20, soon()));
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                return Some(self.input.split_to(end + 1).to_vec());
            }
            if self.ended {
                return None;
            }
            self.read();
        }
    }

    fn unheard(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn pass(&mut self, _: Duration) -> bool {
        false
    }

    fn moment(&mut self) {
        self.flows.block_on(&self.runtime, async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
    }

    fn tls(&mut self) {
        let Some(wire) = self.wire.take() else { panic!("no line") };
        let shaken = match self.listener {
            Some(_) => self.flows.block_on(
                &self.runtime,
                wire.start_tls_server(&server(), Callers::Customers, soon()),
            ),
            None => self.flows.block_on(
                &self.runtime,
                wire.start_tls_client(&KEYS.client, house::PROVIDER, soon()),
            ),
        };
        match shaken {
            Ok(wire) => self.wire = Some(wire),
            Err(_) => self.ended = true,
        }
    }

    fn hang_up(&mut self) {
        self.wire = None;
        self.ended = true;
    }

    fn is_closed(&mut self) -> bool {
        while !self.ended {
            self.read();
        }
        true
    }

    fn ledger(&mut self) -> Ledger {
        self.hang_up();
        let exit = self.flow.take().map(|flow| {
            let ended = async { tokio::time::timeout(Duration::from_secs(20), flow).await };
            self.flows
                .block_on(&self.runtime, ended)
                .expect("the flow ends")
                .expect("without a panic")
        });
        let mut ledger =
            Ledger { exit, kept: self.kept.lock().expect("a lock").clone(), ..Ledger::default() };
        if let Some(provider) = &self.provider {
            for domain in &self.domains {
                let totals = provider.spool.totals(domain);
                ledger.waiting += totals.waiting;
                ledger.set_aside += totals.set_aside;
            }
            ledger.kept =
                self.flows.block_on(&self.runtime, contents(&provider.spool, self.domains.clone()));
        }
        ledger
    }

    fn call_again(&mut self) {
        let listener = self.listener.as_ref().expect("a customer");
        let accepted =
            async { tokio::time::timeout(Duration::from_secs(20), listener.accept()).await };
        let (stream, _) =
            self.flows.block_on(&self.runtime, accepted).expect("a call").expect("a line");
        self.wire = Some(stream.into());
        self.input.clear();
        self.ended = false;
        self.shake(self.secure);
    }
}

fn terms(script: &Script) -> Terms {
    let domains = script.option("domains").into_iter().flat_map(|names| names.split(','));
    Terms {
        domains: domains.map(house::domain).collect(),
        moved: Default::default(),
        max_message: script.number("max_message"),
        max_messages: script.number("max_messages_taken"),
        max_octets: None,
        until: Instant::now() + Duration::from_secs(3600),
        name: house::CUSTOMER.into(),
    }
}

fn account(script: &Script, port: u16, tls: bool) -> Account {
    let mut account = Account::new("acme", Layer::default());
    account.server = Some(Server::Address([127, 0, 0, 1].into()));
    account.server_name = Some(Server::Name(house::domain(house::PROVIDER)));
    account.port = port;
    account.user = (!script.is("user", "none")).then(|| "acme".to_owned());
    account.tls = match script.option("tls") {
        _ if tls => TlsMode::Implicit,
        Some("starttls") => TlsMode::Starttls,
        Some("require") => TlsMode::Require,
        Some("opportunistic") => TlsMode::Opportunistic,
        _ => TlsMode::None,
    };
    account.clear_auth = match script.option("clear_auth") {
        Some("cram-md5") => ClearAuth::CramMd5,
        Some("plain") => ClearAuth::Plain,
        _ => ClearAuth::None,
    };
    account.verb = match script.option("verb") {
        Some("atrn") => Verb::Atrn,
        Some("turn") => Verb::Turn,
        _ => Verb::Auto,
    };
    if script.is("server", "exchange") {
        account.profile = fetch::Profile::Exchange;
    }
    account.domains = script
        .option("domains")
        .into_iter()
        .flat_map(|names| names.split(','))
        .map(house::domain)
        .collect();
    account
}
