//! The kinds of values that settings files and command lines share: durations, sizes, addresses.
//!
//! Each kind reads one text form, prints it back so that it reads the same, and can say in a few
//! words what it allows. Files and flags meet the very same reader.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration as StdDuration;

use serde::de::{Error, Unexpected};

use crate::smtp::{Domain, Mailbox};

/// A text that is no value of its kind: what was seen, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("saw {seen:?}; allowed: {allowed}")]
pub struct BadValue {
    seen: String,
    allowed: &'static str,
}

/// A kind of value that is written as text.
pub trait Written: Sized {
    /// What may be written, as in "a size like 50 MiB".
    const ALLOWED: &'static str;

    /// Reads the text; `None` when it is no such value.
    fn read(text: &str) -> Option<Self>;
}

/// Reads a value from text.
///
/// # Errors
/// [`BadValue`], which names what is allowed.
pub fn read<T: Written>(text: &str) -> Result<T, BadValue> {
    T::read(text).ok_or_else(|| BadValue { seen: text.to_owned(), allowed: T::ALLOWED })
}

struct Reader<T>(std::marker::PhantomData<T>);

impl<T: Written> serde::de::Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::ALLOWED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Teaches serde a kind: strings in, strings out.
macro_rules! written {
    ($($kind:ty),*) => {$(
        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Reader(std::marker::PhantomData))
            }
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}

/// Teaches the command line a kind.
macro_rules! from_text {
    ($($kind:ty),*) => {$(
        impl FromStr for $kind {
            type Err = BadValue;
            fn from_str(text: &str) -> Result<Self, BadValue> {
                read(text)
            }
        }
    )*};
}

written!(Duration, Size, Listen, Server, Fingerprint, Deliver, Domain, Mailbox);
from_text!(Duration, Size, Listen, Server, Fingerprint, Deliver);

/// A length of time, as in `90s`, `10m30s`, `24h` or `21d`. A day has 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Duration(pub StdDuration);

impl Duration {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Duration {
        Duration(StdDuration::from_secs(seconds))
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Duration {
        Duration::seconds(minutes * 60)
    }

    /// So many hours.
    pub const fn hours(hours: u64) -> Duration {
        Duration::minutes(hours * 60)
    }

    /// So many days of 24 hours.
    pub const fn days(days: u64) -> Duration {
        Duration::hours(days * 24)
    }

    /// The value for a clock.
    pub const fn get(self) -> StdDuration {
        self.0
    }
}

impl Written for Duration {
    const ALLOWED: &'static str = "a duration like 90s, 10m30s, 24h or 21d";

    fn read(text: &str) -> Option<Duration> {
        let span: jiff::Span = text.parse().ok()?;
        let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
        StdDuration::try_from(duration).ok().map(Duration)
    }
}

/// In the largest units that lose nothing: `10m30s`, `21d`, `0s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        let units = [
            (seconds / 86400, "d"),
            (seconds / 3600 % 24, "h"),
            (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
            (u64::from(millis), "ms"),
        ];
        if seconds == 0 && millis == 0 {
            return f.write_str("0s");
        }
        units.iter().filter(|(n, _)| *n > 0).try_for_each(|(n, unit)| write!(f, "{n}{unit}"))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number of octets, as in `50 MiB`, `1GB` or `65536`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// So many MiB.
    pub const fn mebibytes(mebibytes: u64) -> Size {
        Size(mebibytes << 20)
    }

    /// The octets.
    pub const fn octets(self) -> u64 {
        self.0
    }
}

impl Written for Size {
    const ALLOWED: &'static str = "a size like 50 MiB, 1 GB or 65536";

    fn read(text: &str) -> Option<Size> {
        text.parse::<bytesize::ByteSize>().ok().map(|size| Size(size.as_u64()))
    }
}

/// In the largest binary unit that loses nothing.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let whole = |shift: u32| self.0 > 0 && self.0.trailing_zeros() >= shift;
        match units.iter().find(|(shift, _)| whole(*shift)) {
            Some((shift, unit)) => write!(f, "{} {unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

/// The SHA-256 of a certificate in DER, written `sha256:` and 64 hexadecimal digits, colons between
/// them allowed, as `openssl x509 -fingerprint -sha256` prints them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Written for Fingerprint {
    const ALLOWED: &'static str = "sha256: and 64 hexadecimal digits";

    fn read(text: &str) -> Option<Fingerprint> {
        let digits =
            text.split_at_checked(7).filter(|(tag, _)| tag.eq_ignore_ascii_case("sha256:"));
        let hex: String = digits?.1.chars().filter(|c| *c != ':').collect();
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut octets = [0; 32];
        for (octet, pair) in octets.iter_mut().zip(hex.as_bytes().chunks(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Fingerprint(octets))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
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
}

impl Written for Deliver {
    const ALLOWED: &'static str =
        "smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:/PATH or maildir:/PATH";

    fn read(text: &str) -> Option<Deliver> {
        let (kind, place) = text.split_once(':')?;
        match (kind, place.strip_prefix("unix:")) {
            ("smtp", None) => host_and_port(place).map(|(host, port)| Deliver::Smtp(host, port)),
            ("lmtp", Some(path)) => some_path(path).map(Deliver::LmtpUnix),
            ("lmtp", None) => host_and_port(place).map(|(host, port)| Deliver::Lmtp(host, port)),
            ("maildir", None) => some_path(place).map(Deliver::Maildir),
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
            elsewhere => elsewhere,
        }
    }
}

impl fmt::Display for Deliver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, host, port) = match self {
            Deliver::LmtpUnix(path) => return write!(f, "lmtp:unix:{}", path.display()),
            Deliver::Maildir(path) => return write!(f, "maildir:{}", path.display()),
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

/// A domain as settings name it: two labels or more, because ATRN knows no others (RFC 2645,
/// section 5.2.1). U-labels are welcome and become A-labels.
impl Written for Domain {
    const ALLOWED: &'static str = "a domain name of two labels or more, like example.org";

    fn read(text: &str) -> Option<Domain> {
        let domain = Domain::parse(text).ok()?;
        Domain::parse_atrn(domain.as_str()).ok()
    }
}

impl Written for Mailbox {
    const ALLOWED: &'static str = "an address like postmaster@example.org";

    fn read(text: &str) -> Option<Mailbox> {
        Mailbox::parse(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prints<T: Written + fmt::Display>(text: &str) -> Option<String> {
        T::read(text).map(|value| value.to_string())
    }

    #[test]
    fn durations() {
        for (text, printed) in [
            ("21d", "21d"),
            ("10m30s", "10m30s"),
            ("10m 30s", "10m30s"),
            ("90s", "1m30s"),
            ("2 weeks", "14d"),
            ("PT1H", "1h"),
            ("0s", "0s"),
            ("1500ms", "1s500ms"),
        ] {
            assert_eq!(prints::<Duration>(text).as_deref(), Some(printed), "{text}");
        }
        for bad in ["", "10", "ten minutes", "-5s", "1 month", "5 parsecs", "9999999999d"] {
            assert_eq!(prints::<Duration>(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        for (text, printed) in [
            ("50 MiB", "50 MiB"),
            ("50MiB", "50 MiB"),
            ("1 GB", "1000000000"),
            ("65536", "64 KiB"),
            ("0", "0"),
        ] {
            assert_eq!(prints::<Size>(text).as_deref(), Some(printed), "{text}");
        }
        for bad in ["", "50 MIX", "-1", "lots", "MiB"] {
            assert_eq!(prints::<Size>(bad), None, "{bad}");
        }
    }

    #[test]
    fn places_to_listen() {
        assert_eq!(Listen::read(":25").unwrap().sockets().len(), 2);
        for text in ["[::]:25", "0.0.0.0:25", "127.0.0.1:0", ":366"] {
            assert_eq!(prints::<Listen>(text).as_deref(), Some(text));
        }
        for bad in ["", "25", ":", ":99999", "localhost:25", "::1:25", "[::1]"] {
            assert_eq!(prints::<Listen>(bad), None, "{bad}");
        }
    }

    #[test]
    fn servers() {
        for text in ["odmr.example.net", "localhost", "192.0.2.1", "2001:db8::1"] {
            assert_eq!(prints::<Server>(text).as_deref(), Some(text));
        }
        assert_eq!(prints::<Server>("[2001:db8::1]").as_deref(), Some("2001:db8::1"));
        for bad in ["", "host:366", "a b", "http://x.org", "x.org/"] {
            assert_eq!(prints::<Server>(bad), None, "{bad}");
        }
    }

    #[test]
    fn places_to_deliver() {
        for text in [
            "smtp:localhost:25",
            "smtp:[::1]:2525",
            "lmtp:192.0.2.1:24",
            "lmtp:unix:/run/dovecot/lmtp",
            "maildir:/home/u/Maildir",
        ] {
            assert_eq!(prints::<Deliver>(text).as_deref(), Some(text));
        }
        for bad in [
            "",
            "smtp",
            "smtp:localhost",
            "smtp:h:0",
            "smtp:::1:25",
            "smtp:unix:/x",
            "lmtp:unix:",
            "maildir:",
            "mda:procmail",
            "Maildir",
        ] {
            assert_eq!(prints::<Deliver>(bad), None, "{bad}");
        }
    }

    #[test]
    fn fingerprints() {
        let hex = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        let printed = format!("sha256:{hex}");
        assert_eq!(prints::<Fingerprint>(&printed).as_ref(), Some(&printed));
        assert_eq!(prints::<Fingerprint>(&format!("SHA256:{colons}")).as_ref(), Some(&printed));
        for bad in ["", "sha256:", "sha1:abcd", &hex, &printed[..70]] {
            assert_eq!(prints::<Fingerprint>(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_bad_value_says_what_is_allowed() {
        let error = "5 parsecs".parse::<Duration>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "saw \"5 parsecs\"; allowed: a duration like 90s, 10m30s, 24h or 21d"
        );
    }

    #[test]
    fn domains_of_settings() {
        assert_eq!(
            prints::<Domain>("B\u{fc}cher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(prints::<Domain>("localhost"), None);
    }

    proptest! {
        #[test]
        fn sizes_and_durations_read_as_they_print(octets: u64, seconds in 0u64..1 << 33) {
            prop_assert_eq!(Size::read(&Size(octets).to_string()), Some(Size(octets)));
            let duration = Duration::seconds(seconds);
            prop_assert_eq!(Duration::read(&duration.to_string()), Some(duration));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (Duration::read(&text), Size::read(&text), Listen::read(&text));
            let _ = (Server::read(&text), Fingerprint::read(&text), Deliver::read(&text));
        }
    }
}
