//! What a server says in which case, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::fault::{Switch, Wrong};

/// Profiles that are there, with their text.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("exchange2003-ws2003", include_str!("profiles/exchange2003-ws2003.toml")),
    ("exchange2003-w2k", include_str!("profiles/exchange2003-w2k.toml")),
    ("iis6", include_str!("profiles/iis6.toml")),
    ("iis5", include_str!("profiles/iis5.toml")),
    ("strict-2645", include_str!("profiles/strict-2645.toml")),
    ("fetchmail", include_str!("profiles/fetchmail.toml")),
];

/// The keys of a profile, and what they mean.
pub const KEYS: &[(&str, &str)] = &[
    ("profile.id, about", "Its name, and what it is."),
    (
        "profile.inherits",
        "The profile that it builds on: what it does not say is that one's, and its own replies come first.",
    ),
    (
        "profile.fqdn, clock",
        "What it calls itself, and a time that its clock stands still at, such as 2004-02-22T16:03:04Z.",
    ),
    ("banner.text, ver", "Its greeting, with {fqdn}, {ver} and {date} in it, and the version."),
    (
        "ehlo.first, caps, tail",
        "Its answer to EHLO: the first line, the extensions, and a last line where there is one; without codes.",
    ),
    ("limits.idle_s, idle_reply", "How many seconds it waits, and what it says then."),
    ("limits.max_msgs_out", "So many messages go out in a session."),
    (
        "limits.msg_bytes, session_bytes_in",
        "So large a message is taken, and so much in a session; 0 for any. Beyond the latter the line is closed.",
    ),
    (
        "auth.mechs",
        "The mechanisms of AUTH that it does more than list: LOGIN, PLAIN, CRAM-MD5, NTLM. Others are answered (auth-unknown).",
    ),
    (
        "auth.ntlm_text, ntlm_challenge",
        "What it says first, and its challenge in base64. Whatever is answered is wrong.",
    ),
    ("auth.refuse_users", "Who is refused, whatever the password."),
    (
        "client.hello, auth, ask",
        "What it says as a customer: EHLO or HELO; LOGIN, PLAIN or CRAM-MD5; TURN or ATRN. Without it it calls nobody.",
    ),
    (
        "reply.verb",
        "The command in capitals; * for any; (auth-ok), (auth-bad), (auth-unknown), (auth-cancelled), (content).",
    ),
    (
        "reply.when",
        "What is so, and with ! what is not, with && between them. The first reply that fits counts.",
    ),
    (
        "reply.text",
        "What is said, lines with their codes, and {fqdn}, {peer}, {addr}, {arg}, {domain}, {msgid}, {ver}, {date} in them.",
    ),
    ("reply.action", "What comes with it."),
    (
        "fault.NAME",
        "A fault of --list-faults: true, or what would stand behind its name; false for one that the profile below has.",
    ),
    (
        "verified, src",
        "Has somebody seen a server say these very words, and where? Must be said of banner, ehlo and every reply.",
    ),
];

/// A profile may build on one that builds on another, and so on, so often.
const DEEPEST: usize = 4;
/// A reply may have so many lines.
const MOST_LINES: usize = 100;

/// A profile that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct BadProfile {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Something that is true of a session, or not, when a command comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// EHLO or HELO has been said.
    Hello,
    /// There is a reverse-path.
    Mail,
    /// There is a forward-path.
    Rcpt,
    /// It has logged in.
    Authed,
    /// No mail waits.
    Empty,
    /// The path cannot be read.
    Bad,
    /// The message is larger than is taken.
    Large,
    /// The recipient's domain, or one of those that are asked for, is somebody else's.
    Foreign,
    /// Something stands behind the verb.
    Arg,
}

/// The words for them, and what they mean.
pub const FACTS: [(&str, Fact, &str); 9] = [
    ("hello", Fact::Hello, "EHLO or HELO has been said."),
    ("mail", Fact::Mail, "There is a reverse-path."),
    ("rcpt", Fact::Rcpt, "There is a forward-path."),
    ("authed", Fact::Authed, "It has logged in."),
    ("empty", Fact::Empty, "No mail waits."),
    ("bad", Fact::Bad, "The path cannot be read."),
    ("large", Fact::Large, "The message is larger than is taken."),
    (
        "foreign",
        Fact::Foreign,
        "The recipient's domain, or one of those that are asked for, is somebody else's.",
    ),
    ("arg", Fact::Arg, "Something stands behind the verb."),
];

/// What a reply comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The list of extensions is the reply.
    Ehlo,
    /// The session has begun.
    Hello,
    /// A login begins, or is refused.
    Auth,
    /// A transaction begins.
    Mail,
    /// It has a recipient more.
    Rcpt,
    /// The content follows.
    Data,
    /// A chunk of it has come.
    Chunk,
    /// The transaction is off.
    Reset,
    /// The line is turned.
    Turn,
    /// It is, and QUIT is all that comes.
    TurnQuit,
    /// It is, and closed.
    TurnFin,
    /// TLS is not spoken, whatever was said.
    NoTls,
    /// The line is closed.
    Close,
}

/// The words for them, and what they mean.
pub const ACTIONS: [(&str, Action, &str); 13] = [
    ("ehlo", Action::Ehlo, "The list of extensions is the reply."),
    ("hello", Action::Hello, "The session has begun."),
    ("auth", Action::Auth, "A login begins, or is refused."),
    ("mail", Action::Mail, "A transaction begins."),
    ("rcpt", Action::Rcpt, "It has a recipient more."),
    ("data", Action::Data, "The content follows."),
    ("chunk", Action::Chunk, "A chunk of it comes, and is heard in any case."),
    ("reset", Action::Reset, "The transaction is off."),
    ("turn", Action::Turn, "The line is turned, where the text begins with 2."),
    ("turn-quit", Action::TurnQuit, "The same, and no mail comes: EHLO, and QUIT."),
    ("turn-fin", Action::TurnFin, "The same, and the line is closed."),
    ("no-tls", Action::NoTls, "What comes next is taken for a command that nobody knows."),
    ("close", Action::Close, "The line is closed."),
];

/// The verbs that there are. RFC 5321, section 4.1.5: others begin with X.
pub(super) const VERBS: [&str; 24] = [
    "HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "BURL", "RSET", "VRFY", "EXPN", "HELP",
    "NOOP", "QUIT", "AUTH", "STARTTLS", "TURN", "ATRN", "ETRN", "SEND", "SOML", "SAML", "VERB",
    "ONEX",
];
/// What no command brings about.
const EVENTS: [&str; 6] =
    ["*", "(content)", "(auth-ok)", "(auth-bad)", "(auth-cancelled)", "(auth-unknown)"];

/// What is said to a command, in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The command in capitals; `*` for any; `(auth-ok)` and the like for what no command brings about.
    pub verb: String,
    /// These are so, or not so.
    pub when: Vec<(Fact, bool)>,
    /// What is said, with places for names.
    pub text: String,
    /// What comes with it.
    pub action: Option<Action>,
    /// Somebody has seen a server say this very text.
    pub verified: bool,
    /// Where.
    pub source: String,
}

/// How it carries on as a customer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// EHLO or HELO.
    pub hello: String,
    /// The mechanism of AUTH.
    pub auth: String,
    /// TURN or ATRN.
    pub ask: String,
    /// Somebody has seen it do so.
    pub verified: bool,
    /// Where.
    #[serde(default)]
    pub src: String,
}

/// A server, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub id: String,
    /// In words.
    pub about: String,
    /// What it calls itself.
    pub fqdn: String,
    /// What its clock says, where it stands still.
    pub clock: Option<jiff::Timestamp>,
    /// Its greeting.
    pub greeting: String,
    /// The version in that.
    pub version: String,
    /// Its answer to EHLO: the first line, the extensions, and a last line where there is one.
    pub ehlo: (String, Vec<String>, Option<String>),
    /// How long it waits for a command, seconds, and what it says then.
    pub idle: (u64, String),
    /// So many messages go out in a session.
    pub most_out: usize,
    /// So much content is taken in a session, octets; 0 for any.
    pub most_in: usize,
    /// And in a message.
    pub largest: usize,
    /// The mechanisms of AUTH that it does more than list.
    pub mechanisms: Vec<String>,
    /// What it says before the challenge of NTLM, and the challenge.
    pub ntlm: (String, String),
    /// Who is refused, whatever the password.
    pub refused: Vec<String>,
    /// What it is as a customer, where it is one.
    pub client: Option<Client>,
    /// What it says; the first row that fits counts.
    pub rows: Vec<Row>,
    /// What it is to get wrong, once it is known which party it plays: [`Profile::with_faults`].
    pub faults: Vec<Switch>,
    /// What it gets wrong that no row says.
    pub(super) wrong: Wrong,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    profile: RawProfile,
    #[serde(default)]
    banner: Option<RawBanner>,
    #[serde(default)]
    ehlo: Option<RawEhlo>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    auth: RawAuth,
    #[serde(default)]
    client: Option<Spanned<Client>>,
    #[serde(default)]
    fault: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    reply: Vec<RawReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    id: Spanned<String>,
    #[serde(default)]
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    about: String,
    #[serde(default)]
    fqdn: Option<Spanned<String>>,
    #[serde(default)]
    clock: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBanner {
    text: Spanned<String>,
    #[serde(default)]
    ver: Option<Spanned<String>>,
    #[expect(dead_code, reason = "for who reads the file; a file without it is refused")]
    verified: bool,
    #[serde(default)]
    #[expect(dead_code, reason = "for who reads the file")]
    src: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEhlo {
    first: Spanned<String>,
    caps: Vec<Spanned<String>>,
    #[serde(default)]
    tail: Option<Spanned<String>>,
    #[expect(dead_code, reason = "for who reads the file; a file without it is refused")]
    verified: bool,
    #[serde(default)]
    #[expect(dead_code, reason = "for who reads the file")]
    src: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    idle_s: Option<u64>,
    idle_reply: Option<Spanned<String>>,
    max_msgs_out: Option<usize>,
    session_bytes_in: Option<usize>,
    msg_bytes: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawAuth {
    mechs: Option<Vec<String>>,
    ntlm_text: Option<Spanned<String>>,
    ntlm_challenge: Option<Spanned<String>>,
    refuse_users: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    verb: Spanned<String>,
    #[serde(default)]
    when: Option<Spanned<String>>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    action: Option<Spanned<String>>,
    verified: bool,
    #[serde(default)]
    src: String,
}

/// The places for names in what is said.
pub(super) const PLACES: [&str; 8] =
    ["fqdn", "ver", "date", "peer", "domain", "msgid", "arg", "addr"];

/// Where in a text an octet stands.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count() + 1
}

fn bad(text: &str, at: usize, what: String, hint: String) -> BadProfile {
    BadProfile { line: line_of(text, at), what, hint }
}

fn allowed<const N: usize>(words: [&str; N]) -> String {
    format!("allowed: {}", words.join(", "))
}

impl Profile {
    /// One that is there.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn built_in(id: &str) -> Result<Profile, BadProfile> {
        let found = BUILT_IN.iter().find(|(known, _)| *known == id);
        let Some((_, text)) = found else {
            let what = format!("there is no profile {id:?}");
            return Err(BadProfile { line: 1, what, hint: allowed(BUILT_IN.map(|(id, _)| id)) });
        };
        Profile::read(text)
    }

    /// Reads one, with what it builds on.
    ///
    /// # Errors
    /// The line that is wrong, and what to do.
    pub fn read(text: &str) -> Result<Profile, BadProfile> {
        Profile::read_below(text, DEEPEST)
    }

    fn read_below(text: &str, deep: usize) -> Result<Profile, BadProfile> {
        let raw: Raw = toml::from_str(text).map_err(|why| {
            let at = why.span().map_or(0, |span| span.start);
            let hint = "smtp-probe(1), \"Profiles\", has every key".to_owned();
            bad(text, at, why.message().to_owned(), hint)
        })?;
        let mut profile = match &raw.profile.inherits {
            None => Profile { most_out: 20, ..Profile::default() },
            Some(parent) => {
                let at = parent.span().start;
                let known = BUILT_IN.iter().find(|(id, _)| id == parent.get_ref());
                let Some((_, parent)) = known.filter(|_| deep > 0) else {
                    let what = format!("inherits: saw {:?}", parent.get_ref());
                    return Err(bad(text, at, what, allowed(BUILT_IN.map(|(id, _)| id))));
                };
                Profile::read_below(parent, deep - 1)?
            }
        };
        profile.take_head(text, &raw)?;
        if let Some(client) = &raw.client {
            profile.client = Some(client_of(text, client)?);
        }
        if let Some(said) = &raw.limits.idle_reply {
            is_reply(text, said.span().start, said.get_ref())?;
            profile.idle.1.clone_from(said.get_ref());
        }
        if let Some(said) = &raw.auth.ntlm_text {
            profile.ntlm.0 = line_in(text, said)?;
        }
        if let Some(said) = &raw.auth.ntlm_challenge {
            profile.ntlm.1 = line_in(text, said)?;
        }
        profile.take_faults(text, &raw.fault)?;
        profile.take_rest(raw.limits, raw.auth);
        let rows = raw.reply.iter().map(|row| row_of(text, row));
        let mut rows = rows.collect::<Result<Vec<Row>, BadProfile>>()?;
        rows.append(&mut profile.rows);
        profile.rows = rows;
        profile.is_whole(text)?;
        Ok(profile)
    }

    fn take_head(&mut self, text: &str, raw: &Raw) -> Result<(), BadProfile> {
        let head = &raw.profile;
        head.id.get_ref().clone_into(&mut self.id);
        head.about.clone_into(&mut self.about);
        if let Some(fqdn) = &head.fqdn {
            self.fqdn = line_in(text, fqdn)?;
        }
        if let Some(clock) = &head.clock {
            let at: Result<jiff::Timestamp, _> = clock.get_ref().parse();
            let hint = "expected a time such as 2004-02-22T16:03:04Z".to_owned();
            let what = format!("clock: saw {:?}", clock.get_ref());
            self.clock = Some(at.map_err(|_| bad(text, clock.span().start, what, hint))?);
        }
        if let Some(banner) = &raw.banner {
            is_reply(text, banner.text.span().start, banner.text.get_ref())?;
            banner.text.get_ref().clone_into(&mut self.greeting);
            let version = banner.ver.as_ref().map(|version| line_in(text, version));
            self.version = version.transpose()?.unwrap_or_default();
        }
        if let Some(ehlo) = &raw.ehlo {
            let tail = ehlo.tail.as_ref().map(|tail| line_in(text, tail)).transpose()?;
            let caps = ehlo.caps.iter().map(|cap| line_in(text, cap)).collect::<Result<_, _>>()?;
            self.ehlo = (line_in(text, &ehlo.first)?, caps, tail);
        }
        Ok(())
    }

    fn take_faults(
        &mut self,
        text: &str,
        faults: &BTreeMap<Spanned<String>, toml::Value>,
    ) -> Result<(), BadProfile> {
        for (name, value) in faults {
            let at = name.span().start;
            let switch = match value {
                toml::Value::Boolean(false) => Switch::named(name.get_ref()).map(|_| None),
                toml::Value::Boolean(true) => Switch::of(name.get_ref(), None).map(Some),
                toml::Value::String(word) => Switch::of(name.get_ref(), Some(word)).map(Some),
                other => Switch::of(name.get_ref(), Some(&other.to_string())).map(Some),
            };
            let switch = switch.map_err(|why| bad(text, at, why.what, why.hint))?;
            self.faults.retain(|known| known.name != name.get_ref());
            self.faults.extend(switch);
        }
        Ok(())
    }

    fn take_rest(&mut self, limits: RawLimits, auth: RawAuth) {
        fn set<T>(what: &mut T, to: Option<T>) {
            if let Some(to) = to {
                *what = to;
            }
        }
        set(&mut self.idle.0, limits.idle_s);
        set(&mut self.most_out, limits.max_msgs_out);
        set(&mut self.most_in, limits.session_bytes_in);
        set(&mut self.largest, limits.msg_bytes);
        set(&mut self.mechanisms, auth.mechs);
        set(&mut self.refused, auth.refuse_users);
    }

    /// Nothing is missing without which there is no server.
    fn is_whole(&self, text: &str) -> Result<(), BadProfile> {
        let has = |verb: &str| self.rows.iter().any(|row| row.verb == verb && row.when.is_empty());
        let takes = |row: &Row| {
            matches!(row.action, Some(Action::Data | Action::Chunk))
                && row.text.starts_with(['2', '3'])
        };
        let takes_mail = self.rows.iter().any(takes);
        let missing = [
            (self.fqdn.is_empty(), "fqdn in [profile]"),
            (self.greeting.is_empty(), "text in [banner]"),
            (self.ehlo.0.is_empty(), "first in [ehlo]"),
            (!has("*"), "a [[reply]] for the verb \"*\", without when"),
            (
                takes_mail && !has("(content)"),
                "a [[reply]] for the verb \"(content)\", without when",
            ),
        ];
        match missing.into_iter().find(|(is_missing, _)| *is_missing) {
            None => Ok(()),
            Some((_, what)) => {
                let hint = "give it, or build on a profile that has it: inherits = \"iis6\"";
                Err(bad(text, 0, format!("there is no {what}"), hint.to_owned()))
            }
        }
    }
}

fn client_of(text: &str, raw: &Spanned<Client>) -> Result<Client, BadProfile> {
    let client = raw.get_ref();
    let fits = [
        ("hello", &client.hello, &["EHLO", "HELO"][..]),
        ("auth", &client.auth, &["LOGIN", "CRAM-MD5", "PLAIN"][..]),
        ("ask", &client.ask, &["TURN", "ATRN"][..]),
    ];
    match fits.into_iter().find(|(_, word, known)| !known.contains(&word.as_str())) {
        None => Ok(client.clone()),
        Some((key, word, known)) => {
            let hint = format!("allowed: {}", known.join(", "));
            Err(bad(text, raw.span().start, format!("{key}: saw {word:?}"), hint))
        }
    }
}

fn row_of(text: &str, raw: &RawReply) -> Result<Row, BadProfile> {
    let when = match &raw.when {
        None => Vec::new(),
        Some(when) => facts(when.get_ref()).map_err(|what| {
            bad(text, when.span().start, what, allowed(FACTS.map(|(word, ..)| word)))
        })?,
    };
    let action = match &raw.action {
        None => None,
        Some(action) => {
            let known = ACTIONS.iter().find(|(word, ..)| word == action.get_ref());
            let what = || format!("action: saw {:?}", action.get_ref());
            let told = known.map(|(_, action, _)| *action);
            Some(told.ok_or_else(|| {
                bad(text, action.span().start, what(), allowed(ACTIONS.map(|(word, ..)| word)))
            })?)
        }
    };
    let at = raw.verb.span().start;
    match (&raw.text, action) {
        (Some(said), _) => is_reply(text, at, said)?,
        (None, Some(Action::Ehlo | Action::Auth)) => {}
        (None, _) => {
            let hint = "only the actions ehlo and auth have a text of their own".to_owned();
            return Err(bad(text, at, "there is no text".to_owned(), hint));
        }
    }
    Ok(Row {
        verb: verb_in(text, &raw.verb)?,
        when,
        text: raw.text.clone().unwrap_or_default(),
        action,
        verified: raw.verified,
        source: raw.src.clone(),
    })
}

fn facts(when: &str) -> Result<Vec<(Fact, bool)>, String> {
    let one = |word: &str| {
        let word = word.trim();
        let (name, is) = word.strip_prefix('!').map_or((word, true), |name| (name, false));
        let known = FACTS.iter().find(|(known, ..)| *known == name);
        known.map(|(_, fact, _)| (*fact, is)).ok_or_else(|| format!("when: saw {word:?}"))
    };
    when.split("&&").map(one).collect()
}

/// A verb, in capitals; or what no command brings about.
fn verb_in(text: &str, raw: &Spanned<String>) -> Result<String, BadProfile> {
    let verb = raw.get_ref();
    if EVENTS.contains(&verb.as_str()) {
        return Ok(verb.clone());
    }
    let verb = verb.to_ascii_uppercase();
    let is_word = verb.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if VERBS.contains(&verb.as_str()) || verb.starts_with('X') && is_word {
        return Ok(verb);
    }
    let known = [&EVENTS[..], &VERBS[..]].concat().join(", ");
    let what = format!("verb: saw {:?}", raw.get_ref());
    Err(bad(text, raw.span().start, what, format!("allowed: {known}, and what begins with X")))
}

/// A place for a name that there is not would be said as it stands.
fn has_known_places(text: &str, at: usize, said: &str) -> Result<(), BadProfile> {
    let names = said.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let mut names = names.map(|(name, _)| name).filter(is_name);
    match names.find(|name| !PLACES.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let hint = format!("allowed: {{{}}}", PLACES.join("}, {"));
            Err(bad(text, at, format!("text: saw {{{name}}}"), hint))
        }
    }
}

/// What is said in one line.
fn line_in(text: &str, raw: &Spanned<String>) -> Result<String, BadProfile> {
    let said = raw.get_ref();
    if said.contains(|c: char| c.is_control()) {
        let hint = "expected one line, without control characters".to_owned();
        return Err(bad(text, raw.span().start, format!("{said:?} is no line"), hint));
    }
    has_known_places(text, raw.span().start, said)?;
    Ok(said.clone())
}

/// RFC 5321, section 4.2.1: every line of it begins with the same code, and all but the last go on behind a hyphen.
fn is_reply(text: &str, at: usize, said: &str) -> Result<(), BadProfile> {
    let is_code = |code: &[u8]| {
        (b'2'..=b'5').contains(&code[0])
            && (b'0'..=b'5').contains(&code[1])
            && code[2].is_ascii_digit()
    };
    let lines: Vec<&[u8]> = said.lines().map(str::as_bytes).collect();
    let code = said.as_bytes().get(..3).unwrap_or_default();
    let fits_in = |(n, line): (usize, &&[u8])| {
        let next = if n + 1 == lines.len() { b' ' } else { b'-' };
        line.starts_with(code) && line.get(3) == Some(&next)
    };
    let is_clean = !said.contains(|c: char| c.is_control() && c != '\n' && c != '\r');
    let fits = code.len() == 3 && is_code(code) && lines.len() <= MOST_LINES && is_clean;
    if fits && lines.iter().enumerate().all(fits_in) {
        return has_known_places(text, at, said);
    }
    let hint = "expected 250 and some words, and 250- before further lines".to_owned();
    Err(bad(text, at, format!("text: {said:?} is no reply"), hint))
}
