//! The wording: how records are put on a page, for people and for pipes.
//!
//! What stands in a record is its maker's affair; here it is JSON with fields.

pub mod assessment;
pub mod format;

pub use format::{FORMATS, Format, Page, age, harmless, in_seconds, octets, words};
