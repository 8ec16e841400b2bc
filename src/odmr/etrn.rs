//! ETRN, the neighbour: a host asks us to call it and bring what waits. RFC 1985.
//!
//! Whoever asks, the mail goes to the host of the settings, over a new connection. So a stranger who
//! may ask can waste our time, and get nobody's mail.

use crate::smtp::{Domain, Reply};

/// What ETRN names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// One domain; `#name` is the same, for our queues are named by their domains.
    Domain(Domain),
    /// `@name`: a domain and all below it.
    WithSubdomains(Domain),
}

/// Who may ask for a domain's mail to be brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Nobody.
    #[default]
    Nobody,
    /// Its customer, once it has proven who it is.
    Customer,
    /// Anybody.
    Anybody,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who has not logged in.
    Stranger,
    /// A customer; is the domain its own?
    Customer {
        /// It may claim this domain's mail.
        owns: bool,
    },
}

/// What an ETRN is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 253: this many messages are on their way.
    Pending(u64),
    /// 251: nothing waits.
    Nothing,
    /// 458: not just now.
    NotNow,
    /// 459: not for you, or no such node here: which, is not told.
    NotAllowed,
}

impl Node {
    /// Reads ETRN's argument. `None`: 501.
    pub fn parse(argument: &str) -> Option<Node> {
        let domain = |name: &str| Domain::parse_atrn(name).ok();
        match argument.as_bytes().first()? {
            b'@' => domain(&argument[1..]).map(Node::WithSubdomains),
            b'#' => domain(&argument[1..]).map(Node::Domain),
            _ => domain(argument).map(Node::Domain),
        }
    }

    /// Is this one of the domains it names?
    pub fn names(&self, domain: &Domain) -> bool {
        match self {
            Node::Domain(name) => name == domain,
            Node::WithSubdomains(name) => {
                let above = domain.as_str().strip_suffix(name.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
        }
    }

    /// The name it was given.
    pub fn name(&self) -> &Domain {
        match self {
            Node::Domain(name) | Node::WithSubdomains(name) => name,
        }
    }
}

/// May whoever asks have a domain's mail brought?
pub fn may_ask(whom: Whom, asker: Asker) -> bool {
    match (whom, asker) {
        (Whom::Nobody, _) => false,
        (Whom::Customer, Asker::Customer { owns }) => owns,
        (Whom::Customer, Asker::Stranger) => false,
        (Whom::Anybody, _) => true,
    }
}

impl Answer {
    /// In words, and by the codes of RFC 1985, section 5.3.
    pub fn reply(self, node: &Node) -> Reply {
        let node = node.name();
        match self {
            Answer::Pending(n) => Reply::new(253, (0, 0), "")
                .saying(format!("{n} pending messages for node {node} started")),
            Answer::Nothing => {
                Reply::new(251, (0, 0), "").saying(format!("no messages waiting for node {node}"))
            }
            Answer::NotNow => Reply::new(458, (3, 0), "")
                .saying(format!("unable to queue messages for node {node} just now")),
            Answer::NotAllowed => {
                Reply::new(459, (7, 1), "").saying(format!("node {node} not allowed"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Domain {
        Domain::parse(name).unwrap()
    }

    #[test]
    fn a_node_is_a_domain_in_one_of_three_forms() {
        let one = Node::Domain(domain("example.org"));
        assert_eq!(Node::parse("Example.ORG"), Some(one.clone()));
        assert_eq!(Node::parse("#example.org"), Some(one));
        assert_eq!(Node::parse("@example.org"), Some(Node::WithSubdomains(domain("example.org"))));
        for bad in [
            "",
            "@",
            "#",
            "@@example.org",
            "example..org",
            "-",
            "a b",
            "[192.0.2.1]",
            "@\u{e9}\u{ff}",
        ] {
            assert_eq!(Node::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn subdomains_are_whole_labels() {
        let node = Node::parse("@example.org").unwrap();
        assert!(node.names(&domain("example.org")) && node.names(&domain("a.b.example.org")));
        assert!(!node.names(&domain("notexample.org")) && !node.names(&domain("org")));
        let one = Node::parse("example.org").unwrap();
        assert!(!one.names(&domain("a.example.org")));
    }

    #[test]
    fn who_may_ask() {
        let (own, foreign) = (Asker::Customer { owns: true }, Asker::Customer { owns: false });
        assert_eq!(
            [own, foreign, Asker::Stranger].map(|asker| may_ask(Whom::Nobody, asker)),
            [false; 3]
        );
        assert_eq!(
            [own, foreign, Asker::Stranger].map(|asker| may_ask(Whom::Customer, asker)),
            [true, false, false]
        );
        assert_eq!(
            [own, foreign, Asker::Stranger].map(|asker| may_ask(Whom::Anybody, asker)),
            [true; 3]
        );
    }

    #[test]
    fn the_codes_of_rfc_1985() {
        let node = Node::parse("@example.org").unwrap();
        let told = |answer: Answer| answer.reply(&node).to_string();
        assert_eq!(
            told(Answer::Pending(14)),
            "253 2.0.0 14 pending messages for node example.org started"
        );
        assert_eq!(told(Answer::Nothing), "251 2.0.0 no messages waiting for node example.org");
        assert_eq!(
            told(Answer::NotNow),
            "458 4.3.0 unable to queue messages for node example.org just now"
        );
        assert_eq!(told(Answer::NotAllowed), "459 4.7.1 node example.org not allowed");
    }
}
