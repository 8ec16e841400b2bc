//! Asking a Dovecot who somebody is: its authentication socket, one connection for each exchange.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::sasl::{AskedFrom, DovecotFault, DovecotTalk, Heard, MAX_DOVECOT_LINE, Mechanism};

/// How long Dovecot may take for an answer: it keeps whoever guesses waiting, by some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// And to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(3);

/// How long it took over the last refusal, in milliseconds; until there is one, as long as it is told to
/// (`auth_failure_delay`) unless told otherwise.
static LAST_REFUSAL: AtomicU64 = AtomicU64::new(2000);

/// Returns after as long as Dovecot takes to refuse somebody: a refusal of ours must not look different,
/// or it would tell which passwords are right.
pub async fn as_long_as_a_refusal() {
    let took = Duration::from_millis(LAST_REFUSAL.load(Ordering::Relaxed));
    tokio::time::sleep(took.min(PATIENCE)).await;
}

/// Why Dovecot could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum DovecotError {
    /// Its socket.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What it said.
    #[error("{0}")]
    Fault(#[from] DovecotFault),
    /// It went in the middle.
    #[error("it closed the connection")]
    Closed,
    /// It did not answer.
    #[error("no answer in time")]
    Silent,
}

/// A Dovecot that can be asked one thing.
#[derive(Debug)]
pub struct Dovecot {
    stream: BufReader<UnixStream>,
    talk: DovecotTalk,
    line: Vec<u8>,
}

impl Dovecot {
    /// Connects, and hears the introduction.
    ///
    /// # Errors
    /// [`DovecotError`]; nothing was asked.
    pub async fn open(socket: &Path) -> Result<Dovecot, DovecotError> {
        let opened = async {
            let stream = BufReader::new(UnixStream::connect(socket).await?);
            let mut dovecot = Dovecot { stream, talk: DovecotTalk::default(), line: Vec::new() };
            let hello = dovecot.talk.hello(client_id());
            dovecot.stream.write_all(hello.as_bytes()).await?;
            while dovecot.next().await? != Heard::Ready {}
            Ok(dovecot)
        };
        tokio::time::timeout(INTRODUCTION, opened).await.map_err(|_| DovecotError::Silent)?
    }

    /// What it can check.
    pub fn mechanisms(&self) -> &[Mechanism] {
        self.talk.mechanisms()
    }

    /// Begins the exchange. `initial` is the initial response, decoded.
    ///
    /// # Errors
    /// [`DovecotError`]; nobody is vouched for.
    pub async fn ask(
        &mut self,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
        from: &AskedFrom,
    ) -> Result<Heard, DovecotError> {
        let words = self.talk.ask(mechanism, initial, from);
        self.answer_to(&words).await
    }

    /// Goes on with it, with the response to a challenge.
    ///
    /// # Errors
    /// [`DovecotError`]; nobody is vouched for.
    pub async fn go_on(&mut self, response: &[u8]) -> Result<Heard, DovecotError> {
        let words = self.talk.go_on(response);
        self.answer_to(&words).await
    }

    async fn answer_to(&mut self, words: &str) -> Result<Heard, DovecotError> {
        let asked = Instant::now();
        let answered = async {
            self.stream.write_all(words.as_bytes()).await?;
            loop {
                match self.next().await? {
                    Heard::Nothing | Heard::Ready => {}
                    heard => return Ok(heard),
                }
            }
        };
        let heard = tokio::time::timeout(PATIENCE, answered).await;
        let heard = heard.map_err(|_| DovecotError::Silent)?;
        if matches!(heard, Ok(Heard::Refused)) {
            let took = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
            LAST_REFUSAL.store(took, Ordering::Relaxed);
        }
        heard
    }

    async fn next(&mut self) -> Result<Heard, DovecotError> {
        self.line.clear();
        let most = MAX_DOVECOT_LINE as u64;
        (&mut self.stream).take(most).read_until(b'\n', &mut self.line).await?;
        match self.line.pop() {
            Some(b'\n') => Ok(self.talk.hear(&self.line)?),
            Some(_) if self.line.len() + 1 >= MAX_DOVECOT_LINE => Err(DovecotFault::Answer.into()),
            _ => Err(DovecotError::Closed),
        }
    }
}

/// Dovecot tells its clients apart by a number, meant to be the process's: two connections of one
/// process need two.
fn client_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let pid = std::process::id();
    pid.rotate_left(10) ^ NEXT.fetch_add(1, Ordering::Relaxed)
}
