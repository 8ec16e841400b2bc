//! Who gets the mail: the MX records against the servers that should get it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::case::{Host, Mx, MxSet, Presence, is_below_or_at, listed};
use super::facts::{Kind, Role};
use super::preference::{self, Standing};
use super::target::{each_set, each_target};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Class, Severity};

/// Where there is no routing to judge.
const NO_ROUTE: &[&str] = &[
    "dns.exists",
    "dns.servfail",
    "in.no-expectation",
    "target.none",
    "target.implicit",
    "target.nullmx",
];
const BYPASS: &[&str] = &[
    "dns.exists",
    "dns.servfail",
    "in.no-expectation",
    "target.none",
    "target.implicit",
    "target.nullmx",
    "mx.expected-present",
];
/// Where there are no records to look at.
const NO_RECORDS: &[&str] =
    &["dns.exists", "dns.servfail", "target.none", "target.implicit", "target.nullmx"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "mx.missing-dot",
            title: "no target has the zone's name behind the server's",
            severity: Severity::Error,
            rfc: &["RFC 1035, 5.1"],
            why: "In a zone file a name without a dot at its end goes on with the zone's.",
            remedy: "Write the dot at the end of the name.",
            blocked_by: NO_ROUTE,
        },
        judge: missing_dot,
    },
    Check {
        about: About {
            id: "mx.near-miss",
            title: "no target is an expected name misspelt",
            severity: Severity::Error,
            rfc: &[],
            why: "The mail is lost, or goes to whoever has the other name.",
            remedy: "Correct the name.",
            blocked_by: NO_ROUTE,
        },
        judge: near_miss,
    },
    Check {
        about: About {
            id: "mx.expected-present",
            title: "an MX record names the expected server",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 5.1"],
            why: "Otherwise none of the mail gets there.",
            remedy: "Add the server.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "in.no-expectation",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "target.ip-literal",
                "mx.missing-dot",
                "mx.near-miss",
            ],
        },
        judge: expected_present,
    },
    Check {
        about: About {
            id: "mx.former-provider",
            title: "no former provider gets mail",
            severity: Severity::Error,
            rfc: &[],
            why: "What goes there is lost, or read by somebody else.",
            remedy: "Delete the record.",
            blocked_by: NO_RECORDS,
        },
        judge: former_provider,
    },
    Check {
        about: About {
            id: "mx.direct-customer",
            title: "the customer's own host gets no mail directly",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 5.1"],
            why: "It is often away; on an address that changes a stranger may get the mail.",
            remedy: "Remove the record.",
            blocked_by: NO_RECORDS,
        },
        judge: direct_customer,
    },
    Check {
        about: About {
            id: "mx.bypass-preferred",
            title: "nobody else is tried before the expected server",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 5.1"],
            why: "Senders try the lowest number first: all mail goes there.",
            remedy: "Remove the record, or raise its number.",
            blocked_by: BYPASS,
        },
        judge: bypass_preferred,
    },
    Check {
        about: About {
            id: "mx.bypass-equal",
            title: "nobody else shares the expected server's number",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 5.1"],
            why: "Senders choose by chance among equals: a share of the mail always goes there.",
            remedy: "Remove the record.",
            blocked_by: BYPASS,
        },
        judge: bypass_equal,
    },
    Check {
        about: About {
            id: "mx.bypass-backup",
            title: "nobody else is tried after the expected server",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 5.1"],
            why: "Whenever the server cannot be reached mail waits there, where ATRN cannot fetch it; \
                  and spammers try the last one first.",
            remedy: "Remove the record, or have that host relay to the expected server.",
            blocked_by: BYPASS,
        },
        judge: bypass_backup,
    },
    Check {
        about: About {
            id: "mx.expected-best",
            title: "only expected servers have the lowest number",
            severity: Severity::Critical,
            rfc: &["RFC 5321, 5.1"],
            why: "The lowest number gets the mail as long as anybody is there.",
            remedy: "Give the expected server the lowest number.",
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "in.no-expectation",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "mx.expected-present",
                "mx.former-provider",
                "mx.direct-customer",
                "mx.bypass-preferred",
                "mx.bypass-equal",
            ],
        },
        judge: expected_best,
    },
    Check {
        about: About {
            id: "mx.addr-mismatch",
            title: "the expected name leads to the expected addresses, whoever is asked",
            severity: Severity::Error,
            rfc: &["RFC 2181, 5.4"],
            why: "The right name helps nobody when it leads to another host.",
            remedy: "Look for old glue, split DNS, or an old cache.",
            blocked_by: &["in.expected-resolves"],
        },
        judge: addr_mismatch,
    },
    Check {
        about: About {
            id: "mx.addr-partial",
            title: "all addresses of a target are the expected server's, or none",
            severity: Severity::Error,
            rfc: &["RFC 5321, 5.1"],
            why: "Senders take any of a host's addresses: some of the mail goes elsewhere.",
            remedy: "Remove the other addresses.",
            blocked_by: NO_ROUTE,
        },
        judge: addr_partial,
    },
    Check {
        about: About {
            id: "mx.complete",
            title: "every expected server is named",
            severity: Severity::Notice,
            rfc: &[],
            why: "The provider has several so that one may be away.",
            remedy: "Add the others.",
            blocked_by: BYPASS,
        },
        judge: complete,
    },
    Check {
        about: About {
            id: "mx.vanity",
            title: "the server is named by its own name",
            severity: Severity::Info,
            rfc: &[],
            why: "It works; certificate, TLSA and MTA-STS must then be for your name, and you must follow \
                  when the provider changes its addresses.",
            remedy: "Name the provider's own name unless you have a reason.",
            blocked_by: NO_ROUTE,
        },
        judge: vanity,
    },
    Check {
        about: About {
            id: "mx.customer-backup-loop",
            title: "no host is tried twice under different numbers",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 5.1"],
            why: "It looks like a second server and is none; a host that is listed behind itself may pass \
                  mail round in a circle.",
            remedy: "List each machine once.",
            blocked_by: NO_RECORDS,
        },
        judge: same_host,
    },
    Check {
        about: About {
            id: "mx.duplicate",
            title: "no host is listed twice",
            severity: Severity::Notice,
            rfc: &[],
            why: "It makes senders wait longer, and nothing safer.",
            remedy: "List each machine once.",
            blocked_by: NO_RECORDS,
        },
        judge: duplicate,
    },
    Check {
        about: About {
            id: "mx.count",
            title: "there are ten records or fewer, and they fit into one packet",
            severity: Severity::Notice,
            rfc: &["RFC 6891, 6.2.5"],
            why: "Senders stop after a few, and longer answers need TCP.",
            remedy: "Leave some out.",
            blocked_by: NO_RECORDS,
        },
        judge: count,
    },
    Check {
        about: About {
            id: "mx.redundancy",
            title: "there is more than one server",
            severity: Severity::Info,
            rfc: &[],
            why: "One is fine for ODMR: while it is away senders try again, for four or five days.",
            remedy: "Nothing, unless the provider has a second server.",
            blocked_by: NO_RECORDS,
        },
        judge: redundancy,
    },
    Check {
        about: About {
            id: "mx.wildcard",
            title: "names that nobody made take no mail",
            severity: Severity::Notice,
            rfc: &["RFC 4592"],
            why: "A wildcard takes mail for every misspelt name, and the provider may not.",
            remedy: "Remove the wildcard, unless it is meant.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: wildcard,
    },
    Check {
        about: About {
            id: "mx.subdomains",
            title: "the other names go the same way",
            severity: Severity::Warning,
            rfc: &["RFC 5321, 5.1"],
            why: "Each name has its own MX records; one that was forgotten keeps its old way.",
            remedy: "Give it the same MX records.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: subdomains,
    },
];

/// Does this target only look like another one because of a slip of the pen?
pub(super) fn is_slip(case: &Case, mx: &Mx) -> bool {
    dropped_dot(case, mx).is_some() || misspelt(case, mx).is_some()
}

fn dropped_dot<'a>(case: &Case<'a>, mx: &Mx) -> Option<&'a str> {
    let expect = case.expect;
    expect.expected_names().find(|name| {
        let rest = mx.target.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| is_below_or_at(&case.facts.domain, rest))
    })
}

/// What an expected name would have been: at most two strokes away, and either nowhere or somewhere else.
fn misspelt<'a>(case: &Case<'a>, mx: &Mx) -> Option<&'a str> {
    let is_wrong = matches!(case.class(&mx.target), Class::Unexpected | Class::Unknown);
    let is_nowhere = matches!(case.host(&mx.target).is, Presence::Nowhere | Presence::NoName);
    let domain = |name: &str| name.split_once('.').map(|(_, domain)| domain.to_owned());
    let mut names = case.expect.expected_names();
    let near = |name: &&str| {
        let is_near = (1..=2).contains(&strsim::damerau_levenshtein(name, &mx.target));
        // mx2 beside mx1 is another host; mail.exmaple.net is nobody's or a stranger's.
        is_near && (is_nowhere || domain(name) != domain(&mx.target))
    };
    names.find(near).filter(|_| is_wrong)
}

/// Is an expected server in the set?
fn is_present(case: &Case, set: &MxSet) -> bool {
    set.targets().any(|mx| case.class(&mx.target) == Class::Expected)
}

fn slip(case: &Case, set: &MxSet, mx: &Mx, meant: &str, message: String, remedy: String) -> Fault {
    let severity = match is_present(case, set) {
        true => Severity::Error,
        false => Severity::Critical,
    };
    let fault = Fault::of(&mx.target, message + &case.seen_at(set)).got(format!("{}.", mx.target));
    fault.want(format!("{meant}.")).remedy(remedy).at(severity)
}

fn missing_dot(case: &Case) -> Judged {
    each_set(case, |set| {
        let fault = |mx: &Mx| {
            let meant = dropped_dot(case, mx)?;
            let message = format!("{} has the zone's name behind {meant}", mx.target);
            let remedy = format!("Write `{meant}.` with the dot at its end in the zone file.");
            Some(slip(case, set, mx, meant, message, remedy))
        };
        set.targets().filter_map(fault).collect()
    })
}

fn near_miss(case: &Case) -> Judged {
    each_set(case, |set| {
        let fault = |mx: &Mx| {
            let meant = misspelt(case, mx)?;
            let message = format!("{} looks like {meant} misspelt", mx.target);
            Some(slip(case, set, mx, meant, message, format!("Did you mean {meant}?")))
        };
        set.targets().filter_map(fault).collect()
    })
}

fn expected_present(case: &Case) -> Judged {
    let unclear = |set: &MxSet| {
        set.targets().find(|mx| case.class(&mx.target) == Class::Unknown).map(|mx| {
            match case.host(&mx.target).is {
                Presence::Unknown(why) => format!("{}: {why}", mx.target),
                _ => mx.target.clone(),
            }
        })
    };
    let missing = |set: &&MxSet| !is_present(case, set);
    if let Some(why) = case.sets.iter().filter(missing).find_map(unclear) {
        return Judged::Unknown(why);
    }
    let wanted = listed(case.expect.expected_names().map(str::to_owned));
    let wanted = match case.expect.expected_names().next() {
        Some(_) => wanted,
        None => listed(case.expect.networks.iter().map(ToString::to_string)),
    };
    each_set(case, |set| {
        if is_present(case, set) || set.records.is_empty() {
            return Vec::new();
        }
        let name = &case.facts.domain;
        let message = format!("no MX record of {name} leads to {wanted}{}", case.seen_at(set));
        let add = case.expect.expected_names().next();
        let remedy = add.map_or_else(
            || format!("Name a host at {wanted}."),
            |server| format!("Add `{name}. MX 10 {server}.`"),
        );
        let fault = Fault::of(name, message).got(super::zone::records(set)).want(&wanted);
        vec![fault.remedy(remedy)]
    })
}

/// The targets of this class, as faults.
fn of_class(case: &Case, class: Class, fault: impl Fn(&MxSet, &Mx) -> Fault) -> Judged {
    each_set(case, |set| {
        let of_class = set.targets().filter(|mx| case.class(&mx.target) == class);
        of_class.map(|mx| fault(set, mx)).collect()
    })
}

fn former_provider(case: &Case) -> Judged {
    if case.expect.former.is_empty() {
        return Judged::Nothing("no former provider was named");
    }
    of_class(case, Class::Former, |set, mx| {
        let message = format!("the former provider's {} gets mail{}", mx.target, case.seen_at(set));
        let remedy = format!("Delete the MX record for {}.", mx.target);
        Fault::of(&mx.target, message).got(line(mx)).remedy(remedy)
    })
}

fn direct_customer(case: &Case) -> Judged {
    if case.expect.customer.is_empty() {
        return Judged::Nothing("no address of the customer was named");
    }
    of_class(case, Class::Customer, |set, mx| {
        let best = set.records.iter().map(|mx| mx.preference).min();
        let is_best = best == Some(mx.preference);
        let severity = if is_best { Severity::Critical } else { Severity::Warning };
        let message = format!("{} is your own line{}", mx.target, case.seen_at(set));
        let remedy = format!("Remove the MX record for {}.", mx.target);
        Fault::of(&mx.target, message).got(line(mx)).remedy(remedy).at(severity)
    })
}

fn line(mx: &Mx) -> String {
    format!("{} {}.", mx.preference, mx.target)
}

/// The targets that are nobody's the caller knows and that stand so to the expected ones.
fn bypass(case: &Case, standing: Standing, fault: impl Fn(&MxSet, &Mx, u8) -> Fault) -> Judged {
    each_set(case, |set| {
        let routes = case.routes(set);
        let known: Vec<(u16, bool)> =
            routes.iter().map(|route| (route.pref, route.class == Class::Expected)).collect();
        let standings = preference::standings(&known);
        let mut faults = Vec::new();
        for ((mx, route), found) in set.records.iter().zip(&routes).zip(standings) {
            let is_stranger = matches!(route.class, Class::Unexpected | Class::Unknown);
            let goes_there = !mx.target.is_empty() && !is_nowhere(case, mx);
            if is_stranger && found == standing && goes_there && !is_slip(case, mx) {
                faults.push(fault(set, mx, route.share_percent));
            }
        }
        faults
    })
}

/// Is there nobody, so that no mail goes there? Other checks say so.
fn is_nowhere(case: &Case, mx: &Mx) -> bool {
    matches!(case.host(&mx.target).is, Presence::Nowhere | Presence::NoName)
}

/// The number of the best expected server, and its name.
fn best_expected(case: &Case, set: &MxSet) -> String {
    let expected = |mx: &&Mx| case.class(&mx.target) == Class::Expected;
    let best = set.targets().filter(expected).min_by_key(|mx| mx.preference);
    best.map(line).unwrap_or_default()
}

fn bypass_preferred(case: &Case) -> Judged {
    bypass(case, Standing::Before, |set, mx, share| {
        let best = best_expected(case, set);
        let message = format!(
            "senders try {} before {best}: {} of the mail goes there{}",
            line(mx),
            if share == 100 { "all".to_owned() } else { format!("{share}%") },
            case.seen_at(set)
        );
        let remedy = format!("Remove {}, or give it a higher number than {best}", mx.target);
        Fault::of(&mx.target, message).got(line(mx)).want(format!("{best} first")).remedy(remedy)
    })
}

fn bypass_equal(case: &Case) -> Judged {
    bypass(case, Standing::Beside, |set, mx, share| {
        let best = best_expected(case, set);
        let message = format!(
            "{} has the same number as {best}: about {share}% of the mail goes there{}",
            line(mx),
            case.seen_at(set)
        );
        Fault::of(&mx.target, message).got(line(mx)).remedy(format!("Remove {}.", mx.target))
    })
}

fn bypass_backup(case: &Case) -> Judged {
    bypass(case, Standing::Behind, |set, mx, _| {
        let best = best_expected(case, set);
        let message = format!(
            "whenever {best} cannot be reached mail goes to {}, where ATRN cannot fetch it{}",
            line(mx),
            case.seen_at(set)
        );
        let remedy = format!("Remove {0}, or have it relay to the expected server.", mx.target);
        Fault::of(&mx.target, message).got(line(mx)).remedy(remedy)
    })
}

fn expected_best(case: &Case) -> Judged {
    each_set(case, |set| {
        let best = set.records.iter().map(|mx| mx.preference).min();
        let others = set
            .targets()
            .filter(|mx| Some(mx.preference) == best && case.class(&mx.target) != Class::Expected);
        let fault = |mx: &Mx| {
            let message = format!(
                "{} has the lowest number, and is not the expected server{}",
                line(mx),
                case.seen_at(set)
            );
            let remedy = format!("Give the expected server a lower number than {}.", mx.target);
            Fault::of(&mx.target, message).got(line(mx)).remedy(remedy)
        };
        others.filter(|mx| !is_slip(case, mx) && !is_nowhere(case, mx)).map(fault).collect()
    })
}

fn shown<'a>(addrs: impl IntoIterator<Item = &'a IpAddr>) -> String {
    listed(addrs.into_iter().map(ToString::to_string))
}

fn addr_mismatch(case: &Case) -> Judged {
    let names: Vec<&str> = case.expect.expected_names().collect();
    let named = |name: &&str| !case.host(name).addrs.is_empty();
    let names: Vec<&str> = names.into_iter().filter(named).collect();
    if names.is_empty() {
        return Judged::Nothing("no server is expected by a name whose addresses are known");
    }
    let mut faults = Vec::new();
    for name in names {
        let host = case.host(name);
        match case.expect.networks.is_empty() {
            true => faults.extend(differing(name, &host)),
            false => faults.extend(outside(case, name, &host)),
        }
    }
    Judged::by(faults)
}

/// Do different servers send senders to different hosts?
fn differing(name: &str, host: &Host) -> Option<Fault> {
    let mut whole = host.views.iter().filter(|view| view.is_whole);
    let first = whole.next()?;
    let other = whole.find(|view| view.addrs != first.addrs)?;
    let (one, another) = (shown(&first.addrs), shown(&other.addrs));
    let message = format!(
        "{name} is at {one} as {} says, and at {another} as {} does",
        first.server, other.server
    );
    let evidence = [first.evidence.clone(), other.evidence.clone()].concat();
    Some(Fault::of(name, message).got(another).want(one).seen(&evidence))
}

fn outside(case: &Case, name: &str, host: &Host) -> Option<Fault> {
    let seen = host.views.iter().flat_map(|view| &view.addrs);
    let mut wrong: Vec<&IpAddr> = seen.filter(|address| !case.expects(**address)).collect();
    wrong.sort();
    wrong.dedup();
    if wrong.is_empty() {
        return None;
    }
    let wanted = listed(case.expect.networks.iter().map(ToString::to_string));
    let message = format!("{name} leads to {}, not to {wanted}", shown(wrong.iter().copied()));
    let fault = Fault::of(name, message).got(shown(wrong)).want(wanted);
    Some(fault.seen(&host.evidence))
}

fn addr_partial(case: &Case) -> Judged {
    each_target(case, |mx, host| {
        if case.class(&mx.target) != Class::Partial {
            return None;
        }
        let wrong = host.addrs.iter().filter(|address| !case.expects(**address));
        let wrong = shown(wrong);
        let message = format!("{} is the expected server, and somebody else at {wrong}", mx.target);
        let remedy = format!("Remove {wrong} from {}.", mx.target);
        let fault = Fault::of(&mx.target, message).got(shown(&host.addrs));
        Some(fault.remedy(remedy).seen(&host.evidence))
    })
}

fn complete(case: &Case) -> Judged {
    if case.expect.expected_names().count() < 2 {
        return Judged::Nothing("one server is expected");
    }
    each_set(case, |set| {
        let is_named = |name: &&str| {
            let addrs = case.host(name).addrs;
            set.targets().any(|mx| {
                let found = case.host(&mx.target).addrs;
                mx.target == **name || (!addrs.is_empty() && addrs.is_subset(&found))
            })
        };
        let missing = case.expect.expected_names().filter(|name| !is_named(name));
        let fault = |name: &str| {
            let message = format!("{name} is expected too, and no record names it");
            let remedy = format!("Add `{}. MX 10 {name}.`", case.facts.domain);
            Fault::of(name, message + &case.seen_at(set)).remedy(remedy)
        };
        missing.map(fault).collect()
    })
}

fn vanity(case: &Case) -> Judged {
    each_target(case, |mx, host| {
        let is_by_address = case.class(&mx.target) == Class::Expected
            && !case.expect.names_it(&mx.target)
            && case.is_in_zone(&mx.target);
        let message = format!("{} is the expected server under a name of yours", mx.target);
        is_by_address.then(|| Fault::of(&mx.target, message).seen(&host.evidence))
    })
}

/// The hosts that stand behind more than one record: by what they have in common, the records.
fn shared(case: &Case, set: &MxSet) -> Vec<(String, Vec<Mx>)> {
    let mut by: BTreeMap<String, Vec<Mx>> = BTreeMap::new();
    for mx in set.targets() {
        let mut keys: Vec<String> =
            case.host(&mx.target).addrs.iter().map(ToString::to_string).collect();
        keys.push(mx.target.clone());
        for key in keys {
            by.entry(key).or_default().push(mx.clone());
        }
    }
    let mut groups: Vec<(String, Vec<Mx>)> = Vec::new();
    for (what, records) in by.into_iter().filter(|(_, records)| records.len() > 1) {
        match groups.iter_mut().find(|(_, known)| *known == records) {
            Some((known, _)) => *known = format!("{known}, {what}"),
            None => groups.push((what, records)),
        }
    }
    groups
}

fn shared_faults(case: &Case, same_number: bool) -> Judged {
    each_set(case, |set| {
        let fault = |(what, records): (String, Vec<Mx>)| {
            let is_same = records.windows(2).all(|two| two[0].preference == two[1].preference);
            let lines = listed(records.iter().map(line));
            let fault = Fault::of(&what, format!("{lines} are one host, {what}"));
            (is_same == same_number).then(|| fault.got(lines.clone()))
        };
        shared(case, set).into_iter().filter_map(fault).collect()
    })
}

fn same_host(case: &Case) -> Judged {
    shared_faults(case, false)
}

fn duplicate(case: &Case) -> Judged {
    shared_faults(case, true)
}

fn count(case: &Case) -> Judged {
    each_set(case, |set| {
        let (records, octets) = (set.records.len(), set.octets);
        let message = format!("{records} MX records, in an answer of {octets} octets");
        let fault = Fault::of(&case.facts.domain, message);
        (records > 10 || octets > 1232).then_some(fault).into_iter().collect()
    })
}

fn redundancy(case: &Case) -> Judged {
    each_set(case, |set| {
        let only = match set.records.as_slice() {
            [only] => format!("{} is the only server", only.target),
            _ => return Vec::new(),
        };
        vec![Fault::of(&case.facts.domain, only)]
    })
}

fn wildcard(case: &Case) -> Judged {
    let probes = &case.facts.probes;
    let of_probes = probes.iter().map(|probe| (probe, case.mx_of(probe, Role::Resolver)));
    let of_probes = of_probes.map(|(probe, sets)| match sets.is_empty() {
        true => (probe, case.mx_of(probe, Role::Authority)),
        false => (probe, sets),
    });
    let told: Vec<(&String, Vec<MxSet>)> = of_probes.filter(|(_, s)| !s.is_empty()).collect();
    if told.is_empty() {
        return Judged::Nothing("no name that nobody made was asked for");
    }
    let fault = |(probe, sets): &(&String, Vec<MxSet>)| {
        let set = sets.iter().find(|set| !set.records.is_empty())?;
        let zone = probe.split_once('.').map_or(probe.as_str(), |(_, zone)| zone);
        let message = format!("*.{zone} takes mail too: {}", super::zone::records(set));
        Some(Fault::of(format!("*.{zone}"), message).seen(&set.evidence))
    };
    Judged::by(told.iter().filter_map(fault).collect())
}

fn subdomains(case: &Case) -> Judged {
    if case.expect.also.is_empty() {
        return Judged::Nothing("no other names were given");
    }
    let Some(own) = case.sets.first() else {
        return Judged::Unknown("no server told the MX records".to_owned());
    };
    let (mut faults, mut unclear) = (Vec::new(), Vec::new());
    for name in &case.expect.also {
        let sets = case.mx_of(name, Role::Resolver);
        let Some(set) = sets.first() else {
            let asked = case.asked(Role::Resolver, name, Kind::Mx).next();
            let why = asked.and_then(|answer| answer.silence()).map(ToString::to_string);
            unclear.push(format!("{name}: {}", why.unwrap_or_else(|| "no answer".to_owned())));
            continue;
        };
        let (its, ours) = (super::zone::records(set), super::zone::records(own));
        if its != ours {
            let message = format!("{name} has a way of its own: {its}");
            faults.push(Fault::of(name, message).got(its).want(ours).seen(&set.evidence));
        }
    }
    match (faults.is_empty(), unclear.is_empty()) {
        (true, false) => Judged::Unknown(unclear.join("; ")),
        _ => Judged::by(faults),
    }
}
