//! Who gets the mail: the MX records against the servers that should get it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::case::{Host, Mx, MxSet, Presence, is_below_or_at, listed};
use super::facts::{Kind, Role};
use super::preference::{self, Standing};
use super::target::{each_place, each_set, each_target, literal, or_unknown};
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Class, Severity};

const NO_EXPECTATION: &str = "nobody said where the mail should go";
/// More names that nobody made are not asked about.
const MOST_PROBES: usize = 4;

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
            blocked_by: &[
                "dns.exists",
                "dns.servfail",
                "in.no-expectation",
                "target.none",
                "target.implicit",
                "target.nullmx",
                "mx.missing-dot",
                "mx.near-miss",
                "mx.expected-present",
            ],
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
            rfc: &["RFC 5321, 5.1", "RFC 5321, 6.3"],
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
    (case.class(&mx.target) == Class::Unexpected).then(|| near(case, mx)).flatten()
}

fn near<'a>(case: &Case<'a>, mx: &Mx) -> Option<&'a str> {
    let is_nowhere = case.host(&mx.target).is_nowhere();
    let domain = |name: &str| name.split_once('.').map(|(_, domain)| domain.to_owned());
    let mut names = case.expect.expected_names();
    names.find(|name| {
        // mx2 beside mx1 is another host; mail.exmaple.net is nobody's or a stranger's.
        let is_other = *name != mx.target && (is_nowhere || domain(name) != domain(&mx.target));
        is_other && is_within(name.as_bytes(), mx.target.as_bytes(), 2)
    })
}

/// Do so many strokes make the one of the other: an octet more, less, another, or two the other way round? In
/// time linear in their length, because the names are strangers'.
pub(super) fn is_within(one: &[u8], other: &[u8], strokes: u8) -> bool {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    let longer = one.len().max(other.len());
    if one.is_empty() || other.is_empty() || strokes == 0 {
        return longer <= usize::from(strokes);
    }
    let swapped = matches!((one, other), ([a, b, ..], [c, d, ..]) if a == d && b == c);
    is_within(&one[1..], &other[1..], strokes - 1)
        || is_within(&one[1..], other, strokes - 1)
        || is_within(one, &other[1..], strokes - 1)
        || swapped && is_within(&one[2..], &other[2..], strokes - 1)
}

/// Is an expected server in the set?
fn is_present(case: &Case, set: &MxSet) -> bool {
    set.targets().any(|mx| case.class(&mx.target) == Class::Expected)
}

/// Some of the addresses of a target are an expected server's: other checks tell of the rest.
fn is_partly_present(case: &Case, set: &MxSet) -> bool {
    set.targets().any(|mx| case.class(&mx.target) == Class::Partial)
}

/// What a misspelt name does: it loses all mail where no other record leads to the expected server, and takes
/// it where somebody is there whom senders try no later than that.
fn slip(case: &Case, set: &MxSet, mx: &Mx, meant: &str, message: String, remedy: String) -> Fault {
    let takes_mail = !case.host(&mx.target).is_nowhere() && tried_first(case, set, mx);
    let severity = match (case.class(&mx.target), is_present(case, set)) {
        (Class::Unexpected | Class::Partial, true) if takes_mail => Severity::Critical,
        (Class::Unexpected | Class::Partial, false) => Severity::Critical,
        _ => Severity::Error,
    };
    let fault = Fault::of(&mx.target, message + &case.seen_at(set)).got(format!("{}.", mx.target));
    fault.want(format!("{meant}.")).remedy(remedy).at(severity)
}

/// Do senders try this no later than any expected server?
fn tried_first(case: &Case, set: &MxSet, mx: &Mx) -> bool {
    let expected = |mx: &&Mx| case.class(&mx.target) == Class::Expected;
    let best = set.targets().filter(expected).map(|mx| mx.preference).min();
    best.is_none_or(|best| mx.preference <= best)
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
    let judged = each_set(case, |set| {
        let fault = |mx: &Mx| {
            let meant = misspelt(case, mx)?;
            let message = format!("{} looks like {meant} misspelt", mx.target);
            Some(slip(case, set, mx, meant, message, format!("Did you mean {meant}?")))
        };
        set.targets().filter_map(fault).collect()
    });
    or_unknown(case, judged, |mx| {
        let meant = near(case, mx).filter(|_| case.class(&mx.target) == Class::Unknown)?;
        Some(format!("{} looks like {meant}; {}", mx.target, case.why_unknown(&mx.target)))
    })
}

fn expected_present(case: &Case) -> Judged {
    if case.expect.is_empty() {
        return Judged::Nothing(NO_EXPECTATION);
    }
    let is_unclear =
        |mx: &&Mx| case.class(&mx.target) == Class::Unknown && literal(&mx.target).is_none();
    let missing = |set: &&MxSet| !is_present(case, set);
    let mut missing = case.sets.iter().filter(missing).flat_map(MxSet::targets);
    if let Some(mx) = missing.find(is_unclear) {
        return Judged::Unknown(case.why_unknown(&mx.target));
    }
    // Where nobody has any record others say so; where some have, who asks the others finds no server.
    let nobody_has_any = case.sets.iter().all(|set| set.records.is_empty());
    let wanted = listed(case.expect.expected_names().map(str::to_owned));
    let wanted = match case.expect.expected_names().next() {
        Some(_) => wanted,
        None => listed(case.expect.networks.iter().map(ToString::to_string)),
    };
    each_set(case, |set| {
        if is_present(case, set) || is_partly_present(case, set) || nobody_has_any {
            return Vec::new();
        }
        let name = &case.facts.domain;
        let message = format!("no MX record of {name} leads to {wanted}{}", case.seen_at(set));
        let add = case.expect.expected_names().next();
        let is_behind = case.sets.iter().any(|set| is_present(case, set));
        let remedy = match (is_behind, add) {
            // The record is there.
            (true, _) => format!(
                "Have {} load the zone anew: other servers have the record.",
                listed(set.seen_at.iter().map(ToString::to_string))
            ),
            (false, None) => format!("Name a host at {wanted}."),
            (false, Some(server)) => format!("Add `{name}. MX 10 {server}.`"),
        };
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
    let judged = each_set(case, |set| {
        let mut faults = Vec::new();
        for (mx, route) in set.records.iter().zip(case.routes(set)) {
            if route.class != Class::Customer {
                continue;
            }
            // Where nobody said what to expect, who is tried first is who gets a share.
            let is_best =
                route.share_percent > 0 || !case.expect.is_empty() && tried_first(case, set, mx);
            let severity = if is_best { Severity::Critical } else { Severity::Warning };
            let whose = case.expect.role.whose();
            let message = format!("{} is {whose} own line{}", mx.target, case.seen_at(set));
            let remedy = format!("Remove the MX record for {}.", mx.target);
            let fault = Fault::of(&mx.target, message).got(line(mx));
            faults.push(fault.remedy(remedy).at(severity));
        }
        faults
    });
    or_unknown(case, judged, |mx| {
        let class = case.class(&mx.target);
        let is_open = matches!(class, Class::Unknown | Class::Unexpected | Class::Any);
        match &case.host(&mx.target).is {
            Presence::Unknown(why) if is_open && literal(&mx.target).is_none() => {
                Some(format!("{}: {why}", mx.target))
            }
            _ => None,
        }
    })
}

fn line(mx: &Mx) -> String {
    format!("{} {}.", mx.preference, mx.target)
}

/// The targets of this class that stand so to the expected ones and to which mail goes, with their share of it.
fn standing<'a>(
    case: &Case,
    set: &'a MxSet,
    class: Class,
    standing: Standing,
) -> Vec<(&'a Mx, u8)> {
    let routes = case.routes(set);
    let known: Vec<(u16, bool)> =
        routes.iter().map(|route| (route.pref, route.class == Class::Expected)).collect();
    let all = set.records.iter().zip(&routes).zip(preference::standings(&known));
    all.filter(|((mx, route), found)| {
        route.class == class && *found == standing && takes_mail(case, mx)
    })
    .map(|((mx, route), _)| (mx, route.share_percent))
    .collect()
}

/// Does mail go there? Where it does not other checks say so.
fn takes_mail(case: &Case, mx: &Mx) -> bool {
    !mx.target.is_empty() && literal(&mx.target).is_none() && !case.host(&mx.target).is_nowhere()
}

/// The targets that are nobody's the caller knows and that stand so to the expected ones. Those of which
/// nobody told whose they are are not among them.
fn bypass(case: &Case, how: Standing, fault: impl Fn(&MxSet, &Mx, u8) -> Fault) -> Judged {
    let judged = each_set(case, |set| {
        let strangers = standing(case, set, Class::Unexpected, how);
        strangers.into_iter().map(|(mx, share)| fault(set, mx, share)).collect()
    });
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for set in &case.sets {
        let unknown = standing(case, set, Class::Unknown, how);
        open.extend(unknown.into_iter().map(|(mx, _)| mx.target.as_str()));
    }
    or_unknown(case, judged, |mx| {
        open.contains(mx.target.as_str()).then(|| case.why_unknown(&mx.target))
    })
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

/// Those that senders try first. Who is nowhere takes no mail from anybody.
pub(super) fn best<'s>(case: &Case, set: &'s MxSet) -> Vec<&'s Mx> {
    let there: Vec<&Mx> = set.targets().filter(|mx| takes_mail(case, mx)).collect();
    let lowest = there.iter().map(|mx| mx.preference).min();
    there.into_iter().filter(|mx| Some(mx.preference) == lowest).collect()
}

fn expected_best(case: &Case) -> Judged {
    if case.expect.is_empty() {
        return Judged::Nothing(NO_EXPECTATION);
    }
    let is_best = |set: &MxSet, mx: &Mx| best(case, set).contains(&mx);
    let judged = each_set(case, |set| {
        let is_other = |mx: &&Mx| {
            !matches!(case.class(&mx.target), Class::Expected | Class::Unknown | Class::Partial)
        };
        let fault = |mx: &Mx| {
            let message = format!(
                "{} has the lowest number, and is not the expected server{}",
                line(mx),
                case.seen_at(set)
            );
            let remedy = format!("Give the expected server a lower number than {}.", mx.target);
            Fault::of(&mx.target, message).got(line(mx)).remedy(remedy)
        };
        set.targets().filter(is_other).filter(|mx| is_best(set, mx)).map(fault).collect()
    });
    or_unknown(case, judged, |mx| {
        let is_open = case.class(&mx.target) == Class::Unknown
            && case.sets.iter().any(|set| set.targets().any(|one| one == mx) && is_best(set, mx));
        is_open.then(|| case.why_unknown(&mx.target))
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
            true => faults.extend(differing(name, host)),
            false => faults.extend(outside(case, name, host)),
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
    each_place(case, |mx, host| {
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
            let addrs = &case.host(name).addrs;
            set.targets().any(|mx| {
                let found = &case.host(&mx.target).addrs;
                mx.target == **name || (!addrs.is_empty() && addrs.is_subset(found))
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
            && !case.names_it(&mx.target)
            && case.is_in_zone(&mx.target);
        let whose = case.expect.role.whose();
        let message = format!("{} is the expected server under {whose} own name", mx.target);
        is_by_address.then(|| Fault::of(&mx.target, message).seen(&host.evidence))
    })
}

/// The hosts that stand behind more than one record: by what they have in common, the records.
fn shared<'a>(case: &Case, set: &'a MxSet) -> Vec<(String, Vec<&'a Mx>)> {
    let mut by: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let targets: Vec<&Mx> = set.targets().collect();
    for (at, mx) in targets.iter().enumerate() {
        let addrs = case.host(&mx.target).addrs.iter().map(ToString::to_string);
        for key in addrs.chain([mx.target.clone()]) {
            by.entry(key).or_default().push(at);
        }
    }
    let mut groups: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    for (what, records) in by.into_iter().filter(|(_, records)| records.len() > 1) {
        groups.entry(records).or_default().push(what);
    }
    let group = |(records, what): (Vec<usize>, Vec<String>)| {
        (what.join(", "), records.into_iter().map(|at| targets[at]).collect())
    };
    groups.into_iter().map(group).collect()
}

fn shared_faults(case: &Case, same_number: bool) -> Judged {
    each_set(case, |set| {
        let fault = |(what, records): (String, Vec<&Mx>)| {
            let is_same = records.windows(2).all(|two| two[0].preference == two[1].preference);
            let lines = listed(records.iter().map(|mx| line(mx)));
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
        let (records, octets) = (set.count, set.octets);
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
    let probes = case.facts.probes.iter().take(MOST_PROBES);
    let of_probes = probes.map(|probe| (probe, case.mx_of(probe, Role::Resolver)));
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
        // Where the zone's own servers know, they know better than a cache.
        let mut sets = case.mx_of(name, Role::Authority);
        sets.extend(case.mx_of(name, Role::Resolver));
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
        (true, false) => Judged::Unknown(super::case::doubts(unclear)),
        _ => Judged::by(faults),
    }
}
