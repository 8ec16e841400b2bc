//! Contents are sent to a server that sends them on to us, and what became of them is looked at.
//!
//! The server behind it is ours: so many callers, so much of each, and nothing of it is delivered anywhere.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::{Asked, Kind, millis};
use crate::probe::script::{Outcome, Start, Verdict, Word};
use crate::probe::sink::{Letter, Session};
use crate::probe::suite::content::{By, Came, Trial};
use crate::probe::suite::{Record, Row};

/// So many may call at once.
const MOST_CALLERS: usize = 8;
/// More is not kept of all of them.
const MOST_KEPT: usize = 64;
/// Who says nothing for so long is hung up on.
const IDLE: Duration = Duration::from_secs(60);
/// And who takes longer for all.
const LONGEST: Duration = Duration::from_secs(600);
/// A report that should not come would be there by then.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    strays: Vec<String>,
}

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    news: Notify,
}

impl Shared {
    fn take(&self, session: &mut Session) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_KEPT.saturating_sub(kept.letters.len());
        kept.letters.extend(session.taken().into_iter().take(room));
        let room = MOST_KEPT.saturating_sub(kept.strays.len());
        kept.strays.extend(session.strays().into_iter().take(room));
        drop(kept);
        self.news.notify_waiters();
    }
}

/// The server behind the server, at work.
pub(super) struct Sink {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// Listens there.
    pub(super) async fn open(at: SocketAddr, me: &str) -> std::io::Result<Sink> {
        let listener = TcpListener::bind(at).await?;
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(serve(listener, me.to_owned(), Arc::clone(&shared)));
        Ok(Sink { shared, task })
    }

    fn letters_with(&self, token: &str) -> Vec<Letter> {
        let kept = self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.letters.iter().filter(|letter| letter.has(token.as_bytes())).cloned().collect()
    }

    fn strays(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).strays)
    }

    /// The letter with this in it, once it has come.
    async fn letter(&self, token: &str, until: Instant) -> Option<Letter> {
        loop {
            let news = self.shared.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if let Some(letter) = self.letters_with(token).into_iter().next() {
                return Some(letter);
            }
            tokio::time::timeout_at(until.into(), news).await.ok()?;
        }
    }
}

async fn serve(listener: TcpListener, me: String, shared: Arc<Shared>) {
    let mut callers = JoinSet::new();
    loop {
        while callers.len() >= MOST_CALLERS {
            callers.join_next().await;
        }
        // A listener that fails once may not the next time.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (me, shared) = (me.clone(), Arc::clone(&shared));
        callers.spawn(async move {
            let _ = tokio::time::timeout(LONGEST, hear(stream, &me, &shared)).await;
        });
    }
}

async fn hear(mut stream: TcpStream, me: &str, shared: &Shared) -> std::io::Result<()> {
    let mut session = Session::new(me);
    stream.write_all(&session.greeting()).await?;
    let mut octets = vec![0; 16 * 1024];
    while !session.is_over() {
        let read = tokio::time::timeout(IDLE, stream.read(&mut octets)).await??;
        if read == 0 {
            break;
        }
        let reply = session.received(octets.get(..read).unwrap_or_default());
        // What was taken is there before anybody hears that it was.
        shared.take(&mut session);
        stream.write_all(&reply).await?;
    }
    Ok(())
}

impl Asked<'_> {
    /// Asks what is wanted of these, one after the other.
    pub async fn ask_contents(
        &mut self,
        trials: &[Trial],
        wanted: &dyn Fn(&Row) -> bool,
        tell: &mut dyn FnMut(Record),
    ) {
        for trial in trials {
            let row = Row { severity: self.level_of(trial), ..Row::of_trial(trial) };
            if !wanted(&row) {
                continue;
            }
            let begun = Instant::now();
            let mut words = Vec::new();
            let verdict = match self.not_sent(trial) {
                Some(why) => Verdict::skip(why),
                None => self.trial(trial, &mut words).await.unwrap_or_else(|told| told),
            };
            tell(Record::new(row, verdict, &words, millis(begun.elapsed()), self.calls));
        }
        self.hang_up().await;
    }

    fn level_of(&self, trial: &Trial) -> super::Level {
        self.asking.kind.level(trial.head.id, trial.head.quirk, trial.head.level)
    }

    fn not_sent(&self, trial: &Trial) -> Option<String> {
        let has_login = self.asking.login.is_some();
        match trial.offers {
            _ if self.asking.kind == Kind::Odmr => {
                Some("no mail is brought to such a server".to_owned())
            }
            _ if !self.asking.data => Some("needs --data".to_owned()),
            _ if self.sink.is_none() => {
                Some("needs --sink, where the server sends mail for --rcpt on to".to_owned())
            }
            _ if self.asking.kind == Kind::Submission && !has_login => {
                Some("needs a login".to_owned())
            }
            Some(word) if !self.offered(word) => Some(format!("{word} is not offered")),
            _ => None,
        }
    }

    /// Sends, and looks at what comes. What is no verdict on the rule comes as an error.
    async fn trial(&mut self, trial: &Trial, words: &mut Vec<Word>) -> Result<Verdict, Verdict> {
        let name = trial.head.id.replace('.', "-");
        let run = format!("{}-{}", std::process::id(), self.calls);
        let token = |n: usize| format!("odmr-probe-{name}-{run}-{n}-");
        self.sink.as_ref().map(Sink::strays);
        let mut came = Came::default();
        for (n, body) in trial.bodies.iter().enumerate() {
            let is_taken = self.send(trial, body, &token(n), words).await?;
            came.sent.push(body.to_vec());
            came.is_taken.push(is_taken);
        }
        came.tls = Trial::is_under_tls(words);
        let marker = format!("odmr-probe-marker-{run}-");
        if matches!(trial.by, By::Cut | By::Nobody) {
            let whole = Trial { by: By::Data, judge: trial.judge, ..*trial };
            self.send(&whole, b"x\r\n", &marker, words).await?;
        }
        let Some(sink) = &self.sink else { return Err(Verdict::skip("needs --sink")) };
        let until = Instant::now() + self.asking.patience;
        match trial.by {
            By::Cut => {
                came.letters.push(sink.letter(&marker, until).await);
                came.others = sink.letters_with(&token(0));
            }
            By::Nobody => {
                came.letters.push(sink.letter(&token(0), until).await);
                sink.letter(&marker, until).await;
                tokio::time::sleep(GRACE).await;
                came.others = sink.letters_with(&token(0)).into_iter().skip(1).collect();
            }
            _ => {
                for (n, is_taken) in came.is_taken.iter().enumerate() {
                    let letter = if *is_taken { sink.letter(&token(n), until).await } else { None };
                    came.letters.push(letter);
                }
            }
        }
        came.strays = sink.strays();
        Ok((trial.judge)(&came))
    }

    /// Sends one content; was it taken?
    async fn send(
        &mut self,
        trial: &Trial,
        body: &[u8],
        token: &str,
        words: &mut Vec<Word>,
    ) -> Result<bool, Verdict> {
        let mut probe = trial.probe(body, token);
        if self.asking.kind == Kind::Submission {
            probe.start = Start::Login;
        }
        let told = self.play(&probe).await;
        words.extend(told.words);
        match Trial::is_taken(&told.verdict) {
            Some(is_taken) => Ok(is_taken),
            None => Err(Verdict { outcome: Outcome::Inconclusive, ..told.verdict }),
        }
    }
}
