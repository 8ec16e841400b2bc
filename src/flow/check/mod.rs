//! A domain is looked at: its facts are gathered, perhaps written down, and judged.
//!
//! Asking and judging are two things. What was gathered can be judged again, by anybody, at any time, to
//! the same findings; so a report that surprises somebody can be sent with its evidence.

pub mod evidence;
pub mod gather;
pub mod live;
mod policy;
pub mod resolver;
mod translate;
pub mod watch;

use std::collections::VecDeque;
use std::sync::Arc;

use rand::RngExt;
use tokio_util::task::AbortOnDropHandle;

use self::gather::{Plan, gather};
pub use crate::check::chain::anchor::lines as anchor_lines;
pub use crate::check::facts::{OwnServer, Provision, StsMark, Waiting};
pub use crate::check::{
    Expectation, Facts, Network, Policy, Standpoint, agreed, checks, is_special, judge,
    sts_remembered,
};
pub use crate::finding::{About, Assessment, Conclusion, Severity};
pub use crate::net::dns::system_resolvers;
pub use crate::net::https::Fetcher;
pub use crate::net::tls::{TlsClient, Trust};
pub use crate::probe::Depth;

/// The JSON Schemas (2020-12) of what `mxcheck` tells pipes, by their names.
pub const SCHEMAS: [(&str, &str); 1] = [("odmr.mxcheck/1", include_str!("schema/assessment.json"))];

/// Gathers the facts of many domains, so many at a time, and hands them on in the order of the domains.
///
/// # Errors
/// What `next` says; then nobody is asked any more.
pub async fn gather_all<E>(
    domains: impl IntoIterator<Item = String>,
    expect: Arc<Expectation>,
    plan: Arc<Plan>,
    at_once: usize,
    mut next: impl FnMut(Facts) -> Result<(), E>,
) -> Result<(), E> {
    let mut domains = domains.into_iter();
    let mut under_way = VecDeque::new();
    loop {
        while under_way.len() < at_once.max(1) {
            let Some(domain) = domains.next() else { break };
            let (expect, plan, unmade) = (Arc::clone(&expect), Arc::clone(&plan), unmade_label());
            under_way.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
                gather(&domain, &expect, &plan, &unmade).await
            })));
        }
        let Some(first) = under_way.pop_front() else { return Ok(()) };
        match first.await {
            Ok(facts) => next(facts)?,
            // A domain that is not in the report would pass for one with which nothing is wrong.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
}

/// A label that nobody has made.
fn unmade_label() -> String {
    let mut dice = rand::rng();
    let letters = (0..12).map(|_| char::from(dice.random_range(b'a'..=b'z')));
    format!("odmr-{}", letters.collect::<String>())
}
