//! A long line on a short one: passes bytes on, each only after a delay, and counts flights.
//!
//! A flight is what one side says before the other answers. Two flights are a round trip.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A line that is being passed on.
pub struct Relay {
    flights: Arc<AtomicU64>,
}

impl Relay {
    /// Passes what comes to `from` on to `to` and back, `delay` later each way.
    pub fn start(from: SocketAddr, to: SocketAddr, delay: Duration) -> Relay {
        let flights = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&flights);
        let listener = std::net::TcpListener::bind(from).expect("an address");
        listener.set_nonblocking(true).expect("a socket");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(serve(listener, to, delay, counted));
        });
        Relay { flights }
    }

    /// Round trips so far.
    pub fn round_trips(&self) -> f64 {
        self.flights.load(Ordering::Relaxed) as f64 / 2.0
    }
}

async fn serve(
    listener: std::net::TcpListener,
    to: SocketAddr,
    delay: Duration,
    flights: Arc<AtomicU64>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    loop {
        let (near, _) = listener.accept().await.expect("a caller");
        let far = TcpStream::connect(to).await.expect("the other end");
        near.set_nodelay(true).and_then(|()| far.set_nodelay(true)).expect("no delay");
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        let spoke = Arc::new(AtomicU8::new(0));
        for (side, read, write) in [(1, near_in, far_out), (2, far_in, near_out)] {
            let (line, landing) = mpsc::unbounded_channel();
            tokio::spawn(take_off(
                read,
                line,
                delay,
                side,
                Arc::clone(&spoke),
                Arc::clone(&flights),
            ));
            tokio::spawn(land(landing, write));
        }
    }
}

/// Until when, and what.
type Airborne = (Instant, Vec<u8>);

async fn take_off(
    mut read: OwnedReadHalf,
    line: mpsc::UnboundedSender<Airborne>,
    delay: Duration,
    side: u8,
    spoke: Arc<AtomicU8>,
    flights: Arc<AtomicU64>,
) {
    loop {
        let mut bytes = Vec::with_capacity(64 << 10);
        match read.read_buf(&mut bytes).await {
            Ok(octets) if octets > 0 => {}
            _ => return,
        }
        if spoke.swap(side, Ordering::Relaxed) != side {
            flights.fetch_add(1, Ordering::Relaxed);
        }
        if line.send((Instant::now() + delay, bytes)).is_err() {
            return;
        }
    }
}

async fn land(mut landing: mpsc::UnboundedReceiver<Airborne>, mut write: OwnedWriteHalf) {
    while let Some((due, bytes)) = landing.recv().await {
        tokio::time::sleep_until(due.into()).await;
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // The other side has hung up already, or hears it now.
    let _ = write.shutdown().await;
}
