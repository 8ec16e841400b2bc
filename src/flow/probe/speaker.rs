//! A client that says a line and hears the answer, and remembers both.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::EAR;
use crate::net::Wire;
use crate::probe::script::{Side, Word};
use crate::smtp::{Reply, ReplyParser};

/// So much of one piece is remembered, octets.
const MOST_KEPT: usize = 4096;

/// Somebody who talks to a server, line by line.
pub(super) struct Speaker<'w> {
    wire: &'w mut Wire,
    input: BytesMut,
    parser: ReplyParser,
    patience: Duration,
    begun: Instant,
    /// What was said.
    pub(super) words: Vec<Word>,
    /// The answers, in order.
    pub(super) replies: Vec<Reply>,
}

impl<'w> Speaker<'w> {
    /// Nothing has been heard yet.
    pub(super) fn new(wire: &'w mut Wire, patience: Duration) -> Speaker<'w> {
        Speaker {
            wire,
            input: BytesMut::new(),
            parser: ReplyParser::default(),
            patience,
            begun: Instant::now(),
            words: Vec::new(),
            replies: Vec::new(),
        }
    }

    /// Says this line, and hears the code of the answer.
    pub(super) async fn ask(&mut self, line: &str) -> Result<u16, String> {
        self.send(format!("{line}\r\n").as_bytes()).await?;
        self.hear().await
    }

    /// Says these octets.
    pub(super) async fn send(&mut self, octets: &[u8]) -> Result<(), String> {
        self.note(Side::Ours, octets);
        self.wire.queue(octets.to_vec());
        let deadline = Some(Instant::now() + self.patience);
        let sent = self.wire.flush(&mut self.input, EAR, deadline).await;
        sent.map(drop).map_err(|why| why.to_string())
    }

    /// Hears one answer.
    pub(super) async fn hear(&mut self) -> Result<u16, String> {
        let deadline = Some(Instant::now() + self.patience);
        loop {
            if let Some(reply) = self.parser.next(&mut self.input).map_err(|why| why.to_string())? {
                self.note(Side::Theirs, format!("{} {}\r\n", reply.code, reply.text).as_bytes());
                let code = reply.code;
                self.replies.push(reply);
                return Ok(code);
            }
            if self.input.len() > EAR {
                return Err("it talks without end".to_owned());
            }
            match self.wire.read(&mut self.input, deadline).await {
                Ok(0) => return Err("it hung up".to_owned()),
                Ok(_) => {}
                Err(why) => return Err(why.to_string()),
            }
        }
    }

    fn note(&mut self, side: Side, octets: &[u8]) {
        let octets = octets[..octets.len().min(MOST_KEPT)].to_vec();
        self.words.push(Word { at: self.begun.elapsed(), side, tls: false, octets });
    }
}
