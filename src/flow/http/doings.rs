//! What has happened, as counters: they begin with the daemon, and never fall while it runs.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::PoisonError;

use super::Site;
use super::metrics::OTHER;
use super::sheet::Sheet;
use super::survey::{Figures, largest};
use crate::config::value::DomainLabels;
use crate::flow::counts::{
    CODES, Counts, Ending, Handed, NOTICES, OfDomain, Outcome, Rejection, TLS,
};
use crate::flow::serve::Door;
use crate::queue;
use crate::sasl::Mechanism;
use crate::smtp::Domain;
use crate::smtp::command::{VERBS, Verb};

/// The domains whose doings are told under their own name. Whoever is one of them stays one: if a
/// domain came and went with its mail, the sum of the others would fall.
pub type Prominent = HashSet<Domain>;

/// Where mail comes and goes.
fn doors() -> impl Iterator<Item = Door> {
    Door::ALL.into_iter().filter(|door| *door != Door::Http)
}

/// What tells of each [`Ending`].
const ENDED: [&str; Ending::ALL.len()] =
    ["odmr_messages_expired_total", "odmr_messages_bounced_total", "odmr_messages_deleted_total"];

impl Site {
    /// While there are too few, the fullest of the others join.
    pub(super) fn prominent(&self, figures: &[Figures], labels: DomainLabels) -> Prominent {
        let domains = self.provider.counts.domains();
        let mut prominent = self.prominent.lock().unwrap_or_else(PoisonError::into_inner);
        prominent.retain(|domain| domains.contains_key(domain));
        if prominent.len() > labels.most() {
            prominent.clear();
        }
        let first = prominent.is_empty();
        // What was summed with the others once stays there.
        let own = |figures: &&Figures| {
            let of = domains.get(&figures.standings.domain);
            of.is_some_and(|of| {
                first || of.is_new() || prominent.contains(&figures.standings.domain)
            })
        };
        let (fullest, _) = largest(figures.iter().filter(own).cloned().collect(), labels.most());
        for figures in fullest {
            if prominent.len() < labels.most() {
                prominent.insert(figures.standings.domain);
            }
        }
        prominent.clone()
    }
}

/// Everything that is counted.
pub(super) fn all(sheet: &mut Sheet, counts: &Counts, prominent: &Prominent, labels: DomainLabels) {
    accounts(sheet, counts);
    domains(sheet, counts, prominent, labels);
    lines(sheet, counts);
    sheet.row("odmr_atrn_active_sessions").put(&[], counts.open_sessions());
    sheet.times("odmr_atrn_session_duration_seconds", &counts.durations);
    sheet.times("odmr_atrn_turn_wait_seconds", &counts.turn_waits);
}

fn accounts(sheet: &mut Sheet, counts: &Counts) {
    let accounts: BTreeMap<_, _> =
        counts.accounts().iter().map(|(name, of)| (name.clone(), of.clone())).collect();
    let mut row = sheet.row("odmr_atrn_sessions_total");
    for (name, of_account) in &accounts {
        for (place, (_, result)) in Outcome::ALL.into_iter().enumerate() {
            let labels = [("account", name.as_str()), ("result", result)];
            row.put(&labels, of_account.sessions.at(place).get());
        }
    }
    let asked_first = doors().map(|door| counts.at(door).replies(Some(Verb::Atrn), 530));
    row.put(&[("account", ""), ("result", "unauth530")], asked_first.sum::<u64>());
    for (name, of_account) in &accounts {
        let account = [("account", name.as_str())];
        // Of one that never was it is 0: whoever has not called yet is silent too.
        let (success, attempt) = (of_account.last_success.get(), of_account.last_attempt.get());
        let told = |at: Option<_>| at.unwrap_or_default();
        sheet.row("odmr_atrn_last_success_timestamp_seconds").put(&account, told(success));
        sheet.row("odmr_atrn_last_attempt_timestamp_seconds").put(&account, told(attempt));
    }
}

/// What is told of a domain, or of several together.
#[derive(Default)]
struct Doings {
    received: u64,
    messages: [u64; Handed::ALL.len()],
    octets: [u64; Handed::ALL.len()],
    ended: [u64; Ending::ALL.len()],
    notices: [u64; NOTICES.len()],
}

impl Doings {
    fn add(&mut self, of_domain: &OfDomain) {
        self.received += of_domain.received.get();
        for place in 0..Handed::ALL.len() {
            self.messages[place] += of_domain.handed.at(place).get();
            self.octets[place] += of_domain.octets.at(place).get();
        }
        for (place, messages) in self.ended.iter_mut().enumerate() {
            *messages += of_domain.ended.at(place).get();
        }
        for (place, notices) in self.notices.iter_mut().enumerate() {
            *notices += of_domain.notices.at(place).get();
        }
    }
}

fn domains(sheet: &mut Sheet, counts: &Counts, prominent: &Prominent, labels: DomainLabels) {
    let mut all: BTreeMap<String, Doings> = BTreeMap::new();
    all.entry(OTHER.to_owned()).or_default().add(counts.nobody());
    all.entry(queue::OUTGOING.to_owned()).or_default().add(counts.outgoing());
    for (domain, of_domain) in counts.domains().iter() {
        let own = labels == DomainLabels::All || prominent.contains(domain);
        let name = if own { domain.as_str() } else { OTHER };
        all.entry(name.to_owned()).or_default().add(of_domain);
    }
    for (name, doings) in &all {
        let domain = ("domain", name.as_str());
        sheet.row("odmr_messages_received_total").put(&[domain], doings.received);
        for (place, (_, result)) in Handed::ALL.into_iter().enumerate() {
            let labels = [domain, ("result", result)];
            sheet.row("odmr_atrn_messages_total").put(&labels, doings.messages[place]);
            sheet.row("odmr_atrn_bytes_total").put(&labels, doings.octets[place]);
        }
        for (metric, messages) in ENDED.into_iter().zip(doings.ended) {
            sheet.row(metric).put(&[domain], messages);
        }
        for (kind, notices) in NOTICES.into_iter().zip(doings.notices) {
            sheet.row("odmr_dsn_total").put(&[domain, ("kind", kind)], notices);
        }
    }
}

fn lines(sheet: &mut Sheet, counts: &Counts) {
    for door in doors() {
        let (at, listener) = (counts.at(door), ("listener", door.name()));
        let mut row = sheet.row("odmr_smtp_connections_total");
        row.put(&[listener, ("result", "admitted")], at.admitted.get());
        row.put(&[listener, ("result", "turned_away")], at.turned_away.get());
        replies(sheet, counts, door);
        for (place, version) in TLS.into_iter().enumerate() {
            let labels = [listener, ("version", version)];
            sheet.row("odmr_tls_sessions_total").put(&labels, at.tls.at(place).get());
        }
        for (place, (_, reason)) in Rejection::ALL.into_iter().enumerate() {
            let labels = [listener, ("reason", reason)];
            sheet.row("odmr_smtp_rejected_total").put(&labels, at.rejected.at(place).get());
        }
        if matches!(door, Door::Mx | Door::Lmtp) {
            continue;
        }
        let mut row = sheet.row("odmr_auth_attempts_total");
        for (place, mechanism) in Mechanism::ALL.into_iter().enumerate() {
            let named = [listener, ("mechanism", mechanism.name())];
            for (result, logins) in [("ok", &at.logins), ("failed", &at.failed_logins)] {
                let labels = [named[0], named[1], ("result", result)];
                row.put(&labels, logins.at(place).get());
            }
        }
    }
}

/// Only those that were ever said: hundreds never will be.
fn replies(sheet: &mut Sheet, counts: &Counts, door: Door) {
    let mut row = sheet.row("odmr_smtp_replies_total");
    let verbs = VERBS.iter().map(|(name, verb)| (*name, Some(*verb))).chain([("none", None)]);
    for (name, verb) in verbs {
        for code in CODES.into_iter().collect::<BTreeSet<_>>() {
            let said = counts.at(door).replies(verb, code);
            if said > 0 {
                let code = if code == 0 { "other".to_owned() } else { code.to_string() };
                row.put(&[("listener", door.name()), ("verb", name), ("code", &code)], said);
            }
        }
    }
}
