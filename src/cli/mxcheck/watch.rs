//! `--watch`: looks until a change is everywhere.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use super::Watching;
use super::kept::Kept;
use crate::exit::Failure;
use crate::flow::check::gather::Plan;
use crate::flow::check::watch::{
    GRACE, Shown, WallClock, Watch, Watched, Witness, call, patience, until_done, views,
};
use crate::flow::check::{Expectation, Facts, gather_all};
use crate::smtp::escape::Escaped;

/// Looks at the domains until each shows the new records, or the deadline has come; then hands on what was found
/// out last, in their order. Does each?
///
/// # Errors
/// What `next` says.
pub(super) async fn watch(
    domains: Vec<String>,
    expected: Arc<Expectation>,
    plan: Arc<Plan>,
    jobs: usize,
    watching: &Watching,
    mut next: impl FnMut(Facts) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let mut watches: BTreeMap<String, Watch> = BTreeMap::new();
    let mut last = Kept::new()?;
    let (interval, deadline) = (watching.interval.get(), watching.deadline.get());
    // Whatever is under way at the deadline has ended by then.
    let end = Instant::now() + deadline + GRACE;
    let mut clock = WallClock;
    let done = until_done(&mut clock, interval, deadline, async || {
        let is_open = |domain: &&String| {
            watches.get(*domain).is_none_or(|watch| !watch.is_done(watching.until))
        };
        let open: Vec<String> = domains.iter().filter(is_open).cloned().collect();
        let mut news: Vec<(String, bool)> = Vec::new();
        let wanted = Arc::clone(&expected);
        let is_first_look = watches.is_empty();
        let look = gather_all(open, Arc::clone(&expected), Arc::clone(&plan), jobs, |facts| {
            let is_first = !watches.contains_key(&facts.domain);
            let watch = watches.entry(facts.domain.clone()).or_default();
            let changed = watch.saw(facts.checked_at, &views(&facts, &wanted));
            if changed || is_first {
                news.push((facts.domain.clone(), changed));
            }
            last.keep(&facts)
        });
        // Of those that it does not come to what was seen before is told. Without the first look nothing is known.
        if is_first_look {
            look.await?;
        } else if let Ok(looked) = tokio::time::timeout_at(end.into(), look).await {
            looked?;
        }
        for (domain, changed) in news {
            let Some(watch) = watches.get(&domain) else { continue };
            tell(watching, &domain, &watch.watched(watching.until), changed, end).await;
        }
        Ok::<bool, Failure>(watches.values().all(|watch| watch.is_done(watching.until)))
    });
    let done = done.await?;
    for domain in domains {
        if let (Some(mut facts), Some(watch)) = (last.of(&domain)?, watches.get(&domain)) {
            facts.watched = Some(watch.watched(watching.until));
            next(facts)?;
        }
    }
    Ok(done)
}

/// A line for whoever sits there, and the program that wants to hear of changes.
async fn tell(watching: &Watching, domain: &str, watched: &Watched, changed: bool, end: Instant) {
    if io::stderr().is_terminal() {
        say(&progress(domain, watched));
    }
    let Some(program) = watching.on_change.as_ref().filter(|_| changed) else { return };
    let told = match patience(end.saturating_duration_since(Instant::now())) {
        Some(patience) => call(program, domain, watched, patience).await,
        None => Err(format!("not run for {}: the deadline is over", Escaped::text(domain))),
    };
    if let Err(what) = told {
        say(&format!("--on-change {}: {what}", program.display()));
    }
}

fn progress(domain: &str, watched: &Watched) -> String {
    let all = watched.vantages.len();
    let new = watched.vantages.iter().filter(|witness| witness.state == Shown::New).count();
    let until = match watched.cache_horizon {
        Some(until) => format!("; caches may hold the old ones until {until}"),
        None => String::new(),
    };
    let old = |witness: &&Witness| witness.state == Shown::Old;
    let old: Vec<String> = watched.vantages.iter().filter(old).map(still_old).collect();
    let old = match old.is_empty() {
        true => String::new(),
        false => format!("; still old: {}", old.join("; ")),
    };
    format!("{}: {new} of {all} servers show the new records{until}{old}", Escaped::text(domain))
}

/// `ns2.example.org 192.0.2.2: 10 old.example.com., for 3600 s`.
fn still_old(witness: &Witness) -> String {
    let name = witness.server.as_deref().map(|name| format!("{} ", Escaped::text(name)));
    let had = witness.old.as_deref().unwrap_or("no MX record");
    let left = witness.ttl_left_s.map(|left| format!(", for {left} s")).unwrap_or_default();
    let (name, had) = (name.unwrap_or_default(), Escaped::text(had));
    format!("{name}{}: {had}{left}", witness.addr)
}

fn say(text: &str) {
    // Whoever closed our standard error does not want to hear it.
    let _ = writeln!(io::stderr().lock(), "mxcheck: {text}");
}
