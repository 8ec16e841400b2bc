//! What a run would do, found out without calling anybody: whom it would call, where that is, what it
//! would ask for, and where the mail would go.

use std::net::IpAddr;

use serde::Serialize;

use super::call::{calling, connect_exit, groups};
use super::errand::judged;
use crate::config::fetch::check::Purpose;
use crate::config::fetch::{Account, Ask, Effective, Profile, TlsMode, Verb};
use crate::exit::{Exit, Failure};
use crate::net::resolve;
use crate::smtp::Domain;

/// The longest command line that every provider hears out. RFC 5321, section 4.5.3.1.4.
const LINE: usize = 512;

/// What a run would do. `odmr.fetch.plan/1`.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    schema: &'static str,
    /// The account's name; empty when flags alone describe it.
    pub account: String,
    /// Who would be called, in order.
    pub providers: Vec<Planned>,
    /// What would be said to have the line turned.
    pub commands: Vec<String>,
    /// Domains whose mail would be taken.
    pub domains: Vec<Domain>,
    /// Where it would go.
    pub target: String,
    /// The folder of the account's own queue, where it has one.
    pub spool: Option<String>,
    /// How the program would end if it got no further.
    #[serde(skip)]
    pub exit: Exit,
}

/// One provider.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    /// Host and port.
    pub server: String,
    /// Its addresses, or those of the proxy, in the order in which they would be called.
    pub addresses: Vec<IpAddr>,
    /// The proxy by way of which it would be called.
    pub proxy: Option<String>,
    /// How the line would be encrypted.
    pub tls: TlsMode,
    /// The name to log in with.
    pub user: Option<String>,
    /// Why it cannot be called.
    pub fault: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

/// Judges the settings, looks the providers up, and goes no further: nobody is called, no password is read.
///
/// # Errors
/// [`Failure`]: the settings cannot be used.
pub async fn plan(effective: &Effective) -> Result<Plan, Failure> {
    judged(effective, Purpose::Run)?;
    let account = &effective.account;
    let mut providers = Vec::new();
    for provider in account.providers() {
        providers.push(planned(&provider).await);
    }
    let exits = || providers.iter().map(|provider| provider.exit);
    let exit = match account.ask {
        Ask::All => exits().max(),
        Ask::First => exits().find(|exit| *exit == Exit::Ok).or_else(|| exits().next_back()),
    };
    let named = if account.domains.is_empty() { &account.accept_domains } else { &account.domains };
    Ok(Plan {
        schema: "odmr.fetch.plan/1",
        account: account.name.clone(),
        commands: commands(account),
        domains: named.clone(),
        target: account.deliver.as_ref().map(ToString::to_string).unwrap_or_default(),
        spool: account.spool.as_ref().map(|folder| folder.display().to_string()),
        exit: exit.unwrap_or(Exit::Ok),
        providers,
    })
}

async fn planned(account: &Account) -> Planned {
    let host = account.server.as_ref().map(ToString::to_string).unwrap_or_default();
    // A proxy looks the name up itself; what can be known is where the proxy is.
    let (asked, port) = account
        .proxy
        .as_ref()
        .map_or((host.clone(), account.port), |proxy| (proxy.host.to_string(), proxy.port));
    let found = resolve(&asked, port, &calling(account)).await;
    let (addresses, fault, exit) = match found {
        Ok(found) => (found.iter().map(|address| address.ip()).collect(), None, Exit::Ok),
        Err(fault) => (Vec::new(), Some(fault.to_string()), connect_exit(&fault)),
    };
    let server = format!("{host}:{}", account.port);
    Planned {
        server,
        addresses,
        proxy: account.proxy.as_ref().map(ToString::to_string),
        tls: account.tls,
        user: account.user.clone(),
        fault,
        exit,
    }
}

/// What is said depends on what the provider lists: of these the first that it does.
fn commands(account: &Account) -> Vec<String> {
    let atrn = |group: Vec<Domain>| {
        let names: Vec<&str> = group.iter().map(Domain::as_str).collect();
        format!("ATRN {}", names.join(",")).trim_end().to_owned()
    };
    let may_be_atrn = account.verb != Verb::Turn;
    let listed = may_be_atrn.then(|| groups(&account.domains, LINE).into_iter().map(atrn));
    let again = account.profile == Profile::Exchange && may_be_atrn && !account.domains.is_empty();
    let bare = again.then(|| "ATRN".to_owned());
    let turn = (account.verb != Verb::Atrn).then(|| "TURN".to_owned());
    listed.into_iter().flatten().chain(bare).chain(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fetch::Layer;

    #[test]
    fn commands_are_those_that_would_be_said() {
        let account = |domains: &[&str], verb, profile| {
            let domains = domains.iter().map(|name| Domain::parse(name).unwrap()).collect();
            let layer = Layer {
                domains: Some(domains),
                verb: Some(verb),
                profile: Some(profile),
                ..Layer::default()
            };
            commands(&Account::new("a", layer))
        };
        let two = &["a.example", "b.example"];
        assert_eq!(account(two, Verb::Atrn, Profile::Odmr), ["ATRN a.example,b.example"]);
        assert_eq!(account(&[], Verb::Auto, Profile::Odmr), ["ATRN", "TURN"]);
        assert_eq!(account(two, Verb::Turn, Profile::Exchange), ["TURN"]);
        let auto = account(two, Verb::Auto, Profile::Exchange);
        assert_eq!(auto, ["ATRN a.example,b.example", "ATRN", "TURN"]);
        assert_eq!(account(&[], Verb::Auto, Profile::Exchange), ["ATRN", "TURN"]);
    }
}
