//! A provider turns the line, and finds a server there that is made for a rule.
//!
//! Nothing is taken from it. Where a rule says that mail stays, it is asked again, and what it offers then is held
//! against what it offered before.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::{Asked, EAR, LONGEST, LONGEST_TURNED, Open, Scene, millis};
use crate::net::WireFault;
use crate::probe::host::{Host, Plan, Seen};
use crate::probe::script::{Outcome, Verdict, Want, Word};
use crate::probe::suite::reversed::{
    Asked as How, judge_domains, judge_gone, judge_kept, judge_nothing_waits, judge_parallel, look,
};
use crate::probe::suite::{Record, Row};
use crate::smtp::{Reply, ReplyParser};

/// Who is told to ask later does so this often,
const TRIES: usize = 3;
/// and this much later.
pub(super) const LATER: Duration = Duration::from_secs(1);
/// ATRN may be answered so late. RFC 2645, section 5.2.1.
const LONGEST_ATRN: Duration = Duration::from_secs(610);
/// The rule for a provider that has no mail.
const NOTHING_WAITS: &str = "atrn.nomail";

/// How ATRN was answered.
pub(super) enum Answered {
    /// The line is turned; these octets came behind the 250.
    Turned(BytesMut),
    /// So.
    Otherwise(Reply),
    /// The line was closed instead.
    Gone(String),
    /// Nothing came, or what came was nothing.
    Silent(String),
    /// Nobody could tell, because of this.
    Not(String),
}

/// One session, over.
pub(super) struct Session {
    pub(super) seen: Seen,
    pub(super) words: Vec<Word>,
}

impl Asked<'_> {
    /// Asks what is wanted of these, one after the other.
    pub async fn ask_turned(
        &mut self,
        scenes: &[Scene],
        wanted: &dyn Fn(&Row) -> bool,
        tell: &mut dyn FnMut(Record),
    ) {
        if !self.asking.turn {
            self.tell_held(false, tell);
        }
        let wanted: Vec<(&Scene, Row)> = scenes
            .iter()
            .map(|scene| (scene, Row::of_scene(scene)))
            .filter(|(_, row)| wanted(row))
            .collect();
        let mut before: Option<Result<Seen, Verdict>> = None;
        for (scene, row) in wanted {
            let begun = Instant::now();
            let (verdict, words) = match self.not_turned(scene) {
                Some(why) => (Verdict::skip(why), Vec::new()),
                None if scene.asked == How::Patiently => self.answers_in_time().await,
                None => {
                    if before.is_none() {
                        before = Some(self.look_first().await);
                        self.tell_what_waited(tell);
                        self.waits = None;
                    }
                    match before.as_mut() {
                        Some(Ok(_)) if scene.head.id == NOTHING_WAITS => {
                            (Verdict::skip("mail waits"), Vec::new())
                        }
                        Some(Ok(known)) => self.scene(scene, known, tell).await,
                        Some(Err(told)) if scene.head.id == NOTHING_WAITS => {
                            (told.clone(), Vec::new())
                        }
                        Some(Err(told)) => (waits_for_mail(told, &self.names.domain), Vec::new()),
                        None => (Verdict::unknown("nobody looked"), Vec::new()),
                    }
                }
            };
            let record = Record::new(row, verdict, &words, millis(begun.elapsed()), self.calls);
            match self.waits.take() {
                // Whether mail has stayed such a rule has looked at itself.
                Some(true) if !scene.keeps => self.tell_of(record, Some(true), tell),
                waits => {
                    tell(record);
                    if waits == Some(false) && matches!(before, Some(Ok(_))) {
                        before = Some(Err(Verdict::unknown("the mail that waited is gone")));
                    }
                }
            }
        }
        self.tell_held(false, tell);
        self.hang_up().await;
    }

    /// Tells of the rule before, by what ATRN has just been answered.
    fn tell_what_waited(&mut self, tell: &mut dyn FnMut(Record)) {
        if let Some(waits) = self.waits {
            self.tell_held(!waits, tell);
        }
    }

    fn not_turned(&self, scene: &Scene) -> Option<String> {
        let asking = self.asking;
        let lacks = |need: &&str| match *need {
            "slow" => !asking.slow,
            "intrusive" => !asking.intrusive,
            _ => false,
        };
        match () {
            () if asking.login.is_none() => Some("needs a login".to_owned()),
            () if !asking.turn => Some("needs --turn".to_owned()),
            () => scene.needs.iter().find(|need| lacks(need)).map(|need| format!("needs --{need}")),
        }
    }

    /// What is there before anything is tried, or what it says to that where nothing is.
    async fn look_first(&mut self) -> Result<Seen, Verdict> {
        match self.turn(b"").await {
            Answered::Turned(early) => {
                let session = self.host(look(), early, &mut |_| false).await;
                match session.seen.offers.is_empty() {
                    false => Ok(session.seen),
                    true => Err(judge_nothing_waits(250, Some(&session.seen))),
                }
            }
            Answered::Otherwise(reply) if matches!(reply.code, 450 | 451) => {
                Err(Verdict::unknown(told(&reply)))
            }
            Answered::Otherwise(reply) => Err(judge_nothing_waits(reply.code, None)),
            Answered::Gone(why) | Answered::Silent(why) | Answered::Not(why) => {
                Err(Verdict::unknown(why))
            }
        }
    }

    /// ATRN, and all the time that its answer may take; what is turned by it hears that nothing is taken.
    async fn answers_in_time(&mut self) -> (Verdict, Vec<Word>) {
        let verdict = match self.turn_within(b"", LONGEST_ATRN).await {
            Answered::Turned(_) | Answered::Otherwise(_) => Verdict::pass(),
            Answered::Gone(why) | Answered::Silent(why) => judge_gone(&why),
            Answered::Not(why) => Verdict::unknown(why),
        };
        self.hang_up().await;
        (verdict, Vec::new())
    }

    async fn scene(
        &mut self,
        scene: &Scene,
        known: &mut Seen,
        tell: &mut dyn FnMut(Record),
    ) -> (Verdict, Vec<Word>) {
        let hasty = format!("220 {} odmr-probe\r\n", self.names.me).into_bytes();
        let behind = if scene.asked == How::Hasty { &hasty[..] } else { b"" };
        let answered = self.turn(behind).await;
        let was_held = self.held.is_some();
        self.tell_what_waited(tell);
        let early = match answered {
            Answered::Turned(early) => early,
            Answered::Otherwise(reply) if scene.asked == How::Hasty && reply.code >= 500 => {
                self.open = None;
                return (Verdict::pass(), Vec::new());
            }
            Answered::Otherwise(reply) if reply.code == 453 && !was_held => {
                return (judge_kept(known, None), Vec::new());
            }
            Answered::Otherwise(reply) => return (Verdict::unknown(told(&reply)), Vec::new()),
            Answered::Gone(_) if scene.asked == How::Hasty => return (Verdict::pass(), Vec::new()),
            Answered::Gone(why) | Answered::Silent(why) | Answered::Not(why) => {
                return (Verdict::unknown(why), Vec::new());
            }
        };
        let (mut verdict, words) = match scene.asked {
            How::Twice => self.twice(early, known).await,
            _ => {
                let session = self.host((scene.plan)(), early, &mut |_| false).await;
                let verdict = match scene.head.id {
                    "rev.domains" | "rev.no-relay-use" => {
                        judge_domains(&session.seen, &self.names.domain)
                    }
                    _ => (scene.judge)(&session.seen),
                };
                (verdict, session.words)
            }
        };
        if scene.keeps && matches!(verdict.outcome, Outcome::Pass | Outcome::Warn) {
            let kept = self.look_again(known).await;
            if kept.outcome != Outcome::Pass {
                verdict = kept;
            }
        }
        (verdict, words)
    }

    /// What is there now, held against what was there before. A line that was cut may still be thought to be there:
    /// who is told to ask later does so.
    async fn look_again(&mut self, known: &mut Seen) -> Verdict {
        let mut last = Verdict::unknown("nobody looked");
        for _ in 0..TRIES {
            last = match self.turn(b"").await {
                Answered::Turned(early) => {
                    let now = self.host(look(), early, &mut |_| false).await.seen;
                    if now.quit && !now.stalled && !now.capped {
                        let told = judge_kept(known, Some(&now));
                        *known = now;
                        return told;
                    }
                    Verdict::unknown("the session that looked again broke off")
                }
                Answered::Otherwise(reply) if reply.code == 453 => judge_kept(known, None),
                Answered::Otherwise(reply) => Verdict::unknown(told(&reply)),
                Answered::Gone(why) | Answered::Silent(why) | Answered::Not(why) => {
                    Verdict::unknown(why)
                }
            };
            tokio::time::sleep(LATER).await;
        }
        last
    }

    /// While a message is in hand over one line, another line asks for the same.
    async fn twice(&mut self, early: BytesMut, known: &Seen) -> (Verdict, Vec<Word>) {
        let is_in_hand =
            |seen: &Seen| seen.offers.last().is_some_and(|offer| !offer.rcpts.is_empty());
        let one = self.host(look(), early, &mut |seen| is_in_hand(seen)).await;
        let first = self.open.take();
        let verdict = match self.turn(b"").await {
            Answered::Turned(early) => {
                let other = self.host(look(), early, &mut |_| false).await;
                judge_parallel(known, &one.seen, &other.seen)
            }
            Answered::Otherwise(reply) if reply.is_transient() => Verdict::pass(),
            Answered::Otherwise(reply) => Verdict::unknown(told(&reply)),
            Answered::Gone(why) | Answered::Silent(why) | Answered::Not(why) => {
                Verdict::unknown(why)
            }
        };
        self.hang_up().await;
        // It waits for an answer to RCPT: a line that is cut is one.
        drop(first);
        (verdict, one.words)
    }

    /// Logs in over a new line, and asks for the domain's mail.
    pub(super) async fn turn(&mut self, behind: &[u8]) -> Answered {
        self.turn_within(behind, self.asking.patience).await
    }

    async fn turn_within(&mut self, behind: &[u8], patience: Duration) -> Answered {
        let answered = self.answered(behind, patience).await;
        self.waits = match &answered {
            Answered::Turned(_) => Some(true),
            Answered::Otherwise(reply) if reply.code == 453 => Some(false),
            _ => None,
        };
        answered
    }

    async fn answered(&mut self, behind: &[u8], patience: Duration) -> Answered {
        self.hang_up().await;
        let told = self.look(super::proof::LOG_IN).await.verdict;
        if told.outcome != Outcome::Pass {
            return Answered::Not(told.why);
        }
        let deadline = Some(Instant::now() + patience);
        let line = format!("ATRN {}\r\n", self.names.domain);
        let Some(open) = &mut self.open else {
            return Answered::Not("the line is closed".to_owned());
        };
        let (mut input, mut parser) = (BytesMut::new(), ReplyParser::default());
        open.wire.queue([line.as_bytes(), behind].concat());
        if let Err(why) = open.wire.flush(&mut input, EAR, deadline).await {
            return Answered::Not(why.to_string());
        }
        loop {
            match parser.next(&mut input) {
                Ok(Some(reply)) if reply.is_positive() => {
                    open.is_turned = true;
                    return Answered::Turned(input);
                }
                Ok(Some(mut reply)) => {
                    self.secrets.hide_in(&mut reply);
                    return Answered::Otherwise(reply);
                }
                Ok(None) => {}
                Err(why) => return Answered::Not(why.to_string()),
            }
            match open.wire.read(&mut input, deadline).await {
                Ok(0) => return Answered::Gone("it hung up behind ATRN".to_owned()),
                Ok(_) => {}
                Err(why) => return Answered::Silent(format!("ATRN: {why}")),
            }
        }
    }

    /// Is the server for whoever is at the other end of the line, until that is over, or far enough.
    pub(super) async fn host(
        &mut self,
        plan: Plan,
        early: BytesMut,
        enough: &mut dyn FnMut(&Seen) -> bool,
    ) -> Session {
        let tls = self.open.as_ref().is_some_and(|open| open.tls);
        let patience = self.asking.patience;
        let mut host = Host::new(plan, &self.names.me, &early, tls, Instant::now(), patience);
        let end = Instant::now() + if self.asking.slow { LONGEST } else { LONGEST_TURNED };
        while let Some(open) = &mut self.open {
            if Instant::now() > end {
                host.timed_out(end);
            }
            let wants = host.poll(Instant::now());
            if enough(host.seen()) {
                let (seen, words) = host.over();
                return Session { seen, words };
            }
            match wants {
                Want::Send(octets) => {
                    open.is_turned = false;
                    open.wire.queue(octets);
                    let mut input = BytesMut::new();
                    let deadline = Some(Instant::now() + patience);
                    let sent = open.wire.flush(&mut input, EAR, deadline).await;
                    if !input.is_empty() {
                        host.received(&input);
                    }
                    if sent.is_err() {
                        host.closed();
                    }
                }
                Want::Hear(until) => hear(open, &mut host, until).await,
                _ => break,
            }
        }
        // The other side is the client: it is its line to say QUIT on, and ours to close.
        if let Some(Open { wire, .. }) = self.open.take() {
            wire.close().await;
        }
        let (seen, words) = host.over();
        Session { seen, words }
    }
}

async fn hear(open: &mut Open, host: &mut Host, until: Instant) {
    let mut input = BytesMut::new();
    let heard = open.wire.read(&mut input, Some(until)).await;
    if !input.is_empty() {
        host.received(&input);
    }
    match heard {
        Ok(0) => host.closed(),
        Ok(_) => {}
        Err(WireFault::TimedOut { .. }) => host.timed_out(Instant::now()),
        Err(_) => host.closed(),
    }
}

pub(super) fn told(reply: &Reply) -> String {
    format!("ATRN was answered by {} {}", reply.code, reply.text.lines().next().unwrap_or_default())
}

/// Why a rule for mail is not tried where none waits.
fn waits_for_mail(told: &Verdict, domain: &str) -> Verdict {
    match told.outcome {
        Outcome::Inconclusive => told.clone(),
        Outcome::Fail => Verdict::unknown(told.why.clone()),
        _ => Verdict::skip(format!("no mail waits for {domain}: send it some, and ask again")),
    }
}
