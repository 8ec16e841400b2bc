//! What is asked of a server, rule by rule, and what it says.
//!
//! | file | holds |
//! |---|---|
//! | `server.probe`, `provider.probe`, `customer.probe` | the rules that a talk shows, with their talks |
//! | `survey` | the rules that are read off what any talk brings: the greeting, the list of extensions, every reply |
//! | `delays` | how long answers take |
//! | [`content`] | the rules for what becomes of a content |
//! | [`kind`] | what a server is for, and what is different then |
//! | `veil` | what was said, without what somebody said to log in |
//! | `secure` | those for TLS |
//! | [`likeness`] | whether a login that is refused tells who exists |
//! | `provider` | those that are read off what a provider offers |
//! | [`customer`] | the rules for a customer that calls |
//! | [`reversed`] | the rules for a provider that has turned the line |
//! | [`posted`] | those that need a letter of ours to come through it |

pub mod content;
pub mod customer;
mod delays;
pub mod kind;
pub mod likeness;
pub mod posted;
mod provider;
pub mod reversed;
mod secure;
mod survey;
mod veil;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

pub use provider::{mechanisms, provider_rules};
pub use secure::{Aspects, Dane, Tlsa};
pub use survey::{Rule, Survey, TlsSeen, rules, rules_for};

use super::script::{self, Answer, Level, Need, Outcome, Probe, Side, Verdict, Word};
use crate::finding::{
    About, Assessment, Conclusion, Expected, Finding, OF_RULES, Severity, Status,
};
use crate::smtp::escape::Escaped;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A server that takes mail.
    Server,
    /// A server that hands mail over.
    Provider,
    /// A client that fetches it.
    Customer,
}

impl Role {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Role::Server => "server",
            Role::Provider => "provider",
            Role::Customer => "customer",
        }
    }
}

/// The rules that a talk with a provider shows.
pub fn provider_probes() -> &'static [Probe] {
    static PROBES: LazyLock<Vec<Probe>> =
        LazyLock::new(|| script::read(include_str!("provider.probe")).unwrap_or_default());
    &PROBES
}

/// The rules that a talk with a customer shows, once the line has turned.
pub fn customer_probes() -> &'static [Probe] {
    static PROBES: LazyLock<Vec<Probe>> =
        LazyLock::new(|| script::read(include_str!("customer.probe")).unwrap_or_default());
    &PROBES
}

/// The rules that a talk shows.
pub fn probes() -> &'static [Probe] {
    static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(|| {
        // A test reads it; a text that cannot be read would be no catalogue at all.
        script::read(include_str!("server.probe")).unwrap_or_default()
    });
    &PROBES
}

/// A row of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The name that never changes.
    pub id: String,
    /// The part of it before the dot.
    pub group: String,
    /// Who is asked.
    pub role: Role,
    /// The rule, as a statement that should be true.
    pub title: String,
    /// How much it matters.
    pub severity: Level,
    /// Where it is written.
    pub spec: Vec<String>,
    /// What to do about it.
    pub fix: String,
    /// The quirk of Exchange 2003 that it is.
    pub quirk: Option<String>,
    /// What has to be allowed: keywords, `data`, `intrusive`, `slow`.
    pub needs: Vec<String>,
    /// The talk, where there is one.
    pub talk: Option<String>,
}

/// What a rule is, however it is tried.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// The name that never changes.
    pub id: &'static str,
    /// The rule, as a statement that should be true.
    pub title: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Where it is written.
    pub spec: &'static [&'static str],
    /// What to do about it.
    pub fix: &'static str,
    /// The quirk of Exchange 2003 that it is.
    pub quirk: Option<&'static str>,
}

impl Head {
    /// Of a rule that is no quirk.
    pub(crate) const fn new(
        id: &'static str,
        title: &'static str,
        level: Level,
        spec: &'static [&'static str],
        fix: &'static str,
    ) -> Head {
        Head { id, title, level, spec, fix, quirk: None }
    }
}

impl Row {
    /// Of a talk.
    pub fn of(role: Role, probe: &Probe) -> Row {
        Row {
            id: probe.id.clone(),
            group: probe.group().to_owned(),
            role,
            title: probe.title.clone(),
            severity: probe.level,
            spec: probe.spec.clone(),
            fix: probe.fix.clone(),
            quirk: probe.quirk.clone(),
            needs: needs_of(probe),
            talk: Some(probe.text.clone()),
        }
    }

    fn new(
        role: Role,
        head: &Head,
        needs: impl Iterator<Item = &'static str>,
        talk: Option<&str>,
    ) -> Row {
        Row {
            id: head.id.to_owned(),
            group: group_of(head.id),
            role,
            title: head.title.to_owned(),
            severity: head.level,
            spec: head.spec.iter().map(|&spec| spec.to_owned()).collect(),
            fix: head.fix.to_owned(),
            quirk: head.quirk.map(str::to_owned),
            needs: needs.map(str::to_owned).collect(),
            talk: talk.map(|talk| format!("{talk}\n")),
        }
    }

    /// Of a rule of the survey.
    pub fn of_rule(role: Role, rule: &Rule) -> Row {
        Row::new(role, &rule.head, std::iter::empty(), None)
    }

    /// Of a rule for what becomes of a content.
    pub fn of_trial(trial: &content::Trial) -> Row {
        let needs = ["data", "sink"].into_iter().chain(trial.offers);
        Row::new(Role::Server, &trial.head, needs, Some(trial.talk))
    }

    /// Of a rule for a provider that has turned the line.
    pub fn of_scene(scene: &reversed::Scene) -> Row {
        let needs = std::iter::once("turn").chain(scene.needs.iter().copied());
        Row::new(Role::Provider, &scene.head, needs, Some(scene.talk))
    }

    /// Of a rule that is asked by letters of our own.
    pub fn of_errand(errand: &posted::Errand) -> Row {
        Row::new(Role::Provider, &errand.head, ["turn", "submit"].into_iter(), Some(errand.talk))
    }

    /// Of a rule that shows in a customer's surroundings.
    pub fn of_affair(affair: &customer::affair::Affair) -> Row {
        Row::new(Role::Customer, &affair.head, affair.needs.iter().copied(), Some(affair.talk))
    }

    /// Of a rule for a customer that calls.
    pub fn of_case(case: &customer::Case) -> Row {
        Row::new(Role::Customer, &case.head, case.needs.iter().copied(), Some(case.talk))
    }
}

/// What has to be allowed, and for which kinds of servers it is.
fn needs_of(probe: &Probe) -> Vec<String> {
    let kinds = probe.kinds.iter().map(|kind| format!("profile {kind}"));
    probe.needs.iter().map(Need::to_string).chain(kinds).collect()
}

fn group_of(id: &str) -> String {
    id.split_once('.').map_or(id, |(group, _)| group).to_owned()
}

/// Every row for one who is asked: first what is read off the greeting and the replies, then what is asked, as
/// it is asked.
pub fn catalogue_of(role: Role) -> Vec<Row> {
    let (surveyed, talks) = match role {
        Role::Server => (rules(), probes()),
        Role::Provider => (provider_rules(), provider_probes()),
        Role::Customer => (&[][..], customer_probes()),
    };
    let surveyed = surveyed.iter().map(|rule| Row::of_rule(role, rule));
    let talks = talks.iter().map(|probe| Row::of(role, probe));
    let scenes = match role {
        Role::Provider => reversed::scenes(),
        Role::Server | Role::Customer => &[],
    };
    let calls = match role {
        Role::Customer => customer::cases(),
        Role::Server | Role::Provider => &[],
    };
    let trials = match role {
        Role::Server => content::trials(),
        Role::Provider | Role::Customer => &[],
    };
    let affairs = match role {
        Role::Customer => customer::affair::affairs(),
        Role::Server | Role::Provider => &[],
    };
    let errands = match role {
        Role::Provider => posted::errands(),
        Role::Server | Role::Customer => &[],
    };
    let scenes = scenes.iter().map(Row::of_scene).chain(errands.iter().map(Row::of_errand));
    let scenes = scenes.chain(trials.iter().map(Row::of_trial));
    let scenes = scenes.chain(affairs.iter().map(Row::of_affair));
    calls.iter().map(Row::of_case).chain(surveyed).chain(talks).chain(scenes).collect()
}

/// The rules for servers that a customer can be asked through a line that it has turned: it is a server there. Not
/// what is said too early: that comes with the answer to ATRN or behind the greeting, as it happens.
pub fn suite_through_the_turn() -> impl Iterator<Item = &'static Probe> {
    let is_possible = |probe: &&Probe| {
        let moves = &probe.moves;
        let calls = |one: &script::Move| {
            matches!(one, script::Move::Anew(_) | script::Move::Shut | script::Move::Secure(_))
        };
        use script::Start::{Login, Ready, Tls};
        let has_tls = matches!(probe.start, Tls | Ready | Login);
        probe.id != "greet.early" && !has_tls && probe.kinds.is_empty() && !moves.iter().any(calls)
    };
    probes().iter().filter(is_possible)
}

/// Every row there is.
pub fn catalogue() -> Vec<Row> {
    let roles = [Role::Server, Role::Provider, Role::Customer].into_iter();
    roles.flat_map(catalogue_of).chain(super::identity::rows()).collect()
}

/// What came of one rule. `odmr.probe.result/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// `odmr.probe.result/1`
    pub schema: &'static str,
    /// The rule.
    pub id: String,
    /// The part of it before the dot.
    pub group: String,
    /// Who was asked.
    pub role: Role,
    /// Where the rule is written.
    pub spec: Vec<String>,
    /// How much it matters.
    pub severity: Level,
    /// What came of it.
    pub outcome: Outcome,
    /// What was expected, where it came otherwise.
    pub expected: Option<String>,
    /// What came.
    pub got: Option<Got>,
    /// The rule, as a statement that should be true.
    pub title: String,
    /// What is wrong, or why it was not tried; empty where all is right.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// The quirk of Exchange 2003 that it is.
    pub quirk: Option<String>,
    /// What was said.
    pub transcript: Vec<Line>,
    /// How long it took, milliseconds.
    pub ms: u64,
    /// Over which line of the run, counted from one; zero where none was needed.
    pub conn: u32,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Got {
    /// The code of a reply.
    pub code: Option<u16>,
    /// Its status.
    pub enhanced: Option<String>,
    /// Its lines, or what came instead, in words.
    pub text: Vec<String>,
}

impl Got {
    fn of(answer: &Answer) -> Got {
        match answer {
            Answer::Reply(reply) => Got {
                code: Some(reply.code),
                enhanced: reply.enhanced.map(|status| status.to_string()),
                text: reply.text.lines().take(64).map(str::to_owned).collect(),
            },
            Answer::Line(line) => Got { code: None, enhanced: None, text: vec![line.clone()] },
            other => Got { code: None, enhanced: None, text: vec![other.to_string()] },
        }
    }
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Seconds since the talk began.
    pub t: f64,
    /// `>` is ours, `<` the server's.
    pub dir: char,
    /// Under TLS?
    pub tls: bool,
    /// The octets, in base64, for CR, LF and NUL where none should be.
    pub raw: String,
}

impl Line {
    /// What was said, as it is kept.
    pub fn of(word: &Word) -> Line {
        Line {
            t: (word.at.as_secs_f64() * 1e3).round() / 1e3,
            dir: if word.side == Side::Ours { '>' } else { '<' },
            tls: word.tls,
            raw: STANDARD.encode(&word.octets),
        }
    }

    /// The octets.
    pub fn octets(&self) -> Vec<u8> {
        STANDARD.decode(&self.raw).unwrap_or_default()
    }
}

impl Record {
    /// The keys of its JSON, with what they mean.
    pub const FIELDS: &[(&str, &str)] = &[
        ("schema", "\"odmr.probe.result/1\"; the last line of --json is an odmr.probe.summary/1."),
        ("id", "The rule; group is the part before its dot."),
        ("role", "Who was asked: server, provider or customer."),
        ("spec", "Where the rule is written."),
        ("severity", "security, must, should, interop or info."),
        ("outcome", "pass, warn, fail, skip (not tried) or inconclusive (not found out)."),
        ("expected", "What was expected, where it came otherwise, or null."),
        ("got", "What came: code, enhanced, text (its lines); or null."),
        ("title", "The rule, as a statement that should be true."),
        ("why", "What is wrong, or why it was not tried."),
        ("fix", "What to do about it."),
        ("quirk", "The quirk of Exchange 2003 that it is, or null."),
        (
            "transcript",
            "What was said: t (seconds), dir (> ours, < the server's), tls, raw (base64).",
        ),
        ("ms", "How long it took; conn is the number of the line it was asked on."),
    ];

    /// What a rule came to.
    pub fn new(row: Row, verdict: Verdict, words: &[Word], ms: u64, conn: u32) -> Record {
        let (words, secrets) = veil::without_secrets(words);
        let shown = |text: String| secrets.hidden(&text);
        let mut got = verdict.got.as_ref().map(Got::of);
        got.iter_mut().flat_map(|got| &mut got.text).for_each(|line| *line = secrets.hidden(line));
        Record {
            schema: "odmr.probe.result/1",
            id: row.id,
            group: row.group,
            role: row.role,
            spec: row.spec,
            severity: row.severity,
            outcome: verdict.outcome,
            expected: verdict.expected,
            got,
            title: row.title,
            why: shown(verdict.why),
            fix: row.fix,
            quirk: row.quirk,
            transcript: words.iter().map(Line::of).collect(),
            ms,
            conn,
        }
    }
}

impl Record {
    /// Mail waited, nothing of it was taken, and it is there no more. That is against RFC 5321, section 6.1, whatever
    /// else the rule is about.
    pub fn of_mail_that_is_gone(self) -> Record {
        let gone = reversed::judge_lost();
        Record {
            outcome: gone.outcome,
            severity: self.severity.max(Level::Must),
            expected: gone.expected,
            got: gone.got.as_ref().map(Got::of),
            why: gone.why,
            ..self
        }
    }
}

/// Is there something to say of it?
pub fn is_amiss(record: &Record) -> bool {
    matches!(record.outcome, Outcome::Fail | Outcome::Warn | Outcome::Inconclusive)
}

/// What was said, a line of it each, as it may be shown: `C: NOOP`, `S: 250 ok`.
pub fn shown_line(line: &Line) -> Vec<String> {
    let who = if line.dir == '>' { 'C' } else { 'S' };
    shown_octets(line).into_iter().map(|text| format!("{who}: {text}")).collect()
}

/// The same, without who said it.
pub fn shown_octets(line: &Line) -> Vec<String> {
    let octets = line.octets();
    let pieces = octets.split_inclusive(|octet| *octet == b'\n').take(100);
    let shown = |piece: &[u8]| {
        let (text, end) = match piece.strip_suffix(b"\r\n") {
            Some(text) => (text, ""),
            None => (piece, " (no CRLF)"),
        };
        let text = Escaped(&text[..text.len().min(200)]);
        format!("{text}{end}")
    };
    pieces.map(shown).collect()
}

/// How many rules came to what. `odmr.probe.summary/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// `odmr.probe.summary/1`
    pub schema: &'static str,
    /// The server.
    pub target: String,
    /// Kept.
    pub pass: usize,
    /// Not kept.
    pub fail: usize,
    /// Not kept, in a way that is put up with.
    pub warn: usize,
    /// Not tried.
    pub skip: usize,
    /// Not found out.
    pub inconclusive: usize,
}

impl Summary {
    /// Counts.
    pub fn of(target: &str, records: &[Record]) -> Summary {
        let count = |outcome| records.iter().filter(|record| record.outcome == outcome).count();
        Summary {
            schema: "odmr.probe.summary/1",
            target: target.to_owned(),
            pass: count(Outcome::Pass),
            fail: count(Outcome::Fail),
            warn: count(Outcome::Warn),
            skip: count(Outcome::Skip),
            inconclusive: count(Outcome::Inconclusive),
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: of {} rules {} kept, {} not, {} put up with, {} not found out, {} not tried",
            self.target,
            self.pass + self.fail + self.warn + self.inconclusive + self.skip,
            self.pass,
            self.fail,
            self.warn,
            self.inconclusive,
            self.skip,
        )
    }
}

/// Rows as reports want them. They are there for as long as the process is: once in one is enough.
pub fn abouts(rows: Vec<Row>) -> Vec<&'static About> {
    let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let about = |row: Row| -> &'static About {
        let rfc: Vec<&'static str> = row.spec.into_iter().map(text).collect();
        Box::leak(Box::new(About {
            id: text(row.id),
            title: text(row.title),
            severity: row.severity.grade(),
            rfc: Vec::leak(rfc),
            why: "",
            remedy: text(row.fix),
            blocked_by: &[],
        }))
    };
    rows.into_iter().map(about).collect()
}

/// What came of everything, as reports want it. `known` has all of its rules.
pub fn assessment(
    target: &str,
    records: &[Record],
    known: &[&'static About],
    fail_on: Severity,
    now: jiff::Timestamp,
) -> Assessment {
    let finding = |record: &Record| {
        let about = known.iter().find(|about| about.id == record.id)?;
        Some(Finding {
            id: about.id,
            severity: record.severity.grade(),
            status: match record.outcome {
                Outcome::Pass => Status::Ok,
                Outcome::Fail => Status::Fail,
                Outcome::Warn => Status::Info,
                Outcome::Skip => Status::Skipped,
                Outcome::Inconclusive => Status::Unknown,
            },
            subject: target.to_owned(),
            message: if record.why.is_empty() {
                about.title.to_owned()
            } else {
                record.why.clone()
            },
            got: record.got.as_ref().map(|got| got.text.join(" / ")),
            want: record.expected.clone(),
            rfc: about.rfc,
            remedy: is_amiss(record).then(|| record.fix.clone()),
            evidence: Vec::new(),
            blocked_by: None,
            ms: record.ms,
        })
    };
    let checks: Vec<Finding> = records.iter().filter_map(finding).collect();
    let bad = checks.iter().filter(|finding| finding.status == Status::Fail);
    let worst = bad.map(|finding| finding.severity).max();
    Assessment {
        schema: OF_RULES,
        domain: target.to_owned(),
        checked_at: now,
        role: records.first().map_or(Role::Server, |record| record.role).word(),
        expected: Expected::default(),
        verdict: if worst >= Some(fail_on) { Conclusion::Fail } else { Conclusion::Ok },
        worst,
        summary: crate::finding::Summary::of(&checks),
        mx: Vec::new(),
        vantages: Vec::new(),
        calls: Vec::new(),
        checks,
        watch: None,
    }
}

#[cfg(test)]
mod tests;
