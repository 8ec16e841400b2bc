//! A long queue, laid without a network.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use odmr::mail::Recipient;
use odmr::queue::{EntryId, Source};
use odmr::smtp::{Domain, ForwardPath, MailParams, RcptParams, ReversePath};
use odmr::spool::embedded::{Embedded, Settings};
use odmr::spool::{Arrival, Draft, Part, Spool};
use ulid::Ulid;

/// Lays entries into the spool that nobody here asks for.
pub fn fill(spool: &Path, entries: u64) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        std::fs::create_dir_all(spool.parent().expect("a folder")).expect("a folder");
        let spool = Embedded::open(Settings::at(spool)).expect("a spool");
        let next = Arc::new(AtomicU64::new(0));
        let lay = || tokio::spawn(lay(spool.clone(), Arc::clone(&next), entries));
        let tasks: Vec<_> = (0..256).map(|_| lay()).collect();
        for task in tasks {
            task.await.expect("a sender");
        }
        spool.close().await;
    });
}

async fn lay(spool: Embedded, next: Arc<AtomicU64>, entries: u64) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= entries {
            return;
        }
        let mut draft = spool.draft(None).expect("a draft");
        draft.write(Bytes::from_static(&[b'x'; 200])).await.expect("written");
        spool.commit(draft, arrival(n)).await.expect("kept");
    }
}

fn arrival(n: u64) -> Arrival {
    let domain = Domain::parse(&format!("d{}.example", n % 1000)).expect("a domain");
    let now = Timestamp::now();
    let path = ForwardPath::parse(&format!("user@{domain}")).expect("a path");
    let id = EntryId(Ulid::from_parts(now.as_millisecond().cast_unsigned(), rand::random()));
    let expires = now + Duration::from_secs(5 * 86_400);
    let recipients = vec![Recipient { path, params: RcptParams::default() }];
    Arrival {
        reverse_path: ReversePath::parse("sender@example.com").expect("a path"),
        params: MailParams::default(),
        parts: vec![Part { id, domain, expires, recipients }],
        arrived: now,
        source: Source {
            ip: [192, 0, 2, 7].into(),
            helo: "mx.example.com".into(),
            tls: None,
            auth: None,
        },
        trace: Bytes::from_static(&[b'R'; 200]),
    }
}
