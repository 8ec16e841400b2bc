//! Our side of TLS when we call somebody.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::Verifier as PlatformVerifier;
use tokio_rustls::TlsConnector;

use crate::net::WireFault;
use crate::net::tls::files::roots;
use crate::net::tls::verify::{AnyServer, Explaining, Pinned};
use crate::net::tls::{Fingerprint, KeyFiles, TlsSetupError, provider};
use crate::smtp::escape::Escaped;

/// By what a server's certificate is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The roots of this machine, and the name.
    #[default]
    Platform,
    /// The roots in a PEM file and no others, and the name.
    Roots(PathBuf),
    /// One of these very certificates, whatever its name, issuer and dates say.
    Pinned(Vec<Fingerprint>),
    /// None: the line is hidden from who only listens, but not from who answers in the server's
    /// place. For opportunistic TLS, where the alternative is clear text.
    Anyone,
}

/// The least that TLS may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Least {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// How we call with TLS.
#[derive(Clone)]
pub struct TlsClient {
    connector: TlsConnector,
}

impl TlsClient {
    /// Reads roots, and `identity`, the certificate we show if the server asks.
    ///
    /// # Errors
    ///
    /// Names the file, what was seen in it and what was expected.
    pub fn new(trust: &Trust, identity: Option<&KeyFiles>) -> Result<TlsClient, TlsSetupError> {
        TlsClient::at_least(Least::default(), trust, identity)
    }

    /// The same, for servers that speak no less than this.
    ///
    /// # Errors
    ///
    /// Names the file, what was seen in it and what was expected.
    pub fn at_least(
        least: Least,
        trust: &Trust,
        identity: Option<&KeyFiles>,
    ) -> Result<TlsClient, TlsSetupError> {
        let versions: &[&rustls::SupportedProtocolVersion] = match least {
            Least::Tls12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            Least::Tls13 => &[&rustls::version::TLS13],
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(TlsSetupError::Library)?
            .dangerous()
            .with_custom_certificate_verifier(verifier(trust)?);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let shown = rustls::sign::SingleCertAndKey::from(files.load()?);
                builder.with_client_cert_resolver(Arc::new(shown))
            }
        };
        Ok(TlsClient { connector: TlsConnector::from(Arc::new(config)) })
    }

    pub(in crate::net) fn connector(&self) -> &TlsConnector {
        &self.connector
    }

    /// A host as the user wrote it, as TLS wants it: without the root's dot, without brackets.
    pub(in crate::net) fn name(host: &str) -> Result<ServerName<'static>, WireFault> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        ServerName::try_from(bare.to_owned()).map_err(|_| WireFault::Untrusted {
            why: format!(
                "no certificate can be for the name {:?}",
                Escaped::text(host).to_string()
            ),
            hint: "give the host name that stands in its certificate".into(),
        })
    }
}

impl std::fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsClient")
    }
}

pub(super) fn verifier(trust: &Trust) -> Result<Arc<dyn ServerCertVerifier>, TlsSetupError> {
    Ok(match trust {
        Trust::Platform => Arc::new(Explaining(platform()?)),
        Trust::Roots(path) => {
            let inner = WebPkiServerVerifier::builder_with_provider(roots(path)?, provider())
                .build()
                .map_err(|why| TlsSetupError::Unusable {
                    path: path.clone(),
                    why: why.to_string(),
                })?;
            Arc::new(Explaining(inner))
        }
        Trust::Pinned(pins) => Arc::new(Pinned(pins.clone())),
        Trust::Anyone => Arc::new(AnyServer),
    })
}

fn platform() -> Result<Arc<PlatformVerifier>, TlsSetupError> {
    PlatformVerifier::new(provider())
        .map(Arc::new)
        .map_err(|why| TlsSetupError::NoRoots { why: why.to_string() })
}
