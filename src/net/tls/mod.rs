//! Certificates: ours, theirs, and whom we believe.
//!
//! rustls over aws-lc-rs, named explicitly wherever a provider is asked for, so that no other
//! crate's choice of a process-wide default can change ours. TLS 1.2 and 1.3.

mod client;
mod explain;
mod facts;
mod files;
mod fingerprint;
mod inspect;
mod issue;
mod server;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use client::{Least, TlsClient, Trust};
pub(super) use explain::explain;
pub use facts::TlsFacts;
pub use files::{KeyFiles, SelfSigned, self_signed};
pub use fingerprint::{Fingerprint, NotAFingerprint};
pub use inspect::{Inspected, Inspection, Inspector, Voucher};
pub use issue::{Authority, Flaw};
pub use server::{Callers, ClientCertificates, TlsServer};

/// What is wrong with our own certificates, keys or roots: the administrator should act.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Anyone on this machine may read the private key.
    #[error("{0}: mode {mode:03o} lets everybody read this private key; try chmod 640 {0}", path.display())]
    KeyIsPublic {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no PEM section of the kind it should.
    #[error("{}: holds no {expected} in PEM form{seen}", path.display())]
    NothingInside {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What it holds instead, as a clause; may be empty.
        seen: String,
    },
    /// A certificate or key in a file is broken or of a kind we cannot use.
    #[error("{}: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The private key belongs to some other certificate.
    #[error(
        "{} is not the key of the first certificate in {}; \
         the server's own certificate must come first, then its issuers",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        certificate: PathBuf,
    },
    /// This machine has no root certificates to verify peers by.
    #[error("no root certificates: {why}; install ca-certificates, or name a file or fingerprint")]
    NoRoots {
        /// What the platform said.
        why: String,
    },
    /// The TLS library refused the settings.
    #[error("TLS cannot be set up: {0}")]
    Library(rustls::Error),
}

impl TlsSetupError {
    /// The file that is at fault; the key's, where it does not go with its certificate.
    pub fn file(&self) -> Option<&Path> {
        match self {
            TlsSetupError::Unreadable { path, .. }
            | TlsSetupError::KeyIsPublic { path, .. }
            | TlsSetupError::NothingInside { path, .. }
            | TlsSetupError::Unusable { path, .. } => Some(path),
            TlsSetupError::Mismatch { key, .. } => Some(key),
            TlsSetupError::NoRoots { .. } | TlsSetupError::Library(_) => None,
        }
    }
}

/// The one provider of cryptography.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    PROVIDER.clone()
}
