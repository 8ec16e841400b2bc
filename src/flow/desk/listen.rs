//! The daemon's end of the control socket. Whoever may open the file may ask; who it is goes into the
//! audit. Nothing that is asked keeps mail waiting: reading has its own connections, writing goes
//! through the one writer like everything else.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Semaphore, mpsc};
use tracing::{info, warn};

use super::overview::Front;
use super::wire::{End, LONGEST, Request};
use super::{Desk, line};
use crate::exit::{Exit, Failure};
use crate::flow::line::Stop;
use crate::flow::provider::Provider;
use crate::net::local::{LocalListener, Peer};
use crate::spool::embedded::Embedded;

/// Operators at a time.
const SEATS: usize = 16;
/// How long one may think between requests.
const IDLE: Duration = Duration::from_secs(600);
/// How long one may take to read what it has asked for.
const SLOWEST: Duration = Duration::from_secs(60);
/// Batches of lines ahead of the reader.
const AHEAD: usize = 4;

/// Serves operators until the daemon stops.
pub async fn keep_desk(
    listener: LocalListener,
    provider: Arc<Provider<Embedded>>,
    front: Arc<Front>,
    shared: bool,
    mut stop: Stop,
) {
    let seats = Arc::new(Semaphore::new(SEATS));
    loop {
        let called = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            called = listener.accept() => called,
        };
        let (stream, peer) = match called {
            Ok(called) => called,
            Err(error) => {
                warn!(%error, "the control socket");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        if !may_ask(peer, shared) {
            info!(uid = peer.uid, "turned away from the control socket");
            let what = format!("user {} is neither root nor the user of odmrd", peer.uid);
            let hint = Some("control.group = \"NAME\" lets the members of a group ask");
            turn_away(stream, Failure::new(Exit::NoPerm, what).hint(hint)).await;
            continue;
        }
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else {
            let what = "too many operators are at the desk; try again";
            turn_away(stream, Failure::new(Exit::TempFail, what)).await;
            continue;
        };
        let (provider, front) = (Arc::clone(&provider), Arc::clone(&front));
        tokio::spawn(async move {
            serve(stream, peer, &provider, &front).await;
            drop(seat);
        });
    }
}

/// Root and we ourselves; others where the settings name a group, whose members alone can open the
/// file.
fn may_ask(peer: Peer, shared: bool) -> bool {
    peer.uid == 0 || peer.uid == rustix::process::geteuid().as_raw() || shared
}

async fn turn_away(mut stream: UnixStream, failure: Failure) {
    let mut last = Vec::new();
    if line(&mut last, &End::badly(&failure)).is_ok() {
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.write_all(&last)).await;
    }
}

async fn serve(
    stream: UnixStream,
    peer: Peer,
    provider: &Arc<Provider<Embedded>>,
    front: &Arc<Front>,
) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut request = Vec::new();
        let most = LONGEST as u64 + 1;
        let mut bounded = (&mut read).take(most);
        let heard = bounded.read_until(b'\n', &mut request);
        match tokio::time::timeout(IDLE, heard).await {
            Ok(Ok(octets)) if octets > 0 => {}
            _ => return,
        }
        let too_long = request.len() > LONGEST;
        let (sheet, lines) = mpsc::channel(AHEAD);
        let desk = desk(peer, provider, front);
        let answered = async {
            let goes_on = match parsed(&request, too_long) {
                Ok(Request::Import { message }) => {
                    let taken = desk.import(&message, &mut read, &sheet);
                    tokio::time::timeout(IDLE, taken).await.unwrap_or(false)
                }
                Ok(request) => {
                    desk.answer(request, &sheet).await;
                    true
                }
                Err(failure) => {
                    refuse(&failure, &sheet).await;
                    // What stands behind an import that makes no sense is no request.
                    false
                }
            };
            drop(sheet);
            goes_on
        };
        let (goes_on, written) = tokio::join!(answered, put(lines, &mut write));
        if written.is_err() || too_long || !goes_on {
            return;
        }
    }
}

fn desk(peer: Peer, provider: &Arc<Provider<Embedded>>, front: &Arc<Front>) -> Desk {
    let who = crate::net::privilege::user_name(peer.uid);
    Desk {
        overseer: provider.spool.overseer(),
        spool: Some(provider.spool.clone()),
        house: Some(provider.house()),
        who,
        news: Some(Arc::clone(&provider.news)),
        pushing: Some(Arc::clone(&provider.pushing)),
        repairs: false,
        front: Some(Arc::clone(front)),
        counts: Some(Arc::clone(&provider.counts)),
    }
}

fn parsed(line: &[u8], too_long: bool) -> Result<Request, Failure> {
    if too_long {
        let what = format!("the request is longer than {LONGEST} octets");
        return Err(Failure::new(Exit::Data, what));
    }
    serde_json::from_slice(line).map_err(|fault| {
        let hint = "a line of JSON with a \"command\"; see odmr-control(7)";
        Failure::new(Exit::Data, format!("the request makes no sense: {fault}")).hint(Some(hint))
    })
}

async fn refuse(failure: &Failure, sheet: &super::Sheet) {
    let mut last = Vec::new();
    if line(&mut last, &End::badly(failure)).is_ok() {
        let _ = sheet.send(last).await;
    }
}

async fn put(mut lines: mpsc::Receiver<Vec<u8>>, to: &mut OwnedWriteHalf) -> std::io::Result<()> {
    while let Some(some) = lines.recv().await {
        // Dropping the receiver tells the desk that nobody listens any more.
        tokio::time::timeout(SLOWEST, to.write_all(&some)).await??;
    }
    Ok(())
}
