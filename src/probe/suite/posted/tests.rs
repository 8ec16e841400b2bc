use super::super::super::script::Outcome;
use super::*;

const WORD: &str = "odmr-probe-1f";

/// The letter, offered and taken.
fn taken(tag: &str) -> Offer {
    let letter = ERRANDS.iter().flat_map(|errand| errand.letters).find(|letter| letter.tag == tag);
    let letter = letter.unwrap();
    let mut content = b"Received: by provider.example\r\n".to_vec();
    content.extend(letter.content(WORD, "example.org", "probe.example"));
    content.truncate(content.len() - 3);
    Offer {
        from: letter.from(WORD, "example.org"),
        params: vec!["BODY=8BITMIME".to_owned()],
        rcpts: vec![("box@example.org".to_owned(), Vec::new())],
        octets: content.len(),
        content,
        whole: true,
        chunked: false,
        code: Some(250),
    }
}

fn notice() -> Offer {
    let rcpts = vec![(format!("{WORD}-marked@example.org"), Vec::new())];
    Offer { from: String::new(), rcpts, ..taken("other") }
}

fn posted(sessions: &[&[Offer]]) -> Posted {
    let seen = |offers: &&[Offer]| Seen { offers: offers.to_vec(), ..Seen::default() };
    Posted { word: WORD.to_owned(), sessions: sessions.iter().map(seen).collect() }
}

fn judged(id: &str, sessions: &[&[Offer]]) -> Verdict {
    let errand =
        errands().iter().find(|errand| errand.head.id == id).unwrap_or_else(|| panic!("{id}"));
    (errand.judge)(&posted(sessions))
}

fn with(tag: &str, change: impl Fn(&mut Offer)) -> Offer {
    let mut offer = taken(tag);
    change(&mut offer);
    offer
}

/// The sessions of a provider that does right.
fn right(id: &str) -> Vec<Vec<Offer>> {
    let refused = Offer { code: Some(550), whole: false, ..taken(MARKED) };
    match id {
        _ if id.ends_with("-5xx") => vec![vec![refused, taken("other")], vec![notice()]],
        "rev.dots" => vec![vec![taken("dots")]],
        "rev.8bit" => vec![vec![taken("8bit")]],
        "rev.long-lines" => vec![vec![taken("long")]],
        "rev.bare-lf" => vec![vec![with("bare", |offer| offer.content = b"a\r\nb\r\n".to_vec())]],
        "rev.trace" => vec![vec![taken("trace")]],
        "rev.order" => vec![vec![taken("one"), taken("two"), taken("three")]],
        "rev.null-sender" => vec![vec![taken("null")]],
        _ => vec![vec![refused], vec![with(MARKED, |offer| body_of(offer, id))]],
    }
}

/// The body that the rule's own letter has.
fn body_of(offer: &mut Offer, id: &str) {
    let errand = ERRANDS.iter().find(|errand| errand.head.id == id).unwrap();
    let at = memchr::memmem::find(&offer.content, b"\r\n\r\n").unwrap() + 4;
    offer.content.truncate(at);
    offer.content.extend_from_slice(errand.letters[0].body);
}

fn broken() -> Vec<(&'static str, Vec<Vec<Offer>>)> {
    let mut all = Vec::new();
    for id in ["rev.rcpt-5xx", "rev.mail-5xx", "rev.data-5xx", "rev.eod-5xx"] {
        let [first, then] = &right(id)[..] else { panic!("two sessions") };
        all.push((id, vec![first.clone()]));
        all.push((id, vec![first.clone(), [&then[..], then].concat()]));
        all.push((id, vec![first.clone(), [&then[..], &[taken(MARKED)]].concat()]));
        all.push((id, vec![first[..1].to_vec(), [&first[1..], then].concat()]));
    }
    let cut = |tag: &str, from: &[u8], to: &[u8]| {
        vec![vec![with(tag, |offer| {
            let at = memchr::memmem::find(&offer.content, from).unwrap();
            offer.content.splice(at..at + from.len(), to.iter().copied());
        })]]
    };
    all.extend([
        ("rev.dots", cut("dots", b"\r\n..x", b"\r\n.x")),
        ("rev.dots", cut("dots", b"\r\nx.", b"\r\n..x.")),
        ("rev.8bit", cut("8bit", b"\xc3\xa9", b"??")),
        ("rev.8bit", vec![vec![with("8bit", |offer| offer.params.clear())]]),
        ("rev.long-lines", cut("long", b"xxxx", b"xx\r\nxx")),
        ("rev.bare-lf", vec![vec![taken("bare")]]),
        ("rev.bare-lf", vec![vec![with("bare", |offer| offer.content = b"a\rb\r\n".to_vec())]]),
        ("rev.trace", cut("trace", b"Received: by provider.example", b"X: y")),
        ("rev.trace", cut("trace", b"from none.", b"from some.")),
        (
            "rev.null-sender",
            vec![vec![with("null", |offer| offer.from = "x@y.example".to_owned())]],
        ),
        ("rev.null-sender", vec![Vec::new()]),
        ("rev.delay-dsn", vec![vec![taken(MARKED)], vec![notice()]]),
        (
            "rev.drop-anywhere",
            vec![vec![with(MARKED, |offer| (offer.whole, offer.code) = (false, None))]],
        ),
        ("rev.drop-anywhere", cut(MARKED, b"\r\n\r\n", b"\r\n\r\n\r\n")),
    ]);
    all
}

fn slices(sessions: &[Vec<Offer>]) -> Vec<&[Offer]> {
    sessions.iter().map(Vec::as_slice).collect()
}

#[test]
fn each_judge_can_say_no() {
    for (id, sessions) in broken() {
        let told = judged(id, &slices(&sessions));
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        assert!(told.expected.is_some() && told.got.is_some() && !told.why.is_empty(), "{id}");
    }
    let never_offered = judged("rev.drop-anywhere", &[&[]]);
    assert_eq!(never_offered.outcome, Outcome::Inconclusive, "{}", never_offered.why);
    let mut wrong = right("rev.order");
    wrong[0].swap(0, 1);
    assert_eq!(judged("rev.order", &slices(&wrong)).outcome, Outcome::Warn);
    let ids: Vec<&str> = broken().into_iter().map(|(id, _)| id).collect();
    let never = errands().iter().map(|errand| errand.head.id).find(|id| !ids.contains(id));
    assert_eq!(never, Some("rev.order"), "that one is no fault");
}

#[test]
fn who_does_right_passes_each_judge() {
    for errand in errands() {
        let told = judged(errand.head.id, &slices(&right(errand.head.id)));
        assert_eq!(told.outcome, Outcome::Pass, "{}: {}", errand.head.id, told.why);
    }
}

#[test]
fn what_is_sent_has_its_dots_doubled() {
    let letter = Letter { tag: "x", null: false, body: b".a\r\nb.\n.c\r\n" };
    let content = letter.content(WORD, "example.org", "probe.example");
    assert!(content.ends_with(b"\r\n\r\n..a\r\nb.\n.c\r\n.\r\n"));
    let offer = Offer { content: content[..content.len() - 3].to_vec(), ..Offer::default() };
    assert_eq!(body(&plain(&offer)), letter.body);
}

#[test]
fn what_is_not_ours_is_not_held() {
    let other =
        Offer { from: "somebody@example.com".to_owned(), content: vec![b'x'; 9], ..taken(MARKED) };
    let untold = Offer { from: String::new(), rcpts: Vec::new(), ..taken("null") };
    let mut both = posted(&[&[taken(MARKED), other.clone(), untold.clone()]]);
    assert!(both.keep_ours());
    let contents: Vec<usize> =
        both.sessions[0].offers.iter().map(|offer| offer.content.len()).collect();
    assert_eq!(contents, [taken(MARKED).content.len(), 0, untold.content.len()]);
    // And of ours no more than could be.
    let large = with(MARKED, |offer| offer.content.resize(1 << 20, b'x'));
    let mut many = posted(&[]);
    let session = Seen { offers: vec![large; 4], ..Seen::default() };
    let held = (0..9)
        .take_while(|_| {
            many.sessions.push(session.clone());
            many.keep_ours()
        })
        .count();
    assert_eq!(held, MOST_HELD >> 22);
}

#[test]
fn only_a_missing_notice_is_looked_into() {
    let refused = Offer { code: Some(550), whole: false, ..taken(MARKED) };
    let without = posted(&[&[refused.clone(), taken("other")]]);
    assert!(lacks_only_its_notice(&without));
    let with_it = posted(&[&[refused.clone(), taken("other")], &[notice()]]);
    assert!(!lacks_only_its_notice(&with_it));
    assert!(
        !lacks_only_its_notice(&posted(&[std::slice::from_ref(&refused)])),
        "the other did not come"
    );
    let again = posted(&[&[refused.clone(), taken("other")], &[refused]]);
    assert!(!lacks_only_its_notice(&again));
    for errand in errands().iter().filter(|errand| errand.is_returned) {
        assert_ne!(control(errand.head.id), errand.rounds[0], "{}", errand.head.id);
    }
    let told = no_notice_ever(Duration::from_secs(30));
    assert!(told.outcome == Outcome::Inconclusive && told.why.contains("smarthost"), "{told:?}");
}
