//! What was said to log in must not come back by way of an error message: some servers quote the line that
//! they did not like, and what they say ends up in logs and on terminals.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::smtp::Reply;

/// Shorter runs of base64 say nothing, and are words.
const RUN: usize = 6;
/// A shorter password is a word, too; hiding it would hide half of what is said.
const CLEAR: usize = 4;
const HIDDEN: &str = "(hidden)";

/// Everything that was said in exchanges of this session.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    coded: Vec<Zeroizing<String>>,
    clear: Vec<Zeroizing<String>>,
    said: usize,
}

/// Nobody has to see them to see how a session stands.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Nobody may be shown it, whether it was said or not.
    pub(crate) fn know(&mut self, password: &str) {
        self.coded.push(Zeroizing::new(BASE64_STANDARD.encode(password)));
        if password.len() >= CLEAR {
            self.clear.push(Zeroizing::new(password.to_owned()));
        }
    }

    /// This was said: the initial response of a mechanism, or the response to a challenge.
    pub(crate) fn add(&mut self, said: &[u8]) {
        self.said += 1;
        self.coded.push(Zeroizing::new(BASE64_STANDARD.encode(said)));
        let last = said.rsplit(|octet| *octet == 0).next().unwrap_or_default();
        // Of PLAIN the password stands last; what LOGIN says first, and SCRAM, is the user's name.
        let is_password = last.len() < said.len() || self.said > 1;
        if let Ok(text) = std::str::from_utf8(last)
            && is_password
            && text.len() >= CLEAR
        {
            self.clear.push(Zeroizing::new(text.to_owned()));
        }
    }

    /// Takes it out of what the server says. A challenge stays: it is answered, and shown nowhere. So do offers
    /// before a login: a password may be the name of one.
    pub(crate) fn hide_in(&self, reply: &mut Reply) {
        let is_challenge =
            reply.code == 334 && BASE64_STANDARD.decode(reply.text.trim_end()).is_ok();
        let may_be_offers = self.said == 0 && reply.is_positive();
        if self.coded.is_empty() || is_challenge || may_be_offers {
            return;
        }
        let hidden = self.hidden(&reply.text);
        if hidden != reply.text {
            reply.text = hidden.into();
            // There it stands too.
            reply.octets = None;
        }
    }

    /// The same for what is no reply.
    pub(crate) fn hidden(&self, text: &str) -> String {
        if self.coded.is_empty() {
            return text.to_owned();
        }
        let clear = self.clear.iter().fold(text.to_owned(), |text, secret| without(&text, secret));
        self.without_runs(&clear)
    }

    /// The same for octets, which stay as they are where there is nothing to hide.
    pub(crate) fn hidden_octets(&self, octets: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(octets);
        let hidden = self.hidden(&text);
        if hidden == text { octets.to_vec() } else { hidden.into_bytes() }
    }

    fn without_runs(&self, text: &str) -> String {
        let is_coded = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_coded(c)).unwrap_or(rest.len());
            let (run, behind) = rest.split_at(end);
            kept.push_str(if self.was_said(run) { HIDDEN } else { run });
            let end = behind.find(is_coded).unwrap_or(behind.len());
            kept.push_str(&behind[..end]);
            rest = &behind[end..];
        }
        kept
    }

    /// All of it, a part of it, or more than it. Some servers quote in capitals.
    fn was_said(&self, run: &str) -> bool {
        let run = run.to_ascii_lowercase();
        self.coded.iter().any(|coded| {
            let coded = Zeroizing::new(coded.to_ascii_lowercase());
            let is_part = run.len() >= RUN && coded.contains(&run);
            is_part || coded.len() >= CLEAR && run.contains(coded.as_str())
        })
    }
}

/// A text without a word, in whatever case somebody says it back.
fn without(text: &str, secret: &str) -> String {
    let (folded, secret) = (text.to_ascii_lowercase(), Zeroizing::new(secret.to_ascii_lowercase()));
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = folded[from..].find(secret.as_str()) {
        kept.push_str(&text[from..from + at]);
        kept.push_str(HIDDEN);
        from += at + secret.len();
    }
    kept.push_str(&text[from..]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(said: &[&[u8]], text: &str) -> String {
        let mut secrets = Secrets::default();
        said.iter().for_each(|said| secrets.add(said));
        let mut reply = Reply::new(535, (7, 8), "x");
        reply.text = text.to_owned().into();
        secrets.hide_in(&mut reply);
        reply.text.to_string()
    }

    #[test]
    fn what_was_said_does_not_come_back_as_octets() {
        let mut secrets = Secrets::default();
        secrets.add(b"\0acme\0geheim-17");
        let hidden = |text: &str| {
            let octets = [b"\xe4 ", text.as_bytes()].concat();
            let text = String::from_utf8_lossy(&octets).into_owned();
            let mut reply = Reply { octets: Some(octets.into()), ..Reply::new(535, (7, 8), "") };
            reply.text = text.into();
            secrets.hide_in(&mut reply);
            (reply.text.contains("geheim-17"), reply.octets.is_some())
        };
        assert_eq!(hidden("geheim-17 is wrong"), (false, false));
        assert_eq!(hidden("that is wrong"), (false, true));
    }

    #[test]
    fn what_was_said_does_not_come_back() {
        let plain: &[&[u8]] = &[b"\0acme\0geheim-17"];
        let coded = BASE64_STANDARD.encode(plain[0]);
        for (text, shown) in [
            (
                format!("Syntax error in \"AUTH PLAIN {coded}\""),
                "Syntax error in \"AUTH PLAIN (hidden)\"",
            ),
            (format!("{}: what?", &coded[..10]), "(hidden): what?"),
            (format!("\u{bb}{}\u{ab}", &coded[3..]), "\u{bb}(hidden)\u{ab}"),
            (coded.to_ascii_uppercase(), "(hidden)"),
            (
                "acme with geheim-17 is not known here".to_owned(),
                "acme with (hidden) is not known here",
            ),
            ("what is GEHEIM-17?".to_owned(), "what is (hidden)?"),
            ("Authentication credentials invalid".to_owned(), "Authentication credentials invalid"),
        ] {
            assert_eq!(told(plain, &text), shown);
        }
        let login: &[&[u8]] = &[b"acme", b"pass"];
        assert_eq!(told(login, "no acme, no pass cGFzcw=="), "no acme, no (hidden) (hidden)");
        assert_eq!(told(&[], "cGFzcw=="), "cGFzcw==");
    }

    #[test]
    fn a_challenge_is_left_as_it_is() {
        let mut secrets = Secrets::default();
        secrets.add(b"Username:");
        let mut reply = Reply::new(535, (7, 8), "x");
        (reply.code, reply.text) = (334, "VXNlcm5hbWU6".into());
        secrets.hide_in(&mut reply);
        assert_eq!(reply.text, "VXNlcm5hbWU6");
    }
}
