//! Talks that are written down: what is said to a server octet by octet, what it may answer, and what it says
//! about the server if it answers something else.
//!
//! ```text
//! == state.rcpt-first
//! title: RCPT before MAIL is refused
//! level: must
//! spec: RFC 5321, 3.3
//! fix: Refuse RCPT until MAIL has been taken.
//!
//! C: RCPT TO:<{rcpt}>
//! S: 503
//! S~ 5xx
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `parse` | the notation |
//! | `pattern` | what an answer may be |
//! | `talk` | the machine: one script played against one line |
//!
//! | line | means |
//! |---|---|
//! | `C: text` | says this line, with CRLF; lines without an `S` between them go out in one piece |
//! | `C\| text` | says these octets and no others; `\r \n \t \0 \\ \xNN` everywhere |
//! | `C/10s| text` | says these octets, one every ten seconds |
//! | `C*100: text` | a hundred lines, each answered as the `S:` below says; `{n}` is the number |
//! | `S: 250 \| 25x` | it must answer so: a code with `x` for any digit, then perhaps a status, then perhaps `/regex/` |
//! | `S~ 5xx` | below an `S:`: not right, and put up with: a warning |
//! | `S- 450` | below an `S:`: neither right nor wrong; nothing can be told |
//! | `S? 250` | without this answer nothing can be told |
//! | `S! silence` | below an `S:`: wrong, even where nothing could be told otherwise |
//! | `closed`, `silence`, `garbled` | answers, too: it hangs up; it says nothing; it says what is no reply |
//! | `* tls`, `* tls or closed` | shakes hands; or it hangs up, and that is right, too |
//! | `* new`, `* wait 2s`, `* turn` | calls anew; waits; from here on the server is the client |
//! | `* reset`, `* aside`, `* shut` | cuts the line and calls anew; calls beside it; ends our side of it |
//! | `* aside 30` | calls thirty times; each is answered as the `S:` below says |
//! | `* if ETRN`, `* fi` | what stands between them is for servers that offer this |
//! | `* if 334`, `* fi` | what stands between them is for servers whose last answer was this |
//! | `* within 600s` | waits so long for each answer from here on |
//! | `* login` | proves who we are; what is said for that is in no transcript |
//!
//! `{me} {host} {from} {rcpt} {local} {domain} {foreign}` stand for names of the run, `{DOMAIN}` for the domain in
//! capitals, `{parent}` for the one above it, `{stranger}` for somebody else's domain, `{mech}` for a mechanism of AUTH,
//! and `{500*x}` for 500 times `x`.

/// What is said of a talk in front of it, and what that means.
pub const HEADS: &[(&str, &str)] = &[
    ("title", "The rule, as a statement that should be true."),
    (
        "level",
        "How much it matters: must (where the key is left out), should, security, interop or info.",
    ),
    ("spec", "Where it is written, with semicolons between several places."),
    ("fix", "What to do about it, for the report."),
    ("quirk", "A name for it as a known habit of some server."),
    (
        "needs",
        "What has to be so, with commas between: a keyword of EHLO that is offered, or \"no KEYWORD\" for one that is not; \
         data, intrusive and slow are allowed by the flags of these names, turn and backend-down by the commands that \
         know of them.",
    ),
    (
        "from",
        "Where it begins: connect (nothing has been heard), greeted, hello (EHLO has been answered; where the key is left \
         out), mail, rcpt, tls (EHLO under TLS), ready (the same where TLS is offered) or login.",
    ),
    ("alone", "yes: it spoils the line, and has one of its own."),
    (
        "for",
        "Profiles of smtp-probe server that it is for, with commas between; all, where the key is left out.",
    ),
];

/// The lines of a talk, and what they mean.
pub const NOTATION: &[(&str, &str)] = &[
    ("C: text", "Says this line, with CRLF. Lines without an S between them go out in one piece."),
    ("C| text", "Says these octets and no others; \\r \\n \\t \\0 \\\\ \\xNN everywhere."),
    ("C/10s| text", "Says these octets, one every ten seconds."),
    ("C*100: text", "A hundred lines, each answered as the S: below says; {n} is the number."),
    (
        "S: 250 | 25x",
        "It must answer so: a code with x for any digit, then perhaps a status, then perhaps /a pattern/ that \
         the text matches; closed, for it hangs up; silence, for it says nothing; garbled, for it says what is no reply.",
    ),
    ("S~ 5xx", "Below an S:. Not right, and put up with: a warning."),
    ("S- 450", "Below an S:. Neither right nor wrong; nothing can be told."),
    ("S? 250", "Without this answer nothing can be told."),
    ("S! silence", "Below an S:. Wrong, even where nothing could be told otherwise."),
    ("* tls, * tls or closed", "Both shake hands; or it hangs up, and that is right, too."),
    ("* new, * wait 2s", "Calls anew; waits."),
    (
        "* reset, * aside, * shut",
        "Cuts the line and calls anew; calls beside it; ends our side of it.",
    ),
    ("* aside 30", "Calls thirty times; each is answered as the S: below says."),
    ("* if ETRN, * fi", "What stands between them is for servers that offer this."),
    ("* if 334, * fi", "What stands between them is for servers whose last answer was this."),
    ("* within 600s", "Waits so long for each answer from here on."),
    ("* login", "Proves who we are; what is said for that is in no transcript."),
    ("* turn", "From here on the server is the client: S: /^EHLO / is a line of it."),
    (
        "{me} {host} {from} {rcpt} {local} {domain} {foreign}",
        "Stand for names of the run, {local} for what is left of the at sign in {rcpt}, {DOMAIN} for the domain in capitals, {parent} for the one above it, {stranger} for a domain of somebody \
         else, {mech} for a mechanism of AUTH that is offered, and {500*x} for 500 times x.",
    ),
];

mod parse;
mod pattern;
mod talk;

use std::time::Duration;

use crate::finding::Severity;

pub use parse::{BadScript, read};
pub use pattern::{Answer, Pattern};
pub use talk::{Line, Manner, Names, Offers, Outcome, Side, Talk, Verdict, Want, Word};

/// How much it matters that a server does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Allowed, and known to bite.
    Interop,
    /// SHOULD of a standard.
    Should,
    /// MUST of a standard.
    Must,
    /// Somebody can do what he must not.
    Security,
}

impl Level {
    /// All, the least first.
    pub const ALL: [Level; 5] =
        [Level::Info, Level::Interop, Level::Should, Level::Must, Level::Security];

    /// How bad it is in the words of a report.
    pub fn grade(self) -> Severity {
        match self {
            Level::Info => Severity::Info,
            Level::Interop => Severity::Notice,
            Level::Should => Severity::Warning,
            Level::Must => Severity::Error,
            Level::Security => Severity::Critical,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Interop => "interop",
            Level::Should => "should",
            Level::Must => "must",
            Level::Security => "security",
        }
    }
}

/// Where a script begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Start {
    /// The line is open and nothing has been heard.
    Connect,
    /// The server has greeted.
    Greeted,
    /// EHLO has been answered.
    #[default]
    Hello,
    /// So has MAIL.
    Mail,
    /// So has RCPT.
    Rcpt,
    /// EHLO has been answered under TLS.
    Tls,
    /// EHLO has been answered, under TLS where the server offers it.
    Ready,
    /// The same, and we have proven who we are.
    Login,
}

/// What has to be allowed before a script is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// The server offers this keyword.
    Offered(String),
    /// The server does not offer it.
    NotOffered(String),
    /// Somebody answers for the mailbox: content is sent.
    Data,
    /// The server may mind.
    Intrusive,
    /// It takes minutes.
    Slow,
    /// The line may be turned, and mail be heard of.
    Turn,
    /// The provider's operator has seen to it that customers cannot be looked up.
    BackendDown,
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Need::Offered(keyword) => f.write_str(keyword),
            Need::NotOffered(keyword) => write!(f, "no {keyword}"),
            Need::Data => f.write_str("data"),
            Need::Intrusive => f.write_str("intrusive"),
            Need::Slow => f.write_str("slow"),
            Need::Turn => f.write_str("turn"),
            Need::BackendDown => f.write_str("backend-down"),
        }
    }
}

/// A probe: a rule, and the talk that shows whether it is kept.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The name that never changes: `state.rcpt-first`.
    pub id: String,
    /// The rule, as a statement that should be true.
    pub title: String,
    /// How much it matters.
    pub level: Level,
    /// Where it is written.
    pub spec: Vec<String>,
    /// What to do about it.
    pub fix: String,
    /// The quirk of Exchange 2003 that it is, MSQ-nn.
    pub quirk: Option<String>,
    /// What has to be allowed.
    pub needs: Vec<Need>,
    /// Where it begins.
    pub start: Start,
    /// Does it spoil the line for others?
    pub alone: bool,
    /// The kinds of servers that are asked; all where none is named.
    pub kinds: Vec<String>,
    /// The talk.
    pub moves: Vec<Move>,
    /// The talk as it is written.
    pub text: String,
}

impl Probe {
    /// Does it prove who we are, on a line that has begun without?
    pub fn logs_in(&self) -> bool {
        self.moves.iter().any(|one| matches!(one, Move::Prove))
    }

    /// The part of the id before the dot.
    pub fn group(&self) -> &str {
        self.id.split_once('.').map_or(self.id.as_str(), |(group, _)| group)
    }
}

/// One thing in a talk.
#[derive(Clone, Debug)]
pub enum Move {
    /// Octets go out, with places for names.
    Say(Vec<u8>),
    /// Something comes in.
    Hear(Expect),
    /// We prove who we are.
    Prove,
    /// Both shake hands; is it as well if the server hangs up instead?
    Secure(bool),
    /// There is a new line, and this becomes of the one before.
    Anew(Manner),
    /// Our side of the line ends.
    Shut,
    /// What comes up to [`Move::Fi`] is for servers that offer this; or, where it is a code, whose last answer it was.
    If(String),
    /// The end of it.
    Fi,
    /// So long is waited for each answer from here on.
    Within(Duration),
    /// Time passes.
    Pause(Duration),
    /// The server is the client from here on: what is heard are lines.
    Turn,
}

/// What may come in.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// Right.
    pub right: Vec<Pattern>,
    /// Wrong, and put up with.
    pub tolerated: Vec<Pattern>,
    /// Neither right nor wrong: nothing can be told.
    pub undecided: Vec<Pattern>,
    /// Wrong, even where nothing could be told otherwise.
    pub wrong: Vec<Pattern>,
    /// Without it nothing can be told.
    pub is_needed: bool,
}

impl Expect {
    /// Nothing else than a way to what matters.
    pub(crate) fn on_the_way(code: &str) -> Expect {
        let right = Pattern::read(code).into_iter().collect();
        Expect { right, is_needed: true, ..Expect::default() }
    }
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, pattern) in self.right.iter().enumerate() {
            write!(f, "{}{pattern}", if n == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}
