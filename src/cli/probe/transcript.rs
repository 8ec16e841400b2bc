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
        for line in &record.transcript {
            let arrow = match (line.dir, line.tls) {
                ('>', false) => "->",
                ('>', true) => "~>",
                (_, false) => "<-",
                (_, true) => "<~",
            };
            for said in shown_octets(line) {
                let _ = writeln!(text, "{:>8.3} {arrow} {said}", line.t);
            }
        }
    }
    for (call, text) in calls {
        std::fs::write(folder.join(format!("call-{call:04}.txt")), text)?;
    }
    Ok(())
}
