//! The discipline of the queue: what an entry is, in what order entries go out, and what becomes
//! of a recipient. Pure; `spool` obeys it, on a disk or in a database.
//!
//! The queue belongs to domains. The unit is an *entry*: one message for one domain, with its
//! recipients' own states. Waiting is normal here, not a fault: nothing is retried by a timer but our
//! own mail to the smarthost.

pub mod act;
pub mod entry;
pub mod filter;
pub mod learned;
pub mod notice;
pub mod order;
pub mod quota;
pub mod retry;
pub mod standing;

pub use act::{Act, Mark};
pub use entry::{Answered, Entry, EntryId, EntryState, Fate, RecipientState, Source, Tried};
pub use filter::Filter;
pub use learned::Learned;
pub use quota::Quota;
pub use standing::Standing;

use crate::smtp::Domain;

/// Under which name the provider's own mail waits: notices, on their way to the smarthost. No
/// customer can have it (RFC 2606, section 2).
pub const OUTGOING: &str = "outgoing.invalid";

/// The same as a domain.
pub fn outgoing() -> Domain {
    #[allow(clippy::expect_used)]
    Domain::parse(OUTGOING).expect("a domain")
}
