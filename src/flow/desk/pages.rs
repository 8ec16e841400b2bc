//! The messages that an answer may be about, some at a time: all of them, those of some domains, or those
//! with these ids.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Desk, ROOM, Selected, Trouble, name, no_such};
use crate::exit::{Exit, Failure};
use crate::queue::EntryId;
use crate::smtp::Domain;
use crate::spool::SpoolError;
use crate::spool::embedded::oversee::{NAMES, Sight, Unseen};

/// All that may be meant, some at a time.
pub(super) struct Pages<'a> {
    desk: &'a Desk,
    selected: &'a Selected,
    now: Timestamp,
    /// Those that come next, the first one last.
    ids: Vec<EntryId>,
    behind: Option<EntryId>,
    within: Option<Arc<[Domain]>>,
    /// Behind those there are no more names.
    last: bool,
    ended: bool,
    pub(super) unknown: Missing,
}

impl Pages<'_> {
    pub(super) fn new<'a>(desk: &'a Desk, selected: &'a Selected, now: Timestamp) -> Pages<'a> {
        let mut ids = selected.filter.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        ids.reverse();
        let within = selected.within();
        let (last, ended, unknown) = (false, false, Missing::default());
        Pages { desk, selected, now, ids, behind: None, within, last, ended, unknown }
    }

    /// Begins behind a message, with which an earlier list ended.
    pub(super) fn begin_behind(&mut self, cursor: Option<&str>) -> Result<(), Failure> {
        let Some(text) = cursor else { return Ok(()) };
        match text.parse() {
            Ok(id) if self.are_named() => self.ids.retain(|named| *named > id),
            Ok(id) => self.behind = Some(id),
            Err(_) => {
                let what = "allowed: what an earlier list gave as the place to go on from";
                return Err(Failure::new(Exit::Usage, format!("cursor: saw {text:?}; {what}")));
            }
        }
        Ok(())
    }

    /// Are they those with these ids and no others?
    fn are_named(&self) -> bool {
        !self.selected.filter.ids.is_empty()
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<Result<Sight, Unseen>>>, Trouble> {
        if self.ended {
            return Ok(None);
        }
        let page = match self.within.clone() {
            _ if self.are_named() => self.next_named().await?,
            Some(domains) => self.next_within(domains).await?,
            None => {
                let page = self.desk.overseer.page(self.behind, ROOM).await?;
                self.ended = page.next.is_none();
                self.behind = page.next;
                page.entries
            }
        };
        self.desk.by_subject(page, self.selected, self.now).await.map(Some)
    }

    async fn next_named(&mut self) -> Result<Vec<Result<Sight, Unseen>>, SpoolError> {
        let some = self.some();
        self.ended = self.ids.is_empty();
        let found = self.desk.overseer.these(some.clone()).await?;
        let known: HashSet<EntryId> = found.iter().map(name).collect();
        some.into_iter().filter(|id| !known.contains(id)).for_each(|id| self.unknown.add(id));
        Ok(found)
    }

    /// Of the mail of some domains the names are taken first: one that has gone when its turn comes is
    /// passed over, and none is missed or shown twice because it is tried or held in the meantime.
    async fn next_within(
        &mut self,
        domains: Arc<[Domain]>,
    ) -> Result<Vec<Result<Sight, Unseen>>, SpoolError> {
        if self.ids.is_empty() {
            self.ids = self.desk.overseer.names(domains, self.behind).await?;
            self.behind = self.ids.last().copied();
            self.last = self.ids.len() < NAMES;
            self.ids.reverse();
        }
        let some = self.some();
        self.ended = self.last && self.ids.is_empty();
        self.desk.overseer.these(some).await
    }

    fn some(&mut self) -> Vec<EntryId> {
        let mut some = self.ids.split_off(self.ids.len().saturating_sub(ROOM));
        some.reverse();
        some
    }

    /// Was each id that was named there?
    pub(super) fn all_known(&self) -> Result<(), Trouble> {
        match (self.unknown.first.first(), self.unknown.count) {
            (None, _) => Ok(()),
            (Some(id), 1) => Err(no_such(*id).into()),
            (Some(id), n) => {
                let what = format!("{id} and {} others: there are no such messages", n - 1);
                Err(Failure::new(Exit::NoInput, what).into())
            }
        }
    }
}

/// Ids that were named and are not there, or no longer.
#[derive(Debug, Default)]
pub(super) struct Missing {
    pub(super) count: u64,
    /// No more than [`Missing::TOLD`].
    pub(super) first: Vec<EntryId>,
}

impl Missing {
    /// So many are told by name.
    const TOLD: usize = 100;

    fn add(&mut self, id: EntryId) {
        self.count += 1;
        if self.first.len() < Missing::TOLD {
            self.first.push(id);
        }
    }
}
