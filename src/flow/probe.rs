//! A server is asked every rule of the catalogue, and what came of each is told.
//!
//! The talks are `probe`'s; here are the lines under them. Politeness is kept here: one line at a time, a pause
//! before each new one, a new one before the server has counted too many refusals. A line that somebody has
//! turned hears that nothing is taken; one that was turned for nobody hears nothing at all.

mod customer;
mod emulate;
mod identify;
mod proof;
mod turned;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rustls::pki_types::UnixTime;

pub use crate::net::tls::Trust;
use crate::net::tls::{Inspector, TlsSetupError, Voucher};
use crate::net::{Calling, ConnectError, TlsClient, Wire, WireFault, connect};
use crate::probe::script::{self, Need, Offers, Side, Start, Talk, Verdict, Want, Word};
use crate::probe::suite::{Survey, TlsSeen};
pub use crate::sasl::InClear;
use crate::session::secrets::Secrets;
use crate::smtp::Domain;

pub use self::customer::{Counter, Serving};
pub use self::emulate::{Emulator, Played, Visit, visit};
pub use self::identify::identified;
pub use super::login::Login;
pub use crate::net::Family;
pub use crate::net::ListenAddr;
pub use crate::probe::identity::{Asks, Candidate, Identity, rows as identity_rows};
pub use crate::probe::mimic::Called;
pub use crate::probe::mimic::{
    ACTIONS, BUILT_IN, FACTS, FAULTS, Fault, House, KEYS, Letter, Part, Profile, Switch,
};
pub use crate::probe::script::{BadScript, Level, NOTATION, Names, Outcome, Probe, read};
pub use crate::probe::suite::reversed::Scene;
pub use crate::probe::suite::reversed::scenes;
pub use crate::probe::suite::{
    Line, Record, Role, Row, Rule, Summary, abouts, assessment, catalogue, catalogue_of, is_amiss,
    probes, provider_probes, provider_rules, rules, shown_line, shown_octets,
};

/// So many refusals on one line, and the next talk gets a new one: servers hang up on those who err.
const MOST_REFUSALS: usize = 5;
/// So much is taken in before it is dealt with, octets.
const EAR: usize = 64 * 1024;
/// A session in which we are the server ends so.
const LONGEST_TURNED: Duration = Duration::from_secs(600);
/// And a script without an end.
const LONGEST: Duration = Duration::from_secs(4000);

/// Whom to ask, and how far to go.
#[derive(Debug)]
pub struct Asking {
    /// The server, by name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Which of its addresses.
    pub family: Family,
    /// Who is asked.
    pub role: Role,
    /// TLS from the first octet.
    pub implicit_tls: bool,
    /// STARTTLS where it is offered, for the talks that only want to get somewhere.
    pub starttls: bool,
    /// By what certificates are judged.
    pub trust: Trust,
    /// Who logs in.
    pub login: Option<Login>,
    /// What of that may be shown to a line that no certificate vouches for.
    pub in_clear: InClear,
    /// The names in what is said.
    pub names: Names,
    /// How long to wait for each answer.
    pub patience: Duration,
    /// How long to wait before each call but the first.
    pub pause: Duration,
    /// Content may be sent.
    pub data: bool,
    /// What a server may mind may be tried.
    pub intrusive: bool,
    /// What takes minutes may be tried.
    pub slow: bool,
    /// The line may be turned, and mail be heard of.
    pub turn: bool,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// Nobody answers there.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// What answers is no mail server.
    #[error("{0}")]
    NotSmtp(String),
    /// It does not let us in.
    #[error("{why}")]
    Denied {
        /// What it says.
        why: String,
        /// It may do so later.
        for_now: bool,
    },
}

impl Unreached {
    /// Is there no such host?
    pub fn is_unknown_host(&self) -> bool {
        let Unreached::Connect(why) = self else { return false };
        matches!(why, ConnectError::HostUnknown { .. } | ConnectError::WrongFamily { .. })
    }
}

/// This machine's name, where it has a full one.
pub(super) fn full_name() -> Option<String> {
    let name = rustix::system::uname();
    let name = name.nodename().to_str().ok().and_then(|name| Domain::parse_atrn(name).ok());
    name.filter(|name| name.as_str().contains('.')).map(|name| name.as_str().to_owned())
}

/// This machine's name, or where it has no full one an address literal.
pub fn our_name() -> String {
    full_name().unwrap_or_else(|| "[127.0.0.1]".to_owned())
}

/// The line that is in use.
struct Open {
    wire: Wire,
    tls: bool,
    /// A certificate proves the server to be the one that was meant.
    is_proven: bool,
    /// We have proven who we are.
    is_in: bool,
    /// The server is the client by now, and nobody has greeted it.
    is_turned: bool,
    refusals: usize,
}

/// A server, being asked.
pub struct Asked<'a> {
    asking: &'a Asking,
    names: Names,
    tls: TlsClient,
    inspector: Inspector,
    open: Option<Open>,
    calls: u32,
    survey: Survey,
    offers: Offers,
    /// The last login was refused for now.
    not_now: bool,
    /// What was said to log in last.
    secrets: Secrets,
}

/// What one talk came to.
struct Told {
    verdict: Verdict,
    words: Vec<Word>,
    ms: u64,
    conn: u32,
}

const SORRY: &[u8] = b"421 4.3.2 only asked whether it turns; keep the mail\r\n";
const LOOK: &str = "== look\nfrom: connect\nS: xxx\nC: EHLO {me}\nS: xxx\n";
const LOOK_BEHIND_TLS: &str = "== look\nC: STARTTLS\nS? 220\n* tls\nC: EHLO {me}\nS: xxx\n";

impl<'a> Asked<'a> {
    /// Calls the server and looks at what it is.
    ///
    /// # Errors
    /// [`Unreached`] where there is no server to ask.
    pub async fn call(asking: &'a Asking) -> Result<Asked<'a>, Unreached> {
        let mut asked = Asked::begin(asking).await?;
        let looked = asked.look(LOOK).await;
        asked.is_smtp(&looked)?;
        if asked.offered("STARTTLS") {
            let looked = asked.look(LOOK_BEHIND_TLS).await;
            let secure = looked.words.iter().filter(|word| word.tls).cloned().collect::<Vec<_>>();
            asked.survey.secure = Some(heard(&secure));
            if asked.survey.tls.is_none() {
                asked.survey.tls = Some(Err(looked.verdict.why));
            }
        }
        if let Some(first) = asked.mechanisms().into_iter().next() {
            asked.names.mech = first;
        }
        if asking.login.is_some() {
            asked.try_login().await?;
        }
        Ok(asked)
    }

    /// Opens the first line, and says nothing.
    async fn begin(asking: &'a Asking) -> Result<Asked<'a>, Unreached> {
        let tls = TlsClient::new(&Trust::Anyone, None)?;
        let inspector = Inspector::new(&asking.trust);
        let survey = Survey { port: asking.port, ..Survey::default() };
        let (open, offers, names) = (None, [None, None], asking.names.clone());
        let mut asked = Asked {
            asking,
            names,
            tls,
            inspector,
            open,
            calls: 0,
            survey,
            offers,
            not_now: false,
            secrets: Secrets::default(),
        };
        asked.connect().await?;
        Ok(asked)
    }

    /// Is what was heard first that of a mail server?
    fn is_smtp(&mut self, looked: &Told) -> Result<(), Unreached> {
        let (host, port) = (&self.asking.host, self.asking.port);
        self.survey.clear = heard(&looked.words);
        let greeted = looked.words.iter().find(|word| word.side == Side::Theirs);
        self.survey.greeted_ms = greeted.map_or(0, |word| millis(word.at));
        if let (true, Some(Err(why))) = (self.asking.implicit_tls, &self.survey.tls) {
            return Err(Unreached::NotSmtp(format!("{host}:{port}: {why}")));
        }
        match no_smtp(&self.survey.clear, &looked.verdict) {
            Some(what) => Err(Unreached::NotSmtp(format!("{host}:{port}: {what}"))),
            None => Ok(()),
        }
    }

    /// Asks what is wanted of these, a rule after the other, and then reads off what was said what can be.
    pub async fn ask(
        &mut self,
        probes: &[Probe],
        rules: &[Rule],
        wanted: &dyn Fn(&Row) -> bool,
        tell: &mut dyn FnMut(Record),
    ) {
        let role = self.asking.role;
        for probe in probes {
            let row = Row::of(role, probe);
            if !wanted(&row) {
                continue;
            }
            let told = match self.in_the_way(probe) {
                Some(why) => {
                    Told { verdict: Verdict::skip(why), words: Vec::new(), ms: 0, conn: 0 }
                }
                None => self.play(probe).await,
            };
            tell(Record::new(row, told.verdict, &told.words, told.ms, told.conn));
        }
        for rule in rules {
            let row = Row::of_rule(role, rule);
            if wanted(&row) {
                tell(Record::new(row, (rule.judge)(&self.survey), &[], 0, 0));
            }
        }
        self.hang_up().await;
    }

    /// Why a probe is not tried.
    fn in_the_way(&self, probe: &Probe) -> Option<String> {
        if probe.start == Start::Login && self.asking.login.is_none() {
            return Some("needs a login".to_owned());
        }
        let (data, intrusive, slow) = (self.asking.data, self.asking.intrusive, self.asking.slow);
        probe.needs.iter().find_map(|need| match need {
            Need::Data => (!data).then(|| "needs --data".to_owned()),
            Need::Intrusive => (!intrusive).then(|| "needs --intrusive".to_owned()),
            Need::Slow => (!slow).then(|| "needs --slow".to_owned()),
            Need::Turn => (!self.asking.turn).then(|| "needs --turn".to_owned()),
            Need::Offered(word) => {
                (!self.offered_to(probe, word)).then(|| format!("{word} is not offered"))
            }
            Need::NotOffered(word) => self.offered(word).then(|| format!("{word} is offered")),
        })
    }

    /// Is this offered where the talk takes place? What comes under TLS is asked under TLS.
    fn offered_to(&self, probe: &Probe, keyword: &str) -> bool {
        let as_offered = matches!(probe.start, Start::Ready | Start::Login);
        match &self.offers[1] {
            Some(offers) if as_offered => offers.iter().any(|word| word == keyword),
            _ => self.offered(keyword),
        }
    }

    fn offers_starttls(&self) -> bool {
        self.offers[0].as_ref().is_some_and(|offers| offers.iter().any(|word| word == "STARTTLS"))
    }

    fn offered(&self, keyword: &str) -> bool {
        let offers = self.offers[0].as_ref().or(self.offers[1].as_ref());
        offers.is_some_and(|offers| offers.iter().any(|word| word == keyword))
    }

    async fn look(&mut self, text: &str) -> Told {
        match script::read(text).ok().and_then(|mut probes| probes.pop()) {
            Some(probe) => self.play(&probe).await,
            None => Told { verdict: Verdict::unknown(text), words: Vec::new(), ms: 0, conn: 0 },
        }
    }

    /// Plays one talk, over the open line where that will do.
    async fn play(&mut self, probe: &Probe) -> Told {
        let begun = Instant::now();
        // A provider knows no transactions; elsewhere one may be open on the line.
        let is_early = matches!(probe.start, Start::Connect | Start::Greeted | Start::Tls)
            || probe.start == Start::Ready && self.asking.role != Role::Provider;
        let secure = self.asking.starttls && !self.asking.implicit_tls && self.offers_starttls();
        let as_offered = matches!(probe.start, Start::Ready | Start::Login);
        let will_do = |open: &Open| {
            open.refusals < MOST_REFUSALS
                && !is_early
                && open.tls == (self.asking.implicit_tls || as_offered && secure)
                && open.is_in == (probe.start == Start::Login)
        };
        let is_first = self.calls == 1 && self.survey.clear.is_empty();
        let is_new = is_first || !self.open.as_ref().is_some_and(will_do);
        if is_new && !is_first {
            self.hang_up().await;
            if let Err(why) = self.connect().await {
                let verdict = Verdict::unknown(why.to_string());
                return Told { verdict, words: Vec::new(), ms: 0, conn: 0 };
            }
        }
        let line = match (is_new, secure) {
            (false, _) => script::Line::Used,
            (true, true) => script::Line::ToBeSecured,
            (true, false) => script::Line::New,
        };
        let mut talk = Talk::new(probe, &self.names, line, begun, self.asking.patience);
        if self.open.as_ref().is_some_and(|open| open.tls) {
            talk = talk.under_tls();
        }
        self.drive(&mut talk, begun + LONGEST).await;
        if let Some(open) = &mut self.open {
            open.is_turned = talk.awaits_our_greeting();
        }
        if talk.is_turned() && !talk.awaits_our_greeting() || talk.has_quit() {
            self.open = None;
        }
        let is_hello = !matches!(probe.start, Start::Connect | Start::Greeted);
        let clean = talk.leaves_the_line_clean() && is_hello && !probe.alone;
        if let Some(open) = &mut self.open {
            open.refusals += talk.refusals();
        }
        for (known, offers) in self.offers.iter_mut().zip(talk.offers()) {
            if known.is_none() {
                known.clone_from(offers);
            }
        }
        let (verdict, words) = talk.over();
        self.survey.all.push(heard(&words));
        if !clean {
            self.hang_up().await;
        }
        Told { verdict, words, ms: millis(begun.elapsed()), conn: self.calls }
    }

    async fn drive(&mut self, talk: &mut Talk, until: Instant) {
        let mut input = BytesMut::new();
        loop {
            let now = Instant::now();
            if now > until {
                return;
            }
            match talk.poll(now) {
                Want::Over => return,
                Want::Send(octets) => {
                    let Some(open) = &mut self.open else {
                        talk.broke();
                        continue;
                    };
                    open.wire.queue(octets);
                    let deadline = Some(now + self.asking.patience);
                    let sent = open.wire.flush(&mut input, EAR, deadline).await;
                    hand_over(&mut input, talk);
                    if sent.is_err() {
                        talk.broke();
                    }
                }
                Want::Hear(deadline) => {
                    let Some(open) = &mut self.open else {
                        talk.closed();
                        continue;
                    };
                    let heard = open.wire.read(&mut input, Some(deadline)).await;
                    hand_over(&mut input, talk);
                    match heard {
                        Ok(0) => talk.closed(),
                        Ok(_) => {}
                        Err(WireFault::TimedOut { .. }) => talk.timed_out(),
                        Err(_) => talk.closed(),
                    }
                }
                Want::Pause(until) => tokio::time::sleep_until(until.into()).await,
                Want::Secure => talk.secured(self.secure().await),
                Want::Prove => {
                    let mut noted = Vec::new();
                    let proven = self.prove(&mut noted).await;
                    noted
                        .iter()
                        .for_each(|(side, octets)| talk.noted(*side, octets, Instant::now()));
                    talk.proved(proven);
                }
                Want::Anew => {
                    if let Some(open) = &mut self.open {
                        open.is_turned = talk.awaits_our_greeting();
                    }
                    self.hang_up().await;
                    talk.anew(self.connect().await.map_err(|why| why.to_string()));
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ConnectError> {
        if self.calls > 0 && !self.asking.pause.is_zero() {
            tokio::time::sleep(self.asking.pause).await;
        }
        let patience = self.asking.patience;
        let calling = Calling { family: self.asking.family, patience, ..Calling::default() };
        let wire = connect(&self.asking.host, self.asking.port, &calling).await?;
        self.calls += 1;
        let (tls, is_proven, is_in, is_turned) = (false, false, false, false);
        self.open = Some(Open { wire, tls, is_proven, is_in, is_turned, refusals: 0 });
        if self.asking.implicit_tls
            && let Err(why) = self.secure().await
        {
            self.survey.tls = Some(Err(why));
        }
        Ok(())
    }

    async fn secure(&mut self) -> Result<(), String> {
        let Some(Open { wire, refusals, .. }) = self.open.take() else {
            return Err("the line is closed".to_owned());
        };
        let deadline = Some(Instant::now() + self.asking.patience);
        let shaken = wire.start_tls_client(&self.tls, &self.asking.host, deadline).await;
        let wire = shaken.map_err(|why| why.to_string())?;
        let seen = self.looked_at(&wire);
        let is_proven = seen.distrust.is_none();
        if self.survey.tls.is_none() {
            self.survey.tls = Some(Ok(seen));
        }
        let (is_in, is_turned) = (false, false);
        self.open = Some(Open { wire, tls: true, is_proven, is_in, is_turned, refusals });
        Ok(())
    }

    fn looked_at(&self, wire: &Wire) -> TlsSeen {
        let version = wire.tls().map_or("", |facts| facts.version()).to_owned();
        let now = UnixTime::now();
        let seen = self.inspector.inspect(wire.server_chain(), &self.asking.host, now);
        let at = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let dates = seen.chain.first().map(|own| (own.not_before, own.not_after));
        let distrust = match (&seen.vouched, dates) {
            (Voucher::Itself, _) => Some("it is signed by itself".to_owned()),
            (Voucher::Nobody, _) => Some("no known authority vouches for it".to_owned()),
            (Voucher::Untold(why) | Voucher::Amiss(why), _) => Some(why.clone()),
            (Voucher::Known, Some((from, _))) if at < from => Some("it is not good yet".to_owned()),
            (Voucher::Known, Some((_, to))) if at > to => Some("it has expired".to_owned()),
            (Voucher::Known, _) if !seen.is_for_name => {
                let host = &self.asking.host;
                let is_address = host.parse::<IpAddr>().is_ok();
                let hint = if is_address { "; call the server by its name" } else { "" };
                Some(format!("it is not for {host}{hint}"))
            }
            (Voucher::Known, _) => None,
        };
        TlsSeen { version, distrust }
    }

    /// QUIT, and no waiting for what is said to it. Who has turned the line for us hears that nothing is taken,
    /// and keeps the mail; who has turned it for anybody hears nothing.
    async fn hang_up(&mut self) {
        if let Some(mut open) = self.open.take() {
            match (open.is_turned, open.is_in) {
                (true, true) => open.wire.queue(SORRY),
                (true, false) => return,
                (false, _) => open.wire.queue(&b"QUIT\r\n"[..]),
            }
            let soon = Some(Instant::now() + Duration::from_millis(500));
            let mut rest = BytesMut::new();
            let _ = open.wire.flush(&mut rest, EAR, soon).await;
            let _ = open.wire.read(&mut rest, soon).await;
        }
    }
}

fn hand_over(input: &mut BytesMut, talk: &mut Talk) {
    if !input.is_empty() {
        talk.received(&input.split(), Instant::now());
    }
}

/// What they said. An alert of TLS, to who shook no hands, is no reply. RFC 8446, section 5.1.
fn heard(words: &[Word]) -> Vec<u8> {
    let is_alert = |word: &Word| !word.tls && word.octets.first() == Some(&0x15);
    let theirs = words.iter().filter(|word| word.side == Side::Theirs && !is_alert(word));
    theirs.flat_map(|word| word.octets.iter().copied()).collect()
}

/// Why there is nobody to ask the rules of SMTP.
fn no_smtp(heard: &[u8], looked: &Verdict) -> Option<String> {
    if heard.is_empty() {
        let hint = "it says nothing; a port for TLS at once wants --implicit-tls";
        return (looked.outcome != Outcome::Pass).then(|| hint.to_owned());
    }
    let is_code = heard.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit));
    let shown = crate::smtp::escape::Escaped(&heard[..heard.len().min(60)]);
    (!is_code).then(|| format!("it is no mail server; it says \"{shown}\""))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
