//! The books of an odmrd: whose domains there are, and what waits for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::config::accounts::Accounts;
use crate::config::fetch::TlsMode;
use crate::config::provider::{self, DomainSettings, Etrn, Settings};
use crate::exit::{Exit, Failure};
use crate::flow::check::{OwnServer, Provision, Waiting};
use crate::flow::desk::client::{Office, ask};
use crate::flow::desk::wire::Request;
use crate::smtp::Domain;

/// So long odmrd may take to tell what waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an odmrd has in its settings, its account file and its queue.
pub(super) struct Books {
    settings: Settings,
    /// By domain, the account.
    owners: BTreeMap<String, String>,
    /// Mail for these is let in.
    listed: BTreeSet<String>,
    /// What waits, by domain; or why nobody told.
    queue: Result<HashMap<String, Waiting>, String>,
}

impl Books {
    /// Reads them. Where nobody tells what waits that is not known.
    ///
    /// # Errors
    /// The settings or the account file cannot be read.
    pub(super) fn open(
        config: &Path,
        listed: Vec<String>,
        spool: Option<&Path>,
    ) -> Result<Books, Failure> {
        let loaded =
            provider::load(config).map_err(|problems| Failure::new(Exit::Config, problems))?;
        let settings = loaded.settings;
        let accounts = Accounts::load(settings.accounts_path())
            .map_err(|fault| Failure::new(fault.exit(), fault))?;
        let owned = accounts.iter().flat_map(|account| {
            account.domains.iter().map(|domain| (domain.as_str().to_owned(), account.name.clone()))
        });
        let office = match spool {
            Some(folder) => Office::Spool(folder.to_owned()),
            None => Office::Socket(settings.control_socket()),
        };
        let (owners, listed) = (owned.collect(), listed.into_iter().collect());
        Ok(Books { owners, listed, queue: queue(&office), settings })
    }

    /// The server that holds the mail, by the name it greets with.
    pub(super) fn server(&self) -> Option<String> {
        self.settings.hostname.as_ref().map(|name| name.as_str().to_owned())
    }

    /// Every domain that is in the books, each once.
    pub(super) fn domains(&self) -> Vec<String> {
        let waits =
            |(domain, waiting): (&String, &Waiting)| (waiting.messages > 0).then(|| domain.clone());
        let mut all: BTreeSet<String> = self.owners.keys().cloned().collect();
        all.extend(self.settings.domains.keys().map(|domain| domain.as_str().to_owned()));
        all.extend(self.listed.iter().cloned());
        all.extend(self.queue.iter().flatten().filter_map(waits));
        all.into_iter().collect()
    }

    /// What they say of a domain.
    pub(super) fn of(&self, domain: &str) -> Provision {
        let known = Domain::parse(domain).ok();
        let settings = &self.settings;
        let lifetime = known.as_ref().map_or(settings.queue.lifetime, |d| settings.lifetime(d));
        let delay = known.as_ref().and_then(|domain| settings.delay(domain));
        let (queue, untold) = match &self.queue {
            Ok(queue) => (Some(queue.get(domain).cloned().unwrap_or_default()), None),
            Err(why) => (None, Some(why.clone())),
        };
        Provision {
            account: self.owners.get(domain).cloned(),
            is_set: known.as_ref().is_some_and(|domain| settings.domains.contains_key(domain)),
            is_listed: self.listed.contains(domain),
            lifetime_s: lifetime.get().as_secs(),
            delay_s: delay.map(|(after, _)| after.get().as_secs()),
            own: known.as_ref().and_then(|domain| own(settings.domains.get(domain)?)),
            queue,
            untold,
        }
    }

    /// By domain, its customer's own server.
    pub(super) fn own_servers(&self) -> HashMap<String, String> {
        let all = self.settings.domains.iter();
        all.filter_map(|(domain, special)| Some((domain.as_str().to_owned(), own(special)?.host)))
            .collect()
    }
}

/// The server that mail is brought to, if it is.
fn own(special: &DomainSettings) -> Option<OwnServer> {
    let (push, etrn) = (special.push == Some(true), special.etrn.unwrap_or_default() != Etrn::Off);
    let proves = !matches!(special.host_tls, None | Some(TlsMode::Opportunistic | TlsMode::None));
    let host = special.host.as_ref().filter(|_| push || etrn)?.to_string().to_ascii_lowercase();
    Some(OwnServer { host, proves, push, etrn })
}

/// What waits for each domain.
fn queue(office: &Office) -> Result<HashMap<String, Waiting>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let told = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, async {
            let request = Request::Domains { domain: Vec::new(), ages: false };
            let mut answer = ask(office, request).await?;
            let mut found = HashMap::new();
            while let Some(line) = answer.next().await? {
                if let Ok(record) = serde_json::from_slice(line) {
                    found.extend(waiting(&record));
                }
            }
            Ok::<_, Failure>(found)
        })
        .await
    });
    match told {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(failure)) => Err(failure.what),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// A domain's record, as far as it matters here.
fn waiting(record: &Value) -> Option<(String, Waiting)> {
    let domain = record.get("domain")?.as_str()?.to_owned();
    let session = record.get("last_session");
    let session = session.filter(|session| has_fetched(session));
    let at = session.and_then(|session| session.get("at")?.as_str()?.parse().ok());
    let waiting = Waiting {
        messages: record.get("messages").and_then(Value::as_u64).unwrap_or_default(),
        next_expiry_s: record.get("next_expiry_s").and_then(Value::as_i64),
        last_fetch_s: at
            .map(|at: jiff::Timestamp| jiff::Timestamp::now().duration_since(at).as_secs().max(0)),
    };
    Some((domain, waiting))
}

/// Did the customer get what was there? A turn that ended before anything was delivered has fetched nothing.
fn has_fetched(session: &Value) -> bool {
    let delivered = session.get("delivered").and_then(Value::as_u64);
    match session.get("result").and_then(Value::as_str) {
        Some("ok") => delivered != Some(0),
        Some("no_mail") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_record_is_taken_what_matters() {
        let record = |result: &str| {
            json!({"domain": "example.org", "messages": 3, "next_expiry_s": -5,
                "last_session": {"at": "2020-01-01T00:00:00Z", "result": result}})
        };
        let (domain, told) = waiting(&record("ok")).unwrap();
        assert_eq!(
            (domain.as_str(), told.messages, told.next_expiry_s),
            ("example.org", 3, Some(-5))
        );
        assert!(told.last_fetch_s.is_some_and(|seconds| seconds > 86_400));
        assert_eq!(waiting(&record("unauth530")).unwrap().1.last_fetch_s, None);
        let with = |result: &str, delivered: u64| {
            let mut record = record(result);
            record["last_session"]["delivered"] = delivered.into();
            waiting(&record).unwrap().1.last_fetch_s.is_some()
        };
        assert!(with("ok", 1) && with("no_mail", 0) && !with("ok", 0));
        assert!(waiting(&json!({"messages": 3})).is_none());
        let bare = waiting(&json!({"domain": "a.org", "last_session": null})).unwrap().1;
        assert_eq!(bare, Waiting::default());
    }
}
