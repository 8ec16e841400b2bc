//! Providers as they are found: what `atrn-fetch` must put up with, and what it must not.

use crate::calibration::{GOODBYE, TURNED, UP_TO_ATRN};
use crate::lab::Lab;
use crate::lab::authority::Authority;
use crate::lab::ledger::{Ledger, Reckoning};
use crate::lab::maildir::Maildir;
use crate::lab::ours::{AtrnFetch, Fetched};
use crate::lab::post::stuffed;
use crate::lab::postfix::Postfix;
use crate::lab::presence::{Peer, have};
use crate::lab::script::{Script, Stage};
use crate::unlike_fetchmail::{MESSAGE, QUIT, meets, meets_one, then};

const NO_MAIL: &str = "P: 453 You have no mail";

/// Behind the 250 to ATRN, before anything else.
const TURNING: &str = "P: 250 2.0.0 Turning\nC: 220 *\n";

/// Meets these providers one after the other; the mail that comes must be that of the ledger.
#[track_caller]
fn all_mail_comes(ledger: &Ledger, providers: Vec<Script>, flags: &[&str]) -> Fetched {
    let lab = Lab::open();
    let count = providers.len();
    let (fetched, played) = meets(&lab, providers, flags);
    assert_eq!(played.len(), count, "{played:#?}\n{fetched:#?}");
    played.into_iter().for_each(|played| drop(played.went_as_written()));
    let arrived = Maildir::at(lab.path("Maildir")).messages();
    assert_eq!(ledger.reckon(&arrived), Reckoning::default(), "{fetched:#?}");
    fetched
}

/// A provider with one letter of the ledger, carrying on like this.
fn with_letter(ledger: &mut Ledger, rest: &[&str]) -> Script {
    then(rest).with("content", &stuffed(&ledger.letter(2000).content))
}

#[test]
fn a_250_and_then_nothing_means_no_mail() {
    for rest in ["P: 250 ok\n[drop]", "P: 250 ok\nC: 220 *\n[drop]"] {
        meets_one(then(&[rest]), &[]).ended(0, "no_mail");
    }
}

#[test]
fn a_quit_in_place_of_mail_means_no_mail() {
    let early = then(&["P: 250 ok\nP: QUIT\n[drop]"]);
    let lab = Lab::open();
    meets(&lab, vec![early], &[]).0.ended(0, "no_mail");
    meets_one(then(&[TURNING, QUIT]), &[]).ended(0, "no_mail");
    meets_one(then(&[TURNED, QUIT]), &[]).ended(0, "no_mail");
}

#[test]
fn a_quit_in_clear_below_tls_means_no_mail() {
    let lab = Lab::open();
    let ca = Authority::new(&lab);
    let script = ["[tls]\n", UP_TO_ATRN, "P: 250 ok\nC: 220 *\n[bare]\nP: QUIT\n[drop]"].concat();
    let tls = ca.issue(&lab, &["provider.test"]).server_tls();
    let stage = Stage::open(&lab, vec![Script::provider(&script).with_server_tls(tls)]);
    let fetched = AtrnFetch::over_tls(&lab, stage.address, "implicit", &ca).into_maildir().run();
    stage.close_one().went_as_written();
    fetched.ended(0, "no_mail");
}

#[test]
fn commands_as_old_servers_write_them() {
    let mut ledger = Ledger::default();
    let talk = "P: EHLO AutoTURN\nC: ...\nC: 250 *\nP: RSET\nC: 250 *\nP: mail from: <a@sender.test>\nC: 250 *\n\
        P: RCPT TO: <box@example.org>\nC: 250 *\nP: data\nC: 354 *\n[say content]\nC: 250 *\nP: RSET\nC: 250 *\n";
    let first = with_letter(&mut ledger, &[TURNING, talk, QUIT]);
    let talk = talk.replace("EHLO AutoTURN\nC: ...", "HELO provider");
    let talk = talk.replace("C: 250 *\nP: RSET\nC: 250 *\nP: mail", "P: mail").replacen(
        "P: mail",
        "C: 250 *\nP: mail",
        1,
    );
    let second = with_letter(
        &mut ledger,
        &[
            TURNING,
            &talk.replace("provider\nC: 250 *\nC: 250 *", "provider\nC: 250 *"),
            "P: QUIT\n[drop]",
        ],
    );
    all_mail_comes(&ledger, vec![first, second, then(&[NO_MAIL, GOODBYE])], &[]).ended(0, "ok");
}

#[test]
fn one_message_a_recipient_with_rset_before_each() {
    let mut ledger = Ledger::default();
    let again = MESSAGE.replace("[say content]", "[say second]");
    let rset = "P: RSET\nC: 250 *\n";
    let provider = with_letter(&mut ledger, &[TURNED, rset, MESSAGE, rset, &again, QUIT]);
    let provider = provider.with("second", &stuffed(&ledger.letter_8bit(900).content));
    let fetched = all_mail_comes(&ledger, vec![provider, then(&[NO_MAIL, GOODBYE])], &[]);
    assert_eq!(fetched.ended(0, "ok").count("accepted"), 2);
}

#[test]
fn refusals_in_other_words() {
    let exit = |answer: &str| meets_one(then(&[answer, GOODBYE]), &[]);
    exit("P: 553 no, sorry").ended(77, "denied");
    exit("P: 453 messages already being processed").ended(75, "tempfail");
    exit("P: 502 5.5.1 Not here").ended(76, "protocol");
    exit("P: 530 5.7.0 Authentication required").ended(77, "denied");
    exit("P: 421 4.3.2 closing").ended(75, "tempfail");
}

#[test]
fn ehlo_in_other_forms() {
    let mut script =
        UP_TO_ATRN.replace("P: 250-AUTH CRAM-MD5", "P: 250-auth=cram-md5\n P: 250-X-NOBODY-KNOWS");
    script = script.replace("P: 250 ATRN", "P: 250-atrn\n P: 250 OK");
    meets_one(Script::provider(&[&script, NO_MAIL, GOODBYE].concat()), &[]).ended(0, "no_mail");
    let unlisted = UP_TO_ATRN.replace("    P: 250-AUTH CRAM-MD5\n", "");
    let script = [&unlisted, NO_MAIL, GOODBYE].concat();
    let forced = ["--mech", "cram-md5"];
    meets_one(Script::provider(&script), &forced).ended(0, "no_mail");
}

#[test]
fn atrn_that_is_not_listed_is_said_when_the_user_says_so() {
    let script =
        UP_TO_ATRN.replace("P: 250-AUTH CRAM-MD5\n    P: 250 ATRN", "P: 250 AUTH CRAM-MD5");
    let script = [&script, NO_MAIL, GOODBYE].concat();
    meets_one(Script::provider(&script), &["--verb", "atrn"]).ended(0, "no_mail");
}

#[test]
fn a_bare_turn_where_there_is_no_atrn() {
    let script = UP_TO_ATRN.replace("P: 250 ATRN", "P: 250 TURN");
    let mut ledger = Ledger::default();
    let provider = [&script.replace("C: ATRN *", "C: TURN"), TURNED, MESSAGE, QUIT].concat();
    let provider =
        Script::provider(&provider).with("content", &stuffed(&ledger.letter(500).content));
    let none = [&script.replace("C: ATRN *", "C: TURN"), NO_MAIL, GOODBYE].concat();
    let fetched = all_mail_comes(&ledger, vec![provider, Script::provider(&none)], &[]);
    assert_eq!(fetched.ended(0, "ok").text("verb"), "turn");
    let neither = script.replace("P: 250 TURN", "P: 250 HELP");
    let unasked = neither.split("    C: AUTH").next().expect("a beginning").to_owned();
    let provider = Script::provider(&[&unasked, GOODBYE].concat());
    meets_one(provider, &[]).ended(76, "protocol");
}

/// What Exchange 2003 on Windows Server 2003 says up to the TURN, in clear.
const EXCHANGE: &str = r"
    P: 220 EX1 Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Sun, 22 Feb 2004 17:03:04 +0100
    C: EHLO *
    P: 250-EX1 Hello [127.0.0.1]
    P: 250-TURN
    P: 250-SIZE
    P: 250-8bitmime
    P: 250-X-EXPS GSSAPI NTLM LOGIN
    P: 250-X-EXPS=LOGIN
    P: 250-AUTH GSSAPI NTLM LOGIN
    P: 250-AUTH=LOGIN
    P: 250 OK
    C: AUTH LOGIN
    P: 334 VXNlcm5hbWU6
    C: *
    P: 334 UGFzc3dvcmQ6
    C: *
    P: 235 2.7.0 Authentication successful.
    C: TURN
";
/// It sends twenty messages over a connection.
const CAP: usize = 20;

/// T5, MSQ-08: its twenty messages sent, it says QUIT, or just closes. A line that has turned cannot be
/// opened anew by the one that sends.
#[test]
fn an_exchange_with_more_than_it_sends_over_one_connection() {
    for end in [QUIT, "[drop]"] {
        let mut ledger = Ledger::default();
        let mut call = |count: usize| {
            let messages = (0..count).map(|n| MESSAGE.replace("content", &format!("content{n}")));
            let text = [EXCHANGE, TURNED, &messages.collect::<String>(), end].concat();
            (0..count).fold(Script::provider(&text), |script, n| {
                script.with(&format!("content{n}"), &stuffed(&ledger.letter(300).content))
            })
        };
        let mut providers = vec![call(CAP), call(CAP), call(5)];
        providers.push(Script::provider(&[EXCHANGE, TURNED, QUIT].concat()));
        let flags = ["--profile", "exchange"];
        let fetched = all_mail_comes(&ledger, providers, &flags).ended(0, "ok");
        assert_eq!((fetched.count("rounds"), fetched.count("accepted")), (4, 45), "{fetched:#?}");
        assert_eq!((fetched.text("verb"), fetched.text("mech")), ("turn", "LOGIN"));
        assert_eq!(fetched.summary["more"], false, "{fetched:#?}");
    }
}

#[test]
fn a_250_over_several_lines_octet_by_octet() {
    let mut ledger = Ledger::default();
    let turned =
        TURNED.replace("P: 250 2.0.0 Turning", "P: 250-ok\n P: 250-you have mail\n P: 250 turning");
    let provider = with_letter(&mut ledger, &["[slowly]\n", &turned, MESSAGE, QUIT]);
    all_mail_comes(&ledger, vec![provider, then(&[NO_MAIL, GOODBYE])], &[]).ended(0, "ok");
}

#[test]
fn garbage_after_the_first_message_makes_it_call_again() {
    let mut ledger = Ledger::default();
    let garbage = "P: \\x00\\x17\\x03\\x03garbage\nC: 5*\n[drop]";
    let first = with_letter(&mut ledger, &[TURNED, MESSAGE, garbage]);
    let second = with_letter(&mut ledger, &[TURNED, MESSAGE, garbage]);
    let providers = vec![first, second, then(&[NO_MAIL, GOODBYE])];
    assert_eq!(all_mail_comes(&ledger, providers, &[]).ended(0, "ok").count("accepted"), 2);
    // Where a call brings nothing, there is no point in another.
    let nothing = then(&[TURNED, "P: MAIL FROM:<a@sender.test>\nC: 250 *\n", garbage]);
    meets_one(nothing, &[]).ended(75, "tempfail");
}

#[test]
fn a_provider_that_stops_after_each_message_is_asked_until_it_has_no_more() {
    let mut ledger = Ledger::default();
    let mut providers = Vec::new();
    for _ in 0..4 {
        providers.push(with_letter(&mut ledger, &[TURNED, MESSAGE, QUIT]));
    }
    providers.push(then(&[NO_MAIL, GOODBYE]));
    let fetched = all_mail_comes(&ledger, providers, &[]).ended(0, "ok");
    assert_eq!((fetched.count("rounds"), fetched.count("accepted")), (4, 4), "{fetched:#?}");
    assert_eq!(fetched.summary["more"], false, "{fetched:#?}");
}

#[test]
fn asking_again_ends_at_the_rounds_that_are_allowed() {
    let mut ledger = Ledger::default();
    let providers = vec![
        with_letter(&mut ledger, &[TURNED, MESSAGE, QUIT]),
        with_letter(&mut ledger, &[TURNED, MESSAGE, QUIT]),
    ];
    let fetched = all_mail_comes(&ledger, providers, &["--max-rounds", "2"]).ended(1, "partial");
    assert_eq!(fetched.count("rounds"), 2, "{fetched:#?}");
    assert_eq!(fetched.summary["more"], true, "{fetched:#?}");
}

#[test]
fn ceilings_stop_the_provider_and_refuse_nothing_for_good() {
    let refused = "P: MAIL FROM:<a@sender.test>\nC: 421 *\n[closed]";
    for ceiling in [["--max-messages", "1"], ["--max-bytes", "1 KiB"]] {
        let mut ledger = Ledger::default();
        let provider = with_letter(&mut ledger, &[TURNED, MESSAGE, refused]);
        let fetched = all_mail_comes(&ledger, vec![provider], &ceiling).ended(1, "partial");
        assert_eq!(fetched.summary["more"], true, "{fetched:#?}");
    }
    let mut ledger = Ledger::default();
    let large = "P: MAIL FROM:<a@sender.test> SIZE=5000\nC: 452 *\n";
    let provider = with_letter(&mut ledger, &[TURNED, large, MESSAGE, QUIT]);
    let providers = vec![provider, then(&[NO_MAIL, GOODBYE])];
    all_mail_comes(&ledger, providers, &["--max-message-size", "4 KiB"]).ended(1, "partial");
}

#[test]
fn content_beyond_its_ceiling_is_put_off_though_no_size_was_declared() {
    let lab = Lab::open();
    let message = MESSAGE.replace("[say content]\nC: 250 *", "[say content]\nC: 452 *");
    let content = stuffed(&Ledger::default().letter(100_000).content);
    let provider = then(&[TURNED, &message, QUIT]).with("content", &content);
    let (fetched, _) = meets(&lab, vec![provider], &["--max-message-size", "4 KiB"]);
    fetched.ended(1, "partial");
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 0);
}

/// T5: asked again, it says "too soon": nothing has said that there is no more.
#[test]
fn a_call_that_comes_too_soon_behind_mail_leaves_more() {
    let mut ledger = Ledger::default();
    let unlisted =
        UP_TO_ATRN.replace("C: ATRN *", "C: ATRN example.org\n P: 501 no list\n C: ATRN");
    let content = stuffed(&ledger.letter(2000).content);
    let first = Script::provider(&[&unlisted, TURNED, MESSAGE, QUIT].concat());
    let second = Script::provider(&[&unlisted, "P: 450 4.7.0 too soon\n", GOODBYE].concat());
    let providers = vec![first.with("content", &content), second];
    let flags = ["--profile", "exchange"];
    let fetched = all_mail_comes(&ledger, providers, &flags).ended(1, "partial");
    assert_eq!(fetched.summary["more"], true, "{fetched:#?}");
}

/// Where the list of domains was not understood, mail for others is no fault of who sends it.
#[test]
fn mail_for_others_is_not_taken_where_no_list_could_be_said() {
    let script = UP_TO_ATRN.replace("C: ATRN *", "C: ATRN example.org\n P: 501 no list\n C: ATRN");
    let foreign = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@elsewhere.test>\nC: 550 5.7.1 *\n\
        P: RSET\nC: 250 *\n";
    let provider = Script::provider(&[&script, TURNED, foreign, QUIT].concat());
    let flags = ["--profile", "exchange"];
    let fetched = meets_one(provider, &flags).ended(0, "ok");
    assert_eq!((fetched.count("refused"), fetched.count("deferred")), (1, 0), "{fetched:#?}");
}

#[test]
fn mail_for_others_is_not_taken() {
    let foreign = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@elsewhere.test>\nC: 550 *\n\
        P: RCPT TO:<box%example.org@elsewhere.test>\nC: 5*\nP: RCPT TO:<@example.org:box@elsewhere.test>\nC: 5*\n\
        P: DATA\nC: 5*\nP: RSET\nC: 250 *\n";
    let fetched = meets_one(then(&[TURNED, foreign, QUIT]), &[]).ended(0, "ok");
    assert_eq!((fetched.count("refused"), fetched.count("accepted")), (1, 0), "{fetched:#?}");
}

#[test]
fn who_does_not_speak_the_protocol_is_told_so() {
    for greeting in [
        "P: HTTP/1.1 400 Bad Request\nP: Content-Length: 0\n",
        "P: +OK POP3 ready\n",
        "P: SSH-2.0-OpenSSH_9\n",
    ] {
        let lab = Lab::open();
        meets(&lab, vec![Script::provider(greeting)], &[]).0.ended(76, "protocol");
    }
    meets_one(Script::provider("P: 554 5.3.2 go away\n"), &[]).ended(76, "protocol");
    meets_one(Script::provider("P: 421 4.3.2 too busy\n"), &[]).ended(75, "tempfail");
    meets_one(Script::provider("[drop]"), &[]).ended(75, "tempfail");
}

#[test]
fn who_floods_is_cut_off() {
    let line = [b"220-".as_slice(), &vec![b'x'; 3 << 20]].concat();
    let lines = b"220-still not finished\r\n".repeat(100_000);
    for flood in [line, lines] {
        let lab = Lab::open();
        let provider = Script::provider("[say flood]\n[stall]").with("flood", &flood);
        meets(&lab, vec![provider], &[]).0.ended(76, "protocol");
    }
}

#[test]
fn a_host_that_is_not_there() {
    let lab = Lab::open();
    let fetched = AtrnFetch::new(&lab, lab.free()).into_maildir().run();
    assert_eq!(fetched.code, Some(69), "{fetched:#?}");
    let fetched = AtrnFetch::new(&lab, lab.free()).into_maildir();
    let fetched = fetched.flags(&["--server", "nobody.invalid"]).run();
    assert_ne!(fetched.code, Some(0), "{fetched:#?}");
}

/// A provider that has not read our 250 before the line broke brings the same once more.
#[test]
fn what_comes_a_second_time_lands_once_where_that_is_wanted() {
    let letter = b"Received: from x by mx.test id 1\r\nSubject: x\r\n\r\nx\r\n";
    let again = "[drop]";
    let landed = |flags: &[&str]| {
        let lab = Lab::open();
        let state = lab.path("remembered").display().to_string();
        let flags = [flags, &["--state-dir", &state]].concat();
        let twice = [again, QUIT]
            .map(|end| then(&[TURNED, MESSAGE, end]).with("content", &stuffed(letter)));
        let providers = [twice.to_vec(), vec![then(&[NO_MAIL, GOODBYE])]].concat();
        let (fetched, played) = meets(&lab, providers, &flags);
        played.into_iter().for_each(|played| drop(played.went_as_written()));
        let fetched = fetched.ended(0, "ok");
        let (accepted, again) = (fetched.count("accepted"), fetched.count("duplicates"));
        assert_eq!(fetched.count("offered"), 2);
        (Maildir::at(lab.path("Maildir")).messages().len(), accepted, again)
    };
    assert_eq!(landed(&[]), (2, 2, 0));
    assert_eq!(landed(&["--dedupe", "7d"]), (1, 1, 1));
}

/// What is only here again is no mail that has come: nobody is called for it.
#[test]
fn what_comes_a_second_time_is_no_mail_that_has_come() {
    let letter = b"Received: from x by mx.test id 1\r\nSubject: x\r\n\r\nx\r\n";
    let lab = Lab::open();
    let [state, said] = ["remembered", "said"].map(|name| lab.path(name).display().to_string());
    let hook = ["--on-mail", "/bin/mkdir", "--on-mail", &said];
    let flags = [&["--dedupe", "7d", "--state-dir", &state], &hook[..]].concat();
    let brings = || then(&[TURNED, MESSAGE, QUIT]).with("content", &stuffed(letter));
    let nothing = || then(&[NO_MAIL, GOODBYE]);
    let stage = Stage::open(&lab, vec![brings(), nothing(), brings(), nothing()]);
    let run = || {
        let fetch = AtrnFetch::new(&lab, stage.address).into_maildir().flags(&flags);
        let fetched = fetch.run().ended(0, "ok");
        (fetched.count("accepted"), fetched.count("duplicates"), fetched.count("bytes") > 0)
    };
    assert_eq!(run(), (1, 0, true));
    std::fs::remove_dir(&said).expect("a folder that on_mail has made");
    assert_eq!(run(), (0, 1, false));
    stage.close().into_iter().for_each(|played| drop(played.went_as_written()));
    assert!(!std::path::Path::new(&said).exists());
    assert_eq!(Maildir::at(lab.path("Maildir")).messages().len(), 1);
}

/// What a server has been given half of is withdrawn when the last octet shows that it was here before.
#[test]
fn what_comes_a_second_time_is_withdrawn_from_a_server() {
    if !have(&[Peer::Postfix]) {
        return;
    }
    let lab = Lab::open();
    let postfix = Postfix::receiving(&lab, "postfix", "example.org").start();
    let letter = |subject: &str| {
        // Longer than what is read at once, so that its first part is under way before the last is seen.
        let body = "what is said here is said once\r\n".repeat(20_000);
        let text = format!("Received: from x by mx.test id 1\r\nSubject: {subject}\r\n\r\n{body}");
        stuffed(text.as_bytes())
    };
    let another = MESSAGE.replace("content", "other");
    let cut = then(&[TURNED, MESSAGE, "[drop]"]).with("content", &letter("one"));
    let again = then(&[TURNED, MESSAGE, &another, QUIT]).with("content", &letter("one"));
    let again = again.with("other", &letter("two"));
    let stage = Stage::open(&lab, vec![cut, again, then(&[NO_MAIL, GOODBYE])]);
    let state = lab.path("remembered").display().to_string();
    let fetch = AtrnFetch::new(&lab, stage.address).into_smtp(postfix.address);
    let fetched = fetch.flags(&["--dedupe", "7d", "--state-dir", &state]).run();
    stage.close().into_iter().for_each(|played| drop(played.went_as_written()));
    let fetched = fetched.ended(0, "ok");
    assert_eq!((fetched.count("accepted"), fetched.count("duplicates")), (2, 1));
    let mails = postfix.maildir.until(2);
    let subjects = |subject: &str| {
        let line = format!("Subject: {subject}\n");
        mails.iter().filter(|mail| String::from_utf8_lossy(mail).contains(&line)).count()
    };
    assert_eq!((subjects("one"), subjects("two")), (1, 1), "{}", postfix.log());
    assert!(postfix.log().contains("lost connection after DATA"), "{}", postfix.log());
}

/// What was in hand when the line broke is still there: being told to wait is not the end of it.
#[test]
fn a_line_that_broke_within_a_message_is_not_the_end_of_the_mail() {
    let half = "P: MAIL FROM:<a@sender.test>\nC: 250 *\nP: RCPT TO:<box@example.org>\nC: 250 *\n\
        P: DATA\nC: 354 *\nP: Subject: half\n[drop]";
    let letter = stuffed(b"Subject: x\r\n\r\nx\r\n");
    for (answer, code) in [
        ("P: 450 4.7.0 too soon", 75),
        ("P: 421 going down", 75),
        ("P: 453 messages already being processed", 75),
        (NO_MAIL, 0),
    ] {
        let lab = Lab::open();
        let broken = then(&[TURNED, MESSAGE, half]).with("content", &letter);
        let (fetched, _) = meets(&lab, vec![broken, then(&[answer, GOODBYE])], &[]);
        assert_eq!(
            (fetched.code, fetched.count("accepted")),
            (Some(code), 1),
            "{answer} {fetched:#?}"
        );
        // With nothing broken, it is.
        let whole = then(&[TURNED, MESSAGE, QUIT]).with("content", &letter);
        let lab = Lab::open();
        let (fetched, _) = meets(&lab, vec![whole, then(&[answer, GOODBYE])], &[]);
        assert_eq!(fetched.code, Some(0), "{answer} {fetched:#?}");
    }
}
