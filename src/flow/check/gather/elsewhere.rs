//! The expected servers are mostly in another zone than the domain: that zone's own servers are asked where they are,
//! beside the resolvers, who may have an old answer or one for their own network.

use super::{Ask, Gatherer, Word, first, last_labels};
use crate::check::facts::{Kind, Role};
use crate::check::{is_below_or_at, sells_names};

/// So many expected servers are asked about where they are at home.
const MOST_EXPECTED: usize = 5;
/// So many servers of a zone elsewhere are looked up.
const MOST_NAMES: usize = 2;
/// So many of their addresses are asked.
const MOST_ADDRESSES: usize = 2;

impl Gatherer<'_> {
    /// The expected servers that are named by MX records, each with the zone elsewhere that it is in.
    fn elsewhere(&self) -> Vec<(String, String)> {
        if self.plan.word == Word::Resolvers {
            return Vec::new();
        }
        let is_own =
            |host: &str| self.facts.zone.as_deref().is_some_and(|own| is_below_or_at(host, own));
        let mut targets = self.targets();
        targets.retain(|host| self.expect.expected_names().any(|name| name == host));
        targets.retain(|host| !is_own(host));
        let hosts = first(targets, MOST_EXPECTED).into_iter();
        let all = hosts.map(|host| (last_labels(&host, 2), host));
        // What registries have themselves says nothing of a host.
        all.filter(|(zone, _)| !sells_names(zone)).collect()
    }

    /// The servers of those zones, by name.
    pub(super) fn servers_elsewhere(&self) -> Vec<String> {
        let of = |(zone, _): &(String, String)| {
            let names = self.servers_listed(zone, Role::Resolver);
            names.into_iter().take(MOST_NAMES).collect::<Vec<_>>()
        };
        self.elsewhere().iter().flat_map(of).collect()
    }

    /// What they are asked.
    pub(super) fn asks_elsewhere(&self) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (zone, host) in self.elsewhere() {
            let servers = self.servers_at(&zone, Role::Host, &[Role::Resolver]);
            for server in servers.into_iter().take(MOST_ADDRESSES) {
                asks.extend([Kind::A, Kind::Aaaa].map(|kind| self.usual(&server, &host, kind)));
            }
        }
        asks
    }
}
