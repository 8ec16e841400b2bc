//! Settings: what the operator wrote, read, judged and handed to the flows.
//!
//! Text in, settings out: every file has a pure `parse` and a thin reader around it. A mistake is a
//! [`Problem`]: one line that says where, which key, what was seen and what is allowed, and a hint
//! of what to do about it.
//!
//! Not here: command lines (`cli`), which are one layer among those merged by [`fetch`].

pub mod accounts;
pub mod document;
pub mod fetch;
pub mod init;
pub mod provider;
pub mod recipients;
pub mod secret;
pub mod value;

mod reword;

pub use document::{Document, Problem, Problems};
pub(crate) use reword::did_you_mean;
