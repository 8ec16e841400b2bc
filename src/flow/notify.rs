//! Senders are told: what is due becomes a notice in the queue for the smarthost, and the mail it is
//! about goes. RFC 3461, section 5; RFC 5321, section 6.1.

use bytes::Bytes;
use jiff::Timestamp;
use tracing::{error, info, warn};

use super::provider::{Delay, House, Provider};
use crate::mail::Recipient;
use crate::mail::dsn::{Action, Notice, Origin, Outcome, Returned};
use crate::mail::reminder::Reminder;
use crate::mail::trace::safe_name;
use crate::queue::{self, Entry, EntryId, EntryState, Source, notice};
use crate::smtp::escape::Escaped;
use crate::smtp::{Body, Domain, ForwardPath, MailParams, Mailbox, RcptParams, Ret, ReversePath};
use crate::spool::{Arrival, Content, Draft, Lease, Part, Spool, SpoolError};

/// Entries taken in hand at a time.
const ROOM: usize = 32;
/// Octets of a header that are returned: more is no header that anybody wrote.
const HEADER: usize = 64 * 1024;
/// The longest line that a mail may have without its end. RFC 5322, section 2.1.1.
const LINE: usize = 998;

/// Tells the senders of all that is due. Without a smarthost nobody can be told, and everything is
/// kept.
pub async fn tell_all<S: Spool>(provider: &Provider<S>) {
    let house = provider.house();
    if house.smarthost.server.is_none() {
        return;
    }
    loop {
        match provider.spool.due(ROOM).await {
            Ok(due) if due.is_empty() => return,
            Ok(due) => {
                let mut got_on = false;
                for lease in due {
                    match tell(provider, &house, lease).await {
                        Ok(concluded) => got_on |= concluded,
                        Err(fault) => {
                            return error!(%fault, "a sender could not be told; it is tried again");
                        }
                    }
                }
                // What is damaged and cannot even be set aside would be found again at once.
                if !got_on {
                    return;
                }
            }
            Err(fault) => return error!(%fault, "cannot look for senders to be told"),
        }
    }
}

/// Says whether that is concluded.
async fn tell<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: S::Lease,
) -> Result<bool, SpoolError> {
    let entry = lease.entry().clone();
    let words = notice::words(&entry);
    let ReversePath::Mailbox(to) = &entry.reverse_path else {
        silent(&entry);
        return provider.spool.conclude(lease, None).await.map(|()| true);
    };
    if words.is_empty() {
        silent(&entry);
        return provider.spool.conclude(lease, None).await.map(|()| true);
    }
    let notice = match notice(provider, house, &lease, to, &words, None).await {
        Ok(notice) => notice,
        // It has been set aside and told of; there is nothing to be concluded any more.
        Err(SpoolError::Damaged { .. }) => return Ok(false),
        Err(fault) => return Err(fault),
    };
    provider.spool.conclude(lease, Some(notice)).await?;
    told(provider, &entry, to, &words);
    Ok(true)
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
            return error!(%domain, %fault, "nobody could be told that mail waits; it is tried again");
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
    match notice(provider, house, &lease, to, &words, until).await {
        Ok(notice) => provider.spool.told_of_delay(lease, None, Some(notice)).await?,
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
    let arrival = arrival(provider, house, to, Needs { eight_bit: utf8, utf8 }, id, now);
    provider.spool.told_of_delay(lease, Some(now), Some((draft, arrival))).await?;
    provider.counts.notices.at(kind(Action::Delayed)).add(1);
    let to = Escaped::text(to.as_str());
    info!(%id, domain = %entry.domain, %to, waiting = totals.waiting, "a customer is told that mail waits");
    Ok(())
}

/// The notice of these words, on its way into the queue.
async fn notice<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: &S::Lease,
    to: &Mailbox,
    words: &[notice::Word<'_>],
    until: Option<Timestamp>,
) -> Result<(S::Draft, Arrival), SpoolError> {
    let entry = lease.entry();
    let returned = returned(provider, house, lease, words).await?;
    let id = EntryId(ulid::Ulid::generate());
    let (name, about, helo) = (id.to_string(), entry.id.to_string(), safe_name(&entry.source.helo));
    let now = Timestamp::now();
    let written = Notice {
        reporter: &provider.name,
        name: &name,
        to,
        at: now,
        origin: Origin {
            id: &about,
            helo: &helo,
            ip: entry.source.ip,
            arrived: entry.arrived,
            envid: entry.params.envid.as_deref(),
        },
        outcomes: words
            .iter()
            .map(|word| Outcome {
                recipient: word.recipient,
                action: word.action,
                said: word.said,
                tried: entry.tried,
                until,
            })
            .collect(),
        returned,
    };
    let mut draft = provider.spool.draft(None)?;
    draft.write(Bytes::from(written.to_mail())).await?;
    let needs = Needs { eight_bit: written.is_eight_bit(), utf8: written.needs_smtputf8() };
    Ok((draft, arrival(provider, house, to, needs, id, now)))
}

fn told<S: Spool>(provider: &Provider<S>, entry: &Entry, to: &Mailbox, words: &[notice::Word<'_>]) {
    // What is told in one notice is mostly of one kind.
    let Some(word) = words.first() else { return };
    provider.counts.notices.at(kind(word.action)).add(1);
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
        queue::OUTGOING => {
            warn!(id = %entry.id, from, "a notice could not be delivered, and is dropped");
        }
        _ if entry.state == EntryState::Failed => {
            info!(id = %entry.id, domain = %entry.domain, from, "mail failed whose sender wants no word of it");
        }
        _ => {}
    }
}

/// What a mail of ours asks of the servers on its way.
#[derive(Clone, Copy, Debug)]
struct Needs {
    eight_bit: bool,
    utf8: bool,
}

fn arrival<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    to: &Mailbox,
    needs: Needs,
    id: EntryId,
    now: Timestamp,
) -> Arrival {
    let recipient =
        Recipient { path: ForwardPath::Mailbox(to.clone()), params: RcptParams::default() };
    Arrival {
        reverse_path: ReversePath::Null,
        params: MailParams {
            body: if needs.eight_bit { Body::EightBit } else { Body::SevenBit },
            smtputf8: needs.utf8,
            ..MailParams::default()
        },
        parts: vec![Part {
            id,
            domain: queue::outgoing(),
            expires: now.checked_add(house.notices.lifetime.get()).unwrap_or(Timestamp::MAX),
            recipients: vec![recipient],
        }],
        arrived: now,
        source: Source {
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            helo: provider.name.clone(),
            tls: None,
        },
        trace: Bytes::new(),
    }
}

/// How much goes back: of failed mail all of it, if it is small, text, and its sender has not said
/// otherwise. RFC 3461, section 4.3.
async fn returned<S: Spool>(
    provider: &Provider<S>,
    house: &House,
    lease: &S::Lease,
    words: &[notice::Word<'_>],
) -> Result<Returned, SpoolError> {
    let entry = lease.entry();
    let failed = words.iter().any(|word| word.action == Action::Failed);
    let small = entry.size <= house.notices.return_whole.octets();
    let text = entry.params.body != Body::Binary;
    let whole = failed && small && text && entry.params.ret != Some(Ret::Headers);
    let mut content = provider.spool.content(lease).await?;
    let mut octets = Vec::new();
    while let Some(piece) = content.next().await? {
        octets.extend_from_slice(&piece);
        if !whole && (octets.len() >= HEADER || end_of_header(&octets).is_some()) {
            break;
        }
    }
    if whole && octets.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE + 1) {
        return Ok(Returned::Whole(octets));
    }
    let end = end_of_header(&octets).unwrap_or(octets.len().min(HEADER));
    octets.truncate(end);
    Ok(Returned::Headers(lines_of_text(&octets)))
}

/// Where the header ends, behind the line end of its last field.
fn end_of_header(octets: &[u8]) -> Option<usize> {
    if octets.starts_with(b"\r\n") {
        return Some(0);
    }
    memchr::memmem::find(octets, b"\r\n\r\n").map(|at| at + 2)
}

/// Only lines that may stand in a mail of text; of a binary one's header there may be others.
fn lines_of_text(octets: &[u8]) -> Vec<u8> {
    let mut fit = Vec::with_capacity(octets.len());
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.strip_suffix(b"\r\n").filter(|bare| bare.len() <= LINE);
        if bare.is_some_and(|bare| !bare.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))) {
            fit.extend_from_slice(line);
        }
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_and_freed_of_what_no_text_may_have() {
        assert_eq!(end_of_header(b"A: b\r\n\r\nbody\r\n"), Some(6));
        assert_eq!(end_of_header(b"\r\nbody"), Some(0));
        assert_eq!(end_of_header(b"A: b\r\n"), None);
        let long = [b"L: ".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
        let header = [b"A: b\r\nN: \0\r\nR: \rx\r\n", &long[..], b"Z: \xff\r\ncut"].concat();
        assert_eq!(lines_of_text(&header), b"A: b\r\nZ: \xff\r\n");
    }
}
