//! A case: the facts on a domain, put in order for the judges. Nothing is judged here.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::chain::Chain;
use super::expect::Expectation;
use super::facts::{Answer, Data, Facts, Kind, Manner, Outcome, Role, Server, Transport};
use super::preference;
use crate::finding::{Class, Route};

/// The facts on a domain, and what is expected of it.
pub struct Case<'a> {
    pub(super) facts: &'a Facts,
    pub(super) expect: &'a Expectation,
    /// The different answers to "who takes the mail?"; one where all agree. The zone's own servers' where they
    /// answer, otherwise the resolvers'.
    pub(super) sets: Vec<MxSet>,
    hosts: BTreeMap<&'a str, Host>,
    by_name: HashMap<&'a str, Vec<&'a Answer>>,
    took: HashMap<&'a str, u64>,
    chain: OnceCell<Chain<'a>>,
}

/// More different answers than these nobody can have heard; a file may say otherwise.
const MOST_SETS: usize = 50;
/// More of a zone's servers than these are not looked at.
const MOST_SERVERS: usize = 100;

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mx {
    pub preference: u16,
    /// Empty in a null MX.
    pub target: String,
    pub ttl: u32,
}

/// An answer to "who takes the mail?", and who gave it.
pub(super) struct MxSet {
    /// By preference, then by name.
    pub records: Vec<Mx>,
    pub seen_at: Vec<Server>,
    pub evidence: Vec<String>,
    /// How long the longest of these answers was.
    pub octets: usize,
}

impl MxSet {
    /// What is in it but for the times to live.
    fn essence(&self) -> Vec<(u16, &str)> {
        self.records.iter().map(|mx| (mx.preference, mx.target.as_str())).collect()
    }

    /// The records that name a host.
    pub fn targets(&self) -> impl Iterator<Item = &Mx> {
        self.records.iter().filter(|mx| !mx.target.is_empty())
    }
}

/// Where a host is.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub addrs: BTreeSet<IpAddr>,
    pub is: Presence,
    /// The name that it is only another name for.
    pub canonical: Option<String>,
    /// The shortest time to live of its addresses.
    pub ttl: Option<u32>,
    /// What each server says of it.
    pub views: Vec<HostView>,
    pub evidence: Vec<String>,
}

/// What is known of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has an address; `whole` when both families are known.
    There { whole: bool },
    /// It has none.
    Nowhere,
    /// There is no such name.
    NoName,
    /// Nobody told.
    Unknown(String),
}

/// What a server says of a host.
#[derive(Clone, Debug)]
pub(super) struct HostView {
    pub server: Server,
    pub addrs: BTreeSet<IpAddr>,
    /// Both families were answered for.
    pub is_whole: bool,
    pub evidence: Vec<String>,
}

impl<'a> Case<'a> {
    /// Puts the facts in order.
    pub fn new(facts: &'a Facts, expect: &'a Expectation) -> Case<'a> {
        let mut by_name: HashMap<&str, Vec<&Answer>> = HashMap::new();
        for answer in &facts.answers {
            by_name.entry(&answer.name).or_default().push(answer);
        }
        let took = facts.answers.iter().map(|answer| (answer.id.as_str(), answer.ms)).collect();
        let (sets, hosts) = (Vec::new(), BTreeMap::new());
        let chain = OnceCell::new();
        let mut case = Case { facts, expect, sets, hosts, by_name, took, chain };
        case.sets = distinct(case.mx_of(&facts.domain, Role::Authority));
        case.newest_first();
        if case.sets.is_empty() {
            case.sets = distinct(case.mx_of(&facts.domain, Role::Resolver));
        }
        let about_hosts = |answer: &&Answer| matches!(answer.kind, Kind::A | Kind::Aaaa);
        let names = facts.answers.iter().filter(about_hosts).map(|answer| answer.name.as_str());
        for name in names.collect::<BTreeSet<_>>() {
            case.hosts.insert(name, case.find_host(name));
        }
        case
    }

    /// Of different answers that of the newest version of the zone comes first: it is what will be true
    /// everywhere. Versions are compared as RFC 1982, section 3.2, says.
    fn newest_first(&mut self) {
        let sets = std::mem::take(&mut self.sets);
        let newest = |set: &MxSet, than: u32| {
            let serials = set.seen_at.iter().filter_map(|at| super::zone::serial_at(self, at));
            serials.map(|serial| serial.wrapping_sub(than).cast_signed()).max()
        };
        let mut any = sets.iter().flat_map(|set| &set.seen_at);
        let any = any.find_map(|at| super::zone::serial_at(self, at)).unwrap_or_default();
        let mut aged: Vec<(Option<i32>, MxSet)> =
            sets.into_iter().map(|set| (newest(&set, any), set)).collect();
        // Equals stay as they are, what most say first.
        aged.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
        self.sets = aged.into_iter().map(|(_, set)| set).collect();
    }

    /// The questions of this kind about this name to servers of this role, put in the usual manner.
    pub(super) fn asked(
        &self,
        role: Role,
        name: &str,
        kind: Kind,
    ) -> impl Iterator<Item = &'a Answer> {
        self.about(name).iter().copied().filter(move |answer| {
            answer.server.role == role
                && answer.kind == kind
                && answer.transport == Transport::Udp
                && answer.manner == Manner::Usual
        })
    }

    /// What the signatures prove.
    pub(super) fn chain(&self) -> &Chain<'a> {
        self.chain.get_or_init(|| Chain::new(self.facts, &self.expect.anchors))
    }

    /// Every question about this name.
    pub(super) fn about(&self, name: &str) -> &[&'a Answer] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// How long the slowest of these answers took, milliseconds.
    pub(super) fn slowest(&self, evidence: &[String]) -> u64 {
        let took = evidence.iter().filter_map(|id| self.took.get(id.as_str()));
        took.copied().max().unwrap_or_default()
    }

    /// What each server of this role says of a name's MX records, if it knows.
    pub(super) fn mx_of(&self, name: &str, role: Role) -> Vec<MxSet> {
        // Where the alias leads out of the zone, its servers do not know what is there.
        let knows = |answer: &&Answer| {
            let leads_away = !answer.aliases().is_empty() && answer.records().next().is_none();
            answer.is_settled() && !(leads_away && role == Role::Authority)
        };
        self.asked(role, name, Kind::Mx).filter(knows).map(set_of).collect()
    }

    /// The domain's MX records as the resolvers have them.
    pub(super) fn resolver_sets(&self) -> Vec<MxSet> {
        distinct(self.mx_of(&self.facts.domain, Role::Resolver))
    }

    /// The authoritative servers that were asked, in the order of the questions.
    pub(super) fn authorities(&self) -> Vec<&'a Server> {
        let mut servers = Vec::new();
        for answer in &self.facts.answers {
            if servers.len() == MOST_SERVERS {
                break;
            }
            if answer.server.role == Role::Authority && !servers.contains(&&answer.server) {
                servers.push(&answer.server);
            }
        }
        servers
    }

    /// What a server was asked, and what it said.
    pub(super) fn asked_of(&self, server: &Server) -> impl Iterator<Item = &'a Answer> {
        self.facts.answers.iter().filter(move |answer| answer.server == *server)
    }

    /// Where a host is, as well as anybody told.
    pub(super) fn host(&self, name: &str) -> Host {
        self.hosts.get(name).cloned().unwrap_or_else(|| Host {
            addrs: BTreeSet::new(),
            is: Presence::Unknown("its addresses were not asked for".to_owned()),
            canonical: None,
            ttl: None,
            views: Vec::new(),
            evidence: Vec::new(),
        })
    }

    fn find_host(&self, name: &str) -> Host {
        let about = |answer: &&Answer| {
            matches!(answer.kind, Kind::A | Kind::Aaaa)
                && answer.transport == Transport::Udp
                && answer.server.role != Role::Parent
        };
        let answers: Vec<&Answer> = self.about(name).iter().copied().filter(about).collect();
        // The zone's own servers know better than a cache; but not where an alias leads out of the zone.
        let whole = |answer: &&&Answer| answer.is_settled() && !leads_away(answer);
        let own = answers.iter().filter(|answer| answer.server.role == Role::Authority);
        let own: Vec<&Answer> = own.filter(whole).copied().collect();
        let cached = answers.iter().filter(|answer| answer.server.role == Role::Resolver);
        let best = match own.is_empty() {
            true => cached.filter(|answer| answer.is_settled()).copied().collect(),
            false => own,
        };
        let addrs: BTreeSet<IpAddr> = best.iter().flat_map(|answer| addresses(answer)).collect();
        let is = presence(&best, &answers, &addrs);
        let ttl = best.iter().flat_map(|answer| answer.records()).map(|record| record.ttl).min();
        let canonical = answers.iter().find_map(|answer| answer.aliases().pop());
        let evidence = best.iter().map(|answer| answer.id.clone()).collect();
        Host { addrs, is, canonical, ttl, views: views(&answers), evidence }
    }

    /// Are there addresses to compare with?
    pub(super) fn expects_addresses(&self) -> bool {
        !self.expect.networks.is_empty()
            || self.expect.servers.iter().any(|server| !self.host(server).addrs.is_empty())
    }

    /// Is an expected server here? What was said counts for more than what was looked up.
    pub(super) fn expects(&self, address: IpAddr) -> bool {
        match self.expect.networks.is_empty() {
            false => self.expect.networks.iter().any(|network| network.contains(address)),
            true => {
                self.expect.servers.iter().any(|server| self.host(server).addrs.contains(&address))
            }
        }
    }

    /// Whose host a target is.
    pub(super) fn class(&self, target: &str) -> Class {
        let is_in = |names: &[String]| names.iter().any(|name| name == target);
        let host = self.host(target);
        let expected = host.addrs.iter().filter(|address| self.expects(**address)).count();
        let is_own = |address: &IpAddr| self.expect.customer.iter().any(|n| n.contains(*address));
        if is_in(&self.expect.former) {
            return Class::Former;
        }
        if self.expect.names_it(target) {
            return Class::Expected;
        }
        if is_in(&self.expect.allowed) {
            return Class::Allowed;
        }
        if host.addrs.iter().any(is_own) {
            return Class::Customer;
        }
        if self.expect.is_empty() {
            return Class::Any;
        }
        match (expected, host.addrs.len(), &host.is) {
            (0, 0, Presence::Unknown(_)) if self.expects_addresses() => Class::Unknown,
            (0, _, _) => Class::Unexpected,
            // Where else it is nobody told.
            (some, all, Presence::There { whole: false }) if some == all => Class::Unknown,
            (some, all, _) if some == all => Class::Expected,
            _ => Class::Partial,
        }
    }

    /// What an answer means: who gets how much.
    pub(super) fn routes(&self, set: &MxSet) -> Vec<Route> {
        let hosts: Vec<Host> = set.records.iter().map(|mx| self.host(&mx.target)).collect();
        let may_be_there = |host: &Host| !matches!(host.is, Presence::Nowhere | Presence::NoName);
        let tried = set.records.iter().zip(&hosts);
        let tried = tried.map(|(mx, host)| (mx.preference, may_be_there(host)));
        let shares = preference::shares(&tried.collect::<Vec<_>>());
        let route = |((mx, host), share): ((&Mx, Host), (usize, usize))| Route {
            pref: mx.preference,
            target: mx.target.clone(),
            ttl: mx.ttl,
            addrs: host.addrs.into_iter().collect(),
            class: self.class(&mx.target),
            share_percent: preference::percent(share),
        };
        set.records.iter().zip(hosts).zip(shares).map(route).collect()
    }

    /// Behind a sentence on one of several answers: who gave it.
    pub(super) fn seen_at(&self, set: &MxSet) -> String {
        if self.sets.len() < 2 {
            return String::new();
        }
        format!(" (so says {})", listed(set.seen_at.iter().map(ToString::to_string)))
    }

    /// Is the name in the domain's zone, so that its servers know it?
    pub(super) fn is_in_zone(&self, name: &str) -> bool {
        self.facts.zone.as_deref().is_some_and(|zone| is_below_or_at(name, zone))
    }
}

/// Is the name this zone's, or below it?
pub fn is_below_or_at(name: &str, zone: &str) -> bool {
    zone == "."
        || name == zone
        || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

/// `a, b and c`
pub(super) fn listed(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match items.pop() {
        None => "none".to_owned(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

/// The addresses that an answer tells.
pub(super) fn addresses(answer: &Answer) -> impl Iterator<Item = IpAddr> {
    answer.records().filter_map(|record| match record.data {
        Data::Address(address) => Some(address),
        _ => None,
    })
}

fn leads_away(answer: &Answer) -> bool {
    !answer.aliases().is_empty() && answer.records().next().is_none()
}

fn set_of(answer: &Answer) -> MxSet {
    let mx = |record: &super::facts::Record| match &record.data {
        Data::Mx { preference, target } => {
            Some(Mx { preference: *preference, target: target.clone(), ttl: record.ttl })
        }
        _ => None,
    };
    let mut records: Vec<Mx> = answer.records().filter_map(mx).collect();
    records.sort();
    MxSet {
        records,
        seen_at: vec![answer.server.clone()],
        evidence: vec![answer.id.clone()],
        octets: answer.reply().map_or(0, |reply| reply.octets),
    }
}

/// The same answers made one; what most say comes first.
fn distinct(all: Vec<MxSet>) -> Vec<MxSet> {
    let mut sets: Vec<MxSet> = Vec::new();
    for set in all {
        match sets.iter_mut().find(|known| known.essence() == set.essence()) {
            Some(known) => {
                known.octets = known.octets.max(set.octets);
                known.seen_at.extend(set.seen_at);
                known.evidence.extend(set.evidence);
            }
            None => sets.push(set),
        }
    }
    sets.sort_by_key(|set| std::cmp::Reverse(set.seen_at.len()));
    sets.truncate(MOST_SETS);
    sets
}

fn presence(best: &[&Answer], all: &[&Answer], addrs: &BTreeSet<IpAddr>) -> Presence {
    let settled = |kind| best.iter().any(|answer| answer.kind == kind);
    let whole = settled(Kind::A) && settled(Kind::Aaaa);
    let is_no_name = |answer: &&Answer| answer.reply().is_some_and(|r| r.rcode == "NXDOMAIN");
    if !addrs.is_empty() {
        return Presence::There { whole };
    }
    if best.iter().any(is_no_name) {
        return Presence::NoName;
    }
    if whole {
        return Presence::Nowhere;
    }
    let why = all.iter().find_map(|answer| match &answer.outcome {
        Outcome::Silence(silence) => Some(format!("{}: {silence}", answer.server)),
        Outcome::Reply(reply) if reply.rcode != "NOERROR" => {
            Some(format!("{} answers {}", answer.server, reply.rcode))
        }
        Outcome::Reply(_) => None,
    });
    Presence::Unknown(why.unwrap_or_else(|| "nobody told its addresses".to_owned()))
}

fn views(answers: &[&Answer]) -> Vec<HostView> {
    let mut views: Vec<(HostView, usize)> = Vec::new();
    for answer in answers.iter().filter(|answer| answer.is_settled() && !leads_away(answer)) {
        let at = views.iter().position(|(view, _)| view.server == answer.server);
        let at = at.unwrap_or_else(|| {
            let view = HostView {
                server: answer.server.clone(),
                addrs: BTreeSet::new(),
                is_whole: false,
                evidence: Vec::new(),
            };
            views.push((view, 0));
            views.len() - 1
        });
        let (view, families) = &mut views[at];
        view.addrs.extend(addresses(answer));
        view.evidence.push(answer.id.clone());
        *families += 1;
        view.is_whole = *families >= 2;
    }
    views.into_iter().map(|(view, _)| view).collect()
}
