//! A customer that we start is looked at together with its surroundings: we are its provider, and its target.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::EAR;
use super::customer::{Counter, received};
use super::speaker::Speaker;
use crate::net::{Bound, ListenAddr, ListenError, Wire, WireFault};
use crate::probe::host::{Act, Host, Plan, Seen, Stage};
use crate::probe::patron::Patron;
use crate::probe::script::{Level, Outcome, Verdict, Want, Word};
use crate::probe::suite::customer::affair::{Affair, Came, Outing, SUITE, Then, judge_suite};
use crate::probe::suite::{Record, Row};
use crate::smtp::Capabilities;

/// So much of what a customer writes is read, octets.
const MOST_WRITTEN: u64 = 1 << 20;
/// A target that nobody talks to any more is quiet after this.
const QUIET: Duration = Duration::from_millis(50);
/// And is waited for no longer than this.
const MOST_QUIET: Duration = Duration::from_secs(3);
/// What a second customer does is known after this.
const SECOND: Duration = Duration::from_secs(30);

/// The server that the customer delivers to: it takes everything, but for what is being tried.
pub(super) struct Target {
    inside: Arc<Inside>,
    serves: JoinHandle<()>,
}

struct Inside {
    me: String,
    patience: Duration,
    acts: Mutex<Vec<(Stage, Act)>>,
    seen: Mutex<Vec<Seen>>,
    busy: AtomicUsize,
}

impl Drop for Target {
    fn drop(&mut self) {
        self.serves.abort();
    }
}

impl Target {
    /// Opens it. Within the runtime.
    pub(super) fn open(
        at: &ListenAddr,
        me: &str,
        patience: Duration,
    ) -> Result<Target, ListenError> {
        let listener = Bound::bind(at)?.listen()?;
        let inside = Arc::new(Inside {
            me: me.to_owned(),
            patience,
            acts: Mutex::default(),
            seen: Mutex::default(),
            busy: AtomicUsize::new(0),
        });
        let house = Arc::clone(&inside);
        let serves = tokio::spawn(async move {
            loop {
                let wire = listener.accept().await;
                house.busy.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(Arc::clone(&house).serve(wire));
            }
        });
        Ok(Target { inside, serves })
    }

    /// From now on these are done otherwise, and what was seen before is forgotten.
    fn begin(&self, acts: &[(Stage, Act)]) {
        *lock(&self.inside.acts) = acts.to_vec();
        lock(&self.inside.seen).clear();
    }

    /// What was seen, once nobody talks to it any more.
    async fn seen(&self) -> Vec<Seen> {
        let until = Instant::now() + MOST_QUIET;
        while self.inside.busy.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            tokio::time::sleep(QUIET).await;
        }
        std::mem::take(&mut *lock(&self.inside.seen))
    }
}

impl Inside {
    async fn serve(self: Arc<Inside>, mut wire: Wire) {
        let mut acts = lock(&self.acts).clone();
        // Taken, where it is not one of these.
        for (stage, text) in [(Stage::Rcpt, "250 2.1.5 ok"), (Stage::Dot, "250 2.0.0 taken")] {
            if !acts.iter().any(|(at, _)| *at == stage) {
                acts.push((stage, Act::Say(text)));
            }
        }
        let plan = Plan { acts, ..Plan::default() };
        let host = Host::new(plan, &self.me, b"", false, Instant::now(), self.patience);
        let seen = played(&mut wire, host, self.patience).await;
        wire.close().await;
        lock(&self.seen).push(seen);
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Is the server over this line until that is over.
async fn played(wire: &mut Wire, mut host: Host, patience: Duration) -> Seen {
    loop {
        let mut input = BytesMut::new();
        match host.poll(Instant::now()) {
            Want::Send(octets) => {
                wire.queue(octets);
                let deadline = Some(Instant::now() + patience);
                if wire.flush(&mut input, EAR, deadline).await.is_err() {
                    host.closed();
                }
            }
            Want::Hear(until) => match wire.read(&mut input, Some(until)).await {
                Ok(1..) => {}
                Err(WireFault::TimedOut { .. }) => host.timed_out(Instant::now()),
                Ok(0) | Err(_) => host.closed(),
            },
            _ => return host.over().0,
        }
        if !input.is_empty() {
            host.received(&input);
        }
    }
}

/// What came of the rules for servers over the turned line.
#[derive(Default)]
pub(super) struct Suite {
    kept: usize,
    broken: Vec<String>,
}

impl Suite {
    /// One of them, or of the customer's own, which are none.
    pub(super) fn add(&mut self, record: &Record) {
        let counts = matches!(record.severity, Level::Must | Level::Security);
        match record.outcome {
            _ if record.id.starts_with("cust.") => {}
            Outcome::Pass => self.kept += 1,
            Outcome::Fail if counts => self.broken.push(record.id.clone()),
            _ => {}
        }
    }
}

impl Counter<'_> {
    /// Tries what is wanted of these; one of them sums up the rules for servers.
    pub(super) async fn serve_affairs(
        &mut self,
        affairs: &[Affair],
        suite: &Suite,
        wanted: &dyn Fn(&Row) -> bool,
        tell: &mut dyn FnMut(Record),
    ) {
        for affair in affairs {
            let row = Row::of_affair(affair);
            if !wanted(&row) {
                continue;
            }
            let begun = Instant::now();
            let (verdict, words) = match self.in_the_way(affair.needs.iter().copied()) {
                Some(why) => (Verdict::skip(why), Vec::new()),
                None if affair.head.id == SUITE => {
                    (judge_suite(suite.kept, &suite.broken), Vec::new())
                }
                None => self.affair(affair).await,
            };
            tell(Record::new(row, verdict, &words, super::millis(begun.elapsed()), self.calls()));
        }
    }

    async fn affair(&mut self, affair: &Affair) -> (Verdict, Vec<Word>) {
        let now = jiff::Timestamp::now().as_microsecond();
        let word = format!("odmr-probe-{now:x}");
        let (mut came, mut words, mut last) = (Vec::new(), Vec::new(), None);
        for (n, outing) in affair.outings.iter().enumerate() {
            // What was cut off comes again.
            let id = if last == Some(Then::Cut) { n - 1 } else { n };
            last = Some(outing.then);
            let content = self.content(&format!("{word}-{id}"));
            match self.outing(outing, &content, &mut words).await {
                Ok(one) => came.push(one),
                Err(why) => return (Verdict::unknown(why), words),
            }
        }
        ((affair.judge)(&came, &word), words)
    }

    fn content(&self, id: &str) -> String {
        let names = &self.serving().names;
        format!(
            "From: {id}@{me}\r\nTo: {rcpt}\r\nSubject: odmr-probe\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\
             Message-ID: <{id}@{me}>\r\n\r\nA message of smtp-probe.\r\n",
            me = names.me,
            rcpt = names.rcpt
        )
    }

    /// Starts the customer once, and looks what comes of it.
    async fn outing(
        &mut self,
        outing: &Outing,
        content: &str,
        words: &mut Vec<Word>,
    ) -> Result<Came, String> {
        self.open_target(outing.is_down)?;
        if let Some(target) = self.target() {
            target.begin(outing.target);
        }
        let mut child = self.start_with(Stdio::piped())?;
        let wrote = child.as_mut().and_then(|child| child.stdout.take()).map(|stdout| {
            tokio::spawn(async move {
                let mut text = Vec::new();
                let _ = stdout.take(MOST_WRITTEN).read_to_end(&mut text).await;
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        let begun = Instant::now();
        let mut came = Came { octets: content.len(), ..Came::default() };
        if let Ok(wire) = self.call(&mut child).await {
            came.called = true;
            self.received_by(wire, outing, content, &mut came, &mut child, words).await;
        }
        came.exit = match &mut child {
            Some(child) => self.ended(child, outing.within).await,
            None => None,
        };
        came.after = begun.elapsed();
        if let Some(wrote) = wrote {
            let told = tokio::time::timeout(MOST_QUIET, wrote).await;
            came.wrote = told.ok().and_then(Result::ok).unwrap_or_default();
        }
        if let Some(target) = self.target() {
            came.target = target.seen().await;
        }
        self.open_target(false)?;
        Ok(came)
    }

    /// Waits for its end, and whoever calls meanwhile hears that nothing waits.
    async fn ended(&mut self, child: &mut Child, within: Duration) -> Option<i32> {
        let until = Instant::now() + within;
        loop {
            tokio::select! {
                ended = child.wait() => {
                    return ended.ok().map(|status| status.code().unwrap_or(-1));
                }
                wire = self.accepted() => drop(self.nothing_waits(wire).await),
                () = tokio::time::sleep_until(until.into()) => {
                    let _ = child.kill().await;
                    return None;
                }
            }
        }
    }

    /// Is its provider, and then its client.
    async fn received_by(
        &mut self,
        mut wire: Wire,
        outing: &Outing,
        content: &str,
        came: &mut Came,
        child: &mut Option<Child>,
        words: &mut Vec<Word>,
    ) {
        let patience = self.serving().patience;
        let me = self.serving().names.me.clone();
        let patron = Patron::new((outing.manner)(), &me, Instant::now(), patience);
        let (caller, said) = received(&mut wire, patron, None, patience, outing.within).await;
        words.extend(said);
        came.asked = !caller.asked.is_empty();
        if caller.granted && outing.then == Then::Silence {
            silent(&mut wire, outing.within).await;
        } else if caller.granted {
            let mut speaker = Speaker::new(&mut wire, patience);
            // A line that breaks off shows in what was not answered.
            let _ = self.converse(&mut speaker, outing.then, content, came, child).await;
            words.append(&mut speaker.words);
            came.replies = std::mem::take(&mut speaker.replies);
        }
        wire.close().await;
    }

    async fn converse(
        &mut self,
        speaker: &mut Speaker<'_>,
        then: Then,
        content: &str,
        came: &mut Came,
        child: &mut Option<Child>,
    ) -> Result<(), String> {
        let names = self.serving().names.clone();
        if speaker.hear().await? != 220 {
            return speaker.ask("QUIT").await.map(drop);
        }
        speaker.ask(&format!("EHLO {}", names.me)).await?;
        let offers = speaker.replies.last().map(Capabilities::from_ehlo).unwrap_or_default();
        if then == Then::Again {
            came.second = self.second().await.ok();
            return speaker.ask("QUIT").await.map(drop);
        }
        if !self.serving().data {
            return speaker.ask("QUIT").await.map(drop);
        }
        let size = offers.size.map(|_| format!(" SIZE={}", content.len())).unwrap_or_default();
        let body = if offers.eight_bit_mime { " BODY=8BITMIME" } else { "" };
        speaker.ask(&format!("MAIL FROM:<{}>{size}{body}", names.from)).await?;
        if speaker.ask(&format!("RCPT TO:<{}>", names.rcpt)).await? / 100 == 2
            && speaker.ask("DATA").await? == 354
        {
            speaker.send(content.as_bytes()).await?;
            speaker.ask(".").await?;
        }
        came.answer = speaker.replies.last().cloned();
        match (then, child) {
            (Then::Cut, _) => return Ok(()),
            (Then::Kill, Some(child)) => {
                let _ = child.start_kill();
                return Ok(());
            }
            _ => {}
        }
        speaker.ask("QUIT").await.map(drop)
    }

    /// Starts the customer a second time: how does it end, and does it call?
    async fn second(&mut self) -> Result<(Option<i32>, bool), String> {
        let Some(mut child) = self.start_with(Stdio::null())? else { return Err(String::new()) };
        let until = Instant::now() + SECOND;
        tokio::select! {
            ended = child.wait() => {
                Ok((ended.ok().map(|status| status.code().unwrap_or(-1)), false))
            }
            wire = self.accepted() => {
                self.nothing_waits(wire).await;
                let _ = child.kill().await;
                Ok((None, true))
            }
            () = tokio::time::sleep_until(until.into()) => {
                let _ = child.kill().await;
                Ok((None, false))
            }
        }
    }
}

/// Says nothing, until the other side has hung up.
async fn silent(wire: &mut Wire, within: Duration) {
    let until = Some(Instant::now() + within);
    loop {
        let mut input = BytesMut::new();
        match wire.read(&mut input, until).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}
