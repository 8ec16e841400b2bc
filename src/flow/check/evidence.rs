//! Facts in a file: what `--save` writes and `--replay` reads. The first line says what was expected, each
//! other line is what was found out about one domain.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::translate::MOST_RECORDS;
use crate::check::facts::{Fetched, SCHEMA};
use crate::check::{Expectation, Facts};

/// A longer line is none of ours: a domain's facts are some hundred answers.
const LONGEST_LINE: u64 = 32 << 20;

/// More answers on one domain are none of ours.
const MOST_ANSWERS: usize = 20_000;

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
        writeln!(self.0, "{}", serde_json::to_string(facts)?)
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
            answers: Vec::new(),
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
        let file = format!("{head}\n{facts}\n");
        let read = Reader::new(file.as_bytes()).and_then(|mut reader| reader.next_facts());
        let told = "more records than an answer has";
        assert!(matches!(read, Err(Unreadable::Format(2, what)) if what == told));
    }
}
