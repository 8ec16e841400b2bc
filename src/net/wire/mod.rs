//! One connection, as a session sees it: bytes in, bytes out, and a threshold to TLS.
//!
//! ```text
//! loop {
//!     match session.poll(now) {
//!         Send(bytes) => wire.queue(bytes),
//!         Starved => {
//!             wire.flush(&mut input, LIMIT, deadline).await?;
//!             wire.read(&mut input, deadline).await?;
//!         }
//!     }
//! }
//! ```
//!
//! A wire is *not* a protocol: it never looks at a byte, but for the line ends in
//! [`Wire::one_line_per_record`]. Every call is cancel-safe: dropping the future loses neither a
//! byte that was read nor one that was queued.

mod introduced;
mod polling;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpStream, UnixStream};

pub use self::introduced::NotIntroduced;
pub use crate::net::fault::WireFault;
use crate::net::stream::{Line, Plain};
use crate::net::tls::{Callers, TlsClient, TlsFacts, TlsServer};

/// How long and how much a closing wire listens for the peer's own close.
const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_OCTETS: usize = 64 * 1024;
/// A provider streams a window of 8 MiB, over lines that take a second for a round trip.
const LONG_FAREWELL: Duration = Duration::from_secs(10);
const LONG_FAREWELL_OCTETS: usize = 16 << 20;

/// A connection with what is still to be written to it.
pub struct Wire {
    line: Line,
    queue: VecDeque<Bytes>,
    /// Something was written since the last flush of the TLS layer.
    unflushed: bool,
    line_per_record: bool,
    /// How much the next read asks for.
    appetite: usize,
    /// The peer's end was seen while we were writing.
    ended: bool,
    /// That end came under TLS, and `close_notify` did not.
    abrupt: bool,
    tls: Option<Box<TlsFacts>>,
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
}

impl From<TcpStream> for Wire {
    fn from(stream: TcpStream) -> Wire {
        let (peer, local) = (stream.peer_addr().ok(), stream.local_addr().ok());
        Wire { peer, local, ..Wire::over(Line::Clear(Plain::Tcp(stream))) }
    }
}

impl From<UnixStream> for Wire {
    fn from(stream: UnixStream) -> Wire {
        Wire::over(Line::Clear(Plain::Unix(stream)))
    }
}

impl From<DuplexStream> for Wire {
    /// A wire in memory, for tests.
    fn from(stream: DuplexStream) -> Wire {
        Wire::over(Line::Clear(Plain::Memory(stream)))
    }
}

impl Wire {
    fn over(line: Line) -> Wire {
        Wire {
            line,
            queue: VecDeque::new(),
            unflushed: false,
            line_per_record: false,
            appetite: polling::MODEST,
            ended: false,
            abrupt: false,
            tls: None,
            peer: None,
            local: None,
        }
    }

    /// A wire that leads nowhere: what stands in a wire's place while it crosses a threshold.
    pub fn closed() -> Wire {
        Wire::from(tokio::io::duplex(1).0)
    }

    /// The peer's address, where the wire has one: a unix socket has none. An IPv4 peer of an
    /// IPv6 socket is shown as IPv4.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer.map(canonical)
    }

    /// Our own address on this connection.
    pub fn local(&self) -> Option<SocketAddr> {
        self.local.map(canonical)
    }

    /// What was agreed in the handshake; none in clear.
    pub fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_deref()
    }

    /// The certificates that the server showed, its own first; none unless we called it with TLS.
    pub fn server_chain(&self) -> &[CertificateDer<'static>] {
        match &self.line {
            Line::Connected(stream) => stream.get_ref().1.peer_certificates().unwrap_or_default(),
            _ => &[],
        }
    }

    /// From now on, under TLS, nothing follows an LF within a record, and no record holds more
    /// than 8190 octets.
    ///
    /// fetchmail as a customer relays between two sockets line by line and asks `select` about a
    /// socket whose bytes TLS has already taken: the second line of a record stays there for
    /// ever. Many such records may still share one write. In clear this changes nothing.
    pub fn one_line_per_record(&mut self, on: bool) {
        self.line_per_record = on;
    }

    /// Appends what is to be written by the next [`Wire::flush`]. Nothing is copied.
    pub fn queue(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.queue.push_back(bytes);
        }
    }

    /// How many octets are queued and not yet taken by the socket or the TLS layer.
    pub fn queued(&self) -> usize {
        self.queue.iter().map(Bytes::len).sum()
    }

    /// Is something not yet on the line? [`Wire::flush`] goes on with it.
    pub fn has_unsent(&self) -> bool {
        self.unflushed || !self.queue.is_empty()
    }

    /// Waits for bytes and appends them to `input`. 0 is the peer's end.
    ///
    /// Nothing queued is written: flush first. While the peer is silent an empty `input` holds no
    /// memory. The end of a TLS stream without `close_notify` counts as an end like any other:
    /// every unit of SMTP says where it ends, so a cut cannot pass for a whole.
    ///
    /// # Errors
    ///
    /// [`WireFault::TimedOut`] when `deadline` passes first; what TLS or the system reports.
    pub async fn read(
        &mut self,
        input: &mut BytesMut,
        deadline: Option<Instant>,
    ) -> Result<usize, WireFault> {
        let reading = poll_fn(|cx| self.poll_read_or_rest(cx, input));
        until(deadline, "waiting for the peer to speak", reading).await
    }

    /// Writes all that is queued, and whenever a write would block reads into `input`, up to
    /// `input_limit` octets in it.
    ///
    /// Both sides may be writing: a server its replies, a client a pipelined group (RFC 2920,
    /// section 3.1). If neither reads meanwhile, both wait for ever. A limit of 0 reads nothing.
    ///
    /// # Errors
    ///
    /// [`WireFault::TimedOut`] when `deadline` passes before all is written. After any other fault
    /// `input` holds what the peer said last, as far as it came through: it may be the reason.
    pub async fn flush(
        &mut self,
        input: &mut BytesMut,
        input_limit: usize,
        deadline: Option<Instant>,
    ) -> Result<(), WireFault> {
        let writing = poll_fn(|cx| self.poll_flush_reading(cx, input, input_limit));
        until(deadline, "writing to a peer that does not read", writing).await
    }

    /// Puts TLS over the wire, ourselves as TLS server: for STARTTLS and for TLS from the first
    /// byte. What is queued is written in clear first.
    ///
    /// The caller's input buffer must be empty: what a peer sent before the handshake is not
    /// protected by it (RFC 3207, section 4.2), and must be refused, not carried over.
    ///
    /// # Errors
    ///
    /// The wire is lost with any of them.
    pub async fn start_tls_server(
        mut self,
        server: &TlsServer,
        callers: Callers,
        deadline: Option<Instant>,
    ) -> Result<Wire, WireFault> {
        self.flush(&mut BytesMut::new(), 0, deadline).await?;
        let Line::Clear(plain) = self.line else { return Err(twice()) };
        let handshake = server.acceptor(callers).accept(plain);
        let stream = until(deadline, HANDSHAKE, async { Ok(handshake.await?) }).await?;
        let tls = Some(Box::new(TlsFacts::of_server(stream.get_ref().1)));
        Ok(Wire { line: Line::Accepted(Box::new(stream)), tls, ..self })
    }

    /// Puts TLS over the wire, ourselves as TLS client who expects `server_name` (a host name or
    /// an address) in the certificate. Otherwise as [`Wire::start_tls_server`].
    ///
    /// # Errors
    ///
    /// [`WireFault::Untrusted`] when the certificate is refused. The wire is lost with any error.
    pub async fn start_tls_client(
        mut self,
        client: &TlsClient,
        server_name: &str,
        deadline: Option<Instant>,
    ) -> Result<Wire, WireFault> {
        let name = TlsClient::name(server_name)?;
        self.flush(&mut BytesMut::new(), 0, deadline).await?;
        let Line::Clear(plain) = self.line else { return Err(twice()) };
        let handshake = client.connector().connect(name, plain);
        let stream = until(deadline, HANDSHAKE, async { Ok(handshake.await?) }).await?;
        let tls = Some(Box::new(TlsFacts::of_client(stream.get_ref().1, server_name)));
        Ok(Wire { line: Line::Connected(Box::new(stream)), tls, ..self })
    }

    /// Ends our side of the line; the other may go on. What is still queued is not sent.
    ///
    /// # Errors
    ///
    /// The line is broken.
    pub async fn half_close(&mut self) -> Result<(), WireFault> {
        Ok(self.line.shutdown().await?)
    }

    /// Cuts the line: the peer hears a reset, and no goodbye.
    pub fn cut(self) {
        // A line that is no TCP just ends.
        self.line.forget_the_rest();
    }

    /// Did the peer end a line under TLS without `close_notify`? RFC 8446, section 6.1.
    pub fn ended_abruptly(&self) -> bool {
        self.abrupt
    }

    /// Says goodbye: `close_notify` under TLS, then the end of our side, then a moment for the
    /// peer to end its own.
    ///
    /// Closing a socket with unread bytes in it sends a reset, and a reset may overtake the reply
    /// we wrote last. What is still queued is not sent: flush first.
    pub async fn close(self) {
        self.part(FAREWELL, FAREWELL_OCTETS).await;
    }

    /// The same towards a peer that may have much on its way to us, and whose answers were the last
    /// thing we said: it has to hear them before it hears a reset.
    pub async fn close_hearing_out(self) {
        self.part(LONG_FAREWELL, LONG_FAREWELL_OCTETS).await;
    }

    async fn part(mut self, patience: Duration, most: usize) {
        let farewell = async {
            self.line.shutdown().await?;
            let mut rest = vec![0; 16 * 1024];
            let mut heard = 0;
            while heard < most {
                match self.line.read(&mut rest).await? {
                    0 => break,
                    octets => heard += octets,
                }
            }
            io::Result::Ok(())
        };
        // Whatever goes wrong now, the connection ends when it is dropped.
        let _ = tokio::time::timeout(patience, farewell).await;
    }
}

impl fmt::Debug for Wire {
    /// Without what is queued: it may be somebody's password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("line", &self.line)
            .field("queued", &self.queued())
            .field("tls", &self.tls)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

const HANDSHAKE: &str = "agreeing on TLS";

fn twice() -> WireFault {
    WireFault::Tls { why: "TLS is already active".into(), hint: String::new() }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

async fn until<T>(
    deadline: Option<Instant>,
    doing: &'static str,
    work: impl Future<Output = Result<T, WireFault>>,
) -> Result<T, WireFault> {
    let Some(deadline) = deadline else { return work.await };
    match tokio::time::timeout_at(deadline.into(), work).await {
        Ok(done) => done,
        Err(_) => Err(WireFault::TimedOut { doing }),
    }
}
