//! Reading a dialogue.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// One dialogue, read.
pub struct Script {
    pub name: String,
    pub profile: Profile,
    options: HashMap<String, String>,
    /// Messages in the spool: MAIL and RCPT arguments, and content.
    pub mails: Vec<(String, Vec<u8>)>,
    /// What happens, with its line number.
    pub acts: Vec<(usize, Act)>,
}

/// Who we are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Mx,
    /// A mail server in front.
    Lmtp,
    Odmr,
    /// The same for customers that know TURN.
    Exchange,
    ReversedProvider,
    ReversedCustomer,
    Customer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The other side says these octets.
    Theirs(Vec<u8>),
    /// We say a line like this.
    Ours(Vec<u8>),
    Skip,
    Pass(Duration),
    Tls,
    Login(String, String),
    Gone,
    Closed,
    /// The flow comes as far as it can.
    Moment,
    /// The customer calls once more.
    CallsAgain,
    /// So many entries wait, so many are set aside.
    Waiting(u64),
    SetAside(u64),
    /// Content that was kept, in order.
    Kept(Vec<u8>),
    /// How the customer's program ends.
    Exit(u8),
}

impl Script {
    pub fn read(path: &Path) -> Script {
        let text = std::fs::read_to_string(path).expect("a dialogue");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Script::parse(&name, &text)
    }

    pub fn parse(name: &str, text: &str) -> Script {
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
        let (mut options, mut mails) = (HashMap::new(), Vec::new());
        for (n, line) in lines.by_ref() {
            if line.starts_with('#') {
                continue;
            }
            if line.trim().is_empty() {
                if options.is_empty() { continue } else { break }
            }
            let (key, value) =
                line.split_once(':').unwrap_or_else(|| panic!("{name}:{n}: no `key: value`"));
            match key {
                "mail" => mails.push(mail(value)),
                _ => drop(options.insert(key.to_owned(), value.trim().to_owned())),
            }
        }
        let profile = profile(options.get("profile").map_or("", String::as_str), name);
        let ours = if matches!(profile, Profile::ReversedCustomer | Profile::Customer) {
            'C'
        } else {
            'P'
        };
        let acts = lines
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .flat_map(|(n, line)| {
                act(line, ours)
                    .unwrap_or_else(|| panic!("{name}:{n}: what is {line:?}?"))
                    .into_iter()
                    .map(move |act| (n, act))
            })
            .collect();
        Script { name: name.to_owned(), profile, options, mails, acts }
    }

    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    pub fn number(&self, key: &str) -> Option<u64> {
        self.option(key).map(|value| value.parse().expect("a number"))
    }

    pub fn is(&self, key: &str, value: &str) -> bool {
        self.option(key) == Some(value)
    }

    pub fn has(&self, wanted: impl Fn(&Act) -> bool) -> bool {
        self.acts.iter().any(|(_, act)| wanted(act))
    }
}

fn profile(word: &str, name: &str) -> Profile {
    match word {
        "mx" => Profile::Mx,
        "lmtp" => Profile::Lmtp,
        "odmr" => Profile::Odmr,
        "exchange" => Profile::Exchange,
        "reversed-provider" => Profile::ReversedProvider,
        "reversed-customer" => Profile::ReversedCustomer,
        "customer" => Profile::Customer,
        _ => panic!("{name}: no such profile: {word:?}"),
    }
}

/// `FROM:<a> RET=HDRS TO:<b> TO:<c> | content`
fn mail(value: &str) -> (String, Vec<u8>) {
    let (envelope, content) = value.split_once('|').expect("envelope | content");
    let envelope = String::from_utf8(octets(envelope.trim())).expect("UTF-8");
    (envelope, octets(content.strip_prefix(' ').unwrap_or(content)))
}

fn act(line: &str, ours: char) -> Option<Vec<Act>> {
    if line == "..." {
        return Some(vec![Act::Skip]);
    }
    if let Some(stage) = line.strip_prefix("-- ") {
        return direction(stage).map(|act| vec![act]);
    }
    let who = line.chars().next().filter(|who| "PC".contains(*who))?;
    let (times, rest) = match line[1..].strip_prefix('*') {
        Some(rest) => {
            let end = rest.find([':', '|'])?;
            (rest[..end].parse().ok()?, &rest[end..])
        }
        None => (1, &line[1..]),
    };
    let text = octets(rest[1..].strip_prefix(' ').unwrap_or(&rest[1..]));
    let one = match (who == ours, &rest[..1]) {
        (true, ":") => Act::Ours(text),
        (false, ":") => Act::Theirs([&text[..], b"\r\n"].concat()),
        (false, "|") => Act::Theirs(text),
        _ => return None,
    };
    Some(vec![one; times])
}

fn direction(stage: &str) -> Option<Act> {
    let words: Vec<&str> = stage.split(' ').collect();
    Some(match words[..] {
        ["tls"] => Act::Tls,
        ["a", "moment", "passes"] => Act::Moment,
        ["gone"] => Act::Gone,
        ["closed"] => Act::Closed,
        ["calls", "again"] => Act::CallsAgain,
        ["login", account, mechanism] => Act::Login(account.into(), mechanism.into()),
        ["waiting", n] => Act::Waiting(n.parse().ok()?),
        ["set", "aside", n] => Act::SetAside(n.parse().ok()?),
        ["exit", n] => Act::Exit(n.parse().ok()?),
        ["kept", ..] => Act::Kept(octets(
            stage.strip_prefix("kept").map_or("", |rest| rest.strip_prefix(' ').unwrap_or(rest)),
        )),
        [n, "minutes", "pass"] => Act::Pass(Duration::from_secs(60 * n.parse::<u64>().ok()?)),
        [n, "seconds", "pass"] => Act::Pass(Duration::from_secs(n.parse().ok()?)),
        _ => return None,
    })
}

/// Text with `\` escapes as octets.
pub fn octets(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let (taken, bytes) = escape(&rest[at + 1..]);
        out.extend_from_slice(&bytes);
        rest = &rest[at + 1 + taken..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn escape(rest: &str) -> (usize, Vec<u8>) {
    let one = |byte| (1, vec![byte]);
    match rest.as_bytes().first() {
        Some(b'r') => one(b'\r'),
        Some(b'n') => one(b'\n'),
        Some(b't') => one(b'\t'),
        Some(b'0') => one(0),
        Some(b's') => one(b' '),
        Some(b'\\') => one(b'\\'),
        Some(b'x') => (3, vec![u8::from_str_radix(&rest[1..3], 16).expect("two hex digits")]),
        Some(b'(') => {
            let end = rest.find(')').expect("a closing parenthesis");
            let (text, times) = rest[1..end].rsplit_once('*').expect("text*times");
            (end + 1, octets(text).repeat(times.parse().expect("a number")))
        }
        _ => panic!("what is \\{rest}?"),
    }
}

/// Does the line fit the pattern, `*` standing for any octets?
pub fn fits(pattern: &[u8], line: &[u8]) -> bool {
    match pattern.iter().position(|byte| *byte == b'*') {
        None => pattern == line,
        Some(star) => {
            let (head, tail) = (&pattern[..star], &pattern[star + 1..]);
            line.strip_prefix(head)
                .is_some_and(|rest| (0..=rest.len()).any(|skip| fits(tail, &rest[skip..])))
        }
    }
}
