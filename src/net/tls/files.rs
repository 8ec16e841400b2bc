//! Certificates and keys in files, and the making of a throw-away pair.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use zeroize::Zeroizing;

use crate::net::tls::{TlsSetupError, provider};

/// A chain of root certificates of a whole platform is a quarter of this.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// How long a self-signed certificate is good for, in years.
const YEARS: i16 = 10;

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The certificate of this host, then its issuers.
    pub certificate: PathBuf,
    /// The private key (PKCS#8, PKCS#1 or SEC1). It must not be readable by everybody.
    pub key: PathBuf,
}

/// Whether a file is still the one that was read: a renewed certificate is often a new file under
/// an old name, and a clock may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([Option<(u64, u64, Option<SystemTime>)>; 2]);

impl KeyFiles {
    /// Reads both, and checks that they belong together.
    pub(super) fn load(&self) -> Result<Arc<CertifiedKey>, TlsSetupError> {
        let chain = certificates(&self.certificate)?;
        let key = self.private_key()?;
        CertifiedKey::from_der(chain, key, &provider()).map(Arc::new).map_err(|e| self.refused(e))
    }

    /// Taken before reading, so that a change during the reading is seen next time.
    pub(super) fn stamp(&self) -> Stamp {
        let of = |path: &Path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.ino(), meta.len(), meta.modified().ok()))
        };
        Stamp([of(&self.certificate), of(&self.key)])
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsSetupError> {
        let (pem, meta) = read(&self.key)?;
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            return Err(TlsSetupError::KeyIsPublic { path: self.key.clone(), mode });
        }
        PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsSetupError::NothingInside {
            path: self.key.clone(),
            expected: "unencrypted private key",
            seen: seen(&pem),
        })
    }

    fn refused(&self, error: rustls::Error) -> TlsSetupError {
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsSetupError::Mismatch {
                    key: self.key.clone(),
                    certificate: self.certificate.clone(),
                }
            }
            rustls::Error::InvalidCertificate(why) => TlsSetupError::Unusable {
                path: self.certificate.clone(),
                why: format!("not a certificate we can use: {why}"),
            },
            other => TlsSetupError::Unusable {
                path: self.key.clone(),
                why: format!("not a private key we can use: {other}"),
            },
        }
    }
}

/// All certificates in a PEM file; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let (pem, _) = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsSetupError::NothingInside {
            path: path.to_owned(),
            expected: "certificate",
            seen: seen(&pem),
        }),
        Err(why) => Err(TlsSetupError::Unusable { path: path.to_owned(), why: why.to_string() }),
    }
}

/// A PEM file as a set of roots.
pub(super) fn roots(path: &Path) -> Result<Arc<RootCertStore>, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|why| TlsSetupError::Unusable {
            path: path.to_owned(),
            why: format!("not a certificate we can use as a root: {why}"),
        })?;
    }
    Ok(Arc::new(roots))
}

fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), TlsSetupError> {
    let read = || {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(meta.len().min(FILE_LIMIT) as usize + 1));
        file.take(FILE_LIMIT).read_to_end(&mut bytes)?;
        Ok((bytes, meta))
    };
    read().map_err(|error| TlsSetupError::Unreadable { path: path.to_owned(), error })
}

/// What a file holds instead, by the label of its first PEM section. Never its content.
fn seen(pem: &[u8]) -> String {
    const MARK: &str = "-----BEGIN ";
    let text = String::from_utf8_lossy(pem.get(..4096).unwrap_or(pem));
    let label = text.split_once(MARK).and_then(|(_, rest)| rest.split_once("-----"));
    match label {
        Some((label, _)) if label.len() <= 40 && label.chars().all(plain) => {
            format!("; its first section is {label}")
        }
        _ if pem.is_empty() => "; it is empty".into(),
        _ => "; it has no PEM section at all".into(),
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ' '
}

/// A certificate that vouches for itself, and its key, both PEM.
pub struct SelfSigned {
    /// The certificate.
    pub certificate: String,
    /// The private key. To be written to a file of mode 600.
    pub key: Zeroizing<String>,
}

/// Makes a key and a certificate for `names` (host names and addresses), good for ten years: for
/// a demonstration, for tests, and for peers who compare fingerprints.
///
/// # Errors
///
/// A name that no certificate can carry.
pub fn self_signed(names: &[String]) -> Result<SelfSigned, rcgen::Error> {
    let mut params = rcgen::CertificateParams::new(names)?;
    let common_name = names.first().map_or("odmr", String::as_str);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC);
    params.not_before = rcgen::date_time_ymd(i32::from(today.year() - 1), 1, 1);
    params.not_after = rcgen::date_time_ymd(i32::from(today.year() + YEARS), 1, 1);
    let key = rcgen::KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(SelfSigned { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
}
