//! A server is asked every rule of the catalogue, and what came of each is told.
//!
//! The talks are `probe`'s; here are the lines under them. Politeness is kept here: one line at a time, a pause
//! before each new one, a new one before the server has counted too many refusals. A line that somebody has
//! turned hears that nothing is taken; one that was turned for nobody hears nothing at all.

mod affairs;
mod aspects;
mod contents;
mod customer;
mod emulate;
mod identify;
mod likeness;
mod opening;
mod posted;
mod proof;
mod speaker;
mod turned;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

pub use crate::net::tls::{Fingerprint, Trust};
use crate::net::tls::{Inspector, TlsSetupError};
use crate::net::{Calling, ConnectError, TlsClient, Wire, WireFault, connect};
use crate::probe::script::{self, Manner, Need, Offers, Side, Start, Talk, Verdict, Want, Word};
use crate::probe::suite::Survey;
pub use crate::sasl::InClear;
use crate::session::secrets::Secrets;
use crate::smtp::Domain;

use self::contents::Sink;
pub use self::customer::{Counter, Serving};
pub use self::emulate::{Emulator, Played, Visit, visit};
pub use self::identify::identified;
use self::opening::Closed;
pub use super::login::Login;
pub use crate::net::Family;
pub use crate::net::ListenAddr;
pub use crate::probe::identity::{Asks, Candidate, Identity, ntlm_line, rows as identity_rows};
pub use crate::probe::mimic::{
    ACTIONS, BUILT_IN, FACTS, FAULTS, Fault, House, KEYS, Letter, Part, Profile, Switch,
};
pub use crate::probe::mimic::{Called, Session};
pub use crate::probe::script::{BadScript, HEADS, Level, NOTATION, Names, Outcome, Probe, read};
pub use crate::probe::suite::content::{Trial, trials};
pub use crate::probe::suite::kind::Kind;
pub use crate::probe::suite::posted::{Errand, errands};
pub use crate::probe::suite::reversed::Scene;
pub use crate::probe::suite::reversed::scenes;
pub use crate::probe::suite::{
    Line, Record, Role, Row, Rule, Summary, abouts, assessment, catalogue, catalogue_of, is_amiss,
    probes, provider_probes, provider_rules, rules, rules_for, shown_line, shown_octets,
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
    /// What the server is for.
    pub kind: Kind,
    /// TLS from the first octet.
    pub implicit_tls: bool,
    /// STARTTLS where it is offered, for the talks that only want to get somewhere.
    pub starttls: bool,
    /// The name that is said in a handshake, where it is not the host's.
    pub servername: Option<String>,
    /// By what certificates are judged.
    pub trust: Trust,
    /// The one certificate that is good, whatever `trust` says.
    pub fingerprint: Option<Fingerprint>,
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
    /// Where we are the server that this one sends mail on to.
    pub sink: Option<SocketAddr>,
    /// Its operator has seen to it that customers cannot be looked up.
    pub backend_down: bool,
    /// Where mail for the customer can be put in.
    pub submit: Option<(String, u16)>,
    /// The talks are the asker's own: a server that serves nobody may be what they are about.
    pub own_talks: bool,
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// Nobody answers there.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// We cannot listen where the server should send mail on to.
    #[error("--sink: {0}: {1}")]
    Sink(SocketAddr, std::io::Error),
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
    /// A file that was named is missing, or is not what it should be.
    pub fn is_of_a_file(&self) -> Option<bool> {
        use std::io::ErrorKind::NotFound;
        match self {
            Unreached::Tls(TlsSetupError::Unreadable { error, .. }) => {
                Some(error.kind() == NotFound)
            }
            Unreached::Tls(
                TlsSetupError::NothingInside { .. } | TlsSetupError::Unusable { .. },
            ) => Some(false),
            _ => None,
        }
    }

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
    /// Lines that stay beside it, until the talk is over.
    aside: Vec<Open>,
    calls: u32,
    /// Which addresses are called.
    family: Family,
    /// The last line leads to one of IPv6.
    over_v6: bool,
    /// The last line under TLS ended without a word.
    was_abrupt: bool,
    survey: Survey,
    offers: Offers,
    /// The server behind the server.
    sink: Option<Sink>,
    /// A notice of a refusal has come back, or none does; nothing, where nobody has looked.
    brings_notices: Option<bool>,
    /// The last login was refused for now.
    not_now: bool,
    /// What was said to log in last.
    secrets: Secrets,
    /// What a rule came to during which mail waited: whether the provider has kept that shows when it is asked again.
    held: Option<Record>,
    /// Does mail wait, by the last answer to ATRN? Nothing, where that did not tell.
    waits: Option<bool>,
}

/// What one talk came to.
struct Told {
    verdict: Verdict,
    words: Vec<Word>,
    ms: u64,
    conn: u32,
    waits: Option<bool>,
}

impl Told {
    /// Nothing was said, because of this.
    fn nothing(verdict: Verdict) -> Told {
        Told { verdict, words: Vec::new(), ms: 0, conn: 0, waits: None }
    }
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
        if !asking.own_talks {
            let served = opening::serves(&asked.survey.clear, &looked);
            served.map_err(|why| asked.not_open(why))?;
        }
        if asked.offered("STARTTLS") {
            let looked = asked.look(LOOK_BEHIND_TLS).await;
            let secure = looked.words.iter().filter(|word| word.tls).cloned().collect::<Vec<_>>();
            asked.survey.secure = Some(heard(&secure));
            if asked.survey.tls.is_none() {
                asked.survey.tls = Some(Err(looked.verdict.why));
            }
        }
        if let Some(at) = asking.sink {
            let sink = Sink::open(at, &asking.names.me).await;
            asked.sink = Some(sink.map_err(|why| Unreached::Sink(at, why))?);
        }
        if let Some(first) = asked.mechanisms().into_iter().next() {
            asked.names.mech = first;
        }
        if asking.login.is_some() {
            match asked.try_login().await {
                // Who cannot look up a customer may say so at the login, too.
                Err(Unreached::Denied { for_now: true, .. }) if asking.backend_down => {}
                told => told?,
            }
        }
        Ok(asked)
    }

    /// Opens the first line, and says nothing.
    async fn begin(asking: &'a Asking) -> Result<Asked<'a>, Unreached> {
        let tls = TlsClient::new(&Trust::Anyone, None)?;
        if let Trust::Roots(_) = asking.trust {
            TlsClient::new(&asking.trust, None)?;
        }
        let inspector = Inspector::new(&asking.trust);
        let survey = Survey { port: asking.port, ..Survey::default() };
        let (open, offers, names) = (None, [None, None], asking.names.clone());
        let mut asked = Asked {
            asking,
            names,
            tls,
            inspector,
            open,
            aside: Vec::new(),
            calls: 0,
            family: asking.family,
            over_v6: false,
            was_abrupt: false,
            survey,
            offers,
            sink: None,
            brings_notices: None,
            not_now: false,
            secrets: Secrets::default(),
            held: None,
            waits: None,
        };
        asked.connect().await?;
        Ok(asked)
    }

    /// Is what was heard first that of a mail server?
    fn is_smtp(&mut self, looked: &Told) -> Result<(), Unreached> {
        self.survey.clear = heard(&looked.words);
        let greeted = looked.words.iter().find(|word| word.side == Side::Theirs);
        self.survey.greeted_ms = greeted.map_or(0, |word| millis(word.at));
        if let (true, Some(Err(why))) = (self.asking.implicit_tls, &self.survey.tls) {
            return Err(self.not_open(Closed::NotSmtp(why.clone())));
        }
        let greeted = opening::greets(&self.survey.clear, &looked.verdict);
        greeted.map_err(|why| self.not_open(why))
    }

    fn not_open(&self, why: Closed) -> Unreached {
        let told = |why| format!("{}:{}: {why}", self.asking.host, self.asking.port);
        match why {
            Closed::NotSmtp(why) => Unreached::NotSmtp(told(why)),
            Closed::NotNow(why) => Unreached::Denied { why: told(why), for_now: true },
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
                Some(why) => Told::nothing(Verdict::skip(why)),
                None => {
                    let told = self.play(probe).await;
                    let is_of_logins = probe.id == likeness::ID && !self.asking.own_talks;
                    if is_of_logins { self.alike(told).await } else { told }
                }
            };
            let record = Record::new(row, told.verdict, &told.words, told.ms, told.conn);
            self.tell_of(record, told.waits, tell);
        }
        for rule in rules {
            let row = Row::of_rule(role, rule);
            if wanted(&row) {
                self.look_for(rule.head.id).await;
                tell(Record::new(row, (rule.judge)(&self.survey), &[], 0, 0));
            }
        }
        self.hang_up().await;
    }

    /// Tells what a rule came to; where mail waited meanwhile, when it is known whether that has stayed.
    fn tell_of(&mut self, record: Record, waits: Option<bool>, tell: &mut dyn FnMut(Record)) {
        if let Some(waits) = waits {
            self.tell_held(!waits, tell);
        }
        match waits {
            Some(true) if record.outcome != Outcome::Fail => self.held = Some(record),
            _ => tell(record),
        }
    }

    /// Tells what has been held back. Nothing was taken of the mail that waited; is it gone?
    fn tell_held(&mut self, is_gone: bool, tell: &mut dyn FnMut(Record)) {
        if let Some(record) = self.held.take() {
            tell(if is_gone { record.of_mail_that_is_gone() } else { record });
        }
    }

    /// Why a probe is not tried.
    fn in_the_way(&self, probe: &Probe) -> Option<String> {
        if probe.start == Start::Login && self.asking.login.is_none() {
            return Some("needs a login".to_owned());
        }
        if self.asking.role == Role::Server
            && let Some(why) = self.asking.kind.leaves_out(probe, self.asking.login.is_some())
        {
            return Some(why);
        }
        let (data, intrusive, slow) = (self.asking.data, self.asking.intrusive, self.asking.slow);
        probe.needs.iter().find_map(|need| match need {
            Need::Data => (!data).then(|| "needs --data".to_owned()),
            Need::Intrusive => (!intrusive).then(|| "needs --intrusive".to_owned()),
            Need::Slow => (!slow).then(|| "needs --slow".to_owned()),
            Need::Turn => (!self.asking.turn).then(|| "needs --turn".to_owned()),
            Need::BackendDown => {
                (!self.asking.backend_down).then(|| "needs --backend-down".to_owned())
            }
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
            None => Told::nothing(Verdict::unknown(text)),
        }
    }

    /// Plays one talk, over the open line where that will do. A line that the server has closed since is none.
    async fn play(&mut self, probe: &Probe) -> Told {
        match self.play_over(probe, false).await {
            Some(told) => told,
            None => match self.play_over(probe, true).await {
                Some(told) => told,
                None => Told::nothing(Verdict::unknown("the line was closed")),
            },
        }
    }

    /// The line for a talk: what is known of it, and whether it is a new one.
    async fn line_for(
        &mut self,
        probe: &Probe,
        afresh: bool,
    ) -> Result<script::Line, ConnectError> {
        // A provider knows no transactions; elsewhere one may be open on the line.
        let is_early = matches!(probe.start, Start::Connect | Start::Greeted | Start::Tls)
            || probe.start == Start::Ready && self.asking.role != Role::Provider;
        let secure = self.asking.starttls && !self.asking.implicit_tls && self.offers_starttls();
        let as_offered = matches!(probe.start, Start::Ready | Start::Login);
        let will_do = |open: &Open| {
            open.refusals < MOST_REFUSALS
                && !is_early
                && !afresh
                && open.tls == (self.asking.implicit_tls || as_offered && secure)
                && open.is_in == (probe.start == Start::Login)
        };
        let is_first = self.calls == 1 && self.survey.clear.is_empty();
        let is_new = is_first || !self.open.as_ref().is_some_and(will_do);
        if is_new && !is_first {
            self.hang_up().await;
            self.connect().await?;
        }
        Ok(match (is_new, secure) {
            (false, _) => script::Line::Used,
            (true, true) => script::Line::ToBeSecured,
            (true, false) => script::Line::New,
        })
    }

    /// Plays it once; nothing, where the line was one that had been used, and was closed.
    async fn play_over(&mut self, probe: &Probe, afresh: bool) -> Option<Told> {
        let begun = Instant::now();
        let line = match self.line_for(probe, afresh).await {
            Ok(line) => line,
            Err(why) => return Some(Told::nothing(Verdict::unknown(why.to_string()))),
        };
        let mut talk = self.talk_of(probe, line, begun);
        self.drive(&mut talk, begun + LONGEST).await;
        self.aside.clear();
        if line == script::Line::Used && talk.found_nobody() {
            self.open = None;
            return None;
        }
        if let Some(open) = &mut self.open {
            self.was_abrupt = open.wire.ended_abruptly();
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
        let waits = talk.waits();
        let (verdict, words) = talk.over();
        self.survey.all.push(heard(&words));
        self.survey.delays.add(&words);
        if !clean {
            self.hang_up().await;
        }
        Some(Told { verdict, words, ms: millis(begun.elapsed()), conn: self.calls, waits })
    }

    fn talk_of(&self, probe: &Probe, line: script::Line, begun: Instant) -> Talk {
        let talk = Talk::new(probe, &self.names, line, begun, self.asking.patience);
        let mut talk = talk.knowing(&self.offers);
        // What is for LMTP only says itself what it says.
        if self.asking.kind == Kind::Lmtp && probe.kinds.is_empty() {
            talk = talk.over_lmtp();
        }
        match self.open.as_ref().is_some_and(|open| open.tls) {
            true => talk.under_tls(),
            false => talk,
        }
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
                Want::Anew(manner) => self.anew(talk, manner).await,
                Want::Shut => {
                    if let Some(open) = &mut self.open {
                        // A line that is broken has no side to end; what comes tells.
                        let _ = open.wire.half_close().await;
                    }
                    talk.shut();
                }
            }
        }
    }

    /// A new line; the one before gets its farewell, or none, or stays.
    async fn anew(&mut self, talk: &mut Talk, manner: Manner) {
        match manner {
            Manner::Aside => self.aside.extend(self.open.take()),
            Manner::Cut => {
                if let Some(open) = self.open.take() {
                    open.wire.cut();
                }
            }
            Manner::Farewell => {
                if let Some(open) = &mut self.open {
                    open.is_turned = talk.awaits_our_greeting();
                }
                self.hang_up().await;
            }
        }
        match self.connect().await {
            // A server that is full may say so by not answering: that is for the talk to judge.
            Err(_) if manner == Manner::Aside => {
                talk.anew(Ok(()));
                talk.closed();
            }
            opened => talk.anew(opened.map_err(|why| why.to_string())),
        }
    }

    async fn connect(&mut self) -> Result<(), ConnectError> {
        if self.calls > 0 && self.aside.is_empty() && !self.asking.pause.is_zero() {
            tokio::time::sleep(self.asking.pause).await;
        }
        let patience = self.asking.patience;
        let calling = Calling { family: self.family, patience, ..Calling::default() };
        let wire = connect(&self.asking.host, self.asking.port, &calling).await?;
        self.calls += 1;
        self.over_v6 = wire.peer().is_some_and(|peer| peer.is_ipv6());
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
        let shaken = wire.start_tls_client(&self.tls, self.tls_name(), deadline).await;
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
