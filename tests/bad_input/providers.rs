//! Providers that are none, or that lie, flood, stall and hang up: bounded, and told plainly.

use crate::house::{House, PASSWORD, signal, stderr};
use crate::talk::{Line, server};

const HASTE: [&str; 8] = [
    "--timeout-greeting=1s",
    "--timeout-command=1s",
    "--timeout-data=1s",
    "--max-session=1s",
    "--timeout-connect=5s",
    "--max-rounds=2",
    "--lock=wait",
    "-vv",
];

/// Plays a provider, and gives the customer's exit code and what it said.
fn met(play: impl FnOnce(&mut Line) + Send + 'static) -> (i32, String) {
    met_by(&HASTE, play)
}

/// The same for a customer with these flags.
fn met_by(flags: &[&str], play: impl FnOnce(&mut Line) + Send + 'static) -> (i32, String) {
    let house = House::bare();
    let (address, provider) = server(play);
    let output = house.fetch(address, flags).output().expect("atrn-fetch");
    provider.join().expect("the provider");
    assert!(house.landed().is_empty(), "something was delivered");
    let told = stderr(&output);
    assert!(!told.contains(PASSWORD), "the password is told");
    assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
    (output.status.code().expect("an exit code"), told)
}

fn says(text: &'static str) -> impl FnOnce(&mut Line) + Send + 'static {
    move |line| {
        line.say(text);
        line.stall();
    }
}

#[test]
fn what_is_no_smtp_is_told_so() {
    let strange = [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{16}\u{3}\u{1}\0\u{2}\u{2}\n",
        "* OK IMAP4rev1 \u{1b}]0;owned\u{7}\r\n",
        "220-one\r\n221 another\r\n",
    ];
    for text in strange {
        let (code, told) = met(says(text));
        assert_eq!(code, 76, "{text:?}: {told}");
    }
}

#[test]
fn a_greeting_without_end_is_not_heard_out() {
    let (code, told) = met(|line| line.flood(&[b'x'; 1024]));
    assert_eq!(code, 76, "{told}");
    let (code, told) = met(|line| line.flood(b"220-and another thing\r\n"));
    assert_eq!(code, 76, "{told}");
}

#[test]
fn silence_and_a_line_that_breaks_are_for_later() {
    assert_eq!(met(Line::stall).0, 75);
    assert_eq!(met(|_| {}).0, 75);
    assert_eq!(met(says("421 4.3.2 not now\r\n")).0, 75);
    let (code, told) = met(|line| {
        line.say("220 p\r\n");
        assert!(line.reply().starts_with("EHLO"));
        line.say("421 4.3.2 ending\r\n");
    });
    assert_eq!(code, 75, "{told}");
}

/// Up to AUTH, which is answered as the case may be.
fn login(line: &mut Line, answer: &str) {
    line.say("220 p ESMTP\r\n");
    assert!(line.reply().starts_with("EHLO"));
    line.say("250-p\r\n250-AUTH CRAM-MD5\r\n250 ATRN\r\n");
    assert!(line.reply().starts_with("AUTH CRAM-MD5"));
    line.say("334 PDEuMkBwPg==\r\n");
    line.reply();
    line.say(answer);
}

#[test]
fn a_wrong_password_is_told_plainly() {
    let (code, told) = met(|line| {
        login(line, "535 5.7.8 go away \u{1b}[2J\r\n");
        line.stall();
    });
    assert_eq!(code, 77, "{told}");
    assert!(
        told.contains("go away \\x1b[2J") && told.contains("check user and password"),
        "{told}"
    );
}

/// Up to the turn; gives the customer's greeting.
fn turned(line: &mut Line) {
    login(line, "235 2.7.0 ok\r\n");
    assert!(line.reply().starts_with("ATRN"));
    line.say("250 2.0.0 turning\r\n");
    assert!(line.reply().starts_with("220"));
}

#[test]
fn a_line_without_end_behind_the_turn_ends() {
    let (code, told) = met(|line| {
        turned(line);
        line.flood(&[b'x'; 8192]);
    });
    assert_eq!(code, 75, "{told}");
}

#[test]
fn a_chunk_without_end_ends() {
    let (code, told) = met(|line| {
        turned(line);
        line.say("EHLO p\r\nBDAT 18446744073709551615 LAST\r\n");
        line.flood(&[b'x'; 8192]);
    });
    assert_eq!(code, 76, "{told}");
    assert!(told.contains("421 4.3.4"), "at once: {told}");
}

#[test]
fn content_without_end_ends_and_is_not_delivered() {
    let (code, told) = met(|line| {
        turned(line);
        line.say("EHLO p\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
        line.flood(b"no mail goes on for ever\r\n");
    });
    assert_eq!(code, 75, "{told}");
}

#[test]
fn mail_for_others_is_refused_and_a_cut_mail_is_none() {
    // Nothing here ends by the clock.
    let (code, _) = met_by(&["--max-rounds=2", "--lock=wait", "-vv"], |line| {
        turned(line);
        line.say("EHLO p\r\nMAIL FROM:<>\r\n");
        assert!(line.reply().starts_with("250") && line.reply().starts_with("250"));
        for path in ["<bob@example.com>", "<../../bob@example.net>", "<bob@[127.0.0.1]>"] {
            assert!(line.ask(&format!("RCPT TO:{path}")).starts_with("55"), "{path}");
        }
        assert!(line.ask("RCPT TO:<bob@example.org>").starts_with("250"));
        assert!(line.ask("DATA").starts_with("354"));
        line.say("Subject: half a ma");
    });
    assert_eq!(code, 75);
}

/// Some servers quote the line that they did not like.
#[test]
fn a_password_that_is_said_back_is_told_nobody() {
    let flags = ["--mech=plain", "--lock=wait", "-vv"];
    let (code, told) = met_by(&flags, |line| {
        line.say("220 p ESMTP\r\n");
        line.reply();
        line.say("250-p\r\n250-AUTH PLAIN\r\n250 ATRN\r\n");
        let said = line.reply();
        let coded = said.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        line.say(&format!("501 5.5.4 what is \"{}\", and {PASSWORD}?\r\n", said.trim_end()));
        line.reply();
        assert!(coded.len() > 8, "{said}");
    });
    assert_eq!(code, 77, "{told}");
    assert!(told.contains("AUTH PLAIN (hidden)\", and (hidden)?"), "{told}");
}

/// Wherever it comes back: in a greeting, in what is no reply, behind the 250, and from a client behind the turn.
/// `met` looks for it in what is told.
#[test]
fn a_password_that_was_never_said_in_clear_is_shown_nowhere() {
    let quoted = format!("554 {PASSWORD} is stale\r\n");
    let (code, told) = met(move |line| line.say(&quoted));
    assert!(code != 0 && told.contains("554 (hidden) is stale"), "{code}: {told}");
    let (_, told) = met(|line| {
        login(line, &format!("{} {PASSWORD}?\r\n", "x".repeat(70)));
        line.stall();
    });
    assert!(told.contains("not a reply"), "{told}");
    let (_, told) = met(|line| {
        login(line, "235 2.7.0 ok\r\n");
        line.reply();
        line.say(&format!("250 2.0.0 turning\r\n{PASSWORD}\r\n"));
    });
    assert!(told.contains("spoke out of turn") && told.contains("(hidden)"), "{told}");
    let house = House::bare();
    let (address, provider) = server(|line| {
        turned(line);
        line.say(&format!("EHLO {PASSWORD}\r\nMAIL FROM:<{PASSWORD}@example.com>\r\n"));
        line.say("RCPT TO:<bob@example.org>\r\n");
        assert!((0..3).all(|_| line.reply().starts_with("250")));
        assert!(line.ask("DATA").starts_with("354"));
        assert!(line.ask("Subject: whole\r\n\r\n.").starts_with("250"));
        line.say(&format!("MAIL FROM:<{PASSWORD}@example.com>\r\n"));
        line.say(&format!("RCPT TO:<{PASSWORD}@elsewhere.example>\r\n{PASSWORD}\r\nQUIT\r\n"));
        (0..4).for_each(|_| drop(line.reply()));
    });
    let transcripts = house.path("transcripts");
    std::fs::create_dir(&transcripts).expect("a folder");
    let mut fetch = house.fetch(address, &HASTE);
    let output = fetch.arg("--transcript").arg(&transcripts).output().expect("atrn-fetch");
    provider.join().expect("the provider");
    assert!(!stderr(&output).contains(PASSWORD), "{}", stderr(&output));
    let files = std::fs::read_dir(&transcripts).expect("a folder");
    let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(file?.path());
    let noted: String = files.map(|file| read(file).expect("a transcript")).collect();
    assert!(noted.contains("MAIL FROM:<(hidden)@example.com>"), "{noted}");
    assert!(!noted.contains(PASSWORD), "{noted}");
}

/// What came before is no reason to say that all is well.
#[test]
fn a_session_that_breaks_off_behind_a_mail_is_told() {
    let house = House::bare();
    let (address, provider) = server(|line| {
        turned(line);
        line.say("EHLO p\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n");
        assert!((0..3).all(|_| line.reply().starts_with("250")));
        assert!(line.ask("DATA").starts_with("354"));
        assert!(line.ask("Subject: whole\r\n\r\n.").starts_with("250"));
        line.say("MAIL FROM:<>\r\n");
        assert!(line.reply().starts_with("250"));
    });
    let output = house.fetch(address, &["--max-rounds=1", "--lock=wait"]).output().expect("ran");
    provider.join().expect("the provider");
    assert_eq!((output.status.code(), house.landed().len()), (Some(75), 1), "{}", stderr(&output));
    assert!(stderr(&output).contains("closed the connection"), "{}", stderr(&output));
}

/// A local server that takes everything.
fn obliging(line: &mut Line) {
    line.say("220 t\r\n");
    loop {
        let command = line.reply();
        match command.get(..4).unwrap_or(&command) {
            "" => return,
            "DATA" => line.say("354 go\r\n"),
            "LHLO" | "MAIL" | "RCPT" | "RSET" | "QUIT" | ".\r\n" => line.say("250 ok\r\n"),
            _ => {}
        }
    }
}

/// LMTP is spoken one recipient at a time. Whoever does not come again in this run is mail put off.
#[test]
fn recipients_that_do_not_come_again_are_counted() {
    for (come_again, deferred) in [(false, 1), (true, 0)] {
        let house = House::bare();
        let (target, local) = server(obliging);
        let (address, provider) = server(move |line| {
            turned(line);
            line.say("EHLO p\r\n");
            assert!(line.reply().starts_with("250"));
            let mut bring = |to: &[(&str, &str)]| {
                assert!(line.ask("MAIL FROM:<a@example.net>").starts_with("250"));
                for (path, code) in to {
                    assert!(line.ask(&format!("RCPT TO:<{path}>")).starts_with(code), "{path}");
                }
                assert!(line.ask("DATA").starts_with("354"));
                assert!(line.ask("Subject: one\r\n\r\n.").starts_with("250"));
            };
            bring(&[("bob@example.org", "250"), ("eve@example.org", "452")]);
            if come_again {
                bring(&[("eve@example.org", "250")]);
            }
            line.ask("QUIT");
        });
        let target = format!("lmtp:127.0.0.1:{}", target.port());
        let flags = ["--max-rounds=1", "--lock=wait", "--json"];
        let output = house.fetch_to(&target, address, &flags).output().expect("atrn-fetch");
        provider.join().expect("the provider");
        local.join().expect("the target");
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a summary");
        assert_eq!(
            (&told["deferred"], &told["by_code"]["452"]),
            (&deferred.into(), &1.into()),
            "{told:#}"
        );
        assert_eq!(told["accepted"], 1 + u64::from(come_again), "{told:#}");
    }
}

/// A local mail server that refuses DATA once, and takes the mail when it is asked again.
fn hesitant(line: &mut Line) {
    line.say("220 t ESMTP\r\n");
    let mut data = 0;
    loop {
        let command = line.reply();
        match command.get(..4).unwrap_or(&command) {
            "" => return,
            "DATA" => {
                data += 1;
                line.say(if data == 1 { "451 4.3.0 not now\r\n" } else { "354 go\r\n" });
            }
            "QUIT" => return line.say("221 bye\r\n"),
            "EHLO" | "MAIL" | "RCPT" | "RSET" => line.say("250 ok\r\n"),
            _ if command == ".\r\n" => line.say("250 taken\r\n"),
            _ => {}
        }
    }
}

#[test]
fn data_that_is_said_again_brings_the_whole_mail() {
    let house = House::bare();
    let (heard, content) = std::sync::mpsc::channel();
    let (target, local) = server(move |line| {
        let before = line.recorded(hesitant);
        heard.send(before).expect("told");
    });
    let (address, provider) = server(|line| {
        turned(line);
        line.say("EHLO p\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n");
        assert!((0..3).all(|_| line.reply().starts_with("250")));
        assert!(line.ask("DATA").starts_with("451"));
        assert!(line.ask("DATA").starts_with("354"));
        assert!(line.ask("Subject: whole\r\n\r\nwhole\r\n.").starts_with("250"));
        line.ask("QUIT");
    });
    let target = format!("smtp:127.0.0.1:{}", target.port());
    let output =
        house.fetch_to(&target, address, &["--max-rounds=1"]).output().expect("atrn-fetch");
    provider.join().expect("the provider");
    local.join().expect("the target");
    // It was not asked whether there is more.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains(": 1 message taken") && told.contains("; there may be more;"), "{told}");
    let content: String = content.recv().expect("content");
    assert!(content.contains("Subject: whole\r\n\r\nwhole\r\n.\r\n"), "{content}");
}

/// Within a message the first signal waits for its end; who says it again does not.
#[test]
fn a_second_signal_ends_a_run_at_once() {
    use rustix::process::Signal;
    use std::io::{BufRead, BufReader};
    let house = House::bare();
    let (began, within) = std::sync::mpsc::channel();
    let (address, provider) = server(move |line| {
        turned(line);
        line.say("EHLO p\r\n");
        assert!(line.reply().starts_with("250"));
        for command in ["MAIL FROM:<>", "RCPT TO:<bob@example.org>"] {
            assert!(line.ask(command).starts_with("250"), "{command}");
        }
        assert!(line.ask("DATA").starts_with("354"));
        line.say("Subject: half of it\r\n");
        began.send(()).expect("somebody who waits");
        line.stall();
    });
    let mut fetch = house.fetch(address, &[]);
    let mut child = fetch.stderr(std::process::Stdio::piped()).spawn().expect("atrn-fetch");
    within.recv().expect("a message");
    crate::house::signal(child.id(), Signal::INT);
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("a second signal ends at once") {
        line.clear();
        assert!(said.read_line(&mut line).expect("a line") > 0, "it ended at the first signal");
    }
    assert!(child.try_wait().expect("its state").is_none(), "it ended at the first signal");
    // Which of them it is makes no difference: the first said why it ends.
    crate::house::signal(child.id(), Signal::TERM);
    assert_eq!(child.wait().expect("its end").code(), Some(130));
    provider.join().expect("the provider");
    assert!(house.landed().is_empty());
}

/// The target is tried before anybody is called. A silent one is waited for as long as the settings say, and
/// not at all by who is told to stop.
#[test]
fn a_silent_target_is_waited_for_within_bounds() {
    use std::net::TcpListener;

    let house = House::bare();
    let provider = TcpListener::bind("127.0.0.1:0").expect("a port");
    provider.set_nonblocking(true).expect("a listener that does not wait");
    let called = provider.local_addr().expect("an address");
    let target = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = format!("smtp:{}", target.local_addr().expect("an address"));
    let output = house.fetch_to(&place, called, &["--timeout-target=1s"]).output();
    let output = output.expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 s"), "{}", stderr(&output));
    drop(target.accept().expect("the first"));

    let mut fetch = house.fetch_to(&place, called, &["--timeout-target=1h"]);
    let fetch = fetch.stderr(std::process::Stdio::piped()).spawn().expect("atrn-fetch");
    let held = target.accept().expect("a call");
    signal(fetch.id(), rustix::process::Signal::TERM);
    let output = fetch.wait_with_output().expect("its end");
    drop(held);
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    assert!(provider.accept().is_err(), "the provider was called");
}
