//! One run for one account with all that belongs around it: every provider that is to be asked, what is
//! remembered of it, and who of the user's programs hears.

use jiff::Timestamp;
use tracing::debug;

use super::errand::{self, Fetched, Transcript};
use super::hook;
use super::line::Stop;
use super::memory::{Came, Memory, Shelf, Telling};
use super::own_queue::Standing;
use super::receive::Progress;
use super::summary::{Later, Summary};
use crate::config::fetch::{Account, Ask, Effective};
use crate::exit::{Exit, Failure};

/// What came of asking one provider, and what is to be said of it.
#[derive(Debug)]
pub struct Told {
    /// What came of it.
    pub summary: Summary,
    /// The dialogues, where they were wanted.
    pub transcripts: Option<Vec<Transcript>>,
    /// Whether it is news.
    pub telling: Telling,
    /// What is wrong, in as many lines as it takes.
    pub failure: Option<Failure>,
}

/// What came of a visit, and what is known of the account after it.
#[derive(Debug)]
pub struct Visited {
    /// Of each provider that was asked.
    pub told: Vec<Told>,
    /// How things stand.
    pub memory: Memory,
}

/// Visits the account's providers. Nothing comes back where another run is at it, and that is fine with
/// the settings.
pub async fn visit(
    effective: &Effective,
    keep_dialogue: bool,
    stop: Stop,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Visited {
    let account = &effective.account;
    let started = Timestamp::now();
    let visited = match errand::fetch(effective, keep_dialogue, stop.clone(), progress).await {
        Ok(fetched) => fetched.into_iter().map(|fetched| (fetched, None)).collect(),
        Err(failure) => {
            let mut summary = Summary::failed(account, started, &failure);
            // Nothing else before the first call is for later.
            summary.later = (failure.exit == Exit::TempFail).then_some(Later::Held);
            vec![((summary, None), Some(failure))]
        }
    };
    let shelf = Shelf::of(account);
    let visited: Vec<_> = visited;
    if account.only_if_online && is_offline(&visited) {
        debug!("there is no way to the provider; letting it be");
        let memory = shelf.as_ref().map(Shelf::recall).unwrap_or_default();
        return Visited { told: Vec::new(), memory };
    }
    let mut memory = shelf.as_ref().map(Shelf::recall).unwrap_or_default();
    let place = |own: Account| {
        let name = own.server.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{name}:{}", own.port)
    };
    let called: Vec<String> = account.providers().into_iter().map(place).collect();
    memory.keep_to(&called);
    let mut told = Vec::with_capacity(visited.len());
    for ((summary, transcripts), failure) in visited {
        let summary = summary.bounded();
        // Whoever was told to stop before anything came has met with no trouble.
        let stopped = *stop.borrow() && summary.exit == Exit::TempFail && summary.accepted == 0;
        let telling = match stopped {
            true => Telling::Known,
            false => memory.note(&came(&summary), account.report_interval.get()),
        };
        let failure = failure.or_else(|| failure_of(&summary));
        if !stopped {
            hook::call(account, &summary, &telling).await;
        }
        told.push(Told { summary, transcripts, telling, failure });
    }
    if account.ask == Ask::First && !told.is_empty() {
        // Of those that stand in for it and were not needed nothing is known, nor does it matter.
        let asked: Vec<_> = told.iter().map(|told: &Told| told.summary.server.clone()).collect();
        memory.keep_to(&asked);
    }
    let emptied = |told: &Told| told.summary.queue.is_some_and(|queue| queue.holds_nothing());
    if let (true, Ok(folder)) = (told.iter().any(emptied), errand::queue_folder(account)) {
        memory.queue_is_empty(&folder);
    }
    if let Some(shelf) = shelf.filter(|_| !told.is_empty()) {
        shelf.keep(&memory);
    }
    Visited { told, memory }
}

/// Has nobody been reached, and only because there is no way to anybody?
fn is_offline(visited: &[(Fetched, Option<Failure>)]) -> bool {
    // What the account's own queue came to meanwhile is told all the same.
    let is_all =
        |summary: &Summary| summary.offline && summary.queue.as_ref().is_none_or(Standing::is_idle);
    !visited.is_empty() && visited.iter().all(|((summary, _), _)| is_all(summary))
}

/// Of several providers that stand in for each other the last one counts: it was asked because the
/// others could not be. Where each is asked, the worst does.
pub fn exit_of(account: &Account, told: &[Told]) -> Exit {
    let mut exits = told.iter().map(|told| told.summary.exit);
    let exit = if account.ask == Ask::All { exits.max() } else { exits.next_back() };
    exit.unwrap_or(Exit::Ok)
}

fn came(summary: &Summary) -> Came<'_> {
    Came {
        server: &summary.server,
        at: summary.started,
        result: Some(summary.result),
        exit: summary.exit,
        messages: summary.accepted,
        duplicates: summary.duplicates,
        reason: summary.reason.as_deref(),
    }
}

fn failure_of(summary: &Summary) -> Option<Failure> {
    let reason = summary.reason.as_ref()?;
    Some(Failure::new(summary.exit, reason).hint(summary.hint.clone()))
}
