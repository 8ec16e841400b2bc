//! Lines to resolvers that are asked by TLS (RFC 7858) or by HTTPS (RFC 8484): one to each, for all questions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// So often a question is put at most, however many others were answered meanwhile.
const MOST_LINES: usize = 200;

/// A line, once it is open.
struct Line {
    exchange: OnceCell<Exchange>,
    room: Semaphore,
    /// Has any question been answered by it?
    has_answered: AtomicBool,
    /// Is it at its end?
    is_over: AtomicBool,
}

impl Line {
    fn new() -> Line {
        Line {
            exchange: OnceCell::new(),
            room: Semaphore::new(ON_A_LINE),
            has_answered: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }
}

/// What came of a question on a line.
enum Came {
    Answer(DnsResponse),
    Nothing(Mute),
    /// The line ended, and nobody was answered by it.
    Ended(Mute),
    /// The line ended before this was answered, as its server may have it (RFC 7766, section 6.2.4).
    Late,
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

    /// Puts the question. A line that its server has ended meanwhile is opened anew: as often as others were
    /// answered by it, and otherwise so many times as somebody is asked.
    pub(super) async fn ask(
        &self,
        at: SocketAddr,
        way: &Way,
        request: DnsRequest,
        patience: Duration,
        tries: u8,
    ) -> Result<DnsResponse, Mute> {
        let mut left = tries.max(2);
        let mut last = Mute::Garbled("each line was closed before the answer".to_owned());
        for _ in 0..MOST_LINES {
            match self.try_ask(at, way, request.clone(), patience).await {
                Came::Answer(answer) => return Ok(answer),
                Came::Nothing(Mute::Timeout) => return Err(Mute::Timeout),
                Came::Late => {}
                Came::Nothing(why) | Came::Ended(why) => {
                    (left, last) = (left - 1, why);
                    if left == 0 {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    async fn try_ask(
        &self,
        at: SocketAddr,
        way: &Way,
        request: DnsRequest,
        patience: Duration,
    ) -> Came {
        let line = self.line(at, way);
        let permit = line.room.acquire().await;
        if line.is_over.load(Ordering::Acquire) {
            return Came::Late;
        }
        let open = line.exchange.get_or_try_init(|| self.connect(at, way, patience));
        let came = match timeout(patience, open).await {
            Err(_) => Came::Nothing(Mute::Timeout),
            Ok(Err(mute)) => Came::Nothing(mute),
            Ok(Ok(exchange)) => {
                let asked = exchange.send(request).first_answer();
                match timeout(patience, asked).await {
                    Ok(Ok(answer)) => Came::Answer(answer),
                    Ok(Err(why)) => Came::Ended(ended(mute(&why))),
                    Err(_) => Came::Nothing(Mute::Timeout),
                }
            }
        };
        match &came {
            Came::Answer(_) => line.has_answered.store(true, Ordering::Release),
            Came::Nothing(_) | Came::Late => self.forget(at, way, &line),
            Came::Ended(_) => {
                self.forget(at, way, &line);
                drop(permit);
                // What came of the others is known when all have left.
                let all = u32::try_from(ON_A_LINE).unwrap_or(u32::MAX);
                let _ = timeout(patience, line.room.acquire_many(all)).await;
                if line.has_answered.load(Ordering::Acquire) {
                    return Came::Late;
                }
            }
        }
        came
    }

    fn line(&self, at: SocketAddr, way: &Way) -> Arc<Line> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry((at, way.clone())).or_insert_with(|| Arc::new(Line::new())))
    }

    fn forget(&self, at: SocketAddr, way: &Way, line: &Arc<Line>) {
        line.is_over.store(true, Ordering::Release);
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

/// Of a line that was open nobody says that its port is closed.
fn ended(why: Mute) -> Mute {
    match why {
        Mute::Closed => Mute::Garbled("the line was closed before the answer".to_owned()),
        why => why,
    }
}
