//! `doc/attacks.md` names tests; each of them is there.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../doc/attacks.md");

/// What stands between backquotes and is a path of ours.
fn named() -> impl Iterator<Item = &'static str> {
    let quoted = PAGE.split('`').skip(1).step_by(2);
    quoted.filter(|text| ["tests/", "src/", "benches/"].iter().any(|room| text.starts_with(room)))
}

#[test]
fn every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for name in named() {
        let (file, test) = name.split_once(':').unwrap_or((name, ""));
        if file.ends_with('/') {
            assert!(root.join(file).is_dir(), "{name} is not there");
            continue;
        }
        let text = fs::read_to_string(root.join(file));
        let text = text.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(test.is_empty() || text.contains(&format!("fn {test}(")), "{name} is not there");
        count += 1;
    }
    assert!(count > 100, "only {count} were found");
}
