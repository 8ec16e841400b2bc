//! The part that programs read: message/delivery-status. RFC 3464, section 2; RFC 6533, section 4.

use std::fmt::Write as _;

use super::{Action, Notice, Outcome};
use crate::mail::trace::date;
use crate::smtp::{Mailbox, Reply};

/// The octets of a line before it is folded. A diagnostic is what a stranger said, and may be long.
const LINE: usize = 76;

/// Fields about the message, and then a group of fields for each recipient.
pub(super) fn delivery_status(notice: &Notice<'_>) -> String {
    let utf8 = notice.needs_smtputf8();
    let mut text = String::new();
    let origin = &notice.origin;
    if let Some(envid) = origin.envid {
        field(&mut text, "Original-Envelope-Id", &plain(envid, utf8, false));
    }
    field(&mut text, "Reporting-MTA", &format!("dns; {}", notice.reporter));
    // What we have fetched ourselves came from nobody who called.
    if !origin.ip.is_unspecified() {
        let from = format!("dns; {} ([{}])", legible(origin.helo, utf8), origin.ip);
        field(&mut text, "Received-From-MTA", &from);
    }
    field(&mut text, "Arrival-Date", &date(origin.arrived));
    field(&mut text, "X-odmr-Queue-ID", origin.id);
    for outcome in &notice.outcomes {
        text.push_str("\r\n");
        recipient(&mut text, outcome, utf8);
    }
    text
}

fn recipient(text: &mut String, outcome: &Outcome<'_>, utf8: bool) {
    if let Some((kind, address)) =
        outcome.recipient.params.orcpt.as_deref().and_then(|orcpt| orcpt.split_once(';'))
    {
        let is_utf8 = kind.eq_ignore_ascii_case("utf-8");
        let original = format!("{}; {}", legible(kind, false), plain(address, utf8, is_utf8));
        field(text, "Original-Recipient", &original);
    }
    let last = match outcome.recipient.path.mailbox() {
        Some(mailbox) => typed(mailbox, utf8),
        None => "rfc822; postmaster".to_owned(),
    };
    field(text, "Final-Recipient", &last);
    let action = match outcome.action {
        Action::Failed => "failed",
        Action::Delayed => "delayed",
        Action::Relayed => "relayed",
    };
    field(text, "Action", action);
    field(text, "Status", &outcome.status().to_string());
    if let Some(reply) = outcome.said {
        field(text, "Diagnostic-Code", &format!("smtp; {}", diagnostic(reply, utf8)));
    }
    if let Some(tried) = outcome.tried {
        field(text, "Last-Attempt-Date", &date(tried));
    }
    if let Some(until) = outcome.until {
        field(text, "Will-Retry-Until", &date(until));
    }
}

/// An address with its type. One of UTF-8 is spelt out in ASCII where the notice is ASCII (RFC 6533,
/// section 3).
fn typed(mailbox: &Mailbox, utf8: bool) -> String {
    match (mailbox.is_international(), utf8) {
        (false, _) => format!("rfc822; {mailbox}"),
        (true, true) => format!("utf-8; {mailbox}"),
        (true, false) => format!("utf-8; {}", spelt_out(mailbox.as_str())),
    }
}

fn spelt_out(text: &str) -> String {
    let mut spelt = String::new();
    for c in text.chars() {
        match c {
            '\\' | '+' | '=' => _ = write!(spelt, "\\x{{{:X}}}", c as u32),
            '!'..='~' => spelt.push(c),
            c => _ = write!(spelt, "\\x{{{:X}}}", c as u32),
        }
    }
    spelt
}

/// A reply on one line.
pub(super) fn diagnostic(reply: &Reply, utf8: bool) -> String {
    let status = reply.enhanced.map(|status| format!("{status} ")).unwrap_or_default();
    format!("{} {status}{}", reply.code, legible(&reply.text.replace('\n', " "), utf8))
}

/// What a stranger said, fit for a line: no control character, and nothing beyond ASCII where the
/// notice is ASCII.
pub(super) fn legible(text: &str, utf8: bool) -> String {
    let shown = crate::smtp::escape::Escaped::text(text).to_string();
    if utf8 { shown } else { shown.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect() }
}

/// What xtext means (RFC 3461, section 4), if that can stand in a line; else as it came. An address of UTF-8
/// is spelt out where the notice is ASCII, if it is not spelt out yet.
fn plain(xtext: &str, utf8: bool, is_utf8: bool) -> String {
    let meant = crate::smtp::xtext::decoded(xtext);
    match meant.filter(|text| !text.contains(char::is_control)) {
        Some(text) if utf8 || text.is_ascii() => text,
        Some(text) if is_utf8 => spelt_out(&text),
        _ => legible(xtext, utf8),
    }
}

/// One field, folded at blanks; a word that is longer than a line may be is cut.
fn field(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, "{name}:");
    let mut column = name.len() + 1;
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        if column + 1 + word.len() > LINE && column > name.len() + 1 {
            text.push_str("\r\n");
            column = 0;
        }
        while word.len() > MOST {
            let (head, rest) = word.split_at(word.floor_char_boundary(MOST));
            let _ = write!(text, " {head}\r\n");
            (word, column) = (rest, 0);
        }
        let _ = write!(text, " {word}");
        column += 1 + word.len();
    }
    text.push_str("\r\n");
}

/// RFC 5322 allows lines of 998.
const MOST: usize = 900;
