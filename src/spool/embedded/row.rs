//! Entries as rows and back: numbers for states, columns for parameters and replies.
//!
//! What comes back from disk is judged as if a stranger had sent it: a flipped bit in an address
//! makes a damaged entry, never a mail to somebody else's house.

use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::body::Place;
use super::claims::Key;
use super::rescue::is_damage;
use crate::mail::Recipient;
use crate::queue::{Answered, Entry, EntryId, EntryState, RecipientState, Source, Tried};
use crate::smtp::{
    Body, Domain, Enhanced, ForwardPath, MailParams, Notify, RcptParams, Reply, Ret, ReversePath,
    Stage,
};

/// Content ends in CRLF.
pub(super) const ENDS_IN_CRLF: i64 = 1;
/// Content has octets beyond 127.
pub(super) const EIGHT_BIT: i64 = 2;
/// The same of whether it has long lines; those kept before this was noted do not say so.
pub(super) const LONG_LINES: i64 = 4;
/// A refusal's text is kept to this many octets: enough for any reader.
const WORDS: usize = 2048;

/// The number of an entry's state.
pub(super) const fn state(state: EntryState) -> i64 {
    match state {
        EntryState::Waiting => 0,
        EntryState::Held => 1,
        EntryState::Failed => 2,
        EntryState::Damaged => 3,
        EntryState::Deleted => 4,
    }
}

/// The state of a number.
pub(super) fn entry_state(number: i64) -> Option<EntryState> {
    use EntryState::{Damaged, Deleted, Failed, Held, Waiting};
    let states = [Waiting, Held, Failed, Damaged, Deleted];
    states.into_iter().find(|&known| state(known) == number)
}

/// A recipient who waits.
pub(super) const WAITING: i64 = 0;
/// A recipient who has the mail.
pub(super) const DELIVERED: i64 = 1;
/// A recipient who was refused.
pub(super) const REFUSED: i64 = 2;
/// A recipient whose time ran out.
pub(super) const EXPIRED: i64 = 3;
/// A recipient who has the mail, and whose sender wants to hear so.
pub(super) const RELAYED: i64 = 4;
/// A recipient of whom nothing is to be told any more.
pub(super) const TOLD: i64 = 5;

/// The number of a recipient's state, and the reply that belongs to it.
pub(super) fn recipient_state(state: &RecipientState) -> (i64, Option<&Reply>) {
    match state {
        RecipientState::Waiting(reply) => (WAITING, reply.as_ref()),
        RecipientState::Delivered => (DELIVERED, None),
        RecipientState::Relayed(reply) => (RELAYED, Some(reply)),
        RecipientState::Refused(reply) => (REFUSED, Some(reply)),
        RecipientState::Expired(reply) => (EXPIRED, reply.as_ref()),
        RecipientState::Told => (TOLD, None),
    }
}

/// A reply's three columns. Words that are not UTF-8 are kept as octets.
pub(super) fn reply(
    reply: Option<&Reply>,
) -> (Option<u16>, Option<String>, Option<ToSqlOutput<'_>>) {
    let code = reply.map(|reply| reply.code);
    let status = reply.and_then(|reply| reply.enhanced).map(|status| status.to_string());
    let words = reply.map(|reply| match &reply.octets {
        Some(octets) => octets[..octets.len().min(WORDS)].into(),
        None => reply.text[..reply.text.floor_char_boundary(WORDS)].into(),
    });
    (code, status, words)
}

/// A time's column. The last moment that there is, is rounded up to one that is none.
pub(super) fn time(at: Timestamp) -> i64 {
    at.as_microsecond().min(Timestamp::MAX.as_second() * 1_000_000)
}

/// BODY's column.
pub(super) fn kind(body: Body) -> i64 {
    match body {
        Body::SevenBit => 0,
        Body::EightBit => 1,
        Body::Binary => 2,
    }
}

/// RET's column.
pub(super) fn ret(ret: Option<Ret>) -> Option<i64> {
    ret.map(|ret| match ret {
        Ret::Full => 0,
        Ret::Headers => 1,
    })
}

/// NOTIFY's column: success 1, failure 2, delay 4; 0 is NEVER.
pub(super) fn notify(notify: Option<Notify>) -> Option<i64> {
    notify.map(|notify| {
        i64::from(notify.success) + 2 * i64::from(notify.failure) + 4 * i64::from(notify.delay)
    })
}

/// A checksum over who mail is from, whom it is for, and which mail it is, so that a bit that flips in
/// an address is found out, or one in the number of the message: content that is whole may still be
/// another's.
pub(super) fn whom<'a>(
    domain: &Domain,
    from: &ReversePath,
    to: impl Iterator<Item = &'a Recipient>,
    digest: &[u8],
) -> u32 {
    let mut check = crc32fast::Hasher::new();
    check.update(digest);
    let paths = to.map(|recipient| recipient.path.as_str());
    for text in [domain.as_str(), from.as_str()].into_iter().chain(paths) {
        check.update(text.as_bytes());
        // Where one ends and the next begins counts too.
        check.update(b"\n");
    }
    check.finalize()
}

/// An entry with what is needed to find and prove its content.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) entry: Entry,
    pub(super) message: i64,
    pub(super) place: Place,
    pub(super) head: Vec<u8>,
    pub(super) checks: Vec<u8>,
    pub(super) digest: Vec<u8>,
    /// What was answered for each recipient, in their order; without those behind
    /// the last who was answered for.
    pub(super) answered: Vec<Option<Answered>>,
    /// Whether somebody has been told of its delay, by its own word.
    pub(super) told: i64,
}

/// Why a row gives no entry.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The database would not.
    Sql(rusqlite::Error),
    /// What it gave is no entry.
    Damaged(String),
    /// The entry is another domain's, and the index is wrong.
    Misfiled,
}

impl From<rusqlite::Error> for Unreadable {
    fn from(e: rusqlite::Error) -> Unreadable {
        use rusqlite::ErrorCode::TypeMismatch;
        let damaged = is_damage(&e)
            || e.sqlite_error_code() == Some(TypeMismatch)
            || matches!(
                e,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::Utf8Error(..)
            );
        if damaged { Unreadable::Damaged(e.to_string()) } else { Unreadable::Sql(e) }
    }
}

fn damaged(column: &str) -> Unreadable {
    Unreadable::Damaged(format!("its {column} cannot be read"))
}

const ENTRY: &str = "SELECT e.state, e.size, e.arrived, e.expires, e.attempts, m.id, m.shape,
    m.head, m.file, m.checks, m.digest, m.reverse_path, m.declared, m.kind, m.smtputf8, m.ret,
    m.envid, m.ip, m.helo, m.tls, e.whom, e.since, e.domain, e.id, m.auth, m.message_id, e.told
    FROM entry e JOIN message m ON m.id = e.message WHERE e.id = ?1";
/// The same of many entries. Of the bodies' proofs nothing: whoever reads so many looks at envelopes.
const MANY: &str = "SELECT e.state, e.size, e.arrived, e.expires, e.attempts, m.id, m.shape,
    x'', m.file, x'', m.digest, m.reverse_path, m.declared, m.kind, m.smtputf8, m.ret,
    m.envid, m.ip, m.helo, m.tls, e.whom, e.since, e.domain, e.id, m.auth, m.message_id, e.told
    FROM entry e NOT INDEXED CROSS JOIN message m ON m.id = e.message";
/// Recipients, and of which entry each is.
const PEOPLE: &str = "SELECT path, notify, orcpt, state, code, status, words, times, at, session,
    stage, remote_id, entry FROM recipient";

/// Reads an entry of `domain`, if it is there.
pub(super) fn load(
    db: &Connection,
    domain: &Domain,
    key: Key,
) -> Result<Option<Stored>, Unreadable> {
    let Key { domain: number, id } = key;
    let key = id.0.to_bytes();
    let mut query = db.prepare_cached(ENTRY)?;
    let read = |row: &Row<'_>| {
        Ok((entry(row, domain, id), row.get::<_, u32>(20)?, row.get::<_, i64>(22)?))
    };
    let found = query.query_row([key], read).optional()?;
    let Some((stored, check, owner)) = found else { return Ok(None) };
    if owner != number {
        return Err(Unreadable::Misfiled);
    }
    let mut stored = stored?;
    (stored.entry.recipients, stored.answered) = recipients(db, &key)?;
    match stored.is_sound(check) {
        true => Ok(Some(stored)),
        false => Err(damaged("list of recipients, its sender or its message")),
    }
}

/// The entries behind `after`, to `last` included, in one go. Those of which something is wrong are left
/// out: [`load`] says what.
pub(super) fn stretch(
    db: &Connection,
    after: &[u8],
    last: &[u8],
    name: impl FnMut(i64) -> rusqlite::Result<Option<Domain>>,
) -> rusqlite::Result<Vec<Stored>> {
    static ENTRIES: LazyLock<String> =
        LazyLock::new(|| format!("{MANY} WHERE e.id > ?1 AND e.id <= ?2 ORDER BY e.id"));
    static RECIPIENTS: LazyLock<String> =
        LazyLock::new(|| format!("{PEOPLE} WHERE entry > ?1 AND entry <= ?2 ORDER BY entry, n"));
    let (mut entries, mut people) = (db.prepare_cached(&ENTRIES)?, db.prepare_cached(&RECIPIENTS)?);
    let (entries, people) =
        (entries.query(params![after, last])?, people.query(params![after, last])?);
    let found = gathered(entries, people, name)?;
    Ok(found.into_iter().map(|(_, stored)| stored).collect())
}

/// Names that are looked up in one go.
pub(super) const AT_ONCE: usize = 64;

/// The entries with these names, at most [`AT_ONCE`], in the order of their names and each with its domain's
/// number. Those of which something is wrong are left out, as by [`stretch`].
pub(super) fn named(
    db: &Connection,
    ids: &[EntryId],
    name: impl FnMut(i64) -> rusqlite::Result<Option<Domain>>,
) -> rusqlite::Result<Vec<(i64, Stored)>> {
    static THESE: LazyLock<String> = LazyLock::new(|| vec!["?"; AT_ONCE].join(", "));
    static ENTRIES: LazyLock<String> =
        LazyLock::new(|| format!("{MANY} WHERE e.id IN ({}) ORDER BY e.id", *THESE));
    static RECIPIENTS: LazyLock<String> =
        LazyLock::new(|| format!("{PEOPLE} WHERE entry IN ({}) ORDER BY entry, n", *THESE));
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    // One statement for any number: the last name stands in all places that are left.
    let names = || {
        let names = ids.iter().chain(std::iter::repeat(last)).take(AT_ONCE);
        rusqlite::params_from_iter(names.map(|id| id.0.to_bytes()))
    };
    let (mut entries, mut people) = (db.prepare_cached(&ENTRIES)?, db.prepare_cached(&RECIPIENTS)?);
    let (entries, people) = (entries.query(names())?, people.query(names())?);
    gathered(entries, people, name)
}

/// Entries and recipients, both in the order of the entries' names, put together.
fn gathered(
    mut entries: rusqlite::Rows<'_>,
    mut people: rusqlite::Rows<'_>,
    mut name: impl FnMut(i64) -> rusqlite::Result<Option<Domain>>,
) -> rusqlite::Result<Vec<(i64, Stored)>> {
    let mut person = people.next()?;
    let mut gathered = Vec::new();
    while let Some(found) = entries.next()? {
        let key: [u8; 16] = found.get(23)?;
        let (mut recipients, mut told) = (Vec::new(), Vec::new());
        let mut whole = true;
        while let Some(row) = person {
            let of: [u8; 16] = row.get(12)?;
            if of > key {
                break;
            }
            if of == key {
                note(&mut told, recipients.len(), answered(row));
                recipient(row).map_or_else(|_| whole = false, |one| recipients.push(one));
            }
            person = people.next()?;
        }
        let number = found.get(22)?;
        let Some(domain) = name(number)? else { continue };
        let Ok(mut stored) = entry(found, &domain, EntryId(ulid::Ulid::from_bytes(key))) else {
            continue;
        };
        (stored.entry.recipients, stored.answered) = (recipients, told);
        if whole && !stored.entry.recipients.is_empty() && stored.is_sound(found.get(20)?) {
            gathered.push((number, stored));
        }
    }
    Ok(gathered)
}

impl Stored {
    /// Are sender, recipients and message those that the checksum was made over?
    fn is_sound(&self, check: u32) -> bool {
        let to = self.entry.recipients.iter().map(|(recipient, _)| recipient);
        whom(&self.entry.domain, &self.entry.reverse_path, to, &self.digest) == check
    }
}

fn entry(row: &Row<'_>, domain: &Domain, id: EntryId) -> Result<Stored, Unreadable> {
    let shape: i64 = row.get(6)?;
    let message = row.get(5)?;
    let file: Option<String> = row.get(8)?;
    let reverse_path: String = row.get(11)?;
    let (attempts, since): (u32, _) = (row.get(4)?, timestamp(row.get(21)?)?);
    let entry = Entry {
        id,
        domain: domain.clone(),
        state: entry_state(row.get(0)?).ok_or_else(|| damaged("state"))?,
        size: row.get(1)?,
        ends_in_crlf: shape & ENDS_IN_CRLF != 0,
        eight_bit: shape & EIGHT_BIT != 0,
        long_lines: shape & LONG_LINES != 0,
        arrived: timestamp(row.get(2)?)?,
        expires: timestamp(row.get(3)?)?,
        attempts,
        tried: if attempts > 0 { Some(since) } else { None },
        reverse_path: ReversePath::parse(&reverse_path).map_err(|_| damaged("reverse-path"))?,
        params: mail_params(row)?,
        recipients: Vec::new(),
        source: source(row)?,
        message_id: row.get(25)?,
    };
    let place = file.map_or(Place::Row(message), Place::File);
    let (head, checks, digest) = (row.get(7)?, row.get(9)?, row.get(10)?);
    let told = row.get(26)?;
    Ok(Stored { entry, message, place, head, checks, digest, answered: Vec::new(), told })
}

fn timestamp(micros: i64) -> Result<Timestamp, Unreadable> {
    Timestamp::from_microsecond(micros).map_err(|_| damaged("time"))
}

fn mail_params(row: &Row<'_>) -> Result<MailParams, Unreadable> {
    Ok(MailParams {
        size: row.get::<_, Option<i64>>(12)?.map(|size| size.cast_unsigned()),
        body: match row.get(13)? {
            0 => Body::SevenBit,
            1 => Body::EightBit,
            2 => Body::Binary,
            _ => return Err(damaged("BODY")),
        },
        smtputf8: row.get(14)?,
        ret: row.get::<_, Option<i64>>(15)?.map(|n| if n == 0 { Ret::Full } else { Ret::Headers }),
        envid: row.get::<_, Option<String>>(16)?.map(String::into_boxed_str),
    })
}

fn source(row: &Row<'_>) -> Result<Source, Unreadable> {
    let ip: String = row.get(17)?;
    let ip = ip.parse().map_err(|_| damaged("address of origin"))?;
    Ok(Source { ip, helo: row.get(18)?, tls: row.get(19)?, auth: row.get(24)? })
}

/// Recipients, and what was answered for them.
type People = (Vec<(Recipient, RecipientState)>, Vec<Option<Answered>>);

fn recipients(db: &Connection, key: &[u8; 16]) -> Result<People, Unreadable> {
    let sql = "SELECT path, notify, orcpt, state, code, status, words, times, at, session, stage,
                 remote_id
               FROM recipient WHERE entry = ?1 ORDER BY n";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([key])?;
    let (mut recipients, mut told) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        note(&mut told, recipients.len(), answered(row));
        recipients.push(recipient(row)?);
    }
    if recipients.is_empty() { Err(damaged("list of recipients")) } else { Ok((recipients, told)) }
}

fn recipient(row: &Row<'_>) -> Result<(Recipient, RecipientState), Unreadable> {
    let path: String = row.get(0)?;
    let path = ForwardPath::parse(&path).map_err(|_| damaged("forward-path"))?;
    let notify = row.get::<_, Option<i64>>(1)?.map(|n| Notify {
        success: n & 1 != 0,
        failure: n & 2 != 0,
        delay: n & 4 != 0,
    });
    let orcpt = row.get::<_, Option<String>>(2)?.map(String::into_boxed_str);
    let reply = kept_reply(row)?;
    let state = match (row.get(3)?, reply) {
        (WAITING, reply) => RecipientState::Waiting(reply),
        (1, _) => RecipientState::Delivered,
        (REFUSED, Some(reply)) => RecipientState::Refused(reply),
        (EXPIRED, reply) => RecipientState::Expired(reply),
        (RELAYED, Some(reply)) => RecipientState::Relayed(reply),
        (TOLD, _) => RecipientState::Told,
        _ => return Err(damaged("recipient's state")),
    };
    Ok((Recipient { path, params: RcptParams { notify, orcpt } }, state))
}

/// For the operator's eye only: what cannot be read is unknown, and no reason to keep mail back.
fn answered(row: &Row<'_>) -> Option<Answered> {
    let at = Timestamp::from_microsecond(row.get::<_, Option<i64>>(8).ok()??).ok()?;
    let stage: Option<String> = row.get(10).ok()?;
    Some(Answered {
        tried: Tried { at, session: row.get(9).ok()? },
        times: row.get(7).ok()?,
        stage: stage.and_then(|name| Stage::named(&name)),
        remote_id: row.get(11).ok()?,
        reply: kept_reply(row).ok()?,
    })
}

/// Most mail was answered for by nobody yet: no list is made of that.
fn note(told: &mut Vec<Option<Answered>>, n: usize, said: Option<Answered>) {
    if said.is_some() {
        told.resize(n, None);
        told.push(said);
    }
}

fn kept_reply(row: &Row<'_>) -> Result<Option<Reply>, Unreadable> {
    let Some(code) = row.get::<_, Option<u16>>(4)? else { return Ok(None) };
    let status: Option<String> = row.get(5)?;
    let enhanced = status.and_then(|s| Enhanced::split_from(&s).map(|(status, _)| status));
    let (text, octets) = match row.get_ref(6)? {
        // Cut where its end is no longer kept, it may be a text after all.
        ValueRef::Blob(octets) => match std::str::from_utf8(octets) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (String::from_utf8_lossy(octets).into_owned(), Some(octets.into())),
        },
        words => (
            words.as_str_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default().to_owned(),
            None,
        ),
    };
    Ok(Some(Reply { code, enhanced, text: text.into(), octets }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_can_be_read_again() {
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert!(timestamp(time(at)).is_ok(), "{at}");
        }
    }
}
