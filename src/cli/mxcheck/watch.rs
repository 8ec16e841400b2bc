//! `--watch`: looks until a change is everywhere.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::Watching;
use crate::exit::Failure;
use crate::flow::check::gather::Plan;
use crate::flow::check::watch::{Shown, WallClock, Watch, Watched, call, until_done, views};
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
    let mut last: HashMap<String, Facts> = HashMap::new();
    let (interval, deadline) = (watching.interval.get(), watching.deadline.get());
    let mut clock = WallClock;
    let done = until_done(&mut clock, interval, deadline, async || {
        let is_open = |domain: &&String| {
            watches.get(*domain).is_none_or(|watch| !watch.is_done(watching.until))
        };
        let open: Vec<String> = domains.iter().filter(is_open).cloned().collect();
        let mut news: Vec<(String, bool)> = Vec::new();
        let wanted = Arc::clone(&expected);
        gather_all(open, Arc::clone(&expected), Arc::clone(&plan), jobs, |facts| {
            let is_first = !watches.contains_key(&facts.domain);
            let watch = watches.entry(facts.domain.clone()).or_default();
            let changed = watch.saw(facts.checked_at, &views(&facts, &wanted));
            if changed || is_first {
                news.push((facts.domain.clone(), changed));
            }
            last.insert(facts.domain.clone(), facts);
            Ok::<(), Failure>(())
        })
        .await?;
        for (domain, changed) in news {
            let Some(watch) = watches.get(&domain) else { continue };
            tell(watching, &domain, &watch.watched(watching.until), changed).await;
        }
        Ok::<bool, Failure>(watches.values().all(|watch| watch.is_done(watching.until)))
    });
    let done = done.await?;
    for domain in domains {
        if let (Some(mut facts), Some(watch)) = (last.remove(&domain), watches.get(&domain)) {
            facts.watched = Some(watch.watched(watching.until));
            next(facts)?;
        }
    }
    Ok(done)
}

/// A line for whoever sits there, and the program that wants to hear of changes.
async fn tell(watching: &Watching, domain: &str, watched: &Watched, changed: bool) {
    if io::stderr().is_terminal() {
        say(&progress(domain, watched));
    }
    let Some(program) = watching.on_change.as_ref().filter(|_| changed) else { return };
    if let Err(what) = call(program, domain, watched).await {
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
    format!("{}: {new} of {all} servers show the new records{until}", Escaped::text(domain))
}

fn say(text: &str) {
    // Whoever closed our standard error does not want to hear it.
    let _ = writeln!(io::stderr().lock(), "mxcheck: {text}");
}
