//! Every fuzz target over its seeds and over many seeds that were bitten into, the same ones each
//! time: what a fuzzer finds in its first second is found here, with the ordinary tests.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Rounds for each target, and for those that open files.
const ROUNDS: usize = 3000;
const SLOW_ROUNDS: usize = 60;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let files = std::fs::read_dir(&folder).expect("a folder of seeds");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

/// A seed with a few bites: octets changed, dropped or doubled, and pieces of others put in.
fn bitten(seeds: &[Vec<u8>], dice: &mut StdRng) -> Vec<u8> {
    let mut bytes = seeds[dice.random_range(0..seeds.len())].clone();
    for _ in 0..dice.random_range(1..6) {
        let at = dice.random_range(0..=bytes.len());
        let to = (at + dice.random_range(0..12)).min(bytes.len());
        match dice.random_range(0..4) {
            0 => bytes[at..to].iter_mut().for_each(|octet| *octet ^= 1 << dice.random_range(0..8)),
            1 => drop(bytes.drain(at..to)),
            2 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece).for_each(drop);
            }
            _ => {
                let other = &seeds[dice.random_range(0..seeds.len())];
                let from = dice.random_range(0..=other.len());
                let piece = other[from..(from + 40).min(other.len())].to_vec();
                bytes.splice(at..at, piece).for_each(drop);
            }
        }
    }
    bytes
}

fn bite(name: &str, rounds: usize) {
    let (target, seeds) = (targets::target(name), seeds(name));
    seeds.iter().for_each(|seed| target(seed));
    let mut dice = StdRng::seed_from_u64(2645);
    for round in 0..rounds {
        let bytes = bitten(&seeds, &mut dice);
        let run = std::panic::AssertUnwindSafe(|| target(&bytes));
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!(
                "{name}, round {round}: {:?}",
                odmr::smtp::escape::Escaped(&bytes).to_string()
            );
            std::panic::resume_unwind(panic);
        }
    }
}

macro_rules! smoke {
    ($($name:ident: $rounds:expr;)*) => {
        $(#[test]
        fn $name() {
            bite(stringify!($name), $rounds);
        })*

        #[test]
        fn no_target_is_left_out() {
            let here = [$(stringify!($name)),*];
            assert_eq!(targets::TARGETS.map(|(name, _)| name), here);
        }
    };
}

smoke! {
    command: ROUNDS;
    reply: ROUNDS;
    dots: ROUNDS;
    capability: ROUNDS;
    server_mx: ROUNDS;
    server_odmr: ROUNDS;
    server_reversed: ROUNDS;
    client: ROUNDS;
    sender: ROUNDS;
    sasl_server: ROUNDS / 10;
    sasl_client: ROUNDS / 10;
    settings: ROUNDS / 3;
    spool: SLOW_ROUNDS;
}
