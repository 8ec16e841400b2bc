//! The operator's desk: what waits for whom, since when, until when; and orders about it.
//!
//! | file | holds |
//! |---|---|
//! | [`wire`] | requests and how they end, as they stand on the control socket |
//! | [`selection`] | which messages are meant, in an operator's words |
//! | [`record`] | what is told of them |
//! | [`overview`] | how the daemon itself does |
//! | [`import`] | a message that another spool has given away |
//! | [`listen`] | the daemon's end of the socket |
//! | [`client`] | the other end, and the desk of a spool that nobody has opened |

mod bring;
pub mod client;
pub mod condition;
mod future;
pub mod import;
mod left;
pub mod listen;
pub mod overview;
mod pages;
mod rates;
pub mod record;
pub mod selection;
pub mod wire;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::sync::mpsc;

use self::condition::{Condition, Subject};
use self::left::Left;
use self::overview::Front;
use self::pages::{Missing, Pages};
use self::record::{ACTION, Action, Audit, CONTENT, Found, Piece, VERIFIED, Verified, audit_name};
use self::selection::{BadSelection, Selection, moment};
use self::wire::{ActWord, End, Request};
use super::counts::{Counts, Ending};
use super::events::{Gap, Happening, Kind};
use super::push::Pushing;
use super::recent::Past;
use crate::config::accounts::Network;
use crate::config::did_you_mean;
use crate::exit::{Exit, Failure};
use crate::flow::http::survey::AGES;
use crate::flow::provider::House;
use crate::mail;
use crate::queue::filter::{CodePattern, DomainPattern, Expression, Seen};
use crate::queue::{Act, EntryId, Filter, Standing};
use crate::smtp::{Domain, Enhanced, Reply};
use crate::spool::SpoolError;
use crate::spool::embedded::operate::{Outcome, Warrant};
use crate::spool::embedded::oversee::{Overseer, Sight, Standings, Unseen};
use crate::spool::embedded::verify::{self, Finding};
use crate::spool::embedded::{Embedded, Stride};

/// Lines on their way to whoever asked, some at a time. A reader who is slow keeps nobody waiting but
/// the desk that serves it.
pub type Sheet = mpsc::Sender<Vec<u8>>;

/// Octets of a reason: it is kept with each message that it is about.
const REASON: usize = 1000;
/// Lines of the audit that are read at a time.
const PAGE: u64 = 256;

/// How long a watcher hears nothing, at most.
const PULSE: std::time::Duration = std::time::Duration::from_secs(30);

/// Messages looked at in one go.
const ROOM: usize = 512;

/// So much of a message is searched for its subject.
const HEAD: usize = 256 * 1024;

/// A desk with somebody before it.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What can be seen.
    pub overseer: Overseer,
    /// What can be acted on; nothing where the spool is only looked at.
    pub spool: Option<Embedded>,
    /// Who may claim what, where that is known.
    pub house: Option<Arc<House>>,
    /// Who asks.
    pub who: String,
    /// Says that senders may have to be told.
    pub news: Option<Arc<Notify>>,
    /// Where mail is brought to its host: told of what was released, and asked.
    pub pushing: Option<Arc<Pushing>>,
    /// Looking the spool through sets aside what is damaged.
    pub repairs: bool,
    /// Where its orders are counted.
    pub counts: Option<Arc<Counts>>,
    /// The daemon that it is the desk of.
    pub front: Option<Arc<Front>>,
}

/// Why a request came to nothing.
#[derive(Debug)]
enum Trouble {
    /// Whoever asked no longer listens.
    Gone,
    /// This is to be told.
    Told(Failure),
}

impl From<SpoolError> for Trouble {
    fn from(fault: SpoolError) -> Trouble {
        let exit = match fault {
            SpoolError::Full { .. } | SpoolError::Unknown(_) => Exit::TempFail,
            _ => Exit::Io,
        };
        Trouble::Told(Failure::new(exit, fault))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Told(failure)
    }
}

impl<T> From<mpsc::error::SendError<T>> for Trouble {
    fn from(_: mpsc::error::SendError<T>) -> Trouble {
        Trouble::Gone
    }
}

fn line<T: Serialize>(to: &mut Vec<u8>, record: &T) -> Result<(), Trouble> {
    serde_json::to_writer(&mut *to, record).map_err(|e| Failure::new(Exit::Software, e))?;
    to.push(b'\n');
    Ok(())
}

impl Desk {
    /// Answers a request, to the line that says how it ended.
    pub async fn answer(&self, request: Request, sheet: &Sheet) {
        // What was ordered is done to its end, whoever hears of it.
        let lasts = matches!(request, Request::Act { .. } | Request::DeliverNow { .. });
        let end = match heard_out(self.try_answer(request, sheet), sheet, lasts).await {
            Some(Ok(Listed { next, missing })) => {
                let end = missing.as_ref().map_or_else(End::well, End::badly);
                End { next, ..end }
            }
            Some(Err(Trouble::Told(failure))) => End::badly(&failure),
            Some(Err(Trouble::Gone)) | None => return,
        };
        let mut last = Vec::new();
        if line(&mut last, &end).is_ok() {
            // Whoever has gone needs no end.
            let _ = sheet.send(last).await;
        }
    }

    async fn try_answer(&self, request: Request, sheet: &Sheet) -> Result<Listed, Trouble> {
        self.are_known(request.domains()).await?;
        match request {
            Request::List { filter, limit, cursor, include_done } => {
                let selected = Arc::new(Selected::new(self, &filter)?);
                let (limit, cursor) = (limit.unwrap_or(u64::MAX), cursor.as_deref());
                match include_done {
                    false => Ok(self.list(&selected, limit, cursor, &[], sheet).await?.0),
                    true => self.list_all(&selected, limit, cursor, sheet).await,
                }
            }
            other => self.answer_whole(other, sheet).await.map(|()| Listed::default()),
        }
    }

    /// Is each domain that is named outright one of ours, or one that once had mail here?
    async fn are_known(&self, named: &[String]) -> Result<(), Trouble> {
        let Some(house) = &self.house else { return Ok(()) };
        for word in named {
            // What is none at all, whoever reads the selection says.
            let Ok(DomainPattern::This(domain)) = word.parse::<DomainPattern>() else { continue };
            let ours = house.domains.contains_key(&domain);
            let outgoing = domain.as_str() == crate::queue::OUTGOING;
            if !ours && !outgoing && !self.overseer.has_known(domain.clone()).await? {
                return Err(no_such_domain(&domain, house).into());
            }
        }
        Ok(())
    }

    async fn answer_whole(&self, request: Request, sheet: &Sheet) -> Result<(), Trouble> {
        match request {
            Request::List { .. } => Ok(()),
            Request::Watch { after, event, domain, account, id, code, so_far } => {
                let which = Selection { domain, account, id, code, ..Selection::default() };
                let wanted = Watched { so_far, ..Watched::new(after, &event, which)? };
                self.watch(&wanted, sheet).await
            }
            Request::Traffic { since, domain, account, by } => {
                let selection = Selection { domain, account, ..Selection::default() };
                self.traffic(since, &Selected::new(self, &selection)?, by, sheet).await
            }
            Request::Overview { depth } => self.overview(depth, sheet).await,
            Request::Domains { domain, ages } => self.domains(&domain, ages, sheet).await,
            // Its content stands behind it, where only whoever holds the line can read it.
            Request::Import { .. } => {
                Err(Failure::new(Exit::Usage, "only a running odmrd takes mail in").into())
            }
            Request::DeliverNow { domain, dry_run, reason } => {
                self.deliver_now(&domain, dry_run, reason, sheet).await
            }
            Request::Verify => self.verify(sheet).await,
            Request::Content { id } => self.content(&id, sheet).await,
            Request::Sessions { limit, account } => {
                let most = usize::try_from(limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
                self.sessions(most, &account, sheet).await
            }
            Request::Audit { limit } => self.audit(limit.unwrap_or(100), sheet).await,
            Request::Act {
                action,
                filter,
                dry_run,
                reason,
                until,
                reply,
                to,
                before,
                most,
                future,
            } => {
                is_short(reason.as_deref())?;
                let act = self.act_of(action, until.as_deref(), reply.as_deref(), to.as_deref())?;
                let order = Order { act, filter, dry_run, reason, before, most, future };
                self.act(order, sheet).await
            }
        }
    }

    /// The messages that are meant and are there; that those which have `gone` are not is no wonder. And how
    /// many more may be told.
    async fn list(
        &self,
        selected: &Arc<Selected>,
        limit: u64,
        cursor: Option<&str>,
        gone: &[Left],
        sheet: &Sheet,
    ) -> Result<(Listed, u64), Trouble> {
        let (now, mut left) = (Timestamp::now(), limit);
        let mut pages = Pages::new(self, selected, now);
        pages.excuse(gone.iter().map(|left| left.id));
        pages.begin_behind(cursor)?;
        let mut stride = Stride::default();
        let mut page = pages.next().await?;
        while let Some(entries) = page {
            self.overseer.give_way(&mut stride).await;
            let (desk, selected) = (self.clone(), Arc::clone(selected));
            let told = self.overseer.aside(move || desk.lines(&entries, &selected, left, now));
            // The next page is read while this one is written.
            let (next, told) = tokio::join!(pages.next(), told);
            let Told { lines, count, last, more } = told??;
            left -= count;
            sheet.send(lines).await?;
            if left == 0 {
                let last = last.filter(|_| more || !matches!(next, Ok(None)));
                let missing = pages.not_there(last);
                return Ok((Listed { next: last.map(|id| id.to_string()), missing }, 0));
            }
            page = next?;
        }
        Ok((Listed { next: None, missing: pages.not_there(None) }, left))
    }

    /// Those of a page that are meant, up to so many, a line each.
    fn lines(
        &self,
        entries: &[Result<Sight, Unseen>],
        selected: &Selected,
        most: u64,
        now: Timestamp,
    ) -> Result<Told, Trouble> {
        let mut lines = Vec::with_capacity(1024 * entries.len());
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut meant = entries.iter().filter(|entry| self.is_meant(entry, selected, now));
        let (mut count, mut last) = (0, None);
        for entry in meant.by_ref().take(most) {
            line(&mut lines, &self.message(entry, now))?;
            (count, last) = (count + 1, Some(name(entry)));
        }
        let more = meant.next().is_some();
        Ok(Told { lines, count, last, more })
    }

    fn is_meant(&self, entry: &Result<Sight, Unseen>, selected: &Selected, now: Timestamp) -> bool {
        let holds = |Sight { entry, leased, .. }: &Sight| {
            let standing = Standing::of(entry, *leased);
            let subject = Subject { entry, standing, account: self.account(&entry.domain) };
            selected.conditions.iter().any(|condition| condition.holds(subject, now))
        };
        selected.matches(entry, now)
            && (selected.conditions.is_empty() || entry.as_ref().is_ok_and(holds))
            && (selected.subjects.is_empty() || entry.is_ok())
    }

    /// Those of a page whose subject is meant, where that matters. Only of what is meant otherwise it is read.
    async fn by_subject(
        &self,
        entries: Vec<Result<Sight, Unseen>>,
        selected: &Selected,
        now: Timestamp,
    ) -> Result<Vec<Result<Sight, Unseen>>, Trouble> {
        if selected.subjects.is_empty() {
            return Ok(entries);
        }
        let mut found = Vec::new();
        for entry in entries {
            if self.is_meant(&entry, selected, now) {
                let subject = mail::subject(&self.head(name(&entry)).await?).unwrap_or_default();
                if selected.subjects.iter().any(|words| words.is_in(&subject)) {
                    found.push(entry);
                }
            }
        }
        Ok(found)
    }

    /// The beginning of a message's content; nothing of one that has gone or cannot be read.
    async fn head(&self, id: EntryId) -> Result<Vec<u8>, Trouble> {
        let (give, mut pieces) = mpsc::channel(1);
        let read = self.overseer.content(id, give);
        let some = async move {
            let mut head = Vec::new();
            while head.len() < HEAD
                && memchr::memmem::find(&head, b"\r\n\r\n").is_none()
                && let Some(octets) = pieces.recv().await
            {
                head.extend_from_slice(&octets);
            }
            head
        };
        let (found, head) = tokio::join!(read, some);
        match found {
            Ok(_) | Err(SpoolError::Damaged { .. }) => Ok(head),
            Err(fault) => Err(fault.into()),
        }
    }

    fn message<'a>(
        &'a self,
        entry: &'a Result<Sight, Unseen>,
        now: Timestamp,
    ) -> record::Message<'a> {
        match entry {
            Ok(sight) => {
                let account = self.account(&sight.entry.domain);
                let way = self.way(&sight.entry.domain);
                record::Message::new(sight, account, now).brought(&sight.entry, way.as_ref())
            }
            Err(unseen) => {
                let account = unseen.domain.as_ref().and_then(|domain| self.account(domain));
                record::Message::unseen(unseen, account)
            }
        }
    }

    /// To whom a domain's mail is brought, where it is.
    fn way(&self, domain: &Domain) -> Option<record::Way> {
        let (house, pushing) = (self.house.as_ref()?, self.pushing.as_ref()?);
        let host = match domain.as_str() {
            crate::queue::OUTGOING => house.smarthost.server.as_ref(),
            _ => house.domains.get(domain)?.host.as_ref()?.account.server.as_ref(),
        };
        Some(record::Way { host: host?.to_string(), trouble: pushing.trouble(domain) })
    }

    fn account(&self, domain: &Domain) -> Option<&str> {
        let house = self.house.as_ref()?;
        house.accounts.claimant(domain).map(|account| account.name.as_str())
    }

    async fn domains(&self, wanted: &[String], ages: bool, sheet: &Sheet) -> Result<(), Trouble> {
        let selection = Selection { domain: wanted.to_vec(), ..Selection::default() };
        let filter = filter(&selection)?;
        let (now, mut lines) = (Timestamp::now(), Vec::new());
        let past = self.past();
        // The newest is first.
        let mut of_account: HashMap<&str, Vec<&Past>> = HashMap::new();
        for past in &past {
            of_account.entry(past.account.as_str()).or_default().push(past);
        }
        let last = |account: &str, domain: &Domain| {
            let sessions = of_account.get(account)?;
            sessions.iter().find(|past| past.is_about(domain.as_str())).copied()
        };
        let ends = AGES.map(|(seconds, _)| now - std::time::Duration::from_secs(seconds));
        let census = match ages {
            true => Some(self.overseer.census(&ends, now).await?),
            false => None,
        };
        let mut decrees = self.decrees(now).await?;
        let mut all = self.overseer.domains().await?;
        let known: HashSet<&Domain> = all.iter().map(|figures| &figures.domain).collect();
        let bare: Vec<Domain> =
            decrees.keys().filter(|domain| !known.contains(domain)).cloned().collect();
        if !bare.is_empty() {
            all.extend(bare.into_iter().map(Standings::none));
            all.sort_unstable_by(|one, other| one.domain.cmp(&other.domain));
        }
        for figures in all {
            let decree = decrees.remove(&figures.domain);
            let meant =
                |pattern: &crate::queue::filter::DomainPattern| pattern.matches(&figures.domain);
            if filter.domains.is_empty() || filter.domains.iter().any(meant) {
                let account = self.account(&figures.domain);
                let last = account.and_then(|account| last(account, &figures.domain));
                let told = record::Domain::new(&figures, account, last, now);
                let counted = census.as_ref().map(|all| all.get(&figures.domain));
                line(&mut lines, &told.counted(counted).held(decree.as_ref()))?;
            }
            if lines.len() > 64 * 1024 {
                sheet.send(std::mem::take(&mut lines)).await?;
            }
        }
        Ok(sheet.send(lines).await?)
    }

    async fn verify(&self, sheet: &Sheet) -> Result<(), Trouble> {
        let (give, mut findings) = mpsc::channel(64);
        let looked = async {
            let looked = self.overseer.verify(Timestamp::now(), &give).await;
            let strangers = match &looked {
                Ok(_) => self.without_account().await?,
                Err(_) => Vec::new(),
            };
            for finding in strangers {
                // Whoever asked may have gone.
                let _ = give.send(finding).await;
            }
            drop(give);
            looked
        };
        let told = async move {
            let mut count = 0;
            while let Some(finding) = findings.recv().await {
                let mut lines = Vec::new();
                line(&mut lines, &Found::new(&finding, self.mend(&finding).await))?;
                sheet.send(lines).await?;
                count += 1;
            }
            Ok::<u64, Trouble>(count)
        };
        let (verified, findings) = tokio::join!(looked, told);
        let (verified, findings) = (verified?, findings?);
        let mut lines = Vec::new();
        let told = Verified {
            schema: VERIFIED,
            entries: verified.entries,
            bytes: verified.octets,
            findings,
        };
        line(&mut lines, &told)?;
        Ok(sheet.send(lines).await?)
    }

    /// Mail in domains that no account has: it waits for nobody.
    async fn without_account(&self) -> Result<Vec<Finding>, SpoolError> {
        let Some(house) = &self.house else { return Ok(Vec::new()) };
        let standings = self.overseer.domains().await?;
        let strangers = standings.into_iter().filter(|standing| {
            let domain = &standing.domain;
            domain.as_str() != crate::queue::OUTGOING && !house.domains.contains_key(domain)
        });
        let finding = |standing: Standings| {
            let (domain, count) = (standing.domain, standing.waiting + standing.held);
            let what = format!(
                "{count} wait in a domain that no account has; give it to one, or redirect or bounce them"
            );
            Finding { kind: verify::Kind::Domain, id: None, domain: Some(domain), what }
        };
        Ok(strangers.filter(|standing| standing.waiting + standing.held > 0).map(finding).collect())
    }

    /// Sets damaged mail aside where that was asked for.
    async fn mend(&self, finding: &Finding) -> bool {
        let (Some(spool), true, verify::Kind::Content, Some(id)) =
            (&self.spool, self.repairs, finding.kind, finding.id)
        else {
            return false;
        };
        spool.set_aside(id, &finding.what).await.is_ok()
    }

    /// The content as it would be handed over, each piece proven before an octet of it is given away.
    async fn content(&self, id: &str, sheet: &Sheet) -> Result<(), Trouble> {
        let entry: EntryId = id.parse().map_err(|_| {
            Failure::new(Exit::Usage, format!("id: saw {id:?}; allowed: the name of a message"))
        })?;
        let (give, mut pieces) = mpsc::channel(2);
        let read = self.overseer.content(entry, give);
        // The pieces go away with it: who reads them must not wait for a taker that has gone.
        let told = async move {
            let mut at = 0;
            while let Some(octets) = pieces.recv().await {
                let mut lines = Vec::new();
                let b64 = BASE64.encode(&octets);
                line(&mut lines, &Piece { schema: CONTENT, id: entry.to_string(), at, b64 })?;
                at += octets.len() as u64;
                sheet.send(lines).await?;
            }
            Ok::<(), Trouble>(())
        };
        let (found, told) = tokio::join!(read, told);
        told?;
        match found? {
            true => Ok(()),
            false => Err(no_such(entry).into()),
        }
    }

    /// Sessions that have ended, the newest first.
    fn past(&self) -> Vec<Past> {
        self.counts.as_ref().map_or_else(Vec::new, |counts| counts.recent.sessions(usize::MAX))
    }

    /// Is each of these an account, or one that has called once?
    fn have_been_seen(&self, accounts: &[String]) -> Result<(), Failure> {
        let Some(house) = &self.house else { return Ok(()) };
        let is_one = |name: &&String| house.accounts.iter().any(|account| account.name == **name);
        let mut strangers = accounts.iter().filter(|name| !is_one(name)).peekable();
        let past = strangers.peek().map(|_| self.past()).unwrap_or_default();
        let has_called = |name: &&String| past.iter().any(|past| past.account == **name);
        match { strangers }.find(|name| !has_called(name)) {
            Some(name) => Err(no_such_account(name)),
            None => Ok(()),
        }
    }

    async fn sessions(
        &self,
        most: usize,
        accounts: &[String],
        sheet: &Sheet,
    ) -> Result<(), Trouble> {
        if self.counts.is_none() {
            let what = "sessions are known to a running odmrd only";
            return Err(Failure::new(Exit::Unavailable, what).into());
        }
        self.have_been_seen(accounts)?;
        let (now, mut lines) = (Timestamp::now(), Vec::new());
        let wanted = |account: &String| accounts.is_empty() || accounts.contains(account);
        let present = self.counts.as_ref().map(|counts| counts.recent.presence.all());
        let present = present.unwrap_or_default();
        let past = self.past();
        let over: HashSet<&str> = past.iter().map(|past| past.id.as_str()).collect();
        let present = present.iter();
        let present = present.filter(|one| wanted(&one.account) && !over.contains(one.id.as_str()));
        let past = past.iter().filter(|past| wanted(&past.account));
        let of_the_present = present.map(|present| record::Session::present(present, now));
        let of_the_past = past.map(|past| record::Session::new(past, now));
        for session in of_the_present.chain(of_the_past).take(most) {
            line(&mut lines, &session)?;
        }
        Ok(sheet.send(lines).await?)
    }

    /// Whoever watches hears of each message that it was done to.
    fn tell(&self, act: &Act, outcome: &Outcome) {
        let Some(counts) = &self.counts else { return };
        let kind = match act {
            Act::Hold(_) => Kind::Held,
            Act::Release => Kind::Released,
            Act::Delete(_) => Kind::Deleted,
            Act::Undelete => Kind::Undeleted,
            Act::Expire => Kind::Expired,
            Act::Bounce(_) => Kind::Bounced,
            Act::Requeue => Kind::Requeued,
            Act::Redirect(_) | Act::Rehome(_) => Kind::Redirected,
        };
        let of = |(id, domain): &(EntryId, Domain)| {
            let domain = match act {
                Act::Redirect(to) | Act::Rehome(to) => to.clone(),
                _ => domain.clone(),
            };
            Happening { who: Some(self.who.clone()), ..Happening::of(kind, *id, domain) }
        };
        counts.events.tell(outcome.entries.iter().map(of), Timestamp::now());
    }

    /// What happens, from a number on or from now on, until whoever asked has gone.
    async fn watch(&self, wanted: &Watched, sheet: &Sheet) -> Result<(), Trouble> {
        let Some(counts) = &self.counts else {
            let what = "what happens is known to a running odmrd only";
            return Err(Failure::new(Exit::Unavailable, what).into());
        };
        let events = &counts.events;
        self.have_been_seen(&wanted.accounts)?;
        // 0 is before everything: whatever is remembered is wanted, and nothing is missed.
        let asked = wanted.after.filter(|after| *after > 0);
        let mut next = wanted.after.map_or_else(|| events.next(), |seq| seq.saturating_add(1));
        // Whoever wants no more than that is not kept by what happens meanwhile.
        let end = wanted.so_far.then(|| events.next());
        let (mut first, mut spoken) = (true, tokio::time::Instant::now());
        loop {
            let (some, gap) = events.from(next, ROOM);
            let mut lines = Vec::new();
            let missing = match gap {
                Gap::None => None,
                // Whoever reads too slowly is told too.
                Gap::Lost if !first || asked.is_some() => Some("lost"),
                Gap::Restarted if first && asked.is_some() => Some("restarted"),
                Gap::Lost | Gap::Restarted => None,
            };
            if let Some(what) = missing {
                line(&mut lines, &record::Happened::missing(what, next.saturating_sub(1)))?;
            }
            first = false;
            for event in &some {
                next = event.seq + 1;
                let domain = event.domain.as_ref();
                let account = event.account.as_deref();
                let account = account.or_else(|| domain.and_then(|domain| self.account(domain)));
                if wanted.has(event, account) {
                    line(&mut lines, &record::Happened::new(event, account))?;
                }
            }
            let is_over = end.is_some_and(|end| some.is_empty() || next >= end);
            if some.is_empty() && !is_over {
                let _ = tokio::time::timeout(PULSE, events.until(next)).await;
            }
            // An empty line now and then tells whether anybody is still there, also where much happens that
            // is not for them.
            if lines.is_empty() && spoken.elapsed() >= PULSE {
                lines.push(b'\n');
            }
            if !lines.is_empty() {
                sheet.send(lines).await?;
                spoken = tokio::time::Instant::now();
            }
            if is_over {
                return Ok(());
            }
        }
    }

    fn count(&self, act: &Act, outcome: &Outcome) {
        let Some(counts) = &self.counts else { return };
        let ending = match act {
            Act::Bounce(_) => Ending::Bounced,
            Act::Delete(_) => Ending::Deleted,
            Act::Expire => Ending::Expired,
            Act::Hold(_)
            | Act::Release
            | Act::Undelete
            | Act::Requeue
            | Act::Redirect(_)
            | Act::Rehome(_) => return,
        };
        for (_, domain) in &outcome.entries {
            counts.domain_or_nobody(domain).gives_up(ending, 1);
        }
    }

    /// What is to be done, in an operator's words.
    fn act_of(
        &self,
        word: ActWord,
        until: Option<&str>,
        reply: Option<&str>,
        to: Option<&str>,
    ) -> Result<Act, Failure> {
        match (word, to) {
            (ActWord::Redirect, to) => Ok(Act::Redirect(self.other_home(to)?)),
            (ActWord::Requeue, Some(to)) => Ok(Act::Rehome(self.other_home(Some(to))?)),
            (_, Some(_)) => {
                let what = "to: only what is redirected or requeued goes to another domain";
                Err(Failure::new(Exit::Usage, what))
            }
            (word, None) => act(word, until, reply),
        }
    }

    /// A domain that we hold mail for, to which mail of another is to go.
    fn other_home(&self, to: Option<&str>) -> Result<Domain, Failure> {
        let what = "to: which domain is it to go to?";
        let to = to.ok_or_else(|| Failure::new(Exit::Usage, what))?;
        let domain = Domain::parse(to).map_err(|fault| {
            Failure::new(Exit::Usage, format!("to: saw {to:?}; allowed: a domain ({fault})"))
        })?;
        let ours = |house: &Arc<House>| house.domains.contains_key(&domain);
        if self.house.as_ref().is_some_and(ours) {
            return Ok(domain);
        }
        let hint =
            "mail there would wait for nobody; odmrd account add --domain gives it to a customer";
        let what = format!("to: no account may fetch the mail of {domain}");
        Err(Failure::new(Exit::NoInput, what).hint(Some(hint)))
    }

    /// So many lines of the audit, the newest first, a page at a time.
    async fn audit(&self, mut most: u64, sheet: &Sheet) -> Result<(), Trouble> {
        let mut before = None;
        while most > 0 {
            let page = self.overseer.audit(before, most.min(PAGE)).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            most -= page.len() as u64;
            let mut lines = Vec::new();
            for audited in page {
                line(&mut lines, &Audit::from(audited))?;
            }
            sheet.send(lines).await?;
        }
        Ok(())
    }

    /// Does it, and tells whoever has something to do on that account.
    async fn carry_out(
        &self,
        spool: &Embedded,
        ids: Vec<EntryId>,
        act: Act,
        warrant: Warrant,
    ) -> (Outcome, Option<SpoolError>) {
        let filter = warrant.filter.clone();
        let (outcome, fault) = match spool.operate(ids, act.clone(), warrant).await {
            Ok(outcome) => (outcome, None),
            Err(cut) => (cut.outcome, Some(cut.fault)),
        };
        tracing::info!(
            who = self.who,
            action = act.name(),
            filter,
            done = outcome.done,
            busy = outcome.busy,
            failed = outcome.failed,
            "an operator's order"
        );
        self.count(&act, &outcome);
        self.tell(&act, &outcome);
        if let Some(pushing) = &self.pushing {
            pushing.wake.notify_one();
        }
        let tells = matches!(act, Act::Expire | Act::Bounce(_) | Act::Undelete);
        if let Some(news) = self.news.as_ref().filter(|_| tells) {
            news.notify_one();
        }
        (outcome, fault)
    }

    /// All that are meant; each to whom it can be done is told of where somebody wants to hear of it.
    async fn meant(
        &self,
        act: &Act,
        selected: &Selected,
        now: Timestamp,
        sheet: Option<&Sheet>,
    ) -> Result<Meant, Trouble> {
        let mut pages = Pages::new(self, selected, now);
        let (mut ids, mut unfit) = (Vec::new(), 0);
        while let Some(entries) = pages.next().await? {
            let mut lines = Vec::new();
            for entry in entries.iter().filter(|entry| self.is_meant(entry, selected, now)) {
                if entry.as_ref().is_ok_and(|sight| !act.fits(sight.entry.state)) {
                    unfit += 1;
                    continue;
                }
                ids.push(name(entry));
                if sheet.is_some() {
                    line(&mut lines, &self.message(entry, now))?;
                }
            }
            if let Some(sheet) = sheet {
                sheet.send(lines).await?;
            }
        }
        Ok(Meant { ids, unfit, missing: pages.unknown })
    }

    /// The spool, where it is ours to change.
    fn open_spool(&self) -> Result<&Embedded, Failure> {
        let what = "a spool that nobody has opened can only be looked at";
        let hint = "start odmrd, or leave --spool out where it runs";
        let closed = || Failure::new(Exit::Unavailable, what).hint(Some(hint));
        self.spool.as_ref().ok_or_else(closed)
    }

    async fn act(&self, order: Order, sheet: &Sheet) -> Result<(), Trouble> {
        let spool = self.open_spool()?;
        let Order { act, filter, dry_run, reason, before, most, future } = order;
        let now = Timestamp::now();
        let mut selected = Selected { before, ..Selected::new(self, &in_sight(&act, &filter))? };
        let typed = filter.typed() + &more_of(&act, future);
        let warrant =
            Warrant { who: self.who.clone(), reason: reason.clone(), filter: typed, at: now };
        let mut looked = None;
        if let Some(most) = most {
            looked = Some(no_more(self.meant(&act, &selected, now, None).await?, most)?);
        }
        let (mut proclaimed, mut audit) = (None, None);
        if future {
            let domains = self.future_of(&act, &filter, &selected, &warrant).await?;
            proclaimed = Some(match dry_run {
                true => domains.len() as u64,
                false => {
                    let done = self.proclaim(spool, &act, domains, warrant.clone()).await?;
                    audit = done.1;
                    done.0
                }
            });
            // What came since has been held as it came.
            selected.before = Some(Timestamp::now());
        }
        // It is done to those that were counted, and to no others that meanwhile are meant too.
        let Meant { ids, unfit, missing } = match looked.filter(|_| !future && !dry_run) {
            Some(looked) => looked,
            None => self.meant(&act, &selected, now, dry_run.then_some(sheet)).await?,
        };
        let mut told = Action {
            schema: ACTION,
            action: act.name().to_owned(),
            matched: ids.len() as u64 + unfit,
            done: 0,
            busy: 0,
            unfit,
            failed: 0,
            missing: missing.count(),
            missing_ids: missing.first().map(EntryId::to_string).collect(),
            dry_run,
            reason,
            audit: None,
            future: proclaimed,
        };
        let mut fault = None;
        if !dry_run {
            let (outcome, cut) = self.carry_out(spool, ids, act, warrant).await;
            (told.done, told.busy, told.unfit) =
                (outcome.done, outcome.busy, unfit + outcome.unfit);
            (told.failed, fault) = (outcome.failed, cut);
            told.audit = outcome.audit.or(audit).map(audit_name);
        }
        let mut lines = Vec::new();
        line(&mut lines, &told)?;
        sheet.send(lines).await?;
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }
}

/// What an order is about.
struct Meant {
    ids: Vec<EntryId>,
    /// How many more are meant, to which it cannot be done as they stand.
    unfit: u64,
    /// Who was named and is not there.
    missing: Missing,
}

/// How a list ended.
#[derive(Debug, Default)]
struct Listed {
    /// Where it goes on, where it was cut.
    next: Option<String>,
    /// What was named and is not there.
    missing: Option<Failure>,
}

fn is_short(reason: Option<&str>) -> Result<(), Failure> {
    match reason {
        Some(reason) if reason.len() > REASON => {
            Err(Failure::new(Exit::Usage, format!("reason: longer than {REASON} octets")))
        }
        _ => Ok(()),
    }
}

/// Are no more meant than somebody has been shown?
fn no_more(all: Meant, shown: u64) -> Result<Meant, Failure> {
    let meant = all.ids.len() as u64;
    if meant <= shown {
        return Ok(all);
    }
    let verb = if meant == 1 { "message is" } else { "messages are" };
    let what = format!("{meant} {verb} meant by now, not {shown}; nothing was done");
    let hint = "look again at which those are";
    Err(Failure::new(Exit::TempFail, what).hint(Some(hint)))
}

/// What an order is about: as in a list, what was deleted is meant only where it is asked for, or called back.
fn in_sight(act: &Act, filter: &Selection) -> Selection {
    let mut seen = filter.clone();
    if !matches!(act, Act::Undelete) && !seen.names_deleted() {
        seen.leave_out_deleted();
    }
    seen
}

/// What an order says besides which messages it means, as one would type it, for the audit.
fn more_of(act: &Act, future: bool) -> String {
    match act {
        Act::Redirect(to) => format!(" --to {to}"),
        Act::Rehome(to) => format!(" --to-domain {to}"),
        _ if future => " --future".to_owned(),
        _ => String::new(),
    }
}

/// What is to be heard of.
struct Watched {
    after: Option<u64>,
    kinds: Vec<Kind>,
    domains: Vec<DomainPattern>,
    accounts: Vec<String>,
    ids: BTreeSet<EntryId>,
    codes: Vec<CodePattern>,
    /// Nothing is waited for.
    so_far: bool,
}

impl Watched {
    fn new(after: Option<u64>, events: &[String], which: Selection) -> Result<Watched, Failure> {
        let kind = |word: &String| {
            let known = Kind::ALL.iter().find(|(_, name)| name == word);
            let names = || Kind::ALL.map(|(_, name)| name).join(", ");
            let bad = || format!("event: saw {word:?}; allowed: {}", names());
            known.map(|(kind, _)| *kind).ok_or_else(|| Failure::new(Exit::Usage, bad()))
        };
        let kinds = events.iter().map(kind).collect::<Result<_, _>>()?;
        let Filter { domains, ids, codes, .. } = filter(&which)?;
        Ok(Watched { after, kinds, domains, accounts: which.account, ids, codes, so_far: false })
    }

    fn has(&self, event: &Happening, account: Option<&str>) -> bool {
        let of_domain = |pattern: &DomainPattern| {
            event.domain.as_ref().is_some_and(|domain| pattern.matches(domain))
        };
        let of_account = |name: &String| account == Some(name);
        let said =
            |code: &CodePattern| event.reply.as_ref().is_some_and(|reply| code.matches(reply));
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && (self.domains.is_empty() || self.domains.iter().any(of_domain))
            && (self.accounts.is_empty() || self.accounts.iter().any(of_account))
            && (self.ids.is_empty() || event.id.is_some_and(|id| self.ids.contains(&id)))
            && (self.codes.is_empty() || self.codes.iter().any(said))
    }
}

/// Works on an answer, and says by an empty line now and then that it is still to come. Nobody who has gone
/// is worked for any longer, unless it `lasts`.
async fn heard_out<T>(work: impl Future<Output = T>, sheet: &Sheet, lasts: bool) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut beat = tokio::time::interval(PULSE);
    beat.tick().await;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = sheet.closed(), if !lasts => return None,
            // Where there is no room, something is on its way.
            _ = beat.tick() => drop(sheet.try_send(b"\n".to_vec())),
        }
    }
}

/// What is to be done to what.
struct Order {
    act: Act,
    filter: Selection,
    dry_run: bool,
    reason: Option<String>,
    before: Option<Timestamp>,
    most: Option<u64>,
    future: bool,
}

fn act(word: ActWord, until: Option<&str>, reply: Option<&str>) -> Result<Act, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let until = match (word, until) {
        (ActWord::Delete, Some(until)) => {
            return undo_window(until).map(|at| Act::Delete(Some(at)));
        }
        (ActWord::Hold, until) => until,
        (_, None) => None,
        (_, Some(_)) => {
            let what = "until: only what is held or deleted is so until a time";
            return Err(usage(what.to_owned()));
        }
    };
    Ok(match word {
        ActWord::Hold => {
            let now = Timestamp::now();
            let until = until.map(|word| moment(word, now)).transpose();
            let until = until.map_err(|fault| usage(format!("until: {fault}")))?;
            if let Some(past) = until.filter(|until| *until <= now) {
                return Err(usage(format!("until: {past} has been; allowed: a time to come")));
            }
            Act::Hold(until)
        }
        ActWord::Release => Act::Release,
        ActWord::Delete => Act::Delete(None),
        ActWord::Undelete => Act::Undelete,
        ActWord::Expire => Act::Expire,
        ActWord::Requeue => Act::Requeue,
        // Whose domain that is, only the desk knows.
        ActWord::Redirect => return Err(usage("to: not set".to_owned())),
        ActWord::Bounce => Act::Bounce(refusal(reply.unwrap_or(BOUNCED)).map_err(usage)?),
    })
}

/// For so long what was deleted may be kept at most: it takes room.
const LONGEST_UNDO: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// Until when what is deleted now can be called back.
fn undo_window(word: &str) -> Result<Timestamp, Failure> {
    let now = Timestamp::now();
    let at = moment(word, now);
    let at = at.map_err(|fault| Failure::new(Exit::Usage, format!("until: {fault}")))?;
    match now.checked_add(LONGEST_UNDO) {
        Ok(latest) if at > latest => {
            let what = format!(
                "until: saw {word:?}; allowed: what is deleted is kept for 30 days at most"
            );
            Err(Failure::new(Exit::Usage, what))
        }
        _ if at < now => Err(Failure::new(Exit::Usage, format!("until: {word:?} has been"))),
        _ => Ok(at),
    }
}

const BOUNCED: &str = "550 5.7.1 refused by the postmaster";

/// A refusal in an operator's words: `550 5.7.1 text`.
fn refusal(words: &str) -> Result<Reply, String> {
    let allowed = "allowed: a permanent refusal such as \"550 5.7.1 not wanted here\"";
    let bad = || format!("reply: saw {words:?}; {allowed}");
    let (code, rest) = words.split_once(' ').ok_or_else(bad)?;
    let code = code.parse().ok().filter(|code| (500..600).contains(code)).ok_or_else(bad)?;
    let (status, text) = Enhanced::split_from(rest).ok_or_else(bad)?;
    if status.class != 5 || text.len() > 500 {
        return Err(bad());
    }
    Ok(Reply::new(code, (status.subject, status.detail), "").saying(text))
}

fn filter(selection: &Selection) -> Result<Filter, Failure> {
    selection.filter().map_err(|bad| Failure::new(Exit::Usage, bad))
}

fn no_such_domain(domain: &Domain, house: &House) -> Failure {
    let all: Vec<&str> = house.domains.keys().map(|domain| domain.as_str()).collect();
    let near = did_you_mean(domain.as_str(), &all);
    let hint = near.unwrap_or_else(|| "`odmrd account list` names all that are".to_owned());
    let what = format!("{domain}: no such domain is configured, and it never had mail here");
    Failure::new(Exit::NoInput, what).hint(Some(hint))
}

fn no_such_account(name: &str) -> Failure {
    Failure::new(Exit::NoInput, format!("--account {name:?}: there is none"))
}

fn no_such(id: EntryId) -> Failure {
    let hint = "it may have been delivered; the log of odmrd tells";
    Failure::new(Exit::NoInput, format!("{id}: there is no such message")).hint(Some(hint))
}

fn name(entry: &Result<Sight, Unseen>) -> EntryId {
    match entry {
        Ok(sight) => sight.entry.id,
        Err(unseen) => unseen.id,
    }
}

/// A selection together with what only the accounts tell.
#[derive(Debug)]
struct Selected {
    filter: Filter,
    /// Whose domains; `None` where no account is named.
    domains: Option<HashSet<Domain>>,
    /// From which hosts; none where all are meant.
    sources: Vec<Network>,
    /// One of which must hold; none where nothing must.
    conditions: Vec<Condition>,
    /// One of which must be found in the subject; none where it does not matter.
    subjects: Vec<Expression>,
    before: Option<Timestamp>,
}

impl Selected {
    fn new(desk: &Desk, selection: &Selection) -> Result<Selected, Failure> {
        let filter = filter(selection)?;
        let usage = |bad: BadSelection| Failure::new(Exit::Usage, bad);
        let sources = selection.sources().map_err(usage)?;
        let conditions = selection.conditions().map_err(usage)?;
        let subjects = selection.subjects().map_err(usage)?;
        let (domains, before) = (None, None);
        let all = Selected { filter, domains, sources, conditions, subjects, before };
        if selection.account.is_empty() {
            return Ok(all);
        }
        let Some(house) = &desk.house else {
            let what = "--account: the accounts are known to a running odmrd only";
            return Err(Failure::new(Exit::Usage, what).hint(Some("name its domains: --domain")));
        };
        let mut domains = HashSet::new();
        for name in &selection.account {
            let account = house.accounts.iter().find(|account| account.name == *name);
            domains.extend(account.ok_or_else(|| no_such_account(name))?.domains.iter().cloned());
        }
        Ok(Selected { domains: Some(domains), ..all })
    }

    /// The domains to be looked through, where not all are.
    fn within(&self) -> Option<Arc<[Domain]>> {
        let mut named = match (self.filter.named_domains(), &self.domains) {
            (Some(named), _) => named,
            (None, Some(domains)) => domains.iter().cloned().collect(),
            (None, None) => return None,
        };
        named.sort_unstable();
        named.dedup();
        Some(named.into())
    }

    fn matches(&self, entry: &Result<Sight, Unseen>, now: Timestamp) -> bool {
        let ours = |domain: &Domain| self.domains.as_ref().is_none_or(|ours| ours.contains(domain));
        match entry {
            Ok(Sight { entry, leased, .. }) => {
                let standing = Standing::of(entry, *leased);
                ours(&entry.domain)
                    && self.was_there(entry.arrived)
                    && self.is_from(entry.source.ip)
                    && self.filter.matches(Seen { entry, standing }, now)
            }
            Err(unseen) => self.may_be_meant(unseen),
        }
    }

    /// Was it there when the order was typed? What comes from the future was: the clock was set back.
    fn was_there(&self, arrived: Timestamp) -> bool {
        self.before.is_none_or(|before| arrived <= before || arrived > Timestamp::now())
    }

    /// Is this one of the domains that are meant?
    fn is_of(&self, domain: &Domain) -> bool {
        let named = &self.filter.domains;
        (named.is_empty() || named.iter().any(|pattern| pattern.matches(domain)))
            && self.domains.as_ref().is_none_or(|ours| ours.contains(domain))
    }

    /// Is nothing asked for that only the message itself could tell?
    fn knows_only_the_envelope(&self) -> bool {
        self.sources.is_empty()
            && self.conditions.is_empty()
            && self.subjects.is_empty()
            && self.before.is_none()
    }

    fn is_from(&self, host: IpAddr) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|network| network.contains(host))
    }

    /// Of one that cannot be read little is known: it is meant where that little is asked for, or
    /// nothing is.
    fn may_be_meant(&self, unseen: &Unseen) -> bool {
        let Filter { domains, ids, standings, .. } = &self.filter;
        let named = Filter {
            domains: domains.clone(),
            ids: ids.clone(),
            standings: standings.clone(),
            ..Filter::default()
        };
        let of = |domain: &Domain| {
            (domains.is_empty() || domains.iter().any(|pattern| pattern.matches(domain)))
                && self.domains.as_ref().is_none_or(|ours| ours.contains(domain))
        };
        let whose = unseen.domain.as_ref();
        self.filter == named
            && self.sources.is_empty()
            && whose.map_or(domains.is_empty() && self.domains.is_none(), of)
            && (ids.is_empty() || ids.contains(&unseen.id))
            && (standings.is_empty() || standings.contains(&Standing::Damaged))
    }
}

/// What is said of a page.
struct Told {
    lines: Vec<u8>,
    count: u64,
    /// The last of these.
    last: Option<EntryId>,
    /// More of the page are meant.
    more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_long_for_an_answer_hears_that_it_is_still_to_come() {
        let (sheet, mut heard) = mpsc::channel(4);
        let (finish, finished) = tokio::sync::oneshot::channel();
        let reader = async move {
            for _ in 0..3 {
                assert_eq!(heard.recv().await.as_deref(), Some(&b"\n"[..]));
            }
            finish.send(5).expect("somebody who works");
        };
        let (answer, ()) = tokio::join!(heard_out(finished, &sheet, false), reader);
        assert_eq!(answer, Some(Ok(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_worked_for_who_has_gone_but_what_was_ordered_is_done() {
        let (sheet, heard) = mpsc::channel(4);
        drop(heard);
        let forever = std::future::pending::<()>();
        let begun = tokio::time::Instant::now();
        assert_eq!(heard_out(forever, &sheet, false).await, None);
        // At once, and not with the next sign of life.
        assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
        let long = tokio::time::timeout(10 * PULSE, std::future::pending::<()>());
        assert!(heard_out(long, &sheet, true).await.is_some_and(|ended| ended.is_err()));
    }
}
