//! For pipes. mxcheck(1) has the fields.

use std::io::{self, Write};

use super::{Trouble, Wording};
use crate::finding::Assessment;
use crate::report::harmless;

/// An object a line.
pub(super) struct Jsonl;

/// One object, or an array where there may be several domains.
pub(super) struct Json {
    many: bool,
    told: usize,
}

impl Json {
    pub(super) fn new(many: bool) -> Json {
        Json { many, told: 0 }
    }
}

fn line(assessment: &Assessment) -> io::Result<String> {
    Ok(harmless(&serde_json::to_string(assessment)?).into_owned())
}

impl Wording for Jsonl {
    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        writeln!(out, "{}", harmless(&serde_json::to_string(trouble)?))
    }

    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        writeln!(out, "{}", line(assessment)?)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

impl Wording for Json {
    fn bail_out(&mut self, out: &mut dyn Write, trouble: &Trouble) -> io::Result<()> {
        let one = harmless(&serde_json::to_string_pretty(trouble)?).into_owned();
        if self.many { writeln!(out, "[{one}]") } else { writeln!(out, "{one}") }
    }

    fn add(&mut self, out: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        let lead = match (self.many, self.told) {
            (false, _) => "",
            (true, 0) => "[",
            (true, _) => ",\n ",
        };
        self.told += 1;
        write!(out, "{lead}{}", line(assessment)?)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let tail = match (self.many, self.told) {
            (true, 0) => "[]\n",
            (true, _) => "]\n",
            (false, 0) => "",
            (false, _) => "\n",
        };
        out.write_all(tail.as_bytes())
    }
}
