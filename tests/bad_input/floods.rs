//! Strangers and customers who take more than their share: bounded, and the next caller is served.

use crate::house::{House, stderr};
use crate::talk::Line;

const HASTE: &str = "timeouts = { command = \"1s\", data = \"1s\", login = \"2s\", session = \"5s\", reply = \"1s\", \
                     greeting = \"1s\" }\nqueue.reserve = \"1 MiB\"";

fn served(house: &House, provider: &crate::house::Provider) {
    let reply = provider.bring("after all that", "still here");
    assert!(reply.starts_with("250"), "{reply}");
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(house.landed().len(), 1);
}

#[test]
fn an_address_has_its_share_and_others_have_theirs() {
    let limits = "limits.connections = 40\nlimits.connections_per_address = 10";
    let house = House::new(&format!("queue.reserve = \"1 MiB\"\n{limits}"));
    let provider = house.serve();
    let mut idle: Vec<Line> = Vec::new();
    for host in [2, 3, 4] {
        idle.extend((0..10).map(|_| Line::from(host, provider.mx)));
    }
    for line in &mut idle {
        assert!(line.reply().starts_with("220"));
    }
    let mut eleventh = Line::from(2, provider.mx);
    let told = eleventh.rest();
    assert!(told.starts_with("421 4.7.0 too many connections from your address"), "{told}");
    served(&house, &provider);
    let mut more: Vec<Line> = (0..10).map(|_| Line::from(5, provider.mx)).collect();
    more.iter_mut().for_each(|line| assert!(line.reply().starts_with("220")));
    assert!(Line::from(6, provider.odmr).rest().starts_with("421 4.7.0 too many connections"));
}

#[test]
fn the_slow_and_the_silent_are_sent_away() {
    let house = House::new(HASTE);
    let provider = house.serve();
    let mut silent = Line::greeted(provider.mx);
    let mut slow = Line::greeted(provider.mx);
    let mut unproven = Line::greeted(provider.odmr);
    slow.say("EHL");
    assert!(silent.rest().starts_with("421 4.4.2 too slow"));
    assert!(slow.rest().starts_with("421 4.4.2 too slow"));
    assert!(unproven.rest().starts_with("421 4.4.2 too slow"));
    let mut endless = Line::greeted(provider.mx);
    endless.flood(&[b'x'; 64 * 1024]);
    let mut content = Line::greeted(provider.mx);
    content.say("EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    content.flood(b"no mail goes on for ever\r\n");
    served(&house, &provider);
}

#[test]
fn noise_has_its_measure() {
    let house = House::new(HASTE);
    let provider = house.serve();
    let mut noops = Line::greeted(provider.mx);
    noops.say(&"NOOP\r\n".repeat(2000));
    assert!(noops.rest().ends_with("421 4.7.0 many commands and no mail, closing\r\n"));
    let mut guesses = Line::greeted(provider.mx);
    guesses.say("EHLO a\r\nMAIL FROM:<>\r\n");
    guesses.say(&"RCPT TO:<bob@example.com>\r\n".repeat(2000));
    assert!(guesses.rest().ends_with("421 4.7.0 too many refused recipients, closing\r\n"));
    let mut huge = Line::greeted(provider.mx);
    huge.say("EHLO a\r\nBDAT 9223372036854775808\r\n");
    assert!(huge.rest().contains("\r\n503 5.5.1 MAIL first\r\n"));
    for foreign in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{2}"] {
        let mut line = Line::greeted(provider.mx);
        line.say(foreign);
        assert!(line.rest().starts_with("554 5.5.0 this is SMTP"), "{foreign:?}");
    }
    served(&house, &provider);
}

#[test]
fn six_hundred_recipients_are_no_noise() {
    let house = House::new("queue.reserve = \"1 MiB\"");
    let provider = house.serve();
    let mut line = Line::greeted(provider.mx);
    assert!(line.ask("EHLO a").starts_with("250") && line.ask("MAIL FROM:<>").starts_with("250"));
    for n in 0..600 {
        assert!(line.ask(&format!("RCPT TO:<b{n}@example.org>")).starts_with("250"), "{n}");
    }
    assert!(line.ask("DATA").starts_with("354"));
    assert!(line.ask("Subject: x\r\n\r\nx\r\n.").starts_with("250"));
}

#[test]
fn who_guesses_learns_nothing_and_is_shut_out() {
    let limit = "odmr.auth_failures_per_address = 6\nlimits.connections_per_address = 50";
    let house = House::new(limit);
    let provider = house.serve();
    let mut told = std::collections::BTreeSet::new();
    for user in ["acme", "nobody", "acme", "nobody", "acme", "nobody"] {
        let mut line = Line::greeted(provider.odmr);
        line.ask("EHLO a");
        assert!(line.ask("ATRN example.org").starts_with("530"));
        assert!(line.ask("AUTH CRAM-MD5").starts_with("334"));
        let digest = format!("{user} 0123456789abcdef0123456789abcdef");
        told.insert(line.ask(&base64(&digest)));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    let mut line = Line::greeted(provider.odmr);
    line.ask("EHLO a");
    line.say("AUTH CRAM-MD5\r\n");
    let rest = line.rest();
    assert!(rest.starts_with("421 4.7.0 too many failed") && rest.lines().count() == 1, "{rest}");
    let mut elsewhere = Line::from(9, provider.odmr);
    elsewhere.reply();
    elsewhere.ask("EHLO a");
    assert!(elsewhere.ask("AUTH CRAM-MD5").starts_with("334"));
}

pub fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}

/// Logs in by SASL's simplest means and turns; the customer is then a server of our own making.
fn customer(provider: &crate::house::Provider) -> Line {
    use odmr::sasl::{Binding, ClientExchange, Mechanism, NONCE_OCTETS};
    let mut line = Line::greeted(provider.odmr);
    line.ask("EHLO mail.example.org");
    let secret = Some(crate::house::PASSWORD.to_owned().into());
    let mut exchange =
        ClientExchange::new(Mechanism::CramMd5, "acme", secret, [1; NONCE_OCTETS], Binding::None)
            .expect("an exchange");
    let challenge = line.ask("AUTH CRAM-MD5");
    use base64::Engine;
    let decode = |text: &str| base64::prelude::BASE64_STANDARD.decode(text).expect("base64");
    let challenge = decode(challenge.trim_end().trim_start_matches("334 "));
    let response = exchange.respond(&challenge).expect("a response");
    let response = base64::prelude::BASE64_STANDARD.encode(&response[..]);
    assert!(line.ask(&response).starts_with("235"));
    assert!(line.ask("ATRN").starts_with("250"));
    line
}

#[test]
fn a_customer_who_floods_lies_or_stalls_gets_its_mail_all_the_same_later() {
    let house = House::new(HASTE);
    let mut provider = house.serve();
    assert!(provider.bring("kept", "kept").starts_with("250"));
    let parts: [fn(&mut Line); 6] = [
        Line::stall,
        |line| line.flood(b"220-and another thing\r\n"),
        |line| line.flood(&[b'2'; 8192]),
        |line| line.say("HTTP/1.1 200 OK\r\n"),
        |line| line.say("220 c\r\n250 c\r\n250 a\r\n250 b\r\n250 no 354\r\n250 taken\r\n"),
        |line| {
            line.say("220 c\r\n");
            line.reply();
            line.say("250 c\r\n");
            line.reply();
            line.say("250 a\r\n250 b\r\n354 c\r\n");
        },
    ];
    for part in parts {
        let mut line = customer(&provider);
        part(&mut line);
        drop(line);
        provider.until(&["odmr session"]);
    }
    let output = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(house.landed().len(), 1);
}

/// Takes what it is offered until it meets this word, and hangs up there.
fn chokes_on(line: &mut Line, word: &str) -> usize {
    line.say("220 c\r\n");
    let mut taken = 0;
    loop {
        let heard = line.reply();
        match heard.get(..4).unwrap_or_default() {
            "DATA" => {
                line.say("354 go on\r\n");
                if !line.content().contains(word) {
                    line.say("250 taken\r\n");
                    taken += 1;
                } else {
                    return taken;
                }
            }
            "QUIT" | "" => return taken,
            _ => line.say("250 c\r\n"),
        }
    }
}

#[test]
fn a_mail_that_breaks_every_session_keeps_the_others_waiting_once() {
    let house = House::new(HASTE);
    let mut provider = house.serve();
    for subject in ["poison", "one", "two", "three"] {
        assert!(provider.bring(subject, "x").starts_with("250"));
    }
    for taken in [0, 3] {
        let mut line = customer(&provider);
        assert_eq!(chokes_on(&mut line, "Subject: poison"), taken);
        drop(line);
        provider.until(&["the line broke inside this message"]);
        provider.until(&["odmr session"]);
    }
    assert!(provider.bring("four", "x").starts_with("250"));
    let one = house.fetch(provider.odmr, &["--max-messages", "1"]).output().expect("atrn-fetch");
    assert_eq!(one.status.code(), Some(1), "{}", stderr(&one));
    assert!(house.landed().iter().all(|mail| mail.contains("Subject: four")));
    let rest = house.fetch(provider.odmr, &[]).output().expect("atrn-fetch");
    assert_eq!(rest.status.code(), Some(0), "{}", stderr(&rest));
    assert_eq!(house.landed().len(), 2);
}

/// The same as a customer to whom everything is streamed. `alone`: nothing may come behind a message
/// that is not answered yet.
fn chokes_in_the_stream_on(line: &mut Line, word: &str, alone: bool) -> usize {
    line.say("220 c\r\n");
    let mut taken = 0;
    loop {
        let heard = line.reply();
        match heard.get(..4).unwrap_or_default() {
            "EHLO" => line.say(
                "250-c\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 XODMR STREAM\r\n",
            ),
            "BDAT" => {
                let octets = heard.split(' ').nth(1).and_then(|n| n.parse().ok());
                if line.octets(octets.expect("a number")).contains(word) {
                    return taken;
                }
                assert!(!alone || line.is_silent());
                line.say("250 taken\r\n");
                taken += 1;
            }
            "QUIT" | "" => return taken,
            _ => line.say("250 c\r\n"),
        }
    }
}

#[test]
fn what_was_on_the_line_when_it_broke_is_tried_again_one_by_one() {
    let house = House::new(HASTE);
    let mut provider = house.serve();
    for subject in ["poison", "one", "two", "three"] {
        assert!(provider.bring(subject, "x").starts_with("250"));
    }
    let poison = "Subject: poison";
    // Twice in a row it may have been any of them; from then on each goes alone.
    for (word, alone, taken) in [
        (poison, false, 0),
        ("Subject: three", false, 0),
        (poison, true, 0),
        (poison, true, 3),
        (poison, true, 0),
    ] {
        let mut line = customer(&provider);
        assert_eq!(chokes_in_the_stream_on(&mut line, word, alone), taken);
        drop(line);
        provider.until(&["odmr session"]);
    }
    let log = provider.stop();
    let broken = log.lines().filter(|line| line.contains("the line broke inside this message"));
    assert_eq!(broken.count(), 4 + 4 + 1 + 1 + 1, "{log}");
}

/// Nobody is let in for want of descriptors, and everybody once there are some again.
#[test]
fn running_out_of_descriptors_heals_by_itself() {
    let house = House::new("queue.reserve = \"1 MiB\"\nlimits.connections_per_address = 1000");
    let daemon = house.odmrd(&["run"]);
    let mut command = std::process::Command::new("prlimit");
    command.arg("--nofile=64:64").arg("--").arg(daemon.get_program()).args(daemon.get_args());
    let provider = crate::house::Provider::start(command);
    // A crowd at the door must not find us without what we need ourselves.
    assert!(provider.heard.contains("listening for operators"), "{}", provider.heard);
    let mut lines: Vec<Line> = (0..120).map(|_| Line::from(2, provider.mx)).collect();
    assert!(lines[0].reply().starts_with("220"));
    drop(lines);
    served(&house, &provider);
}
