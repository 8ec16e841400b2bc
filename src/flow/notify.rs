//! Senders are told: what is due becomes a notice in the queue for the smarthost, and the mail it is
//! about goes. RFC 3461, section 5; RFC 5321, section 6.1.

use bytes::Bytes;
use jiff::Timestamp;
use tracing::{error, info, warn};

use super::provider::{Delay, House, Provider};
use super::scribe::{Needs, Scribe, whose};
use crate::mail::dsn::Action;
use crate::mail::reminder::Reminder;
use crate::queue::{self, Entry, EntryId, EntryState, notice};
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, Mailbox, ReversePath};
use crate::spool::{Draft, Lease, Spool, SpoolError};

/// Entries taken in hand at a time.
const ROOM: usize = 32;
/// And at most, where those at the head cannot be told of.
const MOST: usize = 4096;

/// Tells the senders of all that is due. Without a smarthost nobody can be told, and everything is
/// kept.
pub async fn tell_all<S: Spool>(provider: &Provider<S>) {
    let house = provider.house();
    if house.smarthost.server.is_none() {
        return;
    }
    let (mut room, mut faults) = (ROOM, 0);
    loop {
        match provider.spool.due(room).await {
            Ok(due) if due.is_empty() => return,
            Ok(due) => {
                let is_all = due.len() < room || room >= MOST;
                match tell_some(provider, &house, due, &mut faults).await {
                    0 if is_all => return,
                    // Behind those may be others.
                    0 => room = (room * 2).min(MOST),
                    _ => {}
                }
            }
            Err(fault) => return error!(%fault, "cannot look for senders to be told"),
        }
    }
}

/// Ends these, and says how many could be. What is the matter with one message is no reason to leave the
/// others; only the first fault is told.
async fn tell_some<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    due: Vec<S::Lease>,
    faults: &mut u32,
) -> u32 {
    let mut told = 0;
    for lease in due {
        let id = lease.entry().id;
        match tell(provider, house, lease).await {
            Ok(()) => told += 1,
            Err(fault) => {
                if *faults == 0 {
                    error!(%id, %fault, "a sender could not be told; it is tried again");
                }
                *faults += 1;
            }
        }
    }
    told
}

/// Ends it.
async fn tell<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: S::Lease,
) -> Result<(), SpoolError> {
    let (entry, waits_for) = scribe(provider, house).conclude(lease).await?;
    match (&entry.reverse_path, waits_for) {
        (ReversePath::Mailbox(to), Some(domain)) => {
            provider.arrived(&domain);
            told(provider, &entry, to, &notice::words(&entry));
        }
        _ => silent(&entry),
    }
    Ok(())
}

/// Tells of all that waits longer than its domain's settings say: each sender, or the one address that
/// is to hear of it for all of them.
pub async fn tell_of_delays<S: Spool>(provider: &Provider<S>) {
    let house = provider.house();
    if house.smarthost.server.is_none() {
        return;
    }
    for (domain, held) in &house.domains {
        let Some(delay) = &held.delay else { continue };
        let totals = provider.spool.totals(domain);
        if totals.waiting == 0 && totals.set_aside == 0 {
            continue;
        }
        if let Err(fault) = tell_of_domain(provider, &house, domain, delay).await {
            error!(%domain, %fault, "nobody could be told that mail waits; it is tried again");
        }
    }
}

async fn tell_of_domain<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    domain: &Domain,
    delay: &Delay,
) -> Result<(), SpoolError> {
    let now = Timestamp::now();
    let since = now.checked_sub(delay.after).unwrap_or(Timestamp::UNIX_EPOCH);
    loop {
        let room = if delay.whom.is_some() { 1 } else { ROOM };
        let mut leases = provider.spool.delayed(domain, since, room).await?.into_iter();
        let Some(first) = leases.next() else { return Ok(()) };
        if let Some(whom) = &delay.whom {
            return remind(provider, house, first, whom, now).await;
        }
        let mut got_on = false;
        for lease in std::iter::once(first).chain(leases) {
            // Where one cannot be told, who comes behind it waits: told before it, they would hide it.
            got_on |= tell_of_delay(provider, house, lease).await?;
        }
        // What is damaged and cannot even be set aside would be found again at once.
        if !got_on {
            return Ok(());
        }
    }
}

/// Says whether that is done.
async fn tell_of_delay<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: S::Lease,
) -> Result<bool, SpoolError> {
    let entry = lease.entry().clone();
    let words = notice::delays(&entry);
    let ReversePath::Mailbox(to) = &entry.reverse_path else {
        return provider.spool.told_of_delay(lease, None, None).await.map(|()| true);
    };
    if words.is_empty() {
        return provider.spool.told_of_delay(lease, None, None).await.map(|()| true);
    }
    let until = Some(entry.expires);
    match scribe(provider, house).notice(&lease, to, &words, until).await {
        Ok(notice) => {
            let domain = whose(&notice.1);
            provider.spool.told_of_delay(lease, None, Some(notice)).await?;
            provider.arrived(&domain);
        }
        // It has been set aside, and waits no more.
        Err(SpoolError::Damaged { .. }) => return Ok(false),
        Err(fault) => return Err(fault),
    }
    told(provider, &entry, to, &words);
    Ok(true)
}

/// Whoever looks after a domain's server is told that its mail waits.
async fn remind<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: S::Lease,
    to: &Mailbox,
    now: Timestamp,
) -> Result<(), SpoolError> {
    let (entry, id) = (lease.entry().clone(), EntryId(ulid::Ulid::generate()));
    let totals = provider.spool.totals(&entry.domain);
    let name = id.to_string();
    let reminder = Reminder {
        reporter: &provider.name,
        name: &name,
        to,
        at: now,
        domain: &entry.domain,
        messages: totals.waiting,
        octets: totals.octets,
        since: entry.arrived,
        until: entry.expires,
    };
    let mut draft = provider.spool.draft(None)?;
    draft.write(Bytes::from(reminder.to_mail())).await?;
    let utf8 = to.is_international();
    let arrival = scribe(provider, house).arrival(to, Needs { eight_bit: utf8, utf8 }, id, now);
    let waits_for = whose(&arrival);
    provider.spool.told_of_delay(lease, Some(now), Some((draft, arrival))).await?;
    provider.arrived(&waits_for);
    provider.counts.domain_or_nobody(&entry.domain).notices.at(kind(Action::Delayed)).add(1);
    let to = Escaped::text(to.as_str());
    info!(%id, domain = %entry.domain, %to, waiting = totals.waiting, "a customer is told that mail waits");
    Ok(())
}

fn told<S: Spool>(provider: &Provider<S>, entry: &Entry, to: &Mailbox, words: &[notice::Word<'_>]) {
    // What is told in one notice is mostly of one kind.
    let Some(word) = words.first() else { return };
    provider.counts.domain_or_nobody(&entry.domain).notices.at(kind(word.action)).add(1);
    let (about, to) = (entry.id, Escaped::text(to.as_str()));
    let what = if word.action == Action::Delayed { "a delay" } else { "an end" };
    info!(%about, %to, what, recipients = words.len(), "a sender is told");
}

/// Its place in [`NOTICES`](super::counts::NOTICES).
fn kind(action: Action) -> usize {
    match action {
        Action::Failed => 0,
        Action::Delayed => 1,
        Action::Relayed => 2,
    }
}

/// Nobody is told. That a notice itself could not be delivered is for the operator to know.
fn silent(entry: &Entry) {
    let from = Escaped::text(entry.reverse_path.as_str()).to_string();
    match entry.domain.as_str() {
        queue::OUTGOING if entry.source.auth.is_some() => {
            let account = entry.source.auth.as_deref().unwrap_or_default();
            warn!(id = %entry.id, account, from, "mail of a customer failed, and is dropped: its sender wants no word of it");
        }
        queue::OUTGOING => {
            warn!(id = %entry.id, from, "a notice could not be delivered, and is dropped");
        }
        _ if entry.state == EntryState::Failed => {
            info!(id = %entry.id, domain = %entry.domain, from, "mail failed whose sender wants no word of it");
        }
        _ => {}
    }
}

fn scribe<'a, S: Spool>(provider: &'a Provider<S>, house: &'a House) -> Scribe<'a, S> {
    Scribe {
        spool: &provider.spool,
        name: &provider.name,
        return_whole: house.notices.return_whole.octets(),
        lifetime: house.notices.lifetime.get(),
        brings_all: false,
        house: Some(house),
    }
}
