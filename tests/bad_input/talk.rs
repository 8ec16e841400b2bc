//! A line to a server, from whatever loopback address; and a server that plays a part.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use crate::house::PATIENCE;

pub struct Line {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
    record: String,
}

impl Line {
    pub fn over(stream: TcpStream) -> Line {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let reader = BufReader::new(stream.try_clone().expect("a socket"));
        Line { stream, reader, record: String::new() }
    }

    /// Connects from 127.0.0.`host`.
    pub fn from(host: u8, server: SocketAddr) -> Line {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        let here = SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0));
        socket.bind(&here.into()).expect("bound");
        socket.connect(&server.into()).expect("connected");
        Line::over(socket.into())
    }

    pub fn to(server: SocketAddr) -> Line {
        Line::over(TcpStream::connect(server).expect("connected"))
    }

    /// Connected, and the greeting heard.
    pub fn greeted(server: SocketAddr) -> Line {
        let mut line = Line::to(server);
        let greeting = line.reply();
        assert!(greeting.starts_with("220"), "{greeting}");
        line
    }

    /// Writes; that the other side has gone is for the next read to tell.
    pub fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }

    pub fn ask(&mut self, command: &str) -> String {
        self.say(&format!("{command}\r\n"));
        self.reply()
    }

    /// A whole reply; empty when the line has ended.
    pub fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = Vec::new();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => return reply,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return reply,
                Err(error) => panic!("{error} behind {reply:?}"),
                Ok(_) => reply.push_str(&String::from_utf8_lossy(&line)),
            }
            if self.record.len() < 100_000 {
                self.record.push_str(&String::from_utf8_lossy(&line));
            }
            if line.get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Lines up to the one with a lone dot.
    pub fn content(&mut self) -> String {
        let mut content = String::new();
        while !content.ends_with("\r\n.\r\n") {
            let read = self.reader.read_line(&mut content).expect("a line");
            assert!(read > 0, "it ended inside {content:?}");
        }
        content
    }

    /// So many octets.
    pub fn octets(&mut self, n: usize) -> String {
        let mut octets = vec![0; n];
        self.reader.read_exact(&mut octets).expect("octets");
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Has nothing come that was not read yet?
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        let more = !self.reader.buffer().is_empty() || self.stream.peek(&mut [0]).is_ok();
        self.stream.set_nonblocking(false).expect("a socket");
        !more
    }

    /// All the other side says until it hangs up.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("it does not hang up: {error}"),
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Writes the same again and again, until the other side has had enough.
    pub fn flood(&mut self, piece: &[u8]) {
        while self.stream.write_all(piece).is_ok() {}
    }

    /// All that was heard, line by line, while the part was played.
    pub fn recorded(&mut self, play: impl FnOnce(&mut Line)) -> String {
        self.record.clear();
        play(self);
        std::mem::take(&mut self.record)
    }

    /// Hears until the other side hangs up, and says nothing.
    pub fn stall(&mut self) {
        let _ = std::io::copy(&mut (&mut self.reader).take(1 << 30), &mut std::io::sink());
    }
}

/// A server for one caller.
pub fn server(play: impl FnOnce(&mut Line) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a caller");
        play(&mut Line::over(stream));
    });
    (address, thread)
}
