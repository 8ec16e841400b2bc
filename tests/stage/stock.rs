//! What lies in the provider's spool before a dialogue, and behind it.

use std::time::Duration;

use jiff::Timestamp;
use odmr::mail::Recipient;
use odmr::queue::{EntryId, Source};
use odmr::smtp::{Domain, ForwardPath};
use odmr::spool::embedded::Embedded;
use odmr::spool::{Arrival, Content, Draft, Drain, Order, Part, Spool};

use super::host::letter;
use super::script::Script;

/// Puts the script's messages into the spool, in their order.
pub async fn fill(spool: &Embedded, script: &Script) {
    for (n, mail) in script.mails.iter().enumerate() {
        let letter = letter(n as u64, mail);
        let mut draft = spool.draft(None).expect("room");
        draft.write(letter.content.into()).await.expect("written");
        let recipients: Vec<Recipient> = letter.outgoing.recipients;
        let domain = recipients.iter().find_map(|recipient| match &recipient.path {
            ForwardPath::Mailbox(mailbox) => mailbox.domain().cloned(),
            ForwardPath::Postmaster => None,
        });
        let arrived = Timestamp::now();
        let part = Part {
            id: EntryId(ulid::Ulid::from_parts(n as u64 + 1, 0)),
            domain: domain.expect("a domain"),
            expires: arrived + Duration::from_secs(86_400),
            recipients,
        };
        let arrival = Arrival {
            reverse_path: letter.outgoing.reverse_path,
            params: letter.outgoing.params,
            parts: vec![part],
            arrived,
            source: Source {
                ip: [127, 0, 0, 1].into(),
                helo: String::new(),
                tls: None,
                auth: None,
            },
            trace: Default::default(),
        };
        spool.commit(draft, arrival).await.expect("kept");
    }
}

/// The contents of all that waits.
pub async fn contents(spool: &Embedded, domains: Vec<Domain>) -> Vec<Vec<u8>> {
    let order = Order { aged_after: Duration::from_secs(86_400) };
    let mut drain = spool.drain(domains, order, Timestamp::now());
    let mut all = Vec::new();
    while let Ok(leases) = drain.next(64).await {
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            let (mut content, mut whole) =
                (spool.content(&lease).await.expect("content"), Vec::new());
            while let Some(piece) = content.next().await.expect("sound content") {
                whole.extend_from_slice(&piece);
            }
            all.push(whole);
        }
    }
    all
}
