//! Mail that is brought to its host at once, because an operator says so.

use jiff::Timestamp;

use super::record::{ACTION, Action, audit_name};
use super::selection::Selection;
use super::{Desk, Sheet, Trouble, filter, is_short, line};
use crate::exit::{Exit, Failure};
use crate::queue::filter::DomainPattern;
use crate::smtp::Domain;
use crate::spool::embedded::operate::Warrant;

/// The word for it, in the record and in the audit.
const ACTION_WORD: &str = "deliver_now";

impl Desk {
    /// Has what waits for these domains brought to their hosts, however lately that came to nothing.
    pub(super) async fn deliver_now(
        &self,
        named: &[String],
        dry_run: bool,
        reason: Option<String>,
        sheet: &Sheet,
    ) -> Result<(), Trouble> {
        is_short(reason.as_deref())?;
        let (Some(pushing), Some(spool)) = (&self.pushing, &self.spool) else {
            let what = "only a running odmrd brings mail to its host";
            return Err(Failure::new(Exit::Unavailable, what).into());
        };
        let selection = Selection { domain: named.to_vec(), ..Selection::default() };
        let domains = self.with_a_host(&selection)?;
        let all = self.overseer.domains().await?;
        let waits = all.iter().filter(|figures| domains.contains(&figures.domain));
        let (matched, leased) = waits.fold((0, 0), |(matched, leased), figures| {
            (matched + figures.waiting, leased + figures.leased)
        });
        let done = if dry_run { 0 } else { matched.saturating_sub(leased) };
        let mut audit = None;
        if !dry_run {
            let names = domains.iter().map(Domain::as_str).collect::<Vec<_>>().join(" ");
            let said = reason.as_deref();
            tracing::info!(
                who = self.who,
                domains = names,
                reason = said,
                messages = matched,
                "an operator has mail brought to its host"
            );
            let (who, filter) = (self.who.clone(), selection.typed());
            let warrant = Warrant { who, reason: reason.clone(), filter, at: Timestamp::now() };
            // What is not noted is not done.
            audit = Some(spool.note(ACTION_WORD, warrant, done).await?);
            pushing.ask_for(domains);
        }
        let told = Action {
            schema: ACTION,
            action: ACTION_WORD.to_owned(),
            matched,
            done,
            busy: leased,
            unfit: 0,
            failed: 0,
            missing: 0,
            missing_ids: Vec::new(),
            dry_run,
            reason,
            audit: audit.map(audit_name),
            future: None,
        };
        let mut lines = Vec::new();
        line(&mut lines, &told)?;
        Ok(sheet.send(lines).await?)
    }

    /// The domains that are named, each of which has a host to which its mail is brought.
    fn with_a_host(&self, named: &Selection) -> Result<Vec<Domain>, Failure> {
        let mut domains = Vec::new();
        for pattern in filter(named)?.domains {
            let DomainPattern::This(domain) = pattern else {
                let what = "domain: which of them? Name each whose mail is to be brought";
                return Err(Failure::new(Exit::Usage, what));
            };
            let held = self.house.as_ref().and_then(|house| house.domains.get(&domain));
            match held {
                Some(held) if held.host.is_some() => domains.push(domain),
                Some(_) => {
                    let what = format!(
                        "{domain}: its customer calls for its mail; it has no host to bring it to"
                    );
                    let hint =
                        "odmrd.toml(5): `host` and `push` of [domains] say where mail is brought";
                    return Err(Failure::new(Exit::Usage, what).hint(Some(hint)));
                }
                None => {
                    let what = format!("{domain}: no account has that domain");
                    return Err(Failure::new(Exit::NoInput, what));
                }
            }
        }
        match domains.is_empty() {
            true => Err(Failure::new(Exit::Usage, "domain: of which domains?")),
            false => Ok(domains),
        }
    }
}
