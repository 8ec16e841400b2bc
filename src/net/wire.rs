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

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpStream, UnixStream};

pub use crate::net::fault::WireFault;
use crate::net::stream::{Line, Plain};
use crate::net::tls::{TlsClient, TlsFacts, TlsServer};

/// The first read asks for this much, and no more is kept while the peer is silent.
const MODEST: usize = 4 * 1024;
/// The most one read asks for, once reads come back full.
const GREEDY: usize = 64 * 1024;
/// Pieces in one vectored write.
const PIECES: usize = 64;
/// fetchmail reads a line into a buffer of 8191 and leaves what lies behind it in the TLS layer,
/// where its `select` never finds it.
const RECORD_LIMIT: usize = 8190;
/// Sealed octets gathered before they are written. Well under the 64 KiB that rustls holds at
/// most, so that a record is never cut by that limit.
const SEALED_BATCH: usize = 32 * 1024;
/// About what a record costs besides its plaintext.
const RECORD_COST: usize = 32;
/// How long and how much a closing wire listens for the peer's own close.
const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_OCTETS: usize = 64 * 1024;

/// A connection with what is still to be written to it.
#[derive(Debug)]
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
            appetite: MODEST,
            ended: false,
            tls: None,
            peer: None,
            local: None,
        }
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
    /// [`WireFault::TimedOut`] when `deadline` passes before all is written.
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
        deadline: Option<Instant>,
    ) -> Result<Wire, WireFault> {
        let (peer, local) = (self.peer, self.local);
        let plain = self.bare(deadline).await?;
        let handshake = server.acceptor().accept(plain);
        let stream = until(deadline, HANDSHAKE, async { Ok(handshake.await?) }).await?;
        let tls = Some(Box::new(TlsFacts::of_server(stream.get_ref().1)));
        Ok(Wire { tls, peer, local, ..Wire::over(Line::Accepted(Box::new(stream))) })
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
        let (peer, local) = (self.peer, self.local);
        let name = TlsClient::name(server_name)?;
        let plain = self.bare(deadline).await?;
        let handshake = client.connector().connect(name, plain);
        let stream = until(deadline, HANDSHAKE, async { Ok(handshake.await?) }).await?;
        let tls = Some(Box::new(TlsFacts::of_client(stream.get_ref().1, server_name)));
        Ok(Wire { tls, peer, local, ..Wire::over(Line::Connected(Box::new(stream))) })
    }

    /// Says goodbye: `close_notify` under TLS, then the end of our side, then a moment for the
    /// peer to end its own.
    ///
    /// Closing a socket with unread bytes in it sends a reset, and a reset may overtake the reply
    /// we wrote last. What is still queued is not sent: flush first.
    pub async fn close(mut self) {
        let farewell = async {
            self.line.shutdown().await?;
            let mut rest = [0; 1024];
            let mut heard = 0;
            while heard < FAREWELL_OCTETS {
                match self.line.read(&mut rest).await? {
                    0 => break,
                    octets => heard += octets,
                }
            }
            io::Result::Ok(())
        };
        // Whatever goes wrong now, the connection ends when it is dropped.
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }

    /// The stream below, with all that was queued written.
    async fn bare(&mut self, deadline: Option<Instant>) -> Result<Plain, WireFault> {
        self.flush(&mut BytesMut::new(), 0, deadline).await?;
        let (unused, _) = tokio::io::duplex(1);
        match std::mem::replace(&mut self.line, Line::Clear(Plain::Memory(unused))) {
            Line::Clear(plain) => Ok(plain),
            _ => Err(WireFault::Tls { why: "TLS is already active".into(), hint: String::new() }),
        }
    }

    fn poll_read_or_rest(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
    ) -> Poll<Result<usize, WireFault>> {
        if self.ended {
            return Poll::Ready(Ok(0));
        }
        let polled = self.poll_fill(cx, input, self.appetite);
        if polled.is_pending() {
            rest(input);
        }
        polled
    }

    fn poll_flush_reading(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
        input_limit: usize,
    ) -> Poll<Result<(), WireFault>> {
        loop {
            if let Poll::Ready(done) = self.poll_write_all(cx) {
                return Poll::Ready(done.map_err(WireFault::from));
            }
            let room = input_limit.saturating_sub(input.len()).min(self.appetite);
            if self.ended || room == 0 {
                return Poll::Pending;
            }
            // An end is kept for the next read: the peer may have shut its own side only.
            self.ended = ready!(self.poll_fill(cx, input, room))? == 0;
        }
    }

    fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
        room: usize,
    ) -> Poll<Result<usize, WireFault>> {
        input.reserve(room);
        let mut spare = input.limit(room);
        let polled = pin!(self.line.read_buf(&mut spare)).poll(cx);
        match ready!(polled) {
            Ok(octets) => {
                self.adapt(octets, room);
                Poll::Ready(Ok(octets))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(0)),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// A read that came back full wants more next time; one that hardly found anything, less.
    fn adapt(&mut self, octets: usize, room: usize) {
        if octets == room {
            self.appetite = (self.appetite * 2).min(GREEDY);
        } else if octets < self.appetite / 4 {
            self.appetite = (self.appetite / 2).max(MODEST);
        }
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.queue.is_empty() {
            if self.line_per_record && self.line.is_tls() {
                ready!(self.poll_write_lines(cx))?;
            } else {
                ready!(self.poll_write_pieces(cx))?;
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.line).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes as much as the line takes at once.
    fn poll_write_pieces(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        for (slot, bytes) in pieces.iter_mut().zip(&self.queue) {
            *slot = IoSlice::new(bytes);
        }
        let count = self.queue.len().min(PIECES);
        let pieces = pieces.get(..count).unwrap_or_default();
        match ready!(Pin::new(&mut self.line).poll_write_vectored(cx, pieces))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => self.forget(written),
        }
        self.unflushed = true;
        Poll::Ready(Ok(()))
    }

    /// Seals line after line until a batch is full, and has the last batch written before it
    /// starts the next: so the TLS layer holds one batch at most.
    fn poll_write_lines(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.line).poll_flush(cx))?;
        let mut batch = 0;
        while let Some(front) = self.queue.front() {
            let length = record_length(front);
            if batch + length + RECORD_COST > SEALED_BATCH {
                break;
            }
            let sealed = self.line.seal(front.get(..length).unwrap_or_default())?;
            self.forget(sealed);
            batch += sealed + RECORD_COST;
        }
        self.unflushed = true;
        Poll::Ready(Ok(()))
    }

    fn forget(&mut self, mut written: usize) {
        while written > 0 {
            let Some(front) = self.queue.front_mut() else { return };
            if front.len() > written {
                front.advance(written);
                return;
            }
            written -= front.len();
            self.queue.pop_front();
        }
    }
}

const HANDSHAKE: &str = "the TLS handshake";

/// To the first LF, or as far as a record may go.
fn record_length(bytes: &[u8]) -> usize {
    let most = bytes.len().min(RECORD_LIMIT);
    let window = bytes.get(..most).unwrap_or_default();
    memchr::memchr(b'\n', window).map_or(most, |end| end + 1)
}

/// Gives back what a burst made grow: ten thousand silent peers should cost ten thousand times
/// nothing. A part of a line is moved, so that it does not hold on to the large block it lies in.
fn rest(input: &mut BytesMut) {
    if input.is_empty() {
        *input = BytesMut::new();
    } else if input.len() < MODEST {
        *input = BytesMut::from(&input[..]);
    }
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
