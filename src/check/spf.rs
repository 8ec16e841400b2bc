//! SPF: who may send for the domain, and what it costs others to find out. RFC 7208. The records are read by
//! mail-auth, which is lenient: their terms are looked at here. What they lead to is followed through the answers that
//! are there, and nobody is asked.

mod syntax;

use std::collections::BTreeSet;
use std::net::IpAddr;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::spf::{Directive, Macro, Mechanism, Qualifier, Spf};

use super::case::Presence;
use super::facts::{Data, Kind, Role};
use super::policy::texts;
use super::{Case, Check, Fault, Judged};
use crate::finding::{About, Severity};

const NO_DOMAIN: &[&str] = &["dns.exists", "dns.servfail", "spf.one"];

/// RFC 7208, section 4.6.4.
const MOST_LOOKUPS: usize = 10;
/// RFC 7208, section 4.6.4.
const MOST_VOID: usize = 2;
/// What goes round or has no end is not counted further.
const ENOUGH: usize = 100;
/// Records in records are followed so far.
const DEEPEST: usize = 12;
/// So many names are looked up that records lead to.
const MOST_WANTED: usize = 40;

const CORRECT: &str = "Correct it: receivers take no notice of such a record, or refuse the mail.";

pub(super) const CHECKS: &[Check] = &[
    Check {
        about: About {
            id: "spf.limits",
            title: "the SPF record takes ten look-ups at most, of which two find nothing",
            severity: Severity::Error,
            rfc: &["RFC 7208, 4.6.4"],
            why: "Receivers stop there, take the record for broken, and may refuse the domain's mail.",
            remedy: "Write addresses in the place of names, and leave out what nobody sends from.",
            blocked_by: NO_DOMAIN,
        },
        judge: limits,
    },
    Check {
        about: About {
            id: "spf.relay-listed",
            title: "the expected server may send for the domain",
            severity: Severity::Warning,
            rfc: &["RFC 7208, 5"],
            why: "It sends the domain's mail, and receivers take that for forged.",
            remedy: "Add the server, or its addresses, to the SPF record.",
            blocked_by: &["dns.exists", "dns.servfail", "spf.one", "in.expected-resolves"],
        },
        judge: relay_listed,
    },
    Check {
        about: About {
            id: "spf.inbound-hop",
            title: "the customer's own filter knows the server before it",
            severity: Severity::Info,
            rfc: &["RFC 7208, 2.4"],
            why: "Behind the server all mail comes from the server, and none of it is listed for its sender.",
            remedy: "Have the filter trust the server as a relay, and judge the host before it.",
            blocked_by: &["dns.exists", "dns.servfail"],
        },
        judge: inbound_hop,
    },
    Check {
        about: About {
            id: "spf.helo",
            title: "the expected server may send in its own name",
            severity: Severity::Notice,
            rfc: &["RFC 7208, 2.3"],
            why: "Failure notices have no other sender than the server's name.",
            remedy: "Publish `v=spf1 a -all` at the server's name, or remove the record there.",
            blocked_by: &["dns.resolver", "in.expected-resolves"],
        },
        judge: helo,
    },
];

/// The SPF record at a name.
enum Found {
    Record(Spf),
    /// There is none.
    Nothing,
    /// There are several, or it cannot be read; the term that is none.
    Broken(String),
    /// Nobody told.
    Untold,
}

fn record(case: &Case, name: &str) -> Found {
    match texts(case, name, "v=spf1") {
        Err(_) => Found::Untold,
        Ok((found, _)) => match found.as_slice() {
            [] => Found::Nothing,
            [one] => match (syntax::mistake(one), Spf::parse(one.as_bytes())) {
                (None, Ok(record)) => Found::Record(record),
                (mistake, _) => Found::Broken(mistake.unwrap_or(one).to_owned()),
            },
            several => Found::Broken(several.join(" | ")),
        },
    }
}

/// The name that a term is about; nothing where it is made anew for each mail.
fn target(of: &Macro, domain: &str) -> Option<String> {
    match of {
        Macro::None => Some(domain.to_owned()),
        Macro::Literal(octets) => {
            let text = std::str::from_utf8(octets).ok()?.to_ascii_lowercase();
            Some(text.strip_suffix('.').unwrap_or(&text).to_owned())
        }
        _ => None,
    }
}

fn has_all(record: &Spf) -> bool {
    record.directives.iter().any(|directive| directive.mechanism == Mechanism::All)
}

/// The terms up to "all": those behind it are taken no notice of. RFC 7208, section 5.1.
fn heeded(record: &Spf) -> &[Directive] {
    let all = record.directives.iter().position(|one| one.mechanism == Mechanism::All);
    &record.directives[..all.unwrap_or(record.directives.len())]
}

/// Where evaluation goes on when no term fits. RFC 7208, section 6.1: not behind "all".
fn redirect(record: &Spf) -> Option<&Macro> {
    record.redirect.as_ref().filter(|_| !has_all(record))
}

/// What was not told yet of what the records lead to.
pub fn wanted(case: &Case) -> Vec<(String, Kind)> {
    let mut wanted = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let servers = case.expect.expected_names().take(4).map(str::to_owned);
    let mut ahead: Vec<String> = servers.chain([case.facts.domain.clone()]).collect();
    while let Some(name) = ahead.pop() {
        if seen.len() >= MOST_WANTED || !seen.insert(name.clone()) {
            continue;
        }
        let record = match record(case, &name) {
            Found::Record(record) => record,
            Found::Untold => {
                wanted.insert((name, Kind::Txt));
                continue;
            }
            Found::Nothing | Found::Broken(_) => continue,
        };
        for directive in heeded(&record) {
            want(case, &directive.mechanism, &name, &mut wanted, &mut ahead);
        }
        ahead.extend(redirect(&record).and_then(|to| target(to, &name)));
    }
    wanted.into_iter().filter(|(name, _)| is_name(name)).take(MOST_WANTED).collect()
}

/// Could it be asked about?
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| (1..=63).contains(&label.len());
    name.len() <= 253 && name.is_ascii() && name.split('.').all(is_label)
}

fn want(
    case: &Case,
    mechanism: &Mechanism,
    domain: &str,
    wanted: &mut BTreeSet<(String, Kind)>,
    ahead: &mut Vec<String>,
) {
    match mechanism {
        Mechanism::Include { macro_string } => ahead.extend(target(macro_string, domain)),
        Mechanism::A { macro_string, .. } => {
            let name = target(macro_string, domain);
            wanted.extend(
                name.into_iter()
                    .flat_map(|name| [Kind::A, Kind::Aaaa].map(|kind| (name.clone(), kind))),
            );
        }
        Mechanism::Mx { macro_string, .. } => {
            let Some(name) = target(macro_string, domain) else { return };
            for host in exchangers(case, &name).unwrap_or_default() {
                wanted.extend([Kind::A, Kind::Aaaa].map(|kind| (host.clone(), kind)));
            }
            wanted.insert((name, Kind::Mx));
        }
        _ => {}
    }
}

/// The targets of a name's MX records, as resolvers have them.
fn exchangers(case: &Case, name: &str) -> Option<Vec<String>> {
    let mut asked = case.asked(Role::Resolver, name, Kind::Mx);
    let answer = asked.find(|answer| answer.is_settled())?;
    let target = |data: &Data| match data {
        Data::Mx { target, .. } if !target.is_empty() => Some(target.clone()),
        _ => None,
    };
    Some(answer.records().filter_map(|record| target(&record.data)).collect())
}

/// What a record costs.
#[derive(Default)]
struct Cost {
    lookups: usize,
    void: Vec<String>,
    /// Names that nobody told about.
    untold: Vec<String>,
    /// Names whose records cannot be read.
    broken: Vec<String>,
    /// Terms that lead to more servers than may be looked up, and how many these are.
    crowded: Vec<(String, usize)>,
    /// What each term of the domain's own record costs.
    terms: Vec<(String, usize)>,
}

impl Cost {
    fn add(&mut self, case: &Case, domain: &str, depth: usize) {
        let record = match record(case, domain) {
            Found::Record(record) => record,
            Found::Untold => return self.untold.push(domain.to_owned()),
            // Of an included name: RFC 7208, section 4.6.4, counts the look-up itself.
            Found::Nothing if depth > 0 => return self.void.push(domain.to_owned()),
            Found::Broken(_) => return self.broken.push(domain.to_owned()),
            Found::Nothing => return,
        };
        for directive in heeded(&record) {
            let before = self.lookups;
            let Some(term) = self.term(case, &directive.mechanism, domain, depth) else { continue };
            if depth == 0 {
                self.terms.push((term, self.lookups - before));
            }
        }
        if let Some(to) = redirect(&record).and_then(|to| target(to, domain)) {
            let before = self.lookups;
            self.lookups += 1;
            self.follow(case, &to, depth);
            if depth == 0 {
                self.terms.push((format!("redirect={to}"), self.lookups - before));
            }
        }
    }

    fn follow(&mut self, case: &Case, to: &str, depth: usize) {
        match self.lookups < ENOUGH && depth < DEEPEST {
            true => self.add(case, to, depth + 1),
            // It goes round: whoever evaluates it runs into the limit.
            false => self.lookups = self.lookups.max(ENOUGH),
        }
    }

    fn term(&mut self, case: &Case, of: &Mechanism, domain: &str, depth: usize) -> Option<String> {
        let shown = |word: &str, of: &Macro| match target(of, domain) {
            Some(name) => format!("{word}:{name}"),
            None => word.to_owned(),
        };
        let term = match of {
            Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => return None,
            Mechanism::Include { macro_string } => shown("include", macro_string),
            Mechanism::A { macro_string, .. } => shown("a", macro_string),
            Mechanism::Mx { macro_string, .. } => shown("mx", macro_string),
            Mechanism::Ptr { macro_string } => shown("ptr", macro_string),
            Mechanism::Exists { macro_string } => shown("exists", macro_string),
        };
        self.lookups += 1;
        match of {
            Mechanism::Include { macro_string } => {
                if let Some(to) = target(macro_string, domain) {
                    self.follow(case, &to, depth);
                }
            }
            Mechanism::A { macro_string, .. } => {
                let host = target(macro_string, domain).map(|name| &case.host(&name).is);
                if matches!(host, Some(Presence::Nowhere | Presence::NoName)) {
                    self.void.push(term.clone());
                }
            }
            Mechanism::Mx { macro_string, .. } => {
                let name = target(macro_string, domain);
                match name.and_then(|name| exchangers(case, &name)).map(|found| found.len()) {
                    Some(0) => self.void.push(term.clone()),
                    Some(many) if many > MOST_LOOKUPS => self.crowded.push((term.clone(), many)),
                    _ => {}
                }
            }
            _ => {}
        }
        Some(term)
    }
}

fn limits(case: &Case) -> Judged {
    let domain = &case.facts.domain;
    match record(case, domain) {
        Found::Record(_) => {}
        Found::Untold => {
            return Judged::Unknown(format!("nobody told the text records of {domain}"));
        }
        Found::Nothing => return Judged::Nothing("there is no SPF record"),
        Found::Broken(term) => {
            let message = format!("the SPF record of {domain} cannot be read");
            return Judged::Amiss(vec![Fault::of(domain, message).got(term).remedy(CORRECT)]);
        }
    }
    let mut cost = Cost::default();
    cost.add(case, domain, 0);
    let faults = too_many(&cost, domain).into_iter().chain(void(&cost, domain));
    let faults: Vec<Fault> = faults.chain(permanent(&cost, domain)).collect();
    match (faults.is_empty(), cost.untold.is_empty()) {
        (true, false) => {
            let untold = super::case::listed(cost.untold);
            Judged::Unknown(format!("nobody told the SPF records of {untold}"))
        }
        _ => Judged::by(faults),
    }
}

/// What makes the whole record a permanent error besides. RFC 7208, sections 4.6.4 and 5.2.
fn permanent(cost: &Cost, domain: &str) -> Vec<Fault> {
    let unread = |name: &String| {
        let message =
            format!("the SPF record of {domain} leads to that of {name}, which cannot be read");
        Fault::of(name, message).remedy(CORRECT)
    };
    let crowded = |(term, many): &(String, usize)| {
        let message = format!("`{term}` in the SPF record of {domain} leads to {many} servers");
        let fault = Fault::of(domain, message).got(many.to_string());
        let remedy = format!("Write addresses in the place of `{term}`.");
        fault.want(format!("{MOST_LOOKUPS} at most")).remedy(remedy)
    };
    let broken: BTreeSet<&String> = cost.broken.iter().collect();
    let broken = broken.into_iter().map(unread);
    broken.chain(cost.crowded.iter().map(crowded)).collect()
}

fn too_many(cost: &Cost, domain: &str) -> Option<Fault> {
    if cost.lookups <= MOST_LOOKUPS {
        return None;
    }
    let count = match cost.lookups >= ENOUGH {
        true => "no end of".to_owned(),
        false => cost.lookups.to_string(),
    };
    let message = format!("the SPF record of {domain} takes {count} look-ups");
    let fault = Fault::of(domain, message).got(&count).want(format!("{MOST_LOOKUPS} at most"));
    let dearest = cost.terms.iter().max_by_key(|(_, cost)| *cost);
    let remedy = |(term, cost): &(String, usize)| {
        format!("Write addresses in the place of `{term}`, which takes {cost} of them.")
    };
    Some(match dearest {
        Some(dearest) => fault.remedy(remedy(dearest)),
        None => fault,
    })
}

fn void(cost: &Cost, domain: &str) -> Option<Fault> {
    if cost.void.len() <= MOST_VOID {
        return None;
    }
    let count = cost.void.len();
    let message = format!("{count} look-ups of the SPF record of {domain} find nothing");
    let fault = Fault::of(domain, message).got(cost.void.join(", "));
    Some(fault.want(format!("{MOST_VOID} at most")).remedy("Remove the terms that lead nowhere."))
}

/// What a record says of an address. RFC 7208, section 2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    SoftFail,
    Neutral,
    /// There is no record.
    None,
    /// The record is broken.
    Broken,
    /// Nobody told enough.
    Unknown,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::SoftFail => "softfail",
            Verdict::Neutral => "neutral",
            Verdict::None => "none",
            Verdict::Broken => "permerror",
            Verdict::Unknown => "unknown",
        }
    }

    fn of(qualifier: &Qualifier) -> Verdict {
        match qualifier {
            Qualifier::Pass => Verdict::Pass,
            Qualifier::Fail => Verdict::Fail,
            Qualifier::SoftFail => Verdict::SoftFail,
            Qualifier::Neutral => Verdict::Neutral,
        }
    }
}

/// Whether a term fits.
enum Fits {
    Yes,
    No,
    Unknown,
    Broken,
}

impl Fits {
    fn by(fits: bool) -> Fits {
        if fits { Fits::Yes } else { Fits::No }
    }
}

/// May this address send for the domain?
fn evaluate(case: &Case, domain: &str, address: IpAddr, depth: usize) -> Verdict {
    if depth > DEEPEST {
        return Verdict::Broken;
    }
    let record = match record(case, domain) {
        Found::Record(record) => record,
        Found::Nothing => return Verdict::None,
        Found::Broken(_) => return Verdict::Broken,
        Found::Untold => return Verdict::Unknown,
    };
    let mut is_unclear = false;
    for Directive { qualifier, mechanism } in &record.directives {
        match fits(case, mechanism, domain, address, depth) {
            Fits::No => {}
            // One that may let it pass does not change that a later one does.
            Fits::Unknown if *qualifier == Qualifier::Pass => is_unclear = true,
            Fits::Unknown => return Verdict::Unknown,
            Fits::Broken => return Verdict::Broken,
            Fits::Yes if is_unclear && *qualifier != Qualifier::Pass => return Verdict::Unknown,
            Fits::Yes => return Verdict::of(qualifier),
        }
    }
    match redirect(&record) {
        _ if is_unclear => Verdict::Unknown,
        None => Verdict::Neutral,
        Some(to) => match target(to, domain) {
            None => Verdict::Unknown,
            Some(to) => match evaluate(case, &to, address, depth + 1) {
                Verdict::None => Verdict::Broken,
                verdict => verdict,
            },
        },
    }
}

fn fits(case: &Case, of: &Mechanism, domain: &str, address: IpAddr, depth: usize) -> Fits {
    match of {
        Mechanism::All => Fits::Yes,
        Mechanism::Ip4 { addr, mask } => Fits::by(is_in_v4(address, &[IpAddr::V4(*addr)], *mask)),
        Mechanism::Ip6 { addr, mask } => Fits::by(is_in_v6(address, &[IpAddr::V6(*addr)], *mask)),
        Mechanism::A { macro_string, ip4_mask, ip6_mask } => match target(macro_string, domain) {
            Some(name) => at_host(case, &name, address, *ip4_mask, *ip6_mask),
            None => Fits::Unknown,
        },
        Mechanism::Mx { macro_string, ip4_mask, ip6_mask } => {
            let name = target(macro_string, domain);
            let Some(hosts) = name.and_then(|name| exchangers(case, &name)) else {
                return Fits::Unknown;
            };
            if hosts.len() > MOST_LOOKUPS {
                return Fits::Broken;
            }
            let mut is_unclear = false;
            for host in hosts {
                match at_host(case, &host, address, *ip4_mask, *ip6_mask) {
                    Fits::Yes => return Fits::Yes,
                    Fits::Unknown => is_unclear = true,
                    Fits::No | Fits::Broken => {}
                }
            }
            if is_unclear { Fits::Unknown } else { Fits::No }
        }
        Mechanism::Include { macro_string } => match target(macro_string, domain) {
            None => Fits::Unknown,
            // RFC 7208, section 5.2.
            Some(name) => match evaluate(case, &name, address, depth + 1) {
                Verdict::Pass => Fits::Yes,
                Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => Fits::No,
                Verdict::None | Verdict::Broken => Fits::Broken,
                Verdict::Unknown => Fits::Unknown,
            },
        },
        Mechanism::Ptr { .. } | Mechanism::Exists { .. } => Fits::Unknown,
    }
}

fn at_host(case: &Case, name: &str, address: IpAddr, v4: u32, v6: u128) -> Fits {
    let host = case.host(name);
    let addrs: Vec<IpAddr> = host.addrs.iter().copied().collect();
    if is_in_v4(address, &addrs, v4) || is_in_v6(address, &addrs, v6) {
        return Fits::Yes;
    }
    match host.is {
        Presence::Unknown(_) | Presence::There { whole: false } => Fits::Unknown,
        _ => Fits::No,
    }
}

fn is_in_v4(address: IpAddr, of: &[IpAddr], mask: u32) -> bool {
    let IpAddr::V4(address) = address else { return false };
    of.iter().any(|one| match one {
        IpAddr::V4(one) => (one.to_bits() ^ address.to_bits()) & mask == 0,
        IpAddr::V6(_) => false,
    })
}

fn is_in_v6(address: IpAddr, of: &[IpAddr], mask: u128) -> bool {
    let IpAddr::V6(address) = address else { return false };
    of.iter().any(|one| match one {
        IpAddr::V6(one) => (one.to_bits() ^ address.to_bits()) & mask == 0,
        IpAddr::V4(_) => false,
    })
}

/// Says something of each address of each expected server that is not as it should be.
fn each_server(
    case: &Case,
    verdict: impl Fn(&str, IpAddr) -> Verdict,
    fault: impl Fn(&str, IpAddr, Verdict) -> Option<Fault>,
) -> Judged {
    let (mut faults, mut unclear) = (Vec::new(), Vec::new());
    for server in case.expect.expected_names() {
        for &address in &case.host(server).addrs {
            match verdict(server, address) {
                Verdict::Unknown => unclear.push(format!("{server} at {address}")),
                verdict => faults.extend(fault(server, address, verdict)),
            }
        }
    }
    match (faults.is_empty(), unclear.is_empty()) {
        (true, false) => {
            let unclear = super::case::listed(unclear);
            Judged::Unknown(format!("nobody told enough to judge of {unclear}"))
        }
        _ => Judged::by(faults),
    }
}

fn relay_listed(case: &Case) -> Judged {
    let domain = &case.facts.domain;
    if !case.expect.outbound {
        return Judged::Nothing("nobody said that the server sends the domain's mail");
    }
    if matches!(record(case, domain), Found::Nothing) {
        return Judged::Nothing("there is no SPF record");
    }
    let verdict = |_: &str, address| evaluate(case, domain, address, 0);
    each_server(case, verdict, |server, address, verdict| {
        let message = format!("{server} at {address} is not one that may send for {domain}");
        let family = if address.is_ipv4() { "ip4" } else { "ip6" };
        let remedy = format!("Add `{family}:{address}`, or `a:{server}`, to the SPF record.");
        let fault = Fault::of(server, message).got(verdict.word()).want("pass").remedy(remedy);
        (verdict != Verdict::Pass).then_some(fault)
    })
}

fn helo(case: &Case) -> Judged {
    let told = |name: &str| !matches!(record(case, name), Found::Untold);
    if !case.expect.expected_names().any(told) {
        return Judged::Nothing("nobody told the text records of a server");
    }
    let verdict = |server: &str, address| match told(server) {
        true => evaluate(case, server, address, 0),
        false => Verdict::None,
    };
    each_server(case, verdict, |server, address, verdict| {
        let is_bad = matches!(verdict, Verdict::Fail | Verdict::SoftFail | Verdict::Broken);
        let message = format!("by its own SPF record {server} at {address} may not send");
        let fault = Fault::of(server, message).got(verdict.word()).want("pass or none");
        is_bad.then_some(fault)
    })
}

fn inbound_hop(case: &Case) -> Judged {
    let Some(server) = case.expect.expected_names().next() else {
        return Judged::Nothing("no server is expected by name");
    };
    if case.expect.customer.is_empty() {
        return Judged::Nothing("nobody said where the customer's own host is");
    }
    let message = format!("all mail comes to the customer from {server}, whoever sent it");
    let remedy = format!("Have a filter that looks at SPF trust {server} as a relay.");
    Judged::Amiss(vec![Fault::of(server, message).remedy(remedy)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::{Outcome, Silence};
    use crate::check::tests::world::{DOMAIN, World, mx, resolver, text};
    use crate::finding::Status;

    fn with(records: &[(&str, &str)]) -> World {
        let mut world = World::good();
        for (name, record) in records {
            world.set(name, Kind::Txt, &[text(record)]);
        }
        world
    }

    fn verdict(world: &World, address: &str) -> Verdict {
        evaluate(&Case::new(&world.facts, &world.expect), DOMAIN, address.parse().unwrap(), 0)
    }

    #[test]
    fn an_address_is_judged_as_the_record_has_it() {
        let own = "192.0.3.25";
        let cases = [
            ("v=spf1 ip4:192.0.3.25 -all", Verdict::Pass),
            ("v=spf1 ip4:192.0.3.26 -all", Verdict::Fail),
            ("v=spf1 ip4:192.0.3.26 ~all", Verdict::SoftFail),
            ("v=spf1 ip4:192.0.3.26 ?all", Verdict::Neutral),
            ("v=spf1 ip4:192.0.3.26", Verdict::Neutral),
            ("v=spf1 mx -all", Verdict::Pass),
            ("v=spf1 a:atrn.example.net -all", Verdict::Pass),
            ("v=spf1 a:atrn2.example.net/24 -all", Verdict::Pass),
            ("v=spf1 a:atrn2.example.net -all", Verdict::Fail),
            ("v=spf1 -mx +all", Verdict::Fail),
            ("v=spf1 include:ours.example.org -all", Verdict::Pass),
            ("v=spf1 include:others.example.org -all", Verdict::Fail),
            ("v=spf1 include:none.example.org -all", Verdict::Broken),
            ("v=spf1 redirect=ours.example.org", Verdict::Pass),
            ("v=spf1 redirect=none.example.org", Verdict::Broken),
            ("v=spf1 include:untold.example.org -all", Verdict::Unknown),
            ("v=spf1 include:untold.example.org mx -all", Verdict::Pass),
            ("v=spf1 exists:%{i}.example.org ip4:192.0.3.25 -all", Verdict::Pass),
            ("v=spf1 -exists:%{i}.example.org ip4:192.0.3.25 -all", Verdict::Unknown),
            ("v=spf1 include:example.org -all", Verdict::Broken),
            ("v=spf1 include -all", Verdict::Broken),
            ("something else", Verdict::None),
        ];
        for (record, expected) in cases {
            let mut world = with(&[
                (DOMAIN, record),
                ("ours.example.org", "v=spf1 ip4:192.0.3.0/24 -all"),
                ("others.example.org", "v=spf1 ip4:198.51.99.0/24 -all"),
                ("none.example.org", "nothing"),
            ]);
            let untold = Outcome::Silence(Silence::Timeout);
            world.at(&resolver(), "untold.example.org", Kind::Txt, untold);
            assert_eq!(verdict(&world, own), expected, "{record}");
        }
    }

    #[test]
    fn what_a_record_leads_to_is_asked_for_once() {
        let world = with(&[
            (DOMAIN, "v=spf1 include:one.example.com a:host.example.com mx:example.com -all"),
            ("one.example.com", "v=spf1 redirect=two.example.com"),
        ]);
        let wanted = wanted(&Case::new(&world.facts, &world.expect));
        let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"two.example.com") && names.contains(&"host.example.com"));
        assert!(wanted.contains(&("example.com".to_owned(), Kind::Mx)));
        assert!(!names.contains(&"one.example.com"), "it was told");
    }

    #[test]
    fn who_has_no_end_or_is_not_told_is_not_in_order() {
        let around = with(&[
            (DOMAIN, "v=spf1 include:a.example.org -all"),
            ("a.example.org", "v=spf1 include:example.org include:example.org -all"),
        ]);
        assert_eq!(around.says("spf.limits")[0].status, Status::Fail);
        let untold = with(&[(DOMAIN, "v=spf1 include:a.example.com -all")]);
        assert_eq!(untold.says("spf.limits")[0].status, Status::Unknown);
        let broken = with(&[(DOMAIN, "v=spf1 include -all")]);
        assert!(broken.says("spf.limits")[0].message.ends_with("cannot be read"));
    }

    /// RFC 7208, sections 4.6, 4.6.4 and 5.1.
    #[test]
    fn what_receivers_give_up_at_is_told_and_what_they_pass_over_is_not() {
        let many =
            |n: usize| -> String { (0..n).map(|n| format!(" a:h{n}.example.com")).collect() };
        let status = |record: &str| with(&[(DOMAIN, record)]).says("spf.limits")[0].status;
        let behind = format!("v=spf1 -all{}", many(11));
        assert_eq!(status(&behind), Status::Ok);
        assert_eq!(status(&format!("v=spf1{} -all", many(11))), Status::Fail);
        for term in ["foo:bar", "ip4:1.2.3.4/33", "ip6:2001:db8::/129"] {
            let broken = with(&[(DOMAIN, &format!("v=spf1 {term} -all"))]);
            let told = broken.says("spf.limits");
            assert_eq!((told[0].status, told[0].got.as_deref()), (Status::Fail, Some(term)));
        }
        let included = with(&[
            (DOMAIN, "v=spf1 include:a.example.org -all"),
            ("a.example.org", "v=spf1 foo:bar -all"),
        ]);
        assert_eq!(included.says("spf.limits")[0].status, Status::Fail);
        for (count, expected) in [(10, Status::Ok), (11, Status::Fail)] {
            let mut world = with(&[(DOMAIN, "v=spf1 mx:crowd.example.com -all")]);
            let hosts: Vec<Data> =
                (0..count).map(|n| mx(n, &format!("h{n}.example.com"))).collect();
            world.set("crowd.example.com", Kind::Mx, &hosts);
            assert_eq!(world.says("spf.limits")[0].status, expected, "{count}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_record_is_judged(record in "v=spf1( [-+~?]?(a|mx|ip4|ip6|include|ptr|exists|all|redirect|exp)[:=/.%{}a-z0-9]{0,12}){0,8}") {
            let world = with(&[(DOMAIN, &record)]);
            let case = Case::new(&world.facts, &world.expect);
            let address = "192.0.3.25".parse().unwrap();
            let _ = evaluate(&case, DOMAIN, address, 0);
            let most = wanted(&case).len();
            proptest::prop_assert!(most <= MOST_WANTED);
            let _ = limits(&case);
        }
    }
}
