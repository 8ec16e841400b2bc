mod cases;
pub(super) mod world;

use std::collections::BTreeSet;

use self::cases::{CASES, Spoil};
use self::world::{DOMAIN, World, above, ns1, ns2, record, reply, resolver};
use super::facts::{Data, Facts, Kind, Silence};
use super::facts::{Manner, Outcome, Transport};
use super::*;

#[test]
fn a_domain_in_order_gives_no_finding() {
    let judged = World::good().judged();
    let told = judged.checks.iter().filter(|finding| {
        finding.is_amiss() || finding.status == Status::Unknown || finding.blocked_by.is_some()
    });
    assert_eq!(told.map(|f| (f.id, &f.message)).collect::<Vec<_>>(), []);
    assert_eq!(judged.verdict, Conclusion::Ok);
    let all = judged.mx.iter().map(|route| (route.target.as_str(), route.share_percent));
    assert_eq!(all.collect::<Vec<_>>(), [("atrn.example.net", 100), ("atrn2.example.net", 0)]);
}

#[test]
fn each_check_complains_where_it_must_and_nowhere_near() {
    for (id, spoilt, near) in CASES {
        let mut world = World::good();
        spoilt(&mut world);
        let told = world.says(id);
        assert!(!told.is_empty(), "{id}: there is no such check");
        let complains = |f: &Finding| f.is_amiss() || f.status == Status::Unknown;
        assert!(told.iter().all(complains), "{id} has missed it: {told:#?}");
        let mut world = World::good();
        near(&mut world);
        let told = world.says(id);
        assert!(!told.iter().any(complains), "{id} complains of nothing: {told:#?}");
    }
}

#[test]
fn every_check_has_its_cases_and_is_well_described() {
    let ids: Vec<&str> = checks().map(|check| check.about.id).collect();
    let tried: Vec<&str> = CASES.iter().map(|(id, _, _)| *id).collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "an id is there twice");
    let untried: Vec<_> = ids.iter().filter(|id| !tried.contains(id)).collect();
    assert!(untried.is_empty(), "{untried:?}");
    for (at, check) in checks().enumerate() {
        let about = &check.about;
        assert!(!about.title.is_empty() && !about.why.is_empty() && !about.remedy.is_empty());
        for id in about.blocked_by {
            let known = ids.iter().position(|known| known == id);
            assert!(known.is_some_and(|known| known < at), "{}: {id} stands behind it", about.id);
        }
    }
}

#[test]
fn a_cause_is_told_and_its_echoes_are_not() {
    let cases: &[(&str, Spoil, &[&str])] = &[
        ("dns.exists", CASES[2].1, &["dns.exists"]),
        ("a dead resolver", dead_resolver, &["dns.resolver"]),
        ("a null MX", |w| w.mx(&[(0, "")]), &["target.nullmx"]),
        ("no MX at all", |w| w.mx(&[]), &["target.none"]),
        (
            "a dropped dot",
            |w| {
                w.mx(&[(10, "atrn.example.net.example.org"), (20, "atrn2.example.net")]);
                w.no_host("atrn.example.net.example.org");
            },
            &["mx.missing-dot"],
        ),
        (
            "a second server that is nowhere",
            |w| {
                w.mx(&[
                    (5, "gone.example.org"),
                    (10, "atrn.example.net"),
                    (20, "atrn2.example.net"),
                ]);
                w.no_host("gone.example.org");
            },
            &["target.dangling"],
        ),
        (
            "an address for a name",
            |w| w.mx(&[(10, "192.0.3.25")]),
            &["target.ip-literal", "mx.redundancy"],
        ),
        ("a server that refuses", refusing, &["ns.lame"]),
        ("a server that is away", |w| w.silence(&ns2()), &["ns.unreachable"]),
        (
            "a stale server",
            |w| {
                w.mx_at(&ns2(), &[(10, "atrn2.example.net"), (20, "atrn.example.net")]);
                w.at(&ns2(), DOMAIN, Kind::Soa, old_soa());
            },
            &["ns.all-agree"],
        ),
    ];
    for (what, spoil, causes) in cases {
        let mut world = World::good();
        spoil(&mut world);
        assert_eq!(world.amiss(), *causes, "{what}");
    }
}

fn dead_resolver(world: &mut World) {
    world.silence(&resolver());
    world.facts.answers.retain(|answer| answer.server == resolver());
    world.facts.zone = None;
}

fn old_soa() -> Outcome {
    reply(&ns2(), "NOERROR", vec![record(DOMAIN, Data::Soa { serial: 6, minimum: 300 })])
}

fn refusing(world: &mut World) {
    world.each(&ns2(), |reply| {
        *reply = facts::Reply { rcode: "REFUSED".to_owned(), ..Default::default() };
    });
}

#[test]
fn what_nobody_told_is_never_in_order_and_never_wrong() {
    let mut world = World::good();
    world.mx(&[(10, "far.example.com")]);
    for kind in [Kind::A, Kind::Aaaa] {
        world.at(&resolver(), "far.example.com", kind, Outcome::Silence(Silence::Timeout));
    }
    for id in ["target.dangling", "mx.expected-present"] {
        let told = world.says(id);
        assert_eq!(told[0].status, Status::Unknown, "{id}");
    }
    assert_eq!(world.judged().verdict, Conclusion::Unknown);
}

fn nothing(server: &facts::Server, rcode: &str) -> Outcome {
    reply(server, rcode, Vec::new())
}

/// What some of the servers do, and what is to be made of it.
const OF_SOME: &[(&str, Spoil, Conclusion)] = &[
    (
        "one server of the zone fails for the MX records alone",
        |w| w.at(&ns2(), DOMAIN, Kind::Mx, nothing(&ns2(), "SERVFAIL")),
        Conclusion::Unknown,
    ),
    (
        "for one it is an alias of something elsewhere",
        |w| {
            let alias = record(DOMAIN, Data::Cname("x.other.example".to_owned()));
            w.at(&ns2(), DOMAIN, Kind::Mx, reply(&ns2(), "NOERROR", vec![alias]));
        },
        Conclusion::Fail,
    ),
    (
        "for one there is no such name",
        |w| w.at(&ns1(), DOMAIN, Kind::Mx, nothing(&ns1(), "NXDOMAIN")),
        Conclusion::Fail,
    ),
    (
        "for the zone above there is no such zone",
        |w| {
            w.at(&above(), DOMAIN, Kind::Ns, nothing(&above(), "NXDOMAIN"));
            w.each(&above(), |reply| reply.aa = true);
        },
        Conclusion::NoDomain,
    ),
    (
        "half of where a target is",
        |w| {
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["192.0.3.25"]);
            let timeout = Outcome::Silence(Silence::Timeout);
            w.at(&resolver(), "mail.example.com", Kind::Aaaa, timeout);
        },
        Conclusion::Unknown,
    ),
    (
        "no resolver tells",
        |w| w.at(&resolver(), DOMAIN, Kind::Mx, nothing(&resolver(), "REFUSED")),
        Conclusion::Unknown,
    ),
    (
        "a resolver names others instead",
        |w| {
            let mut referral = nothing(&resolver(), "NOERROR");
            if let Outcome::Reply(reply) = &mut referral {
                reply.authority = vec![record("org", Data::Ns("a.nic.org".to_owned()))];
            }
            w.at(&resolver(), DOMAIN, Kind::Mx, referral);
        },
        Conclusion::Unknown,
    ),
    (
        "the zone above vouches for keys that nobody told",
        |w| {
            let (udp, signed) = (Transport::Udp, Manner::Signed);
            let timeout = Outcome::Silence(Silence::Timeout);
            w.put(&resolver(), DOMAIN, Kind::Dnskey, udp, signed, timeout);
        },
        Conclusion::Unknown,
    ),
];

/// What one of several did not tell, or told otherwise, is not what the others say.
#[test]
fn the_word_of_some_is_not_the_word_of_all() {
    for (what, spoil, expected) in OF_SOME {
        let mut world = World::good();
        spoil(&mut world);
        assert_eq!(world.judged().verdict, *expected, "{what}: {:?}", world.amiss());
    }
}

#[test]
fn nobody_at_all_is_no_verdict_on_the_domain() {
    let mut world = World::good();
    dead_resolver(&mut world);
    assert_eq!(world.judged().verdict, Conclusion::Unreachable);
}

#[test]
fn a_share_is_told_in_a_hundred_and_who_gets_it() {
    let mut world = World::good();
    world.mx(&[(10, "atrn.example.net"), (10, "mail.example.com"), (10, "mx.example.com")]);
    world.host("mail.example.com", &["198.51.99.66"]);
    world.host("mx.example.com", &["198.51.99.67"]);
    let told = world.says("mx.bypass-equal");
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|finding| finding.message.contains("about 33%")), "{told:#?}");
    assert_eq!(told[0].subject, "mail.example.com");
    assert_eq!(told[0].evidence.len(), 2, "both servers said so");
}

#[test]
fn an_old_server_among_new_ones_is_named_with_what_it_says() {
    let mut world = World::good();
    world.mx_at(&ns2(), &[(5, "old.example.com")]);
    world.host("old.example.com", &["198.51.99.66"]);
    let told = world.says("mx.expected-present");
    assert!(told[0].message.ends_with("(so says ns2.example.net (198.51.99.2))"), "{told:#?}");
}

#[test]
fn the_newest_version_of_a_zone_is_the_one_to_compare_with() {
    for (older, newer) in [(6, 7), (u32::MAX, 3)] {
        let mut world = World::good();
        world.mx_at(&ns1(), &[(5, "old.example.com")]);
        for (server, serial) in [(ns1(), older), (ns2(), newer)] {
            let soa = record(DOMAIN, Data::Soa { serial, minimum: 300 });
            world.at(&server, DOMAIN, Kind::Soa, reply(&server, "NOERROR", vec![soa]));
        }
        assert_eq!(world.says("ns.all-agree")[0].subject, ns1().to_string());
        assert_eq!(world.judged().mx[0].target, "atrn.example.net");
    }
}

#[test]
fn severities_are_the_callers_to_change_and_checks_to_leave_out() {
    let mut world = World::good();
    world.mx(&[(10, "atrn.example.net")]);
    let policy = |only: &[&str], skip: &[&str], raised: &[(&str, Severity)]| Policy {
        only: only.iter().map(ToString::to_string).collect(),
        skip: skip.iter().map(ToString::to_string).collect(),
        severities: raised.iter().map(|(id, s)| (id.to_string(), *s)).collect(),
        fail_on: Severity::Error,
    };
    let judged = |policy: &Policy| judge(&world.facts, &world.expect, policy);
    let usual = judged(&policy(&[], &[], &[]));
    assert_eq!((usual.verdict, usual.summary.notice, usual.summary.info), (Conclusion::Ok, 1, 1));
    let raised = judged(&policy(&[], &[], &[("mx.complete", Severity::Critical)]));
    assert_eq!((raised.verdict, raised.worst), (Conclusion::Fail, Some(Severity::Critical)));
    let few = judged(&policy(&["mx", "spf.one"], &["mx.count", "info"], &[]));
    assert!(few.checks.iter().all(|f| f.id.starts_with("mx.") || f.id == "spf.one"));
    assert!(!few.checks.iter().any(|f| f.id == "mx.count" || f.id == "mx.redundancy"));
    assert!(Policy::is_known("mx") && Policy::is_known("info") && !Policy::is_known("mx.nothing"));
}

/// What keeps a check from being made is an answer only to whoever hears of it.
#[test]
fn a_check_that_another_silences_is_never_in_order() {
    let mut world = World::good();
    world.mx(&[(0, "")]);
    let only = Policy { only: vec!["mx".to_owned()], ..Policy::default() };
    let skip = Policy { skip: vec!["target".to_owned()], ..Policy::default() };
    let milder = vec![("target.nullmx".to_owned(), Severity::Info)];
    let mild = Policy { severities: milder, ..Policy::default() };
    for policy in [only, skip, mild] {
        assert_eq!(judge(&world.facts, &world.expect, &policy).verdict, Conclusion::Unknown);
    }
    assert_eq!(world.judged().verdict, Conclusion::Fail);
}

#[test]
fn an_alias_without_an_end_leads_nowhere() {
    let mut world = World::good();
    let chain = [("a.example.com", "b.example.com"), ("b.example.com", "a.example.com")];
    let records = chain.map(|(name, to)| record(name, Data::Cname(to.to_owned()))).to_vec();
    for kind in [Kind::A, Kind::Aaaa] {
        let outcome = reply(&resolver(), "NOERROR", records.clone());
        world.at(&resolver(), "a.example.com", kind, outcome);
    }
    world.mx(&[(10, "atrn.example.net"), (20, "a.example.com")]);
    assert_eq!(world.says("target.dangling")[0].subject, "a.example.com");
    assert_eq!(world.says("target.cname")[0].subject, "a.example.com");
}

#[test]
fn what_is_written_down_is_judged_alike() {
    let mut world = World::good();
    world.mx(&[(10, "atrn.example.net"), (10, "mail.example.com"), (0, "")]);
    world.put(
        &ns1(),
        DOMAIN,
        Kind::Soa,
        Transport::Tcp,
        Manner::Usual,
        Outcome::Silence(Silence::Garbled("\u{1b}[2J".to_owned())),
    );
    let written = serde_json::to_string(&world.facts).unwrap();
    let read: Facts = serde_json::from_str(&written).unwrap();
    assert_eq!(read, world.facts);
    let judged = |facts| serde_json::to_string(&judge(facts, &world.expect, &Policy::default()));
    assert_eq!(judged(&read).unwrap(), judged(&world.facts).unwrap());
}

#[test]
fn an_address_has_its_name_at_a_name() {
    let name = |text: &str| facts::reverse(text.parse().unwrap());
    assert_eq!(name("192.0.2.25"), "25.2.0.192.in-addr.arpa");
    let wanted = "1.0.0.0".to_owned() + &".0".repeat(20) + ".8.b.d.0.1.0.0.2.ip6.arpa";
    assert_eq!(name("2001:db8::1"), wanted);
}

proptest::proptest! {
    /// Whatever some server says: judges say something of everything, and each target that is not the
    /// expected one is told once, as what it is.
    #[test]
    fn any_set_of_records_is_judged(
        records in proptest::collection::vec((0..4_u16, 0..6_usize), 0..7),
    ) {
        const NAMES: [&str; 6] = ["atrn.example.net", "atrn2.example.net", "mail.example.com",
            "mx.example.com", "", "old.example.com"];
        let mut world = World::good();
        world.expect.former.push("old.example.com".to_owned());
        world.host("mail.example.com", &["198.51.99.66"]);
        world.host("mx.example.com", &["198.51.99.67"]);
        world.no_host("old.example.com");
        let set: Vec<(u16, &str)> = records.iter().map(|(n, at)| (*n, NAMES[*at])).collect();
        world.mx(&set);
        let judged = world.judged();
        for check in checks() {
            proptest::prop_assert!(judged.checks.iter().any(|f| f.id == check.about.id));
        }
        let bypass = ["mx.bypass-preferred", "mx.bypass-equal", "mx.bypass-backup"];
        let has_expected = set.iter().any(|(_, name)| name.starts_with("atrn"));
        for stranger in ["mail.example.com", "mx.example.com"] {
            let is_there = set.iter().any(|(_, name)| *name == stranger);
            let told = judged.checks.iter().filter(|f| {
                bypass.contains(&f.id) && f.is_amiss() && f.subject == stranger
            });
            proptest::prop_assert_eq!(told.count() > 0, is_there && has_expected);
        }
    }
}
