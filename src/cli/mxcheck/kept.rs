//! What was found out last about each of many domains that are watched. It rests in a file without a name and not in
//! memory: of ten thousand domains it is gigabytes.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::exit::{Exit, Failure};
use crate::flow::check::Facts;

/// The facts, each domain's in a place of its own.
pub(super) struct Kept {
    file: File,
    places: HashMap<String, Place>,
    end: u64,
}

#[derive(Clone, Copy)]
struct Place {
    at: u64,
    room: usize,
    length: usize,
}

impl Kept {
    /// Nothing yet.
    ///
    /// # Errors
    /// There is no room for a file.
    pub(super) fn new() -> Result<Kept, Failure> {
        let file = tempfile::tempfile().map_err(|error| failed(&error))?;
        Ok(Kept { file, places: HashMap::new(), end: 0 })
    }

    /// Keeps these instead of what was known before.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn keep(&mut self, facts: &Facts) -> Result<(), Failure> {
        let written = serde_json::to_vec(facts).map_err(|error| failed(&error.into()))?;
        let length = written.len();
        let place = match self.places.get(&facts.domain) {
            Some(known) if known.room >= length => Place { length, ..*known },
            _ => {
                // They are as long the next time, give or take a little.
                let place = Place { at: self.end, room: length + length / 4, length };
                self.end += place.room as u64;
                place
            }
        };
        self.file.write_all_at(&written, place.at).map_err(|error| failed(&error))?;
        self.places.insert(facts.domain.clone(), place);
        Ok(())
    }

    /// What was kept of a domain, if anything was.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn of(&self, domain: &str) -> Result<Option<Facts>, Failure> {
        let Some(place) = self.places.get(domain) else { return Ok(None) };
        let mut written = vec![0; place.length];
        self.file.read_exact_at(&mut written, place.at).map_err(|error| failed(&error))?;
        serde_json::from_slice(&written).map(Some).map_err(|error| failed(&error.into()))
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Io, format!("what was found out cannot be kept: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::check::evidence::Reader;

    fn facts(domain: &str) -> Facts {
        let head = r#"{"schema":"odmr.mxcheck.evidence/1","expected":{}}"#;
        let line = format!(
            r#"{{"domain":"{domain}","checked_at":"2026-01-01T00:00:00Z","zone":null,"parent":null,"undelegated":false,"probes":["a.example.org"],"answers":[]}}"#
        );
        let written = format!("{head}\n{line}\n");
        Reader::new(written.as_bytes()).unwrap().next_facts().unwrap().unwrap()
    }

    #[test]
    fn the_last_facts_of_each_domain_are_kept_in_their_place() {
        let mut kept = Kept::new().unwrap();
        assert!(kept.of("example.org").unwrap().is_none());
        let mut own = facts("example.org");
        kept.keep(&own).unwrap();
        let other = facts("example.com");
        kept.keep(&other).unwrap();
        let end = kept.end;
        // Shorter, and somewhat longer: in the same place.
        for probe in ["x", "somewhat-longer.example.org"] {
            own.probes = vec![probe.to_owned()];
            kept.keep(&own).unwrap();
            assert!(kept.of("example.org").unwrap() == Some(own.clone()));
        }
        assert_eq!(kept.end, end, "it does not grow");
        own.probes = vec!["much longer".repeat(1_000)];
        kept.keep(&own).unwrap();
        assert!(kept.of("example.org").unwrap() == Some(own));
        assert!(kept.of("example.com").unwrap() == Some(other));
    }
}
