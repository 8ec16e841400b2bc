//! The discipline of the queue: what an entry is, in what order entries go out, and what becomes
//! of a recipient. Pure; `spool` obeys it, on a disk or in a database.
//!
//! The queue belongs to domains. The unit is an *entry*: one message for one domain, with its
//! recipients' own states. Waiting is normal here, not a fault: nothing is retried by a timer.

pub mod entry;
pub mod order;

pub use entry::{Entry, EntryId, EntryState, Fate, RecipientState, Source};
