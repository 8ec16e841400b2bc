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
    those(entry, end)
}

/// What is to be told of the recipients that wait, where that takes longer than may be expected.
/// Empty when nobody is to be told: as above, or where the sender named what it wants to hear of, and
/// not this.
pub fn delays(entry: &Entry) -> Vec<Word<'_>> {
    those(entry, delay)
}

/// What has become of a recipient, and what the customer said of it.
type Become<'a> = Option<(Action, Option<&'a Reply>)>;

fn end(state: &RecipientState) -> Become<'_> {
    match state {
        RecipientState::Refused(reply) => Some((Action::Failed, Some(reply))),
        RecipientState::Expired(reply) => Some((Action::Failed, reply.as_ref())),
        RecipientState::Relayed(reply) => Some((Action::Relayed, Some(reply))),
        RecipientState::Waiting(_) | RecipientState::Delivered | RecipientState::Told => None,
    }
}

fn delay(state: &RecipientState) -> Become<'_> {
    match state {
        RecipientState::Waiting(reply) => Some((Action::Delayed, reply.as_ref())),
        _ => None,
    }
}

fn those(entry: &Entry, fate: fn(&RecipientState) -> Become<'_>) -> Vec<Word<'_>> {
    if entry.reverse_path == ReversePath::Null {
        return Vec::new();
    }
    let told = entry.recipients.iter().filter_map(|(recipient, state)| {
        let (action, said) = fate(state)?;
        wants(recipient, action).then_some(Word { recipient, action, said })
    });
    told.collect()
}

/// Of failure and delay one hears who has said nothing else, of success who has asked.
fn wants(recipient: &Recipient, action: Action) -> bool {
    let notify = recipient.params.notify;
    match action {
        Action::Failed => notify.is_none_or(|notify| notify.failure),
        Action::Delayed => notify.is_none_or(|notify| notify.delay),
        Action::Relayed => notify.is_some_and(|notify| notify.success),
    }
}
