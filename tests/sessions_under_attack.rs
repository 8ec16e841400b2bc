//! What a hostile review of the sessions found, each kept as it was attacked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use odmr::flow::line::{LineEnd, write};
use odmr::net::Wire;
use odmr::session::{Event, Parting, Profile, ServerSession, ServerSettings, Step};

fn session(change: impl FnOnce(&mut ServerSettings)) -> ServerSession<odmr::session::Mx> {
    let mut settings = ServerSettings::new(Profile::Mx, "mx.example.net");
    change(&mut settings);
    ServerSession::mx(Arc::new(settings), Instant::now())
}

/// Accepts everything until the session starves; gives its events.
fn events(session: &mut ServerSession<odmr::session::Mx>) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match session.poll(Instant::now()) {
            Step::Starved => return events,
            Step::Send(_) => {}
            Step::Event(event) => {
                match &event {
                    Event::Content(_) | Event::Reset | Event::Closed | Event::Starttls => {}
                    _ => session.accept(),
                }
                events.push(event);
            }
        }
    }
}

/// CVE-2011-0411 by another door: whoever sits on the line fills our way out, so that we read while
/// the 220 is being written, and slips commands in that the client seems to say under TLS.
#[test]
fn clear_text_that_comes_while_the_220_is_written_is_not_heard() {
    let mut session = session(|settings| settings.starttls = true);
    session.feed(b"EHLO a\r\nSTARTTLS\r\n");
    while !matches!(session.poll(Instant::now()), Step::Send(_)) {}
    session.feed(b"MAIL FROM:<forged@example.com>\r\n");
    assert_eq!(events(&mut session), [Event::Closed]);
    assert_eq!(session.parting(), Some(Parting::Misconduct));
}

#[test]
fn no_octet_from_the_first_bare_line_end_on_is_passed_on() {
    for lines in ["\n.\r\nMAIL FROM:<x@y>\r\n", "\r.\r\nMAIL\r\n", "\r\n.\nMAIL\r\n"] {
        for start in ["DATA\r\n".to_owned(), format!("BDAT {} LAST\r\n", lines.len() + 7)] {
            let mut session = session(|_| {});
            session.feed(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\n");
            session.feed(start.as_bytes());
            events(&mut session);
            let mut passed = Vec::new();
            for octet in format!("before\n{lines}\r\n.\r\n").replacen('\n', "", 1).bytes() {
                session.feed(&[octet]);
                for event in events(&mut session) {
                    assert_ne!(event, Event::End, "{lines:?}");
                    if let Event::Content(octets) = event {
                        passed.extend_from_slice(&octets);
                    }
                }
            }
            assert!(passed.starts_with(b"before") && passed.len() <= 9, "{lines:?}: {passed:?}");
        }
    }
}

#[test]
fn content_has_an_end_in_time() {
    let mut session = session(|settings| settings.session = Duration::from_secs(60));
    session.feed(b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
    events(&mut session);
    session.feed(&b"on and on\r\n".repeat(5000));
    events(&mut session);
    let deadline = session.deadline().expect("a deadline");
    assert!(deadline <= Instant::now() + Duration::from_secs(120));
}

#[test]
fn last_words_are_said_once() {
    let mut session = session(|_| {});
    session.timed_out();
    session.timed_out();
    assert_eq!(events(&mut session), [Event::Closed]);
    assert_eq!(session.parting(), Some(Parting::TooSlow));
}

/// A window of zero, at whatever stage: all that is ever written goes through here. The clock runs
/// ahead by itself when nobody else does anything.
#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_given_up() {
    let (ours, theirs) = tokio::io::duplex(64);
    let mut wire = Wire::from(ours);
    let end = write(&mut wire, &mut BytesMut::new(), vec![b'x'; 1 << 20].into()).await;
    assert!(matches!(end, Err(LineEnd::TimedOut(_))), "{end:?}");
    drop(theirs);
}
