use serde_json::Value;

use super::*;
use crate::finding::{
    Called, Class, Conclusion, Expected, Finding, Route, Severity, Status, Summary, Vantage,
};

static SPF: About = About {
    id: "spf.one",
    title: "there is one SPF record at most",
    severity: Severity::Error,
    rfc: &["RFC 7208, 3.2"],
    why: "Two are none.",
    remedy: "Merge them.",
    blocked_by: &[],
};

/// What an enemy would have us print.
const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{202e}<b>|\"'&\n# ]]> `x` \\";

fn finding(id: &'static str, severity: Severity, status: Status, message: &str) -> Finding {
    Finding {
        id,
        severity,
        status,
        subject: "mail.example.com".to_owned(),
        message: message.to_owned(),
        got: Some(message.to_owned()),
        want: None,
        rfc: &["RFC 5321, 5.1"],
        remedy: Some("Remove mail.example.com.".to_owned()),
        evidence: vec!["q3".to_owned()],
        blocked_by: None,
        ms: 3,
    }
}

fn assessment(domain: &str, checks: Vec<Finding>) -> Assessment {
    let route = |pref, target: &str, addr: &str, class, share_percent| Route {
        pref,
        target: target.to_owned(),
        ttl: 3600,
        addrs: vec![addr.parse().unwrap()],
        class,
        share_percent,
    };
    let worst = checks.iter().filter(|f| f.is_amiss()).map(|f| f.severity).max();
    let is_bad = worst.is_some_and(|worst| worst >= Severity::Error);
    Assessment {
        schema: "odmr.mxcheck/1",
        domain: domain.to_owned(),
        checked_at: jiff::Timestamp::from_second(1_767_225_600).unwrap(),
        role: "customer",
        expected: Expected { names: vec!["atrn.example.net".to_owned()], addrs: Vec::new() },
        verdict: if is_bad { Conclusion::Fail } else { Conclusion::Ok },
        worst,
        summary: Summary::of(&checks),
        mx: vec![
            route(10, "mail.example.com", "198.51.100.7", Class::Unexpected, 100),
            route(20, "atrn.example.net", "192.0.2.25", Class::Expected, 0),
        ],
        calls: Vec::new(),
        vantages: vec![Vantage {
            server: Some("ns1.example.org".to_owned()),
            addr: "192.0.2.1".parse().unwrap(),
            port: 53,
            kind: "authoritative",
            aa: true,
            rcode: "NOERROR".to_owned(),
            mx: vec!["10 mail.example.com.".to_owned()],
            ms: 3,
        }],
        checks,
        watch: None,
    }
}

fn spoilt(message: &str) -> Assessment {
    let mut skipped = finding("mx.count", Severity::Notice, Status::Skipped, "not judged");
    skipped.blocked_by = Some("mx.bypass-preferred");
    let checks = vec![
        finding("dns.exists", Severity::Critical, Status::Ok, "the domain exists"),
        finding("mx.redundancy", Severity::Info, Status::Info, "one server"),
        finding("mx.bypass-preferred", Severity::Critical, Status::Fail, message),
        finding("spf.one", Severity::Error, Status::Unknown, "no answer in time"),
        skipped,
    ];
    assessment("xn--bcher-kva.example", checks)
}

fn good() -> Assessment {
    let ok = finding("dns.exists", Severity::Critical, Status::Ok, "the domain exists");
    assessment("example.org", vec![ok])
}

fn wish() -> Wish {
    Wish {
        tool: "mxcheck",
        colour: false,
        verbose: false,
        quiet: false,
        many: false,
        warnings_are_ok: false,
        fail_on: Severity::Error,
        only: None,
    }
}

fn page_of(form: Form, wish: Wish, all: &[Assessment]) -> String {
    let mut wording = wording(form, wish, vec![&SPF]);
    let mut out = Vec::new();
    all.iter().for_each(|one| wording.add(&mut out, one).unwrap());
    wording.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(form: &str, all: &[Assessment]) -> String {
    page_of(form.parse().unwrap(), wish(), all)
}

#[test]
fn people_see_who_gets_the_mail_what_is_wrong_and_what_to_do() {
    let told = page("human", &[spoilt("senders try it first")]);
    let expected = "\
b\u{fc}cher.example (xn--bcher-kva.example), all mail to atrn.example.net: FAIL

  senders --+->    10  mail.example.com  198.51.100.7  100%  unexpected
            +->    20  atrn.example.net  192.0.2.25    when those above are away  expected

Routing
  critical mx.bypass-preferred: senders try it first
           -> Remove mail.example.com.
  info     mx.redundancy: one server
           -> Remove mail.example.com.

Not found out
  unknown  spf.one: no answer in time

Not judged: 1 after mx.bypass-preferred

1 critical, 1 info, 1 unknown, 1 skipped, 1 ok
";
    assert_eq!(told, expected);
    assert!(!told.contains("dns.exists"), "what is in order is not worth a line");
    let verbose = Wish { verbose: true, ..wish() };
    let told = page_of(Form::Human, verbose, &[good()]);
    assert!(told.contains("  ok       dns.exists: the domain exists\n"), "{told}");
    assert!(told.contains("  authoritative ns1.example.org 192.0.2.1: 10 mail.example.com.\n"));
}

#[test]
fn who_wants_to_hear_nothing_of_good_domains_hears_nothing() {
    let quiet = Wish { quiet: true, many: true, ..wish() };
    assert_eq!(page_of(Form::Human, quiet, &[good()]), "");
    assert_eq!(page_of(Form::Markdown, quiet, &[good()]), "");
    let told = page_of(Form::Human, quiet, &[good(), spoilt("x")]);
    assert!(told.contains("FAIL") && !told.contains("example.org"), "{told}");
}

#[test]
fn json_is_an_object_for_one_domain_and_an_array_for_a_list() {
    let one: Value = serde_json::from_str(&page("json", &[good()])).unwrap();
    assert_eq!(one["domain"], "example.org");
    let keys: Vec<&str> = Assessment::FIELDS.iter().map(|(key, _)| *key).collect();
    let object = one.as_object().unwrap();
    assert_eq!(
        object.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        keys.into_iter().collect()
    );
    let many = Wish { many: true, ..wish() };
    for count in 0..3 {
        let all: Vec<Assessment> = (0..count).map(|_| good()).collect();
        let told: Value = serde_json::from_str(&page_of(Form::Json, many, &all)).unwrap();
        assert_eq!(told.as_array().unwrap().len(), count);
    }
    assert_eq!(page("jsonl", &[good(), good()]).lines().count(), 2);
}

#[test]
fn a_plugin_tells_the_worst_in_its_first_line_and_ends_so() {
    let told = page("nagios", &[good(), spoilt("all mail goes to mail.example.com | rm -rf")]);
    let (first, rest) = told.split_once('\n').unwrap();
    let (line, figures) = first.split_once(" | ").unwrap();
    assert!(line.starts_with("MX CRITICAL - xn--bcher-kva.example: all mail goes to"), "{line}");
    assert!(line.chars().count() <= 80, "{line}");
    assert_eq!(figures, "'bypass'=2;0;0;0 'ttl'=3600s");
    assert!(rest.contains("critical: mx.bypass-preferred"), "{rest}");
    let exit = |told: &[Assessment]| {
        let told: Vec<_> = told.iter().map(|one| (one.verdict, one.worst)).collect();
        plugin_exit(&told, wish())
    };
    let warned =
        || assessment("a.org", vec![finding("mx.x", Severity::Warning, Status::Fail, "hm")]);
    let unclear = || Assessment { verdict: Conclusion::Unknown, ..good() };
    assert_eq!([exit(&[good()]), exit(&[warned()]), exit(&[spoilt("")])], [0, 1, 2]);
    assert_eq!(
        [exit(&[unclear(), warned()]), exit(&[unclear(), spoilt("")]), exit(&[])],
        [3, 2, 3]
    );
    let lenient = Wish { warnings_are_ok: true, ..wish() };
    assert_eq!(plugin_exit(&[(Conclusion::Ok, Some(Severity::Warning))], lenient), 0);
}

#[test]
fn metrics_stand_together_and_doubt_is_a_figure_of_its_own() {
    let told = page("prometheus", &[good(), spoilt("x")]);
    let at = "odmr_mxcheck_status{domain=\"xn--bcher-kva.example\",check=";
    assert!(told.contains(&format!("{at}\"mx.bypass-preferred\"}} 0\n")), "{told}");
    assert!(told.contains(&format!("{at}\"spf.one\"}} -1\n")), "{told}");
    assert!(told.contains(&format!("{at}\"dns.exists\"}} 1\n")), "{told}");
    assert!(!told.contains("mx.count"), "what was skipped has no figure");
    let families: Vec<&str> = told.lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert_eq!(families.len(), 4);
    // Whatever stands between two such lines is of the one family.
    let mut family = "";
    for line in told.lines().filter(|line| !line.starts_with("# HELP")) {
        match line.strip_prefix("# TYPE ") {
            Some(rest) => family = rest.split(' ').next().unwrap(),
            None => assert!(line.starts_with(&format!("{family}{{")), "{family}: {line}"),
        }
    }
    let of = |domain: &str| told.lines().filter(|line| line.contains(domain)).count();
    assert_eq!((of("\"example.org\""), of("xn--bcher-kva")), (1 + 1 + 5 + 1, 4 + 1 + 5 + 1));
}

#[test]
fn what_a_check_says_first_is_its_figure() {
    let told = page(
        "prometheus",
        &[assessment(
            "example.org",
            vec![
                finding("mx.count", Severity::Notice, Status::Skipped, "a"),
                finding("mx.count", Severity::Notice, Status::Fail, "b"),
                finding("mx.count", Severity::Notice, Status::Unknown, "c"),
            ],
        )],
    );
    let line = "odmr_mxcheck_status{domain=\"example.org\",check=\"mx.count\"} 0\n";
    assert!(told.contains(line) && told.matches("check=").count() == 1, "{told}");
}

#[test]
fn whoever_is_woken_reads_no_ten_thousand_lines() {
    let worst = || finding("mx.count", Severity::Error, Status::Fail, "x");
    let many: Vec<Assessment> =
        (0..700).map(|n| assessment(&format!("d{n}.example"), vec![worst()])).collect();
    let told = page("nagios", &many);
    assert_eq!(told.lines().count(), 1 + 500 + 1, "{told}");
    assert!(told.ends_with("\nand 200 more\n"), "{told}");
    assert!(!page("nagios", &many[..500]).contains(" more"));
}

#[test]
fn tests_are_numbered_and_doubt_is_not_in_order() {
    let told = page("tap", &[spoilt("x")]);
    let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(
        lines,
        [
            "TAP version 13",
            "ok 1 - xn--bcher-kva.example dns.exists",
            "ok 2 - xn--bcher-kva.example mx.redundancy",
            "not ok 3 - xn--bcher-kva.example mx.bypass-preferred",
            "not ok 4 - xn--bcher-kva.example spf.one",
            "ok 5 - xn--bcher-kva.example mx.count # SKIP not judged",
            "1..5",
        ]
    );
    assert_eq!(page("tap", &[]), "TAP version 13\n1..0\n");
}

#[test]
fn junit_counts_what_it_says() {
    let told = page("junit", &[spoilt("x")]);
    assert!(told.contains("tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{told}");
    assert!(told.contains("<failure type=\"critical\" message=\"x\">"), "{told}");
    assert_eq!(told.matches("<testcase").count(), 5);
}

/// What fails in a test report is what makes the program end with 1, whatever the caller minds.
#[test]
fn test_reports_fail_where_the_program_does() {
    let told = |severity, status| finding("mx.x", severity, status, "hm");
    let mut hidden = told(Severity::Critical, Status::Skipped);
    hidden.blocked_by = Some("mx.mild");
    let mild = || finding("mx.mild", Severity::Warning, Status::Unknown, "hm");
    let cases: [(Vec<Finding>, Severity, [usize; 3]); 7] = [
        (vec![told(Severity::Info, Status::Info)], Severity::Info, [1, 0, 0]),
        (vec![told(Severity::Info, Status::Info)], Severity::Notice, [0, 0, 0]),
        (vec![told(Severity::Warning, Status::Fail)], Severity::Warning, [1, 0, 0]),
        (vec![told(Severity::Warning, Status::Fail)], Severity::Error, [0, 0, 0]),
        (vec![told(Severity::Error, Status::Unknown)], Severity::Error, [0, 1, 0]),
        (vec![told(Severity::Warning, Status::Unknown)], Severity::Error, [0, 0, 1]),
        // Nobody knows, and what says why is too mild to be heard.
        (vec![mild(), hidden], Severity::Error, [0, 1, 1]),
    ];
    for (checks, fail_on, [failures, errors, skipped]) in cases {
        let one = assessment("a.org", checks);
        let wish = Wish { fail_on, ..wish() };
        let junit = page_of(Form::Junit, wish, std::slice::from_ref(&one));
        let counts = format!("failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
        assert!(junit.contains(&counts), "{counts}: {junit}");
        assert_eq!(junit.matches("<failure").count(), failures, "{junit}");
        assert_eq!(junit.matches("<error").count(), errors, "{junit}");
        let tap = page_of(Form::Tap, wish, std::slice::from_ref(&one));
        assert_eq!(tap.matches("not ok").count(), failures + errors, "{tap}");
    }
}

/// Where the caller names what is minded, a test fails for that and for nothing else: not for what is worse, what is
/// put up with, or what nobody knows.
#[test]
fn test_reports_fail_for_what_is_named() {
    let told = |severity, status| finding("mx.x", severity, status, "hm");
    let all = [
        (Severity::Warning, Status::Fail, "not ok 1"),
        (Severity::Error, Status::Fail, "ok 2"),
        (Severity::Warning, Status::Info, "ok 3"),
        (Severity::Warning, Status::Unknown, "ok 4"),
        (Severity::Error, Status::Unknown, "ok 5"),
    ];
    let checks = all.iter().map(|(severity, status, _)| told(*severity, *status)).collect();
    let one = [assessment("a.org", checks)];
    let only = Some([false, false, true, false, false]);
    let wish = Wish { fail_on: Severity::Warning, only, ..wish() };
    let tap = page_of(Form::Tap, wish, &one);
    for (_, status, begins) in all {
        let line = tap.lines().find(|line| line.starts_with(begins)).expect(begins);
        assert_eq!(line.contains("# SKIP hm"), status == Status::Unknown, "{tap}");
    }
    let junit = page_of(Form::Junit, wish, &one);
    assert!(junit.contains("failures=\"1\" errors=\"0\" skipped=\"2\""), "{junit}");
}

#[test]
fn a_plugin_minds_what_the_caller_minds() {
    let exit = |worst, fail_on| {
        let wish = Wish { fail_on, ..wish() };
        plugin_exit(&[(Conclusion::Ok, Some(worst))], wish)
    };
    assert_eq!(exit(Severity::Warning, Severity::Warning), 2);
    assert_eq!(exit(Severity::Notice, Severity::Notice), 2);
    assert_eq!(exit(Severity::Error, Severity::Critical), 1);
    assert_eq!(exit(Severity::Notice, Severity::Error), 0);
    // A warning that decides elsewhere is a warning here.
    assert_eq!(plugin_exit(&[(Conclusion::Fail, Some(Severity::Warning))], wish()), 1);
    let told = page("nagios", &[good()]);
    assert!(told.starts_with("MX OK - example.org: mail goes where it should"), "{told}");
    // Nobody minds warnings, and yet mail goes elsewhere.
    let warned = vec![
        finding("ttl.high", Severity::Warning, Status::Fail, "long"),
        finding("mx.bypass-backup", Severity::Warning, Status::Fail, "some goes elsewhere"),
    ];
    let told = page_of(
        Form::Nagios,
        Wish { warnings_are_ok: true, ..wish() },
        &[assessment("example.org", warned)],
    );
    assert!(told.starts_with("MX OK - example.org: some goes elsewhere"), "{told}");
    let nothing = Assessment { expected: Expected::default(), ..good() };
    let told = page("nagios", &[nothing]);
    assert!(told.starts_with("MX OK - example.org: nothing is wrong; no server was expected"));
}

#[test]
fn sarif_names_its_rules_and_results() {
    let told: Value = serde_json::from_str(&page("sarif", &[spoilt("x"), good()])).unwrap();
    let run = &told["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "spf.one");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "what is amiss");
    assert_eq!(results[1]["ruleId"], "mx.bypass-preferred");
    assert_eq!(results[1]["level"], "error");
    let none: Value = serde_json::from_str(&page("sarif", &[])).unwrap();
    assert_eq!(none["runs"][0]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn nothing_hostile_comes_through_in_any_form() {
    let mut world = spoilt(HOSTILE);
    world.domain = HOSTILE.to_owned();
    world.mx[0].target = HOSTILE.to_owned();
    world.vantages[0].server = Some(HOSTILE.to_owned());
    world.calls = vec![Called { said: HOSTILE.to_owned(), host: HOSTILE.to_owned(), ..call(5) }];
    world.expected.names = vec![HOSTILE.to_owned()];
    for check in &mut world.checks {
        check.subject = HOSTILE.to_owned();
        check.remedy = Some(HOSTILE.to_owned());
    }
    let all = Wish { verbose: true, ..wish() };
    for (name, form) in Form::NAMES {
        let told = page_of(form, all, std::slice::from_ref(&world));
        let is_bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{9b}');
        assert!(!told.contains(is_bad), "{name}: {told:?}");
    }
    let xml = page("junit", std::slice::from_ref(&world));
    assert!(!xml.contains("<b>"), "{xml}");
    let metrics = page("prometheus", std::slice::from_ref(&world));
    assert!(metrics.lines().all(|line| line.starts_with("odmr_") || line.starts_with('#')));
    let nagios = page("nagios", std::slice::from_ref(&world));
    assert_eq!(nagios.matches('|').count(), 1, "{nagios}");
    let markdown = page("markdown", std::slice::from_ref(&world));
    assert!(!markdown.contains("<b>") && !markdown.contains(" `x`"), "{markdown}");
}

#[test]
fn a_finding_of_a_group_that_has_no_heading_is_told_all_the_same() {
    let wish = wish();
    for id in ["smtp25.banner", "odmr.connect", "brand.new"] {
        let mut page = wording(Form::Human, wish, vec![&SPF]);
        let mut out = Vec::new();
        let told = finding(id, Severity::Warning, Status::Fail, "something");
        page.add(&mut out, &assessment("example.org", vec![told])).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(&format!("{id}: something")), "{out}");
    }
}

/// A server whose certificate is good for so many days.
fn call(days: i64) -> Called {
    Called {
        purpose: "mx",
        host: "atrn.example.net".to_owned(),
        addr: "192.0.2.25".parse().unwrap(),
        port: 25,
        said: "220 atrn.example.net ESMTP".to_owned(),
        tls: Some("TLSv1.3".to_owned()),
        cert_days: Some(days),
        ms: 20,
    }
}

#[test]
fn servers_that_were_called_are_told_with_how_long_their_certificates_are_good() {
    let mut world = assessment("example.org", Vec::new());
    world.calls = vec![call(60), call(20)];
    let told = |form, wish| {
        let mut page = wording(form, wish, vec![&SPF]);
        let mut out = Vec::new();
        page.add(&mut out, &world).unwrap();
        page.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let verbose = told(Form::Human, Wish { verbose: true, ..wish() });
    let line = "  mx atrn.example.net 192.0.2.25 port 25: 220 atrn.example.net ESMTP; TLSv1.3, \
                certificate for 20 days\n";
    assert!(verbose.contains(line), "{verbose}");
    assert!(told(Form::Nagios, wish()).contains(" 'cert_days'=20;21:;7:"));
    let json: Value = serde_json::from_str(&told(Form::Json, wish())).unwrap();
    assert_eq!(json["calls"][0]["cert_days"], 60);
}
