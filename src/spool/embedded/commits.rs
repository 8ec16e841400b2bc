//! The writer's commits: how long each took, and whether there was one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// How long whoever walks through everything rests after each step while mail comes and goes: some ten
/// times what a step takes, so that it costs those about a tenth of a processor.
const REST: Duration = Duration::from_millis(20);

/// What is known of them.
#[derive(Debug)]
pub(super) struct Commits {
    /// In seconds.
    pub(super) times: Histogram,
    count: AtomicU64,
}

impl Default for Commits {
    fn default() -> Commits {
        // From a tenth of a millisecond to six seconds.
        let times = Histogram::new(exponential_buckets(0.0001, 3.0, 11));
        Commits { times, count: AtomicU64::new(0) }
    }
}

impl Commits {
    /// One more, which took so long.
    pub(super) fn add(&self, took: Duration) {
        self.times.observe(took.as_secs_f64());
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Somebody's way through everything that waits.
#[derive(Debug, Default)]
pub struct Stride {
    seen: Option<u64>,
}

impl Stride {
    /// How long to rest before the next step: not at all, unless something was written since the last.
    pub(super) fn rest(&mut self, commits: &Commits) -> Option<Duration> {
        let now = commits.count();
        let before = self.seen.replace(now);
        (before.is_some_and(|before| before != now)).then_some(REST)
    }
}

#[test]
fn who_walks_rests_only_while_something_is_written() {
    let (commits, mut stride) = (Commits::default(), Stride::default());
    commits.add(Duration::ZERO);
    assert_eq!(stride.rest(&commits), None, "the first step");
    assert_eq!(stride.rest(&commits), None);
    commits.add(Duration::ZERO);
    assert_eq!(stride.rest(&commits), Some(REST));
    assert_eq!(stride.rest(&commits), None);
}
