//! Recipients that a customer's server has said it does not have: refused at the door for a time,
//! while their senders still listen, instead of by a notice to whoever was named as the sender.

use std::collections::HashMap;
use std::time::Instant;

use crate::smtp::{Domain, Mailbox, Reply};

/// Recipients of one domain that are remembered; guesses must not be able to fill our memory.
const OF_ONE_DOMAIN: usize = 10_000;
/// And of all domains.
const IN_ALL: usize = 100_000;

/// Who is known not to be there. Sans clock.
#[derive(Debug, Default)]
pub struct Learned {
    domains: HashMap<Domain, Lasting>,
    count: usize,
    /// Nothing is over before this.
    soonest: Option<Instant>,
}

/// Of one domain: until when.
#[derive(Debug, Default)]
struct Lasting {
    until: HashMap<String, Instant>,
    soonest: Option<Instant>,
}

impl Lasting {
    /// Forgets what is over. Whoever guesses at a full list does not have it looked through each time.
    fn forget_what_is_over(&mut self, now: Instant) {
        if self.soonest.is_some_and(|soonest| soonest <= now) {
            self.until.retain(|_, until| *until > now);
            self.soonest = self.until.values().min().copied();
        }
    }
}

/// Does this refusal speak of the address, whoever writes to it? A refusal for any other reason (the
/// sender, the content, policy) says nothing about the next message. RFC 3463, section 3.2.
pub fn is_about_the_address(reply: &Reply) -> bool {
    let details = [
        (1, 1),  // bad destination mailbox address
        (1, 3),  // bad destination mailbox address syntax
        (1, 6),  // mailbox has moved, no forwarding address
        (1, 10), // null MX (RFC 7505)
        (2, 1),  // mailbox disabled
    ];
    let is_one = |status: crate::smtp::Enhanced| {
        status.class == 5 && details.contains(&(status.subject, status.detail))
    };
    reply.code / 100 == 5 && reply.enhanced.is_some_and(is_one)
}

impl Learned {
    /// Remembers that this mailbox is not there. The postmaster always is.
    pub fn learn(&mut self, mailbox: &Mailbox, until: Instant, now: Instant) {
        let Some((domain, local_part)) = key(mailbox).filter(|(_, local)| local != "postmaster")
        else {
            return;
        };
        if self.count >= IN_ALL {
            self.forget_what_is_over(now);
        }
        let of_domain = self.domains.entry(domain.clone()).or_default();
        if of_domain.until.len() >= OF_ONE_DOMAIN {
            let before = of_domain.until.len();
            of_domain.forget_what_is_over(now);
            self.count -= before - of_domain.until.len();
        }
        let full = of_domain.until.len() >= OF_ONE_DOMAIN || self.count >= IN_ALL;
        if full && !of_domain.until.contains_key(&local_part) {
            return;
        }
        let earlier = |soonest: Option<Instant>| Some(soonest.map_or(until, |one| one.min(until)));
        of_domain.soonest = earlier(of_domain.soonest);
        self.soonest = earlier(self.soonest);
        self.count += usize::from(of_domain.until.insert(local_part, until).is_none());
    }

    /// The customer's server has taken mail for it, so it is there.
    pub fn unlearn(&mut self, mailbox: &Mailbox) {
        if self.count == 0 {
            return;
        }
        let Some((domain, local_part)) = key(mailbox) else { return };
        let of_domain = self.domains.get_mut(domain);
        if of_domain.is_some_and(|of_domain| of_domain.until.remove(&local_part).is_some()) {
            self.count -= 1;
        }
    }

    /// Is it known not to be there?
    pub fn knows(&self, mailbox: &Mailbox, now: Instant) -> bool {
        if self.count == 0 {
            return false;
        }
        let Some((domain, local_part)) = key(mailbox) else { return false };
        let of_domain = self.domains.get(domain);
        let until = of_domain.and_then(|of_domain| of_domain.until.get(&local_part));
        until.is_some_and(|until| *until > now)
    }

    /// Starts anew.
    pub fn clear(&mut self) {
        *self = Learned::default();
    }

    fn forget_what_is_over(&mut self, now: Instant) {
        if self.soonest.is_none_or(|soonest| soonest > now) {
            return;
        }
        self.domains.retain(|_, of_domain| {
            of_domain.forget_what_is_over(now);
            !of_domain.until.is_empty()
        });
        self.count = self.domains.values().map(|of_domain| of_domain.until.len()).sum();
        self.soonest = self.domains.values().filter_map(|of_domain| of_domain.soonest).min();
    }
}

fn key(mailbox: &Mailbox) -> Option<(&Domain, String)> {
    Some((mailbox.domain()?, mailbox.plain_local_part().to_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn reply(text: &'static str) -> Reply {
        match crate::smtp::Enhanced::split_from(text) {
            Some((status, rest)) => {
                Reply::new(550, (status.subject, status.detail), rest.trim_start())
            }
            None => Reply::plain(550, text),
        }
    }

    #[test]
    fn only_a_refusal_of_the_address_is_learnt() {
        for text in ["5.1.1 user unknown", "5.1.6 moved", "5.2.1 disabled"] {
            assert!(is_about_the_address(&reply(text)), "{text}");
        }
        // Of the sender, its content, a full mailbox, or for reasons unknown.
        for text in ["5.7.1 not you", "5.1.8 bad sender", "5.2.2 full", "5.1.0 no", "no such user"]
        {
            assert!(!is_about_the_address(&reply(text)), "{text}");
        }
        assert!(!is_about_the_address(&Reply::new(450, (1, 1), "not now")));
    }

    #[test]
    fn a_mailbox_is_known_for_a_time_and_in_its_domain() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        let until = now + Duration::from_secs(60);
        learned.learn(&mailbox("Anna@example.org"), until, now);
        assert!(learned.knows(&mailbox("anna@example.org"), now));
        assert!(!learned.knows(&mailbox("anna@example.com"), now));
        assert!(!learned.knows(&mailbox("anna@example.org"), until));
    }

    #[test]
    fn mail_that_was_taken_proves_the_contrary() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        let until = now + Duration::from_secs(60);
        learned.learn(&mailbox("anna@example.org"), until, now);
        learned.unlearn(&mailbox("ANNA@example.org"));
        assert!(!learned.knows(&mailbox("anna@example.org"), now));
        assert_eq!(learned.count, 0);
    }

    #[test]
    fn a_postmaster_is_always_there() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        learned.learn(&mailbox("PostMaster@example.org"), now + Duration::from_secs(60), now);
        assert!(!learned.knows(&mailbox("postmaster@example.org"), now));
    }

    #[test]
    fn guesses_do_not_fill_our_memory() {
        let (mut learned, now) = (Learned::default(), Instant::now());
        let until = now + Duration::from_secs(60);
        let mut learn = |n: usize, domain: usize, now, until| {
            learned.learn(&mailbox(&format!("u{n}@d{domain}.test")), until, now);
            (learned.count, learned.domains.values().map(|of| of.until.len()).sum::<usize>())
        };
        for n in 0..OF_ONE_DOMAIN + 5 {
            learn(n, 0, now, until);
        }
        assert_eq!(learn(0, 0, now, until), (OF_ONE_DOMAIN, OF_ONE_DOMAIN));
        for domain in 1..12 {
            for n in 0..OF_ONE_DOMAIN {
                learn(n, domain, now, until);
            }
        }
        assert_eq!(learn(1, 99, now, until), (IN_ALL, IN_ALL));
        let later = until + Duration::from_secs(60);
        assert_eq!(learn(1, 99, until, later), (1, 1), "what is over makes room");
    }
}
