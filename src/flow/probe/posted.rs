//! Letters of our own are put in where mail for the customer comes in, and taken out where the line turns.
//!
//! All else that waits there is left where it is: it is told to stay.

use std::time::Instant;

use super::speaker::Speaker;
use super::turned::{Answered, LATER, told};
use super::{Asked, millis};
use crate::net::{Calling, connect};
use crate::probe::host::{Ours, Plan, Seen};
use crate::probe::script::{Verdict, Word};
use crate::probe::suite::posted::{Errand, Letter, MARKED, Posted};
use crate::probe::suite::{Record, Row};

/// Who is told to ask later does so this often.
const TRIES: usize = 5;
/// So many sessions bring out what was put in, and the notices about it.
const SESSIONS: usize = 30;

impl Asked<'_> {
    /// Asks what is wanted of these, one after the other.
    pub async fn ask_posted(
        &mut self,
        errands: &[Errand],
        wanted: &dyn Fn(&Row) -> bool,
        tell: &mut dyn FnMut(Record),
    ) {
        for (n, errand) in errands.iter().enumerate() {
            let row = Row::of_errand(errand);
            if !wanted(&row) {
                continue;
            }
            let begun = Instant::now();
            let (verdict, words) = match self.not_posted() {
                Some(why) => (Verdict::skip(why), Vec::new()),
                None => self.errand(errand, n).await,
            };
            tell(Record::new(row, verdict, &words, millis(begun.elapsed()), self.calls));
        }
        self.hang_up().await;
    }

    fn not_posted(&self) -> Option<&'static str> {
        let asking = self.asking;
        match () {
            () if asking.login.is_none() => Some("needs a login"),
            () if !asking.turn => Some("needs --turn"),
            () if asking.submit.is_none() => Some("needs --submit"),
            () => None,
        }
    }

    async fn errand(&mut self, errand: &Errand, n: usize) -> (Verdict, Vec<Word>) {
        let now = jiff::Timestamp::now().as_microsecond();
        let mut posted = Posted { word: format!("odmr-probe-{now:x}{n:x}"), ..Posted::default() };
        let mut words = Vec::new();
        let (came_in, early) = self.all_in(errand, &posted.word, &mut words).await;
        let early = match early {
            Some(verdict) => Some(verdict),
            None => self.rounds(errand, &mut posted, &mut words).await.err().map(Verdict::unknown),
        };
        // Whatever came of it: nothing of ours stays with the customer.
        let out = match came_in {
            true => self.take_out(errand, &mut posted, &mut words).await,
            false => Ok(()),
        };
        match (early, out) {
            (Some(verdict), _) => (verdict, words),
            (None, Err(why)) => (Verdict::unknown(why), words),
            (None, Ok(())) => ((errand.judge)(&posted), words),
        }
    }

    /// Puts the letters in. Whether one came in, and how it ends where that is clear by now.
    async fn all_in(
        &mut self,
        errand: &Errand,
        word: &str,
        words: &mut Vec<Word>,
    ) -> (bool, Option<Verdict>) {
        let mut came_in = false;
        for letter in errand.letters {
            let ended = match self.put_in(letter, word, words).await {
                Ok(250) => {
                    came_in = true;
                    continue;
                }
                // What never came in cannot be passed on.
                Ok(500..) if errand.head.id == "rev.bare-lf" => Verdict::pass(),
                Ok(code) => {
                    Verdict::unknown(format!("the letter that was put in was answered by {code}"))
                }
                Err(why) => Verdict::unknown(format!("--submit: {why}")),
            };
            return (came_in, Some(ended));
        }
        (came_in, None)
    }

    async fn rounds(
        &mut self,
        errand: &Errand,
        posted: &mut Posted,
        words: &mut Vec<Word>,
    ) -> Result<(), String> {
        for acts in errand.rounds {
            let seen = self.session(Plan::with(acts), &posted.word, words).await?;
            posted.sessions.push(seen.unwrap_or_default());
        }
        Ok(())
    }

    /// Takes all of ours, until nothing of it comes any more.
    async fn take_out(
        &mut self,
        errand: &Errand,
        posted: &mut Posted,
        words: &mut Vec<Word>,
    ) -> Result<(), String> {
        // A notice may take as long as an answer.
        let until = Instant::now() + self.asking.patience;
        let mut ever = false;
        for _ in 0..SESSIONS {
            let seen = self.session(Plan::default(), &posted.word, words).await?;
            let is_ours = |seen: &Seen| seen.offers.iter().any(|offer| offer.code == Some(250));
            let brought = seen.as_ref().is_some_and(is_ours);
            ever |= brought;
            posted.sessions.extend(seen);
            // Its door may still be at work on the letter.
            let waits = !ever || errand.is_returned && posted.notices(MARKED) == 0;
            if !brought && (!waits || Instant::now() > until) {
                break;
            }
            if !brought {
                tokio::time::sleep(LATER).await;
            }
        }
        Ok(())
    }

    /// One session in which ours is treated so; nothing, where no mail waits.
    async fn session(
        &mut self,
        plan: Plan,
        word: &str,
        words: &mut Vec<Word>,
    ) -> Result<Option<Seen>, String> {
        let ours = Ours { word: word.to_owned(), marked: MARKED };
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.turn(b"").await {
                Answered::Turned(early) => {
                    let plan = Plan { ours: Some(ours), ..plan };
                    let session = self.host(plan, early, &mut |_| false).await;
                    words.extend(session.words);
                    return Ok(Some(session.seen));
                }
                Answered::Otherwise(reply) if reply.code == 453 => return Ok(None),
                // A line that was cut may still be thought to be there.
                Answered::Otherwise(reply) => last = told(&reply),
                Answered::Gone(why) | Answered::Silent(why) => last = why,
                // Nothing is won by the same login once more.
                Answered::Not(why) => return Err(why),
            }
            tokio::time::sleep(LATER).await;
        }
        Err(last)
    }

    /// Puts a letter in, and hears what becomes of it.
    async fn put_in(
        &mut self,
        letter: &Letter,
        word: &str,
        words: &mut Vec<Word>,
    ) -> Result<u16, String> {
        let Some((host, port)) = &self.asking.submit else {
            return Err("there is none".to_owned());
        };
        let patience = self.asking.patience;
        let calling = Calling { family: self.asking.family, patience, ..Calling::default() };
        let mut wire = connect(host, *port, &calling).await.map_err(|why| why.to_string())?;
        let names = &self.names;
        let mut speaker = Speaker::new(&mut wire, patience);
        let put = async {
            match speaker.hear().await? {
                220 => {}
                code => return Err(format!("it greets with {code}")),
            }
            speaker.ask(&format!("EHLO {}", names.me)).await?;
            let eight = speaker.replies.last().is_some_and(|reply| {
                reply.text.lines().any(|line| line.eq_ignore_ascii_case("8BITMIME"))
            });
            let body = if eight { " BODY=8BITMIME" } else { "" };
            let from = letter.from(word, &names.domain);
            let steps = [
                (format!("MAIL FROM:<{from}>{body}"), 250),
                (format!("RCPT TO:<{}>", names.rcpt), 250),
                ("DATA".to_owned(), 354),
            ];
            for (line, code) in steps {
                match speaker.ask(&line).await? {
                    heard if heard == code => {}
                    251 => {}
                    heard => return Err(format!("{line} was answered by {heard}")),
                }
            }
            speaker.send(&letter.content(word, &names.domain, &names.me)).await?;
            let code = speaker.hear().await?;
            // It is in, however the line ends.
            let _ = speaker.ask("QUIT").await;
            Ok(code)
        };
        let code = put.await;
        words.append(&mut speaker.words);
        wire.close().await;
        code
    }
}
