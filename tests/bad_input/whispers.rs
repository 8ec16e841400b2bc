//! What must not be heard: secrets anywhere, and strangers' bytes on our terminals.

use std::process::Stdio;

use crate::house::{House, PASSWORD, stderr};
use crate::talk::{Line, server};

#[test]
fn no_secret_in_ps_or_in_what_is_told() {
    let house = House::bare();
    let (caught, at_the_greeting) = std::sync::mpsc::channel::<()>();
    let (go_on, told_to) = std::sync::mpsc::channel::<()>();
    let (address, provider) = server(move |line| {
        line.say("220 p\r\n");
        line.reply();
        caught.send(()).expect("heard");
        told_to.recv().expect("told");
        line.say("250-p\r\n250-AUTH CRAM-MD5\r\n250 ATRN\r\n");
        line.reply();
        line.say("334 PDEuMkBwPg==\r\n");
        let digest = line.reply();
        line.say("535 no\r\n");
        assert!(digest.len() > 20);
        line.stall();
    });
    let dialogues = house.path("dialogues");
    std::fs::create_dir(&dialogues).expect("a folder");
    let folder = dialogues.to_str().expect("a path");
    let mut fetch = house.fetch(address, &["-vv", "--json", "--transcript", folder]);
    let child = fetch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("atrn-fetch");
    at_the_greeting.recv().expect("a caller");
    for file in ["cmdline", "environ"] {
        let shown = std::fs::read(format!("/proc/{}/{file}", child.id())).expect("readable");
        assert!(!String::from_utf8_lossy(&shown).contains(PASSWORD), "{file}");
    }
    go_on.send(()).expect("heard");
    let output = child.wait_with_output().expect("its end");
    provider.join().expect("the provider");
    assert_eq!(output.status.code(), Some(77));
    let told = stderr(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(!told.contains(PASSWORD) && !told.contains("YWNtZS"), "{told}");
}

#[test]
fn a_providers_log_holds_neither_secrets_nor_escapes() {
    let house = House::new("log.level = \"trace\"\nqueue.reserve = \"1 MiB\"");
    let mut provider = house.serve();
    let mut line = Line::greeted(provider.mx);
    line.ask("EHLO \u{1b}]0;owned\u{7}");
    line.ask("HELO \u{1b}[2J\u{202e}");
    line.ask("MAIL FROM:<a\u{1b}[2Jb@example.com>");
    line.ask("RCPT TO:<\u{1b}[31m@example.org>");
    line.ask("QUIT");
    provider.until(&["mx session"]);
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let log = provider.stop();
    assert!(log.contains("authenticated"), "{log}");
    assert!(!log.contains(PASSWORD));
    assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "{log:?}");
    assert!(!log.contains("\\u001b") && !log.contains('\u{202e}'), "escaped twice is once: {log}");
}
