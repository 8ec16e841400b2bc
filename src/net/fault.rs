//! How a wire fails, sorted by who should act.

use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use crate::net::tls::explain;

/// Why bytes stopped moving.
#[derive(Debug, thiserror::Error)]
pub enum WireFault {
    /// The peer went away where more was expected. Trying again is the right answer.
    #[error("the peer closed the connection")]
    Closed,
    /// A deadline passed. Trying again is the right answer.
    #[error("timed out while {doing}")]
    TimedOut {
        /// What we were at: "waiting for the peer to speak", "agreeing on TLS".
        doing: &'static str,
    },
    /// We refuse the peer's certificate, or it refuses ours: a matter of policy, for a person.
    #[error("{why}")]
    Untrusted {
        /// What was wrong, naming what the certificate says.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// The peer does not speak TLS, or none that we do.
    #[error("{why}")]
    Tls {
        /// What was seen.
        why: String,
        /// What to do about it; may be empty.
        hint: String,
    },
    /// The operating system reported an error. Trying again is the right answer.
    #[error("{0}")]
    Io(io::Error),
}

impl WireFault {
    /// What to do about it, where there is anything to say.
    pub fn hint(&self) -> Option<&str> {
        match self {
            WireFault::Untrusted { hint, .. } | WireFault::Tls { hint, .. } if !hint.is_empty() => {
                Some(hint)
            }
            _ => None,
        }
    }

    /// Does the peer know no version of TLS that we would speak?
    pub fn is_too_old(&self) -> bool {
        self.hint() == Some(TOO_OLD)
    }
}

impl From<io::Error> for WireFault {
    /// Finds the TLS error that `tokio_rustls` wraps into an `io::Error`.
    fn from(error: io::Error) -> WireFault {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => WireFault::from(tls),
            None if error.kind() == io::ErrorKind::UnexpectedEof => WireFault::Closed,
            None => WireFault::Io(error),
        }
    }
}

impl From<&rustls::Error> for WireFault {
    fn from(error: &rustls::Error) -> WireFault {
        match error {
            rustls::Error::InvalidCertificate(fault) => explain(fault),
            rustls::Error::NoCertificatesPresented => explain(&CertificateError::BadEncoding),
            rustls::Error::AlertReceived(alert) => alerted(*alert),
            rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::ServerDoesNotSupportTls12Or13,
            ) => too_old(format!("TLS failed: {error}")),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => not_tls(),
            other => WireFault::Tls { why: format!("TLS failed: {other}"), hint: String::new() },
        }
    }
}

fn not_tls() -> WireFault {
    WireFault::Tls {
        why: "the peer sent something that is not TLS".into(),
        hint: "a port for STARTTLS is not a port for TLS from the first byte, nor the reverse"
            .into(),
    }
}

fn alerted(alert: AlertDescription) -> WireFault {
    use AlertDescription as A;
    let why = format!("the peer ended TLS with the alert {alert:?}");
    match alert {
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::CertificateRequired
        | A::UnknownCA
        | A::AccessDenied => WireFault::Untrusted {
            why,
            hint: "it does not accept our certificate: see what it expects".into(),
        },
        A::ProtocolVersion => too_old(why),
        _ => WireFault::Tls { why, hint: String::new() },
    }
}

/// What is said to who speaks TLS 1.1 at best.
const TOO_OLD: &str = "it speaks no version of TLS that is allowed here";

/// No fault of the line: it is we who do not go that low.
fn too_old(why: String) -> WireFault {
    WireFault::Untrusted { why, hint: TOO_OLD.into() }
}
