//! How the daemon itself does: since when, where it listens, how much room it has, how much waited of late.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::record::{OVERVIEW, second};
use super::{Desk, Sheet, Trouble, line};
use crate::exit::{Exit, Failure};
use crate::flow::http::history::depths;
use crate::flow::http::{Memory, minutes};

/// What the picture covers, in minutes.
const COVERS: u32 = 24 * 60;
/// The minutes of each of its points.
const STEP: u32 = 3 * 60;

/// A daemon, as it was begun.
#[derive(Debug)]
pub struct Front {
    /// Its name.
    pub name: String,
    /// Since when it is at work.
    pub started: Timestamp,
    /// What it listens for, and where.
    pub listeners: Vec<(&'static str, String)>,
    /// How much waited, minute by minute.
    pub memory: Memory,
}

#[derive(Serialize)]
struct Overview<'a> {
    schema: &'static str,
    at: Timestamp,
    name: &'a str,
    version: &'static str,
    started: Timestamp,
    uptime_s: i64,
    listeners: Vec<Listener<'a>>,
    accepts: Option<bool>,
    sessions: Option<u64>,
    free_bytes: Option<u64>,
    size_bytes: Option<u64>,
    depth: Option<Depth>,
}

#[derive(Serialize)]
struct Listener<'a> {
    name: &'static str,
    address: &'a str,
}

#[derive(Serialize)]
struct Depth {
    first: Timestamp,
    step_s: u32,
    domains: BTreeMap<String, Vec<Option<u32>>>,
}

impl Desk {
    /// Tells it; with `depth`, how much waited too.
    pub(super) async fn overview(&self, depth: bool, sheet: &Sheet) -> Result<(), Trouble> {
        let Some(front) = &self.front else {
            let what = "there is no daemon: how it does is known to a running odmrd only";
            return Err(Failure::new(Exit::Unavailable, what).into());
        };
        let now = Timestamp::now();
        let spool = self.spool.as_ref();
        let space = spool.and_then(|spool| spool.space());
        let listeners = front.listeners.iter();
        let listeners = listeners.map(|(name, address)| Listener { name, address });
        let told = Overview {
            schema: OVERVIEW,
            at: second(now),
            name: &front.name,
            version: env!("CARGO_PKG_VERSION"),
            started: second(front.started),
            uptime_s: now.duration_since(front.started).as_secs().max(0),
            listeners: listeners.collect(),
            accepts: spool.map(|spool| spool.accepts().is_ok()),
            sessions: self.counts.as_ref().map(|counts| counts.open_sessions()),
            free_bytes: space.map(|space| space.free),
            size_bytes: space.map(|space| space.size),
            depth: if depth { depth_of(front, now).await } else { None },
        };
        let mut lines = Vec::new();
        line(&mut lines, &told)?;
        Ok(sheet.send(lines).await?)
    }
}

/// Nothing where it is not written down, or cannot be read.
async fn depth_of(front: &Front, now: Timestamp) -> Option<Depth> {
    let last = minutes(now);
    let first = (last + 1).saturating_sub(COVERS);
    let read = front.memory.with(move |history| history.read(first, last)).await;
    let minutes = read?.ok()?;
    let domains = depths(&minutes, first, last, STEP);
    Some(Depth {
        first: Timestamp::from_second(i64::from(first) * 60).unwrap_or_default(),
        step_s: STEP * 60,
        domains: domains.into_iter().map(|(name, points)| (name.to_owned(), points)).collect(),
    })
}
