//! What rests in the spool, domain by domain. Some of it is known in constant time; ages and recipients
//! take a walk through everything, so no more than a twentieth of the time is spent on that, however
//! often somebody asks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Mutex;
use tracing::error;

use crate::smtp::Domain;
use crate::spool::SpoolError;
use crate::spool::embedded::oversee::{Census, Overseer, Standings};

/// The upper ends of the first age groups, in seconds, and what each is called.
pub const AGES: [(u64, &str); 5] =
    [(3600, "1h"), (6 * 3600, "6h"), (86_400, "1d"), (3 * 86_400, "3d"), (5 * 86_400, "5d")];
/// The last one.
pub const OLDER: &str = "older";
/// What is given up within this time is given up soon.
pub const SOON: Duration = Duration::from_secs(86_400);
/// The share of the time that walks may take.
const SHARE: u32 = 20;

/// The figures of a domain, or of several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What the ledger knows.
    pub standings: Standings,
    /// What was counted.
    pub census: Census,
}

/// Takes surveys.
#[derive(Debug)]
pub struct Surveyor {
    overseer: Overseer,
    last: Mutex<Option<Walk>>,
}

/// A walk, and when the next may be.
#[derive(Debug)]
struct Walk {
    found: Arc<HashMap<Domain, Census>>,
    again: Instant,
}

impl Surveyor {
    /// One who looks at this spool.
    pub fn new(overseer: Overseer) -> Surveyor {
        Surveyor { overseer, last: Mutex::default() }
    }

    /// The domains whose new mail is held. Whoever can read the figures can read these too.
    pub async fn shut(&self, now: Timestamp) -> HashSet<Domain> {
        let decrees = self.overseer.decrees(now).await.unwrap_or_default();
        decrees.into_iter().map(|decree| decree.domain).collect()
    }

    /// The figures now, by name: of every domain that has mail, and of these.
    ///
    /// # Errors
    /// [`SpoolError`] when the spool cannot be read.
    pub async fn survey(
        &self,
        domains: impl Iterator<Item = Domain>,
    ) -> Result<Vec<Figures>, SpoolError> {
        let census = self.census().await.unwrap_or_else(|fault| {
            error!(%fault, "what waits cannot be counted by age");
            Arc::default()
        });
        let mut all = self.glance(domains).await?;
        for figures in &mut all {
            if let Some(counted) = census.get(&figures.standings.domain) {
                figures.census = counted.clone();
            }
        }
        Ok(all)
    }

    /// The same without what takes a walk.
    ///
    /// # Errors
    /// [`SpoolError`] when the spool cannot be read.
    pub async fn glance(
        &self,
        domains: impl Iterator<Item = Domain>,
    ) -> Result<Vec<Figures>, SpoolError> {
        let mut standings: HashMap<Domain, Standings> =
            domains.map(|domain| (domain.clone(), Standings::none(domain))).collect();
        for of_one in self.overseer.domains().await? {
            standings.insert(of_one.domain.clone(), of_one);
        }
        let figures = |standings: Standings| Figures { standings, census: nobody() };
        let mut all: Vec<Figures> = standings.into_values().map(figures).collect();
        all.sort_unstable_by(|a, b| a.standings.domain.cmp(&b.standings.domain));
        Ok(all)
    }

    /// Whoever asks while a walk is under way waits for that one.
    async fn census(&self) -> Result<Arc<HashMap<Domain, Census>>, SpoolError> {
        let mut last = self.last.lock().await;
        let began = Instant::now();
        if let Some(walk) = last.as_ref().filter(|walk| began < walk.again) {
            return Ok(Arc::clone(&walk.found));
        }
        let now = Timestamp::now();
        let ends = AGES.map(|(seconds, _)| now - Duration::from_secs(seconds));
        let found = Arc::new(self.overseer.census(&ends, now + SOON).await?);
        let again = Instant::now() + began.elapsed() * SHARE;
        *last = Some(Walk { found: Arc::clone(&found), again });
        Ok(found)
    }
}

impl Figures {
    /// None at all, under this name.
    pub fn none(domain: Domain) -> Figures {
        Figures { standings: Standings::none(domain), census: nobody() }
    }

    /// Counts another domain in.
    pub fn add(&mut self, other: &Figures) {
        let (own, more) = (&mut self.standings, &other.standings);
        own.waiting += more.waiting;
        own.tried += more.tried;
        own.leased += more.leased;
        own.octets += more.octets;
        own.octets_aside += more.octets_aside;
        own.held += more.held;
        own.failed += more.failed;
        own.damaged += more.damaged;
        own.deleted += more.deleted;
        own.oldest = own.oldest.into_iter().chain(more.oldest).min();
        own.next_expiry = own.next_expiry.into_iter().chain(more.next_expiry).min();
        for (own, more) in self.census.rest.iter_mut().zip(other.census.rest) {
            own.octets += more.octets;
            own.recipients += more.recipients;
        }
        self.census.expiring += other.census.expiring;
        for (own, more) in self.census.ages.iter_mut().zip(&other.census.ages) {
            *own += more;
        }
    }

    /// The age of the oldest that waits, in seconds.
    pub fn oldest_age(&self, now: Timestamp) -> i64 {
        self.standings.oldest.map_or(0, |oldest| now.duration_since(oldest).as_secs().max(0))
    }
}

fn nobody() -> Census {
    Census { ages: vec![0; AGES.len() + 1], ..Census::default() }
}

/// Divides domains into those that have figures of their own, at most so many and the fullest first,
/// and the rest.
pub fn largest(all: Vec<Figures>, most: usize) -> (Vec<Figures>, Vec<Figures>) {
    let mut own = all;
    own.sort_by_key(|figures| std::cmp::Reverse(figures.standings.waiting));
    let rest = own.split_off(most.min(own.len()));
    own.sort_unstable_by(|a, b| a.standings.domain.cmp(&b.standings.domain));
    (own, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(name: &str, waiting: u64) -> Figures {
        let mut figures = Figures::none(Domain::parse(name).unwrap());
        figures.standings.waiting = waiting;
        figures
    }

    #[test]
    fn the_fullest_have_figures_of_their_own() {
        let all = vec![
            waiting("a.example", 1),
            waiting("b.example", 9),
            waiting("c.example", 1),
            waiting("d.example", 5),
        ];
        let names = |figures: &[Figures]| -> Vec<String> {
            figures.iter().map(|figures| figures.standings.domain.to_string()).collect()
        };
        let (own, rest) = largest(all.clone(), 3);
        assert_eq!(names(&own), ["a.example", "b.example", "d.example"]);
        assert_eq!(names(&rest), ["c.example"]);
        assert_eq!(largest(all.clone(), usize::MAX).1, []);
        assert_eq!(largest(all, 0).0, []);
    }

    #[test]
    fn a_sum_has_the_oldest_of_all() {
        let mut sum = waiting("a.example", 1);
        let mut other = waiting("b.example", 2);
        other.standings.oldest = Some(Timestamp::UNIX_EPOCH);
        other.census.ages[5] = 2;
        sum.add(&other);
        assert_eq!((sum.standings.waiting, sum.census.ages[5]), (3, 2));
        assert_eq!(sum.standings.oldest, Some(Timestamp::UNIX_EPOCH));
    }
}
