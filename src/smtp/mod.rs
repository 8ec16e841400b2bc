//! The words of SMTP: commands, replies, paths, domains, capabilities, lines and dots.
//!
//! Values in, values out: nothing here has heard of a socket, a file or a clock, and nothing here
//! decides anything. RFC 5321 throughout, with the neighbours named where they speak.
//!
//! Everything borrowed from the network is bounded by the caller's buffer; everything kept is
//! validated once, here, and trusted afterwards.

pub mod bdat;
pub mod capability;
pub mod command;
pub mod domain;
pub mod dots;
pub mod escape;
pub mod line;
pub mod param;
pub mod path;
pub mod reply;
pub mod said;
pub mod status;
pub mod xclient;
pub mod xtext;

pub use capability::Capabilities;
pub use command::{Command, SyntaxError, Verb};
pub use domain::{BadDomain, Domain, Host};
pub use param::{Body, MailParams, Notify, RcptParams, Ret};
pub use path::{BadPath, ForwardPath, Mailbox, ReversePath};
pub use reply::{BadReply, Reply, ReplyParser};
pub use said::{Said, Stage};
pub use status::Enhanced;
pub use xclient::Xclient;
