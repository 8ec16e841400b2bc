//! Logins at a played server: whoever knows the form gets in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Mimic, State};

/// A challenge of CRAM-MD5. RFC 2195: one that nobody else has; here nobody checks the answer.
const CRAM: &str = "<1896.697170952@played.invalid>";

/// Where a login is.
#[derive(Debug)]
pub(super) enum Login {
    /// LOGIN: the name is to come.
    Name,
    /// Its password is.
    Password(String),
    /// PLAIN: all of it is.
    Plain,
    /// CRAM-MD5: the answer is.
    Cram,
    /// NTLM: its first message is.
    Negotiate,
    /// Its third is.
    Authenticate,
}

/// The verbs by which somebody logs in. Exchange has one of its own.
const BY: [&str; 2] = ["AUTH", "X-EXPS"];
/// A second word that is none of these may be a password.
const MECHANISMS: [&str; 10] = [
    "LOGIN",
    "PLAIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "NTLM",
    "GSSAPI",
    "XOAUTH2",
    "EXTERNAL",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
];

fn by(line: &str) -> Option<&'static str> {
    let begun = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let begins =
        |verb: &str| begun.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb));
    BY.into_iter().find(|verb| begins(verb))
}

/// Does it look as if somebody wants to log in, rightly written or not?
pub(super) fn is_login(line: &str) -> bool {
    by(line).is_some()
}

/// The verb of such a line.
pub(super) fn verb(line: &str) -> &'static str {
    by(line).unwrap_or("AUTH")
}

/// AUTH as it may be noted: with its mechanism, where that is one.
pub(super) fn without_secret(line: &str) -> String {
    let mut words = line.split(|c: char| c.is_whitespace() || c.is_control());
    let mut words = words.by_ref().filter(|word| !word.is_empty()).skip(1);
    let second = words.next();
    let known = |word: &str| MECHANISMS.into_iter().find(|known| known.eq_ignore_ascii_case(word));
    match (second, second.and_then(known)) {
        (None, _) if line.trim().eq_ignore_ascii_case(verb(line)) => verb(line).to_owned(),
        (_, Some(mechanism)) if words.next().is_none() => format!("{} {mechanism}", verb(line)),
        (_, Some(mechanism)) => format!("{} {mechanism} ...", verb(line)),
        _ => format!("{} ...", verb(line)),
    }
}

impl Mimic<'_> {
    /// AUTH has come.
    pub(super) fn auth(&mut self, rest: &str) {
        let mut words = rest.split_ascii_whitespace();
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().map(str::to_owned);
        let is_known = self.house.profile.mechanisms.contains(&mechanism);
        let house = self.house;
        let (text, challenge) = &house.profile.ntlm;
        let (login, challenge) = match mechanism.as_str() {
            _ if !is_known => return self.ends("(auth-unknown)"),
            "LOGIN" => (Login::Name, STANDARD.encode("Username:")),
            "PLAIN" => (Login::Plain, String::new()),
            "CRAM-MD5" => (Login::Cram, STANDARD.encode(CRAM)),
            "NTLM" if initial.is_some() => (Login::Authenticate, challenge.clone()),
            "NTLM" => (Login::Negotiate, text.clone()),
            _ => return self.ends("(auth-unknown)"),
        };
        let takes_initial = matches!(login, Login::Name | Login::Plain);
        self.state = State::Login(login);
        match initial {
            Some(initial) if takes_initial => self.respond(&initial),
            _ => self.challenges(&challenge),
        }
    }

    fn challenges(&mut self, text: &str) {
        self.output.extend_from_slice(format!("334 {text}\r\n").as_bytes());
    }

    /// An answer to a challenge.
    pub(super) fn respond(&mut self, line: &str) {
        let State::Login(login) = std::mem::replace(&mut self.state, State::Commands) else {
            return;
        };
        let decoded = STANDARD.decode(line.trim()).ok();
        let Some(octets) = decoded.filter(|_| line != "*") else {
            return self.ends("(auth-cancelled)");
        };
        let text = String::from_utf8_lossy(&octets).into_owned();
        match login {
            Login::Name => {
                self.state = State::Login(Login::Password(text));
                self.challenges(&STANDARD.encode("Password:"));
            }
            Login::Password(name) => self.lets_in(&name),
            Login::Plain => self.lets_in(text.split('\0').nth(1).unwrap_or_default()),
            Login::Cram => self.lets_in(text.rsplit_once(' ').map_or("", |(name, _)| name)),
            Login::Negotiate => {
                self.state = State::Login(Login::Authenticate);
                let challenge = self.house.profile.ntlm.1.clone();
                self.challenges(&challenge);
            }
            Login::Authenticate => self.ends("(auth-bad)"),
        }
    }

    fn lets_in(&mut self, name: &str) {
        let own = name.rsplit_once('\\').map_or(name, |(_, own)| own);
        let refused = &self.house.profile.refused;
        if own.is_empty() || refused.iter().any(|refused| refused.eq_ignore_ascii_case(own)) {
            return self.ends("(auth-bad)");
        }
        if self.row("(auth-ok)", "", "").is_some_and(|row| row.text.starts_with('2')) {
            self.told.user = Some(super::repeated(name));
        }
        self.ends("(auth-ok)");
    }

    fn ends(&mut self, how: &str) {
        match self.row(how, "", "") {
            Some(row) => self.does(&row, "", "", None),
            None => self.hang_up = true,
        }
    }
}
