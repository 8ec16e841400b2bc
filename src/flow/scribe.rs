//! A notice to the sender of a message that waits or has ended, as mail on its way into a queue. Whose
//! queue, and who reports, is told by [`Scribe`]. RFC 3461, section 5; RFC 5321, section 6.1.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::provider::House;
use crate::mail::Recipient;
use crate::mail::dsn::{Action, Notice, Origin, Outcome, Returned, Way};
use crate::mail::trace::safe_name;
use crate::queue::{self, Entry, EntryId, Source, notice};
use crate::smtp::{Body, Domain, ForwardPath, MailParams, Mailbox, RcptParams, Ret, ReversePath};
use crate::spool::{Arrival, Content, Draft, Lease, Part, Spool, SpoolError};

/// Octets of a header that are returned: more is no header that anybody wrote.
const HEADER: usize = 64 * 1024;
/// The longest line that a mail may have without its end. RFC 5322, section 2.1.1.
const LINE: usize = 998;

/// Who writes notices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scribe<'a, S> {
    /// Where the mail is that they are about, and where they go.
    pub spool: &'a S,
    /// The name of the host that reports.
    pub name: &'a str,
    /// Mail of up to so many octets is returned whole.
    pub return_whole: u64,
    /// How long it is tried to deliver a notice.
    pub lifetime: Duration,
    /// Nobody collects mail here: all of it is brought to the next server.
    pub brings_all: bool,
    /// Whose mail waits here: a sender among them is told in the queue of its own domain, whatever the next
    /// server would say.
    pub house: Option<&'a House>,
}

/// What a mail of ours asks of the servers on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// Octets beyond ASCII. RFC 6152.
    pub eight_bit: bool,
    /// Addresses beyond ASCII. RFC 6531.
    pub utf8: bool,
}

/// For which domain a mail of ours waits.
pub(super) fn whose(arrival: &Arrival) -> Domain {
    arrival.parts.first().map_or_else(queue::outgoing, |part| part.domain.clone())
}

impl<S: Spool> Scribe<'_, S> {
    /// The notice of these words, on its way into the queue.
    pub(super) async fn notice(
        &self,
        lease: &S::Lease,
        to: &Mailbox,
        words: &[notice::Word<'_>],
        until: Option<Timestamp>,
    ) -> Result<(S::Draft, Arrival), SpoolError> {
        let entry = lease.entry();
        let returned = match self.returned(lease, to, words).await {
            // What cannot be read cannot go back; that it has failed can be told all the same.
            Err(SpoolError::Damaged { .. }) if until.is_none() => Returned::Nothing,
            returned => returned?,
        };
        let id = EntryId(ulid::Ulid::generate());
        let (name, about, helo) =
            (id.to_string(), entry.id.to_string(), safe_name(&entry.source.helo));
        let now = Timestamp::now();
        let written = Notice {
            reporter: self.name,
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
            way: self.way(entry),
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
        let mut draft = self.spool.draft(None)?;
        draft.write(Bytes::from(written.to_mail())).await?;
        let needs = Needs { eight_bit: written.is_eight_bit(), utf8: written.needs_smtputf8() };
        Ok((draft, self.arrival(to, needs, id, now)))
    }

    /// Ends what has failed: its sender's notice goes into the queue and it out of the queue, in one step.
    /// Says what it was and for which domain the notice waits; some senders want no word of it.
    pub(super) async fn conclude(
        &self,
        lease: S::Lease,
    ) -> Result<(Entry, Option<Domain>), SpoolError> {
        let entry = lease.entry().clone();
        let words = notice::words(&entry);
        let notice = match &entry.reverse_path {
            ReversePath::Mailbox(to) if !words.is_empty() => {
                Some(self.notice(&lease, to, &words, None).await?)
            }
            _ => None,
        };
        let waits_for = notice.as_ref().map(|(_, arrival)| whose(arrival));
        self.spool.conclude(lease, notice).await?;
        Ok((entry, waits_for))
    }

    /// What our customers send and what is fetched for a target, nobody collects.
    fn way(&self, entry: &Entry) -> Way {
        match self.brings_all || entry.domain == queue::outgoing() {
            true => Way::Brought,
            false => Way::Collected,
        }
    }

    pub(super) fn arrival(
        &self,
        to: &Mailbox,
        needs: Needs,
        id: EntryId,
        now: Timestamp,
    ) -> Arrival {
        let recipient =
            Recipient { path: ForwardPath::Mailbox(to.clone()), params: RcptParams::default() };
        let at_home = self.house.and_then(|house| {
            let (domain, recipient) = house.settle(&recipient)?;
            let until = house.domains.contains_key(&domain).then(|| house.expiry(&domain, now))?;
            Some((domain, recipient, until))
        });
        let (domain, recipient, expires) = at_home.unwrap_or_else(|| {
            let until = now.checked_add(self.lifetime).unwrap_or(Timestamp::MAX);
            (queue::outgoing(), recipient, until)
        });
        Arrival {
            reverse_path: ReversePath::Null,
            params: MailParams {
                body: if needs.eight_bit { Body::EightBit } else { Body::SevenBit },
                smtputf8: needs.utf8,
                ..MailParams::default()
            },
            parts: vec![Part { id, domain, expires, recipients: vec![recipient] }],
            arrived: now,
            source: Source {
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                helo: self.name.to_owned(),
                tls: None,
                auth: None,
            },
            trace: Bytes::new(),
        }
    }

    /// How much goes back: of failed mail all of it, if it is small, text, and its sender has not said
    /// otherwise. RFC 3461, section 4.3.
    async fn returned(
        &self,
        lease: &S::Lease,
        to: &Mailbox,
        words: &[notice::Word<'_>],
    ) -> Result<Returned, SpoolError> {
        let entry = lease.entry();
        let failed = words.iter().any(|word| word.action == Action::Failed);
        let small = entry.size <= self.return_whole;
        let text = entry.params.body != Body::Binary;
        // Octets beyond ASCII would keep the notice from every server without 8BITMIME, and a mail in a mail may not
        // be encoded (RFC 2046, section 5.2.1); a server that knows SMTPUTF8 knows that too.
        let fit = !entry.eight_bit || to.is_international();
        let mut whole = failed && small && text && fit && entry.params.ret != Some(Ret::Headers);
        let mut content = self.spool.content(lease).await?;
        let mut octets = Vec::new();
        loop {
            match content.next().await {
                Ok(Some(piece)) => octets.extend_from_slice(&piece),
                Ok(None) => break,
                // The header may have proved to be sound before that.
                Err(SpoolError::Damaged { .. }) if end_of_header(&octets).is_some() => {
                    whole = false;
                    break;
                }
                Err(fault) => return Err(fault),
            }
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
