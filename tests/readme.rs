//! What the README tells a newcomer to type does what the README says. Only what touches nothing but
//! a folder of its own and the loopback is run; the rest is read by the same readers as the real thing.

use std::path::Path;
use std::process::{Command, Output};

use odmr::cli::{fetch, mxcheck, probe, provider, queue};
use odmr::config::Document;
use odmr::config::fetch::{Files, Owner, check::Purpose};

const README: &str = include_str!("../README.md");
const CRONTAB: &str = include_str!("../examples/crontab");

/// The fenced block that follows `mark`.
fn block_behind(mark: &str, language: &str) -> &'static str {
    let from = README.find(mark).unwrap_or_else(|| panic!("the README lacks {mark:?}"));
    let fence = format!("```{language}\n");
    let begin = README[from..].find(&fence).unwrap_or_else(|| panic!("no block behind {mark:?}"));
    let rest = &README[from + begin + fence.len()..];
    &rest[..rest.find("```").unwrap()]
}

/// Runs a line as a shell would that has our programs in its path, and no settings of the user's.
fn typed(line: &str, folder: &Path) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_odmrd")).parent().unwrap();
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .output()
        .unwrap()
}

fn worked(line: &str, folder: &Path) -> String {
    let output = typed(line, folder);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// A line without what differs from run to run: ports and ids.
fn lasting(line: &str) -> String {
    let word = |word: &str| match word {
        _ if word.starts_with("127.0.0.1:") => "(port)".to_owned(),
        _ if word.len() == 26 && word.starts_with("01") => "(id)".to_owned(),
        other => other.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_demo_says_what_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let line = block_behind("## See it work", "sh").replace("cargo run --", "odmrd");
    let output = worked(&line, folder.path());
    let mut said = output.lines().map(lasting);
    let shown = block_behind("cargo run -- demo", "text").lines();
    for line in shown.filter(|line| !line.is_empty() && line.trim() != "...").map(lasting) {
        assert!(said.any(|heard| heard == line), "not said, or not in this order: {line}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something is left behind");
}

#[test]
fn a_provider_is_set_up_as_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let lines = block_behind("<!-- tests/readme.rs runs this -->", "sh").lines();
    let told: Vec<String> = lines.map(|line| worked(line, folder.path())).collect();
    let [init, add, list, check] = told.as_slice() else { panic!("{told:?}") };
    assert!(init.contains("--fingerprint sha256:"), "{init}");
    assert!(add.contains("account acme may fetch the mail of example.org, example.com"), "{add}");
    assert!(list.starts_with("acme "), "{list}");
    let expected = "try/odmrd.toml: in order: mail.example.net, 1 account, 2 domains, TLS\n";
    assert_eq!(check, expected);
}

#[test]
fn every_command_line_shown_is_one() {
    let joined = README.replace("\\\n", " ");
    let shown = joined.lines().chain(CRONTAB.lines()).map(str::trim);
    let mut read = 0;
    for line in shown {
        let line = line.split(" # ").next().unwrap_or_default();
        let line = line.trim_start_matches("#0 3 * * *").trim_start_matches("*/10 * * * *").trim();
        let line = line.replace("sha256:...", &format!("sha256:{}", "0".repeat(64)));
        let words: Vec<&str> = line.split_whitespace().collect();
        let result = match words.as_slice() {
            ["odmrd", _, ..] => provider::parse(&words).map(drop),
            ["atrn-fetch", _, ..] => fetch::parse(&words).map(drop),
            ["queuectl", _, ..] => queue::parse(typed_words(&line)).map(drop),
            ["mxcheck", _, ..] => mxcheck::parse(typed_words(&line)).map(drop),
            ["smtp-probe", _, ..] => probe::parse(typed_words(&line)).map(drop),
            _ => continue,
        };
        result.unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        read += 1;
    }
    assert!(read >= 28, "only {read} were found");
    for (line, _) in queue::EXAMPLES {
        queue::parse(typed_words(line)).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
    }
    for (line, _) in probe::EXAMPLES {
        probe::parse(typed_words(line)).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
    }
    for (line, _) in mxcheck::EXAMPLES {
        mxcheck::parse(typed_words(line)).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
    }
}

/// What a shell makes of the first command in a line.
fn typed_words(line: &str) -> Vec<std::ffi::OsString> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, word) = (!quoted, Some(word.unwrap_or_default())),
            '|' | '>' | '&' | '#' if !quoted && word.is_none() => break,
            ' ' if !quoted => words.extend(word.take().map(Into::into)),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.map(Into::into));
    words
}

#[test]
fn the_settings_shown_are_in_order() {
    let document =
        Document::new("/etc/odmr/atrn-fetch.toml", block_behind("## Fetch from it", "toml"));
    let files = Files::parse(vec![(Owner::System, document)]).unwrap();
    let problems = files.account("home", Vec::new()).unwrap().check(Purpose::Run);
    // The password's file is on somebody else's machine.
    let only_that = |text: &str| text.lines().all(|line| line.contains("acme.password"));
    assert!(
        problems.as_ref().err().is_none_or(|found| only_that(&found.to_string())),
        "{problems:?}"
    );
}

#[test]
fn a_fault_is_told_once_and_names_its_server_once() {
    let folder = tempfile::tempdir().unwrap();
    let line = "(umask 077; echo secret > pw); \
         atrn-fetch run --server 127.0.0.1 --port 1 --tls none --user acme --password-file pw \
         --domain example.org --deliver maildir:Maildir --lock wait";
    let output = typed(line, folder.path());
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(69), "{told}");
    assert_eq!(told.matches("127.0.0.1:1").count(), 1, "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn every_link_leads_somewhere() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
    }
}

/// What is named in a line as `some/file.rs` or `some/file.rs: function, Type::function`.
fn named(line: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(".rs") {
        let begin = line[..at].rfind([' ', '(', '`']).map_or(0, |n| n + 1);
        let functions = match line[at + 3..].strip_prefix(": ") {
            Some(rest) => rest.split("  ").next().unwrap_or_default().split(", ").collect(),
            None => Vec::new(),
        };
        found.push((&line[begin..at + 3], functions));
    }
    found
}

fn defines(source: &str, function: &str) -> bool {
    let name = function.rsplit("::").next().unwrap_or(function);
    let is_its_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    ["fn ", "const "].iter().any(|kind| {
        let wanted = format!("{kind}{name}");
        source.match_indices(&wanted).any(|(at, _)| is_its_end(&source[at + wanted.len()..]))
    })
}

#[test]
fn the_journeys_and_decisions_name_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut named_in_all, mut missing) = (0, Vec::new());
    for folder in ["doc/journeys", "doc/decisions"] {
        for page in std::fs::read_dir(root.join(folder)).unwrap() {
            let text = std::fs::read_to_string(page.unwrap().path()).unwrap();
            for (file, functions) in text.lines().flat_map(named) {
                let path = root.join("src").join(file.trim_start_matches("src/"));
                let source = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{file}"));
                for function in functions {
                    if !defines(&source, function) {
                        missing.push(format!("{file}: {function}"));
                    }
                    named_in_all += 1;
                }
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(named_in_all > 80, "only {named_in_all} were found");
}
