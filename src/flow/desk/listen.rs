//! The daemon's end of the control socket. Whoever may open the file may ask; who it is goes into the
//! audit. Nothing that is asked keeps mail waiting: reading has its own connections, writing goes
//! through the one writer like everything else.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
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
/// How often it is looked whether somebody is still there who has no more to ask.
const GLANCE: Duration = Duration::from_secs(1);
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
        let (goes_on, written) = match parsed(&request, too_long) {
            Ok(Request::Import { message }) => {
                let taken = async {
                    let taken = desk.import(&message, &mut read, &sheet);
                    let taken = tokio::time::timeout(IDLE, taken).await.unwrap_or(false);
                    drop(sheet);
                    taken
                };
                // Whoever brings something is heard by that.
                tokio::join!(taken, put(lines, &mut write, std::future::pending()))
            }
            Ok(request) => {
                let answered = async {
                    desk.answer(request, &sheet).await;
                    drop(sheet);
                    true
                };
                tokio::join!(answered, put(lines, &mut write, gone(&mut read)))
            }
            Err(failure) => {
                let refused = async {
                    refuse(&failure, &sheet).await;
                    drop(sheet);
                    // What stands behind an import that makes no sense is no request.
                    false
                };
                tokio::join!(refused, put(lines, &mut write, std::future::pending()))
            }
        };
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

/// Hands lines on until there are no more, or whoever reads them has `gone`. Dropping the receiver tells the
/// desk that nobody listens any more.
async fn put(
    mut lines: mpsc::Receiver<Vec<u8>>,
    to: &mut OwnedWriteHalf,
    gone: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let mut gone = std::pin::pin!(gone);
    loop {
        let some = tokio::select! {
            biased;
            some = lines.recv() => some,
            () = &mut gone => return Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        let Some(some) = some else { return Ok(()) };
        tokio::time::timeout(SLOWEST, to.write_all(&some)).await??;
    }
}

/// Until the other end is closed. One that has no more to ask may still want to hear: it has closed its own
/// side only, and whether it is there is looked at from time to time. What it asks meanwhile is left for later.
async fn gone(read: &mut BufReader<OwnedReadHalf>) {
    // An end; or a request, which has to wait until this one is answered.
    let _ = read.fill_buf().await;
    loop {
        match read.get_ref().ready(Interest::WRITABLE).await {
            Ok(ready) if !ready.is_write_closed() => tokio::time::sleep(GLANCE).await,
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends, ours in its halves.
    fn line() -> (UnixStream, BufReader<OwnedReadHalf>, OwnedWriteHalf) {
        let (theirs, ours) = UnixStream::pair().expect("a pair");
        let (read, write) = ours.into_split();
        (theirs, BufReader::new(read), write)
    }

    #[tokio::test]
    async fn who_has_gone_is_not_written_to_until_there_is_something_to_write() {
        let (theirs, mut read, mut write) = line();
        let (_sheet, lines) = mpsc::channel(AHEAD);
        drop(theirs);
        // That the sheet is still there, as while somebody watches, must not keep it.
        let written = put(lines, &mut write, gone(&mut read)).await;
        assert!(written.is_err());
    }

    #[tokio::test]
    async fn who_has_gone_with_a_question_left_behind_is_gone() {
        let (mut theirs, mut read, _write) = line();
        theirs.write_all(b"{}\n").await.expect("sent");
        drop(theirs);
        gone(&mut read).await;
        assert_eq!(read.buffer(), b"{}\n");
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_asks_no_more_hears_all_of_the_answer() {
        let (mut theirs, mut read, mut write) = line();
        theirs.shutdown().await.expect("closed on one side");
        let (sheet, lines) = mpsc::channel(AHEAD);
        let answer = async move {
            for _ in 0..3 {
                tokio::time::advance(10 * GLANCE).await;
                sheet.send(b"a line\n".to_vec()).await.expect("somebody who listens");
            }
        };
        let (written, ()) = tokio::join!(put(lines, &mut write, gone(&mut read)), answer);
        written.expect("written");
        drop((read, write));
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.expect("heard");
        assert_eq!(heard, "a line\n".repeat(3));
    }
}
