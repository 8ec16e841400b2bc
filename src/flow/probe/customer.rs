//! Customers call, each finds a provider that is made for a rule, and what they do about it is told.
//!
//! The customer may be a program that we start, once for each rule; then it is known how it ends, too.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::process::{Child, Command};

use super::affairs::{Suite, Target};
use super::{EAR, LONGEST_TURNED, Names, millis};
use crate::net::tls::{
    Authority, ClientCertificates, Flaw, KeyFiles, SelfSigned, TlsSetupError, self_signed,
};
use crate::net::{Bound, Callers, ListenAddr, ListenError, Listener, TlsServer, Wire, WireFault};
use crate::probe::patron::{Caller, Manner, Patron, Shown};
use crate::probe::script::{self, Line, Need, Outcome, Probe, Talk, Verdict, Want, Word};
use crate::probe::suite::customer::affair::affairs;
use crate::probe::suite::customer::{Called, Case, Ends, cases, ends_behind, judge_end, turning};
use crate::probe::suite::{Record, Role, Row, customer_probes, suite_through_the_turn};

/// A customer that has been served may take so long to end.
const TO_END: Duration = Duration::from_secs(60);
/// It may call so often while one rule is tried.
const MOST_CALLS: usize = 50;
/// The end of a talk of which only the beginning counts.
const FAREWELL: &str = "== farewell\nC: QUIT\nS: 221\n";

/// How customers are served.
#[derive(Debug)]
pub struct Serving {
    /// The names in what is said.
    pub names: Names,
    /// How long to wait for each answer.
    pub patience: Duration,
    /// How long to wait for a call.
    pub wait: Duration,
    /// What is started to have it call; nothing, where it calls by itself.
    pub program: Vec<OsString>,
    /// The certificate that is shown, and its key; without it no TLS is offered.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// An authority that the customer trusts, and its key: it signs certificates that are wrong in one way.
    pub issuer: Option<(PathBuf, PathBuf)>,
    /// The name that the customer looks for in a certificate.
    pub servername: String,
    /// The customer goes by the fingerprint of that certificate.
    pub pinned: bool,
    /// So many domains it is set up for; nought where nobody says.
    pub domains: usize,
    /// The rules for servers are tried, too, over the line that has turned.
    pub suite: bool,
    /// Content may be sent.
    pub data: bool,
    /// What a customer may mind may be tried.
    pub intrusive: bool,
    /// What takes minutes may be tried.
    pub slow: bool,
    /// Where the customer delivers: we listen there, too.
    pub target: Option<ListenAddr>,
}

/// The certificates that are shown.
struct Certificates {
    given: TlsServer,
    own: TlsServer,
    flawed: Option<Flawed>,
}

/// Those that are wrong in one way.
struct Flawed {
    expired: TlsServer,
    wrong_name: TlsServer,
    no_chain: TlsServer,
}

impl Certificates {
    fn of(serving: &Serving) -> Result<Option<Certificates>, NotOpened> {
        let Some((certificate, key)) = serving.certificate.clone() else { return Ok(None) };
        let given = TlsServer::load(KeyFiles { certificate, key }, &ClientCertificates::NotAsked)?;
        let made = self_signed(&["odmr-probe.invalid".to_owned()]).map_err(not_made)?;
        let flawed = serving.issuer.as_ref().map(|(certificate, key)| {
            let authority = Authority::read(certificate, key).map_err(NotOpened::Issuer)?;
            let with =
                |flaw| shown_by(&authority.issue(&serving.servername, flaw).map_err(not_made)?);
            Ok::<_, NotOpened>(Flawed {
                expired: with(Flaw::Expired)?,
                wrong_name: with(Flaw::WrongName)?,
                no_chain: with(Flaw::NoChain)?,
            })
        });
        Ok(Some(Certificates { given, own: shown_by(&made)?, flawed: flawed.transpose()? }))
    }

    fn get(&self, shown: Shown) -> Option<&TlsServer> {
        let flawed = self.flawed.as_ref();
        match shown {
            Shown::Given => Some(&self.given),
            Shown::Own => Some(&self.own),
            Shown::Expired => flawed.map(|all| &all.expired),
            Shown::WrongName => flawed.map(|all| &all.wrong_name),
            Shown::NoChain => flawed.map(|all| &all.no_chain),
        }
    }
}

/// The provider that we are, listening.
pub struct Counter<'a> {
    serving: &'a Serving,
    listener: Listener,
    tls: Option<Certificates>,
    target: Option<Target>,
    /// What the customer offers, once it has said so.
    offers: Option<Vec<String>>,
    calls: u32,
}

/// Why nobody is served.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// The address cannot be listened at.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// No certificate could be made.
    #[error("a certificate cannot be made: {0}")]
    Made(String),
    /// The authority is of no use.
    #[error("{0}")]
    Issuer(String),
    /// There can be no target.
    #[error("--target: {0}")]
    Target(String),
}

/// What one rule came to.
struct Tried {
    caller: Caller,
    talk: Option<Verdict>,
    words: Vec<Word>,
    calls: usize,
    others: Vec<Caller>,
    ran: bool,
    exit: Option<i32>,
}

impl<'a> Counter<'a> {
    /// Opens it. Within the runtime.
    ///
    /// # Errors
    /// Names the address and what to do.
    pub fn open(at: &ListenAddr, serving: &'a Serving) -> Result<Counter<'a>, NotOpened> {
        let listener = Bound::bind(at)?.listen()?;
        let tls = Certificates::of(serving)?;
        let mut counter = Counter { serving, listener, tls, target: None, offers: None, calls: 0 };
        counter.open_target(false).map_err(NotOpened::Target)?;
        Ok(counter)
    }

    /// Listens where the customer delivers, or does not.
    pub(super) fn open_target(&mut self, is_down: bool) -> Result<(), String> {
        let Some(at) = self.serving.target.as_ref().filter(|_| !is_down) else {
            self.target = None;
            return Ok(());
        };
        if self.target.is_none() {
            let (me, patience) = (&self.serving.names.me, self.serving.patience);
            self.target = Some(Target::open(at, me, patience).map_err(|why| why.to_string())?);
        }
        Ok(())
    }

    pub(super) fn serving(&self) -> &'a Serving {
        self.serving
    }

    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    pub(super) fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    pub(super) async fn accepted(&self) -> Wire {
        self.listener.accept().await
    }

    /// Serves whoever has called as if nothing waited.
    pub(super) async fn nothing_waits(&mut self, wire: Wire) -> Caller {
        self.serve_one(wire, Manner::default(), None).await.caller
    }

    /// Where it is.
    pub fn address(&self) -> &ListenAddr {
        self.listener.address()
    }

    /// Tries what is wanted, a call or more for each.
    pub async fn serve(&mut self, wanted: &dyn Fn(&Row) -> bool, tell: &mut dyn FnMut(Record)) {
        for case in cases() {
            let row = Row::of_case(case);
            if wanted(&row) {
                let begun = Instant::now();
                let (verdict, words) = match self.in_the_way(case.needs.iter().copied()) {
                    Some(why) => (Verdict::skip(why), Vec::new()),
                    None => self.case(case).await,
                };
                tell(Record::new(row, verdict, &words, millis(begun.elapsed()), self.calls));
            }
        }
        let mut suite = Suite::default();
        self.serve_talks(wanted, &mut |record: Record| {
            suite.add(&record);
            tell(record);
        })
        .await;
        self.serve_affairs(affairs(), &suite, wanted, tell).await;
    }

    async fn serve_talks(&mut self, wanted: &dyn Fn(&Row) -> bool, tell: &mut dyn FnMut(Record)) {
        let through = suite_through_the_turn().filter(|_| self.serving.suite);
        let all: Vec<&Probe> = customer_probes().iter().chain(through).collect();
        for probe in all {
            let row = Row::of(Role::Customer, probe);
            if wanted(&row) || self.serving.suite && !row.id.starts_with("cust.") {
                let begun = Instant::now();
                let (verdict, words) = match self.not_now(probe) {
                    Some(why) => (Verdict::skip(why), Vec::new()),
                    None => match (self.talk(probe).await, self.not_now(probe)) {
                        // What it offers may be known only now.
                        ((told, words), Some(why)) if told.outcome != Outcome::Pass => {
                            (Verdict::skip(why), words)
                        }
                        (told, _) => told,
                    },
                };
                tell(Record::new(row, verdict, &words, millis(begun.elapsed()), self.calls));
            }
        }
    }

    /// Why a talk is not tried; what the customer offers is known once it has been asked.
    fn not_now(&self, probe: &Probe) -> Option<String> {
        let offered = |word: &String| self.offers.as_ref().is_none_or(|all| all.contains(word));
        probe.needs.iter().find_map(|need| match need {
            Need::Offered(word) => (!offered(word)).then(|| format!("{word} is not offered")),
            Need::NotOffered(word) => offered(word).then(|| format!("{word} is offered")),
            Need::Slow => Some("is not tried over a line that has turned".to_owned()),
            other => self.in_the_way(std::iter::once(other.to_string().as_str())),
        })
    }

    pub(super) fn in_the_way<'n>(
        &self,
        mut needs: impl Iterator<Item = &'n str>,
    ) -> Option<String> {
        let lacks = |need: &&str| match *need {
            "data" => !self.serving.data,
            "intrusive" => !self.serving.intrusive,
            "slow" => !self.serving.slow,
            "cert" => self.tls.is_none(),
            "issuer" => self.tls.as_ref().is_none_or(|all| all.flawed.is_none()),
            "pinned" => self.tls.is_none() || !self.serving.pinned,
            "domains" => self.serving.domains == 0,
            "suite" => !self.serving.suite,
            "target" => self.serving.target.is_none(),
            "program" => self.serving.program.is_empty(),
            _ => false,
        };
        needs.find(lacks).map(|need| match need {
            "program" => "needs a program that is started: -- PROGRAM".to_owned(),
            need => format!("needs --{need}"),
        })
    }

    /// Tries a rule, a call for each way in which it can be broken.
    async fn case(&mut self, case: &Case) -> (Verdict, Vec<Word>) {
        let (mut told, mut words) = self.case_with(case, (case.manner)()).await;
        for (need, manner) in case.also {
            let is_open = matches!(told.outcome, Outcome::Pass | Outcome::Warn);
            let needs = Some(*need).filter(|need| !need.is_empty());
            if !is_open || self.in_the_way(needs.into_iter()).is_some() {
                continue;
            }
            let (again, more) = self.case_with(case, manner()).await;
            words.extend(more);
            if again.outcome != Outcome::Pass {
                told = again;
            }
        }
        (told, words)
    }

    async fn case_with(&mut self, case: &Case, manner: Manner) -> (Verdict, Vec<Word>) {
        let tried = match self.tried(manner, None).await {
            Ok(tried) => tried,
            Err(why) => return (Verdict::unknown(why), Vec::new()),
        };
        let called = Called {
            caller: &tried.caller,
            calls: tried.calls,
            others: &tried.others,
            exit: tried.exit,
            domains: self.serving.domains,
        };
        let told = with_end((case.judge)(called), case.ends, &tried);
        (told, tried.words)
    }

    async fn talk(&mut self, probe: &Probe) -> (Verdict, Vec<Word>) {
        let mut tried = match self.tried(turning(), Some(probe)).await {
            Ok(tried) => tried,
            Err(why) => return (Verdict::unknown(why), Vec::new()),
        };
        let told =
            tried.talk.take().unwrap_or_else(|| Verdict::unknown("it did not ask for its mail"));
        (with_end(told, ends_behind(&probe.id), &tried), tried.words)
    }

    /// Has a customer call, serves it, and whatever calls behind that as if nothing waited.
    async fn tried(&mut self, manner: Manner, talk: Option<&Probe>) -> Result<Tried, String> {
        let mut child = self.start()?;
        let wire = self.call(&mut child).await?;
        let mut tried = self.serve_one(wire, manner, talk).await;
        tried.ran = child.is_some();
        if let Some(mut child) = child {
            let until = Instant::now() + TO_END;
            loop {
                tokio::select! {
                    wire = self.listener.accept() => {
                        tried.calls += 1;
                        if tried.calls > MOST_CALLS {
                            break;
                        }
                        let other = self.nothing_waits(wire).await;
                        tried.others.push(other);
                    }
                    ended = child.wait() => {
                        tried.exit = ended.ok().map(|status| status.code().unwrap_or(-1));
                        break;
                    }
                    () = tokio::time::sleep_until(until.into()) => break,
                }
            }
            if tried.exit.is_none() {
                let _ = child.kill().await;
            }
        }
        Ok(tried)
    }

    fn start(&self) -> Result<Option<Child>, String> {
        self.start_with(Stdio::null())
    }

    pub(super) fn start_with(&self, stdout: Stdio) -> Result<Option<Child>, String> {
        let Some((program, words)) = self.serving.program.split_first() else { return Ok(None) };
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
        let started = command.kill_on_drop(true).spawn();
        started.map(Some).map_err(|why| format!("{}: {why}", program.display()))
    }

    /// Waits for a call.
    pub(super) async fn call(&mut self, child: &mut Option<Child>) -> Result<Wire, String> {
        let ended = async {
            match child {
                Some(child) => child.wait().await.ok().and_then(|status| status.code()),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            wire = self.listener.accept() => Ok(wire),
            code = ended => {
                let code = code.map_or("a signal".to_owned(), |code| code.to_string());
                Err(format!("it ended with {code}, and did not call"))
            }
            () = tokio::time::sleep(self.serving.wait) => {
                Err(format!("nobody called within {} s", self.serving.wait.as_secs()))
            }
        }
    }

    async fn serve_one(&mut self, mut wire: Wire, manner: Manner, talk: Option<&Probe>) -> Tried {
        self.calls += 1;
        let patience = self.serving.patience;
        let patron = Patron::new(manner, &self.serving.names.me, Instant::now(), patience);
        let shown = manner.tls.map_or(Shown::Given, |secure| secure.shows);
        let tls = self.tls.as_ref().and_then(|all| all.get(shown));
        let (caller, mut words) = received(&mut wire, patron, tls, patience, LONGEST_TURNED).await;
        let mut told = None;
        if caller.granted {
            let farewell = script::read(FAREWELL).ok().and_then(|mut all| all.pop());
            if let Some(probe) = talk.or(farewell.as_ref()) {
                let (verdict, said) = self.turned(&mut wire, &caller, probe).await;
                words.extend(said);
                told = talk.map(|_| verdict);
            }
        }
        wire.close().await;
        let others = Vec::new();
        Tried { caller, talk: told, words, calls: 1, others, ran: false, exit: None }
    }

    /// The line is turned: from here on the customer is the server.
    async fn turned(
        &mut self,
        wire: &mut Wire,
        caller: &Caller,
        probe: &Probe,
    ) -> (Verdict, Vec<Word>) {
        let mut names = self.serving.names.clone();
        let asked = caller.asked.first().and_then(|list| list.split(',').next());
        if let Some(domain) = asked.map(str::trim).filter(|domain| !domain.is_empty()) {
            if names.rcpt == format!("postmaster@{}", names.domain) {
                names.rcpt = format!("postmaster@{domain}");
            }
            domain.clone_into(&mut names.domain);
        }
        let now = Instant::now();
        let mut talk = Talk::new(probe, &names, Line::New, now, self.serving.patience);
        drive(wire, &mut talk, self.serving.patience).await;
        if self.offers.is_none() {
            self.offers.clone_from(&talk.offers()[0]);
        }
        if talk.leaves_the_line_clean() && !probe.alone {
            wire.queue(&b"QUIT\r\n"[..]);
            let soon = Some(Instant::now() + self.serving.patience);
            let mut rest = BytesMut::new();
            let _ = wire.flush(&mut rest, EAR, soon).await;
            let _ = wire.read(&mut rest, soon).await;
        }
        talk.over()
    }
}

/// A rule is kept only where the customer ends as it has to.
fn with_end(told: Verdict, ends: Ends, tried: &Tried) -> Verdict {
    if !matches!(told.outcome, Outcome::Pass | Outcome::Warn) {
        return told;
    }
    match judge_end(ends, tried.ran, tried.exit) {
        ended if ended.outcome == Outcome::Pass => told,
        ended => ended,
    }
}

/// Receives a caller, up to where it is over or the line has turned.
pub(super) async fn received(
    wire: &mut Wire,
    mut patron: Patron,
    tls: Option<&TlsServer>,
    patience: Duration,
    longest: Duration,
) -> (Caller, Vec<Word>) {
    let end = Instant::now() + longest;
    while Instant::now() < end {
        let mut input = BytesMut::new();
        match patron.poll(Instant::now()) {
            Want::Send(octets) => {
                wire.queue(octets);
                let sent = wire.flush(&mut input, EAR, Some(Instant::now() + patience)).await;
                if sent.is_err() {
                    patron.closed();
                }
            }
            Want::Hear(until) => match wire.read(&mut input, Some(until)).await {
                Ok(1..) => {}
                Err(WireFault::TimedOut { .. }) => patron.timed_out(),
                Ok(0) | Err(_) => patron.closed(),
            },
            Want::Secure => patron.secured(secure(wire, tls, patience).await),
            _ => return patron.over(),
        }
        if !input.is_empty() {
            patron.received(&input);
        }
    }
    patron.timed_out();
    patron.over()
}

/// Shakes hands, ourselves as the server.
async fn secure(wire: &mut Wire, tls: Option<&TlsServer>, patience: Duration) -> bool {
    let Some(tls) = tls else { return false };
    let line = std::mem::replace(wire, Wire::closed());
    let deadline = Some(Instant::now() + patience);
    match line.start_tls_server(tls, Callers::World, deadline).await {
        Ok(line) => {
            *wire = line;
            true
        }
        Err(_) => false,
    }
}

fn not_made(why: impl std::fmt::Display) -> NotOpened {
    NotOpened::Made(why.to_string())
}

/// A server that shows a certificate that was made for this run.
fn shown_by(made: &SelfSigned) -> Result<TlsServer, NotOpened> {
    let folder = tempfile::tempdir().map_err(not_made)?;
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, &made.certificate).map_err(not_made)?;
    let private = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key);
    private.and_then(|mut file| file.write_all(made.key.as_bytes())).map_err(not_made)?;
    Ok(TlsServer::load(KeyFiles { certificate, key }, &ClientCertificates::NotAsked)?)
}

/// Plays a talk over a line that is turned. It has no other line, and no TLS.
async fn drive(wire: &mut Wire, talk: &mut Talk, patience: Duration) {
    loop {
        let mut input = BytesMut::new();
        match talk.poll(Instant::now()) {
            Want::Over => return,
            Want::Send(octets) => {
                wire.queue(octets);
                let sent = wire.flush(&mut input, EAR, Some(Instant::now() + patience)).await;
                hand_over(&input, talk);
                if sent.is_err() {
                    talk.broke();
                }
            }
            Want::Hear(until) => {
                let heard = wire.read(&mut input, Some(until)).await;
                hand_over(&input, talk);
                match heard {
                    Ok(1..) => {}
                    Err(WireFault::TimedOut { .. }) => talk.timed_out(),
                    Ok(0) | Err(_) => talk.closed(),
                }
            }
            Want::Pause(until) => tokio::time::sleep_until(until.into()).await,
            Want::Secure => talk.secured(Err("there is none behind the turn".to_owned())),
            Want::Prove => talk.proved(Err("there is none behind the turn".to_owned())),
            Want::Anew(_) => talk.anew(Err("a customer calls by itself".to_owned())),
            Want::Shut => talk.shut(),
        }
    }
}

fn hand_over(input: &BytesMut, talk: &mut Talk) {
    if !input.is_empty() {
        talk.received(input, Instant::now());
    }
}
