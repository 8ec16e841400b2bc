//! The connection of a scripted peer, in clear or under TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, ConnectionCommon, ServerConfig};
use rustls::{ServerConnection, SideData, StreamOwned};

use super::Pace;

/// The longest line it listens to: beyond any limit that a test tries out.
const LONGEST_LINE: usize = 1 << 20;

trait Wire: Read + Write + Send {
    /// Says what there is to say before a close in good order.
    fn farewell(&mut self) {}
}

impl Wire for TcpStream {}

impl<C, S> Wire for StreamOwned<C, TcpStream>
where
    C: DerefMut<Target = ConnectionCommon<S>> + Send,
    S: SideData,
{
    fn farewell(&mut self) {
        self.conn.send_close_notify();
        // The peer may be gone already.
        let _ = self.flush();
    }
}

/// A connection, with what was read and not yet used.
pub(super) struct Line {
    tcp: TcpStream,
    wire: Box<dyn Wire>,
    unread: Vec<u8>,
    pub(super) pace: Pace,
}

impl Line {
    pub(super) fn over(tcp: TcpStream, patience: Duration) -> io::Result<Line> {
        tcp.set_read_timeout(Some(patience))?;
        tcp.set_write_timeout(Some(patience))?;
        tcp.set_nodelay(true)?;
        Ok(Line { wire: Box::new(tcp.try_clone()?), tcp, unread: Vec::new(), pace: Pace::AtOnce })
    }

    pub(super) fn serve_tls(&mut self, config: Arc<ServerConfig>) -> Result<(), String> {
        let session = ServerConnection::new(config).map_err(|why| why.to_string())?;
        let mut stream = StreamOwned::new(session, self.tcp.try_clone().map_err(said)?);
        stream.conn.complete_io(&mut stream.sock).map_err(said)?;
        self.wire = Box::new(stream);
        Ok(())
    }

    pub(super) fn call_tls(&mut self, config: Arc<ClientConfig>) -> Result<(), String> {
        let name = "localhost".try_into().expect("a name");
        let session = ClientConnection::new(config, name).map_err(|why| why.to_string())?;
        let mut stream = StreamOwned::new(session, self.tcp.try_clone().map_err(said)?);
        stream.conn.complete_io(&mut stream.sock).map_err(said)?;
        self.wire = Box::new(stream);
        Ok(())
    }

    pub(super) fn bare(&mut self) -> Result<(), String> {
        self.wire = Box::new(self.tcp.try_clone().map_err(said)?);
        Ok(())
    }

    pub(super) fn say(&mut self, octets: &[u8]) -> Result<(), String> {
        match self.pace {
            Pace::AtOnce => self.write(octets),
            Pace::LineByLine => {
                octets.split_inclusive(|o| *o == b'\n').try_for_each(|l| self.write(l))
            }
            Pace::Slowly => octets.chunks(1).try_for_each(|octet| self.write(octet)),
        }
    }

    /// The next line without its end; `None` when the peer has closed.
    pub(super) fn hear(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(end) = self.unread.iter().position(|octet| *octet == b'\n') {
                let line = self.unread.drain(..=end).collect::<Vec<_>>();
                let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
                return Ok(Some(String::from_utf8_lossy(line).into_owned()));
            }
            if self.unread.len() > LONGEST_LINE {
                return Err("a line without end".to_owned());
            }
            if self.read()? == 0 {
                return Ok(None);
            }
        }
    }

    /// No more from us; what the peer still says can be heard.
    pub(super) fn finish(&mut self) {
        self.wire.farewell();
        let _ = self.tcp.shutdown(Shutdown::Write);
    }

    pub(super) fn close(&self) {
        // Closed already is closed too.
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    fn write(&mut self, octets: &[u8]) -> Result<(), String> {
        self.wire.write_all(octets).and_then(|()| self.wire.flush()).map_err(said)
    }

    fn read(&mut self) -> Result<usize, String> {
        let mut piece = [0; 16 * 1024];
        match self.wire.read(&mut piece) {
            Ok(length) => {
                self.unread.extend_from_slice(&piece[..length]);
                Ok(length)
            }
            // Closed without a farewell is closed.
            Err(why)
                if matches!(why.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) =>
            {
                Ok(0)
            }
            Err(why) => Err(said(why)),
        }
    }
}

fn said(why: io::Error) -> String {
    match why.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "the other side is silent".to_owned(),
        _ => why.to_string(),
    }
}
