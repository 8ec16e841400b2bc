//! The proof that there is no such record: NSEC (RFC 4035, section 5.4; RFC 6840, section 4) and NSEC3
//! (RFC 5155, section 8).

use hickory_resolver::proto::dnssec::Nsec3HashAlgorithm;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC, NSEC3};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::Effort;
use super::set::{self, Keys};

/// With more rounds of hashing a zone is taken for one that is not signed. RFC 9276, section 3.2.
const MOST_ROUNDS: u16 = 150;
/// More records than these no proof takes.
const MOST: usize = 32;

/// Why it is not proven.
pub(super) enum Unproven {
    /// Nobody can know.
    Insecure(String),
    /// It should be.
    Bogus(String),
}

/// Is there a zone cut at a name?
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delegation {
    /// No: the name is in the zone above.
    None,
    /// There is, or may be, and nobody vouches for what is below it.
    Unsigned,
}

type Proof = Result<(), Unproven>;

/// The signed records of a message that say what there is not.
pub(super) struct Denial<'k> {
    keys: &'k Keys,
    effort: &'k Effort,
    plain: Vec<(Name, NSEC)>,
    hashed: Vec<Hashed>,
    /// Why one of them is not believed.
    amiss: Option<String>,
}

struct Hashed {
    owner: Vec<u8>,
    record: NSEC3,
}

impl Hashed {
    /// Does the hash lie between this name's and the next one's?
    fn covers(&self, hash: &[u8]) -> bool {
        let (owner, next) = (self.owner.as_slice(), self.record.next_hashed_owner_name());
        match owner < next {
            true => owner < hash && hash < next,
            false => hash > owner || hash < next,
        }
    }
}

fn bogus<T>(why: impl Into<String>) -> Result<T, Unproven> {
    Err(Unproven::Bogus(why.into()))
}

impl<'k> Denial<'k> {
    /// Those that are signed by the zone.
    pub(super) fn of(
        records: &[Record],
        keys: &'k Keys,
        now: i64,
        effort: &'k Effort,
    ) -> Denial<'k> {
        let mut denial =
            Denial { keys, effort, plain: Vec::new(), hashed: Vec::new(), amiss: None };
        for record in records.iter().take(MOST * 4) {
            let kind = record.record_type();
            let is_one = matches!(kind, RecordType::NSEC | RecordType::NSEC3);
            if !is_one || denial.plain.len() + denial.hashed.len() >= MOST {
                continue;
            }
            match set::verify(records, &record.name, kind, keys, now, effort) {
                // One that a wildcard made says nothing of the name that it is at.
                Ok(signed) if signed.labels == record.name.num_labels() => denial.add(record),
                Ok(_) => {}
                Err(why) => denial.amiss = Some(why),
            }
        }
        denial
    }

    fn add(&mut self, record: &Record) {
        match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
                self.plain.push((record.name.clone(), nsec.clone()));
            }
            RData::DNSSEC(DNSSECRData::NSEC3(nsec))
                if record.name.base_name() == self.keys.zone =>
            {
                let owner = record.name.iter().next().and_then(of_base32);
                self.hashed.extend(owner.map(|owner| Hashed { owner, record: nsec.clone() }));
            }
            _ => {}
        }
    }

    fn missing<T>(&self, what: &str) -> Result<T, Unproven> {
        match (&self.amiss, self.plain.is_empty() && self.hashed.is_empty()) {
            (Some(why), _) => bogus(why.clone()),
            (None, true) => bogus("there is no NSEC or NSEC3 record"),
            (None, false) => bogus(what),
        }
    }

    /// Is it proven that the name has no such records, or, with `is_gone`, is not there at all?
    pub(super) fn denies(&self, name: &Name, kind: RecordType, is_gone: bool) -> Proof {
        match self.hashed.is_empty() {
            true => self.denies_plainly(name, kind, is_gone),
            false => self.denies_by_hash(name, kind, is_gone),
        }
    }

    /// Is it proven that nothing stands between a name and the wildcard, of so many labels, that made it?
    pub(super) fn no_closer(&self, name: &Name, labels: u8) -> Proof {
        if self.hashed.is_empty() {
            return match self.covering(name) {
                Some(_) => Ok(()),
                None => self.missing("no record says that the name itself is not there"),
            };
        }
        let closer = name.trim_to(usize::from(labels) + 1);
        match self.covering_hash(&closer)? {
            Some(_) => Ok(()),
            None => self.missing("no record says that the name itself is not there"),
        }
    }

    /// Is the name, for which the zone above has no DS record, a zone of its own? RFC 6840, section 4.4.
    pub(super) fn delegation(&self, name: &Name, is_gone: bool) -> Result<Delegation, Unproven> {
        let types = match self.matching(name) {
            Some(nsec) => Some(nsec.type_set()),
            None => self.matching_hash(name)?.map(|hashed| hashed.record.type_set()),
        };
        self.denies(name, RecordType::DS, is_gone)?;
        if types.is_some_and(|types| types.contains(RecordType::NS)) {
            return Ok(Delegation::Unsigned);
        }
        match types.is_none() && self.is_opted_out(name)? {
            true => Ok(Delegation::Unsigned),
            false => Ok(Delegation::None),
        }
    }

    fn matching(&self, name: &Name) -> Option<&NSEC> {
        self.plain.iter().find(|(owner, _)| owner == name).map(|(_, nsec)| nsec)
    }

    fn covering(&self, name: &Name) -> Option<&(Name, NSEC)> {
        self.plain.iter().find(|(owner, nsec)| {
            // One from above a zone cut says nothing of what is below it. RFC 6840, section 4.1.
            let is_above_a_cut = nsec.is_ancestor_delegation() && owner.zone_of(name);
            let next = nsec.next_domain_name();
            let is_last = next <= owner && next.zone_of(name);
            !is_above_a_cut && owner < name && (name < next || is_last)
        })
    }

    fn denies_plainly(&self, name: &Name, kind: RecordType, is_gone: bool) -> Proof {
        if let Some(nsec) = self.matching(name) {
            let (types, above) = (nsec.type_set(), nsec.is_ancestor_delegation());
            return without(types, kind, above, is_gone, name.is_root());
        }
        let Some((owner, nsec)) = self.covering(name) else {
            return self.missing("no NSEC record is about the name");
        };
        if name.zone_of(nsec.next_domain_name()) {
            return match is_gone {
                true => bogus("the NSEC record says that there are names below it"),
                false => Ok(()),
            };
        }
        // The nearest name that is there has a name on either side below it.
        let mut nearest = name.base_name();
        while !nearest.zone_of(owner) && !nearest.zone_of(nsec.next_domain_name()) {
            nearest = nearest.base_name();
        }
        let Ok(wildcard) = nearest.prepend_label("*") else {
            return bogus("the name is too long");
        };
        match self.matching(&wildcard) {
            Some(nsec) if !is_gone => {
                let above = nsec.is_ancestor_delegation();
                without(nsec.type_set(), kind, above, false, false)
            }
            _ if self.covering(&wildcard).is_some() && is_gone => Ok(()),
            _ => self.missing("no NSEC record is about the wildcard"),
        }
    }

    fn hash(&self, name: &Name, like: &NSEC3) -> Result<Vec<u8>, Unproven> {
        if like.iterations() > MOST_ROUNDS {
            let what =
                format!("its names are hashed {} times, and nobody checks that", like.iterations());
            return Err(Unproven::Insecure(what));
        }
        if !self.effort.hash() {
            return bogus("too many names had to be hashed");
        }
        let hash = Nsec3HashAlgorithm::SHA1.hash(like.salt(), name, like.iterations());
        hash.map(|hash| hash.as_ref().to_vec()).or_else(|why| bogus(why.to_string()))
    }

    fn find(
        &self,
        name: &Name,
        is_it: fn(&Hashed, &[u8]) -> bool,
    ) -> Result<Option<&Hashed>, Unproven> {
        for hashed in &self.hashed {
            if is_it(hashed, &self.hash(name, &hashed.record)?) {
                return Ok(Some(hashed));
            }
        }
        Ok(None)
    }

    fn matching_hash(&self, name: &Name) -> Result<Option<&Hashed>, Unproven> {
        self.find(name, |hashed, hash| hashed.owner == hash)
    }

    fn covering_hash(&self, name: &Name) -> Result<Option<&Hashed>, Unproven> {
        self.find(name, |hashed, hash| hashed.covers(hash))
    }

    /// The nearest name above that is there, and what says that the next one towards the name is not.
    /// RFC 5155, section 8.3.
    fn nearest(&self, name: &Name) -> Result<(Name, &Hashed), Unproven> {
        let mut closer = name.clone();
        while closer != self.keys.zone && !closer.is_root() {
            let above = closer.base_name();
            if let Some(there) = self.matching_hash(&above)? {
                if there.record.is_ancestor_delegation() {
                    return bogus("the NSEC3 record is from above a zone cut");
                }
                return match self.covering_hash(&closer)? {
                    Some(covering) => Ok((above, covering)),
                    None => self.missing("no NSEC3 record says that the name is not there"),
                };
            }
            closer = above;
        }
        self.missing("no NSEC3 record is about the name or one above it")
    }

    fn is_opted_out(&self, name: &Name) -> Result<bool, Unproven> {
        match self.hashed.is_empty() {
            true => Ok(false),
            false => Ok(self.nearest(name)?.1.record.opt_out()),
        }
    }

    fn denies_by_hash(&self, name: &Name, kind: RecordType, is_gone: bool) -> Proof {
        if let Some(hashed) = self.matching_hash(name)? {
            let (types, above) = (hashed.record.type_set(), hashed.record.is_ancestor_delegation());
            return without(types, kind, above, is_gone, name.is_root());
        }
        let (nearest, covering) = self.nearest(name)?;
        if covering.record.opt_out() && (kind == RecordType::DS || is_gone) {
            return match kind == RecordType::DS {
                true => Ok(()),
                false => {
                    let what =
                        "what is not signed in the zone is not told apart from what is not there";
                    Err(Unproven::Insecure(what.to_owned()))
                }
            };
        }
        let Ok(wildcard) = nearest.prepend_label("*") else {
            return bogus("the name is too long");
        };
        match self.matching_hash(&wildcard)? {
            Some(hashed) if !is_gone => {
                let above = hashed.record.is_ancestor_delegation();
                without(hashed.record.type_set(), kind, above, false, false)
            }
            _ if is_gone && self.covering_hash(&wildcard)?.is_some() => Ok(()),
            _ => self.missing("no NSEC3 record is about the wildcard"),
        }
    }
}

/// Does the list of the types that a name has say that it has none of this one?
fn without(
    types: &hickory_resolver::proto::rr::RecordTypeSet,
    kind: RecordType,
    is_above_a_cut: bool,
    is_gone: bool,
    is_root: bool,
) -> Proof {
    if is_gone {
        return bogus("the name is said to be there");
    }
    if types.contains(kind) || types.contains(RecordType::CNAME) {
        return bogus("such a record, or an alias, is said to be there");
    }
    // The zone above denies what it vouches for, and the zone itself denies all else.
    match kind == RecordType::DS {
        true if types.contains(RecordType::SOA) && !is_root => {
            bogus("the zone itself denies what only the zone above can")
        }
        false if is_above_a_cut => bogus("the zone above denies what only the zone itself can"),
        _ => Ok(()),
    }
}

/// The octets of a label in base 32 with the letters of RFC 4648, section 7.
fn of_base32(label: &[u8]) -> Option<Vec<u8>> {
    let (mut octets, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for letter in label {
        let value = match letter.to_ascii_lowercase() {
            digit @ b'0'..=b'9' => digit - b'0',
            letter @ b'a'..=b'v' => letter - b'a' + 10,
            _ => return None,
        };
        held = (held << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            octets.extend(u8::try_from((held >> bits) & 0xff));
            held &= (1 << bits) - 1;
        }
    }
    Some(octets)
}
