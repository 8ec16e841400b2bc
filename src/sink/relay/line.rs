//! The line to the local server: one command out, one reply in, each under a deadline.
//!
//! A reply that nobody asked for is a fault. Were it taken for the answer to the next command, a
//! mail could be acknowledged by a 250 that was meant for something else.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;

use super::target::Address;
use crate::smtp::{BadReply, Reply, ReplyParser};

/// What a line runs over.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Why there is no answer. The line is of no use afterwards.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// The host has no address.
    #[error("the host name does not resolve: {0}")]
    UnknownHost(io::Error),
    /// Nobody listens there.
    #[error("cannot connect: {0}")]
    Unreachable(io::Error),
    /// The other end closed the line.
    #[error("the server closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broke(io::Error),
    /// The deadline has passed.
    #[error("no answer within {0} s")]
    Silent(u64),
    /// 421: the server is closing the line. RFC 5321, section 3.8.
    #[error("the server leaves: \"{0}\"")]
    Leaving(Reply),
    /// What came is no reply.
    #[error("{0}")]
    NotAReply(#[from] BadReply),
    /// A reply to nothing.
    #[error("the server speaks out of turn")]
    OutOfTurn,
}

impl LineFault {
    /// True when the server may simply have grown tired of an idle line.
    pub fn is_goodbye(&self) -> bool {
        matches!(self, LineFault::Closed | LineFault::Leaving(_) | LineFault::Broke(_))
    }
}

/// A connected line.
pub struct Line {
    stream: Box<dyn Stream>,
    input: BytesMut,
    output: BytesMut,
    replies: ReplyParser,
    ends: Option<(SocketAddr, SocketAddr)>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// Connects, trying each address of the host in turn.
    ///
    /// # Errors
    /// [`LineFault`], of the last address tried.
    pub async fn connect(address: &Address, patience: Duration) -> Result<Line, LineFault> {
        within(patience, async {
            match address {
                Address::Tcp(host, port) => tcp(host, *port).await,
                Address::Unix(path) => {
                    let stream = UnixStream::connect(path).await.map_err(LineFault::Unreachable)?;
                    Ok(Line::over(stream))
                }
            }
        })
        .await
    }

    fn over(stream: impl Stream + 'static) -> Line {
        Line {
            stream: Box::new(stream),
            input: BytesMut::new(),
            output: BytesMut::new(),
            replies: ReplyParser::default(),
            ends: None,
        }
    }

    /// Our address and the server's, where the line runs over TCP.
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.ends
    }

    /// Waits for one reply.
    ///
    /// # Errors
    /// [`LineFault`]; 421 is one.
    pub async fn hear(&mut self, patience: Duration) -> Result<Reply, LineFault> {
        within(patience, self.reply()).await
    }

    /// Says a command, given without its CRLF, and waits for the reply.
    ///
    /// # Errors
    /// [`LineFault`]; 421 is one.
    pub async fn command(&mut self, text: &str, patience: Duration) -> Result<Reply, LineFault> {
        self.output.extend_from_slice(text.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.last(patience).await
    }

    /// Where content is put that [`send`](Self::send) or [`last`](Self::last) will take away.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Sends what has been put into the output.
    ///
    /// # Errors
    /// [`LineFault`].
    pub async fn send(&mut self, patience: Duration) -> Result<(), LineFault> {
        within(patience, self.flush()).await
    }

    /// Sends what has been put into the output, and waits for the reply to it.
    ///
    /// # Errors
    /// [`LineFault`]; 421 is one.
    pub async fn last(&mut self, patience: Duration) -> Result<Reply, LineFault> {
        within(patience, async {
            self.silence().await?;
            self.flush().await?;
            self.reply().await
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), LineFault> {
        self.stream.write_all(&self.output).await.map_err(LineFault::Broke)?;
        self.output.clear();
        Ok(())
    }

    async fn reply(&mut self) -> Result<Reply, LineFault> {
        loop {
            match self.replies.next(&mut self.input)? {
                Some(reply) if reply.code == 421 => return Err(LineFault::Leaving(reply)),
                Some(reply) => return Ok(reply),
                None => {}
            }
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Err(LineFault::Closed),
                Ok(_) => {}
                Err(error) => return Err(LineFault::Broke(error)),
            }
        }
    }

    /// Makes sure that nothing has come that was not asked for. A farewell may have.
    async fn silence(&mut self) -> Result<(), LineFault> {
        self.read_ready().await?;
        if self.input.is_empty() {
            return Ok(());
        }
        self.reply().await?;
        Err(LineFault::OutOfTurn)
    }

    /// Takes what has already arrived, without waiting.
    async fn read_ready(&mut self) -> Result<(), LineFault> {
        let mut space = [0; 512];
        let mut buffer = ReadBuf::new(&mut space);
        let stream = &mut self.stream;
        let polled = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut buffer)));
        match polled.await {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(LineFault::Broke(error)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Err(LineFault::Closed),
            Poll::Ready(Ok(())) => {
                self.input.extend_from_slice(buffer.filled());
                Ok(())
            }
        }
    }
}

async fn tcp(host: &str, port: u16) -> Result<Line, LineFault> {
    let nobody = || io::Error::new(io::ErrorKind::NotFound, "no address");
    let mut fault = LineFault::UnknownHost(nobody());
    for address in lookup_host((host, port)).await.map_err(LineFault::UnknownHost)? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Each flight is written whole: there is nothing to wait for.
                let _ = stream.set_nodelay(true);
                let ends =
                    stream.local_addr().and_then(|ours| Ok((ours, stream.peer_addr()?))).ok();
                return Ok(Line { ends, ..Line::over(stream) });
            }
            Err(error) => fault = LineFault::Unreachable(error),
        }
    }
    Err(fault)
}

async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, LineFault>>,
) -> Result<T, LineFault> {
    timeout(patience, work).await.unwrap_or(Err(LineFault::Silent(patience.as_secs())))
}
