//! Orders that are also about mail yet to come: whole domains whose new mail is held.

use std::collections::HashMap;

use jiff::Timestamp;

use super::selection::Selection;
use super::{Desk, Selected, Trouble};
use crate::exit::{Exit, Failure};
use crate::queue::{Act, Standing};
use crate::smtp::Domain;
use crate::spool::embedded::Embedded;
use crate::spool::embedded::decree::Decree;
use crate::spool::embedded::operate::Warrant;

impl Desk {
    /// The domains whose new mail is held, by name.
    pub(super) async fn decrees(&self, now: Timestamp) -> Result<HashMap<Domain, Decree>, Trouble> {
        let all = self.overseer.decrees(now).await?;
        Ok(all.into_iter().map(|decree| (decree.domain.clone(), decree)).collect())
    }

    /// The domains that an order about mail yet to come is for.
    pub(super) async fn future_of(
        &self,
        act: &Act,
        filter: &Selection,
        selected: &Selected,
        warrant: &Warrant,
    ) -> Result<Vec<Domain>, Trouble> {
        let usage = |what: &str| Failure::new(Exit::Usage, format!("future: {what}"));
        let releases = matches!(act, Act::Release);
        if !releases && !matches!(act, Act::Hold(_)) {
            return Err(usage("only hold and release are about mail yet to come").into());
        }
        let mut rest = Selection { domain: Vec::new(), account: Vec::new(), ..filter.clone() };
        if releases && rest.state == [Standing::Held.name()] {
            rest.state.clear();
        }
        if !rest.is_empty() {
            let hint = "name them by --domain or --account, and nothing else";
            return Err(usage("whole domains only").hint(Some(hint)).into());
        }
        let is_meant = |domain: &Domain| selected.is_of(domain);
        if releases {
            let standing = self.overseer.decrees(warrant.at).await?.into_iter();
            return Ok(standing.map(|decree| decree.domain).filter(is_meant).collect());
        }
        if warrant.reason.is_none() {
            return Err(usage("reason: not set; who meets the hold next month will ask").into());
        }
        let Some(domains) = selected.within() else {
            return Err(usage("of which domains? Name each of them, or an account").into());
        };
        let domains: Vec<Domain> =
            domains.iter().filter(|domain| is_meant(domain)).cloned().collect();
        if let Some(house) = &self.house {
            let stranger = domains.iter().find(|domain| !house.domains.contains_key(*domain));
            if let Some(domain) = stranger {
                let what = format!("future: no account may fetch the mail of {domain}");
                return Err(Failure::new(Exit::NoInput, what).into());
            }
        }
        Ok(domains)
    }

    /// Holds the new mail of these domains from now on, or no longer. Says of how many that is news, and the
    /// number of the order in the audit.
    pub(super) async fn proclaim(
        &self,
        spool: &Embedded,
        act: &Act,
        domains: Vec<Domain>,
        warrant: Warrant,
    ) -> Result<(u64, Option<i64>), Trouble> {
        if domains.is_empty() {
            return Ok((0, None));
        }
        let hold = match act {
            Act::Hold(until) => Some(*until),
            _ => None,
        };
        let names = domains.iter().map(Domain::as_str).collect::<Vec<_>>().join(" ");
        let changed = spool.proclaim(domains, hold, warrant).await?;
        let held = hold.is_some();
        tracing::info!(who = self.who, domains = names, held, "an operator's order for new mail");
        Ok(changed)
    }
}
