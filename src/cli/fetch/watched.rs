//! What `atrn-fetch status` tells monitoring: a line for a check, or metrics for a file that is collected.

use jiff::Timestamp;

use crate::exit::{Exit, Failure};
use crate::flow::http::sheet::{Kind, Metric, Sheet};
use crate::flow::memory::{Memory, Trouble};
use crate::flow::summary::Outcome;

const ACCOUNT: &[&str] = &["account"];

#[rustfmt::skip]
const METRICS: &[Metric] = &[
    gauge("atrn_fetch_last_run_timestamp_seconds", ACCOUNT, "When the last run began"),
    gauge("atrn_fetch_last_success_timestamp_seconds", ACCOUNT, "When the last run began that was no failure"),
    gauge("atrn_fetch_last_mail_timestamp_seconds", ACCOUNT, "When the last run began that brought mail"),
    gauge("atrn_fetch_next_run_timestamp_seconds", ACCOUNT, "When the daemon will run next"),
    Metric { name: "atrn_fetch_messages_total", kind: Kind::Counter, labels: ACCOUNT, help: "Messages that were taken" },
    Metric { name: "atrn_fetch_duplicates_total", kind: Kind::Counter, labels: ACCOUNT, help: "Messages that had come before, and were not delivered again" },
    gauge("atrn_fetch_result", &["account", "result"], "1 for what the last run came to, 0 for all else"),
    gauge("atrn_fetch_troubles", ACCOUNT, "Things that are wrong"),
];

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

/// The text format of Prometheus, as the textfile collector of its node exporter takes it.
pub(super) fn exposition(all: &[(&str, Memory)]) -> String {
    let mut sheet = Sheet::of_table(METRICS);
    for (account, memory) in all {
        let labels = [("account", *account)];
        let times = [
            ("atrn_fetch_last_run_timestamp_seconds", memory.last_run),
            ("atrn_fetch_last_success_timestamp_seconds", memory.last_success),
            ("atrn_fetch_last_mail_timestamp_seconds", memory.last_mail),
            ("atrn_fetch_next_run_timestamp_seconds", memory.next_run),
        ];
        for (name, at) in times {
            // 0 for what has never been: an age that no rule overlooks.
            sheet.row(name).put(&labels, at.map_or(0, Timestamp::as_second));
        }
        sheet.row("atrn_fetch_messages_total").put(&labels, memory.messages);
        sheet.row("atrn_fetch_duplicates_total").put(&labels, memory.duplicates);
        for outcome in Outcome::ALL {
            let labels = [("account", *account), ("result", outcome.name())];
            sheet.row("atrn_fetch_result").put(&labels, memory.last_result == Some(outcome));
        }
        sheet.row("atrn_fetch_troubles").put(&labels, memory.troubles.len() as u64);
    }
    sheet.into_text()
}

/// Characters of a check's first line, before its figures.
const FIRST: usize = 80;

/// One line with its figures behind a bar, and behind it a line for each trouble; and how the check ends: what
/// the next run may mend by itself is a warning, what a person has to, or has lasted too long, is critical.
pub(super) fn verdict(
    all: &[(&str, Memory)],
    late: impl Fn(&Memory) -> bool,
    now: Timestamp,
) -> (String, Exit) {
    let mut troubles: Vec<(&str, &Trouble)> = all
        .iter()
        .flat_map(|(name, memory)| memory.newest_first().into_iter().map(|one| (*name, one)))
        .collect();
    troubles.sort_by_key(|(_, one)| std::cmp::Reverse(one.last.unwrap_or(one.told)));
    // A line that is down, on a boat above all, comes back by itself.
    let passing = [Exit::TempFail, Exit::Unavailable, Exit::NoHost].map(|exit| exit as u8);
    let lasting = troubles.iter().any(|(_, trouble)| !passing.contains(&trouble.exit));
    let overdue: Vec<&str> =
        all.iter().filter(|(_, memory)| late(memory)).map(|(name, _)| *name).collect();
    let (word, exit) = match (lasting || !overdue.is_empty(), troubles.first()) {
        (true, _) => ("CRITICAL", Exit::Critical),
        (false, Some(_)) => ("WARNING", Exit::Partial),
        (false, None) => ("OK", Exit::Ok),
    };
    let oldest = all.iter().map(|(_, memory)| memory.last_success);
    let oldest = oldest.min().flatten().map(|at| now.duration_since(at).as_secs().max(0));
    let ago = oldest.map_or_else(|| "never".to_owned(), |age| format!("{age}s ago"));
    let age = oldest.map_or_else(|| "U".to_owned(), |age| format!("{age}s"));
    let told = |(name, trouble): &(&str, &Trouble)| {
        let whose = if all.len() > 1 { format!("{name}: ") } else { String::new() };
        match trouble.what.starts_with(&trouble.server) {
            true => format!("{whose}{}", trouble.what),
            false => format!("{whose}{}: {}", trouble.server, trouble.what),
        }
    };
    let what = match (troubles.first(), overdue.first()) {
        (Some(trouble), _) => told(trouble),
        (None, Some(name)) => format!("{name}: no success for too long"),
        (None, None) => format!("{} accounts, the last success {ago}", all.len()),
    };
    let mut lines = format!(
        "{} | accounts={};;;0 troubles={};;;0 success_age={age};;;0",
        cut(&format!("ATRN-FETCH {word} - {}", plain(&what))),
        all.len(),
        troubles.len(),
    );
    for (name, trouble) in &troubles {
        let since = trouble.since.strftime("%Y-%m-%dT%H:%M:%SZ");
        let often =
            if trouble.times == 1 { "once, at" } else { &format!("{} times since", trouble.times) };
        let line = format!("{}, {often} {since}", told(&(name, trouble)));
        lines.push_str(&format!("\n{}", plain(&line)));
    }
    for name in &overdue {
        lines.push_str(&format!("\n{}", plain(&format!("{name}: no success for too long"))));
    }
    if exit != Exit::Ok {
        lines.push_str(&format!("\nthe last success {ago}"));
    }
    (lines, exit)
}

/// A first line is read on a pager.
fn cut(line: &str) -> String {
    match line.char_indices().nth(FIRST) {
        None => line.to_owned(),
        Some(_) => line.chars().take(FIRST - 3).chain("...".chars()).collect(),
    }
}

/// The line for a check that could not be made.
pub(super) fn unknown(failure: &Failure) -> String {
    format!("ATRN-FETCH UNKNOWN - {}", plain(&failure.what))
}

/// A bar ends the text of a check, and so does the end of a line.
fn plain(text: &str) -> String {
    let text = text.replace('\n', "; ").replace('|', "/");
    crate::smtp::escape::Escaped::text(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn memory(troubles: Vec<Trouble>) -> Memory {
        let last = Some(at(940));
        let result = Some(Outcome::NoMail);
        Memory {
            last_run: last,
            last_success: last,
            last_result: result,
            messages: 7,
            troubles,
            ..Memory::default()
        }
    }

    fn trouble(exit: Exit) -> Trouble {
        let (server, what) = ("p:366".to_owned(), "450 a|b\nc".to_owned());
        Trouble { server, what, exit: exit as u8, since: at(1), times: 2, told: at(1), last: None }
    }

    #[test]
    fn what_mends_itself_is_a_warning_and_the_rest_is_critical() {
        let told = |troubles, late: bool| {
            let all = [("home", memory(troubles)), ("office", memory(Vec::new()))];
            verdict(&all, |_| late, at(1000))
        };
        let (line, exit) = told(Vec::new(), false);
        assert_eq!(
            line,
            "ATRN-FETCH OK - 2 accounts, the last success 60s ago | accounts=2;;;0 troubles=0;;;0 success_age=60s;;;0"
        );
        assert_eq!(exit, Exit::Ok);
        let (line, exit) = told(vec![trouble(Exit::TempFail), trouble(Exit::TempFail)], false);
        assert!(line.starts_with("ATRN-FETCH WARNING - home: p:366: 450 a/b; c | "), "{line}");
        let of_one = "home: p:366: 450 a/b; c, 2 times since 1970-01-01T00:00:01Z";
        let behind: Vec<&str> = line.lines().skip(1).collect();
        assert_eq!(behind, [of_one, of_one, "the last success 60s ago"]);
        assert_eq!(exit, Exit::Partial);
        assert_eq!(told(vec![trouble(Exit::NoPerm)], false).1, Exit::Critical);
        let (line, exit) = told(Vec::new(), true);
        assert!(line.contains("CRITICAL - home: no success for too long"), "{line}");
        assert_eq!(exit, Exit::Critical);
        let never = verdict(&[("home", Memory::default())], |_| false, at(0)).0;
        assert!(
            never.contains("1 accounts, the last success never |")
                && never.contains("success_age=U"),
            "{never}"
        );
    }

    #[test]
    fn the_first_line_is_short_and_tells_what_came_last() {
        let refused = Trouble { last: Some(at(900)), ..trouble(Exit::Unavailable) };
        let login = Trouble {
            what: format!("535 5.7.8 {}", "ü".repeat(300)),
            last: Some(at(910)),
            ..trouble(Exit::NoPerm)
        };
        let (lines, _) = verdict(&[("home", memory(vec![login, refused]))], |_| false, at(1000));
        let (first, rest) = lines.split_once('\n').unwrap();
        let text = first.split(" | ").next().unwrap();
        assert_eq!(text.chars().count(), FIRST);
        assert!(text.starts_with("ATRN-FETCH CRITICAL - p:366: 535 5.7.8 "), "{text}");
        assert!(rest.starts_with("p:366: 535 5.7.8 "), "{rest}");
        assert_eq!(rest.lines().count(), 3);
    }

    #[test]
    fn metrics_have_each_account_and_each_result() {
        let text = exposition(&[("home", memory(Vec::new())), ("a\"b", Memory::default())]);
        for line in [
            "atrn_fetch_last_success_timestamp_seconds{account=\"home\"} 940.0",
            "atrn_fetch_last_success_timestamp_seconds{account=\"a\\\"b\"} 0.0",
            "atrn_fetch_messages_total{account=\"home\"} 7.0",
            "atrn_fetch_result{account=\"home\",result=\"no_mail\"} 1.0",
            "atrn_fetch_result{account=\"home\",result=\"ok\"} 0.0",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("odmr_"), "{text}");
    }
}
