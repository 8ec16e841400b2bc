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
    key: PathBuf,
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
        let key_file = lab.write("ca.key", key.serialize_pem());
        allow(&key_file, 0o600);
        Authority { issuer: Issuer::new(params, key), file, key: key_file }
    }

    /// What it signs with, for somebody who signs in its name.
    #[allow(dead_code, reason = "for tests/probe, which shares the lab")]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// What a peer is told to trust.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A certificate for these DNS names or IP addresses.
    pub fn issue(&self, lab: &Lab, names: &[&str]) -> Identity {
        self.issue_until(lab, names, None)
    }

    /// The same, good until that year.
    pub fn issue_until(&self, lab: &Lab, names: &[&str], year: Option<i32>) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = params(names);
        if let Some(year) = year {
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
        }
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        Identity::write(lab, names[0], &signed.pem(), &key.serialize_pem())
    }

    /// TLS for a client that trusts this authority and nobody else.
    pub fn client_tls(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(first_certificate(&self.file)).expect("our own root");
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }
}

fn params(names: &[&str]) -> CertificateParams {
    let subject = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut params = CertificateParams::new(subject).expect("names");
    params.distinguished_name.push(rcgen::DnType::CommonName, names[0]);
    params
}

impl Identity {
    /// A certificate for which nobody but itself vouches.
    #[allow(dead_code, reason = "for tests/mxcheck, which shares the lab")]
    pub fn by_itself(lab: &Lab, names: &[&str]) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let signed = params(names).self_signed(&key).expect("a certificate");
        Identity::write(lab, names[0], &signed.pem(), &key.serialize_pem())
    }

    fn write(lab: &Lab, name: &str, certificate: &str, key: &str) -> Identity {
        let certificate = lab.write(&format!("{name}.pem"), certificate);
        let key = lab.write(&format!("{name}.key"), key);
        allow(&key, 0o600);
        Identity { certificate, key }
    }

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
