//! The chain of trust: from an anchor, by what each zone vouches for, to the records that were told.
//!
//! Nobody is asked here and nobody is believed, a resolver's AD bit least of all: the messages as they were
//! sent are read again, and each signature in them is checked. The arithmetic of the signatures is hickory's.
//!
//! | file | holds |
//! |---|---|
//! | `anchor` | the keys that are trusted to begin with |
//! | `wire` | the messages that were kept, read again |
//! | `set` | one set of records and its signatures |
//! | `denial` | the proof that there is no such record |

pub mod anchor;
mod denial;
mod set;
#[cfg(test)]
pub(in crate::check) mod tests;
mod wire;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use self::anchor::Anchor;
use self::denial::{Delegation, Denial, Unproven};
use self::set::{Keys, Signed};
use self::wire::Heard;
pub use self::wire::{name, record_type, text};
use super::facts::{Answer, Facts, Kind, Role, Server};

/// What the signatures come to. RFC 4035, section 4.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Every signature from the anchor on is good.
    Secure,
    /// It is proven that nobody vouches for it.
    Insecure(String),
    /// It should be secure, and is not.
    Bogus(String),
    /// Nobody told enough ("indeterminate").
    Unknown(String),
}

/// More signatures of one domain are not checked: whoever has more of them wants us busy (CVE-2023-50387).
const MOST_CHECKS: u32 = 4_000;
/// More hashes of names are not made for one domain (CVE-2023-50868).
const MOST_HASHES: u32 = 20_000;
/// Longer chains of aliases are not followed.
const LONGEST_CHAIN: usize = 16;

/// What is known of the chain to a name: the keys of the zone that it is in, or why there are none.
type Reached = Result<Rc<Keys>, Security>;

/// The messages about a domain and its hosts, and what the signatures in them prove.
pub(super) struct Chain<'a> {
    anchors: Vec<Anchor>,
    heard: BTreeMap<(Name, RecordType), Heard<'a>>,
    /// What each server of the zone said of these.
    own: Vec<Heard<'a>>,
    /// Seconds.
    now: i64,
    reached: RefCell<BTreeMap<Name, Reached>>,
    effort: Effort,
}

/// How much may still be computed.
struct Effort {
    checks: Cell<u32>,
    hashes: Cell<u32>,
}

impl Effort {
    fn spend(of: &Cell<u32>) -> bool {
        let left = of.get();
        of.set(left.saturating_sub(1));
        left > 0
    }

    fn check(&self) -> bool {
        Effort::spend(&self.checks)
    }

    fn hash(&self) -> bool {
        Effort::spend(&self.hashes)
    }
}

impl<'a> Chain<'a> {
    /// Reads what was kept. Anchors that cannot be read are none.
    pub(super) fn new(facts: &'a Facts, anchors: &[String]) -> Chain<'a> {
        let mut heard: BTreeMap<(Name, RecordType), Heard<'a>> = BTreeMap::new();
        let mut own = Vec::new();
        for answer in &facts.answers {
            let Some(message) = Heard::of(answer) else { continue };
            match answer.server.role {
                Role::Authority => own.push(message),
                // Of several resolvers the first that passes signatures on.
                _ => match heard.get(&message.question()) {
                    Some(known) if known.has_signatures() || !message.has_signatures() => {}
                    _ => drop(heard.insert(message.question(), message)),
                },
            }
        }
        Chain {
            anchors: anchor::all(anchors),
            heard,
            own,
            now: facts.checked_at.as_second(),
            reached: RefCell::default(),
            effort: Effort { checks: Cell::new(MOST_CHECKS), hashes: Cell::new(MOST_HASHES) },
        }
    }

    /// Was anything heard that could have been signed?
    pub(super) fn is_empty(&self) -> bool {
        self.heard.is_empty() && self.own.is_empty()
    }

    /// Is there an anchor at this very zone?
    pub(super) fn is_anchored_at(&self, zone: &str) -> bool {
        wire::name(zone).is_some_and(|zone| self.anchors.iter().any(|anchor| anchor.zone == zone))
    }

    /// How secure the records of this name are, or that there are none, as resolvers tell; and who said so.
    pub(super) fn security(&self, name: &str, kind: Kind) -> (Security, Vec<String>) {
        let (Some(at), kind) = (wire::name(name), wire::record_type(kind)) else {
            return (Security::Unknown(format!("{name} is no name")), Vec::new());
        };
        match self.heard.get(&(at.clone(), kind)) {
            Some(heard) => (self.of_message(heard), vec![heard.id().to_owned()]),
            // Below a zone that nobody vouches for it does not take them to know. RFC 4035, section 4.3.
            None => match self.keys_for(&at, kind) {
                Err(Security::Insecure(why)) => (Security::Insecure(why), Vec::new()),
                _ => {
                    let why = format!("nobody told the {kind} records of {name}");
                    (Security::Unknown(why), Vec::new())
                }
            },
        }
    }

    /// How secure what each server of the zone itself says is, and which records that is about.
    pub(super) fn at_servers(&self) -> impl Iterator<Item = (&'a Server, &'a Answer, Security)> {
        self.own.iter().map(|heard| {
            let mut security = self.of_message(heard);
            // Where an alias leads elsewhere its servers do not tell what is there.
            if heard.leads_away() && matches!(security, Security::Bogus(_)) {
                security = Security::Unknown("an alias leads out of the zone".to_owned());
            }
            (&heard.answer().server, heard.answer(), security)
        })
    }

    /// The keys that this zone has and that the zone above vouches for by a digest that fits; nothing where
    /// not both were told.
    pub(super) fn vouched(&self, zone: &str) -> Option<Vec<u16>> {
        let zone = wire::name(zone)?;
        let ds = self.heard.get(&(zone.clone(), RecordType::DS))?.ds(&zone);
        let keys = self.heard.get(&(zone.clone(), RecordType::DNSKEY))?.keys(&zone);
        let fits = |key: &DNSKEY| ds.iter().any(|ds| ds.covers(&zone, key).unwrap_or(false));
        let fitting = keys.into_iter().filter(|key| fits(key));
        Some(fitting.filter_map(|key| key.calculate_key_tag().ok()).collect())
    }

    /// Does the zone above vouch for it, and by algorithms and digests only that nobody here knows?
    pub(super) fn is_beyond_us(&self, zone: &str) -> bool {
        let ds = wire::name(zone).and_then(|zone| {
            let heard = self.heard.get(&(zone.clone(), RecordType::DS))?;
            Some(heard.ds(&zone))
        });
        ds.is_some_and(|ds| !ds.is_empty() && usable(ds).is_empty())
    }

    fn of_message(&self, heard: &Heard<'a>) -> Security {
        let (mut at, kind) = heard.question();
        for _ in 0..LONGEST_CHAIN {
            let keys = match self.keys_for(&at, kind) {
                Ok(keys) => keys,
                Err(security) => return security,
            };
            let is_here = heard.has(&at, kind);
            let alias = heard.alias(&at).filter(|_| !is_here);
            let found = if alias.is_some() { RecordType::CNAME } else { kind };
            if !is_here && alias.is_none() {
                return self.denied(heard, &keys, &at, kind);
            }
            // Its CNAME record is made on the way, and signed by nobody. RFC 6672, section 5.3.1.
            if alias.is_some() && heard.has_dname_above(&at) {
                let what = format!("{} is below an alias of a whole zone", text(&at));
                return Security::Unknown(what);
            }
            let security = self.present(heard, &keys, &at, found);
            match alias {
                Some(next) if security == Security::Secure && next != at => at = next,
                _ => return security,
            }
        }
        Security::Bogus("the aliases lead nowhere".to_owned())
    }

    /// The keys that sign this. What a zone vouches for is signed by the one above.
    fn keys_for(&self, name: &Name, kind: RecordType) -> Reached {
        match kind == RecordType::DS && !name.is_root() {
            true => self.reach(&name.base_name()),
            false => self.reach(name),
        }
    }

    fn present(&self, heard: &Heard<'a>, keys: &Keys, at: &Name, kind: RecordType) -> Security {
        let records = heard.answers();
        let signed = match set::verify(records, at, kind, keys, self.now, &self.effort) {
            Ok(signed) => signed,
            Err(why) => return Security::Bogus(why),
        };
        match self.expanded(heard, keys, at, signed) {
            Ok(()) => Security::Secure,
            Err(Unproven::Insecure(why)) => Security::Insecure(why),
            Err(Unproven::Bogus(why)) => Security::Bogus(format!("{kind} of {}: {why}", text(at))),
        }
    }

    /// A record made from a wildcard is that name's only if the name itself is not there. RFC 4035, 5.3.4.
    fn expanded(
        &self,
        heard: &Heard<'a>,
        keys: &Keys,
        at: &Name,
        signed: Signed,
    ) -> Result<(), Unproven> {
        match signed.labels < at.num_labels() {
            true => self.denial(heard, keys).no_closer(at, signed.labels),
            false => Ok(()),
        }
    }

    fn denial<'k>(&'k self, heard: &Heard<'a>, keys: &'k Keys) -> Denial<'k> {
        Denial::of(heard.authorities(), keys, self.now, &self.effort)
    }

    fn denied(&self, heard: &Heard<'a>, keys: &Keys, at: &Name, kind: RecordType) -> Security {
        let is_gone = heard.code() == ResponseCode::NXDomain;
        match self.denial(heard, keys).denies(at, kind, is_gone) {
            Ok(()) => Security::Secure,
            Err(Unproven::Insecure(why)) => Security::Insecure(why),
            Err(Unproven::Bogus(why)) => {
                let what = format!("that {} has no {kind} records is not proven", text(at));
                Security::Bogus(format!("{what}: {why}"))
            }
        }
    }

    /// The keys of the zone that this name is in.
    fn reach(&self, name: &Name) -> Reached {
        if let Some(known) = self.reached.borrow().get(name) {
            return known.clone();
        }
        let reached = match self.anchors.iter().find(|anchor| anchor.zone == *name) {
            Some(anchor) => self.begin(anchor),
            None if name.is_root() => {
                Err(Security::Unknown("no trust anchor is at or above it".to_owned()))
            }
            None => self.reach(&name.base_name()).and_then(|above| self.step(&above, name)),
        };
        self.reached.borrow_mut().insert(name.clone(), reached.clone());
        reached
    }

    fn begin(&self, anchor: &Anchor) -> Reached {
        let zone = &anchor.zone;
        let heard = self.heard_of(zone, RecordType::DNSKEY)?;
        if !heard.has_signatures() {
            let what = format!("no signatures of the keys of {} were told", text(zone));
            let hint = "where the resolver keeps them to itself ask another";
            return Err(Security::Unknown(format!("{what}; {hint}")));
        }
        let (keys, trusted) = (heard.keys(zone), |key: &DNSKEY| anchor.trusts(key));
        let why = format!("none of the keys of {} is one that is trusted", text(zone));
        self.keys(heard, keys, trusted, why)
    }

    /// From the zone above a name to the zone of the name, which may be the same.
    fn step(&self, above: &Rc<Keys>, name: &Name) -> Reached {
        let heard = self.heard_of(name, RecordType::DS)?;
        if !heard.has(name, RecordType::DS) {
            return self.without_ds(heard, above, name);
        }
        let verified =
            set::verify(heard.answers(), name, RecordType::DS, above, self.now, &self.effort);
        verified.map_err(Security::Bogus)?;
        let ds = usable(heard.ds(name));
        if ds.is_empty() {
            let what = format!("{} is signed in a way that nobody can check here", text(name));
            return Err(Security::Insecure(what));
        }
        let heard = self.heard_of(name, RecordType::DNSKEY)?;
        let keys = heard.keys(name);
        if keys.is_empty() {
            let what =
                format!("{} vouches for keys of {}, which has none", text(&above.zone), text(name));
            return Err(Security::Bogus(what));
        }
        let trusted = |key: &DNSKEY| ds.iter().any(|ds| ds.covers(name, key).unwrap_or(false));
        let why = format!("{} vouches for none of the keys of {}", text(&above.zone), text(name));
        self.keys(heard, keys, trusted, why)
    }

    fn without_ds(&self, heard: &Heard<'a>, above: &Rc<Keys>, name: &Name) -> Reached {
        if heard.alias(name).is_some() {
            let kind = RecordType::CNAME;
            let verified = set::verify(heard.answers(), name, kind, above, self.now, &self.effort);
            return verified.map(|_| Rc::clone(above)).map_err(Security::Bogus);
        }
        let is_gone = heard.code() == ResponseCode::NXDomain;
        match self.denial(heard, above).delegation(name, is_gone) {
            Ok(Delegation::None) => Ok(Rc::clone(above)),
            Ok(Delegation::Unsigned) => {
                let what = format!("{} does not vouch for {}", text(&above.zone), text(name));
                Err(Security::Insecure(what))
            }
            Err(Unproven::Insecure(why)) => Err(Security::Insecure(why)),
            Err(Unproven::Bogus(why)) => {
                let what = format!(
                    "that {} does not vouch for {} is not proven",
                    text(&above.zone),
                    text(name)
                );
                Err(Security::Bogus(format!("{what}: {why}")))
            }
        }
    }

    /// The keys of a zone, signed by those of them that are trusted.
    fn keys(
        &self,
        heard: &Heard<'a>,
        keys: Vec<&DNSKEY>,
        is_trusted: impl Fn(&DNSKEY) -> bool,
        why_none: String,
    ) -> Reached {
        let (zone, _) = heard.question();
        let trusted: Vec<DNSKEY> =
            keys.iter().filter(|k| is_trusted(k)).map(|k| (*k).clone()).collect();
        if trusted.is_empty() {
            return Err(Security::Bogus(why_none));
        }
        let (kind, trusted) = (RecordType::DNSKEY, Keys { zone: zone.clone(), keys: trusted });
        set::verify(heard.answers(), &zone, kind, &trusted, self.now, &self.effort)
            .map_err(Security::Bogus)?;
        Ok(Rc::new(Keys { zone, keys: keys.into_iter().cloned().collect() }))
    }

    /// What was heard of this: of resolvers, or of the zone's own servers where nobody else knows it.
    fn heard_of(&self, name: &Name, kind: RecordType) -> Result<&Heard<'a>, Security> {
        let question = (name.clone(), kind);
        let own = || self.own.iter().find(|heard| heard.question() == question);
        let heard = self.heard.get(&question).or_else(own);
        heard.ok_or_else(|| {
            Security::Unknown(format!("nobody told the {kind} records of {}", text(name)))
        })
    }
}

/// Those by which keys can be recognized; SHA-1 only where there is nothing better (RFC 4509, section 3).
fn usable(ds: Vec<&DS>) -> Vec<&DS> {
    let is_known = |ds: &&DS| ds.algorithm().is_supported() && is_checked(ds.digest_type());
    let mut known: Vec<&DS> = ds.into_iter().filter(is_known).collect();
    if known.iter().any(|ds| ds.digest_type() != DigestType::SHA1) {
        known.retain(|ds| ds.digest_type() != DigestType::SHA1);
    }
    known
}

fn is_checked(digest: DigestType) -> bool {
    matches!(digest, DigestType::SHA1 | DigestType::SHA256 | DigestType::SHA384)
}

/// The data of records of these kinds, out of hickory's nests.
fn dnskey(data: &RData) -> Option<&DNSKEY> {
    match data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    }
}

fn ds(data: &RData) -> Option<&DS> {
    match data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
        _ => None,
    }
}

/// The number of an algorithm, for sentences.
fn number(algorithm: Algorithm) -> u8 {
    u8::from(algorithm)
}
