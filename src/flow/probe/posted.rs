//! Letters of our own are put in where mail for the customer comes in, and taken out where the line turns.
//!
//! All else that waits there is left where it is: it is told to stay.

use std::time::Instant;

use super::speaker::Speaker;
use super::turned::{Answered, LATER, told};
use super::{Asked, millis};
use crate::net::{Calling, connect};
use crate::probe::host::{Act, Ours, Plan, Seen, Stage};
use crate::probe::script::{Outcome, Verdict, Word};
use crate::probe::suite::posted::{
    Errand, Letter, MARKED, Posted, control, lacks_only_its_notice, no_notice_ever,
};
use crate::probe::suite::{Record, Row};

/// Who is told to ask later does so this often.
const TRIES: usize = 5;
/// So many sessions bring out what was put in, and the notices about it.
const SESSIONS: usize = 30;
/// So much is kept of what is said in them, octets.
const MOST_SAID: usize = 4 << 20;

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
                None => self.errand_with_control(errand, n).await,
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

    /// Where all that is missing is a notice, a letter that is refused at another step tells whether any can come.
    async fn errand_with_control(&mut self, errand: &Errand, n: usize) -> (Verdict, Vec<Word>) {
        let (verdict, words, posted) = self.errand(errand, errand.rounds, n).await;
        if posted.notices(MARKED) > 0 {
            self.brings_notices = Some(true);
        }
        let is_wanting = verdict.outcome == Outcome::Fail && lacks_only_its_notice(&posted);
        if !errand.is_returned || !is_wanting {
            return (verdict, words);
        }
        let brings = match self.brings_notices {
            Some(known) => known,
            None => {
                let rounds = &[control(errand.head.id)];
                self.errand(errand, rounds, n).await.2.notices(MARKED) > 0
            }
        };
        self.brings_notices = Some(brings);
        let told = if brings { verdict } else { no_notice_ever(self.asking.patience) };
        (told, words)
    }

    async fn errand(
        &mut self,
        errand: &Errand,
        rounds: &[&[(Stage, Act)]],
        n: usize,
    ) -> (Verdict, Vec<Word>, Posted) {
        let now = jiff::Timestamp::now().as_microsecond();
        let mut posted = Posted { word: format!("odmr-probe-{now:x}{n:x}"), ..Posted::default() };
        let mut words = Vec::new();
        let (came_in, early) = self.all_in(errand, &posted.word, &mut words).await;
        let early = match early {
            Some(verdict) => Some(verdict),
            None => self.rounds(rounds, &mut posted, &mut words).await.err().map(Verdict::unknown),
        };
        // Whatever came of it: nothing of ours stays with the customer.
        let out = match came_in {
            true => self.take_out(errand, &mut posted, &mut words).await,
            false => Ok(()),
        };
        let verdict = match (early, out) {
            (Some(verdict), _) => verdict,
            (None, Err(why)) => Verdict::unknown(why),
            (None, Ok(())) => (errand.judge)(&posted),
        };
        (verdict, words, posted)
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
        rounds: &[&[(Stage, Act)]],
        posted: &mut Posted,
        words: &mut Vec<Word>,
    ) -> Result<(), String> {
        for acts in rounds {
            let seen = self.session(Plan::with(acts), &posted.word, words).await?;
            has_room(posted, seen.unwrap_or_default())?;
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
            if let Some(seen) = seen {
                has_room(posted, seen)?;
            }
            // Its door may still be at work on the letter.
            let is_awaited = errand.is_returned && self.brings_notices != Some(false);
            let waits = !ever || is_awaited && posted.notices(MARKED) == 0;
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
                    keep(words, session.words);
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

/// Takes note of a session. Who sends without end is left.
fn has_room(posted: &mut Posted, seen: Seen) -> Result<(), String> {
    posted.sessions.push(seen);
    match posted.keep_ours() {
        true => Ok(()),
        false => {
            Err("it sends more under the names of our letters than could come of them".to_owned())
        }
    }
}

/// Keeps what was said, as long as it is not too much.
fn keep(words: &mut Vec<Word>, said: Vec<Word>) {
    let held: usize = words.iter().map(|word| word.octets.len()).sum();
    let mut room = MOST_SAID.saturating_sub(held);
    let fits = |word: &Word| {
        let fits = word.octets.len() <= room;
        room = room.saturating_sub(word.octets.len());
        fits
    };
    words.extend(said.into_iter().take_while(fits));
}
