//! A line in memory that carries octets in pieces of any size, makes either side wait, and breaks
//! where it is told to.

use std::cell::Cell;
use std::rc::Rc;

use odmr::net::Wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::task::yield_now;

use crate::dice::Dice;

/// Which way octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To whoever was called.
    Up,
    /// To whoever calls.
    Down,
}

/// Where and how a line fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate {
    /// It breaks when so many octets have gone this way.
    pub cut: Option<(Way, usize)>,
    /// Pieces and pauses; without it every octet travels at once.
    pub weather: Option<u64>,
    /// A word of the caller's that never comes through, as if it were a lesser server behind the
    /// turn. What goes up then travels in whole flights, or half of the word might.
    pub hidden: Option<&'static str>,
}

/// How many octets have gone up and down so far.
#[derive(Clone, Debug, Default)]
pub struct Meter(Rc<[Cell<usize>; 2]>);

impl Meter {
    pub fn get(&self, way: Way) -> usize {
        self.0[way as usize].get()
    }

    fn add(&self, way: Way, octets: usize) {
        self.0[way as usize].set(self.get(way) + octets);
    }
}

/// The two ends of a line, and what carries the octets between them until it breaks or both sides
/// have ended.
pub struct Link {
    /// The end of whoever calls.
    pub caller: Wire,
    /// The end of whoever is called.
    pub called: Wire,
    pub meter: Meter,
    middle: [DuplexStream; 2],
    fate: Fate,
}

/// What a line holds before its writer has to wait.
const WINDOW: usize = 64 * 1024;

impl Link {
    pub fn new(fate: Fate) -> Link {
        let ((caller, near), (called, far)) =
            (tokio::io::duplex(WINDOW), tokio::io::duplex(WINDOW));
        let (caller, called) = (caller.into(), called.into());
        Link { caller, called, meter: Meter::default(), middle: [near, far], fate }
    }

    /// Takes the line apart: its ends, its meter, and what has to run for octets to move.
    pub fn open(self) -> (Wire, Wire, Meter, impl Future<Output = ()>) {
        let Link { caller, called, meter, middle: [near, far], fate } = self;
        let counted = meter.clone();
        let carried = async move {
            let (near, far) = (tokio::io::split(near), tokio::io::split(far));
            let up = Carrier { way: Way::Up, from: near.0, to: far.1, meter: &counted, fate };
            let down = Carrier { way: Way::Down, from: far.0, to: near.1, meter: &counted, fate };
            // When one way breaks, the other does: both are dropped with all that is under way.
            let _ = tokio::try_join!(up.carry(), down.carry());
        };
        (caller, called, meter, carried)
    }
}

struct Broken;

struct Carrier<'a> {
    way: Way,
    from: ReadHalf<DuplexStream>,
    to: WriteHalf<DuplexStream>,
    meter: &'a Meter,
    fate: Fate,
}

impl Carrier<'_> {
    async fn carry(mut self) -> Result<(), Broken> {
        let mut dice = self.fate.weather.map(|seed| Dice(seed ^ self.way as u64));
        let mut piece = vec![0; WINDOW];
        loop {
            let room = self.room(&mut dice).min(self.left());
            if room == 0 {
                return Err(Broken);
            }
            pause(&mut dice).await;
            match self.from.read(&mut piece[..room]).await {
                Ok(0) | Err(_) => break,
                Ok(octets) => self.pass(&mut piece[..octets]).await,
            }
        }
        let _ = self.to.shutdown().await;
        Ok(())
    }

    fn room(&self, dice: &mut Option<Dice>) -> usize {
        let whole = self.way == Way::Up && self.fate.hidden.is_some();
        dice.as_mut().filter(|_| !whole).map_or(WINDOW, size)
    }

    /// How many octets this way still carries.
    fn left(&self) -> usize {
        match self.fate.cut {
            Some((way, most)) if way == self.way => most.saturating_sub(self.meter.get(way)),
            _ => usize::MAX,
        }
    }

    async fn pass(&mut self, piece: &mut [u8]) {
        self.meter.add(self.way, piece.len());
        if let (Way::Up, Some(word)) = (self.way, self.fate.hidden) {
            hide(piece, word.as_bytes());
        }
        // Whoever has hung up hears nothing.
        let _ = self.to.write_all(piece).await;
    }
}

/// Makes another word of it, of the same length, that nobody knows.
fn hide(piece: &mut [u8], word: &[u8]) {
    if let Some(at) = piece.windows(word.len()).position(|window| window == word) {
        piece[at..at + word.len()].fill(b'X');
    }
}

/// Sizes that meet the borders of lines, packets and buffers.
fn size(dice: &mut Dice) -> usize {
    match dice.roll(4) {
        0 => 1 + dice.roll(8) as usize,
        1 => 1 + dice.roll(100) as usize,
        2 => 1460,
        _ => 1 + dice.roll(WINDOW as u64) as usize,
    }
}

async fn pause(dice: &mut Option<Dice>) {
    let moments = dice.as_mut().map_or(0, |dice| dice.roll(6));
    for _ in 0..moments {
        yield_now().await;
    }
}
