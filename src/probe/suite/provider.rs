//! The rules that are read off what a provider offers. RFC 2645, section 5.1.

use super::super::script::{Level, Outcome, Verdict};
use super::Head;
use super::survey::{Rule, Survey, fail};

/// All of them.
pub fn provider_rules() -> &'static [Rule] {
    RULES
}

static RULES: &[Rule] = &[
    Rule {
        head: Head {
            id: "odmr.port",
            title: "The provider is called at port 366",
            // Another one is called only by who was told of it: what the two have agreed on breaks nothing between them.
            level: Level::Info,
            spec: &["RFC 2645, 4"],
            fix: "Listen at port 366 too, or tell each customer the port: who names none calls that one.",
            quirk: None,
        },
        judge: port,
    },
    Rule {
        head: Head {
            id: "odmr.ehlo-atrn",
            title: "The answer to EHLO lists ATRN, without parameters",
            level: Level::Must,
            spec: &["RFC 2645, 5.1.1"],
            fix: "List ATRN, and nothing behind it, in every answer to EHLO.",
            quirk: None,
        },
        judge: lists_atrn,
    },
    Rule {
        head: Head {
            id: "odmr.ehlo-auth",
            title: "The answer to EHLO lists AUTH",
            level: Level::Must,
            spec: &["RFC 2645, 5.1.1"],
            fix: "List AUTH in every answer to EHLO; in clear with mechanisms that show no password.",
            quirk: None,
        },
        judge: lists_auth,
    },
    Rule {
        head: Head {
            id: "odmr.cram",
            title: "CRAM-MD5 is offered, or something stronger",
            level: Level::Must,
            spec: &["RFC 2645, 5.1.2"],
            fix: "Offer CRAM-MD5 for old customers, or SCRAM-SHA-256.",
            quirk: Some("MSQ-24"),
        },
        judge: challenges,
    },
];

fn untold() -> Verdict {
    Verdict::unknown("the server did not get so far")
}

fn warn(told: Verdict) -> Verdict {
    Verdict { outcome: Outcome::Warn, ..told }
}

fn port(seen: &Survey) -> Verdict {
    match seen.port {
        0 => untold(),
        366 => Verdict::pass(),
        port => warn(fail(
            "366",
            port.to_string(),
            format!("it was called at port {port}, as was said; who names no port calls 366"),
        )),
    }
}

/// The words behind a keyword, in the answers to EHLO in clear and under TLS; none where it is not listed.
fn listed(seen: &Survey, keyword: &str) -> [Option<Option<Vec<String>>>; 2] {
    let words = |lines: Vec<String>| {
        let found = lines.into_iter().skip(1).find_map(|line| {
            let mut words = line.split([' ', '=']).map(str::to_owned);
            words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
                .then(|| words.collect())
        });
        found as Option<Vec<String>>
    };
    [seen.ehlo().map(words), seen.ehlo_secure().map(words)]
}

/// The mechanisms that AUTH has in clear, or behind STARTTLS.
pub fn mechanisms(seen: &Survey, secure: bool) -> Vec<String> {
    let [clear, behind] = listed(seen, "AUTH").map(Option::flatten);
    if secure { behind } else { clear }.unwrap_or_default()
}

fn is_listed(seen: &Survey, keyword: &str, judge: impl Fn(&[String]) -> Verdict) -> Verdict {
    match listed(seen, keyword) {
        [None, None] => untold(),
        [Some(Some(words)), _] | [None, Some(Some(words))] => judge(&words),
        [_, Some(Some(words))] => match judge(&words) {
            told if told.outcome == Outcome::Pass => {
                let why = format!("{keyword} is listed under TLS only");
                warn(fail(keyword, "not in clear", why))
            }
            told => told,
        },
        _ => fail(keyword, "not listed", format!("{keyword} is not listed")),
    }
}

fn lists_atrn(seen: &Survey) -> Verdict {
    is_listed(seen, "ATRN", |words| match words {
        [] => Verdict::pass(),
        words => {
            let line = format!("ATRN {}", words.join(" "));
            fail("ATRN", line.clone(), format!("ATRN has parameters: {line:?}"))
        }
    })
}

fn lists_auth(seen: &Survey) -> Verdict {
    is_listed(seen, "AUTH", |_| Verdict::pass())
}

fn challenges(seen: &Survey) -> Verdict {
    let [clear, secure] = listed(seen, "AUTH").map(Option::flatten);
    if clear.is_none() && secure.is_none() {
        return untold();
    }
    let all: Vec<String> =
        clear.into_iter().chain(secure).flatten().map(|word| word.to_ascii_uppercase()).collect();
    let is_strong = |word: &String| {
        word == "CRAM-MD5" || word == "EXTERNAL" || word == "GSSAPI" || word.starts_with("SCRAM-")
    };
    match all.iter().any(is_strong) {
        true => Verdict::pass(),
        false => fail(
            "CRAM-MD5, SCRAM-...",
            all.join(" "),
            format!("it offers {} only", all.join(" and ")),
        ),
    }
}
