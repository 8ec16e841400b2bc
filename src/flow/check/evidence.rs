//! Facts in a file: what `--save` writes and `--replay` reads. The first line says what was expected, each
//! other line is what was found out about one domain.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::translate::MOST_RECORDS;
use crate::check::facts::{Answer, Fetched, SCHEMA};
use crate::check::{Expectation, Facts};
use crate::probe::Call;

/// A longer line is none of ours: a domain's facts are some hundred answers.
const LONGEST_LINE: u64 = 32 << 20;

/// More answers on one domain are none of ours.
pub(super) const MOST_ANSWERS: usize = 20_000;

/// A domain's answers are not longer, written down: there is room in the line for the rest.
pub(super) const MOST_OCTETS: u64 = LONGEST_LINE - (1 << 20);

/// How long an answer is, written down, whatever name it will have.
pub(super) fn octets(answer: &Answer) -> u64 {
    /// Its name, and the comma behind it.
    const NAME: u64 = 16;
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0 += octets.len() as u64;
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(NAME);
    match serde_json::to_writer(&mut count, answer) {
        Ok(()) => count.0,
        Err(_) => u64::MAX,
    }
}

/// More calls, and more questions in one of them, neither.
const MOST_CALLS: usize = 200;
const MOST_EXCHANGES: usize = 1_000;

/// A longer policy of MTA-STS nobody fetched, octets: each that is no text becomes three.
const LONGEST_PAGE: usize = 3 * 64 * 1024;

#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
    expected: Expectation,
    /// Were several domains asked about, or may there have been?
    #[serde(default)]
    several: bool,
}

/// Writes facts down.
pub struct Writer<W: Write>(W);

impl<W: Write> Writer<W> {
    /// Begins, with what is expected, and whether it is a list of domains.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn new(mut out: W, expected: &Expectation, several: bool) -> io::Result<Writer<W>> {
        let head = Head { schema: SCHEMA.to_owned(), expected: expected.clone(), several };
        writeln!(out, "{}", serde_json::to_string(&head)?)?;
        Ok(Writer(out))
    }

    /// Adds a domain's facts.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn add(&mut self, facts: &Facts) -> io::Result<()> {
        let line = serde_json::to_string(facts)?;
        if line.len() as u64 >= LONGEST_LINE || facts.answers.len() > MOST_ANSWERS {
            let what = format!("more was found out about {} than --replay reads", facts.domain);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        writeln!(self.0, "{line}")
    }

    /// Ends, and gives back where it wrote to.
    ///
    /// # Errors
    /// What writing has to say.
    pub fn end(mut self) -> io::Result<W> {
        self.0.flush()?;
        Ok(self.0)
    }
}

/// Reads facts that were written down.
pub struct Reader<R: BufRead> {
    lines: R,
    at: usize,
    /// What was expected when they were gathered.
    pub expected: Expectation,
    /// Is it about a list of domains?
    pub several: bool,
}

/// Why a file cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The system would not.
    Io(io::Error),
    /// It is not what we write: in this line, because of this.
    Format(usize, String),
}

impl<R: BufRead> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// It is none of ours, or cannot be read.
    pub fn new(lines: R) -> Result<Reader<R>, Unreadable> {
        let expected = Expectation::default();
        let mut reader = Reader { lines, at: 0, expected, several: false };
        let line = reader.line()?.ok_or(Unreadable::Format(1, "the file is empty".to_owned()))?;
        let head: Head = parse(1, &line)?;
        if head.schema != SCHEMA {
            let schema: String = head.schema.chars().take(60).collect();
            let what = format!("the schema is {schema:?}; expected {SCHEMA}");
            return Err(Unreadable::Format(1, what));
        }
        if let Some(what) = head.expected.is_too_much() {
            return Err(Unreadable::Format(1, what));
        }
        (reader.expected, reader.several) = (head.expected, head.several);
        Ok(reader)
    }

    fn line(&mut self) -> Result<Option<String>, Unreadable> {
        let mut line = String::new();
        self.at += 1;
        let mut bounded = io::Read::take(&mut self.lines, LONGEST_LINE);
        match bounded.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) if line.ends_with('\n') || (line.len() as u64) < LONGEST_LINE => Ok(Some(line)),
            Ok(_) => Err(Unreadable::Format(self.at, "the line is too long".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Unreadable::Format(self.at, "it is no text in UTF-8".to_owned()))
            }
            Err(error) => Err(Unreadable::Io(error)),
        }
    }

    /// The next domain's facts.
    ///
    /// # Errors
    /// They are none, or cannot be read.
    pub fn next_facts(&mut self) -> Result<Option<Facts>, Unreadable> {
        match self.line()? {
            None => Ok(None),
            Some(line) => {
                let facts: Facts = parse(self.at, &line)?;
                match is_too_much(&facts) {
                    Some(what) => Err(Unreadable::Format(self.at, what.to_owned())),
                    None => Ok(Some(facts)),
                }
            }
        }
    }
}

/// No domain has as many answers, and no answer as many records, as we would have to work through.
fn is_too_much(facts: &Facts) -> Option<&'static str> {
    let replies = facts.answers.iter().filter_map(|answer| answer.reply());
    let mut sections =
        replies.flat_map(|reply| [&reply.answer, &reply.authority, &reply.additional]);
    if facts.answers.len() > MOST_ANSWERS {
        return Some("more answers than anybody gets");
    }
    let is_endless = |call: &Call| {
        let chain = call.tls.as_ref().map_or(0, |tls| tls.chain.len());
        call.said.len() > MOST_EXCHANGES || chain > MOST_CALLS
    };
    if facts.calls.len() > MOST_CALLS || facts.calls.iter().any(is_endless) {
        return Some("more calls than anybody makes");
    }
    if let Some(Fetched::Page { body, .. }) = facts.policy.as_ref().map(|policy| &policy.outcome)
        && body.len() > LONGEST_PAGE
    {
        return Some("a longer policy than anybody reads");
    }
    sections
        .any(|records| records.len() > MOST_RECORDS)
        .then_some("more records than an answer has")
}

fn parse<'a, T: Deserialize<'a>>(at: usize, line: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(line).map_err(|error| {
        let what = error.to_string();
        // It counts lines from the beginning of what it got, which is one line.
        let what = what.replace(" at line 1 column", " at column");
        Unreadable::Format(at, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(domain: &str) -> Facts {
        Facts {
            domain: domain.to_owned(),
            checked_at: jiff::Timestamp::UNIX_EPOCH,
            zone: None,
            parent: None,
            undelegated: false,
            probes: Vec::new(),
            before: None,
            sts_before: None,
            provision: None,
            watched: None,
            answers: Vec::new(),
            calls: Vec::new(),
            policy: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let expected =
            Expectation { servers: vec!["atrn.example.net".into()], ..Default::default() };
        let mut writer = Writer::new(Vec::new(), &expected, true).unwrap();
        for domain in ["example.org", "example.com"] {
            writer.add(&facts(domain)).unwrap();
        }
        let written = writer.end().unwrap();
        let mut reader = Reader::new(written.as_slice()).unwrap();
        assert_eq!((&reader.expected, reader.several), (&expected, true));
        assert_eq!(reader.next_facts().unwrap(), Some(facts("example.org")));
        assert_eq!(reader.next_facts().unwrap(), Some(facts("example.com")));
        assert_eq!(reader.next_facts().unwrap(), None);
    }

    #[test]
    fn what_is_not_ours_is_told_with_its_line() {
        let head = r#"{"schema":"odmr.mxcheck.evidence/1","expected":{}}"#;
        let files: [(&str, usize); 6] = [
            ("", 1),
            ("{\"schema\":\"other/1\",\"expected\":{}}\n", 1),
            ("hello\n", 1),
            (&format!("{head}\n{{\"domain\":7}}\n"), 2),
            (&format!("{head}\n[[[[[\n"), 2),
            (&format!("{head}\n{}\n", "[".repeat(10_000)), 2),
        ];
        for (file, line) in files {
            let read = Reader::new(file.as_bytes()).and_then(|mut reader| reader.next_facts());
            assert!(matches!(read, Err(Unreadable::Format(at, _)) if at == line), "{file:.60}");
        }
        let names = r#""a","#.repeat(200);
        let file = format!(
            r#"{{"schema":"odmr.mxcheck.evidence/1","expected":{{"former":[{names}"a"]}}}}"#
        );
        let told = "201 of one kind are expected; no more than 200 can be";
        let read = Reader::new(file.as_bytes());
        assert!(matches!(read, Err(Unreadable::Format(1, what)) if what == told));
        let read = Reader::new(&b"{\xff\xfe}\n"[..]);
        assert!(matches!(read, Err(Unreadable::Format(1, _))));
        let record = r#"{"name":"a","ttl":1,"data":{"ns":"b"}},"#.repeat(MOST_RECORDS);
        let reply = format!(
            r#"{{"rcode":"NOERROR","aa":true,"octets":1,"answer":[{record}{{"name":"a","ttl":1,"data":{{"ns":"b"}}}}]}}"#
        );
        let server = r#"{"role":"resolver","name":null,"addr":"192.0.2.1"}"#;
        let answer = format!(
            r#"{{"id":"q1","server":{server},"transport":"udp","name":"a","type":"NS","outcome":{{"reply":{reply}}},"ms":1}}"#
        );
        let facts = format!(
            r#"{{"domain":"a","checked_at":"2026-01-01T00:00:00Z","zone":null,"parent":null,"answers":[{answer}]}}"#
        );
        let call = r#"{"id":"s1","purpose":"mx","depth":"connect","host":"a","addr":"192.0.2.1","port":25,"connection":"refused","ms":1}"#;
        let calls = vec![call; MOST_CALLS + 1].join(",");
        let many = format!(
            r#"{{"domain":"a","checked_at":"2026-01-01T00:00:00Z","zone":null,"parent":null,"answers":[],"calls":[{calls}]}}"#
        );
        let file = format!("{head}\n{many}\n");
        let read = Reader::new(file.as_bytes()).and_then(|mut reader| reader.next_facts());
        let told = "more calls than anybody makes";
        assert!(matches!(read, Err(Unreadable::Format(2, what)) if what == told));
        let file = format!("{head}\n{facts}\n");
        let read = Reader::new(file.as_bytes()).and_then(|mut reader| reader.next_facts());
        let told = "more records than an answer has";
        assert!(matches!(read, Err(Unreadable::Format(2, what)) if what == told));
    }
}
