//! What becomes of mail.

use super::*;
use odmr::queue::RecipientState;
use odmr::spool::Totals;

pub async fn what_was_delivered_is_gone<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 0..3 {
        keep_small(&spool, n, "example.org", at(0)).await;
    }
    let leases = walk(&spool, "example.org").next(10).await.expect("a batch");
    let octets = leases.iter().map(|lease| lease.entry().size).sum();
    let totals = Totals { waiting: 3, leased: 3, octets, ..Totals::default() };
    assert_eq!(spool.totals(&domain("example.org")), totals);
    for lease in leases {
        deliver(&spool, lease).await;
    }
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    assert!(offered(&spool, "example.org").await.is_empty());
    drop(spool);
    let spool = engine.open().await;
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    assert!(offered(&spool, "example.org").await.is_empty());
}

pub async fn what_was_deferred_stays_with_its_reason<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    let mut walk = walk(&spool, "example.org");
    for lease in walk.next(10).await.expect("a batch") {
        settle(&spool, lease, vec![deferred()]).await;
    }
    assert!(walk.next(10).await.expect("a batch").is_empty(), "offered twice in one walk");
    drop((walk, spool));
    let spool = engine.open().await;
    let lease = only(&spool, "example.org").await;
    assert_eq!(lease.entry().attempts, 1);
    assert_eq!(lease.entry().recipients[0].1, RecipientState::Waiting(Some(not_now())));
}

pub async fn each_recipient_has_its_own_fate<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let arrival = arrival(vec![part(1, "example.org", &["a", "b", "c", "d"])], at(0));
    keep(&spool, arrival, b"x\r\n").await.expect("kept");
    let fates = vec![taken(), deferred(), refused(), Fate::Untried];
    settle(&spool, only(&spool, "example.org").await, fates).await;

    let lease = only(&spool, "example.org").await;
    let states: Vec<_> = lease.entry().recipients.iter().map(|(_, state)| state.clone()).collect();
    let wanted = [
        RecipientState::Delivered,
        RecipientState::Waiting(Some(not_now())),
        RecipientState::Refused(never()),
        RecipientState::Waiting(None),
    ];
    assert_eq!(states, wanted);
    assert_eq!(spool.totals(&domain("example.org")).waiting, 1);

    // Only those who still wait are spoken of the second time.
    let octets_aside = lease.entry().size;
    settle(&spool, lease, vec![taken(), taken()]).await;
    let totals = Totals { set_aside: 1, octets_aside, ..Totals::default() };
    assert_eq!(spool.totals(&domain("example.org")), totals);
    assert!(offered(&spool, "example.org").await.is_empty());
}

pub async fn what_was_refused_is_set_aside<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    let lease = only(&spool, "example.org").await;
    let octets_aside = lease.entry().size;
    settle(&spool, lease, vec![refused()]).await;
    drop(spool);
    let spool = engine.open().await;
    let totals = Totals { set_aside: 1, octets_aside, ..Totals::default() };
    assert_eq!(spool.totals(&domain("example.org")), totals);
    assert!(offered(&spool, "example.org").await.is_empty());
}

pub async fn what_was_not_tried_waits_as_before<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    settle(&spool, only(&spool, "example.org").await, vec![]).await;
    let lease = only(&spool, "example.org").await;
    assert_eq!(lease.entry().recipients[0].1, RecipientState::Waiting(None));
    assert_eq!(lease.entry().attempts, 1, "a session tried it and did not finish it");
}

pub async fn a_reason_of_any_length_is_kept_in_reason<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    let verbose = not_now().saying("\u{e9}".repeat(100_000));
    settle(
        &spool,
        only(&spool, "example.org").await,
        vec![Fate::Deferred(odmr::smtp::Said::new(odmr::smtp::Stage::Rcpt, verbose))],
    )
    .await;
    let lease = only(&spool, "example.org").await;
    let RecipientState::Waiting(Some(reply)) = &lease.entry().recipients[0].1 else { panic!() };
    assert!((500..10_000).contains(&reply.text.len()), "{}", reply.text.len());
}

pub async fn what_outlives_its_time_is_marked_and_kept<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 0..10 {
        let mut part = part(n, "example.org", &["a", "b"]);
        part.expires = at(100 - n as i64);
        keep(&spool, arrival(vec![part], at(n as i64)), b"x\r\n").await.expect("kept");
    }
    assert_eq!(spool.expire(at(90)).await.expect("swept").len(), 0);
    assert_eq!(spool.expire(at(95)).await.expect("swept").len(), 5);
    assert_eq!(spool.expire(at(95)).await.expect("swept").len(), 0);
    let totals = spool.totals(&domain("example.org"));
    assert_eq!((totals.waiting, totals.set_aside), (5, 5));

    // One that a session holds is given up when the session has given it back.
    let lease = walk(&spool, "example.org").next(1).await.expect("a batch");
    assert_eq!(spool.expire(at(200)).await.expect("swept").len(), 4);
    drop(lease);
    assert_eq!(spool.expire(at(200)).await.expect("swept").len(), 1);
    assert!(offered(&spool, "example.org").await.is_empty());

    // And what arrives after a sweep is found by the next.
    let mut part = part(50, "example.org", &["a"]);
    part.expires = at(300);
    keep(&spool, arrival(vec![part], at(0)), b"x\r\n").await.expect("kept");
    assert_eq!(spool.expire(at(300)).await.expect("swept").len(), 1);
    drop(spool);
    let spool = engine.open().await;
    assert_eq!(spool.totals(&domain("example.org")).set_aside, 11);
    assert_eq!(spool.expire(at(300)).await.expect("swept").len(), 0);
}
