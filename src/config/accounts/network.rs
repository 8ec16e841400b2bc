//! A range of addresses, as in `192.0.2.0/24`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::config::value::Written;

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is not a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNetwork {
    /// Not an address, a slash and a number of bits.
    #[error("not a network such as 192.0.2.0/24, 2001:db8::/32 or a single address")]
    Syntax,
    /// Bits are set behind the prefix, so one of the two is a slip.
    #[error("has bits set behind its prefix; {0} would hold this address")]
    HostBits(Network),
}

impl Network {
    /// Whether the address is one of these. An IPv4 address counts also where a socket for both
    /// families shows it as `::ffff:192.0.2.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && masked(address, self.bits) == masked(self.address, self.bits)
    }
}

impl Written for Network {
    const ALLOWED: &'static str =
        "a network such as 192.0.2.0/24, without bits behind its prefix, or one address";

    fn read(text: &str) -> Option<Network> {
        text.parse().ok()
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first bits; the rest is zero.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

impl std::str::FromStr for Network {
    type Err = BadNetwork;
    fn from_str(text: &str) -> Result<Network, BadNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadNetwork::Syntax)?;
        let digits = |bits: &str| bits.bytes().all(|b| b.is_ascii_digit());
        let bits = match bits {
            None => width(address),
            Some(bits) if digits(bits) => bits.parse().map_err(|_| BadNetwork::Syntax)?,
            Some(_) => return Err(BadNetwork::Syntax),
        };
        if bits > width(address) {
            return Err(BadNetwork::Syntax);
        }
        let meant = Network { address: masked(address, bits), bits };
        if meant.address == address { Ok(meant) } else { Err(BadNetwork::HostBits(meant)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_its_own() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("::/0", "192.0.2.1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "x", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "::/129"]
        {
            assert_eq!(bad.parse::<Network>(), Err(BadNetwork::Syntax), "{bad:?}");
        }
        let slip = "192.0.2.7/24".parse::<Network>().unwrap_err().to_string();
        assert!(slip.contains("192.0.2.0/24"), "{slip}");
    }
}
