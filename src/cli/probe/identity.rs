//! What a server is, for people.

use std::fmt::Write as _;

use crate::flow::probe::{Candidate, Identity, ntlm_line, shown_octets};
use crate::smtp::escape::Escaped;

/// In a line, with what speaks for it and against it, and the session as a ladder.
pub(super) fn told(identity: &Identity) -> String {
    let mut text = format!("{}: {}\n", identity.target, identity.told());
    // A String takes all that is written to it.
    if !identity.others.is_empty() {
        let one = |other: &Candidate| format!("{} ({} %)", other.name, other.score);
        let others: Vec<String> = identity.others.iter().map(one).collect();
        let _ = writeln!(text, "     resembles {}", others.join(", "));
    }
    for (found, mark) in [(true, '+'), (false, '-')] {
        for sign in identity.evidence.iter().filter(|sign| sign.found == found) {
            let doubt = if sign.verified { "" } else { " (unverified)" };
            let (weight, id) = (sign.weight, sign.id);
            let _ = writeln!(text, "  {mark}{weight:<3} {id:<24} {}{doubt}", sign.says);
        }
    }
    if let Some(ntlm) = &identity.ntlm {
        let _ = writeln!(text, "  NTLM names {}", Escaped::text(&ntlm_line(ntlm)));
    }
    for what in &identity.contradictions {
        let _ = writeln!(text, "  !    {}", Escaped::text(what));
    }
    text.push('\n');
    for line in &identity.session {
        let arrow = if line.dir == '>' { "->" } else { "<-" };
        for said in shown_octets(line) {
            let _ = writeln!(text, "  {:>8.3} {arrow} {said}", line.t);
        }
    }
    text.push('\n');
    text
}
