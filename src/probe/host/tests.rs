use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

/// What a client says in these pieces, each when something has been heard, and what it hears.
fn talked(plan: Plan, pieces: &[&[u8]]) -> (Seen, String) {
    let now = Instant::now();
    let mut host = Host::new(plan, "probe.example", b"", false, now, PATIENCE);
    let (mut pieces, mut heard) = (pieces.iter(), String::new());
    loop {
        match host.poll(now) {
            Want::Send(octets) => heard.push_str(&String::from_utf8_lossy(&octets)),
            Want::Hear(_) if host.seen().quit && !heard.contains("221") => host.timed_out(now),
            Want::Hear(_) => match pieces.next() {
                Some(piece) => host.received(piece),
                None => host.closed(),
            },
            _ => return (host.over().0, heard),
        }
    }
}

fn taking() -> Plan {
    Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok"))])
}

#[test]
fn nothing_is_taken_by_itself() {
    let (seen, heard) = talked(
        Plan::default(),
        &[
            b"EHLO atrn.example.net\r\n",
            b"MAIL FROM:<a@example.com> SIZE=10\r\n",
            b"RCPT TO:<box@example.org>\r\n",
            b"DATA\r\n",
            b"QUIT\r\n",
        ],
    );
    let codes: Vec<&str> = heard.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes[..1], ["220"]);
    assert_eq!(codes[codes.len() - 4..], ["250", "451", "503", "221"]);
    assert!(heard.contains("250-8BITMIME\r\n"), "{heard}");
    assert_eq!(seen.commands.len(), 5);
    let offer = &seen.offers[0];
    assert_eq!((offer.from.as_str(), offer.params[0].as_str()), ("a@example.com", "SIZE=10"));
    assert_eq!(offer.rcpts[0].0, "box@example.org");
    assert!(seen.quit && !seen.left_unanswered && !seen.hurried && !seen.bare);
}

#[test]
fn a_path_ends_at_its_bracket() {
    let of = |line: &str| path(line);
    let params = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    assert_eq!(
        of("MAIL FROM:<> TRANSID=<1@x> RET=HDRS"),
        (String::new(), params(&["TRANSID=<1@x>", "RET=HDRS"]))
    );
    assert_eq!(of("rcpt to: <\"a\\\">b\"@x>"), ("\"a\\\">b\"@x".to_owned(), params(&[])));
    assert_eq!(of("MAIL FROM:a@x SIZE=1"), ("a@x".to_owned(), params(&["SIZE=1"])));
    assert_eq!(of("MAIL"), (String::new(), params(&[])));
}

#[test]
fn a_content_ends_at_its_dot_however_it_is_cut() {
    let whole: &[u8] = b"Subject: x\r\n\r\n..\r\n.\n.\r\n\r\n.\r\nQUIT\r\n";
    for cut in 1..whole.len() {
        let (one, two) = whole.split_at(cut);
        let (seen, heard) = talked(
            taking(),
            &[b"MAIL FROM:<>\r\n", b"RCPT TO:<box@example.org>\r\n", b"DATA\r\n", one, two],
        );
        let offer = &seen.offers[0];
        assert!(offer.whole && seen.quit, "{cut}: {heard}");
        assert_eq!(offer.content, b"Subject: x\r\n\r\n..\r\n.\n.\r\n\r\n", "{cut}");
        assert_eq!((offer.code, offer.octets), (Some(451), 25), "{cut}");
    }
    let (seen, _) = talked(taking(), &[b"MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n", b".\r\n"]);
    assert!(seen.offers[0].whole && seen.offers[0].content.is_empty() && seen.hurried);
}

#[test]
fn chunks_are_counted() {
    let plan = Plan { keywords: &["PIPELINING", "CHUNKING"], ..taking() };
    let talk: &[u8] = b"MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nBDAT 4\r\nab\r\nBDAT 0 LAST\r\nQUIT\r\n";
    let (seen, heard) = talked(plan, &[talk]);
    let offer = &seen.offers[0];
    assert!(offer.whole && offer.chunked && seen.quit && !seen.hurried, "{heard}");
    assert_eq!(offer.content, b"ab\r\n");
    let bare = Plan { keywords: &[], ..taking() };
    let (seen, heard) = talked(bare, &[b"MAIL FROM:<>\r\n", b"BDAT 4 LAST\r\nab\r\n"]);
    assert!(heard.contains("500") && seen.offers[0].content.is_empty());
    let mut refusing = taking();
    refusing.acts.push((Stage::Data, Act::Say("451 4.3.0 keep it")));
    let pieces: [&[u8]; 4] =
        [b"MAIL FROM:<>\r\n", b"RCPT TO:<a@b.c>\r\n", b"BDAT 4 LAST\r\nab\r\n", b"QUIT\r\n"];
    let (seen, heard) = talked(refusing, &pieces);
    assert!(!seen.offers[0].whole && heard.contains("451 4.3.0 keep it\r\n221"), "{heard}");
}

#[test]
fn the_plan_is_followed() {
    let hang = |stage| Plan { acts: vec![(stage, Act::HangUp)], ..taking() };
    let (seen, heard) =
        talked(hang(Stage::Mail), &[b"EHLO x\r\n", b"MAIL FROM:<>\r\n", b"QUIT\r\n"]);
    assert!(!seen.quit && heard.ends_with("250 ENHANCEDSTATUSCODES\r\n"), "{heard}");
    let mut plan = hang(Stage::Content);
    plan.acts.extend(taking().acts);
    let pieces: [&[u8]; 5] =
        [b"MAIL FROM:<>\r\n", b"RCPT TO:<a@b.c>\r\n", b"DATA\r\n", b"Su", b"bject"];
    let (seen, heard) = talked(plan, &pieces);
    assert!(!seen.offers[0].whole && heard.ends_with("354 go on\r\n"), "{heard}");
    let plan = Plan::with(&[(Stage::Greeting, Act::SayAndHangUp("421 4.3.2 {me}"))]);
    assert_eq!(talked(plan, &[b"QUIT\r\n"]).1, "421 4.3.2 probe.example\r\n");
}

#[test]
fn what_comes_too_early_and_too_late_is_noted() {
    let plan = Plan { silent: Duration::from_secs(1), ..Plan::default() };
    let (seen, _) = talked(plan.clone(), &[b"EHLO x\r\n"]);
    assert_eq!(seen.early, b"EHLO x\r\n");
    let (seen, _) = talked(plan, &[]);
    assert!(seen.left_early);
    let (seen, _) = talked(Plan::default(), &[b"QUIT\r\n", b"250 you too\r\n"]);
    assert_eq!(seen.late, b"250 you too\r\n");
    let now = Instant::now();
    let mut host = Host::new(Plan::default(), "x", b"", false, now, PATIENCE);
    assert!(matches!(host.poll(now), Want::Send(_)));
    host.received(b"QUIT\r\n");
    host.closed();
    assert!(matches!(host.poll(now), Want::Send(_) | Want::Over));
    assert!(host.over().0.left_unanswered);
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
    let begin = b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n";
    let letter = [&begin[..], &vec![b'x'; MOST_KEPT], b"\r\n.\r\n"].concat();
    let pieces = vec![&letter[..]; MOST_KEPT_OF_ALL / MOST_KEPT + 2];
    let (seen, _) = talked(taking(), &pieces);
    let kept: usize = seen.offers.iter().map(|offer| offer.content.len()).sum();
    assert_eq!((kept, seen.offers.len()), (MOST_KEPT_OF_ALL, pieces.len()));
    assert!(seen.offers.iter().all(|offer| offer.whole && offer.octets == MOST_KEPT + 2));
    let line = [&b"NOOP "[..], &vec![b'x'; LONGEST_LINE - 10], b"\r\n"].concat();
    let (seen, _) = talked(Plan::default(), &vec![&line[..]; MOST_SAID / LONGEST_LINE + 10]);
    let said: usize = seen.commands.iter().map(String::len).sum();
    assert!(seen.capped && said <= MOST_SAID + LONGEST_LINE, "{said}");
}

#[test]
fn no_client_is_heard_without_end() {
    let many = b"MAIL FROM:<>\r\n".repeat(MOST_OFFERS + 5);
    let (seen, heard) = talked(Plan::default(), &[&many]);
    assert!(seen.capped && heard.contains("421") && seen.offers.len() == MOST_OFFERS);
    let (seen, _) = talked(Plan::default(), &[&[b'x'; LONGEST_LINE + 1], b"\r\nQUIT\r\n"]);
    assert!(seen.commands.is_empty());
    let now = Instant::now();
    let mut host = Host::new(Plan::default(), "x", b"", false, now, PATIENCE);
    assert!(matches!(host.poll(now), Want::Send(_)));
    assert_eq!(host.poll(now), Want::Hear(now + PATIENCE));
    host.timed_out(now);
    assert_eq!(host.poll(now), Want::Over);
    assert!(host.over().0.stalled);
}

#[test]
fn contents_are_not_in_the_transcript() {
    let now = Instant::now();
    let mut host = Host::new(taking(), "x", b"", false, now, PATIENCE);
    let talk: [&[u8]; 4] =
        [b"", b"MAIL FROM:<>\r\n", b"RCPT TO:<a@b.c>\r\n", b"DATA\r\na secret\r\n.\r\n"];
    for piece in talk {
        host.received(piece);
        while !matches!(host.poll(now), Want::Hear(_)) {}
    }
    let said: Vec<u8> = host.over().1.into_iter().flat_map(|word| word.octets).collect();
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.contains("DATA") && said.contains("[13 octets") && !said.contains("secret"),
        "{said}"
    );
}

/// Whoever says more and more behind QUIT is cut off, and a cut within content is one.
#[test]
fn a_line_is_cut_where_the_plan_or_the_measure_says_so() {
    let mut pieces: Vec<&[u8]> = vec![b"EHLO x.example\r\n", b"QUIT\r\n"];
    let junk = [b'x'; 1000];
    pieces.extend(std::iter::repeat_n(&junk[..], 1000));
    let (seen, _) = talked(Plan::default(), &pieces);
    assert!(seen.quit && seen.late.len() <= MOST_LATE + junk.len(), "{}", seen.late.len());
    let cut = Plan::with(&[(Stage::Rcpt, Act::Say("250 2.1.5 ok")), (Stage::Content, Act::HangUp)]);
    let (seen, heard) = talked(
        cut,
        &[
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n",
            b"Subject: all\r\n\r\nof it\r\n.\r\n",
        ],
    );
    assert!(heard.ends_with("354 go on\r\n"), "{heard}");
    assert!(!seen.offers[0].whole);
}

/// A content that is sent though DATA was refused is still nobody's business.
#[test]
fn a_content_behind_a_refusal_is_not_in_the_transcript() {
    let refusing = Plan::with(&[
        (Stage::Rcpt, Act::Say("250 2.1.5 ok")),
        (Stage::Data, Act::Say("451 4.3.0 not now")),
    ]);
    let (seen, _) = talked(
        refusing,
        &[
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@x>\r\nDATA\r\n",
            b"Subject: private\r\n\r\nhello\r\n.\r\nQUIT\r\n",
        ],
    );
    assert!(seen.quit && !seen.commands.concat().contains("private"), "{:?}", seen.commands);
    assert_eq!(seen.commands[4], "[18 octets of a message]");
}
