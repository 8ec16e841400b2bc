//! Which verb is spoken where. One table, laid beside RFC 2645, section 5 and RFC 5321, section
//! 4.5.1; help texts and tests are read off it.

use crate::smtp::Verb;

/// What kind of server a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Port 25: strangers bring mail for our customers' domains.
    Mx,
    /// Port 366: customers come for theirs. RFC 2645.
    Odmr,
    /// The customer after the turn.
    Reversed,
    /// A mail server in front of us brings what it has filtered. RFC 2033.
    Lmtp,
    /// Port 25 for customers of the kind of Exchange 2003: ODMR with a bare TURN, and their own mail before it.
    Exchange,
}

/// What a profile does with a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// Serves it.
    Yes,
    /// Knows it, does not do it: 502. RFC 2645, section 5.4.
    No,
}

use Spoken::{No, Yes};

/// Verb by profile: MX, ODMR, reversed, LMTP, Exchange.
#[rustfmt::skip]
pub const VERB_TABLE: [(Verb, [Spoken; 5]); 19] = [
    //                 Mx   Odmr Rev. Lmtp Exch.
    (Verb::Ehlo,      [Yes, Yes, Yes, No , Yes]),
    (Verb::Helo,      [Yes, No,  Yes, No , Yes]), // without EHLO there is no AUTH, so nothing to be had on 366
    (Verb::Lhlo,      [No,  No,  No , Yes, No ]),
    (Verb::Mail,      [Yes, No,  Yes, Yes, Yes]),
    (Verb::Rcpt,      [Yes, No,  Yes, Yes, Yes]),
    (Verb::Data,      [Yes, No,  Yes, Yes, Yes]),
    (Verb::Bdat,      [Yes, No,  Yes, Yes, Yes]),
    (Verb::Rset,      [Yes, Yes, Yes, Yes, Yes]), // harmless, and old customers send it
    (Verb::Noop,      [Yes, Yes, Yes, Yes, Yes]),
    (Verb::Quit,      [Yes, Yes, Yes, Yes, Yes]),
    (Verb::Vrfy,      [Yes, No,  Yes, Yes, Yes]),
    (Verb::Expn,      [No,  No,  No,  No , No ]),
    (Verb::Help,      [Yes, Yes, Yes, Yes, Yes]),
    (Verb::Starttls,  [Yes, Yes, No,  No , Yes]), // over TLS it may not be offered again, in clear we would need a certificate
    (Verb::Auth,      [No,  Yes, No,  No , Yes]),
    (Verb::Atrn,      [No,  Yes, No,  No , Yes]),
    (Verb::Turn,      [No,  No,  No,  No,  Yes]), // and only behind a login: RFC 5321, appendix F.1
    (Verb::Etrn,      [Yes, Yes, No,  No , Yes]), // where some domain has a host to be called
    (Verb::Xclient,   [Yes, No,  No,  Yes, No ]), // from hosts that are believed
];

impl Profile {
    /// Does this profile serve the verb?
    pub fn speaks(self, verb: Verb) -> bool {
        let row = VERB_TABLE.iter().find(|(row, _)| *row == verb);
        row.is_some_and(|(_, spoken)| spoken[self as usize] == Yes)
    }

    /// Customers come here for their mail.
    pub fn is_for_customers(self) -> bool {
        matches!(self, Profile::Odmr | Profile::Exchange)
    }

    /// The longest command line, CRLF included, that is heard out. RFC 5321 asks for 512 and lets
    /// extensions add to it; ATRN's list and AUTH's exchange may need 12288 (RFC 4954, section 4).
    pub fn line_limit(self) -> usize {
        match self {
            Profile::Mx | Profile::Reversed | Profile::Lmtp => 4096,
            Profile::Odmr | Profile::Exchange => 12288,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::command::VERBS;

    #[test]
    fn every_verb_has_its_row() {
        for (name, verb) in VERBS {
            assert_eq!(VERB_TABLE.iter().filter(|(row, _)| *row == verb).count(), 1, "{name}");
        }
    }

    #[test]
    fn rfc_2645_needs_only_these_on_366() {
        for verb in [Verb::Ehlo, Verb::Auth, Verb::Atrn, Verb::Quit] {
            assert!(Profile::Odmr.speaks(verb));
        }
        assert!(!Profile::Mx.speaks(Verb::Atrn) && !Profile::Reversed.speaks(Verb::Auth));
    }

    #[test]
    fn turn_is_heard_where_exchange_calls_and_nowhere_else() {
        for profile in [Profile::Mx, Profile::Odmr, Profile::Reversed, Profile::Lmtp] {
            assert!(!profile.speaks(Verb::Turn), "{profile:?}");
        }
        for verb in [Verb::Turn, Verb::Atrn, Verb::Auth, Verb::Mail] {
            assert!(Profile::Exchange.speaks(verb), "{verb}");
        }
    }

    /// RFC 2033, section 4.1.
    #[test]
    fn lmtp_is_greeted_by_lhlo_and_by_nothing_else() {
        for verb in [Verb::Ehlo, Verb::Helo] {
            assert!(!Profile::Lmtp.speaks(verb) && Profile::Mx.speaks(verb));
        }
        assert!(Profile::Lmtp.speaks(Verb::Lhlo) && !Profile::Mx.speaks(Verb::Lhlo));
    }
}
