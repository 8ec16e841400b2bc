//! What is said to the target, and what of its answers is told to the provider.
//!
//! Parameters go through as far as the target offers them: what it has not heard of it would
//! refuse, and the mail with it.

use std::fmt::Write;

use crate::mail::Recipient;
use crate::smtp::{Body, Capabilities, Enhanced, MailParams, Reply, ReversePath};

/// Lines and octets of a reply that are passed on: RFC 5321 allows 512 octets to a line.
const LINES: usize = 8;
const LINE_OCTETS: usize = 400;

/// The MAIL command.
pub fn mail(from: &ReversePath, params: &MailParams, offered: &Capabilities) -> String {
    let mut line = format!("MAIL FROM:{from}");
    let mut add = |parameter: &str| {
        line.push(' ');
        line.push_str(parameter);
    };
    if let Some(size) = params.size.filter(|_| offered.size.is_some()) {
        add(&format!("SIZE={size}"));
    }
    if params.body == Body::EightBit && offered.eight_bit_mime {
        add("BODY=8BITMIME");
    }
    if params.body == Body::Binary {
        add("BODY=BINARYMIME");
    }
    if params.smtputf8 && offered.smtputf8 {
        add("SMTPUTF8");
    }
    if let Some(ret) = params.ret.filter(|_| offered.dsn) {
        add(&format!("RET={ret}"));
    }
    if let Some(envid) = params.envid.as_deref().filter(|text| can_say(text, offered)) {
        add(&format!("ENVID={envid}"));
    }
    line
}

/// The RCPT command.
pub fn rcpt(recipient: &Recipient, offered: &Capabilities) -> String {
    let mut line = format!("RCPT TO:{}", recipient.path);
    // Writing into a string cannot fail.
    if let Some(notify) = recipient.params.notify.filter(|_| offered.dsn) {
        let _ = write!(line, " NOTIFY={notify}");
    }
    if let Some(orcpt) = recipient.params.orcpt.as_deref().filter(|text| can_say(text, offered)) {
        let _ = write!(line, " ORCPT={orcpt}");
    }
    line
}

/// A DSN parameter may be passed on, unless it needs an SMTPUTF8 that is not there.
fn can_say(text: &str, offered: &Capabilities) -> bool {
    offered.dsn && (text.is_ascii() || offered.smtputf8)
}

/// Why the target cannot be asked to take such a mail. RFC 6531, section 3.5; RFC 3030, section 3.
pub fn unfit_mail(
    from: &ReversePath,
    params: &MailParams,
    offered: &Capabilities,
) -> Option<Reply> {
    let needs = params.smtputf8 || !from.as_str().is_ascii();
    if needs && !offered.smtputf8 {
        let words = "The mail needs SMTPUTF8, which the target does not offer";
        return Some(Reply::new(550, (6, 7), words));
    }
    // It was offered on the target's word, and the target has thought better of it since.
    (params.body == Body::Binary && !takes_binary(offered))
        .then(|| Reply::new(451, (6, 1), "The target does not offer BINARYMIME"))
}

/// Can the target be given content without lines? RFC 3030, section 3: BINARYMIME goes by BDAT only.
pub fn takes_binary(offered: &Capabilities) -> bool {
    offered.binarymime && offered.chunking
}

/// The same for a recipient.
pub fn unfit_recipient(recipient: &Recipient, offered: &Capabilities) -> Option<Reply> {
    let needs = !recipient.path.as_str().is_ascii();
    let reply =
        Reply::new(553, (6, 7), "The address needs SMTPUTF8, which the target does not offer");
    (needs && !offered.smtputf8).then_some(reply)
}

/// The target's reply as the provider hears it: its code, its status and its words, made fit for
/// the wire. Replies of a class that answers nothing give `None`.
pub fn passed_back(reply: Reply) -> Option<Reply> {
    if is_about_us(reply.code) {
        return Some(Reply::new(451, (3, 5), "The local mail server refuses this host"));
    }
    let class = match reply.code / 100 {
        2 => 2,
        4 => 4,
        5 => 5,
        _ => return None,
    };
    let text = reply.text.split('\n').take(LINES).map(tame).collect::<Vec<_>>().join("\n");
    // A server that offers ENHANCEDSTATUSCODES, as we do, gives one with every reply. RFC 2034.
    let status = reply.enhanced.unwrap_or(Enhanced::new(class, 0, 0));
    Some(Reply { enhanced: Some(status), ..reply }.saying(text))
}

/// Refusals of our way of talking (500, 502, 503) or of our person (530 and its kin) say nothing
/// about the mail. Passed on as they are, they would make the provider bounce it for a slip in our
/// settings.
fn is_about_us(code: u16) -> bool {
    matches!(code, 500 | 502 | 503 | 530 | 534 | 535 | 538)
}

/// Replies are ASCII unless SMTPUTF8 was asked for, and a stranger's words have no control
/// characters.
fn tame(line: &str) -> String {
    let visible = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    line.chars().take(LINE_OCTETS).map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{ForwardPath, RcptParams};

    fn everything() -> Capabilities {
        Capabilities::from_ehlo(&Reply::plain(250, "x\nSIZE\n8BITMIME\nSMTPUTF8\nDSN"))
    }

    #[test]
    fn parameters_pass_as_far_as_they_are_offered() {
        let from = ReversePath::parse("a@example.net").unwrap();
        let params =
            MailParams::parse("SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2Dy").unwrap();
        assert_eq!(
            mail(&from, &params, &everything()),
            "MAIL FROM:<a@example.net> SIZE=12 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2Dy"
        );
        assert_eq!(mail(&from, &params, &Capabilities::default()), "MAIL FROM:<a@example.net>");
        let recipient = Recipient {
            path: ForwardPath::parse("b@example.org").unwrap(),
            params: RcptParams::parse("NOTIFY=NEVER ORCPT=rfc822;b@example.org").unwrap(),
        };
        assert_eq!(
            rcpt(&recipient, &everything()),
            "RCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;b@example.org"
        );
        assert_eq!(rcpt(&recipient, &Capabilities::default()), "RCPT TO:<b@example.org>");
    }

    #[test]
    fn null_reverse_path_stays_null() {
        let line = mail(&ReversePath::Null, &MailParams::default(), &everything());
        assert_eq!(line, "MAIL FROM:<>");
    }

    #[test]
    fn a_targets_words_are_passed_back_but_tamed() {
        let long = format!("{}\n{}", "no \u{fc}\x1b[2J".repeat(99), "x\n".repeat(20));
        let told = passed_back(Reply::new(550, (7, 1), "").saying(long)).unwrap();
        assert_eq!((told.code, told.enhanced), (550, Some(Enhanced::new(5, 7, 1))));
        assert!(told.text.is_ascii() && told.text.split('\n').count() == LINES);
        assert!(told.text.split('\n').all(|line| line.len() <= LINE_OCTETS));
        let bare = passed_back(Reply::plain(452, "later")).unwrap();
        assert_eq!(bare, Reply::new(452, (0, 0), "later"));
        assert_eq!(passed_back(Reply::plain(354, "go on")), None);
    }

    #[test]
    fn refusals_of_ourselves_bounce_nothing() {
        for code in [500, 502, 503, 530, 535] {
            assert_eq!(passed_back(Reply::plain(code, "no")).unwrap().code, 451, "{code}");
        }
        assert_eq!(passed_back(Reply::plain(501, "bad address")).unwrap().code, 501);
    }
}
