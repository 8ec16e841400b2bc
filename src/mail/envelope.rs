//! The half of a mail that SMTP reads: who it is from, whom it is for, what was declared of it.
//! RFC 5321, section 2.3.1; RFC 3461 for the parameters that travel with it.

use crate::smtp::{Domain, ForwardPath, MailParams, Mailbox, RcptParams, ReversePath, xtext};

/// One recipient with the parameters of its RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Whom the mail is for.
    pub path: ForwardPath,
    /// NOTIFY and ORCPT, to be passed on unchanged.
    pub params: RcptParams,
}

/// A transaction's envelope. Complete ones have at least one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where a failure notice would go.
    pub reverse_path: ReversePath,
    /// MAIL's parameters.
    pub params: MailParams,
    /// In the order they were accepted.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// An envelope as MAIL opens it, without recipients yet.
    pub fn opened(reverse_path: ReversePath, params: MailParams) -> Envelope {
        Envelope { reverse_path, params, recipients: Vec::new() }
    }

    /// Must the next hop offer SMTPUTF8? RFC 6531, section 3.4: only where an address needs it or
    /// the sender said the header does.
    pub fn needs_smtputf8(&self) -> bool {
        self.params.smtputf8
    }
}

impl Recipient {
    /// The domain the mail would be held under, unless it is a bare postmaster or a literal.
    pub fn domain(&self) -> Option<&Domain> {
        self.path.mailbox().and_then(|mailbox| mailbox.domain())
    }

    /// The same recipient at another domain, with ORCPT saying who it was at first. `None` where the
    /// address would become too long for one.
    pub fn moved(&self, to: &Domain) -> Option<Recipient> {
        let ForwardPath::Mailbox(was) = &self.path else { return Some(self.clone()) };
        let moved = Mailbox::parse(&format!("{}@{to}", was.local_part())).ok()?;
        let mut params = self.params.clone();
        if params.orcpt.is_none() {
            params.orcpt = original(was);
        }
        Some(Recipient { path: ForwardPath::Mailbox(moved), params })
    }
}

/// The longest ORCPT there may be. RFC 3461, section 4.2.
const LONGEST: usize = 500;

/// An address as ORCPT; `None` for those few that it has no room or no way of writing for.
fn original(was: &Mailbox) -> Option<Box<str>> {
    let orcpt = match was.is_international() {
        false => format!("rfc822;{}", xtext::encoded(was.as_str())),
        // RFC 6533, section 3: as it is, where nothing in it would have to be spelt out.
        true if was.as_str().contains(['+', '=', '\\', ' ']) => return None,
        true => format!("utf-8;{was}"),
    };
    (orcpt.len() <= LONGEST).then(|| orcpt.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_keeps_its_first_name() {
        let to = Domain::parse("example.com").unwrap();
        let moved = |path: &str, orcpt: Option<&str>| {
            let params = RcptParams { orcpt: orcpt.map(Into::into), ..RcptParams::default() };
            let path = ForwardPath::parse(path).unwrap();
            let moved = Recipient { path, params }.moved(&to)?;
            Some((moved.path.as_str().to_owned(), moved.params.orcpt.map(String::from)))
        };
        let seen = moved("a+b@example.org", None).unwrap();
        assert_eq!(seen.0, "a+b@example.com");
        assert_eq!(seen.1.as_deref(), Some("rfc822;a+2Bb@example.org"));
        let seen = moved("a@example.org", Some("rfc822;old@else.test")).unwrap();
        assert_eq!(seen.1.as_deref(), Some("rfc822;old@else.test"));
        let seen = moved("\u{fc}@example.org", None).unwrap();
        assert_eq!(seen.1.as_deref(), Some("utf-8;\u{fc}@example.org"));
        assert_eq!(moved("postmaster", None).unwrap().0, "postmaster");
    }
}
