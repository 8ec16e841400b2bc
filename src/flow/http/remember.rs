//! Once a minute: how much waits now is written down, for the picture on the page.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tracing::warn;

use super::Site;
use super::history::{History, MOST, Minute};
use super::survey::Figures;
use crate::flow::line::{Stop, every_minute};
use crate::queue;

/// The history while the daemon runs. Without the file there is no picture, and all else goes on.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Option<History>>>);

impl Memory {
    /// Opens the file.
    pub fn open(path: &Path) -> Memory {
        let opened = History::open(path).map_err(|error| {
            warn!(path = %path.display(), %error, "how much waits will not be remembered");
        });
        Memory(Arc::new(Mutex::new(opened.ok())))
    }

    /// Does something with the file on a thread that may wait for the disk. `None` where there is none.
    pub async fn with<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut History) -> T + Send + 'static,
    ) -> Option<T> {
        let history = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            history.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(what)
        });
        done.await.ok().flatten()
    }
}

/// Until the daemon stops.
pub async fn keep_remembering(site: Arc<Site>, stop: Stop) {
    every_minute(stop, |well| {
        let site = site.clone();
        async move { site.remember(well).await }
    })
    .await;
}

impl Site {
    /// Writes the present minute down, and says whether that went well. Told once, not every minute.
    async fn remember(&self, well: bool) -> bool {
        let house = self.provider.house();
        let glance = self.surveyor.glance(house.domains.keys().cloned());
        let Ok(figures) = glance.await else { return well };
        let minute = minute(&figures, Timestamp::now());
        let noted = self.memory.with(move |history| history.note(&minute)).await;
        match noted {
            Some(Err(error)) => {
                if well {
                    warn!(%error, "how much waits cannot be written down");
                }
                false
            }
            _ => true,
        }
    }
}

/// Minutes since 1970.
pub fn minutes(at: Timestamp) -> u32 {
    u32::try_from(at.as_second() / 60).unwrap_or_default()
}

/// What waits for customers; our own mail does not.
fn minute(figures: &[Figures], now: Timestamp) -> Minute {
    let customers =
        || figures.iter().filter(|figures| figures.standings.domain.as_str() != queue::OUTGOING);
    let waiting = |figures: &Figures| u32::try_from(figures.standings.waiting).unwrap_or(u32::MAX);
    let mut domains: Vec<(String, u32)> = customers()
        .filter(|figures| figures.standings.waiting > 0)
        .map(|figures| (figures.standings.domain.to_string(), waiting(figures)))
        .collect();
    domains.sort_by_key(|(_, messages)| std::cmp::Reverse(*messages));
    domains.truncate(MOST);
    let oldest = customers().map(|figures| figures.oldest_age(now)).max().unwrap_or_default();
    Minute {
        at: minutes(now),
        waiting: customers().map(waiting).fold(0, u32::saturating_add),
        octets: customers().map(|figures| figures.standings.octets).sum(),
        oldest: u32::try_from(oldest).unwrap_or(u32::MAX),
        domains,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::Domain;

    #[test]
    fn a_minute_names_the_fullest_and_counts_all_but_our_own() {
        let figures: Vec<Figures> = (0..20)
            .map(|n| (format!("d{n}.example"), n))
            .chain([(queue::OUTGOING.to_owned(), 1000)])
            .map(|(name, waiting)| {
                let mut figures = Figures::none(Domain::parse(&name).unwrap());
                figures.standings.waiting = waiting;
                figures
            })
            .collect();
        let minute = minute(&figures, Timestamp::from_second(120).unwrap());
        assert_eq!((minute.at, minute.waiting, minute.domains.len()), (2, 190, MOST));
        assert_eq!(minute.domains[0], ("d19.example".to_owned(), 19));
    }
}
