//! An operator's acts on the embedded spool, and what they must not cost: a telling, or an end.

mod contract;

use contract::*;
use odmr::queue::{Act, Answered, EntryId, EntryState, Fate, RecipientState, Tried};
use odmr::smtp::{Reply, Stage};
use odmr::spool::embedded::operate::{Hold, Outcome, UNDO, Warrant};
use odmr::spool::embedded::oversee::{Rest, Share, Sight, Standings};
use odmr::spool::embedded::{Embedded, Past, Settings};
use odmr::spool::{Draft, Drain, Lease, Spool, Totals};

fn open(folder: &tempfile::TempDir) -> Embedded {
    let settings = Settings { reserve: Some(0), ..Settings::at(folder.path()) };
    Embedded::open(settings).expect("a spool")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn order(spool: &Embedded, n: u64, act: Act, when: i64) -> Outcome {
    let (who, filter) = ("test".to_owned(), "this one".to_owned());
    let warrant = Warrant { who, reason: None, filter, at: at(when) };
    spool.operate(vec![id(n)], act, warrant).await.expect("done")
}

async fn is_done(spool: &Embedded, n: u64, act: Act) {
    assert_eq!(order(spool, n, act.clone(), 10).await.done, 1, "{act:?}");
}

/// One of two recipients is refused, the other waits; nobody has been told yet.
async fn half_refused(spool: &Embedded) {
    let parts = vec![part(1, "example.org", &["gone", "slow"])];
    keep(spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let fates = vec![refused(), deferred()];
    settle(spool, only(spool, "example.org").await, fates).await;
}

async fn due(spool: &Embedded) -> usize {
    spool.due(10).await.expect("a look").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telling_outlives_whatever_an_operator_does() {
    for acts in [
        vec![Act::Hold(None)],
        vec![Act::Hold(None), Act::Release],
        vec![Act::Delete(None), Act::Undelete],
        vec![Act::Requeue],
    ] {
        let folder = folder();
        let spool = open(&folder);
        half_refused(&spool).await;
        for act in &acts {
            is_done(&spool, 1, act.clone()).await;
            // Somebody looks in between.
            drop(spool.due(10).await.expect("a look"));
        }
        assert_eq!(due(&spool).await, 1, "{acts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_deleted_nobody_is_told() {
    let folder = folder();
    let spool = open(&folder);
    half_refused(&spool).await;
    is_done(&spool, 1, Act::Delete(None)).await;
    assert_eq!(due(&spool).await, 0);
}

/// What is due is read under its claim: a session that has written down more meanwhile is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telling_that_was_put_off_is_not_lost_when_the_rest_is_delivered() {
    let folder = folder();
    let spool = open(&folder);
    half_refused(&spool).await;
    let lease = only(&spool, "example.org").await;
    assert_eq!(due(&spool).await, 0, "a session has it");
    settle(&spool, lease, vec![taken()]).await;
    let mut leases = spool.due(10).await.expect("a look");
    assert_eq!(leases[0].entry().recipients[1].1, RecipientState::Delivered);
    spool.conclude(leases.remove(0), None).await.expect("concluded");
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_released_still_comes_to_its_end() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    is_done(&spool, 1, Act::Hold(None)).await;
    let long_after = later(at(10));
    assert_eq!(
        spool.expire(long_after).await.expect("swept").len(),
        0,
        "held mail does not expire"
    );
    is_done(&spool, 1, Act::Release).await;
    assert_eq!(spool.expire(long_after).await.expect("swept").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_until_a_time_is_released_then() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    is_done(&spool, 1, Act::Hold(Some(at(100)))).await;
    spool.expire(at(99)).await.expect("swept");
    assert!(offered(&spool, "example.org").await.is_empty());
    spool.expire(at(100)).await.expect("swept");
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_hold_takes_the_place_of_an_earlier_one() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    is_done(&spool, 1, Act::Hold(Some(at(100)))).await;
    is_done(&spool, 1, Act::Hold(Some(at(500)))).await;
    spool.expire(at(100)).await.expect("swept");
    assert!(offered(&spool, "example.org").await.is_empty());
    let totals = spool.totals(&domain("example.org"));
    assert_eq!((totals.waiting, totals.set_aside), (0, 1));
    spool.expire(at(500)).await.expect("swept");
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_new_mail_of_a_domain_is_held_until_then_also_across_a_restart() {
    let folder = folder();
    let spool = open(&folder);
    let proclaim = async |spool: &Embedded, hold, when| {
        let (who, reason) = ("ann".to_owned(), Some("moving".to_owned()));
        let warrant = Warrant { who, reason, filter: String::new(), at: at(when) };
        let done = spool.proclaim(vec![domain("example.org")], hold, warrant).await;
        let (changed, audit) = done.expect("proclaimed");
        assert_eq!(changed > 0, audit.is_some(), "what was done has its line");
        changed
    };
    keep_small(&spool, 1, "example.org", at(0)).await;
    assert_eq!(proclaim(&spool, Some(Some(at(100))), 10).await, 1);
    keep_small(&spool, 2, "example.org", at(20)).await;
    keep_small(&spool, 3, "example.net", at(20)).await;
    // What was there stays as it was, and others are none of its business.
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
    assert_eq!(offered(&spool, "example.net").await, [id(3)]);
    let held = Totals { set_aside: 1, ..spool.totals(&domain("example.net")) };
    let totals = spool.totals(&domain("example.org"));
    assert_eq!((totals.waiting, totals.set_aside), (held.waiting, 1));
    drop(spool);
    let spool = open(&folder);
    keep_small(&spool, 4, "example.org", at(99)).await;
    let seen = spool.overseer().these(vec![id(2), id(4)]).await.expect("seen");
    for (sight, since) in seen.iter().zip([20, 99]) {
        let mark = sight.as_ref().expect("whole").mark.clone().expect("a mark");
        let told = (mark.at, mark.who.as_str(), mark.reason.as_deref(), mark.until);
        assert_eq!(told, (at(since), "ann", Some("moving"), Some(at(100))));
    }
    spool.expire(at(99)).await.expect("swept");
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
    keep_small(&spool, 5, "example.org", at(100)).await;
    spool.expire(at(100)).await.expect("swept");
    assert_eq!(offered(&spool, "example.org").await, [1, 2, 4, 5].map(id));
    assert!(spool.overseer().decrees(at(100)).await.expect("read").is_empty());

    assert_eq!(proclaim(&spool, Some(None), 200).await, 1);
    keep_small(&spool, 6, "example.org", at(201)).await;
    assert_eq!(spool.overseer().decrees(at(1_000_000)).await.expect("read").len(), 1);
    assert_eq!(proclaim(&spool, None, 300).await, 1);
    assert_eq!(proclaim(&spool, None, 300).await, 0, "there is none any more");
    keep_small(&spool, 7, "example.org", at(301)).await;
    assert_eq!(offered(&spool, "example.org").await, [1, 2, 4, 5, 7].map(id));
    let audit = spool.overseer().audit(None, 9).await.expect("an audit");
    let actions: Vec<&str> = audit.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["release_future", "hold_future", "release", "hold_future"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_is_cleared_away_after_a_day_and_not_before() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    is_done(&spool, 1, Act::Delete(None)).await;
    spool.expire(at(9) + UNDO).await.expect("swept");
    assert_eq!(spool.totals(&domain("example.org")).set_aside, 1);
    spool.expire(at(10) + UNDO).await.expect("swept");
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    assert_eq!(order(&spool, 1, Act::Undelete, 20).await.unfit, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_requeued_entry_has_its_first_place_again() {
    let folder = folder();
    let spool = open(&folder);
    for n in 1..=3 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let mut leases = walk(&spool, "example.org").next(1).await.expect("a batch");
    settle(&spool, leases.remove(0), vec![deferred()]).await;
    assert_eq!(offered(&spool, "example.org").await, [id(2), id(3), id(1)]);
    is_done(&spool, 1, Act::Requeue).await;
    assert_eq!(offered(&spool, "example.org").await, [id(1), id(2), id(3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_has_in_hand_is_left_to_it() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    let lease = only(&spool, "example.org").await;
    let outcome = order(&spool, 1, Act::Delete(None), 10).await;
    assert_eq!((outcome.done, outcome.busy), (0, 1));
    deliver(&spool, lease).await;
    let audit = spool.overseer().audit(None, 10).await.expect("an audit");
    assert!(audit.is_empty(), "nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_census_counts_each_once_however_many_looks_it_takes() {
    use jiff::Timestamp;
    let folder = folder();
    let spool = open(&folder);
    // As many as two of its looks hold, and some more.
    let parts = (1..=8200).map(|n| match n % 2 {
        0 => part(n, "example.org", &["one", "two"]),
        _ => part(n, "example.com", &["one"]),
    });
    keep(&spool, arrival(parts.collect(), at(0)), b"x\r\n").await.expect("kept");
    is_done(&spool, 1, Act::Hold(None)).await;
    let born = |millis| Timestamp::from_millisecond(millis).expect("a time");
    let overseer = spool.overseer();
    let census = overseer.census(&[born(8001), born(4001)], at(0)).await.expect("a look");
    let (org, com) = (&census[&domain("example.org")], &census[&domain("example.com")]);
    assert_eq!((&org.ages[..], org.recipients(), org.expiring), (&[100, 2000, 2000][..], 8200, 0));
    // One of these is held, and does not wait.
    assert_eq!((&com.ages[..], com.recipients()), (&[100, 2000, 1999][..], 4099));
    let held = com.at(Rest::Held);
    assert!(held.octets > 3 && held.recipients == 1, "{held:?}");
    let others = Share { octets: held.octets * 4099, recipients: 4099 };
    assert_eq!(com.at(Rest::Waiting), others);
    assert_eq!(com.at(Rest::Deferred), Share::default());
    let all = overseer.census(&[], later(at(1))).await.expect("a look");
    assert_eq!(all[&domain("example.org")].expiring, 4100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tried_is_counted_whatever_an_operator_does() {
    let folder = folder();
    let spool = open(&folder);
    half_refused(&spool).await;
    keep_small(&spool, 2, "example.org", at(1)).await;
    let seen = async || {
        let standings = spool.overseer().domains().await.expect("a look").remove(0);
        (standings.tried, standings.oldest.expect("something waits"))
    };
    assert_eq!(seen().await, (1, at(0)));
    for (act, tried, oldest) in [
        (Act::Hold(None), 0, 1),
        (Act::Release, 1, 0),
        (Act::Delete(None), 0, 1),
        (Act::Undelete, 1, 0),
        (Act::Requeue, 0, 0),
        (Act::Hold(None), 0, 1),
        (Act::Release, 0, 0),
    ] {
        is_done(&spool, 1, act.clone()).await;
        assert_eq!(seen().await, (tried, at(oldest)), "{act:?}");
    }
    let both = walk(&spool, "example.org").next(2).await.expect("a batch");
    for lease in both {
        settle(&spool, lease, vec![deferred()]).await;
    }
    assert_eq!(seen().await, (2, at(0)));
    deliver(&spool, walk(&spool, "example.org").next(1).await.expect("a batch").remove(0)).await;
    assert_eq!(seen().await.0, 1);
    let (give, mut findings) = tokio::sync::mpsc::channel(8);
    spool.overseer().verify(at(20), &give).await.expect("a look");
    drop(give);
    assert!(findings.recv().await.is_none(), "what is counted is what is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_redirected_is_another_domains() {
    let folder = folder();
    let spool = open(&folder);
    // One recipient has been refused, and its sender is still to be told of it.
    half_refused(&spool).await;
    let to = domain("example.com");
    let mut ours = part(9, "sender.test", &["sender"]);
    ours.domain = odmr::queue::outgoing();
    keep(&spool, arrival(vec![ours], at(0)), b"x\r\n").await.expect("kept");
    let outgoing = order(&spool, 9, Act::Redirect(to.clone()), 9).await;
    assert_eq!((outgoing.done, outgoing.unfit), (0, 1), "a notice is its sender's");
    is_done(&spool, 1, Act::Redirect(to.clone())).await;
    assert_eq!(order(&spool, 1, Act::Redirect(to.clone()), 11).await.unfit, 1, "it is there");
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    assert_eq!(spool.totals(&to).waiting, 1);
    assert!(offered(&spool, "example.org").await.is_empty());
    spool.close().await;
    drop(spool);
    let spool = open(&folder);
    let lease = only(&spool, "example.com").await;
    let seen: Vec<_> = lease
        .entry()
        .recipients
        .iter()
        .map(|(r, state)| (r.path.as_str(), r.params.orcpt.as_deref(), state.waits()))
        .collect();
    let moved = ("slow@example.com", Some("rfc822;slow@example.org"), true);
    assert_eq!(seen, [("gone@example.org", None, false), moved]);
    drop(lease);
    assert_eq!(due(&spool).await, 1);
    let (give, mut findings) = tokio::sync::mpsc::channel(8);
    spool.overseer().verify(at(20), &give).await.expect("a look");
    drop(give);
    assert!(findings.recv().await.is_none());
    deliver(&spool, only(&spool, "example.com").await).await;
    assert_eq!(due(&spool).await, 1, "and it is still to be told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_shows_what_a_look_at_each_shows() {
    let folder = folder();
    let spool = open(&folder);
    half_refused(&spool).await;
    for n in 2..=600 {
        let domain = if n % 3 == 0 { "example.com" } else { "example.org" };
        keep(
            &spool,
            arrival(vec![part(n, domain, &["a", "b"][..1 + n as usize % 2])], at(n as i64)),
            b"x\r\n",
        )
        .await
        .expect("kept");
    }
    is_done(&spool, 7, Act::Hold(None)).await;
    is_done(&spool, 8, Act::Delete(None)).await;
    let lease = walk(&spool, "example.org").next(1).await.expect("a batch");
    let overseer = spool.overseer();
    let (mut from, mut paged) = (None, Vec::new());
    loop {
        let page = overseer.page(from, 256).await.expect("a page");
        paged.extend(page.entries);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let one_by_one = overseer.these((1..=600).map(id).collect()).await.expect("a look");
    let shown = |all: Vec<Result<odmr::spool::embedded::oversee::Sight, _>>| -> Vec<_> {
        let sight = |sight: Result<odmr::spool::embedded::oversee::Sight, _>| {
            let sight = sight.unwrap_or_else(|_: odmr::spool::embedded::oversee::Unseen| panic!());
            (sight.entry, sight.digest, sight.leased, sight.mark.is_some())
        };
        all.into_iter().map(sight).collect()
    };
    let (paged, one_by_one) = (shown(paged), shown(one_by_one));
    assert_eq!(paged.len(), 600);
    assert_eq!(paged, one_by_one);
    assert_eq!(paged.iter().filter(|(.., leased, _)| *leased).count(), lease.len());
    assert_eq!(paged.iter().filter(|(.., marked)| *marked).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_on_hold_is_never_offered_before_it_is_released() {
    let folder = folder();
    let spool = open(&folder);
    let warrant = || Warrant {
        who: "test".to_owned(),
        reason: Some("it came like that".to_owned()),
        filter: "import".to_owned(),
        at: at(3),
    };
    let parts = vec![part(1, "example.org", &["bob"])];
    let mut draft = spool.draft(None).expect("a draft");
    draft.write("x\r\n".into()).await.expect("written");
    let hold = Hold { warrant: warrant(), until: Some(at(100)), before: None };
    let kept =
        spool.commit_import(Some(hold), false, Past::default(), draft, arrival(parts, at(0))).await;
    assert!(kept.expect("kept"));
    let mut twice = spool.draft(None).expect("a draft");
    twice.write("x\r\n".into()).await.expect("written");
    let parts = vec![part(1, "example.org", &["bob"])];
    let kept =
        spool.commit_import(None, false, Past::default(), twice, arrival(parts, at(0))).await;
    assert!(!kept.expect("an answer"), "it came before");
    assert_eq!(offered(&spool, "example.org").await, []);
    let totals = spool.totals(&domain("example.org"));
    assert_eq!((totals.waiting, totals.set_aside), (0, 1));
    let audit = spool.overseer().audit(None, 10).await.expect("the audit");
    let orders: Vec<_> = audit.iter().map(|line| (&*line.action, line.done)).collect();
    assert_eq!(orders, [("hold", 1)]);
    is_done(&spool, 1, Act::Release).await;
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_answered_for_is_known_until_it_queues_anew() {
    let folder = folder();
    let spool = open(&folder);
    let parts = vec![part(1, "example.org", &["has", "waits", "untried"])];
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    for when in [5, 6] {
        let lease = only(&spool, "example.org").await;
        let fates = match when {
            5 => vec![taken(), deferred(), Fate::Untried],
            _ => vec![deferred(), Fate::Untried],
        };
        let session = Some(format!("s{when}"));
        spool.settle(lease, fates, Tried { at: at(when), session }).await.expect("settled");
    }
    let answered = |tried, session: &str, times, stage, remote_id: Option<&str>| {
        let tried = Tried { at: at(tried), session: Some(session.to_owned()) };
        let reply = Some(if remote_id.is_some() { said(taken()) } else { said(deferred()) });
        let (stage, remote_id) = (Some(stage), remote_id.map(str::to_owned));
        Some(Answered { tried, times, stage, remote_id, reply })
    };
    let has = answered(5, "s5", 1, Stage::Content, Some("4XyZ"));
    let waits = answered(6, "s6", 2, Stage::Rcpt, None);
    assert_eq!(sight(&spool).await.answered, [has.clone(), waits.clone()]);
    drop(spool);
    let spool = open(&folder);
    assert_eq!(sight(&spool).await.answered, [has.clone(), waits], "after a restart");
    is_done(&spool, 1, Act::Requeue).await;
    assert_eq!(sight(&spool).await.answered, [has], "who has it keeps it");
}

fn said(fate: Fate) -> Reply {
    match fate {
        Fate::Delivered(said) | Fate::Deferred(said) | Fate::Refused(said) => said.reply,
        Fate::Relayed(_) | Fate::Untried => unreachable!("none of these"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_is_known_of_whom_the_sender_was_told_too() {
    let folder = folder();
    let spool = open(&folder);
    let parts = vec![part(1, "example.org", &["gone", "waits"])];
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let lease = only(&spool, "example.org").await;
    spool.settle(lease, vec![refused(), deferred()], at(5).into()).await.expect("settled");
    let lease = spool.due(1).await.expect("a look").pop().expect("one that is due");
    spool.conclude(lease, None).await.expect("told");
    let sight = sight(&spool).await;
    assert_eq!(sight.entry.recipients[0].1, RecipientState::Told);
    let told = sight.answered[0].as_ref().expect("an answer");
    assert_eq!((told.tried.at, told.reply.as_ref()), (at(5), Some(&said(refused()))));
}

async fn sight(spool: &Embedded) -> Sight {
    let page = spool.overseer().page(None, 1).await.expect("a page");
    page.entries.into_iter().next().expect("an entry").expect("readable")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_deletion_leaves_a_hold_as_it_was() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    let act = |act, who: &str, when| {
        let reason = Some(format!("because of {who}"));
        let warrant = Warrant { who: who.to_owned(), reason, filter: String::new(), at: at(when) };
        spool.operate(vec![id(1)], act, warrant)
    };
    act(Act::Hold(Some(at(5000))), "ann", 10).await.expect("held");
    let held = sight(&spool).await.mark.expect("a mark");
    act(Act::Delete(None), "bob", 20).await.expect("deleted");
    assert_eq!(sight(&spool).await.mark.expect("a mark").who, "bob");
    act(Act::Undelete, "carl", 30).await.expect("undone");
    let again = sight(&spool).await;
    assert_eq!((again.entry.state, again.mark), (EntryState::Held, Some(held)));
    // And as long as it was.
    spool.expire(at(5001)).await.expect("a look");
    assert_eq!(offered(&spool, "example.org").await, [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_is_moved_to_a_domain_whose_new_mail_is_held_waits_there() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 1, "example.org", at(0)).await;
    let warrant = Warrant { who: "ann".into(), reason: None, filter: String::new(), at: at(1) };
    spool.proclaim(vec![domain("shop.example")], Some(None), warrant).await.expect("held");
    is_done(&spool, 1, Act::Redirect(domain("shop.example"))).await;
    assert_eq!(sight(&spool).await.entry.state, EntryState::Held);
    let totals = spool.totals(&domain("shop.example"));
    assert_eq!((totals.waiting, totals.set_aside), (0, 1));
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
    is_done(&spool, 1, Act::Release).await;
    assert_eq!(offered(&spool, "shop.example").await, [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_is_kept_for_as_long_as_was_said() {
    let folder = folder();
    let spool = open(&folder);
    for n in 1..=2 {
        keep_small(&spool, n, "example.org", at(0)).await;
    }
    is_done(&spool, 1, Act::Delete(Some(at(20)))).await;
    is_done(&spool, 2, Act::Delete(Some(at(10) + 2 * UNDO))).await;
    spool.expire(at(19)).await.expect("swept");
    assert_eq!(spool.totals(&domain("example.org")).set_aside, 2);
    spool.expire(at(21)).await.expect("swept");
    assert_eq!(order(&spool, 1, Act::Undelete, 22).await.unfit, 1);
    spool.expire(at(11) + UNDO).await.expect("swept");
    is_done(&spool, 2, Act::Undelete).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_given_to_another_domain_anew_was_never_tried_there() {
    let folder = folder();
    let spool = open(&folder);
    half_refused(&spool).await;
    keep_small(&spool, 2, "example.com", at(1)).await;
    is_done(&spool, 2, Act::Hold(None)).await;
    // One that is held is so there, too.
    is_done(&spool, 2, Act::Rehome(domain("example.net"))).await;
    is_done(&spool, 1, Act::Rehome(domain("example.net"))).await;
    let there = spool.overseer().domains().await.expect("a look");
    let net = there.iter().find(|of| of.domain == domain("example.net")).expect("figures");
    assert_eq!((net.waiting, net.tried, net.held), (1, 0, 1));
    let entry = only(&spool, "example.net").await.entry().clone();
    assert_eq!((entry.attempts, entry.tried), (0, None));
    // Who was refused before is told of as whom he was.
    let paths: Vec<_> = entry.recipients.iter().map(|(one, _)| one.path.as_str()).collect();
    assert_eq!(paths, ["gone@example.org", "slow@example.net"]);
    assert_eq!(order(&spool, 2, Act::Rehome(domain("example.net")), 30).await.unfit, 1);
}

/// The disk fails in the middle of an order: what was done before is told, counted and noted, and the rest has
/// failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_written_has_failed() {
    let folder = folder();
    let spool = open(&folder);
    let parts = (1..=300).map(|n| part(n, "example.org", &["one"])).collect();
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let db = rusqlite::Connection::open(folder.path().join("spool.db")).expect("the database");
    let name: String = id(300).0.to_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let trigger = format!(
        "CREATE TRIGGER fault BEFORE UPDATE ON entry WHEN new.id = x'{name}'
         BEGIN SELECT raise(ABORT, 'a bad disk'); END"
    );
    db.execute_batch(&trigger).expect("a trigger");
    let ids = (1..=300).map(id).collect();
    let (who, filter) = ("test".to_owned(), "all".to_owned());
    let warrant = Warrant { who, reason: None, filter, at: at(10) };
    let cut = spool.operate(ids, Act::Hold(None), warrant).await.expect_err("a fault");
    assert_eq!((cut.outcome.done, cut.outcome.failed), (256, 44), "{cut}");
    assert_eq!(cut.outcome.entries.len(), 256);
    let audit = spool.overseer().audit(None, 10).await.expect("an audit");
    assert_eq!((audit.len(), audit[0].done), (1, 256));
    let standings = spool.overseer().domains().await.expect("a look").remove(0);
    assert_eq!((standings.waiting, standings.held), (44, 256));
}

/// Mail that is moved to and fro while its time runs out: each ends once, in the figures of the domain that it
/// is in, and all are to be told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_moved_while_its_time_runs_out_ends_where_it_is() {
    const MAILS: u64 = 2000;
    let folder = folder();
    let spool = open(&folder);
    let parts = (1..=MAILS).map(|n| part(n, "example.org", &["user"])).collect();
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mover = {
        let spool = spool.clone();
        tokio::spawn(async move {
            let mut to = ["example.com", "example.org"].into_iter().cycle();
            while !*stopped.borrow() {
                let to = Act::Redirect(domain(to.next().expect("for ever")));
                let (who, filter) = ("test".to_owned(), "these".to_owned());
                let warrant = Warrant { who, reason: None, filter, at: at(10) };
                let some = (1..=MAILS).step_by(7).map(id).collect();
                spool.operate(some, to, warrant).await.expect("done");
            }
        })
    };
    let mut ended = 0;
    while ended < MAILS as usize {
        ended += spool.expire(later(at(1))).await.expect("a sweep").len();
    }
    stop.send(true).expect("somebody who hears it");
    mover.await.expect("its end");
    let all = spool.overseer().domains().await.expect("a look");
    let sums = |of: fn(&Standings) -> u64| all.iter().map(of).collect::<Vec<_>>();
    assert_eq!(sums(|of| of.failed).iter().sum::<u64>(), MAILS);
    assert!(sums(|of| of.waiting + of.tried + of.octets).iter().all(|n| *n == 0), "{all:?}");
    assert_eq!(spool.due(3000).await.expect("a look").len(), MAILS as usize);
    let (give, mut findings) = tokio::sync::mpsc::channel(8);
    spool.overseer().verify(at(20), &give).await.expect("a look");
    drop(give);
    assert!(findings.recv().await.is_none(), "nothing is wrong");
}

/// What a walk has seen ahead of it and is moved meanwhile is no damage, however often that happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_moved_ahead_of_a_walk_is_left_out_of_it() {
    let folder = folder();
    let spool = open(&folder);
    let parts = (1..=20).map(|n| part(n, "example.org", &["user"])).collect();
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    for moved in [15, 16, 17] {
        let mut walk = walk(&spool, "example.org");
        let mut leases = walk.next(1).await.expect("a batch");
        is_done(&spool, moved, Act::Redirect(domain("example.com"))).await;
        loop {
            let some = walk.next(5).await.expect("a batch");
            if some.is_empty() {
                break;
            }
            leases.extend(some);
        }
        assert_eq!(leases.len() as u64, 20 - (moved - 14));
        assert!(spool.accepts().is_ok(), "nothing is damaged");
    }
    assert_eq!(offered(&spool, "example.com").await.len(), 3);
}

/// Of damaged content there is still something to be told, or to be undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_aside_owes_no_word_and_was_not_deleted() {
    let folder = folder();
    let spool = open(&folder);
    let parts = (1..=3).map(|n| part(n, "example.org", &["user"])).collect();
    keep(&spool, arrival(parts, at(0)), b"x\r\n").await.expect("kept");
    let odmr::queue::Fate::Refused(never) = refused() else { panic!("a refusal") };
    is_done(&spool, 1, Act::Bounce(never.reply)).await;
    is_done(&spool, 2, Act::Delete(None)).await;
    for n in 1..=3 {
        spool.set_aside(id(n), "a bit").await.expect("recorded");
    }
    assert_eq!(due(&spool).await, 1, "the bounce");
    is_done(&spool, 2, Act::Undelete).await;
    assert_eq!(offered(&spool, "example.org").await, [id(2)]);
    let all = spool.overseer().domains().await.expect("a look");
    assert_eq!((all[0].failed, all[0].damaged, all[0].deleted), (1, 1, 0));
}

/// Of which somebody has yet to be told that they wait.
async fn untold(spool: &Embedded, name: &str, room: usize) -> Vec<EntryId> {
    let delayed = spool.delayed(&domain(name), at(99), room).await.expect("a look");
    delayed.iter().map(|lease| lease.entry().id).collect()
}

async fn tell_all(spool: &Embedded, name: &str) {
    while let Some(lease) = spool.delayed(&domain(name), at(99), 1).await.expect("a look").pop() {
        spool.told_of_delay(lease, None, None).await.expect("told");
    }
}

#[tokio::test]
async fn what_is_redirected_is_told_of_once_wherever_it_waits() {
    let (here, there) = (domain("example.org"), domain("example.com"));
    let folder = folder();
    let spool = open(&folder);
    for n in 1..=40 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    tell_all(&spool, "example.org").await;
    keep_small(&spool, 50, "example.org", at(50)).await;
    keep_small(&spool, 51, "example.com", at(51)).await;
    // All that was told of, and one that was not.
    for n in (1..=40).chain([50]) {
        is_done(&spool, n, Act::Redirect(there.clone())).await;
    }
    for room in [1, 2, 100] {
        let told = [id(50), id(51)];
        assert_eq!(untold(&spool, "example.com", room).await, told[..room.min(2)], "{room}");
    }
    tell_all(&spool, "example.com").await;
    assert_eq!(untold(&spool, "example.com", 10).await, []);
    // It came before what somebody has been told of there.
    keep_small(&spool, 60, "example.org", at(20)).await;
    tell_all(&spool, "example.org").await;
    keep_small(&spool, 61, "example.org", at(30)).await;
    for n in [60, 61] {
        is_done(&spool, n, Act::Rehome(there.clone())).await;
    }
    assert_eq!(untold(&spool, "example.com", 10).await, [id(61)]);
    drop(spool);
    let spool = open(&folder);
    assert_eq!(untold(&spool, "example.com", 10).await, [id(61)]);
    // And back.
    for n in [60, 61] {
        is_done(&spool, n, Act::Redirect(here.clone())).await;
    }
    assert_eq!(untold(&spool, "example.org", 10).await, [id(61)]);
    assert_eq!(untold(&spool, "example.com", 10).await, []);
}

#[tokio::test]
async fn what_is_called_back_is_told_of_once() {
    let folder = folder();
    let spool = open(&folder);
    for n in 1..=3 {
        keep_small(&spool, n, "example.org", at(n as i64)).await;
    }
    let first = spool.delayed(&domain("example.org"), at(99), 1).await.expect("a look").remove(0);
    spool.told_of_delay(first, None, None).await.expect("told");
    for n in [1, 2] {
        is_done(&spool, n, Act::Delete(None)).await;
    }
    assert_eq!(untold(&spool, "example.org", 10).await, [id(3)]);
    tell_all(&spool, "example.org").await;
    for n in [1, 2] {
        is_done(&spool, n, Act::Undelete).await;
    }
    assert_eq!(untold(&spool, "example.org", 10).await, [id(2)]);
    // Held, it waits as well.
    is_done(&spool, 2, Act::Hold(None)).await;
    assert_eq!(untold(&spool, "example.org", 10).await, [id(2)]);
    tell_all(&spool, "example.org").await;
    is_done(&spool, 2, Act::Release).await;
    assert_eq!(untold(&spool, "example.org", 10).await, []);
}

#[tokio::test]
async fn what_is_imported_is_told_of_once() {
    let folder = folder();
    let spool = open(&folder);
    keep_small(&spool, 9, "example.org", at(50)).await;
    tell_all(&spool, "example.org").await;
    for (n, arrived, told_of_delay) in
        [(1, 10, false), (2, 11, true), (3, 60, false), (4, 61, true)]
    {
        let mut draft = spool.draft(None).expect("a draft");
        draft.write(bytes::Bytes::from_static(b"Subject: moved\r\n\r\n")).await.expect("room");
        let parts = vec![part(n, "example.org", &["anna"])];
        let past = Past { told_of_delay, ..Past::default() };
        spool
            .commit_import(None, false, past, draft, arrival(parts, at(arrived)))
            .await
            .expect("kept");
    }
    let page = spool.overseer().page(None, 10).await.expect("a page");
    let told = page.entries.iter().map(|sight| sight.as_ref().expect("readable").told_of_delay);
    assert!(told.eq([false, true, false, true, true]));
    assert_eq!(untold(&spool, "example.org", 10).await, [id(1), id(3)]);
    // What a session has in hand keeps nobody else waiting, and is told of later.
    let mut drain = walk(&spool, "example.org");
    let all = drain.next(10).await.expect("a batch");
    let rest: Vec<_> = all.into_iter().filter(|lease| lease.entry().id == id(1)).collect();
    assert_eq!(untold(&spool, "example.org", 10).await, [id(3)]);
    tell_all(&spool, "example.org").await;
    drop(rest);
    assert_eq!(untold(&spool, "example.org", 10).await, [id(1)]);
}
