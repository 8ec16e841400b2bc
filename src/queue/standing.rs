//! How an entry stands, in an operator's words: finer than what the spool has to know.

use super::{Entry, EntryState, RecipientState};

/// How an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// For its customer to call.
    Waiting,
    /// A session has it in hand.
    InSession,
    /// The customer put it off; it waits for the next session.
    Deferred,
    /// An operator said: not now.
    Held,
    /// Refused by the customer; its sender is still to be told.
    Refused,
    /// Its time ran out; its sender is still to be told.
    Expired,
    /// Delivered; its sender, who asked, is still to be told. Or it has left.
    Delivered,
    /// Refused, by its customer or an operator, and it has left: nothing that is in the queue is this.
    Bounced,
    /// Set aside.
    Damaged,
    /// Deleted, and not yet cleared away.
    Deleted,
}

impl Standing {
    /// Every word, in the order of an entry's life.
    pub const ALL: [(Standing, &'static str); 10] = [
        (Standing::Waiting, "waiting"),
        (Standing::InSession, "in_session"),
        (Standing::Deferred, "deferred"),
        (Standing::Held, "held"),
        (Standing::Refused, "refused"),
        (Standing::Expired, "expired"),
        (Standing::Delivered, "delivered"),
        (Standing::Bounced, "bounced"),
        (Standing::Damaged, "damaged"),
        (Standing::Deleted, "deleted"),
    ];

    /// How this entry stands.
    pub fn of(entry: &Entry, leased: bool) -> Standing {
        let any = |wanted: fn(&RecipientState) -> bool| {
            entry.recipients.iter().any(|(_, state)| wanted(state))
        };
        match entry.state {
            EntryState::Waiting if leased => Standing::InSession,
            EntryState::Waiting
                if any(|state| matches!(state, RecipientState::Waiting(Some(_)))) =>
            {
                Standing::Deferred
            }
            EntryState::Waiting => Standing::Waiting,
            EntryState::Held => Standing::Held,
            EntryState::Failed if any(|state| matches!(state, RecipientState::Refused(_))) => {
                Standing::Refused
            }
            EntryState::Failed if any(|state| matches!(state, RecipientState::Expired(_))) => {
                Standing::Expired
            }
            EntryState::Failed => Standing::Delivered,
            EntryState::Damaged => Standing::Damaged,
            EntryState::Deleted => Standing::Deleted,
        }
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        Standing::ALL.iter().find(|(standing, _)| *standing == self).map_or("", |(_, name)| name)
    }
}
