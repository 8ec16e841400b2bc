//! The part that people read.

use std::fmt::Write as _;

use super::fields::{diagnostic, legible};
use super::{Action, Notice, Outcome, Returned, Way};
use crate::mail::trace::date;

/// What stands in the list of mails.
pub(super) fn subject(outcomes: &[Outcome<'_>]) -> &'static str {
    match outcomes.iter().map(|outcome| outcome.action).min() {
        Some(Action::Failed) | None => "Your mail could not be delivered",
        Some(Action::Delayed) => "Your mail is waiting to be delivered",
        Some(Action::Relayed) => "Your mail was handed on",
    }
}

/// What happened, to whom, why, and what to do.
pub(super) fn explanation(notice: &Notice<'_>) -> String {
    let mut text = format!(
        "This is the mail system at {}.\nIt took your mail on {}.\n",
        notice.reporter,
        date(notice.origin.arrived)
    );
    for (action, opening) in OPENINGS {
        let those = || notice.outcomes.iter().filter(|outcome| outcome.action == action);
        if those().next().is_some() {
            let opening = match (action, notice.way) {
                (Action::Delayed, Way::Brought) => BROUGHT_LATE,
                _ => opening,
            };
            let _ = write!(text, "\n{opening}\n");
            those().for_each(|outcome| about(&mut text, outcome, notice.way));
        }
    }
    let returned = match notice.returned {
        Returned::Headers(_) => "The header of your mail is attached.",
        Returned::Whole(_) => "Your mail is attached.",
        Returned::Nothing => "Your mail itself was damaged here, and cannot be returned.",
    };
    let _ = write!(text, "\n{returned}\n");
    text
}

const OPENINGS: [(Action, &str); 3] = [
    (
        Action::Failed,
        "It could not be delivered to these recipients, and will not be tried again.\n\
         To them it is as if you had not sent it:",
    ),
    (
        Action::Delayed,
        "It has not yet reached these recipients. You need not do anything: their\n\
         server has not collected it so far, and it goes on waiting for that:",
    ),
    (
        Action::Relayed,
        "It was handed to the server of these recipients, which itself sends no word\n\
         of success:",
    ),
];

/// Of mail that nobody collects.
const BROUGHT_LATE: &str = "It has not yet reached these recipients. You need not do anything: it could not be\n\
     handed to the next server so far, and that is tried again:";

/// A text of people may be of any characters in any notice: it is encoded where only ASCII can go.
const ANY: bool = true;

fn about(text: &mut String, outcome: &Outcome<'_>, way: Way) {
    let (server, in_vain) = match way {
        Way::Collected => {
            ("its server", "its server has not collected it in the time for which mail is kept")
        }
        Way::Brought => (
            "the next server",
            "it could not be handed to the next server in the time for which mail is kept",
        ),
    };
    let whom = outcome.recipient.path.as_str();
    let _ = write!(text, "\n  <{}>\n", legible(whom, ANY));
    match (outcome.said, outcome.action) {
        (Some(reply), Action::Relayed) => {
            let _ = writeln!(text, "    {server} said: {}", diagnostic(reply, ANY));
        }
        (Some(reply), _) => {
            let _ = writeln!(text, "    {server}'s reason: {}", diagnostic(reply, ANY));
            if reply.is_transient() && outcome.action == Action::Failed {
                text.push_str("    and the time for which mail is kept has run out\n");
            }
        }
        (None, Action::Failed) => {
            let _ = writeln!(text, "    {in_vain}");
        }
        (None, _) => {}
    }
    if let Some(until) = outcome.until {
        let _ = writeln!(text, "    it is given up on {}", date(until));
    }
}
