//! Manual pages and completions in the tree are those that the definitions make, and the pages
//! written by hand leave nothing out.
//!
//! After a change to a command line: `ODMR_REGENERATE=1 cargo test --test generated`.

use std::path::Path;

use odmr::cli::generate::{self, Generated};
use odmr::config::Document;
use odmr::config::fetch::{self, Account, Files, Layer, Owner};
use odmr::config::provider::{self, Loaded, Settings};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn write(file: &Generated) {
    let path = root().join(&file.path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &file.text).unwrap();
}

#[test]
fn what_is_generated_is_up_to_date() {
    let files = generate::all();
    if std::env::var_os("ODMR_REGENERATE").is_some() {
        files.iter().for_each(write);
    }
    for file in files {
        let found = std::fs::read_to_string(root().join(&file.path)).unwrap_or_default();
        let path = file.path.display();
        assert!(
            found == file.text,
            "{path} is stale; run ODMR_REGENERATE=1 cargo test --test generated"
        );
    }
}

#[test]
fn nothing_generated_is_left_over() {
    let known: Vec<_> = generate::all().into_iter().map(|file| file.path).collect();
    for entry in std::fs::read_dir(root().join("completions")).unwrap() {
        let path = Path::new("completions").join(entry.unwrap().file_name());
        assert!(known.contains(&path), "{} comes from nowhere", path.display());
    }
}

/// A page as one reads it: roff's escaped hyphens are hyphens.
fn page(name: &str) -> String {
    let text = std::fs::read_to_string(root().join("man").join(name)).unwrap();
    text.replace("\\-", "-")
}

/// The part of a page under one heading.
fn under<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = page.find(&format!(".SS {heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rest = &page[start + 4..];
    rest.find("\n.S").map_or(rest, |end| &rest[..end])
}

/// How a page heads the paragraph on a key: with its default, where it has one.
fn heading(key: &str, default: Option<String>) -> String {
    match default {
        Some(default) => format!("\n.TP\n\\fB{key}\\fR = {default}\n"),
        None => format!("\n.TP\n\\fB{key}\\fR\n"),
    }
}

#[test]
fn the_page_on_odmrd_toml_has_every_key_with_its_default() {
    let page = page("odmrd.toml.5");
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    for key in provider::keys() {
        let (section, name) = match key.split_once('.') {
            Some(("domains", rest)) => ("[domains.\"example.org\"]".to_owned(), &rest[2..]),
            Some((table, name)) => (format!("[{table}]"), name),
            None => ("Top of the file".to_owned(), &*key),
        };
        let default = defaults.pointer(&format!("/{}", key.replace('.', "/")));
        let default = default.filter(|value| !value.is_null()).map(ToString::to_string);
        let wanted = heading(name, default);
        assert!(under(&page, &section).contains(&wanted), "{section} lacks {wanted:?}");
    }
}

#[test]
fn the_page_on_atrn_fetch_toml_has_every_key_with_its_default() {
    let page = page("atrn-fetch.toml.5");
    for (key, default) in Account::new("", Layer::default()).shown() {
        let wanted = heading(key, default.map(|value| value.to_string()));
        assert!(page.contains(&wanted), "lacks {wanted:?}");
    }
    for setting in Files::default().whole(Vec::new()).settings() {
        let wanted = heading(setting.key, setting.value.map(|value| value.to_string()));
        assert!(page.contains(&wanted), "lacks {wanted:?}");
    }
}

#[test]
fn the_example_of_a_provider_is_one() {
    let text = include_str!("../examples/odmrd.toml");
    let loaded = Loaded::new(Document::new("/etc/odmr/odmrd.toml", text)).unwrap();
    let problems = loaded.check().unwrap_err();
    // Its files are on somebody else's machine; nothing else may be wrong with it.
    assert!(problems.iter().all(|problem| problem.fault.contains("cannot be read")), "{problems}");
}

/// Judged by AppArmor's own parser where that is there with what profiles include; nothing is loaded.
#[test]
fn the_profiles_for_apparmor_are_some() {
    for (name, program) in [("usr.bin.atrn-fetch", "atrn-fetch"), ("usr.bin.odmrd", "odmrd")] {
        let path = root().join("examples/apparmor").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("profile {program} /usr/bin/{program} {{")), "{name}");
        assert!(text.contains(&format!("include if exists <local/{name}>")), "{name}");
        if !Path::new("/etc/apparmor.d/abi/3.0").exists() {
            continue;
        }
        let judged = std::process::Command::new("apparmor_parser").arg("-QK").arg(&path).output();
        let Ok(judged) = judged else { continue };
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    }
}

#[test]
fn each_target_has_an_example() {
    for (target, text) in [
        ("smtp", include_str!("../examples/atrn-fetch-smtp.toml")),
        ("lmtp", include_str!("../examples/atrn-fetch-lmtp.toml")),
        ("maildir", include_str!("../examples/atrn-fetch-maildir.toml")),
        ("command", include_str!("../examples/atrn-fetch-command.toml")),
    ] {
        let document = Document::new("/etc/odmr/atrn-fetch.toml", text);
        let files = Files::parse(vec![(Owner::System, document)]).unwrap();
        let effective = files.account("home", Vec::new()).unwrap();
        assert_eq!(effective.check(fetch::check::Purpose::Run), Ok(()), "{target}");
        let deliver = effective.account.deliver.unwrap().to_string();
        assert!(deliver.starts_with(target), "{deliver}");
    }
}

#[test]
fn the_examples_of_a_customer_are_in_order() {
    let text = include_str!("../examples/atrn-fetch.toml");
    let document = Document::new("/etc/odmr/atrn-fetch.toml", text);
    let files = Files::parse(vec![(Owner::System, document)]).unwrap();
    assert_eq!(files.accounts(), ["boat", "museum", "office"]);
    for name in files.accounts() {
        let effective = files.account(name, Vec::new()).unwrap();
        assert_eq!(effective.check(fetch::check::Purpose::Run), Ok(()), "{name}");
    }
}
