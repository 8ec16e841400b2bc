//! Lists of addresses from which others take no mail. RFC 5782.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::facts::{Data, Kind, Role, reverse};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

pub(super) const CHECKS: &[Check] = &[Check {
    about: About {
        id: "smtp25.dnsbl",
        title: "no address of a target is on a list",
        severity: Severity::Info,
        rfc: &["RFC 5782, 2"],
        why: "Whoever goes by the list refuses what the server sends, its failure notices among them.",
        remedy: "Ask those who keep the list why, and to be taken off it.",
        blocked_by: &[
            "dns.exists",
            "dns.servfail",
            "target.none",
            "target.implicit",
            "target.nullmx",
            "target.special-addr",
        ],
    },
    judge: on_no_list,
}];

/// The name by which a list is asked for an address. RFC 5782, sections 2.1 and 2.4.
pub fn entry(list: &str, address: IpAddr) -> String {
    let reversed = reverse(address.to_canonical());
    let octets = reversed.trim_end_matches(".in-addr.arpa").trim_end_matches(".ip6.arpa");
    format!("{octets}.{list}")
}

/// An address that each list has, and one that none has: what else it says is worth as much as these. RFC
/// 5782, section 5.
pub fn samples(list: &str) -> [String; 2] {
    [2, 1].map(|last| entry(list, Ipv4Addr::new(127, 0, 0, last).into()))
}

/// What a list says of a name.
enum Word {
    Listed(Ipv4Addr, String),
    Absent,
    Untold(String),
}

fn word(case: &Case, name: &str) -> Word {
    let mut asked = case.asked(Role::Resolver, name, Kind::A);
    let Some(answer) = asked.find(|answer| answer.is_settled()) else {
        return Word::Untold("it was not asked, or did not answer".to_owned());
    };
    let mut codes = answer.records().filter_map(|record| match record.data {
        Data::Address(IpAddr::V4(code)) => Some(code),
        _ => None,
    });
    match codes.next() {
        None => Word::Absent,
        // 127.255.255.0/24 is for what is wrong with the question, by common usage.
        Some(code) if code.octets()[..3] == [127, 255, 255] => {
            let why = format!("it refuses this resolver ({code}); ask by another, with --resolver");
            Word::Untold(why)
        }
        Some(code) if code.octets()[0] == 127 => Word::Listed(code, answer.id.clone()),
        Some(code) => Word::Untold(format!("{code} is no answer of a list")),
    }
}

/// Does anybody keep the list? Otherwise why what it says is worth nothing.
fn unkept(case: &Case, list: &str) -> Option<String> {
    let [there, never] = samples(list).map(|name| word(case, &name));
    match (there, never) {
        (Word::Untold(why), _) | (_, Word::Untold(why)) => Some(why),
        (Word::Absent, _) => Some("it does not have 127.0.0.2, as every list has".to_owned()),
        (_, Word::Listed(..)) => Some("it has everything, 127.0.0.1 too".to_owned()),
        (Word::Listed(..), Word::Absent) => None,
    }
}

fn on_no_list(case: &Case) -> Judged {
    if case.expect.lists.is_empty() {
        return Judged::Nothing("no list was named; --dnsbl names one");
    }
    let targets = super::dnssec::targets(case).into_iter();
    let places: BTreeSet<(&str, IpAddr)> =
        targets.flat_map(|mx| case.host(mx).addrs.iter().map(move |at| (mx, *at))).collect();
    let (mut faults, mut untold) = (Vec::new(), None);
    for list in &case.expect.lists {
        if let Some(why) = unkept(case, list) {
            untold.get_or_insert_with(|| format!("{list}: {why}"));
            continue;
        }
        for (mx, address) in &places {
            match word(case, &entry(list, *address)) {
                Word::Listed(code, id) => {
                    let message = format!("{address} of {mx} is on the list {list} ({code})");
                    faults.push(Fault::of(*mx, message).got(code.to_string()).seen(&[id]));
                }
                Word::Untold(why) => {
                    untold.get_or_insert_with(|| format!("{list}, for {address}: {why}"));
                }
                Word::Absent => {}
            }
        }
    }
    match (faults.is_empty(), untold) {
        (false, _) => Judged::Amiss(faults),
        (true, Some(why)) => Judged::Unknown(why),
        (true, None) => Judged::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_asked_for_backwards() {
        let name = |address: &str| entry("bl.example", address.parse().unwrap());
        assert_eq!(name("192.0.2.99"), "99.2.0.192.bl.example");
        assert_eq!(name("::ffff:192.0.2.99"), "99.2.0.192.bl.example");
        // The example of RFC 5782, section 2.4.
        assert_eq!(
            name("2001:db8:1:2:3:4:567:89ab"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example"
        );
    }
}
