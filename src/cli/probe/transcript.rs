//! What was said, a file for each call.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::flow::probe::{Record, shown_octets};

/// Writes them to a folder, which is made where it is not there.
pub(super) fn write(folder: &Path, place: &str, records: &[Record]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut calls: BTreeMap<u32, String> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.transcript.is_empty()) {
        let text = calls.entry(record.conn).or_insert_with(|| format!("=== {place}\n"));
        // A String takes all that is written to it.
        let _ = writeln!(text, "=== {} {:?}: {}", record.id, record.outcome, record.title);
        let mut challenged = false;
        for line in &record.transcript {
            let arrow = match (line.dir, line.tls) {
                ('>', false) => "->",
                ('>', true) => "~>",
                (_, false) => "<-",
                (_, true) => "<~",
            };
            for said in shown_octets(line) {
                let is_answer = std::mem::take(&mut challenged) && line.dir == '>';
                challenged = line.dir != '>' && said.starts_with("334");
                let said = if is_answer { "...".to_owned() } else { without_secret(&said) };
                let _ = writeln!(text, "{:>8.3} {arrow} {said}", line.t);
            }
        }
    }
    for (call, text) in calls {
        std::fs::write(folder.join(format!("call-{call:04}.txt")), text)?;
    }
    Ok(())
}

/// A login in a talk of one's own is told without what stands behind its mechanism.
fn without_secret(line: &str) -> String {
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some(verb), Some(mechanism), Some(_)) if verb.eq_ignore_ascii_case("AUTH") => {
            format!("{verb} {mechanism} ...")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secret;

    #[test]
    fn a_login_is_told_without_its_secret() {
        assert_eq!(without_secret("auth PLAIN AGEAYg== x"), "auth PLAIN ...");
        for line in ["AUTH LOGIN", "MAIL FROM:<a@x> SIZE=1 BODY=7BIT", ""] {
            assert_eq!(without_secret(line), line);
        }
    }
}
