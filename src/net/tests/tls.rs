use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};

use super::kit::{
    Authority, chmod, fingerprint, hear, say, serve, shake, shake_as_world, shaken, write,
};
use crate::net::WireFault;
use crate::net::tls::{
    ClientCertificates, Fingerprint, KeyFiles, Least, TlsClient, TlsServer, TlsSetupError, Trust,
};

/// What the client says when it meets a server with these files.
async fn complaint(files: KeyFiles, client: &TlsClient, name: &str) -> (String, String) {
    let (_, called) = shake(&serve(files), client, name).await;
    match called.unwrap_err() {
        WireFault::Untrusted { why, hint } => (why, hint),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn pinning(pin: Fingerprint) -> TlsClient {
    TlsClient::new(&Trust::Pinned(vec![pin]), None).unwrap()
}

#[tokio::test]
async fn both_sides_learn_the_same_facts() {
    let authority = Authority::new();
    let (served, called) = shaken(&serve(authority.good()), &authority.client()).await;
    let (ours, theirs) = (served.tls().unwrap(), called.tls().unwrap());
    assert_eq!(ours.version(), "TLSv1.3");
    assert!(ours.cipher().starts_with("TLS_AES_") || ours.cipher().starts_with("TLS_CHACHA20"));
    assert_eq!(ours.cipher(), theirs.cipher());
    assert!(ours.exporter().is_some());
    assert_eq!(ours.exporter(), theirs.exporter());
    assert_eq!(ours.server_name(), Some("mx.example.net"));
    assert_eq!(theirs.peer_fingerprint(), Some(fingerprint(&authority.good_files())));
    assert_eq!(ours.peer_fingerprint(), None);
}

#[tokio::test]
async fn each_connection_has_a_binding_of_its_own_and_hides_it() {
    let authority = Authority::new();
    let (server, client) = (serve(authority.good()), authority.client());
    let (first, _peer) = shaken(&server, &client).await;
    let (second, _peer) = shaken(&server, &client).await;
    assert_ne!(first.tls().unwrap().exporter(), second.tls().unwrap().exporter());
    assert!(!format!("{first:?}").contains("exporter"));
}

#[tokio::test]
async fn who_speaks_no_version_that_is_allowed_is_refused() {
    let authority = Authority::new();
    let trust = Trust::Roots(authority.root());
    let strict = TlsClient::at_least(Least::Tls13, &trust, None).unwrap();
    let (served, _called) = shaken(&serve(authority.good()), &strict).await;
    assert_eq!(served.tls().unwrap().version(), "TLSv1.3");
    // A server of the old days, and both of our clients.
    let met = async |client: &TlsClient| {
        let (near, far) = tokio::io::duplex(1 << 16);
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let files = authority.good_files();
        let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap();
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let old = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let wire = crate::net::Wire::from(near);
        tokio::join!(wire.start_tls_client(client, "mx.example.net", None), old.accept(far)).0
    };
    assert_eq!(met(&authority.client()).await.unwrap().tls().unwrap().version(), "TLSv1.2");
    match met(&strict).await.unwrap_err() {
        WireFault::Untrusted { hint, .. } => assert!(hint.contains("no version of TLS"), "{hint}"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn a_name_may_end_in_the_roots_dot() {
    let authority = Authority::new();
    let (served, called) =
        shake(&serve(authority.good()), &authority.client(), "mx.example.net.").await;
    assert!(served.is_ok() && called.is_ok());
}

#[tokio::test]
async fn an_address_in_the_certificate_will_do() {
    let authority = Authority::new();
    let server = serve(authority.issue("address", "::1", (2000, 4000)));
    let (served, called) = shake(&server, &authority.client(), "[::1]").await;
    assert!(served.is_ok() && called.is_ok());
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_its_date() {
    let authority = Authority::new();
    let old = authority.issue("old", "mx.example.net", (2000, 2001));
    let (why, hint) = complaint(old, &authority.client(), "mx.example.net").await;
    assert_eq!(why, "the certificate expired on 2001-01-01 00:00 UTC");
    assert!(hint.contains("renew"));
}

#[tokio::test]
async fn a_certificate_of_the_future_is_refused_with_its_date() {
    let authority = Authority::new();
    let young = authority.issue("young", "mx.example.net", (3000, 4000));
    let (why, hint) = complaint(young, &authority.client(), "mx.example.net").await;
    assert_eq!(why, "the certificate is not valid before 3000-01-01 00:00 UTC");
    assert!(hint.contains("clock"));
}

#[tokio::test]
async fn a_wrong_name_is_refused_with_the_names_it_has() {
    let authority = Authority::new();
    let (why, _) = complaint(authority.good(), &authority.client(), "odmr.example.org").await;
    assert_eq!(why, "the certificate is for mx.example.net, not for odmr.example.org");
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_with_a_pin_to_copy() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let files = authority.good();
    let pin = fingerprint(&files);
    let (why, hint) = complaint(files.clone(), &stranger.client(), "mx.example.net").await;
    assert_eq!(why, "the certificate is signed by an authority we do not know");
    assert!(hint.ends_with(&pin.to_string()));
    let files = authority.self_signed("own");
    let (why, hint) = complaint(files.clone(), &stranger.client(), "mx.example.net").await;
    assert_eq!(why, "the certificate is self-signed, so nobody we trust vouches for it");
    assert!(hint.ends_with(&fingerprint(&files).to_string()));
}

#[tokio::test]
async fn an_authority_that_serves_is_refused_with_a_pin_to_copy() {
    let authority = Authority::new();
    let files = authority.authority_that_serves("both");
    let trusting = TlsClient::new(&Trust::Roots(files.certificate.clone()), None).unwrap();
    let (why, hint) = complaint(files.clone(), &trusting, "mx.example.net").await;
    assert_eq!(why, "the certificate is an authority's own (CA:TRUE), not a server's");
    assert!(hint.ends_with(&fingerprint(&files).to_string()), "{hint}");
    shaken(&serve(files.clone()), &pinning(fingerprint(&files))).await;
}

#[tokio::test]
async fn the_server_is_told_that_it_was_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (served, _) = shake(&serve(authority.good()), &stranger.client(), "mx.example.net").await;
    assert!(matches!(served, Err(WireFault::Untrusted { .. })), "{served:?}");
}

#[tokio::test]
async fn the_right_pin_is_enough_whatever_the_name_and_date() {
    let authority = Authority::new();
    let old = authority.issue("old", "elsewhere.example", (2000, 2001));
    let client = pinning(fingerprint(&old));
    shaken(&serve(old), &client).await;
}

#[tokio::test]
async fn a_wrong_pin_is_refused_whoever_signed() {
    let authority = Authority::new();
    let other = authority.issue("other", "mx.example.net", (2000, 4000));
    let client = pinning(fingerprint(&other));
    let (why, _) = complaint(authority.good(), &client, "mx.example.net").await;
    let seen = fingerprint(&authority.good_files());
    assert_eq!(why, format!("the certificate is {seen}, which is not the pinned one"));
}

#[tokio::test]
async fn anyone_is_anyone() {
    let authority = Authority::new();
    let client = TlsClient::new(&Trust::Anyone, None).unwrap();
    shaken(&serve(authority.self_signed("own")), &client).await;
}

#[tokio::test]
async fn a_new_certificate_serves_the_next_caller_and_drops_nobody() {
    let authority = Authority::new();
    let files = authority.good();
    let server = serve(files.clone());
    let (mut served, mut called) = shaken(&server, &authority.client()).await;
    let first = called.tls().unwrap().peer_fingerprint();
    assert!(!server.reload_if_changed().unwrap());

    authority.good();
    assert!(server.reload_if_changed().unwrap());
    let (_served, newcomer) = shaken(&server, &authority.client()).await;
    assert_eq!(newcomer.tls().unwrap().peer_fingerprint(), Some(fingerprint(&files)));
    assert_ne!(newcomer.tls().unwrap().peer_fingerprint(), first);
    say(&mut served, &b"250 still here\r\n"[..]).await;
    assert_eq!(hear(&mut called, 16).await.len(), 16);
}

#[tokio::test]
async fn a_half_renewed_pair_is_refused_and_the_old_one_serves_on() {
    let authority = Authority::new();
    let files = authority.good();
    let server = serve(files.clone());
    let old = fingerprint(&files);
    let new = authority.issue("new", "mx.example.net", (2000, 4000));
    std::fs::copy(&new.certificate, &files.certificate).unwrap();
    assert!(matches!(server.reload_if_changed(), Err(TlsSetupError::Mismatch { .. })));
    let (_served, called) = shaken(&server, &authority.client()).await;
    assert_eq!(called.tls().unwrap().peer_fingerprint(), Some(old));
    std::fs::copy(&new.key, &files.key).unwrap();
    assert!(server.reload_if_changed().unwrap());
}

#[tokio::test]
async fn a_client_certificate_is_reported_and_not_required() {
    let authority = Authority::new();
    let server = TlsServer::load(authority.good(), &ClientCertificates::Any).unwrap();
    let mine = authority.self_signed("mine");
    let client = TlsClient::new(&Trust::Roots(authority.root()), Some(&mine)).unwrap();
    let (served, _called) = shaken(&server, &client).await;
    assert_eq!(served.tls().unwrap().peer_fingerprint(), Some(fingerprint(&mine)));
    let (served, _called) = shaken(&server, &authority.client()).await;
    assert_eq!(served.tls().unwrap().peer_fingerprint(), None);
}

#[tokio::test]
async fn an_authority_for_clients_refuses_strangers_only() {
    let authority = Authority::new();
    let clients = ClientCertificates::SignedBy(authority.root());
    let server = TlsServer::load(authority.good(), &clients).unwrap();
    let trust = Trust::Roots(authority.root());
    let known = authority.issue("known", "customer.example", (2000, 4000));
    let (served, _called) = shaken(&server, &TlsClient::new(&trust, Some(&known)).unwrap()).await;
    assert_eq!(served.tls().unwrap().peer_fingerprint(), Some(fingerprint(&known)));
    shaken(&server, &authority.client()).await;
    let stranger = TlsClient::new(&trust, Some(&authority.self_signed("stranger"))).unwrap();
    let (served, _) = shake(&server, &stranger, "mx.example.net").await;
    assert!(matches!(served, Err(WireFault::Untrusted { .. })), "{served:?}");
    // Where the world brings mail, its certificates are not asked for.
    shake_as_world(&server, &stranger).await.unwrap();
}

#[tokio::test]
async fn other_files_are_taken_up_and_the_old_ones_forgotten() {
    let authority = Authority::new();
    let (old, new) = (authority.good(), authority.issue("new", "mx.example.net", (2000, 4000)));
    let server = TlsServer::load(old.clone(), &ClientCertificates::Any).unwrap();
    server.become_like(TlsServer::load(new.clone(), &ClientCertificates::Any).unwrap());
    std::fs::remove_file(&old.certificate).unwrap();
    assert!(!server.reload_if_changed().unwrap());
    let (_, called) = shaken(&server, &authority.client()).await;
    assert_eq!(called.tls().unwrap().peer_fingerprint(), Some(fingerprint(&new)));
}

/// Holds somebody's certificate, and a key of its own.
#[derive(Debug)]
struct Impostor(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Impostor {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

#[tokio::test]
async fn a_copied_certificate_without_its_key_is_worth_nothing() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let authority = Authority::new();
    let files = authority.good();
    let certificate = CertificateDer::from_pem_file(&files.certificate).unwrap();
    let key = PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let pair = Arc::new(rustls::sign::CertifiedKey::new(vec![certificate], key));
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let config = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Impostor(pair.clone())));
        for trust in [Trust::Pinned(vec![fingerprint(&files)]), Trust::Anyone] {
            let client = TlsClient::new(&trust, None).unwrap();
            let (one, other) = tokio::io::duplex(64 * 1024);
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.clone()));
            let other = crate::net::Wire::from(other);
            let (_, called) = tokio::join!(
                acceptor.accept(one),
                other.start_tls_client(&client, "mx.example.net", super::kit::soon())
            );
            let why = called.unwrap_err().to_string();
            assert_eq!(why, "the peer does not hold the key of its certificate");
        }
    }
}

#[tokio::test]
async fn tls_1_2_has_no_exporter_for_binding() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let authority = Authority::new();
    let files = authority.good();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&files.certificate).unwrap()],
            PrivateKeyDer::from_pem_file(&files.key).unwrap(),
        )
        .unwrap();
    let (one, other) = tokio::io::duplex(64 * 1024);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (client, other) = (authority.client(), crate::net::Wire::from(other));
    let (_served, called) = tokio::join!(
        acceptor.accept(one),
        other.start_tls_client(&client, "mx.example.net", super::kit::soon())
    );
    let called = called.unwrap();
    assert_eq!(called.tls().unwrap().version(), "TLSv1.2");
    assert_eq!(called.tls().unwrap().exporter(), None);
}

fn refusal(files: KeyFiles) -> String {
    TlsServer::load(files, &ClientCertificates::NotAsked).unwrap_err().to_string()
}

#[test]
fn bad_files_are_named_with_what_was_seen() {
    let authority = Authority::new();
    let files = authority.good();
    let swapped = KeyFiles { certificate: files.key.clone(), key: files.key.clone() };
    assert!(
        refusal(swapped).ends_with(
            "good.key: holds no certificate in PEM form; its first section is PRIVATE KEY"
        )
    );
    chmod(&files.certificate, 0o600);
    let swapped =
        KeyFiles { certificate: files.certificate.clone(), key: files.certificate.clone() };
    assert!(refusal(swapped).contains(
        "good.pem: holds no unencrypted private key in PEM form; its first section is CERTIFICATE"
    ));
    let missing = KeyFiles { certificate: "/nowhere/at/all.pem".into(), ..files.clone() };
    assert!(refusal(missing).starts_with("/nowhere/at/all.pem: No such file"));
    let empty = write(authority.dir.path(), "empty", "", "");
    assert!(refusal(empty).ends_with("empty.pem: holds no certificate in PEM form; it is empty"));
    let other = authority.issue("other", "mx.example.net", (2000, 4000));
    let mixed = KeyFiles { certificate: files.certificate.clone(), key: other.key };
    assert!(refusal(mixed).contains("is not the key of the first certificate"));
}

#[test]
fn a_key_that_everybody_may_read_is_refused() {
    let authority = Authority::new();
    let files = authority.good();
    chmod(&files.key, 0o644);
    let refusal = refusal(files.clone());
    assert!(refusal.contains("mode 644 lets everybody read this private key"), "{refusal}");
    chmod(&files.key, 0o640);
    serve(files);
}

#[test]
fn a_broken_certificate_is_named() {
    let authority = Authority::new();
    let files = authority.good();
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&files.certificate, junk).unwrap();
    assert!(refusal(files).contains("good.pem: not a certificate we can use"));
}

#[test]
fn the_certificate_we_make_is_good_for_its_names() {
    let names = ["mx.example.net".to_owned(), "127.0.0.1".to_owned()];
    let pair = crate::net::tls::self_signed(&names).unwrap();
    assert!(pair.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(CertificateParams::new(names).is_ok());
    assert!(crate::net::tls::self_signed(&["\u{fc}".to_owned()]).is_err());
}
