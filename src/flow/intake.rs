//! A stranger connects to the MX, or the server in front of us to LMTP. Greet it, hear whom its mail is for, take the mail if every
//! question is answered with yes, and say 250 once it would survive a power cut.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use tracing::{info, warn};

use super::counts::{AtDoor, Rejection};
use super::events;
use super::line::{LineEnd, Stop, hear, parted};
use super::provider::{House, Provider};
use super::room::NotKept;
use super::serve::Door;
use crate::mail::authres::Forgeries;
use crate::mail::trace::{Protocol, Received, safe_name};
use crate::mail::{Envelope, Recipient};
use crate::net::spf::Asking;
use crate::net::{Callers, Wire};
use crate::queue::{EntryId, Source};
use crate::session::{Event, Mx, ServerSession};
use crate::smtp::escape::Escaped;
use crate::smtp::{Domain, ForwardPath, Mailbox, Reply, ReversePath, Xclient};
use crate::spool::{Arrival, Draft, Part, Spool, SpoolError};

/// What one visit brought.
#[derive(Debug, Default)]
pub struct Visit {
    messages: u32,
    refused: u32,
    octets: u64,
}

/// Who brings mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BroughtBy {
    /// Anybody, by SMTP.
    World,
    /// A server in front of us that has filtered it, by LMTP. No limit of an address binds it.
    Front,
}

/// Serves one connection to the MX or to LMTP, to its end.
pub async fn intake<S: Spool>(
    wire: Wire,
    provider: &Provider<S>,
    from: BroughtBy,
    id: &str,
    stop: Stop,
) {
    let house = provider.house();
    let ip = caller(&wire);
    let settings = match from {
        BroughtBy::World => house.mx.clone(),
        BroughtBy::Front => house.lmtp.clone(),
    };
    let mut session = ServerSession::mx(settings, Instant::now());
    if house.believes(ip) {
        session.believe();
    }
    let (mail, visit) = (None, Visit::default());
    let mut talk = Talk { wire, session, provider, house, id, ip, from, mail, visit };
    let end = talk.serve(stop).await;
    talk.tell(&end);
    talk.wire.close().await;
}

/// A unix socket has no address.
const UNKNOWN_ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn caller(wire: &Wire) -> IpAddr {
    wire.peer().map_or(UNKNOWN_ADDRESS, |peer| peer.ip())
}

struct Talk<'a, S: Spool> {
    wire: Wire,
    session: ServerSession<Mx>,
    provider: &'a Provider<S>,
    house: Arc<House>,
    id: &'a str,
    ip: IpAddr,
    from: BroughtBy,
    mail: Option<Mail<S>>,
    visit: Visit,
}

/// A message whose content is on its way.
pub(super) struct Mail<S: Spool> {
    draft: S::Draft,
    pub(super) octets: u64,
    /// Takes out what only we may write, where strangers have brought it.
    forgeries: Option<Forgeries>,
    /// May its sender send?
    asking: Option<Asking>,
    /// What went wrong while the content was still coming.
    fault: Option<SpoolError>,
}

impl<S: Spool> Mail<S> {
    pub(super) fn new(draft: S::Draft) -> Mail<S> {
        Mail { draft, octets: 0, forgeries: None, asking: None, fault: None }
    }

    /// Nothing in it that bears this name as an authserv-id is true. RFC 8601, section 5.
    pub(super) fn without_forgeries_of(self, id: &str) -> Mail<S> {
        Mail { forgeries: Some(Forgeries::of(id)), ..self }
    }

    pub(super) async fn write(&mut self, octets: Bytes) {
        self.octets += octets.len() as u64;
        let stays = match &mut self.forgeries {
            Some(forgeries) => forgeries.pass(octets),
            None => octets,
        };
        self.put(stays).await;
    }

    async fn put(&mut self, octets: Bytes) {
        if self.fault.is_none() && !octets.is_empty() {
            self.fault = self.draft.write(octets).await.err();
        }
    }

    /// The whole content; or what went wrong meanwhile.
    pub(super) async fn into_draft(mut self) -> Result<S::Draft, SpoolError> {
        if let Some(forgeries) = &mut self.forgeries {
            let rest = forgeries.rest();
            self.put(rest).await;
        }
        self.fault.map_or(Ok(self.draft), Err)
    }

    /// Fields that were not what they said.
    pub(super) fn forged(&self) -> u32 {
        self.forgeries.as_ref().map_or(0, Forgeries::removed)
    }
}

/// How a message has come, for its Received field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) lmtp: bool,
    pub(super) authenticated: bool,
}

/// The Received field of a message that comes in by this session. RFC 5321, section 4.4.
#[allow(clippy::too_many_arguments, reason = "each is a word of the field")]
pub(super) fn received<Stage>(
    session: &ServerSession<Stage>,
    envelope: &Envelope,
    by: &str,
    ip: IpAddr,
    tls: Option<&str>,
    manner: Manner,
    id: EntryId,
    at: Timestamp,
) -> String {
    let hello = session.hello();
    let protocol = Protocol {
        extended: hello.is_some_and(|hello| hello.extended),
        lmtp: manner.lmtp,
        utf8: envelope.params.smtputf8,
        tls: session.is_secure(),
        authenticated: manner.authenticated,
    };
    let only = match envelope.recipients.as_slice() {
        [one] => Some(one.path.as_str()),
        _ => None,
    };
    let helo = &safe_name(hello.map_or("", |hello| &hello.name));
    Received { helo, ip, by, protocol, tls, id: &id.to_string(), recipient: only, at }.to_field()
}

/// 250 is a promise, and this is its name.
pub(super) fn kept(id: EntryId) -> Reply {
    KEPT.saying(format!("kept as {id}"))
}

impl<S: Spool> Talk<'_, S> {
    async fn serve(&mut self, mut stop: Stop) -> Result<(), LineEnd> {
        loop {
            match hear(&mut self.wire, &mut self.session, &mut stop).await? {
                Event::Mail(..) => self.mail(),
                Event::Recipient(recipient) => self.recipient(recipient),
                Event::Begin => self.begin(),
                Event::Content(octets) => self.content(octets).await,
                Event::End => self.end().await,
                Event::Reset => self.mail = None,
                Event::Starttls => self.starttls().await?,
                Event::Closed => return parted(&self.session),
                // The profile speaks neither AUTH nor ATRN.
                Event::Auth(..) | Event::Response(_) => self.session.auth_refused(NOT_HERE),
                Event::Etrn(request) => {
                    let reply = self.provider.asked_to_call(&request, self.id, self.ip);
                    self.session.answer(reply);
                }
                Event::Atrn(_) => self.session.answer(NOT_HERE),
                Event::Introduced(said) => self.introduced(&said),
            }
        }
    }

    async fn starttls(&mut self) -> Result<(), LineEnd> {
        let secured = self.provider.secure(&mut self.wire, Callers::World).await?;
        self.counts().secured(&secured);
        self.session.secured(&secured);
        // Who it spoke for was said in clear.
        self.ip = caller(&self.wire);
        Ok(())
    }

    /// From now on this is somebody else's mail; of a client whose address is not said, that of the host
    /// in front.
    fn introduced(&mut self, said: &Xclient) {
        let by = caller(&self.wire);
        let mut whom = Some(self.ip);
        said.address.replace(&mut whom);
        self.ip = whom.unwrap_or(by);
        info!(session = self.id, ip = %self.ip, %by, "a host that is believed speaks for another");
    }

    fn mail(&mut self) {
        let caller = Some(self.ip).filter(|_| self.from == BroughtBy::World);
        match self.provider.may_send(caller, Instant::now()) {
            true => self.session.accept(),
            false => {
                self.visit.refused += 1;
                info!(session = self.id, ip = %self.ip, "more messages than one address may send in a minute");
                self.counts().reject(Rejection::Rate);
                self.session.answer(TOO_FAST);
            }
        }
    }

    fn recipient(&mut self, recipient: Recipient) {
        match self.may_come(&recipient.path) {
            Ok(()) => self.session.accept(),
            Err(refusal) => {
                self.visit.refused += 1;
                info!(session = self.id, ip = %self.ip, recipient = %Escaped::text(recipient.path.as_str()),
                    reply = refusal.to_string(), "recipient refused");
                self.counts().reject(reason(&refusal));
                self.session.answer(refusal);
            }
        }
    }

    fn counts(&self) -> &AtDoor {
        self.provider.counts.at(match self.from {
            BroughtBy::World => Door::Mx,
            BroughtBy::Front => Door::Lmtp,
        })
    }

    fn may_come(&self, path: &ForwardPath) -> Result<(), Reply> {
        self.house.admits(path)?;
        if self.provider.is_unknown(path, Instant::now()) {
            return Err(REFUSED_BEFORE);
        }
        let declared = self.session.envelope().and_then(|envelope| envelope.params.size);
        match self.provider.has_room(path, declared.unwrap_or(0)) {
            true => Ok(()),
            false => Err(OVER_QUOTA),
        }
    }

    /// Asked before the sender is told 354, so that nothing is sent in vain.
    fn begin(&mut self) {
        let declared = self.session.envelope().and_then(|envelope| envelope.params.size);
        match self.provider.spool.draft(declared) {
            Ok(draft) => {
                let mail = Mail::new(draft);
                self.mail = Some(match self.is_trusted() {
                    true => mail,
                    false => Mail {
                        asking: self.ask(),
                        ..mail.without_forgeries_of(&self.provider.name)
                    },
                });
                self.session.accept();
            }
            Err(fault) => {
                let fault = fault.into();
                self.counts().reject(trouble(&fault));
                self.session.answer(refusal(&fault));
            }
        }
    }

    async fn content(&mut self, octets: Bytes) {
        if let Some(mail) = &mut self.mail {
            mail.write(octets).await;
        }
    }

    /// Sessions may be long, and are looked at meanwhile.
    fn tally_up(&mut self) {
        let said = self.session.take_tally();
        self.counts().said(&said);
    }

    async fn end(&mut self) {
        self.tally_up();
        let (mail, envelope) = (self.mail.take(), self.session.envelope().cloned());
        let (Some(mail), Some(envelope)) = (mail, envelope) else {
            return self.session.answer(LOST_TRACK);
        };
        let octets = mail.octets;
        let id = EntryId(ulid::Ulid::generate());
        match self.keep(mail, &envelope, id).await {
            Ok(()) => {
                self.visit.messages += 1;
                self.visit.octets += octets;
                self.log_kept(&envelope, id, octets);
                self.tell_of_arrival(&envelope);
                self.session.answer(kept(id));
            }
            Err(fault) => {
                warn!(session = self.id, ip = %self.ip, id = %id, %fault, "message not kept");
                self.counts().reject(trouble(&fault));
                self.session.answer(refusal(&fault));
            }
        }
    }

    /// Asks while the content comes.
    fn ask(&self) -> Option<Asking> {
        let spf = self.house.spf.as_ref()?;
        let from = match &self.session.envelope()?.reverse_path {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => Some(mailbox.as_str().to_owned()),
        };
        Some(spf.ask(self.ip, self.session.hello_name(), from, self.provider.name.clone()))
    }

    /// Filters of our own in front of us write what they have found under whatever name they like.
    fn is_trusted(&self) -> bool {
        self.from == BroughtBy::Front || self.house.believes(caller(&self.wire))
    }

    async fn keep(
        &mut self,
        mut mail: Mail<S>,
        envelope: &Envelope,
        id: EntryId,
    ) -> Result<(), NotKept> {
        if mail.forged() > 0 {
            let fields = mail.forged();
            info!(session = self.id, ip = %self.ip, id = %id, fields, "forged Authentication-Results were taken out");
        }
        let verdict = match mail.asking.take() {
            Some(asking) => {
                let verdict = asking.verdict().await;
                self.in_a_field(envelope, verdict)
            }
            None => String::new(),
        };
        let octets = mail.octets;
        let draft = mail.into_draft().await?;
        let now = Timestamp::now();
        let arrival = Arrival {
            reverse_path: envelope.reverse_path.clone(),
            params: envelope.params.clone(),
            parts: parts(&self.house, envelope, id, now),
            arrived: now,
            source: self.source(),
            trace: (verdict + &self.received(envelope, id, now)).into(),
        };
        let of = |part: &Part| self.provider.counts.domain(&part.domain);
        let of_domains: Vec<_> = arrival.parts.iter().filter_map(of).collect();
        let came = events::of_arrival(&arrival, octets, self.id);
        // What others have brought since the recipients were named counts too.
        let places = self.provider.take_room(&arrival.parts, octets).ok_or(NotKept::OverQuota)?;
        self.provider.spool.commit(draft, arrival).await?;
        drop(places);
        self.provider.counts.events.tell(came, Timestamp::now());
        of_domains.iter().for_each(|domain| domain.received.add(1));
        Ok(())
    }

    fn source(&self) -> Source {
        Source { ip: self.ip, helo: self.session.hello_name(), tls: self.tls_version(), auth: None }
    }

    fn tls_version(&self) -> Option<String> {
        self.wire.tls().map(|facts| facts.version().to_owned())
    }

    fn received(&self, envelope: &Envelope, id: EntryId, at: Timestamp) -> String {
        let (by, tls) = (&self.provider.name, self.tls_version());
        let manner = Manner { lmtp: self.from == BroughtBy::Front, authenticated: false };
        received(&self.session, envelope, by, self.ip, tls.as_deref(), manner, id, at)
    }

    /// `Authentication-Results`, RFC 8601, section 2.2. Of an address only the domain is told.
    fn in_a_field(&self, envelope: &Envelope, verdict: &str) -> String {
        let about = match &envelope.reverse_path {
            ReversePath::Mailbox(mailbox) => {
                mailbox.domain().map(|domain| ("mailfrom", domain.to_string()))
            }
            ReversePath::Null => Some(("helo", safe_name(&self.session.hello_name()))),
        };
        let word =
            |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let about = about.filter(|(_, name)| !name.is_empty() && word(name));
        let about = about.map_or_else(String::new, |(what, name)| format!(" smtp.{what}={name}"));
        format!("Authentication-Results: {};\r\n\tspf={verdict}{about}\r\n", self.provider.name)
    }

    fn tell_of_arrival(&self, envelope: &Envelope) {
        if self.house.pushed.is_empty() {
            return;
        }
        for recipient in &envelope.recipients {
            if let Some((domain, _)) = self.house.settle(recipient) {
                self.provider.arrived(&domain);
            }
        }
    }

    fn log_kept(&self, envelope: &Envelope, id: EntryId, octets: u64) {
        info!(session = self.id, ip = %self.ip, id = %id, size = octets,
            from = %Escaped::text(envelope.reverse_path.as_str()), recipients = envelope.recipients.len(),
            "message kept");
    }

    /// One line for each session.
    fn tell(&mut self, end: &Result<(), LineEnd>) {
        self.tally_up();
        let ended = end.as_ref().err().map_or_else(|| "quit".to_owned(), ToString::to_string);
        info!(session = self.id, ip = %self.ip, helo = self.session.hello_name(), tls = self.tls_version(),
            messages = self.visit.messages, refused = self.visit.refused, octets = self.visit.octets,
            ended, "{} session", self.from.name());
    }
}

impl BroughtBy {
    fn name(self) -> &'static str {
        match self {
            BroughtBy::World => "mx",
            BroughtBy::Front => "lmtp",
        }
    }
}

const KEPT: Reply = Reply::new(250, (0, 0), "kept");
const NOT_HERE: Reply = Reply::new(502, (5, 1), "not implemented here");
pub(super) const OVER_QUOTA: Reply =
    Reply::new(452, (2, 2), "too much waits for that domain already; try again later");
pub(super) const REFUSED_BEFORE: Reply =
    Reply::new(550, (1, 1), "no such mailbox, as the server that it would be on has said of late");
pub(super) const TOO_FAST: Reply =
    Reply::new(450, (7, 1), "too many messages from your address; try again later");
pub(super) const LOST_TRACK: Reply = Reply::new(451, (3, 0), "internal error; try again later");

/// Why a recipient may not come.
/// As what a refused recipient counts.
pub(super) fn reason(refusal: &Reply) -> Rejection {
    match refusal {
        refusal if *refusal == NO_RELAY => Rejection::NoRelay,
        refusal if *refusal == REFUSED_BEFORE => Rejection::Learned,
        refusal if *refusal == OVER_QUOTA => Rejection::Quota,
        _ => Rejection::NoMailbox,
    }
}

/// As what a message counts that was not kept.
pub(super) fn trouble(fault: &NotKept) -> Rejection {
    match fault {
        NotKept::OverQuota => Rejection::Quota,
        NotKept::Spool(SpoolError::Full { .. }) => Rejection::Full,
        NotKept::Spool(_) => Rejection::Spool,
    }
}

/// What a sender is told of mail that is not kept: of our own troubles little, and always "later".
pub(super) fn refusal(fault: &NotKept) -> Reply {
    match fault {
        NotKept::OverQuota => OVER_QUOTA,
        NotKept::Spool(SpoolError::Full { .. }) => {
            Reply::new(452, (3, 1), "no room just now; try again later")
        }
        NotKept::Spool(_) => Reply::new(451, (3, 0), "cannot keep mail just now; try again later"),
    }
}

/// One part for each domain. The first bears the id the sender is told.
fn parts(house: &House, envelope: &Envelope, id: EntryId, now: Timestamp) -> Vec<Part> {
    let mut of_domain: BTreeMap<Domain, Vec<Recipient>> = BTreeMap::new();
    for recipient in &envelope.recipients {
        if let Some((domain, recipient)) = house.settle(recipient) {
            of_domain.entry(domain).or_default().push(recipient);
        }
    }
    let mut id = Some(id);
    of_domain
        .into_iter()
        .map(|(domain, recipients)| Part {
            id: id.take().unwrap_or_else(|| EntryId(ulid::Ulid::generate())),
            expires: house.expiry(&domain, now),
            domain,
            recipients,
        })
        .collect()
}

impl House {
    /// May a stranger's mail for this path be taken? We hold mail for our customers' domains and
    /// relay for nobody, in whatever form it is asked: percent hack, bang path, literal, quotes.
    ///
    /// # Errors
    /// The refusal to be told.
    pub fn admits(&self, path: &ForwardPath) -> Result<(), Reply> {
        let ForwardPath::Mailbox(mailbox) = path else {
            return if self.postmaster.is_some() { Ok(()) } else { Err(NO_MAILBOX) };
        };
        let held = mailbox.domain().and_then(|domain| self.domains.get(domain)).ok_or(NO_RELAY)?;
        if mailbox.asks_for_relay() {
            return Err(NO_RELAY);
        }
        let postmaster = mailbox.plain_local_part().eq_ignore_ascii_case("postmaster");
        match postmaster || held.knows(mailbox) {
            true => Ok(()),
            false => Err(NO_MAILBOX),
        }
    }

    /// The domain that a recipient's mail is held under; the bare postmaster becomes ours.
    pub(super) fn settle(&self, recipient: &Recipient) -> Option<(Domain, Recipient)> {
        let mailbox: &Mailbox = match &recipient.path {
            ForwardPath::Postmaster => self.postmaster.as_ref()?,
            ForwardPath::Mailbox(mailbox) => mailbox,
        };
        let path = ForwardPath::Mailbox(mailbox.clone());
        Some((mailbox.domain()?.clone(), Recipient { path, params: recipient.params.clone() }))
    }
}

const NO_RELAY: Reply =
    Reply::new(550, (7, 1), "we hold no mail for that address and relay for nobody");
const NO_MAILBOX: Reply = Reply::new(550, (1, 1), "no such mailbox");
