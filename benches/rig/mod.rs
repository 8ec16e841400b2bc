//! The rig: what the measurements of whole programs stand on.
//!
//! Ours, the peers, and two yardsticks ([`yardstick`]) are started side by side on loopback by the
//! lab of `tests/peers`, pressed in turn (A B C, A B C, A B C), and told apart by medians. So what
//! the machine was doing meanwhile strikes all of them alike, and the *ratios* travel to another
//! machine; the figures do not.
//!
//! Not here: measurements of one part of ours alone. Those are `benches/spool.rs`.

pub mod fill;
pub mod load;
pub mod meter;
pub mod ours;
pub mod peers;
pub mod relay;
pub mod table;
pub mod yardstick;

use std::time::Duration;

/// How long one spell lasts: `ODMR_BENCH_MS`, a second unless told.
pub fn spell() -> Duration {
    Duration::from_millis(number("ODMR_BENCH_MS", 1000))
}

/// How often everybody's turn comes: `ODMR_BENCH_ROUNDS`, three times unless told.
pub fn rounds() -> u64 {
    number("ODMR_BENCH_ROUNDS", 3).max(1)
}

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text:?}")))
}

/// Whether a part was asked for: by a word of its name on the command line, or by no word at all.
pub fn is_wanted(name: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| name.contains(word))
}

/// The middle one, or the upper of two.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
