//! Lines that break: nothing is lost, nothing is changed, and what comes twice is what nobody could
//! know about.
//!
//! Provider, customer and senders are the real flows in one process. Where a session is cut behind
//! its turn, it is cut at *every* octet, of either direction, and called again. Elsewhere a seed
//! picks cuts, delays, pieces, restarts, and who calls while somebody else does.
//! `ODMR_LINE_ROUNDS` asks for more of those, `ODMR_LINE_SEED` for others.

#[path = "../dice/mod.rs"]
mod dice;
mod link;
#[path = "../stage/mod.rs"]
mod stage;
mod world;

use std::collections::BTreeSet;
use std::future::Future;

use dice::Dice;
use link::{Fate, Way};
use world::{Marks, World};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

fn run<T>(flows: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(flows)
}

/// The message of this number.
fn message(n: u64, octets: usize) -> Vec<u8> {
    let mut content = format!("X-Number: {n}\r\n\r\n").into_bytes();
    let mut dice = Dice(n);
    while content.len() < octets {
        let line = (0..60).map(|_| b'a' + dice.roll(26) as u8);
        content.extend(line.chain(*b"\r\n"));
    }
    content
}

/// Brings these messages over a line that holds.
async fn fill(world: &World, messages: &[Vec<u8>]) {
    let acknowledged = world.bring(Fate::default(), messages.to_vec()).await;
    assert_eq!(acknowledged, messages, "a line that holds");
}

/// A session with these messages, cut, and another one that is not.
async fn cut(world: &mut World, messages: &[Vec<u8>], fate: Fate) -> Marks {
    fill(world, messages).await;
    world.landed.clear();
    let marks = world.call(fate).await;
    world.call(Fate { cut: None, ..fate }).await;
    world.land();
    assert_eq!(world.waiting(), 0, "{fate:?}: mail is left");
    marks
}

/// Every message, and nothing else; so many of them twice at most. Returns how many those are.
fn holds(world: &World, messages: &[Vec<u8>], most_twice: usize, what: &str) -> usize {
    let sent: BTreeSet<&Vec<u8>> = messages.iter().collect();
    let landed: BTreeSet<&Vec<u8>> = world.landed.keys().collect();
    assert!(landed == sent, "{what}: {} of {} landed as they were", landed.len(), sent.len());
    let twice: usize = world.landed.values().map(|times| times - 1).sum();
    assert!(twice <= most_twice, "{what}: {twice} came twice");
    twice
}

/// Cuts a reversed session at every octet.
fn at_every_octet(hidden: Option<&'static str>, most_twice: usize) {
    let messages: Vec<Vec<u8>> = (0..3).map(|n| message(n, 40 + 60 * n as usize)).collect();
    run(async {
        let mut world = World::new();
        let whole = Fate { hidden, ..Fate::default() };
        let marks = cut(&mut world, &messages, whole).await;
        holds(&world, &messages, 0, "a line that holds");
        let (mut cuts, mut again) = (0, 0);
        for way in [Way::Up, Way::Down] {
            for octets in marks.turn[way as usize]..=marks.end[way as usize] {
                let fate = Fate { cut: Some((way, octets)), ..whole };
                cut(&mut world, &messages, fate).await;
                again += holds(&world, &messages, most_twice, &format!("{fate:?}"));
                cuts += 1;
            }
        }
        println!("{cuts} cuts, {again} came twice");
    });
}

/// Gear 3: all of them may be on the line without an answer.
#[test]
fn a_stream_is_cut_at_every_octet() {
    at_every_octet(None, 3);
}

/// Gear 2, by BDAT.
#[test]
fn a_session_of_chunks_is_cut_at_every_octet() {
    at_every_octet(Some("STREAM"), 1);
}

/// Gear 2, by DATA.
#[test]
fn an_overlapped_session_is_cut_at_every_octet() {
    at_every_octet(Some("CHUNKING"), 1);
}

/// Gear 1.
#[test]
fn a_session_in_lockstep_is_cut_at_every_octet() {
    at_every_octet(Some("PIPELINING"), 1);
}

/// What makes each of the gears.
const LESSER: [Option<&str>; 4] = [None, Some("STREAM"), Some("CHUNKING"), Some("PIPELINING")];

/// A line of a random kind.
fn fate(dice: &mut Dice) -> Fate {
    let way = if dice.roll(2) == 0 { Way::Up } else { Way::Down };
    let most = [300, 3_000, 100_000][dice.roll(3) as usize];
    Fate {
        cut: (dice.roll(3) > 0).then(|| (way, dice.roll(most) as usize)),
        weather: Some(dice.roll(u64::MAX)),
        hidden: LESSER[dice.roll(4) as usize],
    }
}

/// Messages that a stream may leave without an answer.
const WINDOW: usize = 64;

/// What was promised, and what has landed, over all rounds of a life.
#[derive(Default)]
struct Books {
    sent: u64,
    promised: BTreeSet<Vec<u8>>,
    tried: BTreeSet<Vec<u8>>,
    /// Calls whose line was cut.
    cuts: usize,
    /// Messages that may have come twice because of them.
    excused: usize,
}

impl Books {
    /// Somebody brings mail while two of the customer's sessions fetch it, all on bad lines.
    async fn round(&mut self, world: &mut World, dice: &mut Dice) {
        let messages: Vec<Vec<u8>> = (0..dice.roll(6)).map(|_| self.next(dice)).collect();
        self.tried.extend(messages.iter().cloned());
        let (one, other) = (fate(dice), fate(dice));
        for fate in [one, other].iter().filter(|fate| fate.cut.is_some()) {
            self.cuts += 1;
            self.excused += if fate.hidden.is_some() { 1 } else { WINDOW };
        }
        let bringing = world.bring(fate(dice), messages);
        let (told, ..) = tokio::join!(bringing, world.call(one), world.call(other));
        self.promised.extend(told);
        world.land();
    }

    fn next(&mut self, dice: &mut Dice) -> Vec<u8> {
        self.sent += 1;
        let octets = [100, 2_000, 30_000, 200_000][dice.roll(4) as usize];
        message(self.sent, octets)
    }

    fn close(&self, world: &World, seed: u64) {
        let landed: BTreeSet<Vec<u8>> = world.landed.keys().cloned().collect();
        assert!(landed.is_superset(&self.promised), "seed {seed}: mail was lost");
        assert!(landed.is_subset(&self.tried), "seed {seed}: nobody sent this");
        let twice: usize = world.landed.values().map(|times| times - 1).sum();
        assert!(twice <= self.excused, "seed {seed}: {twice} came twice over {} cuts", self.cuts);
        let promised = self.promised.len();
        println!("seed {seed}: {promised} promised, {} cuts, {twice} came twice", self.cuts);
    }
}

#[test]
fn bad_lines_and_restarts_lose_nothing() {
    let first = number("ODMR_LINE_SEED", 2645);
    for seed in first..first + number("ODMR_LINE_ROUNDS", 6) {
        run(async {
            let (mut world, mut books, mut dice) = (World::new(), Books::default(), Dice(seed));
            for _ in 0..8 {
                books.round(&mut world, &mut dice).await;
                if dice.roll(3) == 0 {
                    world = world.restart();
                }
            }
            while world.waiting() > 0 {
                world.call(Fate::default()).await;
            }
            world.land();
            books.close(&world, seed);
        });
    }
}
