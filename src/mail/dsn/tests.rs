use super::*;
use crate::smtp::{ForwardPath, Notify, RcptParams, ReversePath};
use proptest::prelude::*;

fn recipient(address: &str, orcpt: Option<&str>) -> Recipient {
    let params = RcptParams {
        notify: Some(Notify { failure: true, ..Notify::default() }),
        orcpt: orcpt.map(Into::into),
    };
    Recipient { path: ForwardPath::parse(address).unwrap(), params }
}

fn mailbox(address: &str) -> Mailbox {
    match ReversePath::parse(address).unwrap() {
        ReversePath::Mailbox(mailbox) => mailbox,
        ReversePath::Null => unreachable!("an address was given"),
    }
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(n).unwrap()
}

fn failed<'a>(recipient: &'a Recipient, said: Option<&'a Reply>) -> Outcome<'a> {
    Outcome { recipient, action: Action::Failed, said, tried: Some(second(90)), until: None }
}

fn notice<'a>(to: &'a Mailbox, outcomes: Vec<Outcome<'a>>, returned: Returned) -> Notice<'a> {
    let origin = Origin {
        id: "01AB",
        helo: "mx.example.com",
        ip: "192.0.2.7".parse().unwrap(),
        arrived: second(0),
        envid: Some("QQ+3D314159"),
    };
    let (reporter, name) = ("odmr.example.net", "01CD");
    Notice { reporter, name, to, at: second(100), origin, way: Way::Collected, outcomes, returned }
}

fn text(notice: &Notice<'_>) -> String {
    String::from_utf8(notice.to_mail()).unwrap()
}

#[test]
fn a_refusal_is_told_in_three_parts() {
    let (to, bob) =
        (mailbox("ann@example.com"), recipient("bob@example.org", Some("rfc822;b+2Bb@x.test")));
    let said = Reply::new(550, (1, 1), "no such\nuser");
    let returned = Returned::Headers(b"From: ann@example.com\r\nSubject: hi\r\n".to_vec());
    let told = text(&notice(&to, vec![failed(&bob, Some(&said))], returned));
    assert_eq!(
        told,
        "Date: Thu, 01 Jan 1970 00:01:40 +0000\r\n\
         From: Mail Delivery System <MAILER-DAEMON@odmr.example.net>\r\n\
         To: <ann@example.com>\r\n\
         Message-ID: <01CD@odmr.example.net>\r\n\
         Auto-Submitted: auto-replied\r\n\
         Subject: Your mail could not be delivered\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=\"delivery-status\";\r\n\
         \x20boundary=\"=_01CD\"\r\n\
         \r\n\
         --=_01CD\r\n\
         Content-Type: text/plain; charset=\"utf-8\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         This is the mail system at odmr.example.net.\r\n\
         It took your mail on Thu, 01 Jan 1970 00:00:00 +0000.\r\n\
         \r\n\
         It could not be delivered to these recipients, and will not be tried again.\r\n\
         To them it is as if you had not sent it:\r\n\
         \r\n  <bob@example.org>\r\n    its server's reason: 550 5.1.1 no such user\r\n\
         \r\n\
         The header of your mail is attached.\r\n\
         \r\n\
         --=_01CD\r\n\
         Content-Type: message/delivery-status\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Original-Envelope-Id: QQ=314159\r\n\
         Reporting-MTA: dns; odmr.example.net\r\n\
         Received-From-MTA: dns; mx.example.com ([192.0.2.7])\r\n\
         Arrival-Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n\
         X-odmr-Queue-ID: 01AB\r\n\
         \r\n\
         Original-Recipient: rfc822; b+b@x.test\r\n\
         Final-Recipient: rfc822; bob@example.org\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\
         Last-Attempt-Date: Thu, 01 Jan 1970 00:01:30 +0000\r\n\
         \r\n\
         --=_01CD\r\n\
         Content-Type: text/rfc822-headers\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         From: ann@example.com\r\nSubject: hi\r\n\
         \r\n\
         --=_01CD--\r\n"
    );
}

#[test]
fn what_ran_out_of_time_has_the_status_for_that() {
    let bob = recipient("bob@example.org", None);
    let busy = Reply::new(452, (2, 2), "mailbox full");
    for said in [None, Some(&busy)] {
        assert_eq!(failed(&bob, said).status(), Enhanced::new(4, 4, 7));
    }
    let plain = Reply::plain(550, "no");
    assert_eq!(failed(&bob, Some(&plain)).status(), Enhanced::new(5, 0, 0));
    let odd = Reply { enhanced: Some(Enhanced::new(2, 0, 0)), ..Reply::plain(550, "no") };
    assert_eq!(failed(&bob, Some(&odd)).status(), Enhanced::new(5, 0, 0));
}

#[test]
fn nothing_a_stranger_said_can_begin_a_field() {
    let (to, bob) =
        (mailbox("ann@example.com"), recipient("bob@example.org", Some("rfc822;a+0D+0AX: y")));
    let said = Reply {
        code: 550,
        enhanced: None,
        text: "x\r\nAction: relayed\x1b[2J\u{202e}".into(),
        octets: None,
    };
    let told = text(&notice(&to, vec![failed(&bob, Some(&said))], Returned::Headers(Vec::new())));
    assert_eq!(told.matches("\r\nAction:").count(), 1);
    assert!(!told.contains('\x1b') && !told.contains('\u{202e}') && !told.contains("\r\nX: y"));
    assert!(told.contains("Original-Recipient: rfc822; a+0D+0AX: y\r\n"));
}

/// People read what was said in any notice; programs only where theirs may hold it.
#[test]
fn words_beyond_ascii_are_whole_in_the_part_that_people_read() {
    let (to, bob) = (mailbox("ann@example.com"), recipient("bob@example.org", None));
    let said = Reply { code: 550, enhanced: None, text: "Postfach gelöscht".into(), octets: None };
    let mail =
        notice(&to, vec![failed(&bob, Some(&said))], Returned::Headers(Vec::new())).to_mail();
    assert!(mail.is_ascii());
    let parsed = mail_parser::MessageParser::default().parse(&mail).unwrap();
    assert!(parsed.body_text(0).unwrap().contains("550 Postfach gelöscht"));
    let told = String::from_utf8(mail).unwrap();
    assert!(told.contains("Diagnostic-Code: smtp; 550 Postfach gel?scht\r\n"), "{told}");
}

#[test]
fn an_address_of_utf_8_is_spelt_out_unless_its_reader_has_one_too() {
    let bob = recipient("bjørn@example.org", None);
    let ascii = mailbox("ann@example.com");
    let told = notice(&ascii, vec![failed(&bob, None)], Returned::Headers(Vec::new()));
    assert!(!told.needs_smtputf8() && told.to_mail().is_ascii());
    assert!(text(&told).contains("Final-Recipient: utf-8; bj\\x{F8}rn@example.org\r\n"));
    let utf8 = mailbox("åse@example.com");
    let told =
        notice(&utf8, vec![failed(&bob, None)], Returned::Whole("Subject: é\r\n\r\n".into()));
    assert!(told.needs_smtputf8() && told.is_eight_bit());
    let told = text(&told);
    for part in [
        "report-type=\"global-delivery-status\"",
        "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n",
        "Content-Type: message/global\r\n",
        "Final-Recipient: utf-8; bjørn@example.org\r\n",
        "To: <åse@example.com>\r\n",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_mail_is_returned_bit_for_bit() {
    let (to, bob) = (mailbox("ann@example.com"), recipient("bob@example.org", None));
    let mail = b"Subject: hi\r\n\r\n.dot\r\n--=_01CE\r\n\xff\xfe\r\n".to_vec();
    let told = notice(&to, vec![failed(&bob, None)], Returned::Whole(mail.clone())).to_mail();
    let at =
        memchr::memmem::find(&told, b"message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    let from = at.unwrap() + "message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".len();
    assert_eq!(told[from..from + mail.len()], mail[..]);
    assert_eq!(&told[from + mail.len()..], b"\r\n--=_01CD--\r\n");
}

proptest! {
    /// Whatever the other server said: lines are bounded, ASCII, and each group stands alone.
    #[test]
    fn the_status_part_keeps_its_form(words in ".{0,3000}", code in 400u16..600, helo in "[ -~]{0,300}") {
        let (to, bob) = (mailbox("ann@example.com"), recipient("bob@example.org", None));
        let said = Reply { code, enhanced: None, text: words.into(), octets: None };
        let mut notice = notice(&to, vec![failed(&bob, Some(&said))], Returned::Headers(Vec::new()));
        notice.origin.helo = &helo;
        let status = fields::delivery_status(&notice);
        prop_assert!(status.is_ascii());
        for line in status.split("\r\n") {
            prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{}", line);
        }
        prop_assert_eq!(status.matches("\r\n\r\n").count(), 1);
        prop_assert_eq!(status.matches("\r\nAction: failed\r\n").count(), 1);
    }
}

#[test]
fn an_original_address_of_utf_8_is_spelt_out_once() {
    let to = mailbox("ann@sender.test");
    for (orcpt, told) in [
        ("utf-8;ü@x.test", "utf-8; \\x{FC}@x.test"),
        ("utf-8;\\x{FC}@x.test", "utf-8; \\x{FC}@x.test"),
        ("rfc822;b+2Bb@x.test", "rfc822; b+b@x.test"),
    ] {
        let recipient = recipient("b@example.org", Some(orcpt));
        let told = format!("Original-Recipient: {told}\r\n");
        let notice = notice(&to, vec![failed(&recipient, None)], Returned::Headers(vec![]));
        assert!(text(&notice).contains(&told), "{orcpt}: {}", text(&notice));
    }
}

#[test]
fn a_header_beyond_ascii_goes_back_as_what_it_is() {
    let (to, recipient) = (mailbox("ann@sender.test"), recipient("b@example.org", None));
    let kind = |returned: Returned| {
        let notice = notice(&to, vec![failed(&recipient, None)], returned);
        let text = text(&notice);
        let at = text.rfind("Content-Type: ").expect("a type") + 14;
        text[at..].lines().next().expect("a line").to_owned()
    };
    let (plain, beyond) = ("Subject: u\r\n", "Subject: ü\r\n");
    let whole = |header: &str| Returned::Whole(format!("{header}\r\nü\r\n").into_bytes());
    assert_eq!(kind(whole(plain)), "message/rfc822");
    assert_eq!(kind(whole(beyond)), "message/rfc822");
    assert_eq!(kind(Returned::Headers(plain.into())), "text/rfc822-headers");
    assert_eq!(kind(Returned::Headers(beyond.into())), "text/rfc822-headers");
    assert_eq!(kind(Returned::Headers(b"Subject: \xfc\r\n".into())), "text/rfc822-headers");
}

#[test]
fn a_header_beyond_ascii_can_go_where_only_ascii_can() {
    let (to, recipient) = (mailbox("ann@sender.test"), recipient("b@example.org", None));
    let long = format!("X: {}\u{fc}=\r\nEnd: blank \r\n", "x".repeat(80));
    let long: Vec<u8> = long.chars().map(|c| c as u8).collect();
    let told = notice(&to, vec![failed(&recipient, None)], Returned::Headers(long));
    assert!(!told.is_eight_bit() && told.to_mail().is_ascii());
    let lines = format!(
        "text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         X: {}=\r\n{}=FC=3D\r\nEnd: blank=20\r\n\r\n--=_01CD--\r\n",
        "x".repeat(72),
        "x".repeat(8)
    );
    assert!(text(&told).ends_with(&lines), "{}", text(&told));
}

#[test]
fn what_is_not_utf_8_is_none_for_a_reader_of_utf_8_either() {
    let (to, recipient) = (mailbox("åse@sender.test"), recipient("b@example.org", None));
    let kinds = [
        (Returned::Headers(b"Subject: \xfc\r\n".into()), "Content-Type: text/rfc822-headers\r\n"),
        (Returned::Headers("Subject: ü\r\n".into()), "Content-Type: message/global-headers\r\n"),
    ];
    for (returned, kind) in kinds {
        let told = text(&notice(&to, vec![failed(&recipient, None)], returned));
        assert!(told.contains(kind), "{told}");
    }
}

#[test]
fn mail_that_is_lost_is_told_of_without_it() {
    let (to, recipient) = (mailbox("ann@sender.test"), recipient("b@example.org", None));
    let told = text(&notice(&to, vec![failed(&recipient, None)], Returned::Nothing));
    assert!(told.contains("was damaged here, and cannot be returned"), "{told}");
    assert!(!told.contains("rfc822-headers") && told.matches("--=_01CD").count() == 3, "{told}");
}

#[test]
fn nobody_is_said_to_collect_what_is_brought() {
    let (to, recipient) = (mailbox("ann@sender.test"), recipient("b@example.org", None));
    let mut told = notice(&to, vec![failed(&recipient, None)], Returned::Nothing);
    told.way = Way::Brought;
    told.origin.ip = std::net::Ipv4Addr::UNSPECIFIED.into();
    let text = text(&told);
    assert!(text.contains("it could not be handed to the next server"), "{text}");
    assert!(!text.contains("its server") && !text.contains("Received-From-MTA"), "{text}");
}
