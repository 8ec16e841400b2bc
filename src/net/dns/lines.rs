//! Lines to resolvers that are asked by TLS (RFC 7858) or by HTTPS (RFC 8484): one to each, for all questions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_resolver::net::DnsHandle;
use hickory_resolver::net::h2::HttpsClientStream;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tls::tls_exchange;
use hickory_resolver::net::xfer::{DnsExchange, FirstAnswer};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use super::{Mute, mute};
use crate::net::TlsClient;

/// So many questions are under way on a line: hickory refuses more than 32 that wait to be sent.
const ON_A_LINE: usize = 24;

/// How a resolver is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Way {
    /// By UDP and TCP.
    #[default]
    Plain,
    /// By TLS, with a certificate for this name or address.
    Tls {
        /// It.
        name: String,
    },
    /// By HTTPS, with a certificate for this name or address.
    Https {
        /// It.
        name: String,
        /// What is asked for: `/dns-query`.
        path: String,
    },
}

type Exchange = DnsExchange<TokioRuntimeProvider>;

/// A line, once it is open.
struct Line {
    exchange: OnceCell<Exchange>,
    room: Semaphore,
}

/// The lines that are open.
pub(super) struct Lines {
    tls: TlsClient,
    /// What drives the lines ends with the last clone of it.
    runtime: TokioRuntimeProvider,
    open: Mutex<HashMap<(SocketAddr, Way), Arc<Line>>>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

impl Lines {
    pub(super) fn new(tls: TlsClient) -> Lines {
        Lines { tls, runtime: TokioRuntimeProvider::default(), open: Mutex::default() }
    }

    /// Puts the question. A line that its server has ended meanwhile is opened anew, once.
    pub(super) async fn ask(
        &self,
        at: SocketAddr,
        way: &Way,
        request: DnsRequest,
        patience: Duration,
    ) -> Result<DnsResponse, Mute> {
        match self.try_ask(at, way, request.clone(), patience).await {
            Err(Mute::Timeout) => Err(Mute::Timeout),
            Err(_) => self.try_ask(at, way, request, patience).await,
            answer => answer,
        }
    }

    async fn try_ask(
        &self,
        at: SocketAddr,
        way: &Way,
        request: DnsRequest,
        patience: Duration,
    ) -> Result<DnsResponse, Mute> {
        let line = self.line(at, way);
        let _permit = line.room.acquire().await;
        let open = line.exchange.get_or_try_init(|| self.connect(at, way, patience));
        let answer = match timeout(patience, open).await {
            Err(_) => Err(Mute::Timeout),
            Ok(Err(mute)) => Err(mute),
            Ok(Ok(exchange)) => {
                let asked = exchange.send(request).first_answer();
                match timeout(patience, asked).await {
                    Ok(answer) => answer.map_err(|why| mute(&why)),
                    Err(_) => Err(Mute::Timeout),
                }
            }
        };
        if answer.is_err() {
            self.forget(at, way, &line);
        }
        answer
    }

    fn line(&self, at: SocketAddr, way: &Way) -> Arc<Line> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let line = || Arc::new(Line { exchange: OnceCell::new(), room: Semaphore::new(ON_A_LINE) });
        Arc::clone(open.entry((at, way.clone())).or_insert_with(line))
    }

    fn forget(&self, at: SocketAddr, way: &Way, line: &Arc<Line>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (at, way.clone());
        if open.get(&key).is_some_and(|known| Arc::ptr_eq(known, line)) {
            open.remove(&key);
        }
    }

    async fn connect(
        &self,
        at: SocketAddr,
        way: &Way,
        patience: Duration,
    ) -> Result<Exchange, Mute> {
        let config = self.tls.connector().config();
        let runtime = self.runtime.clone();
        let opened = match way {
            Way::Plain => return Err(Mute::Fault("there is no line by TLS to it".to_owned())),
            Way::Tls { name } => {
                let name = TlsClient::name(name).map_err(|why| Mute::Fault(why.to_string()))?;
                let config = (**config).clone();
                tls_exchange(at, name, config, patience, Some(ON_A_LINE * 2), runtime).await
            }
            Way::Https { name, path } => {
                let mut builder = HttpsClientStream::builder(Arc::clone(config), runtime);
                builder.request_timeout(patience);
                builder.exchange(at, name.as_str().into(), path.as_str().into()).await
            }
        };
        opened.map_err(|why| mute(&why))
    }
}
