//! An address in front of a server: BIND listens at addresses of interfaces only, and of 127/8 one interface
//! has just the first.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Threads that serve an address for as long as it is held.
pub struct Standing {
    at: SocketAddr,
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Standing {
    /// Nobody yet.
    pub fn at(at: SocketAddr) -> Standing {
        Standing { at, is_over: Arc::default(), threads: Vec::new() }
    }

    /// Each line that comes to the address is served in a thread of its own.
    pub fn lines(mut self, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Standing {
        let listener = TcpListener::bind(self.at).expect("an address for lines");
        let (is_over, serve) = (Arc::clone(&self.is_over), Arc::new(serve));
        self.threads.push(thread::spawn(move || {
            for line in listener.incoming() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (Ok(line), serve) = (line, Arc::clone(&serve)) else { continue };
                thread::spawn(move || serve(line));
            }
        }));
        self
    }

    /// Each packet that comes to the address is answered with what this makes of it.
    pub fn packets(
        mut self,
        answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Standing {
        let socket = Arc::new(UdpSocket::bind(self.at).expect("an address for packets"));
        let (is_over, answer) = (Arc::clone(&self.is_over), Arc::new(answer));
        self.threads.push(thread::spawn(move || {
            let mut packet = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (socket, answer) = (Arc::clone(&socket), Arc::clone(&answer));
                let asked = packet[..length].to_vec();
                thread::spawn(move || answer(&asked).map(|reply| socket.send_to(&reply, from)));
            }
        }));
        self
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.at);
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[0], self.at));
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What comes to one address goes to the other, by UDP and by TCP.
pub fn stand_in_front(at: SocketAddr, of: SocketAddr) -> Standing {
    let packets = Standing::at(at).packets(move |asked| answer(of, asked));
    packets.lines(move |line| between(line, of))
}

/// What comes by this line goes to that server, and back.
pub fn between(line: TcpStream, of: SocketAddr) {
    let Ok(beyond) = TcpStream::connect(of) else { return };
    if let (Ok(from), Ok(to)) = (line.try_clone(), beyond.try_clone()) {
        thread::spawn(move || pass(from, to));
        pass(beyond, line);
    }
}

/// What that server says to a packet.
pub fn answer(of: SocketAddr, asked: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    socket.connect(of).ok()?;
    socket.send(asked).ok()?;
    let mut packet = vec![0; 65_535];
    let length = socket.recv(&mut packet).ok()?;
    packet.truncate(length);
    Some(packet)
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
