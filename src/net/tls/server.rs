//! Our side of TLS when somebody calls us.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::net::tls::explain::day_of;
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
pub struct TlsServer(ArcSwap<Setup>);

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Those who may log in, by their certificate too.
    Customers,
    /// The world's mail servers. What certificates they hold is nothing to us: one that we would not
    /// trust must not keep their mail out.
    World,
}

struct Setup {
    files: KeyFiles,
    shown: Arc<Shown>,
    customers: TlsAcceptor,
    world: TlsAcceptor,
}

/// What the next caller is shown.
#[derive(Debug)]
struct Shown(ArcSwap<Loaded>);

#[derive(Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    stamp: Stamp,
    /// From when until when it is good, in seconds since 1970.
    good: Option<(i64, i64)>,
}

impl TlsServer {
    /// Reads the certificate and key.
    ///
    /// # Errors
    ///
    /// Names the file, what was seen in it and what was expected.
    pub fn load(files: KeyFiles, clients: &ClientCertificates) -> Result<TlsServer, TlsSetupError> {
        Ok(TlsServer(ArcSwap::from_pointee(Setup::load(files, clients)?)))
    }

    /// Reads the files again.
    ///
    /// # Errors
    ///
    /// As [`TlsServer::load`]; the old certificate stays in use then.
    pub fn reload(&self) -> Result<(), TlsSetupError> {
        let setup = self.0.load();
        setup.shown.0.store(Arc::new(Loaded::from(&setup.files)?));
        Ok(())
    }

    /// Serves from now on as `other` would: for SIGHUP, when the settings may name other files.
    pub fn become_like(&self, other: TlsServer) {
        self.0.store(other.0.into_inner());
    }

    /// Reads the files again if they are not those that were read last: to be called now and
    /// then, because what renews certificates seldom tells us. Says whether it did.
    ///
    /// # Errors
    ///
    /// As [`TlsServer::reload`]. A certificate whose key has not been written yet is such an
    /// error, and the next call tries again.
    pub fn reload_if_changed(&self) -> Result<bool, TlsSetupError> {
        let setup = self.0.load();
        let changed = setup.files.stamp() != setup.shown.0.load().stamp;
        if changed {
            self.reload()?;
        }
        Ok(changed)
    }

    /// When our certificate ends, in seconds since 1970.
    pub fn good_until(&self) -> Option<i64> {
        self.0.load().shown.0.load().good.map(|(_, until)| until)
    }

    /// Why whoever verifies our certificate would refuse it now under this name, and what to do. Whether
    /// its issuer is trusted is for whoever calls to say.
    pub fn what_is_amiss(
        &self,
        name: &str,
        now: jiff::Timestamp,
    ) -> Option<(String, &'static str)> {
        let setup = self.0.load();
        let shown = setup.shown.0.load();
        let now = now.as_second();
        match shown.good {
            Some((_, until)) if until < now => {
                Some((format!("expired on {}", day_of(until)), RENEW))
            }
            Some((from, _)) if from > now => {
                Some((format!("is not good before {}", day_of(from)), "is the clock right?"))
            }
            _ => {
                let own = webpki::EndEntityCert::try_from(shown.key.cert.first()?).ok()?;
                let name = ServerName::try_from(name).ok()?;
                let fits = own.verify_is_valid_for_subject_name(&name).is_ok();
                (!fits).then(|| (format!("is not for {}", name.to_str()), RENAME))
            }
        }
    }

    pub(in crate::net) fn acceptor(&self, callers: Callers) -> TlsAcceptor {
        let setup = self.0.load();
        match callers {
            Callers::Customers => setup.customers.clone(),
            Callers::World => setup.world.clone(),
        }
    }
}

impl Setup {
    fn load(files: KeyFiles, clients: &ClientCertificates) -> Result<Setup, TlsSetupError> {
        let shown = Arc::new(Shown(ArcSwap::from_pointee(Loaded::from(&files)?)));
        let acceptor =
            |clients| Ok(TlsAcceptor::from(Arc::new(config(Arc::clone(&shown), clients)?)));
        let (customers, world) = (acceptor(clients)?, acceptor(&ClientCertificates::NotAsked)?);
        Ok(Setup { files, shown, customers, world })
    }
}

impl std::fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsServer").field("files", &self.0.load().files).finish_non_exhaustive()
    }
}

impl Loaded {
    fn from(files: &KeyFiles) -> Result<Loaded, TlsSetupError> {
        let stamp = files.stamp();
        let key = files.load()?;
        let own = key.cert.first().map(|own| x509_parser::parse_x509_certificate(own));
        let good = own.and_then(Result::ok).map(|(_, own)| {
            let validity = own.validity();
            (validity.not_before.timestamp(), validity.not_after.timestamp())
        });
        Ok(Loaded { key, stamp, good })
    }
}

const RENEW: &str = "peers that verify it refuse it: renew it, and reload";
const RENAME: &str = "customers that call this name refuse it; set hostname to the certificate's name, or have \
                      one made for this";

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
