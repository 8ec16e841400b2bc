//! What waits longer than may be expected: who is told of it, once.

use odmr::queue::outgoing;
use odmr::spool::Totals;

use super::telling::notice;
use super::*;

async fn delayed<S: Spool>(spool: &S, since: i64) -> Vec<S::Lease> {
    spool.delayed(&domain("example.org"), at(since), 10).await.expect("a look")
}

async fn names<S: Spool>(spool: &S, since: i64) -> Vec<EntryId> {
    delayed(spool, since).await.iter().map(|lease| lease.entry().id).collect()
}

pub async fn what_waits_too_long_is_told_of_once_the_oldest_first<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    // Two came in the same moment; names need not be in the order of arrival.
    for (n, came) in [(5, 1), (2, 2), (1, 3), (3, 3), (4, 9)] {
        keep_small(&spool, n, "example.org", at(came)).await;
    }
    keep_small(&spool, 6, "example.com", at(1)).await;
    assert_eq!(names(&spool, 1).await, []);
    assert_eq!(names(&spool, 5).await, [id(5), id(2), id(1), id(3)]);
    let mut due = delayed(&spool, 5).await;
    let rest = due.split_off(3);
    let notice = notice(&spool, 7).await;
    let mut due = due.into_iter();
    spool.told_of_delay(due.next().expect("one"), None, Some(notice)).await.expect("told");
    for lease in due {
        spool.told_of_delay(lease, None, None).await.expect("told");
    }
    drop(rest);
    assert_eq!(names(&spool, 5).await, [id(3)]);
    assert_eq!(spool.totals(&outgoing()).waiting, 1);
    assert_eq!(offered(&spool, "example.org").await.len(), 5, "all wait still");
    drop(spool);

    let spool = engine.open().await;
    assert_eq!(names(&spool, 5).await, [id(3)]);
    assert_eq!(names(&spool, 10).await, [id(3), id(4)]);
}

pub async fn what_was_tried_is_delayed_too<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 1..=3 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let mut first = walk(&spool, "example.org").next(1).await.expect("a batch");
    settle(&spool, first.remove(0), vec![deferred()]).await;
    assert_eq!(names(&spool, 9).await, [id(1), id(2), id(3)]);
    let lease = delayed(&spool, 9).await.remove(0);
    spool.told_of_delay(lease, None, None).await.expect("told");
    assert_eq!(names(&spool, 9).await, [id(2), id(3)]);
}

pub async fn one_word_can_stand_for_all_that_waits<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 1..=3 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let lease = delayed(&spool, 2).await.remove(0);
    let notice = notice(&spool, 7).await;
    spool.told_of_delay(lease, Some(at(2)), Some(notice)).await.expect("told");
    assert_eq!(names(&spool, 9).await, [id(2), id(3)], "up to that moment and not beyond");
}

pub async fn what_a_session_has_is_not_told_of_and_keeps_its_place<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for n in 1..=2 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let mut both = walk(&spool, "example.org").next(2).await.expect("a batch");
    drop(both.remove(1));
    assert_eq!(names(&spool, 9).await, []);
    drop(both);
    assert_eq!(names(&spool, 9).await, [id(1), id(2)]);
    for lease in walk(&spool, "example.org").next(2).await.expect("a batch") {
        deliver(&spool, lease).await;
    }
    assert_eq!(names(&spool, 9).await, []);
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
}

pub async fn what_comes_while_the_clock_is_wrong_is_told_of_too<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(5)).await;
    let lease = delayed(&spool, 9).await.remove(0);
    spool.told_of_delay(lease, None, None).await.expect("told");
    keep_small(&spool, 2, "example.org", at(2)).await;
    keep_small(&spool, 3, "example.org", at(7)).await;
    assert_eq!(names(&spool, 2).await, [], "it has not waited as long");
    assert_eq!(names(&spool, 9).await, [id(2), id(3)]);
    let all = delayed(&spool, 9).await.into_iter().rev();
    for lease in all.take(1) {
        spool.told_of_delay(lease, None, None).await.expect("told");
    }
    assert_eq!(names(&spool, 9).await, [id(2)], "each by itself");
    for lease in delayed(&spool, 9).await {
        spool.told_of_delay(lease, None, None).await.expect("told");
    }
    drop(spool);
    let spool = engine.open().await;
    assert_eq!(names(&spool, 9).await, []);
    keep_small(&spool, 4, "example.org", at(1)).await;
    keep_small(&spool, 5, "example.org", at(8)).await;
    let lease = delayed(&spool, 9).await.remove(0);
    assert_eq!(lease.entry().id, id(4));
    spool.told_of_delay(lease, Some(at(9)), None).await.expect("told");
    assert_eq!(names(&spool, 9).await, [], "one word for all");
}
