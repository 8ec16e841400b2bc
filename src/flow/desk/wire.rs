//! What is said on the control socket: one request in a line of JSON, then records, a line each, then
//! a line that says how it ended. odmr-control(7) tells it to those who would speak it too.

use serde::{Deserialize, Serialize};

use super::import::Carried;
use super::selection::Selection;
use crate::exit::{Exit, Failure};

/// The longest request, in octets: a few ten thousand ids.
pub const LONGEST: usize = 4 << 20;

/// Schema of [`End`].
pub const END: &str = "odmr.control.end/1";

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The messages that are meant: `odmr.queue.message/1` each.
    List {
        /// Which.
        #[serde(default)]
        filter: Selection,
        /// At most so many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// What an earlier list of the same messages gave as `next`: go on from there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        /// And behind them those that have left, as far as that is remembered.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        include_done: bool,
    },
    /// The domains that have mail, or these: `odmr.queue.domain/1` each.
    Domains {
        /// Which; all, where none is named.
        #[serde(default)]
        domain: Vec<String>,
        /// Count how old everything is, which takes a walk through all that waits.
        #[serde(default)]
        ages: bool,
    },
    /// How the daemon itself does: one `odmr.queue.overview/1`.
    Overview {
        /// And how much waited for each domain in the last 24 hours, as far as that is written down.
        #[serde(default)]
        depth: bool,
    },
    /// Do something to the messages that are meant: one `odmr.queue.action/1`. A dry run tells of each
    /// of them first.
    Act {
        /// What.
        action: ActWord,
        /// To which.
        filter: Selection,
        /// Only look.
        #[serde(default)]
        dry_run: bool,
        /// Why, for the audit.
        #[serde(default)]
        reason: Option<String>,
        /// Hold: until when. Delete: until when it can be called back.
        #[serde(default)]
        until: Option<String>,
        /// Bounce: the reply that senders are told, `550 5.7.1 text`.
        #[serde(default)]
        reply: Option<String>,
        /// Redirect and requeue: to which domain.
        #[serde(default)]
        to: Option<String>,
        /// Only what had arrived by then.
        #[serde(default)]
        before: Option<jiff::Timestamp>,
        /// Only if no more are meant than somebody has been shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<u64>,
        /// Hold and release: the mail that is yet to come too, of whole domains.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        future: bool,
    },
    /// The content of a message, piece by piece: `odmr.queue.content/1` each.
    Content {
        /// Which.
        id: String,
    },
    /// A message comes in; behind this line stand the octets of its content, as many as `size` says:
    /// `odmr.queue.import/1`.
    Import {
        /// Its `odmr.queue.message/1`, with the `content_sha256` that export adds.
        message: Box<Carried>,
    },
    /// Look the whole spool through: `odmr.queue.finding/1` for whatever is wrong, then one
    /// `odmr.queue.verified/1`.
    Verify,
    /// The last sessions of customers, the newest first: `odmr.queue.session/1` each.
    Sessions {
        /// How many; all that are remembered, unless said.
        #[serde(default)]
        limit: Option<u64>,
        /// Of these accounts only.
        #[serde(default)]
        account: Vec<String>,
    },
    /// What happens, one after the other and until the line is closed: `odmr.queue.event/1` each. An empty
    /// line now and then says that the line still stands.
    Watch {
        /// What came behind this number, as far as it is remembered; from now on, unless said.
        #[serde(default)]
        after: Option<u64>,
        /// These kinds only.
        #[serde(default)]
        event: Vec<String>,
        /// Of these domains only.
        #[serde(default)]
        domain: Vec<String>,
        /// Of these accounts only.
        #[serde(default)]
        account: Vec<String>,
        /// About these messages only.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        id: Vec<String>,
        /// Of which the customer said this only: 452, 4xx, 4.2.2.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        code: Vec<String>,
        /// What has happened so far, and no more.
        #[serde(default)]
        so_far: bool,
    },
    /// How much came and went since a moment: one `odmr.queue.traffic/1`, or one for each domain or account
    /// that had any.
    Traffic {
        /// Since when.
        since: jiff::Timestamp,
        /// Of these domains only.
        #[serde(default)]
        domain: Vec<String>,
        /// Of these accounts only.
        #[serde(default)]
        account: Vec<String>,
        /// Told apart by this.
        #[serde(default)]
        by: Apart,
    },
    /// Bring what waits for these domains to their hosts now: one `odmr.queue.action/1`.
    DeliverNow {
        /// Which; each must have a host that mail is brought to.
        domain: Vec<String>,
        /// Only look.
        #[serde(default)]
        dry_run: bool,
        /// Why, for the audit.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The last lines of the audit: `odmr.queue.audit/1` each.
    Audit {
        /// How many.
        #[serde(default)]
        limit: Option<u64>,
    },
}

impl Request {
    /// The domains that it names.
    pub fn domains(&self) -> &[String] {
        match self {
            Request::List { filter, .. } | Request::Act { filter, .. } => &filter.domain,
            Request::Watch { domain, .. }
            | Request::Traffic { domain, .. }
            | Request::Domains { domain, .. }
            | Request::DeliverNow { domain, .. } => domain,
            Request::Overview { .. }
            | Request::Content { .. }
            | Request::Import { .. }
            | Request::Verify
            | Request::Sessions { .. }
            | Request::Audit { .. } => &[],
        }
    }

    /// A list from its beginning.
    pub fn list(filter: Selection, limit: Option<u64>) -> Request {
        Request::List { filter, limit, cursor: None, include_done: false }
    }
}

/// By what traffic may be told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// All of it together.
    #[default]
    All,
    /// Whose mail it was.
    Domain,
    /// Who may claim it.
    Account,
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActWord {
    /// Not to be handed over.
    Hold,
    /// To be handed over again.
    Release,
    /// Away with it.
    Delete,
    /// And back.
    Undelete,
    /// Its time is up.
    Expire,
    /// Refused, and its sender told.
    Bounce,
    /// As if never tried.
    Requeue,
    /// To another domain.
    Redirect,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// [`END`].
    pub schema: String,
    /// As a program's exit code: 0, or what went wrong.
    pub exit: u8,
    /// What went wrong.
    pub error: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// A list that was cut at its limit goes on from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl End {
    /// All is well.
    pub fn well() -> End {
        End { schema: END.to_owned(), exit: Exit::Ok as u8, error: None, hint: None, next: None }
    }

    /// Something went wrong.
    pub fn badly(failure: &Failure) -> End {
        let (error, hint) = (Some(failure.what.clone()), failure.hint.clone());
        End { schema: END.to_owned(), exit: failure.exit as u8, error, hint, next: None }
    }
}
