//! The figures of the page: by their schema, right, and without anybody's address in them.

use crate::house::House;
use crate::http::get;
use crate::strict::strict;

const OPEN: &str = "http.listen = \"127.0.0.1:0\"\nqueue.reserve = \"1 MiB\"";

/// As it is told, checked against its schema.
pub fn status(at: std::net::SocketAddr, query: &str) -> serde_json::Value {
    let answer = get(at, &format!("/status.json{query}"), "");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("content-type"), Some("application/json"));
    let told: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let schema = include_str!("../../src/flow/desk/schema/status.json");
    let schema = strict(serde_json::from_str(schema).expect("a schema"));
    let validator = jsonschema::validator_for(&schema).expect("a sound schema");
    let faults: Vec<_> = validator.iter_errors(&told).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}\n{told:#}");
    told
}

#[test]
fn the_page_is_told_what_waits_and_how_calls_went() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let empty = status(at, "");
    assert_eq!(empty["totals"]["messages"], 0);
    assert_eq!(empty["domains"][0]["domain"], "example.org");
    assert_eq!(empty["domains"][0]["lifetime_s"], 21 * 86400);
    assert_eq!(empty["accounts"][0]["last_success"], serde_json::Value::Null);
    assert_eq!((&empty["accounts"][0]["silent"], &empty["accepts"]), (&false.into(), &true.into()));

    assert!(provider.bring("a secret subject", "body").starts_with("250"));
    let one = status(at, "");
    assert_eq!(
        (&one["totals"]["messages"], &one["domains"][0]["messages"]),
        (&1.into(), &1.into())
    );
    assert_eq!(one["domains"][0]["account"], "acme");
    assert_eq!(one["domains"][0]["new_mail_held"], false);
    let text = one.to_string();
    for private in ["ann", "bob", "secret"] {
        assert!(!text.contains(private), "{private}: {text}");
    }

    assert!(house.fetch(provider.odmr, &[]).output().expect("atrn-fetch").status.success());
    provider.until(&["odmr session"]);
    let mut fetched = status(at, "");
    let began = std::time::Instant::now();
    while fetched["sessions"][0].is_null() && began.elapsed() < crate::house::PATIENCE {
        fetched = status(at, "");
    }
    let session = &fetched["sessions"][0];
    assert_eq!((&session["account"], &session["result"]), (&"acme".into(), &"ok".into()));
    assert_eq!((&session["delivered"], &session["helo"]), (&1.into(), &"mail.example.org".into()));
    let calls: u64 = fetched["accounts"][0]["hours"]
        .as_array()
        .expect("hours")
        .iter()
        .map(|hour| hour[0].as_u64().expect("a count"))
        .sum();
    assert_eq!((calls, &fetched["totals"]["messages"]), (1, &0.into()));
    let last = &fetched["accounts"][0]["last_success"];
    assert!(last.is_string());
    // Whoever has been silent for weeks is so behind a restart too.
    provider.stop();
    let mut provider = house.serve();
    let again = status(provider.listener("\"Http\""), "");
    let moment = |told: &serde_json::Value| -> jiff::Timestamp {
        told.as_str().expect("a moment").parse().expect("a moment")
    };
    let apart = moment(&again["accounts"][0]["last_success"]).duration_since(moment(last));
    assert!(apart.as_secs().abs() <= 1, "{again}");
}

#[test]
fn what_waited_is_remembered_over_a_restart() {
    use odmr::flow::http::history::{History, Minute};
    let house = House::new(OPEN);
    let now = u32::try_from(jiff::Timestamp::now().as_second() / 60).expect("a minute");
    let minute = |before: u32, n: u32| Minute {
        at: now - before,
        waiting: n,
        octets: 1,
        oldest: 1,
        domains: vec![("example.org".to_owned(), n - 1)],
    };
    let mut history = History::open(&house.path("state/history")).expect("a file");
    for (before, n) in [(600, 5), (3 * 1440, 50), (20 * 1440, 500)] {
        history.note(&minute(before, n)).expect("noted");
    }
    drop(history);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    for (window, step, points, sum) in
        [("24h", 300, 288, 5), ("7d", 1800, 336, 55), ("30d", 7200, 360, 555)]
    {
        let told = status(at, &format!("?window={window}"));
        let depth = &told["depth"];
        assert_eq!((&depth["window"], &depth["step_s"]), (&window.into(), &step.into()));
        let told_points = depth["points"].as_array().expect("points");
        assert_eq!(told_points.len(), points, "{window}");
        let messages: u64 = told_points
            .iter()
            .filter_map(|point| point.as_array())
            .flatten()
            .filter_map(serde_json::Value::as_u64)
            .sum();
        assert_eq!(messages, sum, "{window}");
        assert_eq!(depth["names"], serde_json::json!(["example.org"]));
    }
    assert_eq!(get(at, "/status.json?window=1y", "").status, 400);
    assert_eq!(get(at, "/status.json?", "").status, 400);
}

#[test]
fn a_history_that_cannot_be_kept_keeps_nothing_else_from_working() {
    let house = House::new(OPEN);
    std::fs::create_dir(house.path("state/history")).expect("a folder in its place");
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let told = status(at, "");
    assert!(
        told["depth"]["points"].as_array().expect("points").iter().all(|point| point.is_null())
    );
    assert!(provider.bring("Hello", "body").starts_with("250"));
    assert!(provider.stop().contains("how much waits will not be remembered"));
}

#[test]
fn a_domain_whose_new_mail_is_held_is_told_of() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    let mut queuectl = std::process::Command::new(env!("CARGO_BIN_EXE_queuectl"));
    queuectl.arg("--config").arg(house.path("odmrd.toml"));
    let hold = ["hold", "--domain", "example.org", "--future", "--yes", "--reason", "a move"];
    queuectl.args(hold);
    let held = queuectl.output().expect("queuectl");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    assert!(provider.bring("subject", "body").starts_with("250"));
    let told = status(at, "");
    let domain = &told["domains"][0];
    assert_eq!((&domain["held"], &domain["messages"]), (&1.into(), &0.into()), "{domain}");
    assert_eq!(domain["new_mail_held"], true);
}

/// A session in which every mail was put off has fetched none.
#[test]
fn a_session_in_which_mail_was_put_off_is_called_so() {
    let house = House::new(OPEN);
    let mut provider = house.serve();
    let at = provider.listener("\"Http\"");
    assert!(provider.bring("a subject", "body").starts_with("250"));
    let later = house.write("later", "#!/bin/sh\nexit 75\n");
    crate::house::chmod(&later, 0o755);
    let target = format!("command:{}", later.display());
    house.fetch_to(&target, provider.odmr, &[]).output().expect("atrn-fetch");
    provider.until(&["odmr session"]);
    let mut told = status(at, "");
    let began = std::time::Instant::now();
    while told["sessions"][0].is_null() && began.elapsed() < crate::house::PATIENCE {
        told = status(at, "");
    }
    let session = &told["sessions"][0];
    assert_eq!(
        (&session["result"], &session["delivered"], &session["deferred"]),
        (&"partial".into(), &0.into(), &1.into()),
        "{session}"
    );
    let of = |place: usize| -> u64 {
        let hours = told["accounts"][0]["hours"].as_array().expect("hours").iter();
        hours.map(|hour| hour[place].as_u64().expect("a count")).sum()
    };
    assert_eq!((of(0), of(6)), (0, 1));
    assert!(told["accounts"][0]["last_success"].is_null());
}
