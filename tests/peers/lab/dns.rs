//! A name server with one text for each of its names, for as long as it is held.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Lab;

const TXT: u16 = 16;

pub struct Dns {
    pub address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// Answers for these names; of no other has it ever heard.
    pub fn with(lab: &Lab, texts: &[(&str, &str)]) -> Dns {
        let address = lab.free();
        let socket = UdpSocket::bind(address).expect("a port");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let ends = Arc::new(AtomicBool::new(false));
        let texts: Vec<(String, String)> =
            texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let told = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let mut query = [0; 4096];
            while !told.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut query) {
                    let _ = socket.send_to(&answer(&query[..length], &texts), from);
                }
            }
        });
        Dns { address, ends, thread: Some(thread) }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// RFC 1035, section 4.1.
fn answer(query: &[u8], texts: &[(String, String)]) -> Vec<u8> {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
        at += length + 1;
    }
    let question = &query[12..at + 5];
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let known = texts.iter().find(|(name, _)| *name == labels.join("."));
    let text = known.filter(|_| kind == TXT).map(|(_, text)| text);
    let rcode = if known.is_some() { 0 } else { 3 };
    let counts = [0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0];
    let mut reply = [&query[..2], &[0x85, 0x80 | rcode], &counts, question].concat();
    if let Some(text) = text {
        let length = u8::try_from(text.len()).expect("a short text");
        // The name of the question, TXT, IN, a time to live, and one string.
        reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
        reply.extend(text.as_bytes());
    }
    reply
}
