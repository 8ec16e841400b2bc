//! Every dialogue of `tests/dialogues`, three times: against the pure machine with its bytes whole
//! and cut at every octet, over a line in memory through the real flows, and under TLS.

mod stage;

use std::path::{Path, PathBuf};

use stage::play::play;
use stage::pure::Pure;
use stage::script::{Act, Profile, Script};
use stage::wire::Live;

fn scripts(folder: &str) -> Vec<Script> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&root)
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    let scripts: Vec<Script> = paths.iter().map(|path| Script::read(path)).collect();
    assert!(!scripts.is_empty(), "{} holds no dialogue", root.display());
    scripts
}

/// Plays all of a folder, and tells of every one that fails.
fn all(folder: &str, how: &str, plays: impl Fn(&Script)) {
    let failed: Vec<String> = scripts(folder)
        .iter()
        .filter_map(|script| {
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| plays(script)));
            told.err().map(|panic| words(script, how, &*panic))
        })
        .collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

fn words(script: &Script, how: &str, panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    format!("{} ({how}): {}", script.name, text.unwrap_or_default())
}

fn machine(folder: &str) {
    all(folder, "whole", |script| {
        if !script.is("only", "live") {
            play(script, "whole", &mut Pure::new(script, false, script.is("line", "tls")));
        }
    });
    all(folder, "crumbs", |script| {
        if !script.is("only", "live") && !script.is("cut", "whole") {
            play(script, "crumbs", &mut Pure::new(script, true, script.is("line", "tls")));
        }
    });
}

fn in_clear(folder: &str) {
    all(folder, "live", |script| {
        if is_live(script) && !script.is("line", "tls") {
            play(script, "live", &mut Live::new(script, false));
        }
    });
}

fn under_tls(folder: &str) {
    all(folder, "tls", |script| {
        if is_live(script) && !script.is("line", "clear") && !script.has(|act| *act == Act::Tls) {
            play(script, "tls", &mut Live::new(script, true));
        }
    });
}

/// A clock cannot be turned under a real line.
fn is_live(script: &Script) -> bool {
    !script.is("only", "pure") && !script.has(|act| matches!(act, Act::Pass(_)))
}

macro_rules! folders {
    ($($folder:ident)*) => {
        $(mod $folder {
            const FOLDER: &str = stringify!($folder);
            #[test]
            fn the_machine() { super::machine(FOLDER) }
            #[test]
            fn in_clear() { super::in_clear(FOLDER) }
            #[test]
            fn under_tls() { super::under_tls(FOLDER) }
        })*
    };
}

folders! { mx lmtp odmr exchange reversed_provider reversed_customer }

mod customer {
    #[test]
    fn in_clear() {
        super::in_clear("customer");
    }

    #[test]
    fn under_tls() {
        super::under_tls("customer");
    }
}

#[test]
fn each_folder_holds_its_own_profile() {
    for (folder, profile) in [
        ("mx", Profile::Mx),
        ("lmtp", Profile::Lmtp),
        ("odmr", Profile::Odmr),
        ("exchange", Profile::Exchange),
        ("reversed_provider", Profile::ReversedProvider),
        ("reversed_customer", Profile::ReversedCustomer),
        ("customer", Profile::Customer),
    ] {
        for script in scripts(folder) {
            assert_eq!(script.profile, profile, "{folder}/{}", script.name);
        }
    }
}
