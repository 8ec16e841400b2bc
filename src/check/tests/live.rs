//! Servers that were called: for each check one that breaks exactly its rule, and one that does not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256, Sha512};

use super::cases::{Spoil, certified};
use super::world::{POLICY, World, reply, resolver};
use crate::check::chain::tests::Signed;
use crate::check::facts::{Kind, Manner, Transport};
use crate::check::{Assessment, Conclusion, Standpoint};
use crate::finding::{Finding, Severity, Status};
use crate::probe::{
    Call, Certificate, Connection, Depth, Exchange, Heard, Purpose, Rung, Said, Tls, Vouched,
};

/// Tests are at the very beginning of time.
const DAY: i64 = 86_400;

/// What a server in order says on port 25, however much it is asked.
const MX: &[(Rung, &str, bool, &str)] = &[
    (Rung::Greeting, "", false, "220 atrn.example.net ESMTP"),
    (
        Rung::Ehlo,
        "EHLO check.example",
        false,
        "250 atrn.example.net\nSIZE 10000\n8BITMIME\nSMTPUTF8\nSTARTTLS",
    ),
    (Rung::Starttls, "STARTTLS", false, "220 go ahead"),
    (Rung::Handshake, "", true, ""),
    (
        Rung::Ehlo,
        "EHLO check.example",
        true,
        "250 atrn.example.net\nSIZE 10000\n8BITMIME\nSMTPUTF8",
    ),
    (Rung::NullSender, "MAIL FROM:<>", true, "250 ok"),
    (Rung::Rcpt, "RCPT TO:<ann@example.org>", true, "250 ok"),
    (Rung::Postmaster, "RCPT TO:<postmaster@example.org>", true, "250 ok"),
    (Rung::Unmade, "RCPT TO:<odmr-x@example.org>", true, "550 nobody"),
    (Rung::Relay, "RCPT TO:<nobody@example.com>", true, "554 no"),
    (Rung::Mail, "MAIL FROM:<nobody@example.net>", true, "250 ok"),
    (Rung::Relay, "RCPT TO:<nobody@example.com>", true, "554 no"),
    (Rung::Relay, "RCPT TO:<nobody%example.com@example.org>", true, "554 no"),
    (Rung::Atrn, "ATRN example.org", true, "502 no"),
    (Rung::Turn, "TURN", true, "502 no"),
    (Rung::Quit, "QUIT", true, "221 bye"),
];

/// And on port 366.
const ODMR: &[(Rung, &str, bool, &str)] = &[
    (Rung::Greeting, "", false, "220 atrn.example.net ODMR"),
    (
        Rung::Ehlo,
        "EHLO check.example",
        false,
        "250 atrn.example.net\nSTARTTLS\nAUTH CRAM-MD5\nATRN",
    ),
    (Rung::Starttls, "STARTTLS", false, "220 go ahead"),
    (Rung::Handshake, "", true, ""),
    (Rung::Ehlo, "EHLO check.example", true, "250 atrn.example.net\nAUTH CRAM-MD5 PLAIN\nATRN"),
    (Rung::Atrn, "ATRN", true, "530 who are you?"),
    (Rung::Auth, "...", true, "235 welcome"),
    (Rung::Domain, "ATRN example.org", true, "453 nothing waits"),
    (Rung::Foreign, "ATRN example.org,example.com", true, "450 not yours"),
    (Rung::Quit, "QUIT", true, "221 bye"),
];

/// `220 text`, a line each.
fn said(text: &str) -> Heard {
    match text.split_once(' ') {
        Some((code, text)) => Heard::Reply(Said {
            code: code.parse().unwrap(),
            enhanced: None,
            lines: text.split('\n').map(str::to_owned).collect(),
        }),
        None => Heard::Secured,
    }
}

fn call(id: &str, purpose: Purpose, dialogue: &[(Rung, &str, bool, &str)]) -> Call {
    let exchange = |(rung, line, tls, reply): &(Rung, &str, bool, &str)| Exchange {
        rung: *rung,
        said: (*line).to_owned(),
        tls: *tls,
        heard: said(reply),
        ms: 20,
    };
    let is_mx = purpose == Purpose::Mx;
    Call {
        id: id.to_owned(),
        purpose,
        depth: if is_mx { Depth::Full } else { Depth::Turn },
        host: "atrn.example.net".to_owned(),
        addr: "192.0.3.25".parse().unwrap(),
        port: if is_mx { 25 } else { 366 },
        connection: Connection::Open,
        tls: Some(tls()),
        said: dialogue.iter().map(exchange).collect(),
        ms: 10,
    }
}

fn tls() -> Tls {
    let own = Certificate {
        subject: "CN=atrn.example.net".to_owned(),
        issuer: "CN=an authority".to_owned(),
        names: vec!["atrn.example.net".to_owned()],
        not_before: -DAY,
        not_after: 60 * DAY,
        key: "EC".to_owned(),
        bits: 256,
        signature: "ecdsa-with-SHA256".to_owned(),
        der: String::new(),
    };
    Tls {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
        implicit: false,
        vouched: Vouched::Known,
        is_for_name: true,
        chain: vec![own],
    }
}

/// The domain in order, whose servers were called and are in order too.
fn called() -> World {
    let mut world = World::good();
    world.facts.calls = vec![call("s1", Purpose::Mx, MX), call("s2", Purpose::Odmr, ODMR)];
    world.expect.min_size = Some(5000);
    world.expect.max_size = Some(10_000);
    world
}

fn mx(world: &mut World) -> &mut Call {
    world.facts.calls.iter_mut().find(|call| call.purpose == Purpose::Mx).unwrap()
}

fn odmr(world: &mut World) -> &mut Call {
    world.facts.calls.iter_mut().find(|call| call.purpose == Purpose::Odmr).unwrap()
}

/// This is what comes of the question, and the talk is over where that ends it.
fn hears(call: &mut Call, rung: Rung, heard: Heard) {
    let at = call.said.iter().rposition(|exchange| exchange.rung == rung).unwrap();
    call.said[at].heard = heard;
    let ends = match &call.said[at].heard {
        Heard::Reply(reply) => {
            let refused =
                matches!(rung, Rung::Greeting | Rung::Ehlo | Rung::Auth) && reply.code >= 400;
            let turned =
                matches!(rung, Rung::Atrn | Rung::Turn | Rung::Domain) && reply.code == 250;
            refused || turned
        }
        Heard::Secured => false,
        _ => true,
    };
    if ends {
        call.said.truncate(at + 1);
    }
    if !call.said.iter().any(|exchange| exchange.heard == Heard::Secured) {
        call.tls = None;
    }
}

fn answers(call: &mut Call, rung: Rung, reply: &str) {
    hears(call, rung, said(reply));
}

/// Without these questions.
fn unasked(call: &mut Call, rungs: &[Rung]) {
    call.said.retain(|exchange| !rungs.contains(&exchange.rung));
}

/// In clear from beginning to end: it offers this.
fn in_clear(call: &mut Call, ehlo: &str) {
    unasked(call, &[Rung::Starttls, Rung::Handshake]);
    call.said.retain(|exchange| exchange.rung != Rung::Ehlo || !exchange.tls);
    call.said.iter_mut().for_each(|exchange| exchange.tls = false);
    call.tls = None;
    answers(call, Rung::Ehlo, ehlo);
}

/// Nobody answers, in this way.
fn away(call: &mut Call, connection: Connection) {
    (call.connection, call.tls) = (connection, None);
    call.said.clear();
}

fn own(call: &mut Call) -> &mut Certificate {
    &mut call.tls.as_mut().unwrap().chain[0]
}

/// The same server at another address.
fn second(world: &mut World) -> &mut Call {
    let mut other = call("s3", Purpose::Mx, MX);
    other.addr = "2a00:1::25".parse().unwrap();
    world.facts.calls.push(other);
    world.facts.calls.last_mut().unwrap()
}

/// A server's certificate, its key, and the authority that signed it, in DER; good for ever.
struct Chained {
    own: Vec<u8>,
    key: Vec<u8>,
    authority: Vec<u8>,
    /// Another of the same authority's: for the domain, and for no host.
    of_domain: Vec<u8>,
}

fn chained() -> &'static Chained {
    static CHAINED: std::sync::LazyLock<Chained> = std::sync::LazyLock::new(|| {
        let pair = || rcgen::KeyPair::generate().unwrap();
        let params = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut params = rcgen::CertificateParams::new(names).unwrap();
            params.not_before = rcgen::date_time_ymd(1970, 1, 1);
            params.not_after = rcgen::date_time_ymd(2049, 1, 1);
            params
        };
        let (mut above, own) = (params(&[]), pair());
        above.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let above_key = pair();
        let authority = above.self_signed(&above_key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(above, above_key);
        let signed = params(&["mail.example.org"]).signed_by(&own, &issuer).unwrap();
        let of_domain = params(&["example.org"]).signed_by(&own, &issuer).unwrap();
        let key = rcgen::PublicKeyData::subject_public_key_info(&own);
        let of_domain = of_domain.der().to_vec();
        Chained { own: signed.der().to_vec(), key, authority, of_domain }
    });
    &CHAINED
}

/// A TLSA record about these octets.
fn record(usage: u8, selector: u8, matching: u8, of: &[u8]) -> String {
    let value = match matching {
        0 => of.to_vec(),
        1 => Sha256::digest(of).to_vec(),
        _ => Sha512::digest(of).to_vec(),
    };
    let value: String = value.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{usage} {selector} {matching} {value}")
}

/// The host in the domain's own signed zone has these TLSA records, and shows these certificates.
fn promised(world: &mut World, records: &[&str], shown: &[&[u8]]) {
    certified(world, records);
    let call = mx(world);
    call.host = "mail.example.org".to_owned();
    let tls = call.tls.as_mut().unwrap();
    let blank = tls.chain[0].clone();
    let one = |der: &&[u8]| Certificate { der: BASE64_STANDARD.encode(der), ..blank.clone() };
    tls.chain = shown.iter().map(one).collect();
}

pub const CASES: &[(&str, Spoil, Spoil)] = &[
    (
        "odmr.one-login",
        |w| {
            (w.expect.outbound, w.expect.queues) = (true, vec!["fetch.example.net".to_owned()]);
            w.host("fetch.example.net", &["192.0.3.36"]);
        },
        |w| {
            (w.expect.outbound, w.expect.queues) = (true, vec!["fetch.example.net".to_owned()]);
            w.host("fetch.example.net", &["192.0.3.25"]);
        },
    ),
    (
        "smtp25.egress",
        |w| away(mx(w), Connection::Timeout),
        |w| {
            away(mx(w), Connection::Timeout);
            second(w);
        },
    ),
    (
        "smtp25.connect",
        |w| away(mx(w), Connection::Refused),
        // As from any network without IPv6.
        |w| away(second(w), Connection::Unroutable),
    ),
    (
        "smtp25.banner",
        |w| answers(mx(w), Rung::Greeting, "554 no"),
        |w| answers(mx(w), Rung::Greeting, "220 atrn.example.net"),
    ),
    ("smtp25.delay", |w| mx(w).said[0].ms = 31_000, |w| mx(w).said[0].ms = 4_999),
    (
        "smtp25.masked",
        |w| answers(mx(w), Rung::Greeting, "220 **************************200***0**"),
        |w| answers(mx(w), Rung::Greeting, "220 atrn.example.net ***** glad *****"),
    ),
    (
        "smtp25.ehlo",
        |w| in_clear(mx(w), "250 localhost\nSTARTTLS"),
        |w| in_clear(mx(w), "250 [192.0.3.25]\nSTARTTLS"),
    ),
    (
        "smtp25.old-exchange",
        |w| {
            let version = "220 ex1.example.net Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 \
                           ready at  Thu, 3 Apr 2008 15:39:17 +0800 ";
            answers(mx(w), Rung::Greeting, version);
        },
        // As others imitate it.
        |w| {
            let version = "220 mx.example.net Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959";
            answers(mx(w), Rung::Greeting, version);
        },
    ),
    (
        "smtp25.starttls",
        |w| in_clear(mx(w), "250 atrn.example.net\n8BITMIME"),
        |w| in_clear(mx(w), "250 atrn.example.net\nstarttls"),
    ),
    (
        "smtp25.handshake",
        |w| hears(mx(w), Rung::Handshake, Heard::Fault("the peer speaks SSL 3".to_owned())),
        |w| in_clear(mx(w), "250 atrn.example.net"),
    ),
    (
        "smtp25.cert-name",
        |w| mx(w).tls.as_mut().unwrap().is_for_name = false,
        |w| own(mx(w)).names.clear(),
    ),
    (
        "smtp25.cert-chain",
        |w| mx(w).tls.as_mut().unwrap().vouched = Vouched::Itself,
        |w| own(mx(w)).issuer.clear(),
    ),
    (
        "smtp25.cert-expiry",
        |w| own(mx(w)).not_after = 20 * DAY,
        |w| own(mx(w)).not_after = 22 * DAY,
    ),
    (
        "smtp25.cert-key",
        |w| (own(mx(w)).key, own(mx(w)).bits) = ("RSA".to_owned(), 1024),
        |w| (own(mx(w)).key, own(mx(w)).bits) = ("RSA".to_owned(), 2048),
    ),
    (
        "dane.no-starttls",
        |w| {
            promised(w, &[&record(3, 1, 1, &chained().key)], &[&chained().own]);
            in_clear(mx(w), "250 atrn.example.net\nSIZE 10000\n8BITMIME\nSMTPUTF8");
        },
        |w| promised(w, &[&record(3, 1, 1, &chained().key)], &[&chained().own]),
    ),
    (
        "dane.match",
        |w| promised(w, &[&record(3, 1, 1, &chained().own)], &[&chained().own]),
        |w| promised(w, &[&record(3, 1, 1, &chained().key)], &[&chained().own]),
    ),
    (
        "sts.cert",
        |w| {
            w.page(200, "text/plain", POLICY);
            mx(w).tls.as_mut().unwrap().is_for_name = false;
        },
        |w| {
            w.page(200, "text/plain", POLICY);
            own(mx(w)).not_after = DAY;
        },
    ),
    (
        "smtp25.auth-clear",
        |w| in_clear(mx(w), "250 atrn.example.net\nAUTH CRAM-MD5 LOGIN"),
        |w| in_clear(mx(w), "250 atrn.example.net\nAUTH CRAM-MD5"),
    ),
    (
        "smtp25.null-sender",
        |w| answers(mx(w), Rung::NullSender, "550 who are you?"),
        |w| unasked(mx(w), &[Rung::NullSender]),
    ),
    (
        "smtp25.rcpt",
        |w| answers(mx(w), Rung::Rcpt, "550 relaying denied"),
        |w| unasked(mx(w), &[Rung::Rcpt]),
    ),
    (
        "smtp25.postmaster",
        |w| answers(mx(w), Rung::Postmaster, "550 nobody"),
        |w| unasked(mx(w), &[Rung::Postmaster]),
    ),
    (
        "smtp25.catch-all",
        |w| answers(mx(w), Rung::Unmade, "250 ok"),
        |w| answers(mx(w), Rung::Unmade, "551 elsewhere"),
    ),
    ("smtp25.size", |w| w.expect.min_size = Some(10_001), |w| w.expect.min_size = Some(10_000)),
    (
        "smtp25.8bit",
        |w| in_clear(mx(w), "250 atrn.example.net\nSMTPUTF8"),
        |w| in_clear(mx(w), "250 atrn.example.net\n8bitmime"),
    ),
    (
        "smtp25.utf8",
        |w| in_clear(mx(w), "250 atrn.example.net\n8BITMIME"),
        |w| in_clear(mx(w), "250 atrn.example.net\nSMTPUTF8"),
    ),
    (
        "smtp25.atrn-shown",
        |w| in_clear(mx(w), "250 atrn.example.net\nATRN"),
        |w| in_clear(mx(w), "250 atrn.example.net\nETRN"),
    ),
    (
        "smtp25.open-relay",
        |w| answers(mx(w), Rung::Relay, "250 gladly"),
        |w| {
            // Whoever takes all at the domain takes that too.
            answers(mx(w), Rung::Unmade, "250 ok");
            answers(mx(w), Rung::Relay, "250 ok");
        },
    ),
    (
        "smtp25.turn-open",
        |w| answers(mx(w), Rung::Turn, "250 here it comes"),
        |w| unasked(mx(w), &[Rung::Atrn, Rung::Turn]),
    ),
    (
        "ptr.banner",
        |w| {
            answers(mx(w), Rung::Ehlo, "250 mail.example.net");
            answers(mx(w), Rung::Greeting, "220 mail.example.net");
        },
        |w| answers(mx(w), Rung::Greeting, "220 ATRN.example.net. ESMTP"),
    ),
    (
        "odmr.connect",
        |w| away(odmr(w), Connection::Timeout),
        |w| answers(odmr(w), Rung::Greeting, "554 no"),
    ),
    (
        "odmr.ehlo-atrn",
        |w| in_clear(odmr(w), "250 atrn.example.net\nAUTH CRAM-MD5\nTURN"),
        |w| in_clear(odmr(w), "250 atrn.example.net\nAUTH CRAM-MD5\natrn"),
    ),
    (
        "odmr.ehlo-auth",
        |w| {
            let first = odmr(w).said.iter_mut().find(|exchange| exchange.rung == Rung::Ehlo);
            first.unwrap().heard = said("250 atrn.example.net\nSTARTTLS\nATRN");
        },
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH=LOGIN"),
    ),
    (
        "odmr.cram",
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH LOGIN PLAIN"),
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH SCRAM-SHA-256"),
    ),
    (
        "odmr.preauth",
        |w| answers(odmr(w), Rung::Atrn, "250 turning"),
        |w| answers(odmr(w), Rung::Atrn, "530 no"),
    ),
    (
        "odmr.tls",
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH CRAM-MD5"),
        |w| odmr(w).tls.as_mut().unwrap().implicit = true,
    ),
    (
        "odmr.auth-clear",
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH PLAIN"),
        |w| in_clear(odmr(w), "250 atrn.example.net\nATRN\nAUTH CRAM-MD5"),
    ),
    ("odmr.login", |w| answers(odmr(w), Rung::Auth, "535 no"), |w| odmr(w).depth = Depth::Connect),
    (
        "odmr.foreign",
        |w| answers(odmr(w), Rung::Foreign, "250 turning"),
        |w| answers(odmr(w), Rung::Foreign, "553 what?"),
    ),
    (
        "odmr.domain",
        |w| answers(odmr(w), Rung::Domain, "450 no"),
        |w| answers(odmr(w), Rung::Domain, "250 turning"),
    ),
    (
        "odmr.same-host",
        |w| arrives_elsewhere(w),
        |w| {
            w.mx(&[(10, "mail.example.com")]);
            w.host("mail.example.com", &["192.0.3.25"]);
        },
    ),
    (
        "odmr.same-host",
        |w| arrives_elsewhere(w),
        |w| {
            arrives_elsewhere(w);
            w.expect.queues = std::mem::take(&mut w.expect.servers);
        },
    ),
];

/// The mail is expected at a server other than the one where it is fetched.
fn arrives_elsewhere(world: &mut World) {
    world.expect.names = vec!["mail.example.com".to_owned()];
    world.mx(&[(10, "mail.example.com")]);
    world.host("mail.example.com", &["198.51.99.66"]);
}

fn told(spoil: impl Fn(&mut World)) -> Assessment {
    let mut world = called();
    spoil(&mut world);
    world.judged()
}

fn of<'a>(judged: &'a Assessment, id: &str) -> Vec<&'a Finding> {
    judged.checks.iter().filter(|finding| finding.id == id).collect()
}

fn complains(finding: &&Finding) -> bool {
    finding.is_amiss() || finding.status == Status::Unknown
}

#[test]
fn each_check_of_a_call_complains_where_it_must_and_nowhere_near() {
    for (id, spoilt, near) in CASES {
        let judged = told(spoilt);
        let findings = of(&judged, id);
        assert!(!findings.is_empty() && findings.iter().all(complains), "{id}: {findings:#?}");
        let judged = told(near);
        let findings = of(&judged, id);
        assert!(!findings.iter().any(complains), "{id} complains of nothing: {findings:#?}");
    }
}

#[test]
fn servers_in_order_give_no_finding_and_servers_that_were_not_called_none_either() {
    for world in [called(), World::good()] {
        let judged = world.judged();
        let all: Vec<_> = judged.checks.iter().filter(complains).collect();
        assert!(all.is_empty(), "{all:#?}");
        assert_eq!(judged.verdict, Conclusion::Ok);
    }
    let judged = World::good().judged();
    for (id, _, _) in CASES {
        assert!(of(&judged, id).iter().all(|finding| finding.status == Status::Skipped), "{id}");
    }
}

/// A fault, and all that is to be heard of it.
const CAUSES: &[(&str, Spoil, &[&str])] = &[
    ("nobody listens", |w| away(mx(w), Connection::Refused), &["smtp25.connect"]),
    ("nothing comes back", |w| away(mx(w), Connection::Timeout), &["smtp25.egress"]),
    ("one address of two", |w| away(second(w), Connection::Timeout), &["smtp25.connect"]),
    ("a refusal", |w| answers(mx(w), Rung::Greeting, "554 no"), &["smtp25.banner"]),
    ("silence", |w| hears(mx(w), Rung::Greeting, Heard::Silence), &["smtp25.banner"]),
    (
        "no TLS",
        |w| in_clear(mx(w), "250 mx.example.net\n8BITMIME\nSMTPUTF8\nSIZE 10000"),
        &["smtp25.starttls", "sts.cert"],
    ),
    (
        "TLS that does not come about",
        |w| hears(mx(w), Rung::Handshake, Heard::Closed),
        &["smtp25.handshake"],
    ),
    ("an expired certificate", |w| own(mx(w)).not_after = -1, &["smtp25.cert-expiry", "sts.cert"]),
    (
        "no notices",
        |w| {
            answers(mx(w), Rung::NullSender, "550 no");
            unasked(mx(w), &[Rung::Rcpt, Rung::Postmaster, Rung::Unmade, Rung::Relay]);
        },
        &["smtp25.null-sender"],
    ),
    (
        "the domain is unknown",
        |w| {
            answers(mx(w), Rung::Rcpt, "554 relay access denied");
            answers(mx(w), Rung::Postmaster, "554 relay access denied");
        },
        &["smtp25.rcpt"],
    ),
    (
        "TLS that does not come about where mail is fetched",
        |w| hears(odmr(w), Rung::Handshake, Heard::Closed),
        &["odmr.tls"],
    ),
    ("no ODMR port", |w| away(odmr(w), Connection::Refused), &["odmr.connect"]),
    ("a closed ODMR port", |w| answers(odmr(w), Rung::Greeting, "554 no"), &["odmr.ehlo-atrn"]),
    ("a wrong password", |w| answers(odmr(w), Rung::Auth, "535 no"), &["odmr.login"]),
    ("a turn for anybody", |w| answers(odmr(w), Rung::Atrn, "250 turning"), &["odmr.preauth"]),
];

#[test]
fn what_is_wrong_with_a_server_is_told_once() {
    for (what, spoil, causes) in CAUSES {
        let mut world = called();
        spoil(&mut world);
        let amiss: Vec<&str> =
            world.amiss().into_iter().filter(|id| !matches!(*id, "ptr.banner")).collect();
        assert_eq!(amiss, *causes, "{what}");
    }
}

#[test]
fn what_could_not_be_told_is_unknown() {
    let cases: &[(&str, Spoil)] = &[
        ("smtp25.egress", |w| away(mx(w), Connection::Unroutable)),
        ("smtp25.connect", |w| away(second(w), Connection::Fault("no more files".to_owned()))),
        ("odmr.connect", |w| away(odmr(w), Connection::Unroutable)),
        ("smtp25.banner", |w| answers(mx(w), Rung::Greeting, "554 your IP is listed at x")),
        ("smtp25.null-sender", |w| answers(mx(w), Rung::NullSender, "451 later")),
        ("smtp25.rcpt", |w| answers(mx(w), Rung::Rcpt, "550 client host blocked")),
        ("smtp25.rcpt", |w| hears(mx(w), Rung::Rcpt, Heard::Closed)),
        ("smtp25.postmaster", |w| hears(mx(w), Rung::Rcpt, Heard::Silence)),
        ("smtp25.catch-all", |w| answers(mx(w), Rung::Unmade, "450 later")),
        ("smtp25.cert-chain", |w| {
            mx(w).tls.as_mut().unwrap().vouched = Vouched::Untold("no roots".to_owned());
        }),
        ("odmr.login", |w| answers(odmr(w), Rung::Auth, "454 later")),
        ("odmr.foreign", |w| answers(odmr(w), Rung::Foreign, "451 later")),
    ];
    for (id, spoil) in cases {
        let judged = told(spoil);
        let findings = of(&judged, id);
        assert!(findings.iter().all(|f| f.status == Status::Unknown), "{id}: {findings:#?}");
    }
}

#[test]
fn a_control_that_answers_makes_silence_a_fault_of_the_servers() {
    let judged = told(|w| {
        away(mx(w), Connection::Timeout);
        w.facts.calls.push(call("s9", Purpose::Control, &MX[..1]));
    });
    assert!(of(&judged, "smtp25.egress").iter().all(|f| f.status == Status::Ok));
    assert_eq!(of(&judged, "smtp25.connect")[0].severity, Severity::Critical);
    let judged = told(|w| {
        away(mx(w), Connection::Refused);
        let mut control = call("s9", Purpose::Control, &[]);
        away(&mut control, Connection::Refused);
        w.facts.calls.push(control);
    });
    assert_eq!(of(&judged, "smtp25.egress")[0].status, Status::Unknown);
    assert_eq!(of(&judged, "smtp25.connect")[0].blocked_by, Some("smtp25.egress"));
    assert_eq!(judged.verdict, Conclusion::Unknown);
}

#[test]
fn how_bad_it_is_depends_on_what_it_is() {
    let cases: &[(&str, Spoil, Severity)] = &[
        ("smtp25.delay", |w| mx(w).said[0].ms = 6_000, Severity::Info),
        ("smtp25.banner", |w| answers(mx(w), Rung::Greeting, "450 later"), Severity::Warning),
        ("smtp25.banner", |w| answers(mx(w), Rung::Greeting, "521 no mail"), Severity::Critical),
        ("smtp25.connect", |w| away(second(w), Connection::Refused), Severity::Error),
        ("smtp25.cert-expiry", |w| own(mx(w)).not_after = 6 * DAY, Severity::Error),
        ("smtp25.cert-expiry", |w| own(mx(w)).not_after = 8 * DAY, Severity::Warning),
        ("smtp25.cert-expiry", |w| own(mx(w)).not_before = DAY, Severity::Error),
        ("smtp25.rcpt", |w| answers(mx(w), Rung::Rcpt, "450 later"), Severity::Error),
        ("smtp25.rcpt", |w| answers(mx(w), Rung::Rcpt, "550 no"), Severity::Critical),
        ("odmr.preauth", |w| answers(odmr(w), Rung::Atrn, "502 no"), Severity::Warning),
        ("odmr.preauth", |w| answers(odmr(w), Rung::Atrn, "250 ok"), Severity::Critical),
    ];
    for (id, spoil, severity) in cases {
        let judged = told(spoil);
        assert_eq!(of(&judged, id)[0].severity, *severity, "{id}");
    }
}

#[test]
fn somebody_who_was_put_off_and_then_taken_is_taken() {
    let judged = told(|w| {
        answers(mx(w), Rung::Rcpt, "450 later");
        let again = Exchange {
            rung: Rung::RcptAgain,
            said: "RCPT TO:<ann@example.org>".to_owned(),
            tls: true,
            heard: said("250 ok"),
            ms: 1,
        };
        mx(w).said.push(again);
    });
    assert!(!of(&judged, "smtp25.rcpt").iter().any(complains));
}

#[test]
fn where_nobody_was_named_anybody_who_is_taken_tells_of_the_domain() {
    let told = |postmaster: &str, unmade: &str| {
        let judged = told(|w| {
            unasked(mx(w), &[Rung::Rcpt]);
            answers(mx(w), Rung::Postmaster, postmaster);
            answers(mx(w), Rung::Unmade, unmade);
        });
        of(&judged, "smtp25.rcpt")[0].status
    };
    assert_eq!(told("550 nobody", "250 ok"), Status::Ok);
    assert_eq!(told("550 nobody", "550 nobody"), Status::Unknown);
    assert_eq!(told("554 relay access denied", "554 relay access denied"), Status::Fail);
}

/// RFC 7671, sections 5.1 and 5.2.
#[test]
fn a_certificate_is_found_by_each_kind_of_record_and_by_no_other() {
    let Chained { own, key, authority, .. } = chained();
    let stranger = record(3, 1, 1, b"another key");
    let judged = |records: &[&str], shown: &[&[u8]], is_for_name: bool| {
        let judged = told(|w| {
            promised(w, records, shown);
            mx(w).tls.as_mut().unwrap().is_for_name = is_for_name;
        });
        of(&judged, "dane.match")[0].status
    };
    for matching in 0..=2 {
        for (selector, part) in [(0, own), (1, key)] {
            let right = record(3, selector, matching, part);
            // By its key a server is known whatever name its certificate has.
            assert_eq!(judged(&[&right], &[own], false), Status::Ok, "{right}");
            assert_eq!(judged(&[&stranger, &right], &[own], true), Status::Ok, "{right}");
            let wrong = record(3, selector, matching, authority);
            assert_eq!(judged(&[&wrong], &[own, authority], true), Status::Fail, "{wrong}");
        }
        let above = record(2, 0, matching, authority);
        assert_eq!(judged(&[&above], &[own, authority], true), Status::Ok, "{above}");
        assert_eq!(judged(&[&above], &[own, authority], false), Status::Fail, "another name");
        assert_eq!(judged(&[&above], &[own], true), Status::Fail, "it is not shown");
    }
    assert_eq!(judged(&[&stranger], &[own], true), Status::Fail);
    // An authority that is shown and has signed nothing.
    let other = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&other).unwrap();
    let by_other = record(2, 0, 1, other.der());
    assert_eq!(judged(&[&by_other], &[own, other.der()], true), Status::Fail);
}

/// RFC 7672, section 3.2.2.
#[test]
fn a_certificate_for_the_domain_itself_is_one_for_the_server() {
    let Chained { own, authority, of_domain, .. } = chained();
    for (shown, status) in [(of_domain, Status::Ok), (own, Status::Fail)] {
        let judged = told(|w| {
            promised(w, &[&record(2, 0, 1, authority)], &[shown, authority]);
            mx(w).tls.as_mut().unwrap().is_for_name = false;
        });
        assert_eq!(of(&judged, "dane.match")[0].status, status);
    }
}

/// RFC 7672, section 2.1: as long as nobody tells, senders keep the mail.
#[test]
fn records_that_nobody_tells_of_are_not_taken_for_none() {
    let Chained { own, key, .. } = chained();
    let untold = |w: &mut World, host: &str| {
        let (service, outcome) =
            (format!("_25._tcp.{host}"), reply(&resolver(), "SERVFAIL", vec![]));
        w.put(&resolver(), &service, Kind::Tlsa, Transport::Udp, Manner::Signed, outcome);
    };
    let judged = told(|w| {
        promised(w, &[&record(3, 1, 1, key)], &[own]);
        untold(w, "mail.example.org");
    });
    // Where nobody proves that the host's zone is signed they do not look.
    let unsigned = told(|w| untold(w, "atrn.example.net"));
    for id in ["dane.match", "dane.no-starttls"] {
        assert_eq!(of(&judged, id)[0].status, Status::Unknown, "{id}");
        assert_eq!(of(&unsigned, id)[0].status, Status::Skipped, "{id}");
    }
}

/// RFC 7672, section 2.2.2.
#[test]
fn the_records_of_what_a_host_stands_for_count_for_it() {
    let Chained { own, key, .. } = chained();
    let judged = |value: &[u8], is_signed: bool| {
        let judged = told(|w| {
            promised(w, &[], &[own]);
            let (host, end) = ("mail.example.org", "end.example.org");
            let mut signed = Signed::good();
            signed.certify("_25._tcp.end.example.org", &[&record(3, 1, 1, value)]);
            signed.alias(host, end);
            w.with(&signed);
            if !is_signed {
                w.put(
                    &resolver(),
                    host,
                    Kind::A,
                    Transport::Udp,
                    Manner::Signed,
                    reply(&resolver(), "NOERROR", vec![]),
                );
            }
            w.alias(host, end, &["192.0.3.25"]);
        });
        of(&judged, "dane.match")[0].status
    };
    assert_eq!(judged(key, true), Status::Ok);
    assert_eq!(judged(b"another key", true), Status::Fail);
    assert_eq!(judged(b"another key", false), Status::Skipped, "the alias is nobody's word");
}

#[test]
fn the_remedy_for_a_record_that_does_not_match_can_be_copied() {
    let Chained { own, key, .. } = chained();
    let judged = told(|w| promised(w, &[&record(3, 1, 1, b"old")], &[own]));
    let finding = of(&judged, "dane.match")[0];
    assert_eq!(finding.severity, Severity::Critical);
    assert!(
        finding.remedy.as_deref().unwrap_or_default().contains(&record(3, 1, 1, key)),
        "{finding:#?}"
    );
}

/// RFC 8461, section 5: a policy that is only tried keeps no mail back.
#[test]
fn what_a_policy_demands_weighs_as_much_as_the_policy() {
    for (mode, severity) in [("enforce", Severity::Critical), ("testing", Severity::Warning)] {
        let policy = POLICY.replace("mode: testing", &format!("mode: {mode}"));
        for spoil in [
            |w: &mut World| in_clear(mx(w), "250 atrn.example.net\nSIZE 10000\n8BITMIME\nSMTPUTF8"),
            |w: &mut World| mx(w).tls.as_mut().unwrap().vouched = Vouched::Itself,
            |w: &mut World| own(mx(w)).not_after = -1,
        ] {
            let judged = told(|w| {
                w.page(200, "text/plain", &policy);
                spoil(w);
            });
            let finding = of(&judged, "sts.cert")[0];
            assert_eq!(
                (finding.status, finding.severity),
                (Status::Fail, severity),
                "{finding:#?}"
            );
        }
    }
}

#[test]
fn addresses_of_which_the_same_is_to_be_said_share_a_sentence() {
    let judged = told(|w| {
        let (id, addr) = (second(w).id.clone(), second(w).addr);
        w.facts.calls.retain(|call| call.id != id || call.addr != addr);
        for n in 0..2 {
            let mut other = call("s7", Purpose::Mx, MX);
            other.addr = format!("192.0.3.{}", 30 + n).parse().unwrap();
            in_clear(&mut other, "250 atrn.example.net\n8BITMIME\nSMTPUTF8");
            w.facts.calls.push(other);
        }
    });
    let findings = of(&judged, "smtp25.starttls");
    assert_eq!(findings.len(), 1);
    let said = "atrn.example.net at 192.0.3.30 and 192.0.3.31 offers no STARTTLS";
    assert_eq!(findings[0].message, said);
    assert_eq!(findings[0].evidence, ["s7", "s7"]);
    assert_eq!(findings[0].ms, 20);
}

#[test]
fn what_was_said_is_written_down_and_judged_alike() {
    let mut world = called();
    answers(mx(&mut world), Rung::Greeting, "554 \u{1b}[2J go away");
    let written = serde_json::to_string(&world.facts).unwrap();
    assert_eq!(serde_json::from_str::<crate::check::Facts>(&written).unwrap(), world.facts);
    let without = serde_json::to_string(&World::good().facts).unwrap();
    assert!(!without.contains("calls"), "older programs read it");
}

#[test]
fn a_relay_that_hangs_up_after_it_has_taken_something_is_one() {
    let judged = told(|w| {
        let first = mx(w).said.iter_mut().find(|exchange| exchange.rung == Rung::Relay);
        first.unwrap().heard = said("250 gladly");
        hears(mx(w), Rung::Relay, Heard::Closed);
    });
    assert_eq!(of(&judged, "smtp25.open-relay")[0].status, Status::Fail);
}

#[test]
fn a_server_that_relays_for_ordinary_senders_only_is_an_open_relay_and_one_that_was_not_asked_is_not_known()
 {
    let ordinary = |call: &mut Call, reply: &str| {
        let at = call.said.iter().position(|exchange| exchange.rung == Rung::Mail).unwrap();
        call.said[at + 1].heard = said(reply);
    };
    let judged = told(|w| ordinary(mx(w), "250 gladly"));
    let relay = &of(&judged, "smtp25.open-relay")[0];
    assert_eq!(relay.status, Status::Fail);
    assert!(relay.message.contains("<nobody@example.com> from <nobody@example.net>"), "{relay:#?}");
    type Spoilt = fn(&mut Call);
    let unknown: [(&str, Spoilt); 4] = [
        ("in the name of nobody only", |call| {
            let at = call.said.iter().position(|exchange| exchange.rung == Rung::Mail).unwrap();
            call.said.drain(at..at + 3);
        }),
        ("no sender but <>", |call| {
            let at = call.said.iter().position(|exchange| exchange.rung == Rung::Mail).unwrap();
            call.said.drain(at + 1..at + 3);
            answers(call, Rung::Mail, "550 5.7.1 SPF");
        }),
        ("no sender but <>", |call| {
            let refusal = "550 5.1.8 Sender address rejected";
            let at = call.said.iter().position(|exchange| exchange.rung == Rung::Mail).unwrap();
            call.said[at + 1].heard = said(refusal);
            call.said[at + 2].heard = said(refusal);
        }),
        ("put us off", |call| answers(call, Rung::Relay, "450 greylisted")),
    ];
    for (why, spoil) in unknown {
        let judged = told(|w| spoil(mx(w)));
        let relay = &of(&judged, "smtp25.open-relay")[0];
        assert_eq!(relay.status, Status::Unknown, "{why}: {relay:#?}");
        assert!(relay.message.contains(why), "{relay:#?}");
    }
    let judged = told(|w| answers(mx(w), Rung::Relay, "454 4.7.1 Relay access denied"));
    assert_eq!(of(&judged, "smtp25.open-relay")[0].status, Status::Ok);
}

#[test]
fn each_side_of_tls_is_told_by_itself() {
    let heard = |why: &str| {
        let why = why.to_owned();
        told(move |w| hears(mx(w), Rung::Handshake, Heard::Fault(why.clone())))
    };
    for why in [
        "the peer ended TLS with the alert ProtocolVersion",
        "TLS failed: peer is incompatible: ServerTlsVersionIsDisabledByOurConfig",
    ] {
        let judged = heard(why);
        let version = &of(&judged, "smtp25.handshake")[0];
        assert_eq!((version.severity, version.status), (Severity::Warning, Status::Fail));
        assert!(version.message.contains("TLS 1.1 at best"), "{version:#?}");
    }
    let judged = heard("the peer ended TLS with the alert HandshakeFailure");
    let suite = &of(&judged, "smtp25.handshake")[0];
    assert_eq!((suite.severity, suite.status), (Severity::Error, Status::Fail));
    assert!(suite.message.contains("no suite of today"), "{suite:#?}");
    let judged = heard(SHORT);
    assert_eq!(of(&judged, "smtp25.handshake")[0].status, Status::Unknown);
    let key = &of(&judged, "smtp25.cert-key")[0];
    assert!(key.status == Status::Fail && key.message.contains("1024"), "{key:#?}");
    let judged = heard("something else");
    assert_eq!(of(&judged, "smtp25.cert-key")[0].status, Status::Skipped);
}

const SHORT: &str = "the certificate has an RSA key of 1024 bits, too short to be accepted";

/// Somebody else may take such a key: it is told, and what is behind it is not known.
#[test]
fn a_key_at_which_we_break_off_is_one_cause_and_leaves_the_rest_open() {
    let judged = told(|w| {
        hears(mx(w), Rung::Handshake, Heard::Fault(SHORT.to_owned()));
        hears(odmr(w), Rung::Handshake, Heard::Fault(SHORT.to_owned()));
    });
    let wrong = judged.checks.iter().filter(|finding| finding.status == Status::Fail);
    let wrong: Vec<&str> = wrong.map(|finding| finding.id).collect();
    assert_eq!(wrong, ["smtp25.cert-key", "odmr.tls"]);
    for id in wrong {
        let found = &of(&judged, id)[0];
        assert!(found.message.contains("an RSA key of 1024 bits, too short"), "{found:#?}");
        assert_eq!(found.severity, Severity::Warning);
    }
    for id in [
        "smtp25.handshake",
        "smtp25.cert-name",
        "smtp25.cert-chain",
        "smtp25.cert-expiry",
        "sts.cert",
        "smtp25.null-sender",
        "smtp25.rcpt",
        "smtp25.postmaster",
        "smtp25.catch-all",
        "smtp25.open-relay",
        "smtp25.turn-open",
        "odmr.preauth",
        "odmr.login",
        "odmr.foreign",
        "odmr.domain",
    ] {
        let found = &of(&judged, id)[0];
        assert_eq!((found.status, found.blocked_by), (Status::Unknown, None), "{found:#?}");
        let why = "its certificate has an RSA key of 1024 bits, at which our own TLS breaks off";
        assert!(found.message.contains(why), "{found:#?}");
    }
    assert_eq!(judged.verdict, Conclusion::Unknown);
    let judged = told(|w| {
        promised(w, &[&record(3, 1, 1, &chained().key)], &[&chained().own]);
        hears(mx(w), Rung::Handshake, Heard::Fault(SHORT.to_owned()));
    });
    assert_eq!(of(&judged, "dane.match")[0].status, Status::Unknown);
}

#[test]
fn a_key_at_which_we_break_off_before_anything_is_said_is_told_too() {
    let judged = told(|w| {
        let call = odmr(w);
        hears(call, Rung::Greeting, Heard::Silence);
        let handshake = Exchange {
            rung: Rung::Handshake,
            said: String::new(),
            tls: false,
            heard: Heard::Fault(SHORT.to_owned()),
            ms: 1,
        };
        call.said.insert(0, handshake);
    });
    assert_eq!(of(&judged, "odmr.tls")[0].status, Status::Fail);
    for id in ["odmr.ehlo-atrn", "odmr.ehlo-auth", "odmr.preauth", "odmr.login"] {
        let found = &of(&judged, id)[0];
        assert_eq!(found.status, Status::Unknown, "{found:#?}");
    }
}

/// RFC 3207, section 4.2: what is offered in clear says little of what is offered behind TLS.
#[test]
fn what_may_be_offered_behind_tls_is_not_missed_where_tls_did_not_come_about() {
    let spoilt = |ehlo: &'static str, heard: Heard| {
        told(move |w| {
            hears(odmr(w), Rung::Handshake, heard.clone());
            answers(odmr(w), Rung::Ehlo, ehlo);
        })
    };
    let bare = "250 atrn.example.net\nSTARTTLS";
    let judged = spoilt(bare, Heard::Closed);
    for id in ["odmr.ehlo-atrn", "odmr.ehlo-auth"] {
        assert_eq!(of(&judged, id)[0].blocked_by, Some("odmr.tls"), "{id}");
    }
    assert_eq!(of(&judged, "odmr.tls")[0].status, Status::Fail);
    let judged = spoilt(bare, Heard::Fault(SHORT.to_owned()));
    for id in ["odmr.ehlo-atrn", "odmr.ehlo-auth"] {
        assert_eq!(of(&judged, id)[0].status, Status::Unknown, "{id}");
    }
    let plain = "250 atrn.example.net\nSTARTTLS\nATRN\nAUTH LOGIN";
    let cram = of(&spoilt(plain, Heard::Closed), "odmr.cram")[0].blocked_by;
    assert_eq!(cram, Some("odmr.tls"));
}

#[test]
fn a_name_by_which_a_server_calls_itself_is_looked_for() {
    let mut world = called();
    in_clear(mx(&mut world), "250 mail.example.com\nSTARTTLS");
    let ehlo = |world: &World| world.says("smtp25.ehlo")[0].status;
    assert_eq!(ehlo(&world), Status::Ok, "nobody was asked for it");
    world.host("mail.example.com", &["192.0.3.25"]);
    assert_eq!(ehlo(&world), Status::Ok);
    world.no_host("mail.example.com");
    assert_eq!(ehlo(&world), Status::Fail);
    answers(mx(&mut world), Rung::Greeting, "220 other.example.com ESMTP");
    world.no_host("other.example.com");
    assert_eq!(world.says("smtp25.banner")[0].status, Status::Fail);
    // It is called as it calls itself, and that leads to somebody else.
    let mut world = called();
    assert_eq!(world.says("ptr.banner")[0].status, Status::Ok);
    world.host("atrn.example.net", &["192.0.3.99", "2a00:1::25"]);
    assert!(world.says("ptr.banner")[0].message.contains("which is at 192.0.3.99"));
}

#[test]
fn a_login_that_was_not_tried_says_nothing_of_the_password() {
    let why = "the provider offers only CRAM-MD5";
    let judged = told(|w| {
        let call = odmr(w);
        hears(call, Rung::Auth, Heard::Fault(why.to_owned()));
        call.said.last_mut().unwrap().said.clear();
    });
    let login = &of(&judged, "odmr.login")[0];
    assert_eq!(login.status, Status::Unknown);
    assert!(login.message.contains(why) && login.remedy.is_none(), "{login:#?}");
    let judged = told(|w| {
        answers(odmr(w), Rung::Auth, "334 ");
        let mut again = odmr(w).last(Rung::Auth).unwrap().clone();
        again.heard = Heard::Fault("the challenge is none".to_owned());
        odmr(w).said.push(again);
    });
    assert_eq!(of(&judged, "odmr.login")[0].status, Status::Fail);
}

#[test]
fn a_call_is_told_in_short() {
    let judged = called().judged();
    let short = &judged.calls[0];
    assert_eq!((short.purpose, short.port, short.cert_days), ("mx", 25, Some(60)));
    assert_eq!(short.said, "220 atrn.example.net ESMTP");
    let judged = told(|w| away(mx(w), Connection::Refused));
    assert_eq!(
        (judged.calls[0].said.as_str(), judged.calls[0].cert_days),
        ("the port is closed", None)
    );
}

/// The catalogue's case is that of the customer who gets nothing; whoever watches is perhaps not let in.
#[test]
fn a_provider_whom_nobody_reaches_is_worst_for_his_customer() {
    let mut world = called();
    away(odmr(&mut world), Connection::Refused);
    let severity = |world: &World| {
        let found = world.says("odmr.connect");
        found.iter().filter(|finding| finding.is_amiss()).map(|finding| finding.severity).max()
    };
    assert_eq!(severity(&world), Some(Severity::Critical));
    world.expect.role = Standpoint::Observer;
    assert_eq!(severity(&world), Some(Severity::Error));
    world.expect.role = Standpoint::Customer;
    let mut open = called();
    let other = odmr(&mut open).clone();
    world.facts.calls.push(other);
    assert_eq!(severity(&world), Some(Severity::Error), "one address of several");
}
