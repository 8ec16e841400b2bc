//! What one run of the customer came to, in the form that people and pipes are told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::own_queue::Standing;
use crate::config::fetch::Account;
use crate::exit::{Exit, Failure};

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Mail came, and all of it was taken, or refused with the provider informed.
    Ok,
    /// There was none.
    NoMail,
    /// Mail came; some was put off, or there may be more than the run was allowed to ask for.
    Partial,
    /// Try later.
    Tempfail,
    /// We may not, or must not.
    Denied,
    /// That is no ODMR provider, or no proper one.
    Protocol,
    /// Our own settings, or our own target.
    Config,
}

impl Outcome {
    /// Each of them.
    pub const ALL: [Outcome; 7] = [
        Outcome::Ok,
        Outcome::NoMail,
        Outcome::Partial,
        Outcome::Tempfail,
        Outcome::Denied,
        Outcome::Protocol,
        Outcome::Config,
    ];

    /// Its word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::NoMail => "no_mail",
            Outcome::Partial => "partial",
            Outcome::Tempfail => "tempfail",
            Outcome::Denied => "denied",
            Outcome::Protocol => "protocol",
            Outcome::Config => "config",
        }
    }
}

/// Why a run is for later, beyond a line that broke or was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Another run has the account.
    Held,
    /// Our own target does not take mail just now.
    Target,
    /// The provider says so: 421, 450, 451.
    Busy,
}

/// What one run did, for people and for pipes. `odmr.fetch/1`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// `odmr.fetch/1`.
    pub schema: &'static str,
    /// The account's name.
    pub account: String,
    /// Host and port.
    pub server: String,
    /// `atrn` or `turn`; null when nothing was asked.
    pub verb: Option<&'static str>,
    /// The TLS version; null in clear.
    pub tls: Option<&'static str>,
    /// The SASL mechanism; null when there was no login.
    pub mech: Option<&'static str>,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What it came to.
    pub result: Outcome,
    /// Why, when it is not `ok` or `no_mail`: one line, escaped.
    pub reason: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Reversed sessions held.
    pub rounds: u32,
    /// Transactions the provider began.
    pub offered: u64,
    /// Transactions whose content was taken for somebody.
    pub accepted: u64,
    /// Transactions whose content had come before, and was not delivered again.
    pub duplicates: u64,
    /// Transactions put off, wholly or for some recipients.
    pub deferred: u64,
    /// Transactions refused for good by all.
    pub refused: u64,
    /// Octets of content taken.
    pub bytes: u64,
    /// The run ended before the provider had said that there is no more.
    pub more: bool,
    /// Final codes said, and how often.
    pub by_code: std::collections::BTreeMap<u16, u64>,
    /// The provider's last word on ATRN.
    pub last_reply: Option<String>,
    /// How it was told that no mail waits, at last: `told` in words, `quit` behind the turn, `closed` without a word
    /// behind the 250; null where nobody said so.
    pub empty: Option<&'static str>,
    /// When to try again, in seconds, where that is known.
    pub next_hint_s: Option<u64>,
    /// How the account's own queue stands, where it has one.
    pub queue: Option<Standing>,
    /// How the program ends.
    #[serde(skip)]
    pub exit: Exit,
    /// Why it is for later, where more is known than that a line broke.
    #[serde(skip)]
    pub later: Option<Later>,
    /// The run was told to stop.
    #[serde(skip)]
    pub interrupted: bool,
    /// It was this end that had no way to anybody.
    #[serde(skip)]
    pub offline: bool,
    /// This provider could not help; another may.
    #[serde(skip)]
    pub another_may_help: bool,
}

/// Octets of a text in it.
const LONGEST: usize = 2000;

impl Summary {
    /// Nothing has happened yet.
    pub fn new(account: &str, server: &str, port: u16) -> Summary {
        Summary {
            schema: "odmr.fetch/1",
            account: account.to_owned(),
            server: format!("{server}:{port}"),
            verb: None,
            tls: None,
            mech: None,
            started: Timestamp::now(),
            ms: 0,
            result: Outcome::NoMail,
            reason: None,
            hint: None,
            rounds: 0,
            offered: 0,
            accepted: 0,
            duplicates: 0,
            deferred: 0,
            refused: 0,
            bytes: 0,
            more: false,
            by_code: Default::default(),
            last_reply: None,
            empty: None,
            next_hint_s: None,
            queue: None,
            exit: Exit::Ok,
            later: None,
            interrupted: false,
            offline: false,
            another_may_help: false,
        }
    }

    /// With texts of a length that a mail, a hook's environment and a memory can bear: some of them are a
    /// stranger's.
    pub fn bounded(mut self) -> Summary {
        let texts = [&mut self.reason, &mut self.hint, &mut self.last_reply];
        for text in texts.into_iter().flatten().filter(|text| text.len() > LONGEST) {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push_str(" ...");
        }
        self
    }

    /// Nothing could be begun.
    pub fn failed(account: &Account, started: Timestamp, failure: &Failure) -> Summary {
        let server = account.server.as_ref().map(ToString::to_string).unwrap_or_default();
        let result = match failure.exit {
            Exit::TempFail => Outcome::Tempfail,
            _ => Outcome::Config,
        };
        let reason = failure.what.lines().filter(|line| !line.starts_with("hint: "));
        Summary {
            started,
            result,
            reason: Some(reason.collect::<Vec<_>>().join("; ")),
            hint: failure.hint.clone(),
            exit: failure.exit,
            ..Summary::new(&account.name, &server, account.port)
        }
    }

    /// Its JSON Schema.
    pub const SCHEMA: &'static str = include_str!("schema/fetch.json");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained() {
        let keys = |value: &serde_json::Value| -> std::collections::BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let json = serde_json::to_value(Summary::new("a", "b", 1)).unwrap();
        let schema: serde_json::Value = serde_json::from_str(Summary::SCHEMA).unwrap();
        assert_eq!(keys(&json), keys(&schema["properties"]));
        assert_eq!(schema["properties"]["schema"]["const"], json["schema"]);
        let standing = serde_json::to_value(Standing::default()).unwrap();
        assert_eq!(keys(&standing), keys(&schema["properties"]["queue"]["properties"]));
        let results = Outcome::ALL.map(Outcome::name);
        assert_eq!(schema["properties"]["result"]["enum"], serde_json::json!(results));
    }

    #[test]
    fn a_strangers_words_are_cut_between_two_letters() {
        let mut summary = Summary::new("a", "b", 1);
        summary.reason = Some("x".to_owned() + &"é".repeat(5000));
        summary.hint = Some("y".repeat(LONGEST));
        let summary = summary.bounded();
        let reason = summary.reason.unwrap();
        assert!(reason.ends_with("é ...") && reason.len() <= LONGEST + 4, "{}", reason.len());
        assert_eq!(summary.hint.unwrap().len(), LONGEST);
    }
}
