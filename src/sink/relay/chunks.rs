//! Content without lines, to a target that takes it: BDAT (RFC 3030). A text goes by DATA, which every
//! server knows.

use bytes::BytesMut;

use super::{FLIGHT, RelaySink, Stage};
use crate::smtp::Reply;

impl RelaySink {
    /// Sends what has gathered, if it is enough for a chunk.
    pub(super) async fn chunk(&mut self, gathered: BytesMut) -> Result<(), Reply> {
        if gathered.len() < FLIGHT {
            self.stage = Stage::Chunks(gathered);
            return Ok(());
        }
        match self.bdat(gathered, "").await {
            Ok(_) => {
                self.stage = Stage::Chunks(BytesMut::new());
                Ok(())
            }
            Err(reply) => {
                // RFC 3030, section 2: the transaction is at an end only when it has been reset.
                self.reset().await;
                self.stage = Stage::Failed(reply.clone());
                Err(reply)
            }
        }
    }

    /// The last of the content; what the target says is what becomes of the mail.
    pub(super) async fn last_chunk(&mut self, gathered: BytesMut) -> Reply {
        let told = self.bdat(gathered, " LAST").await;
        self.stage = Stage::Idle;
        match told {
            Ok(reply) => {
                self.breaks = 0;
                reply
            }
            Err(reply) => {
                self.reset().await;
                reply
            }
        }
    }

    /// One chunk, and the reply to it.
    async fn bdat(&mut self, gathered: BytesMut, last: &str) -> Result<Reply, Reply> {
        let step = "BDAT (it may have the mail)";
        let Some(mut line) = self.line.take() else {
            return Err(self.broke(step, "no connection"));
        };
        let command = format!("BDAT {}{last}\r\n", gathered.len());
        line.output().extend_from_slice(command.as_bytes());
        line.output().extend_from_slice(&gathered);
        let heard = line.last(self.settings.patience.end).await;
        self.line = heard.is_ok().then_some(line);
        self.answer(step, heard)
    }

    /// Any answer but yes leaves us on uncertain ground; a new line is firm.
    pub(super) async fn reset(&mut self) {
        if !self.command("RSET").await.is_ok_and(|reply| reply.is_positive()) {
            self.line = None;
        }
    }
}
