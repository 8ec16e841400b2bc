//! A server that keeps every rule but one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What it can break, and what it can be otherwise without breaking anything.
pub type Breaks = &'static str;

const NAME: &str = "mx.example.org";
/// `acme` and `correct horse`, as PLAIN has it, begins so.
const KNOWN: &str = "AGFjbWUA";

/// One at work. It ends with the process of the test.
pub struct Breaking {
    /// Where it listens.
    pub at: SocketAddr,
}

struct House {
    breaks: Breaks,
    tls: Arc<ServerConfig>,
    at: SocketAddr,
    is_dead: AtomicBool,
}

impl Breaking {
    /// One that breaks this.
    pub fn start(tls: &Arc<ServerConfig>, breaks: Breaks) -> Breaking {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let is_dead = AtomicBool::new(false);
        let house = Arc::new(House { breaks, tls: Arc::clone(tls), at, is_dead });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if house.is_dead.load(Ordering::SeqCst) {
                    return;
                }
                let house = Arc::clone(&house);
                let stream = stream.expect("a caller");
                std::thread::spawn(move || drop(Line::of(stream, house).serve()));
            }
        });
        Breaking { at }
    }
}

/// The line is closed.
struct Gone;

trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

struct Line {
    house: Arc<House>,
    /// The line itself, for what is laid over it.
    stream: TcpStream,
    wire: Box<dyn Wire>,
    input: Vec<u8>,
    tls: bool,
    hello: bool,
    mail: bool,
    rcpts: usize,
}

impl Line {
    fn of(stream: TcpStream, house: Arc<House>) -> Line {
        let wire = Box::new(stream.try_clone().expect("a wire"));
        let input = Vec::new();
        Line { house, stream, wire, input, tls: false, hello: false, mail: false, rcpts: 0 }
    }

    fn breaks(&self, what: &str) -> bool {
        self.house.breaks == what
    }

    fn say(&mut self, text: &str) -> Result<(), Gone> {
        self.wire.write_all(format!("{text}\r\n").as_bytes()).map_err(|_| Gone)?;
        self.wire.flush().map_err(|_| Gone)
    }

    fn more(&mut self) -> Result<(), Gone> {
        let mut some = [0; 4096];
        match self.wire.read(&mut some) {
            Ok(read @ 1..) => {
                self.input.extend_from_slice(&some[..read]);
                Ok(())
            }
            _ => Err(Gone),
        }
    }

    fn hear(&mut self) -> Result<String, Gone> {
        loop {
            if let Some(end) = self.input.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.more()?;
        }
    }

    fn octets(&mut self, count: usize) -> Result<(), Gone> {
        while self.input.len() < count {
            self.more()?;
        }
        self.input.drain(..count);
        Ok(())
    }

    fn begin_anew(&mut self) {
        (self.mail, self.rcpts) = (false, 0);
    }

    fn serve(&mut self) -> Result<(), Gone> {
        match self.breaks("two codes in its greeting") {
            true => self.say(&format!("220-{NAME}\r\n250 ready"))?,
            false => self.say(&format!("220 {NAME} ready"))?,
        }
        loop {
            let line = self.hear()?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "POST" if !self.breaks("cmd.http") => return self.say("221 2.7.0 no web here"),
                "EHLO" => self.ehlo()?,
                "NOOP" => self.say("250 2.0.0 ok")?,
                "RSET" => {
                    self.begin_anew();
                    self.say("250 2.0.0 ok")?;
                }
                "QUIT" if self.breaks("its own farewell") => self.say("250 2.0.0 bye")?,
                "QUIT" => {
                    self.say("221 2.0.0 bye")?;
                    if !self.breaks("cmd.quit") {
                        return Ok(());
                    }
                }
                "STARTTLS" => self.starttls()?,
                "AUTH" => self.auth(&line)?,
                "MAIL" => self.mail(&line)?,
                "RCPT" => self.rcpt(&line)?,
                "DATA" => self.data()?,
                "BDAT" => self.bdat(&line)?,
                "ETRN" if self.breaks("ehlo.no-lies") => self.say("500 5.5.1 no such command")?,
                "ETRN" => self.say("501 5.5.4 no such domain")?,
                _ => self.unknown()?,
            }
        }
    }

    fn unknown(&mut self) -> Result<(), Gone> {
        match self.house.breaks {
            "250 for what it does not know" => self.say("250 2.0.0 fine"),
            "699 for what it does not know" => self.say("699 what"),
            _ => self.say("500 5.5.2 no such command"),
        }
    }

    fn ehlo(&mut self) -> Result<(), Gone> {
        if self.hello && self.breaks("smug.lf-lf, and one EHLO") {
            return self.say("503 5.5.1 once is enough");
        }
        self.hello = true;
        self.begin_anew();
        let mut words = vec![NAME, "PIPELINING", "SIZE 10000000", "8BITMIME", "DSN", "CHUNKING"];
        words.extend(["ETRN", "AUTH PLAIN"]);
        if !self.tls {
            words.push("STARTTLS");
        }
        let (last, others) = words.split_last().expect("words");
        let mut text: String = others.iter().map(|word| format!("250-{word}\r\n")).collect();
        text.push_str(&format!("250 {last}"));
        self.say(&text)
    }

    fn starttls(&mut self) -> Result<(), Gone> {
        self.say("220 2.0.0 go on")?;
        if !self.breaks("tls.inject") {
            self.input.clear();
        }
        let kept = std::mem::take(&mut self.input);
        let session = ServerConnection::new(Arc::clone(&self.house.tls)).map_err(|_| Gone)?;
        let stream = self.stream.try_clone().map_err(|_| Gone)?;
        let mut secure = StreamOwned::new(session, stream);
        while secure.conn.is_handshaking() {
            if secure.conn.complete_io(&mut secure.sock).is_err() {
                if self.breaks("tls.fail-soft") {
                    self.house.is_dead.store(true, Ordering::SeqCst);
                    // Wakes it, to die.
                    let _ = TcpStream::connect(self.house.at);
                }
                return Err(Gone);
            }
        }
        self.wire = Box::new(secure);
        (self.input, self.tls, self.hello) = (kept, true, false);
        self.begin_anew();
        Ok(())
    }

    fn auth(&mut self, line: &str) -> Result<(), Gone> {
        if line.split(' ').nth(1) != Some("PLAIN") {
            return self.say("504 5.5.4 PLAIN is all there is");
        }
        let answer = match line.split(' ').nth(2) {
            Some(answer) => answer.to_owned(),
            None => {
                self.say("334 ")?;
                self.hear()?
            }
        };
        // "correct horse" begins so behind the name.
        let is_right = answer.starts_with(&format!("{KNOWN}Y29ycmVjdCBob3Jz"));
        match answer.starts_with(KNOWN) {
            _ if is_right => self.say("235 2.7.0 welcome"),
            false if self.breaks("auth.bad") => self.say("535 5.7.8 no such user"),
            _ => self.say("535 5.7.8 wrong name or password"),
        }
    }

    fn mail(&mut self, line: &str) -> Result<(), Gone> {
        let size = line.split("SIZE=").nth(1).and_then(|size| size.parse::<u128>().ok());
        let refusal = match self.house.breaks {
            "no permission to send" => Some("550 5.7.1 log in first"),
            "nobody now" => Some("450 4.2.0 greylisted"),
            "size.param" if size == Some(1) => Some("555 5.5.4 what?"),
            "dsn.ret" if line.contains("RET=") => Some("555 5.5.4 what?"),
            "dsn.envid" if line.contains("ENVID=") => Some("555 5.5.4 what?"),
            "8bit.param" if line.contains("BODY=") => Some("555 5.5.4 what?"),
            "size.huge" if size.is_some_and(|size| size > 10_000_000) => Some("354 go on"),
            _ if !line.contains('>') => Some("501 5.5.4 no path"),
            _ if line.ends_with("BODY=XX") => Some("501 5.5.4 what?"),
            _ if size.is_some_and(|size| size > 10_000_000) => Some("552 5.3.4 too long"),
            _ => None,
        };
        self.mail = refusal.is_none();
        self.say(refusal.unwrap_or("250 2.1.0 ok"))
    }

    fn rcpt(&mut self, line: &str) -> Result<(), Gone> {
        let lower = line.to_ascii_lowercase();
        let is_ours = lower.contains("@example.org>");
        let refusal = match self.house.breaks {
            _ if !self.mail => Some("503 5.5.1 MAIL first"),
            "relay.postmaster" if lower.contains("postmaster@nowhere.invalid") => None,
            _ if !is_ours => Some("550 5.7.1 not here"),
            "nobody here" => Some("550 5.1.1 nobody"),
            "lim.rcpt100" if self.rcpts >= 50 => Some("452 4.5.3 too many"),
            "a hundred and no more" if self.rcpts >= 100 => Some("452 4.5.3 too many"),
            "dsn.notify" if line.contains("NOTIFY=") => Some("555 5.5.4 what?"),
            "dsn.orcpt" if line.contains("ORCPT=") => Some("555 5.5.4 what?"),
            _ => None,
        };
        self.rcpts += usize::from(refusal.is_none());
        self.say(refusal.unwrap_or("250 2.1.5 ok"))
    }

    fn data(&mut self) -> Result<(), Gone> {
        if self.rcpts == 0 {
            return self.say("503 5.5.1 RCPT first");
        }
        self.say("354 go on")?;
        let is_loose = self.house.breaks.starts_with("smug.lf-lf");
        let ends: &[&[u8]] = if is_loose { &[b"\r\n.\r\n", b"\n.\n"] } else { &[b"\r\n.\r\n"] };
        let mut content = b"\r\n".to_vec();
        loop {
            content.append(&mut self.input);
            let found = ends.iter().filter_map(|end| Some((find(&content, end)?, end.len())));
            if let Some((at, length)) = found.min() {
                self.input = content.split_off(at + length);
                let is_empty = at == 0;
                self.begin_anew();
                return match is_empty && self.breaks("data.empty") {
                    true => self.say("554 5.6.0 nothing is in it"),
                    false => self.say("250 2.0.0 taken"),
                };
            }
            self.more()?;
        }
    }

    fn bdat(&mut self, line: &str) -> Result<(), Gone> {
        let size = line.split(' ').nth(1).and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size else { return self.say("501 5.5.4 how much?") };
        if self.rcpts == 0 && self.breaks("bdat.nomail") {
            return self.say("503 5.5.1 RCPT first");
        }
        self.octets(size)?;
        match self.rcpts {
            0 => self.say("503 5.5.1 RCPT first"),
            _ => self.say("250 2.0.0 taken"),
        }
    }
}

fn find(content: &[u8], end: &[u8]) -> Option<usize> {
    content.windows(end.len()).position(|piece| piece == end)
}
