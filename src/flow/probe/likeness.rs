//! He who is known and one whom nobody knows log in by wrong passwords, over a line each.

use super::{Asked, Told};
use crate::probe::script::{Outcome, Verdict};
use crate::probe::suite::likeness::{Refusal, judge_alike, nobody_like, talk};

/// The rule that it is for.
pub(super) const ID: &str = "auth.bad";

impl Asked<'_> {
    /// Goes on where a wrong login was refused as it should be; only whoever has said a name, and that the server may mind,
    /// is asked for more failures.
    pub(super) async fn alike(&mut self, mut told: Told) -> Told {
        let asking = self.asking;
        let Some(login) = asking.login.as_ref().filter(|_| asking.intrusive) else { return told };
        if told.verdict.outcome != Outcome::Pass {
            return told;
        }
        let nobody = nobody_like(&login.user);
        let mechanisms = self.mechanisms();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        // Who waits longer after each failure is not to be taken for one who tells names apart.
        for (user, refusals) in
            [(&login.user, true), (&nobody, false), (&nobody, false), (&login.user, true)]
        {
            let Some(text) = talk(&mechanisms, user) else { return told };
            let heard = self.look(&text).await;
            let refused = Refusal::of(&heard.words);
            told.words.extend(heard.words);
            told.ms += heard.ms;
            let Some(refused) = refused else {
                told.verdict = Verdict::unknown("a login with a wrong password was not answered");
                return told;
            };
            if refusals { known.push(refused) } else { unknown.push(refused) }
        }
        told.verdict = judge_alike(&known, &unknown, [&login.user, &nobody]);
        told
    }
}
