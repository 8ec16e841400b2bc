//! How a wire moves its bytes: the part below the `async` functions.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};

use crate::net::wire::{Wire, WireFault};

/// The first read asks for this much, and no more is kept while the peer is silent.
pub(super) const MODEST: usize = 4 * 1024;
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

impl Wire {
    pub(super) fn poll_read_or_rest(
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

    pub(super) fn poll_flush_reading(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
        input_limit: usize,
    ) -> Poll<Result<(), WireFault>> {
        loop {
            match self.poll_write_all(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(fault)) => {
                    self.hear_last_words(cx, input, input_limit);
                    return Poll::Ready(Err(fault.into()));
                }
                Poll::Pending => {}
            }
            let room = input_limit.saturating_sub(input.len()).min(self.appetite);
            if self.ended || room == 0 {
                return Poll::Pending;
            }
            // An end is kept for the next read: the peer may have shut its own side only.
            self.ended = ready!(self.poll_fill(cx, input, room))? == 0;
        }
    }

    /// Who hangs up on us may have said why: a 421 is worth more than "broken pipe".
    fn hear_last_words(&mut self, cx: &mut Context<'_>, input: &mut BytesMut, input_limit: usize) {
        while input.len() < input_limit {
            let room = (input_limit - input.len()).min(self.appetite);
            match self.poll_fill(cx, input, room) {
                Poll::Ready(Ok(octets)) if octets > 0 => {}
                _ => return,
            }
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
                self.adapt(octets);
                Poll::Ready(Ok(octets))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.abrupt = true;
                Poll::Ready(Ok(0))
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    /// A read that came back full wants more next time; one that hardly found anything, less.
    fn adapt(&mut self, octets: usize) {
        if octets >= self.appetite {
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
