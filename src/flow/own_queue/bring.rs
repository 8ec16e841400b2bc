//! From the queue to the target, message by message.

use jiff::Timestamp;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::{OwnQueue, QueueFault};
use crate::flow::line::Stop;
use crate::mail::Recipient;
use crate::mail::origin::Origin;
use crate::queue::filter::last_reply;
use crate::queue::{self, Entry, Fate, RecipientState, retry};
use crate::sink::{Offer, Sink};
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, MailParams, Reply, Said, Stage};
use crate::spool::embedded;
use crate::spool::{Content, Drain, Lease, Order, Spool, SpoolError};

/// Messages whose fates share a sync.
const ROOM: usize = 16;
/// So much of a message is searched for where it came from.
const HEADER: usize = 16 * 1024;
/// No mail is kept back for younger, smaller mail beyond this.
const AGED_AFTER: std::time::Duration = std::time::Duration::from_secs(3600);

/// What came of a pass.
#[derive(Debug)]
pub(super) struct Brought {
    pub delivered: u64,
    pub deferred: u64,
    pub refused: u64,
    /// Messages that were put off before, and whose time has not come again.
    pub resting: u64,
    pub end: Result<(), QueueFault>,
}

impl OwnQueue {
    /// Brings the mail of these domains to the target, until there is no more or we are told to stop.
    pub(super) async fn bring<K: Sink>(
        &self,
        domains: Vec<Domain>,
        target: &mut K,
        all: bool,
        stop: &Stop,
    ) -> Brought {
        let mut brought =
            Brought { delivered: 0, deferred: 0, refused: 0, resting: 0, end: Ok(()) };
        brought.end = self.walk(domains, target, all, stop, &mut brought).await;
        brought
    }

    async fn walk<K: Sink>(
        &self,
        domains: Vec<Domain>,
        target: &mut K,
        all: bool,
        stop: &Stop,
        brought: &mut Brought,
    ) -> Result<(), QueueFault> {
        let order = Order { aged_after: AGED_AFTER };
        let mut walk = self.spool.drain(domains, order, Timestamp::now());
        let mut offer = None;
        let mut settling = JoinSet::new();
        let mut end = Ok(());
        let mut fruitful = false;
        let mut away: Option<Said> = None;
        'all: loop {
            let leases = walk.next(ROOM).await?;
            if leases.is_empty() {
                break;
            }
            for lease in leases {
                let entry = lease.entry();
                if !all && rests(entry) {
                    brought.resting += 1;
                    continue;
                }
                if *stop.borrow() {
                    break 'all;
                }
                let (fates, fault) = match &away {
                    Some(said) => (put_off(entry, said), None),
                    None => match reached(target, offer, &mut fruitful).await {
                        Ok(there) => {
                            offer = Some(there);
                            let (fates, fault) = self.hand_over(target, there, &lease).await;
                            fruitful |= fates.iter().any(is_fruit);
                            brought.note(entry, &fates);
                            (fates, fault.map(QueueFault::from))
                        }
                        // Of all that was to go it is noted why it has not.
                        Err(fault) => (put_off(entry, away.insert(unreached(&fault))), Some(fault)),
                    },
                };
                let spool = self.spool.clone();
                settling.spawn(
                    async move { spool.settle(lease, fates, Timestamp::now().into()).await },
                );
                if let Some(fault) = fault {
                    end = Err(fault);
                    if away.is_none() {
                        break 'all;
                    }
                }
            }
            settled(&mut settling).await?;
        }
        settled(&mut settling).await.and(end)
    }

    /// The fates of those who wait, in their order, and what kept the last of them from being tried: what has
    /// become of the others is to be written down all the same.
    async fn hand_over<K: Sink>(
        &self,
        target: &mut K,
        offer: Offer,
        lease: &embedded::Lease,
    ) -> (Vec<Fate>, Option<SpoolError>) {
        let entry = lease.entry();
        let waiting: Vec<&Recipient> = entry
            .recipients
            .iter()
            .filter_map(|(recipient, state)| state.waits().then_some(recipient))
            .collect();
        if entry.params.smtputf8 && !offer.smtputf8 {
            let said = Said::new(Stage::Mail, NO_UTF8);
            return (vec![self.ended(entry, said); waiting.len()], None);
        }
        let most = offer.rcptmax.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let mut fates = Vec::with_capacity(waiting.len());
        let mut fault = None;
        for group in waiting.chunks(most.max(1)) {
            if target.is_lost() {
                break;
            }
            match self.transaction(target, offer, lease, group).await {
                Ok(some) => fates.extend(some),
                Err(e) => {
                    fault = Some(e);
                    break;
                }
            }
        }
        fates.resize(waiting.len(), Fate::Untried);
        (fates, fault)
    }

    async fn transaction<K: Sink>(
        &self,
        target: &mut K,
        offer: Offer,
        lease: &embedded::Lease,
        group: &[&Recipient],
    ) -> Result<Vec<Fate>, SpoolError> {
        let entry = lease.entry();
        let params = params(&entry.params, offer);
        if self.terms.introduces {
            target.comes_from(self.origin(lease).await);
        }
        if let Err(reply) = target.mail(&entry.reverse_path, &params).await {
            target.abort().await;
            let said = Said::new(Stage::Mail, reply);
            return Ok(vec![self.ended(entry, said); group.len()]);
        }
        let mut said: Vec<Result<Reply, Reply>> = Vec::with_capacity(group.len());
        for recipient in group {
            let mut recipient = (*recipient).clone();
            if !offer.dsn {
                (recipient.params.notify, recipient.params.orcpt) = (None, None);
            }
            said.push(target.recipient(&recipient).await);
        }
        let end = match said.iter().any(Result::is_ok) {
            true => self.content_to(target, lease).await?,
            false => {
                target.abort().await;
                return Ok(said
                    .into_iter()
                    .flat_map(Result::err)
                    .map(|reply| self.ended(entry, Said::new(Stage::Rcpt, reply)))
                    .collect());
            }
        };
        let fates = group.iter().zip(said).map(|(recipient, said)| match said {
            Err(reply) => self.ended(entry, Said::new(Stage::Rcpt, reply)),
            Ok(_) if end.is_positive() => {
                let asked = recipient.params.notify.is_some_and(|notify| notify.success);
                // Who could not be told would stay for ever.
                match asked && !offer.dsn && self.terms.tells {
                    true => Fate::Relayed(end.clone()),
                    false => Fate::Delivered(end.clone()),
                }
            }
            Ok(_) => self.ended(entry, end.clone()),
        });
        Ok(fates.collect())
    }

    /// Where it came from, as the Received field behind our own has it.
    /// Content that cannot be read tells nothing here; whoever hands it over hears of that.
    async fn origin(&self, lease: &embedded::Lease) -> Option<Origin> {
        let mut content = self.spool.content(lease).await.ok()?;
        let mut header = Vec::new();
        while header.len() < HEADER
            && let Ok(Some(piece)) = content.next().await
        {
            header.extend_from_slice(&piece);
        }
        header.truncate(HEADER);
        Origin::read(&header, 1)
    }

    /// What is not refused for good is tried again. So is what nobody could be told of, and a notice
    /// itself: a target that is set up wrongly refuses everything, and must not be the end of it.
    fn ended(&self, entry: &Entry, said: Said) -> Fate {
        let told = self.terms.tells && entry.domain != queue::outgoing();
        if said.is_permanent() && told { Fate::Refused(said) } else { Fate::Deferred(said) }
    }

    /// Streams the content, and hears what the target makes of it.
    async fn content_to<K: Sink>(
        &self,
        target: &mut K,
        lease: &embedded::Lease,
    ) -> Result<Said, SpoolError> {
        let mut content = match self.spool.content(lease).await {
            Ok(content) => content,
            Err(fault) => return damaged(target, fault).await,
        };
        // Our Received field was put in front of it when it came.
        if let Err(reply) = target.begin("").await {
            target.abort().await;
            return Ok(Said::new(Stage::Data, reply));
        }
        let end = |reply| Ok(Said::new(Stage::Content, reply));
        loop {
            match content.next().await {
                Ok(Some(piece)) => {
                    if let Err(reply) = target.content(piece).await {
                        target.abort().await;
                        return end(reply);
                    }
                }
                Ok(None) => return end(target.finish().await),
                Err(fault) => return damaged(target, fault).await,
            }
        }
    }
}

/// Was it put off so lately that it is not to be tried yet? What could not be tried at all is tried by every run:
/// whether the target is there again costs one call, however much waits for it.
fn rests(entry: &Entry) -> bool {
    let mut waiting = entry.recipients.iter().map(|(_, state)| state).filter(|state| state.waits());
    let is_untried = |state: &RecipientState| {
        last_reply(state).is_some_and(|reply| {
            reply.enhanced == UNREACHED.enhanced && reply.text.starts_with(&*UNREACHED.text)
        })
    };
    !retry::may_go(entry.tried, entry.attempts, Timestamp::now()) && !waiting.all(is_untried)
}

/// The fates of those who wait for a message that could not be tried.
fn put_off(entry: &Entry, said: &Said) -> Vec<Fate> {
    let waiting = entry.recipients.iter().filter(|(_, state)| state.waits());
    waiting.map(|_| Fate::Deferred(said.clone())).collect()
}

/// Has the target taken something, or said its last word of it?
fn is_fruit(fate: &Fate) -> bool {
    !matches!(fate, Fate::Untried | Fate::Deferred(_))
}

/// What is noted of a message that could not be tried.
fn unreached(fault: &QueueFault) -> Said {
    let words = Escaped::text(&fault.to_string()).to_string();
    let words = &words[..words.floor_char_boundary(WORDS)];
    Said::new(Stage::Mail, UNREACHED.saying(format!("{}: {words}", UNREACHED.text)))
}

/// The target as it is there: opened, where it is not yet. One that was lost is opened again if it has taken
/// something since, because a line may end behind so many messages; one that takes nothing would be waited
/// for with each message there is.
async fn reached<K: Sink>(
    target: &mut K,
    offer: Option<Offer>,
    fruitful: &mut bool,
) -> Result<Offer, QueueFault> {
    match offer {
        Some(offer) if !target.is_lost() => Ok(offer),
        Some(_) if !std::mem::take(fruitful) => Err(QueueFault::OutOfOrder),
        _ => Ok(target.open().await?),
    }
}

/// The target must not see half a message as a whole one. The spool has set it aside by now.
async fn damaged<K: Sink>(target: &mut K, fault: SpoolError) -> Result<Said, SpoolError> {
    target.abort().await;
    match fault {
        SpoolError::Damaged { .. } => {
            warn!(%fault, "mail is damaged");
            Ok(Said::new(Stage::Content, DAMAGED))
        }
        fault => Err(fault),
    }
}

fn params(params: &MailParams, offer: Offer) -> MailParams {
    let mut params = params.clone();
    if !offer.dsn {
        (params.ret, params.envid) = (None, None);
    }
    params
}

async fn settled(settling: &mut JoinSet<Result<(), SpoolError>>) -> Result<(), QueueFault> {
    let mut first = Ok(());
    while let Some(done) = settling.join_next().await {
        let done = done.map_err(QueueFault::from).and_then(|done| done.map_err(QueueFault::from));
        first = first.and(done);
    }
    first
}

impl Brought {
    fn note(&mut self, entry: &Entry, fates: &[Fate]) {
        let (mut delivered, mut deferred, mut refused) = (0, 0, 0);
        for fate in fates {
            match fate {
                Fate::Delivered(_) | Fate::Relayed(_) => delivered += 1,
                Fate::Refused(_) => refused += 1,
                Fate::Deferred(_) | Fate::Untried => deferred += 1,
            }
        }
        let said = fates.iter().find_map(|fate| match fate {
            Fate::Refused(said) | Fate::Deferred(said) => Some(said.reply.to_string()),
            _ => None,
        });
        let from = Escaped::text(entry.reverse_path.as_str());
        info!(id = %entry.id, %from, delivered, deferred, refused, said, "brought to the target");
        self.delivered += delivered;
        self.deferred += deferred;
        self.refused += refused;
    }
}

/// Octets that are kept of why a target could not be reached.
const WORDS: usize = 400;

const UNREACHED: Reply = Reply::new(451, (4, 1), "the target was not reached");
const NO_UTF8: Reply = Reply::new(553, (6, 7), "the target knows no addresses beyond ASCII");
const DAMAGED: Reply = Reply::new(451, (3, 0), "the message is damaged where it was kept");
