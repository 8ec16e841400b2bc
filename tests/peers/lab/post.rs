//! A plain sender: hands messages to a server in lockstep and reports what each was told.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use super::wait::PATIENCE;

/// A session with a server, past its greeting.
pub struct Post {
    line: BufReader<TcpStream>,
}

impl Post {
    /// Calls a server and says EHLO.
    pub fn open(server: SocketAddr) -> Post {
        Post::greet(server, "EHLO")
    }

    /// Calls a server and says LHLO.
    pub fn open_lmtp(server: SocketAddr) -> Post {
        Post::greet(server, "LHLO")
    }

    /// Sends one message and returns the replies to MAIL, each RCPT and the final dot, ending early at
    /// the first refusal of a whole step.
    pub fn send(&mut self, from: &str, to: &[&str], content: &[u8]) -> Vec<String> {
        let mut replies = vec![self.ask(&format!("MAIL FROM:<{from}>"))];
        replies.extend(to.iter().map(|path| self.ask(&format!("RCPT TO:<{path}>"))));
        if !replies[1..].iter().any(|reply| reply.starts_with('2')) {
            self.ask("RSET");
            return replies;
        }
        replies.push(self.ask("DATA"));
        if replies.last().is_some_and(|reply| reply.starts_with('3')) {
            self.write(&stuffed(content));
            replies.push(self.reply());
        }
        replies
    }

    /// Sends one message and fails the test unless it was taken.
    pub fn deliver(&mut self, from: &str, to: &str, content: &[u8]) {
        let replies = self.send(from, &[to], content);
        assert!(replies.last().is_some_and(|reply| reply.starts_with("250")), "{replies:#?}");
    }

    /// Calls a server that may be gone or about to go.
    #[allow(dead_code, reason = "for tests/ledger.rs, which shares the lab")]
    pub fn try_open(server: SocketAddr) -> Option<Post> {
        let mut post = Post::over(TcpStream::connect(server).ok()?);
        let greeted = post.try_reply().ok()?.starts_with("220");
        (greeted && post.try_ask("EHLO sender.test").ok()?.starts_with("250")).then_some(post)
    }

    /// Sends one message to a server that may go at any moment, and returns its last reply.
    ///
    /// # Errors
    /// Where the server is gone; what has become of the message, nobody knows then.
    #[allow(dead_code, reason = "for tests/ledger.rs, which shares the lab")]
    pub fn try_send(&mut self, from: &str, to: &str, content: &[u8]) -> io::Result<String> {
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".to_owned()]
        {
            let reply = self.try_ask(&command)?;
            if !reply.starts_with(['2', '3']) {
                self.try_ask("RSET")?;
                return Ok(reply);
            }
        }
        self.line.get_mut().write_all(&stuffed(content))?;
        self.try_reply()
    }

    /// Says a command and returns the whole reply.
    pub fn ask(&mut self, command: &str) -> String {
        self.say(command);
        self.reply()
    }

    /// Says a command, and does not wait.
    pub fn say(&mut self, command: &str) {
        self.write(format!("{command}\r\n").as_bytes());
    }

    fn greet(server: SocketAddr, hello: &str) -> Post {
        let tcp = TcpStream::connect(server).unwrap_or_else(|why| panic!("{server}: {why}"));
        let mut post = Post::over(tcp);
        assert!(post.reply().starts_with("220"), "{server} is not ready");
        post.ask(&format!("{hello} sender.test"));
        post
    }

    fn write(&mut self, octets: &[u8]) {
        self.line.get_mut().write_all(octets).expect("a server that listens");
    }

    fn over(tcp: TcpStream) -> Post {
        tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        tcp.set_nodelay(true).expect("no delay");
        Post { line: BufReader::new(tcp) }
    }

    /// The next whole reply.
    pub fn reply(&mut self) -> String {
        self.try_reply().expect("a reply")
    }

    fn try_ask(&mut self, command: &str) -> io::Result<String> {
        self.line.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        self.try_reply()
    }

    /// A whole reply; half of one is none.
    fn try_reply(&mut self) -> io::Result<String> {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            self.line.read_line(&mut reply)?;
            if !reply.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if reply.as_bytes().get(start + 3) != Some(&b'-') {
                return Ok(reply.trim_end().to_owned());
            }
        }
    }
}

/// Content as DATA carries it: dots doubled at line starts, and the end in sight.
pub fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(content.len() + 64);
    for line in content.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            octets.push(b'.');
        }
        octets.extend_from_slice(line);
    }
    octets.extend_from_slice(b".\r\n");
    octets
}
