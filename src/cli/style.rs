//! Whether there is colour.

use std::ffi::OsString;
use std::io::IsTerminal;

/// Is there colour on this? `NO_COLOR` (no-color.org) and a terminal that knows none say no, and
/// `CLICOLOR_FORCE` says yes where there is no terminal.
pub fn has_colour(out: &impl IsTerminal) -> bool {
    wanted(|name| std::env::var_os(name), out.is_terminal())
}

fn wanted(said: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
    let is = |name: &str| said(name).is_some_and(|said| !said.is_empty());
    let forced = said("CLICOLOR_FORCE").is_some_and(|said| !said.is_empty() && said != "0");
    !is("NO_COLOR") && (forced || is_terminal && said("TERM").is_none_or(|term| term != "dumb"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_wants_no_colour_gets_none() {
        let wanted = |said: &[(&str, &str)], is_terminal| {
            let find = |name: &str| said.iter().find(|(known, _)| *known == name);
            super::wanted(|name| find(name).map(|(_, text)| text.into()), is_terminal)
        };
        let term = ("TERM", "xterm");
        assert!(wanted(&[term], true) && !wanted(&[term], false));
        assert!(!wanted(&[term, ("NO_COLOR", "1")], true));
        assert!(wanted(&[term, ("NO_COLOR", "")], true), "which says nothing");
        assert!(!wanted(&[("TERM", "dumb")], true));
        assert!(wanted(&[term, ("CLICOLOR_FORCE", "1")], false));
        assert!(!wanted(&[term, ("CLICOLOR_FORCE", "0")], false));
        assert!(!wanted(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
    }
}
