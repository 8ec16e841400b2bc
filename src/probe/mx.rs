//! What is asked of a server that takes mail from strangers. RFC 5321.
//!
//! Always the same in the beginning: greeting, EHLO, STARTTLS where it is offered, EHLO again. Deeper talks go on
//! with whom it takes as a recipient, one transaction for each, and never to DATA.

use std::collections::VecDeque;

use super::{Depth, Exchange, Heard, Next, Rung, Script, call};

/// What is to be asked.
#[derive(Clone, Debug)]
pub struct Questions {
    /// How we call ourselves.
    pub name: String,
    /// How far to go.
    pub depth: Depth,
    /// The domain that the server should take mail for.
    pub domain: String,
    /// Who sends; empty for the null reverse-path.
    pub from: String,
    /// Somebody at the domain, by the part before the `@`.
    pub local: Option<String>,
    /// Such a part that nobody can have.
    pub unmade: String,
    /// Somebody elsewhere, for whom it should take nothing.
    pub stranger: String,
    /// May it be asked to turn the line? Nobody else's server is.
    pub may_turn: bool,
}

/// The talk.
#[derive(Debug)]
pub struct MxTalk {
    asked: Questions,
    /// What is still to be said; none before that is known.
    ahead: Option<VecDeque<(Rung, String)>>,
}

impl MxTalk {
    /// Nothing has been said yet.
    pub fn new(asked: Questions) -> MxTalk {
        MxTalk { asked, ahead: None }
    }

    fn ehlo(&self) -> Next {
        Next::Say(Rung::Ehlo, format!("EHLO {}", self.asked.name))
    }

    /// The next of what is to be asked, or the end.
    fn go_on(&mut self) -> Next {
        let ahead = self.ahead.get_or_insert_with(|| plan(&self.asked));
        match ahead.pop_front() {
            Some((rung, line)) => Next::Say(rung, line),
            None => quit(),
        }
    }

    /// Without a sender there is no recipient.
    fn give_up_transaction(&mut self) {
        let ahead = self.ahead.get_or_insert_default();
        while ahead.front().is_some_and(|(rung, _)| *rung != Rung::Rset) {
            ahead.pop_front();
        }
    }

    /// Who puts senders off for a while may take them a little later.
    fn ask_again(&mut self, line: &str) {
        let mail = format!("MAIL FROM:<{}>", self.asked.from);
        let again = [(Rung::Mail, mail), (Rung::RcptAgain, line.to_owned())];
        self.ahead.get_or_insert_default().extend(again);
    }
}

impl Script for MxTalk {
    fn next(&mut self, last: &Exchange<Rung>) -> Next {
        let Heard::Reply(said) = &last.heard else {
            return if last.heard == Heard::Secured { self.ehlo() } else { Next::HangUp };
        };
        let is_ok = said.is_positive();
        match last.rung {
            _ if said.code == 421 => Next::HangUp,
            Rung::Quit => Next::HangUp,
            Rung::Greeting if said.code == 220 => self.ehlo(),
            Rung::Ehlo if is_ok => match wants_tls(last) {
                true => Next::Say(Rung::Starttls, "STARTTLS".to_owned()),
                false => self.go_on(),
            },
            Rung::Ehlo if said.is_permanent() && !last.tls => {
                Next::Say(Rung::Helo, format!("HELO {}", self.asked.name))
            }
            Rung::Greeting | Rung::Ehlo => quit(),
            Rung::Helo if !is_ok => quit(),
            Rung::Starttls if said.code == 220 => Next::Secure,
            // Whoever grants that to a stranger hears no more of us, not even QUIT: the roles are others now.
            Rung::Atrn | Rung::Turn if is_ok => Next::HangUp,
            Rung::NullSender | Rung::Mail if !is_ok => {
                self.give_up_transaction();
                self.go_on()
            }
            Rung::Rcpt if said.is_transient() => {
                self.ask_again(&last.said);
                self.go_on()
            }
            _ => self.go_on(),
        }
    }
}

pub(super) fn quit() -> Next {
    Next::Say(Rung::Quit, "QUIT".to_owned())
}

/// Does it offer TLS, and there is none yet?
pub(super) fn wants_tls(ehlo: &Exchange<Rung>) -> bool {
    !ehlo.tls && call::offers(ehlo).is_some_and(|offers| offers.starttls)
}

/// All that is said behind the greetings.
fn plan(asked: &Questions) -> VecDeque<(Rung, String)> {
    let mut ahead = VecDeque::new();
    if asked.depth < Depth::Rcpt {
        return ahead;
    }
    let null = (Rung::NullSender, "MAIL FROM:<>".to_owned());
    if !asked.from.is_empty() {
        ahead.extend([null.clone(), rset()]);
    }
    let mut transaction = |rung: Rung, to: &str| {
        let mail = match asked.from.is_empty() {
            true => null.clone(),
            false => (Rung::Mail, format!("MAIL FROM:<{}>", asked.from)),
        };
        ahead.extend([mail, (rung, format!("RCPT TO:<{to}>")), rset()]);
    };
    let at = &asked.domain;
    if let Some(local) = &asked.local {
        transaction(Rung::Rcpt, &format!("{local}@{at}"));
    }
    transaction(Rung::Postmaster, &format!("postmaster@{at}"));
    transaction(Rung::Unmade, &format!("{}@{at}", asked.unmade));
    if asked.depth >= Depth::Full {
        for form in relay_forms(&asked.stranger, at) {
            transaction(Rung::Relay, &form);
        }
        if asked.may_turn {
            ahead.push_back((Rung::Atrn, format!("ATRN {at}")));
            ahead.push_back((Rung::Turn, "TURN".to_owned()));
        }
    }
    ahead
}

fn rset() -> (Rung, String) {
    (Rung::Rset, "RSET".to_owned())
}

/// Somebody elsewhere, in each form in which servers have been talked into relaying: as he is, by a route
/// (RFC 5321, appendix C), hidden in what looks like somebody at the domain, and at a number (of those kept for
/// examples, RFC 5737).
fn relay_forms(stranger: &str, domain: &str) -> Vec<String> {
    let (local, elsewhere) = stranger.rsplit_once('@').unwrap_or((stranger, "example.com"));
    vec![
        stranger.to_owned(),
        format!("@{domain}:{stranger}"),
        format!("{local}%{elsewhere}@{domain}"),
        format!("{elsewhere}!{local}@{domain}"),
        format!("\"{stranger}\"@{domain}"),
        format!("\"{local}%{elsewhere}\"@{domain}"),
        format!("{stranger}@{domain}"),
        format!("{local}@[192.0.2.25]"),
    ]
}
