//! Moving bytes between a wire and a session until the session has something to say to us.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::watch;

use crate::net::{Wire, WireFault};
use crate::session::client::{ClientSession, ClientStage, Heard, PeerFault};
use crate::session::{Event, Odmr, Parting, Reversed, Sending, ServerSession, Step};
use crate::smtp::Reply;

/// How much of a peer's talk is taken in before we have dealt with what came before.
const EAR: usize = 64 * 1024;

/// How long a peer may take to read what we have written: RFC 5321's three minutes for a block, and
/// more for a long one, so that a satellite telephone is slow but not late.
const WRITE_PATIENCE: Duration = Duration::from_secs(180);
const SLOWEST_READER: u64 = 64;

/// Why a session ended before it was over.
#[derive(Debug, thiserror::Error)]
pub enum LineEnd {
    /// The other side hung up.
    #[error("the other side closed the connection")]
    Closed,
    /// We hung up: a message turned out to be damaged when some of it was said already.
    #[error(
        "a message proved damaged under way, and nothing but the end of the line takes it back"
    )]
    Spoilt,
    /// It took too long.
    #[error("timed out waiting for {0}")]
    TimedOut(&'static str),
    /// It broke the protocol.
    #[error("{0}")]
    Peer(#[from] PeerFault),
    /// The line failed.
    #[error("{0}")]
    Wire(WireFault),
}

impl From<WireFault> for LineEnd {
    fn from(fault: WireFault) -> LineEnd {
        match fault {
            WireFault::TimedOut { .. } => LineEnd::TimedOut("the line"),
            other => LineEnd::Wire(other),
        }
    }
}

/// Tells sessions that the daemon is about to stop.
pub type Stop = watch::Receiver<bool>;

/// Does something now and every minute until the daemon stops. Each turn is given whether the last one went
/// well, so that trouble is told of once and not every minute; it says the same of itself.
pub async fn every_minute<F: Future<Output = bool>>(
    mut stop: Stop,
    mut turn: impl FnMut(bool) -> F,
) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    let mut well = true;
    loop {
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            _ = minute.tick() => {}
        }
        well = turn(well).await;
    }
}

/// Runs a server's session until it wants something decided.
///
/// When the daemon stops, the session is told 421 where it stands between commands; content that
/// is under way is heard to its end first, so that nobody has to send it twice.
///
/// # Errors
/// [`LineEnd`] when the line is gone.
pub async fn hear<Stage>(
    wire: &mut Wire,
    session: &mut ServerSession<Stage>,
    stop: &mut Stop,
) -> Result<Event, LineEnd> {
    loop {
        match session.poll(Instant::now()) {
            Step::Event(event) => return Ok(event),
            Step::Send(bytes) => write(wire, session.input(), bytes).await?,
            // A call that was given up in the middle of writing.
            Step::Starved if wire.has_unsent() => {
                write(wire, session.input(), Bytes::new()).await?
            }
            Step::Starved => listen(wire, session, stop).await?,
        }
    }
}

const STRAY_DOT: &str = "the end of a message: its last dot stands behind text and is none (Exchange 2003 sends binary mail so)";

/// What it means that a session is over: nothing, if the other side said QUIT or we wanted it so.
///
/// # Errors
/// [`LineEnd`] when it was over because of what the other side did or failed to do.
pub fn parted<Stage>(session: &ServerSession<Stage>) -> Result<(), LineEnd> {
    match session.parting() {
        Some(Parting::TooSlow) => Err(LineEnd::TimedOut("the other side")),
        Some(Parting::StrayDot) => Err(LineEnd::TimedOut(STRAY_DOT)),
        Some(Parting::Misconduct) => Err(PeerFault::Misconduct.into()),
        Some(Parting::Quit | Parting::Told) | None => Ok(()),
    }
}

async fn listen<Stage>(
    wire: &mut Wire,
    session: &mut ServerSession<Stage>,
    stop: &mut Stop,
) -> Result<(), LineEnd> {
    if !session.hears() {
        // Somebody else has to give an answer first, and will give this call up for it.
        return std::future::pending().await;
    }
    let deadline = session.deadline();
    if has_passed(deadline) {
        session.timed_out();
        return Ok(());
    }
    let may_stop = !session.is_taking_content();
    tokio::select! {
        biased;
        () = stopped(stop), if may_stop => session.shut_down(STOPPING),
        read = wire.read(session.input(), deadline) => match read {
            // It waited for an answer to what it took for the end.
            Ok(0) if session.waits_behind_a_stray_dot() => return Err(LineEnd::TimedOut(STRAY_DOT)),
            Ok(0) => return Err(LineEnd::Closed),
            Ok(_) => {}
            Err(WireFault::TimedOut { .. }) => session.timed_out(),
            Err(fault) => return Err(fault.into()),
        },
    }
    Ok(())
}

/// Looked at before each read: for a line on which there is always something to read, as when a
/// flood comes in, no read ever waits long enough to time out.
fn has_passed(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

const STOPPING: Reply = Reply::new(421, (3, 2), "the service is stopping; call again soon");

async fn stopped(stop: &mut Stop) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could stop us.
        std::future::pending::<()>().await;
    }
}

/// Writes everything, listening meanwhile, so that two sides that both write do not both wait.
///
/// # Errors
/// [`LineEnd`] when the line is gone or nobody reads it.
pub async fn write(wire: &mut Wire, input: &mut BytesMut, bytes: Bytes) -> Result<(), LineEnd> {
    let patience = WRITE_PATIENCE + Duration::from_secs(bytes.len() as u64 / SLOWEST_READER);
    wire.queue(bytes);
    wire.flush(input, EAR, Some(Instant::now() + patience)).await?;
    Ok(())
}

/// Writes what a session that is about to be dropped still has to say.
pub async fn last_words<Stage>(wire: &mut Wire, session: &mut ServerSession<Stage>) {
    while let Step::Send(bytes) = session.poll(Instant::now()) {
        if write(wire, &mut BytesMut::new(), bytes).await.is_err() {
            return;
        }
    }
}

/// A client's session that can be driven: what differs is what it has to tell.
pub trait Client {
    /// What it tells.
    type Event;
    /// As the session's own.
    ///
    /// # Errors
    /// [`PeerFault`] when the other side breaks the protocol.
    fn next(&mut self, now: Instant) -> Result<Step<Self::Event>, PeerFault>;
    /// As the session's own.
    fn until(&self) -> Option<Instant>;
    /// As the session's own.
    fn awaited(&self) -> &'static str;
    /// As the session's own.
    fn ear(&mut self) -> &mut BytesMut;
}

impl Client for ClientSession<Odmr> {
    type Event = Heard;
    fn next(&mut self, now: Instant) -> Result<Step<Heard>, PeerFault> {
        self.poll(now)
    }
    fn until(&self) -> Option<Instant> {
        self.deadline()
    }
    fn awaited(&self) -> &'static str {
        self.waiting_for()
    }
    fn ear(&mut self) -> &mut BytesMut {
        input(self)
    }
}

impl Client for ClientSession<Reversed> {
    type Event = Sending;
    fn next(&mut self, now: Instant) -> Result<Step<Sending>, PeerFault> {
        self.poll(now)
    }
    fn until(&self) -> Option<Instant> {
        self.deadline()
    }
    fn awaited(&self) -> &'static str {
        self.waiting_for()
    }
    fn ear(&mut self) -> &mut BytesMut {
        input(self)
    }
}

fn input<Stage: ClientStage>(session: &mut ClientSession<Stage>) -> &mut BytesMut {
    session.input()
}

/// Runs a client's session until it has something to tell.
///
/// # Errors
/// [`LineEnd`] when the line is gone, the other side is too slow, or is no peer.
pub async fn ask<C: Client>(wire: &mut Wire, session: &mut C) -> Result<C::Event, LineEnd> {
    loop {
        match session.next(Instant::now())? {
            Step::Event(event) => return Ok(event),
            Step::Send(bytes) => write(wire, session.ear(), bytes).await?,
            Step::Starved => {
                let deadline = session.until();
                if has_passed(deadline) {
                    return Err(LineEnd::TimedOut(session.awaited()));
                }
                match wire.read(session.ear(), deadline).await {
                    Ok(0) => return Err(LineEnd::Closed),
                    Ok(_) => {}
                    Err(WireFault::TimedOut { .. }) => {
                        return Err(LineEnd::TimedOut(session.awaited()));
                    }
                    Err(fault) => return Err(fault.into()),
                }
            }
        }
    }
}
