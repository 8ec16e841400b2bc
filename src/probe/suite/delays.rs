//! How long answers take: a server may keep its refusals back, for want of a better way to slow down who guesses.

use super::super::script::{Side, Verdict, Word};
use super::survey::{Survey, fail};

/// How long answers took, milliseconds each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// Those of 5xx.
    pub refused: Vec<u64>,
    /// Those of 2xx and 3xx.
    pub done: Vec<u64>,
}

/// More of them tell nothing new.
const MOST_DELAYS: usize = 2000;

impl Delays {
    /// Takes note of a talk.
    pub fn add(&mut self, words: &[Word]) {
        for pair in words.windows(2) {
            let [ours, theirs] = pair else { continue };
            if (ours.side, theirs.side) != (Side::Ours, Side::Theirs) {
                continue;
            }
            let took = theirs.at.saturating_sub(ours.at).as_millis();
            let took = u64::try_from(took).unwrap_or(u64::MAX);
            let of_kind = match theirs.octets.first() {
                Some(b'5') => &mut self.refused,
                Some(b'2' | b'3') => &mut self.done,
                _ => continue,
            };
            if of_kind.len() < MOST_DELAYS {
                of_kind.push(took);
            }
        }
    }
}

/// A refusal that takes so long is kept back.
const KEPT_BACK: u64 = 3000;

pub(super) fn tarpit(seen: &Survey) -> Verdict {
    let median = |all: &[u64]| {
        let mut all = all.to_vec();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    };
    let Some(refused) = median(&seen.delays.refused) else {
        return Verdict::unknown("nothing was refused");
    };
    let done = median(&seen.delays.done).unwrap_or(0);
    if refused < KEPT_BACK || refused < 4 * done {
        return Verdict::pass();
    }
    let seconds = |ms: u64| format!("{}.{} s", ms / 1000, ms % 1000 / 100);
    let (refused, done) = (seconds(refused), seconds(done));
    let why = format!("half of its refusals took {refused} or more, and of all else {done}");
    fail("at once", refused, why)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::script::Outcome;
    use super::*;

    #[test]
    fn who_is_slow_with_everything_keeps_no_refusal_back() {
        let told = |refused: Vec<u64>, done: Vec<u64>| {
            tarpit(&Survey { delays: Delays { refused, done }, ..Survey::default() }).outcome
        };
        assert_eq!(told(vec![5000; 3], vec![1; 9]), Outcome::Fail);
        assert_eq!(told(vec![4000; 5], vec![3900; 5]), Outcome::Pass);
        assert_eq!(told(vec![1, 1, 60_000], vec![1]), Outcome::Pass, "one of many");
        assert_eq!(told(vec![], vec![1]), Outcome::Inconclusive);
    }

    #[test]
    fn an_answer_takes_as_long_as_from_the_question_to_it() {
        let word = |side, at, octets: &[u8]| Word {
            side,
            at: Duration::from_millis(at),
            tls: false,
            octets: octets.to_vec(),
        };
        let mut delays = Delays::default();
        delays.add(&[
            word(Side::Theirs, 9, b"220 mx"),
            word(Side::Ours, 10, b"X"),
            word(Side::Theirs, 15, b"500 wh"),
            word(Side::Theirs, 90, b"at?\r\n"),
            word(Side::Ours, 100, b"NOOP"),
            word(Side::Theirs, 101, b"250 ok"),
            word(Side::Ours, 110, b"X"),
            word(Side::Theirs, 111, b"421 gone"),
        ]);
        assert_eq!(delays, Delays { refused: vec![5], done: vec![1] });
    }
}
