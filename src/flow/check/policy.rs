//! The policy of MTA-STS is fetched, while other questions are under way. RFC 8461, section 3.3.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio_util::task::AbortOnDropHandle;

use super::gather::Plan;
use crate::check::facts::{Data, Facts, Fetched, Missed, Policed, Role};
use crate::check::{Case, Expectation, sts};
use crate::net::https::{Fetcher, Miss, Page};

const PATH: &str = "/.well-known/mta-sts.txt";
/// More of what a server says that its page is, is not kept, characters.
const MOST_MEDIA: usize = 200;

/// Where a domain's policy is.
pub(super) fn policy_host(domain: &str) -> String {
    format!("mta-sts.{domain}")
}

/// A policy that is being fetched.
pub(super) struct Policy(AbortOnDropHandle<Policed>);

impl Policy {
    /// Begins, where the domain has a record that says that there is one, or somebody said where it is.
    pub(super) fn of(plan: &Plan, facts: &Facts, expect: &Expectation) -> Option<Policy> {
        let fetcher = plan.fetcher.clone()?;
        // Who says where it is wants to see it, announced or not.
        if plan.sts_server.is_none() && !sts::is_announced(&Case::new(facts, expect)) {
            return None;
        }
        let host = policy_host(&facts.domain);
        let at = match plan.sts_server {
            Some(at) => vec![at],
            None => addresses(plan, facts, &host),
        };
        Some(Policy(AbortOnDropHandle::new(tokio::spawn(fetch(fetcher, host, at)))))
    }

    /// What came of it.
    pub(super) async fn fetched(self) -> Option<Policed> {
        match self.0.await {
            Ok(policed) => Some(policed),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

fn addresses(plan: &Plan, facts: &Facts, host: &str) -> Vec<SocketAddr> {
    let about = facts.answers.iter().filter(|answer| answer.name == host);
    let of_zone = about.filter(|answer| answer.server.role != Role::Parent);
    let mut found: Vec<IpAddr> = Vec::new();
    for record in of_zone.flat_map(|answer| answer.records()) {
        match record.data {
            Data::Address(ip) if plan.reaches(ip) && !found.contains(&ip) => found.push(ip),
            _ => {}
        }
    }
    found.sort_by_key(IpAddr::is_ipv6);
    found.into_iter().map(|ip| SocketAddr::new(ip, 443)).collect()
}

async fn fetch(fetcher: Fetcher, host: String, at: Vec<SocketAddr>) -> Policed {
    let begun = Instant::now();
    let outcome = match at.is_empty() {
        true => {
            let why = format!("{host} has no address");
            Fetched::Missed { kind: Missed::Refused, why }
        }
        false => outcome(fetcher.get(&at, &host, PATH).await),
    };
    Policed {
        url: format!("https://{host}{PATH}"),
        at: at.iter().map(SocketAddr::ip).collect(),
        outcome,
        ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

fn outcome(fetched: Result<Page, Miss>) -> Fetched {
    let missed = |kind, why: String| Fetched::Missed { kind, why };
    match fetched {
        Ok(page) => Fetched::Page {
            status: page.status,
            media: page.media.chars().take(MOST_MEDIA).collect(),
            body: String::from_utf8_lossy(&page.body).into_owned(),
        },
        Err(Miss::Timeout) => missed(Missed::Unreached, "no answer in time".to_owned()),
        Err(Miss::Unroutable) => missed(Missed::Unreached, "there is no route to it".to_owned()),
        Err(Miss::Closed) => missed(Missed::Refused, "the port is closed".to_owned()),
        Err(Miss::Untrusted(why) | Miss::Garbled(why)) => missed(Missed::Refused, why),
        Err(Miss::TooLong) => missed(Missed::Refused, "it is longer than 64 KiB".to_owned()),
    }
}
