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
    /// Some of what is there could not be read.
    gap: Option<SpoolError>,
    excused: HashSet<EntryId>,
    pub(super) unknown: Missing,
}

impl Pages<'_> {
    pub(super) fn new<'a>(desk: &'a Desk, selected: &'a Selected, now: Timestamp) -> Pages<'a> {
        let ids = selected.filter.ids.iter().rev().copied().collect();
        let within = selected.within();
        let (last, ended, gap, unknown) = (false, false, None, Missing::default());
        let (behind, excused) = (None, HashSet::new());
        Pages { desk, selected, now, ids, behind, within, last, ended, gap, excused, unknown }
    }

    /// Begins behind a message, with which an earlier list ended.
    pub(super) fn begin_behind(&mut self, cursor: Option<&str>) -> Result<(), Failure> {
        let Some(text) = cursor else { return Ok(()) };
        match text.parse() {
            Ok(id) if self.are_named() => self.ids.retain(|named| *named > id),
            Ok(id) => self.behind = Some(id),
            Err(_) => return Err(Pages::no_cursor(text)),
        }
        Ok(())
    }

    /// From there no list goes on.
    pub(super) fn no_cursor(text: &str) -> Failure {
        let what = "allowed: what an earlier list gave as the place to go on from";
        Failure::new(Exit::Usage, format!("cursor: saw {text:?}; {what}"))
    }

    /// Are they those with these ids and no others?
    fn are_named(&self) -> bool {
        !self.selected.filter.ids.is_empty()
    }

    /// Where something cannot be read, all that can be comes first.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Result<Sight, Unseen>>>, Trouble> {
        if self.ended {
            return self.gap.take().map_or(Ok(None), |fault| Err(fault.into()));
        }
        let page = match self.within.clone() {
            _ if self.are_named() => self.next_named().await?,
            Some(domains) => self.next_within(domains).await?,
            None => {
                let page = self.desk.overseer.page(self.behind, ROOM).await?;
                self.ended = page.next.is_none();
                self.gap = self.gap.take().or(page.gap);
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
        let excused = &self.excused;
        let missing = |id: &EntryId| !known.contains(id) && !excused.contains(id);
        self.unknown.0.extend(some.into_iter().filter(missing));
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

    /// Which of the ids that were named are not there, up to the last one that was told where the list was cut
    /// behind it: of the others the next list tells.
    pub(super) fn not_there(&self, cut_behind: Option<EntryId>) -> Option<Failure> {
        let mut unknown = self.unknown.0.iter();
        let told = |id: &&EntryId| cut_behind.is_none_or(|last| **id <= last);
        let first = *unknown.find(told)?;
        Some(match unknown.filter(told).count() {
            0 => no_such(first),
            n => {
                let what = format!("{first} and {n} others: there are no such messages");
                Failure::new(Exit::NoInput, what)
            }
        })
    }

    /// Of these it is known that they have left.
    pub(super) fn excuse(&mut self, left: impl IntoIterator<Item = EntryId>) {
        self.excused.extend(left);
    }
}

/// Ids that were named and are not there, or no longer, in order.
#[derive(Debug, Default)]
pub(super) struct Missing(Vec<EntryId>);

impl Missing {
    /// So many are told by name.
    const TOLD: usize = 100;

    /// How many.
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The first of them.
    pub(super) fn first(&self) -> impl Iterator<Item = &EntryId> {
        self.0.iter().take(Missing::TOLD)
    }
}
