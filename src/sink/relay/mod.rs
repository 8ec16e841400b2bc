//! Mail to a local SMTP or LMTP server, in lock with the provider.
//!
//! ```text
//! P: RCPT TO:<b@example.org>      to the target: RCPT TO:<b@example.org>
//!                                 from it:       550 5.1.1 No such user
//! C: 550 5.1.1 No such user
//! ```
//!
//! Nothing is stored here and nothing is decided: whoever answers for the mail is the target, and
//! until it has, the mail is the provider's. An LMTP server answers for each recipient by itself,
//! which one reply to the provider cannot tell; so there it is one recipient a transaction.
//!
//! Not here: TLS and AUTH towards the target. It is this host, or a host on this network that
//! trusts it.

mod chunks;
mod connect;
mod introduce;
mod line;
mod target;
mod words;

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{Offer, Sink, SinkFault, out_of_order};
use crate::mail::Recipient;
use crate::mail::origin::Origin;
use crate::smtp::capability::SizeLimit;
use crate::smtp::dots::DotEncoder;
use crate::smtp::escape::Escaped;
use crate::smtp::{Body, Capabilities, Host, MailParams, Reply, ReversePath};

pub use introduce::Introduction;
use line::{Line, LineFault};
pub use target::{Address, BadTarget, Dialect, Target};

/// How long each answer may take. Shorter than RFC 5321, section 4.5.3.2 has it: the target is
/// near, and the provider waits too. IndiMail's patience, the shortest known, ends after 81 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until connected, all addresses of the host together.
    pub connect: Duration,
    /// Until the 220.
    pub greeting: Duration,
    /// Until the reply to a command.
    pub command: Duration,
    /// Until a piece of content has been taken.
    pub content: Duration,
    /// Until the reply to the final dot. Long, because giving up here makes a duplicate (RFC 1047).
    pub end: Duration,
}

impl Patience {
    /// As long as this for each answer; for that to the final dot, ten minutes at least.
    pub fn of(each: Duration) -> Patience {
        let end = each.max(Duration::from_secs(600));
        let connect = Duration::from_secs(10);
        Patience { connect, greeting: each, command: each, content: each, end }
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::of(Duration::from_secs(60))
    }
}

/// A farewell is a courtesy; nobody waits for it.
const FAREWELL: Duration = Duration::from_secs(2);
/// Content goes out in flights of this size.
const FLIGHT: usize = 64 * 1024;
/// The line broke so often with nothing delivered in between: the target is gone.
const BREAKS: u8 = 2;

/// Who the target is and how we speak to it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server.
    pub target: Target,
    /// Our name in EHLO or LHLO. Our own, not the provider's.
    pub name: Host,
    /// How long each answer may take.
    pub patience: Patience,
    /// Whether the target is told where mail came from.
    pub introduction: Introduction,
}

/// Mail to a local server.
#[derive(Debug)]
pub struct RelaySink {
    settings: Settings,
    /// Out of its place while a command is under way, so that a call dropped in the middle leaves
    /// no line on which an old reply could be taken for a new one.
    line: Option<Line>,
    offered: Capabilities,
    stage: Stage,
    breaks: u8,
    /// Where the next mail comes from.
    origin: Option<Origin>,
    /// And what the target believes on this line.
    told: Option<Origin>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Addressed {
        accepted: u32,
        body: Body,
    },
    Content(DotEncoder),
    /// Of content that goes by BDAT, what has gathered for the next chunk.
    Chunks(BytesMut),
    /// What the rest of the transaction is told.
    Failed(Reply),
}

impl RelaySink {
    /// A sink that has not connected yet.
    pub fn new(settings: Settings) -> RelaySink {
        RelaySink {
            settings,
            line: None,
            offered: Capabilities::default(),
            stage: Stage::Idle,
            breaks: 0,
            origin: None,
            told: None,
        }
    }

    /// One command on the line. The line comes back to its place only with the reply.
    async fn command(&mut self, text: &str) -> Result<Reply, LineFault> {
        let mut line = self.line.take().ok_or(LineFault::Closed)?;
        let reply = line.command(text, self.settings.patience.command).await?;
        self.line = Some(line);
        Ok(reply)
    }

    /// Ends a line on which the target believes something else, where it cannot be told otherwise.
    async fn part_with(&mut self) {
        let stuck = match self.settings.introduction {
            Introduction::None => false,
            // Who has been told once is not offered it again: to Postfix we are that host by then.
            Introduction::Xclient => self.told.is_some() && self.origin != self.told,
            Introduction::Proxy => self.origin != self.told,
        };
        if stuck && let Some(mut line) = self.line.take() {
            let _ = line.command("QUIT", FAREWELL).await;
        }
    }

    /// Asks for a transaction, on whatever line there is.
    async fn ask(&mut self, from: &ReversePath, params: &MailParams) -> Result<Reply, LineFault> {
        if self.line.is_none() {
            return Err(LineFault::Closed);
        }
        if self.told != self.origin
            && self.settings.introduction == Introduction::Xclient
            && let Some(refusal) = self.introduce().await?
        {
            return Ok(refusal);
        }
        match words::unfit_mail(from, params, &self.offered) {
            Some(reply) => Ok(reply),
            None => self.command(&words::mail(from, params, &self.offered)).await,
        }
    }

    /// Tells the target for whom we speak, and says hello in that one's name. What it says where it
    /// will not have that; the mail is to be tried again then.
    async fn introduce(&mut self) -> Result<Option<Reply>, LineFault> {
        let Some(origin) = self.origin.clone() else { return Ok(None) };
        let listed = self.offered.xclient.clone();
        let mut heard = self.command(&introduce::xclient(&origin, &listed, true)).await?;
        let has_told = listed.iter().any(|name| name == "ADDR") && origin.address.is_ipv6();
        if heard.code == 501 && has_told {
            let (address, said) = (origin.address, Escaped::text(&heard.text).to_string());
            tracing::warn!(%address, said, "the local mail server knows no such address: it is told none");
            heard = self.command(&introduce::xclient(&origin, &listed, false)).await?;
        }
        let mut line = self.line.take().ok_or(LineFault::Closed)?;
        let name = origin.helo.as_deref().and_then(|helo| Host::parse(helo).ok());
        let name = name.unwrap_or_else(|| self.settings.name.clone());
        let hello = match heard.is_positive() {
            true => match connect::hello(&mut line, &self.settings, name).await {
                // Its name may be no name to the target; ours has been good enough.
                Err(SinkFault::Refused { .. }) => {
                    connect::hello(&mut line, &self.settings, self.settings.name.clone()).await
                }
                hello => hello,
            },
            false => Err(SinkFault::Refused {
                target: self.settings.target.to_string(),
                stage: "XCLIENT",
                reply: heard,
            }),
        };
        match hello {
            Ok(offered) => {
                (self.offered, self.line, self.told) = (offered, Some(line), Some(origin));
                Ok(None)
            }
            Err(fault) => {
                tracing::warn!("{}", Escaped::text(&fault.to_string()));
                let words = "The local mail server does not take mail in another's name";
                Ok(Some(Reply::new(451, (7, 0), words)))
            }
        }
    }

    /// A greeting may be a refusal of the host that we speak for: that is what becomes of its mail, and says
    /// nothing of others.
    async fn reconnect(&mut self) -> Result<(), Reply> {
        let proxied = self.settings.introduction == Introduction::Proxy;
        let for_another = proxied && self.origin.is_some();
        self.connect().await.map_err(|fault| {
            if let SinkFault::Refused { reply, .. } = &fault
                && for_another
                && let Some(reply) = words::passed_back(reply.clone())
            {
                tracing::warn!("{}", Escaped::text(&fault.to_string()));
                return match reply.code {
                    421 => Reply::new(451, (4, 2), "The local mail server refuses that host now"),
                    _ => reply,
                };
            }
            let hint = fault.hint().unwrap_or_default();
            tracing::error!(hint, "{}", Escaped::text(&fault.to_string()));
            self.breaks = BREAKS;
            Reply::new(451, (4, 1), "The local mail server does not answer")
        })
    }

    async fn connect(&mut self) -> Result<(), SinkFault> {
        let proxied = self.settings.introduction == Introduction::Proxy;
        let origin = self.origin.clone().filter(|_| proxied);
        let (line, offered) = match connect::connect(&self.settings, origin.as_ref()).await {
            Err(fault) => self.connect_without(origin.as_ref(), fault).await?,
            connected => connected?,
        };
        (self.line, self.offered, self.told) = (Some(line), offered, origin);
        Ok(())
    }

    /// A mail server that speaks IPv4 alone goes when it is named another address, or says that it is not well
    /// (RFC 3463, X.3.x), as Postfix does: for such a host we speak in our own name, as for one that is not known,
    /// or its mail would wait for ever. What it says of the host is another thing.
    async fn connect_without(
        &self,
        origin: Option<&Origin>,
        fault: SinkFault,
    ) -> Result<(Line, Capabilities), SinkFault> {
        let parted = match &fault {
            SinkFault::Unreachable { .. } | SinkFault::Silent { .. } => true,
            SinkFault::Refused { reply, .. } => {
                reply.code == 421 && reply.enhanced.is_some_and(|status| status.subject == 3)
            }
            _ => false,
        };
        let Some(origin) = origin.filter(|origin| parted && origin.address.is_ipv6()) else {
            return Err(fault);
        };
        let connected = connect::connect(&self.settings, None).await?;
        let (address, fault) = (origin.address, Escaped::text(&fault.to_string()).to_string());
        tracing::warn!(%address, fault, "the local mail server knows no such address: it is told ours");
        Ok(connected)
    }

    /// The target's reply to one step, or the fault in its place; what is no answer is a fault.
    fn answer(
        &mut self,
        step: &'static str,
        heard: Result<Reply, LineFault>,
    ) -> Result<Reply, Reply> {
        let code = heard.as_ref().map_or(0, |reply| reply.code);
        match heard.map(words::passed_back) {
            Ok(Some(reply)) if reply.is_positive() => Ok(reply),
            Ok(Some(reply)) => Err(reply),
            Ok(None) => Err(self.broke(step, &format!("unexpected reply {code}"))),
            Err(fault) => Err(self.broke(step, &fault.to_string())),
        }
    }

    /// The line is no more. The provider keeps the mail, and hears less of it than our log.
    fn broke(&mut self, step: &'static str, what: &str) -> Reply {
        let target = &self.settings.target;
        tracing::warn!(%target, step, "the target failed: {}", Escaped::text(what));
        self.line = None;
        self.breaks = self.breaks.saturating_add(1);
        let reply = Reply::new(451, (4, 2), "The local mail server broke the connection");
        self.stage = Stage::Failed(reply.clone());
        reply
    }

    fn offer(&self) -> Offer {
        let size = match self.offered.size {
            Some(SizeLimit::Octets(octets)) => Some(octets),
            Some(SizeLimit::Unstated) | None => None,
        };
        let limit = self.offered.limits.rcptmax;
        let rcptmax = match self.settings.target.dialect {
            Dialect::Lmtp => Some(1),
            Dialect::Smtp => limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        };
        let Capabilities { smtputf8, dsn, .. } = self.offered;
        Offer { smtputf8, binarymime: words::takes_binary(&self.offered), dsn, size, rcptmax }
    }

    /// Sends what has gathered, if it is enough for a flight.
    async fn flight(&mut self, mut line: Line, encoder: DotEncoder) -> Result<(), Reply> {
        if line.output().len() >= FLIGHT
            && let Err(fault) = line.send(self.settings.patience.content).await
        {
            return Err(self.broke("content", &fault.to_string()));
        }
        self.line = Some(line);
        self.stage = Stage::Content(encoder);
        Ok(())
    }
}

impl Sink for RelaySink {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        self.close().await;
        self.breaks = 0;
        self.origin = None;
        self.connect().await?;
        Ok(self.offer())
    }

    fn comes_from(&mut self, origin: Option<Origin>) {
        if self.settings.introduction != Introduction::None {
            self.origin = origin;
        }
    }

    async fn mail(&mut self, from: &ReversePath, params: &MailParams) -> Result<(), Reply> {
        self.abort().await;
        self.part_with().await;
        let mut heard = self.ask(from, params).await;
        // A server may close a line that has been idle. Once, that is no fault.
        if heard.as_ref().is_err_and(LineFault::is_goodbye) {
            self.reconnect().await?;
            heard = self.ask(from, params).await;
        }
        self.answer("MAIL", heard)?;
        self.stage = Stage::Addressed { accepted: 0, body: params.body };
        Ok(())
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        let (accepted, body) = match &self.stage {
            Stage::Addressed { accepted, body } => (*accepted, *body),
            Stage::Failed(reply) => return Err(reply.clone()),
            Stage::Idle | Stage::Content(_) | Stage::Chunks(_) => return Err(out_of_order()),
        };
        if self.settings.target.dialect == Dialect::Lmtp && accepted > 0 {
            return Err(Reply::new(452, (5, 3), "One recipient at a time, please"));
        }
        if let Some(reply) = words::unfit_recipient(recipient, &self.offered) {
            return Err(reply);
        }
        let heard = self.command(&words::rcpt(recipient, &self.offered)).await;
        let reply = self.answer("RCPT", heard)?;
        self.stage = Stage::Addressed { accepted: accepted.saturating_add(1), body };
        Ok(reply)
    }

    async fn begin(&mut self, trace: &str) -> Result<(), Reply> {
        match &self.stage {
            Stage::Addressed { accepted, body: Body::Binary } if *accepted > 0 => {
                return self.chunk(BytesMut::from(trace)).await;
            }
            Stage::Addressed { accepted, .. } if *accepted > 0 => {}
            Stage::Failed(reply) => return Err(reply.clone()),
            _ => return Err(out_of_order()),
        }
        let heard = self.command("DATA").await;
        if !heard.as_ref().is_ok_and(|reply| reply.code == 354) {
            let told = self.answer("DATA", heard);
            return Err(told.err().unwrap_or_else(|| self.broke("DATA", "2xx instead of 354")));
        }
        let mut line = self.line.take().ok_or_else(out_of_order)?;
        let mut encoder = DotEncoder::default();
        encoder.encode(trace.as_bytes(), line.output());
        self.flight(line, encoder).await
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        let (mut encoder, mut line) = match (std::mem::take(&mut self.stage), self.line.take()) {
            (Stage::Content(encoder), Some(line)) => (encoder, line),
            (Stage::Chunks(mut gathered), line) => {
                self.line = line;
                gathered.extend_from_slice(&piece);
                return self.chunk(gathered).await;
            }
            (Stage::Failed(reply), line) => {
                (self.stage, self.line) = (Stage::Failed(reply.clone()), line);
                return Err(reply);
            }
            (stage, line) => {
                (self.stage, self.line) = (stage, line);
                return Err(out_of_order());
            }
        };
        encoder.encode(&piece, line.output());
        self.flight(line, encoder).await
    }

    async fn finish(&mut self) -> Reply {
        let (encoder, mut line) = match (std::mem::take(&mut self.stage), self.line.take()) {
            (Stage::Content(encoder), Some(line)) => (encoder, line),
            (Stage::Chunks(gathered), line) => {
                self.line = line;
                return self.last_chunk(gathered).await;
            }
            (Stage::Failed(reply), line) => {
                self.line = line;
                return reply;
            }
            (stage, line) => {
                (self.stage, self.line) = (stage, line);
                return out_of_order();
            }
        };
        encoder.finish(line.output());
        let heard = line.last(self.settings.patience.end).await;
        self.line = heard.is_ok().then_some(line);
        // Where the reply is missing, the target may have the mail all the same; the provider
        // will send it again, and a second copy is better than none. RFC 1047.
        let told = self.answer("the end of the content (it may have the mail)", heard);
        self.stage = Stage::Idle;
        if self.line.is_some() {
            self.breaks = 0;
        }
        told.unwrap_or_else(|reply| reply)
    }

    async fn abort(&mut self) {
        match std::mem::take(&mut self.stage) {
            Stage::Idle | Stage::Failed(_) => {}
            Stage::Addressed { .. } | Stage::Chunks(_) => self.reset().await,
            // Content that has begun can only be cut off: without its final dot it is no mail.
            Stage::Content(_) => self.line = None,
        }
    }

    fn is_lost(&self) -> bool {
        self.breaks >= BREAKS
    }

    async fn close(&mut self) {
        let within_content = matches!(std::mem::take(&mut self.stage), Stage::Content(_));
        let line = self.line.take().filter(|_| !within_content);
        if let Some(mut line) = line {
            let _ = line.command("QUIT", FAREWELL).await;
        }
    }
}

#[cfg(test)]
mod tests;
