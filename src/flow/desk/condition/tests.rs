//! What is read, what is refused, and what holds of an entry.

use proptest::prelude::*;

use super::*;
use crate::mail::Recipient;
use crate::queue::entry::Source;
use crate::queue::{EntryId, EntryState, RecipientState};
use crate::smtp::{Domain, ForwardPath, MailParams, RcptParams, Reply, ReversePath};

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::from_second(100 * DAY).unwrap()
}

fn ago(days: i64) -> Timestamp {
    Timestamp::from_second((100 - days) * DAY).unwrap()
}

/// Three days old, tried yesterday, of two recipients one of whom is over quota.
fn entry() -> Entry {
    let recipient = |address: &str, reply: Option<Reply>| {
        let path = ForwardPath::parse(address).unwrap();
        (Recipient { path, params: RcptParams::default() }, RecipientState::Waiting(reply))
    };
    Entry {
        id: "01K8ZZZZZZZZZZZZZZZZZZZZZZ".parse::<EntryId>().unwrap(),
        domain: Domain::parse("example.org").unwrap(),
        state: EntryState::Waiting,
        size: 3 << 20,
        ends_in_crlf: true,
        long_lines: false,
        eight_bit: false,
        arrived: ago(3),
        expires: ago(-18),
        attempts: 2,
        tried: Some(ago(1)),
        reverse_path: ReversePath::parse("Alice@sender.test").unwrap(),
        params: MailParams::default(),
        recipients: vec![
            recipient("box@example.org", Some(Reply::new(452, (2, 2), "over quota"))),
            recipient("other@example.org", None),
        ],
        source: Source {
            ip: "192.0.2.7".parse().unwrap(),
            helo: "mail.sender.test".to_owned(),
            tls: None,
            auth: None,
        },
        message_id: Some("<1@sender.test>".to_owned()),
    }
}

#[track_caller]
fn holds(text: &str) -> bool {
    let entry = entry();
    let subject = Subject { entry: &entry, standing: Standing::Deferred, account: Some("acme") };
    text.parse::<Condition>()
        .unwrap_or_else(|fault| panic!("{text}: {fault}"))
        .holds(subject, now())
}

#[test]
fn what_is_so_holds_and_its_contrary_does_not() {
    for so in [
        "size > 1M && age > 2d && !null_sender",
        "size>1M&&age>2d&&!null_sender",
        "size=3MiB",
        "size >= 3145728 && size <= 3145728",
        "size < '3 MiB' || age < 4d",
        "expires_in > 17d && expires_in <= 18d",
        "idle < 25h && idle >= 1d",
        "attempts == 2 && recipients = 2",
        "code = 452",
        "code >= 400 && code < 500",
        "tried && !held && !tls && !smtputf8 && !eight_bit",
        "sender = alice@sender.test",
        "sender = *@sender.test && sender != *@other.test",
        "sender != <> || null_sender",
        "rcpt = other@*",
        "rcpt !~ ^nobody && rcpt ~ '^(box|post)'",
        "source = 192.0.2.0/24 && source != 2001:db8::/32",
        "source ~ ^192",
        "domain = example.org && state = deferred && account = acme",
        "helo ~ sender && id = 01k8*",
        "said ~ \"over QUOTA\"",
        "envid = ''",
        "!(age > 5d || (held && tried))",
        "age > 5d || age > 4d || age > 2d",
        "age > 5d && age > 5d || tried",
    ] {
        assert!(holds(so), "{so}");
        assert!(!holds(&format!("!({so})")), "not {so}");
    }
}

#[test]
fn what_is_not_there_is_neither_more_nor_less() {
    let fresh = Entry { tried: None, attempts: 0, ..entry() };
    let subject = Subject { entry: &fresh, standing: Standing::Waiting, account: None };
    for never in ["idle < 1d", "idle >= 0s", "account = acme"] {
        assert!(!never.parse::<Condition>().unwrap().holds(subject, now()), "{never}");
    }
}

#[test]
fn what_means_nothing_is_refused_with_what_would() {
    for (wrong, told) in [
        ("", "a test, such as"),
        ("age", "age with ="),
        ("age > ", "something to compare age with"),
        ("age ~ 3d", "age with ="),
        ("age > soon", "soon"),
        ("size > huge", "huge"),
        ("attempts > many", "a count"),
        ("sender > a", "sender with ="),
        ("sender = 'a", "a ' behind"),
        ("said ~ '(full'", "unclosed group"),
        ("state = stuck", "waiting, in_session"),
        ("source = nowhere", "nowhere"),
        ("colour = red", "one of size, age"),
        ("held tried", "&& or || before \"tried\""),
        ("held & tried", "&& or || before"),
        ("(held", "a ) for \"(held\""),
        ("held)", "before \")\""),
        ("held || && tried", "a test before"),
        ("= 3", "a test before"),
    ] {
        let fault = wrong.parse::<Condition>().expect_err(wrong);
        assert!(fault.contains(told), "{wrong:?}: {fault}");
    }
    let deep = format!("{}held{}", "(".repeat(33), ")".repeat(33));
    assert!(deep.parse::<Condition>().unwrap_err().contains("within each other"));
    assert!(format!("held{}", " || held".repeat(1000)).parse::<Condition>().is_err());
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[ -~\u{e9}]{0,60}|([a-z_]{2,6}|[()!&|=<>~'\" ]){0,20}") {
        let _ = text.parse::<Condition>();
    }

    /// `!` binds closer than `&&`, and that closer than `||`.
    #[test]
    fn words_bind_as_usual(a: bool, b: bool, c: bool) {
        let word = |so: bool| if so { "tried" } else { "held" };
        let text = format!("!{} || {} && {}", word(a), word(b), word(c));
        prop_assert_eq!(holds(&text), !a || b && c);
    }
}
