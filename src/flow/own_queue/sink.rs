//! Received mail on its way into the queue.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::flow::intake::{kept, refusal};
use crate::mail::Recipient;
use crate::queue::{EntryId, Source};
use crate::sink::{Offer, Sink, SinkFault};
use crate::smtp::{Domain, ForwardPath, MailParams, Reply, ReversePath};
use crate::spool::embedded::{self, Embedded};
use crate::spool::{Arrival, Draft as _, Part, Spool, SpoolError};

/// Puts mail into an own queue. What it calls kept is on stable storage; messages that come quickly
/// one after the other share a sync.
#[derive(Debug)]
pub struct QueueSink {
    spool: Embedded,
    folder: String,
    offer: Offer,
    /// How long it is tried to deliver; for ever where nobody could be told.
    lifetime: Option<Duration>,
    mail: Option<Mail>,
    /// On their way to the disk, the oldest first.
    under_way: VecDeque<JoinHandle<Reply>>,
}

#[derive(Debug)]
struct Mail {
    from: ReversePath,
    params: MailParams,
    recipients: Vec<Recipient>,
    trace: Bytes,
    draft: Option<embedded::Draft>,
    fault: Option<Reply>,
}

impl QueueSink {
    pub(super) fn new(
        spool: Embedded,
        folder: &Path,
        offer: Offer,
        lifetime: Option<Duration>,
    ) -> QueueSink {
        let (folder, under_way) = (folder.display().to_string(), VecDeque::new());
        QueueSink { spool, folder, offer, lifetime, mail: None, under_way }
    }

    fn expiry(&self, now: Timestamp) -> Timestamp {
        let until = self.lifetime.and_then(|lifetime| now.checked_add(lifetime).ok());
        until.unwrap_or(Timestamp::MAX)
    }

    /// The draft and all it is kept under.
    fn ready(&mut self) -> Result<(EntryId, embedded::Draft, Arrival), Reply> {
        let Some(mail) = self.mail.take() else { return Err(OUT_OF_ORDER) };
        if let Some(fault) = mail.fault {
            return Err(fault);
        }
        let Some(draft) = mail.draft else { return Err(OUT_OF_ORDER) };
        let (now, id) = (Timestamp::now(), EntryId(ulid::Ulid::generate()));
        let arrival = Arrival {
            reverse_path: mail.from,
            params: mail.params,
            parts: parts(mail.recipients, id, self.expiry(now)),
            arrived: now,
            source: Source::unknown(),
            trace: mail.trace,
        };
        Ok((id, draft, arrival))
    }
}

/// One for each domain, as they are listed and tried.
fn parts(recipients: Vec<Recipient>, id: EntryId, expires: Timestamp) -> Vec<Part> {
    let mut of_domain: BTreeMap<Domain, Vec<Recipient>> = BTreeMap::new();
    for recipient in recipients {
        let domain = match &recipient.path {
            ForwardPath::Mailbox(mailbox) => mailbox.domain().cloned(),
            ForwardPath::Postmaster => None,
        };
        of_domain.entry(domain.unwrap_or_else(nowhere)).or_default().push(recipient);
    }
    let mut id = Some(id);
    of_domain
        .into_iter()
        .map(|(domain, recipients)| Part {
            id: id.take().unwrap_or_else(|| EntryId(ulid::Ulid::generate())),
            domain,
            expires,
            recipients,
        })
        .collect()
}

/// The bare `postmaster`, and addresses at a number.
fn nowhere() -> Domain {
    Domain::parse_atrn("localhost.localdomain").unwrap_or_else(|_| crate::queue::outgoing())
}

async fn commit(
    spool: Embedded,
    ready: Result<(EntryId, embedded::Draft, Arrival), Reply>,
) -> Reply {
    let (id, draft, arrival) = match ready {
        Ok(ready) => ready,
        Err(fault) => return fault,
    };
    match spool.commit(draft, arrival).await {
        Ok(()) => kept(id),
        Err(fault) => refusal(&fault.into()),
    }
}

impl Sink for QueueSink {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        let full = |fault| SinkFault::Disk {
            path: self.folder.clone(),
            doing: "keeping mail in the queue",
            source: match fault {
                SpoolError::Full { .. } => io::Error::new(io::ErrorKind::StorageFull, fault),
                other => io::Error::other(other),
            },
        };
        self.spool.accepts().map_err(full)?;
        Ok(self.offer)
    }

    async fn mail(&mut self, from: &ReversePath, params: &MailParams) -> Result<(), Reply> {
        self.mail = Some(Mail {
            from: from.clone(),
            params: params.clone(),
            recipients: Vec::new(),
            trace: Bytes::new(),
            draft: None,
            fault: None,
        });
        Ok(())
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        let mail = self.mail.as_mut().ok_or(OUT_OF_ORDER)?;
        mail.recipients.push(recipient.clone());
        Ok(Reply::new(250, (1, 5), "will be delivered from here"))
    }

    async fn begin(&mut self, trace: &str) -> Result<(), Reply> {
        let mail = self.mail.as_mut().ok_or(OUT_OF_ORDER)?;
        let draft = self.spool.draft(mail.params.size).map_err(|fault| refusal(&fault.into()))?;
        (mail.draft, mail.trace) = (Some(draft), Bytes::copy_from_slice(trace.as_bytes()));
        Ok(())
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        let mail = self.mail.as_mut().ok_or(OUT_OF_ORDER)?;
        if mail.fault.is_some() {
            return Ok(());
        }
        let written = match &mut mail.draft {
            Some(draft) => draft.write(piece).await,
            None => Err(SpoolError::Broken("no content was to come".to_owned())),
        };
        written.map_err(|fault| {
            let reply = refusal(&fault.into());
            mail.fault = Some(reply.clone());
            reply
        })
    }

    async fn finish(&mut self) -> Reply {
        let ready = self.ready();
        commit(self.spool.clone(), ready).await
    }

    fn put_by(&mut self) -> bool {
        let ready = self.ready();
        self.under_way.push_back(tokio::spawn(commit(self.spool.clone(), ready)));
        true
    }

    async fn settled(&mut self) -> Vec<Reply> {
        let Some(oldest) = self.under_way.front_mut() else { return std::future::pending().await };
        let mut replies = vec![oldest.await.unwrap_or(LOST)];
        self.under_way.pop_front();
        // Looked at and not waited for: whoever drops this future behind the first one loses nothing.
        while let Some(next) = self.under_way.front_mut()
            && let Poll::Ready(reply) =
                poll_fn(|cx| Poll::Ready(Pin::new(&mut *next).poll(cx))).await
        {
            self.under_way.pop_front();
            replies.push(reply.unwrap_or(LOST));
        }
        replies
    }

    fn forget(&mut self) -> usize {
        self.under_way.len()
    }

    async fn abort(&mut self) {
        self.mail = None;
    }

    fn is_lost(&self) -> bool {
        false
    }

    async fn close(&mut self) {
        self.mail = None;
        while let Some(next) = self.under_way.pop_front() {
            let _ = next.await;
        }
    }
}

const OUT_OF_ORDER: Reply = Reply::new(451, (3, 0), "Local error, try later");
const LOST: Reply = Reply::new(451, (3, 0), "the queue has lost track of the message");
