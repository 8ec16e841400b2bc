//! Who is offered what, and in what order.

use super::*;
use odmr::queue::order::{self, size_class};
use proptest::prelude::*;
use std::collections::HashMap;

pub async fn a_lease_is_exclusive_and_dies_with_its_guard<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    let lease = only(&spool, "example.org").await;
    assert!(offered(&spool, "example.org").await.is_empty());
    assert_eq!(spool.totals(&domain("example.org")).leased, 1);
    drop(lease);
    assert_eq!(spool.totals(&domain("example.org")).leased, 0);
    assert_eq!(only(&spool, "example.org").await.entry().attempts, 0);
}

pub async fn a_lease_dies_with_the_spool<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    drop((only(&spool, "example.org").await, spool));
    only(&engine.open().await, "example.org").await;
}

pub async fn nobody_gets_the_mail_of_others<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for (n, name) in ["a.example", "b.a.example", "a.example.org"].into_iter().enumerate() {
        keep_small(&spool, n as u64, name, at(0)).await;
    }
    assert_eq!(offered(&spool, "a.example").await, [id(0)]);
    assert!(offered(&spool, "never-seen.example").await.is_empty());
    let both = vec![domain("a.example"), domain("b.a.example"), domain("a.example")];
    let leases = spool.drain(both, young(), at(0)).next(10).await.expect("a batch");
    assert_eq!(leases.iter().map(|l| l.entry().id).collect::<Vec<_>>(), [id(0), id(1)]);
}

pub async fn a_walk_hands_out_no_more_than_there_is_room_for<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 0..10 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let mut walk = walk(&spool, "example.org");
    let mut seen = Vec::new();
    for room in [0, 1, 2, 3, 100, 100] {
        let leases = walk.next(room).await.expect("a batch");
        assert!(leases.len() <= room);
        seen.extend(leases.iter().map(|lease| lease.entry().id));
    }
    assert_eq!(seen, (0..10).map(id).collect::<Vec<_>>());
}

pub async fn what_arrives_during_a_walk_is_found_and_nothing_is_offered_twice<E: Engine>(
    engine: &E,
) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(1)).await;
    let names = vec![domain("example.org"), domain("new.example")];
    let mut walk = spool.drain(names, young(), at(5));
    for lease in walk.next(10).await.expect("a batch") {
        assert_eq!(lease.entry().id, id(1));
        settle(&spool, lease, vec![deferred()]).await;
    }
    assert!(walk.next(10).await.expect("a batch").is_empty());
    keep_small(&spool, 2, "example.org", at(2)).await;
    keep_small(&spool, 3, "new.example", at(3)).await;
    let leases = walk.next(10).await.expect("a batch");
    assert_eq!(leases.iter().map(|l| l.entry().id).collect::<Vec<_>>(), [id(2), id(3)]);
    drop(leases);
    assert!(walk.next(10).await.expect("a batch").is_empty());
}

pub async fn several_sessions_share_the_work_and_no_entry<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 0..300 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let sessions = (0..6usize).map(|session| {
        let spool = spool.clone();
        tokio::spawn(async move { work(spool, session).await })
    });
    let mut delivered: HashMap<EntryId, usize> = HashMap::new();
    for session in sessions.collect::<Vec<_>>() {
        for id in session.await.expect("a session") {
            *delivered.entry(id).or_default() += 1;
        }
    }
    // What a session gave back behind another's cursor waits for the next call.
    for lease in walk(&spool, "example.org").next(1000).await.expect("a batch") {
        *delivered.entry(lease.entry().id).or_default() += 1;
        deliver(&spool, lease).await;
    }
    assert_eq!(delivered.len(), 300);
    assert!(delivered.values().all(|&times| times == 1), "{delivered:?}");
    assert_eq!(spool.totals(&domain("example.org")).waiting, 0);
}

/// A session that delivers most of what it is given and drops the rest.
async fn work<S: Spool>(spool: S, session: usize) -> Vec<EntryId> {
    let mut walk = walk(&spool, "example.org");
    let mut delivered = Vec::new();
    loop {
        let leases = walk.next(1 + session * 3).await.expect("a batch");
        if leases.is_empty() {
            return delivered;
        }
        for (n, lease) in leases.into_iter().enumerate() {
            if n % 7 != 6 {
                delivered.push(lease.entry().id);
                deliver(&spool, lease).await;
            }
        }
    }
}

pub async fn what_was_tried_waits_behind_all_that_was_not<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for (n, octets) in [(1, 100), (2, 100), (3, 140_000)] {
        let arrival = arrival(vec![part(n, "example.org", &["user"])], at(n as i64));
        keep(&spool, arrival, &content(n, octets)).await.expect("kept");
    }
    let lease = walk(&spool, "example.org").next(1).await.expect("a batch").remove(0);
    settle(&spool, lease, vec![Fate::Untried]).await;
    keep_small(&spool, 4, "example.org", at(4)).await;
    assert_eq!(offered(&spool, "example.org").await, [2, 4, 3, 1].map(id));
    assert_eq!(
        offered(&engine_again(engine, spool).await, "example.org").await.last(),
        Some(&id(1))
    );
}

async fn engine_again<E: Engine>(engine: &E, spool: E::Spool) -> E::Spool {
    drop(spool);
    engine.open().await
}

pub async fn the_tried_take_turns_and_age_from_when_they_were_tried<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 1..=3 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    // Whatever the clock says, and however often it says the same.
    for (n, tried) in [(1, 50), (2, 50), (3, 10), (1, 20)] {
        let leases = walk(&spool, "example.org").next(3).await.expect("a batch");
        let lease = leases.into_iter().find(|lease| lease.entry().id == id(n)).expect("waiting");
        spool.settle(lease, vec![deferred()], at(tried).into()).await.expect("settled");
    }
    assert_eq!(offered(&spool, "example.org").await, [2, 3, 1].map(id));
    keep_small(&spool, 4, "example.org", at(60)).await;
    let order = Order { aged_after: Duration::from_secs(10) };
    for (now, wanted) in [(60, [4, 2, 3, 1]), (65, [2, 3, 1, 4]), (80, [2, 3, 1, 4])] {
        let mut walk = spool.drain(vec![domain("example.org")], order, at(now));
        let leases = walk.next(10).await.expect("a batch");
        assert_eq!(
            leases.iter().map(|l| l.entry().id).collect::<Vec<_>>(),
            wanted.map(id),
            "{now}"
        );
    }
}

pub async fn one_that_ends_every_session_keeps_nobody_waiting<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let stubborn = [0, 3, 4].map(id);
    for n in 0..20 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let mut delivered = 0;
    for _ in 0..stubborn.len() + 1 {
        let mut walk = walk(&spool, "example.org");
        while let Some(lease) = walk.next(1).await.expect("a batch").pop() {
            if stubborn.contains(&lease.entry().id) {
                settle(&spool, lease, vec![Fate::Untried]).await;
                break;
            }
            deliver(&spool, lease).await;
            delivered += 1;
        }
    }
    assert_eq!(delivered, 20 - stubborn.len());
    assert_eq!(spool.totals(&domain("example.org")).waiting, stubborn.len() as u64);
}

pub async fn a_walk_offers_nothing_twice_whatever_the_clock_says<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 0..30 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    for clock in [at(-1_000), at(2_000_000), at(-1_000)] {
        let mut walk = walk(&spool, "example.org");
        let mut seen = Vec::new();
        while let Some(lease) = walk.next(1).await.expect("a batch").pop() {
            seen.push(lease.entry().id);
            let fates = vec![deferred()];
            spool.settle(lease, fates, clock.into()).await.expect("settled");
            assert!(seen.len() <= 30, "offered twice");
        }
        assert_eq!(seen, (0..30).map(id).collect::<Vec<_>>());
    }
}

/// What the order is taken from: seconds of arrival, octets, domain, seconds of a try.
pub type Waiting = (i64, usize, bool, Option<i64>);

/// Mail of every class and age.
pub fn waiting() -> impl Strategy<Value = Vec<Waiting>> {
    let octets = prop_oneof![Just(10usize), Just(20_000), Just(140_000)];
    let tried = proptest::option::weighted(0.3, 0..100i64);
    proptest::collection::vec((0..100i64, octets, any::<bool>(), tried), 1..25)
}

/// Aged ones first, oldest first; then class by class, oldest first, and the tried behind them;
/// whatever the domain and however the walk is cut.
pub async fn the_order_is_the_disciplines<E: Engine>(engine: &E, waiting: &[Waiting], room: usize) {
    let spool = engine.open().await;
    for (n, &(seconds, octets, other, _)) in waiting.iter().enumerate() {
        let name = if other { "b.example" } else { "a.example" };
        let arrival = arrival(vec![part(n as u64, name, &["user"])], at(seconds));
        keep(&spool, arrival, &content(n as u64, octets)).await.expect("kept");
    }
    try_some(&spool, waiting).await;
    let aged_before = 50;
    let order = Order { aged_after: Duration::from_secs(100 - aged_before as u64) };
    let names = vec![domain("a.example"), domain("b.example")];
    let mut walk = spool.drain(names, order, at(100));
    let (mut ranks, mut held) = (Vec::new(), Vec::new());
    loop {
        let leases = walk.next(room).await.expect("a batch");
        if leases.is_empty() {
            break;
        }
        ranks.extend(leases.iter().map(|lease| rank(lease.entry(), at(aged_before))));
        held.extend(leases);
    }
    assert_eq!(ranks.len(), waiting.len());
    assert!(ranks.is_sorted(), "{ranks:?}");
}

async fn try_some<S: Spool>(spool: &S, waiting: &[Waiting]) {
    let names = vec![domain("a.example"), domain("b.example")];
    for lease in spool.drain(names, young(), at(100)).next(100).await.expect("a batch") {
        let (.., tried) = waiting[lease.entry().id.0.timestamp_ms() as usize];
        if let Some(tried) = tried {
            spool.settle(lease, Vec::new(), at(tried).into()).await.expect("settled");
        }
    }
}

fn rank(entry: &Entry, cutoff: Timestamp) -> (u8, Timestamp, EntryId) {
    let class = if entry.tried.is_some() { order::TRIED } else { size_class(entry.size) };
    let since = entry.tried.unwrap_or(entry.arrived);
    (order::group(class, since, cutoff), since, entry.id)
}
