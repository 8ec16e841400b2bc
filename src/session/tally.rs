//! How often a session has said what, by the command it answered.

use crate::smtp::Verb;

/// A few counts; as many as there are different answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(Vec<(Option<Verb>, u16, u64)>);

impl Tally {
    /// One more reply with this code. `None` answers no verb: the greeting, a line that is no command,
    /// the end of patience.
    pub(super) fn note(&mut self, verb: Option<Verb>, code: u16) {
        let same = |(seen, said, _): &&mut (Option<Verb>, u16, u64)| *seen == verb && *said == code;
        match self.0.iter_mut().find(same) {
            Some((_, _, times)) => *times += 1,
            None => self.0.push((verb, code, 1)),
        }
    }

    /// Each verb and code, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Option<Verb>, u16, u64)> {
        self.0.iter().copied()
    }

    /// How often a verb was told this.
    pub fn of(&self, verb: Verb, code: u16) -> u64 {
        self.iter()
            .filter(|(seen, said, _)| (*seen, *said) == (Some(verb), code))
            .map(|of| of.2)
            .sum()
    }

    /// Takes the counts out, and goes on from none.
    pub(super) fn take(&mut self) -> Tally {
        Tally(self.0.drain(..).collect())
    }
}
