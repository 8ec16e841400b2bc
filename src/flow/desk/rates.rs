//! How much came and went since a moment.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::record::Rates;
use super::wire::Apart;
use super::{Desk, Selected, Sheet, Trouble, line};
use crate::exit::{Exit, Failure};
use crate::flow::traffic::Passed;

impl Desk {
    /// Of the domains that are selected: all together, or each domain or account that had any.
    pub(super) async fn traffic(
        &self,
        since: Timestamp,
        selected: &Selected,
        by: Apart,
        sheet: &Sheet,
    ) -> Result<(), Trouble> {
        let Some(counts) = &self.counts else {
            let what = "what came and went is known to a running odmrd only";
            return Err(Failure::new(Exit::Unavailable, what).into());
        };
        let now = Timestamp::now();
        if since > now {
            let what = format!("since: {since} is still to come; allowed: a time that has been");
            return Err(Failure::new(Exit::Usage, what).into());
        }
        let known = counts.events.traffic_since(since);
        let mut sums: BTreeMap<String, Passed> = BTreeMap::new();
        if by == Apart::All {
            sums.insert("all".to_owned(), Passed::default());
        }
        for (domain, passed) in known.domains.iter().filter(|(domain, _)| selected.is_of(domain)) {
            let key = match by {
                Apart::All => "all",
                Apart::Domain => domain.as_str(),
                Apart::Account => self.account(domain).unwrap_or("-"),
            };
            sums.entry(key.to_owned()).or_default().add(*passed);
        }
        let word = match by {
            Apart::All => "all",
            Apart::Domain => "domain",
            Apart::Account => "account",
        };
        let mut lines = Vec::new();
        for (key, passed) in sums {
            line(&mut lines, &Rates::new((word, key), passed, since, &known, now))?;
        }
        Ok(sheet.send(lines).await?)
    }
}
