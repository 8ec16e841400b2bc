//! The records. Times are RFC 3339 in UTC and ages whole seconds, sizes octets; a key that is listed is
//! never left out, and what is unknown is null. Within a schema's number keys are only ever added.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::left::Left;
use super::words::Words;
use crate::flow::events::Happening;
use crate::flow::http::status::STATUS;
use crate::flow::http::survey::AGES;
use crate::flow::push::Trouble;
use crate::flow::recent::Past;
use crate::flow::recent::present::Present;
use crate::flow::traffic::{Load, Passed, Since, Unknown};
use crate::queue::filter::last_reply;
use crate::queue::{self, Answered, Entry, EntryId, EntryState, Mark, RecipientState, Standing};
use crate::smtp::{Body, Reply, Stage};
use crate::spool::embedded::decree::Decree;
use crate::spool::embedded::operate::Audited;
use crate::spool::embedded::oversee::{Census, Sight, Standings, Unseen};
use crate::spool::embedded::verify::Finding;

/// Every schema with its name.
pub const SCHEMAS: [(&str, &str); 16] = [
    (EVENT, include_str!("schema/event.json")),
    (MESSAGE, include_str!("schema/message.json")),
    (RECIPIENT, include_str!("schema/recipient.json")),
    (DOMAIN, include_str!("schema/domain.json")),
    (GROUP, include_str!("schema/group.json")),
    (TRAFFIC, include_str!("schema/traffic.json")),
    (OVERVIEW, include_str!("schema/overview.json")),
    (ACTION, include_str!("schema/action.json")),
    (AUDIT, include_str!("schema/audit.json")),
    (SESSION, include_str!("schema/session.json")),
    (CONTENT, include_str!("schema/content.json")),
    (IMPORT, include_str!("schema/import.json")),
    (IMPORTED, include_str!("schema/imported.json")),
    (FINDING, include_str!("schema/finding.json")),
    (VERIFIED, include_str!("schema/verified.json")),
    (STATUS, include_str!("schema/status.json")),
];

/// Schema of [`Message`].
pub const MESSAGE: &str = "odmr.queue.message/1";
/// Schema of a [`Message`] once for each recipient, with that one's own state, attempts and last answer in
/// the place of the message's.
pub const RECIPIENT: &str = "odmr.queue.recipient/1";
/// Schema of [`Domain`].
pub const DOMAIN: &str = "odmr.queue.domain/1";
/// Schema of [`Session`].
pub const SESSION: &str = "odmr.queue.session/1";
/// Schema of [`Piece`].
pub const CONTENT: &str = "odmr.queue.content/1";
/// Schema of what came of an import.
pub const IMPORT: &str = "odmr.queue.import/1";
/// Schema of what came of several.
pub const IMPORTED: &str = "odmr.queue.imported/1";
/// Schema of [`Found`].
pub const FINDING: &str = "odmr.queue.finding/1";
/// Schema of what was looked at.
pub const VERIFIED: &str = "odmr.queue.verified/1";
/// Schema of [`Group`].
pub const GROUP: &str = "odmr.queue.group/1";
/// Schema of how the daemon itself does.
pub const OVERVIEW: &str = "odmr.queue.overview/1";
/// Schema of [`Rates`].
pub const TRAFFIC: &str = "odmr.queue.traffic/1";
/// Schema of [`Action`].
pub const ACTION: &str = "odmr.queue.action/1";
/// Schema of [`Audit`].
pub const AUDIT: &str = "odmr.queue.audit/1";
/// Schema of [`Happened`].
pub const EVENT: &str = "odmr.queue.event/1";

/// One message for one domain.
#[derive(Clone, Debug, Serialize)]
pub struct Message<'a> {
    schema: &'static str,
    id: String,
    domain: Option<&'a str>,
    account: Option<&'a str>,
    state: &'static str,
    arrived: Option<Timestamp>,
    age_s: Option<i64>,
    expires: Option<Timestamp>,
    expires_in_s: Option<i64>,
    size: Option<u64>,
    sender: Option<&'a str>,
    envid: Option<&'a str>,
    ret: Option<String>,
    body: Option<&'static str>,
    smtputf8: Option<bool>,
    source: Option<Source<'a>>,
    hold: Hold<'a>,
    attempts: Option<u32>,
    last: Option<Last<'a>>,
    recipients: Vec<Recipient<'a>>,
    message_id: Option<&'a str>,
    sha256: Option<String>,
    /// Whoever shows one message reads its content for it.
    content_sha256: Option<String>,
    damage: Option<&'a str>,
    damaged_at: Option<Timestamp>,
    delay_told: Option<bool>,
}

/// Said of what an older version has set aside.
const NOT_TOLD: &str = "it was set aside as damaged; of what is, nothing was noted";

#[derive(Clone, Debug, Serialize)]
struct Source<'a> {
    ip: std::net::IpAddr,
    helo: &'a str,
    tls: Option<&'a str>,
    auth: Option<&'a str>,
}

/// What an operator said; of one that is deleted, who did it and why.
#[derive(Clone, Debug, Default, Serialize)]
struct Hold<'a> {
    held: bool,
    reason: Option<&'a str>,
    by: Option<&'a str>,
    at: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// What the customer last said, and when it was last tried.
#[derive(Clone, Debug, Serialize)]
struct Last<'a> {
    at: Option<Timestamp>,
    session: Option<&'a str>,
    stage: Option<&'static str>,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<Words<'a>>,
    /// Where mail is brought to a host, that one.
    host: Option<String>,
}

/// To whom mail is brought, and why that has failed of late.
#[derive(Clone, Debug)]
pub struct Way {
    /// The host.
    pub host: String,
    /// What was the matter with the last call to it.
    pub trouble: Option<Arc<Trouble>>,
}

#[derive(Clone, Debug, Serialize)]
struct Recipient<'a> {
    address: &'a str,
    orcpt: Option<&'a str>,
    notify: Option<Vec<&'static str>>,
    state: &'static str,
    attempts: u32,
    delivered_at: Option<Timestamp>,
    remote_id: Option<&'a str>,
    last: Option<Last<'a>>,
}

impl<'a> Message<'a> {
    /// What can be told of an entry.
    pub fn new(sight: &'a Sight, account: Option<&'a str>, now: Timestamp) -> Message<'a> {
        let entry = &sight.entry;
        let standing = Standing::of(entry, sight.leased);
        let answered = |n: usize| sight.answered.get(n).and_then(Option::as_ref);
        let damaged = standing == Standing::Damaged;
        let order = sight.mark.as_ref().filter(|_| !damaged);
        let noted = sight.mark.as_ref().filter(|_| damaged);
        Message {
            schema: MESSAGE,
            id: entry.id.to_string(),
            domain: Some(entry.domain.as_str()),
            account,
            state: standing.name(),
            arrived: Some(second(entry.arrived)),
            age_s: Some(now.duration_since(entry.arrived).as_secs().max(0)),
            expires: Some(second(entry.expires)),
            expires_in_s: Some(entry.expires.duration_since(now).as_secs()),
            size: Some(entry.size),
            sender: Some(entry.reverse_path.as_str()),
            envid: entry.params.envid.as_deref(),
            ret: entry.params.ret.map(|ret| ret.to_string()),
            body: Some(match entry.params.body {
                Body::SevenBit => "7BIT",
                Body::EightBit => "8BITMIME",
                Body::Binary => "BINARYMIME",
            }),
            smtputf8: Some(entry.params.smtputf8),
            source: Source::of(&entry.source),
            hold: Hold::new(standing == Standing::Held, order),
            attempts: Some(entry.attempts),
            last: Last::of_message(sight),
            recipients: (entry.recipients.iter().enumerate())
                .map(|(n, one)| Recipient::new(one, answered(n)))
                .collect(),
            message_id: entry.message_id.as_deref(),
            sha256: Some(hex(&sight.digest)),
            content_sha256: None,
            damage: damaged
                .then(|| noted.and_then(|mark| mark.reason.as_deref()).unwrap_or(NOT_TOLD)),
            damaged_at: noted.map(|mark| second(mark.at)),
            delay_told: Some(sight.told_of_delay),
        }
    }

    /// The same of one that is brought to a host: also why it is not there yet.
    pub fn brought(mut self, entry: &Entry, way: Option<&Way>) -> Message<'a> {
        let waits = entry.state == EntryState::Waiting;
        let Some(way) = way else { return self };
        // Only of what was there, and is still to go, it is told.
        let there = |trouble: &&Arc<Trouble>| waits && trouble.at >= entry.arrived;
        let trouble = way.trouble.as_ref().filter(there).cloned();
        let way = Way { host: way.host.clone(), trouble };
        let since = entry.tried.map_or(entry.arrived, |tried| tried.max(entry.arrived));
        let calls = way.trouble.as_ref().map_or(0, |trouble| trouble.calls_since(since));
        self.attempts = self.attempts.map(|attempts| attempts.saturating_add(calls));
        self.last = Last::brought(self.last.take(), &way);
        let states = entry.recipients.iter().map(|(_, state)| state);
        for (recipient, state) in self.recipients.iter_mut().zip(states) {
            let trouble = way.trouble.clone().filter(|_| state.waits());
            let way = Way { host: way.host.clone(), trouble };
            recipient.last = Last::brought(recipient.last.take(), &way);
        }
        self
    }

    /// What can be told of one that has left.
    pub fn left(left: &'a Left, account: Option<&'a str>, now: Timestamp) -> Message<'a> {
        let arrived = left.arrived();
        let reply = left.reply.as_ref();
        let last = Last { at: Some(second(left.at)), ..Last::new(None, reply) };
        let by = left.who.as_deref();
        Message {
            state: left.standing.name(),
            arrived: arrived.map(second),
            age_s: arrived.map(|at| now.duration_since(at).as_secs().max(0)),
            size: left.size,
            hold: Hold { by, at: by.map(|_| second(left.at)), ..Hold::default() },
            last: Some(Last { session: left.session.as_deref(), ..last }),
            ..Message::bare(left.id, Some(left.domain.as_str()), account)
        }
    }

    /// What can be told of one that cannot be read.
    pub fn unseen(unseen: &'a Unseen, account: Option<&'a str>) -> Message<'a> {
        let domain = unseen.domain.as_ref().map(|domain| domain.as_str());
        let bare = Message::bare(unseen.id, domain, account);
        Message { damage: Some(&unseen.what), damaged_at: unseen.since.map(second), ..bare }
    }

    /// One of which no more is known.
    fn bare(id: EntryId, domain: Option<&'a str>, account: Option<&'a str>) -> Message<'a> {
        Message {
            schema: MESSAGE,
            id: id.to_string(),
            domain,
            account,
            state: Standing::Damaged.name(),
            arrived: None,
            age_s: None,
            expires: None,
            expires_in_s: None,
            size: None,
            sender: None,
            envid: None,
            ret: None,
            body: None,
            smtputf8: None,
            source: None,
            hold: Hold::default(),
            attempts: None,
            last: None,
            recipients: Vec::new(),
            message_id: None,
            sha256: None,
            content_sha256: None,
            damage: None,
            damaged_at: None,
            delay_told: None,
        }
    }
}

impl<'a> Source<'a> {
    /// Nothing of mail that came to us by a call of our own: of the host behind that its header tells.
    fn of(source: &'a queue::Source) -> Option<Source<'a>> {
        let queue::Source { ip, helo, tls, auth } = source;
        let (tls, auth) = (tls.as_deref(), auth.as_deref());
        (!source.is_unknown()).then_some(Source { ip: *ip, helo, tls, auth })
    }
}

impl<'a> Hold<'a> {
    fn new(held: bool, mark: Option<&'a Mark>) -> Hold<'a> {
        let Some(mark) = mark else { return Hold { held, ..Hold::default() } };
        let (reason, by) = (mark.reason.as_deref(), Some(mark.who.as_str()));
        let until = mark.until.map(second);
        Hold { held, reason, by, at: Some(second(mark.at)), until }
    }
}

impl<'a> Last<'a> {
    /// Of the recipients of whom something was said, what was said last.
    fn of_message(sight: &'a Sight) -> Option<Last<'a>> {
        let answered = |n: usize| sight.answered.get(n).and_then(Option::as_ref);
        let people = sight.entry.recipients.iter().enumerate().rev();
        let said = people.filter_map(|(n, (_, state))| Some((answered(n), last_reply(state)?)));
        let last = said.max_by_key(|(answered, _)| answered.map(|answered| answered.tried.at));
        let (answered, reply) = last.unzip();
        let tried = sight.entry.tried;
        (tried.is_some() || reply.is_some())
            .then(|| Last { at: tried.map(second), ..Last::new(answered.flatten(), reply) })
    }

    fn new(answered: Option<&'a Answered>, reply: Option<&'a Reply>) -> Last<'a> {
        Last {
            at: answered.map(|answered| second(answered.tried.at)),
            session: answered.and_then(|answered| answered.tried.session.as_deref()),
            stage: answered.and_then(|answered| answered.stage).map(Stage::name),
            code: reply.map(|reply| reply.code),
            enhanced: reply.and_then(|reply| reply.enhanced).map(|status| status.to_string()),
            text: reply.map(Words::of),
            host: None,
        }
    }

    /// A call that came to nothing.
    fn in_vain(trouble: &Trouble, host: &str) -> Last<'a> {
        let reply = trouble.reply.as_ref();
        let enhanced = reply.and_then(|reply| reply.enhanced).map(|status| status.to_string());
        Last {
            at: Some(second(trouble.at)),
            session: None,
            stage: None,
            code: reply.map(|reply| reply.code),
            enhanced,
            text: Some(Words::Text(Cow::Owned(trouble.what.clone()))),
            host: Some(host.to_owned()),
        }
    }

    /// What was last of what is known: the one, or that a later call has come to nothing.
    fn brought(known: Option<Last<'a>>, way: &Way) -> Option<Last<'a>> {
        let later = |trouble: &&Arc<Trouble>| {
            known.as_ref().and_then(|last| last.at).is_none_or(|at| at <= trouble.at)
        };
        match way.trouble.as_ref().filter(later) {
            Some(trouble) => Some(Last::in_vain(trouble, &way.host)),
            None => known.map(|last| Last { host: Some(way.host.clone()), ..last }),
        }
    }
}

impl<'a> Recipient<'a> {
    fn new(
        (recipient, state): &'a (crate::mail::Recipient, RecipientState),
        answered: Option<&'a Answered>,
    ) -> Recipient<'a> {
        let words = |notify: crate::smtp::Notify| {
            let of =
                [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
            let said: Vec<_> = of.iter().filter(|(said, _)| *said).map(|(_, word)| *word).collect();
            if said.is_empty() { vec!["NEVER"] } else { said }
        };
        let said = last_reply(state).or_else(|| answered.and_then(|said| said.reply.as_ref()));
        Recipient {
            address: recipient.path.as_str(),
            orcpt: recipient.params.orcpt.as_deref(),
            notify: recipient.params.notify.map(words),
            state: match state {
                RecipientState::Waiting(None) => "waiting",
                RecipientState::Waiting(Some(_)) => "deferred",
                RecipientState::Delivered | RecipientState::Relayed(_) => "delivered",
                RecipientState::Refused(_) => "refused",
                RecipientState::Expired(_) => "expired",
                RecipientState::Told => "told",
            },
            attempts: answered.map_or(0, |answered| answered.times),
            delivered_at: answered
                .filter(|_| matches!(state, RecipientState::Delivered | RecipientState::Relayed(_)))
                .map(|answered| second(answered.tried.at)),
            remote_id: answered.and_then(|answered| answered.remote_id.as_deref()),
            last: (answered.is_some() || said.is_some()).then(|| Last::new(answered, said)),
        }
    }
}

/// Whole seconds: what is told of a time is told so, and jq's `fromdateiso8601` reads nothing finer.
pub(super) fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

pub(super) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * octets.len());
    for octet in octets {
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 15)]));
    }
    text
}

/// What waits for one domain.
#[derive(Clone, Debug, Serialize)]
pub struct Domain<'a> {
    schema: &'static str,
    domain: &'a str,
    account: Option<&'a str>,
    messages: u64,
    bytes: u64,
    by_state: ByState,
    oldest: Option<Timestamp>,
    oldest_s: Option<i64>,
    next_expiry: Option<Timestamp>,
    next_expiry_s: Option<i64>,
    recipients: Option<u64>,
    age_hist: Option<AgeHist>,
    last_session: Option<LastSession<'a>>,
    /// Unknown here: a provider does not look at its customers' MX records.
    mx: (),
    hold: Hold<'a>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Happened<'a> {
    schema: &'static str,
    seq: u64,
    at: Timestamp,
    event: &'static str,
    id: Option<String>,
    domain: Option<&'a str>,
    account: Option<&'a str>,
    session: Option<&'a str>,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<Words<'a>>,
    recipients: Option<u64>,
    size: Option<u64>,
    who: Option<&'a str>,
    result: Option<&'static str>,
}

impl<'a> Happened<'a> {
    /// What can be told of it.
    pub fn new(event: &'a Happening, account: Option<&'a str>) -> Happened<'a> {
        let reply = event.reply.as_ref();
        Happened {
            schema: EVENT,
            seq: event.seq,
            at: second(event.at),
            event: event.kind.name(),
            id: event.id.map(|id| id.to_string()),
            domain: event.domain.as_ref().map(|domain| domain.as_str()),
            account,
            session: event.session.as_deref(),
            code: reply.map(|reply| reply.code),
            enhanced: reply.and_then(|reply| reply.enhanced).map(|status| status.to_string()),
            text: reply.map(Words::of),
            recipients: event.recipients,
            size: event.size,
            who: event.who.as_deref(),
            result: event.result,
        }
    }

    /// Something behind this number is not remembered: too much has happened, or the daemon has been
    /// started anew.
    pub fn missing(event: &'static str, seq: u64) -> Happened<'static> {
        Happened {
            schema: EVENT,
            seq,
            at: second(Timestamp::now()),
            event,
            id: None,
            domain: None,
            account: None,
            session: None,
            code: None,
            enhanced: None,
            text: None,
            recipients: None,
            size: None,
            who: None,
            result: None,
        }
    }
}

/// How many messages are how old.
#[derive(Clone, Debug, Serialize)]
struct AgeHist {
    /// The upper end of each group but the last, in seconds.
    le_s: [u64; AGES.len()],
    /// Messages in each group, and those that are older.
    n: Vec<u64>,
}

/// What came of the last call.
#[derive(Clone, Debug, Serialize)]
struct LastSession<'a> {
    id: &'a str,
    at: Timestamp,
    peer: IpAddr,
    result: &'static str,
    delivered: u64,
    deferred: u64,
    ms: u64,
}

/// A customer's session.
#[derive(Clone, Debug, Serialize)]
pub struct Session<'a> {
    schema: &'static str,
    id: &'a str,
    at: Timestamp,
    ago_s: i64,
    account: &'a str,
    domains: Option<&'a [String]>,
    peer: IpAddr,
    helo: &'a str,
    tls: Option<&'a str>,
    result: &'static str,
    delivered: u64,
    deferred: u64,
    refused: u64,
    bytes: u64,
    ms: u64,
}

fn millis(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// Where none was named, it is all of the account's.
fn asked(domains: &[String]) -> Option<&[String]> {
    (!domains.is_empty()).then_some(domains)
}

impl<'a> Session<'a> {
    /// What can be told of one that goes on.
    pub fn present(present: &'a Present, now: Timestamp) -> Session<'a> {
        let took = std::time::Duration::try_from(now.duration_since(present.began));
        Session {
            schema: SESSION,
            id: &present.id,
            at: second(present.began),
            ago_s: 0,
            account: &present.account,
            domains: asked(&present.domains),
            peer: present.ip,
            helo: &present.helo,
            tls: present.tls.as_deref(),
            result: "under_way",
            delivered: present.drained.delivered,
            deferred: present.drained.deferred,
            refused: present.drained.refused,
            bytes: present.drained.octets,
            ms: millis(took.unwrap_or_default()),
        }
    }

    /// What can be told of one that has ended.
    pub fn new(past: &'a Past, now: Timestamp) -> Session<'a> {
        let ended = past.began.saturating_add(past.took).unwrap_or(past.began);
        Session {
            schema: SESSION,
            id: &past.id,
            at: second(past.began),
            ago_s: now.duration_since(ended).as_secs().max(0),
            account: &past.account,
            domains: asked(&past.domains),
            peer: past.ip,
            helo: &past.helo,
            tls: past.tls.as_deref(),
            result: past.outcome.name(),
            delivered: past.drained.delivered,
            deferred: past.drained.deferred,
            refused: past.drained.refused,
            bytes: past.drained.octets,
            ms: millis(past.took),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ByState {
    waiting: u64,
    deferred: u64,
    in_session: u64,
    held: u64,
    failed: u64,
    damaged: u64,
    deleted: u64,
}

impl<'a> Domain<'a> {
    /// What can be told of a domain. `messages` and `bytes` are of what its customer would get.
    pub fn new(
        figures: &'a Standings,
        account: Option<&'a str>,
        last: Option<&'a Past>,
        now: Timestamp,
    ) -> Domain<'a> {
        Domain {
            schema: DOMAIN,
            domain: figures.domain.as_str(),
            account,
            messages: figures.waiting,
            bytes: figures.octets,
            by_state: ByState {
                // What a session has in hand may be of either kind.
                waiting: figures.waiting.saturating_sub(figures.tried),
                deferred: figures.tried,
                in_session: figures.leased,
                held: figures.held,
                failed: figures.failed,
                damaged: figures.damaged,
                deleted: figures.deleted,
            },
            oldest: figures.oldest.map(second),
            oldest_s: figures.oldest.map(|at| now.duration_since(at).as_secs().max(0)),
            next_expiry: figures.next_expiry.map(second),
            next_expiry_s: figures.next_expiry.map(|at| at.duration_since(now).as_secs()),
            recipients: None,
            age_hist: None,
            last_session: last.map(|past| LastSession {
                id: &past.id,
                at: second(past.began),
                peer: past.ip,
                result: past.outcome.name(),
                delivered: past.drained.delivered,
                deferred: past.drained.deferred,
                ms: millis(past.took),
            }),
            mx: (),
            hold: Hold::default(),
        }
    }
}

impl<'a> Domain<'a> {
    /// Its new mail is held.
    pub fn held(mut self, decree: Option<&'a Decree>) -> Self {
        if let Some(Decree { at, who, reason, until, .. }) = decree {
            let (reason, until) = (reason.as_deref(), until.map(second));
            self.hold = Hold { held: true, reason, by: Some(who), at: Some(second(*at)), until };
        }
        self
    }
}

impl Domain<'_> {
    /// With what was counted on a walk: nothing for a domain where nothing waits.
    pub fn counted(mut self, walk: Option<Option<&Census>>) -> Self {
        let Some(census) = walk else { return self };
        let mut n = census.map_or_else(Vec::new, |census| census.ages.clone());
        n.resize(AGES.len() + 1, 0);
        self.recipients = Some(census.map_or(0, Census::recipients));
        self.age_hist = Some(AgeHist { le_s: AGES.map(|(seconds, _)| seconds), n });
        self
    }
}

/// Messages that have something in common.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// [`GROUP`].
    pub schema: &'static str,
    /// What they have in common: domain, account, sender, state, reason, age, size.
    pub by: &'static str,
    /// And which one.
    pub key: String,
    /// How many.
    pub messages: u64,
    /// Their octets.
    pub bytes: u64,
    /// The age of the oldest.
    pub oldest_s: i64,
    /// How many are how old: `1h`, `6h`, `1d`, `3d`, `7d`, each from where the one before ends, and `older`.
    pub ages: BTreeMap<&'static str, u64>,
}

/// What came and went in some time, of all domains, or of one, or of an account's.
#[derive(Clone, Debug, Serialize)]
pub struct Rates {
    schema: &'static str,
    by: &'static str,
    key: String,
    since: Timestamp,
    from: Timestamp,
    to: Timestamp,
    span_s: i64,
    missing: Option<&'static str>,
    received: Rate,
    delivered: Rate,
    deferred: Rate,
    refused: Rate,
}

/// How much, and how much of it in an hour.
#[derive(Clone, Debug, Serialize)]
struct Rate {
    messages: u64,
    bytes: u64,
    messages_per_h: f64,
    bytes_per_h: u64,
}

impl Rate {
    fn new(load: Load, span_s: i64) -> Rate {
        let hours = span_s as f64 / 3600.0;
        Rate {
            messages: load.messages,
            bytes: load.octets,
            // To a hundredth: what is beyond that nobody has measured.
            messages_per_h: (load.messages as f64 / hours * 100.0).round() / 100.0,
            bytes_per_h: (load.octets as f64 / hours).round() as u64,
        }
    }
}

impl Rates {
    /// What is told of it; `since` was asked for.
    pub fn new(
        (by, key): (&'static str, String),
        passed: Passed,
        since: Timestamp,
        known: &Since,
        now: Timestamp,
    ) -> Rates {
        let span_s = now.duration_since(known.from).as_secs().max(1);
        Rates {
            schema: TRAFFIC,
            by,
            key,
            since: second(since),
            from: second(known.from),
            to: second(now),
            span_s,
            missing: known.unknown.map(|unknown| match unknown {
                Unknown::Restarted => "restarted",
                Unknown::Lost => "lost",
            }),
            received: Rate::new(passed.received, span_s),
            delivered: Rate::new(passed.delivered, span_s),
            deferred: Rate::new(passed.deferred, span_s),
            refused: Rate::new(passed.refused, span_s),
        }
    }
}

/// What came of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Action {
    /// [`ACTION`].
    pub schema: &'static str,
    /// The order.
    pub action: String,
    /// Messages that were meant.
    pub matched: u64,
    /// To how many it was done.
    pub done: u64,
    /// How many a session has in hand, which are left to it.
    pub busy: u64,
    /// To how many it cannot be done as they stand.
    pub unfit: u64,
    /// To how many it was not done because the spool could not be read or written.
    pub failed: u64,
    /// How many were named that are not there, or no longer.
    pub missing: u64,
    /// The first of those.
    pub missing_ids: Vec<String>,
    /// Nothing was done, only looked.
    pub dry_run: bool,
    /// Why.
    pub reason: Option<String>,
    /// Its line in the audit.
    pub audit: Option<String>,
    /// Of so many domains the new mail is held from now on, or no longer; nothing where the order was not
    /// about that.
    pub future: Option<u64>,
}

/// A line of the audit.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    schema: &'static str,
    id: String,
    at: Timestamp,
    who: String,
    action: String,
    reason: Option<String>,
    filter: String,
    done: u64,
}

impl From<Audited> for Audit {
    fn from(line: Audited) -> Audit {
        let Audited { id, at, who, action, reason, filter, done } = line;
        let at = second(at);
        Audit { schema: AUDIT, id: audit_name(id), at, who, action, reason, filter, done }
    }
}

/// Something in the spool that is not as it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    schema: &'static str,
    kind: &'static str,
    id: Option<String>,
    domain: Option<String>,
    what: String,
    repaired: bool,
}

impl Found {
    /// What is told of a finding; `repaired` when something was done about it.
    pub fn new(finding: &Finding, repaired: bool) -> Found {
        Found {
            schema: FINDING,
            kind: finding.kind.name(),
            id: finding.id.map(|id| id.to_string()),
            domain: finding.domain.as_ref().map(ToString::to_string),
            what: finding.what.clone(),
            repaired,
        }
    }
}

/// What was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    /// [`VERIFIED`].
    pub schema: &'static str,
    /// Messages.
    pub entries: u64,
    /// Octets of content that proved to be what came in.
    pub bytes: u64,
    /// Findings told before this.
    pub findings: u64,
}

/// A piece of a message's content.
#[derive(Clone, Debug, Serialize)]
pub struct Piece {
    /// [`CONTENT`].
    pub schema: &'static str,
    /// The message.
    pub id: String,
    /// Where it begins, in octets.
    pub at: u64,
    /// The octets, in base64.
    pub b64: String,
}

/// What a line of the audit is called.
pub fn audit_name(id: i64) -> String {
    format!("A-{id}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    fn keys(name: &str) -> Map<String, Value> {
        let schema = SCHEMAS.iter().find(|(known, _)| *known == name).expect("a schema").1;
        let schema: Value = serde_json::from_str(schema).expect("JSON");
        schema["properties"].as_object().expect("keys").clone()
    }

    #[test]
    fn a_recipients_row_is_the_message_with_the_recipients_own() {
        let mut merged = keys(MESSAGE);
        let recipients = merged.remove("recipients").expect("recipients");
        merged["schema"] = serde_json::json!({ "const": RECIPIENT });
        merged.extend(recipients["items"]["properties"].as_object().expect("keys").clone());
        assert_eq!(keys(RECIPIENT), merged);
    }
}
