//! Telling the target for whom we speak, so that it judges the host that sent the mail and not us:
//! Postfix's XCLIENT, or the PROXY protocol, version 1.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ppp::v1::Addresses;

use crate::mail::origin::Origin;
use crate::smtp::xtext;

/// How the target is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Introduction {
    /// Not at all: all mail comes from us.
    #[default]
    None,
    /// By a command before MAIL, on a connection of its own for each host. The target must offer it.
    Xclient,
    /// By a line before its greeting, on a connection of its own for each host. A target that
    /// expects that line hears it on every connection.
    Proxy,
}

/// The command, with those attributes that the target lists. What is not known is said to be so: the
/// target would take our own for it. Without its address where the target knows no such ones: a mail server that
/// speaks IPv4 alone refuses the others.
pub fn xclient(origin: &Origin, listed: &[String], addressed: bool) -> String {
    let mut line = "XCLIENT".to_owned();
    let mut add = |name: &str, value: Option<String>| {
        if listed.iter().any(|one| one == name) {
            let _ = write!(line, " {name}={}", value.as_deref().unwrap_or("[UNAVAILABLE]"));
        }
    };
    let family = if origin.address.is_ipv6() { "IPV6:" } else { "" };
    add("NAME", origin.name.as_deref().map(xtext::encoded));
    add("ADDR", addressed.then(|| format!("{family}{}", origin.address)));
    add("HELO", origin.helo.as_deref().map(xtext::encoded));
    line
}

/// The line before the greeting. `ends` are ours and the target's of this connection, where it has such.
pub fn proxy(origin: Option<&Origin>, ends: Option<(SocketAddr, SocketAddr)>) -> String {
    // Where it is not known, we speak for ourselves: not everybody understands UNKNOWN.
    let ourselves = ends.map(|(ours, _)| ours.ip());
    let Some(address) = origin.map(|origin| origin.address).or(ourselves) else {
        return Addresses::Unknown.to_string();
    };
    // The port it called from is not known; zero is refused by some.
    let from = ends.map_or(1, |(ours, _)| ours.port());
    let (to, port) = ends.map_or((None, 25), |(_, target)| (Some(target.ip()), target.port()));
    match (address, to) {
        (IpAddr::V4(address), Some(IpAddr::V4(to))) => Addresses::new_tcp4(address, to, from, port),
        (IpAddr::V4(address), _) => Addresses::new_tcp4(address, Ipv4Addr::LOCALHOST, from, port),
        (IpAddr::V6(address), Some(IpAddr::V6(to))) => Addresses::new_tcp6(address, to, from, port),
        (IpAddr::V6(address), _) => Addresses::new_tcp6(address, Ipv6Addr::LOCALHOST, from, port),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(address: &str, name: Option<&str>, helo: Option<&str>) -> Origin {
        let (name, helo) = (name.map(str::to_owned), helo.map(str::to_owned));
        Origin { address: address.parse().unwrap(), name, helo }
    }

    #[test]
    fn only_what_is_listed_is_said_and_what_is_unknown_is_said_to_be() {
        let listed = ["NAME", "ADDR", "PORT", "HELO"].map(str::to_owned);
        assert_eq!(
            xclient(&origin("192.0.2.7", Some("m.test"), Some("a+b=c")), &listed, true),
            "XCLIENT NAME=m.test ADDR=192.0.2.7 HELO=a+2Bb+3Dc"
        );
        assert_eq!(
            xclient(&origin("2001:db8::7", None, None), &listed, true),
            "XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 HELO=[UNAVAILABLE]"
        );
        assert_eq!(
            xclient(&origin("192.0.2.7", None, None), &listed[1..2], true),
            "XCLIENT ADDR=192.0.2.7"
        );
        assert_eq!(
            xclient(&origin("2001:db8::7", Some("m.test"), None), &listed[..2], false),
            "XCLIENT NAME=m.test ADDR=[UNAVAILABLE]"
        );
    }

    #[test]
    fn both_addresses_of_a_proxy_line_are_of_one_family() {
        let ends =
            |ours: &str, target: &str| Some((ours.parse().unwrap(), target.parse().unwrap()));
        let (four, six) = (ends("127.0.0.1:4000", "127.0.0.2:25"), ends("[::1]:4000", "[::1]:24"));
        for (address, ends, line) in [
            ("192.0.2.7", four, "PROXY TCP4 192.0.2.7 127.0.0.2 4000 25\r\n"),
            ("192.0.2.7", six, "PROXY TCP4 192.0.2.7 127.0.0.1 4000 24\r\n"),
            ("2001:db8::7", six, "PROXY TCP6 2001:db8::7 ::1 4000 24\r\n"),
            ("2001:db8::7", four, "PROXY TCP6 2001:db8::7 ::1 4000 25\r\n"),
            ("192.0.2.7", None, "PROXY TCP4 192.0.2.7 127.0.0.1 1 25\r\n"),
        ] {
            assert_eq!(proxy(Some(&origin(address, None, None)), ends), line);
        }
        assert_eq!(proxy(None, four), "PROXY TCP4 127.0.0.1 127.0.0.2 4000 25\r\n");
        assert_eq!(proxy(None, None), "PROXY UNKNOWN\r\n");
    }
}
