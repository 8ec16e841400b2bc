//! What an operator may do to an entry, and in which state.

use jiff::Timestamp;

use super::EntryState;
use crate::smtp::{Domain, Reply};

/// An operator's act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Not to be handed over, until a time or until released.
    Hold(Option<Timestamp>),
    /// To be handed over again.
    Release,
    /// Away with it, and nobody is told. It can be called back until then, or for a day.
    Delete(Option<Timestamp>),
    /// Back from there.
    Undelete,
    /// Its time is up now: the ordinary end, with a notice to its sender.
    Expire,
    /// Refused, in these words: a notice to its sender, as if the customer had said so.
    Bounce(Reply),
    /// As if it had never been tried: back to its place in the queue.
    Requeue,
    /// To another domain: its entry, and those of its recipients who wait.
    Redirect(Domain),
    /// The same, and there as if it had never been tried.
    Rehome(Domain),
}

impl Act {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Hold(_) => "hold",
            Act::Release => "release",
            Act::Delete(_) => "delete",
            Act::Undelete => "undelete",
            Act::Expire => "expire",
            Act::Bounce(_) => "bounce",
            Act::Requeue | Act::Rehome(_) => "requeue",
            Act::Redirect(_) => "redirect",
        }
    }

    /// Does it make sense for an entry in this state?
    pub fn fits(&self, state: EntryState) -> bool {
        use EntryState::{Damaged, Deleted, Failed, Held, Waiting};
        match self {
            // A later hold takes the place of an earlier one, so that its time can be made longer.
            Act::Hold(_) => matches!(state, Waiting | Held),
            Act::Requeue => state == Waiting,
            Act::Release => state == Held,
            Act::Delete(_) => matches!(state, Waiting | Held | Failed | Damaged),
            Act::Undelete => state == Deleted,
            // Its sender is told of what is damaged here too: it will never be delivered.
            Act::Expire | Act::Bounce(_) => matches!(state, Waiting | Held | Damaged),
            Act::Redirect(_) | Act::Rehome(_) => matches!(state, Waiting | Held),
        }
    }
}

/// What an operator said of an entry that is held or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: Option<String>,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
}
