//! How the MX records and the policy of MTA-STS were before: what `--state` reads and writes. The first line names the form, each other
//! line has a domain.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::file::Whole;
use crate::exit::{Exit, Failure};
use crate::flow::check::StsMark;

const SCHEMA: &str = "odmr.mxcheck.state/1";
/// A longer line, or more lines, are none of ours.
const LONGEST_LINE: u64 = 1 << 20;
const MOST_LINES: usize = 1 << 20;

/// So long others may take to write theirs.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(20);

#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
}

/// A domain's records, by number and target; and the mark of its policy. Files of before have no marks.
#[derive(Serialize, Deserialize)]
struct Line {
    domain: String,
    #[serde(flatten)]
    was: Was,
}

/// How a domain was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Was {
    /// Its records, where all said the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mx: Option<Vec<(u16, String)>>,
    /// Its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sts: Option<StsMark>,
}

/// All domains.
pub(super) struct State {
    path: PathBuf,
    known: BTreeMap<String, Was>,
    /// How those are that were looked at.
    noted: BTreeMap<String, Vec<Was>>,
    /// Records that are there already stays as it is.
    pinned: bool,
}

impl State {
    /// Reads it; a file that is not there yet is empty.
    ///
    /// # Errors
    /// It is none of ours, or cannot be read.
    pub(super) fn read(path: &Path, pinned: bool) -> Result<State, Failure> {
        let mut state =
            State { path: path.to_owned(), known: BTreeMap::new(), noted: BTreeMap::new(), pinned };
        let at = path.display();
        match File::open(path) {
            Ok(file) => state.take(BufReader::new(file)).map(|()| state),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(state),
            Err(error) => Err(Failure::new(Exit::Io, format!("{at}: {error}"))),
        }
    }

    fn take(&mut self, mut lines: impl BufRead) -> Result<(), Failure> {
        let at = self.path.display().to_string();
        let wrong = |n: usize, what: &str| {
            let hint = "--state reads what it wrote; remove the file to begin anew";
            Failure::new(Exit::Data, format!("{at}:{n}: {what}")).hint(Some(hint))
        };
        for n in 1..=MOST_LINES {
            let mut line = String::new();
            let read = (&mut lines).take(LONGEST_LINE).read_line(&mut line);
            match read {
                Ok(0) if n == 1 => return Err(wrong(1, "the file is empty")),
                Ok(0) => return Ok(()),
                Ok(_) if line.len() as u64 == LONGEST_LINE => {
                    return Err(wrong(n, "the line is too long"));
                }
                Ok(_) => {}
                Err(error) => return Err(wrong(n, &error.to_string())),
            }
            if n == 1 {
                let head: Head =
                    serde_json::from_str(&line).map_err(|error| wrong(1, &error.to_string()))?;
                if head.schema != SCHEMA {
                    return Err(wrong(1, &format!("expected the schema {SCHEMA}")));
                }
                continue;
            }
            let line: Line =
                serde_json::from_str(&line).map_err(|error| wrong(n, &error.to_string()))?;
            self.known.insert(line.domain, line.was);
        }
        Err(wrong(MOST_LINES, "more lines than anybody has domains"))
    }

    /// How a domain was.
    pub(super) fn before(&self, domain: &str) -> Was {
        self.known.get(domain).cloned().unwrap_or_default()
    }

    /// Notes how it is. What is not known now stays as it was.
    pub(super) fn note(&mut self, domain: &str, now: Was) {
        if now == Was::default() {
            return;
        }
        self.noted.entry(domain.to_owned()).or_default().push(now.clone());
        let was = self.known.entry(domain.to_owned()).or_default();
        if now.mx.is_some() && !(self.pinned && was.mx.is_some()) {
            was.mx = now.mx;
        }
        was.sts = now.sts.or(was.sts.take());
    }

    /// Writes it down, beside what others have written into the file since it was read.
    ///
    /// # Errors
    /// It cannot be written, or somebody else does for too long.
    pub(super) fn end(self) -> Result<(), Failure> {
        let _alone = alone(&self.path)?;
        let is_file = fs::metadata(&self.path).is_ok_and(|facts| facts.is_file());
        let known = match is_file {
            true => {
                let mut latest = State::read(&self.path, self.pinned)?;
                for (domain, all) in self.noted {
                    all.into_iter().for_each(|now| latest.note(&domain, now));
                }
                latest.known
            }
            false => self.known,
        };
        let mut whole = Whole::new(&self.path)?;
        let written = write(&mut whole, known);
        written.map_err(|error| whole.failure(&error))?;
        whole.end()
    }
}

/// Nobody else writes files of this folder as long as this is held. The file itself is another after each writing. A
/// file system that knows no locks does without.
fn alone(path: &Path) -> Result<Option<File>, Failure> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) else { return Ok(None) };
    let until = Instant::now() + PATIENCE;
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Some(folder)),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(BETWEEN),
            Err(TryLockError::WouldBlock) => {
                let what = format!("{}: somebody else keeps the folder locked", path.display());
                return Err(Failure::new(Exit::Io, what));
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

fn write(out: &mut impl Write, known: BTreeMap<String, Was>) -> io::Result<()> {
    writeln!(out, "{}", serde_json::to_string(&Head { schema: SCHEMA.to_owned() })?)?;
    for (domain, was) in known {
        writeln!(out, "{}", serde_json::to_string(&Line { domain, was })?)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(target: &str) -> Was {
        Was { mx: Some(vec![(10, target.to_owned())]), sts: None }
    }

    #[test]
    fn what_is_pinned_stays_and_the_rest_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut state = State::read(&path, false).unwrap();
        assert_eq!(state.before("example.org"), Was::default());
        state.note("example.org", records("a.example.net"));
        state.end().unwrap();
        for (pinned, now) in [(true, "a.example.net"), (false, "b.example.net")] {
            let mut state = State::read(&path, pinned).unwrap();
            assert_eq!(state.before("example.org"), records("a.example.net"));
            state.note("example.org", records("b.example.net"));
            assert_eq!(state.before("example.org"), records(now));
            state.end().unwrap();
        }
    }

    #[test]
    fn who_writes_at_the_same_time_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let domains: Vec<String> = (0..16).map(|n| format!("n{n}.org")).collect();
        // All have read it before the first of them writes.
        let all: Vec<State> = domains.iter().map(|_| State::read(&path, false).unwrap()).collect();
        std::thread::scope(|scope| {
            for (mut state, domain) in all.into_iter().zip(&domains) {
                scope.spawn(move || {
                    state.note(domain, records("a.example.net"));
                    state.end().unwrap();
                });
            }
        });
        let state = State::read(&path, false).unwrap();
        for domain in &domains {
            assert_eq!(state.before(domain), records("a.example.net"), "{domain}");
        }
    }

    #[test]
    fn one_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = alone(&folder.path().join("state")).unwrap();
        let other = File::open(folder.path()).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        assert!(other.try_lock().is_ok());
    }

    /// Of a pinned file the policy is remembered all the same; what is not known now stays.
    #[test]
    fn a_policy_is_remembered_beside_the_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let old =
            format!("{{\"schema\":\"{SCHEMA}\"}}\n{{\"domain\":\"a.org\",\"mx\":[[1,\"b\"]]}}\n");
        std::fs::write(&path, old).unwrap();
        let mark = |id: &str| Some(StsMark { id: id.to_owned(), policy: "00".to_owned() });
        let mut state = State::read(&path, true).unwrap();
        state.note("a.org", Was { mx: Some(Vec::new()), sts: mark("1") });
        state.note("a.org", Was { mx: None, sts: mark("2") });
        state.note("a.org", Was::default());
        state.end().unwrap();
        let state = State::read(&path, false).unwrap();
        let was = Was { mx: Some(vec![(1, "b".to_owned())]), sts: mark("2") };
        assert_eq!(state.before("a.org"), was);
    }

    #[test]
    fn what_is_not_ours_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let head = format!("{{\"schema\":\"{SCHEMA}\"}}\n");
        for (text, line) in [
            (String::new(), 1),
            ("hello\n".to_owned(), 1),
            ("{\"schema\":\"other\"}\n".to_owned(), 1),
            (format!("{head}{{}}\n"), 2),
            (format!("{head}{{\"domain\":\"a.org\",\"mx\":\"b\"}}\n"), 2),
            (format!("{head}{}\n", "x".repeat(2 << 20)), 2),
        ] {
            std::fs::write(&path, &text).unwrap();
            let Err(failure) = State::read(&path, false) else { panic!("{text:.50}") };
            assert_eq!(failure.exit, Exit::Data);
            assert!(failure.what.contains(&format!("state:{line}: ")), "{}", failure.what);
        }
    }
}
