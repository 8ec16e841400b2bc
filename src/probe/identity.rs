//! What a server is, told by how it speaks.
//!
//! ```text
//! S: 220 mx.example.org Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  ...
//! C: RSET
//! S: 250 2.0.0 Ok                 the greeting says Windows, this says Postfix: an imitation, or a proxy
//! ```
//!
//! Signs are looked for in every answer and weighed; the greeting, which anybody can write as he likes, says which
//! of several relatives it is and decides nothing else. What was heard is judged; nothing is tried here, and a hole
//! is told by the number in a greeting alone. The table is `fingerprints.toml`.
//!
//! Where NTLM is offered, a challenge is asked for and no answer given: it names the machine, its domain and the
//! build of Windows.

mod table;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use serde::Serialize;

use super::script::{self, Level, Outcome, Probe, Side, Verdict, Word};
use super::suite::{Line, Role, Row};
use crate::sasl::NtlmTold;
use crate::smtp::ReplyParser;
use crate::smtp::escape::Escaped;
use table::{Hole, Kind, Sign, TABLE};

/// A kind shows at least so much of its behaviour, percent.
const ENOUGH: u32 = 60;
/// Who does not show so much behaves otherwise, percent.
const TOO_LITTLE: u32 = 40;
/// Signs of less weight may be set otherwise, and contradict nobody.
const TELLING: u32 = 20;
/// So much weight of signs has to be asked for at least.
const LEAST_ASKED: u32 = 30;
/// So many others are named.
const MOST_CANDIDATES: usize = 4;
/// So much of an answer is shown, octets.
const MOST_SHOWN: usize = 120;

/// How far it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// What every client says.
    Passive,
    /// And what a client that errs says: an unknown verb, RCPT too early, ATRN without a login.
    Standard,
    /// And for a challenge of NTLM, where that is offered. No answer is given to it.
    Challenged,
}

const STANDARD_TALK: &str =
    concat!(include_str!("identity/talk.probe"), include_str!("identity/leave.probe"));
const CHALLENGED_TALK: &str = concat!(
    include_str!("identity/talk.probe"),
    include_str!("identity/ntlm.probe"),
    include_str!("identity/leave.probe")
);
/// How the first message of NTLM begins, in base64.
const NEGOTIATES: &[u8] = b"TlRMTVNTUAAB";

impl Asks {
    /// The talk that asks it.
    pub fn talk(self) -> Option<Probe> {
        let text = match self {
            Asks::Passive => include_str!("identity/passive.probe"),
            Asks::Standard => STANDARD_TALK,
            Asks::Challenged => CHALLENGED_TALK,
        };
        script::read(text).ok().and_then(|mut probes| probes.pop())
    }
}

/// What is asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// `greeting`, or the verb in small letters; `unknown` for one that nobody has, `challenge` for the first message
    /// of NTLM, `cancel` for its end, and `ntlm` for what the challenge tells.
    pub question: &'static str,
    /// The answer, octet by octet.
    pub octets: Vec<u8>,
}

const QUESTIONS: [&str; 15] = [
    "greeting",
    "ehlo",
    "help",
    "noop",
    "unknown",
    "rcpt",
    "vrfy",
    "mail",
    "rset",
    "atrn",
    "auth",
    "challenge",
    "ntlm",
    "cancel",
    "quit",
];

fn question(said: &[u8]) -> &'static str {
    if said.starts_with(NEGOTIATES) {
        return "challenge";
    }
    if said.starts_with(b"*") {
        return "cancel";
    }
    let verb = said.split(|octet| !octet.is_ascii_alphabetic()).next();
    let verb = String::from_utf8_lossy(verb.unwrap_or_default()).to_ascii_lowercase();
    QUESTIONS.into_iter().find(|known| *known == verb).unwrap_or("unknown")
}

/// What was answered to what.
pub fn answers(words: &[Word]) -> Vec<Answered> {
    let mut all = vec![Answered { question: "greeting", octets: Vec::new() }];
    for word in words {
        match (word.side, all.last_mut()) {
            (Side::Ours, _) => {
                all.push(Answered { question: question(&word.octets), octets: Vec::new() });
            }
            (Side::Theirs, Some(last)) => last.octets.extend_from_slice(&word.octets),
            (Side::Theirs, None) => {}
        }
    }
    all.retain(|answered| !answered.octets.is_empty());
    all
}

/// The challenge of NTLM that was said, as a message of it; nothing, where none was. Some say it at once.
pub fn challenge(words: &[Word]) -> Option<Vec<u8>> {
    let answers = answers(words);
    let mut asked = answers.iter().filter(|one| ["auth", "challenge"].contains(&one.question));
    asked.find_map(|one| {
        let mut octets = BytesMut::from(&one.octets[..]);
        let reply = ReplyParser::default().next(&mut octets).ok().flatten()?;
        let text = reply.text.lines().next().filter(|_| reply.code == 334)?;
        STANDARD.decode(text.trim()).ok().filter(|message| message.starts_with(b"NTLMSSP\0"))
    })
}

/// What a challenge of NTLM tells, in a line.
pub fn ntlm_line(told: &NtlmTold) -> String {
    let version = told.version.map(|version| version.to_string());
    let parts = [
        ("machine", &told.computer),
        ("domain", &told.domain),
        ("in DNS", &told.dns_computer),
        ("domain in DNS", &told.dns_domain),
        ("Windows", &version),
    ];
    let one = |(name, value): (&str, &Option<String>)| {
        value.as_ref().map(|value| format!("{name} {value}"))
    };
    let told: Vec<String> = parts.into_iter().filter_map(one).collect();
    if told.is_empty() { "no names, no version".to_owned() } else { told.join(", ") }
}

fn answered_by_ntlm(told: &NtlmTold) -> Answered {
    let version = told.version.map_or("none".to_owned(), |version| version.to_string());
    Answered { question: "ntlm", octets: format!("version {version}\n").into_bytes() }
}

/// Where the greeting names another build of Windows. The service has that of the system: 6.0.3790 of 5.2.3790.
fn at_odds(told: &NtlmTold, greeting: &[u8]) -> Option<String> {
    let ours = told.version?;
    let at = memchr::memmem::find(greeting, b"Version: ")? + "Version: ".len();
    let digits = |octet: &&u8| octet.is_ascii_digit() || **octet == b'.';
    let said: Vec<u8> = greeting[at..].iter().take_while(digits).take(40).copied().collect();
    let said = String::from_utf8_lossy(&said).into_owned();
    let build = table::numbers(&said).get(2).copied();
    let differ = build.is_some() && build != table::numbers(&ours.to_string()).get(2).copied();
    differ.then(|| {
        format!("its greeting says {said}, and its NTLM that it is of Windows {ours}: they are not of one machine")
    })
}

/// The first reply in this, and how many octets of it come behind.
fn first_reply(octets: &[u8]) -> Option<(u16, usize)> {
    let mut rest = BytesMut::from(octets);
    let reply = ReplyParser::default().next(&mut rest).ok().flatten()?;
    Some((reply.code, rest.len()))
}

/// What was said that nobody had asked for. Behind it, nobody knows which answer belongs to which question: these
/// are taken out.
fn take_unasked(answers: &mut Vec<Answered>) -> Option<String> {
    let behind = |one: &Answered| first_reply(&one.octets).filter(|(_, behind)| *behind > 0);
    let (at, behind) =
        answers.iter().enumerate().find_map(|(at, one)| Some((at, behind(one)?.1)))?;
    let one = &mut answers[at];
    let surplus = one.octets.split_off(one.octets.len() - behind);
    let shown = Escaped(&surplus[..surplus.len().min(MOST_SHOWN)]).to_string();
    let why =
        format!("it said \"{shown}\" behind its answer to {}, without being asked", one.question);
    answers.truncate(at + 1);
    Some(why)
}

/// What became of ATRN before a login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Turns {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It was refused.
    Refused,
    /// It was granted.
    Granted,
    /// It cannot be told, because of this.
    Unclear(String),
}

impl Turns {
    fn heard(found: &Found<'_>, words: &[Word], unasked: Option<&String>) -> Turns {
        let is_atrn = |word: &Word| word.side == Side::Ours && word.octets.starts_with(b"ATRN");
        if !words.iter().any(is_atrn) {
            return Turns::NotAsked;
        }
        let reply = first_reply(found.heard("atrn")).map(|(code, _)| code);
        match (reply, unasked) {
            (None, Some(why)) => Turns::Unclear(format!("{why}; its answers cannot be told apart")),
            (None, None) => Turns::Unclear("it did not answer ATRN".to_owned()),
            (Some(200..300), _) if found.heard("unknown").starts_with(b"2") => {
                Turns::Unclear("it says yes to ATRN, and to a verb that nobody has".to_owned())
            }
            (Some(200..300), _) => Turns::Granted,
            (Some(400..600), _) => Turns::Refused,
            (Some(code), _) => Turns::Unclear(format!("it says {code} to ATRN")),
        }
    }
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// What it says and what it does agree.
    Sure,
    /// It behaves so, and something speaks against it, or it does not say what it is.
    Likely,
    /// It says that it is something, and behaves otherwise.
    Imitation,
    /// A device on the way overwrites what is said.
    Masked,
    /// It cannot be told.
    Unknown,
}

/// A kind of server, and how well it fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// `exchange2003-ws2003`, `postfix` ...
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
    /// How much of what tells it was found, percent, by weight.
    pub score: u32,
}

/// Something in what was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The sign: `rset.resetting`.
    pub id: &'static str,
    /// Was it there?
    pub found: bool,
    /// What it is.
    pub says: &'static str,
    /// How much it weighs.
    pub weight: u32,
    /// Whose sign it is.
    pub of: Vec<&'static str>,
    /// How that is known.
    pub source: &'static str,
    /// Somebody has seen such a server say so, or its source text.
    pub verified: bool,
}

/// A hole that a version is known to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownHole {
    /// The bulletin.
    pub id: &'static str,
    /// Its number.
    pub cve: &'static str,
    /// The version that the greeting names.
    pub version: String,
    /// What it does.
    pub says: &'static str,
}

/// What a server is. `odmr.probe.identity/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    /// `odmr.probe.identity/1`
    pub schema: &'static str,
    /// The server.
    pub target: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// What it behaves as, where that can be told.
    pub product: Option<Candidate>,
    /// What its greeting says that it is, where it does.
    pub claims: Option<Candidate>,
    /// The other kinds that it resembles.
    pub others: Vec<Candidate>,
    /// What speaks for and against the product, or where there is none, what was found.
    pub evidence: Vec<Evidence>,
    /// What does not fit together, in sentences.
    pub contradictions: Vec<String>,
    /// The holes that the version in the greeting is known for.
    pub holes: Vec<KnownHole>,
    /// It granted ATRN to somebody who had not logged in.
    pub turns_for_anybody: bool,
    /// What its challenge of NTLM tells anybody, where it said one.
    pub ntlm: Option<NtlmTold>,
    /// What was said.
    pub session: Vec<Line>,
    /// What became of ATRN.
    #[serde(skip)]
    turns: Turns,
}

impl Identity {
    /// The keys of its JSON, with what they mean.
    pub const FIELDS: &[(&str, &str)] = &[
        ("schema", "\"odmr.probe.identity/1\"; with --json it is the first line."),
        ("target", "The server."),
        (
            "certainty",
            "sure (what it says and does agree), likely (something speaks against it, or it does not say what it is), \
             imitation (it says that it is something, and behaves otherwise), masked (a device on the way overwrites \
             what is said) or unknown.",
        ),
        ("product", "What it behaves as: id, name and score (percent of what tells it); or null."),
        ("claims", "What its greeting says that it is, in the same form; or null."),
        ("others", "The other kinds that it resembles."),
        (
            "evidence",
            "What speaks for (found) and against the product: id, says, weight, of (the kinds it is a sign of), source, verified (somebody has seen such a server say so, or its source text).",
        ),
        ("contradictions", "What does not fit together, in sentences."),
        ("holes", "What the version in the greeting is known for: id, cve, version, says."),
        ("turns_for_anybody", "It granted ATRN to somebody who had not logged in."),
        (
            "ntlm",
            "What its challenge of NTLM tells anybody: target, computer, domain, dns_computer, dns_domain, dns_tree and version (of Windows), each null where it is not told; or null.",
        ),
        ("session", "What was said, as transcript below."),
    ];

    /// In a line.
    pub fn told(&self) -> String {
        let product = self.product.as_ref().map(|one| format!("{} ({} %)", one.name, one.score));
        let claims = self.claims.as_ref().map(|one| one.name);
        match (self.certainty, product, claims) {
            (Certainty::Sure, Some(product), _) => product,
            (Certainty::Likely, Some(product), _) => format!("likely {product}"),
            (Certainty::Imitation, Some(product), Some(claims)) => {
                format!("{product}, which says that it is {claims}: an imitation, or a proxy")
            }
            (Certainty::Imitation, _, Some(claims)) => {
                format!("not what it says, {claims}: an imitation, or a proxy")
            }
            (Certainty::Masked, ..) => "a device on the way overwrites what is said".to_owned(),
            (_, _, Some(claims)) => {
                format!("it cannot be told; its greeting says {claims}, and nothing else does")
            }
            _ => "it cannot be told".to_owned(),
        }
    }
}

/// How much of what tells a kind was found.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    /// Signs in its behaviour: found, and asked for.
    does: (u32, u32),
    /// Signs in its greeting.
    says: (u32, u32),
}

fn percent((found, asked): (u32, u32)) -> u32 {
    (found * 100).checked_div(asked).unwrap_or(0)
}

impl Score {
    fn behaviour(self) -> u32 {
        if self.does.1 < LEAST_ASKED { 0 } else { percent(self.does) }
    }

    fn whole(self) -> u32 {
        percent((self.does.0 + self.says.0, self.does.1 + self.says.1))
    }
}

/// What was heard, looked through for every sign.
struct Found<'a> {
    answers: &'a [Answered],
    signs: Vec<(&'static Sign, bool)>,
}

impl<'a> Found<'a> {
    fn in_all(answers: &'a [Answered]) -> Found<'a> {
        let heard = |question: &str| answers.iter().find(|one| one.question == question);
        let seen = |sign: &'static Sign| Some((sign, sign.holds(&heard(&sign.at)?.octets)));
        Found { answers, signs: TABLE.signs.iter().filter_map(seen).collect() }
    }

    fn heard(&self, question: &str) -> &[u8] {
        let answered = self.answers.iter().find(|one| one.question == question);
        answered.map_or(&[], |one| &one.octets)
    }

    fn score(&self, kind: &Kind) -> Score {
        let mut score = Score::default();
        for (sign, found) in self.signs.iter().filter(|(sign, _)| sign.is_of(kind)) {
            let sum = if sign.at == "greeting" { &mut score.says } else { &mut score.does };
            sum.0 += if *found { sign.weight } else { 0 };
            sum.1 += sign.weight;
        }
        score
    }

    /// Whom the greeting names: of relatives of whom it says as much, the one that it behaves as.
    fn claimed(
        &self,
        score: impl Fn(&Kind) -> Score,
        product: Option<&'static Kind>,
    ) -> Option<&'static Kind> {
        let kinds = TABLE.kinds.iter().filter(|kind| score(kind).says.0 > 0);
        let first = best(kinds, |kind| score(kind).says.0)?;
        product.filter(|kind| score(kind).says.0 == score(first).says.0).or(Some(first))
    }

    /// Whom it behaves as. Among relatives, the greeting counts too.
    fn behaves(&self, score: impl Fn(&Kind) -> Score) -> Option<&'static Kind> {
        let kinds = || TABLE.kinds.iter().filter(|kind| score(kind).behaviour() >= ENOUGH);
        let first = best(kinds(), |kind| (score(kind).behaviour(), score(kind).whole()))?;
        best(kinds().filter(|kind| kind.family == first.family), |kind| {
            (score(kind).whole(), score(kind).behaviour())
        })
    }

    /// What speaks against a kind, a sentence each.
    fn against(&self, kind: &Kind) -> Vec<String> {
        let told = |(sign, found): &(&Sign, bool)| {
            let what = self.shown(&sign.at);
            match (sign.is_of(kind), found) {
                // Names are often left out of the greeting.
                (true, false) if sign.at == "greeting" => None,
                (true, false) => Some(format!("{} does: {}; it said {what}", kind.name, sign.says)),
                (false, true) if sign.absent.is_none() && !sign.is_also_of(kind) => {
                    Some(format!("{} does not: {} ({what})", kind.name, sign.says))
                }
                _ => None,
            }
        };
        let telling = self.signs.iter().filter(|(sign, _)| sign.weight >= TELLING);
        telling.filter_map(told).collect()
    }

    fn shown(&self, question: &str) -> String {
        let octets = self.heard(question);
        let whole = octets.len() <= MOST_SHOWN;
        let text = Escaped(&octets[..octets.len().min(MOST_SHOWN)]).to_string();
        format!("\"{text}{}\"", if whole { "" } else { "..." })
    }

    fn masks(&self) -> Vec<String> {
        let masks = TABLE.masks.iter().filter(|mask| mask.is.is_match(self.heard(&mask.at)));
        let hint = "what is told here is of the device on the way, not of the server";
        masks.map(|mask| format!("{} ({}); {hint}", mask.says, self.shown(&mask.at))).collect()
    }

    fn holes(&self) -> Vec<KnownHole> {
        let (greeting, ehlo) = (self.heard("greeting"), self.heard("ehlo"));
        TABLE.holes.iter().filter_map(|hole| known_hole(hole, greeting, ehlo)).collect()
    }

    fn evidence(&self, kind: Option<&Kind>) -> Vec<Evidence> {
        let concerns = |(sign, found): &&(&Sign, bool)| match kind {
            Some(kind) => sign.is_of(kind) || *found && sign.absent.is_none(),
            None => *found && sign.absent.is_none(),
        };
        let told = |(sign, found): &(&'static Sign, bool)| Evidence {
            id: &sign.id,
            found: *found,
            says: &sign.says,
            weight: sign.weight,
            of: sign.of.iter().map(String::as_str).collect(),
            source: &sign.source,
            verified: sign.verified,
        };
        self.signs.iter().filter(concerns).map(told).collect()
    }
}

fn best<R: Ord>(
    kinds: impl Iterator<Item = &'static Kind>,
    rank: impl Fn(&Kind) -> R,
) -> Option<&'static Kind> {
    // The first of equals, as the table has them.
    kinds.fold(None, |best, kind| match best {
        Some(other) if rank(other) >= rank(kind) => Some(other),
        _ => Some(kind),
    })
}

fn known_hole(hole: &'static Hole, greeting: &[u8], ehlo: &[u8]) -> Option<KnownHole> {
    let version = hole.version.captures(greeting)?.get(1)?;
    let version = String::from_utf8_lossy(version.as_bytes()).into_owned();
    let number = table::numbers(&version);
    let in_range = (table::numbers(&hole.from)..=table::numbers(&hole.to)).contains(&number);
    let lists = |keyword: &String| memchr::memmem::find(ehlo, keyword.as_bytes()).is_some();
    let fits = hole.offers.as_ref().is_none_or(lists) && !hole.lacks.as_ref().is_some_and(lists);
    (in_range && fits).then(|| KnownHole {
        id: &hole.id,
        cve: &hole.cve,
        version,
        says: &hole.says,
    })
}

/// Tells what a server is. `ntlm` is what [`challenge`] tells.
pub fn identify(target: &str, words: &[Word], ntlm: Option<NtlmTold>) -> Identity {
    let mut answers = answers(words);
    let unasked = take_unasked(&mut answers);
    answers.extend(ntlm.as_ref().map(answered_by_ntlm));
    let found = Found::in_all(&answers);
    let score = |kind: &Kind| found.score(kind);
    let product = found.behaves(score);
    let claims = found.claimed(score, product);
    let masks = found.masks();
    let mut contradictions = match (claims, product) {
        (Some(claims), Some(product)) if claims.family != product.family => {
            let said = found.shown("greeting");
            vec![format!(
                "its greeting says {} ({said}), and it behaves as {}",
                claims.name, product.name
            )]
        }
        _ => Vec::new(),
    };
    let is_false = |claims: &&Kind| {
        let score = score(claims);
        score.does.1 >= LEAST_ASKED && score.behaviour() < TOO_LITTLE
    };
    let is_imitation =
        !contradictions.is_empty() || product.is_none() && claims.as_ref().is_some_and(is_false);
    let judged = if is_imitation { claims } else { product };
    contradictions.extend(judged.map(|kind| found.against(kind)).unwrap_or_default());
    contradictions.extend(ntlm.as_ref().and_then(|ntlm| at_odds(ntlm, found.heard("greeting"))));
    let certainty = match (product, claims) {
        _ if !masks.is_empty() => Certainty::Masked,
        _ if is_imitation => Certainty::Imitation,
        (Some(_), Some(_)) if contradictions.is_empty() => Certainty::Sure,
        (Some(_), _) => Certainty::Likely,
        (None, _) => Certainty::Unknown,
    };
    contradictions.splice(0..0, masks);
    let turns = Turns::heard(&found, words, unasked.as_ref());
    contradictions.extend(unasked);
    let candidate = |kind: &'static Kind| Candidate {
        id: &kind.id,
        name: &kind.name,
        score: score(kind).whole(),
    };
    let chosen = product.map(|kind| kind.id.as_str());
    Identity {
        schema: "odmr.probe.identity/1",
        target: target.to_owned(),
        certainty,
        product: product.map(candidate),
        claims: claims.map(candidate),
        others: others(chosen, candidate),
        evidence: found.evidence(product.or(claims)),
        contradictions,
        holes: found.holes(),
        turns_for_anybody: turns == Turns::Granted,
        ntlm,
        session: words.iter().map(Line::of).collect(),
        turns,
    }
}

fn others(chosen: Option<&str>, candidate: impl Fn(&'static Kind) -> Candidate) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = TABLE.kinds.iter().map(candidate).collect();
    all.retain(|one| Some(one.id) != chosen && one.score >= TOO_LITTLE);
    all.sort_by_key(|one| std::cmp::Reverse(one.score));
    all.truncate(MOST_CANDIDATES);
    all
}

/// The rows of the catalogue that this brings.
pub fn rows() -> Vec<Row> {
    let row = |id: &str, severity, title: &str, spec: &[&str], fix: &str| Row {
        id: id.to_owned(),
        group: "id".to_owned(),
        role: Role::Server,
        title: title.to_owned(),
        severity,
        spec: spec.iter().map(|&spec| spec.to_owned()).collect(),
        fix: fix.to_owned(),
        quirk: None,
        needs: Vec::new(),
        talk: Some(CHALLENGED_TALK.to_owned()),
    };
    vec![
        row(
            "id.product",
            Level::Info,
            "It can be told what the server is",
            &["RFC 5321, 4.3.1"],
            "Look at what was said; the greeting alone tells nothing.",
        ),
        row(
            "id.agrees",
            Level::Interop,
            "What the server says of itself and what it does agree",
            &["RFC 5321, 4.2"],
            "Expect what it does, not what it says; look for a proxy or a firewall in front.",
        ),
        row(
            "id.holes",
            Level::Security,
            "The greeting names no version that is known to have holes",
            &["RFC 5321, 7.5"],
            "Ask whoever runs it whether the holes are mended; distributors do so without a new number.",
        ),
        row(
            "id.turns",
            Level::Security,
            "ATRN is refused to who has not logged in",
            &["RFC 2645, 5.2.1"],
            "Gate ATRN on the authenticated state: anybody can fetch mail as it is.",
        ),
    ]
}

/// What the rows come to, in their order.
pub fn verdicts(identity: &Identity) -> Vec<Verdict> {
    let amiss = |outcome, why: String| Verdict { outcome, ..Verdict::unknown(why) };
    let told = matches!(identity.certainty, Certainty::Sure | Certainty::Likely)
        || identity.certainty == Certainty::Imitation && identity.product.is_some();
    let product = if told { Verdict::pass() } else { Verdict::unknown(identity.told()) };
    let agrees = match identity.contradictions.as_slice() {
        [] => Verdict::pass(),
        some => amiss(
            match identity.certainty {
                Certainty::Imitation | Certainty::Masked => Outcome::Fail,
                _ => Outcome::Warn,
            },
            some.join("; "),
        ),
    };
    let holes = match identity.holes.as_slice() {
        [] => Verdict::pass(),
        some => {
            let one = |hole: &KnownHole| {
                format!("{} {} ({}): {}", hole.version, hole.id, hole.cve, hole.says)
            };
            amiss(Outcome::Warn, some.iter().map(one).collect::<Vec<_>>().join("; "))
        }
    };
    let turns = match &identity.turns {
        Turns::Granted => {
            amiss(Outcome::Fail, "it granted ATRN before any login; we hung up".to_owned())
        }
        Turns::Refused => Verdict::pass(),
        Turns::Unclear(why) => Verdict::unknown(why.clone()),
        Turns::NotAsked => Verdict::skip("it was not asked"),
    };
    vec![product, agrees, holes, turns]
}

#[cfg(test)]
mod tests;
