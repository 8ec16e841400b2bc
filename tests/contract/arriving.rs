//! Taking mail in.

use super::*;
use odmr::queue::{EntryState, RecipientState};
use odmr::spool::Totals;

pub async fn what_was_kept_comes_back_bit_for_bit<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let piece = 128 * 1024;
    let sizes = [0, 1, 100, 10_000, piece - 1, piece, piece + 1, 2 * piece, 1_000_000];
    for (n, octets) in sizes.into_iter().enumerate() {
        let arrival = ornate(arrival(vec![part(n as u64, "example.org", &["a", "b"])], at(0)));
        let content = content(n as u64, octets);
        keep(&spool, arrival.clone(), &content).await.expect("kept");

        let lease = only(&spool, "example.org").await;
        let whole = [&arrival.trace[..], &content].concat();
        same_envelope(lease.entry(), &arrival, &arrival.parts[0]);
        assert_eq!(lease.entry().size, whole.len() as u64);
        assert_eq!(lease.entry().state, EntryState::Waiting);
        assert!(lease.entry().recipients.iter().all(|(_, s)| *s == RecipientState::Waiting(None)));
        assert!(read(&spool, &lease).await.expect("whole") == whole, "{octets} octets");
        deliver(&spool, lease).await;
    }
}

pub async fn the_shape_of_content_is_known<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let large = [content(1, 200_000), b"\r\n".to_vec()].concat();
    let cases: [(&[u8], bool, bool); 5] = [
        (b"", true, false),
        (b"line\r\n", true, false),
        (b"no end", false, false),
        (b"caf\xe9\r\n", true, true),
        (&large, true, false),
    ];
    for (n, (content, ends_in_crlf, eight_bit)) in cases.into_iter().enumerate() {
        let arrival = arrival(vec![part(n as u64, "example.org", &["a"])], at(0));
        keep(&spool, arrival, content).await.expect("kept");
        let lease = only(&spool, "example.org").await;
        assert_eq!(lease.entry().ends_in_crlf, ends_in_crlf, "case {n}");
        assert_eq!(lease.entry().eight_bit, eight_bit, "case {n}");
        deliver(&spool, lease).await;
    }
}

pub async fn every_kind_of_address_is_kept<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let mut arrival = arrival(vec![part(1, "example.org", &["a"])], at(0));
    arrival.reverse_path = ReversePath::Null;
    let paths =
        ["Postmaster", "\"odd @ one\"@example.org", "gr\u{fc}n@example.org", "x@[192.0.2.1]"];
    arrival.parts[0].recipients = paths.map(recipient).to_vec();
    keep(&spool, arrival.clone(), b"x\r\n").await.expect("kept");
    let lease = only(&spool, "example.org").await;
    same_envelope(lease.entry(), &arrival, &arrival.parts[0]);
}

pub async fn a_draft_that_is_dropped_leaves_nothing<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for octets in [100, 500_000] {
        let mut draft = spool.draft(None).expect("a draft");
        draft.write(content(1, octets).into()).await.expect("written");
        drop(draft);
    }
    assert!(offered(&spool, "example.org").await.is_empty());
    assert_eq!(spool.totals(&domain("example.org")), Totals::default());
}

pub async fn a_message_for_several_domains_is_shared<E: Engine>(engine: &E) {
    for octets in [1_000, 300_000] {
        let spool = engine.open().await;
        let names = ["a.example", "b.example", "c.example"];
        let parts = names.iter().zip(1..).map(|(name, n)| part(n, name, &["x", "y"])).collect();
        let content = content(9, octets);
        let arrival = arrival(parts, at(0));
        keep(&spool, arrival.clone(), &content).await.expect("kept");
        for (name, part) in names.iter().zip(&arrival.parts) {
            let lease = only(&spool, name).await;
            same_envelope(lease.entry(), &arrival, part);
            assert!(read(&spool, &lease).await.expect("whole").ends_with(&content));
            deliver(&spool, lease).await;
            assert!(offered(&spool, name).await.is_empty());
        }
    }
}

pub async fn a_commit_that_is_repeated_makes_no_second_entry<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    for octets in [100, 100, 300_000] {
        let arrival = arrival(vec![part(1, "example.org", &["a"])], at(0));
        keep(&spool, arrival, &content(1, octets)).await.expect("kept");
    }
    assert_eq!(spool.totals(&domain("example.org")).waiting, 1);
    let lease = only(&spool, "example.org").await;
    assert!(read(&spool, &lease).await.expect("whole").ends_with(&content(1, 100)));
}

pub async fn a_message_for_nobody_is_refused<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    assert!(keep(&spool, arrival(vec![], at(0)), b"x").await.is_err());
    assert!(keep(&spool, arrival(vec![part(1, "a.example", &[])], at(0)), b"x").await.is_err());
}

pub async fn many_sessions_commit_at_once<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    let senders = (0..16u64).map(|sender| {
        let spool = spool.clone();
        tokio::spawn(async move {
            for n in 0..20 {
                let name = format!("d{}.example", n % 3);
                keep_small(&spool, sender * 100 + n, &name, at(n as i64)).await;
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("a sender");
    }
    let mut seen = 0;
    for n in 0..3 {
        let name = format!("d{n}.example");
        let leases = walk(&spool, &name).next(10_000).await.expect("a batch");
        assert_eq!(spool.totals(&domain(&name)).waiting, leases.len() as u64);
        for lease in &leases {
            let wanted = content(lease.entry().id.0.timestamp_ms(), 100);
            assert!(read(&spool, lease).await.expect("whole").ends_with(&wanted));
        }
        seen += leases.len();
    }
    assert_eq!(seen, 16 * 20);
}

pub async fn a_closed_spool_accepts_nothing_and_keeps_everything<E: Engine>(engine: &E) {
    let spool = engine.open().await;
    keep_small(&spool, 1, "example.org", at(0)).await;
    let draft = spool.draft(None).expect("a draft");
    let lease = only(&spool, "example.org").await;
    spool.close().await;
    spool.close().await;
    assert!(matches!(spool.draft(None), Err(SpoolError::Broken(_))));
    let late = arrival(vec![part(2, "example.org", &["a"])], at(0));
    assert!(spool.commit(draft, late).await.is_err());
    assert!(spool.settle(lease, vec![Fate::Untried], at(1).into()).await.is_err());
    drop(spool);
    assert_eq!(offered(&engine.open().await, "example.org").await, [id(1)]);
}
