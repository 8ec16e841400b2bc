//! As little of HTTP as asking takes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::house::PATIENCE;

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A field of the head.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Writes this, and reads to the end.
pub fn raw(at: SocketAddr, request: &[u8]) -> String {
    let mut line = TcpStream::connect(at).expect("a connection");
    line.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // Who has had enough may close while we write.
    let _ = line.write_all(request);
    let mut heard = Vec::new();
    let mut piece = [0; 64 * 1024];
    while !is_whole(&heard) {
        match line.read(&mut piece) {
            Ok(n) if n > 0 => heard.extend_from_slice(&piece[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Not everybody hangs up when asked to.
fn is_whole(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| heard.len() >= head.len() + 4 + length)
}

/// Asks for a path, with these further fields.
pub fn get(at: SocketAddr, path: &str, fields: &str) -> Answer {
    ask(at, "GET", path, fields, "")
}

pub fn ask(at: SocketAddr, method: &str, path: &str, fields: &str, body: &str) -> Answer {
    let host = if fields.contains("Host:") { String::new() } else { format!("Host: {at}\r\n") };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\n{host}{fields}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    parse(&raw(at, request.as_bytes()))
}

pub fn parse(heard: &str) -> Answer {
    let (head, body) = heard.split_once("\r\n\r\n").unwrap_or((heard, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in {heard:?}"));
    Answer { status, head: head.replace("\r\n", "\n"), body: body.to_owned() }
}
