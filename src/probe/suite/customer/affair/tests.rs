use super::super::super::super::host::Offer;
use super::super::super::super::script::Outcome;
use super::*;

fn reply(code: u16, status: (u8, u16, u16)) -> Reply {
    Reply::new(code, (status.1, status.2), "x")
}

fn seen(offers: Vec<Offer>) -> Seen {
    Seen { offers, ..Seen::default() }
}

fn taken(word: &str, code: u16) -> Offer {
    let content = format!("Message-ID: <{word}@x.example>\r\n").into_bytes();
    Offer { content, whole: true, code: Some(code), ..Offer::default() }
}

/// A run that went well.
fn fine(word: &str) -> Came {
    Came {
        called: true,
        asked: true,
        replies: vec![reply(220, (2, 0, 0))],
        answer: Some(reply(250, (2, 0, 0))),
        exit: Some(0),
        target: vec![seen(vec![taken(word, 250)])],
        octets: 10,
        ..Came::default()
    }
}

fn with(change: impl Fn(&mut Came)) -> Came {
    let mut came = fine("w-0");
    change(&mut came);
    came
}

fn ended(code: i32, seconds: u64) -> Came {
    with(|came| (came.exit, came.after) = (Some(code), Duration::from_secs(seconds)))
}

fn refused(code: u16, status: (u8, u16, u16)) -> Came {
    with(|came| came.answer = Some(reply(code, status)))
}

fn reported(text: &str) -> Came {
    with(|came| came.wrote = format!("hello\n{text}\n"))
}

const REPORT: &str = r#"{"schema":"odmr.fetch/1","offered":1,"accepted":1,"bytes":10,"rounds":1,"by_code":{"250":1}}"#;

fn nothing() -> Came {
    with(|came| (came.target, came.answer) = (Vec::new(), None))
}

fn right(id: &str) -> Vec<Came> {
    let down = || with(|came| (came.asked, came.exit) = (false, Some(75)));
    match id {
        "cust.told-apart" => vec![ended(77, 1), ended(75, 1), ended(0, 1)],
        "cust.lock" => vec![with(|came| came.second = Some((Some(75), false)))],
        "cust.report" => vec![reported(REPORT)],
        "cust.local-mta-down" => vec![down()],
        "cust.target-4xx" => vec![refused(450, (4, 2, 1)), refused(451, (4, 2, 1))],
        "cust.target-5xx" => vec![refused(550, (5, 1, 1)), refused(550, (5, 1, 1))],
        "cust.no-250-before-safe" => {
            vec![refused(451, (4, 0, 0)), nothing(), fine("w-2@"), nothing()]
        }
        "cust.dup-on-drop" => vec![fine("w-0"), nothing_again()],
        "cust.hang" => vec![ended(75, 301), ended(75, 601), ended(75, 300)],
        other => panic!("{other}"),
    }
}

/// It came again, and was known.
fn nothing_again() -> Came {
    with(|came| came.target.clear())
}

fn broken() -> Vec<(&'static str, Vec<Came>)> {
    let report = |from: &str, to: &str| vec![reported(&REPORT.replace(from, to))];
    let down = |change: fn(&mut Came)| {
        let mut came = with(|came| came.exit = Some(75));
        change(&mut came);
        vec![came]
    };
    vec![
        ("cust.told-apart", vec![ended(0, 1), ended(75, 1), ended(0, 1)]),
        ("cust.told-apart", vec![ended(77, 1), ended(75, 1), ended(1, 1)]),
        ("cust.lock", vec![with(|came| came.second = Some((None, true)))]),
        ("cust.report", report(r#""accepted":1"#, r#""accepted":0"#)),
        ("cust.report", report(r#""bytes":10"#, r#""bytes":11"#)),
        ("cust.report", report(r#""250":1"#, r#""550":1"#)),
        ("cust.local-mta-down", down(|came| came.exit = Some(0))),
        ("cust.local-mta-down", down(|came| came.replies.clear())),
        ("cust.local-mta-down", down(|came| came.answer = None)),
        ("cust.local-mta-down", down(|_| ())),
        ("cust.target-4xx", vec![refused(450, (4, 2, 1)), fine("w")]),
        ("cust.target-4xx", vec![refused(550, (5, 2, 1)), refused(450, (4, 2, 1))]),
        ("cust.target-5xx", vec![refused(550, (5, 1, 1)), refused(451, (4, 1, 1))]),
        ("cust.no-250-before-safe", vec![safe_at(0, 550), nothing(), fine("w-2@"), nothing()]),
        (
            "cust.no-250-before-safe",
            vec![refused(451, (4, 0, 0)), nothing(), safe_at(2, 451), nothing()],
        ),
        ("cust.dup-on-drop", vec![nothing_again(), nothing_again()]),
        ("cust.hang", vec![ended(75, 30), ended(75, 601), ended(75, 300)]),
        ("cust.hang", vec![ended(75, 300), ended(75, 301), ended(75, 300)]),
        ("cust.hang", vec![ended(75, 300), ended(75, 601), ended(0, 300)]),
        ("cust.hang", vec![ended(75, 300), ended(75, 601), with(|came| came.exit = None)]),
    ]
}

/// It was answered by 250, and this is what the target had said.
fn safe_at(n: usize, code: u16) -> Came {
    let offer = taken(&format!("w-{n}@"), code);
    with(|came| came.target = vec![seen(vec![offer.clone()])])
}

fn judged(id: &str, came: &[Came]) -> Verdict {
    let affair =
        affairs().iter().find(|affair| affair.head.id == id).unwrap_or_else(|| panic!("{id}"));
    (affair.judge)(came, "w")
}

#[test]
fn each_judge_can_say_no_and_yes() {
    for (id, came) in broken() {
        let told = judged(id, &came);
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        assert!(told.expected.is_some() && told.got.is_some() && !told.why.is_empty(), "{id}");
    }
    for affair in affairs().iter().filter(|affair| affair.head.id != SUITE) {
        assert!(broken().iter().any(|(id, _)| *id == affair.head.id), "{}", affair.head.id);
        let told = judged(affair.head.id, &right(affair.head.id));
        assert_eq!(told.outcome, Outcome::Pass, "{}: {}", affair.head.id, told.why);
        let never = judged(affair.head.id, &[]);
        assert_eq!(never.outcome, Outcome::Inconclusive, "{}", affair.head.id);
    }
    assert_eq!(judge_suite(9, &[]).outcome, Outcome::Pass);
    assert_eq!(judge_suite(0, &[]).outcome, Outcome::Inconclusive);
    let told = judge_suite(9, &["state.rcpt-first".to_owned()]);
    assert!(told.outcome == Outcome::Fail && told.why.contains("state.rcpt-first"));
}

#[test]
fn what_is_put_up_with_is_a_warning() {
    let warned = |id: &str, came: &[Came]| {
        let told = judged(id, came);
        assert_eq!(told.outcome, Outcome::Warn, "{id}: {}", told.why);
    };
    warned("cust.dup-on-drop", &[fine("w-0"), fine("w-0")]);
    warned("cust.told-apart", &[ended(75, 1), ended(75, 1), ended(0, 1)]);
    warned("cust.lock", &[with(|came| came.second = Some((Some(8), false)))]);
    warned("cust.target-4xx", &[refused(451, (4, 0, 0)), refused(450, (4, 2, 1))]);
    let said = |code: &str| {
        let mut came = ended(75, 1);
        code.clone_into(&mut came.wrote);
        came
    };
    let told = judged("cust.told-apart", &[said("450"), said("451"), ended(0, 1)]);
    assert_eq!(told.outcome, Outcome::Pass, "by what they write");
}
