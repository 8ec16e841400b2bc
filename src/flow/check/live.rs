//! Mail servers are called, and what they say is noted.
//!
//! The talk itself is `probe`'s; here are the line under it, TLS and the login. Politeness is kept here too: one
//! call at a time to an address, however many domains are there; no second call to hear the same again; few further
//! calls where a server hangs up before everything is asked; an end to every wait.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use rustls::pki_types::UnixTime;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use crate::check::is_special;
pub use crate::flow::login::Login;
use crate::flow::login::Vetted;
use crate::flow::probe::full_name;
use crate::net::tls::{Inspection, Inspector, TlsSetupError, Trust, Voucher};
use crate::net::{Calling, ConnectError, TlsClient, Wire, WireFault, connect};
use crate::probe::mx::{self, MxTalk};
use crate::probe::odmr::{self, OdmrTalk};
use crate::probe::{
    Call, Certificate, Connection, Depth, Exchange, Heard, Ladder, Next, Purpose, Rung, Script,
    Tls, Vouched,
};
use crate::sasl::ClientExchange;
pub use crate::sasl::InClear;
use crate::session::Step;
use crate::smtp::{Host, Mailbox};

/// So many servers of a process are called at once.
const AT_ONCE: usize = 32;
/// So many addresses are called on one domain, and on the server where its mail is fetched.
const MOST_MX: usize = 24;
const MOST_ODMR: usize = 8;
/// So many calls are made to ask one server everything about a domain.
const MOST_LINES: usize = 4;
/// A server that says nothing for so long may be waiting for TLS.
const SILENCE: Duration = Duration::from_secs(8);
/// Connecting takes no longer than this anywhere.
const CONNECTING: Duration = Duration::from_secs(10);
/// Some greet late on purpose; how late is a finding.
const LATE_GREETING: Duration = Duration::from_secs(10);
/// So much is taken in before it is dealt with, octets.
const EAR: usize = 64 * 1024;
/// What more servers than these say of themselves is not remembered, and who they are neither.
const MOST_KNOWN: usize = 2_000;
/// Nobody's address: for whom a server should take nothing. RFC 2606, section 3.
const STRANGER: &str = "nobody@example.com";

/// Whom to call, and how far to go.
#[derive(Debug)]
pub struct Live {
    /// How far with the servers that the MX records name; none: they are not called.
    pub mx: Option<Depth>,
    /// How far with the servers where mail is fetched.
    pub odmr: Option<Depth>,
    /// Their port, where it is not 25. Then servers are called that only this network has, too.
    pub mx_port: Option<u16>,
    /// Where it is not 366.
    pub odmr_port: Option<u16>,
    /// The same for one host.
    pub odmr_ports: HashMap<String, u16>,
    /// A server that is known to answer, called where no other does.
    pub control: Option<(String, u16)>,
    /// Who sends; nobody, usually.
    pub from: Option<Mailbox>,
    /// Somebody at the domain, by the part before the `@`.
    pub local: Option<String>,
    /// Who logs in.
    pub login: Option<Login>,
    /// What may be shown on a line that no certificate protects.
    pub in_clear: InClear,
    /// How long to wait for each answer.
    pub patience: Duration,
    tls: TlsClient,
    inspector: Inspector,
    board: Board,
}

/// Who is being called, and what is known already.
#[derive(Debug)]
struct Board {
    room: Semaphore,
    lines: Mutex<HashMap<SocketAddr, Arc<tokio::sync::Mutex<()>>>>,
    known: Mutex<HashMap<Whom, Arc<OnceCell<Call>>>>,
}

/// A server to be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Whom {
    purpose: Purpose,
    depth: Depth,
    host: String,
    at: SocketAddr,
}

/// What a domain gives to ask about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    /// The domain.
    pub domain: String,
    /// A label that nobody has made.
    pub unmade: String,
    /// The hosts that the MX records name, with their addresses.
    pub targets: Vec<(String, IpAddr)>,
    /// Those where the mail is fetched.
    pub servers: Vec<(String, IpAddr)>,
    /// Where the one is that is known to answer.
    pub control: Vec<IpAddr>,
    /// Servers that may be asked whether they would turn the line: those that the caller calls his own.
    pub own_names: Vec<String>,
    /// The same by address.
    pub own: BTreeSet<IpAddr>,
}

impl Live {
    /// Nobody is called as yet.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(patience: Duration) -> Result<Live, TlsSetupError> {
        Ok(Live {
            mx: None,
            odmr: None,
            mx_port: None,
            odmr_port: None,
            odmr_ports: HashMap::new(),
            control: None,
            from: None,
            local: None,
            login: None,
            in_clear: InClear::Scram,
            patience,
            // Whoever answers is spoken to: what his certificate is worth is looked at by itself.
            tls: TlsClient::new(&Trust::Anyone, None)?,
            inspector: Inspector::new(&Trust::Platform),
            board: Board {
                room: Semaphore::new(AT_ONCE),
                lines: Mutex::default(),
                known: Mutex::default(),
            },
        })
    }

    /// Calls everybody, all at once, and tells what they said in a fixed order.
    pub(super) async fn call_all(self: &Arc<Self>, subject: Subject) -> Vec<Call> {
        let subject = Arc::new(subject);
        let mut all = self.whom(Purpose::Mx, self.mx, &subject.targets, MOST_MX);
        all.extend(self.whom(Purpose::Odmr, self.odmr, &subject.servers, MOST_ODMR));
        let mut calls = self.call_each(all, &subject).await;
        let nobody = is_nobody_there(&calls);
        if let Some((host, port)) = self.control.as_ref().filter(|_| nobody) {
            let whom = |addr: &IpAddr| Whom {
                purpose: Purpose::Control,
                depth: Depth::Connect,
                host: host.clone(),
                at: SocketAddr::new(*addr, *port),
            };
            let control = subject.control.iter().take(2).map(whom).collect();
            calls.extend(self.call_each(control, &subject).await);
        }
        for (n, call) in calls.iter_mut().enumerate() {
            call.id = format!("s{}", n + 1);
        }
        calls
    }

    /// The addresses that may be called: not those that mean something on this network only, unless the caller
    /// names a port, as nobody does on the internet.
    fn whom(
        &self,
        purpose: Purpose,
        depth: Option<Depth>,
        places: &[(String, IpAddr)],
        most: usize,
    ) -> Vec<Whom> {
        let Some(depth) = depth else { return Vec::new() };
        let port = |host: &str| match purpose {
            Purpose::Odmr => (self.odmr_ports.get(host).copied().or(self.odmr_port), 366),
            Purpose::Mx | Purpose::Control => (self.mx_port, 25),
        };
        let mut all: Vec<Whom> = Vec::new();
        for (host, addr) in places {
            let (said, usual) = port(host);
            let at = SocketAddr::new(addr.to_canonical(), said.unwrap_or(usual));
            let whom = Whom { purpose, depth, host: host.clone(), at };
            if (said.is_some() || !is_special(at.ip())) && !all.contains(&whom) && all.len() < most
            {
                all.push(whom);
            }
        }
        all
    }

    async fn call_each(self: &Arc<Self>, all: Vec<Whom>, subject: &Arc<Subject>) -> Vec<Call> {
        let call = |whom: Whom| {
            let (live, subject) = (Arc::clone(self), Arc::clone(subject));
            AbortOnDropHandle::new(tokio::spawn(async move { live.known(whom, &subject).await }))
        };
        let under_way: Vec<AbortOnDropHandle<Call>> = all.into_iter().map(call).collect();
        let mut calls = Vec::new();
        for call in under_way {
            match call.await {
                Ok(call) => calls.push(call),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        calls
    }

    /// What a server says whatever the domain is was perhaps heard already.
    async fn known(&self, whom: Whom, subject: &Subject) -> Call {
        if whom.depth > Depth::Connect {
            return self.call(&whom, subject).await;
        }
        let known = {
            let mut known = self.board.known.lock().unwrap_or_else(PoisonError::into_inner);
            // What is being heard just now somebody else may be waiting for.
            forget_some(&mut known, |call| call.initialized());
            Arc::clone(known.entry(whom.clone()).or_default())
        };
        known.get_or_init(|| self.call(&whom, subject)).await.clone()
    }

    async fn call(&self, whom: &Whom, subject: &Subject) -> Call {
        let line = {
            let mut lines = self.board.lines.lock().unwrap_or_else(PoisonError::into_inner);
            forget_some(&mut lines, |line| Arc::strong_count(line) == 1);
            Arc::clone(lines.entry(whom.at).or_default())
        };
        let _one_at_a_time = line.lock().await;
        let _permit = self.board.room.acquire().await;
        let begun = Instant::now();
        let connected = self.line_to(whom).await;
        let mut call = Call {
            id: String::new(),
            purpose: whom.purpose,
            depth: whom.depth,
            host: whom.host.clone(),
            addr: whom.at.ip(),
            port: whom.at.port(),
            connection: Connection::Open,
            tls: None,
            said: Vec::new(),
            ms: millis(begun.elapsed()),
        };
        match connected {
            Ok(wire) => {
                let name = our_name(&wire);
                let mut script = self.script(whom, subject, name);
                let talk = Talk::new(self, whom, wire).await;
                (call.said, call.tls) = talk.run(script.as_mut()).await;
                self.ask_the_rest(whom, script.as_mut(), &mut call.said).await;
            }
            Err(why) => call.connection = failed(&why),
        }
        call
    }

    async fn line_to(&self, whom: &Whom) -> Result<Wire, ConnectError> {
        let calling = Calling { patience: self.patience.min(CONNECTING), ..Calling::default() };
        connect(&whom.at.ip().to_string(), whom.at.port(), &calling).await
    }

    /// Calls anew, where the server hung up before everything was asked. Of a call in which it heard no question
    /// nothing is kept: then it stays at how the last one ended.
    async fn ask_the_rest(
        &self,
        whom: &Whom,
        script: &mut dyn Script,
        said: &mut Vec<Exchange<Rung>>,
    ) {
        for _ in 1..MOST_LINES {
            if !said.last().is_some_and(|last| script.resume(last)) {
                return;
            }
            let Ok(wire) = self.line_to(whom).await else { return };
            let (more, _) = Talk::new(self, whom, wire).await.run(script).await;
            if more.iter().all(|exchange| exchange.rung.is_opening()) {
                return;
            }
            said.extend(more);
        }
    }

    fn script(&self, whom: &Whom, subject: &Subject, name: String) -> Box<dyn Script> {
        let (depth, domain) = (whom.depth, subject.domain.clone());
        if whom.purpose == Purpose::Odmr {
            let foreign = STRANGER.rsplit('@').next().unwrap_or_default().to_owned();
            return Box::new(OdmrTalk::new(odmr::Questions { name, depth, domain, foreign }));
        }
        let is_of_domain = |sender: &&Mailbox| {
            sender.domain().is_some_and(|at| at.as_str().eq_ignore_ascii_case(&domain))
        };
        let stranger = self.from.as_ref().filter(|sender| !is_of_domain(sender));
        let stranger = stranger.map_or(STRANGER, Mailbox::as_str).to_owned();
        Box::new(MxTalk::new(mx::Questions {
            name,
            depth,
            domain,
            from: self.from.as_ref().map_or(String::new(), |sender| sender.as_str().to_owned()),
            local: self.local.clone(),
            unmade: subject.unmade.clone(),
            stranger,
            may_turn: subject.own.contains(&whom.at.ip()) || subject.own_names.contains(&whom.host),
        }))
    }
}

/// Makes room, where there is too much: of what need not be kept nothing is.
fn forget_some<K, V>(all: &mut HashMap<K, V>, may_go: impl Fn(&V) -> bool) {
    if all.len() >= MOST_KNOWN {
        all.retain(|_, one| !may_go(one));
    }
}

/// Was somebody called who takes mail, and nobody answered?
fn is_nobody_there(calls: &[Call]) -> bool {
    let is_mx = |call: &&Call| call.purpose == Purpose::Mx;
    calls.iter().any(|call| is_mx(&call)) && !calls.iter().filter(is_mx).any(|call| call.is_open())
}

/// The name of this machine, or where it has none the address that the line has at this end.
fn our_name(wire: &Wire) -> String {
    let literal = || wire.local().map(|at| Host::Literal(at.ip()).to_string());
    full_name().or_else(literal).unwrap_or_else(|| "[127.0.0.1]".to_owned())
}

fn failed(why: &ConnectError) -> Connection {
    let ConnectError::Unreachable { attempts, .. } = why else {
        return Connection::Fault(why.to_string());
    };
    let Some(error) = attempts.first().map(|attempt| &attempt.error) else {
        return Connection::Timeout;
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Connection::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => Connection::Timeout,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => {
            Connection::Unroutable
        }
        _ => Connection::Fault(error.to_string()),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A talk under way.
struct Talk<'a> {
    live: &'a Live,
    whom: &'a Whom,
    wire: Wire,
    ladder: Ladder<Rung>,
    tls: Option<Tls>,
    /// However it goes, it is over by then.
    until: Instant,
}

impl<'a> Talk<'a> {
    /// The line is open. Where customers call, a server that greets nobody may be waiting for TLS.
    async fn new(live: &'a Live, whom: &'a Whom, wire: Wire) -> Talk<'a> {
        let now = Instant::now();
        let ladder = Ladder::listening(Rung::Greeting, now, live.patience + LATE_GREETING);
        let answers = if whom.depth > Depth::Connect { 12 } else { 3 };
        let until = now + LATE_GREETING + live.patience * answers;
        let mut talk = Talk { live, whom, wire, ladder, tls: None, until };
        if whom.purpose == Purpose::Odmr {
            let silent = Some(now + SILENCE.min(live.patience));
            let heard = talk.wire.read(talk.ladder.input(), silent).await;
            if let Err(WireFault::TimedOut { .. }) = heard {
                match talk.shake_hands(true).await.heard {
                    Heard::Secured => talk.ladder.greeted_late(Instant::now(), live.patience),
                    _ => drop(talk.ladder.gave_up(Heard::Silence, Instant::now())),
                }
            }
        }
        talk
    }

    async fn run(mut self, script: &mut dyn Script) -> (Vec<Exchange<Rung>>, Option<Tls>) {
        let mut last = self.hear().await;
        while let Some(heard) = last {
            last = match script.next(&heard) {
                Next::Say(rung, line) => {
                    self.ladder.say(rung, &line, Instant::now(), self.live.patience);
                    self.hear().await
                }
                Next::Secure => Some(self.secure().await),
                Next::Prove(mechanisms) => self.prove(&mechanisms).await,
                Next::Decline => {
                    self.decline().await;
                    None
                }
                // Without a farewell: whatever is on its way to us is not for us.
                Next::HangUp => None,
            };
        }
        (self.ladder.noted(), self.tls)
    }

    /// Writes what is to be said, and waits for what comes of it.
    async fn hear(&mut self) -> Option<Exchange<Rung>> {
        loop {
            let now = Instant::now();
            let why = match self.ladder.poll(now) {
                Step::Event(exchange) => return Some(exchange),
                Step::Send(bytes) => {
                    let deadline = Some(self.until.min(now + self.live.patience));
                    self.wire.queue(bytes);
                    match self.wire.flush(self.ladder.input(), EAR, deadline).await {
                        Ok(()) => continue,
                        Err(fault) => of_line(&fault),
                    }
                }
                Step::Starved => {
                    let deadline = self.ladder.deadline()?.min(self.until);
                    if deadline <= now {
                        Heard::Silence
                    } else {
                        match self.wire.read(self.ladder.input(), Some(deadline)).await {
                            Ok(0) => Heard::Closed,
                            Ok(octets) => {
                                self.ladder.came(octets);
                                continue;
                            }
                            Err(fault) => of_line(&fault),
                        }
                    }
                }
            };
            return self.ladder.gave_up(why, Instant::now());
        }
    }

    async fn secure(&mut self) -> Exchange<Rung> {
        if self.ladder.has_unread() {
            let what = "it sent clear text behind its answer to STARTTLS; somebody may be meddling \
                        with the line";
            return self.ladder.note(Rung::Handshake, Heard::Garbled(what.to_owned()), 0);
        }
        self.shake_hands(false).await
    }

    async fn shake_hands(&mut self, implicit: bool) -> Exchange<Rung> {
        let begun = Instant::now();
        let deadline = Some(self.until.min(begun + self.live.patience));
        let wire = std::mem::replace(&mut self.wire, Wire::closed());
        let host = &self.whom.host;
        let heard = match wire.start_tls_client(&self.live.tls, host, deadline).await {
            Ok(wire) => {
                self.tls = self.looked_at(&wire, implicit);
                self.wire = wire;
                Heard::Secured
            }
            Err(WireFault::TimedOut { .. }) => Heard::Silence,
            Err(WireFault::Closed) => Heard::Closed,
            Err(fault) => Heard::Fault(fault.to_string()),
        };
        self.ladder.note(Rung::Handshake, heard, millis(begun.elapsed()))
    }

    fn looked_at(&self, wire: &Wire, implicit: bool) -> Option<Tls> {
        let facts = wire.tls()?;
        let chain = wire.server_chain();
        let seen = self.live.inspector.inspect(chain, &self.whom.host, UnixTime::now());
        Some(Tls {
            version: facts.version().to_owned(),
            cipher: facts.cipher().to_owned(),
            implicit,
            is_for_name: seen.is_for_name,
            vouched: vouched(&seen),
            chain: seen.chain.into_iter().map(certificate).collect(),
        })
    }

    /// Says who we are. What comes of it is the last answer, or why there is none.
    async fn prove(&mut self, mechanisms: &[String]) -> Option<Exchange<Rung>> {
        let mut exchange = match self.proof(mechanisms) {
            Ok(exchange) => exchange,
            Err(why) => return Some(self.ladder.note(Rung::Auth, Heard::Fault(why), 0)),
        };
        let verb = format!("AUTH {}", exchange.mechanism());
        let mut initial = exchange.initial().map(|octets| BASE64_STANDARD.encode(&octets[..]));
        let line = match &initial {
            // RFC 4954, section 4: a longer one is held back for the first challenge.
            Some(first) if verb.len() + first.len() + 3 <= 512 => format!("{verb} {first}\r\n"),
            _ => format!("{verb}\r\n"),
        };
        if line.len() > verb.len() + 2 {
            initial = None;
        }
        let patience = self.live.patience;
        self.ladder.say_bytes(Rung::Auth, &verb, line.as_bytes(), Instant::now(), patience);
        loop {
            let last = self.hear().await?;
            let said = match last.reply() {
                Some(said) if said.code == 334 => said,
                Some(said) if said.code == 235 => {
                    return Some(match exchange.finish() {
                        Ok(()) => last,
                        Err(why) => self.ladder.note(Rung::Auth, Heard::Fault(why.to_string()), 0),
                    });
                }
                _ => return Some(last),
            };
            let challenge = BASE64_STANDARD.decode(said.lines.concat().trim()).unwrap_or_default();
            let answer = match initial.take() {
                Some(held_back) => held_back,
                None => match exchange.respond(&challenge) {
                    Ok(response) => BASE64_STANDARD.encode(&response[..]),
                    Err(why) => {
                        self.ladder.say(Rung::Auth, "*", Instant::now(), patience);
                        self.hear().await?;
                        return Some(self.ladder.note(
                            Rung::Auth,
                            Heard::Fault(why.to_string()),
                            0,
                        ));
                    }
                },
            };
            self.ladder.say_secret(Rung::Auth, &answer, Instant::now(), patience);
        }
    }

    /// A password is said by a mechanism that shows it only to a server that is proven to be the one meant.
    fn proof(&self, mechanisms: &[String]) -> Result<ClientExchange, String> {
        let login = self.live.login.as_ref().ok_or("nobody said who logs in")?;
        let now = UnixTime::now().as_secs();
        let is_good = |certificate: &Certificate| {
            let now = i64::try_from(now).unwrap_or(i64::MAX);
            (certificate.not_before..=certificate.not_after).contains(&now)
        };
        let is_proven = |tls: &Tls| {
            tls.vouched == Vouched::Known
                && tls.is_for_name
                && tls.chain.first().is_some_and(is_good)
        };
        let exporter = self.wire.tls().and_then(|facts| facts.exporter().copied());
        let is_proven = self.tls.as_ref().is_some_and(is_proven);
        login.begin(mechanisms, Vetted { is_proven, exporter, in_clear: self.live.in_clear })
    }

    /// The provider is the client now, and waits for our greeting: it hears that we take nothing, and keeps
    /// the mail. RFC 5321, section 3.1.
    async fn decline(&mut self) {
        let sorry = &b"421 4.3.2 only asked whether it turns; keep the mail\r\n"[..];
        self.wire.queue(sorry);
        let deadline = Some(Instant::now() + self.live.patience);
        // Whether it hears that or a line that is cut, the mail stays with it.
        let _ = self.wire.flush(&mut BytesMut::new(), 0, deadline).await;
    }
}

fn of_line(fault: &WireFault) -> Heard {
    match fault {
        WireFault::TimedOut { .. } => Heard::Silence,
        WireFault::Closed => Heard::Closed,
        WireFault::Io(error) if is_hung_up(error) => Heard::Closed,
        other => Heard::Fault(other.to_string()),
    }
}

/// By whoever is at the other end.
fn is_hung_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

fn vouched(seen: &Inspection) -> Vouched {
    match &seen.vouched {
        Voucher::Known => Vouched::Known,
        Voucher::Itself => Vouched::Itself,
        Voucher::Nobody => Vouched::Nobody,
        Voucher::Untold(why) => Vouched::Untold(why.clone()),
        Voucher::Amiss(why) => Vouched::Amiss(why.clone()),
    }
}

fn certificate(seen: crate::net::tls::Inspected) -> Certificate {
    Certificate {
        subject: seen.subject,
        issuer: seen.issuer,
        names: seen.names,
        not_before: seen.not_before,
        not_after: seen.not_after,
        key: seen.key,
        bits: seen.bits,
        signature: seen.signature,
        der: BASE64_STANDARD.encode(seen.der),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// A server that refuses every recipient, and counts who calls: how often, and how many at once.
    async fn counting() -> (SocketAddr, Arc<[AtomicUsize; 2]>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, counts) = (listener.local_addr().unwrap(), Arc::<[AtomicUsize; 2]>::default());
        let told = Arc::clone(&counts);
        tokio::spawn(async move {
            let now = Arc::new(AtomicUsize::new(0));
            while let Ok((mut line, _)) = listener.accept().await {
                let (told, now) = (Arc::clone(&told), Arc::clone(&now));
                told[0].fetch_add(1, Ordering::SeqCst);
                told[1].fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::spawn(async move {
                    line.write_all(b"220 mx.example.net\r\n").await.unwrap();
                    let (heard, mut said) = line.split();
                    let mut lines = BufReader::new(heard).lines();
                    while let Ok(Some(line)) = lines.next_line().await {
                        let is_last = line == "QUIT";
                        now.fetch_sub(usize::from(is_last), Ordering::SeqCst);
                        let reply = if line.starts_with("RCPT") { "550 no" } else { "250 ok" };
                        let _ = said.write_all(format!("{reply}\r\n").as_bytes()).await;
                    }
                });
            }
        });
        (at, counts)
    }

    /// Many domains at once, all with the one server.
    async fn called(depth: Depth) -> (usize, usize, Vec<Vec<Call>>) {
        let (at, counts) = counting().await;
        let mut live = Live::new(Duration::from_secs(5)).unwrap();
        (live.mx, live.mx_port) = (Some(depth), Some(at.port()));
        let live = Arc::new(live);
        let subject = move |n: usize| Subject {
            domain: format!("d{n}.example.org"),
            unmade: "odmr-x".to_owned(),
            targets: vec![("mx.example.net".to_owned(), at.ip())],
            ..Subject::default()
        };
        let calls = (0..5).map(|n| {
            let live = Arc::clone(&live);
            tokio::spawn(async move { live.call_all(subject(n)).await })
        });
        let mut all = Vec::new();
        for calls in calls.collect::<Vec<_>>() {
            all.push(calls.await.unwrap());
        }
        let [calls, at_once] = [0, 1].map(|n| counts[n].load(Ordering::SeqCst));
        (calls, at_once, all)
    }

    #[tokio::test]
    async fn a_server_is_called_once_for_what_it_says_of_itself_and_never_twice_at_once() {
        let (calls, _, all) = called(Depth::Connect).await;
        assert_eq!(calls, 1, "for five domains");
        assert!(all.iter().all(|calls| calls == &all[0] && calls[0].id == "s1"));
        let (calls, at_once, all) = called(Depth::Rcpt).await;
        assert_eq!((calls, at_once), (5, 1));
        for (n, calls) in all.iter().enumerate() {
            let asked = calls[0].last(Rung::Postmaster).unwrap();
            assert_eq!(asked.said, format!("RCPT TO:<postmaster@d{n}.example.org>"));
            assert_eq!(asked.reply().unwrap().code, 550);
        }
    }

    /// A server that hangs up behind so many answers to questions, and counts the calls.
    async fn impatient(most: usize) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, calls) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let told = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                told.fetch_add(1, Ordering::SeqCst);
                line.write_all(b"220 mx.example.net\r\n").await.unwrap();
                let (heard, mut said) = line.split();
                let mut lines = BufReader::new(heard).lines();
                let mut asked = 0;
                while let Ok(Some(line)) = lines.next_line().await {
                    asked += usize::from(line.starts_with("RCPT"));
                    let is_refused = line.starts_with("RCPT");
                    let reply = if is_refused { "550 no" } else { "250 ok" };
                    said.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
                    if asked == most || line == "QUIT" {
                        break;
                    }
                }
            }
        });
        (at, calls)
    }

    #[tokio::test]
    async fn a_server_that_hangs_up_too_soon_is_called_again_a_few_times() {
        for (most, expected, is_whole) in
            [(1, MOST_LINES, false), (3, MOST_LINES, false), (5, 3, true), (40, 1, true)]
        {
            let (at, calls) = impatient(most).await;
            let mut live = Live::new(Duration::from_secs(5)).unwrap();
            (live.mx, live.mx_port) = (Some(Depth::Full), Some(at.port()));
            let subject = Subject {
                domain: "example.org".to_owned(),
                unmade: "odmr-x".to_owned(),
                targets: vec![("mx.example.net".to_owned(), at.ip())],
                ..Subject::default()
            };
            let told = Arc::new(live).call_all(subject).await;
            assert_eq!((told.len(), calls.load(Ordering::SeqCst)), (1, expected), "{told:#?}");
            let said = |wanted: Rung| told[0].all(wanted).count();
            assert_eq!(said(Rung::Greeting), expected);
            assert_eq!(
                (told[0].broke_at().is_none(), said(Rung::Quit)),
                (is_whole, usize::from(is_whole))
            );
        }
    }

    #[tokio::test]
    async fn an_address_that_only_this_network_has_is_called_only_when_a_port_is_named() {
        let (at, counts) = counting().await;
        let mut live = Live::new(Duration::from_secs(5)).unwrap();
        live.mx = Some(Depth::Connect);
        let subject = Subject {
            domain: "example.org".to_owned(),
            targets: vec![("mx.example.net".to_owned(), at.ip())],
            ..Subject::default()
        };
        assert!(Arc::new(live).call_all(subject).await.is_empty());
        assert_eq!(counts[0].load(Ordering::SeqCst), 0);
    }

    #[test]
    fn of_very_many_servers_only_what_is_needed_is_remembered() {
        let mut all: HashMap<usize, usize> = (0..MOST_KNOWN - 1).map(|n| (n, n)).collect();
        forget_some(&mut all, |_| true);
        assert_eq!(all.len(), MOST_KNOWN - 1, "there is room");
        all.insert(MOST_KNOWN, 7);
        forget_some(&mut all, |n| n % 2 == 0);
        assert_eq!(all.len(), MOST_KNOWN / 2);
        assert!(all.values().all(|n| n % 2 == 1));
    }

    #[test]
    fn each_server_is_called_at_its_own_port() {
        let mut live = Live::new(Duration::from_secs(5)).unwrap();
        let local = "127.0.0.1".parse().unwrap();
        let places = [("a.example.net".to_owned(), local), ("b.example.net".to_owned(), local)];
        live.odmr_ports.insert("a.example.net".to_owned(), 3660);
        let ports = |live: &Live| {
            let all = live.whom(Purpose::Odmr, Some(Depth::Connect), &places, MOST_ODMR);
            all.iter().map(|whom| whom.at.port()).collect::<Vec<_>>()
        };
        assert_eq!(ports(&live), [3660], "the other is not called on this network at 366");
        live.odmr_port = Some(367);
        assert_eq!(ports(&live), [3660, 367]);
    }
}
