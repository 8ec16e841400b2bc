//! The bargain of RFC 2645: who may claim what, and what an ATRN is told. Pure.

pub mod etrn;

use std::time::{Duration, Instant};

use crate::smtp::{Domain, Reply};

/// What a customer's ATRN amounts to, held against what it may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Every domain asked for is the account's own.
    Full(Vec<Domain>),
    /// At least one is not: no mail for *any* of them. RFC 2645, section 5.2.1.
    Partial,
    /// The account asks too often, and may again behind this time; or has as many sessions as it may, and
    /// nobody knows when one ends.
    TooSoon(Option<Duration>),
}

/// What waits for the domains claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Something that this session could send.
    Something,
    /// Something, but other sessions of the account are sending all of it.
    Elsewhere,
    /// Nothing.
    Nothing,
    /// What becomes of mail could not be written down just now, so none may leave.
    Unknown,
}

/// What a customer hears for whom nothing waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// 453. RFC 2645, section 5.2.1.
    Told,
    /// 250, and behind the turn nothing but QUIT: who says TURN may be older than 453.
    Turned,
}

/// What an ATRN is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 250, and the sides change roles.
    Turn,
    /// 450: refused, whatever waits. The same words for a domain that does not exist here and for
    /// one that is somebody else's, so that ATRN is no way to learn who our customers are.
    Refused,
    /// 450: later, and when, where that is known.
    TooSoon(Option<Duration>),
    /// 451: we cannot tell.
    TryLater,
    /// 453: nothing.
    NothingWaiting,
    /// 453: nothing that is not on its way already.
    AllOnItsWay,
}

/// What an account may have, at the moment it asks.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The domains that are its own.
    pub domains: &'a [Domain],
    /// The least time between the beginnings of two sessions with mail or without.
    pub pace: Duration,
    /// When it last asked.
    pub last: Option<Instant>,
    /// Reversed sessions it has open.
    pub sessions: u32,
    /// How many it may have.
    pub max_sessions: u32,
}

/// Holds a request against the terms. An empty list asks for everything.
pub fn claim(asked: &[Domain], terms: &Terms<'_>, now: Instant) -> Claim {
    if !asked.iter().all(|domain| terms.domains.contains(domain)) {
        return Claim::Partial;
    }
    if terms.sessions >= terms.max_sessions {
        return Claim::TooSoon(None);
    }
    let since = terms.last.map(|last| now.saturating_duration_since(last));
    if let Some(since) = since.filter(|since| *since < terms.pace) {
        return Claim::TooSoon(Some(terms.pace - since));
    }
    let domains = if asked.is_empty() { terms.domains } else { asked };
    Claim::Full(domains.to_vec())
}

/// What an ATRN is told. RFC 2645, section 5.2.1.
///
/// There is no row for 530 or 501: before AUTH, or with a malformed list, there is no request to
/// ask about.
pub fn answer(claim: &Claim, waiting: Waiting, empty: Empty) -> Answer {
    match (claim, waiting) {
        (Claim::Partial, _) => Answer::Refused,
        (Claim::TooSoon(wait), _) => Answer::TooSoon(*wait),
        (Claim::Full(_), Waiting::Unknown) => Answer::TryLater,
        (Claim::Full(_), Waiting::Nothing | Waiting::Elsewhere) if empty == Empty::Turned => {
            Answer::Turn
        }
        (Claim::Full(_), Waiting::Nothing) => Answer::NothingWaiting,
        (Claim::Full(_), Waiting::Elsewhere) => Answer::AllOnItsWay,
        (Claim::Full(_), Waiting::Something) => Answer::Turn,
    }
}

impl Answer {
    /// The answer in words. One line each: a fetchmail customer reads no second one.
    pub fn reply(self) -> Reply {
        match self {
            Answer::Turn => Reply::new(250, (0, 0), "ok, turning; your move"),
            Answer::Refused => {
                Reply::new(450, (7, 1), "access to at least one of these domains is refused")
            }
            Answer::TooSoon(None) => {
                Reply::new(450, (7, 0), "too many sessions of this account; try again later")
            }
            Answer::TooSoon(Some(wait)) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let reply = Reply::new(450, (7, 0), "");
                reply.saying(format!("too soon; try again in {seconds} s"))
            }
            Answer::TryLater => Reply::new(451, (3, 0), "cannot tell right now; try again later"),
            Answer::NothingWaiting => Reply::new(453, (3, 0), "you have no mail"),
            Answer::AllOnItsWay => Reply::new(
                453,
                (3, 0),
                "you have no mail that another session is not fetching already",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(names: &[&str]) -> Vec<Domain> {
        names.iter().map(|name| Domain::parse(name).unwrap()).collect()
    }

    fn terms(own: &[Domain]) -> Terms<'_> {
        Terms {
            domains: own,
            pace: Duration::from_secs(30),
            last: None,
            sessions: 0,
            max_sessions: 4,
        }
    }

    #[test]
    fn one_foreign_domain_spoils_the_whole_list() {
        let own = domains(&["example.org", "example.com"]);
        let now = Instant::now();
        assert_eq!(
            claim(&domains(&["example.org"]), &terms(&own), now),
            Claim::Full(domains(&["example.org"]))
        );
        assert_eq!(claim(&[], &terms(&own), now), Claim::Full(own.clone()));
        for foreign in ["example.net", "sub.example.org", "org.example", "org"] {
            let asked = domains(&["example.org", foreign]);
            assert_eq!(claim(&asked, &terms(&own), now), Claim::Partial, "{foreign}");
        }
    }

    #[test]
    fn haste_is_told_only_to_those_who_may_ask() {
        let own = domains(&["example.org"]);
        let now = Instant::now();
        let hurried = Terms { last: Some(now), ..terms(&own) };
        assert_eq!(
            claim(&[], &hurried, now + Duration::from_secs(29)),
            Claim::TooSoon(Some(Duration::from_secs(1)))
        );
        assert_eq!(claim(&[], &hurried, now + Duration::from_secs(30)), Claim::Full(own.clone()));
        assert_eq!(claim(&domains(&["example.net"]), &hurried, now), Claim::Partial);
        let busy = Terms { sessions: 4, ..terms(&own) };
        assert_eq!(claim(&[], &busy, now), Claim::TooSoon(None));
    }

    #[test]
    fn who_is_older_than_453_is_turned_for_nothing_but_nobody_else_is() {
        let code = |claim, waiting| answer(claim, waiting, Empty::Turned).reply().code;
        let full = Claim::Full(vec![]);
        for waiting in [Waiting::Nothing, Waiting::Elsewhere, Waiting::Something] {
            assert_eq!(code(&full, waiting), 250, "{waiting:?}");
            assert_eq!(code(&Claim::Partial, waiting), 450, "{waiting:?}");
            assert_eq!(code(&Claim::TooSoon(None), waiting), 450, "{waiting:?}");
        }
        assert_eq!(code(&full, Waiting::Unknown), 451);
    }

    #[test]
    fn the_codes_of_section_7() {
        let full = Claim::Full(vec![]);
        let code = |claim, waiting| answer(claim, waiting, Empty::Told).reply().code;
        assert_eq!(code(&full, Waiting::Something), 250);
        assert_eq!(code(&full, Waiting::Nothing), 453);
        assert_eq!(code(&full, Waiting::Elsewhere), 453);
        assert_eq!(code(&Claim::Partial, Waiting::Something), 450);
        assert_eq!(code(&Claim::TooSoon(None), Waiting::Something), 450);
        let soon = Claim::TooSoon(Some(Duration::from_millis(1500)));
        let soon = answer(&soon, Waiting::Nothing, Empty::Told);
        assert_eq!(soon.reply().to_string(), "450 4.7.0 too soon; try again in 2 s");
        assert_eq!(code(&full, Waiting::Unknown), 451);
        assert_eq!(
            code(&Claim::Partial, Waiting::Unknown),
            450,
            "others learn nothing of our troubles"
        );
    }
}
