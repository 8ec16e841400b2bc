//! Messages that have left, as far as the last events tell of them: which, whose, how large, how it ended.

use std::collections::HashMap;

use jiff::Timestamp;

use super::pages::Pages;
use super::{Desk, Listed, ROOM, Selected, Sheet, Trouble, line, name, record};
use crate::exit::{Exit, Failure};
use crate::flow::events::{Happening, Kind};
use crate::queue::{EntryId, Filter, Standing};
use crate::smtp::{Domain, Reply};
use std::sync::Arc;

/// Begins a cursor that stands among those that have left.
const LEFT: &str = "done:";

/// A message that has left.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its name.
    pub id: EntryId,
    /// Whose it was.
    pub domain: Domain,
    /// How it ended: by the worst that became of its recipients.
    pub standing: Standing,
    /// Octets, where one of the events told of them.
    pub size: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// In which session.
    pub session: Option<String>,
    /// With which reply.
    pub reply: Option<Reply>,
    /// By which operator.
    pub who: Option<String>,
}

impl Left {
    /// When it was taken in: names begin with that.
    pub fn arrived(&self) -> Option<Timestamp> {
        let millis = i64::try_from(self.id.0.timestamp_ms()).ok()?;
        Timestamp::from_millisecond(millis).ok()
    }

    /// Does the reply or the age keep it from being meant?
    fn is_meant(&self, selected: &Selected, now: Timestamp) -> bool {
        let filter = &selected.filter;
        let Filter { domains, ids, standings, older, newer, larger, smaller, codes, .. } = filter;
        let known = Filter {
            domains: domains.clone(),
            ids: ids.clone(),
            standings: standings.clone(),
            codes: codes.clone(),
            older: *older,
            newer: *newer,
            larger: *larger,
            smaller: *smaller,
            ..Filter::default()
        };
        let age = self.arrived().and_then(|at| now.duration_since(at).try_into().ok());
        let age: std::time::Duration = age.unwrap_or_default();
        let said = |reply: &Reply| codes.iter().any(|code| code.matches(reply));
        // Of senders, recipients and the like nothing is known any more.
        *filter == known
            && selected.knows_only_the_envelope()
            && selected.is_of(&self.domain)
            && (ids.is_empty() || ids.contains(&self.id))
            && (standings.is_empty() || standings.contains(&self.standing))
            && (codes.is_empty() || self.reply.as_ref().is_some_and(said))
            && older.is_none_or(|least| age > least)
            && newer.is_none_or(|most| age < most)
            && larger.is_none_or(|least| self.size.is_some_and(|size| size > least))
            && smaller.is_none_or(|most| self.size.is_some_and(|size| size < most))
    }
}

impl Desk {
    /// The messages that are meant, and behind them those that have left.
    pub(super) async fn list_all(
        &self,
        selected: &Arc<Selected>,
        limit: u64,
        cursor: Option<&str>,
        sheet: &Sheet,
    ) -> Result<Listed, Trouble> {
        let left = self.left(selected).await?;
        if let Some(behind) = cursor.and_then(|cursor| cursor.strip_prefix(LEFT)) {
            let behind: EntryId = behind.parse().map_err(|_| Pages::no_cursor(behind))?;
            let next = self.list_left(&left, limit, behind, sheet).await?;
            return Ok(Listed { next, missing: None });
        }
        let (listed, room) = self.list(selected, limit, cursor, &left, sheet).await?;
        if listed.next.is_some() {
            return Ok(listed);
        }
        let first = EntryId(ulid::Ulid::nil());
        Ok(Listed { next: self.list_left(&left, room, first, sheet).await?, ..listed })
    }

    /// Those behind this one, and where to go on.
    async fn list_left(
        &self,
        left: &[Left],
        limit: u64,
        behind: EntryId,
        sheet: &Sheet,
    ) -> Result<Option<String>, Trouble> {
        let (now, mut lines, mut last) = (Timestamp::now(), Vec::new(), behind);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut those = left.iter().filter(|left| left.id > behind);
        for left in those.by_ref().take(most) {
            let account = self.account(&left.domain);
            line(&mut lines, &record::Message::left(left, account, now))?;
            last = left.id;
        }
        sheet.send(lines).await?;
        Ok(those.next().map(|_| format!("{LEFT}{last}")))
    }

    /// Those that are meant and not there any more, in the order of their names.
    async fn left(&self, selected: &Selected) -> Result<Vec<Left>, Trouble> {
        let Some(counts) = &self.counts else {
            let what = "what has left is known to a running odmrd only";
            return Err(Failure::new(Exit::Unavailable, what).into());
        };
        let (events, _) = counts.events.from(0, usize::MAX);
        let now = Timestamp::now();
        let mut left: Vec<Left> =
            ended(events).into_iter().filter(|left| left.is_meant(selected, now)).collect();
        left.sort_unstable_by_key(|left| left.id);
        let mut gone = Vec::with_capacity(left.len());
        for some in left.chunks(ROOM) {
            let ids = some.iter().map(|left| left.id).collect();
            let there = self.overseer.these(ids).await?;
            let there: Vec<EntryId> = there.iter().map(name).collect();
            gone.extend(some.iter().filter(|left| !there.contains(&left.id)).cloned());
        }
        Ok(gone)
    }
}

/// What became of each message with which it may have come to an end.
fn ended(events: Vec<Happening>) -> Vec<Left> {
    let mut sizes: HashMap<EntryId, u64> = HashMap::new();
    let mut ends: HashMap<EntryId, Left> = HashMap::new();
    for event in events {
        let (Some(id), Some(domain)) = (event.id, event.domain) else { continue };
        if let Some(size) = event.size {
            sizes.insert(id, size);
        }
        let standing = match event.kind {
            Kind::Delivered => Standing::Delivered,
            Kind::Refused | Kind::Bounced => Standing::Bounced,
            Kind::Expired => Standing::Expired,
            Kind::Deleted => Standing::Deleted,
            // It is there once more.
            Kind::Queued | Kind::Undeleted => {
                ends.remove(&id);
                continue;
            }
            _ => continue,
        };
        if ends.get(&id).is_some_and(|known| weight(known.standing) > weight(standing)) {
            continue;
        }
        let Happening { at, session, reply, who, .. } = event;
        ends.insert(id, Left { id, domain, standing, size: None, at, session, reply, who });
    }
    let sized = |mut left: Left| {
        left.size = sizes.get(&left.id).copied();
        left
    };
    ends.into_values().map(sized).collect()
}

/// What one would want to know first, where several things became of a message.
fn weight(standing: Standing) -> u8 {
    match standing {
        Standing::Bounced => 3,
        Standing::Expired => 2,
        Standing::Deleted => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    #[test]
    fn a_message_ended_as_the_worst_that_became_of_it() {
        let id = |n: u128| EntryId(Ulid::from(n));
        let domain = Domain::parse("example.org").unwrap();
        let of =
            |kind, n| Happening { size: Some(7), ..Happening::of(kind, id(n), domain.clone()) };
        let events = vec![
            of(Kind::Queued, 1),
            of(Kind::Delivered, 1),
            of(Kind::Refused, 2),
            of(Kind::Delivered, 2),
            of(Kind::Deleted, 3),
            of(Kind::Undeleted, 3),
            of(Kind::Delivered, 4),
            of(Kind::Queued, 4),
            of(Kind::Held, 5),
            Happening::of(Kind::Expired, id(6), domain.clone()),
        ];
        let mut left = ended(events);
        left.sort_unstable_by_key(|left| left.id);
        let told: Vec<_> = left.iter().map(|left| (left.id, left.standing, left.size)).collect();
        let expected = [
            (id(1), Standing::Delivered, Some(7)),
            (id(2), Standing::Bounced, Some(7)),
            (id(6), Standing::Expired, None),
        ];
        assert_eq!(told, expected);
    }
}
