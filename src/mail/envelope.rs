//! The half of a mail that SMTP reads: who it is from, whom it is for, what was declared of it.
//! RFC 5321, section 2.3.1; RFC 3461 for the parameters that travel with it.

use crate::smtp::{Domain, ForwardPath, MailParams, RcptParams, ReversePath};

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
}
