//! A small HTTP server, by hyper: for a page and some figures, on a local address. It is bounded in
//! every direction, and knows nothing of what it serves.
//!
//! Not here: who may ask, and what is answered.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, watch};

use super::listen::Listener;
use super::stream::Plain;

/// Connections at a time; one more is closed at once.
const SEATS: usize = 32;
/// The head of a request, in octets: the least that hyper keeps for it.
const HEAD: usize = 8 * 1024;
/// Fields in it.
const FIELDS: usize = 64;
/// The body of a request, in octets.
const BODY: usize = 4 * 1024;
/// How long a head, and how long a body, may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so long a connection ends behind the answer that is under way.
const LIFETIME: Duration = Duration::from_secs(60);
/// How long that answer may then still take to be read.
const GRACE: Duration = Duration::from_secs(30);

/// A request, its body read.
pub type Asked = Request<Bytes>;
/// What is answered.
pub type Answer = Response<Full<Bytes>>;

/// Who answers.
pub trait Answers: Send + Sync + 'static {
    /// What this request is told.
    fn answer(&self, asked: Asked) -> impl Future<Output = Answer> + Send;
}

/// Serves callers until told to stop.
pub async fn serve(listener: Listener, site: Arc<impl Answers>, mut stop: watch::Receiver<bool>) {
    let seats = Arc::new(Semaphore::new(SEATS));
    loop {
        let stream = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            stream = listener.accept_stream() => stream,
        };
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
        let (site, stop) = (Arc::clone(&site), stop.clone());
        tokio::spawn(async move {
            converse(stream, site, stop).await;
            drop(seat);
        });
    }
}

/// One connection. What goes wrong on it concerns its caller alone.
async fn converse(stream: Plain, site: Arc<impl Answers>, mut stop: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(answer(&*site, request).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    server.max_buf_size(HEAD).max_headers(FIELDS);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(LIFETIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, connection).await;
}

async fn answer(site: &impl Answers, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    // RFC 9112, section 3.2: whose would it be?
    if head.headers.get_all(hyper::header::HOST).iter().nth(1).is_some() {
        return plain(StatusCode::BAD_REQUEST, "more than one Host\n");
    }
    let body = Limited::new(body, BODY).collect();
    match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(body)) => site.answer(Request::from_parts(head, body.to_bytes())).await,
        Ok(Err(_)) => plain(StatusCode::PAYLOAD_TOO_LARGE, "that is too much\n"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "too slow\n"),
    }
}

/// An answer in one line.
pub fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    answer
}
