mod cases;
mod hostile;
mod live;
pub(super) mod world;

use std::collections::BTreeSet;

use self::cases::{CASES, Spoil};
use self::world::{
    DOMAIN, World, above, address, another_resolver, mx, ns1, ns2, record, reply, resolver, text,
};
use super::chain::tests::Signed;
use super::facts::{Data, Facts, Fetched, Kind, Silence};
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
    let tried: Vec<&str> = CASES.iter().chain(live::CASES).map(|(id, _, _)| *id).collect();
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

/// What was told of the worst of these checks, of all that is amiss.
fn severity_of(world: &World, id: &str) -> Option<Severity> {
    world.says(id).iter().filter(|finding| finding.is_amiss()).map(|f| f.severity).max()
}

#[test]
fn what_is_worse_is_told_though_something_milder_says_why() {
    // The customer's own line stands behind, and one that is tolerated takes everything.
    let mut world = World::good();
    world.expect.customer.push("198.51.99.77".parse().unwrap());
    world.expect.allowed.push("mail.example.com".to_owned());
    world.mx(&[(5, "mail.example.com"), (10, "atrn.example.net"), (20, "home.example.org")]);
    world.host("mail.example.com", &["198.51.99.66"]);
    world.host("home.example.org", &["198.51.99.77"]);
    assert_eq!(severity_of(&world, "mx.direct-customer"), Some(Severity::Warning));
    assert_eq!(severity_of(&world, "mx.expected-best"), Some(Severity::Critical));
    // A former provider is an error, and that all mail goes there is worse.
    let mut world = World::good();
    world.expect.former.push("old.example.com".to_owned());
    world.mx(&[(5, "old.example.com"), (10, "atrn.example.net")]);
    world.host("old.example.com", &["198.51.99.66"]);
    assert_eq!(severity_of(&world, "mx.expected-best"), Some(Severity::Critical));
    // One of two records names an address; the other one leads to a stranger.
    let mut world = World::good();
    world.mx(&[(10, "192.0.3.25"), (20, "mail.example.com")]);
    world.host("mail.example.com", &["198.51.99.66"]);
    assert_eq!(severity_of(&world, "mx.expected-present"), Some(Severity::Critical));
}

#[test]
fn the_customers_own_line_is_compared_with_what_is_expected() {
    let cases: &[(&[(u16, &str)], Severity)] = &[
        (&[(10, "atrn.example.net"), (20, "home.example.org")], Severity::Warning),
        (&[(10, "atrn.example.net"), (10, "home.example.org")], Severity::Critical),
        // Who has the lowest number is nowhere, and takes nothing from anybody.
        (
            &[(5, "gone.example.org"), (10, "atrn.example.net"), (10, "home.example.org")],
            Severity::Critical,
        ),
        (
            &[(5, "mail.example.com"), (10, "home.example.org"), (20, "atrn.example.net")],
            Severity::Critical,
        ),
    ];
    for (records, severity) in cases {
        let mut world = World::good();
        world.expect.customer.push("198.51.99.77".parse().unwrap());
        world.expect.allowed.push("mail.example.com".to_owned());
        world.no_host("gone.example.org");
        world.host("home.example.org", &["198.51.99.77"]);
        world.host("mail.example.com", &["198.51.99.66"]);
        world.mx(records);
        assert_eq!(severity_of(&world, "mx.direct-customer"), Some(*severity), "{records:?}");
    }
    // Who is tolerated beside the expected server takes a share, whatever stands before them and is nowhere.
    let mut world = World::good();
    world.expect.allowed.push("mail.example.com".to_owned());
    world.no_host("gone.example.org");
    world.host("mail.example.com", &["198.51.99.66"]);
    world.mx(&[(5, "gone.example.org"), (10, "atrn.example.net"), (10, "mail.example.com")]);
    assert_eq!(severity_of(&world, "mx.expected-best"), Some(Severity::Critical));
}

#[test]
fn a_misspelt_name_that_gets_the_mail_is_a_bypass() {
    for (preference, check, severity) in [
        (5, "mx.bypass-preferred", Severity::Critical),
        (10, "mx.bypass-equal", Severity::Critical),
        (20, "mx.bypass-backup", Severity::Warning),
    ] {
        for (name, slip) in [
            ("atrn.exmaple.net", "mx.near-miss"),
            ("atrn.example.net.example.org", "mx.missing-dot"),
        ] {
            let mut world = World::good();
            world.mx(&[(10, "atrn.example.net"), (preference, name)]);
            world.host(name, &["198.51.99.66"]);
            assert_eq!(severity_of(&world, check), Some(severity), "{name}");
            let usual = if preference == 20 { Severity::Error } else { Severity::Critical };
            assert_eq!(severity_of(&world, slip), Some(usual), "{name}");
        }
    }
}

fn failing(world: &mut World, server: &facts::Server) {
    world.each(server, |reply| {
        *reply = facts::Reply { rcode: "SERVFAIL".to_owned(), ..Default::default() };
    });
}

#[test]
fn a_resolver_that_fails_for_everything_says_nothing_of_the_domain() {
    let mut world = World::good();
    failing(&mut world, &resolver());
    world.forget(&ns1());
    world.forget(&ns2());
    world.forget(&above());
    world.facts.zone = None;
    let told = world.says("dns.resolver");
    assert_eq!(told[0].status, Status::Unknown);
    assert!(told[0].message.contains("answers SERVFAIL to everything"), "{told:#?}");
    let judged = world.judged();
    assert_eq!((judged.verdict, judged.worst), (Conclusion::Unknown, None));
    // Beside one that works it is not heard; one that works and fails here is.
    let mut world = World::good();
    failing(&mut world, &resolver());
    world.copy(&resolver(), &another_resolver());
    let servfail = nothing(&resolver(), "NOERROR");
    world.each(&another_resolver(), |reply| {
        if let Outcome::Reply(good) = &servfail {
            *reply = good.clone();
        }
    });
    assert_eq!(severity_of(&world, "dns.servfail"), None);
    world.at(&another_resolver(), DOMAIN, Kind::Mx, nothing(&resolver(), "SERVFAIL"));
    let told = world.says("dns.servfail");
    assert_eq!((told.len(), told[0].severity), (1, Severity::Critical));
    assert!(told[0].message.starts_with("192.0.3.54"), "{told:#?}");
}

#[test]
fn where_nobody_told_the_addresses_nobody_is_a_stranger() {
    let timeout = || Outcome::Silence(Silence::Timeout);
    let stranger = |preference: u16| {
        let mut world = World::good();
        world.mx(&[(10, "atrn.example.net"), (preference, "mail.example.com")]);
        world.host("mail.example.com", &["198.51.99.66"]);
        world
    };
    for (preference, id) in
        [(5, "mx.bypass-preferred"), (10, "mx.bypass-equal"), (20, "mx.bypass-backup")]
    {
        // The expected server's own addresses, of one family or of both.
        for kinds in [&[Kind::A][..], &[Kind::A, Kind::Aaaa]] {
            let mut world = stranger(preference);
            for kind in kinds {
                world.at(&resolver(), "atrn.example.net", *kind, timeout());
            }
            assert_eq!(world.says(id)[0].status, Status::Unknown, "{id}");
            assert_eq!(
                world.judged().mx.iter().find(|r| r.target.starts_with("mail")).map(|r| r.class),
                Some(crate::finding::Class::Unknown)
            );
        }
        // The target's.
        let mut world = stranger(preference);
        for kind in [Kind::A, Kind::Aaaa] {
            world.at(&resolver(), "mail.example.com", kind, timeout());
        }
        assert_eq!(world.says(id)[0].status, Status::Unknown, "{id}");
        // Of the family that the stranger has all is known.
        let mut world = stranger(preference);
        world.at(&resolver(), "atrn.example.net", Kind::Aaaa, timeout());
        assert!(world.says(id)[0].is_amiss(), "{id}");
    }
    let mut world = World::good();
    world.mx(&[]);
    world.host(DOMAIN, &["192.0.3.80"]);
    for kind in [Kind::A, Kind::Aaaa] {
        world.at(&resolver(), "atrn.example.net", kind, timeout());
    }
    assert_eq!(world.says("target.implicit")[0].status, Status::Unknown);
    assert_eq!(world.judged().verdict, Conclusion::Unknown);
    let mut world = World::good();
    world.expect.customer.push("198.51.99.77".parse().unwrap());
    world.mx(&[(10, "atrn.example.net"), (20, "atrn.exmaple.net")]);
    for kind in [Kind::A, Kind::Aaaa] {
        world.at(&resolver(), "atrn.exmaple.net", kind, timeout());
    }
    for id in ["mx.direct-customer", "mx.near-miss", "target.dangling"] {
        assert_eq!(world.says(id)[0].status, Status::Unknown, "{id}");
    }
    for id in ["target.special-addr", "target.v6-only", "mx.addr-partial"] {
        assert_eq!(world.says(id)[0].blocked_by, Some("target.dangling"), "{id}");
    }
}

/// A world without the zone's own servers, in which another resolver has these records.
fn told_otherwise(records: &[(u16, &str)]) -> World {
    let mut world = World::good();
    world.forget(&ns1());
    world.forget(&ns2());
    world.copy(&resolver(), &another_resolver());
    let data = records.iter().map(|(n, target)| record(DOMAIN, mx(*n, target))).collect();
    let outcome = reply(&another_resolver(), "NOERROR", data);
    world.at(&another_resolver(), DOMAIN, Kind::Mx, outcome);
    world.host("mail.example.com", &["198.51.99.66"]);
    world
}

#[test]
fn resolvers_that_differ_are_told_and_judged_with_care() {
    let usual = [(10, "atrn.example.net"), (20, "atrn2.example.net")];
    assert_eq!(told_otherwise(&usual).judged().verdict, Conclusion::Ok);
    let stranger = [(5, "mail.example.com"), (10, "atrn.example.net")];
    for (records, id) in [
        (&stranger[..], "mx.bypass-preferred"),
        (&[(10, "mail.example.com")], "mx.expected-present"),
        // Who has no record at all leads to no server either.
        (&[], "mx.expected-present"),
    ] {
        let world = told_otherwise(records);
        let told = world.says("ns.resolver-differs");
        assert!(told[0].is_amiss() && told[0].message.contains("192.0.3.54"), "{told:#?}");
        assert_eq!(world.says(id)[0].status, Status::Unknown, "{id}");
        assert_eq!(world.judged().verdict, Conclusion::Unknown);
    }
    // What all of them say is so.
    let mut world = told_otherwise(&stranger);
    world.mx_at(&resolver(), &[(6, "mail.example.com"), (10, "atrn.example.net")]);
    assert_eq!(severity_of(&world, "mx.bypass-preferred"), Some(Severity::Critical));
    // Where one of the zone's own servers has no record, and the other has, who asks it finds no server.
    let mut world = World::good();
    world.mx_at(&ns2(), &[]);
    assert_eq!(severity_of(&world, "mx.expected-present"), Some(Severity::Critical));
}

#[test]
fn glue_that_lacks_only_ipv6_is_worth_a_word_and_no_more() {
    let severity = |glue: &[&str], own: &[&str]| {
        let mut world = World::good();
        world.host("ns1.example.org", own);
        world.refer(&["ns1.example.org", "ns2.example.net"], glue);
        severity_of(&world, "ns.glue")
    };
    let both = ["192.0.3.1", "2a00:1::1"];
    assert_eq!(severity(&both, &both), None);
    assert_eq!(severity(&both[..1], &both), Some(Severity::Notice));
    assert_eq!(severity(&both[1..], &both), Some(Severity::Error));
    assert_eq!(severity(&both, &both[..1]), Some(Severity::Error));
    assert_eq!(severity(&["192.0.3.9"], &both), Some(Severity::Error));
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

/// What a silent server would say nobody knows. That it is silent is told, and is a warning.
#[test]
fn a_silent_server_agrees_with_nobody() {
    let mut world = World::good();
    let status = |world: &World, id: &str| world.says(id)[0].status;
    let ids = ["ns.all-agree", "ns.serial", "dns.tcp"];
    assert!(ids.iter().all(|id| status(&world, id) == Status::Ok));
    world.silence(&ns2());
    for id in ids {
        assert_eq!(status(&world, id), Status::Skipped, "{id}");
        assert_eq!(world.says(id)[0].blocked_by, Some("ns.unreachable"), "{id}");
    }
    assert_eq!(world.judged().verdict, Conclusion::Ok);
}

/// A warning by the catalogue; but not all mail comes to the expected server.
/// What it would say is not known, and it is the firewall that says why.
#[test]
fn a_server_that_hears_no_edns_agrees_with_nobody_either() {
    let mut world = World::good();
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        if (answer.transport, answer.manner) == (Transport::Udp, Manner::Usual) {
            answer.outcome = Outcome::Silence(Silence::Timeout);
        }
    }
    assert_eq!(world.amiss(), ["ns.edns"]);
    assert_eq!(world.says("ns.all-agree")[0].blocked_by, Some("ns.edns"));
    assert_eq!(world.judged().verdict, Conclusion::Unknown);
}

/// What it says without EDNS counts as what others say with it.
#[test]
fn a_server_that_was_asked_without_edns_has_told() {
    for refuses in [
        |_: &facts::Answer| Outcome::Silence(Silence::Timeout),
        |answer: &facts::Answer| reply(&answer.server, "NOTIMP", Vec::new()),
    ] {
        let mut world = World::good();
        let usual = |answer: &&mut facts::Answer| {
            answer.server == ns2()
                && (answer.transport, answer.manner) == (Transport::Udp, Manner::Usual)
        };
        let mut plain = Vec::new();
        for answer in world.facts.answers.iter_mut().filter(usual) {
            let id = format!("p{}", answer.id);
            plain.push(facts::Answer { id, manner: Manner::Plain, ..answer.clone() });
            answer.outcome = refuses(answer);
        }
        world.facts.answers.extend(plain);
        let told = world.judged();
        assert_eq!((world.amiss(), told.verdict), (vec!["ns.edns"], Conclusion::Ok));
        for id in ["ns.all-agree", "ns.serial", "ns.lame", "ns.unreachable", "mx.expected-best"] {
            assert_eq!(world.says(id)[0].status, Status::Ok, "{id}");
        }
        let of_it = told.vantages.iter().filter(|vantage| vantage.addr == ns2().addr);
        let codes: Vec<&str> = of_it.map(|vantage| vantage.rcode.as_str()).collect();
        assert_eq!(codes, ["NOERROR"]);
        let is_mx = |answer: &&mut facts::Answer| {
            (answer.manner, answer.kind) == (Manner::Plain, Kind::Mx) && answer.name == DOMAIN
        };
        for answer in world.facts.answers.iter_mut().filter(is_mx) {
            let data = Data::Mx { preference: 5, target: "mail.example.com".to_owned() };
            answer.outcome = reply(&ns2(), "NOERROR", vec![record(DOMAIN, data)]);
        }
        assert_eq!(world.says("ns.all-agree")[0].status, Status::Fail);
    }
}

/// That a packet was lost says nothing about EDNS.
#[test]
fn a_server_that_heard_one_question_with_edns_hears_edns() {
    let mut world = World::good();
    world.at(&ns2(), DOMAIN, Kind::Soa, Outcome::Silence(Silence::Timeout));
    assert_eq!(world.says("ns.edns")[0].status, Status::Ok);
}

#[test]
fn another_server_behind_the_expected_one_is_no_good_verdict() {
    let mut world = World::good();
    world.mx(&[(10, "atrn.example.net"), (20, "mail.example.com")]);
    world.host("mail.example.com", &["198.51.99.66"]);
    let told = world.judged();
    let is_backup = |finding: &&Finding| finding.id == "mx.bypass-backup";
    assert_eq!(told.checks.iter().find(is_backup).unwrap().severity, Severity::Warning);
    assert_eq!((told.verdict, told.worst), (Conclusion::Fail, Some(Severity::Warning)));
    world.expect.allowed.push("mail.example.com".to_owned());
    assert_eq!(world.judged().verdict, Conclusion::Ok);
    world.expect.allowed.clear();
    let lax = Policy { fail_on: Severity::Critical, ..Policy::default() };
    assert_eq!(judge(&world.facts, &world.expect, &lax).verdict, Conclusion::Ok);
}

/// Another is tolerated beside the expected server; where that gets nothing no word of it is good.
#[test]
fn a_tolerated_server_does_not_stand_in_for_the_expected_one() {
    let mut world = World::good();
    world.expect.allowed.push(DOMAIN.to_owned());
    world.mx(&[]);
    world.host(DOMAIN, &["198.51.99.66"]);
    let told = world.judged();
    assert_eq!((told.verdict, told.worst), (Conclusion::Fail, Some(Severity::Critical)));
    assert!(world.amiss().contains(&"target.implicit"), "{:?}", world.amiss());
}

/// Only generic checks ran, and that is all that was wanted.
#[test]
fn without_an_expectation_nothing_is_left_open() {
    let mut world = World::good();
    world.expect = Expectation::default();
    let told = world.judged();
    let skipped: Vec<_> = told.checks.iter().filter_map(|finding| finding.blocked_by).collect();
    assert!(skipped.contains(&"in.no-expectation"), "{skipped:?}");
    assert_eq!(told.verdict, Conclusion::Ok);
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

#[test]
fn each_hears_what_he_can_do_something_about() {
    let mut world = World::good();
    world.expect.customer.push("198.51.99.77".parse().unwrap());
    world.mx(&[(10, "atrn.example.net"), (20, "home.example.org")]);
    world.host("home.example.org", &["198.51.99.77"]);
    let told = |world: &World, id: &str| {
        let told = world.says(id);
        told.first().map(|f| (f.message.clone(), f.remedy.clone().unwrap_or_default()))
    };
    let (message, remedy) = told(&world, "mx.direct-customer").unwrap();
    assert_eq!(message, "home.example.org is your own line");
    assert!(remedy.starts_with("Remove"), "{remedy}");
    assert!(told(&world, "spf.one").is_some());
    world.expect.role = Standpoint::Provider;
    let (message, remedy) = told(&world, "mx.direct-customer").unwrap();
    assert_eq!(message, "home.example.org is the customer's own line");
    assert!(remedy.starts_with("Ask the customer: Remove"), "{remedy}");
    assert!(told(&world, "spf.one").is_none());
    assert_eq!(world.judged().role, "provider");
    let only = Policy { only: vec!["spf".to_owned()], ..Policy::default() };
    let asked_for = judge(&world.facts, &world.expect, &only).checks;
    let (ids, amiss): (Vec<&str>, Vec<bool>) =
        asked_for.iter().map(|f| (f.id, f.is_amiss())).unzip();
    assert!(ids.contains(&"spf.one") && ids.iter().all(|id| id.starts_with("spf.")), "{ids:?}");
    assert!(amiss.contains(&true));
    let mut world = World::good();
    world.expect.servers.clear();
    assert!(told(&world, "in.no-expectation").is_some());
    world.expect.role = Standpoint::Observer;
    assert!(told(&world, "in.no-expectation").is_none());
}

#[test]
fn a_change_is_worse_where_nothing_was_to_change() {
    let mut world = World::good();
    world.facts.before = Some(vec![(10, "old.example.com".to_owned())]);
    assert_eq!(severity_of(&world, "watch.changed"), Some(Severity::Notice));
    world.expect.pinned = true;
    assert_eq!(severity_of(&world, "watch.changed"), Some(Severity::Error));
    let told = world.says("watch.changed");
    assert!(told[0].message.contains("it had 10 old.example.com."), "{told:#?}");
}

/// Whoever waits for a change knows that transfers are under way.
#[test]
fn versions_that_differ_are_worth_less_while_a_change_is_waited_for() {
    let mut world = World::good();
    let older = vec![record(DOMAIN, Data::Soa { serial: 6, minimum: 300 })];
    world.at(&ns2(), DOMAIN, Kind::Soa, reply(&ns2(), "NOERROR", older));
    assert_eq!(severity_of(&world, "ns.serial"), Some(Severity::Notice));
    let state = crate::finding::Progress::Waiting;
    world.facts.watched =
        Some(crate::finding::Watched { state, cache_horizon: None, vantages: Vec::new() });
    assert_eq!(severity_of(&world, "ns.serial"), Some(Severity::Info));
}

/// RFC 8461, section 3.1. What is told today is told tomorrow, until the id has changed too.
#[test]
fn a_policy_with_its_old_id_is_told_until_it_has_another() {
    let mut world = World::good();
    let first = sts_remembered(&world.facts);
    assert!(first.is_some(), "the first look is remembered");
    world.facts.sts_before = first.clone();
    let Some(Fetched::Page { body, .. }) = world.facts.policy.as_ref().map(|p| p.outcome.clone())
    else {
        panic!("there is a policy")
    };
    world.page(200, "text/plain", &format!("{}\r\n\r\n", body.trim_end().replace('\n', "\r\n")));
    assert!(severity_of(&world, "sts.id").is_none(), "other line ends are no other policy");
    world.page(200, "text/plain", &body.replace("max_age: ", "max_age: 1"));
    assert_eq!(severity_of(&world, "sts.id"), Some(Severity::Warning));
    assert_eq!(sts_remembered(&world.facts), first, "what is wrong stays wrong");
    world.set("_mta-sts.example.org", Kind::Txt, &[text("v=STSv1; id=2027;")]);
    assert!(severity_of(&world, "sts.id").is_none());
    assert_eq!(sts_remembered(&world.facts).unwrap().id, "2027");
    world.facts.policy = None;
    assert_eq!(sts_remembered(&world.facts), first, "a look in vain forgets nothing");
}

/// RFC 5782, section 5: a list that is no more says nothing of anybody, or the same of all.
#[test]
fn a_list_that_nobody_keeps_proves_nothing() {
    let told = |spoil: fn(&mut World)| {
        let mut world = World::good();
        world.list("bl.example.com", &["192.0.3.25"]);
        spoil(&mut world);
        let found = world.says("smtp25.dnsbl");
        (found[0].status, found[0].message.clone())
    };
    assert_eq!(told(|_| {}).0, Status::Info);
    for (spoil, why) in [
        (
            (|w| w.set("2.0.0.127.bl.example.com", Kind::A, &[])) as fn(&mut World),
            "not have 127.0.0.2",
        ),
        (|w| w.set("1.0.0.127.bl.example.com", Kind::A, &[address("127.0.0.2")]), "has everything"),
        (|w| w.set("25.3.0.192.bl.example.com", Kind::A, &[address("127.255.255.254")]), "refuses"),
        (|w| w.set("25.3.0.192.bl.example.com", Kind::A, &[address("192.0.2.1")]), "no answer of"),
    ] {
        let (status, message) = told(spoil);
        assert_eq!(status, Status::Unknown, "{message}");
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn what_no_provider_told_is_not_known() {
    let mut world = World::good();
    let untold = Some("nobody is there".to_owned());
    let account = Some("acme".to_owned());
    world.facts.provision = Some(facts::Provision { account, untold, ..Default::default() });
    for id in ["prov.orphan-queue", "prov.stale-account"] {
        assert_eq!(world.says(id)[0].status, Status::Unknown, "{id}");
    }
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

/// The remedies of what one check complains of.
fn remedies(world: &World, id: &str) -> String {
    let told = world.says(id).into_iter().filter(Finding::is_amiss);
    told.filter_map(|finding| finding.remedy).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_mild_cause_leaves_nothing_open_that_was_judged() {
    // A line of the customer's own behind the expected server is a warning, and yet not all mail goes where it
    // should.
    let mut world = World::good();
    world.expect.customer.push("198.51.99.77".parse().unwrap());
    world.mx(&[(10, "atrn.example.net"), (20, "home.example.org")]);
    world.host("home.example.org", &["198.51.99.77"]);
    assert_eq!(severity_of(&world, "mx.direct-customer"), Some(Severity::Warning));
    assert_eq!(world.judged().verdict, Conclusion::Fail);
    assert_eq!(world.says("mx.expected-best")[0].status, Status::Ok);
    let lax = Policy { fail_on: Severity::Critical, ..Policy::default() };
    assert_eq!(judge(&world.facts, &world.expect, &lax).verdict, Conclusion::Ok);
    // What nobody told stays open, and that alone.
    let rest = Policy { skip: vec!["mx.direct-customer".to_owned()], ..Policy::default() };
    assert_eq!(judge(&world.facts, &world.expect, &rest).verdict, Conclusion::Ok);
    for kind in [Kind::A, Kind::Aaaa] {
        world.at(&resolver(), "atrn.example.net", kind, Outcome::Silence(Silence::Timeout));
    }
    assert_eq!(judge(&world.facts, &world.expect, &rest).verdict, Conclusion::Unknown);
}

/// RFC 8461, section 3.1: its first letters are these and no others.
#[test]
fn a_record_of_mta_sts_in_other_letters_is_none() {
    let mut world = World::good();
    world.set("_mta-sts.example.org", Kind::Txt, &[text("V=stsv1; id=2026;")]);
    let told = &world.says("sts.record")[0];
    assert_eq!((told.status, told.severity), (Status::Fail, Severity::Error));
    assert!(told.message.contains("does not begin with v=STSv1"), "{told:#?}");
}

#[test]
fn a_zone_that_is_not_live_is_not_missed_where_it_will_be() {
    let mut world = World::good();
    world.facts.undelegated = true;
    for kind in [Kind::Mx, Kind::Ns, Kind::A, Kind::Aaaa] {
        world.at(&resolver(), DOMAIN, kind, nothing(&resolver(), "NXDOMAIN"));
    }
    assert_eq!(world.says("dns.exists")[0].status, Status::Ok);
    for server in [ns1(), ns2()] {
        world.each(&server, |reply| {
            *reply = facts::Reply { rcode: "REFUSED".to_owned(), ..Default::default() };
        });
    }
    assert_eq!(world.says("dns.exists")[0].status, Status::Skipped);
    assert_eq!(severity_of(&world, "ns.lame"), Some(Severity::Error));
    assert_eq!(world.judged().verdict, Conclusion::Fail);
}

#[test]
fn no_remedy_sends_mail_to_a_host_that_is_nowhere() {
    let mut world = World::good();
    cases::missing_below(&mut world, "mail.example.org", "mail.gone.com", "com");
    let remedy = remedies(&world, "target.cname");
    assert!(!remedy.contains("Point") && remedy.contains("mail.gone.com is nowhere"), "{remedy}");
    assert!(world.says("target.takeover")[0].message.starts_with("gone.com is not registered"));
    // In a circle, alone and with others.
    for (from, to) in [("mail.example.org", "mail.example.org"), ("a.example.org", "b.example.org")]
    {
        let mut world = World::good();
        world.mx(&[(10, "atrn.example.net"), (20, from)]);
        for kind in [Kind::A, Kind::Aaaa] {
            let circle = vec![
                record(from, Data::Cname(to.to_owned())),
                record(to, Data::Cname(from.to_owned())),
            ];
            world.at(&resolver(), from, kind, reply(&resolver(), "NOERROR", circle));
        }
        let told = world.says("target.cname");
        assert!(told[0].is_amiss() && told[0].message.contains("without end"), "{told:#?}");
        let remedies = remedies(&world, "target.cname") + &remedies(&world, "target.dangling");
        assert!(!remedies.contains("Point") && !remedies.contains("Create"), "{remedies}");
    }
}

#[test]
fn what_resolvers_stumble_over_is_named() {
    let fails = |world: &mut World| {
        world.at(&resolver(), DOMAIN, Kind::Mx, nothing(&resolver(), "SERVFAIL"));
    };
    let mut world = World::good();
    fails(&mut world);
    let remedy = remedies(&world, "dns.servfail");
    assert!(remedy.contains("answer from here"), "{remedy}");
    let mut world = World::good();
    refusing(&mut world);
    fails(&mut world);
    assert!(remedies(&world, "dns.servfail").contains("ns.lame"));
    let mut world = World::good();
    for server in [ns1(), ns2()] {
        let timeout = Outcome::Silence(Silence::Timeout);
        world.put(&server, DOMAIN, Kind::Soa, Transport::Tcp, Manner::Usual, timeout);
    }
    fails(&mut world);
    let remedy = remedies(&world, "dns.servfail");
    assert!(remedy.contains("dns.tcp") && !remedy.contains("ns.lame"), "{remedy}");
    let mut world = World::good();
    for server in [ns1(), ns2()] {
        let own = vec![record(DOMAIN, Data::Cname(DOMAIN.to_owned()))];
        world.at(&server, DOMAIN, Kind::Mx, reply(&server, "NOERROR", own));
    }
    fails(&mut world);
    assert!(remedies(&world, "dns.servfail").contains("another name"));
}

#[test]
fn a_server_that_is_there_in_part_or_at_some_is_not_missed() {
    let mut world = World::good();
    world.mx(&[(10, "mx.example.org")]);
    world.host("mx.example.org", &["192.0.3.25", "198.51.99.66"]);
    let amiss = world.amiss();
    assert!(amiss.contains(&"mx.addr-partial"), "{amiss:?}");
    assert!(!amiss.contains(&"mx.expected-present") && !amiss.contains(&"mx.expected-best"));
    let mut world = World::good();
    world.mx_at(&ns2(), &[(10, "old.example.com")]);
    world.host("old.example.com", &["198.51.99.66"]);
    let remedy = remedies(&world, "mx.expected-present");
    assert!(remedy.contains("ns2.example.net") && !remedy.contains("Add"), "{remedy}");
}

#[test]
fn what_to_do_is_told_where_nothing_could_be_found_out() {
    let mut world = World::good();
    world.silence(&resolver());
    assert!(world.says("dns.resolver")[0].remedy.as_ref().unwrap().contains("--resolver"));
    // Of any other check it would be a remedy for what may be in order.
    let unknown = world.judged().checks.into_iter().filter(|f| f.status == Status::Unknown);
    assert!(unknown.filter(|f| f.id != "dns.resolver").all(|f| f.remedy.is_none()));
    let mut world = World::good();
    world.each(&resolver(), |reply| {
        *reply = facts::Reply { rcode: "NOERROR".to_owned(), tc: true, ..Default::default() };
    });
    let told = world.says("dns.resolver");
    assert!(told[0].message.contains("in part only"), "{told:#?}");
}

#[test]
fn who_vouches_by_means_that_nobody_knows_leaves_the_zone_insecure() {
    let vouched = |digest: u8| {
        let (mut world, mut signed) = (World::good(), Signed::good());
        signed.vouch_by(digest);
        world.with(&signed);
        for answer in world.facts.answers.iter_mut().filter(|answer| answer.name == DOMAIN) {
            let (tag, algorithm) = (7, 13);
            let data = match answer.kind {
                Kind::Ds => Data::Ds { tag, algorithm },
                Kind::Dnskey => Data::Dnskey { tag, algorithm },
                _ => continue,
            };
            if let Outcome::Reply(reply) = &mut answer.outcome {
                reply.answer.push(record(DOMAIN, data));
            }
        }
        world
    };
    assert_eq!(vouched(200).says("dnssec.ds-orphan")[0].status, Status::Skipped);
    assert_eq!(vouched(2).says("dnssec.ds-orphan")[0].status, Status::Ok);
    assert_eq!(vouched(4).says("dnssec.ds-orphan")[0].status, Status::Fail, "it does not fit");
}

#[test]
fn of_very_much_that_is_not_known_the_first_is_told() {
    let mut world = World::good();
    let names: Vec<String> = (0..90).map(|n| format!("mx{n}.example.com")).collect();
    let all: Vec<(u16, &str)> = names.iter().map(|name| (10, name.as_str())).collect();
    world.mx(&all);
    let told = &world.says("target.dangling")[0];
    assert!(told.status == Status::Unknown && told.message.contains("and 80 more"), "{told:#?}");
    assert!(world.judged().checks.iter().all(|finding| finding.message.len() < 4000));
}
