//! From a script's text to its steps.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ServerConfig};

use super::{Pace, Step};
use crate::lab::wait::PATIENCE;

/// What a scripted peer will say and expects to hear.
#[derive(Clone)]
pub struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) ours: char,
    pub(super) theirs: char,
    pub(super) patience: Duration,
    pub(super) server_tls: Option<Arc<ServerConfig>>,
    pub(super) client_tls: Option<Arc<ClientConfig>>,
}

impl Script {
    /// The part of the provider: `P:` is us, `C:` the customer.
    pub fn provider(text: &str) -> Script {
        Script::of('P', 'C', text)
    }

    /// The part of the customer: `C:` is us, `P:` the provider.
    pub fn customer(text: &str) -> Script {
        Script::of('C', 'P', text)
    }

    /// The part of a plain server: `S:` is us, `C:` the client.
    pub fn server(text: &str) -> Script {
        Script::of('S', 'C', text)
    }

    /// The part of a plain client: `C:` is us, `S:` the server.
    pub fn client(text: &str) -> Script {
        Script::of('C', 'S', text)
    }

    /// Puts raw octets where the script says `[say NAME]`.
    pub fn with(mut self, name: &str, octets: &[u8]) -> Script {
        let place = Step::Say(placeholder(name));
        let found = self.steps.iter_mut().filter(|step| **step == place);
        let count = found.map(|step| *step = Step::Say(octets.to_vec())).count();
        assert!(count > 0, "the script has no [say {name}]");
        self
    }

    /// TLS where the script says `[tls]`, for a peer that listens.
    pub fn with_server_tls(mut self, config: Arc<ServerConfig>) -> Script {
        self.server_tls = Some(config);
        self
    }

    /// TLS where the script says `[tls]`, for a peer that calls.
    pub fn with_client_tls(mut self, config: Arc<ClientConfig>) -> Script {
        self.client_tls = Some(config);
        self
    }

    /// How long it waits for the other side, where the default is too long.
    pub fn patient_for(mut self, patience: Duration) -> Script {
        self.patience = patience;
        self
    }

    fn of(ours: char, theirs: char, text: &str) -> Script {
        let mut script = Script {
            steps: Vec::new(),
            ours,
            theirs,
            patience: PATIENCE,
            server_tls: None,
            client_tls: None,
        };
        let mut skipping = false;
        for line in text.lines().map(str::trim_start).filter(|line| is_step(line)) {
            skipping = script.add(line, skipping);
        }
        assert!(!skipping, "a script cannot end with `...`");
        script
    }

    /// Adds one line; says whether it was `...`, which belongs to the next.
    fn add(&mut self, line: &str, skipping: bool) -> bool {
        if let Some(direction) = line.strip_prefix('[') {
            self.steps.push(direction_of(direction.trim_end().trim_end_matches(']')));
            return false;
        }
        let (who, rest) = line.split_at(1);
        let text = rest.get(1..).unwrap_or_default();
        let text = text.strip_prefix(' ').unwrap_or(text);
        match (who.chars().next(), rest.chars().next()) {
            (Some(who), Some(':')) if who == self.theirs => return self.hear(text, skipping),
            (Some(who), Some(':')) if who == self.ours => self.say(text, "\r\n"),
            (Some(who), Some('!')) if who == self.ours => self.say(text, ""),
            _ => panic!("not a line of a script: {line:?}"),
        }
        false
    }

    fn hear(&mut self, text: &str, skipping: bool) -> bool {
        match text {
            "..." => return true,
            text if skipping => self.steps.push(Step::HearUntil(text.to_owned())),
            text => self.steps.push(Step::Hear(text.to_owned())),
        }
        false
    }

    /// Lines of ours that stand together are one write.
    fn say(&mut self, text: &str, end: &str) {
        let mut octets = unescaped(text);
        octets.extend_from_slice(end.as_bytes());
        match self.steps.last_mut() {
            Some(Step::Say(earlier)) => earlier.append(&mut octets),
            _ => self.steps.push(Step::Say(octets)),
        }
    }
}

fn is_step(line: &str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

fn direction_of(words: &str) -> Step {
    match words {
        "tls" => Step::StartTls,
        "bare" => Step::Bare,
        "slowly" => Step::Pace(Pace::Slowly),
        "line by line" => Step::Pace(Pace::LineByLine),
        "drop" => Step::Drop,
        "stall" => Step::Stall,
        "closed" => Step::Closed,
        words => match words.strip_prefix("say ") {
            Some(name) => Step::Say(placeholder(name)),
            None => panic!("not a direction: [{words}]"),
        },
    }
}

/// Stands for octets that [`Script::with`] brings. No line of a script can be this: it lacks a CRLF.
fn placeholder(name: &str) -> Vec<u8> {
    format!("[say {name}]").into_bytes()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let (octet, length) = escape(after);
        octets.push(octet);
        rest = &after[length..];
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

/// The octet that an escape means, and how long the escape is.
fn escape(after: &str) -> (u8, usize) {
    match after.as_bytes().first() {
        Some(b'r') => (b'\r', 1),
        Some(b'n') => (b'\n', 1),
        Some(b'0') => (0, 1),
        Some(b'\\') => (b'\\', 1),
        Some(b'x') => (u8::from_str_radix(&after[1..3], 16).expect("\\xHH"), 3),
        _ => panic!("not an escape: \\{after}"),
    }
}
