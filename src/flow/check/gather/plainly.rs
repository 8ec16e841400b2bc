//! Servers that answer only what is asked without EDNS are asked without it. RFC 6891, section 7: some, or what
//! stands in front of them, drop such questions or refuse them, and resolvers get along with that.

use std::collections::{HashMap, HashSet};

use super::{Ask, Gatherer};
use crate::check::facts::{Answer, Manner, Server, Transport};

/// What is known of a server.
#[derive(Default)]
struct Known {
    /// It answered a question without EDNS.
    plainly: bool,
    /// One with EDNS, too.
    usually: bool,
}

impl Gatherer<'_> {
    /// Those of these questions that have to be put once more, in other words: to servers of which it is known only
    /// now that they hear no others.
    pub(super) fn once_more(&mut self, asks: &[Ask]) -> Vec<Ask> {
        let plain = plain_only(&self.facts.answers);
        let new: HashSet<&Server> = plain.difference(&self.plain).collect();
        let is_lost = |ask: &&Ask| ask.manner == Manner::Usual && new.contains(&ask.server);
        let again = asks.iter().filter(is_lost).map(plainly).collect();
        self.plain = plain;
        again
    }

    /// The question as such a server hears it. What takes EDNS, signatures, it cannot be asked for.
    pub(super) fn as_heard(&self, ask: Ask) -> Option<Ask> {
        match ask.manner {
            _ if !self.plain.contains(&ask.server) || ask.transport == Transport::Tcp => Some(ask),
            Manner::Usual | Manner::Plain => Some(plainly(&ask)),
            Manner::Signed | Manner::Unchecked => None,
        }
    }
}

fn plainly(ask: &Ask) -> Ask {
    Ask { manner: Manner::Plain, ..ask.clone() }
}

/// The servers that answer questions without EDNS, and no others.
fn plain_only(answers: &[Answer]) -> HashSet<Server> {
    let mut known: HashMap<&Server, Known> = HashMap::new();
    for answer in answers.iter().filter(|answer| answer.transport == Transport::Udp) {
        let is_told = answer.is_heard();
        let known = known.entry(&answer.server).or_default();
        match answer.manner {
            Manner::Plain => known.plainly |= is_told,
            Manner::Usual | Manner::Unchecked | Manner::Signed => known.usually |= is_told,
        }
    }
    let plain = known.into_iter().filter(|(_, known)| known.plainly && !known.usually);
    plain.map(|(server, _)| server.clone()).collect()
}
