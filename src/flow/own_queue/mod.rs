//! A customer's own queue: mail is kept here first, the provider is told that we have it, and from here
//! it goes to the target, however slow that is or however long it is away.
//!
//! The provider lets go of a message when this queue has it on stable storage. From then on it is our
//! duty to bring it, or to tell its sender that we cannot. RFC 5321, section 6.1.

mod bring;
mod sink;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::task::JoinError;
use tracing::{info, warn};

pub use sink::QueueSink;

use super::line::Stop;
use super::scribe::Scribe;
use crate::exit::{Exit, Failure};
use crate::queue;
use crate::sink::{Offer, Sink, SinkFault};
use crate::smtp::Domain;
use crate::smtp::escape::Escaped;
use crate::spool::embedded::{Embedded, Settings};
use crate::spool::{Lease, Spool, SpoolError};

/// How long a target may take to show that it is there, before the provider is called without its word.
const GLANCE: Duration = Duration::from_secs(5);
/// Senders that are told in one go.
const ROOM: usize = 32;
/// Larger mail comes back to its sender without its text.
const RETURN_WHOLE: u64 = 64 * 1024;

/// How things stand with an own queue at the end of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Recipients to whom the target has taken mail, in this run.
    pub delivered: u64,
    /// Recipients whom it put off.
    pub deferred: u64,
    /// Messages that it put off before, and whose next try is to come.
    pub resting: u64,
    /// Recipients whom it refused for good, and whose senders are told.
    pub refused: u64,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that are set aside: damaged, or failed without a word to their senders.
    pub aside: u64,
}

impl Standing {
    /// Is nothing there any more?
    pub fn holds_nothing(&self) -> bool {
        self.waiting == 0 && self.aside == 0
    }

    /// Is nothing there, and was nothing to be done?
    pub fn is_idle(&self) -> bool {
        *self == Standing::default()
    }
}

/// Why mail stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueFault {
    /// The target.
    #[error("{0}")]
    Target(#[from] SinkFault),
    /// The target, which takes nothing.
    #[error("the target is out of order: it was lost, and again with the next message")]
    OutOfOrder,
    /// The queue itself.
    #[error("{0}")]
    Spool(#[from] SpoolError),
    /// A thread of ours.
    #[error("{0}")]
    System(#[from] JoinError),
}

/// What an own queue is told about itself.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its folder.
    pub folder: PathBuf,
    /// The name we report under.
    pub name: String,
    /// How long mail is tried, where somebody can be told that its time is up.
    pub lifetime: Duration,
    /// Senders can be told. Without that nothing is ever given up.
    pub tells: bool,
    /// The target is told which host mail came from.
    pub introduces: bool,
}

/// So much of the disk is left to others, octets. A customer's machine may be a small one.
const RESERVE: u64 = 64 << 20;

/// An own queue, opened. One process at a time has it.
#[derive(Debug)]
pub struct OwnQueue {
    spool: Embedded,
    terms: Terms,
}

impl OwnQueue {
    /// Opens it, and makes it where there is none.
    ///
    /// # Errors
    /// [`Failure`]: somebody else has it, or it is not what it should be.
    pub async fn open(terms: Terms) -> Result<OwnQueue, Failure> {
        let folder = terms.folder.clone();
        let opened = tokio::task::spawn_blocking(move || {
            Embedded::open(Settings { reserve: Some(RESERVE), ..Settings::at(folder) })
        })
        .await;
        let spool = opened.map_err(|fault| Failure::new(Exit::Software, fault))?;
        let spool = spool.map_err(|fault| {
            let hint = "each account needs a queue of its own; spool names the folder";
            match fault {
                SpoolError::Locked { .. } => Failure::new(Exit::TempFail, fault).hint(Some(hint)),
                _ => Failure::new(Exit::Io, fault),
            }
        })?;
        Ok(OwnQueue { spool, terms })
    }

    /// Where received mail lands: here. What is offered to the provider is what the target would take,
    /// where it can be asked.
    pub async fn sink<K: Sink>(&self, target: &mut K) -> QueueSink {
        let asked = tokio::time::timeout(GLANCE, target.open()).await;
        target.close().await;
        let offer = match asked {
            Ok(Ok(offer)) => Offer { rcptmax: None, ..offer },
            Ok(Err(fault)) => {
                info!(%fault, "the target is away; mail will wait for it");
                ANYTHING
            }
            Err(_) => {
                info!("the target has not answered; mail will wait for it");
                ANYTHING
            }
        };
        let lifetime = self.terms.tells.then_some(self.terms.lifetime);
        QueueSink::new(self.spool.clone(), &self.terms.folder, offer, lifetime)
    }

    /// Brings what waits to the target, tells senders of what it refused by way of `post`, and counts
    /// what is left. Every message is tried where `all` is set; otherwise only what has waited long
    /// enough since it was put off.
    ///
    /// # Errors
    /// [`QueueFault`] with what keeps mail here. Everything that was done is counted all the same.
    pub async fn deliver<K: Sink, P: Sink>(
        &self,
        target: &mut K,
        post: Option<&mut P>,
        all: bool,
        stop: &Stop,
    ) -> (Standing, Result<(), QueueFault>) {
        let mut standing = Standing::default();
        let end = self.deliver_all(&mut standing, target, post, all, stop).await;
        target.close().await;
        let counted = self.count(&mut standing).await;
        (standing, end.and(counted))
    }

    async fn deliver_all<K: Sink, P: Sink>(
        &self,
        standing: &mut Standing,
        target: &mut K,
        post: Option<&mut P>,
        all: bool,
        stop: &Stop,
    ) -> Result<(), QueueFault> {
        // Where nobody could be told, nothing is given up.
        let over =
            if self.terms.tells { self.spool.expire(Timestamp::now()).await? } else { Vec::new() };
        for (id, domain) in over {
            warn!(%id, %domain, "the time of a message is up; nobody has taken it");
        }
        let (own, _): (Vec<Domain>, Vec<Domain>) =
            self.domains().await?.into_iter().partition(|domain| *domain != queue::outgoing());
        let brought = self.bring(own, target, all, stop).await;
        standing.delivered = brought.delivered;
        standing.deferred = brought.deferred;
        standing.resting = brought.resting;
        standing.refused = brought.refused;
        let Some(post) = post else { return brought.end };
        self.tell_senders().await?;
        let told = self.bring(vec![queue::outgoing()], post, all, stop).await;
        post.close().await;
        brought.end.and(told.end)
    }

    async fn domains(&self) -> Result<Vec<Domain>, SpoolError> {
        let standings = self.spool.overseer().domains().await?;
        Ok(standings.into_iter().map(|standing| standing.domain).collect())
    }

    async fn count(&self, standing: &mut Standing) -> Result<(), QueueFault> {
        for domain in self.spool.overseer().domains().await? {
            standing.waiting += domain.waiting;
            standing.aside += domain.failed + domain.damaged;
        }
        Ok(())
    }

    /// Notices of what has failed go into the queue, and what they are about goes out of it.
    async fn tell_senders(&self) -> Result<(), SpoolError> {
        let scribe = Scribe {
            spool: &self.spool,
            name: &self.terms.name,
            return_whole: RETURN_WHOLE,
            lifetime: self.terms.lifetime,
            brings_all: true,
            house: None,
        };
        loop {
            let due = self.spool.due(ROOM).await?;
            let mut got_on = false;
            for lease in due {
                let id = lease.entry().id;
                let (entry, waits_for) = match scribe.conclude(lease).await {
                    Ok(concluded) => concluded,
                    // What is the matter with one message is no reason to leave the others.
                    Err(fault) => {
                        warn!(%id, %fault, "its sender could not be told; it is tried again");
                        continue;
                    }
                };
                let from = Escaped::text(entry.reverse_path.as_str());
                let told = waits_for.is_some();
                info!(id = %entry.id, %from, told, "mail has failed");
                got_on = true;
            }
            if !got_on {
                return Ok(());
            }
        }
    }

    /// Lets go of it, in order.
    pub async fn close(self) {
        self.spool.close().await;
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.terms.folder
    }
}

/// What is offered while the target cannot be asked. Whether it knows DSN is not known, so that who
/// wants to hear of success hears of it from the provider.
const ANYTHING: Offer =
    Offer { smtputf8: true, binarymime: false, dsn: false, size: None, rcptmax: None };
