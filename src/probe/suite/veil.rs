//! What was said, without what somebody said to log in: no report has that, in whatever form, and whoever says it
//! back.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::script::{Side, Word};
use crate::session::secrets::Secrets;

/// The verbs by which somebody logs in. Exchange has one of its own.
const BY: [&str; 2] = ["AUTH", "X-EXPS"];
/// A name of a mechanism is no longer. RFC 4422, section 3.1.
const LONGEST_MECHANISM: usize = 20;
/// What looks like base64 and is a command.
const BARE: [&str; 9] =
    ["QUIT", "RSET", "NOOP", "DATA", "HELP", "EHLO", "STARTTLS", "ATRN", "TURN"];
const INSTEAD: &[u8] = b"...";

/// How far a line of commands is.
#[derive(Default)]
struct Veil {
    /// Our line, as far as it is said.
    ours: Vec<u8>,
    /// The first octets of their line.
    theirs: Vec<u8>,
    /// A login has begun, and nothing has ended it.
    is_login: bool,
    /// What we say next answers a challenge.
    is_asked: bool,
    /// It is LOGIN by which somebody logs in: what is said first is a name.
    is_by_login: bool,
    secrets: Secrets,
}

/// The same words, with `...` for what stands behind a mechanism and for answers to challenges, and `(hidden)` where
/// somebody says one of them again; and what that was, for whatever else is told of them.
pub(super) fn without_secrets(words: &[Word]) -> (Vec<Word>, Secrets) {
    let mut veil = Veil::default();
    let veiled = |word: &Word| {
        let octets = match word.side {
            Side::Ours => veil.over(&word.octets),
            Side::Theirs => {
                veil.hear(&word.octets);
                word.octets.clone()
            }
        };
        Word { octets, ..word.clone() }
    };
    let shown: Vec<Word> = words.iter().map(veiled).collect();
    veil.learn();
    let unsaid = unsaid_again(shown, &veil.secrets);
    (unsaid, veil.secrets)
}

/// A secret may come in as many pieces as somebody likes: what one side says in a row is read as one. Where there is
/// something to hide in it, it is shown as one, too.
fn unsaid_again(words: Vec<Word>, secrets: &Secrets) -> Vec<Word> {
    let mut kept = Vec::with_capacity(words.len());
    for row in words.chunk_by(|one, next| one.side == next.side) {
        let all: Vec<u8> = row.iter().flat_map(|word| word.octets.iter().copied()).collect();
        let hidden = secrets.hidden_octets(&all);
        match row.first() {
            Some(first) if hidden != all => kept.push(Word { octets: hidden, ..first.clone() }),
            _ => kept.extend_from_slice(row),
        }
    }
    kept
}

impl Veil {
    fn over(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(octets.len());
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            let before = self.ours.len();
            self.ours.extend_from_slice(piece);
            let end = self.ours.trim_ascii_end().len().max(before);
            match self.secret() {
                Some(from) if from.max(before) < end => {
                    shown.extend_from_slice(&self.ours[before..from.max(before)]);
                    shown.extend_from_slice(INSTEAD);
                    shown.extend_from_slice(&self.ours[end..]);
                }
                _ => shown.extend_from_slice(piece),
            }
            if piece.ends_with(b"\n") {
                self.learn();
                self.is_login |= login(&text(&self.ours)).is_some();
                self.is_asked = false;
                self.ours.clear();
            }
        }
        shown
    }

    /// Where what nobody should see begins in our line.
    fn secret(&self) -> Option<usize> {
        let line = text(&self.ours);
        let bare = line.trim();
        if self.is_asked {
            return (bare != "*").then_some(0);
        }
        if let Some(secret) = login(&line) {
            return secret;
        }
        let is_base64 = |octet: u8| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet);
        let is_command = BARE.iter().any(|verb| verb.eq_ignore_ascii_case(bare));
        (self.is_login && !is_command && bare.bytes().all(is_base64)).then_some(0)
    }

    /// Keeps in mind what our line has in it that nobody should see.
    fn learn(&mut self) {
        let line = text(&self.ours);
        if login(&line).is_some() {
            let is_login = |word: &str| word.eq_ignore_ascii_case("LOGIN");
            self.is_by_login = line.split_whitespace().nth(1).is_some_and(is_login);
        }
        let Some(from) = self.secret() else { return };
        let (all, is_name) = (self.ours.clone(), self.is_by_login);
        for said in all[from..].split(u8::is_ascii_whitespace).filter(|said| !said.is_empty()) {
            let plain = STANDARD.decode(said).unwrap_or_else(|_| said.to_vec());
            self.secrets.add(&plain);
            let last = plain.rsplit(|octet| *octet == 0).next().unwrap_or_default();
            if let (false, Ok(last)) = (is_name, std::str::from_utf8(last)) {
                self.secrets.know(last);
            }
        }
    }

    fn hear(&mut self, octets: &[u8]) {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.theirs.extend(piece.iter().take(3_usize.saturating_sub(self.theirs.len())));
            if piece.ends_with(b"\n") {
                self.is_asked = self.theirs == b"334";
                self.is_login &= self.is_asked;
                self.theirs.clear();
            }
        }
    }
}

/// Octets that are no text stand for themselves, one each, so that places stay what they are.
fn text(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let shown = |octet: &u8| if octet.is_ascii() { char::from(*octet) } else { '?' };
            Cow::Owned(octets.iter().map(shown).collect())
        }
    }
}

/// Is this a login? And where in the line does what nobody should see begin?
fn login(line: &str) -> Option<Option<usize>> {
    let begun = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_verb = |verb: &&&str| {
        let head = begun.get(..verb.len());
        let next = begun.get(verb.len()..).and_then(|rest| rest.chars().next());
        head.is_some_and(|head| head.eq_ignore_ascii_case(verb))
            && next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-')
    };
    let verb = BY.iter().find(is_verb)?;
    let is_gap = |c: char| c.is_whitespace() || c.is_control();
    let behind = |rest: &'_ str| rest.trim_start_matches(is_gap).len();
    let second = &begun[verb.len()..];
    let second = &second[second.len() - behind(second)..];
    let mechanism = second.split(is_gap).next().unwrap_or_default();
    let third = &second[mechanism.len()..];
    let third = &third[third.len() - behind(third)..];
    let secret = if is_mechanism(mechanism) { third } else { second };
    // An empty answer is none.
    let is_nothing = secret.is_empty() || secret.trim_end() == "=";
    Some((!is_nothing).then(|| line.len() - secret.len()))
}

fn is_mechanism(word: &str) -> bool {
    let is_of_a_name = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
    // Who writes one in small letters means one that is known.
    let is_known = ["login", "plain", "cram-md5", "digest-md5", "ntlm", "gssapi", "external"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word));
    let is_small = word.bytes().any(|octet| octet.is_ascii_lowercase());
    is_known || word.len() <= LONGEST_MECHANISM && word.bytes().all(is_of_a_name) && !is_small
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn veiled(said: &[(Side, &str)]) -> String {
        let word = |(side, text): &(Side, &str)| Word {
            at: Duration::ZERO,
            side: *side,
            tls: false,
            octets: text.as_bytes().to_vec(),
        };
        let words: Vec<Word> = said.iter().map(word).collect();
        let (words, _) = without_secrets(&words);
        let all = words.into_iter().flat_map(|word| word.octets).collect();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn what_is_said_to_log_in_is_shown_to_nobody() {
        use Side::{Ours, Theirs};
        const SECRET: &str = "czNjcmV0";
        let ours = |text: &str| veiled(&[(Ours, text)]);
        for (said, shown) in [
            ("auth PLAIN czNjcmV0 czNjcmV0\r\n", "auth PLAIN ...\r\n"),
            ("AUTH\tplain\tczNjcmV0\r\n", "AUTH\tplain\t...\r\n"),
            (" X-EXPS LOGIN czNjcmV0\r\n", " X-EXPS LOGIN ...\r\n"),
            ("AUTH czNjcmV0\r\n", "AUTH ...\r\n"),
            ("AUTH \u{e4} czNjcmV0", "AUTH ..."),
            // All in one piece, unasked.
            ("AUTH LOGIN\r\nczNjcmV0\r\nRSET\r\n", "AUTH LOGIN\r\n...\r\nRSET\r\n"),
        ] {
            assert_eq!(ours(said), shown);
        }
        let login = [
            (Ours, "AUTH LOGIN\r\n"),
            (Theirs, "334 "),
            (Theirs, "VXNlcg==\r\n"),
            (Ours, "czNj"),
            (Ours, "cmV0\r\n"),
            (Theirs, "334\r\n"),
            (Ours, "czNjcmV0\r\n"),
            (Theirs, "235 in\r\n"),
            (Ours, "czNjcmV0\r\n"),
        ];
        let told = veiled(&login);
        assert_eq!(told.matches(SECRET).count(), 0, "{told}");
        assert!(told.ends_with("334\r\n...\r\n235 in\r\n(hidden)\r\n"), "{told}");
        assert!(!told.contains("czNj\r") && !told.contains("..cmV0"), "{told}");
    }

    #[test]
    fn what_was_said_to_log_in_is_hidden_whoever_says_it_again() {
        use Side::{Ours, Theirs};
        const PLAIN: &str = "AGFjbWUAczNjcmV0";
        let line = format!("AUTH PLAIN {PLAIN}\r\n");
        let to_plain = |said: &[&'static str]| {
            let theirs = said.iter().map(|said| (Theirs, *said));
            veiled(&std::iter::once((Ours, line.as_str())).chain(theirs).collect::<Vec<_>>())
        };
        for (said, shown) in [
            (&["535 no AGFjbWUAczNjcmV0 here\r\n"][..], "535 no (hidden) here\r\n"),
            (&["535 s3cret is wrong for acme\r\n"], "535 (hidden) is wrong for acme\r\n"),
            (&["535 s", "3cr", "et is", " wrong\r\n"], "535 (hidden) is wrong\r\n"),
            (&["501-what\r\n", "501 agfjbwuacznjcmv0\r\n"], "501-what\r\n501 (hidden)\r\n"),
            (&["535 ", "no\r\n"], "535 no\r\n"),
        ] {
            assert_eq!(to_plain(said), format!("AUTH PLAIN ...\r\n{shown}"), "{said:?}");
        }
        let login = [
            (Ours, "AUTH LOGIN\r\n"),
            (Theirs, "334 VXNlcm5hbWU6\r\n"),
            (Ours, "YWNtZQ==\r\n"),
            (Theirs, "334 UGFzc3dvcmQ6\r\n"),
            (Ours, "czNjcmV0\r\n"),
            (Theirs, "535 acme: s3cret? czNjcmV0?\r\n"),
            (Ours, "NOOP s3cret\r\n"),
        ];
        let told = veiled(&login);
        assert!(
            told.ends_with("...\r\n535 acme: (hidden)? (hidden)?\r\nNOOP (hidden)\r\n"),
            "{told}"
        );
        assert!(told.contains("334 VXNlcm5hbWU6\r\n"), "{told}");
    }

    #[test]
    fn what_is_no_secret_stands_as_it_was_said() {
        for said in [
            "AUTH LOGIN\r\n",
            "AUTH XNOSUCH-1\r\n",
            "AUTH PLAIN =\r\n",
            "AUTH\r\nNOOP\r\n",
            "Authentication-Results: a b c\r\nhello\r\n",
            "MAIL FROM:<a@x> SIZE=1 BODY=7BIT\r\n\u{e4}\r\n",
            "NO CRLF",
        ] {
            assert_eq!(veiled(&[(Side::Ours, said)]), said);
        }
        let cancelled =
            [(Side::Ours, "AUTH LOGIN\r\n"), (Side::Theirs, "334 \r\n"), (Side::Ours, "*\r\n")];
        assert!(veiled(&cancelled).ends_with("*\r\n"));
    }
}
