//! What is to be said, in the order of the commands. An answer that is still owed keeps back all
//! that is said behind it, so that a client that matches replies by counting (RFC 2920, section
//! 3.1) is never led astray, however late that answer comes.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::smtp::Reply;

/// Replies are flushed when this much has gathered, whatever else there is to hear.
const FLIGHT: usize = 16 * 1024;
/// So many replies may stand behind an owed answer: whoever pipelines more waits for that one.
const KEPT_BACK: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    ready: BytesMut,
    /// From the oldest answer that is owed on; `None` is one that is owed.
    behind: VecDeque<Option<Reply>>,
    owed: usize,
}

impl Outbox {
    /// Says it now, or keeps it for behind what is owed. Gives it back if it may be heard now.
    pub(super) fn say(&mut self, reply: Reply) -> Option<Reply> {
        if self.owed > 0 {
            self.behind.push_back(Some(reply));
            return None;
        }
        reply.write(&mut self.ready);
        Some(reply)
    }

    /// Says what is no reply of the usual form. Only where nothing is owed.
    pub(super) fn say_raw(&mut self, pieces: &[&[u8]]) {
        debug_assert_eq!(self.owed, 0, "a challenge behind an answer that is owed");
        pieces.iter().for_each(|piece| self.ready.extend_from_slice(piece));
    }

    /// Leaves a place for an answer.
    pub(super) fn owe(&mut self) {
        self.owed += 1;
        self.behind.push_back(None);
    }

    /// Gives the oldest answer that is owed; returns what may be heard now, that answer first.
    pub(super) fn give(&mut self, reply: Reply) -> Vec<Reply> {
        let Some(None) = self.behind.front() else {
            debug_assert!(false, "an answer to nothing");
            return Vec::new();
        };
        self.behind.pop_front();
        self.owed -= 1;
        let mut heard = vec![reply];
        while let Some(Some(_)) = self.behind.front() {
            heard.extend(self.behind.pop_front().flatten());
        }
        heard.iter().for_each(|reply| reply.write(&mut self.ready));
        heard
    }

    /// Answers that are owed.
    pub(super) fn owed(&self) -> usize {
        self.owed
    }

    /// Nothing is left to be said, now or later.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.behind.is_empty()
    }

    /// Nothing can be written now.
    pub(super) fn is_silent(&self) -> bool {
        self.ready.is_empty()
    }

    /// Nothing more should be heard before some of this is gone.
    pub(super) fn is_full(&self) -> bool {
        self.ready.len() >= FLIGHT || self.behind.len() >= KEPT_BACK
    }

    /// What can be written now.
    pub(super) fn split(&mut self) -> Bytes {
        self.ready.split().freeze()
    }

    /// What is not written yet.
    pub(super) fn into_bytes(self) -> BytesMut {
        self.ready
    }
}
