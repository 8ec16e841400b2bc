//! What a shell offers behind the words of a command, asked of the shells themselves.

use std::process::Command;

use crate::lab::Lab;
use crate::lab::ours::RunningOdmrd;
use crate::lab::presence::{Peer, have};
use crate::{laden, queuectl, run};

/// What bash offers behind these words, by the script in `completions/`.
fn offered(odmrd: &RunningOdmrd, program: &str, words: &[&str]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");
    let here = std::path::Path::new(env!("CARGO_BIN_EXE_queuectl")).parent().expect("a folder");
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap_or_default());
    let asked = format!(
        r#"source {script}/{program}.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMP_TYPE=9
        _clap_complete_{} "$1" "${{@: -1}}" "${{@: -2:1}}"; printf '%s\n' "${{COMPREPLY[@]}}""#,
        program.replace('-', "_")
    );
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", &asked, "bash", program]).args(words);
    command.env("PATH", path).env("ODMR_PROVIDER_CONFIG", odmrd.config());
    let said = run(command, &[]).ended(0);
    assert_eq!(said.err, "");
    said.out.lines().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// What another shell offers, by its script in `completions/`.
fn offered_by(shell: Peer, odmrd: &RunningOdmrd, words: &[&str]) -> Vec<String> {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/completions");
    let here = std::path::Path::new(env!("CARGO_BIN_EXE_queuectl")).parent().expect("a folder");
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell.program());
    match shell {
        Peer::Fish => {
            let asked =
                format!("source {scripts}/queuectl.fish; complete -C (string join -- ' ' $argv)");
            command.args(["--no-config", "-c", &asked, "queuectl"]).args(words);
        }
        // Without an editor there is no edit: to complete in; the script finds what it needs of it.
        Peer::Elvish => {
            let asked = format!(
                "var edit: = (ns [&completion:=(ns [&arg-completer=[&]])])
                eval (slurp < {scripts}/queuectl.elv) &ns=(ns [&edit:=$edit:])
                $edit:completion:arg-completer[queuectl] $@args | each {{|word| echo $word }}"
            );
            command.args(["-norc", "-c", &asked, "queuectl"]).args(words);
        }
        // Who is asked is the script; showing it is the line editor's, which needs somebody to type.
        _ => {
            let asked = format!(
                r#"compdef() {{ }}; _describe() {{ print -rl -- ${{(P)3}}; }}
                source {scripts}/_queuectl; words=("$@"); CURRENT=$#
                _clap_dynamic_completer_queuectl"#
            );
            command.args(["-f", "-c", &asked, "zsh", "queuectl"]).args(words);
        }
    }
    command.env("PATH", path).env("ODMR_PROVIDER_CONFIG", odmrd.config());
    let said = run(command, &[]);
    assert_eq!(said.err, "");
    let value = |line: &str| line.split(['\t', ':']).next().unwrap_or_default().to_owned();
    let mut values: Vec<String> = said.out.lines().map(value).collect();
    values.retain(|value| !value.starts_with('-'));
    values.sort();
    values
}

#[test]
fn other_shells_know_them_too() {
    if !have(&[Peer::Elvish, Peer::Fish, Peer::Zsh]) {
        return;
    }
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let listed = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    let mut ids: Vec<String> =
        listed.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    for shell in [Peer::Elvish, Peer::Fish, Peer::Zsh] {
        assert_eq!(offered_by(shell, &odmrd, &["show", ""]), ids, "{shell:?}");
        assert_eq!(offered_by(shell, &odmrd, &["list", "--domain", "ex"]), ["example.org"]);
        assert_eq!(offered_by(shell, &odmrd, &["list", "--account", ""]), ["acme"]);
        assert_eq!(offered_by(shell, &odmrd, &["req"]), ["requeue"]);
        assert_eq!(offered_by(shell, &odmrd, &["show", "Z"]), [""; 0]);
    }
}

#[test]
fn a_shell_knows_the_ids_domains_and_accounts() {
    let lab = Lab::open();
    let mut odmrd = laden(&lab);
    let listed = queuectl(&odmrd, &["list", "--json"]).ended(0).records();
    let mut ids: Vec<String> =
        listed.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    let mut shown = offered(&odmrd, "queuectl", &["show", ""]);
    shown.retain(|word| !word.starts_with('-'));
    shown.sort();
    assert_eq!(shown, ids);
    assert_eq!(offered(&odmrd, "queuectl", &["delete", &ids[0].to_lowercase()]), ids[..1]);
    assert_eq!(offered(&odmrd, "queuectl", &["show", "Z"]), [""; 0]);
    assert_eq!(offered(&odmrd, "queuectl", &["list", "--domain", "ex"]), ["example.org"]);
    assert_eq!(offered(&odmrd, "queuectl", &["list", "--account", ""]), ["acme"]);
    assert_eq!(offered(&odmrd, "queuectl", &["redirect", "--to", ""]), ["example.org"]);
    assert_eq!(offered(&odmrd, "queuectl", &["req"]), ["requeue"]);
    let config = odmrd.config().display().to_string();
    let passwd = ["--config", &config, "account", "passwd", "a"];
    assert_eq!(offered(&odmrd, "odmrd", &passwd), ["acme"]);
    // Nobody is there: what the settings know is still known, and the rest is silence.
    odmrd.daemon.terminate();
    assert_eq!(offered(&odmrd, "queuectl", &["list", "--domain", ""]), ["example.org"]);
    assert_eq!(offered(&odmrd, "queuectl", &["show", &ids[0]]), [""; 0]);
    let spool = lab.path("odmrd-state/spool").display().to_string();
    let there = offered(&odmrd, "queuectl", &["--spool", &spool, "show", &ids[0][..7]]);
    assert_eq!(there, ids);
}

/// Also where `run` is left out, and behind its flags.
#[test]
fn a_shell_knows_the_accounts_of_a_customer() {
    let lab = Lab::open();
    let odmrd = laden(&lab);
    let config = lab.write("customer.toml", "[account.home]\n[account.office]\n");
    let config = config.display().to_string();
    let accounts = |words: &[&str]| {
        let words = [&["--config", &config], words].concat();
        let mut shown = offered(&odmrd, "atrn-fetch", &words);
        shown.retain(|word| !word.starts_with('-'));
        shown
    };
    for words in [&["ho"][..], &["run", "ho"], &["check", "ho"], &["--quiet", "office", "ho"]] {
        assert_eq!(accounts(words), ["home"], "{words:?}");
    }
    assert_eq!(accounts(&["run", ""]), ["home", "office"]);
    let all = accounts(&[""]);
    assert!(["home", "office", "run", "status"].iter().all(|word| all.iter().any(|w| w == word)));
    assert_eq!(accounts(&["stat"]), ["status"]);
    assert_eq!(
        offered(&odmrd, "atrn-fetch", &["--config", &config, "home", "--dry"]),
        ["--dry-run"]
    );
}
