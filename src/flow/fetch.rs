//! One run of the customer: try the target, call, ask, turn, take the mail in, and again while the
//! provider has more; then say in a few words and one exit code what came of it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tracing::{debug, info};

use super::call::{Asked, CallFault, Called, Caller, Way, groups};
use super::line::{LineEnd, Stop, last_words};
use super::receive::{Progress, Receiver, Reception, Tally, Terms};
use super::summary::{Later, Outcome, Summary};
use crate::config::fetch;
use crate::exit::Exit;
use crate::net::WireFault;
use crate::session::transcript::Transcript;
use crate::session::{Granted, Profile, ServerSettings};
use crate::sink::{Offer, Sink, SinkFault};
use crate::smtp::{Domain, Reply};

/// What a run needs.
pub struct Run<'a, K: Sink> {
    /// How the provider is called.
    pub caller: Caller<'a>,
    /// Where the mail goes.
    pub sink: K,
    /// What may be taken. Its domains are those of `account.domains` or `account.accept_domains`.
    pub terms: Terms,
    /// Tells the run to end.
    pub stop: Stop,
    /// What was taken so far.
    pub tally: Tally,
    /// The dialogues of the sessions, where they are wanted.
    pub transcripts: Option<Vec<Transcript>>,
}

/// Why a run ended without mail.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// Our own target; the provider has not been asked.
    #[error("{0}")]
    Target(#[from] SinkFault),
    /// The call came to nothing.
    #[error("{0}")]
    Call(#[from] CallFault),
    /// ATRN was refused.
    #[error("{verb} was answered \"{reply}\"")]
    Refused {
        /// ATRN or TURN.
        verb: &'static str,
        /// The answer.
        reply: Reply,
    },
    /// The provider did not wait for us to speak.
    #[error("it spoke out of turn behind its 250: \"{0}\"")]
    SpokeTooSoon(String),
    /// The line ended before the provider said QUIT.
    #[error("the session broke off: {0}")]
    BrokeOff(LineEnd),
    /// We were told to stop, and nothing had been asked for yet.
    #[error("stopped before anything was fetched")]
    Stopped,
}

/// So many Received fields are a loop here: as many again as are one for the provider, so that nothing which he
/// has taken is refused for good. RFC 5321, section 6.3.
const RECEIVED: u32 = 200;

/// How it was told that nothing was there.
enum Empty {
    /// In words.
    Told(Reply),
    /// By QUIT behind the turn.
    Quit,
    /// The line was closed behind the 250.
    Closed,
}

/// How a round ended.
enum Round {
    /// Nothing was there.
    NoMail(Empty),
    /// Mail came; `more` when a further round may bring more.
    Mail { more: bool },
    /// Mail came, and then the session broke off. What was in hand is still there.
    Broken(LineEnd),
}

impl Round {
    /// Whether another may bring more; what a provider without mail said is kept.
    fn concerns_more(&self, summary: &mut Summary) -> bool {
        match self {
            Round::NoMail(how) => {
                summary.empty = Some(match how {
                    Empty::Told(reply) => {
                        summary.last_reply = Some(reply.to_string());
                        "told"
                    }
                    Empty::Quit => "quit",
                    Empty::Closed => "closed",
                });
                false
            }
            Round::Mail { more } => *more,
            Round::Broken(_) => true,
        }
    }
}

impl<K: Sink> Run<'_, K> {
    /// Runs to the end, whatever comes.
    pub async fn to_the_end(
        mut self,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> (Summary, Option<Vec<Transcript>>) {
        let begun = Instant::now();
        let account = self.caller.account;
        let mut summary = Summary::new(&account.name, &self.caller.server, account.port);
        let end = self.rounds(&mut summary, progress).await;
        self.sink.close().await;
        self.conclude(&mut summary, end);
        summary.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        (summary, self.transcripts)
    }

    /// The target is tried *before* anything is asked for: while it is down, the mail is safer with
    /// the provider.
    async fn rounds(
        &mut self,
        summary: &mut Summary,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), FetchFault> {
        let mut stop = self.stop.clone();
        let offer = tokio::select! {
            biased;
            Ok(_) = stop.wait_for(|stop| *stop) => return Err(FetchFault::Stopped),
            offer = self.sink.open() => offer?,
        };
        let mut left: Option<VecDeque<Vec<Domain>>> = None;
        let mut in_a_row = 0;
        let mut broken: Option<LineEnd> = None;
        let mut never_whole = None;
        loop {
            let called = self.call().await?;
            note_call(summary, &called);
            let account = self.caller.account;
            let pending = left.get_or_insert_with(|| match called.takes_a_list(account) {
                true => groups(&account.domains, called.line_limit()).into(),
                false => VecDeque::from([Vec::new()]),
            });
            let Some(group) = pending.front().cloned() else { return Ok(()) };
            let again = in_a_row > 0 && broken.is_none();
            let (way, round) = self.round(called, &group, again, offer, summary, progress).await?;
            if way != Way::List {
                pending.truncate(1); // it was about all domains, those of the other groups too
            }
            let more = round.concerns_more(summary);
            broken = match round {
                Round::Broken(end) => Some(end),
                Round::NoMail(_) | Round::Mail { .. } => None,
            };
            in_a_row = if more { in_a_row + 1 } else { 0 };
            if !more || in_a_row >= account.max_rounds {
                summary.more |= more;
                in_a_row = 0;
                pending.pop_front();
                // As often as it was tried: what the last session broke off at is not done.
                never_whole = never_whole.or(broken.take());
            }
            let late = Instant::now() >= self.terms.until;
            let enough = self.tally.ceiling || late || *self.stop.borrow();
            summary.more |= enough && !pending.is_empty();
            if pending.is_empty() || enough {
                let end = never_whole.or(broken.filter(|_| !*self.stop.borrow()));
                return end.map_or(Ok(()), |end| Err(FetchFault::BrokeOff(end)));
            }
        }
    }

    /// `again` says that these very domains have just been asked for, and had mail, all of which came as far
    /// as we know.
    async fn round(
        &mut self,
        called: Called,
        group: &[Domain],
        again: bool,
        offer: Offer,
        summary: &mut Summary,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(Way, Round), FetchFault> {
        let mut stop = self.stop.clone();
        let asked = tokio::select! {
            biased;
            // Before the turn nothing is on its way to us: the provider finds the line closed.
            Ok(_) = stop.wait_for(|stop| *stop) => return Err(FetchFault::Stopped),
            asked = called.ask_for(self.caller.account, group) => asked?,
        };
        match asked {
            Asked::Turning(called, way, granted) => {
                summary.verb = Some(way.word());
                summary.rounds += 1;
                summary.last_reply = Some(granted.reply().to_string());
                Ok((way, self.turn(*called, granted, offer, progress).await?))
            }
            Asked::Told(way, reply, dialogue) => {
                summary.verb = Some(way.word());
                self.keep(dialogue);
                // Asked again so soon only because mail had come: the end of it, not a fault. But whoever
                // cannot tell just now (451) may well have more.
                let the_end = again && reply.is_transient() && reply.code != 451;
                if the_end || says_no_mail(&reply) {
                    // "Not so soon" leaves open what is still there; behind a list, providers with a pace say it
                    // to whoever asks whether that was all.
                    summary.more |= reply.code == 450 && way != Way::List;
                    return Ok((way, Round::NoMail(Empty::Told(reply))));
                }
                Err(FetchFault::Refused { verb: way.verb(), reply })
            }
        }
    }

    /// From here on we are the server.
    async fn turn(
        &mut self,
        called: Called,
        granted: Granted,
        offer: Offer,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Round, FetchFault> {
        let Called { mut wire, session, offers, .. } = called;
        let settings = Arc::new(self.settings(offer));
        let secure = wire.tls().is_some();
        let mut session = match session.turn(granted, settings, secure, Instant::now()) {
            Ok(session) => session,
            // Some providers say so when they find that there is nothing after all.
            Err(early) if early.heard.starts_with(b"QUIT") => {
                return Ok(Round::NoMail(Empty::Quit));
            }
            Err(early) => {
                let heard = crate::smtp::escape::Escaped(&early.heard).to_string();
                return Err(FetchFault::SpokeTooSoon(heard));
            }
        };
        let receiver = Receiver::new(&self.terms, &mut self.sink, &mut self.tally, progress, &wire);
        let reception = receiver.receive(&mut wire, &mut session, self.stop.clone()).await;
        last_words(&mut wire, &mut session).await;
        wire.close_hearing_out().await;
        self.keep(session.transcript().clone());
        match judge(reception, offers.xodmr.is_some()) {
            // Nobody has said that there is none.
            Ok(Round::NoMail(_)) if *self.stop.borrow() => Err(FetchFault::Stopped),
            judged => judged,
        }
    }

    /// What we are as a server: no more than the target can take.
    fn settings(&self, offer: Offer) -> ServerSettings {
        let account = self.caller.account;
        let mut patience = self.caller.patience;
        patience.command = account.timeout_command.get();
        patience.block = account.timeout_data.get();
        ServerSettings {
            max_size: offer.size.unwrap_or(u64::MAX),
            max_recipients: offer.rcptmax.unwrap_or(1000),
            max_streamed: self.terms.max_message.unwrap_or(u64::MAX),
            smtputf8: offer.smtputf8,
            binarymime: offer.binarymime,
            dsn: offer.dsn,
            // The provider has counted too, and adds a field of its own.
            max_received: RECEIVED,
            session: account.max_session.get(),
            patience,
            mends_bare_lf: account.profile == fetch::Profile::Exchange,
            ..ServerSettings::new(Profile::Reversed, &self.terms.name)
        }
    }

    /// Calls, and keeps the dialogue of a call that came to nothing.
    async fn call(&mut self) -> Result<Called, FetchFault> {
        let mut dialogue = self.transcript();
        let mut stop = self.stop.clone();
        let called = tokio::select! {
            biased;
            Ok(_) = stop.wait_for(|stop| *stop) => return Err(FetchFault::Stopped),
            called = self.caller.call(&mut dialogue) => called,
        };
        if called.is_err() {
            self.keep(dialogue);
        }
        Ok(called?)
    }

    fn keep(&mut self, dialogue: Transcript) {
        if let Some(transcripts) = &mut self.transcripts {
            transcripts.push(dialogue);
        }
    }

    fn transcript(&self) -> Transcript {
        match self.transcripts {
            Some(_) => Transcript::kept(),
            None => Transcript::default(),
        }
    }

    fn conclude(&self, summary: &mut Summary, end: Result<(), FetchFault>) {
        let tally = &self.tally;
        summary.offered = tally.offered;
        summary.accepted = tally.accepted;
        summary.duplicates = tally.duplicates;
        summary.deferred = tally.deferred + tally.owed();
        summary.refused = tally.refused;
        summary.bytes = tally.octets;
        summary.by_code = tally.by_code.clone();
        summary.more |= tally.ceiling;
        summary.interrupted = *self.stop.borrow();
        (summary.result, summary.exit) = match &end {
            Err(fault) => fault.outcome(),
            Ok(()) if summary.deferred > 0 || summary.more => (Outcome::Partial, Exit::Partial),
            Ok(()) if tally.offered == 0 => (Outcome::NoMail, Exit::Ok),
            Ok(()) => (Outcome::Ok, Exit::Ok),
        };
        if end.is_ok() {
            self.judge_target(summary);
        }
        if let Err(fault) = end {
            summary.reason = Some(fault.told(&summary.server));
            summary.hint = fault.hint();
            summary.another_may_help = fault.another_may_help();
            summary.later = fault.later();
            summary.offline = matches!(&fault, FetchFault::Call(fault) if fault.is_offline());
            if let FetchFault::Refused { reply, .. } = &fault {
                summary.next_hint_s =
                    reply.is_transient().then(|| time_named(&reply.text)).flatten();
                summary.last_reply = Some(reply.to_string());
            }
        }
    }
}

impl<K: Sink> Run<'_, K> {
    /// A run that went well with the provider may have brought nothing to the target: nobody would look at
    /// that before the mail is too old.
    fn judge_target(&self, summary: &mut Summary) {
        let tally = &self.tally;
        let none = tally.accepted + tally.duplicates + tally.refused == 0;
        let said = tally.put_off.as_ref().filter(|_| none);
        summary.reason = match (tally.target_lost, said) {
            (true, _) => {
                Some("the target stopped answering; the rest stays with the provider".into())
            }
            (false, Some(reply)) => Some(format!("the target puts all mail off: {reply}")),
            (false, None) => return,
        };
        summary.hint = Some("atrn-fetch test-target tries it; its own log may say why".into());
    }
}

fn note_call(summary: &mut Summary, called: &Called) {
    summary.tls = called.wire.tls().map(|facts| facts.version());
    summary.mech = called.mechanism.map(|mechanism| mechanism.name());
    let told = called.session.transcript();
    let offers: Vec<String> = called.offers.lines.iter().map(|line| told.hidden(line)).collect();
    debug!(?offers, tls = summary.tls, mech = summary.mech, "logged in");
}

/// What a reversed session means for the run.
fn judge(reception: Reception, one_of_ours: bool) -> Result<Round, FetchFault> {
    let Reception { end, taken, greeted, began } = reception;
    match end {
        Ok(()) if !began => Ok(Round::NoMail(Empty::Quit)),
        // Ours sends all it has; others may stop after so many messages and wait to be asked again.
        Ok(()) => Ok(Round::Mail { more: taken > 0 && !one_of_ours }),
        // 250, and then nothing, or a QUIT in clear below TLS: there was no mail after all. Ours says so.
        Err(LineEnd::Closed | LineEnd::Wire(WireFault::Closed | WireFault::Tls { .. }))
            if !greeted && !one_of_ours =>
        {
            Ok(Round::NoMail(Empty::Closed))
        }
        Err(LineEnd::Wire(WireFault::Io(error)))
            if !greeted && !one_of_ours && is_reset(&error) =>
        {
            Ok(Round::NoMail(Empty::Closed))
        }
        // A session that brought something may be followed by one that brings the rest.
        Err(end) if taken > 0 => {
            info!(%end, taken, "the session broke off; calling again");
            Ok(Round::Broken(end))
        }
        Err(end) => Err(FetchFault::BrokeOff(end)),
    }
}

/// Closed by a peer that had not read all that we said.
fn is_reset(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset};
    matches!(error.kind(), ConnectionReset | BrokenPipe)
}

/// 453 means "no mail", except where its words say that somebody else is at it (IndiMail).
fn says_no_mail(reply: &Reply) -> bool {
    let text = reply.text.to_lowercase();
    let about_mail = ["no mail", "no message", "nothing", "empty", "no queue"]
        .iter()
        .any(|word| text.contains(word));
    let busy = ["already", "busy", "being processed", "in progress", "locked"]
        .iter()
        .any(|word| text.contains(word));
    reply.code == 453 && (about_mail || !busy)
}

impl FetchFault {
    /// What the run came to, and how the program ends.
    pub fn outcome(&self) -> (Outcome, Exit) {
        let exit = match self {
            FetchFault::Target(fault) => target_exit(fault),
            FetchFault::Call(fault) => fault.exit(),
            FetchFault::Refused { reply, .. } => refused_exit(reply),
            FetchFault::SpokeTooSoon(_) => Exit::Protocol,
            FetchFault::BrokeOff(end) => end.exit(),
            FetchFault::Stopped => Exit::TempFail,
        };
        let outcome = match exit {
            Exit::Protocol => Outcome::Protocol,
            Exit::NoPerm => Outcome::Denied,
            Exit::Config | Exit::CantCreate | Exit::Io => Outcome::Config,
            _ => Outcome::Tempfail,
        };
        (outcome, exit)
    }

    /// Why it is for later, where it is, and more is known than that a line broke.
    pub fn later(&self) -> Option<Later> {
        let busy = |reply: &Reply| reply.is_transient().then_some(Later::Busy);
        match self {
            FetchFault::Target(_) => Some(Later::Target),
            FetchFault::Refused { reply, .. } => busy(reply),
            FetchFault::Call(CallFault::Greeting(reply) | CallFault::Refused(_, reply)) => {
                busy(reply)
            }
            _ => None,
        }
    }

    /// Whether another provider is worth a call instead. One that cannot be reached, or cannot just now,
    /// is no ground to go without mail. One that does not believe us, does not let us, or is not who it
    /// should be, must be heard of: the next would hide it.
    pub fn another_may_help(&self) -> bool {
        match self {
            FetchFault::Call(fault) => fault.another_may_help(),
            FetchFault::Refused { reply, .. } => matches!(reply.code, 421 | 451),
            FetchFault::Target(_)
            | FetchFault::SpokeTooSoon(_)
            | FetchFault::BrokeOff(_)
            | FetchFault::Stopped => false,
        }
    }

    /// What is wrong, and with whom: the provider, unless the fault names somebody itself.
    pub fn told(&self, server: &str) -> String {
        match self {
            FetchFault::Target(fault) => fault.to_string(),
            FetchFault::Call(fault) => fault.told(server),
            _ => format!("{server}: {self}"),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FetchFault::Target(fault) => fault.hint().map(str::to_owned),
            FetchFault::Call(fault) => fault.hint(),
            FetchFault::Refused { reply, .. } => refused_hint(reply).map(str::to_owned),
            FetchFault::SpokeTooSoon(_) => {
                Some("nothing was taken from this line: anybody may have said that".to_owned())
            }
            FetchFault::BrokeOff(_) | FetchFault::Stopped => None,
        }
    }
}

fn target_exit(fault: &SinkFault) -> Exit {
    match fault {
        SinkFault::Settings { .. } | SinkFault::NotSmtp { .. } | SinkFault::NotOffered { .. } => {
            Exit::Config
        }
        SinkFault::Disk { .. } | SinkFault::Program { .. } => Exit::CantCreate,
        SinkFault::Refused { reply, .. } if reply.is_permanent() => Exit::Config,
        _ => Exit::TempFail,
    }
}

/// The time behind the last `in` of a reply, in seconds: "try again in 5 minutes".
fn time_named(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (_, behind) =
        lower.rsplit_once(" in ").or_else(|| Some(("", lower.strip_prefix("in ")?)))?;
    let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = behind[..digits].parse().ok()?;
    let unit = behind[digits..].trim_start();
    let unit = &unit[..unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len())];
    let seconds = match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        _ => return None,
    };
    number.checked_mul(seconds)
}

/// RFC 2645 says 450 both for "not yours" and for "too soon"; the enhanced status tells them apart,
/// or else the words. Where neither does, trying again later is what costs least.
fn refused_exit(reply: &Reply) -> Exit {
    match reply.code {
        450 if reply.enhanced.is_some_and(|status| (status.subject, status.detail) == (7, 1)) => {
            Exit::NoPerm
        }
        450 if reply.enhanced.is_none() && mentions_access(reply) => Exit::NoPerm,
        400..=499 => Exit::TempFail,
        500..=504 => Exit::Protocol,
        _ => Exit::NoPerm,
    }
}

fn mentions_access(reply: &Reply) -> bool {
    let text = reply.text.to_lowercase();
    ["access", "denied", "not allowed", "permission", "not permitted", "unauthor"]
        .iter()
        .any(|word| text.contains(word))
}

fn refused_hint(reply: &Reply) -> Option<&'static str> {
    match refused_exit(reply) {
        Exit::NoPerm => Some(
            "does the account own every domain that is asked for? With none named, it gets all of its own",
        ),
        Exit::Protocol => Some("see what it offers: atrn-fetch check"),
        _ if reply.code == 450 => Some(
            "the provider may want a longer pause between calls, or may not know these domains",
        ),
        _ => None,
    }
}

/// The domains whose mail is ours.
pub fn own_domains(domains: &[Domain], accepted: &[Domain]) -> HashSet<Domain> {
    let named = if domains.is_empty() { accepted } else { domains };
    named.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_ends_before_the_greeting_is_an_empty_queue_only_with_strangers() {
        let cut =
            || Reception { end: Err(LineEnd::Closed), taken: 0, greeted: false, began: false };
        assert!(matches!(judge(cut(), false), Ok(Round::NoMail(Empty::Closed))));
        assert!(matches!(judge(cut(), true), Err(FetchFault::BrokeOff(LineEnd::Closed))));
        let greeted = Reception { greeted: true, ..cut() };
        assert!(matches!(judge(greeted, false), Err(FetchFault::BrokeOff(LineEnd::Closed))));
    }

    #[test]
    fn replies_to_atrn_and_their_exits() {
        let exit = |code, status: Option<(u16, u16)>, text: &'static str| {
            let reply = match status {
                Some(status) => Reply::new(code, status, text),
                None => Reply::plain(code, text),
            };
            refused_exit(&reply)
        };
        assert_eq!(exit(450, Some((7, 1)), "refused"), Exit::NoPerm);
        assert_eq!(exit(450, Some((7, 0)), "too soon"), Exit::TempFail);
        for (text, seconds) in [
            ("too soon; try again in 23 s", Some(23)),
            ("Try again in 5 minutes.", Some(300)),
            ("again in 2h, please", Some(7200)),
            ("please wait, in 5 min please", Some(300)),
            ("come in later", None),
            ("in 99999999999999999999 s", None),
            ("in 18446744073709551615 hours", None),
            ("in 5 days", None),
        ] {
            assert_eq!(time_named(text), seconds, "{text}");
        }
        assert_eq!(exit(450, None, "ATRN request refused: access denied"), Exit::NoPerm);
        assert_eq!(exit(450, None, "ATRN request refused"), Exit::TempFail);
        assert_eq!(exit(451, None, "unable to process"), Exit::TempFail);
        assert_eq!(exit(502, None, "not implemented"), Exit::Protocol);
        assert_eq!(exit(530, None, "authentication required"), Exit::NoPerm);
        assert_eq!(exit(553, None, "not your domain"), Exit::NoPerm);
    }

    #[test]
    fn a_453_that_is_not_about_mail_is_no_empty_queue() {
        assert!(says_no_mail(&Reply::plain(453, "You have no mail")));
        assert!(says_no_mail(&Reply::plain(453, "")));
        assert!(!says_no_mail(&Reply::plain(453, "messages already being processed")));
        assert!(!says_no_mail(&Reply::plain(450, "no mail")));
    }
}
