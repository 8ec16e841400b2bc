//! What was said of a message, and where in the conversation about it.

use std::fmt;
use std::ops::Deref;

use super::Reply;

/// To what a reply about a message was the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// To MAIL, or to what its sender, size or encoding asks of the server.
    Mail,
    /// To RCPT.
    Rcpt,
    /// To DATA, before there was content.
    Data,
    /// To the content, after its last dot or chunk.
    Content,
}

impl Stage {
    /// Every one.
    pub const ALL: [Stage; 4] = [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Content];

    /// As records have it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Mail => "mail",
            Stage::Rcpt => "rcpt",
            Stage::Data => "data",
            Stage::Content => "content",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A reply about a message, and to what it was the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// To what.
    pub stage: Stage,
    /// What.
    pub reply: Reply,
}

impl Said {
    /// `reply`, at `stage`.
    pub const fn new(stage: Stage, reply: Reply) -> Said {
        Said { stage, reply }
    }

    /// The name under which the other side has the message now, if it took it and gave one.
    pub fn remote_id(&self) -> Option<&str> {
        (self.stage == Stage::Content && self.is_positive()).then(|| remote_id(&self.text))?
    }
}

impl Deref for Said {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.reply
    }
}

/// The longest name that is believed to be one.
const LONGEST: usize = 128;

/// The queue's name of a message in the text of the 2xx to its content. RFC 5321 has no form for it;
/// these are the forms in use: `queued as NAME`, `id=NAME`, `<NAME> Queued mail for delivery`,
/// `NAME Message accepted for delivery`.
fn remote_id(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let behind = |mark: &str| {
        let at = lower.find(mark)? + mark.len();
        text[at..].split_whitespace().next()
    };
    let before = |mark: &str| text[..lower.find(mark)?].split_whitespace().next_back();
    behind("queued as ")
        .or_else(|| behind(" id="))
        .or_else(|| before("queued mail for delivery"))
        .or_else(|| before("message accepted for delivery"))
        .map(|name| name.trim_matches(['<', '>', '.', ',', ';', '(', ')']))
        .filter(|name| !name.is_empty() && name.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_sides_name_is_found_in_the_words_that_servers_use() {
        for (text, name) in [
            ("Ok: queued as 4XyZ1k0Q2Wz3", Some("4XyZ1k0Q2Wz3")),
            ("OK id=1uJk2L-000000007Qx-2Abc", Some("1uJk2L-000000007Qx-2Abc")),
            ("<3F2B@mail.example> Queued mail for delivery", Some("3F2B@mail.example")),
            ("5AN9x1mE001 Message accepted for delivery", Some("5AN9x1mE001")),
            ("QUEUED AS <abc>.", Some("abc")),
            ("ok", None),
            ("queued as ", None),
            ("Queued mail for delivery", None),
            ("it is a matter of identity=none", None),
        ] {
            assert_eq!(remote_id(text), name, "{text}");
        }
        assert_eq!(remote_id(&format!("queued as {}", "x".repeat(129))), None);
    }

    #[test]
    fn only_the_reply_to_content_that_was_taken_names_it() {
        let named = |stage, code| {
            Said::new(stage, Reply::plain(code, "queued as A")).remote_id().map(str::to_owned)
        };
        assert_eq!(named(Stage::Content, 250), Some("A".to_owned()));
        assert_eq!(named(Stage::Content, 450), None);
        assert_eq!(named(Stage::Rcpt, 250), None);
    }

    #[test]
    fn a_stage_is_found_by_its_name() {
        for stage in Stage::ALL {
            assert_eq!(Stage::named(stage.name()), Some(stage));
        }
        assert_eq!(Stage::named("helo"), None);
    }
}
