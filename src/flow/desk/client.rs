//! The asking end of the desk: over the control socket, or with a desk of one's own over a spool that
//! nobody has opened.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::Desk;
use super::import::Carried;
use super::wire::{END, End, LONGEST, Request};
use crate::exit::{Exit, Failure};
use crate::net::privilege::user_name;
use crate::spool::embedded::oversee::Overseer;
use crate::spool::embedded::{DATABASE, Embedded, Settings};
use crate::spool::{Spool, SpoolError};

/// How long the daemon may say nothing: while it works on an answer it says so every half minute.
const SILENCE: Duration = Duration::from_secs(90);

/// Where to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Office {
    /// A running daemon, by its socket.
    Socket(PathBuf),
    /// A spool's folder, to look at.
    Spool(PathBuf),
    /// A spool's folder, to act on: nobody else may have it open meanwhile.
    Own(PathBuf),
}

/// What is answered, line by line.
pub struct Answer {
    batches: mpsc::Receiver<Result<Vec<u8>, Failure>>,
    heard: Vec<u8>,
    at: usize,
    end: bool,
    more: Option<String>,
}

/// Asks.
///
/// # Errors
/// [`Failure`]: nobody is there, or may be asked.
pub async fn ask(office: &Office, request: Request) -> Result<Answer, Failure> {
    let (put, batches) = mpsc::channel(4);
    match office {
        Office::Socket(path) => {
            let mut stream = connect(path).await?;
            let mut line =
                serde_json::to_vec(&request).map_err(|e| Failure::new(Exit::Software, e))?;
            line.push(b'\n');
            if line.len() > LONGEST {
                return Err(too_long(line.len()));
            }
            let unsent =
                |error| Failure::new(Exit::Unavailable, format!("{}: {error}", path.display()));
            let sent = tokio::time::timeout(SILENCE, stream.write_all(&line)).await;
            match sent.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
                // Whoever was turned away is told why, and that lies there already.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(unsent(error)),
                Ok(()) | Err(_) => {}
            }
            tokio::spawn(read(stream, put));
        }
        Office::Own(folder) => {
            let spool = opened(
                folder,
                |folder| Embedded::open(Settings::at(folder)),
                "it is in use just now; try again",
            )
            .await?;
            let lines = at_desk(desk_of(spool.overseer(), Some(spool)), request);
            tokio::spawn(pass_on(lines, put));
        }
        Office::Spool(folder) => {
            can_be_read(folder)?;
            let overseer =
                Overseer::at(folder).map_err(|fault| Failure::new(unopened(&fault), fault))?;
            tokio::spawn(pass_on(at_desk(desk_of(overseer, None), request), put));
        }
    }
    Ok(Answer { batches, heard: Vec::new(), at: 0, end: false, more: None })
}

fn too_long(octets: usize) -> Failure {
    let what = format!("the request has {octets} octets, and odmrd hears {LONGEST}: too many ids");
    let hint = "name fewer at a time, as with: split --lines 100000";
    Failure::new(Exit::Usage, what).hint(Some(hint))
}

/// A desk of our own, over a spool that nobody else has opened.
fn desk_of(overseer: Overseer, spool: Option<Embedded>) -> Desk {
    let repairs = spool.is_some();
    let (house, news, pushing, who) =
        (None, None, None, user_name(rustix::process::getuid().as_raw()));
    Desk { overseer, spool, house, who, news, pushing, counts: None, repairs, front: None }
}

fn at_desk(desk: Desk, request: Request) -> mpsc::Receiver<Vec<u8>> {
    let (sheet, lines) = mpsc::channel(4);
    tokio::spawn(async move {
        desk.answer(request, &sheet).await;
        if let Some(spool) = &desk.spool {
            spool.close().await;
        }
    });
    lines
}

/// Opens the spool in this folder, mends what can be mended, and looks it through.
///
/// # Errors
/// [`Failure`]: it has an owner, or cannot be opened.
pub async fn repair(folder: &Path) -> Result<Answer, Failure> {
    let busy = "stop odmrd first; without --repair it can be looked through while it runs";
    let spool = opened(folder, Embedded::repair, busy).await?;
    let (put, batches) = mpsc::channel(4);
    let lines = at_desk(desk_of(spool.overseer(), Some(spool)), Request::Verify);
    tokio::spawn(pass_on(lines, put));
    Ok(Answer { batches, heard: Vec::new(), at: 0, end: false, more: None })
}

/// Is there a spool that we may look at?
fn can_be_read(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(DATABASE);
    let Err(error) = std::fs::File::open(&path) else { return Ok(()) };
    let told = |exit| Failure::new(exit, format!("{}: {error}", path.display()));
    Err(match error.kind() {
        ErrorKind::NotFound => {
            Failure::new(Exit::NoInput, format!("{}: there is no spool", folder.display()))
        }
        ErrorKind::PermissionDenied => {
            told(Exit::NoPerm).hint(Some("be root or the daemon's user: a spool is nobody else's"))
        }
        _ => told(Exit::Io),
    })
}

/// How one ends who cannot open a spool.
fn unopened(fault: &SpoolError) -> Exit {
    match fault {
        SpoolError::Corrupt(_) | SpoolError::Broken(_) => Exit::Io,
        _ => Exit::NoInput,
    }
}

async fn opened(
    folder: &Path,
    open: fn(&Path) -> Result<Embedded, SpoolError>,
    busy: &'static str,
) -> Result<Embedded, Failure> {
    let place = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || open(&place)).await;
    opened.map_err(|e| Failure::new(Exit::Software, e))?.map_err(|fault| {
        let hint = matches!(fault, SpoolError::Locked { .. }).then_some(busy);
        let exit = if hint.is_some() { Exit::TempFail } else { unopened(&fault) };
        Failure::new(exit, fault).hint(hint)
    })
}

async fn pass_on(mut lines: mpsc::Receiver<Vec<u8>>, put: mpsc::Sender<Result<Vec<u8>, Failure>>) {
    while let Some(some) = lines.recv().await {
        if put.send(Ok(some)).await.is_err() {
            return;
        }
    }
}

/// Hands a message in, with its content.
///
/// # Errors
/// [`Failure`]: nobody is there, or may be asked; or the content cannot be read.
pub async fn hand_in(
    office: &Office,
    message: Carried,
    content: Box<dyn io::Read + Send>,
) -> Result<Answer, Failure> {
    let Office::Socket(path) = office else {
        let hint = "start odmrd, or leave --spool out where it runs";
        return Err(
            Failure::new(Exit::Unavailable, "only a running odmrd takes mail in").hint(Some(hint))
        );
    };
    let size = message.size;
    let request = Request::Import { message: Box::new(message) };
    let mut line = serde_json::to_vec(&request).map_err(|e| Failure::new(Exit::Software, e))?;
    line.push(b'\n');
    let stream = connect(path).await?;
    let (read_half, mut write_half) = stream.into_split();
    let (put, batches) = mpsc::channel(4);
    // It may refuse before it has heard all.
    tokio::spawn(read(read_half, put));
    let answer = Answer { batches, heard: Vec::new(), at: 0, end: false, more: None };
    if write_half.write_all(&line).await.is_err() {
        return Ok(answer);
    }
    let mut left = size;
    let mut content = Some(content);
    while left > 0 {
        let most = left.min(64 * 1024) as usize;
        let Some(mut reader) = content.take() else { break };
        let piece = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; most];
            let got = reader.read(&mut piece)?;
            piece.truncate(got);
            Ok::<_, io::Error>((piece, reader))
        });
        let piece = piece.await.map_err(|e| Failure::new(Exit::Software, e))?;
        let (piece, reader) = piece.map_err(|error| Failure::new(Exit::Io, error))?;
        if piece.is_empty() {
            let what = format!("ends {left} octets before its envelope says so");
            return Err(Failure::new(Exit::Data, what));
        }
        left -= piece.len() as u64;
        content = Some(reader);
        if write_half.write_all(&piece).await.is_err() {
            return Ok(answer); // what it has to say about that is heard
        }
    }
    Ok(answer)
}

async fn connect(path: &Path) -> Result<UnixStream, Failure> {
    let connected = UnixStream::connect(path).await;
    connected.map_err(|error| {
        let (exit, hint) = match error.kind() {
            ErrorKind::PermissionDenied => {
                (Exit::NoPerm, "be root, the daemon's user, or of the group in `control.group`")
            }
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => (
                Exit::Unavailable,
                "is odmrd running? --socket names another socket, --spool looks at a spool without it",
            ),
            _ => (Exit::Unavailable, "--socket names another socket"),
        };
        Failure::new(exit, format!("{}: {error}", path.display())).hint(Some(hint))
    })
}

async fn read(mut stream: impl AsyncRead + Unpin, put: mpsc::Sender<Result<Vec<u8>, Failure>>) {
    loop {
        let mut some = Vec::with_capacity(256 * 1024);
        let read = tokio::select! {
            read = tokio::time::timeout(SILENCE, stream.read_buf(&mut some)) => read,
            // Whoever has heard enough gives back the seat, too.
            () = put.closed() => return,
        };
        let batch = match read {
            Ok(Ok(0)) => return,
            Ok(Ok(_)) => Ok(some),
            Ok(Err(error)) => Err(Failure::new(Exit::Io, format!("the control socket: {error}"))),
            Err(_) => {
                let what = format!("odmrd has said nothing for {} seconds", SILENCE.as_secs());
                let hint = "is it odmrd that listens there?";
                Err(Failure::new(Exit::TempFail, what).hint(Some(hint)))
            }
        };
        let last = batch.is_err();
        if put.send(batch).await.is_err() || last {
            return;
        }
    }
}

impl Answer {
    /// Of whom nothing was asked.
    pub fn none() -> Answer {
        let (_, batches) = mpsc::channel(1);
        Answer { batches, heard: Vec::new(), at: 0, end: true, more: None }
    }

    /// The next record's line, without its end; `None` behind the last.
    ///
    /// # Errors
    /// [`Failure`]: how the desk says it ended, or that the line broke.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        let found = loop {
            if self.end {
                return Ok(None);
            }
            match memchr::memchr(b'\n', &self.heard[self.at..]) {
                // A sign of life.
                Some(0) => self.at += 1,
                Some(length) => break self.at..self.at + length,
                None => self.hear_more().await?,
            }
        };
        self.at = found.end + 1;
        let line = &self.heard[found];
        if line.starts_with(br#"{"schema":"odmr.control.end"#) {
            self.end = true;
            let (more, failure) = ended(line)?;
            self.more = more;
            return failure.map_or(Ok(None), Err);
        }
        Ok(Some(line))
    }

    /// At the end of a list that was cut: the cursor with which it goes on.
    pub fn more_behind(&self) -> Option<&str> {
        self.more.as_deref()
    }

    async fn hear_more(&mut self) -> Result<(), Failure> {
        self.heard.drain(..self.at);
        self.at = 0;
        match self.batches.recv().await {
            Some(batch) => {
                self.heard.extend_from_slice(&batch?);
                Ok(())
            }
            None => {
                Err(Failure::new(Exit::TempFail, "odmrd hung up before the end; is it stopping?"))
            }
        }
    }
}

/// Where a list that was cut goes on, and what went wrong.
fn ended(line: &[u8]) -> Result<(Option<String>, Option<Failure>), Failure> {
    let end: End = serde_json::from_slice(line)
        .map_err(|fault| Failure::new(Exit::Protocol, format!("the end of the answer: {fault}")))?;
    if end.schema != END {
        return Err(Failure::new(
            Exit::Protocol,
            "odmrd speaks another version of the control protocol",
        ));
    }
    match end.error {
        None => Ok((end.next, None)),
        Some(what) => {
            let known =
                Exit::TABLE.iter().map(|(exit, _)| *exit).find(|exit| *exit as u8 == end.exit);
            let failure = Failure::new(known.unwrap_or(Exit::Software), what).hint(end.hint);
            Ok((end.next, Some(failure)))
        }
    }
}

/// So much of standard input is read, in octets: two million ids.
const IDS: u64 = 64 << 20;

/// Reads ids from standard input: a line each, or with a NUL behind each.
///
/// # Errors
/// What reading has to say; or there are too many.
pub fn ids_from(input: &mut impl io::Read) -> io::Result<Vec<String>> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(input, IDS + 1), &mut text)?;
    if text.len() as u64 > IDS {
        return Err(io::Error::other(format!("more than {IDS} octets of ids")));
    }
    Ok(text
        .split(['\n', '\0'])
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for_for_long() {
        let (mute, end) = tokio::io::duplex(64);
        let (put, mut batches) = mpsc::channel(1);
        let reading = tokio::spawn(read(mute, put));
        let told = batches.recv().await.expect("a word").expect_err("a failure");
        assert_eq!(told.exit, Exit::TempFail);
        assert!(told.what.contains("said nothing for 90 seconds"), "{}", told.what);
        reading.await.expect("an end");
        drop(end);
    }
}
