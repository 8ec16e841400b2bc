//! A message that another spool has given away comes in: its envelope in the request, its content behind
//! it. One that is there already is not taken twice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, Take};

use super::record::IMPORT;
use super::words::Words;
use super::{Desk, Sheet, Trouble, line};
use crate::exit::{Exit, Failure};
use crate::flow::events;
use crate::flow::provider::House;
use crate::mail::Recipient;
use crate::queue::{self, Answered, EntryId, Source, Standing, Tried};
use crate::smtp::escape::Escaped;
use crate::smtp::{
    Domain, Enhanced, ForwardPath, MailParams, RcptParams, Reply, ReversePath, Stage,
};
use crate::spool::embedded::operate::{Hold, Warrant};
use crate::spool::embedded::{Draft, Embedded, Past};
use crate::spool::{Arrival, Draft as _, Part, Spool};

/// What an `odmr.queue.message/1` says of a message that matters elsewhere. Other keys are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    id: String,
    domain: String,
    arrived: Timestamp,
    expires: Timestamp,
    /// Octets of content.
    pub size: u64,
    sender: String,
    #[serde(default)]
    envid: Option<String>,
    #[serde(default)]
    ret: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    smtputf8: bool,
    /// Not known of what a customer had fetched.
    source: Option<CarriedSource>,
    /// The state it was in.
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    hold: CarriedHold,
    #[serde(default)]
    attempts: Option<u32>,
    #[serde(default)]
    last: Option<CarriedLast>,
    recipients: Vec<CarriedRecipient>,
    /// Somebody has been told that it waits.
    #[serde(default)]
    delay_told: Option<bool>,
    /// SHA-256 of the content, in hexadecimal; export adds it.
    content_sha256: String,
    /// Also if it was imported before and has left since: then it comes a second time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CarriedSource {
    ip: std::net::IpAddr,
    helo: String,
    #[serde(default)]
    tls: Option<String>,
    #[serde(default)]
    auth: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct CarriedHold {
    #[serde(default)]
    held: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    until: Option<Timestamp>,
}

/// What was last said, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct CarriedLast {
    at: Option<Timestamp>,
    session: Option<String>,
    stage: Option<String>,
    code: Option<u16>,
    enhanced: Option<String>,
    text: Option<Words<'static>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CarriedRecipient {
    address: String,
    #[serde(default)]
    orcpt: Option<String>,
    #[serde(default)]
    notify: Option<Vec<String>>,
    state: String,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    last: Option<CarriedLast>,
}

/// Octets of a name (a session, an operator) that comes from elsewhere.
const NAME: usize = 200;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
struct Import {
    schema: &'static str,
    id: String,
    /// `kept`, `there` already, `left` since an earlier import, or `done`: nobody waits for it any more.
    result: &'static str,
}

/// A message, understood.
struct Parcel {
    id: EntryId,
    domain: Domain,
    arrival: Arrival,
}

impl Carried {
    fn parcel(&self) -> Result<Parcel, String> {
        let bad = |key: &str, seen: &str| format!("{key}: saw {seen:?}, which is none");
        let id: EntryId = self.id.parse().map_err(|_| bad("id", &self.id))?;
        let domain = Domain::parse(&self.domain).map_err(|_| bad("domain", &self.domain))?;
        let reverse_path =
            ReversePath::parse(&self.sender).map_err(|_| bad("sender", &self.sender))?;
        let is_known = |state: &String| Standing::ALL.iter().any(|(_, name)| name == state);
        if let Some(state) = self.state.as_ref().filter(|state| !is_known(state)) {
            return Err(bad("state", state));
        }
        if self.recipients.is_empty() {
            return Err("recipients: saw none; expected for whom the message is".to_owned());
        }
        let open = || self.open();
        let recipients =
            open().map(|recipient| recipient.read(&domain)).collect::<Result<_, _>>()?;
        // Where all have failed and nobody was told, their time is over here at once, and it is told. One that
        // was refused beside others who wait is tried with them once more.
        let has_failed = open().count() > 0 && open().all(CarriedRecipient::has_failed);
        let expires = if has_failed { self.arrived } else { self.expires };
        let part = Part { id, domain: domain.clone(), expires, recipients };
        let source = self.source.as_ref().map_or_else(Source::unknown, CarriedSource::read);
        let arrival = Arrival {
            reverse_path,
            params: self.params()?,
            parts: vec![part],
            arrived: self.arrived,
            source,
            // The trace it was given is a part of the content by now.
            trace: bytes::Bytes::new(),
        };
        Ok(Parcel { id, domain, arrival })
    }

    /// Those for whom it is still to do something.
    fn open(&self) -> impl Iterator<Item = &CarriedRecipient> {
        self.recipients.iter().filter(|recipient| recipient.is_open())
    }

    /// What had become of it where it comes from.
    fn past(&self) -> Past {
        Past {
            attempts: self.attempts.unwrap_or_default(),
            tried: self.last.as_ref().and_then(|last| last.at),
            answered: self.open().map(CarriedRecipient::answered).collect(),
            told_of_delay: self.delay_told.unwrap_or_default(),
        }
    }

    /// By the very reader that MAIL's parameters have.
    fn params(&self) -> Result<MailParams, String> {
        let body = self.body.as_deref().map(|body| format!("BODY={body}"));
        let utf8 = self.smtputf8.then(|| "SMTPUTF8".to_owned());
        let ret = self.ret.as_deref().map(|ret| format!("RET={ret}"));
        let envid = self.envid.as_deref().map(|envid| format!("ENVID={envid}"));
        let words: Vec<String> = [body, utf8, ret, envid].into_iter().flatten().collect();
        let params = MailParams::parse(&words.join(" "));
        params.map_err(|_| format!("its parameters {words:?} are none of MAIL's"))
    }
}

impl CarriedSource {
    fn read(&self) -> Source {
        let (tls, auth) = (self.tls.clone(), self.auth.clone());
        Source { ip: self.ip, helo: legible(&self.helo), tls, auth }
    }
}

impl CarriedRecipient {
    /// Does somebody wait, for the mail or for word of it?
    fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "deferred") || self.has_failed()
    }

    /// Has it failed, and nobody was told?
    fn has_failed(&self) -> bool {
        matches!(self.state.as_str(), "refused" | "expired")
    }

    /// What was answered for it. A refusal that is tried once more is none of one who waits.
    fn answered(&self) -> Option<Answered> {
        let last = self.last.as_ref()?;
        let code = last.code.filter(|code| (400..500).contains(code));
        let enhanced = last.enhanced.as_deref().and_then(Enhanced::split_from);
        let (text, octets) = last.text.as_ref().map(Words::apart).unwrap_or_default();
        Some(Answered {
            tried: Tried { at: last.at?, session: last.session.as_deref().map(name) },
            times: self.attempts,
            stage: last.stage.as_deref().and_then(Stage::named),
            remote_id: None,
            reply: code.map(|code| Reply {
                code,
                enhanced: enhanced.map(|(status, _)| status),
                text: text.into(),
                octets,
            }),
        })
    }

    fn read(&self, domain: &Domain) -> Result<Recipient, String> {
        let outgoing = domain.as_str() == queue::OUTGOING;
        let bad = || match outgoing {
            true => format!("recipient {:?}: not an address", self.address),
            false => format!("recipient {:?}: not an address in {domain}", self.address),
        };
        let path = ForwardPath::parse(&self.address).map_err(|_| bad())?;
        let there = path.mailbox().and_then(|mailbox| mailbox.domain());
        // What goes out goes to all the world.
        if there.is_none_or(|there| !outgoing && there != domain) {
            return Err(bad());
        }
        let notify = self.notify.as_ref().map(|words| format!("NOTIFY={}", words.join(",")));
        let orcpt = self.orcpt.as_deref().map(|orcpt| format!("ORCPT={orcpt}"));
        let words: Vec<String> = [notify, orcpt].into_iter().flatten().collect();
        let params = RcptParams::parse(&words.join(" "));
        let params = params.map_err(|_| format!("its parameters {words:?} are none of RCPT's"))?;
        Ok(Recipient { path, params })
    }
}

impl Desk {
    /// Takes a message in. `false`: its content was not read to the end, so the line is of no more use.
    pub(super) async fn import(
        &self,
        carried: &Carried,
        content: &mut (impl AsyncRead + Unpin),
        sheet: &Sheet,
    ) -> bool {
        let mut content = content.take(carried.size);
        let taken = self.take_in(carried, &mut content).await;
        let whole = content.limit() == 0;
        let end = match taken {
            Ok(result) => {
                let mut lines = Vec::new();
                let told = Import { schema: IMPORT, id: carried.id.clone(), result };
                if line(&mut lines, &told).is_err() || sheet.send(lines).await.is_err() {
                    return false;
                }
                super::wire::End::well()
            }
            Err(Trouble::Told(failure)) => super::wire::End::badly(&failure),
            Err(Trouble::Gone) => return false,
        };
        let mut last = Vec::new();
        line(&mut last, &end).is_ok() && sheet.send(last).await.is_ok() && whole
    }

    async fn take_in(
        &self,
        carried: &Carried,
        content: &mut Take<impl AsyncRead + Unpin>,
    ) -> Result<&'static str, Trouble> {
        let data = |what: String| Failure::new(Exit::Data, what);
        let Parcel { id, domain, arrival } = carried.parcel().map_err(data)?;
        let (Some(spool), Some(house)) = (&self.spool, &self.house) else {
            return Err(
                Failure::new(Exit::Unavailable, "only a running odmrd takes mail in").into()
            );
        };
        has_a_way_from_here(house, &domain, id)?;
        // Asked before it is looked for: what somebody else brings in between is there, and has not left.
        let was_imported = self.overseer.was_imported(id).await?;
        if let Some(there) = self.is_there(carried, id).await? {
            discard(content).await?;
            return Ok(there);
        }
        if !carried.again && was_imported {
            discard(content).await?;
            return Ok("left");
        }
        if arrival.parts.iter().all(|part| part.recipients.is_empty()) {
            discard(content).await?;
            return Ok("done");
        }
        let (draft, digest) = received(spool, carried.size, content).await?;
        let short = content.limit();
        if short > 0 {
            let what = format!("{id}: the content ends {short} octets before its envelope says so");
            return Err(data(what).into());
        }
        if digest != carried.content_sha256 {
            let what = format!("{id}: the content is not the one its envelope was written for");
            return Err(data(what).into());
        }
        let came = events::of_arrival(&arrival, carried.size, "import");
        let hold = self.hold_of(carried, id);
        if !spool.commit_import(hold, carried.again, carried.past(), draft, arrival).await? {
            // Somebody else has imported it just now; and perhaps it was fetched as fast.
            return Ok(self.is_there(carried, id).await?.unwrap_or("left"));
        }
        if let Some(counts) = &self.counts {
            counts.events.tell(came, Timestamp::now());
        }
        tracing::info!(who = self.who, id = %id, %domain, size = carried.size, "message imported");
        if let Some(pushing) = &self.pushing {
            pushing.wake.notify_one();
        }
        if let Some(news) = &self.news {
            news.notify_one();
        }
        Ok("kept")
    }

    /// Says so if it is there already; what is there under its name must be it.
    async fn is_there(
        &self,
        carried: &Carried,
        id: EntryId,
    ) -> Result<Option<&'static str>, Trouble> {
        match self.digest_of(id).await? {
            Some(there) if there != carried.content_sha256 => {
                let what = format!("{id}: another message bears this name");
                Err(Failure::new(Exit::Data, what).into())
            }
            there => Ok(there.map(|_| "there")),
        }
    }

    /// The SHA-256 of a content that is there already.
    async fn digest_of(&self, id: EntryId) -> Result<Option<String>, Trouble> {
        let (give, mut pieces) = tokio::sync::mpsc::channel(2);
        let counted = async move {
            let mut digest = Sha256::new();
            while let Some(octets) = pieces.recv().await {
                digest.update(&octets);
            }
            super::record::hex(&digest.finalize())
        };
        let (found, digest) = tokio::join!(self.overseer.content(id, give), counted);
        Ok(found?.then_some(digest))
    }

    /// What was on hold where it comes from is so here; and what was deleted there does not go out unless
    /// somebody says so.
    fn hold_of(&self, carried: &Carried, id: EntryId) -> Option<Hold> {
        let deleted = carried.state.as_deref() == Some(Standing::Deleted.name());
        if !carried.hold.held && !deleted {
            return None;
        }
        let said = carried.hold.reason.as_deref();
        let reason = match (deleted, said) {
            (true, said) => {
                Some(format!("deleted where it came from: {}", said.unwrap_or("no reason")))
            }
            (false, said) => said.map(str::to_owned),
        };
        let reason = reason.map(|reason| {
            let end = reason.floor_char_boundary(super::REASON);
            reason[..end].to_owned()
        });
        let until = carried.hold.until.filter(|_| !deleted);
        let warrant = Warrant {
            who: self.who.clone(),
            reason,
            filter: format!("import {id}"),
            at: Timestamp::now(),
        };
        // Who deleted it there has not held it here.
        let CarriedHold { by, at, .. } = &carried.hold;
        let before = by.as_deref().map(name).zip(*at).filter(|_| !deleted);
        Some(Hold { warrant, until, before })
    }
}

/// A name from elsewhere, and not too much of it.
fn name(text: &str) -> String {
    text[..text.floor_char_boundary(NAME)].to_owned()
}

/// What was made fit to be read where it comes from is not made so a second time.
fn legible(text: &str) -> String {
    let bare = text.replace('\\', "");
    match Escaped::text(&bare).to_string() == bare {
        true => text.to_owned(),
        false => Escaped::text(text).to_string(),
    }
}

/// The content, which is not kept yet, and its SHA-256.
async fn received(
    spool: &Embedded,
    size: u64,
    content: &mut (impl AsyncRead + Unpin),
) -> Result<(Draft, String), Trouble> {
    let mut draft = spool.draft(Some(size))?;
    let mut digest = Sha256::new();
    loop {
        let mut piece = bytes::BytesMut::with_capacity(64 * 1024);
        if content.read_buf(&mut piece).await.map_err(unheard)? == 0 {
            return Ok((draft, super::record::hex(&digest.finalize())));
        }
        digest.update(&piece);
        draft.write(piece.freeze()).await?;
    }
}

async fn discard(content: &mut (impl AsyncRead + Unpin)) -> Result<(), Failure> {
    tokio::io::copy(content, &mut tokio::io::sink()).await.map(drop).map_err(unheard)
}

fn unheard(error: std::io::Error) -> Failure {
    Failure::new(Exit::Io, format!("the content on the control socket: {error}"))
}

/// Somebody fetches the domain's mail here, or there is a way out for mail to the world.
fn has_a_way_from_here(house: &House, domain: &Domain, id: EntryId) -> Result<(), Failure> {
    let data = |what: String| Failure::new(Exit::Data, what);
    if domain.as_str() == queue::OUTGOING {
        let hint = "odmrd.toml(5): [smarthost] names the server that takes it";
        let what = format!("{id}: it goes out to the world, and there is no way out here");
        return match house.smarthost.server {
            Some(_) => Ok(()),
            None => Err(data(what).hint(Some(hint))),
        };
    }
    let hint = "odmrd account add gives it to a customer";
    match house.domains.contains_key(domain) {
        true => Ok(()),
        false => Err(data(format!("{domain}: no account has that domain")).hint(Some(hint))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_legible_elsewhere_is_taken_as_it_is() {
        for text in ["mx.example.net", "a\\\\b", "odd\\x1b[2J", "ü"] {
            assert_eq!(legible(text), text);
        }
        assert_eq!(legible("a\x1b[2J\\"), "a\\x1b[2J\\\\");
    }
}
