//! What is fuzzed: everything that reads what a stranger wrote. Each target takes bytes, and panics
//! when a law is broken; a fuzzer is then a loop around it, and so is `tests/fuzz_smoke.rs`.

mod proof;
mod settings;
mod shelf;
mod talk;
mod words;

/// A target and the folder of its seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All of them. The names are those of the files in `fuzz_targets/` and of the folders in `seeds/`.
pub const TARGETS: [Target; 13] = [
    ("command", words::command),
    ("reply", words::reply),
    ("dots", words::dots),
    ("capability", words::capability),
    ("server_mx", talk::server_mx),
    ("server_odmr", talk::server_odmr),
    ("server_reversed", talk::server_reversed),
    ("client", talk::client),
    ("sender", talk::sender),
    ("sasl_server", proof::server),
    ("sasl_client", proof::client),
    ("settings", settings::settings),
    ("spool", shelf::spool),
];

/// The target of a name.
///
/// # Panics
/// There is none.
pub fn target(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|(known, _)| *known == name).expect("a target of that name").1
}
