//! How long the world remembers: when the last cache that keeps the rules has forgotten the old MX records.
//!
//! A cache that got the old records from a server of the zone at the last moment at which one still gave them
//! away keeps them for as long as their time to live says (RFC 1034, section 4.3.4), or, where there were none, for as
//! long as "there is no such record" may be kept (RFC 2308, section 5). What resolvers tell of how long they will
//! keep them is no more than that, unless they do not keep the rules.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::case::{Mx, MxSet};
use super::facts::{Data, Facts, Kind, Role, Server};
use super::{Case, Expectation};
use crate::finding::{Class, Progress, Shown, Watched, Witness};

/// More servers are not watched.
const MOST_PLACES: usize = 100;

/// What a server shows at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Which.
    pub server: Server,
    /// The old records or the new ones.
    pub shown: Shown,
    /// The records in words.
    pub records: String,
    /// For how long they may be kept still, seconds.
    pub ttl: Option<u32>,
}

/// Who is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Everybody who is asked.
    All,
    /// The zone's own servers.
    Auth,
    /// Resolvers.
    Resolvers,
}

impl Until {
    fn means(self, role: Role) -> bool {
        match self {
            Until::All => true,
            Until::Auth => role == Role::Authority,
            Until::Resolvers => role == Role::Resolver,
        }
    }
}

impl std::str::FromStr for Until {
    type Err = String;
    fn from_str(text: &str) -> Result<Until, String> {
        match text {
            "all" => Ok(Until::All),
            "auth" => Ok(Until::Auth),
            "resolvers" => Ok(Until::Resolvers),
            _ => Err(format!("saw {text:?}; allowed: all, auth or resolvers")),
        }
    }
}

/// What each server shows of a change: the records are new where all mail goes to expected servers first, and
/// behind them to none but such as are tolerated.
pub fn views(facts: &Facts, expect: &Expectation) -> Vec<View> {
    let case = Case::new(facts, expect);
    let mut views: BTreeMap<&Server, View> = BTreeMap::new();
    for role in [Role::Authority, Role::Resolver] {
        for answer in case.asked(role, &facts.domain, Kind::Mx).take(MOST_PLACES) {
            let set = answer.is_settled().then(|| super::case::set_of(answer));
            let shown = set.as_ref().map_or(Shown::Unknown, |set| shown(&case, set));
            let records = set.as_ref().map(super::zone::records).unwrap_or_default();
            let kept = set.and_then(|set| set.records.iter().map(|mx| mx.ttl).max());
            let server = answer.server.clone();
            let ttl = kept.or_else(|| negative(answer));
            views.insert(&answer.server, View { server, shown, records, ttl });
        }
    }
    views.into_values().collect()
}

fn shown(case: &Case, set: &MxSet) -> Shown {
    let classes: Vec<Class> = set.targets().map(|mx| case.class(&mx.target)).collect();
    let is_good = |class: &Class| matches!(class, Class::Expected | Class::Allowed);
    let is_first = |mx: &&Mx| case.class(&mx.target) == Class::Expected;
    let is_new = classes.contains(&Class::Expected)
        && classes.iter().all(is_good)
        && super::routing::best(case, set).iter().all(is_first);
    match (is_new, classes.contains(&Class::Unknown)) {
        (true, _) => Shown::New,
        (false, true) => Shown::Unknown,
        (false, false) => Shown::Old,
    }
}

/// For how long "there is no such record" may be kept, seconds. RFC 2308, section 5.
fn negative(answer: &super::facts::Answer) -> Option<u32> {
    answer.reply()?.authority.iter().find_map(|record| match record.data {
        Data::Soa { minimum, .. } => Some(minimum.min(record.ttl)),
        _ => None,
    })
}

/// What was seen of a change so far.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    places: BTreeMap<Server, Place>,
    /// For how long the zone's servers gave the old records away, seconds.
    old_ttl: Option<u32>,
    /// When all of the zone's servers were first seen to be right, and were ever since.
    right_since: Option<Timestamp>,
    /// When the last resolver that was seen with the old records will have forgotten them.
    forgotten: Option<Timestamp>,
}

/// What was seen at one server.
#[derive(Clone, Debug)]
struct Place {
    shown: Shown,
    old: Option<String>,
    left: Option<u32>,
    forgets_at: Option<Timestamp>,
    /// It was there at the last look.
    is_there: bool,
}

impl Watch {
    /// Notes what was seen at a moment, no earlier than the one before. Does any server show something else than
    /// at the look before?
    pub fn saw(&mut self, at: Timestamp, views: &[View]) -> bool {
        let is_first = self.places.is_empty();
        self.places.values_mut().for_each(|place| place.is_there = false);
        let mut changed = false;
        for view in views {
            changed |= self.note(at, view);
        }
        let mut own = views.iter().filter(|view| view.server.role == Role::Authority).peekable();
        let is_any = own.peek().is_some();
        let (mut all_new, mut any_old) = (true, false);
        for view in own {
            all_new &= view.shown == Shown::New;
            any_old |= view.shown == Shown::Old;
        }
        if any_old {
            self.right_since = None;
        } else if is_any && all_new {
            self.right_since = self.right_since.or(Some(at));
        }
        changed && !is_first
    }

    /// Notes what one server shows. Is it something else?
    fn note(&mut self, at: Timestamp, view: &View) -> bool {
        let place = self.places.entry(view.server.clone()).or_insert(Place {
            shown: Shown::Unknown,
            old: None,
            left: None,
            forgets_at: None,
            is_there: true,
        });
        let changed = place.shown != view.shown;
        (place.shown, place.is_there) = (view.shown, true);
        if view.shown != Shown::Old {
            return changed;
        }
        (place.old, place.left) = (Some(view.records.clone()), view.ttl);
        if view.server.role == Role::Authority {
            self.old_ttl = self.old_ttl.max(view.ttl);
        } else {
            place.forgets_at = view.ttl.map(|ttl| later(at, ttl));
            self.forgotten = self.forgotten.max(place.forgets_at);
        }
        changed
    }

    /// Until when a cache that keeps the rules may hold the old records. Nothing while servers of the zone give
    /// them away, and where nobody was seen with them.
    pub fn horizon(&self) -> Option<Timestamp> {
        let gives_away = |(server, place): (&Server, &Place)| {
            server.role == Role::Authority && place.is_there && place.shown != Shown::New
        };
        if self.right_since.is_none() && self.places.iter().any(gives_away) {
            return None;
        }
        let from_zone = self.right_since.zip(self.old_ttl).map(|(since, ttl)| later(since, ttl));
        from_zone.max(self.forgotten)
    }

    /// Does everybody who is waited for show the new records?
    pub fn is_done(&self, until: Until) -> bool {
        let meant =
            |(server, place): &(&Server, &Place)| place.is_there && until.means(server.role);
        let mut places = self.places.iter().filter(meant).peekable();
        places.peek().is_some() && places.all(|(_, place)| place.shown == Shown::New)
    }

    /// How far it has come.
    pub fn watched(&self, until: Until) -> Watched {
        let there = self.places.iter().filter(|(_, place)| place.is_there);
        let witness = |(server, place): (&Server, &Place)| Witness {
            server: server.name.clone(),
            addr: server.addr,
            port: server.port,
            kind: match server.role {
                Role::Resolver => "resolver".to_owned(),
                Role::Authority | Role::Parent | Role::Host => "authoritative".to_owned(),
            },
            state: place.shown,
            old: place.old.clone(),
            ttl_left_s: place.left,
            forgets_at: place.forgets_at,
        };
        Watched {
            state: if self.is_done(until) { Progress::Done } else { Progress::Waiting },
            cache_horizon: self.horizon(),
            vantages: there.map(witness).collect(),
        }
    }
}

fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::tests::world::{World, above, ns1, ns2, resolver};
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn view(server: Server, shown: Shown, ttl: u32) -> View {
        View { server, shown, records: "10 old.example.com.".to_owned(), ttl: Some(ttl) }
    }

    #[test]
    fn a_change_goes_from_the_zones_servers_to_the_caches() {
        use Shown::{New, Old};
        let mut watch = Watch::default();
        let look = |watch: &mut Watch, second, shown: [Shown; 3], left| {
            let ttls = [3600, 3600, left];
            let servers = [ns1(), ns2(), resolver()];
            let views = servers.into_iter().zip(shown).zip(ttls);
            let views: Vec<View> = views.map(|((s, shown), ttl)| view(s, shown, ttl)).collect();
            watch.saw(at(second), &views)
        };
        assert!(!look(&mut watch, 0, [Old, Old, Old], 900), "the first look is no change");
        assert_eq!(watch.horizon(), None, "they are given away still");
        assert!(look(&mut watch, 30, [New, Old, Old], 870));
        assert_eq!(watch.horizon(), None);
        assert!(look(&mut watch, 60, [New, New, Old], 840));
        assert_eq!(watch.horizon(), Some(at(60 + 3600)));
        assert!(watch.is_done(Until::Auth) && !watch.is_done(Until::All));
        assert!(!look(&mut watch, 90, [New, New, Old], 810), "nothing has changed");
        let told = watch.watched(Until::All);
        let cache = told.vantages.iter().find(|witness| witness.kind == "resolver").unwrap();
        assert_eq!((cache.ttl_left_s, cache.forgets_at), (Some(810), Some(at(900))));
        assert_eq!(told.state, Progress::Waiting);
        assert!(look(&mut watch, 900, [New, New, New], 3600));
        assert_eq!(watch.watched(Until::All).state, Progress::Done);
        assert_eq!(watch.horizon(), Some(at(60 + 3600)), "other caches have them still");
        // One of the zone's servers has them again.
        look(&mut watch, 930, [New, Old, New], 3600);
        assert_eq!(watch.horizon(), None);
        look(&mut watch, 960, [New, New, New], 3600);
        assert_eq!(watch.horizon(), Some(at(960 + 3600)));
    }

    #[test]
    fn a_server_that_is_gone_is_not_waited_for() {
        let mut watch = Watch::default();
        watch.saw(at(0), &[view(ns1(), Shown::New, 60), view(ns2(), Shown::Old, 60)]);
        watch.saw(at(1), &[view(ns1(), Shown::New, 60)]);
        assert!(watch.is_done(Until::All) && !watch.is_done(Until::Resolvers));
        assert!(!Watch::default().is_done(Until::All), "nobody was asked");
    }

    #[test]
    fn what_was_not_there_before_is_remembered_as_long_as_the_zone_says() {
        let mut world = World::good();
        world.mx(&[]);
        let soa = Data::Soa { serial: 7, minimum: 300 };
        let record =
            super::super::facts::Record { name: "example.org".to_owned(), ttl: 900, data: soa };
        for server in [ns1(), ns2(), resolver()] {
            world.each(&server, |reply| reply.authority = vec![record.clone()]);
        }
        let views = views(&world.facts, &world.expect);
        assert_eq!(views.len(), 3);
        assert!(views.iter().all(|view| view.shown == Shown::Old && view.ttl == Some(300)));
        let views = super::views(&World::good().facts, &World::good().expect);
        assert!(views.iter().all(|view| view.shown == Shown::New && view.ttl == Some(3600)));
        let mut world = World::good();
        world.mx(&[(10, "atrn.example.net"), (20, "mail.example.com")]);
        world.host("mail.example.com", &["198.51.99.66"]);
        let views = super::views(&world.facts, &world.expect);
        assert!(views.iter().all(|view| view.shown == Shown::Old), "a backup is somebody else's");
        assert!(views.iter().all(|view| view.server != above()));
        // Who is tolerated is so behind the expected server, and nowhere else.
        world.expect.allowed.push("mail.example.com".to_owned());
        let shown = |world: &World| super::views(&world.facts, &world.expect)[0].shown;
        assert_eq!(shown(&world), Shown::New);
        for preference in [5, 10] {
            world.mx(&[(10, "atrn.example.net"), (preference, "mail.example.com")]);
            assert_eq!(shown(&world), Shown::Old, "{preference}");
        }
    }

    proptest! {
        /// However late a cache has got the old records, it has forgotten them by then.
        #[test]
        fn no_cache_that_keeps_the_rules_outlives_the_horizon(
            ttl in 0..100_000_u32,
            switched in 1..5_000_i64,
            step in 1..600_i64,
            fetched in 0..5_000_i64,
        ) {
            let fetched = fetched.min(switched - 1);
            let mut watch = Watch::default();
            let mut second = 0;
            let forgets = fetched + i64::from(ttl);
            while watch.right_since.is_none() {
                let shown = if second < switched { Shown::Old } else { Shown::New };
                let mut views = vec![view(ns1(), shown, ttl)];
                if (fetched..forgets).contains(&second) {
                    let left = u32::try_from(forgets - second).unwrap();
                    views.push(view(resolver(), Shown::Old, left));
                }
                watch.saw(at(second), &views);
                second += step;
            }
            let horizon = watch.horizon().unwrap();
            prop_assert!(horizon >= at(forgets));
            // And it is not later than one look after the switch allows.
            prop_assert!(horizon <= at(switched + step + i64::from(ttl)));
        }

        /// Whatever else is seen with the old records, nothing is forgotten earlier for that.
        #[test]
        fn who_sees_more_waits_no_less(left in 0..100_000_u32, ttl in 0..100_000_u32) {
            let mut watch = Watch::default();
            watch.saw(at(0), &[view(ns1(), Shown::Old, ttl)]);
            let mut more = watch.clone();
            watch.saw(at(9), &[view(ns1(), Shown::New, ttl)]);
            more.saw(at(9), &[view(ns1(), Shown::New, ttl), view(resolver(), Shown::Old, left)]);
            prop_assert!(more.horizon() >= watch.horizon());
        }
    }
}
