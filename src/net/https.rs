//! Fetching one small page by HTTPS: no redirect is followed, nothing is remembered, and everything has a
//! bound. For the policy of MTA-STS (RFC 8461, section 3.3), where a redirect would be somebody else's word.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::tls::TlsClient;
use super::wire::WireFault;

/// The head of an answer, in octets.
const HEAD: usize = 16 * 1024;
/// Fields in it.
const FIELDS: usize = 100;
/// A longer page is not read, octets. RFC 8461, section 3.3.
const LONGEST: usize = 64 * 1024;
/// So many addresses of a host are called.
const ADDRESSES: usize = 4;

/// Fetches pages.
#[derive(Clone, Debug)]
pub struct Fetcher {
    tls: TlsClient,
    patience: Duration,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 200 is the page itself; with any other status there is no body.
    pub status: u16,
    /// What it is, as its server says.
    pub media: String,
    /// Its octets.
    pub body: Vec<u8>,
}

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// Nothing came in time.
    Timeout,
    /// The port is closed.
    Closed,
    /// There is no way there from here.
    Unroutable,
    /// The certificate is not one for this name, or TLS fails.
    Untrusted(String),
    /// What came is not HTTP, or broke off.
    Garbled(String),
    /// The page is longer than anybody needs.
    TooLong,
}

impl Fetcher {
    /// Looks at certificates like this, and waits so long for a connection, and twice that for the page.
    pub fn new(tls: TlsClient, patience: Duration) -> Fetcher {
        Fetcher { tls, patience }
    }

    /// Fetches a page of this host, at the first of these addresses where somebody answers.
    ///
    /// # Errors
    /// [`Miss`] says why there is none.
    pub async fn get(&self, at: &[SocketAddr], host: &str, path: &str) -> Result<Page, Miss> {
        let mut miss = Miss::Unroutable;
        for at in at.iter().take(ADDRESSES) {
            match timeout(self.patience, TcpStream::connect(at)).await {
                Ok(Ok(stream)) => {
                    let talk =
                        timeout(self.patience.saturating_mul(2), self.talk(stream, host, path));
                    return talk.await.unwrap_or(Err(Miss::Timeout));
                }
                Ok(Err(error)) => miss = of_io(&error),
                Err(_) => miss = Miss::Timeout,
            }
        }
        Err(miss)
    }

    async fn talk(&self, stream: TcpStream, host: &str, path: &str) -> Result<Page, Miss> {
        let name = TlsClient::name(host).map_err(|fault| of_tls(&fault))?;
        let secured = self.tls.connector().connect(name, stream).await;
        let secured = secured.map_err(|error| of_tls(&WireFault::from(error)))?;
        let mut client = http1::Builder::new();
        client.max_buf_size(HEAD).max_headers(FIELDS);
        let (mut sender, line) =
            client.handshake(TokioIo::new(secured)).await.map_err(|error| of_http(&error))?;
        let _line = AbortOnDropHandle::new(tokio::spawn(line));
        let request = Request::get(path)
            .header(HOST, host)
            .header(ACCEPT, "text/plain")
            .header(USER_AGENT, concat!("odmr/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|error| Miss::Garbled(error.to_string()))?;
        let answer = sender.send_request(request).await.map_err(|error| of_http(&error))?;
        let status = answer.status().as_u16();
        let media = answer.headers().get(CONTENT_TYPE);
        let media = media.map(|media| String::from_utf8_lossy(media.as_bytes()).into_owned());
        let media = media.unwrap_or_default();
        if status != 200 {
            return Ok(Page { status, media, body: Vec::new() });
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Miss::TooLong,
            None => Miss::Garbled(error.to_string()),
        })?;
        Ok(Page { status, media, body: body.to_bytes().to_vec() })
    }
}

fn of_tls(fault: &WireFault) -> Miss {
    Miss::Untrusted(fault.to_string())
}

fn of_http(error: &hyper::Error) -> Miss {
    Miss::Garbled(error.to_string())
}

fn of_io(error: &io::Error) -> Miss {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::TimedOut => Miss::Timeout,
        Kind::ConnectionRefused | Kind::ConnectionReset => Miss::Closed,
        _ => Miss::Unroutable,
    }
}
