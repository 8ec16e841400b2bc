//! What should be: which servers get a domain's mail, by name and by address. Exact, never a part of a
//! name: `rn.provider.tes` is not `atrn.provider.test`.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What the caller expects of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The servers that should get the mail. Their addresses are looked up and expected too.
    #[serde(default)]
    pub servers: Vec<String>,
    /// Names that are expected whatever their addresses are.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where the expected servers are.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Where the mail is fetched, if not at `servers`.
    #[serde(default)]
    pub queues: Vec<String>,
    /// Other targets that are tolerated.
    #[serde(default)]
    pub allowed: Vec<String>,
    /// Targets of a former provider.
    #[serde(default)]
    pub former: Vec<String>,
    /// The customer's own addresses.
    #[serde(default)]
    pub customer: Vec<Network>,
    /// Other names that should go the same way.
    #[serde(default)]
    pub also: Vec<String>,
    /// The keys that are trusted to begin with, as DS or DNSKEY records in the form of a zone file; the root's
    /// own where there are none.
    #[serde(default)]
    pub anchors: Vec<String>,
    /// Lists of addresses that should have no target (RFC 5782).
    #[serde(default)]
    pub lists: Vec<String>,
    /// The servers send the domain's mail too.
    #[serde(default)]
    pub outbound: bool,
    /// A change is being prepared: long times to live matter.
    #[serde(default)]
    pub change_planned: bool,
    /// Messages of so many octets should be taken.
    #[serde(default)]
    pub min_size: Option<u64>,
    /// The customer's own server takes no larger messages than this, octets.
    #[serde(default)]
    pub max_size: Option<u64>,
    /// The customer calls so often, seconds.
    #[serde(default)]
    pub poll_s: Option<u64>,
    /// The customer may be away for so long, seconds.
    #[serde(default)]
    pub outage_s: Option<u64>,
    /// For whom it is told.
    #[serde(default)]
    pub role: Standpoint,
    /// The MX records are to stay as they were.
    #[serde(default)]
    pub pinned: bool,
}

/// For whom something is told: what he minds, and what he can do about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standpoint {
    /// Whose domain it is: the zone is his to change.
    #[default]
    Customer,
    /// Who holds the mail for it: he can ask the customer.
    Provider,
    /// Somebody else.
    Observer,
}

impl Standpoint {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Standpoint::Customer => "customer",
            Standpoint::Provider => "provider",
            Standpoint::Observer => "observer",
        }
    }

    /// What is no business of his, unless he asks for it: checks and groups.
    pub fn leaves_out(self) -> &'static [&'static str] {
        match self {
            Standpoint::Customer => &[],
            Standpoint::Provider => &["spf", "dmarc", "tlsrpt", "mx.redundancy"],
            Standpoint::Observer => &["in.no-expectation"],
        }
    }

    /// Whose the domain is: `your`, or `the customer's`.
    pub(super) fn whose(self) -> &'static str {
        match self {
            Standpoint::Customer => "your",
            Standpoint::Provider | Standpoint::Observer => "the customer's",
        }
    }
}

impl std::str::FromStr for Standpoint {
    type Err = String;
    fn from_str(text: &str) -> Result<Standpoint, String> {
        let all = [Standpoint::Customer, Standpoint::Provider, Standpoint::Observer];
        let known = all.into_iter().find(|role| role.word() == text);
        known.ok_or_else(|| format!("saw {text:?}; allowed: customer, provider or observer"))
    }
}

/// More of one kind cannot be expected: each is compared with everything.
const MOST: usize = 200;

impl Expectation {
    /// Is more expected than can be judged? Says what, in words.
    pub fn is_too_much(&self) -> Option<String> {
        let counts = [
            self.servers.len() + self.names.len(),
            self.networks.len(),
            self.queues.len(),
            self.allowed.len(),
            self.former.len(),
            self.customer.len(),
            self.also.len(),
            self.lists.len(),
        ];
        let count = counts.into_iter().find(|count| *count > MOST)?;
        Some(format!("{count} of one kind are expected; no more than {MOST} can be"))
    }

    /// Does nobody expect anything?
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.names.is_empty() && self.networks.is_empty()
    }

    /// The servers where the mail is fetched.
    pub fn fetched_at(&self) -> &[String] {
        if self.queues.is_empty() { &self.servers } else { &self.queues }
    }

    /// The names that may be called to fetch it.
    pub fn odmr_names(&self) -> impl Iterator<Item = &str> {
        let names = if self.queues.is_empty() { self.names.as_slice() } else { &[] };
        self.fetched_at().iter().chain(names).map(String::as_str)
    }

    /// The names that should get the mail.
    pub fn expected_names(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().chain(&self.names).map(String::as_str)
    }
}

/// An address, or all that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

impl Network {
    /// Is the address in it? An IPv4 address written as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                (base.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Network {
        let base = address.to_canonical();
        Network { base, bits: if base.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Network::from(self.base).bits == self.bits {
            true => write!(f, "{}", self.base),
            false => write!(f, "{}/{}", self.base, self.bits),
        }
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

impl std::str::FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || {
            let wanted = "an address like 192.0.2.25, or a network like 2001:db8::/48";
            format!("saw {text:?}; expected {wanted}")
        };
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let whole = Network::from(base.parse::<IpAddr>().map_err(|_| wrong())?);
        match bits {
            None => Ok(whole),
            Some(bits) if bits <= whole.bits => Ok(Network { bits, ..whole }),
            Some(_) => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;
    fn try_from(text: String) -> Result<Network, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_holds_what_begins_alike() {
        let holds = |net: &str, ip: &str| network(net).contains(ip.parse().unwrap());
        assert!(holds("192.0.2.25", "192.0.2.25") && !holds("192.0.2.25", "192.0.2.26"));
        assert!(holds("192.0.2.0/24", "192.0.2.255") && !holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("0.0.0.0/0", "9.9.9.9") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("192.0.2.25", "::ffff:192.0.2.25"), "the same host");
    }

    #[test]
    fn it_is_written_as_it_is_read_and_nothing_else_is_one() {
        for text in ["192.0.2.25", "192.0.2.0/24", "2001:db8::1", "2001:db8::/48"] {
            assert_eq!(network(text).to_string(), text);
        }
        for bad in ["", "192.0.2", "192.0.2.0/33", "::/129", "mail.example.net", "192.0.2.1/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_part_of_a_name_is_another_name() {
        let expected =
            Expectation { servers: vec!["atrn.provider.test".into()], ..Default::default() };
        let names_it = |name: &str| expected.expected_names().any(|expected| expected == name);
        assert!(names_it("atrn.provider.test"));
        assert!(!names_it("rn.provider.tes") && !names_it("x.atrn.provider.test"));
    }
}
