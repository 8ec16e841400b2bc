//! A customer that has logged in sends its own mail: to the world through the smarthost, to our customers
//! straight into their queues. RFC 6409, on the ODMR port before ATRN or on a port of its own.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use tracing::{info, warn};

use super::counts::{AtDoor, Rejection};
use super::events;
use super::intake::{
    self, LOST_TRACK, Mail, Manner, OVER_QUOTA, REFUSED_BEFORE, TOO_FAST, kept, received, refusal,
    trouble,
};
use super::provider::{House, Provider};
use super::room::NotKept;
use super::serve::Door;
use crate::config::accounts::Account;
use crate::mail::{Envelope, Recipient};
use crate::queue::{self, EntryId, Source};
use crate::session::{Event, Odmr, ServerSession};
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, ForwardPath, Reply, ReversePath};
use crate::spool::{Arrival, Part, Spool};

/// Mail on its way from a customer.
pub(super) struct Submission<'a, S: Spool> {
    pub(super) provider: &'a Provider<S>,
    pub(super) house: Arc<House>,
    /// The session's name in the log.
    pub(super) id: &'a str,
    pub(super) ip: IpAddr,
    pub(super) account: String,
    pub(super) tls: Option<String>,
    /// Where it came in, for the counts.
    pub(super) door: Door,
    pub(super) mail: Option<Mail<S>>,
}

impl<S: Spool> Submission<'_, S> {
    /// One step of a transaction. Other events are none of ours.
    pub(super) async fn step(&mut self, session: &mut ServerSession<Odmr>, event: Event) {
        match event {
            Event::Mail(path, _) => match self.may_send_as(&path) {
                Ok(()) => session.accept(),
                Err(refusal) => {
                    info!(session = self.id, account = self.account, from = %Escaped::text(path.as_str()),
                        reply = refusal.to_string(), "sender refused");
                    self.counts().reject(reason(&refusal));
                    session.answer(refusal);
                }
            },
            Event::Recipient(recipient) => {
                let declared = session.envelope().and_then(|envelope| envelope.params.size);
                match self.may_go(&recipient.path, declared.unwrap_or(0)) {
                    Ok(()) => session.accept(),
                    Err(refusal) => {
                        self.counts().reject(reason(&refusal));
                        session.answer(refusal);
                    }
                }
            }
            Event::Begin => {
                let declared = session.envelope().and_then(|envelope| envelope.params.size);
                match self.provider.spool.draft(declared) {
                    Ok(draft) => {
                        // A customer may not speak in our name to another.
                        let mail = Mail::new(draft).without_forgeries_of(&self.provider.name);
                        self.mail = Some(mail);
                        session.accept();
                    }
                    Err(fault) => {
                        let fault = fault.into();
                        self.counts().reject(trouble(&fault));
                        session.answer(refusal(&fault));
                    }
                }
            }
            Event::Content(octets) => self.content(octets).await,
            Event::End => self.end(session).await,
            Event::Reset => self.mail = None,
            _ => {}
        }
    }

    fn counts(&self) -> &AtDoor {
        self.provider.counts.at(self.door)
    }

    /// What an account may do is asked anew for each mail: who was removed while the line is open sends
    /// nothing more.
    fn account<'h>(&self, house: &'h House) -> Option<&'h Account> {
        house.accounts.find(&self.account).filter(|account| account.submit)
    }

    /// From the account's own domains and those it may send as; notices, which have no sender, too.
    fn may_send_as(&self, path: &ReversePath) -> Result<(), Reply> {
        if !self.provider.may_send(Some(self.ip), Instant::now()) {
            return Err(TOO_FAST);
        }
        let house = self.provider.house();
        let Some(account) = self.account(&house) else { return Err(MAY_NOT) };
        match path {
            ReversePath::Null => Ok(()),
            ReversePath::Mailbox(mailbox) => {
                let own = mailbox.domain().is_some_and(|domain| account.may_send_as(domain));
                if own { Ok(()) } else { Err(NOT_YOURS) }
            }
        }
    }

    /// Anywhere in the world that has a name; to our own customers by the rules of port 25.
    fn may_go(&self, path: &ForwardPath, size: u64) -> Result<(), Reply> {
        let local = match path {
            ForwardPath::Postmaster => true,
            ForwardPath::Mailbox(mailbox) => {
                let domain = mailbox.domain().ok_or(NO_DOMAIN)?;
                self.house.domains.contains_key(domain)
            }
        };
        if local {
            self.house.admits(path)?;
            if self.provider.is_unknown(path, Instant::now()) {
                return Err(REFUSED_BEFORE);
            }
        }
        match !local || self.provider.has_room(path, size) {
            true => Ok(()),
            false => Err(OVER_QUOTA),
        }
    }

    async fn content(&mut self, octets: Bytes) {
        if let Some(mail) = &mut self.mail {
            mail.write(octets).await;
        }
    }

    async fn end(&mut self, session: &mut ServerSession<Odmr>) {
        let (Some(mail), Some(envelope)) = (self.mail.take(), session.envelope().cloned()) else {
            return session.answer(LOST_TRACK);
        };
        let (octets, id) = (mail.octets, EntryId(ulid::Ulid::generate()));
        match self.keep(session, mail, &envelope, id).await {
            Ok(()) => {
                info!(session = self.id, ip = %self.ip, account = self.account, id = %id, size = octets,
                    from = %Escaped::text(envelope.reverse_path.as_str()),
                    recipients = envelope.recipients.len(), "submitted message kept");
                self.provider.news.notify_one();
                session.answer(kept(id));
            }
            Err(fault) => {
                warn!(session = self.id, ip = %self.ip, account = self.account, id = %id, %fault, "message not kept");
                self.counts().reject(trouble(&fault));
                session.answer(refusal(&fault));
            }
        }
    }

    async fn keep(
        &mut self,
        session: &ServerSession<Odmr>,
        mail: Mail<S>,
        envelope: &Envelope,
        id: EntryId,
    ) -> Result<(), NotKept> {
        let now = Timestamp::now();
        let manner = Manner { lmtp: false, authenticated: true };
        let by = &self.provider.name;
        let trace = received(session, envelope, by, self.ip, self.tls.as_deref(), manner, id, now);
        let parts = self.parts(envelope, id, now);
        let domains: Vec<Domain> = parts.iter().map(|part| part.domain.clone()).collect();
        let arrival = Arrival {
            reverse_path: envelope.reverse_path.clone(),
            params: envelope.params.clone(),
            parts,
            arrived: now,
            source: Source {
                ip: self.ip,
                helo: session.hello_name(),
                tls: self.tls.clone(),
                auth: Some(self.account.clone()),
            },
            trace: trace.into(),
        };
        if mail.forged() > 0 {
            let (fields, account) = (mail.forged(), &self.account);
            info!(session = self.id, account, id = %id, fields, "forged Authentication-Results were taken out");
        }
        let octets = mail.octets;
        let came = events::of_arrival(&arrival, octets, self.id);
        let draft = mail.into_draft().await?;
        let places = self.provider.take_room(&arrival.parts, octets).ok_or(NotKept::OverQuota)?;
        self.provider.spool.commit(draft, arrival).await?;
        drop(places);
        self.provider.counts.events.tell(came, Timestamp::now());
        for domain in &domains {
            self.provider.counts.domain_or_nobody(domain).received.add(1);
            self.provider.arrived(domain);
        }
        Ok(())
    }

    /// A part for each of our domains, and one for all the world.
    fn parts(&self, envelope: &Envelope, id: EntryId, now: Timestamp) -> Vec<Part> {
        let mut of_domain: BTreeMap<Domain, Vec<Recipient>> = BTreeMap::new();
        for recipient in &envelope.recipients {
            let ours = self.house.settle(recipient);
            let ours = ours.filter(|(domain, _)| self.house.domains.contains_key(domain));
            let (domain, recipient) =
                ours.unwrap_or_else(|| (queue::outgoing(), recipient.clone()));
            of_domain.entry(domain).or_default().push(recipient);
        }
        let lifetime = self.house.notices.lifetime.get();
        let mut id = Some(id);
        of_domain
            .into_iter()
            .map(|(domain, recipients)| Part {
                id: id.take().unwrap_or_else(|| EntryId(ulid::Ulid::generate())),
                expires: match self.house.domains.contains_key(&domain) {
                    true => self.house.expiry(&domain, now),
                    false => now.checked_add(lifetime).unwrap_or(Timestamp::MAX),
                },
                domain,
                recipients,
            })
            .collect()
    }
}

/// As what a refusal counts.
fn reason(refusal: &Reply) -> Rejection {
    match refusal {
        refusal if *refusal == MAY_NOT || *refusal == NOT_YOURS => Rejection::Forbidden,
        refusal if *refusal == TOO_FAST => Rejection::Rate,
        refusal if *refusal == NO_DOMAIN => Rejection::NoRelay,
        refusal => intake::reason(refusal),
    }
}

const MAY_NOT: Reply = Reply::new(550, (7, 1), "this account may not send mail");
const NOT_YOURS: Reply = Reply::new(550, (7, 1), "not an address in a domain of this account");
const NO_DOMAIN: Reply = Reply::new(550, (1, 2), "an address without a domain goes nowhere");
