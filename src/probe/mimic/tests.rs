mod faults;

use super::*;
use crate::probe::identity::{Asks, Certainty, identify};
use crate::probe::script::{Line as On, Names, Talk};

fn house(id: &str) -> House {
    let profile = Profile::built_in(id).unwrap();
    let at = "2004-02-22T16:03:04Z".parse().unwrap();
    House::new(profile, vec!["example.org".to_owned()], at)
}

fn letters(count: usize) -> Vec<Letter> {
    let letter = |n| Letter {
        from: String::new(),
        rcpts: vec!["box@example.org".to_owned()],
        content: format!("Subject: {n}\r\n\r\n.dots\r\n").into_bytes(),
    };
    (0..count).map(letter).collect()
}

/// What it says to these octets, which come in pieces of so many, and what came of it.
fn said(house: &House, letters: Vec<Letter>, octets: &[u8], piece: usize) -> (String, Session) {
    let (pieces, session) = said_in_pieces(house, letters, octets, piece);
    let out: Vec<u8> = pieces.iter().flat_map(|(_, octets)| octets.clone()).collect();
    (String::from_utf8_lossy(&out).into_owned(), session)
}

/// The same, each thing that it says apart, and when.
fn said_in_pieces(
    house: &House,
    letters: Vec<Letter>,
    octets: &[u8],
    piece: usize,
) -> (Vec<(Duration, Vec<u8>)>, Session) {
    let begun = Instant::now();
    let mut now = begun;
    let mut mimic = Mimic::new(house, "127.0.0.1", letters, now);
    let mut pieces = octets.chunks(piece.max(1));
    let mut out = Vec::new();
    loop {
        match mimic.poll(now) {
            Want::Send(octets) => out.push((now - begun, octets.to_vec())),
            Want::Pause(until) => now = until,
            Want::Hear(_) => match pieces.next() {
                Some(octets) => mimic.received(octets),
                None => mimic.closed(),
            },
            _ => return (out, mimic.over()),
        }
    }
}

fn codes(out: &str) -> Vec<&str> {
    let is_last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    out.lines().filter(is_last).filter_map(|line| line.get(..3)).collect()
}

/// AUTH LOGIN, `box` and `secret`.
const LOGIN: &str = "EHLO a.example\r\nAUTH LOGIN\r\nYm94\r\nc2VjcmV0\r\n";

/// The talk by which a server is told, with one that is played.
fn told(house: &House) -> crate::probe::identity::Identity {
    let names = Names {
        me: "probe.test".to_owned(),
        host: "mx".to_owned(),
        from: String::new(),
        rcpt: String::new(),
        domain: String::new(),
        foreign: String::new(),
        stranger: String::new(),
        mech: String::new(),
    };
    let now = Instant::now();
    let probe = Asks::Standard.talk().unwrap();
    let mut talk = Talk::new(&probe, &names, On::New, now, Duration::from_secs(5));
    let mut mimic = Mimic::new(house, "127.0.0.1", letters(1), now);
    loop {
        match mimic.poll(now) {
            Want::Send(octets) => {
                talk.received(&octets, now);
                continue;
            }
            Want::Hear(_) => {}
            _ => talk.closed(),
        }
        match talk.poll(now) {
            Want::Send(octets) => mimic.received(&octets),
            Want::Hear(_) => panic!("both wait"),
            _ => break,
        }
    }
    identify("mx", &talk.over().1, None)
}

#[test]
fn every_profile_can_be_read_and_is_told_for_what_it_plays() {
    for (id, _) in BUILT_IN.iter().filter(|(id, _)| !["strict-2645", "fetchmail"].contains(id)) {
        let told = told(&house(id));
        assert_eq!(told.product.as_ref().map(|one| one.id), Some(*id), "{told:#?}");
        assert_eq!(told.certainty, Certainty::Sure, "{id}: {:#?}", told.contradictions);
    }
    let strict = told(&house("strict-2645"));
    assert!(!matches!(strict.certainty, Certainty::Sure | Certainty::Imitation), "{strict:#?}");
}

#[test]
fn who_has_not_logged_in_is_not_turned_for() {
    for (id, verb, code) in [
        ("iis6", "TURN", "530"),
        ("iis5", "ATRN", "530"),
        ("exchange2003-ws2003", "ATRN", "500"),
        ("exchange2003-w2k", "ATRN", "530"),
        ("strict-2645", "ATRN", "530"),
        ("strict-2645", "TURN", "502"),
    ] {
        let (out, session) =
            said(&house(id), letters(1), format!("EHLO a\r\n{verb}\r\n").as_bytes(), 64);
        assert_eq!(codes(&out).last(), Some(&code), "{id}: {out}");
        assert!(!session.turned && session.waits.len() == 1 && session.sent == 0, "{id}");
    }
}

/// The client's half of a session in which so many messages come.
fn taking(verb: &str, count: usize) -> Vec<u8> {
    let mut said = format!("{LOGIN}{verb}\r\n").into_bytes();
    said.extend_from_slice(b"220 a\r\n250 a\r\n");
    for _ in 0..count {
        said.extend_from_slice(b"250 ok\r\n250 ok\r\n354 go\r\n250 kept\r\n250 reset\r\n");
    }
    said.extend_from_slice(b"221 bye\r\n");
    said
}

#[test]
fn mail_comes_behind_the_turn_and_no_more_than_twenty_at_a_time() {
    let house = house("exchange2003-ws2003");
    let mut waits = letters(45);
    for expected in [20, 20, 5, 0] {
        let (out, session) = said(&house, waits, &taking("TURN", expected), 1);
        assert!(session.turned && session.sent == expected, "{expected}: {out}");
        assert_eq!(out.matches("MAIL FROM:<>\r\n").count(), expected);
        assert_eq!(session.user.as_deref(), Some("box"));
        waits = session.waits;
    }
    assert!(waits.is_empty());
    let (out, _) = said(&house, letters(1), &taking("TURN", 1), 1);
    assert!(out.ends_with("DATA\r\nSubject: 0\r\n\r\n..dots\r\n.\r\nRSET\r\nQUIT\r\n"), "{out}");
}

#[test]
fn where_the_octets_are_cut_changes_nothing() {
    let house = house("exchange2003-w2k");
    let octets = b"EHLO a\r\nMAIL FROM:<b@c.example> SIZE=9\r\nRCPT TO:<x@example.org>\r\nDATA\r\n\
                   ..a\r\n.b\r\nlast\r\n.\r\nRCPT TO:<y@example.org>\r\nQUIT\r\n";
    let (whole, first) = said(&house, Vec::new(), octets, octets.len());
    assert_eq!(first.received.len(), 1, "{whole}");
    assert_eq!(first.received[0].content, b".a\r\nb\r\nlast\r\n");
    for piece in 1..octets.len() {
        let (out, session) = said(&house, Vec::new(), octets, piece);
        assert_eq!(out, whole, "{piece}");
        assert_eq!(session.received, first.received, "{piece}");
    }
}

#[test]
fn its_own_words_are_said() {
    let house = house("iis6");
    let octets = b"MAIL FROM:<a@b.example>\r\nHELO a\r\nRCPT TO:<x@example.org>\r\nMAIL FROM: a@b.example\r\n\
                   RCPT TO:<x@elsewhere.example>\r\nRCPT TO:<x@example.org>\r\nBDAT 3\r\nabcBDAT 2 LAST\r\n\r\n\
                   MAIL FROM:<a@b.example> SIZE=9999999\r\nMAIL\r\nGET / HTTP/1.0\r\nQUIT\r\n";
    let (out, session) = said(&house, Vec::new(), octets, 7);
    let expected =
        ["220", "503", "250", "503", "250", "550", "250", "250", "250", "552", "501", "500", "221"];
    assert_eq!(codes(&out), expected, "{out}");
    for line in [
        "220 ex1.example.test Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Sun, 22 Feb 2004 16:03:04 \
         +0000 \r\n",
        "250 2.1.0 a@b.example....Sender OK\r\n",
        "550 5.7.1 Unable to relay for x@elsewhere.example\r\n",
        "250 2.1.5 x@example.org \r\n",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(session.received[0].content, b"abc\r\n");
    assert!(session.unverified.iter().any(|text| text.starts_with("503")), "{session:#?}");
}

#[test]
fn ntlm_is_offered_and_comes_to_nothing() {
    let ntlm = |initial: &str, more: &str| {
        let octets = format!("EHLO a\r\nAUTH NTLM{initial}\r\n{more}TURN\r\n");
        let (out, session) = said(&house("iis6"), letters(1), octets.as_bytes(), 64);
        assert!(session.user.is_none() && !session.turned, "{out}");
        let shown: String =
            session.words.iter().map(|word| String::from_utf8_lossy(&word.octets)).collect();
        assert!(!shown.contains("TlRMTVNTUAABAAAA"), "{shown}");
        out
    };
    let first = "TlRMTVNTUAABAAAA";
    let out = ntlm("", &format!("{first}\r\n{first}\r\n"));
    assert!(out.contains("334 ntlm supported\r\n334 TlRMTVNTUAACAAAA"), "{out}");
    assert!(out.contains("535 5.7.3 Authentication unsuccessful\r\n"), "{out}");
    let out = ntlm(&format!(" {first}"), &format!("{first}\r\n"));
    assert_eq!(codes(&out)[2..], ["334", "535", "530"], "{out}");
    assert_eq!(codes(&ntlm("", "*\r\n"))[2..], ["334", "501", "530"]);
    let other = "EHLO a\r\nAUTH CRAM-MD5\r\nAUTH LOGIN\r\nQWRtaW5pc3RyYXRvcg==\r\neA==\r\n";
    let (out, _) = said(&house("iis6"), Vec::new(), other.as_bytes(), 9);
    assert_eq!(codes(&out)[2..], ["504", "334", "334", "535"], "{out}");
}

#[test]
fn a_strict_provider_knows_whose_mail_it_is() {
    let ask = |atrn: &str, waits: usize| {
        let login = "EHLO a\r\nAUTH CRAM-MD5\r\nYm94IGFi\r\n";
        let octets = format!("{login}{atrn}\r\n");
        let (out, session) = said(&house("strict-2645"), letters(waits), octets.as_bytes(), 50);
        (codes(&out).last().map(|code| (*code).to_owned()).unwrap(), session.turned)
    };
    assert_eq!(ask("ATRN", 1), ("250".to_owned(), true));
    assert_eq!(ask("ATRN example.org", 1), ("250".to_owned(), true));
    assert_eq!(ask("ATRN example.org,other.example", 1), ("450".to_owned(), false));
    assert_eq!(ask("ATRN", 0), ("453".to_owned(), false));
    assert_eq!(ask("MAIL FROM:<>", 0), ("502".to_owned(), false));
}

#[test]
fn what_stands_behind_the_turn_already_is_not_heard() {
    let octets = format!("{LOGIN}TURN\r\n220 too soon\r\n250 a\r\n");
    let (out, session) = said(&house("iis6"), letters(1), octets.as_bytes(), octets.len());
    assert!(session.turned && session.sent == 0 && session.waits.len() == 1, "{out}");
    assert!(!out.contains("EHLO"), "{out}");
}

#[test]
fn nothing_that_is_said_has_no_end() {
    let house = house("iis6");
    let (_, session) = said(&house, Vec::new(), &vec![b'a'; 1 << 20], 4096);
    assert!(session.verbs.is_empty());
    let (_, session) = said(&house, Vec::new(), &b"NOOP\r\n".repeat(MOST_COMMANDS + 10), 1 << 16);
    assert_eq!(session.verbs.len(), MOST_COMMANDS + 1);
    let mut large = b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@example.org>\r\nDATA\r\n".to_vec();
    large.extend(b"0123456789\r\n".repeat(1 << 20));
    large.extend(b".\r\n");
    let (_, session) = said(&house, Vec::new(), &large, 1 << 16);
    assert!(session.received.is_empty());
    let mut turned = taking("TURN", 0);
    turned.extend(b"250-no end\r\n".repeat(1 << 18));
    let (_, session) = said(&house, letters(3), &turned, 1 << 12);
    assert!(session.waits.len() <= 3);
    let (out, _) = said(&house, Vec::new(), b"VRFY \x1b[2J\xff\0{fqdn}\r\n", 64);
    assert!(!out.contains(['\u{1b}', '\0']) && out.contains("{fqdn}"), "{out}");
}

#[test]
fn a_profile_that_cannot_be_read_is_told_by_its_line() {
    let iis6 = "[profile]\nid = \"own\"\ninherits = \"iis6\"\n";
    let row = "[[reply]]\nverb = \"X\"\ntext = \"250 ok\"\nverified = true\n";
    for (text, line, what, hint) in [
        ("[profile\n".to_owned(), 1, "", "Profiles"),
        (format!("{iis6}[limits]\nidle_seconds = 3\n"), 5, "idle_seconds", "Profiles"),
        (format!("{iis6}{}", row.replace("true", "\"yes\"")), 7, "", "Profiles"),
        (format!("{iis6}{}", row.replace("verified = true\n", "")), 4, "verified", "Profiles"),
        (format!("{iis6}{row}when = \"!authd\"\n"), 8, "!authd", "authed"),
        (format!("{iis6}{row}action = \"hang\"\n"), 8, "hang", "close"),
        (format!("{iis6}{}", row.replace("250 ok", "ok")), 5, "is no reply", "250"),
        (format!("{iis6}{}", row.replace("250 ok", "250-ok")), 5, "is no reply", "250"),
        (format!("{iis6}{}", row.replace("250 ok", "250 a\\n250 b")), 5, "is no reply", "250"),
        (format!("{iis6}{}", row.replace("250 ok", "250-a\\n550 b")), 5, "is no reply", "250"),
        (format!("{iis6}{}", row.replace("250 ok", "999 ok")), 5, "is no reply", "250"),
        (format!("{iis6}{}", row.replace("\"X\"", "\"TRUN\"")), 5, "TRUN", "TURN"),
        (format!("{iis6}{}", row.replace("\"X\"", "\"(auth-okay)\"")), 5, "okay", "(auth-ok)"),
        (format!("{iis6}[limits]\nidle_reply = \"late\"\n"), 5, "is no reply", "250"),
        (format!("{iis6}[auth]\nntlm_text = \"a\\nb\"\n"), 5, "is no line", "one line"),
        (
            format!("{iis6}[ehlo]\nfirst = \"a\"\ncaps = [\"A\\nB\"]\nverified = true\n"),
            6,
            "is no line",
            "one line",
        ),
        (
            "[profile]\nid = \"own\"\nfqdn = \"a\"\n[banner]\ntext = \"220 a\"\nverified = true\n[ehlo]\n\
             first = \"a\"\ncaps = []\nverified = true\n[[reply]]\nverb = \"*\"\ntext = \"500 no\"\n\
             verified = true\n[[reply]]\nverb = \"DATA\"\ntext = \"354 go\"\naction = \"data\"\nverified = true\n"
                .to_owned(),
            1,
            "(content)",
            "inherits",
        ),
        (iis6.replace("iis6", "iis7"), 3, "iis7", "iis6"),
        (iis6.replace("inherits = \"iis6\"\n", ""), 1, "fqdn", "inherits"),
        (iis6.replace("inherits", "clock = \"now\"\ninherits"), 3, "clock", "2004"),
        (
            format!("{iis6}[banner]\ntext = \"220 {{nosuch}} at {{date}}\"\nverified = true\n"),
            iis6.lines().count() + 2,
            "{nosuch}",
            "{fqdn}",
        ),
    ] {
        let why = Profile::read(&text).expect_err(&text);
        assert_eq!(why.line, line, "{text}: {why:?}");
        assert!(why.what.contains(what) && why.hint.contains(hint), "{text}: {why:?}");
    }
    let own = Profile::read(&format!("{iis6}{row}")).unwrap();
    assert_eq!(own.rows.len(), Profile::built_in("iis6").unwrap().rows.len() + 1);
    assert!(Profile::built_in("iis7").is_err());
    let small = Profile::read(&format!("{iis6}{}", row.replace("\"X\"", "\"turn\""))).unwrap();
    assert_eq!(small.rows[0].verb, "TURN");
}

#[test]
fn a_chunk_that_is_refused_belongs_to_no_message() {
    let octets = b"EHLO a\r\nBDAT 5 LAST\r\nhelloMAIL FROM:<>\r\nRCPT TO:<x@example.org>\r\n\
                   DATA\r\nmine\r\n.\r\nQUIT\r\n";
    let (out, session) = said(&house("iis6"), Vec::new(), octets, 9);
    assert_eq!(codes(&out), ["220", "250", "503", "250", "250", "354", "250", "221"], "{out}");
    assert_eq!(session.received[0].content, b"mine\r\n");
}

#[test]
fn what_was_said_to_log_in_is_noted_nowhere() {
    const SECRET: &str = "AGJveABzZWNyZXQ=";
    for octets in [
        format!("AUTH\tPLAIN {SECRET}\r\n"),
        format!(" AUTH PLAIN {SECRET}\r\n"),
        format!("AUTH {SECRET}\r\n"),
        format!("AUTH:{SECRET}\r\n"),
        format!("X-EXPS LOGIN {SECRET}\r\n"),
        format!("X-EXPS PLAIN\r\n{SECRET}\r\n"),
        format!("AUTH CRAM-MD5\r\n{SECRET}\r\n{SECRET}\r\n"),
        format!("AUTH LOGIN\r\n*\r\n{SECRET}\r\n"),
    ] {
        for id in ["exchange2003-ws2003", "iis6", "strict-2645", "fetchmail"] {
            let octets = format!("EHLO a\r\n{octets}NOOP\r\n");
            let (_, session) = said(&house(id), Vec::new(), octets.as_bytes(), 64);
            let words: Vec<u8> = session.words.iter().flat_map(|w| w.octets.clone()).collect();
            let shown = format!("{}{:?}", String::from_utf8_lossy(&words), session.verbs);
            assert!(!shown.to_ascii_uppercase().contains("AGJVEAB"), "{id}: {octets}: {shown}");
        }
    }
    // It is offered, and is a login.
    let octets = LOGIN.replace("AUTH", "X-EXPS");
    let (out, session) = said(&house("exchange2003-ws2003"), Vec::new(), octets.as_bytes(), 64);
    assert_eq!(session.user.as_deref(), Some("box"), "{out}");
}

/// A customer that is played calls a server that is; what came of it, what the server saw, and what was said.
fn called(client: &str, server: &str, brings: usize) -> (Called, usize, Session, String) {
    called_by(&house(client), &house(server), brings)
}

fn called_by(client: &House, server: &House, brings: usize) -> (Called, usize, Session, String) {
    let now = Instant::now();
    let prove = Box::new(|challenge: &[u8]| {
        Some(if challenge.starts_with(b"<") { b"box ab".to_vec() } else { b"box".to_vec() })
    });
    let how = client.profile.client.clone().unwrap();
    let wait = Duration::from_secs(5);
    let mut caller = Caller::new(client, &how, letters(brings), prove, now, wait);
    let mut mimic = Mimic::new(server, "127.0.0.1", letters(1), now);
    loop {
        match mimic.poll(now) {
            Want::Send(octets) => {
                caller.received(&octets);
                continue;
            }
            Want::Hear(_) => {}
            _ => caller.closed(),
        }
        match caller.poll(now) {
            Want::Send(octets) => mimic.received(&octets),
            Want::Hear(_) => panic!("both wait"),
            _ => break,
        }
    }
    let (called, sent, words) = caller.over();
    let said = words.iter().map(|word| String::from_utf8_lossy(&word.octets)).collect::<String>();
    (called, sent, mimic.over(), said)
}

#[test]
fn a_customer_brings_its_mail_first_and_asks_by_one_login() {
    let (called_it, sent, session, said) = called("exchange2003-ws2003", "exchange2003-w2k", 2);
    assert_eq!((called_it, sent), (Called::Turned, 2), "{said}");
    let verbs = session.verbs.join(" ");
    let expected = "EHLO AUTH MAIL RCPT BDAT RSET MAIL RCPT DATA RSET TURN";
    assert_eq!(verbs, expected);
    assert_eq!(session.received.len(), 2);
    assert!(said.contains("AUTH LOGIN\r\n") && !said.contains("Ym94"), "{said}");
    let (called_it, sent, session, said) = called("fetchmail", "strict-2645", 0);
    assert_eq!((called_it, sent), (Called::Turned, 0), "{said}");
    assert!(session.turned && said.contains("ATRN example.org\r\n"), "{said}");
}

#[test]
fn a_customer_that_is_refused_takes_its_leave() {
    let (refused, _, session, said) = called("exchange2003-ws2003", "strict-2645", 0);
    assert!(
        matches!(refused, Called::Denied(ref words) if words.starts_with("504")),
        "{refused:?}"
    );
    assert_eq!(session.verbs.last().map(String::as_str), Some("QUIT"), "{said}");
    // CRAM-MD5 whatever is offered, as it does.
    let (refused, ..) = called("fetchmail", "iis6", 0);
    assert!(
        matches!(refused, Called::Denied(ref words) if words.starts_with("504")),
        "{refused:?}"
    );
    let (silent, ..) = called("fetchmail", "fetchmail", 0);
    assert!(matches!(silent, Called::Denied(_)), "{silent:?}");
}

#[test]
fn a_server_that_talks_without_end_is_left() {
    let client = house("fetchmail");
    let how = client.profile.client.clone().unwrap();
    let now = Instant::now();
    let prove = Box::new(|_: &[u8]| None);
    let wait = Duration::from_secs(5);
    let mut caller = Caller::new(&client, &how, Vec::new(), prove, now, wait);
    for _ in 0..1 << 18 {
        match caller.poll(now) {
            Want::Hear(_) => caller.received(b"220-and more\r\n"),
            _ => break,
        }
    }
    assert!(matches!(caller.over().0, Called::Broken(_)));
}

#[test]
fn what_is_refused_for_good_is_told_from_what_waits() {
    let client = house("exchange2003-ws2003");
    let how = client.profile.client.clone().unwrap();
    let now = Instant::now();
    for (code, became) in [("550 5.7.1", (1, 0)), ("451 4.3.0", (0, 1))] {
        let prove = Box::new(|_: &[u8]| Some(b"box".to_vec()));
        let wait = Duration::from_secs(5);
        let mut caller = Caller::new(&client, &how, letters(1), prove, now, wait);
        let no = format!("{code} no\r\n");
        let mut said = String::new();
        loop {
            match caller.poll(now) {
                Want::Send(octets) => said = String::from_utf8_lossy(&octets).into_owned(),
                Want::Hear(_) => caller.received(match said.get(..4).unwrap_or_default() {
                    "" => b"220 a\r\n",
                    "EHLO" => b"250-a\r\n250-AUTH LOGIN\r\n250 TURN\r\n",
                    "RCPT" => no.as_bytes(),
                    "AUTH" => b"334 \r\n",
                    "MAIL" | "RSET" | "TURN" => b"250 a\r\n",
                    "QUIT" => b"221 a\r\n",
                    _ => b"235 a\r\n",
                }),
                _ => break,
            }
        }
        assert_eq!((caller.refused(), caller.waits().len()), became, "{code}: {said}");
    }
}

/// A customer that knows a password, and what it makes of these answers, one for each thing that it says.
fn answered(
    brings: usize,
    answers: impl IntoIterator<Item = String>,
    pace: Duration,
) -> (Called, bool, usize, String) {
    let client = house("exchange2003-ws2003");
    let how = client.profile.client.clone().unwrap();
    let (mut now, wait) = (Instant::now(), Duration::from_secs(30));
    let prove = Box::new(|_: &[u8]| Some(b"geheim-17".to_vec()));
    let caller = Caller::new(&client, &how, letters(brings), prove, now, wait);
    let mut caller = caller.knows("geheim-17");
    let mut answers = answers.into_iter();
    loop {
        match caller.poll(now) {
            Want::Send(_) => {}
            Want::Hear(until) => match answers.next() {
                Some(answer) if now + pace < until => {
                    now += pace;
                    caller.received(answer.as_bytes());
                }
                Some(_) => caller.timed_out(),
                None => caller.closed(),
            },
            _ => break,
        }
    }
    let is_in = caller.is_in();
    let all = caller.refused() + caller.waits().len();
    let (called, sent, words) = caller.over();
    assert_eq!(sent + all, brings, "something became of each");
    let said = words.iter().map(|word| String::from_utf8_lossy(&word.octets)).collect::<String>();
    (called, is_in, sent, said)
}

#[test]
fn a_login_that_failed_is_none_and_a_password_said_back_is_hidden() {
    let until = |last: &str| ["220 a\r\n", "250 a\r\n", last].map(str::to_owned);
    let (called, is_in, _, said) =
        answered(0, until("535 no geheim-17 and no Z2VoZWltLTE3 here\r\n"), Duration::ZERO);
    assert!(!is_in && matches!(called, Called::Denied(_)), "{called:?}");
    let told = format!("{called:?}{said}");
    assert!(told.contains("(hidden)"), "{told}");
    assert!(!told.contains("geheim-17") && !told.contains("Z2VoZWltLTE3"), "{told}");
    let (called, is_in, _, said) = answered(0, until("235 geheim-17\r\n"), Duration::ZERO);
    assert!(is_in && matches!(called, Called::Broken(_)), "{called:?}");
    assert!(!said.contains("geheim-17"), "{said}");
}

#[test]
fn a_call_has_an_end_and_much_mail_is_not_it() {
    let begin = ["220 a\r\n", "250 a\r\n"].map(str::to_owned);
    let endless = std::iter::repeat_n("334 \r\n".to_owned(), 50);
    let (called, _, _, said) = answered(0, begin.iter().cloned().chain(endless), Duration::ZERO);
    assert!(matches!(called, Called::Broken(_)), "{called:?}");
    assert!(said.matches("334").count() < 10, "{said}");
    let login = begin.iter().cloned().chain(["235 a\r\n".to_owned()]);
    let taken = |text: &str| {
        let answers = ["250 a", "250 a", "354 a", "250 a", "250 a"];
        let all: Vec<String> = answers.iter().map(|answer| format!("{answer}{text}\r\n")).collect();
        std::iter::repeat_n(all, 1000).flatten()
    };
    // More than a single reply may have in it, all together.
    let (_, _, sent, _) =
        answered(1000, login.clone().chain(taken(&"a".repeat(300))), Duration::ZERO);
    assert_eq!(sent, 1000);
    // Each in time, and all together not.
    let (called, _, sent, _) = answered(1000, login.chain(taken("")), Duration::from_secs(29));
    assert!(matches!(called, Called::Broken(_)) && sent < 100, "{called:?}: {sent}");
}
