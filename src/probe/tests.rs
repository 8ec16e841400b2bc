//! Talks, as dialogues: `P:` is what the server says, `C:` what must be said to it, `--` what happens besides.

use std::time::{Duration, Instant};

use super::*;
use crate::session::Step;

const PATIENCE: Duration = Duration::from_secs(30);

fn mx(depth: Depth) -> mx::Questions {
    mx::Questions {
        name: "check.example".to_owned(),
        depth,
        domain: "example.org".to_owned(),
        from: String::new(),
        local: Some("ann".to_owned()),
        unmade: "nobody-here".to_owned(),
        stranger: "x@example.com".to_owned(),
        may_turn: true,
    }
}

fn odmr(depth: Depth) -> odmr::OdmrTalk {
    odmr::OdmrTalk::new(odmr::Questions {
        name: "check.example".to_owned(),
        depth,
        domain: "example.org".to_owned(),
        foreign: "example.com".to_owned(),
    })
}

/// Runs the talk against the dialogue: each `C:` must be said, each `P:` is heard.
fn plays(mut script: impl Script, dialogue: &str) -> Vec<Exchange<Rung>> {
    let now = Instant::now();
    let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
    let mut done = String::new();
    for line in dialogue.trim().lines().map(str::trim) {
        match line.split_once(": ") {
            Some(("P", said)) => {
                ladder.input().extend_from_slice(format!("{said}\r\n").as_bytes());
                match ladder.poll(now) {
                    Step::Event(heard) => done = act(&mut ladder, &mut script, &heard),
                    Step::Starved => {}
                    Step::Send(bytes) => panic!("{bytes:?} is said before {line}"),
                }
            }
            Some(("C", said)) => {
                assert_eq!(done, said, "before {line}");
                assert!(
                    matches!(ladder.poll(now), Step::Send(bytes) if bytes.starts_with(said.as_bytes()))
                );
            }
            _ if line == "-- TLS --" => {
                assert_eq!(done, line);
                let heard = ladder.note(Rung::Handshake, Heard::Secured, 1);
                done = act(&mut ladder, &mut script, &heard);
            }
            _ => assert_eq!(done, line, "at the end"),
        }
    }
    ladder.noted()
}

/// What is done next, as a line of the dialogue.
fn act(ladder: &mut Ladder<Rung>, script: &mut impl Script, heard: &Exchange<Rung>) -> String {
    match script.next(heard) {
        Next::Say(rung, line) => {
            ladder.say(rung, &line, Instant::now(), PATIENCE);
            line
        }
        Next::Secure => "-- TLS --".to_owned(),
        Next::Prove(mechanisms) => {
            ladder.say_secret(Rung::Auth, "AUTH X", Instant::now(), PATIENCE);
            let _ = ladder.poll(Instant::now());
            format!("-- proves by {} --", mechanisms.join(" "))
        }
        Next::Decline => "-- declines --".to_owned(),
        Next::HangUp => "-- hangs up --".to_owned(),
    }
}

#[test]
fn by_default_a_server_is_greeted_and_left() {
    let talk = || mx::MxTalk::new(mx(Depth::Connect));
    plays(
        talk(),
        "P: 220 mx.example.net ESMTP
         C: EHLO check.example
         P: 250-mx.example.net
         P: 250 STARTTLS
         C: STARTTLS
         P: 220 go ahead
         -- TLS --
         C: EHLO check.example
         P: 250 mx.example.net
         C: QUIT
         P: 221 bye
         -- hangs up --",
    );
    plays(
        talk(),
        "P: 220 old
         C: EHLO check.example
         P: 502 what?
         C: HELO check.example
         P: 250 old
         C: QUIT",
    );
    plays(talk(), "P: 554 no\nC: QUIT\nP: 221 bye\n-- hangs up --");
    plays(talk(), "P: 421 busy\n-- hangs up --");
    plays(talk(), "P: HTTP/1.0 400 what\n-- hangs up --");
}

#[test]
fn nobody_is_put_beside_somebody_who_was_taken_and_nothing_is_sent() {
    let said = plays(
        mx::MxTalk::new(mx(Depth::Rcpt)),
        "P: 220 mx.example.net
         C: EHLO check.example
         P: 250 mx.example.net
         C: MAIL FROM:<>
         P: 250 ok
         C: RCPT TO:<ann@example.org>
         P: 450 later
         C: RCPT TO:<postmaster@example.org>
         P: 250 ok
         C: RSET
         P: 250 ok
         C: MAIL FROM:<>
         P: 550 not you
         C: MAIL FROM:<nobody@example.net>
         P: 250 ok
         C: RCPT TO:<nobody-here@example.org>
         P: 550 nobody
         C: RCPT TO:<ann@example.org>
         P: 250 ok
         C: QUIT",
    );
    assert_eq!(said.iter().filter(|e| e.rung == Rung::RcptAgain).count(), 1);
    let from = mx::Questions { from: "me@example.net".to_owned(), local: None, ..mx(Depth::Rcpt) };
    plays(
        mx::MxTalk::new(from),
        "P: 220 mx
         C: EHLO check.example
         P: 250 mx
         C: MAIL FROM:<>
         P: 250 ok
         C: RSET
         P: 250 ok
         C: MAIL FROM:<me@example.net>
         P: 250 ok
         C: RCPT TO:<postmaster@example.org>
         P: 421 that is enough
         -- hangs up --",
    );
}

/// The lines that are said at this depth to a server that refuses everything but senders.
fn said_to_a_strict_server(asked: mx::Questions) -> Vec<String> {
    let (mut script, now) = (mx::MxTalk::new(asked), Instant::now());
    let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
    ladder.input().extend_from_slice(b"220 mx\r\n");
    let mut lines = Vec::new();
    while let Step::Event(heard) = ladder.poll(now) {
        let Next::Say(rung, line) = script.next(&heard) else { break };
        ladder.say(rung, &line, now, PATIENCE);
        assert!(matches!(ladder.poll(now), Step::Send(_)));
        let refused = line.starts_with("RCPT") || line.contains("TURN") || line.contains("ATRN");
        let reply: &[u8] = if refused { b"550 no\r\n" } else { b"250 ok\r\n" };
        ladder.input().extend_from_slice(reply);
        lines.push(line);
    }
    lines
}

#[test]
fn however_deep_a_talk_goes_no_mail_is_begun_and_no_stranger_is_asked_to_turn() {
    let all = said_to_a_strict_server(mx(Depth::Full));
    assert!(all.iter().any(|line| line == "RCPT TO:<x%example.com@example.org>"), "{all:#?}");
    // Before what makes some servers hang up: one recipient too many.
    let at = |wanted: &str| all.iter().position(|line| line.contains(wanted)).unwrap();
    assert!(at("ATRN example.org") < at("TURN") && at("TURN") < at("x@example.com"), "{all:#?}");
    let resets = all.iter().filter(|line| *line == "RSET").count();
    assert_eq!(resets, 3, "Exim hangs up after ten lines that are no mail: {all:#?}");
    assert_eq!(all.last().map(String::as_str), Some("QUIT"));
    let strangers = mx::Questions { may_turn: false, ..mx(Depth::Full) };
    for lines in [all, said_to_a_strict_server(strangers.clone())] {
        let begins = |verb: &str| lines.iter().any(|line| line.starts_with(verb));
        assert!(!begins("DATA") && !begins("BDAT") && !begins("ETRN") && !begins("AUTH"));
    }
    let lines = said_to_a_strict_server(strangers);
    assert!(!lines.iter().any(|line| line.contains("TURN") || line.contains("ATRN")));
    for depth in [Depth::Connect, Depth::Rcpt] {
        let lines = said_to_a_strict_server(mx(depth));
        assert!(!lines.iter().any(|line| line.contains("ATRN") || line.contains("example.com")));
    }
}

/// What is said, call by call, to a server that refuses everything but senders, and hangs up at what this says of the
/// line and of how many were refused in that call.
fn said_to_an_impatient_server(hangs_up: impl Fn(&str, usize) -> bool) -> Vec<Vec<String>> {
    let (mut script, now) = (mx::MxTalk::new(mx(Depth::Full)), Instant::now());
    let mut calls = Vec::new();
    loop {
        let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
        ladder.input().extend_from_slice(b"220 mx\r\n");
        let (mut lines, mut refused) = (Vec::new(), 0);
        let mut heard = ladder.poll(now);
        while let Step::Event(last) = heard {
            let Next::Say(rung, line) = script.next(&last) else { break };
            ladder.say(rung, &line, now, PATIENCE);
            assert!(matches!(ladder.poll(now), Step::Send(_)));
            lines.push(line.clone());
            let is_refused = ["RCPT", "TURN", "ATRN"].iter().any(|verb| line.starts_with(verb));
            refused += usize::from(is_refused);
            if hangs_up(&line, refused) {
                script.next(&ladder.gave_up(Heard::Closed, now).expect("a question"));
                break;
            }
            let reply: &[u8] = if is_refused { b"550 no\r\n" } else { b"250 ok\r\n" };
            ladder.input().extend_from_slice(reply);
            heard = ladder.poll(now);
        }
        calls.push(lines);
        let noted = ladder.noted();
        if !script.resume(noted.last().expect("a greeting")) || calls.len() > 40 {
            return calls;
        }
    }
}

#[test]
fn what_a_server_hangs_up_before_is_asked_in_a_further_call_and_nothing_twice() {
    let asked = |calls: &[Vec<String>]| {
        let is_asked =
            |line: &&String| ["RCPT", "TURN", "ATRN"].iter().any(|v| line.starts_with(v));
        calls.concat().iter().filter(is_asked).cloned().collect::<Vec<_>>()
    };
    let whole = asked(&[said_to_a_strict_server(mx(Depth::Full))]);
    assert_eq!(asked(&said_to_an_impatient_server(|_, _| false)), whole);
    // Between two questions, as Exim does.
    let calls =
        said_to_an_impatient_server(|line, refused| refused >= 3 && !line.starts_with("RCPT"));
    assert_eq!((calls.len(), asked(&calls)), (4, whole.clone()), "{calls:#?}");
    assert!(calls.iter().all(|lines| lines[0] == "EHLO check.example"));
    // At a question: that is put once more.
    let mut calls = said_to_an_impatient_server(|_, refused| refused == 7);
    for n in 1..calls.len() {
        let again = calls[n - 1].last().cloned().expect("a line");
        let at = calls[n].iter().position(|line| *line == again);
        calls[n].remove(at.expect("the same once more"));
    }
    assert_eq!(asked(&calls), whole, "{calls:#?}");
    // Whatever it is that a server cannot bear is put to it twice, and no more.
    let calls = said_to_an_impatient_server(|line, _| line == "TURN");
    let (turns, all) = (asked(&calls).iter().filter(|line| *line == "TURN").count(), asked(&calls));
    assert_eq!((turns, all.len()), (2, whole.len() + 1), "{calls:#?}");
}

#[test]
fn who_answers_nothing_or_hears_the_end_is_not_called_again() {
    assert_eq!(said_to_an_impatient_server(|line, _| line.starts_with("MAIL")).len(), 1);
    assert_eq!(said_to_an_impatient_server(|line, _| line.starts_with("EHLO")).len(), 1);
    assert_eq!(said_to_an_impatient_server(|line, _| line == "QUIT").len(), 1);
    let mut script = mx::MxTalk::new(mx(Depth::Rcpt));
    let heard = |rung: Rung, said: &str, heard: Heard| {
        let said = said.to_owned();
        Exchange { rung, said, tls: false, heard, ms: 1 }
    };
    let reply = |code: u16| Heard::Reply(Said { code, enhanced: None, lines: Vec::new() });
    script.next(&heard(Rung::Greeting, "", reply(220)));
    script.next(&heard(Rung::Ehlo, "EHLO check.example", reply(250)));
    script.next(&heard(Rung::NullSender, "MAIL FROM:<>", reply(250)));
    let last = |came| heard(Rung::Rcpt, "RCPT TO:<ann@example.org>", came);
    assert_eq!(script.next(&last(reply(421))), Next::HangUp);
    for silent in [Heard::Silence, Heard::Garbled(String::new())] {
        assert!(!mx::MxTalk::new(mx(Depth::Rcpt)).resume(&last(silent)));
    }
    assert!(script.resume(&last(reply(421))), "it said that it hangs up");
}

/// The transactions that were begun, as `sender recipient`; a server that takes this sender only.
fn transactions(asked: mx::Questions, takes: fn(&str) -> bool) -> Vec<String> {
    let (mut script, now) = (mx::MxTalk::new(asked), Instant::now());
    let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
    ladder.input().extend_from_slice(b"220 mx\r\n");
    let (mut from, mut all) = (String::new(), Vec::new());
    while let Step::Event(heard) = ladder.poll(now) {
        let Next::Say(rung, line) = script.next(&heard) else { break };
        ladder.say(rung, &line, now, PATIENCE);
        assert!(matches!(ladder.poll(now), Step::Send(_)));
        let inside = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let is_refused = match line.get(..4) {
            Some("MAIL") => {
                from = inside;
                !takes(&from)
            }
            Some("RCPT") => {
                all.push(format!("{from} {inside}"));
                true
            }
            Some("ATRN" | "TURN") => true,
            _ => false,
        };
        let reply: &[u8] = if is_refused { b"550 no\r\n" } else { b"250 ok\r\n" };
        ladder.input().extend_from_slice(reply);
    }
    all
}

#[test]
fn whether_a_server_relays_is_asked_in_the_name_of_nobody_and_of_ordinary_senders() {
    let of = |all: &[String], from: &str| {
        let begins = format!("{from} ");
        all.iter().filter(|line| line.starts_with(&begins)).count()
    };
    let all = transactions(mx(Depth::Full), |_| true);
    for from in ["", "nobody@example.net", "ann@example.org"] {
        assert!(all.contains(&format!("{from} x@example.com")), "{all:#?}");
    }
    assert_eq!(of(&all, ""), 3 + 8);
    assert!(all.len() < 18, "many a server hangs up after twenty refusals");
    // Where nobody may not send, everything is asked in another name, and nothing twice.
    let all = transactions(mx(Depth::Full), |from| !from.is_empty());
    assert_eq!((of(&all, ""), of(&all, "nobody@example.net")), (0, 3 + 8), "{all:#?}");
    assert!(all.contains(&"nobody@example.net ann@example.org".to_owned()), "{all:#?}");
    let all = transactions(mx(Depth::Full), |from| from == "ann@example.org");
    assert_eq!(of(&all, "ann@example.org"), 3 + 8, "{all:#?}");
    let own = mx::Questions { from: "me@example.org".to_owned(), ..mx(Depth::Full) };
    let all = transactions(own, |_| true);
    for from in ["", "nobody@example.net", "me@example.org"] {
        assert!(all.contains(&format!("{from} x@example.com")), "{all:#?}");
    }
    assert!(transactions(mx(Depth::Full), |_| false).is_empty());
}

#[test]
fn a_turn_that_is_granted_to_anybody_ends_the_talk_without_another_word() {
    plays(
        odmr(Depth::Turn),
        "P: 220 odmr
         C: EHLO check.example
         P: 250-odmr
         P: 250-AUTH CRAM-MD5
         P: 250 ATRN
         C: ATRN
         P: 250 turning
         -- hangs up --",
    );
}

#[test]
fn a_customer_logs_in_and_declines_what_is_turned() {
    let until_login = "P: 220 odmr
         C: EHLO check.example
         P: 250-odmr
         P: 250-AUTH CRAM-MD5
         P: 250 ATRN
         C: ATRN
         P: 530 who are you?
         -- proves by CRAM-MD5 --";
    let after = |rest: &str| format!("{until_login}\n{rest}");
    plays(
        odmr(Depth::Login),
        &after(
            "P: 235 welcome
             C: ATRN example.org,example.com
             P: 450 not yours
             C: QUIT",
        ),
    );
    plays(odmr(Depth::Login), &after("P: 535 no\nC: QUIT"));
    plays(
        odmr(Depth::Turn),
        &after("P: 235 ok\nC: ATRN example.org\nP: 250 turning\n-- declines --"),
    );
    plays(
        odmr(Depth::Turn),
        &after(
            "P: 235 ok
             C: ATRN example.org
             P: 453 nothing
             C: ATRN example.org,example.com
             P: 250 turning
             -- hangs up --",
        ),
    );
    plays(odmr(Depth::Turn), &after("P: 235 ok\nC: ATRN example.org\nP: 450 no\nC: QUIT"));
    plays(
        odmr(Depth::Connect),
        "P: 220 mx
         C: EHLO check.example
         P: 250 no extensions
         C: QUIT",
    );
}

#[test]
fn what_is_no_answer_is_noted_as_what_it_is() {
    let now = Instant::now();
    let heard = |bytes: &[u8]| {
        let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
        ladder.input().extend_from_slice(bytes);
        ladder.came(bytes.len());
        match ladder.poll(now) {
            Step::Event(exchange) => exchange.heard,
            other => panic!("{other:?}"),
        }
    };
    let garbled = |bytes: &[u8]| matches!(heard(bytes), Heard::Garbled(_));
    assert!(garbled(b"hello\r\n") && garbled(&b"250-x\r\n".repeat(300)) && garbled(&[b'2'; 9000]));
    assert!(garbled(&[b'2'; 300 * 1024]), "without end");
    let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
    ladder.input().extend_from_slice(b"220 a\r\n250 b\r\n");
    assert!(matches!(ladder.poll(now), Step::Event(_)));
    ladder.say(Rung::Ehlo, "EHLO x", now, PATIENCE);
    assert!(matches!(ladder.poll(now), Step::Send(_)));
    let Step::Event(unasked) = ladder.poll(now) else { panic!("an event") };
    assert!(matches!(unasked.heard, Heard::Garbled(what) if what.contains("without being asked")));
}

#[test]
fn a_reply_is_kept_within_bounds_and_no_challenge_is() {
    let now = Instant::now();
    let mut ladder = Ladder::listening(Rung::Greeting, now, PATIENCE);
    let long = format!("220 {}\r\n", "x".repeat(4000));
    ladder.input().extend_from_slice(long.as_bytes());
    let Step::Event(greeting) = ladder.poll(now) else { panic!("an event") };
    assert_eq!(greeting.reply().unwrap().lines[0].len(), 512);
    ladder.say_secret(Rung::Auth, "c2VjcmV0", now, PATIENCE);
    let _ = ladder.poll(now);
    ladder.input().extend_from_slice(b"334 Y2hhbGxlbmdl\r\n");
    let Step::Event(challenge) = ladder.poll(now) else { panic!("an event") };
    assert_eq!(challenge.reply().unwrap().lines, ["Y2hhbGxlbmdl"]);
    assert_eq!(ladder.deadline(), None);
    let noted = format!("{:?}", ladder.noted());
    assert!(!noted.contains("c2VjcmV0") && !noted.contains("Y2hhbGxlbmdl"), "{noted}");
}
