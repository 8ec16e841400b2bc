use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::kit::Authority;
use crate::net::dns::{Asker, Mute, Question, Way};

/// A resolver asked by TLS that answers so many questions on a line and then closes it; `spoil` is what it makes
/// of an answer.
async fn closing(authority: &Authority, after: usize, spoil: fn(&mut Vec<u8>)) -> SocketAddr {
    let files = authority.good();
    let chain = vec![CertificateDer::from_pem_file(&files.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                for _ in 0..after {
                    let Ok(length) = stream.read_u16().await else { return };
                    let mut query = vec![0; usize::from(length)];
                    stream.read_exact(&mut query).await.unwrap();
                    let mut reply = answer(&query);
                    spoil(&mut reply);
                    stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                    stream.write_all(&reply).await.unwrap();
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    at
}

/// The question made an answer that says that there is nothing.
fn answer(query: &[u8]) -> Vec<u8> {
    let end = query[12..].iter().position(|octet| *octet == 0).unwrap() + 12 + 5;
    [&query[..2], &[0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0], &query[12..end]].concat()
}

/// So many questions at once: what came of each.
async fn asked(authority: &Authority, at: SocketAddr, many: usize) -> Vec<Result<(), Mute>> {
    let asker = Asker::new(Duration::from_secs(30), 1).with_tls(authority.client());
    let way = Way::Tls { name: "mx.example.net".to_owned() };
    let ask = |n: usize| {
        let (asker, way) = (asker.clone(), way.clone());
        let question = Question {
            name: Name::from_ascii(format!("n{n}.example.org.")).unwrap(),
            kind: RecordType::MX,
            recurse: true,
            unchecked: false,
            edns: true,
            signed: false,
            tcp: false,
        };
        tokio::spawn(async move { asker.timed(at, &way, &question).await.0.map(drop) })
    };
    let under_way: Vec<_> = (0..many).map(ask).collect();
    let mut all = Vec::new();
    for one in under_way {
        all.push(one.await.unwrap());
    }
    all
}

/// RFC 7766, section 6.2.4: whoever asks must be ready for it.
#[tokio::test]
async fn a_resolver_may_close_the_line_whenever_it_has_answered() {
    let authority = Authority::new();
    for after in [1, 3] {
        let at = closing(&authority, after, |_| {}).await;
        let all = asked(&authority, at, 40).await;
        assert!(all.iter().all(Result::is_ok), "{after}: {all:?}");
    }
}

#[tokio::test]
async fn who_closes_every_line_before_any_answer_is_given_up() {
    let authority = Authority::new();
    let at = closing(&authority, 0, |_| {}).await;
    for came in asked(&authority, at, 5).await {
        assert!(matches!(came, Err(Mute::Garbled(_))), "{came:?}");
    }
}

/// RFC 7766, section 7.
#[tokio::test]
async fn an_answer_to_another_question_is_none_by_tls_either() {
    let authority = Authority::new();
    let at = closing(&authority, 9, |reply| reply[13] ^= 0x01).await;
    let came = asked(&authority, at, 1).await;
    assert!(matches!(came[0], Err(Mute::Garbled(_))), "{came:?}");
}
