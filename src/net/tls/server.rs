//! Our side of TLS when somebody calls us.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::net::tls::files::{Stamp, roots};
use crate::net::tls::verify::AnyClient;
use crate::net::tls::{KeyFiles, TlsSetupError, provider};

/// Whether callers are asked for a certificate, for SASL EXTERNAL. None is ever required: who
/// has none proves itself in another way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Callers are not asked.
    #[default]
    NotAsked,
    /// Any certificate will do, self-signed or expired too: what counts is that the caller holds
    /// its key, and whose fingerprint it is.
    Any,
    /// Only one signed by a certificate in this PEM file. Another ends the connection.
    SignedBy(PathBuf),
}

/// A certificate and key to serve with, exchanged without dropping a connection.
pub struct TlsServer {
    files: KeyFiles,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// What the next caller is shown.
#[derive(Debug)]
struct Shown(ArcSwap<Loaded>);

#[derive(Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    stamp: Stamp,
    /// In seconds since 1970.
    good_until: Option<i64>,
}

impl TlsServer {
    /// Reads the certificate and key.
    ///
    /// # Errors
    ///
    /// Names the file, what was seen in it and what was expected.
    pub fn load(files: KeyFiles, clients: &ClientCertificates) -> Result<TlsServer, TlsSetupError> {
        let shown = Arc::new(Shown(ArcSwap::from_pointee(Loaded::from(&files)?)));
        let config = config(shown.clone(), clients)?;
        Ok(TlsServer { files, shown, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Reads the files again: for SIGHUP.
    ///
    /// # Errors
    ///
    /// As [`TlsServer::load`]; the old certificate stays in use then.
    pub fn reload(&self) -> Result<(), TlsSetupError> {
        self.shown.0.store(Arc::new(Loaded::from(&self.files)?));
        Ok(())
    }

    /// Reads the files again if they are not those that were read last: to be called now and
    /// then, because what renews certificates seldom tells us. Says whether it did.
    ///
    /// # Errors
    ///
    /// As [`TlsServer::reload`]. A certificate whose key has not been written yet is such an
    /// error, and the next call tries again.
    pub fn reload_if_changed(&self) -> Result<bool, TlsSetupError> {
        let changed = self.files.stamp() != self.shown.0.load().stamp;
        if changed {
            self.reload()?;
        }
        Ok(changed)
    }

    /// When our certificate ends, in seconds since 1970.
    pub fn good_until(&self) -> Option<i64> {
        self.shown.0.load().good_until
    }

    /// The files it reads.
    pub fn files(&self) -> &KeyFiles {
        &self.files
    }

    pub(in crate::net) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

impl std::fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsServer").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Loaded {
    fn from(files: &KeyFiles) -> Result<Loaded, TlsSetupError> {
        let stamp = files.stamp();
        let key = files.load()?;
        let own = key.cert.first().map(|own| x509_parser::parse_x509_certificate(own));
        let own = own.and_then(Result::ok).map(|(_, own)| own.validity().not_after.timestamp());
        Ok(Loaded { key, stamp, good_until: own })
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().key.clone())
    }
}

fn config(shown: Arc<Shown>, clients: &ClientCertificates) -> Result<ServerConfig, TlsSetupError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsSetupError::Library)?;
    let builder = match clients {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        ClientCertificates::Any => builder.with_client_cert_verifier(Arc::new(AnyClient)),
        ClientCertificates::SignedBy(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots(path)?, provider())
                .allow_unauthenticated()
                .build()
                .map_err(|why| TlsSetupError::Unusable {
                    path: path.clone(),
                    why: why.to_string(),
                })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    Ok(builder.with_cert_resolver(shown))
}
