//! Mail that has come once already is not delivered again: the line broke before the provider read our
//! 250, or the provider forgot. RFC 1047; RFC 5321, section 4.5.3.2.6.
//!
//! The same is the same: sender, recipient and every octet of the content, among them a Received field,
//! in which the provider wrote when and as what it took the message. Content without one could be two
//! messages that are meant to be alike, and is never held back.

mod register;

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

pub use register::{Register, RegisterFault};

use super::{Offer, Sink, SinkFault};
use crate::mail::Recipient;
use crate::mail::header::HeaderWatch;
use crate::mail::origin::Origin;
use crate::smtp::escape::Escaped;
use crate::smtp::{ForwardPath, MailParams, Reply, ReversePath};

/// What a delivery to one recipient is known by.
pub type Mark = [u8; 32];

/// A sink behind which nothing lands twice.
#[derive(Debug)]
pub struct Once<K> {
    inner: K,
    register: Option<Register>,
    mail: Option<Mail>,
    /// What was put by, the oldest first.
    owed: VecDeque<Owed>,
    /// A transaction of the inner sink that is to come to nothing.
    to_abort: bool,
}

#[derive(Clone, Debug)]
struct Mail {
    from: Vec<u8>,
    recipients: Vec<Vec<u8>>,
    content: Sha256,
    header: HeaderWatch,
}

#[derive(Debug)]
enum Owed {
    /// The inner sink will answer; then these are known.
    Inner(Vec<Mark>),
    /// It was here before.
    Known,
}

impl<K: Sink> Once<K> {
    /// In front of this sink; without a register it is as if it were not there.
    pub fn new(inner: K, register: Option<Register>) -> Once<K> {
        Once { inner, register, mail: None, owed: VecDeque::new(), to_abort: false }
    }

    /// The marks of the message that has come to its end, and whether each of them is known.
    fn marks(&mut self) -> (Vec<Mark>, bool) {
        let (Some(register), Some(mail)) = (&self.register, self.mail.take()) else {
            return (Vec::new(), false);
        };
        if mail.header.received() == 0 {
            return (Vec::new(), false);
        }
        let content = mail.content.finalize();
        let mark = |recipient: &Vec<u8>| -> Mark {
            let mut hash = Sha256::new();
            for part in [&mail.from[..], recipient, &content] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().into()
        };
        let marks: Vec<Mark> = mail.recipients.iter().map(mark).collect();
        let known = !marks.is_empty() && marks.iter().all(|mark| register.knows(mark));
        if known {
            let from = Escaped(&mail.from).to_string();
            info!(from, recipients = marks.len(), "came a second time, and is not delivered again");
        }
        (marks, known)
    }

    fn remember<'a>(&mut self, marks: impl Iterator<Item = &'a Mark>) {
        let Some(register) = &mut self.register else { return };
        if let Err(fault) = register.add(marks, Timestamp::now()) {
            warn!(%fault, "what has come cannot be remembered; it may come twice");
        }
    }

    /// The answers that need no word of the inner sink.
    fn known_next(&mut self) -> Vec<Reply> {
        let mut replies = Vec::new();
        while let Some(Owed::Known) = self.owed.front() {
            self.owed.pop_front();
            replies.push(HAVE_IT);
        }
        replies
    }
}

impl<K: Sink> Sink for Once<K> {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        self.inner.open().await
    }

    fn comes_from(&mut self, origin: Option<Origin>) {
        self.inner.comes_from(origin);
    }

    async fn mail(&mut self, from: &ReversePath, params: &MailParams) -> Result<(), Reply> {
        if std::mem::take(&mut self.to_abort) {
            self.inner.abort().await;
        }
        self.mail = self.register.is_some().then(|| Mail {
            from: from.as_str().as_bytes().to_vec(),
            recipients: Vec::new(),
            content: Sha256::new(),
            header: HeaderWatch::default(),
        });
        self.inner.mail(from, params).await
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        let reply = self.inner.recipient(recipient).await?;
        if let Some(mail) = &mut self.mail {
            mail.recipients.push(match &recipient.path {
                ForwardPath::Mailbox(mailbox) => mailbox.as_str().as_bytes().to_vec(),
                ForwardPath::Postmaster => b"postmaster".to_vec(),
            });
        }
        Ok(reply)
    }

    async fn begin(&mut self, trace: &str) -> Result<(), Reply> {
        self.inner.begin(trace).await
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        if let Some(mail) = &mut self.mail {
            mail.content.update(&piece);
            mail.header.watch(&piece);
        }
        self.inner.content(piece).await
    }

    async fn finish(&mut self) -> Reply {
        let (marks, known) = self.marks();
        if known {
            self.inner.abort().await;
            return HAVE_IT;
        }
        let reply = self.inner.finish().await;
        if reply.is_positive() {
            self.remember(marks.iter());
        }
        reply
    }

    fn put_by(&mut self) -> bool {
        // A second look at the same message: whoever is told no asks for `finish`.
        let mail = self.mail.clone();
        let (marks, known) = self.marks();
        if known {
            self.to_abort = true;
            self.owed.push_back(Owed::Known);
            return true;
        }
        let put_by = self.inner.put_by();
        match put_by {
            true => self.owed.push_back(Owed::Inner(marks)),
            false => self.mail = mail,
        }
        put_by
    }

    async fn settled(&mut self) -> Vec<Reply> {
        let known = self.known_next();
        if !known.is_empty() {
            return known;
        }
        let settled = self.inner.settled().await;
        let (mut replies, mut new) = (Vec::with_capacity(settled.len()), Vec::new());
        for reply in settled {
            if let Some(Owed::Inner(marks)) = self.owed.pop_front()
                && reply.is_positive()
            {
                new.extend(marks);
            }
            replies.push(reply);
            replies.extend(self.known_next());
        }
        self.remember(new.iter());
        replies
    }

    fn forget(&mut self) -> usize {
        let mut left = self.inner.forget();
        self.owed.retain(|owed| match owed {
            Owed::Known => left > 0,
            Owed::Inner(_) => {
                let stays = left > 0;
                left = left.saturating_sub(1);
                stays
            }
        });
        self.owed.len()
    }

    async fn abort(&mut self) {
        (self.mail, self.to_abort) = (None, false);
        self.inner.abort().await;
    }

    fn is_lost(&self) -> bool {
        self.inner.is_lost()
    }

    async fn close(&mut self) {
        if std::mem::take(&mut self.to_abort) {
            self.inner.abort().await;
        }
        self.inner.close().await;
    }
}

/// What the provider is told of what came before.
pub const HAVE_IT: Reply = Reply::new(250, (0, 0), "this came before, and is safe");

#[cfg(test)]
mod tests;
