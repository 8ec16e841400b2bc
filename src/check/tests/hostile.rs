//! Evidence may be anybody's file: whatever is in it is judged in time that grows as the file does.

use proptest::prelude::*;

use super::world::{DOMAIN, World, address, mx, record, reply};
use crate::check::facts::{Answer, Data, Facts, Kind, Manner, Record, Role, Server, Transport};
use crate::check::routing::is_within;
use crate::check::{Expectation, Policy, judge};
use crate::finding::{Assessment, Conclusion};

/// As many answers as a file may have on a domain.
const MOST_ANSWERS: usize = 20_000;

fn server(role: Role, at: usize) -> Server {
    let addr = std::net::Ipv4Addr::from_bits(u32::try_from(at).unwrap() + (11 << 24)).into();
    Server { role, name: None, addr, port: 53 }
}

fn answer(at: usize, server: Server, name: &str, kind: Kind, records: Vec<Record>) -> Answer {
    let outcome = reply(&server, "NOERROR", records);
    let (transport, manner) = (Transport::Udp, Manner::Usual);
    let (id, name) = (format!("q{at}"), name.to_owned());
    Answer { id, server, transport, name, kind, manner, flight: 1, outcome, ms: 1 }
}

fn judged(answers: Vec<Answer>) -> Assessment {
    let facts = Facts { answers, ..World::good().facts };
    let servers = vec!["atrn.example.net".to_owned()];
    let expect = Expectation { servers, ..Expectation::default() };
    judge(&facts, &expect, &Policy::default())
}

/// A host at this many addresses, not the same for each.
fn places(at: usize, count: usize) -> Vec<Data> {
    let one = |n: usize| {
        let bits = u32::try_from(at * count + n).unwrap() + (12 << 24);
        Data::Address(std::net::Ipv4Addr::from_bits(bits).into())
    };
    (0..count).map(one).collect()
}

#[test]
fn very_many_servers_of_which_each_says_something_else() {
    let each = |at: usize| {
        let target = mx(10, &format!("mx{at}.example.com"));
        let role = if at.is_multiple_of(2) { Role::Authority } else { Role::Resolver };
        answer(at, server(role, at), DOMAIN, Kind::Mx, vec![record(DOMAIN, target)])
    };
    let judged = judged((0..MOST_ANSWERS).map(each).collect());
    let excess = judged.checks.iter().filter(|f| f.id == "dns.excess" && f.is_amiss());
    let told: Vec<&str> = excess.map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "there are 10000 different answers, of which 20 are judged",
            "there are 10000 servers of the zone, of which 100 are judged",
        ]
    );
    assert_eq!(judged.verdict, Conclusion::Fail);
}

#[test]
fn very_many_targets_at_very_many_addresses() {
    let hosts = 400;
    let targets: Vec<Record> =
        (0..hosts).map(|at| record(DOMAIN, mx(10, &format!("mx{at}.example.com")))).collect();
    let at = |n: usize| server(Role::Resolver, n % 200);
    let mut answers: Vec<Answer> =
        (0..200).map(|n| answer(n, at(n), DOMAIN, Kind::Mx, targets.clone())).collect();
    for n in 200..MOST_ANSWERS {
        let name = format!("mx{}.example.com", n % hosts);
        let addrs = places(n % hosts, 20).into_iter().map(|data| record(&name, data)).collect();
        answers.push(answer(n, at(n), &name, Kind::A, addrs));
    }
    let judged = judged(answers);
    let told = judged.checks.iter().find(|f| f.id == "dns.excess").unwrap();
    assert_eq!(told.message, "there are 400 MX records, of which 100 are judged");
}

#[test]
fn very_many_answers_on_one_host_with_very_many_addresses() {
    let names = ["atrn.example.net", "mail.example.com"];
    let targets: Vec<Record> = names.iter().map(|name| record(DOMAIN, mx(10, name))).collect();
    let mut answers = vec![answer(0, server(Role::Resolver, 0), DOMAIN, Kind::Mx, targets)];
    for n in 1..MOST_ANSWERS / 2 {
        let name = names[n % 2];
        let addrs = places(n, 20).into_iter().map(|data| record(name, data)).collect();
        answers.push(answer(n, server(Role::Resolver, n), name, Kind::A, addrs));
    }
    let judged = judged(answers);
    let told = judged.checks.iter().filter(|f| f.id == "dns.excess");
    assert!(told.map(|f| &f.message).any(|m| m.starts_with("there are more than 100 addresses")));
    assert!(judged.mx.iter().all(|route| route.addrs.len() <= 101));
}

#[test]
fn very_many_names_that_look_like_the_expected_one() {
    let long = "abab".repeat(15);
    let mut world = World::good();
    world.expect.servers = (0..100).map(|n| format!("{long}.{long}{n}.example.net")).collect();
    let target = |n: usize| mx(10, &format!("{long}.{}{n}.example.com", "abba".repeat(15)));
    let records = (0..100).map(|n| record(DOMAIN, target(n))).collect();
    let all = vec![answer(0, server(Role::Resolver, 0), DOMAIN, Kind::Mx, records)];
    let facts = Facts { answers: all, ..world.facts };
    assert!(!judge(&facts, &world.expect, &Policy::default()).checks.is_empty());
}

#[test]
fn an_address_is_a_place() {
    assert_eq!(places(0, 1), [address("12.0.0.0")]);
}

proptest! {
    #[test]
    fn strokes_are_counted_as_others_count_them(one in "[ab.]{0,7}", other in "[ab.]{0,7}") {
        let strokes = strsim::osa_distance(&one, &other);
        for most in 0..4 {
            let within = is_within(one.as_bytes(), other.as_bytes(), most);
            prop_assert_eq!(within, strokes <= usize::from(most));
        }
    }
}
