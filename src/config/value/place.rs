//! Where to listen, whom to call, where to deliver.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::Written;
use crate::smtp::Domain;

/// Where to listen: `192.0.2.1:25`, `[::1]:25`, or `:25` for every address of both families.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listen {
    /// Every address, IPv6 and IPv4, at this port.
    Everywhere(u16),
    /// This address alone.
    At(SocketAddr),
}

impl Listen {
    /// The sockets to bind. An IPv6 one is meant for IPv6 alone.
    pub fn sockets(self) -> Vec<SocketAddr> {
        match self {
            Listen::At(address) => vec![address],
            Listen::Everywhere(port) => {
                vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
            }
        }
    }
}

impl Written for Listen {
    const ALLOWED: &'static str = "an address and port like :25, 192.0.2.1:25 or [::1]:25";

    fn read(text: &str) -> Option<Listen> {
        match text.strip_prefix(':') {
            Some(port) => port.parse().ok().map(Listen::Everywhere),
            None => text.parse().ok().map(Listen::At),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Everywhere(port) => write!(f, ":{port}"),
            Listen::At(address) => write!(f, "{address}"),
        }
    }
}

impl fmt::Debug for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A host to call: a name, or an address without brackets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Server {
    /// To be looked up.
    Name(Domain),
    /// To be called as it is.
    Address(IpAddr),
}

impl Written for Server {
    const ALLOWED: &'static str = "a host name or address, like odmr.example.net";

    fn read(text: &str) -> Option<Server> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse() {
            Ok(address) => Some(Server::Address(address)),
            Err(_) => Domain::parse(text).ok().map(Server::Name),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Name(name) => name.fmt(f),
            Server::Address(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address of this machine, from which to call.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnAddress(pub IpAddr);

impl Written for OwnAddress {
    const ALLOWED: &'static str = "an address of this machine, like 192.0.2.7 or 2001:db8::7";

    fn read(text: &str) -> Option<OwnAddress> {
        text.parse().ok().map(OwnAddress)
    }
}

impl fmt::Display for OwnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OwnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A SOCKS proxy, `socks5://HOST:PORT`. RFC 1928.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The host it runs on.
    pub host: Server,
    /// Its port.
    pub port: u16,
}

impl Written for Proxy {
    const ALLOWED: &'static str = "socks5://HOST:PORT, like socks5://127.0.0.1:9050";

    fn read(text: &str) -> Option<Proxy> {
        let place = text.strip_prefix("socks5://")?;
        host_and_port(place).map(|(host, port)| Proxy { host, port })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Server::Address(IpAddr::V6(address)) => write!(f, "socks5://[{address}]:{}", self.port),
            ref host => write!(f, "socks5://{host}:{}", self.port),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where fetched mail goes.
#[derive(Clone, PartialEq, Eq)]
pub enum Deliver {
    /// `smtp:HOST:PORT`: a local MTA.
    Smtp(Server, u16),
    /// `lmtp:HOST:PORT`: a local delivery agent. RFC 2033.
    Lmtp(Server, u16),
    /// `lmtp:unix:PATH`: the same behind a socket in the file system.
    LmtpUnix(PathBuf),
    /// `maildir:PATH`: a folder of our own.
    Maildir(PathBuf),
    /// `command:PATH`: a program, run for each mail.
    Command(PathBuf),
}

impl Written for Deliver {
    const ALLOWED: &'static str =
        "smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH, maildir:/PATH or command:/PATH";

    fn read(text: &str) -> Option<Deliver> {
        let (kind, place) = text.split_once(':')?;
        match (kind, place.strip_prefix("unix:")) {
            ("smtp", None) => host_and_port(place).map(|(host, port)| Deliver::Smtp(host, port)),
            ("lmtp", Some(path)) => some_path(path).map(Deliver::LmtpUnix),
            ("lmtp", None) => host_and_port(place).map(|(host, port)| Deliver::Lmtp(host, port)),
            ("maildir", None) => some_path(place).map(Deliver::Maildir),
            ("command", None) => some_path(place).map(Deliver::Command),
            _ => None,
        }
    }
}

fn host_and_port(text: &str) -> Option<(Server, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    // Without its brackets the last group of an IPv6 address would pass for a port.
    if host.contains(':') && !host.starts_with('[') {
        return None;
    }
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some((Server::read(host)?, port))
}

fn some_path(text: &str) -> Option<PathBuf> {
    Some(text).filter(|text| !text.is_empty()).map(PathBuf::from)
}

impl Deliver {
    /// The path in it, if there is one, made to start somewhere.
    pub fn map_path(self, place: impl Fn(&Path) -> PathBuf) -> Deliver {
        match self {
            Deliver::LmtpUnix(path) => Deliver::LmtpUnix(place(&path)),
            Deliver::Maildir(path) => Deliver::Maildir(place(&path)),
            Deliver::Command(path) => Deliver::Command(place(&path)),
            elsewhere => elsewhere,
        }
    }
}

impl fmt::Display for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, host, port) = match self {
            Deliver::LmtpUnix(path) => return write!(f, "lmtp:unix:{}", path.display()),
            Deliver::Maildir(path) => return write!(f, "maildir:{}", path.display()),
            Deliver::Command(path) => return write!(f, "command:{}", path.display()),
            Deliver::Smtp(host, port) => ("smtp", host, port),
            Deliver::Lmtp(host, port) => ("lmtp", host, port),
        };
        match host {
            Server::Address(IpAddr::V6(address)) => write!(f, "{kind}:[{address}]:{port}"),
            host => write!(f, "{kind}:{host}:{port}"),
        }
    }
}

impl fmt::Debug for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
