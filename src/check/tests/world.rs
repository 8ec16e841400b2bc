//! A small internet in which example.org is in order, and what can be spoilt in it.

use std::net::IpAddr;

use crate::check::chain::tests::Signed;
use crate::check::facts::{
    Answer, Data, Facts, Fetched, Kind, Manner, Outcome, Policed, Record, Reply, Role, Server,
    Silence, Transport, reverse,
};
use crate::check::{Expectation, Policy, dnsbl, facts, judge, sts_mark};
use crate::finding::{Assessment, Finding, Status};

pub const DOMAIN: &str = "example.org";

/// A policy for all hosts of the provider, and those of the domain.
pub const POLICY: &str =
    "version: STSv1\nmode: testing\nmx: *.example.net\nmx: *.example.org\nmax_age: 604800\n";

/// The facts that will be judged, and what is expected.
pub struct World {
    pub facts: Facts,
    pub expect: Expectation,
}

pub fn resolver() -> Server {
    server(Role::Resolver, None, "192.0.3.53")
}

pub fn another_resolver() -> Server {
    server(Role::Resolver, None, "192.0.3.54")
}

/// The zone's own two.
pub fn ns1() -> Server {
    server(Role::Authority, Some("ns1.example.org"), "192.0.3.1")
}

pub fn ns2() -> Server {
    server(Role::Authority, Some("ns2.example.net"), "198.51.99.2")
}

pub fn above() -> Server {
    server(Role::Parent, Some("a.nic.org"), "192.0.4.1")
}

fn server(role: Role, name: Option<&str>, addr: &str) -> Server {
    Server { role, name: name.map(str::to_owned), addr: addr.parse().unwrap(), port: 53 }
}

pub fn record(name: &str, data: Data) -> Record {
    Record { name: name.to_owned(), ttl: 3600, data }
}

pub fn mx(preference: u16, target: &str) -> Data {
    Data::Mx { preference, target: target.to_owned() }
}

pub fn ns(name: &str) -> Data {
    Data::Ns(name.to_owned())
}

pub fn soa(serial: u32, minimum: u32) -> Data {
    Data::Soa { serial, minimum }
}

pub fn address(text: &str) -> Data {
    Data::Address(text.parse().unwrap())
}

pub fn text(text: &str) -> Data {
    Data::Txt(text.to_owned())
}

pub fn reply(server: &Server, rcode: &str, answer: Vec<Record>) -> Outcome {
    let aa = server.role.has_word();
    Outcome::Reply(Reply { rcode: rcode.to_owned(), aa, octets: 100, answer, ..Reply::default() })
}

impl World {
    /// All is well: two servers, each at two addresses, and two name servers who agree.
    pub fn good() -> World {
        let facts = Facts {
            domain: DOMAIN.to_owned(),
            checked_at: jiff::Timestamp::UNIX_EPOCH,
            zone: Some(DOMAIN.to_owned()),
            parent: Some("org".to_owned()),
            undelegated: false,
            probes: vec!["nobody.example.org".to_owned()],
            before: None,
            sts_before: None,
            provision: None,
            watched: None,
            answers: Vec::new(),
            calls: Vec::new(),
            policy: None,
        };
        let servers = vec!["atrn.example.net".to_owned(), "atrn2.example.net".to_owned()];
        let expect = Expectation { servers, ..Expectation::default() };
        let mut world = World { facts, expect };
        world.mx(&[(10, "atrn.example.net"), (20, "atrn2.example.net")]);
        world.host("atrn.example.net", &["192.0.3.25", "2a00:1::25"]);
        world.host("atrn2.example.net", &["192.0.3.26", "2a00:1::26"]);
        for addr in ["192.0.3.25", "2a00:1::25"] {
            world.called(addr, Some("atrn.example.net"));
        }
        world.host(DOMAIN, &[]);
        world.host("ns1.example.org", &["192.0.3.1"]);
        world.host("ns2.example.net", &["198.51.99.2"]);
        world.set(DOMAIN, Kind::Ns, &[ns("ns1.example.org"), ns("ns2.example.net")]);
        world.set(DOMAIN, Kind::Soa, &[soa(7, 300)]);
        world.set("org", Kind::Ns, &[ns("a.nic.org")]);
        world.refer(&["ns1.example.org", "ns2.example.net"], &["192.0.3.1"]);
        for server in [ns1(), ns2()] {
            let outcome = reply(&server, "NOERROR", vec![record(DOMAIN, soa(7, 300))]);
            world.put(&server, DOMAIN, Kind::Soa, Transport::Tcp, Manner::Usual, outcome.clone());
            world.put(&server, DOMAIN, Kind::Soa, Transport::Udp, Manner::Plain, outcome);
        }
        world.set(DOMAIN, Kind::Txt, &[text("v=spf1 -all"), text("something else")]);
        world.set("_mta-sts.example.org", Kind::Txt, &[text("v=STSv1; id=2026;")]);
        let reports = text("v=TLSRPTv1; rua=mailto:tls@example.org");
        world.set("_smtp._tls.example.org", Kind::Txt, &[reports]);
        world.set("_dmarc.example.org", Kind::Txt, &[text("v=DMARC1; p=reject")]);
        world.gone("nobody.example.org", Kind::Mx);
        world.keys(&[7, 8], &[7]);
        world.good_for(14 * 86_400);
        world.page(200, "text/plain", POLICY);
        world
    }

    /// The domain's MX records, wherever they are asked for.
    pub fn mx(&mut self, records: &[(u16, &str)]) {
        let data: Vec<Data> = records.iter().map(|(n, target)| mx(*n, target)).collect();
        self.set(DOMAIN, Kind::Mx, &data);
    }

    /// The same as one server has them.
    pub fn mx_at(&mut self, server: &Server, records: &[(u16, &str)]) {
        let records = records.iter().map(|(n, target)| record(DOMAIN, mx(*n, target))).collect();
        self.at(server, DOMAIN, Kind::Mx, reply(server, "NOERROR", records));
    }

    /// A host with these addresses.
    pub fn host(&mut self, name: &str, addrs: &[&str]) {
        let addrs: Vec<IpAddr> = addrs.iter().map(|text| text.parse().unwrap()).collect();
        let of = |v4: bool| {
            let some = addrs.iter().filter(move |a| a.is_ipv4() == v4);
            some.map(|a| Data::Address(*a)).collect::<Vec<_>>()
        };
        self.set(name, Kind::A, &of(true));
        self.set(name, Kind::Aaaa, &of(false));
    }

    /// What an address is called.
    pub fn called(&mut self, addr: &str, name: Option<&str>) {
        let at = reverse(addr.parse().unwrap());
        let names: Vec<Data> = name.map(|name| Data::Ptr(name.to_owned())).into_iter().collect();
        self.set(&at, Kind::Ptr, &names);
    }

    /// The zone's keys, and those that the zone above vouches for, by tag.
    pub fn keys(&mut self, keys: &[u16], vouched: &[u16]) {
        let algorithm = 13;
        let keys = keys.iter().map(|tag| record(DOMAIN, Data::Dnskey { tag: *tag, algorithm }));
        self.signed(Kind::Dnskey, keys.collect());
        let vouched = vouched.iter().map(|tag| record(DOMAIN, Data::Ds { tag: *tag, algorithm }));
        self.signed(Kind::Ds, vouched.collect());
    }

    /// The MX records' signature, good for so long after the moment of asking, seconds.
    pub fn good_for(&mut self, seconds: i32) {
        let expires = u32::from_ne_bytes(seconds.to_ne_bytes());
        self.signed(
            Kind::Mx,
            vec![record(
                DOMAIN,
                Data::Rrsig { covers: "MX".to_owned(), signer: DOMAIN.to_owned(), expires },
            )],
        );
    }

    fn signed(&mut self, kind: Kind, records: Vec<Record>) {
        let outcome = reply(&resolver(), "NOERROR", records);
        self.put(&resolver(), DOMAIN, kind, Transport::Udp, Manner::Signed, outcome);
    }

    /// The same with signatures that can be checked.
    pub fn with(&mut self, signed: &Signed) {
        let facts = signed.facts();
        self.expect.anchors = signed.anchors();
        self.facts.checked_at = facts.checked_at;
        for answer in facts.answers {
            let (server, manner) = (&answer.server, answer.manner);
            self.put(server, &answer.name, answer.kind, answer.transport, manner, answer.outcome);
        }
    }

    /// What was found where the policy of MTA-STS is.
    pub fn page(&mut self, status: u16, media: &str, body: &str) {
        let (media, body) = (media.to_owned(), body.to_owned());
        self.facts.policy = Some(Policed {
            url: "https://mta-sts.example.org/.well-known/mta-sts.txt".to_owned(),
            at: vec!["192.0.3.80".parse().unwrap()],
            outcome: Fetched::Page { status, media, body },
            ms: 9,
        });
    }

    /// There is a list that has these addresses of the targets.
    pub fn list(&mut self, list: &str, listed: &[&str]) {
        self.expect.lists = vec![list.to_owned()];
        let [there, never] = dnsbl::samples(list);
        let at = ["192.0.3.25", "2a00:1::25", "192.0.3.26", "2a00:1::26", "192.0.3.27"];
        let entries = at.map(|at| (dnsbl::entry(list, at.parse().unwrap()), listed.contains(&at)));
        for (name, is_listed) in entries.into_iter().chain([(there, true), (never, false)]) {
            let code = if is_listed { vec![address("127.0.0.4")] } else { vec![] };
            self.set(&name, Kind::A, &code);
        }
    }

    /// As it was written down when the policy was this one.
    pub fn policy_before(&mut self, id: &str, body: &str) {
        let now = self.facts.policy.clone();
        self.page(200, "text/plain", body);
        self.facts.sts_before =
            sts_mark(&self.facts).map(|mark| facts::StsMark { id: id.to_owned(), ..mark });
        self.facts.policy = now;
    }

    /// A name that is only another one's.
    pub fn alias(&mut self, name: &str, to: &str, addrs: &[&str]) {
        self.host(name, &[]);
        for kind in [Kind::A, Kind::Aaaa] {
            let of_kind = addrs.iter().filter(|a| a.contains(':') == (kind == Kind::Aaaa));
            let mut records = vec![record(name, Data::Cname(to.to_owned()))];
            records.extend(of_kind.map(|a| record(to, address(a))));
            let outcome = reply(&resolver(), "NOERROR", records);
            self.at(&resolver(), name, kind, outcome);
        }
    }

    /// There is no such name.
    pub fn gone(&mut self, name: &str, kind: Kind) {
        for server in self.servers_of(name) {
            self.at(&server, name, kind, reply(&server, "NXDOMAIN", Vec::new()));
        }
    }

    /// A host that does not exist.
    pub fn no_host(&mut self, name: &str) {
        self.gone(name, Kind::A);
        self.gone(name, Kind::Aaaa);
    }

    /// What the zone above says.
    pub fn refer(&mut self, names: &[&str], glue: &[&str]) {
        let outcome = Outcome::Reply(Reply {
            rcode: "NOERROR".to_owned(),
            octets: 100,
            authority: names.iter().map(|name| record(DOMAIN, ns(name))).collect(),
            additional: glue.iter().map(|a| record("ns1.example.org", address(a))).collect(),
            ..Reply::default()
        });
        self.at(&above(), DOMAIN, Kind::Ns, outcome);
    }

    /// These records, at every server that knows the name.
    pub fn set(&mut self, name: &str, kind: Kind, data: &[Data]) {
        for server in self.servers_of(name) {
            let records = data.iter().map(|data| record(name, data.clone())).collect();
            self.at(&server, name, kind, reply(&server, "NOERROR", records));
        }
    }

    fn servers_of(&self, name: &str) -> Vec<Server> {
        match name == DOMAIN || name.ends_with(".example.org") {
            true => vec![resolver(), ns1(), ns2()],
            false => vec![resolver()],
        }
    }

    /// What one server says.
    pub fn at(&mut self, server: &Server, name: &str, kind: Kind, outcome: Outcome) {
        self.put(server, name, kind, Transport::Udp, Manner::Usual, outcome);
    }

    pub fn put(
        &mut self,
        server: &Server,
        name: &str,
        kind: Kind,
        transport: Transport,
        manner: Manner,
        outcome: Outcome,
    ) {
        let same = |answer: &&mut Answer| {
            answer.server == *server
                && answer.name == name
                && answer.kind == kind
                && answer.transport == transport
                && answer.manner == manner
        };
        if let Some(answer) = self.facts.answers.iter_mut().find(same) {
            answer.outcome = outcome;
            return;
        }
        let (server, name) = (server.clone(), name.to_owned());
        let id = format!("q{}", self.facts.answers.len() + 1);
        let ms = 3;
        let (flight, outcome) = (1, outcome);
        let answer = Answer { id, server, transport, name, kind, manner, flight, outcome, ms };
        self.facts.answers.push(answer);
    }

    /// A server that says nothing any more.
    pub fn silence(&mut self, server: &Server) {
        for answer in self.facts.answers.iter_mut().filter(|a| a.server == *server) {
            answer.outcome = Outcome::Silence(Silence::Timeout);
        }
    }

    /// Every answer of a server, changed.
    pub fn each(&mut self, server: &Server, change: impl Fn(&mut Reply)) {
        for answer in self.facts.answers.iter_mut().filter(|a| a.server == *server) {
            if let Outcome::Reply(reply) = &mut answer.outcome {
                change(reply);
            }
        }
    }

    /// Another server that says what one says.
    pub fn copy(&mut self, server: &Server, other: &Server) {
        let same: Vec<Answer> =
            self.facts.answers.iter().filter(|answer| answer.server == *server).cloned().collect();
        for answer in same {
            let Answer { transport, name, kind, manner, outcome, .. } = answer;
            self.put(other, &name, kind, transport, manner, outcome);
        }
    }

    /// Without any answer from a server.
    pub fn forget(&mut self, server: &Server) {
        self.facts.answers.retain(|answer| answer.server != *server);
    }

    /// Another time to live for what a name has, everywhere.
    pub fn ttl(&mut self, name: &str, kind: Kind, ttl: u32) {
        let of = |answer: &&mut Answer| answer.name == name && answer.kind == kind;
        for answer in self.facts.answers.iter_mut().filter(of) {
            if let Outcome::Reply(reply) = &mut answer.outcome {
                reply.answer.iter_mut().for_each(|record| record.ttl = ttl);
            }
        }
    }

    pub fn judged(&self) -> Assessment {
        judge(&self.facts, &self.expect, &Policy::default())
    }

    /// What one check says.
    pub fn says(&self, id: &str) -> Vec<Finding> {
        self.judged().checks.into_iter().filter(|finding| finding.id == id).collect()
    }

    /// The checks that have something to complain about, in their order.
    pub fn amiss(&self) -> Vec<&'static str> {
        let mut ids: Vec<&str> = Vec::new();
        for finding in self.judged().checks {
            let told = finding.is_amiss() || finding.status == Status::Unknown;
            if told && ids.last() != Some(&finding.id) {
                ids.push(finding.id);
            }
        }
        ids
    }
}
