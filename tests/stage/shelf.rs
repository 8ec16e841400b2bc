//! A sink without a disk: keeps what it is given, and refuses as the dialogue says.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use odmr::mail::Recipient;
use odmr::sink::{Offer, Sink, SinkFault};
use odmr::smtp::{MailParams, Reply, ReversePath};

use super::host::{Host, reply};
use super::script::Script;

pub struct Shelf {
    host: Host,
    target: Option<Reply>,
    content: Vec<u8>,
    pub kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Shelf {
    pub fn new(script: &Script) -> Shelf {
        let mut host = Host::new(script);
        host.domains.clear(); // that is for the flow to know
        Shelf {
            host,
            target: script.option("target").map(reply),
            content: Vec::new(),
            kept: Arc::default(),
        }
    }
}

impl Sink for Shelf {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        Ok(Offer { smtputf8: true, binarymime: true, dsn: true, size: None, rcptmax: None })
    }

    async fn mail(&mut self, _: &ReversePath, _: &MailParams) -> Result<(), Reply> {
        Ok(())
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        self.host.is_ours(&recipient.path)?;
        Ok(Reply::new(250, (1, 5), "recipient ok"))
    }

    async fn begin(&mut self, _: &str) -> Result<(), Reply> {
        self.content.clear();
        match self.host.full {
            true => Err(Reply::new(452, (3, 1), "no room just now; try again later")),
            false => Ok(()),
        }
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        self.content.extend_from_slice(&piece);
        Ok(())
    }

    async fn finish(&mut self) -> Reply {
        let content = std::mem::take(&mut self.content);
        if let Some(reply) = &self.target {
            return reply.clone();
        }
        self.kept.lock().expect("a lock").push(content);
        Reply::new(250, (0, 0), "kept as 1")
    }

    async fn abort(&mut self) {
        self.content.clear();
    }

    fn is_lost(&self) -> bool {
        false
    }

    async fn close(&mut self) {}
}
