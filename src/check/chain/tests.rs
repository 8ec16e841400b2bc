//! An internet of signed zones, made anew for each test, and everything that can be wrong with it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_resolver::proto::dnssec::crypto::EcdsaSigningKey;
use hickory_resolver::proto::dnssec::rdata::sig::SigInput;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_resolver::proto::dnssec::{
    Algorithm, DigestType, Nsec3HashAlgorithm, PublicKey, SigningKey, TBS,
};
use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use super::{Chain, Security, record_type};
use crate::check::facts::{
    Answer, Data, Facts, Kind, Manner, Outcome, Reply, Role, Server, Transport,
};
use crate::check::tests::world::{DOMAIN, ns1, resolver};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

pub(in crate::check) fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

fn record(at: &str, data: RData) -> Record {
    Record::from_rdata(name(at), 3600, data)
}

fn of_text(at: &str, kind: RecordType, text: &str) -> Record {
    record(at, RData::try_from_str(kind, text).unwrap())
}

/// A zone with one key.
pub(in crate::check) struct Signer {
    zone: Name,
    key: EcdsaSigningKey,
    /// When its signatures begin and end, seconds from now.
    lasts: (i64, i64),
}

impl Signer {
    fn new(zone: &str) -> Signer {
        let algorithm = Algorithm::ECDSAP256SHA256;
        let key = EcdsaSigningKey::generate_pkcs8(algorithm).unwrap();
        let key = EcdsaSigningKey::from_pkcs8(&key, algorithm).unwrap();
        Signer { zone: name(zone), key, lasts: (-DAY, 14 * DAY) }
    }

    fn dnskey(&self) -> DNSKEY {
        DNSKEY::with_flags(257, self.key.to_public_key().unwrap())
    }

    fn tag(&self) -> u16 {
        self.dnskey().calculate_key_tag().unwrap()
    }

    fn ds(&self) -> DS {
        let digest = self.dnskey().to_digest(&self.zone, DigestType::SHA256).unwrap();
        let digest = digest.as_ref().to_vec();
        DS::new(self.tag(), Algorithm::ECDSAP256SHA256, DigestType::SHA256, digest)
    }

    /// These records, of one set, and the signature of a name with so many labels.
    fn signed_as(&self, records: &[Record], labels: u8) -> Vec<Record> {
        let (begins, ends) = self.lasts;
        let moment = |from_now: i64| SerialNumber::new(u32::try_from(NOW + from_now).unwrap());
        let first = &records[0];
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: Algorithm::ECDSAP256SHA256,
            num_labels: labels,
            original_ttl: 3600,
            sig_expiration: moment(ends),
            sig_inception: moment(begins),
            key_tag: self.tag(),
            signer_name: self.zone.clone(),
        };
        let tbs = TBS::from_input(&first.name, DNSClass::IN, &input, records.iter()).unwrap();
        let signature = RRSIG::from_sig(input, self.key.sign(&tbs).unwrap());
        let data = RData::DNSSEC(DNSSECRData::RRSIG(signature));
        let signature = Record::from_rdata(first.name.clone(), 3600, data);
        records.iter().cloned().chain([signature]).collect()
    }

    fn signed(&self, records: &[Record]) -> Vec<Record> {
        self.signed_as(records, records[0].name.num_labels())
    }

    fn nsec(&self, at: &str, next: &str, types: &[RecordType]) -> Vec<Record> {
        let nsec = NSEC::new(name(next), types.iter().copied());
        self.signed(&[record(at, RData::DNSSEC(DNSSECRData::NSEC(nsec)))])
    }

    /// The hashed record of a name, or, `beside`, one that covers its hash only.
    fn nsec3(&self, of: &str, beside: bool, opt_out: bool, types: &[RecordType]) -> Vec<Record> {
        self.nsec3_rounds(of, beside, opt_out, types, 0)
    }

    fn nsec3_rounds(
        &self,
        of: &str,
        beside: bool,
        opt_out: bool,
        types: &[RecordType],
        rounds: u16,
    ) -> Vec<Record> {
        let hash = Nsec3HashAlgorithm::SHA1.hash(b"salt", &name(of), rounds).unwrap();
        let (mut owner, mut next) = (hash.as_ref().to_vec(), hash.as_ref().to_vec());
        next[19] = next[19].wrapping_add(1);
        if beside {
            owner[19] = owner[19].wrapping_sub(1);
        }
        let label = base32(&owner);
        let types = types.iter().copied();
        let nsec =
            NSEC3::new(Nsec3HashAlgorithm::SHA1, opt_out, rounds, b"salt".to_vec(), next, types);
        let at = format!("{label}.{}", self.zone.to_ascii());
        self.signed(&[record(&at, RData::DNSSEC(DNSSECRData::NSEC3(nsec)))])
    }
}

fn base32(octets: &[u8]) -> String {
    let bits: Vec<u8> =
        octets.iter().flat_map(|o| (0..8).rev().map(move |n| (o >> n) & 1)).collect();
    let value = |five: &[u8]| five.iter().fold(0, |value, bit| value * 2 + bit);
    bits.chunks(5)
        .map(|five| char::from(b"0123456789abcdefghijklmnopqrstuv"[usize::from(value(five))]))
        .collect()
}

/// A message: its code, what answers, and what it says beside that.
#[derive(Clone)]
struct Told {
    code: ResponseCode,
    answers: Vec<Record>,
    authorities: Vec<Record>,
}

impl Told {
    fn of(answers: Vec<Record>) -> Told {
        Told { code: ResponseCode::NoError, answers, authorities: Vec::new() }
    }

    fn nothing(code: ResponseCode, authorities: Vec<Record>) -> Told {
        Told { code, answers: Vec::new(), authorities }
    }

    fn octets(&self, at: &str, kind: Kind) -> Vec<u8> {
        let mut message = Message::query();
        message.metadata.response_code = self.code;
        message.add_query(Query::query(name(at), record_type(kind)));
        message.add_answers(self.answers.clone());
        message.add_authorities(self.authorities.clone());
        message.to_vec().unwrap()
    }
}

/// Three zones, one below the other, and what is told of them.
pub(in crate::check) struct Signed {
    root: Signer,
    org: Signer,
    own: Signer,
    told: BTreeMap<(String, Kind), Told>,
    at_ns1: Vec<(String, Kind, Told)>,
    anchors: Vec<String>,
}

impl Signed {
    /// All is signed, and vouched for.
    pub(in crate::check) fn good() -> Signed {
        let (root, org, own) = (Signer::new("."), Signer::new("org"), Signer::new(DOMAIN));
        let ds = root.ds();
        let digest: String = ds.digest().iter().map(|octet| format!("{octet:02X}")).collect();
        let anchors = vec![format!(". IN DS {} 13 2 {digest}", ds.key_tag())];
        let (told, at_ns1) = (BTreeMap::new(), Vec::new());
        let mut signed = Signed { root, org, own, told, at_ns1, anchors };
        signed.tell_all();
        signed
    }

    /// Everything anew, as the keys and times are now.
    fn tell_all(&mut self) {
        let key = |signer: &Signer| {
            let data = RData::DNSSEC(DNSSECRData::DNSKEY(signer.dnskey()));
            signer.signed(&[Record::from_rdata(signer.zone.clone(), 3600, data)])
        };
        let vouched = |above: &Signer, signer: &Signer| {
            let data = RData::DNSSEC(DNSSECRData::DS(signer.ds()));
            above.signed(&[Record::from_rdata(signer.zone.clone(), 3600, data)])
        };
        let mx = self.own.signed(&[mx()]);
        let all = [
            (".", Kind::Dnskey, key(&self.root)),
            ("org", Kind::Dnskey, key(&self.org)),
            ("org", Kind::Ds, vouched(&self.root, &self.org)),
            (DOMAIN, Kind::Dnskey, key(&self.own)),
            (DOMAIN, Kind::Ds, vouched(&self.org, &self.own)),
            (DOMAIN, Kind::Mx, mx),
        ];
        for (at, kind, records) in all {
            self.tell(at, kind, Told::of(records));
        }
    }

    fn tell(&mut self, at: &str, kind: Kind, told: Told) {
        self.told.insert((at.to_owned(), kind), told);
    }

    pub(in crate::check) fn facts(&self) -> Facts {
        let of_resolver =
            self.told.iter().map(|((at, kind), told)| answer(&resolver(), at, *kind, told));
        let of_ns1 = self.at_ns1.iter().map(|(at, kind, told)| answer(&ns1(), at, *kind, told));
        Facts {
            domain: DOMAIN.to_owned(),
            checked_at: jiff::Timestamp::from_second(NOW).unwrap(),
            zone: Some(DOMAIN.to_owned()),
            parent: Some("org".to_owned()),
            undelegated: false,
            probes: Vec::new(),
            before: None,
            sts_before: None,
            provision: None,
            watched: None,
            calls: Vec::new(),
            answers: of_resolver.chain(of_ns1).collect(),
            policy: None,
        }
    }

    pub(in crate::check) fn anchors(&self) -> Vec<String> {
        self.anchors.clone()
    }

    /// The MX records with a signature that is no longer good.
    pub(in crate::check) fn expire(&mut self) {
        self.own.lasts.1 = -2 * 3600;
        let mx = self.own.signed(&[mx()]);
        self.tell(DOMAIN, Kind::Mx, Told::of(mx));
    }

    /// The zone above vouches by a digest that nobody here knows. RFC 4035, section 5.2.
    pub(in crate::check) fn vouch_by(&mut self, digest: u8) {
        let ds = self.own.ds();
        let kind = DigestType::from(digest);
        let ds = DS::new(ds.key_tag(), Algorithm::ECDSAP256SHA256, kind, ds.digest().to_vec());
        let record =
            Record::from_rdata(self.own.zone.clone(), 3600, RData::DNSSEC(DNSSECRData::DS(ds)));
        self.tell(DOMAIN, Kind::Ds, Told::of(self.org.signed(&[record])));
    }

    /// The zone above proves that it does not vouch.
    pub(in crate::check) fn without_ds(&mut self) {
        let nsec = self.org.nsec(DOMAIN, "zz.org", &[RecordType::NS, RecordType::RRSIG]);
        self.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, nsec));
        let unsigned = Told::of(vec![mx()]);
        self.tell(DOMAIN, Kind::Mx, unsigned);
    }

    /// An address of a host in the zone, signed or, in a zone above that does not vouch, not.
    pub(in crate::check) fn host(&mut self, host: &str, is_vouched_for: bool) {
        let address = of_text(host, RecordType::A, "192.0.3.25");
        let zone = host.split_once('.').unwrap().1.to_owned();
        let root = &self.root;
        let told = match is_vouched_for {
            true => vec![(host.to_owned(), Kind::A, Told::of(self.own.signed(&[address])))],
            false => {
                let top = zone.rsplit('.').next().unwrap();
                let nsec = root.nsec(top, "zz", &[RecordType::NS]);
                let nothing = Told::nothing(ResponseCode::NoError, nsec);
                vec![
                    (top.to_owned(), Kind::Ds, nothing),
                    (host.to_owned(), Kind::A, Told::of(vec![address])),
                ]
            }
        };
        for (at, kind, told) in told {
            self.tell(&at, kind, told);
        }
        if is_vouched_for {
            let nsec = self.own.nsec(host, DOMAIN, &[RecordType::A]);
            self.tell(host, Kind::Ds, Told::nothing(ResponseCode::NoError, nsec));
        }
    }

    /// A host in the zone, and the certificates that it should show.
    pub(in crate::check) fn certify(&mut self, service: &str, tlsa: &[&str]) {
        let (_, rest) = service.split_once("._tcp.").unwrap();
        self.host(rest, true);
        let nsec = self.own.nsec(rest, service, &[RecordType::A]);
        let below = format!("_tcp.{rest}");
        self.tell(&below, Kind::Ds, Told::nothing(ResponseCode::NoError, nsec));
        let nsec = self.own.nsec(service, DOMAIN, &[RecordType::TLSA]);
        self.tell(service, Kind::Ds, Told::nothing(ResponseCode::NoError, nsec));
        let records = tlsa.iter().map(|text| of_text(service, RecordType::TLSA, text));
        let records: Vec<Record> = records.collect();
        let told = match records.is_empty() {
            true => {
                let nsec = self.own.nsec(rest, DOMAIN, &[RecordType::A]);
                Told::nothing(ResponseCode::NXDomain, nsec)
            }
            false => Told::of(self.own.signed(&records)),
        };
        self.tell(service, Kind::Tlsa, told);
    }

    /// A host in the zone that is only another name for one that is there.
    pub(in crate::check) fn alias(&mut self, host: &str, to: &str) {
        let alias = of_text(host, RecordType::CNAME, &format!("{to}."));
        let mut records = self.own.signed(&[alias]);
        self.tell(host, Kind::Ds, Told::of(records.clone()));
        records.extend(self.own.signed(&[of_text(to, RecordType::A, "192.0.3.25")]));
        self.tell(host, Kind::A, Told::of(records));
    }

    fn security(&self, at: &str, kind: Kind) -> Security {
        let facts = self.facts();
        Chain::new(&facts, &self.anchors).security(at, kind).0
    }

    fn of_mx(&self) -> Security {
        self.security(DOMAIN, Kind::Mx)
    }
}

fn mx() -> Record {
    of_text(DOMAIN, RecordType::MX, "10 atrn.example.net.")
}

fn certificate(raw: &Record) -> Option<crate::check::facts::Record> {
    let RData::TLSA(tlsa) = &raw.data else { return None };
    let data = Data::Tlsa {
        usage: u8::from(tlsa.cert_usage),
        selector: u8::from(tlsa.selector),
        matching: u8::from(tlsa.matching),
        value: tlsa.cert_data.iter().map(|octet| format!("{octet:02x}")).collect(),
    };
    let name = super::wire::text(&raw.name);
    Some(crate::check::facts::Record { name, ttl: raw.ttl, data })
}

fn answer(server: &Server, at: &str, kind: Kind, told: &Told) -> Answer {
    let octets = told.octets(at, kind);
    let rcode = if told.code == ResponseCode::NXDomain { "NXDOMAIN" } else { "NOERROR" };
    let reply = Reply {
        rcode: rcode.to_owned(),
        aa: server.role == Role::Authority,
        octets: octets.len(),
        answer: told.answers.iter().filter_map(certificate).collect(),
        wire: Some(BASE64.encode(octets)),
        ..Reply::default()
    };
    Answer {
        id: "q1".to_owned(),
        server: server.clone(),
        transport: Transport::Udp,
        name: at.to_owned(),
        kind,
        manner: Manner::Signed,
        flight: 1,
        outcome: Outcome::Reply(reply),
        ms: 1,
    }
}

#[track_caller]
fn is_bogus(security: Security, because: &str) {
    match security {
        Security::Bogus(why) => assert!(why.contains(because), "{why}"),
        other => panic!("{other:?}; expected: {because}"),
    }
}

#[track_caller]
fn is_insecure(security: Security, because: &str) {
    match security {
        Security::Insecure(why) => assert!(why.contains(because), "{why}"),
        other => panic!("{other:?}; expected: {because}"),
    }
}

#[track_caller]
fn is_unknown(security: Security, because: &str) {
    match security {
        Security::Unknown(why) => assert!(why.contains(because), "{why}"),
        other => panic!("{other:?}; expected: {because}"),
    }
}

#[test]
fn what_is_signed_from_the_anchor_on_is_secure() {
    assert_eq!(Signed::good().of_mx(), Security::Secure);
    let mut nearer = Signed::good();
    let ds = nearer.own.ds();
    let digest: String = ds.digest().iter().map(|octet| format!("{octet:02x}")).collect();
    nearer.anchors = vec![format!("{DOMAIN}. DS {} 13 2 {digest}", ds.key_tag())];
    nearer.told.retain(|(at, _), _| at == DOMAIN);
    assert_eq!(nearer.of_mx(), Security::Secure, "from an anchor at the zone itself");
    let mut by_key = Signed::good();
    let key = by_key.root.dnskey();
    let octets = BASE64.encode(key.public_key().public_bytes());
    by_key.anchors = vec![format!(". 3600 IN DNSKEY 257 3 13 {octets}")];
    assert_eq!(by_key.of_mx(), Security::Secure, "from a key");
}

type Change = fn(&mut Signed);

#[test]
fn a_signature_that_is_not_good_is_told_with_its_reason() {
    let cases: &[(&str, Change)] = &[
        ("expired 2 h ago", Signed::expire),
        ("is good in 3 h only", |s| {
            s.own.lasts.0 = 2 * 3600;
            s.tell_all();
        }),
        ("org vouches for none of the keys of example.org", |s| {
            s.own = Signer::new(DOMAIN);
            let ds = s.told[&(DOMAIN.to_owned(), Kind::Ds)].clone();
            s.tell_all();
            s.tell(DOMAIN, Kind::Ds, ds);
        }),
        ("which example.org does not have", |s| {
            let other = Signer::new(DOMAIN);
            s.tell(DOMAIN, Kind::Mx, Told::of(other.signed(&[mx()])));
        }),
        ("does not fit them", |s| {
            let mut records = s.own.signed(&[mx()]);
            records[0] = of_text(DOMAIN, RecordType::MX, "10 mail.example.com.");
            s.tell(DOMAIN, Kind::Mx, Told::of(records));
        }),
        ("there is no signature of the MX records", |s| {
            s.tell(DOMAIN, Kind::Mx, Told::of(vec![mx()]));
        }),
        ("is one of org, not of example.org", |s| {
            s.tell(DOMAIN, Kind::Mx, Told::of(s.org.signed(&[mx()])));
        }),
        ("has none", |s| {
            let nothing = Told::nothing(ResponseCode::NoError, Vec::new());
            s.tell(DOMAIN, Kind::Dnskey, nothing);
        }),
        ("none of the keys of . is one that is trusted", |s| s.anchors[0] = of_another()),
        ("of the DS records of org expired", |s| {
            s.root.lasts.1 = -3600;
            let ds = RData::DNSSEC(DNSSECRData::DS(s.org.ds()));
            s.tell("org", Kind::Ds, Told::of(s.root.signed(&[record("org", ds)])));
        }),
    ];
    for (why, spoil) in cases {
        let mut signed = Signed::good();
        spoil(&mut signed);
        is_bogus(signed.of_mx(), why);
    }
}

fn of_another() -> String {
    format!(". IN DS 7 13 2 {}", "00".repeat(32))
}

#[test]
fn what_nobody_vouches_for_is_insecure_and_that_takes_a_proof() {
    let mut signed = Signed::good();
    signed.without_ds();
    is_insecure(signed.of_mx(), "org does not vouch for example.org");
    let unproven = Told::nothing(ResponseCode::NoError, Vec::new());
    signed.tell(DOMAIN, Kind::Ds, unproven);
    is_bogus(signed.of_mx(), "there is no NSEC or NSEC3 record");
    let by_child = signed.own.nsec(DOMAIN, DOMAIN, &[RecordType::NS, RecordType::SOA]);
    signed.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, by_child));
    is_bogus(signed.of_mx(), "is one of example.org, not of org");
    let with_ds = signed.org.nsec(DOMAIN, "zz.org", &[RecordType::NS, RecordType::DS]);
    signed.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, with_ds));
    is_bogus(signed.of_mx(), "is said to be there");
}

/// RFC 4035, section 4.3.
#[test]
fn below_a_zone_that_nobody_vouches_for_it_does_not_take_the_records_to_know() {
    let mut signed = Signed::good();
    signed.told.remove(&(DOMAIN.to_owned(), Kind::Mx));
    is_unknown(signed.of_mx(), "nobody told the MX records of example.org");
    signed.without_ds();
    signed.told.remove(&(DOMAIN.to_owned(), Kind::Mx));
    is_insecure(signed.of_mx(), "org does not vouch for example.org");
}

#[test]
fn what_may_be_left_out_of_the_hashes_is_insecure() {
    let mut signed = Signed::good();
    let mut proof = signed.org.nsec3("org", false, true, &[RecordType::NS, RecordType::SOA]);
    proof.extend(signed.org.nsec3(DOMAIN, true, true, &[RecordType::NS]));
    signed.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, proof));
    signed.tell(DOMAIN, Kind::Mx, Told::of(vec![mx()]));
    is_insecure(signed.of_mx(), "does not vouch");
    let proof = signed.org.nsec3(DOMAIN, false, false, &[RecordType::NS]);
    signed.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, proof));
    is_insecure(signed.of_mx(), "does not vouch");
    let proof = signed.org.nsec3_rounds(DOMAIN, false, false, &[RecordType::NS], 500);
    signed.tell(DOMAIN, Kind::Ds, Told::nothing(ResponseCode::NoError, proof));
    is_insecure(signed.of_mx(), "hashed 500 times");
}

#[test]
fn a_way_of_signing_that_nobody_knows_is_no_signature() {
    let mut signed = Signed::good();
    let ds = DS::new(7, Algorithm::Unknown(200), DigestType::SHA256, vec![0; 32]);
    let ds = record(DOMAIN, RData::DNSSEC(DNSSECRData::DS(ds)));
    let ds = signed.org.signed(&[ds]);
    signed.tell(DOMAIN, Kind::Ds, Told::of(ds));
    is_insecure(signed.of_mx(), "in a way that nobody can check here");
}

#[test]
fn what_was_not_told_is_not_known() {
    for (at, kind) in [(".", Kind::Dnskey), ("org", Kind::Ds), (DOMAIN, Kind::Dnskey)] {
        let mut signed = Signed::good();
        signed.told.remove(&(at.to_owned(), kind));
        is_unknown(signed.of_mx(), "nobody told");
    }
    let mut stripped = Signed::good();
    for told in stripped.told.values_mut() {
        told.answers.retain(|record| record.record_type() != RecordType::RRSIG);
    }
    is_unknown(stripped.of_mx(), "where the resolver keeps them to itself ask another");
    let facts = Signed::good().facts();
    is_bogus(Chain::new(&facts, &[]).security(DOMAIN, Kind::Mx).0, "is trusted");
}

/// What is told of a host's certificates, and the proof; and why it is none.
type Denied = (&'static str, ResponseCode, fn(&Signer) -> Vec<Record>, Option<&'static str>);

const GONE: ResponseCode = ResponseCode::NXDomain;
const NONE: ResponseCode = ResponseCode::NoError;

const DENIALS: &[Denied] = &[
    ("not there", GONE, |z| z.nsec(DOMAIN, DOMAIN, &[RecordType::SOA, RecordType::NS]), None),
    ("there", GONE, |z| z.nsec("mail.example.org", DOMAIN, &[RecordType::A]), Some("be there")),
    ("no such record", NONE, |z| z.nsec("mail.example.org", DOMAIN, &[RecordType::A]), None),
    (
        "such a record",
        NONE,
        |z| z.nsec("mail.example.org", DOMAIN, &[RecordType::TLSA]),
        Some("be there"),
    ),
    (
        "an alias",
        NONE,
        |z| z.nsec("mail.example.org", DOMAIN, &[RecordType::CNAME]),
        Some("be there"),
    ),
    (
        "elsewhere",
        NONE,
        |z| z.nsec("x.example.org", DOMAIN, &[RecordType::A]),
        Some("about the name"),
    ),
    ("names below", NONE, |z| z.nsec(DOMAIN, "a.mail.example.org", &[RecordType::SOA]), None),
    (
        "names below, gone",
        GONE,
        |z| z.nsec(DOMAIN, "a.mail.example.org", &[RecordType::SOA]),
        Some("below it"),
    ),
    ("a wildcard without one", NONE, |z| z.nsec("*.example.org", DOMAIN, &[RecordType::A]), None),
    (
        "a wildcard with one",
        NONE,
        |z| z.nsec("*.example.org", DOMAIN, &[RecordType::TLSA]),
        Some("be there"),
    ),
    (
        "a delegation",
        NONE,
        |z| z.nsec("mail.example.org", DOMAIN, &[RecordType::NS]),
        Some("above"),
    ),
    ("nothing at all", NONE, |_| Vec::new(), Some("no NSEC")),
    (
        "hashed, no such record",
        NONE,
        |z| z.nsec3("mail.example.org", false, false, &[RecordType::A]),
        None,
    ),
    (
        "hashed, such a record",
        NONE,
        |z| z.nsec3("mail.example.org", false, false, &[RecordType::TLSA]),
        Some("be there"),
    ),
    ("hashed, gone", GONE, |z| three_hashes(z), None),
    ("hashed, half", GONE, |z| z.nsec3("mail.example.org", true, false, &[]), Some("above it")),
];

#[test]
fn that_there_is_nothing_is_secure_when_it_is_proven() {
    let host = "mail.example.org";
    for (what, code, proof, amiss) in DENIALS {
        let mut signed = Signed::good();
        let nsec = signed.own.nsec(host, "zz.example.org", &[RecordType::MX]);
        signed.tell(host, Kind::Ds, Told::nothing(NONE, nsec));
        let proof = proof(&signed.own);
        signed.tell(host, Kind::Tlsa, Told::nothing(*code, proof));
        let security = signed.security(host, Kind::Tlsa);
        match amiss {
            None => assert_eq!(security, Security::Secure, "{what}"),
            Some(why) => is_bogus(security, why),
        }
    }
}

/// The nearest name that is there, the next one that is not, and the wildcard that is not either.
fn three_hashes(zone: &Signer) -> Vec<Record> {
    let mut proof = zone.nsec3(DOMAIN, false, false, &[RecordType::SOA, RecordType::NS]);
    proof.extend(zone.nsec3("mail.example.org", true, false, &[RecordType::A]));
    proof.extend(zone.nsec3("*.example.org", true, false, &[RecordType::A]));
    proof
}

#[test]
fn a_record_of_a_wildcard_needs_the_proof_that_there_is_none_nearer() {
    let host = "mail.example.org";
    let mut signed = Signed::good();
    let nsec = signed.own.nsec("*.example.org", DOMAIN, &[RecordType::A]);
    signed.tell(host, Kind::Ds, Told::nothing(ResponseCode::NoError, nsec.clone()));
    let of_wildcard =
        signed.own.signed_as(&[of_text("*.example.org", RecordType::A, "192.0.3.25")], 2);
    let expanded: Vec<Record> = of_wildcard
        .into_iter()
        .map(|record| Record::from_rdata(name(host), 3600, record.data))
        .collect();
    signed.tell(host, Kind::A, Told::of(expanded.clone()));
    is_bogus(signed.security(host, Kind::A), "no NSEC");
    signed.tell(host, Kind::A, Told { authorities: nsec, ..Told::of(expanded) });
    assert_eq!(signed.security(host, Kind::A), Security::Secure);
}

#[test]
fn an_alias_is_as_secure_as_its_end() {
    let (host, end) = ("mail.example.org", "atrn.example.com");
    let mut signed = Signed::good();
    signed.host(end, false);
    let alias = of_text(host, RecordType::CNAME, "atrn.example.com.");
    let mut records = signed.own.signed(&[alias]);
    signed.tell(host, Kind::Ds, Told::of(records.clone()));
    records.push(of_text(end, RecordType::A, "192.0.3.25"));
    signed.tell(host, Kind::A, Told::of(records));
    is_insecure(signed.security(host, Kind::A), ". does not vouch for com");
    let unsigned = vec![of_text(host, RecordType::CNAME, "atrn.example.com.")];
    signed.tell(host, Kind::A, Told::of(unsigned));
    is_bogus(signed.security(host, Kind::A), "no signature of the CNAME");
}

#[test]
fn a_server_of_the_zone_with_old_signatures_is_seen() {
    let mut signed = Signed::good();
    let mut old = Signed::good();
    std::mem::swap(&mut old.own, &mut signed.own);
    signed.tell_all();
    signed.own.lasts.1 = -3600;
    let told = Told::of(signed.own.signed(&[mx()]));
    signed.at_ns1.push((DOMAIN.to_owned(), Kind::Mx, told));
    let facts = signed.facts();
    let chain = Chain::new(&facts, &signed.anchors);
    assert_eq!(chain.security(DOMAIN, Kind::Mx).0, Security::Secure);
    let at_servers: Vec<_> = chain.at_servers().collect();
    assert_eq!(at_servers.len(), 1);
    is_bogus(at_servers[0].2.clone(), "expired 1 h ago");
}

#[test]
fn who_wants_us_busy_does_not_get_that() {
    let mut signed = Signed::good();
    let key = RData::DNSSEC(DNSSECRData::DNSKEY(signed.own.dnskey()));
    let other = Signer::new(DOMAIN);
    let mut records = vec![mx()];
    for _ in 0..500 {
        let forged = other.signed(&[of_text(DOMAIN, RecordType::MX, "1 x.example.com.")]);
        records.push(forged[1].clone());
    }
    records.push(Record::from_rdata(name(DOMAIN), 3600, key));
    signed.tell(DOMAIN, Kind::Mx, Told::of(records));
    is_bogus(signed.of_mx(), "which example.org does not have");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    /// Whatever happens to a message on its way: what is secure is what was signed.
    #[test]
    fn nobody_changes_what_is_secure(at in 0..2000_usize, bit in 0..8_u8) {
        let signed = Signed::good();
        let mut facts = signed.facts();
        let is_mx = |answer: &&mut Answer| answer.kind == Kind::Mx;
        let answer = facts.answers.iter_mut().find(is_mx).unwrap();
        let Outcome::Reply(reply) = &mut answer.outcome else { unreachable!() };
        let mut octets = BASE64.decode(reply.wire.as_ref().unwrap()).unwrap();
        let at = at % octets.len();
        octets[at] ^= 1 << bit;
        let read = Message::from_vec(&octets);
        reply.wire = Some(BASE64.encode(&octets));
        if Chain::new(&facts, &signed.anchors).security(DOMAIN, Kind::Mx).0 == Security::Secure {
            let read = read.unwrap();
            let told = read.answers.iter().find(|record| record.record_type() == RecordType::MX);
            let told = told.unwrap();
            proptest::prop_assert_eq!((&told.name, &told.data), (&mx().name, &mx().data));
        }
    }
}
