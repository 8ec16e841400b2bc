use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::delays::Delays;
use super::*;
use crate::probe::hello::Answered;
use crate::probe::script::{Expect, Line as On, Move, Names, Pattern, Start, Talk, Want};

fn names() -> Names {
    Names {
        me: "probe.example".to_owned(),
        host: "mx.example.net".to_owned(),
        from: String::new(),
        rcpt: "postmaster@example.net".to_owned(),
        domain: "example.net".to_owned(),
        foreign: "odmr-probe@relay.invalid".to_owned(),
        stranger: "example.com".to_owned(),
        mech: "CRAM-MD5".to_owned(),
    }
}

/// A server that answers as it is told to.
enum Told {
    Reply(String),
    HangUp,
    Nothing,
}

/// An answer that fits.
fn fitting(pattern: &Pattern) -> Told {
    match pattern {
        Pattern::Closed => Told::HangUp,
        Pattern::Silence => Told::Nothing,
        Pattern::Garbled => Told::Reply("250-a\r\n251 b\r\n".to_owned()),
        Pattern::Line(_) => Told::Reply("EHLO x\r\n".to_owned()),
        Pattern::Reply { code, .. } => {
            let code = code.iter().zip([5, 5, 0]).map(|(digit, any)| digit.unwrap_or(any));
            let code: String = code.map(|digit| (b'0' + digit) as char).collect();
            // What has to be listed is.
            let plain = crate::smtp::Reply::plain(code.parse().unwrap(), "mx.example.net");
            let fits = pattern.matches(&Answer::Reply(plain));
            Told::Reply(match fits {
                true => format!("{code} mx.example.net\r\n"),
                false => ["-mx.example.net", "-PIPELINING", "-ENHANCEDSTATUSCODES", " 8BITMIME"]
                    .map(|line| format!("{code}{line}\r\n"))
                    .concat(),
            })
        }
    }
}

/// A reply that nobody puts up with here.
fn wrong(expect: &Expect) -> Told {
    let known = expect.right.iter().chain(&expect.tolerated).chain(&expect.undecided);
    let known: Vec<&Pattern> = known.collect();
    let is_none = |code: &u16| {
        let reply = crate::smtp::Reply::plain(*code, "no").saying("a\nb");
        !known.iter().any(|pattern| pattern.matches(&Answer::Reply(reply.clone())))
    };
    match [250, 354, 550, 299].into_iter().find(is_none) {
        Some(code) => Told::Reply(format!("{code}-a\r\n{code} b\r\n")),
        None => Told::HangUp,
    }
}

/// Plays a probe against a server that answers its moves as `answer` says, counted from the first answer
/// that is the probe's own.
fn played(probe: &Probe, answer: impl Fn(usize, &Expect) -> Told) -> Verdict {
    let now = Instant::now();
    let wait = Duration::from_secs(5);
    // Every server offers everything here.
    let mut probe = probe.clone();
    probe.moves.retain(|one| !matches!(one, Move::If(_) | Move::Fi));
    let mut talk = Talk::new(&probe, &names(), On::New, now, wait);
    let own: Vec<&Expect> = probe.moves.iter().filter_map(hears).collect();
    let before = heard_before(probe.start);
    let (mut asked, mut later) = (0, now);
    loop {
        match talk.poll(later) {
            Want::Over => return talk.over().0,
            Want::Send(_) => {}
            Want::Pause(until) => later = until,
            Want::Secure => talk.secured(Ok(())),
            Want::Prove => talk.proved(Ok(())),
            Want::Anew(_) => talk.anew(Ok(())),
            Want::Shut => talk.shut(),
            Want::Hear(_) => {
                let told = match before.get(asked) {
                    Some(&reply) => Told::Reply(reply.to_owned()),
                    None => answer(asked - before.len(), own[asked - before.len()]),
                };
                asked += 1;
                match told {
                    Told::Reply(reply) => talk.received(reply.as_bytes(), later),
                    Told::HangUp => talk.closed(),
                    Told::Nothing => talk.timed_out(),
                }
            }
        }
    }
}

fn hears(one: &Move) -> Option<&Expect> {
    match one {
        Move::Hear(expect) => Some(expect),
        _ => None,
    }
}

fn heard_before(start: Start) -> &'static [&'static str] {
    let all = &["220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n"];
    match start {
        Start::Connect => &[],
        Start::Greeted => &all[..1],
        Start::Hello | Start::Ready | Start::Login => &all[..2],
        Start::Mail => &all[..3],
        Start::Rcpt => all,
        Start::Tls => &["220 mx\r\n", "250 mx\r\n", "220 go\r\n", "250 mx\r\n"],
    }
}

#[test]
fn the_catalogue_is_whole() {
    for (text, known) in [
        (include_str!("server.probe"), probes()),
        (include_str!("provider.probe"), provider_probes()),
        (include_str!("customer.probe"), customer_probes()),
    ] {
        let read = script::read(text).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read.len(), known.len());
    }
    let mut seen = BTreeSet::new();
    for row in catalogue() {
        assert!(seen.insert(row.id.clone()), "{} is there twice", row.id);
        assert!(!row.title.is_empty() && !row.fix.is_empty(), "{}", row.id);
        assert!(row.fix.ends_with(['.', '!']), "{}: {}", row.id, row.fix);
        assert!(!row.spec.is_empty() || row.quirk.is_some(), "{} is written nowhere", row.id);
        assert!(row.spec.iter().all(|spec| spec.starts_with("RFC ")), "{}", row.id);
    }
}

#[test]
fn a_server_that_keeps_a_rule_passes_and_one_that_does_not_fails() {
    for probe in probes().iter().chain(provider_probes()).chain(customer_probes()) {
        let right = played(probe, |_, expect| fitting(&expect.right[0]));
        assert_eq!(right.outcome, Outcome::Pass, "{}: {}", probe.id, right.why);
        // Every answer that decides something decides it.
        let own: Vec<&Expect> = probe.moves.iter().filter_map(hears).collect();
        // Of a thousand answers to the same, the first and the last ones stand for all.
        let is_near = |at: usize| at < 20 || at + 20 >= own.len();
        for (at, expect) in own.iter().enumerate().filter(|(_, expect)| !expect.is_needed) {
            if !is_near(at) {
                continue;
            }
            if matches!(wrong(expect), Told::HangUp) && expect.right.iter().any(is_closed) {
                continue;
            }
            let answer = |n, expect: &Expect| {
                if n == at { wrong(expect) } else { fitting(&expect.right[0]) }
            };
            let told = played(probe, answer);
            assert_eq!(told.outcome, Outcome::Fail, "{}, answer {at}: {}", probe.id, told.why);
            assert!(told.expected.is_some() && told.got.is_some(), "{}", probe.id);
        }
        for (at, _) in own.iter().enumerate().filter(|(_, expect)| !expect.tolerated.is_empty()) {
            if !is_near(at) {
                continue;
            }
            let answer = |n, expect: &Expect| {
                if n == at { fitting(&expect.tolerated[0]) } else { fitting(&expect.right[0]) }
            };
            let told = played(probe, answer);
            let is_right = own[at].right.iter().any(|pattern| fits(pattern, &own[at].tolerated[0]));
            let expected = if is_right { Outcome::Pass } else { Outcome::Warn };
            assert_eq!(told.outcome, expected, "{}, answer {at}: {}", probe.id, told.why);
        }
        for (at, _) in own.iter().enumerate().filter(|(_, expect)| !expect.undecided.is_empty()) {
            let answer = |n, expect: &Expect| {
                if n == at { fitting(&expect.undecided[0]) } else { fitting(&expect.right[0]) }
            };
            let told = played(probe, answer);
            assert_eq!(told.outcome, Outcome::Inconclusive, "{}, answer {at}", probe.id);
        }
        for (at, _) in own.iter().enumerate().filter(|(_, expect)| !expect.wrong.is_empty()) {
            let answer = |n, expect: &Expect| {
                if n == at { fitting(&expect.wrong[0]) } else { fitting(&expect.right[0]) }
            };
            let told = played(probe, answer);
            assert_eq!(told.outcome, Outcome::Fail, "{}, answer {at}", probe.id);
        }
    }
}

fn is_closed(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Closed)
}

/// Does what fits the second fit the first as well?
fn fits(pattern: &Pattern, other: &Pattern) -> bool {
    match fitting(other) {
        Told::Reply(text) => {
            let code = text[..3].parse().unwrap_or(0);
            let reply = crate::smtp::Reply::plain(code, "mx.example.net");
            pattern.matches(&Answer::Reply(reply))
        }
        Told::HangUp => is_closed(pattern),
        Told::Nothing => matches!(pattern, Pattern::Silence),
    }
}

#[test]
fn who_says_not_now_or_nothing_has_not_failed() {
    let probe = probes().iter().find(|probe| probe.id == "relay.own").unwrap();
    let busy = played(probe, |_, _| Told::Reply("451 4.7.1 greylisted\r\n".to_owned()));
    assert_eq!(busy.outcome, Outcome::Inconclusive, "{}", busy.why);
    let silent = played(probe, |_, _| Told::Nothing);
    assert_eq!((silent.outcome, silent.got), (Outcome::Inconclusive, Some(Answer::Silence)));
    let gone = played(probe, |_, _| Told::HangUp);
    assert_eq!((gone.outcome, gone.got), (Outcome::Fail, Some(Answer::Closed)));
}

const CLEAR: &str = "220 mx.example.net ESMTP\r\n250-mx.example.net\r\n250-SIZE 1000\r\n250-AUTH CRAM-MD5\r\n\
    250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-LIMITS RCPTMAX=2\r\n250-ATRN\r\n250 STARTTLS\r\n";
const SECURE: &str = "250-mx.example.net\r\n250-ATRN\r\n250 AUTH PLAIN LOGIN\r\n";

fn fine() -> Survey {
    Survey {
        clear: CLEAR.into(),
        port: 366,
        greeted_ms: 20,
        secure: Some(SECURE.into()),
        tls: Some(Ok(sound())),
        all: vec![CLEAR.into(), b"250 2.1.0 ok\r\n550 5.1.1 no\r\n".to_vec()],
        delays: Delays { refused: vec![1, 2, 3], done: vec![1] },
        aspects: Aspects {
            old: Some(Answered::Refused),
            weak: Some(Answered::Refused),
            curves: Some(Answered::Refused),
            strange_name: Some(Ok(())),
            is_abrupt: Some(false),
            dane: Some(Dane::Records(vec![tlsa(3, b"certificate")])),
            at_465: Some(Ok(())),
        },
        challenges: vec!["<1@mx>".to_owned(), "<2@mx>".to_owned()],
        taken: Some(2),
        other_family: Some(Ok(CLEAR.into())),
    }
}

/// TLS with which nothing is wrong.
fn sound() -> TlsSeen {
    TlsSeen {
        version: "TLSv1.3".to_owned(),
        now: 1_800_000_000,
        not_before: 1_790_000_000,
        not_after: 1_810_000_000,
        key: "EC".to_owned(),
        bits: 256,
        signature: "ecdsa-with-SHA256".to_owned(),
        chain: vec![b"certificate".to_vec()],
        ..TlsSeen::default()
    }
}

fn tlsa(usage: u8, value: &[u8]) -> Tlsa {
    Tlsa { usage, selector: 0, matching: 0, value: value.to_vec() }
}

/// The survey of a server whose TLS has this wrong beside the handshake.
fn aspect(wrong: impl FnOnce(&mut Aspects)) -> Survey {
    let mut seen = fine();
    wrong(&mut seen.aspects);
    seen
}

/// The survey of a server whose clear talk has this instead of that.
fn with(from: &str, to: &str) -> Survey {
    assert!(CLEAR.contains(from), "{from}");
    Survey { clear: CLEAR.replace(from, to).into_bytes(), ..fine() }
}

fn said(what: &str) -> Survey {
    Survey { all: vec![what.as_bytes().to_vec()], ..fine() }
}

#[test]
fn each_rule_of_the_survey_can_be_broken() {
    let broken = broken_surveys();
    let ids: BTreeSet<&str> = broken.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, rules().iter().map(|rule| rule.head.id).collect());
    for (id, seen) in &broken {
        let rule = rules().iter().find(|rule| rule.head.id == *id).unwrap();
        let right = (rule.judge)(&fine());
        assert_eq!(right.outcome, Outcome::Pass, "{id}: {}", right.why);
        let told = (rule.judge)(seen);
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        assert!(!told.why.is_empty() && told.got.is_some(), "{id}");
    }
}

/// For each rule, a server that keeps all the others.
fn broken_surveys() -> Vec<(&'static str, Survey)> {
    let mut all = vec![
        ("greet.fqdn", with("220 mx.example.net", "220 mx")),
        ("greet.time", Survey { greeted_ms: 31_000, ..fine() }),
        ("greet.mask", with("ESMTP", "**********")),
        ("greet.leak", with("ESMTP", "ESMTP ([10.0.0.7])")),
        ("ehlo.fqdn", with("250-mx.example.net", "250-localhost")),
        ("ehlo.keyword-syntax", with("250-CHUNKING", "250-OK")),
        ("ehlo.dup", with("250-CHUNKING", "250-CHUNKING\r\n250-chunking")),
        ("ehlo.param-syntax", with("SIZE 1000", "SIZE ten")),
        ("utf8.requires-8bit", with("250-8BITMIME\r\n", "")),
        ("bin.requires", with("250-CHUNKING\r\n", "")),
        ("ext.xexch50", with("250-CHUNKING", "250-XEXCH50")),
        ("ext.x-link2state", with("250-CHUNKING", "250-X-LINK2STATE")),
        ("ext.x-exps", with("250-CHUNKING", "250-X-EXPS GSSAPI NTLM LOGIN")),
        ("ext.tls", with("250-CHUNKING", "250-TLS")),
        (
            "rep.tarpit",
            Survey { delays: Delays { refused: vec![5001; 3], done: vec![1; 9] }, ..fine() },
        ),
        ("auth.clear", with("CRAM-MD5", "CRAM-MD5 LOGIN")),
        ("auth.equals", with("250-CHUNKING", "250-AUTH=CRAM-MD5")),
        ("auth.replay", Survey { challenges: vec!["<1@mx>".to_owned(); 2], ..fine() }),
        ("lim.limits-ext", Survey { taken: Some(1), ..fine() }),
        ("lim.limits-ext", with("RCPTMAX=2", "RCPTMAX=many")),
        (
            "rob.v6",
            Survey {
                other_family: Some(Ok(CLEAR.replace("250-CHUNKING\r\n", "").into())),
                ..fine()
            },
        ),
        ("rep.code", said("260 ok\r\n")),
        ("rep.multi", said("250-a\r\n251 b\r\n")),
        ("rep.crlf", said("250 ok\n")),
        ("rep.len", said(&format!("250 {}\r\n", "x".repeat(600)))),
        ("rep.class", said("550 4.1.1 no\r\n")),
        ("rep.ascii", said("250 caf\u{e9}\r\n")),
    ];
    all.extend(broken_tls());
    all
}

/// The same of the rules about TLS.
fn broken_tls() -> Vec<(&'static str, Survey)> {
    let secured = |seen: TlsSeen| Survey { tls: Some(Ok(seen)), ..fine() };
    let amiss = || Some("it is".to_owned());
    let taken = |version, suite| Some(Answered::Taken { version, suite });
    vec![
        ("tls.adv", with("250 STARTTLS", "250 HELP")),
        ("tls.handshake", Survey { tls: Some(Err("no key".to_owned())), ..fine() }),
        ("tls.version", secured(TlsSeen { version: "TLSv1.0".to_owned(), ..sound() })),
        ("tls.version", aspect(|seen| seen.old = taken(0x0302, 0xc013))),
        ("tls.cipher", aspect(|seen| seen.weak = taken(0x0303, 0x000a))),
        ("tls.curve", aspect(|seen| seen.curves = taken(0x0303, 0xc02f))),
        ("tls.name", secured(TlsSeen { wrong_name: amiss(), ..sound() })),
        ("tls.chain", secured(TlsSeen { unvouched: amiss(), ..sound() })),
        ("tls.expiry", secured(TlsSeen { not_after: 1_799_000_000, ..sound() })),
        ("tls.expiry", secured(TlsSeen { not_before: 1_800_000_001, ..sound() })),
        ("tls.key", secured(TlsSeen { key: "RSA".to_owned(), bits: 1024, ..sound() })),
        ("tls.key", secured(TlsSeen { signature: "sha1WithRSAEncryption".to_owned(), ..sound() })),
        ("tls.sni", secured(TlsSeen { wrong_name: amiss(), ..sound() })),
        ("tls.sni", aspect(|seen| seen.strange_name = Some(Err("unrecognized_name".to_owned())))),
        ("tls.dane", aspect(|seen| seen.dane = Some(Dane::Records(vec![tlsa(3, b"other")])))),
        ("tls.closenotify", aspect(|seen| seen.is_abrupt = Some(true))),
        ("tls.implicit465", aspect(|seen| seen.at_465 = Some(Err("refused".to_owned())))),
        (
            "tls.not-listed",
            Survey { secure: Some(b"250-mx\r\n250 STARTTLS\r\n".to_vec()), ..fine() },
        ),
    ]
}

#[test]
fn each_rule_of_a_providers_offers_can_be_broken() {
    let offers: Vec<(&str, Survey)> = vec![
        (
            "odmr.ehlo-atrn",
            Survey {
                secure: Some(b"250-mx\r\n250 STARTTLS\r\n".to_vec()),
                ..with("250-ATRN\r\n", "")
            },
        ),
        ("odmr.ehlo-atrn", with("250-ATRN", "250-ATRN example.org")),
        ("odmr.ehlo-auth", Survey { secure: None, ..with("250-AUTH CRAM-MD5\r\n", "") }),
        ("odmr.cram", with("CRAM-MD5", "NTLM")),
    ];
    for (id, seen) in &offers {
        let rule = provider_rules().iter().find(|rule| rule.head.id == *id).unwrap();
        assert_eq!((rule.judge)(&fine()).outcome, Outcome::Pass, "{id}");
        let told = (rule.judge)(seen);
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
    }
    let elsewhere = Survey { port: 2525, ..fine() };
    for (id, seen) in [("odmr.port", elsewhere), ("odmr.ehlo-atrn", with("250-ATRN\r\n", ""))] {
        let rule = provider_rules().iter().find(|rule| rule.head.id == id).unwrap();
        assert_eq!((rule.judge)(&fine()).outcome, Outcome::Pass, "{id}");
        let told = (rule.judge)(&seen);
        assert_eq!(told.outcome, Outcome::Warn, "{id}: {}", told.why);
    }
}

#[test]
fn no_rule_passes_where_nothing_was_said() {
    for rule in rules().iter().chain(provider_rules()) {
        let nothing = (rule.judge)(&Survey::default()).outcome;
        let is_said = rule.head.id.starts_with("rep.") && rule.head.id != "rep.class";
        assert!(
            is_said || nothing != Outcome::Pass,
            "{} passes where nothing was said",
            rule.head.id
        );
        assert_ne!(nothing, Outcome::Fail, "{} fails where nothing was said", rule.head.id);
    }
}

#[test]
fn what_was_said_is_kept_octet_by_octet() {
    let probe = probes().iter().find(|probe| probe.id == "syn.nul").unwrap();
    let now = Instant::now();
    let mut talk = Talk::new(probe, &names(), On::Used, now, Duration::from_secs(1));
    assert_eq!(talk.poll(now), Want::Send("RSET\r\n".into()));
    talk.received(b"250 ok\r\n", now);
    assert_eq!(talk.poll(now), Want::Send("NO\0OP\r\n".into()));
    talk.received(b"500 5.5.2 no\r\n", now + Duration::from_millis(1500));
    assert!(matches!(talk.poll(now), Want::Send(_)));
    talk.received(b"250 ok\r\n", now);
    assert_eq!(talk.poll(now), Want::Over);
    assert!(talk.leaves_the_line_clean());
    assert_eq!(talk.refusals(), 1);
    let row = Row::of(Role::Server, probe);
    let (verdict, words) = talk.over();
    let record = Record::new(row, verdict, &words, 3, 1);
    assert_eq!(record.transcript[2].octets(), b"NO\0OP\r\n");
    assert_eq!((record.transcript[3].dir, record.transcript[3].t), ('<', 1.5));
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!((json["outcome"].as_str(), json["severity"].as_str()), (Some("pass"), Some("must")));
}

#[test]
fn a_line_of_which_the_server_is_tired_is_no_line_to_begin_on() {
    let probe = probes().iter().find(|probe| probe.id == "relay.own").unwrap();
    let now = Instant::now();
    let tired = |line, reply: &[u8]| {
        let mut talk = Talk::new(probe, &names(), line, now, Duration::from_secs(1));
        assert!(line == On::New || matches!(talk.poll(now), Want::Send(_)));
        talk.received(reply, now);
        let _ = talk.poll(now);
        talk.found_nobody()
    };
    assert!(tired(On::Used, b"554 Too many nonmail commands\r\n"));
    assert!(!tired(On::Used, b"250 ok\r\n") && !tired(On::New, b"554 no service\r\n"));
    let mut refused = Talk::new(probe, &names(), On::Used, now, Duration::from_secs(1));
    let _ = refused.poll(now);
    refused.received(b"250 ok\r\n", now);
    let _ = refused.poll(now);
    refused.received(b"550 no\r\n", now);
    assert_eq!(refused.poll(now), Want::Over);
    assert!(!refused.found_nobody(), "MAIL was refused, and that is an answer");
}

/// What is said to a server that offers this, and answers everything by 250.
fn said_to(text: &str, offers: &str) -> String {
    let probe = &script::read(text).unwrap()[0];
    let now = Instant::now();
    let mut talk = Talk::new(probe, &names(), On::New, now, Duration::from_secs(1)).over_lmtp();
    let mut said = String::new();
    talk.received(b"220 mx\r\n", now);
    loop {
        match talk.poll(now) {
            Want::Send(octets) => {
                let octets = String::from_utf8_lossy(&octets).into_owned();
                let is_hello = octets.starts_with("LHLO");
                let reply = if is_hello {
                    format!("250-mx\r\n{offers}250 X\r\n")
                } else {
                    "250 ok\r\n".to_owned()
                };
                talk.received(reply.as_bytes(), now);
                said.push_str(&octets);
            }
            Want::Over => return said,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_not_offered_is_not_asked_for() {
    let text = "== a\n* if ETRN\nC: ETRN {local}\nS: 250\n* fi\n* if SIZE 0\nC: NOOP\nS: 250\n* fi\nC: RSET\nS: 250\n";
    let hello = "LHLO probe.example\r\n";
    assert_eq!(said_to(text, ""), format!("{hello}RSET\r\n"));
    assert_eq!(said_to(text, "250-SIZE 0\r\n"), format!("{hello}NOOP\r\nRSET\r\n"));
    let both = said_to(text, "250-ETRN\r\n250-SIZE 10\r\n");
    assert_eq!(both, format!("{hello}ETRN postmaster\r\nRSET\r\n"));
}

#[test]
fn what_is_old_and_what_expires_soon_is_put_up_with() {
    let outcome = |id: &str, seen: &Survey| {
        let rule = rules().iter().find(|rule| rule.head.id == id).unwrap();
        (rule.judge)(seen).outcome
    };
    let weak = aspect(|seen| seen.weak = Some(Answered::Taken { version: 0x0303, suite: 0xc013 }));
    assert_eq!(outcome("tls.cipher", &weak), Outcome::Warn);
    let soon = TlsSeen { not_after: 1_800_086_400, ..sound() };
    assert_eq!(outcome("tls.expiry", &Survey { tls: Some(Ok(soon)), ..fine() }), Outcome::Warn);
    let roots = TlsSeen { no_roots: Some("none".to_owned()), ..sound() };
    let roots = Survey { tls: Some(Ok(roots)), ..fine() };
    assert_eq!(outcome("tls.chain", &roots), Outcome::Inconclusive);
    let above = aspect(|seen| seen.dane = Some(Dane::Records(vec![tlsa(2, b"other")])));
    assert_eq!(outcome("tls.dane", &above), Outcome::Inconclusive);
    let nobody = Survey { other_family: None, ..fine() };
    assert_eq!(outcome("rob.v6", &nobody), Outcome::Skip);
    let elsewhere = aspect(|seen| seen.at_465 = None);
    assert_eq!(outcome("tls.implicit465", &elsewhere), Outcome::Skip);
}
