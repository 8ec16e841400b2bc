//! Senders are told: what is due for that, and how it ends.

use odmr::queue::{RecipientState, outgoing};
use odmr::spool::Totals;

use super::*;

/// The one entry of which a sender is to be told.
async fn only_due<S: Spool>(spool: &S) -> S::Lease {
    let mut due = spool.due(10).await.expect("a look");
    assert_eq!(due.len(), 1, "due");
    due.remove(0)
}

async fn nothing_is_due<S: Spool>(spool: &S) -> bool {
    spool.due(10).await.expect("a look").is_empty()
}

/// A notice under a name of its own.
pub async fn notice<S: Spool>(spool: &S, n: u64) -> (S::Draft, Arrival) {
    let mut part = part(n, "sender.test", &["sender"]);
    part.domain = outgoing();
    let mut arrival = arrival(vec![part], at(50));
    arrival.reverse_path = ReversePath::Null;
    let mut draft = spool.draft(None).expect("a draft");
    draft.write(Bytes::from_static(b"it failed\r\n")).await.expect("written");
    (draft, arrival)
}

pub async fn what_failed_is_due_until_its_notice_is_kept<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    assert!(nothing_is_due(&spool).await);
    settle(&spool, only(&spool, "example.org").await, vec![refused()]).await;
    drop(only_due(&spool).await);
    drop(spool);

    let spool = engine.open().await;
    let lease = only_due(&spool).await;
    assert_eq!(lease.entry().recipients[0].1, RecipientState::Refused(never()));
    assert!(read(&spool, &lease).await.expect("content").ends_with(&content(1, 100)));
    assert!(nothing_is_due(&spool).await, "two hold the same entry");
    let notice = notice(&spool, 2).await;
    spool.conclude(lease, Some(notice)).await.expect("concluded");
    assert!(nothing_is_due(&spool).await);
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    drop(spool);

    let spool = engine.open().await;
    assert!(nothing_is_due(&spool).await);
    let lease = only(&spool, outgoing().as_str()).await;
    assert!(read(&spool, &lease).await.expect("content").ends_with(b"it failed\r\n"));
}

pub async fn what_nobody_wants_to_hear_of_goes_without_a_notice<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    settle(&spool, only(&spool, "example.org").await, vec![refused()]).await;
    spool.conclude(only_due(&spool).await, None).await.expect("concluded");
    assert!(nothing_is_due(&spool).await);
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    assert_eq!(spool.totals(&outgoing()), Totals::default());
}

pub async fn those_who_wait_go_on_waiting_while_others_are_told_of<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let parts = vec![part(1, "example.org", &["a", "b", "c"])];
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let fates = vec![taken(), refused(), deferred()];
    settle(&spool, only(&spool, "example.org").await, fates).await;
    spool.conclude(only_due(&spool).await, None).await.expect("concluded");
    assert!(nothing_is_due(&spool).await);
    drop(spool);

    let spool = engine.open().await;
    assert!(nothing_is_due(&spool).await);
    let lease = only(&spool, "example.org").await;
    let states: Vec<_> = lease.entry().recipients.iter().map(|(_, state)| state.clone()).collect();
    let waits = RecipientState::Waiting(Some(not_now()));
    assert_eq!(states, [RecipientState::Delivered, RecipientState::Told, waits]);
    settle(&spool, lease, vec![taken()]).await;
    assert!(nothing_is_due(&spool).await, "told twice");
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
}

pub async fn what_has_expired_is_due<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    settle(&spool, only(&spool, "example.org").await, vec![deferred()]).await;
    assert_eq!(spool.expire(later(at(1))).await.expect("swept").len(), 1);
    let lease = only_due(&spool).await;
    assert_eq!(lease.entry().recipients[0].1, RecipientState::Expired(Some(not_now())));
}

pub async fn a_success_is_due_where_it_was_asked_for<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let parts = vec![part(1, "example.org", &["a", "b"])];
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let said = Reply::new(250, (0, 0), "taken");
    let fates = vec![
        taken(),
        Fate::Relayed(odmr::smtp::Said::new(odmr::smtp::Stage::Content, said.clone())),
    ];
    settle(&spool, only(&spool, "example.org").await, fates).await;
    assert!(offered(&spool, "example.org").await.is_empty(), "both have it");
    let lease = only_due(&spool).await;
    assert_eq!(lease.entry().recipients[1].1, RecipientState::Relayed(said));
    spool.conclude(lease, None).await.expect("concluded");
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
}

pub async fn what_is_due_is_handed_out_in_the_order_of_arrival<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in [3, 1, 2] {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
        settle(&spool, only(&spool, "example.org").await, vec![refused()]).await;
    }
    let first = spool.due(2).await.expect("a look");
    let rest = spool.due(2).await.expect("a look");
    let names: Vec<_> = first.iter().chain(&rest).map(|lease| lease.entry().id).collect();
    assert_eq!(names, [id(1), id(2), id(3)]);
}
