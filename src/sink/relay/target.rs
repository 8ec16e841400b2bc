//! Where the local mail server is, and which of the two dialects it speaks.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// SMTP or its local cousin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host name or IP address, and port.
    Tcp(String, u16),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A server that takes mail: `smtp:localhost:25`, `lmtp:unix:/run/dovecot/lmtp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub address: Address,
}

/// A text that names no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server is named smtp:HOST:PORT, lmtp:HOST:PORT, smtp:unix:PATH or lmtp:unix:PATH")]
pub struct BadTarget;

impl FromStr for Target {
    type Err = BadTarget;
    fn from_str(text: &str) -> Result<Target, BadTarget> {
        let (word, rest) = text.split_once(':').ok_or(BadTarget)?;
        let dialect = match word {
            "smtp" => Dialect::Smtp,
            "lmtp" => Dialect::Lmtp,
            _ => return Err(BadTarget),
        };
        Ok(Target { dialect, address: address(dialect, rest).ok_or(BadTarget)? })
    }
}

fn address(dialect: Dialect, text: &str) -> Option<Address> {
    if let Some(path) = text.strip_prefix("unix:") {
        return path.starts_with('/').then(|| Address::Unix(path.into()));
    }
    let (host, port) = host_and_port(text)?;
    // LMTP has no port of its own, and must not use SMTP's. RFC 2033, section 5.
    let port = match (port, dialect) {
        ("", Dialect::Smtp) => 25,
        (digits, _) => digits.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)?,
    };
    (!host.is_empty() && !host.contains('/')).then(|| Address::Tcp(host.to_owned(), port))
}

/// `[::1]:25` and `host:25`; the port keeps its colon.
fn host_and_port(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(inside) => inside.split_once(']'),
        None => Some(text.split_at(text.find(':').unwrap_or(text.len()))),
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Smtp => "smtp",
            Dialect::Lmtp => "lmtp",
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp(host, port) if host.contains(':') => {
                write!(f, "{}:[{host}]:{port}", self.dialect)
            }
            Address::Tcp(host, port) => write!(f, "{}:{host}:{port}", self.dialect),
            Address::Unix(path) => write!(f, "{}:unix:{}", self.dialect, path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written_alike() {
        for text in
            ["smtp:localhost:25", "lmtp:[::1]:24", "lmtp:unix:/run/lmtp", "smtp:192.0.2.1:2525"]
        {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!("smtp:mx".parse::<Target>().unwrap().to_string(), "smtp:mx:25");
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for bad in [
            "",
            "localhost:25",
            "smtp:",
            "smtp::25",
            "smtp:h:0",
            "smtp:h:x",
            "smtp:h:70000",
            "lmtp:localhost",
            "lmtp:unix:relative",
            "smtp:[::1",
            "smtp:::1:25",
            "smtp:[::1]25",
        ] {
            assert_eq!(bad.parse::<Target>(), Err(BadTarget), "{bad:?}");
        }
    }
}
