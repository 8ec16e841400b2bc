use super::*;

fn offer(from: &str, rcpt: &str) -> Offer {
    Offer { from: from.to_owned(), rcpts: vec![(rcpt.to_owned(), Vec::new())], ..Offer::default() }
}

fn whole(content: &[u8]) -> Offer {
    let (content, octets) = (content.to_vec(), content.len());
    Offer {
        content,
        octets,
        whole: true,
        code: Some(451),
        ..offer("a@example.com", "box@example.org")
    }
}

fn seen(commands: &[&str]) -> Seen {
    Seen {
        commands: commands.iter().map(|&line| line.to_owned()).collect(),
        quit: commands.contains(&"QUIT"),
        closed: true,
        ..Seen::default()
    }
}

/// A provider that keeps to all rules that are looked at in this session.
fn fine() -> Seen {
    let talk = ["EHLO atrn.example.net", "MAIL FROM:<a@example.com>", "RCPT TO:<box@example.org>"];
    let mut seen = seen(&[&talk[..], &["RSET"], &talk[1..], &["QUIT"]].concat());
    seen.offers = vec![whole(b"Subject: x\r\n\r\nx\r\n"), whole(b"")];
    seen
}

fn with(change: impl Fn(&mut Seen)) -> Seen {
    let mut seen = fine();
    change(&mut seen);
    seen
}

/// Each rule that has a judge of its own, and who breaks it.
fn broken() -> Vec<(&'static str, Seen)> {
    let goes_on = |line: &str| with(|seen| seen.commands.insert(3, line.to_owned()));
    let begins = |line: &str| with(|seen| line.clone_into(&mut seen.commands[0]));
    let offers = |change: fn(&mut Offer)| with(|seen| change(&mut seen.offers[0]));
    let early = || with(|seen| seen.early = b"EHLO atrn.example.net\r\n".to_vec());
    vec![
        ("atrn.nomail", with(|seen| (seen.offers, seen.quit) = (Vec::new(), false))),
        ("rev.rcpt-4xx", goes_on("DATA")),
        ("rev.waits", early()),
        ("rev.waits", with(|seen| seen.left_early = true)),
        ("rev.delay", early()),
        ("rev.delay", with(|seen| seen.left_early = true)),
        ("rev.ehlo", begins("HELO atrn.example.net")),
        ("rev.ehlo", seen(&[])),
        ("rev.helo", goes_on("MAIL FROM:<>")),
        ("rev.multiline-220", begins("takes no mail")),
        ("rev.reject-greet", fine()),
        ("rev.reject-greet-5xx", fine()),
        ("rev.drop-ehlo", fine()),
        ("rev.mail-4xx", fine()),
        ("rev.data-4xx", goes_on("Subject: x")),
        ("rev.ext", goes_on("BDAT 10 LAST")),
        ("rev.ext", with(|seen| seen.hurried = true)),
        ("rev.ext", offers(|offer| offer.content = b"caf\xc3\xa9\r\n".to_vec())),
        ("rev.ext", offers(|offer| offer.params.push("SIZE=10".to_owned()))),
        ("rev.ext", offers(|offer| offer.rcpts[0].1.push("NOTIFY=NEVER".to_owned()))),
        ("rev.ext-all", offers(|offer| offer.params.push("TRANSID=<1@x>".to_owned()))),
        ("rev.ext-all", offers(|offer| offer.rcpts[0].1.push("BY=120;R".to_owned()))),
        (
            "rev.ext-all",
            offers(|offer| {
                offer.params.push("SIZE=10".to_owned());
                offer.octets = 5000;
            }),
        ),
        ("rev.starttls", with(|seen| (seen.tls, seen.commands[1]) = (true, "STARTTLS".to_owned()))),
        ("rev.lines", with(|seen| seen.bare = true)),
        ("rev.lines", offers(|offer| offer.content = b"a\nb\r\n".to_vec())),
        ("rev.lines", offers(|offer| offer.content = b"a\rb\r\n".to_vec())),
        ("rev.lines", offers(|offer| offer.content = b"caf\xc3\xa9\r\n".to_vec())),
        ("rev.quit", with(|seen| seen.left_unanswered = true)),
        ("rev.quit", with(|seen| seen.quit = false)),
        ("rev.no-return", with(|seen| seen.late = b"250 ok\r\n".to_vec())),
        ("rev.no-return", with(|seen| (seen.stalled, seen.closed) = (true, false))),
        ("atrn.pipelined", early()),
        ("rev.timeouts", with(|seen| seen.impatient = Some(Stage::Rcpt))),
    ]
}

#[test]
fn each_judge_can_say_no() {
    for (id, seen) in broken() {
        let scene =
            scenes().iter().find(|scene| scene.head.id == id).unwrap_or_else(|| panic!("{id}"));
        let told = (scene.judge)(&seen);
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        assert!(told.expected.is_some() && told.got.is_some() && !told.why.is_empty(), "{id}");
    }
}

#[test]
fn who_does_right_passes_each_judge() {
    for scene in scenes() {
        let right = match scene.head.id {
            "rev.domains" | "rev.no-relay-use" | "rev.parallel" | "atrn.wait" => continue,
            "atrn.nomail" => with(|seen| seen.offers.clear()),
            "rev.helo" => seen(&["EHLO x.example", "HELO x.example", "QUIT"]),
            "rev.reject-greet" | "rev.reject-greet-5xx" => seen(&["QUIT"]),
            "rev.drop-ehlo" => seen(&["EHLO x.example"]),
            "rev.starttls" => with(|seen| seen.tls = true),
            "rev.mail-4xx" => with(|seen| seen.offers.iter_mut().for_each(|o| o.rcpts.clear())),
            _ => fine(),
        };
        let told = (scene.judge)(&right);
        assert_eq!(told.outcome, Outcome::Pass, "{}: {}", scene.head.id, told.why);
        let nothing = (scene.judge)(&Seen::default()).outcome;
        let says_nothing_is_right =
            ["rev.reject-greet", "rev.reject-greet-5xx", "rev.drop-ehlo", "atrn.pipelined"];
        if !says_nothing_is_right.contains(&scene.head.id) && scene.head.id != "atrn.nomail" {
            assert_eq!(nothing, Outcome::Inconclusive, "{} where nothing was heard", scene.head.id);
        }
    }
}

#[test]
fn every_rule_of_it_can_be_broken() {
    // The others rest on what is offered again, or on two sessions.
    for scene in scenes() {
        let own = broken().iter().any(|(id, _)| *id == scene.head.id);
        let elsewhere =
            ["rev.domains", "rev.parallel", "rev.rset-reuse", "atrn.wait"].contains(&scene.head.id);
        assert!(own || scene.keeps || elsewhere, "{} cannot be broken", scene.head.id);
    }
}

#[test]
fn what_is_not_offered_again_is_lost() {
    let before = Seen {
        offers: vec![
            offer("a@x.example", "box@example.org"),
            offer("a@x.example", "box@example.org"),
            offer("", "b@example.org"),
        ],
        ..Seen::default()
    };
    assert_eq!(judge_kept(&before, Some(&before)).outcome, Outcome::Pass);
    let mut less = before.clone();
    less.offers.remove(1);
    let told = judge_kept(&before, Some(&less));
    assert_eq!(told.outcome, Outcome::Fail);
    assert!(told.why.contains("<a@x.example> to <box@example.org>"), "{}", told.why);
    assert_eq!(judge_kept(&before, None).outcome, Outcome::Fail);
    assert_eq!(judge_kept(&Seen::default(), None).outcome, Outcome::Inconclusive);
}

#[test]
fn a_message_in_two_sessions_is_told() {
    let both = Seen {
        offers: vec![offer("a@x.example", "box@example.org"), offer("", "b@example.org")],
        ..Seen::default()
    };
    let [one, other] =
        [0, 1].map(|n| Seen { offers: vec![both.offers[n].clone()], ..Seen::default() });
    assert_eq!(judge_parallel(&both, &one, &other).outcome, Outcome::Pass);
    assert_eq!(judge_parallel(&both, &one, &both).outcome, Outcome::Fail);
}

#[test]
fn mail_for_others_is_told() {
    let right = Seen { offers: vec![offer("a@x.example", "box@Example.ORG")], ..Seen::default() };
    assert_eq!(judge_domains(&right, "example.org").outcome, Outcome::Pass);
    let wrong = Seen { offers: vec![offer("a@x.example", "box@example.net")], ..right };
    assert_eq!(judge_domains(&wrong, "example.org").outcome, Outcome::Fail);
}

#[test]
fn who_hangs_up_instead_of_answering_is_told() {
    assert_eq!(judge_gone("it hung up behind ATRN").outcome, Outcome::Fail);
}

#[test]
fn where_nothing_waits_453_says_so() {
    assert_eq!(judge_nothing_waits(453, None).outcome, Outcome::Pass);
    for code in [220, 450, 550] {
        assert_eq!(judge_nothing_waits(code, None).outcome, Outcome::Fail, "{code}");
    }
}
