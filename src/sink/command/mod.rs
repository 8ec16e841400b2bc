//! Mail to a program: procmail, maildrop, dovecot-lda, rspamc, or whatever the user has written.
//!
//! ```text
//! /usr/bin/maildrop -d {local}     the content on its standard input, lines ending in LF
//! SENDER=a@example.net             the envelope in its environment
//! RECIPIENT=b@example.org
//! exit 0                           250: it has the mail
//! exit 67                          550 5.1.1: this recipient does not exist
//! exit 75                          451: later
//! ```
//!
//! No shell is involved. The program is run when the content is whole, which until then lies in a file
//! without a name: half a mail never looks like one. The program answers for the mail with its exit code; [`exit`] is the table.
//! It is run once for each message, or once for each recipient, who then has an answer of his own.

pub mod exit;
pub mod words;

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustix::fs::Access;

use super::child::{Ended, Program};
use super::maildir::{LineEnds, LineWriter};
use super::{Offer, Sink, SinkFault, out_of_order};
use crate::mail::Recipient;
use crate::smtp::escape::Escaped;
use crate::smtp::{Body, MailParams, Reply, ReversePath};

use words::{Envelope, LooksLikeAnOption};

/// Recipients in a transaction. All of them have to fit into one variable, of 128 KiB at most.
const RECIPIENTS: usize = 100;
/// So often in a row the program could not even be run, or was killed: it is out of order.
const BREAKS: u8 = 2;

/// How often the program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Once for each message.
    Message,
    /// Once for each recipient.
    Recipient,
}

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, placeholders in them.
    pub arguments: Vec<String>,
    /// How often it is run.
    pub per: Per,
    /// How long it may take.
    pub patience: Duration,
}

/// Mail to a program.
#[derive(Debug)]
pub struct CommandSink {
    settings: Settings,
    stage: Stage,
    /// Of the message that is coming.
    body: Body,
    breaks: u8,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Addressed(ReversePath, Vec<Recipient>),
    Content(Letter),
    /// What the rest of the transaction is told.
    Failed(Reply),
}

/// A message on its way into its file.
#[derive(Debug)]
struct Letter {
    program: Program,
    lines: LineWriter,
    pending: BytesMut,
    file: File,
}

/// Content goes to the file in pieces of this size.
const PIECE: usize = 128 * 1024;

impl Letter {
    fn begin(program: Program, head: &str, body: Body) -> io::Result<Letter> {
        let lines = LineWriter::new(LineEnds::of(body, LineEnds::Lf));
        let mut letter =
            Letter { program, lines, pending: BytesMut::new(), file: tempfile::tempfile()? };
        letter.add(head.as_bytes())?;
        Ok(letter)
    }

    fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        self.lines.write(piece, &mut self.pending);
        if self.pending.len() >= PIECE { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.file.write_all(&self.pending.split())
    }

    /// The program, and what it is to read.
    fn seal(mut self) -> io::Result<(Program, File)> {
        self.lines.finish(&mut self.pending);
        self.spill()?;
        self.file.rewind()?;
        Ok((self.program, self.file))
    }
}

impl CommandSink {
    /// A sink that has run nothing yet.
    pub fn new(settings: Settings) -> CommandSink {
        CommandSink { settings, stage: Stage::Idle, body: Body::default(), breaks: 0 }
    }

    fn most(&self) -> usize {
        if self.settings.per == Per::Recipient { 1 } else { RECIPIENTS }
    }

    fn program(&self, envelope: Envelope<'_>) -> Result<Program, LooksLikeAnOption> {
        Ok(Program {
            path: self.settings.program.clone(),
            arguments: words::arguments(&self.settings.arguments, envelope)?,
            variables: words::variables(envelope),
        })
    }

    /// The program is at fault, not the mail.
    fn broke(&mut self, what: &str) -> Reply {
        let program = Escaped::text(&self.settings.program.to_string_lossy()).to_string();
        tracing::error!(program, "{}", Escaped::text(what));
        self.breaks = self.breaks.saturating_add(1);
        let reply = Reply::new(451, (3, 0), "local delivery failed; please keep it");
        self.stage = Stage::Failed(reply.clone());
        reply
    }

    /// Goes on with a message, if it could be written.
    fn went_on(&mut self, letter: io::Result<Letter>) -> Result<(), Reply> {
        match letter {
            Ok(letter) => {
                self.stage = Stage::Content(letter);
                Ok(())
            }
            Err(error) => Err(self.broke(&format!("no room for its input: {error}"))),
        }
    }

    fn told(&mut self, ended: &Ended) -> Reply {
        let how = ended.how(self.settings.patience);
        let reply = exit::reply(ended);
        let printed = Escaped(&ended.printed[..ended.printed.len().min(512)]).to_string();
        if ended.status.is_none() {
            return self.broke(&how);
        }
        if !reply.is_positive() {
            let program = self.settings.program.display();
            tracing::warn!(%program, printed, "the program {how}");
        }
        self.breaks = 0;
        reply
    }
}

impl Sink for CommandSink {
    async fn open(&mut self) -> Result<Offer, SinkFault> {
        (self.stage, self.breaks) = (Stage::Idle, 0);
        let path = &self.settings.program;
        let unusable = |source: std::io::Error| SinkFault::Program {
            path: path.display().to_string(),
            source,
        };
        if !std::fs::metadata(path).map_err(unusable)?.is_file() {
            return Err(unusable(std::io::Error::other("it is no file")));
        }
        rustix::fs::access(path, Access::EXEC_OK).map_err(|error| unusable(error.into()))?;
        let rcptmax = u32::try_from(self.most()).ok();
        Ok(Offer { smtputf8: true, binarymime: true, dsn: false, size: None, rcptmax })
    }

    async fn mail(&mut self, from: &ReversePath, params: &MailParams) -> Result<(), Reply> {
        self.stage = Stage::Idle;
        (self.stage, self.body) = (Stage::Addressed(from.clone(), Vec::new()), params.body);
        Ok(())
    }

    async fn recipient(&mut self, recipient: &Recipient) -> Result<Reply, Reply> {
        let (most, template) = (self.most(), &self.settings.arguments);
        match &mut self.stage {
            Stage::Addressed(_, to) if to.len() >= most => {
                Err(Reply::new(452, (5, 3), "that many recipients at a time, please"))
            }
            Stage::Addressed(from, to) => {
                let envelope = Envelope { from, to: std::slice::from_ref(recipient) };
                words::arguments(template, envelope)
                    .map_err(|LooksLikeAnOption| AN_OPTION)
                    .map(|_| to.push(recipient.clone()))
                    .map(|()| Reply::new(250, (1, 5), "recipient ok"))
            }
            Stage::Failed(reply) => Err(reply.clone()),
            Stage::Idle | Stage::Content(_) => Err(out_of_order()),
        }
    }

    async fn begin(&mut self, trace: &str) -> Result<(), Reply> {
        let (from, to) = match std::mem::take(&mut self.stage) {
            Stage::Addressed(from, to) if !to.is_empty() => (from, to),
            Stage::Failed(reply) => return Err(reply),
            _ => return Err(out_of_order()),
        };
        let program = self.program(Envelope { from: &from, to: &to }).map_err(|_| AN_OPTION)?;
        let mut head = format!("Return-Path: {from}\r\n");
        if let [only] = &to[..] {
            head.push_str(&format!("Delivered-To: {}\r\n", only.path.as_str()));
        }
        head.push_str(trace);
        self.went_on(Letter::begin(program, &head, self.body))
    }

    async fn content(&mut self, piece: Bytes) -> Result<(), Reply> {
        match std::mem::take(&mut self.stage) {
            Stage::Content(mut letter) => {
                let added = letter.add(&piece);
                self.went_on(added.map(|()| letter))
            }
            Stage::Failed(reply) => {
                self.stage = Stage::Failed(reply.clone());
                Err(reply)
            }
            _ => Err(out_of_order()),
        }
    }

    async fn finish(&mut self) -> Reply {
        let letter = match std::mem::take(&mut self.stage) {
            Stage::Content(letter) => letter,
            Stage::Failed(reply) => return reply,
            _ => return out_of_order(),
        };
        if letter.lines.saw_bare_lf() {
            return Reply::new(554, (6, 0), "a line feed stands alone");
        }
        let reply = match letter.seal() {
            Err(error) => self.broke(&format!("no room for its input: {error}")),
            Ok((program, input)) => match program.run(input, self.settings.patience).await {
                Ok(ended) => self.told(&ended),
                Err(error) => self.broke(&format!("cannot be run: {error}")),
            },
        };
        self.stage = Stage::Idle;
        reply
    }

    async fn abort(&mut self) {
        self.stage = Stage::Idle;
    }

    fn is_lost(&self) -> bool {
        self.breaks >= BREAKS
    }

    async fn close(&mut self) {
        self.stage = Stage::Idle;
    }
}

const AN_OPTION: Reply =
    Reply::new(553, (1, 3), "an address that begins with a hyphen is not handed to a program");

#[cfg(test)]
mod tests;
