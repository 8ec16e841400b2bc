//! A server that others are known to have is played: whoever calls finds it, a session each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::task::JoinSet;

use super::EAR;
use crate::net::{Bound, ListenAddr, ListenError, Listener, Wire, WireFault};
use crate::probe::mimic::{House, Letter, Mimic, Session};
use crate::probe::script::Want;

/// So many are served at a time.
const MOST_AT_ONCE: usize = 16;
/// A session may take so long in all.
const LONGEST_SESSION: Duration = Duration::from_secs(3600);
/// What is said has to be taken within this.
const TO_TAKE: Duration = Duration::from_secs(60);

/// A session that is over.
#[derive(Debug)]
pub struct Played {
    /// Who called.
    pub peer: String,
    /// What came of it.
    pub session: Session,
}

/// The server, listening.
pub struct Emulator {
    listener: Listener,
    house: Arc<House>,
    waiting: Arc<Mutex<Vec<Letter>>>,
}

impl Emulator {
    /// Opens it, with mail that waits. Within the runtime.
    ///
    /// # Errors
    /// Names the address and what to do.
    pub fn open(
        at: &ListenAddr,
        house: House,
        letters: Vec<Letter>,
    ) -> Result<Emulator, ListenError> {
        let listener = Bound::bind(at)?.listen()?;
        let waiting = Arc::new(Mutex::new(letters));
        Ok(Emulator { listener, house: Arc::new(house), waiting })
    }

    /// Where it is.
    pub fn address(&self) -> &ListenAddr {
        self.listener.address()
    }

    /// Serves so many sessions, or for ever, and tells of each when it is over. Ends early where `tell` says so.
    pub async fn serve(&self, sessions: Option<usize>, tell: &mut dyn FnMut(Played) -> bool) {
        let most = sessions.unwrap_or(usize::MAX);
        let (mut begun, mut over) = (0, 0);
        let mut running = JoinSet::new();
        while over < most {
            tokio::select! {
                wire = self.listener.accept(), if begun < most && running.len() < MOST_AT_ONCE => {
                    begun += 1;
                    let (house, waiting) = (Arc::clone(&self.house), Arc::clone(&self.waiting));
                    running.spawn(play(wire, house, waiting));
                }
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    over += 1;
                    if ended.is_ok_and(|played| !tell(played)) {
                        return;
                    }
                }
            }
        }
    }
}

/// Serves one. What waits is its own meanwhile; what it leaves waits again.
async fn play(mut wire: Wire, house: Arc<House>, waiting: Arc<Mutex<Vec<Letter>>>) -> Played {
    let peer = wire.peer().map_or_else(|| "127.0.0.1".to_owned(), |peer| peer.ip().to_string());
    let letters = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    let mut mimic = Mimic::new(&house, &peer, letters, Instant::now());
    let end = Instant::now() + LONGEST_SESSION;
    let mut ends = false;
    loop {
        let now = Instant::now();
        if now >= end && !ends {
            ends = true;
            mimic.timed_out();
        }
        let mut input = BytesMut::new();
        match mimic.poll(now) {
            Want::Send(octets) => {
                wire.queue(octets);
                let sent = wire.flush(&mut input, EAR, Some(now + TO_TAKE)).await;
                if sent.is_err() {
                    mimic.closed();
                }
            }
            Want::Hear(until) => match wire.read(&mut input, Some(until.min(end))).await {
                Ok(1..) => {}
                Err(WireFault::TimedOut { .. }) => mimic.timed_out(),
                Ok(0) | Err(_) => mimic.closed(),
            },
            _ => break,
        }
        if !input.is_empty() {
            mimic.received(&input);
        }
    }
    wire.close().await;
    let session = mimic.over();
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.extend(session.waits.iter().cloned());
    Played { peer, session }
}
