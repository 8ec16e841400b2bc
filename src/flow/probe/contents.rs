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
/// So many letters are kept of all of them,
const MOST_KEPT: usize = 64;
/// and so much, octets: no content that is sent is longer than a few hundred KiB.
const MOST_OCTETS: usize = 8 << 20;
/// Who says nothing for so long is hung up on.
const IDLE: Duration = Duration::from_secs(60);
/// And who takes longer for all.
const LONGEST: Duration = Duration::from_secs(600);
/// A report that should not come would be there by then.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Kept {
    letters: Vec<Letter>,
    octets: usize,
    /// A letter had no room.
    is_full: bool,
    strays: Vec<String>,
}

impl Kept {
    /// Takes a letter; not, where there is no room for it.
    fn take(&mut self, letter: Letter) {
        let octets = self.octets + letter.raw.len() + letter.from.len();
        if self.letters.len() >= MOST_KEPT || octets > MOST_OCTETS {
            self.is_full = true;
        } else {
            self.octets = octets;
            self.letters.push(letter);
        }
    }
}

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    news: Notify,
}

impl Shared {
    /// Takes what a session has brought. Whether there was room for all of it.
    fn take(&self, session: &mut Session) -> bool {
        let mut kept = self.kept();
        let was_full = std::mem::take(&mut kept.is_full);
        session.taken().into_iter().for_each(|letter| kept.take(letter));
        let has_room = !kept.is_full;
        kept.is_full |= was_full;
        let room = MOST_KEPT.saturating_sub(kept.strays.len());
        kept.strays.extend(session.strays().into_iter().take(room));
        drop(kept);
        self.news.notify_waiters();
        has_room
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        let kept = self.shared.kept();
        kept.letters.iter().filter(|letter| letter.has(token.as_bytes())).cloned().collect()
    }

    fn strays(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.kept().strays)
    }

    /// What came before is of no more use: there is room again.
    fn begin(&self) {
        *self.shared.kept() = Kept::default();
    }

    /// Why a letter may not be here, where one had no room.
    fn fullness(&self) -> Option<Verdict> {
        self.shared.kept().is_full.then(full)
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

fn full() -> Verdict {
    let mib = MOST_OCTETS >> 20;
    Verdict::unknown(format!(
        "--sink holds {MOST_KEPT} letters and {mib} MiB for one rule, and more came: does other mail go there, too?"
    ))
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
        // What was taken is there before anybody hears that it was; what was not stays where it is.
        if !shared.take(&mut session) {
            stream.write_all(b"421 4.3.1 odmr-probe holds no more\r\n").await?;
            break;
        }
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
        self.sink.as_ref().map(Sink::begin);
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
        match sink.fullness() {
            Some(told) => Err(told),
            None => Ok((trial.judge)(&came)),
        }
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
        if self.asking.kind.is_for_who_logs_in(self.asking.login.is_some()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(octets: usize) -> Vec<u8> {
        let content = b"0123456789abcdef0123456789abcde\r\n".repeat(octets / 33 + 1);
        [b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n", &content[..], b".\r\n"].concat()
    }

    fn brought(shared: &Shared, octets: &[u8]) -> bool {
        let mut session = Session::new("sink.example");
        session.received(octets);
        shared.take(&mut session)
    }

    #[test]
    fn letters_are_kept_up_to_a_number_and_up_to_a_size() {
        for (size, most) in [(100, MOST_KEPT), (900_000, MOST_OCTETS / 900_033)] {
            let shared = Shared::default();
            let kept = (0..most + 3).filter(|_| brought(&shared, &letter(size))).count();
            assert_eq!(kept, most, "{size}");
            assert_eq!(shared.kept().letters.len(), most);
            assert!(shared.kept().octets <= MOST_OCTETS && shared.kept().is_full);
        }
    }

    #[tokio::test]
    async fn who_brings_too_much_is_told_so_and_so_is_who_asks() {
        let sink = Sink::open(([127, 0, 0, 1], 0).into(), "sink.example").await.unwrap();
        for _ in 0..MOST_KEPT {
            assert!(brought(&sink.shared, &letter(10)));
        }
        assert!(sink.fullness().is_none());
        assert!(!brought(&sink.shared, &letter(10)));
        let told = sink.fullness().unwrap();
        assert!(
            told.outcome == Outcome::Inconclusive && told.why.contains("64 letters"),
            "{told:?}"
        );
        sink.begin();
        assert!(sink.fullness().is_none() && brought(&sink.shared, &letter(10)));
    }
}
