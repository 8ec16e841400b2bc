//! Content on its way out. Every piece is held against its checksum before an octet of it is given
//! away, and the last one only when the whole has proved to be what came in.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::body::{self, Place};
use super::claims::Key;
use super::reader::{aside, unreadable};
use super::row::{Stored, Unreadable};
use super::seal::{PIECE, Proof};
use super::settle::Damage;
use super::{Core, Lease};
use crate::spool::{self, SpoolError};

/// The content of one leased entry.
#[derive(Debug)]
pub struct Content {
    core: Arc<Core>,
    key: Key,
    rest: Rest,
}

/// What is still to come.
#[derive(Debug)]
enum Rest {
    /// All of it, and already proven.
    Whole(Bytes),
    /// The head, and then the pieces of a file.
    Pieces(Box<Pieces>),
    /// Damage was found, and is told whenever somebody asks.
    Damaged(String),
    /// A read was given up half way: what follows is unknown, and must not look like the end.
    GivenUp,
}

/// Why there is no next piece.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not what it was.
    Damage(String),
    /// It could not be read just now; nothing is said of the entry.
    Later(SpoolError),
}

impl Content {
    /// Opens what belongs to a lease.
    pub(super) async fn open(core: Arc<Core>, lease: &Lease) -> Result<Content, SpoolError> {
        let stored = &lease.stored;
        let proof = Proof::new(stored.checks.clone(), stored.digest.clone());
        let rest = match (&lease.body, &stored.place) {
            (Some(body), _) => whole(&stored.head, body, proof),
            (None, Place::Row(message)) => match fetch(&core, *message).await? {
                Ok(body) => whole(&stored.head, &body, proof),
                Err(damage) => Rest::Damaged(damage),
            },
            (None, Place::File(name)) => {
                let (path, size) = (core.bodies.path(name), stored.entry.size);
                Rest::Pieces(Box::new(Pieces::new(path, &stored.head, size, proof)))
            }
        };
        Ok(Content { core, key: lease.claim.key, rest })
    }

    async fn step(&mut self) -> Result<Option<Bytes>, Trouble> {
        match std::mem::replace(&mut self.rest, Rest::GivenUp) {
            // A file is read where waiting for a disk disturbs nobody.
            Rest::Pieces(mut pieces) => {
                let step = aside(move || pieces.next().map(|piece| (piece, pieces)));
                let (piece, pieces) = step.await.map_err(Trouble::Later)??;
                self.rest = Rest::Pieces(pieces);
                Ok(piece)
            }
            mut rest => {
                let step = rest.step();
                self.rest = rest;
                step
            }
        }
    }
}

impl spool::Content for Content {
    async fn next(&mut self) -> Result<Option<Bytes>, SpoolError> {
        let step = self.step().await;
        self.told(step).await
    }

    async fn look_ahead(&mut self) -> Result<(), SpoolError> {
        let looked = match std::mem::replace(&mut self.rest, Rest::GivenUp) {
            Rest::Pieces(mut pieces) => match aside(move || (pieces.missing(), pieces)).await {
                Ok((looked, pieces)) => {
                    self.rest = Rest::Pieces(pieces);
                    looked
                }
                Err(e) => Err(Trouble::Later(e)),
            },
            rest => {
                self.rest = rest;
                Ok(())
            }
        };
        self.told(looked).await
    }
}

impl Content {
    /// Damage is noted, and found again whenever somebody asks.
    async fn told<T>(&mut self, outcome: Result<T, Trouble>) -> Result<T, SpoolError> {
        match outcome {
            Ok(told) => Ok(told),
            Err(Trouble::Later(e)) => Err(e),
            Err(Trouble::Damage(what)) => {
                self.rest = Rest::Damaged(what.clone());
                Err(self.core.damaged(self.key, Damage::Content, what).await)
            }
        }
    }
}

/// Gives away the content of an entry that nobody has leased, until whoever takes it is gone. For a look:
/// blocks, and sets nothing aside. `body` is that of the row, where it lies in one.
pub(super) fn give_away(
    stored: &Stored,
    body: Option<Vec<u8>>,
    bodies: &Path,
    give: &mpsc::Sender<Bytes>,
) -> Result<(), Trouble> {
    let proof = Proof::new(stored.checks.clone(), stored.digest.clone());
    let mut rest = match (body, &stored.place) {
        (Some(body), _) => whole(&stored.head, &body, proof),
        (None, Place::Row(_)) => Rest::Damaged("its content is missing".to_owned()),
        (None, Place::File(name)) => {
            let (path, size) = (bodies.join(name), stored.entry.size);
            Rest::Pieces(Box::new(Pieces::new(path, &stored.head, size, proof)))
        }
    };
    while let Some(piece) = rest.step()? {
        if give.blocking_send(piece).is_err() {
            break;
        }
    }
    Ok(())
}

/// Is what a file begins with, up to the content's length, what came in? Blocks.
pub(super) fn is_whole(path: PathBuf, head: &[u8], size: u64, proof: Proof) -> bool {
    let mut pieces = Pieces::new(path, head, size, proof);
    loop {
        match pieces.next() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

impl Rest {
    /// The next piece, on the calling thread.
    fn step(&mut self) -> Result<Option<Bytes>, Trouble> {
        match self {
            Rest::Whole(octets) => {
                let first = octets.split_to(octets.len().min(PIECE));
                Ok((!first.is_empty()).then_some(first))
            }
            Rest::Pieces(pieces) => pieces.next(),
            Rest::Damaged(what) => Err(Trouble::Damage(what.clone())),
            Rest::GivenUp => Err(Trouble::Later(SpoolError::Unusable(
                "an earlier read of this content failed or was given up".to_owned(),
            ))),
        }
    }
}

fn whole(head: &[u8], body: &[u8], mut proof: Proof) -> Rest {
    let proven = proof.head(head).and_then(|()| proof.piece(body)).and_then(|()| proof.whole(head));
    match proven {
        Ok(()) => Rest::Whole([head, body].concat().into()),
        Err(what) => Rest::Damaged(what),
    }
}

/// Reads a small body that did not come with its lease. The inner error is damage.
async fn fetch(core: &Arc<Core>, message: i64) -> Result<Result<Vec<u8>, String>, SpoolError> {
    let _turn = core.readers.turn().await;
    let reading = Arc::clone(core);
    let read = aside(move || reading.readers.read(|db| body::select(db, message))).await??;
    match read {
        Ok(body) => Ok(body.ok_or_else(|| "its content is missing".to_owned())),
        Err(e) => match Unreadable::from(e) {
            Unreadable::Damaged(what) => Ok(Err(what)),
            Unreadable::Sql(e) => Err(unreadable(&e)),
            Unreadable::Misfiled => Ok(Err("its content is another's".to_owned())),
        },
    }
}

/// A large body, piece by piece.
#[derive(Debug)]
struct Pieces {
    path: PathBuf,
    file: Option<File>,
    head: Vec<u8>,
    head_given: bool,
    left: u64,
    proof: Proof,
}

impl Pieces {
    fn new(path: PathBuf, head: &[u8], size: u64, proof: Proof) -> Pieces {
        let left = size.saturating_sub(head.len() as u64);
        let head = head.to_vec();
        Pieces { path, file: None, head, head_given: false, left, proof }
    }

    fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        if !self.head_given {
            self.head_given = true;
            self.proof.head(&self.head).map_err(Trouble::Damage)?;
            if !self.head.is_empty() {
                return Ok(Some(Bytes::copy_from_slice(&self.head)));
            }
        }
        if self.left == 0 { Ok(None) } else { self.piece().map(Some) }
    }

    /// A file that is not there, or not all of it.
    fn missing(&mut self) -> Result<(), Trouble> {
        if self.left == 0 {
            return Ok(());
        }
        let there = self.open().and_then(|file| file.metadata()).map_err(|e| trouble(&e))?.len();
        match self.left.checked_sub(there) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(Trouble::Damage(format!("its file is {missing} octets short"))),
        }
    }

    fn piece(&mut self) -> Result<Bytes, Trouble> {
        let octets = self.left.min(PIECE as u64) as usize;
        let piece = self.read(octets).map_err(|e| trouble(&e))?;
        if piece.len() < octets {
            let missing = self.left - piece.len() as u64;
            return Err(Trouble::Damage(format!("its file is {missing} octets short")));
        }
        self.proof.piece(&piece).map_err(Trouble::Damage)?;
        self.left -= octets as u64;
        if self.left == 0 {
            self.proof.whole(&self.head).map_err(Trouble::Damage)?;
        }
        Ok(piece.into())
    }

    fn read(&mut self, octets: usize) -> io::Result<Vec<u8>> {
        body::read(self.open()?, octets)
    }

    fn open(&mut self) -> io::Result<&mut File> {
        Ok(match self.file.take() {
            Some(file) => self.file.insert(file),
            None => self.file.insert(File::open(&self.path)?),
        })
    }
}

/// A file that is gone or that the disk cannot read is damage; too many open files are not.
fn trouble(e: &io::Error) -> Trouble {
    let gone = e.kind() == io::ErrorKind::NotFound;
    if gone || e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
        Trouble::Damage(format!("its file cannot be read: {e}"))
    } else {
        Trouble::Later(SpoolError::Unusable(format!("a body's file cannot be opened: {e}")))
    }
}
