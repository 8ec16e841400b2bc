//! Providers: our own, which keeps the rules, and one that keeps all but one.

use std::net::SocketAddr;

use serde_json::Value;

use super::lab::authority::Authority;
use super::lab::fetchmail::{PASSWORD, USER};
use super::lab::ours::{AtrnFetch, DOMAIN, Odmrd};
use super::lab::post::Post;
use super::lab::process::{Ran, run};
use super::lab::{Lab, allow};
use super::scripted::Scripted;
use super::{is_golden, probe};

fn asked(lab: &Lab, provider: SocketAddr, more: &[&str]) -> Ran {
    let password = lab.write("password", PASSWORD);
    allow(&password, 0o600);
    let (provider, password) = (provider.to_string(), password.display().to_string());
    let mut words = vec!["provider", &provider, "--user", USER, "--password-file", &password];
    words.extend([
        "--domain",
        DOMAIN,
        "--ehlo",
        "probe.test",
        "--foreign-domain",
        "elsewhere.test",
    ]);
    words.extend(more);
    run(lab, probe(&words))
}

/// What came of each rule.
pub fn outcomes(ran: &Ran) -> Vec<(String, String, String)> {
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let records = lines.filter(|line| line["schema"] == "odmr.probe.result/1");
    let word = |record: &Value, key: &str| record[key].as_str().expect("a word").to_owned();
    records
        .map(|record| (word(&record, "id"), word(&record, "outcome"), word(&record, "why")))
        .collect()
}

#[test]
fn our_own_provider_keeps_the_rules_of_odmr() {
    let lab = Lab::open();
    let authority = Authority::new(&lab);
    let odmrd = Odmrd::new(&lab).with_tls(&authority.issue(&lab, &["localhost"])).start();
    let empty = asked(&lab, odmrd.odmr, &["--json", "--turn"]);
    is_golden("odmrd-without-mail", &empty, 0);
    let mut post = Post::open(odmrd.mx);
    for n in 0..3 {
        let to = if n == 2 { "other@example.org" } else { "box@example.org" };
        post.deliver("a@sender.test", to, b"Subject: x\r\n\r\n.This is meant for nobody else\r\n");
    }
    post.deliver("a@sender.test", "box@example.org", b"Subject: caf\xc3\xa9\r\n\r\nx\r\n");
    let ran = asked(&lab, odmrd.odmr, &["--json", "--turn", "--intrusive"]);
    is_golden("odmrd-provider", &ran, 0);
    for ran in [&empty, &ran] {
        let decoded = super::said(ran);
        assert!(!decoded.contains(PASSWORD) && !decoded.contains("meant for nobody"), "{decoded}");
        assert!(decoded.contains("AUTH SCRAM-SHA-256") && decoded.contains("..."), "{decoded}");
    }
    let ids = outcomes(&ran).into_iter().map(|(id, _, _)| id).collect::<Vec<_>>();
    assert!(ids.contains(&"rev.parallel".to_owned()) && ids.contains(&"odmr.port".to_owned()));
}

#[test]
fn without_a_login_what_can_be_asked_is_asked() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let at = odmrd.odmr.to_string();
    let ran = run(&lab, probe(&["provider", &at, "--json"]));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let of = |id: &str| outcomes(&ran).into_iter().find(|told| told.0 == id).expect("a rule");
    assert_eq!(of("atrn.preauth").1, "pass");
    assert_eq!(
        (of("atrn.foreign").1, of("atrn.foreign").2),
        ("skip".to_owned(), "needs a login".to_owned())
    );
}

#[test]
fn who_is_not_let_in_is_told_so() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let wrong = lab.write("wrong", "never");
    allow(&wrong, 0o600);
    let (at, wrong) = (odmrd.odmr.to_string(), wrong.display().to_string());
    let login = ["--user", USER, "--password-file", &wrong, "--domain", DOMAIN];
    let ran = run(&lab, probe(&[&["provider", &at][..], &login].concat()));
    assert_eq!(ran.code, Some(77), "{ran:#?}");
    assert!(ran.err.contains("the login: 535"), "{}", ran.err);
    let scripted = Scripted::start("");
    let ran = asked(&lab, scripted.at, &[]);
    assert_eq!(ran.code, Some(77), "CRAM-MD5 in clear was not allowed: {ran:#?}");
    assert!(ran.err.contains("--clear-auth"), "{}", ran.err);
    let stray = ["--turn", "--submit", "127.0.0.1", "--rcpt", "box@elsewhere.test"];
    let ran = asked(&lab, scripted.at, &stray);
    assert_eq!(ran.code, Some(64), "letters for others: {ran:#?}");
    let nobody = run(&lab, probe(&["provider", "localhost", "--user", USER, "--domain", DOMAIN]));
    assert_eq!(nobody.code, Some(64), "{nobody:#?}");
}

const HOW: [&str; 6] =
    ["--clear-auth", "cram-md5", "--json", "--turn", "--intrusive", "--timeout=5s"];

#[test]
fn letters_of_ours_come_through_our_own_provider_and_nothing_of_them_stays() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab);
    // Notices go out by a smarthost; this one brings them back.
    let (ip, port) = (odmrd.mx.ip(), odmrd.mx.port());
    let odmrd = odmrd.set("smarthost.server", &format!("\"{ip}\""));
    let odmrd = odmrd.set("smarthost.port", &port.to_string()).set("smarthost.tls", "\"none\"");
    let odmrd = odmrd.start();
    let mut post = Post::open(odmrd.mx);
    post.deliver("a@sender.test", "box@example.org", b"Subject: x\r\n\r\nThis one stays\r\n");
    let mx = odmrd.mx.to_string();
    let letters = ["--json", "--turn", "--submit", &mx, "--rcpt", "box@example.org", "--only"];
    let all = super::scripted::BREAKS_WITH_LETTERS.join(",") + ",rev.order";
    let ran = asked(&lab, odmrd.odmr, &[&letters[..], &[&all]].concat());
    let amiss: Vec<_> = outcomes(&ran).into_iter().filter(|told| told.1 != "pass").collect();
    assert!(amiss.is_empty(), "{amiss:#?}\n{}", ran.err);
    assert_eq!(outcomes(&ran).len(), 13);
    let fetched = AtrnFetch::new(&lab, odmrd.odmr).into_maildir().run();
    assert_eq!(fetched.count("accepted"), 1, "the one that is not ours: {fetched:#?}");
}

/// Without a smarthost `odmrd` keeps what its customer has refused, and tells nobody.
#[test]
fn who_can_send_no_notice_is_not_said_to_have_forgotten_one() {
    let lab = Lab::open();
    let odmrd = Odmrd::new(&lab).start();
    let mx = odmrd.mx.to_string();
    let rules = "rev.rcpt-5xx,rev.mail-5xx,rev.data-5xx,rev.eod-5xx,rev.null-sender";
    let more = ["--json", "--turn", "--submit", &mx, "--rcpt", "box@example.org", "--only", rules];
    let ran = asked(&lab, odmrd.odmr, &[&more[..], &["--timeout", "2s"]].concat());
    let told = outcomes(&ran);
    assert_eq!(told.len(), 5, "{ran:#?}");
    for (id, outcome, why) in told {
        match id.as_str() {
            "rev.null-sender" => assert_eq!(outcome, "pass", "{why}"),
            _ => assert!(
                outcome == "inconclusive" && why.contains("smarthost"),
                "{id}: {outcome}, {why}"
            ),
        }
    }
}

#[test]
fn a_provider_that_breaks_a_rule_for_letters_is_told_which() {
    let lab = Lab::open();
    let mut wrong = Vec::new();
    for broken in super::scripted::BREAKS_WITH_LETTERS {
        for (breaks, expected) in [(*broken, "fail"), ("", "pass")] {
            let scripted = Scripted::start(breaks);
            let mx = scripted.mx.to_string();
            let more = ["--submit", &mx, "--rcpt", "box@example.org", "--only", broken];
            let ran = asked(&lab, scripted.at, &[&HOW[..], &more].concat());
            match &outcomes(&ran)[..] {
                [(id, outcome, _)] if id == broken && outcome == expected => {}
                other => wrong.push(format!("{broken}, {breaks:?}: {other:?} {}", ran.err)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_provider_that_keeps_all_rules_is_told_nothing() {
    let lab = Lab::open();
    let scripted = Scripted::start("");
    let ran = asked(&lab, scripted.at, &HOW);
    let amiss: Vec<_> = outcomes(&ran)
        .into_iter()
        .filter(|(id, ..)| !["atrn.twice", "atrn.rate"].contains(&id.as_str()))
        .filter(|(_, outcome, _)| outcome == "fail" || outcome == "inconclusive")
        .collect();
    assert!(amiss.is_empty(), "{amiss:#?}\n{}", ran.err);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_provider_that_breaks_one_rule_is_told_which() {
    let lab = Lab::open();
    let mut wrong = Vec::new();
    for broken in super::scripted::BREAKS {
        let scripted = Scripted::start(broken);
        let more = ["--slow", "--only", broken];
        let is_down: &[&str] =
            if broken == &"atrn.backend-down" { &["--backend-down"] } else { &[] };
        let ran = asked(&lab, scripted.at, &[&HOW[..], &more, is_down].concat());
        let told = outcomes(&ran);
        match &told[..] {
            [(id, outcome, _)] if id == broken && outcome == "fail" => {}
            other => wrong.push(format!("{broken}: {other:?} {}", ran.err)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What of all rules came to a failure, and how the program ended.
fn failures(lab: &Lab, breaks: &'static str, more: &[&str]) -> (Vec<String>, Option<i32>) {
    let scripted = Scripted::start(breaks);
    let ran = asked(lab, scripted.at, &[&HOW[..], more].concat());
    let failed = outcomes(&ran).into_iter().filter(|(_, outcome, _)| outcome == "fail");
    (failed.map(|(id, _, _)| id).collect(), ran.code)
}

#[test]
fn mail_that_goes_on_the_way_is_missed_whenever_it_goes() {
    let lab = Lab::open();
    // The first line that is turned hears 421.
    let lost = failures(&lab, "rev.reject-greet", &[]);
    assert_eq!(lost, (vec!["atrn.code-250".to_owned()], Some(1)));
    let early = ["--only", "atrn.dup,atrn.code-250"];
    assert_eq!(failures(&lab, "rev.reject-greet", &early).0, ["atrn.code-250"]);
    let last = ["--only", "atrn.dup,rev.quit"];
    assert_eq!(failures(&lab, "rev.reject-greet", &last), (vec!["atrn.dup".to_owned()], Some(1)));
    // The look that comes before the rules for a turned line says 451.
    let lost = failures(&lab, "lost on 451", &[]);
    assert_eq!(lost, (vec!["rev.rcpt-4xx".to_owned()], Some(1)));
    assert_eq!(failures(&lab, "", &[]), (Vec::new(), Some(0)));
}

#[test]
fn who_refuses_capitals_for_now_is_told_so_where_small_letters_are_taken() {
    let lab = Lab::open();
    let only = ["--only", "atrn.case-domain"];
    let failed = vec!["atrn.case-domain".to_owned()];
    assert_eq!(failures(&lab, "450 for capitals", &only), (failed, Some(1)));
    assert_eq!(failures(&lab, "450 for everything", &only), (Vec::new(), Some(75)));
}

#[test]
fn who_hangs_up_behind_453_breaks_the_rule_for_that_and_no_other() {
    let lab = Lab::open();
    let only = ["--only", "atrn.code-250,atrn.noarg,atrn.case,atrn.dup,atrn.twice"];
    let failed = vec!["atrn.twice".to_owned()];
    assert_eq!(failures(&lab, "leaves behind 453", &only), (failed, Some(1)));
}
