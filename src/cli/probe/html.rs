//! A page for a browser: one file, with nothing in it that is fetched from anywhere.

use std::fmt::Write as _;

use crate::flow::probe::{Level, Outcome, Record, Summary, is_amiss, shown_octets};
use crate::report::assessment::Trouble;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
const STYLE: &str = "<style>\n\
    :root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}\n\
    h1{font-size:1.3rem}summary{cursor:pointer;padding:.3rem 0}code,.rung{font-family:ui-monospace,monospace;font-size:.85rem}\n\
    .word{display:inline-block;min-width:5.5rem;font-weight:600}.fail .word{color:#c62828}.warn .word{color:#b26a00}\n\
    .inconclusive .word{color:#7b1fa2}.pass .word{color:#2e7d32}.skip .word{color:#777}.level{color:#777}\n\
    .ladder{border-left:2px solid #888;border-right:2px solid #888;margin:.5rem 0 1rem;padding:.3rem .6rem}\n\
    .rung{display:flex;gap:.6rem;white-space:pre-wrap;overflow-wrap:anywhere}.theirs{flex-direction:row-reverse;text-align:right}\n\
    .rung .line{flex:1;border-bottom:1px solid #8886}.rung .at{color:#777}.ends{display:flex;justify-content:space-between;color:#777}\n\
    </style>\n";

/// The whole page.
pub(super) fn page(
    place: &str,
    lead: Option<&str>,
    records: &[Record],
    summary: &Summary,
) -> String {
    let title = escaped(place);
    let mut text = format!("{HEAD}<title>smtp-probe: {title}</title>\n{STYLE}</head><body>\n");
    // A String takes all that is written to it.
    let _ = writeln!(text, "<h1>{}</h1>", escaped(&summary.to_string()));
    if let Some(lead) = lead {
        let _ = writeln!(text, "<p>{}</p>", escaped(lead));
    }
    for level in Level::ALL.into_iter().rev() {
        let amiss = |record: &&Record| record.severity == level && is_amiss(record);
        records.iter().filter(amiss).for_each(|record| told(&mut text, record, true));
    }
    records
        .iter()
        .filter(|record| !is_amiss(record))
        .for_each(|record| told(&mut text, record, false));
    text.push_str("</body></html>\n");
    text
}

/// The whole page where nothing could be found out.
pub(super) fn trouble(trouble: &Trouble) -> String {
    let (target, error) = (escaped(&trouble.target), escaped(&trouble.error));
    let hint = trouble.hint.as_deref().unwrap_or_default();
    format!(
        "{HEAD}<title>smtp-probe: {target}</title>\n{STYLE}</head><body>\n<h1>{target}: not found out</h1>\n\
         <p class=\"fail\"><span class=\"word\">error</span> {error}</p>\n<p>{}</p>\n</body></html>\n",
        escaped(hint)
    )
}

fn told(text: &mut String, record: &Record, open: bool) {
    let word = match record.outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Fail => "fail",
        Outcome::Skip => "skip",
        Outcome::Inconclusive => "inconclusive",
    };
    let open = if open && record.outcome == Outcome::Fail { " open" } else { "" };
    let _ = writeln!(
        text,
        "<details class=\"{word}\"{open}><summary><span class=\"word\">{word}</span> <code>{}</code> \
         <span class=\"level\">{}</span> {}</summary>",
        escaped(&record.id),
        record.severity.word(),
        escaped(&record.title)
    );
    if !record.why.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", escaped(&record.why));
    }
    if is_amiss(record) {
        let spec = record.spec.iter().chain(&record.quirk).cloned().collect::<Vec<_>>().join("; ");
        let _ = writeln!(text, "<p>{} ({})</p>", escaped(&record.fix), escaped(&spec));
    }
    if !record.transcript.is_empty() {
        ladder(text, record);
    }
    text.push_str("</details>\n");
}

/// What was said, ours from the left and theirs from the right.
fn ladder(text: &mut String, record: &Record) {
    text.push_str("<div class=\"ends\"><span>smtp-probe</span><span>the other side</span></div><div class=\"ladder\">\n");
    for line in &record.transcript {
        let (class, arrow) = match (line.dir, line.tls) {
            ('>', false) => ("ours", "\u{2500}\u{2500}\u{25b6}"),
            ('>', true) => ("ours", "\u{2550}\u{2550}\u{25b6}"),
            (_, false) => ("theirs", "\u{25c0}\u{2500}\u{2500}"),
            (_, true) => ("theirs", "\u{25c0}\u{2550}\u{2550}"),
        };
        for said in shown_octets(line) {
            let _ = writeln!(
                text,
                "<div class=\"rung {class}\"><span class=\"at\">{:.3}</span><span class=\"line\">{}</span><span>{arrow}</span></div>",
                line.t,
                escaped(&said)
            );
        }
    }
    text.push_str("</div>\n");
}

/// A text that is only text to a browser.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::smtp::escape::Escaped::text(text).to_string().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
