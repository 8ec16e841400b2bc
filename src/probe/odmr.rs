//! What is asked of a server that hands mail over. RFC 2645, section 5.
//!
//! ATRN before AUTH has one answer only, 530; so that is asked of everybody. Deeper talks log in, and the deepest
//! has the line turned, takes nothing, and hangs up: the mail stays where it is.

use super::mx::{quit, wants_tls};
use super::{Depth, Exchange, Heard, Next, Rung, Script, call};

/// What is to be asked.
#[derive(Clone, Debug)]
pub struct Questions {
    /// How we call ourselves.
    pub name: String,
    /// How far to go.
    pub depth: Depth,
    /// The domain whose mail the account may have.
    pub domain: String,
    /// A domain that is not the account's.
    pub foreign: String,
}

/// The talk.
#[derive(Debug)]
pub struct OdmrTalk {
    asked: Questions,
    mechanisms: Vec<String>,
}

impl OdmrTalk {
    /// Nothing has been said yet.
    pub fn new(asked: Questions) -> OdmrTalk {
        OdmrTalk { asked, mechanisms: Vec::new() }
    }

    fn ehlo(&self) -> Next {
        Next::Say(Rung::Ehlo, format!("EHLO {}", self.asked.name))
    }

    /// All that was offered is known: EHLO was the last word, or STARTTLS was refused behind it.
    fn knock(&self, knows_atrn: bool) -> Next {
        match knows_atrn {
            true => Next::Say(Rung::Atrn, "ATRN".to_owned()),
            false => self.log_in(),
        }
    }

    fn log_in(&self) -> Next {
        match self.asked.depth >= Depth::Login {
            true => Next::Prove(self.mechanisms.clone()),
            false => quit(),
        }
    }

    fn foreign(&self) -> Next {
        let line = format!("ATRN {},{}", self.asked.domain, self.asked.foreign);
        Next::Say(Rung::Foreign, line)
    }
}

impl Script for OdmrTalk {
    fn next(&mut self, last: &Exchange<Rung>) -> Next {
        let Heard::Reply(said) = &last.heard else {
            return if last.heard == Heard::Secured { self.ehlo() } else { Next::HangUp };
        };
        match last.rung {
            _ if said.code == 421 => Next::HangUp,
            Rung::Quit => Next::HangUp,
            Rung::Greeting if said.code == 220 => self.ehlo(),
            Rung::Ehlo => {
                let Some(offers) = call::offers(last) else { return quit() };
                self.mechanisms = offers.auth;
                match wants_tls(last) {
                    true => Next::Say(Rung::Starttls, "STARTTLS".to_owned()),
                    false => self.knock(offers.atrn),
                }
            }
            Rung::Starttls if said.code == 220 => Next::Secure,
            Rung::Starttls => self.knock(false),
            // Granted to nobody in particular: not another word, the roles are others now.
            Rung::Atrn if said.is_positive() => Next::HangUp,
            Rung::Atrn => self.log_in(),
            Rung::Auth if said.code == 235 => match self.asked.depth {
                Depth::Turn => Next::Say(Rung::Domain, format!("ATRN {}", self.asked.domain)),
                _ => self.foreign(),
            },
            Rung::Domain if said.is_positive() => Next::Decline,
            // 453: it is ours, and nothing waits.
            Rung::Domain if said.code == 453 => self.foreign(),
            Rung::Foreign if said.is_positive() => Next::HangUp,
            _ => quit(),
        }
    }
}
