use super::*;
use crate::probe::script::Outcome;

fn caller(lines: &[&str]) -> Caller {
    let of = |verb: &str| {
        let rest = lines.iter().filter_map(|line| line.strip_prefix(verb));
        rest.map(|rest| rest.trim().to_owned()).collect::<Vec<_>>()
    };
    Caller {
        lines: lines.iter().map(|&line| line.to_owned()).collect(),
        mechanisms: of("AUTH "),
        asked: of("ATRN"),
        quit: lines.contains(&"QUIT"),
        ..Caller::default()
    }
}

/// A customer that keeps to all rules.
fn fine() -> Caller {
    caller(&["EHLO customer.example.org", "AUTH CRAM-MD5", "ATRN example.org", "QUIT"])
}

fn with(change: impl Fn(&mut Caller)) -> Caller {
    let mut caller = fine();
    change(&mut caller);
    caller
}

fn judged(id: &str, caller: &Caller, calls: usize) -> Verdict {
    let case = cases().iter().find(|case| case.head.id == id).unwrap_or_else(|| panic!("{id}"));
    let exit = (id == "cust.many-domains").then_some(0);
    (case.judge)(Called { caller, calls, others: &[], exit, domains: 60 })
}

fn broken() -> Vec<(&'static str, Caller, usize)> {
    let asks = |list: &str| with(|caller| caller.asked = vec![list.to_owned()]);
    let never = || caller(&["EHLO customer.example.org", "QUIT"]);
    let mut all = vec![
        ("cust.ehlo-not-helo", caller(&["HELO customer.example.org"]), 1),
        ("cust.waits220", with(|caller| caller.hasty = true), 1),
        ("cust.waits220", Caller { left_early: true, ..Caller::default() }, 1),
        ("cust.multiline220", never(), 1),
        ("cust.greet-421", fine(), 1),
        ("cust.greet-554", fine(), 1),
        ("cust.no-atrn", fine(), 1),
        ("cust.no-atrn", caller(&["EHLO x.example", "ATRN example.org"]), 1),
        ("cust.mech-choice", with(|caller| caller.shows_password = true), 1),
        ("cust.mech-choice", with(|caller| caller.mechanisms = vec!["NTLM".to_owned()]), 1),
        ("cust.cram-unoffered", fine(), 1),
        ("cust.auth-challenge-junk", fine(), 1),
        ("cust.atrn-once", with(|caller| caller.early = true), 1),
        ("cust.atrn-453", never(), 1),
        ("cust.endless", with(|caller| caller.patient = true), 1),
    ];
    for id in ["cust.auth-535", "cust.auth-454", "cust.auth-530", "cust.auth-504"] {
        let twice = ["EHLO customer.example.org", "AUTH CRAM-MD5", "AUTH CRAM-MD5"];
        all.push((id, fine(), 1));
        all.push((id, caller(&twice), 1));
        all.push((id, caller(&twice[..2]), 2));
    }
    let secure = |caller: Caller| Caller { asked_tls: true, tls: true, ..caller };
    all.push(("cust.tls-required", fine(), 1));
    for id in ["self-signed", "expired", "wrong-name", "chain"] {
        let id = cases().iter().map(|case| case.head.id).find(|known| known.ends_with(id));
        let told = secure(with(|caller| caller.secret_under_tls = true));
        all.push((id.unwrap(), told, 1));
    }
    all.push(("cust.tls-cert.pinned", Caller { asked_tls: true, ..never() }, 1));
    all.push(("cust.250-slow", with(|caller| caller.impatient = true), 1));
    all.push(("cust.250-slow", with(|caller| caller.early = true), 1));
    all.push(("cust.verb-turn", caller(&["EHLO x.example", "TURN"]), 1));
    all.push(("cust.verb-turn", caller(&["EHLO x.example", "AUTH LOGIN", "TURN x.example"]), 1));
    all.push(("cust.many-domains", asks("example.org"), 1));
    all.push(("cust.many-domains", asks(&["example.org"; 60].join(",")), 1));
    all.push(("cust.tls-inject", secure(fine()), 1));
    all.push(("cust.atrn-after-tls-only", secure(never()), 1));
    all.extend(broken_around_atrn());
    all
}

/// What ATRN is answered by, and what stands in its list.
fn broken_around_atrn() -> Vec<(&'static str, Caller, usize)> {
    let asks = |list: &str| with(|caller| caller.asked = vec![list.to_owned()]);
    let greets =
        || caller(&["EHLO customer.example.org", "AUTH CRAM-MD5", "ATRN example.org", "220 me"]);
    let mut all = Vec::new();
    for id in ["450", "451", "502", "530", "5xx", "421", "drop"] {
        let id = cases()
            .iter()
            .map(|case| case.head.id)
            .find(|known| known.ends_with(&format!("atrn-{id}")));
        all.push((id.unwrap(), greets(), 1));
    }
    for list in [
        "vm",
        "example.org, example.net",
        "example.org,",
        "-x.example",
        "x_.example",
        "[127.0.0.1]",
    ] {
        all.push(("cust.atrn-syntax", asks(list), 1));
    }
    all.push(("cust.atrn-syntax", asks(&["example.org"; 60].join(",")), 1));
    all
}

#[test]
fn each_judge_can_say_no() {
    for (id, caller, calls) in broken() {
        let told = judged(id, &caller, calls);
        assert_eq!(told.outcome, Outcome::Fail, "{id}: {}", told.why);
        assert!(told.expected.is_some() && told.got.is_some() && !told.why.is_empty(), "{id}");
    }
    let ids: Vec<&str> = broken().into_iter().map(|(id, ..)| id).collect();
    let never = cases().iter().map(|case| case.head.id).find(|id| !ids.contains(id));
    assert_eq!(never, None);
}

#[test]
fn who_does_right_passes_each_judge() {
    for case in cases() {
        let stops = |at: usize| {
            let lines: Vec<String> = fine().lines[..at].to_vec();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            caller(&lines)
        };
        let right = match case.head.id {
            "cust.greet-421" | "cust.greet-554" => caller(&["QUIT"]),
            "cust.tls-required" => stops(1),
            "cust.tls-cert.pinned" => Caller { asked_tls: true, tls: true, ..fine() },
            "cust.many-domains" => with(|caller| caller.asked = vec![String::new()]),
            "cust.verb-turn" => caller(&["EHLO x.example", "AUTH LOGIN", "TURN", "QUIT"]),
            id if id.starts_with("cust.tls-cert.") || id == "cust.tls-inject" => {
                Caller { asked_tls: true, ..stops(1) }
            }
            "cust.atrn-after-tls-only" => Caller { asked_tls: true, tls: true, ..fine() },
            "cust.no-atrn" | "cust.cram-unoffered" | "cust.endless" => stops(1),
            "cust.auth-challenge-junk" => Caller { cancelled: true, ..stops(2) },
            id if id.starts_with("cust.auth-") => stops(2),
            _ => fine(),
        };
        let told = judged(case.head.id, &right, 1);
        assert_eq!(told.outcome, Outcome::Pass, "{}: {}", case.head.id, told.why);
        let told = judged(case.head.id, &Caller::default(), 1);
        assert_eq!(told.outcome, Outcome::Inconclusive, "{}: {}", case.head.id, told.why);
    }
    let shared = ["a.example", "b.example", "c.example"]
        .map(|list| with(|caller| caller.asked = vec![format!("{list},{list}")]));
    let told = cases().iter().find(|case| case.head.id == "cust.many-domains").unwrap().judge;
    let called = |domains, exit| Called {
        caller: &shared[0],
        calls: 3,
        others: &shared[1..],
        exit,
        domains,
    };
    assert_eq!(told(called(3, Some(0))).outcome, Outcome::Pass, "in several sessions");
    assert_eq!(told(called(4, Some(0))).outcome, Outcome::Fail);
    assert_eq!(told(called(4, None)).outcome, Outcome::Inconclusive, "it may call again");
    assert_eq!(judged("cust.verb-turn", &fine(), 1).outcome, Outcome::Skip);
    let literal = caller(&["EHLO [127.0.0.1]"]);
    assert_eq!(judged("cust.ehlo-not-helo", &literal, 1).outcome, Outcome::Pass);
    let short = caller(&["EHLO vm"]);
    assert_eq!(judged("cust.ehlo-not-helo", &short, 1).outcome, Outcome::Warn);
}

#[test]
fn how_it_ends_counts_where_we_started_it() {
    let outcome = |ends, ran, exit| judge_end(ends, ran, exit).outcome;
    assert_eq!(outcome(Ends::Well, true, Some(0)), Outcome::Pass);
    assert_eq!(outcome(Ends::Well, true, Some(1)), Outcome::Fail);
    assert_eq!(outcome(Ends::Badly, true, Some(0)), Outcome::Fail);
    assert_eq!(outcome(Ends::Badly, true, Some(75)), Outcome::Pass);
    assert_eq!(outcome(Ends::Anyhow, true, None), Outcome::Fail, "it never ended");
    assert_eq!(outcome(Ends::Well, false, None), Outcome::Pass);
    assert_eq!(ends_behind("cust.mid-drop"), Ends::Badly);
    assert_eq!(ends_behind("cust.250-quit"), Ends::Well);
}
