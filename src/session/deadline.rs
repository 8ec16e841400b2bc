//! How long each wait may take. RFC 5321, section 4.5.3.2; RFC 2645, section 5.2.1.

use std::time::Duration;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// The timers of a session, one for each thing that can be waited for. Each runs per command,
/// never per session (RFC 5321, section 4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// As client: for the greeting.
    pub greeting: Duration,
    /// As client: for the reply to any command but those below. As server: for a whole command.
    pub command: Duration,
    /// As client: for the 354 to DATA.
    pub data: Duration,
    /// For the next piece of content, in either direction.
    pub block: Duration,
    /// As client: for the reply to the final dot.
    pub final_reply: Duration,
    /// As customer: for the reply to ATRN, which may take the provider a while.
    pub atrn: Duration,
    /// As server: content slower than this many octets a second, after one `block` of grace, is no
    /// mail but an attempt to hold the line.
    pub slowest: u64,
}

impl Patience {
    /// What the RFCs ask for, and a little more for ATRN so that the provider's full ten minutes
    /// still reach us.
    pub const RFC: Patience = Patience {
        greeting: minutes(5),
        command: minutes(5),
        data: minutes(2),
        block: minutes(3),
        final_reply: minutes(10),
        atrn: Duration::from_secs(630),
        slowest: 16,
    };

    /// The provider's ODMR listener must leave its customer ten minutes. RFC 2645, section 5.2.1.
    pub const ODMR: Patience = Patience { command: minutes(10), ..Patience::RFC };
}

impl Default for Patience {
    fn default() -> Patience {
        Patience::RFC
    }
}
