//! What is asked of a server that takes mail from strangers. RFC 5321.
//!
//! Always the same in the beginning: greeting, EHLO, STARTTLS where it is offered, EHLO again. Deeper talks go on
//! with whom it takes as a recipient, one transaction for each, and never to DATA. Where the server hangs up before
//! that is over, the rest is for a further call.

use std::collections::{BTreeSet, VecDeque};

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
    /// What is still to be done; none before that is known.
    ahead: Option<VecDeque<Step>>,
    /// Who was asked for last, and in whose name.
    begun: Option<(Deal, String)>,
    /// A sender was taken, and nothing has been reset since.
    is_begun: bool,
    /// That sender, as long as nobody was taken as a recipient.
    open: Option<String>,
    /// Senders that were not taken.
    refused: BTreeSet<String>,
    /// What was asked of whom: recipient and sender.
    done: BTreeSet<(String, String)>,
    /// What is being asked just now, if it is anything that could be asked again.
    doing: Option<Step>,
    /// The lines at which the other side hung up.
    cut_at: BTreeSet<String>,
    /// Has any question been answered?
    is_answered: bool,
}

/// A part of the talk.
#[derive(Clone, Debug)]
enum Step {
    /// Outside of a transaction.
    Say(Rung, String),
    Deal(Deal),
    /// Behind the sender of a deal.
    Rcpt(Rung, String),
}

/// A transaction for one recipient, that is never brought to its end.
#[derive(Clone, Debug)]
struct Deal {
    rung: Rung,
    to: String,
    /// This sender, or whoever is taken as one.
    from: Option<String>,
}

impl MxTalk {
    /// Nothing has been said yet.
    pub fn new(asked: Questions) -> MxTalk {
        MxTalk {
            asked,
            ahead: None,
            begun: None,
            is_begun: false,
            open: None,
            refused: BTreeSet::new(),
            done: BTreeSet::new(),
            doing: None,
            cut_at: BTreeSet::new(),
            is_answered: false,
        }
    }

    fn ehlo(&self) -> Next {
        Next::Say(Rung::Ehlo, format!("EHLO {}", self.asked.name))
    }

    /// The next of what is to be asked, or the end. Recipients that are refused share a transaction: some servers,
    /// Exim among them, hang up on whoever says RSET too often.
    fn go_on(&mut self) -> Next {
        let mut ahead = self.ahead.take().unwrap_or_else(|| plan(&self.asked));
        self.doing = None;
        let next = loop {
            match ahead.pop_front() {
                Some(Step::Say(rung, line)) if rung == Rung::Rset || !self.is_begun => {
                    self.doing = Some(Step::Say(rung, line.clone()));
                    break Next::Say(rung, line);
                }
                Some(Step::Deal(deal)) => {
                    let Some(from) = self.sender(&deal) else { continue };
                    let rcpt = format!("RCPT TO:<{}>", deal.to);
                    if self.is_begun && self.open.as_ref() != Some(&from) {
                        ahead.push_front(Step::Deal(deal));
                        break reset();
                    }
                    self.done.insert((deal.to.clone(), from.clone()));
                    let (rung, is_open) = (deal.rung, self.is_begun);
                    self.doing = Some(Step::Deal(deal.clone()));
                    self.begun = Some((deal, from.clone()));
                    if is_open {
                        break Next::Say(rung, rcpt);
                    }
                    ahead.push_front(Step::Rcpt(rung, rcpt));
                    let rung = if from.is_empty() { Rung::NullSender } else { Rung::Mail };
                    break Next::Say(rung, format!("MAIL FROM:<{from}>"));
                }
                Some(Step::Rcpt(rung, line)) => {
                    self.doing = self.begun.as_ref().map(|(deal, _)| Step::Deal(deal.clone()));
                    break Next::Say(rung, line);
                }
                Some(step) => {
                    ahead.push_front(step);
                    break reset();
                }
                // Which ends a transaction, too. RFC 5321, section 4.1.1.10.
                None => break quit(),
            }
        };
        self.ahead = Some(ahead);
        next
    }

    /// Who sends this: nobody where no sender is left that is taken, or where it has been asked.
    fn sender(&self, deal: &Deal) -> Option<String> {
        let any = || senders(&self.asked);
        let candidates = deal.from.clone().map_or_else(any, |from| vec![from]);
        let from = candidates.into_iter().find(|from| !self.refused.contains(from))?;
        let is_new = !self.done.contains(&(deal.to.clone(), from.clone()));
        (is_new || deal.from.is_none()).then_some(from)
    }

    /// Without a sender there is no recipient. Another one may be taken.
    fn give_up_transaction(&mut self) {
        let ahead = self.ahead.get_or_insert_default();
        if let Some((deal, from)) = self.begun.take() {
            self.refused.insert(from);
            if matches!(ahead.front(), Some(Step::Rcpt(..))) {
                ahead.pop_front();
            }
            ahead.push_front(Step::Deal(deal));
        }
    }

    /// What was being asked comes first once more; but only once, for it may be what the other side hung up at.
    fn put_back(&mut self, line: &str) {
        let ahead = self.ahead.get_or_insert_default();
        if matches!(ahead.front(), Some(Step::Rcpt(..))) {
            ahead.pop_front();
        }
        let begun = self.begun.take();
        let Some(step) = self.doing.take().filter(|_| self.cut_at.insert(line.to_owned())) else {
            return;
        };
        if let (Step::Deal(deal), Some((_, from))) = (&step, begun) {
            self.done.remove(&(deal.to.clone(), from));
        }
        ahead.push_front(step);
    }

    /// Notes how far a transaction has come: into one in which somebody was taken nobody else is put.
    fn note(&mut self, rung: Rung, is_ok: bool) {
        match rung {
            Rung::NullSender | Rung::Mail if is_ok => {
                self.is_begun = true;
                self.open = self.begun.as_ref().map(|(_, from)| from.clone());
            }
            Rung::Rcpt | Rung::RcptAgain | Rung::Postmaster | Rung::Unmade | Rung::Relay
                if is_ok =>
            {
                self.open = None;
            }
            Rung::Rset => (self.is_begun, self.open) = (false, None),
            _ => {}
        }
    }

    /// Who puts senders off for a while may take them a little later.
    fn ask_again(&mut self) {
        if let Some((deal, from)) = self.begun.take() {
            let again = Deal { rung: Rung::RcptAgain, from: None, to: deal.to };
            self.done.remove(&(again.to.clone(), from));
            self.ahead.get_or_insert_default().push_back(Step::Deal(again));
        }
    }
}

impl Script for MxTalk {
    fn next(&mut self, last: &Exchange<Rung>) -> Next {
        let Heard::Reply(said) = &last.heard else {
            return if last.heard == Heard::Secured { self.ehlo() } else { Next::HangUp };
        };
        let is_ok = said.is_positive();
        self.note(last.rung, is_ok);
        self.is_answered |= !last.rung.is_opening() && said.code != 421;
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
                self.ask_again();
                self.go_on()
            }
            _ => self.go_on(),
        }
    }

    /// After some refusals, or some lines that it does not know, a server hangs up: Exim after three of the latter.
    /// One that hung up before it had answered anything is left alone.
    fn resume(&mut self, last: &Exchange<Rung>) -> bool {
        let is_cut = match &last.heard {
            Heard::Closed => true,
            Heard::Reply(said) => said.code == 421,
            _ => false,
        };
        if !is_cut || !self.is_answered || last.rung.is_opening() || last.rung == Rung::Quit {
            return false;
        }
        self.put_back(&last.said);
        (self.is_begun, self.open) = (false, None);
        self.ahead.as_ref().is_some_and(|ahead| !ahead.is_empty())
    }
}

fn reset() -> Next {
    Next::Say(Rung::Rset, "RSET".to_owned())
}

pub(super) fn quit() -> Next {
    Next::Say(Rung::Quit, "QUIT".to_owned())
}

/// Does it offer TLS, and there is none yet?
pub(super) fn wants_tls(ehlo: &Exchange<Rung>) -> bool {
    !ehlo.tls && call::offers(ehlo).is_some_and(|offers| offers.starttls)
}

/// All that is said behind the greetings.
fn plan(asked: &Questions) -> VecDeque<Step> {
    let mut ahead = VecDeque::new();
    if asked.depth < Depth::Rcpt {
        return ahead;
    }
    if !asked.from.is_empty() {
        ahead.push_back(Step::Say(Rung::NullSender, "MAIL FROM:<>".to_owned()));
        ahead.push_back(Step::Say(Rung::Rset, "RSET".to_owned()));
    }
    let deal = |rung: Rung, to: &str, from: Option<&String>| {
        Step::Deal(Deal { rung, to: to.to_owned(), from: from.cloned() })
    };
    let at = &asked.domain;
    if let Some(local) = &asked.local {
        ahead.push_back(deal(Rung::Rcpt, &format!("{local}@{at}"), None));
    }
    ahead.push_back(deal(Rung::Postmaster, &format!("postmaster@{at}"), None));
    ahead.push_back(deal(Rung::Unmade, &format!("{}@{at}", asked.unmade), None));
    if asked.depth >= Depth::Full {
        // Before what makes some servers, Exim among them, hang up.
        if asked.may_turn {
            ahead.push_back(Step::Say(Rung::Atrn, format!("ATRN {at}")));
            ahead.push_back(Step::Say(Rung::Turn, "TURN".to_owned()));
        }
        let forms = relay_forms(&asked.stranger, at);
        ahead.extend(forms.iter().map(|form| deal(Rung::Relay, form, None)));
        for (sender, most) in relay_senders(asked) {
            let forms = forms.iter().take(most);
            ahead.extend(forms.map(|form| deal(Rung::Relay, form, Some(&sender))));
        }
    }
    ahead
}

/// Nobody's address, as a sender. RFC 2606, section 3.
const ORDINARY: &str = "nobody@example.net";

/// Somebody of the domain itself.
fn of_domain(asked: &Questions) -> String {
    let local = asked.local.as_deref().unwrap_or("postmaster");
    format!("{local}@{}", asked.domain)
}

/// Who may send, those first that are tried first: whom the caller named, otherwise nobody, as in a failure notice,
/// which every server must take (RFC 5321, section 4.5.5), and where one does not an ordinary sender.
fn senders(asked: &Questions) -> Vec<String> {
    match asked.from.is_empty() {
        true => vec![String::new(), ORDINARY.to_owned(), of_domain(asked)],
        false => vec![asked.from.clone()],
    }
}

/// Who is to be asked for besides, and in how many forms: some servers relay for senders whose domain they know,
/// or for anybody but nobody. Not more: after twenty refusals many a server hangs up.
fn relay_senders(asked: &Questions) -> Vec<(String, usize)> {
    let mut senders = vec![(ORDINARY.to_owned(), 3), (of_domain(asked), 1)];
    let own = format!("@{}", asked.domain);
    match asked.from.as_str() {
        "" => {}
        from if from.ends_with(&own) => senders[1] = (String::new(), 1),
        _ => senders[0] = (String::new(), 1),
    }
    senders
}

/// Somebody elsewhere, in each form in which servers have been talked into relaying: as he is, by a route
/// (RFC 5321, appendix C), hidden in what looks like somebody at the domain, and at a number (of those kept for
/// examples, RFC 5737).
fn relay_forms(stranger: &str, domain: &str) -> Vec<String> {
    let (local, elsewhere) = stranger.rsplit_once('@').unwrap_or((stranger, "example.com"));
    vec![
        stranger.to_owned(),
        format!("{local}%{elsewhere}@{domain}"),
        format!("@{domain}:{stranger}"),
        format!("{elsewhere}!{local}@{domain}"),
        format!("\"{stranger}\"@{domain}"),
        format!("\"{local}%{elsewhere}\"@{domain}"),
        format!("{stranger}@{domain}"),
        format!("{local}@[192.0.2.25]"),
    ]
}
