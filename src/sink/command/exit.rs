//! What a program's end means for the mail: the numbers of sysexits, as mail programs have used them
//! since sendmail, and qmail's two.

use crate::sink::child::Ended;
use crate::smtp::Reply;

/// Only what the program says *of the mail* may bounce it. Its own troubles, 64 and 78 and whatever
/// has no meaning, would bounce everything for a slip in somebody's settings: they put off.
pub const TABLE: [(i32, u16, (u16, u16), &str); 9] = [
    (0, 250, (0, 0), "delivered"),
    (65, 554, (6, 0), "the program cannot deal with such content"),
    (67, 550, (1, 1), "no such user"),
    (68, 550, (1, 2), "no such host"),
    (69, 554, (3, 0), "the program does not take it"),
    (77, 550, (7, 1), "the program refuses it"),
    (100, 554, (3, 0), "the program refuses it for good"),
    (75, 451, (3, 0), "the program asks to be tried later"),
    (111, 451, (3, 0), "the program asks to be tried later"),
];

/// Characters of a program's words that are passed on.
const WORDS: usize = 200;

/// What the provider is told.
pub fn reply(ended: &Ended) -> Reply {
    let known = ended.code().and_then(|code| TABLE.iter().find(|row| row.0 == code));
    match known {
        Some(&(0, code, status, words)) => Reply::new(code, status, words),
        Some(&(_, code, (subject, detail), words)) => {
            let said = said(&ended.printed);
            let text = if said.is_empty() { words.to_owned() } else { said };
            Reply::new(code, (subject, detail), "").saying(text)
        }
        // Not its words: what a broken program prints is for our log.
        None => Reply::new(451, (3, 0), "local delivery failed; please keep it"),
    }
}

/// Its first line that says something, made fit for the wire.
fn said(printed: &[u8]) -> String {
    let visible = |&b: &u8| if b == b' ' || b.is_ascii_graphic() { char::from(b) } else { '?' };
    let mut lines = printed.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    line.iter().take(WORDS).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn told(code: i32, printed: &str) -> String {
        let status = Some(ExitStatus::from_raw(code << 8));
        reply(&Ended { status, printed: printed.into() }).to_string()
    }

    #[test]
    fn sysexits_are_told_as_smtp_has_it() {
        assert_eq!(told(0, "noise"), "250 2.0.0 delivered");
        assert_eq!(told(67, ""), "550 5.1.1 no such user");
        assert_eq!(told(77, "\n virus!\nmore"), "550 5.7.1 virus!");
        assert_eq!(told(65, ""), "554 5.6.0 the program cannot deal with such content");
        assert_eq!(told(75, "busy"), "451 4.3.0 busy");
    }

    /// A slip in the settings must not bounce a night's mail.
    #[test]
    fn what_is_not_about_the_mail_bounces_nothing() {
        for code in [1, 2, 64, 66, 70, 71, 72, 73, 74, 76, 78, 126, 127, 255] {
            assert_eq!(
                told(code, "No such file"),
                "451 4.3.0 local delivery failed; please keep it"
            );
        }
        let killed = Ended { status: Some(ExitStatus::from_raw(9)), printed: Vec::new() };
        assert_eq!(reply(&killed).code, 451);
        assert_eq!(reply(&Ended { status: None, printed: Vec::new() }).code, 451);
    }

    #[test]
    fn a_programs_words_are_tamed_and_few() {
        let told = told(69, &format!("\u{1b}[2J\r {}", "x".repeat(999)));
        assert!(told.starts_with("554 5.3.0 ?[2J? xxx") && told.len() == 10 + WORDS, "{told}");
    }
}
