//! `/status.json`: all that the page shows, and nothing that names a sender or a recipient.

use std::collections::HashSet;
use std::net::IpAddr;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use tracing::error;

use super::Site;
use super::history::{Minute, peaks};
use super::remember::minutes;
use super::survey::{Figures, largest};
use crate::flow::counts::Outcome;
use crate::flow::provider::House;
use crate::flow::recent::Past;
use crate::net::http::{Answer, plain};
use crate::queue;
use crate::smtp::Domain;

/// Schema of what the page is made from.
pub const STATUS: &str = "odmr.status/1";

/// Domains that are told one by one.
const DOMAINS: usize = 50;
/// Domains with a layer of their own in the picture.
const LAYERS: usize = 8;
/// Accounts that are told one by one.
const ACCOUNTS: usize = 200;
/// Sessions that are told.
const SESSIONS: usize = 30;
/// An account that has got no mail for so long is silent, in seconds.
const SILENCE: i64 = 86_400;

/// What the picture may cover: its name, its minutes, and the minutes of each of its points.
const WINDOWS: [(&str, u32, u32); 3] =
    [("24h", 24 * 60, 5), ("7d", 7 * 24 * 60, 30), ("30d", 30 * 24 * 60, 120)];

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    at: Timestamp,
    name: &'a str,
    version: &'static str,
    uptime_s: i64,
    accepts: bool,
    totals: Totals,
    spool: Option<Space>,
    domains: Vec<OfDomain<'a>>,
    other_domains: Others,
    outgoing: Outgoing,
    depth: Depth,
    accounts: Vec<OfAccount>,
    other_accounts: usize,
    active_sessions: u64,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Totals {
    messages: u64,
    bytes: u64,
    oldest_s: i64,
    expiring_24h: u64,
    held: u64,
    damaged: u64,
    silent_accounts: usize,
}

#[derive(Serialize)]
struct Space {
    free_bytes: u64,
    size_bytes: u64,
}

#[derive(Serialize)]
struct OfDomain<'a> {
    domain: &'a str,
    account: Option<&'a str>,
    messages: u64,
    bytes: u64,
    deferred: u64,
    in_session: u64,
    held: u64,
    /// What comes for it is held from the start.
    new_mail_held: bool,
    oldest_s: i64,
    next_expiry_s: Option<i64>,
    lifetime_s: Option<u64>,
    ages: &'a [u64],
}

/// Our customers' mail to the world, and our own.
#[derive(Serialize)]
struct Outgoing {
    messages: u64,
    bytes: u64,
    deferred: u64,
    held: u64,
    oldest_s: i64,
    next_expiry_s: Option<i64>,
    /// Why the last call to the smarthost came to nothing; null where it was heard.
    trouble: Option<String>,
    trouble_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Others {
    domains: usize,
    messages: u64,
}

/// How much waited: for each point the domains of `names`, in their order, and then all others. A point
/// without figures is null: nobody was there to see.
#[derive(Serialize)]
struct Depth {
    window: &'static str,
    step_s: u32,
    first: Timestamp,
    names: Vec<String>,
    points: Vec<Option<Vec<u32>>>,
}

#[derive(Serialize)]
struct OfAccount {
    account: String,
    last_success: Option<Timestamp>,
    last_attempt: Option<Timestamp>,
    silent: bool,
    /// The last twenty-four hours, the present one last: calls by result.
    hours: Vec<[u32; Outcome::ALL.len()]>,
}

#[derive(Serialize)]
struct Session {
    id: String,
    began: Timestamp,
    took_ms: u64,
    account: String,
    ip: IpAddr,
    helo: String,
    tls: Option<String>,
    result: &'static str,
    delivered: u64,
    deferred: u64,
    refused: u64,
    bytes: u64,
}

impl From<Past> for Session {
    fn from(past: Past) -> Session {
        let word = Outcome::ALL.iter().find(|(outcome, _)| *outcome == past.outcome);
        Session {
            id: past.id,
            began: second(past.began),
            took_ms: u64::try_from(past.took.as_millis()).unwrap_or(u64::MAX),
            account: past.account,
            ip: past.ip,
            helo: past.helo,
            tls: past.tls,
            result: word.map_or("", |(_, word)| word),
            delivered: past.drained.delivered,
            deferred: past.drained.deferred,
            refused: past.drained.refused,
            bytes: past.drained.octets,
        }
    }
}

impl Site {
    /// How everything stands; the query says what the picture covers.
    pub(super) async fn status(&self, query: Option<&str>) -> Answer {
        let wanted = query.and_then(|query| query.strip_prefix("window="));
        let named = |(name, ..): &&(&'static str, u32, u32)| Some(*name) == wanted;
        let Some(window) =
            WINDOWS.iter().find(named).or(WINDOWS.first().filter(|_| query.is_none()))
        else {
            return plain(StatusCode::BAD_REQUEST, "window=24h, window=7d or window=30d\n");
        };
        let (figures, own) = match self.figures().await {
            Ok(figures) => customers_and_own(figures),
            Err(fault) => {
                error!(%fault, "no figures of the queue");
                return plain(StatusCode::SERVICE_UNAVAILABLE, "the spool cannot be read\n");
            }
        };
        let now = Timestamp::now();
        let depth = self.depth(*window, now).await;
        let shut = self.surveyor.shut(now).await;
        let house = self.provider.house();
        match serde_json::to_vec(&self.put_together(figures, &own, &shut, depth, &house, now)) {
            Ok(text) => {
                let mut answer = plain(StatusCode::OK, text);
                let kind = HeaderValue::from_static("application/json");
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "it cannot be told\n"),
        }
    }

    fn put_together<'a>(
        &'a self,
        figures: Vec<Figures>,
        outgoing: &Figures,
        shut: &HashSet<Domain>,
        depth: Depth,
        house: &'a House,
        now: Timestamp,
    ) -> serde_json::Value {
        let mut sum = Figures::none(queue::outgoing());
        figures.iter().for_each(|figures| sum.add(figures));
        let (mut own, rest) = largest(figures, DOMAINS);
        own.sort_by_key(|figures| std::cmp::Reverse(figures.standings.waiting));
        let (accounts, other_accounts, silent_accounts) = self.accounts(house, now);
        let sessions = self.provider.counts.recent.sessions(SESSIONS);
        let status = Status {
            schema: STATUS,
            at: second(now),
            name: &self.provider.name,
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: now.duration_since(self.provider.started).as_secs(),
            accepts: self.provider.spool.accepts().is_ok(),
            totals: Totals {
                messages: sum.standings.waiting,
                bytes: sum.standings.octets,
                oldest_s: sum.oldest_age(now),
                expiring_24h: sum.census.expiring,
                held: sum.standings.held,
                damaged: sum.standings.damaged,
                silent_accounts,
            },
            spool: self
                .provider
                .spool
                .space()
                .map(|space| Space { free_bytes: space.free, size_bytes: space.size }),
            domains: own.iter().map(|figures| of_domain(figures, shut, house, now)).collect(),
            other_domains: Others {
                domains: rest.len(),
                messages: rest.iter().map(|figures| figures.standings.waiting).sum(),
            },
            outgoing: self.outgoing(outgoing, now),
            depth,
            accounts,
            other_accounts,
            active_sessions: self.provider.counts.open_sessions(),
            sessions: sessions.into_iter().map(Session::from).collect(),
        };
        serde_json::to_value(status).unwrap_or_default()
    }

    fn outgoing(&self, figures: &Figures, now: Timestamp) -> Outgoing {
        let own = &figures.standings;
        let trouble = self.provider.pushing.trouble(&own.domain);
        Outgoing {
            messages: own.waiting,
            bytes: own.octets,
            deferred: own.tried,
            held: own.held,
            oldest_s: figures.oldest_age(now),
            next_expiry_s: own.next_expiry.map(|at| at.duration_since(now).as_secs()),
            trouble_at: trouble.as_ref().map(|trouble| second(trouble.at)),
            trouble: trouble.map(|trouble| trouble.what.clone()),
        }
    }

    /// The accounts, those that were silent for longest first; how many more there are; and how many
    /// are silent.
    fn accounts(&self, house: &House, now: Timestamp) -> (Vec<OfAccount>, usize, usize) {
        let counts = &self.provider.counts;
        let known = counts.accounts();
        let since = |at: Option<i64>| at.unwrap_or(self.provider.started.as_second());
        let mut all: Vec<(i64, &str)> = house
            .accounts
            .iter()
            // One that only sends never calls for mail.
            .filter(|account| !account.domains.is_empty())
            .map(|account| {
                let last = known.get(&account.name).and_then(|of| of.last_success.get());
                (since(last), account.name.as_str())
            })
            .collect();
        let silent = |since: i64| now.as_second() - since > SILENCE;
        let silent_ones = all.iter().filter(|(since, _)| silent(*since)).count();
        all.sort_unstable();
        let rest = all.split_off(ACCOUNTS.min(all.len()));
        let told = |(since, name): (i64, &str)| {
            let of = known.get(name);
            let moment = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
            OfAccount {
                account: name.to_owned(),
                last_success: moment(of.and_then(|of| of.last_success.get())),
                last_attempt: moment(of.and_then(|of| of.last_attempt.get())),
                silent: silent(since),
                hours: counts.recent.hours(name, now).to_vec(),
            }
        };
        (all.into_iter().map(told).collect(), rest.len(), silent_ones)
    }

    async fn depth(
        &self,
        (window, covers, step): (&'static str, u32, u32),
        now: Timestamp,
    ) -> Depth {
        // Whole steps, so that a point does not change while it slides through the picture.
        let last = minutes(now) / step * step + step - 1;
        let first = (last + 1).saturating_sub(covers);
        let read = self.memory.with(move |history| history.read(first, last)).await;
        let minutes = match read {
            Some(Ok(minutes)) => minutes,
            Some(Err(fault)) => {
                error!(%fault, "the history cannot be read");
                Vec::new()
            }
            None => Vec::new(),
        };
        let points = peaks(&minutes, first, last, step);
        let names = layers(&points);
        let point = |point: &Option<&Minute>| point.map(|minute| layered(minute, &names));
        Depth {
            window,
            step_s: step * 60,
            first: Timestamp::from_second(i64::from(first) * 60).unwrap_or_default(),
            points: points.iter().map(point).collect(),
            names,
        }
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Our own mail is nobody's waiting mail.
fn customers_and_own(figures: Vec<Figures>) -> (Vec<Figures>, Figures) {
    let own = |figures: &Figures| figures.standings.domain.as_str() == queue::OUTGOING;
    let (mut own, customers): (Vec<_>, Vec<_>) = figures.into_iter().partition(own);
    (customers, own.pop().unwrap_or_else(|| Figures::none(queue::outgoing())))
}

fn of_domain<'a>(
    figures: &'a Figures,
    shut: &HashSet<Domain>,
    house: &'a House,
    now: Timestamp,
) -> OfDomain<'a> {
    let own = &figures.standings;
    let domain: &Domain = &own.domain;
    OfDomain {
        domain: domain.as_str(),
        account: house.accounts.claimant(domain).map(|account| account.name.as_str()),
        messages: own.waiting,
        bytes: own.octets,
        deferred: own.tried,
        in_session: own.leased,
        held: own.held,
        new_mail_held: shut.contains(domain),
        oldest_s: figures.oldest_age(now),
        next_expiry_s: own.next_expiry.map(|at| at.duration_since(now).as_secs()),
        lifetime_s: house.domains.get(domain).map(|held| held.lifetime.as_secs()),
        ages: &figures.census.ages,
    }
}

/// The domains of which most waited over all of it.
fn layers(points: &[Option<&Minute>]) -> Vec<String> {
    let mut sums: std::collections::BTreeMap<&str, u64> = Default::default();
    for (name, messages) in points.iter().flatten().flat_map(|minute| &minute.domains) {
        *sums.entry(name).or_default() += u64::from(*messages);
    }
    let mut names: Vec<(&str, u64)> = sums.into_iter().collect();
    names.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    names.into_iter().take(LAYERS).map(|(name, _)| name.to_owned()).collect()
}

fn layered(minute: &Minute, names: &[String]) -> Vec<u32> {
    let of = |name: &String| {
        let found = minute.domains.iter().find(|(domain, _)| domain == name);
        found.map_or(0, |(_, messages)| *messages)
    };
    let mut layers: Vec<u32> = names.iter().map(of).collect();
    let named: u32 = layers.iter().fold(0, |sum, layer| sum.saturating_add(*layer));
    layers.push(minute.waiting.saturating_sub(named));
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_its_layers_in_order_and_the_others_last() {
        let domains = vec![("a.example".to_owned(), 3), ("b.example".to_owned(), 4)];
        let minute = Minute { waiting: 10, domains, ..Minute::default() };
        let names = layers(&[Some(&minute), None]);
        assert_eq!(names, ["b.example", "a.example"]);
        assert_eq!(layered(&minute, &names), [4, 3, 3]);
        assert_eq!(layered(&minute, &[]), [10]);
    }
}
