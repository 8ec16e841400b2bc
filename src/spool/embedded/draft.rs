//! A message on its way in: in memory while it is small, in a file as soon as it is not.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::Core;
use super::body::{Body, Incoming};
use super::health::is_full;
use super::reader::aside;
use super::seal::{PIECE, Seal, Sealed};
use crate::spool::{self, SpoolError};

/// Content that has not been promised to anybody yet. Dropping it forgets it.
#[derive(Debug)]
pub struct Draft {
    core: Arc<Core>,
    seal: Seal,
    piece: Vec<u8>,
    file: Option<Incoming>,
    /// A write that was given up half way has left a gap.
    torn: bool,
}

impl Draft {
    pub(super) fn new(core: Arc<Core>, declared_size: Option<u64>) -> Draft {
        let expected = declared_size.map_or(0, |n| n.min(PIECE as u64) as usize);
        let piece = Vec::with_capacity(expected);
        Draft { core, seal: Seal::default(), piece, file: None, torn: false }
    }

    /// Everything is there: seals it under its trace fields and, if it is large, puts it on disk.
    pub(super) async fn finish(mut self, trace: &[u8]) -> Result<(Sealed, Body), SpoolError> {
        if self.torn {
            return Err(torn());
        }
        if self.file.is_none() && self.piece.len() <= self.core.inline_limit {
            self.seal.piece(&self.piece);
            return Ok((self.seal.close(trace), Body::Row(self.piece)));
        }
        self.spill().await?;
        let core = Arc::clone(&self.core);
        let file = self.file.take().ok_or_else(torn)?;
        let placed = aside(move || {
            // Nothing has been promised of a file for which there was no room in the end, and it is gone.
            file.place().map_err(|e| match is_full(&e) {
                true => core.room.full(),
                false => core.health.fail(format!("syncing a body: {e}")),
            })
        });
        let placed = placed.await??;
        Ok((self.seal.close(trace), Body::File(placed)))
    }

    /// Moves a piece from memory into the file.
    async fn spill(&mut self) -> Result<(), SpoolError> {
        self.core.room.admit(self.piece.len() as u64)?;
        self.torn = true;
        let (core, file) = (Arc::clone(&self.core), self.file.take());
        let (mut seal, piece) = (std::mem::take(&mut self.seal), std::mem::take(&mut self.piece));
        let (file, seal, piece) = aside(move || {
            seal.piece(&piece);
            write(&core, file, &piece).map(|file| (file, seal, piece))
        })
        .await??;
        (self.file, self.seal, self.piece) = (Some(file), seal, piece);
        self.piece.clear();
        self.torn = false;
        Ok(())
    }
}

fn write(core: &Core, file: Option<Incoming>, piece: &[u8]) -> Result<Incoming, SpoolError> {
    let mut file = match file {
        Some(file) => file,
        None => core.bodies.begin().map_err(|e| begin_failed(core, &e))?,
    };
    file.write(piece).map_err(|e| core.write_failed(&e))?;
    Ok(file)
}

/// No file could be opened: too many are open, say. Nothing was written, so nothing is in doubt.
fn begin_failed(core: &Core, e: &io::Error) -> SpoolError {
    tracing::error!(error = %e, "no file can be made for a large message");
    if is_full(e) { core.room.full() } else { SpoolError::Broken(format!("opening a file: {e}")) }
}

fn torn() -> SpoolError {
    SpoolError::Broken("an earlier write to this message was given up".to_owned())
}

impl spool::Draft for Draft {
    async fn write(&mut self, content: Bytes) -> Result<(), SpoolError> {
        if self.torn {
            return Err(torn());
        }
        let mut rest = &content[..];
        while !rest.is_empty() {
            if self.piece.len() == PIECE {
                self.spill().await?;
            }
            let (now, later) = rest.split_at(rest.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }
}
