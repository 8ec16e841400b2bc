//! The kinds of values that settings files and command lines share: durations, sizes, addresses.
//!
//! Each kind reads one text form, prints it back so that it reads the same, and can say in a few
//! words what it allows. Files and flags meet the very same reader.

mod labels;
mod place;

use std::fmt;
use std::str::FromStr;
use std::time::Duration as StdDuration;

use serde::de::{Error, Unexpected};

use super::accounts::Network;
use crate::smtp::{Domain, Mailbox};

pub use labels::DomainLabels;
pub use place::{Deliver, Listen, OwnAddress, Proxy, Server};

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
    T::read(text).ok_or_else(|| BadValue { seen: without_login(text), allowed: T::ALLOWED })
}

/// A URL's login is nobody's to read in a log.
fn without_login(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://...@{place}"),
        _ => text.to_owned(),
    }
}

struct Reader<T>(std::marker::PhantomData<T>);

impl<T: Written> serde::de::Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::ALLOWED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(&without_login(text)), &self))
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

written!(
    DomainLabels,
    Duration,
    Size,
    Listen,
    Server,
    Fingerprint,
    Deliver,
    OwnAddress,
    Proxy,
    Domain,
    Mailbox,
    Network
);
from_text!(DomainLabels, Duration, Size, Listen, Server, Fingerprint, Deliver, OwnAddress, Proxy);

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
    /// So many KiB.
    pub const fn kibibytes(kibibytes: u64) -> Size {
        Size(kibibytes << 10)
    }

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
mod tests;
