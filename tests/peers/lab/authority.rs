//! A certificate authority for one test, and the certificates it issues.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::{Lab, allow};

/// Signs for the lab; nobody else trusts it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

/// A certificate and its key, as files.
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM, readable by its owner alone.
    pub key: PathBuf,
}

impl Authority {
    /// A new authority whose certificate is `ca.pem` in the lab.
    pub fn new(lab: &Lab) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let file = lab.write("ca.pem", params.self_signed(&key).expect("a certificate").pem());
        Authority { issuer: Issuer::new(params, key), file }
    }

    /// What a peer is told to trust.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A certificate for these DNS names or IP addresses.
    pub fn issue(&self, lab: &Lab, names: &[&str]) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let subject = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(subject).expect("names");
        params.distinguished_name.push(rcgen::DnType::CommonName, names[0]);
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        let certificate = lab.write(&format!("{}.pem", names[0]), signed.pem());
        let key = lab.write(&format!("{}.key", names[0]), key.serialize_pem());
        allow(&key, 0o600);
        Identity { certificate, key }
    }

    /// TLS for a client that trusts this authority and nobody else.
    pub fn client_tls(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(first_certificate(&self.file)).expect("our own root");
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }
}

impl Identity {
    /// TLS for a server that is known by this certificate.
    pub fn server_tls(&self) -> Arc<ServerConfig> {
        let key = fs::read(&self.key).expect("our own key");
        let key = PrivateKeyDer::from_pem_slice(&key).expect("our own key");
        let chain = vec![first_certificate(&self.certificate)];
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        Arc::new(config.expect("a key that fits its certificate"))
    }
}

fn first_certificate(file: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(file).expect("our own certificate")
}
