//! A server that others are known to have is played: whoever calls finds it, a session each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use super::{EAR, Login};
use crate::net::{
    Bound, Calling, ConnectError, ListenAddr, ListenError, Listener, Wire, WireFault, connect,
};
use crate::probe::mimic::{
    Called, Caller, Client, House, LONGEST_CALL, Letter, Mimic, Prove, Session,
};
use crate::probe::script::Want;
use crate::sasl::{Binding, ClientExchange, Mechanism, NONCE_OCTETS};

/// So many are served at a time.
const MOST_AT_ONCE: usize = 16;
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

/// A call by a customer that is played.
#[derive(Debug)]
pub struct Visit<'a> {
    /// Whom it calls, by name or address.
    pub host: &'a str,
    /// Where.
    pub port: u16,
    /// By what name and password.
    pub login: Login,
    /// How long it waits for each answer.
    pub patience: Duration,
}

/// Calls, brings this mail, and takes what waits. What came of the call, and of the session.
///
/// # Errors
/// Nobody answers there.
pub async fn visit(
    to: &Visit<'_>,
    house: &House,
    client: &Client,
    letters: Vec<Letter>,
) -> Result<(Called, Session), ConnectError> {
    let calling = Calling { patience: to.patience, ..Calling::default() };
    let mut wire = connect(to.host, to.port, &calling).await?;
    let begun = Instant::now();
    let prove = prove(&to.login, &client.auth);
    let caller = Caller::new(house, client, letters, prove, begun, to.patience);
    let mut caller = caller.knows(to.login.secret.expose_secret());
    while let Some(came) = act(&mut wire, caller.poll(Instant::now()), None).await {
        match came {
            Came::Late => caller.timed_out(),
            Came::Well(octets) => caller.received(&octets),
            Came::Gone(octets) => {
                caller.closed();
                caller.received(&octets);
            }
        }
    }
    let (is_in, secrets) = (caller.is_in(), caller.secrets().clone());
    let (refused, waits, refusal) = (caller.refused(), caller.waits(), caller.refusal());
    let (mut called, sent, mut words) = caller.over();
    let turned = called == Called::Turned;
    let mut session = Session::default();
    if turned {
        let peer = wire.peer().map_or_else(|| to.host.to_owned(), |peer| peer.ip().to_string());
        session = serve(&mut wire, Mimic::new(house, &peer, Vec::new(), begun)).await;
        // RFC 5321, section 4.1.1.10: who is done says so. Who does not may have had more.
        if session.verbs.last().is_none_or(|verb| verb != "QUIT") {
            called = Called::Broken("the line was turned, and broke off before QUIT".to_owned());
        }
        session.words.iter_mut().for_each(|word| word.octets = secrets.hidden_octets(&word.octets));
    }
    wire.close().await;
    words.append(&mut session.words);
    (session.words, session.sent, session.turned) = (words, sent, turned);
    (session.refused, session.waits, session.refusal) = (refused, waits, refusal);
    session.user = is_in.then(|| to.login.user.clone());
    Ok((called, session))
}

/// How a login goes on by this mechanism.
fn prove<'a>(login: &Login, mechanism: &str) -> Prove<'a> {
    let nonce = [0; NONCE_OCTETS];
    let exchange = mechanism.parse::<Mechanism>().ok().and_then(|mechanism| {
        let secret = Some(login.secret.clone());
        ClientExchange::new(mechanism, &login.user, secret, nonce, Binding::None).ok()
    });
    let mut exchange = exchange;
    Box::new(move |challenge| {
        exchange.as_mut()?.respond(challenge).ok().map(|answer| answer.to_vec())
    })
}

/// Serves one. What waits is its own meanwhile; what it leaves waits again.
async fn play(mut wire: Wire, house: Arc<House>, waiting: Arc<Mutex<Vec<Letter>>>) -> Played {
    let peer = wire.peer().map_or_else(|| "127.0.0.1".to_owned(), |peer| peer.ip().to_string());
    let letters = std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner));
    let mimic = Mimic::new(&house, &peer, letters, Instant::now());
    let session = serve(&mut wire, mimic).await;
    wire.close().await;
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.extend(session.waits.iter().cloned());
    Played { peer, session }
}

/// What became of saying or hearing something.
enum Came {
    /// These octets came meanwhile, or none.
    Well(BytesMut),
    /// Nothing did in time.
    Late,
    /// The line is gone; these were the last.
    Gone(BytesMut),
}

/// Does what is wanted of the line, until this moment at most. Nothing: it is over.
async fn act(wire: &mut Wire, want: Want, end: Option<Instant>) -> Option<Came> {
    let mut input = BytesMut::new();
    let is_well = match want {
        Want::Send(octets) => {
            wire.queue(octets);
            let until = Instant::now() + TO_TAKE;
            wire.flush(&mut input, EAR, Some(until)).await.is_ok()
        }
        Want::Hear(until) => {
            let until = end.map_or(until, |end| until.min(end));
            match wire.read(&mut input, Some(until)).await {
                Err(WireFault::TimedOut { .. }) => return Some(Came::Late),
                read => matches!(read, Ok(1..)),
            }
        }
        Want::Pause(until) => {
            let until = end.map_or(until, |end| until.min(end));
            tokio::time::sleep_until(until.into()).await;
            true
        }
        _ => return None,
    };
    Some(if is_well { Came::Well(input) } else { Came::Gone(input) })
}

/// Serves a line to its end.
async fn serve(wire: &mut Wire, mut mimic: Mimic<'_>) -> Session {
    let end = Instant::now() + LONGEST_CALL;
    let mut ends = false;
    loop {
        let now = Instant::now();
        if now >= end && !ends {
            ends = true;
            mimic.timed_out();
        }
        match act(wire, mimic.poll(now), Some(end)).await {
            None => return mimic.over(),
            Some(Came::Late) => mimic.timed_out(),
            // What is only said leaves the other side the time that it has.
            Some(Came::Well(octets)) if octets.is_empty() => {}
            Some(Came::Well(octets)) => mimic.received(&octets),
            Some(Came::Gone(octets)) => {
                mimic.closed();
                mimic.received(&octets);
            }
        }
    }
}
