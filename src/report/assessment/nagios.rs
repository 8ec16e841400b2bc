//! One line for Nagios, Icinga and the like, with figures behind a bar; details in the lines after it. In
//! the form of the Monitoring Plugins' guidelines.

use std::io::{self, Write};

use super::{Wish, Wording, amiss};
use crate::finding::{Assessment, Class, Conclusion, Expected, Severity};
use crate::smtp::escape::Escaped;

/// The first line is cut before this, for pagers.
const WIDEST: usize = 80;
/// More details nobody reads who is woken by it; and the daemons cut them off.
const MOST_DETAILS: usize = 500;

pub(super) struct Nagios {
    wish: Wish,
    state: State,
    first: Option<String>,
    details: Vec<String>,
    /// So many there would be more.
    untold: usize,
    domains: usize,
    bypass: usize,
    ttl: Option<u32>,
    cert_days: Option<i64>,
}

/// How bad all is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Ok,
    Warning,
    Unknown,
    Critical,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Warning => "WARNING",
            State::Unknown => "UNKNOWN",
            State::Critical => "CRITICAL",
        }
    }
}

impl Nagios {
    pub(super) fn new(wish: Wish) -> Nagios {
        Nagios {
            wish,
            state: State::Ok,
            first: None,
            details: Vec::new(),
            untold: 0,
            domains: 0,
            bypass: 0,
            ttl: None,
            cert_days: None,
        }
    }

    fn of(&self, verdict: Conclusion, worst: Option<Severity>) -> State {
        match (verdict, worst) {
            (Conclusion::NoDomain, _) => State::Critical,
            (Conclusion::Unreachable, _) => State::Unknown,
            (_, Some(worst)) if worst >= self.wish.fail_on => State::Critical,
            (Conclusion::Unknown, _) => State::Unknown,
            (_, Some(worst)) if worst >= Severity::Warning && !self.wish.warnings_are_ok => {
                State::Warning
            }
            _ => State::Ok,
        }
    }

    fn add_one(&mut self, assessment: &Assessment) {
        self.domains += 1;
        let state = self.of(assessment.verdict, assessment.worst);
        let told = amiss(assessment);
        let domain = &assessment.domain;
        let strays = strays(assessment);
        let line = match (told.first(), state) {
            (_, State::Unknown) => {
                let unclear =
                    assessment.checks.iter().find(|f| f.status == crate::finding::Status::Unknown);
                let why = unclear.map_or("not found out", |finding| finding.message.as_str());
                format!("{domain}: {why}")
            }
            (Some(worst), State::Critical | State::Warning) => {
                format!("{domain}: {}", worst.message)
            }
            _ if assessment.expected == Expected::default() => {
                format!("{domain}: nothing is wrong; no server was expected")
            }
            (Some(worst), State::Ok) if strays > 0 || assessment.verdict == Conclusion::Fail => {
                let of_routing = told.iter().find(|finding| finding.id.starts_with("mx."));
                format!("{domain}: {}", of_routing.unwrap_or(worst).message)
            }
            _ => format!("{domain}: mail goes where it should"),
        };
        if self.first.is_none() || state > self.state {
            self.first = Some(line);
        }
        self.state = self.state.max(state);
        for finding in told {
            if self.details.len() == MOST_DETAILS {
                self.untold += 1;
                continue;
            }
            let (word, id) = (finding.severity.word(), finding.id);
            self.details.push(format!("{domain}: {word}: {id}: {}", finding.message));
        }
        self.bypass += strays;
        let ttl = assessment.mx.iter().map(|route| route.ttl).min();
        self.ttl = [self.ttl, ttl].into_iter().flatten().min();
        let days = assessment.calls.iter().filter_map(|call| call.cert_days);
        self.cert_days = self.cert_days.into_iter().chain(days).min();
    }
}

/// How many records lead somewhere else than they should.
fn strays(assessment: &Assessment) -> usize {
    let is_stray = |class: Class| !matches!(class, Class::Expected | Class::Allowed | Class::Any);
    assessment.mx.iter().filter(|route| is_stray(route.class)).count()
}

/// A bar would begin the figures, and a line's end the details.
fn plain(text: &str) -> String {
    Escaped::text(text).to_string().replace('|', "/")
}

fn cut(text: String) -> String {
    match text.chars().count() > WIDEST {
        true => text.chars().take(WIDEST - 3).chain("...".chars()).collect(),
        false => text,
    }
}

impl Wording for Nagios {
    fn add(&mut self, _: &mut dyn Write, assessment: &Assessment) -> io::Result<()> {
        self.add_one(assessment);
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let first = self.first.take().unwrap_or_else(|| "no domain was checked".to_owned());
        let line = cut(plain(&format!("MX {} - {first}", self.state.word())));
        let ttl = self.ttl.map(|ttl| format!(" 'ttl'={ttl}s")).unwrap_or_default();
        let days = self.cert_days.map(|days| format!(" 'cert_days'={days};21:;7:"));
        let days = days.unwrap_or_default();
        writeln!(out, "{line} | 'bypass'={};0;0;0{days}{ttl}", self.bypass)?;
        for detail in &self.details {
            writeln!(out, "{}", plain(detail))?;
        }
        match self.untold {
            0 => Ok(()),
            more => writeln!(out, "and {more} more"),
        }
    }
}

/// How such a plugin ends, by what it has to tell of all domains: 0, 1, 2, or 3.
pub fn plugin_exit(told: &[(Conclusion, Option<Severity>)], wish: Wish) -> u8 {
    let nagios = Nagios::new(wish);
    match told.iter().map(|(verdict, worst)| nagios.of(*verdict, *worst)).max() {
        None | Some(State::Unknown) => 3,
        Some(State::Ok) => 0,
        Some(State::Warning) => 1,
        Some(State::Critical) => 2,
    }
}
