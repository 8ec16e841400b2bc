//! `--no-input`: at a terminal, too, nobody is asked, by any of the five programs. `script` is the terminal.

use std::process::{Command, Stdio};

use crate::house::House;

/// What a program says to somebody at a terminal who types nothing, and how it ends.
fn at_a_terminal(program: &str, words: &str) -> (Option<i32>, String) {
    let mut script = Command::new("script");
    let line = format!("exec '{program}' {words}");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("SHELL", "/bin/sh");
    // A key that is never pressed: whoever asked would wait for it.
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
    let keys = child.stdin.take();
    let output = child.wait_with_output().expect("its end");
    drop(keys);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn nobody_is_asked_who_does_not_want_to_be() {
    let house = House::new("");
    let config = house.path("odmrd.toml").display().to_string();
    let maildir = house.path("Maildir").display().to_string();
    let fetch = house.write("fetch.toml", "[account.home]\npassword = { file = \"new\" }\n");
    let fetch = fetch.display().to_string();
    let odmrd = env!("CARGO_BIN_EXE_odmrd");
    let atrn_fetch = env!("CARGO_BIN_EXE_atrn-fetch");
    let queuectl = env!("CARGO_BIN_EXE_queuectl");
    let mxcheck = env!("CARGO_BIN_EXE_mxcheck");
    let probe = env!("CARGO_BIN_EXE_smtp-probe");
    let forbids = "--no-input forbids";
    for (program, words, code, said) in [
        (odmrd, format!("--config {config} --no-input account passwd acme"), 78, forbids),
        (odmrd, format!("--config {config} account add b --domain b.org --no-input"), 78, forbids),
        (odmrd, format!("--config {config} --no-input account passwd acme --generate"), 0, "shown"),
        (atrn_fetch, format!("passwd home --config {fetch} --no-input"), 78, forbids),
        (
            atrn_fetch,
            format!(
                "--no-input --server 127.0.0.1 --port 9 --user acme --domain example.org \
                 --deliver maildir:{maildir}"
            ),
            78,
            "how are we to prove who we are?",
        ),
        (queuectl, format!("--config {config} --no-input hold --all"), 64, forbids),
        (queuectl, format!("--config {config} delete --all --no-input"), 64, forbids),
        (
            mxcheck,
            "a.org --no-input --server a.example --odmr auth --user acme".to_owned(),
            64,
            "need a password",
        ),
        (probe, "--no-input server 127.0.0.1:9 --user acme".to_owned(), 64, "needs a password"),
        (probe, "server 127.0.0.1:9 --user acme --no-input".to_owned(), 64, "needs a password"),
    ] {
        let (ended, shown) = at_a_terminal(program, &words);
        assert_eq!(ended, Some(code), "{program} {words}: {shown}");
        assert!(shown.contains(said), "{program} {words}: {shown}");
        let asks = ["password for", "Type "].iter().any(|words| shown.contains(words));
        assert!(!asks, "{program} {words}: {shown}");
    }
}
