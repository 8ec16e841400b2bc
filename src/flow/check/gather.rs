//! Facts are gathered: every question is put, as many at once as may be.
//!
//! No server waits for more than three questions one after the other. A resolver is asked first for what
//! the domain's name alone shows, then for the hosts that were named, then for those that only the zone's own
//! servers named. The zone above is asked once. The zone's servers are asked once for everything, and a second
//! time for the hosts in the zone that nobody had named before. A server that hears no questions with EDNS is asked
//! once more without it.

mod elsewhere;
mod plainly;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::Name;
use tokio_util::task::AbortOnDropHandle;

use super::evidence::{self, MOST_ANSWERS, MOST_OCTETS};
use super::live::{Live, Subject};
use super::policy::{Policy, policy_host};
use super::resolver::Resolver;
use super::translate::outcome;
use crate::check::chain::{name as wire_name, record_type};
use crate::check::facts::{
    Answer, Data, Facts, Kind, Manner, Outcome, Record, Role, Server, Silence, Transport, reverse,
};
use crate::check::names::{names_of_addresses, own_names_of_servers};
use crate::check::policy::organizations;
use crate::check::{Case, dnsbl, spf};
use crate::check::{Expectation, is_below_or_at};
use crate::net::dns::{Asker, Question, Way};
use crate::net::https::Fetcher;

/// So many zones above a name are looked for.
const MOST_ANCESTORS: usize = 10;
/// So many addresses of a zone's servers are asked; the root has 26.
const MOST_AUTHORITIES: usize = 26;
/// So many addresses of servers of the zone above are asked.
const MOST_PARENTS: usize = 3;
/// So many hosts are looked at for what protects the way to them.
const MOST_PROTECTED: usize = 10;
/// So many hosts are looked for at one go.
const MOST_HOSTS: usize = 60;

/// Whom to ask, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The resolvers.
    pub resolvers: Vec<Resolver>,
    /// Whose word on the domain itself counts.
    pub word: Word,
    /// The zone's servers, where the zone is not yet reached by its name.
    pub undelegated: Vec<(String, IpAddr)>,
    /// Are servers asked over IPv4?
    pub v4: bool,
    /// And over IPv6?
    pub v6: bool,
    /// The port of the zone's own servers.
    pub port: u16,
    /// How questions are put.
    pub asker: Asker,
    /// Which mail servers are called; none: nobody is.
    pub live: Option<Arc<Live>>,
    /// How policies are fetched; they are not where there is none.
    pub fetcher: Option<Fetcher>,
    /// Whence, whatever the DNS says.
    pub sts_server: Option<SocketAddr>,
    /// By domain, its customer's own server, where mail is brought to one.
    pub own: HashMap<String, String>,
}

/// Whose word on the domain counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The zone's own servers', and the resolvers' beside them.
    Both,
    /// The zone's own servers'; resolvers help to find them.
    Authorities,
    /// The resolvers'; nobody else is asked.
    Resolvers,
}

impl Plan {
    /// A plan with so much patience for each question.
    pub fn new(patience: Duration, tries: u8) -> Plan {
        Plan {
            resolvers: Vec::new(),
            word: Word::Both,
            undelegated: Vec::new(),
            v4: true,
            v6: true,
            port: 53,
            asker: Asker::new(patience, tries),
            live: None,
            fetcher: None,
            sts_server: None,
            own: HashMap::new(),
        }
    }

    /// Is such an address asked?
    pub fn reaches(&self, address: IpAddr) -> bool {
        if address.is_ipv4() { self.v4 } else { self.v6 }
    }
}

/// A question to a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Ask {
    server: Server,
    way: Way,
    name: String,
    kind: Kind,
    transport: Transport,
    manner: Manner,
}

/// Asks everybody about the domain. `unmade` is a label that nobody can have made, to find wildcards with.
pub async fn gather(domain: &str, expect: &Expectation, plan: &Plan, unmade: &str) -> Facts {
    let facts = Facts { undelegated: !plan.undelegated.is_empty(), ..nothing_yet(domain) };
    let mut gatherer = Gatherer::new(plan, expect, facts);
    gatherer.name_probes(unmade);
    gatherer.about_the_name().await;
    let mut policy = Policy::of(plan, &gatherer.facts, expect);
    gatherer.find_zone();
    gatherer.about_hosts().await;
    if plan.word != Word::Resolvers {
        gatherer.zone_above().await;
        gatherer.find_zone_by_referral();
        gatherer.own_servers().await;
    }
    gatherer.about_hosts().await;
    if plan.word != Word::Resolvers {
        gatherer.own_servers_again().await;
    }
    // What resolvers did not know of a policy the zone's own servers may.
    if policy.is_none() {
        policy = Policy::of(plan, &gatherer.facts, expect);
    }
    if let Some(policy) = policy {
        gatherer.facts.policy = policy.fetched().await;
    }
    if let Some(live) = &plan.live {
        let subject = gatherer.subject(live, unmade);
        gatherer.facts.calls = live.call_all(subject).await;
        gatherer.names_said().await;
    }
    gatherer.done()
}

pub(super) fn nothing_yet(domain: &str) -> Facts {
    Facts {
        domain: domain.to_owned(),
        checked_at: now(),
        zone: None,
        parent: None,
        undelegated: false,
        probes: Vec::new(),
        before: None,
        sts_before: None,
        provision: None,
        watched: None,
        answers: Vec::new(),
        calls: Vec::new(),
        policy: None,
    }
}

/// To the second.
fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now)
}

struct Gatherer<'a> {
    plan: &'a Plan,
    expect: &'a Expectation,
    facts: Facts,
    asked: HashSet<Ask>,
    /// The servers that hear questions without EDNS only.
    plain: HashSet<Server>,
    flights: u8,
    /// How long all answers are, written down.
    octets: u64,
}

impl<'a> Gatherer<'a> {
    fn new(plan: &'a Plan, expect: &'a Expectation, facts: Facts) -> Gatherer<'a> {
        let (asked, plain) = (HashSet::new(), HashSet::new());
        Gatherer { plan, expect, facts, asked, plain, flights: 0, octets: 0 }
    }
}

impl Gatherer<'_> {
    /// A name below the domain; and one beside it, where that is below another name of somebody's.
    fn name_probes(&mut self, unmade: &str) {
        let domain = &self.facts.domain;
        let mut probes = vec![format!("{unmade}.{domain}")];
        if let Some((_, above)) = domain.split_once('.').filter(|(_, above)| above.contains('.')) {
            probes.push(format!("{unmade}.{above}"));
        }
        probes.retain(|probe| probe.len() <= 253);
        self.facts.probes = probes;
    }

    /// What the name alone lets ask.
    async fn about_the_name(&mut self) {
        let domain = self.facts.domain.clone();
        let mut asks = Vec::new();
        for server in self.resolvers() {
            let mut ask = |name: &str, kinds: &[Kind]| {
                asks.extend(kinds.iter().map(|kind| self.usual(&server, name, *kind)));
            };
            for above in ancestors(&domain) {
                ask(&above, &[Kind::Ns]);
            }
            ask(&domain, &[Kind::A, Kind::Aaaa]);
            for name in texts(&domain) {
                ask(&name, &[Kind::Txt]);
            }
            for above in organizations(&domain).take(MOST_ANCESTORS) {
                ask(&format!("_dmarc.{above}"), &[Kind::Txt]);
            }
            ask(&policy_host(&domain), &[Kind::A, Kind::Aaaa]);
            if let Some(name) = self.control() {
                ask(name, &[Kind::A, Kind::Aaaa]);
            }
            for name in self.expect.expected_names() {
                ask(name, &[Kind::A, Kind::Aaaa, Kind::Txt]);
            }
            for name in self.expect.queues.iter().chain(self.plan.own.get(&domain)) {
                ask(name, &[Kind::A, Kind::Aaaa]);
            }
            for name in self.facts.probes.iter().chain(&self.expect.also) {
                ask(name, &[Kind::Mx]);
            }
            if self.plan.word != Word::Authorities {
                ask(&domain, &[Kind::Mx]);
                let unchecked = self.usual(&server, &domain, Kind::Mx);
                asks.push(Ask { manner: Manner::Unchecked, ..unchecked });
            }
            asks.extend(self.chain_to(&server, &domain));
            if !self.facts.undelegated {
                asks.push(self.signed(&server, &domain, Kind::Mx));
            }
            let zone = self.usual(&server, &domain, Kind::Ns);
            asks.extend((zone.way == Way::Plain).then_some(Ask { manner: Manner::Plain, ..zone }));
        }
        self.put(asks).await;
    }

    /// The zone is the nearest name at or above the domain that has servers.
    fn find_zone(&mut self) {
        let cuts: Vec<String> = ancestors(&self.facts.domain)
            .into_iter()
            .filter(|name| !self.servers_listed(name, Role::Resolver).is_empty())
            .collect();
        let mut cuts = cuts.into_iter();
        if !self.plan.undelegated.is_empty() {
            let domain = self.facts.domain.clone();
            self.facts.parent = cuts.find(|cut| *cut != domain);
            self.facts.zone = Some(domain);
            return;
        }
        self.facts.zone = cuts.next();
        self.facts.parent = cuts.next();
    }

    /// Where resolvers cannot look the zone up the zone above tells of it.
    fn find_zone_by_referral(&mut self) {
        let domain = &self.facts.domain;
        let of_parents = |answer: &&Answer| answer.server.role == Role::Parent;
        let referrals = self.facts.answers.iter().filter(of_parents).filter_map(Answer::reply);
        let records = referrals.flat_map(|reply| reply.answer.iter().chain(&reply.authority));
        let above = ancestors(domain);
        let depth = |name: &str| above.iter().position(|above| above == name);
        let referred = records.filter(|record| matches!(record.data, Data::Ns(_)));
        let nearest = referred.filter_map(|record| Some((depth(&record.name)?, &record.name)));
        let Some((at, zone)) = nearest.min() else { return };
        let known = self.facts.zone.as_deref().and_then(depth);
        if known.is_none_or(|known| at < known) {
            let zone = zone.clone();
            self.facts.parent = self.facts.zone.replace(zone);
        }
    }

    /// The hosts that have been named so far, and not been looked for.
    async fn about_hosts(&mut self) {
        let zones = [self.facts.zone.clone(), self.facts.parent.clone()];
        let mut hosts: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for mx in self.targets() {
            let domain = last_labels(&mx, 2);
            names.extend([last_labels(&domain, 1), domain]);
            hosts.push(mx);
        }
        for zone in zones.into_iter().flatten() {
            for role in [Role::Resolver, Role::Parent, Role::Authority] {
                hosts.extend(self.servers_listed(&zone, role));
            }
        }
        hosts.extend(self.servers_elsewhere());
        let (hosts, names) = (first(hosts, MOST_HOSTS), first(names, MOST_HOSTS));
        let targets = self.targets();
        // Those that mail is to come to are known before what DNS says: theirs are asked for one round earlier.
        let expected: Vec<String> = self.expect.expected_names().map(str::to_owned).collect();
        let own = self.plan.own.get(&self.facts.domain);
        let called = targets.iter().chain(own).chain(&expected);
        let at = |target: &String| match target.parse() {
            Ok(address) => vec![address],
            Err(_) => self.addresses(target).into_iter().collect(),
        };
        let places = called.flat_map(at).map(reverse);
        let places = first(places.collect(), MOST_HOSTS);
        let entries = self.list_entries(&targets);
        let (led_to, called) = {
            let case = Case::new(&self.facts, self.expect);
            (spf::wanted(&case), first(names_of_addresses(&case), MOST_HOSTS))
        };
        let mut asks = Vec::new();
        for server in self.resolvers_that_answer() {
            for host in hosts.iter().chain(&called) {
                asks.extend([Kind::A, Kind::Aaaa].map(|kind| self.usual(&server, host, kind)));
            }
            asks.extend(led_to.iter().map(|(name, kind)| self.usual(&server, name, *kind)));
            asks.extend(names.iter().map(|name| self.usual(&server, name, Kind::Ns)));
            asks.extend(places.iter().map(|place| self.usual(&server, place, Kind::Ptr)));
            asks.extend(entries.iter().map(|entry| self.usual(&server, entry, Kind::A)));
            if let Some(zone) = &self.facts.zone {
                asks.push(self.usual(&server, zone, Kind::Soa));
            }
            for target in targets.iter().take(MOST_PROTECTED) {
                asks.push(self.signed(&server, target, Kind::A));
                asks.extend(self.certificates_of(&server, &format!("_25._tcp.{target}")));
                if let Some(expanded) = self.expanded(target) {
                    asks.extend(self.certificates_of(&server, &format!("_25._tcp.{expanded}")));
                }
            }
            for name in self.expect.odmr_names().take(MOST_PROTECTED) {
                asks.extend(self.certificates_of(&server, &format!("_366._tcp.{name}")));
            }
        }
        self.put(asks).await;
    }

    /// The names that addresses have and those by which servers called themselves. Of strangers' hosts the former
    /// are known only behind three questions; a fourth is put where mail servers were called, which takes longer.
    async fn names_said(&mut self) {
        let names = {
            let case = Case::new(&self.facts, self.expect);
            let said = own_names_of_servers(&case);
            first(names_of_addresses(&case).into_iter().chain(said).collect(), MOST_HOSTS)
        };
        let mut asks = Vec::new();
        for server in self.resolvers_that_answer() {
            for name in &names {
                asks.extend([Kind::A, Kind::Aaaa].map(|kind| self.usual(&server, name, kind)));
            }
        }
        self.put(asks).await;
    }

    /// Where the lists of addresses have what they say of the targets.
    fn list_entries(&self, targets: &[String]) -> Vec<String> {
        let at: Vec<IpAddr> = targets.iter().flat_map(|target| self.addresses(target)).collect();
        let of = |list: &String| {
            let entries = at.iter().map(|address| dnsbl::entry(list, *address));
            dnsbl::samples(list).into_iter().chain(entries).collect::<Vec<_>>()
        };
        match at.is_empty() {
            true => Vec::new(),
            false => first(self.expect.lists.iter().flat_map(of).collect(), MOST_HOSTS),
        }
    }

    /// What leads from the root to the zone of a name: the keys of each name above it, and what is vouched for.
    fn chain_to(&self, server: &Server, name: &str) -> Vec<Ask> {
        let mut asks = Vec::new();
        for above in ancestors(name) {
            // Resolvers know another zone than the one that is coming.
            if self.facts.undelegated && is_below_or_at(&above, &self.facts.domain) {
                continue;
            }
            if above != "." {
                asks.push(self.signed(server, &above, Kind::Ds));
            }
            // Below a host there is hardly ever a zone.
            if !above.starts_with('_') {
                asks.push(self.signed(server, &above, Kind::Dnskey));
            }
        }
        asks
    }

    /// The certificates that a service should show, and what leads to them.
    fn certificates_of(&self, server: &Server, service: &str) -> Vec<Ask> {
        let mut asks = self.chain_to(server, service);
        asks.push(self.signed(server, service, Kind::Tlsa));
        asks
    }

    async fn zone_above(&mut self) {
        let undelegated = !self.plan.undelegated.is_empty();
        let parent = match (&self.facts.parent, &self.facts.zone) {
            _ if undelegated => return,
            (Some(parent), _) => parent.clone(),
            // Resolvers find no servers of the zone: what they found may be the zone above.
            (None, Some(zone)) => zone.clone(),
            (None, None) => return,
        };
        let zone = self.facts.zone.clone().unwrap_or_default();
        let name = if self.facts.parent.is_some() { &zone } else { &self.facts.domain };
        let mut asks = self.asks_above(&parent, name);
        // A name that has no servers of its own may yet have been cut off below the zone that was found. Both
        // are asked at once: a host may have both zones.
        if self.facts.zone.as_deref() != Some(&self.facts.domain) {
            asks.extend(self.asks_above(&zone, &self.facts.domain));
        }
        self.put(asks).await;
    }

    /// Whom do a zone's servers name for what is below it?
    fn asks_above(&self, zone: &str, name: &str) -> Vec<Ask> {
        let servers = self.servers_at(zone, Role::Parent, &[Role::Resolver]);
        let servers = servers.into_iter().take(MOST_PARENTS);
        servers.map(|server| self.usual(&server, name, Kind::Ns)).collect()
    }

    /// Everything that the zone's own servers can tell.
    async fn own_servers(&mut self) {
        let asks = self.asks_of_own();
        self.put(asks).await;
    }

    /// What only now is known to ask for; and those elsewhere whom the expected servers are known to. Both are asked
    /// at once: they may be the same.
    async fn own_servers_again(&mut self) {
        let mut asks = self.asks_of_own();
        asks.extend(self.asks_elsewhere());
        self.put(asks).await;
    }

    fn asks_of_own(&self) -> Vec<Ask> {
        let Some(zone) = self.facts.zone.clone() else { return Vec::new() };
        let servers = match self.plan.undelegated.is_empty() {
            true => {
                let lists = [Role::Authority, Role::Resolver, Role::Parent];
                self.servers_at(&zone, Role::Authority, &lists)
            }
            false => self.undelegated(),
        };
        let in_zone = |name: &String| *name == zone || name.ends_with(&format!(".{zone}"));
        let lists = [Role::Authority, Role::Resolver, Role::Parent];
        let listed = lists.iter().flat_map(|role| self.servers_listed(&zone, *role));
        let hosts = first(self.targets().into_iter().chain(listed).collect(), MOST_HOSTS);
        let hosts: Vec<String> = hosts.into_iter().filter(in_zone).collect();
        let servers = servers.into_iter().take(MOST_AUTHORITIES);
        servers.flat_map(|server| self.all_of(&server, &zone, &hosts)).collect()
    }

    fn all_of(&self, server: &Server, zone: &str, hosts: &[String]) -> Vec<Ask> {
        let domain = &self.facts.domain;
        let mut asks = vec![
            self.usual(server, zone, Kind::Soa),
            self.usual(server, zone, Kind::Ns),
            self.usual(server, domain, Kind::Mx),
            self.usual(server, domain, Kind::A),
            self.usual(server, domain, Kind::Aaaa),
        ];
        for host in hosts {
            asks.extend([Kind::A, Kind::Aaaa].map(|kind| self.usual(server, host, kind)));
        }
        let also = self.expect.also.iter().filter(|name| is_below_or_at(name, zone));
        asks.extend(also.map(|name| self.usual(server, name, Kind::Mx)));
        // What resolvers cannot know before the zone goes live.
        if !self.plan.undelegated.is_empty() {
            asks.extend(texts(domain).iter().map(|name| self.usual(server, name, Kind::Txt)));
            let host = policy_host(domain);
            asks.extend([Kind::A, Kind::Aaaa].map(|kind| self.usual(server, &host, kind)));
            let probes = self.facts.probes.iter().take(1);
            asks.extend(probes.map(|probe| self.usual(server, probe, Kind::Mx)));
        }
        asks.push(self.signed(server, domain, Kind::Mx));
        asks.push(self.signed(server, zone, Kind::Dnskey));
        let soa = self.usual(server, zone, Kind::Soa);
        asks.push(Ask { transport: Transport::Tcp, ..soa.clone() });
        asks.push(Ask { manner: Manner::Plain, ..soa });
        asks
    }

    /// The mail server that is known to answer, where one was named.
    fn control(&self) -> Option<&str> {
        let (host, _) = self.plan.live.as_ref()?.control.as_ref()?;
        host.parse::<IpAddr>().is_err().then_some(host)
    }

    /// What there is to ask mail servers about, and which there are.
    fn subject(&self, live: &Live, unmade: &str) -> Subject {
        let places = |hosts: Vec<String>| -> Vec<(String, IpAddr)> {
            let mut places = Vec::new();
            for host in first(hosts, MOST_HOSTS) {
                let addrs = self.addresses(&host);
                let reached = addrs.into_iter().filter(|addr| self.plan.reaches(*addr));
                places.extend(reached.map(|addr| (host.clone(), addr)));
            }
            places
        };
        let own = self.expect.servers.iter().flat_map(|server| self.addresses(server));
        let targets = places(self.called());
        let of_networks = targets.iter().map(|(_, addr)| *addr);
        let of_networks =
            of_networks.filter(|addr| self.expect.networks.iter().any(|n| n.contains(*addr)));
        let control = live.control.as_ref().map(|(host, _)| match host.parse() {
            Ok(addr) => vec![addr],
            Err(_) => places(vec![host.clone()]).into_iter().map(|(_, addr)| addr).collect(),
        });
        Subject {
            domain: self.facts.domain.clone(),
            unmade: unmade.to_owned(),
            own: own.chain(of_networks).collect(),
            own_names: self.expect.expected_names().map(str::to_owned).collect(),
            servers: places(self.expect.fetched_at().to_vec()),
            control: control.unwrap_or_default(),
            targets,
        }
    }

    fn resolvers(&self) -> Vec<Server> {
        self.plan.resolvers.iter().map(of_resolver).collect()
    }

    /// Who was silent to a dozen questions is not asked more.
    fn resolvers_that_answer(&self) -> Vec<Server> {
        let mut resolvers = self.resolvers();
        resolvers.retain(|server| {
            let mut of_server = self.facts.answers.iter().filter(|a| a.server == *server);
            of_server.any(|answer| answer.reply().is_some())
        });
        resolvers
    }

    fn undelegated(&self) -> Vec<Server> {
        let given = self.plan.undelegated.iter().filter(|(_, addr)| self.plan.reaches(*addr));
        given
            .map(|(name, addr)| Server {
                role: Role::Authority,
                name: Some(name.clone()),
                addr: *addr,
                port: self.plan.port,
            })
            .collect()
    }

    /// The names that a zone's servers have, as servers of this role tell.
    fn servers_listed(&self, zone: &str, role: Role) -> Vec<String> {
        let about = |answer: &&Answer| answer.kind == Kind::Ns && answer.server.role == role;
        let replies = self.facts.answers.iter().filter(about).filter_map(Answer::reply);
        let records = replies.flat_map(|reply| reply.answer.iter().chain(&reply.authority));
        let name = |record: &Record| match &record.data {
            Data::Ns(name) if record.name == zone => Some(name.clone()),
            _ => None,
        };
        first(records.filter_map(name).collect(), MOST_HOSTS)
    }

    /// The servers of a zone that have these names, by every address that is known of them.
    fn servers_at(&self, zone: &str, role: Role, lists: &[Role]) -> Vec<Server> {
        let names = lists.iter().flat_map(|list| self.servers_listed(zone, *list)).collect();
        let mut servers = Vec::new();
        for name in first(names, MOST_HOSTS) {
            for addr in self.addresses(&name) {
                let server = Server { role, name: Some(name.clone()), addr, port: self.plan.port };
                if self.plan.reaches(addr) && !servers.contains(&server) {
                    servers.push(server);
                }
            }
        }
        // IPv4 first: where only some are asked they had better be those that everybody reaches.
        servers.sort_by_key(|server| server.addr.is_ipv6());
        servers
    }

    /// Where a host is, as far as anybody told: in answers, and in what the zone above adds to them.
    fn addresses(&self, name: &str) -> BTreeSet<IpAddr> {
        let mut found = BTreeSet::new();
        for answer in &self.facts.answers {
            let address = |record: &Record| match record.data {
                Data::Address(address) => Some(address),
                _ => None,
            };
            if answer.name == name && !matches!(answer.server.role, Role::Parent | Role::Host) {
                found.extend(answer.records().filter_map(address));
            }
            let is_glue = answer.server.role == Role::Parent;
            let glue = answer.reply().filter(|_| is_glue).map_or(&[][..], |r| &r.additional);
            found.extend(glue.iter().filter(|record| record.name == name).filter_map(address));
        }
        found
    }

    /// The name that a host is only another name for. RFC 7672, section 2.2.2: its certificates count.
    fn expanded(&self, host: &str) -> Option<String> {
        let of_host =
            |answer: &&Answer| answer.name == host && matches!(answer.kind, Kind::A | Kind::Aaaa);
        let chains = self.facts.answers.iter().filter(of_host).map(Answer::aliases);
        chains.max_by_key(Vec::len)?.pop()
    }

    /// The targets of all MX records of the domain, those first that are tried first.
    fn targets(&self) -> Vec<String> {
        self.targets_as_told(|_| true)
    }

    /// Those of them that are called: where the zone's own servers' word alone counts, none that only a resolver
    /// names.
    fn called(&self) -> Vec<String> {
        let only_own = self.plan.word == Word::Authorities || !self.plan.undelegated.is_empty();
        self.targets_as_told(|answer| {
            !only_own || answer.server.role == Role::Authority && answer.is_settled()
        })
    }

    fn targets_as_told(&self, counts: impl Fn(&Answer) -> bool) -> Vec<String> {
        let about = |answer: &&Answer| {
            answer.kind == Kind::Mx && answer.name == self.facts.domain && counts(answer)
        };
        let records = self.facts.answers.iter().filter(about).flat_map(Answer::records);
        let target = |record: &Record| match &record.data {
            Data::Mx { preference, target } if !target.is_empty() => {
                Some((*preference, target.clone()))
            }
            _ => None,
        };
        let mut targets: Vec<(u16, String)> = records.filter_map(target).collect();
        targets.sort_by_key(|(preference, _)| *preference);
        targets.into_iter().map(|(_, target)| target).collect()
    }

    fn usual(&self, server: &Server, name: &str, kind: Kind) -> Ask {
        let known = self.plan.resolvers.iter().find(|known| of_resolver(known) == *server);
        Ask {
            server: server.clone(),
            way: known.map(|known| known.way.clone()).unwrap_or_default(),
            name: name.to_owned(),
            kind,
            transport: Transport::Udp,
            manner: Manner::Usual,
        }
    }

    fn signed(&self, server: &Server, name: &str, kind: Kind) -> Ask {
        Ask { manner: Manner::Signed, ..self.usual(server, name, kind) }
    }

    /// Puts the questions that have not been put, and those once more that were lost on a server.
    async fn put(&mut self, asks: Vec<Ask>) {
        let asks: Vec<Ask> = asks.into_iter().filter_map(|ask| self.as_heard(ask)).collect();
        self.fly(asks.clone()).await;
        let again = self.once_more(&asks);
        if !again.is_empty() {
            self.fly(again).await;
        }
    }

    /// Puts the questions that have not been put, all at once, and waits for every answer.
    async fn fly(&mut self, asks: Vec<Ask>) {
        self.flights = self.flights.saturating_add(1);
        let mut under_way = Vec::new();
        for ask in asks {
            if self.asked.len() < MOST_ANSWERS && self.asked.insert(ask.clone()) {
                let asker = self.plan.asker.clone();
                under_way.push(AbortOnDropHandle::new(tokio::spawn(put(asker, ask, self.flights))));
            }
        }
        for answer in under_way {
            match answer.await {
                Ok(answer) => self.keep(answer),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
    }

    /// Keeps an answer, where what is kept can be written down and read again. What is left out was not heard.
    fn keep(&mut self, mut answer: Answer) {
        let room = MOST_OCTETS.saturating_sub(self.octets);
        let mut octets = evidence::octets(&answer);
        if octets > room {
            let more = "more was told than is kept".to_owned();
            answer.outcome = Outcome::Silence(Silence::Fault(more));
            octets = evidence::octets(&answer);
        }
        if octets <= room {
            self.octets += octets;
            self.facts.answers.push(answer);
        }
    }

    /// The facts, each answer with its name.
    fn done(mut self) -> Facts {
        for (n, answer) in self.facts.answers.iter_mut().enumerate() {
            answer.id = format!("q{}", n + 1);
        }
        self.facts
    }
}

async fn put(asker: Asker, ask: Ask, flight: u8) -> Answer {
    let (outcome, took) = match wire_name(&ask.name) {
        Some(name) => heard(&asker, &ask, name).await,
        None => {
            let why = "no server can be asked for such a name".to_owned();
            (Outcome::Silence(Silence::Fault(why)), Duration::ZERO)
        }
    };
    Answer {
        id: String::new(),
        server: ask.server,
        transport: ask.transport,
        name: ask.name,
        kind: ask.kind,
        manner: ask.manner,
        flight,
        outcome,
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

async fn heard(asker: &Asker, ask: &Ask, name: Name) -> (Outcome, Duration) {
    let question = Question {
        name,
        kind: record_type(ask.kind),
        recurse: ask.server.role == Role::Resolver,
        unchecked: matches!(ask.manner, Manner::Unchecked | Manner::Signed),
        edns: ask.manner != Manner::Plain,
        signed: ask.manner == Manner::Signed,
        tcp: ask.transport == Transport::Tcp,
    };
    let at = SocketAddr::new(ask.server.addr, ask.server.port);
    let (heard, took) = asker.timed(at, &ask.way, &question).await;
    (outcome(heard, ask.manner == Manner::Signed), took)
}

/// The domain and the names above it, the root last.
fn ancestors(domain: &str) -> Vec<String> {
    let mut names = vec![domain.to_owned()];
    let mut rest = domain;
    while let Some((_, above)) = rest.split_once('.') {
        names.push(above.to_owned());
        rest = above;
    }
    // Of a name with very many labels the nearest, and the top-level domain.
    if names.len() > MOST_ANCESTORS {
        names.drain(MOST_ANCESTORS - 1..names.len() - 1);
    }
    names.push(".".to_owned());
    names
}

fn of_resolver(resolver: &Resolver) -> Server {
    let (addr, port) = (resolver.at.ip(), resolver.at.port());
    Server { role: Role::Resolver, name: resolver.name.clone(), addr, port }
}

/// The names at which a domain says in text what it does about mail.
fn texts(domain: &str) -> Vec<String> {
    let below = ["_mta-sts.", "_smtp._tls.", "_dmarc."].map(|label| format!("{label}{domain}"));
    std::iter::once(domain.to_owned()).chain(below).collect()
}

/// `example.net` of `mail.example.net`.
fn last_labels(name: &str, count: usize) -> String {
    let at = name.rmatch_indices('.').nth(count - 1).map_or(0, |(at, _)| at + 1);
    name[at..].to_owned()
}

/// Each once, in their order, and not more than so many.
fn first(names: Vec<String>, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::Reply;

    #[tokio::test]
    async fn a_question_that_cannot_be_put_is_none() {
        let server = Server {
            role: Role::Resolver,
            name: None,
            addr: "127.0.0.1".parse().unwrap(),
            port: 9,
        };
        let ask = Ask {
            server,
            way: Way::Plain,
            name: format!("{}.org", "a".repeat(64)),
            kind: Kind::Mx,
            transport: Transport::Udp,
            manner: Manner::Usual,
        };
        let answer = put(Asker::new(Duration::from_secs(5), 1), ask, 1).await;
        assert!(matches!(answer.outcome, Outcome::Silence(Silence::Fault(_))), "{answer:?}");
    }

    #[test]
    fn the_names_above_a_name_are_few() {
        assert_eq!(ancestors("a.example.org"), ["a.example.org", "example.org", "org", "."]);
        let long = ancestors(&"x.".repeat(60).add_label("org"));
        assert_eq!(long.len(), MOST_ANCESTORS + 1);
        assert_eq!(long[MOST_ANCESTORS - 1], "org");
    }

    trait AddLabel {
        fn add_label(self, label: &str) -> String;
    }

    impl AddLabel for String {
        fn add_label(self, label: &str) -> String {
            self + label
        }
    }

    fn answer(text: &str) -> Answer {
        let record = Record { name: "a".to_owned(), ttl: 1, data: Data::Txt(text.to_owned()) };
        let server =
            Server { role: Role::Resolver, name: None, addr: [192, 0, 2, 1].into(), port: 53 };
        Answer {
            id: String::new(),
            server,
            transport: Transport::Udp,
            name: "example.org".to_owned(),
            kind: Kind::Txt,
            manner: Manner::Usual,
            flight: 1,
            outcome: Outcome::Reply(Reply { answer: vec![record], ..Reply::default() }),
            ms: 1,
        }
    }

    /// A stranger's answers may be as long as a stranger likes.
    #[test]
    fn what_is_kept_can_be_written_down_and_read_again() {
        let plan = Plan::new(Duration::from_secs(1), 1);
        let expect = Expectation::default();
        let facts = nothing_yet("example.org");
        let mut gatherer = Gatherer::new(&plan, &expect, facts);
        // Written down each of these is six.
        let long = "\u{1}".repeat(1 << 20);
        for _ in 0..8 {
            gatherer.keep(answer(&long));
        }
        let facts = gatherer.done();
        let heard = facts.answers.iter().filter(|answer| answer.reply().is_some()).count();
        assert_eq!((facts.answers.len(), heard), (8, 5));
        let mut writer = evidence::Writer::new(Vec::new(), &expect, false).unwrap();
        writer.add(&facts).unwrap();
        let written = writer.end().unwrap();
        let mut reader = evidence::Reader::new(written.as_slice()).unwrap();
        assert!(reader.next_facts().unwrap() == Some(facts));
    }

    #[test]
    fn a_server_is_asked_at_its_own_port_and_in_its_own_family() {
        let mut plan = Plan::new(Duration::from_secs(1), 1);
        plan.resolvers = ["192.0.2.1:53", "192.0.2.1:5353"]
            .map(|at| Resolver::from(at.parse::<SocketAddr>().unwrap()))
            .to_vec();
        plan.undelegated = ["192.0.2.2", "2001:db8::2"]
            .map(|at| ("ns.example.net".to_owned(), at.parse().unwrap()))
            .to_vec();
        plan.v6 = false;
        let expect = Expectation::default();
        let facts = nothing_yet("example.org");
        let gatherer = Gatherer::new(&plan, &expect, facts);
        let ports: Vec<u16> = gatherer.resolvers().iter().map(|server| server.port).collect();
        assert_eq!(ports, [53, 5353]);
        let undelegated = gatherer.undelegated();
        assert_eq!(
            undelegated.iter().map(|s| s.addr.to_string()).collect::<Vec<_>>(),
            ["192.0.2.2"]
        );
    }

    /// Somebody who is a mail server in a cache alone is not called where the cache does not count.
    #[test]
    fn who_is_called_is_named_by_those_whose_word_counts() {
        let told = |role: Role, target: &str| {
            let mut told = answer("");
            (told.server.role, told.kind) = (role, Kind::Mx);
            let data = Data::Mx { preference: 10, target: target.to_owned() };
            let record = Record { name: "example.org".to_owned(), ttl: 1, data };
            let reply = Reply {
                rcode: "NOERROR".to_owned(),
                aa: role == Role::Authority,
                answer: vec![record],
                ..Reply::default()
            };
            told.outcome = Outcome::Reply(reply);
            told
        };
        let expect = Expectation::default();
        for (word, called) in [
            (Word::Authorities, &["new.example.net"][..]),
            (Word::Both, &["old.org", "new.example.net"]),
        ] {
            let plan = Plan { word, ..Plan::new(Duration::from_secs(1), 1) };
            let answers =
                vec![told(Role::Resolver, "old.org"), told(Role::Authority, "new.example.net")];
            let facts = Facts { answers, ..nothing_yet("example.org") };
            let gatherer = Gatherer::new(&plan, &expect, facts);
            assert_eq!(gatherer.called(), called);
        }
    }

    #[test]
    fn the_end_of_a_name_is_a_name() {
        assert_eq!(last_labels("mail.example.net", 2), "example.net");
        assert_eq!(last_labels("mail.example.net", 1), "net");
        assert_eq!(last_labels("net", 2), "net");
    }
}
