//! The policy of MTA-STS is fetched, while other questions are under way. RFC 8461, section 3.3.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio_util::task::AbortOnDropHandle;

use super::gather::Plan;
use crate::check::facts::{Answer, Data, Facts, Fetched, Kind, Missed, Policed, Reply, Role};
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
            Some(at) => Ok(vec![at]),
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

/// Where a host is; otherwise what came of that.
fn addresses(plan: &Plan, facts: &Facts, host: &str) -> Result<Vec<SocketAddr>, Fetched> {
    let about = facts.answers.iter().filter(|answer| answer.name == host);
    let of_zone = about.filter(|answer| answer.server.role != Role::Parent);
    let of_zone: Vec<&Answer> = of_zone.collect();
    let mut all: BTreeSet<IpAddr> = BTreeSet::new();
    for record in of_zone.iter().flat_map(|answer| answer.records()) {
        if let Data::Address(ip) = record.data {
            all.insert(ip);
        }
    }
    // Those of IPv4 come first.
    let reached: Vec<IpAddr> = all.iter().copied().filter(|ip| plan.reaches(*ip)).collect();
    if !reached.is_empty() {
        return Ok(reached.into_iter().map(|ip| SocketAddr::new(ip, 443)).collect());
    }
    let settled = || of_zone.iter().filter(|answer| answer.is_settled());
    let is_no_name = |reply: &Reply| reply.rcode == "NXDOMAIN";
    let is_gone = settled().filter_map(|answer| answer.reply()).any(is_no_name);
    let is_told = |kind| is_gone || settled().any(|answer| answer.kind == kind);
    let (kind, why) = match (all.is_empty(), is_told(Kind::A) && is_told(Kind::Aaaa)) {
        (false, _) => {
            (Missed::Unreached, format!("{host} has no address of the kind that is used"))
        }
        (true, false) => (Missed::Unreached, format!("nobody told the addresses of {host}")),
        (true, true) => (Missed::Refused, format!("{host} has no address")),
    };
    Err(Fetched::Missed { kind, why })
}

async fn fetch(fetcher: Fetcher, host: String, at: Result<Vec<SocketAddr>, Fetched>) -> Policed {
    let begun = Instant::now();
    let (at, outcome) = match at {
        Ok(at) => {
            let page = fetcher.get(&at, &host, PATH).await;
            (at, outcome(page))
        }
        Err(missed) => (Vec::new(), missed),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::{Manner, Outcome, Record, Server, Transport};
    use std::time::Duration;

    fn answer(kind: Kind, rcode: &str, address: Option<&str>) -> Answer {
        let record = |ip: &str| Record {
            name: "mta-sts.example.org".to_owned(),
            ttl: 1,
            data: Data::Address(ip.parse().unwrap()),
        };
        let reply = Reply {
            rcode: rcode.to_owned(),
            answer: address.into_iter().map(record).collect(),
            ..Reply::default()
        };
        Answer {
            id: String::new(),
            server: Server {
                role: Role::Resolver,
                name: None,
                addr: [192, 0, 2, 1].into(),
                port: 53,
            },
            transport: Transport::Udp,
            name: "mta-sts.example.org".to_owned(),
            kind,
            manner: Manner::Usual,
            flight: 1,
            outcome: Outcome::Reply(reply),
            ms: 1,
        }
    }

    /// What nobody told is no fault of the domain's.
    #[test]
    fn a_host_is_nowhere_only_where_somebody_says_so() {
        let mut plan = Plan::new(Duration::from_secs(1), 1);
        plan.v6 = false;
        let came = |answers: Vec<Answer>| {
            let facts = Facts { answers, ..super::super::gather::nothing_yet("example.org") };
            addresses(&plan, &facts, "mta-sts.example.org").map_err(|missed| match missed {
                Fetched::Missed { kind, .. } => kind,
                Fetched::Page { .. } => panic!("nobody was asked"),
            })
        };
        let (v4, v6) = (Some("192.0.2.7"), Some("2001:db8::7"));
        let (a, aaaa) = (Kind::A, Kind::Aaaa);
        let none = |kind| answer(kind, "NOERROR", None);
        assert_eq!(came(vec![none(a), none(aaaa)]), Err(Missed::Refused));
        assert_eq!(came(vec![answer(a, "NXDOMAIN", None)]), Err(Missed::Refused));
        assert_eq!(came(vec![answer(a, "SERVFAIL", None), none(aaaa)]), Err(Missed::Unreached));
        assert_eq!(came(vec![none(a), answer(aaaa, "NOERROR", v6)]), Err(Missed::Unreached));
        assert_eq!(came(Vec::new()), Err(Missed::Unreached));
        let there = vec![answer(a, "NOERROR", v4), answer(aaaa, "NOERROR", v6)];
        assert_eq!(came(there), Ok(vec!["192.0.2.7:443".parse().unwrap()]));
    }
}
