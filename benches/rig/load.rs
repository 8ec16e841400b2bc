//! Senders: connections that are kept open and each send one message after another.
//!
//! All of them live on one thread, so that what they cost the machine is small and the same for
//! everybody who is pressed. Not a mail client: it knows one envelope, and any surprise ends it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::meter;

/// The domain that every server of the rig holds mail for.
pub const DOMAIN: &str = "held.test";

/// How hard to press.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections.
    pub senders: usize,
    /// Octets of a message's content.
    pub octets: usize,
    /// Whether MAIL, RCPT and DATA travel together (RFC 2920).
    pub pipelined: bool,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// When the time is over.
    Time(Duration),
    /// When so many messages were taken.
    Count(u64),
}

/// What came of one spell.
#[derive(Debug)]
pub struct Spell {
    /// Messages that were answered 250.
    pub messages: f64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// CPU seconds that the server used meanwhile.
    pub cpu: f64,
    /// From MAIL to the final 250, each message.
    waits: Vec<Duration>,
}

impl Spell {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        self.messages / self.seconds
    }

    /// CPU seconds of the server for 1000 messages.
    pub fn cpu_per_1000(&self) -> f64 {
        self.cpu / self.messages * 1000.0
    }

    /// So many of 100 messages were answered within this many milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let at = (self.waits.len().max(1) - 1) * percent / 100;
        self.waits.get(at).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1000.0)
    }
}

/// Presses the server at `address`, whose process is `pid`.
pub fn press(address: SocketAddr, pid: u32, load: Load, until: Until) -> Spell {
    press_at_most(address, pid, load, until, Duration::from_secs(900))
        .expect("a server that goes on")
}

/// The same, but gives up on a server that stands still.
pub fn press_at_most(
    address: SocketAddr,
    pid: u32,
    load: Load,
    until: Until,
    patience: Duration,
) -> Option<Spell> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(patience, press_on(address, pid, load, until)).await.ok()
    })
}

async fn press_on(address: SocketAddr, pid: u32, load: Load, until: Until) -> Spell {
    let mut senders = Vec::new();
    for _ in 0..load.senders {
        senders.push(Sender::connect(address).await);
    }
    let (cpu, start) = (meter::cpu_seconds(pid), Instant::now());
    let left = Rc::new(Cell::new(match until {
        Until::Count(count) => count,
        Until::Time(_) => u64::MAX,
    }));
    let end = match until {
        Until::Time(spell) => start + spell,
        Until::Count(_) => start + Duration::from_secs(600),
    };
    let message: Rc<[u8]> = message(load.octets).into();
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|sender| {
            let (message, left) = (Rc::clone(&message), Rc::clone(&left));
            tokio::task::spawn_local(sender.send(message, load.pipelined, left, end))
        })
        .collect();
    let (mut waits, mut senders) = (Vec::new(), Vec::new());
    for task in tasks {
        let (sender, waited) = task.await.expect("a sender");
        senders.push(sender);
        waits.extend(waited);
    }
    let seconds = start.elapsed().as_secs_f64();
    // Before anybody hangs up: a server with a process for each connection still has them.
    let cpu = meter::cpu_seconds(pid) - cpu;
    // All at once: Exim takes a fifth of a second to hang up.
    let quits: Vec<_> = senders.into_iter().map(|s| tokio::task::spawn_local(s.quit())).collect();
    for quit in quits {
        quit.await.expect("a sender");
    }
    waits.sort_unstable();
    Spell { messages: waits.len() as f64, seconds, cpu, waits }
}

/// Content of so many octets, a subject and lines, ready for DATA.
fn message(octets: usize) -> Vec<u8> {
    let mut text = b"From: <source@source.test>\r\nSubject: load\r\n\r\n".to_vec();
    while text.len() < octets {
        let line = (octets - text.len()).saturating_sub(2).min(70);
        text.resize(text.len() + line, b'x');
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b".\r\n");
    text
}

struct Sender {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Sender {
    async fn connect(address: SocketAddr) -> Sender {
        let stream = TcpStream::connect(address).await.expect("a server");
        stream.set_nodelay(true).expect("no delay");
        let mut sender = Sender { stream, heard: Vec::with_capacity(4096) };
        sender.hear(1, b'2').await;
        sender.say(b"EHLO source.test\r\n", 1, b'2').await;
        sender
    }

    async fn send(
        mut self,
        message: Rc<[u8]>,
        pipelined: bool,
        left: Rc<Cell<u64>>,
        end: Instant,
    ) -> (Sender, Vec<Duration>) {
        let mut waits = Vec::new();
        while Instant::now() < end && left.get() > 0 {
            left.set(left.get() - 1);
            let begun = Instant::now();
            self.envelope(pipelined).await;
            self.say(&message, 1, b'2').await;
            waits.push(begun.elapsed());
        }
        (self, waits)
    }

    async fn envelope(&mut self, pipelined: bool) {
        let mail = b"MAIL FROM:<source@source.test>\r\n";
        let rcpt = format!("RCPT TO:<user@{DOMAIN}>\r\n");
        if pipelined {
            let group = [mail, rcpt.as_bytes(), b"DATA\r\n"].concat();
            self.say(&group, 3, b'3').await;
            return;
        }
        self.say(mail, 1, b'2').await;
        self.say(rcpt.as_bytes(), 1, b'2').await;
        self.say(b"DATA\r\n", 1, b'3').await;
    }

    /// Says something and hears so many replies, the last of which begins with `class`.
    async fn say(&mut self, words: &[u8], replies: usize, class: u8) {
        self.stream.write_all(words).await.expect("a line");
        self.hear(replies, class).await;
    }

    async fn hear(&mut self, replies: usize, class: u8) {
        loop {
            if let Some(last) = last_of(&self.heard, replies) {
                let told = String::from_utf8_lossy(&self.heard);
                assert_eq!(last, class, "the server said {told:?}");
                self.heard.clear();
                return;
            }
            let octets = self.stream.read_buf(&mut self.heard).await.expect("a line");
            let told = String::from_utf8_lossy(&self.heard);
            assert!(octets > 0, "the server hung up behind {told:?}");
        }
    }

    async fn quit(mut self) {
        // It may have gone already; nothing more is expected of it.
        let _ = self.stream.write_all(b"QUIT\r\n").await;
        let _ = self.stream.read_buf(&mut self.heard).await;
    }
}

/// The first digit of the last of so many whole replies, once they are there.
fn last_of(heard: &[u8], replies: usize) -> Option<u8> {
    let lines = heard.split_inclusive(|octet| *octet == b'\n');
    let whole = lines.filter(|line| line.ends_with(b"\n") && line.get(3) != Some(&b'-'));
    whole
        .take(replies)
        .enumerate()
        .find(|(n, _)| n + 1 == replies)
        .and_then(|(_, line)| line.first().copied())
}
