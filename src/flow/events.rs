//! What happens to mail and in sessions, one after the other, for whoever watches. The last of it is kept
//! in memory, so that a watcher who lost the line can go on where it was.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::traffic::{Since, Traffic};
use crate::queue::{EntryId, Fate};
use crate::smtp::{Domain, Reply};
use crate::spool::{Arrival, Part};

/// How many are kept.
const KEPT: usize = 10_000;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message has come, and is safe.
    Queued,
    /// A customer has said ATRN, and gets its mail; or a host is called.
    SessionStart,
    /// Some recipients have the message.
    Delivered,
    /// Some were told "not now": the message waits.
    Deferred,
    /// Some were refused for good.
    Refused,
    /// An operator holds the message.
    Held,
    /// And lets it go.
    Released,
    /// An operator has deleted it.
    Deleted,
    /// And called it back.
    Undeleted,
    /// Its time is up.
    Expired,
    /// An operator has refused it.
    Bounced,
    /// It is as if it had never been tried.
    Requeued,
    /// It is another domain's now.
    Redirected,
    /// A session has ended.
    SessionEnd,
}

impl Kind {
    /// Every kind, with its word.
    pub const ALL: [(Kind, &'static str); 14] = [
        (Kind::Queued, "queued"),
        (Kind::SessionStart, "session_start"),
        (Kind::Delivered, "delivered"),
        (Kind::Deferred, "deferred"),
        (Kind::Refused, "refused"),
        (Kind::Held, "held"),
        (Kind::Released, "released"),
        (Kind::Deleted, "deleted"),
        (Kind::Undeleted, "undeleted"),
        (Kind::Expired, "expired"),
        (Kind::Bounced, "bounced"),
        (Kind::Requeued, "requeued"),
        (Kind::Redirected, "redirected"),
        (Kind::SessionEnd, "session_end"),
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happening {
    /// Later ones have higher numbers, also after the daemon was started anew.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: Kind,
    /// To which message.
    pub id: Option<EntryId>,
    /// Whose mail.
    pub domain: Option<Domain>,
    /// How large the message is, in octets.
    pub size: Option<u64>,
    /// Whose session.
    pub account: Option<String>,
    /// In which session, as the log calls it.
    pub session: Option<String>,
    /// What the customer said.
    pub reply: Option<Reply>,
    /// How many recipients it is about.
    pub recipients: Option<u64>,
    /// Which operator.
    pub who: Option<String>,
    /// What a session came to.
    pub result: Option<&'static str>,
}

impl Happening {
    /// Something of this kind, of which nothing else is known yet.
    pub fn new(kind: Kind) -> Happening {
        Happening {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            kind,
            id: None,
            domain: None,
            size: None,
            account: None,
            session: None,
            reply: None,
            recipients: None,
            who: None,
            result: None,
        }
    }

    /// Something that happened to a message.
    pub fn of(kind: Kind, id: EntryId, domain: Domain) -> Happening {
        Happening { id: Some(id), domain: Some(domain), ..Happening::new(kind) }
    }
}

/// All that is remembered.
#[derive(Debug)]
pub struct Events {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<Happening>,
    next: u64,
    /// The first number of this daemon's.
    begin: u64,
    traffic: Traffic,
}

/// What is no longer known of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing is missing.
    None,
    /// More has happened since than is kept.
    Lost,
    /// The daemon was started anew since, and knows nothing of what was before.
    Restarted,
}

impl Events {
    /// Nothing has happened yet. Numbers begin with the time: whatever was told before this daemon was
    /// started has lower ones.
    pub fn since(start: Timestamp) -> Events {
        let next = u64::try_from(start.as_millisecond()).unwrap_or(0).saturating_mul(1000);
        let traffic = Traffic::begun(start);
        let kept = Kept { events: VecDeque::new(), next, begin: next, traffic };
        Events { kept: Mutex::new(kept), last: watch::Sender::new(next) }
    }

    /// Tells of what has happened just now.
    pub fn tell(&self, events: impl IntoIterator<Item = Happening>, now: Timestamp) {
        let mut kept = self.lock();
        let before = kept.next;
        for event in events {
            let seq = kept.next;
            kept.next += 1;
            kept.traffic.count(&event, now);
            if kept.events.len() >= KEPT {
                kept.events.pop_front();
            }
            kept.events.push_back(Happening { seq, at: now, ..event });
        }
        let next = kept.next;
        drop(kept);
        if next > before {
            self.last.send_replace(next);
        }
    }

    /// What happened from this number on, some of it; and what is missing at its beginning.
    pub fn from(&self, seq: u64, most: usize) -> (Vec<Happening>, Gap) {
        let kept = self.lock();
        let first = kept.events.front().map_or(kept.next, |event| event.seq);
        let skip = usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX);
        let some = kept.events.iter().skip(skip).take(most).cloned().collect();
        let gap = match seq {
            _ if seq < kept.begin => Gap::Restarted,
            _ if seq < first => Gap::Lost,
            _ => Gap::None,
        };
        (some, gap)
    }

    /// The number that the next event will have.
    pub fn next(&self) -> u64 {
        self.lock().next
    }

    /// How much came and went since a moment.
    pub fn traffic_since(&self, asked: Timestamp) -> Since {
        self.lock().traffic.since(asked)
    }

    /// Resolves when something has happened that has this number or a higher one.
    pub async fn until(&self, seq: u64) {
        let mut last = self.last.subscribe();
        // The sender is ours, and lives as long as we do.
        let _ = last.wait_for(|next| *next > seq).await;
    }

    /// A panic elsewhere leaves what is remembered as it was.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That these messages have come in this session, with a content of so many octets without the trace fields
/// that it was given here.
pub fn of_arrival(arrival: &Arrival, octets: u64, session: &str) -> Vec<Happening> {
    let size = octets.saturating_add(arrival.trace.len() as u64);
    let of = |part: &Part| Happening {
        session: Some(session.to_owned()),
        recipients: Some(part.recipients.len() as u64),
        size: Some(size),
        ..Happening::of(Kind::Queued, part.id, part.domain.clone())
    };
    arrival.parts.iter().map(of).collect()
}

/// What a session made of a message of so many octets, an event for each kind of end.
pub fn of_fates(
    id: EntryId,
    domain: &Domain,
    size: u64,
    session: Option<String>,
    fates: &[Fate],
) -> Vec<Happening> {
    let ends = fates.iter().filter_map(|fate| match fate {
        Fate::Delivered(said) | Fate::Relayed(said) => Some((Kind::Delivered, said)),
        Fate::Deferred(said) => Some((Kind::Deferred, said)),
        Fate::Refused(said) => Some((Kind::Refused, said)),
        Fate::Untried => None,
    });
    let mut events: Vec<Happening> = Vec::with_capacity(1);
    for (kind, said) in ends {
        match events.iter_mut().find(|event| event.kind == kind) {
            Some(event) => event.recipients = event.recipients.map(|n| n + 1),
            None => events.push(Happening {
                session: session.clone(),
                reply: Some(said.reply.clone()),
                recipients: Some(1),
                size: Some(size),
                ..Happening::of(kind, id, domain.clone())
            }),
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{Said, Stage};

    fn queued(n: u64) -> Happening {
        Happening { recipients: Some(n), ..Happening::new(Kind::Queued) }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn whoever_knows_the_last_number_hears_the_rest_and_what_is_lost_is_told() {
        let events = Events::since(at(7));
        assert_eq!(events.next(), 7000);
        events.tell((0..3).map(queued), at(8));
        let (some, gap) = events.from(7001, 10);
        assert_eq!(some.iter().map(|event| event.seq).collect::<Vec<_>>(), [7001, 7002]);
        assert!(gap == Gap::None && events.from(7003, 10).0.is_empty());
        assert_eq!(events.from(6000, 1).1, Gap::Restarted, "another daemon told it");
        events.tell((0..KEPT as u64).map(queued), at(9));
        let (some, gap) = events.from(7001, 1);
        assert_eq!((some[0].seq, gap), (7003, Gap::Lost));
    }

    #[tokio::test]
    async fn a_watcher_is_woken() {
        let events = Events::since(at(0));
        events.tell([queued(1)], at(1));
        events.until(0).await;
        let woken = async {
            events.until(1).await;
            events.from(1, 10).0.len()
        };
        let told = async { events.tell([queued(2)], at(2)) };
        assert_eq!(tokio::join!(woken, told).0, 1);
    }

    #[test]
    fn a_message_has_an_event_for_each_kind_of_end() {
        let not_now = Reply::new(452, (2, 2), "full");
        let taken = Reply::new(250, (0, 0), "ok");
        let fates = [
            Fate::Delivered(Said::new(Stage::Content, taken.clone())),
            Fate::Deferred(Said::new(Stage::Rcpt, not_now.clone())),
            Fate::Delivered(Said::new(Stage::Content, taken.clone())),
            Fate::Untried,
        ];
        let id = EntryId(ulid::Ulid::nil());
        let domain = Domain::parse("example.org").unwrap();
        let events = of_fates(id, &domain, 7, Some("s1".to_owned()), &fates);
        let seen: Vec<_> = events.iter().map(|e| (e.kind, e.recipients, e.reply.clone())).collect();
        let (delivered, deferred) = (Kind::Delivered, Kind::Deferred);
        assert_eq!(seen, [(delivered, Some(2), Some(taken)), (deferred, Some(1), Some(not_now))]);
    }
}
