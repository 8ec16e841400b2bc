//! Settings: the three TOML files. What is wrong is told in one line, whatever stands in them.

use std::path::Path;

use odmr::config::Document;
use odmr::config::accounts::Accounts;
use odmr::config::fetch::{Files, Owner};
use odmr::config::provider::Loaded;

/// The first octet says which file it is.
pub fn settings(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, b""));
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let document = |name: &str| Document::new(name, text);
    let told = match first % 3 {
        0 => Accounts::parse(Path::new("accounts.toml"), text).err().map(|e| e.to_string()),
        1 => match Loaded::new(document("odmrd.toml")) {
            Ok(loaded) => loaded.check().err().map(|e| e.to_string()),
            Err(problem) => Some(problem.to_string()),
        },
        _ => match Files::parse(vec![(Owner::User, document("atrn-fetch.toml"))]) {
            Ok(files) => {
                files.accounts().iter().for_each(|name| drop(files.account(name, Vec::new())));
                None
            }
            Err(problem) => Some(problem.to_string()),
        },
    };
    let Some(told) = told else { return };
    let clean = told.lines().all(|line| !line.chars().any(|c| c.is_control() && c != '\t'));
    assert!(clean, "{told:?}");
}
