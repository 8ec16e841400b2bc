//! Resolvers as people name them: an address, `dot:HOST` or `doh:URL`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::net::dns::Way;

/// A resolver that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its address.
    At(SocketAddr),
    /// By TLS (RFC 7858).
    Tls {
        /// Its host, a name or an address.
        host: String,
        /// 853 as a rule.
        port: u16,
    },
    /// By HTTPS (RFC 8484).
    Https {
        /// Its host, a name or an address.
        host: String,
        /// 443 as a rule.
        port: u16,
        /// `/dns-query` as a rule.
        path: String,
    },
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |host: &str| match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        match self {
            Named::At(at) => write!(f, "{at}"),
            Named::Tls { host, port } => write!(f, "dot:{}:{port}", place(host)),
            Named::Https { host, port, path } => {
                write!(f, "doh:https://{}:{port}{path}", place(host))
            }
        }
    }
}

/// A resolver, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// Its address and port.
    pub at: SocketAddr,
    /// How it is asked.
    pub way: Way,
    /// What it is called, where an address does not say how it is asked.
    pub name: Option<String>,
}

impl From<SocketAddr> for Resolver {
    fn from(at: SocketAddr) -> Resolver {
        Resolver { at, way: Way::Plain, name: None }
    }
}

const WANTED: &str = "expected an address like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53, or dot:HOST, \
                      or doh:https://HOST/dns-query";

impl FromStr for Named {
    type Err = String;
    fn from_str(text: &str) -> Result<Named, String> {
        if let Some(place) = text.strip_prefix("dot:") {
            let (host, port) = host_and_port(place, 853).ok_or(WANTED)?;
            return Ok(Named::Tls { host, port });
        }
        if let Some(url) = text.strip_prefix("doh:") {
            let url = url.strip_prefix("https://").unwrap_or(url);
            let (place, path) = match url.find('/') {
                Some(at) => url.split_at(at),
                None => (url, "/dns-query"),
            };
            let (host, port) = host_and_port(place, 443).ok_or(WANTED)?;
            let is_path =
                |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b'{' | b'}' | b'#');
            return match path.bytes().all(is_path) {
                true => Ok(Named::Https { host, port, path: path.to_owned() }),
                false => Err(WANTED.to_owned()),
            };
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        text.parse().or(address).map(Named::At).map_err(|_| WANTED.to_owned())
    }
}

fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_string(), usual));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, usual),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bare.unwrap_or(host).trim_end_matches('.');
    let is_letter = |octet: u8| octet.is_ascii_alphanumeric() || b"-.:".contains(&octet);
    let is_host = !bare.is_empty() && bare.len() <= 253 && bare.bytes().all(is_letter);
    (is_host && port > 0).then(|| (bare.to_ascii_lowercase(), port))
}

/// Why a resolver's host was not found; in words, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There is no such host, or it has no address.
    Nowhere(String),
    /// Nobody told, this time.
    Untold(String),
}

impl Lost {
    /// What the system says of a name that it did not find. All that it tells apart is in its words (EAI_AGAIN).
    fn of(host: &str, said: &str) -> Lost {
        let why = format!("{host}: {said}");
        match said.contains("emporary failure") || said.contains("ry again") {
            true => Lost::Untold(why),
            false => Lost::Nowhere(why),
        }
    }
}

impl Named {
    /// Looks the host up where it has a name, and takes the first address of these families.
    ///
    /// # Errors
    /// It has none, or nobody told in time.
    pub async fn find(&self, v4: bool, v6: bool, patience: Duration) -> Result<Resolver, Lost> {
        let (host, port, way, word) = match self {
            Named::At(at) => return Ok(Resolver::from(*at)),
            Named::Tls { host, port } => (host, *port, Way::Tls { name: host.clone() }, "dot"),
            Named::Https { host, port, path } => {
                (host, *port, Way::Https { name: host.clone(), path: path.clone() }, "doh")
            }
        };
        let found = timeout(patience, lookup_host((host.as_str(), port))).await;
        let found = found.map_err(|_| Lost::Untold(format!("{host}: no answer in time")))?;
        let mut found = found.map_err(|error| Lost::of(host, &error.to_string()))?;
        let at = found.find(|at| if at.is_ipv4() { v4 } else { v6 });
        let why = || Lost::Nowhere(format!("{host}: it has no address that may be asked"));
        let at = at.ok_or_else(why)?;
        Ok(Resolver { at, way, name: Some(format!("{word}:{host}")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_there_later_is_not_taken_for_gone() {
        let again = "failed to lookup address information: Temporary failure in name resolution";
        assert!(matches!(Lost::of("dns.example", again), Lost::Untold(_)));
        let gone = "failed to lookup address information: Name or service not known";
        assert_eq!(Lost::of("a", gone), Lost::Nowhere(format!("a: {gone}")));
    }

    #[test]
    fn a_resolver_is_named_as_people_do() {
        let cases = [
            ("192.0.2.53", Named::At("192.0.2.53:53".parse().unwrap())),
            ("192.0.2.53:5353", Named::At("192.0.2.53:5353".parse().unwrap())),
            ("2001:db8::53", Named::At("[2001:db8::53]:53".parse().unwrap())),
            ("[2001:db8::53]", Named::At("[2001:db8::53]:53".parse().unwrap())),
            ("dot:dns.example", Named::Tls { host: "dns.example".into(), port: 853 }),
            ("dot:DNS.example.:8853", Named::Tls { host: "dns.example".into(), port: 8853 }),
            ("dot:[2001:db8::53]:8853", Named::Tls { host: "2001:db8::53".into(), port: 8853 }),
            ("dot:192.0.2.53", Named::Tls { host: "192.0.2.53".into(), port: 853 }),
            (
                "doh:https://dns.example/q",
                Named::Https { host: "dns.example".into(), port: 443, path: "/q".into() },
            ),
            (
                "doh:dns.example:4443",
                Named::Https { host: "dns.example".into(), port: 4443, path: "/dns-query".into() },
            ),
        ];
        for (text, named) in cases {
            assert_eq!(text.parse::<Named>().unwrap(), named, "{text}");
            assert_eq!(named.to_string().parse::<Named>().unwrap(), named, "{text}");
        }
        for bad in [
            "",
            "dns.example",
            "dot:",
            "dot:a b",
            "dot:x:0",
            "dot:x:99999",
            "doh:",
            "doh:/q",
            "doh:http://x/q",
            "doh:x/a b",
            "192.0.2",
        ] {
            assert!(bad.parse::<Named>().is_err(), "{bad}");
        }
    }
}
