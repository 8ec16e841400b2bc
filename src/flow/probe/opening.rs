//! Whether there is anybody to ask: that is told by the greeting and the answer to EHLO, which all rules need.

use crate::probe::script::{Answer, Outcome, Side, Verdict};
use crate::smtp::escape::Escaped;

use super::Told;

/// So much of what was said is shown, octets.
const MOST_SHOWN: usize = 160;

/// Why there is nobody to ask the rules of SMTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// What answers is no mail server.
    NotSmtp(String),
    /// It is, and does not serve us now.
    NotNow(String),
}

/// Is this a mail server that greets?
pub(super) fn greets(heard: &[u8], looked: &Verdict) -> Result<(), Closed> {
    if heard.is_empty() {
        let what = match looked.got {
            Some(Answer::Closed) => "it closes the line without a word",
            _ if looked.outcome == Outcome::Pass => return Ok(()),
            _ => "it says nothing; a port for TLS at once wants --implicit-tls",
        };
        return Err(Closed::NotSmtp(what.to_owned()));
    }
    let code = &heard[..heard.len().min(3)];
    if !code.iter().all(u8::is_ascii_digit) {
        let shown = Escaped(&heard[..heard.len().min(60)]);
        return Err(Closed::NotSmtp(format!("it is no mail server; it says \"{shown}\"")));
    }
    match end_of(heard) {
        Some(_) => Ok(()),
        None => Err(Closed::NotNow("its greeting has no end".to_owned())),
    }
}

/// Does it serve us? RFC 5321, section 3.1, knows a greeting that says no.
pub(super) fn serves(heard: &[u8], looked: &Told) -> Result<(), Closed> {
    let Some(end) = end_of(heard) else { return Ok(()) };
    let line = heard.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = Escaped(&line[..line.len().min(MOST_SHOWN)]);
    match heard.first() {
        Some(b'4') => return Err(Closed::NotNow(format!("it serves nobody now: {shown}"))),
        Some(b'5') => return Err(Closed::NotNow(format!("it does not serve us: {shown}"))),
        _ => {}
    }
    let said_hello = looked.words.iter().any(|word| word.side == Side::Ours);
    let answer = &heard[end..];
    if !said_hello || looked.verdict.outcome == Outcome::Pass {
        return Ok(());
    }
    let what = match (&looked.verdict.got, answer.is_empty(), end_of(answer)) {
        (Some(Answer::Closed), true, _) => "it hangs up on EHLO",
        (Some(Answer::Silence), true, _) => "it does not answer EHLO",
        (Some(Answer::Closed), false, None) => "it hangs up within its answer to EHLO",
        (Some(_), false, None) => "its answer to EHLO has no end",
        _ => return Ok(()),
    };
    Err(Closed::NotNow(what.to_owned()))
}

/// Where the first reply ends: behind the first line that does not say that another follows.
fn end_of(heard: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in heard.split_inclusive(|octet| *octet == b'\n') {
        end += line.len();
        let goes_on = line.iter().take(3).all(u8::is_ascii_digit) && line.get(3) == Some(&b'-');
        if line.ends_with(b"\n") && !goes_on {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_where_no_line_follows() {
        for (heard, end) in [
            (&b"220 a\r\n250"[..], Some(7)),
            (b"220-a\r\n220 b\r\n", Some(14)),
            (b"220 a\n", Some(6)),
            (b"220-a\r\nhm\r\n", Some(11)),
            (b"220-a\r\n220-b\r\n", None),
            (b"220 a", None),
            (b"22", None),
            (b"", None),
        ] {
            assert_eq!(end_of(heard), end, "{}", Escaped(heard));
        }
    }

    #[test]
    fn who_closes_is_not_who_waits() {
        let told = |got| Verdict { got: Some(got), ..Verdict::unknown("") };
        let why = |got| match greets(b"", &told(got)) {
            Err(Closed::NotSmtp(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(Answer::Closed).contains("closes"));
        assert!(why(Answer::Silence).contains("--implicit-tls"));
        assert_eq!(greets(b"", &Verdict::pass()), Ok(()));
        assert!(matches!(greets(b"22", &told(Answer::Silence)), Err(Closed::NotNow(_))));
        assert!(matches!(greets(b"HT", &told(Answer::Silence)), Err(Closed::NotSmtp(_))));
    }
}
