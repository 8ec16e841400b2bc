//! Settings, accounts and secrets: what an administrator wrote, read once and trusted afterwards.

pub mod accounts;
pub mod place;
pub mod secret;
