//! For each check a world in which it must complain, and one, not far from that, in which it must not.

use super::world::{
    DOMAIN, POLICY, World, address, mx, ns, ns1, ns2, record, reply, resolver, soa, text,
};
use crate::check::chain::tests::Signed;
use crate::check::facts::{
    Data, Kind, Manner, Outcome, OwnServer, Provision, Role, Server, Silence, Transport, Waiting,
    reverse,
};
use crate::finding::{Progress, Watched};

pub type Spoil = fn(&mut World);

pub const CASES: &[(&str, Spoil, Spoil)] = &[
    ("in.domain", |w| renamed(w, "my_host.example.org"), |w| renamed(w, "xn--bcher-kva.example")),
    ("dns.resolver", |w| w.silence(&resolver()), |w| w.forget(&resolver())),
    (
        "dns.exists",
        |w| {
            for kind in [Kind::Mx, Kind::Ns, Kind::A, Kind::Aaaa] {
                w.gone(DOMAIN, kind);
            }
            w.refer(&[], &[]);
        },
        |w| w.mx(&[]),
    ),
    (
        "dns.servfail",
        |w| w.at(&resolver(), DOMAIN, Kind::Mx, reply(&resolver(), "SERVFAIL", Vec::new())),
        |w| w.at(&resolver(), DOMAIN, Kind::Mx, reply(&resolver(), "NOERROR", Vec::new())),
    ),
    ("dns.excess", |w| many_targets(w, 101), |w| many_targets(w, 100)),
    (
        "in.no-expectation",
        |w| w.expect.servers.clear(),
        |w| {
            w.expect.servers.clear();
            w.expect.networks.push("192.0.3.0/24".parse().unwrap());
        },
    ),
    (
        "in.expected-resolves",
        |w| w.no_host("atrn2.example.net"),
        |w| w.host("atrn2.example.net", &["2a00:1::26"]),
    ),
    ("ns.unreachable", |w| w.silence(&ns2()), |w| unroutable(w)),
    (
        "ns.lame",
        |w| w.at(&ns2(), DOMAIN, Kind::Soa, reply(&ns2(), "REFUSED", Vec::new())),
        |w| w.silence(&ns2()),
    ),
    // Everything is refused, with EDNS and without; or one name leads nowhere; or UDP is not answered.
    ("ns.lame", |w| refuses_all(w, "FORMERR"), |w| no_edns(w)),
    ("ns.lame", |w| refuses_all(w, "NOTIMP"), |w| no_edns(w)),
    (
        "ns.unreachable",
        |w| w.no_host("ns2.example.net"),
        |w| w.host("ns2.example.net", &["198.51.99.2"]),
    ),
    ("ns.unreachable", |w| tcp_only(w), |w| no_tcp(w)),
    // An old firewall drops what it does not know; the server is reached without.
    ("ns.edns", |w| drops_edns(w), |w| w.silence(&ns2())),
    ("ns.unreachable", |w| w.silence(&ns2()), |w| drops_edns(w)),
    ("dns.tcp", |w| no_tcp(w), |w| w.silence(&ns2())),
    ("ns.edns", |w| no_edns(w), |w| w.silence(&ns2())),
    (
        "ns.count",
        |w| w.set(DOMAIN, Kind::Ns, &[ns("ns1.example.org")]),
        |w| w.set(DOMAIN, Kind::Ns, &[ns("ns1.example.org"), ns("ns3.example.org")]),
    ),
    ("ns.diverse", |w| beside_each_other(w), |_| {}),
    (
        "ns.cname",
        |w| w.alias("ns2.example.net", "real.example.net", &["198.51.99.2"]),
        |w| w.alias("other.example.net", "real.example.net", &["198.51.99.2"]),
    ),
    (
        "ns.parent-child",
        |w| w.refer(&["ns1.example.org", "old.example.net"], &["192.0.3.1"]),
        |w| w.refer(&["ns2.example.net", "ns1.example.org"], &["192.0.3.1"]),
    ),
    (
        "ns.glue",
        |w| w.refer(&["ns1.example.org", "ns2.example.net"], &["192.0.3.99"]),
        |w| w.refer(&["ns1.example.org", "ns2.example.net"], &[]),
    ),
    (
        "ns.all-agree",
        |w| w.mx_at(&ns2(), &[(10, "old.example.com")]),
        |w| w.mx_at(&ns2(), &[(20, "atrn2.example.net"), (10, "atrn.example.net")]),
    ),
    (
        "ns.addr-agree",
        |w| {
            w.mx(&[(10, "mail.example.org")]);
            w.host("mail.example.org", &["192.0.3.25", "2a00:1::25"]);
            let old = vec![record("mail.example.org", address("192.0.3.77"))];
            w.at(&ns2(), "mail.example.org", Kind::A, reply(&ns2(), "NOERROR", old));
        },
        |w| {
            w.mx(&[(10, "mail.example.org")]);
            w.host("mail.example.org", &["192.0.3.25", "2a00:1::25"]);
        },
    ),
    ("target.views", |w| at_home(w, "192.0.3.77"), |w| at_home(w, "192.0.3.25")),
    ("ns.serial", |w| w.at(&ns2(), DOMAIN, Kind::Soa, soa_6()), |w| w.silence(&ns2())),
    (
        "ns.resolver-differs",
        |w| w.mx_at(&resolver(), &[(10, "old.example.com")]),
        |w| w.ttl(DOMAIN, Kind::Mx, 5),
    ),
    (
        "target.owner-cname",
        |w| w.set(DOMAIN, Kind::Mx, &[Data::Cname("www.example.net".to_owned())]),
        |w| {
            w.facts.zone = Some("org".to_owned());
            w.set(DOMAIN, Kind::Mx, &[Data::Cname("www.example.net".to_owned())]);
        },
    ),
    (
        "target.none",
        |w| w.mx(&[]),
        |w| {
            w.mx(&[]);
            w.host(DOMAIN, &["192.0.3.80"]);
        },
    ),
    (
        "target.implicit",
        |w| {
            w.mx(&[]);
            w.host(DOMAIN, &["192.0.3.80"]);
        },
        |w| w.host(DOMAIN, &["192.0.3.80"]),
    ),
    ("target.nullmx", |w| w.mx(&[(0, "")]), |w| w.mx(&[(0, ""), (10, "atrn.example.net")])),
    (
        "target.nullmx-mixed",
        |w| w.mx(&[(0, ""), (10, "atrn.example.net")]),
        |w| w.mx(&[(0, "atrn.example.net")]),
    ),
    ("target.ip-literal", |w| w.mx(&[(10, "[192.0.3.25]")]), |_| {}),
    // Without a dot at its end it became a name.
    (
        "target.ip-literal",
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "192.0.3.25.example.org")]);
            w.no_host("192.0.3.25.example.org");
        },
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "192.0.3.25.example.org")]);
            w.host("192.0.3.25.example.org", &["192.0.3.70"]);
        },
    ),
    (
        "target.ip-literal",
        |w| w.mx(&[(10, "192.0.3.25")]),
        |w| w.mx(&[(10, "192-0-3-25.example.net")]),
    ),
    (
        "target.hostname",
        |w| w.mx(&[(10, "mail_1.example.net")]),
        |w| w.mx(&[(10, "mail-1.3com.example")]),
    ),
    (
        "target.cname",
        |w| {
            w.mx(&[(10, "mail.example.com")]);
            w.alias("mail.example.com", "atrn.example.net", &["192.0.3.25", "2a00:1::25"]);
        },
        |w| w.alias("mail.example.com", "atrn.example.net", &["192.0.3.25", "2a00:1::25"]),
    ),
    ("target.takeover", |w| unregistered(w, "gone.example"), |w| unregistered(w, "example.org")),
    (
        "target.takeover",
        |w| missing_below(w, "mail.gone.co.uk", "mail.gone.co.uk", "co.uk"),
        |w| missing_below(w, "mail.gone.example.co.uk", "mail.gone.example.co.uk", "example.co.uk"),
    ),
    (
        "target.takeover",
        |w| missing_below(w, "mail.example.org", "mail.gone.com", "com"),
        |w| missing_below(w, "mail.example.org", "gone.example.net", "example.net"),
    ),
    (
        "target.dangling",
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "old.example.org")]);
            w.no_host("old.example.org");
        },
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "old.example.org")]);
            w.host("old.example.org", &["192.0.3.70"]);
        },
    ),
    (
        "target.v6-only",
        |w| w.host("atrn.example.net", &["2a00:1::25"]),
        |w| {
            w.host("atrn.example.net", &["192.0.3.25", "2a00:1::25"]);
            let silent = Outcome::Silence(Silence::Timeout);
            w.at(&resolver(), "atrn.example.net", Kind::Aaaa, silent);
        },
    ),
    (
        "target.v4-only",
        |w| w.host("atrn.example.net", &["192.0.3.25"]),
        |w| w.host("www.example.net", &["192.0.3.25"]),
    ),
    (
        "target.special-addr",
        |w| w.host("atrn.example.net", &["100.64.0.1", "2a00:1::25"]),
        |w| w.host("atrn.example.net", &["100.128.0.1", "2a00:1::25"]),
    ),
    (
        "target.special-addr",
        |w| w.host("atrn.example.net", &["192.0.0.8", "2a00:1::25"]),
        |w| w.host("atrn.example.net", &["192.0.3.8", "2a00:1::25"]),
    ),
    (
        "target.special-addr",
        |w| w.host("atrn.example.net", &["192.0.3.25", "64:ff9b:1::25"]),
        |w| w.host("atrn.example.net", &["192.0.3.25", "64:ff9c:1::25"]),
    ),
    (
        "target.views",
        |w| {
            w.mx(&[(10, "mail.example.org")]);
            w.host("mail.example.org", &["192.0.3.25", "2a00:1::25"]);
            let old = vec![record("mail.example.org", address("192.0.3.77"))];
            w.at(&resolver(), "mail.example.org", Kind::A, reply(&resolver(), "NOERROR", old));
        },
        |w| {
            w.mx(&[(10, "mail.example.org")]);
            w.host("mail.example.org", &["192.0.3.25", "2a00:1::25"]);
        },
    ),
    (
        "mx.missing-dot",
        |w| w.mx(&[(10, "atrn.example.net.example.org")]),
        |w| w.mx(&[(10, "atrn.example.net"), (20, "x.atrn.example.net.example.com")]),
    ),
    (
        "mx.near-miss",
        |w| {
            w.mx(&[(10, "atrn.exmaple.net")]);
            w.host("atrn.exmaple.net", &["198.51.99.66"]);
        },
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "atrn3.example.net")]);
            w.host("atrn3.example.net", &["198.51.99.66"]);
        },
    ),
    (
        "mx.expected-present",
        |w| {
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
        |w| {
            w.mx(&[(10, "mx.example.org")]);
            w.host("mx.example.org", &["192.0.3.25"]);
        },
    ),
    (
        "mx.former-provider",
        |w| {
            w.expect.former.push("old.example.com".to_owned());
            w.mx(&[(10, "atrn.example.net"), (20, "old.example.com")]);
        },
        |w| w.expect.former.push("old.example.com".to_owned()),
    ),
    ("mx.direct-customer", |w| own_line(w, "198.51.99.77"), |w| own_line(w, "198.51.99.78")),
    ("mx.bypass-preferred", |w| stranger(w, 5), |w| stranger(w, 10)),
    ("mx.bypass-equal", |w| stranger(w, 10), |w| stranger(w, 11)),
    (
        "mx.bypass-backup",
        |w| stranger(w, 11),
        |w| {
            stranger(w, 11);
            w.expect.allowed.push("mail.example.com".to_owned());
        },
    ),
    (
        "mx.expected-best",
        |w| {
            stranger(w, 5);
            w.expect.allowed.push("mail.example.com".to_owned());
        },
        |w| {
            stranger(w, 11);
            w.expect.allowed.push("mail.example.com".to_owned());
        },
    ),
    (
        "mx.addr-mismatch",
        |w| w.expect.networks.push("198.51.99.0/24".parse().unwrap()),
        |w| {
            w.expect.networks.push("192.0.3.0/24".parse().unwrap());
            w.expect.networks.push("2a00:1::/64".parse().unwrap());
        },
    ),
    (
        "mx.addr-partial",
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "mx.example.org")]);
            w.host("mx.example.org", &["192.0.3.25", "198.51.99.66"]);
        },
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "mx.example.org")]);
            w.host("mx.example.org", &["192.0.3.25"]);
        },
    ),
    ("mx.complete", |w| w.mx(&[(10, "atrn.example.net")]), |_| {}),
    (
        "mx.vanity",
        |w| {
            w.mx(&[(10, "mx.example.org")]);
            w.host("mx.example.org", &["192.0.3.25", "2a00:1::25"]);
        },
        |w| {
            w.mx(&[(10, "atrn.example.net"), (20, "mx.example.org")]);
            w.host("mx.example.org", &["198.51.99.66"]);
        },
    ),
    (
        "mx.customer-backup-loop",
        |w| w.host("atrn2.example.net", &["192.0.3.25"]),
        |w| {
            w.mx(&[(10, "atrn.example.net"), (10, "atrn2.example.net")]);
            w.host("atrn2.example.net", &["192.0.3.25"]);
        },
    ),
    (
        "mx.duplicate",
        |w| w.mx(&[(10, "atrn.example.net"), (10, "atrn.example.net")]),
        |w| w.mx(&[(10, "atrn.example.net"), (20, "atrn.example.net")]),
    ),
    (
        "mx.count",
        |w| {
            let names: Vec<String> = (0..11).map(|n| format!("mx{n}.example.com")).collect();
            let all: Vec<(u16, &str)> = names.iter().map(|name| (10, name.as_str())).collect();
            w.mx(&all);
        },
        |w| w.each(&ns1(), |reply| reply.octets = 1232),
    ),
    ("mx.redundancy", |w| w.mx(&[(10, "atrn.example.net")]), |_| {}),
    (
        "mx.wildcard",
        |w| w.set("nobody.example.org", Kind::Mx, &[mx(10, "atrn.example.net")]),
        |w| w.set("nobody.example.org", Kind::Mx, &[]),
    ),
    ("mx.subdomains", |w| other_name(w, "web.example.net"), |w| other_name(w, "atrn.example.net")),
    // The zone's own servers know it; a cache has what was there before.
    (
        "mx.subdomains",
        |w| {
            other_name(w, "atrn.example.net");
            name_at_its_own(w, "web.example.net");
        },
        |w| {
            other_name(w, "web.example.net");
            name_at_its_own(w, "atrn.example.net");
        },
    ),
    (
        "ptr.exists",
        |w| w.called("192.0.3.25", None),
        |w| w.gone("77.99.51.198.in-addr.arpa", Kind::Ptr),
    ),
    // Nobody told what one of the addresses is called.
    (
        "ptr.exists",
        |w| w.at(&resolver(), &unnamed(), Kind::Ptr, reply(&resolver(), "SERVFAIL", vec![])),
        |_| {},
    ),
    // Nobody looked for the name; or it does not exist.
    (
        "ptr.fcrdns",
        |w| w.called("192.0.3.25", Some("host.example.com")),
        |w| {
            w.called("192.0.3.25", Some("host.example.com"));
            w.host("host.example.com", &["192.0.3.25"]);
            w.at(&resolver(), "host.example.com", Kind::Aaaa, Outcome::Silence(Silence::Timeout));
        },
    ),
    (
        "ptr.fcrdns",
        |w| {
            w.called("192.0.3.25", Some("host.example.com"));
            w.no_host("host.example.com");
        },
        |w| w.called("192.0.3.25", Some("atrn.example.net")),
    ),
    (
        "ptr.fcrdns",
        |w| {
            w.called("192.0.3.25", Some("host.example.com"));
            w.host("host.example.com", &["192.0.3.99"]);
        },
        |w| {
            w.called("192.0.3.25", Some("host.example.com"));
            w.host("host.example.com", &["192.0.3.99", "192.0.3.25"]);
        },
    ),
    (
        "ptr.generic",
        |w| w.called("192.0.3.25", Some("dyn-192-000-003-025.pool.example.net")),
        |w| w.called("192.0.3.25", Some("host-192-0-3-26.example.net")),
    ),
    (
        "smtp25.dnsbl",
        |w| w.list("bl.example.com", &["192.0.3.25"]),
        |w| w.list("bl.example.com", &["192.0.3.27"]),
    ),
    ("dnssec.ds-orphan", |w| w.keys(&[7, 8], &[9]), |w| w.keys(&[7, 8], &[7, 9])),
    ("dnssec.state", |w| signed(w, Signed::expire), |w| signed(w, |_| {})),
    (
        "dnssec.mx-zone",
        |w| {
            w.mx(&[(10, "atrn.example.com")]);
            w.host("atrn.example.com", &["192.0.3.25"]);
            signed(w, |s| s.host("atrn.example.com", false));
        },
        |w| {
            w.mx(&[(10, "mail.example.org")]);
            w.host("mail.example.org", &["192.0.3.25"]);
            signed(w, |s| s.host("mail.example.org", true));
        },
    ),
    ("dane.present", |w| certified(w, &[]), |w| certified(w, &[KEY])),
    // Nobody told whether another target has any.
    (
        "dane.present",
        |w| {
            certified(w, &[KEY]);
            w.mx(&[(10, "mail.example.org"), (20, "atrn.example.net")]);
        },
        |w| certified(w, &[KEY]),
    ),
    (
        "dane.insecure",
        |w| {
            certified(w, &[KEY]);
            let mut signed = Signed::good();
            signed.certify("_25._tcp.mail.example.org", &[KEY]);
            signed.without_ds();
            w.with(&signed);
        },
        |w| certified(w, &[KEY]),
    ),
    (
        "dane.usable",
        |w| certified(w, &[&KEY.replacen('3', "1", 1), "3 1 1 00", "3 2 0 00"]),
        |w| certified(w, &[&KEY.replacen('3', "1", 1), KEY]),
    ),
    ("dane.rollover", |w| certified(w, &[KEY]), |w| certified(w, &[&KEY.replacen('3', "2", 1)])),
    ("dane.odmr", |w| at_366(w, &[]), |w| at_366(w, &[KEY])),
    (
        "dane.odmr",
        |w| {
            at_366(w, &[KEY]);
            w.expect.servers.push("atrn.example.net".to_owned());
        },
        |w| at_366(w, &[KEY]),
    ),
    ("dnssec.no-ds", |w| w.keys(&[7], &[]), |w| w.keys(&[], &[])),
    ("dnssec.expiry", |w| w.good_for(3 * 86_400 - 1), |w| w.good_for(3 * 86_400)),
    ("ttl.mx-high", |w| w.ttl(DOMAIN, Kind::Mx, 86_401), |w| w.ttl(DOMAIN, Kind::Mx, 86_400)),
    (
        "ttl.mx-low",
        |w| w.ttl(DOMAIN, Kind::Mx, 59),
        |w| {
            w.forget(&ns1());
            w.forget(&ns2());
            w.ttl(DOMAIN, Kind::Mx, 59);
        },
    ),
    ("ttl.addr-low", |w| quick_host(w, 59), |w| quick_host(w, 60)),
    (
        "ttl.rrset",
        |w| {
            let mut records = vec![
                record(DOMAIN, mx(10, "atrn.example.net")),
                record(DOMAIN, mx(20, "atrn2.example.net")),
            ];
            records[1].ttl = 60;
            w.at(&ns2(), DOMAIN, Kind::Mx, reply(&ns2(), "NOERROR", records));
        },
        |w| w.ttl(DOMAIN, Kind::Mx, 60),
    ),
    (
        "ttl.negative",
        |w| {
            w.set(DOMAIN, Kind::Soa, &[soa(7, 7200)]);
            w.ttl(DOMAIN, Kind::Soa, 7200);
        },
        |w| w.set(DOMAIN, Kind::Soa, &[soa(7, 7200)]),
    ),
    (
        "spf.one",
        |w| w.set(DOMAIN, Kind::Txt, &[text("v=spf1 -all"), text("V=SPF1 mx -all")]),
        |w| w.set(DOMAIN, Kind::Txt, &[text("v=spf1 -all"), text("v=spf10 is another thing")]),
    ),
    (
        "sts.record",
        |w| w.set("_mta-sts.example.org", Kind::Txt, &[text("v=STSv1; id=2026-01-01;")]),
        |w| w.set("_mta-sts.example.org", Kind::Txt, &[]),
    ),
    (
        "tlsrpt.record",
        |w| w.set("_smtp._tls.example.org", Kind::Txt, &[text("v=TLSRPTv1; rua=tls@example.org")]),
        |w| w.set("_smtp._tls.example.org", Kind::Txt, &[]),
    ),
    (
        "tlsrpt.with-sts",
        |w| w.set("_smtp._tls.example.org", Kind::Txt, &[]),
        |w| {
            w.set("_smtp._tls.example.org", Kind::Txt, &[]);
            w.set("_mta-sts.example.org", Kind::Txt, &[]);
        },
    ),
    (
        "tlsrpt.with-sts",
        |w| unreported(w, KEY),
        // No sender looks by an authority of the public.
        |w| unreported(w, &KEY.replacen('3', "1", 1)),
    ),
    (
        "sts.fetch",
        |w| w.page(301, "text/plain", ""),
        |w| w.page(200, "Text/Plain; charset=utf-8", POLICY),
    ),
    (
        "sts.syntax",
        |w| w.page(200, "text/plain", "version: STSv1\nmode: strict\n"),
        |w| w.page(200, "text/plain", &POLICY.replace('\n', "\r\n")),
    ),
    (
        "sts.mx-match",
        |w| w.page(200, "text/plain", &POLICY.replace("*.example.net", "atrn.example.net")),
        |w| w.page(200, "text/plain", &POLICY.replace("mx: *.example.org\n", "")),
    ),
    (
        "sts.covers-new",
        |w| before_a_move(w, "mail.example.com"),
        |w| before_a_move(w, "*.example.net"),
    ),
    (
        "sts.id",
        |w| w.policy_before("2026", &POLICY.replace("604800", "86400")),
        |w| w.policy_before("2025", &POLICY.replace("604800", "86400")),
    ),
    (
        "sts.max-age",
        |w| w.page(200, "text/plain", &POLICY.replace("604800", "86399")),
        |w| w.page(200, "text/plain", &POLICY.replace("604800", "31557600")),
    ),
    ("spf.limits", |w| lookups(w, 11), |w| lookups(w, 10)),
    (
        "spf.relay-listed",
        |w| relays(w, "v=spf1 ip4:192.0.3.0/24 include:more.example.org -all"),
        |w| relays(w, "v=spf1 include:more.example.org ip4:192.0.3.24/31 ip6:2a00:1::/32 -all"),
    ),
    (
        "spf.inbound-hop",
        |w| w.expect.customer.push("198.51.99.77".parse().unwrap()),
        |w| w.expect.servers.clear(),
    ),
    (
        "spf.helo",
        |w| w.set("atrn.example.net", Kind::Txt, &[text("v=spf1 ip4:192.0.3.25 ~all")]),
        |w| w.set("atrn.example.net", Kind::Txt, &[text("v=spf1 a -all")]),
    ),
    (
        "prov.one-owner",
        |w| provision(w, |p| p.account = None),
        |w| provision(w, |p| (p.account, p.queue) = (None, None)),
    ),
    (
        "prov.no-mx-here",
        |w| {
            provision(w, |_| {});
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
        |w| provision(w, |_| {}),
    ),
    // Without an MX record the mail goes to the domain's own address.
    ("prov.no-mx-here", |w| without_mx(w, "198.51.99.66"), |w| without_mx(w, "192.0.3.25")),
    ("prov.orphan-queue", |w| without_mx(w, "198.51.99.66"), |w| without_mx(w, "192.0.3.25")),
    (
        "prov.unprovisioned",
        |w| provision(w, |p| (p.account, p.is_listed) = (None, true)),
        |w| {
            provision(w, |p| (p.account, p.is_listed) = (None, true));
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
    ),
    (
        "prov.orphan-queue",
        |w| {
            provision(w, |_| {});
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
        |w| {
            provision(w, |p| p.queue = Some(Waiting::default()));
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
    ),
    (
        "prov.expiry",
        |w| provision(w, |p| (p.lifetime_s, p.delay_s) = (4 * 86_400 - 1, Some(3_599))),
        |w| provision(w, |p| (p.lifetime_s, p.delay_s) = (4 * 86_400, Some(3_600))),
    ),
    ("prov.expiry", |w| planned(w, Some(86_400 + 1), None), |w| planned(w, Some(86_400), None)),
    (
        "prov.expiry",
        |w| {
            planned(w, Some(7_200), None);
            provision(w, |p| p.delay_s = Some(7_200));
        },
        |w| {
            planned(w, Some(7_200), None);
            provision(w, |p| p.delay_s = Some(7_201));
        },
    ),
    (
        "prov.expiry",
        |w| planned(w, None, Some(4 * 86_400)),
        |w| planned(w, None, Some(4 * 86_400 - 1)),
    ),
    (
        "prov.own-server",
        |w| brought_to(w, "mail.example.com", |own| own.proves = false),
        |w| brought_to(w, "mail.example.com", |own| own.proves = true),
    ),
    (
        "prov.own-server",
        |w| brought_to(w, "nowhere.example.com", |own| own.proves = true),
        |w| brought_to(w, "atrn.example.net", |own| own.proves = false),
    ),
    (
        "prov.two-ways",
        |w| brought_to(w, "atrn.example.net", |own| own.push = true),
        |w| brought_to(w, "atrn.example.net", |own| own.push = false),
    ),
    // Its own server may be in the MX records too.
    (
        "mx.bypass-preferred",
        |w| {
            w.mx(&[(5, "mail.example.com"), (10, "atrn.example.net")]);
            w.host("mail.example.com", &["198.51.99.66"]);
        },
        |w| {
            brought_to(w, "mail.example.com", |own| own.proves = true);
            w.mx(&[(5, "mail.example.com"), (10, "atrn.example.net")]);
        },
    ),
    (
        "prov.stale-account",
        |w| provision(w, |p| p.lifetime_s = 7_199),
        |w| provision(w, |p| p.lifetime_s = 7_200),
    ),
    (
        "watch.changed",
        |w| w.facts.before = Some(vec![(10, "old.example.com".to_owned())]),
        |w| {
            let targets = [(20, "atrn2.example.net"), (10, "atrn.example.net")];
            w.facts.before = Some(targets.map(|(n, name)| (n, name.to_owned())).to_vec());
        },
    ),
    ("watch.propagating", |w| watched(w, Some(1)), |w| watched(w, Some(0))),
    (
        "dmarc.exists",
        |w| w.set("_dmarc.example.org", Kind::Txt, &[text("v=spf1 -all")]),
        |w| w.set("_dmarc.example.org", Kind::Txt, &[text("v=DMARC1;p=none")]),
    ),
    // The organization's record counts for what is below it; that of a top-level domain does not.
    (
        "dmarc.exists",
        |w| {
            below_the_organization(w);
            w.set("_dmarc.example.org", Kind::Txt, &[]);
            w.set("_dmarc.org", Kind::Txt, &[text("v=DMARC1;p=none")]);
        },
        |w| below_the_organization(w),
    ),
];

/// With signatures, and this changed in them.
fn signed(world: &mut World, change: fn(&mut Signed)) {
    let mut signed = Signed::good();
    change(&mut signed);
    world.with(&signed);
}

/// A key's digest.
const KEY: &str = "3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The domain's mail goes to a host in its own zone, which has these TLSA records.
pub fn certified(world: &mut World, records: &[&str]) {
    let mut signed = Signed::good();
    signed.certify("_25._tcp.mail.example.org", records);
    world.mx(&[(10, "mail.example.org")]);
    world.with(&signed);
}

/// The expected server is in the domain's own zone, and has these TLSA records for ODMR.
fn at_366(world: &mut World, records: &[&str]) {
    let mut signed = Signed::good();
    signed.certify("_366._tcp.mail.example.org", records);
    world.expect.servers = vec!["mail.example.org".to_owned()];
    world.host("mail.example.org", &["192.0.3.25"]);
    world.with(&signed);
}

/// A change was waited for; caches may hold the old records for so long still, seconds.
fn watched(world: &mut World, left: Option<i64>) {
    let at = |seconds| jiff::Timestamp::from_second(seconds).unwrap();
    let cache_horizon = left.map(|left| at(world.facts.checked_at.as_second() + left));
    let (state, vantages) = (Progress::Done, Vec::new());
    world.facts.watched = Some(Watched { state, cache_horizon, vantages });
}

/// A customer's domain, for which a message waits since an hour ago.
fn provision(world: &mut World, change: fn(&mut Provision)) {
    let queue = Waiting { messages: 1, next_expiry_s: Some(60), last_fetch_s: Some(3_600) };
    let mut provision = Provision {
        account: Some("acme".to_owned()),
        lifetime_s: 5 * 86_400,
        queue: Some(queue),
        ..Provision::default()
    };
    change(&mut provision);
    world.facts.provision = Some(provision);
}

/// Its customer's own server is there; one of the hosts has an address that changes.
fn brought_to(world: &mut World, host: &str, change: fn(&mut OwnServer)) {
    world.host("mail.example.com", &["198.51.99.66"]);
    world.called("198.51.99.66", Some("dyn-198-51-99-66.pool.example.com"));
    world.host("nowhere.example.com", &[]);
    provision(world, |_| ());
    let mut own = OwnServer { host: host.to_owned(), proves: true, push: false, etrn: true };
    change(&mut own);
    world.facts.provision.as_mut().unwrap().own = Some(own);
}

fn many_targets(world: &mut World, count: u16) {
    let all: Vec<(u16, &str)> = (1..=count).map(|n| (n, "atrn.example.net")).collect();
    world.mx(&all);
}

/// The mail still goes elsewhere, and the policy names this.
fn before_a_move(world: &mut World, named: &str) {
    world.mx(&[(10, "mail.example.com")]);
    world.host("mail.example.com", &["198.51.99.66"]);
    world.page(200, "text/plain", &POLICY.replace("*.example.net", named));
}

/// An SPF record that takes so many look-ups.
fn lookups(world: &mut World, count: usize) {
    let terms: Vec<String> = (1..=count).map(|n| format!("exists:n{n}.example.org")).collect();
    world.set(DOMAIN, Kind::Txt, &[text(&format!("v=spf1 {} -all", terms.join(" ")))]);
}

/// The servers send for the domain, which has this record.
fn relays(world: &mut World, record: &str) {
    world.expect.outbound = true;
    world.set(DOMAIN, Kind::Txt, &[text(record)]);
    world.set("more.example.org", Kind::Txt, &[text("v=spf1 ip4:192.0.3.26 ip6:2a00:1::26 -all")]);
}

/// Mail for a customer goes to the domain's own address.
fn without_mx(world: &mut World, address: &str) {
    provision(world, |_| {});
    world.mx(&[]);
    world.host(DOMAIN, &[address]);
}

/// A server has this TLSA record, there is no policy, and nobody is told of failures.
fn unreported(world: &mut World, key: &str) {
    certified(world, &[key]);
    world.set("_smtp._tls.example.org", Kind::Txt, &[]);
    world.set("_mta-sts.example.org", Kind::Txt, &[]);
}

/// The domain is a name in another's zone, and has no record of its own.
fn below_the_organization(world: &mut World) {
    renamed(world, "mail.example.org");
    world.set("mail.example.org", Kind::Mx, &[mx(10, "atrn.example.net")]);
    world.set("_dmarc.mail.example.org", Kind::Txt, &[]);
}

/// Where one of the addresses has its name.
fn unnamed() -> String {
    reverse("192.0.3.25".parse().unwrap())
}

fn renamed(world: &mut World, name: &str) {
    world.facts.domain = name.to_owned();
}

fn unroutable(world: &mut World) {
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        answer.outcome = Outcome::Silence(Silence::Unroutable);
    }
}

fn no_tcp(world: &mut World) {
    let silent = Outcome::Silence(Silence::Closed);
    world.put(&ns2(), DOMAIN, Kind::Soa, Transport::Tcp, Manner::Usual, silent);
}

/// Only questions without EDNS get to it by UDP.
/// The zone of the expected server says that it is there.
fn at_home(world: &mut World, at: &str) {
    let name = Some("ns.example.net".to_owned());
    let server = Server { role: Role::Host, name, addr: "192.0.3.53".parse().unwrap(), port: 53 };
    for (kind, at) in [(Kind::A, at), (Kind::Aaaa, "2a00:1::25")] {
        let told = vec![record("atrn.example.net", address(at))];
        world.at(&server, "atrn.example.net", kind, reply(&server, "NOERROR", told));
    }
}

fn drops_edns(world: &mut World) {
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        if (answer.transport, answer.manner) == (Transport::Udp, Manner::Usual) {
            answer.outcome = Outcome::Silence(Silence::Timeout);
        }
    }
}

fn refuses_all(world: &mut World, rcode: &str) {
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        answer.outcome = reply(&ns2(), rcode, Vec::new());
    }
}

fn tcp_only(world: &mut World) {
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        if answer.transport == Transport::Udp {
            answer.outcome = Outcome::Silence(Silence::Timeout);
        }
    }
}

fn no_edns(world: &mut World) {
    for answer in world.facts.answers.iter_mut().filter(|answer| answer.server == ns2()) {
        if (answer.transport, answer.manner) == (Transport::Udp, Manner::Usual) {
            answer.outcome = reply(&ns2(), "FORMERR", Vec::new());
        }
    }
}

fn beside_each_other(world: &mut World) {
    for answer in &mut world.facts.answers {
        if answer.server.role == Role::Authority {
            answer.server.addr = match answer.server == ns1() {
                true => "192.0.3.1".parse().unwrap(),
                false => "192.0.3.2".parse().unwrap(),
            };
        }
    }
}

fn soa_6() -> Outcome {
    reply(&ns2(), "NOERROR", vec![record(DOMAIN, soa(6, 300))])
}

/// The second server is below a domain that does not exist.
fn unregistered(world: &mut World, domain: &str) {
    let target = format!("mx.{domain}");
    world.mx(&[(10, "atrn.example.net"), (20, &target)]);
    world.no_host(&target);
    let top = domain.rsplit('.').next().unwrap();
    world.set(top, Kind::Ns, &[ns("a.nic.example")]);
    if domain != DOMAIN {
        world.gone(domain, Kind::Ns);
    }
}

/// Somebody else with this number.
fn stranger(world: &mut World, preference: u16) {
    world.mx(&[
        (10, "atrn.example.net"),
        (20, "atrn2.example.net"),
        (preference, "mail.example.com"),
    ]);
    world.host("mail.example.com", &["198.51.99.66", "2a00:2::66"]);
}

/// The customer's host is at .77, and an MX beside the provider's is here.
fn own_line(world: &mut World, addr: &str) {
    world.expect.customer.push("198.51.99.77".parse().unwrap());
    world.mx(&[(10, "atrn.example.net"), (20, "home.example.org")]);
    world.host("home.example.org", &[addr]);
}

fn other_name(world: &mut World, target: &str) {
    world.expect.also.push("www.example.org".to_owned());
    let data = [mx(10, target), mx(20, "atrn2.example.net")];
    world.set("www.example.org", Kind::Mx, &data);
}

/// The same, and the zone's own servers say this of it.
fn name_at_its_own(world: &mut World, target: &str) {
    let name = "www.example.org";
    for server in [ns1(), ns2()] {
        let data = [mx(10, target), mx(20, "atrn2.example.net")];
        let records = data.into_iter().map(|data| record(name, data)).collect();
        world.at(&server, name, Kind::Mx, reply(&server, "NOERROR", records));
    }
}

fn quick_host(world: &mut World, ttl: u32) {
    world.mx(&[(10, "mx.example.org")]);
    world.host("mx.example.org", &["192.0.3.25", "2a00:1::25"]);
    world.ttl("mx.example.org", Kind::A, ttl);
    world.ttl("mx.example.org", Kind::Aaaa, ttl);
}

/// The second target is, perhaps by an alias, at a name that does not exist in this zone.
pub fn missing_below(w: &mut World, target: &str, end: &str, zone: &str) {
    w.mx(&[(10, "atrn.example.net"), (20, target)]);
    let answer = match target == end {
        true => Vec::new(),
        false => vec![record(target, Data::Cname(end.to_owned()))],
    };
    for kind in [Kind::A, Kind::Aaaa] {
        let mut told = reply(&resolver(), "NXDOMAIN", answer.clone());
        if let Outcome::Reply(reply) = &mut told {
            reply.authority = vec![record(zone, soa(1, 300))];
        }
        w.at(&resolver(), target, kind, told);
    }
}

/// Mail waits for four days; the customer calls so often, and may be away for so long.
fn planned(w: &mut World, poll_s: Option<u64>, outage_s: Option<u64>) {
    provision(w, |p| (p.lifetime_s, p.delay_s) = (4 * 86_400, None));
    (w.expect.poll_s, w.expect.outage_s) = (poll_s, outage_s);
}
