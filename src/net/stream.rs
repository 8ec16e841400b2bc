//! The streams a wire can lie on, seen as one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::{client, server};

/// Anything bytes go into and come out of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A stream without TLS.
pub(super) enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
    Memory(DuplexStream),
}

/// A stream with or without TLS. The TLS states are boxed: they are ten times the rest.
pub(super) enum Line {
    Clear(Plain),
    /// We are the TLS server, whatever role SMTP gives us now.
    Accepted(Box<server::TlsStream<Plain>>),
    /// We are the TLS client.
    Connected(Box<client::TlsStream<Plain>>),
}

impl Plain {
    pub(super) fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Plain::Tcp(stream) => Pin::new(stream),
            Plain::Unix(stream) => Pin::new(stream),
            Plain::Memory(stream) => Pin::new(stream),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Plain::Tcp(_) => "tcp",
            Plain::Unix(_) => "unix",
            Plain::Memory(_) => "memory",
        }
    }
}

impl Line {
    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Line::Clear(plain) => plain.stream(),
            Line::Accepted(stream) => Pin::new(stream.as_mut()),
            Line::Connected(stream) => Pin::new(stream.as_mut()),
        }
    }

    /// Whatever is not sent when the line is dropped is not sent at all, and the peer hears a reset.
    pub(super) fn forget_the_rest(&self) {
        let plain = match self {
            Line::Clear(plain) => plain,
            Line::Accepted(stream) => stream.get_ref().0,
            Line::Connected(stream) => stream.get_ref().0,
        };
        if let Plain::Tcp(stream) = plain {
            // Where the system will not, the line ends as any does.
            let _ = stream.set_zero_linger();
        }
    }

    pub(super) fn is_tls(&self) -> bool {
        !matches!(self, Line::Clear(_))
    }

    /// Hands `plaintext` to the TLS layer as a record of its own, to be sent by the next flush.
    ///
    /// Only under TLS, and at most one record's worth. Returns how much was taken.
    pub(super) fn seal(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        use std::io::Write;
        match self {
            Line::Clear(_) => Err(io::ErrorKind::Unsupported.into()),
            Line::Accepted(stream) => stream.get_mut().1.writer().write(plaintext),
            Line::Connected(stream) => stream.get_mut().1.writer().write(plaintext),
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Clear(plain) => f.write_str(plain.kind()),
            Line::Accepted(stream) => write!(f, "tls server on {}", stream.get_ref().0.kind()),
            Line::Connected(stream) => write!(f, "tls client on {}", stream.get_ref().0.kind()),
        }
    }
}

macro_rules! as_its_stream {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.get_mut().stream().poll_read(cx, buffer)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().stream().poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                pieces: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().stream().poll_write_vectored(cx, pieces)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.get_mut().stream().poll_flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.get_mut().stream().poll_shutdown(cx)
            }
        }
    };
}

as_its_stream!(Plain);
as_its_stream!(Line);
