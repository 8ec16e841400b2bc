//! The lines of an envelope, with the parameters that the other side has offered to understand.

use std::fmt::Write;

use super::{Outgoing, Verdict};
use crate::mail::Recipient;
use crate::smtp::{Body, Capabilities, Reply, Said, Stage};

/// `MAIL FROM:<...>` with SIZE, BODY, SMTPUTF8, RET and ENVID as far as they are offered.
pub(super) fn mail(message: &Outgoing, offers: &Capabilities) -> String {
    let mut line = format!("MAIL FROM:{}", message.reverse_path);
    // Writing to a String cannot fail.
    if offers.size.is_some() {
        let _ = write!(line, " SIZE={}", message.size);
    }
    if message.params.body == Body::Binary && offers.binarymime {
        line.push_str(" BODY=BINARYMIME");
    } else if message.eight_bit && offers.eight_bit_mime {
        line.push_str(" BODY=8BITMIME");
    }
    if message.params.smtputf8 && offers.smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    if offers.dsn {
        if let Some(ret) = message.params.ret {
            let _ = write!(line, " RET={ret}");
        }
        if let Some(envid) = message.params.envid.as_deref().filter(|envid| envid.is_ascii()) {
            let _ = write!(line, " ENVID={envid}");
        }
    }
    line
}

/// `RCPT TO:<...>` with NOTIFY and ORCPT as they came, where DSN is offered. An ORCPT beyond ASCII goes only
/// where MAIL has asked for SMTPUTF8 (RFC 6533, section 3).
pub(super) fn rcpt(message: &Outgoing, recipient: &Recipient, offers: &Capabilities) -> String {
    let utf8 = message.params.smtputf8 && offers.smtputf8;
    let mut line = format!("RCPT TO:{}", recipient.path);
    if offers.dsn {
        if let Some(notify) = recipient.params.notify {
            let _ = write!(line, " NOTIFY={notify}");
        }
        if let Some(orcpt) =
            recipient.params.orcpt.as_deref().filter(|orcpt| utf8 || orcpt.is_ascii())
        {
            let _ = write!(line, " ORCPT={orcpt}");
        }
    }
    line
}

/// Content without a CRLF at its end, or with a line that is longer than a buffer, goes by BDAT only to a peer
/// that says it is one of ours: a fetchmail in between would wait for the end of that line for ever. What is
/// binary can go by nothing else; and whoever takes binary content minds no line. Where DATA is preferred, nothing else
/// goes by BDAT at all.
pub(super) fn goes_by_bdat(message: &Outgoing, offers: &Capabilities, prefers_data: bool) -> bool {
    let binary = message.params.body == Body::Binary;
    let minds_no_line = offers.xodmr.is_some() || offers.binarymime;
    let suits = minds_no_line || message.ends_in_crlf && (!message.long_lines || binary);
    offers.chunking && suits && (binary || !prefers_data)
}

/// Why a message cannot be given to this server as it is.
///
/// Content is never converted: that breaks signatures. What the server cannot carry waits until it
/// can, or until its time is up; only an address it cannot write is refused for good, as RFC 6531,
/// section 3.2 wants.
pub(super) fn unfit(message: &Outgoing, offers: &Capabilities) -> Option<Verdict> {
    let international = message.params.smtputf8 && needs_smtputf8(message);
    let binary = message.params.body == Body::Binary;
    if international && !offers.smtputf8 {
        Some(Verdict::Never(Said::new(Stage::Mail, NO_SMTPUTF8)))
    } else if binary && !(offers.binarymime && goes_by_bdat(message, offers, true)) {
        Some(Verdict::NotNow(Said::new(Stage::Mail, NO_BINARYMIME)))
    } else if message.eight_bit && !binary && !offers.eight_bit_mime {
        Some(Verdict::NotNow(Said::new(Stage::Mail, NO_8BITMIME)))
    } else {
        None
    }
}

/// RFC 6531, section 3.4: asked for only where an address or the content needs it.
fn needs_smtputf8(message: &Outgoing) -> bool {
    let ascii = message.reverse_path.as_str().is_ascii()
        && message.recipients.iter().all(|recipient| recipient.path.as_str().is_ascii());
    !ascii || message.eight_bit
}

const NO_SMTPUTF8: Reply = Reply::new(550, (6, 7), "the next server does not offer SMTPUTF8");
const NO_BINARYMIME: Reply = Reply::new(451, (6, 1), "the next server does not offer BINARYMIME");
const NO_8BITMIME: Reply = Reply::new(451, (6, 3), "the next server does not offer 8BITMIME");
