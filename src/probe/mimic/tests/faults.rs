//! Each fault is got wrong where it is asked for, and nowhere else.

use super::*;

/// A house with these faults.
fn wrong(id: &str, part: Part, faults: &[&str]) -> House {
    let mut house = house(id);
    house.profile.faults = faults.iter().map(|text| Switch::read(text).unwrap()).collect();
    house.profile = house.profile.with_faults(part).unwrap();
    house
}

/// What a provider with this fault says to who has logged in.
fn provider(id: &str, fault: &str, waits: usize, more: &str) -> (String, Session) {
    let octets = format!("{LOGIN}{more}");
    said(&wrong(id, Part::Provider, &[fault]), letters(waits), octets.as_bytes(), 1)
}

/// Behind the turn, a server that takes a message, says these words and is left.
fn turned(fault: &str, answers: &str) -> (String, Session) {
    provider("exchange2003-ws2003", fault, 1, &format!("TURN\r\n{answers}"))
}

const TAKING: &str =
    "220 a\r\n250 a\r\n250 ok\r\n250 ok\r\n354 go\r\n250 kept\r\n250 reset\r\n221 bye\r\n";

#[test]
fn whatever_is_not_asked_for_is_right() {
    let (out, _) = said(&house("exchange2003-ws2003"), letters(1), &taking("TURN", 1), 1);
    for amiss in ["EX1 ", "XEXCH50 24", "elsewhere.example", "HELO ", "354-", "220 *"] {
        assert!(!out.contains(amiss), "{amiss}: {out}");
    }
}

#[test]
fn names_are_short() {
    let (out, _) = provider("iis6", "short_name", 0, "QUIT\r\n");
    assert!(out.starts_with("220 EX1 Microsoft") && out.contains("250-EX1 Hello"), "{out}");
    assert!(!out.contains("X-EXPS"), "{out}");
    let (out, _) = provider("iis6", "non_fqdn_and_xexps", 0, "");
    assert!(
        out.starts_with("220 EX1 ") && out.contains("250-X-EXPS GSSAPI NTLM LOGIN\r\n"),
        "{out}"
    );
    let (out, _) = provider("exchange2003-w2k", "non_fqdn_and_xexps", 0, "");
    assert_eq!(out.matches("X-EXPS=LOGIN").count(), 1, "{out}");
}

const MAIL: &[u8] =
    b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@example.org>\r\nDATA\r\nx\r\n.\r\nNOOP\r\n";

#[test]
fn answers_to_data_and_to_messages_are_not_of_one_piece() {
    let taken = |faults: &[&str]| {
        let house = wrong("iis6", Part::Customer, faults);
        let (pieces, session) = said_in_pieces(&house, Vec::new(), MAIL, MAIL.len());
        assert_eq!(session.received.len(), 1);
        pieces
    };
    let texts = |pieces: &[(Duration, Vec<u8>)]| -> Vec<String> {
        pieces.iter().map(|(_, octets)| String::from_utf8_lossy(octets).into_owned()).collect()
    };
    let pieces = texts(&taken(&["multi_line_354"]));
    assert!(pieces.iter().any(|text| text.starts_with("354-") && text.contains("\r\n354 ")));
    let pieces = taken(&["split_354_delay_ms=700"]);
    let at = texts(&pieces).iter().position(|text| text.starts_with("354")).unwrap();
    assert!(!texts(&pieces)[at].ends_with("\r\n"));
    assert_eq!(pieces[at + 1].0 - pieces[at].0, Duration::from_millis(700));
    let pieces = taken(&["split_354_delay_ms", "multi_line_354"]);
    let at = texts(&pieces).iter().position(|text| text.starts_with("354")).unwrap();
    assert_eq!(texts(&pieces)[at], "354-Start mail input\r\n");
    assert_eq!(pieces[at + 1].0 - pieces[at].0, Duration::from_millis(500));
    let pieces = texts(&taken(&["missing_crlf_after_250"]));
    let cut = pieces.iter().find(|text| text.starts_with("250 2.6.0")).unwrap();
    assert!(cut.ends_with("delivery"), "{cut:?}");
}

#[test]
fn what_is_brought_is_not_as_it_should_be() {
    let content = |fault: &str| {
        let (out, session) = turned(fault, TAKING);
        (out.split_once("DATA\r\n").unwrap().1.to_owned(), session)
    };
    let (out, _) = content("binary_tail_without_crlf");
    assert!(out.starts_with("Subject: 0\r\n\r\n..dots.\r\n"), "{out}");
    let (out, session) = content("bare_lf_body");
    assert!(out.starts_with("Subject: 0\n\n..dots\r\n.\r\n"), "{out}");
    assert_eq!(session.sent, 1);
}

#[test]
fn a_session_ends_too_soon() {
    let (out, session) = provider("strict-2645", "cap20", 0, "");
    assert!(!session.turned, "{out}");
    let house = wrong("exchange2003-ws2003", Part::Provider, &["cap20=2"]);
    let (_, session) = said(&house, letters(5), &taking("TURN", 2), 1);
    assert_eq!((session.sent, session.waits.len()), (2, 3));
    let house = wrong("iis6", Part::Customer, &["session_bytes_cut=100"]);
    let two = [&MAIL[..MAIL.len() - 6], &MAIL[8..MAIL.len() - 6]].concat();
    let large = [&MAIL[..MAIL.len() - 12], &b"y".repeat(90), &MAIL[MAIL.len() - 12..]].concat();
    assert_eq!(said(&house, Vec::new(), &two, 1).1.received.len(), 2);
    let (out, session) = said(&house, Vec::new(), &[two, large[8..].to_vec()].concat(), 1);
    assert_eq!(session.received.len(), 2, "{out}");
    assert!(out.ends_with("<CRLF>.<CRLF>\r\n"), "{out}");
}

#[test]
fn a_long_header_line_comes_to_harm_by_bdat_and_by_nothing_else() {
    let line = format!("X-Long: {}\r\n", "x".repeat(1100));
    let body = format!("{}\r\n", "y".repeat(1100));
    let content = format!("Subject: a\r\n{line}\r\n{body}");
    let head = "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<x@example.org>\r\n";
    let bdat = format!("{head}BDAT {} LAST\r\n{content}", content.len());
    let data = format!("{head}DATA\r\n{content}.\r\n");
    let came = |faults: &[&str], octets: &str| {
        let house = wrong("exchange2003-w2k", Part::Customer, faults);
        let (out, session) = said(&house, Vec::new(), octets.as_bytes(), octets.len());
        let [letter] = &session.received[..] else { panic!("{out}") };
        String::from_utf8(letter.content.clone()).unwrap()
    };
    let broken = came(&["bdat_long_header"], &bdat);
    let (kept, rest) = line.split_at(1022);
    assert_eq!(broken, format!("Subject: a\r\n{kept}\r\n{rest}\r\n{body}"));
    assert_eq!(came(&["bdat_long_header"], &data), content);
    assert_eq!(came(&[], &bdat), content);
}

#[test]
fn mail_before_the_turn_is_refused_and_the_turn_is_not() {
    let mail = "MAIL FROM:<>\r\nRCPT TO:<x@example.org>\r\nDATA\r\nBDAT 3 LAST\r\nx\r\nTURN\r\n";
    for (fault, code) in [
        ("pre_turn_mail", "450"),
        ("pre_turn_mail=reject-soft", "450"),
        ("pre_turn_mail=reject", "550"),
    ] {
        let (out, session) = provider("exchange2003-ws2003", fault, 1, mail);
        let behind = out.split_once("235 ").unwrap().1;
        let codes = codes(behind);
        assert_eq!(&codes[codes.len() - 5..], [code, code, code, code, "250"], "{fault}: {out}");
        assert!(session.turned && session.received.is_empty(), "{fault}: {out}");
        assert!(!out.contains("500 "), "the chunk is taken for a command: {out}");
    }
    // A stranger is told what strangers are told.
    let house = wrong("exchange2003-ws2003", Part::Provider, &["pre_turn_mail"]);
    let (out, _) = said(&house, Vec::new(), b"EHLO a\r\nMAIL FROM:<>\r\n", 1);
    assert!(!out.contains("450 "), "{out}");
    assert!(Switch::read("pre_turn_mail=relay").is_err());
}

#[test]
fn a_queue_is_empty_in_each_way() {
    let empty = |way: &str, waits: usize| {
        let (out, session) = provider(
            "exchange2003-ws2003",
            &format!("turn_empty={way}"),
            waits,
            "TURN\r\n220 a\r\n250 a\r\n221 a\r\n",
        );
        (out.split_once("235 ").unwrap().1.split_once("\r\n").unwrap().1.to_owned(), session)
    };
    let (out, session) = empty("453", 0);
    assert!(out.starts_with("453 ") && !session.turned, "{out}");
    let (out, session) = empty("turn-quit", 0);
    assert!(out.starts_with("250 ") && out.ends_with("EHLO ex1.example.test\r\nQUIT\r\n"), "{out}");
    assert!(session.turned);
    let (out, session) = empty("turn-fin", 0);
    assert!(out.starts_with("250 ") && out.lines().count() == 1 && session.turned, "{out}");
    for way in ["453", "turn-quit", "turn-fin"] {
        let (out, _) = empty(way, 1);
        assert!(out.contains("MAIL FROM"), "{way}: mail waits: {out}");
    }
    // Whose it is counts first.
    let octets = "EHLO a\r\nAUTH CRAM-MD5\r\nYm94IGFi\r\nATRN other.example\r\n";
    let strict = wrong("strict-2645", Part::Provider, &["turn_empty=turn-fin"]);
    let (out, _) = said(&strict, Vec::new(), octets.as_bytes(), 50);
    assert_eq!(codes(&out).last(), Some(&"450"), "{out}");
}

#[test]
fn a_turn_comes_to_nothing() {
    let (out, session) = turned("turn_250_then_fin", TAKING);
    assert!(session.turned && session.waits.len() == 1 && !out.contains("EHLO"), "{out}");
    let (out, session) = turned("turn_250_then_quit_without_ehlo", "220 a\r\n221 a\r\n");
    assert!(session.turned && session.waits.len() == 1, "{out}");
    assert!(out.ends_with("250 2.0.0 OK\r\nQUIT\r\n"), "{out}");
}

#[test]
fn anybody_has_the_mail_only_by_the_verbs_that_there_are() {
    let ask = |id: &str, verb: &str| {
        let house = wrong(id, Part::Provider, &["turn_accepts_unauthenticated"]);
        let octets = format!("EHLO a\r\n{verb}\r\n220 a\r\n");
        let (out, session) = said(&house, letters(1), octets.as_bytes(), 1);
        (session.turned, out.contains("EHLO ex1"))
    };
    assert_eq!(ask("exchange2003-ws2003", "TURN"), (true, true));
    assert_eq!(ask("exchange2003-ws2003", "ATRN"), (false, false));
    assert_eq!(ask("exchange2003-w2k", "ATRN"), (true, true));
}

#[test]
fn a_list_is_refused_and_none_is_not() {
    let ask = |verb: &str| {
        let (out, session) = provider("exchange2003-w2k", "atrn_arg_501", 1, verb);
        (codes(&out).last().map(|code| (*code).to_owned()).unwrap(), session.turned)
    };
    assert_eq!(ask("ATRN example.org\r\n"), ("501".to_owned(), false));
    assert_eq!(ask("ATRN\r\n"), ("250".to_owned(), true));
}

#[test]
fn a_right_login_may_not_send() {
    let (out, session) = provider("exchange2003-ws2003", "auth_454_573", 1, "TURN\r\n");
    assert!(out.contains("454 5.7.3 ") && !out.contains("235 "), "{out}");
    assert!(session.user.is_none() && !session.turned, "{out}");
}

#[test]
fn starttls_is_listed_and_comes_to_nothing() {
    let ask = |fault: &str, behind: &str| {
        let octets = format!("EHLO a\r\nSTARTTLS\r\n{behind}");
        let house = wrong("exchange2003-ws2003", Part::Provider, &[fault]);
        said(&house, Vec::new(), octets.as_bytes(), 19).0
    };
    let out = ask("starttls_554", "NOOP\r\n");
    assert!(out.contains("250-STARTTLS\r\n"), "{out}");
    assert_eq!(codes(&out), ["220", "250", "554", "250"]);
    let out = ask("starttls_advertised_by_middlebox", "\u{16}\u{3}\u{1}hello");
    assert!(out.contains("250-STARTTLS\r\n"), "{out}");
    assert_eq!(codes(&out), ["220", "250", "220", "500"]);
}

#[test]
fn a_pix_shows_stars_and_lets_no_extension_through() {
    let octets = "EHLO a\r\nAUTH LOGIN\r\nHELP\r\nTURN\r\nHELO a\r\nMAIL FROM:<>\r\nQUIT\r\n";
    let ask = |fault: &str| {
        let house = wrong("exchange2003-ws2003", Part::Provider, &[fault]);
        said(&house, Vec::new(), octets.as_bytes(), 7).0
    };
    let out = ask("pix_mask");
    assert!(out.starts_with("220 **********"), "{out}");
    assert!(!out.contains("Microsoft") && !out.contains("TURN"), "{out}");
    assert!(out.contains("250-XXXX\r\n") && out.contains("250-SIZE\r\n"), "{out}");
    assert_eq!(codes(&out), ["220", "250", "500", "500", "500", "250", "250", "221"]);
    assert_eq!(codes(&ask("pix_mask=unknown"))[1], "500");
}

#[test]
fn who_has_not_logged_in_is_kept_waiting_for_a_refusal() {
    let house = wrong("iis6", Part::Provider, &["tarpit_5s=3s"]);
    let octets = format!("FOO\r\n{LOGIN}FOO\r\nRSET\r\n");
    let (pieces, _) = said_in_pieces(&house, Vec::new(), octets.as_bytes(), 1);
    let told = |code: &str| -> Vec<u64> {
        let said = pieces.iter().filter(|(_, octets)| octets.starts_with(code.as_bytes()));
        said.map(|(at, _)| at.as_secs()).collect()
    };
    assert_eq!(told("500"), [3, 3], "the second comes at once: it has logged in");
    assert_eq!(told("220"), [0]);
}

#[test]
fn clients_greet_and_ask_in_old_ways() {
    let (out, _) = turned("helo_only", "220 a\r\n250 a\r\n");
    assert!(out.contains("HELO ex1.example.test\r\nMAIL") && !out.contains("EHLO"), "{out}");
    let rcpts = "220 a\r\n250 a\r\n250 ok\r\n250 ok\r\n";
    let (out, _) = turned("xexch50_after_rcpt", &format!("{rcpts}504 no\r\n354 go\r\n"));
    assert!(out.contains("XEXCH50 24 2\r\nDATA\r\n"), "{out}");
    let (out, _) = turned("xexch50_after_rcpt", &format!("{rcpts}354 go\r\n250 ok\r\n"));
    assert!(out.contains("XEXCH50 24 2\r\nZZZZZZZZZZZZZZZZZZZZZZZZDATA\r\n"), "{out}");
    let (out, session) =
        turned("extra_domain_rcpt=a@b.example", &format!("{rcpts}550 no\r\n354 go\r\n250 ok\r\n"));
    assert!(
        out.contains("RCPT TO:<box@example.org>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n"),
        "{out}"
    );
    assert_eq!(session.sent, 1);
    // Whom nobody asked for is not what a message is sent for.
    let (_, session) = turned(
        "extra_domain_rcpt",
        "220 a\r\n250 a\r\n250 ok\r\n550 no\r\n250 ok\r\n250 reset\r\n221 a\r\n",
    );
    assert_eq!((session.sent, session.refused), (0, 1));
}

#[test]
fn silence_ends_with_451() {
    let house = wrong("strict-2645", Part::Provider, &["idle_451=7"]);
    let now = Instant::now();
    let mut mimic = Mimic::new(&house, "127.0.0.1", Vec::new(), now);
    assert!(matches!(mimic.poll(now), Want::Send(_)));
    let Want::Hear(until) = mimic.poll(now) else { panic!("it does not listen") };
    assert_eq!(until - now, Duration::from_secs(7));
    mimic.timed_out();
    assert!(matches!(mimic.poll(until), Want::Send(said) if said.starts_with(b"451 ")));
    assert!(matches!(mimic.poll(until), Want::Over));
}

#[test]
fn a_customer_tries_ntlm_asks_without_a_login_and_asks_twice() {
    let server = house("exchange2003-w2k");
    let strict = house("strict-2645");
    let call = |faults: &[&str], server: &House| {
        called_by(&wrong("exchange2003-ws2003", Part::Customer, faults), server, 0)
    };
    let (told, _, session, said) = call(&["ntlm_first"], &server);
    assert_eq!(told, Called::Turned, "{said}");
    assert_eq!(session.verbs, ["EHLO", "AUTH", "AUTH", "TURN"]);
    assert!(said.contains("AUTH NTLM TlRMTVNTUAAB") && said.contains("*\r\n501"), "{said}");
    let (told, _, session, said) = call(&["ntlm_first"], &strict);
    assert!(matches!(told, Called::Denied(_)), "{said}");
    assert_eq!(session.verbs, ["EHLO", "AUTH", "AUTH", "QUIT"]);
    let (told, _, session, said) = call(&["helo_only"], &server);
    assert!(matches!(told, Called::Refused(ref words) if words.starts_with("530")), "{said}");
    assert_eq!(session.verbs, ["HELO", "TURN", "QUIT"]);
    // Behind the turn.
    let house = wrong("exchange2003-ws2003", Part::Customer, &["double_turn"]);
    let (out, session) = super::said(&house, Vec::new(), b"EHLO a\r\nQUIT\r\n250 again?\r\n", 4);
    assert!(out.contains("221 ") && out.ends_with("TURN\r\n"), "{out}");
    let heard: Vec<u8> = session.words.iter().flat_map(|word| word.octets.clone()).collect();
    assert!(String::from_utf8_lossy(&heard).contains("again?"), "what is answered is noted");
    assert_eq!(session.verbs, ["EHLO", "QUIT"]);
}

#[test]
fn a_fault_that_cannot_be_had_is_told_with_a_hint() {
    for (text, what, hint) in [
        ("tarpit_5", "no fault \"tarpit_5\"", "did you mean tarpit_5s?"),
        ("nonsense", "no fault", "--list-faults"),
        ("", "no fault", "--list-faults"),
        ("cap20=many", "cap20: saw \"many\"", "a number of messages"),
        ("cap20=0", "cap20", "a number"),
        ("tarpit_5s=2h", "tarpit_5s", "such as 5s"),
        ("tarpit_5s=61s", "tarpit_5s", "up to 60s"),
        ("turn_empty", "says nothing by itself", "453, turn-quit, turn-fin"),
        ("turn_empty=454", "saw \"454\"", "453, turn-quit, turn-fin"),
        ("pix_mask=all", "pix_mask", "list, unknown"),
        ("short_name=x", "short_name", "nothing stands behind"),
        ("extra_domain_rcpt=nobody@", "extra_domain_rcpt", "an address"),
    ] {
        let why = Switch::read(text).expect_err(text);
        assert!(why.what.contains(what) && why.hint.contains(hint), "{text}: {why:?}");
    }
    let of = |id: &str, part, fault: &str| {
        let mut profile = house(id).profile;
        profile.faults.push(Switch::read(fault).unwrap());
        profile.with_faults(part).map(drop).unwrap_err()
    };
    for (fault, part, hint) in [
        ("ntlm_first", Part::Provider, "--call"),
        ("double_turn", Part::Provider, "--call"),
        ("cap20", Part::Customer, "--listen"),
        ("turn_accepts_unauthenticated", Part::Customer, "--listen"),
        ("pix_mask", Part::Customer, "--listen"),
    ] {
        let why = of("exchange2003-ws2003", part, fault);
        assert!(why.what.contains(fault) && why.hint.contains(hint), "{why:?}");
    }
    let why = of("exchange2003-ws2003", Part::Provider, "atrn_arg_501");
    assert!(why.what.contains("knows no ATRN") && why.hint.contains("w2k"), "{why:?}");
}

#[test]
fn a_profile_may_have_faults_of_its_own() {
    let own = |fault: &str| {
        let text = format!("[profile]\nid = \"own\"\ninherits = \"iis5\"\n[fault]\n{fault}\n");
        Profile::read(&text)
    };
    let names = |profile: Profile| profile.faults.iter().map(|f| f.name).collect::<Vec<_>>();
    assert_eq!(names(own("cap20 = 3\nshort_name = true").unwrap()), ["cap20", "short_name"]);
    assert!(names(own("turn_empty = false\nshort_name = false").unwrap()).is_empty());
    assert_eq!(names(own("turn_empty = \"453\"").unwrap()), ["turn_empty"]);
    for (fault, what) in [
        ("short_nam = true", "no fault"),
        ("cap20 = \"x\"", "cap20: saw"),
        ("turn_empty = true", "by itself"),
    ] {
        let why = own(fault).expect_err(fault);
        assert!(why.line == 5 && why.what.contains(what), "{why:?}");
    }
    let three = House::new(
        own("cap20 = 3").unwrap().with_faults(Part::Provider).unwrap(),
        vec!["example.org".to_owned()],
        jiff::Timestamp::UNIX_EPOCH,
    );
    let (_, session) = said(&three, letters(5), &taking("TURN", 3), 1);
    assert_eq!(session.sent, 3);
}

#[test]
fn every_fault_is_told_with_what_it_does() {
    let mut names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FAULTS.len());
    for fault in &FAULTS {
        assert!(fault.about.ends_with('.') && fault.about.len() > 20, "{}", fault.name);
    }
}
