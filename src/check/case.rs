//! A case: the facts on a domain, put in order for the judges. Nothing is judged here.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use super::chain::Chain;
use super::expect::Expectation;
use super::facts::{Answer, Data, Facts, Kind, Manner, Outcome, Role, Server, Transport};
use super::preference;
use crate::finding::{Class, Route};

/// The facts on a domain, and what is expected of it. Everything is looked through once, here: judges find it
/// by its name, however much there is.
pub struct Case<'a> {
    pub(super) facts: &'a Facts,
    pub(super) expect: &'a Expectation,
    /// The different answers to "who takes the mail?"; one where all agree. The zone's own servers' where they
    /// answer, otherwise the resolvers'.
    pub(super) sets: Vec<MxSet>,
    /// What was told and is not judged, because nobody needs as much.
    pub(super) excess: Vec<String>,
    hosts: HashMap<&'a str, Host>,
    classes: HashMap<String, Class>,
    asked: Asked<'a>,
    expected: Expected<'a>,
    chain: OnceCell<Chain<'a>>,
}

/// The questions, by what they are looked up by.
#[derive(Default)]
struct Asked<'a> {
    by_name: HashMap<&'a str, Vec<&'a Answer>>,
    by_server: HashMap<&'a Server, Vec<&'a Answer>>,
    /// Those that were put in the usual manner.
    usual: HashMap<&'a str, HashMap<(Role, Kind), Vec<&'a Answer>>>,
    usual_of: HashMap<&'a Server, Vec<&'a Answer>>,
    /// In the order of the questions.
    authorities: Vec<&'a Server>,
    serials: HashMap<&'a Server, u32>,
    took: HashMap<&'a str, u64>,
}

/// What is expected, by what it is looked up by.
#[derive(Default)]
struct Expected<'a> {
    names: HashSet<&'a str>,
    /// Those that were looked up.
    addrs: HashSet<IpAddr>,
    /// Nobody told all the addresses that an expected server has, of IPv4 and of IPv6.
    is_open: [bool; 2],
}

/// More different answers than these nobody can have heard; a file may say otherwise.
const MOST_SETS: usize = 20;
/// More of a zone's servers than these are not looked at.
const MOST_SERVERS: usize = 100;
/// More targets of a domain, or addresses of a host, nobody needs.
const MOST_RECORDS: usize = 100;
/// More answers are not needed to show that something is so.
pub(super) const MOST_EVIDENCE: usize = 50;

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
    /// By preference, then by name. The first of them, where there are very many.
    pub records: Vec<Mx>,
    /// How many there are.
    pub count: usize,
    pub seen_at: Vec<Server>,
    pub evidence: Vec<String>,
    /// How long the longest of these answers was.
    pub octets: usize,
}

impl MxSet {
    /// What is in it but for the times to live.
    fn essence(&self) -> Vec<(u16, String)> {
        self.records.iter().map(|mx| (mx.preference, mx.target.clone())).collect()
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
    /// Were all its addresses told, of IPv4 and of IPv6?
    pub knows: [bool; 2],
    /// The name that it is only another name for.
    pub canonical: Option<String>,
    /// Is it another name without end?
    pub is_endless: bool,
    /// The shortest time to live of its addresses.
    pub ttl: Option<u32>,
    /// What each server says of it.
    pub views: Vec<HostView>,
    pub evidence: Vec<String>,
}

impl Host {
    /// Is there nobody, so that no mail goes there?
    pub fn is_nowhere(&self) -> bool {
        matches!(self.is, Presence::Nowhere | Presence::NoName)
    }
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
        let mut case = Case {
            facts,
            expect,
            sets: Vec::new(),
            excess: Vec::new(),
            hosts: HashMap::new(),
            classes: HashMap::new(),
            asked: Asked::of(facts),
            expected: Expected::default(),
            chain: OnceCell::new(),
        };
        case.sets = case.distinct(Role::Authority);
        case.newest_first();
        if case.sets.is_empty() {
            case.sets = case.distinct(Role::Resolver);
        }
        let about_hosts = |answer: &&Answer| matches!(answer.kind, Kind::A | Kind::Aaaa);
        let names = facts.answers.iter().filter(about_hosts).map(|answer| answer.name.as_str());
        for name in names.collect::<BTreeSet<_>>() {
            case.hosts.insert(name, case.find_host(name));
        }
        case.expected = Expected::of(&case);
        let targets = case.sets.iter().flat_map(MxSet::targets).map(|mx| mx.target.clone());
        for target in targets.collect::<BTreeSet<_>>() {
            let class = case.find_class(&target);
            case.classes.insert(target, class);
        }
        case.excess = case.excess();
        case
    }

    /// Of different answers that of the newest version of the zone comes first: it is what will be true
    /// everywhere. Versions are compared as RFC 1982, section 3.2, says.
    fn newest_first(&mut self) {
        let sets = std::mem::take(&mut self.sets);
        let newest = |set: &MxSet, than: u32| {
            let serials = set.seen_at.iter().filter_map(|at| self.serial_at(at));
            serials.map(|serial| serial.wrapping_sub(than).cast_signed()).max()
        };
        let mut any = sets.iter().flat_map(|set| &set.seen_at);
        let any = any.find_map(|at| self.serial_at(at)).unwrap_or_default();
        let mut aged: Vec<(Option<i32>, MxSet)> =
            sets.into_iter().map(|set| (newest(&set, any), set)).collect();
        // Equals stay as they are, what most say first.
        aged.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
        self.sets = aged.into_iter().map(|(_, set)| set).collect();
    }

    /// The questions of this kind about this name to servers of this role, put in the usual manner, or without EDNS
    /// where the server hears no others.
    pub(super) fn asked(
        &self,
        role: Role,
        name: &str,
        kind: Kind,
    ) -> impl Iterator<Item = &'a Answer> {
        let of_name = self.asked.usual.get(name);
        let found = of_name.and_then(|of_name| of_name.get(&(role, kind)));
        found.map_or(&[][..], Vec::as_slice).iter().copied()
    }

    /// What the signatures prove.
    pub(super) fn chain(&self) -> &Chain<'a> {
        self.chain.get_or_init(|| Chain::new(self.facts, &self.expect.anchors))
    }

    /// Every question about this name.
    pub(super) fn about(&self, name: &str) -> &[&'a Answer] {
        self.asked.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// How long the slowest of these answers took, milliseconds.
    pub(super) fn slowest(&self, evidence: &[String]) -> u64 {
        let took = evidence.iter().filter_map(|id| self.asked.took.get(id.as_str()));
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

    /// The different answers that servers of this role give on the domain's MX records; what most say first.
    pub(super) fn distinct(&self, role: Role) -> Vec<MxSet> {
        distinct(self.mx_of(&self.facts.domain, role))
    }

    /// Do resolvers differ, and nobody who speaks for the zone told who is right?
    pub(super) fn is_contested(&self) -> bool {
        let is_own = |server: &Server| server.role == Role::Authority;
        self.sets.len() > 1 && !self.sets.iter().flat_map(|set| &set.seen_at).any(is_own)
    }

    /// The authoritative servers that were asked, in the order of the questions.
    pub(super) fn authorities(&self) -> &[&'a Server] {
        let all = &self.asked.authorities;
        &all[..all.len().min(MOST_SERVERS)]
    }

    /// What a server was asked, and what it said.
    pub(super) fn asked_of(&self, server: &Server) -> impl Iterator<Item = &'a Answer> {
        self.asked.by_server.get(server).map_or(&[][..], Vec::as_slice).iter().copied()
    }

    /// The same of those that were put in the usual manner, or without EDNS where the server hears no others.
    pub(super) fn usual_of(&self, server: &Server) -> impl Iterator<Item = &'a Answer> {
        self.asked.usual_of.get(server).map_or(&[][..], Vec::as_slice).iter().copied()
    }

    /// Which version of the zone a server has.
    pub(super) fn serial_at(&self, server: &Server) -> Option<u32> {
        self.asked.serials.get(server).copied()
    }

    /// Where a host is, as well as anybody told.
    pub(super) fn host(&self, name: &str) -> &Host {
        static UNASKED: LazyLock<Host> = LazyLock::new(|| Host {
            addrs: BTreeSet::new(),
            is: Presence::Unknown("its addresses were not asked for".to_owned()),
            knows: [false; 2],
            canonical: None,
            is_endless: false,
            ttl: None,
            views: Vec::new(),
            evidence: Vec::new(),
        });
        self.hosts.get(name).unwrap_or(&UNASKED)
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
        let addrs = addrs.into_iter().take(MOST_RECORDS + 1).collect();
        let is = presence(&best, &answers, &addrs);
        let knows = [Kind::A, Kind::Aaaa]
            .map(|kind| is == Presence::NoName || best.iter().any(|answer| answer.kind == kind));
        let ttl = best.iter().flat_map(|answer| answer.records()).map(|record| record.ttl).min();
        // Whoever followed the aliases further knows better.
        let chains = answers.iter().map(|answer| answer.aliases());
        let canonical = chains.max_by_key(Vec::len).and_then(|mut chain| chain.pop());
        let is_endless = answers.iter().any(|answer| answer.is_endless());
        let evidence = best.iter().take(MOST_EVIDENCE).map(|answer| answer.id.clone()).collect();
        let is = match is {
            Presence::Unknown(_) if is_endless => Presence::Nowhere,
            is => is,
        };
        let views = views(&answers);
        Host { addrs, is, knows, canonical, is_endless, ttl, views, evidence }
    }

    /// Is an expected server here? What was said counts for more than what was looked up.
    pub(super) fn expects(&self, address: IpAddr) -> bool {
        match self.expect.networks.is_empty() {
            false => self.expect.networks.iter().any(|network| network.contains(address)),
            true => self.expected.addrs.contains(&address),
        }
    }

    /// Might an expected server be here, for all that was told?
    fn may_expect(&self, address: IpAddr) -> bool {
        self.expects(address) || self.expected.is_open[usize::from(address.is_ipv6())]
    }

    /// Might a host be expected by its addresses?
    fn compares_addresses(&self) -> bool {
        let expected = &self.expected;
        !self.expect.networks.is_empty()
            || !expected.addrs.is_empty()
            || expected.is_open.contains(&true)
    }

    /// Is this name one of those that should get the mail?
    pub(super) fn names_it(&self, name: &str) -> bool {
        self.expected.names.contains(name)
    }

    /// Whose host a target is.
    pub(super) fn class(&self, target: &str) -> Class {
        self.classes.get(target).copied().unwrap_or_else(|| self.find_class(target))
    }

    fn find_class(&self, target: &str) -> Class {
        let is_in = |names: &[String]| names.iter().any(|name| name == target);
        let host = self.host(target);
        let is_own = |address: &IpAddr| self.expect.customer.iter().any(|n| n.contains(*address));
        if is_in(&self.expect.former) {
            return Class::Former;
        }
        if self.names_it(target) {
            return Class::Expected;
        }
        let own = self.facts.provision.as_ref().and_then(|provision| provision.own.as_ref());
        if is_in(&self.expect.allowed) || own.is_some_and(|own| own.host == target) {
            return Class::Allowed;
        }
        if host.addrs.iter().any(is_own) {
            return Class::Customer;
        }
        if self.expect.is_empty() {
            return Class::Any;
        }
        self.class_by_address(host)
    }

    /// Whose a host is by its addresses. Where those of the host, or of the expected server, were not told it
    /// is not a stranger's for that.
    fn class_by_address(&self, host: &Host) -> Class {
        let count = |is: &dyn Fn(IpAddr) -> bool| host.addrs.iter().filter(|a| is(**a)).count();
        let (certain, possible) = (count(&|a| self.expects(a)), count(&|a| self.may_expect(a)));
        let all = host.addrs.len();
        match &host.is {
            Presence::Unknown(_) if self.compares_addresses() => Class::Unknown,
            Presence::There { whole: false } if possible == all => Class::Unknown,
            _ if certain == all && all > 0 => Class::Expected,
            _ if possible == all && all > 0 => Class::Unknown,
            _ if certain == 0 => Class::Unexpected,
            _ => Class::Partial,
        }
    }

    /// Why nobody can say whose a target is.
    pub(super) fn why_unknown(&self, target: &str) -> String {
        let untold = |name: &str| match &self.host(name).is {
            Presence::Unknown(why) => Some(format!("{name}: {why}")),
            Presence::There { whole: false } => {
                Some(format!("{name}: nobody told all its addresses"))
            }
            _ => None,
        };
        let mut names = std::iter::once(target).chain(self.expect.expected_names());
        names.find_map(untold).unwrap_or_else(|| target.to_owned())
    }

    /// What an answer means: who gets how much.
    pub(super) fn routes(&self, set: &MxSet) -> Vec<Route> {
        let hosts: Vec<&Host> = set.records.iter().map(|mx| self.host(&mx.target)).collect();
        let tried = set.records.iter().zip(&hosts);
        let tried = tried.map(|(mx, host)| (mx.preference, !host.is_nowhere()));
        let shares = preference::shares(&tried.collect::<Vec<_>>());
        let route = |((mx, host), share): ((&Mx, &Host), (usize, usize))| Route {
            pref: mx.preference,
            target: mx.target.clone(),
            ttl: mx.ttl,
            addrs: host.addrs.iter().copied().collect(),
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

    /// What there is too much of.
    fn excess(&self) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |what: &str, count: usize, most: usize| {
            if count > most {
                told.push(format!("{count} {what}, of which {most} are judged"));
            }
        };
        let role = match self.sets.iter().flat_map(|set| &set.seen_at).next() {
            Some(server) => server.role,
            None => Role::Resolver,
        };
        tell("different answers", essences(&self.mx_of(&self.facts.domain, role)), MOST_SETS);
        let most = self.sets.iter().map(|set| set.count).max().unwrap_or_default();
        tell("MX records", most, MOST_RECORDS);
        tell("servers of the zone", self.asked.authorities.len(), MOST_SERVERS);
        let targets = self.sets.iter().flat_map(MxSet::targets).map(|mx| mx.target.as_str());
        let named: BTreeSet<&str> = targets.chain(self.expect.expected_names()).collect();
        let large = named.into_iter().find(|name| self.host(name).addrs.len() > MOST_RECORDS);
        told.extend(large.map(|name| format!("more than {MOST_RECORDS} addresses of {name}")));
        told
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

impl<'a> Asked<'a> {
    fn of(facts: &'a Facts) -> Asked<'a> {
        let mut asked = Asked::default();
        let plain = heard_plainly(facts);
        for answer in &facts.answers {
            let (server, name) = (&answer.server, answer.name.as_str());
            asked.by_name.entry(name).or_default().push(answer);
            if server.role == Role::Authority && !asked.by_server.contains_key(server) {
                asked.authorities.push(server);
            }
            asked.by_server.entry(server).or_default().push(answer);
            if counts(answer, &plain) {
                let of_name = asked.usual.entry(name).or_default();
                of_name.entry((server.role, answer.kind)).or_default().push(answer);
                asked.usual_of.entry(server).or_default().push(answer);
            }
            asked.took.insert(answer.id.as_str(), answer.ms);
            if let (Some(serial), true) = (serial(answer), answer.is_settled()) {
                asked.serials.entry(server).or_insert(serial);
            }
        }
        let called = facts.calls.iter().map(|call| (call.id.as_str(), call.slowest()));
        asked.took.extend(called);
        asked
    }
}

/// A question, whatever the manner in which it was put.
type Put<'a> = (&'a Server, &'a str, Kind);

fn put(answer: &Answer) -> Put<'_> {
    (&answer.server, &answer.name, answer.kind)
}

/// The questions that were heard without EDNS only.
fn heard_plainly(facts: &Facts) -> HashSet<Put<'_>> {
    let heard = |manner: Manner| {
        let by_udp = |answer: &&Answer| answer.transport == Transport::Udp && answer.is_heard();
        facts.answers.iter().filter(by_udp).filter(move |answer| answer.manner == manner)
    };
    let mut plain: HashSet<Put> = heard(Manner::Plain).map(put).collect();
    for answer in heard(Manner::Usual) {
        plain.remove(&put(answer));
    }
    plain
}

/// Is this the one of its kind that counts, of those that were put with EDNS and without?
fn counts<'a>(answer: &'a Answer, plain: &HashSet<Put<'a>>) -> bool {
    answer.transport == Transport::Udp
        && match answer.manner {
            Manner::Usual => !plain.contains(&put(answer)),
            Manner::Plain => answer.is_heard() && plain.contains(&put(answer)),
            Manner::Unchecked | Manner::Signed => false,
        }
}

/// Those of these answers of which one is to be shown for each server.
pub(super) fn that_count(facts: &Facts) -> impl Iterator<Item = &Answer> {
    let plain = heard_plainly(facts);
    facts.answers.iter().filter(move |answer| counts(answer, &plain))
}

impl<'a> Expected<'a> {
    fn of(case: &Case<'a>) -> Expected<'a> {
        let expect = case.expect;
        let hosts: Vec<&Host> = expect.servers.iter().map(|server| case.host(server)).collect();
        let is_open = [0, 1].map(|at: usize| {
            expect.networks.is_empty() && hosts.iter().any(|host| !host.knows[at])
        });
        Expected {
            names: expect.expected_names().collect(),
            addrs: hosts.iter().flat_map(|host| &host.addrs).copied().collect(),
            is_open,
        }
    }
}

fn serial(answer: &Answer) -> Option<u32> {
    answer.records().find_map(|record| match record.data {
        Data::Soa { serial, .. } => Some(serial),
        _ => None,
    })
}

/// `a, b and c`; of very many only the first.
pub(super) fn listed(items: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 50;
    let mut items: Vec<String> = items.into_iter().collect();
    if items.len() > MOST {
        let more = items.len() - MOST;
        items.truncate(MOST);
        items.push(format!("{more} more"));
    }
    match items.pop() {
        None => "none".to_owned(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

/// What is not known, in a sentence; of very much only the first.
pub(super) fn doubts(all: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 10;
    let mut all: Vec<String> = all.into_iter().collect();
    if all.len() > MOST {
        let more = all.len() - MOST;
        all.truncate(MOST);
        all.push(format!("and {more} more"));
    }
    all.join("; ")
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

pub(super) fn set_of(answer: &Answer) -> MxSet {
    let mx = |record: &super::facts::Record| match &record.data {
        Data::Mx { preference, target } => {
            Some(Mx { preference: *preference, target: target.clone(), ttl: record.ttl })
        }
        _ => None,
    };
    let mut records: Vec<Mx> = answer.records().filter_map(mx).collect();
    records.sort();
    let count = records.len();
    records.truncate(MOST_RECORDS);
    MxSet {
        records,
        count,
        seen_at: vec![answer.server.clone()],
        evidence: vec![answer.id.clone()],
        octets: answer.reply().map_or(0, |reply| reply.octets),
    }
}

/// The same answers made one; what most say comes first.
fn distinct(all: Vec<MxSet>) -> Vec<MxSet> {
    let mut sets: Vec<MxSet> = Vec::new();
    let mut at: HashMap<Vec<(u16, String)>, usize> = HashMap::new();
    let mut votes: Vec<usize> = Vec::new();
    for set in all {
        let next = sets.len();
        let at = *at.entry(set.essence()).or_insert(next);
        if at == next {
            sets.push(set);
            votes.push(1);
            continue;
        }
        votes[at] += 1;
        let known = &mut sets[at];
        known.octets = known.octets.max(set.octets);
        known.count = known.count.max(set.count);
        if known.evidence.len() < MOST_EVIDENCE {
            known.seen_at.extend(set.seen_at);
            known.evidence.extend(set.evidence);
        }
    }
    let mut ranked: Vec<(usize, MxSet)> = votes.into_iter().zip(sets).collect();
    ranked.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
    ranked.truncate(MOST_SETS);
    ranked.into_iter().map(|(_, set)| set).collect()
}

/// How many different answers there are.
fn essences(all: &[MxSet]) -> usize {
    all.iter().map(MxSet::essence).collect::<HashSet<_>>().len()
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
    let mut views: Vec<HostView> = Vec::new();
    let mut families: Vec<[bool; 2]> = Vec::new();
    let mut at: HashMap<&Server, usize> = HashMap::new();
    for answer in answers.iter().filter(|answer| answer.is_settled() && !leads_away(answer)) {
        let next = views.len();
        let at = *at.entry(&answer.server).or_insert(next);
        if at >= MOST_SERVERS {
            continue;
        }
        if at == next {
            families.push([false; 2]);
            views.push(HostView {
                server: answer.server.clone(),
                addrs: BTreeSet::new(),
                is_whole: false,
                evidence: Vec::new(),
            });
        }
        let view = &mut views[at];
        let room = (MOST_RECORDS + 1).saturating_sub(view.addrs.len());
        view.addrs.extend(addresses(answer).take(room));
        if view.evidence.len() < MOST_EVIDENCE {
            view.evidence.push(answer.id.clone());
        }
        families[at][usize::from(answer.kind == Kind::Aaaa)] = true;
        view.is_whole = families[at] == [true; 2];
    }
    views
}
