//! Certificates of all kinds, and two ends of a line.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rcgen::{CertificateParams, Issuer, KeyPair};
use tempfile::TempDir;

use crate::net::tls::{ClientCertificates, Fingerprint, KeyFiles, TlsClient, TlsServer, Trust};
use crate::net::{Callers, Wire, WireFault};

/// Far away: a test that gets there has failed, not waited.
pub(super) fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(60))
}

/// Authorities of different names: two of the same name are a case of their own.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A directory with an authority of its own.
pub(super) struct Authority {
    pub(super) dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Authority {
        let dir = TempDir::new().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("authority {serial}"));
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        Authority { dir, issuer: Issuer::new(params, key) }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// A certificate signed by this authority, good from one year to another.
    pub(super) fn issue(&self, file: &str, name: &str, years: (i32, i32)) -> KeyFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(self.dir.path(), file, &certificate.pem(), &key.serialize_pem())
    }

    /// A certificate for `mx.example.net` that nothing is wrong with.
    pub(super) fn good(&self) -> KeyFiles {
        self.issue("good", "mx.example.net", (2000, 4000))
    }

    /// The files that [`Authority::good`] writes.
    pub(super) fn good_files(&self) -> KeyFiles {
        let path = |name| self.dir.path().join(name);
        KeyFiles { certificate: path("good.pem"), key: path("good.key") }
    }

    /// One that signs others and serves by itself, as `openssl req -x509` makes it.
    pub(super) fn authority_that_serves(&self, file: &str) -> KeyFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["mx.example.net".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        write(self.dir.path(), file, &certificate.pem(), &key.serialize_pem())
    }

    pub(super) fn self_signed(&self, file: &str) -> KeyFiles {
        let pair = crate::net::tls::self_signed(&["mx.example.net".into()]).unwrap();
        write(self.dir.path(), file, &pair.certificate, &pair.key)
    }

    pub(super) fn client(&self) -> TlsClient {
        TlsClient::new(&Trust::Roots(self.root()), None).unwrap()
    }
}

pub(super) fn write(dir: &Path, file: &str, certificate: &str, key: &str) -> KeyFiles {
    let files = KeyFiles {
        certificate: dir.join(format!("{file}.pem")),
        key: dir.join(format!("{file}.key")),
    };
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    chmod(&files.key, 0o600);
    files
}

pub(super) fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn serve(files: KeyFiles) -> TlsServer {
    TlsServer::load(files, &ClientCertificates::NotAsked).unwrap()
}

pub(super) fn fingerprint(files: &KeyFiles) -> Fingerprint {
    use rustls::pki_types::pem::PemObject;
    let pem = rustls::pki_types::CertificateDer::from_pem_file(&files.certificate).unwrap();
    Fingerprint::of(&pem)
}

/// Two ends of a line in memory that holds `window` octets each way.
pub(super) fn line(window: usize) -> (Wire, Wire) {
    let (one, other) = tokio::io::duplex(window);
    (one.into(), other.into())
}

/// Both ends of a handshake over memory: what the server and the client make of it.
pub(super) async fn shake(
    server: &TlsServer,
    client: &TlsClient,
    name: &str,
) -> (Result<Wire, WireFault>, Result<Wire, WireFault>) {
    let (one, other) = line(64 * 1024);
    tokio::join!(
        one.start_tls_server(server, Callers::Customers, soon()),
        other.start_tls_client(client, name, soon())
    )
}

/// A handshake that must succeed.
pub(super) async fn shaken(server: &TlsServer, client: &TlsClient) -> (Wire, Wire) {
    let (served, called) = shake(server, client, "mx.example.net").await;
    (served.unwrap(), called.unwrap())
}

/// What becomes of a handshake as the world's mail servers have it.
pub(super) async fn shake_as_world(
    server: &TlsServer,
    client: &TlsClient,
) -> Result<Wire, WireFault> {
    let (one, other) = line(4096);
    let (served, called) = tokio::join!(
        one.start_tls_server(server, Callers::World, soon()),
        other.start_tls_client(client, "mx.example.net", soon())
    );
    served.and(called)
}

/// Queues and flushes.
pub(super) async fn say(wire: &mut Wire, bytes: impl Into<bytes::Bytes>) {
    wire.queue(bytes);
    wire.flush(&mut BytesMut::new(), 0, soon()).await.unwrap();
}

/// Reads until there are `octets`, or the end.
pub(super) async fn hear(wire: &mut Wire, octets: usize) -> BytesMut {
    let mut input = BytesMut::new();
    while input.len() < octets && wire.read(&mut input, soon()).await.unwrap() > 0 {}
    input
}
