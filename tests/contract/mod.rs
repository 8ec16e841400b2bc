//! What every engine promises, as functions over any of them. An engine's own test file hands in
//! how it is opened, and runs them all.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod arriving;
pub mod delay;
pub mod leaving;
pub mod telling;
pub mod walking;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use odmr::mail::Recipient;
use odmr::queue::{Entry, EntryId, Fate, Source};
use odmr::smtp::{
    Body, Domain, ForwardPath, MailParams, Notify, RcptParams, Reply, Ret, ReversePath, Said, Stage,
};
use odmr::spool::{Arrival, Content, Draft, Drain, Lease, Order, Part, Spool, SpoolError};
use ulid::Ulid;

/// A place that holds one spool, which can be opened again after it was given up.
pub trait Engine {
    /// What it opens.
    type Spool: Spool;

    /// Opens it. Not while it is open.
    fn open(&self) -> impl Future<Output = Self::Spool>;
}

/// A name that no other entry has; the same for the same number.
pub fn id(n: u64) -> EntryId {
    EntryId(Ulid::from_parts(n, 0))
}

/// `example.org` or another.
pub fn domain(name: &str) -> Domain {
    Domain::parse(name).expect("a domain")
}

/// The start of all clocks here, and seconds from it.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

/// A week: nothing expires by accident.
pub fn later(arrived: Timestamp) -> Timestamp {
    arrived + Duration::from_secs(7 * 86_400)
}

/// Nobody is aged, so that small ones go first.
pub fn young() -> Order {
    Order { aged_after: Duration::from_secs(365 * 86_400) }
}

pub fn recipient(path: &str) -> Recipient {
    let path = ForwardPath::parse(path).expect("a path");
    Recipient { path, params: RcptParams::default() }
}

/// A part for one domain with these local parts.
pub fn part(n: u64, name: &str, locals: &[&str]) -> Part {
    let recipients = locals.iter().map(|local| recipient(&format!("{local}@{name}"))).collect();
    Part { id: id(n), domain: domain(name), expires: later(at(0)), recipients }
}

pub fn arrival(parts: Vec<Part>, arrived: Timestamp) -> Arrival {
    Arrival {
        reverse_path: ReversePath::parse("sender@example.com").expect("a path"),
        params: MailParams::default(),
        parts,
        arrived,
        source: Source {
            ip: "192.0.2.7".parse().expect("an address"),
            helo: "mx.example.com".to_owned(),
            tls: None,
            auth: None,
        },
        trace: Bytes::from_static(b"Received: from here\r\n\tby there; now\r\n"),
    }
}

/// Everything an envelope can hold.
pub fn ornate(mut arrival: Arrival) -> Arrival {
    arrival.params = MailParams {
        size: Some(12345),
        body: Body::EightBit,
        smtputf8: true,
        ret: Some(Ret::Headers),
        envid: Some("QQ+2B314159".into()),
    };
    arrival.source.tls = Some("TLSv1.3".to_owned());
    arrival.source.ip = "2001:db8::7".parse().expect("an address");
    for (n, recipient) in arrival.parts.iter_mut().flat_map(|p| &mut p.recipients).enumerate() {
        recipient.params.orcpt = Some("rfc822;someone+2Belse@example.net".into());
        let delay = n % 2 == 0;
        recipient.params.notify = Some(Notify { success: !delay, failure: true, delay });
    }
    arrival
}

/// Content that tells two mails, and two places in one mail, apart.
pub fn content(seed: u64, octets: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b' ' + (state % 90) as u8
    };
    (0..octets).map(|_| next()).collect()
}

/// Writes and commits in one go.
pub async fn keep<S: Spool>(spool: &S, arrival: Arrival, content: &[u8]) -> Result<(), SpoolError> {
    let mut draft = spool.draft(Some(content.len() as u64))?;
    for piece in content.chunks(50_000) {
        draft.write(Bytes::copy_from_slice(piece)).await?;
    }
    spool.commit(draft, arrival).await
}

/// Keeps a small mail for one recipient.
pub async fn keep_small<S: Spool>(spool: &S, n: u64, name: &str, arrived: Timestamp) {
    let arrival = arrival(vec![part(n, name, &["user"])], arrived);
    keep(spool, arrival, &content(n, 100)).await.expect("kept");
}

/// A walk through one domain.
pub fn walk<S: Spool>(spool: &S, name: &str) -> S::Drain {
    spool.drain(vec![domain(name)], young(), at(1_000_000))
}

/// The one entry that waits for a domain.
pub async fn only<S: Spool>(spool: &S, name: &str) -> S::Lease {
    let mut leases = walk(spool, name).next(10).await.expect("a batch");
    assert_eq!(leases.len(), 1, "waiting for {name}");
    leases.remove(0)
}

/// All of an entry's content.
pub async fn read<S: Spool>(spool: &S, lease: &S::Lease) -> Result<Vec<u8>, SpoolError> {
    let mut content = spool.content(lease).await?;
    let mut whole = Vec::new();
    while let Some(piece) = content.next().await? {
        assert!(piece.len() <= 128 * 1024 && !piece.is_empty());
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// The names of all that a fresh walk offers, in order; nothing is settled.
pub async fn offered<S: Spool>(spool: &S, name: &str) -> Vec<EntryId> {
    let leases = walk(spool, name).next(10_000).await.expect("a batch");
    leases.iter().map(|lease| lease.entry().id).collect()
}

pub async fn settle<S: Spool>(spool: &S, lease: S::Lease, fates: Vec<Fate>) {
    spool.settle(lease, fates, at(2_000_000).into()).await.expect("settled");
}

pub async fn deliver<S: Spool>(spool: &S, lease: S::Lease) {
    let fates = vec![taken(); lease.entry().recipients.len()];
    settle(spool, lease, fates).await;
}

/// The customer has it.
pub fn taken() -> Fate {
    let said = Reply::new(250, (0, 0), "Ok: queued as 4XyZ");
    Fate::Delivered(Said::new(Stage::Content, said))
}

/// Its server wants it later.
pub fn deferred() -> Fate {
    Fate::Deferred(Said::new(Stage::Rcpt, not_now()))
}

/// Its server does not want it.
pub fn refused() -> Fate {
    Fate::Refused(Said::new(Stage::Rcpt, never()))
}

pub fn not_now() -> Reply {
    Reply::new(452, (2, 2), "mailbox full")
}

pub fn never() -> Reply {
    Reply::new(550, (1, 1), "no such user")
}

/// What an entry was made of, to compare it with what was handed in.
pub fn same_envelope(entry: &Entry, arrival: &Arrival, part: &Part) {
    assert_eq!(entry.id, part.id);
    assert_eq!(entry.domain, part.domain);
    assert_eq!(entry.arrived, arrival.arrived);
    assert_eq!(entry.expires, part.expires);
    assert_eq!(entry.reverse_path, arrival.reverse_path);
    assert_eq!(entry.params, arrival.params);
    assert_eq!(entry.source, arrival.source);
    let recipients: Vec<_> = entry.recipients.iter().map(|(r, _)| r.clone()).collect();
    assert_eq!(recipients, part.recipients);
}
