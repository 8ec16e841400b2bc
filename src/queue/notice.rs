//! Who is to be told what of an entry. RFC 3461, sections 4.1 and 5.2; RFC 5321, section 6.1.

use super::{Entry, RecipientState};
use crate::mail::Recipient;
use crate::mail::dsn::Action;
use crate::smtp::{Reply, ReversePath};

/// What the sender of an entry is to be told of one of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Of whom.
    pub recipient: &'a Recipient,
    /// What.
    pub action: Action,
    /// And what the customer said.
    pub said: Option<&'a Reply>,
}

/// What is to be told of the recipients that are at their end. Empty when nobody is to be told: the
/// mail is a notice itself, or its sender said NOTIFY=NEVER.
pub fn words(entry: &Entry) -> Vec<Word<'_>> {
    match entry.reverse_path {
        ReversePath::Null => Vec::new(),
        ReversePath::Mailbox(_) => entry.recipients.iter().filter_map(word).collect(),
    }
}

fn word((recipient, state): &(Recipient, RecipientState)) -> Option<Word<'_>> {
    let (action, said) = match state {
        RecipientState::Refused(reply) => (Action::Failed, Some(reply)),
        RecipientState::Expired(reply) => (Action::Failed, reply.as_ref()),
        RecipientState::Relayed(reply) => (Action::Relayed, Some(reply)),
        RecipientState::Waiting(_) | RecipientState::Delivered | RecipientState::Told => {
            return None;
        }
    };
    let notify = recipient.params.notify;
    // Of failure one hears who has said nothing else, of success who has asked.
    let wanted = match action {
        Action::Failed => notify.is_none_or(|notify| notify.failure),
        Action::Delayed => notify.is_none_or(|notify| notify.delay),
        Action::Relayed => notify.is_some_and(|notify| notify.success),
    };
    wanted.then_some(Word { recipient, action, said })
}
