//! A PIX or an ASA in front of the provider writes over what it says: stars for the greeting, X for what it lists, "unknown"
//! for EHLO. What is missing then is not the provider's fault, and nothing weaker is tried for want of it (MSQ-48).

use std::fmt;

use super::CallFault;
use crate::sasl::NoMechanism;
use crate::smtp::{Capabilities, Reply};

/// So many stars in a row are no name.
const STARS: usize = 10;
/// So many X are no keyword.
const CROSSES: usize = 4;

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// EHLO is not known.
    Ehlo,
    /// Neither ATRN nor TURN is listed.
    Atrn,
    /// STARTTLS is not.
    Tls,
    /// No login is.
    Login,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::Ehlo => "it knows no EHLO",
            Missing::Atrn => "its EHLO lists no ATRN",
            Missing::Tls => "it offers no STARTTLS",
            Missing::Login => "it offers no login",
        })
    }
}

/// Whether one was seen.
#[derive(Debug, Default)]
pub(super) struct Mask {
    is_seen: bool,
}

impl Mask {
    pub(super) fn greeted(&mut self, greeting: &Reply) {
        let of_a_mask = |letter: &char| matches!(letter, '*' | '0' | '2' | ' ');
        let stars = greeting.text.chars().take_while(of_a_mask).count();
        self.is_seen |= stars >= STARS && greeting.text.starts_with('*');
    }

    pub(super) fn offered(&mut self, offers: &Capabilities) {
        self.is_seen |= offers.lines.iter().any(|line| is_crossed_out(line));
    }

    /// The same fault, with its cause where there is a mask.
    pub(super) fn seen_through(&self, fault: CallFault) -> CallFault {
        let is_crossed =
            matches!(&fault, CallFault::NoEhlo(reply) if reply.text.split(' ').any(is_crossed_out));
        if !self.is_seen && !is_crossed {
            return fault;
        }
        CallFault::Masked(match fault {
            CallFault::NoEhlo(reply) if !reply.is_transient() => Missing::Ehlo,
            CallFault::NoAtrn => Missing::Atrn,
            CallFault::NoTls => Missing::Tls,
            CallFault::NoMechanism(NoMechanism::NothingOffered) => Missing::Login,
            fault => return fault,
        })
    }
}

fn is_crossed_out(word: &str) -> bool {
    let word = word.trim_matches('"');
    word.len() >= CROSSES && word.bytes().all(|octet| octet == b'X')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(greeting: &'static str, list: &'static str, fault: CallFault) -> String {
        let mut mask = Mask::default();
        mask.greeted(&Reply::plain(220, greeting));
        mask.offered(&Capabilities::from_ehlo(&Reply::plain(250, list)));
        mask.seen_through(fault).to_string()
    }

    const STARRED: &str = "****************2******0*****";

    #[test]
    fn what_is_missing_behind_a_mask_is_told_as_that() {
        let unknown = || CallFault::NoEhlo(Reply::plain(500, "what?"));
        let nothing = || CallFault::NoMechanism(NoMechanism::NothingOffered);
        for (fault, missing) in [
            (unknown(), "knows no EHLO"),
            (CallFault::NoAtrn, "lists no ATRN"),
            (CallFault::NoTls, "offers no STARTTLS"),
            (nothing(), "offers no login"),
        ] {
            let told = told(STARRED, "a", fault);
            assert!(told.contains(missing) && told.contains("a device on the way"), "{told}");
        }
        assert!(told("a", "a\nXXXXXXXA\nXXXX", CallFault::NoAtrn).contains("a device"));
        let crossed = CallFault::NoEhlo(Reply::plain(500, "Command unrecognized: \"XXXX\""));
        assert!(told("a", "a", crossed).contains("a device"));
    }

    #[test]
    fn without_one_it_is_the_provider() {
        for (greeting, list) in
            [("mx.example.net", "a\nXODMR"), ("2002 0220 22", "a\nXXX"), ("** welcome", "a")]
        {
            assert!(!told(greeting, list, CallFault::NoAtrn).contains("a device"), "{greeting}");
        }
        // And what has another cause has that.
        let later = CallFault::NoEhlo(Reply::plain(450, "later"));
        assert!(!told(STARRED, "a", later).contains("a device"));
    }
}
