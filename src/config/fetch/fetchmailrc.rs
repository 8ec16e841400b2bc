//! What fetchmail was told, as accounts of ours. Only its ODMR entries can be: of the rest, and of each
//! option that has no counterpart here, a remark is made.

use std::path::PathBuf;

use secrecy::SecretString;

use super::{ClearAuth, Layer, Mechanism, TlsMode};
use crate::config::value::{Deliver, Duration, Server, Size, Written};
use crate::smtp::Domain;

/// An entry that has become an account.
#[derive(Debug)]
pub struct Imported {
    /// Its name: the server's, or server and user where a server has several.
    pub name: String,
    /// Its settings.
    pub layer: Layer,
    /// The password that stood there.
    pub password: Option<SecretString>,
    /// What could not be taken over, a line each.
    pub remarks: Vec<String>,
}

/// A whole file.
#[derive(Debug, Default)]
pub struct Import {
    /// Its accounts.
    pub accounts: Vec<Imported>,
    /// What it says that belongs to no account.
    pub remarks: Vec<String>,
}

/// Why a file is none of fetchmail's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadFile {
    /// Where.
    pub line: usize,
    /// What.
    pub what: String,
}

/// The largest file that is read.
pub const LARGEST: u64 = 1 << 20;

/// Reads a run control file.
///
/// # Errors
/// [`BadFile`] where it is none: a string without an end, an option without its value, an option of no
/// entry.
pub fn import(text: &str) -> Result<Import, BadFile> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0 };
    let entries = reader.entries()?;
    Ok(convert(entries))
}

/// A word, and whether it stood in quotes: then it is no keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    quoted: bool,
    line: usize,
}

fn tokens(text: &str) -> Result<Vec<Token>, BadFile> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text.chars().peekable();
    while let Some(&c) = rest.peek() {
        match c {
            '\n' => {
                line += 1;
                rest.next();
            }
            '#' => while rest.next_if(|c| *c != '\n').is_some() {},
            ':' | ';' | ',' | '=' => _ = rest.next(),
            c if c.is_whitespace() => _ = rest.next(),
            '"' | '\'' => {
                let first = line;
                rest.next();
                let text = quoted(&mut rest, c, &mut line);
                let text = text.ok_or_else(|| BadFile {
                    line: first,
                    what: "a string that begins here has no end".to_owned(),
                })?;
                tokens.push(Token { text, quoted: true, line: first });
            }
            _ => {
                let mut text = String::new();
                let more = |c: &char| !c.is_whitespace() && !":;,=\"'".contains(*c);
                while let Some(c) = rest.next_if(more) {
                    text.push(c);
                }
                tokens.push(Token { text, quoted: false, line });
            }
        }
    }
    Ok(tokens)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The inside of a string, its end taken.
fn quoted(rest: &mut Chars<'_>, end: char, line: &mut usize) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            c if c == end => return Some(text),
            '\\' => text.extend(escaped(rest, line)?),
            c => {
                *line += usize::from(c == '\n');
                text.push(c);
            }
        }
    }
}

/// What a backslash and what follows it mean; a line end behind it means nothing. Of numbers, those
/// that begin with 0 are octal, with 0x or x hexadecimal, all others decimal.
fn escaped(rest: &mut Chars<'_>, line: &mut usize) -> Option<Option<char>> {
    let (radix, most) = match rest.next()? {
        '\n' => {
            *line += 1;
            return Some(None);
        }
        'n' => return Some(Some('\n')),
        't' => return Some(Some('\t')),
        'b' => return Some(Some('\u{8}')),
        'r' => return Some(Some('\r')),
        'x' => (16, 2),
        '0' => (8, 3),
        digit @ '1'..='9' => {
            let mut number = digit.to_digit(10)?;
            for _ in 0..2 {
                let Some(more) = rest.next_if(char::is_ascii_digit) else { break };
                number = number * 10 + more.to_digit(10)?;
            }
            return Some(char::from_u32(number & 0xff));
        }
        other => return Some(Some(other)),
    };
    let mut number = 0;
    for _ in 0..most {
        let Some(digit) = rest.next_if(|c| c.is_digit(radix)) else { break };
        number = number * radix + digit.to_digit(radix)?;
    }
    Some(char::from_u32(number & 0xff))
}

/// What follows a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    One,
    /// As many words as come before the next keyword.
    Some,
}

/// The options of an entry, under each of their names.
#[rustfmt::skip]
const OPTIONS: &[(&str, &[&str], Takes)] = &[
    ("via", &[], Takes::One),
    ("protocol", &["proto"], Takes::One),
    ("localdomains", &["local"], Takes::Some),
    ("port", &[], Takes::One),
    ("service", &[], Takes::One),
    ("auth", &["authenticate", "preauth"], Takes::One),
    ("timeout", &[], Takes::One),
    ("envelope", &[], Takes::Some),
    ("qvirtual", &[], Takes::One),
    ("aka", &[], Takes::Some),
    ("interface", &[], Takes::One),
    ("monitor", &[], Takes::One),
    ("plugin", &[], Takes::One),
    ("plugout", &[], Takes::One),
    ("dns", &[], Takes::Nothing),
    ("checkalias", &[], Takes::Nothing),
    ("uidl", &[], Takes::Nothing),
    ("interval", &[], Takes::One),
    ("tracepolls", &[], Takes::Nothing),
    ("principal", &[], Takes::One),
    ("esmtpname", &[], Takes::One),
    ("esmtppassword", &[], Takes::One),
    ("bad-header", &[], Takes::One),
    ("user", &["username"], Takes::One),
    ("is", &["to"], Takes::Some),
    ("here", &[], Takes::Nothing),
    ("there", &[], Takes::Nothing),
    ("password", &["pass"], Takes::One),
    ("ssl", &[], Takes::Nothing),
    ("sslcert", &[], Takes::One),
    ("sslcertck", &[], Takes::Nothing),
    ("sslcertfile", &[], Takes::One),
    ("sslcertpath", &[], Takes::One),
    ("sslcommonname", &[], Takes::One),
    ("sslfingerprint", &[], Takes::One),
    ("sslkey", &[], Takes::One),
    ("sslproto", &[], Takes::One),
    ("folder", &[], Takes::Some),
    ("smtphost", &["smtp"], Takes::Some),
    ("fetchdomains", &[], Takes::Some),
    ("smtpaddress", &[], Takes::One),
    ("smtpname", &[], Takes::One),
    ("antispam", &[], Takes::Some),
    ("mda", &[], Takes::One),
    ("bsmtp", &[], Takes::One),
    ("lmtp", &[], Takes::Nothing),
    ("preconnect", &[], Takes::One),
    ("postconnect", &[], Takes::One),
    ("keep", &[], Takes::Nothing),
    ("flush", &[], Takes::Nothing),
    ("limitflush", &[], Takes::Nothing),
    ("fetchall", &[], Takes::Nothing),
    ("rewrite", &[], Takes::Nothing),
    ("stripcr", &[], Takes::Nothing),
    ("forcecr", &[], Takes::Nothing),
    ("pass8bits", &[], Takes::Nothing),
    ("dropstatus", &[], Takes::Nothing),
    ("dropdelivered", &[], Takes::Nothing),
    ("mimedecode", &[], Takes::Nothing),
    ("idle", &[], Takes::Nothing),
    ("limit", &[], Takes::One),
    ("warnings", &[], Takes::One),
    ("batchlimit", &[], Takes::One),
    ("fetchlimit", &[], Takes::One),
    ("fetchsizelimit", &[], Takes::One),
    ("fastuidl", &[], Takes::One),
    ("expunge", &[], Takes::One),
    ("properties", &[], Takes::One),
];

/// What may be set for all entries, and whether a value follows.
const GLOBALS: [(&str, bool); 15] = [
    ("daemon", true),
    ("postmaster", true),
    ("logfile", true),
    ("pidfile", true),
    ("idfile", true),
    ("properties", true),
    ("minbackground", true),
    ("bouncemail", false),
    ("spambounce", false),
    ("softbounce", false),
    ("syslog", false),
    ("invisible", false),
    ("showdots", false),
    ("nodetach", false),
    ("keep", false),
];

const NOISE: [&str; 5] = ["and", "with", "has", "wants", "options"];
const BEGINNINGS: [&str; 4] = ["poll", "server", "skip", "defaults"];

/// What `no` may stand in front of in one word, as fetchmail reads it.
const IN_ONE_WORD: [&str; 18] = [
    "keep",
    "flush",
    "limitflush",
    "fetchall",
    "rewrite",
    "stripcr",
    "forcecr",
    "pass8bits",
    "dropstatus",
    "dropdelivered",
    "mimedecode",
    "idle",
    "dns",
    "checkalias",
    "uidl",
    "envelope",
    "bouncemail",
    "spambounce",
];

/// What is said no to, where that is said in one word.
fn negated(word: &str) -> Option<&str> {
    word.strip_prefix("no").filter(|rest| IN_ONE_WORD.contains(rest))
}

fn option(word: &str) -> Option<(&'static str, Takes)> {
    let known = OPTIONS.iter().find(|(name, others, _)| *name == word || others.contains(&word));
    known.map(|(name, _, takes)| (*name, *takes))
}

/// An option as it stood there.
#[derive(Clone, Debug)]
struct Said {
    key: &'static str,
    values: Vec<String>,
    negated: bool,
}

/// `poll`, `skip` or `defaults`, with its options: the server's, and those of each user.
#[derive(Clone, Debug, Default)]
struct Entry {
    name: String,
    line: usize,
    skipped: bool,
    server: Vec<Said>,
    users: Vec<Vec<Said>>,
}

#[derive(Debug, Default)]
struct Entries {
    globals: Vec<Said>,
    defaults: Entry,
    polls: Vec<Entry>,
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        Some(token)
    }

    /// A word that is a value: quoted, or no keyword.
    fn value(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        let word = token.text.as_str();
        let keyword = option(word).is_some()
            || negated(word).is_some()
            || NOISE.contains(&word)
            || BEGINNINGS.contains(&word)
            || matches!(word, "set" | "no");
        if keyword && !token.quoted {
            return None;
        }
        self.at += 1;
        Some(self.tokens[self.at - 1].text.clone())
    }

    fn noise(&mut self) {
        let is_noise = |token: &Token| !token.quoted && NOISE.contains(&token.text.as_str());
        while self.tokens.get(self.at).is_some_and(is_noise) {
            self.at += 1;
        }
    }

    fn must(&mut self, of: &str, line: usize) -> Result<String, BadFile> {
        // A name and a password may be any word.
        if matches!(of, "user" | "password") {
            let any = self.next().map(|token| token.text);
            return any.ok_or_else(|| lacks_its_value(of, line));
        }
        self.noise();
        self.value().ok_or_else(|| lacks_its_value(of, line))
    }

    fn entries(&mut self) -> Result<Entries, BadFile> {
        let mut all = Entries::default();
        let mut entry: Option<Entry> = None;
        while let Some(token) = self.next() {
            let word = token.text.as_str();
            let line = token.line;
            match word {
                _ if token.quoted => {
                    return Err(BadFile { line, what: format!("{word:?} is no option") });
                }
                "set" => self.global(&mut all, line)?,
                "poll" | "server" | "skip" | "defaults" => {
                    all.file(entry.take());
                    let name = match word {
                        "defaults" => String::new(),
                        _ => self.must(word, line)?,
                    };
                    entry = Some(Entry { name, line, skipped: word == "skip", ..Entry::default() });
                }
                word if NOISE.contains(&word) => {}
                word => {
                    let Some(entry) = &mut entry else {
                        let what = format!("{word:?} stands before any \"poll\"");
                        return Err(BadFile { line, what });
                    };
                    let said = self.said(word, line)?;
                    entry.take(said);
                }
            }
        }
        all.file(entry);
        Ok(all)
    }

    fn global(&mut self, all: &mut Entries, line: usize) -> Result<(), BadFile> {
        let wrong = |what: &str| BadFile { line, what: what.to_owned() };
        let mut word = self.next().ok_or_else(|| wrong("set lacks what is to be set"))?;
        let no = word.text == "no";
        if no {
            word = self.next().ok_or_else(|| wrong("set no lacks what"))?;
        }
        let in_one_word = negated(&word.text).filter(|_| !no && !word.quoted);
        let negated = no || in_one_word.is_some();
        let (key, takes) = GLOBALS
            .iter()
            .find(|(key, _)| *key == in_one_word.unwrap_or(&word.text))
            .ok_or_else(|| wrong(&format!("set {:?}: fetchmail has no such option", word.text)))?;
        let values = match takes {
            true => vec![self.must(key, line)?],
            false => Vec::new(),
        };
        all.globals.push(Said { key, values, negated });
        Ok(())
    }

    fn said(&mut self, word: &str, line: usize) -> Result<Said, BadFile> {
        let in_one_word = negated(word);
        let negated = word == "no" || in_one_word.is_some();
        let word = match (negated, in_one_word) {
            (true, None) => self.next().map(|token| token.text).unwrap_or_default(),
            _ => in_one_word.unwrap_or(word).to_owned(),
        };
        let Some((key, takes)) = option(&word) else {
            return Err(BadFile { line, what: format!("{word:?} is no option of fetchmail's") });
        };
        let mut values = Vec::new();
        match takes {
            _ if negated => {}
            Takes::Nothing => {}
            Takes::One => values.push(self.must(key, line)?),
            Takes::Some => {
                self.noise();
                while let Some(value) = self.value() {
                    values.push(value);
                }
                if values.is_empty() {
                    return Err(lacks_its_value(key, line));
                }
            }
        }
        Ok(Said { key, values, negated })
    }
}

fn lacks_its_value(of: &str, line: usize) -> BadFile {
    BadFile { line, what: format!("{of} lacks its value") }
}

impl Entries {
    fn file(&mut self, entry: Option<Entry>) {
        match entry {
            Some(entry) if entry.name.is_empty() => self.defaults = entry,
            Some(entry) => self.polls.push(entry),
            None => {}
        }
    }
}

impl Entry {
    fn take(&mut self, said: Said) {
        if said.key == "user" {
            self.users.push(Vec::new());
        }
        self.users.last_mut().unwrap_or(&mut self.server).push(said);
    }
}

fn convert(entries: Entries) -> Import {
    let mut import = Import::default();
    let daemon = entries.globals.iter().rev().find(|said| said.key == "daemon");
    let daemon = daemon.and_then(|said| said.values.first()?.parse::<u64>().ok());
    for said in entries.globals.iter().filter(|said| said.key != "daemon") {
        let no = if said.negated { "no " } else { "" };
        import.remarks.push(format!("set {no}{}: has no counterpart here", said.key));
    }
    let defaults = &entries.defaults;
    for entry in &entries.polls {
        let nobody = [Vec::new()];
        let users = if entry.users.is_empty() { &nobody[..] } else { &entry.users };
        for user in users {
            let base = defaults.server.iter().chain(defaults.users.iter().flatten());
            let said: Vec<&Said> = base.chain(&entry.server).chain(user).collect();
            let protocol = last(&said, "protocol").map_or("auto", |said| said.as_str());
            if !protocol.eq_ignore_ascii_case("odmr") {
                import.remarks.push(format!(
                    "line {}: {}: its protocol is {protocol}, not ODMR; left out",
                    entry.line, entry.name
                ));
                continue;
            }
            let name = match (users.len(), last(&said, "user")) {
                (2.., Some(user)) => format!("{}-{user}", entry.name),
                _ => entry.name.clone(),
            };
            let is_taken = |name: &str| import.accounts.iter().any(|a| a.name == name);
            let others = (2..).map(|n| format!("{name}-{n}"));
            let name = std::iter::once(name.clone()).chain(others).find(|name| !is_taken(name));
            let name = name.unwrap_or_default();
            import.accounts.push(account(name, entry, &said, daemon));
        }
    }
    import
}

/// The last value of an option.
fn last<'a>(said: &[&'a Said], key: &str) -> Option<&'a String> {
    said.iter().rev().find(|said| said.key == key)?.values.first()
}

fn has(said: &[&Said], key: &str) -> bool {
    said.iter().rev().find(|said| said.key == key).is_some_and(|said| !said.negated)
}

/// What has a meaning only where mail is fetched from mailboxes, or is always so here.
const MEANINGLESS: [&str; 30] = [
    "localdomains",
    "envelope",
    "qvirtual",
    "aka",
    "dns",
    "checkalias",
    "uidl",
    "tracepolls",
    "principal",
    "bad-header",
    "is",
    "folder",
    "antispam",
    "keep",
    "flush",
    "limitflush",
    "fetchall",
    "rewrite",
    "stripcr",
    "forcecr",
    "pass8bits",
    "dropstatus",
    "dropdelivered",
    "mimedecode",
    "idle",
    "warnings",
    "batchlimit",
    "fastuidl",
    "expunge",
    "properties",
];

/// What an operator has to see to, and how.
const OTHERWISE: [(&str, &str); 12] = [
    ("fetchsizelimit", "has no counterpart here"),
    ("interface", "let the timer or the link's own hook decide when to fetch"),
    ("monitor", "let the timer or the link's own hook decide when to fetch"),
    ("plugin", "there is no plugin; a tunnel is set up outside"),
    ("plugout", "there is no plugout; deliver to a program with deliver = \"command:/...\""),
    ("esmtpname", "there is no login at our own server"),
    ("esmtppassword", "there is no login at our own server"),
    ("smtpaddress", "recipients stay as they are"),
    ("smtpname", "recipients stay as they are"),
    ("bsmtp", "there are no batch files; a Maildir may do: deliver = \"maildir:/...\""),
    ("preconnect", "run it before, as ExecStartPre= of the unit"),
    ("postconnect", "run it behind, by on_mail or as ExecStartPost= of the unit"),
];

fn account(name: String, entry: &Entry, said: &[&Said], daemon: Option<u64>) -> Imported {
    let mut remarks = Vec::new();
    let mut layer = Layer::default();
    let text = |key: &str| last(said, key).map(String::as_str);
    let number = |key: &str| text(key).and_then(|text| text.parse::<u64>().ok());
    server(&mut layer, entry, said, &mut remarks);
    tls(&mut layer, said, &mut remarks);
    login(&mut layer, said, &mut remarks);
    domains(&mut layer, said, &mut remarks);
    target(&mut layer, said, &mut remarks);
    layer.timeout_command = number("timeout").filter(|seconds| *seconds > 0).map(Duration::seconds);
    layer.max_message_size = number("limit").filter(|octets| *octets > 0).map(Size);
    layer.max_messages = number("fetchlimit").filter(|most| *most > 0);
    let rounds = number("interval").unwrap_or(1).max(1);
    layer.interval = daemon
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::seconds(seconds.saturating_mul(rounds)));
    if rounds > 1 && daemon.is_none() {
        remarks.push(format!("interval {rounds}: every so many polls; set interval to a time"));
    }
    if entry.skipped {
        remarks.push("skip: with --all, and by the daemon, it is fetched too".to_owned());
    }
    remark_on_the_rest(said, &mut remarks);
    let password = text("password").map(|password| SecretString::from(password.to_owned()));
    if password.is_none() {
        remarks.push("no password stood there: set password".to_owned());
    }
    Imported { name, layer, password, remarks }
}

fn server(layer: &mut Layer, entry: &Entry, said: &[&Said], remarks: &mut Vec<String>) {
    let text = |key: &str| last(said, key).map(String::as_str);
    let server = text("via").unwrap_or(&entry.name);
    layer.server = Server::read(server);
    if layer.server.is_none() {
        remarks.push(format!("{server:?} is no server's name"));
    }
    layer.port = match text("service").or(text("port")) {
        None | Some("odmr") => None,
        Some(service) => {
            let port = service.parse().ok().filter(|port| *port > 0);
            if port.is_none() {
                remarks.push(format!("service {service:?}: set port to its number"));
            }
            port
        }
    };
}

fn login(layer: &mut Layer, said: &[&Said], remarks: &mut Vec<String>) {
    layer.user = last(said, "user").cloned();
    layer.mechanism = match last(said, "auth").map(|auth| auth.to_ascii_lowercase()).as_deref() {
        None | Some("any" | "password") => None,
        Some("cram-md5") => Some(Mechanism::CramMd5),
        Some("external") => Some(Mechanism::External),
        Some(other) => {
            remarks.push(format!("auth {other}: not spoken here; the strongest on offer is used"));
            None
        }
    };
}

fn domains(layer: &mut Layer, said: &[&Said], remarks: &mut Vec<String>) {
    let named = said.iter().rev().find(|said| said.key == "fetchdomains");
    let mut asked = Vec::new();
    for domain in named.into_iter().flat_map(|said| &said.values) {
        match <Domain as Written>::read(domain) {
            Some(domain) => asked.push(domain),
            None => remarks.push(format!("fetchdomains {domain:?}: no domain of two labels")),
        }
    }
    if named.is_none() {
        remarks.push(
            "no fetchdomains stood there, so fetchmail asked for this machine's own name: set domains"
                .to_owned(),
        );
    }
    layer.domains = (!asked.is_empty()).then_some(asked);
}

/// Options that have become nothing.
fn remark_on_the_rest(said: &[&Said], remarks: &mut Vec<String>) {
    for (key, hint) in OTHERWISE.iter().filter(|(key, _)| has(said, key)) {
        remarks.push(format!("{key}: {hint}"));
    }
    let meaningless: Vec<&str> =
        MEANINGLESS.into_iter().filter(|key| said.iter().any(|said| said.key == *key)).collect();
    if !meaningless.is_empty() {
        let keys = meaningless.join(", ");
        remarks.push(format!("without a meaning where mail comes by ATRN: {keys}"));
    }
}

fn tls(layer: &mut Layer, said: &[&Said], remarks: &mut Vec<String>) {
    let text = |key: &str| last(said, key).map(String::as_str);
    let path = |key: &str| text(key).filter(|text| !text.is_empty()).map(PathBuf::from);
    if has(said, "ssl") {
        layer.tls = Some(TlsMode::Implicit);
    } else if text("sslproto") == Some("") {
        (layer.tls, layer.clear_auth) = (Some(TlsMode::None), Some(ClearAuth::CramMd5));
        remarks.push("sslproto '': the whole session is in clear; tls = \"starttls\" is better if the provider has it".to_owned());
    } else {
        remarks.push("fetchmail never used TLS here, though it was asked to; now STARTTLS is required. Only for a provider without it: tls = \"none\", clear_auth = \"cram-md5\"".to_owned());
    }
    layer.ca = path("sslcertfile");
    layer.certificate = path("sslcert");
    layer.key = path("sslkey");
    layer.server_name = text("sslcommonname").and_then(Server::read);
    let unchecked = said.iter().rev().find(|said| said.key == "sslcertck");
    if unchecked.is_some_and(|said| said.negated) {
        remarks.push("no sslcertck: the certificate is checked here; set ca, or fingerprint = \"sha256:...\"".to_owned());
    }
    if text("sslcertpath").is_some() {
        remarks.push("sslcertpath: set ca to a file with the authority".to_owned());
    }
    if text("sslfingerprint").is_some() {
        remarks.push(
            "sslfingerprint: an MD5 hash proves nothing; set fingerprint = \"sha256:...\""
                .to_owned(),
        );
    }
}

fn target(layer: &mut Layer, said: &[&Said], remarks: &mut Vec<String>) {
    // fetchmail brings ODMR mail to smtphost whatever else is said.
    if let Some(mda) = last(said, "mda") {
        remarks.push(format!(
            "mda {mda:?}: fetchmail does not use it for ODMR; a program gets the mail with deliver = \"command:/PATH\" and arguments"
        ));
    }
    let hosts = said.iter().rev().find(|said| said.key == "smtphost");
    let hosts = hosts.map_or(&[][..], |said| &said.values);
    if hosts.len() > 1 {
        remarks.push(format!("smtphost: only the first is used, not {}", hosts[1..].join(", ")));
    }
    let lmtp = has(said, "lmtp");
    let host = hosts.first().map_or("localhost", String::as_str);
    layer.deliver = match host.starts_with('/') {
        true => Some(Deliver::LmtpUnix(host.into())),
        false => {
            let (host, port) = host.split_once('/').unwrap_or((host, "25"));
            let server = Server::read(host);
            let port = if port == "smtp" { Some(25) } else { port.parse().ok() };
            server.zip(port.filter(|port| *port > 0)).map(|(server, port)| match lmtp {
                true => Deliver::Lmtp(server, port),
                false => Deliver::Smtp(server, port),
            })
        }
    };
    if layer.deliver.is_none() {
        remarks.push(format!("smtphost {host:?}: set deliver = \"smtp:HOST:PORT\""));
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn one(text: &str) -> Imported {
        let mut import = import(text).unwrap();
        assert_eq!(import.accounts.len(), 1, "{:?}", import.remarks);
        import.accounts.remove(0)
    }

    #[test]
    fn an_entry_for_odmr_becomes_an_account() {
        let account = one("# mail\nset daemon 900\nset no bouncemail\n\
             defaults\n  timeout 90\n\
             poll odmr.example.net with proto ODMR service 1366, interval 2:\n\
             \tuser \"acme\" there with password 'corr\\\"ect \\x68\\0157rse',\n\
             \tis * here options ssl sslcertck sslcertfile /etc/ca.pem\n\
             \tfetchdomains example.org example.com\n\tsmtphost 127.0.0.1/2525 fetchlimit 20 limit 1000\n");
        let layer = &account.layer;
        assert_eq!(account.name, "odmr.example.net");
        assert_eq!(layer.server, Server::read("odmr.example.net"));
        assert_eq!((layer.port, layer.tls), (Some(1366), Some(TlsMode::Implicit)));
        assert_eq!(layer.user.as_deref(), Some("acme"));
        assert_eq!(account.password.unwrap().expose_secret(), "corr\"ect horse");
        assert_eq!(layer.ca, Some("/etc/ca.pem".into()));
        assert_eq!(layer.domains.as_ref().map(Vec::len), Some(2));
        assert_eq!(layer.deliver, Deliver::read("smtp:127.0.0.1:2525"));
        assert_eq!((layer.max_messages, layer.max_message_size), (Some(20), Some(Size(1000))));
        assert_eq!(layer.timeout_command, Some(Duration::seconds(90)));
        assert_eq!(layer.interval, Some(Duration::seconds(1800)));
        assert_eq!(account.remarks, ["without a meaning where mail comes by ATRN: is"]);
    }

    #[test]
    fn what_is_not_for_us_is_told_of() {
        let text = "poll pop.example.net proto pop3 user a pass b\n\
                    skip odmr.example.net via 192.0.2.7 proto odmr user a pass b mda \"/usr/bin/procmail -d %T\" no sslcertck\n\
                    poll other.example.net proto odmr user a mda 'procmail | tee x' preconnect 'ssh x'\n";
        let import = import(text).unwrap();
        assert_eq!(
            import.remarks,
            ["line 1: pop.example.net: its protocol is pop3, not ODMR; left out"]
        );
        let [first, second] = &import.accounts[..] else { panic!() };
        let says = |account: &Imported, word: &str| {
            assert!(account.remarks.iter().any(|r| r.contains(word)), "{:?}", account.remarks);
        };
        assert_eq!(first.layer.deliver, Deliver::read("smtp:localhost:25"));
        assert_eq!(first.layer.arguments, None);
        says(first, "does not use it for ODMR");
        assert_eq!(first.layer.server, Server::read("192.0.2.7"));
        says(first, "skip: ");
        says(first, "no sslcertck: ");
        says(first, "never used TLS");
        says(second, "preconnect: ");
        says(second, "no password stood there");
    }

    #[test]
    fn several_users_are_several_accounts() {
        let text = "poll odmr.example.net proto odmr\n  user a pass 1 ssl\n  user b pass 2 ssl\n\
                    poll odmr.example.net proto odmr user c pass 3 user d pass 4\n\
                    poll other.test proto odmr user e pass 5\n\
                    poll other.test proto odmr user f pass 6";
        let names: Vec<_> = import(text).unwrap().accounts.into_iter().map(|a| a.name).collect();
        assert_eq!(
            names,
            [
                "odmr.example.net-a",
                "odmr.example.net-b",
                "odmr.example.net-c",
                "odmr.example.net-d",
                "other.test",
                "other.test-2"
            ]
        );
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_its_line() {
        let wrong = |text: &str| import(text).unwrap_err().to_string();
        assert_eq!(wrong("\npoll 'x"), "line 2: a string that begins here has no end");
        assert_eq!(wrong("user x"), "line 1: \"user\" stands before any \"poll\"");
        assert_eq!(wrong("poll x proto"), "line 1: protocol lacks its value");
        assert_eq!(
            wrong("poll x\nfrobnicate"),
            "line 2: \"frobnicate\" is no option of fetchmail's"
        );
        assert_eq!(wrong("set"), "line 1: set lacks what is to be set");
    }

    #[test]
    fn no_and_what_it_is_said_to_may_be_one_word() {
        let words = "nokeep norewrite nofetchall noflush nolimitflush nostripcr nomimedecode noidle \
                     nodropstatus noforcecr nopass8bits nodropdelivered";
        let account = one(&format!(
            "set nobouncemail set nospambounce\n\
             poll h.test nodns nocheckalias nouidl noenvelope proto odmr user a pass b\n\
             fetchdomains c.org nokeep smtphost a norewrite {words}"
        ));
        assert_eq!(account.layer.domains.map(|domains| domains.len()), Some(1));
        assert_eq!(account.layer.deliver, Deliver::read("smtp:a:25"));
        let meaningless =
            account.remarks.iter().find(|remark| remark.starts_with("without")).unwrap();
        for word in ["dns", "checkalias", "uidl", "envelope", "keep", "rewrite", "idle"] {
            assert!(meaningless.contains(word), "{word}: {meaningless}");
        }
        let import = import("set nobouncemail").unwrap();
        assert_eq!(import.remarks, ["set no bouncemail: has no counterpart here"]);
        // Names that only begin so, and those in quotes, are names.
        let account = one(
            "poll h.test proto odmr user nokeep pass keep fetchdomains nossl.org nodomain.org 'nokeep'",
        );
        assert_eq!(account.layer.user.as_deref(), Some("nokeep"));
        assert_eq!(account.password.unwrap().expose_secret(), "keep");
        assert_eq!(account.layer.domains.map(|domains| domains.len()), Some(2));
        let wrong = super::import("poll h.test nofolder").unwrap_err().to_string();
        assert_eq!(wrong, "line 1: \"nofolder\" is no option of fetchmail's");
    }

    #[test]
    fn an_entry_that_names_no_domain_is_told_of_and_those_behind_it_are_taken() {
        let text = "poll h.test proto odmr user a pass b ssl\n\
                    poll i.test proto odmr user a pass b ssl fetchdomains c.org";
        let accounts = import(text).unwrap().accounts;
        let [without, with] = &accounts[..] else { panic!("{accounts:?}") };
        assert!(without.remarks[0].starts_with("no fetchdomains stood there"), "{without:?}");
        assert!(with.remarks.is_empty(), "{with:?}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_breaks_it(text in "[a-z #'\"\\\\\n:0-9]{0,80}", any: String) {
            let _ = import(&text);
            let _ = import(&any);
            let _ = import(&format!("poll x proto odmr {text}"));
        }
    }
}
