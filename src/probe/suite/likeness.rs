//! Whether a login that is refused tells who exists: a name that is known and one that nobody has, each with a wrong
//! password, have to hear the same, and as soon. RFC 4954, section 6.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::script::{Side, Verdict, Word};
use super::survey::fail;

/// A local part that nobody has.
const NOBODY: &str = "odmr-probe-nobody";
/// A password that nobody has.
const WRONG: &str = "odmr-probe-wrong";
/// So much later one has to be answered each time before that counts.
const LATER: Duration = Duration::from_millis(200);

/// How a login was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was said, its lines.
    pub text: String,
    /// How long after the last that we said.
    pub after: Duration,
}

impl Refusal {
    /// What was said last in a talk.
    pub fn of(words: &[Word]) -> Option<Refusal> {
        let asked = words.iter().rposition(|word| word.side == Side::Ours)?;
        let answers = &words[asked + 1..];
        let octets: Vec<u8> = answers.iter().flat_map(|word| word.octets.clone()).collect();
        let after = answers.last()?.at.saturating_sub(words[asked].at);
        Some(Refusal { text: String::from_utf8_lossy(&octets).into_owned(), after })
    }

    /// What was said, without what differs from one answer to the next: names, and words with digits behind the code.
    fn without(&self, names: [&str; 2]) -> String {
        let plain = |line: &str| {
            let names = names.iter().filter(|name| !name.is_empty());
            let line = names.fold(line.to_owned(), |line, name| line.replace(name, "..."));
            let is_told = |n: usize, word: &str| {
                n == 0 || n == 1 && word.bytes().all(|c| c.is_ascii_digit() || c == b'.')
            };
            let has_digit = |word: &str| word.bytes().any(|octet| octet.is_ascii_digit());
            let words = line.split_ascii_whitespace().enumerate();
            let words = words.map(|(n, word)| match has_digit(word) && !is_told(n, word) {
                true => "...".to_owned(),
                false => word.to_owned(),
            });
            words.collect::<Vec<_>>().join(" ")
        };
        self.text.lines().map(plain).collect::<Vec<_>>().join(" / ")
    }
}

/// A name of nobody, in the form of this one.
pub fn nobody_like(user: &str) -> String {
    match user.rsplit_once('@') {
        Some((_, domain)) => format!("{NOBODY}@{domain}"),
        None => NOBODY.to_owned(),
    }
}

/// The talk in which this one logs in with a wrong password, by the first of these mechanisms that names him.
pub fn talk(mechanisms: &[String], user: &str) -> Option<String> {
    let coded = |text: &str| BASE64_STANDARD.encode(text);
    let lines = mechanisms.iter().find_map(|mechanism| match mechanism.as_str() {
        "PLAIN" => {
            Some(format!("C: AUTH PLAIN {}\nS: xxx\n", coded(&format!("\0{user}\0{WRONG}"))))
        }
        "LOGIN" => Some(format!(
            "C: AUTH LOGIN\nS? 334\nC: {}\nS: xxx\n* if 334\nC: {}\nS: xxx\n* fi\n",
            coded(user),
            coded(WRONG)
        )),
        "CRAM-MD5" => Some(format!(
            "C: AUTH CRAM-MD5\nS? 334\nC: {}\nS: xxx\n",
            coded(&format!("{user} {}", "0".repeat(32)))
        )),
        _ => None,
    })?;
    Some(format!("== look\nfrom: ready\nalone: yes\n{lines}"))
}

/// Do they hear the same? Each was asked twice, he who is known first and last.
pub fn judge_alike(known: &[Refusal], unknown: &[Refusal], names: [&str; 2]) -> Verdict {
    let (Some(one), Some(other)) = (known.first(), unknown.first()) else {
        return Verdict::unknown("the logins were not answered");
    };
    let (here, there) = (one.without(names), other.without(names));
    if here != there {
        let why = format!(
            "a name that is known hears {:?}, one that nobody has {:?}",
            one.text.trim_end(),
            other.text.trim_end()
        );
        return fail(one.text.trim_end(), other.text.trim_end(), why);
    }
    let times = |all: &[Refusal]| {
        let all = || all.iter().map(|one| one.after);
        (all().min().unwrap_or_default(), all().max().unwrap_or_default())
    };
    let (known_times, unknown_times) = (times(known), times(unknown));
    let is_later = |one: (Duration, Duration), other: (Duration, Duration)| {
        one.0 > other.1 + LATER && one.0 > 2 * other.1
    };
    let has_two = known.len() > 1 && unknown.len() > 1;
    if has_two && (is_later(known_times, unknown_times) || is_later(unknown_times, known_times)) {
        let ms = |time: Duration| time.as_millis();
        let why = format!(
            "a name that is known is refused after {} to {} ms, one that nobody has after {} to {} ms",
            ms(known_times.0),
            ms(known_times.1),
            ms(unknown_times.0),
            ms(unknown_times.1)
        );
        return fail("the same time", format!("{} ms", ms(unknown_times.0)), why);
    }
    Verdict::pass()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::script::Outcome;

    fn refusal(text: &str, ms: u64) -> Refusal {
        Refusal { text: text.to_owned(), after: Duration::from_millis(ms) }
    }

    fn judged(known: [(&str, u64); 2], unknown: [(&str, u64); 2]) -> Outcome {
        let all = |two: [(&str, u64); 2]| two.map(|(text, ms)| refusal(text, ms));
        judge_alike(&all(known), &all(unknown), ["acme", "odmr-probe-nobody"]).outcome
    }

    #[test]
    fn who_is_unknown_hears_what_who_is_known_hears() {
        let no = "535 5.7.8 no\r\n";
        assert_eq!(judged([(no, 3), (no, 3)], [(no, 3), (no, 3)]), Outcome::Pass);
        for other in ["535 5.7.8 no such user\r\n", "550 5.7.8 no\r\n", "535 5.1.1 no\r\n"] {
            assert_eq!(judged([(no, 3), (no, 3)], [(other, 3), (no, 3)]), Outcome::Fail, "{other}");
        }
        let (one, other) =
            ("535 5.7.8 acme: no (id 3F2A1)\r\n", "535 5.7.8 odmr-probe-nobody: no (id 7B001)\r\n");
        assert_eq!(judged([(one, 3), (one, 3)], [(other, 3), (other, 3)]), Outcome::Pass);
        assert_eq!(judge_alike(&[], &[], ["a", "b"]).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn who_is_unknown_hears_it_as_soon() {
        let no = "535 no\r\n";
        assert_eq!(judged([(no, 900), (no, 950)], [(no, 3), (no, 9)]), Outcome::Fail);
        assert_eq!(judged([(no, 3), (no, 9)], [(no, 900), (no, 950)]), Outcome::Fail);
        // Who waits longer each time is no traitor, nor is one who was late once.
        assert_eq!(judged([(no, 1000), (no, 4000)], [(no, 2000), (no, 3000)]), Outcome::Pass);
        assert_eq!(judged([(no, 900), (no, 5)], [(no, 3), (no, 9)]), Outcome::Pass);
        assert_eq!(judged([(no, 150), (no, 160)], [(no, 3), (no, 9)]), Outcome::Pass);
    }

    #[test]
    fn a_name_is_said_by_what_is_offered() {
        let offered =
            |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for (names, begins) in [
            (&["SCRAM-SHA-256", "PLAIN"][..], "C: AUTH PLAIN AGFjbWUAb"),
            (&["LOGIN"], "C: AUTH LOGIN\nS? 334\nC: YWNtZQ=="),
            (&["CRAM-MD5"], "C: AUTH CRAM-MD5\nS? 334\nC: YWNtZSAw"),
        ] {
            let text = talk(&offered(names), "acme").unwrap();
            assert!(text.contains(begins), "{text}");
            crate::probe::script::read(&text).unwrap();
        }
        assert_eq!(talk(&offered(&["SCRAM-SHA-256"]), "acme"), None);
        assert_eq!(nobody_like("acme@example.org"), "odmr-probe-nobody@example.org");
        assert_eq!(nobody_like("acme"), "odmr-probe-nobody");
    }

    #[test]
    fn the_last_answer_counts_from_the_last_that_was_said() {
        let word = |at, side, octets: &[u8]| Word {
            at: Duration::from_millis(at),
            side,
            tls: false,
            octets: octets.to_vec(),
        };
        let words = [
            word(1, Side::Ours, b"AUTH LOGIN\r\n"),
            word(2, Side::Theirs, b"334 \r\n"),
            word(5, Side::Ours, b"YQ==\r\n"),
            word(25, Side::Theirs, b"535 no\r\n"),
        ];
        assert_eq!(Refusal::of(&words), Some(refusal("535 no\r\n", 20)));
        assert_eq!(Refusal::of(&words[..3]), None);
    }
}
